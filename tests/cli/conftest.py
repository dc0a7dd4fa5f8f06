"""The command line on a data folder of its own, before the strict fake site."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.cli import main
from lorakeeper.testing.fake_civitai import FakeCivitai

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The error, which is one sentence on one line and nothing else."""
        assert self.err.endswith("\n")
        line = self.err[:-1]
        assert "\n" not in line, self.err
        assert line.endswith("."), line
        return line


Run = Callable[..., Awaitable[Said]]


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as civitai:
        yield civitai


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def environment(civitai: FakeCivitai, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that point the command line at the fake and away from this machine's own data."""
    chosen = {
        "LORAKEEPER_HOME": str(tmp_path / "data"),
        "LORAKEEPER_MODELS": str(models),
        "LORAKEEPER_CIVITAI_URL": civitai.url,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def run(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, beside the fake's loop."""

    async def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = await asyncio.to_thread(main, [str(each) for each in arguments])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
async def start(environment: dict[str, str]) -> AsyncIterator[Callable[..., Awaitable[asyncio.subprocess.Process]]]:
    """Starts a command as a process of its own."""
    started: list[asyncio.subprocess.Process] = []

    async def start(
        *arguments: object, root: Path = ROOT, stderr: int = asyncio.subprocess.PIPE, **variables: str
    ) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(root / "py" / "__main__.py"),
            *(str(each) for each in arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **variables},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()
