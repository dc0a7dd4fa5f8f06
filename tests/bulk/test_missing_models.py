"""The models of a workflow that are not here: found by what it carries, and fetched by an instruction."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lorakeeper.py.app import App
from lorakeeper.py.bulk.missing import MissingReport, WorkflowModel
from lorakeeper.py.errors import UsageError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Status


def prompt(**loras: str) -> bytes:
    """An API prompt that loads these files, by node id."""
    nodes = {key: {"class_type": "LoraLoader", "inputs": {"lora_name": name}} for key, name in loras.items()}
    return json.dumps(nodes).encode()


def by_name(report: MissingReport) -> dict[str, WorkflowModel]:
    return {model.name: model for model in report.models}


async def test_a_workflow_is_made_complete(app: App, civitai: FakeCivitai) -> None:
    here = civitai.add(samples.lora("here"))
    await app.jobs.wait((await app.jobs.add(str(here.model_id))).id)
    named = civitai.add(samples.lora("by name"))
    hashed = civitai.add(samples.lora("other name"))
    linked = civitai.add(samples.checkpoint("base", model_fields={"name": "Base"}))
    graph: dict[str, Any] = {
        "nodes": [
            {
                "id": 1,
                "type": "CheckpointLoaderSimple",
                "widgets_values": ["base.safetensors"],
                "properties": {
                    "models": [
                        {
                            "name": "base.safetensors",
                            "url": f"https://civitai.com/api/download/models/{linked.version_id}",
                            "directory": "checkpoints",
                        }
                    ]
                },
            },
            {"id": 2, "type": "LoraLoader", "widgets_values": ["here.safetensors", 1, 1]},
            {"id": 3, "type": "LoraLoader", "widgets_values": ["style/by name.safetensors", 1, 1]},
            {"id": 4, "type": "LoraLoader", "widgets_values": ["nobody knows.safetensors", 1, 1]},
            {
                "id": 5,
                "type": "Lorakeeper_LoadLora",
                "widgets_values": ["renamed.safetensors", 1, 1, json.dumps({"renamed.safetensors": hashed.sha256})],
            },
        ],
        "links": [],
    }

    report = await app.missing.look(json.dumps(graph).encode(), "portrait.json")

    found = by_name(report)
    assert {name: (model.state, model.by) for name, model in found.items()} == {
        "base.safetensors": ("found", "target"),
        "here.safetensors": ("here", None),
        "style/by name.safetensors": ("found", "name"),
        "nobody knows.safetensors": ("unknown", None),
        "renamed.safetensors": ("found", "hash"),
    }
    assert found["here.safetensors"].path
    assert found["style/by name.safetensors"].target == f"{named.model_id}@{named.version_id}+{named.file_id}"
    assert report.instruction
    assert report.instruction.title == "Missing models of portrait.json"
    assert report.instruction.notes == [
        "Not found: nobody knows.safetensors.",
        "Found by its name only: style/by name.safetensors.",
    ]

    await app.instructions.validate(report.instruction.id)
    await app.instructions.approve(report.instruction.id)
    executed = await app.instructions.execute(report.instruction.id)
    job = await app.jobs.wait(str((executed.result or {})["job"]))
    again = by_name(await app.missing.look(json.dumps(graph).encode(), "portrait.json"))

    assert (job.name, job.downloaded_files) == ("portrait.json", 3)
    assert (app.roots.folders("loras")[0] / "style" / "by name.safetensors").is_file()
    assert (app.roots.folders("loras")[0] / "renamed.safetensors").is_file()
    assert {name for name, model in again.items() if model.state != "here"} == {"nobody knows.safetensors"}


async def test_a_picture_brings_its_models(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("style", trigger_words=["style"]))
    autov2 = ids.sha256[:10]
    text = f'a cat <lora:style:0.8>\nSteps: 20, Model: base, Lora hashes: "style: {autov2}", Version: v1.9'
    info, picture = PngInfo(), io.BytesIO()
    info.add_text("parameters", text)
    Image.new("RGB", (8, 8)).save(picture, "PNG", pnginfo=info)

    report = await app.missing.look(picture.getvalue(), "cat.png")

    style = by_name(report)["style"]
    assert (style.state, style.by, style.kind) == ("found", "hash", "loras")
    assert style.target == f"{ids.model_id}@{ids.version_id}+{ids.file_id}"


async def test_of_several_files_of_a_name_it_is_said_that_there_are_more(app: App, civitai: FakeCivitai) -> None:
    for creator in ("alice", "bob"):
        civitai.add(samples.lora("style", creator=creator, metadata={"by": creator}))

    [model] = (await app.missing.look(prompt(a="style.safetensors"))).models

    assert (model.by, model.note) == ("name", "The site has 1 other file of this name.")


async def test_with_everything_here_there_is_nothing_to_instruct(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("here"))
    await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    report = await app.missing.look(prompt(a="here.safetensors"))

    assert report.instruction is None
    assert (await app.instructions.page()).items == []


async def test_where_the_site_is_in_trouble_it_is_said(app: App, civitai: FakeCivitai) -> None:
    civitai.faults.site.append(Status(451, times=None))

    [model] = (await app.missing.look(prompt(a="style.safetensors"))).models

    assert model.state == "unknown"
    assert "not available in your region" in model.note


@pytest.mark.parametrize("data", [b"", b"no workflow", b"{}", b"\x89PNG\r\n\x1a\nbroken"])
async def test_what_is_no_workflow_is_refused(app: App, data: bytes) -> None:
    with pytest.raises(UsageError):
        await app.missing.look(data, "x")
