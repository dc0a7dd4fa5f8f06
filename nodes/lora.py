"""The nodes that know and load one LoRA."""

from __future__ import annotations

from typing import Any

import folder_paths
from comfy_api.latest import io

from ..py.hosts.comfyui import host
from ..py.hosts.node_errors import NodeError
from ..py.library.node_results import as_json, words_text
from ..py.library.wishes import NOTHING, wish
from .choices import STRENGTH, LoraStack, Stack, check, content_input, fingerprint, kept, off_input


class LoraInfo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_LoraInfo",
            display_name="LoRA Info",
            category="Lorakeeper/lora",
            description="Says what a LoRA is: a file of yours, or any model by its hash.",
            search_aliases=["lora metadata", "trained words", "civitai hash", "by hash"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Combo.Input(
                    "lora_name",
                    options=[NOTHING, *folder_paths.get_filename_list("loras")],
                    default=NOTHING,
                    optional=True,
                    tooltip="A LoRA of yours.",
                ),
                io.String.Input(
                    "hash",
                    default="",
                    optional=True,
                    tooltip="Or the hash of a model, of any kind that Civitai shows. Counts when no LoRA is chosen.",
                ),
                content_input(),
                off_input(),
            ],
            outputs=[
                io.String.Output("name", tooltip="The model's name."),
                io.String.Output("base_model", tooltip="The base model it was made for, such as SDXL 1.0."),
                io.String.Output("trigger_words", tooltip="Its trigger words, comma-separated."),
                io.String.Output("link", tooltip="Its page on Civitai; empty where it has none."),
                io.String.Output("json", display_name="JSON", tooltip="All of this and more, as JSON text."),
            ],
        )

    @classmethod
    async def validate_inputs(cls, lora_name: str | None = None, content: str | None = None) -> bool | str:
        return await check(wish(lora_name, content))

    @classmethod
    async def fingerprint_inputs(cls, lora_name: str | None = None, content: str | None = None, **others: Any) -> Any:
        wanted = wish(lora_name, content)
        return await fingerprint([wanted]) if wanted else None

    @classmethod
    async def execute(
        cls,
        lora_name: str = NOTHING,
        hash: str = "",  # noqa: A002 - the socket's name
        content: str = "",
        words_off: str = "",
    ) -> io.NodeOutput:
        if wanted := wish(lora_name, content):
            detail = (await host().loras([wanted], cls.hidden, exact=True, on_base=False)).granted[0].detail
        elif hash.strip():
            detail = await host().by_hash(hash.strip())
        else:
            raise NodeError("Choose a LoRA or give a hash.")
        return io.NodeOutput(
            detail.title, detail.base_model or "", words_text(detail, words_off), detail.url or "", as_json(detail)
        )


class LoadLora(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_LoadLora",
            display_name="Load LoRA (Trigger Words)",
            category="Lorakeeper/lora",
            description="Loads a LoRA as ComfyUI does, and gives its trigger words.",
            search_aliases=["lora", "load lora", "lora loader", "trigger words", "trained words"],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            inputs=[
                io.Model.Input("model", tooltip="The diffusion model that the LoRA changes."),
                io.Combo.Input(
                    "lora_name", options=folder_paths.get_filename_list("loras"), tooltip="The LoRA to load."
                ),
                io.Float.Input(
                    "strength_model", tooltip="How strongly the diffusion model changes. May be negative.", **STRENGTH
                ),
                io.Float.Input(
                    "strength_clip", tooltip="How strongly the CLIP model changes. May be negative.", **STRENGTH
                ),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="The CLIP model that the LoRA changes; left alone where there is none.",
                ),
                LoraStack.Input(
                    "lora_stack",
                    optional=True,
                    tooltip="A list of LoRAs to add this one to. They are passed on, not loaded.",
                ),
                content_input(),
                off_input(),
            ],
            outputs=[
                io.Model.Output("MODEL", tooltip="The diffusion model with the LoRA."),
                io.Clip.Output("CLIP", tooltip="The CLIP model with the LoRA; nothing where none came in."),
                io.String.Output("trigger_words", tooltip="The LoRA's trigger words, comma-separated."),
                LoraStack.Output("lora_stack", tooltip="The incoming list with this LoRA at its end."),
            ],
        )

    @classmethod
    async def validate_inputs(cls, lora_name: str | None = None, content: str | None = None) -> bool | str:
        return await check(wish(lora_name, content))

    @classmethod
    async def fingerprint_inputs(cls, lora_name: str | None = None, content: str | None = None, **others: Any) -> Any:
        """A file that was replaced is loaded again."""
        wanted = wish(lora_name, content)
        return await fingerprint([wanted]) if wanted else None

    @classmethod
    async def execute(
        cls,
        model: Any,
        lora_name: str,
        strength_model: float,
        strength_clip: float,
        clip: Any = None,
        lora_stack: Stack | None = None,
        content: str = "",
        words_off: str = "",
    ) -> io.NodeOutput:
        wanted = wish(lora_name, content, strength_model, strength_clip)
        if wanted is None:
            raise NodeError("Choose a LoRA to load.")
        loras = await host().loras([wanted], cls.hidden, exact=True)
        model, clip = host().apply_loras(model, clip, loras)
        return io.NodeOutput(model, clip, loras.words_but(words_off), [*kept(lora_stack), *loras.stack])
