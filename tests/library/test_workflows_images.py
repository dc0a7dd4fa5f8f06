"""Workflows inside pictures: PNG, WebP and JPEG, made as ComfyUI and A1111 make them."""

from __future__ import annotations

import io
import json
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from lorakeeper.py.errors import UsageError
from lorakeeper.py.library.workflows import bounds, images, read_workflow

GRAPH = json.dumps({"nodes": [{"id": 1, "type": "LoraLoader", "widgets_values": ["ink.safetensors"]}]})
PROMPT = json.dumps({"2": {"class_type": "VAELoader", "inputs": {"vae_name": "v.safetensors"}}})
TEXT = "a cat, 墨\nSteps: 20, Model: base, Model hash: 0123456789"
MAKE, MODEL, DESCRIPTION, CAMERA, COMMENT = 0x010F, 0x0110, 0x010E, 0x8769, 0x9286


def saved(form: str, **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form, **more)
    return file.getvalue()


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return saved("PNG", pnginfo=info)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(*chunks: bytes) -> bytes:
    data = saved("PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def exif(fields: dict[int, str], comment: bytes = b"") -> Image.Exif:
    made = Image.Exif()
    for tag, text in fields.items():
        made[tag] = text
    if comment:
        made[CAMERA] = {COMMENT: comment}
    return made


def names(data: bytes) -> list[str]:
    return [model.name for model in read_workflow(data, "cat.png")]


def test_all_that_a_png_carries_is_put_together() -> None:
    assert names(png(workflow=GRAPH, prompt=PROMPT, parameters=TEXT)) == ["ink.safetensors", "v.safetensors", "base"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_pngs_texts_may_be_packed_and_in_any_language(packed: bool) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", GRAPH, zip=packed)
    info.add_itxt("parameters", TEXT, zip=packed)

    assert names(saved("PNG", pnginfo=info)) == ["ink.safetensors", "base"]


@pytest.mark.parametrize("length", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 20) + 200, 3 << 20])
def test_a_long_text_is_unpacked_to_its_end(length: int) -> None:
    text = b"x" * (length - 4) + b"yyyy"

    [(key, found)] = images.texts_of(with_chunks(chunk(b"zTXt", b"a\0\0" + zlib.compress(text, 9))))

    assert (key, len(found), found[-5:]) == ("a", length, "xyyyy")


def test_animated_pngs_and_their_exif_are_read() -> None:
    animated = chunk(b"comf", b"workflow\0" + GRAPH.encode())

    assert names(with_chunks(animated)) == ["ink.safetensors"]
    assert names(saved("PNG", exif=exif({MODEL: f"prompt:{PROMPT}"}))) == ["v.safetensors"]


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
def test_exif_carries_comfyuis_workflows(form: str) -> None:
    made = exif({MODEL: f"prompt:{PROMPT}", MAKE: f"workflow:{GRAPH}", DESCRIPTION: "a holiday"})

    assert sorted(names(saved(form, exif=made.tobytes()))) == ["ink.safetensors", "v.safetensors"]


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + TEXT.encode("utf-16-be"),
        b"UNICODE\0" + TEXT.encode("utf-16-le"),
        b"UNICODE\0" + TEXT.encode("utf-16"),
        b"ASCII\0\0\0" + TEXT.encode(),
        bytes(8) + TEXT.encode(),
        TEXT.encode(),
    ],
)
def test_exif_carries_the_users_comment(form: str, comment: bytes) -> None:
    [model] = read_workflow(saved(form, exif=exif({}, comment).tobytes()))

    assert (model.name, model.hashes) == ("base", ("0123456789",))


def test_both_orders_of_bytes_are_read() -> None:
    text = f"workflow:{GRAPH}".encode()
    for mark, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
        block = mark + struct.pack(f"{order}IHHHII", 8, 1, MAKE, 2, len(text), 26) + bytes(4) + text
        data = b"RIFF\0\0\0\0WEBPEXIF" + struct.pack("<I", len(block)) + block
        assert names(data) == ["ink.safetensors"]


def test_a_jpegs_comment_is_read() -> None:
    assert names(saved("JPEG", comment=GRAPH.encode())) == ["ink.safetensors"]


