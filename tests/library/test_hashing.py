"""Hashes: those of the site, to the letter."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lorakeeper.py.library.hashing import hash_file


def test_small_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello world")

    sha256, hashes = hash_file(tmp_path / "x")

    assert sha256 == hashlib.sha256(b"hello world").hexdigest()
    # The length prefix of this text points far past its end: there is no AutoV3. Under 2 MiB there is no AutoV1.
    assert hashes == {"AutoV2": sha256[:10].upper(), "CRC32": "85114A0D"}


def test_each_kind_covers_the_bytes_that_the_site_says(tmp_path: Path) -> None:
    content = (1000).to_bytes(8, "little") + bytes(range(256)) * 24_000
    (tmp_path / "x").write_bytes(content)

    _, hashes = hash_file(tmp_path / "x")

    assert hashes["AutoV1"] == hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8].upper()
    assert hashes["AutoV3"] == hashlib.sha256(content[1008:]).hexdigest()[:12].upper()


def test_a_header_longer_than_a_block_is_left_out_of_autov3(tmp_path: Path) -> None:
    length = 5 << 20
    content = length.to_bytes(8, "little") + b"x" * length + b"tensors"
    (tmp_path / "x").write_bytes(content)

    assert hash_file(tmp_path / "x")[1]["AutoV3"] == hashlib.sha256(b"tensors").hexdigest()[:12].upper()


def test_the_hash_of_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes((2).to_bytes(8, "little") + b"{}")

    assert "AutoV3" not in hash_file(tmp_path / "x")[1]
