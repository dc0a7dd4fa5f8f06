"""A door to knock at: the standalone server on a real socket, before the whole application and the strict fake site.

Whatever it answers is checked: JSON against the schema that openapi.json gives for it, everything for the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from jsonschema import Draft202012Validator
from multidict import CIMultiDictProxy

from lorakeeper.py.app import App
from lorakeeper.py.hosts.standalone import Standalone
from lorakeeper.py.library.roots import standalone_roots
from lorakeeper.testing.fake_civitai import FakeCivitai

KEY = "a-key-that-nobody-may-see-0123456789"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass
class Door:
    """Sends requests as the page would, and looks at every answer."""

    session: ClientSession
    document: dict[str, Any]

    async def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        if not self.document:
            async with self.session.get("/lorakeeper/openapi.json") as response:
                self.document |= await response.json()
        sent = None if method == "GET" else json.dumps(body if body is not None else {})
        given = {**({} if method == "GET" else JSON), **(headers or {})}
        async with self.session.request(
            method, f"/lorakeeper/{path}", data=sent, headers=given, params=query
        ) as response:
            answer = Answer(response.status, response.headers, await response.read())
        assert KEY.encode() not in answer.body
        assert KEY not in str(answer.headers)
        assert b"Traceback" not in answer.body
        self._check(method, f"/lorakeeper/{path}", answer)
        return answer

    def _check(self, method: str, path: str, answer: Answer) -> None:
        """The answer is one that the document promises."""
        operation = self.operation(method, path)
        if operation is None:
            return
        described = operation["responses"].get(str(answer.status)) or operation["responses"]["default"]
        content = described["content"]
        kind = answer.headers["Content-Type"].partition(";")[0]
        media = next(each for each in content if re.fullmatch(each.replace("*", ".*"), kind))
        if kind == "application/json":
            schema = {**content[media]["schema"], "components": self.document["components"]}
            Draft202012Validator(schema).validate(answer.json)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        templates = sorted(self.document["paths"], key=lambda template: template.count("{"))
        for template in templates:
            rest = ".*" if template.endswith("{path}") else "[^/]+"
            if (
                re.fullmatch(re.sub(r"{\w+}", rest, template), path)
                and method.lower() in self.document["paths"][template]
            ):
                return dict(self.document["paths"][template][method.lower()])
        return None


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as civitai:
        yield civitai


@pytest.fixture
async def app(civitai: FakeCivitai, tmp_path: Path) -> AsyncIterator[App]:
    models = tmp_path / "models"
    app = App(tmp_path / "data", lambda _: standalone_roots([str(models)], comfyui=None, home=tmp_path))
    # What is asked of the site is what the tests ask: in the background more could become known between two answers.
    app.store.update({"civitai_url": civitai.url, "image_hosts": [civitai.url], "ask_site": False})
    app.credentials.set("civitai", KEY)
    async with app:
        yield app


@pytest.fixture
async def server(app: App) -> AsyncIterator[Standalone]:
    async with Standalone(app, port=0) as server:
        yield server


@pytest.fixture(scope="session")
def promised() -> dict[str, Any]:
    """The OpenAPI document, which takes a while to be made and is the same for all: as the first door has got it."""
    return {}


@pytest.fixture
async def door(server: Standalone, promised: dict[str, Any]) -> AsyncIterator[Door]:
    async with ClientSession(server.url) as session:
        yield Door(session, promised)
