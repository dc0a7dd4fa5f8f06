"""Instructions through the routes: their life, batches, files, and a workflow's missing models."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai


async def made(door: Any, civitai: FakeCivitai, name: str = "m") -> str:
    ids = civitai.add(samples.lora(name))
    body = {"title": name, "payload": {"targets": [{"target": f"{ids.model_id}@{ids.version_id}"}]}}
    answer = await door("POST", "instructions", body)
    assert (answer.status, answer.json["status"]) == (201, "draft")
    return str(answer.json["id"])


async def test_an_instruction_lives_through_the_routes(door: Any, app: App, civitai: FakeCivitai) -> None:
    which = await made(door, civitai)
    assert (await door("POST", f"instructions/{which}/approve")).status == 409
    assert (await door("POST", f"instructions/{which}/execute")).status == 409

    validated = await door("POST", f"instructions/{which}/validate")
    assert validated.json["validation"]["files"] == 1
    assert (await door("POST", f"instructions/{which}/approve")).json["status"] == "approved"
    executed = await door("POST", f"instructions/{which}/execute")
    assert (executed.status, executed.json["running"]) == (202, True)

    async def carried_out() -> dict[str, Any]:
        while (found := (await door("GET", f"instructions/{which}")).json)["status"] != "executed":
            await asyncio.sleep(0.02)
        return dict(found)

    found = await asyncio.wait_for(carried_out(), 10)
    assert (await app.jobs.wait(found["result"]["job"])).downloaded_files == 1
    assert [each["id"] for each in (await door("GET", "instructions", status="executed")).json["items"]] == [which]
    assert (await door("DELETE", f"instructions/{which}")).json == {"removed": which}
    assert (await door("GET", f"instructions/{which}")).status == 404


async def test_a_changed_one_is_a_draft_and_a_rejected_one_is_over(door: Any, civitai: FakeCivitai) -> None:
    which = await made(door, civitai)
    await door("POST", f"instructions/{which}/validate")

    changed = await door("PATCH", f"instructions/{which}", {"title": "New", "payload": {"targets": [{"target": "2"}]}})
    rejected = await door("POST", f"instructions/{which}/reject")

    assert (changed.json["title"], changed.json["status"]) == ("New", "draft")
    assert rejected.json["status"] == "rejected"
    assert (await door("POST", f"instructions/{which}/validate")).status == 409


async def test_what_is_not_under_way_can_not_be_stopped(door: Any, civitai: FakeCivitai) -> None:
    answer = await door("POST", f"instructions/{await made(door, civitai)}/stop")

    assert answer.status == 409
    assert answer.message.endswith("is not being carried out.")
    assert (await door("POST", "instructions/0000/stop")).status == 404


async def test_many_are_processed_at_once(door: Any, civitai: FakeCivitai) -> None:
    ids = [await made(door, civitai, "one"), "nothing", await made(door, civitai, "two")]

    validated = (await door("POST", "instructions/batch", {"ids": ids, "operation": "validate"})).json
    wrong = await door("POST", "instructions/batch", {"ids": ids, "operation": "dance"})
    none = await door("POST", "instructions/batch", {"ids": [], "operation": "validate"})

    assert (validated["success"], validated["failed"]) == (2, 1)
    assert validated["details"][1]["error"]["kind"] == "InstructionNotFoundError"
    assert (wrong.status, wrong.json["error"]["kind"]) == (409, "InvalidOperationError")
    assert (none.status, none.json["error"]["kind"]) == (400, "BatchProcessingError")


async def test_lists_and_files_go_in_and_out(door: Any, civitai: FakeCivitai) -> None:
    taken = await door("POST", "instructions/import", {"text": "1 # one\n\n2@3\n", "title": "A friend's"})
    [instruction] = taken.json["items"]

    as_list = (await door("GET", f"instructions/{instruction['id']}/export", format="list")).json
    as_json = (await door("GET", f"instructions/{instruction['id']}/export")).json
    again = await door("POST", "instructions/import", {"text": as_json["text"]})

    assert (taken.status, instruction["title"]) == (201, "A friend's")
    assert as_list["text"] == "# A friend's\n1\n2@3\n"
    assert as_list["name"].endswith(".txt")
    assert again.json["items"][0]["payload"] == instruction["payload"]
    assert (await door("POST", "instructions/import", {"text": "# nothing"})).status == 400


@pytest.mark.parametrize("where", ["text", "data"])
async def test_missing_models_are_planned(door: Any, civitai: FakeCivitai, where: str) -> None:
    civitai.add(samples.lora("style"))
    text = json.dumps({"1": {"class_type": "LoraLoader", "inputs": {"lora_name": "style.safetensors"}}})
    body: dict[str, Any] = {"text": text, "name": "flow"}
    if where == "data":
        info, picture = PngInfo(), io.BytesIO()
        info.add_text("prompt", text)
        Image.effect_noise((1200, 1200), 90).save(picture, "PNG", pnginfo=info)
        assert len(picture.getvalue()) > 1 << 20  # more than other requests may have
        body = {"data": base64.b64encode(picture.getvalue()).decode(), "name": "flow"}

    found = await door("POST", "instructions/missing", body)

    assert [(model["name"], model["state"]) for model in found.json["models"]] == [("style.safetensors", "found")]
    assert found.json["instruction"]["payload"]["targets"][0]["save_as"] == "style.safetensors"


@pytest.mark.parametrize(
    "body",
    [{}, {"text": "{}", "data": "e30="}, {"data": "not base64 ä"}, {"text": "no workflow"}, {"data": "e30="}],
)
async def test_what_is_no_workflow_is_refused(door: Any, body: dict[str, Any]) -> None:
    assert (await door("POST", "instructions/missing", body)).status in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"payload": {}},
        {"payload": {"targets": []}},
        {"payload": {"targets": [{"target": "1"}]}, "kind": "dance"},
        {"payload": {"targets": [{"target": "1"}]}, "kind": "variations"},
        {"payload": {"targets": [{"target": "1", "kind": 7}]}},
    ],
)
async def test_a_wrong_instruction_is_refused(door: Any, body: dict[str, Any]) -> None:
    assert (await door("POST", "instructions", body)).status in (400, 422)
    assert (await door("GET", "instructions")).json["items"] == []
