"""The host of our own: the page, the front end's files, the websocket, and who is let in."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from lorakeeper.py.app import App
from lorakeeper.py.errors import UsageError
from lorakeeper.py.events import Event
from lorakeeper.py.hosts import standalone
from lorakeeper.py.hosts.standalone import Standalone, is_loopback
from lorakeeper.server_routes.app_files import APP


@pytest.fixture
async def session(server: Standalone) -> Any:
    async with ClientSession(server.url) as session:
        yield session


async def test_page_comes_with_a_policy_that_keeps_strangers_out(session: ClientSession) -> None:
    answer = await session.get("/")

    assert answer.status == 200
    assert answer.content_type == "text/html"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert await answer.read() == (APP / "index.html").read_bytes()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_routes_are_mirrored_as_comfyui_does(session: ClientSession, prefix: str) -> None:
    assert (await (await session.get(f"{prefix}/lorakeeper/health")).json())["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("main.js", "text/javascript"),
        ("theme.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/lit.js", "text/javascript"),
    ],
)
async def test_file_has_its_type_and_is_asked_about_each_time(session: ClientSession, path: str, kind: str) -> None:
    answer = await session.get(f"/lorakeeper/app/{path}")

    assert (answer.status, answer.content_type) == (200, kind)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = await session.get(f"/lorakeeper/app/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "../../pyproject.toml",
        "%2e%2e/%2e%2e/py/app.py",
        "..%2f..%2fpyproject.toml",
        "..%5c..%5cpyproject.toml",
        "vendor",
        "",
        "%00.js",
        "/etc/passwd.js",
        "vendor/LICENSE-lit.txt",
        "a" * 5000 + ".js",
    ],
)
async def test_nothing_but_the_front_ends_files_is_served(server: Standalone, path: str) -> None:
    # By hand, because a client would tidy the path up.
    reader, writer = await asyncio.open_connection(server.url.host, server.url.port)
    writer.write(f"GET /lorakeeper/app/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert b" 404 " in answer.splitlines()[0]


async def test_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    from lorakeeper.py.errors import MissingError
    from lorakeeper.server_routes.app_files import serve

    (tmp_path / "app").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "app" / "x.json").symlink_to(tmp_path / "secret.json")

    with pytest.raises(MissingError):
        await serve("x.json", tmp_path / "app")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8199", "192.168.1.5", "", "[::1", "127.0.0.1.evil.example"]
)
async def test_foreign_host_name_is_refused_on_loopback(session: ClientSession, host: str) -> None:
    for path in ("/", "/lorakeeper/health", "/lorakeeper/ws"):
        assert (await session.get(path, headers={"Host": host})).status == 403


async def test_other_host_names_are_let_in_where_other_machines_are(app: App) -> None:
    async with Standalone(app, host="0.0.0.0", port=0) as server, ClientSession(server.url) as session:  # noqa: S104
        assert (await session.get("/lorakeeper/health", headers={"Host": "my-server.lan"})).status == 200


@pytest.mark.parametrize("host", ["localhost:8199", "127.0.0.1", "[::1]:8199", "LOCALHOST"])
async def test_names_of_this_machine_are_let_in(session: ClientSession, host: str) -> None:
    assert (await session.get("/lorakeeper/health", headers={"Host": host})).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machines_own_addresses_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "example.org", "localhost.example.org"])  # noqa: S104
def test_addresses_that_others_reach_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


async def test_events_reach_every_page(app: App, session: ClientSession) -> None:
    async with session.ws_connect("/lorakeeper/ws") as one, session.ws_connect("/api/lorakeeper/ws") as two:
        await asyncio.to_thread(app.events.publish, Event("library", "7", {"id": 7}, final=True))

        for page in (one, two):
            # The scan at the start may still have its last word.
            while (heard := await asyncio.wait_for(page.receive_json(), 10))["type"] == "lorakeeper.scan":
                pass
            assert heard == {"type": "lorakeeper.library", "data": {"id": 7}}


async def test_websocket_of_a_foreign_page_is_refused(session: ClientSession) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await session.ws_connect("/lorakeeper/ws", headers={"Origin": "http://evil.example"})

    assert refused.value.status == 403


async def test_page_that_stops_reading_is_let_go(
    app: App, server: Standalone, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone, "WAITING_MESSAGES", 3)
    deaf = await session.ws_connect("/lorakeeper/ws", autoping=False)
    for number in range(10):
        app.events.publish(Event("library", str(number), {"id": number}, final=True))
    await asyncio.sleep(0)

    # Its connection ends, so that it comes back and asks anew; the server goes on.
    while not (await asyncio.wait_for(deaf.receive(), 10)).type.name.startswith("CLOS"):
        pass
    assert (await session.get("/lorakeeper/health")).status == 200


async def test_stopping_says_goodbye_to_open_pages(app: App) -> None:
    async with ClientSession() as session:
        async with Standalone(app, port=0) as server:
            page = await session.ws_connect(server.url / "lorakeeper/ws")
        message = await asyncio.wait_for(page.receive(), 10)

    assert message.data == 1001


async def test_taken_port_is_a_sentence_when_it_was_asked_for(app: App, server: Standalone) -> None:
    with pytest.raises(UsageError, match=r"taken.*--port\.$"):
        async with Standalone(app, port=server.url.port):
            pass


async def test_next_free_port_is_taken_when_none_was_asked_for(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        monkeypatch.setattr(standalone, "PORT", first)
        async with Standalone(app) as server:
            assert first < (server.url.port or 0) < first + standalone.PORTS_TRIED


async def test_address_that_is_not_ours_is_a_sentence(app: App) -> None:
    with pytest.raises(UsageError, match="--host"):
        async with Standalone(app, host="203.0.113.1", port=0):
            pass
