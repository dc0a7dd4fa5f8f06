"""The models that ComfyUI's workflows name: graphs of the front end, prompts of the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorakeeper.py.library.workflows import NamedModel, read_workflow

A, B = "A" * 64, "B" * 64
UNET = "diffusion_models"


def read(document: Any) -> list[NamedModel]:
    return read_workflow(json.dumps(document).encode())


def graph(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nodes": [{"id": number, "mode": 0, **node} for number, node in enumerate(nodes, 1)], "links": [], **more}


def node(class_type: str, *values: Any, **more: Any) -> dict[str, Any]:
    return {"type": class_type, "widgets_values": list(values), **more}


def prompt(*nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {str(number): {"class_type": each, "inputs": inputs} for number, (each, inputs) in enumerate(nodes, 1)}


def names(document: Any) -> list[tuple[str | None, str]]:
    return [(model.kind, model.name) for model in read(document)]


def widget(name: str, link: int | None = None) -> dict[str, Any]:
    return {"name": name, "type": "COMBO", "widget": {"name": name}, "link": link}


# -- Loaders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("class_type", "values", "expected"),
    [
        ("CheckpointLoaderSimple", ["SDXL\\base.safetensors"], [("checkpoints", "SDXL/base.safetensors")]),
        ("CheckpointLoader", ["v1.yaml", "old.ckpt"], [("checkpoints", "old.ckpt")]),
        ("LoraLoader", ["ink", 1, 0.5], [("loras", "ink")]),
        ("LoraLoader", ["None", 1, 0.5], []),
        ("CLIPVisionLoader", ["h.safetensors"], [("clip_vision", "h.safetensors")]),
        ("DualCLIPLoader", ["l.sft", "t5.gguf", "flux"], [("text_encoders", "l.sft"), ("text_encoders", "t5.gguf")]),
        (
            "LTXAVTextEncoderLoader",
            ["te.safetensors", "ltx.safetensors"],
            [("text_encoders", "te.safetensors"), ("checkpoints", "ltx.safetensors")],
        ),
        ("UpscaleModelLoader", ["4x.pth"], [("upscale_models", "4x.pth")]),
        ("MyControlNetStacker", ["canny.bin"], [("controlnet", "canny.bin")]),
        ("UnetLoaderGGUF", ["flux.gguf"], [("diffusion_models", "flux.gguf")]),
        ("Checkpoint Loader (LoraManager)", ["a.safetensors"], [("checkpoints", "a.safetensors")]),
        ("Somebody's", ["x.onnx", "fixed", 7], [(None, "x.onnx")]),
        ("Note", ["take x.safetensors", "y.safetensors"], []),
        ("LoraLoader", ["/srv/loras/ink.safetensors"], [("loras", "ink.safetensors")]),
        ("LoraLoader", ["~/loras/ink.safetensors"], [("loras", "ink.safetensors")]),
        ("LoraLoader", ["~ink.safetensors"], [("loras", "~ink.safetensors")]),
        ("LoraLoader", ["C:ink.safetensors"], [("loras", "ink.safetensors")]),
        ("LoraLoader", ["C:"], []),
        ("LoraLoader", ["C:\\models\\ink.safetensors"], [("loras", "ink.safetensors")]),
        ("LoraLoader", ["../../etc/ink.safetensors"], [("loras", "ink.safetensors")]),
        ("LoraLoader", [".."], []),
    ],
)
def test_a_nodes_widgets_name_files(class_type: str, values: list[Any], expected: list[tuple[str, str]]) -> None:
    assert names(graph(node(class_type, *values))) == expected


@pytest.mark.parametrize(
    ("class_type", "inputs", "expected"),
    [
        (
            "Any",
            {"ckpt_name": "a.safetensors", "vae_name": "v.pt"},
            [("checkpoints", "a.safetensors"), ("vae", "v.pt")],
        ),
        ("Any", {"lora_1": "ink", "lora_02": "pen", "lora": ["3", 0]}, [("loras", "ink"), ("loras", "pen")]),
        ("Any", {"clip_name2": "t5.safetensors"}, [("text_encoders", "t5.safetensors")]),
        (
            "Any",
            {"control_net_name": "c.pth", "unet_name": "u.sft"},
            [("controlnet", "c.pth"), (UNET, "u.sft")],
        ),
        ("UpscaleModelLoader", {"model_name": "4x.pth"}, [("upscale_models", "4x.pth")]),
        ("Any", {"model_name": "4x.pth"}, [(None, "4x.pth")]),
        ("Any", {"style_model_name": "s.safetensors"}, [("style_models", "s.safetensors")]),
        ("Any", {"switch_1": "Off", "lora_name_1": "ink", "switch_2": "On", "lora_name_2": "pen"}, [("loras", "pen")]),
    ],
)
def test_an_inputs_name_tells_the_kind(
    class_type: str, inputs: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert names(prompt((class_type, inputs))) == expected


def test_widgets_have_their_inputs_names_where_each_has_one() -> None:
    inputs = [{"name": "model", "link": None}, widget("seed"), widget("lora_name_1"), widget("vae_name")]
    values = [5, "randomize", "ink", "v.safetensors"]

    assert names(graph(node("Efficient", *values, inputs=inputs))) == [("loras", "ink"), ("vae", "v.safetensors")]


def test_a_node_is_named_by_its_number_and_class() -> None:
    [model] = read(graph(node("LoraLoader", "ink.safetensors", id=12)))

    assert model == NamedModel("ink.safetensors", "loras", where="node 12, LoraLoader")
    assert not model.can_be_found


def test_what_is_off_is_left_out() -> None:
    muted, bypassed = (node("LoraLoader", f"{mode}.safetensors", mode=mode) for mode in (2, 4))

    assert names(graph(muted, bypassed, node("LoraLoader", "on.safetensors"))) == [("loras", "on.safetensors")]


def test_widgets_may_be_an_object() -> None:
    loader = {"type": "VHS", "widgets_values": {"motion": 3, "lora_name": "ink", "vae_name": "v.pt"}}

    assert names(graph(loader)) == [("loras", "ink"), ("vae", "v.pt")]


def test_lists_of_loras_are_read() -> None:
    power = [
        {"type": "Header"},
        {"on": True, "lora": "sub\\ink.safetensors", "strength": 1, "strengthTwo": None},
        {"on": False, "lora": "off.safetensors", "strength": 1},
        {"on": True, "lora": "None", "strength": 1},
    ]
    manager = [{"name": "pen", "strength": "0.8", "active": True}, {"name": "gone", "strength": 1, "active": False}]
    text = "<lora:pen:0.8> <lora:gone:1> <lora:typed:1>"
    expected = [("loras", "sub/ink.safetensors"), ("loras", "pen"), ("loras", "typed")]

    assert (
        names(graph(node("Power Lora Loader (rgthree)", {}, *power), node("Lora Loader (LoraManager)", text, manager)))
        == expected
    )
    inputs = {f"lora_{number}": entry for number, entry in enumerate(power)}
    assert (
        names(prompt(("Power Lora Loader (rgthree)", inputs), ("X", {"text": text, "loras": {"__value__": manager}})))
        == expected
    )


def test_prompts_name_loras_and_embeddings() -> None:
    text = r"a cat, <lora:ink v1.5:0.8>, \<lora:not:1>, (embedding:neg/bad:1.2), embedding:worst. <lyco:pen>"

    assert names(graph(node("CLIPTextEncode", text))) == [
        ("loras", "ink v1.5"),
        ("loras", "pen"),
        ("embeddings", "neg/bad"),
        ("embeddings", "worst"),
    ]


# -- What is known of them ---------------------------------------------------------------------------------------------


def test_cores_list_tells_hash_folder_and_address() -> None:
    models = [
        {
            "name": "ink.safetensors",
            "url": "https://civitai.com/api/download/models/7?token=secret&fileId=3",
            "hash": A.lower(),
            "hash_type": "SHA256",
            "directory": "loras",
        },
        {"name": "old.safetensors", "url": "https://example.com/old.safetensors", "directory": "loras"},
    ]
    document = graph(
        node("Any", "sub/ink.safetensors", properties={"models": models}),
        models=[{"name": "t5.safetensors", "url": "https://huggingface.co/a/t5.safetensors", "directory": "clip"}],
    )

    ink, t5 = read(document)

    assert (ink.name, ink.kind, ink.hashes) == ("sub/ink.safetensors", "loras", (A,))
    assert ink.targets == ("https://civitai.com/api/download/models/7?fileId=3",)
    assert ink.url is None
    assert ink.can_be_found
    assert (t5.kind, t5.url, t5.where) == (
        "text_encoders",
        "https://huggingface.co/a/t5.safetensors",
        "the workflow's list of models",
    )
    assert not t5.can_be_found


def test_hashes_are_in_the_order_of_their_strength() -> None:
    models = [
        {"name": "ink.sft", "hash": value, "hash_type": kind}
        for value, kind in [(B, "BLAKE3"), ("1234ABCD", "CRC32"), ("0123456789", "AutoV2"), (A, "SHA256")]
    ]
    models += [{"name": "ink.sft", "hash": "E3B0C44298FC"}, {"name": "ink.sft", "hash": "0123456789ab"}]

    [model] = read(graph(models=models))

    assert model.hashes == (A, "0123456789AB", "0123456789", "1234ABCD", B)


def test_our_nodes_remember_what_their_files_hold() -> None:
    memory = json.dumps({"sub\\ink.safetensors": A.lower(), "pen": B.lower()})
    document = graph(
        node("Lorakeeper_LoadLora", "sub\\ink.safetensors", 1, 1, memory),
        node("Lorakeeper_PromptLoras", "a <lora:pen:1>", False, memory),
        node("Lorakeeper_LoraInfo", "one.safetensors", "C" * 64),
    )

    assert [(model.name, model.hashes) for model in read(document)] == [
        ("sub/ink.safetensors", (A,)),
        ("pen", (B,)),
        ("one.safetensors", ("C" * 64,)),
    ]


def test_a_slot_of_our_stack_that_is_off_is_left_out() -> None:
    inputs = {"enabled_1": False, "lora_1": "ink.safetensors", "enabled_2": True, "lora_2": "pen.safetensors"}

    assert names(prompt(("Lorakeeper_LoraStack", inputs))) == [("loras", "pen.safetensors")]


def test_our_download_node_names_a_target() -> None:
    found = read(
        prompt(
            ("Lorakeeper_CivitaiDownload", {"target": "urn:air:sdxl:lora:civitai:10@2", "kind": "auto"}),
            ("Lorakeeper_CivitaiDownload", {"target": "11", "kind": "vae"}),
            ("Lorakeeper_CivitaiDownload", {"target": f"sha256:{A}"}),
            ("Lorakeeper_CivitaiDownload", {"target": "nothing"}),
        )
    )

    assert [(model.kind, model.targets, model.hashes) for model in found] == [
        ("loras", ("10@2",), ()),
        ("vae", ("11",), ()),
        (None, (), (A,)),
    ]


def test_an_air_in_place_of_a_name_is_a_target() -> None:
    document = prompt(("CheckpointLoaderSimple", {"ckpt_name": "urn:air:sdxl:checkpoint:civitai:10@2"}))
    document["extra"] = {"airs": ["urn:air:sdxl:lora:civitai:3@4"]}
    resources = [{"modelVersionId": 2, "modelName": "Base"}, {"modelVersionId": 9, "type": "LORA", "modelName": "Ink"}]
    document["extraMetadata"] = json.dumps({"prompt": "a cat", "resources": resources})

    found = read(document)

    assert [(model.kind, model.targets) for model in found] == [
        ("checkpoints", ("10@2",)),
        ("loras", ("https://civitai.com/api/download/models/9",)),
        ("loras", ("3@4",)),
    ]
    assert found[1].name == "Ink"


# -- The same file at several places -----------------------------------------------------------------------------------


def test_the_same_file_is_named_once() -> None:
    document = graph(
        node("Any", "<lora:INK:1>"),
        node("LoraLoader", "sdxl/ink.safetensors"),
        node("Somebody's", "Ink.safetensors"),
        models=[
            {"name": "renamed.safetensors", "hash": A},
            {"name": "ink.safetensors", "hash": A, "directory": "loras"},
        ],
    )

    [model] = read(document)

    assert model == NamedModel("sdxl/ink.safetensors", "loras", (A,), where="node 1, Any")


def test_files_in_two_folders_or_of_two_kinds_stay_two() -> None:
    document = graph(
        node("LoraLoader", "sdxl/ink.safetensors"),
        node("LoraLoader", "sd15/ink.safetensors"),
        node("VAELoader", "ink.safetensors"),
        node("LoraLoader", "sdxl/ink.ckpt"),
    )

    assert len(read(document)) == 4


def test_two_contents_under_one_name_stay_two() -> None:
    found = read(graph(models=[{"name": "ink.safetensors", "hash": each} for each in (A, B, A)]))

    assert [model.hashes for model in found] == [(A,), (B,)]
