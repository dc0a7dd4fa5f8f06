r"""Trigger words: the author's to the letter, each in the prompt once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.library.trigger_words import (
    Placement,
    best_words,
    insert_trigger_words,
    merge_words,
    split_words,
    words_of,
)

ESCAPED = r"exusiai_the_new_covenant_\(arknights\), red hair, orange eyes"


def test_words_come_before_or_after_the_prompt() -> None:
    assert insert_trigger_words("a cat", ["ohwx"]) == "ohwx, a cat"
    assert insert_trigger_words("a cat", ["ohwx"], Placement.AFTER) == "a cat, ohwx"


def test_escapes_case_and_inner_spacing_are_the_authors() -> None:
    assert insert_trigger_words("1girl", [ESCAPED, "Ada  Wong"]) == f"{ESCAPED}, Ada  Wong, 1girl"


@pytest.mark.parametrize(
    "prompt",
    ["red hair", "1girl, RED HAIR", "(red hair:1.2), smile", "a woman with red  hair, smiling", "red hair\nsmile"],
)
def test_a_word_in_the_prompt_is_not_added_again(prompt: str) -> None:
    assert insert_trigger_words(prompt, ["Red Hair"]) == prompt


def test_a_part_of_a_longer_word_is_not_the_word() -> None:
    assert insert_trigger_words("predator", ["red"]) == "red, predator"


def test_an_escaped_word_in_the_prompt_is_recognised() -> None:
    assert insert_trigger_words(r"1girl, ada \(re\)", [r"Ada \(RE\)"]) == r"1girl, ada \(re\)"


def test_a_word_given_twice_is_added_once() -> None:
    assert insert_trigger_words("", ["ohwx, OHWX", "ohwx"]) == "ohwx"


def test_words_switched_off_stay_out() -> None:
    assert insert_trigger_words("x", ["a, b, c"], off=["B"]) == "a, c, x"


def test_a_weight_wraps_each_new_word() -> None:
    assert insert_trigger_words("x", ["a, b"], weight=1.2) == "(a:1.2), (b:1.2), x"


def test_the_separator_is_the_users() -> None:
    assert insert_trigger_words("x", ["a", "b"], separator=" | ") == "a | b | x"


def test_nothing_to_add_leaves_the_prompt() -> None:
    assert insert_trigger_words("x", [" , ,"]) == "x"
    assert insert_trigger_words("", []) == ""


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=5), st.sampled_from(Placement))
def test_adding_again_changes_nothing(prompt: str, words: list[str], placement: Placement) -> None:
    once = insert_trigger_words(prompt, words, placement)

    assert insert_trigger_words(once, words, placement) == once


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=5))
def test_the_prompt_itself_is_never_changed(prompt: str, words: list[str]) -> None:
    assert insert_trigger_words(prompt, words).endswith(prompt.strip())


def test_the_authors_sets_are_known_after_splitting() -> None:
    words = words_of("site", ["a, b", "", " , c, A"])

    assert [(word.text, word.group) for word in words] == [("a", 0), ("b", 0), ("c", 2)]


def test_a_word_belongs_to_the_first_source_that_names_it() -> None:
    merged = merge_words(words_of("user", ["mine"]), words_of("site", ["Mine, theirs"]), words_of("header", ["theirs"]))

    assert [(word.text, word.source) for word in merged] == [("mine", "user"), ("theirs", "site")]


def test_the_users_words_take_the_place_of_the_sites_in_a_prompt() -> None:
    assert best_words(merge_words(words_of("user", ["mine"]), words_of("site", ["theirs"]))) == ["mine"]
    assert best_words(merge_words(words_of("site", ["theirs"]), words_of("header", ["old"]))) == ["theirs"]
    assert best_words([]) == []


def test_split_words_drops_what_is_empty() -> None:
    assert split_words(" a ,, b c , ") == ["a", "b c"]
