"""Base models in the site's words, and the families that they make up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.headers import Header, family_of
from lorakeeper.py.headers.families import base_model

# The site's words of August 2026 that a model file can have.
FAMILIES = {
    "sd1": ["SD 1.4", "SD 1.5", "SD 1.5 LCM", "SD 1.5 Hyper"],
    "sd2": ["SD 2.0", "SD 2.0 768", "SD 2.1", "SD 2.1 768", "SD 2.1 Unclip"],
    "sd3": ["SD 3", "SD 3.5", "SD 3.5 Large", "SD 3.5 Large Turbo", "SD 3.5 Medium"],
    "sdxl": ["SDXL 0.9", "SDXL 1.0", "SDXL 1.0 LCM", "SDXL Lightning", "SDXL Hyper", "SDXL Turbo", "SDXL Distilled",
             "Pony", "Illustrious", "NoobAI", "Playground v2"],
    "flux": ["Flux.1 S", "Flux.1 D", "Flux.1 Krea", "Flux.1 Kontext"],
    "flux2": ["Flux.2 D", "Flux.2 Klein 9B", "Flux.2 Klein 9B-base", "Flux.2 Klein 4B", "Flux.2 Klein 4B-base"],
    "chroma": ["Chroma"],
    "wan": ["Wan Video", "Wan Video 1.3B t2v", "Wan Video 14B t2v", "Wan Video 14B i2v 480p", "Wan Video 14B i2v 720p",
            "Wan Video 2.2 TI2V-5B", "Wan Video 2.2 I2V-A14B", "Wan Video 2.2 T2V-A14B", "Wan Video 2.5 T2V"],
    "qwen-image": ["Qwen", "Qwen 2"],
    "z-image": ["ZImageTurbo", "ZImageBase"],
    "hunyuan-video": ["Hunyuan Video"],
    "hunyuan-dit": ["Hunyuan 1"],
    "lumina2": ["Lumina"],
    "hidream": ["HiDream"],
    "hidream-o1": ["HiDream-O1"],
    "ltxv": ["LTXV", "LTXV2", "LTXV 2.3"],
    "auraflow": ["AuraFlow", "Pony V7"],
    "pixart": ["PixArt a", "PixArt E"],
    "svd": ["SVD", "SVD XT"],
    "stable-cascade": ["Stable Cascade"],
    "kolors": ["Kolors"],
    "cosmos": ["Anima"],
    "krea2": ["Krea 2"],
}  # fmt: skip


@pytest.mark.parametrize(("word", "family"), [(word, family) for family, words in FAMILIES.items() for word in words])
def test_every_word_of_the_site_has_its_family(word: str, family: str) -> None:
    assert family_of(word) == family
    assert family_of(word.lower()) == family


@pytest.mark.parametrize("word", [None, "", "Other", "OpenAI", "Veo 3", "Upscaler", "never heard of"])
def test_other_words_have_none(word: str | None) -> None:
    assert family_of(word) is None


WRITTEN = {
    # sd-scripts
    "sd_v1": "SD 1.5",
    "sd_v2_v": "SD 2.1",
    "sdxl_base_v1-0": "SDXL 1.0",
    "flux1": "Flux.1 D",
    "chroma": "Chroma",
    "lumina2": "Lumina",
    "anima": "Anima",
    "stable-diffusion-v1/lora": "SD 1.5",
    "stable-diffusion-v2-768-v/lora": "SD 2.1",
    "stable-diffusion-xl-v1-base/lora": "SDXL 1.0",
    "stable-diffusion-3-m/lora": "SD 3",
    "stable-diffusion-3-5-large/lora": "SD 3.5 Large",
    "flux-1-dev/lora": "Flux.1 D",
    "flux-1-schnell/lora": "Flux.1 S",
    "anima-preview/lora": "Anima",
    # musubi
    "wan2.1/lora": "Wan Video",
    "hunyuan_video": "Hunyuan Video",
    "hunyuan_video_1_5": "Hunyuan Video",
    "framepack": "Hunyuan Video",
    "flux_kontext": "Flux.1 Kontext",
    "flux_2_klein_9b": "Flux.2 Klein 9B",
    "Flux.2-dev/lora": "Flux.2 D",
    "qwen_image_edit": "Qwen",
    "Qwen-Image-Edit-2511/lora": "Qwen",
    "z_image": "ZImageTurbo",
    "Krea-2/lora": "Krea 2",
    "HiDream-O1-Image": "HiDream-O1",
    # OneTrainer
    "sdxl_": "SDXL 1.0",
    "stable-diffusion-v3.5/lora": "SD 3.5",
    "stable-diffusion-v3-medium": "SD 3",
    "Flux.1-dev/lora": "Flux.1 D",
    "Flux.1-fill-dev": "Flux.1 D",
    "Chroma1/lora": "Chroma",
    "hidream-i1": "HiDream",
    "pixart-alpha": "PixArt a",
    "pixart-sigma/lora": "PixArt E",
    "stable-cascade-v1-prior/lora": "Stable Cascade",
    "Z-Image/lora": "ZImageTurbo",
    # ai-toolkit
    "sd_1.5": "SD 1.5",
    "sd_2.1": "SD 2.1",
    "sdxl_1.0": "SDXL 1.0",
    "sd_3": "SD 3",
    "ssd": "SDXL Distilled",
    "flux.1": "Flux.1 D",
    '"flux.1_kontext"': "Flux.1 Kontext",
    "flux2_klein_4b": "Flux.2 Klein 4B",
    "wan_2.1": "Wan Video",
    "wan_2.2_14b": "Wan Video 2.2 T2V-A14B",
    "wan_2.2_5b": "Wan Video 2.2 TI2V-5B",
    "qwen_image": "Qwen",
    "zimage": "ZImageTurbo",
    "hidream_i1": "HiDream",
    "ltx2": "LTXV2",
    "auraflow": "AuraFlow",
    # SimpleTuner
    "sdxl-base-1.0/lora": "SDXL 1.0",
    "sd1x-dreamshaper/lora": "SD 1.5",
    "flux-krea/lora": "Flux.1 Krea",
    "sd3-medium/lora": "SD 3",
    "z-image-turbo/lora": "ZImageTurbo",
    "z-image-base/lora": "ZImageBase",
    "ltxvideo-0.9.5/lora": "LTXV",
    "ltxvideo2-dev/lora": "LTXV2",
    "kolors-1.0/lora": "Kolors",
    "auraflow-v0.3/lora": "AuraFlow",
    "hunyuanvideo-t2v-480p/lora": "Hunyuan Video",
    "animagine-xl-3.1/lora": "SDXL 1.0",
}


@pytest.mark.parametrize("key", ["ss_base_model_version", "modelspec.architecture"])
@pytest.mark.parametrize("written", WRITTEN)
def test_what_trainers_write_is_said_in_the_sites_words(written: str, key: str) -> None:
    assert base_model({key: written}) == WRITTEN[written]


@pytest.mark.parametrize("written", ["", "/lora", "never heard of", "vegas", "ssdoku", "{}", "transformer"])
def test_what_is_unknown_is_not_guessed_at(written: str) -> None:
    assert base_model({"ss_base_model_version": written}) is None


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("ponyDiffusionV6XL_v6StartWithThisOne.safetensors", "Pony"),
        ("/models/Illustrious-XL-v0.1.safetensors", "Illustrious"),
        (r"C:\pony\sd_xl_base_1.0.safetensors", "SDXL 1.0"),
        ("waiNSFWIllustrious_v140.safetensors", "Illustrious"),
        ("noobaiXLNAIXL_vPred10Version.safetensors", "NoobAI"),
        ("hawaii.safetensors", "SDXL 1.0"),
        ("sd_xl_base_1.0.safetensors", "SDXL 1.0"),
    ],
)
def test_what_sdxl_was_trained_into_is_told_by_its_files_name(origin: str, expected: str) -> None:
    assert base_model({"ss_base_model_version": "sdxl_base_v1-0", "ss_sd_model_name": origin}) == expected


def test_a_gguf_files_language_model_is_no_base_model() -> None:
    assert base_model({"general.architecture": "qwen_image"}) == "Qwen"
    assert base_model({"general.architecture": "qwen3"}) is None


def test_the_second_versions_mark_is_enough() -> None:
    assert base_model({"ss_v2": "True"}) == "SD 2.1"
    assert base_model({"ss_v2": "False"}) is None


@pytest.mark.parametrize(
    ("said", "told", "family"),
    [
        ("Pony", "sdxl", "sdxl"),
        ("Pony", None, "sdxl"),
        (None, "wan", "wan"),
        ("SD 1.5", "flux", "flux"),
        ("Kolors", "sdxl", "kolors"),
        ("Chroma", "flux", "chroma"),
        (None, None, None),
    ],
)
def test_tensors_are_believed_more_than_words(said: str | None, told: str | None, family: str | None) -> None:
    assert Header(format="safetensors", base_model=said, architecture=told).family() == family


@given(st.text(), st.text())
def test_any_words_give_a_family_or_none(written: str, origin: str) -> None:
    said = base_model({"ss_base_model_version": written, "ss_sd_model_name": origin})

    assert said is None or family_of(said) is not None or said in ("Ideogram 4.0", "MageFlow")
