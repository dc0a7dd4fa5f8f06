"""Texts, JSON and numbers out of files that strangers wrote: checked, cut to size, and fit to be stored."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from html import unescape
from typing import Any

from .trigger_words import split_words

MAX_DEPTH = 100
MAX_TEXT = 100_000
MAX_ENTRIES = 500


class UnreadableError(Exception):
    """Why a sidecar is of no use, as the rest of a sentence that begins with its name."""


def decode(content: bytes) -> str:
    """Text in any of the encodings that editors leave behind. Raises UnreadableError where it is no text."""
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        # cp1252 has a few holes; they don't matter in what was no UTF-8 anyway.
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise UnreadableError("is no text")
    return text


def read_object(text: str) -> dict[str, Any]:
    """A JSON object, whose numbers are finite. Raises UnreadableError where the text is none, or nested too deeply."""
    try:
        found = json.loads(
            text, strict=False, parse_constant=lambda _: None, parse_float=_finite, parse_int=_short_integer
        )
        if re.search(r"\\u[dD][89a-fA-F]", text):
            found = json.loads(clean(json.dumps(found, ensure_ascii=False)), strict=False)
    except RecursionError as error:
        raise UnreadableError("is nested too deeply") from error
    except ValueError as error:
        raise UnreadableError("is no JSON") from error
    if not isinstance(found, dict):
        raise UnreadableError("is not the JSON of a model")
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for children in inner for child in children if isinstance(child, (dict, list))]
        if not level:
            return found
    raise UnreadableError("is nested too deeply")


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _short_integer(digits: str) -> int | None:
    # The site's largest numbers, seeds, have 20 digits.
    return int(digits) if len(digits) <= 20 else None


def clean(text: str) -> str:
    """The text with question marks for halves of characters, which can't be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_id(value: Any) -> int | None:
    """The number of something on the site. A tool that doesn't know it writes "", 0 or -1."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        value = int(value)
    return value if type(value) is int and 0 < value < 2**63 else None


def as_sha256(value: Any) -> str | None:
    """A whole file's SHA256 in lower-case hex."""
    found = isinstance(value, str) and re.fullmatch("[0-9A-Fa-f]{64}", value.strip())
    return found[0].lower() if found else None


def as_number(value: Any) -> float | None:
    """A strength, perhaps written as text; None where it is none, or is one that nobody means."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([-+]?[0-9]{1,3}(?:[.,][0-9]{0,20})?|[-+]?[.,][0-9]{1,20})\s*", value)
        value = float(match[1].replace(",", ".")) if match else None
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and -100 <= value <= 100
    return float(value) if usable else None


def as_text(value: Any, limit: int = MAX_TEXT) -> str:
    """A text, trimmed and cut, its line ends of one kind; "" where it is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        return ""
    return clean(value).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()[:limit].strip()


def as_texts(value: Any, limit: int) -> list[str]:
    """The texts of a list, also of one that is a single text."""
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for each in found if isinstance(each, str) and (text := as_text(each, limit))][:MAX_ENTRIES]


def words_in(text: str) -> list[str]:
    """The words of a set, without tags such as ``<lora:x:1>``, which mean nothing to ComfyUI."""
    return split_words(re.sub(r"<[^<>:]*:[^<>]*>", "", text).replace("\n", ",").replace("||", ","))


def word_set(texts: Iterable[str]) -> frozenset[str]:
    """All words of these sets, in the form in which words are compared."""
    return frozenset(folded(word) for text in texts for word in words_in(text))


def folded(word: str) -> str:
    return " ".join(word.casefold().split())


def bare(text: str) -> str:
    """A text's letters and digits, by which it is recognised with and without its HTML."""
    return "".join(filter(str.isalnum, unescape(re.sub(r"<[^<>]*>", "", text)).casefold()))
