"""Finding models on the site: filters, a list without an end, what is done with what was found, and one of them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import (
    DownloadPayload,
    Instruction,
    InstructionKind,
    InstructionStatus,
    NewInstruction,
)
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Ids, Status
from lorakeeper.testing.panel import OpenPage, box, link, own, paste, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def found(page: Page, name: str = "") -> Locator:
    """The cards of what was found."""
    return page.locator("lk-found .card").filter(has_text=name)


def many(civitai: FakeCivitai, count: int, *, nsfw_level: int = 1) -> list[Ids]:
    """Models of which the first ones are the most popular."""
    return [
        civitai.add(samples.lora(f"Model {number:03}", size=None, downloads=9000 - number, nsfw_level=nsfw_level))
        for number in range(count)
    ]


def wanted(plan: Instruction) -> DownloadPayload:
    return DownloadPayload.model_validate(plan.payload)


async def search(page: Page, words: str) -> None:
    await view(page, "Discover")
    await box(page).fill(words)
    await box(page).press("Enter")


async def popular(page: Page) -> None:
    await view(page, "Discover")
    await page.get_by_role("button", name="Show what is popular").click()


async def asked(page: Page, civitai: FakeCivitai) -> dict[str, list[str]]:
    """What the site was searched for last, once it has answered."""
    await expect(page.locator("lk-discover .line.busy")).to_have_count(0)
    [*_, last] = [request for request in civitai.site.requests if request.path == "/api/v1/models"]
    return {name: last.query.getall(name) for name in last.query}


# -- What is asked for -----------------------------------------------------------------------------------------------


async def test_filters_search_at_once_and_go_away_with_one_click(page: Page, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Ink", creator="inga", tags=["sumi"]))
    civitai.add(samples.lora("Ink of another", base_model="Pony"))
    civitai.add(samples.checkpoint("Ink base", base_model="Brand New 1"))
    await search(page, "ink")
    await expect(found(page)).to_have_count(3)

    filters = page.locator("lk-search-filters")
    for name in ("LORA", "Checkpoint"):
        await filters.get_by_role("button", name=name, exact=True).click()
    await filters.get_by_role("option", name="Pony", exact=True).click()
    # A base model that nobody had heard of is offered because it was found, and could be typed, too.
    await filters.get_by_role("textbox", name="Base model").fill("brand")
    await filters.get_by_role("textbox", name="Base model").press("Enter")
    await expect(found(page)).to_have_count(2)
    await filters.get_by_label("Sort by").select_option("Newest")
    await filters.get_by_label("Period").select_option("Month")
    await expect(page.get_by_role("button", name="Filters, 6 active")).to_have_attribute("aria-expanded", "true")
    assert await asked(page, civitai) == {
        "query": ["ink"], "types": ["LORA", "Checkpoint"], "baseModels": ["Pony", "Brand New 1"], "sort": ["Newest"],
        "period": ["Month"], "nsfw": ["true"], "limit": ["40"],
    }  # fmt: skip

    for part in ("LORA", "Checkpoint", "Pony", "Brand New 1", "Newest", "This month"):
        await page.get_by_role("button", name=f"Remove “{part}”").click()
    await expect(found(page)).to_have_count(3)
    await filters.get_by_label("Creator").fill("inga")
    await filters.get_by_label("Creator").press("Enter")
    await expect(found(page)).to_have_count(1)
    await filters.get_by_label("Tag").fill("sumi")
    await filters.get_by_label("Tag").press("Tab")
    await expect(page.get_by_role("button", name="Remove “tagged “sumi””")).to_be_visible()
    last = await asked(page, civitai)
    assert (last["username"], last["tag"]) == (["inga"], ["sumi"])
    await filters.get_by_role("button", name="Clear the filters").click()
    await expect(found(page)).to_have_count(3)

    # What was searched last is still there when one comes back.
    await view(page, "Library")
    await view(page, "Discover")
    await expect(found(page)).to_have_count(3)
    await expect(box(page)).to_have_value("ink")


async def test_search_never_shows_more_than_the_limit(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.add(samples.lora("For all", nsfw_level=1))
    civitai.add(samples.lora("For most", nsfw_level=2))
    civitai.add(samples.lora("For some", nsfw_level=8))
    await popular(page)
    await expect(found(page)).to_have_count(2)
    await page.get_by_role("checkbox", name="Only what suits everybody").check()
    await expect(found(page)).to_have_count(1)
    assert "nsfw" not in await asked(page, civitai)
    await page.get_by_role("button", name="Remove “Suits everybody”").click()
    app.store.update({"nsfw_limit": "X", "blur_from": "X"})
    await box(page).press("Enter")
    await expect(found(page)).to_have_count(3)
    await page.get_by_role("button", name="Change the limit").click()
    await expect(page.locator("lk-settings")).to_be_visible()


async def test_explicit_picture_is_veiled_until_it_is_pointed_at(page: Page, civitai: FakeCivitai, app: App) -> None:
    app.store.update({"nsfw_limit": "X", "blur_from": "R"})
    civitai.add(samples.lora("Bold", nsfw_level=8, previews=[samples.preview(1)]))
    await popular(page)
    image = found(page, "Bold").locator("img")
    await expect(image).to_have_css("filter", "blur(22px)")
    await found(page, "Bold").hover()
    await expect(image).to_have_css("filter", "none")


async def test_filters_lie_over_a_narrow_list_and_escape_closes_them(open_page: OpenPage, civitai: FakeCivitai) -> None:
    many(civitai, 3)
    page = await open_page(width=320, height=720, reduced_motion="reduce")
    await popular(page)
    button = page.locator("lk-search-box .filter")
    await expect(page.locator("lk-search-filters")).to_have_count(0)
    await button.click()
    await page.get_by_role("button", name="LORA", exact=True).press("Enter")
    # Arrows move in the list of base models, and Enter takes one.
    await page.get_by_role("textbox", name="Base model").press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("option", name="SDXL 1.0")).to_have_attribute("aria-selected", "true")
    assert await too_wide(page) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("lk-search-filters")).to_have_count(0)
    await expect(button).to_be_focused()
    await expect(page.get_by_role("button", name="Remove “SDXL 1.0”")).to_be_visible()
    await expect(found(page)).to_have_count(3)
    assert await too_wide(page) == []


# -- What is found ---------------------------------------------------------------------------------------------------


async def test_video_moves_while_one_looks_unless_nothing_shall_move(page: Page, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Wave", previews=[samples.clip(1)]))
    await popular(page)
    wave = found(page, "Wave")
    await expect(wave.locator("img")).to_have_js_property("complete", True)
    await expect(wave.locator("video")).to_have_count(0)
    await wave.hover()
    await expect(wave.locator("video")).to_have_js_property("paused", False)
    await box(page).hover()
    await expect(wave.locator("video")).to_have_count(0)

    await page.emulate_media(reduced_motion="reduce")
    await wave.hover()
    await expect(wave.locator(".acts")).to_be_visible()
    await expect(wave.locator("video")).to_have_count(0)


async def test_list_goes_on_over_empty_pages_and_errors_and_shows_nothing_twice(
    page: Page, civitai: FakeCivitai
) -> None:
    many(civitai, 95)
    civitai.quirks.empty_pages = True
    await popular(page)
    await expect(found(page, "Model 000")).to_be_visible()

    grid = page.locator("lk-found-grid")
    civitai.faults.site.append(Status(400, path="/api/v1/models", times=None))
    await grid.evaluate("grid => grid.scrollTo(0, 1e6)")
    again = page.locator("lk-found").get_by_role("button", name="Try again")
    sentence = page.locator("lk-found").get_by_role("alert").locator("p")
    await expect(sentence).to_have_text(re.compile(r"\.$"), timeout=20_000)
    civitai.faults.site.clear()
    await again.click()
    await page.wait_for_function(
        "grid => { grid.scrollTo(0, 1e6); return grid.count === 95; }", arg=await grid.element_handle(), polling=100
    )
    await expect(page.get_by_text("That is all: 95 models.")).to_be_in_viewport()
    numbers = await grid.evaluate("grid => Array.from({ length: grid.count }, (_, index) => grid.key(index))")
    assert len(numbers) == len(set(numbers)) == 95


async def test_search_without_anything_new_for_long_asks_whether_to_go_on(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    # All that comes first is beyond the limit.
    many(civitai, 260, nsfw_level=8)
    civitai.add(samples.lora("Mild at last", size=None, downloads=1))
    await popular(page)
    await page.get_by_role("button", name="Look further").click()
    await expect(found(page)).to_have_count(1)
    await expect(page.get_by_text("That is all: one model.")).to_be_visible()

    # For a tag that it doesn't know the site shows everything, page after page.
    app.store.update({"nsfw_limit": "X"})
    tag = page.locator("lk-search-filters").get_by_label("Tag")
    await tag.fill("nonsense")
    await tag.press("Enter")
    await expect(page.get_by_text("Nothing is tagged “nonsense” so far")).to_be_visible()
    await expect(found(page)).to_have_count(0)


async def test_place_is_kept_when_one_comes_back_from_a_model(open_page: OpenPage, civitai: FakeCivitai) -> None:
    many(civitai, 60)
    page = await open_page(width=360)
    await popular(page)
    await expect(found(page, "Model 000")).to_be_visible()
    await found(page, "Model 000").locator(".open").focus()
    for _ in range(4):
        await page.keyboard.press("PageDown")
    opener = page.locator("lk-found .open:focus")
    name = await opener.get_attribute("title")
    grid = page.locator("lk-found-grid")
    place = await grid.evaluate("grid => grid.scrollTop")
    assert place > 500
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-preview").get_by_role("heading", name=str(name))).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(opener).to_have_attribute("title", str(name))
    assert await grid.evaluate("grid => grid.scrollTop") == place


# -- What is done with it --------------------------------------------------------------------------------------------


async def test_card_says_what_is_here_and_downloads_in_one_click(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Owned"))
    civitai.add(samples.lora("Wanted", downloads=2345))
    await popular(page)
    await expect(found(page, "Owned").locator(".mark")).to_have_text("Here")
    await expect(found(page, "Wanted")).to_contain_text(re.compile(r"alice\s*2\.3K\s*100 %"))
    await found(page, "Wanted").hover()
    await page.get_by_role("button", name="Download: Wanted").click()
    await expect(page.locator("lk-messages")).to_contain_text("Wanted is being downloaded.")
    await expect(found(page, "Wanted").locator(".mark")).to_have_text("Here")
    await expect(page.locator("lk-preview")).to_have_count(0)


async def test_newer_version_of_what_is_here_is_marked(page: Page, civitai: FakeCivitai, app: App) -> None:
    old = samples.lora("Lamp")
    ids = civitai.add(old)
    await app.jobs.wait((await app.jobs.add(f"{ids.model_id}@{ids.version_id}")).id)
    newer = samples.lora("Lamp", size=70_000, version_name="v2", published_at=old.published_at + timedelta(days=9))
    civitai.add(newer, model_id=ids.model_id)
    await search(page, "lamp")
    await expect(found(page, "Lamp").locator(".mark")).to_have_text("Update")


async def test_model_that_needs_a_look_opens_its_preview_instead(page: Page, civitai: FakeCivitai, app: App) -> None:
    civitai.add(samples.upscaler("Mystery", type="Other"))
    await popular(page)
    await found(page, "Mystery").hover()
    await page.get_by_role("button", name="Download: Mystery").click()
    await expect(page.locator("lk-preview").get_by_label("Goes to")).to_have_value("")
    assert (await app.jobs.page()).items == []


async def test_selected_models_go_into_a_plan_old_or_new(page: Page, civitai: FakeCivitai, app: App) -> None:
    one, two, *_ = [f"{ids.model_id}@{ids.version_id}" for ids in many(civitai, 4)]
    old = await app.instructions.create(
        NewInstruction(kind=InstructionKind.DOWNLOAD, title="Portraits", payload={"targets": [{"target": one}]})
    )
    await popular(page)
    await found(page, "Model 000").locator(".open").click(modifiers=["ControlOrMeta"])
    await found(page, "Model 001").locator(".open").click(modifiers=["ControlOrMeta"])
    await page.get_by_role("button", name="Add 2 to a plan").click()
    sheet = page.get_by_role("dialog", name="Add 2 models to a plan")
    await sheet.get_by_role("button", name="Portraits").click()
    await expect(page.get_by_text("The model is in the plan “Portraits”.")).to_be_visible()
    await expect(page.get_by_text("2 selected")).to_have_count(0)
    assert [each.target for each in wanted(await app.instructions.get(old.id)).targets] == [one, two]
    await page.get_by_role("button", name="Open the plan").click()
    await expect(page.locator("lk-plan").get_by_role("heading", name="Portraits")).to_be_visible()
    await expect(page.locator("lk-plan lk-lines li")).to_have_count(2)

    await page.keyboard.press("Escape")
    await found(page, "Model 003").hover()
    await page.get_by_role("button", name="Add to a plan: Model 003").click()
    name = page.get_by_label("A new plan, called")
    await expect(name).to_have_value("Model 003")
    await name.fill("Landscapes")
    await name.press("Enter")
    await expect(page.get_by_text("The model is in the plan “Landscapes”.")).to_be_visible()
    plans = {each.title: each.status for each in (await app.instructions.page()).items}
    assert plans == {"Portraits": InstructionStatus.VALIDATED, "Landscapes": InstructionStatus.DRAFT}


async def test_selected_models_are_downloaded_as_one_job_unless_one_needs_a_look(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    many(civitai, 2)
    civitai.add(samples.upscaler("Mystery", type="Other", downloads=1))
    await popular(page)
    await found(page, "Model 000").locator(".open").press("Space")
    await page.keyboard.press("Shift+ArrowRight")
    await page.get_by_role("button", name="Download 2").click()
    await expect(page.locator("lk-messages")).to_contain_text("2 models are being downloaded.")
    await expect(found(page, "Model 001").locator(".mark")).to_have_text("Here")
    [job] = (await app.jobs.page()).items
    assert job.total_files == 2

    await found(page, "Mystery").locator(".open").press("Space")
    await found(page, "Model 000").locator(".pick").click()
    await page.get_by_role("button", name="Download 2").click()
    await expect(page.locator("lk-plan").get_by_role("heading", name="Model 000 and 1 more")).to_be_visible()
    assert len((await app.jobs.page()).items) == 1


# -- The preview -----------------------------------------------------------------------------------------------------


async def test_preview_says_all_that_there_is_to_know(page: Page, civitai: FakeCivitai, app: App) -> None:
    first = samples.lora(
        "Lamp", version_name="v1", tags=["light", "night"], creator="inga",
        description="<p>Put it <b>anywhere</b>.</p><script>no()</script>",
    )  # fmt: skip
    ids = civitai.add(first)
    await app.jobs.wait((await app.jobs.add(f"{ids.model_id}@{ids.version_id}")).id)
    small = samples.lora("Lamp small", size=32_768, primary=False, fp="fp8")
    newer = samples.lora(
        "Lamp", version_name="v2", size=131_072, base_model="Pony", files=[small], trigger_words=["glow"],
        previews=[samples.preview(1), samples.preview(2)],
    )  # fmt: skip
    await paste(page, link(civitai, civitai.add(newer, model_id=ids.model_id)))
    preview = page.locator("lk-preview")
    versions = preview.get_by_role("group", name="Version")
    await expect(versions.get_by_role("radio", name="v2")).to_be_checked()
    await expect(versions.locator("label").nth(0)).to_contain_text("Pony · Aug 20, 2025")
    await expect(versions.locator("label").nth(1)).to_contain_text("Here")
    files = preview.get_by_role("group", name="File")
    await expect(files.locator(".facts")).to_have_text(["128 KB · SafeTensor", "32 KB · SafeTensor"])
    await files.get_by_role("radio", name="Lamp small").check()
    await expect(preview.get_by_role("button", name="Download 32 KB")).to_be_visible()
    for text in ("Put it anywhere.", "You may sell pictures made with it", "glow"):
        await expect(preview.get_by_text(text)).to_be_visible()

    await versions.get_by_role("radio", name="v1").check()
    await expect(preview).to_contain_text("You have this file already.")
    await expect(preview.get_by_role("button", name="Show in library")).to_be_visible()


async def test_tag_and_creator_of_a_model_are_searched_for(page: Page, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Lamp", creator="inga", tags=["light"]))
    civitai.add(samples.lora("Torch", tags=["light"]))
    civitai.add(samples.lora("Tree", creator="inga"))
    await paste(page, link(civitai, ids))
    await page.locator("lk-preview").get_by_role("button", name="light", exact=True).click()
    await expect(page.locator("lk-preview")).to_have_count(0)
    await expect(found(page)).to_have_text([re.compile("Lamp"), re.compile("Torch")])
    await found(page, "Lamp").locator(".open").click()
    await page.locator("lk-preview").get_by_role("button", name="by inga").click()
    await expect(found(page)).to_have_text([re.compile("Lamp"), re.compile("Tree")])

    # Other views ask for a search, or for one model, the same way.
    await page.locator("lk-app").evaluate(
        "(app, detail) => app.dispatchEvent(new CustomEvent('lk-open', { detail }))",
        {"view": "discover", "search": {"target": f"{ids.model_id}@{ids.version_id}"}},
    )
    await expect(page.locator("lk-preview").get_by_role("heading", name="Lamp")).to_be_visible()


async def test_file_of_a_preview_goes_into_a_plan_as_it_was_chosen(page: Page, civitai: FakeCivitai, app: App) -> None:
    ids = civitai.add(samples.diffusion_model("All in one"))
    await paste(page, link(civitai, ids))
    preview = page.locator("lk-preview")
    await preview.get_by_label("Goes to").select_option("checkpoints")
    await preview.get_by_role("button", name="Add to a plan").click()
    await page.get_by_role("button", name="New plan").click()
    await page.get_by_role("button", name="Open the plan").click()
    await expect(page.locator("lk-plan lk-lines li")).to_contain_text("checkpoints")
    [plan] = (await app.instructions.page()).items
    [target] = wanted(plan).targets
    assert (target.kind, target.file_id) == ("checkpoints", ids.file_id)
