"""What a model is, told by the names and shapes that its programs and trainers really write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lorakeeper.py.headers import read_header

Model = Callable[..., Path]
Layers = Mapping[str, "tuple[int, int]"]  # name: numbers in, numbers out


def kohya(prefix: str, layers: Layers, rank: int = 8) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inside, outside) in layers.items():
        name = prefix + layer.replace(".", "_")
        shapes |= {f"{name}.alpha": (), f"{name}.lora_down.weight": (rank, inside)}
        shapes[f"{name}.lora_up.weight"] = (outside, rank)
    return shapes


def peft(prefix: str, layers: Layers, rank: int = 8, adapter: str = "") -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inside, outside) in layers.items():
        shapes[f"{prefix}{layer}.lora_A{adapter}.weight"] = (rank, inside)
        shapes[f"{prefix}{layer}.lora_B{adapter}.weight"] = (outside, rank)
    return shapes


def lokr(prefix: str, layers: Layers, factor: int = 8) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inside, outside) in layers.items():
        name = prefix + layer.replace(".", "_")
        shapes |= {f"{name}.alpha": (), f"{name}.lokr_w1": (factor, factor)}
        shapes[f"{name}.lokr_w2"] = (outside // factor, inside // factor)
    return shapes


def loha(prefix: str, layers: Layers, rank: int = 8) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inside, outside) in layers.items():
        name = prefix + layer.replace(".", "_")
        shapes |= {f"{name}.hada_w1_a": (outside, rank), f"{name}.hada_w1_b": (rank, inside)}
        shapes |= {f"{name}.hada_w2_a": (outside, rank), f"{name}.hada_w2_b": (rank, inside)}
    return shapes


def whole(prefix: str, layers: Layers) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}{layer}.weight": (outside, inside) for layer, (inside, outside) in layers.items()}


def unet(context: int, place: str = "down_blocks.1.attentions.0", width: int = 640) -> dict[str, tuple[int, int]]:
    block = f"{place}.transformer_blocks.0"
    return {
        f"{block}.attn1.to_q": (width, width),
        f"{block}.attn2.to_q": (width, width),
        f"{block}.attn2.to_k": (context, width),
        f"{block}.attn2.to_v": (context, width),
        f"{block}.ff.net.0.proj": (width, width * 8),
    }


OLD = "input_blocks.4.1"
FLUX = {
    "double_blocks.0.img_attn.qkv": (3072, 9216),
    "double_blocks.18.txt_mlp.0": (3072, 12288),
    "double_blocks.18.img_mod.lin": (3072, 18432),
    "single_blocks.37.linear1": (3072, 21504),
    "single_blocks.37.linear2": (15360, 3072),
}
FLUX_DIFFUSERS = {
    "transformer_blocks.18.attn.to_q": (3072, 3072),
    "transformer_blocks.18.attn.add_k_proj": (3072, 3072),
    "transformer_blocks.18.ff_context.net.0.proj": (3072, 12288),
    "single_transformer_blocks.37.attn.to_q": (3072, 3072),
    "single_transformer_blocks.37.proj_mlp": (3072, 12288),
}
FLUX2 = {"double_blocks.0.img_attn.qkv": (6144, 18432), "single_blocks.47.linear1": (6144, 55296)}
KLEIN_4B = {"double_blocks.4.img_mlp.0": (3072, 18432), "single_blocks.19.linear1": (3072, 27648)}
FLUX2_DIFFUSERS = {
    "transformer_blocks.0.attn.to_q": (6144, 6144),
    "transformer_blocks.0.ff.linear_in": (6144, 36864),
    "single_transformer_blocks.0.attn.to_qkv_mlp_proj": (6144, 55296),
}
WAN = {
    "blocks.0.self_attn.q": (5120, 5120),
    "blocks.0.cross_attn.k": (5120, 5120),
    "blocks.0.cross_attn.k_img": (5120, 5120),
    "blocks.0.ffn.0": (5120, 13824),
}
WAN_DIFFUSERS = {"blocks.0.attn1.to_q": (1536, 1536), "blocks.0.attn2.to_k": (1536, 1536)}
QWEN = {
    "transformer_blocks.59.attn.add_q_proj": (3072, 3072),
    "transformer_blocks.59.attn.to_q": (3072, 3072),
    "transformer_blocks.59.img_mlp.net.2": (12288, 3072),
    "transformer_blocks.59.txt_mod.1": (3072, 18432),
}
Z_IMAGE = {"layers.0.attention.qkv": (3840, 11520), "layers.0.feed_forward.w1": (3840, 10240)}
Z_IMAGE_DIFFUSERS = {"layers.0.attention.to_q": (3840, 3840), "layers.0.feed_forward.w1": (3840, 10240)}
LUMINA = {"layers.0.attention.qkv": (2304, 3840), "noise_refiner.0.feed_forward.w1": (2304, 9216)}
LUMINA_DIFFUSERS = {"layers.0.attn.to_q": (2304, 2304), "layers.0.feed_forward.linear_1": (2304, 9216)}
HUNYUAN = {
    "double_blocks.0.img_attn_qkv": (3072, 9216),
    "double_blocks.0.img_mlp.fc1": (3072, 12288),
    "single_blocks.0.linear1": (3072, 21504),
    "single_blocks.0.modulation.linear": (3072, 9216),
}
HUNYUAN_COMFYUI = {"double_blocks.19.img_attn.qkv": (3072, 9216), "single_blocks.39.linear1": (3072, 21504)}
HUNYUAN_DIFFUSERS = {
    "transformer_blocks.19.attn.to_q": (3072, 3072),
    "single_transformer_blocks.39.attn.to_q": (3072, 3072),
}
HUNYUAN_15 = {"double_blocks.53.img_attn_q": (2048, 2048), "double_blocks.53.txt_mlp.fc1": (2048, 8192)}
SD3 = {"joint_blocks.23.context_block.attn.qkv": (1536, 4608), "joint_blocks.0.x_block.mlp.fc1": (1536, 6144)}
SD3_DIFFUSERS = {"transformer_blocks.0.attn.to_q": (1536, 1536), "transformer_blocks.0.attn.add_q_proj": (1536, 1536)}
SD35_DIFFUSERS = {"transformer_blocks.37.attn.to_q": (2432, 2432), "transformer_blocks.0.ff.net.0.proj": (2432, 9728)}
HIDREAM = {
    "double_stream_blocks.0.block.attn1.to_q_t": (2560, 2560),
    "single_stream_blocks.0.block.attn1.to_q": (2560, 2560),
}
LTX = {"transformer_blocks.0.attn1.to_q": (2048, 2048), "transformer_blocks.0.attn2.to_k": (2048, 2048)}
LTX2 = {
    "transformer_blocks.0.audio_attn1.to_q": (2048, 2048),
    "transformer_blocks.0.video_to_audio_attn.to_k": (4096, 2048),
}
PREDICT2 = {
    "blocks.0.self_attn.q_proj": (2048, 2048),
    "blocks.0.cross_attn.k_proj": (1024, 2048),
    "blocks.0.mlp.layer1": (2048, 8192),
    "blocks.0.adaln_modulation_mlp.1": (2048, 256),
}
COSMOS_DIFFUSERS = {"transformer_blocks.0.attn1.to_q": (4096, 4096), "transformer_blocks.0.attn2.to_k": (1024, 4096)}
AURA = {"double_layers.0.attn.w1q": (3072, 3072), "single_layers.0.attn.w1q": (3072, 3072)}
AURA_DIFFUSERS = {
    "joint_transformer_blocks.0.attn.add_q_proj": (3072, 3072),
    "single_transformer_blocks.0.ff.linear_1": (3072, 8192),
}
PIXART = {"blocks.0.attn.qkv": (1152, 3456), "blocks.0.cross_attn.kv_linear": (1152, 2304)}
PIXART_DIFFUSERS = {"transformer_blocks.0.attn1.to_q": (1152, 1152), "transformer_blocks.0.attn2.to_k": (1152, 1152)}
TEXT = {"text_model.encoder.layers.0.self_attn.q_proj": (768, 768), "text_model.encoder.layers.0.mlp.fc1": (768, 3072)}
TEXT_H = {"text_model.encoder.layers.0.self_attn.q_proj": (1024, 1024)}
TEXT_G = {"text_model.encoder.layers.0.self_attn.q_proj": (1280, 1280)}
SELF_ONLY = {"input_blocks.4.1.transformer_blocks.1.attn1.to_q": (640, 640)}

LORAS: dict[str, tuple[str, Mapping[str, tuple[int, ...]]]] = {
    "kohya, SD 1": ("sd1", kohya("lora_unet_", unet(768)) | kohya("lora_te_", TEXT)),
    "kohya, SD 2": ("sd2", kohya("lora_unet_", unet(1024)) | kohya("lora_te_", TEXT_H)),
    "kohya, SDXL": ("sdxl", kohya("lora_unet_", unet(2048, OLD)) | kohya("lora_te2_", TEXT_G)),
    "kohya, SDXL, self attention only": ("sdxl", kohya("lora_unet_", SELF_ONLY)),
    "kohya, SDXL, text encoders only": ("sdxl", kohya("lora_te1_", TEXT) | kohya("lora_te2_", TEXT_G)),
    "kohya, SD 1, text encoder only": ("sd1", kohya("lora_te_", TEXT)),
    "kohya, SD 2, text encoder only": ("sd2", kohya("lora_te_", TEXT_H)),
    "OneTrainer, SDXL": ("sdxl", kohya("lora_unet_", unet(2048)) | kohya("lora_te2_", TEXT_G)),
    "Diffusers, SDXL": ("sdxl", peft("unet.", unet(2048))),
    "Diffusers, SD 1, old": (
        "sd1",
        {
            "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight": (4, 768),
            "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.up.weight": (320, 4),
        },
    ),
    "Diffusers, SD 1, peft": ("sd1", peft("base_model.model.", unet(768))),
    "LyCORIS LoHa, SD 1": ("sd1", loha("lora_unet_", unet(768))),
    "LyCORIS LoKr, SDXL": ("sdxl", lokr("lora_unet_", unet(2048))),
    "SimpleTuner LoKr, SDXL": ("sdxl", lokr("lycoris_", unet(2048))),
    "kohya, Flux": ("flux", kohya("lora_unet_", FLUX) | kohya("lora_te1_", TEXT)),
    "ai-toolkit, Flux": ("flux", peft("transformer.", FLUX_DIFFUSERS)),
    "OneTrainer, Flux": ("flux", kohya("lora_transformer_", FLUX_DIFFUSERS)),
    "ComfyUI, Flux": ("flux", peft("diffusion_model.", FLUX)),
    "SimpleTuner LoKr, Flux": ("flux", lokr("lycoris_", FLUX_DIFFUSERS)),
    "without a prefix, Flux": ("flux", peft("", FLUX_DIFFUSERS)),
    "musubi, Flux 2": ("flux2", kohya("lora_unet_", FLUX2)),
    "musubi, Flux 2 Klein 4B": ("flux2", kohya("lora_unet_", KLEIN_4B)),
    "ComfyUI LoKr, Flux 2 Klein 4B": ("flux2", lokr("lora_unet_", KLEIN_4B)),
    "Diffusers, Flux 2": ("flux2", peft("transformer.", FLUX2_DIFFUSERS)),
    "Chroma with its guidance": (
        "chroma",
        kohya("lora_unet_", FLUX | {"distilled_guidance_layer.layers.0.in_layer": (5120, 5120)}),
    ),
    "musubi, Wan": ("wan", kohya("lora_unet_", WAN)),
    "diffusion-pipe, Wan": ("wan", peft("diffusion_model.", WAN)),
    "Diffusers, Wan": ("wan", peft("transformer.", WAN_DIFFUSERS)),
    "SimpleTuner LoKr, Wan": ("wan", lokr("lycoris_", WAN_DIFFUSERS)),
    "musubi, Qwen": ("qwen-image", kohya("lora_unet_", QWEN)),
    "Diffusers, Qwen": ("qwen-image", peft("transformer.", QWEN)),
    "Qwen's own": ("qwen-image", peft("", QWEN, adapter=".default")),
    "Diffusers, Qwen, attention only": (
        "qwen-image",
        peft("transformer.", {"transformer_blocks.59.attn.to_q": (3072, 3072)}),
    ),
    "musubi, Z-Image": ("z-image", kohya("lora_unet_", Z_IMAGE_DIFFUSERS)),
    "ai-toolkit, Z-Image": ("z-image", peft("diffusion_model.", Z_IMAGE)),
    "kohya, Lumina": ("lumina2", kohya("lora_unet_", LUMINA)),
    "Diffusers, Lumina": ("lumina2", peft("transformer.", LUMINA_DIFFUSERS)),
    "musubi, Hunyuan Video": ("hunyuan-video", kohya("lora_unet_", HUNYUAN)),
    "diffusion-pipe, Hunyuan Video": ("hunyuan-video", peft("transformer.", HUNYUAN)),
    "ComfyUI, Hunyuan Video": ("hunyuan-video", peft("diffusion_model.", HUNYUAN_COMFYUI)),
    "Diffusers, Hunyuan Video": ("hunyuan-video", peft("transformer.", HUNYUAN_DIFFUSERS)),
    "musubi, Hunyuan Video 1.5": ("hunyuan-video", kohya("lora_unet_", HUNYUAN_15)),
    "kohya, SD 3": ("sd3", kohya("lora_unet_", SD3)),
    "Diffusers, SD 3": ("sd3", peft("transformer.", SD3_DIFFUSERS)),
    "SimpleTuner LoKr, SD 3.5": ("sd3", lokr("lycoris_", SD35_DIFFUSERS)),
    "HiDream": ("hidream", peft("diffusion_model.", HIDREAM)),
    "SimpleTuner LoKr, HiDream": ("hidream", lokr("lycoris_", HIDREAM)),
    "LTX": ("ltxv", peft("diffusion_model.", LTX)),
    "LTX 2": ("ltxv", peft("diffusion_model.", LTX2)),
    "diffusion-pipe, Cosmos": ("cosmos", peft("diffusion_model.", PREDICT2)),
    "kohya, Anima": ("cosmos", kohya("lora_unet_", PREDICT2)),
    "Diffusers, Cosmos": ("cosmos", peft("transformer.", COSMOS_DIFFUSERS)),
    "AuraFlow": ("auraflow", peft("diffusion_model.", AURA)),
    "Diffusers, AuraFlow": ("auraflow", peft("transformer.", AURA_DIFFUSERS)),
    "PixArt": ("pixart", kohya("lora_unet_", PIXART)),
    "Diffusers, PixArt": ("pixart", peft("base_model.model.", PIXART_DIFFUSERS)),
    "OneTrainer, Stable Cascade": (
        "stable-cascade",
        kohya("lora_prior_unet_", {"down_blocks.0.2.attention.attn.to_q": (2048, 2048)}),
    ),
}


@pytest.mark.parametrize("spelling", LORAS)
def test_a_loras_family_is_told_in_every_spelling(spelling: str, model: Model) -> None:
    family, shapes = LORAS[spelling]

    header = read_header(model(shapes))

    assert (header.component, header.architecture, header.family()) == ("lora", family, family)
    assert header.tensors == len(shapes)


VAE = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
FLUX_NORM = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (3072, 64)}
CHECKPOINT = "model.diffusion_model."
MODELS: dict[str, tuple[str | None, str | None, Mapping[str, tuple[int, ...]]]] = {
    "SD 1 checkpoint": (
        "checkpoint",
        "sd1",
        whole(CHECKPOINT, unet(768, "input_blocks.1.1", 320))
        | VAE
        | {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (49408, 768)},
    ),
    "SD 2 checkpoint": ("checkpoint", "sd2", whole(CHECKPOINT, unet(1024, "input_blocks.1.1", 320)) | VAE),
    "SDXL checkpoint": (
        "checkpoint",
        "sdxl",
        whole(CHECKPOINT, unet(2048, OLD)) | VAE | {"conditioner.embedders.0.transformer.x.weight": (768, 768)},
    ),
    "SDXL, Diffusers": (
        "diffusion_model",
        "sdxl",
        whole("", unet(2048)) | {"add_embedding.linear_1.weight": (1280, 2816)},
    ),
    "Kolors": ("diffusion_model", "kolors", whole("", unet(2048)) | {"encoder_hid_proj.weight": (2048, 4096)}),
    "SVD": (
        "checkpoint",
        "svd",
        whole(CHECKPOINT, unet(1024, "input_blocks.1.1", 320))
        | {f"{CHECKPOINT}input_blocks.1.1.time_stack.0.attn1.to_q.weight": (320, 320)}
        | VAE,
    ),
    "SD 3": ("checkpoint", "sd3", whole(CHECKPOINT, SD3) | VAE | {"text_encoders.clip_l.transformer.x": (768,)}),
    "Flux": ("diffusion_model", "flux", whole("", FLUX) | FLUX_NORM),
    "Flux as a checkpoint": (
        "checkpoint",
        "flux",
        whole(CHECKPOINT, FLUX) | {"vae.decoder.conv_in.weight": (512, 16, 3, 3)},
    ),
    "Flux, Diffusers": ("diffusion_model", "flux", whole("", FLUX_DIFFUSERS)),
    "Flux 2": (
        "diffusion_model",
        "flux2",
        whole("", FLUX2) | {"double_stream_modulation_img.lin.weight": (36864, 6144)},
    ),
    "Chroma": ("diffusion_model", "chroma", whole("", FLUX) | {"distilled_guidance_layer.norms.0.scale": (5120,)}),
    "Wan": ("diffusion_model", "wan", whole("", WAN) | {"head.modulation": (1, 2, 5120)}),
    "Wan VACE": ("diffusion_model", "wan", {"vace_blocks.0.after_proj.weight": (5120, 5120)}),
    "Qwen": ("diffusion_model", "qwen-image", whole("", QWEN) | {"txt_norm.weight": (3584,)}),
    "Z-Image": (
        "diffusion_model",
        "z-image",
        whole(CHECKPOINT, Z_IMAGE) | {f"{CHECKPOINT}cap_embedder.1.weight": (3840, 2560)},
    ),
    "Lumina": ("diffusion_model", "lumina2", whole("", LUMINA) | {"cap_embedder.1.weight": (2304, 2304)}),
    "Hunyuan Video": (
        "diffusion_model",
        "hunyuan-video",
        whole("", HUNYUAN_COMFYUI)
        | {"txt_in.individual_token_refiner.blocks.0.norm1.weight": (3072,), "img_in.proj.weight": (3072, 16, 1, 2, 2)},
    ),
    "Hunyuan Image": (
        "diffusion_model",
        "hunyuan-image",
        {"txt_in.individual_token_refiner.blocks.0.norm1.weight": (3584,), "img_in.proj.weight": (3584, 64, 1, 1)},
    ),
    "HiDream": (
        "diffusion_model",
        "hidream",
        whole("", HIDREAM) | {"caption_projection.0.linear.weight": (2560, 4096)},
    ),
    "LTX": (
        "checkpoint",
        "ltxv",
        whole(CHECKPOINT, LTX) | {"vae.decoder.conv_in.conv.weight": (1024, 128, 3, 3, 3)},
    ),
    "Cosmos 1": ("diffusion_model", "cosmos", {"net.blocks.block0.blocks.0.block.attn.to_q.0.weight": (4096, 4096)}),
    "Cosmos Predict 2": ("diffusion_model", "cosmos", whole("net.", PREDICT2)),
    "AuraFlow": ("diffusion_model", "auraflow", whole("", AURA) | {"positional_encoding": (1, 1024, 3072)}),
    "PixArt": ("diffusion_model", "pixart", whole("", PIXART) | {"t_block.1.weight": (6912, 1152)}),
    "Stable Cascade": ("diffusion_model", "stable-cascade", {f"{CHECKPOINT}clip_txt_mapper.weight": (2048, 1280)}),
    "a diffusion model unheard of": ("diffusion_model", None, {f"{CHECKPOINT}riddles.0.weight": (8, 8)}),
    "VAE": ("vae", None, {"decoder.conv_in.weight": (512, 4, 3, 3), "quant_conv.weight": (8, 8, 1, 1)}),
    "VAE, Diffusers": ("vae", None, {"decoder.up_blocks.0.resnets.0.conv1.weight": (512, 512, 3, 3)}),
    "Wan's VAE": (
        "vae",
        None,
        {"decoder.middle.0.residual.0.gamma": (384, 1, 1, 1), "conv1.weight": (32, 32, 1, 1, 1)},
    ),
    "CLIP-L": ("text_encoder", None, {"text_model.encoder.layers.0.mlp.fc1.weight": (3072, 768)}),
    "T5": ("text_encoder", None, {"encoder.block.0.layer.0.SelfAttention.k.weight": (4096, 4096)}),
    "Qwen 2.5": ("text_encoder", None, {"model.layers.0.self_attn.q_proj.weight": (3584, 3584)}),
    "CLIP vision": ("clip_vision", None, {"vision_model.encoder.layers.0.mlp.fc1.weight": (5120, 1280)}),
    "ControlNet, SD 1": (
        "controlnet",
        "sd1",
        whole("control_model.", unet(768, "input_blocks.1.1", 320))
        | {"control_model.zero_convs.0.0.weight": (320, 320, 1, 1)},
    ),
    "ControlNet, SDXL, Diffusers": (
        "controlnet",
        "sdxl",
        whole("", unet(2048)) | {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)},
    ),
    "ControlNet, Flux": (
        "controlnet",
        "flux",
        whole("", FLUX_DIFFUSERS) | {"controlnet_blocks.0.weight": (3072, 3072)},
    ),
    "Real-ESRGAN": ("upscaler", None, {"conv_first.weight": (64, 3, 3, 3), "body.0.rdb1.conv1.weight": (32, 64, 3, 3)}),
    "ESRGAN": ("upscaler", None, {"model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3)}),
    "embedding, SD 1": ("embedding", "sd1", {"emb_params": (4, 768)}),
    "embedding, SDXL": ("embedding", "sdxl", {"clip_g": (4, 1280), "clip_l": (4, 768)}),
    "embedding, Diffusers": ("embedding", "sd1", {"<cat-toy>": (768,)}),
    "embedding, of an odd width": ("embedding", None, {"emb_params": (4, 999)}),
    "IP-Adapter with a LoRA": (
        None,
        None,
        {"ip_adapter.0.to_q_lora.down.weight": (128, 320), "image_proj.proj.weight": (768, 512)},
    ),
    "nothing known": (None, None, {"weights": (3, 3)}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_models_part_and_family_are_told(name: str, model: Model) -> None:
    part, family, shapes = MODELS[name]

    header = read_header(model(shapes))

    assert (header.component, header.architecture) == (part, family)


def test_words_that_the_tensors_deny_are_not_passed_on(model: Model) -> None:
    wrong = read_header(model(peft("transformer.", QWEN), {"ss_base_model_version": "sd_1.5"}))
    fine = read_header(model(kohya("lora_unet_", FLUX), {"ss_base_model_version": "chroma"}))

    assert (wrong.base_model, wrong.family()) == (None, "qwen-image")
    assert (fine.base_model, fine.architecture, fine.family()) == ("Chroma", "flux", "chroma")


def test_numbers_and_types_are_counted_over_all_tensors(model: Model) -> None:
    header = read_header(model({"a": (4, 5), "b": (), "c": (0, 7)}, dtype="BF16"))

    assert (header.tensors, header.parameters, header.dtype) == (3, 21, "BF16")
