"""The rows of files and of what is known of their contents: plain functions of a connection.

Whoever changes a layer here calls :class:`view.View` in the same transaction, which brings the list up to date.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ..storage.tables import cards, contents, files, hashes, items, models, site, usage, user
from ..storage.upsert import upsert, upsert_all
from . import search
from .items import UserLayer
from .walk import stamp as facts_of_status

T = TypeVar("T")
Facts = tuple[int, int, int]

# More would be past what some builds of SQLite take as parameters.
CHUNK = 500


# Asked for each of many files: made once, since making one takes longer than asking it.
_FILE = select(files).where(files.c.id == bindparam("file"))
_FILE_AT = select(files).where(files.c.path == bindparam("path"))
_FILES_OF = select(files).where(files.c.content == bindparam("content")).order_by(files.c.id)
_BY_SHA256 = select(contents.c.id).where(contents.c.sha256 == bindparam("sha256"))
_BY_OTHER = select(hashes.c.content).where(hashes.c.value == bindparam("value"))
_SHA256 = select(contents.c.sha256).where(contents.c.id == bindparam("content"))
_HASHES = select(hashes.c.kind, hashes.c.value).where(hashes.c.content == bindparam("content"))
_SITE = select(site).where(site.c.content == bindparam("content"))
_USER = select(user).where(user.c.content == bindparam("content"))
_PUT_HEADER = (
    update(contents)
    .where(contents.c.id == bindparam("content"))
    .values(header=bindparam("header"), broken=bindparam("broken"))
)
_KNOW = (
    update(files).where(files.c.id == bindparam("file")).values(content=bindparam("into"), stale=False, problem=None)
)


@dataclass(frozen=True)
class Place:
    """Where a file lies: ``path`` in the spelling of :mod:`paths`, ``kind`` None outside the model folders."""

    path: str
    kind: str | None
    name: str
    folder: str


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    every = list(values)
    return (every[start : start + size] for start in range(0, len(every), size))


def stamp(path: str | Path) -> Facts:
    """``(size, mtime_ns, inode)``: while these are unchanged, so is the file."""
    return facts_of_status(os.stat(path))  # noqa: PTH116 - a text will do


def facts_of(row: Row[Any]) -> Facts:
    return row.size, row.mtime_ns, row.inode


# -- Files -----------------------------------------------------------------------------------------------------------


def get_file(connection: Connection, file_id: int) -> Row[Any] | None:
    return connection.execute(_FILE, {"file": file_id}).first()


def file_at(connection: Connection, path: str) -> Row[Any] | None:
    return connection.execute(_FILE_AT, {"path": path}).first()


def files_of(connection: Connection, content: int) -> Sequence[Row[Any]]:
    return connection.execute(_FILES_OF, {"content": content}).all()


def twins(connection: Connection, inodes: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """The rows with one of these inodes, those that are missing last: each may be of a file that has another path
    now."""
    found: dict[int, list[Row[Any]]] = {}
    known = select(files, contents.c.sha256).join(contents, files.c.content == contents.c.id)
    for chunk in chunks(inode for inode in inodes if inode):
        for row in connection.execute(known.where(files.c.inode.in_(chunk)).order_by(files.c.missing)).all():
            found.setdefault(row.inode, []).append(row)
    return found


def add_files(connection: Connection, found: Sequence[tuple[Place, Facts, str | None, int | None]]) -> list[int]:
    """New rows, each with its ``(place, facts, problem, content)``; without a content it gets one of its own, to be
    read. One with a content that was read is known whole.

    Returns their ids, which a file keeps for ever.
    """
    next_file = int(connection.execute(select(func.max(files.c.id))).scalar() or 0) + 1
    next_content = int(connection.execute(select(func.max(contents.c.id))).scalar() or 0) + 1
    new_contents: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    given = {content for _, _, _, content in found if content is not None}
    unread = {
        content
        for chunk in chunks(given)
        for content in connection.execute(
            select(contents.c.id).where(contents.c.id.in_(chunk), contents.c.sha256.is_(None))
        )
        .scalars()
        .all()
    }
    now = time.time()
    for place, (size, mtime_ns, inode), problem, content in found:
        stale = content is None or content in unread
        if content is None:
            content = next_content + len(new_contents)
            new_contents.append({"id": content, "size": size})
        rows.append(
            {
                "id": next_file + len(rows),
                **vars(place),
                "size": size,
                "mtime_ns": mtime_ns,
                "inode": inode,
                "content": content,
                "missing": False,
                "stale": stale,
                "problem": problem,
                "added_at": now,
            }
        )
    if new_contents:
        connection.execute(insert(contents), new_contents)
    if rows:
        connection.execute(insert(files), rows)
    return [row["id"] for row in rows]


def relocate(connection: Connection, file_id: int, place: Place, facts: Facts) -> None:
    """The file of that row lies at ``place`` now. The row keeps its id, and its content all that is known of it."""
    size, mtime_ns, inode = facts
    values = {**vars(place), "size": size, "mtime_ns": mtime_ns, "inode": inode, "missing": False}
    connection.execute(update(files).where(files.c.id == file_id).values(values))


def remove_file(connection: Connection, file_id: int) -> None:
    """Forgets the row of a file. What is known of its content stays."""
    search.drop(connection, [file_id])
    for table in (cards, items):
        connection.execute(delete(table).where(table.c.file == file_id))
    connection.execute(delete(files).where(files.c.id == file_id))


# -- Contents --------------------------------------------------------------------------------------------------------


def content_by_hash(connection: Connection, text: str) -> int | None:
    """The known content that has ``text`` as one of its hashes, in any case."""
    known = content_of_sha256(connection, text.lower())
    return known or connection.execute(_BY_OTHER, {"value": text.upper()}).scalar()


def content_of_sha256(connection: Connection, sha256: str) -> int | None:
    return connection.execute(_BY_SHA256, {"sha256": sha256}).scalar()


def sha256_of(connection: Connection, content: int) -> str | None:
    return connection.execute(_SHA256, {"content": content}).scalar()


def put_header(connection: Connection, content: int, header: dict[str, Any] | None, broken: str | None) -> None:
    connection.execute(_PUT_HEADER, {"content": content, "header": header, "broken": broken})


def put_known(connection: Connection, file_id: int, content: int) -> None:
    """The file was read: it has that content."""
    connection.execute(_KNOW, {"file": file_id, "into": content})


def add_content(connection: Connection, sha256: str, size: int) -> int:
    added = connection.execute(insert(contents).values(sha256=sha256, size=size))
    (content,) = added.inserted_primary_key or (0,)
    return int(content)


def put_hashes(connection: Connection, content: int, others: dict[str, str]) -> None:
    """Writes a content's ``others``: hash kind → value, as the site writes them. What is known already stays."""
    known = {row.kind for row in connection.execute(_HASHES, {"content": content}).all()}
    if new := [
        {"content": content, "kind": kind, "value": value} for kind, value in others.items() if kind not in known
    ]:
        connection.execute(insert(hashes), new)


