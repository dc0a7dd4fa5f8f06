"""Bulk Queue, on the stand-in for ComfyUI and the fake Civitai."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.bulk import BulkStatus
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace

from .conftest import loaded_host


def listed(civitai: FakeCivitai, count: int, size: int = 60_000) -> str:
    added = [civitai.add(samples.lora(f"m{n}", size=size)) for n in range(count)]
    return "\n".join(f"{ids.model_id}@{ids.version_id}  # m{n}" for n, ids in enumerate(added))


async def test_many_targets_become_files_and_their_names(comfy: Any, civitai: FakeCivitai) -> None:
    job, text, names = (await comfy.run("BulkQueue", targets=f"# some\n{listed(civitai, 3)}\n999999\n", name="x")).args

    report = json.loads(text)
    assert names == ["m0.safetensors", "m1.safetensors", "m2.safetensors"]
    assert (report["id"], report["name"], report["state"]) == (job, "x", "completed")
    assert [file["state"] for file in report["files"]] == ["installed"] * 3 + ["failed"]
    assert all(Path(file["path"]).is_file() for file in report["files"][:3])


async def test_search_results_become_files(comfy: Any, civitai: FakeCivitai) -> None:
    listed(civitai, 2)
    results, _ = (await comfy.run("CivitaiSearch", query="m")).args

    _, _, names = (await comfy.run("BulkQueue", results=results)).args

    assert sorted(names) == ["m0.safetensors", "m1.safetensors"]


async def test_without_waiting_the_job_goes_on_in_the_background(comfy: Any, civitai: FakeCivitai) -> None:
    civitai.faults.storage.append(Pace(100_000))

    job, text, names = (await comfy.run("BulkQueue", targets=listed(civitai, 2), wait=False)).args

    assert names == []
    assert json.loads(text)["total_files"] == 2
    civitai.faults.storage.clear()
    assert (await loaded_host().app.jobs.wait(job)).downloaded_files == 2


async def test_stop_pauses_and_running_again_goes_on(comfy: Any, civitai: FakeCivitai) -> None:
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    civitai.faults.storage.append(Pace(100_000))
    targets = listed(civitai, 2, size=300_000)
    running = asyncio.create_task(comfy.run("BulkQueue", targets=targets))

    async def came() -> None:
        while not any(job.received > 50_000 for job in (await loaded_host().app.jobs.page()).items):
            await asyncio.sleep(0.02)

    await asyncio.wait_for(came(), 10)
    interrupt_current_processing()
    with pytest.raises(InterruptProcessingException):
        await running
    [paused] = (await loaded_host().app.jobs.page()).items
    civitai.faults.storage.clear()
    _, _, names = (await comfy.run("BulkQueue", targets=targets)).args

    assert paused.state is BulkStatus.PAUSED
    assert len(names) == 2
    assert len((await loaded_host().app.jobs.page()).items) == 1
    assert any("Range" in request.headers for request in civitai.storage.requests)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "Say what to download"),
        ({"targets": "# nothing\n"}, "Say what to download"),
        ({"results": []}, "Say what to download"),
        ({"targets": "999999"}, "knows no such model"),
        ({"targets": "what is this?"}, "names no model"),
    ],
)
async def test_a_bad_input_is_one_sentence(comfy: Any, inputs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence) as error:
        await comfy.run("BulkQueue", **inputs)
    assert "\n" not in str(error.value)


async def test_a_deleted_file_is_fetched_again(comfy: Any, civitai: FakeCivitai) -> None:
    targets = listed(civitai, 2)
    node = comfy.nodes["Lorakeeper_BulkQueue"]
    _, text, _ = (await comfy.run("BulkQueue", targets=targets, name="x")).args
    before = node.fingerprint_inputs(targets=targets, name="x")

    Path(json.loads(text)["files"][0]["path"]).unlink()

    assert before is True
    assert math.isnan(node.fingerprint_inputs(targets=targets, name="x"))
    _, _, names = (await comfy.run("BulkQueue", targets=targets, name="x")).args
    assert len(names) == 2
