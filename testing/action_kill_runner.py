"""Kills a process that moves, renames, trashes, links and undoes, at random moments, and looks at what is left.

The parent makes a small library and starts children; each child is a process of its own that acts on it until it is
killed. ``python -m lorakeeper.testing.action_kill_runner FOLDER SEED`` is the child.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from ..py.civitai.http import Http
from ..py.errors import LorakeeperError
from ..py.events import Events
from ..py.library.actions import Actions, read_request
from ..py.library.actions.disk import rename_new
from ..py.library.learn import Learner
from ..py.library.paths import real
from ..py.library.previews import Previews
from ..py.library.roots import FolderRoots
from ..py.library.rows import facts_of, stamp
from ..py.library.scan import Scanner
from ..py.library.view import View
from ..py.storage.database import Database
from ..py.storage.tables import actions, files

_MODELS = 8
_LONGEST = 0.4  # seconds that a child has before it is killed


@dataclass
class ActionKills:
    """What came of it. ``moments`` counts kills by what the child was at, ``interrupted`` those in the middle of an
    action; ``wrong`` are sentences about every file or row that was not as it has to be."""

    kills: int = 0
    interrupted: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.wrong and self.interrupted > 0

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "moments": dict(self.moments), "good": self.good}


@dataclass
class _Library:
    database: Database
    actions: Actions
    scanner: Scanner
    learner: Learner


async def kill_actions(folder: Path, count: int, *, seed: int = 0) -> ActionKills:
    """Kills ``count`` children, and after each lets the library recover and looks at every file and row."""
    chance = random.Random(seed)
    result = ActionKills()
    expected = _fill(folder, chance)
    async with _opened(folder) as library:
        await library.scanner.scan()
        await library.learner.run()
    while result.kills < count:
        moment = await _child(folder, chance)
        result.kills += 1
        result.moments[moment] += 1
        _look(folder, expected, result, recovered=False)
        async with _opened(folder) as library:
            result.interrupted += await _unfinished(library) > 0
            await library.actions.recover()
            _look(folder, expected, result, recovered=True)
            result.wrong += await _disagreements(library)
        if result.wrong:
            break
    return result


def _fill(folder: Path, chance: random.Random) -> Counter[str]:
    """Models with files beside them, and two that are alike; returns how often each content is there."""
    for root in ("loras", "checkpoints"):
        (folder / root).mkdir(parents=True)
    contents: list[bytes] = []
    for number in range(_MODELS):
        model = chance.randbytes(chance.choice([2_000, 200_000, 12_000_000]))
        contents += [model, f"beside {number}".encode()]
        path = folder / "loras" / f"m{number}.safetensors"
        path.write_bytes(model)
        path.with_suffix(".txt").write_bytes(contents[-1])
        os.utime(path, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000 + number))
    twin = folder / "loras" / "twin.safetensors"
    twin.write_bytes(contents[0])
    os.utime(twin, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    return Counter(hashlib.sha256(each).hexdigest() for each in [*contents, contents[0]])


async def _child(folder: Path, chance: random.Random) -> str:
    """Runs one child and kills it; returns what it was at."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(folder), str(chance.randrange(2**32)), stdout=asyncio.subprocess.PIPE
    )
    output = child.stdout or asyncio.StreamReader()
    await output.readline()  # it has begun
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(child.wait(), chance.uniform(0, _LONGEST))
    with suppress(ProcessLookupError):
        child.kill()
    said = (await output.read()).decode().split()
    if await child.wait() >= 0:
        raise RuntimeError(f"A child ended by itself with the code {child.returncode}.")
    return said[-1] if said else "start"


