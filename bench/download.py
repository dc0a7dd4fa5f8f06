"""A verified download against ``curl`` then ``sha256sum``, from the same local server: ``python bench/download.py``.

Runs alternate, and medians are compared, because a machine's speed varies. Needs nginx, curl and coreutils. Prints one
JSON object for each of plain HTTP and TLS; exit code 1 where a ratio is over 1.0.
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
from collections.abc import Iterator
from pathlib import Path

from lorakeeper.py.civitai.http import Http
from lorakeeper.py.civitai.resolve import ResolvedFile
from lorakeeper.py.civitai.schemas import ModelVersion, VersionFile
from lorakeeper.py.downloads import DiskSpace, Downloads
from lorakeeper.py.security import ModelScanner, Quarantine

CONFIG = """
{user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{}}
http {{
  access_log off; sendfile on; default_type application/octet-stream;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{ listen 127.0.0.1:{http}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{https} ssl; root {folder}/www;
           ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """nginx on loopback, its files in ``folder``; gives the plain and the TLS address."""
    import trustme

    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    ports = {"http": free_port(), "https": free_port()}
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, user=user, **ports))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    running = subprocess.Popen([nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    try:
        for port in ports.values():
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
        yield tuple(f"{scheme}://127.0.0.1:{port}" for scheme, port in ports.items())  # type: ignore[misc]
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


def model(path: Path, size: int) -> str:
    """Writes a safetensors file of one tensor of ``size`` bytes; gives its SHA256."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    digest, block = hashlib.sha256(), os.urandom(1 << 20)
    with path.open("wb") as file:
        for piece in (len(header).to_bytes(8, "little"), header, *[block] * (size >> 20)):
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


async def ours(url: str, size: int, sha256: str, folder: Path) -> tuple[float, float]:
    """Seconds for the whole transaction, and the longest time that the event loop was held, in ms."""

    async def nothing(_: str) -> None:
        return None

    async def same(source: ResolvedFile) -> ResolvedFile:
        return source

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
    downloads = Downloads(http, DiskSpace(), ModelScanner(), Quarantine(folder / "quarantine"), nothing, same)
    source = ResolvedFile(
        ModelVersion(id=1), VersionFile(id=2), "model.safetensors", size, sha256, (f"{url}/model.bin",), "loras", ""
    )
    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    outcome = await downloads.fetch(source, folder / "ours")
    seconds = time.perf_counter() - began
    watching.cancel()
    await http.close()
    assert outcome.status == "installed", outcome
    shutil.rmtree(folder / "ours")
    return seconds, held * 1000


def theirs(url: str, folder: Path, sha256: str, tool: tuple[str, ...]) -> float:
    path = folder / "theirs"
    began = time.perf_counter()
    subprocess.run(["curl", "-sk", "-o", str(path), f"{url}/model.bin"], check=True)
    said = subprocess.run([*tool, str(path)], check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - began
    assert sha256 in said
    path.unlink()
    return seconds


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=1024, help="MiB")
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    good = True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "www").mkdir()
        sha256 = model(folder / "www" / "model.bin", given.size << 20)
        size = (folder / "www" / "model.bin").stat().st_size
        with server(folder) as urls:
            for url in urls:
                rows = []
                for _ in range(given.runs):
                    seconds, held = asyncio.run(ours(url, size, sha256, folder))
                    # openssl uses the processor's SHA instructions, which many a sha256sum doesn't: a fairer rival.
                    fast = ("openssl", "dgst", "-sha256")
                    rows.append(
                        (seconds, theirs(url, folder, sha256, ("sha256sum",)), theirs(url, folder, sha256, fast), held)
                    )
                mine, plain, openssl, held = (statistics.median(column) for column in zip(*rows, strict=True))
                good = good and mine <= plain
                print(
                    json.dumps(
                        {
                            "bench": f"download {given.size} MiB, {url.partition(':')[0]}",
                            "seconds": round(mine, 3),
                            "curl_sha256sum": round(plain, 3),
                            "curl_openssl": round(openssl, 3),
                            "ratio": round(mine / plain, 3),
                            "ratio_openssl": round(mine / openssl, 3),
                            "loop_held_ms": round(held, 1),
                        }
                    )
                )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
