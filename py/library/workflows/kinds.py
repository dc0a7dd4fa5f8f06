"""Which kind of file a node's input names: by the node where it is known, by the input's name, by the node's name."""

from __future__ import annotations

import re

# Core's loaders: the kind of each widget in their order, the last one for all further ones.
_CLASSES: dict[str, tuple[str, ...]] = {
    "CheckpointLoaderSimple": ("checkpoints",),
    "CheckpointLoader": ("configs", "checkpoints"),
    "unCLIPCheckpointLoader": ("checkpoints",),
    "ImageOnlyCheckpointLoader": ("checkpoints",),
    "CreateHookModelAsLora": ("checkpoints",),
    "CreateHookModelAsLoraModelOnly": ("checkpoints",),
    "LoraLoader": ("loras",),
    "LoraLoaderModelOnly": ("loras",),
    "LoraLoaderBypass": ("loras",),
    "LoraLoaderBypassModelOnly": ("loras",),
    "CreateHookLora": ("loras",),
    "CreateHookLoraModelOnly": ("loras",),
    "LoraModelLoader": ("loras",),
    "VAELoader": ("vae",),
    "ControlNetLoader": ("controlnet",),
    "DiffControlNetLoader": ("controlnet",),
    "UNETLoader": ("diffusion_models",),
    "CLIPLoader": ("text_encoders",),
    "DualCLIPLoader": ("text_encoders",),
    "TripleCLIPLoader": ("text_encoders",),
    "QuadrupleCLIPLoader": ("text_encoders",),
    "CLIPVisionLoader": ("clip_vision",),
    "StyleModelLoader": ("style_models",),
    "GLIGENLoader": ("gligen",),
    "UpscaleModelLoader": ("upscale_models",),
    "LatentUpscaleModelLoader": ("latent_upscale_models",),
    "HypernetworkLoader": ("hypernetworks",),
    "PhotoMakerLoader": ("photomaker",),
    "ModelPatchLoader": ("model_patches",),
    "AudioEncoderLoader": ("audio_encoders",),
    "LTXVAudioVAELoader": ("checkpoints",),
    "LTXAVTextEncoderLoader": ("text_encoders", "checkpoints"),
    "LoadMoGeModel": ("geometry_estimation",),
    "LoadDA3Model": ("geometry_estimation",),
    "LoadBackgroundRemovalModel": ("background_removal",),
    "FrameInterpolationModelLoader": ("frame_interpolation",),
    "OpticalFlowLoader": ("optical_flow",),
    "LoadMediaPipeFaceLandmarker": ("detection",),
}
# Names of inputs without the number at their end.
_INPUTS = {
    "ckpt": "checkpoints",
    "ckpt_name": "checkpoints",
    "base_ckpt_name": "checkpoints",
    "refiner_ckpt_name": "checkpoints",
    "checkpoint": "checkpoints",
    "checkpoint_name": "checkpoints",
    "lora": "loras",
    "lora_name": "loras",
    "vae": "vae",
    "vae_name": "vae",
    "control_net_name": "controlnet",
    "controlnet_name": "controlnet",
    "controlnet": "controlnet",
    "unet_name": "diffusion_models",
    "diffusion_model": "diffusion_models",
    "gguf_name": "diffusion_models",
    "clip_name": "text_encoders",
    "text_encoder": "text_encoders",
    "text_encoder_name": "text_encoders",
    "clip_vision_name": "clip_vision",
    "clip_vision": "clip_vision",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "upscale_model": "upscale_models",
    "upscale_model_name": "upscale_models",
    "photomaker_model_name": "photomaker",
    "audio_encoder_name": "audio_encoders",
    "bg_removal_name": "background_removal",
    "embedding": "embeddings",
    "embedding_name": "embeddings",
}
# Parts of node names, in small letters without signs; the first that is found counts.
_GUESSES = (
    ("lora", "loras"),
    ("lycoris", "loras"),
    ("controlnet", "controlnet"),
    ("latentupscale", "latent_upscale_models"),
    ("upscale", "upscale_models"),
    ("clipvision", "clip_vision"),
    ("hypernetwork", "hypernetworks"),
    ("stylemodel", "style_models"),
    ("modelpatch", "model_patches"),
    ("animatediff", "animatediff_models"),
    ("vae", "vae"),
    ("checkpoint", "checkpoints"),
    ("ckpt", "checkpoints"),
    ("textencoder", "text_encoders"),
    ("unet", "diffusion_models"),
    ("diffusionmodel", "diffusion_models"),
    ("clip", "text_encoders"),
    ("embedding", "embeddings"),
)
# Packs whose own name says nothing of what a node of theirs loads.
_PACKS = "lorakeeper|loramanager"


def kind_of_input(class_type: str, name: str | None, place: int | None = None) -> str | None:
    """The kind of the file that this input of a node names. ``place`` is the widget's, counted from 0.

    A name is better than a place, unless the node's class is known to have but one kind.
    """
    known = _CLASSES.get(class_type, ())
    if len(known) == 1:
        return known[0]
    if known and name is None and place is not None:
        return known[min(place, len(known) - 1)]
    return kind_of_name(name) or _guess(class_type)


def kind_of_name(name: str | None) -> str | None:
    """The kind that an input of that name has in any node."""
    return _INPUTS.get(re.sub(r"_?[0-9]{1,3}$", "", name.casefold())) if name and len(name) < 100 else None


def names_lora(class_type: str, name: str | None, place: int) -> bool:
    """Whether the input names a LoRA whatever its text looks like: names of LoRAs come without an extension, too."""
    known = _CLASSES.get(class_type)
    if known:
        return known == ("loras",) and (name == "lora_name" or (name is None and place == 0))
    return kind_of_name(name) == "loras"


def _guess(class_type: str) -> str | None:
    plain = re.sub(_PACKS, "", re.sub(r"[\W_]", "", class_type[:200]).casefold())
    return next((kind for part, kind in _GUESSES if part in plain), None)
