"""The transaction around the bytes: names, room, what is owned already, what is dangerous."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from lorakeeper.py.civitai.schemas import FileHashes, VersionFile
from lorakeeper.py.downloads import DiskSpace, part
from lorakeeper.py.errors import (
    DownloadError,
    PlacementError,
    ScanError,
    SpaceError,
    VerificationError,
)
from lorakeeper.py.library.hashing import hash_file
from lorakeeper.testing import samples

from .conftest import MEGABYTE, SIZE, broken_off, disk_that_is_full_after, let_go, running

# -- What is owned already -------------------------------------------------------------------------------------------


async def test_file_known_to_the_library_is_not_fetched(rig: Any, sample: samples.Sample, tmp_path: Path) -> None:
    source = rig.add(sample)
    elsewhere = tmp_path / "renamed.safetensors"
    elsewhere.write_bytes(sample.content())
    rig.owned[source.sha256] = elsewhere
    outcome = await rig.fetch(source)

    assert (outcome.status, outcome.path, outcome.sha256) == ("owned", elsewhere, source.sha256)
    assert not rig.civitai.storage.requests
    assert not rig.civitai.site.requests


async def test_same_file_in_the_folder_is_not_fetched(rig: Any, sample: samples.Sample) -> None:
    rig.folder.mkdir()
    (rig.folder / "cat.safetensors").write_bytes(sample.content())
    outcome = await rig.fetch(rig.add(sample))

    assert (outcome.status, outcome.path) == ("owned", rig.folder / "cat.safetensors")
    assert not rig.civitai.storage.requests


async def test_same_file_under_its_version_s_name_is_not_fetched(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.folder.mkdir()
    (rig.folder / "cat.safetensors").write_bytes(b"mine")
    (rig.folder / f"cat-v{source.version.id}.safetensors").write_bytes(sample.content())
    outcome = await rig.fetch(source)

    assert (outcome.status, outcome.path.name) == ("owned", f"cat-v{source.version.id}.safetensors")
    assert not rig.civitai.storage.requests


async def test_owned_file_s_old_part_is_cleared_away(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    await broken_off(rig, source)
    (rig.folder / "cat.safetensors").write_bytes(sample.content())

    assert (await rig.fetch(source)).status == "owned"
    assert rig.files() == {"cat.safetensors"}


# -- Names -----------------------------------------------------------------------------------------------------------


async def test_different_file_of_the_same_name_is_left_alone(rig: Any, sample: samples.Sample) -> None:
    rig.folder.mkdir()
    mine = rig.folder / "cat.safetensors"
    mine.write_bytes(b"mine")
    source = rig.add(sample)
    outcome = await rig.fetch(source)

    assert mine.read_bytes() == b"mine"
    assert outcome.path == rig.folder / f"cat-v{source.version.id}.safetensors"
    assert outcome.path.read_bytes() == sample.content()


async def test_third_file_of_one_name_gets_a_number(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.folder.mkdir()
    for name in ("cat", f"cat-v{source.version.id}"):
        (rig.folder / f"{name}.safetensors").write_bytes(b"mine")

    assert (await rig.fetch(source)).path.name == f"cat-v{source.version.id}-2.safetensors"


async def test_name_taken_while_the_bytes_came_is_not_overwritten(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    task = await running(rig, source)
    (rig.folder / "cat.safetensors").write_bytes(b"mine")
    let_go(rig)
    outcome = await task

    assert (rig.folder / "cat.safetensors").read_bytes() == b"mine"
    assert outcome.path.name == f"cat-v{source.version.id}.safetensors"


async def test_same_file_that_came_meanwhile_is_owned(rig: Any, sample: samples.Sample) -> None:
    task = await running(rig, rig.add(sample))
    (rig.folder / "cat.safetensors").write_bytes(sample.content())
    let_go(rig)
    outcome = await task

    assert (outcome.status, outcome.path.name) == ("owned", "cat.safetensors")
    assert rig.files() == {"cat.safetensors"}


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
async def test_dangling_link_of_that_name_is_not_followed(rig: Any, sample: samples.Sample, tmp_path: Path) -> None:
    rig.folder.mkdir()
    (rig.folder / "cat.safetensors").symlink_to(tmp_path / "victim")
    outcome = await rig.fetch(rig.add(sample))

    assert not (tmp_path / "victim").exists()
    assert outcome.path.name.startswith("cat-v")


async def test_file_system_without_links_overwrites_nothing(
    rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    rig.folder.mkdir()
    (rig.folder / "cat.safetensors").write_bytes(b"mine")
    source = rig.add(sample)
    outcome = await rig.fetch(source)

    assert (rig.folder / "cat.safetensors").read_bytes() == b"mine"
    assert outcome.path.read_bytes() == sample.content()
    assert rig.files() == {"cat.safetensors", f"cat-v{source.version.id}.safetensors"}


@pytest.mark.parametrize(
    "name",
    [
        "../cat.safetensors",
        "..\\cat.safetensors",
        "a/b.safetensors",
        "/etc/cat.safetensors",
        "C:\\cat.safetensors",
        "C:cat.safetensors",
        "\\\\server\\share\\cat.safetensors",
        "..",
        ".",
        "",
        " ",
        "con.safetensors",
        "LPT1",
        "nul .txt",
        "cat.safetensors.",
        "cat.safetensors ",
        "cat\0.safetensors",
        "cat\n.safetensors",
        "cat?.safetensors",
        "cat:stream",
        ".lorakeeper-1-2.part",
    ],
)
async def test_name_that_could_leave_the_folder_is_refused(rig: Any, sample: samples.Sample, name: str) -> None:
    before = {path.name for path in rig.folder.parent.iterdir()}
    with pytest.raises(PlacementError):
        await rig.fetch(rig.add(sample, name=name))

    assert {path.name for path in rig.folder.parent.iterdir()} == before
    assert not rig.civitai.site.requests


async def test_folder_that_cannot_be_written_to_is_said(rig: Any, sample: samples.Sample) -> None:
    rig.folder.write_bytes(b"a file in the folder's place")
    with pytest.raises(DownloadError, match="can't be written"):
        await rig.fetch(rig.add(sample))


# -- Room ------------------------------------------------------------------------------------------------------------


async def test_download_that_does_not_fit_is_not_begun(make_rig: Callable[..., Any], sample: samples.Sample) -> None:
    rig = make_rig(space=DiskSpace(lambda _: SIZE))
    with pytest.raises(SpaceError, match=r"2 MB are needed"):
        await rig.fetch(rig.add(sample))

    assert not rig.civitai.storage.requests
    assert rig.files() == set()


async def test_room_of_running_downloads_is_not_given_twice(
    make_rig: Callable[..., Any], sample: samples.Sample
) -> None:
    rig = make_rig(space=DiskSpace(lambda _: (64 << 20) + 3 * MEGABYTE))
    source, other = rig.add(sample), rig.add(samples.lora("dog", size=SIZE))
    task = await running(rig, source)
    with pytest.raises(SpaceError):
        await rig.fetch(other)
    let_go(rig)
    await task

    assert (await rig.fetch(other)).status == "installed"


async def test_size_that_only_the_server_knows_is_looked_for_too(
    make_rig: Callable[..., Any], sample: samples.Sample
) -> None:
    rig = make_rig(space=DiskSpace(lambda _: SIZE))
    with pytest.raises(SpaceError):
        await rig.fetch(rig.add(sample, size=None))

    assert rig.files() == set()


async def test_full_disk_in_the_middle_keeps_the_part(rig: Any) -> None:
    """Even where the room comes back a moment later, and what waits behind could be written."""
    sample = samples.lora("cat", size=16 * MEGABYTE)
    source = rig.add(sample)
    with disk_that_is_full_after(3 * MEGABYTE), pytest.raises(SpaceError, match="full"):
        await rig.fetch(source)
    assert {Path(name).suffix for name in rig.files()} == {".part", ".json"}

    rig.civitai.storage.requests.clear()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert len(rig.ranges()) == 1
    assert 0 < int(rig.ranges()[0][6:-1]) <= 3 * MEGABYTE


async def test_file_too_large_for_the_system_is_said(
    rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object) -> None:
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr(part, "write_whole", too_large)
    with pytest.raises(SpaceError, match="another disk"):
        await rig.fetch(rig.add(sample))


# -- Verified and scanned --------------------------------------------------------------------------------------------


def weaker(content: bytes, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "hashed"
    path.write_bytes(content)
    return {**hash_file(path)[1], "BLAKE3": blake3(content).hexdigest().upper()}


@pytest.mark.parametrize("kind", ["BLAKE3", "AutoV3", "AutoV2", "CRC32"])
async def test_other_hash_checks_where_there_is_no_sha256(
    rig: Any, sample: samples.Sample, kind: str, tmp_path: Path
) -> None:
    value = weaker(sample.content(), tmp_path)[kind]
    good = rig.add(sample, sha256=None, file=VersionFile(id=1, hashes=FileHashes.model_validate({kind: value})))
    wrong = "0" * len(value)
    bad = rig.add(sample, sha256=None, file=VersionFile(id=2, hashes=FileHashes.model_validate({kind: wrong})))

    with pytest.raises(VerificationError, match=kind):
        await rig.fetch(bad)
    assert rig.files() == set()
    outcome = await rig.fetch(good)
    assert outcome.sha256 == hashlib.sha256(sample.content()).hexdigest()
    assert outcome.reason == f"The site gives no SHA256 of this file: checked by {kind}."
    assert (await rig.fetch(good)).status == "owned"


async def test_size_alone_is_said_to_be_little(rig: Any, sample: samples.Sample) -> None:
    outcome = await rig.fetch(rig.add(sample, sha256=None, file=VersionFile(id=1)))

    assert outcome.status == "installed"
    assert outcome.reason == "The site gives no hash of this file: nothing but its size could be checked."


async def test_dangerous_file_never_reaches_the_folder(rig: Any) -> None:
    sample = samples.bad_pickle()
    source = rig.add(sample)
    outcome = await rig.fetch(source)

    assert (outcome.status, outcome.reason) == ("quarantined", "It imports os.system.")
    assert outcome.path.read_bytes() == sample.content()
    assert rig.files() == set()
    (entry,) = rig.quarantine.list()
    assert (entry.name, entry.sha256, entry.size) == ("trap.pt", source.sha256, sample.size)
    assert entry.source == source.urls[0].partition("?")[0]


async def test_quarantined_file_is_not_fetched_again(rig: Any) -> None:
    source = rig.add(samples.bad_pickle())
    first = await rig.fetch(source)
    rig.civitai.storage.requests.clear()

    assert first.scan.verdict == "dangerous"
    assert await rig.fetch(source) == replace(first, scan=None, held={})
    assert not rig.civitai.storage.requests


async def test_pickle_in_a_safetensors_s_clothes_is_quarantined(rig: Any) -> None:
    wolf = samples.bad_pickle().but(file_name="sheep.safetensors")

    assert (await rig.fetch(rig.add(wolf))).status == "quarantined"
    assert rig.files() == set()


async def test_what_cannot_be_verified_is_installed_and_said(rig: Any) -> None:
    archive = samples.Sample("poses.7z", b"7z\xbc\xaf\x27\x1c" + bytes(5000))
    outcome = await rig.fetch(rig.add(archive))

    assert outcome.status == "installed"
    assert "7z archive" in outcome.reason


async def test_file_that_cannot_be_scanned_is_not_installed(
    rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise ScanError("unreadable")

    monkeypatch.setattr(rig.downloads._scanner, "scan", unreadable)
    with pytest.raises(ScanError):
        await rig.fetch(rig.add(sample))

    assert "cat.safetensors" not in rig.files()


# -- Progress --------------------------------------------------------------------------------------------------------


async def test_progress_tells_bytes_total_rate_and_time(rig: Any, sample: samples.Sample) -> None:
    task = await running(rig, rig.add(sample))
    moving = [progress for progress in rig.seen if progress.stage == "transfer" and progress.rate]
    let_go(rig)
    await task

    assert [progress.received for progress in rig.seen] == sorted(progress.received for progress in rig.seen)
    assert {progress.total for progress in rig.seen} == {SIZE}
    assert moving[0].eta == pytest.approx((SIZE - moving[0].received) / moving[0].rate)
    assert rig.seen[-1].received == SIZE
    stages = list(dict.fromkeys(progress.stage for progress in rig.seen))
    assert stages == ["transfer", "verify", "scan"]


async def test_listener_is_not_told_of_every_chunk(rig: Any) -> None:
    await rig.fetch(rig.add(samples.lora("big", size=30 * MEGABYTE)))

    assert len(rig.seen) < 60
