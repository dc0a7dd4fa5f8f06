"""The nodes for pictures, on the stand-in for ComfyUI, the real application and the fake Gemini."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from lorakeeper.py.hosts.picture_work import request_of, resized, single, values_of
from lorakeeper.py.variations.filters import SCOPES
from lorakeeper.py.variations.models import DEFAULT_MODEL, MODELS
from lorakeeper.py.variations.quality import CALIBRATED, CLASSIC, PROFILES
from lorakeeper.py.variations.requests import MOST, MOST_ATTEMPTS
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, mirrored, photograph, png, recompressed

from .conftest import loaded_host

GOOD = [photograph(seed, (256, 256)) for seed in range(10, 18)]
LIST, BATCH = "list", "resize to the first"


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture
async def gemini(comfy: Any) -> AsyncIterator[FakeGemini]:
    app = loaded_host().app
    async with FakeGemini(side=256) as fake:
        app.store.update({"gemini_url": fake.url, "gemini_concurrency": 1})
        app.credentials.set("gemini", KEY)
        yield fake


def tensor(torch: Any, *images: Image.Image) -> Any:
    """A batch as ComfyUI's loader makes it."""
    return torch.stack([torch.from_numpy(values_of(image)) for image in images])


def given(*images: Image.Image) -> list[faults.Given]:
    return [faults.Given(png(image)) for image in images]


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


async def run(comfy: Any, node_id: str, *, images: Sequence[Any] | None = None, **widgets: Any) -> tuple[Any, ...]:
    """As ComfyUI runs a node that takes lists: each widget's value comes in a list of one."""
    reference = widgets.pop("reference", None)
    inputs: dict[str, Any] = {name: [value] for name, value in widgets.items()}
    if images is not None:
        inputs["images"] = list(images)
    if reference is not None:
        inputs["reference"] = [reference]
    found: tuple[Any, ...] = (await comfy.run(node_id, **inputs)).args
    return found


def nothing(output: Any) -> bool:
    """Whether what is connected to an output that is a list will not run, and no error is shown."""
    from comfy_execution.graph_utils import ExecutionBlocker

    return len(output) == 1 and isinstance(output[0], ExecutionBlocker) and output[0].message is None


def same(found: Any, image: Image.Image) -> bool:
    return bool(np.array_equal(np.asarray(found), values_of(image)))


# -- Gemini Variations -------------------------------------------------------------------------------------------------


async def test_good_variations_and_spoilt_ones_come_out_apart(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(GOOD[1], blurred(GOOD[2]), GOOD[3])

    accepted, rejected, scores, report = await run(
        comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])], prompt="a hill", count=2, size="512", seed=7
    )

    assert [tuple(each.shape) for each in (*accepted, *rejected)] == [(2, 256, 256, 3), (1, 256, 256, 3)]
    assert accepted[0].dtype is torch.float32
    assert same(accepted[0][0], GOOD[1])
    assert same(accepted[0][1], GOOD[3])
    assert same(rejected[0][0], blurred(GOOD[2]))
    assert [(each["number"], each["accepted"]) for each in json.loads(scores)] == [(0, True), (1, False), (2, True)]
    assert "It is blurred." in json.loads(scores)[1]["reasons"]
    told = json.loads(report)
    assert (told["requested"], told["successful"], told["rejected"], told["attempts"]) == (2, 2, 1, 3)
    node, said = comfy.server.texts[-1]
    assert (node, said) == ("7", f"2 of 2 accepted, 1 rejected, about ${told['estimated_cost']:.2f}")


async def test_progress_is_shown_while_it_runs(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    from comfy.utils import ProgressBar

    gemini.faults.append(faults.Delay(0.25))
    gemini.faults += given(*GOOD[1:4])

    await run(comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])], count=3)

    assert any(text.startswith("1 of 3 accepted") for _, text in comfy.server.texts)
    assert ProgressBar.shown[-1] == (1.0, 1.0)
    assert any(0 < share < 1 for share, _ in ProgressBar.shown)


