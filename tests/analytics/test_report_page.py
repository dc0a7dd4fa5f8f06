"""The report as a page, opened from a folder in a real browser: what it shows, what it never does, how it is printed.

A page that complains, asks for anything, or runs what a name holds, fails its test.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped, unused-ignore]
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from lorakeeper.py.analytics.report import ReportConfig, ReportGenerator
from lorakeeper.py.analytics.summary import LANGUAGES, Language, Summary
from lorakeeper.testing.browser import chromium
from lorakeeper.testing.frontend_host import PACK
from lorakeeper.testing.summaries import HOSTILE, NAMES, empty_summary, rich_summary

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Charts of the rich summary: in each, Plotly draws its three layers.
CHARTS = 11
LONG = " ".join(HOSTILE[5].split())

Open = Callable[..., Awaitable[Page]]

# What Plotly shows of a point, as if the pointer were there.
HOVER = """async ([number, point]) => {
    const place = document.querySelectorAll("[data-chart]")[number];
    Plotly.Fx.hover(place, [{ curveNumber: 0, pointNumber: point }]);
    await new Promise((resolve) => setTimeout(resolve, 150));  // quick ones are put off
    return [...place.querySelectorAll(".hoverlayer text")].map((text) => text.textContent).join("");
}"""
# The WCAG contrast of each text to what is behind it, where it is less than AA asks for.
PALE = """() => {
    const part = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const [r, g, b] = parse(color).map(part);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const color = getComputedStyle(each).backgroundColor;
            if ((parse(color)[3] ?? 1) > 0.5) return color;
        }
        return "rgb(255, 255, 255)";
    };
    const bad = [];
    const texts = "h1, h2, h3, p, a, dt, dd div, li, th, td, caption, summary, span, bdi, svg text";
    for (const element of document.querySelectorAll(texts)) {
        if (!element.textContent.trim() || !element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        const color = element instanceof SVGElement ? style.fill : style.color;
        const bar = element.closest("tbody th")?.querySelector(".bar rect");
        const grounds = [behind(element), ...(bar ? [getComputedStyle(bar).fill] : [])];
        for (const ground of grounds) {
            const [one, other] = [light(color), light(ground)].sort((a, b) => b - a);
            const contrast = (one + 0.05) / (other + 0.05);
            if (contrast < 4.5) bad.push(`${element.tagName} ${element.textContent.slice(0, 30)} ${contrast}`);
        }
    }
    return bad;
}"""

# The texts that stick out of their chart.
OUTSIDE = """(chart) => {
    const all = chart.getBoundingClientRect();
    const isOut = (box) => box.left < all.left - 1 || box.right > all.right + 1;
    const texts = [...chart.querySelectorAll("text")];
    return texts.filter((text) => isOut(text.getBoundingClientRect())).map((text) => text.textContent);
}"""
# What the sidebar does: a chart in a shadow root, drawn twice, and the pointer on its second place.
IN_SHADOW = """async (chart) => {
    const host = document.body.appendChild(document.createElement("div"));
    const place = document.createElement("div");
    place.style.width = "320px";
    host.attachShadow({ mode: "open" }).append(place);
    const colors = { text: "#111", quiet: "#555", line: "#ddd", background: "#fff", accent: "#05c" };
    const look = { ...colors, font: "sans-serif", dark: false };
    await window.draw(Plotly, place, chart, look);
    await window.draw(Plotly, place, chart, { ...look, dark: true });
    Plotly.Fx.hover(place, [{ curveNumber: 0, pointNumber: 1 }]);
    return [place.querySelectorAll(".main-svg").length, place.querySelector(".hoverlayer").textContent];
}"""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def written(folder: Path, summary: Summary, **config: Any) -> Path:
    path = folder / "report.html"
    path.write_bytes(ReportGenerator().generate(summary, ReportConfig(format="html", **config)))
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def open_report(browser: Browser, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a report, all of its charts drawn, and afterwards looks at what the pages did."""
    wrong: list[str] = []
    asked: list[str] = []
    contexts = []

    async def open_report(
        summary: Summary | None = None, *, width: int = 1280, options: dict[str, Any] | None = None, **config: Any
    ) -> Page:
        path = written(tmp_path, summary or rich_summary(config.get("language", "en"), days=60), **config)
        context = await browser.new_context(viewport={"width": width, "height": 800}, **(options or {}))
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{error}\n{error.stack}"))
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        await page.goto(path.as_uri())
        if (options or {}).get("java_script_enabled", True):
            count = await page.locator("[data-chart]").count()
            await expect(page.locator("[data-chart] .main-svg")).to_have_count(3 * count)
        return page

    yield open_report
    for context in contexts:
        await context.close()
    assert wrong == []
    assert set(asked) == {(tmp_path / "report.html").as_uri()}


