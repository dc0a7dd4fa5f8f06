"""Plans on the standalone page: lists, workflows and pictures become one, and one becomes downloads."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.async_api import Page, Request, expect

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import InstructionKind, InstructionStatus, NewInstruction
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace, Status
from lorakeeper.testing.panel import (
    OpenPage,
    box,
    drop_file,
    own,
    paste,
    plan_line,
    targets,
    too_wide,
    view,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def download(*wanted: str) -> dict[str, Any]:
    return {"targets": [{"target": each} for each in wanted]}


def workflow(*names: str) -> str:
    """A graph that loads these LoRAs."""
    nodes = [
        {"id": number, "type": "LoraLoader", "widgets_values": [name, 1, 1]} for number, name in enumerate(names, 1)
    ]
    return json.dumps({"nodes": nodes, "links": []})


def start(page: Page, name: str) -> Any:
    return page.locator("lk-plan .foot").get_by_role("button", name=name)


async def statuses(app: App) -> list[str]:
    return [each.status.value for each in (await app.instructions.page()).items]


# -- A list ----------------------------------------------------------------------------------------------------------


async def test_pasted_list_is_looked_through_and_downloaded(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Owned"))
    one, two = targets(civitai, samples.lora("One", size=2_000_000), samples.lora("Two", size=1_000_000))
    owned = civitai.add(samples.lora("Owned"))
    await paste(page, f"# from a friend\n{one}\n{two}  # the second\n{owned.model_id}@{owned.version_id}\n99@98765\n")

    plan = page.locator("lk-plan")
    await expect(plan.get_by_role("heading", name="4 models")).to_be_visible()
    await expect(plan_line(page, "One.safetensors")).to_contain_text("1.9 MB")
    await expect(plan_line(page, "One.safetensors")).to_contain_text(str(app.roots.folders("loras")[0]))
    link = plan_line(page, "One.safetensors").get_by_role("link")
    await expect(link).to_have_attribute("href", re.compile("/models/"))
    await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await expect(plan_line(page, "99@98765").locator(".bad p, p.bad")).to_have_text(re.compile(r"\.$"))
    await expect(plan_line(page, "99@98765")).to_contain_text("line 5")
    for sum_ in ("2 files · 2.9 MB", "Here already", "Not possible", "Free afterwards"):
        await expect(plan.locator("dl")).to_contain_text(sum_)
    assert await statuses(app) == ["validated"]

    await start(page, "Download 2 files").click()
    await expect(plan).to_have_count(0)
    await expect(page.locator("lk-queue")).to_be_visible()
    await expect(page.locator("lk-queue lk-job").first).to_contain_text("2 of 2 files")
    assert await statuses(app) == ["executed"]
    names = {path.name for path in app.roots.folders("loras")[0].rglob("*.safetensors")}
    assert names == {"One.safetensors", "Two.safetensors", "Owned.safetensors"}


async def test_lines_are_filtered_by_what_becomes_of_them(page: Page, civitai: FakeCivitai) -> None:
    [good] = targets(civitai, samples.lora("Good"))
    await paste(page, f"{good}\nhttps://example.com/file\n99@98765\n")
    rows = page.locator("lk-lines li")
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="Not possible 2").click()
    await expect(rows).to_have_count(2)
    await expect(page.get_by_role("button", name="Not possible 2")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="To do 1").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Good.safetensors")


async def test_long_list_is_shown_a_page_at_a_time(page: Page) -> None:
    await paste(page, "\n".join(f"https://example.com/{each}" for each in range(1, 1501)))
    rows = page.locator("lk-lines li")
    await expect(rows).to_have_count(100)
    await page.locator("lk-lines").get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(200)
    await expect(rows.last).to_contain_text("example.com/200")
    await expect(page.locator("lk-plan")).to_contain_text("There is nothing in it to do.")
    await expect(start(page, "Download")).to_have_count(0)


async def test_one_pasted_link_is_still_a_preview_and_words_are_a_search(page: Page, civitai: FakeCivitai) -> None:
    [one] = targets(civitai, samples.lora("One"))
    await paste(page, one)
    await expect(page.locator("lk-preview")).to_be_visible()
    await paste(page, "some words\nand others")
    await expect(box(page)).to_have_value(re.compile("some words"))
    await expect(page.locator("lk-plan")).to_have_count(0)


async def test_files_of_plans_are_taken_in(page: Page, civitai: FakeCivitai, app: App) -> None:
    one, two = targets(civitai, samples.lora("One"), samples.lora("Two"))
    plans = [
        {"title": "Friend's", "payload": download(one), "notes": ["Try the second first."]},
        {"title": "More", "payload": download(two)},
    ]
    await paste(page, json.dumps({"lorakeeper": 1, "instructions": plans[:1]}))
    await expect(page.locator("lk-plan").get_by_role("heading", name="Friend's")).to_be_visible()
    await expect(page.locator("lk-plan")).to_contain_text("Try the second first.")
    await expect(start(page, "Download 1 file")).to_be_visible()

    await drop_file(page, "set.json", json.dumps({"lorakeeper": 1, "instructions": plans}).encode())
    await expect(page.locator("lk-messages")).to_contain_text("2 plans are in Downloads.")
    await expect(page.locator("lk-plans li")).to_have_count(3)
    assert sorted(await statuses(app)) == ["draft", "draft", "validated"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_dropped_list_is_named_after_its_file(page: Page, civitai: FakeCivitai, encoding: str) -> None:
    [one] = targets(civitai, samples.lora("One"))
    await drop_file(page, "Portraits.txt", f"# Über\r\n{one}\r\n".encode(encoding))
    await expect(page.locator("lk-plan").get_by_role("heading", name="Portraits")).to_be_visible()
    await expect(plan_line(page, "One.safetensors")).to_be_visible()


# -- Its life --------------------------------------------------------------------------------------------------------


async def test_plan_waits_in_downloads_and_is_removed_or_rejected_with_a_way_back(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    first, second = targets(civitai, samples.lora("First", size=1_000_000), samples.lora("Second"))
    await paste(page, f"{first}\n99@98765\n")
    await start(page, "Not now").click()
    await app.instructions.create(NewInstruction(title="Other", payload=download(second)))
    await view(page, "Downloads")
    rows = page.locator("lk-plans li")
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text="2 models")).to_contain_text("Waits for your yes · 1 file · 977 KB")
    await expect(rows.filter(has_text="Other")).to_contain_text("Not looked through yet")

    await page.get_by_role("button", name="Remove the plan 2 models").click()
    await expect(rows).to_have_count(1)
    await page.locator("lk-messages").get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(2)

    # A draft is looked through when it is opened.
    await rows.filter(has_text="Other").locator(".open").click()
    await expect(start(page, "Download 1 file")).to_be_visible()
    await page.clock.install()
    await start(page, "Reject").click()
    await expect(rows).to_have_count(1)
    assert await statuses(app) == ["validated", "validated"]
    async with page.expect_response("**/reject"):
        await page.clock.run_for(11_000)
    assert await statuses(app) == ["rejected", "validated"]


async def test_what_was_seen_long_ago_is_looked_at_again(page: Page, civitai: FakeCivitai, app: App) -> None:
    [wanted] = targets(civitai, samples.lora("Old"))
    plan = await app.instructions.create(NewInstruction(title="Old one", payload=download(wanted)))
    before = (await app.instructions.validate(plan.id)).validated_at
    await view(page, "Downloads")
    await page.locator("lk-plans .open").click()
    await expect(start(page, "Download 1 file")).to_be_visible()
    assert (await app.instructions.get(plan.id)).validated_at == before

    await page.keyboard.press("Escape")
    await page.clock.install()
    await page.clock.run_for(3_700_000)
    async with page.expect_response("**/validate"):
        await page.locator("lk-plans .open").click()
    await expect(start(page, "Download 1 file")).to_be_visible()
    assert (await app.instructions.get(plan.id)).validated_at != before


async def test_failure_is_a_sentence_with_another_try(page: Page, civitai: FakeCivitai, app: App) -> None:
    [wanted] = targets(civitai, samples.lora("One"))
    plan = await app.instructions.create(NewInstruction(title="Once more", payload=download(wanted)))
    await page.route("**/validate", lambda route: route.abort())
    await view(page, "Downloads")
    await page.locator("lk-plans .open").click()
    await expect(page.locator("lk-plan").get_by_role("alert")).to_contain_text("server can't be reached")
    await page.unroute("**/validate")
    await start(page, "Try again").click()
    await expect(start(page, "Download 1 file")).to_be_visible()
    await expect(page.locator("lk-plan").get_by_role("alert")).to_have_count(0)

    # Changed by somebody else meanwhile: it is looked through again by itself.
    [other] = targets(civitai, samples.lora("Another"))
    await app.instructions.change(plan.id, payload=download(other))
    await expect(plan_line(page, "Another.safetensors")).to_be_visible()

    await page.route("**/execute", lambda route: route.abort())
    await start(page, "Download 1 file").click()
    await expect(page.locator("lk-plan").get_by_role("alert")).to_contain_text("server can't be reached")
    assert await statuses(app) == ["approved"]
    await page.unroute("**/execute")
    await start(page, "Download 1 file").click()
    await expect(page.locator("lk-queue lk-job").first).to_contain_text("Installed")
    assert (await app.instructions.get(plan.id)).status is InstructionStatus.EXECUTED


async def test_keys_lead_in_and_out_of_a_plan(page: Page, civitai: FakeCivitai, app: App) -> None:
    [wanted] = targets(civitai, samples.lora("One"))
    civitai.faults.storage.append(Pace(400_000))
    await app.instructions.create(NewInstruction(title="By keys", payload=download(wanted)))
    await view(page, "Downloads")
    opener = page.locator("lk-plans .open")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(start(page, "Download 1 file")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("lk-plan")).to_have_count(0)
    await expect(opener).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(start(page, "Download 1 file")).to_be_visible()
    for _ in range(4):
        await page.keyboard.press("Tab")
        if await start(page, "Download 1 file").evaluate("button => button.matches(':focus')"):
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("lk-queue lk-job").first).to_contain_text("Installed")
    await expect(page.get_by_role("navigation", name="Views").get_by_role("button", name="Downloads")).to_be_focused()


async def test_plan_without_room_can_not_be_started(page: Page, civitai: FakeCivitai, app: App) -> None:
    [wanted] = targets(civitai, samples.lora("Huge", size=2_000_000))
    plan = await app.instructions.create(NewInstruction(title="Huge", payload=download(wanted)))
    found = json.loads((await app.instructions.validate(plan.id)).model_dump_json())
    found["validation"]["remarks"] = [{"kind": "space", "text": "The disk lacks 2.0 GB: free some space first."}]
    await page.route(f"**/instructions/{plan.id}", lambda route: route.fulfill(json=found))
    await view(page, "Downloads")
    await page.locator("lk-plans .open").click()
    await expect(page.locator("lk-plan").get_by_role("alert")).to_contain_text("lacks 2.0 GB")
    await expect(start(page, "Download")).to_have_count(0)


async def test_plan_that_is_no_download_is_started_and_told_of(page: Page, app: App) -> None:
    app.roots.folders("loras")[0].mkdir(parents=True, exist_ok=True)
    await app.instructions.create(NewInstruction(title="Look again", kind=InstructionKind.SCAN, payload={}))
    await view(page, "Downloads")
    await page.locator("lk-plans .open").click()
    await start(page, "Start").click()
    await expect(page.locator("lk-messages")).to_contain_text("“Look again” is done.")
    await expect(page.locator("lk-plans li")).to_have_count(0)
    assert await statuses(app) == ["executed"]


# -- A workflow ------------------------------------------------------------------------------------------------------


async def test_picture_brings_its_missing_models_without_its_pixels(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Here"))
    civitai.add(samples.lora("Wanted"))
    info, picture = PngInfo(), io.BytesIO()
    info.add_text("workflow", workflow("Here.safetensors", "Wanted.safetensors", "nobody knows.safetensors"))
    Image.effect_noise((900, 900), 90).save(picture, "PNG", pnginfo=info)
    assert len(picture.getvalue()) > 500_000
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/missing") else None)

    await drop_file(page, "cat.png", picture.getvalue())

    await expect(page.locator("lk-plan").get_by_role("heading", name="Missing models of cat.png")).to_be_visible()
    await expect(plan_line(page, "Wanted.safetensors")).to_contain_text("Found by its name only")
    await expect(plan_line(page, "Here.safetensors").locator(".good")).to_be_visible()
    await expect(plan_line(page, "nobody knows")).to_contain_text("The site has no such file.")
    assert len(sent[0].post_data or "") < 20_000
    await start(page, "Download 1 file").click()
    await expect(page.locator("lk-queue lk-job").first).to_contain_text("Installed")
    assert (app.roots.folders("loras")[0] / "Wanted.safetensors").is_file()


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
async def test_other_pictures_are_read_too(page: Page, civitai: FakeCivitai, form: str) -> None:
    civitai.add(samples.lora("Wanted"))
    picture, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = f"workflow:{workflow('Wanted.safetensors')}"
    Image.effect_noise((300, 300), 90).convert("RGB").save(picture, form, exif=exif)
    await drop_file(page, "cat", picture.getvalue())
    await expect(plan_line(page, "Wanted.safetensors")).to_be_visible()


async def test_stranger_s_link_is_shown_only_where_it_leads_to_a_page(page: Page) -> None:
    nodes = [
        {
            "id": number,
            "type": "LoraLoader",
            "widgets_values": [f"lost{number}.safetensors", 1, 1],
            "properties": {"models": [{"name": f"lost{number}.safetensors", "url": url, "directory": "loras"}]},
        }
        for number, url in enumerate(["https://example.com/lost", "javascript:alert(1)"])
    ]
    await drop_file(page, "w.json", json.dumps({"nodes": nodes, "links": []}).encode())
    link = plan_line(page, "lost0").get_by_role("link")
    await expect(link).to_have_attribute("href", "https://example.com/lost")
    await expect(plan_line(page, "lost0")).to_contain_text("named by")
    await expect(plan_line(page, "lost1")).to_be_visible()
    await expect(plan_line(page, "lost1").get_by_role("link")).to_have_count(0)
    await expect(start(page, "Download")).to_have_count(0)


async def test_complete_workflow_is_told_and_what_is_none_is_refused(
    page: Page, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Here"))
    await drop_file(page, "w.json", workflow("Here.safetensors").encode())
    await expect(page.locator("lk-messages")).to_contain_text("Nothing is missing")
    await expect(page.locator("lk-plan")).to_have_count(0)

    await drop_file(page, "thing.bin", b"\x00\x01\x02 not a workflow")
    await expect(page.locator("lk-plan").get_by_role("alert")).to_contain_text("thing.bin is no list")
    await drop_file(page, "words.txt", b"some words and no links")
    await expect(page.locator("lk-plan").get_by_role("alert")).to_contain_text("words.txt is no workflow")
    await expect(start(page, "Try again")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.locator("lk-plan")).to_have_count(0)
    assert await statuses(app) == []


async def test_file_is_also_chosen_by_a_button(page: Page, civitai: FakeCivitai, tmp_path: Path) -> None:
    [one] = targets(civitai, samples.lora("One"))
    file = tmp_path / "list.txt"
    file.write_text(f"{one}\n", "utf-8")
    await view(page, "Discover")
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Open a file").click()
    await (await chooser.value).set_files(file)
    await expect(plan_line(page, "One.safetensors")).to_be_visible()
    await expect(page.get_by_role("button", name="Find missing models")).to_have_count(0)


async def test_plan_is_no_wider_than_the_panel(open_page: OpenPage, civitai: FakeCivitai) -> None:
    civitai.faults.site.append(Status(503, times=2))
    wanted = targets(civitai, samples.lora("A rather long name of a model, " * 3))
    page = await open_page(reduced_motion="reduce")
    await paste(page, "\n".join([*wanted, f"https://example.com/{'x' * 200}", "99@98765"]))
    await expect(page.locator("lk-lines li")).to_have_count(3)
    for width in (300, 420, 1000):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await too_wide(page) == [], width
    await start(page, "Not now").click()
    await view(page, "Downloads")
    await expect(page.locator("lk-plans li")).to_have_count(1)
    for width in (300, 1000):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await too_wide(page) == [], width
