"""The registry of routes, and the OpenAPI document made from it.

A handler's annotations say everything: ``query`` and ``body`` are pydantic models, ``request`` is aiohttp's, any other
parameter comes from the path, and what it returns is the answer's model. The same models validate and document.
"""

from __future__ import annotations

import asyncio
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, ValidationError, create_model
from pydantic.json_schema import models_json_schema

from ..py.events import Event, Events
from ..py.failures import failure
from . import guard

PREFIX = "/lorakeeper"
COMPONENTS = "#/components/schemas/"
Handler = Callable[..., Awaitable[BaseModel | web.StreamResponse]]
RowId = Annotated[int, Field(ge=1, le=2**53)]


class Nothing(BaseModel):
    """The body of a request that has nothing to say: an empty object."""

    model_config = ConfigDict(extra="forbid")


class Document(RootModel[dict[str, JsonValue]]):
    """An OpenAPI 3.1 document."""


@dataclass(frozen=True)
class Operation:
    """One route: where it is, what it takes, what it gives. ``media`` is set where the answer is not always JSON,
    ``parts`` where it is given in parts to whoever asks for a range, ``most`` are the bytes that a body may have."""

    method: str
    path: str
    summary: str
    status: int
    handler: Handler
    inputs: dict[str, type[BaseModel]]  # of "path", "query", "body" those that the handler takes
    wants_request: bool
    response: type[BaseModel] | None
    media: tuple[str, ...]
    parts: bool
    most: int
    publish: Callable[[Event], None]

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it: without aiohttp's patterns."""
        return re.sub(r"{(\w+):[^}]*}", r"{\1}", self.path)

    async def __call__(self, request: web.Request, path: Mapping[str, str] | None = None) -> web.StreamResponse:
        """Answers ``request``. ``path`` has the path's parameters where a host has found them itself."""
        try:
            guard.check(request)
            result = await self.handler(**await self._arguments(request, request.match_info if path is None else path))
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost place, where every failure becomes one sentence
            self.publish(failure("route", error, f"{self.method} {self.template}"))
            return guard.answer(error, request)
        if isinstance(result, web.StreamResponse):
            return result
        guard.log.info("%s %s %d", request.method, request.path, self.status)
        return guard.json_answer(await guard.written(result), status=self.status)

    async def _arguments(self, request: web.Request, path: Mapping[str, str]) -> dict[str, Any]:
        arguments: dict[str, Any] = {"request": request} if self.wants_request else {}
        try:
            for place, model in self.inputs.items():
                if place == "body":
                    body = await guard.body_of(request, self.most)
                    long = len(body) > guard.BODY_LIMIT
                    read = model.model_validate_json
                    arguments[place] = await asyncio.to_thread(read, body) if long else read(body)
                elif place == "query":
                    arguments[place] = model.model_validate(_query(request, model))
                else:
                    arguments |= dict(model.model_validate(path))
        except ValidationError as error:
            raise guard.invalid(error) from None
        return arguments


