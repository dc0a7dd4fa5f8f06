"""Hashing against what the processor and the disk allow: ``python bench/hashing.py``. Needs openssl.

The processor's limit is what ``openssl speed`` gives for SHA-256 in the same round, by one process (``core``) and by
one process a worker (``cores``: measured, since a machine's cores share more than they should). A file with an AutoV3
needs two streams of SHA-256, so:

- two lanes, one file: bytes of the file × 2 streams / ``cores``; and bytes of the file / ``core``, the same from the
  file's side;
- one lane a worker, two files at once: bytes of both × 2 streams / ``cores``; and bytes of both / ``cores``, which
  leaves the second stream out and can't pass a half.

The disk's limit is a plain read of the file, out of the cache as far as the system obeys. Where the disk is the lower
limit, the cold hashing of a file counts, against the disk. Rounds alternate and medians count, because a machine's
speed varies and other work may run on it. Exit code 1 where a ratio is under 0.9, or the event loop was held over
20 ms (the median of each round's longest) while threads hashed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lorakeeper.py.library.hashing import hash_file

LIMIT = 0.9
LIMIT_HELD_MS = 20
WORKERS = 2
STREAMS = 2
BLOCK = 1 << 20


def model(path: Path, size: int) -> None:
    """A safetensors file of one tensor of ``size`` bytes, on the disk and in the cache."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    block = os.urandom(BLOCK)
    with path.open("wb") as file:
        for piece in (len(header).to_bytes(8, "little"), header, *[block] * (size // BLOCK)):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def openssl(workers: int) -> float:
    """Bytes of SHA-256 a second, of all workers together."""
    words = ["openssl", "speed", "-seconds", "2", "-bytes", "16384"]
    words += ["-multi", str(workers)] if workers > 1 else []
    said = subprocess.run([*words, "-evp", "sha256"], check=True, capture_output=True, text=True).stdout
    return float(said.split()[-1].rstrip("k")) * 1000


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def forget(path: Path) -> None:
    """Takes the file out of the cache, where the system has a call for it."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(path: Path) -> None:
    block = bytearray(BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def two_at_once(path: Path) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda each: hash_file(each, lanes=1), [path] * WORKERS))


async def watched(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of ``work`` in a thread, and the longest time that the event loop was held, in ms."""
    held = 0.0

    async def watch() -> None:
        nonlocal held
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            held = max(held, time.perf_counter() - before - 0.001)

    watching = asyncio.create_task(watch())
    took = await asyncio.to_thread(seconds, work)
    watching.cancel()
    return took, held * 1000


def one_round(path: Path, size: int) -> dict[str, float]:
    """Rates in bytes of files a second, but openssl's, which are in bytes of SHA-256."""
    forget(path)
    disk = size / seconds(lambda: read(path))
    forget(path)
    cold = size / seconds(lambda: hash_file(path, lanes=WORKERS))
    core, cores = openssl(1), openssl(WORKERS)
    lanes, held = asyncio.run(watched(lambda: hash_file(path, lanes=WORKERS)))
    files, held_too = asyncio.run(watched(lambda: two_at_once(path)))
    rates = {"core": core, "cores": cores, "disk": disk, "cold": cold}
    return {**rates, "lanes": size / lanes, "files": WORKERS * size / files, "held": max(held, held_too)}


def main() -> bool:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=1024, help="MiB")
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model(path, given.size * BLOCK)
        size = path.stat().st_size
        read(path)
        rounds = [one_round(path, size) for _ in range(given.runs)]

    def middle(figure: Callable[[dict[str, float]], float]) -> float:
        return statistics.median(figure(each) for each in rounds)

    for name in ("core", "cores", "disk", "cold", "lanes", "files"):
        print(f"{name:6} {middle(lambda each, name=name: each[name]) / 1e9:6.2f} GB/s")  # type: ignore[misc]
    lanes = middle(lambda each: each["lanes"] * STREAMS / each["cores"])
    files = middle(lambda each: each["files"] * STREAMS / each["cores"])
    disk = middle(lambda each: each["cold"] / each["disk"])
    held = middle(lambda each: each["held"])
    print(f"two lanes: SHA bytes / cores      {lanes:5.2f}   file bytes / core  ", end="")
    print(f"{middle(lambda each: each['lanes'] / each['core']):5.2f}   limit {LIMIT}")
    print(f"two files: SHA bytes / cores      {files:5.2f}   file bytes / cores ", end="")
    print(f"{middle(lambda each: each['files'] / each['cores']):5.2f}   limit {LIMIT}, of the first")
    print(f"two lanes, cold: bytes / disk's   {disk:5.2f}")
    disk_is_lowest = middle(lambda each: each["disk"] - each["cores"] / STREAMS) < 0
    print(f"the lowest limit is {'the disk' if disk_is_lowest else 'the processor'}")
    print(
        f"event loop held  {held:6.1f} ms, at most {max(each['held'] for each in rounds):.1f}   limit {LIMIT_HELD_MS}"
    )
    decides = (disk,) if disk_is_lowest else (lanes, files)
    return min(decides) >= LIMIT and held <= LIMIT_HELD_MS


if __name__ == "__main__":
    sys.exit(not main())
