"""Other tools' sidecars: what the user told them is taken over, the site's answer is believed of its own file only."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorakeeper.py.civitai.schemas import ModelVersion
from lorakeeper.py.library.items import UserLayer
from lorakeeper.py.library.sidecars import Adopted, folder_names, read_sidecars

OURS = "a1" * 32
OTHER = "b2" * 32

ENDINGS = (".metadata.json", ".civitai.info", ".cm-info.json", ".json", ".txt", ".safetensors.rgthree-info.json")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "Ada.v1.safetensors"
    path.write_bytes(b"no sidecar is a part of this")
    return path


def put(model: Path, ending: str, content: object, *, at: float | None = None) -> Path:
    path = model.with_name(model.stem + ending)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(raw)
    if at is not None:
        os.utime(path, (at, at))
    return path


def answer(**changes: Any) -> dict[str, Any]:
    """The site's answer about a version, with what the tools leave in it."""
    return {
        "id": 22,
        "modelId": 11,
        "name": "v1.0",
        "baseModel": "SDXL 1.0",
        "description": "<p>First <b>version</b></p>",
        "trainedWords": ["ada wong, red dress", "bare shoulders"],
        "model": {"name": "Ada", "type": "LORA", "nsfw": False, "poi": False},
        "files": [
            {
                "id": 33,
                "name": "ada.safetensors",
                "type": "Model",
                "sizeKB": 223100.5,
                "primary": True,
                "hashes": {"SHA256": OURS.upper(), "AutoV2": OURS[:10].upper()},
                "downloadUrl": "https://example.com/other-file",
            }
        ],
        "images": [{"url": "https://example.com/1.jpeg", "nsfwLevel": 1, "type": "image"}],
        "downloadUrl": "https://example.com/other-file",
        **changes,
    }


def manager(**changes: Any) -> dict[str, Any]:
    """LoRA Manager's metadata of a model that nobody touched."""
    site = answer(model={"name": "Ada", "type": "LORA", "tags": ["Woman", "dress"], "description": "<p>Ada</p>"})
    return {
        "file_name": "Ada.v1",
        "model_name": "Ada",
        "file_path": "/models/loras/Ada.v1.safetensors",
        "size": 228454912,
        "modified": 1750000000.5,
        "sha256": OURS,
        "base_model": "SDXL 1.0",
        "preview_url": "/models/loras/Ada.v1.webp",
        "preview_nsfw_level": 1,
        "notes": "",
        "from_civitai": True,
        "civitai": site,
        "tags": ["woman", "dress"],
        "modelDescription": "<p>Ada</p>",
        "civitai_deleted": False,
        "favorite": False,
        "exclude": False,
        "usage_tips": "{}",
        **changes,
    }


# -- Nothing there ---------------------------------------------------------------------------------------------------


def test_a_model_without_sidecars_has_nothing_to_say(model: Path) -> None:
    assert read_sidecars(model) == Adopted()
    assert read_sidecars(model, folder_names(model.parent)) == Adopted()


def test_the_sidecars_of_a_longer_or_shorter_name_are_not_ours(model: Path) -> None:
    for name in ("Ada.json", "Ada.txt", "Ada.v1.1.json", "Ada.v10.txt", "Ada.v1.yaml", "Ada.v1.preview.mp4"):
        (model.parent / name).write_text("not ours")

    assert read_sidecars(model) == Adopted()


def test_looking_costs_next_to_nothing(model: Path) -> None:
    names = folder_names(model.parent)

    def cost(*arguments: Any) -> float:
        runs = []
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(20):
                read_sidecars(model, *arguments)
            runs.append((time.perf_counter() - started) / 20)
        return min(runs)

    # 60 µs is the aim; the rest is for slow machines.
    assert cost() < 0.000_5
    assert cost(names) < 0.000_5


# -- The tools -------------------------------------------------------------------------------------------------------


def test_civitai_helper_keeps_the_sites_answer(model: Path) -> None:
    extensions = {"sd_civitai_helper": {"version": "1.8.1", "last_update": 1703241810, "skeleton_file": False}}
    put(model, ".civitai.info", answer(extensions=extensions, creator={"username": "someone"}), at=1_700_000_000)

    adopted = read_sidecars(model)

    version = adopted.version
    assert version is not None
    assert (version.id, version.model_id, version.base_model) == (22, 11, "SDXL 1.0")
    assert version.trained_words == ["ada wong, red dress", "bare shoulders"]
    assert version.model is not None
    assert version.model.creator is not None
    assert (version.model.id, version.model.name, version.model.creator.username) == (11, "Ada", "someone")
    assert adopted.fetched_at == 1_700_000_000
    assert adopted.user == UserLayer()
    assert adopted.sources == ["Ada.v1.civitai.info"]


