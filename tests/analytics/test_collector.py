"""What is recorded of the event stream, what never is, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lorakeeper.py.analytics import AnalyticsCollector
from lorakeeper.py.analytics.records import read
from lorakeeper.py.errors import StorageError
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import analytics_events, analytics_keys, analytics_sums

from .conftest import SUMS, Listening

A, B = "a" * 64, "b" * 64
MODEL = {"name": "x.safetensors", "kind": "loras", "base_model": "SDXL 1.0", "family": "sdxl", "creator": "ann"}


def ended(state: str = "installed", **more: Any) -> dict[str, Any]:
    """The data of a download's last event."""
    return {
        "id": "1", "state": state, "host": "civitai.com", "kind": "loras", "base_model": "Pony", "creator": "ann",
        "received": 1000, "seconds": 2.5, "held": {"network": 2.0, "disk": 0.5}, "cause": None,
        "path": "/data/ann/models/x.safetensors", "target": "https://civitai.com/models/1?token=secret", **more,
    }  # fmt: skip


async def test_a_download_is_one_event_and_a_sum_in_each_dimension(listening: Listening) -> None:
    listening.publish("item", "1", **ended())

    [row] = await listening.kept()

    assert (row.kind, row.outcome, row.size, row.seconds, row.at) == ("download", "installed", 1000, 2.5, listening.now)
    assert json.loads(row.labels) == [
        ["host", "civitai.com"], ["model_kind", "loras"], ["base_model", "Pony"]
    ]  # fmt: skip
    assert await listening.sums() == {("download", "installed", ""): 1}
    assert await listening.sums("base_model") == {("download", "installed", "Pony"): 1}
    assert await listening.sums("held") == {
        ("download", "installed", "network"): 0,
        ("download", "installed", "disk"): 0,
    }
    held = await listening.database.read(
        lambda c: c.execute(
            SUMS.with_only_columns(analytics_keys.c.label, analytics_sums.c.seconds).where(
                analytics_keys.c.dimension == "held"
            )
        ).all()
    )
    assert dict(map(tuple, held)) == {"network": 2.0, "disk": 0.5}


async def test_what_fails_is_counted_with_its_cause_and_what_goes_on_is_not(listening: Listening) -> None:
    listening.publish("item", "1", **ended("failed", cause="NetworkError"))
    listening.publish("item", "2", **ended("downloading"))
    listening.publish("item", "3", final=False, **ended())
    listening.publish("item", "4", **ended("paused"))
    listening.publish("item", "5", **ended("owned", cause="NetworkError"))

    assert await listening.sums() == {("download", "failed", ""): 1, ("download", "owned", ""): 1}
    assert await listening.sums("cause") == {("download", "failed", "NetworkError"): 1}


async def test_a_prompt_counts_its_models_alone_and_in_pairs(listening: Listening) -> None:
    contents = [{"sha256": A, **MODEL}, {"sha256": B, **MODEL, "base_model": "Pony"}, {"sha256": None, **MODEL}]
    listening.publish("use", "prompt", contents=contents)
    listening.publish("use", "prompt", contents=[])

    [one, other] = await listening.kept()

    assert (one.amount, other.amount) == (3, 0)
    name = "name:x.safetensors"
    assert {label for _, _, label in await listening.sums("model")} == {A[:16], B[:16], name}
    assert {label for _, _, label in await listening.sums("pair")} == {
        f"{A[:16]} {B[:16]}", f"{A[:16]} {name}", f"{B[:16]} {name}"
    }  # fmt: skip
    assert await listening.sums("base_model") == {("use", "ran", "SDXL 1.0"): 1, ("use", "ran", "Pony"): 1}
    assert await listening.sums("family") == {("use", "ran", "sdxl"): 1}