def hashes_of(connection: Connection, content: int) -> dict[str, str]:
    sha256 = sha256_of(connection, content)
    others = connection.execute(_HASHES, {"content": content}).all()
    return {**({"SHA256": sha256.upper()} if sha256 else {}), **{row.kind: row.value for row in others}}


def absorb(connection: Connection, content: int, into: int) -> None:
    """Makes two contents one, which they have turned out to be: what the user said of either stays."""
    read = select(contents.c.header, contents.c.broken, contents.c.size)
    first = connection.execute(read.where(contents.c.id == into)).one()
    if first.header is None and first.broken is None:
        second = connection.execute(read.where(contents.c.id == content)).one()
        connection.execute(update(contents).where(contents.c.id == into).values(second._asdict()))
    mine, other = user_layer(connection, into), user_layer(connection, content)
    if other != UserLayer():
        put_user(connection, into, merge_users(mine, other))
    used = connection.execute(select(usage).where(usage.c.content == content)).first()
    if used:
        add_uses(connection, [into], used.last_used, times=used.uses)
    known = connection.execute(select(site.c.content).where(site.c.content == into)).first()
    if known is None:
        connection.execute(update(site).where(site.c.content == content).values(content=into))
    connection.execute(update(files).where(files.c.content == content).values(content=into))
    for table in (hashes, site, user, usage):
        connection.execute(delete(table).where(table.c.content == content))
    connection.execute(delete(contents).where(contents.c.id == content))


