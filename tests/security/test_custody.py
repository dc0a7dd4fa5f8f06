"""Out of quarantine there are two ways, and both are written down: typed reasons, real places, sure contents."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.downloads.placement import check_name, install
from lorakeeper.py.errors import (
    DownloadError,
    LorakeeperError,
    MissingError,
    PlacementError,
    SpaceError,
    StorageError,
    UsageError,
    VerificationError,
)
from lorakeeper.py.events import Event, Events
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.security import Quarantine
from lorakeeper.py.security.custody import Custody
from lorakeeper.py.security.records import Records, ScanRecord, host_of
from lorakeeper.py.storage.database import Database

BAD = b"a bad file"
SHA256 = hashlib.sha256(BAD).hexdigest()
REASON = "It imports os.system. It can't be read as a zip file."


@dataclass
class Rig:
    """A custody on real folders; ``learned`` are the paths that the library heard of."""

    home: Path
    database: Database
    roots: dict[str, list[Path]]
    learned: list[Path] = field(default_factory=list)
    deaf: LorakeeperError | None = None
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        self.quarantine = Quarantine(self.home / "quarantine")
        self.custody = Custody(
            self.database,
            self.quarantine,
            FolderRoots(self.roots),
            install=install,
            check_name=check_name,
            learn=self.learn,
            events=self.events,
        )

    @property
    def loras(self) -> Path:
        return self.roots["loras"][0]

    async def learn(self, path: Path) -> None:
        if self.deaf:
            raise self.deaf
        self.learned.append(path)

    def take(
        self,
        content: bytes = BAD,
        *,
        name: str = "trap.pt",
        folder: Path | None = None,
        reason: str = REASON,
        **known: Any,
    ) -> str:
        """Holds a file back, and returns its hash."""
        part = self.home / "x.part"
        part.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        place = str(self.loras / "SDXL") if folder is None else str(folder)
        self.quarantine.take(
            part, name=name, sha256=sha256, reason=reason, source="https://civitai.example/7", folder=place, **known
        )
        return sha256

    def held(self) -> list[str]:
        return sorted(entry.sha256 for entry in self.quarantine.list())

    def files(self) -> dict[str, bytes]:
        """All in the model folders, by path."""
        return {
            path.relative_to(self.home / "models").as_posix(): path.read_bytes()
            for path in (self.home / "models").rglob("*")
            if path.is_file()
        }


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, made once: that takes longer than all the rest of a test."""
    path = tmp_path_factory.mktemp("empty") / "lorakeeper.db"

    async def make() -> None:
        database = Database(path)
        await database.open()
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def rig(tmp_path: Path, empty: Path) -> AsyncIterator[Rig]:
    shutil.copy(empty, tmp_path / "lorakeeper.db")
    database = Database(tmp_path / "lorakeeper.db")
    await database.open()
    yield Rig(tmp_path, database, {kind: [tmp_path / "models" / kind] for kind in ("loras", "vae")})
    await database.close()


def record(sha256: str = SHA256, **changes: Any) -> ScanRecord:
    known = {"name": "trap.pt", "source": "civitai.example", "format": "torch", "site": "", "why": ""}
    dangerous = {"verdict": "dangerous", "findings": tuple(REASON.split(". ")), "became": "quarantined"}
    return ScanRecord(sha256, **{**known, **dangerous, **changes})


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


# -- Records ---------------------------------------------------------------------------------------------------------


async def test_records_are_paged_newest_first(rig: Rig) -> None:
    for number in range(5):
        await rig.custody.note(record(f"{number:064x}", verdict="safe", became="installed"))

    first = await rig.custody.page(limit=2)
    second = await rig.custody.page(limit=2, cursor=first.next_cursor)
    third = await rig.custody.page(limit=2, cursor=second.next_cursor)

    pages = [[int(item.sha256, 16) for item in page.items] for page in (first, second, third)]
    assert pages == [[4, 3], [2, 1], [0]]
    assert third.next_cursor is None


async def test_records_are_found_by_verdict_and_by_fate(rig: Rig) -> None:
    for number, (verdict, became) in enumerate(
        [("safe", "installed"), ("unverifiable", "installed"), ("safe", "owned"), ("dangerous", "quarantined")]
    ):
        await rig.custody.note(record(f"{number:064x}", verdict=verdict, became=became))

    safe = await rig.custody.page(verdict="safe", limit=1)
    installed = await rig.custody.page(became="installed")
    both = await rig.custody.page(verdict="safe", became="installed")

    assert [int(item.sha256, 16) for item in safe.items] == [2]
    assert [
        int(item.sha256, 16) for item in (await rig.custody.page(verdict="safe", cursor=safe.next_cursor)).items
    ] == [0]
    assert [int(item.sha256, 16) for item in installed.items] == [1, 0]
    assert [int(item.sha256, 16) for item in both.items] == [0]


@pytest.mark.parametrize("cursor", ["x", "-1", "1 or 1", "9" * 19, "٣", ""])
async def test_cursor_of_another_list_is_refused(rig: Rig, cursor: str) -> None:
    with pytest.raises(UsageError):
        await rig.custody.page(cursor=cursor)


