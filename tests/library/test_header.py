"""The safetensors header: read without a tensor, and never believed without a check."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.errors import BrokenFileError
from lorakeeper.py.library.header import base_model, read_header, trigger_groups


def write(path: Path, header: Any, body: bytes = b"\0" * 8, *, length: int | None = None) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + body)
    return path


TENSOR = {"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}


def test_metadata_is_read_and_pictures_left_out(tmp_path: Path) -> None:
    metadata = {"ss_output_name": "x", "modelspec.thumbnail": "data:image/png;base64,AAAA"}

    header = read_header(write(tmp_path / "x.safetensors", {"__metadata__": metadata, **TENSOR}))

    assert header == {"metadata": {"ss_output_name": "x"}, "tensors": 1}


def test_other_formats_have_none(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"whatever")

    assert read_header(tmp_path / "x.pt") == {}


@pytest.mark.parametrize(
    ("header", "body", "length"),
    [
        (b"", b"", 5),
        (b"", b"", 2**63),
        (b"not json", b"", None),
        (b"[1, 2]", b"", None),
        (b"{" * 100_000, b"", None),
        ({"__metadata__": [1], **TENSOR}, b"\0" * 8, None),
        ({"a": {"data_offsets": [0, "8"]}}, b"\0" * 8, None),
        ({"a": {}}, b"\0" * 8, None),
        (TENSOR, b"\0" * 7, None),
    ],
)
def test_a_broken_file_is_named_with_its_reason(tmp_path: Path, header: Any, body: bytes, length: int | None) -> None:
    with pytest.raises(BrokenFileError, match=r"x\.safetensors"):
        read_header(write(tmp_path / "x.safetensors", header, body, length=length))


def test_a_folder_in_place_of_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").mkdir()

    with pytest.raises(BrokenFileError, match="no file"):
        read_header(tmp_path / "x.safetensors")


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("h") / "x.safetensors"
    path.write_bytes(content)
    # Anything but this error would come through.
    with suppress(BrokenFileError):
        assert read_header(path)["tensors"] >= 0


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"modelspec.trigger_phrase": "a, b", "ss_tag_frequency": '{"1_c": {}}'}, ["a, b"]),
        ({"ss_datasets": '[{"subsets": [{"class_tokens": "ohwx man"}, {"class_tokens": null}]}]'}, ["ohwx man"]),
        ({"ss_tag_frequency": '{"10_exusiai": {"red hair": 9}, "reg": {}}'}, ["exusiai"]),
        ({"ss_tag_frequency": "broken {"}, []),
        ({"ss_datasets": '{"not": "a list"}'}, []),
        ({}, []),
    ],
)
def test_trigger_words_come_from_the_best_place(metadata: dict[str, str], expected: list[str]) -> None:
    assert trigger_groups(metadata) == expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "SDXL 1.0"),
        ({"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}, "SDXL 1.0"),
        ({"ss_base_model_version": "flux1"}, "Flux.1 D"),
        ({"ss_base_model_version": "never heard of"}, None),
        ({}, None),
    ],
)
def test_the_base_model_is_said_in_the_sites_words(metadata: dict[str, str], expected: str | None) -> None:
    assert base_model(metadata) == expected
