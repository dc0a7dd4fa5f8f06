"""What is remembered of an event: figures and names, never a prompt, a picture, a key, a path or what was searched for.

Each topic of the stream has one reader here; what none reads is not remembered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import combinations
from operator import itemgetter
from typing import Any, NamedTuple

from ..events import Event

HASH = 16  # digits of a SHA256 by which a model is known
_LONGEST = 200
_PAIRED = 12  # models of one prompt that are taken for pairs
_CAME = {"installed", "quarantined"}
_RAN = {"installed", "owned", "quarantined", "failed", "cancelled"}


class Part(NamedTuple):
    """Something that an event has several of, each with figures of its own."""

    dimension: str
    label: str
    times: int = 0
    size: int = 0
    seconds: float = 0.0
    amount: float = 0.0


class Record(NamedTuple):
    """``at`` in Unix seconds, ``size`` in bytes; of a prompt it is how many pairs its models make. ``amount`` is a
    search's results, a prompt's models, a run's cost in US dollars, a scan's files. ``labels`` is what all of it
    belongs to, JSON of ``[[dimension, label], …]``: as one text, made once for all that are alike, it is hashed,
    compared and written in no time."""

    at: float
    kind: str
    outcome: str
    size: int = 0
    seconds: float = 0.0
    amount: float = 0.0
    labels: str = "[]"
    parts: tuple[Part, ...] = ()


def read(event: Event, at: float) -> Record | None:
    """What to remember of ``event``, which was heard ``at``."""
    reader = _READERS.get(event.topic)
    return reader(event.subject, event.data, at) if reader else None


def is_read(event: Event) -> bool:
    """Whether there may be anything to remember; quick."""
    return event.final and event.topic in _READERS


def _download(_: str, data: Mapping[str, Any], at: float) -> Record | None:
    get = data.get
    state = get("state")
    if state not in _RAN:
        return None
    cause = get("cause") if state == "failed" else None
    labels = _labels(_DOWNLOAD, get("host"), get("kind"), get("base_model"), cause)
    # Of one that failed they are counted with its next try, which goes on from there.
    held, seconds = (get("held"), _number(get("seconds"))) if state in _CAME else ({}, 0.0)
    parts = tuple([Part("held", _text(name), seconds=_number(spent)) for name, spent in held.items()]) if held else ()
    size = 0 if state == "owned" else int(_number(get("received")))
    return Record(at, "download", state, size, seconds, 0.0, labels, parts)


_DOWNLOAD = ("host", "model_kind", "base_model", "cause")


def _search(subject: str, data: Mapping[str, Any], at: float) -> Record:
    get = data.get
    labels = _labels(("source", "cause"), get("source") or subject, get("cause"))
    outcome = _text(get("outcome") or "ok")
    return Record(at, "search", outcome, 0, _number(get("seconds")), _number(get("results")), labels)


def _security(_: str, data: Mapping[str, Any], at: float) -> Record | None:
    verdict, became = data.get("verdict"), data.get("became")
    labels = _labels(("source", "format", "became"), data.get("source"), data.get("format"), became)
    return Record(at, "security", _text(verdict or became), 0, 0.0, 0.0, labels) if verdict or became else None


def _performance(_: str, data: Mapping[str, Any], at: float) -> Record:
    labels = _labels(("mode", "why"), data.get("mode"), data.get("why"))
    return Record(at, "performance", _text(data.get("condition")), 0, 0.0, _number(data.get("after")), labels)


def _use(_: str, data: Mapping[str, Any], at: float) -> Record:
    models, pairs, labels = _used(tuple(map(_FACTS, data["contents"])))
    return Record(at, "use", "ran", pairs, 0.0, models, labels)


_FACTS = itemgetter("sha256", "name", "family", "base_model", "creator")


@lru_cache(1000)  # the same models are used again and again
def _used(contents: tuple[tuple[str | None, ...], ...]) -> tuple[int, int, str]:
    """How many models and pairs of them there are, and the labels of their prompt."""
    names = sorted({_content(sha256, name) for sha256, name, *_ in contents})
    pairs = [("pair", f"{one} {other}") for one, other in combinations(names[:_PAIRED], 2)]
    labels = [*(("model", name) for name in names), *pairs]
    for place, dimension in enumerate(("family", "base_model", "creator"), 2):
        labels += [(dimension, text) for text in sorted({_text(each[place]) for each in contents} - {""})]
    return len(names), len(pairs), _json(labels)


def _variation(_: str, data: Mapping[str, Any], at: float) -> Record | None:
    report = data.get("report")
    if not isinstance(report, Mapping):
        return None
    cost, models = _number(report.get("estimated_cost")), sorted({_text(each) for each in report.get("models") or ()})
    counts = {"accepted": "successful", "rejected": "rejected", "failed": "failed", "cached": "from_cache"}
    parts = [
        Part("verdict", name, count) for name, field in counts.items() if (count := int(_number(report.get(field))))
    ]
    # Where several took part, what each has cost isn't known.
    parts += [Part("gemini", name, 1, amount=cost / len(models)) for name in models]
    return Record(
        at, "variation", _text(data.get("state")), 0, _number(report.get("seconds")), cost, parts=tuple(parts)
    )


def _filter(subject: str, data: Mapping[str, Any], at: float) -> Record:
    looked, good = int(_number(data.get("looked"))), int(_number(data.get("good")))
    parts = tuple(Part("verdict", name, count) for name, count in (("good", good), ("not", looked - good)) if count > 0)
    return Record(at, "filter", _text(subject), 0, _number(data.get("seconds")), looked, parts=parts)


def _scan(subject: str, data: Mapping[str, Any], at: float) -> Record:
    return Record(at, "scan", _text(subject), 0, _number(data.get("seconds")), _number(data.get("files")))


def _error(_: str, data: Mapping[str, Any], at: float) -> Record:
    return Record(at, "error", _text(data.get("where")), labels=_labels(("cause",), data.get("cause")))


_READERS: dict[str, Callable[[str, Mapping[str, Any], float], Record | None]] = {
    "item": _download,
    "search": _search,
    "security": _security,
    "performance": _performance,
    "use": _use,
    "variation": _variation,
    "filter": _filter,
    "scan": _scan,
    "error": _error,
}


def _content(sha256: str | None, name: str | None) -> str:
    """A model is its content, of whose hash the beginning is enough; one that has not been read yet its name. Without
    spaces, which part the two of a pair."""
    return _text(sha256)[:HASH] or f"name:{_text(name)}".replace(" ", "_")


@lru_cache(1000)
def _labels(names: tuple[str, ...], *values: str | None) -> str:
    return _json([(name, text) for name, value in zip(names, values, strict=True) if (text := _text(value))])


def _json(labels: list[tuple[str, str]]) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


@lru_cache(10_000)
def _text(value: object) -> str:
    """One line, of a length that a label may have; surrogates, which no database takes, are replaced."""
    if value is None:
        return ""
    text = " ".join(str(value).split())[:_LONGEST]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _number(value: object) -> float:
    """A figure that can be added up; 0 for what is none."""
    if isinstance(value, (int, float)) and 0 <= value < 1e15:
        return value
    return 0.0
