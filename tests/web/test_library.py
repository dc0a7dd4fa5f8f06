"""The library's view: what it shows, in which order, what it is narrowed to, and what is done with many at once."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.actions.requests import Trash
from lorakeeper.py.library.items import UserChanges
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, card, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def titles(page: Page) -> Locator:
    return page.locator("lk-library .card .title")


def filters(page: Page, section: str) -> Locator:
    """A section of the filters, which are open."""
    return page.locator("lk-filters").get_by_role("region", name=section)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="What the list is narrowed to").get_by_role("button")


def picked(page: Page) -> Locator:
    return page.locator("lk-library .card.selected")


async def top(element: Locator) -> float:
    return float(await element.evaluate("element => element.getBoundingClientRect().top"))


async def files(app: App, **query: object) -> list[str]:
    """The titles of what fits, by name."""
    page = await app.library.page(LibraryQuery.model_validate({"sort": "name", **query}))
    return [item.title for item in page.items]


# -- Looking ---------------------------------------------------------------------------------------------------------


async def test_models_are_searched_and_sorted_and_shown_as_cards_or_as_a_list(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Ink", size=90_000), samples.lora("Neon"), samples.vae("Soft"))
    await expect(titles(page)).to_have_text(["Soft", "Neon", "Ink"])
    await page.get_by_label("Sort by").select_option("name")
    await expect(titles(page)).to_have_text(["Ink", "Neon", "Soft"])
    await page.get_by_role("button", name="Sorted upwards: turn round").click()
    await expect(titles(page)).to_have_text(["Soft", "Neon", "Ink"])
    await page.get_by_label("Sort by").select_option("size")
    await expect(titles(page).first).to_have_text("Ink")

    await page.get_by_label("Search your models").fill("neo")
    await expect(titles(page)).to_have_text(["Neon"])
    await page.get_by_label("Search your models").fill("zebra")
    await page.get_by_role("button", name="Clear the search").click()
    await expect(titles(page)).to_have_count(3)

    await page.get_by_role("button", name="Show as a list").click()
    await expect(card(page, "Ink")).to_contain_text("88 KB")
    await page.reload()
    await expect(page.get_by_role("button", name="Show as cards")).to_be_visible()
    await expect(card(page, "Ink")).to_have_js_property("offsetHeight", 52)


async def test_place_and_selection_outlive_what_happens_meanwhile(
    open_page: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number:02}") for number in range(14)))
    page = await open_page(width=360)
    grid = page.locator("lk-library lk-grid")
    await expect(card(page, "Model 13")).to_be_visible()
    await grid.evaluate("grid => { grid.scrollTop = 900; }")
    await card(page, "Model 06").locator(".open").focus()
    await page.keyboard.press("Space")
    before = await top(card(page, "Model 06"))

    await own(app, civitai, samples.lora("Newcomer"), samples.lora("Another"))
    await expect(page.locator("lk-library .count")).to_have_text("16 models")
    await expect(card(page, "Model 06").locator(".open")).to_be_focused()
    await expect(picked(page)).to_contain_text("Model 06")
    # Two came, in two columns.
    assert abs(await top(card(page, "Model 06")) - before) < 2

    await page.set_viewport_size({"width": 700, "height": 800})
    await expect(card(page, "Model 06")).to_be_in_viewport()


async def test_change_elsewhere_is_seen_at_once(page: Page, civitai: FakeCivitai, app: App) -> None:
    [path, _] = await own(app, civitai, samples.lora("Ink"), samples.lora("Neon"))
    await expect(card(page, "Ink").locator(".mark")).to_have_count(0)
    [ink] = (await app.library.page(LibraryQuery(query="Ink"))).items
    await app.library.change_user(ink.id or 0, UserChanges(favourite=True, preferred_strength=0.7))
    await expect(card(page, "Ink").locator(".mark")).to_have_text("Favourite")
    await expect(card(page, "Ink")).to_contain_text("strength 0.7")

    # A scan finds what the user does with the files.
    shutil.copy(path, path.with_name("Copied by hand.safetensors"))
    path.with_name("Neon.safetensors").unlink()
    await page.get_by_role("button", name="Look after the library").click()
    await page.get_by_role("menuitem", name="Scan the folders").click()
    await expect(page.get_by_role("button", name="Look after the library")).to_be_focused()
    await expect(page.get_by_text("Duplicate", exact=True)).to_have_count(2)
    await expect(card(page, "Neon")).to_contain_text("File missing")


async def test_explicit_picture_is_veiled_until_it_is_pointed_at(page: Page, civitai: FakeCivitai, app: App) -> None:
    app.store.update({"nsfw_limit": "XXX"})
    await own(
        app,
        civitai,
        samples.lora("Tame", previews=[samples.preview(1)]),
        samples.lora("Wild", previews=[samples.preview(2)], nsfw_level=8),
    )
    picture = card(page, "Wild").locator(".picture")
    image = picture.locator("img")
    await expect(image).to_have_css("filter", re.compile("blur"))
    await expect(card(page, "Tame").locator("img")).to_have_css("filter", "none")
    await picture.hover()
    await expect(image).to_have_css("filter", "none")
    await page.mouse.move(2, 2)
    await expect(image).to_have_css("filter", re.compile("blur"))
    await card(page, "Wild").locator(".open").focus()
    await expect(image).to_have_css("filter", "none")


async def test_short_video_plays_while_somebody_points_at_it(
    open_page: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Moving", previews=[samples.clip(1)]))
    for calm in (False, True):
        page = await open_page(reduced_motion="reduce" if calm else "no-preference")
        await card(page, "Moving").locator("img").wait_for()
        await expect(page.locator("lk-library video")).to_have_count(0)
        await card(page, "Moving").hover()
        await expect(page.get_by_role("checkbox", name="Select Moving")).to_have_css("opacity", "1")
        video = page.locator("lk-library video")
        await expect(video).to_have_count(0 if calm else 1)
        if not calm:
            await page.wait_for_function("video => video.currentTime > 0", arg=await video.element_handle())


# -- Narrowing -------------------------------------------------------------------------------------------------------


async def test_filters_say_what_they_lead_to_and_take_several_values(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    app.store.update({"path_template": "{base_model}/{creator}"})
    await own(
        app,
        civitai,
        samples.lora("Ink", base_model="Pony", creator="hana", trigger_words=["ink"]),
        samples.lora("Neon", creator="hana", tags=("style", "city"), trigger_words=["neon"]),
        samples.lora("Moss", base_model="Illustrious", creator="lumen", tags=()),
        samples.vae("Soft", creator="lumen"),
    )
    await page.get_by_role("button", name="Filters").click()
    await expect(filters(page, "Kind")).to_contain_text(re.compile(r"LoRAs\s*3\s*VAE\s*1"))
    await filters(page, "Base model").get_by_label("Pony").check()
    await filters(page, "Base model").get_by_label("Illustrious").check()
    await expect(titles(page)).to_have_text(["Moss", "Ink"])
    await expect(chips(page)).to_have_text(["Pony", "Illustrious"])
    await expect(page.get_by_role("button", name="Filters, 2 active")).to_be_visible()
    # What leads to nothing isn't offered, but for what is asked for.
    await expect(filters(page, "Kind")).not_to_contain_text("VAE")
    await filters(page, "Tag").get_by_label("style").check()
    await expect(titles(page)).to_have_text(["Ink"])

    await page.locator(".parts").get_by_role("button", name="Clear all").click()
    await expect(titles(page)).to_have_count(4)
    await filters(page, "Folder").get_by_role("button", name="Folders in SDXL 1.0").click()
    await filters(page, "Folder").get_by_label("lumen").check()
    await expect(chips(page)).to_have_text(["In SDXL 1.0/lumen"])
    await expect(titles(page)).to_have_text(["Soft"])
    await filters(page, "Folder").get_by_label("lumen").uncheck()
    await filters(page, "Marks").get_by_label("With trigger words").check()
    await expect(titles(page)).to_have_text(["Neon", "Ink"])
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Filters, 1 active")).to_be_focused()


async def test_filter_is_saved_under_a_name(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Ink", base_model="Pony"), samples.lora("Neon"))
    await page.get_by_role("button", name="Filters").click()
    await filters(page, "Base model").get_by_label("Pony").check()
    await page.get_by_label("Search your models").fill("ink")
    await page.get_by_role("button", name="Save this filter").click()
    await page.get_by_label("Name of the filter").fill("Pony inks")
    await page.keyboard.press("Enter")
    saved = page.get_by_role("list", name="Saved filters")
    await expect(saved.get_by_role("button", name="Pony inks", exact=True)).to_be_focused()

    await page.reload()
    await expect(titles(page)).to_have_count(2)
    await page.get_by_role("button", name="Filters").click()
    await saved.get_by_role("button", name="Pony inks", exact=True).click()
    await expect(titles(page)).to_have_text(["Ink"])
    await expect(page.get_by_label("Search your models")).to_have_value("ink")

    await page.get_by_role("button", name="Rename Pony inks").click()
    await page.get_by_label("Name of the filter").fill("Inks")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Remove Inks").click()
    await expect(saved.get_by_role("button")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(saved.get_by_role("button", name="Inks", exact=True)).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Filters").click()
    await expect(saved.get_by_role("button", name="Inks", exact=True)).to_be_visible()
    assert [(each.name, each.query) for each in app.settings.saved_filters] == [
        ("Inks", {"query": "ink", "base_model": ["Pony"]})
    ]


# -- Many at once ----------------------------------------------------------------------------------------------------


async def test_models_are_selected_by_keyboard_and_by_pointer(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number}") for number in range(6)))
    await expect(titles(page)).to_have_count(6)
    await page.get_by_label("Search your models").press("ArrowDown")
    await page.keyboard.press("Space")
    await expect(picked(page)).to_have_count(1)
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(picked(page)).to_have_count(3)
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(page.get_by_text("2 selected", exact=True)).to_be_visible()
    await page.keyboard.press("Control+a")
    await expect(picked(page)).to_have_count(6)
    await page.keyboard.press("Escape")
    await expect(picked(page)).to_have_count(0)
    await expect(page.locator("lk-bulk")).to_have_count(0)

    await card(page, "Model 4").locator(".open").click(modifiers=["Control"])
    await card(page, "Model 1").locator(".open").click(modifiers=["Shift"])
    await expect(picked(page)).to_have_count(4)
    await card(page, "Model 2").hover()
    await page.get_by_role("checkbox", name="Select Model 2").click()
    await expect(page.get_by_role("checkbox", name="Select Model 2")).not_to_be_checked()
    await expect(page.locator("lk-details")).to_have_count(0)
    await page.get_by_role("button", name="Select all 6").click()
    await page.get_by_role("button", name="Copy as <lora:…>").click()
    await expect(page.locator("lk-messages")).to_contain_text("<lora:Model 0:1>")


async def test_many_are_changed_at_once_and_changed_back(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, *(samples.lora(f"Model {number}") for number in range(3)))
    await expect(titles(page)).to_have_count(3)
    bulk = page.locator("lk-bulk")
    undo = page.get_by_role("button", name="Undo")
    await page.get_by_label("Search your models").press("ArrowDown")
    await page.keyboard.press("Control+a")

    await bulk.get_by_role("button", name="Make favourites").click()
    await expect(page.locator("lk-library .mark")).to_have_count(3)
    await undo.click()
    await expect(page.locator("lk-library .mark")).to_have_count(0)

    await bulk.get_by_role("button", name="Tags", exact=True).click()
    await bulk.get_by_role("combobox", name="Tags").fill("portrait, for work")
    await bulk.get_by_role("button", name="Add", exact=True).click()
    await expect(page.locator("lk-messages")).to_contain_text("Tags changed of 3 models.")
    assert len(await files(app, tag=["for work"])) == 3
    await bulk.get_by_role("combobox", name="Tags").fill("portrait")
    await bulk.get_by_role("button", name="Remove", exact=True).click()
    await expect(undo).to_have_count(2)
    assert await files(app, tag=["portrait"]) == []
    await page.keyboard.press("Escape")

    await bulk.get_by_role("button", name="Move to the trash").click()
    await expect(titles(page)).to_have_count(0)
    await expect(bulk).to_have_count(0)
    await undo.last.click()
    await expect(titles(page)).to_have_count(3)

    # After the ten seconds the trash still has them.
    await app.actions.run(Trash(action="trash", ids=await app.library.ids(LibraryQuery())))
    await expect(titles(page)).to_have_count(0)
    await page.get_by_role("button", name="Filters").click()
    await filters(page, "Marks").get_by_label("In the trash").check()
    await expect(titles(page)).to_have_count(3)
    await titles(page).first.click(modifiers=["Control"])
    await bulk.get_by_role("button", name="Put back").click()
    await expect(titles(page)).to_have_count(2)
    assert len(await files(app)) == 1

    # For good only where that is confirmed.
    await page.get_by_label("Search your models").press("ArrowDown")
    await page.keyboard.press("Control+a")
    await bulk.get_by_role("button", name="Delete for good").click()
    sure = bulk.get_by_role("alertdialog")
    await expect(sure).to_contain_text("Delete 2 models for good? They can't be brought back.")
    await expect(sure.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(sure).to_have_count(0)
    await bulk.get_by_role("button", name="Delete for good").click()
    await sure.get_by_role("button", name="Delete for good").click()
    await expect(page.locator("lk-messages")).to_contain_text("2 models deleted for good.")
    await expect(titles(page)).to_have_count(0)
    assert len(await files(app, missing=True)) == 2


async def test_move_says_first_what_is_refused(page: Page, civitai: FakeCivitai, app: App) -> None:
    [one, _, gone] = await own(app, civitai, *(samples.lora(f"Model {number}") for number in range(3)))
    await expect(titles(page)).to_have_count(3)
    gone.unlink()
    bulk = page.locator("lk-bulk")
    await page.get_by_label("Search your models").press("ArrowDown")
    await page.keyboard.press("Control+a")
    await bulk.get_by_role("button", name="Move", exact=True).click()
    await bulk.get_by_label("Folder").fill("people/known")
    await bulk.locator("form").get_by_role("button", name="Move").click()

    await expect(bulk.get_by_role("alert")).to_contain_text(gone.name)
    assert one.exists()
    await bulk.get_by_role("button", name="Move the other 2").click()
    await expect(page.locator("lk-messages")).to_contain_text("2 models moved.")
    assert (one.parent / "people" / "known" / one.name).exists()
    async with page.expect_response("**/undo"):
        await page.get_by_role("button", name="Undo").click()
    assert one.exists()
