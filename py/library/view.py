"""The list: one row a file, computed from the layers whenever one of them changes."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from ..storage.tables import cards, contents, files, items, models, site, usage, user
from . import rows, search
from .items import Layers, LibraryDetail, UserLayer, at, compose, told
from .owned import files_of_models
from .paths import is_trashed, real
from .previews import Previews

_DIGITS = re.compile(r"\d+")
_DESCRIPTION = 2_000
_UNRATED = -1.0  # below all that somebody rated

# A row of the list: what stands in ``items``, its card, its text for the search.
Listed = tuple[dict[str, Any], str, str]

_LIST_FIELDS = {"path", "hashes", "header", "site", "model", "user", "broken"}

_LAYERS = (
    select(files)
    .add_columns(contents.c.sha256, contents.c.header, contents.c.broken)
    .add_columns(site.c.version, site.c.model_id, models.c.document, models.c.newest)
    .add_columns(user.c.favourite, user.c.tags, user.c.notes, user.c.trigger_words, user.c.preferred_strength)
    .add_columns(usage.c.uses, usage.c.last_used)
    .join_from(files, contents, files.c.content == contents.c.id)
    .outerjoin(site, files.c.content == site.c.content)
    .outerjoin(models, site.c.model_id == models.c.id)
    .outerjoin(user, files.c.content == user.c.content)
    .outerjoin(usage, files.c.content == usage.c.content)
)


class View:
    """Brings ``items``, ``cards`` and the search's texts up to date. All methods take part in the caller's
    transaction."""

    def __init__(self, previews: Previews, *, site_url: Callable[[], str]) -> None:
        self._previews = previews
        self._site_url = site_url

    def refresh(self, connection: Connection, file_ids: Iterable[int]) -> None:
        """Computes the list's rows of these files anew."""
        for chunk in rows.chunks(file_ids):
            found = connection.execute(_LAYERS.where(files.c.id.in_(chunk))).all()
            copies = _copies(connection, {row.content for row in found})
            owned = _owned(connection, {row.model_id for row in found if row.model_id})
            details = [(row, self._compose(row, copies, owned)) for row in found]
            for table in (items, cards):
                connection.execute(delete(table).where(table.c.file.in_(chunk)))
            _put(connection, [(_item(row, detail), _card(detail), _text(detail)) for row, detail in details])

    def add(self, connection: Connection, file_ids: Iterable[int]) -> None:
        """The same as :meth:`refresh` for files that were added just now, of whose contents nothing is known: many at
        once, and so without asking for what there can't be."""
        for chunk in rows.chunks(file_ids):
            query = select(files).where(files.c.id.in_(chunk))
            _put(connection, [_fresh(row) for row in connection.execute(query).all()])

    def refresh_contents(self, connection: Connection, content_ids: Iterable[int]) -> None:
        """The same for all files of these contents, and of other versions of the same models."""
        touched: set[int] = set()
        for chunk in rows.chunks(content_ids):
            related = select(site.c.model_id).where(site.c.content.in_(chunk), site.c.model_id.is_not(None))
            siblings = select(site.c.content).where(site.c.model_id.in_(related))
            touched.update(connection.execute(select(files.c.id).where(files.c.content.in_(chunk))).scalars())
            touched.update(connection.execute(select(files.c.id).where(files.c.content.in_(siblings))).scalars())
        self.refresh(connection, sorted(touched))

    def detail(self, connection: Connection, file_id: int) -> LibraryDetail | None:
        """One file with its layers as they are now."""
        row = connection.execute(_LAYERS.where(files.c.id == file_id)).first()
        if row is None:
            return None
        model_ids = {row.model_id} if row.model_id else set()
        hashes = rows.hashes_of(connection, row.content)
        here = files_of_models(connection, model_ids)
        detail = self._compose(row, _copies(connection, {row.content}), {row.model_id: frozenset(here)}, hashes)
        # Of several files of one version, this one is meant here.
        mine = {detail.version_id: file_id} if detail.version_id and not row.missing else {}
        return told(detail, {**here, **mine})

    def _compose(
        self,
        row: Row[Any],
        copies: dict[int, int],
        owned: dict[int, frozenset[int]],
        hashes: dict[str, str] | None = None,
    ) -> LibraryDetail:
        broken = row.problem or row.broken
        path = real(row.path)
        file_name = os.path.basename(row.path)  # noqa: PTH119 - no need of a Path for each of many rows
        facts = {
            "id": row.id,
            "kind": row.kind,
            "name": row.name,
            "folder": row.folder,
            "file_name": file_name,
            "title": os.path.splitext(file_name)[0],  # noqa: PTH122
            "sha256": row.sha256,
            "size": row.size,
            "state": _state(row, broken),
            "broken": broken,
            "has_preview": row.sha256 is not None and self._previews.find(row.sha256) is not None,
            "has_motion": row.sha256 is not None and self._previews.has_motion(row.sha256, row.version),
            "added_at": at(row.added_at),
            "changed_at": at(max(0.0, row.mtime_ns / 1e9)),
            "hashed": row.sha256 is not None and not row.stale,
            "copies": copies.get(row.content, 0),
            "uses": row.uses or 0,
            "last_used": at(row.last_used) if row.last_used else None,
            "path": path,
        }
        layers = Layers(
            facts,
            hashes=hashes or {},
            header=row.header,
            version=row.version,
            model=row.document,
            newest=row.newest,
            owned=owned.get(row.model_id, frozenset()),
            user=UserLayer() if row.favourite is None else rows.user_layer_of(row),
        )
        return compose(layers, self._site_url())


