"""Jobs of many files in the queue, and how fast they are: before the real application and the fake site."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, Route, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import InstructionKind, NewInstruction
from lorakeeper.py.bulk.jobs import BulkOptions, BulkStatus, ItemState, Priority, Wanted
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace, Status
from lorakeeper.testing.panel import OpenPage, item_row, job_row, own, targets, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLOW = 400_000


async def press(page: Page, name: str) -> None:
    await page.locator("lk-queue").get_by_role("button", name=name, exact=True).click()


async def names(page: Page) -> list[str]:
    return await page.locator("lk-queue lk-job .name").all_inner_texts()


# -- Jobs ------------------------------------------------------------------------------------------------------------


async def test_job_of_many_files_is_counted_paused_and_resumed(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    small, large = (
        [samples.lora(f"Small {each}", size=20_000) for each in range(2)],
        samples.lora("Big", size=4_000_000),
    )
    job = await app.jobs.create_bulk_job(targets(civitai, *small, large), "Portraits")
    await view(page, "Downloads")
    row = job_row(page, "Portraits")
    await expect(row).to_contain_text("2 of 3 files")
    await expect(row).to_contain_text(re.compile(r"[\d.]+ [KM]B of 3\.9 MB · [\d.]+ [KM]B/s · \d+ s left"))
    await expect(page.get_by_role("button", name="Downloads, 1 running")).to_be_visible()
    part = await row.get_by_role("progressbar").evaluate("bar => bar.value")
    assert 0 < part < 1

    await press(page, "Pause Portraits")
    await expect(row).to_contain_text("Paused")
    await expect(page.locator("lk-queue .bar")).to_contain_text("1 paused")
    await expect(page.get_by_role("button", name="Downloads, 0 running")).to_contain_text("1")
    assert (await app.jobs.get(job.id)).state is BulkStatus.PAUSED

    civitai.faults.storage.clear()
    await press(page, "Resume Portraits")
    await expect(row).to_contain_text("3 of 3 files")
    await expect(row).to_contain_text("Finished")
    await expect(page.get_by_role("navigation").get_by_role("button", name="Downloads")).not_to_contain_text("1")


async def test_progress_goes_on_while_something_else_of_the_job_is_changed(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    wanted = targets(civitai, *(samples.lora(name, size=8_000_000) for name in ("Now", "Later")))
    named = [Wanted(target=target, name=name) for target, name in zip(wanted, ("Now", "Later"), strict=True)]
    await app.jobs.create_bulk_job(named, "Pair", BulkOptions(batch_size=1))
    await view(page, "Downloads")
    await press(page, "Files Pair")
    await expect(item_row(page, "Now")).to_contain_text("Downloading")
    await press(page, "Pause Later")
    await expect(item_row(page, "Later")).to_contain_text("Paused")

    bar = job_row(page, "Pair").get_by_role("progressbar", name="Pair")
    before = await bar.evaluate("bar => bar.value")
    await page.wait_for_timeout(600)
    assert await bar.evaluate("bar => bar.value") > before
    await expect(item_row(page, "Now")).to_contain_text("Downloading")


async def test_what_failed_is_counted_in_words_and_tried_again(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Status(404, times=None))
    await app.jobs.create_bulk_job(targets(civitai, samples.lora("One"), samples.lora("Two")), "Pair")
    await view(page, "Downloads")
    row = job_row(page, "Pair")
    await expect(row).to_contain_text("2 failed", timeout=20_000)
    await press(page, "Files Pair")
    error = item_row(page, "One").locator(".error")
    assert (await error.inner_text()).endswith(".")

    civitai.faults.storage.clear()
    await press(page, "Try the failed again Pair")
    await expect(row).to_contain_text("2 of 2 files")
    await expect(row).not_to_contain_text("failed")
    await expect(item_row(page, "One")).to_contain_text("Installed")


async def test_cancelled_job_comes_back_by_undo(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    wanted = targets(civitai, *(samples.lora(f"Model {each}", size=2_000_000) for each in range(3)))
    await app.jobs.create_bulk_job(wanted, "Three")
    await view(page, "Downloads")
    row = job_row(page, "Three")
    await press(page, "Cancel Three")
    await expect(row).to_contain_text("3 cancelled")

    civitai.faults.storage.clear()
    await page.locator("lk-messages").get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("3 of 3 files")


async def test_jobs_change_their_priority_and_their_place_by_keyboard(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    app.store.update({"job_concurrency": 1})
    civitai.faults.storage.append(Pace(SLOW))
    jobs = {}
    for name in ("First", "Second", "Third", "Fourth"):
        wanted = targets(civitai, *(samples.lora(f"{name} {each}", size=4_000_000) for each in range(2)))
        jobs[name] = await app.jobs.create_bulk_job(wanted, name)
    await view(page, "Downloads")
    await expect(job_row(page, "First")).to_contain_text("Downloading")
    assert await names(page) == ["First", "Second", "Third", "Fourth"]

    up = page.get_by_role("button", name="Move up Third")
    await up.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-queue lk-job .name").nth(1)).to_have_text("Third")
    assert await names(page) == ["First", "Third", "Second", "Fourth"]
    await expect(up).to_be_focused()

    await page.get_by_role("button", name="Move to the front Fourth").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-queue lk-job .name").first).to_have_text("Fourth")
    # The button that was pressed has gone.
    await expect(page.get_by_role("button", name="Pause Fourth")).to_be_focused()
    await expect(job_row(page, "Fourth")).to_contain_text("Downloading")
    assert await names(page) == ["Fourth", "First", "Third", "Second"]

    await page.get_by_label("Priority of Second").select_option("high")
    await expect(page.locator("lk-queue lk-job .name").first).to_have_text("Second")
    assert (await app.jobs.get(jobs["Second"].id)).options.priority is Priority.HIGH


async def test_all_are_paused_and_let_go_on_at_once(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    wanted = targets(civitai, *(samples.lora(name, size=4_000_000) for name in ("Ink", "Neon")))
    for target in wanted:
        await app.jobs.add(target)
    await view(page, "Downloads")
    bar = page.locator("lk-queue .bar")
    await expect(bar).to_contain_text("2 running")
    await press(page, "Pause all")
    await expect(bar).to_contain_text("2 paused")

    civitai.faults.storage.clear()
    await press(page, "Resume all")
    await expect(bar).to_contain_text("2 finished")
    await expect(page.get_by_role("button", name="Pause all")).to_have_count(0)


async def test_plans_that_were_carried_out_are_listed_with_what_came_of_them(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    [target] = targets(civitai, samples.lora("Ink"))
    new = NewInstruction(title="One LoRA", kind=InstructionKind.DOWNLOAD, payload={"targets": [{"target": target}]})
    plan = await app.instructions.create(new)
    await app.instructions.validate(plan.id)
    await app.instructions.approve(plan.id)
    await view(page, "Downloads")
    await expect(page.locator("lk-plans")).to_contain_text("One LoRA")
    await app.instructions.execute(plan.id)
    await press(page, "Plans that were carried out")
    row = page.locator("lk-past-plans li")
    await expect(row).to_contain_text(re.compile(r"One LoRA.*Files: 1", re.DOTALL))
    await expect(job_row(page, "Ink.safetensors")).to_contain_text("Installed")

    await row.get_by_role("button", name="One LoRA").first.click()
    result = page.locator("lk-plan").get_by_role("region", name="What came of it")
    await expect(result).to_contain_text(re.compile(r"Files\s*1\s*Downloads\s*Finished"))
    await page.keyboard.press("Escape")
    await row.get_by_role("button", name="Remove the plan One LoRA").click()
    await expect(page.locator("lk-past-plans li")).to_have_count(0)


async def test_new_order_counts_although_the_list_is_overtaken_by_news(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    app.store.update({"job_concurrency": 1})
    civitai.faults.storage.append(Pace(SLOW))
    for name in ("First", "Second"):
        wanted = targets(civitai, *(samples.lora(f"{name} {each}", size=4_000_000) for each in range(2)))
        job = await app.jobs.create_bulk_job(wanted, name)
    await view(page, "Downloads")

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        await app.jobs.pause(job.id)
        await expect(job_row(page, "Second")).to_contain_text("Paused")
        await route.fulfill(response=answer)

    await page.route(re.compile(r"/lorakeeper/jobs\?"), hold)
    await page.get_by_role("button", name="Move up Second").click()
    await expect(page.locator("lk-queue lk-job .name").first).to_have_text("Second")
    await expect(job_row(page, "Second")).to_contain_text("Paused")


# -- Their files -----------------------------------------------------------------------------------------------------


async def test_one_file_is_paused_cancelled_and_tried_again(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    wanted = targets(civitai, *(samples.lora(name, size=3_000_000) for name in ("Ink", "Neon", "Clay")))
    job = await app.jobs.create_bulk_job(wanted, "Set")
    await view(page, "Downloads")
    await press(page, "Files Set")
    ink, neon = item_row(page, "Ink"), item_row(page, "Neon")
    await expect(ink).to_contain_text(re.compile(r"Downloading.*of 2\.9 MB"))

    await press(page, "Cancel Ink.safetensors")
    await expect(ink).to_contain_text("Cancelled")
    await expect(job_row(page, "Set")).to_contain_text("1 cancelled")
    await press(page, "Pause Neon.safetensors")
    await expect(neon).to_contain_text("Paused")
    states = {item.name: item.state for item in (await app.jobs.items(job.id)).items}
    assert states["Ink.safetensors"] is ItemState.CANCELLED
    assert states["Neon.safetensors"] is ItemState.PAUSED

    civitai.faults.storage.clear()
    await press(page, "Retry Ink.safetensors")
    await expect(ink).to_contain_text("Installed")
    await press(page, "Resume Neon.safetensors")
    await expect(neon).to_contain_text("Installed")
    await ink.get_by_role("button", name="Show in library").click()
    await expect(page.locator("lk-details").get_by_role("heading", name="Ink")).to_be_visible()


async def test_files_that_wait_are_moved_and_follow_their_job(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    every = ["One", "Two", "Three", "Four"]
    wanted = targets(civitai, *(samples.lora(name, size=3_000_000) for name in every))
    named = [Wanted(target=target, name=name) for target, name in zip(wanted, every, strict=True)]
    job = await app.jobs.create_bulk_job(named, "Row")
    await app.jobs.pause(job.id)
    await view(page, "Downloads")
    await press(page, "Files Row")
    titles = page.locator("lk-queue lk-item .cut")
    await expect(titles).to_have_count(4)
    four = page.get_by_role("button", name="Move to the front Four")
    await four.focus()
    await page.keyboard.press("Enter")
    await expect(titles.first).to_have_text(re.compile("^Four"))
    await page.get_by_role("button", name="Move up Three").click()
    await expect(titles.nth(2)).to_have_text(re.compile("^Three"))
    expected = ["Four", "One", "Three", "Two"]
    assert [title.partition(".")[0] for title in await titles.all_inner_texts()] == expected
    kept = [(item.name or "").partition(".")[0] for item in (await app.jobs.items(job.id)).items]
    assert kept == expected

    await press(page, "Cancel Row")
    await expect(page.locator("lk-item").filter(has_text="Cancelled")).to_have_count(4)


async def test_long_job_is_shown_a_page_at_a_time(page: Page, app: App) -> None:
    await app.jobs.create_bulk_job([f"https://example.com/{each}" for each in range(240)], "Many")
    await view(page, "Downloads")
    await expect(job_row(page, "Many")).to_contain_text("240 failed")
    await press(page, "Files Many")
    rows = page.locator("lk-queue lk-item")
    await expect(rows).to_have_count(30)
    await press(page, "Show more")
    await expect(rows).to_have_count(130)
    await expect(rows.nth(129)).to_contain_text("example.com/129")
    await press(page, "Files Many")
    await expect(rows).to_have_count(0)


async def test_unfolded_job_is_no_wider_than_the_panel(open_page: OpenPage, civitai: FakeCivitai, app: App) -> None:
    civitai.faults.storage.append(Pace(SLOW))
    wanted = targets(civitai, samples.lora("A rather long name of a model, " * 3, size=3_000_000))
    await app.jobs.create_bulk_job([*wanted, f"https://example.com/{'x' * 200}"], "A long name of a job " * 6)
    page = await open_page(reduced_motion="reduce")
    await view(page, "Downloads")
    await page.locator("lk-queue .fold").first.click()
    await expect(page.locator("lk-queue lk-item")).to_have_count(2)
    await press(page, "Speed")
    for width in (300, 420, 1000):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await too_wide(page) == [], width


# -- Speed -----------------------------------------------------------------------------------------------------------


async def test_speed_is_told_while_it_is_open_and_only_then(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Fast"))
    async with app.optimizer.transfer():
        app.optimizer.received(50_000_000)
        app.optimizer.judge()
    [change, *_] = app.optimizer.report().changes
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/performance") else None)
    await page.clock.install()
    await view(page, "Downloads")
    speed = page.locator("lk-speed")
    assert asked == []

    await speed.get_by_role("button", name="Speed").click()
    for text in (
        "Network",
        "On average",
        "Connections",
        "Adaptive",
        f"{change.before} → {change.after} connections",
        change.why,
    ):
        await expect(speed).to_contain_text(text)
    await expect(speed.get_by_role("button", name="Speed")).to_have_attribute("aria-expanded", "true")
    async with page.expect_request("**/performance"):
        await page.clock.run_for(5_000)
    await speed.get_by_role("button", name="Speed").click()
    await page.clock.run_for(20_000)
    assert len(asked) == 2
