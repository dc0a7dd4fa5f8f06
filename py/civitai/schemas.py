"""What the site answers, taken as perhaps wrong: a field of no use becomes its default, a useless list entry goes.

Only ids are insisted on. Python names are snake_case, the site's camelCase names are their aliases, and
``model_dump(mode="json", by_alias=True)`` gives a document that validates to the same again. All models are frozen,
because one answer is shared by everybody who asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from .kinds import canonical_type

T = TypeVar("T")


class _Else:
    """Marks a type whose bad values become ``make()``. It works inside pydantic's core: a page has 50,000 fields."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default_factory=self._make, on_error="default")


class _Omit:
    """Marks the type of a list's entries: a bad entry is left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), on_error="omit")


def _nothing() -> None:
    return None


def _utc(value: datetime) -> datetime:
    # Any small number would be a moment of 1970.
    if value.year < 2000:
        raise ValueError("a date from before the site")
    return value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc)


def _words(value: Any) -> Any:
    """A list of texts, from whatever form a list of texts comes in: ``"{Image,Rent}"``, a text, ``[{"name": …}]``."""
    if isinstance(value, str):
        value = value[1:-1].split(",") if value.startswith("{") and value.endswith("}") else [value]
    if isinstance(value, list):
        value = [each.get("name") if isinstance(each, dict) else each for each in value]
        return [each.strip() for each in value if isinstance(each, str) and each.strip()]
    return value


def _nsfw_level(value: Any) -> Any:
    """Bits, also from the words and the yes or no of other endpoints and other years."""
    if isinstance(value, bool):
        return 16 if value else 1
    return {"none": 1, "soft": 2, "mature": 4, "x": 8}.get(value.lower(), 0) if isinstance(value, str) else value


def _hex(length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, to_upper=True, pattern=rf"^[0-9A-Fa-f]{{{length}}}$")


Text = Annotated[str, _Else(str)]
MaybeText = Annotated[str | None, _Else(_nothing)]
Flag = Annotated[bool, _Else(bool)]
MaybeFlag = Annotated[bool | None, _Else(_nothing)]
Id = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[Id | None, _Else(_nothing)]
Date = Annotated[datetime, AfterValidator(_utc)]
MaybeDate = Annotated[Date | None, _Else(_nothing)]
Words = Annotated[list[str], BeforeValidator(_words), _Else(list)]
ListOf = Annotated[list[Annotated[T, _Omit()]], _Else(list)]
Level = Annotated[int, BeforeValidator(_nsfw_level), _Else(int)]
TypeName = Annotated[str, AfterValidator(canonical_type), _Else(str)]


class Answer(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        coerce_numbers_to_str=True,
        defer_build=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )


class FileHashes(Answer):
    """Upper-case hex, as the site spells it; a hash of the wrong length counts as none."""

    sha256: Annotated[Annotated[str, _hex(64)] | None, _Else(_nothing)] = Field(None, alias="SHA256")
    autov1: Annotated[Annotated[str, _hex(8)] | None, _Else(_nothing)] = Field(None, alias="AutoV1")
    autov2: Annotated[Annotated[str, _hex(10)] | None, _Else(_nothing)] = Field(None, alias="AutoV2")
    autov3: Annotated[Annotated[str, _hex(12)] | None, _Else(_nothing)] = Field(None, alias="AutoV3")
    crc32: Annotated[Annotated[str, _hex(8)] | None, _Else(_nothing)] = Field(None, alias="CRC32")
    blake3: Annotated[Annotated[str, _hex(64)] | None, _Else(_nothing)] = Field(None, alias="BLAKE3")

    def by_kind(self) -> dict[str, str]:
        """``{"SHA256": …, "AutoV2": …}``: the hashes that are known, under the site's names of their kinds."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def others(self) -> dict[str, str]:
        """All but SHA256."""
        return {kind: value for kind, value in self.by_kind().items() if kind != "SHA256"}


class FileMetadata(Answer):
    format: Text = ""
    size: Text = ""
    fp: Text = ""
    quant_type: Text = ""


class Mirror(Answer):
    """Another place where a file lies. Whatever stands in ``deleted_at``, it means that the mirror is gone."""

    url: str
    deleted_at: Any = None


class VersionFile(Answer):
    """A file of a version. ``name`` is the site's, and no file name yet: see names. ``size_kb`` is in KiB."""

    id: Count = None
    name: Text = ""
    override_name: MaybeText = None
    type: Text = ""
    size_kb: Annotated[float | None, _Else(_nothing)] = Field(None, alias="sizeKB")
    metadata: Annotated[FileMetadata, _Else(FileMetadata)] = Field(default_factory=FileMetadata)
    hashes: Annotated[FileHashes, _Else(FileHashes)] = Field(default_factory=FileHashes)
    pickle_scan_result: Text = ""
    virus_scan_result: Text = ""
    primary: Flag = False
    download_url: MaybeText = None
    mirrors: ListOf[Mirror] = []

    @property
    def size(self) -> int | None:
        """Bytes, where the site's figure is exact: one that was rounded by more than a float is no whole number."""
        size = (self.size_kb or 0) * 1024
        return round(size) if size > 0 and abs(size - round(size)) < 0.001 else None


