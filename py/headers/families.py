"""Base models: what trainers write, in the site's words, and which of the site's words are one family.

A family is a set of models that take each other's LoRAs, as far as the shapes of their tensors go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEYS = ("ss_base_model_version", "modelspec.architecture")

# What trainers write, in small letters and digits only, by the longest beginning that fits.
_SPELLINGS = {
    "sdv1": "SD 1.5",
    "sd1": "SD 1.5",
    "sd14": "SD 1.4",
    "sd15": "SD 1.5",
    "stablediffusionv1": "SD 1.5",
    "stablediffusion15": "SD 1.5",
    "sdv2": "SD 2.1",
    "sd2": "SD 2.1",
    "sd20": "SD 2.0",
    "stablediffusionv2": "SD 2.1",
    "stablediffusion2": "SD 2.1",
    "sdxl": "SDXL 1.0",
    "sdxlturbo": "SDXL Turbo",
    "sdxllightning": "SDXL Lightning",
    "stablediffusionxl": "SDXL 1.0",
    "ssd": "SDXL Distilled",
    "vega": "SDXL Distilled",
    "pony": "Pony",
    "ponyv7": "Pony V7",
    "illustrious": "Illustrious",
    "noob": "NoobAI",
    "animagine": "SDXL 1.0",
    "sd3": "SD 3",
    "sd35": "SD 3.5",
    "sd35medium": "SD 3.5 Medium",
    "sd35large": "SD 3.5 Large",
    "stablediffusion3": "SD 3",
    "stablediffusion35": "SD 3.5",
    "stablediffusion35medium": "SD 3.5 Medium",
    "stablediffusion35large": "SD 3.5 Large",
    "stablediffusionv3": "SD 3",
    "stablediffusionv35": "SD 3.5",
    "flux": "Flux.1 D",
    "flux1schnell": "Flux.1 S",
    "fluxschnell": "Flux.1 S",
    "flux1kontext": "Flux.1 Kontext",
    "fluxkontext": "Flux.1 Kontext",
    "flux1krea": "Flux.1 Krea",
    "fluxkrea": "Flux.1 Krea",
    "flux2": "Flux.2 D",
    "flux2klein4b": "Flux.2 Klein 4B",
    "flux2klein9b": "Flux.2 Klein 9B",
    "chroma": "Chroma",
    "wan": "Wan Video",
    "wan2214b": "Wan Video 2.2 T2V-A14B",
    "wan2214bi2v": "Wan Video 2.2 I2V-A14B",
    "wan225b": "Wan Video 2.2 TI2V-5B",
    "qwen": "Qwen",
    "zimage": "ZImageTurbo",
    "zimagebase": "ZImageBase",
    "hunyuanvideo": "Hunyuan Video",
    "hyvid": "Hunyuan Video",
    "framepack": "Hunyuan Video",
    "hunyuandit": "Hunyuan 1",
    "lumina": "Lumina",
    "hidream": "HiDream",
    "hidreamo1": "HiDream-O1",
    "ltx": "LTXV",
    "ltx2": "LTXV2",
    "ltxv2": "LTXV2",
    "ltxvideo2": "LTXV2",
    "ltx23": "LTXV 2.3",
    "aura": "AuraFlow",
    "pixart": "PixArt E",
    "pixartalpha": "PixArt a",
    "svd": "SVD",
    "stablevideodiffusion": "SVD",
    "stablecascade": "Stable Cascade",
    "kolors": "Kolors",
    "anima": "Anima",
    "krea2": "Krea 2",
    "ideogram": "Ideogram 4.0",
    "ernie": "Ernie",
    "mochi": "Mochi",
    "cogvideo": "CogVideoX",
    "mageflow": "MageFlow",
}
# Beginnings that stand for nothing by themselves: a name such as ``sd3d`` or ``vegas`` would be taken for a model.
_WHOLE = {"ssd", "vega"}

# What GGUF files call the diffusion models among them. Other names there are language models'.
_GGUF = frozenset(
    (
        "flux",
        "sd1",
        "sdxl",
        "sd3",
        "aura",
        "hidream",
        "cosmos",
        "ltxv",
        "hyvid",
        "wan",
        "lumina2",
        "qwen_image",
        "krea2",
    )
)

# A model that a trainer started from, found by its file's name: the trainer only says ``sdxl``.
_DESCENDANTS = {
    "SDXL 1.0": (("illustrious", "Illustrious"), ("noob", "NoobAI"), ("pony", "Pony"), ("wai", "Illustrious")),
    "Flux.1 D": (("kontext", "Flux.1 Kontext"), ("krea", "Flux.1 Krea"), ("schnell", "Flux.1 S")),
    "ZImageTurbo": (("zimagebase", "ZImageBase"),),
    "Wan Video": (("2214b", "Wan Video 2.2 T2V-A14B"), ("225b", "Wan Video 2.2 TI2V-5B")),
}

# The beginnings of the site's words, spelled in the same way, the longest that fits.
_FAMILIES = {
    "sd1": "sd1",
    "sd2": "sd2",
    "sd3": "sd3",
    "sdxl": "sdxl",
    "pony": "sdxl",
    "ponyv7": "auraflow",
    "illustrious": "sdxl",
    "noobai": "sdxl",
    "playgroundv2": "sdxl",
    "flux1": "flux",
    "flux2": "flux2",
    "chroma": "chroma",
    "wanvideo": "wan",
    "wanimage": "wan",
    "qwen": "qwen-image",
    "zimage": "z-image",
    "hunyuanvideo": "hunyuan-video",
    "hunyuan1": "hunyuan-dit",
    "lumina": "lumina2",
    "hidream": "hidream",
    "hidreamo1": "hidream-o1",
    "ltxv": "ltxv",
    "auraflow": "auraflow",
    "pixart": "pixart",
    "svd": "svd",
    "stablecascade": "stable-cascade",
    "kolors": "kolors",
    "anima": "cosmos",
    "cosmos": "cosmos",
    "krea2": "krea2",
    "ideogram4": "ideogram4",
    "ernie": "ernie",
    "mochi": "mochi",
    "cogvideox": "cogvideox",
}

# Families whose LoRAs have the shapes of another one's: there the trainer's words know better than the tensors.
_ALIKE = {"sdxl": {"kolors"}, "flux": {"chroma"}}


def family_of(base_model: str | None) -> str | None:
    """The family of one of the site's base models: ``Pony`` is ``sdxl``. None for what is unknown or not told."""
    return _longest(_FAMILIES, _plain(base_model or ""))


