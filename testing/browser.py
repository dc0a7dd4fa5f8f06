"""The Chromium of tests: the one that LORAKEEPER_CHROMIUM names, else one that is installed, in which nothing asks the
network of itself; and a tab of it that tests use one after the other."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

# Read now, because a test's environment is cleaned.
CHROMIUM = os.environ.get("LORAKEEPER_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nor does a page: some versions of ComfyUI's front end look for the models of its default workflow.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips the test where there is none."""
    import pytest
    from playwright.async_api import async_playwright

    if CHROMIUM is None:
        pytest.skip("There is no Chromium: LORAKEEPER_CHROMIUM names none, and none is installed.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


class Tab:
    """A tab that is opened again and again at one address: what was fetched and compiled there need not be again.

    A page that is loaded in it begins as in a new one. Who installs a clock or an init script, which stay, needs a tab
    of their own.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    async def clean(self, empty: str, width: int, height: int) -> None:
        """Forgets what pages have kept, whose origin is that of ``empty``, a page that keeps nothing."""
        page = self.page
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        await page.goto(empty)
        await page.evaluate("localStorage.clear(); sessionStorage.clear()")
        devtools = await page.context.new_cdp_session(page)
        kept = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage"
        await devtools.send("Storage.clearDataForOrigin", {"origin": empty, "storageTypes": kept})
        await devtools.detach()

    async def leave(self) -> None:
        """Ends what runs in it, and closes what was opened from it."""
        await self.page.unroute_all(behavior="ignoreErrors")
        await self.page.context.unroute_all(behavior="ignoreErrors")
        for other in self.page.context.pages:
            if other is not self.page:
                await other.close()
        await self.page.goto("about:blank")
