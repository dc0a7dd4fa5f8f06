"""The parts of a summary that are counted, not judged: downloads, usage, storage, variations, security."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import JsonValue

from .history import AMOUNT, COUNT, SECONDS, SIZE, History, Label
from .stock import Stock
from .summary import (
    Action,
    Downloads,
    Duplicates,
    Failure,
    Pair,
    Security,
    Share,
    Storage,
    Unused,
    Usage,
    Variations,
)
from .words import Words

_SHOWN = 10
_HELD = ("network", "disk", "cpu", "site")
_JUDGED = 60.0  # seconds of downloads from which on it can be told what held them up
_MAIN = 0.4  # the share of the time from which on it was the main thing

ShareT = TypeVar("ShareT", bound=Share)


def downloads(history: History, words: Words) -> Downloads:
    def count(*outcomes: str) -> int:
        return int(history.days("download", *outcomes).sum())

    size = int(history.days("download", figure=SIZE).sum())
    seconds = float(history.days("download", figure=SECONDS).sum())
    here = ("installed", "quarantined")
    fetched = float(history.days("download", *here, figure=SIZE).sum())
    spent = float(history.days("download", *here, figure=SECONDS).sum())
    held = shares(history.of("download", "held"), SECONDS, lambda key: words(f"analytics.held.{key}"), known=_HELD)
    main = held[0] if held and sum(each.value for each in held) >= _JUDGED and held[0].share >= _MAIN else None
    causes = history.of("download", "cause", "failed")
    return Downloads(
        files=count("installed"),
        owned=count("owned"),
        quarantined=count("quarantined"),
        failed=count("failed"),
        cancelled=count("cancelled"),
        bytes=size,
        seconds=seconds,
        rate=fetched / spent if spent else None,
        hosts=shares(history.of("download", "host", *here), SIZE, of=_whole(history, "download", *here, figure=SIZE)),
        failures=[
            Failure(**dict(each), hint=_or_nothing(words, f"analytics.hint.{each.key}"))
            for each in shares(causes, COUNT, lambda key: cause(key, words), of=_whole(history, "download", "failed"))
        ],
        held=held,
        bottleneck=main and words(f"analytics.bottleneck.{main.key}", share=words.percent(main.share)),
    )


def usage(history: History, names: Mapping[str, str], pairs: Sequence[Pair], words: Words) -> Usage:
    prompts = int(history.days("use").sum())
    rhythm = [[0] * 24 for _ in range(7)]
    weekday = history.span.since.weekday()
    for number, hours in enumerate(history.hours):
        row = rhythm[(weekday + number) % 7]
        for hour, times in enumerate(hours):
            row[hour] += int(times)
    models = [Label(label, (times, 0.0, 0.0, 0.0), (0.0,) * 4) for label, times in history.models[:_SHOWN]]
    return Usage(
        prompts=prompts,
        searches=int(history.days("search").sum()),
        rhythm=rhythm if history.hours.any() else [],
        base_models=_used(history, "base_model", words),
        families=_used(history, "family", words),
        creators=_used(history, "creator", words),
        models=shares(
            models,
            COUNT,
            lambda key: names[key],
            of=(prompts, None),
            action=lambda key: models_action(words, {"query": names[key]}),
        ),
        together=list(pairs),
    )


def _used(history: History, dimension: str, words: Words) -> list[Share]:
    """In how many of the prompts these were; several can be in one."""
    return shares(
        history.of("use", dimension),
        COUNT,
        of=_whole(history, "use"),
        action=lambda key: models_action(words, {dimension: [key]}),
    )


def storage(stock: Stock, words: Words) -> Storage:
    def of(sizes: Mapping[str, float], label: Callable[[str], str], field: str) -> list[Share]:
        labels = [Label(key, (0.0, size, 0.0, 0.0), (0.0,) * 4) for key, size in sizes.items()]
        return shares(labels, SIZE, label, action=lambda key: models_action(words, {field: [key]}), most=_SHOWN + 10)

    unused = Unused(
        days=stock.unused_days,
        watched=stock.watched,
        files=stock.unused_files,
        bytes=stock.unused_bytes,
        kinds=of(stock.unused_kinds, lambda key: kind(key, words), "kind"),
    )
    return Storage(
        files=stock.files,
        bytes=stock.bytes,
        missing=stock.missing,
        broken=stock.broken,
        kinds=of(stock.kinds, lambda key: kind(key, words), "kind"),
        base_models=of(stock.base_models, lambda key: key or words("analytics.unknown"), "base_model"),
        unused=unused,
        duplicates=Duplicates(contents=stock.copied, files=stock.copies, bytes=stock.copies_bytes),
        freed=stock.freed,
    )


def variations(history: History) -> Variations:
    verdicts = {each.label: int(each.now[COUNT]) for each in history.of("variation", "verdict")}
    cost = float(history.days("variation", figure=AMOUNT).sum())
    accepted = verdicts.get("accepted", 0)
    return Variations(
        runs=int(history.days("variation").sum()),
        accepted=accepted,
        rejected=verdicts.get("rejected", 0),
        from_cache=verdicts.get("cached", 0),
        cost=cost,
        each=cost / accepted if accepted else None,
        models=shares(history.of("variation", "gemini"), AMOUNT, of=_whole(history, "variation", figure=AMOUNT)),
    )


def security(history: History) -> Security:
    def count(outcome: str) -> int:
        return int(history.days("security", outcome).sum())

    safe, unverifiable, dangerous = count("safe"), count("unverifiable"), count("dangerous")
    return Security(
        scanned=safe + unverifiable + dangerous,
        safe=safe,
        unverifiable=unverifiable,
        dangerous=dangerous,
        sources=shares(history.of("security", "source", "dangerous"), COUNT),
    )


def errors(history: History, words: Words) -> list[Share]:
    return shares(history.of("error", "cause"), COUNT, lambda key: cause(key, words))


def shares(
    labels: Iterable[Label],
    figure: int,
    label: Callable[[str], str] = str,
    *,
    of: tuple[float, float | None] | None = None,
    action: Callable[[str], Action] | None = None,
    known: Sequence[str] | None = None,
    most: int = _SHOWN,
) -> list[Share]:
    """The largest of ``labels``, or of those that are ``known``, with their share ``of`` the whole, now and in the
    period before; without it in all of them."""
    labels = [each for each in labels if known is None or each.label in known]
    whole, earlier = of or (sum(each.now[figure] for each in labels), None)
    largest = sorted((each for each in labels if each.now[figure]), key=lambda each: (-each.now[figure], each.label))
    return [
        Share(
            key=each.label,
            label=label(each.label),
            value=each.now[figure],
            share=each.now[figure] / whole,
            before=each.before[figure] / earlier if earlier else None,
            action=action(each.label) if action else None,
        )
        for each in largest[:most]
    ]


def _whole(history: History, kind: str, *outcomes: str, figure: int = COUNT) -> tuple[float, float | None]:
    """All of a kind in the period and, if that was recorded, in the one before."""
    earlier = float(history.days(kind, *outcomes, figure=figure, earlier=True).sum())
    return float(history.days(kind, *outcomes, figure=figure).sum()), earlier if history.has_before else None


def kind(key: str, words: Words) -> str:
    """The kind of a model folder in words; one's own folders have no others."""
    return words(f"kind.{key}") if words.has(f"kind.{key}") else key or words("analytics.unknown")


def cause(key: str, words: Words) -> str:
    """Why something failed, told from the class of its error."""
    name = f"analytics.cause.{key}"
    return words(name) if words.has(name) else words("analytics.cause.other")


def _or_nothing(words: Words, key: str) -> str:
    return words(key) if words.has(key) else ""


def models_action(words: Words, query: dict[str, JsonValue]) -> Action:
    """Shows the models that the library finds so."""
    return Action(label=words("analytics.action.show_models"), view="library", query=query)
