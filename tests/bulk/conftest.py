"""An application before the strict fake site, or before the fake Gemini, and what to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import Item, Job
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace
from lorakeeper.testing.fake_gemini import KEY, FakeGemini

if TYPE_CHECKING:
    from .variation_rig import Rig


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


@pytest.fixture
def make_app(civitai: FakeCivitai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], App]:
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", civitai.url)
    return lambda: App.standalone(home=tmp_path / "home")


@pytest.fixture
async def app(make_app: Callable[[], App]) -> AsyncIterator[App]:
    async with make_app() as app:
        yield app


@pytest.fixture
async def rig(app: App) -> AsyncIterator[Rig]:
    """For plans of variations of ``a.png`` and ``b.png``, which are there."""
    from lorakeeper.testing.pictures import photograph

    from .variation_rig import SIZE, Rig  # it draws pictures, which other tests need not wait for

    async with FakeGemini(side=64) as fake:
        app.store.update({"gemini_url": fake.url, "gemini_concurrency": 1})
        app.credentials.set("gemini", KEY)
        rig = Rig(app, fake)
        rig.puts("a.png", photograph(1, SIZE))
        rig.puts("b.png", photograph(2, SIZE))
        yield rig


async def until(app: App, job_id: str, fits: Callable[[Job], bool]) -> Job:
    """The job once it is as wanted."""

    async def look() -> Job:
        while not fits(job := await app.jobs.get(job_id)):
            await asyncio.sleep(0.01)
        return job

    return await asyncio.wait_for(look(), 20)


def only(job: Job) -> Item:
    """The one file of a job."""
    assert job.item
    return job.item


def slow(civitai: FakeCivitai, rate: float = 400_000) -> None:
    civitai.faults.storage.append(Pace(rate))
