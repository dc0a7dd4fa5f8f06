"""A verified download against other tools, from the same local server: ``python bench/download.py``. Needs nginx, curl,
coreutils and aria2.

Without limits, over HTTP and TLS: against ``curl`` then ``sha256sum``, and then ``openssl dgst``. Where the server
limits each connection, and where each answer comes a while later through a window of 4 MiB: against
``aria2c -x16 -s16 --checksum``. Runs alternate, and medians are compared, because a machine's speed varies. Beside the
seconds are those of the processor, and the megabytes that a download adds to a process at rest, at its peak; beside
them all that a ``curl`` takes. Prints one JSON object for each; exit code 1 where a ratio, or the memory, is over its
limit.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from lorakeeper.py.civitai.http import Http
from lorakeeper.testing.bare_downloads import bare_downloads, bare_source, fixed

CONFIG = """
{user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{}}
http {{
  access_log off; sendfile on; default_type application/octet-stream;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  {servers}
}}
"""
SERVERS = """
  server {{ listen 127.0.0.1:{http}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{limited}; root {folder}/www; limit_rate 20m; }}
  server {{ listen 127.0.0.1:{https} ssl; root {folder}/www;
           ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; }}
"""


PEAK_LIMIT = 80.0  # MB

# Of the long way: seconds each way, bytes under way, bytes of a packet.
DELAY, WINDOW, STEP = 0.04, 4 << 20, 1 << 16


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def long_way(port: int) -> Iterator[int]:
    """A way to ``port`` that takes DELAY each way, with WINDOW bytes under way on each connection at most: a process of
    its own, so that it takes no time from ours. Gives its port."""
    words = [sys.executable, "-I", __file__, "--way", str(port)]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert running.stdout
    try:
        yield int(running.stdout.readline())
    finally:
        running.terminate()
        running.wait()


async def way(port: int) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, room = asyncio.get_running_loop(), asyncio.Semaphore(WINDOW // STEP)
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                at, data = await queue.get()
                await asyncio.sleep(at - loop.time())
                writer.write(data)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                # That it has arrived is known after the way back.
                loop.call_later(DELAY, room.release)
                if not data:
                    writer.close()
                    return

        arriving = asyncio.create_task(arrive())
        with contextlib.suppress(ConnectionError):
            while True:
                await room.acquire()
                data = await reader.read(STEP)
                queue.put_nowait((loop.time() + DELAY, data))
                if not data:
                    break
            await arriving
        arriving.cancel()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port, limit=WINDOW)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)

    listening = await asyncio.start_server(meet, "127.0.0.1", 0, limit=WINDOW)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


@contextlib.contextmanager
def running_nginx(folder: Path, servers: str, ports: Iterable[int]) -> Iterator[None]:
    """nginx with these servers, its files in ``folder``."""
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, user=user, servers=servers))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    running = subprocess.Popen([nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    try:
        for port in ports:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


@contextlib.contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """nginx on loopback, its files in ``folder``; gives the addresses: plain, with TLS, limited for each connection,
    and with a long way."""
    import trustme

    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    ports = {"http": free_port(), "https": free_port(), "limited": free_port()}
    started = running_nginx(folder, SERVERS.format(folder=folder, **ports), ports.values())
    with started, long_way(ports["http"]) as far:
        yield {
            "http": f"http://127.0.0.1:{ports['http']}",
            "https": f"https://127.0.0.1:{ports['https']}",
            "limited": f"http://127.0.0.1:{ports['limited']}",
            "far": f"http://127.0.0.1:{far}",
        }


def model(path: Path, size: int) -> str:
    """Writes a safetensors file of one tensor of ``size`` bytes; gives its SHA256."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    digest, block = hashlib.sha256(), os.urandom(1 << 20)
    with path.open("wb") as file:
        for piece in (len(header).to_bytes(8, "little"), header, *[block] * (size >> 20)):
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


async def ours(url: str, size: int, sha256: str, folder: Path, connections: int) -> tuple[float, float]:
    """Seconds for the whole transaction, and the longest time that the event loop was held, in ms."""

    held = 0.0

    async def watch() -> None:
        nonlocal held
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            held = max(held, time.perf_counter() - before - 0.001)

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    http = Http(base_url=url, key_for=lambda _: None, context=context if url.startswith("https") else None)
    downloads = bare_downloads(http, folder, fixed(connections))
    source = bare_source(f"{url}/model.bin", size, sha256)
    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    outcome = await downloads.fetch(source, folder / "ours")
    seconds = time.perf_counter() - began
    watching.cancel()
    await http.close()
    assert outcome.status == "installed", outcome
    shutil.rmtree(folder / "ours")
    return seconds, held * 1000


def peak_of(running: subprocess.Popen[str]) -> float:
    """The most memory (RSS) that a process has until it ends, in MB."""
    import psutil

    peak = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.005)
    return peak / 1e6


