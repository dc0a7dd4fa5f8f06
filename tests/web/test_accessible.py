"""axe-core finds nothing serious in any view, dark or light, narrow or wide; and nothing in the sidebar of ComfyUI."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import InstructionKind, NewInstruction
from lorakeeper.testing import samples
from lorakeeper.testing.axe import serious_violations
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace
from lorakeeper.testing.frontend_host import FrontendHost
from lorakeeper.testing.panel import OpenPage, card, link, own, paste, targets, view
from lorakeeper.testing.pictures import photograph, png

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEWS = ("Library", "Discover", "Downloads", "Variations", "Analytics", "Security", "Settings")
COLOURS = ("color-contrast", "link-in-text-block")


class Look:
    """What is wrong with a page in each of its states, all of it told at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.wrong: list[str] = []

    async def at(self, state: str) -> None:
        for width in (320, 1280):
            await self._page.set_viewport_size({"width": width, "height": 800})
            # The theme changes nothing but colours.
            for theme, rules in (("light", COLOURS), ("dark", None)):
                await self._page.emulate_media(color_scheme="light" if theme == "light" else "dark")
                found = await serious_violations(self._page, rules=rules)
                self.wrong += [f"{state}, {theme}, {width} px: {each}" for each in found]


def model(name: str) -> samples.Sample:
    return samples.lora(
        name, trigger_words=["neon rain", "night"], previews=[samples.preview(1)], tags=["style", "city"]
    )


async def test_what_is_wrong_is_found_inside_shadow_roots(page: Page) -> None:
    await page.locator("lk-app header").wait_for()
    await page.evaluate("""() => {
        const root = document.querySelector("lk-app").shadowRoot.querySelector("header").attachShadow({ mode: "open" });
        const text = document.createElement("p");
        text.textContent = "Who can read this?";
        Object.assign(text.style, { color: "#777", background: "#888" });
        root.append(document.createElement("button"), text);
    }""")
    found = " ".join(await serious_violations(page))
    assert "button-name" in found
    assert "color-contrast" in found


async def test_library(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, model("Rain"), model("Snow"), samples.checkpoint("Base"))
    look = Look(page)
    await view(page, "Library")
    await expect(card(page, "Rain")).to_be_visible()
    await look.at("cards")
    await page.get_by_role("button", name="Filters").click()
    await look.at("filters")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Show as a list").click()
    await look.at("list")
    await page.get_by_role("checkbox", name="Select Rain").click()
    await look.at("selection")
    assert look.wrong == []


async def test_details(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, model("Rain"))
    look = Look(page)
    await card(page, "Rain").locator(".open").click()
    await expect(page.locator("lk-details")).to_contain_text("neon rain")
    await look.at("details")
    assert look.wrong == []


async def test_discover(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, model("Owned"))
    ids = [civitai.add(model(name)) for name in ("Rain", "Snow")]
    look = Look(page)
    await view(page, "Discover")
    await look.at("start")
    await page.get_by_role("button", name="Show what is popular").click()
    await expect(page.locator("lk-discover")).to_contain_text("Snow")
    await look.at("results")
    await paste(page, link(civitai, ids[0]))
    await expect(page.locator("lk-preview")).to_contain_text("Rain")
    await look.at("preview")
    assert look.wrong == []


async def test_downloads(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, model("Owned"))
    civitai.faults.storage.append(Pace(100_000))
    slow = targets(civitai, *(samples.lora(f"Slow {each}", size=3_000_000) for each in range(2)))
    await app.jobs.create_bulk_job(slow, "Many")
    [bad] = targets(civitai, samples.bad_pickle("Trap"))
    await app.jobs.add(bad)
    payload = {"targets": [{"target": each} for each in targets(civitai, model("Rain"))]}
    await app.instructions.create(NewInstruction(title="A set", kind=InstructionKind.DOWNLOAD, payload=payload))
    look = Look(page)
    await view(page, "Downloads")
    await expect(page.locator("lk-queue")).to_contain_text("Many")
    await look.at("queue")
    await page.locator("lk-plans .open").click()
    await expect(page.locator("lk-plan")).to_contain_text("Rain")
    await look.at("plan")
    assert look.wrong == []


async def test_variations(page: Page, app: App) -> None:
    place = app.home / "pictures" / "input"
    place.mkdir(parents=True)
    (place / "cat.png").write_bytes(png(photograph(1, (192, 192))))
    payload = {"images": ["input/cat.png"], "count": 2, "size": "512", "title": "Cats"}
    await app.instructions.create(NewInstruction(title="Cats", kind=InstructionKind.VARIATIONS, payload=payload))
    look = Look(page)
    await view(page, "Variations")
    await expect(page.locator("lk-variations")).to_be_visible()
    await look.at("variations")
    assert look.wrong == []


async def test_analytics_security_and_settings(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, model("Rain"))
    [bad] = targets(civitai, samples.bad_pickle("Trap"))
    await app.jobs.wait((await app.jobs.add(bad)).id)
    look = Look(page)
    for name in ("Analytics", "Security", "Settings"):
        await view(page, name)
        await page.wait_for_load_state("networkidle")
        await look.at(name)
    assert look.wrong == []


@pytest.mark.parametrize("palette", ["dark", "light"])
async def test_sidebar_in_comfyui(
    open_comfyui: OpenPage, comfyui: FrontendHost, civitai: FakeCivitai, app: App, palette: str
) -> None:
    await own(app, civitai, model("Rain"))
    comfyui.settings["Comfy.ColorPalette"] = palette
    page = await open_comfyui()
    wrong = []
    for name in VIEWS:
        await view(page, name)
        wrong += [f"{name}: {each}" for each in await serious_violations(page, "lk-app")]
    await view(page, "Library")
    await card(page, "Rain").locator(".open").click()
    wrong += [f"Details: {each}" for each in await serious_violations(page, "lk-app")]
    assert wrong == []
