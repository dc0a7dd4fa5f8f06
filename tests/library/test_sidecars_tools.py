"""Each tool's sidecar: what the user told the tool is taken over, what the tool filled in is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.library.items import UserLayer
from lorakeeper.py.library.sidecars import read_sidecars

from .sidecars import OURS, answer, manager, put


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
