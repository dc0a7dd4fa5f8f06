"""``serve``, the start of it all, and the ways to start."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from lorakeeper.py.cli.session import comfyui_around

from .conftest import ROOT

posix = pytest.mark.skipif(os.name != "posix", reason="sends a signal to one process")


async def first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_server_says_where_it_is_and_stops_when_told(start: Any, number: signal.Signals, tmp_path: Path) -> None:
    process = await start("serve", "--port", "0", "--json")
    url = json.loads(await first_line(process))["url"]
    async with ClientSession() as session, session.get(f"{url}lorakeeper/health") as answer:
        assert (await answer.json())["status"] == "ok"

    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, err) == (0, b"")


@posix
async def test_demo_is_full_without_a_network_and_leaves_nothing(start: Any, tmp_path: Path) -> None:
    process = await start("serve", "--demo", "--port", "0", TMPDIR=str(tmp_path), CIVITAI_API_KEY="real-key-of-a-user")
    line = await first_line(process)
    assert line.startswith("Lorakeeper's demo is at http://127.0.0.1:")
    url = line.split()[4]
    async with ClientSession(url) as session:
        async with session.get("/lorakeeper/civitai/search") as answer:
            models = (await answer.json())["items"]
        async with session.get(models[0]["image"]) as picture:
            assert picture.content_type.startswith("image/")
        async with session.get("/lorakeeper/settings") as answer:
            assert "127.0.0.1" in (await answer.json())["civitai_url"]
    assert len(models) >= 3

    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 0
    assert list(tmp_path.glob("lorakeeper-demo-*")) == []
    assert not (tmp_path / "data").exists()


async def test_taken_port_is_wrong_use(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await start("serve", "--port", taken.getsockname()[1])
        out, err = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, out) == (2, b"")
    assert re.fullmatch(rb"Port \d+ is taken .*--port\.\s*", err)


async def test_models_folder_that_is_none_is_wrong_use(run: Any, tmp_path: Path) -> None:
    said = await run("serve", "--models", tmp_path / "nowhere")

    assert said.code == 2
    assert "--models" in said.sentence


@posix
async def test_models_folder_can_be_chosen(start: Any, tmp_path: Path) -> None:
    (tmp_path / "other" / "loras").mkdir(parents=True)
    process = await start("serve", "--port", "0", "--json", "--models", tmp_path / "other")
    url = json.loads(await first_line(process))["url"]
    (tmp_path / "other" / "loras" / "x.safetensors").write_bytes(b"")
    async with (
        ClientSession(url) as session,
        session.post("/lorakeeper/library/info", json={"kind": "loras", "name": "x.safetensors"}) as answer,
    ):
        assert answer.status != 404


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["download", "--help"]])
async def test_help_is_on_stdout(run: Any, arguments: list[str]) -> None:
    said = await run(*arguments)

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: lorakeeper")


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["show"], ["serve", "--port", "many"]])
async def test_wrong_use_is_one_sentence(run: Any, arguments: list[str]) -> None:
    said = await run(*arguments)

    assert (said.code, said.out) == (2, "")
    assert said.sentence


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from lorakeeper.py.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT.parent)  # noqa: S603

    assert not set(done.stderr.split()) & {"aiohttp", "pydantic", "sqlalchemy", "rich", "alembic", "PIL", "yaml"}


@pytest.mark.parametrize("folder", ["Lorakeeper-main", "my lora pack", "py"])
async def test_root_folder_may_have_any_name(start: Any, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).symlink_to(ROOT)

    process = await start("doctor", "--offline", "--json", root=tmp_path / folder)
    out, err = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, err) == (0, b"")
    assert b'"name": "database"' in out


async def test_inside_comfyui_its_folders_are_used(start: Any, tmp_path: Path) -> None:
    comfyui = tmp_path / "ComfyUI"
    (comfyui / "custom_nodes").mkdir(parents=True)
    (comfyui / "models" / "loras").mkdir(parents=True)
    (comfyui / "custom_nodes" / "pack").symlink_to(ROOT)

    process = await start(
        "doctor",
        "--offline",
        "--json",
        root=comfyui / "custom_nodes" / "pack",
        LORAKEEPER_HOME="",
        LORAKEEPER_MODELS="",
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)

    said = {check["name"]: check["detail"] for check in map(json.loads, out.splitlines())}
    assert said["ComfyUI"] == str(comfyui)
    assert said["data folder"] == str(comfyui / "user" / "__lorakeeper")
    assert str(comfyui / "models" / "loras") in said["model folders"]


def test_only_custom_nodes_is_inside_comfyui(tmp_path: Path) -> None:
    assert comfyui_around(tmp_path / "ComfyUI" / "custom_nodes" / "x") == tmp_path / "ComfyUI"
    assert comfyui_around(tmp_path / "somewhere" / "x") is None


async def test_old_code_page_is_no_reason_to_fail(start: Any) -> None:
    process = await start("doctor", "--offline", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    out, err = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, err) == (0, b"")
    assert "✓ Python" in out.decode("utf-8")


@posix
async def test_folder_that_cannot_be_written_is_one_sentence(run: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    said = await run("search", "cat")

    assert said.code == 1
    assert str(tmp_path / "data") in said.sentence
