"""Which of the site's versions are here, for many models at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from ..civitai.schemas import ModelVersion
from ..storage.tables import contents, files, site

_GIVEN = func.json_each(bindparam("given")).table_valued("value")
_OF_MODELS = (
    select(site.c.version_id, func.min(files.c.id))
    .join_from(_GIVEN, site, site.c.model_id == _GIVEN.c.value)
    .join(files, files.c.content == site.c.content)
    .where(files.c.missing.is_(False), site.c.version_id.is_not(None))
    .group_by(site.c.version_id)
)
_BY_SHA256 = (
    select(contents.c.sha256, func.min(files.c.id))
    .join_from(_GIVEN, contents, contents.c.sha256 == _GIVEN.c.value)
    .join(files, files.c.content == contents.c.id)
    .where(files.c.missing.is_(False))
    .group_by(contents.c.sha256)
)


def files_of_models(connection: Connection, model_ids: Iterable[int]) -> dict[int, int]:
    """``{version: file}`` of what is here and known to be of these models."""
    return _pairs(connection, _OF_MODELS, list(model_ids))


def files_of_versions(connection: Connection, model_ids: Iterable[int], hashes: Mapping[str, int]) -> dict[int, int]:
    """The same, and also what the site was not asked about: ``hashes`` tells the version of each SHA256."""
    here = _pairs(connection, _BY_SHA256, list(hashes))
    return {**{hashes[sha256]: file for sha256, file in here.items()}, **files_of_models(connection, model_ids)}


def hashes_of(versions: Iterable[ModelVersion]) -> dict[str, int]:
    """``{SHA256: version}`` of the versions' own files."""
    return {
        file.hashes.sha256.lower(): version.id
        for version in versions
        for file in version.files
        if file.hashes.sha256 and not version.is_linked(file)
    }


def _pairs(connection: Connection, query: Any, given: list[Any]) -> dict[Any, int]:
    rows = connection.execute(query, {"given": json.dumps(given)}).all() if given else ()
    return {key: int(file) for key, file in rows}
