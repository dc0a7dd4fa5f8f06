"""A month in which much was done, as the Analytics view is told of it, and a server that tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route

from ..py.analytics.sections import Advice, Chart, ChartSeries, Row, Section, Table, Tile
from ..py.analytics.summary import Action, Span, Storage, Summary, Unused

# Plotly is a megabyte, which a machine with much else to do takes its time to read: milliseconds.
PATIENCE = 20_000
DRAWN = "lk-analytics lk-chart .field .main-svg"
DAYS = [f"2026-11-{day:02}" for day in range(1, 31)]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def sections(period: str) -> list[Section]:
    unused = Action(label="Show them", view="library", query={"unused_days": 180, "sort": "size"})
    sdxl = Action(label="Show in the library", view="library", query={"base_model": ["SDXL 1.0"], "missing": False})
    return [
        Section(
            name="overview",
            title="Overview",
            tiles=[
                Tile(label=f"Prompts, {period}", value="1,204", change="+12 %", good=True),
                Tile(label="Downloads", value="38", change="−4 %"),
                Tile(label="Failed downloads", value="3", change="+200 %", good=False),
                Tile(label="Downloaded", value="96.4 GB"),
            ],
            sentences=["You generate mostly between 20 and 23 o'clock.", "Flux.1 D is used more and more."],
            charts=[
                Chart(
                    kind="lines",
                    title="Prompts a day",
                    unit="count",
                    x=DAYS,
                    series=[
                        ChartSeries(name="Prompts", values=[float(20 + (day * 7) % 31) for day in range(30)]),
                        ChartSeries(name="Downloads", values=[float((day * 5) % 4) for day in range(30)]),
                    ],
                    text="Prompts a day: 20 to 50.",
                ),
                Chart(
                    kind="heat",
                    title="When you work",
                    unit="count",
                    x=[str(hour) for hour in range(24)],
                    series=[
                        ChartSeries(name=name, values=[float((hour * (row + 2)) % 17) for hour in range(24)])
                        for row, name in enumerate(WEEKDAYS)
                    ],
                    text="Most is done on Sundays at 21 o'clock.",
                ),
            ],
        ),
        Section(
            name="recommendations",
            title="Recommendations",
            advice=[
                Advice(text="12 LoRAs of 8.4 GB were not used for 180 days.", action=unused),
                Advice(
                    text="2 downloads failed for want of a key.",
                    action=Action(label="Set the key", view="settings", setting="civitai"),
                ),
                Advice(
                    text="A file is held back.",
                    action=Action(label="Show it", view="security"),
                ),
                Advice(text="3 downloads failed.", action=Action(label="Show downloads", view="queue")),
            ],
        ),
        Section(
            name="usage",
            title="Usage",
            charts=[
                Chart(
                    kind="rows",
                    title="Base models",
                    unit="share",
                    x=["SDXL 1.0", "Flux.1 D", "Pony"],
                    series=[ChartSeries(name="Share", values=[0.61, 0.27, 0.12])],
                    text="SDXL 1.0 is used most, by 61 %.",
                ),
                Chart(
                    kind="bars",
                    title="Room by kind",
                    unit="bytes",
                    x=["LoRAs", "Checkpoints"],
                    series=[
                        ChartSeries(name="Used", values=[4e9, 9e10]),
                        ChartSeries(name="Unused", values=[8.4e9, 2e10]),
                    ],
                    stacked=True,
                    text="Checkpoints take most.",
                ),
            ],
            tables=[
                Table(
                    title="Base models",
                    columns=["Base model", "Prompts", "Share"],
                    rows=[
                        Row(cells=["SDXL 1.0", "734", "61 %"], bar=1, action=sdxl),
                        Row(cells=["Flux.1 D", "325", "27 %"], bar=0.44),
                        Row(cells=["An uncommonly long name of a base model", "145", "12 %"], bar=0.2),
                    ],
                ),
                Table(title="Creators", columns=["Creator", "Prompts"], rows=[Row(cells=["alice", "60"], bar=1)]),
            ],
        ),
        Section(name="variations", title="Variations", sentences=["No variations were made in this period."]),
    ]


def summary(*, recorded: bool = True) -> Summary:
    return Summary(
        language="en",
        zone="UTC+09:00",
        generated_at=datetime(2026, 11, 30, 12, tzinfo=timezone.utc),
        period=Span(since=date(2026, 11, 1), until=date(2026, 11, 30)),
        before=Span(since=date(2026, 10, 2), until=date(2026, 10, 31)),
        recorded_since=date(2026, 9, 1) if recorded else None,
        storage=Storage(files=40 if recorded else 0, unused=Unused(days=180, watched=90)),
    )


@dataclass
class Answers:
    """A server that knows a busy month, and what it was asked."""

    asked: list[str] = field(default_factory=list)
    empty: bool = False
    failing: bool = False

    async def answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        path = url.path.rpartition("/lorakeeper/analytics")[2].lstrip("/")
        self.asked.append(f"{route.request.method} {path}?{url.query}")
        if self.failing:
            await route.fulfill(status=503, json={"error": {"kind": "Busy", "message": "The database is busy."}})
        elif path == "summary":
            (period,) = parse_qs(url.query)["period"]
            shown = [] if self.empty else [each.model_dump(mode="json") for each in sections(period)]
            about = summary(recorded=not self.empty).model_dump(mode="json")
            await route.fulfill(json={"summary": about, "sections": shown})
        elif path == "reports":
            await route.fulfill(json={"items": []})
        elif path == "report":
            name = "lorakeeper.pdf\"; filename*=UTF-8''%E5%A0%B1%E5%91%8A.pdf"
            await route.fulfill(body="a report", headers={"Content-Disposition": f'attachment; filename="{name}'})
        elif path == "export":
            name = 'attachment; filename="events.json"'
            await route.fulfill(body=json.dumps([1]), headers={"Content-Disposition": name})
        elif route.request.headers["content-type"] == "application/json":
            await route.fulfill(json={})
        else:
            await route.fulfill(status=415, json={"error": {"kind": "Usage", "message": "That is no JSON."}})

    def summaries(self) -> list[str]:
        return [each for each in self.asked if each.startswith("GET summary")]


async def intercept(page: Page, answers: Answers) -> None:
    await page.route("**/lorakeeper/analytics**", answers.answer)
    await page.route("**/lorakeeper/analytics/**", answers.answer)