def reconciled(base_model: str | None, architecture: str | None) -> str | None:
    """The family, where the tensors told ``architecture``: they are believed more than words."""
    said = family_of(base_model)
    return said if architecture is None or said in _ALIKE.get(architecture, ()) else architecture


def base_model(metadata: Mapping[str, str]) -> str | None:
    """The base model in the site's words, from what trainers write; None where they wrote nothing that is known."""
    said = [metadata.get(key, "").strip('" ').partition("/")[0] for key in _KEYS]
    said.append(gguf if (gguf := metadata.get("general.architecture", "").lower()) in _GGUF else "")
    for plain in map(_plain, said):
        if plain not in _WHOLE and plain.startswith(tuple(_WHOLE)):
            continue
        if name := _longest(_SPELLINGS, plain):
            return _descendant(name, metadata)
    return "SD 2.1" if metadata.get("ss_v2", "").lower() == "true" else None


def _descendant(name: str, metadata: Mapping[str, str]) -> str:
    origin = re.split(r"[\\/]", metadata.get("ss_sd_model_name", ""))[-1]
    told = [_plain(text) for text in (origin, *(metadata.get(key, "").partition("/")[0] for key in _KEYS))]
    for part, descendant in _DESCENDANTS.get(name, ()):
        if any(text.startswith(part) or (len(part) > 3 and part in text) for text in told):
            return descendant
    return name


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text[:200].lower())


def _longest(table: Mapping[str, str], text: str) -> str | None:
    fits = [each for each in table if text.startswith(each)]
    return table[max(fits, key=len)] if fits else None
