"""The panel in another language than English: every view says everything in it, and fits into a narrow panel."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.panel import OpenPage, own, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEWS = ("library", "discover", "queue", "variations", "security", "analytics", "settings")
# Every text, and every name of something, on the page.
SAID = """() => {
    const NAMED = ["aria-label", "title", "placeholder", "alt"];
    const said = new Set();
    const look = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.shadowRoot) look(element.shadowRoot);
            if (element.localName === "style" || element.localName === "script") continue;
            for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) said.add(node.data.trim());
            for (const name of NAMED) said.add(element.getAttribute(name) ?? "");
        }
    };
    look(document.querySelector("lk-app").shadowRoot);
    return [...said];
}"""
JAPANESE = re.compile("[ぁ-ヿ一-鿿]")
# Names, and what the settings give as examples.
AS_THEY_ARE = re.compile(r"Lorakeeper|English|kind=path|models|\{base_model\}/\{creator\}|http://proxy:\d+")


async def test_nothing_is_left_in_english(open_page: OpenPage, app: App, civitai: FakeCivitai) -> None:
    neon = samples.lora("ネオン", size=20_000, trigger_words=["ネオン"], previews=[samples.preview(1)])
    await own(app, civitai, neon)
    page = await open_page(width=320, height=700, locale="ja-JP", reduced_motion="reduce")
    await page.locator("lk-grid li").wait_for()
    await expect(page.locator("lk-app")).to_have_attribute("lang", "ja")

    for name in VIEWS:
        await page.evaluate("(name) => document.querySelector('lk-app').show(name)", name)
        await expect(page.locator(f"lk-{name}")).to_be_visible()
        if name == "settings":
            # They come after their keys: the server tells first what each of them is.
            await expect(page.locator("lk-settings textarea").first).to_be_visible()
        assert await too_wide(page) == []

    said = await page.evaluate(SAID)
    assert len(said) > 150
    english = [text for text in said if re.search("[a-z]{3}", text) and not JAPANESE.search(text)]
    assert [text for text in english if not AS_THEY_ARE.fullmatch(text)] == []

    await page.evaluate("() => document.querySelector('lk-app').show('library')")
    await page.locator("lk-grid li button").first.click()
    await expect(page.locator("lk-details")).to_contain_text("トリガーワード")
    assert await too_wide(page) == []
