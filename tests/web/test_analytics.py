"""The Analytics view: what it shows, when it reads that again, and what it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.busy_month import DRAWN, PATIENCE, Answers, intercept, sections
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, card, own, tab, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# -- What it shows ---------------------------------------------------------------------------------------------------


async def test_period_is_shown_in_figures_charts_and_tables(analytics: Page) -> None:
    first = analytics.locator("lk-analytics .tile").first
    await expect(first).to_contain_text("Prompts, 30d")
    await expect(first.locator(".change")).to_have_text("▲+12 %, better than in the period before")
    changes = analytics.locator("lk-analytics .change")
    assert await changes.evaluate_all("all => all.map((each) => each.classList[1])") == ["good", "quiet", "bad"]
    await expect(analytics.get_by_text("You generate mostly between")).to_be_visible()
    await expect(analytics.get_by_text("2026-11-01 to 2026-11-30")).to_be_visible()
    await expect(analytics.get_by_role("row", name="Flux.1 D")).to_contain_text("27 %")

    charts = analytics.locator("lk-analytics lk-chart")
    for number, chart in enumerate([each for section in sections("30d") for each in section.charts]):
        await charts.nth(number).scroll_into_view_if_needed()
        await expect(charts.nth(number).locator(".main-svg").first).to_be_visible(timeout=PATIENCE)
        await expect(charts.nth(number).get_by_role("img", name=chart.text)).to_be_visible()


async def test_bars_behind_rows_are_as_long_as_they_are_told_to_be(analytics: Page) -> None:
    bars = analytics.get_by_role("table", name="Base models").locator(".part i")
    await expect(bars).to_have_count(3)

    shares = await bars.evaluate_all("bars => bars.map((bar) => bar.offsetWidth / bar.parentElement.offsetWidth)")

    assert shares == pytest.approx([1, 0.44, 0.2], abs=0.01)


async def test_other_period_is_asked_for_and_remembered(analytics: Page, answers: Answers) -> None:
    await expect(analytics.get_by_text("Prompts, 30d")).to_be_visible()
    await analytics.get_by_role("radio", name="90 days").check()
    await expect(analytics.get_by_text("Prompts, 90d")).to_be_visible()
    await analytics.keyboard.press("ArrowRight")
    await expect(analytics.get_by_text(f"Prompts, {datetime.now().astimezone().year}")).to_be_visible()
    await analytics.keyboard.press("ArrowRight")
    await expect(analytics.get_by_text("Prompts, all")).to_be_visible()

    await analytics.reload()
    await view(analytics, "Analytics")
    await expect(analytics.get_by_text("Prompts, all")).to_be_visible()
    await expect(analytics.get_by_role("radio", name="All")).to_be_checked()


async def test_charts_follow_the_theme_and_the_width(analytics: Page) -> None:
    drawn = analytics.locator(DRAWN).first
    letters = analytics.locator("lk-analytics lk-chart").first.locator("svg text").first
    await expect(letters).to_be_visible(timeout=PATIENCE)
    before = await letters.evaluate("text => getComputedStyle(text).fill")
    width = await drawn.evaluate("svg => svg.clientWidth")

    await analytics.get_by_role("button", name="Theme: as the system").click()
    await expect(analytics.get_by_role("button", name="Theme: dark")).to_be_visible()
    await expect(letters).not_to_have_css("fill", before)
    await analytics.set_viewport_size({"width": 480, "height": 800})

    await expect(drawn).not_to_have_js_property("clientWidth", width)
    assert await too_wide(analytics) == []


@pytest.mark.parametrize("width", [320, 700, 1600])
async def test_nothing_sticks_out_whatever_the_width(open_page: OpenPage, answers: Answers, width: int) -> None:
    page = await open_page(width)
    await intercept(page, answers)
    await view(page, "Analytics")
    await expect(page.locator(DRAWN).first).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("button", name="Save as").click()
    await expect(page.get_by_role("dialog", name="Save a report")).to_be_visible()

    assert await too_wide(page) == []
    bounds = await page.locator("lk-save-report form").bounding_box()
    assert bounds is not None
    assert bounds["x"] >= 0


async def test_server_that_does_not_know_is_told_of_and_asked_again(analytics: Page, answers: Answers) -> None:
    await expect(analytics.get_by_text("Prompts, 30d")).to_be_visible()
    answers.failing = True
    await analytics.get_by_role("radio", name="7 days").check()
    await expect(analytics.get_by_role("alert")).to_contain_text("The database is busy.")
    answers.failing = False
    await analytics.get_by_role("button", name="Try again").click()

    await expect(analytics.get_by_text("Prompts, 7d")).to_be_visible()
    await expect(analytics.get_by_role("alert")).to_have_count(0)


async def test_nothing_recorded_yet_says_how_to_begin(page: Page, answers: Answers) -> None:
    answers.empty = True
    await intercept(page, answers)
    await view(page, "Analytics")
    await expect(page.get_by_role("heading", name="Nothing to show yet")).to_be_visible()

    await page.get_by_role("button", name="Find a model").click()
    await expect(page.locator("lk-discover")).to_be_visible()


@pytest.mark.parametrize("empty", [True, False])
async def test_view_that_is_switched_off_leads_to_its_setting(
    page: Page, app: App, answers: Answers, empty: bool
) -> None:
    app.store.update({"analytics": False})
    answers.empty = empty
    await intercept(page, answers)
    await view(page, "Analytics")
    sentence = "Nothing is being recorded" if empty else "The analytics are switched off."
    await expect(page.get_by_text(sentence)).to_be_visible()

    await page.get_by_role("button", name="Show the setting").click()
    switch = page.locator("lk-settings #analytics")
    await expect(switch).to_be_focused()
    await expect(switch).to_be_in_viewport()
    await page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await view(page, "Analytics")
    await expect(page.get_by_text(sentence)).to_have_count(0)


async def test_it_is_read_again_when_something_ended_but_only_while_it_is_to_be_seen(
    page: Page, app: App, civitai: FakeCivitai, answers: Answers
) -> None:
    await page.clock.install()
    await intercept(page, answers)
    await view(page, "Analytics")
    await expect(page.get_by_text("Prompts, 30d")).to_be_visible()
    assert len(answers.summaries()) == 1
    await page.clock.run_for(6_000)
    assert len(answers.summaries()) == 1

    await own(app, civitai, samples.lora("One"))
    await until_heard(page, card(page, "One"))
    await page.clock.run_for(6_000)
    await until(lambda: len(answers.summaries()) == 2)

    await view(page, "Library")
    await own(app, civitai, samples.lora("Two"))
    await until_heard(page, card(page, "Two"))
    await page.clock.run_for(20_000)
    assert len(answers.summaries()) == 2
    await view(page, "Analytics")
    await page.clock.run_for(6_000)
    await until(lambda: len(answers.summaries()) == 3)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("It did not come to hold within twenty seconds.")


async def until_heard(page: Page, shown: Locator) -> None:
    """The library's list shows what the events told; then the other views have heard of it too."""
    await expect(shown).to_have_count(1)


