"""Recording, summing up and reporting: ``python bench/analytics.py [histories]``.

100,000 events published and written, with their daily sums, against what a plain recorder takes: each event with its
data as JSON, a thousand rows in an ``executemany`` of sqlite3; and what publishing costs; a summary of a year of
1,000,000 events, with another year before it; the reports made of it; and how many summaries of pure chance claim
anything, of so many histories (200). Exit code 1 where a limit is not kept.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lorakeeper.py.analytics import AnalyticsAnalyzer, AnalyticsCollector, ReportConfig, ReportGenerator
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.testing.histories import BASE_MODELS, Person, keep

EVENTS, YEAR, ROUNDS = 100_000, 1_000_000, 5
MOST_RATIO, MOST_PUBLISHING, MOST_SUMMARY, MOST_REPORT, LIMIT = 2.0, 20e-6, 0.3, 2.0, 0.05


def events() -> Iterator[Event]:
    """What somebody does: mostly prompts, the same models for fifty in a row."""
    dice = random.Random(1)
    models = [
        {"sha256": f"{number:064x}", "name": f"m{number}", "kind": "loras", "base_model": dice.choice(BASE_MODELS),
         "family": dice.choice(("sdxl", "flux", "sd15")), "creator": f"c{number % 40}"}
        for number in range(300)
    ]  # fmt: skip
    used: list[dict[str, str]] = []
    for number in range(EVENTS):
        if number % 50 == 0:
            used = dice.sample(models, dice.choice((1, 2, 3, 4)))
        kind = dice.random()
        if kind < 0.6:
            yield Event("use", "prompt", {"contents": used}, True)
        elif kind < 0.75:
            data: dict[str, Any] = {"source": "civitai", "seconds": dice.random(), "results": 20, "outcome": "ok"}
            yield Event("search", "civitai", data, True)
        elif kind < 0.85:
            held = {"network": 10.0 * dice.random(), "disk": dice.random(), "cpu": dice.random()}
            data = {"state": "installed", "host": "civitai.com", "kind": "loras", "creator": f"c{number % 40}",
                    "base_model": dice.choice(BASE_MODELS), "received": 150_000_000, "seconds": 12.0,
                    "held": held}  # fmt: skip
            yield Event("item", str(number), data, True)
        elif kind < 0.9:
            data = {"verdict": "safe", "format": "safetensors", "source": "civitai.com", "became": "installed"}
            yield Event("security", "x", data, True)
        elif kind < 0.95:
            data = {"mode": "adaptive", "condition": "good", "before": 4, "after": 8, "why": "more"}
            yield Event("performance", "connections", data, True)
        else:
            report = {"successful": 3, "rejected": 1, "estimated_cost": 0.12, "models": ["gemini-2.5-flash-image"]}
            yield Event("variation", "v", {"id": "v", "state": "done", "report": {**report, "seconds": 8.0}}, True)


async def recording(folder: Path) -> bool:
    ratios, bare, publishing = [], [], []
    for turn in range(ROUNDS):
        database, stream = Database(folder / f"{turn}.db"), Events()
        await database.open()
        collector = AnalyticsCollector(database, stream, enabled=lambda: True, keep_days=lambda: 180)
        collector.start()
        every = [*events()]
        began = time.perf_counter()
        for event in every:
            stream.publish(event)
        published = time.perf_counter()
        await collector.flush()
        took = time.perf_counter() - began
        await collector.close()
        kept = await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM analytics_events").scalar())
        await database.close()
        assert kept == EVENTS
        plain, inserting = plainly(folder / f"{turn}.plain.db", every)
        ratios.append(took / plain)
        bare.append(took / inserting)
        publishing.append((published - began) / EVENTS)
    ratio, each = statistics.median(ratios), statistics.median(publishing)
    print(f"{EVENTS:,} events recorded, against a plain executemany: {ratio:.2f} (limit {MOST_RATIO})")
    print(f"  against its inserting alone, without making the rows: {statistics.median(bare):.2f}")
    print(f"publishing one, with the writer at work beside it: {each * 1e6:.1f} µs (limit {MOST_PUBLISHING * 1e6:.0f})")
    print(f"publishing one alone: {await alone(folder) * 1e6:.1f} µs")
    return ratio <= MOST_RATIO and each <= MOST_PUBLISHING


def plainly(path: Path, every: Sequence[Event]) -> tuple[float, float]:
    """The seconds that the same events take, and those of them in which rows are inserted; the database is set up as
    ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE events (id INTEGER NOT NULL PRIMARY KEY, at FLOAT NOT NULL, topic TEXT NOT NULL, "
        "subject TEXT NOT NULL, data TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX events_at ON events (at)")
    began, inserting = time.perf_counter(), 0.0
    for start in range(0, len(every), 1000):
        rows = [(time.time(), each.topic, each.subject, json.dumps(each.data)) for each in every[start : start + 1000]]
        made = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events (at, topic, subject, data) VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        inserting += time.perf_counter() - made
    took = time.perf_counter() - began
    connection.close()
    return took, inserting


