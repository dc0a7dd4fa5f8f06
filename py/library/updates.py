"""Newer versions: how the site's word on a model is kept, and which of its versions came after those that are here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import Connection, select, update

from ..civitai.descriptions import described
from ..civitai.schemas import Model, ModelVersion, read_date
from ..storage.database import Database
from ..storage.tables import files, models, site
from . import rows

if TYPE_CHECKING:
    from .metadata import SiteKnowledge
    from .view import View

_KEPT: tuple[str, ...] = (
    "id",
    "name",
    "base_model",
    "base_model_type",
    "published_at",
    "nsfw_level",
    "early_access_deadline",
    "paid_access",
)
_FILE = {"type", "size_kb", "primary"}

Owned = Mapping[int, datetime | None]


class NewVersion(BaseModel):
    """A version that came out after all of its model's that are here. ``early_access_until``: until then it has to be
    bought."""

    model_id: int
    model_name: str
    version_id: int
    version_name: str
    base_model: str
    published_at: datetime
    early_access_until: datetime | None = None
    owned_version_ids: list[int]


class UpdateReport(BaseModel):
    """``models`` is how many were looked at, ``newer`` has the newest version of each first. ``errors`` are sentences:
    where there are any, some of the models are judged by what the site said before."""

    models: int = 0
    newer: list[NewVersion] = []
    errors: list[str] = []


class Updates:
    """Tells which models have newer versions than those that are here, one request for a hundred models."""

    def __init__(self, database: Database, knowledge: SiteKnowledge, view: View) -> None:
        self._database = database
        self._knowledge = knowledge
        self._view = view

    async def check(self, model_ids: Sequence[int] | None = None, *, again: bool = True) -> UpdateReport:
        """Asks about the models of all files that are here, or about those with the ids.

        Without ``again`` an answer of the last day will do. The list's ``has_update`` is right afterwards.
        """
        every = await self._database.read(_owned_models)
        wanted = every if model_ids is None else sorted(set(model_ids) & set(every))
        asked = await self._knowledge.models(wanted, again=again)
        report = UpdateReport(models=len(wanted), errors=asked.errors)
        for chunk in rows.chunks(wanted, 100):
            found, moved = await self._database.read(partial(_judge, model_ids=chunk))
            report.newer += found
            if moved:
                await self._database.write(partial(self._settle, newest=moved))
        return report

    def _settle(self, connection: Connection, newest: dict[int, int | None]) -> None:
        """What is here can have changed since the site was asked, and with it what counts as newest."""
        for model_id, version_id in newest.items():
            connection.execute(update(models).where(models.c.id == model_id).values(newest=version_id))
        touched = select(site.c.content).where(site.c.model_id.in_(list(newest)))
        self._view.refresh_contents(connection, list(connection.execute(touched).scalars()))


# -- A model as it is kept -------------------------------------------------------------------------------------------


def short_model(model: Model) -> dict[str, Any]:
    """The site's word on a model as the library keeps it: its answer, and so again a :class:`Model`, with a description
    in plain text and with versions that have no more than their names, base models, dates and their files' sizes."""
    document = model.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"versions", "description", "id"}
    )
    document["id"] = model.id
    document["description"] = described(model.description)
    kept: Any = {**dict.fromkeys(_KEPT, True), "files": {"__all__": _FILE}}
    document["modelVersions"] = [
        version.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=kept)
        for version in model.versions
    ]
    return document


# -- What is newer ---------------------------------------------------------------------------------------------------


def newer_versions(model: Model, owned: Owned) -> list[ModelVersion]:
    """The model's versions that were published after each of those ``owned``, the last one first.

    Where nothing is owned that is all of them. A version that isn't published is none.
    """
    listed = {version.id: version.published_at for version in model.versions}
    known = {version_id: date or listed.get(version_id) for version_id, date in owned.items()}

    def is_newer(version: ModelVersion) -> bool:
        if version.published_at is None or version.id in known:
            return False
        # Ids are given in the order of making, which has to do where a date is missing.
        return all(version.published_at > date if date else version.id > other for other, date in known.items())

    return sorted(filter(is_newer, model.versions), key=_published, reverse=True)


def newest_of(model: Model, owned: Owned) -> int | None:
    """The id of the newest version: of the site's, or of one that is here and that the site lists no more."""
    if newer := newer_versions(model, owned):
        return newer[0].id
    listed = {version.id: version.published_at for version in model.versions}
    dates = {version_id: date or listed.get(version_id) for version_id, date in owned.items()}
    never = datetime.min.replace(tzinfo=timezone.utc)
    return max(dates, key=lambda version_id: (dates[version_id] or never, version_id), default=None)


def owned_versions(connection: Connection, model_ids: Sequence[int]) -> dict[int, dict[int, datetime | None]]:
    """``{model: {version: when it was published}}`` of what is here."""
    found: dict[int, dict[int, datetime | None]] = defaultdict(dict)
    query = (
        select(site.c.model_id, site.c.version_id, site.c.version["publishedAt"].as_string())
        .join(files, files.c.content == site.c.content)
        .where(site.c.model_id.in_(model_ids), site.c.version_id.is_not(None), files.c.missing.is_(False))
        .distinct()
    )
    for model_id, version_id, published_at in connection.execute(query).all():
        found[model_id][version_id] = read_date(published_at)
    return dict(found)


def early_access_until(version: ModelVersion, now: datetime) -> datetime | None:
    """When the version becomes free, None where it is."""
    ends = [version.early_access_deadline, version.paid_access.ends_at if version.paid_access else None]
    return max((end for end in ends if end and end > now), default=None)


def _judge(connection: Connection, model_ids: list[int]) -> tuple[list[NewVersion], dict[int, int | None]]:
    """The newer versions of these models, and which of them have another newest version than the table says."""
    now = datetime.now(timezone.utc)
    owned = owned_versions(connection, model_ids)
    found: list[NewVersion] = []
    moved: dict[int, int | None] = {}
    known = select(models).where(models.c.id.in_(model_ids), models.c.document.is_not(None)).order_by(models.c.id)
    for row in connection.execute(known).all():
        model, here = Model.model_validate(row.document), owned.get(row.id, {})
        if (newest := newest_of(model, here)) != row.newest:
            moved[row.id] = newest
        found += [
            NewVersion(
                model_id=row.id,
                model_name=model.name,
                version_id=version.id,
                version_name=version.name,
                base_model=version.base_model,
                published_at=_published(version),
                early_access_until=early_access_until(version, now),
                owned_version_ids=sorted(here),
            )
            for version in (newer_versions(model, here) if here else ())
        ]
    return found, moved


def _owned_models(connection: Connection) -> list[int]:
    query = (
        select(site.c.model_id)
        .join(files, files.c.content == site.c.content)
        .where(site.c.model_id.is_not(None), files.c.missing.is_(False))
        .distinct()
        .order_by(site.c.model_id)
    )
    return list(connection.execute(query).scalars())


def _published(version: ModelVersion) -> datetime:
    return version.published_at or datetime.min.replace(tzinfo=timezone.utc)
