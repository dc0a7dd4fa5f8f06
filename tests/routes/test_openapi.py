"""The document: every route is in it, it is a valid OpenAPI 3.1 document, and it is made of what validates."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from lorakeeper.py.app import App
from lorakeeper.server_routes import add_routes


@pytest.fixture
def registered(app: App) -> set[tuple[str, str]]:
    routes = web.RouteTableDef()
    add_routes(routes, app)
    return {
        (route.method.lower(), re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path))
        for route in routes
        if isinstance(route, web.RouteDef)
    }


@pytest.fixture
async def document(door: Any) -> dict[str, Any]:
    return dict((await door("GET", "openapi.json")).json)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, it) for path, item in document["paths"].items() for method, it in item.items()]


async def test_document_has_all_routes_and_no_others(
    document: dict[str, Any], registered: set[tuple[str, str]]
) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == registered
    assert len(registered) > 20


async def test_document_is_of_openapis_shape(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert set(document) <= {"openapi", "info", "paths", "components"}
    assert {"title", "version"} <= set(document["info"])
    for method, path, operation in operations(document):
        assert method in {"get", "post", "put", "patch", "delete"}
        assert path.startswith("/lorakeeper/")
        assert operation["summary"]
        assert all(re.fullmatch(r"[1-5]\d\d|default", status) for status in operation["responses"])
        for response in operation["responses"].values():
            assert response["description"]
            assert all("schema" in media for media in response["content"].values())
        assert ("requestBody" in operation) <= (method in {"post", "put", "patch"})


async def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(set(ids)) == len(ids)


async def test_parameters_of_a_path_are_described(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path))
        assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")


async def test_every_schema_is_one_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in document["components"]["schemas"]
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(document)


async def test_what_validates_is_what_is_described(document: dict[str, Any]) -> None:
    body = document["paths"]["/lorakeeper/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    described = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    limit = next(each for each in document["paths"]["/lorakeeper/jobs"]["get"]["parameters"] if each["name"] == "limit")

    assert described["required"] == ["target"]
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["required"]) == (1, 500, False)


async def test_every_route_stands_behind_the_guard(door: Any, document: dict[str, Any]) -> None:
    for method, path, _ in operations(document):
        where = re.sub(r"{\w+}", "1", path).removeprefix("/lorakeeper/")
        refused = [{"Sec-Fetch-Site": "cross-site"}]
        if method != "get":
            refused += [{"Content-Type": "text/plain"}, {"Origin": "http://evil.example"}]
        for headers in refused:
            assert (await door(method.upper(), where, headers=headers)).status == 403, (method, where, headers)
