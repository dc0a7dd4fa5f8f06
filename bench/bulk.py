"""Twenty files of 50 MB as one job against one by one: ``python bench/bulk.py``. Needs nginx, curl and coreutils.

The whole application, in a process of its own on a new data folder each time, fetches them from nginx on loopback, to
which a fake site leads it; without limits, and where each connection has 20 MB/s. One by one is ``curl`` then
``sha256sum`` for each file, and, as a second figure, our own job with files one after the other. Runs alternate and
medians are compared. Memory is what the job adds to the application at rest, at its peak, and beside it all that a
``curl`` takes. Prints one JSON object for each network; exit code 1 where the job takes more than 0.6 of the time of
one by one, or adds more than 80 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lorakeeper.bench.download import PEAK_LIMIT, curl_peak, free_port, model, peak_added, running_nginx
from lorakeeper.py.app import App
from lorakeeper.py.bulk import BatchStrategy, BulkOptions
from lorakeeper.testing.fake_civitai import FakeCivitai, Status
from lorakeeper.testing.samples import Sample

FILES, SIZE = 20, 48 << 20
LIMIT = 0.6

SERVERS = """
  server {{ listen 127.0.0.1:{unlimited}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{limited}; root {folder}/www; limit_rate 20m; }}
"""


async def work(home: Path, strategy: str, targets: list[str]) -> None:
    """The child: says when it is ready, begins when it is told, and says how many seconds it took."""
    async with App.standalone(home=home) as app:
        await asyncio.sleep(1)  # its upkeep is done
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.perf_counter()
        options = BulkOptions(strategy=BatchStrategy(strategy)) if strategy else None
        job = await app.jobs.wait((await app.jobs.create_bulk_job(targets, options=options)).id)
        print(time.perf_counter() - began, flush=True)
        if job.downloaded_files != len(targets):
            raise SystemExit(f"only {job.downloaded_files} files of {len(targets)} came")


def ours(folder: Path, site: str, strategy: str, targets: list[str]) -> tuple[float, float]:
    """Seconds, and the megabytes that it added at its peak. Blocking."""
    home = folder / "home"
    App.standalone(home=home).store.update({"civitai_url": site})
    words = [sys.executable, "-I", __file__, "--work", str(home), strategy, *targets]
    said, peak = peak_added(words)
    shutil.rmtree(home)
    return float(said), peak


def one_by_one(folder: Path, url: str, sums: dict[str, str]) -> float:
    path = folder / "theirs"
    began = time.perf_counter()
    for name, sha256 in sums.items():
        subprocess.run(["curl", "-s", "-o", str(path), f"{url}/{name}"], check=True)
        said = subprocess.run(["sha256sum", str(path)], check=True, capture_output=True, text=True).stdout
        if sha256 not in said:
            raise SystemExit(f"curl brought a wrong {name}")
    seconds = time.perf_counter() - began
    path.unlink()
    return seconds


async def compare(network: str, url: str, folder: Path, sums: dict[str, str], runs: int) -> bool:
    """Runs all in turn on one network and says what came of it; whether the job is within its limits."""
    rows = []
    async with FakeCivitai() as civitai:
        targets = []
        for name in sums:
            ids = await asyncio.to_thread(civitai.add, Sample(name, folder / "www" / name, name=name))
            targets.append(f"{ids.model_id}@{ids.version_id}")
            path = f"/api/download/models/{ids.version_id}"
            civitai.faults.site.append(Status(times=None, code=307, headers={"Location": f"{url}/{name}"}, path=path))
        for _ in range(runs):
            job, peak = await asyncio.to_thread(ours, folder, civitai.url, "", targets)
            others = await asyncio.to_thread(one_by_one, folder, url, sums)
            sequential, _ = await asyncio.to_thread(ours, folder, civitai.url, "sequential", targets)
            rows.append((job, others, sequential, peak))
    job, others, sequential, peak = (statistics.median(column) for column in zip(*rows, strict=True))
    curl = curl_peak(f"{url}/{next(iter(sums))}")
    said = {"bench": f"{FILES} files of {SIZE >> 20} MiB, {network}", "runs": runs, "job": round(job, 2)}
    said |= {"curl_sha256sum": round(others, 2), "sequential": round(sequential, 2)}
    said |= {"ratios": [round(job / others, 3), round(job / sequential, 3)]}
    said |= {"added_mb": round(peak, 1), "curl_mb": round(curl, 1), "limits": [LIMIT, PEAK_LIMIT]}
    print(json.dumps(said), flush=True)
    return bool(job / others <= LIMIT and peak <= PEAK_LIMIT)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", choices=["unlimited", "limited"])
    options.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.work:
        home, strategy, *targets = given.work
        asyncio.run(work(Path(home), strategy, targets))
        return 0
    good = True
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        (folder / "www").mkdir()
        names = [f"model{number}.safetensors" for number in range(FILES)]
        sums = {name: model(folder / "www" / name, SIZE) for name in names}
        ports = {"unlimited": free_port(), "limited": free_port()}
        stack.enter_context(running_nginx(folder, SERVERS.format(folder=folder, **ports), ports.values()))
        for network, port in ports.items():
            if given.only in (None, network):
                good &= asyncio.run(compare(network, f"http://127.0.0.1:{port}", folder, sums, given.runs))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
