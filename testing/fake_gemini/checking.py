"""Whether a request's body is one that Gemini knows: every name, type and range, refused in Google's words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]

RATIOS = {
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1",
}  # fmt: skip
SIZES = {"512", "1K", "2K", "4K"}
MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/webp": b"RIFF",
}
_MOST_IMAGES = 14
_CATEGORIES = {
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
}
_THRESHOLDS = {"BLOCK_NONE", "OFF", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"}


class InvalidError(Exception):
    """The request's fault. ``field`` is where, in Google's spelling, empty for the whole."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def check_body(body: Any) -> None:
    """Raises InvalidError for a body of generateContent that is not one."""
    _fields(
        body,
        "",
        {
            "contents": _each(_content),
            "systemInstruction": _content,
            "generationConfig": _config,
            "safetySettings": _each(_safety),
        },
    )
    if not body.get("contents"):
        raise InvalidError("* GenerateContentRequest.contents: contents is not specified", "contents")
    parts = [part for content in body["contents"] for part in content["parts"]]
    if sum("inlineData" in part for part in parts) > _MOST_IMAGES:
        raise InvalidError(f"Please use fewer than {_MOST_IMAGES + 1} images in your request to this model.")


def in_one_spelling(value: Any) -> Any:
    """The body with every name in camel case: the real API takes snake case as well, and its own client mixes them."""
    if isinstance(value, dict):
        return {
            re.sub(r"_([a-z])", lambda found: found[1].upper(), name): in_one_spelling(v) for name, v in value.items()
        }
    if isinstance(value, list):
        return [in_one_spelling(inner) for inner in value]
    return value


def _fields(value: Any, at: str, known: Mapping[str, Check], required: tuple[str, ...] = ()) -> None:
    if not isinstance(value, dict):
        raise InvalidError(f"Invalid value at '{_spelled(at)}' (type mismatch), expected an object", at)
    for name, inner in value.items():
        where = f"{at}.{name}" if at else name
        if name not in known:
            place = f" at '{_spelled(at)}'" if at else ""
            raise InvalidError(
                f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.', _spelled(at)
            )
        known[name](inner, where)
    for name in required:
        if name not in value:
            raise InvalidError(f"* {_spelled(at)}.{name}: required field is missing", at)


def _each(check: Check) -> Check:
    def run(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise InvalidError(f"Invalid value at '{_spelled(at)}', expected a list", at)
        for number, inner in enumerate(value):
            check(inner, f"{at}[{number}]")

    return run


def _content(value: Any, at: str) -> None:
    _fields(value, at, {"parts": _each(_part), "role": _one_of({"user", "model"})}, ("parts",))
    if not value["parts"]:
        raise InvalidError(f"* {_spelled(at)}.parts: must not be empty", at)


def _part(value: Any, at: str) -> None:
    _fields(value, at, {"text": _text, "inlineData": _blob})
    if len(value) != 1:
        raise InvalidError(f"* {_spelled(at)}.data: required oneof field 'data' must have one initialized field", at)


def _blob(value: Any, at: str) -> None:
    _fields(value, at, {"mimeType": _one_of(set(MAGIC)), "data": _text}, ("mimeType", "data"))
    try:
        # google-genai writes the alphabet for URLs, others the usual one.
        content = base64.b64decode(value["data"].replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"Invalid value at '{_spelled(at)}.data' (TYPE_BYTES), Base64 decoding failed", at
        ) from error
    if not content.startswith(MAGIC[value["mimeType"]]):
        raise InvalidError("Unable to process input image. Please retry or report.", at)


def _config(value: Any, at: str) -> None:
    _fields(
        value,
        at,
        {
            "responseModalities": _each(_one_of({"TEXT", "IMAGE"})),
            "imageConfig": _image,
            "temperature": _number(0, 2),
            "topP": _number(0, 1),
            "topK": _number(1, 1000, whole=True),
            "seed": _number(-(2**31), 2**31 - 1, whole=True),
            "maxOutputTokens": _number(1, 65536, whole=True),
            "presencePenalty": _number(-2, 2),
            "frequencyPenalty": _number(-2, 2),
            "stopSequences": _each(_text),
            "thinkingConfig": _thinking,
        },
    )


def _image(value: Any, at: str) -> None:
    _fields(value, at, {"aspectRatio": _one_of(RATIOS), "imageSize": _one_of(SIZES)})


def _thinking(value: Any, at: str) -> None:
    _fields(
        value,
        at,
        {
            "includeThoughts": _flag,
            "thinkingBudget": _number(-1, 32768, whole=True),
            "thinkingLevel": _one_of({"MINIMAL", "LOW", "MEDIUM", "HIGH"}),
        },
    )


def _safety(value: Any, at: str) -> None:
    known = {"category": _one_of(_CATEGORIES), "threshold": _one_of(_THRESHOLDS)}
    _fields(value, at, known, ("category", "threshold"))


def _text(value: Any, at: str) -> None:
    if not isinstance(value, str):
        raise InvalidError(f"Invalid value at '{_spelled(at)}' (TYPE_STRING), {value!r}", at)


def _flag(value: Any, at: str) -> None:
    if not isinstance(value, bool):
        raise InvalidError(f"Invalid value at '{_spelled(at)}' (TYPE_BOOL), {value!r}", at)


def _one_of(words: set[str]) -> Check:
    def run(value: Any, at: str) -> None:
        if not isinstance(value, str) or value not in words:
            raise InvalidError(f"Invalid value at '{_spelled(at)}': {value!r}", at)

    return run


def _number(least: float, most: float, *, whole: bool = False) -> Check:
    def run(value: Any, at: str) -> None:
        fits = isinstance(value, int) or (isinstance(value, float) and not whole)
        if not fits or isinstance(value, bool) or not least <= value <= most:
            raise InvalidError(f"* {_spelled(at)}: it must be in the range [{least}, {most}]", at)

    return run


def _spelled(at: str) -> str:
    """A field's path as Google's errors have it, in snake case."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", at)
