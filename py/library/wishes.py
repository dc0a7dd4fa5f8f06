"""The LoRAs that a graph names, and what it remembers of them, so that a renamed file is still found."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

NOTHING = "None"


@dataclass(frozen=True)
class Wish:
    """A LoRA that a graph names. ``content`` is the SHA256 that it remembers, "" for none."""

    name: str
    strength_model: float = 1.0
    strength_clip: float = 1.0
    content: str = ""

    @property
    def counts(self) -> bool:
        """Whether it would change anything."""
        return bool(self.strength_model or self.strength_clip)


def wish(name: str | None, content: str | None, strength_model: float = 1.0, strength_clip: float = 1.0) -> Wish | None:
    """The LoRA that a node's inputs name; None where there is none yet, or none was chosen."""
    if not name or not name.strip() or name == NOTHING:
        return None
    return Wish(name, strength_model, strength_clip, remembered(content or "", name))


def remembered(text: str, name: str) -> str:
    """The SHA256, in small letters, that ``text`` holds for the file called ``name``; "" for none.

    ``text`` is JSON, ``{"name": "hash"}``, or one hash for whatever the file is called. A name that was changed since
    is another file, of which nothing is remembered.
    """
    if value := _sha256(text):
        return value
    try:
        known = json.loads(text) if text.lstrip().startswith("{") else {}
    except (ValueError, RecursionError):  # not ours to judge: a workflow comes from anywhere
        return ""
    return next((_sha256(value) for key, value in known.items() if _plain(key) == _plain(name)), "")


def _sha256(value: object) -> str:
    found = value.strip().lower() if isinstance(value, str) else ""
    return found if re.fullmatch("[0-9a-f]{64}", found) else ""


def _plain(name: str) -> str:
    """A name of the other system's."""
    return name.replace("\\", "/")
