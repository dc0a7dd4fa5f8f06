"""The pack in a real ComfyUI, against the fake Civitai. Runs where COMFYUI_DIR names one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import WSMsgType

from lorakeeper.testing import real_comfyui, samples
from lorakeeper.testing.fake_civitai import FakeCivitai, Pace

ROOT = real_comfyui.PACK
PACK = "ComfyUI-Lorakeeper"
RECORDED = ROOT / "tests" / "web" / "object_info.json"
UNET = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
TEXT = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"

pytestmark = [
    pytest.mark.comfyui,
    pytest.mark.skipif(not real_comfyui.at_hand(), reason="COMFYUI_DIR names no ComfyUI"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def comfyui(civitai: FakeCivitai, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    packs = {PACK: ROOT, "tiny_pack.py": Path(__file__).with_name("tiny_pack.py")}
    base = tmp_path_factory.mktemp("comfyui")
    async with real_comfyui.RealComfyUI(base, packs, {"LORAKEEPER_CIVITAI_URL": civitai.url}) as running:
        yield running


def tiny_lora(name: str, *, first: int = 0, **fields: Any) -> samples.Sample:
    """A LoRA that fits the tiny model. Another ``first`` seed gives other tensors, which the site tells apart."""
    tensors = {}
    for seed, (layer, width) in enumerate({UNET: 32, TEXT: 16}.items(), first):
        tensors[f"{layer}.alpha"] = samples.tensor((), [2.0])
        tensors[f"{layer}.lora_down.weight"] = samples.tensor((4, width), seed=seed)
        tensors[f"{layer}.lora_up.weight"] = samples.tensor((width, 4), seed=seed + 7)
    return samples.lora(name, tensors=tensors, size=None, **fields)


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def problem(history: Any) -> Any:
    """The message of the error that ended a prompt."""
    return next(data for kind, data in history["status"]["messages"] if kind == "execution_error")


def shown(history: Any, node_id: str) -> Any:
    return history["outputs"][node_id]


# -- Loading -----------------------------------------------------------------------------------------------------------


async def test_pack_loads_without_a_warning(comfyui: Any) -> None:
    lines = [line for line in comfyui.log().splitlines() if "orakeeper" in line]

    assert any("seconds" in line and PACK in line for line in lines)
    assert [line for line in lines if any(bad in line for bad in ("WARN", "ERROR", "FAILED", "Traceback"))] == []


async def test_nodes_are_as_recorded(comfyui: Any) -> None:
    """The front end's tests work with the record; `test_schemas` compares it with the nodes on every run."""
    everything = await comfyui.get("/object_info")
    info = {name: about for name, about in everything.items() if name.startswith("Lorakeeper_")}

    assert info == json.loads(RECORDED.read_text("utf-8"))


async def test_routes_answer_with_and_without_api(comfyui: Any) -> None:
    for path in ("/lorakeeper/health", "/api/lorakeeper/health"):
        async with comfyui.http.get(path) as answer:
            assert answer.status == 200


async def test_front_end_gets_script_help_and_example(comfyui: Any) -> None:
    scripts = await comfyui.get("/extensions")
    templates = await comfyui.get("/api/workflow_templates")
    pages = sorted(path.name for path in (ROOT / "web" / "comfyui" / "docs").iterdir())

    assert [path for path in scripts if PACK in path] == [f"/extensions/{PACK}/lorakeeper.js"]
    assert templates[PACK]
    for page in pages:
        async with comfyui.http.get(f"/extensions/{PACK}/docs/{page}") as answer:
            assert answer.status == 200


async def test_heavy_libraries_wait_for_their_first_use(comfyui: Any) -> None:
    loaded = set(await comfyui.get("/test/modules"))

    # The watcher, which begins with the server, has its first use at once; ComfyUI itself loads cv2 where it is there.
    heavy = {"picklescan", "rich", "platformdirs", "google.genai", "skimage", "imagehash", "reportlab"}
    assert heavy & loaded == set()
    assert "aiohttp" in loaded


# -- Running -----------------------------------------------------------------------------------------------------------


