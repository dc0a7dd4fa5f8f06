"""Memory of the standalone server at rest."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 120


def main() -> bool:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        words = [sys.executable, str(ROOT / "py" / "__main__.py"), "serve", "--port", str(port)]
        server = subprocess.Popen(words, env={**os.environ, "LORAKEEPER_HOME": home}, stdout=subprocess.DEVNULL)
        try:
            base = f"http://127.0.0.1:{port}/lorakeeper"
            _wait_for(f"{base}/health", server)
            for path in ("/library", "/jobs", "/settings", "/openapi.json"):
                urllib.request.urlopen(base + path, timeout=10).read()
            time.sleep(2)
            megabytes = psutil.Process(server.pid).memory_info().rss / 1e6
        finally:
            server.terminate()
            server.wait(20)
    print(f"standalone server at rest   {megabytes:6.1f} MB   limit {LIMIT_MB} MB")
    return megabytes <= LIMIT_MB


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            if server.poll() is not None:
                raise SystemExit("the server ended before it answered") from None
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not answer within 30 s")


if __name__ == "__main__":
    sys.exit(not main())
