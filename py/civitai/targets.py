"""What a user pastes to name a model: links, AIR, ids, hashes, files. Reading a target asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlencode, urlsplit
from urllib.request import url2pathname

from ..errors import UsageError

_NUMBER = r"[1-9][0-9]{0,17}"
_END = r"(?=/|$)"
# Patterns, not compiled ones: `re` compiles and keeps them at their first use.
_SITE = r"(?:[a-z0-9-]+\.)*civitai\.[a-z]{2,}"
_AIR = (
    rf"(?i:(?:urn:)?(?:air:)?[\w.-]+:[\w.-]+:(?P<source>[\w.-]+):(?P<model>{_NUMBER})"
    rf"(?:@(?P<version>{_NUMBER}))?(?:\+(?P<file>{_NUMBER}))?(?::[\w.-]+)?(?:\.[\w-]+)?)"
)
_IDS = rf"(?P<model>[1-9][0-9]{{0,8}}|{_NUMBER}(?=@))(?:@(?P<version>{_NUMBER})(?:\+(?P<file>{_NUMBER}))?)?"
_VERSION_PATH = rf"/(?:api/download/models|model-versions)/({_NUMBER}){_END}"
_MODEL_PATH = rf"/models/({_NUMBER}){_END}"
_HASH_PATH = rf"/model-versions/by-hash/(\w+){_END}"
_HASH = r"(?i:(?:(?P<kind>sha256|autov[123]|crc32|blake3)\s*[:=]\s*|0x)?(?P<hash>[0-9a-f]+))"
_LENGTHS = {"SHA256": 64, "AutoV1": 8, "AutoV2": 10, "AutoV3": 12, "CRC32": 8, "BLAKE3": 64}
_CHOICES = ("type", "format", "size", "fp", "quantType")


@dataclass(frozen=True)
class ModelTarget:
    """A model: its newest version is meant."""

    model_id: int

    def __str__(self) -> str:
        return str(self.model_id)


@dataclass(frozen=True)
class VersionTarget:
    """A version, and perhaps one file of it: by its id, or by the ``choices`` of a download link, such as ``fp``."""

    version_id: int
    model_id: int | None = None
    file_id: int | None = None
    choices: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        if self.model_id and not self.choices:
            return f"{self.model_id}@{self.version_id}" + (f"+{self.file_id}" if self.file_id else "")
        pairs = urlencode([*([("fileId", self.file_id)] if self.file_id else []), *self.choices])
        return f"https://civitai.com/api/download/models/{self.version_id}" + (f"?{pairs}" if pairs else "")


@dataclass(frozen=True)
class HashTarget:
    """A file by its hash, in upper case. ``kind`` is the site's name of the kind, or of both kinds of that length."""

    hash: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.hash}" if self.kind in _LENGTHS else self.hash


@dataclass(frozen=True)
class FileTarget:
    """A file on this machine."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Target = ModelTarget | VersionTarget | HashTarget | FileTarget


def parse_target(text: str, *, site: str = "", files: bool = True) -> Target:
    """What ``text`` names; ``str()`` of it is a shorter text for the same, without any key that a link held.

    ``site`` is the base URL in use, whose links count beside those of the site's own hosts. Without ``files`` no path
    is a target, and the disk is not asked. Raises UsageError.
    """
    text = text.strip().strip("<>\"'").strip()
    target: Target | None = (
        _ids(text) or _air(text) or _link(text, site) or _hash(text) or (_file(text) if files else None)
    )
    if target is None:
        raise UsageError("That names no model: paste a Civitai link, an AIR, an id, a hash, or the path of a file.")
    return target


def is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]{64}", text) is not None


def _ids(text: str) -> Target | None:
    found = re.fullmatch(_IDS, text)
    return _of(found["model"], found["version"], found["file"]) if found else None


def _air(text: str) -> Target | None:
    found = re.fullmatch(_AIR, text)
    if found and found["source"].lower() != "civitai":
        raise UsageError(f"Only models of Civitai can be fetched, and that AIR is of {found['source']}.")
    return _of(found["model"], found["version"], found["file"]) if found else None


def _of(model: str | None, version: str | None, file: str | None = None) -> Target:
    if version is None:
        return ModelTarget(int(model or 0))
    return VersionTarget(int(version), int(model) if model else None, int(file) if file else None)


def _link(text: str, site: str) -> Target | None:
    try:
        link = urlsplit(text if "://" in text else f"https://{text}")
        ours = re.fullmatch(_SITE, (link.hostname or "").rstrip(".")) or (site and _host(link) == _host(urlsplit(site)))
    except ValueError:
        return None
    if not ours or link.scheme not in ("http", "https"):
        if link.scheme in ("http", "https") and "://" in text:
            raise UsageError(f"That link leads to {link.hostname}, not to a Civitai page of a model.")
        return None
    path, query = unquote(link.path), parse_qs(link.query)

    def number(name: str) -> str | None:
        value = query.get(name, [""])[0]
        if value and not re.fullmatch(_NUMBER, value):
            raise UsageError(f"The {name} in that link is no number.")
        return value or None

    if found := re.search(_VERSION_PATH, path):
        choices = tuple((name, query[name][0]) for name in _CHOICES if name in query)
        file = number("fileId")
        return VersionTarget(int(found[1]), None, int(file) if file else None, () if file else choices)
    if found := re.search(_HASH_PATH, path):
        return _hash(found[1])
    if found := re.search(_MODEL_PATH, path):
        return _of(found[1], number("modelVersionId"), number("fileId"))
    raise UsageError("That link is none of a model: open the model's page and paste its address.")


def _host(link: SplitResult) -> tuple[str | None, int | None]:
    return link.hostname, link.port or {"http": 80, "https": 443}.get(link.scheme)


def _hash(text: str) -> Target | None:
    found = re.fullmatch(_HASH, text)
    if not found:
        return None
    value, named = found["hash"].upper(), (found["kind"] or "").casefold()
    kinds = [kind for kind, length in _LENGTHS.items() if length == len(value) and named in ("", kind.casefold())]
    if named and not kinds:
        raise UsageError(f"A hash of that kind does not have {len(value)} digits.")
    return HashTarget(value, " or ".join(kinds)) if kinds else None


def _file(text: str) -> Target | None:
    try:
        path = Path(url2pathname(text[7:]) if text.lower().startswith("file:///") else text).expanduser()
        return FileTarget(path) if path.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None
