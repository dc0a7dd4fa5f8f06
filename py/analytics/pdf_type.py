"""Text in the fonts that every PDF reader has: which font has a letter, how wide a text is, where its lines end.

Nothing is embedded: Latin letters are Helvetica's, the others those of Adobe's fonts for Japanese, Korean and Chinese,
for which readers have their own. What none of them has loses its accents, or becomes a box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .summary import Language

REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
_JAPANESE, _KOREAN, _CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
# A font has what its country's code has: the fonts' own lists are in the readers.
_CODES = {_JAPANESE: "cp932", _KOREAN: "cp949", _CHINESE: "gbk"}
_ORDER: dict[Language, tuple[str, ...]] = {
    "en": (_JAPANESE, _KOREAN, _CHINESE),
    "ja": (_JAPANESE, _KOREAN, _CHINESE),
    "ko": (_KOREAN, _JAPANESE, _CHINESE),
    "zh": (_CHINESE, _JAPANESE, _KOREAN),
}
_BOX = "□"
_LATIN = "cp1252"
_ALIKE = str.maketrans({"−": "–", "\u00a0": " ", "\u202f": " ", "\u2009": " "})
# Where a line may neither begin nor end, in the scripts that have no spaces.
_NEVER_FIRST = set("、。，．・：；？！）」』】〕》〉’”…ー々,.:;?!)]}%")
_NEVER_LAST = set("（「『【〔《〈‘“([{$")


@dataclass(frozen=True)
class Run:
    """Letters of one font, so many points wide."""

    font: str
    text: str
    width: float


@dataclass(frozen=True)
class _Letter:
    text: str
    font: str
    width: float  # at one point


class Type:
    """The fonts of a document in one language. Registers them with reportlab."""

    def __init__(self, language: Language) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont

        for name in _CODES:
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(UnicodeCIDFont(name))
        self._fonts = _ORDER[language]
        self._own_first = language != "en"
        self._measure = pdfmetrics.stringWidth
        self._known: dict[tuple[str, bool], tuple[_Letter, ...]] = {}

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        return sum(letter.width for letter in self._letters(text, bold)) * size

    def line(self, text: str, size: float, *, bold: bool = False) -> list[Run]:
        return _runs(self._letters(text, bold), size)

    def lines(
        self, text: str, size: float, width: float, *, bold: bool = False, most: int | None = None
    ) -> list[list[Run]]:
        """Lines no wider than ``width``; where they are more than ``most``, the last ends in an ellipsis."""
        letters, found, start = self._letters(text, bold), list[list[_Letter]](), 0
        while start < len(letters):
            end = _end_of_line(letters, start, width / size)
            found.append(list(letters[start:end]))
            start = end
            while start < len(letters) and letters[start].text == " ":
                start += 1
        if most is not None and len(found) > most:
            rest = [letter for line in found[most - 1 :] for letter in line]
            found = [*found[: most - 1], self._cut(rest, width / size, bold)]
        return [_runs(line, size) for line in found] or [[]]

    def cut(self, text: str, size: float, width: float) -> list[Run]:
        """One line: where it is too wide, its beginning and its end, in which versions are told apart."""
        letters = self._letters(text, bold=False)
        room = width / size
        if sum(letter.width for letter in letters) <= room:
            return _runs(letters, size)
        dots = self._letters("…", bold=False)
        room -= sum(letter.width for letter in dots)
        tail = _that_fit(list(reversed(letters)), room / 3)
        head = _that_fit(letters, room - sum(letter.width for letter in tail))
        return _runs([*head, *dots, *reversed(tail)], size)

    def _cut(self, letters: Sequence[_Letter], room: float, bold: bool) -> list[_Letter]:
        dots = self._letters("…", bold)
        return [*_that_fit(letters, room - sum(letter.width for letter in dots)), *dots]

    def _letters(self, text: str, bold: bool) -> list[_Letter]:
        found: list[_Letter] = []
        for each in unicodedata.normalize("NFC", text).translate(_ALIKE):
            if (each, bold) not in self._known:
                self._known[each, bold] = tuple(self._set(each, bold))
            found.extend(self._known[each, bold])
        return found

    def _set(self, letter: str, bold: bool) -> Iterable[_Letter]:
        latin = BOLD if bold else REGULAR
        if unicodedata.category(letter) in {"Cc", "Cf", "Mn", "Me", "Cs"}:
            return  # neither seen nor wide: marks that stayed by themselves, and joiners
        fonts = {latin: _LATIN, **{font: _CODES[font] for font in self._fonts}}
        names = list(fonts)
        if self._own_first and not letter.isascii() and not letter.isalpha():
            names = [*names[1:2], names[0], *names[2:]]
        for font in names:
            if _has(fonts[font], letter):
                yield _Letter(letter, font, self._measure(letter, font, 1))
                return
        bare = "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
        if bare != letter and _has(_LATIN, bare):
            for each in bare:
                yield _Letter(each, latin, self._measure(each, latin, 1))
            return
        yield _Letter(_BOX, names[1], self._measure(_BOX, self._fonts[0], 1))


def _has(code: str, letter: str) -> bool:
    try:
        letter.encode(code)
    except UnicodeEncodeError:
        return False
    return True


def _that_fit(letters: Sequence[_Letter], room: float) -> list[_Letter]:
    found: list[_Letter] = []
    for letter in letters:
        room -= letter.width
        if room < 0:
            break
        found.append(letter)
    while found and found[-1].text == " ":
        found.pop()
    return found


def _end_of_line(letters: Sequence[_Letter], start: int, room: float) -> int:
    """Where the line from ``start`` ends: behind its last word, or within a word that is longer than a line."""
    used, last = 0.0, start
    for at in range(start, len(letters)):
        if at > start and _may_part(letters[at - 1].text, letters[at].text):
            last = at
        used += letters[at].width
        if used > room and letters[at].text != " ":
            return last if last > start else max(at, start + 1)
    return len(letters)


def _may_part(one: str, other: str) -> bool:
    if one in _NEVER_LAST or other in _NEVER_FIRST or other == " ":
        return False
    return one in " /_-" or _is_wide(one) or _is_wide(other)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _runs(letters: Iterable[_Letter], size: float) -> list[Run]:
    runs: list[Run] = []
    for letter in letters:
        if runs and runs[-1].font == letter.font:
            runs[-1] = Run(letter.font, runs[-1].text + letter.text, runs[-1].width + letter.width * size)
        else:
            runs.append(Run(letter.font, letter.text, letter.width * size))
    return runs
