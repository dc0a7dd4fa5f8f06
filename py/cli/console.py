"""What the command line prints: results on stdout, errors as one sentence on stderr, progress where it is watched."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.progress import Progress, TaskID

    from ..bulk.jobs import Item

_EVERY = 0.2
_SPACES = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def speak_utf8() -> None:
    """Windows' consoles and pipes may be set to an old code page that lacks a model's letters."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


def clean(text: object) -> str:
    """``text`` on one line, without what could steer a terminal: names come from the site."""
    return _CONTROL.sub("", _SPACES.sub(" ", str(text)))


def say(*parts: object) -> None:
    print(*(clean(part) for part in parts), flush=True)  # noqa: T201 - this is the command line's voice


def say_json(value: BaseModel | dict[str, Any]) -> None:
    """One line of JSON."""
    document = value if isinstance(value, dict) else value.model_dump(mode="json")
    print(json.dumps(document, ensure_ascii=False), flush=True)  # noqa: T201


def complain(sentence: object) -> None:
    """The one sentence about an error, on one line."""
    print(" ".join(clean(sentence).split()), file=sys.stderr, flush=True)  # noqa: T201


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on a terminal; elsewhere lines with tabs, whole and easy to cut."""
    if not sys.stdout.isatty():
        for row in rows:
            print(*(clean(cell) for cell in row), sep="\t", flush=True)  # noqa: T201
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    # Folded, because half a path is of no use.
    shown = Table(*(Column(name, overflow="fold") for name in columns), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    Console().print(shown)


def size(count: int | None) -> str:
    """``count`` bytes as people write them."""
    if count is None:
        return "?"
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


class Watch:
    """Shows how far files are: bars on a terminal, else a line for each step; nothing if ``quiet`` and unwatched."""

    def __init__(self, *, quiet: bool) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, tuple[str, int]] = {}
        self._quiet = quiet

    def __enter__(self) -> Watch:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bars = progress.Progress(
                progress.TextColumn("{task.description}", markup=False),
                progress.BarColumn(),
                progress.DownloadColumn(),
                progress.TransferSpeedColumn(),
                progress.TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
                # What else is printed goes through aside(), to the letter.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Takes the bars away while something else is printed."""
        if self._bars:
            self._bars.stop()
        yield
        if self._bars:
            self._bars.start()

    def __call__(self, item: Item) -> None:
        name, state = clean(item.name or item.target), item.state.value
        if self._bars:
            if item.id not in self._tasks:
                self._tasks[item.id] = self._bars.add_task(name, total=None)
            self._bars.update(
                self._tasks[item.id],
                completed=item.received,
                total=item.total,
                description=f"{name}  {state}",
                visible=not item.state.over,
            )
        elif not self._quiet and state in ("downloading", "verifying", "scanning"):
            # A line for each new state, and for each quarter of the bytes.
            quarter = 4 * item.received // item.total if item.total and state == "downloading" else 0
            if self._said.get(item.id) != (state, quarter):
                self._said[item.id] = (state, quarter)
                say(f"{name}: {state}{f' {25 * quarter}%' if quarter else ''}")


class Meter:
    """A count or a bar on the terminal's error stream, while something long goes on; nothing where ``quiet``."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._last = 0.0

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def count(self, what: str, files: int) -> None:
        self._line(f"{what}: {files:,} files")

    def reading(self, state: dict[str, Any]) -> None:
        """How far the reading of new files is, from the data of a ``scan`` event."""
        left = f", {state['eta']:.0f} s left" if state["eta"] is not None else ""
        self._line(
            f"Reading: {state['files_done']:,} of {state['files']:,} files, "
            f"{size(state['bytes_done'])} of {size(state['bytes'])}{left}"
        )

    def _line(self, text: str) -> None:
        now = time.monotonic()
        if self._shown and now - self._last > _EVERY:
            self._last = now
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201


class Bar:
    """How many of a known number are done, as a bar on the terminal's error stream; nothing elsewhere."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}", markup=False),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._bar.add_task(self._what, total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Takes the bar away while something else is printed."""
        if self._bar:
            self._bar.stop()
        yield
        if self._bar:
            self._bar.start()

    def __call__(self, done: int, said: str = "") -> None:
        """``said`` stands before the bar. May be called from any thread."""
        if self._bar and self._task is not None:
            what = f"{self._what}: {clean(said)}" if said else self._what
            self._bar.update(self._task, completed=done, description=what)
