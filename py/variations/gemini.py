"""Gemini: one request for images, one outcome. Retries, the cache and judging the images are others' work."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from ..civitai.http import is_loopback
from ..credentials import mask
from ..errors import ApiError, AuthError, LorakeeperError, NetworkError, RateLimitError, UsageError
from .answers import read_answer, read_error, read_trouble
from .models import GeminiRequest, ImageModel, bare, find_model, is_image_model
from .outcomes import AuthFailure, BadRequest, NetworkFailure, Outcome, Overload, Quota, TimedOut
from .wire import API_VERSION, AnswerTooLongError, Clients

if TYPE_CHECKING:
    from google.genai.types import GenerateContentConfig, HttpOptions, PartUnionDict

log = logging.getLogger(__name__)

TIMEOUT = 180.0
# What a request's `extra` may set. Anything else, such as `http_options`, could lead the key elsewhere.
EXTRAS = frozenset({
    "frequency_penalty", "max_output_tokens", "presence_penalty", "response_modalities", "safety_settings", "seed",
    "stop_sequences", "thinking_config", "top_k", "top_p",
})  # fmt: skip
MAX_REFERENCES = 16
MAX_REFERENCE_BYTES = 14_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MIMES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_MOST_LISTED = 2000


@dataclass(frozen=True)
class ListedModel:
    """An image model that the site has for this key. ``known`` is what is known of it here."""

    name: str
    label: str
    known: ImageModel | None


class Gemini:
    """Asks at ``base_url``. Usable from any event loop; :meth:`close` ends it.

    ``key_for`` gives the key for a URL, None where it must not go: it is asked for each request. ``proxy`` is a URL,
    empty for none; requests to this machine never use it. Settings that may change are given as functions.
    ``timeout`` is for one whole request, in seconds. ``context`` replaces the usual TLS check.
    """

    def __init__(
        self,
        base_url: str | Callable[[], str],
        key_for: Callable[[URL], str | None],
        *,
        proxy: str | Callable[[], str | None] | None = None,
        timeout: float = TIMEOUT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url = base_url
        self._key_for = key_for
        self._proxy = proxy
        self._timeout = timeout
        self._clients = Clients(timeout, context)

    async def generate(self, request: GeminiRequest) -> Outcome:
        """Sends one request, once. Whatever comes of it is an outcome; only being closed or cancelled is raised."""
        began = time.monotonic()
        outcome = await self._generate(request)
        level = logging.INFO if outcome.kind in ("image", "text", "unusable", "blocked") else logging.WARNING
        log.log(
            level,
            "Gemini, %s: %s in %.2f s, %d tokens in and %d out",
            bare(request.model)[:100],
            outcome.kind,
            time.monotonic() - began,
            outcome.usage.tokens_in,
            outcome.usage.tokens_out,
        )
        return outcome

    async def list_models(self) -> tuple[ListedModel, ...]:
        """The site's models that make images, in its order. Raises what a route can answer with."""
        url, host = self._url("models")
        key = self._key(url)
        if isinstance(key, AuthFailure):
            raise _as_error(key)
        client = await self._clients.get(self._address(), self._proxy_for(url))
        # Loaded by now, off the event loop.
        from google.genai.errors import APIError
        from google.genai.types import ListModelsConfig

        found: dict[str, ListedModel] = {}
        try:
            pager = await client.aio.models.list(config=ListModelsConfig(page_size=200, http_options=_keyed(key)))
            seen = 0
            async for model in pager:
                seen += 1
                if seen > _MOST_LISTED:
                    break
                name = bare(model.name or "")
                if _NAME.fullmatch(name) and is_image_model(name):
                    label = " ".join((model.display_name or name).split())[:100]
                    found[name] = ListedModel(name, label, find_model(name))
        except APIError as error:
            raise _as_error(_without(key, read_error(error, "", _headers(error), host, self._timeout))) from None
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise _as_error(read_trouble(error, host, self._timeout)) from None
        return tuple(found.values())

    async def close(self) -> None:
        """Closes every connection; whatever is asked afterwards raises LorakeeperError."""
        await self._clients.close()

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _generate(self, request: GeminiRequest) -> Outcome:
        if problem := _problem(request):
            return BadRequest(problem)
        model = bare(request.model)
        url, host = self._url(f"models/{model}:generateContent")
        key = self._key(url)
        if isinstance(key, AuthFailure):
            return key
        client = await self._clients.get(self._address(), self._proxy_for(url))
        # Loaded by now, off the event loop.
        from google.genai.errors import APIError

        try:
            config = _config(request, _keyed(key))
        except (ValueError, TypeError):
            return BadRequest("One of the additional parameters has a value that Gemini does not know: correct it.")
        try:
            response = await client.aio.models.generate_content(model=model, contents=_contents(request), config=config)
            body = response.sdk_http_response and response.sdk_http_response.body
            return await asyncio.to_thread(read_answer, body or "", model)
        except APIError as error:
            return _without(key, read_error(error, model, _headers(error), host, self._timeout))
        except AnswerTooLongError:
            return NetworkFailure(f"{host} sent an answer that is too long, which was not read: ask for less.")
        # ValueError: an answer that is no JSON, or of another shape than Gemini's.
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            return read_trouble(error, host, self._timeout)

    def _address(self) -> str:
        return (self._base_url if isinstance(self._base_url, str) else self._base_url()).rstrip("/")

    def _url(self, path: str) -> tuple[URL, str]:
        url = URL(f"{self._address()}/{API_VERSION}/{path}")
        return url, url.host or ""

    def _key(self, url: URL) -> str | AuthFailure:
        key = (self._key_for(url) or "").strip()
        if not key:
            return AuthFailure(f"There is no API key for Gemini at {url.host}: add yours in the settings.")
        if not key.isascii() or not key.isprintable() or " " in key:
            return AuthFailure("The API key for Gemini holds signs that no key has: enter it again in the settings.")
        return key

    def _proxy_for(self, url: URL) -> str | None:
        proxy = self._proxy() if callable(self._proxy) else self._proxy
        return proxy if proxy and not is_loopback(url) else None