async def overflow(page: Page) -> Any:
    return await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everything_is_drawn_within_the_window_and_can_be_read(open_report: Open, theme: str, width: int) -> None:
    page = await open_report(theme=theme, width=width)

    assert await page.locator("[data-chart]").count() == CHARTS
    assert await page.locator("section").count() == 7
    assert await overflow(page) == [width, width]
    assert await page.evaluate(PALE) == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_is_named_and_fits(open_report: Open, language: Language) -> None:
    page = await open_report(language=language, width=360)

    assert (await page.locator("html").get_attribute("lang") or "").startswith(language)
    assert await overflow(page) == [360, 360]


async def test_names_of_strangers_are_text_and_nothing_else(open_report: Open) -> None:
    page = await open_report()
    names = await page.locator("bdi.name").all_inner_texts()

    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], LONG, *NAMES} <= set(names)
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main b, main img, main script").count() == 0
    assert await page.title() == "Lorakeeper report"


async def test_charts_show_names_as_they_are_in_labels_and_tooltips(open_report: Open) -> None:
    page = await open_report()
    base_models = page.locator("[data-chart]", has=page.locator("text", has_text="Flux.1 D"))
    number = await base_models.get_attribute("data-chart")
    labels = await base_models.locator(".ytick text").all_text_contents()

    assert [label[:6] for label in labels[2:6]] == [name[:6] for name in HOSTILE[:4]]
    assert await page.locator("[data-chart] b, [data-chart] img, [data-chart] script, [data-chart] a").count() == 0
    for point, name in enumerate(HOSTILE[:4], 2):
        assert name in await page.evaluate(HOVER, [int(number or 0), point])


async def test_a_long_name_is_cut_in_its_label_and_whole_in_the_tooltip(open_report: Open) -> None:
    for width in (360, 1280):
        page = await open_report(width=width)
        base_models = page.locator("[data-chart]", has=page.locator("text", has_text="Flux.1 D"))
        number = await base_models.get_attribute("data-chart")
        label = (await base_models.locator(".ytick text").all_text_contents())[7]

        assert "…" in label
        assert len(label) < len(LONG) / 3
        assert await page.evaluate(HOVER, [int(number or 0), 7]) == f"{LONG}400"
        charts = page.locator("[data-chart]")
        for at in range(CHARTS):
            assert await charts.nth(at).evaluate(OUTSIDE) == []


async def test_tooltips_name_the_day_and_the_figures(open_report: Open) -> None:
    page = await open_report()
    await page.locator("[data-chart] .nsewdrag").first.hover()
    tip = page.locator("[data-chart] .hoverlayer").first

    await expect(tip).to_contain_text(re.compile(r"2026-10-2\d.*Prompts: \d+.*Downloads: \d+"))


async def test_the_theme_follows_the_system_where_it_is_left_to_it(open_report: Open) -> None:
    page = await open_report(theme="auto", options={"color_scheme": "dark"})
    label = page.locator("[data-chart] .legendtext").first

    await expect(label).to_have_css("fill", "rgb(242, 242, 243)")
    await page.emulate_media(color_scheme="light")
    await expect(label).to_have_css("fill", "rgb(27, 27, 31)")


async def test_charts_take_the_width_that_they_get(open_report: Open) -> None:
    page = await open_report(width=1280)
    await page.set_viewport_size({"width": 400, "height": 800})

    await expect(page.locator("[data-chart] .main-svg").first).to_have_attribute("width", "346")
    assert await overflow(page) == [400, 400]


