"""What the nodes in a graph ask: contents of files by name, and LoRAs that don't fit their base model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai


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


async def test_what_is_known_of_named_files(door: Any, app: App, civitai: FakeCivitai, known: dict[str, str]) -> None:
    """With the address of the very content, and the words that the nodes give."""
    sample = samples.lora("Neon", trigger_words=["neon rain, night", "neon rain"], metadata={})
    ids = civitai.add(sample)
    await app.jobs.wait((await app.jobs.add(f"{ids.model_id}@{ids.version_id}")).id)
    files = [
        {"kind": "loras", "name": sample.file_name},
        {"name": "flux.safetensors"},
        {"kind": "checkpoints", "name": sample.file_name},
        {"kind": None, "name": "../flux.safetensors"},
    ]

    answer = (await door("POST", "graph/known", {"files": files, "prompts": ["<lora:other:1> <lora:gone>", ""]})).json

    neon, flux, *nothing = answer["files"]
    assert neon["words"] == ["neon rain", "night"]
    assert neon["url"] == app.civitai.download_url(ids.version_id)
    assert neon["sha256"] == hashlib.sha256(sample.content()).hexdigest()
    assert (neon["kind"], neon["title"], neon["page"]) == ("loras", "Neon", (await app.library.get(neon["id"])).url)
    assert (flux["kind"], flux["family"], flux["url"], flux["sha256"]) == (
        "checkpoints",
        "flux",
        None,
        known["flux.safetensors"],
    )
    assert nothing == [None, None]
    assert [[each["name"] for each in found] for found in answer["named"]] == [["sub/other.safetensors"], []]


async def test_only_what_is_nowhere_is_missing(door: Any, known: dict[str, str], civitai: FakeCivitai) -> None:
    files = [
        {"kind": "loras", "name": "xl.safetensors"},
        {"kind": "loras", "name": "gone.safetensors"},
        {"name": "gone.safetensors"},
        {"name": "FLUX.safetensors"},
        {"kind": "loras", "name": "renamed.safetensors", "content": known["xl.safetensors"]},
    ]

    assert (await door("POST", "graph/missing", {"files": files})).json == {"names": ["gone.safetensors"]}
    assert civitai.site.requests == []
    assert (await door("POST", "graph/missing", {"files": [{"name": "x", "content": "y"}]})).status == 422
