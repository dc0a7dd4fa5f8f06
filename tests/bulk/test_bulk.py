"""Jobs of many files: order, limits, fairness, single files of a job, and what a job amounts to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import BatchStrategy, BulkOptions, BulkStatus, Item, ItemState, Job, Priority, Wanted
from lorakeeper.py.errors import ConflictError, MissingError, UsageError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

from .conftest import slow, until


def models(civitai: FakeCivitai, count: int, size: int = 50_000, name: str = "m") -> list[str]:
    """Targets of so many different models."""
    added = [civitai.add(samples.lora(f"{name}{n}", size=size)) for n in range(count)]
    return [f"{ids.model_id}@{ids.version_id}" for ids in added]


async def files(app: App, job: Job) -> list[Item]:
    return (await app.jobs.items(job.id)).items


async def states(app: App, job: Job) -> list[ItemState]:
    return [item.state for item in await files(app, job)]


def fetched(civitai: FakeCivitai) -> list[str]:
    """The names of the files in the order in which they were first asked for."""
    paths = [request.path.rpartition("%2F")[2].rpartition("/")[2] for request in civitai.storage.requests]
    return list(dict.fromkeys(path.partition(".")[0] for path in paths))


async def test_every_file_arrives_and_the_job_says_so(app: App, civitai: FakeCivitai) -> None:
    told: list[Job] = []
    slow(civitai, 500_000)

    job = await app.jobs.create_bulk_job(models(civitai, 12, size=150_000), "a friend's", progress=told.append)
    done = await app.jobs.wait(job.id)

    assert (done.name, done.state) == ("a friend's", BulkStatus.COMPLETED)
    assert (done.downloaded_files, done.total_files, done.failed_files) == (12, 12, 0)
    assert done.received == done.total == sum(item.total or 0 for item in await files(app, job))
    assert all(Path(item.path or "").is_file() for item in await files(app, job))
    counts = [job.downloaded_files for job in told]
    assert counts == sorted(counts)
    assert told[-1].state is BulkStatus.COMPLETED
    assert any(job.rate > 0 and job.eta is not None for job in told)


async def test_one_failed_file_never_fails_its_siblings(app: App, civitai: FakeCivitai) -> None:
    good = models(civitai, 3)
    evil = civitai.add(samples.bad_pickle("evil"))
    wanted = [good[0], "999999", "what is this?", good[1], str(evil.model_id), good[2]]

    job = await app.jobs.wait((await app.jobs.create_bulk_job(wanted)).id)

    assert job.state is BulkStatus.COMPLETED
    assert (job.downloaded_files, job.failed_files) == (3, 3)
    assert await states(app, job) == [
        ItemState.INSTALLED,
        ItemState.FAILED,
        ItemState.FAILED,
        ItemState.INSTALLED,
        ItemState.QUARANTINED,
        ItemState.INSTALLED,
    ]
    assert "names no model" in ((await files(app, job))[2].error or "")


async def test_a_job_of_which_nothing_came_has_failed_and_its_failed_files_can_be_tried_again(
    app: App, civitai: FakeCivitai
) -> None:
    targets = models(civitai, 3)
    civitai.require_key = {"secret-key-0000"}
    job = await app.jobs.wait((await app.jobs.create_bulk_job(targets)).id)
    assert (job.state, job.failed_files) == (BulkStatus.FAILED, 3)

    civitai.require_key = set()
    await app.jobs.retry(job.id)

    assert (await app.jobs.wait(job.id)).downloaded_files == 3
    with pytest.raises(ConflictError, match="nothing to try again"):
        await app.jobs.retry(job.id)


async def test_the_same_target_twice_is_one_file_and_a_key_in_a_link_is_not_kept(
    app: App, civitai: FakeCivitai
) -> None:
    [target] = models(civitai, 1)
    link = f"{civitai.url}/api/download/models/{target.partition('@')[2]}?token=very-secret-key"

    job = await app.jobs.create_bulk_job([target, target, link, "https://elsewhere.example/x?token=very-secret-key"])
    done = await app.jobs.wait(job.id)

    assert done.total_files == 3
    assert "very-secret-key" not in (await app.jobs.items(job.id)).model_dump_json()


async def test_files_come_in_order_one_by_one_where_that_is_wanted(app: App, civitai: FakeCivitai) -> None:
    targets = models(civitai, 5, size=200_000)
    slow(civitai, 2_000_000)

    options = BulkOptions(strategy=BatchStrategy.SEQUENTIAL)
    await app.jobs.wait((await app.jobs.create_bulk_job(targets, options=options)).id)

    assert fetched(civitai) == [f"m{n}" for n in range(5)]
    assert civitai.storage.highest == 1


async def test_no_more_files_at_once_than_the_job_and_the_settings_say(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 3})
    targets = models(civitai, 8, size=300_000)
    slow(civitai, 500_000)

    parallel = BulkOptions(strategy=BatchStrategy.PARALLEL)
    await app.jobs.wait((await app.jobs.create_bulk_job(targets[:5], options=parallel)).id)
    all_of_them = civitai.storage.highest
    civitai.storage.highest = 0
    two = BulkOptions(strategy=BatchStrategy.PARALLEL, concurrency=2)
    await app.jobs.wait((await app.jobs.create_bulk_job(targets[5:], options=two)).id)

    assert (all_of_them, civitai.storage.highest) == (3, 2)


async def test_two_jobs_of_one_priority_share_and_a_third_waits(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 2})
    slow(civitai, 1_000_000)
    parallel = BulkOptions(strategy=BatchStrategy.PARALLEL)
    targets = [models(civitai, 4, size=200_000, name=name) for name in "abc"]
    jobs = [await app.jobs.create_bulk_job(each, options=parallel) for each in targets]

    await until(app, jobs[0].id, lambda job: job.downloaded_files >= 2)
    third = await app.jobs.get(jobs[2].id)
    for job in jobs:
        await app.jobs.wait(job.id)

    order = "".join(name[0] for name in fetched(civitai))
    assert order.index("b") < order.rindex("a")
    assert third.state is BulkStatus.PENDING
    assert order.index("c") > min(order.rindex("a"), order.rindex("b"))


async def test_priority_goes_first(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 1, "job_concurrency": 1})
    slow(civitai, 100_000)  # long enough for the others to be ready before the first is over

    async def job(name: str, priority: Priority) -> Job:
        options = BulkOptions(priority=priority, strategy=BatchStrategy.SEQUENTIAL)
        return await app.jobs.create_bulk_job(models(civitai, 2, size=200_000, name=name), options=options)

    low = await job("l", Priority.LOW)
    await until(app, low.id, lambda job: job.received > 0)
    normal, high = await job("n", Priority.NORMAL), await job("h", Priority.HIGH)
    civitai.faults.storage.clear()
    for each in (low, normal, high):
        await app.jobs.wait(each.id)

    # The low one had begun when nobody else was there; that file is not stopped.
    assert fetched(civitai) == ["l0", "h0", "h1", "n0", "n1", "l1"]


async def test_one_file_by_itself_does_not_wait_for_jobs_of_many(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 1, "job_concurrency": 1})
    slow(civitai, 100_000)  # long enough for the other one to be ready before the first is over
    options = BulkOptions(strategy=BatchStrategy.SEQUENTIAL)
    job = await app.jobs.create_bulk_job(models(civitai, 3, size=200_000), options=options)
    await until(app, job.id, lambda job: job.received > 0)
    [target] = models(civitai, 1, size=200_000, name="single")

    single = await app.jobs.add(target)
    civitai.faults.storage.clear()
    await app.jobs.wait(single.id)
    await app.jobs.wait(job.id)

    assert fetched(civitai) == ["m0", "single0", "m1", "m2"]


async def test_jobs_and_files_can_be_put_in_another_order(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 1, "job_concurrency": 1})
    slow(civitai, 1_000_000)
    options = BulkOptions(strategy=BatchStrategy.SEQUENTIAL, batch_size=1)
    jobs = [await app.jobs.create_bulk_job(models(civitai, 3, 100_000, name), options=options) for name in "abc"]
    await until(app, jobs[0].id, lambda job: job.received > 0)

    await app.jobs.move(jobs[2].id, jobs[1].id)
    last = (await files(app, jobs[2]))[2]
    await app.jobs.move_item(jobs[2].id, last.id, (await files(app, jobs[2]))[0].id)
    with pytest.raises(MissingError):
        await app.jobs.move_item(jobs[2].id, last.id, "nothing")
    for each in jobs:
        await app.jobs.wait(each.id)

    assert fetched(civitai) == ["a0", "a1", "a2", "c2", "c0", "c1", "b0", "b1", "b2"]
    assert [item.name for item in await files(app, jobs[2])] == [f"c{n}.safetensors" for n in (2, 0, 1)]


async def test_a_paused_job_stops_whole_and_goes_on_with_what_had_come(app: App, civitai: FakeCivitai) -> None:
    slow(civitai, 200_000)
    job = await app.jobs.create_bulk_job(models(civitai, 4, size=300_000))
    await until(app, job.id, lambda job: job.received > 100_000)

    paused = await app.jobs.pause(job.id)
    requests = len(civitai.storage.requests)
    await asyncio.sleep(0.2)
    assert paused.state is BulkStatus.PAUSED
    assert paused.received > 0
    assert {*await states(app, job)} == {ItemState.QUEUED}
    assert len(civitai.storage.requests) == requests
    civitai.faults.storage.clear()
    civitai.storage.requests.clear()
    await app.jobs.resume(job.id)
    done = await app.jobs.wait(job.id)

    assert done.downloaded_files == 4
    assert any("Range" in request.headers for request in civitai.storage.requests)


async def test_single_files_of_a_job_can_be_paused_cancelled_and_tried_again(app: App, civitai: FakeCivitai) -> None:
    slow(civitai, 200_000)
    job = await app.jobs.create_bulk_job(models(civitai, 3, size=300_000))
    await until(app, job.id, lambda job: job.received > 150_000)
    one, two, three = await files(app, job)

    assert (await app.jobs.pause_item(job.id, one.id)).state is ItemState.PAUSED
    assert (await app.jobs.cancel_item(job.id, two.id)).state is ItemState.CANCELLED
    with pytest.raises(ConflictError):
        await app.jobs.pause_item(job.id, one.id)
    with pytest.raises(MissingError):
        await app.jobs.pause_item(job.id, "nothing")
    civitai.faults.storage.clear()
    await until(app, job.id, lambda job: job.downloaded_files == 1)
    assert (await app.jobs.get(job.id)).state is BulkStatus.PROCESSING
    left = {path.suffix for path in app.roots.folders("loras")[0].iterdir()}
    await app.jobs.resume_item(job.id, one.id)
    done = await app.jobs.wait(job.id)

    assert left == {".safetensors", ".part", ".json"}  # the third, and what had come of the first
    assert (done.state, done.downloaded_files, done.cancelled_files) == (BulkStatus.COMPLETED, 2, 1)
    assert (await app.jobs.item(job.id, three.id)).state is ItemState.INSTALLED
    await app.jobs.retry_item(job.id, two.id)
    assert (await app.jobs.wait(job.id)).downloaded_files == 3


async def test_a_cancelled_job_leaves_nothing_but_what_was_complete(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 2})
    quick = models(civitai, 1, size=50_000, name="quick")
    slow(civitai, 150_000)
    job = await app.jobs.create_bulk_job([*quick, *models(civitai, 5, size=300_000)])
    await until(app, job.id, lambda job: job.downloaded_files == 1 and job.received > 60_000)

    cancelled = await app.jobs.cancel(job.id)

    assert cancelled.state is BulkStatus.CANCELLED
    assert (cancelled.downloaded_files, cancelled.cancelled_files) == (1, 5)
    assert [path.name for path in app.roots.folders("loras")[0].iterdir()] == ["quick0.safetensors"]
    civitai.faults.storage.clear()
    await app.jobs.retry(job.id)
    assert (await app.jobs.wait(job.id)).downloaded_files == 6


async def test_a_restart_goes_on_with_all_of_it(make_app: Callable[[], App], civitai: FakeCivitai) -> None:
    slow(civitai, 200_000)
    async with make_app() as app:
        running = await app.jobs.create_bulk_job(models(civitai, 3, size=300_000))
        paused = await app.jobs.create_bulk_job(models(civitai, 2, name="p"))
        await app.jobs.pause(paused.id)
        await until(app, running.id, lambda job: job.received > 100_000)
    civitai.faults.storage.clear()

    async with make_app() as app:
        done = await app.jobs.wait(running.id)
        still = await app.jobs.get(paused.id)
        await app.jobs.resume(paused.id)
        assert (await app.jobs.wait(paused.id)).downloaded_files == 2

    assert done.downloaded_files == 3
    assert still.state is BulkStatus.PAUSED


async def test_what_nobody_has_is_run_by_whoever_is_there(
    app: App, make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    other = make_app()
    await other.start(adopt=False)
    job = await other.jobs.create_bulk_job(models(civitai, 2), here=False)
    await other.close()

    assert (await app.jobs.wait(job.id)).downloaded_files == 2


async def test_search_results_become_a_job(app: App, civitai: FakeCivitai) -> None:
    one, two = models(civitai, 2)
    results = [
        {"id": 1, "name": "First", "target": one, "versions": []},
        {"id": int(two.partition("@")[0]), "name": "Second", "versions": [{"id": int(two.partition("@")[2])}]},
        {"id": 3, "name": "Without a version", "versions": []},
    ]

    job = await app.jobs.create_bulk_download_from_search(results, "found")
    done = await app.jobs.wait(job.id)

    assert (done.downloaded_files, done.total_files) == (2, 2)
    with pytest.raises(UsageError, match="nothing to download"):
        await app.jobs.create_bulk_download_from_search(results[2:])


async def test_a_folder_template_of_its_own_says_where_files_go(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", base_model="SDXL 1.0"))
    options = BulkOptions(folder="friend/{base_model}")

    job = await app.jobs.wait((await app.jobs.create_bulk_job([str(ids.model_id)], options=options)).id)

    assert job.item
    assert job.item.path == str(app.roots.folders("loras")[0] / "friend" / "SDXL 1.0" / "Ada.safetensors")
    with pytest.raises(ValueError, match="knows"):
        BulkOptions(folder="{nonsense}")


async def test_files_of_a_job_are_paged_and_filtered(app: App, civitai: FakeCivitai) -> None:
    job = await app.jobs.wait((await app.jobs.create_bulk_job([*models(civitai, 3), "999998", "999999"])).id)

    first = await app.jobs.items(job.id, limit=3)
    rest = await app.jobs.items(job.id, limit=3, cursor=first.next_cursor)
    failed = await app.jobs.items(job.id, states=[ItemState.FAILED])

    assert [item.position for item in (*first.items, *rest.items)] == [0, 1, 2, 3, 4]
    assert rest.next_cursor is None
    assert [item.target for item in failed.items] == ["999998", "999999"]
    with pytest.raises(UsageError):
        await app.jobs.items(job.id, cursor="nonsense")


async def test_no_target_or_an_unknown_kind_makes_no_job(app: App) -> None:
    with pytest.raises(UsageError, match="1 to 10,000"):
        await app.jobs.create_bulk_job([])
    with pytest.raises(UsageError, match="nonsense"):
        await app.jobs.create_bulk_job([Wanted(target="1", kind="nonsense")])
    assert (await app.jobs.page()).items == []


async def test_a_large_job_is_cancelled_and_forgotten_at_once(app: App, civitai: FakeCivitai) -> None:
    slow(civitai, 10_000)
    job = await app.jobs.create_bulk_job([f"{n}@{n}" for n in range(1, 5001)])

    began = asyncio.get_running_loop().time()
    cancelled = await app.jobs.cancel(job.id)
    await app.jobs.remove(job.id)

    assert cancelled.cancelled_files + cancelled.failed_files == 5000
    assert asyncio.get_running_loop().time() - began < 5
    assert (await app.jobs.page()).items == []


async def test_a_name_of_the_users_choice_is_where_loaders_find_it(app: App, civitai: FakeCivitai) -> None:
    targets = models(civitai, 4)
    names = ["style/Mine.safetensors", "..\\..\\out.safetensors", "/other.pt", "CON/a:b.safetensors"]
    wanted = [Wanted(target=target, save_as=name) for target, name in zip(targets, names, strict=True)]

    job = await app.jobs.wait((await app.jobs.create_bulk_job(wanted)).id)

    root = app.roots.folders("loras")[0]
    paths = [Path(item.path or "").relative_to(root).as_posix() for item in await files(app, job)]
    assert paths == ["style/Mine.safetensors", "out.safetensors", "m2.safetensors", "_CON/a_b.safetensors"]
