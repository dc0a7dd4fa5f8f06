"""The library's queries: plain functions of a connection, the only module that speaks SQL about models."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select

from ..storage.tables import contents, files, hashes, site, user
from ..storage.upsert import upsert
from .items import UserLayer


@dataclass(frozen=True)
class FileFacts:
    """A file as it lies on the disk, with the hash that its content had when it was read."""

    path: str
    kind: str | None
    name: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str


def stamp(path: Path) -> tuple[int, int, int]:
    """``(size, mtime_ns, inode)``: while these are unchanged, so is the file."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def trusted_hash(connection: Connection, path: str, facts: tuple[int, int, int]) -> str | None:
    """The SHA256 of the file at ``path``, where its row still fits what the disk says."""
    row = connection.execute(select(files).where(files.c.path == path)).first()
    return row.sha256 if row and (row.size, row.mtime_ns, row.inode) == facts else None


def put_content(
    connection: Connection,
    sha256: str,
    size: int,
    others: dict[str, str],
    header: dict[str, Any] | None,
    broken: str | None,
) -> None:
    """Writes what a file says of itself, with its ``others``: hash kind → value, as the site writes them."""
    values = {"sha256": sha256, "size": size, "header": header, "broken": broken}
    upsert(connection, contents, "sha256", values)
    known = set(connection.execute(select(hashes.c.kind).where(hashes.c.sha256 == sha256)).scalars())
    if new := [{"sha256": sha256, "kind": kind, "value": value} for kind, value in others.items() if kind not in known]:
        connection.execute(insert(hashes), new)


def put_file(connection: Connection, facts: FileFacts) -> int:
    """Writes the row of a file and returns its id, which a path keeps for ever."""
    upsert(connection, files, "path", asdict(facts), only_new={"added_at": time.time()})
    return int(connection.execute(select(files.c.id).where(files.c.path == facts.path)).scalar_one())


def put_site(connection: Connection, sha256: str, version: dict[str, Any] | None, search: str = "") -> None:
    """Remembers the site's answer. A miss (None) never takes the place of something once learned."""
    values = {"sha256": sha256, "version": version, "search": search, "fetched_at": time.time()}
    changes = {"fetched_at": values["fetched_at"]} if version is None else values
    upsert(connection, site, "sha256", values, changes=changes)


def get_site(connection: Connection, sha256: str) -> Row[Any] | None:
    return connection.execute(select(site).where(site.c.sha256 == sha256)).first()


def put_user(connection: Connection, sha256: str, layer: UserLayer) -> None:
    upsert(connection, user, "sha256", {"sha256": sha256, **layer.model_dump()})


def paths_of(connection: Connection, sha256: str) -> list[str]:
    return list(connection.execute(select(files.c.path).where(files.c.sha256 == sha256)).scalars())


def content_by_hash(connection: Connection, text: str) -> str | None:
    """The SHA256 of a known content, by any of its hashes in any case."""
    whole = select(contents.c.sha256).where(contents.c.sha256 == text.lower())
    other = select(hashes.c.sha256).where(hashes.c.value == text.upper())
    return connection.execute(whole).scalar() or connection.execute(other).scalar()


def hashes_of(connection: Connection, sha256: str) -> dict[str, str]:
    rows = connection.execute(select(hashes.c.kind, hashes.c.value).where(hashes.c.sha256 == sha256))
    return {"SHA256": sha256.upper(), **{row.kind: row.value for row in rows}}


_ROWS = (
    select(files, contents.c.header, contents.c.broken, site.c.version)
    .add_columns(user.c.favourite, user.c.tags, user.c.notes, user.c.trigger_words, user.c.preferred_strength)
    .join_from(files, contents, files.c.sha256 == contents.c.sha256)
    .outerjoin(site, files.c.sha256 == site.c.sha256)
    .outerjoin(user, files.c.sha256 == user.c.sha256)
)


def get(connection: Connection, condition: ColumnElement[bool]) -> Row[Any] | None:
    return connection.execute(_ROWS.where(condition)).first()


def page(
    connection: Connection, *, query: str, kind: str | None, before: int | None, limit: int
) -> tuple[list[Row[Any]], int]:
    """``(rows, total)``, newest first, those with an id under ``before``. Every word of ``query`` must be found."""
    conditions: list[ColumnElement[bool]] = [_has_word(word) for word in query.split()]
    if kind:
        conditions.append(files.c.kind == kind)
    # Both tables take part only where a word asks for them: counting every row must stay cheap.
    counted = select(func.count()).select_from(files)
    if query.split():
        counted = counted.outerjoin(site, files.c.sha256 == site.c.sha256)
        counted = counted.outerjoin(user, files.c.sha256 == user.c.sha256)
    total = connection.execute(counted.where(and_(True, *conditions))).scalar_one()
    if before is not None:
        conditions.append(files.c.id < before)
    rows = connection.execute(_ROWS.where(and_(True, *conditions)).order_by(files.c.id.desc()).limit(limit))
    return list(rows), int(total)


def _has_word(word: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(word, autoescape=True) for column in (files.c.name, site.c.search, user.c.notes)))


def user_layer(row: Row[Any]) -> UserLayer:
    """The user's layer of a row of :func:`get` or :func:`page`; empty where the user has said nothing."""
    if row.favourite is None:
        return UserLayer()
    return UserLayer.model_validate({name: row._mapping[name] for name in UserLayer.model_fields})
