"""What is missing of the graph that is open in ComfyUI's real front end, and files dropped on the panel beside it."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, drop_file, own, plan_line, tab, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

COMMAND = "Find missing models of this workflow"


async def load_lora(page: Page, name: str) -> None:
    """Puts core's node into the graph, with a file chosen that it may not know."""
    await page.evaluate(
        """name => {
            const node = LiteGraph.createNode("LoraLoader");
            comfy.graph.add(node);
            node.widgets.find((widget) => widget.name === "lora_name").value = name;
        }""",
        name,
    )


async def choose_from_menu(page: Page) -> None:
    await page.get_by_test_id("comfy-menu-button").click()
    for name in ("Extensions", "Lorakeeper"):
        # Another entry of the same name opens a dialog.
        item = page.get_by_role("menuitem", name=name, exact=True).and_(page.locator("[aria-haspopup]"))
        await item.click()
    await page.get_by_role("menuitem", name=COMMAND).click()


async def test_missing_models_of_the_open_graph_are_found_and_fetched(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    civitai.add(samples.lora("Wanted"))
    page = await open_comfyui()
    await load_lora(page, "style/Wanted.safetensors")
    await load_lora(page, "nobody knows.safetensors")
    await view(page, "Discover")
    button = page.get_by_role("button", name="Find missing models")
    panel = page.locator("lk-app")
    sides = [await each.evaluate("each => each.getBoundingClientRect().right") for each in (button, panel)]
    assert sides[0] <= sides[1]
    await button.click()

    await expect(plan_line(page, "nobody knows.safetensors")).to_contain_text("named by")
    await expect(plan_line(page, "Wanted.safetensors")).to_contain_text("Found by its name only")
    await page.locator("lk-plan").get_by_role("button", name="Download 1 file").click()
    job = page.locator("lk-queue lk-job")
    await expect(job).to_contain_text("Installed")
    assert (app.roots.folders("loras")[0] / "style" / "Wanted.safetensors").is_file()


async def test_command_stands_in_the_menu_and_opens_the_panel(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    civitai.add(samples.lora("Wanted"))
    page = await open_comfyui(tab=False)
    await load_lora(page, "Wanted.safetensors")
    await choose_from_menu(page)
    await expect(plan_line(page, "Wanted.safetensors")).to_be_visible()
    await expect(page.locator("lk-plan").get_by_role("button", name="Download 1 file")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("lk-plan")).to_have_count(0)
    await expect(page.locator("lk-app")).to_be_visible()

    # The tab is closed, and the panel is there already.
    await tab(page).click()
    await expect(page.locator("lk-app")).to_have_count(0)
    await page.evaluate("() => comfy.extensionManager.command.execute('Lorakeeper.FindMissingModels')")
    await expect(plan_line(page, "Wanted.safetensors")).to_be_visible()


async def test_of_a_complete_graph_it_is_said_that_nothing_is_missing(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Here"))
    page = await open_comfyui()
    await view(page, "Discover")
    for says in ("names no models", "Nothing is missing"):
        await page.get_by_role("button", name="Find missing models").click()
        await expect(page.get_by_text(says).last).to_be_visible()
        await expect(page.locator("lk-plan")).to_have_count(0)
        await load_lora(page, "Here.safetensors")


async def test_graph_that_can_not_be_run_is_looked_at_all_the_same(
    open_comfyui: OpenPage, civitai: FakeCivitai
) -> None:
    civitai.add(samples.lora("Wanted"))
    page = await open_comfyui()
    await load_lora(page, "Wanted.safetensors")
    await page.evaluate("() => { comfy.graphToPrompt = async () => { throw new Error('no such node'); }; }")
    await view(page, "Discover")
    await page.get_by_role("button", name="Find missing models").click()
    await expect(plan_line(page, "Wanted.safetensors")).to_be_visible()


async def test_file_dropped_on_the_panel_never_reaches_the_graph(open_comfyui: OpenPage, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Wanted"))
    page = await open_comfyui()
    await load_lora(page, "untouched.safetensors")
    graph = {
        "version": 0.4,
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [{"id": 1, "type": "LoraLoader", "pos": [0, 0], "widgets_values": ["Wanted.safetensors", 1, 1]}],
        "links": [],
    }
    await drop_file(page, "w.json", json.dumps(graph).encode())
    await expect(plan_line(page, "Wanted.safetensors")).to_be_visible()
    names = "() => comfy.graph.nodes.map((node) => node.widgets[0].value)"
    assert await page.evaluate(names) == ["untouched.safetensors"]
