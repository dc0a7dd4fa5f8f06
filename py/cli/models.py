"""``lorakeeper search``, ``show`` and ``info``: what the site has, and what is known of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from ..app import App
from ..civitai.query import SearchQuery
from ..errors import MissingError, UsageError
from ..library.items import LibraryDetail
from ..library.query import LibraryQuery
from ..views import RemoteFile, resolved, search_page
from . import GOOD
from .console import say, say_json, size, table
from .session import opened


async def search(fields: Mapping[str, object], *, as_json: bool) -> int:
    """One page of the site's models, one a line."""
    try:
        query = SearchQuery.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0]).replace("_", "-").removesuffix("s")
        raise UsageError(f"--{option}: {first['msg'].rstrip('.')}.") from error
    async with opened() as app:
        page = await search_page(app, query)
    if as_json:
        for item in page.items:
            say_json(item)
        return GOOD
    table(
        ("ID", "NAME", "TYPE", "BASE MODEL", "CREATOR", "DOWNLOADS"),
        (
            (item.id, item.name, item.type, ", ".join(item.base_models), item.creator or "", item.downloads)
            for item in page.items
        ),
    )
    return GOOD


async def show(target: str, file_id: int | None, *, as_json: bool) -> int:
    """A version of a model, and what downloading it would do."""
    async with opened() as app:
        it = await resolved(app, target, file_id=file_id)
        place = app.roots.folders(it.kind)[:1] if it.kind else []
        owned = await app.library.get(it.owned) if it.owned else None
    if as_json:
        say_json(it)
        return GOOD
    say(f"{it.model.name} - {it.version.name}")
    _fields(
        ("Type", it.model.type),
        ("Base model", it.version.base_model),
        ("Creator", it.model.creator),
        ("Published", it.version.published_at and it.version.published_at.date()),
        ("AIR", it.version.air),
        ("Page", it.page),
        ("Trigger words", "; ".join(it.trigger_words)),
    )
    for file in it.files:
        say(f"{'*' if file.id == it.file.id else ' '} {_file(file)}")
    if owned:
        say("Already here:", owned.path)
    elif it.kind and place:
        say("Would go to:", place[0].joinpath(*it.folder.split("/")[1:]) / it.file.name)
    else:
        say("Would go to: say it with --kind when you download it.")
    for warning in it.warnings:
        say("!", warning)
    return GOOD


async def info(what: str, *, as_json: bool) -> int:
    """All that is known of a file here, or of a hash."""
    async with opened() as app:
        detail = await _find(app, what)
    if as_json:
        say_json(detail)
        return GOOD
    say(" - ".join(part for part in (detail.title, detail.version_name) if part))
    _fields(
        ("File", detail.path),
        ("State", detail.broken or detail.state),
        ("Size", size(detail.size)),
        ("Base model", detail.base_model),
        ("Family", detail.family),
        ("Network", " ".join(str(part) for part in (detail.network, detail.rank) if part)),
        ("Creator", detail.creator),
        ("Page", detail.url),
        ("AIR", detail.air),
        *((kind, value) for kind, value in detail.hashes.items()),
        *((f"Words ({'suggested' if word.suggested else word.source})", word.text) for word in detail.trigger_words),
        ("Strength", detail.preferred_strength),
        ("Tags", ", ".join(detail.tags)),
        ("Site's tags", ", ".join(detail.site_tags)),
        ("Used", f"{detail.uses} times" if detail.uses else None),
        ("Newer version", detail.has_update and f"{detail.model_id}@{detail.newest_version_id}"),
        ("Notes", detail.notes),
    )
    return GOOD


async def _find(app: App, what: str) -> LibraryDetail:
    """By path or hash, else by a loader's name, else by what the library finds for the words."""
    try:
        return await app.library.info(what)
    except MissingError:
        for kind in app.roots.kinds():
            for folder in app.roots.folders(kind):
                if (path := folder / what).is_file():
                    return await app.library.info(path)
        found = await app.library.page(LibraryQuery(query=what[:500], limit=6))
        if not found.items:
            raise
        if len(found.items) > 1:
            names = ", ".join(item.name for item in found.items[:5])
            raise UsageError(f"Several models fit {what!r}, such as {names}: give one of these names.") from None
        return await app.library.info(Path(str((await app.library.get(found.items[0].id or 0)).path)))


def _fields(*fields: tuple[str, object]) -> None:
    known = [(name, value) for name, value in fields if value not in (None, "", False)]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        say(f"  {name.ljust(width)}  {value}")


def _file(file: RemoteFile) -> str:
    parts = (file.id, file.name, size(file.size), file.format, file.type, (file.sha256 or "")[:12])
    return "  ".join(str(part) for part in parts if part)
