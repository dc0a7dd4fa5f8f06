"""Jobs through the routes and the websocket: from being asked for to being over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace, Status


@pytest.fixture
async def events(door: Any) -> AsyncIterator[ClientWebSocketResponse]:
    async with door.session.ws_connect("/lorakeeper/ws") as events:
        yield events


async def until(events: ClientWebSocketResponse, *states: str) -> list[dict[str, Any]]:
    """All job events, each of a job of one file, up to the first one where that has one of ``states``."""
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["item"]["state"] not in states:
        message = await asyncio.wait_for(events.receive_json(), 10)
        if message["type"] == "lorakeeper.job":
            heard.append(message["data"])
    return heard


async def test_download_is_told_by_events_to_its_end(
    door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai, tmp_path: Path
) -> None:
    sample = samples.lora("cat", trigger_words=["kitty"])
    ids = civitai.add(sample)

    started = await door("POST", "jobs", {"target": f"{civitai.url}/models/{ids.model_id}"})
    assert started.status == 202
    last = (await until(events, "installed"))[-1]

    assert last["id"] == started.json["id"]
    assert last["state"] == "completed"
    assert Path(last["item"]["path"]) == tmp_path / "models" / "loras" / "cat.safetensors"
    assert Path(last["item"]["path"]).read_bytes() == sample.content()
    assert (await door("GET", f"jobs/{last['id']}")).json == last
    item = (await door("GET", f"library/{last['item']['library_id']}")).json
    assert (item["name"], item["state"]) == ("cat.safetensors", "present")


async def test_paused_job_goes_on_and_is_forgotten_when_over(
    door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai
) -> None:
    ids = civitai.add(samples.lora("cat", size=3_000_000))
    civitai.faults.storage.append(slow := Pace(300_000, path="/model/"))
    job = (await door("POST", "jobs", {"target": str(ids.model_id)})).json["id"]
    await until(events, "downloading")

    assert (await door("POST", f"jobs/{job}/pause")).json["state"] == "paused"
    assert (await door("POST", f"jobs/{job}/pause")).status == 409
    assert (await door("DELETE", f"jobs/{job}")).status == 409
    civitai.faults.storage.remove(slow)
    assert (await door("POST", f"jobs/{job}/resume")).status == 200
    await until(events, "installed")

    assert (await door("DELETE", f"jobs/{job}")).json == {"removed": job}
    assert (await door("GET", f"jobs/{job}")).status == 404


async def test_cancelled_job_leaves_nothing_and_can_be_tried_again(
    door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai, tmp_path: Path
) -> None:
    ids = civitai.add(samples.lora("cat", size=3_000_000))
    civitai.faults.storage.append(slow := Pace(300_000, path="/model/"))
    job = (await door("POST", "jobs", {"target": str(ids.model_id)})).json["id"]
    await until(events, "downloading")

    assert (await door("POST", f"jobs/{job}/cancel")).json["state"] == "cancelled"
    assert list((tmp_path / "models" / "loras").iterdir()) == []
    civitai.faults.storage.remove(slow)
    assert (await door("POST", f"jobs/{job}/retry")).status == 200
    await until(events, "installed")


async def test_failed_job_says_why(door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai) -> None:
    civitai.faults.site.append(Status(404, path="/model", times=None))
    await door("POST", "jobs", {"target": "77"})

    assert "no such model" in (await until(events, "failed"))[-1]["error"]


async def test_dangerous_file_is_listed_in_the_quarantine(
    door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai, tmp_path: Path
) -> None:
    ids = civitai.add(samples.bad_pickle("trap"))
    await door("POST", "jobs", {"target": str(ids.model_id)})
    job = (await until(events, "quarantined"))[-1]

    (entry,) = (await door("GET", "quarantine")).json["items"]
    assert (entry["name"], entry["sha256"]) == ("trap.pt", job["item"]["sha256"])
    assert "os.system" in entry["reason"] or "posix.system" in entry["reason"]
    assert not any(path.is_file() for path in (tmp_path / "models").rglob("*"))


async def test_kind_decides_where_the_site_is_silent(
    door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai
) -> None:
    ids = civitai.add(samples.lora("pose").but(type="Poses"))
    await door("POST", "jobs", {"target": str(ids.model_id), "kind": "loras"})

    assert Path((await until(events, "installed"))[-1]["item"]["path"]).parent.name == "loras"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"target": ""}, 422),
        ({"target": "1", "more": 1}, 422),
        ({"target": "1", "kind": "x"}, 400),
        ({"target": "/etc/passwd"}, 400),
    ],
)
async def test_wrong_job_is_refused(door: Any, body: dict[str, Any], status: int) -> None:
    assert (await door("POST", "jobs", body)).status == status
    assert (await door("GET", "jobs")).json["items"] == []


async def test_list_is_paged_newest_first(door: Any, app: App) -> None:
    app.store.update({"concurrency": 1})
    added = [(await door("POST", "jobs", {"target": str(number)})).json["id"] for number in (11, 12, 13)]

    first = (await door("GET", "jobs", limit=2)).json
    rest = (await door("GET", "jobs", limit=2, cursor=first["next_cursor"])).json

    assert [job["id"] for job in first["items"] + rest["items"]] == added[::-1]
    assert rest["next_cursor"] is None
    assert (await door("GET", "jobs", cursor="9" * 30)).status == 400


async def test_key_in_a_pasted_link_is_not_kept(door: Any, app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    link = f"{civitai.url}/api/download/models/{ids.version_id}?token=pasted-secret"

    job = await door("POST", "jobs", {"target": link})
    await app.jobs.wait(job.json["id"])

    assert b"pasted-secret" not in job.body
    assert not any(b"pasted-secret" in path.read_bytes() for path in app.home.rglob("*") if path.is_file())


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
async def test_unknown_job_is_404(door: Any, action: str) -> None:
    assert (await door("POST", f"jobs/none/{action}")).status == 404


async def test_performance_is_reported(door: Any, events: ClientWebSocketResponse, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    await door("POST", "jobs", {"target": f"{ids.model_id}@{ids.version_id}"})
    await until(events, "installed")

    report = (await door("GET", "performance")).json

    assert report["metrics"]["received"] > 0
    assert report["metrics"]["latency"] > 0
    assert report["configuration"]["mode"] == "adaptive"


async def test_many_models_are_one_job_with_a_list_of_its_files(door: Any, app: App, civitai: FakeCivitai) -> None:
    targets = [str(civitai.add(samples.lora(name)).model_id) for name in ("one", "two")]
    body = {"targets": [*targets, {"target": "what is this?", "name": "odd"}], "name": "a friend's"}

    job = await door("POST", "jobs/bulk", body)
    assert (job.status, job.json["item"]) == (202, None)
    done = await app.jobs.wait(job.json["id"])
    path = f"jobs/{done.id}/items"
    first = (await door("GET", path, limit=2)).json
    rest = (await door("GET", path, limit=2, cursor=first["next_cursor"])).json
    failed = (await door("GET", path, state="failed")).json

    assert (done.name, done.downloaded_files, done.failed_files) == ("a friend's", 2, 1)
    assert [item["name"] for item in first["items"] + rest["items"]] == ["one.safetensors", "two.safetensors", "odd"]
    assert failed["items"] == rest["items"]
    assert (await door("GET", "jobs", state="completed")).json["items"][0]["id"] == done.id
    assert (await door("GET", "jobs", state="paused")).json["items"] == []
    assert (await door("GET", "jobs", state="nonsense")).status == 422


async def test_jobs_and_their_files_are_changed_by_routes(door: Any, app: App, civitai: FakeCivitai) -> None:
    civitai.faults.storage.append(slow := Pace(100_000, path="/model/"))
    targets = [str(civitai.add(samples.lora(f"m{n}", size=200_000)).model_id) for n in range(3)]
    one, two = [(await door("POST", "jobs/bulk", {"targets": targets})).json["id"] for _ in range(2)]
    files = [item["id"] for item in (await door("GET", f"jobs/{one}/items")).json["items"]]

    changed = (await door("PATCH", f"jobs/{two}", {"priority": "low", "name": "later"})).json
    moved = (await door("POST", f"jobs/{two}/move", {"before": one})).json
    await door("POST", f"jobs/{one}/items/{files[2]}/move", {"before": files[0]})
    paused = await door("POST", f"jobs/{one}/items/{files[2]}/pause")
    order = [item["id"] for item in (await door("GET", f"jobs/{one}/items")).json["items"]]
    civitai.faults.storage.remove(slow)
    await door("POST", f"jobs/{one}/items/{files[2]}/resume")
    cancelled = await door("POST", f"jobs/{two}/cancel")

    assert (changed["options"]["priority"], changed["name"]) == ("low", "later")
    assert moved["position"] < (await door("GET", f"jobs/{one}")).json["position"]
    assert paused.json["state"] == "paused"
    assert order == [files[2], files[0], files[1]]
    assert cancelled.json["state"] == "cancelled"
    assert (await app.jobs.wait(one)).downloaded_files == 3
    assert (await door("POST", f"jobs/{one}/items/none/pause")).status == 404
    assert (await door("POST", f"jobs/{one}/dance")).status == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"targets": []},
        {"targets": [""]},
        {"targets": ["1"], "options": {"batch_size": 0}},
        {"targets": ["1"], "options": {"folder": "{x}"}},
        {"targets": ["1"], "options": {"strategy": "wild"}},
    ],
)
async def test_wrong_job_of_many_is_refused(door: Any, body: dict[str, Any]) -> None:
    assert (await door("POST", "jobs/bulk", body)).status == 422
    assert (await door("GET", "jobs")).json["items"] == []
