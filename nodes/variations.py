"""The node that makes variations of images with Gemini."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..py.hosts.comfyui import host
from ..py.hosts.comfyui_pictures import PictureNode
from .image_filters import profile_input, sizes_input, threshold_inputs

# Names that the application knows too. Importing it here would make ComfyUI's start longer.
MODELS = ["gemini-3.1-flash-image", "gemini-2.5-flash-image", "gemini-3.1-flash-lite-image", "gemini-3-pro-image"]
RATIOS = [
    *("auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1"),
]
LARGENESS = ["auto", "512", "1K", "2K", "4K"]
# Each request adds its number to the seed, and the sum must fit into 32 bits.
MOST_SEED = 2**31 - 10_000


class GeminiVariations(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_GeminiVariations",
            display_name="Gemini Variations",
            category="Lorakeeper/variations",
            description="Makes as many variations of an image as you want that are good and differ from each other, "
            "with Google's Gemini and your own key. What was made once is kept and costs nothing again.",
            search_aliases=["gemini", "nano banana", "image variations", "edit image", "image to image", "google"],
            is_input_list=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Image.Input(
                    "images",
                    optional=True,
                    tooltip="Up to 16 images to go by, as a batch or a list. The first is what variations are measured "
                    "against. Without any, pictures are made from the prompt alone.",
                ),
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    placeholder="what to keep, and what to change",
                    optional=True,
                    tooltip="What Gemini is asked for. Without one, for variations of the image.",
                ),
                io.Int.Input(
                    "count", default=4, min=1, max=100, optional=True, tooltip="How many good variations you want."
                ),
                io.Combo.Input(
                    "model",
                    options=MODELS,
                    default=MODELS[0],
                    optional=True,
                    tooltip="Gemini's model. They differ in quality, price and in what they take.",
                ),
                io.Combo.Input(
                    "aspect_ratio",
                    options=RATIOS,
                    default=RATIOS[0],
                    optional=True,
                    tooltip="Width to height. auto leaves it to the model, which mostly keeps that of the image.",
                ),
                io.Combo.Input(
                    "size",
                    options=LARGENESS,
                    default=LARGENESS[0],
                    optional=True,
                    tooltip="How large the pictures are, as Gemini calls it; larger ones cost more. auto is mostly 1K. "
                    "Not every model has every size.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=MOST_SEED,
                    control_after_generate="fixed",
                    optional=True,
                    tooltip="Another seed makes other pictures, which are paid for; the same one gives what was made "
                    "before.",
                ),
                io.Float.Input(
                    "budget",
                    default=0.0,
                    min=0.0,
                    max=1000.0,
                    step=0.01,
                    optional=True,
                    tooltip="The most to spend in one run, in US dollars, by Google's list prices. 0 sets no limit.",
                ),
                io.Int.Input(
                    "attempts",
                    default=3,
                    min=1,
                    max=10,
                    optional=True,
                    tooltip="How many requests are sent for each variation at most, those for rejected pictures "
                    "included.",
                ),
                profile_input(),
                *threshold_inputs(diversity=True),
                io.Float.Input(
                    "temperature",
                    default=-1.0,
                    min=-1.0,
                    max=2.0,
                    step=0.05,
                    optional=True,
                    advanced=True,
                    tooltip="How freely the model chooses, 0 to 2. −1 leaves it to the model.",
                ),
                io.String.Input(
                    "system_instruction",
                    multiline=True,
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="What the model should heed in every answer, beside the prompt.",
                ),
                io.String.Input(
                    "other_model",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="The name of a model that is not in the list. It goes before the one chosen there; what it "
                    "costs is not known.",
                ),
                io.Boolean.Input(
                    "fallback",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="Whether another model is asked where this one is gone, overloaded, or its quota used up. "
                    "It answers in its own size and aspect ratio.",
                ),
                io.Boolean.Input(
                    "adaptive",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="Whether less is demanded while most pictures are rejected. Then the same graph need not "
                    "give the same twice.",
                ),
                io.Boolean.Input(
                    "use_cache",
                    default=True,
                    optional=True,
                    advanced=True,
                    tooltip="Whether what was made before is used again, and what is made now is kept.",
                ),
                sizes_input(),
            ],
            outputs=[
                io.Image.Output(
                    "accepted",
                    is_output_list=True,
                    tooltip="The good variations. What is connected here doesn't run where there are none.",
                ),
                io.Image.Output(
                    "rejected",
                    is_output_list=True,
                    tooltip="Those that were not good enough. What is connected here doesn't run where there are none.",
                ),
                io.String.Output(
                    "scores", tooltip="The scores of each picture, and why it was rejected, as JSON text."
                ),
                io.String.Output(
                    "report", tooltip="What was asked for and came, what it cost, and why it ended, as JSON text."
                ),
            ],
        )

    @classmethod
    async def execute(cls, images: list[Any] | None = None, **widgets: Any) -> io.NodeOutput:
        return io.NodeOutput(*await PictureNode(host(), cls.hidden.unique_id).variations(images, widgets))
