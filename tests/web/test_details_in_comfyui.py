"""The details of a model in ComfyUI's real front end: what they put into the graph."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, card, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_chosen_words_and_an_examples_prompt_and_workflow_enter_the_graph(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    graph = {
        "nodes": [{"id": 7, "type": "PreviewAny", "pos": [100, 100], "size": [200, 100]}],
        "links": [],
        "version": 0.4,
    }
    made = {"prompt": "a hut in the rain", "comfy": json.dumps({"workflow": graph})}
    words = ["neon rain, haze", "night"]
    sample = samples.lora("Words", trigger_words=words, metadata={}, previews=[samples.preview(1)])
    await own(app, civitai, sample.but(preview_fields=[{"meta": made}]))
    page = await open_comfyui()
    await page.evaluate("""() => {
        const node = LiteGraph.createNode("CLIPTextEncode");
        node.pos = [700, 150];
        comfy.graph.add(node);
        comfy.canvas.selectNode(node);
    }""")
    text = "() => comfy.graph.nodes[0].widgets.find(({ name }) => name === 'text').value"
    await card(page, "Words").locator(".open").click()
    details = page.locator("lk-details")
    await details.get_by_role("button", name="haze", exact=True).click()
    await details.get_by_role("button", name="Insert all chosen into prompt").click()
    await expect(page.locator("lk-messages")).to_contain_text("Trigger words are in")
    assert await page.evaluate(text) == "neon rain, night"
    await page.locator("lk-messages").get_by_role("button", name="Undo").click()
    await page.wait_for_function(f"({text})() === ''")

    await details.locator("lk-examples").scroll_into_view_if_needed()
    await details.get_by_role("button", name="Example 1").click()
    await details.get_by_role("button", name="Insert prompt").click()
    await page.wait_for_function(f"({text})() === 'a hut in the rain'")
    await details.get_by_role("button", name="Open as workflow").click()
    await page.wait_for_function("() => comfy.graph.nodes[0]?.type === 'PreviewAny'")
