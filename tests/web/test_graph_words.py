"""Trigger words as switches on our LoRA nodes, and the addresses that they keep for whoever opens the workflow."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.graphs import build, choose, sent, until_value, value
from lorakeeper.testing.panel import OpenPage, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])


async def models(page: Page) -> list[list[str] | None]:
    """The names in each node's list of what it needs."""
    return list(
        await page.evaluate(
            """() => comfy.graph.serialize().nodes
                .map(({ properties }) => properties.models?.map(({ name }) => name) ?? null)"""
        )
    )


@both_renderers
async def test_words_of_the_chosen_lora_are_switched_on_the_node(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(
        app,
        civitai,
        samples.lora("Neon", trigger_words=["neon rain, (night, city:1.2)"], metadata={}),
        samples.lora("Mute", size=70_000, trigger_words=[], metadata={}),
    )
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("Lorakeeper_LoadLora", {"lora_name": "Mute.safetensors"}),
        ("PreviewAny", {}),
        ("Lorakeeper_PromptLoras", {"text": "a cat"}),
    ]
    async with page.expect_response("**/graph/known"):
        await build(page, nodes, [(0, 2, 1, "source")])
    await page.wait_for_timeout(300)
    toggles = page.locator("lk-word-toggles")
    await expect(toggles).to_have_count(0)
    plain = await page.evaluate("() => [...comfy.graph.nodes[0].size]")

    await choose(page, 0, "lora_name", "Neon.safetensors")
    await expect(toggles.get_by_role("button")).to_have_text(["neon rain", "(night, city:1.2)"])
    await expect(toggles).to_be_visible()
    await choose(page, 0, "lora_name", "gone.safetensors")
    await expect(toggles).to_have_count(0)
    assert await page.evaluate("() => [...comfy.graph.nodes[0].size]") == plain
    await choose(page, 0, "lora_name", "Neon.safetensors")
    await toggles.get_by_role("button", name="city").click()
    await until_value(page, 0, "words_off", "(night, city:1.2)")
    inputs = (await sent(page))["Lorakeeper_LoadLora"]
    assert inputs["words_off"] == "(night, city:1.2)"
    assert not any("toggles" in name for name in inputs)

    await page.evaluate("async () => comfy.loadGraphData(comfy.graph.serialize())")
    pressed = toggles.get_by_role("button", pressed=True)
    await expect(pressed).to_have_text(["neon rain"])
    await choose(page, 0, "lora_name", "Mute.safetensors")
    await expect(toggles).to_have_count(0)

    await choose(page, 2, "text", "a cat <lora:Neon:0.5>")
    await expect(toggles.get_by_role("button")).to_have_count(2)
    await toggles.get_by_role("button").first.click()
    assert await value(page, 2, "words_off") == "neon rain"


async def test_choice_is_kept_with_its_address_and_looking_changes_nothing(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    [path] = await own(app, civitai, samples.lora("Neon"))
    (path.parent / "own.safetensors").write_bytes(samples.lora("own", size=70_000).content())
    page = await open_comfyui(tab=False)
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("Lorakeeper_LoadLora", {"lora_name": path.name}),
        ("PreviewAny", {}),
        ("LoraLoader", {"lora_name": path.name}),
    ]
    async with page.expect_response("**/graph/known"):
        await build(page, nodes, [(0, 0, 1, "source")])
    await page.wait_for_timeout(300)
    assert await models(page) == [None, None, None]

    async with page.expect_request("**/api/prompt") as asked:
        await page.evaluate("() => comfy.queuePrompt(0, 1)")
    body: Any = (await asked.value).post_data_json
    saved = {node["type"]: node["properties"] for node in body["extra_data"]["extra_pnginfo"]["workflow"]["nodes"]}
    item = await app.library.info(path, fetch=False)
    assert saved["Lorakeeper_LoadLora"]["models"] == [
        {
            "name": path.name,
            "url": app.civitai.download_url(item.version_id or 0),
            "directory": "loras",
            "hash": item.sha256,
            "hash_type": "SHA256",
        }
    ]
    assert "models" not in saved.get("LoraLoader", {})

    await choose(page, 0, "lora_name", "own.safetensors")
    await page.wait_for_function("() => !comfy.graph.nodes[0].properties.models")
    await choose(page, 0, "lora_name", path.name)
    await page.wait_for_function("() => comfy.graph.nodes[0].properties.models?.length === 1")
    assert await models(page) == [[path.name], None, None]
