"""What ComfyUI's page load pays for us until the tab is opened: bytes, and milliseconds.

The same front end is loaded in turn with our extension and without it, twice as often without: those loads also say how
much two equal ones differ on this machine, which is more than ours may cost. So the cost itself is measured where it
arises: how much longer our script's fetch takes than that of a smallest one, and what the browser's profiler saw run.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from statistics import median
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent

from lorakeeper.testing.browser import chromium  # noqa: E402
from lorakeeper.testing.frontend_host import FrontendHost, read_object_info  # noqa: E402

LOADS = 5
LIMIT_MS = 10.0
LIMIT_KB = 15.0
READY = "/extensions/bench/ready.js"
# Another extension, as there always are some; the first graph comes when every extension is there and set up.
SCRIPT = """
import { app } from "../../scripts/app.js";
app.registerExtension({ name: "bench.ready", afterConfigureGraph() { window.ready ??= performance.now(); } });
"""
# Of each file: its size, and by how much its fetch took longer than that of the other extension, which has three lines.
OURS = """() => {
    const all = performance.getEntriesByType("resource");
    const took = ({ startTime, responseEnd }) => responseEnd - startTime;
    const peer = took(all.find(({ name }) => name.endsWith("/bench/ready.js")));
    return all.filter(({ name }) => /lorakeeper/i.test(name)).map((file) => [file.transferSize, took(file) - peer]);
}"""


async def main() -> bool:
    info = read_object_info(ROOT / "tests" / "web" / "object_info.json")
    async with FrontendHost(add_ready, lambda: info) as host, chromium() as browser:
        ours, none = [READY, *host.extensions], [READY]
        await load(browser, host, ours)
        loads: dict[str, list[float]] = {"before": [], "with": [], "after": []}
        sizes, fetches, runs = [], [], []
        for _ in range(LOADS):
            for name, extensions in (("before", none), ("with", ours), ("after", none)):
                milliseconds, fetched, _ = await load(browser, host, extensions)
                loads[name].append(milliseconds)
                if fetched:
                    sizes.append(sum(size for size, _ in fetched) / 1000)
                    fetches.append(max(time for _, time in fetched))
            runs.append((await load(browser, host, ours, profiled=True))[2])
    own = median(fetches) + median(runs)
    without = [*loads["before"], *loads["after"]]
    grown = median(loads["with"]) - median(without)
    noise = abs(median(loads["before"]) - median(loads["after"]))
    print(f"bytes before the tab opens   {max(sizes):7.1f} KB   limit {LIMIT_KB:.0f} KB")
    print(f"our script: fetched and run  {own:7.1f} ms   limit {LIMIT_MS:.0f} ms")
    ratio = median(loads["with"]) / median(without)
    print(f"a load with us               {ratio:7.3f} of one without: {grown:+.0f} ms; equals differ by {noise:.0f} ms")
    return max(sizes) <= LIMIT_KB and own <= LIMIT_MS


def add_ready(routes: web.RouteTableDef) -> None:
    @routes.get(READY)
    async def ready(_: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")


async def load(
    browser: Browser, host: FrontendHost, extensions: list[str], *, profiled: bool = False
) -> tuple[float, list[tuple[int, float]], float]:
    """Milliseconds until the first graph, size and milliseconds of each file of ours, milliseconds of our code."""
    host.extensions = extensions
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    profile = await start_profile(page) if profiled else None
    await page.goto(host.url)
    await page.wait_for_function("() => window.ready", timeout=60_000)
    ran = ours_in((await profile.send("Profiler.stop"))["profile"]) if profile else 0.0
    ready, fetched = await page.evaluate("() => window.ready"), await page.evaluate(OURS)
    await context.close()
    return ready, fetched, ran


async def start_profile(page: Page) -> Any:
    session = await page.context.new_cdp_session(page)
    await session.send("Profiler.enable")
    await session.send("Profiler.setSamplingInterval", {"interval": 100})
    await session.send("Profiler.start")
    return session


def ours_in(profile: dict[str, Any]) -> float:
    """The milliseconds of what stands in our files, and of what was called from there."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    ours = {key for key, node in nodes.items() if "lorakeeper" in node["callFrame"]["url"].lower()}
    waiting = list(ours)
    while waiting:
        new = set(nodes[waiting.pop()].get("children", ())) - ours
        ours |= new
        waiting += new
    times = zip(profile["samples"], profile["timeDeltas"], strict=True)
    total: float = sum(time for node, time in times if node in ours)
    return total / 1000


if __name__ == "__main__":
    sys.exit(not asyncio.run(main()))