async def alone(folder: Path) -> float:
    """What hearing an event costs its publisher while nothing is written: fewer than are written at once."""
    database, stream = Database(folder / "alone.db"), Events()
    await database.open()
    collector = AnalyticsCollector(database, stream, enabled=lambda: True, keep_days=lambda: 180)
    collector.start()
    few = [event for _, event in zip(range(1000), events(), strict=False)]
    began = time.perf_counter()
    for event in few:
        stream.publish(event)
    took = time.perf_counter() - began
    await collector.close()
    await database.close()
    return took / len(few)


async def summing(folder: Path) -> bool:
    now = datetime.now().astimezone()
    database = Database(folder / "year.db")
    await database.open()
    await database.write(lambda c: keep(c, Person().year(now - timedelta(729), 730, 2 * YEAR)))
    analyzer = AnalyticsAnalyzer(database, recording=lambda: True)
    await analyzer.summary("7d")  # what is imported at first use
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        summary = await analyzer.summary("365d")
        took.append(time.perf_counter() - began)
    await database.close()
    prompts = next(each.value for each in summary.totals if each.name == "prompts")
    shown = statistics.median(took)
    limit = f"(limit {MOST_SUMMARY * 1000:.0f})"
    print(f"a year of {YEAR:,} events ({prompts:,.0f} prompts) summed up: {shown * 1000:.0f} ms {limit}")
    good = shown <= MOST_SUMMARY
    for form in ("html", "pdf", "json"):
        began = time.perf_counter()
        data = ReportGenerator().generate(summary, ReportConfig(format=form, language="ja"))
        seconds = time.perf_counter() - began + shown
        print(
            f"its report as {form}: {seconds:.2f} s with the summary, {len(data) / 1e6:.2f} MB (limit {MOST_REPORT} s)"
        )
        good &= seconds <= MOST_REPORT
    return good


def chance(seed: int) -> list[str]:
    """What is claimed of half a year in which nothing but chance decides: when, how much, with what, in what bursts."""

    async def claimed() -> list[str]:
        dice, person = random.Random(seed), Person(seed, models=40, creators=8)
        now = datetime.now().astimezone()
        with tempfile.TemporaryDirectory() as folder:
            database = Database(Path(folder, "a.db"))
            await database.open()

            def history() -> Iterator[Any]:
                level = 0.0
                for ago in range(190, -1, -1):
                    level = 0.5 * level + dice.gauss(0, 0.7)
                    count = int(dice.expovariate(1) * 40 * math.exp(level))
                    yield from person.day(now - timedelta(ago), count, lambda: dice.randrange(24))

            await database.write(lambda c: keep(c, history()))
            summary = await AnalyticsAnalyzer(database, recording=lambda: True).summary("90d")
            await database.close()
        return [finding.id for finding in summary.findings]

    return asyncio.run(claimed())


def false_alarms(histories: int) -> bool:
    with ProcessPoolExecutor() as pool:
        found = [*pool.map(chance, range(histories))]
    wrong = [claims for claims in found if claims]
    most = LIMIT * histories + 3 * math.sqrt(LIMIT * (1 - LIMIT) * histories)
    limit = f"(5 %, with its own chance {most:.0f})"
    print(f"summaries of pure chance that claim anything: {len(wrong)} of {histories} {limit}")
    for claims in wrong[:10]:
        print("  ", ", ".join(claim[:60] for claim in claims))
    return len(wrong) <= most


async def main(histories: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        good = [await recording(Path(folder)), await summing(Path(folder))]
    return int(not all([*good, false_alarms(histories)]))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)))
