"""What a workflow may cost: it comes from strangers, so its size, its parts and what it names are counted."""

from __future__ import annotations

import json
from typing import Any

from ...errors import UsageError

MAX_TEXT = 64 << 20  # bytes of all texts in one file, unpacked
MAX_PARTS = 2_000_000  # values of one JSON text
MAX_NODES = 50_000
MAX_MODELS = 2_000
MAX_MENTIONS = 10_000  # places of one file that name a model, before those of the same are put together
MAX_DEPTH = 64
_LONGEST_NUMBER = 40


def too_large(what: str) -> UsageError:
    return UsageError(f"{what} is larger than any workflow: it is not read.")


def too_many() -> UsageError:
    return UsageError(f"This workflow names more than {MAX_MODELS:,} models: it is not read.")


def loads(text: str) -> Any:
    """The JSON that ``text`` is, or None where it is none. Raises UsageError for one that is too large to be read."""
    text = text.strip().strip("\0").strip()
    if not text.startswith(("{", "[")):
        return None
    check_parts(text)
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def check_parts(text: str) -> None:
    """Raises UsageError for a text of which a parser would make too much: a byte can become a hundred."""
    if len(text) > MAX_TEXT or sum(map(text.count, "{[,")) > MAX_PARTS:
        raise too_large("The JSON in this file")


def _whole(digits: str) -> int:
    # Long numbers take a time that grows with their square.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else 0


DECODER = json.JSONDecoder(parse_int=_whole)