async def test_without_javascript_all_figures_are_there(open_report: Open) -> None:
    page = await open_report(options={"java_script_enabled": False})

    assert await page.locator("noscript p").is_visible()
    assert await page.locator("[data-chart]").first.is_hidden()
    assert await page.locator("section h2").count() == 7
    values = page.locator("figure details table").first
    assert await values.locator("tbody tr").count() == 60
    assert await values.locator("thead th[scope=col]").count() == 3
    assert await page.locator("table tbody th[scope=row]").count() > 400


async def test_charts_have_a_text_for_those_who_hear_them(open_report: Open) -> None:
    page = await open_report()
    labels = await page.locator("[data-chart][role=img]").evaluate_all("all => all.map((each) => each.ariaLabel)")

    assert len(labels) == CHARTS
    assert labels[0].startswith("Activity. Prompts: most on 2026-")


async def test_printed_it_is_light_whole_and_as_wide_as_the_paper(open_report: Open) -> None:
    page = await open_report(theme="dark", width=1280)
    document = pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True))
    first = document[0].render(scale=1).to_pil()
    text = "\n".join(each.get_textpage().get_text_bounded() for each in document)

    assert first.getpixel((2, 2)) == (255, 255, 255)
    assert 4 <= len(document) <= 14
    assert "Most used models" in text
    assert [round(side) for side in document[0].get_size()] == [595, 842]
    for sheet in document:
        for box in (thing.get_bounds() for thing in sheet.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])):
            assert box[0] >= 0
            assert box[2] <= 595.5
    # And afterwards it is what it was.
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_an_empty_history_needs_no_chart(open_report: Open) -> None:
    page = await open_report(empty_summary())

    assert await page.locator("h2").all_inner_texts() == ["Nothing is recorded yet"]
    assert await page.locator("script").count() == 0


async def test_a_title_is_text_too(open_report: Open) -> None:
    page = await open_report(title="</title><script>window.hacked = 3</script>")

    assert await page.locator("h1").inner_text() == "</title><script>window.hacked = 3</script>"
    assert await page.title() == "</title><script>window.hacked = 3</script>"
    assert await page.evaluate("window.hacked") is None


async def test_the_policy_lets_nothing_in(open_report: Open, tmp_path: Path) -> None:
    page = await open_report()
    policy = await page.locator("meta[http-equiv]").get_attribute("content") or ""

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    source = written(tmp_path, rich_summary(days=60)).read_text("utf-8")
    loading = r"<(?:link|img|iframe|object|embed|base)\b|<[^>]*\s(?:src|srcset|style)="
    assert re.findall(loading, outside_scripts(source)) == []
    assert set(re.findall(r'href="([^"]*)"', outside_scripts(source))) == {
        *("#overview", "#recommendations", "#downloads", "#usage", "#storage", "#variations", "#security")
    }


def outside_scripts(source: str) -> str:
    """Without scripts, styles and the names that stand in titles."""
    return re.sub(r"<(script|style)\b.*?</\1>| (?:title|aria-label)=\"[^\"]*\"", "", source, flags=re.DOTALL)


async def test_charts_draw_in_a_shadow_root_without_another_plotly(browser: Browser, open_report: Open) -> None:
    """As in the sidebar, where the rules of Plotly's style don't reach."""
    page = await open_report()
    code = await page.locator("script[type=module]").text_content()
    other = await browser.new_page()
    await other.add_script_tag(path=PACK / "web" / "app" / "vendor" / "plotly-basic.min.js")
    await other.add_script_tag(content=f"{code}\nwindow.draw = draw;")
    chart = json.loads(await page.locator("#charts").text_content() or "")[0]
    texts = await other.evaluate(IN_SHADOW, chart)
    await other.close()

    assert texts[0] == 3
    assert "Prompts: " in texts[1]


async def test_a_year_takes_less_than_two_seconds() -> None:
    summary = rich_summary(days=365)
    began = time.perf_counter()
    ReportGenerator().generate(summary, ReportConfig(format="html"))

    assert time.perf_counter() - began < 2
