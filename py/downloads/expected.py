"""What a file's bytes must be: its size, and the strongest hash that the site gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..civitai.resolve import ResolvedFile
from ..library.hashing import hash_file

_WEAKER = ("BLAKE3", "AutoV3", "AutoV2", "CRC32")


@dataclass(frozen=True)
class Expected:
    """``hash`` is ``(kind, value)`` in the site's spelling, None where there is nothing but a size."""

    size: int | None
    hash: tuple[str, str] | None

    @classmethod
    def of(cls, source: ResolvedFile) -> Expected:
        if source.sha256:
            return cls(source.size, ("SHA256", source.sha256.upper()))
        given = source.file.hashes.others()
        return cls(source.size, next(((kind, given[kind].upper()) for kind in _WEAKER if given.get(kind)), None))

    @property
    def note(self) -> str | None:
        """What the user should know about how far the check went."""
        if self.hash is None:
            checked = "nothing but its size could be checked" if self.size is not None else "nothing could be checked"
            return f"The site gives no hash of this file: {checked}."
        return (
            None if self.hash[0] == "SHA256" else f"The site gives no SHA256 of this file: checked by {self.hash[0]}."
        )

    def problem(self, path: Path, size: int, sha256: str | None = None) -> str | None:
        """What is wrong with the file of ``size`` at ``path``, in a few words. Blocking where it has to be hashed."""
        if self.size is not None and size != self.size:
            return f"it has {size} bytes instead of {self.size}"
        if self.hash is None:
            return None
        kind, value = self.hash
        found = sha256.upper() if kind == "SHA256" and sha256 else _hash(path, kind)
        return None if found == value else f"its {kind} is {found} instead of {value}"


def sha256_of(path: Path) -> str:
    """Lower-case hex. Blocking."""
    return hash_file(path)[0]


def _hash(path: Path, kind: str) -> str | None:
    if kind == "BLAKE3":
        from blake3 import blake3

        return str(blake3().update_mmap(path).hexdigest()).upper()
    if kind == "SHA256":
        return sha256_of(path).upper()
    return hash_file(path)[1].get(kind)
