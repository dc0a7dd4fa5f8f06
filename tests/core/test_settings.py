"""Settings: typed, validated, written whole, overridden by the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lorakeeper.py.errors import SettingsError
from lorakeeper.py.settings import SettingsStore


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "data" / "settings.json")


def test_a_change_is_there_after_a_restart(store: SettingsStore) -> None:
    store.update({"concurrency": 5, "nsfw_limit": "R"})

    again = SettingsStore(store.path).current
    assert (again.concurrency, again.nsfw_limit) == (5, "R")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("concurrency", "many"),
        ("civitai_url", "file:///etc"),
        ("civitai_url", "https://user:pass@civitai.com"),
        ("proxy", "not a proxy"),
        ("nsfw_limit", "everything"),
        ("image_hosts", ["https://host/path"]),
        ("path_template", "{no_such_thing}"),
        ("path_template", "{base_model"),
        ("unheard_of", 1),
        ("blur_from", "PG"),
        ("saved_filters", [{"name": "", "query": {}}]),
        ("saved_filters", [{"name": "x" * 101, "query": {}}]),
        ("saved_filters", [{"name": "cats"}]),
        ("saved_filters", [{"name": "cats", "query": {"colour": "red"}}]),
        ("saved_filters", [{"name": "cats", "query": {"sort": "best"}}]),
        ("saved_filters", [{"name": "cats", "query": {"limit": 5}}]),
        ("saved_filters", [{"name": "cats", "query": {"cursor": "x"}}]),
        ("saved_filters", [{"name": name, "query": {}} for name in ("cats", " Cats")]),
        ("saved_filters", [{"name": str(number), "query": {}} for number in range(101)]),
    ],
)
def test_a_bad_value_is_refused_in_a_sentence_and_changes_nothing(
    store: SettingsStore, name: str, value: object
) -> None:
    before = store.current.model_dump()

    with pytest.raises(SettingsError, match=name.replace("_", ".")):
        store.update({name: value})

    assert store.current.model_dump() == before
    assert not store.path.exists()


def test_the_environment_wins_and_cannot_be_changed_from_a_page(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORAKEEPER_CONCURRENCY", "7")
    store = SettingsStore(store.path)

    assert store.current.concurrency == 7
    with pytest.raises(SettingsError, match="LORAKEEPER_CONCURRENCY"):
        store.update({"concurrency": 2})


def test_model_folders_from_the_environment_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORAKEEPER_MODELS", os.pathsep.join(["loras=/a", "/b/models"]))

    assert SettingsStore(tmp_path / "settings.json").current.models == ["loras=/a", "/b/models"]


def test_a_list_in_the_environment_that_is_no_json_is_named(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORAKEEPER_IMAGE_HOSTS", "https://image.civitai.com")

    with pytest.raises(SettingsError, match=r"LORAKEEPER_IMAGE_HOSTS must be JSON"):
        SettingsStore(store.path)


def test_a_broken_file_is_named_and_left_alone(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("{ not json")

    with pytest.raises(SettingsError, match=r"settings\.json"):
        SettingsStore(store.path)
    assert store.path.read_text() == "{ not json"


def test_settings_of_a_newer_version_survive_a_change(store: SettingsStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text(json.dumps({"from_the_future": 1}))

    SettingsStore(store.path).update({"cache": False})

    assert json.loads(store.path.read_text()) == {"from_the_future": 1, "cache": False}


def test_a_proxys_password_is_not_shown(store: SettingsStore) -> None:
    shown = store.update({"proxy": "http://me:secret@proxy:3128"}).public()

    assert shown.proxy == "http://me@proxy:3128"
    assert store.current.proxy == "http://me:secret@proxy:3128"


def test_the_nsfw_limit_covers_the_levels_below_it(store: SettingsStore) -> None:
    assert store.update({"nsfw_limit": "R"}).nsfw_bits == 1 | 2 | 4


def test_saved_filters_are_kept_as_they_are_asked(store: SettingsStore) -> None:
    query = {"kind": ["loras"], "query": "ink", "favourite": True, "nsfw": None}
    store.update({"saved_filters": [{"name": " Inks ", "query": query}]})

    (kept,) = SettingsStore(store.path).current.saved_filters
    assert (kept.name, kept.query) == ("Inks", {"kind": ["loras"], "query": "ink", "favourite": True})
