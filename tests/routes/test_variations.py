"""Variations through the routes: from a wish with pictures to files, and what is refused on the way."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.app import App
from lorakeeper.py.hosts.standalone import Standalone
from lorakeeper.py.variations.models import MODELS
from lorakeeper.server_routes import variations as routes
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, photograph

ORIGINAL = photograph(1, (192, 192))
GOOD = [photograph(seed, (192, 192)) for seed in range(10, 16)]


def file_of(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


DATA = {"data": base64_of(file_of(ORIGINAL))}


@pytest.fixture
async def gemini() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=64) as gemini:
        yield gemini


@pytest.fixture
async def ask(door: Any, app: App, gemini: FakeGemini) -> Any:
    """The door, before the fake Gemini with a good key, which no answer may hold."""
    app.store.update({"gemini_url": gemini.url, "gemini_concurrency": 1})
    app.credentials.set("gemini", KEY)

    async def asked(method: str, path: str, body: Any = None, **given: Any) -> Any:
        answer = await door(method, path, body, **given)
        assert KEY.encode() not in answer.body
        assert KEY not in str(answer.headers)
        return answer

    return asked


@pytest.fixture
def cat(app: App) -> Path:
    """``input/cat.png``."""
    path = app.home / "pictures" / "input" / "cat.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(file_of(ORIGINAL))
    return path


async def over(ask: Any, run_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        while (view := (await ask("GET", f"variations/{run_id}")).json)["state"] == "running":
            await asyncio.sleep(0.02)
        return dict(view)

    return await asyncio.wait_for(look(), 20)


def wish(**fields: Any) -> dict[str, Any]:
    return {"prompt": "a hill", "images": [DATA], "count": 1, "size": "512", **fields}


# -- A run -----------------------------------------------------------------------------------------------------------


async def test_from_a_wish_to_files(ask: Any, app: App, gemini: FakeGemini, cat: Path) -> None:
    gemini.faults += [faults.Given(file_of(image)) for image in (GOOD[0], blurred(GOOD[1]), GOOD[2])]

    begun = await ask("POST", "variations", wish(images=[{"name": "input/cat.png"}], count=2, title="Cats"))
    run = await over(ask, begun.json["id"])

    assert (begun.status, begun.json["state"]) == (202, "running")
    assert (run["state"], run["report"]["successful"], run["report"]["rejected"]) == ("done", 2, 1)
    assert [each["accepted"] for each in run["pictures"]] == [True, False, True]
    assert "It is blurred." in run["pictures"][1]["reasons"]
    kept = await ask("POST", f"variations/{run['id']}/keep")
    assert kept.json["names"] == ["output/lorakeeper/Cats/Cats-001.png", "output/lorakeeper/Cats/Cats-002.png"]
    assert app.pictures.path(kept.json["names"][1]).read_bytes() == file_of(GOOD[2])
    (listed,) = (await ask("GET", "variations")).json["items"]
    assert (listed["id"], listed["title"], "pictures" in listed) == (run["id"], "Cats", False)


async def test_picture_comes_as_it_is_and_as_nothing_else(ask: Any, gemini: FakeGemini) -> None:
    gemini.faults += [faults.Given(file_of(GOOD[0], "JPEG"))]
    run = await over(ask, (await ask("POST", "variations", wish())).json["id"])

    picture = await ask("GET", f"variations/{run['id']}/pictures/0")

    assert picture.body == file_of(GOOD[0], "JPEG")
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert (await ask("GET", f"variations/{run['id']}/pictures/1")).status == 404
    assert (await ask("GET", f"variations/{run['id']}/pictures/one")).status == 422


async def test_data_url_counts_like_base64(ask: Any, gemini: FakeGemini) -> None:
    gemini.faults += [faults.Given(file_of(GOOD[0]))]
    image = {"data": f"data:image/png;base64,{DATA['data']}"}

    await over(ask, (await ask("POST", "variations", wish())).json["id"])
    again = await over(ask, (await ask("POST", "variations", wish(images=[image]))).json["id"])

    assert (again["report"]["from_cache"], len(gemini.requests)) == (1, 1)


async def test_what_is_asked_for_is_sent(ask: Any, gemini: FakeGemini) -> None:
    fields = {"aspect_ratio": "16:9", "temperature": 0.5, "system_instruction": "Be brief.", "seed": 7}

    await over(ask, (await ask("POST", "variations", wish(images=[DATA, DATA], **fields))).json["id"])

    sent = gemini.requests[0].body.decode()
    for word in ('"16:9"', '"512"', "0.5", "Be brief.", '"seed"', "a hill"):
        assert word in sent
    assert sent.count('"inlineData"') + sent.count('"inline_data"') == 2


async def test_thresholds_decide(ask: Any, gemini: FakeGemini) -> None:
    gemini.faults += [faults.Given(file_of(GOOD[0]))]

    run = await over(ask, (await ask("POST", "variations", wish(attempts=1, thresholds={"overall": 0.99}))).json["id"])

    assert run["report"]["rejected"] == 1
    assert any("wanted 0.99" in reason for reason in run["pictures"][0]["reasons"])


async def test_run_is_stopped_and_forgotten(ask: Any, gemini: FakeGemini) -> None:
    gemini.faults.append(faults.Delay(30, times=None))
    run = (await ask("POST", "variations", wish())).json["id"]

    stopped = await ask("POST", f"variations/{run}/stop")
    gone = await ask("DELETE", f"variations/{run}")

    assert stopped.json["state"] == "stopped"
    assert gone.json == {"forgotten": run}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/keep"), ("GET", "/pictures/0")):
        assert (await ask(method, f"variations/{run}{path}")).status == 404


async def test_news_are_of_the_run(ask: Any, app: App, gemini: FakeGemini) -> None:
    heard: list[tuple[str, str]] = []
    app.events.subscribe(lambda event: heard.append((event.topic, event.subject)))
    gemini.faults += [faults.Given(file_of(GOOD[0]))]

    run = (await ask("POST", "variations", wish())).json["id"]
    await over(ask, run)

    assert {subject for topic, subject in heard if topic == "variation"} == {run}


async def test_without_a_key_the_run_says_so(door: Any, app: App, gemini: FakeGemini) -> None:
    app.store.update({"gemini_url": gemini.url})

    run = await over(door, (await door("POST", "variations", wish())).json["id"])

    assert run["state"] == "failed"
    assert "key" in run["error"]
    assert not gemini.requests


async def test_wrong_key_is_told_and_never_repeated(ask: Any, app: App) -> None:
    wrong = "a-wrong-key-0123456789"
    app.credentials.set("gemini", wrong)

    run = await over(ask, (await ask("POST", "variations", wish())).json["id"])

    assert run["state"] == "failed"
    assert wrong not in str(run)


# -- What is refused -------------------------------------------------------------------------------------------------


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"images": [{}]}, 422, "either"),
    ({"images": [{"name": "input/a.png", **DATA}]}, 422, "either"),
    ({"images": [{"data": "%%%"}]}, 422, "base64"),
    ({"images": [{"data": "data:image/png,abc"}]}, 422, "base64"),
    ({"images": [{"data": 7}]}, 422, "base64"),
    ({"images": [{"data": base64_of(b"GIF89a no picture")}]}, 400, "Image 1 is no picture"),
    ({"images": [DATA, {"data": base64_of(file_of(ORIGINAL)[:500])}]}, 400, "Image 2 is no picture"),
    ({"images": [{"name": "input/none.png"}]}, 404, "no picture input/none.png"),
    ({"images": [{"name": "../settings.json"}]}, 400, "names no picture"),
    ({"images": [{"name": "input/../../settings.json"}]}, 400, "names no picture"),
    ({"images": [{"name": "/etc/passwd"}]}, 400, "names no picture"),
    ({"images": [DATA] * 17}, 422, "images"),
    ({"images": [], "prompt": " "}, 400, "prompt"),
    ({"count": 0}, 422, "count"),
    ({"count": 101}, 422, "count"),
    ({"budget": 0}, 422, "budget"),
    ({"temperature": 3}, 422, "temperature"),
    ({"profile": "lax"}, 422, "profile"),
    ({"thresholds": {"diversity": 2}}, 422, "diversity"),
    ({"thresholds": {"similarity_min": 0.9, "similarity_max": 0.1}}, 400, "similarities"),
    ({"thresholds": {"beauty": 1}}, 422, "beauty"),
    ({"key": "mine"}, 422, "key"),
]


async def test_what_makes_no_sense_begins_nothing(ask: Any, gemini: FakeGemini) -> None:
    for fields, status, word in REFUSED:
        for path in ("variations", "variations/estimate"):
            answer = await ask("POST", path, wish(**fields))

            assert (answer.status, word in answer.message) == (status, True), (fields, answer.message)
    assert (await ask("GET", "variations")).json["items"] == []
    assert not gemini.requests


async def test_link_out_of_the_folder_is_refused(ask: Any, app: App, cat: Path) -> None:
    secret = app.home / "secret.png"
    secret.write_bytes(file_of(ORIGINAL))
    (cat.parent / "link.png").symlink_to(secret)

    answer = await ask("POST", "variations", wish(images=[{"name": "input/link.png"}]))

    assert (answer.status, "leads out" in answer.message) == (400, True)


async def test_too_many_pixels_together_are_refused(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_PIXELS", 192 * 192 * 2)

    assert (await ask("POST", "variations/estimate", wish(images=[DATA] * 2))).status == 200
    assert (await ask("POST", "variations/estimate", wish(images=[DATA] * 3))).status == 400


async def test_large_pictures_are_taken_and_larger_bodies_are_not(ask: Any, server: Standalone) -> None:
    large = base64_of(file_of(ORIGINAL) + bytes(20_000_000))  # what follows a PNG's end is read by nobody
    taken = await ask("POST", "variations/estimate", wish(images=[{"data": large}]))
    reader, writer = await asyncio.open_connection(server.url.host, server.url.port)
    head = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {routes.BODY + 1}"
    writer.write(f"POST /lorakeeper/variations HTTP/1.1\r\n{head}\r\n\r\n".encode())
    refused = await asyncio.wait_for(reader.readline(), 5)
    writer.close()

    assert taken.status == 200
    assert b" 413 " in refused


# -- Before and beside -----------------------------------------------------------------------------------------------


async def test_estimate_counts_what_is_kept_and_sends_nothing(ask: Any, gemini: FakeGemini) -> None:
    before = (await ask("POST", "variations/estimate", wish(count=2, attempts=2))).json
    gemini.faults += [faults.Given(file_of(GOOD[0]))]
    await over(ask, (await ask("POST", "variations", wish())).json["id"])
    sent = len(gemini.requests)

    after = (await ask("POST", "variations/estimate", wish(count=2, attempts=2))).json

    assert (before["kept"], before["fewest"], before["most"]) == (0, 2, 4)
    assert before["least_cost"] == pytest.approx(2 * 0.045, rel=0.05)
    assert before["most_cost"] == pytest.approx(4 * 0.045, rel=0.05)
    assert (after["kept"], after["fewest"], after["most"]) == (1, 1, 3)
    assert len(gemini.requests) == sent


async def test_unknown_model_has_no_price_and_so_no_budget(ask: Any) -> None:
    free = await ask("POST", "variations/estimate", wish(model="gemini-9-image"))
    bounded = await ask("POST", "variations/estimate", wish(model="gemini-9-image", budget=1))

    assert (free.json["least_cost"], free.json["most_cost"]) == (None, None)
    assert (bounded.status, "No price" in bounded.message) == (400, True)


async def test_models_are_those_of_the_site_where_there_is_a_key(ask: Any, gemini: FakeGemini) -> None:
    gemini.models.remove("gemini-2.5-flash-image")
    gemini.models.append("gemini-9-image")

    answer = (await ask("GET", "variations/models")).json

    by_name = {model["name"]: model for model in answer["items"]}
    assert answer["problem"] == ""
    assert by_name["gemini-2.5-flash-image"]["available"] is False
    assert by_name["gemini-3.1-flash-image"]["prices"]["4K"] == 0.151
    assert by_name["gemini-3.1-flash-image"]["sizes"][0] == "1K"
    assert "21:9" in by_name["gemini-3-pro-image"]["aspect_ratios"]
    new = by_name["gemini-9-image"]
    assert (new["available"], new["known"], new["prices"]) == (True, False, {})
    assert "gemini-2.5-flash" not in by_name
    assert answer["default"] in by_name


async def test_models_are_answered_without_the_site(ask: Any, gemini: FakeGemini, app: App) -> None:
    known = [model.name for model in MODELS]
    gemini.faults.append(faults.forbidden())
    refused = (await ask("GET", "variations/models")).json
    app.credentials.forget("gemini")
    sent = len(gemini.requests)
    keyless = (await ask("GET", "variations/models")).json

    for answer in (refused, keyless):
        assert [model["name"] for model in answer["items"]] == known
        assert {model["available"] for model in answer["items"]} == {None}
        assert answer["problem"].endswith(".")
    assert len(gemini.requests) == sent


async def test_slow_site_does_not_keep_the_models_waiting(
    ask: Any, gemini: FakeGemini, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_PATIENCE", 0.2)
    gemini.faults.append(faults.Delay(30))

    answer = (await ask("GET", "variations/models")).json

    assert "within" in answer["problem"]
    assert answer["items"]


async def test_cache_is_measured_and_cleared(ask: Any, app: App, gemini: FakeGemini) -> None:
    app.store.update({"variation_cache_mb": 5})
    gemini.faults += [faults.Given(file_of(GOOD[0]))]
    await over(ask, (await ask("POST", "variations", wish())).json["id"])

    kept = (await ask("GET", "variations/cache")).json
    cleared = (await ask("DELETE", "variations/cache")).json

    assert kept == {"bytes": len(file_of(GOOD[0])), "limit": 5_000_000}
    assert cleared == {"dropped": 1}
    assert (await ask("GET", "variations/cache")).json["bytes"] == 0


async def test_again_costs_nothing_unless_the_cache_is_left_out(ask: Any, gemini: FakeGemini) -> None:
    gemini.faults += [faults.Given(file_of(GOOD[0]))]
    await over(ask, (await ask("POST", "variations", wish())).json["id"])

    again = await over(ask, (await ask("POST", "variations", wish())).json["id"])
    assert (again["report"]["from_cache"], again["report"]["attempts"], len(gemini.requests)) == (1, 0, 1)

    gemini.faults += [faults.Given(file_of(GOOD[1]))]
    anew = await over(ask, (await ask("POST", "variations", wish(use_cache=False))).json["id"])
    assert (anew["report"]["from_cache"], anew["report"]["attempts"], len(gemini.requests)) == (0, 1, 2)
