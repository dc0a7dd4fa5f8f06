"""Zip files: torch's and NumPy's own kind are looked into entry by entry, without unpacking."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import IO, BinaryIO

from . import pickles, tensors

_STORAGE = re.compile(r"[^/]*/?data/\d+", re.IGNORECASE)
_HEAD = 16


def scan_zip(file: BinaryIO) -> tuple[str, tuple[str, ...] | None]:
    """``(format, findings)``: ``torch`` or ``numpy``, or ``zip`` with None where it is just an archive.

    Every entry is looked at, whatever its name, its checksum and its flags say, because torch doesn't mind them either.
    """
    from picklescan.relaxed_zipfile import RelaxedZipFile  # type: ignore[import-untyped]

    kinds: set[str] = set()
    findings: dict[str, None] = {}
    try:
        with RelaxedZipFile(file) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as stream:
                    kind, found = _scan_entry(entry.filename, stream)
                kinds.add(kind)
                findings |= dict.fromkeys(found)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError, EOFError):
        return "zip", (*findings, "It can't be read as a zip file.")
    form = next((each for each in ("torch", "numpy") if each in kinds), "zip")
    return form, tuple(findings) if form != "zip" or findings else None


def _scan_entry(name: str, stream: IO[bytes]) -> tuple[str, tuple[str, ...]]:
    """``(kind, findings)``; the kind is ``torch`` for a pickle, ``numpy`` for an array, else empty."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(tensors.NUMPY):
        return "numpy", tensors.scan_numpy(stream)
    if _STORAGE.fullmatch(name):
        # Raw numbers, which may begin like a pickle by chance: only one that is a pickle throughout counts.
        found = _scan_pickle(stream) if pickles.starts_pickle(head) else ()
        return "", tuple(each for each in found if each.startswith("It imports"))
    if pickles.starts_pickle(head) or name.lower().endswith((".pkl", ".pickle")):
        return "torch", _scan_pickle(stream)
    return "", pickles.scan_unmarked(stream)


def _scan_pickle(stream: IO[bytes]) -> tuple[str, ...]:
    return pickles.scan_pickles(io.BytesIO(stream.read(pickles.LIMIT + 1)))
