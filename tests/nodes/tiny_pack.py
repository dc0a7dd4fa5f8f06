"""A pack for tests in a real ComfyUI: a model so small that it is made, not loaded, and a look at its tensors."""

# mypy: ignore-errors
# It is made of ComfyUI's own modules, which have no types.

import hashlib
import sys

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import torch
from aiohttp import web
from comfy_api.latest import ComfyExtension, io
from server import PromptServer

UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 32,
    "num_res_blocks": [1],
    "channel_mult": (1,),
    "transformer_depth": [1],
    "transformer_depth_middle": 1,
    "transformer_depth_output": [1, 1],
    "use_spatial_transformer": True,
    "use_linear_in_transformer": False,
    "use_temporal_attention": False,
    "context_dim": 16,
    "adm_in_channels": None,
    "legacy": False,
    "dtype": torch.float32,
}
TEXT = {
    "hidden_act": "quick_gelu",
    "hidden_size": 16,
    "intermediate_size": 32,
    "max_position_embeddings": 77,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "eos_token_id": 49407,
    "vocab_size": 64,
}


class _TinyText(comfy.sd1_clip.SDClipModel):
    def __init__(self, device="cpu", dtype=None, model_options=None):
        super().__init__(
            device=device, textmodel_json_config=dict(TEXT), dtype=dtype, model_options=model_options or {}
        )


class _TinyClip(comfy.sd1_clip.SD1ClipModel):
    def __init__(self, device="cpu", dtype=None, model_options=None):
        super().__init__(device=device, dtype=dtype, model_options=model_options or {}, clip_model=_TinyText)


class _Target:
    params = {}  # noqa: RUF012 - as ComfyUI has it
    clip = _TinyClip

    @staticmethod
    def tokenizer(**_):
        return None


def _fill(module, seed):
    generator = torch.Generator().manual_seed(seed)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator))


def _digest(patcher):
    """Of every tensor as the model would run with it, and how many are patched."""
    clone = patcher.clone(disable_dynamic=True)
    comfy.model_management.load_models_gpu([clone], force_patch_weights=True, force_full_load=True)
    digest = hashlib.sha256()
    for name, tensor in sorted(clone.model_state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    clone.detach()
    return f"{digest.hexdigest()} {len(patcher.patches)}"


class TinyModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="Test_TinyModel", outputs=[io.Model.Output(), io.Clip.Output()])

    @classmethod
    def execute(cls):
        device = torch.device("cpu")
        model = comfy.model_base.BaseModel(comfy.supported_models.SD15(UNET), device=device)
        _fill(model, 1)
        patcher = comfy.model_patcher.ModelPatcher(model, load_device=device, offload_device=device)
        clip = comfy.sd.CLIP(_Target, disable_dynamic=True)
        _fill(clip.cond_stage_model, 2)
        return io.NodeOutput(patcher, clip)


class Tensors(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="Test_Tensors",
            inputs=[io.Model.Input("model"), io.Clip.Input("clip", optional=True)],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, model, clip=None):
        return io.NodeOutput(ui={"digests": [_digest(model), clip and _digest(clip.patcher)]})


class TinyExtension(ComfyExtension):
    async def on_load(self):
        @PromptServer.instance.routes.get("/test/modules")
        async def modules(request):
            return web.json_response(sorted(sys.modules))

    async def get_node_list(self):
        return [TinyModel, Tensors]


async def comfy_entrypoint():
    return TinyExtension()
