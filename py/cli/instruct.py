"""``lorakeeper instruct …``: plans, looked through and approved before they are carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..app import App
from ..bulk.instructions import Instruction, InstructionKind, InstructionStatus, NewInstruction, Validation
from ..bulk.instructions.documents import Line
from ..errors import InstructionNotFoundError, UsageError
from . import FAILED, GOOD
from .console import complain, say, say_json, size, table
from .queue import follow
from .session import opened

_MOST = 64 << 20


async def new(fields: Mapping[str, Any], paths: list[str], *, as_json: bool) -> int:
    kind = InstructionKind(fields["kind"])
    if kind is InstructionKind.DOWNLOAD:
        if not fields["targets"]:
            raise UsageError("Say what to download: give targets, or import a list of them.")
        options = {name: fields[name] for name in ("priority", "strategy", "folder") if fields[name]}
        payload: dict[str, Any] = {"targets": [{"target": each} for each in fields["targets"]], "options": options}
    elif kind is InstructionKind.REPORT:
        payload = {name: fields[name] for name in ("period", "format", "language") if fields[name]}
    else:
        payload = {"paths": paths}
        if kind is InstructionKind.SCAN:
            payload["whole"] = fields["whole"]
    again = {name: fields[name] for name in ("every", "at") if fields[name]}
    try:
        written = NewInstruction(title=fields["title"], kind=kind, payload=payload, **again)
    except ValidationError as error:
        raise UsageError(f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error
    async with opened() as app:
        if kind is InstructionKind.REPORT:
            written.payload.setdefault("format", app.settings.report_format)
        made = await app.instructions.create(written)
    _tell(made, as_json=as_json)
    return GOOD


async def take_in(text: str, title: str, *, as_json: bool) -> int:
    async with opened() as app:
        made = await app.instructions.read(text, title)
    for instruction in made:
        _tell(instruction, as_json=as_json)
    return GOOD


def read(file: Path) -> bytes:
    """A file that may have a workflow inside."""
    if file.stat().st_size > _MOST:
        raise UsageError(f"{file.name} is too large for a workflow: at most {_MOST >> 20} MiB are read.")
    return file.read_bytes()


async def missing(data: bytes, name: str, *, as_json: bool) -> int:
    """The exit code is 1 where a model was not found."""
    async with opened() as app:
        report = await app.missing.look(data, name)
    if as_json:
        say_json(report)
    else:
        table(
            ("STATE", "KIND", "NAME", "TARGET", "NOTE"),
            (
                (model.state, model.kind or "", model.name, model.target or model.path or model.url or "", model.note)
                for model in report.models
            ),
        )
        if report.instruction:
            _tell(report.instruction, as_json=False)
        elif all(model.state == "here" for model in report.models):
            say("Nothing is missing.")
    return FAILED if any(model.state == "unknown" for model in report.models) else GOOD


async def instructions(status: str | None, *, as_json: bool) -> int:
    async with opened() as app:
        found = await _all(app, status)
    if as_json:
        for each in found:
            say_json(each)
        return GOOD
    table(
        ("ID", "STATUS", "KIND", "WRITTEN", "TITLE"),
        (
            (each.id[:8], each.status.value, each.kind.value, f"{each.created_at:%Y-%m-%d %H:%M}", each.title)
            for each in found
        ),
    )
    return GOOD


async def show(which: str, *, as_json: bool) -> int:
    async with opened() as app:
        [instruction] = await _find(app, [which])
    if as_json:
        say_json(instruction)
        return GOOD
    say(f"{instruction.title} ({instruction.kind.value}): {instruction.status.value}")
    for note in instruction.notes:
        say("!", note)
    if instruction.validation:
        _show(instruction.validation)
    if instruction.due:
        say(
            f"Each {instruction.every.value} at {instruction.at}, next on {instruction.due.astimezone():%Y-%m-%d %H:%M}"
        )
    if instruction.error:
        complain(instruction.error)
    if instruction.result:
        say(", ".join(f"{name}: {value}" for name, value in instruction.result.items() if value is not None))
    return GOOD


async def process(operation: str, which: Sequence[str], *, sequential: bool, wait: bool = False, as_json: bool) -> int:
    """Does one thing to many, reports on each, and with ``wait`` follows the downloads that begin."""
    async with opened() as app:
        found = await _find(app, which)
        result = await app.instructions.process_instructions(
            [each.id for each in found], operation, "sequential" if sequential else "parallel"
        )
        if as_json:
            say_json(result)
        for each, detail in zip(found, result.details, strict=True):
            instruction = await app.instructions.get(each.id)
            if detail.error:
                complain(f"{instruction.title}: {detail.error['message']}")
            elif not as_json:
                say(f"{instruction.id[:8]} {instruction.title}: {instruction.status.value}")
                if operation == "validate" and instruction.validation:
                    _show(instruction.validation)
        code = FAILED if result.failed else GOOD
        if wait:
            done = [await app.instructions.get(each.id) for each in found]
            jobs = [str(each.result["job"]) for each in done if each.result and "job" in each.result]
            code = max(code, await follow(app, [await app.jobs.get(job) for job in jobs], as_json=as_json))
    return code


async def end(what: str, which: Sequence[str]) -> int:
    async with opened() as app:
        for each in await _find(app, which):
            if what == "reject":
                await app.instructions.reject(each.id)
            else:
                await app.instructions.remove(each.id)
            say(f"{each.id[:8]} {each.title}: {'rejected' if what == 'reject' else 'removed'}")
    return GOOD


async def export(which: Sequence[str], *, as_list: bool) -> str:
    """The text of a file for others."""
    async with opened() as app:
        found = await _find(app, which)
        return await app.instructions.write([each.id for each in found], as_list=as_list)


# -- Inside ----------------------------------------------------------------------------------------------------------


async def _find(app: App, which: Sequence[str]) -> list[Instruction]:
    """The instructions of these ids, or of their beginnings."""
    known = await _all(app, None)
    found = []
    for each in which:
        fitting = [instruction for instruction in known if instruction.id.startswith(each.lower())]
        if not fitting:
            raise InstructionNotFoundError(f"There is no instruction {each}.")
        if len(fitting) > 1:
            raise UsageError(f"Several instructions begin with {each}: give more of the id.")
        found += fitting
    return found


async def _all(app: App, status: str | None) -> list[Instruction]:
    found: list[Instruction] = []
    cursor: str | None = None
    wanted = InstructionStatus(status) if status else None
    while True:
        page = await app.instructions.page(cursor=cursor, limit=200, status=wanted)
        found += page.items
        if not (cursor := page.next_cursor):
            return found


def _tell(instruction: Instruction, *, as_json: bool) -> None:
    if as_json:
        say_json(instruction)
    else:
        short = instruction.id[:8]
        say(f"{short} {instruction.title}: a draft. See what it would do: instruct validate {short}")


def _show(validation: Validation) -> None:
    """What a validation has found: a line for each thing, then the sums."""
    table(("LINE", "WHAT", "BYTES", "NAME", "REMARKS"), (_cells(line) for line in validation.lines))
    parts = [
        f"{validation.files:,} to do" + (f", {size(validation.bytes)}" if validation.bytes else ""),
        f"{validation.owned:,} here already" if validation.owned else "",
        f"{validation.refused:,} not possible" if validation.refused else "",
        f"about {validation.seconds:,.0f} s" if validation.seconds else "",
        "" if validation.cost is None else f"at most ${validation.cost:,.2f}",
    ]
    say("; ".join(filter(None, parts)))
    for room in validation.rooms:
        say(f"{room.folder}: {size(room.free)} free, {size(max(0, room.after))} afterwards")
    for remark in validation.remarks:
        say("!", remark.text)


def _cells(line: Line) -> tuple[object, ...]:
    remarks = " ".join(remark.text for remark in line.remarks)
    return line.number, line.outcome, size(line.size) if line.size else "", line.name or line.text, remarks
