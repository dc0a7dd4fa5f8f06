"""The models of ``--demo``: one of each kind of thing that can happen to a person who looks for a LoRA."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from . import samples
from .samples import Sample

MB = 1_000_000


def demo_catalog() -> list[Sample]:
    """The samples, their dates counted back from today. Files are made as they are read: this costs little memory, and
    about a second for the pictures."""
    return [_dressed(number, sample) for number, sample in enumerate(_models())]


def _models() -> Sequence[Sample]:
    return (
        samples.lora(
            "ink_wash_mountains",
            size=18 * MB,
            trigger_words=["ink wash", "sumi-e, misty mountains, brush strokes"],
            **_about("Ink Wash Mountains", "hana_ink", 48_210, tags=["style", "ink", "landscape"]),
        ),
        samples.lora(
            "halo_in_red",
            size=14 * MB,
            base_model="Illustrious",
            trigger_words=[r"halo_in_red_\(sample\), red hair, orange eyes, short hair, halo"],
            # The model and version that the example workflow downloads.
            ids=(1882733, 2130994),
            **_about("Halo in Red (sample)", "tanuki", 35_402, tags=["character"]),
        ),
        samples.lora(
            "paper_lanterns",
            size=26 * MB,
            base_model="Flux.1 D",
            trigger_words=["paper lantern light"],
            **_about("Paper Lanterns", "lumen", 31_877, tags=["style", "lighting"]),
        ),
        samples.lora(
            "silver_fox",
            size=12 * MB,
            base_model="Pony",
            trigger_words=[r"silver_fox_\(folk_tale\), grey fur, lantern", "winter coat, snow"],
            **_about("Silver Fox (Folk Tale)", "tanuki", 22_540, tags=["character", "animal"]),
        ),
        samples.lora(
            "clockwork_garden",
            size=9 * MB,
            base_model="Illustrious",
            trigger_words=["clockwork flowers", "clockwork flowers, brass, glasshouse"],
            **_about("Clockwork Garden", "hana_ink", 17_004, tags=["concept", "plants"]),
        ),
        samples.checkpoint(
            "harbour_xl", size=30 * MB, **_about("Harbour XL", "northlight", 90_335, tags=["base model", "photo"])
        ),
        samples.diffusion_model(
            "dune_flow",
            size=24 * MB,
            files=(samples.gguf_model("dune_flow_Q4", size=8 * MB, primary=False),),
            **_about("Dune Flow", "northlight", 40_118, tags=["base model", "landscape"]),
        ),
        samples.embedding(
            "no_mush",
            size=160_000,
            trigger_words=["no_mush"],
            **_about("No Mush (negative)", "tidy", 65_902, tags=["tool"]),
        ),
        samples.vae("clear_water", size=5 * MB, **_about("Clear Water VAE", "tidy", 12_733, tags=["vae"])),
        samples.upscaler("4x_pebble", size=4 * MB, **_about("4x Pebble", "tidy", 28_046, tags=["upscaler"])),
        samples.bad_pickle(
            "too_good_to_be_true",
            size=300_000,
            base_model="SD 1.5",
            trigger_words=["masterpiece"],
            **_about("Too Good to Be True", "someone_new", 13, tags=["style"]),
            description="<p>A pickle that would run a command: it ends in quarantine.</p>",
        ),
        samples.lora(
            "neon_tomorrow",
            size=6 * MB,
            trigger_words=["neon tomorrow"],
            early_access=timedelta(days=14),
            **_about("Neon Tomorrow", "lumen", 2_480, tags=["style", "city"]),
            description="<p>In early access: the download says until when.</p>",
        ),
        samples.lora(
            "members_watercolour",
            size=7 * MB,
            trigger_words=["loose watercolour"],
            needs_key=True,
            **_about("Members' Watercolour", "hana_ink", 9_871, tags=["style", "watercolour"]),
            description="<p>Needs a key. In the demo the key is <code>lorakeeper-demo</code>.</p>",
        ),
    )


def _about(name: str, creator: str, downloads: int, *, tags: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "creator": creator, "downloads": downloads, "tags": tuple(tags)}


def _dressed(number: int, sample: Sample) -> Sample:
    """The sample with its pictures and a date."""
    pictures = [samples.preview(number * 10 + each, width=450, height=600) for each in range(2 - number % 2)]
    age = timedelta(days=1) if sample.early_access else timedelta(days=number * 3 + 1, hours=number)
    published = datetime.now(timezone.utc).replace(microsecond=0) - age
    return sample.but(previews=pictures, published_at=published)
