"""Where a page of a list goes on: lists by number hand out the number of their last row."""

from __future__ import annotations

from ..errors import UsageError

_DIGITS = 18  # the database's numbers have no more


def row_of(cursor: str | None) -> int | None:
    """The number in a cursor; None for none. UsageError for what no list by number has given."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _DIGITS):
        raise UsageError("That cursor is none of this list's.")
    return int(cursor)
