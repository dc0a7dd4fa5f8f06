"""What we do in the graph, in older front ends of ComfyUI: the same as in the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.graphs import build, choose, connect, drag, texts, until_value
from lorakeeper.testing.panel import OpenPage, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OLDER = (Path(__file__).parent / "front_ends.txt").read_text("utf-8").split()


@pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
@pytest.mark.parametrize("front_end", OLDER)
async def test_graph_in_an_older_front_end(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, front_end: str, vue_nodes: bool
) -> None:
    rain = samples.lora("Rain", trigger_words=["neon rain", "night"], metadata={})
    await own(app, civitai, rain, samples.lora("Other"))
    page = await open_comfyui(tab=False, front_end=front_end, vue_nodes=vue_nodes)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("LoraLoader", {"lora_name": "Other.safetensors"}),
        ("CLIPTextEncode", {"text": "a cat"}),
        ("Lorakeeper_LoadLora", {"lora_name": "Rain.safetensors"}),
    ]
    await build(page, nodes, [(0, 1, 1, "clip")])
    await connect(page)
    await page.wait_for_timeout(800)

    # On the middle of the node, and on its text box.
    place = await page.evaluate("""() => {
        const { pos, size } = comfy.graph.nodes[0];
        const { left, top } = comfy.canvas.canvas.getBoundingClientRect();
        const [x, y] = comfy.canvas.ds.convertOffsetToCanvas([pos[0] + size[0] / 2, pos[1] + size[1] / 2]);
        return [left + x, top + y];
    }""")
    await drag(page, "loras", "Rain.safetensors", *place)
    await until_value(page, 0, "lora_name", "Rain.safetensors")
    box = await page.locator("textarea").filter(visible=True).bounding_box()
    assert box
    await drag(page, "loras", "Rain.safetensors", box["x"] + 30, box["y"] + 30)
    await until_value(page, 1, "text", "neon rain, night, a cat")

    await page.evaluate("""() => {
        const node = comfy.graph.nodes[0];
        comfy.graph.nodes[1].widgets[0].value = "a dog";
        const { submenu } = comfy.collectNodeMenuItems(node).find((each) => each?.content === "Lorakeeper");
        submenu.options.find(({ content }) => content === "Trigger words to prompt").callback();
    }""")
    await page.wait_for_function("() => comfy.graph.nodes[1].widgets[0].value === 'neon rain, night, a dog'")
    assert await texts(page) == ["neon rain, night, a dog"]

    word = page.locator("lk-word-toggles").get_by_role("button", name="night")
    await word.click()
    await until_value(page, 2, "words_off", "night")
    await choose(page, 2, "lora_name", "Other.safetensors")
    await page.wait_for_function("() => comfy.graph.nodes[2].properties.models?.[0].name === 'Other.safetensors'")

    await choose(page, 0, "lora_name", "gone.safetensors")
    await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")
    await expect(page.locator("lk-missing-notice")).to_contain_text("gone.safetensors is missing.", timeout=20_000)
    await page.locator("lk-missing-notice").get_by_role("button", name="Not now").click()
    await expect(page.locator("lk-missing-notice")).to_have_count(0)
