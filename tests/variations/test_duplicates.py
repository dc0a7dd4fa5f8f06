"""Duplicates: copies are found, other pictures are not, in every scope, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lorakeeper.py.errors import UsageError
from lorakeeper.py.variations.alignment import SIDE, match, small_grey
from lorakeeper.py.variations.duplicates import DuplicationPreventer
from lorakeeper.py.variations.hashes import Hashes, differing, distance, hashes, set_bits
from lorakeeper.py.variations.seen import HashIndex, Kept, MemoryStore, Radii, Seen
from lorakeeper.testing.pictures import COPIES, FAULTS, MAKERS, edited, encoded, mirrored

SIZE = (256, 256)
MANY = 20
WORDS = st.integers(0, 2**64 - 1)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [make(seed, SIZE) for make in MAKERS.values() for seed in range(100, 100 + MANY)]


@pytest.fixture(scope="module")
def filled(pictures: list[Image.Image]) -> DuplicationPreventer:
    preventer = DuplicationPreventer(mirrored=True)
    for each in pictures:
        assert preventer.add_variation(each)
    return preventer


def numbers(filled: DuplicationPreventer, images: Sequence[Image.Image]) -> list[int | None]:
    return [None if (found := filled.duplicate_of(each)) is None else found.number for each in images]


# -- Hashes ----------------------------------------------------------------------------------------------------------


def bits(word: int) -> list[bool]:
    return [bit == "1" for bit in f"{word:064b}"]


@pytest.mark.parametrize("size", [(256, 256), (300, 171), (64, 512), (9, 5)])
@pytest.mark.parametrize("name", MAKERS)
def test_hashes_are_imagehashs_to_the_bit(name: str, size: tuple[int, int]) -> None:
    for seed in range(4):
        image = MAKERS[name](seed, (max(size[0], 40), max(size[1], 40))).resize(size)
        found = hashes(image)

        assert bits(found.p) == imagehash.phash(image).hash.ravel().tolist()
        assert bits(found.a) == imagehash.average_hash(image).hash.ravel().tolist()
        assert bits(found.d) == imagehash.dhash(image).hash.ravel().tolist()


@given(st.lists(WORDS, min_size=1, max_size=50), WORDS)
def test_differing_bits_are_counted_with_and_without_numpys_own_count(words: list[int], word: int) -> None:
    column = np.array(words, np.uint64)
    wanted = [distance(each, word) for each in words]

    assert differing(column, word).tolist() == wanted
    assert set_bits(column ^ np.uint64(word)).tolist() == wanted


# -- The index -------------------------------------------------------------------------------------------------------


def brute(kept: Iterable[Kept], wanted: Hashes, radii: Radii) -> set[int]:
    return {
        number
        for number, each in kept
        if distance(each.p, wanted.p) <= radii.p
        and distance(each.a, wanted.a) <= radii.a
        and distance(each.d, wanted.d) <= radii.d
    }


def flipped(word: int, chance: np.random.Generator, count: int) -> int:
    for bit in chance.choice(64, count, replace=False):
        word ^= 1 << int(bit)
    return word


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.integers(0, 64), st.integers(0, 64), st.integers(0, 64))
def test_the_index_answers_as_brute_force(seed: int, count: int, p: int, a: int, d: int) -> None:
    chance = np.random.default_rng(seed)
    centre = Hashes(*(int(word) for word in chance.integers(0, 2**64, 3, dtype=np.uint64)))
    kept = [
        Kept(number * 7, Hashes(*(flipped(word, chance, int(chance.integers(0, 33))) for word in centre)))
        for number in range(count)
    ]
    index = HashIndex(Radii(p, a, d))
    index.add_all(kept)

    found = index.near(centre)

    assert set(found) == brute(kept, centre, Radii(p, a, d))
    assert len(set(found)) == len(found)
    far = {each.number: sum(map(distance, each.hashes, centre)) for each in kept}
    assert [far[number] for number in found] == sorted(far[number] for number in found)


def million() -> HashIndex:
    chance = np.random.default_rng(9)
    columns = chance.integers(0, 2**64, (3, 1_000_000), dtype=np.uint64)
    index = HashIndex()
    index.fill(np.arange(1_000_000), *columns)
    return index


def test_one_is_found_among_a_million() -> None:
    index = million()
    chance = np.random.default_rng(10)
    planted = Hashes(*(int(word) for word in chance.integers(0, 2**64, 3, dtype=np.uint64)))
    index.add_all([Kept(5_000_000, planted)])
    near = Hashes(*(flipped(word, chance, 10) for word in planted))

    assert index.near(near) == [5_000_000]


def test_a_radius_beyond_the_bits_is_refused() -> None:
    with pytest.raises(UsageError):
        Radii(p=65)


# -- Copies and strangers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_found(copy: str, pictures: list[Image.Image], filled: DuplicationPreventer) -> None:
    copies = [COPIES[copy](image, seed + turn) for turn in (0, 1000) for seed, image in enumerate(pictures)]

    found = numbers(filled, copies)

    assert sum(each == at % len(pictures) for at, each in enumerate(found)) >= 0.99 * len(copies)


def test_mirrored_copies_are_found_only_where_asked(pictures: list[Image.Image], filled: DuplicationPreventer) -> None:
    copies = [encoded(mirrored(image), 70) for image in pictures]
    strict = DuplicationPreventer()
    for each in pictures:
        strict.add_variation(each)

    assert numbers(filled, copies) == list(range(len(pictures)))
    assert numbers(strict, copies) == [None] * len(pictures)
    found = filled.duplicate_of(copies[0])
    assert found is not None
    assert found.mirrored


def test_edits_of_a_scene_are_new(pictures: list[Image.Image], filled: DuplicationPreventer) -> None:
    edits = [edited(image, seed) for seed, image in enumerate(pictures)]

    assert numbers(filled, edits) == [None] * len(pictures)


def test_strangers_are_not_taken_for_copies(pictures: list[Image.Image]) -> None:
    """Every pair, whether the hashes would have brought it or not."""
    greys = [small_grey(each) for each in pictures[::2]]
    pairs = [(one, other) for at, one in enumerate(greys) for other in greys[:at]]
    wrong = sum((how := match(one, other)).similarity > 0.95 and how.weakest >= 0.75 for one, other in pairs)

    assert wrong <= len(pairs) / 1000


def test_one_even_colour_is_not_another() -> None:
    preventer = DuplicationPreventer()
    white, black = (Image.new("RGB", (64, 64), colour) for colour in ("white", "black"))

    assert preventer.add_variation(white)
    assert preventer.add_variation(black)
    assert not preventer.add_variation(white)


def test_a_stricter_threshold_finds_less(pictures: list[Image.Image]) -> None:
    strict = DuplicationPreventer(0.9999)
    strict.add_variation(pictures[0])

    assert not strict.is_duplicate(encoded(pictures[0], 30))
    assert strict.is_duplicate(pictures[0])


@pytest.mark.parametrize("options", [{"similarity_threshold": 1.5}, {"weakest": float("nan")}, {"checked": 0}])
def test_options_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        DuplicationPreventer(**options)  # type: ignore[arg-type]


# -- Scopes ----------------------------------------------------------------------------------------------------------


class FileStore(MemoryStore):
    """Keeps everything in one file, as a database would."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._path.touch()
        with np.errstate(all="raise"), path.open("rb") as file:
            while record := file.read(24 + SIDE * SIDE):
                words = np.frombuffer(record[:24], np.uint64)
                super().save(Hashes(*map(int, words)), record[24:])

    def save(self, hashes: Hashes, grey: bytes) -> int:
        with self._path.open("ab") as file:
            file.write(np.array(hashes, np.uint64).tobytes() + grey)
        return super().save(hashes, grey)

    def clear(self) -> None:
        self._path.write_bytes(b"")
        super().clear()