class Image(Answer):
    """A preview. ``nsfw_level`` is a bit mask, 0 where unknown; ``type`` is ``image`` or ``video``."""

    id: Count = None
    url: Text = ""
    nsfw_level: Level = Field(
        0, validation_alias=AliasChoices("browsingLevel", "nsfwLevel", "nsfw"), serialization_alias="nsfwLevel"
    )
    width: Count = None
    height: Count = None
    hash: MaybeText = None
    type: Text = "image"
    meta: Annotated[dict[str, Any] | None, _Else(_nothing)] = None

    @property
    def is_video(self) -> bool:
        """Old answers have no type."""
        return self.type == "video" or self.url.partition("?")[0].casefold().endswith((".mp4", ".webm"))

    def is_within(self, nsfw_bits: int) -> bool:
        """Whether it can be shown where only these NSFW levels may be."""
        return bool(self.url) and not self.nsfw_level & ~nsfw_bits


class Creator(Answer):
    username: Text = ""
    image: MaybeText = None


class Stats(Answer):
    download_count: Count = None
    thumbs_up_count: Count = None
    thumbs_down_count: Count = None


def read_date(value: Any) -> datetime | None:
    """A date in any of the forms that the site uses, in UTC; None where it is none."""
    return PaidAccess.model_validate({"ends_at": value}).ends_at


class PaidAccess(Answer):
    permanent: Flag = False
    ends_at: MaybeDate = None


class Model(Answer):
    """A model. ``id`` is 0 where the site leaves it out, which it does inside a version; lists are empty there too.

    What is allowed is None where the site doesn't say.
    """

    id: Annotated[Id, _Else(int)] = 0
    name: Text = ""
    type: TypeName = ""
    description: MaybeText = None
    nsfw: Flag = False
    nsfw_level: Level = 0
    mode: MaybeText = None
    creator: Annotated[Creator | None, _Else(_nothing)] = None
    stats: Annotated[Stats | None, _Else(_nothing)] = None
    tags: Words = []
    allow_no_credit: MaybeFlag = None
    allow_commercial_use: Annotated[list[str] | None, BeforeValidator(_words), _Else(_nothing)] = None
    allow_derivatives: MaybeFlag = None
    allow_different_license: MaybeFlag = None
    versions: ListOf[ModelVersion] = Field([], alias="modelVersions")


class ModelVersion(Answer):
    """A version of a model. ``trained_words`` are the author's sets, each comma-joined, to the letter."""

    id: Id
    model_id: Count = None
    name: Text = ""
    base_model: Text = ""
    base_model_type: Text = ""
    description: MaybeText = None
    created_at: MaybeDate = None
    updated_at: MaybeDate = None
    published_at: MaybeDate = None
    status: MaybeText = None
    usage_control: MaybeText = None
    nsfw_level: Level = 0
    early_access_deadline: MaybeDate = None
    paid_access: Annotated[PaidAccess | None, _Else(_nothing)] = None
    trained_words: Words = []
    air: MaybeText = None
    stats: Annotated[Stats | None, _Else(_nothing)] = None
    model: Annotated[Model | None, _Else(_nothing)] = None
    files: ListOf[VersionFile] = []
    images: ListOf[Image] = []
    download_url: MaybeText = None

    def is_linked(self, file: VersionFile) -> bool:
        """Whether one of the files is a VAE of another version, which the site appends without saying so."""
        ours = self.model is not None and self.model.type == "VAE"
        return file.type.casefold() == "vae" and not ours and len(self.files) > 1


class Metadata(Answer):
    """Where a list goes on. Pages may be short, or empty, and yet have a next one."""

    next_cursor: MaybeText = None
    next_page: MaybeText = None
    total_items: Count = None

    @property
    def cursor(self) -> str | None:
        """The cursor of the next page, wherever the site says it; None on the last page."""
        if self.next_cursor:
            return self.next_cursor
        return next(iter(parse_qs(urlsplit(self.next_page or "").query).get("cursor", [])), None)


class _Page(Answer):
    metadata: Annotated[Metadata, _Else(Metadata)] = Field(default_factory=Metadata)

    @property
    def next_cursor(self) -> str | None:
        return self.metadata.cursor


class ModelPage(_Page):
    items: ListOf[Model] = []


class ImagePage(_Page):
    items: ListOf[Image] = []


class Named(Answer):
    """A tag, or a creator: its name, and how many models it has."""

    name: str = Field(validation_alias=AliasChoices("name", "username"))
    model_count: Count = None


class NamePage(_Page):
    items: ListOf[Named] = []


class Enums(Answer):
    """The site's live lists."""

    model_types: Words = Field([], alias="ModelType")
    file_types: Words = Field([], alias="ModelFileType")
    base_models: Words = Field([], alias="BaseModel")


class HashIds(Answer):
    """Which version a hash belongs to."""

    model_version_id: Id
    model_id: Count = None
    hash: str


class Account(Answer):
    """Whose key it is."""

    id: Count = None
    username: Text = ""
    tier: MaybeText = None
    status: MaybeText = None
