"""Instructions from being written to being carried out: looked through, approved by the user, and only then done."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from ...errors import BatchProcessingError, InvalidOperationError, LorakeeperError, UsageError
from ...events import Event, Events
from ...failures import failure
from ...storage.cursors import row_of
from ...storage.database import Database
from ..jobs import now
from . import exchange, store
from .documents import (
    BatchResult,
    Detail,
    Every,
    Instruction,
    InstructionKind,
    InstructionPage,
    InstructionStatus,
    NewInstruction,
    Validation,
    fingerprint,
    following,
)
from .kinds import Kind

log = logging.getLogger(__name__)

_MOST = 1000
_AT_ONCE = 4
_ENDED = (InstructionStatus.EXECUTED, InstructionStatus.FAILED, InstructionStatus.REJECTED)


class Instructions:
    """All instructions. InstructionNotFoundError for an unknown id, InvalidOperationError for what doesn't fit its
    state or was changed meanwhile. All methods belong to one event loop."""

    def __init__(self, database: Database, events: Events, kinds: Mapping[InstructionKind, Kind]) -> None:
        self._database = database
        self._events = events
        self._kinds = kinds
        self._running: dict[str, asyncio.Task[Instruction]] = {}
        self._stopping: set[str] = set()

    async def close(self) -> None:
        """Stops what is being carried out; it stays approved."""
        tasks = [*self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- Writing -----------------------------------------------------------------------------------------------------

    async def create(self, new: NewInstruction) -> Instruction:
        """Raises UsageError for a payload that its kind can't take, or a kind that can't be carried out yet."""
        payload = self._payload(new.kind, new.payload)
        moment = now()
        instruction = Instruction(
            id=secrets.token_hex(8),
            title=new.title.strip() or f"{new.kind.value.capitalize()} of {moment:%Y-%m-%d %H:%M}",
            kind=new.kind,
            payload=_plain(payload),
            notes=new.notes,
            every=new.every,
            at=new.at,
            created_at=moment,
            changed_at=moment,
        )
        await self._database.write(lambda c: store.add(c, instruction))
        self._tell(instruction)
        return instruction

    async def change(
        self, instruction_id: str, *, title: str | None = None, payload: dict[str, JsonValue] | None = None
    ) -> Instruction:
        """With another payload it is a draft again."""
        before, instruction = await self._taken(instruction_id)
        if title:
            instruction.title = title
        if payload is not None:
            instruction.payload = _plain(self._payload(instruction.kind, payload))
            instruction.status, instruction.validation, instruction.validated = InstructionStatus.DRAFT, None, None
            instruction.error = instruction.result = instruction.due = None
        instruction.changed_at = now()
        return await self._save(instruction, before)

    async def remove(self, instruction_id: str) -> None:
        await self._taken(instruction_id)
        await self._database.write(lambda c: store.remove(c, instruction_id))

    async def get(self, instruction_id: str) -> Instruction:
        found = await self._database.read(lambda c: store.load(c, instruction_id))
        found.running = instruction_id in self._running
        return found

    async def page(
        self, *, cursor: str | None = None, limit: int = 50, status: InstructionStatus | None = None
    ) -> InstructionPage:
        """Newest first, without the lines of what was validated."""
        before = row_of(cursor or None)
        page = await self._database.read(lambda c: store.page(c, before, limit, status))
        for instruction in page.items:
            instruction.running = instruction.id in self._running
        return page

    # -- Files -------------------------------------------------------------------------------------------------------

    async def read(self, text: str, title: str = "") -> list[Instruction]:
        """Takes in a file as :meth:`write` makes it, or a plain list of targets. All of it, or nothing."""
        new = await asyncio.to_thread(exchange.read, text, title)
        for each in new:
            self._payload(each.kind, each.payload)
        return [await self.create(each) for each in new]

    async def write(self, ids: Sequence[str], *, as_list: bool = False) -> str:
        """The instructions as JSON, or the targets of downloads as a list."""
        found = [await self.get(each) for each in ids]
        return exchange.to_list(found) if as_list else exchange.to_json(found)

    # -- Its life ----------------------------------------------------------------------------------------------------

    async def validate(self, instruction_id: str) -> Instruction:
        """Looks what carrying it out would do. It may be done again at any time before that."""
        before, instruction = await self._taken(instruction_id)
        if instruction.status in (InstructionStatus.EXECUTED, InstructionStatus.REJECTED):
            raise InvalidOperationError(f"{instruction.title} was {instruction.status.value} already: make a new one.")
        began = time.monotonic()
        kind = self._kind(instruction.kind)
        validation: Validation = await kind.validate(self._payload(instruction.kind, instruction.payload))
        validation.at, validation.took = now(), time.monotonic() - began
        instruction.validation, instruction.validated_at = validation, validation.at
        instruction.validated = fingerprint(instruction.kind, instruction.payload)
        instruction.status, instruction.error, instruction.due = InstructionStatus.VALIDATED, None, None
        return await self._save(instruction, before)

    async def approve(self, instruction_id: str) -> Instruction:
        """Refused for one that was not looked through, that was changed since, or of which nothing can be done."""
        before, instruction = await self._taken(instruction_id)
        if instruction.status is not InstructionStatus.VALIDATED or instruction.validation is None:
            raise InvalidOperationError(
                f"{instruction.title} is {instruction.status.value}: validate it, look what it would do, then approve."
            )
        self._refuse_changed(instruction)
        if not instruction.validation.feasible:
            why = next((each.text for each in instruction.validation.remarks), "there is nothing in it to do.")
            raise InvalidOperationError(f"{instruction.title} can't be approved: {why}")
        instruction.status, instruction.approved_at = InstructionStatus.APPROVED, now()
        instruction.due = following(instruction.every, instruction.at, now())
        return await self._save(instruction, before)

    async def reject(self, instruction_id: str) -> Instruction:
        """Says that it shall not be done."""
        before, instruction = await self._taken(instruction_id)
        if instruction.status in _ENDED:
            raise InvalidOperationError(f"{instruction.title} was {instruction.status.value} already.")
        instruction.status, instruction.rejected_at = InstructionStatus.REJECTED, now()
        instruction.due = None
        return await self._save(instruction, before)

    async def execute(
        self, instruction_id: str, *, wait: bool = True, progress: Callable[[dict[str, Any]], None] | None = None
    ) -> Instruction:
        """Carries out what was approved. Without ``wait`` it is answered at once, and goes on by itself.

        Where it fails, the instruction says so; nothing is raised for that.
        """
        before, instruction = await self._taken(instruction_id)
        if instruction.status is not InstructionStatus.APPROVED:
            raise InvalidOperationError(f"{instruction.title} is {instruction.status.value}: approve it first.")
        self._refuse_changed(instruction)
        task = asyncio.create_task(
            self._carry_out(instruction, before, progress), name=f"lorakeeper instruction {instruction.id}"
        )
        self._running[instruction.id] = task
        task.add_done_callback(lambda _: self._running.pop(instruction.id, None))
        if wait:
            return await asyncio.shield(task)
        instruction.running = True
        return instruction

    async def stop(self, instruction_id: str) -> Instruction:
        """Stops one that is being carried out. What was done stays done; it stays approved, and goes on from there when
        it is executed again."""
        task = self._running.get(instruction_id)
        if task is None:
            raise InvalidOperationError(f"{(await self.get(instruction_id)).title} is not being carried out.")
        self._stopping.add(instruction_id)
        task.cancel()
        await asyncio.wait({task})
        self._stopping.discard(instruction_id)
        return await self.get(instruction_id)

    async def due(self) -> list[Instruction]:
        """Those whose time has come, of all that are done again and again."""
        approved, moment = await self._database.read(store.approved), now()
        return [each for each in approved if each.due and each.due <= moment and each.id not in self._running]

    async def take_turn(self, instruction_id: str) -> bool:
        """Makes one that is due wait for its next time, so that no other process does it as well. False where one has
        been faster."""
        before, instruction = await self._taken(instruction_id)
        if instruction.due is None or instruction.due > now():
            return False
        instruction.due, instruction.changed_at = following(instruction.every, instruction.at, now()), now()
        try:
            await self._save(instruction, before)
        except InvalidOperationError:
            return False
        return True

    async def process_instructions(self, ids: Iterable[str], operation: str, mode: str = "parallel") -> BatchResult:
        """Does one thing (``validate``, ``approve`` or ``execute``) to many, ``parallel`` or ``sequential``. One that
        can't be done never stops the others.

        Raises BatchProcessingError for no ids or too many, InvalidOperationError for an unknown operation.
        """
        wanted = list(dict.fromkeys(ids))
        if not wanted or len(wanted) > _MOST:
            raise BatchProcessingError(f"A batch has 1 to {_MOST:,} instructions; these are {len(wanted):,}.")
        if mode not in ("parallel", "sequential"):
            raise BatchProcessingError(f"A batch is parallel or sequential, and not {mode!r}.")
        does = {"validate": self.validate, "approve": self.approve, "execute": self.execute}.get(operation)
        if does is None:
            raise InvalidOperationError(f"There is no operation {operation!r}: choose validate, approve or execute.")
        began = time.monotonic()
        gate = asyncio.Semaphore(_AT_ONCE if mode == "parallel" else 1)

        async def one(instruction_id: str) -> Detail:
            async with gate:
                return await self._detail(instruction_id, does(instruction_id))

        details = await asyncio.gather(*map(one, wanted))
        good = sum(detail.success for detail in details)
        return BatchResult(
            success=good, failed=len(details) - good, details=details, total_time=time.monotonic() - began
        )

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _detail(self, instruction_id: str, doing: Any) -> Detail:
        try:
            done: Instruction = await doing
        except LorakeeperError as error:
            return Detail(id=instruction_id, success=False, error={"kind": error.kind, "message": str(error)})
        except Exception:
            log.exception("Instruction %s failed unexpectedly", instruction_id)
            told = {"kind": BatchProcessingError.__name__, "message": "Something went wrong: the log says what."}
            return Detail(id=instruction_id, success=False, error=told)
        if done.status is InstructionStatus.FAILED:
            told = {"kind": BatchProcessingError.__name__, "message": done.error or "It failed."}
            return Detail(id=done.id, success=False, status=done.status, error=told)
        return Detail(id=done.id, success=True, status=done.status)

    async def _carry_out(
        self, instruction: Instruction, before: Instruction, progress: Callable[[dict[str, Any]], None] | None
    ) -> Instruction:
        def step(facts: dict[str, Any]) -> None:
            self._events.publish(Event("instruction", instruction.id, {"id": instruction.id, "progress": facts}))
            if progress:
                progress(facts)

        try:
            payload = self._payload(instruction.kind, instruction.payload)
            validation = instruction.validation or Validation(at=now(), took=0)
            kind = self._kind(instruction.kind)
            instruction.result = await kind.execute(payload, validation, instruction.id, step)
            instruction.status, instruction.error = _done(instruction, InstructionStatus.EXECUTED), None
        except asyncio.CancelledError:
            if instruction.id not in self._stopping:
                raise
            # Whoever waits for it was not stopped.
            self._tell(instruction)
            return instruction
        except LorakeeperError as error:
            instruction.status, instruction.error = _done(instruction, InstructionStatus.FAILED), str(error)
            self._events.publish(failure("instruction", error, instruction.kind.value))
        except Exception as error:
            log.exception("Instruction %s failed unexpectedly", instruction.id)
            self._events.publish(failure("instruction", error, instruction.kind.value))
            instruction.status = _done(instruction, InstructionStatus.FAILED)
            instruction.error = "Something went wrong: the log says what."
        instruction.executed_at = now()
        return await self._save(instruction, before)

    async def _taken(self, instruction_id: str) -> tuple[Instruction, Instruction]:
        """The instruction as it is, and to be changed."""
        instruction = await self.get(instruction_id)
        if instruction.running:
            raise InvalidOperationError(f"{instruction.title} is being carried out.")
        return instruction, instruction.model_copy()

    async def _save(self, instruction: Instruction, before: Instruction) -> Instruction:
        row = instruction.model_copy(update={"running": False})
        await self._database.write(lambda c: store.save(c, row, before))
        self._tell(row)
        return row

    def _tell(self, instruction: Instruction) -> None:
        shown = {"id", "title", "kind", "every", "due", "status", "error", "result"}
        short = instruction.model_dump(mode="json", include=shown)
        self._events.publish(Event("instruction", instruction.id, short, final=True))

    def _kind(self, kind: InstructionKind) -> Kind:
        if kind not in self._kinds:
            known = ", ".join(each.value for each in self._kinds)
            raise UsageError(f"Instructions of the kind {kind.value} can't be carried out here: there are {known}.")
        return self._kinds[kind]

    def _payload(self, kind: InstructionKind, payload: Mapping[str, Any]) -> BaseModel:
        try:
            known = self._kind(kind)
            return known.tidied(known.payload.model_validate(payload))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ").rstrip(".")
            raise UsageError(f"The payload can't be used: {field}: {problem}.") from error

    @staticmethod
    def _refuse_changed(instruction: Instruction) -> None:
        if instruction.validated != fingerprint(instruction.kind, instruction.payload):
            raise InvalidOperationError(f"{instruction.title} was changed since it was validated: validate it again.")


def _done(instruction: Instruction, status: InstructionStatus) -> InstructionStatus:
    """What is done again and again stays approved, however it went this time."""
    return status if instruction.every is Every.ONCE else InstructionStatus.APPROVED


def _plain(payload: BaseModel) -> dict[str, JsonValue]:
    return payload.model_dump(mode="json", exclude_none=True)
