"""Runs for a page, which begins one, follows it by its events, looks at the pictures and keeps some.

They are in memory, for as long as the application runs: the last :data:`KEPT` of them, and of their pictures as many as
fit. Files come of a picture only where somebody says so.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..errors import ConflictError, LorakeeperError, MissingError, StorageError
from .outcomes import Picture
from .places import Places, save
from .processor import ImageVariationProcessor
from .requests import Variation, VariationReport, VariationRequest, VariationScore

log = logging.getLogger(__name__)

KEPT = 50
AT_ONCE = 8
PICTURES = 256 << 20
_TITLE = 60
RunState = Literal["running", "done", "failed", "stopped"]


class RunSummary(BaseModel):
    """How a run stands. ``error`` is a sentence, "" where nothing went wrong. ``dropped`` where its pictures had to
    make room for those of later runs."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    title: str
    state: RunState
    error: str
    prompt: str
    model: str
    count: int
    created_at: datetime
    dropped: bool
    report: VariationReport


class RunView(RunSummary):
    """``pictures`` are those accepted and those rejected, in the order in which they came."""

    pictures: list[VariationScore]


class VariationRuns:
    """All runs. Unknown ids are a MissingError. All methods belong to one event loop.

    ``most`` bytes of pictures are held for runs that are over; those of the longest-ended runs go first, and the one
    that ended last keeps its own in any case.
    """

    def __init__(self, processor: ImageVariationProcessor, places: Places, *, most: int = PICTURES) -> None:
        self._processor = processor
        self._places = places
        self._most = most
        self._runs: dict[str, _Run] = {}
        self._ended: list[_Run] = []
        self._closed = False

    def begin(self, request: VariationRequest, title: str = "") -> RunView:
        """Starts a run and doesn't wait for it. ConflictError where :data:`AT_ONCE` are under way already."""
        if self._closed or sum(run.state == "running" for run in self._runs.values()) >= AT_ONCE:
            raise ConflictError(f"At most {AT_ONCE} runs go on at once: wait for one, or stop one.")
        run = _Run(request, title)
        self._runs[run.id] = run
        # Those that are over begin the row, so that a long one outlives shorter ones that came later.
        over = [each for each in self._runs.values() if each.state != "running"]
        for old in over[: max(0, len(self._runs) - KEPT)]:
            self._drop(old)
        run.task = asyncio.create_task(self._run(run, request), name=f"lorakeeper variations {run.id}")
        return run.view()

    def summaries(self) -> list[RunSummary]:
        """Newest first."""
        return [run.summary() for run in reversed(self._runs.values())]

    def get(self, run_id: str) -> RunView:
        return self._find(run_id).view()

    async def stop(self, run_id: str) -> RunView:
        """Sends nothing more; what has arrived stays. One that is over stays as it is."""
        run = self._find(run_id)
        await run.end()
        return run.view()

    def picture(self, run_id: str, number: int) -> Picture:
        return self._find(run_id).variation(number).picture

    async def keep(self, run_id: str, numbers: Iterable[int] | None = None) -> list[str]:
        """Writes pictures into the folder of results, in no other file's place: those with these numbers, whether
        accepted or not; without any, all that were accepted. Returns their names in the same order. One that was
        written before, and still lies there, isn't written again."""
        run = self._find(run_id)
        if numbers is None:
            numbers = [each.number for each in run.scores if each.accepted]
        wanted = [run.variation(number) for number in dict.fromkeys(numbers)]
        async with run.writing:
            try:
                return await asyncio.to_thread(self._write, run, wanted)
            except OSError as error:
                raise StorageError(f"The pictures can't be written: {error.strerror or error}.") from error

    async def forget(self, run_id: str) -> None:
        """Stops it where it still runs; what was kept as a file stays."""
        run = self._find(run_id)
        await run.end()
        self._drop(run)

    async def close(self) -> None:
        """Stops all, and waits until they have."""
        self._closed = True
        await asyncio.gather(*(run.end() for run in list(self._runs.values())))

    # -- Inside ------------------------------------------------------------------------------------------------------

    def _find(self, run_id: str) -> _Run:
        if run_id not in self._runs:
            raise MissingError(f"There is no run {run_id[:40]}: it was forgotten, or Lorakeeper was restarted.")
        return self._runs[run_id]

    async def _run(self, run: _Run, request: VariationRequest) -> None:
        try:
            await self._processor.process(request, run.take, subject=run.id)
            run.state = "done"
        except asyncio.CancelledError:
            run.state = "stopped"
            raise
        except LorakeeperError as error:
            run.state, run.error = "failed", str(error)
        except Exception:
            log.exception("A run of variations failed unexpectedly")
            run.state, run.error = "failed", "Something went wrong: the log says what."
        finally:
            self._ended.append(run)
            self._make_room()

    def _make_room(self) -> None:
        held = sum(run.size for run in self._ended)
        for run in self._ended[:-1]:
            if held <= self._most:
                break
            held -= run.size
            run.drop()
        self._ended = [run for run in self._ended if run.size]

    def _drop(self, run: _Run) -> None:
        self._runs.pop(run.id, None)
        self._ended = [each for each in self._ended if each is not run]

    def _write(self, run: _Run, wanted: list[Variation]) -> list[str]:
        """Blocking."""
        folder = self._places.results(run.title)
        names: list[str] = []
        for variation in wanted:
            path = run.written.get(variation.number)
            if path is None or not path.is_file():
                path = run.written[variation.number] = save(variation, folder, run.title)
            names.append(self._places.name(path) or path.name)
        return names