async def test_variations_are_counted_by_verdict_and_paid_by_model(listening: Listening) -> None:
    report = {
        "successful": 3, "rejected": 1, "failed": 0, "from_cache": 2, "estimated_cost": 0.2, "models": ["g1", "g2"],
        "seconds": 9.0, "problems": ["a secret prompt"], "quality_changes": ["x"],
    }  # fmt: skip
    listening.publish("variation", "r", id="r", state="done", report=report)
    listening.publish("variation", "s", id="s", state="failed", report={**report, "estimated_cost": None})

    assert await listening.sums() == {("variation", "done", ""): 1, ("variation", "failed", ""): 1}
    assert (await listening.sums("verdict"))["variation", "done", "accepted"] == 3
    costs = await listening.database.read(
        lambda c: c.execute(
            SUMS.with_only_columns(analytics_keys.c.outcome, analytics_keys.c.label, analytics_sums.c.amount).where(
                analytics_keys.c.dimension == "gemini"
            )
        ).all()
    )
    assert {(outcome, label): amount for outcome, label, amount in costs} == {
        ("done", "g1"): 0.1, ("done", "g2"): 0.1, ("failed", "g1"): 0.0, ("failed", "g2"): 0.0
    }  # fmt: skip


async def test_nothing_private_is_ever_written(listening: Listening, tmp_path: Path) -> None:
    secrets = ["sk-key", "secret", "/data/ann", "my prompt", "what I searched"]
    listening.publish("item", "1", **ended())
    listening.publish("search", "library", source="library", seconds=0.1, results=3, query="what I searched")
    listening.publish("error", "route", where="route", cause="UsageError", message="my prompt", at="GET /x")
    listening.publish("variation", "r", state="done", report={"problems": ["my prompt"], "models": []})
    listening.publish("instruction", "i", title="my prompt", key="sk-key")
    listening.publish("scan", "scan", files=3, seconds=0.2, folder="/data/ann/models")
    await asyncio.sleep(0)
    listening.now += 10
    await listening.collector.flush()

    content = b"".join(path.read_bytes() for path in tmp_path.glob("lorakeeper.db*"))

    assert [secret for secret in secrets if secret.encode() in content] == []
    assert len(await listening.kept()) == 5


async def test_a_search_that_is_being_typed_counts_once_with_its_last_word(listening: Listening) -> None:
    for results in (900, 40, 3):
        listening.publish("search", "library", source="library", seconds=0.01, results=results, outcome="ok")
        listening.now += 0.4
    listening.publish("search", "civitai", source="civitai", seconds=0.5, results=20, outcome="ok")
    listening.publish("search", "civitai", source="civitai", seconds=0.5, results=20, outcome="ok")
    listening.now += 5
    listening.publish("search", "library", source="library", seconds=0.01, results=0, outcome="empty")

    kept = await listening.kept()

    assert sorted((row.outcome, row.amount) for row in kept) == [("empty", 0), ("ok", 3), ("ok", 20), ("ok", 20)]


async def test_what_is_heard_is_written_within_a_second_by_itself(listening: Listening) -> None:
    listening.publish("item", "1", **ended())
    began = time.monotonic()
    while not await listening.database.read(lambda c: c.execute(select(analytics_events)).all()):
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.02)

    listening.publish("search", "library", source="library", seconds=0.01, results=1, outcome="ok")
    await asyncio.sleep(0.6)
    listening.now += 3  # nobody types any more
    while len(await listening.database.read(lambda c: c.execute(select(analytics_events)).all())) < 2:
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.02)


async def test_closing_writes_what_was_heard(listening: Listening, database: Database) -> None:
    listening.publish("item", "1", **ended())
    listening.publish("search", "library", source="library", seconds=0.01, results=1, outcome="ok")

    await listening.collector.close()
    listening.publish("item", "2", **ended())

    rows = await database.read(lambda c: c.execute(select(analytics_events)).all())
    assert [row.kind for row in rows] == ["download", "search"]


async def test_closing_writes_what_was_heard_while_it_tidied_up(database: Database) -> None:
    tidying, go = threading.Event(), threading.Event()
    events = Events()

    def keep_days() -> int:
        tidying.set()
        go.wait(10)
        return 180

    collector = AnalyticsCollector(database, events, enabled=lambda: True, keep_days=keep_days)
    collector.start()
    events.publish(Event("item", "1", ended(), final=True))
    await asyncio.to_thread(tidying.wait, 10)
    events.publish(Event("item", "2", ended(), final=True))
    closing = asyncio.create_task(collector.close())
    await asyncio.sleep(0.05)
    go.set()
    await closing

    assert len(await database.read(lambda c: c.execute(select(analytics_events)).all())) == 2