def peak_added(words: list[str]) -> tuple[str, float]:
    """Runs a child that says a line once it is at rest, and begins at a line: what it says then, and the megabytes
    that it added at its peak."""
    import psutil

    running = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin
    assert running.stdout
    if not running.stdout.readline():
        raise SystemExit("the child ended before it began")
    rest = psutil.Process(running.pid).memory_info().rss / 1e6
    running.stdin.write("\n")
    running.stdin.flush()
    peak = peak_of(running)
    said = running.stdout.read()
    if running.wait():
        raise SystemExit(f"the child failed: {running.returncode}")
    return said, peak - rest


def curl_peak(url: str) -> float:
    return peak_of(subprocess.Popen(["curl", "-sk", "-o", os.devnull, url], text=True))


def alone(url: str, size: int, sha256: str, connections: int) -> None:
    """The child of which the memory is measured."""
    with tempfile.TemporaryDirectory() as folder:
        print("ready", flush=True)
        sys.stdin.readline()
        asyncio.run(ours(url, size, sha256, Path(folder), connections))


def theirs(url: str, folder: Path, sha256: str, tool: tuple[str, ...]) -> float:
    path = folder / "theirs"
    began = time.perf_counter()
    subprocess.run(["curl", "-sk", "-o", str(path), f"{url}/model.bin"], check=True)
    said = subprocess.run([*tool, str(path)], check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - began
    assert sha256 in said
    path.unlink()
    return seconds


def aria2(url: str, folder: Path, sha256: str) -> float:
    words = [
        "aria2c",
        "-q",
        "-x16",
        "-s16",
        "--allow-overwrite=true",
        f"--checksum=sha-256={sha256}",
        "-d",
        str(folder),
    ]
    began = time.perf_counter()
    subprocess.run([*words, "-o", "theirs", "--file-allocation=none", f"{url}/model.bin"], check=True)
    seconds = time.perf_counter() - began
    (folder / "theirs").unlink()
    return seconds


def spent() -> float:
    """Seconds of the processor that this process and its children have had."""
    return sum(os.times()[:4])


def compare(place: str, url: str, size: int, sha256: str, folder: Path, runs: int) -> bool:
    """Runs all of one address in turn and says their medians; whether ours is within its limit."""
    near = place in ("http", "https")
    connections = 8 if near else 16
    rivals: dict[str, Callable[[], float]] = {"aria2": partial(aria2, url, folder, sha256)}
    if near:
        # openssl uses the processor's SHA instructions, which many a sha256sum doesn't: a fairer rival.
        tools = {"curl_sha256sum": ("sha256sum",), "curl_openssl": ("openssl", "dgst", "-sha256")}
        rivals = {name: partial(theirs, url, folder, sha256, tool) for name, tool in tools.items()}
    rows = []
    for _ in range(runs if near else max(1, runs // 2)):
        before = spent()
        seconds, held = asyncio.run(ours(url, size, sha256, folder, connections))
        row, marks = [seconds, held], [before, spent()]
        for rival in rivals.values():
            row.append(rival())
            marks.append(spent())
        rows.append((*row, *(after - before for before, after in pairwise(marks))))
    medians = [statistics.median(column) for column in zip(*rows, strict=True)]
    mine, held, *others = medians[: 2 + len(rivals)]
    child = [sys.executable, "-I", __file__, "--alone", url, str(size), sha256, str(connections)]
    peak, curl = peak_added(child)[1], curl_peak(f"{url}/model.bin")
    said: dict[str, object] = {"bench": f"download {size >> 20} MiB, {place}", "seconds": round(mine, 3)}
    said |= {rival: round(other, 3) for rival, other in zip(rivals, others, strict=True)}
    said |= {"ratios": [round(mine / other, 3) for other in others], "loop_held_ms": round(held, 1)}
    said |= {"cpu_seconds": [round(each, 2) for each in medians[2 + len(rivals) :]]}
    said |= {"added_mb": round(peak, 1), "curl_mb": round(curl, 1)}
    print(json.dumps(said), flush=True)
    return bool(mine / others[0] <= (1.05 if near else 1.0)) and peak <= PEAK_LIMIT


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=1024, help="MiB")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", choices=["http", "https", "limited", "far"])
    options.add_argument("--way", type=int, help=argparse.SUPPRESS)
    options.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        asyncio.run(way(given.way))
    if given.alone:
        url, length, digest, connections = given.alone
        alone(url, int(length), digest, int(connections))
        return 0
    good = True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "www").mkdir()
        sha256 = model(folder / "www" / "model.bin", given.size << 20)
        size = (folder / "www" / "model.bin").stat().st_size
        with server(folder) as urls:
            for place, url in urls.items():
                if given.only in (None, place):
                    good &= compare(place, url, size, sha256, folder, given.runs)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
