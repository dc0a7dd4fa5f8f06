"""Headers from strangers: read without a tensor, never believed without a check, and refused with the reason."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.errors import BrokenFileError
from lorakeeper.py.headers import Header, read_header
from lorakeeper.py.headers.layout import MAX_TENSORS
from lorakeeper.py.headers.safetensors import MAX_HEADER
from lorakeeper.testing import samples

Model = Callable[..., Path]
TENSOR = {"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}


def entry(begin: Any, end: Any, shape: Any, dtype: Any = "U8") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def write(path: Path, header: Any, body: bytes = b"\0" * 8, *, length: int | None = None) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + body)
    return path


def test_the_samples_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(samples.lora("exusiai", trigger_words=["red hair"]).content())

    header = read_header(path)

    assert (header.format, header.component, header.network) == ("safetensors", "lora", "LoRA")
    assert (header.base_model, header.architecture, header.rank, header.alpha) == ("SDXL 1.0", "sdxl", 4, 4.0)
    assert (header.title, header.suggestions) == ("exusiai", ["exusiai", "red hair"])
    assert header.tags[0].model_dump() == {"tag": "red hair", "count": 20}
    assert Header.model_validate_json(header.model_dump_json()) == header


def test_metadata_is_kept_but_what_is_heavy(tmp_path: Path) -> None:
    heavy = {"modelspec.thumbnail": "data:image/png;base64,AAAA", "workflow": "{}", "long": "x" * 2001}

    header = read_header(
        write(tmp_path / "x.safetensors", {"__metadata__": {"ss_output_name": "x", **heavy}, **TENSOR})
    )

    assert header.metadata == {"ss_output_name": "x"}


def test_a_header_stays_small_however_much_a_file_says(tmp_path: Path) -> None:
    metadata = {f"{number}" + "k" * 100: "v" * 1900 for number in range(500)}
    metadata["ss_tag_frequency"] = json.dumps({"1_x": {f"{number}" + "t" * 190: number for number in range(9000)}})

    header = read_header(write(tmp_path / "x.safetensors", {"__metadata__": metadata, **TENSOR}))

    assert len(header.metadata) <= 100
    assert len(header.tags) == 100
    assert len(header.model_dump_json()) < 64 * 1024


def test_metadata_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    metadata = {"a": "b", "number": 1.5, "nothing": None, "truth": True}

    assert read_header(write(tmp_path / "x.safetensors", {"__metadata__": metadata, **TENSOR})).metadata == {"a": "b"}
    assert read_header(write(tmp_path / "y.safetensors", {"__metadata__": None, **TENSOR})).tensors == 1


def test_texts_are_utf8_and_half_characters_are_replaced(tmp_path: Path) -> None:
    metadata = '{"a":"żółć \\u017c","b":"\\ud800","ż":"c"}'
    raw = f'{{"__metadata__":{metadata},"ł":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}}'

    header = read_header(write(tmp_path / "x.safetensors", raw.encode()))

    assert header.metadata == {"a": "żółć ż", "b": "?", "ż": "c"}
    assert header.tensors == 1


def test_any_spelling_of_an_entry_is_read(tmp_path: Path) -> None:
    raw = (
        b'{ "b" : { "shape" : [ 2 , 2 ] , "extra" : "1" , "data_offsets" : [ 4 , 8 ] , "dtype" : "U8" } ,\n\t'
        b'"\\u0061": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "__metadata__": {}}   '
    )

    header = read_header(write(tmp_path / "x.safetensors", raw))

    assert (header.tensors, header.parameters) == (2, 8)


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"whatever")
    write(tmp_path / "x.bin", TENSOR)
    (tmp_path / "x.safetensors").write_bytes(samples.gguf())

    assert read_header(tmp_path / "x.pt") == Header(format="other")
    assert read_header(tmp_path / "x.bin").format == "safetensors"
    assert read_header(tmp_path / "x.safetensors").format == "gguf"


DOUBLED = b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
BROKEN: dict[str, tuple[Any, bytes, int | None, str]] = {
    "nothing": (b"", b"", 0, "no safetensors header"),
    "an HTML page": (b"<!DOCTYPE html><html>", b"", 7, "no safetensors header"),
    "cut off in the header": (b'{"a', b"", 100, "97 bytes are missing"),
    "a header too long": (b"{", b"", MAX_HEADER + 1, "longer than the format allows"),
    "a length too long": (b"{", b"", 2**63, "longer than the format allows"),
    "no object": (b"[1, 2]", b"", None, "no safetensors header"),
    "cut off in the middle": (b'{"a": {"dtype"', b"", None, "can't be read"),
    "no end": (b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},', b"", None, "can't be read"),
    "something behind it": (b"{} {}", b"", None, "between"),
    "one brace after the other": (b"{" * 100_000, b"", None, "can't be read"),
    "deep lists": (b'{"a":' + b"[" * 100_000, b"", None, "can't be read"),
    "deep lists, closed": (b'{"a":{"shape":' + b"[" * 1500 + b"]" * 1500 + b"}}", b"", None, "can't be read"),
    "no UTF-8": (b'{"\xff": 1}', b"", None, "no text"),
    "UTF-8 cut off": (b'{"a": 1}\xc3', b"", None, "no text"),
    "metadata in a list": ({"__metadata__": [1], **TENSOR}, b"\0" * 8, None, "metadata"),
    "metadata in metadata": ({"__metadata__": {"a": {"b": "c"}}, **TENSOR}, b"\0" * 8, None, "metadata"),
    "two metadata": (b'{"__metadata__":{},"__metadata__":{}}', b"", None, "twice"),
    "a key twice": (b'{"__metadata__":{"a":"1","a":"2"}}', b"", None, "twice"),
    "a tensor twice": (DOUBLED, b"", None, "twice"),
    "a field twice": (b'{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', b"", None, "twice"),
    "no place": ({"a": {"dtype": "U8", "shape": [1]}}, b"\0" * 8, None, "can't be read"),
    "no type": ({"a": {"shape": [1], "data_offsets": [0, 1]}}, b"\0" * 8, None, "can't be read"),
    "no object in its place": ({"a": 7}, b"", None, "can't be read"),
    "a place in words": ({"a": entry(0, "8", [8])}, b"\0" * 8, None, "impossible"),
    "true for a number": ({"a": entry(0, True, [1])}, b"\0" * 8, None, "impossible"),
    "a fraction for a number": ({"a": entry(0, 1.0, [1])}, b"\0" * 8, None, "impossible"),
    "a huge number": ({"a": entry(0, 10**40, [1])}, b"\0" * 8, None, "impossible"),
    "a number of too many digits": (b'{"a":{"dtype":"U8","shape":[' + b"9" * 4050 + b"]}}", b"", None, "can't be read"),
    "a huge shape": ({"a": entry(0, 8, [2**62, 2**62], "ODD")}, b"\0" * 8, None, "impossible"),
    "a negative place": ({"a": entry(-8, 0, [8])}, b"\0" * 8, None, "impossible"),
    "a negative shape": ({"a": entry(0, 8, [-8])}, b"\0" * 8, None, "impossible"),
    "backwards": ({"a": entry(8, 0, [8])}, b"\0" * 8, None, "impossible"),
    "leading zeros": (b'{"a":{"dtype":"U8","shape":[08],"data_offsets":[0,8]}}', b"\0" * 8, None, "can't be read"),
    "a size that does not fit": ({"a": entry(0, 8, [7])}, b"\0" * 8, None, "doesn't fit its shape"),
    "cut off by a byte": (TENSOR, b"\0" * 7, None, "1 byte is missing"),
    "cut off": ({"a": entry(0, 10**9, [10**9])}, b"\0" * 8, None, "999999992 bytes are missing"),
    "overlapping": ({"a": entry(0, 8, [8]), "b": entry(4, 12, [8])}, b"\0" * 12, None, "overlap"),
    "one in another": ({"a": entry(0, 8, [8]), "b": entry(2, 4, [2])}, b"\0" * 8, None, "overlap"),
    "a name too long": (
        b'{"' + b"a" * 5000 + b'":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
        b"",
        None,
        "too long",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_with_its_reason(kind: str, tmp_path: Path) -> None:
    header, body, length, reason = BROKEN[kind]

    with pytest.raises(BrokenFileError, match=reason) as caught:
        read_header(write(tmp_path / "x.safetensors", header, body, length=length))

    assert str(caught.value).startswith("x.safetensors is broken: ")


def test_an_empty_file_is_broken_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("x.safetensors", "x.gguf", "x.pt"):
        (tmp_path / name).touch()

        with pytest.raises(BrokenFileError, match="it is empty"):
            read_header(tmp_path / name)


def test_a_folder_in_place_of_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").mkdir()

    with pytest.raises(BrokenFileError, match="is no file"):
        read_header(tmp_path / "x.safetensors")


def test_a_missing_file_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "x.safetensors")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes and devices among its files")
def test_pipes_and_devices_are_broken_and_nobody_waits_for_them(tmp_path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "x.safetensors")
    (tmp_path / "y.safetensors").symlink_to("/dev/zero")
    started = time.monotonic()

    for name in ("x.safetensors", "y.safetensors"):
        with pytest.raises(BrokenFileError, match="is no file"):
            read_header(tmp_path / name)

    assert time.monotonic() - started < 1


# -- What costs no more than it should --------------------------------------------------------------------------------


def test_only_the_header_is_read(model: Model) -> None:
    path = model({"a": (1 << 20, 1 << 10)}, dtype="F16")
    tracemalloc.start()

    header = read_header(path)

    assert header.parameters == 1 << 30
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


HUGE: dict[str, Callable[[int], bytes]] = {
    "lists in a tensor": lambda size: b'{"a":{"shape":[' + b"[]," * (size // 3),
    "numbers in a tensor": lambda size: b'{"a":{"shape":[' + b"1," * (size // 2),
    "spaces": lambda size: b'{"a":' + b" " * size,
    "one long text": lambda size: b'{"__metadata__":{"a":"' + b"\\u017c" * (size // 6) + b'"}}',
    "backslashes": lambda size: b'{"__metadata__":{"a":"' + b"\\\\" * (size // 2),
    "keys": lambda size: b'{"__metadata__":{' + b",".join(b'"%d":""' % number for number in range(50_000)),
    "lists in metadata": lambda size: b'{"__metadata__":{"a":' + b"[" * size,
}


@pytest.mark.parametrize("kind", HUGE)
def test_huge_headers_cost_neither_memory_nor_the_other_threads_time(kind: str, tmp_path: Path) -> None:
    raw = HUGE[kind](16 << 20)
    path = write(tmp_path / "x.safetensors", raw)
    pauses: list[float] = []
    done = threading.Event()

    def beat() -> None:
        last = time.monotonic()
        while not done.wait(0.005):
            now = time.monotonic()
            pauses.append(now - last)
            last = now

    other = threading.Thread(target=beat)
    other.start()
    started = time.monotonic()
    with suppress(BrokenFileError):
        read_header(path)
    took = time.monotonic() - started
    done.set()
    other.join()

    assert took < 4
    assert max(pauses, default=0) < 1.5


def test_more_tensors_than_any_model_has_are_refused(tmp_path: Path) -> None:
    entries = b",".join(
        b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % number for number in range(MAX_TENSORS + 2)
    )

    with pytest.raises(BrokenFileError, match=f"more than {MAX_TENSORS} tensors"):
        read_header(write(tmp_path / "x.safetensors", b"{" + entries + b"}"))


# -- Anything whatever ------------------------------------------------------------------------------------------------


@given(
    st.binary(max_size=300),
    st.sampled_from(["x.safetensors", "x.gguf", "x.pt"]),
    st.sampled_from([b"", b"GGUF\x03\0\0\0"]),
)
def test_any_bytes_are_a_header_or_broken(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str, start: bytes
) -> None:
    path = tmp_path_factory.mktemp("h") / name
    path.write_bytes(start + content)
    # Anything but this error would come through.
    with suppress(BrokenFileError):
        assert read_header(path).tensors >= 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={"dtype": JSON | st.just("U8"), "shape": JSON | st.just([4]), "data_offsets": JSON | st.just([0, 4])},
)


@given(st.dictionaries(st.text(max_size=8) | st.just("__metadata__"), ENTRIES | JSON, max_size=4))
def test_any_json_is_a_header_or_broken(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    path = write(tmp_path_factory.mktemp("h") / "x.safetensors", document)
    with suppress(BrokenFileError):
        assert Header.model_validate_json(read_header(path).model_dump_json()).format == "safetensors"


TRAINED = st.fixed_dictionaries(
    {},
    optional={
        key: JSON.map(json.dumps) | st.text(max_size=40)
        for key in ("ss_tag_frequency", "ss_datasets", "ss_dataset_dirs", "ss_network_dim", "ss_network_alpha",
                    "ss_resolution", "modelspec.trigger_phrase", "modelspec.usage_hint", "ss_base_model_version",
                    "ss_sd_model_name", "ss_num_train_images", "modelspec.hash_sha256", "modelspec.architecture")
    },
)  # fmt: skip


@given(TRAINED)
def test_any_metadata_is_understood_or_left_aside(
    tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, str]
) -> None:
    header = read_header(write(tmp_path_factory.mktemp("h") / "x.safetensors", {"__metadata__": metadata, **TENSOR}))

    assert Header.model_validate_json(header.model_dump_json()) == header
    assert header.images >= 0