async def test_the_widgets_reach_gemini(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(GOOD[1])

    await run(
        comfy,
        "GeminiVariations",
        images=[tensor(torch, GOOD[0], GOOD[4]), tensor(torch, with_alpha(photograph(5, (300, 200))))],
        prompt="a hill",
        count=1,
        model="gemini-2.5-flash-image",
        other_model=" gemini-3-pro-image ",
        aspect_ratio="16:9",
        size="2K",
        seed=3,
        temperature=0.5,
        system_instruction="Stay calm.",
    )

    [request] = gemini.requests
    body = json.loads(request.body)
    assert "gemini-3-pro-image" in request.path
    assert sum("inlineData" in part for part in body["contents"][0]["parts"]) == 3
    config = body["generationConfig"]
    assert (config["temperature"], config["seed"]) == (0.5, 3)
    assert json.dumps(config["imageConfig"]).count("16:9") == 1
    assert "Stay calm." in json.dumps(body)


async def test_the_same_again_sends_no_request_and_another_seed_does(
    torch: Any, comfy: Any, gemini: FakeGemini
) -> None:
    gemini.faults += given(*GOOD[1:4])
    wanted: dict[str, Any] = {"images": [tensor(torch, GOOD[0])], "count": 2}

    first = await run(comfy, "GeminiVariations", **wanted)
    sent = len(gemini.requests)
    second = await run(comfy, "GeminiVariations", **wanted)

    assert (sent, len(gemini.requests)) == (2, 2)
    assert torch.equal(first[0][0], second[0][0])
    assert json.loads(second[3])["from_cache"] == 2
    assert comfy.server.texts[-1] == ("7", "2 of 2 accepted, 2 from the cache")
    await run(comfy, "GeminiVariations", images=wanted["images"], count=1, seed=1)
    assert len(gemini.requests) == 3


async def test_mixed_sizes_come_as_one_batch_or_as_a_list(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    wide = photograph(30, (384, 192))
    gemini.faults += given(GOOD[1], with_alpha(wide))
    wanted: dict[str, Any] = {"prompt": "a hill", "count": 2}

    [batch], *_ = await run(comfy, "GeminiVariations", sizes=BATCH, **wanted)
    one_by_one, *_ = await run(comfy, "GeminiVariations", sizes=LIST, **wanted)

    assert tuple(batch.shape) == (2, 256, 256, 4)
    assert same(batch[0, ..., :3], GOOD[1])
    assert bool((batch[0, ..., 3] == 1).all())
    assert float(batch[1, ..., 3].min()) < 0.1
    assert [tuple(each.shape) for each in one_by_one] == [(1, 256, 256, 3), (1, 192, 384, 4)]
    assert same(one_by_one[1][0], with_alpha(wide))


async def test_where_nothing_is_accepted_what_follows_does_not_run(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(blurred(GOOD[1]), blurred(GOOD[2]))

    accepted, rejected, _, report = await run(
        comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])], count=1, attempts=2
    )

    assert nothing(accepted)
    assert tuple(rejected[0].shape) == (2, 256, 256, 3)
    assert json.loads(report)["stopped"] == "All 2 attempts were used up."
    assert comfy.server.texts[-1][1].endswith(
        "All 2 attempts were used up.\nNothing was accepted, so what is connected to accepted doesn't run."
    )


async def test_where_nothing_is_rejected_its_output_keeps_still(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(GOOD[1])

    _, rejected, *_ = await run(comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])], count=1, sizes=LIST)

    assert nothing(rejected)


async def test_without_a_key_the_node_says_so_in_one_sentence(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    loaded_host().app.credentials.forget("gemini")

    with pytest.raises(Exception, match="There is no API key for Gemini") as error:
        await run(comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])])

    assert type(error.value).__module__ == "lorakeeper"
    assert "\n" not in str(error.value)
    assert comfy.server.texts[-1] == ("7", str(error.value))
    assert not gemini.requests


@pytest.mark.parametrize(
    ("widgets", "sentence"),
    [
        ({}, "Give an image, a prompt, or both."),
        ({"prompt": "a", "other_model": "gemini-9-image", "budget": 1.0}, "No price is known for gemini-9-image"),
        ({"prompt": "a", "similarity_min": 0.9, "similarity_max": 0.5}, "must be a range"),
    ],
)
async def test_what_makes_no_sense_is_one_sentence(
    comfy: Any, gemini: FakeGemini, widgets: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Exception, match=sentence) as error:
        await run(comfy, "GeminiVariations", **widgets)

    assert "\n" not in str(error.value)
    assert not gemini.requests


