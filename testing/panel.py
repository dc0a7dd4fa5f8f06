"""What a person does with the panel in a browser, in words; for the tests and the screenshots."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from ..py.app import App
from .fake_civitai import FakeCivitai, Ids
from .samples import Sample

# Opens a page of the given width and height; further options are those of a browser context.
OpenPage = Callable[..., Awaitable[Page]]

_WIDER_THAN_THE_PAGE = """() => {
    const wide = [];
    const look = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.shadowRoot) look(element.shadowRoot);
            const box = element.getBoundingClientRect();
            if (box.width && box.right > innerWidth + 1) wide.push(`${element.tagName}.${element.className}`);
        }
    };
    look(document);
    return wide;
}"""


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
        if not (job.item and job.item.path):
            raise RuntimeError(f"{job.name} is {job.state.value}: {job.error}")
        paths.append(Path(job.item.path))
    return paths


def card(page: Page, title: str) -> Locator:
    return page.locator("lk-library .card").filter(has_text=title)


def targets(civitai: FakeCivitai, *samples: Sample) -> list[str]:
    """Puts samples on the site and returns what each is asked for by."""
    return [f"{ids.model_id}@{ids.version_id}" for ids in map(civitai.add, samples)]


def job_row(page: Page, name: str) -> Locator:
    """A job's card in the queue."""
    return page.locator("lk-queue lk-job").filter(has=page.locator(".name").get_by_text(name, exact=True))


def item_row(page: Page, name: str) -> Locator:
    """A file of a job that is unfolded."""
    return page.locator("lk-queue lk-item").filter(has_text=name)


def plan_line(page: Page, name: str) -> Locator:
    """A line of the plan that is open."""
    return page.locator("lk-plan lk-lines li").filter(has_text=name)


async def drop_file(page: Page, name: str, content: bytes, onto: str = "lk-app") -> None:
    """Drops a file of this name and content on an element."""
    transfer = await page.evaluate_handle(
        """([name, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            return transfer;
        }""",
        [name, b64encode(content).decode()],
    )
    for event in ("dragenter", "dragover", "drop"):
        await page.dispatch_event(onto, event, {"dataTransfer": transfer})


async def too_wide(page: Page) -> list[str]:
    """The elements that stick out of the page, by their names."""
    return list(await page.evaluate(_WIDER_THAN_THE_PAGE))
