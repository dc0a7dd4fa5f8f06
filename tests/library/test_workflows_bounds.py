"""What a workflow may not be: too large, too deep, or of too many parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorakeeper.py.errors import UsageError
from lorakeeper.py.library.workflows import bounds, read_workflow


def graph(*values: Any) -> bytes:
    return json.dumps({"nodes": [{"id": 1, "type": "X", "widgets_values": list(values)}]}).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(UsageError) as raised:
        read_workflow(data, "cat.json")
    return str(raised.value)


def test_a_text_is_at_most_as_long_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_TEXT", 1_000)

    assert read_workflow(graph("x" * 800)) == []
    assert "larger than any workflow" in refusal(graph("x" * 1_000))


def test_the_values_of_a_json_are_counted_before_they_are_made() -> None:
    few, many = (b'{"nodes": [' + b"[]," * (bounds.MAX_PARTS // 2 + more) + b"{}]}" for more in (-10, 10))

    assert read_workflow(few) == []
    assert "larger than any workflow" in refusal(many)


def test_nodes_are_counted() -> None:
    def nodes(count: int) -> bytes:
        return b'{"nodes": [' + b",".join([b"{}"] * count) + b"]}"

    assert read_workflow(nodes(bounds.MAX_NODES)) == []
    assert "larger than any workflow" in refusal(nodes(bounds.MAX_NODES + 1))
    prompt = {str(number): {"class_type": "X", "inputs": {}} for number in range(bounds.MAX_NODES + 1)}
    assert "larger than any workflow" in refusal(json.dumps(prompt).encode())


def test_models_are_counted() -> None:
    files = [f"{number}.safetensors" for number in range(bounds.MAX_MODELS + 1)]

    assert len(read_workflow(graph(*files[:-1], *files[:-1]))) == bounds.MAX_MODELS
    assert refusal(graph(*files)) == "This workflow names more than 2,000 models: it is not read."


@pytest.mark.parametrize(
    "data",
    [
        graph(*["a.safetensors"] * (bounds.MAX_MENTIONS + 1)),
        graph("<lora:a:1>" * (bounds.MAX_MENTIONS + 1)),
        graph([{"lora": "a", "on": True}] * (bounds.MAX_MENTIONS + 1)),
        b"Steps: 1, Civitai resources: " + json.dumps([{"modelVersionId": 5}] * (bounds.MAX_MENTIONS + 1)).encode(),
        json.dumps({"nodes": [], "models": [{"name": "a.sft"}] * (bounds.MAX_MENTIONS + 1)}).encode(),
    ],
    ids=["names", "tags", "lists", "resources", "models"],
)
def test_mentions_are_counted(data: bytes) -> None:
    assert "more than 2,000 models" in refusal(data)


def test_what_is_deeper_than_allowed_is_not_looked_at() -> None:
    entry: Any = {"lora": "ink", "on": True}
    for _ in range(bounds.MAX_DEPTH + 1):
        entry = [entry]

    assert read_workflow(graph(entry)) == []
    assert len(read_workflow(graph(entry[0][0]))) == 1


def test_long_numbers_take_no_time() -> None:
    assert read_workflow(b'{"nodes": [' + b"9" * 5_000_000 + b"]}") == []


def test_wrappings_end() -> None:
    document: Any = {"nodes": []}
    for _ in range(10):
        document = {"workflow": document}

    assert "is no workflow" in refusal(json.dumps(document).encode())
