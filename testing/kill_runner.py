"""Kills a download again and again, at random moments, and looks at what is left each time.

The parent runs the fake Civitai and starts children; each child is a process of its own that downloads one file until
it is done or killed. ``python -m lorakeeper.testing.kill_runner`` is the child.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..py.civitai.http import Http
from ..py.downloads import Progress
from ..py.downloads.segments import Cut
from . import samples
from .bare_downloads import bare_downloads, bare_source, fixed
from .fake_civitai import FakeCivitai, Pace

# What one undisturbed transfer takes, so that a kill finds it at work; over several connections also at its journal.
_SECONDS = {1: 0.6, 4: 1.5}


@dataclass
class Kills:
    """What came of it. ``moments`` counts kills by the stage that the child had reached; ``wrong`` names every file
    that lay in the model folder and was not the whole, right one; ``resumed`` counts streams that went on in the
    middle, ``filled`` the downloads over several connections that a kill left with gaps."""

    kills: int = 0
    files: int = 0
    resumed: int = 0
    filled: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.wrong and self.resumed > 0 and self.filled > 0

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "moments": dict(self.moments), "good": self.good}


async def kill_downloads(folder: Path, count: int, *, seed: int = 0, size: int = 8_000_000) -> Kills:
    """Kills ``count`` times, as often as a file needs it, and lets each file come to its end once in a while."""
    chance = random.Random(seed)
    result = Kills()
    async with FakeCivitai() as civitai:
        while result.kills < count:
            connections = 4 if result.files % 2 else 1
            civitai.faults.storage[:] = [Pace(size / _SECONDS[connections] / connections)]
            sample = samples.lora(f"model{result.files}", size=size + result.files * 8)
            ids = civitai.add(sample)
            place = folder / f"models{result.files}"
            task = {
                "url": civitai.url,
                "version": ids.version_id,
                "file": ids.file_id,
                "sha256": ids.sha256.lower(),
                "size": sample.size,
                "name": sample.file_name,
                "folder": str(place),
                "connections": connections,
            }
            # Most files are killed several times and then left alone; the last ones as often as is still due.
            for left in range(min(chance.randrange(3, 9), count - result.kills), -1, -1):
                ended = await _child(task, chance if left else None, result)
                _look(place, sample.file_name, ids.sha256.lower(), result)
                if ended:
                    break
            if [path.name for path in place.iterdir()] != [sample.file_name]:
                result.wrong.append(f"{place}: {sorted(path.name for path in place.iterdir())} at the end")
            result.files += 1
        result.resumed = sum(request.headers.get("Range", "").endswith("-") for request in civitai.storage.requests)
    return result


async def _child(task: dict[str, object], chance: random.Random | None, result: Kills) -> bool:
    """Runs one child; with ``chance`` kills it somewhere. True where it came to its end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        json.dumps(task),
        cwd=Path(str(task["folder"])).parent,
        stdout=asyncio.subprocess.PIPE,
    )
    output = child.stdout or asyncio.StreamReader()
    stage = (await output.readline()).decode().strip()
    if chance:
        # A third of the kills aims at the short last steps, which a random moment would hardly ever meet.
        aim = chance.choice(["", "", "", "", "verify", "scan"])
        wait = chance.uniform(0, 0.005 if aim else _SECONDS[int(str(task["connections"]))])
        while aim and stage and stage != aim:
            stage = (await output.readline()).decode().strip()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(child.wait(), wait)
        with suppress(ProcessLookupError):
            child.kill()
    said = (stage + "\n" + (await output.read()).decode()).split()
    if await child.wait() == 0:
        return True
    if chance is None:
        result.wrong.append(f"{task['name']}: the download failed by itself, exit code {child.returncode}")
        return True
    result.kills += 1
    result.filled += _has_gaps(Path(str(task["folder"])))
    result.moments[said[-1] if said else "start"] += 1
    return False


def _look(place: Path, name: str, sha256: str, result: Kills) -> None:
    for path in place.iterdir() if place.exists() else ():
        if path.name.startswith(".lorakeeper-"):
            continue
        if path.name != name or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            result.wrong.append(str(path))


def _has_gaps(place: Path) -> bool:
    journals = place.glob(".lorakeeper-*.json")
    return any(json.loads(journal.read_text("utf-8")).get("beyond") for journal in journals)


async def _download(task: dict[str, str]) -> None:
    stages: list[str] = []

    def progress(step: Progress) -> None:
        if stages[-1:] != [step.stage]:
            stages.append(step.stage)
            sys.stdout.write(f"{step.stage}\n")
            sys.stdout.flush()

    folder = Path(task["folder"])
    http = Http(base_url=task["url"], key_for=lambda url: None)
    cut = Cut(smallest=1_000_000, shortest=600_000, longest=2_000_000, least=100_000)
    downloads = bare_downloads(http, folder, fixed(int(task["connections"])), cut)
    source = bare_source(
        f"{task['url']}/api/download/models/{task['version']}?fileId={task['file']}",
        int(task["size"]),
        task["sha256"],
        name=task["name"],
        version=int(task["version"]),
        file=int(task["file"]),
    )
    try:
        await downloads.fetch(source, folder, progress=progress)
    finally:
        await http.close()


if __name__ == "__main__":
    asyncio.run(_download(json.loads(sys.argv[1])))
