"""What is asked for when variations are, and what comes of it."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ..errors import UsageError
from .models import DEFAULT_MODEL, ModelChoice
from .outcomes import Picture
from .quality import Metrics, Profile, Thresholds

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 100
MOST_ATTEMPTS = 10
PROMPT = "Make a variation of this image: keep what it shows and its style, and change the rest."
SAME = 0.95  # the similarity over which two pictures are one


@dataclass(frozen=True)
class VariationRequest:
    """``images`` are references, and the first is what variations are measured against; without any, pictures are made
    from words alone.

    ``attempts`` is for each variation: ``count`` times that many requests are sent at most. ``budget`` is in US
    dollars, None for no limit. ``fallbacks`` are asked where ``model`` can't. ``keep``: what is kept from before is
    used, and what is made now is kept.
    """

    prompt: str
    images: tuple[Image, ...] = ()
    count: int = 4
    model: str = DEFAULT_MODEL
    aspect_ratio: str | None = None
    size: str | None = None
    temperature: float | None = None
    system_instruction: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)
    fallbacks: tuple[ModelChoice, ...] = ()
    profile: Profile = "calibrated"
    thresholds: Thresholds | None = None
    same: float = SAME
    attempts: int = 3
    budget: float | None = None
    adaptive: bool = False
    keep: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise UsageError(f"Between 1 and {MOST} variations can be asked for.")
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise UsageError(f"Between 1 and {MOST_ATTEMPTS} attempts can be made for each variation.")
        if self.budget is not None and not (math.isfinite(self.budget) and self.budget > 0):
            raise UsageError("A budget must be more than 0 US dollars.")
        if not (self.prompt.strip() or self.images):
            raise UsageError("Give an image, a prompt, or both.")


@dataclass(frozen=True)
class Variation:
    """One picture as Gemini made it. ``reasons`` say why it was rejected, none if it was accepted. ``metrics`` is None
    for one that could not be judged. ``number`` counts the pictures of a run from 0."""

    number: int
    picture: Picture
    metrics: Metrics | None
    reasons: tuple[str, ...]
    model: str
    from_cache: bool

    @property
    def accepted(self) -> bool:
        return not self.reasons

    def image(self) -> Image:
        """The picture decoded, with its alpha. Blocking."""
        from PIL import Image as Images

        image = Images.open(io.BytesIO(self.picture.content))
        image.load()
        return image

    def score(self) -> VariationScore:
        return VariationScore(
            number=self.number,
            accepted=self.accepted,
            reasons=list(self.reasons),
            scores=dict(self.metrics) if self.metrics else {},
            width=self.picture.width,
            height=self.picture.height,
            mime=self.picture.mime,
            model=self.model,
            from_cache=self.from_cache,
        )


class VariationScore(BaseModel):
    """What is said of a :class:`Variation`. ``scores`` are the metrics by their names, 0 to 1."""

    number: int
    accepted: bool
    reasons: list[str]
    scores: dict[str, float]
    width: int
    height: int
    mime: str
    model: str
    from_cache: bool


class VariationReport(BaseModel):
    """``successful`` variations of ``requested`` were accepted and ``rejected`` ones weren't; ``failed`` counts what
    brought no picture, however often it was tried; ``attempts`` are requests sent. ``estimated_cost`` is in US dollars,
    None where a price isn't known. ``stopped`` says why it ended; ``problems`` are sentences, each once."""

    requested: int
    successful: int = 0
    rejected: int = 0
    failed: int = 0
    from_cache: int = 0
    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated_cost: float | None = 0.0
    seconds: float = 0.0
    models: list[str] = []
    rephrased: int = 0
    problems: list[str] = []
    quality_changes: list[str] = []
    stopped: str = ""


@dataclass(frozen=True)
class VariationResult:
    """All pictures in the order in which they came."""

    accepted: tuple[Variation, ...]
    rejected: tuple[Variation, ...]
    report: VariationReport
