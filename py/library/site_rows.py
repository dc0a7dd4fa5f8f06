"""The rows of what the site knows: what is to be asked about, and by which hashes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, exists, insert, literal, or_, select, update

from ..storage.tables import contents, hashes, models, site

_HASH_OF_NOTHING = "E3B0C44298FC"
# Those of the hashes in a header that are of the file itself: over its tensors, as AutoV3 is.
_OWN_HASHES = re.compile(r"sshs_model_hash|hash_sha256|autov3", re.IGNORECASE)

# By content: its own AutoV3, and what its header states in the same form.
OtherHashes = dict[int, tuple[str | None, list[str]]]


def due_contents(before: float | None, *, refresh: bool) -> Select[Any]:
    """``(id, sha256)`` of the contents that the site wasn't asked about since ``before``; None: of all.

    Without ``refresh`` an answer lasts for ever, and only a miss grows old.
    """
    query = select(contents.c.id, contents.c.sha256).where(contents.c.sha256.is_not(None)).order_by(contents.c.id)
    if before is None:
        return query
    query = query.outerjoin(site, site.c.content == contents.c.id)
    old = site.c.fetched_at < before
    return query.where(or_(site.c.content.is_(None), old if refresh else old & site.c.version_id.is_(None)))


def known_contents() -> Select[Any]:
    """``(id, sha256)`` of the contents that the site knows."""
    query = select(contents.c.id, contents.c.sha256).join(site, site.c.content == contents.c.id)
    return query.where(contents.c.sha256.is_not(None), site.c.version_id.is_not(None)).order_by(contents.c.id)


def pairs(connection: Connection, query: Select[Any]) -> list[tuple[int, str]]:
    return [(row.id, row.sha256) for row in connection.execute(query).all()]


def still_here(connection: Connection, content_ids: Iterable[int]) -> list[int]:
    """Two contents can have become one while the site was asked."""
    return list(connection.execute(select(contents.c.id).where(contents.c.id.in_(list(content_ids)))).scalars())


def put_misses(connection: Connection, content_ids: Sequence[int], at: float) -> None:
    """Remembers that the site knows nothing of these: :func:`rows.put_site` for many, as most misses come so."""
    connection.execute(update(site).where(site.c.content.in_(content_ids)).values(fetched_at=at))
    new = select(contents.c.id, literal(at)).where(
        contents.c.id.in_(content_ids), ~exists().where(site.c.content == contents.c.id)
    )
    connection.execute(insert(site).from_select(["content", "fetched_at"], new))


def versions_of(connection: Connection, content_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The site's answers, where it had one."""
    query = select(site.c.content, site.c.version).where(site.c.content.in_(list(content_ids)))
    return {row.content: row.version for row in connection.execute(query).all() if row.version}


def contents_of_models(connection: Connection, model_ids: Iterable[int]) -> list[int]:
    query = select(site.c.content).where(site.c.model_id.in_(list(model_ids)))
    return list(connection.execute(query).scalars())


def due_models(connection: Connection, model_ids: Sequence[int] | None, before: float | None) -> list[int]:
    """Those of the models (None: of all known versions) that weren't asked about since ``before``; None: all."""
    if model_ids is None:
        named = select(site.c.model_id).where(site.c.model_id.is_not(None)).distinct().order_by(site.c.model_id)
        model_ids = list(connection.execute(named).scalars())
    if before is None:
        return list(dict.fromkeys(model_ids))
    known = set(connection.execute(select(models.c.id).where(models.c.fetched_at >= before)).scalars())
    return [model_id for model_id in dict.fromkeys(model_ids) if model_id not in known]


def other_hashes(connection: Connection, content_ids: list[int]) -> OtherHashes:
    """By what else than its SHA256 a file may be known to the site."""
    autov3 = select(hashes.c.content, hashes.c.value).where(
        hashes.c.kind == "AutoV3", hashes.c.content.in_(content_ids)
    )
    own = {row.content: row.value for row in connection.execute(autov3).all()}
    stated = select(contents.c.id, contents.c.header["embedded"].as_json()).where(contents.c.id.in_(content_ids))
    found: OtherHashes = {}
    for content, embedded in connection.execute(stated).all():
        mine = _autov3(own.get(content))
        named = embedded.items() if isinstance(embedded, dict) else ()
        others = dict.fromkeys(_autov3(value) for key, value in named if _OWN_HASHES.search(key))
        found[content] = mine, [value for value in others if value and value != mine]
    return found


def _autov3(text: object) -> str | None:
    """The AutoV3 that a hash over a file's tensors begins with; None for what is none, and for that of nothing."""
    match = re.fullmatch(r"(?:0x)?([0-9a-f]{12}|[0-9a-f]{64})", str(text or "").strip(), re.IGNORECASE)
    value = match[1][:12].upper() if match else None
    return value if value != _HASH_OF_NOTHING else None
