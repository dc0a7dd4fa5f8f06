"""Instructions as rows."""

from __future__ import annotations

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
    found = connection.execute(select(instructions.c.document).where(instructions.c.id == instruction_id)).scalar()
    if found is None:
        raise InstructionNotFoundError(f"There is no instruction {instruction_id[:40]}.")
    return Instruction.model_validate(found)


def page(
    connection: Connection, before: int | None, limit: int, status: InstructionStatus | None = None
) -> InstructionPage:
    """Newest first."""
    query = select(instructions.c.sequence, instructions.c.document).order_by(instructions.c.sequence.desc())
    if before is not None:
        query = query.where(instructions.c.sequence < before)
    if status:
        query = query.where(instructions.c.status == status.value)
    rows = connection.execute(query.limit(limit + 1)).all()
    cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return InstructionPage(items=[Instruction.model_validate(row.document) for row in rows[:limit]], next_cursor=cursor)


def remove(connection: Connection, instruction_id: str) -> None:
    connection.execute(delete(instructions).where(instructions.c.id == instruction_id))


def _values(instruction: Instruction) -> dict[str, object]:
    return {
        "kind": instruction.kind.value,
        "status": instruction.status.value,
        "document": instruction.model_dump(mode="json"),
    }
