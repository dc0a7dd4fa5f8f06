"""The words and figures of the reports: a language's catalogue, and numbers as its readers write them.

The catalogues are those of the sidebar. English falls in where a language lacks a key. Numbers are written alike in all
four languages: ``1,234.5``, ``1.5 GB``, ``$1.23``, ``12 %``, ``2026-11-03``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from .summary import Language, Unit

_CATALOGUES = Path(__file__).resolve().parent.parent.parent / "web" / "app" / "words"
_NAME = re.compile(r"\{(\w+)\}")
_UNITS = ("B", "KB", "MB", "GB", "TB")


class Words:
    """Sentences of one language, and figures in its writing. A value that is no number is written as ``–``."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._english = _read("en")
        self._own = self._english if language == "en" else _read(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence for ``key``, with each ``{name}`` replaced; the form for one where ``count`` is 1. KeyError
        where not even English has it."""
        forms = (f"{key}.one", key) if values.get("count") in (1, "1") else (key,)
        known = (catalogue[form] for catalogue in (self._own, self._english) for form in forms if form in catalogue)
        text = next(known, None)
        if text is None:
            raise KeyError(key)
        # In one go: what is put in for one name is never looked through for another.
        return _NAME.sub(lambda found: self._said(values, found[1], found[0]), text)

    def has(self, key: str) -> bool:
        return key in self._own or key in self._english

    def _said(self, values: dict[str, object], name: str, whole: str) -> str:
        if name not in values:
            return whole
        value = values[name]
        return self.number(value) if isinstance(value, int) else str(value)

    # -- Figures -----------------------------------------------------------------------------------------------------

    def value(self, value: float, unit: Unit) -> str:
        write: dict[Unit, Callable[[float], str]] = {
            "count": self.number,
            "bytes": self.bytes,
            "seconds": self.duration,
            "rate": self.rate,
            "dollars": self.dollars,
            "share": self.percent,
        }
        return write[unit](value)

    def number(self, value: float, digits: int = 0) -> str:
        """Rounded to so many ``digits``, without zeros at the end."""
        if not math.isfinite(value):
            return "–"
        text = f"{_round(value, digits):,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def bytes(self, count: float) -> str:
        """``1536`` → ``1.5 KB``; a unit is 1024 of the one before."""
        if not math.isfinite(count):
            return "–"
        power = 0
        # The unit in which what is written is less than 1024, not 1,024 KB for what is a MB but for a byte.
        while power < len(_UNITS) - 1 and _round(abs(count) / 1024**power, _digits(count, power)) >= 1024:
            power += 1
        return f"{self.number(count / 1024**power, _digits(count, power))} {_UNITS[power]}"

    def rate(self, per_second: float) -> str:
        return f"{self.bytes(per_second)}/s"

    def duration(self, seconds: float) -> str:
        """``12 s``, ``3 min`` or ``1 h 5 min``."""
        if not math.isfinite(seconds):
            return "–"
        whole = int(_round(max(0.0, seconds), 0))
        if whole < 60:
            return f"{whole or (1 if seconds > 0 else 0)} s"
        hours, minutes = divmod(int(_round(whole / 60, 0)), 60)
        if not hours:
            return f"{minutes} min"
        return f"{self.number(hours)} h {minutes} min" if minutes else f"{self.number(hours)} h"

    def dollars(self, value: float) -> str:
        """To the cent, and more exactly what is less than one."""
        if not math.isfinite(value):
            return "–"
        digits = 2 if value == 0 or abs(value) >= 0.01 else 4
        return f"{'-' if value < 0 else ''}${_round(abs(value), digits):,f}"

    def percent(self, share: float) -> str:
        """``0.123`` → ``12 %``; what is there but less than half a percent is ``<1 %``."""
        if not math.isfinite(share):
            return "–"
        return "<1 %" if 0 < share < 0.005 else f"{self.number(share * 100)} %"

    def day(self, day: date) -> str:
        return day.isoformat()


def _digits(count: float, power: int) -> int:
    return 1 if power and abs(count) / 1024**power < 10 else 0


def _round(value: float, digits: int) -> Decimal:
    """Half away from zero, as browsers round. Never a negative zero."""
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def _read(language: Language) -> dict[str, str]:
    catalogue: dict[str, str] = json.loads((_CATALOGUES / f"{language}.json").read_text("utf-8"))
    return catalogue
