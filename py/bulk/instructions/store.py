"""Instructions as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ...errors import InstructionNotFoundError, InvalidOperationError
from ...storage.tables import instructions
from .documents import Instruction, InstructionPage, InstructionStatus


def add(connection: Connection, instruction: Instruction) -> None:
    connection.execute(insert(instructions).values(id=instruction.id, **_values(instruction)))


def save(connection: Connection, instruction: Instruction, before: Instruction) -> None:
    """Writes what has become of ``before``. InvalidOperationError where somebody else was at it meanwhile."""
    found = load(connection, instruction.id)
    if (found.changed_at, found.status) != (before.changed_at, before.status):
        raise InvalidOperationError(f"{found.title} was changed meanwhile: look at it again.")
    connection.execute(update(instructions).where(instructions.c.id == instruction.id).values(_values(instruction)))


def load(connection: Connection, instruction_id: str) -> Instruction:
    query = select(instructions.c.document, instructions.c.lines).where(instructions.c.id == instruction_id)
    found = connection.execute(query).first()
    if found is None:
        raise InstructionNotFoundError(f"There is no instruction {instruction_id[:40]}.")
    document: dict[str, Any] = found.document
    if document["validation"]:
        document = {**document, "validation": {**document["validation"], "lines": found.lines}}
    return Instruction.model_validate(document)


def page(
    connection: Connection, before: int | None, limit: int, status: InstructionStatus | None = None
) -> InstructionPage:
    """Newest first, without the lines of what was validated: there can be thousands."""
    query = select(instructions.c.sequence, instructions.c.document).order_by(instructions.c.sequence.desc())
    if before is not None:
        query = query.where(instructions.c.sequence < before)
    if status:
        query = query.where(instructions.c.status == status.value)
    rows = connection.execute(query.limit(limit + 1)).all()
    cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return InstructionPage(items=[Instruction.model_validate(row.document) for row in rows[:limit]], next_cursor=cursor)


def approved(connection: Connection) -> list[Instruction]:
    """Those that may be carried out, without their lines."""
    query = select(instructions.c.document).where(instructions.c.status == InstructionStatus.APPROVED.value)
    return [Instruction.model_validate(document) for document in connection.execute(query).scalars().all()]


def remove(connection: Connection, instruction_id: str) -> None:
    connection.execute(delete(instructions).where(instructions.c.id == instruction_id))


def _values(instruction: Instruction) -> dict[str, object]:
    lines = instruction.validation.lines if instruction.validation else []
    return {
        "kind": instruction.kind.value,
        "status": instruction.status.value,
        "document": instruction.model_dump(mode="json", exclude={"validation": {"lines"}}),
        "lines": [line.model_dump(mode="json") for line in lines],
    }
