"""What our LoRA nodes know of the graph, in ComfyUI's real front end: the contents that they remember, and LoRAs that
were made for another kind of model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.graphs import VALUE, build, choose, sent, until_value, value
from lorakeeper.testing.panel import OpenPage, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])


def memory(*paths: Path) -> str:
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return json.dumps(hashes, separators=(",", ":"))


def warning(page: Page) -> Locator:
    return page.locator(".lorakeeper-warning")


# -- Contents ----------------------------------------------------------------------------------------------------------


@both_renderers
async def test_a_choice_is_remembered_in_the_workflow(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    first, second = await own(app, civitai, samples.lora("First"), samples.lora("Second"))
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    async with page.expect_response("**/graph/contents"):
        await build(page, [("Lorakeeper_LoadLora", {})], [])

    await choose(page, 0, "lora_name", "Second.safetensors")
    await until_value(page, 0, "content", memory(second))
    await choose(page, 0, "lora_name", "First.safetensors")
    await until_value(page, 0, "content", memory(first))

    assert (await sent(page))["Lorakeeper_LoadLora"]["content"] == memory(first)
    await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")
    assert await value(page, 0, "content") == memory(first)
    assert await value(page, 0, "lora_name") == "First.safetensors"


async def test_a_stack_remembers_each_of_its_loras(open_comfyui: OpenPage, civitai: FakeCivitai, app: App) -> None:
    first, second = await own(app, civitai, samples.lora("First"), samples.lora("Second"))
    page = await open_comfyui(tab=False)
    await build(page, [("Lorakeeper_LoraStack", {})], [])
    await page.wait_for_timeout(600)

    await choose(page, 0, "lora_2", "First.safetensors")
    await until_value(page, 0, "contents", memory(first))
    await choose(page, 0, "lora_4", "Second.safetensors")
    await page.wait_for_function(f"() => ({VALUE})([0, 'contents']).includes('Second')")
    assert json.loads(await value(page, 0, "contents")) == json.loads(memory(first, second))
    await choose(page, 0, "lora_2", "None")
    await until_value(page, 0, "contents", memory(second))


async def test_an_old_workflow_is_changed_when_it_is_queued_and_not_before(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    [path] = await own(app, civitai, samples.lora("Old"))
    page = await open_comfyui(tab=False)
    named = {"text": "a cat <lora:old:0.5>"}
    nodes = [("Lorakeeper_LoadLora", {"lora_name": path.name}), ("Lorakeeper_PromptLoras", named), ("PreviewAny", {})]
    async with page.expect_response("**/graph/contents"):
        await build(page, nodes, [(0, 0, 1, "model"), (1, 0, 2, "source")])
    async with page.expect_response("**/graph/contents"):
        await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")
    await page.wait_for_timeout(500)
    assert [await value(page, 0, "content"), await value(page, 1, "contents")] == ["", ""]
    assert (await sent(page))["Lorakeeper_LoadLora"]["content"] is None  # undefined: it isn't sent at all

    async with page.expect_request("**/api/prompt") as asked:
        await page.evaluate("() => comfy.queuePrompt(0, 1)")

    body: Any = (await asked.value).post_data_json
    inputs = {node["class_type"]: node["inputs"] for node in body["prompt"].values()}
    assert inputs["Lorakeeper_LoadLora"]["content"] == memory(path)
    assert inputs["Lorakeeper_PromptLoras"]["contents"] == memory(path).replace("Old.safetensors", "old")
    saved = {node["type"]: node["widgets_values"] for node in body["extra_data"]["extra_pnginfo"]["workflow"]["nodes"]}
    assert [*saved["Lorakeeper_LoadLora"]][-2:] == [memory(path), ""]


async def test_what_is_remembered_of_a_file_that_is_gone_stays(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    await own(app, civitai, samples.lora("Here"))
    page = await open_comfyui(tab=False)
    kept = json.dumps({"gone.safetensors": "a" * 64})
    await build(page, [("Lorakeeper_LoadLora", {"lora_name": "gone.safetensors", "content": kept})], [])
    await page.wait_for_timeout(500)

    await page.evaluate("() => comfy.queuePrompt(0, 1)")

    assert json.loads(await value(page, 0, "content")) == json.loads(kept)


# -- Families ----------------------------------------------------------------------------------------------------------


@both_renderers
async def test_a_lora_of_another_family_is_said_before_the_run(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    """Behind a reroute and a LoRA loader of core's; and no more once it fits."""
    await own(
        app,
        civitai,
        samples.lora("xl", base_model="SDXL 1.0"),
        samples.checkpoint("flux", base_model="Flux.1 D"),
        samples.checkpoint("pony", base_model="Pony", size=70_000),
    )
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("CheckpointLoaderSimple", {"ckpt_name": "flux.safetensors"}),
        ("Reroute", {}),
        ("LoraLoaderModelOnly", {"lora_name": "xl.safetensors"}),
        ("Lorakeeper_LoadLora", {"lora_name": "xl.safetensors"}),
    ]
    await build(page, nodes, [(0, 0, 1, ""), (1, 0, 2, "model"), (2, 0, 3, "model")])

    await expect(warning(page)).to_have_text(
        "xl.safetensors was made for SDXL, and flux.safetensors is Flux.1: it will do nothing good there."
    )
    await expect(warning(page)).to_be_visible()
    await expect(page.locator("lk-word-toggles")).to_be_visible()
    assert await page.evaluate("() => comfy.graph.nodes.map(({ widgets }) => widgets?.length ?? 0)") == [1, 0, 1, 7]
    saved = await page.evaluate("() => [...comfy.graph.serialize().nodes.at(-1).widgets_values]")
    assert len(saved) == 5
    await choose(page, 0, "ckpt_name", "pony.safetensors")
    await expect(warning(page)).to_have_count(0)
    await choose(page, 0, "ckpt_name", "flux.safetensors")
    await expect(warning(page)).to_have_count(1)
    await choose(page, 3, "strength_model", 0)
    await choose(page, 3, "strength_clip", 0)
    await expect(warning(page)).to_have_count(0)