def _problem(request: GeminiRequest) -> str | None:
    """What is wrong with a request that need not be sent to know it, as a sentence."""
    if not _NAME.fullmatch(bare(request.model)) or ".." in request.model:
        return "That is no name of a Gemini model: choose one of the list."
    if not request.prompt.strip():
        return "Gemini needs a prompt: say what the image should show."
    if len(request.images) > MAX_REFERENCES:
        return f"Gemini takes {MAX_REFERENCES} reference images at most: send fewer."
    if sum(len(image.content) for image in request.images) > MAX_REFERENCE_BYTES:
        return f"The reference images have more than {MAX_REFERENCE_BYTES / 1e6:.0f} MB together: make them smaller."
    if other := sorted({image.mime for image in request.images} - set(_MIMES)):
        return f"Gemini takes no images of the kind {other[0]}: send PNG or JPEG."
    if unknown := sorted(set(request.extra) - EXTRAS):
        return f"{unknown[0]!r} is no parameter of Gemini's images: leave it out."
    return None


def _config(request: GeminiRequest, options: HttpOptions) -> GenerateContentConfig:
    """ValueError for what google-genai does not take."""
    from google.genai.types import AutomaticFunctionCallingConfig, GenerateContentConfig, ImageConfig

    shape = {
        name: value
        for name, value in (("aspect_ratio", request.aspect_ratio), ("image_size", request.size))
        if value is not None
    }
    settings: dict[str, object] = {"response_modalities": ["TEXT", "IMAGE"], **request.extra}
    return GenerateContentConfig.model_validate(
        {
            **settings,
            "temperature": request.temperature,
            "system_instruction": request.system_instruction or None,
            "image_config": ImageConfig.model_validate(shape) if shape else None,
            "automatic_function_calling": AutomaticFunctionCallingConfig(disable=True),
            # The answer as it came: the client would decode it on the event loop, and lose Gemini's explanations.
            "should_return_http_response": True,
            "http_options": options,
        }
    )


def _contents(request: GeminiRequest) -> list[PartUnionDict]:
    from google.genai.types import Part

    return [
        *(Part.from_bytes(data=image.content, mime_type=image.mime) for image in request.images),
        Part.from_text(text=request.prompt),
    ]


def _keyed(key: str) -> HttpOptions:
    from google.genai.types import HttpOptions

    return HttpOptions(headers={"x-goog-api-key": key})


def _headers(error: Exception) -> dict[str, str]:
    response = getattr(error, "response", None)
    return dict(response.headers) if isinstance(response, aiohttp.ClientResponse) else {}


def _without(key: str, outcome: Outcome) -> Outcome:
    """The outcome without the key, should the other side have put it into what it said."""
    from dataclasses import fields, replace

    told = {
        field.name: value.replace(key, mask(key))
        for field in fields(outcome)
        if isinstance(value := getattr(outcome, field.name), str) and key in value
    }
    return replace(outcome, **told) if told else outcome  # type: ignore[arg-type]


def _as_error(outcome: Outcome) -> LorakeeperError:
    """An outcome of trouble as an error, for who can do nothing with outcomes."""
    if isinstance(outcome, AuthFailure):
        return AuthError(outcome.sentence, 401)
    if isinstance(outcome, Quota):
        return RateLimitError(outcome.sentence, outcome.retry_after)
    if isinstance(outcome, Overload):
        return ApiError(outcome.sentence, outcome.status)
    if isinstance(outcome, (NetworkFailure, TimedOut)):
        return NetworkError(outcome.sentence)
    return UsageError(outcome.sentence)
