"""The node that reads LoRAs from a prompt."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..py.hosts.comfyui import host
from ..py.library.prompt_loras import findings, parse
from ..py.library.wishes import Wish, wish
from .choices import LoraStack, Stack, content_input, fingerprint, kept, off_input


class PromptLoras(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_PromptLoras",
            display_name="Prompt LoRAs",
            category="Lorakeeper/prompt",
            description="Loads the LoRAs that a prompt names as <lora:name:0.8>, and takes them out of the prompt.",
            search_aliases=["lora tag", "lora in prompt", "lora syntax", "a1111 lora", "<lora:", "lora tag loader"],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt],
            inputs=[
                io.String.Input(
                    "text",
                    multiline=True,
                    dynamic_prompts=True,
                    default="",
                    tooltip="A prompt with <lora:name:0.8>, or <lora:name:0.8:0.6> for a strength of CLIP's own.",
                ),
                io.Model.Input("model", optional=True, tooltip="The diffusion model that the LoRAs change."),
                io.Clip.Input("clip", optional=True, tooltip="The CLIP model that the LoRAs change."),
                LoraStack.Input(
                    "lora_stack",
                    optional=True,
                    tooltip="A list of LoRAs to add these to. They are passed on, not loaded.",
                ),
                io.Boolean.Input(
                    "fetch_missing",
                    default=False,
                    optional=True,
                    tooltip="Download a LoRA that isn't here, where its tag names one model at Civitai: an AIR, "
                    "model@version, a hash or the model's name.",
                ),
                content_input("contents"),
                off_input(),
            ],
            outputs=[
                io.String.Output("text", tooltip="The prompt without its tags."),
                io.Model.Output("MODEL", tooltip="The diffusion model with the LoRAs; nothing where none came in."),
                io.Clip.Output("CLIP", tooltip="The CLIP model with the LoRAs; nothing where none came in."),
                LoraStack.Output("lora_stack", tooltip="The incoming list with these LoRAs at its end."),
                io.String.Output("trigger_words", tooltip="The trigger words of these LoRAs, comma-separated."),
            ],
        )

    @classmethod
    async def fingerprint_inputs(cls, text: str | None = None, contents: str | None = None, **others: Any) -> Any:
        return await fingerprint(_named(text or "", contents)[1], exact=False)

    @classmethod
    async def execute(
        cls,
        text: str,
        model: Any = None,
        clip: Any = None,
        lora_stack: Stack | None = None,
        fetch_missing: bool = False,
        contents: str = "",
        words_off: str = "",
    ) -> io.NodeOutput:
        prompt, named = _named(text, contents)
        loras = await host().loras(named, cls.hidden, fetch=fetch_missing, remarks=findings(text))
        model, clip = host().apply_loras(model, clip, loras)
        return io.NodeOutput(prompt, model, clip, [*kept(lora_stack), *loras.stack], loras.words_but(words_off))


def _named(text: str, contents: str | None) -> tuple[str, list[Wish]]:
    """The prompt without its tags, and the LoRAs that they name."""
    prompt, mentions = parse(text)
    wishes = [wish(each.name, contents, each.strength_model, each.strength_clip) for each in mentions]
    return prompt, [each for each in wishes if each and each.counts]
