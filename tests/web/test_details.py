"""The details of a model on the standalone page: its words, what is said of it, its versions, and its file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.actions.requests import Trash
from lorakeeper.py.library.items import LibraryItem, UserChanges
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.axe import serious_violations
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace
from lorakeeper.testing.panel import OpenPage, card, own, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_details(page: Page, title: str) -> Locator:
    await card(page, title).locator(".open").first.click()
    details = page.locator("lk-details")
    await expect(details.get_by_role("heading", name=title)).to_be_visible()
    return details


async def clipboard(page: Page, text: str) -> None:
    """Waits until ``text`` was copied."""
    await page.wait_for_function("text => navigator.clipboard.readText().then((it) => it === text)", arg=text)


async def the_item(app: App) -> LibraryItem:
    [item] = (await app.library.page(LibraryQuery())).items
    return item


async def message(page: Page, text: str) -> Locator:
    """The message that says so."""
    found = page.locator("lk-messages .message").filter(has_text=text)
    await expect(found.first).to_be_visible()
    return found.first


async def until(true: Callable[[], bool]) -> None:
    for _ in range(250):
        if true():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


# -- Words -----------------------------------------------------------------------------------------------------------


async def test_words_are_chosen_and_copied_by_set_all_together_and_as_a_tag(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    words = ["ink \\(style\\), brush", "night"]
    await own(app, civitai, samples.lora("Sets", trigger_words=words, metadata={"ss_tag_frequency": '{"5_inky": {}}'}))
    details = await open_details(page, "Sets")
    sets = details.locator(".set")
    await expect(sets).to_have_count(3)
    await expect(sets.nth(2)).to_contain_text("Guesses from the training")
    pressed = details.get_by_role("button", pressed=True)
    await expect(pressed.filter(has_text="inky")).to_have_count(0)

    # A set is one stop for Tab.
    await sets.first.locator(".toggle").first.focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    await expect(details.get_by_role("button", name="brush", exact=True)).to_be_focused()
    await page.keyboard.press("Space")
    await sets.first.get_by_role("button", name="Copy set 1").click()
    await clipboard(page, "ink \\(style\\)")
    await details.get_by_role("button", name="inky", exact=True).click()
    await details.get_by_role("button", name="Copy 3 chosen words").click()
    await clipboard(page, "ink \\(style\\), night, inky")
    await details.get_by_role("button", name="Copy “brush”").click()
    await clipboard(page, "brush")

    await details.get_by_role("button", name="Copy as <lora:…>").click()
    await clipboard(page, "<lora:Sets:1>")
    await details.get_by_label("Weight").fill("0.65")
    await details.get_by_role("button", name="Copy with words").click()
    await clipboard(page, "<lora:Sets:0.65> ink \\(style\\), night, inky")


async def test_own_words_are_added_changed_and_removed_beside_the_authors(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Mine", trigger_words=["brush, ink"], metadata={}))
    details = await open_details(page, "Mine")
    await details.get_by_role("button", name="Add your own").click()
    await page.keyboard.type("brush, soft light")
    await page.keyboard.press("Enter")
    sets = details.locator(".set")
    await expect(sets.first).to_contain_text("yours")
    await expect(details.get_by_role("button", name="Add your own")).to_be_focused()
    # What the user says too still stands in the author's set.
    await expect(sets.nth(1).locator(".toggle")).to_have_text(["brush", "ink"])

    await details.get_by_role("button", name="Change set 1").click()
    await page.keyboard.press("End")
    await page.keyboard.type(", rain")
    await page.keyboard.press("Escape")
    await expect(sets.first.locator(".toggle")).to_have_text(["brush", "soft light"])
    await details.get_by_role("button", name="Change set 1").click()
    await page.keyboard.press("End")
    await page.keyboard.type(", rain")
    await details.get_by_role("button", name="Save").click()
    await expect(sets.first.locator(".toggle")).to_have_text(["brush", "soft light", "rain"])

    await details.get_by_role("button", name="Remove set 1").click()
    await expect(sets).to_have_count(1)
    await (await message(page, "Your words are removed.")).get_by_role("button", name="Undo").click()
    await expect(sets).to_have_count(2)
    assert (await app.library.get((await the_item(app)).id or 0)).user.trigger_words == ["brush, soft light, rain"]


# -- What is said ----------------------------------------------------------------------------------------------------


async def test_what_is_being_typed_outlives_news_of_the_model_and_the_view(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Typed"))
    item = await the_item(app)
    details = await open_details(page, "Typed")
    await details.get_by_label("Notes").press_sequentially("best at")
    await app.library.change_user(item.id or 0, UserChanges(notes="from elsewhere", favourite=True))
    await expect(details.get_by_role("button", name="Favourite", pressed=True)).to_be_visible()
    await expect(details.get_by_label("Notes")).to_have_value("best at")

    await details.get_by_label("Notes").press_sequentially(" 0.7")
    await page.keyboard.press("Escape")
    await expect(details).to_have_count(0)
    await (await open_details(page, "Typed")).get_by_label("Notes").click()
    await expect(page.locator("lk-details").get_by_label("Notes")).to_have_value("best at 0.7")


async def test_three_layers_stand_apart_and_their_difference_is_said(
    open_page: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    metadata = {
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_dim": "32",
        "ss_network_alpha": "16",
        "ss_resolution": "(768, 1024)",
        "anything": "else",
    }
    sample = samples.lora("Layers", base_model="Pony", metadata=metadata, tags=("style", "ink"))
    await own(app, civitai, sample.but(description="<p>Use <b>softly</b>.</p>"))
    await app.library.change_user((await the_item(app)).id or 0, UserChanges(tags=["keeper"]))
    page = await open_page(width=320)
    details = await open_details(page, "Layers")
    layers = details.locator("lk-layers")
    said = layers.locator("details")
    for name in ("You say", "The site says", "The file says", "Everything written in the file"):
        await layers.locator("summary", has_text=name).last.click()
    await expect(said.nth(0)).to_contain_text("keeper")
    await expect(said.nth(1)).to_contain_text("style, ink")
    for fact in ("32, alpha 16", "768x1024", "anything"):
        await expect(said.nth(2)).to_contain_text(fact)
    await expect(said.nth(2)).not_to_contain_text("keeper")
    await expect(layers).to_contain_text("Civitai says it is for Pony, the file says SDXL 1.0")
    await expect(details.locator("lk-about")).to_contain_text("Use softly.")
    await expect(details.locator("lk-about")).to_contain_text("You may sell pictures made with it")
    assert await too_wide(page) == []
    assert await serious_violations(page) == []


async def test_explicit_picture_is_veiled_until_it_is_asked_for(page: Page, civitai: FakeCivitai, app: App) -> None:
    app.store.update({"nsfw_limit": "R"})
    await own(app, civitai, samples.lora("Veiled", nsfw_level=4, previews=[samples.preview(1)]))
    details = await open_details(page, "Veiled")
    blurred = "image => getComputedStyle(image).filter"
    await expect(details.locator("lk-picture img")).to_have_count(1)
    await page.get_by_label("Notes").hover()
    assert "blur" in await details.locator("lk-picture img").evaluate(blurred)
    await details.get_by_role("button", name="Show the picture").click()
    await page.get_by_label("Notes").hover()
    assert await details.locator("lk-picture img").evaluate(blurred) == "none"


# -- Versions --------------------------------------------------------------------------------------------------------


async def test_newest_version_is_downloaded_in_its_place_and_opened(page: Page, civitai: FakeCivitai, app: App) -> None:
    old = civitai.add(samples.lora("Twins", version_name="v1"))
    civitai.add(samples.lora("Twins two", version_name="v2", size=2_000_000), model_id=old.model_id)
    await app.jobs.wait((await app.jobs.add(f"{old.model_id}@{old.version_id}")).id)
    details = await open_details(page, "Twins")
    versions = details.locator("lk-versions")
    await versions.scroll_into_view_if_needed()
    await expect(versions.locator("b")).to_have_text(["v2", "v1"])
    await expect(versions.locator("li").first).to_contain_text("Newest")
    await expect(versions.locator("li").last).to_contain_text("Shown here")

    civitai.faults.storage.append(Pace(2_000_000))
    await versions.get_by_role("button", name="Download v2").click()
    await expect(versions.locator("lk-job")).to_contain_text("left")
    await expect(versions.locator("li").first).to_contain_text("In your library")
    await versions.get_by_role("button", name="Open v2").click()
    await expect(details.locator("lk-head")).to_contain_text("v2")


# -- Examples --------------------------------------------------------------------------------------------------------


async def test_examples_load_without_end_open_large_and_give_what_made_them(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    graph = {"nodes": [{"id": 1, "type": "KSampler"}], "links": []}
    made = {"prompt": "a hut", "negativePrompt": "blurry", "steps": 20, "cfgScale": 7, "seed": 5}
    fields = [{"meta": made}, {"meta": {**made, "prompt": "a cloud", "comfy": json.dumps({"workflow": graph})}}]
    sample = samples.lora("Shown", previews=[samples.preview(each) for each in range(15)], preview_fields=fields)
    await own(app, civitai, sample)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "civitai/examples" in request.url else None)
    await page.set_viewport_size({"width": 1000, "height": 400})
    details = await open_details(page, "Shown")
    assert asked == []

    await details.locator("lk-examples").scroll_into_view_if_needed()
    strip = details.locator("lk-examples li button")
    await expect(strip).to_have_count(12)
    await strip.first.focus()
    await page.keyboard.press("End")
    await expect(strip).to_have_count(15)
    await strip.first.click()
    large = details.locator("lk-example")
    await expect(large).to_contain_text("a hut")
    picture = large.locator("img")
    await page.wait_for_function("image => image.naturalWidth > 0", arg=await picture.element_handle())
    await large.get_by_role("button", name="Copy all parameters").click()
    await clipboard(page, "a hut\nNegative prompt: blurry\nSteps: 20, CFG scale: 7, Seed: 5")

    await page.keyboard.press("ArrowRight")
    await expect(large).to_contain_text("a cloud")
    await large.get_by_role("button", name="Copy prompt").click()
    await clipboard(page, "a cloud")
    async with page.expect_download() as started:
        await large.get_by_role("button", name="Download workflow").click()
    saved = await (await started.value).path()
    assert json.loads(saved.read_text("utf-8")) == graph
    await page.keyboard.press("Escape")
    await expect(strip.nth(1)).to_be_focused()


# -- The file --------------------------------------------------------------------------------------------------------


async def test_file_is_renamed_and_moved_with_what_belongs_to_it_and_both_are_undone(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    [path] = await own(app, civitai, samples.lora("Wanderer"))
    await own(app, civitai, samples.vae("Soft"))
    beside = path.with_suffix(".txt")
    beside.write_text("notes", "utf-8")
    details = await open_details(page, "Wanderer")

    await details.get_by_role("button", name="Rename").click()
    await expect(details.get_by_label("New file name")).to_have_value("Wanderer")
    await details.get_by_label("New file name").fill("Nomad")
    await page.keyboard.press("Enter")
    await expect(details.locator("lk-file")).to_contain_text("Nomad.safetensors")
    await expect(details.get_by_role("button", name="Rename")).to_be_focused()
    assert not path.exists()
    assert path.with_name("Nomad.txt").exists()
    await (await message(page, "Rename Wanderer")).get_by_role("button", name="Undo").click()
    await expect(details.locator("lk-file")).to_contain_text("Wanderer.safetensors")

    await details.get_by_role("button", name="Move").click()
    await details.get_by_label("Folder").fill("style/ink")
    await expect(details.locator("lk-move")).to_contain_text("Goes along: Wanderer.txt")
    await details.get_by_role("button", name="Move the file").click()
    await expect(details.locator("lk-file dl").first).to_contain_text("style/ink")
    assert (path.parent / "style" / "ink" / "Wanderer.txt").exists()
    await (await message(page, "Move Wanderer")).get_by_role("button", name="Undo").click()
    await expect(details.locator("lk-file dl").first).not_to_contain_text("style/ink")
    assert path.exists()
    assert beside.exists()


async def test_deleted_file_goes_to_the_trash_and_comes_back_by_undo(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    [path] = await own(app, civitai, samples.lora("Trash me"))
    details = await open_details(page, "Trash me")
    await details.get_by_role("button", name="Delete").click()
    await expect(details).to_have_count(0)
    undo = (await message(page, "to the trash")).get_by_role("button", name="Undo")
    assert not path.exists()
    await undo.click()
    await until(path.exists)
    await expect(page.locator("lk-library .count")).to_have_text("1 model")

    # After the ten seconds the trash still has it.
    await app.actions.run(Trash(action="trash", ids=[(await the_item(app)).id or 0]))
    await page.reload()
    await page.get_by_role("button", name="Filters").click()
    await page.locator("lk-filters").get_by_label("In the trash").check()
    details = await open_details(page, "Trash me")
    await expect(details.get_by_role("alert")).to_contain_text("in the trash")
    await details.get_by_role("button", name="Put it back").click()
    await expect(details.get_by_role("button", name="Delete")).to_be_visible()
    assert path.exists()


async def test_missing_file_is_found_again_or_taken_off_the_list(page: Page, civitai: FakeCivitai, app: App) -> None:
    [path] = await own(app, civitai, samples.lora("Gone"))
    path.unlink()
    await app.upkeep.scan()
    await page.reload()
    details = await open_details(page, "Gone")
    await expect(details.get_by_role("alert")).to_contain_text("no longer where it was")
    await expect(details.get_by_role("button", name="Rename")).to_have_count(0)
    await details.get_by_role("button", name="Find it on Civitai").click()
    await expect(page.locator("lk-discover").get_by_role("heading", name="Gone")).to_be_visible()

    await page.get_by_role("navigation", name="Views").get_by_role("button", name="Library").click()
    await details.get_by_role("button", name="Take it off the list").click()
    await expect(page.locator("lk-library .count")).to_have_text("0 models")
    await (await message(page, "Gone")).get_by_role("button", name="Undo").click()
    await expect(page.locator("lk-library .count")).to_have_text("1 model")
    assert (await the_item(app)).state == "missing"


async def test_ways_lead_to_the_family_the_creator_and_the_copies(page: Page, civitai: FakeCivitai, app: App) -> None:
    [path, *_] = await own(
        app, civitai, samples.lora("Twice"), samples.lora("Pony one", base_model="SD 1.5"), samples.vae("Soft")
    )
    Path(path.with_name("Again.safetensors")).write_bytes(path.read_bytes())
    await app.upkeep.scan()
    await app.upkeep.learn()
    details = await open_details(page, "Pony one")
    await details.get_by_role("button", name="Same family").click()
    await expect(page.locator("lk-library .card")).to_have_count(1)
    await details.page.reload()
    details = await open_details(page, "Twice")
    await details.get_by_role("button", name="2 copies").click()
    await expect(page.locator("lk-library .card")).to_have_count(2)
    await card(page, "Twice").locator(".open").first.click()
    await details.get_by_role("button", name="alice on Civitai").click()
    await expect(page.locator("lk-discover .card")).to_have_count(3)
