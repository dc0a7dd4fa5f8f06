"""Jobs of many files in a real ComfyUI: from a search to files, and over a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from lorakeeper.testing import real_comfyui, samples
from lorakeeper.testing.browser import chromium
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace
from lorakeeper.testing.panel import tab, view

ROOT = Path(__file__).resolve().parents[2]
PACK = "ComfyUI-Lorakeeper"

pytestmark = [
    pytest.mark.comfyui,
    pytest.mark.skipif(not real_comfyui.at_hand(), reason="COMFYUI_DIR names no ComfyUI"),
]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def outputs(history: Any, node_id: str) -> Any:
    return history["outputs"][node_id]["text"]


@asynccontextmanager
async def downloads_in_the_sidebar(running: Any) -> AsyncIterator[Page]:
    """ComfyUI's page in a real browser, with our tab open at its downloads."""
    async with running.http.post("/api/settings", json={"Comfy.TutorialCompleted": True}) as answer:
        answer.raise_for_status()  # else a dialog with templates lies over the page
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        await page.goto(running.url)
        await tab(page).click(timeout=60_000)
        await view(page, "Downloads")
        yield page


async def test_a_search_becomes_files_and_a_paused_job_outlives_comfyui(tmp_path: Path) -> None:
    async with FakeCivitai() as civitai:
        for number in range(4):
            civitai.add(samples.lora(f"needle{number}", size=300_000))
        environment = {"LORAKEEPER_CIVITAI_URL": civitai.url}
        search = {
            "search": node("Lorakeeper_CivitaiSearch", query="needle"),
            "bulk": node("Lorakeeper_BulkQueue", results=["search", 0], name="needles", wait=False),
            "job": node("PreviewAny", source=["bulk", 0]),
        }
        civitai.faults.storage.append(Pace(8_000))
        async with real_comfyui.RealComfyUI(tmp_path / "base", {PACK: ROOT}, environment) as running:
            [job] = outputs(await running.run(search), "job")
            while not (await running.get(f"/lorakeeper/jobs/{job}"))["received"]:
                await asyncio.sleep(0.05)
            async with downloads_in_the_sidebar(running) as page:
                await page.get_by_role("button", name="Pause needles", exact=True).click()
                await expect(page.locator("lk-queue lk-job").first).to_contain_text("Paused")
            paused = await running.get(f"/lorakeeper/jobs/{job}")
            assert (paused["state"], paused["name"], paused["total_files"]) == ("paused", "needles", 4)

        parts = list((tmp_path / "base" / "models" / "loras").glob("*.part"))
        civitai.faults.storage.clear()
        civitai.storage.requests.clear()
        async with real_comfyui.RealComfyUI(tmp_path / "base", {PACK: ROOT}, environment) as running:
            assert (await running.get(f"/lorakeeper/jobs/{job}"))["state"] == "paused"
            async with downloads_in_the_sidebar(running) as page:
                await page.get_by_role("button", name="Resume needles", exact=True).click()
                await expect(page.locator("lk-queue lk-job").first).to_contain_text("4 of 4 files", timeout=20_000)
                await page.screenshot(path=tmp_path / "resumed.png")
            waiting = {
                "search": node("Lorakeeper_CivitaiSearch", query="needle"),
                "bulk": node("Lorakeeper_BulkQueue", results=["search", 0], name="needles"),
                "names": node("PreviewAny", source=["bulk", 2]),
                "json": node("PreviewAny", source=["bulk", 1]),
            }
            history = await running.run(waiting)
            log = running.log()

    assert history["status"]["status_str"] == "success"
    assert sorted(outputs(history, "names")) == [f"needle{number}.safetensors" for number in range(4)]
    [text] = outputs(history, "json")
    assert {file["state"] for file in json.loads(text)["files"]} <= {"installed", "owned"}
    assert parts
    assert any("Range" in request.headers for request in civitai.storage.requests)
    assert not list((tmp_path / "base" / "models" / "loras").glob(".lorakeeper-*"))
    assert "Traceback" not in log


async def test_a_bad_target_is_one_sentence_on_the_node(tmp_path: Path) -> None:
    async with (
        FakeCivitai() as civitai,
        real_comfyui.RealComfyUI(tmp_path / "base", {PACK: ROOT}, {"LORAKEEPER_CIVITAI_URL": civitai.url}) as running,
    ):
        history = await running.run({"bulk": node("Lorakeeper_BulkQueue", targets="what is this?")})

    [problem] = [data for kind, data in history["status"]["messages"] if kind == "execution_error"]
    assert problem["exception_message"].startswith("That names no model")
    assert "\n" not in problem["exception_message"].strip()
