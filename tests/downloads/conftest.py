"""One download against the fake Civitai, with everything real but the library."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lorakeeper.py.civitai.http import Http
from lorakeeper.py.civitai.resolve import ResolvedFile
from lorakeeper.py.civitai.schemas import FileHashes, ModelVersion, VersionFile
from lorakeeper.py.downloads import (
    DiskSpace,
    Downloads,
    OptimizationMode,
    Outcome,
    PerformanceOptimizer,
    Progress,
    RetryPolicy,
    part,
)
from lorakeeper.py.downloads.segments import Cut
from lorakeeper.py.errors import NetworkError
from lorakeeper.py.security import ModelScanner, Quarantine
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Drop, FakeCivitai, Ids, Pace
from lorakeeper.testing.samples import Sample

KEY = "secret-key-0123456789"
SIZE = 2_000_000
MEGABYTE = 1_000_000
SOME = 20_000


def resolved(civitai: FakeCivitai, ids: Ids, sample: Sample, **changes: Any) -> ResolvedFile:
    """What the resolver would say of a sample's file."""
    source = ResolvedFile(
        version=ModelVersion(id=ids.version_id, model_id=ids.model_id),
        file=VersionFile(id=ids.file_id, hashes=FileHashes(sha256=ids.sha256.upper())),
        name=sample.file_name,
        size=sample.size,
        sha256=ids.sha256.lower(),
        urls=(f"{civitai.url}/api/download/models/{ids.version_id}?fileId={ids.file_id}",),
        kind="loras",
        folder="",
    )
    return replace(source, **changes)


@dataclass
class Rig:
    """The downloads, what they were told, and the folder they work in."""

    civitai: FakeCivitai
    http: Http
    folder: Path
    quarantine: Quarantine
    space: DiskSpace
    connections: int = 1
    busy: bool = False
    cut: Cut = field(default_factory=Cut)
    retry: RetryPolicy = field(default=RetryPolicy(attempts=4, wait_initial=0.001, wait_max=0.02, wait_jitter=0))
    optimizer: PerformanceOptimizer = field(init=False)
    owned: dict[str, Path] = field(default_factory=dict)
    fresh: dict[int, ResolvedFile] = field(default_factory=dict)
    refreshed: list[ResolvedFile] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)
    downloads: Downloads = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = PerformanceOptimizer(
            mode=lambda: OptimizationMode.SPEED, most=lambda: self.connections, busy=lambda: self.busy
        )
        self.renew()

    def renew(self) -> None:
        """As after a restart: nothing is remembered but what lies on the disk."""
        self.downloads = Downloads(
            self.http,
            self.space,
            ModelScanner(),
            self.quarantine,
            self._find_owned,
            self._refresh,
            optimizer=self.optimizer,
            cut=self.cut,
            retry=self.retry,
        )

    def add(self, sample: Sample, **changes: Any) -> ResolvedFile:
        return resolved(self.civitai, self.civitai.add(sample), sample, **changes)

    async def fetch(self, source: ResolvedFile) -> Outcome:
        return await self.downloads.fetch(source, self.folder, progress=self.seen.append)

    def files(self) -> set[str]:
        """All that lies in the model folder, hidden files too."""
        return {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()

    def ranges(self) -> list[str | None]:
        """The Range of each request that the storage got."""
        return [request.headers.get("Range") for request in self.civitai.storage.requests]

    async def _find_owned(self, sha256: str) -> Path | None:
        return self.owned.get(sha256)

    async def _refresh(self, source: ResolvedFile) -> ResolvedFile:
        self.refreshed.append(source)
        return self.fresh.get(source.version.id, source)


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as running:
        yield running


@pytest.fixture
async def http(civitai: FakeCivitai) -> AsyncIterator[Http]:
    client = Http(
        base_url=civitai.url,
        key_for=lambda url: KEY if str(url.origin()) == civitai.url else None,
        timeout=aiohttp.ClientTimeout(sock_connect=5, sock_read=0.5),
    )
    yield client
    await client.close()


@pytest.fixture
def make_rig(civitai: FakeCivitai, http: Http, tmp_path: Path) -> Callable[..., Rig]:
    def make(**options: Any) -> Rig:
        known = {"folder": tmp_path / "loras", "quarantine": Quarantine(tmp_path / "quarantine"), "space": DiskSpace()}
        return Rig(civitai, http, **{**known, **options})

    return make


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture
def sample() -> samples.Sample:
    return samples.lora("cat", size=SIZE)


async def broken_off(rig: Any, source: Any) -> Path:
    """The part of a download that broke in its middle."""
    rig.civitai.faults.storage += [Drop(MEGABYTE), *(Drop(0) for _ in range(20))]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    path: Path = next(rig.folder.glob("*.part"))
    assert 0 < path.stat().st_size <= MEGABYTE
    return path


async def running(rig: Any, source: Any) -> asyncio.Task[Any]:
    """A download under way, of which some bytes have come, and which would take five seconds by itself."""
    rig.civitai.faults.storage.append(Pace(SIZE / 5))
    task = asyncio.create_task(rig.fetch(source))
    while not any(progress.received > SOME for progress in rig.seen):
        await asyncio.sleep(0.005)
    assert not task.done()
    return task


def let_go(rig: Any) -> None:
    """What :func:`running` began comes to its end at once, over another connection."""
    rig.civitai.faults.storage.clear()
    for connection in rig.civitai.storage.connections:
        connection.close()


async def stopped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@contextmanager
def disk_that_is_full_after(room: int) -> Iterator[None]:
    """Parts take so many bytes, the last of them torn off; what comes a moment later would be taken again."""
    write = part.write_whole

    def write_until_full(file: Any, chunk: bytes) -> None:
        nonlocal room
        if len(chunk) > room:
            file.write(chunk[:room])
            room = 1000 * MEGABYTE
            raise OSError(errno.ENOSPC, "No space left on device")
        room -= len(chunk)
        write(file, chunk)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "write_whole", write_until_full)
        yield