def test_a_link_to_a_file_is_not_taken_from_a_sidecar(model: Path) -> None:
    document = answer()
    document["files"][0]["mirrors"] = [{"url": "https://example.com/mirror"}]
    put(model, ".civitai.info", document)

    version = read_sidecars(model).version

    assert version is not None
    assert version.download_url is None
    assert [(file.download_url, file.mirrors) for file in version.files] == [(None, [])]


def test_a_skeleton_of_civitai_helper_is_no_answer(model: Path) -> None:
    # The words are those of the file's header; A1111's file has them copied.
    skeleton = answer(id="", modelId="", skeleton_file=True, trainedWords=["ada", "dress"], tags=["1girl"])
    put(model, ".civitai.info", skeleton)
    put(model, ".json", {"description": "", "activation text": "ada, dress", "preferred weight": 0, "extensions": {}})

    adopted = read_sidecars(model)

    assert adopted.version is None
    assert adopted.user == UserLayer()
    assert adopted.sha256 == OURS


def test_a_skeleton_with_an_id_is_no_answer_either(model: Path) -> None:
    put(model, ".civitai.info", answer(skeleton_file=True))

    assert read_sidecars(model).version is None


def test_words_beside_no_answer_are_the_users(model: Path) -> None:
    put(model, ".civitai.info", {"id": "", "name": "", "trainedWords": ["typed by hand"]})

    adopted = read_sidecars(model)

    assert (adopted.version, adopted.user.trigger_words) == (None, ["typed by hand"])


def test_a_models_answer_is_not_taken_for_a_versions(model: Path) -> None:
    put(model, ".civitai.info", {"id": 11, "name": "Ada", "type": "LORA", "modelVersions": [answer()]})

    assert read_sidecars(model).version is None


def test_a1111_keeps_what_the_user_typed(model: Path) -> None:
    put(
        model,
        ".json",
        {
            "description": "For the cover.",
            "sd version": "SDXL",
            "activation text": "ada wong,  red dress, <lora:ada:1>",
            "preferred weight": 0.75,
            "negative text": "blurry",
            "notes": "Too strong at 1.\r\nFine at 0.7.",
        },
    )

    user = read_sidecars(model).user

    assert user.trigger_words == ["ada wong, red dress"]
    assert user.preferred_strength == 0.75
    assert user.notes == "Too strong at 1.\nFine at 0.7.\n\nFor the cover.\n\nNegative prompt: blurry"


def test_what_an_extension_filled_in_is_not_the_users(model: Path) -> None:
    put(model, ".civitai.info", answer(model={"name": "Ada", "description": "<h1>Ada</h1><p>Wong &amp; co.</p>"}))
    put(
        model,
        ".json",
        {
            "description": "Ada\n\nWong & co.",
            "notes": "<p>First <b>version</b></p>",
            "activation text": "ada wong, red dress || bare shoulders",
            "preferred weight": 0,
            "extensions": {"sd_civitai_helper": {"version": "1.8.1"}},
        },
    )

    assert read_sidecars(model).user == UserLayer()


def test_what_the_user_changed_of_it_is(model: Path) -> None:
    put(model, ".civitai.info", answer())
    put(
        model,
        ".json",
        {
            "description": "My own words.",
            "notes": "First version, best at 0.6",
            "activation text": "ada wong",
            "extensions": {"sd_civitai_helper": {"version": "1.8.1"}},
        },
    )

    user = read_sidecars(model).user

    assert user.trigger_words == ["ada wong"]
    assert user.notes == "First version, best at 0.6\n\nMy own words."


def test_a_description_that_may_be_an_extensions_stays_out(model: Path) -> None:
    put(model, ".json", {"description": "Long praise of the site", "modelId": 11, "sha256": OURS.upper(), "notes": "n"})

    adopted = read_sidecars(model)

    assert (adopted.user.notes, adopted.sha256) == ("n", OURS)


