"""What the nodes in a graph ask: contents of files by name, and LoRAs that don't fit their base model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.testing import samples


@pytest.fixture
async def known(app: App) -> dict[str, str]:
    """Two LoRAs and a base model that have been read; the SHA256 of each."""
    hashes = {}
    flux = samples.Safetensors({"x": samples.tensor((2, 2))}, {"modelspec.architecture": "flux-1-dev"})
    files = {
        "loras/xl.safetensors": samples.lora("xl"),
        "loras/sub/other.safetensors": samples.lora("other", size=70_000),
        "checkpoints/flux.safetensors": samples.diffusion_model().but(body=flux),
    }
    for name, sample in files.items():
        kind, _, rest = name.partition("/")
        path: Path = app.roots.folders(kind)[0] / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.content())
        await app.library.info(path, fetch=False)
        hashes[rest] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


async def test_contents_come_in_the_order_of_the_names(door: Any, known: dict[str, str]) -> None:
    names = [{"name": name} for name in ("gone.safetensors", "sub/other.safetensors", "xl")]

    answer = await door("POST", "graph/contents", {"names": names, "prompts": ["<lora:other:1> <lora:gone>", ""]})

    other = known["sub/other.safetensors"]
    assert answer.json == {"contents": [None, other, None], "named": [{"other": other}, {}]}


async def test_what_does_not_fit_is_said_for_its_node(door: Any, known: dict[str, str]) -> None:
    """By the file that will be used, whatever it is called in the workflow."""
    nodes = [
        {"node": "one", "base": "flux.safetensors", "loras": ["xl.safetensors"]},
        {"node": "two", "base": "flux.safetensors", "prompts": ["<lora:xl:0>"]},
        {"node": "three", "base": "gone.safetensors", "loras": ["xl.safetensors"]},
        {
            "node": "four",
            "base": "flux.safetensors",
            "loras": ["renamed.safetensors", "gone.safetensors"],
            "contents": [known["xl.safetensors"]],
            "prompts": ["<lora:other:0.5>"],
        },
    ]

    warnings = (await door("POST", "graph/check", {"nodes": nodes})).json["warnings"]

    sentence = "{} was made for SDXL, and flux.safetensors is Flux.1: it will do nothing good there."
    other = str(Path("sub", "other.safetensors"))
    assert warnings == {
        "one": sentence.format("xl.safetensors"),
        "four": f"{sentence.format('xl.safetensors')}\n{sentence.format(other)}",
    }


async def test_too_much_is_refused(door: Any) -> None:
    assert (await door("POST", "graph/contents", {"names": [{"name": "x"}] * 501})).status == 422
    assert (await door("POST", "graph/check", {"nodes": [{"node": "1"}]})).status == 422
