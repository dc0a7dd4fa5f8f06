"""The sidebar and the node widgets in ComfyUI's real front end, before the real application and the fake site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.jobs import Priority
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace
from lorakeeper.testing.frontend_host import PACK, FrontendHost
from lorakeeper.testing.panel import OpenPage, box, card, job_row, link, own, paste, tab, targets, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
EMPTY = (1000, 250)


async def nodes(page: Page) -> list[dict[str, Any]]:
    """Type, place and widget values of every node in the graph."""
    return list(
        await page.evaluate("""() => comfy.graph.nodes.map((node) => ({
            type: node.type,
            pos: [...node.pos],
            widgets: Object.fromEntries((node.widgets ?? []).map((widget) => [widget.name, widget.value])),
        }))""")
    )


async def add_node(page: Page, kind: str, x: int, y: int) -> None:
    await page.evaluate(
        """([kind, x, y]) => {
            const node = LiteGraph.createNode(kind);
            node.pos = [x, y];
            comfy.canvas.emitBeforeChange();
            comfy.graph.add(node);
            comfy.canvas.emitAfterChange();
            comfy.canvas.setDirty(true, true);
        }""",
        [kind, x, y],
    )


async def test_page_load_is_one_small_script_until_the_tab_opens(open_comfyui: OpenPage) -> None:
    entry = PACK / "web" / "comfyui" / "lorakeeper.js"
    assert entry.stat().st_size < 15_000
    assert [path for path in (PACK / "web" / "comfyui").rglob("*.js") if path != entry] == []

    page = await open_comfyui(tab=False)
    loaded = """() => {
        const urls = performance.getEntriesByType("resource").map((entry) => entry.name);
        return urls.filter((url) => /lorakeeper/i.test(url));
    }"""
    assert [Path(url).name for url in await page.evaluate(loaded)] == ["lorakeeper.js"]
    await tab(page).click()
    await page.locator("lk-library").wait_for()
    assert len(await page.evaluate(loaded)) > 10


async def test_link_becomes_a_node_in_the_graph(open_comfyui: OpenPage, civitai: FakeCivitai) -> None:
    page = await open_comfyui()
    for name in ("Downloads", "Settings", "Discover"):
        await view(page, name)
    ids = civitai.add(samples.lora("Neon", size=2_000_000, previews=[samples.preview(1)]))
    civitai.faults.storage.append(Pace(1_000_000))
    await paste(page, link(civitai, ids))
    await page.locator("lk-preview").get_by_role("button", name="Download").click()

    job = page.locator("lk-preview lk-job")
    await expect(job).to_contain_text("left")
    await expect(tab(page)).to_contain_text("1")
    await expect(job).to_contain_text("Installed")
    await expect(tab(page)).not_to_contain_text("1")

    # The front end learned its list of LoRAs before this one came.
    await job.get_by_role("button", name="Add to graph").click()
    await expect(page.get_by_text("Neon is in the graph.").last).to_be_visible()
    [node] = await nodes(page)
    assert (node["type"], node["widgets"]["lora_name"]) == ("Lorakeeper_LoadLora", "Neon.safetensors")
    options = await page.evaluate(
        "() => comfy.graph.nodes[0].widgets.find(({ name }) => name === 'lora_name').options.values"
    )
    assert options == ["Neon.safetensors"]


async def test_job_of_many_files_is_paused_and_raised_in_the_sidebar(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    page = await open_comfyui()
    await view(page, "Downloads")
    civitai.faults.storage.append(Pace(400_000))
    wanted = targets(civitai, *(samples.lora(f"Model {each}", size=3_000_000) for each in range(3)))
    job = await app.jobs.create_bulk_job(wanted, "Set")
    row = job_row(page, "Set")
    await expect(row).to_contain_text("left")
    await row.get_by_role("button", name="Pause Set").click()
    await expect(row).to_contain_text("Paused")
    await page.get_by_label("Priority of Set").select_option("high")

    civitai.faults.storage.clear()
    await row.get_by_role("button", name="Resume Set").click()
    await expect(row).to_contain_text("3 of 3 files")
    assert (await app.jobs.get(job.id)).options.priority is Priority.HIGH


@both_renderers
async def test_card_is_dragged_onto_the_canvas(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(app, civitai, samples.lora("Dragged"))
    page = await open_comfyui(vue_nodes=vue_nodes)
    source = card(page, "Dragged").locator(".open")
    await source.drag_to(page.locator("#graph-canvas"), target_position={"x": EMPTY[0], "y": EMPTY[1]})

    await page.wait_for_function("() => comfy.graph.nodes.length === 1")
    [node] = await nodes(page)
    assert (node["type"], node["widgets"]["lora_name"]) == ("Lorakeeper_LoadLora", "Dragged.safetensors")
    assert node["pos"] == pytest.approx(EMPTY, abs=2)

    await source.drag_to(page.locator("lk-library .count"))
    assert len(await nodes(page)) == 1


async def test_drops_are_left_alone_while_the_tab_is_closed(open_comfyui: OpenPage) -> None:
    page = await open_comfyui()
    drop = """([x, y]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData("application/x-lorakeeper-model", '{"kind": "loras", "name": "a.safetensors"}');
        const how = { bubbles: true, cancelable: true, composed: true, clientX: x, clientY: y, dataTransfer };
        document.querySelector("#graph-canvas").dispatchEvent(new DragEvent("drop", how));
    }"""
    await page.evaluate(drop, EMPTY)
    await page.wait_for_function("() => comfy.graph.nodes.length === 1")
    await tab(page).click()
    await expect(page.locator("lk-app")).to_have_count(0)
    await page.evaluate(drop, EMPTY)
    await page.wait_for_timeout(200)
    assert len(await nodes(page)) == 1


@both_renderers
async def test_words_enter_the_prompt_once_and_leave_it_by_undo(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(app, civitai, samples.lora("Words", trigger_words=["neon rain", "night \\(city\\)"], metadata={}))
    page = await open_comfyui(vue_nodes=vue_nodes)
    await add_node(page, "CLIPTextEncode", 500, 150)
    await add_node(page, "CLIPTextEncode", 500, 500)
    areas = page.locator("textarea:not(lk-app textarea)").filter(visible=True)
    await expect(areas).to_have_count(2)
    await card(page, "Words").locator(".open").click()
    first, second = (page.get_by_role("button", name=f"Insert set {number} into prompt") for number in (1, 2))
    await first.click()
    await expect(page.get_by_text("Click into a prompt's text box or select a node with one").last).to_be_visible()

    await areas.nth(1).click()
    await areas.nth(1).fill("a street, Neon Rain")
    await first.click()
    await expect(page.get_by_text("has these words already").last).to_be_visible()
    await second.click()
    await expect(page.locator("lk-messages")).to_contain_text("Trigger words are in “CLIP Text Encode (Prompt)”.")
    texts = [node["widgets"]["text"] for node in await nodes(page)]
    assert texts == ["", "night \\(city\\), a street, Neon Rain"]

    await page.locator("lk-messages").get_by_role("button", name="Undo").click()
    await expect(areas.nth(1)).to_have_value("a street, Neon Rain")
    assert [node["widgets"]["text"] for node in await nodes(page)] == ["", "a street, Neon Rain"]


@both_renderers
async def test_words_enter_the_selected_node(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(app, civitai, samples.lora("Words", trigger_words=["neon rain"], metadata={}))
    page = await open_comfyui(vue_nodes=vue_nodes)
    await add_node(page, "CLIPTextEncode", 500, 150)
    await page.evaluate("() => comfy.canvas.selectNode(comfy.graph.nodes[0])")
    await card(page, "Words").locator(".open").click()
    await page.locator("lk-details").get_by_role("button", name="Insert").click()
    await expect(page.locator("lk-messages")).to_contain_text("Trigger words are in")
    assert [node["widgets"]["text"] for node in await nodes(page)] == ["neon rain"]
    await expect(page.locator("textarea:not(lk-app textarea)").filter(visible=True)).to_have_value("neon rain")


@both_renderers
async def test_words_are_toggled_on_the_node_and_survive_a_save(
    open_comfyui: OpenPage, comfyui: FrontendHost, vue_nodes: bool
) -> None:
    page = await open_comfyui(vue_nodes=vue_nodes)
    await add_node(page, "Lorakeeper_TriggerWords", 500, 150)
    toggles = page.locator("lk-word-toggles")
    await expect(toggles).to_contain_text("After the first run")
    node_id = await page.evaluate("() => String(comfy.graph.nodes[0].id)")
    words = ["neon rain", "night \\(city\\)"]
    output = {"node": node_id, "display_node": node_id, "output": {"lorakeeper_words": words}, "prompt_id": "1"}
    await comfyui.send("executed", output)

    button = toggles.get_by_role("button", name="neon rain")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "false")
    sent = await page.evaluate("async () => (await comfy.graphToPrompt()).output")
    assert [node["inputs"]["off"] for node in sent.values()] == ["neon rain"]
    assert all("toggles" not in name for node in sent.values() for name in node["inputs"])
    values = await page.evaluate("() => comfy.graph.serialize().nodes[0].widgets_values")
    assert [*values][-1] == "neon rain"

    size = await page.evaluate("() => [...comfy.graph.nodes[0].size]")
    await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(toggles.get_by_role("button", name="night")).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("() => [...comfy.graph.nodes[0].size]") == size
    await button.click()
    assert (await nodes(page))[0]["widgets"]["off"] == ""


async def test_other_nodes_are_left_as_they_are(open_comfyui: OpenPage) -> None:
    page = await open_comfyui()
    for kind in ("CLIPTextEncode", "Lorakeeper_LoadLora"):
        await add_node(page, kind, 500, 150)
    own_names = await page.evaluate("""() => comfy.graph.nodes.map(
        (node) => ["onExecuted", "onConfigure"].filter((name) => Object.hasOwn(node, name))
    )""")
    assert own_names == [[], []]


async def test_typing_copying_and_pasting_stay_in_the_panel(open_comfyui: OpenPage) -> None:
    """ComfyUI would paste its last copied node, copy the selected one, and undo the last change of the graph."""
    page = await open_comfyui()
    await add_node(page, "CLIPTextEncode", 500, 150)
    await page.evaluate("() => { comfy.canvas.selectNode(comfy.graph.nodes[0]); comfy.canvas.copyToClipboard(); }")

    await paste(page, "neon rain")
    await expect(box(page)).to_have_value("neon rain")
    await box(page).press("Control+A")
    await page.keyboard.press("Control+C")
    assert await page.evaluate("navigator.clipboard.readText()") == "neon rain"
    # Each of these letters is a shortcut of ComfyUI's.
    await box(page).press_sequentially("rqwnmgp.")
    await page.keyboard.press("Delete")
    await page.keyboard.press("Control+Z")
    await page.wait_for_timeout(300)
    assert [node["type"] for node in await nodes(page)] == ["CLIPTextEncode"]
    await expect(page.locator("lk-app")).to_be_visible()


async def test_panel_is_as_it_was_when_the_tab_comes_back(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number:02}") for number in range(16)))
    page = await open_comfyui(height=600)
    await page.locator("lk-library .card").last.scroll_into_view_if_needed()
    place = await page.locator("lk-library .scroll").first.evaluate("list => list.scrollTop")
    assert place > 0
    button = tab(page)
    await button.click()
    await expect(page.locator("lk-app")).to_have_count(0)
    await button.click()
    await expect(page.locator("lk-library .scroll").first).to_have_js_property("scrollTop", place)
    await expect(page.locator("lk-app")).to_have_count(1)


@pytest.mark.parametrize("palette", ["dark", "light"])
async def test_colours_are_the_palettes(open_comfyui: OpenPage, comfyui: FrontendHost, palette: str) -> None:
    comfyui.settings["Comfy.ColorPalette"] = palette
    page = await open_comfyui()
    ours, theirs = await page.evaluate("""() => {
        const panel = document.querySelector("lk-app");
        return [panel, panel.closest(".side-bar-panel")].map((each) => getComputedStyle(each).backgroundColor);
    }""")
    assert ours == theirs
    bright = sum(int(part) for part in ours[4:-1].split(",")) > 384
    assert bright == (palette == "light")
