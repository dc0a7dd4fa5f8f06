"""Brings a database file up to the newest revision. Alembic itself is imported only where there is something to do."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ...errors import DatabaseTooNewError

_FOLDER = Path(__file__).parent


def revisions() -> list[str]:
    """Every revision known, oldest first. The files are named ``<revision>_<word>.py``."""
    return sorted(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def revision_of(connection: Connection) -> str | None:
    """The revision that the database file is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def needed(connection: Connection) -> bool:
    """Whether the file is older than this Lorakeeper. Raises DatabaseTooNewError where it is newer."""
    found, known = revision_of(connection), revisions()
    if found is not None and found not in known:
        raise DatabaseTooNewError(
            "The library was written by a newer Lorakeeper: update this one, or move its database file away."
        )
    return found != known[-1]


def upgrade(connection: Connection, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    # The host's console is no place for Alembic's diary.
    diary = logging.getLogger("alembic")
    before = diary.level
    diary.setLevel(logging.WARNING)
    try:
        command.upgrade(config, revision)
    finally:
        diary.setLevel(before)
