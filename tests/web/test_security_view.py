"""The security view: what was scanned, whether files are what they were, and what the scan of the folders left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.py.security.records import Records, ScanRecord
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, own, targets, too_wide, view

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def record(name: str, verdict: str = "safe", became: str = "installed") -> ScanRecord:
    return ScanRecord(
        sha256=f"{name:0>64}",
        name=name,
        source="civitai.com",
        format="pickle",
        verdict=verdict,  # type: ignore[arg-type]
        findings=("It imports os.system.", "It imports a module that is not known."),
        site="virus scan: Success",
        became=became,  # type: ignore[arg-type]
        why="",
    )


async def test_what_was_scanned_is_counted_listed_as_one_scrolls_and_narrowed(page: Page, app: App) -> None:
    records = Records(app.database)
    for number in range(70):
        await records.note(record(f"File {number}"))
    await records.note(record("Doubtful", "unverifiable", "released"))
    await view(page, "Security")
    rows = page.locator("lk-scans li")
    await expect(page.locator("lk-security .tile").filter(has_text="Scanned")).to_contain_text("71")
    await expect(rows.first).to_contain_text("Doubtful")
    await expect(rows.first).to_contain_text("Could not be verified · civitai.com")
    await expect(rows).to_have_count(30)
    for count in (60, 71):
        await rows.last.scroll_into_view_if_needed()
        await page.mouse.wheel(0, 2000)
        await expect(rows).to_have_count(count)
    await expect(page.get_by_role("button", name="Show more")).to_have_count(0)

    await page.get_by_label("What the scanner said").select_option("unverifiable")
    await expect(rows).to_have_count(1)
    await rows.get_by_text("2 findings").press("Enter")
    await expect(rows).to_contain_text("It imports a module that is not known.")
    await page.get_by_label("What became of it").select_option("deleted")
    await expect(page.get_by_text("No file like that was scanned.")).to_be_visible()


async def test_what_is_scanned_while_one_looks_appears_by_itself(page: Page, app: App, civitai: FakeCivitai) -> None:
    await view(page, "Security")
    await expect(page.locator("lk-quarantine")).to_contain_text("Nothing is held back.")
    await own(app, civitai, samples.lora("Ink"))
    await expect(page.locator("lk-scans li")).to_contain_text("Ink.safetensors")
    [target] = targets(civitai, samples.bad_pickle("Trap"))
    await app.jobs.wait((await app.jobs.add(target)).id)

    await expect(page.locator("lk-scans li").first).to_contain_text("Trap.pt")
    await expect(page.locator("lk-scans li").first).to_contain_text("Held back")
    await expect(page.locator("lk-quarantine li")).to_contain_text("It imports os.system.")


async def test_check_tells_which_file_has_rotted_and_leads_to_it(page: Page, app: App, civitai: FakeCivitai) -> None:
    [path, _] = await own(app, civitai, samples.lora("Ink"), samples.lora("Neon"))
    await view(page, "Security")
    check = page.locator("lk-integrity")
    status = check.get_by_role("status")
    await check.get_by_role("button", name="Check all files").click()
    await expect(status).to_contain_text("2 of 2 files read, 128 KB. All of them are what they were.")

    spoil(path)
    await check.get_by_role("button", name="Check again").click()
    await expect(status).to_contain_text("One of them is not what it was.")
    problem = check.get_by_role("listitem")
    await expect(problem).to_contain_text("Ink.safetensors")
    await expect(problem).to_contain_text(re.compile("bytes have changed|written to"))
    await problem.get_by_role("button", name="Show in library Ink.safetensors").click()
    await expect(page.locator("lk-details").get_by_role("heading", name="Ink")).to_be_visible()


def spoil(path: Path) -> None:
    """Turns the last byte around."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)


async def test_scan_says_what_it_left_out(page: Page, app: App, tmp_path: Path) -> None:
    loras = tmp_path / "models" / "loras"
    loras.mkdir()
    (loras / "good.safetensors").write_bytes(samples.safetensors({"a": samples.tensor((2, 2))}))
    (loras / "loop").symlink_to(loras, target_is_directory=True)
    await view(page, "Security")
    folders = page.locator("lk-folders")
    await folders.get_by_role("button", name="Look through the folders").click()

    await expect(folders).to_contain_text("The last scan found 1 file in")
    await expect(folders.get_by_role("list", name="What the scan left out")).to_contain_text("loop")


@pytest.mark.parametrize("width", [320, 1600])
async def test_nothing_sticks_out(open_page: OpenPage, app: App, civitai: FakeCivitai, width: int) -> None:
    [target] = targets(civitai, samples.bad_pickle("A_rather_long_name_without_any_space_" * 3))
    await app.jobs.wait((await app.jobs.add(target)).id)
    page = await open_page(width, reduced_motion="reduce")
    await view(page, "Security")
    await expect(page.locator("lk-scans li")).to_have_count(1)
    await page.get_by_role("button", name=re.compile("^Release…")).click()

    assert await too_wide(page) == []
