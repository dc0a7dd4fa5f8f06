"""What a model file says of itself, as it is kept: small, plain, and checked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from .families import reconciled

Format = Literal["safetensors", "gguf", "other"]
Component = Literal[
    "checkpoint",
    "diffusion_model",
    "text_encoder",
    "vae",
    "lora",
    "embedding",
    "controlnet",
    "upscaler",
    "clip_vision",
]
Network = Literal["LoRA", "LoCon", "LoHa", "LoKr", "DoRA", "OFT", "BOFT", "IA3", "Full/diff", "GLoRA"]


class TagCount(BaseModel):
    """A tag of the training pictures, and how many of them have it."""

    tag: str
    count: int


class Header(BaseModel):
    """A model file's own words, and what its tensors' names and shapes tell.

    ``base_model`` is what the trainer wrote, in the site's words, unless the tensors say otherwise; ``architecture`` is
    the family that the tensors tell.
    ``words`` are trigger words that somebody declared, each entry one comma-joined set; ``suggestions`` are guesses
    from the training, best first. ``embedded`` are hashes that the file states, which nobody checked.
    """

    format: Format
    component: Component | None = None
    base_model: str | None = None
    architecture: str | None = None
    network: Network | None = None
    rank: int | None = None
    alpha: float | None = None
    tensors: int = 0
    parameters: int = 0
    dtype: str | None = None
    title: str | None = None
    author: str | None = None
    description: str | None = None
    resolution: str | None = None
    images: int = 0
    tags: list[TagCount] = []
    words: list[str] = []
    suggestions: list[str] = []
    embedded: dict[str, str] = {}
    metadata: dict[str, str] = {}

    def family(self) -> str | None:
        """The one key that two models must share to fit each other, such as ``sdxl``; None where nothing tells."""
        return reconciled(self.base_model, self.architecture)
