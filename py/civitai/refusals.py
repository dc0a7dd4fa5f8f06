"""From an answer that is no success to the error that says so, with one sentence for the user."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json
from yarl import URL

from ..errors import ApiError, AuthError, CivitaiError, EarlyAccessError, NotFoundError, RateLimitError
from .schemas import read_date


def is_html(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")


def refusal(
    status: int, url: URL, headers: Mapping[str, str], body: bytes, *, keyed: bool, redirected: bool = False
) -> CivitaiError:
    """The error for an answer of ``status`` from ``url``. ``keyed`` tells whether the request had a key; ``redirected``
    whether it was led to another origin, whose refusals say nothing about the user's rights."""
    host, said = url.host, _read(body)
    text = _text(said)
    told = f": {text}" if text else ""
    if status == 429:
        seconds = retry_after(headers)
        when = f"in {math.ceil(seconds)} seconds" if seconds else "in a minute"
        return RateLimitError(f"{host} has had too many requests: try again {when}.", seconds)
    if status in (404, 410):
        lost = "has it no more" if status == 410 else "knows no such model, version or file"
        return NotFoundError(f"{host} {lost}.", status)
    if status == 403 and redirected:
        return ApiError(f"The link to the file at {host} does not work any more.", status)
    if status == 403 and "early access" in f"{said.get('error')} {text}".lower():
        deadline = read_date(said.get("deadline"))
        until = f" until {deadline:%Y-%m-%d %H:%M} UTC" if deadline else ""
        return EarlyAccessError(f"This version is in early access{until}: buy it on the site, or wait.", deadline)
    if status == 401 and not keyed:
        return AuthError(f"{host} wants a key for this: add your Civitai API key in the settings{told}.", status)
    if status in (401, 403):
        who = "refuses your key" if keyed and status == 401 else "does not allow this"
        return AuthError(f"{host} {who}{told}.", status)
    if status == 451:
        return ApiError(f"{host} is not available in your region{told}.", status)
    if status == 407:
        return ApiError("The network proxy wants a name and a password: put them into the proxy setting.", status)
    if status >= 500:
        return ApiError(f"{host} is in trouble (status {status}): try again later.", status)
    return ApiError(f"{host} did not accept the request (status {status}){told}.", status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header in either of its forms, None where there is none that makes sense."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = from_json(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _text(said: dict[str, Any]) -> str:
    """The site's own words on one line, short enough to be shown; empty where there are none."""
    words = next((each for each in (said.get("message"), said.get("error")) if isinstance(each, str)), "")
    return " ".join(words.split())[:200].rstrip(".")
