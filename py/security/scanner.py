"""Looks into a model file, whatever it is called, and says whether loading it could do harm.

A safetensors or GGUF file is judged by its structure, a pickle by what it would import: picklescan reads it, and
:mod:`.safe_globals` decides. What can't be read as what it claims to be counts as dangerous, and archives are never
unpacked.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ..errors import ScanError
from . import pickles, tensors, zips

log = logging.getLogger(__name__)

_PROGRAMS = (b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe")
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
_HEAD = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """``format`` is what the content is, such as ``safetensors``, ``gguf``, ``torch``, ``pickle``, ``numpy``, ``zip``,
    ``7z`` or ``unknown``. ``dangerous`` must not be loaded; ``unverifiable`` is of a kind that can't be judged.
    ``findings`` say why, one short sentence each."""

    format: str
    verdict: Literal["safe", "dangerous", "unverifiable"]
    findings: tuple[str, ...] = ()


class ModelScanner:
    """Scans one file at a time; holds no state. Blocking: call it in a thread."""

    def scan(self, path: Path) -> Verdict:
        """The verdict on the file at ``path``. Raises ScanError where it can't even be opened or read."""
        try:
            with path.open("rb") as file:
                verdict = _judge(file, path.stat().st_size)
        except OSError as error:
            raise ScanError(f"{path.name} can't be read for scanning, so it is not installed.") from error
        level = logging.WARNING if verdict.verdict == "dangerous" else logging.INFO
        log.log(level, "scanned %s: %s %s %s", path.name, verdict.format, verdict.verdict, "; ".join(verdict.findings))
        return verdict


def _judge(file: BinaryIO, size: int) -> Verdict:
    head = file.read(32)
    file.seek(0)
    if head.startswith(_PROGRAMS):
        return Verdict("program", "dangerous", ("It is a program, not a model.",))
    if head.startswith(b"PK\x03\x04"):
        return _with_findings(*zips.scan_zip(file))
    if members := pickles.tar_members(file):
        if {"storages", "pickle"} & {name.rpartition("/")[2] for name in members}:
            # torch unpickles what lies inside, between raw tensors: nothing that a parser could tell apart.
            return Verdict("tar", "dangerous", ("It is in torch's oldest tar format, which can't be checked.",))
        return _with_findings("tar", None)
    if pickles.starts_pickle(head):
        return _with_findings(*pickles.scan_stream(file))
    if head.startswith(tensors.NUMPY):
        return _with_findings("numpy", tensors.scan_numpy(file))
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            return _with_findings(what, None)
    if tensors.looks_like_safetensors(head, size):
        findings = tensors.scan_safetensors(file, size)
        return _with_findings("safetensors", findings or _hidden_pickle(file, _HEAD))
    if head.startswith(tensors.GGUF):
        return _with_findings("gguf", tensors.scan_gguf(head, size) or _hidden_pickle(file, _HEAD))
    if findings := _hidden_pickle(file, 0):
        return Verdict("pickle", "dangerous", findings)
    return Verdict("unknown", "unverifiable", ("It is of no format that can be checked.",))


def _with_findings(form: str, findings: tuple[str, ...] | None) -> Verdict:
    """Safe without findings, unverifiable where the reader says None."""
    if findings is None:
        return Verdict(form, "unverifiable", (f"It is a {form} archive, which is not unpacked.",))
    return Verdict(form, "dangerous" if findings else "safe", findings)


def _hidden_pickle(file: BinaryIO, limit: int) -> tuple[str, ...]:
    """Findings where an unpickler, fed with these bytes of another kind, would get as far as running something."""
    file.seek(0)
    return pickles.scan_unmarked(io.BytesIO(file.read(limit)) if limit else file)
