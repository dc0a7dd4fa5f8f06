"""Which family of models a file belongs to, told by its tensors' names and, where those don't say, by shapes.

It works alike for whole models and for LoRAs that hold only some of the layers. Where two families can't be told apart,
the more common one is told (Kolors' LoRAs have SDXL's shapes, most of Chroma's have Flux's), or nothing.
"""

from __future__ import annotations

from .naming import Names


def architecture_of(names: Names) -> str | None:
    """The family's key, such as ``sdxl``; None where the tensors don't tell."""
    for told in (_by_name, _unet, _double_blocks, _diffusers_blocks, _attn_pairs, _layers, _text_encoder):
        if family := told(names):
            return family
    return None


# Parts of names that one family only has; a line break is a name's beginning.
_PARTS = (
    ("_cross_attn_kv_linear", "pixart"),
    ("\nt_block_1_", "pixart"),
    ("\ndistilled_guidance_layer_", "chroma"),
    ("\ndouble_stream_modulation", "flux2"),
    ("_to_qkv_mlp_proj", "flux2"),
    ("individual_token_refiner", "hunyuan-video"),
    ("_token_refiner_refiner_blocks", "hunyuan-video"),
    ("\nlora_prior_", "stable-cascade"),
    ("\nclip_txt_mapper_", "stable-cascade"),
    ("\nllm_adapter_", "cosmos"),
    ("\nhead_modulation", "wan"),
    ("\ntxtfusion_", "krea2"),
    ("\nt5_yproj", "mochi"),
    ("\nmlp_t5_0", "hunyuan-dit"),
)
_PATTERNS = (
    (r"\n(?:double|single)_stream_blocks_\d", "hidream"),
    (r"\njoint_blocks_\d", "sd3"),
    (r"\n(?:joint_transformer_blocks_\d|double_layers_\d+_(?:attn_w|mlp|mod))", "auraflow"),
    (r"\nsingle_transformer_blocks_\d+_ff_", "auraflow"),
    (r"\ndown_blocks_\d+_\d+_channelwise", "stable-cascade"),
    (r"\nblocks_(?:block\d+_blocks_|\d+_(?:adaln_modulation_|mlp_layer[12]|(?:self|cross)_attn_[qkv]_proj))", "cosmos"),
    (r"\nblocks_\d+_(?:(?:self|cross)_attn_(?:[qkvo]|[qkv]_img)|ffn_[02]|ffn_net|attn[12]_(?:to|add))_", "wan"),
    (r"\nvace_blocks_\d", "wan"),
    (r"\ntransformer_blocks_\d+_ff(?:_context)?_linear_in", "flux2"),
    (r"\ndouble_blocks_\d+_img_(?:mlp_fc|mod_linear|attn_[qkv]_)", "hunyuan-video"),
    (r"\nsingle_blocks_\d+_modulation_linear", "hunyuan-video"),
    (r"\ntransformer_blocks_\d+_(?:img|txt)_(?:mlp|mod)_", "qwen-image"),
    (r"\ntransformer_blocks_\d+_(?:audio_|video_to_audio)", "ltxv"),
    (r"\nblocks_\d+_attn_w[qkvo]_", "krea2"),
    (r"\nblocks_\d+_attn_qkv_[xy]_", "mochi"),
    (r"\nblocks_\d+_attn1_Wqkv", "hunyuan-dit"),
    (r"\nlayers_\d+_mlp_linear_fc[12]", "ernie"),
)


def _by_name(names: Names) -> str | None:
    told = next((family for part, family in _PARTS if part in names), None)
    told = told or next((family for pattern, family in _PATTERNS if names.has(pattern)), None)
    return _if_image(names) if told == "hunyuan-video" else told


def _if_image(names: Names) -> str:
    """Hunyuan's image model is built like its video models, with flat patches."""
    flat = any(rest.startswith("weight") and len(each.shape) == 4 for rest, each in names.named("\nimg_in_proj_"))
    return "hunyuan-image" if flat else "hunyuan-video"


_CONTEXTS = {768: "sd1", 1024: "sd2", 2048: "sdxl"}


