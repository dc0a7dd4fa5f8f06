"""``download``: outcomes, exit codes, and what Ctrl-C leaves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace

FIELDS = {"target", "status", "path", "sha256", "error"}


async def test_each_target_has_one_final_object(run: Any, civitai: FakeCivitai, models: Path) -> None:
    cat, trap = samples.lora("cat"), samples.bad_pickle("trap")
    ids = [civitai.add(sample).model_id for sample in (cat, trap)]

    said = await run("download", *ids, "4711", ids[0], "--json")

    assert said.code == 1
    assert [each["target"] for each in said.json] == [str(ids[0]), str(ids[1]), "4711", str(ids[0])]
    assert [each["status"] for each in said.json[:3]] == ["installed", "quarantined", "failed"]
    assert said.json[3]["status"] in ("installed", "owned")
    assert all(set(each) == FIELDS for each in said.json)
    installed = said.json[0]
    assert installed["sha256"] == hashlib.sha256(cat.content()).hexdigest()
    assert Path(installed["path"]) == models / "loras" / "cat.safetensors"
    assert installed["error"] is None
    assert said.json[2]["error"].endswith(".")
    assert said.json[2]["path"] is None
    assert not Path(said.json[1]["path"]).is_relative_to(models)
    assert len(said.err.splitlines()) == 2


async def test_good_download_says_where_it_is_and_nothing_on_stderr(
    run: Any, civitai: FakeCivitai, models: Path
) -> None:
    ids = civitai.add(samples.lora("cat"))

    said = await run("download", ids.model_id)

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0].startswith("cat.safetensors: downloading")
    assert said.out.splitlines()[-1] == f"Installed {models / 'loras' / 'cat.safetensors'}"


async def test_second_time_it_is_owned_and_not_fetched(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    await run("download", ids.model_id)
    fetched = len(civitai.storage.requests)

    said = await run("download", ids.model_id, "--json")

    assert (said.code, said.json[0]["status"]) == (0, "owned")
    assert len(civitai.storage.requests) == fetched


async def test_dangerous_file_is_a_failure_that_says_why(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.bad_pickle("trap"))

    said = await run("download", ids.model_id)

    assert said.code == 1
    assert "quarantine" in said.sentence


async def test_file_and_kind_can_be_chosen(run: Any, civitai: FakeCivitai, models: Path) -> None:
    other = samples.lora("other").but(primary=False)
    ids = civitai.add(samples.lora("pose").but(type="Poses", files=[other]))
    (shown,) = (await run("show", ids.model_id, "--json")).json
    chosen = next(file["id"] for file in shown["files"] if file["name"] == "other.safetensors")

    said = await run("download", ids.model_id, "--kind", "embeddings", "--file-id", chosen, "--json")

    assert Path(said.json[0]["path"]) == models / "embeddings" / "other.safetensors"


async def test_type_without_a_folder_asks_for_one(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("pose").but(type="Poses"))

    said = await run("download", ids.model_id)

    assert said.code == 1
    assert said.sentence


@pytest.mark.parametrize("arguments", [["not a model"], ["1", "--kind", "nonsense"], [], ["1", "--file-id", "x"]])
async def test_wrong_use_is_2(run: Any, arguments: list[str]) -> None:
    said = await run("download", *arguments)

    assert said.code == 2
    assert said.sentence


async def test_one_bad_target_does_not_keep_the_others_away(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))

    said = await run("download", "not a model", ids.model_id, "--json")

    assert said.code == 1
    assert [each["status"] for each in said.json] == ["failed", "installed"]


async def test_key_in_a_link_stays_out_of_the_data_folder(run: Any, civitai: FakeCivitai, tmp_path: Path) -> None:
    ids = civitai.add(samples.lora("cat"))

    said = await run("download", f"{civitai.url}/api/download/models/{ids.version_id}?token=pasted-secret")

    assert said.code == 0, said.err
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not any(b"pasted-secret" in path.read_bytes() for path in written)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to one process")
async def test_ctrl_c_keeps_what_has_arrived_and_the_same_command_goes_on(
    run: Any, start: Any, civitai: FakeCivitai, models: Path
) -> None:
    sample = samples.lora("cat", size=4_000_000)
    ids = civitai.add(sample)
    civitai.faults.storage.append(slow := Pace(1_000_000, path="/model/"))
    process = await start("download", ids.model_id)
    while not list(models.rglob("*.part")):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)

    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 130
    assert err.decode().strip() == "Stopped: what has arrived is kept, and the same command goes on from there."
    assert not list(models.rglob("*.safetensors"))
    civitai.faults.storage.remove(slow)
    before = len(civitai.storage.requests)
    said = await run("download", ids.model_id, "--json")
    assert [each["status"] for each in said.json] == ["installed"]
    assert (models / "loras" / "cat.safetensors").read_bytes() == sample.content()
    resumed = civitai.storage.requests[before:]
    assert any(not request.headers.get("Range", "bytes=0-").startswith("bytes=0-") for request in resumed)
    assert json.loads(said.out)["error"] is None


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
async def test_bars_go_to_the_terminal_and_never_between_the_json(start: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat", size=2_000_000))
    civitai.faults.storage.append(Pace(2_000_000, path="/model/"))
    ours, theirs = os.openpty()
    process = await start("download", ids.model_id, "--json", stderr=theirs, TERM="xterm")
    os.close(theirs)
    drawn = asyncio.create_task(asyncio.to_thread(read_all, ours))
    out, _ = await asyncio.wait_for(process.communicate(), 60)

    assert json.loads(out)["status"] == "installed"
    assert b"cat.safetensors" in (shown := await drawn)
    assert b"MB" in shown


def read_all(descriptor: int) -> bytes:
    content = b""
    try:
        while piece := os.read(descriptor, 65536):
            content += piece
    except OSError:  # how Linux says that the other end is gone
        pass
    os.close(descriptor)
    return content
