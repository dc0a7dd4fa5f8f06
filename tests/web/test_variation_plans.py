"""A plan of variations on the standalone page: what it would make and cost, and where the pictures are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import Instruction, InstructionKind, NewInstruction
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.panel import plan_line, view
from lorakeeper.testing.pictures import photograph, png

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def photo(seed: int) -> bytes:
    return png(photograph(seed, (192, 192)))


async def planned(app: App, **fields: Any) -> Instruction:
    """A plan for a picture that is there and one that isn't."""
    place = app.home / "pictures" / "input"
    place.mkdir(parents=True)
    (place / "cat.png").write_bytes(photo(1))
    images = ["input/cat.png", "input/none.png"]
    payload = {"images": images, "count": 2, "size": "512", "title": "Cats", **fields}
    return await app.instructions.create(
        NewInstruction(title="Many cats", kind=InstructionKind.VARIATIONS, payload=payload)
    )


async def opened(page: Page) -> None:
    await view(page, "Downloads")
    await page.locator("lk-plans .open").click()


async def test_plan_says_what_it_costs_and_where_the_pictures_are(page: Page, app: App) -> None:
    async with FakeGemini(side=64) as gemini:
        app.store.update({"gemini_url": gemini.url})
        app.credentials.set("gemini", KEY)
        gemini.faults += [faults.Given(photo(10)), faults.Given(photo(11))]
        await planned(app)
        await opened(page)
        plan = page.locator("lk-plan")

        await expect(plan).to_contain_text("2 variations of 1 picture")
        await expect(plan).to_contain_text("at most $0.27")
        await expect(plan.get_by_text("It costs at least $0.09")).to_be_visible()
        await expect(plan_line(page, "cat.png")).to_contain_text("output/lorakeeper/Cats")
        await expect(plan_line(page, "none.png")).to_contain_text("There is no picture input/none.png.")
        await expect(plan.get_by_role("alert")).to_have_count(0)
        await plan.get_by_role("button", name="Start").click()

        await expect(page.locator("lk-messages")).to_contain_text(
            "“Many cats” is done: 2 pictures are in output/lorakeeper/Cats."
        )
    assert len(list(app.pictures.results("Cats").glob("*.png"))) == 2


async def test_plan_that_needs_a_key_says_so_and_can_not_be_started(page: Page, app: App) -> None:
    await planned(app)
    await opened(page)

    await expect(plan_line(page, "cat.png")).to_contain_text("Gemini needs a key")
    await expect(page.locator("lk-plan .foot").get_by_role("button", name="Start")).to_have_count(0)


async def test_plan_under_way_is_stopped_and_goes_on_from_there(page: Page, app: App) -> None:
    async with FakeGemini(side=64) as gemini:
        app.store.update({"gemini_url": gemini.url, "gemini_concurrency": 1})
        app.credentials.set("gemini", KEY)
        gemini.faults += [faults.Given(photo(10)), faults.Stall(0, 60)]
        await planned(app)
        await opened(page)
        plan = page.locator("lk-plan")
        await plan.get_by_role("button", name="Start").click()
        await expect(plan).to_contain_text("It is being carried out.")
        while len(gemini.requests) < 2:
            await asyncio.sleep(0.05)
        await plan.get_by_role("button", name="Stop").click()

        await expect(plan.get_by_role("button", name="Start")).to_be_visible()
        gemini.faults[:] = [faults.Given(photo(11))]
        await plan.get_by_role("button", name="Start").click()

        await expect(page.locator("lk-messages")).to_contain_text("2 pictures are in")
        assert len(gemini.requests) == 3
    assert len(list(app.pictures.results("Cats").glob("*.png"))) == 2
