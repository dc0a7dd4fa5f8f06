"""``search``, ``show`` and ``info``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Status


async def test_search_prints_a_line_for_each_model(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat").but(name="Cats"))
    civitai.add(samples.checkpoint("dog"))

    said = await run("search", "cats")

    assert said.code == 0
    assert said.out.split("\t")[:3] == [str(ids.model_id), "Cats", "LORA"]


async def test_every_filter_of_a_search_reaches_the_site(run: Any, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("cat").but(tags=["pets"]))
    said = await run(
        *("search", "cat", "--type", "lora", "--type", "VAE", "--base-model", "SDXL 1.0", "--sort", "Newest"),
        *("--period", "Month", "--tag", "pets", "--username", "alice", "--nsfw", "--limit", "5", "--json"),
    )

    assert [item["name"] for item in said.json] == ["cat"]
    query = civitai.site.requests[-1].query
    assert sorted(query.getall("types")) == ["LORA", "VAE"]
    expected = {"baseModels": "SDXL 1.0", "sort": "Newest", "period": "Month", "tag": "pets", "nsfw": "true"}
    assert {name: query[name] for name in expected} == expected
    assert (query["username"], query["limit"], query["query"]) == ("alice", "5", "cat")


@pytest.mark.parametrize(
    ("option", "value"), [("--sort", "Best"), ("--period", "Century"), ("--limit", "0"), ("--colour", "red")]
)
async def test_wrong_filter_is_wrong_use_and_named(run: Any, option: str, value: str) -> None:
    said = await run("search", option, value)

    assert said.code == 2
    assert option in said.sentence
    assert said.out == ""


async def test_site_in_trouble_is_one_sentence(run: Any, civitai: FakeCivitai) -> None:
    civitai.faults.site.append(Status(404))

    said = await run("search", "cat", "--json")

    assert (said.code, said.out) == (1, "")
    assert said.sentence


async def test_names_cannot_steer_the_terminal(run: Any, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("cat").but(name="Cats\x1b[2J\x1b]0;evil\x07\nsecond line"))

    said = await run("search")

    assert "\x1b" not in said.out
    assert len(said.out.splitlines()) == 1


async def test_show_tells_what_a_download_would_do(run: Any, civitai: FakeCivitai, models: Path) -> None:
    ids = civitai.add(samples.lora("cat", trigger_words=["kitty, small kitty"]).but(name="Cats"))

    said = await run("show", ids.model_id)

    assert said.code == 0
    assert "Cats - v1.0" in said.out
    assert "kitty; small kitty" in said.out
    assert f"Would go to: {models / 'loras' / 'cat.safetensors'}" in said.out


async def test_show_as_json_is_what_the_route_answers(run: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))

    (it,) = (await run("show", f"{ids.model_id}@{ids.version_id}", "--json")).json

    assert (it["version"]["id"], it["kind"], it["file"]["name"]) == (ids.version_id, "loras", "cat.safetensors")


async def test_bad_target_is_wrong_use(run: Any) -> None:
    said = await run("show", "not a model")

    assert said.code == 2
    assert "link" in said.sentence


async def test_unknown_model_is_a_failure(run: Any) -> None:
    said = await run("show", "4711")

    assert said.code == 1
    assert said.sentence


async def test_debug_shows_where_it_went_wrong(run: Any) -> None:
    said = await run("--debug", "show", "4711")

    assert said.code == 1
    assert "Traceback" in said.err
    assert said.err.rstrip().endswith(".")


@pytest.mark.parametrize("by", ["path", "sha256", "autov2", "name", "words"])
async def test_info_finds_a_file_by_whatever_names_it(run: Any, civitai: FakeCivitai, models: Path, by: str) -> None:
    sample = samples.lora("cat", trigger_words=["kitty"]).but(name="Fluffy Cats")
    civitai.add(sample)
    path = models / "loras" / "pets" / "cat.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(sample.content())
    await run("info", path)
    sha256 = hashlib.sha256(sample.content()).hexdigest()
    what = {
        "path": str(path),
        "sha256": sha256.upper(),
        "autov2": sha256[:10],
        "name": "pets/cat.safetensors",
        "words": "fluffy",
    }[by]

    said = await run("info", what, "--json")

    assert said.code == 0, said.err
    (detail,) = said.json
    assert (detail["path"], detail["sha256"], detail["title"]) == (str(path), sha256, "Fluffy Cats")
    assert ("kitty", "site") in [(word["text"], word["source"]) for word in detail["trigger_words"]]


async def test_info_works_offline_with_what_the_header_says(run: Any, civitai: FakeCivitai, models: Path) -> None:
    await civitai.stop()
    models.mkdir()
    path = models / "cat.safetensors"
    path.write_bytes(samples.lora("cat", metadata={"modelspec.trigger_phrase": "kitty"}, size=None).content())

    said = await run("info", path)

    assert said.code == 0
    assert "kitty" in said.out


async def test_info_on_what_is_nowhere_is_a_failure(run: Any) -> None:
    said = await run("info", "nowhere.safetensors")

    assert said.code == 1
    assert "nowhere.safetensors" in said.sentence


async def test_ambiguous_name_asks_for_a_better_one(run: Any, models: Path) -> None:
    (models / "loras").mkdir(parents=True)
    for name in ("cat one", "cat two"):
        path = models / "loras" / f"{name}.safetensors"
        path.write_bytes(samples.lora(name.replace(" ", ""), size=None).content())
        await run("info", path)

    said = await run("info", "cat")

    assert said.code == 2
    assert "cat one.safetensors" in said.sentence
