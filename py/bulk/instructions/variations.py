"""Variations as instructions: what could be made of each picture, what it would cost, and how much is there already.

Each image of a plan is varied for itself, ``count`` times; ``references`` are sent along with every one of them. The
budget is for the whole plan.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field, JsonValue

from ...downloads import DiskSpace
from ...errors import LorakeeperError, MissingError, UsageError, VariationError
from ...variations.memory import MemoryOptimizer
from ...variations.models import find_model
from ...variations.options import VariationOptions
from ...variations.places import Places, content_of, decoded
from ...variations.processor import ImageVariationProcessor
from ...variations.run import Foresight
from ..jobs import now
from . import ledger
from .documents import Line, Remark, Room, Validation
from .kinds import Progress
from .ledger import Entry, Ledger, Shelf

if TYPE_CHECKING:
    from PIL.Image import Image

_AT_ONCE = 2  # pictures that are decoded and encoded while a plan is looked through
_PICTURE = {"512": 600_000, "1K": 2_200_000, "2K": 9_000_000, "4K": 32_000_000}  # bytes of a PNG, roughly
_NOTHING_LEFT = 1e-6  # US dollars: what is kept from before still comes
_MOST_TOLD = 20

_Name = Annotated[str, Field(min_length=1, max_length=2000)]


class VariationsPayload(VariationOptions):
    """Images are named as ``input/portraits/cat.png``."""

    images: list[_Name] = Field(min_length=1, max_length=200, description="Each gets `count` variations of its own.")
    references: list[_Name] = Field([], max_length=15, description="Sent along with every image.")
    title: str = Field("", max_length=200, description="Names the folder of what is made.")


class _Looked(NamedTuple):
    line: Line
    foresight: Foresight | None


class VariationsKind:
    """Carried out, pictures lie in the folder of results, with a file that says what was made and at which scores.

    ``has_key`` tells whether Gemini would get a key; it may block.
    """

    payload = VariationsPayload

    def __init__(
        self, processor: ImageVariationProcessor, places: Places, space: DiskSpace, has_key: Callable[[], bool]
    ) -> None:
        self._processor = processor
        self._places = places
        self._space = space
        self._has_key = has_key

    def tidied(self, payload: VariationsPayload) -> VariationsPayload:
        """With every name spelled with slashes."""
        spelled = {
            field: [name.strip().replace("\\", "/") for name in getattr(payload, field)]
            for field in ("images", "references")
        }
        return payload.model_copy(update=spelled)

    # -- Looking ahead -----------------------------------------------------------------------------------------------

    async def validate(self, payload: VariationsPayload) -> Validation:
        has_key = await asyncio.to_thread(self._has_key)
        folder = await asyncio.to_thread(self._places.results, payload.title)
        try:
            shared, marks = await asyncio.to_thread(self._references, payload)
            problem = None
        except LorakeeperError as error:
            shared, marks, problem = [], "", Remark(kind="reference", text=f"A reference can't be used: {error}")
        gate = asyncio.Semaphore(_AT_ONCE)

        async def look(number: int, name: str) -> _Looked:
            async with gate:
                line = Line(number=number, text=name, outcome="refused", name=name.rpartition("/")[2])
                if problem:
                    line.remarks.append(problem)
                    return _Looked(line, None)
                found = await self._look(line, payload, shared, marks, has_key)
                if line.outcome == "do":
                    line.folder = self._places.name(folder) or str(folder)
                return _Looked(line, found)

        looked = await asyncio.gather(*(look(number, name) for number, name in enumerate(payload.images, 1)))
        lines = [each.line for each in looked]
        _tell_twins(lines)
        foreseen = [each.foresight for each in looked if each.foresight and each.line.outcome == "do"]
        count = len(foreseen) * payload.count
        rooms = [
            await asyncio.to_thread(self._room, folder, count * _PICTURE.get(payload.size or "1K", _PICTURE["2K"]))
        ]
        cost, remarks = _sums(payload, foreseen)
        return Validation(
            at=now(),
            took=0,
            lines=lines,
            files=len(foreseen),
            owned=sum(line.outcome == "owned" for line in lines),
            refused=sum(line.outcome == "refused" for line in lines),
            rooms=rooms if foreseen else [],
            cost=cost,
            remarks=[_no_room(room) for room in rooms if room.after < 0] + remarks,
        )

    async def _look(
        self, line: Line, payload: VariationsPayload, shared: list[Image], marks: str, has_key: bool
    ) -> Foresight | None:
        """Fills ``line`` in; None where its picture can't be used."""
        try:
            path = await asyncio.to_thread(self._places.path, line.text)
        except LorakeeperError as error:
            kind = "missing" if isinstance(error, MissingError) else "outside"
            line.remarks.append(Remark(kind=kind, text=str(error)))
            return None
        try:
            image, mark = await asyncio.to_thread(_read, path)
        except UsageError as error:
            line.remarks.append(Remark(kind="picture", text=str(error)))
            return None
        line.fingerprint = _fingerprint(mark, marks)
        try:
            # What the budget allows is a matter of all lines together.
            request = replace(payload.request([image, *shared]), budget=None)
            found = await self._processor.foreseen(request)
        except UsageError as error:
            line.remarks.append(Remark(kind="wish", text=str(error)))
            return None
        if found.kept:
            text = f"{found.kept} answers are kept from before and cost nothing." if found.kept > 1 else ""
            line.remarks.append(Remark(kind="kept", text=text or "One answer is kept from before and costs nothing."))
        if found.fewest and not has_key:
            line.remarks.append(Remark(kind="key", text="Gemini needs a key, and none is set: set it in the settings."))
        elif payload.budget is not None and found.most_cost is None:
            text = f"No price is known for {payload.model}, so a budget can't be kept: set none, or another model."
            line.remarks.append(Remark(kind="model", text=text))
        else:
            line.outcome = "do"
        return found

    def _references(self, payload: VariationsPayload) -> tuple[list[Image], str]:
        """Decoded and reduced, and what tells them apart from others. Blocking."""
        read = [_read(self._places.path(name)) for name in payload.references]
        optimizer = MemoryOptimizer()
        return [optimizer.reduced(image) for image, _ in read], "".join(mark for _, mark in read)

    def _room(self, folder: Path, needed: int) -> Room:
        """Blocking."""
        place = next(each for each in (folder, *folder.parents) if each.is_dir())
        free = self._space.free(place) - self._space.reserved(place.stat().st_dev)
        return Room(folder=str(place), free=free, needed=needed, after=free - needed)

    # -- Carrying out ------------------------------------------------------------------------------------------------

    async def execute(
        self, payload: VariationsPayload, validation: Validation, key: str, progress: Progress
    ) -> dict[str, JsonValue]:
        """One image after the other. One that was changed since ``validation``, or of which nothing came, is told in
        the result and never stops the others. Pictures are written as they come."""
        folder = await asyncio.to_thread(self._places.results, payload.title)
        made = await asyncio.to_thread(ledger.opened, folder, key)
        shared, marks = await asyncio.to_thread(self._references, payload)
        lines = [line for line in validation.lines if line.outcome == "do"]
        wish = _wish(payload)
        entries: list[Entry] = []
        for done, line in enumerate(lines):
            entry = made.entry(line.number, line.text, line.fingerprint or "", wish)
            entries.append(entry)
            progress({"images": done, "of": len(lines), "image": line.text, "cost": made.spent})
            if not entry.done:
                await self._make(payload, (shared, marks), folder, made, entry)
        progress({"images": len(lines), "of": len(lines), "cost": made.spent})
        if not any(entry.files or entry.rejected for entry in entries):
            raise VariationError(
                next((entry.problem for entry in entries if entry.problem), "There was nothing to do.")
            )
        return self._result(folder, key, entries)

    async def _make(
        self,
        payload: VariationsPayload,
        references: tuple[list[Image], str],
        folder: Path,
        made: Ledger,
        entry: Entry,
    ) -> None:
        """Makes what is missing of one image's variations."""
        shared, marks = references
        # Without the cache, what was written before is all that is left of what was paid for.
        before = 0 if payload.use_cache else len(entry.files)
        if before >= payload.count:
            entry.done = True
            return
        async with Shelf(made, entry, folder, Path(entry.image).stem) as shelf:
            try:
                path = await asyncio.to_thread(self._places.path, entry.image)
                image, mark = await asyncio.to_thread(_read, path)
                if _fingerprint(mark, marks) != entry.fingerprint:
                    raise UsageError(f"{entry.image} was changed since the plan was looked through: look again.")
                request = payload.model_copy(update={"count": payload.count - before}).request([image, *shared])
                if payload.budget is not None:
                    request = replace(request, budget=max(payload.budget - made.spent, _NOTHING_LEFT))
                subject = f"{made.key}-{entry.number}"
                result = await self._processor.process(request, shelf.take, subject=subject)
                shelf.count(result.report)
                shelf.complete, entry.problem = True, ""
                if result.report.successful < request.count:
                    entry.problem = " ".join([*result.report.problems[-1:], result.report.stopped])
            except LorakeeperError as error:
                entry.problem = str(error)
        if shelf.error:
            raise shelf.error

    def _result(self, folder: Path, key: str, entries: Sequence[Entry]) -> dict[str, JsonValue]:
        costs = [entry.cost for entry in entries]
        told: list[JsonValue] = [f"{entry.image}: {entry.problem}" for entry in entries if entry.problem]
        report = ledger.path_of(folder, key)
        files = sum(len(entry.files) for entry in entries)
        return {
            "folder": self._places.name(folder) or str(folder),
            "report": self._places.name(report) or str(report),
            "images": len(entries),
            "files": files,
            "successful": files,
            "rejected": sum(entry.rejected for entry in entries),
            "failed": sum(entry.failed for entry in entries),
            "without_any": sum(not entry.files for entry in entries),
            "from_cache": sum(entry.from_cache for entry in entries),
            "attempts": sum(entry.attempts for entry in entries),
            "estimated_cost": None if None in costs else sum(cost or 0.0 for cost in costs),
            "problems": told[:_MOST_TOLD],
        }


