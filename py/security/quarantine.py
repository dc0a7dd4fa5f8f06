"""The quarantine: a folder in the data folder, which no loader lists, for files that must not reach a model folder."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path

from ..atomic import write_atomically

log = logging.getLogger(__name__)

LOST = "Its record is lost."
LONGEST_REASON = 2000
_LONGEST_NAME = 255
_SUFFIX = ".quarantined"
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class QuarantineEntry:
    """One file held back: what it was called, why it is here, and where it came from. ``folder`` is where it would have
    been installed and ``version_id`` what it is on the site, "" and 0 where an older record doesn't say."""

    sha256: str
    name: str
    reason: str
    source: str
    size: int
    quarantined_at: str
    path: str
    folder: str = ""
    version_id: int = 0


class Quarantine:
    """Owns ``folder``. Every method blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(
        self, part: Path, *, name: str, sha256: str, reason: str, source: str, folder: str = "", version_id: int = 0
    ) -> Path:
        """Moves ``part`` into the quarantine and returns its new path. ``part`` is gone only once the copy is safe."""
        path = self._path(sha256)
        entry = QuarantineEntry(
            sha256=sha256,
            name=plain(name, _LONGEST_NAME),
            reason=plain(reason, LONGEST_REASON),
            source=source,
            size=part.stat().st_size,
            quarantined_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            path=str(path),
            folder=folder,
            version_id=version_id,
        )
        # The record comes first: a file without one would say nothing about itself, a record without a file is skipped.
        write_atomically(path.with_suffix(".json"), json.dumps(asdict(entry), indent=2).encode())
        _move(part, path)
        log.warning("quarantined %s (%s) from %s: %s", name, sha256, source, entry.reason)
        return path

    def find(self, sha256: str) -> QuarantineEntry | None:
        """The entry of the file with that content, if it is here."""
        return _read(self._path(sha256))

    def list(self) -> list[QuarantineEntry]:
        """Every file held here, newest first."""
        entries = [entry for path in self._folder.glob(f"*{_SUFFIX}") if (entry := _read(path))]
        return sorted(entries, key=lambda entry: entry.quarantined_at, reverse=True)

    def discard(self, sha256: str) -> None:
        """Removes the file, if it is still here, and its record, for good. Raises OSError."""
        path = self._path(sha256)
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256.lower()}{_SUFFIX}"


def plain(text: str, longest: int) -> str:
    """``text`` as it can be kept and shown: valid Unicode, cut to ``longest`` characters. What a file imports may be
    called anything, at any length."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return _NO_CHARACTER.sub("\ufffd", cut)


def _read(path: Path) -> QuarantineEntry | None:
    """The entry of a file; None where it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    try:
        record = json.loads(path.with_suffix(".json").read_bytes())
        entry = QuarantineEntry(**{**record, "sha256": path.stem, "path": str(path)})
        if any(type(getattr(entry, each.name)).__name__ != each.type for each in fields(entry)):
            raise TypeError
    except (OSError, ValueError, TypeError):
        moment = datetime.fromtimestamp(found.st_mtime, timezone.utc).isoformat(timespec="seconds")
        return QuarantineEntry(path.stem, path.name, LOST, "", found.st_size, moment, str(path))
    return entry


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
