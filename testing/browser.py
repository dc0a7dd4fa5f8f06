"""The Chromium of tests: the one that LORAKEEPER_CHROMIUM names, else one that is installed, in which nothing asks the
network of itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

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
