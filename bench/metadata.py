"""Asking a site in another process about 10,000 files: how many requests, how long the event loop is held meanwhile,
how long a write takes, and how long it takes to see that nothing is left to ask."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")

FILES, REQUESTS, HELD, WRITE, NOTHING = 10_000, 101, 0.020, 0.020, 0.5
# As long as prompts are, so that an answer of a hundred versions is as large as the site's: some 3 MB.
PICTURES = [
    {
        "url": f"https://image.example/{number}/original=true/{number}.jpeg",
        "nsfwLevel": 1,
        "width": 832,
        "height": 1216,
        "hash": "UHLD}qMe.A?wOaIU%MxuMx%1xZM|pIo~MxxZ",
        "type": "image",
        "meta": {"prompt": "a cat, " * 200, "negativePrompt": "blurry, " * 150, "seed": number, "steps": 30},
    }
    for number in range(10)
]


def main() -> bool:
    server = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(_measure(url, Path(folder)))
    finally:
        server.kill()
        server.wait()


def _name(number: int) -> bytes:
    return f"model {number}".encode()


async def _serve() -> None:
    from lorakeeper.testing import samples
    from lorakeeper.testing.fake_civitai import FakeCivitai

    async with FakeCivitai() as civitai:
        for number in range(FILES):
            sample = samples.Sample(
                f"{number}.safetensors", _name(number), name=f"model {number}", tags=["style", "ink"]
            )
            words = [f"style{number}, ink", "wash"]
            civitai.add(sample.but(trigger_words=words, version_fields={"images": PICTURES}))
        print(civitai.url, flush=True)
        await asyncio.Event().wait()


async def _measure(url: str, folder: Path) -> bool:
    from lorakeeper.py.civitai.client import CivitaiClient
    from lorakeeper.py.civitai.http import Http
    from lorakeeper.py.civitai.schemas import ModelPage
    from lorakeeper.py.events import Events
    from lorakeeper.py.library.metadata import SiteKnowledge
    from lorakeeper.py.library.previews import Previews
    from lorakeeper.py.library.view import View

    await asyncio.to_thread(ModelPage.model_rebuild)
    database = _timed(folder / "library.db")
    await database.open()
    http = Http(base_url=url, key_for=lambda url: None)
    previews = Previews(folder, http, nsfw_bits=lambda: 63, allowed=lambda url: False)
    view = View(previews, site_url=lambda: url)
    knowledge = SiteKnowledge(database, CivitaiClient(http), view, previews, Events())
    await _fill(database, view)

    database.took.clear()
    held = Held()
    asked, seconds = await held.during(knowledge.ask(pictures=False))
    writes = sorted(database.took)
    models, model_seconds = await held.during(knowledge.models())
    begun = time.perf_counter()
    assert (await knowledge.ask(pictures=False)).requests == (await knowledge.models()).requests == 0
    nothing = time.perf_counter() - begun
    await http.close()
    await database.close()

    p99 = writes[int(len(writes) * 0.99)]
    print(
        f"{FILES} files    {asked.requests} requests, {seconds:.1f} s   their models    {models.requests} requests, "
        f"{model_seconds:.1f} s   limit {REQUESTS}   {' '.join(asked.errors + models.errors)}"
    )
    print(
        f"the loop held  {held.longest * 1000:6.1f} ms   limit {HELD * 1000:.0f}   "
        f"(by full garbage collections {held.collecting * 1000:.1f} ms)"
    )
    print(
        f"{len(writes)} writes    median {median(writes) * 1000:6.1f} ms   p99 {p99 * 1000:.1f} ms   "
        f"limit {WRITE * 1000:.0f}   longest {writes[-1] * 1000:.1f} ms"
    )
    print(f"nothing to ask {nothing * 1000:6.1f} ms   limit {NOTHING * 1000:.0f}")
    return (
        asked.found == models.found == FILES
        and max(asked.requests, models.requests) <= REQUESTS
        and held.longest <= HELD
        and p99 <= WRITE
        and nothing <= NOTHING
    )


def _timed(path: Path) -> Any:
    """A database that notes how long its writer worked at each transaction."""
    from lorakeeper.py.storage.database import Database

    class Timed(Database):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self.took: list[float] = []

        async def write(self, work: Any) -> Any:
            def timed(connection: Any) -> Any:
                begun = time.thread_time()
                try:
                    return work(connection)
                finally:
                    self.took.append(time.thread_time() - begun)

            return await super().write(timed)

    return Timed(path)


async def _fill(database: Any, view: Any) -> None:
    from lorakeeper.py.library import rows
    from lorakeeper.py.storage.tables import contents, files

    def fill(connection: Any) -> None:
        names = [f"{number}.safetensors" for number in range(FILES)]
        places = [rows.Place(f"/models/{name}", "loras", name, "") for name in names]
        new = rows.add_files(connection, [(place, (10, 1, 1), None, None) for place in places])
        connection.execute(files.update().values(stale=False))
        for number, content in enumerate(new):
            sha256 = hashlib.sha256(_name(number)).hexdigest()
            connection.execute(contents.update().where(contents.c.id == content).values(sha256=sha256))
        view.refresh(connection, new)

    await database.write(fill)


class Held:
    """How long the loop could do nothing else, at most, in seconds.

    Told apart is what grows with all that the process has in memory, not with what is done: full passes of Python's
    garbage collector. Left out is the time that other programs had the processor for.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.collecting = 0.0
        self._passes = 0

    async def during(self, work: Awaitable[T]) -> tuple[T, float]:
        """The result, and the seconds it took."""
        gc.callbacks.append(self._note)
        probing = asyncio.create_task(self._probe())
        try:
            begun = time.perf_counter()
            return await work, time.perf_counter() - begun
        finally:
            probing.cancel()
            gc.callbacks.remove(self._note)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        self._passes += phase == "start" and info["generation"] == 2

    async def _probe(self) -> None:
        while True:
            passes, begun, used = self._passes, time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            held = min(time.perf_counter() - begun - 0.001, time.process_time() - used)
            if passes == self._passes:
                self.longest = max(self.longest, held)
            else:
                self.collecting = max(self.collecting, held)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        sys.exit(not main())
