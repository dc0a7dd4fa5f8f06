"""The Analytics view: where its buttons lead, and what they save, plan and delete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Download, Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.busy_month import DRAWN, PATIENCE, Answers, intercept
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import card, own, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

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
    await expect(chips).to_have_text(["Not used for 180 days"])
    await expect(analytics.locator("lk-library").get_by_label("Sort by")).to_have_value("size")
    await expect(analytics.get_by_text("Nothing matches")).to_be_visible()


async def test_advice_opens_a_setting_the_quarantine_and_the_downloads(analytics: Page) -> None:
    await analytics.get_by_role("button", name="Set the key").click()
    await expect(analytics.get_by_label("Civitai API key")).to_be_focused()
    await view(analytics, "Analytics")
    await analytics.get_by_role("button", name="Show it").click()
    await expect(analytics.locator("lk-quarantine")).to_be_visible()
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
    [report] = (app.home / "reports").iterdir()
    await view(page, "Analytics")
    kept = page.get_by_role("region", name="Saved reports").get_by_role("listitem")
    await expect(kept).to_have_count(1)
    async with page.expect_download() as saved:
        await kept.get_by_role("button", name=f"Save {report.name}").click()
    assert json.loads(await content(await saved.value))["period"]["since"]
    await view(page, "Downloads")
    await page.get_by_role("button", name="Remove the plan Report of each week").click()
    await expect(page.locator("lk-plans li")).to_have_count(0)


def tile(page: Page, label: str) -> Locator:
    """The overview's figure of that name."""
    return page.locator("lk-analytics section").first.locator(".tile").filter(has=page.get_by_text(label, exact=True))


async def content(file: Download) -> str:
    return Path(await file.path()).read_text("utf-8")
