"""An application before the strict fake site, and what to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import Item, Job
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace


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
