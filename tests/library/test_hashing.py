"""Hashes: those of the site, to the letter, however many threads work at them; and what ends or holds the work."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from lorakeeper.py.library.hashing import ChangedWhileReadError, hash_file

MIB = 1 << 20
LARGE = 9 * MIB + 5
NOISE = random.Random(1).randbytes(11 * MIB)
LINUX = Path("/proc/self/fd").is_dir()


def put(folder: Path, size: int, header: int | None = None) -> tuple[Path, bytes]:
    """A file of noise whose first 8 bytes name a header of ``header`` bytes."""
    content = NOISE[:size] if header is None else (header.to_bytes(8, "little") + NOISE[8:size])[:size]
    path = folder / "x"
    path.write_bytes(content)
    return path, content


def expected(content: bytes, *, with_blake3: bool = False) -> tuple[str, dict[str, str]]:
    """The definitions, each applied to the whole content by itself."""
    sha256 = hashlib.sha256(content).hexdigest()
    crc = f"{zlib.crc32(content):08X}"
    hashes = {"AutoV2": sha256[:10].upper(), "CRC32": crc[6:] + crc[4:6] + crc[2:4] + crc[:2]}
    if len(content) >= 2 * MIB:
        hashes["AutoV1"] = hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8].upper()
    if tensors := content[8 + int.from_bytes(content[:8], "little") :]:
        hashes["AutoV3"] = hashlib.sha256(tensors).hexdigest()[:12].upper()
    if with_blake3:
        hashes["BLAKE3"] = blake3(content).hexdigest().upper()
    return sha256, hashes


def helpers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("hashing")]


def handles(path: Path) -> list[int]:
    """This process's open handles of ``path``."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            if link.readlink() == path:
                found.append(int(link.name))
        except FileNotFoundError:  # The listing's own handle.
            continue
    return found


# -- What the hashes are ---------------------------------------------------------------------------------------------


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


def test_blake3_is_there_when_asked_for(tmp_path: Path) -> None:
    path, content = put(tmp_path, 3 * MIB)

    assert hash_file(path, blake3=True) == expected(content, with_blake3=True)
    assert "BLAKE3" not in hash_file(path)[1]


BORDERS = (MIB, 0x110000, 2 * MIB, 4 * MIB, 8 * MIB, 9 * MIB)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 10, *(edge + by for edge in BORDERS for by in (-1, 0, 1))])
def test_every_border_of_a_files_size(tmp_path: Path, size: int) -> None:
    path, content = put(tmp_path, size, header=0)

    assert hash_file(path, blake3=True) == expected(content, with_blake3=True)


@pytest.mark.parametrize("start", [8, 9, *(edge + by for edge in (MIB, 4 * MIB, LARGE) for by in (-1, 0, 1))])
@pytest.mark.parametrize("lanes", [1, 2])
def test_every_border_of_a_headers_end(tmp_path: Path, start: int, lanes: int) -> None:
    path, content = put(tmp_path, LARGE, header=start - 8)

    assert hash_file(path, lanes=lanes) == expected(content)


def near(most: int) -> st.SearchStrategy[int]:
    """Numbers at or near the borders of MiBs, up to ``most`` MiB."""
    return st.builds(lambda blocks, by: max(0, blocks * MIB + by), st.integers(0, most), st.integers(-9, 9))


@settings(max_examples=30)
@given(size=near(10), start=near(11), with_blake3=st.booleans())
def test_the_number_of_lanes_changes_nothing(tmp_path: Path, size: int, start: int, with_blake3: bool) -> None:
    path, content = put(tmp_path, size, header=max(0, start - 8))
    right = expected(content, with_blake3=with_blake3)

    for lanes in (1, 2, 3, 9):
        assert hash_file(path, lanes=lanes, blake3=with_blake3) == right


