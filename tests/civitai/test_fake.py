"""The fake is as strict as the site, or the tests above would prove nothing. Its files are real files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from safetensors import deserialize
from yarl import URL

from lorakeeper.testing import samples
from lorakeeper.testing.demo_catalog import demo_catalog
from lorakeeper.testing.fake_civitai import (
    ChangedEtag,
    Corrupt,
    Drop,
    FakeCivitai,
    NoEtag,
    NoRange,
    Pace,
    Stall,
    Truncate,
    WrongLength,
)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(requote_redirect_url=False) as session:
        yield session


async def status(session: aiohttp.ClientSession, url: str | URL, method: str = "GET", **more: Any) -> int:
    async with session.request(method, url, allow_redirects=False, **more) as response:
        return response.status


async def link(session: aiohttp.ClientSession, civitai: FakeCivitai, version: int = 2001) -> URL:
    url = f"{civitai.url}/api/download/models/{version}"
    async with session.get(url, allow_redirects=False) as response:
        return URL(response.headers["Location"], encoded=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("models", 200),
        ("models?limit=0", 200),
        ("models?limit=101", 400),
        ("models?page=0", 400),
        ("models?page=11&limit=100", 429),
        ("models?page=2&query=x", 400),
        ("models?cursor=abc", 400),
        ("models?cursor=5&query=x", 200),
        ("models?cursor=5|1|1&query=x", 400),
        ("models?types=LORA,VAE", 400),
        ("models?types=LORA&types=VAE", 200),
        ("models?types=lora", 400),
        ("models?nsfw=1", 400),
        ("models?primaryFileOnly=yes", 400),
        ("models?favorites=false", 401),
        ("models?hidden", 401),
        ("models?sort=newest", 400),
        ("models?period=AllTime", 200),
        ("models?unknown=1", 400),
        ("models/9", 404),
        ("model-versions/9", 404),
        ("model-versions/by-hash/AAAA", 404),
        ("images?limit=201", 400),
        ("images?nsfw=Some", 400),
        ("images?withMeta=1", 400),
        ("images?versionId=1", 400),
        ("tags?limit=0", 400),
        ("me", 401),
    ],
)
async def test_the_api_is_strict(
    civitai: FakeCivitai, session: aiohttp.ClientSession, path: str, expected: int
) -> None:
    civitai.add(samples.lora("cat"))
    assert await status(session, f"{civitai.url}/api/v1/{path}") == expected


async def test_a_comma_in_base_models_matches_nothing(civitai: FakeCivitai, session: aiohttp.ClientSession) -> None:
    civitai.add(samples.lora("cat", base_model="Pony"))
    async with session.get(f"{civitai.url}/api/v1/models", params={"baseModels": "Pony,SDXL 1.0"}) as response:
        assert (await response.json())["items"] == []


async def test_batches_are_limited(civitai: FakeCivitai, session: aiohttp.ClientSession) -> None:
    url = f"{civitai.url}/api/v1/model-versions/by-hash"
    assert await status(session, url, "POST", json=["A" * 64] * 100) == 200
    assert await status(session, url, "POST", json=["A" * 64] * 101) == 400
    assert await status(session, url, "POST", json=["A" * 10]) == 400
    assert await status(session, url, "POST", data=b"{") == 400
    assert await status(session, f"{url}/ids", "POST", json=["A" * 64] * 10_001) == 400


async def test_the_storage_takes_its_links_only_to_the_letter(
    civitai: FakeCivitai, session: aiohttp.ClientSession
) -> None:
    civitai.add(samples.lora("cat"))
    signed = await link(session, civitai)
    assert await status(session, signed) == 200
    assert await status(session, str(signed).replace("%2F", "/")) == 403
    assert await status(session, signed, headers={"Authorization": "Bearer x"}) == 400
    assert await status(session, signed, "HEAD") == 403
    civitai.link_lifetime = -1
    assert await status(session, await link(session, civitai)) == 403


async def test_downloads_refuse_what_they_do_not_know(civitai: FakeCivitai, session: aiohttp.ClientSession) -> None:
    ids = civitai.add(samples.lora("cat"))
    url = f"{civitai.url}/api/download/models/{ids.version_id}"
    assert await status(session, f"{url}?format=Zip") == 400
    assert await status(session, f"{url}?x=1") == 400
    assert await status(session, f"{url}?fileId=1") == 404
    assert await status(session, f"{url}?fileId={ids.file_id}") == 307
    civitai.require_key = {"another-key"}
    assert await status(session, url) == 401
    assert await status(session, f"{url}?token=another-key") == 307
    assert await status(session, url, headers={"Authorization": "Bearer another-key"}) == 307
    assert await status(session, url, headers={"User-Agent": "Mozilla/5.0"}) == 302


async def get(session: aiohttp.ClientSession, url: URL, **headers: str) -> tuple[int, dict[str, str], bytes]:
    body = b""
    async with session.get(url, headers=headers) as response:
        try:
            async for block in response.content.iter_any():
                body += block
        except aiohttp.ClientPayloadError:
            body += b"(broken)"
        return response.status, dict(response.headers), body


async def test_ranges_are_served(civitai: FakeCivitai, session: aiohttp.ClientSession) -> None:
    whole = samples.lora("cat", size=300_001)
    civitai.add(whole)
    signed = await link(session, civitai)
    code, headers, body = await get(session, signed, Range="bytes=100-199")
    assert (code, body) == (206, whole.content()[100:200])
    assert headers["Content-Range"] == "bytes 100-199/300001"
    code, headers, _ = await get(session, signed, Range="bytes=300001-")
    assert (code, headers["Content-Range"]) == (416, "bytes */300001")
    code, _, body = await get(session, signed, Range="bytes=1-", **{"If-Range": '"other"'})
    assert (code, body) == (200, whole.content())


async def test_each_fault_does_what_it_says(civitai: FakeCivitai, session: aiohttp.ClientSession) -> None:
    sample = samples.lora("cat")
    civitai.add(sample)
    content, size, signed, faults = sample.content(), sample.size, await link(session, civitai), civitai.faults.storage

    faults.append(Drop(1000))
    assert (await get(session, signed))[2] == content[:1000] + b"(broken)"
    assert (await get(session, signed))[2] == content
    faults.append(Stall(1000, 0.01))
    assert (await get(session, signed))[2] == content
    faults.append(Truncate(5000))
    assert (await get(session, signed))[2] == content[:5000]
    faults.append(Corrupt(5000))
    _, _, body = await get(session, signed, Range="bytes=4000-")
    assert [at for at in range(size - 4000) if body[at] != content[4000 + at]] == [1000]
    faults[:] = [NoRange()]
    assert (await get(session, signed, Range="bytes=4000-"))[::2] == (200, content)
    faults[:] = [WrongLength()]
    _, headers, body = await get(session, signed)
    assert (headers["Content-Length"], body) == (str(size + 100), content + b"(broken)")
    faults[:] = [NoEtag()]
    assert "ETag" not in (await get(session, signed))[1]
    faults[:] = [ChangedEtag(), Pace(10_000_000)]
    first, second = [(await get(session, signed))[1]["Etag"] for _ in range(2)]
    assert first != second


async def test_faults_that_count_come_one_after_the_other_and_lasting_ones_always(
    civitai: FakeCivitai, session: aiohttp.ClientSession
) -> None:
    civitai.add(samples.lora("cat"))
    signed = await link(session, civitai)
    civitai.faults.storage += [NoRange(), Drop(10), Drop(20)]
    lengths = [len((await get(session, signed, Range="bytes=5-"))[2]) for _ in range(3)]
    assert lengths == [10 + len("(broken)"), 20 + len("(broken)"), 65536]


# -- Samples -----------------------------------------------------------------------------------------------------------


def tensors_of(content: bytes) -> list[tuple[str, dict[str, Any]]]:
    """As the safetensors library itself reads them."""
    found: list[tuple[str, dict[str, Any]]] = deserialize(content)  # type: ignore[no-untyped-call]
    return found


@pytest.mark.parametrize("size", [None, 65536, 65537, 5_000_000])
def test_a_lora_is_a_safetensors_file_of_exactly_that_size(size: int | None) -> None:
    sample = samples.lora("cat", size=size, trigger_words=["cat"])
    content = sample.content()
    assert size in (None, len(content))
    tensors = dict(tensors_of(content))
    assert tensors["lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.alpha"]["dtype"] == "F16"
    length = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    assert json.loads(metadata["ss_tag_frequency"]) == {"10_cat": {"cat": 20}}


def test_own_tensors_are_written_as_given() -> None:
    sample = samples.lora("x", size=None, tensors={"a.b": samples.tensor((2, 2), [1, 2, 3, 4.5])})
    ((name, tensor),) = tensors_of(sample.content())
    assert (name, tensor["shape"], tensor["dtype"]) == ("a.b", [2, 2], "F32")
    assert struct.unpack("<4f", bytes(tensor["data"])) == (1, 2, 3, 4.5)


def test_any_part_of_a_made_up_file_reads_the_same() -> None:
    sample = samples.lora("cat", size=400_000)
    content = sample.content()
    for start, length in ((0, 10), (65_530, 20), (131_072, 65_536), (399_990, 100), (400_000, 5)):
        assert sample.read(start, length) == content[start : start + length]
    assert samples.lora("cat", size=400_000).content() == content


def version_of(file: dict[str, Any]) -> int:
    return int(URL(file["downloadUrl"]).name)


async def test_the_demo_has_one_of_each_and_its_hashes_are_true(session: aiohttp.ClientSession) -> None:
    async with FakeCivitai(demo_catalog()) as civitai:
        async with session.get(f"{civitai.url}/api/v1/models?nsfw=true") as response:
            models = (await response.json())["items"]
        assert len(models) == 13
        assert {model["type"] for model in models} == {"LORA", "Checkpoint", "TextualInversion", "VAE", "Upscaler"}
        small = min(
            (file for m in models for v in m["modelVersions"] for file in v["files"]), key=lambda f: f["sizeKB"]
        )
        async with session.get(await link(session, civitai, version_of(small))) as response:
            assert hashlib.sha256(await response.read()).hexdigest().upper() == small["hashes"]["SHA256"]
        async with session.get(models[0]["modelVersions"][0]["images"][0]["url"]) as response:
            assert (response.status, response.content_type) == (200, "image/png")


async def test_the_fake_can_be_run_by_hand(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lorakeeper.testing.fake_civitai",
        "--port",
        "0",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        url = line.split()[-1]
        async with aiohttp.ClientSession() as session:
            assert await status(session, f"{url}/api/v1/models") == 200
    finally:
        process.kill()
        await process.wait()


def test_the_demo_has_what_the_example_workflow_downloads() -> None:
    example = (Path(__file__).parents[2] / "example_workflows" / "lora_from_civitai.json").read_text("utf-8")

    assert any(f":{sample.ids[0]}@{sample.ids[1]}" in example for sample in demo_catalog() if sample.ids)
