"""The queue: jobs that run, stop, go on and outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk.jobs import Job, JobState
from lorakeeper.py.errors import ConflictError, MissingError, UsageError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


@pytest.fixture
def make_app(civitai: FakeCivitai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], App]:
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", civitai.url)
    return lambda: App.standalone(home=tmp_path / "home")


@pytest.fixture
async def app(make_app: Callable[[], App]) -> AsyncIterator[App]:
    async with make_app() as app:
        yield app


async def until(app: App, job_id: str, fits: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(20) if hasattr(asyncio, "timeout") else _no_limit():
        while not fits(job := await app.jobs.get(job_id)):
            await asyncio.sleep(0.01)
        return job


class _no_limit:  # noqa: N801 - stands where Python 3.10 has no asyncio.timeout
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


def slow(civitai: FakeCivitai) -> None:
    civitai.faults.storage.append(Pace(400_000))


async def test_a_target_becomes_a_file_in_the_library(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", trigger_words=["ada"])
    ids = civitai.add(sample)
    steps: list[JobState] = []

    job = await app.jobs.add(f"{civitai.url}/models/{ids.model_id}")
    job = await app.jobs.wait(job.id, lambda step: steps.append(step.state))

    assert job.state is JobState.INSTALLED
    assert job.path is not None
    assert Path(job.path).read_bytes() == sample.content()
    assert job.library_id is not None
    assert (await app.library.get(job.library_id)).trigger_words[0].text == "ada"
    assert steps[-1] is JobState.INSTALLED


async def test_what_is_here_is_not_fetched_again(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    before = len(civitai.storage.requests)

    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    assert job.state is JobState.OWNED
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

    assert paused.state is JobState.PAUSED or done.state is JobState.INSTALLED
    assert done.path is not None
    assert Path(done.path).read_bytes() == sample.content()
    assert civitai.storage.requests[-1].headers["Range"].startswith("bytes=")


async def test_a_cancelled_job_leaves_nothing(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada", size=1_000_000))
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 100_000)

    assert (await app.jobs.cancel(job.id)).state is JobState.CANCELLED
    assert list(app.roots.folders("loras")[0].iterdir()) == []


async def test_a_failed_job_says_why_and_can_be_tried_again(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    civitai.require_key = {"secret-key-0000"}
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    assert job.state is JobState.FAILED
    assert "key" in (job.error or "")

    civitai.require_key = set()
    await app.jobs.retry(job.id)

    assert (await app.jobs.wait(job.id)).state is JobState.INSTALLED


async def test_one_failed_job_does_not_harm_the_others(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))

    jobs = [await app.jobs.add(target) for target in ("999999", str(ids.model_id))]
    states = [(await app.jobs.wait(job.id)).state for job in jobs]

    assert states == [JobState.FAILED, JobState.INSTALLED]


async def test_no_more_run_at_once_than_is_set(app: App, civitai: FakeCivitai) -> None:
    app.store.update({"concurrency": 2})
    slow(civitai)
    jobs = [await app.jobs.add(str(civitai.add(samples.lora(f"n{n}", size=400_000)).model_id)) for n in range(4)]
    await until(app, jobs[1].id, lambda job: job.received > 0)

    states = [(await app.jobs.get(job.id)).state for job in jobs]
    for job in jobs:
        await app.jobs.cancel(job.id)

    assert states.count(JobState.QUEUED) == 2


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

    assert done.state is JobState.INSTALLED
    assert done.path is not None
    assert Path(done.path).read_bytes() == sample.content()
    assert civitai.storage.requests[-1].headers.get("Range")


async def test_a_job_of_another_living_process_is_left_alone(
    app: App, make_app: Callable[[], App], civitai: FakeCivitai
) -> None:
    ids = civitai.add(samples.lora("Ada", size=1_000_000))
    slow(civitai)
    job = await app.jobs.add(str(ids.model_id))
    await until(app, job.id, lambda job: job.received > 0)

    async with make_app() as other:
        with pytest.raises(ConflictError, match="another Lorakeeper"):
            await other.jobs.pause(job.id)
        seen = await other.jobs.get(job.id)

    assert seen.state.active
    await app.jobs.cancel(job.id)


async def test_a_kind_of_the_users_choice_is_where_the_file_goes(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Odd", type="Poses", file_type="Archive"))
    without = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)
    chosen = await app.jobs.wait((await app.jobs.add(str(ids.model_id), kind="controlnet")).id)

    assert (without.state, chosen.state) == (JobState.FAILED, JobState.INSTALLED)
    assert "say where" in (without.error or "")
    assert Path(chosen.path or "").parent == app.roots.folders("controlnet")[0]


async def test_an_unknown_kind_is_refused_at_once(app: App) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        await app.jobs.add("1", kind="nonsense")


async def test_a_finished_job_can_be_forgotten_and_its_file_stays(app: App, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Ada"))
    job = await app.jobs.wait((await app.jobs.add(str(ids.model_id))).id)

    await app.jobs.remove(job.id)

    with pytest.raises(MissingError):
        await app.jobs.get(job.id)
    assert Path(job.path or "").exists()


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

    assert done.sha256 == ids.sha256.lower()
