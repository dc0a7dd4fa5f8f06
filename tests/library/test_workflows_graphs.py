"""How workflows are put together: subgraphs, links, wrappings, and what is broken in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorakeeper.py.errors import UsageError
from lorakeeper.py.library.workflows import read_workflow


def names(document: Any) -> list[str]:
    return [model.name for model in read_workflow(json.dumps(document).encode())]


def node(number: int, class_type: str, *values: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "type": class_type, "widgets_values": list(values), **more}


def widget(name: str, link: int | None = None) -> dict[str, Any]:
    return {"name": name, "widget": {"name": name}, "link": link}


def subgraph(identity: str, *nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": identity, "name": f"Part {identity}", "nodes": list(nodes), "links": [], **more}


PROMPT = {"3": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "model": ["1", 0]}}}
GRAPH = {"nodes": [node(1, "VAELoader", "v.safetensors")]}


def test_subgraphs_are_read_where_they_are_used() -> None:
    inner = subgraph("b", node(1, "VAELoader", "deep.safetensors"))
    document = {
        "nodes": [node(1, "a"), node(2, "c", mode=4), node(3, "a")],
        "definitions": {
            "subgraphs": [
                subgraph(
                    "a", node(7, "b"), node(8, "LoraLoader", "in.safetensors"), definitions={"subgraphs": [inner]}
                ),
                subgraph("c", node(1, "LoraLoader", "bypassed.safetensors")),
                subgraph("d", node(1, "LoraLoader", "unused.safetensors")),
            ]
        },
    }

    models = read_workflow(json.dumps(document).encode())

    assert [(model.name, model.where) for model in models] == [
        ("in.safetensors", "node 8, LoraLoader in Part a"),
        ("deep.safetensors", "node 1, VAELoader in Part b"),
    ]


def test_a_subgraph_within_itself_is_read_once() -> None:
    loop = subgraph("a", node(1, "a"), node(2, "LoraLoader", "ink.safetensors"))

    assert names({"nodes": [node(1, "a")], "definitions": {"subgraphs": [loop]}}) == ["ink.safetensors"]


def test_what_is_chosen_outside_of_a_subgraph_counts_for_it() -> None:
    inside = node(5, "LoraLoader", "old.safetensors", 1, inputs=[widget("lora_name", 9), widget("strength")])
    part = subgraph("a", inside, links=[{"id": 9, "origin_id": -10, "target_id": 5}])

    def found(*outside: dict[str, Any]) -> list[str]:
        return names({"nodes": list(outside), "definitions": {"subgraphs": [part]}})

    assert found(node(1, "a", "new.safetensors")) == ["new.safetensors"]
    assert found(node(1, "a")) == ["old.safetensors"]
    assert found(node(1, "a", "new.safetensors"), node(2, "a")) == ["new.safetensors", "old.safetensors"]


def test_a_value_that_another_node_gives_is_not_the_widgets() -> None:
    loader = node(2, "LoraLoader", "stale.safetensors", 1, inputs=[widget("lora_name", 4), widget("strength")])

    def found(origin: dict[str, Any]) -> list[str]:
        return names({"nodes": [origin, loader], "links": [[4, 1, 0, 2, 0, "COMBO"]]})

    assert found(node(1, "Picker", "new.safetensors")) == ["new.safetensors"]
    assert found(node(1, "PrimitiveNode", "stale.safetensors", "fixed")) == ["stale.safetensors"]


@pytest.mark.parametrize(
    "document",
    [
        {"prompt": PROMPT, "client_id": "x"},
        {"prompt": json.dumps(PROMPT)},
        {"output": PROMPT},
        {"prompt": PROMPT, "extra_data": {"extra_pnginfo": {"workflow": {"nodes": []}}}},
        {"workflow": {"nodes": [node(1, "LoraLoader", "ink.safetensors")]}},
        {"parameters": "a cat <lora:ink.safetensors:1>\nSteps: 20, Sampler: Euler"},
    ],
)
def test_wrapped_workflows_are_read(document: Any) -> None:
    assert names(document) == ["ink.safetensors"]


def test_graph_and_prompt_are_put_together() -> None:
    assert names({"workflow": GRAPH, "prompt": PROMPT}) == ["v.safetensors", "ink.safetensors"]


def test_a_workflow_without_models_names_none() -> None:
    assert names({"nodes": []}) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a cat in the rain",
        b"\xff\xd8\xff\x00",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\x80\x81\x82",
        b"[]",
        b"{}",
        b"null",
        b'{"nodes": 5}',
        b'{"nodes": [',
        b'{"a": {"b": 1}}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
)
def test_what_holds_no_workflow_is_said_in_one_sentence(data: bytes) -> None:
    with pytest.raises(UsageError) as raised:
        read_workflow(data, "cat\n.png")

    sentence = str(raised.value)
    assert sentence.endswith(".")
    assert sentence.startswith("cat .png ") or "larger than" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "nodes",
    [
        [None, 5, "x", [], {}, {"type": []}, {"id": {}, "type": "LoraLoader", "widgets_values": "no"}],
        [{"type": "LoraLoader", "widgets_values": [["ink"], {"lora": 5, "on": True}, None], "mode": []}],
        [{"type": "X", "properties": {"models": [5, {}, {"name": 5}, {"name": "..", "url": 5, "hash": {}}]}}],
        [{"type": "X", "inputs": [{"widget": {"name": 5}, "link": []}, {"widget": 3}], "widgets_values": [1]}],
        [{"type": "X", "widgets_values": ["bad\nname.safetensors", "a\0b.safetensors", "x" * 600 + ".safetensors"]}],
        [{"type": "X", "widgets_values": ["http://[::1.safetensors", "https://civitai.com/x.safetensors"]}],
    ],
)
def test_nonsense_in_one_node_does_not_hide_the_next(nodes: list[Any]) -> None:
    document = {
        "nodes": [*nodes, node(9, "VAELoader", "v.safetensors")],
        "links": [5, [], [[], []], {"id": []}],
        "definitions": {"subgraphs": [5, {"id": []}, {"id": "X"}]},
        "models": {"name": 3},
    }

    assert names(document)[-1] == "v.safetensors"


def test_broken_memories_are_nothing() -> None:
    values = ["ink.safetensors", '{"ink.safetensors": "abc"}', "{", '{"ink.safetensors": 5}', "[" * 5000]
    document = {"nodes": [node(1, "Lorakeeper_LoadLora", *values)]}

    [model] = read_workflow(json.dumps(document).encode())

    assert model.hashes == ()


def test_utf16_and_marks_are_read() -> None:
    text = json.dumps(GRAPH)

    for encoding in ("utf-16", "utf-8-sig", "utf-8"):
        assert [model.name for model in read_workflow(text.encode(encoding))] == ["v.safetensors"]
