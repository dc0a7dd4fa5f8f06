"""The pictures that were made with a version, what is said of them, and the workflows inside."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Ids, Status

GRAPH = {"nodes": [{"id": 1, "type": "KSampler"}], "links": []}
PROMPT = {"1": {"class_type": "KSampler", "inputs": {"cfg": 2.5}}}
META = {"prompt": "a cat", "negativePrompt": "a dog", "steps": 20, "sampler": "Euler a", "cfgScale": 7.0, "seed": 5,
        "Size": "512x768", "hashes": {"model": "ab"}, "Clip skip": "2"}  # fmt: skip


def drawn(**texts: str) -> bytes:
    """A PNG with texts inside."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.fixture
def add(app: App, civitai: FakeCivitai) -> Any:
    app.store.update({"image_hosts": [civitai.storage.url], "nsfw_limit": "PG13"})

    def add(*pictures: tuple[bytes, dict[str, Any]]) -> Ids:
        content, fields = [content for content, _ in pictures], [fields for _, fields in pictures]
        return civitai.add(samples.lora("cat", size=None, previews=content, preview_fields=fields))

    return add


async def test_examples_tell_how_they_were_made(door: Any, add: Any) -> None:
    ids = add(
        (samples.preview(1), {"meta": META}),
        (samples.preview(2), {"meta": {**META, "comfy": json.dumps({"prompt": PROMPT, "workflow": GRAPH})}}),
        (
            samples.preview(3),
            {"meta": {"prompt": "x" * 30_000, "Version": "v1.10", "steps": True, "n": 1e300}},
        ),
        (samples.clip(4), {"meta": None}),
        (samples.preview(5), {"meta": None, "nsfwLevel": 2, "width": None}),
        (samples.preview(6), {"nsfwLevel": 4}),
    )

    page = (await door("GET", "civitai/examples", version_id=ids.version_id)).json

    first, second, third, fourth, fifth = page["items"]
    assert (page["next_cursor"], first["prompt"], first["negative"]) == (None, "a cat", "a dog")
    assert first["facts"] == {"sampler": "Euler a", "steps": "20", "cfgScale": "7", "seed": "5", "Size": "512x768",
                              "Clip skip": "2"}  # fmt: skip
    assert [each["workflow"] for each in page["items"]] == ["maybe", "yes", "no", "no", "maybe"]
    assert (len(third["prompt"]), third["facts"]["steps"]) == (20_000, "yes")
    assert "comfy" not in second["facts"]
    assert (fourth["type"], fifth["nsfw_level"], fifth["width"], fifth["height"]) == ("video", 2, None, 600)
    for address, kind in ((first["image"], "image/png"), (first["full"], "image/png"), (fourth["full"], "video/mp4"),
                          (fourth["image"], "image/jpeg")):  # fmt: skip
        shown = await door("GET", address.removeprefix("/lorakeeper/"))
        assert (shown.status, shown.headers["Content-Type"]) == (200, kind)


async def test_examples_go_on_with_their_cursor(door: Any, add: Any, civitai: FakeCivitai) -> None:
    ids = add(*((samples.preview(number), {}) for number in range(5)))

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await door("GET", "civitai/examples", version_id=ids.version_id, limit=2, **cursor)).json
        seen += [each["original"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    await door("GET", "civitai/examples", version_id=ids.version_id, limit=2)

    assert len(set(seen)) == len(seen) == 5
    assert len(civitai.site.requests) == 3


async def test_without_the_site_the_known_pictures_are_the_examples(
    door: Any, add: Any, app: App, civitai: FakeCivitai, tmp_path: Path
) -> None:
    ids = add((samples.preview(1), {}), (samples.preview(2), {"nsfwLevel": 16}))
    path = tmp_path / "models" / "loras" / "cat.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(samples.lora("cat", size=None).content())
    await app.library.info(path)
    civitai.faults.site.append(Status(404, path="/api/v1/images", times=None))

    page = (await door("GET", "civitai/examples", version_id=ids.version_id)).json

    assert [each["prompt"] for each in page["items"]] == [None]
    assert page["next_cursor"] is None
    assert (await door("GET", "civitai/examples", version_id=ids.version_id + 1)).status == 404
    assert (await door("GET", "civitai/examples", version_id=ids.version_id, cursor="2")).status == 404


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("as_text", [True, False])
async def test_workflow_is_taken_from_what_the_site_shows(
    door: Any, add: Any, civitai: FakeCivitai, asked: bool, as_text: bool
) -> None:
    comfy: Any = {"prompt": PROMPT, "workflow": {**GRAPH, "version": 0.4}}
    if as_text:
        comfy = json.dumps({**comfy, "odd": float("nan")})
    ids = add((samples.preview(1), {"meta": {"comfy": comfy}}))
    (model,) = (await door("GET", "civitai/search")).json["items"]
    url = f"{civitai.storage.url}/image/{ids.version_id}-0/original=true/{ids.version_id}0.png"
    assert model["versions"][0]["id"] == ids.version_id
    if asked:
        page = (await door("GET", "civitai/examples", version_id=ids.version_id, limit=5)).json
        assert page["items"][0]["original"] == url

    found = await door("GET", "civitai/examples/workflow", version_id=ids.version_id, url=url)

    assert found.json == {"name": f"{ids.version_id}0", "workflow": {**GRAPH, "version": 0.4}, "prompt": PROMPT}
    assert not civitai.storage.requests


async def test_workflow_is_read_out_of_the_original(door: Any, add: Any, civitai: FakeCivitai) -> None:
    texts = {"workflow": json.dumps({**GRAPH, "odd": float("inf")}), "prompt": json.dumps(PROMPT)}
    ids = add((drawn(**texts), {"meta": META}), (drawn(parameters="a cat\nSteps: 20"), {}), (drawn(prompt="{}"), {}))
    page = (await door("GET", "civitai/examples", version_id=ids.version_id)).json
    first, *others = [each["original"] for each in page["items"]]

    small = first.replace("original=true", "width=450")
    for url in (first, small):
        found = (await door("GET", "civitai/examples/workflow", version_id=ids.version_id, url=url)).json
        assert (found["workflow"], found["prompt"]) == ({**GRAPH, "odd": None}, PROMPT)
    for url in others:
        answer = await door("GET", "civitai/examples/workflow", version_id=ids.version_id, url=url)
        assert (answer.status, answer.message) == (404, "There is no workflow in this picture.")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.png", "file:///etc/passwd", "x"])
async def test_workflow_of_another_host_is_refused(door: Any, add: Any, url: str) -> None:
    ids = add((samples.preview(1), {}))

    assert (await door("GET", "civitai/examples/workflow", version_id=ids.version_id, url=url)).status == 403


async def test_what_is_no_picture_has_no_workflow(door: Any, add: Any, civitai: FakeCivitai) -> None:
    ids = add((samples.preview(1), {}))
    url = civitai.publish(json.dumps(GRAPH).encode(), "graph.json")

    assert (await door("GET", "civitai/examples/workflow", version_id=ids.version_id, url=url)).status == 502
