"""What is known of files that a graph names: by what they are shown, and where others can get them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel
from sqlalchemy import Connection, select

from ..civitai.schemas import ModelVersion
from ..storage.database import Database
from ..storage.tables import cards, files, site
from .items import LibraryItem
from .lookup import Lookup, Match
from .paths import stored
from .trigger_words import best_words, insert_trigger_words, split_words

# The address of a version's file, or of its only one, as CivitaiClient.download_url says it.
Address = Callable[[int, int | None], str]

_ROWS = select(files.c.id, cards.c.card, site.c.version).join_from(files, cards, files.c.id == cards.c.file)


class KnownFile(BaseModel):
    """A file that is here. ``id`` is the library's, ``page`` its model's at the site, ``url`` where this very content
    can be downloaded, None where that isn't known; ``words`` are those that go into a prompt by themselves."""

    id: int
    kind: str
    name: str
    title: str
    sha256: str | None
    family: str | None
    page: str | None
    url: str | None
    words: list[str]


async def known_files(
    database: Database, lookup: Lookup, address: Address, named: Sequence[tuple[Sequence[str], str]]
) -> list[KnownFile | None]:
    """For each ``(kinds, whole name)`` what is known; None where it isn't here, or not read yet. Asks nobody else."""
    matches = await lookup.whole(named)
    return await database.read(lambda c: [_known(c, match, address) if match else None for match in matches])


def _known(connection: Connection, match: Match, address: Address) -> KnownFile | None:
    path = stored(str(match.path))
    query = _ROWS.outerjoin(site, site.c.content == files.c.content).where(files.c.path == path)
    row = connection.execute(query).first() if path else None
    if row is None:
        return None
    item = LibraryItem.model_validate_json(row.card)
    return KnownFile(
        id=row.id,
        kind=match.kind,
        name=match.name,
        title=item.title,
        sha256=match.sha256,
        family=item.family,
        page=item.url,
        url=_url(row.version, match.sha256, address) if row.version else None,
        # As the nodes give them.
        words=split_words(insert_trigger_words("", best_words(item.trigger_words))),
    )


def _url(document: object, sha256: str | None, address: Address) -> str | None:
    version = ModelVersion.model_validate(document)
    same = [file for file in version.files if sha256 and (file.hashes.sha256 or "").lower() == sha256]
    if not same or not version.id:
        return None
    return address(version.id, same[0].id if len(version.files) > 1 else None)
