"""The nodes for pictures in a real ComfyUI, against the fake Gemini: a run of all three, Stop, and the cache."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from lorakeeper.testing import real_comfyui
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, photograph, png, recompressed

PACK = "ComfyUI-Lorakeeper"
GOOD = [photograph(seed, (256, 256)) for seed in range(10, 18)]
WIDE = photograph(30, (384, 256))

pytestmark = [
    pytest.mark.comfyui,
    pytest.mark.skipif(not real_comfyui.at_hand(), reason="COMFYUI_DIR names no ComfyUI"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=256) as gemini:
        yield gemini


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def comfyui(fake: FakeGemini, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    base = tmp_path_factory.mktemp("comfyui")
    environment = {
        "LORAKEEPER_GEMINI_URL": fake.url,
        "LORAKEEPER_GEMINI_CONCURRENCY": "1",
        "GEMINI_API_KEY": KEY,
    }
    async with real_comfyui.RealComfyUI(base, {PACK: real_comfyui.PACK}, environment) as running:
        yield running


@pytest.fixture
def gemini(fake: FakeGemini) -> FakeGemini:
    fake.faults.clear()
    fake.requests.clear()
    return fake


def given(*images: Image.Image) -> list[faults.Given]:
    return [faults.Given(png(image)) for image in images]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def load(comfyui: Any, image: Image.Image, name: str = "original.png") -> dict[str, Any]:
    (comfyui.base / "input" / name).write_bytes(png(image))
    return node("LoadImage", image=name)


def save(source: str, slot: int) -> dict[str, Any]:
    return node("SaveImage", images=[source, slot], filename_prefix=f"{source}-{slot}")


def saved(comfyui: Any, history: Any, node_id: str) -> list[Image.Image]:
    """The pictures that a node saved; none where it did not run."""
    listed = history["outputs"].get(node_id, {}).get("images", [])
    return [Image.open(Path(comfyui.base, "output", each["subfolder"], each["filename"])) for each in listed]


def text(history: Any, node_id: str) -> Any:
    [found] = history["outputs"][node_id]["text"]
    return json.loads(found)


def succeeded(history: Any) -> bool:
    return bool(history["status"]["status_str"] == "success")


async def test_the_three_nodes_in_one_run(comfyui: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(GOOD[1], blurred(GOOD[2]), WIDE)
    graph = {
        "original": load(comfyui, GOOD[0]),
        "vary": node(
            "Lorakeeper_GeminiVariations", images=["original", 0], prompt="a hill", count=2, seed=1, sizes="list"
        ),
        "judge": node("Lorakeeper_ImageQualityFilter", images=["vary", 0], reference=["original", 0], sizes="list"),
        "compare": node("Lorakeeper_DuplicateFilter", images=["judge", 0]),
        "unique": save("compare", 0),
        "duplicates": save("compare", 1),
        "variations": save("vary", 0),
        "spoilt": save("vary", 1),
        "worse": save("judge", 1),
        "scores": node("PreviewAny", source=["vary", 2]),
        "report": node("PreviewAny", source=["vary", 3]),
        "judged": node("PreviewAny", source=["judge", 2]),
        "groups": node("PreviewAny", source=["compare", 2]),
    }

    history = await comfyui.run(graph)

    assert succeeded(history)
    assert [image.size for image in saved(comfyui, history, "variations")] == [(256, 256), (384, 256)]
    assert [image.size for image in saved(comfyui, history, "unique")] == [(256, 256), (256, 256)]
    assert saved(comfyui, history, "variations")[0].tobytes() == GOOD[1].tobytes()
    assert [image.size for image in saved(comfyui, history, "spoilt")] == [(256, 256)]
    # There is nothing for these, so they did not run, and that is no error.
    assert "duplicates" not in history["outputs"]
    assert "worse" not in history["outputs"]
    assert [each["accepted"] for each in text(history, "scores")] == [True, False, True]
    assert (text(history, "report")["successful"], text(history, "report")["attempts"]) == (2, 3)
    assert [each["accepted"] for each in text(history, "judged")] == [True, True]
    assert text(history, "groups") == {"groups": [], "duplicates": []}
    assert len(gemini.requests) == 3
    assert "Traceback" not in comfyui.log()


async def test_stop_in_the_middle_then_the_rest_then_all_from_the_cache(comfyui: Any, gemini: FakeGemini) -> None:
    def graph(sizes: str) -> dict[str, Any]:
        wanted: dict[str, Any] = {"images": ["original", 0], "prompt": "a lake", "count": 3, "sizes": sizes}
        return {
            "original": load(comfyui, GOOD[0]),
            "vary": node("Lorakeeper_GeminiVariations", **wanted),
            "images": save("vary", 0),
            "report": node("PreviewAny", source=["vary", 3]),
        }

    gemini.faults += [*given(GOOD[1]), faults.Delay(30, times=5)]
    prompt = await comfyui.queue(graph("resize to the first"))
    while len(gemini.requests) < 2:
        await asyncio.sleep(0.02)
    await comfyui.interrupt()
    stopped = await asyncio.wait_for(comfyui.finish(prompt["prompt_id"]), 10)
    await asyncio.sleep(0.5)

    assert not succeeded(stopped)
    assert any(kind == "execution_interrupted" for kind, _ in stopped["status"]["messages"])
    assert len(gemini.requests) == 2

    gemini.faults.clear()
    gemini.requests.clear()
    gemini.faults += given(GOOD[2], GOOD[3])
    rest = await comfyui.run(graph("resize to the first"))

    assert succeeded(rest)
    assert len(gemini.requests) == 2
    assert (text(rest, "report")["from_cache"], len(saved(comfyui, rest, "images"))) == (1, 3)

    gemini.requests.clear()
    again = await comfyui.run(graph("list"))  # else ComfyUI itself would remember

    assert succeeded(again)
    assert gemini.requests == []
    assert text(again, "report")["from_cache"] == 3
    assert [each.tobytes() for each in saved(comfyui, again, "images")] == [
        each.tobytes() for each in saved(comfyui, rest, "images")
    ]
    assert "Traceback" not in comfyui.log()


async def test_filters_work_without_a_key_on_batches_with_alpha(comfyui: Any) -> None:
    graph = {
        "good": load(comfyui, GOOD[4], "good.png"),
        "copy": load(comfyui, recompressed(GOOD[4]), "copy.png"),
        "bad": load(comfyui, blurred(GOOD[5]), "bad.png"),
        "some": node("ImageBatch", image1=["good", 0], image2=["copy", 0]),
        "all": node("ImageBatch", image1=["some", 0], image2=["bad", 0]),
        "mask": node("SolidMask", value=0.25, width=256, height=256),
        "clear": node("JoinImageWithAlpha", image=["all", 0], alpha=["mask", 0]),
        "judge": node("Lorakeeper_ImageQualityFilter", images=["clear", 0]),
        "compare": node("Lorakeeper_DuplicateFilter", images=["judge", 0], scope="ever"),
        "unique": save("compare", 0),
        "duplicates": save("compare", 1),
        "worse": save("judge", 1),
    }

    history = await comfyui.run(graph)

    assert succeeded(history)
    for name in ("unique", "duplicates", "worse"):
        [image] = saved(comfyui, history, name)
        assert image.mode == "RGBA"
        assert image.getchannel("A").getextrema() == (191, 191)


async def test_a_forbidden_prompt_is_one_sentence_on_the_node(comfyui: Any, gemini: FakeGemini) -> None:
    gemini.faults.append(faults.BlockedPrompt())
    graph = {"vary": node("Lorakeeper_GeminiVariations", prompt="a hill", count=1), "images": save("vary", 0)}

    history = await comfyui.run(graph)

    [problem] = [data for kind, data in history["status"]["messages"] if kind == "execution_error"]
    assert "PROHIBITED_CONTENT" in problem["exception_message"]
    assert "\n" not in problem["exception_message"].strip()
    assert problem["node_id"] == "vary"
    assert len(gemini.requests) == 1
