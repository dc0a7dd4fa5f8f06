"""The catalogue of sentences: everything that a view says is in it, and nothing else is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lorakeeper.testing.frontend_host import PACK

APP = PACK / "web" / "app"
# Keys that are put together: what comes before the part that varies.
FAMILIES = re.compile(r"\bt\(`([\w.]+)\$\{")
REPORTS = "analytics."


def code() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(APP.rglob("*.js")) if "vendor" not in path.parts)


def english() -> dict[str, str]:
    words: dict[str, str] = json.loads((APP / "words" / "en.json").read_text("utf-8"))
    return words


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


def test_the_sentence_for_a_server_that_is_gone_is_the_same_with_and_without_a_catalogue() -> None:
    said = re.search(r'^const OFFLINE = "(.*)";$', (APP / "strings.js").read_text("utf-8"), re.MULTILINE)

    assert said is not None
    assert said[1] == english()["error.offline"]
