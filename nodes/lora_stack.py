"""The nodes for several LoRAs: a list of them, and what applies such a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import folder_paths
from comfy_api.latest import io

from ..py.hosts.comfyui import host
from ..py.hosts.node_errors import NodeError
from ..py.library.wishes import NOTHING, Wish, wish
from .choices import STRENGTH, LoraStack, Stack, content_input, fingerprint, kept, off_input

SLOTS = range(1, 5)


class LoraStackNode(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        names = [NOTHING, *folder_paths.get_filename_list("loras")]
        slots: list[Any] = []
        for slot in SLOTS:
            slots += [
                io.Boolean.Input(
                    f"enabled_{slot}", default=True, optional=True, tooltip=f"Whether LoRA {slot} is in the list."
                ),
                io.Combo.Input(
                    f"lora_{slot}", options=names, default=NOTHING, optional=True, tooltip=f"LoRA {slot}, or none."
                ),
                io.Float.Input(
                    f"strength_model_{slot}",
                    optional=True,
                    tooltip=f"How strongly LoRA {slot} changes the diffusion model. May be negative.",
                    **STRENGTH,
                ),
                io.Float.Input(
                    f"strength_clip_{slot}",
                    optional=True,
                    tooltip=f"How strongly LoRA {slot} changes the CLIP model. May be negative.",
                    **STRENGTH,
                ),
            ]
        return io.Schema(
            node_id="Lorakeeper_LoraStack",
            display_name="LoRA Stack",
            category="Lorakeeper/lora",
            description="A list of LoRAs with their strengths, and their trigger words. Loads nothing.",
            search_aliases=["lora stacker", "multiple loras", "lora list", "stack loras"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                LoraStack.Input("lora_stack", optional=True, tooltip="A list to go on with."),
                *slots,
                content_input("contents"),
                off_input(),
            ],
            outputs=[
                LoraStack.Output("lora_stack", tooltip="The incoming list with these LoRAs at its end."),
                io.String.Output("trigger_words", tooltip="The trigger words of these LoRAs, comma-separated."),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, lora_1: str | None = None, lora_2: str | None = None, lora_3: str | None = None, lora_4: str | None = None
    ) -> bool | str:
        """A file that has another name now is found when the graph runs, and one that is gone is said then.

        ComfyUI would repeat a sentence for each input that is looked at here.
        """
        return True

    @classmethod
    async def fingerprint_inputs(cls, **inputs: Any) -> Any:
        return await fingerprint(list(_chosen(inputs)))

    @classmethod
    async def execute(cls, lora_stack: Stack | None = None, **inputs: Any) -> io.NodeOutput:
        loras = await host().loras(list(_chosen(inputs)), cls.hidden, exact=True, on_base=False)
        return io.NodeOutput([*kept(lora_stack), *loras.stack], loras.words_but(inputs.get("words_off") or ""))


class ApplyLoraStack(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_ApplyLoraStack",
            display_name="Apply LoRA Stack",
            category="Lorakeeper/lora",
            description="Loads a list of LoRAs, as ComfyUI's own loaders in a row would.",
            search_aliases=["load lora stack", "lora stack loader", "multiple loras"],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            inputs=[
                io.Model.Input("model", tooltip="The diffusion model that the LoRAs change."),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="The CLIP model that the LoRAs change; left alone where there is none.",
                ),
                LoraStack.Input(
                    "lora_stack",
                    optional=True,
                    tooltip="The LoRAs, of this pack or another; without one, nothing is done.",
                ),
            ],
            outputs=[
                io.Model.Output("MODEL", tooltip="The diffusion model with the LoRAs."),
                io.Clip.Output("CLIP", tooltip="The CLIP model with the LoRAs; nothing where none came in."),
                io.String.Output("trigger_words", tooltip="The trigger words of all LoRAs that were loaded."),
            ],
        )

    @classmethod
    async def execute(cls, model: Any, clip: Any = None, lora_stack: Stack | None = None) -> io.NodeOutput:
        loras = await host().loras([each for each in map(_entry, kept(lora_stack)) if each.counts], cls.hidden)
        model, clip = host().apply_loras(model, clip, loras)
        return io.NodeOutput(model, clip, loras.words)


def _chosen(inputs: Mapping[str, Any]) -> Iterator[Wish]:
    """The LoRAs of a stack's slots that are on and would change anything."""
    for slot in SLOTS:
        strengths = [inputs.get(f"strength_{part}_{slot}") for part in ("model", "clip")]
        wanted = wish(
            inputs.get(f"lora_{slot}"),
            inputs.get("contents"),
            *(1.0 if strength is None else strength for strength in strengths),
        )
        if wanted and wanted.counts and inputs.get(f"enabled_{slot}") is not False:
            yield wanted


def _entry(entry: Any) -> Wish:
    """An entry of a list, which may come from another pack."""
    try:
        name, strength_model, strength_clip = entry
        return Wish(str(name), float(strength_model), float(strength_clip))
    except (TypeError, ValueError):
        raise NodeError("That list holds something else than LoRAs: connect a LoRA stack.") from None
