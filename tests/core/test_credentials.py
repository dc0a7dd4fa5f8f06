"""Keys: where they come from, where they go, and what is ever shown of them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from yarl import URL

from lorakeeper.py.credentials import Credentials, mask
from lorakeeper.py.errors import MissingError, SettingsError

KEY = "abcd0123456789wxyz"
SITE = URL("https://civitai.com/api/v1/models")


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "credentials.json", lambda service: "https://civitai.com")


def test_a_stored_key_goes_to_the_origin_it_was_set_for(credentials: Credentials) -> None:
    credentials.set("civitai", KEY)

    assert credentials.key_for("civitai", SITE) == KEY


@pytest.mark.parametrize(
    "url",
    [
        "http://civitai.com/",
        "https://civitai.com:8443/",
        "https://b2.civitai.com/",
        "https://civitai.com.evil.example/",
        "https://civitai.red/",
    ],
)
def test_a_stored_key_goes_to_no_other_origin(credentials: Credentials, url: str) -> None:
    credentials.set("civitai", KEY)

    assert credentials.key_for("civitai", URL(url)) is None


def test_a_setting_cannot_move_the_environments_key_to_another_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_API_KEY", KEY)
    moved = Credentials(tmp_path / "credentials.json", lambda service: "https://evil.example")

    assert moved.key_for("civitai", URL("https://evil.example/")) is None
    assert moved.key_for("civitai", SITE) == KEY


def test_the_environment_can_move_its_own_key(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_API_KEY", KEY)
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", "http://127.0.0.1:9000")

    assert credentials.key_for("civitai", URL("http://127.0.0.1:9000/api")) == KEY
    assert credentials.key_for("civitai", SITE) is None


def test_the_environment_comes_before_the_file(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.set("gemini", KEY)
    monkeypatch.setenv("GOOGLE_API_KEY", "environment-key-0000")

    assert credentials.status("gemini").source == "environment"
    assert credentials.secrets() == ["environment-key-0000"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
def test_the_key_file_is_for_its_owner_alone(credentials: Credentials) -> None:
    credentials.set("civitai", KEY)

    assert stat.S_IMODE(credentials.path.stat().st_mode) == 0o600


def test_at_most_eight_letters_of_a_key_are_shown(credentials: Credentials) -> None:
    credentials.set("civitai", KEY)

    assert credentials.status("civitai").masked == "abcd…wxyz"
    assert mask("short-key") == "…"


def test_another_process_s_change_is_seen(credentials: Credentials) -> None:
    Credentials(credentials.path, lambda service: "https://civitai.com").set("civitai", KEY)

    assert credentials.status("civitai").configured


def test_a_key_is_forgotten_when_asked(credentials: Credentials) -> None:
    credentials.set("civitai", KEY)
    credentials.forget("civitai")

    assert not credentials.status("civitai").configured
    assert KEY not in credentials.path.read_text()


@pytest.mark.parametrize("key", ["", "short", "with space in it", "ünïcödé-key-0000", "x" * 600])
def test_what_can_be_no_key_is_refused(credentials: Credentials, key: str) -> None:
    with pytest.raises(SettingsError):
        credentials.set("civitai", key)


def test_an_unknown_service_is_named(credentials: Credentials) -> None:
    with pytest.raises(MissingError, match="openai"):
        credentials.set("openai", KEY)
