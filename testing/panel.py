"""What a person does with the panel in a browser, in words; for the tests and the screenshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from ..py.app import App
from .fake_civitai import FakeCivitai, Ids
from .samples import Sample

# Opens a page of the given width and height; further options are those of a browser context.
OpenPage = Callable[..., Awaitable[Page]]


async def paste(page: Page, target: str) -> None:
    """Goes to Discover and pastes ``target`` into its box."""
    await view(page, "Discover")
    await page.evaluate("text => navigator.clipboard.writeText(text)", target)
    await box(page).click()
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Control+V")


async def view(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="Views").get_by_role("button", name=name).click()


def tab(page: Page) -> Locator:
    """The button in ComfyUI's sidebar that opens and closes the panel; older front ends mark it by a class."""
    return page.locator("[data-testid=lorakeeper-tab-button], .lorakeeper-tab-button")


def box(page: Page) -> Locator:
    return page.get_by_label("Civitai link, AIR")


def link(civitai: FakeCivitai, ids: Ids) -> str:
    return f"https://civitai.com/models/{ids.model_id}?modelVersionId={ids.version_id}"


async def download(page: Page, target: str) -> None:
    """Pastes, confirms, and waits until the file is installed."""
    await paste(page, target)
    await page.locator("lk-preview").get_by_role("button", name="Download").click()
    await expect(page.locator("lk-preview lk-job")).to_contain_text("Installed")


async def own(app: App, civitai: FakeCivitai, *samples: Sample) -> list[Path]:
    """Puts samples on the site and downloads them, without a page."""
    paths = []
    for sample in samples:
        ids = civitai.add(sample)
        job = await app.jobs.wait((await app.jobs.add(f"{ids.model_id}@{ids.version_id}")).id)
        if job.path is None:
            raise RuntimeError(f"{job.target} is {job.state.value}: {job.error}")
        paths.append(Path(job.path))
    return paths


def card(page: Page, title: str) -> Locator:
    return page.locator("lk-library .card").filter(has_text=title)
