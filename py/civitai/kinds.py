"""The site's model types, in whatever spelling they come."""

from __future__ import annotations

import re

MODEL_TYPES = (
    "Checkpoint",
    "TextualInversion",
    "Hypernetwork",
    "AestheticGradient",
    "LORA",
    "LoCon",
    "DoRA",
    "Controlnet",
    "Upscaler",
    "MotionModule",
    "VAE",
    "TextEncoder",
    "UNet",
    "CLIPVision",
    "Poses",
    "Wildcards",
    "Workflows",
    "ComfyWorkflows",
    "Detection",
    "VisionLanguage",
    "CLIP",
    "LLM",
    "Other",
)
_PARTIAL = 5


def folded(text: str) -> str:
    """``text`` for comparing: letters and digits only, in one case."""
    return re.sub(r"[\W_]+", "", text).casefold()


_KNOWN = {folded(name): name for name in MODEL_TYPES}
_ALIASES = {
    "embedding": "TextualInversion",
    "embeddings": "TextualInversion",
    "ti": "TextualInversion",
    "lycoris": "LoCon",
    "loras": "LORA",
    "ckpt": "Checkpoint",
    "esrgan": "Upscaler",
}


def canonical_type(text: str) -> str:
    """The site's spelling of a model type, whatever its case and spacing (``lora``, ``Textual Inversion``).

    Common other names and the beginning of a name, of 5 letters or more that fit one type only, are resolved; a type
    that isn't known stays as it is.
    """
    key = folded(text)
    if found := _KNOWN.get(key) or _ALIASES.get(key):
        return found
    starting = [name for each, name in _KNOWN.items() if each.startswith(key)] if len(key) >= _PARTIAL else []
    return starting[0] if len(starting) == 1 else text.strip()