def test_sets_of_words_that_exclude_each_other_stay_apart(model: Path) -> None:
    put(model, ".json", {"activation text": "ada, red dress || ada, blue dress || ADA"})

    assert read_sidecars(model).user.trigger_words == ["ada, red dress", "ada, blue dress"]


def test_an_answer_in_a1111s_place_is_the_sites(model: Path) -> None:
    put(model, ".json", answer())

    adopted = read_sidecars(model)

    assert adopted.version is not None
    assert adopted.version.id == 22
    assert adopted.user == UserLayer()


def test_lora_manager_keeps_the_users_layer(model: Path) -> None:
    tips = json.dumps({"strength": 0.8, "strength_min": 0.6, "strength_max": 1.1, "clip_skip": 2})
    put(
        model,
        ".metadata.json",
        manager(notes="My favourite.", favorite=True, usage_tips=tips, tags=["woman", "dress", "cover", " Cover "]),
    )

    adopted = read_sidecars(model)

    assert adopted.user.favourite
    assert adopted.user.preferred_strength == 0.8
    assert adopted.user.tags == ["cover"]
    assert adopted.user.notes == "My favourite.\n\nUsage tips: strength min 0.6, strength max 1.1, clip skip 2"
    assert adopted.user.trigger_words == []
    assert adopted.sha256 == OURS
    assert adopted.version is not None
    assert adopted.version.model is not None
    assert adopted.version.model.tags == ["Woman", "dress"]


def test_an_untouched_model_of_lora_manager_has_no_user_layer(model: Path) -> None:
    put(model, ".metadata.json", manager())

    assert read_sidecars(model).user == UserLayer()


def test_tags_that_lora_manager_keeps_for_the_site_are_the_sites(model: Path) -> None:
    put(model, ".metadata.json", manager(civitai=answer()))

    adopted = read_sidecars(model)

    assert adopted.user.tags == []
    assert adopted.version is not None
    assert adopted.version.model is not None
    assert (adopted.version.model.tags, adopted.version.model.description) == (["woman", "dress"], "<p>Ada</p>")


@pytest.mark.parametrize("civitai", [{}, None, {"trainedWords": ["mine, too"]}])
def test_what_the_site_does_not_know_is_all_the_users(model: Path, civitai: dict[str, Any] | None) -> None:
    put(model, ".metadata.json", manager(civitai=civitai, from_civitai=False, tags=["own"], trainedWords=["mine"]))

    adopted = read_sidecars(model)

    assert adopted.version is None
    assert adopted.user.tags == ["own"]
    assert adopted.user.trigger_words == ["mine", *(["mine, too"] if civitai else [])]


def test_a_title_of_the_users_is_noted(model: Path) -> None:
    put(model, ".metadata.json", manager(model_name="Ada, the good one"))

    assert read_sidecars(model).user.notes == "Title: Ada, the good one"


@pytest.mark.parametrize("tips", ["", "{", "[]", None, 5, {}, '{"strength": "a lot"}', '{"strength": 0}', "null"])
def test_odd_usage_tips_give_no_strength(model: Path, tips: Any) -> None:
    put(model, ".metadata.json", manager(usage_tips=tips))

    assert read_sidecars(model).user.preferred_strength is None


def test_stability_matrix_keeps_the_sites_answer_in_its_own_words(model: Path) -> None:
    put(
        model,
        ".cm-info.json",
        {
            "ModelId": 11,
            "ModelName": "Ada",
            "ModelDescription": "<p>Ada</p>",
            "Nsfw": False,
            "Tags": ["woman"],
            "ModelType": "LORA",
            "VersionId": 22,
            "VersionName": "v1.0",
            "VersionDescription": None,
            "AuthorUsername": "someone",
            "BaseModel": "SDXL 1.0",
            "RemoteFileName": "ada.safetensors",
            "RemoteFileId": 33,
            "FileMetadata": {"fp": "fp16", "size": "full", "format": "SafeTensor"},
            "ImportedAt": "2025-01-01T00:00:00+00:00",
            "Hashes": {"SHA256": OURS.upper(), "CRC32": "0A0B0C0D", "BLAKE3": OURS.upper()},
            "TrainedWords": ["ada wong"],
            "UserTitle": "Ada for covers",
            "ThumbnailImageUrl": "https://example.com/1.jpeg",
            "Source": 0,
        },
    )

    adopted = read_sidecars(model)

    version = adopted.version_for(OURS)
    assert version is not None
    assert (version.id, version.model_id, version.name, version.trained_words) == (22, 11, "v1.0", ["ada wong"])
    assert version.model is not None
    assert version.model.creator is not None
    assert (version.model.name, version.model.type, version.model.creator.username) == ("Ada", "LORA", "someone")
    assert [(file.id, file.hashes.crc32, file.metadata.fp) for file in version.files] == [(33, "0A0B0C0D", "fp16")]
    assert adopted.user == UserLayer(notes="Title: Ada for covers")
    assert adopted.sha256 == OURS


