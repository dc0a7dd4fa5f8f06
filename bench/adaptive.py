"""Whether adaptive downloads find the best number of connections: ``python bench/adaptive.py``. Needs nginx.

Three networks on loopback: one without limits, one that limits each connection, and one that refuses more than six
connections (429), limits each, and breaks them now and then. On each, fixed numbers of connections are measured, then
the adaptive mode, from its beginning: it has six judgements to find out, which are half a minute in use. Where nothing
else takes time they come every second here. Draws the speeds and the connections over time; exit code 1 where it ends
below nine tenths of the best fixed one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
import tempfile
from pathlib import Path

from lorakeeper.bench.download import free_port, running_nginx
from lorakeeper.py.civitai.http import Http
from lorakeeper.py.downloads import OptimizationMode, PerformanceOptimizer
from lorakeeper.py.downloads.part import part_path
from lorakeeper.testing.bare_downloads import bare_downloads, bare_source

SIZE = 12 << 30
FIXED = (1, 2, 4, 8, 16)
JUDGEMENTS, MEASURED = 6, 5
SHARE = 0.9
BREAKS_AFTER = 40 << 20  # bytes, on average

SERVERS = """
  limit_conn_zone $server_port zone=all:1m;
  server {{ listen 127.0.0.1:{fast}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{limited}; root {folder}/www; limit_rate 8m; }}
  server {{ listen 127.0.0.1:{few}; root {folder}/www; limit_rate 8m; limit_conn all 6; limit_conn_status 429; }}
"""


async def measured(
    url: str, folder: Path, mode: OptimizationMode, most: int, every: int = 1
) -> tuple[float, list[tuple[float, int]]]:
    """Bytes a second once warm, and the speed and the connections of each second from the beginning."""

    http = Http(base_url=url, key_for=lambda _: None)
    optimizer = PerformanceOptimizer(mode=lambda: mode, most=lambda: most, every=every)
    downloads = bare_downloads(http, folder, optimizer)
    source = bare_source(f"{url}/model.bin", SIZE, "0" * 64)
    task = asyncio.create_task(downloads.fetch(source, folder / "models"))
    seconds: list[tuple[float, int]] = []
    before = 0
    for _ in range(JUDGEMENTS * every + MEASURED):
        await asyncio.sleep(1.0)
        now = optimizer.report().metrics.received
        seconds.append((float(now - before), optimizer.connections()))
        before = now
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await downloads.discard(part_path(folder / "models", source))
    await http.close()
    late = [rate for rate, _ in seconds[-MEASURED:]]
    return sum(late) / len(late), seconds


async def breaking(port: int) -> asyncio.Server:
    """A way to ``port`` on which connections break now and then."""
    chance = random.Random(4)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: float) -> None:
        with contextlib.suppress(ConnectionError):
            while left > 0 and (data := await reader.read(1 << 16)):
                left -= len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        ways = (pump(reader, there[1], float("inf")), pump(there[0], writer, chance.expovariate(1 / BREAKS_AFTER)))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*ways)

    return await asyncio.start_server(meet, "127.0.0.1", 0)


async def compare(network: str, url: str, folder: Path, every: int) -> bool:
    print(f"\n{network}")
    best = 0.0
    for connections in FIXED:
        rate, _ = await measured(url, folder, OptimizationMode.SPEED, connections)
        best = max(best, rate)
        print(f"  {connections:2} connections   {rate / 1e6:7.1f} MB/s", flush=True)
    rate, seconds = await measured(url, folder, OptimizationMode.ADAPTIVE, max(FIXED), every)
    widest = max(1.0, *(each for each, _ in seconds))
    for second, (each, connections) in enumerate(seconds, 1):
        print(f"  {second:4} s {connections:3} {'▇' * round(40 * each / widest)} {each / 1e6:.0f} MB/s")
    print(f"  adaptive         {rate / 1e6:7.1f} MB/s   {rate / best:.2f} of the best   limit {SHARE}", flush=True)
    return rate >= SHARE * best


async def main() -> int:
    logging.disable(logging.ERROR)  # what breaks here breaks on purpose
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "www").mkdir()
        with (folder / "www" / "model.bin").open("wb") as file:
            file.truncate(SIZE)
        ports = {"fast": free_port(), "limited": free_port(), "few": free_port()}
        with running_nginx(folder, SERVERS.format(folder=folder, **ports), ports.values()):
            lossy = await breaking(ports["few"])
            port = lossy.sockets[0].getsockname()[1]
            networks = (
                ("without limits", ports["fast"], 1),
                ("8 MB/s a connection", ports["limited"], 1),
                ("8 MB/s a connection, six at most, breaking", port, 5),
            )
            kept = [await compare(name, f"http://127.0.0.1:{each}", folder, every) for name, each, every in networks]
            lossy.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