async def test_hostile_findings_are_kept_short_and_readable(rig: Rig) -> None:
    findings = tuple(f"It imports \ud800{'y' * 10_000}{number}." for number in range(1000))

    await rig.custody.note(record(findings=findings, why=" ".join(findings), name="\udc80.pt"))

    page = await rig.custody.page()
    assert len(page.model_dump_json()) < 60_000
    assert page.items[0].findings[-1] == "And 950 more."


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Civitai.com:443/api/download/models/7", "civitai.com"),
        ("civitai.com", "civitai.com"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


# -- The report ------------------------------------------------------------------------------------------------------


def at(day: str, clock: str = "12:00:00") -> float:
    return datetime.fromisoformat(f"{day}T{clock}+00:00").timestamp()


@pytest.fixture
async def history(rig: Rig) -> Rig:
    """Seven files of two sites on three days; one lies in quarantine."""
    records = Records(rig.database)
    held = rig.take()
    for number, (day, clock, source, verdict, became) in enumerate(
        [
            ("2026-01-01", "00:00:00", "a.example", "safe", "installed"),
            ("2026-01-01", "23:59:59", "a.example", "unverifiable", "installed"),
            ("2026-01-02", "00:00:00", "b.example", "dangerous", "released"),
            ("2026-01-02", "12:00:00", "a.example", "dangerous", "deleted"),
            ("2026-01-02", "12:00:00", "a.example", "safe", "owned"),
            ("2026-01-03", "00:00:00", "a.example", "safe", "installed"),
        ]
    ):
        await records.note(record(f"{number:064x}", source=source, verdict=verdict, became=became), at(day, clock))
    await records.note(record(held, source="b.example"), at("2026-01-03"))
    return rig


def numbers(counts: Any) -> tuple[int, ...]:
    names = ("scanned", "safe", "unverifiable", "quarantined", "released", "deleted")
    return tuple(getattr(counts, name) for name in names)


async def test_report_counts_by_source_and_by_day(history: Rig) -> None:
    report = await history.custody.report()

    assert numbers(report.total) == (7, 3, 1, 3, 1, 1)
    assert {each.source: numbers(each) for each in report.by_source} == {
        "a.example": (5, 3, 1, 1, 0, 1),
        "b.example": (2, 0, 0, 2, 1, 0),
    }
    assert [(str(each.day), numbers(each)) for each in report.by_day] == [
        ("2026-01-03", (2, 1, 0, 1, 0, 0)),
        ("2026-01-02", (3, 1, 0, 2, 1, 1)),
        ("2026-01-01", (2, 1, 1, 0, 0, 0)),
    ]
    assert (report.held, [entry.sha256 for entry in report.entries]) == (1, [SHA256])


@pytest.mark.parametrize(
    ("since", "until", "scanned"),
    [
        ("2026-01-02", None, 5),
        (None, "2026-01-02", 5),
        ("2026-01-02", "2026-01-02", 3),
        ("2026-01-04", None, 0),
        ("0001-01-01", "9999-12-31", 7),
    ],
)
async def test_report_is_of_whole_days(history: Rig, since: str | None, until: str | None, scanned: int) -> None:
    report = await history.custody.report(
        date.fromisoformat(since) if since else None, date.fromisoformat(until) if until else None
    )

    assert report.total.scanned == scanned == sum(each.scanned for each in report.by_day)
    assert report.held == 1


async def test_report_that_ends_before_it_begins_is_refused(history: Rig) -> None:
    with pytest.raises(UsageError, match="before it begins"):
        await history.custody.report(date(2026, 1, 2), date(2026, 1, 1))


async def test_report_counts_what_was_held_before_there_were_records(rig: Rig) -> None:
    rig.take()
    today = datetime.now(timezone.utc).date()

    report = await rig.custody.report(since=today)
    none = await rig.custody.report(until=date(2020, 1, 1))

    assert numbers(report.total) == (1, 0, 0, 1, 0, 0)
    assert [each.source for each in report.by_source] == ["civitai.example"]
    assert (none.total.scanned, none.held) == (0, 1)


async def test_report_moves_with_release_and_deletion(rig: Rig) -> None:
    first, second = rig.take(), rig.take(b"another bad file", name="two.pt")
    for sha256 in (first, second):
        await rig.custody.note(record(sha256))

    await rig.custody.release(first, REASON)
    await rig.custody.delete(second)

    report = await rig.custody.report()
    assert numbers(report.total) == (2, 0, 0, 2, 1, 1)
    assert (report.held, report.entries) == (0, [])


async def test_report_of_nothing_is_empty(rig: Rig) -> None:
    report = await rig.custody.report()

    assert numbers(report.total) == (0, 0, 0, 0, 0, 0)
    assert (report.by_source, report.by_day, report.held) == ([], [], 0)


async def test_a_verdict_is_told_once_and_what_became_of_the_file_without_one(rig: Rig) -> None:
    heard: list[Event] = []
    rig.events.subscribe(heard.append)
    sha256 = rig.take()
    await rig.custody.note(record(why=REASON))
    await rig.custody.release(sha256, REASON)
    rig.take()
    await rig.custody.delete(sha256)

    assert {(event.topic, event.subject, event.final) for event in heard} == {("security", SHA256[:12], True)}
    scanned = {"verdict": "dangerous", "format": "torch", "source": "civitai.example", "became": "quarantined"}
    later = {"verdict": None, "format": None, "source": "civitai.example"}
    assert [event.data for event in heard] == [
        scanned,
        {**later, "became": "released"},
        {**later, "became": "deleted"},
    ]
