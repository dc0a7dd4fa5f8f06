"""Every view on the standalone page, before the real application and the fake site."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.hosts.standalone import Standalone
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Corrupt, FakeCivitai, Pace
from lorakeeper.testing.panel import OpenPage, box, card, link, own, paste, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


# -- From a link to a model ------------------------------------------------------------------------------------------


async def test_pasted_link_becomes_a_model_in_the_library(page: Page, civitai: FakeCivitai, app: App) -> None:
    await expect(page.get_by_text("No models yet")).to_be_visible()
    ids = civitai.add(samples.lora("Ink Wash", trigger_words=["ink wash"], previews=[samples.preview(1)]))
    await page.get_by_role("button", name="Find a model").click()
    await paste(page, link(civitai, ids))

    preview = page.locator("lk-preview")
    await expect(preview.get_by_role("heading", name="Ink Wash")).to_be_visible()
    image = preview.locator("img").first
    await expect(image).to_have_js_property("complete", True)
    assert await image.evaluate("image => image.naturalWidth") > 0
    for fact in ["LORA", "SDXL 1.0", "by alice", "Ink Wash.safetensors", "64 KB", "ink wash"]:
        await expect(preview.get_by_text(fact, exact=False).first).to_be_visible()
    await expect(preview.locator("#folder")).to_have_value("loras")

    await preview.get_by_role("button", name="Download 64 KB").click()
    await expect(preview.locator("lk-job")).to_contain_text("Installed")
    await preview.get_by_role("button", name="Show in library").click()

    await expect(page.locator("lk-details").get_by_role("heading", name="Ink Wash")).to_be_visible()
    picture = card(page, "Ink Wash").locator("img")
    await expect(picture).to_be_visible()
    await page.wait_for_function("image => image.naturalWidth > 0", arg=await picture.element_handle())
    assert [item.title for item in (await app.library.page(LibraryQuery())).items] == ["Ink Wash"]


async def test_progress_is_live_and_a_download_pauses_resumes_and_is_cancelled(
    page: Page, civitai: FakeCivitai
) -> None:
    ids = civitai.add(samples.lora("Slow", size=4_000_000))
    civitai.faults.storage.append(Pace(1_000_000))
    await paste(page, link(civitai, ids))
    await page.locator("lk-preview").get_by_role("button", name="Download").click()
    await expect(page.get_by_role("button", name="Downloads, 1 running")).to_be_visible()
    await view(page, "Downloads")

    row = page.locator("lk-queue lk-job")
    bar = row.get_by_role("progressbar")
    seen: set[float] = set()
    while len(seen) < 3:
        await asyncio.sleep(0.1)
        seen.add(await bar.evaluate("bar => bar.hasAttribute('value') && bar.value > 0 ? bar.value : 0"))
    await expect(row).to_contain_text(re.compile(r"[\d.]+ [KM]B of 3\.8 MB · [\d.]+ [KM]B/s · \d+ s left"))

    await row.get_by_role("button", name="Pause").click()
    await expect(row).to_contain_text("Paused")
    await row.get_by_role("button", name="Resume").click()
    await expect(row).to_contain_text("Downloading")
    await row.get_by_role("button", name="Cancel").click()
    await expect(row).to_contain_text("Cancelled")

    civitai.faults.storage.clear()
    await row.get_by_role("button", name="Retry").click()
    await expect(row).to_contain_text("Installed")


async def test_failed_download_says_why_and_can_be_retried(page: Page, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Broken"))
    civitai.faults.storage.append(Corrupt(at=5000, times=None))
    await paste(page, link(civitai, ids))
    await page.locator("lk-preview").get_by_role("button", name="Download").click()

    row = page.locator("lk-preview lk-job")
    await expect(row).to_contain_text("Failed", timeout=30_000)
    assert (await row.get_by_role("alert").inner_text()).endswith(".")
    civitai.faults.storage.clear()
    await row.get_by_role("button", name="Retry").click()
    await expect(row).to_contain_text("Installed")


async def test_quarantined_file_is_told_as_what_it_is(page: Page, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.bad_pickle("Trap"))
    await paste(page, link(civitai, ids))
    await page.locator("lk-preview").get_by_role("button", name="Download").click()
    await expect(page.locator("lk-preview lk-job")).to_contain_text("Quarantined")


@pytest.mark.parametrize("target", ["https://civitai.com/models/999999", "https://example.com/models/1"])
async def test_target_that_leads_nowhere_gets_a_sentence(page: Page, target: str) -> None:
    await paste(page, target)
    sentence = await page.locator("lk-discover").get_by_role("alert").inner_text()
    assert sentence.strip().endswith((".", "?"))
    await expect(page.locator("lk-preview")).to_have_count(0)


async def test_number_that_is_no_model_can_be_searched_for(page: Page, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Studio 1999"))
    await paste(page, "1999")
    await page.get_by_role("button", name="Search for “1999” instead").click()
    await expect(page.locator("lk-discover .card")).to_contain_text("Studio 1999")


async def test_kind_that_nobody_knows_is_asked_for(page: Page, civitai: FakeCivitai, app: App) -> None:
    ids = civitai.add(samples.upscaler("Mystery", type="Other"))
    await paste(page, link(civitai, ids))
    preview = page.locator("lk-preview")
    await preview.get_by_role("button", name="Download").click()
    await expect(preview.locator(".foot").get_by_role("alert")).to_have_text("Choose the folder this file belongs to.")

    await preview.get_by_label("Goes to").select_option("upscale_models")
    await preview.get_by_role("button", name="Download").click()
    await expect(preview.locator("lk-job")).to_contain_text("Installed")
    assert [item.kind for item in (await app.library.page(LibraryQuery())).items] == ["upscale_models"]


async def test_folder_that_was_proposed_can_be_changed(page: Page, civitai: FakeCivitai, app: App) -> None:
    ids = civitai.add(samples.diffusion_model("All in one"))
    await paste(page, link(civitai, ids))
    preview = page.locator("lk-preview")
    await expect(preview.get_by_label("Goes to")).to_have_value("diffusion_models")

    await preview.get_by_label("Goes to").select_option("checkpoints")
    await preview.get_by_role("button", name="Download").click()
    await expect(preview.locator("lk-job")).to_contain_text("Installed")
    assert [item.kind for item in (await app.library.page(LibraryQuery())).items] == ["checkpoints"]


async def test_one_click_shows_what_is_popular(page: Page, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Everybody has it"))
    await view(page, "Discover")
    await page.get_by_role("button", name="Show what is popular").click()

    await expect(page.locator("lk-discover .card")).to_contain_text("Everybody has it")


async def test_other_version_can_be_picked(page: Page, civitai: FakeCivitai) -> None:
    old = civitai.add(samples.lora("Twins", version_name="v1", trigger_words=["old words"]))
    new = civitai.add(samples.lora("Twins two", version_name="v2", trigger_words=["new words"]), model_id=old.model_id)
    await paste(page, link(civitai, new))
    preview = page.locator("lk-preview")
    await expect(preview).to_contain_text("new words")
    await preview.get_by_role("radio", name="v1").check()
    await expect(preview).to_contain_text("old words")


async def test_file_that_is_there_already_is_shown_and_not_offered(page: Page, civitai: FakeCivitai, app: App) -> None:
    ids = civitai.add(samples.lora("Owned"))
    await app.jobs.wait((await app.jobs.add(f"{ids.model_id}@{ids.version_id}")).id)
    await paste(page, link(civitai, ids))
    await expect(page.locator("lk-preview")).to_contain_text("You have this file already.")
    await expect(page.locator("lk-preview").get_by_role("button", name="Download")).to_have_count(0)
    await page.locator("lk-preview").get_by_role("button", name="Show in library").click()
    await expect(page.locator("lk-details").get_by_role("heading", name="Owned")).to_be_visible()


async def test_words_search_the_site(page: Page, civitai: FakeCivitai) -> None:
    for name in ("Neon rain", "Neon alley", "Clay"):
        civitai.add(samples.lora(name, previews=[samples.preview(len(name))]))
    civitai.add(samples.checkpoint("Neon base"))
    await view(page, "Discover")
    await box(page).fill("neon")
    await box(page).press("Enter")
    results = page.locator("lk-discover .card")
    await expect(results).to_have_count(3)

    await page.get_by_role("button", name="LORA", exact=True).click()
    await expect(results).to_have_count(2)
    await results.filter(has_text="Neon alley").locator(".open").click()
    await expect(page.locator("lk-preview").get_by_role("heading", name="Neon alley")).to_be_visible()

    await box(page).fill("nothing of the kind")
    await box(page).press("Enter")
    await expect(page.get_by_text("Civitai has nothing for “nothing of the kind”")).to_be_visible()


# -- The library -----------------------------------------------------------------------------------------------------


async def test_trigger_words_keep_the_authors_sets_and_are_copied(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Sets", trigger_words=["arknights \\(style\\), neon", "night"], metadata={}))
    await card(page, "Sets").locator(".open").click()
    sets = page.locator("lk-details .set")
    await expect(sets).to_have_count(2)
    await expect(sets.first).to_contain_text("from Civitai")

    async def clipboard() -> str:
        return str(await page.evaluate("navigator.clipboard.readText()"))

    await sets.first.get_by_role("button", name="Copy “arknights \\(style\\)”").click()
    await expect(page.locator("lk-messages")).to_contain_text("Copied")
    assert await clipboard() == "arknights \\(style\\)"
    await sets.first.get_by_role("button", name="Copy set 1").click()
    await expect(page.locator("lk-messages")).to_contain_text("arknights \\(style\\), neon")
    assert await clipboard() == "arknights \\(style\\), neon"
    await page.get_by_role("button", name="Copy as <lora:…>").click()
    await expect(page.locator("lk-messages")).to_contain_text("<lora:Sets:1>")


async def test_what_the_user_says_is_kept(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Mine"))
    await card(page, "Mine").locator(".open").click()
    details = page.locator("lk-details")
    await details.get_by_role("button", name="Favourite").click()
    await details.get_by_label("Notes").fill("best at 0.7")
    await details.get_by_label("Add a tag").fill("portrait")
    await details.get_by_label("Add a tag").press("Enter")
    await details.get_by_label("Preferred strength").fill("0.7")
    await details.get_by_label("Preferred strength").press("Enter")
    await expect(details.get_by_text("Saved")).to_be_visible()
    await expect(card(page, "Mine").locator(".mark")).to_have_count(1)
    await expect(card(page, "Mine")).to_contain_text("0.7")

    [item] = (await app.library.page(LibraryQuery())).items
    assert (item.favourite, item.notes, item.tags, item.preferred_strength) == (True, "best at 0.7", ["portrait"], 0.7)


async def test_escape_leads_back_to_the_same_place(open_page: OpenPage, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number:02}") for number in range(16)))
    page = await open_page(width=360)
    await expect(card(page, "Model 15")).to_be_visible()
    await page.locator("lk-library .scroll").first.evaluate("list => { list.scrollTop = 1500; }")
    far = card(page, "Model 03")
    await far.locator(".open").click()
    place = await page.locator("lk-library .scroll").first.evaluate("list => list.scrollTop")
    assert place > 0
    await expect(page.locator("lk-details").get_by_role("heading", name="Model 03")).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(page.locator("lk-details")).to_have_count(0)
    await expect(far.locator(".open")).to_be_focused()
    assert await page.locator("lk-library .scroll").first.evaluate("list => list.scrollTop") == place


async def test_library_works_by_keyboard(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number}") for number in range(4)))
    await expect(page.locator("lk-library .card")).to_have_count(4)
    await page.get_by_role("button", name="Look after the library").focus()
    await page.keyboard.press("Tab")
    opens = page.locator("lk-library .card .open")
    await expect(opens.nth(0)).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(opens.nth(1)).to_be_focused()
    await page.keyboard.press("End")
    await expect(opens.nth(3)).to_be_focused()
    # One card at a time is in the tab order.
    assert await opens.evaluate_all("all => all.map(each => each.tabIndex)") == [-1, -1, -1, 0]
    outline = await opens.nth(3).evaluate("each => getComputedStyle(each).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-details").get_by_role("heading", name="Model 0")).to_be_visible()


async def test_missing_file_is_marked_in_words(page: Page, civitai: FakeCivitai, app: App) -> None:
    [path] = await own(app, civitai, samples.lora("Gone"))
    path.unlink()
    await page.reload()
    await card(page, "Gone").locator(".open").click()
    await expect(page.locator("lk-library").get_by_text("File missing")).to_be_visible()
    await expect(page.locator("lk-details").get_by_role("alert")).to_contain_text("no longer where it was")


# -- The queue -------------------------------------------------------------------------------------------------------


async def test_finished_downloads_leave_the_list_and_come_back_by_undo(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("One"), samples.lora("Two"))
    await view(page, "Downloads")
    rows = page.locator("lk-queue lk-job")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Remove from the list Two").click()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Clear finished").click()
    await expect(page.get_by_text("No downloads")).to_be_visible()
    assert len((await app.jobs.page()).items) == 2


async def test_page_catches_up_after_the_server_was_away(
    open_page: OpenPage, standalone: Standalone, app: App, civitai: FakeCivitai
) -> None:
    page = await open_page()
    await view(page, "Downloads")
    await expect(page.get_by_text("No downloads")).to_be_visible()
    port = standalone.url.port
    await standalone.__aexit__()
    await own(app, civitai, samples.lora("Meanwhile"))
    async with Standalone(app, port=port):
        await expect(page.locator("lk-queue lk-job")).to_contain_text("Meanwhile", timeout=20_000)
        await view(page, "Library")
        await expect(card(page, "Meanwhile")).to_be_visible()


# -- Settings --------------------------------------------------------------------------------------------------------


async def test_key_goes_in_and_does_not_come_out(page: Page, app: App) -> None:
    key = "0123456789abcdef0123456789abcdef"
    await view(page, "Settings")
    field = page.get_by_label("Civitai API key")
    await expect(field).to_have_attribute("type", "password")
    await field.fill(key)
    await field.press("Enter")
    await expect(page.get_by_text("0123…cdef, saved here")).to_be_visible()
    assert await field.input_value() == ""
    assert app.credentials.status("civitai").configured
    assert key not in await page.content()

    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("0123…cdef")).to_have_count(0)
    assert not app.credentials.status("civitai").configured


async def test_settings_are_saved_or_say_what_is_wrong(page: Page, app: App) -> None:
    await view(page, "Settings")
    await page.get_by_label("Downloads at once").fill("7")
    await page.get_by_label("Downloads at once").press("Tab")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert app.settings.concurrency == 7

    await page.get_by_label("Content limit").select_option("X")
    await page.get_by_label("Cache").uncheck()
    await page.get_by_label("Sub-folders").fill("{base_model}")
    await page.get_by_label("Sub-folders").press("Tab")
    await expect(page.locator("lk-settings .field").filter(has_text="Sub-folders")).to_contain_text("Saved")
    assert (app.settings.nsfw_limit, app.settings.cache, app.settings.path_template) == ("X", False, "{base_model}")

    await page.get_by_label("Proxy").fill("nonsense")
    await page.get_by_label("Proxy").press("Tab")
    await expect(page.locator("lk-settings").get_by_role("alert")).to_contain_text("proxy")
    assert app.settings.proxy == ""


async def test_what_is_being_typed_outlives_another_settings_answer(page: Page) -> None:
    await view(page, "Settings")
    await page.get_by_label("Sub-folders").fill("{creator}")
    await page.locator("lk-settings").evaluate(
        "settings => { settings.saved = 'cache'; return settings.updateComplete; }"
    )

    await expect(page.get_by_label("Sub-folders")).to_have_value("{creator}")


# -- Looks -----------------------------------------------------------------------------------------------------------


async def test_theme_follows_the_system_and_the_switch(open_page: OpenPage) -> None:
    async def lightness(page: Page) -> float:
        colour = await page.locator("lk-app").evaluate("app => getComputedStyle(app).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 765

    light = await open_page(color_scheme="light")
    assert await lightness(light) > 0.9
    dark = await open_page(color_scheme="dark")
    assert await lightness(dark) < 0.2
    switch = dark.get_by_role("button", name="Theme")
    await switch.click()
    await switch.click()
    assert await lightness(dark) > 0.9
    await dark.reload()
    assert await lightness(dark) > 0.9


async def test_nothing_is_wider_than_the_panel(open_page: OpenPage, civitai: FakeCivitai, app: App) -> None:
    words = ["a very long trigger word that goes on and on " * 3, "x" * 80]
    await own(app, civitai, samples.lora("A rather long name of a model, " * 3, trigger_words=words))
    page = await open_page(reduced_motion="reduce")
    await page.locator("lk-library .card .open").click()
    await expect(page.locator("lk-details .set")).not_to_have_count(0)
    for width in (300, 420, 700, 1600):
        await page.set_viewport_size({"width": width, "height": 800})
        for name in ("Discover", "Downloads", "Settings", "Library"):
            await view(page, name)
            assert await too_wide(page) == [], f"{name} at {width}"


async def test_details_stand_beside_the_list_where_there_is_room(
    open_page: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Side"))
    for width, beside in ((1400, True), (400, False)):
        page = await open_page(width=width)
        await card(page, "Side").locator(".open").click()
        box_of = await page.locator("lk-details").bounding_box()
        assert box_of
        assert (box_of["x"] > width / 2) == beside
