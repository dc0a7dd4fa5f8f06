"""A real ComfyUI for tests: its own process on a base folder of its own, with packs linked in.

COMFYUI_DIR names its checkout, COMFYUI_PY its Python, COMFYUI_STUBS what its PYTHONPATH should be.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

PACK = Path(__file__).resolve().parent.parent
_FOLDERS = ("custom_nodes", "input", "output", "temp", "user", "models/loras", "models/checkpoints")
_START = 180


def at_hand() -> bool:
    return bool(os.environ.get("COMFYUI_DIR"))


class RealComfyUI:
    """``async with`` starts and stops it. :attr:`base` holds its models and its log; it may be an earlier one's."""

    def __init__(self, base: Path, packs: Mapping[str, Path], environment: Mapping[str, str]) -> None:
        """``packs``: what each entry of ``custom_nodes`` is called, and the file or folder that it leads to."""
        self.base = base
        self._packs = packs
        self._environment = environment
        self._port = _free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._session: ClientSession | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> RealComfyUI:
        for folder in _FOLDERS:
            (self.base / folder).mkdir(parents=True, exist_ok=True)
        for name, target in self._packs.items():
            if not (link := self.base / "custom_nodes" / name).is_symlink():
                link.symlink_to(target)
        with (self.base / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                os.environ["COMFYUI_PY"],
                *("main.py", "--cpu", "--port", str(self._port), "--base-directory", str(self.base)),
                cwd=os.environ["COMFYUI_DIR"],
                env={**os.environ, "PYTHONPATH": os.environ.get("COMFYUI_STUBS", ""), **self._environment},
                stdout=log,
                stderr=log,
            )
        self._session = ClientSession(self.url, timeout=ClientTimeout(60))
        try:
            await self._up()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._process.wait(), 20)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()

    @property
    def http(self) -> ClientSession:
        if self._session is None:
            raise RuntimeError("ComfyUI is not running.")
        return self._session

    def log(self) -> str:
        """What it has printed so far, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", (self.base / "log").read_text("utf-8", "replace"))

    async def get(self, path: str) -> Any:
        async with self.http.get(path) as answer:
            return await answer.json()

    async def queue(self, prompt: Mapping[str, Any]) -> Any:
        """What ``/prompt`` answers: ``prompt_id``, or ``error`` and ``node_errors``."""
        async with self.http.post("/prompt", json={"prompt": prompt}) as answer:
            return await answer.json()

    async def finish(self, prompt_id: str) -> Any:
        """The history of a prompt that has come to its end."""
        while prompt_id not in (history := await self.get(f"/history/{prompt_id}")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return history[prompt_id]

    async def run(self, prompt: Mapping[str, Any]) -> Any:
        """Runs an API-format workflow to its end, and returns its history."""
        answer = await self.queue(prompt)
        if "prompt_id" not in answer:
            raise AssertionError(f"ComfyUI refused the workflow: {answer}")
        return await self.finish(answer["prompt_id"])

    async def interrupt(self) -> None:
        async with self.http.post("/interrupt", json={}) as answer:
            answer.raise_for_status()

    async def _up(self) -> None:
        for _ in range(_START * 2):
            if self._process and self._process.returncode is not None:
                break
            try:
                await self.get("/system_stats")
                return
            except ClientError:
                await asyncio.sleep(0.5)
        raise RuntimeError(f"ComfyUI did not start:\n{self.log()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def record(file: Path) -> None:
    """Writes what ``/object_info`` says of our nodes, where there are no models yet."""
    with tempfile.TemporaryDirectory() as base:
        async with RealComfyUI(Path(base) / "base", {"ComfyUI-Lorakeeper": PACK}, {}) as running:
            info = await running.get("/object_info")
    ours = {name: about for name, about in info.items() if name.startswith("Lorakeeper_")}
    text = json.dumps(ours, indent=1, ensure_ascii=False) + "\n"
    await asyncio.to_thread(file.write_text, text, "utf-8")


if __name__ == "__main__":
    # python -m lorakeeper.testing.real_comfyui, from outside the repository: renews the front end tests' record.
    asyncio.run(record(PACK / "tests" / "web" / "object_info.json"))
