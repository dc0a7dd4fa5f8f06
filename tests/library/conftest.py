from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.testing.fake_civitai import FakeCivitai

from .site_rig import Rig, site_rig


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


@pytest.fixture
async def app(civitai: FakeCivitai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", civitai.url)
    app = App.standalone(home=tmp_path / "home")
    try:
        # Without the upkeep: what is done here is what the test does.
        await app.start(adopt=False)
        yield app
    finally:
        await app.close()


@pytest.fixture
async def rig(civitai: FakeCivitai, tmp_path: Path) -> AsyncIterator[Rig]:
    async with site_rig(civitai, tmp_path) as rig:
        yield rig


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "Ada.v1.safetensors"
    path.write_bytes(b"no sidecar is a part of this")
    return path
