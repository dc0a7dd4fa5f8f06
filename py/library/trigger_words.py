r"""Trigger words: the words a LoRA was trained to answer to, where they come from, and how they enter a prompt.

A word is the author's to the letter: case, spacing and escapes (``exusiai \(arknights\)``) stay as they are. Words are
only compared without regard to case and repeated spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Literal

from pydantic import BaseModel

Source = Literal["user", "site", "header"]


class Placement(str, Enum):
    BEFORE = "before"
    AFTER = "after"


class Word(BaseModel):
    """One trigger word, who says so, and to which of the author's sets it belongs (counted from 0)."""

    text: str
    source: Source
    group: int = 0


def split_words(text: str) -> list[str]:
    r"""The comma-separated phrases of ``text``, trimmed, empty ones dropped; escapes such as ``\(`` stay."""
    return [word for part in text.split(",") if (word := part.strip())]


def words_of(source: Source, groups: Iterable[str]) -> list[Word]:
    """The words of one source: each entry of ``groups`` is one set, comma-joined; a word said twice is kept once."""
    seen: set[str] = set()
    found: list[Word] = []
    for number, text in enumerate(groups):
        for word in split_words(text):
            if _folded(word) not in seen:
                seen.add(_folded(word))
                found.append(Word(text=word, source=source, group=number))
    return found


def merge_words(*sources: list[Word]) -> list[Word]:
    """The words of all sources, the first that names a word keeping it."""
    seen: set[str] = set()
    merged: list[Word] = []
    for word in (word for words in sources for word in words):
        if _folded(word.text) not in seen:
            seen.add(_folded(word.text))
            merged.append(word)
    return merged


def best_words(words: Iterable[Word]) -> list[str]:
    """What goes into a prompt by itself: the user's words if there are any, else the site's, else the header's."""
    known = list(words)
    for source in ("user", "site", "header"):
        if chosen := [word.text for word in known if word.source == source]:
            return chosen
    return []


def insert_trigger_words(
    prompt: str,
    words: Iterable[str],
    placement: Placement = Placement.BEFORE,
    *,
    separator: str = ", ",
    weight: float = 1.0,
    off: Iterable[str] = (),
) -> str:
    """``prompt`` with those ``words`` that it does not hold yet and that are not switched ``off``.

    ``words`` and ``off`` may be comma-joined. The prompt holds a word that stands in it whole, whatever its case or
    weight; a word given twice is added once. A ``weight`` other than 1 writes each new word as ``(word:1.2)``.
    """
    skipped = {_folded(word) for text in off for word in split_words(text)}
    new: list[str] = []
    for word in (phrase for text in words for phrase in split_words(text)):
        if _folded(word) not in skipped and not _holds(prompt, word):
            skipped.add(_folded(word))
            new.append(word if weight == 1 else f"({word}:{weight:g})")
    parts = [*new, prompt.strip()] if placement is Placement.BEFORE else [prompt.strip(), *new]
    return separator.join(part for part in parts if part)


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())


def _holds(prompt: str, word: str) -> bool:
    """Whether ``word`` stands in ``prompt`` as it is, not as a part of a longer word."""
    pattern = r"\s+".join(re.escape(part) for part in _folded(word).split())
    return re.search(rf"(?<!\w){pattern}(?!\w)", prompt.casefold()) is not None
