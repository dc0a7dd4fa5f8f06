"""GGUF headers: what they tell, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from lorakeeper.py.errors import BrokenFileError
from lorakeeper.py.headers import Header, read_header


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def gguf(
    pairs: list[bytes] | None = None,
    tensors: list[bytes] | None = None,
    body: int = 0,
    *,
    counts: tuple[int, int] | None = None,
) -> bytes:
    pairs, tensors = pairs or [], tensors or []
    count = counts or (len(tensors), len(pairs))
    head = struct.pack("<4sIQQ", b"GGUF", 3, *count) + b"".join(pairs) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + b"\0" * body


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def pair(name: str, value: str) -> bytes:
    return text(name) + struct.pack("<I", 8) + text(value)


def listed(kind: int, count: int, entries: bytes = b"") -> bytes:
    return text("list") + struct.pack("<IIQ", 9, kind, count) + entries


def read_bytes(tmp_path: Path, content: bytes, name: str = "x.gguf") -> Header:
    (tmp_path / name).write_bytes(content)
    return read_header(tmp_path / name)


def test_a_gguf_file_tells_as_much(tmp_path: Path) -> None:
    pairs = [
        pair("general.architecture", "flux"),
        pair("general.name", "Flux, small"),
        text("general.quantization_version") + struct.pack("<II", 4, 2),
        text("a.truth") + struct.pack("<I?", 7, True),
        listed(8, 2, text("a") + text("b")),
        text("nested") + struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQ", 8, 1) + text("x"),
    ]
    tensors = [
        tensor("double_blocks.0.img_attn.qkv.weight", (3072, 9216), 12),
        tensor("double_blocks.0.img_attn.norm.key_norm.scale", (128,), 0, 3072 * 9216 // 256 * 144),
    ]

    header = read_bytes(tmp_path, gguf(pairs, tensors, 3072 * 9216 // 256 * 144 + 512))

    assert (header.format, header.component, header.architecture) == ("gguf", "diffusion_model", "flux")
    assert (header.base_model, header.title, header.dtype) == ("Flux.1 D", "Flux, small", "Q4_K")
    assert (header.tensors, header.parameters) == (2, 3072 * 9216 + 128)
    assert header.metadata["general.quantization_version"] == "2"
    assert header.metadata["a.truth"] == "true"


@pytest.mark.parametrize(
    ("said", "names", "expected"),
    [
        ("wan", ["some.thing"], ("diffusion_model", "wan")),
        ("lumina2", ["layers.0.attention.qkv.weight"], ("diffusion_model", "z-image")),
        ("t5encoder", ["enc.blk.0.attn_q.weight"], ("text_encoder", None)),
        ("qwen3", ["blk.0.attn_q.weight"], ("text_encoder", None)),
        ("clip", ["v.blk.0.attn_q.weight"], ("clip_vision", None)),
        ("unheard of", ["some.thing"], (None, None)),
    ],
)
def test_a_gguf_files_own_word_fills_in_for_its_tensors(
    said: str, names: list[str], expected: tuple[str | None, str | None], tmp_path: Path
) -> None:
    content = gguf([pair("general.architecture", said)], [tensor(name, (3840, 2)) for name in names], 3840 * 8)

    header = read_bytes(tmp_path, content)

    assert (header.component, header.architecture) == expected


def test_an_old_gguf_file_counts_in_short_numbers(tmp_path: Path) -> None:
    name = struct.pack("<I", 1) + b"a"
    head = struct.pack("<4sIII", b"GGUF", 1, 1, 0) + name + struct.pack("<IIIQ", 1, 8, 0, 0)

    assert read_bytes(tmp_path, head + b"\0" * (-len(head) % 32) + b"\0" * 32).parameters == 8


BROKEN_GGUF: dict[str, tuple[bytes, str]] = {
    "no magic": (b"GGML" + bytes(40), "no GGUF file"),
    "cut off at once": (b"GGUF\x03\0\0", "can't be right"),
    "an unknown version": (b"GGUF\x09\0\0\0" + bytes(40), "can't be right"),
    "absurd counts": (gguf(counts=(2**60, 2**60)), "can't be right"),
    "too many tensors": (gguf(counts=(150_000, 0), body=300_000), "more than any model has"),
    "too many pairs": (gguf(counts=(0, 100_000), body=300_000), "more than any model has"),
    "cut off in a name": (
        struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + struct.pack("<Q", 99) + b"a",
        "98 bytes are missing",
    ),
    "an endless name": (gguf([struct.pack("<Q", 2**63)]), "too long"),
    "an endless text": (gguf([text("a") + struct.pack("<IQ", 8, 2**63)]), "missing"),
    "an endless list": (gguf([listed(0, 2**63)]), "missing"),
    "an endless list of texts": (gguf([listed(8, 2**63)]), "more than any model has"),
    "a list of empty texts": (gguf([listed(8, 1_000_000)]), "missing"),
    "lists in lists": (gguf([text("a") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 50]), "can't be read"),
    "an unknown kind": (gguf([text("a") + struct.pack("<I", 99)]), "can't be read"),
    "a pair twice": (gguf([pair("a", "b"), pair("a", "b")]), "twice"),
    "a name that is no text": (gguf([text(b"\xff") + struct.pack("<I", 8) + text("a")]), "no text"),
    "no alignment": (gguf([text("general.alignment") + struct.pack("<II", 4, 0)]), "impossible"),
    "a tensor twice": (gguf([], [tensor("a", (0,)), tensor("a", (0,))]), "twice"),
    "many dimensions": (gguf([], [text("a") + struct.pack("<I", 1000)]), "impossible"),
    "a huge tensor": (gguf([], [tensor("a", (2**40, 2**40))]), "impossible"),
    "half a block": (gguf([], [tensor("a", (100,), 12)], 100), "impossible"),
    "cut off": (gguf([], [tensor("a", (100,))], 300), "100 bytes are missing"),
    "beyond the end": (gguf([], [tensor("a", (100,), 999, 5000)], 400), "4600 bytes are missing"),
    "overlapping": (gguf([], [tensor("a", (100,)), tensor("b", (100,), 0, 32)], 900), "overlap"),
}


@pytest.mark.parametrize("kind", BROKEN_GGUF)
def test_a_broken_gguf_file_is_refused_with_its_reason(kind: str, tmp_path: Path) -> None:
    content, reason = BROKEN_GGUF[kind]

    with pytest.raises(BrokenFileError, match=reason):
        read_bytes(tmp_path, content)
