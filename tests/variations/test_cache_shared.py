"""Two processes with one cache: nothing torn, nothing lost, nothing left lying about."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations.cache import VariationCache
from lorakeeper.py.variations.cache_table import CacheIndex

WORKER = """
import asyncio, json, sys
from pathlib import Path
from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations.cache import VariationCache
from lorakeeper.py.variations.cache_table import CacheIndex
from lorakeeper.py.variations.outcomes import ImageOutcome, Picture

async def main():
    folder, me = Path(sys.argv[1]), sys.argv[2]
    database = Database(folder / "library.db")
    await database.open()
    cache = VariationCache(folder / "cache", CacheIndex(database), limit=30_000)
    print("ready", flush=True)
    sys.stdin.readline()
    wrong = hits = 0
    for number in range(80):
        key = f"{number % 40:064x}"
        content = f"{key}:{me}:{number}:".encode().ljust(1000, b".")
        await cache.put(key, ImageOutcome((Picture(content, "image/png"),)))
        found = await cache.get(f"{(number * 7) % 40:064x}")
        if found is not None:
            hits += 1
            wrong += not found.images[0].content.startswith(f"{(number * 7) % 40:064x}:".encode())
    await database.close()
    print(json.dumps([hits, wrong]), flush=True)

asyncio.run(main())
"""


async def test_two_processes_share_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db")
    await database.open()
    index = CacheIndex(database)
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    workers = [
        subprocess.Popen(  # noqa: S603 - the interpreter itself
            [sys.executable, str(script), str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answers = await asyncio.gather(*(asyncio.to_thread(worker.communicate, "go\n", 60) for worker in workers))

    assert [worker.returncode for worker in workers] == [0, 0]
    for out, _ in answers:
        hits, wrong = json.loads(out)
        assert hits > 20
        assert wrong == 0
    cache = VariationCache(tmp_path / "cache", index, limit=30_000)
    await cache.make_room()
    names = await index.names()
    kept = {path.name for path in (tmp_path / "cache").glob("*/*")}
    # Nothing is torn, nothing lost, and nothing lies about: each entry has its file, each file its entry.
    assert kept == names
    assert await cache.size() <= 30_000
    entries = await index.oldest(1000)
    assert all([await cache.get(entry.key) for entry in entries])
    await database.close()
