"""What asking Gemini for an image can come to: a value of one of these kinds, never an exception.

Each has one sentence for the user, and the tokens that were spent on it: an answer without an image is paid for too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias


@dataclass(frozen=True)
class Picture:
    """An encoded image. ``width`` and ``height`` are 0 where nobody has looked yet."""

    content: bytes
    mime: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Usage:
    """Tokens as the site counts them."""

    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)


NOTHING = Usage()


@dataclass(frozen=True)
class ImageOutcome:
    """At least one image, whole and of reasonable size. From the cache its ``usage`` is nothing."""

    images: tuple[Picture, ...]
    text: str = ""
    usage: Usage = NOTHING
    model: str = ""
    from_cache: bool = False
    kind: ClassVar[str] = "image"

    @property
    def mime(self) -> str:
        """Of the first image, by its bytes."""
        return self.images[0].mime

    @property
    def sentence(self) -> str:
        many = "1 image" if len(self.images) == 1 else f"{len(self.images)} images"
        if self.from_cache:
            return f"{many} came from the cache: no request was sent."
        return f"{self.model or 'Gemini'} made {many}."


@dataclass(frozen=True)
class TextOnly:
    """The model talked and made no image."""

    text: str
    usage: Usage = NOTHING
    kind: ClassVar[str] = "text"

    @property
    def sentence(self) -> str:
        return f"Gemini answered with text in place of an image: {_short(self.text)}"


@dataclass(frozen=True)
class Unusable:
    """The model answered, but there is no image to use. ``reason`` is Gemini's word, or one of ours in the same style:
    EMPTY, BROKEN_IMAGE, HUGE_IMAGE, TOO_MANY_IMAGES; ``why`` the sentence."""

    reason: str
    why: str
    text: str = ""
    usage: Usage = NOTHING
    kind: ClassVar[str] = "unusable"

    @property
    def sentence(self) -> str:
        return self.why


@dataclass(frozen=True)
class Blocked:
    """Gemini's rules forbid the prompt (``of_prompt``) or the image made from it. ``reason`` is Gemini's word."""

    reason: str
    text: str = ""
    of_prompt: bool = False
    usage: Usage = NOTHING
    kind: ClassVar[str] = "blocked"

    @property
    def sentence(self) -> str:
        what = "the prompt or the images sent with it" if self.of_prompt else "the image that it made"
        said = f" {_short(self.text)}" if self.text else ""
        return f"Gemini's rules forbid {what} ({self.reason}): change the prompt.{said}"


@dataclass(frozen=True)
class Quota:
    """Too many requests. ``retry_after`` is in seconds, None where the site didn't say. ``exhausted``: waiting a
    minute won't help, because the day's quota is used up, or the account has none."""

    retry_after: float | None = None
    exhausted: bool = False
    message: str = ""
    usage: Usage = NOTHING
    kind: ClassVar[str] = "quota"

    @property
    def sentence(self) -> str:
        if self.exhausted:
            return "The quota of your Gemini key is used up: wait for the next day, or raise it in Google AI Studio."
        when = "in a minute" if self.retry_after is None else f"in {self.retry_after:.0f} s"
        return f"Gemini gets too many requests from your key: it can be asked again {when}."


@dataclass(frozen=True)
class AuthFailure:
    """No key, or one that is refused."""

    message: str
    usage: Usage = NOTHING
    kind: ClassVar[str] = "auth"

    @property
    def sentence(self) -> str:
        return self.message


@dataclass(frozen=True)
class Overload:
    """Gemini is in trouble, which passes. ``retry_after`` is in seconds, None where the site didn't say."""

    status: int
    retry_after: float | None = None
    message: str = ""
    usage: Usage = NOTHING
    kind: ClassVar[str] = "overload"

    @property
    def sentence(self) -> str:
        if self.status == 503:
            return "Gemini is overloaded: try again later, or choose another model."
        return f"Gemini has an internal error ({self.status}): try again later."


@dataclass(frozen=True)
class TimedOut:
    """No answer in time. Gemini may have made, and counted, an image nevertheless."""

    seconds: float
    usage: Usage = NOTHING
    kind: ClassVar[str] = "timeout"

    @property
    def sentence(self) -> str:
        return f"Gemini did not answer within {self.seconds:.0f} s: try again, or ask for a smaller image."


@dataclass(frozen=True)
class BadRequest:
    """The request itself is wrong: the same one fails again. ``no_model``: there is no such model."""

    message: str
    no_model: bool = False
    usage: Usage = NOTHING
    kind: ClassVar[str] = "bad_request"

    @property
    def sentence(self) -> str:
        return self.message


@dataclass(frozen=True)
class NetworkFailure:
    """Gemini could not be reached, the connection broke, or what came was no answer of Gemini's."""

    message: str
    usage: Usage = NOTHING
    kind: ClassVar[str] = "network"

    @property
    def sentence(self) -> str:
        return self.message


Outcome: TypeAlias = (
    ImageOutcome
    | TextOnly
    | Unusable
    | Blocked
    | Quota
    | AuthFailure
    | Overload
    | TimedOut
    | BadRequest
    | NetworkFailure
)


def _short(text: str) -> str:
    """The start of what a model said, on one line, as a sentence."""
    line = " ".join(text.split())
    if not line:
        return "nothing else."
    return line if len(line) <= 200 else f"{line[:199].rstrip()}…"
