"""``/lorakeeper/health``: that we are here, and which we are."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    version: str
    site: str
    notices: list[str]


def version() -> str:
    """Lorakeeper's version: from the project file of a clone, else from the installed package."""
    if PROJECT.is_file() and (found := re.search(r'^version = "(.+)"', PROJECT.read_text("utf-8"), re.MULTILINE)):
        return found[1]
    return metadata.version("lorakeeper")


def add(api: Api, services: App) -> None:
    @api.get("health", "That Lorakeeper is up, its version, the site that it uses, and what the user should hear")
    async def health() -> Health:
        notices = list(services.database.notices)
        return Health(version=api.version, site=services.settings.civitai_url, notices=notices)