def lorakeeper_part(example: Any, info: Any) -> dict[str, Any]:
    """The example in API format, its Lorakeeper nodes alone: a tiny model in place of the checkpoint."""
    links = {link[0]: link for link in example["links"]}
    ours = {each["id"]: each for each in example["nodes"] if each["type"].startswith("Lorakeeper_")}
    prompt: dict[str, Any] = {"model": node("Test_TinyModel")}
    for number, each in ours.items():
        inputs: dict[str, Any] = {}
        values = iter(each["widgets_values"])
        for slot in each["inputs"]:
            value = next(values) if "widget" in slot else None
            if slot.get("link") is None:
                inputs |= {slot["name"]: value} if "widget" in slot else {}
            else:
                _, source, output, *_ = links[slot["link"]]
                inputs[slot["name"]] = [str(source), output] if source in ours else ["model", output]
        prompt[str(number)] = node(each["type"], **inputs)
    return prompt


async def test_example_runs(comfyui: Any, civitai: FakeCivitai) -> None:
    example = json.loads((ROOT / "example_workflows" / "lora_from_civitai.json").read_text("utf-8"))
    prompt = lorakeeper_part(example, await comfyui.get("/object_info"))
    by_type = {each["class_type"]: number for number, each in prompt.items()}
    sample = tiny_lora("Exusiai", trigger_words=[r"exusiai_the_new_covenant_\(arknights\), red hair"])
    ids = civitai.add(sample)
    download = prompt[by_type["Lorakeeper_CivitaiDownload"]]["inputs"]
    air, _, _ = download["target"].rpartition(":")
    assert air.startswith("urn:air:")
    download["target"] = f"{air}:{ids.model_id}@{ids.version_id}"
    prompt["prompt"] = node("PreviewAny", source=[by_type["Lorakeeper_TriggerWords"], 0])
    prompt["tensors"] = node(
        "Test_Tensors", model=[by_type["Lorakeeper_LoadLora"], 0], clip=[by_type["Lorakeeper_LoadLora"], 1]
    )

    history = await comfyui.run(prompt)

    assert history["status"]["status_str"] == "success"
    assert r"exusiai_the_new_covenant_\(arknights\), red hair" in shown(history, "prompt")["text"][0]
    assert [digest.split()[1] for digest in shown(history, "tensors")["digests"]] == ["1", "1"]
    assert (comfyui.base / "models" / "loras" / sample.file_name).read_bytes() == sample.content()


@pytest.mark.parametrize("strengths", [(1.0, 1.0), (0.7, -0.3), (0.0, 0.5), (0.0, 0.0)], ids=str)
async def test_lora_is_loaded_as_core_does_it_to_the_bit(comfyui: Any, strengths: tuple[float, float]) -> None:
    (comfyui.base / "models" / "loras" / "same.safetensors").write_bytes(tiny_lora("same").content())
    inputs = {
        "model": ["model", 0],
        "clip": ["model", 1],
        "lora_name": "same.safetensors",
        "strength_model": strengths[0],
        "strength_clip": strengths[1],
    }
    prompt = {"model": node("Test_TinyModel"), "plain": node("Test_Tensors", model=["model", 0], clip=["model", 1])}
    for name, loader in (("core", "LoraLoader"), ("ours", "Lorakeeper_LoadLora")):
        prompt[name] = node(loader, **inputs)
        prompt[f"{name} tensors"] = node("Test_Tensors", model=[name, 0], clip=[name, 1])

    history = await comfyui.run(prompt)

    core, ours, plain = (shown(history, name)["digests"] for name in ("core tensors", "ours tensors", "plain"))
    assert ours == core
    assert [one != other for one, other in zip(ours, plain, strict=True)] == (
        [True, True] if any(strengths) else [False, False]
    )


async def test_model_alone_is_loaded_as_core_does_it(comfyui: Any) -> None:
    (comfyui.base / "models" / "loras" / "same.safetensors").write_bytes(tiny_lora("same").content())
    inputs = {"model": ["model", 0], "lora_name": "same.safetensors", "strength_model": 0.8}
    prompt = {
        "model": node("Test_TinyModel"),
        "core": node("LoraLoaderModelOnly", **inputs),
        "ours": node("Lorakeeper_LoadLora", **inputs, strength_clip=1.0),
        "core tensors": node("Test_Tensors", model=["core", 0]),
        "ours tensors": node("Test_Tensors", model=["ours", 0]),
    }

    history = await comfyui.run(prompt)

    assert shown(history, "ours tensors") == shown(history, "core tensors")


