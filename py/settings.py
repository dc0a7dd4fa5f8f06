"""What the user can set: typed, validated, kept in ``settings.json`` in the data folder, overridden by the environment.

Each setting's environment variable is its name with ``LORAKEEPER_`` before it. Keys are no settings: see credentials.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError
from yarl import URL

from .atomic import write_atomically
from .errors import SettingsError

ENVIRONMENT_PREFIX = "LORAKEEPER_"
CIVITAI_URL = "https://civitai.com"

Optimization = Literal["speed", "efficiency", "minimal", "adaptive"]
NsfwLimit = Literal["PG", "PG13", "R", "X", "XXX"]
BlurFrom = Literal["PG13", "R", "X", "XXX", "never"]
NSFW_BITS: dict[str, int] = {"PG": 1, "PG13": 2, "R": 4, "X": 8, "XXX": 16}


class SavedFilter(BaseModel):
    """A search of the library that the user has given a name: ``query`` is what the list is asked for, without its
    page."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100)
    query: dict[str, JsonValue]

    @field_validator("query")
    @classmethod
    def _check_query(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        from .library.query import LibraryQuery

        if value.keys() & {"cursor", "limit"}:
            raise ValueError("a cursor and a limit are a page's, and no filter")
        given = {name: each for name, each in value.items() if each is not None}
        try:
            return LibraryQuery.model_validate(given).model_dump(mode="json", exclude_unset=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


class Settings(BaseSettings):
    """Every setting with its default. Built by :class:`SettingsStore`."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="ignore", validate_assignment=True)

    models: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="Model folders outside ComfyUI: `kind=path` pairs, or the path of a ComfyUI `models` folder.",
    )
    concurrency: int = Field(default=5, ge=1, le=16, description="Files downloaded at once.")
    job_concurrency: int = Field(
        default=2, ge=1, le=16, description="Jobs of several files at once; a job of one file needs no turn of its own."
    )
    connections: int = Field(default=16, ge=1, le=16, description="Connections for one large file, at most.")
    optimization: Optimization = Field(
        default="adaptive",
        description="How hard downloads pull: `speed`, `efficiency`, `minimal`, or `adaptive`, which finds out. "
        "While ComfyUI runs a prompt it is always `minimal`.",
    )
    cache: bool = Field(default=True, description="Remember the site's answers for five minutes.")
    hash_threads: int = Field(
        default=0, ge=0, le=32, description="Files that are read for their hashes at once; 0 is a quarter of the cores."
    )
    hash_while_running: bool = Field(
        default=False, description="Read files for their hashes while ComfyUI runs a prompt."
    )
    hash_blake3: bool = Field(default=False, description="Compute BLAKE3 as well.")
    ask_site: bool = Field(default=True, description="Ask the site by itself what new files are.")
    analytics: bool = Field(
        default=True, description="Remember what was done, for the analytics: on this machine, and nowhere else."
    )
    analytics_days: int = Field(
        default=180, ge=1, le=36_500, description="Days for which single events are kept; daily sums stay."
    )
    report_format: Literal["html", "json", "pdf"] = Field(default="html", description="Format of reports.")
    nsfw_limit: NsfwLimit = Field(default="PG13", description="The most explicit content shown or searched for.")
    blur_from: BlurFrom = Field(
        default="R", description="Pictures of this level and above are blurred until they are pointed at."
    )
    proxy: str = Field(default="", description="HTTP proxy for requests to other machines, such as http://proxy:3128.")
    path_template: str = Field(
        default="", max_length=300, description="Sub-folder for downloads, such as {base_model}/{creator}."
    )
    civitai_url: str = Field(default=CIVITAI_URL, description="Where the site lives.")
    gemini_url: str = Field(default="https://generativelanguage.googleapis.com", description="Where Gemini lives.")
    gemini_concurrency: int = Field(default=4, ge=1, le=16, description="Requests to Gemini at once.")
    gemini_per_minute: int = Field(default=60, ge=1, le=10_000, description="Requests to Gemini in a minute, at most.")
    variation_cache_mb: int = Field(
        default=1000, ge=0, le=1_000_000, description="Megabytes of Gemini's pictures that are kept; 0 keeps none."
    )
    image_hosts: list[str] = Field(
        default=["https://image.civitai.com"], description="Origins that preview images may come from."
    )
    saved_filters: list[SavedFilter] = Field(
        default=[],
        max_length=100,
        description="Searches of the library that have a name.",
        json_schema_extra={"hidden": True},
    )

    @field_validator("models", mode="before")
    @classmethod
    def _split_models(cls, value: object) -> object:
        """One text, as the environment gives it, becomes the list: parts lie between line ends or path separators."""
        if isinstance(value, str):
            return [part.strip() for line in value.splitlines() for part in line.split(os.pathsep) if part.strip()]
        return value

    @field_validator("civitai_url", "gemini_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        return _origin(value, allow_path=True)

    @field_validator("image_hosts")
    @classmethod
    def _check_hosts(cls, value: list[str]) -> list[str]:
        return [_origin(each) for each in value]

    @field_validator("saved_filters")
    @classmethod
    def _check_names(cls, value: list[SavedFilter]) -> list[SavedFilter]:
        names = [each.name.casefold() for each in value]
        if twice := next((each.name for each in value if names.count(each.name.casefold()) > 1), None):
            raise ValueError(f"there are two filters named {twice!r}")
        return value

    @field_validator("proxy")
    @classmethod
    def _check_proxy(cls, value: str) -> str:
        value = value.strip()
        if value:
            _origin(value, allow_user=True)
        return value

    @field_validator("path_template")
    @classmethod
    def _check_template(cls, value: str) -> str:
        if value:
            from .civitai.names import check_template
            from .civitai.placement import template_values

            check_template(value, template_values())
        return value

    @property
    def hash_workers(self) -> int:
        """How many files are read at once: by default few, so that ComfyUI has the machine."""
        return self.hash_threads or max(1, min(8, (os.cpu_count() or 1) // 4))

    @property
    def nsfw_bits(self) -> int:
        """The bit mask of all the site's levels up to the limit."""
        return NSFW_BITS[self.nsfw_limit] * 2 - 1

    def public(self) -> Settings:
        """The settings as a page may see them: a password inside the proxy's URL is left out."""
        proxy = str(URL(self.proxy).with_password(None)) if self.proxy else ""
        return self.model_copy(update={"proxy": proxy})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


class SettingsStore:
    """Owns the settings file. :attr:`current` is what holds now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stored = self._read()
        self.current = self._build(self._stored)

    def update(self, changes: dict[str, Any]) -> Settings:
        """Sets ``changes``, writes the file, and returns the settings as they are now.

        Raises SettingsError, with nothing changed, for an unknown setting, a bad value, or one the environment sets.
        """
        for name in changes:
            if name not in Settings.model_fields:
                raise SettingsError(f"There is no setting named {name!r}.")
            variable = ENVIRONMENT_PREFIX + name.upper()
            if variable in os.environ:
                raise SettingsError(f"{name} is set by the environment variable {variable}, so change it there.")
        stored = {**self._stored, **changes}
        current = self._build(stored)
        for name in changes:
            stored[name] = current.model_dump(mode="json")[name]
        # A proxy's URL can hold a password.
        write_atomically(self.path, json.dumps(stored, indent=2, ensure_ascii=False).encode(), private=True)
        self._stored, self.current = stored, current
        return current

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        try:
            return {**JsonConfigSettingsSource(Settings, self.path, "utf-8")()}
        except (OSError, ValueError, TypeError) as error:
            raise SettingsError(f"The settings file {self.path} can't be read: mend it or delete it.") from error

    def _build(self, values: dict[str, Any]) -> Settings:
        try:
            return Settings(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            problem = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"The setting {name} can't be used: {problem}.") from error
        except SourceError as error:
            # The name stands in its text only.
            found = re.search(r'field "(\w+)"', str(error))
            variable = ENVIRONMENT_PREFIX + (found[1].upper() if found else "…")
            raise SettingsError(f'The environment variable {variable} must be JSON, such as ["one", "two"].') from error


def _origin(value: str, *, allow_path: bool = False, allow_user: bool = False) -> str:
    """``value`` as a web address without a slash at its end; ValueError says what is wrong with it."""
    try:
        url = URL(value.strip())
        fits = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError as error:
        raise ValueError(f"{value!r} is no web address") from error
    if not fits or url.query_string or url.fragment:
        raise ValueError(f"{value!r} is no web address that starts with http:// or https://")
    if (url.user or url.password) and not allow_user:
        raise ValueError("the address must not hold a user name or a password")
    if url.path not in ("", "/") and not allow_path:
        raise ValueError(f"{value!r} must not hold a path")
    return str(url).rstrip("/")
