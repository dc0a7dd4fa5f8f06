"""What one reading of a file brings, and how it becomes known."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from ..errors import BrokenFileError
from ..headers import read_header
from ..storage.tables import contents, files
from . import rows
from .items import UserLayer
from .sidecars import Adopted, read_sidecars
from .view import View


@dataclass(frozen=True)
class Reading:
    """What was read of a file while its facts were ``facts``. Without a ``sha256`` only its beginning was; ``headless``
    says that its beginning was read, and taken in, before."""

    facts: rows.Facts
    headless: bool = False
    header: dict[str, Any] | None = None
    broken: str | None = None
    sha256: str | None = None
    others: dict[str, str] | None = None
    adopted: Adopted | None = None


def read_beginning(path: Path, *, headless: bool = False) -> Reading:
    """The header, unless it is known, and what other tools have left beside the file. Blocking. Raises OSError."""
    facts = rows.stamp(path)
    if headless:
        return Reading(facts, headless=True, adopted=read_sidecars(path))
    header: dict[str, Any] | None = None
    broken: str | None = None
    try:
        known = read_header(path)
        header = {"format": known.format, **known.model_dump(mode="json", exclude_defaults=True)}
    except BrokenFileError as error:
        broken = str(error)
    return Reading(facts, header=header, broken=broken, adopted=read_sidecars(path))


def settle(connection: Connection, view: View, file_id: int, reading: Reading) -> list[int]:
    """Takes in what was read; returns the content it is about, none where the file has changed since."""
    touched = _take_in(connection, file_id, reading)
    view.refresh_contents(connection, touched)
    return touched[:1]


def settle_all(connection: Connection, view: View, readings: Iterable[tuple[int, Reading | str]]) -> None:
    """Takes in what was read of many files; a text is why one can't be read."""
    touched: set[int] = set()
    hopeless: list[int] = []
    for file_id, reading in readings:
        if isinstance(reading, Reading):
            touched.update(_take_in(connection, file_id, reading))
        elif reading:
            # It isn't tried again until something about it changes.
            given_up = update(files).where(files.c.id == file_id).values(stale=False, problem=reading)
            connection.execute(given_up)
            hopeless.append(file_id)
    view.refresh_contents(connection, touched)
    view.refresh(connection, hopeless)


def _take_in(connection: Connection, file_id: int, reading: Reading) -> list[int]:
    """The content that the reading is about, and the one that the file had before; none where it has changed since.

    A content that is known already keeps all that is known of it, and a file that turns out to be one that was missing
    takes that one's place in the library.
    """
    row = rows.get_file(connection, file_id)
    if row is None or rows.facts_of(row) != reading.facts:
        return []
    content = int(row.content)
    if reading.sha256:
        content = _content_of(connection, content, reading)
        rows.put_known(connection, file_id, content)
        rows.put_hashes(connection, content, reading.others or {})
        _take_place(connection, file_id, content)
    if not reading.headless:
        rows.put_header(connection, content, reading.header, reading.broken)
    if reading.adopted:
        _adopt(connection, content, reading.adopted, reading.sha256)
    return [content, int(row.content)]


def _content_of(connection: Connection, before: int, reading: Reading) -> int:
    """The content with that hash: known, or the file's own so far, or a new one."""
    assert reading.sha256  # noqa: S101 - for the type checker: only called with one
    known = rows.content_of_sha256(connection, reading.sha256)
    mine = rows.sha256_of(connection, before)
    if mine is None:
        rows.forget_site(connection, before)
    if known is not None:
        if mine is None:
            rows.absorb(connection, before, into=known)
        return known
    if mine is None:
        connection.execute(
            update(contents).where(contents.c.id == before).values(sha256=reading.sha256, size=reading.facts[0])
        )
        return before
    return rows.add_content(connection, reading.sha256, reading.facts[0])


def _take_place(connection: Connection, file_id: int, content: int) -> None:
    """A new file with the content of a missing one is that one, moved: the older row goes on, with its id."""
    every = rows.files_of(connection, content)
    row = next(each for each in every if each.id == file_id)
    gone = [each for each in every if each.missing and each.id < file_id and each.kind == row.kind]
    # While another copy is here, nobody can say which of them has moved.
    if len(gone) != 1 or len([each for each in every if not each.missing]) != 1:
        return
    rows.remove_file(connection, file_id)
    place = rows.Place(row.path, row.kind, row.name, row.folder)
    rows.relocate(connection, gone[0].id, place, rows.facts_of(row))
    rows.put_known(connection, gone[0].id, content)


def _adopt(connection: Connection, content: int, adopted: Adopted, sha256: str | None) -> None:
    """Takes over what another tool kept, where nobody has said anything here yet."""
    if adopted.user != UserLayer() and not rows.has_user_layer(connection, content):
        rows.put_user(connection, content, adopted.user)
    known = rows.get_site(connection, content)
    if known is None or known.version is None:
        # Before the hash is known, the newest is believed for the time being.
        answers = adopted.answers[:1] if sha256 is None else [adopted.answer_for(sha256)]
        for answer in answers:
            if answer is not None:
                document = answer.version.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                document["adopted"] = True
                rows.put_site(connection, content, document, fetched_at=answer.fetched_at)


def readable_problem(path: Path, error: OSError) -> str:
    name = os.path.basename(path)  # noqa: PTH119
    return f"{name} can't be read: {error.strerror or error}."
