"""A custody on real folders, a bad file that it holds back, and what is written down of it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.downloads.placement import check_name, install
from lorakeeper.py.errors import LorakeeperError
from lorakeeper.py.events import Events
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.security import Quarantine
from lorakeeper.py.security.custody import Custody
from lorakeeper.py.security.records import ScanRecord
from lorakeeper.py.storage.database import Database

BAD = b"a bad file"
SHA256 = hashlib.sha256(BAD).hexdigest()
REASON = "It imports os.system. It can't be read as a zip file."


@dataclass
class Rig:
    """A custody on real folders; ``learned`` are the paths that the library heard of."""

    home: Path
    database: Database
    roots: dict[str, list[Path]]
    learned: list[Path] = field(default_factory=list)
    deaf: LorakeeperError | None = None
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        self.quarantine = Quarantine(self.home / "quarantine")
        self.custody = Custody(
            self.database,
            self.quarantine,
            FolderRoots(self.roots),
            install=install,
            check_name=check_name,
            learn=self.learn,
            events=self.events,
        )

    @property
    def loras(self) -> Path:
        return self.roots["loras"][0]

    async def learn(self, path: Path) -> None:
        if self.deaf:
            raise self.deaf
        self.learned.append(path)

    def take(
        self,
        content: bytes = BAD,
        *,
        name: str = "trap.pt",
        folder: Path | None = None,
        reason: str = REASON,
        **known: Any,
    ) -> str:
        """Holds a file back, and returns its hash."""
        part = self.home / "x.part"
        part.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        place = str(self.loras / "SDXL") if folder is None else str(folder)
        self.quarantine.take(
            part, name=name, sha256=sha256, reason=reason, source="https://civitai.example/7", folder=place, **known
        )
        return sha256

    def held(self) -> list[str]:
        return sorted(entry.sha256 for entry in self.quarantine.list())

    def files(self) -> dict[str, bytes]:
        """All in the model folders, by path."""
        return {
            path.relative_to(self.home / "models").as_posix(): path.read_bytes()
            for path in (self.home / "models").rglob("*")
            if path.is_file()
        }


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    database = Database(tmp_path / "lorakeeper.db")
    await database.open()
    yield Rig(tmp_path, database, {kind: [tmp_path / "models" / kind] for kind in ("loras", "vae")})
    await database.close()


def record(sha256: str = SHA256, **changes: Any) -> ScanRecord:
    known = {"name": "trap.pt", "source": "civitai.example", "format": "torch", "site": "", "why": ""}
    dangerous = {"verdict": "dangerous", "findings": tuple(REASON.split(". ")), "became": "quarantined"}
    return ScanRecord(sha256, **{**known, **dangerous, **changes})
