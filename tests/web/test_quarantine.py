"""What is held back, in the security view: released by whoever types the reason, deleted by whoever presses twice."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import targets, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def hold_back(app: App, civitai: FakeCivitai) -> None:
    [target] = targets(civitai, samples.bad_pickle("Trap"))
    await app.jobs.wait((await app.jobs.add(target)).id)


async def test_file_is_released_for_its_reason_and_for_nothing_else(page: Page, civitai: FakeCivitai, app: App) -> None:
    await view(page, "Security")
    held = page.locator("lk-quarantine")
    await expect(held).to_contain_text("Nothing is held back.")
    await hold_back(app, civitai)
    await view(page, "Downloads")
    await page.get_by_role("button", name="Show in quarantine Trap.pt").click()
    await expect(held).to_be_in_viewport()
    await expect(held.get_by_role("listitem")).to_contain_text("It imports os.system.")
    tiles = page.locator("lk-security .tile")
    await expect(tiles.filter(has_text="Scanned")).to_contain_text("1")
    await expect(tiles.filter(has_text="Held back now")).to_contain_text("1")

    await held.get_by_role("button", name="Release… Trap.pt").click()
    reason = held.get_by_label("Type why it was held back")
    await expect(reason).to_be_focused()
    await reason.fill("because I want it")
    await held.get_by_role("button", name="Release", exact=True).click()
    await expect(held.get_by_role("alert")).to_contain_text("type why it was held back")
    await expect(reason).to_have_value("because I want it")
    assert (await app.library.page(LibraryQuery())).items == []

    await reason.fill("it imports os.system")
    await held.get_by_label("Goes to").select_option("embeddings")
    await held.get_by_role("button", name="Release", exact=True).click()
    await expect(page.locator("lk-messages")).to_contain_text("Trap.pt is now at")
    await expect(held).to_contain_text("Nothing is held back.")
    assert [item.kind for item in (await app.library.page(LibraryQuery())).items] == ["embeddings"]


async def test_file_is_deleted_by_the_second_press_and_not_by_a_late_one(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await hold_back(app, civitai)
    await view(page, "Security")
    await page.clock.install()
    held = page.locator("lk-quarantine")
    await held.get_by_role("button", name="Delete Trap.pt").click()
    await expect(held.get_by_role("button", name="Delete for good Trap.pt")).to_be_visible()
    await page.clock.run_for(10_000)
    await held.get_by_role("button", name="Delete Trap.pt").click()
    assert len(await app.custody.entries()) == 1

    await held.get_by_role("button", name="Delete for good Trap.pt").click()
    await expect(held).to_contain_text("Nothing is held back.")
    assert await app.custody.entries() == []