class _Run:
    """One run. Its images are held by its task alone, and go with it."""

    def __init__(self, request: VariationRequest, title: str) -> None:
        self.id = secrets.token_hex(8)
        self.title = title.strip() or " ".join(request.prompt.split())[:_TITLE].strip() or "Variations"
        self.state: RunState = "running"
        self.error = ""
        self.created_at = datetime.now(timezone.utc)
        self.scores: list[VariationScore] = []
        self.written: dict[int, Path] = {}
        self.writing = asyncio.Lock()
        self.task: asyncio.Task[None] | None = None
        self.size = 0
        self._dropped = self._ending = False
        self._prompt, self._model, self._count = request.prompt, request.model, request.count
        self._report = VariationReport(requested=request.count)
        self._variations: dict[int, Variation] = {}

    def take(self, report: VariationReport, variation: Variation | None) -> None:
        self._report = report
        if variation is not None:
            self.scores.append(variation.score())
            self._variations[variation.number] = variation
            self.size += len(variation.picture.content)

    def drop(self) -> None:
        self._dropped = bool(self._variations)
        self._variations.clear()
        self.size = 0

    async def end(self) -> None:
        if self.task and not self.task.done():
            if not self._ending:  # once: a second time would disturb the first one's cleaning up
                self._ending = True
                self.task.cancel()
            await asyncio.wait({self.task})
            self.task = None  # a cancelled task remembers where it was, and so the images
            # One that had not even begun hears of it nowhere else.
            self.state = "stopped" if self.state == "running" else self.state

    def variation(self, number: int) -> Variation:
        if number in self._variations:
            return self._variations[number]
        if self._dropped and any(score.number == number for score in self.scores):
            raise MissingError("The pictures of this run had to make room for later ones: ask for the same again.")
        raise MissingError(f"The run has no picture {number}.")

    def summary(self) -> RunSummary:
        return RunSummary.model_validate(self._facts())

    def view(self) -> RunView:
        return RunView.model_validate({**self._facts(), "pictures": [*self.scores]})

    def _facts(self) -> dict[str, object]:
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "error": self.error,
            "prompt": self._prompt,
            "model": self._model,
            "count": self._count,
            "created_at": self.created_at,
            "dropped": self._dropped,
            "report": self._report.model_copy(deep=True),
        }