async def test_too_many_references_are_refused_before_they_are_looked_at(
    torch: Any, comfy: Any, gemini: FakeGemini
) -> None:
    with pytest.raises(Exception, match="Up to 16 images can be sent along, not 17"):
        await run(comfy, "GeminiVariations", images=[torch.zeros(17, 64, 64, 3)])


async def test_a_list_where_one_value_is_meant_is_refused(comfy: Any, gemini: FakeGemini) -> None:
    with pytest.raises(Exception, match="Give one value to prompt, not a list of 2"):
        await comfy.run("GeminiVariations", prompt=["a", "b"])


async def test_a_budget_ends_the_run_and_what_came_is_given(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    gemini.faults += given(*GOOD[1:5])

    [batch], *_ = await run(comfy, "GeminiVariations", images=[tensor(torch, GOOD[0])], count=4, budget=0.15)

    assert tuple(batch.shape) == (2, 256, 256, 3)
    assert len(gemini.requests) == 2
    assert "The budget of 0.15 US dollars allows no more." in comfy.server.texts[-1][1]


async def test_stop_sends_nothing_more_and_running_again_goes_on(torch: Any, comfy: Any, gemini: FakeGemini) -> None:
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    gemini.faults += [*given(GOOD[1]), faults.Delay(20, times=5)]
    wanted: dict[str, Any] = {"images": [tensor(torch, GOOD[0])], "count": 3}
    running = asyncio.create_task(run(comfy, "GeminiVariations", **wanted))

    async def came() -> None:
        while not any(text.startswith("1 of 3 accepted") for _, text in comfy.server.texts) or len(gemini.requests) < 2:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(came(), 10)
    interrupt_current_processing()
    with pytest.raises(InterruptProcessingException):
        await running
    sent = len(gemini.requests)
    await asyncio.sleep(0.2)

    assert len(gemini.requests) == sent == 2
    assert comfy.server.texts[-1][1] == "Stopped. Run again to go on."
    gemini.faults.clear()
    gemini.faults += given(*GOOD[2:5])
    [batch], _, _, report = await run(comfy, "GeminiVariations", **wanted)
    assert tuple(batch.shape) == (3, 256, 256, 3)
    assert same(batch[0], GOOD[1])
    assert (json.loads(report)["from_cache"], json.loads(report)["attempts"]) == (1, 2)


# -- Image Quality Filter ----------------------------------------------------------------------------------------------


async def test_a_batch_is_parted_into_good_and_bad_without_a_change(torch: Any, comfy: Any) -> None:
    batch = tensor(torch, GOOD[0], blurred(GOOD[1]), GOOD[2]) * 0.999  # no picture of eight bits

    accepted, rejected, scores = await run(comfy, "ImageQualityFilter", images=[batch])

    assert torch.equal(accepted[0], batch[[0, 2]])
    assert torch.equal(rejected[0], batch[1:2])
    listed = json.loads(scores)
    assert [each["accepted"] for each in listed] == [True, False, True]
    assert "It is blurred." in listed[1]["reasons"]
    assert "similarity" not in listed[0]["scores"]
    assert comfy.server.texts[-1] == ("7", "2 of 3 accepted")


async def test_a_whole_batch_that_is_good_is_handed_on_and_not_copied(torch: Any, comfy: Any) -> None:
    batch = tensor(torch, *GOOD[:3])

    accepted, rejected, _ = await run(comfy, "ImageQualityFilter", images=[batch])

    assert accepted[0].data_ptr() == batch.data_ptr()
    assert tuple(accepted[0].shape) == (3, 256, 256, 3)
    assert nothing(rejected)


async def test_a_list_of_sizes_stays_a_list_of_the_same_tensors(torch: Any, comfy: Any) -> None:
    images = [tensor(torch, photograph(seed, size)) for seed, size in ((1, (256, 256)), (2, (400, 240)))]
    images.append(tensor(torch, blurred(GOOD[1])))

    accepted, rejected, _ = await run(comfy, "ImageQualityFilter", images=images, sizes=LIST)
    [batch], *_ = await run(comfy, "ImageQualityFilter", images=images, sizes=BATCH)

    assert [each.data_ptr() for each in accepted] == [each.data_ptr() for each in images[:2]]
    assert len(rejected) == 1
    assert tuple(batch.shape) == (2, 256, 256, 3)
    assert torch.equal(batch[0], images[0][0])


async def test_alpha_survives_and_opaque_pictures_stay_opaque_beside_it(torch: Any, comfy: Any) -> None:
    grey = tensor(torch, GOOD[3])[..., :1]
    images = [tensor(torch, GOOD[0]), tensor(torch, with_alpha(GOOD[1])), grey]

    [batch], *_ = await run(
        comfy, "ImageQualityFilter", images=images, aesthetic=0.0, object_integrity=0.0, overall=0.0
    )

    assert tuple(batch.shape) == (3, 256, 256, 4)
    assert torch.equal(batch[1], images[1][0])
    assert torch.equal(batch[0, ..., :3], images[0][0])
    assert bool((batch[[0, 2], ..., 3] == 1).all())
    assert torch.equal(batch[2, ..., :3], grey[0].expand(-1, -1, 3))


async def test_a_reference_is_what_similarity_is_measured_to(torch: Any, comfy: Any) -> None:
    batch = tensor(torch, GOOD[0], GOOD[1])

    accepted, _, scores = await run(comfy, "ImageQualityFilter", images=[batch], reference=tensor(torch, GOOD[0]))

    assert torch.equal(accepted[0], batch[1:])
    assert "nearly its original" in json.loads(scores)[0]["reasons"][0]


async def test_a_threshold_of_the_node_goes_before_the_profiles(torch: Any, comfy: Any) -> None:
    batch = tensor(torch, GOOD[0], blurred(GOOD[1]))

    accepted, *_ = await run(
        comfy, "ImageQualityFilter", images=[batch], aesthetic=0.0, object_integrity=0.0, overall=0.0
    )
    none, *_ = await run(comfy, "ImageQualityFilter", images=[batch], overall=1.0)

    assert len(accepted[0]) == 2
    assert nothing(none)


async def test_an_empty_batch_is_no_error(torch: Any, comfy: Any) -> None:
    accepted, rejected, scores = await run(comfy, "ImageQualityFilter", images=[torch.zeros(0, 64, 64, 3)])

    assert nothing(accepted)
    assert nothing(rejected)
    assert json.loads(scores) == []


async def test_what_is_no_image_is_one_sentence(torch: Any, comfy: Any) -> None:
    with pytest.raises(Exception, match=r"That is no batch of images: its shape is \(1, 64, 64, 16\)\."):
        await run(comfy, "ImageQualityFilter", images=[torch.zeros(1, 64, 64, 16)])


async def test_stop_ends_the_filter(torch: Any, comfy: Any) -> None:
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    one = tensor(torch, photograph(1, (512, 512)))
    running = asyncio.create_task(run(comfy, "ImageQualityFilter", images=[one] * 2000))
    while not comfy.server.texts:
        await asyncio.sleep(0.01)
    interrupt_current_processing()

    with pytest.raises(InterruptProcessingException):
        await asyncio.wait_for(running, 5)


# -- Duplicate Filter --------------------------------------------------------------------------------------------------


async def test_duplicates_come_out_apart_with_their_groups(torch: Any, comfy: Any) -> None:
    batch = tensor(torch, GOOD[0], GOOD[1], recompressed(GOOD[0]), mirrored(GOOD[1]))

    unique, duplicates, groups = await run(comfy, "DuplicateFilter", images=[batch])
    _, _, turned = await run(comfy, "DuplicateFilter", images=[batch], mirrored=True)

    assert torch.equal(unique[0], batch[[0, 1, 3]])
    assert torch.equal(duplicates[0], batch[2:3])
    told = json.loads(groups)
    assert told["groups"] == [[0, 2]]
    assert [(each["number"], each["of"], each["mirrored"]) for each in told["duplicates"]] == [(2, 0, False)]
    assert told["duplicates"][0]["similarity"] > 0.95
    assert json.loads(turned)["groups"] == [[0, 2], [1, 3]]
    assert comfy.server.texts[-1] == ("7", "2 of 4 unique")


@pytest.mark.parametrize("scope", ["this session", "ever"])
async def test_a_wider_scope_remembers_other_runs(torch: Any, comfy: Any, scope: str) -> None:
    batch = tensor(torch, GOOD[0])

    await run(comfy, "DuplicateFilter", images=[batch], scope=scope)
    unique, duplicates, groups = await run(comfy, "DuplicateFilter", images=[batch], scope=scope, sizes=LIST)
    here, *_ = await run(comfy, "DuplicateFilter", images=[batch])

    assert nothing(unique)
    assert torch.equal(duplicates[0], batch)
    assert json.loads(groups)["groups"] == []
    assert json.loads(groups)["duplicates"][0]["of"] is None
    assert torch.equal(here[0], batch)


async def test_an_unknown_scope_is_one_sentence(torch: Any, comfy: Any) -> None:
    """ComfyUI doesn't look at what a wire brings to a list of choices."""
    with pytest.raises(Exception, match="There is no scope 'yesterday'"):
        await run(comfy, "DuplicateFilter", images=[tensor(torch, GOOD[0])], scope="yesterday")


# -- What the widgets mean ---------------------------------------------------------------------------------------------


async def test_the_nodes_offer_what_the_application_knows(comfy: Any) -> None:
    from lorakeeper.nodes import image_filters, variations

    assert variations.MODELS[0] == DEFAULT_MODEL
    assert set(variations.MODELS) == {model.name for model in MODELS}
    assert ["auto", *dict.fromkeys(ratio for model in MODELS for ratio in model.aspect_ratios)] == variations.RATIOS
    assert set(variations.LARGENESS) == {"auto", *(size for model in MODELS for size in model.sizes)}
    assert variations.MOST_SEED + MOST * MOST_ATTEMPTS < 2**31
    assert list(PROFILES) == image_filters.PROFILES
    assert [scope.rpartition(" ")[2] for scope in image_filters.SCOPES] == list(SCOPES)


def test_what_is_left_open_is_the_profiles_own() -> None:
    def of(profile: Any, **limits: Any) -> Any:
        return request_of([], prompt="a", profile=profile, **limits).thresholds

    assert of("classic", similarity_min=-2.0, aesthetic=-1.0) is None
    assert of("classic", similarity_min=-1.0) == CLASSIC.__class__(-1, 0.9, 0.2, 0.6, 0.7, 0.6)
    found = of("calibrated", diversity=0.0, overall=0.7, similarity_max=-2.0)
    assert (found.diversity, found.overall, found.similarity_max) == (0.0, 0.7, CALIBRATED.similarity_max)


def test_signs_for_nothing_become_nothing() -> None:
    request = request_of([], prompt="a")

    assert (request.aspect_ratio, request.size, request.temperature) == (None, None, None)
    assert (request.system_instruction, request.budget, request.fallbacks) == (None, None, ())
    assert [choice.model for choice in request_of([], prompt="a", fallback=True).fallbacks] == [
        "gemini-2.5-flash-image"
    ]


def test_values_that_were_left_out_are_left_out() -> None:
    assert single({"prompt": ["a"], "count": None, "seed": [], "size": [None]}) == {"prompt": "a"}


# -- Resizing ----------------------------------------------------------------------------------------------------------


def ramp(width: int, height: int) -> npt.NDArray[np.float32]:
    row: npt.NDArray[np.float32] = np.linspace(0, 1, width, dtype=np.float32)
    return np.tile(row[None, :, None], (height, 1, 3))


@pytest.mark.parametrize("size", [(64, 64), (33, 100), (7, 3), (1, 1), (300, 150)])
def test_resizing_keeps_shapes_and_cuts_around_the_middle(size: tuple[int, int]) -> None:
    width, height = size

    found = resized(ramp(200, 100), width, height)

    assert found.shape == (height, width, 3)
    assert float(found.mean()) == pytest.approx(0.5, abs=0.01)
    assert 0 <= found.min() <= found.max() <= 1


def test_what_can_not_be_seen_does_not_shine_through() -> None:
    values = np.zeros((64, 64, 4), np.float32)
    values[:, :32] = (0, 1, 0, 0)  # green, but transparent
    values[:, 32:] = (1, 0, 0, 1)

    found = resized(values, 31, 31)

    seen = found[found[..., 3] > 0.01]
    assert float(seen[:, 1].max()) < 1e-3
    assert float(seen[:, 0].min()) > 0.999
