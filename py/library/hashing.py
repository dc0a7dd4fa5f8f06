"""The site's hashes of a file, in one pass over it."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

_BLOCK = 4 << 20
_AUTOV1 = (0x100000, 0x10000)
_HASH_OF_NOTHING = "E3B0C44298FC"


def hash_file(path: Path) -> tuple[str, dict[str, str]]:
    """``(sha256, hashes)``: SHA256 in lower-case hex, and the site's other kinds, each in the site's spelling.

    Blocking: call it in a thread. Raises OSError where the file can't be read.
    """
    whole, tensors, checksum, position = hashlib.sha256(), hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        file.seek(0)
        while block := file.read(_BLOCK):
            whole.update(block)
            checksum = zlib.crc32(block, checksum)
            if position + len(block) > start:
                tensors.update(block[max(0, start - position) :] if position < start else block)
            position += len(block)
        hashes = {"AutoV2": whole.hexdigest()[:10].upper(), "CRC32": checksum.to_bytes(4, "little").hex().upper()}
        if position >= 2 << 20:
            file.seek(_AUTOV1[0])
            hashes["AutoV1"] = hashlib.sha256(file.read(_AUTOV1[1])).hexdigest()[:8].upper()
    if (autov3 := tensors.hexdigest()[:12].upper()) != _HASH_OF_NOTHING:
        hashes["AutoV3"] = autov3
    return whole.hexdigest(), hashes
