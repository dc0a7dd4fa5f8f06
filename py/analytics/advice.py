"""What the user could do, each told from figures and with the place where it can be done."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from .stock import Stock
from .summary import Action, Recommendation, Summary
from .words import Words

Data = dict[str, JsonValue]

_GB = 1 << 30
_FEW_FAILURES, _MANY_FAILURES = 3, 0.1
_SITE, _DISK = 0.2, 0.4
_PICTURES, _REJECTED = 10, 0.5
_COST, _ONE_MODEL = 5.0, 0.8


def recommendations(summary: Summary, stock: Stock, words: Words) -> list[Recommendation]:
    """The weightiest first: harm, what is broken, what wastes work, what takes room."""
    return [*_harm(stock, words), *_broken(summary, stock, words), *_wasted(summary, words), *_room(summary, words)]


def _harm(stock: Stock, words: Words) -> Iterator[Recommendation]:
    if stock.held_back:
        action = Action(label=words("analytics.action.show_quarantine"), view="security")
        yield _told("quarantine", words, action, {"count": stock.held_back})


def _broken(summary: Summary, stock: Stock, words: Words) -> Iterator[Recommendation]:
    for name, count in (("broken", stock.broken), ("missing", stock.missing)):
        if count:
            yield _told(name, words, _list(words, f"show_{name}", **{name: True}), {"count": count})
    downloads = summary.downloads
    tried = downloads.files + downloads.failed
    if downloads.failed >= max(_FEW_FAILURES, _MANY_FAILURES * tried) and downloads.failures:
        main = downloads.failures[0]
        action = Action(label=words("analytics.action.show_downloads"), view="queue")
        data: Data = {"count": downloads.failed, "of": tried, "cause": main.key}
        yield _told("failures", words, action, data, count=downloads.failed, cause=main.label, hint=main.hint)
    if stock.updates:
        yield _told("updates", words, _list(words, "show_updates", has_update=True), {"count": stock.updates})


def _wasted(summary: Summary, words: Words) -> Iterator[Recommendation]:
    if summary.downloads.bottleneck:
        held = {each.key: each.share for each in summary.downloads.held}
        for name, least, setting in (("site", _SITE, "concurrency"), ("disk", _DISK, "optimization")):
            if (share := held.get(name, 0.0)) >= least:
                yield _told(name, words, _setting(words, setting), {"share": share}, share=words.percent(share))
    made = summary.variations
    judged = made.accepted + made.rejected
    if judged >= _PICTURES and made.rejected >= _REJECTED * judged:
        action = Action(label=words("analytics.action.show_downloads"), view="queue")
        share = made.rejected / judged
        data: Data = {"share": share, "cost": made.cost, "pictures": judged}
        yield _told("rejected", words, action, data, share=words.percent(share), cost=words.dollars(made.cost))
    if made.cost >= _COST and made.models and made.models[0].share >= _ONE_MODEL:
        main = made.models[0]
        data = {"cost": main.value, "model": main.key, "share": main.share}
        cost, share_of_it = words.dollars(main.value), words.percent(main.share)
        action = _setting(words, "gemini_per_minute")
        yield _told("cost", words, action, data, cost=cost, model=main.label, share=share_of_it)


def _room(summary: Summary, words: Words) -> Iterator[Recommendation]:
    unused, copies = summary.storage.unused, summary.storage.duplicates
    if unused.files and unused.bytes >= min(_GB, summary.storage.bytes // 20):
        action = _list(words, "show_models", unused_days=unused.days, missing=False, sort="size")
        data: Data = {"bytes": unused.bytes, "files": unused.files, "days": unused.days}
        yield _told("unused", words, action, data, size=words.bytes(unused.bytes), count=unused.files, days=unused.days)
    if copies.files:
        action = _list(words, "show_duplicates", duplicate=True, missing=False, sort="size")
        data = {"bytes": copies.bytes, "files": copies.files, "contents": copies.contents}
        yield _told("duplicates", words, action, data, size=words.bytes(copies.bytes), count=copies.files)


def _told(name: str, words: Words, action: Action, data: Data, **shown: str | int) -> Recommendation:
    """``shown`` are the figures as the sentence has them; without them it has those of ``data``."""
    text = words(f"analytics.advice.{name}", **(shown or data))
    return Recommendation(id=name, text=text, data=data, action=action)


def _list(words: Words, label: str, **query: JsonValue) -> Action:
    return Action(label=words(f"analytics.action.{label}"), view="library", query=query)


def _setting(words: Words, setting: str) -> Action:
    return Action(label=words("analytics.action.show_settings"), view="settings", setting=setting)
