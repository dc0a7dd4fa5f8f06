"""The panel in front ends of ComfyUI that people have: an old one, one between, the newest; in both renderers."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from playwright.async_api import expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, card, own, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OLDER = (Path(__file__).parent / "front_ends.txt").read_text("utf-8").split()
VIEWS = {
    "Discover": "lk-discover",
    "Downloads": "lk-queue",
    "Variations": "lk-variations",
    "Analytics": "lk-analytics",
    "Security": "lk-security",
    "Settings": "lk-settings",
    "Library": "lk-library",
}


@pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
@pytest.mark.parametrize("front_end", [*OLDER, ""], ids=[*OLDER, version("comfyui-frontend-package")])
async def test_everything_works(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, front_end: str, vue_nodes: bool
) -> None:
    rain = samples.lora("Rain", trigger_words=["neon rain", "night"], metadata={})
    await own(app, civitai, rain, samples.lora("Other"))
    page = await open_comfyui(front_end=front_end, vue_nodes=vue_nodes)
    for name, element in VIEWS.items():
        await view(page, name)
        await expect(page.locator(element)).to_be_visible()

    await expect(card(page, "Other")).to_be_visible()
    await page.get_by_label("Search your models").fill("Rain")
    await expect(card(page, "Other")).to_have_count(0)
    await card(page, "Rain").locator(".open").click()
    await page.locator("lk-details").get_by_role("button", name="Add to graph").click()
    await page.wait_for_function("() => comfy.graph.nodes.length === 1")
    values = "() => comfy.graph.nodes.at(-1).widgets.map(({ value }) => value)"
    assert "Rain.safetensors" in await page.evaluate(values)

    word = page.locator("lk-word-toggles").get_by_role("button", name="night")
    await word.click()
    await expect(word).to_have_attribute("aria-pressed", "false")
    assert "night" in await page.evaluate(values)
