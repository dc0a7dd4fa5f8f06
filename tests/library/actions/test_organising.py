"""Organising by a template: what is planned is what happens, and no name from a stranger leads anywhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lorakeeper.py.civitai.placement import template_values
from lorakeeper.py.errors import SettingsError, UsageError
from lorakeeper.py.library.actions.organising import folder_in
from lorakeeper.py.library.actions.places import inside, new_name

from .world import World


def version(number: int, base: str, creator: str | None, **model: Any) -> dict[str, Any]:
    who = {"username": creator} if creator else None
    return {
        "id": number,
        "modelId": number * 10,
        "name": "v1",
        "baseModel": base,
        "model": {"name": "M", "type": "LORA", "creator": who, **model},
    }


async def test_files_go_where_the_template_says_and_those_of_unknown_fields_stay(here: World) -> None:
    for name in ("one", "two", "three"):
        here.put(f"{name}.safetensors")
    here.put("four.safetensors", b"that says nothing")
    here.put("two.png", b"p")
    here.put("SDXL 1.0/ann/there.safetensors")
    ids = await here.learn()
    await here.site(ids["one.safetensors"], version(1, "SDXL 1.0", "ann"))
    await here.site(ids["two.safetensors"], version(2, "Flux.1 D", "../../bob"))
    await here.site(ids["three.safetensors"], version(3, "SDXL 1.0", None))
    await here.site(ids[str(Path("SDXL 1.0/ann/there.safetensors"))], version(4, "SDXL 1.0", "ann"))
    before = here.tree()

    plan = await here.plan("organise", kind="loras", template="{base_model}/{creator}")
    assert here.tree() == before, "a plan changes nothing"
    done = await here.run("organise", kind="loras", template="{base_model}/{creator}")

    files = {path.relative_to(here.loras).as_posix() for path in here.loras.rglob("*") if path.is_file()}
    assert files == {
        "SDXL 1.0/ann/one.safetensors",
        "Flux.1 D/_.._bob/two.safetensors",
        "Flux.1 D/_.._bob/two.png",
        "three.safetensors",
        "four.safetensors",
        "SDXL 1.0/ann/there.safetensors",
    }
    assert [(step.path, step.to, step.beside) for step in plan.steps] == [
        (step.path, step.to, step.beside) for step in done.steps
    ]
    assert [step.outcome.replace("change", "done") for step in plan.steps] == [step.outcome for step in done.steps]
    whys = {Path(step.path).stem: (step.outcome, step.why) for step in done.steps}
    assert whys["three"] == ("refused", "Its creator isn't known, so it stays where it is.")
    assert whys["four"] == ("refused", "Its base model isn't known, so it stays where it is.")
    assert whys["there"] == ("same", "It is there already.")
    await here.agrees()

    await here.undo(done)
    assert here.tree() == before
    await here.agrees()


async def test_two_files_for_one_place_never_meet(here: World) -> None:
    here.put("a/cat.safetensors", b"one")
    here.put("b/Cat.safetensors", b"two")
    ids = await here.learn()
    for number, each in enumerate(ids.values(), 1):
        await here.site(each, version(number, "SDXL 1.0", "ann"))

    done = await here.run("organise", kind="loras", template="{base_model}")

    assert sorted(step.outcome for step in done.steps) == ["done", "refused"]
    contents = sorted(path.read_bytes() for path in here.loras.rglob("*.safetensors"))
    assert contents == [b"one", b"two"]


async def test_the_models_own_answer_tells_what_the_version_leaves_out(here: World) -> None:
    from lorakeeper.py.library import rows

    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    await here.site(cat, {**version(1, "SDXL 1.0", None), "modelId": 10})
    model = {"id": 10, "name": "M", "type": "LORA", "creator": {"username": "ann"}, "tags": ["style"]}
    await here.place.database.write(lambda c: rows.put_model(c, 10, model, 1))

    await here.run("organise", ids=[cat], template="{type}/{creator}/{tag}")

    assert (here.loras / "LORA/ann/style/cat.safetensors").is_file()


@pytest.mark.parametrize("template", ["{nonsense}", "{base_model", "}"])
async def test_a_bad_template_is_said_before_anything_happens(here: World, template: str) -> None:
    with pytest.raises(SettingsError):
        await here.plan("organise", kind="loras", template=template)


async def test_which_files_has_to_be_said(here: World) -> None:
    for fields in ({}, {"ids": [1], "kind": "loras"}, {"kind": "nonsense"}):
        with pytest.raises(UsageError):
            await here.plan("organise", template="{base_model}", **fields)


_FIELDS = st.sampled_from(
    ["{base_model}", "{creator}", "{model}", "{tag}", "x", "..", ".", "con", " ", "{type}.{version}"]
)
_TEMPLATES = st.lists(_FIELDS, min_size=1, max_size=4).map("/".join)
_NASTY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "..",
        "../..",
        "/etc",
        "C:\\x",
        "con",
        "NUL.txt",
        "a/b",
        "~",
        "a" * 300,
        "é" * 200,
        "\u202e",
        ".",
        " . ",
        "{model}",
    ]
)


@given(_TEMPLATES, st.lists(_NASTY, min_size=8, max_size=8))
@example("{base_model}/{creator}", ["..", "..", "", "", "", "", "", ""])
def test_no_template_and_no_field_leads_out_of_the_folder_or_to_a_name_that_windows_lacks(
    template: str, values: list[str]
) -> None:
    root = Path("/models/loras")
    try:
        folder = folder_in(template, dict(zip(template_values(), values, strict=True)))
    except UsageError:
        return
    whole = root.joinpath(*folder.split("/")) / "cat.safetensors"

    assert Path(os.path.normpath(whole)).is_relative_to(root)
    for part in folder.split("/") if folder else ():
        _is_fine_on_windows(part)


@given(_NASTY)
def test_a_folder_that_the_user_names_stays_inside_or_is_refused(folder: str) -> None:
    root = Path("/nowhere/loras")
    try:
        place = inside(root, folder)
    except UsageError:
        return

    assert Path(os.path.normpath(place)).is_relative_to(root)
    for part in place.relative_to(root).parts:
        _is_fine_on_windows(part)


@given(_NASTY.filter(bool))
def test_a_name_that_the_user_gives_stays_in_its_folder_or_is_refused(name: str) -> None:
    path = Path("/models/loras/cat.safetensors")
    try:
        new = new_name(path, name)
    except UsageError:
        return

    assert new.parent == path.parent
    assert new.suffix == path.suffix
    _is_fine_on_windows(new.name)


def _is_fine_on_windows(part: str) -> None:
    assert part
    assert len(part.encode()) <= 255
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', part)
    assert part == part.strip(" ").rstrip(".")
    assert not part.startswith(".")
    assert PureWindowsPath(part).parts == (part,)
    assert part.partition(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9", "CONIN$"}
