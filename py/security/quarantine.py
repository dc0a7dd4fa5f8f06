"""The quarantine: a folder in the data folder, which no loader lists, for files that must not reach a model folder."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..atomic import write_atomically

log = logging.getLogger(__name__)

_SUFFIX = ".quarantined"


@dataclass(frozen=True)
class QuarantineEntry:
    """One file held back: what it was called, why it is here, and where it came from."""

    sha256: str
    name: str
    reason: str
    source: str
    size: int
    quarantined_at: str
    path: str


class Quarantine:
    """Owns ``folder``. Every method blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, part: Path, *, name: str, sha256: str, reason: str, source: str) -> Path:
        """Moves ``part`` into the quarantine and returns its new path. ``part`` is gone only once the copy is safe."""
        path = self._folder / f"{sha256}{_SUFFIX}"
        entry = QuarantineEntry(
            sha256=sha256,
            name=name,
            reason=reason,
            source=source,
            size=part.stat().st_size,
            quarantined_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            path=str(path),
        )
        # The record comes first: a file without one would say nothing about itself, a record without a file is skipped.
        write_atomically(path.with_suffix(".json"), json.dumps(asdict(entry), indent=2).encode())
        _move(part, path)
        log.warning("quarantined %s (%s) from %s: %s", name, sha256, source, reason)
        return path

    def find(self, sha256: str) -> QuarantineEntry | None:
        """The entry of the file with that content, if it is here."""
        path = self._folder / f"{sha256.lower()}{_SUFFIX}"
        return _read(path) if path.is_file() else None

    def list(self) -> list[QuarantineEntry]:
        """Every file held here, newest first."""
        entries = [_read(path) for path in self._folder.glob(f"*{_SUFFIX}")]
        return sorted(entries, key=lambda entry: entry.quarantined_at, reverse=True)


def _read(path: Path) -> QuarantineEntry:
    try:
        record = json.loads(path.with_suffix(".json").read_bytes())
        return QuarantineEntry(**{**record, "path": str(path)})
    except (OSError, ValueError, TypeError):
        found = path.stat()
        moment = datetime.fromtimestamp(found.st_mtime, timezone.utc).isoformat(timespec="seconds")
        return QuarantineEntry(path.stem, path.name, "Its record is lost.", "", found.st_size, moment, str(path))


def _move(part: Path, path: Path) -> None:
    try:
        part.replace(path)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    copy = path.with_suffix(".copying")
    try:
        with part.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        copy.replace(path)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    part.unlink()
