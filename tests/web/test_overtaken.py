"""Events that overtake answers: what the library's list shows is what holds, in whichever order the page was told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from lorakeeper.py.app import App
from lorakeeper.py.library.items import UserChanges
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import card, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Held:
    """The first answer to a question: made, and not yet given."""

    def __init__(self) -> None:
        self.made = asyncio.Event()
        self._given = asyncio.Event()

    async def hold(self, route: Route) -> None:
        answer = await route.fetch()
        if not self.made.is_set():
            self.made.set()
            await self._given.wait()
        await route.fulfill(response=answer)

    def give(self) -> None:
        self._given.set()


@asynccontextmanager
async def held(page: Page, question: str) -> AsyncIterator[Held]:
    """Holds the first answer to a question whose address ends like this."""
    answer = Held()
    await page.route(re.compile(rf"/lorakeeper/{question}(\?|$)"), answer.hold)
    yield answer
    answer.give()


async def favour(app: App, *titles: str) -> None:
    for item in (await app.library.page(LibraryQuery())).items:
        if item.title in titles:
            await app.library.change_user(item.id or 0, UserChanges(favourite=True))


@pytest.mark.parametrize("question", ["library", "library/cards"])
async def test_what_happens_while_an_answer_is_under_way_is_shown(
    page: Page, civitai: FakeCivitai, app: App, question: str
) -> None:
    await own(app, civitai, samples.lora("Ink"), samples.lora("Neon"))
    await expect(card(page, "Neon")).to_be_visible()
    async with held(page, question) as answer:
        if question == "library":
            await page.reload()
        else:
            await own(app, civitai, samples.lora("Newcomer"))
        await asyncio.wait_for(answer.made.wait(), 10)
        await favour(app, "Ink", "Neon", "Newcomer")
        # The events have come, and what they lead to has not begun.
        # The page has heard of it, and hasn't done anything about it yet.
        await page.wait_for_timeout(300)
        answer.give()
        for title in ("Ink", "Neon") if question == "library" else ("Newcomer",):
            await expect(card(page, title).locator(".mark")).to_have_text("Favourite")


async def test_what_happened_before_the_connection_stood_is_shown(page: Page, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("Ink"))
    await expect(card(page, "Ink")).to_be_visible()
    let_through = asyncio.Event()

    async def come_late(socket: WebSocketRoute) -> None:
        await let_through.wait()
        socket.connect_to_server()

    await page.route_web_socket(re.compile("/lorakeeper/ws$"), come_late)
    await page.reload()
    # The page doesn't wait for ever.
    await expect(card(page, "Ink")).to_be_visible()
    await favour(app, "Ink")
    await expect(card(page, "Ink").locator(".mark")).to_have_count(0)
    let_through.set()
    await expect(card(page, "Ink").locator(".mark")).to_have_text("Favourite")
