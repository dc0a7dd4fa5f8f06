"""What a list of the library may be asked for. A route takes it as its query string, lists as repeated keys."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Sort = Literal["name", "added", "changed", "size", "last_used", "uses", "rating"]
Value = Annotated[str, Field(max_length=500)]


class LibraryQuery(BaseModel):
    """Which files, in what order, and which page of them. An empty kind, base model, family or creator means files that
    have none."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    query: str = Field(
        "",
        max_length=500,
        description="Words that must all be found, in any order, in names, folders, tags, trigger words, creators, "
        'notes or descriptions. `-word` must not be found, `"several words"` stay together; a word found nowhere '
        "stands for those it may be a slip of.",
    )
    kind: list[Value] = Field([], max_length=100, description="Any of these kinds, such as `loras`.")
    base_model: list[Value] = Field([], max_length=100, description="Any of these base models, such as `SDXL 1.0`.")
    family: list[Value] = Field([], max_length=100, description="Any of these families of base models, such as `sdxl`.")
    folder: str | None = Field(
        None, max_length=4096, description="This folder of its kind and all below it, with slashes. Empty is all."
    )
    tag: list[Value] = Field([], max_length=20, description="All of these tags.")
    without_tag: list[Value] = Field([], max_length=20, description="None of these tags.")
    creator: list[Value] = Field([], max_length=100, description="Any of these creators.")
    favourite: bool | None = Field(None, description="Whether it is a favourite.")
    has_words: bool | None = Field(None, description="Whether it has trigger words.")
    has_update: bool | None = Field(None, description="Whether the site has a newer version that isn't here.")
    missing: bool | None = Field(None, description="Whether the file is gone from the disk.")
    broken: bool | None = Field(None, description="Whether the file can't be read.")
    trashed: bool = Field(False, description="Whether it is in the trash: those files, or all others.")
    duplicate: bool | None = Field(None, description="Whether another file has the same content.")
    unused: bool | None = Field(None, description="Whether no prompt has used it yet.")
    unused_days: int | None = Field(
        None, ge=1, le=36_500, description="Here for so many days, and used by no prompt in them."
    )
    nsfw: int | None = Field(
        None, ge=0, le=2**31, description="The highest level allowed, as the site counts: 1, 2, 4, 8, 16, 32."
    )
    sort: Sort = Field("added", description="What to sort by.")
    descending: bool | None = Field(
        None, description="The direction. Left out, names go from a to z and all else begins with the highest."
    )
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(100, ge=1, le=500, description="How many files a page has at most.")

    def goes_down(self) -> bool:
        """Whether the list begins with the highest value."""
        return self.sort != "name" if self.descending is None else self.descending


class Place(NamedTuple):
    """A place in the order: the value of the column sorted by, and the file, which parts equal ones."""

    value: float | str
    file: int
