"""Whether LoRAs fit the base model that a graph puts them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Inputs that name the file of a base model. A node that has one begins a chain of models.
_FILES = ("ckpt_name", "unet_name", "model_name", "gguf_name")
_MODELS = ("model", "MODEL", "model1", "diffusion_model")
_NAMES = {
    "sd1": "SD 1.x",
    "sd2": "SD 2.x",
    "sd3": "SD 3.x",
    "sdxl": "SDXL",
    "flux": "Flux.1",
    "flux2": "Flux.2",
    "wan": "Wan",
    "qwen-image": "Qwen-Image",
    "z-image": "Z-Image",
    "hunyuan-video": "Hunyuan Video",
    "hunyuan-dit": "Hunyuan-DiT",
    "lumina2": "Lumina 2",
    "ltxv": "LTX-Video",
    "cogvideox": "CogVideoX",
}
_LONGEST = 1000


def misfit(lora: str, lora_family: str | None, base: str, base_family: str | None) -> str:
    """The sentence for a LoRA of another family than the base model; "" where they fit or one isn't known."""
    if not lora_family or not base_family or lora_family == base_family:
        return ""
    made, other = (_NAMES.get(family, family) for family in (lora_family, base_family))
    return f"{lora} was made for {made}, and {base} is {other}: it will do nothing good there."


def base_of(prompt: Any, node_id: str | None) -> str:
    """The file of the base model that reaches ``model`` of a node, in an API-format prompt; "" where none is named."""
    for _ in range(_LONGEST):  # a prompt from anywhere may go in circles
        node = prompt.get(node_id) if isinstance(prompt, Mapping) else None
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        if not isinstance(inputs, Mapping):
            return ""
        for name in _FILES:
            if isinstance(inputs.get(name), str):
                return str(inputs[name])
        link = next((inputs[name] for name in _MODELS if isinstance(inputs.get(name), list)), None)
        node_id = str(link[0]) if link else None
    return ""
