"""The image models of the day, as data, and what a request to one of them holds.

Names come and go within months: an unknown one is sent as it is. Prices are the site's list prices in US dollars when
this was written, so costs computed from them are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .outcomes import BadRequest, Outcome, Overload, Picture, Quota, TextOnly, TimedOut, Unusable, Usage

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_MORE_RATIOS = (*_RATIOS, "1:4", "4:1", "1:8", "8:1")
_MILLION = 1_000_000


@dataclass(frozen=True)
class ImageModel:
    """``image_usd`` is the price of one image by size, its first size being what an unset size means.

    ``input_usd`` is the price of a million tokens in. ``references`` is how many images may be sent along.
    """

    name: str
    label: str
    image_usd: Mapping[str, float] = field(hash=False)
    input_usd: float
    references: int
    aspect_ratios: tuple[str, ...] = _RATIOS

    @property
    def sizes(self) -> tuple[str, ...]:
        return tuple(self.image_usd)


MODELS: tuple[ImageModel, ...] = (
    ImageModel("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", {"1K": 0.039}, 0.30, 3),
    ImageModel(
        "gemini-3.1-flash-image",
        "Gemini 3.1 Flash Image",
        {"1K": 0.067, "512": 0.045, "2K": 0.101, "4K": 0.151},
        0.50,
        14,
        _MORE_RATIOS,
    ),
    ImageModel("gemini-3.1-flash-lite-image", "Gemini 3.1 Flash Lite Image", {"1K": 0.0336}, 0.25, 14, _MORE_RATIOS),
    ImageModel("gemini-3-pro-image", "Gemini 3 Pro Image", {"1K": 0.134, "2K": 0.134, "4K": 0.24}, 2.0, 14, _RATIOS),
)
DEFAULT_MODEL = "gemini-3.1-flash-image"


def bare(name: str) -> str:
    """A model's name without the ``models/`` that the site's own list puts before it."""
    return name.strip().removeprefix("models/")


def find_model(name: str) -> ImageModel | None:
    """The model of that name, a preview counting as what it becomes. None where it is not known here."""
    wanted = bare(name).removesuffix("-preview")
    return next((model for model in MODELS if model.name == wanted), None)


def estimated_cost(name: str, size: str | None, images: int, usage: Usage) -> float | None:
    """US dollars for one answer with that many images, None for an unknown model or size.

    Text and thinking that come with an image cost little and are not counted; an answer without any image costs what
    was sent.
    """
    model = find_model(name)
    if model is None:
        return None
    price = model.image_usd.get(size or model.sizes[0])
    if price is None:
        return None
    return images * price + usage.tokens_in * model.input_usd / _MILLION


@dataclass(frozen=True)
class GeminiRequest:
    """One question. What is None is left to the model.

    ``extra`` holds more parameters by google-genai's names, of those that gemini.EXTRAS has, such as ``seed``.
    """

    prompt: str
    model: str = DEFAULT_MODEL
    images: tuple[Picture, ...] = ()
    aspect_ratio: str | None = None
    size: str | None = None
    temperature: float | None = None
    system_instruction: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class ModelChoice:
    """A model to fall back to, with its own parameters: what is None is left to it, not taken from the request."""

    model: str
    aspect_ratio: str | None = None
    size: str | None = None
    temperature: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)

    def applied_to(self, request: GeminiRequest) -> GeminiRequest:
        return replace(
            request,
            model=self.model,
            aspect_ratio=self.aspect_ratio,
            size=self.size,
            temperature=self.temperature,
            extra=self.extra,
        )


FALLBACKS = ("gemini-3.1-flash-image", "gemini-2.5-flash-image")


def fallbacks_for(own: ModelChoice, names: Sequence[str] = FALLBACKS) -> tuple[ModelChoice, ...]:
    """Which models are to be tried after ``own``, with its parameters as far as they are known to have them."""
    return tuple(_like(own, name) for name in names if bare(name) != bare(own.model))


def _like(own: ModelChoice, name: str) -> ModelChoice:
    known = find_model(name)
    if known is None:
        return replace(own, model=name)
    size = own.size if own.size in known.sizes else None
    ratio = own.aspect_ratio if own.aspect_ratio in known.aspect_ratios else None
    return replace(own, model=name, size=size, aspect_ratio=ratio)


def may_help(outcome: Outcome) -> bool:
    """Whether another model may do what this one didn't: where it is missing, its quota used up or it is in trouble,
    or where it made no image. Not where the key, the content or the network is the trouble."""
    if isinstance(outcome, BadRequest):
        return outcome.no_model
    return isinstance(outcome, (Quota, Overload, TimedOut, TextOnly, Unusable))


def is_image_model(name: str) -> bool:
    """Whether a model of the site's list makes images, as far as its name tells. Imagen speaks another language."""
    lower = bare(name).casefold()
    return (lower.startswith("gemini") and "image" in lower) or "nano-banana" in lower