@both_renderers
async def test_lists_and_prompts_are_looked_at_too_and_in_subgraphs(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    lora, base = samples.lora("xl", base_model="SDXL 1.0"), samples.checkpoint("flux", base_model="Flux.1 D")
    await own(app, civitai, lora, base)
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("CheckpointLoaderSimple", {"ckpt_name": "flux.safetensors"}),
        ("Lorakeeper_LoraStack", {"lora_3": "xl.safetensors"}),
        ("Lorakeeper_ApplyLoraStack", {}),
        ("Lorakeeper_PromptLoras", {"text": "a cat <lora:xl:0.7>"}),
    ]
    await build(page, nodes, [(0, 0, 2, "model"), (1, 0, 2, "lora_stack"), (2, 0, 3, "model")])
    await expect(warning(page)).to_have_count(2)

    shown = """() => {
        const every = (graph) => graph.nodes.flatMap((node) => [node, ...(node.subgraph ? every(node.subgraph) : [])]);
        return every(comfy.rootGraph ?? comfy.graph)
            .filter(({ widgets }) => widgets?.some(({ name }) => name === "lorakeeper warning"))
            .map(({ type }) => type).sort();
    }"""
    both = ["Lorakeeper_ApplyLoraStack", "Lorakeeper_PromptLoras"]
    assert await page.evaluate(shown) == both
    await page.evaluate("""() => {
        comfy.canvas.emitBeforeChange();
        comfy.graph.convertToSubgraph(new Set([comfy.graph.nodes[2]]));
        comfy.canvas.emitAfterChange();
    }""")
    await page.wait_for_timeout(1000)
    assert await page.evaluate(shown) == both
    await choose(page, 1, "enabled_3", False)
    await page.wait_for_function(f"() => ({shown})().length === 1")
    assert await page.evaluate(shown) == ["Lorakeeper_PromptLoras"]


async def test_what_is_not_known_is_nothing_to_warn_of(open_comfyui: OpenPage, civitai: FakeCivitai, app: App) -> None:
    unknown = samples.lora("unknown", base_model="Nobody knows", metadata={}, tensors={"a": samples.tensor((2, 2))})
    await own(app, civitai, unknown, samples.checkpoint("flux", base_model="Flux.1 D"))
    page = await open_comfyui(tab=False)
    nodes = [
        ("CheckpointLoaderSimple", {"ckpt_name": "flux.safetensors"}),
        ("Lorakeeper_LoadLora", {"lora_name": "unknown.safetensors"}),
    ]
    async with page.expect_response("**/graph/check"):
        await build(page, nodes, [(0, 0, 1, "model")])
    await page.wait_for_timeout(200)

    await expect(warning(page)).to_have_count(0)


async def test_nodes_of_others_are_left_alone(open_comfyui: OpenPage, civitai: FakeCivitai, app: App) -> None:
    await own(app, civitai, samples.lora("xl"), samples.checkpoint("flux", base_model="Flux.1 D"))
    page = await open_comfyui(tab=False)
    nodes = [
        ("CheckpointLoaderSimple", {"ckpt_name": "flux.safetensors"}),
        ("LoraLoaderModelOnly", {"lora_name": "xl.safetensors"}),
        ("Lorakeeper_LoadLora", {"lora_name": "xl.safetensors"}),
    ]
    before = "() => comfy.graph.nodes.slice(0, 2).map((node) => JSON.stringify([node.serialize(), Object.keys(node)]))"
    await build(page, nodes, [(0, 0, 1, "model"), (1, 0, 2, "model")])
    first = await page.evaluate(before)
    await expect(warning(page)).to_have_count(1)

    assert await page.evaluate(before) == first
