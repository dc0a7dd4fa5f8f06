"""Kills jobs of ten files again and again, at random moments, and looks at what is left each time.

The parent runs the fake Civitai and starts children; each child is the whole application on one data folder, and goes
on with the job until that is over or it is killed. Some have a second process beside them that pauses and resumes the
job or cancels a file, and may be killed, too. ``python -m lorakeeper.testing.bulk_kill_runner`` is the child.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..py.app import App
from ..py.bulk import BatchStrategy, BulkOptions, BulkStatus, ItemState
from ..py.downloads.segments import Cut
from ..py.errors import ConflictError
from ..py.events import Event
from ..py.library.query import LibraryQuery
from . import samples
from .fake_civitai import Delay, FakeCivitai, Pace

_FILES, _LARGE = 10, 2  # those that are large come over several connections
_LARGE_SIZE = Cut().smallest + 500_000
_PATIENCE = 60.0  # seconds in which a child that isn't killed must end
_RUNNING = ("resolving", "downloading", "verifying", "scanning")
_AIMS = ("", "", "", "resolving", "downloading", "verifying", "scanning", "scanning", "installed")


@dataclass
class BulkKills:
    """What came of it. ``moments`` counts the files by what each was at when its process was killed: "placed" is in its
    folder but not yet in the rows, "control" a kill of the second process. ``parts`` had bytes to go on from when they
    were left, ``filled`` of them gaps; ``owned`` are files found in their place. ``wrong`` are sentences."""

    kills: int = 0
    jobs: int = 0
    controls: int = 0
    cancelled: int = 0
    parts: int = 0
    filled: int = 0
    owned: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.wrong and self.parts > 0 and self.filled > 0

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "moments": dict(self.moments.most_common()), "good": self.good}


@dataclass
class _Job:
    """One data folder with one job. ``hashes`` are those of the files by their names, ``installed`` counts how often a
    process said that it installed one; ``refused`` is the file that a process said it cancelled."""

    home: Path
    hashes: dict[str, str]
    targets: list[str]
    strategy: str
    installed: Counter[str] = field(default_factory=Counter)
    refused: str = ""

    @property
    def folder(self) -> Path:
        return self.home / "models" / "loras"

    def task(self, **more: object) -> str:
        return json.dumps({"home": str(self.home), "targets": self.targets, "strategy": self.strategy, **more})

    def rows(self) -> list[tuple[str, str]]:
        """``(file name, state)`` of the job's files as they are written, in their order."""
        if not (self.home / "lorakeeper.db").exists():
            return []
        with (
            closing(sqlite3.connect(self.home / "lorakeeper.db", timeout=20)) as connection,
            suppress(
                sqlite3.OperationalError  # killed before there was a table
            ),
        ):
            found = connection.execute("SELECT item, state FROM job_items ORDER BY position, id").fetchall()
            return [(json.loads(item)["name"] or "", state) for item, state in found]
        return []


async def kill_jobs(folder: Path, count: int, *, seed: int = 0, longest: float = 2.5) -> BulkKills:
    """Kills ``count`` times, several times a job, and lets each job come to its end. A child that has begun has up to
    ``longest`` seconds."""
    chance = random.Random(seed)
    result = BulkKills()
    async with FakeCivitai() as civitai:
        civitai.faults.site[:] = [Delay(0.05, path="/api/")]
        while result.kills < count:
            civitai.faults.storage[:] = [Pace(5_000_000, path="large"), Pace(1_200_000, path="small")]
            job = _new(civitai, folder, result.jobs, chance)
            due = result.kills + min(chance.randrange(5, 11), count - result.kills)
            ended = False
            while result.kills < due and not ended:
                ended = await (_pair if chance.random() < 0.3 else _alone)(job, chance, result, longest)
                _look(job, result)
            civitai.faults.storage.clear()
            await _finish(job, result)
            await _check(job, result)
            result.jobs += 1
    return result


def _new(civitai: FakeCivitai, folder: Path, number: int, chance: random.Random) -> _Job:
    hashes, targets = {}, []
    for each in range(_FILES):
        size = _LARGE_SIZE if each < _LARGE else chance.randrange(300_000, 1_800_000)
        sample = samples.lora(f"{'large' if each < _LARGE else 'small'}{number}-{each}", size=size + 8 * number)
        ids = civitai.add(sample)
        hashes[sample.file_name] = ids.sha256.lower()
        targets.append(f"{ids.model_id}@{ids.version_id}")
    order = chance.sample(range(_FILES), _FILES)
    strategy = chance.choice(["adaptive", "adaptive", "parallel", "sequential"])
    home = folder / f"home{number}"
    App.standalone(home=home).store.update({"civitai_url": civitai.url})
    return _Job(home, hashes, [targets[place] for place in order], strategy)


