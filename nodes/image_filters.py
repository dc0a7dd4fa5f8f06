"""The nodes that sort pictures: which are good, and which show the same."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..py.hosts.comfyui import host
from ..py.hosts.comfyui_pictures import AS_LIST, PictureNode

PROFILES = ["calibrated", "classic"]
SCOPES = ["this batch", "this session", "ever"]
SIZES = ["resize to the first", AS_LIST]


def profile_input() -> Any:
    return io.Combo.Input(
        "profile",
        options=PROFILES,
        default=PROFILES[0],
        optional=True,
        tooltip="How pictures are judged: calibrated looks for the traces of faults; classic takes simple figures, "
        "with thresholds that few pictures reach.",
    )


def threshold_inputs(*, diversity: bool) -> list[Any]:
    """One input for each threshold, which below its range means the profile's own."""
    tooltips = {
        "similarity_min": "How much a picture must have of the original at least. −2 is the profile's own.",
        "similarity_max": "How much a picture may be like the original at most. −2 is the profile's own.",
        "diversity": "How much a picture must differ from the other variations. −1 is the profile's own.",
        "aesthetic": "How good a picture must be in light, colour and sharpness. −1 is the profile's own.",
        "object_integrity": "How whole what it shows must be. −1 is the profile's own.",
        "overall": "How good a picture must be in all of it together. −1 is the profile's own.",
    }
    if not diversity:
        del tooltips["diversity"]
    return [
        io.Float.Input(
            name,
            default=-2.0 if name.startswith("similarity") else -1.0,
            min=-2.0 if name.startswith("similarity") else -1.0,
            max=1.0,
            step=0.01,
            optional=True,
            advanced=True,
            tooltip=tooltip,
        )
        for name, tooltip in tooltips.items()
    ]


def sizes_input() -> Any:
    return io.Combo.Input(
        "sizes",
        options=SIZES,
        default=SIZES[0],
        optional=True,
        tooltip="How pictures of several sizes come out: as one batch, cut and resized to the size of its first "
        "picture, or as a list, each in its own size, for which the nodes that follow run one by one.",
    )


class ImageQualityFilter(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_ImageQualityFilter",
            display_name="Image Quality Filter",
            category="Lorakeeper/images",
            description="Parts good pictures from spoilt ones: blurred, noisy, striped, blank, cut off, compressed.",
            search_aliases=["image quality", "filter images", "reject bad images", "blur detection", "aesthetic score"],
            is_input_list=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Image.Input("images", tooltip="The pictures to judge: a batch, or a list of any sizes."),
                io.Image.Input(
                    "reference",
                    optional=True,
                    tooltip="What the pictures are variations of. Its first picture is what similarity is measured to; "
                    "without one, similarity doesn't count.",
                ),
                profile_input(),
                *threshold_inputs(diversity=False),
                sizes_input(),
            ],
            outputs=[
                io.Image.Output(
                    "accepted",
                    is_output_list=True,
                    tooltip="The good ones, unchanged. What is connected here doesn't run where there are none.",
                ),
                io.Image.Output(
                    "rejected",
                    is_output_list=True,
                    tooltip="The others, unchanged. What is connected here doesn't run where there are none.",
                ),
                io.String.Output(
                    "scores", tooltip="The scores of each picture, and why it was rejected, as JSON text."
                ),
            ],
        )

    @classmethod
    async def execute(cls, images: list[Any], reference: list[Any] | None = None, **widgets: Any) -> io.NodeOutput:
        return io.NodeOutput(*await PictureNode(host(), cls.hidden.unique_id).judged(images, reference, widgets))


class DuplicateFilter(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Lorakeeper_DuplicateFilter",
            display_name="Duplicate Filter",
            category="Lorakeeper/images",
            description="Parts pictures that are new from those that show the same as another, even if resized, "
            "recompressed, slightly cropped or in other light.",
            search_aliases=["duplicate images", "deduplicate", "unique images", "similar images", "perceptual hash"],
            is_input_list=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Image.Input("images", tooltip="The pictures to compare: a batch, or a list of any sizes."),
                io.Combo.Input(
                    "scope",
                    options=SCOPES,
                    default=SCOPES[0],
                    optional=True,
                    tooltip="What they are compared with: each other, also everything since ComfyUI's start that was "
                    "compared in this scope, or everything ever compared in it.",
                ),
                io.Float.Input(
                    "similarity",
                    default=0.95,
                    min=0.5,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="Over which similarity two pictures are the same, where 1 is to the pixel.",
                ),
                io.Boolean.Input(
                    "mirrored",
                    default=False,
                    optional=True,
                    tooltip="Whether a picture is the same as its mirror image.",
                ),
                sizes_input(),
            ],
            outputs=[
                io.Image.Output(
                    "unique",
                    is_output_list=True,
                    tooltip="The first of each, unchanged. What is connected here doesn't run where there are none.",
                ),
                io.Image.Output(
                    "duplicates",
                    is_output_list=True,
                    tooltip="The others, unchanged. What is connected here doesn't run where there are none.",
                ),
                io.String.Output("groups", tooltip="Which pictures show the same, by their numbers, as JSON text."),
            ],
        )

    @classmethod
    async def execute(cls, images: list[Any], **widgets: Any) -> io.NodeOutput:
        return io.NodeOutput(*await PictureNode(host(), cls.hidden.unique_id).compared(images, widgets))
