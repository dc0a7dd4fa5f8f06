"""What a search may ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .kinds import canonical_type

Sort = Literal[
    "Highest Rated",
    "Most Downloaded",
    "Most Liked",
    "Most Discussed",
    "Most Collected",
    "Most Images",
    "Newest",
    "Oldest",
]
Period = Literal["AllTime", "Year", "Month", "Week", "Day"]


def _listed(value: object) -> object:
    """One text becomes the list of its comma-separated parts: the site's endpoint does not split them itself."""
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, Iterable):
        return value
    parts = [part.strip() for each in entries for part in (each.split(",") if isinstance(each, str) else [each])]
    return tuple(part for part in parts if part)


def _canonical(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_type(each) for each in types))


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class SearchQuery(BaseModel):
    """A search among the site's models. ``types`` may be spelled in any way; ``limit`` is 1 to 100.

    Without ``nsfw`` the site shows only what suits everybody, and so hides most models.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)

    query: str = Field("", max_length=500)
    types: Annotated[Listed, AfterValidator(_canonical)] = ()
    base_models: Listed = ()
    sort: Sort | None = None
    period: Period | None = None
    tag: str = ""
    username: str = ""
    nsfw: bool = False
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = None

    def params(self) -> list[tuple[str, str]]:
        """The query string's pairs: lists by repeated keys, and what isn't set left out."""
        pairs = [
            ("query", self.query),
            *(("types", each) for each in self.types),
            *(("baseModels", each) for each in self.base_models),
            ("sort", self.sort),
            ("period", self.period),
            ("tag", self.tag),
            ("username", self.username),
            ("nsfw", "true" if self.nsfw else ""),
            ("limit", str(self.limit)),
            ("cursor", self.cursor),
        ]
        return [(name, value) for name, value in pairs if value]
