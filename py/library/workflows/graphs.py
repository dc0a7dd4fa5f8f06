"""ComfyUI's workflows: the front end's graphs with their subgraphs, and the prompts that the server is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import bounds, parameters, resources
from .merge import Mentions
from .named import is_file_name, shown
from .nodes import Node, core_models, is_link, read_node

_MUTED = (2, 4)  # never, and bypassed
_AFTER = frozenset(("fixed", "randomize", "increment", "decrement"))
_WRAPPERS = ("workflow", "prompt", "output", "extra_data", "extra_pnginfo")
_INPUT_NODE = -10  # where a subgraph's inputs come in
_MAX_WRAPPERS = 4


def read_document(document: Any, mentions: Mentions, depth: int = _MAX_WRAPPERS) -> bool:
    """Adds what ``document``, some JSON, names; whether it was a workflow, or held one."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("nodes"), list):
        _Graph(document, mentions).read()
        return True
    is_prompt = any(isinstance(node, dict) and "class_type" in node for node in document.values())
    if is_prompt:
        _read_prompt(document, mentions)
    found = resources.read_site(document, mentions) or is_prompt
    for key in _WRAPPERS if depth and not is_prompt else ():
        inner = document.get(key)
        if isinstance(inner, str):
            inner = bounds.loads(inner)
        found = read_document(inner, mentions, depth - 1) or found
    text = document.get("parameters")
    if depth and isinstance(text, str) and not is_prompt:
        found = parameters.read_parameters(text, mentions) or found
    return found


def _read_prompt(prompt: dict[str, Any], mentions: Mentions) -> None:
    if len(prompt) > bounds.MAX_NODES:
        raise bounds.too_large("The prompt in this file")
    for number, node in prompt.items():
        if isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict):
            values = [(name, value) for name, value in node["inputs"].items() if not is_link(value)]
            read_node(Node(node["class_type"], _label(number, node["class_type"]), values), mentions)


class _Graph:
    """A graph of the front end's. What is in a subgraph counts where a node that stands for it is on."""

    def __init__(self, document: dict[str, Any], mentions: Mentions) -> None:
        self._document = document
        self._mentions = mentions
        self._subgraphs = {each["id"]: each for each in _subgraphs(document, bounds.MAX_DEPTH)}
        # By subgraph: the files that the nodes which stand for it choose; None where one of them chooses none.
        self._chosen: dict[str, set[str] | None] = {}
        self._read: set[str] = set()
        self._left = bounds.MAX_NODES

    def read(self) -> None:
        waiting = [self._document]
        while waiting:
            entered: list[str] = []
            graph = waiting.pop()
            self._read_nodes(graph, entered)
            waiting += [self._subgraphs[each] for each in reversed(entered)]
        for mention in core_models(self._document.get("models"), "the workflow's list of models"):
            self._mentions.add(mention)

    def _read_nodes(self, graph: dict[str, Any], entered: list[str]) -> None:
        origins = _origins(graph)
        is_inner = graph is not self._document
        chosen = self._chosen.get(_text(graph.get("id"))) if is_inner else None
        title = shown(graph.get("name")) if is_inner else ""
        for node in _nodes(graph):
            self._left -= 1
            if self._left < 0:
                raise bounds.too_large("The workflow in this file")
            class_type = _text(node.get("type"))
            label = _label(node.get("id"), "subgraph" if class_type in self._subgraphs else class_type)
            values = _values(node, origins, chosen)
            if class_type in self._subgraphs:
                label = f"{label} {shown(self._subgraphs[class_type].get('name'))}".rstrip()
                files = {value for _, value in values if isinstance(value, str) and is_file_name(value)}
                before = self._chosen.get(class_type, set())
                self._chosen[class_type] = before | files if files and before is not None else None
                if class_type not in self._read:
                    self._read.add(class_type)
                    entered.append(class_type)
            properties = node.get("properties")
            models = properties.get("models") if isinstance(properties, dict) else None
            read_node(Node(class_type, f"{label} in {title}" if title else label, values, models), self._mentions)


def _subgraphs(document: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    definitions = document.get("definitions")
    inner = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    for each in inner if isinstance(inner, list) and depth else ():
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            yield each
            yield from _subgraphs(each, depth - 1)


def _nodes(graph: dict[str, Any]) -> Iterator[dict[str, Any]]:
    nodes = graph.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and node.get("mode") not in _MUTED:
            yield node


def _origins(graph: dict[str, Any]) -> dict[Any, tuple[Any, str]]:
    """By link: the node that it comes from, and that node's class."""
    classes = {node["id"]: _text(node.get("type")) for node in _nodes(graph) if isinstance(node.get("id"), int | str)}
    origins: dict[Any, tuple[Any, str]] = {}
    links = graph.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) > 2:
            number, origin = link[0], link[1]
        elif isinstance(link, dict):
            number, origin = link.get("id"), link.get("origin_id")
        else:
            continue
        if isinstance(number, int | str) and isinstance(origin, int | str):
            origins[number] = (origin, classes.get(origin, ""))
    return origins


def _values(
    node: dict[str, Any], origins: dict[Any, tuple[Any, str]], chosen: set[str] | None
) -> list[tuple[str | None, Any]]:
    """A node's widgets by name, as far as these are known, without those whose value comes from elsewhere."""
    stored = node.get("widgets_values")
    listed = node.get("inputs")
    inputs = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    widgets = [(_text(each["widget"].get("name")), each.get("link")) for each in inputs if _is_widget(each)]
    links = dict(widgets)
    if isinstance(stored, dict):
        values: list[tuple[str | None, Any]] = list(stored.items())
    elif isinstance(stored, list):
        values = _by_place(stored, [name for name, _ in widgets])
    else:
        return []
    return [
        (None, None) if name is not None and _is_elsewhere(links.get(name), value, origins, chosen) else (name, value)
        for name, value in values
    ]


def _by_place(stored: list[Any], names: list[str]) -> list[tuple[str | None, Any]]:
    """Values by the names of the widgets, where each value has one; a seed has another value behind it."""
    extra = len(stored) - len(names)
    after = [i for i in range(1, len(stored)) if isinstance(stored[i], str) and stored[i] in _AFTER]
    if not names or (extra and extra != len(after)):
        return [(None, value) for value in stored]
    left = iter(names)
    return [(None if extra and place in after else next(left, None), value) for place, value in enumerate(stored)]


def _is_widget(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("widget"), dict)


def _is_elsewhere(link: Any, value: Any, origins: dict[Any, tuple[Any, str]], chosen: set[str] | None) -> bool:
    """Whether a widget's own value is not used: another node gives it, or the node outside of the subgraph does."""
    if not isinstance(link, int | str) or link not in origins:
        return False
    origin, class_type = origins[link]
    if origin == _INPUT_NODE:
        return chosen is not None and isinstance(value, str) and is_file_name(value) and value not in chosen
    return class_type != "PrimitiveNode"


def _label(number: Any, class_type: str) -> str:
    return f"node {shown(str(number), 40) if isinstance(number, int | str) else '?'}, {shown(class_type)}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
