"""`report` and `analytics` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai


@pytest.fixture
async def downloaded(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("mine", size=60_000))
    assert (await run("download", f"{ids.model_id}@{ids.version_id}")).code == 0


async def test_what_was_done_is_told(run: Any, downloaded: None) -> None:
    told = await run("report", "--period", "7d")
    said = await run("report", "--period", "7d", "--json")

    assert told.code == 0
    assert "OVERVIEW" in told.out
    totals = {each["name"]: each["value"] for each in said.json[0]["totals"]}
    assert (totals["downloads"], totals["downloaded"]) == (1, 60_000)


async def test_only_what_is_asked_for_is_told_in_its_language(run: Any, downloaded: None) -> None:
    told = await run("report", "--section", "storage", "--language", "ja")

    assert "OVERVIEW" not in told.out
    assert "ストレージ" in told.out


@pytest.mark.parametrize(("name", "begins"), [("r.html", b"<!DOCTYPE"), ("r.pdf", b"%PDF"), ("r.json", b"{")])
async def test_a_file_is_written_in_the_format_of_its_name(
    run: Any, downloaded: None, tmp_path: Path, name: str, begins: bytes
) -> None:
    path = tmp_path / name

    said = await run("report", "--output", path, "--json")

    assert said.json == [{"file": str(path), "size": path.stat().st_size}]
    assert path.read_bytes()[: len(begins)].upper() == begins.upper()


async def test_a_file_that_is_there_stays(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("mine")

    refused = await run("report", "--output", path)

    assert (refused.code, path.read_text()) == (2, "mine")
    assert "--force" in refused.sentence
    assert (await run("report", "--output", path, "--force")).code == 0
    assert json.loads(path.read_text())["version"] == 1


async def test_a_format_alone_writes_beside_where_one_is(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    said = await run("report", "--format", "json", "--period", "2025")

    assert said.code == 0
    assert (tmp_path / "lorakeeper-2025-01-01-2025-12-31.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["--period", "someday"], "period"), (["--output", "report.doc"], "--format"), (["--section", "x"], "section")],
)
async def test_wrong_use_is_one_sentence(run: Any, arguments: list[str], word: str) -> None:
    said = await run("report", *arguments)

    assert said.code == 2
    assert word in said.err


async def test_an_empty_history_is_told_kindly(run: Any) -> None:
    told = await run("report")

    assert told.code == 0
    assert "NOTHING IS RECORDED YET" in told.out


async def test_everything_recorded_can_be_taken_out_and_forgotten(run: Any, downloaded: None, tmp_path: Path) -> None:
    shown = await run("analytics", "export")
    written = await run("analytics", "export", "--output", tmp_path / "all.jsonl")
    refused = await run("analytics", "wipe", "--json")
    wiped = await run("analytics", "wipe", "--yes", "--json")

    kinds = [each["event"]["kind"] for each in shown.json if "event" in each]
    assert "download" in kinds
    assert written.code == 0
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) >= len(shown.json)
    assert (refused.code, wiped.code) == (2, 0)
    assert wiped.json[0]["events"] >= 1
    assert [each for each in (await run("analytics", "export")).json if each["event"]["kind"] == "download"] == []


async def test_a_report_can_be_planned_for_every_week(run: Any) -> None:
    made = await run("instruct", "new", "--kind", "report", "--period", "last-week", "--every", "week", "--json")
    identity = made.json[0]["id"]
    for step in ("validate", "approve"):
        assert (await run("instruct", step, identity)).code == 0

    shown = await run("instruct", "show", identity)

    assert "Each week at 06:00, next on " in shown.out
    assert (await run("instruct", "execute", identity)).code == 0
    assert "approved" in (await run("instruct", "list")).out


async def test_a_download_cannot_be_repeated(run: Any) -> None:
    said = await run("instruct", "new", "civitai.com/models/1", "--every", "day")

    assert said.code == 2
    assert "again and again" in said.sentence