def _read(path: Path) -> tuple[Image, str]:
    """A picture, and the hash of its file. Blocking; raises UsageError for what is none."""
    content = content_of(path)
    return decoded(content, path.name), hashlib.sha256(content).hexdigest()


def _fingerprint(mark: str, marks: str) -> str:
    return hashlib.sha256(f"{mark}{marks}".encode()).hexdigest()


def _wish(payload: VariationsPayload) -> str:
    """Tells what is asked for of each image from what was asked for before the plan was changed."""
    wish = payload.model_dump_json(exclude={"images", "references", "title", "budget"})
    return hashlib.sha256(wish.encode("utf-8", "surrogatepass")).hexdigest()


def _tell_twins(lines: Sequence[Line]) -> None:
    """The same picture is varied once, under whatever names it stands in the plan."""
    first: dict[str, int] = {}
    for line in lines:
        if line.outcome == "do" and line.fingerprint:
            number = first.setdefault(line.fingerprint, line.number)
            if number != line.number:
                line.outcome, line.folder = "owned", None
                line.remarks.append(Remark(kind="twice", text=f"It is the same picture as in line {number}."))


def _sums(payload: VariationsPayload, foreseen: Sequence[Foresight]) -> tuple[float | None, list[Remark]]:
    """US dollars at most, None where they aren't known, and what is to be said of all lines together."""
    remarks: list[Remark] = []
    known = find_model(payload.model)
    images = 1 + len(payload.references)
    if known and images > known.references:
        text = f"{known.label} is made for at most {known.references} images at once, and would get {images}."
        remarks.append(Remark(kind="references", text=text))
    if not foreseen:
        return None, remarks
    most = [each.most_cost for each in foreseen]
    least = [each.least_cost for each in foreseen]
    if None in most or None in least:
        text = f"No price is known for {payload.model} at this size, so nobody can say what it costs."
        return None, [*remarks, Remark(kind="model", text=text)]
    dearest, cheapest = sum(cost or 0.0 for cost in most), sum(cost or 0.0 for cost in least)
    if payload.budget is not None:
        if cheapest > payload.budget:
            text = f"The budget of ${payload.budget:.2f} is not enough for all: at least ${cheapest:.2f} are needed."
            remarks.append(Remark(kind="budget", text=text))
        dearest, cheapest = min(dearest, payload.budget), min(cheapest, payload.budget)
    requests = sum(each.most for each in foreseen)
    text = f"It costs at least ${cheapest:.2f} and at most ${dearest:.2f}, for up to {requests:,} requests."
    return dearest, [*remarks, Remark(kind="cost", text=text)]


def _no_room(room: Room) -> Remark:
    return Remark(kind="space", text=f"{room.folder} lacks {-room.after / 1e9:.1f} GB: free some space first.")