def put(comfyui: Any, name: str, sample: samples.Sample | None = None) -> Path:
    path: Path = comfyui.base / "models" / "loras" / name
    path.write_bytes((sample or tiny_lora(path.stem)).content())
    return path


async def known(comfyui: Any, path: Path) -> str:
    """The SHA256 of a file that the library has read."""
    async with comfyui.http.post("/lorakeeper/library/info", json={"path": str(path)}) as answer:
        found = (await answer.json())["sha256"]
    assert found == hashlib.sha256(path.read_bytes()).hexdigest()
    return str(found)


async def test_lists_and_prompts_are_loaded_as_cores_loaders_in_a_row_to_the_bit(comfyui: Any) -> None:
    """The same LoRA twice, one for the model alone, one that changes nothing."""
    for first, name in enumerate(("one.safetensors", "two.safetensors")):
        put(comfyui, name, tiny_lora(name, first=100 * first))
    wanted = [("one", 0.7, -0.3), ("two", 1.2, 0.0), ("one", 0.25, 0.25), ("two", 0.0, 0.0)]
    prompt = {"model": node("Test_TinyModel")}
    before = ["model", 0], ["model", 1]
    for number, (name, model, clip) in enumerate(wanted):
        inputs = {"lora_name": f"{name}.safetensors", "strength_model": model, "strength_clip": clip}
        prompt[f"core {number}"] = node("LoraLoader", model=before[0], clip=before[1], **inputs)
        before = [f"core {number}", 0], [f"core {number}", 1]
    slots = {
        f"{key}_{slot}": value
        for slot, (name, model, clip) in enumerate(wanted, 1)
        for key, value in {"lora": f"{name}.safetensors", "strength_model": model, "strength_clip": clip}.items()
    }
    text = " ".join(f"<lora:{name}:{model}:{clip}>" for name, model, clip in wanted)
    prompt |= {
        "list": node("Lorakeeper_LoraStack", **slots),
        "stack": node("Lorakeeper_ApplyLoraStack", model=["model", 0], clip=["model", 1], lora_stack=["list", 0]),
        "prompt": node("Lorakeeper_PromptLoras", text=f"a cat {text}", model=["model", 0], clip=["model", 1]),
        "core tensors": node("Test_Tensors", model=before[0], clip=before[1]),
        "stack tensors": node("Test_Tensors", model=["stack", 0], clip=["stack", 1]),
        "prompt tensors": node("Test_Tensors", model=["prompt", 1], clip=["prompt", 2]),
        "text": node("PreviewAny", source=["prompt", 0]),
    }

    history = await comfyui.run(prompt)

    core, stack, named = (shown(history, f"{name} tensors")["digests"] for name in ("core", "stack", "prompt"))
    assert core == stack == named
    assert shown(history, "text")["text"] == ["a cat"]


async def test_a_renamed_lora_is_found_by_its_content(comfyui: Any) -> None:
    """Its name is in no list any more, and the front end's refusals are passed all the same."""
    path = put(
        comfyui, "before.safetensors", tiny_lora("renamed", first=50, metadata={"modelspec.trigger_phrase": "rnmd"})
    )
    content = json.dumps({"before.safetensors": await known(comfyui, path)})
    inputs = {"model": ["model", 0], "lora_name": "before.safetensors", "strength_model": 0.8, "strength_clip": 1.0}
    prompt = {
        "model": node("Test_TinyModel"),
        "ours": node("Lorakeeper_LoadLora", **inputs, content=content),
        "list": node("Lorakeeper_LoraStack", lora_1="before.safetensors", contents=content),
        "tensors": node("Test_Tensors", model=["ours", 0]),
        "words": node("PreviewAny", source=["ours", 2]),
        "names": node("PreviewAny", source=["list", 0]),
    }
    before = await comfyui.run(prompt)
    path = path.rename(path.with_name("after.safetensors"))
    await known(comfyui, path)

    after = await comfyui.run(prompt)

    assert after["status"]["status_str"] == "success"
    assert shown(after, "tensors") == shown(before, "tensors")
    assert shown(after, "words")["text"] == ["rnmd"]
    assert "after.safetensors" in shown(after, "names")["text"][0]
    assert "before.safetensors was found by its content: it is after.safetensors here." in comfyui.log()


