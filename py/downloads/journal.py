"""The journal beside a ``.part``: which file the bytes belong to, and which of them may be trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..civitai.http import parse, shown
from ..civitai.resolve import ResolvedFile

_VERSION = 1


def identity(source: ResolvedFile) -> dict[str, object]:
    """What makes two downloads the same file. Without a SHA256, the address counts as well."""
    known: dict[str, object] = {
        "version_id": source.version.id,
        "file_id": source.file.id,
        "size": source.size,
        "sha256": source.sha256,
    }
    if not source.sha256:
        known["url"] = shown(parse(source.urls[0]))  # without the query, where a key may stand
    return known


@dataclass(frozen=True)
class Journal:
    """``written`` bytes at the start of the part are of the file, and those of the ranges in ``beyond``; ``etag`` is
    the tag that ``url`` gave them."""

    identity: dict[str, object]
    written: int = 0
    beyond: tuple[tuple[int, int], ...] = ()
    etag: str | None = None
    url: str | None = None

    def save(self, path: Path) -> None:
        """Replaces the journal at ``path``. Not synced to disk: after a power cut the SHA256 finds what is missing."""
        known = {"written": self.written, "beyond": self.beyond, "etag": self.etag, "from": self.url}
        record = {"journal": _VERSION, **self.identity, **known}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(record), "utf-8")
        new.replace(path)

    @classmethod
    def load(cls, path: Path, expected: dict[str, object]) -> Journal:
        """The journal at ``path``; one that trusts nothing where it is missing, broken, or about another file."""
        try:
            record = json.loads(path.read_text("utf-8"))
            written, etag, url = record.pop("written"), record.pop("etag"), record.pop("from")
            beyond = record.pop("beyond", [])
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return cls(expected)
        fits = record == {"journal": _VERSION, **expected} and type(written) is int and written >= 0
        if not fits or not isinstance(etag, str | None) or not isinstance(url, str | None) or not _ranges(beyond):
            return cls(expected)
        return cls(expected, written, tuple((start, end) for start, end in beyond), etag, url)


def _ranges(beyond: object) -> bool:
    """Whether it is a list of ranges."""
    return isinstance(beyond, list) and all(
        isinstance(each, list) and len(each) == 2 and all(type(at) is int for at in each) and 0 < each[0] < each[1]
        for each in beyond
    )
