"""Sidecars that are damaged, hostile or odd: each is read or is a finding, and none holds the reader up."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorakeeper.py.civitai.schemas import ModelVersion
from lorakeeper.py.library.items import UserLayer
from lorakeeper.py.library.sidecars import Adopted, folder_names, read_sidecars

from .sidecars import OTHER, OURS, answer, manager, put

ENDINGS = (".metadata.json", ".civitai.info", ".cm-info.json", ".json", ".txt", ".safetensors.rgthree-info.json")

HOSTILE = {
    "empty": b"",
    "cut off": json.dumps(answer()).encode()[:-20],
    "a list": b"[1]",
    "a text": b'"x"',
    "null": b"null",
    "deep, refused by the parser": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "too large": b'{"notes": "' + b"x" * 5_000_000 + b'"}',
    "zeros": bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".txt"])
def test_a_bad_sidecar_is_a_sentence_and_the_others_are_read(model: Path, ending: str, content: bytes) -> None:
    put(model, ending, content)
    put(model, ".txt", b"still here")

    adopted = read_sidecars(model)

    assert len(adopted.findings) == 1
    assert adopted.findings[0].startswith(f"Ada.v1{ending} ")
    assert adopted.findings[0].endswith("so nothing was taken over from it.")
    assert adopted.user == UserLayer(notes="still here")
    assert adopted.sources == ["Ada.v1.txt"]


@pytest.mark.parametrize("content", [b"x" * 100_001, b"GIF89a\0\0"])
def test_a_text_that_is_none_is_a_finding(model: Path, content: bytes) -> None:
    put(model, ".txt", content)

    adopted = read_sidecars(model)

    assert (len(adopted.findings), adopted.user) == (1, UserLayer())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_pipe_does_not_hold_the_reader_up(model: Path, ending: str) -> None:
    os.mkfifo(model.with_name(model.stem + ending))
    os.mkfifo(model.with_name(model.stem + ".png"))

    adopted = read_sidecars(model)

    assert adopted.findings == [f"Ada.v1{ending} is no regular file, so nothing was taken over from it."]
    assert adopted.preview is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_in_a_sidecars_place_is_a_finding(model: Path, ending: str) -> None:
    model.with_name(model.stem + ending).mkdir()

    assert len(read_sidecars(model).findings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_lead_nowhere_are_no_sidecars(model: Path) -> None:
    loop = model.with_name("Ada.v1.json")
    loop.symlink_to(loop)
    model.with_name("Ada.v1.txt").symlink_to("gone")
    model.with_name("Ada.v1.png").symlink_to("gone")

    for names in (None, folder_names(model.parent)):
        assert read_sidecars(model, names) == Adopted()


if hasattr(os, "geteuid") and os.geteuid() != 0:

    def test_a_sidecar_that_may_not_be_read_is_a_finding(model: Path) -> None:
        put(model, ".json", {}).chmod(0)

        assert len(read_sidecars(model).findings) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
def test_a_name_that_is_no_unicode_is_shown_all_the_same(tmp_path: Path) -> None:
    model = tmp_path / os.fsdecode(b"caf\xe9.safetensors")
    put(model, ".txt", b"n")
    put(model, ".json", b"")
    put(model, ".png", b"picture")

    adopted = read_sidecars(model)

    assert adopted.sources == ["caf?.txt"]
    assert adopted.preview is not None
    assert adopted.preview.is_file()
    adopted.model_copy(update={"preview": None}).model_dump_json()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_texts_are_read_in_any_common_encoding(model: Path, encoding: str) -> None:
    text = "Für das Titelbild, très fort"
    put(model, ".txt", text.encode(encoding))
    put(model, ".json", json.dumps({"notes": f"{text}!"}, ensure_ascii=False).encode(encoding))

    assert sorted(read_sidecars(model).user.notes.split("\n\n")) == sorted([f"{text}!", text])


def test_halves_of_characters_can_be_stored(model: Path) -> None:
    put(model, ".json", b'{"notes": "half \\ud83d of it", "negative text": "\\ud83d\\ude00"}')
    put(model, ".civitai.info", json.dumps(answer(images=[{"url": "u", "meta": {"p\ud83d": "\ud83d"}}])).encode())

    adopted = read_sidecars(model)

    assert adopted.user.notes == "half ? of it\n\nNegative prompt: \U0001f600"
    assert adopted.version is not None
    adopted.version.model_dump_json().encode()


def test_an_answer_with_numbers_that_are_none_can_be_stored(model: Path) -> None:
    numbers = '"seed": 12345678901234567890, "cfg": 1e999, "a": NaN, "b": -Infinity, "c": 0.5, "d": ' + "9" * 5000
    put(model, ".civitai.info", f'{{"id": 22, "images": [{{"url": "u", "meta": {{{numbers}}}}}]}}'.encode())

    version = read_sidecars(model).version

    assert version is not None
    expected = {"seed": 12345678901234567890, "cfg": None, "a": None, "b": None, "c": 0.5, "d": None}
    assert version.images[0].meta == expected


@pytest.mark.parametrize(
    ("value", "strength"),
    [
        ("0.8", 0.8),
        (" 0,8 ", 0.8),
        ("-.5", -0.5),
        (-1, -1.0),
        (100, 100.0),
        (100.5, None),
        (-1e9, None),
        (10**400, None),
        ("1e2", None),
        ("1_0", None),
        ("٣", None),
        (True, None),
        ([], None),
        ({"a": 1}, None),
        (float("nan"), None),
        (float("inf"), None),
        ("NaN", None),
        ("", None),
        (0, None),
        ("0.0", None),
    ],
)
def test_a_strength_that_nobody_means_is_none(model: Path, value: Any, strength: float | None) -> None:
    put(model, ".json", {"preferred weight": value})

    assert read_sidecars(model).user.preferred_strength == strength


def test_notes_are_cut(model: Path) -> None:
    put(model, ".json", {"notes": "a" * 300_000, "description": "b" * 300_000})

    assert read_sidecars(model).user.notes == "a" * 100_000


@pytest.mark.parametrize("bad", ["<" + ":" * 90_000, "<" * 90_000, "&" * 90_000, ", " * 45_000, "<a:" * 30_000])
def test_no_text_takes_long(model: Path, bad: str) -> None:
    put(model, ".txt", bad.encode())
    put(model, ".json", {"notes": bad, "activation text": bad, "description": bad})
    put(model, ".civitai.info", answer(trainedWords=[bad] * 3, description=bad))
    started = time.perf_counter()

    read_sidecars(model)

    assert time.perf_counter() - started < 5


# -- Any document ----------------------------------------------------------------------------------------------------

KEYS = sorted(
    {*manager(), *answer(), "VersionId", "ModelId", "Hashes", "SHA256", "TrainedWords", "Tags", "UserTitle", "Stats"}
    | {"notes", "description", "activation text", "negative text", "preferred weight", "skeleton_file", "extensions"}
    | {"raw", "userNote", "strengthMin", "strengthMax", "word", "user", "strength", "creator", "hashes", "meta", "url"}
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([OURS, OTHER, "", "22", "{}", '{"strength": 2}', "a, b", "<p>x</p>", "\ud800", "\0", "x" * 600])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
DOCUMENTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
    # A real document with some of its values replaced gets further than an invented one.
    st.dictionaries(st.sampled_from(sorted(answer())), VALUES, max_size=3).map(lambda some: answer(**some)),
    st.dictionaries(st.sampled_from(sorted(manager())), VALUES, max_size=3).map(lambda some: manager(**some)),
    VALUES,
)


@settings(max_examples=60)
@given(documents=st.dictionaries(st.sampled_from(ENDINGS), DOCUMENTS, min_size=1, max_size=6))
def test_any_document_gives_something_that_can_be_kept(model: Path, documents: dict[str, Any]) -> None:
    for ending in ENDINGS:
        model.with_name(model.stem + ending).unlink(missing_ok=True)
    for ending, document in documents.items():
        put(model, ending, document)

    adopted = read_sidecars(model)

    assert len(adopted.sources) + len(adopted.findings) == len(documents)
    user = UserLayer.model_validate_json(adopted.user.model_dump_json())
    assert user == adopted.user
    assert len(user.notes) <= 100_000
    assert all(word.strip() for word in user.trigger_words + user.tags)
    for each in adopted.answers:
        assert each.version.id > 0
        assert ModelVersion.model_validate(each.version.model_dump(mode="json", by_alias=True)) == each.version
        json.dumps(each.version.model_dump(mode="json", by_alias=True), allow_nan=False).encode()
        assert isinstance(each.is_of(OURS), bool)


@settings(max_examples=60)
@given(content=st.binary(max_size=200), ending=st.sampled_from(ENDINGS))
def test_any_bytes_are_read_or_are_a_finding(model: Path, content: bytes, ending: str) -> None:
    for each in ENDINGS:
        model.with_name(model.stem + each).unlink(missing_ok=True)
    put(model, ending, content)

    adopted = read_sidecars(model)

    assert len(adopted.sources) + len(adopted.findings) == 1
    adopted.model_dump_json()