async def test_the_example_of_a_prompt_runs(comfyui: Any, civitai: FakeCivitai) -> None:
    example = json.loads((ROOT / "example_workflows" / "loras_in_a_prompt.json").read_text("utf-8"))
    prompt = lorakeeper_part(example, await comfyui.get("/object_info"))
    by_type = {each["class_type"]: number for number, each in prompt.items()}
    ids = civitai.add(tiny_lora("By its AIR", trigger_words=["prmpt wrd"]))
    named = prompt[by_type["Lorakeeper_PromptLoras"]]["inputs"]
    assert named["fetch_missing"] is True
    named["text"] = re.sub(r"[0-9]+@[0-9]+", f"{ids.model_id}@{ids.version_id}", named["text"])
    prompt["prompt"] = node("PreviewAny", source=[by_type["Lorakeeper_TriggerWords"], 0])
    prompt["tensors"] = node("Test_Tensors", model=[by_type["Lorakeeper_PromptLoras"], 1])

    history = await comfyui.run(prompt)

    assert history["status"]["status_str"] == "success"
    text = shown(history, "prompt")["text"][0]
    assert text.startswith("prmpt wrd, masterpiece")
    assert "<lora" not in text
    assert shown(history, "tensors")["digests"][0].split()[1] == "1"


async def test_downloaded_name_fits_cores_own_loader(comfyui: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(tiny_lora("for core"))
    prompt = {
        "model": node("Test_TinyModel"),
        "file": node("Lorakeeper_CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}"),
        "core": node("LoraLoaderModelOnly", model=["model", 0], lora_name=["file", 0], strength_model=1.0),
        "tensors": node("Test_Tensors", model=["core", 0]),
    }

    history = await comfyui.run(prompt)

    assert shown(history, "tensors")["digests"][0].endswith(" 1")


async def test_what_ran_is_counted_and_told_in_a_report(comfyui: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Counted"))
    prompt = {
        "model": node("Test_TinyModel"),
        "file": node("Lorakeeper_CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}"),
        "core": node("LoraLoaderModelOnly", model=["model", 0], lora_name="Counted.safetensors", strength_model=1.0),
        "tensors": node("Test_Tensors", model=["core", 0]),
    }
    await comfyui.run(
        {name: prompt[name] for name in ("model", "file")} | {"name": node("PreviewAny", source=["file", 0])}
    )
    await comfyui.run({name: prompt[name] for name in ("model", "core", "tensors")})

    for _ in range(100):
        async with comfyui.http.get("/api/lorakeeper/analytics/summary", params={"period": "1d"}) as answer:
            summary = (await answer.json())["summary"]
        if any(each["label"] == "Counted" for each in summary["usage"]["models"]):
            break
        await asyncio.sleep(0.1)
    async with comfyui.http.get("/api/lorakeeper/analytics/report", params={"format": "pdf"}) as answer:
        report = await answer.read()

    assert summary["usage"]["prompts"] >= 2
    assert [each["value"] for each in summary["usage"]["models"] if each["label"] == "Counted"] == [1]
    assert summary["downloads"]["files"] >= 1
    assert report.startswith(b"%PDF")


async def test_search_feeds_the_download(comfyui: Any, civitai: FakeCivitai) -> None:
    civitai.add(samples.lora("Needle in a haystack"))
    prompt = {
        "search": node("Lorakeeper_CivitaiSearch", query="needle"),
        "file": node("Lorakeeper_CivitaiDownload", results=["search", 0]),
        "name": node("PreviewAny", source=["file", 0]),
    }

    history = await comfyui.run(prompt)

    assert shown(history, "name")["text"] == ["Needle in a haystack.safetensors"]


async def test_pages_follow_a_download(comfyui: Any, civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("Followed"))
    seen: dict[str, Any] = {}
    async with comfyui.http.ws_connect("/ws?clientId=page") as page:
        await comfyui.queue({"file": node("Lorakeeper_CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}")})
        while (
            not {"lorakeeper.job", "lorakeeper.library"} <= set(seen) or seen["lorakeeper.job"]["state"] != "completed"
        ):
            message = await page.receive(timeout=20)
            if message.type is WSMsgType.TEXT:
                event = json.loads(message.data)
                seen[event["type"]] = event["data"]

    assert seen["lorakeeper.job"]["item"]["name"] == "Followed.safetensors"
    assert isinstance(seen["lorakeeper.library"]["id"], int)


async def test_stop_stops_a_download_at_once_and_it_goes_on_later(comfyui: Any, civitai: FakeCivitai) -> None:
    sample = samples.lora("Paced", size=1_000_000)
    ids = civitai.add(sample)
    prompt = {"file": node("Lorakeeper_CivitaiDownload", target=f"{ids.model_id}@{ids.version_id}")}
    loras = comfyui.base / "models" / "loras"
    civitai.faults.storage.append(Pace(100_000))
    queued = await comfyui.queue(prompt)
    while not any(path.stat().st_size for path in loras.glob(".lorakeeper-*.part")):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)

    began = time.monotonic()
    await comfyui.interrupt()
    history = await comfyui.finish(queued["prompt_id"])
    seconds = time.monotonic() - began
    civitai.faults.storage.clear()
    kept = next(loras.glob(".lorakeeper-*.part")).stat().st_size
    jobs = await comfyui.get("/lorakeeper/jobs")
    requests = len(civitai.storage.requests)
    again = await comfyui.run(prompt)

    assert [kind for kind, _ in history["status"]["messages"]][-1] == "execution_interrupted"
    assert seconds < 3  # what was left would have taken eight
    assert jobs["items"][0]["state"] == "paused"
    assert again["status"]["status_str"] == "success"
    assert (loras / sample.file_name).read_bytes() == sample.content()
    assert kept > 0
    assert civitai.storage.requests[requests].headers["Range"].startswith("bytes=")


@pytest.mark.parametrize(
    ("class_type", "inputs", "sentence"),
    [
        ("Lorakeeper_CivitaiDownload", {}, "Say what to download: give a target, or connect search results."),
        ("Lorakeeper_LoraInfo", {}, "Choose a LoRA or give a hash."),
        (
            "Lorakeeper_LoraInfo",
            {"hash": "xyz"},
            "That is no hash: it has 8, 10, 12 or 64 digits, which are 0-9 and A-F.",
        ),
    ],
    ids=["no target", "nothing", "no hash"],
)
async def test_a_failure_is_one_red_sentence(comfyui: Any, class_type: str, inputs: Any, sentence: str) -> None:
    history = await comfyui.run({"node": node(class_type, **inputs), "end": node("PreviewAny", source=["node", 1])})

    error = problem(history)
    assert error["exception_message"].rstrip("\n") == sentence
    assert error["exception_type"] == "lorakeeper.NodeError"


async def test_what_the_site_does_not_have_is_one_red_sentence(comfyui: Any) -> None:
    history = await comfyui.run({"file": node("Lorakeeper_CivitaiDownload", target="1@999999")})

    message = problem(history)["exception_message"].rstrip("\n")
    assert "knows no such" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("class_type", "inputs", "sentence"),
    [
        ("Lorakeeper_CivitaiDownload", {"target": "no such thing"}, None),
        (
            "Lorakeeper_LoraInfo",
            {"lora_name": "gone.safetensors"},
            "There is no LoRA gone.safetensors in your loras folders: choose another, or download it.",
        ),
    ],
)
async def test_bad_input_is_refused_before_the_graph_runs(
    comfyui: Any, class_type: str, inputs: Any, sentence: str | None
) -> None:
    answer = await comfyui.queue({"node": node(class_type, **inputs), "end": node("PreviewAny", source=["node", 1])})

    errors = answer["node_errors"]["node"]["errors"]
    name, _, said = errors[0]["details"].partition(" - ")
    assert len(errors) == 1
    assert name in inputs
    assert said == sentence or (sentence is None and said.endswith("."))
