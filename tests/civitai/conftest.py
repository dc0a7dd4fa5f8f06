"""A running fake site, and a client that hardly waits between tries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from yarl import URL

from lorakeeper.py.civitai.client import CivitaiClient
from lorakeeper.py.civitai.http import Http, RetryPolicy
from lorakeeper.py.civitai.resolve import Resolver
from lorakeeper.testing.fake_civitai import FakeCivitai

FAST = RetryPolicy(wait=0.001, longest=0.05, jitter=0.001, patience=5.0)
KEY = "secret-key-1"


@dataclass
class Placement:
    path_template: str = ""


def key_for_origin(origin: str) -> Callable[[URL], str | None]:
    """A key for that origin only."""
    return lambda url: KEY if str(url.origin()) == origin else None


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


@pytest.fixture
async def http(civitai: FakeCivitai) -> AsyncIterator[Http]:
    """With a key for the site's origin."""
    http = Http(base_url=civitai.url, key_for=key_for_origin(civitai.url), retry=FAST)
    yield http
    await http.close()


@pytest.fixture
async def client(http: Http) -> AsyncIterator[CivitaiClient]:
    client = CivitaiClient(http)
    yield client
    await client.close()


@pytest.fixture
def placement() -> Placement:
    return Placement()


@pytest.fixture
def resolver(client: CivitaiClient, placement: Placement) -> Resolver:
    return Resolver(client, lambda: placement)
