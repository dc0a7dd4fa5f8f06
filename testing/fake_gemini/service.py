"""The API: the two endpoints of the models' list and the one that generates, in v1 and v1beta."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from typing import Any

from aiohttp import web

from ..fake_civitai.faults import Fault
from ..fake_civitai.origin import Answer, whole
from . import faults as kinds
from .checking import InvalidError, check_body, in_one_spelling
from .images import bomb, made, padded

KEY = "secret-gemini-key-1"
_UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API."
)
_SCALES = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
_IMAGE_TOKENS = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}


class _Refusal(Exception):  # noqa: N818 - it is an answer
    def __init__(self, code: int, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message, "status": status}
        if details:
            error["details"] = details
        self.answer = _json({"error": error}, code)


class Service:
    """``keys`` are the good keys, ``models`` the names of the models there are; those with "pro" make JPEGs."""

    def __init__(self, side: int) -> None:
        self.keys = {KEY}
        self.models = [
            "gemini-2.5-flash",
            "gemini-2.5-flash-image",
            "gemini-3-pro-image",
            "gemini-3.1-flash-image",
            "gemini-3.1-flash-lite-image",
        ]
        self._side = side
        self._asked: Counter[str] = Counter()

    async def answer(self, request: web.Request, met: list[Fault]) -> Answer:
        if any(isinstance(fault, kinds.HangUp) for fault in met) and request.transport is not None:
            request.transport.close()
        try:
            return self._route(request, await request.read(), met)
        except _Refusal as refusal:
            return refusal.answer

    def _route(self, request: web.Request, body: bytes, met: list[Fault]) -> Answer:
        found = re.fullmatch(r"/(?:v1|v1beta)/models(?:/([^/:]+)(:generateContent)?)?", request.path)
        if not found:
            return whole(b"<!DOCTYPE html><title>Error 404</title>", status=404, headers={"Content-Type": "text/html"})
        self._check_key(request)
        name, generating = found.groups()
        if request.method != ("POST" if generating else "GET"):
            raise _Refusal(405, "UNIMPLEMENTED", "Method not allowed.")
        if name is None:
            return self._list(request)
        if name not in self.models:
            message = f"models/{name} is not found for API version v1beta, or is not supported for generateContent."
            raise _Refusal(404, "NOT_FOUND", message)
        return self._generate(name, body, met) if generating else _json(_described(name))

    def _check_key(self, request: web.Request) -> None:
        key = request.headers.get("x-goog-api-key") or request.query.get("key")
        if not key:
            raise _Refusal(403, "PERMISSION_DENIED", _UNREGISTERED)
        if key not in self.keys:
            info = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
            raise _Refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [info])

    def _list(self, request: web.Request) -> Answer:
        """Pages of ``pageSize``, followed by a token."""
        try:
            size, start = int(request.query.get("pageSize", "50")), int(request.query.get("pageToken") or "0")
        except ValueError as error:
            raise _invalid("Invalid page.", "page_token") from error
        if size < 1 or set(request.query) - {"pageSize", "pageToken", "key", "filter"}:
            raise _invalid("Invalid query.", "page_size")
        document: dict[str, Any] = {"models": [_described(name) for name in self.models[start : start + size]]}
        if start + size < len(self.models):
            document["nextPageToken"] = str(start + size)
        return _json(document)

    def _generate(self, model: str, content: bytes, met: list[Fault]) -> Answer:
        try:
            body = in_one_spelling(json.loads(content))
            check_body(body)
        except InvalidError as error:
            raise _invalid(str(error), error.field) from error
        except ValueError as error:
            raise _invalid("Invalid JSON payload received. Unexpected token.", "") from error
        if "image" not in model and "IMAGE" in body.get("generationConfig", {}).get("responseModalities", []):
            raise _invalid("The requested combination of response modalities is not supported by the model.", "")
        document = self._document(model, body, met)
        encoded = json.dumps(document).encode()
        for fault in met:
            if isinstance(fault, kinds.Truncated):
                encoded = encoded[: fault.at]
        return whole(encoded, headers={"Content-Type": "application/json; charset=UTF-8"})

    def _document(self, model: str, body: dict[str, Any], met: list[Fault]) -> dict[str, Any]:
        texts = [part["text"] for item in body["contents"] for part in item["parts"] if "text" in part]
        pictures = sum("inlineData" in part for item in body["contents"] for part in item["parts"])
        tokens_in = sum(len(text) // 4 + 1 for text in texts) + 1120 * pictures
        size = body.get("generationConfig", {}).get("imageConfig", {}).get("imageSize", "1K")
        fault = next((each for each in met if type(each).__module__ == kinds.__name__), None)
        base = {"modelVersion": model, "responseId": hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]}
        if isinstance(fault, kinds.BlockedPrompt):
            return {**base, "promptFeedback": {"blockReason": fault.reason}, "usageMetadata": _usage(tokens_in, 0)}
        if isinstance(fault, kinds.Empty):
            return {**base, "usageMetadata": _usage(tokens_in, 0)}
        if isinstance(fault, kinds.Finish):
            candidate: dict[str, Any] = {"finishReason": fault.reason, "index": 0}
            if fault.message:
                candidate["finishMessage"] = fault.message
            return {**base, "candidates": [candidate], "usageMetadata": _usage(tokens_in, 0)}
        if isinstance(fault, kinds.TextOnly):
            parts: list[dict[str, Any]] = [{"text": fault.text}]
            tokens_out = len(fault.text) // 4 + 1
        else:
            parts = self._parts(model, body, texts, fault, size)
            tokens_out = _IMAGE_TOKENS[size]
        return {
            **base,
            "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": _usage(tokens_in, tokens_out),
        }

    def _parts(
        self, model: str, body: dict[str, Any], texts: list[str], fault: Fault | None, size: str
    ) -> list[dict[str, Any]]:
        jpeg = "pro" in model
        mime = fault.mime if isinstance(fault, kinds.WrongMime) else "image/jpeg" if jpeg else "image/png"
        count = fault.count if isinstance(fault, kinds.ManyImages) else 1
        ratio = body.get("generationConfig", {}).get("imageConfig", {}).get("aspectRatio", "1:1")
        prompt = "\n".join(texts)
        shape = _shape(ratio, self._side * _SCALES[size])
        parts: list[dict[str, Any]] = [{"text": "Here it is."}]
        for _ in range(count):
            self._asked[prompt] += 1
            content = made(f"{model}|{prompt}|{self._asked[prompt]}", *shape, jpeg=jpeg)
            if isinstance(fault, kinds.Given):
                content = fault.content
            if isinstance(fault, kinds.HugeImage):
                content = bomb(fault.side)
            if isinstance(fault, kinds.Padded):
                content = padded(content, fault.megabytes * 1_000_000)
            if isinstance(fault, kinds.BrokenImage):
                content = content[: fault.keep] or b"this is no image"
            parts.append({"inlineData": {"mimeType": mime, "data": base64.b64encode(content).decode()}})
        if isinstance(fault, kinds.Drafts):
            draft = base64.b64encode(made("draft", 32, 32)).decode()
            thoughts = [{"text": "Let me think.", "thought": True}]
            thoughts.append({"inlineData": {"mimeType": "image/png", "data": draft}, "thought": True})
            parts = [*thoughts, *parts]
        return parts


def _shape(ratio: str, side: float) -> tuple[int, int]:
    """Width and height in that ratio, with the area of ``side`` squared."""
    across, down = (int(part) for part in ratio.split(":"))
    return max(8, round(side * (across / down) ** 0.5)), max(8, round(side * (down / across) ** 0.5))


def _usage(tokens_in: int, tokens_out: int) -> dict[str, Any]:
    details = [{"modality": "TEXT", "tokenCount": tokens_in}]
    usage: dict[str, Any] = {"promptTokenCount": tokens_in, "totalTokenCount": tokens_in + tokens_out}
    if tokens_out:
        usage["candidatesTokenCount"] = tokens_out
    return {**usage, "promptTokensDetails": details}


def _described(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "1",
        "displayName": name.replace("-", " ").title(),
        "description": "A model of the fake.",
        "inputTokenLimit": 32768,
        "outputTokenLimit": 32768,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    }


def _invalid(message: str, field: str) -> _Refusal:
    violation = {"field": field, "description": message} if field else {"description": message}
    details = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return _Refusal(400, "INVALID_ARGUMENT", message, [details])


def _json(document: Any, status: int = 200) -> Answer:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    return whole(json.dumps(document, indent=2).encode(), status=status, headers=headers)
