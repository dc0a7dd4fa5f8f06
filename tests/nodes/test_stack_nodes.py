"""LoRA Stack, Apply LoRA Stack and Prompt LoRAs, on the stand-in for ComfyUI and the fake Civitai."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace


def put(comfy: Any, name: str, sample: samples.Sample | None = None) -> Path:
    path: Path = comfy.models / "loras" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {"modelspec.trigger_phrase": f"{path.stem} word"}
    path.write_bytes((sample or samples.lora(path.stem, metadata=known)).content())
    return path


def applied(model: Any) -> list[tuple[str, float]]:
    return [(metadata["from"], strength) for _, strength, metadata in model]


def remembers(*paths: Path) -> str:
    return json.dumps({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})


async def refused(comfy: Any, node: str, **inputs: Any) -> str:
    with pytest.raises(Exception, match=r"\.$") as raised:
        await comfy.run(node, **inputs)
    assert type(raised.value).__name__ == "NodeError"
    assert "\n" not in str(raised.value)
    return str(raised.value)


# -- LoRA Stack --------------------------------------------------------------------------------------------------------


async def test_a_stack_lists_what_is_on(comfy: Any) -> None:
    for name in ("a.safetensors", "b.safetensors", "c.safetensors", "d.safetensors"):
        put(comfy, name)

    stack, words = (
        await comfy.run(
            "LoraStack",
            lora_stack=[("None", 1.0, 1.0), ("first", 0.1, 0.2)],
            lora_1="a.safetensors",
            strength_model_1=0.5,
            strength_clip_1=-0.5,
            lora_2="b.safetensors",
            enabled_2=False,
            lora_3="c.safetensors",
            strength_model_3=0.0,
            strength_clip_3=0.0,
            lora_4="d.safetensors",
        )
    ).args

    assert stack == [("first", 0.1, 0.2), ("a.safetensors", 0.5, -0.5), ("d.safetensors", 1.0, 1.0)]
    assert words == "a word, d word"


async def test_an_empty_stack_is_empty(comfy: Any) -> None:
    assert (await comfy.run("LoraStack", lora_1="None")).args == ([], "")


async def test_a_stack_lists_renamed_loras_by_their_names_of_today(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_LoraStack"]
    path = put(comfy, "a.safetensors")
    inputs = {"lora_1": "a.safetensors", "contents": remembers(path)}
    await comfy.learn(path)
    before = await node.fingerprint_inputs(**inputs)
    path = path.rename(path.with_name("b.safetensors"))
    await comfy.learn(path)

    assert node.validate_inputs(lora_1="a.safetensors") is True
    assert (await comfy.run("LoraStack", **inputs)).args[0] == [("b.safetensors", 1.0, 1.0)]
    assert await node.fingerprint_inputs(**inputs) != before


async def test_a_stack_says_what_is_not_here(comfy: Any) -> None:
    assert await refused(comfy, "LoraStack", lora_2="gone.safetensors") == (
        "There is no LoRA gone.safetensors in your loras folders: choose another, or download it."
    )
    assert (await comfy.run("LoraStack", lora_2="gone.safetensors", enabled_2=False)).args[0] == []


# -- Apply LoRA Stack --------------------------------------------------------------------------------------------------


async def test_a_stack_is_applied_in_its_order(comfy: Any) -> None:
    for name in ("a.safetensors", "sub/b.safetensors"):
        await comfy.learn(put(comfy, name))
    stack = [("None", 1.0, 1.0), ("a.safetensors", 0.5, -0.5), ("gone", 0.0, 0.0), ["b", 2, 0]]

    model, clip, words = (await comfy.run("ApplyLoraStack", model=[], clip=[], lora_stack=stack)).args

    assert applied(model) == [("a.safetensors", 0.5), ("b.safetensors", 2.0)]
    assert applied(clip) == [("a.safetensors", -0.5), ("b.safetensors", 0.0)]
    assert words == "a word, b word"


async def test_more_loras_than_are_kept_are_read_once_each(comfy: Any) -> None:
    from comfy import utils

    names = [f"{number}.safetensors" for number in range(7)]
    for name in names:
        put(comfy, name)
    for strength in (1.0, 0.5):
        await comfy.run("ApplyLoraStack", model=[], lora_stack=[(name, strength, strength) for name in names])

    assert len(utils.reads) == 7


async def test_without_a_stack_nothing_is_done(comfy: Any) -> None:
    model: list[Any] = []

    output = await comfy.run("ApplyLoraStack", model=model)

    assert output.args[0] is model
    assert output.args[1:] == (None, "")


@pytest.mark.parametrize("stack", [["abc"], [("a", "b", "c")], [None], [("a", 1.0)]])
async def test_something_else_than_a_stack_is_one_sentence(comfy: Any, stack: Any) -> None:
    assert "connect a LoRA stack" in await refused(comfy, "ApplyLoraStack", model=[], lora_stack=stack)


# -- Prompt LoRAs ------------------------------------------------------------------------------------------------------


async def test_a_prompts_loras_are_applied_and_taken_out(comfy: Any) -> None:
    for name in ("sdxl/ink wash.safetensors", "b.safetensors"):
        await comfy.learn(put(comfy, name))

    text, model, clip, stack, words = (
        await comfy.run(
            "PromptLoras",
            text="a cat, <lora:ink wash:0.8>, night <lora:b:0.5:0.25> <lora:b:0.5> <lora:b:0>",
            model=[],
            clip=[],
            lora_stack=[("first", 1.0, 1.0)],
        )
    ).args

    ink = str(Path("sdxl", "ink wash.safetensors"))
    assert text == "a cat, night"
    assert applied(model) == [("ink wash.safetensors", 0.8), ("b.safetensors", 0.5), ("b.safetensors", 0.5)]
    assert [strength for _, strength in applied(clip)] == [0.8, 0.25, 0.5]
    assert stack == [("first", 1.0, 1.0), (ink, 0.8, 0.8), ("b.safetensors", 0.5, 0.25), ("b.safetensors", 0.5, 0.5)]
    assert words == "ink wash word, b word"


async def test_without_a_model_the_prompt_and_the_list_are_given(comfy: Any) -> None:
    from comfy import utils

    put(comfy, "a.safetensors")

    text, model, clip, stack, _ = (await comfy.run("PromptLoras", text="x <lora:a>")).args

    assert (text, model, clip, stack) == ("x", None, None, [("a.safetensors", 1.0, 1.0)])
    assert utils.reads == []


async def test_what_is_no_tag_is_said_on_the_node(comfy: Any) -> None:
    output = await comfy.run("PromptLoras", text="x <lora:a:strong>")

    assert output.args[0] == "x <lora:a:strong>"
    assert "<lora:a:strong> is no LoRA tag" in comfy.server.texts[-1][1]


async def test_absent_and_ambiguous_names_are_one_sentence(comfy: Any) -> None:
    for name in ("one/a.safetensors", "two/a.safetensors"):
        await comfy.learn(put(comfy, name, samples.lora(name)))

    assert await refused(comfy, "PromptLoras", text="<lora:gone:1>") == (
        "There is no LoRA gone in your loras folders: choose another, or download it."
    )
    assert (await refused(comfy, "PromptLoras", text="<lora:a:1>")).startswith("a may be any of ")


async def test_a_prompt_runs_again_when_its_file_changed(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_PromptLoras"]
    await comfy.learn(put(comfy, "sub/a.safetensors"))
    before = await node.fingerprint_inputs(text="<lora:a:1>")
    same = await node.fingerprint_inputs(text="<lora:a:1>")
    put(comfy, "sub/a.safetensors", samples.lora("a", size=70_000))
    gone = await node.fingerprint_inputs(text="<lora:gone>")

    assert before == same != await node.fingerprint_inputs(text="<lora:a:1>")
    assert gone != gone  # NaN makes ComfyUI run a node again
    assert await node.fingerprint_inputs(text=None) == []


async def test_a_renamed_lora_of_a_prompt_is_found_by_its_content(comfy: Any) -> None:
    path = put(comfy, "a.safetensors")
    contents = remembers(path).replace("a.safetensors", "a")
    path = path.rename(path.with_name("b.safetensors"))
    await comfy.learn(path)

    output = await comfy.run("PromptLoras", text="<lora:a:1>", contents=contents)

    assert output.args[3] == [("b.safetensors", 1.0, 1.0)]


# -- Fetching ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["version", "air", "hash", "name"])
async def test_what_is_missing_is_fetched_when_asked(comfy: Any, civitai: FakeCivitai, how: str) -> None:
    sample = samples.lora("Paper cut", trigger_words=["ppr ct"])
    ids = civitai.add(sample)
    civitai.add(samples.lora("Paper cut two"))
    named = {
        "version": f"{ids.model_id}@{ids.version_id}",
        "air": f"urn:air:sdxl:lora:civitai:{ids.model_id}@{ids.version_id}",
        "hash": hashlib.sha256(sample.content()).hexdigest()[:10].upper(),
        "name": "paper CUT",
    }[how]
    text = f"x <lora:{named}:0.5>"

    for _ in range(2):
        output = await comfy.run("PromptLoras", text=text, model=[], fetch_missing=True)

        assert output.args[0] == "x"
        assert applied(output.args[1]) == [("Paper cut.safetensors", 0.5)]
        assert output.args[4] == "ppr ct"
    assert len(civitai.storage.requests) == 1


async def test_fetching_shows_how_far_it_is(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Slow", size=300_000))
    civitai.faults.storage.append(Pace(400_000))

    await comfy.run("PromptLoras", text=f"<lora:{ids.model_id}@{ids.version_id}>", fetch_missing=True)

    assert any(text.startswith("Downloading") for _, text in comfy.server.texts)


async def test_what_is_not_one_lora_is_not_fetched(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.checkpoint("Base"))
    for _ in range(2):
        civitai.add(samples.lora("Twice"))

    async def said(name: str) -> str:
        return await refused(comfy, "PromptLoras", text=f"<lora:{name}>", fetch_missing=True)

    assert "is no LoRA at Civitai but a Checkpoint" in await said(f"{ids.model_id}@{ids.version_id}")
    assert "Civitai has 2 LoRAs called Twice" in await said("Twice")
    assert "Civitai has none of that name" in await said("Nobody's")
    assert "Civitai has none of that name" in await said("12345")
    assert civitai.storage.requests == []
