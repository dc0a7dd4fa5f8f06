"""The user's keys: from the environment, else from a file only its owner can read; each sent to its own origins only.

No key leaves this module but through :meth:`Credentials.key_for` (towards its origin) and :meth:`Credentials.secrets`
(towards the filter that masks them in logs).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from yarl import URL

from .atomic import write_atomically
from .errors import MissingError, SettingsError

Service = Literal["civitai", "gemini"]
VARIABLES: dict[str, tuple[str, ...]] = {
    "civitai": ("CIVITAI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
OFFICIAL_ORIGINS: dict[str, tuple[str, ...]] = {
    "civitai": ("https://civitai.com", "https://civitai.red"),
    "gemini": ("https://generativelanguage.googleapis.com",),
}


def mask(key: str) -> str:
    """``abcd…wxyz`` at most: nothing of a key too short to hide the rest."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else "…"


@dataclass(frozen=True)
class CredentialStatus:
    """What may be said of a key. ``source`` is ``environment``, ``file`` or None; ``masked`` is at most abcd…wxyz."""

    configured: bool
    source: Literal["environment", "file"] | None
    masked: str | None


@dataclass(frozen=True)
class _Key:
    key: str
    origins: tuple[str, ...]
    source: Literal["environment", "file"]


class Credentials:
    """Reads and keeps keys. ``base_url`` tells the address at which a service is used now."""

    def __init__(self, path: Path, base_url: Callable[[str], str]) -> None:
        self.path = path
        self._base_url = base_url
        self._stamp: tuple[int, int] | None = None
        self._file: dict[str, _Key] = {}

    def status(self, service: str) -> CredentialStatus:
        found = self._find(service)
        if found is None:
            return CredentialStatus(False, None, None)
        return CredentialStatus(True, found.source, mask(found.key))

    def key_for(self, service: str, url: URL) -> str | None:
        """The key for a request to ``url``: only where scheme, host and port are those it was configured for."""
        found = self._find(service)
        return found.key if found and str(url.origin()) in found.origins else None

    def secrets(self) -> list[str]:
        """Every key known now, for masking."""
        return [found.key for service in VARIABLES if (found := self._find(service))]

    def set(self, service: str, key: str) -> None:
        """Keeps ``key`` for the origin at which the service is used now. SettingsError where it can't be a key."""
        self._known(service)
        key = key.strip()
        if not 8 <= len(key) <= 512 or not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError("That is no key: a key has 8 to 512 letters, digits and signs, without spaces.")
        origin = str(URL(self._base_url(service)).origin())
        self._write({**self._read_file(), service: _Key(key, (origin,), "file")})

    def forget(self, service: str) -> None:
        """Deletes the stored key; one from the environment stays."""
        self._known(service)
        self._write({name: key for name, key in self._read_file().items() if name != service})

    def _find(self, service: str) -> _Key | None:
        self._known(service)
        for variable in VARIABLES[service]:
            if key := os.environ.get(variable, "").strip():
                return _Key(key, self._environment_origins(service), "environment")
        return self._read_file().get(service)

    @staticmethod
    def _environment_origins(service: str) -> tuple[str, ...]:
        # Only the environment can move the environment's key to another host: a page that changes a setting can't.
        moved = os.environ.get(f"LORAKEEPER_{service.upper()}_URL")
        return (str(URL(moved).origin()),) if moved else OFFICIAL_ORIGINS[service]

    @staticmethod
    def _known(service: str) -> None:
        if service not in VARIABLES:
            raise MissingError(f"There is no service named {service!r}: it is one of {', '.join(VARIABLES)}.")

    def _read_file(self) -> dict[str, _Key]:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._file = None, {}
            return {}
        if self._stamp != (stamp := (stat.st_mtime_ns, stat.st_size)):
            try:
                entries = json.loads(self.path.read_text("utf-8"))
                self._file = {
                    name: _Key(entry["key"], tuple(entry["origins"]), "file")
                    for name, entry in entries.items()
                    if name in VARIABLES
                }
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise SettingsError(
                    f"The key file {self.path} can't be read: delete it, set the keys again."
                ) from error
            self._stamp = stamp
        return self._file

    def _write(self, keys: dict[str, _Key]) -> None:
        document = {name: {k: v for k, v in asdict(key).items() if k != "source"} for name, key in keys.items()}
        write_atomically(self.path, json.dumps(document, indent=2).encode(), private=True)
        self._stamp = None
