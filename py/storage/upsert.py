"""Insert rows, or change those with the same keys, in the words of the database at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert


def upsert_all(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes all of these rows, each with the same columns."""
    if rows:
        statement = _insert(connection, table)
        changes = {name: statement.excluded[name] for name in rows[0] if name != key}
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changes), rows)


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
    statement = _insert(connection, table).values({**values, **(only_new or {})})
    chosen = {name: value for name, value in (changes or values).items() if name != key}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=chosen))


def add_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes all of these rows; of one whose primary key is there already, the other columns are added up."""
    if rows:
        statement = _insert(connection, table)
        sums = {column.name: column + statement.excluded[column.name] for column in table.c if not column.primary_key}
        keys = [column.name for column in table.primary_key]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=sums), rows)


def _insert(connection: Connection, table: Table) -> Insert:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)  # type: ignore[return-value]
