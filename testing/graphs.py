"""What a person does with a graph in ComfyUI's front end, in words: nodes made and wired, values and models chosen.

``window.comfy`` is ComfyUI's app there; :func:`connect` makes our own adapter ``window.lk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from playwright.async_api import Locator, Page, Request, Route

BUILD = """([nodes, links]) => {
    comfy.canvas.emitBeforeChange();
    const made = nodes.map(([type, values], index) => {
        const node = LiteGraph.createNode(type);
        node.pos = [100 + 330 * index, 200];
        comfy.graph.add(node);
        for (const widget of node.widgets ?? []) if (widget.name in values) widget.value = values[widget.name];
        return node;
    });
    for (const [from, output, to, input] of links) {
        const slot = made[to].inputs.findIndex(({ name }) => name === input);
        made[from].connect(output, made[to], Math.max(slot, 0));
    }
    comfy.canvas.emitAfterChange();
}"""
CHOOSE = """([index, name, value]) => {
    const widget = comfy.graph.nodes[index].widgets.find((each) => each.name === name);
    comfy.canvas.emitBeforeChange();
    widget.value = value;
    widget.callback?.(value);
    comfy.canvas.emitAfterChange();
}"""
VALUE = "([index, name]) => comfy.graph.nodes[index].widgets.find((each) => each.name === name).value"


async def build(page: Page, nodes: list[tuple[str, dict[str, Any]]], links: list[tuple[int, int, int, str]]) -> None:
    """Nodes with widget values, and links ``(from, output, to, input)``."""
    await page.evaluate(BUILD, [nodes, links])


async def choose(page: Page, index: int, name: str, value: object) -> None:
    await page.evaluate(CHOOSE, [index, name, value])


async def value(page: Page, index: int, name: str) -> Any:
    return await page.evaluate(VALUE, [index, name])


async def until_value(page: Page, index: int, name: str, wanted: object) -> None:
    await page.wait_for_function(
        f"([index, name, wanted]) => ({VALUE})([index, name]) === wanted", arg=[index, name, wanted]
    )


async def sent(page: Page) -> dict[str, Any]:
    """The inputs of each type of node in the prompt that would be queued."""
    prompt = await page.evaluate("async () => (await comfy.graphToPrompt()).output")
    return {node["class_type"]: node["inputs"] for node in prompt.values()}


def node_info(name: str, required: Mapping[str, Any], outputs: Iterable[str] = ()) -> dict[str, Any]:
    """A node of ComfyUI's own, as ``/object_info`` has it."""
    outputs = list(outputs)
    return {
        "input": {"required": dict(required)},
        "input_order": {"required": list(required)},
        "output": outputs,
        "output_is_list": [False] * len(outputs),
        "output_name": outputs,
        "name": name,
        "display_name": name,
        "description": "",
        "python_module": "nodes",
        "category": "core",
        "output_node": not outputs,
    }


async def add_types(page: Page, *types: dict[str, Any]) -> None:
    """Lets the page know more types of nodes, from now on."""

    async def answer(route: Route, _: Request) -> None:
        response = await route.fetch()
        await route.fulfill(json={**await response.json(), **{each["name"]: each for each in types}})

    await page.route("**/api/object_info", answer)
    await page.evaluate("async () => comfy.refreshComboInNodes()")


async def connect(page: Page) -> None:
    """``window.lk`` takes drops from now on; ``window.refused`` has its sentences."""
    await page.evaluate("""async () => {
        const [{ connect }, { loadWords }, { api }] = await Promise.all([
            import("/lorakeeper/app/graph/comfy.js"), import("/lorakeeper/app/strings.js"), import("/scripts/api.js"),
        ]);
        await loadWords();
        window.lk = connect(comfy, api);
        window.refused = [];
        lk.attach((error) => refused.push(error.message));
    }""")


async def drag(page: Page, kind: str, name: str, x: float, y: float, *, drop: bool = True) -> None:
    """A model from the panel to a place of the page."""
    await page.evaluate(
        """([item, x, y, drop]) => {
            const dataTransfer = new DataTransfer();
            lk.fillDrag(dataTransfer, item);
            const how = { bubbles: true, cancelable: true, composed: true, clientX: x, clientY: y, dataTransfer };
            for (const type of drop ? ["dragover", "drop"] : ["dragover"])
                document.elementFromPoint(x, y).dispatchEvent(new DragEvent(type, how));
        }""",
        [{"kind": kind, "name": name, "title": name.rpartition(".")[0]}, x, y, drop],
    )


async def widget_place(page: Page, index: int, name: str) -> tuple[float, float]:
    """Where a widget of a node is to be seen, in either renderer."""
    x, y = await page.evaluate(
        """([index, name]) => {
            const node = comfy.graph.nodes[index];
            const row = document.querySelector(`[data-node-id="${node.id}"] [data-widget-name="${name}"]`);
            if (row) {
                const box = row.getBoundingClientRect();
                return [box.left + box.width / 2, box.top + box.height / 2];
            }
            const widget = node.widgets.find((each) => each.name === name);
            const { left, top } = comfy.canvas.canvas.getBoundingClientRect();
            const [x, y] = comfy.canvas.ds.convertOffsetToCanvas([node.pos[0] + 60, node.pos[1] + widget.last_y + 10]);
            return [left + x, top + y];
        }""",
        [index, name],
    )
    return x, y


def hint(page: Page) -> Locator:
    """What is said at the pointer while a model is dragged."""
    return page.locator(".lorakeeper-drop")


async def undo(page: Page) -> None:
    """ComfyUI's own."""
    await page.evaluate("async () => comfy.extensionManager.workflow.activeWorkflow.changeTracker.undo()")


async def texts(page: Page) -> list[str]:
    """What is in every prompt, in the nodes' order."""
    return list(
        await page.evaluate("""() => comfy.graph.nodes
            .flatMap(({ widgets }) => (widgets ?? []).filter(({ name }) => name === "text"))
            .map(({ value }) => String(value))""")
    )
