"""The sentences: all that a view says is in the English catalogue, and nothing else; the others say all of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from lorakeeper.testing.frontend_host import PACK

APP = PACK / "web" / "app"
# Keys that are put together: what comes before the part that varies.
FAMILIES = re.compile(r"\bt\(`([\w.]+)\$\{")
REPORTS = "analytics."

# The letters of each language's own, and those of its neighbours that have no place in it.
LETTERS = {"ja": "ぁ-ヿ一-鿿", "ko": "가-힣", "zh": "一-鿿"}
FOREIGN = {"ja": "가-힣", "ko": "ぁ-ヿ一-鿿", "zh": "ぁ-ヺ가-힣"}
# What is written alike everywhere.
NAMES = re.compile(
    r"\b(AIR|CLIP|Checkpoint|Civitai|ComfyUI|ControlNet|Gemini|Git|Google|JSON|LoRA|Lorakeeper|MB|NSFW|SHA256|VAE|lora)\b|\{\w+\}"
)


def code() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(APP.rglob("*.js")) if "vendor" not in path.parts)


def catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((APP / "words" / f"{language}.json").read_text("utf-8"))
    return words


def english() -> dict[str, str]:
    return catalogue("en")


def test_every_sentence_is_in_the_catalogue_and_used() -> None:
    known = set(english())
    written = code()
    quoted = set(re.findall(r'"([\w.]+)"', written)) & known
    missing = set(re.findall(r'\bt\("([\w.]+)"', written)) - known
    families = (*FAMILIES.findall(written), REPORTS)

    used = quoted | {key for key in known if key.startswith(families)}
    # What is said of one thing is chosen by its count.
    unused = {key for key in known - used if key.removesuffix(".one") not in used}

    assert (missing, unused) == (set(), set())


@pytest.mark.parametrize("path", sorted((APP / "words").glob("*.json")), ids=lambda path: path.stem)
def test_no_key_is_there_twice(path: Path) -> None:
    keys: list[str] = []

    def keep(pairs: list[tuple[str, str]]) -> None:
        keys.extend(key for key, _ in pairs)

    json.loads(path.read_text("utf-8"), object_pairs_hook=keep)

    assert sorted(keys) == sorted(set(keys))


def test_catalogues_are_those_of_the_languages_to_choose_from() -> None:
    offered = re.search(r"LANGUAGES = .*?\{(.*)\}", (APP / "strings.js").read_text("utf-8"))

    assert offered is not None
    assert sorted(re.findall(r"(\w+):", offered[1])) == sorted(path.stem for path in (APP / "words").glob("*.json"))
    assert {"en", *LETTERS} == {path.stem for path in (APP / "words").glob("*.json")}


@pytest.mark.parametrize("language", LETTERS)
def test_every_language_says_all_that_english_says(language: str) -> None:
    """None of the others has a form of its own for one thing: it says the same as of many."""
    keys = {key for key in english() if not key.endswith(".one") or key.removesuffix(".one") not in english()}
    said = set(catalogue(language))

    assert {"missing": sorted(keys - said), "left over": sorted(said - keys)} == {"missing": [], "left over": []}


@pytest.mark.parametrize("language", LETTERS)
def test_every_sentence_names_what_its_english_one_names(language: str) -> None:
    def names(text: str) -> Counter[str]:
        return Counter(re.findall(r"\{(\w+)\}", text))

    said = english()

    assert {key: text for key, text in catalogue(language).items() if names(text) != names(said.get(key, ""))} == {}


@pytest.mark.parametrize("language", ["en", *LETTERS])
def test_no_sentence_is_empty_or_has_blanks_at_its_ends(language: str) -> None:
    texts = {key: text for key, text in catalogue(language).items() if key != "analytics.list"}  # what parts a list

    assert [key for key, text in texts.items() if not text or text != text.strip()] == []


@pytest.mark.parametrize("language", LETTERS)
def test_sentences_of_other_languages_are_translated(language: str) -> None:
    """But for names; and none has a letter of another."""
    words = catalogue(language)
    own, foreign = re.compile(f"[{LETTERS[language]}]"), re.compile(f"[{FOREIGN[language]}]")

    assert {
        key: text for key, text in words.items() if re.search("[a-z]", NAMES.sub("", text)) and not own.search(text)
    } == {}
    assert {key: text for key, text in words.items() if foreign.search(text)} == {}


def test_the_sentence_for_a_server_that_is_gone_is_the_same_with_and_without_a_catalogue() -> None:
    said = re.search(r'^const OFFLINE = "(.*)";$', (APP / "strings.js").read_text("utf-8"), re.MULTILINE)

    assert said is not None
    assert said[1] == english()["error.offline"]
