"""The line that says, after a workflow was opened in ComfyUI, that models of it are missing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.frontend_host import FrontendHost
from lorakeeper.testing.graphs import build
from lorakeeper.testing.panel import OpenPage, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
MUTED = 2


def notice(page: Page) -> Locator:
    return page.locator("lk-missing-notice")


async def reopen(page: Page) -> None:
    await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")


async def settled(page: Page) -> None:
    """After whatever could be said has been said."""
    await page.wait_for_timeout(1200)


@both_renderers
async def test_missing_models_are_said_once(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    """Only what is nowhere: not what has another name here, nor what isn't used."""
    [path] = await own(app, civitai, samples.lora("Here"))
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    content = json.dumps({"renamed.safetensors": hashlib.sha256(path.read_bytes()).hexdigest()})
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("LoraLoader", {"lora_name": "gone.safetensors"}),
        ("LoraLoader", {"lora_name": "Here.safetensors"}),
        ("Lorakeeper_LoadLora", {"lora_name": "renamed.safetensors", "content": content}),
        ("CheckpointLoaderSimple", {"ckpt_name": "lost.ckpt"}),
        ("LoraLoader", {"lora_name": "muted.safetensors"}),
    ]
    await build(page, nodes, [])
    await page.evaluate(f"() => (comfy.graph.nodes.at(-1).mode = {MUTED})")
    await settled(page)
    await expect(notice(page)).to_have_count(0)

    await reopen(page)
    await expect(notice(page)).to_contain_text("2 models of this workflow are missing.")
    await expect(notice(page).get_by_role("status")).to_have_attribute("title", "gone.safetensors\nlost.ckpt")
    assert not await notice(page).evaluate("element => element.matches(':focus-within')")
    await reopen(page)
    await settled(page)
    await expect(notice(page)).to_have_count(1)
    await notice(page).get_by_role("button", name="Not now").focus()
    await page.keyboard.press("Escape")
    await expect(notice(page)).to_have_count(0)
    await reopen(page)
    await settled(page)
    await expect(notice(page)).to_have_count(0)

    await page.evaluate("() => comfy.graph.remove(comfy.graph.nodes[0])")
    await reopen(page)
    await expect(notice(page)).to_contain_text("lost.ckpt is missing.")
    await notice(page).get_by_role("button", name="Get it").press("Enter")
    await expect(notice(page)).to_have_count(0)
    await expect(page.locator("lk-plan")).to_be_visible(timeout=20_000)


async def test_nothing_is_said_where_nothing_is_missing_or_it_is_switched_off(
    open_comfyui: OpenPage, comfyui: FrontendHost, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Here"))
    page = await open_comfyui(tab=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await build(page, [("LoraLoader", {"lora_name": "Here.safetensors"}), ("CLIPTextEncode", {})], [])
    await reopen(page)
    await settled(page)
    assert [url for url in asked if "orakeeper" in url] == []

    await page.evaluate("async () => comfy.extensionManager.setting.set('Lorakeeper.MissingNotice', false)")
    await build(page, [("LoraLoader", {"lora_name": "gone.safetensors"})], [])
    await reopen(page)
    await settled(page)
    assert [url for url in asked if "lorakeeper/graph" in url] == []
    await expect(notice(page)).to_have_count(0)
