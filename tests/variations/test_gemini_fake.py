"""The fake Gemini by itself: it refuses what the real one refuses, and makes the same images each time."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from PIL import Image

from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.fake_gemini.images import bomb, made

GOOD: dict[str, Any] = {"contents": [{"parts": [{"text": "a cat"}]}]}
PNG = base64.b64encode(made("x", 8, 8)).decode()


@pytest.fixture
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=32) as fake:
        yield fake


async def ask(
    fake: FakeGemini, body: Any, *, key: str | None = KEY, path: str = "v1beta", model: str = "gemini-2.5-flash-image"
) -> tuple[int, Any]:
    headers = {"x-goog-api-key": key} if key else {}
    url = f"{fake.url}/{path}/models/{model}:generateContent"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as response:
        return response.status, await response.json()


def with_config(**config: Any) -> dict[str, Any]:
    return {**GOOD, "generationConfig": config}


def with_part(part: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [part]}]}


@pytest.mark.parametrize("path", ["v1", "v1beta"])
async def test_a_good_request_gets_an_image(fake: FakeGemini, path: str) -> None:
    status, document = await ask(fake, GOOD, path=path)

    assert status == 200
    blob = document["candidates"][0]["content"]["parts"][1]["inlineData"]
    with Image.open(io.BytesIO(base64.b64decode(blob["data"]))) as image:
        assert (image.format, image.size) == ("PNG", (32, 32))
    assert document["usageMetadata"]["totalTokenCount"] == 1122


@pytest.mark.parametrize(
    "body",
    [
        with_part({"inlineData": {"mimeType": "image/png", "data": PNG}}),
        with_part({"inline_data": {"mime_type": "image/png", "data": PNG}}),
        with_config(responseModalities=["IMAGE"], imageConfig={"aspectRatio": "21:9", "imageSize": "4K"}),
        with_config(temperature=0, topP=1, topK=40, seed=-1, maxOutputTokens=100, stopSequences=["x"]),
        with_config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "LOW"}),
        {**GOOD, "systemInstruction": {"parts": [{"text": "x"}]}},
        {**GOOD, "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    ],
)
async def test_what_the_site_knows_is_taken(fake: FakeGemini, body: Any) -> None:
    assert (await ask(fake, body))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"contents": []},
        {"contents": [{"parts": []}]},
        {"contents": [{"role": "me", "parts": [{"text": "x"}]}]},
        {**GOOD, "prompt": "x"},
        with_part({}),
        with_part({"text": 5}),
        with_part({"text": "x", "inlineData": {"mimeType": "image/png", "data": PNG}}),
        with_part({"inlineData": {"mimeType": "image/bmp", "data": PNG}}),
        with_part({"inlineData": {"mimeType": "image/jpeg", "data": PNG}}),
        with_part({"inlineData": {"mimeType": "image/png", "data": "§"}}),
        with_part({"inlineData": {"mimeType": "image/png"}}),
        with_config(responseModalities=["SMELL"]),
        with_config(temperature=2.5),
        with_config(temperature="hot"),
        with_config(temperature=True),
        with_config(seed=1.5),
        with_config(imageConfig={"aspectRatio": "7:3"}),
        with_config(imageConfig={"imageSize": "3K"}),
        with_config(imageConfig={"size": "1K"}),
        with_config(numberOfImages=4),
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}] * 15}]},
    ],
)
async def test_what_the_site_does_not_know_is_refused(fake: FakeGemini, body: Any) -> None:
    status, document = await ask(fake, body)

    assert status == 400
    error = document["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"]
    assert error["details"][0]["@type"].endswith("google.rpc.BadRequest")


async def test_a_key_is_needed_and_has_to_be_good(fake: FakeGemini) -> None:
    status, document = await ask(fake, GOOD, key=None)
    assert (status, document["error"]["status"]) == (403, "PERMISSION_DENIED")

    status, document = await ask(fake, GOOD, key="another")
    assert (status, document["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


async def test_models_are_listed_described_and_missed(fake: FakeGemini) -> None:
    async with aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, Any]:
            async with session.get(f"{fake.url}/v1beta/{path}") as response:
                return response.status, await response.json()

        _, first = await get(f"models?key={KEY}&pageSize=3")
        _, second = await get(f"models?key={KEY}&pageSize=3&pageToken={first['nextPageToken']}")
        assert [model["name"] for model in first["models"] + second["models"]] == [f"models/{m}" for m in fake.models]
        assert "nextPageToken" not in second
        assert (await get(f"models/gemini-3-pro-image?key={KEY}"))[1]["name"] == "models/gemini-3-pro-image"
        assert (await get(f"models/nothing?key={KEY}"))[0] == 404
        assert (await get("models"))[0] == 403


async def test_a_model_that_makes_no_images_refuses_to(fake: FakeGemini) -> None:
    status, _ = await ask(fake, with_config(responseModalities=["TEXT", "IMAGE"]), model="gemini-2.5-flash")

    assert status == 400


async def test_faults_count_their_requests(fake: FakeGemini) -> None:
    fake.faults.append(faults.overloaded(times=2))

    assert [(await ask(fake, GOOD))[0] for _ in range(3)] == [503, 503, 200]


def test_images_are_settled_by_their_text() -> None:
    assert made("a", 16, 16) == made("a", 16, 16)
    assert made("a", 16, 16) != made("b", 16, 16)


def test_the_bomb_is_a_real_png_in_few_bytes() -> None:
    content = bomb(4000)

    assert len(content) < 20_000
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.size == (4000, 4000)
