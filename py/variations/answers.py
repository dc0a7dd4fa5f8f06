"""What Gemini's answers mean: from google-genai's responses and errors to outcomes."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from .decoding import BrokenImageError, HugeImageError, decoded
from .outcomes import (
    AuthFailure,
    BadRequest,
    Blocked,
    ImageOutcome,
    NetworkFailure,
    Outcome,
    Overload,
    Picture,
    Quota,
    TextOnly,
    TimedOut,
    Unusable,
    Usage,
)

if TYPE_CHECKING:
    from google.genai.errors import APIError

MAX_IMAGES = 16
_FORBIDDEN = frozenset({
    "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK", "ESCALATION", "PUP_LIMITED_DISABLED",
})  # fmt: skip
_WHY = {
    "MAX_TOKENS": "Gemini ran out of tokens before it made an image: ask for less text or a smaller image.",
    "NO_IMAGE": "Gemini made no image of this prompt: say more clearly what the image should show.",
    "LANGUAGE": "Gemini does not know the prompt's language: write it in English.",
}
_DEPLETED = re.compile(r"(?i)credits? (?:are|is) depleted|spend(?:ing)? (?:cap|limit)")
_LONG_PERIOD = re.compile(r"(?i)per(?:day|week|month)")
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_LONGEST_MESSAGE = 500
# Base64 comes in two alphabets.
_USUAL_ALPHABET = str.maketrans("-_", "+/")


# -- Answers ---------------------------------------------------------------------------------------------------------


class _Shape(BaseModel):
    """What is read of an answer; whatever else it holds is left alone."""

    model_config = ConfigDict(alias_generator=to_camel)


class _Blob(_Shape):
    data: str = ""


class _Part(_Shape):
    text: str | None = None
    inline_data: _Blob | None = None
    thought: bool | None = None


class _Content(_Shape):
    parts: list[_Part] | None = None


class _Candidate(_Shape):
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None


class _Feedback(_Shape):
    block_reason: str | None = None
    block_reason_message: str | None = None


class _Counted(_Shape):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Answer(_Shape):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Counted | None = None


def read_answer(body: str, model: str) -> Outcome:
    """The outcome of a request that was answered with status 200. ValueError where the body is no answer of Gemini's.

    Parses and decodes what may be large: not for the event loop.
    """
    answer = _Answer.model_validate_json(body)
    counted = answer.usage_metadata or _Counted()
    usage = Usage(
        _count(counted.prompt_token_count),
        _count(counted.candidates_token_count) + _count(counted.thoughts_token_count),
    )
    feedback = answer.prompt_feedback
    if feedback is not None and feedback.block_reason:
        said = _clip(feedback.block_reason_message or "")
        return Blocked(_word(feedback.block_reason), said, of_prompt=True, usage=usage)
    candidates = answer.candidates or []
    # A thinking model's drafts and thoughts come in the same list as its answer.
    parts = [part for each in candidates for part in (each.content and each.content.parts) or [] if not part.thought]
    text = "".join(part.text or "" for part in parts).strip()
    if images := [part.inline_data.data for part in parts if part.inline_data]:
        return _images(images, text, usage, model)
    reason = next((_word(each.finish_reason) for each in candidates if each.finish_reason), "")
    said = text or _clip(next((each.finish_message for each in candidates if each.finish_message), ""))
    if reason in _FORBIDDEN:
        return Blocked(reason, said, usage=usage)
    if reason not in ("STOP", ""):
        why = _WHY.get(reason, f"Gemini stopped without an image ({reason}): try again.")
        return Unusable(reason, why, said, usage)
    if text:
        return TextOnly(text, usage)
    return Unusable("EMPTY", "Gemini's answer was empty: try again.", said, usage)


def _images(contents: list[str], text: str, usage: Usage, model: str) -> Outcome:
    """Images that can't be used are left out where there are others."""
    if len(contents) > MAX_IMAGES:
        return Unusable("TOO_MANY_IMAGES", f"Gemini sent more than {MAX_IMAGES} images at once.", text, usage)
    good: list[Picture] = []
    bad: Unusable | None = None
    for content in contents:
        try:
            good.append(decoded(_unpacked(content)))
        except HugeImageError as error:
            bad = Unusable("HUGE_IMAGE", str(error), text, usage)
        except BrokenImageError as error:
            bad = Unusable("BROKEN_IMAGE", str(error), text, usage)
    if bad is not None and not good:
        return bad
    return ImageOutcome(tuple(good), text, usage, model)


