"""The settings view: its groups, the language that is spoken, and what others hear of a change."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.settings import Settings
from lorakeeper.testing.frontend_host import PACK
from lorakeeper.testing.panel import OpenPage, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GROUPS = [
    "Keys",
    "Folders",
    "Downloads",
    "Content",
    "Library",
    "Variations",
    "Analytics",
    "Network",
    "This browser",
]


def english() -> dict[str, str]:
    words: dict[str, str] = json.loads((PACK / "web" / "app" / "words" / "en.json").read_text("utf-8"))
    return words


def shown_settings() -> list[str]:
    """Those that are fields of the form."""
    properties = Settings.model_json_schema()["properties"]
    return [name for name, schema in properties.items() if not schema.get("hidden")]


async def test_every_setting_has_a_name_and_a_description_that_can_be_translated() -> None:
    words = english()

    assert [name for name in shown_settings() if f"settings.{name}" not in words] == []
    assert [name for name in shown_settings() if f"settings.about.{name}" not in words] == []


async def test_settings_stand_in_groups_to_which_a_list_leads(page: Page) -> None:
    await view(page, "Settings")
    settings = page.locator("lk-settings")
    await expect(settings.get_by_role("heading", level=2)).to_have_text(GROUPS)
    fields = settings.locator("section input, section select, section textarea")
    ids = set(await fields.evaluate_all("all => all.map(({ id }) => id)"))
    assert ids == {*shown_settings(), "civitai", "gemini", "language"}
    content = settings.get_by_role("region", name="Content")
    await expect(content.get_by_label("Content limit")).to_have_value("PG13")
    await expect(content).to_contain_text("The most explicit content shown or searched for.")

    await settings.get_by_role("navigation").get_by_role("button", name="Network").click()
    network = settings.get_by_role("region", name="Network")
    await expect(network).to_be_focused()
    await expect(network.get_by_role("heading")).to_be_in_viewport()
    await page.keyboard.press("Tab")
    await expect(network.get_by_label("Proxy")).to_be_focused()


async def test_others_hear_of_a_change_and_of_none_that_was_refused(page: Page, app: App) -> None:
    await view(page, "Settings")
    await page.evaluate("""() => {
        window.heard = [];
        addEventListener("lk-settings", ({ detail }) => window.heard.push(detail.nsfw_limit));
    }""")
    settings = page.locator("lk-settings")
    await settings.get_by_label("Image hosts").fill("no address")
    await settings.get_by_label("Image hosts").blur()
    await expect(settings.get_by_role("alert")).to_contain_text("is no web address")
    await settings.get_by_label("Content limit").select_option("R")

    await expect(settings.get_by_text("Saved", exact=True)).to_be_visible()
    assert await page.evaluate("window.heard") == ["R"]
    assert app.settings.nsfw_limit == "R"


async def test_another_language_is_spoken_at_once_and_after_the_next_visit(page: Page) -> None:
    words = {**english(), "settings.language": "言語", "view.library": "ライブラリー"}
    await page.route("**/words/ja.json", lambda route: route.fulfill(json=words))
    await view(page, "Settings")
    await page.get_by_label("Language").select_option(label="日本語")

    language = page.get_by_label("言語")
    await expect(language).to_be_focused()
    await expect(language).to_have_value("ja")
    await expect(page.get_by_role("button", name="ライブラリー")).to_be_visible()
    await expect(page.locator("lk-app")).to_have_attribute("lang", "ja")
    await page.reload()
    await expect(page.get_by_role("button", name="ライブラリー")).to_be_visible()

    await view(page, "Settings")
    await page.get_by_label("言語").select_option(label="As the browser")
    await expect(page.get_by_label("Language")).to_be_focused()
    views = page.get_by_role("navigation", name="Views")
    await expect(views.get_by_role("button", name="Library")).to_be_visible()


@pytest.mark.parametrize("width", [320, 900])
async def test_nothing_sticks_out(open_page: OpenPage, width: int) -> None:
    page = await open_page(width, reduced_motion="reduce")
    await view(page, "Settings")
    await expect(page.get_by_label("Content limit")).to_be_visible()

    assert await too_wide(page) == []
