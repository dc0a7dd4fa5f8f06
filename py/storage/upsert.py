"""Insert a row, or change the one with the same key, in the words of the database at hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table


def upsert(
    connection: Connection,
    table: Table,
    key: str,
    values: dict[str, Any],
    *,
    only_new: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Writes ``values``; ``only_new`` go into a new row alone; an old row gets ``changes`` (default: ``values``)."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(table).values({**values, **(only_new or {})})
    chosen = {name: value for name, value in (changes or values).items() if name != key}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=chosen))
