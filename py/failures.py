"""What reaches a user as an error, for whoever counts: where, and of which kind, without its sentence."""

from __future__ import annotations

from typing import Literal

from .errors import LorakeeperError, cause_of
from .events import Event


def failure(where: Literal["route", "instruction", "node"], error: BaseException, at: str = "") -> Event:
    """``at`` is a route's pattern or an instruction's kind: nothing that names a file or a row."""
    status = error.status if isinstance(error, LorakeeperError) else 500
    data = {"where": where, "at": at or None, "cause": cause_of(error), "status": status}
    return Event("error", where, data, final=True)
