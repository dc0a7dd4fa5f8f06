"""What ComfyUI is told about the nodes, and the example that ships with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "web" / "object_info.json"


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    return found


def sockets(about: Any) -> dict[str, Any]:
    return {**about["input"]["required"], **about["input"].get("optional", {})}


def without_folders(info: dict[str, Any]) -> Any:
    """The same without what depends on the model folders."""
    info = json.loads(json.dumps(info))
    for about in info.values():
        for name, (_, options) in sockets(about).items():
            if (name.startswith("lora_") and "options" in options) or name == "kind":
                options["options"] = options["options"][:1] if options.get("default") else []
    return info


async def test_nodes_are_as_recorded_from_comfyui(comfy: Any) -> None:
    """The front end's tests work with the record. See `testing/real_comfyui.py` for how to renew it."""
    ours = without_folders({name: node.GET_NODE_INFO_V1() for name, node in comfy.nodes.items()})
    theirs = without_folders(recorded())

    assert list(ours) == list(theirs)
    for name, about in ours.items():
        assert about == {key: theirs[name][key] for key in about}


@pytest.mark.parametrize("name", list(recorded()))
def test_every_socket_is_explained(name: str) -> None:
    about = recorded()[name]

    assert [socket for socket, (_, options) in sockets(about).items() if not options.get("tooltip")] == []
    assert all(about["output_tooltips"])
    assert about["description"]
    assert about["search_aliases"]
    assert about["category"].startswith("Lorakeeper/")


def test_saved_workflows_keep_their_widgets(tmp_path: Path) -> None:
    """Values are saved by position: a widget may be added at the end, and never moved."""
    widgets = {
        "Lorakeeper_BulkQueue": "targets name strategy priority wait",
        "Lorakeeper_CivitaiSearch": "query types base_model sort period tag username nsfw limit",
        "Lorakeeper_CivitaiDownload": "target index kind",
        "Lorakeeper_LoraInfo": "lora_name hash content words_off",
        "Lorakeeper_LoadLora": "lora_name strength_model strength_clip content words_off",
        "Lorakeeper_LoraStack": " ".join(
            f"enabled_{slot} lora_{slot} strength_model_{slot} strength_clip_{slot}" for slot in range(1, 5)
        )
        + " contents words_off",
        "Lorakeeper_ApplyLoraStack": "",
        "Lorakeeper_PromptLoras": "text fetch_missing contents words_off",
        "Lorakeeper_TriggerWords": "prompt placement separator weight off",
        "Lorakeeper_GeminiVariations": "prompt count model aspect_ratio size seed budget attempts"
        " profile similarity_min similarity_max diversity aesthetic object_integrity overall"
        " temperature system_instruction other_model fallback adaptive use_cache sizes",
        "Lorakeeper_ImageQualityFilter": "profile similarity_min similarity_max aesthetic object_integrity overall"
        " sizes",
        "Lorakeeper_DuplicateFilter": "scope similarity mirrored sizes",
    }
    for node, names in widgets.items():
        found = [
            name
            for name, (kind, options) in sockets(recorded()[node]).items()
            if kind in {"STRING", "INT", "FLOAT", "BOOLEAN", "COMBO"} and not options.get("forceInput")
        ]
        assert found[: len(names.split())] == names.split()


# -- Examples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "example_workflows").glob("*.json")), ids=lambda path: path.stem)
def test_example_fits_the_nodes(path: Path) -> None:
    workflow = json.loads(path.read_text("utf-8"))
    ours = [node for node in workflow["nodes"] if node["type"].startswith("Lorakeeper_")]

    assert path.with_suffix(".jpg").is_file()
    assert {node["type"] for node in ours} <= set(recorded())
    for node in ours:
        about = recorded()[node["type"]]
        assert {slot["name"] for slot in node["inputs"]} == set(sockets(about))
        assert [slot["name"] for slot in node["outputs"]] == about["output_name"]
        # A seed brings a widget of its own, which has no slot.
        more = sum("control_after_generate" in options for _, options in sockets(about).values())
        assert len(node["widgets_values"]) == sum("widget" in slot for slot in node["inputs"]) + more


def test_there_is_an_example_from_air_to_prompt() -> None:
    workflow = json.loads((ROOT / "example_workflows" / "lora_from_civitai.json").read_text("utf-8"))
    nodes = {node["id"]: node["type"] for node in workflow["nodes"]}
    wires = {(nodes[source], nodes[target]) for _, source, _, target, *_ in workflow["links"]}

    assert {
        ("Lorakeeper_CivitaiDownload", "Lorakeeper_LoadLora"),
        ("Lorakeeper_LoadLora", "Lorakeeper_TriggerWords"),
        ("Lorakeeper_TriggerWords", "CLIPTextEncode"),
    } <= wires
