"""The library through the routes: pages, one file, the user's words, previews, and files that are none of a page's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.app import App
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "loras"
    folder.mkdir(parents=True)
    return folder


async def test_list_is_paged_to_its_end(door: Any, app: App, loras: Path) -> None:
    for number in range(5):
        path = loras / f"style {number}.safetensors"
        path.write_bytes(samples.lora(f"style{number}", size=None).content())
        await app.library.info(path, fetch=False)

    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await door("GET", "library", limit=2, **cursor)).json
        names += [item["name"] for item in page["items"]]
        assert page["total"] == 5
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert names == [f"style {number}.safetensors" for number in (4, 3, 2, 1, 0)]


async def test_cards_come_in_the_order_asked(door: Any, app: App, loras: Path) -> None:
    ids = []
    for number in range(3):
        path = loras / f"style {number}.safetensors"
        path.write_bytes(samples.lora(f"style{number}", size=None).content())
        ids.append((await app.library.info(path, fetch=False)).id)

    cards = (await door("GET", "library/cards", id=[ids[2], 9999, ids[0], ids[1]])).json["items"]

    listed = {item["id"]: item for item in (await door("GET", "library")).json["items"]}
    assert cards == [listed[each] for each in (ids[2], ids[0], ids[1])]


@pytest.mark.parametrize("query", [{}, {"id": ["0"]}, {"id": ["x"]}, {"id": [str(each) for each in range(1, 202)]}])
async def test_cards_of_nothing_or_of_too_much_are_refused(door: Any, query: Any) -> None:
    assert (await door("GET", "library/cards", **query)).status == 422


async def test_search_and_kind_narrow_the_list(door: Any, app: App, loras: Path) -> None:
    for name in ("cat", "dog"):
        (loras / f"{name}.safetensors").write_bytes(samples.lora(name, size=None).content())
        await app.library.info(loras / f"{name}.safetensors", fetch=False)

    found = (await door("GET", "library", query="cat", kind="loras")).json
    assert [item["file_name"] for item in found["items"]] == ["cat.safetensors"]
    assert (await door("GET", "library", kind="vae")).json["items"] == []


async def test_file_tells_its_three_layers(door: Any, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("cat", trigger_words=["kitty"]).but(name="Cats")
    ids = civitai.add(sample)
    (loras / "cat.safetensors").write_bytes(sample.content())

    detail = (await door("POST", "library/info", {"kind": "loras", "name": "cat.safetensors"})).json

    assert (detail["title"], detail["version_id"]) == ("Cats", ids.version_id)
    assert {(word["text"], word["source"]) for word in detail["trigger_words"]} >= {("kitty", "site")}
    assert detail["header"]["metadata"]["ss_output_name"] == "cat"
    assert (await door("GET", f"library/{detail['id']}")).json == detail


async def test_file_tells_what_is_allowed_and_which_other_versions_there_are(
    door: Any, app: App, civitai: FakeCivitai, loras: Path
) -> None:
    old = samples.lora("cat").but(description="<p>Two <b>cats</b><br>and a <script>x</script></p>", version_name="v1")
    first = civitai.add(old)
    newer = samples.lora("cat2").but(published_at=old.published_at + timedelta(days=9), version_name="v2")
    second = civitai.add(newer, model_id=first.model_id)
    (loras / "cat.safetensors").write_bytes(old.content())
    item = await app.library.info(loras / "cat.safetensors")

    bare = (await door("GET", f"library/{item.id}")).json
    assert (bare["description"], bare["licence"]) == ("", None)
    assert [(each["id"], each["owned"]) for each in bare["versions"]] == [(first.version_id, item.id)]

    await app.knowledge.models()
    detail = (await door("GET", f"library/{item.id}")).json

    assert detail["description"] == "Two cats\nand a x"
    assert (detail["licence"]["derivatives"], "Image" in detail["licence"]["commercial"]) == (True, True)
    assert [(each["id"], each["name"], each["size"], each["owned"]) for each in detail["versions"]] == [
        (second.version_id, "v2", newer.size, None),
        (first.version_id, "v1", old.size, item.id),
    ]
    assert "versions" not in (await door("GET", "library")).json["items"][0]


async def test_users_words_are_kept(door: Any, app: App, loras: Path) -> None:
    (loras / "cat.safetensors").write_bytes(samples.lora("cat", size=None).content())
    item = await app.library.info(loras / "cat.safetensors", fetch=False)

    await door("PATCH", f"library/{item.id}", {"favourite": True, "trigger_words": ["my cat"]})
    await door("PATCH", f"library/{item.id}", {"preferred_strength": 0.8})

    detail = (await door("GET", f"library/{item.id}")).json
    assert (detail["favourite"], detail["preferred_strength"]) == (True, 0.8)
    first = detail["trigger_words"][0]
    assert (first["text"], first["source"], first["group"], first["suggested"]) == ("my cat", "user", 0, False)


async def test_unknown_field_of_a_change_is_refused(door: Any) -> None:
    assert (await door("PATCH", "library/1", {"favorite": True})).status == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "library/99"), ("PATCH", "library/99"), ("GET", "library/99/preview"), ("GET", "library/99/motion")],
)
async def test_unknown_model_is_404(door: Any, method: str, path: str) -> None:
    assert (await door(method, path)).status == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**64)])
async def test_id_that_can_be_none_is_422(door: Any, number: str) -> None:
    assert (await door("GET", f"library/{number}")).status == 422


async def test_wrong_cursor_is_a_sentence(door: Any) -> None:
    assert (await door("GET", "library", cursor="'; drop table")).status == 400


async def test_preview_is_a_picture_of_ours(door: Any, app: App, civitai: FakeCivitai, loras: Path) -> None:
    app.store.update({"image_hosts": [civitai.storage.url]})
    sample = samples.lora("cat", previews=[samples.preview(1)])
    civitai.add(sample)
    (loras / "cat.safetensors").write_bytes(sample.content())
    item = await app.library.info(loras / "cat.safetensors")

    answer = await door("GET", f"library/{item.id}/preview")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.body[8:12] == b"WEBP"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"

    assert item.sha256
    small = await door("GET", f"library/{item.id}/preview", size="small", v=item.sha256[:12])
    assert (small.status, len(small.body) < len(answer.body)) == (200, True)
    with Image.open(BytesIO(small.body)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (90, 120))
    assert small.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    for other in (item.sha256[:11], "0" * 12):
        assert "no-cache" in (await door("GET", f"library/{item.id}/preview", v=other)).headers["Cache-Control"]


async def test_motion_is_fetched_once_and_given_in_parts(
    door: Any, app: App, civitai: FakeCivitai, loras: Path
) -> None:
    app.store.update({"image_hosts": [civitai.storage.url]})
    clips = [samples.clip(1), samples.clip(2)]
    sample = samples.lora("cat", previews=clips, preview_fields=[{"nsfwLevel": 16}])
    civitai.add(sample)
    (loras / "cat.safetensors").write_bytes(sample.content())
    item = await app.library.info(loras / "cat.safetensors")
    assert (item.has_preview, item.has_motion) == (True, True)
    assert (await door("GET", "library/cards", id=item.id)).json["items"][0]["has_motion"] is True
    civitai.storage.requests.clear()

    answers = await asyncio.gather(*(door("GET", f"library/{item.id}/motion", v=item.sha256) for _ in range(3)))
    part = await door("GET", f"library/{item.id}/motion", headers={"Range": "bytes=0-9"})

    assert [(each.status, each.body == clips[1], each.headers["Content-Type"]) for each in answers] == [
        (200, True, "video/mp4")
    ] * 3
    assert "immutable" in answers[0].headers["Cache-Control"]
    assert (part.status, part.body) == (206, clips[1][:10])
    assert len(civitai.storage.requests) == 1


async def test_model_without_a_video_has_no_motion(door: Any, app: App, loras: Path) -> None:
    (loras / "cat.safetensors").write_bytes(samples.lora("cat", size=None).content())
    item = await app.library.info(loras / "cat.safetensors", fetch=False)

    assert (item.has_motion, (await door("GET", f"library/{item.id}/motion")).status) == (False, 404)


async def test_model_without_preview_is_404(door: Any, app: App, loras: Path) -> None:
    (loras / "cat.safetensors").write_bytes(samples.lora("cat", size=None).content())
    item = await app.library.info(loras / "cat.safetensors", fetch=False)

    assert (await door("GET", f"library/{item.id}/preview")).status == 404


async def test_model_is_known_by_a_hash(door: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora("cat").but(name="Cats")
    civitai.add(sample)
    model = await door("POST", "library/info", {"hash": _sha256(sample.content())})

    assert (model.json["title"], model.json["state"]) == ("Cats", "missing")


@pytest.mark.parametrize(
    "body",
    [
        {"path": "/etc/passwd"},
        {"path": "../../etc/passwd"},
        {"path": "//server/share/x.safetensors"},
        {"kind": "loras", "name": "../../outside.safetensors"},
        {"kind": "nothing", "name": "x"},
        {"kind": "loras", "name": "x" * 5000},
        {"kind": "loras", "name": "x\0.safetensors"},
    ],
)
async def test_files_outside_the_model_folders_are_not_looked_at(
    door: Any, tmp_path: Path, loras: Path, body: dict[str, str]
) -> None:
    (tmp_path / "outside.safetensors").write_bytes(samples.lora("x", size=None).content())

    assert (await door("POST", "library/info", body)).status == 404


@pytest.mark.parametrize("body", [{}, {"kind": "loras"}, {"name": "x"}])
async def test_question_about_nothing_is_a_sentence(door: Any, body: dict[str, str]) -> None:
    assert (await door("POST", "library/info", body)).status == 400


async def test_hash_that_is_none_is_422(door: Any) -> None:
    assert (await door("POST", "library/info", {"hash": "../../etc"})).status == 422


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