def test_a_model_that_stability_matrix_has_from_elsewhere_has_no_version(model: Path) -> None:
    put(model, ".cm-info.json", {"ModelName": "x4", "VersionId": None, "Hashes": {"SHA256": OURS}, "Source": 1})

    adopted = read_sidecars(model)

    assert (adopted.version, adopted.sha256) == (None, OURS)


def test_rgthree_marks_the_users_words(model: Path) -> None:
    put(
        model,
        ".safetensors.rgthree-info.json",
        {
            "file": "Ada.v1.safetensors",
            "name": "Ada - v1.0",
            "sha256": OURS,
            "strengthMin": 0.5,
            "strengthMax": 1,
            "userNote": "Needs a low CFG.",
            "trainedWords": [
                {"word": "1girl", "count": 40, "metadata": True},
                {"word": "ada wong", "civitai": True},
                {"word": "red dress", "civitai": True, "user": True},
                {"word": "spy", "user": True},
            ],
            "raw": {"civitai": answer(_sha256=OURS), "metadata": {}},
        },
    )

    adopted = read_sidecars(model)

    assert adopted.version is not None
    assert adopted.version.id == 22
    assert adopted.user == UserLayer(notes="Needs a low CFG.\n\nStrength: 0.5 to 1", trigger_words=["spy"])


def test_a_text_is_a_note(model: Path) -> None:
    put(model, ".txt", b"Good for faces, bad for hands.\nUse 0.7.")

    assert read_sidecars(model).user == UserLayer(notes="Good for faces, bad for hands.\nUse 0.7.")


def test_a_line_of_words_is_a_note_and_trigger_words(model: Path) -> None:
    put(model, ".txt", b"ada wong, red dress, choker\r\n")

    user = read_sidecars(model).user

    assert (user.notes, user.trigger_words) == ("ada wong, red dress, choker", ["ada wong, red dress, choker"])


@pytest.mark.parametrize(
    "text", ["works, but not for faces", "https://example.com, Ada", "Ada", "a, b\nc, d", "Hi. A, b"]
)
def test_what_does_not_look_like_words_is_a_note_only(model: Path, text: str) -> None:
    put(model, ".txt", text.encode())

    assert read_sidecars(model).user == UserLayer(notes=text)


def test_a_line_does_not_outvote_words_that_are_known(model: Path) -> None:
    put(model, ".txt", b"nice hair, ugly hands")
    put(model, ".civitai.info", answer())

    assert read_sidecars(model).user == UserLayer(notes="nice hair, ugly hands")


# -- Many sidecars ---------------------------------------------------------------------------------------------------


def test_the_words_of_all_tools_are_kept_once(model: Path) -> None:
    put(model, ".metadata.json", manager(civitai={}, tags=[], notes="Cover.\n\nAt 0.7.", trainedWords=["spy"]), at=3e8)
    put(model, ".json", {"notes": "At 0.7.", "activation text": "Spy, hat", "preferred weight": 0.7}, at=2e8)
    put(model, ".txt", b"A third word", at=1e8)

    user = read_sidecars(model).user

    assert user.notes == "Cover.\n\nAt 0.7.\n\nA third word"
    assert user.trigger_words == ["spy", "Spy, hat"]
    assert user.preferred_strength == 0.7


def test_a_note_that_a_later_one_holds_is_kept_once(model: Path) -> None:
    put(model, ".json", {"notes": "At 0.7."}, at=2e9)
    put(model, ".txt", b"For the cover.\nAt 0.7.", at=1e9)

    assert read_sidecars(model).user.notes == "For the cover.\nAt 0.7."


def test_a_note_without_a_letter_is_a_note(model: Path) -> None:
    put(model, ".civitai.info", answer(description="<p></p>"))
    put(model, ".txt", "\u2b50\u2b50".encode())

    assert read_sidecars(model).user.notes == "\u2b50\u2b50"


