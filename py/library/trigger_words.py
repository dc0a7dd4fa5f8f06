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

_ORDER: tuple[Source, ...] = ("user", "site", "header")
_FACES = (":", ";", "=")  # before a parenthesis these draw a face


class Placement(str, Enum):
    BEFORE = "before"
    AFTER = "after"


class Word(BaseModel):
    """One trigger word, who says so, and to which of that source's sets it belongs (counted from 0).

    A word that stands in several sets belongs to the first, and ``also`` to the others. One that is ``suggested`` was
    declared by nobody: it is a guess from the training.
    """

    text: str
    source: Source
    group: int = 0
    also: list[int] = []
    suggested: bool = False


def split_words(text: str) -> list[str]:
    r"""The comma-separated phrases of ``text``, trimmed, empty ones dropped; escapes such as ``\(`` stay.

    What stands in parentheses is one phrase, weighted as in ``(red hair, smile:1.2)`` or escaped as in
    ``\(arknights, alt\)``: cut apart, it would be no prompt any more. A parenthesis without its other half, as in
    ``:(``, holds nothing together.
    """
    parts: list[str] = []
    start = 0
    closed = iter([*_groups(text), (len(text), len(text))])
    begin, end = next(closed)
    for comma in (match.start() for match in re.finditer(",", text)):
        while comma > end:
            begin, end = next(closed)
        if comma < begin:
            parts.append(text[start:comma])
            start = comma + 1
    return [word for part in [*parts, text[start:]] if (word := part.strip())]


def _groups(text: str) -> list[tuple[int, int]]:
    """Where the outermost pairs of parentheses begin and end. Escaped ones pair with escaped ones only."""
    waiting: list[tuple[bool, int]] = []
    pairs: list[tuple[int, int]] = []
    open_ = {True: 0, False: 0}
    for match in re.finditer(r"(?s)\\.|[()]", text):
        escaped, at = len(match[0]) > 1, match.end() - 1
        if text[at] == "(" and not text.endswith(_FACES, 0, at):
            waiting.append((escaped, at))
            open_[escaped] += 1
        elif text[at] == ")" and open_[escaped]:
            kind, begin = waiting.pop()
            while kind != escaped:
                open_[kind] -= 1
                kind, begin = waiting.pop()
            open_[kind] -= 1
            while pairs and pairs[-1][0] > begin:
                pairs.pop()
            pairs.append((begin, at))
    return pairs


class WordSet(BaseModel):
    """Words that one source gave together, complete, also where another source says some of them too. ``place`` is
    where the set stands among those of its source; guesses from the training, ``suggested``, are one set."""

    source: Source
    place: int = 0
    suggested: bool = False
    words: list[str]


def words_of(source: Source, groups: Iterable[str], *, suggested: bool = False) -> list[Word]:
    """The words of one source: each entry of ``groups`` is one set, comma-joined; a word said twice is kept once."""
    found: dict[str, Word] = {}
    for number, text in enumerate(groups):
        for word in split_words(text):
            known = found.setdefault(_folded(word), Word(text=word, source=source, group=number, suggested=suggested))
            if number not in (known.group, *known.also):
                known.also.append(number)
    return list(found.values())


def told_sets(
    user: Iterable[str], site: Iterable[str], header: Iterable[str], suggestions: Iterable[str]
) -> list[WordSet]:
    """Each source's sets, of the guesses those that nobody has declared. Empty ones are left out."""
    told: tuple[tuple[Source, Iterable[str]], ...] = (("user", user), ("site", site), ("header", header))
    sets = [
        WordSet(source=source, place=place, words=_distinct(split_words(text)))
        for source, texts in told
        for place, text in enumerate(texts)
    ]
    declared = {_folded(word) for each in sets for word in each.words}
    guesses = _distinct(word for text in suggestions for word in split_words(text) if _folded(word) not in declared)
    return [each for each in (*sets, WordSet(source="header", suggested=True, words=guesses)) if each.words]


def _distinct(words: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(_folded(word), word)
    return list(found.values())


def merge_words(*sources: list[Word]) -> list[Word]:
    """The words of all sources, the first that names a word keeping it."""
    merged: dict[str, Word] = {}
    for word in (word for words in sources for word in words):
        merged.setdefault(_folded(word.text), word)
    return list(merged.values())


def best_words(words: Iterable[Word]) -> list[str]:
    """What goes into a prompt by itself: the user's words if there are any, else the site's, else what the header
    declares. Of what is only suggested, no more than the best guess: one wrong word is a nuisance, twelve a ruin."""
    known = list(words)
    for source in _ORDER:
        if chosen := [word.text for word in known if word.source == source and not word.suggested]:
            return chosen
    return [word.text for word in known if word.suggested][:1]


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
