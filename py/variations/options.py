"""What may be asked for besides the images: one shape for pages, plans, nodes and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import UsageError
from .models import DEFAULT_MODEL, FALLBACKS, ModelChoice, fallbacks_for
from .quality import CALIBRATED, CLASSIC, Profile, Thresholds
from .requests import MOST, MOST_ATTEMPTS, SAME, VariationRequest

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


THRESHOLDS = tuple(ThresholdChanges.model_fields)


class VariationOptions(BaseModel):
    """The fields of a VariationRequest that are no images. What is null is left to the model. ``fallback`` asks other
    models where this one can't: the usual ones, or those named; ``use_cache`` takes what is kept from before, and keeps
    what is made."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    prompt: str = Field("", max_length=MOST_LETTERS)
    count: int = Field(4, ge=1, le=MOST)
    model: str = Field(DEFAULT_MODEL, min_length=1, max_length=120)
    fallback: bool | list[Annotated[str, Field(min_length=1, max_length=120)]] = False
    aspect_ratio: str | None = Field(None, max_length=20)
    size: str | None = Field(None, max_length=20)
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    system_instruction: str | None = Field(None, max_length=MOST_LETTERS)
    seed: int | None = Field(None, ge=0, le=2**31 - 1)
    profile: Profile = "calibrated"
    thresholds: ThresholdChanges | None = None
    same: float = Field(SAME, ge=-1, le=1, allow_inf_nan=False, description="Over it two pictures are one.")
    attempts: int = Field(3, ge=1, le=MOST_ATTEMPTS, description="For each variation.")
    budget: float | None = Field(None, gt=0, allow_inf_nan=False, description="US dollars, for all of it.")
    adaptive: bool = False
    use_cache: bool = True

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> VariationOptions:
        """Raises UsageError for a value that can't be."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0]) if first["loc"] else "That"
            raise UsageError(f"{name} can't be {str(first['input'])[:80]!r}: {first['msg'].lower()}.") from None

    def request(self, images: Sequence[Image]) -> VariationRequest:
        """Raises UsageError for what makes no sense together."""
        own = ModelChoice(
            self.model,
            self.aspect_ratio,
            self.size,
            self.temperature,
            {} if self.seed is None else {"seed": self.seed},
        )
        others = self.fallback if isinstance(self.fallback, list) else FALLBACKS if self.fallback else ()
        return VariationRequest(
            prompt=self.prompt,
            images=tuple(images),
            count=self.count,
            model=own.model,
            aspect_ratio=own.aspect_ratio,
            size=own.size,
            temperature=own.temperature,
            system_instruction=self.system_instruction,
            extra=own.extra,
            fallbacks=fallbacks_for(own, others),
            profile=self.profile,
            thresholds=thresholds_of(self.profile, self.thresholds.model_dump() if self.thresholds else {}),
            same=self.same,
            attempts=self.attempts,
            budget=self.budget,
            adaptive=self.adaptive,
            keep=self.use_cache,
        )


def thresholds_of(profile: Profile, changes: Mapping[str, float | None]) -> Thresholds | None:
    """The profile's thresholds with those ``changes`` that are given, by their names; None where none is. Raises
    UsageError."""
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(CLASSIC if profile == "classic" else CALIBRATED, **given) if given else None  # type: ignore[arg-type]
