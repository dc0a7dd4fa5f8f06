r"""Trigger words: the author's to the letter, each in the prompt once."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.library.trigger_words import (
    Placement,
    Source,
    Word,
    best_words,
    insert_trigger_words,
    merge_words,
    split_words,
    told_sets,
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(red hair, smile:1.2), hat", ["(red hair, smile:1.2)", "hat"]),
        ("((a, b), c), d", ["((a, b), c)", "d"]),
        (r"exusiai \(arknights, alt\), hat", [r"exusiai \(arknights, alt\)", "hat"]),
        (r"(exusiai \(arknights\), hat:1.1), smile", [r"(exusiai \(arknights\), hat:1.1)", "smile"]),
        (r"a \(b, c), d", [r"a \(b", "c)", "d"]),
        ("smile, :(, hat", ["smile", ":(", "hat"]),
        (":(, hat, :)", [":(", "hat", ":)"]),
        ("(a, b", ["(a", "b"]),
        ("a), (b", ["a)", "(b"]),
        ("(a,, b)", ["(a,, b)"]),
    ],
)
def test_what_stands_in_parentheses_stays_together(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


def test_long_rows_of_halves_are_split_in_no_time() -> None:
    started = time.perf_counter()
    for text in ("(" * 20_000 + r"\)" * 20_000, "\\" * 50_000, "(,\\(," * 10_000 + ")" * 10_000):
        split_words(text)

    assert time.perf_counter() - started < 2


def test_the_authors_sets_are_complete_though_each_word_is_kept_once() -> None:
    groups = ["ohwx, red dress", "OHWX, blue dress, ohwx", " , "]

    assert [word.text for word in words_of("site", groups)] == ["ohwx", "red dress", "blue dress"]
    assert [each.words for each in told_sets([], groups, [], [])] == [["ohwx", "red dress"], ["OHWX", "blue dress"]]


def test_suggestions_are_in_no_set_of_what_was_declared() -> None:
    told = told_sets([], [], ["ohwx"], ["guess"])

    assert [(each.suggested, each.words) for each in told] == [(False, ["ohwx"]), (True, ["guess"])]


def test_each_source_keeps_its_sets_whole_and_guesses_are_one_set_of_what_nobody_says() -> None:
    told = told_sets(["mine, Ohwx"], ["ohwx, red dress", " , "], ["red dress"], ["smile, mine", "Smile, hat"])

    assert [(each.source, each.place, each.suggested, each.words) for each in told] == [
        ("user", 0, False, ["mine", "Ohwx"]),
        ("site", 0, False, ["ohwx", "red dress"]),
        ("header", 0, False, ["red dress"]),
        ("header", 0, True, ["smile", "hat"]),
    ]


def test_only_the_best_guess_goes_into_a_prompt_and_only_if_nobody_said_a_word() -> None:
    guesses = words_of("header", ["ohwx", "red hair"], suggested=True)

    assert best_words(guesses) == ["ohwx"]
    assert best_words(merge_words(words_of("header", ["declared, too"]), guesses)) == ["declared", "too"]
    assert best_words(merge_words(words_of("user", ["mine"]), guesses)) == ["mine"]


TEXTS = st.text(alphabet="ab, ()\\:1é", max_size=30)
WORDS = st.builds(
    words_of, st.sampled_from(["user", "site", "header"]), st.lists(TEXTS, max_size=4), suggested=st.booleans()
)


@given(TEXTS)
def test_splitting_what_was_joined_gives_the_same_words(text: str) -> None:
    words = split_words(text)

    assert split_words(", ".join(words)) == words


@given(TEXTS)
def test_splitting_loses_nothing_but_commas_and_spaces(text: str) -> None:
    kept, given_ = ("".join(words) for words in (split_words(text), [text]))

    assert re.sub(r"[,\s]", "", kept) == re.sub(r"[,\s]", "", given_)


@given(st.lists(TEXTS, max_size=5))
def test_every_word_of_every_set_is_found_in_its_set(groups: list[str]) -> None:
    expected = [{folded(word) for word in split_words(text)} for text in groups if split_words(text)]

    assert [{folded(word) for word in each.words} for each in told_sets([], groups, [], [])] == expected


@given(WORDS, WORDS, WORDS)
def test_merging_keeps_every_word_once_and_the_first_who_names_it(a: list[Word], b: list[Word], c: list[Word]) -> None:
    merged = merge_words(a, b, c)

    assert {folded(word.text) for word in merged} == {folded(word.text) for word in [*a, *b, *c]}
    assert len({folded(word.text) for word in merged}) == len(merged)
    assert all(next(each for each in [*a, *b, *c] if folded(each.text) == folded(word.text)) == word for word in merged)
    assert merge_words(merged) == merged == merge_words(merged, a, b, c)


@given(st.lists(TEXTS), st.lists(TEXTS), st.lists(TEXTS), st.permutations(["user", "site", "header"]))
def test_the_user_goes_before_the_site_and_the_site_before_the_header(
    user: list[str], site: list[str], header: list[str], order: list[Source]
) -> None:
    sources: dict[Source, list[Word]] = {
        "user": words_of("user", user),
        "site": words_of("site", site),
        "header": words_of("header", header),
    }
    expected = next((words for words in sources.values() if words), [])

    assert best_words([word for name in order for word in sources[name]]) == [word.text for word in expected]


def folded(word: str) -> str:
    return " ".join(word.casefold().split())
