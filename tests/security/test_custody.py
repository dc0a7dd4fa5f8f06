"""Out of quarantine there are two ways, and both are written down: typed reasons, real places, sure contents."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.errors import (
    DownloadError,
    MissingError,
    PlacementError,
    SpaceError,
    StorageError,
    UsageError,
    VerificationError,
)

from .conftest import BAD, REASON, SHA256, Rig, record


def other_disk(monkeypatch: pytest.MonkeyPatch, quarantine: Path) -> None:
    """Nothing can be linked or renamed out of ``quarantine``, as if it lay on another disk."""
    for name in ("link", "rename", "replace"):
        real = getattr(os, name)

        def refuse(source: Any, target: Any, real: Any = real) -> None:
            if (Path(source).parent == quarantine) != (Path(target).parent == quarantine):
                raise OSError(errno.EXDEV, "another file system")
            real(source, target)

        monkeypatch.setattr(os, name, refuse)


# -- Release ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", " . ", "yes", "It imports", "os.system", "It imports os.system. It can't be"])
async def test_wrong_reason_is_refused_and_nothing_moves(rig: Rig, typed: str) -> None:
    rig.take()

    with pytest.raises(UsageError, match=r"It imports os\.system\. It can't be read as a zip file\.$"):
        await rig.custody.release(SHA256, typed)

    assert rig.held() == [SHA256]
    assert rig.files() == {}
    assert (await rig.custody.page()).items == []


@pytest.mark.parametrize(
    "typed",
    [
        REASON,
        "it imports OS.SYSTEM",
        "It can't be read as a zip file",
        "  itimportsossystem it cant be readas a zipfile",
    ],
)
async def test_reason_or_a_sentence_of_it_lets_the_file_go(rig: Rig, typed: str) -> None:
    rig.take()

    released = await rig.custody.release(SHA256.upper(), typed)

    assert rig.files() == {"loras/SDXL/trap.pt": BAD}
    assert rig.held() == []
    assert list((rig.home / "quarantine").iterdir()) == []
    path = rig.loras / "SDXL" / "trap.pt"
    assert (released.path, released.name, released.owned, released.listed) == (str(path), "trap.pt", False, True)
    assert rig.learned == [path]


async def test_nothing_typed_is_no_reason_whatever_the_file_says(rig: Rig) -> None:
    """What a file imports is part of its reason, and may look like a sentence of dots."""
    rig.take(reason="It imports x. ... .y.")

    for typed in ("", "..."):
        with pytest.raises(UsageError):
            await rig.custody.release(SHA256, typed)

    assert rig.held() == [SHA256]


async def test_release_is_written_down_with_what_was_typed(rig: Rig) -> None:
    rig.take()
    await rig.custody.note(record(why=REASON))

    await rig.custody.release(SHA256, " it imports os.system ")

    (item,) = (await rig.custody.page()).items
    assert (item.became, item.why) == ("released", "it imports os.system")
    assert (item.verdict, item.format, item.name) == ("dangerous", "torch", "trap.pt")


async def test_file_of_before_there_were_records_gets_one(rig: Rig) -> None:
    rig.take()

    await rig.custody.release(SHA256, REASON)

    (item,) = (await rig.custody.page()).items
    assert (item.sha256, item.source, item.became) == (SHA256, "civitai.example", "released")
    assert item.findings == [REASON]
    assert abs((datetime.now(timezone.utc) - item.scanned_at).total_seconds()) < 60


async def test_only_the_last_time_in_quarantine_is_settled(rig: Rig) -> None:
    for became in ("deleted", "quarantined", "quarantined", "installed"):
        await rig.custody.note(record(became=became))
    rig.take()

    await rig.custody.release(SHA256, REASON)

    states = [item.became for item in (await rig.custody.page()).items]
    assert states == ["installed", "released", "quarantined", "deleted"]


async def test_other_file_of_the_same_name_stays(rig: Rig) -> None:
    rig.take(version_id=7)
    place = rig.loras / "SDXL"
    place.mkdir(parents=True)
    (place / "trap.pt").write_bytes(b"another")

    released = await rig.custody.release(SHA256, REASON)

    assert rig.files() == {"loras/SDXL/trap.pt": b"another", "loras/SDXL/trap-v7.pt": BAD}
    assert released.path == str(place / "trap-v7.pt")


async def test_same_content_under_the_name_is_not_doubled(rig: Rig) -> None:
    rig.take()
    place = rig.loras / "SDXL"
    place.mkdir(parents=True)
    (place / "trap.pt").write_bytes(BAD)

    released = await rig.custody.release(SHA256, REASON)

    assert released.owned
    assert rig.files() == {"loras/SDXL/trap.pt": BAD}
    assert rig.held() == []


async def test_kind_chosen_goes_before_the_folder_kept(rig: Rig) -> None:
    rig.take()

    await rig.custody.release(SHA256, REASON, kind="vae")

    assert rig.files() == {"vae/trap.pt": BAD}


@pytest.mark.parametrize("folder", ["elsewhere", "models/loras/../../elsewhere", "models"])
async def test_folder_outside_the_model_folders_is_refused(rig: Rig, folder: str) -> None:
    rig.take(folder=rig.home / folder)

    with pytest.raises(PlacementError, match="kind"):
        await rig.custody.release(SHA256, REASON)

    assert rig.held() == [SHA256]
    assert not (rig.home / "elsewhere").exists()
    assert rig.files() == {}


@pytest.mark.parametrize("folder", ["", "loras", "models/loras"])
async def test_unknown_folder_wants_a_kind(rig: Rig, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rig.home)
    rig.take()
    note = rig.home / "quarantine" / f"{SHA256}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "folder": folder}))

    with pytest.raises(PlacementError, match="kind"):
        await rig.custody.release(SHA256, REASON)

    assert rig.held() == [SHA256]
    assert (await rig.custody.release(SHA256, REASON, kind="loras")).path == str(rig.loras / "trap.pt")


async def test_unknown_kind_is_refused_with_those_there_are(rig: Rig) -> None:
    rig.take()

    with pytest.raises(UsageError, match="loras, vae"):
        await rig.custody.release(SHA256, REASON, kind="../loras")

    assert rig.held() == [SHA256]


@pytest.mark.parametrize("name", ["../trap.pt", "CON.pt", ".lorakeeper-1-2.part", "a/b.pt", "."])
async def test_name_that_no_file_may_have_is_refused(rig: Rig, name: str) -> None:
    rig.take(name=name)

    with pytest.raises(PlacementError):
        await rig.custody.release(SHA256, REASON)

    assert rig.held() == [SHA256]
    assert rig.files() == {}


async def test_changed_content_is_not_let_go(rig: Rig) -> None:
    rig.take()
    held = rig.home / "quarantine" / f"{SHA256}.quarantined"
    held.write_bytes(b"a BAD file")

    with pytest.raises(VerificationError, match=r"trap\.pt"):
        await rig.custody.release(SHA256, REASON)

    assert held.read_bytes() == b"a BAD file"
    assert rig.files() == {}
    assert (await rig.custody.page()).items == []


async def test_file_without_its_record_can_only_be_deleted(rig: Rig) -> None:
    rig.take()
    (rig.home / "quarantine" / f"{SHA256}.json").unlink()

    with pytest.raises(PlacementError, match="delete"):
        await rig.custody.release(SHA256, "Its record is lost.", kind="loras")

    assert rig.files() == {}
    assert (await rig.custody.delete(SHA256)).sha256 == SHA256
    assert rig.held() == []


async def test_two_releases_at_once_move_it_once(rig: Rig) -> None:
    rig.take()

    answers = await asyncio.gather(*(rig.custody.release(SHA256, REASON) for _ in range(2)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["MissingError", "Released"]
    assert rig.files() == {"loras/SDXL/trap.pt": BAD}
    assert [item.became for item in (await rig.custody.page()).items] == ["released"]


async def test_library_that_can_not_listen_does_not_undo_the_release(rig: Rig) -> None:
    rig.take()
    rig.deaf = StorageError("The library is in use.")

    released = await rig.custody.release(SHA256, REASON)

    assert not released.listed
    assert rig.files() == {"loras/SDXL/trap.pt": BAD}


async def test_cancellation_comes_too_late_for_half_a_release(rig: Rig) -> None:
    rig.take()
    task = asyncio.create_task(rig.custody.release(SHA256, REASON))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert rig.files() == {"loras/SDXL/trap.pt": BAD}
    assert [item.became for item in (await rig.custody.page()).items] == ["released"]


# -- From another disk -----------------------------------------------------------------------------------------------


async def test_file_comes_over_from_another_disk(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(3_000_001)
    sha256 = rig.take(content, version_id=7)
    place = rig.loras / "SDXL"
    place.mkdir(parents=True)
    (place / "trap.pt").write_bytes(b"another")
    left = place / f".lorakeeper-{sha256[:16]}-0000.release"
    left.write_bytes(b"left by a kill")
    other_disk(monkeypatch, rig.home / "quarantine")

    released = await rig.custody.release(sha256, REASON)

    assert rig.files() == {"loras/SDXL/trap.pt": b"another", "loras/SDXL/trap-v7.pt": content}
    assert released.path == str(place / "trap-v7.pt")
    assert rig.held() == []


@pytest.mark.parametrize(("code", "expected"), [(errno.ENOSPC, SpaceError), (errno.EIO, DownloadError)])
async def test_copy_that_fails_leaves_no_trace(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, code: int, expected: type[Exception]
) -> None:
    rig.take()
    other_disk(monkeypatch, rig.home / "quarantine")

    def fail(_: int) -> None:
        raise OSError(code, "no")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", fail)
        with pytest.raises(expected):
            await rig.custody.release(SHA256, REASON)

    assert rig.files() == {}
    assert rig.held() == [SHA256]
    assert (await rig.custody.page()).items == []
    assert not (await rig.custody.release(SHA256, REASON)).owned


async def test_final_name_is_given_only_to_a_whole_copy(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take()
    other_disk(monkeypatch, rig.home / "quarantine")
    real, seen = os.fsync, []

    def watch(descriptor: int) -> None:
        seen.append([Path(name).name for name in rig.files()])
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    await rig.custody.release(SHA256, REASON)

    (name,) = seen[0]
    assert name.startswith(".lorakeeper-")
    assert rig.files() == {"loras/SDXL/trap.pt": BAD}


# -- Deletion, and what is not there ---------------------------------------------------------------------------------


async def test_deleted_file_is_gone_and_written_down(rig: Rig) -> None:
    rig.take()
    await rig.custody.note(record(why=REASON))

    deleted = await rig.custody.delete(SHA256.upper())

    assert (deleted.sha256, deleted.name) == (SHA256, "trap.pt")
    assert list((rig.home / "quarantine").iterdir()) == []
    assert [(item.became, item.why) for item in (await rig.custody.page()).items] == [("deleted", REASON)]


@pytest.mark.parametrize(
    "sha256", ["ab" * 32, "", "ab", "../" + "a" * 61, f"../models/{SHA256}", "٣" * 64, SHA256 + "\n", f"{SHA256}0"]
)
async def test_unknown_or_ill_formed_hash_is_missing(rig: Rig, sha256: str) -> None:
    rig.take()

    with pytest.raises(MissingError):
        await rig.custody.release(sha256, REASON)
    with pytest.raises(MissingError):
        await rig.custody.delete(sha256)

    assert rig.held() == [SHA256]


async def test_hash_is_never_a_path(rig: Rig) -> None:
    (rig.home / "quarantine").mkdir()
    (rig.home / "secret.quarantined").write_bytes(b"not yours")

    with pytest.raises(MissingError):
        await rig.custody.delete("../secret")

    assert (rig.home / "secret.quarantined").is_file()