def _unet(names: Names) -> str | None:
    """Stable Diffusion before its third version, told by the width of what the text encoders give."""
    if not names.has(r"\n(input|output|middle|down|up|mid)_blocks?_"):
        return None
    if "_time_stack_" in names or "_temporal_transformer_blocks_" in names:
        return "svd"
    if "\nencoder_hid_proj_" in names:
        return "kolors"
    if context := names.width("_attn2_to_k", "_attn2_to_v"):
        return _CONTEXTS.get(context)
    # Before SDXL there is one transformer block in each place.
    if "\nadd_embedding_" in names or names.has(r"_(?:attentions_\d+|\d_1|block_1)_transformer_blocks_[1-9]_"):
        return "sdxl"
    if names.has(r"\n(?:lora_te2_|text_encoder_2_|conditioner_embedders_1_)"):
        return "sdxl"
    if encoded := _text_encoder(names):
        return encoded
    if names.has(r"\n(?:down_blocks_0|up_blocks_3)_attentions_"):
        # Only the second version has a linear layer here.
        shape = next((each.shape for _, each in names.named("_proj_in_") if len(each.shape) > 1), ())
        return {2: "sd2", 4: "sd1"}.get(len(shape))
    # Layers by their old names: the trainers use them for SDXL only.
    return "sdxl" if "\nlora_unet_input_blocks_" in names.raw else None


def _double_blocks(names: Names) -> str | None:
    """Flux and what is built like it, under its authors' names."""
    if not names.has(r"\n(double|single)_blocks_\d"):
        return None
    if names.has(r"\n(?:double_blocks_(?:19|[2-9]\d)|single_blocks_(?:3[89]|[4-9]\d))_"):
        return "flux2" if names.width("_img_attn_qkv", "_linear1") == 6144 else "hunyuan-video"
    hidden = names.width("_img_attn_qkv", "_img_attn_proj", "_txt_attn_qkv", "_linear1", "_img_mlp_0")
    if hidden in (4096, 6144):
        return "flux2"
    for layer, ratio in (("_linear1", 9), ("_img_mlp_0", 6), ("_txt_mlp_0", 6)):
        inner, outer = names.width(layer), names.height(layer)
        if inner and outer and outer == inner * ratio:
            return "flux2"
    return "flux" if hidden in (None, 3072) else None


def _diffusers_blocks(names: Names) -> str | None:
    """Flux and Hunyuan Video under Diffusers' names."""
    if not names.has(r"\nsingle_transformer_blocks_\d"):
        return None
    if names.has(r"\n(?:transformer_blocks_(?:19|[2-9]\d)|single_transformer_blocks_(?:3[89]|[4-9]\d))_"):
        return "hunyuan-video"
    return "flux"


def _attn_pairs(names: Names) -> str | None:
    """Transformers whose blocks Diffusers calls by the same names."""
    if not names.has(r"\ntransformer_blocks_\d"):
        return None
    if context := names.width("_attn2_to_k", "_attn2_to_v"):
        return {1024: "cosmos", 1152: "pixart", 2048: "ltxv", 4096: "ltxv", 2240: "sana"}.get(context)
    hidden = names.width(
        "_attn_to_q", "_attn_to_k", "_attn_to_v", "_attn_add_q_proj", "_attn_to_out_0", "_ff_net_0_proj"
    )
    if hidden in (1536, 2432):
        return "sd3"
    if hidden == 3072:
        return "qwen-image" if names.has(r"\ntransformer_blocks_(19|[2-9]\d)_") else "flux"
    return None


def _layers(names: Names) -> str | None:
    """Lumina and Z-Image, one of which is the other's larger child."""
    if not names.has(r"\n(layers|noise_refiner|context_refiner)_\d+_(attention|attn|feed_forward|adaLN)"):
        return None
    hidden = names.width(
        "_attention_qkv", "_attention_to_q", "_attention_to_k", "_attn_to_q", "_attn_to_k", "_feed_forward_w1",
        "_attention_to_v", "_attn_to_v", "_attention_out", "_attention_to_out_0", "_attn_to_out_0",
        "_feed_forward_linear_1",
    )  # fmt: skip
    return {2304: "lumina2", 3840: "z-image"}.get(hidden or 0)


def _text_encoder(names: Names) -> str | None:
    """A LoRA's text encoders: two, or one of a width that only one family has."""
    if names.has(r"\n(lora_te2_|text_encoder_2_)text_model_encoder_layers_"):
        return "sdxl"
    if not names.has(r"\nlora_te_text_model_encoder_layers_"):
        return None
    inside = names.width(
        "_self_attn_q_proj", "_self_attn_k_proj", "_self_attn_v_proj", "_self_attn_out_proj", "_mlp_fc1"
    )
    return {768: "sd1", 1024: "sd2"}.get(inside or 0)
