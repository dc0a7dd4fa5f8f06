"""What was done, through the routes: figures, reports, raw data, and forgetting it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.events import Event

DOWNLOAD = {"state": "installed", "host": "civitai.com", "kind": "loras", "received": 4096, "seconds": 2.0}


def downloaded(app: App, **more: Any) -> None:
    app.events.publish(Event("item", "1", {**DOWNLOAD, **more}, final=True))


async def recorded(door: Any) -> list[tuple[str, int]]:
    """What the export has of downloads: ``(event or sum, how many)``."""
    lines = [json.loads(line) for line in (await door("GET", "analytics/export")).body.splitlines()]
    found = [next(iter(line.items())) for line in lines]
    return [
        (what, row.get("times", 1)) for what, row in found if row["kind"] == "download" and not row.get("dimension")
    ]


async def test_a_summary_counts_what_was_done_up_to_now(door: Any, app: App) -> None:
    downloaded(app)

    answer = await door("GET", "analytics/summary", period="7d")

    totals = {each["name"]: each["value"] for each in answer.json["summary"]["totals"]}
    assert (totals["downloads"], totals["downloaded"]) == (1, 4096)
    assert answer.json["sections"][0]["name"] == "overview"


async def test_it_is_told_in_the_language_asked_for(door: Any, app: App) -> None:
    downloaded(app)

    titles = {}
    for language in ("en", "ja", "ko", "zh"):
        answer = await door("GET", "analytics/summary", language=language)
        titles[language] = answer.json["sections"][0]["title"]

    assert len(set(titles.values())) == 4


@pytest.mark.parametrize("query", [{"period": "someday"}, {"language": "xx"}, {"period": "x" * 99}, {"period": "2099"}])
async def test_what_makes_no_sense_is_a_users_error(door: Any, query: dict[str, str]) -> None:
    assert (await door("GET", "analytics/summary", **query)).status in (400, 422)


@pytest.mark.parametrize(
    ("form", "begins", "media"),
    [
        ("html", b"<!doctype html>", "text/html"),
        ("pdf", b"%PDF-", "application/pdf"),
        ("json", b"{", "application/json"),
    ],
)
async def test_a_report_comes_as_a_file(door: Any, app: App, form: str, begins: bytes, media: str) -> None:
    downloaded(app, creator='<script>alert("x")</script>')

    answer = await door("GET", "analytics/report", format=form, period="7d", language="ja", title="Ours")

    assert answer.status == 200
    assert answer.body[: len(begins)].lower() == begins.lower()
    assert answer.headers["Content-Type"].startswith(media)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert f".{form}" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b'<script>alert("x")' not in answer.body


async def test_reports_that_instructions_made_can_be_had(door: Any, app: App) -> None:
    body = {"kind": "report", "payload": {"format": "json"}, "every": "week", "at": "05:00"}
    made = (await door("POST", "instructions", body)).json
    for step in ("validate", "approve"):
        answer = await door("POST", f"instructions/{made['id']}/{step}")
    assert answer.json["due"]
    await app.instructions.execute(made["id"])

    [kept] = (await door("GET", "analytics/reports")).json["items"]
    file = await door("GET", f"analytics/reports/{kept['name']}")

    assert len(file.body) == kept["size"]
    assert json.loads(file.body)["version"] == 1
    for name in ("other.html", "..%2Fsettings.json", "..%5Csettings.json", "%00.html", "x" * 300):
        assert (await door("GET", f"analytics/reports/{name}")).status == 404


async def test_everything_can_be_taken_out_and_forgotten(door: Any, app: App) -> None:
    downloaded(app)

    before = await recorded(door)
    wiped = await door("DELETE", "analytics")
    after = await recorded(door)

    assert (before, after) == ([("event", 1), ("sum", 1)], [])
    assert wiped.json["events"] >= 1


async def test_forgetting_needs_a_request_of_our_own_page(door: Any, app: App) -> None:
    downloaded(app)

    refused = await door("DELETE", "analytics", headers={"Origin": "https://elsewhere.example"})

    assert refused.status == 403
    assert len(await recorded(door)) == 2


async def test_switched_off_it_records_nothing(door: Any, app: App) -> None:
    await door("PATCH", "settings", {"analytics": False})
    downloaded(app)

    answer = await door("GET", "analytics/summary")

    assert await recorded(door) == []
    assert "switched off" in answer.json["summary"]["notes"][0]


async def test_errors_that_pages_met_are_counted(door: Any) -> None:
    for _ in range(3):
        await door("GET", "library/999999")

    errors = (await door("GET", "analytics/summary")).json["summary"]["errors"]

    assert [(each["key"], each["value"]) for each in errors] == [("MissingError", 3)]
