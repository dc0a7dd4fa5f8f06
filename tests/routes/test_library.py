"""The library through the routes: pages, one file, the user's words, previews, and files that are none of a page's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    ("method", "path"), [("GET", "library/99"), ("PATCH", "library/99"), ("GET", "library/99/preview")]
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
