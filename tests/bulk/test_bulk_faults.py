"""What may go wrong around a job of many files: a full disk, a locked database, a clock set back, several processes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import (
    BatchStrategy,
    BulkOptions,
    BulkStatus,
    Item,
    ItemState,
    Job,
    Leases,
    control,
    dispatch,
    jobs,
    manager,
    rows,
)
from lorakeeper.py.errors import StorageError
from lorakeeper.testing.fake_civitai import FakeCivitai

from ..downloads.conftest import disk_that_is_full_after
from .conftest import slow, until
from .test_bulk import fetched, files, models, states

# Another process: the whole application on one data folder, with a job of its own, until it is killed or told to end.
CHILD = """
import asyncio, json, sys
from pathlib import Path
from lorakeeper.py.app import App

async def run(home, targets):
    async with App.standalone(home=Path(home)) as app:
        print((await app.jobs.create_bulk_job(targets)).id, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(run(*json.loads(sys.argv[1])))
"""


@asynccontextmanager
async def process(home: Path, targets: list[str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Another process and the job that it has."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        json.dumps([str(home), targets]),
        cwd=home.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    try:
        yield child, (await child.stdout.readline()).decode().strip()
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def owner(app: App, job_id: str) -> str:
    found = await app.database.read(lambda c: rows.load(c, job_id))
    assert found
    return found[1]


async def of_state(app: App, job_id: str, state: ItemState) -> Item:
    """A file of a job once one is in that state."""

    async def look() -> Item:
        while not (page := await app.jobs.items(job_id, states=[state])).items:
            await asyncio.sleep(0.02)
        return page.items[0]

    return await asyncio.wait_for(look(), 10)


def left(app: App) -> set[str]:
    """What else than models lies in the folder."""
    return {path.name for path in app.roots.folders("loras")[0].iterdir() if path.suffix != ".safetensors"}


@asynccontextmanager
async def locked(app: App) -> AsyncIterator[None]:
    """Another program has the database."""

    def take() -> sqlite3.Connection:
        connection = sqlite3.connect(app.database.path, isolation_level=None, timeout=5, check_same_thread=False)
        connection.execute("BEGIN EXCLUSIVE")
        return connection

    with closing(await asyncio.to_thread(take)) as connection:
        yield
        connection.execute("ROLLBACK")


# -- The disk --------------------------------------------------------------------------------------------------------


async def test_a_file_for_which_the_disk_was_full_fails_and_comes_when_there_is_room(
    app: App, civitai: FakeCivitai
) -> None:
    targets = models(civitai, 5, size=200_000)

    with disk_that_is_full_after(450_000):
        job = await app.jobs.wait((await app.jobs.create_bulk_job(targets)).id)
    failed = [item for item in await files(app, job) if item.state is ItemState.FAILED]
    await app.jobs.retry(job.id)
    done = await app.jobs.wait(job.id)

    # Two may meet it in the same moment; their siblings find room again.
    assert failed
    assert (job.state, job.downloaded_files) == (BulkStatus.COMPLETED, 5 - len(failed))
    assert all("is full: free some space" in (item.error or "") for item in failed)
    assert (done.downloaded_files, done.failed_files) == (5, 0)
    assert left(app) == set()


# -- The database ----------------------------------------------------------------------------------------------------


async def test_files_arrive_while_another_program_has_the_database_and_are_written_down_later(
    app: App, civitai: FakeCivitai
) -> None:
    app.database._wait = 10.0
    slow(civitai, 300_000)
    job = await app.jobs.create_bulk_job(models(civitai, 5, size=200_000))
    await until(app, job.id, lambda job: job.received > 100_000)

    async with locked(app):
        await asyncio.sleep(1)
        names = sorted(path.name for path in app.roots.folders("loras")[0].glob("*.safetensors"))
        meanwhile = await app.jobs.get(job.id)
    done = await app.jobs.wait(job.id)

    assert names == [f"m{n}.safetensors" for n in range(5)]
    assert meanwhile.downloaded_files < 5
    assert (done.state, done.downloaded_files) == (BulkStatus.COMPLETED, 5)


async def test_nothing_is_lost_where_the_database_is_locked_for_longer_than_anybody_waits(
    make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    app = make_app()
    app.database._wait = 0.2
    slow(civitai, 300_000)
    async with app:
        job = await app.jobs.create_bulk_job(models(civitai, 8, size=200_000))
        await until(app, job.id, lambda job: job.received > 100_000)

        async with locked(app):
            with pytest.raises(StorageError, match="in use by another program"):
                await app.jobs.pause(job.id)
            await asyncio.sleep(3)
        done = await app.jobs.wait(job.id)

        assert (done.state, done.downloaded_files, done.failed_files) == (BulkStatus.COMPLETED, 8, 0)
        assert {*await states(app, job)} == {ItemState.INSTALLED}
        assert all(item.library_id for item in await files(app, job))
    assert left(app) == set()


# -- The clock -------------------------------------------------------------------------------------------------------


async def test_a_clock_set_back_changes_no_order_and_takes_no_job_from_its_owner(
    app: App, make_app: Callable[[], App], civitai: FakeCivitai, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.store.update({"concurrency": 1, "job_concurrency": 1})
    slow(civitai, 500_000)
    options = BulkOptions(strategy=BatchStrategy.SEQUENTIAL)

    async def make(name: str) -> Job:
        return await app.jobs.create_bulk_job(models(civitai, 2, size=150_000, name=name), options=options)

    first, second = await make("a"), await make("b")
    await until(app, first.id, lambda job: job.received > 0)
    _set_clock_back(monkeypatch, timedelta(days=1))
    third = await make("c")
    async with make_app() as other:
        await asyncio.sleep(0.5)
        owners = {await owner(app, each.id) for each in (first, second, third)}
        done = [await other.jobs.wait(each.id) for each in (first, second, third)]

    assert fetched(civitai) == ["a0", "a1", "b0", "b1", "c0", "c1"]
    assert owners == {app_owner(app)}
    assert [job.state for job in done] == [BulkStatus.COMPLETED] * 3
    assert [job.id for job in (await app.jobs.page()).items] == [third.id, second.id, first.id]
    assert third.created_at < first.created_at


def app_owner(app: App) -> str:
    return app.jobs._dispatcher.owner


def _set_clock_back(monkeypatch: pytest.MonkeyPatch, back: timedelta) -> None:
    now, seconds = jobs.now, time.time

    def earlier() -> datetime:
        return now() - back

    for module in (jobs, rows, control, dispatch, manager):
        monkeypatch.setattr(module, "now", earlier)
    monkeypatch.setattr(time, "time", lambda: seconds() - back.total_seconds())


# -- The user --------------------------------------------------------------------------------------------------------


async def test_a_job_of_which_every_file_is_paused_holds_up_no_other(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"job_concurrency": 1})
    slow(civitai, 50_000)
    paused = await app.jobs.create_bulk_job(models(civitai, 2, size=200_000, name="p"))
    await until(app, paused.id, lambda job: job.received > 0)
    for item in await files(app, paused):
        await app.jobs.pause_item(paused.id, item.id)
    civitai.faults.storage.clear()

    other = await app.jobs.create_bulk_job(models(civitai, 2, name="o"))

    assert (await asyncio.wait_for(app.jobs.wait(other.id), 10)).downloaded_files == 2
    for item in await files(app, paused):
        await app.jobs.resume_item(paused.id, item.id)
    assert (await asyncio.wait_for(app.jobs.wait(paused.id), 10)).downloaded_files == 2


# -- Several processes -----------------------------------------------------------------------------------------------


async def test_two_processes_have_a_job_each_and_either_controls_both(
    app: App, make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    slow(civitai, 100_000)
    mine = await app.jobs.create_bulk_job(models(civitai, 2, size=600_000, name="mine"))
    theirs = models(civitai, 4, size=600_000, name="theirs")
    async with AsyncExitStack() as stack:
        child, its = await stack.enter_async_context(process(app.home, theirs))
        await until(app, its, lambda job: job.received > 0)

        paused = await app.jobs.pause(its)
        assert paused.state is BulkStatus.PAUSED
        assert {*await states(app, paused)} == {ItemState.QUEUED}
        before = len(civitai.storage.requests)
        # A third process that starts meanwhile leaves both jobs to those who have them, paused or at work.
        third = await stack.enter_async_context(make_app())
        await asyncio.sleep(1.2)
        assert len(civitai.storage.requests) == before
        resumed = await third.jobs.resume(its)
        assert resumed.state.active
        downloading = await of_state(app, its, ItemState.DOWNLOADING)
        assert (await third.jobs.cancel_item(its, downloading.id)).state is ItemState.CANCELLED
        owners = [await owner(app, mine.id), await owner(app, its)]
        civitai.faults.storage.clear()
        for connection in [*civitai.storage.connections]:
            connection.close()  # type: ignore[attr-defined]
        done = [await app.jobs.wait(each) for each in (mine.id, its)]

    assert owners[0] == app_owner(app)
    assert owners[1] not in (app_owner(app), app_owner(third))
    assert child.returncode
    assert [(job.state, job.downloaded_files, job.cancelled_files) for job in done] == [
        (BulkStatus.COMPLETED, 2, 0),
        (BulkStatus.COMPLETED, 3, 1),
    ]
    assert left(app) == set()
    whole = Counter(request.path for request in civitai.storage.requests if "Range" not in request.headers)
    assert max(whole.values()) == 1  # whatever was asked for again went on in the middle


async def test_jobs_of_a_process_that_was_killed_are_taken_over_by_one_that_lives(
    app: App, civitai: FakeCivitai
) -> None:
    slow(civitai, 100_000)
    async with process(app.home, models(civitai, 4, size=250_000)) as (child, job_id):
        await until(app, job_id, lambda job: job.received > 100_000)
        before = await owner(app, job_id)
        civitai.faults.storage.clear()
        child.kill()
        await child.wait()
        began = time.monotonic()
        done = await app.jobs.wait(job_id)

    assert before != await owner(app, job_id) == app_owner(app)
    assert (done.state, done.downloaded_files) == (BulkStatus.COMPLETED, 4)
    assert time.monotonic() - began < 6
    assert left(app) == set()
    assert list((app.home / "locks").glob(f"{before}.lock")) == []


@pytest.mark.parametrize("then", ["pause", "resume", "cancel", "nothing"])
async def test_a_file_cancelled_by_a_process_that_died_before_leaves_nothing_whatever_comes_next(
    make_app: Callable[[], App], civitai: FakeCivitai, then: str
) -> None:
    slow(civitai, 100_000)
    async with make_app() as dying:  # which leaves its rows as they are, as one that is killed does
        job_id = (await dying.jobs.create_bulk_job(models(civitai, 2, size=250_000))).id
        await until(dying, job_id, lambda job: job.received > 50_000)
    civitai.faults.storage.clear()
    app = make_app()
    await app.start(adopt=False)
    try:
        [item, _] = (await app.jobs.items(job_id, states=[ItemState.DOWNLOADING])).items
        assert Path(item.part or "").exists()
        # It died between the wish and the deed.
        await app.database.write(lambda c: control.cancel_item(c, job_id, item.id, True))
        if then == "resume":
            await app.database.write(lambda c: rows.change(c, job_id, state=BulkStatus.PAUSED.value))
        if then != "nothing":
            await getattr(app.jobs, then)(job_id)
    finally:
        await app.close()
    async with make_app() as other:
        if then == "pause":
            await other.jobs.resume(job_id)
        done = await other.jobs.wait(job_id)

        assert (await other.jobs.item(job_id, item.id)).state is ItemState.CANCELLED
        assert done.cancelled_files == (2 if then == "cancel" else 1)
        assert left(other) == set()


async def test_a_file_whose_process_dies_while_it_cancels_leaves_nothing(
    make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    """What has arrived is removed before the row says that it is cancelled: else nobody would ever look for it."""
    slow(civitai, 100_000)
    async with make_app() as app:
        job = await app.jobs.create_bulk_job(models(civitai, 2, size=250_000))
        await until(app, job.id, lambda job: job.received > 50_000)
        item = await of_state(app, job.id, ItemState.DOWNLOADING)
        seen: list[tuple[str, bool]] = []

        def hear(event: object) -> None:
            data = getattr(event, "data", {})
            if data.get("id") == item.id:
                seen.append((data["state"], Path(item.part or "").exists()))

        app.events.subscribe(hear)
        await app.jobs.cancel_item(job.id, item.id)

    assert (ItemState.CANCELLED.value, False) in seen
    assert (ItemState.CANCELLED.value, True) not in seen


def test_locks_of_processes_that_died_long_ago_are_removed(tmp_path: Path) -> None:
    import os

    living = Leases(tmp_path)
    living.hold()
    for name, age in (("0123456789abcdef", 3600), ("fedcba9876543210", 0), ("learn", 3600)):
        path = tmp_path / f"{name}.lock"
        path.touch()
        os.utime(path, (time.time() - age, time.time() - age))
    os.utime(tmp_path / f"{living.owner}.lock", (1, 1))

    other = Leases(tmp_path)
    other.hold()

    expected = {"learn", "fedcba9876543210", living.owner, other.owner}
    assert {path.stem for path in tmp_path.iterdir()} == expected
    assert not other.is_free(living.owner)
    other.release()
    living.release()


async def test_a_file_that_another_process_is_fetching_is_waited_for_and_owned(app: App, civitai: FakeCivitai) -> None:
    slow(civitai, 100_000)
    targets = models(civitai, 2, size=250_000)
    async with process(app.home, targets) as (_, its):
        await until(app, its, lambda job: job.received > 20_000)
        ours = await app.jobs.create_bulk_job(targets)
        sentences = set()
        while not (await app.jobs.get(ours.id)).state.over:
            sentences |= {item.error for item in await files(app, ours)}
            await asyncio.sleep(0.05)
        theirs = await app.jobs.wait(its)

    assert sentences <= {None, "Another Lorakeeper is fetching this file: wait for it, or stop it there."}
    assert len(sentences) == 2
    assert (theirs.state, theirs.downloaded_files) == (BulkStatus.COMPLETED, 2)
    assert {*await states(app, ours)} == {ItemState.OWNED}
    assert len(civitai.storage.requests) == 2
