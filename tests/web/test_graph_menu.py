"""What Lorakeeper adds to the menus of nodes in ComfyUI's front end, its commands, and its keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.graphs import build, texts, undo
from lorakeeper.testing.panel import OpenPage, own, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])


async def choose_in_menu(page: Page, index: int, entry: str) -> None:
    """Of the menu that the right button opens on a node's title."""
    place = await page.evaluate(
        """(index) => {
            const { pos } = comfy.graph.nodes[index];
            const { left, top } = comfy.canvas.canvas.getBoundingClientRect();
            const [x, y] = comfy.canvas.ds.convertOffsetToCanvas([pos[0] + 60, pos[1] - 14]);
            return [left + x, top + y];
        }""",
        index,
    )
    await page.mouse.click(*place, button="right")
    ours = page.get_by_text("Lorakeeper", exact=True).last
    await ours.hover()
    await ours.click()
    await page.get_by_text(entry, exact=True).last.click()


def details(page: Page) -> Locator:
    return page.locator("lk-details")


@both_renderers
async def test_menu_of_a_node_that_names_a_model(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(
        app,
        civitai,
        samples.lora("Neon", trigger_words=["neon rain"], metadata={}, base_model="SDXL 1.0"),
        samples.lora("Other", base_model="Flux.1 D"),
    )
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("LoraLoader", {"lora_name": "Neon.safetensors"}),
        ("CLIPTextEncode", {"text": "a cat"}),
        ("CLIPTextEncode", {"text": "a dog"}),
    ]
    await build(page, nodes, [(0, 1, 2, "clip")])
    assert await page.evaluate(
        "() => comfy.graph.nodes.map((node) => comfy.collectNodeMenuItems(node).length > 0)"
    ) == [
        True,
        False,
        False,
    ]

    await choose_in_menu(page, 0, "Trigger words to prompt")
    await page.wait_for_function("() => comfy.graph.nodes[2].widgets[0].value === 'neon rain, a dog'")
    assert await texts(page) == ["a cat", "neon rain, a dog"]
    await undo(page)
    await page.wait_for_function("() => comfy.graph.nodes[2].widgets[0].value === 'a dog'")

    await page.context.route("https://civitai.com/**", lambda route: route.fulfill(body="the site"))
    await page.context.route(f"{civitai.url}models/**", lambda route: route.fulfill(body="the site"))
    async with page.context.expect_page() as opened:
        await choose_in_menu(page, 0, "Open on Civitai")
    item = (await app.library.page(LibraryQuery())).items
    assert (await opened.value).url in {each.url for each in item}

    await choose_in_menu(page, 0, "Show model")
    await expect(details(page)).to_contain_text("Neon", timeout=15_000)
    await tab(page).click()
    await choose_in_menu(page, 0, "Show same family")
    await expect(page.locator("lk-library")).to_contain_text("Neon")
    await expect(page.locator("lk-library").get_by_text("Other", exact=True)).to_have_count(0)


async def test_keys_and_commands(open_comfyui: OpenPage, civitai: FakeCivitai, app: App) -> None:
    [path] = await own(app, civitai, samples.lora("Neon", trigger_words=["neon rain"], metadata={}))
    page = await open_comfyui(tab=False)
    await build(page, [("LoraLoader", {"lora_name": path.name}), ("CLIPTextEncode", {"text": ""})], [(0, 1, 1, "clip")])
    area = page.locator("textarea").filter(visible=True)
    await area.click()
    await area.press_sequentially("lLI")
    assert await texts(page) == ["lLI"]
    await area.evaluate("area => area.blur()")

    await page.keyboard.press("l")
    await expect(page.locator("lk-library")).to_be_visible()
    await page.locator("body").press("l")
    await expect(page.locator("lk-library")).to_have_count(0)
    await page.keyboard.press("Shift+L")
    await expect(page.locator('lk-library input[type="search"]').first).to_be_focused()
    await tab(page).click()
    await tab(page).evaluate("button => button.blur()")

    await page.evaluate("() => comfy.canvas.deselectAll()")
    await page.keyboard.press("Shift+I")
    await expect(page.get_by_text("Select a node that names a model file first.").last).to_be_visible()
    await page.evaluate("() => comfy.canvas.selectNode(comfy.graph.nodes[1])")
    await page.keyboard.press("Shift+I")
    await expect(page.get_by_text("“CLIP Text Encode (Prompt)” names no model file.").last).to_be_visible()
    await page.evaluate("() => comfy.canvas.selectNode(comfy.graph.nodes[0])")
    await page.keyboard.press("Shift+I")
    await expect(details(page)).to_contain_text("Neon", timeout=15_000)

    await page.evaluate("() => comfy.extensionManager.command.execute('Lorakeeper.InsertTriggerWords')")
    await page.wait_for_function("() => comfy.graph.nodes[1].widgets[0].value === 'neon rain, lLI'")
    known = await page.evaluate("() => comfy.extensionManager.command.commands.map(({ id }) => id)")
    ours = [
        "Lorakeeper.SearchLibrary",
        "Lorakeeper.FindMissingModels",
        "Lorakeeper.ModelInfo",
        "Lorakeeper.InsertTriggerWords",
    ]
    assert [each for each in known if each.startswith("Lorakeeper.")] == ours
