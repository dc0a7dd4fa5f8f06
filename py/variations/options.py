"""What may be asked for besides the images, as pages and plans write it: one shape for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from .models import DEFAULT_MODEL, fallbacks_for
from .quality import CALIBRATED, CLASSIC, Profile
from .requests import MOST, MOST_ATTEMPTS, VariationRequest

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_LETTERS = 20_000
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Similarity = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class ThresholdChanges(BaseModel):
    """What an acceptable picture must reach, where it shall not be what the profile says."""

    model_config = ConfigDict(extra="forbid")

    similarity_min: _Similarity | None = None
    similarity_max: _Similarity | None = None
    diversity: _Share | None = None
    aesthetic: _Share | None = None
    object_integrity: _Share | None = None
    overall: _Share | None = None


class VariationOptions(BaseModel):
    """The fields of a VariationRequest that are no images. What is null is left to the model. ``fallback`` asks other
    models where this one can't; ``use_cache`` takes what is kept from before, and keeps what is made."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    prompt: str = Field("", max_length=MOST_LETTERS)
    count: int = Field(4, ge=1, le=MOST)
    model: str = Field(DEFAULT_MODEL, min_length=1, max_length=120)
    fallback: bool = False
    aspect_ratio: str | None = Field(None, max_length=20)
    size: str | None = Field(None, max_length=20)
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    system_instruction: str | None = Field(None, max_length=MOST_LETTERS)
    seed: int | None = Field(None, ge=0, le=2**31 - 1)
    profile: Profile = "calibrated"
    thresholds: ThresholdChanges | None = None
    attempts: int = Field(3, ge=1, le=MOST_ATTEMPTS, description="For each variation.")
    budget: float | None = Field(None, gt=0, allow_inf_nan=False, description="US dollars, for all of it.")
    adaptive: bool = False
    use_cache: bool = True

    def request(self, images: Sequence[Image]) -> VariationRequest:
        """Raises UsageError for what makes no sense together."""
        thresholds = None
        if self.thresholds and (changes := self.thresholds.model_dump(exclude_none=True)):
            thresholds = replace(CLASSIC if self.profile == "classic" else CALIBRATED, **changes)
        return VariationRequest(
            prompt=self.prompt,
            images=tuple(images),
            count=self.count,
            model=self.model,
            aspect_ratio=self.aspect_ratio,
            size=self.size,
            temperature=self.temperature,
            system_instruction=self.system_instruction,
            extra={} if self.seed is None else {"seed": self.seed},
            fallbacks=fallbacks_for(self.model) if self.fallback else (),
            profile=self.profile,
            thresholds=thresholds,
            attempts=self.attempts,
            budget=self.budget,
            adaptive=self.adaptive,
            keep=self.use_cache,
        )
