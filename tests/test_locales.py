"""What ComfyUI's own windows say of us in its user's language: `locales/`, in the shape that its front end reads.

English is in the definitions themselves. A language that ComfyUI has and we have not gets that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locales"
LANGUAGES = ("ja", "ko", "zh")
# Compared with the nodes in `nodes/test_schemas.py`.
NODES: dict[str, Any] = json.loads((ROOT / "tests" / "web" / "object_info.json").read_text("utf-8"))
ENTRY = (ROOT / "web" / "comfyui" / "lorakeeper.js").read_text("utf-8")
NO_KEY = re.compile(r"""[.'"[\]]""")
OWN = re.compile("[ぁ-ヿ가-힣一-鿿]")
# Names of programs, formats and models, and values that a user chooses by these words.
NAMES = re.compile(
    r"(\b(AIR|CLIP|Civitai|Flux|Gemini|Illustrious|JSON|LoRA|LoRAs|NSFW|SDXL|VAE)\b|[\d. ])+", re.IGNORECASE
)


def words(language: str, name: str) -> dict[str, Any]:
    path = LOCALES / language / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def paths(tree: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in tree.items():
        if isinstance(value, str):
            yield (*before, key), value
        else:
            yield from paths(value, (*before, key))


def everything(language: str) -> dict[tuple[str, ...], str]:
    return dict(paths({name: words(language, name) for name in ("main", "nodeDefs", "commands", "settings")}))


def to_say_of_nodes() -> Iterator[tuple[str, ...]]:
    """An output named by its type has the front end's word for the type. What an input offers to choose isn't said."""
    for node, about in NODES.items():
        yield from ((node, "display_name"), (node, "description"))
        for name in (name for group in ("required", "optional") for name in about["input"].get(group, {})):
            yield from ((node, "inputs", name.replace(".", "_"), part) for part in ("name", "tooltip"))
        for at, (kind, name) in enumerate(zip(about["output"], about["output_name"], strict=True)):
            parts = ("tooltip",) if kind == name else ("name", "tooltip")
            yield from ((node, "outputs", str(at), part) for part in parts)


def test_every_language_of_the_sidebar_is_there() -> None:
    files = {path.name for path in LOCALES.glob("*/*")}

    assert sorted(path.name for path in LOCALES.iterdir()) == list(LANGUAGES)
    assert {path.stem for path in (ROOT / "web" / "app" / "words").glob("*.json")} == {"en", *LANGUAGES}
    assert files == {"main.json", "nodeDefs.json", "commands.json", "settings.json"}


def test_they_come_with_the_package() -> None:
    assert '"locales/**"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_node_input_and_output_is_said_and_nothing_else(language: str) -> None:
    said, wanted = {path for path, _ in paths(words(language, "nodeDefs"))}, set(to_say_of_nodes())

    assert (wanted - said, said - wanted) == (set(), set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_is_said_and_nothing_else(language: str) -> None:
    """Each part of the way to a node is a key of its own, which all packs share."""
    parts = {part for about in NODES.values() for part in about["category"].split("/")}

    assert set(words(language, "main")["nodeCategories"]) == parts - {"Lorakeeper"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_and_setting_is_said_and_nothing_else(language: str) -> None:
    """By its id, with `_` for each dot."""
    commands, settings = words(language, "commands"), words(language, "settings")

    assert {*commands, *settings} == {name.replace(".", "_") for name in re.findall(r'"(Lorakeeper\.\w+)"', ENTRY)}
    assert all(set(about) == {"label"} for about in commands.values())
    assert all({"name"} <= set(about) <= {"name", "tooltip", "options"} for about in settings.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_menus_and_the_tab_are_said_and_nothing_else(language: str) -> None:
    """By their English words. With a dot, a quote or a bracket they are no keys for the front end, and stay English."""
    main = words(language, "main")
    (tooltip,) = re.findall(r'\btooltip: "([^"]+)",\n\s+type: "custom"', ENTRY)
    labels = set(re.findall(r'\blabel: "([^"]+)"', ENTRY))

    assert set(main["contextMenu"]) == set(re.findall(r'^  \["([^"]+)", "\w+"\],$', ENTRY, re.MULTILINE))
    assert set(main["settingsCategories"]) == set(re.findall(r'\bcategory: \["Lorakeeper", "(\w+)"', ENTRY))
    assert {label for label in labels if not NO_KEY.search(label)} <= set(main["menuLabels"])
    assert len(main["menuLabels"]) == len(labels)
    (tab,) = set(main) - {"nodeCategories", "contextMenu", "settingsCategories", "menuLabels"}
    assert NO_KEY.search(tooltip) or tab == tooltip
    assert not any(map(NO_KEY.search, [tab, *main["menuLabels"], *main["contextMenu"]]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_translated_and_none_is_taken_for_a_form(language: str) -> None:
    """The front end reads `@`, `{`, `|`, `%` and `$` as forms to fill in, older ones also in tooltips."""
    said = everything(language)

    assert {path: text for path, text in said.items() if not text.strip() or text != text.strip()} == {}
    assert {path: text for path, text in said.items() if re.search(r"[@{}|%$\\]", text)} == {}
    assert {path: text for path, text in said.items() if not OWN.search(text) and not NAMES.fullmatch(text)} == {}
