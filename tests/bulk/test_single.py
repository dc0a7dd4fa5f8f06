"""Jobs of one file: they run, stop, go on and outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import BulkStatus, Item, ItemState
from lorakeeper.py.bulk.jobs import now
from lorakeeper.py.errors import ConflictError, MissingError, UsageError
from lorakeeper.py.events import Event
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Status

from .conftest import only, slow, until


async def test_a_target_becomes_a_file_in_the_library(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", trigger_words=["ada"])
    ids = civitai.add(sample)
    steps: list[ItemState] = []

    job = await app.jobs.add(f"{civitai.url}/models/{ids.model_id}")
    job = await app.jobs.wait(job.id, lambda step: steps.append(only(step).state))

    assert only(job).state is ItemState.INSTALLED
    assert Path(only(job).path or "").read_bytes() == sample.content()
    assert (await app.library.get(only(job).library_id or 0)).trigger_words[0].text == "ada"
    assert steps[-1] is ItemState.INSTALLED


async def test_what_is_here_is_not_fetched_again(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    before = len(civitai.storage.requests)

    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    assert only(job).state is ItemState.OWNED
    assert len(civitai.storage.requests) == before


async def test_a_target_asked_for_twice_is_one_job(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", size=2_000_000))
    slow(civitai)

    first = await app.jobs.add(str(ids.model_id))
    second = await app.jobs.add(str(ids.model_id))

    assert first.id == second.id
    await app.jobs.cancel(first.id)


async def test_a_paused_job_goes_on_with_what_has_arrived(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", size=1_000_000)
    ids = civitai.add(sample)
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 100_000)

    paused = await app.jobs.pause(job.id)
    civitai.faults.storage.clear()
    await app.jobs.resume(job.id)
    done = await app.jobs.wait(job.id)

    assert (paused.state, done.state) == (BulkStatus.PAUSED, BulkStatus.COMPLETED)
    assert Path(only(done).path or "").read_bytes() == sample.content()
    assert civitai.storage.requests[-1].headers["Range"].startswith("bytes=")


async def test_a_cancelled_job_leaves_nothing(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", size=1_000_000))
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 100_000)

    assert (await app.jobs.cancel(job.id)).state is BulkStatus.CANCELLED
    assert list(app.roots.folders("loras")[0].iterdir()) == []


async def test_a_failed_job_says_why_and_can_be_tried_again(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    civitai.require_key = {"secret-key-0000"}
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    assert job.state is BulkStatus.FAILED
    assert "key" in (job.error or "")

    civitai.require_key = set()
    await app.jobs.retry(job.id)

    assert (await app.jobs.wait(job.id)).state is BulkStatus.COMPLETED


async def test_one_failed_job_does_not_harm_the_others(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))

    jobs = [await app.jobs.add(target) for target in ("999999", str(ids.model_id))]
    states = [(await app.jobs.wait(job.id)).state for job in jobs]

    assert states == [BulkStatus.FAILED, BulkStatus.COMPLETED]


async def test_no_more_run_at_once_than_is_set(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 2})
    slow(civitai)
    jobs = [await app.jobs.add(str(civitai.add(samples.lora(f"n{n}", size=400_000)).model_id)) for n in range(4)]
    await until(app, jobs[1].id, lambda job: job.received > 0)

    states = [only(await app.jobs.get(job.id)).state for job in jobs]
    for job in jobs:
        await app.jobs.cancel(job.id)

    assert states.count(ItemState.QUEUED) == 2


async def test_a_restart_goes_on_where_it_was(make_app: Callable[[], App], civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", size=1_000_000)
    ids = civitai.add(sample)
    slow(civitai)
    async with make_app() as app:
        job = await app.jobs.add(str(ids.model_id))
        await until(app, job.id, lambda job: job.received > 100_000)
    civitai.faults.storage.clear()

    async with make_app() as app:
        done = await app.jobs.wait(job.id)

    assert only(done).state is ItemState.INSTALLED
    assert Path(only(done).path or "").read_bytes() == sample.content()
    assert civitai.storage.requests[-1].headers.get("Range")


async def test_a_job_of_another_living_process_stays_with_it_and_hears_the_word_from_here(
    app: App, make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    sample = samples.lora("Ada", size=1_000_000)
    ids = civitai.add(sample)
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 100_000)

    async with make_app() as other:
        paused = await other.jobs.pause(job.id)
        part = next(app.roots.folders("loras")[0].glob("*.part")).stat().st_size
        civitai.faults.storage.clear()
        await other.jobs.resume(job.id)
        done = await other.jobs.wait(job.id)
        requests = len(civitai.storage.requests)

    assert (paused.state, only(paused).state) == (BulkStatus.PAUSED, ItemState.QUEUED)
    assert part > 100_000
    assert Path(only(done).path or "").read_bytes() == sample.content()
    assert requests == 2  # one of them with what had come


async def test_a_kind_of_the_users_choice_is_where_the_file_goes(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Odd", type="Poses", file_type="Archive"))
    without = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    chosen = await app.jobs.wait((await app.jobs.add(str(ids.model_id), kind="controlnet")).id)

    assert (without.state, chosen.state) == (BulkStatus.FAILED, BulkStatus.COMPLETED)
    assert "say where" in (without.error or "")
    assert Path(only(chosen).path or "").parent == app.roots.folders("controlnet")[0]


async def test_an_unknown_kind_is_refused_at_once(app: App) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        await app.jobs.add("1", kind="nonsense")


async def test_a_finished_job_can_be_forgotten_and_its_file_stays(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    await app.jobs.remove(job.id)

    with pytest.raises(MissingError):
        await app.jobs.get(job.id)
    assert Path(only(job).path or "").exists()


async def test_what_does_not_fit_a_state_is_a_conflict(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    for act in (app.jobs.pause, app.jobs.resume, app.jobs.retry, app.jobs.cancel):
        with pytest.raises(ConflictError):
            await act(job.id)


async def test_the_list_is_paged_newest_first(app: App, civitai: FakeCivitai) -> None:
    jobs = [await app.jobs.wait((await app.jobs.add(str(900000 + n))).id) for n in range(5)]

    first = await app.jobs.page(limit=3)
    second = await app.jobs.page(limit=3, cursor=first.next_cursor)

    assert [job.id for job in (*first.items, *second.items)] == [job.id for job in reversed(jobs)]
    assert second.next_cursor is None


async def test_a_resumed_job_stays_with_its_version(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", size=1_000_000)
    ids = civitai.add(sample)
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 100_000)
    await app.jobs.pause(job.id)
    civitai.add(samples.lora("Ada, newer", size=200_000), model_id=ids.model_id)
    civitai.faults.storage.clear()

    await app.jobs.resume(job.id)
    done = await app.jobs.wait(job.id)

    assert only(done).sha256 == ids.sha256.lower()


def ends_of(heard: list[Event]) -> list[dict[str, Any]]:
    """What was said of files that are over, as often as it was."""
    return [
        event.data
        for event in heard
        if event.topic == "item" and event.final and Item.model_validate(event.data).state.over
    ]


async def test_what_a_file_was_and_what_it_took_is_said_once_at_its_end(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", base_model="SDXL 1.0", size=400_000))
    slow(civitai)
    heard: list[Event] = []
    app.events.subscribe(heard.append)

    await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    (scanned,) = [event.data for event in heard if event.topic == "security"]
    assert scanned == {"verdict": "safe", "format": "safetensors", "source": "127.0.0.1", "became": "installed"}
    (end,) = ends_of(heard)
    assert (end["host"], end["base_model"], end["creator"]) == ("127.0.0.1", "SDXL 1.0", "alice")
    assert (end["state"], end["cause"]) == ("installed", None)
    assert 0.7 < end["seconds"] < 10
    assert end["held"]["network"] > 0.5
    assert sum(end["held"].values()) == pytest.approx(end["seconds"], abs=0.3)


async def test_seconds_go_on_over_a_pause_and_a_restart_and_the_pause_is_none_of_them(
    make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    ids = civitai.add(samples.lora("Ada", size=1_000_000))
    slow(civitai)
    async with make_app() as app:
        job = await app.jobs.add(str(ids.model_id))
        await until(app, job.id, lambda job: job.received > 100_000)
        before = only(await app.jobs.pause(job.id))
    await asyncio.sleep(1.0)

    async with make_app() as app:
        assert only(await app.jobs.get(job.id)).seconds == before.seconds > 0.2
        civitai.faults.storage.clear()
        await app.jobs.resume(job.id)
        done = only(await app.jobs.wait(job.id))

    assert before.seconds < done.seconds < before.seconds + 0.9
    assert done.held["network"] >= before.held["network"] > 0.1
    assert sum(done.held.values()) == pytest.approx(done.seconds, abs=0.3)


async def test_the_kind_of_an_error_is_kept_until_it_is_tried_again(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    civitai.require_key = {"secret-key-0000"}
    heard: list[Event] = []
    app.events.subscribe(heard.append)
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    assert only(job).cause == "AuthError"

    civitai.require_key = set()
    await app.jobs.retry(job.id)
    done = await app.jobs.wait(job.id)

    assert only(done).cause is None
    assert [(end["state"], end["cause"]) for end in ends_of(heard)] == [("failed", "AuthError"), ("installed", None)]


async def test_a_site_that_refuses_is_what_a_file_waited_for(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    civitai.faults.storage.append(Status(429, {"Retry-After": "1"}))

    done = only(await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id))

    assert 0.9 < done.held["site"] <= done.seconds + 0.1


async def test_a_file_that_was_cancelled_begins_anew_with_its_seconds(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", size=1_000_000))
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 300_000)
    lost = only(await app.jobs.cancel(job.id))
    civitai.faults.storage.clear()

    await app.jobs.retry(job.id)
    done = only(await app.jobs.wait(job.id))

    assert lost.seconds > 0.5
    assert done.seconds < lost.seconds


async def test_the_end_of_a_file_is_told_once_whatever_is_asked_of_it_then(app: App, civitai: FakeCivitai) -> None:
    slow(civitai)
    targets = [str(civitai.add(samples.lora(name, size=1_000_000)).model_id) for name in ("Ada", "Bea")]
    heard: list[Event] = []
    app.events.subscribe(heard.append)
    job = await app.jobs.create_bulk_job(targets)
    await until(app, job.id, lambda job: job.received > 200_000)
    first, second = (item.id for item in await app.jobs.all_items(job.id))

    await app.jobs.cancel_item(job.id, first)
    civitai.faults.storage.clear()
    await app.jobs.wait(job.id)
    await app.jobs.move_item(job.id, second, first)
    await app.jobs.move_item(job.id, first, second)

    assert sorted((end["id"], end["state"]) for end in ends_of(heard)) == sorted(
        [(first, "cancelled"), (second, "installed")]
    )


async def test_what_the_optimizer_sees_is_told(app: App) -> None:
    heard: list[Event] = []
    app.events.subscribe(heard.append)
    app.optimizer.failed()
    app.optimizer.judge()

    assert [event.topic for event in heard] == ["performance"]
    assert heard[0].data["condition"] == "unstable"


def test_a_file_of_an_older_version_has_nothing_of_that() -> None:
    moment = now().isoformat()
    item = Item.model_validate({"id": "a", "job": "b", "target": "1", "created_at": moment, "updated_at": moment})

    assert (item.seconds, item.held, item.cause, item.host, item.base_model, item.creator) == (0, {}, *[None] * 4)