# -- Children --------------------------------------------------------------------------------------------------------


class _Child:
    """A process, and what it said that its files are at."""

    def __init__(self, process: asyncio.subprocess.Process, job: _Job) -> None:
        self.process = process
        self.states: dict[str, str] = {}
        self._job = job
        self._output = process.stdout or asyncio.StreamReader()

    @classmethod
    async def start(cls, job: _Job, **more: object) -> _Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            job.task(**more),
            cwd=job.home.parent,
            stdout=asyncio.subprocess.PIPE,
        )
        child = cls(process, job)
        await child.hear()  # it has begun
        return child

    async def hear(self) -> str | None:
        """The state that it says next that a file is in."""
        name, _, state = (await self._output.readline()).decode().strip().partition(" ")
        if not state:
            return None
        self.states[name] = state
        self._job.installed[name] += state == "installed"
        if state == "refused":
            self._job.refused = name
        return state

    async def end(self, seconds: float) -> bool:
        """Kills it, if it has not ended by itself in that time; True where it has."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)
        with suppress(ProcessLookupError):
            self.process.kill()
        while await self.hear():
            pass
        return await self.process.wait() >= 0


async def _alone(job: _Job, chance: random.Random, result: BulkKills, longest: float) -> bool:
    """One child, killed at a moment or shortly after a file reached a stage that moments would hardly ever meet."""
    child = await _Child.start(job, resume=True)
    aim = chance.choice(_AIMS)
    said: str | None = ""
    while aim and said is not None and said != aim:
        said = await child.hear()
    return await _kill(child, job, chance.uniform(0, 0.03 if aim else longest), result)


async def _pair(job: _Job, chance: random.Random, result: BulkKills, longest: float) -> bool:
    """A child that is killed while another one pauses and resumes its job, or cancels a file of it."""
    worker, control = await asyncio.gather(
        _Child.start(job, resume=False),
        _Child.start(job, does=chance.choice([["pause", "resume"], ["cancel"], ["pause", "cancel", "resume"]]),
                     here=chance.random() < 0.5, wait=chance.uniform(0, 0.3)),
    )  # fmt: skip
    ended, _ = await asyncio.gather(
        _kill(worker, job, chance.uniform(0, longest), result),
        control.end(chance.uniform(0, longest) if chance.random() < 0.4 else _PATIENCE),
    )
    result.controls += 1
    code = control.process.returncode or 0
    if code < 0:
        result.kills += 1
        result.moments["control"] += 1
    elif code:
        result.wrong.append(f"{job.home.name}: the second process failed, exit code {code}")
    return ended


async def _kill(child: _Child, job: _Job, seconds: float, result: BulkKills) -> bool:
    if await child.end(seconds):
        if child.process.returncode:
            result.wrong.append(f"{job.home.name}: a process failed by itself, exit code {child.process.returncode}")
        return True
    result.kills += 1
    at = [state for state in child.states.values() if state in _RUNNING]
    unwritten = [name for name, state in job.rows() if state in _RUNNING and (job.folder / name).is_file()]
    result.moments.update(at or ["between"])
    result.moments["placed"] += len(unwritten)
    notes = [json.loads(journal.read_text("utf-8")) for journal in job.folder.glob(".lorakeeper-*.json")]
    result.parts += sum(bool(note.get("written") or note.get("beyond")) for note in notes)
    result.filled += sum(bool(note.get("beyond")) for note in notes)
    return False


async def _finish(job: _Job, result: BulkKills) -> None:
    child = await _Child.start(job, resume=True)
    if not await child.end(_PATIENCE):
        result.wrong.append(f"{job.home.name}: the job is not over after {_PATIENCE} s: {job.rows()}")
    elif child.process.returncode:
        result.wrong.append(f"{job.home.name}: the last process failed, exit code {child.process.returncode}")


# -- Looking ---------------------------------------------------------------------------------------------------------


def _look(job: _Job, result: BulkKills) -> None:
    """At any moment each file in the model folder is a whole one of this job, or a part."""
    for path in job.folder.iterdir() if job.folder.exists() else ():
        if not path.name.startswith(".lorakeeper-") and _sha256(path) != job.hashes.get(path.name):
            result.wrong.append(f"{job.home.name}: {path.name} is not whole, or none of this job's")


async def _check(job: _Job, result: BulkKills) -> None:
    """The end: every file here once, the rows saying so, and nothing else anywhere."""
    wrong = []
    app = App.standalone(home=job.home)
    try:
        await app.start(adopt=False)
        [done] = (await app.jobs.page()).items
        items = (await app.jobs.items(done.id)).items
        report = await app.library_scan.scan()
        page = await app.library.page(LibraryQuery(limit=100))
    finally:
        await app.close()
    here = [item for item in items if item.state.here]
    gone = [item for item in items if item.state is ItemState.CANCELLED]
    result.owned += sum(item.state is ItemState.OWNED for item in items)
    result.cancelled += len(gone)
    if done.state is not BulkStatus.COMPLETED or len(here) + len(gone) != _FILES or len(gone) > 1:
        wrong.append(f"the job is {done.state.value}: {[(item.name, item.state.value, item.error) for item in items]}")
    if job.refused and job.refused not in [item.id for item in gone]:
        wrong.append(f"{job.refused} was cancelled and is there")
    expected = sorted(Path(item.path or "").name for item in here)
    found = sorted(path.name for path in job.folder.iterdir())
    if found != expected or len({*expected}) != len(expected) or not {*expected} <= {*job.hashes}:
        wrong.append(f"the folder has {sorted({*found} ^ {*expected})} or twins")
    wrong += [f"{name} is not whole" for name in expected if _sha256(job.folder / name) != job.hashes.get(name)]
    wrong += [f"{path} is there" for path in _others(job)]
    listed = {(item.file_name, item.sha256) for item in page.items}
    if listed != {(name, job.hashes.get(name)) for name in expected} or len(page.items) != len(expected):
        wrong.append(f"the library lists {sorted(item.file_name for item in page.items)}")
    if report.touched:
        wrong.append(f"a scan finds news: {report}")
    wrong += [f"{name} was installed {times} times" for name, times in job.installed.items() if times > 1]
    result.wrong += [f"{job.home.name}: {each}" for each in wrong]


def _others(job: _Job) -> list[Path]:
    """Files in other model folders and in the quarantine."""
    left = [path for top in ("models", "quarantine") for path in (job.home / top).rglob("*") if path.is_file()]
    return [path for path in left if path.parent != job.folder]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


# -- The child -------------------------------------------------------------------------------------------------------


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _work(app: App, targets: list[str], strategy: str, resume: bool) -> None:
    """Goes on with the job, or makes it, until it is over."""
    said: dict[str, str] = {}

    def hear(event: Event) -> None:
        if event.topic == "item" and said.get(event.subject) != event.data["state"]:
            said[event.subject] = event.data["state"]
            _say(f"{event.subject} {event.data['state']}")

    app.events.subscribe(hear)
    async with app:
        _say("it begins")
        page = await app.jobs.page()
        options = BulkOptions(strategy=BatchStrategy(strategy))
        job = page.items[0] if page.items else await app.jobs.create_bulk_job(targets, options=options)
        while not (job := await app.jobs.wait(job.id)).state.over:
            if resume:
                await app.jobs.resume(job.id)
            await asyncio.sleep(0.05)


async def _control(app: App, does: list[str], here: bool, wait: float) -> None:
    """What a second process does to the job of the first."""
    await app.start(adopt=False)
    try:
        _say("it begins")
        for each in does:
            await asyncio.sleep(wait)
            for job in (await app.jobs.page()).items:
                with suppress(ConflictError):
                    if each == "pause":
                        await app.jobs.pause(job.id)
                    elif each == "resume":
                        await app.jobs.resume(job.id, here=here)
                    else:
                        last = (await app.jobs.items(job.id)).items[-1]
                        item = await app.jobs.cancel_item(job.id, last.id)
                        if item.state is ItemState.CANCELLED:
                            _say(f"{item.id} refused")
    finally:
        await app.close()


async def _run(task: dict[str, object]) -> None:
    app = App.standalone(home=Path(str(task["home"])))
    if isinstance(does := task.get("does"), list):
        await _control(app, does, bool(task["here"]), float(str(task["wait"])))
    else:
        await _work(app, list(map(str, task["targets"])), str(task["strategy"]), bool(task["resume"]))  # type: ignore[call-overload]


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.argv[1])))
