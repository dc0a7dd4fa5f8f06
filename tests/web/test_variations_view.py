"""The variations view: a run is written and begun, its pictures are looked at, kept and varied."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from lorakeeper.py.app import App
from lorakeeper.py.variations.requests import VariationRequest
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.graphs import add_types, node_info
from lorakeeper.testing.panel import OpenPage, drop_file, too_wide, view
from lorakeeper.testing.pictures import photograph, png

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def photo(seed: int, *, blurred: bool = False) -> bytes:
    from PIL import ImageFilter

    image = photograph(seed, (192, 192))
    return png(image.filter(ImageFilter.GaussianBlur(9)) if blurred else image)


@pytest_asyncio.fixture(loop_scope="session")
async def gemini(app: App) -> AsyncIterator[FakeGemini]:
    """With its key in the settings; one request at a time, so that faults meet requests in their order."""
    async with FakeGemini(side=64) as gemini:
        app.store.update({"gemini_url": gemini.url, "gemini_concurrency": 1})
        app.credentials.set("gemini", KEY)
        yield gemini


async def made(app: App, gemini: FakeGemini, *answers: faults.Fault, count: int = 2, prompt: str = "Cats") -> str:
    """A run that is over, of a picture and these answers; its id."""
    gemini.faults += answers
    run = app.variation_runs.begin(VariationRequest(prompt, (photograph(1, (192, 192)),), count=count))
    while app.variation_runs.get(run.id).state == "running":
        await asyncio.sleep(0.02)
    return run.id


def few() -> list[faults.Fault]:
    """A good one, one that is blurred, the first one again, and another good one."""
    return [faults.Given(each) for each in (photo(10), photo(12, blurred=True), photo(10), photo(11))]


async def opened(page: Page, title: str = "Cats") -> Locator:
    await view(page, "Variations")
    await page.get_by_role("button", name=f"Open {title}").click()
    return page.locator("lk-run")


async def kept(app: App) -> int:
    return len([*app.pictures.results("Cats").glob("*.png")])


# -- A new run -------------------------------------------------------------------------------------------------------


async def test_run_is_counted_begun_and_shown_with_accepted_beside_rejected(page: Page, gemini: FakeGemini) -> None:
    await view(page, "Variations")
    await page.get_by_role("button", name="Make variations").click()
    form = page.get_by_role("form", name="New variations")
    await expect(form).to_contain_text("Add a picture, write a prompt, or both.")
    await drop_file(page, "notes.txt", b"text", "lk-new-run")
    await expect(page.locator("lk-messages")).to_contain_text("notes.txt is no PNG, JPEG or WebP picture.")
    await form.locator("[type=file]").set_input_files({"name": "cat.png", "mimeType": "image/png", "buffer": photo(1)})
    await form.get_by_label("Prompt").fill("Cats")
    await form.get_by_label("How many").fill("2")
    await form.get_by_label("Model").select_option("gemini-3-pro-image")
    await expect(form.get_by_role("status")).to_contain_text("2 to 6 requests · about $0.27, at most $0.82")
    await form.get_by_label("Model").select_option("gemini-3.1-flash-image")
    await form.get_by_label("Size").select_option("512")
    await form.get_by_label("Budget in dollars").fill("0.2")
    await expect(form.get_by_role("status")).to_contain_text("2 to 6 requests · about $0.09, at most $0.20")
    gemini.faults += few()
    await form.get_by_role("button", name="Make 2 pictures").click()

    run = page.locator("lk-run")
    await expect(run).to_contain_text("Finished")
    await expect(run).to_contain_text("2 of 2 pictures · 2 rejected")
    await expect(run).to_contain_text("All 2 variations are there.")
    await expect(run).to_contain_text(re.compile(r"Cost\s*about \$0\.18"))
    good, bad = run.get_by_role("list", name="Accepted"), run.get_by_role("list", name="Rejected")
    await expect(good.get_by_role("listitem")).to_have_count(2)
    await expect(bad.get_by_role("listitem").first).to_contain_text("It is blurred.")
    await expect(bad.get_by_role("listitem").last).to_contain_text("It is too much like the other variations")
    await expect(good.get_by_role("listitem").first).to_contain_text(re.compile(r"Likeness\s*0\.\d\d"))
    await expect(good.get_by_role("listitem").first).to_contain_text(re.compile(r"Overall\s*0\.\d\d"))
    left, right = await good.bounding_box(), await bad.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] < right["x"]
    await page.set_viewport_size({"width": 320, "height": 800})
    left, right = await good.bounding_box(), await bad.bounding_box()
    assert left is not None
    assert right is not None
    assert left["y"] + left["height"] < right["y"]
    assert await too_wide(page) == []


async def test_without_a_key_it_says_so_and_leads_to_the_setting(page: Page) -> None:
    await view(page, "Variations")
    await page.get_by_role("button", name="Make variations").click()
    await page.get_by_label("Prompt").fill("Cats")
    await expect(page.locator("lk-new-run")).to_contain_text("with a key of your own")
    make = page.get_by_role("button", name="Make 4 pictures")
    await expect(make).to_have_attribute("aria-disabled", "true")
    await make.click(force=True)
    await expect(page.locator("lk-run")).to_have_count(0)

    await page.get_by_role("button", name="Set the key").click()
    await expect(page.get_by_label("Gemini API key")).to_be_focused()
    await page.keyboard.insert_text(KEY)
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-messages")).to_contain_text("The key is saved.")
    await view(page, "Variations")
    await expect(page.locator("lk-new-run").get_by_label("Prompt")).to_have_value("Cats")
    await expect(make).to_have_attribute("aria-disabled", "false")


async def test_run_that_brings_nothing_says_why(page: Page, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, faults.BlockedPrompt(), faults.BlockedPrompt(), faults.BlockedPrompt(), count=1)
    run = await opened(page)

    await expect(run).to_contain_text("Failed")
    await expect(run.get_by_role("alert")).to_contain_text(re.compile(r"\w+\.$"))
    await expect(run).to_contain_text("No picture was good enough.")
    await page.keyboard.press("Escape")
    await expect(run).to_have_count(0)
    await expect(page.get_by_role("button", name="Open Cats")).to_be_focused()


# -- Its pictures ----------------------------------------------------------------------------------------------------


async def test_pictures_are_kept_as_files_all_some_or_one(page: Page, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, *few())
    run = await opened(page)
    await run.get_by_role("button", name="Keep all 2 accepted").click()
    await expect(page.locator("lk-messages")).to_contain_text("2 pictures are in output/lorakeeper/Cats.")
    await expect(run.get_by_role("listitem").filter(has_text="Kept")).to_have_count(2)
    assert await kept(app) == 2

    await run.get_by_label("Choose Picture 2").check()
    await run.get_by_role("button", name="Keep the chosen one").click()
    await expect(page.locator("lk-messages")).to_contain_text("It is kept as output/lorakeeper/Cats/Cats-003.png.")
    await run.get_by_role("button", name="Choose none").click()
    await run.get_by_role("button", name="Show Picture 3 large").click()
    await run.get_by_role("button", name="Keep as a file").click()
    await expect(run.get_by_role("button", name="Keep again")).to_be_visible()
    assert await kept(app) == 4


async def test_picture_is_seen_large_and_arrows_lead_to_the_others(page: Page, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, *few())
    run = await opened(page)
    await run.get_by_role("button", name="Show Picture 1 large").focus()
    await page.keyboard.press("ArrowRight")
    await expect(run.get_by_role("button", name="Show Picture 4 large")).to_be_focused()
    await page.keyboard.press("Enter")
    large = page.locator("lk-run-picture")
    await expect(large.get_by_role("img", name="Picture 4, accepted")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(large.get_by_role("status")).to_have_text("Picture 2, rejected · 3 of 4")
    await expect(large).to_contain_text("It is blurred.")
    await large.get_by_role("button", name="Next picture").click()
    await page.keyboard.press("ArrowRight")
    await expect(large.get_by_role("status")).to_have_text("Picture 3, rejected · 4 of 4")

    await page.keyboard.press("Escape")
    await expect(large).to_have_count(0)
    await expect(run.get_by_role("button", name="Show Picture 3 large")).to_be_focused()


async def test_picture_of_a_run_is_varied_further(page: Page, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, faults.Given(photo(10)), count=1)
    run = await opened(page)
    await run.get_by_label("Choose Picture 1").check()
    await run.get_by_role("button", name="Vary this one").click()
    form = page.get_by_role("form", name="New variations")
    await expect(form.get_by_label("Prompt")).to_be_focused()
    await expect(form.get_by_label("Prompt")).to_have_value("Cats")
    await expect(form.get_by_role("img", name="Cats-1.png")).to_be_visible()
    await form.get_by_label("How many").fill("1")
    await expect(form.get_by_role("status")).to_contain_text("1 to 3 requests")
    gemini.faults.append(faults.Given(photo(11)))
    await form.get_by_role("button", name="Make 1 picture").click()

    await expect(page.locator("lk-run")).to_contain_text("Finished")
    await expect(page.locator("lk-run").get_by_role("list", name="Accepted").get_by_role("listitem")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("list", name="Runs of variations").get_by_role("listitem")).to_have_count(2)


async def test_picture_comes_to_the_canvas_as_a_node(open_comfyui: OpenPage, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, faults.Given(photo(10)), count=1)
    page = await open_comfyui()
    sent: list[bytes] = []

    async def upload(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        await route.fulfill(json={"name": "Cats-1.png", "subfolder": "", "type": "input"})

    await page.route("**/api/upload/image", upload)
    await add_types(page, node_info("LoadImage", {"image": [["a.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]))
    run = await opened(page)
    await run.get_by_label("Choose Picture 1").check()
    await run.get_by_role("button", name="To the canvas").click()
    await page.wait_for_function("() => comfy.graph.nodes.length === 1")

    assert await page.evaluate("() => comfy.graph.nodes[0].type") == "LoadImage"
    assert await page.evaluate("() => comfy.graph.nodes[0].widgets[0].value") == "Cats-1.png"
    assert photo(10) in sent[0]


# -- Runs ------------------------------------------------------------------------------------------------------------


async def test_run_under_way_shows_each_picture_and_is_stopped(page: Page, app: App, gemini: FakeGemini) -> None:
    await view(page, "Variations")
    await expect(page.get_by_role("heading", name="No variations yet")).to_be_visible()
    gemini.faults += [faults.Given(photo(10)), faults.Stall(0, 60)]
    app.variation_runs.begin(VariationRequest("Cats", (photograph(1, (192, 192)),), count=2))
    row = page.get_by_role("list", name="Runs of variations").get_by_role("listitem")
    await expect(row).to_contain_text("Being made")
    await expect(row).to_contain_text("1 of 2 pictures")
    await expect(row.locator(".strip img")).to_have_count(1)
    assert await row.get_by_role("progressbar").evaluate("bar => bar.value") == 0.5

    await row.get_by_role("button", name="Stop Cats").click()
    await expect(row).to_contain_text("Stopped")
    await expect(row.get_by_role("button", name="Remove Cats")).to_be_visible()


async def test_run_is_forgotten_when_that_can_no_more_be_undone(page: Page, app: App, gemini: FakeGemini) -> None:
    await made(app, gemini, faults.Given(photo(10)), count=1)
    await page.clock.install()
    await view(page, "Variations")
    remove = page.get_by_role("button", name="Remove Cats")
    await remove.click()
    await expect(page.get_by_role("heading", name="No variations yet")).to_be_visible()
    await page.locator("lk-messages").get_by_role("button", name="Undo").click()
    await remove.click()
    assert len(app.variation_runs.summaries()) == 1

    async with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        await page.clock.run_for(10_000)
    assert app.variation_runs.summaries() == []


async def test_what_is_kept_from_gemini_costs_nothing_until_it_is_cleared(
    page: Page, app: App, gemini: FakeGemini
) -> None:
    await made(app, gemini, faults.Given(photo(10)), count=1)
    await made(app, gemini, count=1, prompt="Cats")
    assert len(gemini.requests) == 1
    await view(page, "Variations")
    await page.get_by_role("button", name="Open Cats").first.click()
    await expect(page.locator("lk-run").get_by_role("listitem")).to_contain_text("From the cache")
    await page.keyboard.press("Escape")

    cache = page.locator("lk-kept-answers")
    await expect(cache).to_contain_text(re.compile(r"Kept from Gemini: [\d.]+ KB of 954 MB"))
    await cache.get_by_role("button", name="Clear", exact=True).click()
    assert await app.variation_cache.size() > 0
    await cache.get_by_role("button", name="Clear for good").click()
    await expect(page.locator("lk-messages")).to_contain_text("1 picture is no longer kept.")
    assert await app.variation_cache.size() == 0


@pytest.mark.parametrize("width", [320, 1600])
async def test_nothing_sticks_out(open_page: OpenPage, app: App, gemini: FakeGemini, width: int) -> None:
    title = "A_rather_long_name_without_any_space_" * 3
    await made(app, gemini, *few(), prompt=title)
    page = await open_page(width, reduced_motion="reduce")
    await view(page, "Variations")
    await expect(page.locator(".strip img")).to_have_count(4)
    assert await too_wide(page) == []
    await page.get_by_role("button", name=re.compile("^Open")).click()
    assert await too_wide(page) == []
    await page.get_by_role("button", name="Show Picture 1 large").click()
    assert await too_wide(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="New variations").click()
    assert await too_wide(page) == []
