"""The library view before 100,000 models, in a Chromium: `python bench/panel.py`, or with `--small` for 5,000.

Says how long the first cards take from the answer on, how long a row in view stays blank at most while somebody scrolls
by the wheel and by the scrollbar, how many elements the grid has, and what the page's heap holds after a collection.
The view is 1280 by 800, as cards and as a list.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from playwright.async_api import CDPSession, Page

from lorakeeper.py.app import App
from lorakeeper.py.hosts.standalone import Standalone
from lorakeeper.py.library.roots import standalone_roots
from lorakeeper.testing import samples
from lorakeeper.testing.browser import chromium
from lorakeeper.testing.large_library import fill_library

FIRST_MS, BLANK_MS, ELEMENTS, HEAP_MB = 300, 100, 400, 60
PICTURES = 24
WHEEL_STEPS, WHEEL_PIXELS, WHEEL_PAUSE = 60, 900, 0.05

# Notes when the first card is drawn.
_FIRST = """
window.firstCard = 0;
const wait = () => {
  const library = document.querySelector("lk-app")?.shadowRoot?.querySelector("lk-library");
  const grid = library?.shadowRoot?.querySelector("lk-grid");
  if (grid?.shadowRoot?.querySelector(".open")) window.firstCard = performance.now();
  else requestAnimationFrame(wait);
};
requestAnimationFrame(wait);
"""
_SINCE_ANSWER = """() => {
  const answers = performance.getEntriesByType("resource").filter(({ name }) => /\\/library\\?/.test(name));
  return window.firstCard - answers[0].responseEnd;
}"""
# Looks in every frame at what is in view, and how long each of it has been blank.
_WATCH = """(grid) => {
  const since = new Map();
  const seen = { blank: 0, elements: 0, frames: 0, slowest: 0, running: true };
  let before = performance.now();
  const look = (now) => {
    const { rows, track, view, count } = grid;
    const row = (height) => Math.floor((height - rows.top) / rows.step);
    const first = Math.max(0, row(track.at) * rows.columns);
    const last = Math.min(count - 1, (row(track.at + view.height - 1) + 1) * rows.columns - 1);
    const drawn = new Set();
    for (const { index, item } of grid.cells.values()) if (item) drawn.add(index);
    for (const index of [...since.keys()]) if (index < first || index > last || drawn.has(index)) since.delete(index);
    for (let index = first; index <= last; index += 1) {
      if (drawn.has(index)) continue;
      if (!since.has(index)) since.set(index, now);
      seen.blank = Math.max(seen.blank, now - since.get(index));
    }
    seen.elements = Math.max(seen.elements, grid.shadowRoot.querySelectorAll("*").length);
    seen.frames += 1;
    seen.slowest = Math.max(seen.slowest, now - before);
    before = now;
    if (seen.running) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  window.seen = seen;
}"""
# All the way down and half of it back, as by the bar's thumb, with rests as a hand makes them.
_DRAG = """async (grid) => {
  const far = grid.scrollHeight - grid.clientHeight;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (const [from, to] of [[0, 0.31], [0.31, 0.32], [0.32, 1], [1, 0.5]]) {
    for (let step = 1; step <= 60; step += 1) {
      grid.scrollTop = far * (from + ((to - from) * step) / 60);
      await frame();
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}"""


def main(arguments: list[str]) -> bool:
    return asyncio.run(_measure(5_000 if "--small" in arguments else 100_000))


async def _measure(size: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "models").mkdir()
        app = App(home / "data", lambda _: standalone_roots([str(home / "models")], comfyui=None, home=home))
        # There are no such models.
        app.store.update({"ask_site": False})
        async with app:
            await app.upkeep.begin_scan()
            await fill_library(app, size, pictures=[_webp(number) for number in range(PICTURES)])
            async with Standalone(app, port=0) as server:
                return await _look(str(server.url), size)


async def _look(url: str, size: int) -> bool:
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        await page.add_init_script(_FIRST)
        await page.goto(url)
        await page.wait_for_function("() => window.firstCard > 0")
        kept = [_said("first cards after the answer", await page.evaluate(_SINCE_ANSWER), FIRST_MS, "ms")]
        for layout in ("cards", "list"):
            if layout == "list":
                await page.get_by_role("button", name="Show as a list").click()
            kept += await _scroll(page, layout)
        devtools = await context.new_cdp_session(page)
        kept.append(_said("heap after a collection", await _heap(devtools), HEAP_MB, "MB"))
        print(f"{size:,} models", flush=True)
    return all(kept)


async def _scroll(page: Page, layout: str) -> list[bool]:
    """By the wheel from where it is, then by the bar."""
    grid = await page.locator("lk-library lk-grid").element_handle()
    assert grid
    kept, elements = [], 0
    box = await grid.bounding_box()
    assert box
    await page.mouse.move(box["x"] + 200, box["y"] + 200)
    for name in ("wheel", "scrollbar"):
        await page.evaluate(_WATCH, grid)
        if name == "wheel":
            for _ in range(WHEEL_STEPS):
                await page.mouse.wheel(0, WHEEL_PIXELS)
                await asyncio.sleep(WHEEL_PAUSE)
        else:
            await page.evaluate(_DRAG, grid)
        await asyncio.sleep(0.5)
        seen = await page.evaluate("() => { seen.running = false; return seen; }")
        elements = max(elements, seen["elements"])
        more = f"{seen['frames']} frames, the slowest {seen['slowest']:.0f} ms"
        kept.append(_said(f"{layout}, {name}: blank at most", seen["blank"], BLANK_MS, "ms", more))
    return [*kept, _said(f"{layout}: elements", elements, ELEMENTS, "")]


async def _heap(devtools: CDPSession) -> float:
    await devtools.send("Performance.enable")
    await devtools.send("HeapProfiler.collectGarbage")
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "JSHeapUsedSize") / 1e6


def _webp(number: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(samples.preview(number))) as picture:
        picture.convert("RGB").resize((450, 600)).save(out, "WEBP", quality=80)
    return out.getvalue()


def _said(name: str, value: float, limit: float, unit: str, more: str = "") -> bool:
    print(f"{name:36} {value:8.1f} {unit:3} limit {limit} {unit}   {more}", flush=True)
    return value <= limit


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
