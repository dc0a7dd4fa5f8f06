"""Which of the models that a workflow names are here: real files, a real library."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.library.missing import Presence, State, missing_of, presence_of
from lorakeeper.py.library.workflows import NamedModel, read_workflow
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.fake_civitai.catalogue import site_hashes

A = "A" * 64


async def put(app: App, name: str, *, kind: str = "loras", learned: bool = True) -> tuple[Path, samples.Sample]:
    sample = samples.lora(name)
    path = app.roots.folders(kind)[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.content())
    if learned:
        await app.library.learn(path)
    return path, sample


async def ask(app: App, model: NamedModel) -> Presence:
    [found] = await presence_of([model], app.lookup, app.library.find_owned, app.roots.kinds())
    assert found.model is model
    return found


def here(model: NamedModel, path: Path | None, note: str = "") -> Presence:
    return Presence(model, State.HERE, path, note)


@pytest.mark.parametrize("name", ["sub/ink.safetensors", "ink.safetensors", "ink", "SUB/Ink"])
async def test_a_file_is_here_by_its_name(app: App, name: str) -> None:
    path, _ = await put(app, "sub/ink.safetensors")
    model = NamedModel(name, "loras")

    assert await ask(app, model) == here(model, path)


async def test_a_file_that_was_not_read_yet_is_here(app: App) -> None:
    path, _ = await put(app, "ink.safetensors", learned=False)
    model = NamedModel("ink.safetensors", "loras", (A,))

    assert await ask(app, model) == here(model, path)


async def test_a_file_of_another_kind_is_not_the_one(app: App) -> None:
    path, _ = await put(app, "ink.safetensors")

    assert (await ask(app, NamedModel("ink.safetensors", "vae"))).state is State.MISSING
    assert (await ask(app, NamedModel("ink.safetensors"))).path == path


@pytest.mark.parametrize("kind", ["SHA256", "AutoV2", "AutoV3"])
async def test_a_file_is_here_by_its_hash_wherever_it_lies(app: App, kind: str) -> None:
    path, sample = await put(app, "other.safetensors", kind="checkpoints")
    value = site_hashes(sample)[0][kind].upper()

    model = NamedModel("ink.safetensors", "loras", (value,))

    assert await ask(app, model) == here(model, path)


async def test_the_hash_goes_before_the_name(app: App) -> None:
    await put(app, "ink.safetensors")
    path, sample = await put(app, "renamed.safetensors")
    value = hashlib.sha256(sample.content()).hexdigest().upper()
    model = NamedModel("ink.safetensors", "loras", (value,))

    assert await ask(app, model) == here(model, path)


async def test_eight_digits_are_not_enough_to_be_sure(app: App) -> None:
    _, sample = await put(app, "other.safetensors")

    found = await ask(app, NamedModel("ink.safetensors", "loras", (site_hashes(sample)[0]["CRC32"],)))

    assert found.state is State.MISSING
    assert found.can_be_found


@pytest.mark.parametrize("value", [A, A[:10]])
async def test_another_content_under_the_name_is_said(app: App, value: str) -> None:
    path, _ = await put(app, "ink.safetensors")
    model = NamedModel("ink.safetensors", "loras", (value,))

    assert await ask(app, model) == here(
        model,
        path,
        "ink.safetensors here is not the file that this workflow was made with, so the result may differ.",
    )


async def test_several_of_the_name_are_here(app: App) -> None:
    for folder in "ab":
        await put(app, f"{folder}/ink.safetensors")
    model = NamedModel("ink", "loras")

    found = await ask(app, model)

    assert (found.state, found.path) == (State.HERE, None)
    assert "may be any of" in found.note


async def test_a_version_of_civitais_is_here_under_any_name(app: App, civitai: FakeCivitai) -> None:
    path, sample = await put(app, "mine.safetensors")
    civitai.add(sample)
    detail = await app.library.info(path)
    assert detail.site is not None
    version, model_id = detail.site["id"], detail.site["modelId"]
    model = NamedModel("Something", "loras", targets=(f"{model_id}@{version}",))

    assert await ask(app, model) == here(model, path)
    assert (await ask(app, replace(model, targets=(f"{model_id}@{version + 1000}",)))).state is State.MISSING


async def test_a_format_of_a_pack_is_of_the_same_kind(app: App) -> None:
    path, _ = await put(app, "flux.gguf", kind="diffusion_models")
    model = NamedModel("flux.gguf", "diffusion_models")

    assert await ask(app, model) == here(model, path)


async def test_what_is_gone_is_missing(app: App) -> None:
    path, sample = await put(app, "ink.safetensors")
    path.unlink()
    value = hashlib.sha256(sample.content()).hexdigest().upper()

    found = await ask(app, NamedModel("ink.safetensors", "loras", (value,)))

    assert (found.state, found.path, found.can_be_found) == (State.MISSING, None, True)


@pytest.mark.parametrize(
    ("model", "can_be_found"),
    [
        (NamedModel("gone", "loras"), False),
        (NamedModel("gone"), False),
        (NamedModel("gone", url="https://example.com/gone.safetensors"), False),
        (NamedModel("gone", hashes=("12345678",)), True),
        (NamedModel("gone", "loras", targets=("5@6",)), True),
        (NamedModel("gone", "a kind that nobody has"), False),
        (NamedModel("../../etc/gone", "loras"), False),
    ],
)
async def test_it_is_said_whether_there_is_a_way_to_find_it(app: App, model: NamedModel, can_be_found: bool) -> None:
    found = await ask(app, model)

    assert (found.state, found.can_be_found) == (State.MISSING, can_be_found)


async def test_the_missing_ones_keep_their_order(app: App) -> None:
    await put(app, "ink.safetensors")
    workflow = b"<lora:pen:1> <lora:ink:1> <lora:brush:1>\nSteps: 20, Model: base"

    missing = await missing_of(read_workflow(workflow), app.lookup, app.library.find_owned)

    assert [model.name for model in missing] == ["pen", "brush", "base"]
