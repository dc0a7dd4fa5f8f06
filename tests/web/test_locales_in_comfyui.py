"""ComfyUI's front end reads `locales/`: what it shows of our nodes, and of us, is in its user's language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import expect

from lorakeeper.testing.frontend_host import PACK, FrontendHost
from lorakeeper.testing.panel import OpenPage, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# What it shows of each node: its titles by the paths that `nodeDefs.json` has them under.
SHOWN = """(types) => Object.fromEntries(types.map((type) => {
    const node = LiteGraph.createNode(type);
    comfy.graph.add(node);
    return [type, {
        display_name: node.title,
        inputs: Object.fromEntries(node.inputs.map((input) => [input.name, input.localized_name])),
        outputs: Object.fromEntries(node.outputs.map((output, at) => [at, output.localized_name])),
        categories: node.constructor.category.split("/"),
    }];
}))"""


def words(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PACK / "locales" / "ja" / f"{name}.json").read_text("utf-8"))
    return found


async def test_nodes_and_panel_speak_the_users_language(comfyui: FrontendHost, open_comfyui: OpenPage) -> None:
    nodes, main = words("nodeDefs"), words("main")
    comfyui.settings["Comfy.Locale"] = "ja"
    page = await open_comfyui(tab=False)

    shown = await page.evaluate(SHOWN, list(nodes))
    for name, about in nodes.items():
        found = shown[name]
        assert found["display_name"] == about["display_name"]
        assert {key: found["inputs"][key] for key in about["inputs"]} == {
            key: said["name"] for key, said in about["inputs"].items()
        }
        named = {at: said["name"] for at, said in about["outputs"].items() if "name" in said}
        assert {at: found["outputs"][at] for at in named} == named
    category = main["nodeCategories"]["variations"]
    assert shown["Lorakeeper_GeminiVariations"]["categories"] == ["Lorakeeper", category]

    await tab(page).click()
    await expect(page.locator("lk-app")).to_have_attribute("lang", "ja")
