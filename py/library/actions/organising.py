"""The folders that a path template gives the files of the library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from ...civitai.names import check_template, render_folder, safe_part
from ...civitai.placement import template_values
from ...civitai.schemas import ModelVersion
from ...errors import UsageError
from ...storage.tables import files, items, models, site
from .. import rows

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What a template can ask for: the rest of the site's answers, which are long, isn't looked at.
_VERSION = ("id", "modelId", "name", "baseModel", "model")
_MODEL = ("id", "name", "type", "tags", "creator")


def folder_in(template: str, values: dict[str, str]) -> str:
    """The folder, parts joined by ``/``. Raises UsageError where a field that the template asks for isn't known."""
    check_template(template, values)
    for name in _PLACEHOLDER.findall(template):
        if not safe_part(values[name]):
            raise UsageError(f"Its {name.replace('_', ' ')} isn't known, so it stays where it is.")
    return render_folder(template, values)


def values_of(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """What the fields of a template stand for, by file: the site's words, or else the file's own base model."""
    query = (
        select(files.c.id, site.c.version, models.c.document, items.c.base_model)
        .outerjoin(site, site.c.content == files.c.content)
        .outerjoin(models, models.c.id == site.c.model_id)
        .outerjoin(items, items.c.file == files.c.id)
    )
    found: dict[int, dict[str, str]] = {}
    for chunk in rows.chunks(ids):
        for row in connection.execute(query.where(files.c.id.in_(chunk))).all():
            found[row.id] = _values(row.version, row.document, row.base_model)
    return found


def ids_of_kind(connection: Connection, kind: str) -> list[int]:
    query = select(files.c.id).where(files.c.kind == kind, files.c.missing.is_(False)).order_by(files.c.path)
    return list(connection.execute(query).scalars())


def _values(version: dict[str, Any] | None, document: dict[str, Any] | None, base_model: str | None) -> dict[str, str]:
    known: ModelVersion | None = None
    if version:
        model = document or version.get("model")
        small: dict[str, Any] = {name: version.get(name) for name in _VERSION}
        small["model"] = {name: model.get(name) for name in _MODEL} if isinstance(model, dict) else None
        known = ModelVersion.model_validate(small)
    values = template_values(known)
    return {**values, "base_model": values["base_model"] or base_model or ""}
