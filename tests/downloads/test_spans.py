"""Ranges of bytes, and how the missing ones are handed out."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.downloads.spans import Pieces, Spans

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@given(ranges=RANGES, size=st.integers(0, 70))
def test_spans_are_a_set_of_bytes(ranges: list[tuple[int, int]], size: int) -> None:
    spans = Spans(ranges)
    every = {at for start, end in ranges for at in range(start, end)}

    assert {at for start, end in spans for at in range(start, end)} == every
    assert spans.total == len(every)
    assert spans.prefix == next(at for at in range(100) if at not in every)
    parts = list(spans)
    assert all(first[1] < second[0] for first, second in pairwise(parts))
    limited = Spans((start, min(end, size)) for start, end in ranges)
    missing = {at for start, end in limited.gaps(size) for at in range(start, end)}
    assert missing == set(range(size)) - every


@given(
    ranges=RANGES,
    size=st.integers(1, 70),
    length=st.integers(1, 30),
    least=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.booleans()), max_size=60),
)
def test_every_missing_byte_is_fetched_once(
    ranges: list[tuple[int, int]], size: int, length: int, least: int, steps: list[tuple[int, int, bool]]
) -> None:
    spans = Spans((start, min(end, size)) for start, end in ranges)
    pieces = Pieces(spans, size, length, least)
    fetched: list[int] = []
    hands = [pieces.take() for _ in range(4)]

    def read(place: int, count: int) -> None:
        if piece := hands[place]:
            count = min(count, piece.left)
            fetched.extend(range(piece.at, piece.at + count))
            piece.at += count

    for place, count, gives_back in steps:
        read(place, count)
        piece = hands[place]
        if piece is None:
            hands[place] = pieces.take()
        elif gives_back or not piece.left:
            pieces.give_back(piece)
            hands[place] = pieces.take()
    for place, piece in enumerate(hands):
        read(place, size)
        if piece:
            pieces.give_back(piece)
    while last := pieces.take():
        fetched.extend(range(last.at, last.end))
        last.at = last.end
        pieces.give_back(last)

    assert sorted(fetched) == [at for start, end in spans.gaps(size) for at in range(start, end)]
    assert not pieces.waiting


def test_pieces_come_in_their_order_and_the_last_is_shared_out() -> None:
    pieces = Pieces(Spans([(0, 10)]), 100, 30, 5)

    first, second, third = pieces.take(), pieces.take(), pieces.take()
    assert first is not None
    assert second is not None
    assert third is not None
    assert [(each.at, each.end) for each in (first, second, third)] == [(10, 40), (40, 70), (70, 100)]
    first.at = 38
    fourth = pieces.take()
    assert fourth is not None
    assert (second.end, fourth.at, fourth.end) == (55, 55, 70)
