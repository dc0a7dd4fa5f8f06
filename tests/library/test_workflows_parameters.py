"""The models that A1111's text under a picture names."""

from __future__ import annotations

import json

import pytest

from lorakeeper.py.library.workflows import NamedModel, read_workflow

A = "A" * 64
LONG = "0123456789AB"
SHORT = "ABCDEF0123"


def read(settings: str, prompt: str = "a cat\nNegative prompt: a dog") -> list[NamedModel]:
    return read_workflow(f"{prompt}\nSteps: 20, Sampler: Euler a, {settings}".encode())


def known(settings: str, prompt: str = "a cat") -> list[tuple[str | None, str, tuple[str, ...]]]:
    return [(model.kind, model.name, model.hashes) for model in read(settings, prompt)]


def test_a_model_and_its_hash_belong_together() -> None:
    settings = f"Model hash: {SHORT.lower()}, Model: Base v1.0, VAE hash: 1234567890, VAE: v.safetensors, Version: 1.9"

    assert known(settings) == [
        ("checkpoints", "Base v1.0", (SHORT,)),
        ("vae", "v.safetensors", ("1234567890",)),
    ]


def test_lists_of_hashes_are_read() -> None:
    settings = f'Lora hashes: "ink wash: {LONG}, sub/pen: {SHORT}, odd: 12", TI hashes: "neg: {SHORT[::-1]}"'

    assert known(settings) == [
        ("loras", "ink wash", (LONG,)),
        ("loras", "sub/pen", (SHORT,)),
        ("loras", "odd", ()),
        ("embeddings", "neg", (SHORT[::-1],)),
    ]


def test_the_object_of_hashes_is_read() -> None:
    hashes = {"model": SHORT, "lora:ink, wash": LONG, "embed:neg": "12345678", "vae": "1234567890", "other:x": A}
    settings = f"Model: base, Hashes: {json.dumps(hashes)}, Version: v1"

    assert known(settings) == [
        ("checkpoints", "base", (SHORT,)),
        ("vae", "1234567890", ("1234567890",)),
        ("loras", "ink, wash", (LONG,)),
        ("embeddings", "neg", ("12345678",)),
        (None, "x", (A,)),
    ]


def test_a_model_without_a_name_is_called_by_its_hash() -> None:
    assert known(f"Model hash: {SHORT}, VAE: Automatic") == [("checkpoints", SHORT, (SHORT,))]
    assert known('Model: None, Hashes: {"model": [[]], "vae": "1234567890"}') == [
        ("vae", "1234567890", ("1234567890",))
    ]
    assert known("Model hash: unknown") == []


def test_tag_and_hash_are_of_one_lora() -> None:
    [model] = read(f'Lora hashes: "ink: {LONG}"', "a cat <lora:ink:0.8>")

    assert model == NamedModel("ink", "loras", (LONG,), where="prompt")


def test_civitais_resources_are_targets() -> None:
    resources = [
        {"type": "checkpoint", "modelVersionId": 5, "modelName": 'Base, "the" one', "modelVersionName": "v2"},
        {"type": "lora", "weight": 0.8, "modelVersionId": 7, "modelId": 6, "modelName": "Ink"},
        {"type": "embed", "air": "urn:air:sd1:embedding:civitai:8@9"},
        {"type": "lora", "weight": 1},
    ]
    metadata = {"additionalResources": [{"modelVersionId": 7, "type": "lora"}]}
    found = read(f"Civitai resources: {json.dumps(resources)}, Civitai metadata: {json.dumps(metadata)}")

    assert [(model.kind, model.name, model.targets) for model in found] == [
        ("checkpoints", 'Base, "the" one - v2', ("https://civitai.com/api/download/models/5",)),
        ("loras", "Ink", ("6@7",)),
        ("embeddings", "urn:air:sd1:embedding:civitai:8@9", ("8@9",)),
    ]


def test_quoted_values_may_hold_commas_and_quotes() -> None:
    settings = r'Note: "a, Model: no, \"b\"", Model: "Base, \"two\"", Model hash: ' + SHORT

    assert known(settings) == [("checkpoints", 'Base, "two"', (SHORT,))]


@pytest.mark.parametrize("broken", ['Hashes: {"model": ', 'Lora hashes: "ink', "Civitai resources: [{,}", "Hashes: {}"])
def test_a_broken_value_does_not_hide_the_next(broken: str) -> None:
    assert ("checkpoints", "base", (SHORT,)) in known(f"{broken}, Model: base, Model hash: {SHORT}")


def test_extensions_name_their_models() -> None:
    settings = (
        f'ADetailer model: face.pt, ControlNet 0: "Module: canny, Model: control_canny [{SHORT}], Weight: 1", '
        f"Refiner: refine [{SHORT[::-1]}], Hires upscaler: Latent"
    )

    assert known(settings) == [
        ("checkpoints", "refine", (SHORT[::-1],)),
        (None, "face.pt", ()),
        ("controlnet", "control_canny", (SHORT,)),
    ]


def test_the_last_line_of_settings_counts() -> None:
    assert known("Model: base", "Steps: 5, Model: no\na cat") == [("checkpoints", "base", ())]