# -- What is told, and what ends or holds the work -------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, LARGE])
@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_ticks_add_up_to_the_size_on_the_calling_thread(tmp_path: Path, size: int, lanes: int) -> None:
    path, _ = put(tmp_path, size)
    ticks: list[tuple[int, threading.Thread]] = []

    hash_file(path, lanes=lanes, tick=lambda done: ticks.append((done, threading.current_thread())))

    assert sum(done for done, _ in ticks) == size
    assert all(0 < done <= MIB and thread is threading.current_thread() for done, thread in ticks)


class CancelledError(Exception):
    pass


def cancel_at(number: int) -> Callable[[int], None]:
    left = number

    def tick(_: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise CancelledError

    return tick


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_a_tick_that_raises_ends_everything_at_any_block(tmp_path: Path, lanes: int) -> None:
    path, content = put(tmp_path, LARGE)

    for number in range(10):
        with pytest.raises(CancelledError):
            hash_file(path, lanes=lanes, tick=cancel_at(number))
        assert helpers() == []
        if LINUX:
            assert handles(path) == []
    assert hash_file(path, lanes=lanes, tick=cancel_at(10)) == expected(content)
    assert helpers() == []


def test_a_small_file_makes_no_thread(tmp_path: Path) -> None:
    path, _ = put(tmp_path, 8 * MIB - 1)
    seen: list[str] = []
    hash_file(path, lanes=3, tick=lambda _: seen.extend(helpers()))
    assert seen == []

    put(tmp_path, 8 * MIB)
    hash_file(path, lanes=3, tick=lambda _: seen.extend(helpers()))
    assert seen


@pytest.mark.skipif(not LINUX, reason="looks into /proc")
@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_a_tick_that_waits_holds_the_others_near_and_idle(tmp_path: Path, lanes: int) -> None:
    path, content = put(tmp_path, LARGE)
    waits, go_on = threading.Event(), threading.Event()
    answers = []

    def tick(_: int) -> None:
        waits.set()
        assert go_on.wait(20)

    def position() -> int:
        return int(Path(f"/proc/self/fdinfo/{handles(path)[0]}").read_text().split()[1])

    caller = threading.Thread(target=lambda: answers.append(hash_file(path, lanes=lanes, tick=tick)))
    caller.start()
    try:
        assert waits.wait(20)
        time.sleep(0.2)
        held, spent = position(), time.process_time()
        assert held <= 5 * MIB
        time.sleep(0.3)
        assert position() == held
        assert time.process_time() - spent < 0.1
    finally:
        go_on.set()
        caller.join(20)
    assert answers == [expected(content)]


# -- Files that can't be hashed --------------------------------------------------------------------------------------


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))  # Even where the clock is coarse.


@pytest.mark.parametrize("change", [append, rewrite, lambda path: os.truncate(path, 1000)])
@pytest.mark.parametrize("size", [100_000, LARGE])
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_file_that_changes_has_no_hash(tmp_path: Path, change: Callable[[Path], None], size: int, lanes: int) -> None:
    path, _ = put(tmp_path, size)
    changes = [change]

    with pytest.raises(ChangedWhileReadError, match="written to while it was read"):
        hash_file(path, lanes=lanes, tick=lambda _: changes.pop()(path) if changes else None)

    assert helpers() == []
    assert hash_file(path, lanes=lanes) == expected(path.read_bytes())


@pytest.mark.skipif(not LINUX, reason="such files are in /proc")
def test_a_file_of_more_bytes_than_its_size_has_no_hash() -> None:
    with pytest.raises(ChangedWhileReadError):
        hash_file(Path("/proc/self/status"))


def test_a_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is a folder: only ordinary files can be hashed"):
        hash_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")

    with pytest.raises(OSError, match="only ordinary files"):
        hash_file(tmp_path / "x")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
def test_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("/dev/zero")

    with pytest.raises(OSError, match="a device"):
        hash_file(tmp_path / "x")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_file(tmp_path / "x")
