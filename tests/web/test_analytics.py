"""The Analytics view: what it shows, where its buttons lead, what it saves, and what it leaves alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Download, Locator, Page, Route, expect

from lorakeeper.py.analytics.sections import Advice, Chart, ChartSeries, Row, Section, Table, Tile
from lorakeeper.py.analytics.summary import Action, Span, Storage, Summary, Unused
from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, card, own, tab, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAYS = [f"2026-11-{day:02}" for day in range(1, 31)]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
# Plotly is a megabyte, which a machine with much else to do takes its time to read: milliseconds.
PATIENCE = 20_000
DRAWN = "lk-analytics lk-chart .field .main-svg"


def sections(period: str) -> list[Section]:
    unused = Action(label="Show them", view="library", query={"unused_days": 180, "sort": "size"})
    sdxl = Action(label="Show in the library", view="library", query={"base_model": ["SDXL 1.0"], "missing": False})
    return [
        Section(
            name="overview",
            title="Overview",
            tiles=[
                Tile(label=f"Prompts, {period}", value="1,204", change="+12 %", good=True),
                Tile(label="Downloads", value="38", change="−4 %"),
                Tile(label="Failed downloads", value="3", change="+200 %", good=False),
                Tile(label="Downloaded", value="96.4 GB"),
            ],
            sentences=["You generate mostly between 20 and 23 o'clock.", "Flux.1 D is used more and more."],
            charts=[
                Chart(
                    kind="lines",
                    title="Prompts a day",
                    unit="count",
                    x=DAYS,
                    series=[
                        ChartSeries(name="Prompts", values=[float(20 + (day * 7) % 31) for day in range(30)]),
                        ChartSeries(name="Downloads", values=[float((day * 5) % 4) for day in range(30)]),
                    ],
                    text="Prompts a day: 20 to 50.",
                ),
                Chart(
                    kind="heat",
                    title="When you work",
                    unit="count",
                    x=[str(hour) for hour in range(24)],
                    series=[
                        ChartSeries(name=name, values=[float((hour * (row + 2)) % 17) for hour in range(24)])
                        for row, name in enumerate(WEEKDAYS)
                    ],
                    text="Most is done on Sundays at 21 o'clock.",
                ),
            ],
        ),
        Section(
            name="recommendations",
            title="Recommendations",
            advice=[
                Advice(text="12 LoRAs of 8.4 GB were not used for 180 days.", action=unused),
                Advice(
                    text="2 downloads failed for want of a key.",
                    action=Action(label="Set the key", view="settings", setting="civitai"),
                ),
                Advice(
                    text="A file is held back.",
                    action=Action(label="Show it", view="security"),
                ),
                Advice(text="3 downloads failed.", action=Action(label="Show downloads", view="queue")),
            ],
        ),
        Section(
            name="usage",
            title="Usage",
            charts=[
                Chart(
                    kind="rows",
                    title="Base models",
                    unit="share",
                    x=["SDXL 1.0", "Flux.1 D", "Pony"],
                    series=[ChartSeries(name="Share", values=[0.61, 0.27, 0.12])],
                    text="SDXL 1.0 is used most, by 61 %.",
                ),
                Chart(
                    kind="bars",
                    title="Room by kind",
                    unit="bytes",
                    x=["LoRAs", "Checkpoints"],
                    series=[
                        ChartSeries(name="Used", values=[4e9, 9e10]),
                        ChartSeries(name="Unused", values=[8.4e9, 2e10]),
                    ],
                    stacked=True,
                    text="Checkpoints take most.",
                ),
            ],
            tables=[
                Table(
                    title="Base models",
                    columns=["Base model", "Prompts", "Share"],
                    rows=[
                        Row(cells=["SDXL 1.0", "734", "61 %"], bar=1, action=sdxl),
                        Row(cells=["Flux.1 D", "325", "27 %"], bar=0.44),
                        Row(cells=["An uncommonly long name of a base model", "145", "12 %"], bar=0.2),
                    ],
                ),
                Table(title="Creators", columns=["Creator", "Prompts"], rows=[Row(cells=["alice", "60"], bar=1)]),
            ],
        ),
        Section(name="variations", title="Variations", sentences=["No variations were made in this period."]),
    ]


def summary(*, recorded: bool = True) -> Summary:
    return Summary(
        language="en",
        zone="UTC+09:00",
        generated_at=datetime(2026, 11, 30, 12, tzinfo=timezone.utc),
        period=Span(since=date(2026, 11, 1), until=date(2026, 11, 30)),
        before=Span(since=date(2026, 10, 2), until=date(2026, 10, 31)),
        recorded_since=date(2026, 9, 1) if recorded else None,
        storage=Storage(files=40 if recorded else 0, unused=Unused(days=180, watched=90)),
    )


@dataclass
class Answers:
    """A server that knows a busy month, and what it was asked."""

    asked: list[str] = field(default_factory=list)
    empty: bool = False
    failing: bool = False

    async def answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        path = url.path.rpartition("/lorakeeper/analytics")[2].lstrip("/")
        self.asked.append(f"{route.request.method} {path}?{url.query}")
        if self.failing:
            await route.fulfill(status=503, json={"error": {"kind": "Busy", "message": "The database is busy."}})
        elif path == "summary":
            (period,) = parse_qs(url.query)["period"]
            shown = [] if self.empty else [each.model_dump(mode="json") for each in sections(period)]
            about = summary(recorded=not self.empty).model_dump(mode="json")
            await route.fulfill(json={"summary": about, "sections": shown})
        elif path == "report":
            name = "lorakeeper.pdf\"; filename*=UTF-8''%E5%A0%B1%E5%91%8A.pdf"
            await route.fulfill(body="a report", headers={"Content-Disposition": f'attachment; filename="{name}'})
        elif path == "export":
            name = 'attachment; filename="events.json"'
            await route.fulfill(body=json.dumps([1]), headers={"Content-Disposition": name})
        else:
            assert route.request.headers["content-type"] == "application/json"
            await route.fulfill(json={})

    def summaries(self) -> list[str]:
        return [each for each in self.asked if each.startswith("GET summary")]


@pytest.fixture
def answers() -> Answers:
    return Answers()


async def intercept(page: Page, answers: Answers) -> None:
    await page.route("**/lorakeeper/analytics**", answers.answer)
    await page.route("**/lorakeeper/analytics/**", answers.answer)


@pytest_asyncio.fixture(loop_scope="session")
async def analytics(page: Page, answers: Answers) -> AsyncIterator[Page]:
    """The view, open on the standalone page."""
    await intercept(page, answers)
    await view(page, "Analytics")
    yield page


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


# -- Where it leads --------------------------------------------------------------------------------------------------


async def test_row_opens_the_library_with_what_it_counts(analytics: Page, app: App, civitai: FakeCivitai) -> None:
    await own(app, civitai, samples.lora("Ink"), samples.lora("Pony Ink", base_model="Pony"))
    await analytics.get_by_role("button", name="SDXL 1.0: Show in the library").click()

    chips = analytics.get_by_role("list", name="What the list is narrowed to").get_by_role("button")
    await expect(chips).to_have_text(["SDXL 1.0", "File there"])
    await expect(card(analytics, "Ink")).to_have_count(1)
    await expect(analytics.locator("lk-library .count")).to_have_text("1 model")

    await chips.first.click()
    await expect(card(analytics, "Ink")).to_have_count(2)
    await expect(chips).to_have_text(["File there"])
    await expect(chips.first).to_be_focused()
    await analytics.keyboard.press("Enter")
    await expect(chips).to_have_count(0)
    await expect(analytics.get_by_label("Search your models")).to_be_focused()


async def test_filter_that_nothing_fits_can_be_cleared(analytics: Page, app: App, civitai: FakeCivitai) -> None:
    await own(app, civitai, samples.lora("Pony Ink", base_model="Pony"))
    await analytics.get_by_role("button", name="SDXL 1.0: Show in the library").click()
    await analytics.get_by_role("button", name="Clear the search").click()

    await expect(card(analytics, "Pony Ink")).to_be_visible()


async def test_advice_opens_the_unused_files(analytics: Page, app: App, civitai: FakeCivitai) -> None:
    await own(app, civitai, samples.lora("Fresh"))
    await expect(card(analytics, "Fresh")).to_have_count(1)
    await analytics.get_by_role("button", name="Show them").click()

    chips = analytics.get_by_role("list", name="What the list is narrowed to").get_by_role("button")
    await expect(chips).to_have_text(["Not used for 180 days", "By size"])
    await expect(analytics.get_by_text("Nothing matches")).to_be_visible()


async def test_advice_opens_a_setting_the_quarantine_and_the_downloads(analytics: Page) -> None:
    await analytics.get_by_role("button", name="Set the key").click()
    await expect(analytics.get_by_label("Civitai API key")).to_be_focused()
    await view(analytics, "Analytics")
    await analytics.get_by_role("button", name="Show it").click()
    await expect(analytics.locator("lk-quarantine")).to_be_focused()
    await view(analytics, "Analytics")
    await analytics.get_by_role("button", name="Show downloads").click()
    await expect(analytics.locator("lk-queue")).to_be_visible()


# -- What it saves ---------------------------------------------------------------------------------------------------


async def test_report_is_saved_as_it_was_chosen(analytics: Page, answers: Answers) -> None:
    button = analytics.get_by_role("button", name="Save as")
    await button.click()
    await analytics.get_by_label("Format").select_option("PDF")
    await analytics.get_by_label("Language").select_option("日本語")
    await analytics.get_by_role("dialog").get_by_label("Theme").select_option("Light")
    async with analytics.expect_download() as saved:
        await analytics.get_by_role("button", name="Save", exact=True).click()
    file = await saved.value

    assert file.suggested_filename == "報告.pdf"
    assert await content(file) == "a report"
    assert answers.asked[-1] == "GET report?format=pdf&period=30d&theme=light&language=ja"
    await expect(button).to_be_focused()
    await expect(button).to_have_attribute("aria-expanded", "false")


async def test_report_that_fails_says_why_and_escape_goes_back(analytics: Page, answers: Answers) -> None:
    button = analytics.get_by_role("button", name="Save as")
    await button.press("Enter")
    await expect(analytics.get_by_label("Format")).to_be_focused()
    answers.failing = True
    await analytics.get_by_role("button", name="Save", exact=True).click()
    await expect(analytics.get_by_role("dialog").get_by_role("alert")).to_have_text("The database is busy.")

    await analytics.keyboard.press("Escape")
    await expect(analytics.get_by_role("dialog")).to_have_count(0)
    await expect(button).to_be_focused()


async def test_what_is_recorded_can_be_taken_along_and_deleted(page: Page, answers: Answers) -> None:
    await intercept(page, answers)
    await view(page, "Settings")
    recorded = page.get_by_role("group", name="What is recorded")
    async with page.expect_download() as saved:
        await recorded.get_by_role("button", name="Export").click()
    assert (await saved.value).suggested_filename == "events.json"

    await recorded.get_by_role("button", name="Delete all").click()
    assert not any(each.startswith("DELETE") for each in answers.asked)
    await recorded.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_text("All that was recorded is deleted.")).to_be_visible()
    assert answers.asked[-1] == "DELETE ?"


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


# -- Before the real routes ------------------------------------------------------------------------------------------


async def test_downloads_are_counted_reported_taken_along_and_forgotten(
    page: Page, app: App, civitai: FakeCivitai
) -> None:
    await own(app, civitai, samples.lora("Ink"), samples.lora("Pony Ink", base_model="Pony"))
    await view(page, "Analytics")
    await expect(tile(page, "Downloads")).to_contain_text("2")
    await expect(page.locator(DRAWN).first).to_be_visible(timeout=PATIENCE)

    await page.get_by_role("button", name="Save as").click()
    await page.get_by_label("Format").select_option("JSON")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save", exact=True).click()
    report = json.loads(await content(await saved.value))
    assert report["downloads"]["files"] == 2

    await view(page, "Settings")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Export").click()
    lines = [json.loads(line) for line in (await content(await saved.value)).splitlines()]
    assert [line["event"]["kind"] for line in lines if "event" in line].count("download") == 2
    await page.get_by_role("button", name="Delete all").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_text("All that was recorded is deleted.")).to_be_visible()
    assert "".join([line async for line in app.collector.export()]) == ""


async def test_report_is_planned_for_every_week_made_at_once_and_listed(page: Page, app: App) -> None:
    await view(page, "Analytics")
    await page.get_by_role("button", name="Save as").click()
    form = page.get_by_role("dialog", name="Save a report")
    await form.get_by_label("Format").select_option("JSON")
    await form.get_by_label("When").select_option("week")
    await form.get_by_role("button", name="Save", exact=True).click()

    await expect(page.get_by_text("every Monday at 06:00")).to_be_visible()
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("“Report of each week” is done")).to_be_visible()
    await view(page, "Downloads")

    await expect(page.locator("lk-plans li")).to_contain_text("Every week, next on ")
    [plan] = (await app.instructions.page()).items
    assert (plan.every.value, plan.payload["period"], plan.due is None) == ("week", "last-week", False)
    assert len([*(app.home / "reports").iterdir()]) == 1
    await page.get_by_role("button", name="Remove the plan Report of each week").click()
    await expect(page.locator("lk-plans li")).to_have_count(0)


def tile(page: Page, label: str) -> Locator:
    """The overview's figure of that name."""
    return page.locator("lk-analytics section").first.locator(".tile").filter(has=page.get_by_text(label, exact=True))


async def content(file: Download) -> str:
    return Path(await file.path()).read_text("utf-8")
