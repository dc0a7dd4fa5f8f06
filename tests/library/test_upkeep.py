"""Upkeep: while a server runs, the library follows the disk by itself, and what runs in ComfyUI is counted."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.events import Event
from lorakeeper.py.library.items import LibraryItem
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

from .places import Place, place


@pytest.fixture
async def server(civitai: FakeCivitai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The application as a server starts it, with its upkeep."""
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", civitai.url)
    (tmp_path / "home" / "models" / "loras").mkdir(parents=True)
    async with App.standalone(home=tmp_path / "home") as app:
        yield app


async def listed(app: App) -> dict[str, LibraryItem]:
    return {item.file_name: item for item in (await app.library.page(LibraryQuery())).items}


async def until(app: App, holds: Callable[[dict[str, LibraryItem]], bool], seconds: float) -> float:
    """How long it took until that held."""
    begun = time.monotonic()
    while not holds(await listed(app)):
        assert time.monotonic() - begun < seconds, await listed(app)
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


def folder(app: App) -> Path:
    return app.roots.folders("loras")[0]


async def ready(app: App) -> None:
    """Waits until the first scan is over and the folders are watched."""
    path = folder(app) / "ready.ckpt"
    path.write_bytes(b"ready")
    await until(app, lambda items: "ready.ckpt" in items, 10)
    path.unlink()
    await until(app, lambda items: items["ready.ckpt"].state == "missing", 10)


async def test_a_file_dropped_into_a_folder_is_listed_within_two_seconds(server: App) -> None:
    await ready(server)

    (folder(server) / "new.safetensors").write_bytes(samples.lora("new").content())

    assert await until(server, lambda items: "new.safetensors" in items, 5) < 2


async def test_a_file_becomes_known_without_being_asked_for(server: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("cat", trigger_words=["kitty"]).but(name="Fluffy Cats")
    civitai.add(sample)

    (folder(server) / "x.safetensors").write_bytes(sample.content())

    await until(server, lambda items: "x.safetensors" in items and items["x.safetensors"].title == "Fluffy Cats", 20)
    item = (await listed(server))["x.safetensors"]
    assert item.sha256 == hashlib.sha256(sample.content()).hexdigest()
    assert [word.text for word in item.trigger_words if word.source == "site"] == ["kitty"]


async def test_the_site_is_left_alone_where_the_user_wants_it(server: App, civitai: FakeCivitai) -> None:
    server.store.update({"ask_site": False})
    (folder(server) / "x.safetensors").write_bytes(samples.lora("cat").content())

    await until(server, lambda items: "x.safetensors" in items and items["x.safetensors"].hashed, 20)
    await asyncio.sleep(0.3)

    assert not [request for request in civitai.site.requests if "by-hash" in request.path]


async def test_reading_can_be_held_back_and_goes_on(server: App) -> None:
    await server.upkeep.hold_reading()
    (folder(server) / "x.ckpt").write_bytes(b"x" * 100)
    os.utime(folder(server) / "x.ckpt", (1e9, 1e9))
    await until(server, lambda items: "x.ckpt" in items, 10)
    await asyncio.sleep(0.3)
    held = (await listed(server))["x.ckpt"].hashed

    server.upkeep.go_on_reading()

    await until(server, lambda items: items["x.ckpt"].hashed, 10)
    assert not held


async def test_a_moved_folder_keeps_its_files_rows(server: App) -> None:
    (folder(server) / "before").mkdir()
    (folder(server) / "before" / "x.ckpt").write_bytes(b"x" * 100)
    await until(server, lambda items: "x.ckpt" in items, 10)
    before = (await listed(server))["x.ckpt"]

    (folder(server) / "before").rename(folder(server) / "after")

    await until(server, lambda items: items["x.ckpt"].folder == "after", 10)
    assert (await listed(server))["x.ckpt"].id == before.id


async def test_a_prompt_that_ran_counts_its_models_once(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        here.put("a.safetensors")
        here.put(str(Path("styles", "b.safetensors")))
        here.put("a.safetensors", root="checkpoints")
        await here.scanner.scan()
        usage = here.usage()
        prompt = {
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
            "2": {"class_type": "LoraLoader", "inputs": {"lora_name": "styles/b.safetensors", "model": ["1", 0]}},
            "3": {"class_type": "LoraLoader", "inputs": {"lora_name": "styles\\b.safetensors", "model": ["2", 0]}},
            "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat.safetensors"}},
        }

        counted = await usage.ran(prompt, at=1e9)
        await usage.ran(prompt, at=2e9)

        items = await shown(here)
        assert counted == 2
        assert {name: item.uses for name, item in items.items()} == {
            "checkpoints/a.safetensors": 2,
            "loras/styles/b.safetensors": 2,
            "loras/a.safetensors": 0,
        }
        last = items["loras/styles/b.safetensors"].last_used
        assert last is not None
        assert last.timestamp() == 2e9


async def test_loras_in_a_prompts_text_count_too(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        here.put(str(Path("styles", "b.safetensors")))
        await here.scanner.scan()

        text = "a cat <lora:b:0.8>, <lora:nobody:1>"
        await here.usage().ran({"1": {"class_type": "Lorakeeper_PromptLoras", "inputs": {"text": text}}})

        assert (await shown(here))["loras/styles/b.safetensors"].uses == 1


async def shown(here: Place) -> dict[str, LibraryItem]:
    known = await here.rows_by_id()
    details = [await here.database.read(partial(here.view.detail, file_id=file_id)) for file_id in known]
    return {f"{it.kind}/{it.name.replace(chr(92), '/')}": it for it in details if it is not None}


async def test_the_end_of_a_check_is_told_once_with_what_it_took(server: App) -> None:
    (folder(server) / "a.safetensors").write_bytes(samples.lora("Ada").content())
    await until(server, lambda items: "a.safetensors" in items, 10)
    await server.upkeep.learn()
    heard: list[Event] = []
    server.events.subscribe(heard.append)

    server.upkeep.begin_check()
    while server.upkeep.checking:
        await asyncio.sleep(0.01)

    (end,) = [event.data for event in heard if event.topic == "scan" and event.subject == "check" and event.final]
    assert (end["files"], end["problems"]) == (1, 0)
    assert end["seconds"] > 0
