"""What the nodes for pictures ask of the application, as coroutines for the server's loop, and pictures as arrays.

An array here is float32, height × width × channels, 0 to 1, as ComfyUI's images are. Channels are one of grey, three of
colour, or four with alpha.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..app import App
from ..errors import UsageError
from ..variations.filters import Judgement, Sameness, Scope, groups
from ..variations.gemini import MAX_REFERENCES
from ..variations.models import DEFAULT_MODEL
from ..variations.options import VariationOptions, thresholds_of
from ..variations.pixels import opaque
from ..variations.quality import Profile
from ..variations.requests import SAME, Variation, VariationReport, VariationRequest, VariationResult

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Values = npt.NDArray[np.float32]

AUTO = "auto"
SCOPES: Mapping[str, Scope] = {"this batch": "batch", "this session": "session", "ever": "ever"}
# The least that each threshold can be; what lies below means the profile's own.
_LEAST = {"similarity_min": -1.0, "similarity_max": -1.0}
_ALPHA = ("RGBA", "LA", "La", "RGBa", "PA")


class News(NamedTuple):
    """How far a node is, 0 to 1, and the line that it shows."""

    share: float
    line: str


Tell = Callable[[News], None]


class Row(Protocol):
    """Pictures that are made one by one, as they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Image]: ...


def single(inputs: Mapping[str, Sequence[Any] | None]) -> dict[str, Any]:
    """The values of the widgets of a node that takes lists; what was left out is left out.

    Raises UsageError where one gets several: the node runs once, so it could only take the first.
    """
    found = {}
    for name, values in inputs.items():
        if values and len(values) > 1:
            raise UsageError(f"Give one value to {name}, not a list of {len(values)}.")
        if values and values[0] is not None:
            found[name] = values[0]
    return found


# -- Variations --------------------------------------------------------------------------------------------------------


async def vary(app: App, images: Row, wanted: Mapping[str, Any], tell: Tell) -> VariationResult:
    """``wanted`` are the arguments of :func:`request_of`."""
    request = await asyncio.to_thread(request_of, images, **wanted)

    def follow(report: VariationReport, _: Variation | None) -> None:
        tell(News(report.successful / report.requested, variations_line(report)))

    return await app.variations.process(request, follow)


def request_of(
    images: Row,
    *,
    prompt: str = "",
    count: int = 4,
    model: str = DEFAULT_MODEL,
    aspect_ratio: str = AUTO,
    size: str = AUTO,
    seed: int = 0,
    temperature: float = -1.0,
    system_instruction: str = "",
    profile: Profile = "calibrated",
    attempts: int = 3,
    budget: float = 0.0,
    fallback: bool = False,
    adaptive: bool = False,
    use_cache: bool = True,
    other_model: str = "",
    **limits: float,
) -> VariationRequest:
    """What a node's widgets ask for, whose signs for what was left open are none of the request's. Blocking."""
    if len(images) > MAX_REFERENCES:
        raise UsageError(f"Up to {MAX_REFERENCES} images can be sent along, not {len(images)}.")
    wanted = {
        "prompt": prompt,
        "count": count,
        "model": other_model.strip() or model,
        "aspect_ratio": None if aspect_ratio == AUTO else aspect_ratio,
        "size": None if size == AUTO else size,
        "seed": seed,
        "temperature": None if temperature < 0 else temperature,
        "system_instruction": system_instruction.strip() or None,
        "profile": profile,
        "thresholds": _given(limits),
        "attempts": attempts,
        "budget": budget or None,
        "fallback": fallback,
        "adaptive": adaptive,
        "use_cache": use_cache,
    }
    return VariationOptions.of(wanted).request([*images])


def _given(limits: Mapping[str, float]) -> dict[str, float]:
    """Those that are set, by their names."""
    return {name: value for name, value in limits.items() if value >= _LEAST.get(name, 0.0)}


def variations_line(report: VariationReport) -> str:
    """Such as ``3 of 4 accepted, 2 rejected, about $0.20``."""
    parts = [f"{report.successful} of {report.requested} accepted"]
    if report.rejected:
        parts.append(f"{report.rejected} rejected")
    if report.failed:
        parts.append(f"{report.failed} failed")
    if report.from_cache:
        parts.append(f"{report.from_cache} from the cache")
    cost = report.estimated_cost
    if report.attempts:
        parts.append("price unknown" if cost is None else f"about ${cost:.2f}")
    return ", ".join(parts)


def variations_said(report: VariationReport) -> str:
    """The line at the end, and why it is not all that was wanted."""
    lines = [variations_line(report)]
    if report.successful < report.requested:
        lines += dict.fromkeys([report.stopped, *report.problems])
    if not report.successful:
        lines.append("Nothing was accepted, so what is connected to accepted doesn't run.")
    return "\n".join(lines)


