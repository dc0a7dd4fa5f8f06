"""``lorakeeper filter``: which pictures of a folder are good, why others aren't, and which show the same."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from ..app import App
from ..atomic import holds, write_new
from ..errors import UsageError
from ..variations.filters import groups
from ..variations.options import THRESHOLDS, thresholds_of
from ..variations.places import read
from . import FAILED, GOOD
from .console import Bar, complain, say, say_json, table
from .session import opened

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_SCORES = {
    "OVERALL": "overall_quality",
    "AESTHETIC": "aesthetic",
    "INTEGRITY": "object_integrity",
    "SIMILARITY": "similarity",  # where there is a reference
}


class Found(BaseModel):
    """What is said of a file. ``same_as`` is the file that a duplicate shows the same as, None for one of an earlier
    run; ``likeness`` says how well they fit each other. ``copied_to`` is where a copy lies."""

    path: str
    status: Literal["good", "rejected", "duplicate", "unreadable"]
    reasons: list[str] = []
    scores: dict[str, float] = {}
    same_as: str | None = None
    likeness: float | None = None
    mirrored: bool = False
    copied_to: str | None = None


async def sift(paths: Sequence[Path], how: Mapping[str, Any], *, recursive: bool, as_json: bool) -> int:
    """Reports on each picture; FAILED only where none could be read."""
    reference, target = how["reference"], how["copy_to"]
    files = await asyncio.to_thread(_files, paths, recursive=recursive, without=target)
    original = await asyncio.to_thread(read, reference) if reference else None
    async with opened() as app:
        found = await _judged(app, files, original, how)
        together = await _compared(app, found, how) if how["duplicates"] else []
    if target:
        for each in found:
            if each.status == "good":
                each.copied_to = str(await asyncio.to_thread(_copied, Path(each.path), target))
    counts = Counter[str](each.status for each in found)
    (_tell_json if as_json else _tell)(found, together, counts)
    for each in found:
        if each.status == "unreadable":
            complain(f"{each.path}: {each.reasons[0]}")
    if counts.total() > counts["unreadable"]:
        return GOOD
    complain("None of the files could be read." if files else "There is no picture here: name others, or --recursive.")
    return FAILED


class _Row:
    """Opens files one by one, and remembers which could be opened: the places that the filters tell are theirs."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = files
        self.read: list[Path] = []
        self.unreadable: dict[Path, str] = {}

    def __iter__(self) -> Iterator[Image]:
        for path in self._files:
            try:
                image = read(path)
            except UsageError as error:
                self.unreadable[path] = str(error)
            else:
                self.read.append(path)
                yield image


async def _judged(app: App, files: Sequence[Path], original: Image | None, how: Mapping[str, Any]) -> list[Found]:
    """One of each file, in their order."""
    row = _Row(files)
    with Bar("Judging", len(files)) as bar:
        judgements = await app.filters.judge(
            row,
            original,
            profile=how["profile"],
            thresholds=thresholds_of(how["profile"], {name: how.get(name) for name in THRESHOLDS}),
            progress=lambda done: bar(done + len(row.unreadable)),
        )
    found = {
        path: Found(
            path=str(path),
            status="good" if each.accepted else "rejected",
            reasons=list(each.reasons),
            scores=dict(each.metrics) if each.metrics else {},
        )
        for path, each in zip(row.read, judgements, strict=True)
    }
    return [found.get(path) or _unreadable(path, row.unreadable[path]) for path in files]


async def _compared(app: App, found: list[Found], how: Mapping[str, Any]) -> list[list[str]]:
    """Marks duplicates among the good ones, and returns the groups of files that show the same."""
    good = {Path(each.path): each for each in found if each.status == "good"}
    row = _Row(good)
    with Bar("Comparing", len(good)) as bar:
        same = await app.filters.compare(
            row, scope=how["scope"], same=how["same"], mirrored=how["mirrored"], progress=bar
        )
    for each in same:
        if each.is_new:
            continue
        one, other = good[row.read[each.place]], None if each.of is None else str(row.read[each.of])
        one.status, one.same_as, one.likeness, one.mirrored = "duplicate", other, each.similarity, each.mirrored
        what = "the mirror image of" if each.mirrored else "the same as"
        one.reasons = [f"It shows {what} {other or 'one that was seen before'} (similarity {each.similarity:.2f})."]
    for path, reason in row.unreadable.items():  # it went away meanwhile
        good[path].status, good[path].reasons = "unreadable", [reason]
    return [[str(row.read[place]) for place in group] for group in groups(same)]


def _unreadable(path: Path, reason: str) -> Found:
    return Found(path=str(path), status="unreadable", reasons=[reason])


def _files(paths: Sequence[Path], *, recursive: bool, without: Path | None) -> list[Path]:
    """Each file once: those named, and the pictures in folders, sorted. The copies of an earlier run, in the folder
    ``without`` inside one of them, are left out. Blocking."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        own = without.resolve() if without and without.resolve() != path.resolve() else None
        for each in sorted(path.rglob("*") if recursive else path.iterdir()):
            # Names with a dot in front are a system's own, such as macOS's notes beside each file.
            wanted = each.suffix.lower() in SUFFIXES and not each.name.startswith(".") and each.is_file()
            if wanted and not (own and own in each.resolve().parents):
                found[each] = None
    return list(found)


def _copied(path: Path, folder: Path) -> Path:
    """A copy with the same bytes under the same name, or under the first free number where that is another file's.
    Blocking."""
    content = path.read_bytes()
    for name in _names(path):
        if not os.path.lexists(folder / name):
            break
        if holds(folder / name, content):
            return folder / name  # copied before
    return write_new(folder, _names(path), content)


def _names(path: Path) -> Iterator[str]:
    yield path.name
    yield from (f"{path.stem}-{number:03}{path.suffix}" for number in count(2))


def _tell_json(found: Sequence[Found], together: list[list[str]], counts: Mapping[str, int]) -> None:
    for each in found:
        say_json(each)
    say_json({"files": len(found), **_counted(counts), "groups": together})


def _tell(found: Sequence[Found], together: list[list[str]], counts: Mapping[str, int]) -> None:
    there = {name for each in found for name in each.scores}
    columns = {column: name for column, name in _SCORES.items() if name in there}
    table(
        ("VERDICT", "FILE", *columns, "WHY"),
        (
            (
                each.status,
                each.path,
                *(f"{each.scores[name]:.2f}" if name in each.scores else "" for name in columns.values()),
                " ".join(each.reasons),
            )
            for each in found
            if each.status != "unreadable"  # those are complained of
        ),
    )
    for group in together:
        say("The same:", ", ".join(group))
    if copies := sum(each.copied_to is not None for each in found):
        say(f"{copies} copied to {Path(next(each.copied_to for each in found if each.copied_to)).parent}")
    good, rejected, duplicates, unreadable = _counted(counts).values()
    many = "1 file" if len(found) == 1 else f"{len(found)} files"
    say(f"{many}: {good} good, {rejected} rejected, {duplicates} showing the same as others, {unreadable} unreadable")


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {status: counts[status] for status in ("good", "rejected", "duplicate", "unreadable")}
