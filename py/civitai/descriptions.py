"""Descriptions: HTML that strangers wrote, as plain text.

Not by html.parser: on 60 kB of ``<a <a <a`` it takes more than a minute.
"""

from __future__ import annotations

import re
from html import unescape

MAX_DESCRIPTION = 4_000

_MAX_HTML = 60_000
_ENDS_LINE = re.compile(r"<(?:br|hr|/p|/li|/div|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)


def plain_text(html: str) -> str:
    """What a reader sees of ``html``, a line a paragraph. It is text, and not safe to be put into a page."""
    text = _TAG.sub("", _ENDS_LINE.sub("\n", html[:_MAX_HTML]))
    lines = (" ".join(line.split()) for line in unescape(text).splitlines())
    return "\n".join(line for line in lines if line)


def described(html: str | None) -> str:
    """The same, as long as the doors show it."""
    return plain_text(html or "")[:MAX_DESCRIPTION]
