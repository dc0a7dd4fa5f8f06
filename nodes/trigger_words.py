"""The node that puts trigger words into a prompt."""

from __future__ import annotations

from comfy_api.latest import io

from ..py.library.trigger_words import Placement, insert_trigger_words, split_words


class TriggerWords(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_TriggerWords",
            display_name="Trigger Words",
            category="Lorakeeper/prompt",
            description="Puts a LoRA's trigger words into a prompt, each at most once.",
            search_aliases=["activation text", "trained words", "lora prompt"],
            inputs=[
                io.String.Input(
                    "prompt",
                    multiline=True,
                    dynamic_prompts=True,
                    default="",
                    tooltip="The prompt to add the words to. Words that it already has aren't added again.",
                ),
                io.String.Input(
                    "trigger_words",
                    force_input=True,
                    optional=True,
                    tooltip="Comma-separated, as Load LoRA gives them. Case, spacing and backslashes stay as they are.",
                ),
                io.Combo.Input(
                    "placement",
                    options=Placement,
                    default=Placement.BEFORE,
                    optional=True,
                    tooltip="Whether new words go before or after the prompt.",
                ),
                io.String.Input(
                    "separator",
                    default=", ",
                    optional=True,
                    advanced=True,
                    tooltip="What stands between the words, and between them and the prompt.",
                ),
                io.Float.Input(
                    "weight",
                    default=1.0,
                    min=0.0,
                    max=10.0,
                    step=0.05,
                    optional=True,
                    tooltip="Emphasis of the new words: 1.2 writes each as (word:1.2), 1 leaves them plain.",
                ),
                io.String.Input(
                    "off",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Trigger words to leave out, comma-separated. The switches on the node write it.",
                ),
            ],
            outputs=[
                io.String.Output("text", display_name="prompt", tooltip="The prompt with its trigger words."),
            ],
        )

    @classmethod
    def execute(
        cls,
        prompt: str,
        trigger_words: str = "",
        placement: str = Placement.BEFORE.value,
        separator: str = ", ",
        weight: float = 1.0,
        off: str = "",
    ) -> io.NodeOutput:
        text = insert_trigger_words(
            prompt, [trigger_words], Placement(placement), separator=separator, weight=weight, off=[off]
        )
        return io.NodeOutput(text, ui={"lorakeeper_words": split_words(trigger_words)})
