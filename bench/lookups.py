"""What one session saves: 50 lookups through the client against 50 with a session each, over TLS on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import trustme

LOOKUPS, ROUNDS, LIMIT = 50, 7, 0.4
AUTHORITY = trustme.CA()


def main() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder, "authority.pem")
        AUTHORITY.cert_pem.write_to_path(str(authority))
        # aiohttp makes its TLS context when it is imported, so it comes after this.
        os.environ["SSL_CERT_FILE"] = str(authority)
        ratio, ours, theirs = asyncio.run(_measure())
    print(
        f"{LOOKUPS} lookups over TLS   one session {ours * 1000:6.1f} ms   a session each {theirs * 1000:6.1f} ms   "
        f"ratio {ratio:.2f}   limit {LIMIT}"
    )
    return ratio <= LIMIT


async def _measure() -> tuple[float, float, float]:
    import aiohttp
    from aiohttp import web

    from lorakeeper.py.civitai.client import CivitaiClient
    from lorakeeper.py.civitai.http import Http

    async def version(request: web.Request) -> web.Response:
        document = {"id": int(request.match_info["id"]), "modelId": 1, "name": "v1", "files": [], "images": []}
        return web.Response(text=json.dumps(document), content_type="application/json")

    application = web.Application()
    application.router.add_get("/api/v1/model-versions/{id}", version)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    assert site._server is not None  # the only way to learn the port that the system chose
    base = f"https://localhost:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]

    async def one_session() -> None:
        http = Http(base_url=base, key_for=lambda url: None)
        client = CivitaiClient(http, cache=False)
        for number in range(LOOKUPS):
            await client.version(number + 1)
        await client.close()
        await http.close()

    async def a_session_each() -> None:
        for number in range(LOOKUPS):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{base}/api/v1/model-versions/{number + 1}") as response,
            ):
                await response.json()

    async def seconds(work: Callable[[], Awaitable[None]]) -> float:
        begin = time.perf_counter()
        await work()
        return time.perf_counter() - begin

    await one_session()
    pairs = [(await seconds(one_session), await seconds(a_session_each)) for _ in range(ROUNDS)]
    await runner.cleanup()
    return median(a / b for a, b in pairs), median(a for a, _ in pairs), median(b for _, b in pairs)


if __name__ == "__main__":
    sys.exit(not main())