async def test_threads_publish_at_once_and_nothing_is_lost(listening: Listening) -> None:
    def publish() -> None:
        for number in range(500):
            listening.publish("item", str(number), **ended())

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert await listening.sums() == {("download", "installed", ""): 4000}


async def test_off_records_nothing_and_on_again_goes_on(listening: Listening) -> None:
    listening.enabled = False
    listening.publish("item", "1", **ended())
    listening.enabled = True
    listening.publish("item", "2", **ended())

    assert len(await listening.kept()) == 1


async def test_what_no_reader_can_make_sense_of_stops_nothing(
    listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    listening.publish("use", "prompt", contents=[{"sha256": A}])
    listening.publish("item", "1", **ended(received="many", seconds=float("nan"), host="\ud800", base_model="x" * 999))
    listening.publish("item", "2", **ended(received=-5, held={"network": -1, "disk": 1e99}))

    [one, other] = await listening.kept()

    assert (one.size, one.seconds, other.size) == (0, 0, 0)
    assert max(len(label) for _, label in json.loads(one.labels)) == 200
    assert "could not be recorded" in caplog.text


async def test_events_are_kept_for_the_days_set_and_their_sums_for_ever(listening: Listening) -> None:
    listening.publish("item", "1", **ended())
    await listening.kept()
    for days in (179, 2, 1):
        listening.now += days * 86_400
        listening.publish("item", "1", **ended())
        await _pruned(listening)

    assert [row.at for row in await listening.kept()] == [listening.now - days * 86_400 for days in (3, 1, 0)]
    assert await listening.sums() == {("download", "installed", ""): 4}


async def test_a_clock_that_is_wrong_once_makes_nothing_old(listening: Listening) -> None:
    right = listening.now
    listening.publish("item", "1", **ended())
    await _pruned(listening)

    listening.now = right + 3650 * 86_400
    listening.publish("item", "2", **ended())
    await _pruned(listening)
    listening.now = right + 60
    listening.publish("item", "3", **ended())
    await _pruned(listening)

    assert len(await listening.kept()) == 3


async def test_a_database_that_is_locked_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(tmp_path / "lorakeeper.db", wait=0.05)
    await database.open()
    listening = Listening(database)
    listening.collector.start()
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    listening.publish("item", "1", **ended())
    with pytest.raises(StorageError):
        await listening.collector.flush()
    other.execute("ROLLBACK")
    other.close()

    assert len(await listening.kept()) == 1
    await listening.collector.close()
    await database.close()


async def test_wiping_forgets_all_and_export_gives_all(listening: Listening) -> None:
    listening.publish("item", "1", **ended())
    listening.publish("use", "prompt", contents=[{"sha256": A, **MODEL}])

    lines = [
        json.loads(line) for part in [each async for each in listening.collector.export()] for line in part.splitlines()
    ]

    events = [line["event"] for line in lines if "event" in line]
    sums = [line["sum"] for line in lines if "sum" in line]
    assert [event["kind"] for event in events] == ["download", "use"]
    assert events[0]["parts"] == [["held", "network", 0, 0, 2.0, 0.0], ["held", "disk", 0, 0, 0.5, 0.0]]
    assert {each["day"] for each in sums} == {datetime.fromtimestamp(listening.now).astimezone().date().isoformat()}
    assert sum(each["times"] for each in sums if each["dimension"] == "") == 2
    assert await listening.collector.wipe() == 2
    assert [each async for each in listening.collector.export()] == [""]


@pytest.mark.parametrize(
    ("zone", "moment", "day", "hour"),
    [
        ("Asia/Tokyo", "2026-11-03T15:30:00+00:00", "2026-11-04", "00"),
        ("Asia/Kolkata", "2026-11-03T18:29:59+00:00", "2026-11-03", "23"),
        ("Asia/Kolkata", "2026-11-03T18:30:00+00:00", "2026-11-04", "00"),
        ("Asia/Kathmandu", "2026-11-03T18:15:00+00:00", "2026-11-04", "00"),
        # The hour that comes twice, and the one that is left out.
        ("Europe/Berlin", "2026-10-25T00:30:00+00:00", "2026-10-25", "02"),
        ("Europe/Berlin", "2026-10-25T01:30:00+00:00", "2026-10-25", "02"),
        ("Europe/Berlin", "2026-03-29T00:59:59+00:00", "2026-03-29", "01"),
        ("Europe/Berlin", "2026-03-29T01:00:00+00:00", "2026-03-29", "03"),
        ("America/St_Johns", "2026-01-01T03:29:59+00:00", "2025-12-31", "23"),
        ("Pacific/Kiritimati", "2026-01-01T10:00:00+00:00", "2026-01-02", "00"),
    ],
)
async def test_days_and_hours_are_the_machines_own(
    listening: Listening, zone: str, moment: str, day: str, hour: str
) -> None:
    zoneinfo = pytest.importorskip("zoneinfo")
    local = zoneinfo.ZoneInfo(zone)
    collector = listening.another(local=lambda at: datetime.fromtimestamp(at, local).timetuple())
    collector.start()
    listening.enabled, listening.now = True, datetime.fromisoformat(moment).timestamp()
    await listening.collector.close()
    listening.collector = collector
    listening.publish("item", "1", **ended())

    await collector.flush()
    rows = await listening.database.read(
        lambda c: c.execute(
            SUMS.with_only_columns(analytics_sums.c.day, analytics_keys.c.label).where(
                analytics_keys.c.dimension == "hour"
            )
        ).all()
    )

    assert [(date.fromordinal(found), label) for found, label in rows] == [(date.fromisoformat(day), hour)]


async def test_two_programs_add_to_the_same_sums(listening: Listening, database: Database) -> None:
    other = Database(database.path)
    await other.open()
    second = Listening(other)
    second.collector.start()

    for each in (listening, second, listening, second, second):
        each.publish("item", "1", **ended())
        await each.collector.flush()

    assert await listening.sums() == {("download", "installed", ""): 5}
    await second.collector.close()
    await other.close()


RECORDING = """
import asyncio, itertools, pathlib, sys, time
from lorakeeper.py.analytics import AnalyticsCollector
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database

async def main():
    database = Database(pathlib.Path(sys.argv[1]))
    await database.open()
    events = Events()
    AnalyticsCollector(database, events, enabled=lambda: True, keep_days=lambda: 180).start()
    for number in itertools.count():
        events.publish(Event("scan", "scan", {"files": number, "seconds": 0.0}, final=True))
        print(number, time.time(), flush=True)
        await asyncio.sleep(0.005)

asyncio.run(main())
"""


def test_a_kill_loses_at_most_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "lorakeeper.db"
    for _ in range(2):
        process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-I", "-c", RECORDING, str(path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        assert process.stdout
        lines = [process.stdout.readline()]
        until = time.monotonic() + 1.7
        while time.monotonic() < until:
            lines.append(process.stdout.readline())
        process.kill()
        lines += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        published = [(int(each.split()[0]), float(each.split()[1])) for each in lines if len(each.split()) == 2]
        last = published[-1][1]

        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            since = (published[0][1] - 1,)
            found = connection.execute("SELECT amount FROM analytics_events WHERE at > ?", since)
            kept = {int(number) for (number,) in found}
            events = connection.execute("SELECT count(*) FROM analytics_events").fetchone()
            sums = connection.execute("SELECT sum(times) FROM analytics_sums WHERE dimension = ''").fetchone()
            connection.execute("DELETE FROM analytics_events")
            connection.execute("DELETE FROM analytics_sums")
        connection.close()
        assert events == sums
        assert [number for number, at in published if at < last - 1 and number not in kept] == []
        assert len(published) > 50


def test_a_reader_takes_any_old_event() -> None:
    for topic in ("item", "search", "security", "performance", "variation", "filter", "scan", "error"):
        record = read(Event(topic, "subject", {}, final=True), 1.0)
        assert record is None or record.at == 1.0


async def _pruned(listening: Listening) -> None:
    """Has the collector do what its thread does after each batch."""
    await listening.collector.flush()
    await asyncio.to_thread(listening.collector._prune)
