"""Prompts that ran are told with the models that took part, and with nothing of what was written."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lorakeeper.py.events import Event, Events
from lorakeeper.py.library.lookup import Lookup
from lorakeeper.py.library.usage import Usage
from lorakeeper.testing import samples

from .places import Place, place


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:
        yield found


def following(here: Place) -> tuple[Usage, list[Event]]:
    events, heard = Events(), list[Event]()
    events.subscribe(heard.append)
    return Usage(here.database, here.view, Lookup(here.database, here.roots), events), heard


async def test_the_models_of_a_prompt_are_told_with_what_the_list_knows(here: Place) -> None:
    sample = samples.lora("Ada", metadata={"ss_base_model_version": "sdxl_base_v1-0"})
    here.put("a.safetensors", sample.content())
    here.put("a copy.safetensors", sample.content())
    await here.scanner.scan()
    await here.learner.run()
    usage, heard = following(here)

    loads = {"class_type": "LoraLoader", "inputs": {"lora_name": "a.safetensors"}}
    says = {"class_type": "CLIPTextEncode", "inputs": {"text": "a secret garden"}}
    assert await usage.ran({"1": loads, "2": says}) == 1

    (event,) = [event for event in heard if event.topic == "use"]
    assert (event.subject, event.final) == ("prompt", True)
    (content,) = event.data["contents"]
    assert content["name"] in ("a.safetensors", "a copy.safetensors")
    assert {**content, "name": ""} == {
        "sha256": hashlib.sha256(sample.content()).hexdigest(),
        "name": "",
        "kind": "loras",
        "base_model": "SDXL 1.0",
        "family": "sdxl",
        "creator": None,
    }
    assert "garden" not in str(event.data)


async def test_a_prompt_without_a_known_model_is_told_too(here: Place) -> None:
    usage, heard = following(here)

    await usage.ran({"1": {"class_type": "LoraLoader", "inputs": {"lora_name": "gone.safetensors"}}})
    await usage.ran({"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 512}}})

    assert [event.data for event in heard if event.topic == "use"] == [{"contents": []}] * 2


async def test_a_file_that_was_not_read_yet_has_no_hash_and_no_more_than_fifty_are_told(here: Place) -> None:
    for number in range(60):
        here.put(f"{number}.safetensors", bytes([number]))
    await here.scanner.scan()
    usage, heard = following(here)

    nodes = {
        str(number): {"class_type": "LoraLoader", "inputs": {"lora_name": f"{number}.safetensors"}}
        for number in range(60)
    }
    assert await usage.ran(nodes) == 60

    (told,) = [event.data["contents"] for event in heard if event.topic == "use"]
    assert len({content["name"] for content in told}) == 50
    assert {content["sha256"] for content in told} == {None}