def test_what_was_written_last_has_the_last_word(model: Path) -> None:
    for newer, strength in ((".json", 0.5), (".metadata.json", 0.9)):
        put(model, ".json", {"preferred weight": 0.5}, at=2e9 if newer == ".json" else 1e9)
        put(model, ".metadata.json", manager(usage_tips='{"strength": 0.9}'), at=2e9 if newer != ".json" else 1e9)

        assert read_sidecars(model).user.preferred_strength == strength


def test_the_newest_complete_answer_is_the_answer(model: Path) -> None:
    put(model, ".metadata.json", manager(civitai=answer(name="old")), at=1e9)
    put(model, ".civitai.info", answer(name="new"), at=2e9)
    put(model, ".json", answer(name="newest, without its model", modelId=None), at=3e9)

    adopted = read_sidecars(model)

    assert adopted.version is not None
    assert adopted.version.name == "new"
    assert adopted.fetched_at == 2e9


def test_an_answer_is_believed_of_its_own_file_only(model: Path) -> None:
    put(model, ".metadata.json", manager())

    adopted = read_sidecars(model)

    assert adopted.version_for(OURS) == adopted.version_for(OURS.upper()) == adopted.version
    assert adopted.version_for(OTHER) is None


def test_an_answer_without_hashes_is_believed_unless_the_sidecar_names_another_file(model: Path) -> None:
    put(model, ".metadata.json", manager(civitai=answer(files=[])))
    assert read_sidecars(model).version_for(OURS) is not None
    assert read_sidecars(model).version_for(OTHER) is None

    put(model, ".metadata.json", manager(civitai=answer(files=[]), sha256=""))
    assert read_sidecars(model).version_for(OTHER) is not None


def test_an_answer_is_not_believed_of_a_vae_that_only_goes_with_the_version(model: Path) -> None:
    files = [{"type": "Model", "hashes": {"SHA256": OURS}}, {"type": "VAE", "hashes": {"SHA256": OTHER}}]
    put(model, ".civitai.info", answer(files=files))

    adopted = read_sidecars(model)

    assert adopted.version_for(OURS) is not None
    assert adopted.version_for(OTHER) is None


def test_an_older_answer_of_this_file_goes_before_a_newer_one_of_another(model: Path) -> None:
    files = [{"name": "x", "hashes": {"SHA256": OTHER}}]
    put(model, ".metadata.json", manager(), at=1e9)
    put(model, ".civitai.info", answer(id=99, files=files), at=2e9)

    adopted = read_sidecars(model)

    believed = adopted.answer_for(OURS)
    assert adopted.version is not None
    assert believed is not None
    assert (adopted.version.id, believed.version.id, believed.fetched_at) == (99, 22, 1e9)


# -- Previews --------------------------------------------------------------------------------------------------------


def test_the_picture_that_the_user_chose_goes_first(model: Path) -> None:
    found = []
    for ending in (".mp4", ".preview.webm", ".thumb.jpg", ".preview.webp", ".preview.png", ".webp", ".jpeg", ".png"):
        put(model, ending, b"picture")
        found.append(read_sidecars(model).preview)

    endings = [each and each.name.removeprefix("Ada.v1") for each in found]
    assert endings == [None, None, ".thumb.jpg", ".preview.webp", ".preview.png", ".webp", ".jpeg", ".png"]


def test_a_folder_is_no_picture(model: Path) -> None:
    model.with_name("Ada.v1.png").mkdir()
    put(model, ".preview.png", b"picture")

    assert read_sidecars(model).preview == model.with_name("Ada.v1.preview.png")


def test_the_folders_names_answer_for_the_folder(model: Path) -> None:
    put(model, ".metadata.json", manager(notes="n"))
    put(model, ".webp", b"picture")
    known = folder_names(model.parent)
    put(model, ".txt", b"written after the names were read")

    adopted = read_sidecars(model, known)

    assert adopted.sources == ["Ada.v1.metadata.json"]
    assert adopted.preview == model.with_name("Ada.v1.webp")


if sys.platform == "win32":

    def test_case_does_not_matter_on_windows(model: Path) -> None:
        model.with_name("ADA.V1.JSON").write_text('{"notes": "n"}')

        assert read_sidecars(model).user.notes == "n"
        assert read_sidecars(model, folder_names(model.parent)).user.notes == "n"


