"""The cache: what counts as the same question, what is kept, and what leaves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations.cache import VariationCache, answer_key, cache_key
from lorakeeper.py.variations.cache_table import CacheIndex, Entry
from lorakeeper.py.variations.models import GeminiRequest
from lorakeeper.py.variations.outcomes import ImageOutcome, Picture, Usage

CAT = GeminiRequest("a cat", images=(Picture(b"one", "image/png"),), temperature=1.0, extra={"seed": 1, "top_p": 0.5})


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def outcome(size: int, letter: str = "x", count: int = 1) -> ImageOutcome:
    pictures = tuple(Picture(letter.encode() * size, "image/png", 5, 6) for _ in range(count))
    return ImageOutcome(pictures, "Here.", Usage(7, 8), "gemini-3-pro-image")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[CacheIndex]:
    database = Database(tmp_path / "library.db")
    await database.open()
    yield CacheIndex(database)
    await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(folder: Path, index: CacheIndex) -> VariationCache:
    return VariationCache(folder, index, limit=1000, now=Clock())


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*") if path.is_file())


# -- Keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        replace(CAT, prompt="a cat "),
        replace(CAT, model="gemini-2.5-flash-image"),
        replace(CAT, images=()),
        replace(CAT, images=(Picture(b"two", "image/png"),)),
        replace(CAT, images=(*CAT.images, *CAT.images)),
        replace(CAT, aspect_ratio="1:1"),
        replace(CAT, size="1K"),
        replace(CAT, temperature=None),
        replace(CAT, temperature=0.5),
        replace(CAT, system_instruction="x"),
        replace(CAT, extra={"seed": 1}),
        replace(CAT, extra={"seed": 2, "top_p": 0.5}),
        replace(CAT, extra={"seed": "1", "top_p": 0.5}),
    ],
)
def test_everything_that_matters_is_in_the_key(other: GeminiRequest) -> None:
    assert cache_key(other) != cache_key(CAT)


def test_each_variation_of_one_question_has_its_own_key() -> None:
    assert len({answer_key(cache_key(CAT), number) for number in range(10)}) == 10


@pytest.mark.parametrize(
    "same",
    [
        replace(CAT, temperature=1),
        replace(CAT, extra={"top_p": 0.5, "seed": 1.0}),
        replace(CAT, model=f"models/{CAT.model}"),
        replace(CAT, images=(Picture(b"one", "image/png", 9, 9),)),
    ],
)
def test_the_same_in_another_spelling_has_the_same_key(same: GeminiRequest) -> None:
    assert cache_key(same) == cache_key(CAT)


def test_the_order_of_images_matters() -> None:
    one, two = Picture(b"one", "image/png"), Picture(b"two", "image/png")

    assert cache_key(replace(CAT, images=(one, two))) != cache_key(replace(CAT, images=(two, one)))


@given(st.text(), st.text(), st.text(), st.text())
def test_texts_do_not_run_into_each_other(prompt: str, system: str, other: str, other_system: str) -> None:
    first = replace(CAT, prompt=prompt, system_instruction=system)
    second = replace(CAT, prompt=other, system_instruction=other_system)

    assert (cache_key(first) == cache_key(second)) == ((prompt, system) == (other, other_system))


# -- Keeping ---------------------------------------------------------------------------------------------------------


async def test_what_is_kept_comes_back_and_costs_nothing(cache: VariationCache) -> None:
    assert await cache.put("a" * 64, outcome(100, count=2))

    found = await cache.get("a" * 64)

    assert found is not None
    assert found.images == outcome(100, count=2).images
    assert (found.text, found.model, found.from_cache) == ("Here.", "gemini-3-pro-image", True)
    assert found.usage == Usage(0, 0)
    assert "cache" in found.sentence
    assert await cache.size() == 200
    assert await cache.get("b" * 64) is None


async def test_a_new_answer_takes_the_place_of_the_old(cache: VariationCache, folder: Path) -> None:
    await cache.put("a" * 64, outcome(100, "x", count=2))
    await cache.put("a" * 64, outcome(50, "y"))

    found = await cache.get("a" * 64)

    assert found is not None
    assert found.images == outcome(50, "y").images
    assert len(files(folder)) == 1
    assert await cache.size() == 50


@pytest.mark.parametrize("spoil", ["missing", "shorter", "longer", "changed"])
async def test_an_entry_whose_file_is_not_as_it_was_is_dropped(cache: VariationCache, folder: Path, spoil: str) -> None:
    await cache.put("a" * 64, outcome(100, count=2))
    first = files(folder)[0]
    content = first.read_bytes()
    if spoil == "missing":
        first.unlink()
    else:
        first.write_bytes({"shorter": content[:-1], "longer": content + b"x", "changed": b"z" + content[1:]}[spoil])

    assert await cache.get("a" * 64) is None
    assert await cache.size() == 0
    assert files(folder) == []


async def test_an_answer_that_came_meanwhile_is_found(folder: Path, index: CacheIndex) -> None:
    """Another process replaces the answer after the index was asked and before its file was opened."""
    other = VariationCache(folder, index, limit=1000)
    await other.put("a" * 64, outcome(100, "x"))

    class Late(VariationCache):
        replaced = False

        def _read(self, entry: Entry) -> tuple[Picture, ...]:
            if not self.replaced:
                self.replaced = True
                asyncio.run_coroutine_threadsafe(other.put("a" * 64, outcome(100, "y")), loop).result(10)
            return super()._read(entry)

    loop = asyncio.get_running_loop()
    found = await Late(folder, index, limit=1000).get("a" * 64)

    assert found is not None
    assert found.images == outcome(100, "y").images


async def test_a_limit_of_nothing_keeps_nothing(folder: Path, index: CacheIndex) -> None:
    cache = VariationCache(folder, index, limit=lambda: 0)

    assert not await cache.put("a" * 64, outcome(1))
    assert not folder.exists()


async def test_clearing_drops_everything(cache: VariationCache, folder: Path) -> None:
    for letter in "abc":
        await cache.put(letter * 64, outcome(10))

    assert await cache.clear() == 3
    assert files(folder) == []
    assert await cache.size() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a folder can't be made read-only there")
async def test_a_disk_that_takes_nothing_is_no_failure(cache: VariationCache, folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")

    assert not await cache.put("a" * 64, outcome(10))
    assert await cache.get("a" * 64) is None


async def test_a_database_that_is_closed_is_no_failure(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db")
    await database.open()
    cache = VariationCache(tmp_path / "cache", CacheIndex(database))
    await database.close()

    assert not await cache.put("a" * 64, outcome(10))
    assert await cache.get("a" * 64) is None
    assert files(tmp_path / "cache") == []


# -- Making room -----------------------------------------------------------------------------------------------------


async def test_the_least_recently_used_leave_down_to_four_fifths(cache: VariationCache, folder: Path) -> None:
    for letter in "abcde":
        await cache.put(letter * 64, outcome(200, letter))
    assert await cache.size() == 1000
    await cache.get("a" * 64)
    await cache.put("f" * 64, outcome(200, "f"))

    left = [letter for letter in "abcdef" if await cache.get(letter * 64)]

    assert left == ["a", "d", "e", "f"]
    assert sum(path.stat().st_size for path in files(folder)) == await cache.size() == 800


async def test_real_sizes_count(cache: VariationCache, folder: Path) -> None:
    for letter in "abcd":
        await cache.put(letter * 64, outcome(200, letter))
    (grown,) = folder.glob("bb/*")
    grown.write_bytes(bytes(900))

    assert await cache.make_room() == 2
    assert [letter for letter in "abcd" if await cache.get(letter * 64)] == ["c", "d"]


async def test_many_entries_leave_in_one_go(folder: Path, index: CacheIndex) -> None:
    limit = 10_000
    cache = VariationCache(folder, index, limit=lambda: limit, now=Clock())
    for number in range(200):
        await cache.put(f"{number:064x}", outcome(10))
    limit = 100

    assert await cache.make_room() == 192
    assert await cache.size() == 80
    assert len(files(folder)) == 8


async def test_files_of_nobody_leave_when_they_are_old(folder: Path, index: CacheIndex) -> None:
    now = [0.0]
    cache = VariationCache(folder, index, limit=1000, now=lambda: now[0])
    await cache.put("a" * 64, outcome(10))
    left = [folder / "aa" / f".{'a' * 16}-x-0.png-tmp", folder / "bb" / f"{'b' * 16}-x-0.png"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    now[0] = left[0].stat().st_mtime + 60

    await cache.make_room()
    assert all(path.exists() for path in left)

    now[0] += 3600
    await cache.make_room()
    assert not any(path.exists() for path in left)
    assert await cache.get("a" * 64) is not None


async def test_room_is_made_by_one_at_a_time(cache: VariationCache, folder: Path) -> None:
    for letter in "abcd":
        await cache.put(letter * 64, outcome(250, letter))
    with FileLock(folder / "clearing.lock"):
        assert await cache.make_room() == 0
        await cache.put("e" * 64, outcome(250, "e"))
        assert await cache.size() == 1250

    assert await cache.make_room() == 2
