"""The nodes that know and load LoRAs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io

from ..py.hosts.comfyui import NodeError, host
from ..py.library.node_results import as_json, words_text

LoraStack = io.Custom("LORA_STACK")
NOTHING = "None"


class LoraInfo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_LoraInfo",
            display_name="LoRA Info",
            category="Lorakeeper/lora",
            description="Says what a LoRA is: a file of yours, or any model by its hash.",
            search_aliases=["lora metadata", "trained words", "civitai hash", "by hash"],
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
    def validate_inputs(cls, lora_name: str | None = None) -> bool | str:
        return _check_name(lora_name)

    @classmethod
    async def execute(cls, lora_name: str = NOTHING, hash: str = "") -> io.NodeOutput:  # noqa: A002 - the socket's name
        if lora_name != NOTHING:
            detail = await host().describe(lora_path(lora_name))
        elif hash.strip():
            detail = await host().by_hash(hash.strip())
        else:
            raise NodeError("Choose a LoRA or give a hash.")
        return io.NodeOutput(
            detail.title, detail.base_model or "", words_text(detail), detail.url or "", as_json(detail)
        )


class LoadLora(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        strength = {"default": 1.0, "min": -100.0, "max": 100.0, "step": 0.01}
        return io.Schema(
            node_id="Lorakeeper_LoadLora",
            display_name="Load LoRA (Trigger Words)",
            category="Lorakeeper/lora",
            description="Loads a LoRA as ComfyUI does, and gives its trigger words.",
            search_aliases=["lora", "load lora", "lora loader", "trigger words", "trained words"],
            inputs=[
                io.Model.Input("model", tooltip="The diffusion model that the LoRA changes."),
                io.Combo.Input(
                    "lora_name", options=folder_paths.get_filename_list("loras"), tooltip="The LoRA to load."
                ),
                io.Float.Input(
                    "strength_model", tooltip="How strongly the diffusion model changes. May be negative.", **strength
                ),
                io.Float.Input(
                    "strength_clip", tooltip="How strongly the CLIP model changes. May be negative.", **strength
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
            ],
            outputs=[
                io.Model.Output("MODEL", tooltip="The diffusion model with the LoRA."),
                io.Clip.Output("CLIP", tooltip="The CLIP model with the LoRA; nothing where none came in."),
                io.String.Output("trigger_words", tooltip="The LoRA's trigger words, comma-separated."),
                LoraStack.Output("lora_stack", tooltip="The incoming list with this LoRA at its end."),
            ],
        )

    @classmethod
    def validate_inputs(cls, lora_name: str | None = None) -> bool | str:
        return _check_name(lora_name)

    @classmethod
    def fingerprint_inputs(cls, lora_name: str | None = None, **others: Any) -> Any:
        """A file that was replaced is loaded again."""
        path = lora_name and folder_paths.get_full_path("loras", lora_name)
        if not path:
            return None
        facts = Path(path).stat()
        return facts.st_size, facts.st_mtime_ns

    @classmethod
    async def execute(
        cls,
        model: Any,
        lora_name: str,
        strength_model: float,
        strength_clip: float,
        clip: Any = None,
        lora_stack: list[tuple[str, float, float]] | None = None,
    ) -> io.NodeOutput:
        path = lora_path(lora_name)
        detail = await host().describe(path)
        stack = [entry for entry in lora_stack or () if entry[0] != NOTHING]
        if strength_model or strength_clip:
            model, clip = host().apply_lora(model, clip, path, strength_model, strength_clip)
            stack.append((lora_name, strength_model, strength_clip))
        return io.NodeOutput(model, clip, words_text(detail), stack)


def lora_path(name: str) -> Path:
    """Where the LoRA lies that loaders call ``name``. NodeError where there is none."""
    if path := folder_paths.get_full_path("loras", name):
        return Path(path)
    raise NodeError(f"There is no LoRA {name} in your loras folders.")


def _check_name(name: str | None) -> bool | str:
    # What comes over a link is None here, and known only when the graph runs.
    if name in (None, NOTHING) or folder_paths.get_full_path("loras", name):
        return True
    return f"There is no LoRA {name} in your loras folders."
