"""``lorakeeper vary``: variations with Gemini, each written as soon as it was found good."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import LorakeeperError, UsageError
from ..variations.models import DEFAULT_MODEL, bare
from ..variations.offer import offered
from ..variations.options import THRESHOLDS, VariationOptions
from ..variations.places import read, save, saved_before
from ..variations.requests import Variation, VariationReport, VariationRequest
from . import FAILED, GOOD
from .console import Bar, complain, say, say_json, table
from .session import opened

REJECTED = "rejected"
_SCORES = ("overall_quality", "similarity", "diversity", "aesthetic", "object_integrity")
_COLUMNS = ("VERDICT", "FILE", "OVERALL", "SIMILARITY", "DIVERSITY", "AESTHETIC", "INTEGRITY", "FROM", "WHY")


async def vary(images: Sequence[Path], how: Mapping[str, Any], out: Path, *, as_json: bool) -> int:
    """Makes what is wanted; FAILED where fewer were accepted than were asked for."""
    request = await asyncio.to_thread(_request, images, how)
    await asyncio.to_thread(_make_ready, out)
    stem = f"{images[0].stem}-variation" if images else "variation"
    async with opened() as app:
        with Bar("Variations", request.count) as bar:
            results = _Results(out, stem, bar, rejected=how["keep_rejected"], as_json=as_json)
            try:
                report = (await app.variations.process(request, results.take)).report
            except (asyncio.CancelledError, LorakeeperError, OSError):
                with bar.aside():
                    results.tell()
                raise
    results.tell(report)
    if report.successful >= report.requested:
        return GOOD
    complain(f"{report.successful} of {report.requested} variations were accepted: {report.stopped}")
    return FAILED


async def foretell(images: Sequence[Path], how: Mapping[str, Any], *, as_json: bool) -> int:
    """Tells what it would take, and sends nothing."""
    request = await asyncio.to_thread(_request, images, how)
    async with opened() as app:
        found = await app.variations.foreseen(request)
    if as_json:
        say_json(asdict(found))
        return GOOD
    if found.kept:
        say(f"{_many(found.kept, 'picture')} would come from the cache, at no cost.")
    say(f"{_span(found.fewest, found.most)} requests would be sent.")
    if found.least_cost is None or found.most_cost is None:
        say(f"No price is known for {bare(request.model)}.")
    else:
        say(f"They would cost {_span(f'{found.least_cost:.2f}', f'{found.most_cost:.2f}')} US dollars.")
    return GOOD


async def models(*, as_json: bool) -> int:
    """Lists the models that are known here and, with a key, those that the site has for it."""
    trouble: LorakeeperError | None = None
    async with opened() as app:
        listed = None
        if app.credentials.status("gemini").configured:
            try:
                listed = await app.gemini.list_models()
            except LorakeeperError as error:
                trouble = error
    rows = offered(listed)
    if as_json:
        for row in rows:
            say_json(row)
    else:
        table(
            ("NAME", "LABEL", "USD AN IMAGE", "REFERENCES", "YOUR KEY"),
            (
                (
                    row.name + (" (default)" if row.default else ""),
                    row.label,
                    ", ".join(f"{size}: {price:g}" for size, price in row.prices.items()) or "unknown",
                    row.references or "?",
                    {True: "has it", False: "lacks it", None: "?"}[row.available],
                )
                for row in rows
            ),
        )
    if trouble:
        raise trouble
    return GOOD


class _Results:
    """What has come of a run: written, shown where JSON is wanted, and remembered for the table."""

    def __init__(self, folder: Path, stem: str, bar: Bar, *, rejected: bool, as_json: bool) -> None:
        self._folder, self._stem, self._bar = folder, stem, bar
        self._keeps_rejected, self._as_json = rejected, as_json
        self._rows: list[tuple[object, ...]] = []
        self._report: VariationReport | None = None

    def take(self, report: VariationReport, variation: Variation | None) -> None:
        """Writes at once, on the loop: nobody can cancel between a picture's arrival and its file."""
        self._report = report
        if variation is not None:
            path = self._written(variation)
            self._rows.append(_row(variation, path))
            if self._as_json:
                score = variation.score().model_dump(mode="json")
                with self._bar.aside():
                    say_json({**score, "path": str(path) if path else None})
        self._bar(report.successful, f"{report.attempts} sent, {report.rejected} rejected, {_dollars(report)}")

    def tell(self, report: VariationReport | None = None) -> None:
        """The table and the report: the last one, or of what was broken off as far as it had come."""
        report = report or self._report
        if report is None:
            return
        if self._as_json:
            say_json({"report": report.model_dump(mode="json")})
            return
        if self._rows:
            table(_COLUMNS, self._rows)
        say(
            f"{report.successful} of {report.requested} accepted, {report.rejected} rejected, {report.failed} failed;"
            f" {_many(report.attempts, 'request')} sent, {_many(report.from_cache, 'picture')} from the cache;"
            f" {_dollars(report)}, {report.seconds:.1f} s{_by(report)}"
        )
        for sentence in (*report.problems, *report.quality_changes):
            say("!", sentence)

    def _written(self, variation: Variation) -> Path | None:
        if not (variation.accepted or self._keeps_rejected):
            return None
        folder = self._folder if variation.accepted else self._folder / REJECTED
        try:
            # An earlier run of the same request may have written it.
            before = saved_before(variation.picture.content, folder, self._stem) if variation.from_cache else None
            return before or save(variation, folder, self._stem)
        except OSError as error:
            # A full disk's error names no file.
            raise OSError(error.errno, error.strerror, str(error.filename or folder)) from error


def _request(images: Sequence[Path], how: Mapping[str, Any]) -> VariationRequest:
    """Blocking."""
    options = {name: how[name] for name in ("prompt", "count", "attempts", "budget", "adaptive", "profile", "same")}
    options |= {name: how[name] for name in ("aspect_ratio", "size", "temperature", "seed")}
    options |= {
        "model": how["model"] or DEFAULT_MODEL,
        "system_instruction": how["system"],
        "fallback": [*how["fallback"]],
        "thresholds": {name: how[name] for name in THRESHOLDS if how.get(name) is not None},
        "use_cache": not how["anew"],
    }
    return VariationOptions.of(options).request([read(path) for path in images])


def _make_ready(out: Path) -> None:
    """Before anything is paid for. Blocking."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out} can't be made ({error.strerror}): choose another folder with --out.") from error
    if not os.access(out, os.W_OK):
        raise UsageError(f"{out} can't be written: choose another folder with --out.")


def _row(variation: Variation, path: Path | None) -> tuple[object, ...]:
    scores = dict(variation.metrics) if variation.metrics else {}
    return (
        "accepted" if variation.accepted else "rejected",
        path or "",
        *(f"{scores[name]:.2f}" if name in scores else "" for name in _SCORES),
        "cache" if variation.from_cache else "Gemini",
        " ".join(variation.reasons),
    )


def _dollars(report: VariationReport) -> str:
    return "cost unknown" if report.estimated_cost is None else f"some {report.estimated_cost:.2f} US dollars"


def _by(report: VariationReport) -> str:
    return f", by {' and '.join(report.models)}" if report.models else ""


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _span(least: object, most: object) -> str:
    return str(least) if least == most else f"{least} to {most}"
