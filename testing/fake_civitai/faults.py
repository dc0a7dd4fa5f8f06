"""What can go wrong with an answer. A fault is put into ``civitai.faults.site`` or ``.storage``.

Every request gets all lasting faults that fit its path, and the first of those that count their ``times``, which then
has one time less. Offsets of Drop and Stall count the bytes of one answer's body, those of Truncate and Corrupt the
bytes of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
)


@dataclass(kw_only=True)
class Fault:
    """``times`` is how many requests it spoils, None for all; ``path`` is a part of the paths that it is for."""

    times: int | None = 1
    path: str = ""


@dataclass
class Drop(Fault):
    """The connection breaks after that many bytes of the body."""

    after: int


@dataclass
class Stall(Fault):
    """Nothing comes for a while after that many bytes of the body; then it goes on."""

    after: int
    seconds: float


@dataclass
class Truncate(Fault):
    """The file ends at ``at``, and the headers say so too."""

    at: int


@dataclass
class Corrupt(Fault):
    """The byte at ``at`` is another one."""

    at: int


@dataclass
class Html(Fault):
    """A challenge page with status 200 in place of the answer."""


@dataclass
class Status(Fault):
    """Another status, with the given headers and body (JSON by default)."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error":"Something went wrong"}'


@dataclass
class NoRange(Fault):
    """Range is ignored: the whole file comes with status 200."""

    times: int | None = field(default=None, kw_only=True)


@dataclass
class WrongLength(Fault):
    """Content-Length and Content-Range promise ``extra`` bytes more than there are."""

    extra: int = 100
    times: int | None = field(default=None, kw_only=True)


@dataclass
class Pace(Fault):
    """Each answer is sent at that rate."""

    bytes_per_s: float
    times: int | None = field(default=None, kw_only=True)


@dataclass
class NoEtag(Fault):
    """No ETag and no Last-Modified."""

    times: int | None = field(default=None, kw_only=True)


@dataclass
class ChangedEtag(Fault):
    """Each answer has another ETag."""

    times: int | None = field(default=None, kw_only=True)


@dataclass
class Delay(Fault):
    """The answer begins later."""

    seconds: float
    times: int | None = field(default=None, kw_only=True)


@dataclass
class Faults:
    """The faults in force at the two origins."""

    site: list[Fault] = field(default_factory=list)
    storage: list[Fault] = field(default_factory=list)


def take(faults: list[Fault], path: str) -> list[Fault]:
    """The faults that a request for ``path`` meets, those that count being counted."""
    met: list[Fault] = []
    counted = False
    for fault in list(faults):
        if fault.path not in path or (fault.times is not None and counted):
            continue
        met.append(fault)
        if fault.times is not None:
            counted = True
            fault.times -= 1
            if fault.times <= 0:
                faults.remove(fault)
    return met
