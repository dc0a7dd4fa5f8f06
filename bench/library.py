"""The library at 10,000 and 100,000 files: first scan, start with a known library, one new file, memory, the event
loop.

`python bench/library.py`, or with `--small` for a tenth of it. The figures of ComfyUI-Lora-Manager 1.2.1 on a like
machine stand behind the limits.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

SIZE = 64 * 1024
HOLD_MS = 20
WRITER_MS = 20
MEMORY_MB = 40


def main(arguments: list[str]) -> bool:
    if arguments[:1] == ["--child"]:
        print(json.dumps(asyncio.run(_child(json.loads(arguments[1])))))
        return True
    scale = 10 if "--small" in arguments else 1
    kept = [
        _scans("10,000 files in 100 folders", 10_000 // scale, 100, first=3.0, again=0.5, peer=(9.9, 1.5)),
        _scans("10,000 files in one folder", 10_000 // scale, 1, first=3.0, again=0.5, peer=(202.0, 1.5)),
        _scans("100,000 files in 300 folders", 100_000 // scale, 300, first=None, again=4.0, peer=None),
    ]
    return all(kept)


def _scans(
    what: str, files: int, folders: int, *, first: float | None, again: float, peer: tuple[float, float] | None
) -> bool:
    with tempfile.TemporaryDirectory() as home:
        models = Path(home, "models")
        _make(models / "loras", files, folders)
        empty = _run(home=str(Path(home, "empty")), models=str(Path(home, "nothing")))
        begun = _run(home=str(Path(home, "data")), models=str(models))
        changes = _change(models / "loras")
        known = _run(home=str(Path(home, "data")), models=str(models), one_more=True)
    found = {name: known["report"][name] for name in changes}
    memory = known["memory"] - empty["memory"]
    lines = [
        ("first scan to a full listing", begun["seconds"], first, "s", peer and f"peer {peer[0]} s"),
        ("start with it known, changes found", known["seconds"], again, "s", peer and f"peer {peer[1]} s, none found"),
        ("one new file, writer's time", known["writer"], WRITER_MS, "ms", "peer 450 ms"),
        ("memory it adds", memory, MEMORY_MB, "MB", None),
        ("event loop held, first scan", begun["hold"], HOLD_MS, "ms", None),
        ("event loop held, start", known["hold"], HOLD_MS, "ms", None),
    ]
    print(what)
    for name, value, limit, unit, behind in lines:
        told = f"limit {limit} {unit}" if limit is not None else "no limit"
        print(f"  {name:36s} {value:8.2f} {unit}   {told}" + (f"   ({behind})" if behind else ""))
    if found != changes:
        print(f"  changes that are there: {changes}, found: {found}")
    return found == changes and all(value <= limit for _, value, limit, _, _ in lines if limit is not None)


def _make(folder: Path, files: int, folders: int) -> None:
    for number in range(folders):
        (folder / f"folder {number:03}").mkdir(parents=True)
    for number in range(files):
        path = folder / f"folder {number % folders:03}" / f"Some Style_{number:06}_v{number % 7}.safetensors"
        with path.open("wb") as file:
            file.write(number.to_bytes(8, "little"))
            file.truncate(SIZE)


def _change(folder: Path) -> dict[str, int]:
    """Changes some files in each way that there is, and says how many."""
    some = sorted(folder.rglob("*.safetensors"))[:40]
    for path in some[:10]:
        path.write_bytes(b"changed!" * (SIZE // 8))
    for number, path in enumerate(some[10:20]):
        path.rename(path.with_name(f"renamed {number}.safetensors"))
    for path in some[20:27]:
        path.unlink()
    for number in range(5):
        (folder / f"new {number}.safetensors").write_bytes(os.urandom(SIZE))
    return {"new": 5, "changed": 10, "moved": 10, "missing": 7}


def _run(**plan: Any) -> dict[str, Any]:
    words = [sys.executable, "-I", __file__, "--child", json.dumps(plan)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _child(plan: dict[str, Any]) -> dict[str, Any]:
    """Opens the application, scans, and measures; nothing is read for its hashes meanwhile."""
    import psutil

    from lorakeeper.py.app import App
    from lorakeeper.py.library.query import LibraryQuery

    os.environ["LORAKEEPER_MODELS"] = plan["models"]
    os.environ["LORAKEEPER_ASK_SITE"] = "false"
    app = App.standalone(home=Path(plan["home"]))
    # An upgrade of the file is no part of a start.
    await app.start(adopt=False)
    await app.close()
    # As the standalone server does: a look through everything for garbage would hold the loop whoever asks for it.
    gc.collect()
    gc.freeze()
    app = App.standalone(home=Path(plan["home"]))
    app.catalog.open()
    writes = _time_writes(app)
    begun = time.perf_counter()
    await app.start(adopt=False)
    async with _probed() as held:
        report = await app.upkeep.scan()
        seconds = time.perf_counter() - begun
        page = await app.library.page(LibraryQuery(limit=100))
    result: dict[str, Any] = {"seconds": seconds, "hold": max(held), "report": report.model_dump(), "total": page.total}
    if plan.get("one_more"):
        writes.clear()
        folder = Path(plan["models"], "loras")
        (folder / "dropped in.safetensors").write_bytes(os.urandom(SIZE))
        one = await app.library_scan.scan(only=[folder])
        if one.new != 1:
            raise SystemExit(f"the new file was not found: {one}")
        result["writer"] = sum(writes)
    for query in ("style", "000123", "v3"):
        await app.library.page(LibraryQuery(query=query))
    result["memory"] = psutil.Process().memory_info().rss / 1e6
    await app.close()
    return result


def _time_writes(app: Any) -> list[float]:
    """How long each transaction has the writer, in ms."""
    writes: list[float] = []
    write = app.database.write

    async def timed(work: Callable[[Any], Any]) -> Any:
        def inside(connection: Any) -> Any:
            begun = time.perf_counter()
            try:
                return work(connection)
            finally:
                writes.append((time.perf_counter() - begun) * 1000)

        return await write(inside)

    app.database.write = timed
    return writes


@asynccontextmanager
async def _probed() -> AsyncIterator[list[float]]:
    """The loop's delays in ms, measured every 2 ms."""
    held = [0.0]

    async def probe() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.002)
            held.append((time.perf_counter() - begun - 0.002) * 1000)

    task = asyncio.create_task(probe())
    try:
        yield held
    finally:
        task.cancel()


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
