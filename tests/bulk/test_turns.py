"""Whose turn it is: priority, waiting, fairness, strategies and limits, as plain functions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from lorakeeper.py.bulk.jobs import BatchStrategy, BulkOptions, BulkStatus, Item, Priority, now
from lorakeeper.py.bulk.rows import OpenJob
from lorakeeper.py.bulk.turns import Limits, Work, next_to_go, ordered, rank, taken_up

LIMITS = Limits(files=5, jobs=2, connections=16)
LARGE, SMALL = 1 << 30, 1 << 20


def job(
    name: str,
    *,
    files: int = 10,
    place: float = 0.0,
    priority: Priority = Priority.NORMAL,
    strategy: BatchStrategy = BatchStrategy.PARALLEL,
    waited: float = 0.0,
    boost: int = 30,
    concurrency: int | None = None,
    batch: int = 5,
) -> OpenJob:
    options = BulkOptions(
        priority=priority, strategy=strategy, priority_boost=boost, concurrency=concurrency, batch_size=batch
    )
    return OpenJob(
        id=name,
        state=BulkStatus.PENDING,
        options=options,
        rank=priority.rank,
        position=place,
        waited=waited,
        files=files,
    )


def work(of: OpenJob, place: int, *, size: int | None = SMALL, ready: bool = True) -> Work:
    moment = now()
    item = Item(
        id=f"{of.id}{place}",
        job=of.id,
        target="1",
        position=float(place),
        total=size,
        created_at=moment,
        updated_at=moment,
    )
    return Work(item, of.options, ready=ready)


def works_of(of: OpenJob, *, size: int | None = SMALL) -> list[Work]:
    return [work(of, place, size=size) for place in range(of.files)]


def go(jobs: Sequence[OpenJob], works: Sequence[Work], limits: Limits = LIMITS) -> list[str]:
    """Lets go what may go now; their ids in the order of their turns."""
    gone: list[str] = []
    served: dict[str, int] = {}
    while following := next_to_go(ordered(jobs), works, limits, served):
        following.go.set()
        gone.append(following.item.id)
        served[following.item.job] = len(gone)
    return gone


# -- Order -----------------------------------------------------------------------------------------------------------


def test_jobs_go_by_priority_and_then_by_place() -> None:
    jobs = [
        job("a", place=0, priority=Priority.LOW),
        job("b", place=3),
        job("c", place=2),
        job("d", place=9, priority=Priority.HIGH),
    ]

    assert [each.id for each in ordered(jobs)] == ["d", "c", "b", "a"]


def test_waiting_raises_a_job_a_level_each_time_up_to_the_highest() -> None:
    levels = [rank(job("a", priority=Priority.LOW, waited=60.0 * minutes)) for minutes in (0, 29.9, 30, 60, 6000)]

    assert levels == [0, 0, 1, 2, 2]
    assert rank(job("a", priority=Priority.LOW, waited=1e9, boost=0)) == Priority.LOW.rank


def test_a_job_that_waited_goes_before_one_that_came_later_with_the_priority_it_was_raised_to() -> None:
    old = job("old", place=0, priority=Priority.LOW, waited=31 * 60)
    new = job("new", place=1)

    assert [each.id for each in ordered([new, old])] == ["old", "new"]


def test_files_of_the_job_of_higher_priority_go_first() -> None:
    low, high = job("l", place=0, priority=Priority.LOW, files=3), job("h", place=1, priority=Priority.HIGH, files=3)

    assert go([low, high], [*works_of(low), *works_of(high)]) == ["h0", "h1", "h2", "l0", "l1"]


def test_jobs_of_one_priority_take_turns() -> None:
    a, b = job("a"), job("b", place=1)

    assert go([a, b], [*works_of(a), *works_of(b)]) == ["a0", "b0", "a1", "b1", "a2"]


def test_among_jobs_with_as_many_files_the_one_whose_turn_is_longest_ago_is_next() -> None:
    a, b = job("a", files=2), job("b", files=2, place=1)
    works = [*works_of(a), *works_of(b)]

    following = next_to_go(ordered([a, b]), works, LIMITS, {"a": 7, "b": 3})

    assert following is works[2]


# -- Strategies ------------------------------------------------------------------------------------------------------


def test_sequential_is_one_file_after_the_other_even_if_a_later_one_is_known_first() -> None:
    one = job("a", files=3, strategy=BatchStrategy.SEQUENTIAL)
    works = works_of(one)
    works[0].ready = False

    assert go([one], works) == []
    works[0].ready = True
    assert go([one], works) == ["a0"]
    assert go([one], works[1:]) == ["a1"]


def test_a_file_that_is_being_stopped_holds_up_no_sequential_job() -> None:
    one = job("a", files=2, strategy=BatchStrategy.SEQUENTIAL)
    works = works_of(one)
    works[0].stopped = True

    assert go([one], works) == ["a1"]


def test_adaptive_is_two_large_files_or_many_small_ones() -> None:
    one = job("a", strategy=BatchStrategy.ADAPTIVE)

    assert len(go([one], works_of(one, size=LARGE))) == 2
    assert len(go([one], works_of(one, size=SMALL))) == 5
    assert len(go([one], works_of(one, size=None))) == 2  # may be large
    assert len(go([one], works_of(one, size=50_000_000))) == 4  # some five connections each


def test_adaptive_files_wait_for_none_of_a_parallel_job() -> None:
    """Else a parallel job of large files would keep them waiting until it is over, whatever their priority."""
    parallel = job("p")
    single = job("s", files=1, priority=Priority.HIGH, strategy=BatchStrategy.ADAPTIVE)
    works = works_of(parallel, size=LARGE)
    assert go([parallel], works) == ["p0", "p1", "p2", "p3", "p4"]

    works = [*works[1:], work(single, 0, size=LARGE)]

    assert go([parallel, single], works) == ["s0"]


def test_a_job_has_no_more_files_at_once_than_it_was_told() -> None:
    one, other = job("a", concurrency=1), job("b", place=1)

    assert go([one, other], [*works_of(one), *works_of(other)]) == ["a0", "b0", "b1", "b2", "b3"]


# -- Limits ----------------------------------------------------------------------------------------------------------


def test_so_many_jobs_of_several_files_are_taken_up_and_single_files_beside_them() -> None:
    several = [job(f"j{place}", place=place) for place in range(4)]
    singles = [job(f"s{place}", place=10 + place, files=1) for place in range(14)]

    taken = [each.id for each in taken_up(ordered([*several, *singles]), LIMITS)]

    assert taken == ["j0", "j1", *(f"s{place}" for place in range(10))]


def test_single_files_take_a_files_room_and_no_jobs() -> None:
    several = [job("a", files=2), job("b", place=1, files=2)]
    singles = [job(f"s{place}", place=2 + place, files=1) for place in range(3)]
    works = [each for of in (*several, *singles) for each in works_of(of)]

    assert go([*several, *singles], works) == ["a0", "b0", "s00", "s10", "s20"]


def test_a_job_of_higher_priority_begins_once_one_of_those_at_work_has_no_file_going() -> None:
    a, b = job("a", files=4, concurrency=1), job("b", files=4, place=1, concurrency=1)
    works = [*works_of(a), *works_of(b)]
    assert go([a, b], works) == ["a0", "b0"]
    high = job("h", place=2, priority=Priority.HIGH, concurrency=1)
    works += works_of(high)

    assert go([a, b, high], works) == []
    works.remove(next(each for each in works if each.item.id == "b0"))
    assert go([a, b, high], works) == ["h0"]


# -- All of it -------------------------------------------------------------------------------------------------------


SIZES = st.sampled_from([None, SMALL, 20 << 20, 300 << 20, LARGE])
JOBS = st.lists(
    st.builds(
        job,
        st.just(""),
        files=st.integers(1, 8),
        place=st.integers(0, 5).map(float),
        priority=st.sampled_from(Priority),
        strategy=st.sampled_from(BatchStrategy),
        waited=st.floats(0, 20_000),
        boost=st.integers(0, 60),
        concurrency=st.none() | st.integers(1, 4),
        batch=st.integers(1, 6),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=60)
@given(
    jobs=JOBS,
    limits=st.builds(Limits, files=st.integers(1, 6), jobs=st.integers(1, 3), connections=st.integers(1, 16)),
    sizes=st.lists(SIZES, min_size=60, max_size=60),
    chance=st.randoms(use_true_random=False),
)
def test_whatever_the_jobs_the_limits_hold_and_every_file_has_its_turn(
    jobs: list[OpenJob], limits: Limits, sizes: list[int | None], chance: random.Random
) -> None:
    jobs = [OpenJob(**{**vars(each), "id": f"j{number}"}) for number, each in enumerate(jobs)]
    waiting = {
        each.id: [work(each, place, size=sizes.pop(), ready=False) for place in range(each.files)] for each in jobs
    }
    works: list[Work] = []
    served: dict[str, int] = {}
    done: Counter[str] = Counter()

    while any(waiting.values()) or works:
        open_jobs = ordered([each for each in jobs if waiting[each.id] or any(_of(each, works))])
        for each in taken_up(open_jobs, limits):
            while waiting[each.id] and len(_of(each, works)) < each.options.batch_size:
                works.append(waiting[each.id].pop(0))
        for unready in [each for each in works if not each.ready and chance.random() < 0.6]:
            unready.ready = True
        while following := next_to_go(open_jobs, works, limits, served):
            assert following.ready
            following.go.set()
            served[following.item.job] = len(served) + sum(done.values())
            _check(jobs, works, limits)
        going = [each for each in works if each.go.is_set()]
        # Nothing ready may be left lying while nothing goes: that would be for ever.
        assert going or not all(each.ready for each in works)
        if going:
            finished = chance.choice(going)
            works.remove(finished)
            done[finished.item.job] += 1

    assert done == {each.id: each.files for each in jobs}


def _of(one: OpenJob, works: Sequence[Work]) -> list[Work]:
    return [each for each in works if each.item.job == one.id]


def _check(jobs: Sequence[OpenJob], works: Sequence[Work], limits: Limits) -> None:
    going = [each for each in works if each.go.is_set()]
    assert len(going) <= limits.files
    assert sum(any(each.item.job == one.id for each in going) for one in jobs if one.files > 1) <= limits.jobs
    for one in jobs:
        own = [each for each in going if each.item.job == one.id]
        assert len(own) <= (one.options.concurrency or limits.files)
        if one.options.strategy is BatchStrategy.SEQUENTIAL:
            assert len(own) <= 1


@settings(max_examples=60)
@given(files=st.integers(1, 6), counts=st.lists(st.integers(2, 9), min_size=2, max_size=3), chance=st.randoms())
def test_parallel_jobs_of_one_priority_never_differ_by_more_than_a_file_that_just_ended(
    files: int, counts: list[int], chance: random.Random
) -> None:
    """A job with files waiting never sees another one of its priority begin a file while that one has more than it."""
    limits = Limits(files=files, jobs=3, connections=16)
    jobs = [job(f"j{place}", files=count, place=place) for place, count in enumerate(counts)]
    works = [each for one in jobs for each in works_of(one)]
    served: dict[str, int] = {}
    turns = 0
    while works:
        while following := next_to_go(ordered(jobs), works, limits, served):
            going = Counter(each.item.job for each in works if each.go.is_set())
            have = {one.id for one in jobs if any(not each.go.is_set() for each in _of(one, works))}
            assert going[following.item.job] == min(going[one] for one in have)
            following.go.set()
            turns += 1
            served[following.item.job] = turns
        works.remove(chance.choice([each for each in works if each.go.is_set()]))