def test_what_was_added_is_known_after_a_restart(tmp_path: Path, pictures: list[Image.Image]) -> None:
    first = DuplicationPreventer(seen=Seen(FileStore(tmp_path / "seen")))
    for each in pictures[:10]:
        first.add_variation(each)

    again = DuplicationPreventer(seen=Seen(FileStore(tmp_path / "seen")))

    assert len(again) == 10
    assert numbers(again, pictures[:10]) == list(range(10))
    assert again.add_variation(pictures[10])


def test_clear_forgets_in_the_store_too(tmp_path: Path, pictures: list[Image.Image]) -> None:
    preventer = DuplicationPreventer(seen=Seen(FileStore(tmp_path / "seen")))
    preventer.add_variation(pictures[0])

    preventer.clear()

    assert len(preventer) == 0
    assert preventer.add_variation(pictures[0])
    assert not preventer.add_variation(pictures[0])
    assert len(DuplicationPreventer(seen=Seen(FileStore(tmp_path / "seen")))) == 1


def test_what_the_store_has_lost_is_no_candidate(pictures: list[Image.Image]) -> None:
    class Forgetful(MemoryStore):
        def greys(self, numbers: Sequence[int]) -> dict[int, bytes]:
            return {}

    seen = Seen(Forgetful())
    seen.add(hashes(pictures[0]), small_grey(pictures[0]))

    assert seen.candidates(hashes(pictures[0]), 10) == []


def test_a_grey_of_another_size_is_passed_over(pictures: list[Image.Image]) -> None:
    store = MemoryStore()
    store.save(hashes(pictures[0]), b"short")

    assert not DuplicationPreventer(seen=Seen(store)).is_duplicate(pictures[0])


def test_of_copies_that_come_at_once_one_is_new(pictures: list[Image.Image]) -> None:
    preventer = DuplicationPreventer()
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(preventer.add_variation, [encoded(pictures[0], 60 + step) for step in range(24)]))

    assert new.count(True) == 1


def test_spoilt_beyond_recognition_is_no_copy(pictures: list[Image.Image], filled: DuplicationPreventer) -> None:
    spoilt = [FAULTS["half grey"](image, seed) for seed, image in enumerate(pictures[:MANY])]

    assert numbers(filled, spoilt) == [None] * MANY
