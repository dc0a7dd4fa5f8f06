"""Full-text search: what is found by what, in any script, and that no text does harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from lorakeeper.py.library import search
from lorakeeper.py.storage.database import Database

DOCUMENTS = {
    1: "Exusiai (Arknights)\nloras/AnimeStyle/exusiai_v2.safetensors\nhalo, red dress, angel wings",
    2: "初音ミク Hatsune Miku\nmiku-v1.0.safetensors\nツインテール",
    3: "東京の夜景\ntokyo_night.safetensors\nガンダム",
    4: "애니메이션 소녀\nkorean_girl.safetensors",
    5: "中国风山水\nInkWashPainting2.safetensors",
    6: "Café Crème\ncafe-creme.safetensors\nＦｕｌｌ Ｗｉｄｔｈ, dress",
    7: "🔥 Flame ★ Эльфийка\nGlühwürmchen.safetensors",
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "library.db")
    await database.open()
    await database.write(lambda c: search.put(c, DOCUMENTS.items()))
    yield database
    await database.close()


async def finds(database: Database, query: str) -> set[int] | None:
    """The files that a query finds, None where it asks for nothing."""

    def work(connection: Connection) -> set[int] | None:
        found: set[int] = set()
        for slips in (False, True):
            expression = search.matching(connection, query, slips=slips)
            if expression is None:
                return None
            found = found or {row.file for row in connection.execute(search.found(expression))}
            listed = search.listed(connection, expression)
            assert not found or {int(each) for each in listed.split(",")} == found
        return found

    return await database.read(work)


FOUND: tuple[tuple[str, set[int]], ...] = (
    ("exusiai", {1}),
    ("USIA", {1}),
    ("usi", {1}),
    ("ex", {1}),
    ("x", set()),
    ("angel halo exusiai", {1}),
    ("halo exusiai angel", {1}),
    ("halo miku", set()),
    ("dress", {1, 6}),
    ("dress -red", {6}),
    ("-dress", {2, 3, 4, 5, 7}),
    ("-dress -miku", {3, 4, 5, 7}),
    ('"red dress"', {1}),
    ('"dress red"', set()),
    ('-"red dress" dress', {6}),
    ("red_dress", {1}),
    ("red_dr", {1}),
    ("v1.0", {2}),
    ("10", set()),
    ("style", {1}),
    ("anime style", {1}),
    ("animestyle", {1}),
    ("v2", {1}),
    ("wash painting", {5}),
    ("初", {2}),
    ("初音", {2}),
    ("音初", set()),
    ("音 初", {2}),
    ("ミク", {2}),
    ("ツインテール", {2}),
    ("東", {3}),
    ("夜景", {3}),
    ("ガ", {3}),
    ("カ", set()),
    ("소", {4}),
    ("소녀", {4}),
    ("애니", {4}),
    ("山", {5}),
    ("中国", {5}),
    ("cafe creme", {6}),
    ("CAFÉ", {6}),
    ("full width", {6}),
    ("ｄｒｅｓｓ", {1, 6}),
    ("эльф", {7}),
    ("gluhwurm", {7}),
    ("🔥", {7}),
    ("★", {7}),
    ("🔥 ★ flame", {7}),
    ("💧", set()),
)


SLIPS: tuple[tuple[str, set[int]], ...] = (
    ("miko", {2}),  # changed
    ("mku", set()),  # too short for a slip
    ("hato", {1}),
    ("exuisai", {1}),  # swapped
    ("xeusiai", {1}),  # swapped at the start
    ("exusai", {1}),  # left out
    ("exussiai", {1}),  # put in
    ("exuzzai", set()),  # two of seven letters
    ("hatsnue", {2}),
    ("arknigths", {1}),
    ("arkinghts", {1}),  # two of nine
    ("arzzzghts", set()),
    ("exuisai agnel", {1}),
    ("exuisai -halo", set()),
    ("-exuisai halo", {1}),  # nothing is left out by a slip
)


async def test_words_are_found_in_any_order_and_script(database: Database) -> None:
    for query, expected in FOUND:
        assert await finds(database, query) == expected, query


async def test_what_has_no_word_asks_for_nothing(database: Database) -> None:
    for query in ("", "   ", "-", '""', "& ... !", "\0", "*"):
        assert await finds(database, query) is None, query


async def test_a_word_that_nobody_uses_stands_for_those_close_to_it(database: Database) -> None:
    for query, expected in SLIPS:
        assert await finds(database, query) == expected, query


async def test_a_word_that_is_gone_again_stands_for_those_close_to_it(database: Database) -> None:
    await database.write(lambda c: search.put(c, [(8, "angle")]))
    assert await finds(database, "angle") == {8}

    await database.write(lambda c: search.drop(c, [8]))

    assert await finds(database, "angle") == {1}


async def test_a_document_takes_the_place_of_the_one_before(database: Database) -> None:
    await database.write(lambda c: search.put(c, [(1, "something else")]))

    assert await finds(database, "halo") == set()
    assert await finds(database, "something") == {1}


async def test_what_is_dropped_is_not_found(database: Database) -> None:
    await database.write(lambda c: search.drop(c, [1, 6, 99]))

    assert await finds(database, "dress") == set()


async def test_a_part_of_very_many_words_is_found_where_they_begin_with_it(database: Database) -> None:
    many = [(100 + number, f"abc{number:05} x{number:04}abcd") for number in range(1_200)]
    await database.write(lambda c: search.put(c, many))

    assert len(await finds(database, "abc") or ()) == 1_200
    assert await finds(database, "abc00007") == {107}
    assert await finds(database, "0007abc") == {107}


async def test_three_letters_of_many_words_are_their_beginning_and_four_may_be_inside(database: Database) -> None:
    await database.write(
        lambda c: search.put(
            c, [*((200 + each, f"style{each}") for each in range(40)), (300, "xstyle"), (301, "rusty")]
        )
    )

    three, four = await finds(database, "sty"), await finds(database, "styl")

    assert three == {1, *range(200, 240)}  # AnimeStyle has a word that begins so
    assert four == {1, *range(200, 240), 300}
    assert await finds(database, "rus") == {301}
    assert await finds(database, "ust") == {301}


async def test_tidying_ends_and_loses_nothing(database: Database) -> None:
    for number in range(30):
        await database.write(partial(search.put, documents=[(100 + number, f"word{number} shared")]))

    for _ in range(1_000):
        if not await database.write(search.tidy):
            break
    else:
        pytest.fail("tidying does not end")

    assert await finds(database, "shared") == set(range(100, 130))
    assert await finds(database, "word7") == {107}


@settings(max_examples=300)
@given(st.text())
def test_folding_is_done_at_once(text: str) -> None:
    folded = search.fold(text)

    assert search.fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème Brûlée", "creme brulee"),
        ("ガ", "ガ"),
        ("ｶﾞ", "ガ"),
        ("한국", "한국"),
        ("ＡＢｃ１", "abc1"),
        ("Straße", "strasse"),
    ],
)
def test_folding_keeps_what_makes_a_letter(text: str, folded: str) -> None:
    assert search.fold(text) == folded


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet='"*()-:^{}+,\0 aNOTANDORNEAR🔥初\ue000\ue001\ue002\ue003', max_size=60),
)


@settings(max_examples=200)
@given(query=HOSTILE)
async def test_no_query_does_harm(database: Database, query: str) -> None:
    found = await finds(database, query)

    assert found is None or found <= set(DOCUMENTS)


@settings(max_examples=100)
@given(text=st.text(max_size=80), data=st.data())
async def test_each_word_of_a_text_finds_it(database: Database, text: str, data: st.DataObject) -> None:
    await database.write(lambda c: search.put(c, [(50, text)]))
    words = [word for word in search.fold(text).split() if not word.startswith(("-", '"')) and '"' not in word]
    if not words:
        return
    query = " ".join(data.draw(st.permutations(words[:10])))

    found = await finds(database, query)

    assert found is None or 50 in found


@settings(max_examples=150)
@given(word=st.text("abcde", min_size=5, max_size=12), data=st.data())
async def test_every_single_slip_behind_the_first_letter_is_forgiven(
    database: Database, word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(word) - 1))
    letter = data.draw(st.sampled_from("abcde"))
    swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    slip = data.draw(
        st.sampled_from(
            [word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :], word[:at] + letter + word[at:], swapped]
        )
    )
    await database.write(lambda c: search.put(c, [(60, word)]))

    found = await finds(database, slip)

    assert found == {60}
