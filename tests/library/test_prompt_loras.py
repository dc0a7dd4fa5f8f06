"""LoRAs named in a prompt: what is a tag, what it names, and the prompt that is left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.library.prompt_loras import findings, parse

# Pieces of which tags, and what only looks like one, come to be.
PIECES = st.sampled_from(
    [
        "<lora:",
        "<LYCO:",
        "<",
        ">",
        ":",
        "a",
        "ö/名 b.v2",
        "\\",
        ",",
        " ",
        "\n",
        "0.8",
        "-1",
        "1e9",
        "1000",
        "nan",
        "urn:air:",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=80)
NAMES = (
    st.text(st.characters(exclude_characters="<>:\r\n", exclude_categories=["Cs"]), min_size=1)
    .map(str.strip)
    .filter(bool)
)
WEIGHTS = st.decimals(-100, 100, places=2)


def named(text: str) -> list[tuple[str, float, float]]:
    return [(each.name, each.strength_model, each.strength_clip) for each in parse(text)[1]]


@pytest.mark.parametrize(
    ("tag", "name", "model", "clip"),
    [
        ("<lora:ink>", "ink", 1, 1),
        ("<lora:ink:0.8>", "ink", 0.8, 0.8),
        ("<lora:ink:0.8:-.6>", "ink", 0.8, -0.6),
        ("<lyco:ink:+2.>", "ink", 2, 2),
        ("<LoRA: ink : 0.5 >", "ink", 0.5, 0.5),
        ("<lora:sdxl/style\\水墨 画 v1.5.safetensors:1>", "sdxl/style\\水墨 画 v1.5.safetensors", 1, 1),
        ("<lora:urn:air:sdxl:lora:civitai:12@34:0.7>", "urn:air:sdxl:lora:civitai:12@34", 0.7, 0.7),
        ("<lora:12@34>", "12@34", 1, 1),
        ("<lora:off:0>", "off", 0, 0),
        ("<lora:ink:-100:100>", "ink", -100, 100),
    ],
)
def test_a_tag_names_a_lora(tag: str, name: str, model: float, clip: float) -> None:
    clean, [mention] = parse(f"a cat, {tag}, night")

    assert (mention.name, mention.strength_model, mention.strength_clip) == (name, model, clip)
    assert mention.span == (7, 7 + len(tag))
    assert clean == "a cat, night"
    assert findings(tag) == []


@pytest.mark.parametrize(
    "text",
    [
        "<lora:>",
        "<lora: :1>",
        "<lora:ink:>",
        "<lora:ink:strong>",
        "<lora:ink:1:2:3>",
        "<lora:ink:nan>",
        "<lora:ink:1e1>",
        "<lora:ink:100.01>",
        "<lora:ink:1:-101>",
        "<lora:ink:" + "9" * 400 + ">",
        "<lora:ink:٣>",
        "<lora:ink",
        "<lora:ink\n:1>",
    ],
)
def test_what_is_no_tag_stays_and_is_reported(text: str) -> None:
    prompt = f"a cat , {text} ,  night"

    assert parse(prompt) == (prompt, [])
    [finding] = findings(prompt)
    assert "is no LoRA tag" in finding
    assert len(finding) < 200


@pytest.mark.parametrize("text", [r"\<lora:ink:1>", r"\\\<lora:ink>", "<loras:ink>", "< lora:ink>", "a <b> (c:1.2)"])
def test_text_stays_text(text: str) -> None:
    assert parse(text) == (text, [])
    assert findings(text) == []


def test_two_backslashes_are_no_escape() -> None:
    assert parse("\\\\<lora:ink>")[0] == "\\\\"
    assert named("\\\\<lora:ink>") == [("ink", 1, 1)]


def test_a_lora_named_twice_is_applied_twice() -> None:
    assert named("<lora:ink:0.5> cat <lora:ink:0.3>") == [("ink", 0.5, 0.5), ("ink", 0.3, 0.3)]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a cat, #, night", "a cat, night"),
        ("#, a cat", "a cat"),
        ("a cat, #", "a cat"),
        ("a cat #, night", "a cat, night"),
        ("a cat # night", "a cat night"),
        ("a cat#night", "a cat night"),
        ("a cat #, # night", "a cat, night"),
        ("a cat ## , night", "a cat, night"),
        ("(#masterpiece:1.2)", "(masterpiece:1.2)"),
        ("(a cat #)", "(a cat)"),
        ("a cat,\n#\nnight", "a cat,\nnight"),
        ("a cat,\n#, #,\nnight", "a cat,\nnight"),
        ("a cat, #\nnight", "a cat\nnight"),
        ("a cat\n# night", "a cat\nnight"),
        ("#", ""),
        ("  a  cat ,, night #", "  a  cat ,, night"),
    ],
)
def test_the_prompt_is_tidy_where_a_tag_was(text: str, clean: str) -> None:
    assert parse(text.replace("#", "<lora:ink:1>"))[0] == clean


def test_no_tag_comes_to_be_where_one_was_cut_out() -> None:
    assert parse("<lora:a<lora:ink:1>b>")[0] == "\\<lora:a b>"


@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    clean, mentions = parse(text)

    assert parse(clean) == (clean, [])
    for each in mentions:
        assert each.name
        assert all(math.isfinite(weight) and abs(weight) <= 100 for weight in (each.strength_model, each.strength_clip))
        assert text[each.span[0]] == "<"
        assert text[each.span[1] - 1] == ">"
    spans = [end for each in mentions for end in each.span]
    assert spans == sorted(spans)
    if not mentions:
        assert clean == text
    assert all("\n" not in finding for finding in findings(text))


@given(NAMES, WEIGHTS, WEIGHTS)
def test_every_name_and_weight_is_read_back(name: str, model: object, clip: object) -> None:
    assert named(f"<lora:{name}:{model}:{clip}>") == [(name, float(str(model)), float(str(clip)))]


def test_a_long_prompt_takes_no_time() -> None:
    text = "<lora:" + " " * 100_000 + "\\" * 100_000 + "<lora:ink" * 2_000 + "<lora:ink:1>, " * 2_000

    assert len(parse(text)[1]) == 2_000
