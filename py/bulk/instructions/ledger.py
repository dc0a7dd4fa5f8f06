"""What a plan of variations has made so far, written down beside its pictures: carried out again after a crash, it
neither pays nor writes twice."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, Field, ValidationError

from ...atomic import write_atomically
from ...civitai.names import safe_part
from ...errors import StorageError
from ...uncancelled import cancelled_after
from ...variations.places import save, saved_before
from ...variations.requests import Variation, VariationReport, VariationScore

log = logging.getLogger(__name__)

_LARGEST = 64 << 20


class MadeFile(BaseModel):
    """``name`` lies in the ledger's folder."""

    name: str
    score: VariationScore


class Entry(BaseModel):
    """What came of one image. ``fingerprint`` is of its files, ``wish`` of what was asked for; ``done`` where there is
    no more to come of it. ``cost`` is in US dollars, of all times that it was tried, None where a price isn't known;
    the other numbers are of the last time."""

    number: int
    image: str
    fingerprint: str
    wish: str
    done: bool = False
    files: list[MadeFile] = []
    rejected: int = 0
    failed: int = 0
    from_cache: int = 0
    attempts: int = 0
    cost: float | None = Field(0.0, ge=0, allow_inf_nan=False)
    problem: str = ""


class Ledger(BaseModel):
    """Of the plan with that key."""

    key: str
    entries: list[Entry] = []

    @property
    def spent(self) -> float:
        return sum(entry.cost or 0.0 for entry in self.entries)

    def entry(self, number: int, image: str, fingerprint: str, wish: str) -> Entry:
        """The entry of a line, a new one where there is none of the same files and the same wish."""
        for entry in self.entries:
            if (entry.number, entry.fingerprint, entry.wish) == (number, fingerprint, wish):
                return entry
        self.entries.append(Entry(number=number, image=image, fingerprint=fingerprint, wish=wish))
        return self.entries[-1]


def path_of(folder: Path, key: str) -> Path:
    return folder / f"plan-{safe_part(key)}.json"


def opened(folder: Path, key: str) -> Ledger:
    """The ledger of that plan, a new one where there is none that can be read. Blocking."""
    try:
        with path_of(folder, key).open("rb") as file:
            found = Ledger.model_validate_json(file.read(_LARGEST))
    except FileNotFoundError:
        return Ledger(key=key)
    except (OSError, ValidationError) as error:
        log.warning("What a plan has made before can't be read: %s", error)
        return Ledger(key=key)
    return found if found.key == key else Ledger(key=key)


class Shelf:
    """Writes what comes of one image, as it comes: each accepted picture, and the ledger after it. Leaving it waits
    until all is written, however it is left; :attr:`error` says whether it could be. The entry is done once all of a
    ``complete`` run is written."""

    def __init__(self, ledger: Ledger, entry: Entry, folder: Path, stem: str) -> None:
        self.error: StorageError | None = None
        self.complete = False
        self._ledger, self._entry = ledger, entry
        self._folder, self._stem = folder, stem
        self._before = entry.cost
        self._news: asyncio.Queue[Variation | None] = asyncio.Queue()
        self._over = False

    async def __aenter__(self) -> Shelf:
        self._task = asyncio.create_task(self._write(), name="lorakeeper shelf")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._news.put_nowait(None)
        await cancelled_after(self._task)

    def take(self, report: VariationReport, variation: Variation | None) -> None:
        """Raises StorageError once nothing can be written any more."""
        if self.error:
            raise self.error
        self.count(report)
        self._news.put_nowait(variation if variation and variation.accepted else None)

    def count(self, report: VariationReport) -> None:
        entry, cost = self._entry, report.estimated_cost
        entry.rejected, entry.failed = report.rejected, report.failed
        entry.from_cache, entry.attempts = report.from_cache, report.attempts
        entry.cost = None if cost is None or self._before is None else self._before + cost

    async def _write(self) -> None:
        while not (self._over and self._news.empty()):
            variation = await self._news.get()
            # Not before: what a crash keeps from being written has to be made again.
            self._entry.done = self.complete and self._over and self._news.empty() and self.error is None
            try:
                if self.error is None:
                    await asyncio.to_thread(self._put, variation)
            except OSError as error:
                self.error = StorageError(f"The pictures can't be written: {error.strerror or error}.")

    def _put(self, variation: Variation | None) -> None:
        """Blocking."""
        if variation is not None:
            # One with the same bytes may have been written just before a crash.
            before = saved_before(variation.picture.content, self._folder, self._stem)
            path = before or save(variation, self._folder, self._stem)
            if path.name not in {file.name for file in self._entry.files}:
                self._entry.files.append(MadeFile(name=path.name, score=variation.score()))
        write_atomically(path_of(self._folder, self._ledger.key), self._ledger.model_dump_json(indent=1).encode())