class Api:
    """Adds guarded routes under ``/lorakeeper`` to a host's table, and remembers them for the document."""

    def __init__(self, routes: web.RouteTableDef, version: str, events: Events | None = None) -> None:
        """``events`` hear of errors; without an application there is nobody to tell."""
        self._routes = routes
        self.version = version
        self._events = events or Events()
        self.operations: list[Operation] = []
        self._document: Document | None = None

    def get(
        self,
        path: str,
        summary: str,
        *,
        media: tuple[str, ...] = (),
        parts: bool = False,
        model: type[BaseModel] | None = None,
    ) -> Callable[[Handler], Handler]:
        """``model`` is what the answer is where it has ``media`` and is JSON all the same."""
        return self._add("GET", path, summary, 200, media, parts=parts, model=model)

    def post(
        self, path: str, summary: str, *, status: int = 200, most: int = guard.BODY_LIMIT
    ) -> Callable[[Handler], Handler]:
        return self._add("POST", path, summary, status, most=most)

    def put(self, path: str, summary: str) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, summary, 200)

    def patch(self, path: str, summary: str) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, summary, 200)

    def delete(self, path: str, summary: str) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, summary, 200)

    def _add(
        self,
        method: str,
        path: str,
        summary: str,
        status: int,
        media: tuple[str, ...] = (),
        parts: bool = False,
        most: int = guard.BODY_LIMIT,
        model: type[BaseModel] | None = None,
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler, include_extras=True)
            response = hints.pop("return")
            inputs: dict[str, type[BaseModel]] = {
                place: hints.pop(place) for place in ("query", "body") if place in hints
            }
            wants_request = hints.pop("request", None) is not None
            if hints:
                in_path: dict[str, Any] = {name: (hint, ...) for name, hint in hints.items()}
                inputs["path"] = create_model("Path", **in_path)
            operation = Operation(
                method=method,
                path=f"{PREFIX}/{path}",
                summary=summary,
                status=status,
                handler=handler,
                inputs=inputs,
                wants_request=wants_request,
                response=model if media else response,
                media=media,
                parts=parts,
                most=most,
                publish=self._events.publish,
            )
            self.operations.append(operation)
            self._routes.route(method, operation.path)(operation.__call__)
            return handler

        return register

    async def document(self) -> Document:
        """The OpenAPI document of everything that is registered, made when it is first asked for: it takes a while."""
        if self._document is None:
            self._document = await asyncio.to_thread(self._make_document)
        return self._document

    def _make_document(self) -> Document:
        used: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
            (guard.ErrorAnswer, "serialization")
        ]
        for operation in self.operations:
            if body := operation.inputs.get("body"):
                used.append((body, "validation"))
            if operation.response:
                used.append((operation.response, "serialization"))
        references, definitions = models_json_schema(list(dict.fromkeys(used)), ref_template=COMPONENTS + "{model}")
        schemas: dict[str, Any] = definitions.get("$defs", {})
        paths: dict[str, dict[str, Any]] = {}
        for operation in self.operations:
            for place in operation.inputs.keys() & {"path", "query"}:
                model = operation.inputs[place]
                schemas |= model.model_json_schema(ref_template=COMPONENTS + "{model}").get("$defs", {})
            described = _describe(operation, lambda model, mode: references[model, mode])
            paths.setdefault(operation.template, {})[operation.method.lower()] = described
        return Document(
            {
                "openapi": "3.1.0",
                "info": {
                    "title": "Lorakeeper",
                    "version": self.version,
                    "description": "ComfyUI serves these paths under `/api`, too. Requests that change something need "
                    "`Content-Type: application/json` and come from the same origin.",
                },
                "paths": paths,
                "components": {"schemas": schemas},
            }
        )


def _query(request: web.Request, model: type[BaseModel]) -> dict[str, Any]:
    """The query as the model takes it: a list for a field that is one (the key is repeated), else the first value."""
    return {
        name: request.query.getall(name)
        if typing.get_origin(field.annotation) in (list, tuple)
        else request.query[name]
        for name, field in model.model_fields.items()
        if name in request.query
    }


def _describe(operation: Operation, reference: Callable[[type[BaseModel], Any], dict[str, Any]]) -> dict[str, Any]:
    def content(schema: dict[str, Any], *media: str) -> dict[str, Any]:
        return {kind: {"schema": schema} for kind in media or ("application/json",)}

    parameters = []
    for place in ("path", "query"):
        if model := operation.inputs.get(place):
            schema = model.model_json_schema(ref_template=COMPONENTS + "{model}")
            for name, field in schema["properties"].items():
                required = name in schema.get("required", ())
                parameters.append({"name": name, "in": place, "required": required, "schema": field})
    given = content({"type": "string", "format": "binary"}, *operation.media) if operation.media else {}
    if operation.response:
        given |= content(reference(operation.response, "serialization"))
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method.lower()} {operation.template.removeprefix(PREFIX + '/')}",
        "parameters": parameters,
        "responses": {
            str(operation.status): {"description": operation.summary, "content": given},
            "default": {
                "description": "What went wrong, in one sentence.",
                "content": content(reference(guard.ErrorAnswer, "serialization")),
            },
        },
    }
    if operation.parts:
        described["responses"]["206"] = {"description": "The part that the header Range asks for.", "content": given}
    if body := operation.inputs.get("body"):
        described["requestBody"] = {"required": True, "content": content(reference(body, "validation"))}
    return described
