"""``queue`` and ``instruct`` as they are typed: many downloads, planned, stopped and gone on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace

from .conftest import Run


def targets(civitai: FakeCivitai, count: int, size: int = 60_000) -> list[str]:
    added = [civitai.add(samples.lora(f"m{n}", size=size)) for n in range(count)]
    return [f"{ids.model_id}@{ids.version_id}" for ids in added]


async def test_many_are_added_and_downloaded_here_and_now(run: Run, civitai: FakeCivitai, models: Path) -> None:
    wanted = targets(civitai, 3)

    said = await run("queue", "add", *wanted, "999999", "--name", "some", "--wait")

    assert said.code == 1
    assert said.out.splitlines()[-1] == "some: 3 of 4 files are here."
    assert "999999: " in said.err
    assert len([*(models / "loras").iterdir()]) == 3


async def test_what_was_added_is_listed_and_done_by_run(run: Run, civitai: FakeCivitai, tmp_path: Path) -> None:
    wanted = targets(civitai, 2)
    listing = tmp_path / "friend.txt"
    listing.write_text(f"# a friend's\n{wanted[0]}\n\n{wanted[1]} # the second\n")

    added = await run("queue", "add", "--list", listing, "--name", "some", "--priority", "low", "--json")
    job = added.json[0]
    listed = await run("queue", "list", "--json")
    assert (job["total_files"], job["state"], job["options"]["priority"]) == (2, "pending", "low")
    assert [each["id"] for each in listed.json] == [job["id"]]
    assert not civitai.storage.requests

    done = await run("queue", "run", "--json")

    assert [each["status"] for each in done.json] == ["installed", "installed"]
    assert (await run("queue", "list", "--json")).json == []
    shown = (await run("queue", "show", job["id"][:6], "--json")).json[0]
    assert [item["state"] for item in shown["items"]] == ["installed", "installed"]
    assert (await run("queue", "remove", "--over")).code == 0
    assert (await run("queue", "list", "--all", "--json")).json == []


async def test_a_waiting_job_is_changed(run: Run, civitai: FakeCivitai) -> None:
    one, two = [
        (await run("queue", "add", *targets(civitai, 2), "--name", name, "--json")).json[0] for name in ("one", "two")
    ]

    assert "paused" in (await run("queue", "pause", one["id"])).out
    assert (await run("queue", "pause", one["id"])).sentence.startswith("Only a job that waits or runs")
    assert (await run("queue", "resume", one["id"], "--json")).json[0]["state"] == "pending"
    assert (await run("queue", "priority", two["id"], "high", "--json")).json[0]["options"]["priority"] == "high"
    moved = (await run("queue", "move", two["id"], "--before", one["id"], "--json")).json[0]
    assert moved["position"] < (await run("queue", "list", "--json")).json[1]["position"]
    files = (await run("queue", "show", one["id"], "--json")).json[0]["items"]
    await run("queue", "move", one["id"], files[1]["id"], "--before", files[0]["id"])
    again = (await run("queue", "show", one["id"], "--json")).json[0]["items"]
    assert [item["id"] for item in again] == [files[1]["id"], files[0]["id"]]
    await run("queue", "cancel", one["id"], files[0]["id"])
    assert (await run("queue", "show", one["id"], "--json")).json[0]["cancelled_files"] == 1
    assert (await run("queue", "cancel", one["id"], "--json")).json[0]["state"] == "cancelled"
    assert (await run("queue", "retry", one["id"], "--json")).json[0]["state"] == "pending"
    assert (await run("queue", "pause", "no-such-job")).code == 1
    assert (await run("queue", "add")).code == 2


async def test_a_server_does_what_is_added_and_hears_what_is_said(run: Run, civitai: FakeCivitai, models: Path) -> None:
    civitai.faults.storage.append(Pace(200_000))
    async with App.standalone() as server:
        job = (await run("queue", "add", *targets(civitai, 3, size=300_000), "--json")).json[0]["id"]

        async def bytes_came() -> None:
            while not (await server.jobs.get(job)).received:
                await asyncio.sleep(0.02)

        await asyncio.wait_for(bytes_came(), 10)
        paused = (await run("queue", "pause", job, "--json")).json[0]
        requests = len(civitai.storage.requests)
        civitai.faults.storage.clear()
        resumed = await run("queue", "resume", job)
        done = await server.jobs.wait(job)

    assert paused["state"] == "paused"
    assert requests < len(civitai.storage.requests)
    assert resumed.code == 0
    assert done.downloaded_files == 3


async def test_speed_is_told_from_the_last_downloads(run: Run, civitai: FakeCivitai) -> None:
    before = (await run("queue", "speed", "--json")).json[0]
    await run("download", *targets(civitai, 1))

    after = (await run("queue", "speed", "--json")).json[0]
    words = (await run("queue", "speed")).out

    assert before["metrics"]["received"] == 0
    assert after["metrics"]["received"] == 60_000
    assert "mode adaptive" in words


async def test_from_a_list_to_files_by_way_of_an_approval(run: Run, civitai: FakeCivitai, tmp_path: Path) -> None:
    wanted = targets(civitai, 2)
    listing = tmp_path / "friend.txt"
    listing.write_text(f"{wanted[0]}\nwhat is this?\n{wanted[1]}\n")

    [made] = (await run("instruct", "import", listing, "--json")).json
    which = made["id"][:8]
    assert (made["title"], made["status"]) == ("friend", "draft")
    assert (await run("instruct", "execute", which)).sentence == "friend: friend is draft: approve it first."
    validated = await run("instruct", "validate", which)
    assert "2\trefused\t\twhat is this?\tThat names no model" in validated.out
    assert "2 to do, 120.0 KB; 1 not possible" in validated.out
    assert (await run("instruct", "approve", which)).code == 0
    done = await run("instruct", "execute", which, "--wait")

    assert done.code == 0
    assert "friend: executed" in done.out
    assert "2 of 2 files are here." in done.out
    assert (await run("instruct", "show", which, "--json")).json[0]["status"] == "executed"
    assert [each["id"] for each in (await run("instruct", "list", "--status", "executed", "--json")).json] == [
        made["id"]
    ]


async def test_instructions_go_to_friends_and_come_back(run: Run, civitai: FakeCivitai, tmp_path: Path) -> None:
    [made] = (await run("instruct", "new", *targets(civitai, 2), "--title", "Some", "--json")).json
    file = tmp_path / "some.json"

    await run("instruct", "export", made["id"], "--output", file)
    as_list = (await run("instruct", "export", made["id"], "--list")).out
    [again] = (await run("instruct", "import", file, "--json")).json

    assert json.loads(file.read_text())["instructions"][0]["title"] == "Some"
    assert again["payload"] == made["payload"]
    assert as_list.splitlines()[0] == "# Some"
    assert (await run("instruct", "reject", made["id"])).out == f"{made['id'][:8]} Some: rejected\n"
    assert (await run("instruct", "remove", made["id"], again["id"])).code == 0
    assert (await run("instruct", "list")).out == ""
    assert (await run("instruct", "show", "nothing")).sentence == "There is no instruction nothing."


async def test_missing_models_of_a_workflow_become_an_instruction(
    run: Run, civitai: FakeCivitai, tmp_path: Path
) -> None:
    civitai.add(samples.lora("style"))
    nodes = {"1": {"class_type": "LoraLoader", "inputs": {"lora_name": "style.safetensors"}}}
    workflow = tmp_path / "flow.json"
    workflow.write_text(json.dumps(nodes))

    said = await run("instruct", "missing", workflow)
    [made] = (await run("instruct", "list", "--json")).json
    nodes["2"] = {"class_type": "LoraLoader", "inputs": {"lora_name": "nobody.safetensors"}}
    workflow.write_text(json.dumps(nodes))

    assert said.code == 0
    assert "found\tloras\tstyle.safetensors" in said.out
    assert made["title"] == "Missing models of flow.json"
    assert (await run("instruct", "missing", workflow)).code == 1
    workflow.write_text("no workflow")
    assert (await run("instruct", "missing", workflow)).code == 2


async def test_ctrl_c_leaves_it_to_go_on(
    start: Callable[..., Awaitable[asyncio.subprocess.Process]], run: Run, civitai: FakeCivitai
) -> None:
    import signal

    civitai.faults.storage.append(Pace(100_000))
    process = await start("queue", "add", *targets(civitai, 2, size=300_000), "--wait")

    async def asked() -> None:
        while not civitai.storage.requests:
            await asyncio.sleep(0.02)

    await asyncio.wait_for(asked(), 20)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    civitai.faults.storage.clear()
    done = await run("queue", "run", "--json")

    assert process.returncode == 130
    assert err.decode().splitlines()[-1].endswith("`queue run` goes on from there.")
    assert [each["status"] for each in done.json] == ["installed", "installed"]
