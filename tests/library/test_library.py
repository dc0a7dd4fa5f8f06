"""The library: three layers of knowledge, a file known by its content, and what is learned once staying known."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.errors import MissingError, UsageError
from lorakeeper.py.events import Event
from lorakeeper.py.library.items import UserChanges
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.library.trigger_words import best_words
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.fake_civitai.catalogue import site_hashes


@pytest.fixture
def loras(app: App) -> Path:
    folder = app.roots.folders("loras")[0]
    folder.mkdir(parents=True)
    return folder


def put(folder: Path, sample: samples.Sample, name: str = "x.safetensors") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.content())
    return path


def asked(civitai: FakeCivitai) -> int:
    return sum("by-hash" in request.path for request in civitai.site.requests)


async def test_a_file_is_known_by_all_three_layers(app: App, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("Ada", trigger_words=["ada, red dress"], metadata={"modelspec.trigger_phrase": "from header"})
    civitai.add(sample)
    path = put(loras / "sub", sample)

    detail = await app.library.info(path)
    assert detail.id is not None
    detail = await app.library.change_user(detail.id, UserChanges(trigger_words=["mine"], favourite=True))

    assert (detail.kind, detail.name) == ("loras", str(Path("sub", "x.safetensors")))
    assert [(word.text, word.source) for word in detail.trigger_words] == [
        ("mine", "user"),
        ("ada", "site"),
        ("red dress", "site"),
        ("from header", "header"),
    ]
    assert detail.title == "Ada"
    assert detail.site is not None
    assert detail.header is not None
    assert detail.user.favourite


async def test_the_site_is_asked_once_for_a_content(app: App, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("Ada")
    civitai.add(sample)
    path = put(loras, sample)

    for _ in range(3):
        await app.library.info(path)

    assert asked(civitai) == 1


async def test_a_miss_is_remembered(app: App, civitai: FakeCivitai, loras: Path) -> None:
    path = put(loras, samples.lora("Nobody knows it"))

    await app.library.info(path)
    once = asked(civitai)
    for _ in range(3):
        detail = await app.library.info(path)

    assert once > 0
    assert asked(civitai) == once
    assert detail.site is None


async def test_without_the_site_the_header_speaks(app: App, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("Ada", metadata={"modelspec.trigger_phrase": "ada wong"})
    path = put(loras, sample)
    await civitai.stop()

    detail = await app.library.info(path)

    assert best_words(detail.trigger_words) == ["ada wong"]


async def test_a_renamed_file_keeps_what_the_user_said(app: App, civitai: FakeCivitai, loras: Path) -> None:
    path = put(loras, samples.lora("Ada"))
    before = await app.library.info(path)
    assert before.id is not None
    await app.library.change_user(before.id, UserChanges(notes="the good one"))

    path.rename(loras / "renamed.safetensors")
    after = await app.library.info(loras / "renamed.safetensors")

    assert after.notes == "the good one"
    assert (after.id, after.file_name) == (before.id, "renamed.safetensors")


async def test_a_changed_file_is_read_again(app: App, civitai: FakeCivitai, loras: Path) -> None:
    path = put(loras, samples.lora("One"))
    first = await app.library.info(path)
    put(loras, samples.lora("Another, longer one", size=90_000))

    second = await app.library.info(path)

    assert second.sha256 != first.sha256
    assert second.id == first.id


async def test_any_hash_finds_a_model_that_is_not_here(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", trigger_words=["ada"])
    civitai.add(sample)

    detail = await app.library.info(site_hashes(sample)[0]["AutoV2"].lower())

    assert (detail.title, detail.id, detail.state) == ("Ada", None, "missing")


async def test_any_hash_finds_a_file_that_is_here_without_the_site(app: App, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("Ada", size=3 << 20)
    path = put(loras, sample)
    known = await app.library.info(path, fetch=False)

    for kind in ("SHA256", "AutoV1", "AutoV2", "AutoV3", "CRC32"):
        assert (await app.library.info(site_hashes(sample)[0][kind], fetch=False)).id == known.id


async def test_a_broken_file_is_shown_with_its_reason(app: App, civitai: FakeCivitai, loras: Path) -> None:
    path = loras / "x.safetensors"
    path.write_bytes(b"\xff" * 100)

    detail = await app.library.info(path)

    assert detail.state == "broken"
    assert "x.safetensors" in (detail.broken or "")


@pytest.mark.parametrize("what", ["no/such/file.safetensors", "nothing", ""])
async def test_what_nobody_knows_is_a_sentence(app: App, what: str) -> None:
    with pytest.raises(MissingError):
        await app.library.info(what)


async def test_pages_follow_each_other_without_gap_or_repeat(app: App, civitai: FakeCivitai, loras: Path) -> None:
    for number in range(7):
        await app.library.info(put(loras, samples.lora(f"n{number}"), f"{number}.safetensors"))

    seen, cursor = [], None
    while True:
        page = await app.library.page(LibraryQuery(limit=3, cursor=cursor))
        seen += [item.file_name for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"{number}.safetensors" for number in reversed(range(7))]
    assert page.total == 7


async def test_a_search_looks_at_names_words_and_notes(app: App, civitai: FakeCivitai, loras: Path) -> None:
    sample = samples.lora("Exusiai", trigger_words=["halo, 100%_red"])
    civitai.add(sample)
    known = await app.library.info(put(loras, sample))
    await app.library.info(put(loras, samples.lora("other"), "other.safetensors"))
    assert known.id is not None
    await app.library.change_user(known.id, UserChanges(notes="for the cover"))

    for query in ("exusi", "HALO", "cover", "halo exusiai", "100%"):
        assert [item.id for item in (await app.library.page(LibraryQuery(query=query))).items] == [known.id], query


async def test_a_foreign_cursor_is_refused(app: App) -> None:
    with pytest.raises(UsageError):
        await app.library.page(LibraryQuery(cursor="x; DROP TABLE files"))


async def test_the_preview_is_made_small_and_stays_within_the_limit(
    app: App, civitai: FakeCivitai, loras: Path
) -> None:
    tame, wild = (
        samples.lora(name, nsfw_level=level, previews=[samples.preview(width=900, height=1200)])
        for name, level in (("Tame", 1), ("Wild", 16))
    )
    for sample in (tame, wild):
        civitai.add(sample)
    app.store.update({"image_hosts": [civitai.storage.url]})

    shown = await app.library.info(put(loras, tame, "tame.safetensors"))
    hidden = await app.library.info(put(loras, wild, "wild.safetensors"))

    assert (shown.has_preview, hidden.has_preview) == (True, False)
    assert shown.id is not None
    picture, sha256 = await app.library.preview(shown.id)
    assert (picture.stat().st_size < 60_000, sha256) == (True, shown.sha256)


async def test_a_search_is_told_with_its_results_and_without_its_words(app: App, loras: Path) -> None:
    for name in ("ada one", "ada two"):
        path = put(loras, samples.lora(name), f"{name}.safetensors")
        await app.library.info(path, fetch=False)
    heard: list[Event] = []
    app.events.subscribe(heard.append)

    page = await app.library.page(LibraryQuery(query="ada", kind=["loras"], limit=1))
    await app.library.page(LibraryQuery(query="ada", kind=["loras"], limit=1, cursor=page.next_cursor))
    await app.library.page(LibraryQuery(kind=["loras"]))
    await app.library.page(LibraryQuery(query="nothing-of-that-name"))

    searches = [event for event in heard if event.topic == "search"]
    assert [(event.subject, event.final, event.data["source"]) for event in searches] == [
        ("library", True, "library")
    ] * 2
    assert [(event.data["outcome"], event.data["results"]) for event in searches] == [("ok", 2), ("empty", 0)]
    assert searches[0].data["types"] == ["loras"]
    assert "ada" not in str(searches[0].data)
    assert "nothing" not in str(searches[1].data)