def _state(row: Row[Any], broken: str | None) -> str:
    if row.missing:
        return "trashed" if is_trashed(row.path) else "missing"
    return "broken" if broken else "present"


def _put(connection: Connection, listed: Sequence[Listed]) -> None:
    """Writes the list's rows of files that have none."""
    if not listed:
        return
    connection.execute(insert(items), [item for item, _, _ in listed])
    connection.execute(insert(cards), [{"file": item["file"], "card": card} for item, card, _ in listed])
    search.put(connection, [(item["file"], text) for item, _, text in listed])


def _fresh(row: Row[Any]) -> Listed:
    """What :func:`items.compose` makes of a file of whose content nothing is known, without its detours."""
    file_name = os.path.basename(row.path)  # noqa: PTH119
    title = os.path.splitext(file_name)[0]  # noqa: PTH122
    card = {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "folder": row.folder,
        "file_name": file_name,
        "title": title,
        "size": row.size,
        "state": "broken" if row.problem else "present",
        "added_at": at(row.added_at).isoformat(),
        "changed_at": at(max(0.0, row.mtime_ns / 1e9)).isoformat(),
    }
    listed = {
        "file": row.id,
        "content": row.content,
        "kind": row.kind,
        "folder": row.folder,
        "name_key": natural_key(title),
        "added_at": row.added_at,
        "changed_at": row.mtime_ns / 1e9,
        "size": row.size,
        "last_used": 0.0,
        "uses": 0,
        "rating": _UNRATED,
        "base_model": None,
        "family": None,
        "creator": None,
        "model_id": None,
        "nsfw_level": 0,
        "copies": 1,
        "favourite": False,
        "has_words": False,
        "has_update": False,
        "missing": False,
        "broken": row.problem is not None,
        "trashed": False,
        "tags": "",
    }
    text = row.name if title in row.name else f"{row.name}\n{title}"
    return listed, json.dumps(card, ensure_ascii=False), text


def natural_key(text: str) -> str:
    """What names are sorted by: ``v9`` comes before ``v10``, and case says nothing."""
    return _DIGITS.sub(lambda number: number[0].lstrip("0").rjust(12, "0"), search.fold(text))[:200]


def _copies(connection: Connection, content_ids: set[int]) -> dict[int, int]:
    """How many files of each content are here. Names of one file on the disk count once."""
    query = (
        select(files.c.content, func.count(files.c.inode.distinct()))
        .where(files.c.content.in_(content_ids), files.c.missing.is_(False))
        .group_by(files.c.content)
    )
    return {row.content: row[1] for row in connection.execute(query).all()}


def _owned(connection: Connection, model_ids: set[int]) -> dict[int, frozenset[int]]:
    """Which versions of each model are here."""
    if not model_ids:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    query = (
        select(site.c.model_id, site.c.version_id)
        .join(files, files.c.content == site.c.content)
        .where(site.c.model_id.in_(model_ids), files.c.missing.is_(False))
    )
    for model_id, version_id in connection.execute(query).all():
        found[model_id].add(version_id)
    return {model_id: frozenset(versions) for model_id, versions in found.items()}


def _item(row: Row[Any], detail: LibraryDetail) -> dict[str, Any]:
    return {
        "file": row.id,
        "content": row.content,
        "kind": row.kind,
        "folder": row.folder,
        "name_key": natural_key(detail.title),
        "added_at": row.added_at,
        "changed_at": row.mtime_ns / 1e9,
        "size": row.size,
        "last_used": row.last_used or 0.0,
        "uses": row.uses or 0,
        "rating": _UNRATED if detail.rating is None else detail.rating,
        "base_model": detail.base_model,
        "family": detail.family,
        "creator": detail.creator,
        "model_id": detail.model_id,
        "nsfw_level": detail.nsfw_level,
        "copies": detail.copies,
        "favourite": detail.favourite,
        "has_words": any(not word.suggested for word in detail.trigger_words),
        "has_update": detail.has_update,
        "missing": detail.state == "missing",
        "broken": detail.broken is not None,
        "trashed": detail.state == "trashed",
        "tags": _tags(detail),
    }


def _card(detail: LibraryDetail) -> str:
    return detail.model_dump_json(exclude=_LIST_FIELDS, exclude_defaults=True)


def _tags(detail: LibraryDetail) -> str:
    tags = dict.fromkeys(search.tag(tag) for tag in (*detail.tags, *detail.site_tags))
    return "\n".join(tag for tag in tags if tag)


def _text(detail: LibraryDetail) -> str:
    """What a search looks through."""
    description = (detail.model or {}).get("description") or (detail.header or {}).get("description") or ""
    parts = [
        detail.name,
        "" if detail.title in detail.name else detail.title,
        detail.version_name or "",
        detail.base_model or "",
        detail.creator or "",
        *detail.tags,
        *detail.site_tags,
        *(word.text for word in detail.trigger_words),
        str((detail.header or {}).get("title") or ""),
        detail.notes,
        str(description)[:_DESCRIPTION],
    ]
    return "\n".join(part for part in dict.fromkeys(parts) if part)