def _unpacked(data: str) -> bytes:
    try:
        return base64.b64decode(data.translate(_USUAL_ALPHABET), validate=True)
    except ValueError as error:
        raise BrokenImageError("The image that Gemini sent is broken.") from error


# -- Errors ----------------------------------------------------------------------------------------------------------


def read_error(error: APIError, model: str, headers: Mapping[str, str], host: str, seconds: float) -> Outcome:
    """The outcome of a request that was answered with an error status."""
    said = _clip(error.message if isinstance(error.message, str) else "")
    details = _details(error.details)
    code = error.code if isinstance(error.code, int) else 0
    if code in (401, 403) or "API_KEY_INVALID" in _reasons(details):
        return AuthFailure(_refused_key(said, details))
    if code == 404:
        return BadRequest(f"Gemini has no model named {model!r} for your key: choose another.", no_model=True)
    if code == 429:
        return Quota(_retry_after(details, headers), _exhausted(said, details), said)
    if code in (408, 504):
        return TimedOut(seconds)
    if code >= 500:
        return Overload(code, _retry_after(details, headers), said)
    if code >= 400:
        return BadRequest(f"Gemini refuses the request: {_sentence(said) or f'status {code}.'}")
    if code >= 300:
        return NetworkFailure(
            f"{host} leads to another address, where your key does not go: correct Gemini's address in the settings."
        )
    return NetworkFailure(f"{host} sent an answer that is not Gemini's ({code}): check its address in the settings.")


def _refused_key(said: str, details: list[Mapping[str, Any]]) -> str:
    if "API_KEY_INVALID" in _reasons(details):
        return "Gemini does not know your API key: check it in the settings."
    return f"Gemini refuses your API key: {_sentence(said) or 'check it in the settings.'}"


def _exhausted(said: str, details: list[Mapping[str, Any]]) -> bool:
    """Whether waiting a minute won't help. What is used up a minute and what a day is told by the quota's name."""
    for detail in details:
        for violation in _list(detail.get("violations")):
            name = str(violation.get("quotaId", ""))
            # A value of 0 is a model that the account has no quota for at all.
            if _LONG_PERIOD.search(name) or str(violation.get("quotaValue", "")) == "0":
                return True
    return bool(_DEPLETED.search(said))


def _retry_after(details: list[Mapping[str, Any]], headers: Mapping[str, str]) -> float | None:
    """Seconds, from the answer's RetryInfo or its Retry-After."""
    for detail in details:
        if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            found = _SECONDS.fullmatch(str(detail.get("retryDelay", "")))
            if found:
                return float(found[1])
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())


def read_trouble(error: Exception, host: str, seconds: float) -> Outcome:
    """The outcome of a request whose answer never came whole."""
    if isinstance(error, asyncio.TimeoutError):
        return TimedOut(seconds)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NetworkFailure(f"{host} could not prove who it is: its certificate is not trusted here.")
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return NetworkFailure("The network proxy can't be used: check the proxy setting.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return NetworkFailure(f"{host} can't be reached: check the connection and try again.")
    if isinstance(error, (aiohttp.ClientError, OSError)):
        return NetworkFailure(f"The connection to {host} broke: try again.")
    return NetworkFailure(f"{host} sent an answer that can't be read: try again.")


# -- Small things ----------------------------------------------------------------------------------------------------


def _details(document: object) -> list[Mapping[str, Any]]:
    """The typed details of an error, whatever shape a stranger gave it."""
    inner = document.get("error", document) if isinstance(document, Mapping) else None
    return _list(inner.get("details")) if isinstance(inner, Mapping) else []


def _list(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _reasons(details: list[Mapping[str, Any]]) -> set[str]:
    return {str(detail["reason"]) for detail in details if "reason" in detail}


def _word(text: str) -> str:
    """One of the site's words, such as IMAGE_SAFETY, and nothing more than a word."""
    return re.sub(r"[^A-Z0-9_]", "", text.upper())[:60]


def _count(value: int | None) -> int:
    return min(max(value or 0, 0), 10**9)


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE].rstrip()}…"


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."
