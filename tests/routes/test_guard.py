"""The guard and the registry, on a real server with three small routes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, Field

from lorakeeper.py.errors import LorakeeperError, RateLimitError
from lorakeeper.py.events import Event, Events
from lorakeeper.server_routes.guard import BODY_LIMIT, written
from lorakeeper.server_routes.openapi import Api

JSON = {"Content-Type": "application/json"}


class Query(BaseModel):
    limit: int = Field(10, ge=1, le=100)
    types: list[str] = []


class Body(BaseModel):
    text: str
    number: int = 0


class Answer(BaseModel):
    said: str


class Long(BaseModel):
    steps: list[Answer] = []
    name: str = "x"
    numbers: list[int] = []
    more: list[str] = []


class Lists(BaseModel):
    numbers: list[int]
    others: list[int]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def server(events: Events) -> AsyncIterator[TestServer]:
    routes = web.RouteTableDef()
    api = Api(routes, "1", events)

    @api.get("things/{id}", "A thing")
    async def get(id: int, query: Query) -> Answer:  # noqa: A002
        return Answer(said=f"{id} {query.limit} {query.types}")

    @api.post("things", "A new thing", status=202)
    async def post(body: Body) -> Answer:
        if body.text == "known":
            raise RateLimitError("Too many requests: wait a little.", 7.4)
        if body.text == "unknown":
            raise ZeroDivisionError("the secret reason")
        return Answer(said=body.text)

    application = web.Application(client_max_size=100 * 1024 * 1024)
    application.add_routes(routes)
    server = TestServer(application)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def session(server: TestServer) -> AsyncIterator[ClientSession]:
    async with ClientSession(server.make_url("/")) as session:
        yield session


async def post(session: ClientSession, text: str = "hello", **headers: str) -> ClientResponse:
    return await session.post(
        "/lorakeeper/things",
        json={"text": text},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def test_arguments_come_from_path_query_and_repeated_keys(session: ClientSession) -> None:
    answer = await session.get("/lorakeeper/things/3?limit=5&types=LORA&types=VAE")

    assert await answer.json() == {"said": "3 5 ['LORA', 'VAE']"}


async def test_unknown_query_parameters_are_ignored_because_proxies_add_theirs(session: ClientSession) -> None:
    assert (await session.get("/lorakeeper/things/3?token=x")).status == 200


@pytest.mark.parametrize(
    ("path", "field"), [("/lorakeeper/things/3?limit=0", "limit"), ("/lorakeeper/things/three", "id")]
)
async def test_wrong_value_is_422_with_one_sentence_naming_the_field(
    session: ClientSession, path: str, field: str
) -> None:
    answer = await session.get(path)

    error = (await answer.json())["error"]
    assert answer.status == 422
    assert error["message"].startswith(f"The field {field} can't be used: ")
    assert error["message"].count(".") == 1


async def test_wrong_body_is_422_and_not_repeated(session: ClientSession) -> None:
    answer = await session.post("/lorakeeper/things", json={"text": ["sssecret"]})

    assert answer.status == 422
    assert "field text" in (text := await answer.text())
    assert "sssecret" not in text


async def test_broken_json_is_422(session: ClientSession) -> None:
    assert (await session.post("/lorakeeper/things", data=b"{", headers=JSON)).status == 422


async def test_same_origin_change_is_taken(session: ClientSession, server: TestServer) -> None:
    answer = await post(session, Origin=f"http://127.0.0.1:{server.port}")

    assert (answer.status, await answer.json()) == (202, {"said": "hello"})


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://", "file://", "x"])
async def test_foreign_origin_is_refused(session: ClientSession, origin: str) -> None:
    answer = await post(session, Origin=origin)

    assert (answer.status, (await answer.json())["error"]["kind"]) == (403, "ForbiddenError")


@pytest.mark.parametrize("forwarded", ["me.example", "me.example:443", "cdn.example, me.example"])
async def test_origin_told_by_a_proxy_is_taken(session: ClientSession, forwarded: str) -> None:
    assert (await post(session, Origin="https://me.example", X_Forwarded_Host=forwarded)).status == 202


async def test_proxy_that_tells_nothing_is_served_where_the_browser_vouches(session: ClientSession) -> None:
    assert (await post(session, Origin="https://me.example", Sec_Fetch_Site="same-origin")).status == 202
    assert (await post(session, Origin="https://me.example", Sec_Fetch_Site="same-site")).status == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_can_send_is_refused(session: ClientSession, kind: str) -> None:
    answer = await session.post("/lorakeeper/things", data=b'{"text": "x"}', headers={"Content-Type": kind})

    assert answer.status == 403
    assert "application/json" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_cross_site_is_refused_for_every_method(session: ClientSession, method: str) -> None:
    path = "/lorakeeper/things/1" if method == "GET" else "/lorakeeper/things"
    answer = await session.request(method, path, headers={**JSON, "Sec-Fetch-Site": "cross-site"})

    assert answer.status == 403


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_over_the_limit_is_413(session: ClientSession, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(1 + BODY_LIMIT // 65536):
            yield b" " * 65536

    data = pieces() if chunked else b" " * (BODY_LIMIT + 1)
    answer = await session.post("/lorakeeper/things", data=data, headers=JSON)

    assert answer.status == 413


async def test_body_of_just_the_limit_is_taken(session: ClientSession) -> None:
    body = b'{"text": "x"}'.ljust(BODY_LIMIT)

    assert (await session.post("/lorakeeper/things", data=body, headers=JSON)).status == 202


async def test_known_error_has_its_status_its_sentence_and_when_to_come_back(session: ClientSession) -> None:
    answer = await post(session, "known")

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert await answer.json() == {"error": {"kind": "RateLimitError", "message": "Too many requests: wait a little."}}


async def test_unknown_error_is_a_plain_sentence_and_its_traceback_is_logged(
    session: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await post(session, "unknown")

    assert answer.status == 500
    assert "secret reason" not in (text := await answer.text())
    assert "Traceback" not in text
    assert "ZeroDivisionError: the secret reason" in caplog.text


async def test_every_error_has_a_status_of_the_400s_or_500s() -> None:
    def all_errors(of: type[LorakeeperError]) -> list[type[LorakeeperError]]:
        return [of, *(each for sub in of.__subclasses__() for each in all_errors(sub))]

    assert {error.status // 100 for error in all_errors(LorakeeperError)} == {4, 5}


@pytest.mark.parametrize("size", [0, 1, 1_000, 1_001, 2_000, 3_500])
async def test_long_answers_say_what_short_ones_say(size: int) -> None:
    said = [Answer(said=f'"{number}"],') for number in range(size)]
    for body in (
        Long(steps=said, numbers=list(range(size)), more=["a"]),
        Lists(numbers=list(range(size)), others=list(range(size))),
    ):
        assert type(body).model_validate_json(await written(body)) == body


async def test_an_error_is_told_by_its_routes_pattern_and_without_its_sentence(
    session: ClientSession, events: Events
) -> None:
    heard: list[Event] = []
    events.subscribe(heard.append)

    await post(session)
    await post(session, "known")
    await post(session, "unknown")
    await session.get("/lorakeeper/things/secret")

    assert {(event.topic, event.subject, event.final) for event in heard} == {("error", "route", True)}
    assert [event.data for event in heard] == [
        {"where": "route", "at": "POST /lorakeeper/things", "cause": "RateLimitError", "status": 429},
        {"where": "route", "at": "POST /lorakeeper/things", "cause": "unexpected", "status": 500},
        {"where": "route", "at": "GET /lorakeeper/things/{id}", "cause": "InvalidRequestError", "status": 422},
    ]
