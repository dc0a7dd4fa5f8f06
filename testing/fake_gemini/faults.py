"""What can go wrong with Gemini's answers. A fault is put into ``gemini.faults``; it counts as in the fake Civitai.

From there are Drop (a cut connection), Delay, Stall, Html and Status; here is what is Gemini's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..fake_civitai.faults import Delay, Drop, Fault, Html, Stall, Status

__all__ = [
    "BlockedPrompt",
    "BrokenImage",
    "Delay",
    "Drafts",
    "Drop",
    "Empty",
    "Fault",
    "Finish",
    "Given",
    "HangUp",
    "Html",
    "HugeImage",
    "ManyImages",
    "Padded",
    "Stall",
    "Status",
    "TextOnly",
    "Truncated",
    "WrongMime",
    "forbidden",
    "google_error",
    "internal",
    "invalid",
    "overloaded",
    "quota",
    "redirect",
]

_TYPE = "type.googleapis.com/google.rpc."


@dataclass
class HangUp(Fault):
    """The connection is closed without any answer."""


@dataclass
class TextOnly(Fault):
    """The model talks."""

    text: str = "I can describe a cat, but I would rather not draw one."


@dataclass
class BlockedPrompt(Fault):
    """No candidates, but the reason why the prompt was blocked."""

    reason: str = "PROHIBITED_CONTENT"


@dataclass
class Finish(Fault):
    """A candidate without parts, that ended for this reason."""

    reason: str
    message: str = ""


@dataclass
class Empty(Fault):
    """An answer with neither candidates nor a reason."""


@dataclass
class HugeImage(Fault):
    """A small file with many pixels: ``side`` squared, black."""

    side: int = 8192


@dataclass
class Padded(Fault):
    """An image file that is longer than anybody wants."""

    megabytes: int


@dataclass
class BrokenImage(Fault):
    """An image of which the rest is missing after ``keep`` bytes, or that is no image where that is 0."""

    keep: int = 200


@dataclass
class Given(Fault):
    """This image file, in place of one that is made."""

    content: bytes


@dataclass
class ManyImages(Fault):
    """That many images in one answer."""

    count: int


@dataclass
class WrongMime(Fault):
    """The image is called what it is not."""

    mime: str = "image/webp"


@dataclass
class Drafts(Fault):
    """A thinking model's thoughts and draft image come before the answer's own."""


@dataclass
class Truncated(Fault):
    """The answer's JSON ends in the middle, and the headers say so too."""

    at: int = 120


def google_error(
    code: int, status: str, message: str, *details: dict[str, Any], times: int | None = 1, **headers: str
) -> Status:
    """An error in Google's shape. Headers are given with underscores."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = list(details)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Status(code, named, json.dumps({"error": error}).encode(), times=times)


def quota(
    *,
    per: str | None = "minute",
    delay: str | None = "7s",
    value: str = "10",
    retry_after: str | None = None,
    times: int | None = 1,
) -> Status:
    """429. ``per`` is the period whose quota was used up: minute or day; None leaves that out, as does ``delay``."""
    details: list[dict[str, Any]] = []
    if per:
        name = f"GenerateRequestsPer{per.capitalize()}PerProjectPerModel-FreeTier"
        metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
        violation = {"quotaMetric": metric, "quotaId": name, "quotaValue": value}
        details.append({"@type": f"{_TYPE}QuotaFailure", "violations": [violation]})
    if delay:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": delay})
    headers = {"Retry_After": retry_after} if retry_after else {}
    message = "You exceeded your current quota, please check your plan and billing details."
    return google_error(429, "RESOURCE_EXHAUSTED", message, *details, times=times, **headers)


def invalid(message: str = "Request contains an invalid argument.", *, times: int | None = 1) -> Status:
    return google_error(400, "INVALID_ARGUMENT", message, times=times)


def forbidden(message: str = "Your API key was reported as leaked. Please use another API key.") -> Status:
    return google_error(403, "PERMISSION_DENIED", message)


def internal(*, times: int | None = 1) -> Status:
    return google_error(500, "INTERNAL", "An internal error has occurred.", times=times)


def overloaded(*, times: int | None = 1, **headers: str) -> Status:
    message = "The model is overloaded. Please try again later."
    return google_error(503, "UNAVAILABLE", message, times=times, **headers)


def redirect(to: str, code: int = 307) -> Status:
    return Status(code, {"Location": to}, b"")
