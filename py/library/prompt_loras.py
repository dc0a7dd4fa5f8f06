r"""LoRAs named in a prompt: ``<lora:name:weight>`` or ``<lora:name:model weight:clip weight>``, with ``lyco`` as well.

A weight is a number from -100 to 100 and 1 where none is given; the CLIP's is the model's unless it is given too. A
name may have folders, spaces and dots, in any script, and no colon unless it is an AIR. After a backslash it is text. A
LoRA named twice is applied twice, so that its weights add, as those of two loaders in a row do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LIMIT = 100.0
_SHOWN = 60
# Whatever begins as a tag, up to its end or to where it can't be one any more.
_BEGUN = r"(?i:<(?:lora|lyco):[^<>\r\n]*>?)"
_AIR = r"(?:urn:)?(?:air:)?[\w.-]+:[\w.-]+:civitai:[0-9]+(?:@[0-9]+)?"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_SPACE = " \t"
_OPENING, _CLOSING = tuple("([{"), tuple(")]}.;:!?")


@dataclass(frozen=True)
class Mention:
    """A LoRA that a prompt names. ``span`` is where its tag stands in the whole text."""

    name: str
    strength_model: float
    strength_clip: float
    span: tuple[int, int]


def parse(text: str) -> tuple[str, list[Mention]]:
    """``text`` without its tags, and what they name. Commas and spaces are set right where a tag was, and only there.

    What begins as a tag and is none stays: see :func:`findings`.
    """
    mentions = [mention for _, mention in _tags(text) if mention]
    if not mentions:
        return text, []
    clean, last = text[: mentions[0].span[0]], mentions[0].span[1]
    comma = ""
    for begin, end in [*(mention.span for mention in mentions[1:]), (len(text), len(text))]:
        between = text[last:begin]
        if end > begin and not between.strip(_SPACE + ","):
            comma = comma or between.strip(_SPACE)[:1]  # two tags in a row are cut out as one
        else:
            clean, comma = _join(clean, comma + between), ""
        last = end
    # Of broken tags around a whole one, another could have come to be.
    for begun, mention in reversed(list(_tags(clean))):
        if mention:
            clean = f"{clean[: begun.start()]}\\{clean[begun.start() :]}"
    return clean, mentions


def findings(text: str) -> list[str]:
    """One sentence for each thing in ``text`` that looks like a tag and is none."""
    return [
        f"{_short(begun[0])} is no LoRA tag and stays in the prompt: write <lora:name:0.8>, weights from -100 to 100."
        for begun, mention in _tags(text)
        if mention is None
    ]


def _tags(text: str) -> Iterator[tuple[re.Match[str], Mention | None]]:
    """All that begins as a tag and isn't escaped; with None where it is none."""
    for begun in re.finditer(_BEGUN, text):
        before = begun.start()
        while before and text[before - 1] == "\\":
            before -= 1
        if (begun.start() - before) % 2 == 0:
            yield begun, _mention(begun)


def _mention(begun: re.Match[str]) -> Mention | None:
    body = begun[0].partition(":")[2].removesuffix(">").lstrip()
    air = re.match(f"(?i:{_AIR})", body)
    name, *weights = [air[0], *_after(body[air.end() :])] if air else body.split(":")
    numbers = [_number(weight.strip()) for weight in weights]
    if not begun[0].endswith(">") or not name.strip() or len(numbers) > 2 or None in numbers:
        return None
    known = [number for number in numbers if number is not None] or [1.0]
    return Mention(name.strip(), known[0], known[-1], begun.span())


def _after(text: str) -> list[str]:
    """The weights behind an AIR, and first what is none if something else is there."""
    before, *weights = text.split(":")
    return [before, *weights] if before.strip() else weights


def _number(text: str) -> float | None:
    weight = float(text) if re.fullmatch(_NUMBER, text) else None
    return weight if weight is not None and abs(weight) <= _LIMIT else None


def _join(left: str, right: str) -> str:
    """The two sides of what was cut out, with no more spaces, commas and lines between them than there should be."""
    left, right = left.rstrip(_SPACE), right.lstrip(_SPACE)
    if not left or left.endswith((",", "\n")):
        while right.startswith(","):
            right = right[1:].lstrip(_SPACE)
    if not right:
        return left.rstrip().removesuffix(",").rstrip()
    if right.startswith(("\n", "\r\n")):
        # A line that had nothing else goes with it, and so does the comma before the end of one.
        if not left or left.endswith("\n"):
            return left + right.removeprefix("\r").removeprefix("\n")
        return left.removesuffix(",").rstrip(_SPACE) + right
    close = not left or left.endswith(("\n", *_OPENING)) or right.startswith((",", *_CLOSING))
    return left + right if close else f"{left} {right}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
