"""Settings and keys through the routes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.settings import Settings

KEY = "a-key-that-nobody-may-see-0123456789"


async def test_settings_are_all_shown_and_a_change_is_kept(door: Any, app: App) -> None:
    shown = (await door("GET", "settings")).json
    assert set(shown) == set(Settings.model_fields)

    changed = await door("PATCH", "settings", {"concurrency": 5, "cache": False})

    assert (changed.json["concurrency"], changed.json["cache"]) == (5, False)
    assert app.settings.concurrency == 5
    assert b'"concurrency": 5' in app.store.path.read_bytes()


@pytest.mark.parametrize(
    ("change", "word"), [({"concurrency": 0}, "concurrency"), ({"colour": 1}, "colour"), ({"cache": None}, "cache")]
)
async def test_wrong_setting_changes_nothing_and_is_named(door: Any, change: dict[str, Any], word: str) -> None:
    before = (await door("GET", "settings")).json

    answer = await door("PATCH", "settings", {"report_format": "pdf", **change})

    assert answer.status == 422
    assert word in answer.message
    assert (await door("GET", "settings")).json == before


async def test_saved_filters_go_in_and_out_and_are_no_field_of_a_form(door: Any) -> None:
    filters = [{"name": "Inks", "query": {"family": ["sdxl"], "has_words": True}}]

    changed = (await door("PATCH", "settings", {"saved_filters": filters, "blur_from": "never"})).json
    wrong = await door("PATCH", "settings", {"saved_filters": [{"name": "x", "query": {"sort": "best"}}]})

    assert changed["saved_filters"] == filters == (await door("GET", "settings")).json["saved_filters"]
    assert (wrong.status, "sort" in wrong.message) == (422, True)
    schema = (await door("GET", "openapi.json")).json["components"]["schemas"]["Settings"]["properties"]
    assert schema["saved_filters"]["hidden"] is True
    assert (schema["blur_from"]["default"], changed["blur_from"]) == ("R", "never")
    assert all("default" in each for each in schema.values())


async def test_password_of_a_proxy_is_not_shown(door: Any) -> None:
    await door("PATCH", "settings", {"proxy": f"http://me:{KEY}@proxy:3128"})

    assert (await door("GET", "settings")).json["proxy"] == "http://me@proxy:3128"


async def test_key_goes_in_and_never_out(door: Any, app: App) -> None:
    new = "another-key-9876543210"
    answer = await door("PUT", "credentials/civitai", {"key": new})
    assert answer.json == {"configured": True}

    told = await door("GET", "credentials")

    assert told.json["civitai"] == {"configured": True, "source": "file", "masked": "anot…3210"}
    assert told.json["gemini"] == {"configured": False, "source": None, "masked": None}
    assert app.credentials.secrets() == [new]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
async def test_key_file_is_its_owners_alone(door: Any, app: App) -> None:
    await door("PUT", "credentials/gemini", {"key": "some-gemini-key"})

    assert app.credentials.path.stat().st_mode & 0o077 == 0


async def test_key_is_forgotten(door: Any, app: App) -> None:
    assert (await door("DELETE", "credentials/civitai")).json == {"configured": False}
    assert app.credentials.secrets() == []


async def test_key_of_the_environment_stays_when_the_kept_one_goes(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_API_KEY", KEY)

    assert (await door("DELETE", "credentials/civitai")).json == {"configured": True}


@pytest.mark.parametrize("key", ["short", "with space in it", "kéy-of-letters", ["list"]])
async def test_what_can_be_no_key_is_refused_and_not_repeated(door: Any, key: Any) -> None:
    answer = await door("PUT", "credentials/civitai", {"key": key})

    assert answer.status == 422
    assert str(key) not in answer.message


async def test_unknown_service_is_refused(door: Any) -> None:
    assert (await door("PUT", "credentials/other", {"key": "12345678901"})).status == 422


async def test_key_is_in_no_log_line(door: Any, app: App, tmp_path: Path) -> None:
    await door("PUT", "credentials/civitai", {"key": KEY[::-1]})
    await door("POST", "civitai/resolve", {"target": f"https://civitai.com/models/1?token={KEY[::-1]}"})

    written = (tmp_path / "data" / "logs" / "lorakeeper.log").read_text("utf-8")
    assert "PUT /lorakeeper/credentials/civitai" in written
    assert KEY[::-1] not in written
