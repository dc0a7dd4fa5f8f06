"""The library's other routes: scan, facets, ids, duplicates, the check, and actions with their undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.testing import samples


@pytest.fixture
async def loras(tmp_path: Path, app: App) -> Path:
    await app.upkeep.begin_scan()  # the one that the start began: it might pass by before the files are there
    folder = tmp_path / "models" / "loras"
    folder.mkdir(parents=True)
    for name in ("red", "blue"):
        (folder / f"{name}.safetensors").write_bytes(samples.lora(name).content())
    await app.upkeep.begin_scan()
    return folder


async def until(door: Any, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(500):
        state = (await door("GET", path)).json
        if holds(state):
            return dict(state)
        await asyncio.sleep(0.02)
    raise AssertionError(state)


async def ids(door: Any, **query: Any) -> dict[str, int]:
    page = (await door("GET", "library", **query)).json
    return {item["file_name"]: item["id"] for item in page["items"]}


async def test_scan_is_begun_and_its_report_asked_for(door: Any, loras: Path) -> None:
    (loras / "new.safetensors").write_bytes(samples.lora("new").content())

    begun = await door("POST", "library/scan")
    state = await until(door, "library/scan", lambda state: not state["scanning"])

    assert begun.status == 202
    assert state["scan"]["files"] == 3


async def test_reading_is_held_back_and_let_go_on(door: Any, loras: Path) -> None:
    held = (await door("PUT", "library/reading", {"held_back": True})).json["held_back"]
    free = (await door("PUT", "library/reading", {"held_back": False})).json["held_back"]

    assert (held, free) == (True, False)


async def test_facets_count_what_each_value_would_leave(door: Any, loras: Path) -> None:
    facets = (await door("GET", "library/facets", query="red")).json["facets"]

    assert facets["kind"] == [{"value": "loras", "count": 1}]


async def test_ids_are_those_of_the_whole_list(door: Any, loras: Path) -> None:
    found = (await door("GET", "library/ids", sort="name", limit=1)).json["ids"]

    known = await ids(door)
    assert found == [known["blue.safetensors"], known["red.safetensors"]]


async def test_an_action_is_planned_done_and_undone(door: Any, loras: Path) -> None:
    wanted = {"action": "rename", "id": (await ids(door))["red.safetensors"], "name": "crimson"}

    plan = await door("POST", "actions/plan", wanted)
    before = (loras / "red.safetensors").is_file()
    done = await door("POST", "actions", wanted)
    renamed = (loras / "crimson.safetensors").is_file()
    history = (await door("GET", "actions")).json
    undone = await door("POST", f"actions/{done.json['action_id']}/undo")

    assert (plan.status, plan.json["changes"], before, renamed) == (200, 1, True, True)
    assert history["items"][0]["id"] == done.json["action_id"]
    assert undone.status == 200
    assert (loras / "red.safetensors").is_file()


@pytest.mark.parametrize(
    "wanted",
    [
        {"action": "format the disk", "ids": [1]},
        {"action": "trash"},
        {"action": "trash", "ids": []},
        {"action": "rename", "id": 1, "name": ""},
        {"action": "strength", "ids": [1], "value": 1000},
    ],
)
async def test_what_makes_no_sense_is_refused(door: Any, loras: Path, wanted: dict[str, Any]) -> None:
    answer = await door("POST", "actions", wanted)

    assert answer.status in (400, 404, 422)
    assert answer.message.endswith(".")


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside", "CON", "a\x00b"])
async def test_no_name_leads_out_of_the_model_folders(door: Any, loras: Path, tmp_path: Path, name: str) -> None:
    wanted = {"action": "rename", "id": (await ids(door))["red.safetensors"], "name": name}

    answer = await door("POST", "actions", wanted)

    assert answer.status < 500
    assert not list(tmp_path.rglob("outside*"))
    assert len(list(loras.glob("*.safetensors"))) == 2


async def test_an_unknown_action_can_not_be_undone(door: Any, loras: Path) -> None:
    assert (await door("POST", "actions/4711/undo")).status == 404


async def test_duplicates_are_listed(door: Any, loras: Path, app: App) -> None:
    (loras / "copy.safetensors").write_bytes((loras / "red.safetensors").read_bytes())
    for path in loras.iterdir():
        await app.library.info(path, fetch=False)

    page = (await door("GET", "library/duplicates")).json

    (group,) = page["groups"]
    assert {file["name"] for file in group["files"]} == {"copy.safetensors", "red.safetensors"}
    assert page["total_wasted"] == group["wasted"] == (loras / "red.safetensors").stat().st_size


async def test_the_check_reads_everything_and_reports(door: Any, loras: Path, app: App) -> None:
    for path in loras.iterdir():
        await app.library.info(path, fetch=False)

    begun = await door("POST", "library/check")
    state = await until(door, "library/check", lambda state: not state["checking"])

    assert begun.status == 202
    assert (state["report"]["checked"], state["report"]["problems"]) == (2, [])


async def test_newer_versions_are_asked_for(door: Any, loras: Path) -> None:
    assert (await door("POST", "library/updates")).json["newer"] == []


async def test_the_site_is_asked_about_some_files(door: Any, loras: Path) -> None:
    answer = await door("POST", "library/site", {"ids": list((await ids(door)).values()), "again": True})

    assert answer.status == 200
    assert answer.json["found"] == 0


async def test_a_filter_of_no_sense_is_refused(door: Any, loras: Path) -> None:
    assert (await door("GET", "library", sort="colour")).status == 422
    assert (await door("GET", "library", cursor="nonsense")).status == 400
