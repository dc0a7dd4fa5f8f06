"""How a path is written in the database: as it is, or spelled in valid Unicode where the disk's own name is none.

A byte that is not UTF-8 comes from the system as a lone surrogate U+DC80..DCFF, which a database refuses. It is kept as
the private-use character 0x1300 above it, U+EF80..EFFF, so that each spelling stands for one name only.
"""

from __future__ import annotations

import re

# What the trash appends to a file's name.
TRASHED = ".trashed"

_FIRST, _STEP = 0xDC80, 0xEF80 - 0xDC80
_THERE = {code: code + _STEP for code in range(_FIRST, _FIRST + 0x80)}
_BACK = {new: old for old, new in _THERE.items()}
_OURS = re.compile("[\uef80-\uefff]")


def stored(path: str) -> str | None:
    """``path`` as the database keeps it; None for one that can't be: it holds one of our own private-use characters, or
    half a character that stands for no byte."""
    if path.isascii():
        return path
    if _OURS.search(path):
        return None
    try:
        path.encode()
    except UnicodeEncodeError:
        path = path.translate(_THERE)
        return path if _is_unicode(path) else None
    return path


def real(text: str) -> str:
    """The path that ``text`` stands for, as the system wants it."""
    return text.translate(_BACK) if not text.isascii() and _OURS.search(text) else text


def is_trashed(path: str) -> bool:
    """Whether a file that is not in its model folder lies in the trash, by its name."""
    return path.endswith(TRASHED)


def shown(path: str) -> str:
    """``path`` for a report: as it is stored, or else with question marks for what can't be written."""
    return stored(path) or path.encode("utf-8", "replace").decode()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
