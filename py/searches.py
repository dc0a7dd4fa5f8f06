"""How a user's search went, for whoever counts: the words searched for are no part of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from .errors import cause_of
from .events import Event, Events

_MOST = 20


@contextmanager
def searched(
    events: Events, source: Literal["civitai", "library"], *, types: Sequence[str], base_models: Sequence[str]
) -> Iterator[Callable[[int], None]]:
    """Publishes a search once it is over; what this gives takes the number of results. One that is given up, as the
    user types on, is not told of."""
    began = time.monotonic()
    found: list[int] = []
    cause = None
    try:
        yield found.append
    except Exception as error:
        cause = cause_of(error)
        raise
    finally:
        if found or cause:
            results = found[-1] if found else 0
            data = {
                "source": source,
                "seconds": round(time.monotonic() - began, 3),
                "results": results,
                "outcome": "failed" if cause else "ok" if results else "empty",
                "cause": cause,
                "types": [*types][:_MOST],
                "base_models": [*base_models][:_MOST],
            }
            events.publish(Event("search", source, data, final=True))
