"""Answers of every seen shape are understood, and nothing is made up."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.civitai.kinds import MODEL_TYPES, canonical_type
from lorakeeper.py.civitai.schemas import FileHashes, Image, Model, ModelPage, ModelVersion, VersionFile

DATA = Path(__file__).parent / "data"
NOON = datetime(2025, 8, 20, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2025-08-20T12:00:00Z",
        "2025-08-20T12:00:00.000Z",
        "2025-08-20T12:00:00",
        "2025-08-20T12:00:00.000000",
        "2025-08-20 12:00:00",
        "2025-08-20T14:00:00+02:00",
        "2025-08-20T14:00:00.0000000+0200",
        "2025-08-20T12:00",
        1755691200,
        1755691200000,
        "1755691200000",
    ],
)
def test_each_form_of_date_is_read_as_utc(text: Any) -> None:
    assert ModelVersion.model_validate({"id": 1, "publishedAt": text}).published_at == NOON


def test_a_day_alone_is_its_beginning() -> None:
    version = ModelVersion.model_validate({"id": 1, "createdAt": "2025-08-20"})
    assert version.created_at == NOON.replace(hour=0)


@pytest.mark.parametrize("text", [None, "", "soon", "2025", 0, "0", 12345, -1, "0001-01-01T00:00:00", {}, [], True])
def test_what_is_no_date_is_none_and_never_now(text: Any) -> None:
    assert ModelVersion.model_validate({"id": 1, "publishedAt": text}).published_at is None


def test_a_missing_date_is_none() -> None:
    assert ModelVersion.model_validate({"id": 1}).updated_at is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LORA", "LORA"),
        ("LoRA", "LORA"),
        ("lora", "LORA"),
        ("Textual Inversion", "TextualInversion"),
        ("textual_inversion", "TextualInversion"),
        ("embedding", "TextualInversion"),
        ("textual", "TextualInversion"),
        ("check", "Checkpoint"),
        ("upscale", "Upscaler"),
        ("locon", "LoCon"),
        ("LyCORIS", "LoCon"),
        ("Clip Vision", "CLIPVision"),
    ],
)
def test_a_type_is_resolved_from_any_spelling(text: str, expected: str) -> None:
    assert Model.model_validate({"id": 1, "type": text}).type == expected


@pytest.mark.parametrize("text", ["SplatField", "te", "Vision Transformer", "Comf"])
def test_a_type_that_is_not_known_or_not_clear_is_kept(text: str) -> None:
    assert Model.model_validate({"id": 1, "type": text}).type == text


def test_each_known_type_is_itself() -> None:
    assert [canonical_type(name) for name in MODEL_TYPES] == list(MODEL_TYPES)


def test_nulls_and_wrong_kinds_become_defaults() -> None:
    version = ModelVersion.model_validate(
        {
            "id": 1,
            "name": None,
            "files": [
                None,
                "x",
                {"id": "seven", "name": None, "metadata": {"fp": None}, "hashes": None, "sizeKB": "big"},
            ],
            "images": None,
            "trainedWords": None,
            "stats": {"downloadCount": None},
            "model": "gone",
            "nsfwLevel": None,
        }
    )
    assert (version.name, version.images, version.trained_words, version.model) == ("", [], [], None)
    assert version.files == [VersionFile()]


def test_an_entry_without_an_id_leaves_its_list() -> None:
    page = ModelPage.model_validate({"items": [{"id": 1, "modelVersions": [{"name": "lost"}, {"id": 2}]}, None]})
    assert [[version.id for version in model.versions] for model in page.items] == [[2]]


def test_numbers_that_no_database_takes_are_dropped() -> None:
    model = Model.model_validate({"id": 1, "stats": {"downloadCount": 2**70, "thumbsUpCount": -1}})
    assert model.stats is not None
    assert (model.stats.download_count, model.stats.thumbs_up_count) == (None, None)


def test_trigger_words_stay_to_the_letter_but_empty_entries_go() -> None:
    version = ModelVersion.model_validate({"id": 1, "trainedWords": [r"fox_\(tale\), fur", "", "  ", None, "Fox"]})
    assert version.trained_words == [r"fox_\(tale\), fur", "Fox"]


@pytest.mark.parametrize("said", [["Image", "RentCivit"], "{Image,RentCivit}"])
def test_the_licence_comes_in_two_forms(said: Any) -> None:
    assert Model.model_validate({"id": 1, "allowCommercialUse": said}).allow_commercial_use == ["Image", "RentCivit"]


def test_a_hash_of_the_wrong_length_is_none() -> None:
    hashes = FileHashes.model_validate({"SHA256": "abc", "AutoV2": "7c819b6d13", "CRC32": "nothexed", "BLAKE3": None})
    assert hashes.by_kind() == {"AutoV2": "7C819B6D13"}


def test_the_size_is_given_only_where_it_is_exact() -> None:
    assert VersionFile.model_validate({"sizeKB": 56081.76171875}).size == 57427724
    assert VersionFile.model_validate({"sizeKB": 56081.76}).size is None
    assert VersionFile.model_validate({"sizeKB": 0}).size is None
    assert VersionFile.model_validate({}).size is None


def test_levels_come_as_bits_or_words() -> None:
    levels = [
        Image.model_validate({"nsfwLevel": level}).nsfw_level for level in (4, "Soft", "Mature", "None", "?", None)
    ]
    assert levels == [4, 2, 4, 1, 0, 0]
    assert [Image.model_validate({"nsfw": said}).nsfw_level for said in ("X", True, False)] == [8, 16, 1]


def test_the_next_cursor_is_found_in_either_place() -> None:
    link = "https://civitai.com/api/v1/models?limit=10&cursor=22138%7C364671%7C25494"
    assert ModelPage.model_validate({"items": [], "metadata": {"nextPage": link}}).next_cursor == "22138|364671|25494"
    assert ModelPage.model_validate({"items": [], "metadata": {"nextCursor": 40}}).next_cursor == "40"
    assert ModelPage.model_validate({"items": []}).next_cursor is None


@pytest.mark.parametrize("name", ["civitai_version_by_hash", "civitai_models_page"])
def test_a_dump_of_a_real_answer_validates_to_the_same(name: str) -> None:
    answer = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    kind: type[ModelPage | ModelVersion] = ModelPage if "items" in answer else ModelVersion
    known = kind.model_validate(answer)
    document = json.loads(json.dumps(known.model_dump(mode="json", by_alias=True)))
    assert kind.model_validate(document) == known


def test_a_real_version_is_understood() -> None:
    version = ModelVersion.model_validate_json((DATA / "civitai_version_by_hash.json").read_text("utf-8"))
    assert version.trained_words == [r"exusiai_the_new_covenant_\(arknights\), red hair, orange eyes, short hair, halo"]
    assert version.published_at == datetime(2025, 8, 20, 4, 49, 12, 992000, timezone.utc)
    assert (version.model, version.files[0].size, version.files[0].hashes.by_kind()) == (None, 57427724, {})


def test_a_real_page_is_understood() -> None:
    page = ModelPage.model_validate_json((DATA / "civitai_models_page.json").read_text("utf-8"))
    assert [model.name for model in page.items] == ["majicMIX realistic 麦橘写实", "DreamShaper", "Counterfeit-V3.0"]
    assert page.next_cursor == "22138|364671|25494"
    assert all(file.size for model in page.items for version in model.versions for file in version.files)
