"""The library's grid before more models than it could draw: what is in view is drawn, and nothing else is held."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing.large_library import fill_library
from lorakeeper.testing.panel import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MANY, SOME = 4_000, 2_000
ELEMENTS, HEAP_MB = 400, 60
# A place of a list twice as tall as a browser may be told, by the shortest way and by the scrollbar, and what is there.
PLACES = """async () => {
  const { Track } = await import("/lorakeeper/app/parts/grid-rows.js");
  const track = new Track();
  track.fit(20_000_000, 800);
  const lost = [];
  for (let at = 0; at <= track.most; at += 99_991) {
    track.go(at);
    if (Math.abs(track.at - at) > 1 || track.top < 0 || track.top > track.reach) lost.push(at);
    const before = track.at;
    track.scrolled(track.top + 100);
    if (before + 200 < track.most && Math.abs(track.at - before - 100) > 10) lost.push(`100 from ${at}: ${track.at}`);
  }
  track.scrolled(track.reach / 2);
  const middle = track.at;
  for (let top = track.top; top > 0; top -= 4_000) track.scrolled(Math.max(0, top - 4_000));
  const start = track.at;
  track.scrolled(track.reach);
  return { lost, middle, start, end: track.at === track.most, length: track.length };
}"""


async def full(app: App, open_page: OpenPage, size: int, width: int = 1280) -> Page:
    # There are no such models.
    app.store.update({"ask_site": False})
    await app.upkeep.begin_scan()
    await fill_library(app, size)
    page = await open_page(width=width)
    await expect(page.locator("lk-library .count")).to_have_text(f"{size:,} models")
    return page


def at(page: Page, place: int) -> Locator:
    """The model at a place of the list, the first being 1."""
    return page.locator(f'lk-library .card[aria-posinset="{place}"] .open')


async def elements(page: Page) -> int:
    return int(
        await page.locator("lk-library lk-grid").evaluate("grid => grid.shadowRoot.querySelectorAll('*').length")
    )


async def test_every_place_of_a_list_taller_than_browsers_allow_is_reached(page: Page) -> None:
    found = await page.evaluate(PLACES)
    assert found["lost"] == []
    assert (found["start"], found["end"], found["length"]) == (0, True, 8_000_000)
    assert abs(found["middle"] - 10_000_000) < 10_000


async def test_only_what_is_in_view_is_drawn(app: App, open_page: OpenPage) -> None:
    page = await full(app, open_page, MANY)
    await page.get_by_label("Search your models").press("ArrowDown")
    await expect(at(page, 1)).to_be_focused()
    # By keyboard to where nothing was drawn, and back.
    await page.keyboard.press("End")
    await expect(at(page, MANY)).to_be_focused()
    await expect(at(page, MANY)).to_contain_text("000001")
    await expect(at(page, 1)).to_have_count(0)
    await page.keyboard.press("Home")
    await expect(at(page, 1)).to_be_focused()
    # What has the focus stays, however far somebody scrolls.
    grid = page.locator("lk-library lk-grid")
    for share in (0.3, 0.31, 0.7, 0.5):
        await grid.evaluate("(grid, share) => { grid.scrollTop = grid.scrollHeight * share; }", share)
        await expect(page.locator("lk-library .card.waiting")).to_have_count(0)
        assert await elements(page) < ELEMENTS
    await expect(at(page, 1)).to_be_focused()
    await expect(at(page, MANY // 2)).to_be_visible()

    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Performance.enable")
    await devtools.send("HeapProfiler.collectGarbage")
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    assert next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize") < HEAP_MB * 1e6


async def test_all_of_them_are_changed_at_once(app: App, open_page: OpenPage) -> None:
    page = await full(app, open_page, SOME, width=360)
    await page.get_by_label("Search your models").press("ArrowDown")
    await page.keyboard.press("Control+a")
    await expect(page.get_by_text(f"{SOME:,} selected", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Tags", exact=True).click()
    await page.get_by_role("combobox", name="Tags").fill("everything")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.locator("lk-bulk")).to_contain_text(re.compile(rf"\d of {SOME:,}"))
    await expect(page.locator("lk-messages")).to_contain_text(f"Tags changed of {SOME:,} models.", timeout=20_000)
    assert (await app.library.page(LibraryQuery(tag=["everything"]))).total == SOME