# -- The page around it ----------------------------------------------------------------------------------------------

THEIRS = """() => {
    window.Plotly = { theirs: true };
    const style = document.createElement("style");
    style.id = "plotly.js-style-global";
    style.textContent = ".theirs { color: red; }";
    document.head.append(style);
}"""
AROUND = """() => ({
    Plotly: window.Plotly?.theirs ?? typeof window.Plotly,
    packer: typeof window.moduleName,
    styles: [...document.querySelectorAll("[id='plotly.js-style-global']")].map((each) => each.sheet.cssRules.length),
})"""


async def test_nothing_of_the_charts_is_loaded_before_they_are_looked_at(page: Page) -> None:
    await page.locator("lk-library").wait_for()
    await view(page, "Settings")

    loaded = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")

    assert not any("plotly" in name or "charts.js" in name for name in loaded)


async def test_page_without_another_plotly_has_none_afterwards(analytics: Page) -> None:
    await expect(analytics.locator(DRAWN).first).to_be_visible(timeout=PATIENCE)

    assert await analytics.evaluate(AROUND) == {"Plotly": "undefined", "packer": "undefined", "styles": []}


async def test_plotly_of_another_pack_stays_what_it_was_inside_comfyui(
    open_comfyui: OpenPage, answers: Answers
) -> None:
    page = await open_comfyui(tab=False)
    await page.evaluate(THEIRS)
    await intercept(page, answers)
    loaded = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert not any("/lorakeeper/app/" in name for name in loaded)
    await tab(page).click()
    await view(page, "Analytics")
    await expect(page.locator(DRAWN).first).to_be_visible(timeout=PATIENCE)

    assert await page.evaluate(AROUND) == {"Plotly": True, "packer": "undefined", "styles": [1]}


async def test_catalogue_that_cannot_be_had_says_so_in_a_sentence(open_page: OpenPage) -> None:
    page = await open_page()
    await page.route("**/words/en.json", lambda route: route.fulfill(body="<html>", content_type="text/html"))
    await page.reload()

    await expect(page.locator("body")).to_contain_text("Lorakeeper's server can't be reached. Is it still running?")
