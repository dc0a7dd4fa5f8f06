"""Civitai Search and Civitai Download, on the stand-in for ComfyUI and the fake Civitai."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace

from .conftest import loaded_host

NOTHING: dict[str, Any] = {}


def downloads(civitai: FakeCivitai) -> int:
    return len(civitai.storage.requests)


# -- Search ------------------------------------------------------------------------------------------------------------


async def test_search_gives_results_and_their_json(comfy: Any, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Watercolour", trigger_words=["wtrclr style"]))
    civitai.add(samples.checkpoint("Watercolour base"))

    results, text = (await comfy.run("CivitaiSearch", query="watercolour", types="LORA")).args

    assert [(each["name"], each["type"]) for each in results] == [("Watercolour", "LORA")]
    assert results[0]["versions"][0]["trigger_words"] == ["wtrclr style"]
    assert json.loads(text) == results


async def test_every_filter_reaches_the_site(comfy: Any, civitai: FakeCivitai) -> None:
    await comfy.run(
        "CivitaiSearch",
        query="x",
        types="Checkpoint",
        base_model="SDXL 1.0, Pony",
        sort="Newest",
        period="Week",
        tag="style",
        username="alice",
        nsfw=True,
        limit=7,
    )

    query = civitai.site.requests[-1].query
    assert query.getall("baseModels") == ["SDXL 1.0", "Pony"]
    asked = {name: query[name] for name in ("query", "types", "sort", "period", "tag", "username", "nsfw", "limit")}
    assert asked == {
        "query": "x",
        "types": "Checkpoint",
        "sort": "Newest",
        "period": "Week",
        "tag": "style",
        "username": "alice",
        "nsfw": "true",
        "limit": "7",
    }


async def test_search_again_asks_the_site_once(comfy: Any, civitai: FakeCivitai) -> None:
    await comfy.run("CivitaiSearch", query="x")
    asked = len(civitai.site.requests)
    await comfy.run("CivitaiSearch", query="x")

    assert len(civitai.site.requests) == asked


async def test_search_runs_again_when_answers_have_run_out(comfy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    search = comfy.nodes["Lorakeeper_CivitaiSearch"]
    seconds = {}
    for now in (3000.0, 3299.0, 3300.0):
        monkeypatch.setattr("time.time", lambda now=now: now)
        seconds[now] = search.fingerprint_inputs(query="x")

    assert seconds[3000.0] == seconds[3299.0] != seconds[3300.0]


# -- Download ----------------------------------------------------------------------------------------------------------


async def test_download_gives_what_a_loader_needs(comfy: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora("Paper cut", trigger_words=["ppr ct", "layered"])
    ids = civitai.add(sample)

    name, path, words, text = (await comfy.run("CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}")).args

    assert (comfy.models / "loras" / name).read_bytes() == sample.content()
    assert path == str(comfy.models / "loras" / name)
    assert words == "ppr ct, layered"
    assert json.loads(text)["version_id"] == ids.version_id


async def test_download_takes_a_result_of_the_search(comfy: Any, civitai: FakeCivitai) -> None:
    for name in ("First", "Second"):
        civitai.add(samples.lora(name))
    results, _ = (await comfy.run("CivitaiSearch", query="", sort="Oldest")).args

    output = await comfy.run("CivitaiDownload", results=results, index=1)

    assert json.loads(output.args[3])["title"] == results[1]["name"]


async def test_download_shows_how_far_it_is(comfy: Any, civitai: FakeCivitai) -> None:
    from comfy.utils import ProgressBar

    ids = civitai.add(samples.lora("Slow", size=300_000))
    civitai.faults.storage.append(Pace(400_000))

    await comfy.run("CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}")

    texts = [text for node, text in comfy.server.texts if node == "7"]
    assert any(text.startswith("Downloading") and "of 0.3 MB" in text for text in texts)
    assert texts[-1] == "Ready: Slow.safetensors"
    values = [value / total for value, total in ProgressBar.shown]
    assert values == sorted(values)
    assert any(0 < value < 1 for value in values)


async def test_kind_says_which_folder(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Elsewhere"))

    output = await comfy.run("CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}", kind="embeddings")

    assert (comfy.models / "embeddings" / output.args[0]).is_file()


async def test_a_version_that_is_here_needs_no_site(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Kept"))
    target = f"{ids.model_id}@{ids.version_id}"
    first = await comfy.run("CivitaiDownload", target=target)
    await comfy.forget_answers()
    await civitai.stop()

    again = await comfy.run("CivitaiDownload", target=target)

    assert again.args == first.args


async def test_a_file_that_was_deleted_is_fetched_again(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Deleted"))
    target = f"{ids.model_id}@{ids.version_id}"
    node = comfy.nodes["Lorakeeper_CivitaiDownload"]
    path = (await comfy.run("CivitaiDownload", target=target)).args[1]
    before = node.fingerprint_inputs(target=target)
    (comfy.models / "loras" / "Deleted.safetensors").unlink()

    assert before == before  # NaN, which is not, makes ComfyUI run a node again
    assert node.fingerprint_inputs(target=target) != node.fingerprint_inputs(target=target)
    assert (await comfy.run("CivitaiDownload", target=target)).args[1] == path


async def test_stop_pauses_and_running_again_goes_on(comfy: Any, civitai: FakeCivitai) -> None:
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    sample = samples.lora("Large", size=400_000)
    ids = civitai.add(sample)
    target = f"{ids.model_id}@{ids.version_id}"
    civitai.faults.storage.append(Pace(100_000))

    async def stopped() -> bool:
        try:
            await comfy.run("CivitaiDownload", target=target)
        except InterruptProcessingException:
            return True
        return False

    running = asyncio.create_task(stopped())
    while not any(part.stat().st_size for part in (comfy.models / "loras").glob(".lorakeeper-*.part")):
        await asyncio.sleep(0.02)
    interrupt_current_processing()
    assert await running
    assert comfy.server.texts[-1] == ("7", "Stopped. Run again to go on.")
    part = next((comfy.models / "loras").glob(".lorakeeper-*.part"))
    assert part.stat().st_size > 0
    civitai.faults.storage.clear()

    name = (await comfy.run("CivitaiDownload", target=target)).args[0]

    assert (comfy.models / "loras" / name).read_bytes() == sample.content()
    assert civitai.storage.requests[-1].headers["Range"].startswith("bytes=")
    assert not list((comfy.models / "loras").glob(".lorakeeper-*"))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "Say what to download: give a target, or connect search results."),
        ({"results": []}, "The search found nothing to download."),
        ({"results": [{"target": "1@2"}], "index": 1}, "There is no result 1: the search found 1, counted from 0."),
        ({"results": [{"target": None}]}, "Result 0 has no version that could be downloaded."),
    ],
    ids=["nothing", "no results", "index", "no version"],
)
async def test_what_can_not_be_downloaded_is_said_in_a_sentence(comfy: Any, inputs: Any, sentence: str) -> None:
    with pytest.raises(Exception, match=r"download|result") as raised:
        await comfy.run("CivitaiDownload", **inputs)

    assert str(raised.value) == sentence


async def test_a_model_the_site_does_not_have_is_said_in_a_sentence(comfy: Any) -> None:
    heard: list[Any] = []
    loaded_host().app.events.subscribe(heard.append)

    with pytest.raises(Exception, match="knows no such") as raised:
        await comfy.run("CivitaiDownload", target="1@999999")

    assert type(raised.value).__name__ == "NodeError"
    assert "\n" not in str(raised.value)
    assert comfy.server.texts[-1] == ("7", str(raised.value))
    (event,) = [event for event in heard if event.topic == "error"]
    assert event.data == {"where": "node", "at": None, "cause": "DownloadError", "status": 502}


async def test_a_dangerous_file_is_an_error_and_not_in_the_folder(comfy: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.bad_pickle())

    with pytest.raises(Exception, match="system") as raised:
        await comfy.run("CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}")

    assert type(raised.value).__name__ == "NodeError"
    assert not [path for path in (comfy.models / "loras").iterdir() if not path.name.startswith(".")]


async def test_a_bad_target_is_refused_before_the_graph_runs(comfy: Any) -> None:
    node = comfy.nodes["Lorakeeper_CivitaiDownload"]

    assert isinstance(node.validate_inputs(target="no such thing"), str)
    assert node.validate_inputs(target="urn:air:sdxl:lora:civitai:1@2") is True
    assert node.validate_inputs(target=None) is True
    assert node.validate_inputs(target="") is True
