"""Models that are dragged into ComfyUI's graph, or added to it: the node that loads them, the widget that names them,
words in a prompt; pictures and workflows that come from the panel."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.graphs import (
    add_types,
    build,
    connect,
    drag,
    hint,
    node_info,
    texts,
    undo,
    until_value,
    value,
    widget_place,
)
from lorakeeper.testing.panel import OpenPage, own

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

both_renderers = pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
EMPTY = (1000, 700)
LOADERS = {
    "checkpoints": ("CheckpointLoaderSimple", "ckpt_name"),
    "vae": ("VAELoader", "vae_name"),
    "upscale_models": ("UpscaleModelLoader", "model_name"),
    "controlnet": ("ControlNetLoader", "control_net_name"),
    "diffusion_models": ("UNETLoader", "unet_name"),
    "text_encoders": ("CLIPLoader", "clip_name"),
    "clip_vision": ("CLIPVisionLoader", "clip_name"),
    "style_models": ("StyleModelLoader", "style_model_name"),
    "hypernetworks": ("HypernetworkLoader", "hypernetwork_name"),
    "gligen": ("GLIGENLoader", "gligen_name"),
    "photomaker": ("PhotoMakerLoader", "photomaker_model_name"),
    "model_patches": ("ModelPatchLoader", "name"),
}


async def count(page: Page) -> int:
    return int(await page.evaluate("() => comfy.graph.nodes.length"))


async def prompt_of(page: Page, node: str, text: str) -> tuple[Locator, tuple[float, float]]:
    """The prompt of a node that is alone in the graph, and a place in it."""
    await build(page, [(node, {"text": text})], [])
    await connect(page)
    area = page.locator("textarea").filter(visible=True)
    box = await area.bounding_box()
    assert box
    return area, (box["x"] + 40, box["y"] + 20)


async def test_every_kind_has_its_loader(open_comfyui: OpenPage) -> None:
    page = await open_comfyui(tab=False)
    names = {kind: f"{kind}.safetensors" for kind in LOADERS}
    await add_types(page, *(node_info(node, {name: [[names[kind]]]}, ["X"]) for kind, (node, name) in LOADERS.items()))
    await connect(page)

    for kind, name in names.items():
        await page.evaluate("async ([kind, name]) => lk.addLoader({ kind, name })", [kind, name])

    made = await page.evaluate(
        "() => comfy.graph.nodes.map(({ type, widgets }) => [type, widgets[0].name, widgets[0].value])"
    )
    assert made == [[node, widget, names[kind]] for kind, (node, widget) in LOADERS.items()]
    assert await page.evaluate("() => ['loras', 'embeddings', 'vae', 'LLM'].map((kind) => lk.canLoad(kind))") == [
        True,
        True,
        True,
        False,
    ]
    await undo(page)
    assert await count(page) == len(LOADERS) - 1


@both_renderers
async def test_drop_names_the_file_on_the_node_under_it(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    """On core's nodes and others' that have it among their values; what doesn't fit becomes a node of its own."""
    await own(app, civitai, samples.lora("First"), samples.lora("Second"), samples.checkpoint("base"))
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    theirs = node_info("Theirs", {"whatever": [["Second.safetensors", "First.safetensors"]]}, ["X"])
    await add_types(page, theirs)
    await build(page, [("LoraLoader", {}), ("Theirs", {}), ("Lorakeeper_LoraStack", {})], [])
    await connect(page)
    await page.wait_for_timeout(500)

    place = await widget_place(page, 0, "lora_name")
    await drag(page, "loras", "Second.safetensors", *place, drop=False)
    await expect(hint(page)).to_have_text("Set lora_name of “LoraLoader”")
    await drag(page, "loras", "Second.safetensors", *place)
    await until_value(page, 0, "lora_name", "Second.safetensors")
    await expect(hint(page)).to_have_count(0)
    await expect(page.get_by_text("Second is lora_name of “LoraLoader” now.").last).to_be_visible()
    await undo(page)
    await until_value(page, 0, "lora_name", "First.safetensors")

    await page.wait_for_timeout(500)
    await drag(page, "loras", "First.safetensors", *await widget_place(page, 1, "whatever"))
    await until_value(page, 1, "whatever", "First.safetensors")
    await drag(page, "loras", "First.safetensors", *await widget_place(page, 2, "lora_3"))
    await until_value(page, 2, "lora_3", "First.safetensors")
    assert await value(page, 2, "lora_1") == "None"
    assert await page.evaluate("() => comfy.graph.nodes.slice(0, 2).every(({ properties }) => !properties.models)")

    assert await count(page) == 3
    await drag(page, "checkpoints", "base.safetensors", *await widget_place(page, 1, "whatever"))
    await page.wait_for_function("() => comfy.graph.nodes.length === 4")
    assert await value(page, 3, "ckpt_name") == "base.safetensors"
    assert await page.evaluate("() => refused") == []


