"""What stands before every handler: who may ask, how much may be sent, and what an error looks like from outside.

It wraps our own handlers and leaves the host's middlewares alone.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from pydantic import BaseModel, RootModel, ValidationError
from yarl import URL

from ..py.errors import ForbiddenError, LorakeeperError, RateLimitError, UsageError
from ..py.logs import APPLICATION

BODY_LIMIT = 1024 * 1024
_PART, _NUMBERS = 1_000, 20_000
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = logging.getLogger(f"{APPLICATION}.routes")


class InvalidRequestError(UsageError):
    """A field of the query or the body is wrong."""

    status = 422


class TooLargeError(UsageError):
    """The body is over the limit."""

    status = 413


class ErrorBody(BaseModel):
    kind: str
    message: str


class ErrorAnswer(BaseModel):
    """Every error: its name and one sentence to act on."""

    error: ErrorBody


def check(request: web.Request) -> None:
    """Raises ForbiddenError for a request that another site's page made, or that is no deliberate JSON request."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # GETs too: some of them make us ask the site.
        raise ForbiddenError("Requests from other sites' pages are refused.")
    if request.method in CHANGING:
        if request.content_type != "application/json":
            # A page elsewhere can't send this type without a preflight that nobody here answers.
            raise ForbiddenError("A request that changes something needs the header Content-Type: application/json.")
        check_origin(request)


def check_origin(request: web.Request) -> None:
    """Raises ForbiddenError when a browser says that the request comes from a page of another origin."""
    origin = request.headers.get("Origin")
    # No page can set Sec-Fetch-Site; believing it serves proxies that rewrite Host and say nothing of the original.
    if origin is None or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return
    # X-Forwarded-Host is what proxies say instead. It is safe to believe: a foreign page can add a header only after a
    # preflight, which is not answered here, and other callers than browsers are not what this check is for.
    told = [request.headers.get("Host", ""), *request.headers.get("X-Forwarded-Host", "").split(",")]
    scheme, _, claimed = origin.partition("://")
    expected = _authority(scheme, claimed)
    if expected is None or expected not in [_authority(scheme, host.strip()) for host in told]:
        raise ForbiddenError(f"Requests from pages of another origin ({origin[:200]}) are refused.")


def _authority(scheme: str, host: str) -> tuple[str | None, int | None] | None:
    """Host and port, with the scheme's own port where none is given; None for what is no web address."""
    if scheme not in ("http", "https") or not host:
        return None
    try:
        url = URL(f"{scheme}://{host}")
        return (url.host, url.port) if url.host else None
    except ValueError:
        return None


async def body_of(request: web.Request, most: int = BODY_LIMIT) -> bytes:
    """The body, at most so many bytes; the host's own limit may be far higher."""
    body = bytearray()
    if (request.content_length or 0) <= most:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > most:
                break
        else:
            return bytes(body)
    raise TooLargeError(f"The request is too large: at most {most >> 20} MiB is taken.")


def invalid(error: ValidationError) -> InvalidRequestError:
    """The first thing wrong, as one sentence that names the field and never repeats what was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ").rstrip(".")
    return InvalidRequestError(f"The field {field} can't be used: {problem}." if field else f"{problem}.")


def answer(error: Exception, request: web.Request) -> web.Response:
    """``error`` as a JSON answer. What nobody foresaw is logged with its traceback and goes out as one sentence."""
    if isinstance(error, LorakeeperError):
        log.warning("%s %s failed: %s: %s", request.method, request.path, error.kind, error)
        status, kind, message = error.status, error.kind, str(error)
    else:
        log.error("%s %s failed unexpectedly", request.method, request.path, exc_info=error)
        status, kind = 500, "InternalError"
        message = "Something went wrong inside Lorakeeper: its log file says what."
    headers = {}
    if isinstance(error, RateLimitError) and error.retry_after is not None:
        headers["Retry-After"] = str(max(0, round(error.retry_after)))
    body = ErrorAnswer(error=ErrorBody(kind=kind, message=message))
    return json_answer(body, status=status, headers=headers)


def json_answer(body: BaseModel | bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=body if isinstance(body, bytes) else body.model_dump_json().encode(),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


async def written(body: BaseModel) -> bytes:
    """``body`` as JSON. Lists of thousands are written a part at a time: one write holds the interpreter's lock, and so
    the loop, from its beginning to its end, in whatever thread."""
    long = {
        name: value
        for name in type(body).model_fields
        if isinstance(value := getattr(body, name), list) and len(value) > _PART
    }
    if not long or isinstance(body, RootModel):
        return body.model_dump_json().encode()
    short = body.model_dump_json(exclude=set(long))[:-1]
    text = [short, "," if len(short) > 1 else ""]
    for number, (name, values) in enumerate(long.items()):
        text.append(f'{"," if number else ""}"{name}":[')
        size = _NUMBERS if isinstance(values[0], int) else _PART
        for start in range(0, len(values), size):
            part = body.model_copy(update={name: values[start : start + size]}).model_dump_json(include={name})
            text += ["," if start else "", part[part.index("[") + 1 : -2]]
            await asyncio.sleep(0)
        text.append("]")
    return "".join([*text, "}"]).encode()