# -- What the site and the user say ----------------------------------------------------------------------------------


def put_site(
    connection: Connection, content: int, version: dict[str, Any] | None, *, fetched_at: float | None = None
) -> None:
    """Remembers the site's answer. A miss (None) never takes the place of something once learned."""
    at = time.time() if fetched_at is None else fetched_at
    values = {
        "content": content,
        "version": version,
        "model_id": version and version.get("modelId"),
        "version_id": version and version.get("id"),
        "fetched_at": at,
    }
    upsert(connection, site, "content", values, changes={"fetched_at": at} if version is None else values)


def get_site(connection: Connection, content: int) -> Row[Any] | None:
    return connection.execute(_SITE, {"content": content}).first()


def forget_site(connection: Connection, content: int) -> None:
    connection.execute(delete(site).where(site.c.content == content))


def put_model(
    connection: Connection,
    model_id: int,
    document: dict[str, Any] | None,
    newest: int | None,
    *,
    at: float | None = None,
) -> None:
    """Remembers the site's word on a model. A miss (None) never takes the place of something once learned."""
    now = time.time() if at is None else at
    values = {"id": model_id, "document": document, "newest": newest, "fetched_at": now}
    upsert(connection, models, "id", values, changes={"fetched_at": now} if document is None else values)


def user_layer(connection: Connection, content: int) -> UserLayer:
    """What the user says of a content; empty where that is nothing."""
    row = connection.execute(_USER, {"content": content}).first()
    return user_layer_of(row) if row else UserLayer()


def user_layers(connection: Connection, content_ids: Iterable[int]) -> dict[int, UserLayer]:
    """What the user says of each of these contents, of which that is anything."""
    return {
        row.content: user_layer_of(row)
        for chunk in chunks(content_ids)
        for row in connection.execute(select(user).where(user.c.content.in_(chunk))).all()
    }


def user_layer_of(row: Row[Any]) -> UserLayer:
    return UserLayer.model_validate({name: row._mapping[name] for name in UserLayer.model_fields})


def has_user_layer(connection: Connection, content: int) -> bool:
    return connection.execute(_USER, {"content": content}).first() is not None


def put_user(connection: Connection, content: int, layer: UserLayer) -> None:
    put_users(connection, {content: layer})


def put_users(connection: Connection, layers: Mapping[int, UserLayer]) -> None:
    upsert_all(connection, user, "content", [{"content": each, **layers[each].model_dump()} for each in layers])


def merge_users(first: UserLayer, second: UserLayer) -> UserLayer:
    """Both layers in one: lists and notes together, elsewhere the first that says something."""
    notes = list(dict.fromkeys(text for text in (first.notes.strip(), second.notes.strip()) if text))
    strength = first.preferred_strength if first.preferred_strength is not None else second.preferred_strength
    return UserLayer(
        favourite=first.favourite or second.favourite,
        tags=list(dict.fromkeys([*first.tags, *second.tags])),
        notes="\n\n".join(notes),
        trigger_words=list(dict.fromkeys([*first.trigger_words, *second.trigger_words])),
        preferred_strength=strength,
    )


def add_uses(connection: Connection, used: Iterable[int], at: float, *, times: int = 1) -> None:
    """Each of these contents took part in a prompt that ran at ``at``."""
    for content in used:
        values = {"content": content, "uses": times, "last_used": at}
        changes = {"uses": usage.c.uses + times, "last_used": at}
        upsert(connection, usage, "content", values, changes=changes)
