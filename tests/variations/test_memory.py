"""Sizes and batches within memory, and temporary files that never stay."""

from __future__ import annotations

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorakeeper.py.errors import UsageError
from lorakeeper.py.variations.memory import MemoryOptimizer, memory_at_hand
from lorakeeper.testing.pictures import photograph

GIB = 1 << 30
SIDES = st.integers(1, 20000)


def optimizer(limit_mb: int = 2048, available: int = 64 * GIB, max_dimension: int = 2048) -> MemoryOptimizer:
    return MemoryOptimizer(max_dimension, limit_mb, available=lambda: available)


def test_large_pictures_are_reduced_by_lanczos_in_proportion() -> None:
    image = photograph(1, (400, 200))

    reduced = optimizer(max_dimension=100).reduced(image)

    assert reduced.tobytes() == image.resize((100, 50), Image.Resampling.LANCZOS).tobytes()


def test_small_pictures_stay_as_they_are() -> None:
    image = photograph(1, (100, 60))

    assert optimizer(max_dimension=100).reduced(image) is image


@pytest.mark.parametrize("mode", ["RGBA", "L", "LA", "I;16", "F"])
def test_the_mode_stays(mode: str) -> None:
    assert optimizer(max_dimension=50).reduced(Image.new(mode, (200, 100))).mode == mode


def test_alpha_is_reduced_with_the_picture() -> None:
    image = Image.new("RGBA", (400, 200), (255, 0, 0, 77))

    assert optimizer(max_dimension=100).reduced(image).getpixel((50, 25)) == (255, 0, 0, 77)


def test_a_palette_is_left_behind() -> None:
    assert optimizer(max_dimension=50).reduced(photograph(1, (200, 100)).convert("P")).mode == "RGB"


def test_memory_does_not_grow_over_a_thousand_pictures() -> None:
    image, here = photograph(1, (256, 256)), optimizer(max_dimension=128)

    def reduce(count: int) -> int:
        for _ in range(count):
            here.reduced(image)
        return int(psutil.Process().memory_info().rss)

    before = reduce(100)

    assert reduce(1000) - before < 16 << 20


@given(SIDES, SIDES, st.integers(1, 5000))
def test_a_reduced_size_fits_and_keeps_its_shape(width: int, height: int, most: int) -> None:
    found = optimizer(max_dimension=most).reduced_size(width, height)

    assert min(found) >= 1
    assert max(found) == min(max(width, height), most)
    share = max(found) / max(width, height)
    assert abs(found[0] - width * share) <= 1
    assert abs(found[1] - height * share) <= 1


@given(SIDES, SIDES, st.integers(1, 500), st.integers(1, 4096), st.integers(0, 64 * GIB))
def test_a_batch_fits_into_the_limit_and_into_half_of_the_memory(
    width: int, height: int, count: int, limit_mb: int, available: int
) -> None:
    here = optimizer(limit_mb, available)
    found = here.batch_size(width, height, count)
    out = here.reduced_size(width, height)
    tensors = 4 * 4 * (width * height + out[0] * out[1])

    assert 1 <= found <= count
    assert found == 1 or found * tensors <= min(limit_mb << 20, available // 2)


def test_more_memory_makes_larger_batches() -> None:
    sizes = [optimizer(available=gib * GIB).batch_size(1024, 1024, 1000) for gib in (0, 1, 2, 4, 64)]

    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert sizes[1] < sizes[2] < sizes[3] == sizes[4] < 1000


def test_no_pictures_make_no_batch() -> None:
    assert optimizer().batch_size(10, 10, 0) == 0


def test_memory_is_this_machines() -> None:
    assert 0 < memory_at_hand() < 1 << 50


@pytest.mark.parametrize("options", [(0, 1), (1, 0)])
def test_limits_that_make_no_sense_are_refused(options: tuple[int, int]) -> None:
    with pytest.raises(UsageError):
        MemoryOptimizer(*options)


@pytest.mark.parametrize("size", [(0, 5, 1), (5, 0, 1), (5, 5, -1)])
def test_sizes_that_make_no_sense_are_refused(size: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError):
        optimizer().batch_size(*size)