# -- Bad sidecars ----------------------------------------------------------------------------------------------------

HOSTILE = {
    "empty": b"",
    "cut off": json.dumps(answer()).encode()[:-20],
    "a list": b"[1]",
    "a text": b'"x"',
    "null": b"null",
    "deep, refused by the parser": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "too large": b'{"notes": "' + b"x" * 5_000_000 + b'"}',
    "zeros": bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".txt"])
def test_a_bad_sidecar_is_a_sentence_and_the_others_are_read(model: Path, ending: str, content: bytes) -> None:
    put(model, ending, content)
    put(model, ".txt", b"still here")

    adopted = read_sidecars(model)

    assert len(adopted.findings) == 1
    assert adopted.findings[0].startswith(f"Ada.v1{ending} ")
    assert adopted.findings[0].endswith("so nothing was taken over from it.")
    assert adopted.user == UserLayer(notes="still here")
    assert adopted.sources == ["Ada.v1.txt"]


@pytest.mark.parametrize("content", [b"x" * 100_001, b"GIF89a\0\0"])
def test_a_text_that_is_none_is_a_finding(model: Path, content: bytes) -> None:
    put(model, ".txt", content)

    adopted = read_sidecars(model)

    assert (len(adopted.findings), adopted.user) == (1, UserLayer())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_pipe_does_not_hold_the_reader_up(model: Path, ending: str) -> None:
    os.mkfifo(model.with_name(model.stem + ending))
    os.mkfifo(model.with_name(model.stem + ".png"))

    adopted = read_sidecars(model)

    assert adopted.findings == [f"Ada.v1{ending} is no regular file, so nothing was taken over from it."]
    assert adopted.preview is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_in_a_sidecars_place_is_a_finding(model: Path, ending: str) -> None:
    model.with_name(model.stem + ending).mkdir()

    assert len(read_sidecars(model).findings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_lead_nowhere_are_no_sidecars(model: Path) -> None:
    loop = model.with_name("Ada.v1.json")
    loop.symlink_to(loop)
    model.with_name("Ada.v1.txt").symlink_to("gone")
    model.with_name("Ada.v1.png").symlink_to("gone")

    for names in (None, folder_names(model.parent)):
        assert read_sidecars(model, names) == Adopted()


if hasattr(os, "geteuid") and os.geteuid() != 0:

    def test_a_sidecar_that_may_not_be_read_is_a_finding(model: Path) -> None:
        put(model, ".json", {}).chmod(0)

        assert len(read_sidecars(model).findings) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
def test_a_name_that_is_no_unicode_is_shown_all_the_same(tmp_path: Path) -> None:
    model = tmp_path / os.fsdecode(b"caf\xe9.safetensors")
    put(model, ".txt", b"n")
    put(model, ".json", b"")
    put(model, ".png", b"picture")

    adopted = read_sidecars(model)

    assert adopted.sources == ["caf?.txt"]
    assert adopted.preview is not None
    assert adopted.preview.is_file()
    adopted.model_copy(update={"preview": None}).model_dump_json()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_texts_are_read_in_any_common_encoding(model: Path, encoding: str) -> None:
    text = "Für das Titelbild, très fort"
    put(model, ".txt", text.encode(encoding))
    put(model, ".json", json.dumps({"notes": f"{text}!"}, ensure_ascii=False).encode(encoding))

    assert sorted(read_sidecars(model).user.notes.split("\n\n")) == sorted([f"{text}!", text])


def test_halves_of_characters_can_be_stored(model: Path) -> None:
    put(model, ".json", b'{"notes": "half \\ud83d of it", "negative text": "\\ud83d\\ude00"}')
    put(model, ".civitai.info", json.dumps(answer(images=[{"url": "u", "meta": {"p\ud83d": "\ud83d"}}])).encode())

    adopted = read_sidecars(model)

    assert adopted.user.notes == "half ? of it\n\nNegative prompt: \U0001f600"
    assert adopted.version is not None
    adopted.version.model_dump_json().encode()


def test_an_answer_with_numbers_that_are_none_can_be_stored(model: Path) -> None:
    numbers = '"seed": 12345678901234567890, "cfg": 1e999, "a": NaN, "b": -Infinity, "c": 0.5, "d": ' + "9" * 5000
    put(model, ".civitai.info", f'{{"id": 22, "images": [{{"url": "u", "meta": {{{numbers}}}}}]}}'.encode())

    version = read_sidecars(model).version

    assert version is not None
    expected = {"seed": 12345678901234567890, "cfg": None, "a": None, "b": None, "c": 0.5, "d": None}
    assert version.images[0].meta == expected


@pytest.mark.parametrize(
    ("value", "strength"),
    [
        ("0.8", 0.8),
        (" 0,8 ", 0.8),
        ("-.5", -0.5),
        (-1, -1.0),
        (100, 100.0),
        (100.5, None),
        (-1e9, None),
        (10**400, None),
        ("1e2", None),
        ("1_0", None),
        ("٣", None),
        (True, None),
        ([], None),
        ({"a": 1}, None),
        (float("nan"), None),
        (float("inf"), None),
        ("NaN", None),
        ("", None),
        (0, None),
        ("0.0", None),
    ],
)
def test_a_strength_that_nobody_means_is_none(model: Path, value: Any, strength: float | None) -> None:
    put(model, ".json", {"preferred weight": value})

    assert read_sidecars(model).user.preferred_strength == strength


def test_notes_are_cut(model: Path) -> None:
    put(model, ".json", {"notes": "a" * 300_000, "description": "b" * 300_000})

    assert read_sidecars(model).user.notes == "a" * 100_000


@pytest.mark.parametrize("bad", ["<" + ":" * 90_000, "<" * 90_000, "&" * 90_000, ", " * 45_000, "<a:" * 30_000])
def test_no_text_takes_long(model: Path, bad: str) -> None:
    put(model, ".txt", bad.encode())
    put(model, ".json", {"notes": bad, "activation text": bad, "description": bad})
    put(model, ".civitai.info", answer(trainedWords=[bad] * 3, description=bad))
    started = time.perf_counter()

    read_sidecars(model)

    assert time.perf_counter() - started < 5


# -- Any document ----------------------------------------------------------------------------------------------------

KEYS = sorted(
    {*manager(), *answer(), "VersionId", "ModelId", "Hashes", "SHA256", "TrainedWords", "Tags", "UserTitle", "Stats"}
    | {"notes", "description", "activation text", "negative text", "preferred weight", "skeleton_file", "extensions"}
    | {"raw", "userNote", "strengthMin", "strengthMax", "word", "user", "strength", "creator", "hashes", "meta", "url"}
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([OURS, OTHER, "", "22", "{}", '{"strength": 2}', "a, b", "<p>x</p>", "\ud800", "\0", "x" * 600])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
DOCUMENTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
    # A real document with some of its values replaced gets further than an invented one.
    st.dictionaries(st.sampled_from(sorted(answer())), VALUES, max_size=3).map(lambda some: answer(**some)),
    st.dictionaries(st.sampled_from(sorted(manager())), VALUES, max_size=3).map(lambda some: manager(**some)),
    VALUES,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.dictionaries(st.sampled_from(ENDINGS), DOCUMENTS, min_size=1, max_size=6))
def test_any_document_gives_something_that_can_be_kept(model: Path, documents: dict[str, Any]) -> None:
    for ending in ENDINGS:
        model.with_name(model.stem + ending).unlink(missing_ok=True)
    for ending, document in documents.items():
        put(model, ending, document)

    adopted = read_sidecars(model)

    assert len(adopted.sources) + len(adopted.findings) == len(documents)
    user = UserLayer.model_validate_json(adopted.user.model_dump_json())
    assert user == adopted.user
    assert len(user.notes) <= 100_000
    assert all(word.strip() for word in user.trigger_words + user.tags)
    for each in adopted.answers:
        assert each.version.id > 0
        assert ModelVersion.model_validate(each.version.model_dump(mode="json", by_alias=True)) == each.version
        json.dumps(each.version.model_dump(mode="json", by_alias=True), allow_nan=False).encode()
        assert isinstance(each.is_of(OURS), bool)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), ending=st.sampled_from(ENDINGS))
def test_any_bytes_are_read_or_are_a_finding(model: Path, content: bytes, ending: str) -> None:
    for each in ENDINGS:
        model.with_name(model.stem + each).unlink(missing_ok=True)
    put(model, ending, content)

    adopted = read_sidecars(model)

    assert len(adopted.sources) + len(adopted.findings) == 1
    adopted.model_dump_json()