def test_broken_json_in_one_place_does_not_hide_the_other() -> None:
    assert names(png(workflow=GRAPH[:-5], prompt=PROMPT)) == ["v.safetensors"]


def test_a_picture_without_a_workflow_is_said() -> None:
    for form in ("PNG", "WEBP", "JPEG"):
        with pytest.raises(UsageError, match=r"^cat\.png has no workflow inside"):
            names(saved(form))
    with pytest.raises(UsageError, match=r"^cat\.png has a workflow whose JSON is broken"):
        names(png(workflow=GRAPH[:-5]))


def test_a_picture_that_is_cut_off_gives_what_came_before() -> None:
    data = png(workflow=GRAPH)

    assert names(data[: data.index(b"IDAT") + 5]) == ["ink.safetensors"]


# -- Bounds ------------------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused() -> None:
    bomb = zlib.compress(bytes(bounds.MAX_TEXT + 1), 9)

    assert len(bomb) < 100_000
    for each in (chunk(b"zTXt", b"workflow\0\0" + bomb), chunk(b"iTXt", b"workflow\0\1\0\0\0" + bomb)):
        with pytest.raises(UsageError, match="larger than any workflow"):
            names(with_chunks(each))


def test_many_small_bombs_are_one() -> None:
    small = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(bounds.MAX_TEXT // 8), 9))

    with pytest.raises(UsageError, match="larger than any workflow"):
        names(with_chunks(*[small] * 9, chunk(b"tEXt", b"workflow\0" + GRAPH.encode())))


def test_fields_that_share_their_bytes_are_counted_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_TEXT", 10_000)
    fields = b"".join(struct.pack("<HHII", MAKE, 2, 4_000, 50) for _ in range(3))
    block = b"II*\0" + struct.pack("<IH", 8, 3) + fields + b"x" * 4_000

    with pytest.raises(UsageError, match="larger than any workflow"):
        images.texts_of(b"RIFF\0\0\0\0WEBPEXIF" + struct.pack("<I", len(block)) + block)


# -- Anything at all ---------------------------------------------------------------------------------------------------

_TEXT_PNG = with_chunks(
    chunk(b"tEXt", b"workflow\0" + GRAPH.encode()),
    chunk(b"zTXt", b"prompt\0\0" + zlib.compress(PROMPT.encode())),
    chunk(b"iTXt", b"parameters\0\0\0\0\0" + TEXT.encode()),
)
_EXIF = exif({MODEL: f"prompt:{PROMPT}", MAKE: f"workflow:{GRAPH}"}, b"UNICODE\0" + TEXT.encode("utf-16-be")).tobytes()
_FILES = [_TEXT_PNG, saved("WEBP", exif=_EXIF), saved("JPEG", exif=_EXIF), GRAPH.encode(), TEXT.encode()]


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff\xe1", b"{"]), st.binary())
def test_random_bytes_are_refused_in_a_sentence(head: bytes, rest: bytes) -> None:
    _read_or_refuse(head + rest)


@given(st.sampled_from(_FILES), st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), max_size=8))
def test_changed_files_are_read_or_refused(data: bytes, changes: list[tuple[int, bytes]]) -> None:
    for place, patch in changes:
        place %= len(data)
        data = data[:place] + patch + data[place + len(patch) :]
    _read_or_refuse(data)


_KEYS = (
    "nodes links id type widgets_values inputs class_type properties models name url hash directory lora on lora_name "
    "definitions subgraphs widget link workflow prompt extra mode parameters"
)
_VALUES = st.sampled_from(["ink.safetensors", "on", "<lora:a:1>", "https://civitai.com/models/1"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _VALUES,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.sampled_from(_KEYS.split(" ")), each, max_size=6),
    max_leaves=30,
)


@given(_JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    prompt = {"1": {"class_type": "LoraLoader", "inputs": {"lora": document}}, "extra": document}
    graph = {"nodes": [document], "links": document, "definitions": {"subgraphs": [document]}}

    for each in (document, prompt, graph):
        _read_or_refuse(json.dumps(each).encode())


def _read_or_refuse(data: bytes) -> None:
    with suppress(UsageError):
        assert all(model.name for model in read_workflow(data, "cat"))