@both_renderers
async def test_drop_on_a_prompt_writes_into_it(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(app, civitai, samples.lora("Neon", trigger_words=["neon rain"], metadata={}))
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    area, place = await prompt_of(page, "CLIPTextEncode", "a street, night")

    await drag(page, "loras", "Neon.safetensors", *place, drop=False)
    await expect(hint(page)).to_have_text("Put its trigger words into “CLIP Text Encode (Prompt)”")
    await drag(page, "loras", "Neon.safetensors", *place)
    await expect(area).to_have_value("neon rain, a street, night")
    await undo(page)
    await page.wait_for_function("() => comfy.graph.nodes[0].widgets[0].value === 'a street, night'")

    await area.evaluate("area => area.setSelectionRange(8, 8)")
    await drag(page, "embeddings", "sub/bad hands.pt", *place, drop=False)
    await expect(hint(page)).to_have_text("Write embedding:sub/bad hands")
    await drag(page, "embeddings", "easy.safetensors", *place)
    await expect(area).to_have_value("a street, embedding:easy, night")
    assert await texts(page) == ["a street, embedding:easy, night"]
    await drag(page, "embeddings", "eas.pt", *place)
    await expect(area).to_have_value(re.compile(r"\bembedding:eas\b"))

    await drag(page, "embeddings", "easy.safetensors", *EMPTY, drop=False)
    await expect(hint(page)).to_have_text("Drop it on a prompt")
    await page.evaluate("() => document.dispatchEvent(new DragEvent('dragend'))")
    await expect(hint(page)).to_have_count(0)


@both_renderers
async def test_drop_on_a_prompt_that_names_loras_names_it(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App, vue_nodes: bool
) -> None:
    await own(app, civitai, samples.lora("Neon", trigger_words=["neon rain"], metadata={}))
    page = await open_comfyui(tab=False, vue_nodes=vue_nodes)
    area, place = await prompt_of(page, "Lorakeeper_PromptLoras", "a street")

    await drag(page, "loras", "Neon.safetensors", *place, drop=False)
    await expect(hint(page)).to_have_text("Write <lora:Neon:1>")
    await area.evaluate("area => area.setSelectionRange(8, 8)")
    await drag(page, "loras", "Neon.safetensors", *place)
    await expect(area).to_have_value("a street, <lora:Neon:1>")

    await area.fill("<lora:neon:0.4> a street")
    await drag(page, "loras", "Neon.safetensors", *place)
    await expect(page.get_by_text("has these words already").last).to_be_visible()
    assert await texts(page) == ["<lora:neon:0.4> a street"]


async def test_text_enters_at_the_caret_and_leaves_by_undo(open_comfyui: OpenPage) -> None:
    page = await open_comfyui(tab=False)
    await build(page, [("CLIPTextEncode", {"text": "one"}), ("CLIPTextEncode", {"text": "two, three"})], [])
    await connect(page)
    area = page.locator("textarea").filter(visible=True).nth(1)
    await area.click()
    await area.evaluate("area => area.setSelectionRange(4, 4)")

    title = await page.evaluate("() => { window.done = lk.insertText('new'); return done.title; }")

    assert title == "CLIP Text Encode (Prompt)"
    assert await texts(page) == ["one", "two, new, three"]
    await page.evaluate("() => done.undo()")
    assert await texts(page) == ["one", "two, three"]


async def test_node_that_we_make_says_where_its_file_can_be_had(
    open_comfyui: OpenPage, civitai: FakeCivitai, app: App
) -> None:
    """As ComfyUI's templates do it, which its dialog of missing models reads."""
    [path] = await own(app, civitai, samples.checkpoint("base"))
    (path.parent / "unknown.safetensors").write_bytes(samples.checkpoint("unknown", size=70_000).content())
    page = await open_comfyui(tab=False)
    await connect(page)

    for name in (path.name, "unknown.safetensors"):
        await page.evaluate("async (name) => lk.addLoader({ kind: 'checkpoints', name })", name)

    [[model], nothing] = await page.evaluate(
        "() => comfy.graph.serialize().nodes.map(({ properties }) => properties.models ?? null)"
    )
    item = await app.library.info(path, fetch=False)
    url = app.civitai.download_url(item.version_id or 0)
    assert model == {
        "name": path.name,
        "url": url,
        "directory": "checkpoints",
        "hash": item.sha256,
        "hash_type": "SHA256",
    }
    assert nothing is None


async def test_picture_becomes_a_node_that_loads_it(open_comfyui: OpenPage) -> None:
    page = await open_comfyui(tab=False)
    await add_types(page, node_info("LoadImage", {"image": [["a.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]))
    sent: list[bytes] = []

    async def upload(route: Route, request: Request) -> None:
        sent.append(request.post_data_buffer or b"")
        await route.fulfill(json={"name": "fox (1).png", "subfolder": "kept", "type": "input"})

    await page.route("**/api/upload/image", upload)
    await connect(page)
    await page.evaluate("async () => lk.addImage(new Blob(['picture'], { type: 'image/png' }), 'fox.png')")

    assert b"picture" in sent[0]
    assert b'filename="fox.png"' in sent[0]
    assert await value(page, 0, "image") == "kept/fox (1).png"
    assert await page.evaluate("() => comfy.graph.nodes[0].type") == "LoadImage"


@pytest.mark.parametrize("form", ["workflow", "prompt"])
async def test_workflow_opens_beside_the_one_that_is_open(open_comfyui: OpenPage, form: str) -> None:
    page = await open_comfyui(tab=False)
    await build(page, [("CLIPTextEncode", {"text": "mine, unsaved"})], [])
    given = await page.evaluate(
        """async (form) => {
            const node = comfy.graph.nodes[0];
            node.widgets[0].value = "theirs";
            const all = { workflow: comfy.graph.serialize(), prompt: (await comfy.graphToPrompt()).output };
            node.widgets[0].value = "mine, unsaved";
            return { [form]: all[form] };
        }""",
        form,
    )
    await connect(page)
    before = await page.evaluate("() => comfy.extensionManager.workflow.openWorkflows.length")

    await page.evaluate("async ([given]) => lk.openWorkflow('a/fox.json', given)", [given])

    await page.wait_for_function("() => comfy.graph.nodes[0]?.widgets[0].value === 'theirs'")
    names = await page.evaluate("() => comfy.extensionManager.workflow.openWorkflows.map(({ filename }) => filename)")
    assert len(names) == before + 1
    assert names[-1] == "a-fox"
    kept = await page.evaluate(
        "() => JSON.stringify(comfy.extensionManager.workflow.openWorkflows.at(-2).changeTracker.activeState)"
    )
    assert "mine, unsaved" in json.dumps(json.loads(kept))
