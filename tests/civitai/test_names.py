"""No name from a stranger becomes a path that a system refuses, or that leads elsewhere."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lorakeeper.py.civitai.names import FILE_BYTES, FOLDER_BYTES, render_folder, safe_file_name, safe_part
from lorakeeper.py.errors import SettingsError

ANY = (
    st.text()
    | st.text(st.sampled_from('./\\:*?"<>| \t\n\0~$%CONAUXnul1²\u202e\u200be\u0301ßİ💾'))
    | st.text("ééa .", min_size=60)
)
NAMES = ("base_model", "creator", "model", "version", "type", "model_id", "version_id", "tag")
RESERVED = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"
}


def check_part(part: str, limit: int) -> None:
    """One part of a path that is the same, and allowed, on Windows, macOS and Linux."""
    assert len(part.encode("utf-8")) <= limit
    assert not set(part) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(each) in ("Cc", "Cf", "Cs") for each in part)
    assert part == part.strip(" ")
    assert not part.startswith(".")
    assert not part.endswith((".", " "))
    assert unicodedata.is_normalized("NFC", part)
    assert part.partition(".")[0].rstrip(" ").upper() not in RESERVED


@given(ANY)
@example("CON")
@example("con .txt")
@example("COM¹.x")
@example("..")
@example(" . ")
@example("a" * 500)
@example("💾" * 50)
@example("e\u200b\u0301")
@example("NUL\u202e")
def test_any_text_makes_a_safe_part_or_none(text: str) -> None:
    part = safe_part(text)
    if part:
        check_part(part, FOLDER_BYTES)
    assert safe_part(part) == part


@given(ANY, ANY, st.sampled_from(["SafeTensor", "PickleTensor", "GGUF", "", "Diffusers"]))
@example(".safetensors", "", "SafeTensor")
@example("../../evil.safetensors", "x", "")
@example("C:\\Windows\\system32\\x.safetensors", "x", "")
@example("aux.safetensors", "x", "")
@example("a" * 400 + ".safetensors", "x", "")
@example("x.safetensors.", "x", "")
@example("x.safetensors ", "x", "")
def test_any_name_makes_a_safe_file_name(name: str, otherwise: str, file_format: str) -> None:
    made = safe_file_name(name, otherwise=otherwise, file_format=file_format)
    check_part(made, FILE_BYTES)
    assert PurePosixPath(made).name == made
    assert PureWindowsPath(made).name == made
    assert PureWindowsPath(made).drive == ""
    assert len(PurePosixPath(made).stem) > 0
    assert safe_file_name(made, otherwise=otherwise, file_format=file_format) == made


@pytest.mark.parametrize(
    ("name", "file_format", "expected"),
    [
        ("cat.safetensors", "SafeTensor", "cat.safetensors"),
        ("Katze mit Hut.SAFETENSORS", "SafeTensor", "Katze mit Hut.safetensors"),
        ("麦橘写实_v7.safetensors", "SafeTensor", "麦橘写实_v7.safetensors"),
        ("lora v1.5", "SafeTensor", "lora v1.5.safetensors"),
        ("model", "GGUF", "model.gguf"),
        ("setup.exe", "PickleTensor", "setup.exe.pt"),
        ("../../x.safetensors", "SafeTensor", "_.._x.safetensors"),
        ("styles/cat.safetensors", "SafeTensor", "styles_cat.safetensors"),
        (".safetensors", "SafeTensor", "Fallback.safetensors"),
        ("", "", "Fallback.bin"),
        ("nul.safetensors", "SafeTensor", "_nul.safetensors"),
    ],
)
def test_names_keep_what_they_can(name: str, file_format: str, expected: str) -> None:
    assert safe_file_name(name, otherwise="Fallback", file_format=file_format) == expected


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, ANY)))
def test_a_value_never_makes_a_new_part_of_the_path(values: dict[str, str]) -> None:
    parts = render_folder("{base_model}/{creator}/by {model}", values).split("/")
    assert len(parts) <= 3
    for part in filter(None, parts):
        check_part(part, FOLDER_BYTES)


@given(ANY, st.fixed_dictionaries(dict.fromkeys(NAMES, ANY)))
def test_any_template_is_refused_or_stays_inside(template: str, values: dict[str, str]) -> None:
    try:
        folder = render_folder(template, values)
    except SettingsError:
        return
    assert not PurePosixPath(folder).is_absolute()
    assert not PureWindowsPath(folder).is_absolute()
    assert not PureWindowsPath(folder).drive
    for part in filter(None, folder.split("/")):
        check_part(part, FOLDER_BYTES)


def test_parts_that_hold_nothing_are_left_out() -> None:
    values = dict.fromkeys(NAMES, "") | {"base_model": "SDXL 1.0"}
    assert render_folder("{base_model}/{creator}/loras", values) == "SDXL 1.0/loras"
    assert render_folder("", values) == ""


@pytest.mark.parametrize("template", ["{nothing}", "{base_model}/{}", "{base_model", "x}", "{base model}", "{0}"])
def test_a_bad_template_is_refused_with_a_sentence(template: str) -> None:
    with pytest.raises(SettingsError, match=r"^The path template .*\.$"):
        render_folder(template, dict.fromkeys(NAMES, "x"))