def _look(folder: Path, expected: Counter[str], result: ActionKills, *, recovered: bool) -> None:
    """Every file whole: before the recovery at least once, after it exactly as often as it was, and no part left."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if "home" in path.relative_to(folder).parts or not path.is_file():
            continue
        if recovered and path.name.endswith(".part"):
            result.wrong.append(f"{path} is left over")
        found[hashlib.sha256(path.read_bytes()).hexdigest()] += 1
    for sha256, count in expected.items():
        if found[sha256] < count or (recovered and found[sha256] != count):
            result.wrong.append(f"kill {result.kills}: {sha256[:12]} is there {found[sha256]} times instead of {count}")
    if recovered and (strange := set(found) - set(expected)):
        result.wrong.append(f"kill {result.kills}: {len(strange)} files are not whole")


async def _unfinished(library: _Library) -> int:
    query = select(actions.c.id).where(actions.c.state == "doing")
    return len(await library.database.read(lambda c: c.execute(query).all()))


async def _disagreements(library: _Library) -> list[str]:
    """Where rows and disk differ."""
    wrong = []
    if await _unfinished(library):
        wrong.append("an action is still under way")
    rows = await library.database.read(lambda c: c.execute(select(files)).all())
    wrong += await asyncio.to_thread(_unfitting, rows)
    report = await library.scanner.scan()
    if report.touched:
        wrong.append(f"a scan finds news: {report}")
    return wrong


def _unfitting(rows: Sequence[Row[Any]]) -> list[str]:
    wrong = [] if len(rows) == _MODELS + 1 else [f"there are {len(rows)} rows"]
    for row in rows:
        path = Path(real(row.path))
        if not path.exists():
            wrong.append(f"{path} isn't there, though its row says so")
        elif row.missing != path.name.endswith(".trashed") or (not row.missing and stamp(path) != facts_of(row)):
            wrong.append(f"the row of {path} doesn't fit it")
        if row.stale:
            wrong.append(f"{path} would be read again")
    return wrong


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[_Library]:
    database, events = Database(folder / "home" / "lorakeeper.db"), Events()
    http = Http(base_url="http://127.0.0.1:9", key_for=lambda url: None)
    previews = Previews(folder / "home" / "previews", http, nsfw_bits=lambda: 0, allowed=lambda url: False)
    view = View(previews, site_url=lambda: "https://civitai.com")
    roots = FolderRoots({kind: [folder / kind] for kind in ("loras", "checkpoints")})
    await database.open()
    try:
        yield _Library(
            database,
            Actions(database, roots, view, events, rename=_between_disks(folder)),
            Scanner(database, roots, view, events),
            Learner(database, view, previews, events, threads=lambda: 2, blake3=lambda: False, busy=lambda: False),
        )
    finally:
        await http.close()
        await database.close()


def _between_disks(folder: Path) -> Callable[[Path, Path], None]:
    """Renames as if the two model folders lay on two disks."""
    other = folder / "checkpoints"

    def rename(source: Path, target: Path) -> None:
        if source.is_relative_to(other) != target.is_relative_to(other):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source), None, str(target))
        rename_new(source, target)

    return rename


async def _act(folder: Path, seed: int) -> None:
    """The child: one action after the other, without end."""
    chance = random.Random(seed)
    async with _opened(folder) as library:
        print("begun", flush=True)  # noqa: T201 - the parent reads it
        while True:
            document = await _any(library, chance)
            print(document["action"], flush=True)  # noqa: T201
            with suppress(LorakeeperError):  # some make no sense just now, and say so
                if document["action"] == "undo":
                    page = await library.actions.history(limit=10)
                    await library.actions.undo(chance.choice(page.items).id if page.items else 1)
                else:
                    await library.actions.run(read_request(document))


async def _any(library: _Library, chance: random.Random) -> dict[str, object]:
    rows = await library.database.read(lambda c: c.execute(select(files.c.id, files.c.missing)).all())
    ids = [row.id for row in rows]
    some = chance.sample(ids, chance.randint(1, len(ids)))
    return chance.choice(
        [
            {
                "action": "move",
                "ids": some,
                "kind": chance.choice(["loras", "checkpoints"]),
                "folder": chance.choice(["", "a", "a/b", "c/d/e"]),
            },
            {"action": "rename", "id": some[0], "name": f"r{chance.randrange(30)}"},
            {"action": "trash", "ids": some},
            {"action": "restore", "ids": [row.id for row in rows if row.missing] or ids},
            {"action": "link", "ids": ids},
            {"action": "undo"},
        ]
    )


if __name__ == "__main__":
    asyncio.run(_act(Path(sys.argv[1]), int(sys.argv[2])))
