"""The analyzer on histories whose truth is known: what was planted is found, and nothing is found in chance."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from lorakeeper.py.analytics import AnalyticsAnalyzer, store
from lorakeeper.py.analytics.records import Part, Record
from lorakeeper.py.analytics.summary import Summary
from lorakeeper.py.errors import UsageError
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import contents, files, items, scans, usage
from lorakeeper.testing.histories import Person, keep

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=timezone.utc).astimezone()
MIDNIGHT = NOW.replace(hour=0, minute=0)


def analyzer(database: Database, *, recording: bool = True, now: datetime = NOW) -> AnalyticsAnalyzer:
    return AnalyticsAnalyzer(database, recording=lambda: recording, now=lambda: now)


async def kept(database: Database, records: Iterable[Record]) -> None:
    await database.write(lambda c: keep(c, iter(records)))


def at(days_ago: int, hour: float = 12) -> float:
    return (MIDNIGHT - timedelta(days_ago) + timedelta(hours=hour)).timestamp()


def used(moment: float, **labels: str) -> Record:
    return Record(moment, "use", "ran", amount=1, labels=json.dumps([*labels.items()]))


def downloaded(moment: float, size: int = 1000, outcome: str = "installed", **labels: str) -> Record:
    return Record(moment, "download", outcome, size, 2.0, labels=json.dumps([["host", "civitai.com"], *labels.items()]))


def figure(summary: Summary, name: str) -> tuple[float, float | None]:
    return next((each.value, each.before) for each in summary.totals if each.name == name)


def findings(summary: Summary, kind: str) -> list[Any]:
    return [each for each in summary.findings if each.kind == kind]


# -- Counting ------------------------------------------------------------------------------------------------------


async def test_totals_are_of_the_period_and_of_the_one_before(database: Database) -> None:
    await kept(database, [used(at(0)), used(at(6)), used(at(7)), used(at(13)), used(at(14)), downloaded(at(3), 5000)])

    summary = await analyzer(database).summary("7d")

    assert figure(summary, "prompts") == (2, 2)
    assert figure(summary, "downloaded") == (5000, 0)
    assert [len(each.values) for each in summary.series] == [7] * len(summary.series)
    prompts = next(each for each in summary.series if each.name == "prompts")
    assert prompts.values == [1, 0, 0, 0, 0, 0, 1]


async def test_a_period_before_that_was_recorded_in_part_is_not_compared(database: Database) -> None:
    await kept(database, [used(at(0)), used(at(9), base_model="Pony")])

    summary = await analyzer(database).summary("7d")

    assert figure(summary, "prompts") == (1, None)
    assert summary.recorded_since == (MIDNIGHT - timedelta(9)).date()


async def test_failures_are_told_by_cause_with_what_helps(database: Database) -> None:
    failed = [downloaded(at(1), 0, "failed", cause="SpaceError") for _ in range(4)]
    failed.append(downloaded(at(1), 0, "failed", cause="NoSuchClass"))
    await kept(database, [*failed, downloaded(at(2)), downloaded(at(2), outcome="owned")])

    found = (await analyzer(database).summary("7d")).downloads

    assert (found.files, found.owned, found.failed, found.rate) == (1, 1, 5, 500.0)
    assert [(each.key, each.value, each.share) for each in found.failures] == [
        ("SpaceError", 4, 0.8), ("NoSuchClass", 1, 0.2)
    ]  # fmt: skip
    assert found.failures[0].hint


@pytest.mark.parametrize("main", ["network", "disk", "cpu", "site"])
async def test_the_bottleneck_is_what_downloads_waited_for(database: Database, main: str) -> None:
    held = [Part("held", name, seconds=70.0 if name == main else 10.0) for name in ("network", "disk", "cpu", "site")]
    await kept(database, [Record(at(1), "download", "installed", 10**9, 100.0, parts=tuple(held))])

    found = (await analyzer(database).summary("7d")).downloads

    assert found.held[0].key == main
    assert found.held[0].share == pytest.approx(0.7)
    assert "70 %" in (found.bottleneck or "")


async def test_too_little_downloaded_has_no_bottleneck(database: Database) -> None:
    await kept(database, [Record(at(1), "download", "installed", 10, 9.0, parts=(Part("held", "disk", seconds=9.0),))])

    assert (await analyzer(database).summary("7d")).downloads.bottleneck is None


async def test_cost_is_told_by_model_and_for_each_accepted_picture(database: Database) -> None:
    def run(cost: float, model: str, accepted: int, rejected: int) -> Record:
        parts = (
            Part("verdict", "accepted", accepted),
            Part("verdict", "rejected", rejected),
            Part("gemini", model, 1, amount=cost),
        )
        return Record(at(1), "variation", "done", 0, 9.0, cost, parts=parts)

    await kept(database, [run(6.0, "pro", 3, 9), run(2.0, "flash", 5, 3)])

    summary = await analyzer(database).summary("7d")

    assert (summary.variations.accepted, summary.variations.rejected, summary.variations.each) == (8, 12, 1.0)
    assert [(each.key, each.value) for each in summary.variations.models] == [("pro", 6.0), ("flash", 2.0)]
    [rejected] = [each for each in summary.recommendations if each.id == "rejected"]
    assert rejected.data == {"share": 0.6, "cost": 8.0, "pictures": 20}
    assert "60 %" in rejected.text


async def test_hours_and_weekdays_are_the_machines_own(database: Database) -> None:
    monday = MIDNIGHT - timedelta(MIDNIGHT.weekday())
    await kept(database, [used((monday + timedelta(hours=21.5)).timestamp()) for _ in range(3)])

    rhythm = (await analyzer(database).summary("7d")).usage.rhythm

    assert rhythm[0][21] == 3
    assert sum(map(sum, rhythm)) == 3


# -- The library ---------------------------------------------------------------------------------------------------


async def library(database: Database, rows: list[dict[str, Any]], first_use: float) -> None:
    """Files of the library: ``size`` with ``used`` and ``added`` in days ago; equal ``content`` are copies."""
    copies = {row["content"]: sum(other["content"] == row["content"] for other in rows) for row in rows}

    def work(connection: Any) -> None:
        for number, row in enumerate(rows, 1):
            content = row["content"]
            if not connection.exec_driver_sql("SELECT 1 FROM contents WHERE id = ?", (content,)).first():
                connection.execute(insert(contents).values(id=content, sha256=f"{content:064x}", size=row["size"]))
            name = f"{row.get('name', f'm{number}')}.safetensors"
            connection.execute(
                insert(files).values(
                    id=number, path=f"/m/{number}", kind="checkpoints", name=name, folder="", size=row["size"],
                    mtime_ns=1, inode=number, content=content, missing=row.get("missing", False), stale=False,
                    added_at=at(row["added"]),
                )
            )  # fmt: skip
            connection.execute(
                insert(items).values(
                    file=number, content=content, kind=row.get("kind", "checkpoints"), folder="", name_key=name,
                    added_at=at(row["added"]), changed_at=0, size=row["size"],
                    last_used=at(row["used"]) if row.get("used") is not None else 0, uses=0, rating=-1,
                    base_model="SDXL 1.0", family="sdxl", creator=None, model_id=None, nsfw_level=0,
                    copies=copies[content], favourite=False, has_words=False, has_update=row.get("update", False),
                    missing=row.get("missing", False), broken=row.get("broken", False),
                )
            )  # fmt: skip
        connection.execute(insert(contents).values(id=999, sha256="f" * 64, size=1))
        connection.execute(insert(usage).values(content=999, uses=1, last_used=first_use))

    await database.write(work)


GB = 1 << 30


async def test_what_lies_unused_is_told_with_its_size_and_shown(database: Database) -> None:
    rows = [
        {"content": 1, "size": 6 * GB, "added": 400, "used": 200},
        {"content": 2, "size": 3 * GB, "added": 300},
        {"content": 3, "size": 2 * GB, "added": 300, "used": 20},
        {"content": 4, "size": 5 * GB, "added": 20},
        {"content": 5, "size": 9 * GB, "added": 300, "missing": True},
    ]
    await library(database, rows, first_use=at(250))

    summary = await analyzer(database).summary("30d")

    unused = summary.storage.unused
    assert (unused.days, unused.files, unused.bytes) == (180, 2, 9 * GB)
    assert (summary.storage.files, summary.storage.bytes, summary.storage.missing) == (4, 16 * GB, 1)
    advice = next(each for each in summary.recommendations if each.id == "unused")
    assert advice.text.startswith("9 GB in 2 models not used for 180 days")
    assert advice.action.query == {"unused_days": 180, "missing": False, "sort": "size"}
    assert advice.data == {"bytes": 9 * GB, "files": 2, "days": 180}


@pytest.mark.parametrize(("watched", "days", "files"), [(179, 90, 1), (95, 90, 1), (40, 30, 1), (29, 30, 0)])
async def test_nothing_is_called_unused_for_longer_than_uses_were_counted(
    database: Database, watched: int, days: int, files: int
) -> None:
    await library(database, [{"content": 1, "size": GB, "added": 400}], first_use=at(watched))

    unused = (await analyzer(database).summary("30d")).storage.unused

    assert (unused.watched, unused.days, unused.files) == (watched, days, files)


async def test_what_can_be_freed_counts_each_file_once(database: Database) -> None:
    rows = [
        {"content": 1, "size": GB, "added": 400},
        {"content": 1, "size": GB, "added": 400},
        {"content": 1, "size": GB, "added": 400},
        {"content": 2, "size": 2 * GB, "added": 400, "used": 1},
        {"content": 2, "size": 2 * GB, "added": 400, "used": 1},
        {"content": 3, "size": 4 * GB, "added": 400, "used": 1},
        {"content": 3, "size": 4 * GB, "added": 400, "used": 1, "missing": True},
    ]
    await library(database, rows, first_use=at(300))

    storage = (await analyzer(database).summary("30d")).storage

    assert (storage.duplicates.contents, storage.duplicates.files, storage.duplicates.bytes) == (2, 3, 4 * GB)
    assert storage.unused.bytes == 3 * GB
    assert storage.freed == 5 * GB  # all three unused ones, and one of the two


async def test_what_is_broken_missing_outdated_or_held_back_is_said_first(database: Database) -> None:
    rows = [
        {"content": 1, "size": 5, "added": 1, "broken": True},
        {"content": 2, "size": 5, "added": 1, "missing": True},
        {"content": 3, "size": 5, "added": 1, "update": True},
    ]
    await library(database, rows, first_use=at(1))
    await database.write(
        lambda c: c.execute(
            insert(scans).values(
                sha256="a", name="x", source="h", format="pickle", verdict="dangerous", findings=[], site="",
                became="quarantined", why="", scanned_at=1.0,
            )
        )
    )  # fmt: skip

    advice = (await analyzer(database).summary("30d")).recommendations

    assert [(each.id, each.action.view) for each in advice] == [
        ("quarantine", "security"), ("broken", "library"), ("missing", "library"), ("updates", "library")
    ]  # fmt: skip


async def test_models_are_called_by_their_file_and_known_when_it_is_gone(database: Database) -> None:
    await library(database, [{"content": 7, "size": 5, "added": 1, "name": "SDXL/my lora"}], first_use=at(9))
    await kept(
        database, [used(at(1), model=f"{7:064x}"[:16]), used(at(1), model="e" * 16), used(at(1), model="name:old.sft")]
    )

    models = (await analyzer(database).summary("30d")).usage.models

    assert {each.label for each in models} == {"my lora", "e" * 12, "old"}
    assert all(each.share == pytest.approx(1 / 3) for each in models)


# -- Judging -------------------------------------------------------------------------------------------------------


def noise(seed: int, days: int = 200) -> Iterable[Record]:
    """Bursts at any hour of any day, of the same few models with the same odds throughout, for all of which chance
    alone decides."""
    dice = random.Random(seed)
    level = 0.0
    for ago in range(days, -1, -1):
        level = 0.5 * level + dice.gauss(0, 0.6)
        for _ in range(int(dice.expovariate(1) * 2.718**level * 1.2)):
            hour, model, base = dice.uniform(0, 22), dice.randrange(20), dice.choice(("SDXL 1.0", "Pony", "Flux.1 D"))
            for _ in range(dice.randint(1, 12)):
                when = at(ago, hour + dice.random())
                yield used(when, model=f"{model:016x}", base_model=base, creator=f"c{model % 5}", family=base)
                if dice.random() < 0.1:
                    yield downloaded(when, dice.randrange(10**8))
                if dice.random() < 0.1:
                    yield Record(when, "search", "ok", 0, 0.1, 20)


async def test_chance_alone_has_findings_in_five_of_a_hundred_histories_at_most(tmp_path: Path) -> None:
    tried, wrong = 25, []
    for seed in range(tried):
        database = Database(tmp_path / f"{seed}.db")
        await database.open()
        await kept(database, noise(seed))
        wrong += [each.id for each in (await analyzer(database).summary("90d")).findings]
        await database.close()

    assert len(wrong) <= 4, wrong  # of 25 at 5 %, more than 4 come in 1 of 140 cases


async def test_planted_patterns_are_found(database: Database) -> None:
    dice = random.Random(3)

    def planted() -> Iterable[Record]:
        for ago in range(240, -1, -1):
            share = 0.6 if ago < 90 else 0.2
            weekend = (MIDNIGHT - timedelta(ago)).weekday() >= 5
            growth = 1 + max(0.0, (90 - ago) / 30)
            for _ in range(int(dice.expovariate(1) * 3 * growth * (6 if weekend else 1)) + 1):
                base = "Flux.1 D" if dice.random() < share else "SDXL 1.0"
                one = dice.randrange(8)
                labels = [["model", f"{one:016x}"], ["base_model", base]]
                if one == 0 or dice.random() < 0.02:  # these two always go together, and the second seldom else
                    labels += [["model", "f" * 16], ["pair", f"{0:016x} {'f' * 16}"]] if one == 0 else []
                yield Record(at(ago, 19 + dice.random() * 3), "use", "ran", 0, 0.0, 2, json.dumps(labels))

    await kept(database, planted())

    summary = await analyzer(database).summary("90d")

    [trend] = findings(summary, "trend")
    assert (trend.id, trend.direction) == ("trend.prompts", "up")
    assert trend.low < 3 < trend.high or trend.low < trend.value < trend.high
    rhythms = {each.id: each for each in findings(summary, "rhythm")}
    assert rhythms["hours"].value > 0.9
    assert "Saturday, Sunday" in rhythms["weekdays"].text
    shares = {each.id: each for each in findings(summary, "share")}
    assert shares["share.base_model.Flux.1 D"].direction == "up"
    assert shares["share.base_model.Flux.1 D"].value == pytest.approx(0.4, abs=0.15)
    assert all(each.p < 0.05 for each in summary.findings)


async def test_days_before_the_first_record_are_no_rise(database: Database) -> None:
    dice = random.Random(1)
    await kept(
        database, [used(at(ago, 1 + dice.random() * 20)) for ago in range(30) for _ in range(dice.randint(2, 8))]
    )

    assert findings(await analyzer(database).summary("90d"), "trend") == []


async def test_today_is_not_over_and_so_no_fall(database: Database) -> None:
    morning = MIDNIGHT + timedelta(minutes=1)
    await kept(database, [used(at(ago, 12)) for ago in range(1, 40) for _ in range(50)])

    assert findings(await analyzer(database, now=morning).summary("30d"), "trend") == []


# -- Edges ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["1d", "7d", "90d", "365d", "all", "2025", "last-week"])
async def test_an_empty_history_is_a_summary_too(database: Database, period: str) -> None:
    summary = await analyzer(database).summary(period)

    assert summary.empty
    assert summary.recorded_since is None
    assert summary.findings == []
    assert summary.recommendations == []
    assert len(summary.notes) == 1


async def test_off_is_said(database: Database) -> None:
    summary = await analyzer(database, recording=False).summary("7d")

    assert "switched off" in summary.notes[0]


async def test_a_bad_period_is_a_users_error(database: Database) -> None:
    with pytest.raises(UsageError, match="is no period"):
        await analyzer(database).summary("yesterdayish")


@pytest.mark.parametrize("language", ["en", "ja", "ko", "zh"])
async def test_a_rich_history_is_told_in_every_language(database: Database, language: Any) -> None:
    await kept(database, Person(5).year(MIDNIGHT - timedelta(120), 121, 6000))

    summary = await analyzer(database).summary("90d", language=language)

    assert summary.language == language
    assert summary.usage.models
    assert summary.usage.together
    assert not any("{" in each.text for each in summary.findings)
    assert not any("analytics." in text for text in _texts(summary.model_dump()))


async def test_what_clocks_do_makes_no_summary_fail(database: Database) -> None:
    records = [used(at(-400)), used(at(20_000)), used(0.0), used(at(1)), used(at(1))]
    await database.write(lambda c: store.add(c, records, store.Calendar()))

    for period in ("7d", "365d", "all", "2025"):
        await analyzer(database).summary(period)

    assert figure(await analyzer(database).summary("7d"), "prompts")[0] == 2


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
