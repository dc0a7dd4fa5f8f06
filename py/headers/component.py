"""What part of a model a file holds, and in which kind of network a LoRA keeps its changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .layout import Tensor
from .naming import Names

if TYPE_CHECKING:
    from .header import Component, Network

_LORA = (
    "lora_down", "lora_up", "lora_A", "lora_B", "_lora.down.", "_lora.up.", ".lora.down.", ".lora.up.", "hada_w1",
    "lokr_w1", "lora_linear_layer", "oft_blocks", "oft_diag", "oft_R", ".on_input", ".ia3_", "lora_magnitude_vector",
)  # fmt: skip
_BARE_DIFF = re.compile(r"\n(?:lora_unet_|lora_te|lycoris_|diffusion_model\.)[^\n]*\.(?:diff|diff_b|set_weight)\n")

_CONTROLNET = re.compile(
    r"\n(?:control_model\.|controlnet_|control_blocks\.|zero_convs\.|input_hint_block\.|lora_controlnet\b|lllite_"
    r"|controlnet\.|adapter\.body\.|body\.0\.resnets\.|after_proj_list\.)|\nblocks\.0\.controlnet|\.lllite_"
)
_UPSCALER = re.compile(
    r"\nmodel\.1\.sub\.0\.|\nconv_first\.|\nbody\.\d+\.rdb\d|\nparams(?:_ema)?\.|\nupsampler\.|\nbody\.0\.weight\n|"
    r"\nlayers\.0\.residual_group\.|\nmodel\.0\.weight\n"
)
_VISION = re.compile(r"\n(?:vision_model\.encoder|visual\.transformer|encoder\.layer\.0\.layer_scale|v\.blk\.0\.)")
_TEXT = re.compile(
    r"\n(?:(?:text_model|text_encoders?|cond_stage_model|conditioner|t5xxl|clip_[lgh])\.|transformer\.text_model\."
    r"|encoder\.block\.0\.layer\.|enc\.blk\.0\.|blk\.0\.attn_|transformer\.resblocks\."
    r"|(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.0\.(?:self_attn|linear_attn|input_layernorm)|shared\.weight\n"
    r"|model\.encoder\.layers\.)"
)
_VAE = re.compile(
    r"\n(?:first_stage_model\.|vae\.|taesd_(?:de|en)coder\.|decoder\.(?:conv_in|conv1|up_blocks|up\.|mid|middle|layers\.0\.)"
    r"|encoder\.(?:conv_in|conv1|down_blocks|down\.)|vquantizer\.|quant_conv\.|post_quant_conv\.)"
)
_CHECKPOINT_PARTS = tuple(
    f"\n{part}." for part in ("first_stage_model", "cond_stage_model", "conditioner", "text_encoders", "vae")
)
_TEXT_ARCHITECTURES = ("t5", "t5encoder", "llama", "gemma", "qwen2", "qwen3", "mistral", "phi", "gpt", "bert")


def component_of(names: Names, tensors: Mapping[str, Tensor], architecture: str | None, said: str) -> Component | None:
    """The part; ``said`` is what a GGUF file calls its architecture."""
    raw = names.raw
    if "\nip_adapter." in raw or "\nimage_proj." in raw:
        return None  # which may hold a LoRA too, but is no file for its loader
    if any(part in raw for part in _LORA) or _is_difference(raw) or _is_glora(raw):
        return "lora"
    if embedding_of(tensors) is not None:
        return "embedding"
    if "\nmodel.diffusion_model." in raw:
        return "checkpoint" if any(part in raw for part in _CHECKPOINT_PARTS) else "diffusion_model"
    if _CONTROLNET.search(raw):
        return "controlnet"
    if said == "clip" or (_VISION.search(raw) and not _TEXT.search(raw)):
        return "clip_vision"
    if said.startswith(_TEXT_ARCHITECTURES):
        return "text_encoder"
    if architecture:
        return "diffusion_model"
    if _TEXT.search(raw):
        return "text_encoder"
    if _VAE.search(raw):
        return "vae"
    if _UPSCALER.search(raw):
        return "upscaler"
    return "diffusion_model" if "\ndiffusion_model." in raw else None


_EMBEDDED = {768: "sd1", 1024: "sd2", 1280: "sdxl"}


def embedding_of(tensors: Mapping[str, Tensor]) -> str | None:
    """The family of a textual inversion, ``""`` where only that it is one can be told; None where it is none."""
    if not tensors or len(tensors) > 8 or any(len(each.shape) > 2 for each in tensors.values()):
        return None
    names = {name.rpartition(".")[2] for name in tensors}
    if {"clip_g", "clip_l"} <= names:
        return "sd3" if "t5xxl" in names else "sdxl"
    if not ({"emb_params", "clip_l", "clip_g", "t5xxl"} & names or all(name[:1] == "<" for name in tensors)):
        return None
    width = max(tensors.values(), key=lambda each: each.elements).shape[-1:]
    return _EMBEDDED.get(width[0], "") if width and not {"clip_l", "clip_g", "t5xxl"} & names else ""


_KINDS: tuple[tuple[tuple[str, ...], Network], ...] = (
    (("lokr_w1", "lokr_w2"), "LoKr"),
    (("hada_w1",), "LoHa"),
    ((".dora_scale", "lora_magnitude_vector"), "DoRA"),
    ((".on_input", ".ia3_"), "IA3"),
)


def network_of(names: Names, tensors: Mapping[str, Tensor]) -> Network | None:
    """The kind of network of what was found to be a LoRA."""
    raw = names.raw
    for parts, kind in _KINDS:
        if any(part in raw for part in parts):
            return kind
    if "oft_" in raw:
        # A stack of stacks of blocks is the butterfly's.
        return "BOFT" if any(len(each.shape) == 4 for name, each in tensors.items() if "oft_blocks" in name) else "OFT"
    if any(part in raw for part in _LORA):
        return "LoCon" if "lora_mid" in raw or _has_convolution(tensors) else "LoRA"
    return "GLoRA" if _is_glora(raw) else "Full/diff"


def _is_difference(raw: str) -> bool:
    return (".diff" in raw or ".set_weight" in raw) and _BARE_DIFF.search(raw) is not None


def _is_glora(raw: str) -> bool:
    return ".a1.weight\n" in raw and ".b1.weight\n" in raw


def _has_convolution(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a layer is a convolution that looks at more than a point: the others are in plain LoRAs too."""
    wide = (name for name, each in tensors.items() if len(each.shape) > 2 and max(each.shape[2:]) > 1)
    return any("lora_down" in name or "lora.down" in name or "lora_A" in name for name in wide)


_ON_THE_INSIDE = re.compile(r"lora_down|lora_A|lora\.down|lora_linear_layer\.down|hada_w1_b|lokr_w2_b")


def rank_of(tensors: Mapping[str, Tensor]) -> int | None:
    """The commonest rank among the matrices; None where none of them says."""
    inside = _ON_THE_INSIDE.search
    ranks = Counter(each.shape[0] for name, each in tensors.items() if len(each.shape) > 1 and inside(name))
    return ranks.most_common(1)[0][0] if ranks else None


def alpha_tensor(tensors: Mapping[str, Tensor]) -> Tensor | None:
    """The first tensor that holds a layer's alpha: one number."""
    found = (each for name, each in tensors.items() if name.endswith(".alpha") and each.elements == 1)
    return next(found, None)