def variation_scores(result: VariationResult) -> str:
    """JSON of all pictures, in the order in which they came."""
    every = sorted([*result.accepted, *result.rejected], key=lambda each: each.number)
    return as_json([each.score().model_dump(mode="json") for each in every])


# -- Filters -----------------------------------------------------------------------------------------------------------


async def judge(app: App, images: Row, reference: Row, wanted: Mapping[str, Any], tell: Tell) -> list[Judgement]:
    """``wanted`` are a profile and limits, as for :func:`request_of`."""
    profile: Profile = wanted.get("profile", "calibrated")
    limits = {name: value for name, value in wanted.items() if name != "profile"}
    original = await asyncio.to_thread(lambda: next(iter(reference), None))
    return await app.filters.judge(
        images,
        original,
        profile=profile,
        thresholds=thresholds_of(profile, _given(limits)),
        progress=_counted(images, tell),
    )


async def compare(app: App, images: Row, wanted: Mapping[str, Any], tell: Tell) -> list[Sameness]:
    """``wanted``: scope, similarity and mirrored."""
    scope: Any = wanted.get("scope", "this batch")
    return await app.filters.compare(
        images,
        scope=SCOPES.get(scope, scope),
        same=wanted.get("similarity", SAME),
        mirrored=wanted.get("mirrored", False),
        progress=_counted(images, tell),
    )


def _counted(images: Row, tell: Tell) -> Callable[[int], None]:
    total = len(images)
    return lambda done: tell(News(done / total, f"{done} of {total} looked at"))


def judgement_scores(judged: Sequence[Judgement]) -> str:
    return as_json(
        [
            {
                "number": each.place,
                "accepted": each.accepted,
                "reasons": each.reasons,
                "scores": dict(each.metrics) if each.metrics else {},
            }
            for each in judged
        ]
    )


def sameness_text(found: Sequence[Sameness]) -> str:
    """JSON: the groups of pictures that show the same, by their numbers from 0, and of each duplicate what it is one
    of, null where that was seen in an earlier run."""
    duplicates = [
        {"number": each.place, "of": each.of, "similarity": each.similarity, "mirrored": each.mirrored}
        for each in found
        if not each.is_new
    ]
    return as_json({"groups": groups(found), "duplicates": duplicates})


def as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


# -- Arrays ------------------------------------------------------------------------------------------------------------


def picture(values: Values) -> Image:
    """Grey, RGB or RGBA, as the channels are. What is no number is black."""
    import numpy as np
    from PIL import Image as Images

    levels = np.rint(_sound(values) * 255).astype(np.uint8)
    return Images.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def values_of(image: Image) -> Values:
    """Three channels, or four where the picture has alpha."""
    import numpy as np

    levels = np.asarray(image.convert("RGBA") if _has_alpha(image) else opaque(image), np.float32)
    values: Values = levels / np.float32(255)
    return values


def has_alpha(content: bytes) -> bool:
    """Whether an image file has alpha, by its header."""
    from PIL import Image as Images

    with Images.open(io.BytesIO(content)) as image:
        return _has_alpha(image)


def _has_alpha(image: Image) -> bool:
    return image.mode in _ALPHA or "transparency" in image.info


def resized(values: Values, width: int, height: int) -> Values:
    """``values`` at that size, by Lanczos: what stands over on two sides is cut off, so that nothing is stretched.

    Where there is alpha, colours count by it: what can't be seen doesn't shine through at the edges.
    """
    import numpy as np
    from PIL import Image as Images

    high, wide, channels = values.shape
    share = min(wide / width, high / height)
    left, top = max(0.0, (wide - width * share) / 2), max(0.0, (high - height * share) / 2)
    box = (left, top, wide - left, high - top)
    if channels == 4:
        values = np.concatenate([values[..., :3] * values[..., 3:], values[..., 3:]], axis=-1)
    planes = [
        np.asarray(
            Images.fromarray(np.ascontiguousarray(values[..., channel], np.float32)).resize(
                (width, height), Images.Resampling.LANCZOS, box
            )
        )
        for channel in range(channels)
    ]
    found = np.stack(planes, axis=-1)
    if channels == 4:
        alpha = found[..., 3:]
        found = np.concatenate([found[..., :3] / np.where(alpha > 1e-4, alpha, 1.0), alpha], axis=-1)
    return _sound(found)


def _sound(values: npt.NDArray[Any]) -> Values:
    """Within 0 and 1; what is no number is 0."""
    import numpy as np

    numbers = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    sound: Values = np.clip(numbers, 0.0, 1.0).astype(np.float32, copy=False)
    return sound
