"""What is written down of every scan, how it is found again, and the report that counts it."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from lorakeeper.py.errors import UsageError
from lorakeeper.py.events import Event
from lorakeeper.py.security.records import Records, host_of

from .conftest import REASON, SHA256, Rig, record

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
