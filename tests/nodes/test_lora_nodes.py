"""Load LoRA, LoRA Info and Trigger Words, on the stand-in for ComfyUI and the fake Civitai."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.library.items import UserChanges
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

from .conftest import loaded_host


def put(comfy: Any, sample: samples.Sample, name: str = "a.safetensors") -> Path:
    path: Path = comfy.models / "loras" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(sample.content())
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lookups(civitai: FakeCivitai) -> int:
    return sum("by-hash" in request.path for request in civitai.site.requests)


async def load(
    comfy: Any, name: str = "a.safetensors", strengths: tuple[float, float] = (1.0, 1.0), **more: Any
) -> Any:
    inputs = {"model": [], "clip": [], "lora_name": name, "strength_model": strengths[0], "strength_clip": strengths[1]}
    return (await comfy.run("LoadLora", **{**inputs, **more})).args


# -- Load LoRA ---------------------------------------------------------------------------------------------------------


async def test_model_and_clip_go_through_comfyuis_own_loader(comfy: Any) -> None:
    path = put(comfy, samples.lora())

    model, clip, _, stack = await load(comfy, strengths=(0.7, -0.3))

    assert model == [(path.read_bytes(), 0.7, {"from": "a.safetensors"})]
    assert clip == [(path.read_bytes(), -0.3, {"from": "a.safetensors"})]
    assert stack == [("a.safetensors", 0.7, -0.3)]


async def test_without_a_clip_the_model_alone_changes(comfy: Any) -> None:
    put(comfy, samples.lora())

    model, clip, _, _ = await load(comfy, clip=None)

    assert len(model) == 1
    assert clip is None


async def test_two_zeros_read_and_change_nothing(comfy: Any) -> None:
    from comfy import utils

    put(comfy, samples.lora("tree"))
    model: list[Any] = []

    output = await load(comfy, strengths=(0.0, 0.0), model=model)

    assert output[0] is model
    assert output[2] == "tree"
    assert output[3] == []
    assert utils.reads == []


async def test_words_that_are_switched_off_are_left_out(comfy: Any) -> None:
    """By themselves, whatever their case, with commas in parentheses; the model changes all the same."""
    put(comfy, samples.lora("tree"))
    detail = json.loads((await comfy.run("LoraInfo", lora_name="a.safetensors")).args[-1])
    words = UserChanges(trigger_words=["Tree, (big, green:1.2), leaf"])
    await loaded_host().app.library.change_user(detail["id"], words)

    model, _, left, _ = await load(comfy, words_off="tree, (big, green:1.2)")
    _, _, told, *_ = (await comfy.run("LoraInfo", lora_name="a.safetensors", words_off="LEAF")).args

    assert (left, len(model)) == ("leaf", 1)
    assert told == "Tree, (big, green:1.2)"


async def test_stack_is_extended_and_not_changed_in_place(comfy: Any) -> None:
    put(comfy, samples.lora())
    incoming = [("None", 1.0, 1.0), ("other.safetensors", 0.5, 0.5)]

    *_, stack = await load(comfy, lora_stack=incoming)

    assert stack == [("other.safetensors", 0.5, 0.5), ("a.safetensors", 1.0, 1.0)]
    assert len(incoming) == 2


async def test_another_strength_reads_nothing(comfy: Any) -> None:
    from comfy import utils

    put(comfy, samples.lora())
    for strength in (1.0, 0.5):
        await load(comfy, strengths=(strength, strength))

    assert len(utils.reads) == 1


async def test_a_file_that_changed_is_read_again(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_LoadLora"]
    path = put(comfy, samples.lora())
    await load(comfy)
    before = await node.fingerprint_inputs(lora_name="a.safetensors")
    other = put(comfy, samples.lora("other", size=70_000)).read_bytes()
    os.utime(path, ns=(1, 1))

    model, *_ = await load(comfy)

    assert model[0][0] == other
    assert await node.fingerprint_inputs(lora_name="a.safetensors") != before


async def test_only_the_loras_used_last_are_kept(comfy: Any) -> None:
    from comfy import utils

    names = [f"{number}.safetensors" for number in range(6)]
    for name in names:
        put(comfy, samples.lora(name), name)
    for name in [*names, names[5], names[0]]:
        await load(comfy, name)

    assert len(utils.reads) == 7


async def test_unknown_words_are_fetched_by_hash_once(comfy: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora(trigger_words=[r"exusiai \(arknights\), red hair"], metadata={})
    civitai.add(sample)
    put(comfy, sample)

    words = [(await load(comfy, strengths=(strength, 1.0)))[2] for strength in (1.0, 0.5)]

    assert words == [r"exusiai \(arknights\), red hair"] * 2
    assert lookups(civitai) == 1


async def test_that_the_site_does_not_know_a_file_is_remembered(comfy: Any, civitai: FakeCivitai) -> None:
    put(comfy, samples.lora("tree"))

    first = (await load(comfy))[2]
    asked = lookups(civitai)
    again = (await load(comfy, strengths=(0.5, 1.0)))[2]

    assert first == again == "tree"
    assert asked > 0
    assert lookups(civitai) == asked


async def test_without_the_site_words_are_those_of_the_header(comfy: Any, civitai: FakeCivitai) -> None:
    put(comfy, samples.lora("tree"))
    await civitai.stop()

    model, _, words, _ = await load(comfy)

    assert words == "tree"
    assert len(model) == 1


async def test_a_site_that_does_not_answer_is_not_waited_for_long_nor_twice(
    comfy: Any, civitai: FakeCivitai, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lorakeeper.py.hosts import comfyui, node_work
    from lorakeeper.testing.fake_civitai import Delay

    civitai.faults.site.append(Delay(60))
    monkeypatch.setattr(comfyui.host(), "_descriptions", node_work.Descriptions(patience=0.2))
    for name in ("a.safetensors", "b.safetensors"):
        put(comfy, samples.lora("tree", base_model=name), name)
        assert (await load(comfy, name))[2] == "tree"

    assert lookups(civitai) == 1


async def test_a_lora_that_is_not_there_is_refused(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_LoadLora"]
    put(comfy, samples.lora())

    sentence = "There is no LoRA b.safetensors in your loras folders: choose another, or download it."
    assert await node.validate_inputs(lora_name="b.safetensors") == sentence
    assert await node.validate_inputs(lora_name="a") == sentence.replace("b.safetensors", "a")
    assert await node.validate_inputs(lora_name="a.safetensors") is True
    assert await node.validate_inputs(lora_name=None) is True
    with pytest.raises(Exception, match="choose another, or download it") as raised:
        await load(comfy, "b.safetensors")
    assert str(raised.value) == sentence


async def test_a_file_that_is_no_lora_is_an_error_of_one_sentence(comfy: Any) -> None:
    (comfy.models / "loras" / "a.safetensors").write_bytes(b"")

    with pytest.raises(Exception, match=r"^a\.safetensors can't be read as a LoRA: download it again\.$"):
        await load(comfy)


# -- What the workflow remembers ---------------------------------------------------------------------------------------


async def test_a_renamed_lora_is_found_by_its_content(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_LoadLora"]
    path = put(comfy, samples.lora("tree"))
    content = {"lora_name": "a.safetensors", "content": json.dumps({"a.safetensors": digest(path)})}
    await comfy.learn(path)
    before = await node.fingerprint_inputs(**content)
    path = path.rename(path.with_name("b.safetensors"))
    await comfy.learn(path)

    valid = await node.validate_inputs(**content)
    model, _, words, stack = await load(comfy, content=content["content"])

    assert valid is True
    assert model == [(path.read_bytes(), 1.0, {"from": "b.safetensors"})]
    assert words == "tree"
    assert stack == [("b.safetensors", 1.0, 1.0)]
    assert await node.fingerprint_inputs(**content) != before
    assert comfy.server.texts[-1] == (
        "7",
        "a.safetensors was found by its content: it is b.safetensors here.",
    )


async def test_a_content_that_is_not_here_is_refused_before_the_graph_runs(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_LoadLora"]

    sentence = await node.validate_inputs(lora_name="b.safetensors", content="0" * 64)

    assert sentence == (
        "There is no LoRA b.safetensors in your loras folders, and none with the content that this workflow was made "
        "with: choose another, or download the one with the hash 000000000000."
    )


async def test_another_file_of_that_name_is_loaded_and_said(comfy: Any) -> None:
    path = put(comfy, samples.lora())
    await comfy.learn(path)

    model, *_ = await load(comfy, content="0" * 64)

    assert model[0][0] == path.read_bytes()
    assert "is not the file that this workflow was made with" in comfy.server.texts[-1][1]


async def test_what_is_remembered_of_another_name_does_not_count(comfy: Any) -> None:
    path = put(comfy, samples.lora("old"))
    put(comfy, samples.lora("new", size=70_000), "b.safetensors")
    await comfy.learn(path)

    *_, stack = await load(comfy, "b.safetensors", content=json.dumps({"a.safetensors": digest(path)}))

    assert stack == [("b.safetensors", 1.0, 1.0)]


# -- The family --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base_model", "said"), [("Flux.1 D", True), ("Pony", False), ("Nobody knows", False)])
async def test_a_lora_of_another_family_is_said(comfy: Any, civitai: FakeCivitai, base_model: str, said: bool) -> None:
    sample = samples.lora("xl", base_model="SDXL 1.0")
    base = samples.checkpoint("base", base_model=base_model)
    civitai.add(sample)
    civitai.add(base)
    put(comfy, sample)
    (comfy.models / "checkpoints" / "base.safetensors").write_bytes(base.content())
    await comfy.learn(comfy.models / "checkpoints" / "base.safetensors", fetch=True)
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "base.safetensors"}},
        "2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "lora_name": "x"}},
        "7": {"class_type": "Lorakeeper_LoadLora", "inputs": {"model": ["2", 0]}},
    }

    await comfy.run(
        "LoadLora",
        graph=graph,
        model=[],
        lora_name="a.safetensors",
        strength_model=1.0,
        strength_clip=1.0,
    )

    sentence = "a.safetensors was made for SDXL, and base.safetensors is Flux.1: it will do nothing good there."
    assert (("7", sentence) in comfy.server.texts) == said


# -- LoRA Info ---------------------------------------------------------------------------------------------------------


async def test_info_of_a_file(comfy: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ink", trigger_words=["nk"], base_model="Illustrious")
    ids = civitai.add(sample)
    put(comfy, sample)

    name, base_model, words, link, text = (await comfy.run("LoraInfo", lora_name="a.safetensors")).args

    assert (name, base_model, words) == ("Ink", "Illustrious", "nk")
    assert link == f"{civitai.url}/models/{ids.model_id}?modelVersionId={ids.version_id}"
    assert json.loads(text)["trigger_words"][0]["source"] == "site"


async def test_info_by_hash_of_a_model_that_is_not_here(comfy: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ink", trigger_words=["nk"])
    ids = civitai.add(sample)
    autov2 = (await civitai_file(civitai, ids.version_id))["hashes"]["AutoV2"]

    output = await comfy.run("LoraInfo", hash=f" {autov2.lower()} ")

    assert output.args[0] == "Ink"
    assert output.args[2] == "nk"


async def civitai_file(civitai: FakeCivitai, version: int) -> Any:
    from aiohttp import ClientSession

    async with ClientSession() as session, session.get(f"{civitai.url}/api/v1/model-versions/{version}") as answer:
        return (await answer.json())["files"][0]


@pytest.mark.parametrize("inputs", [{}, {"hash": "0123456789"}, {"hash": "no hash"}, {"hash": "/etc/hostname"}])
async def test_info_without_an_answer_is_an_error_of_one_sentence(comfy: Any, inputs: Any) -> None:
    with pytest.raises(Exception, match=r"hash|knows no such") as raised:
        await comfy.run("LoraInfo", **inputs)

    assert type(raised.value).__name__ == "NodeError"
    assert "\n" not in str(raised.value)


# -- Trigger Words -----------------------------------------------------------------------------------------------------


async def test_words_go_into_the_prompt_and_to_the_nodes_buttons(comfy: Any) -> None:
    output = await comfy.run(
        "TriggerWords",
        prompt="a cat, Tree",
        trigger_words="tree, red hair, off word",
        placement="after",
        off="off word",
    )

    assert output.args == ("a cat, Tree, red hair",)
    assert output.ui == {"lorakeeper_words": ["tree", "red hair", "off word"]}


async def test_a_prompt_without_words_stays_as_it_is(comfy: Any) -> None:
    assert (await comfy.run("TriggerWords", prompt="a cat")).args == ("a cat",)


async def test_weight_and_separator(comfy: Any) -> None:
    output = await comfy.run("TriggerWords", prompt="a cat", trigger_words="tree", separator=" | ", weight=1.2)

    assert output.args == ("(tree:1.2) | a cat",)
