"""What trainers left: trigger words, guesses at them, and numbers that somebody may have made up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.headers.training import Training, embedded_hashes, stated_alpha, stated_rank


def frequency(**folders: dict[str, Any]) -> dict[str, str]:
    return {"ss_tag_frequency": json.dumps({name.replace("__", " "): tags for name, tags in folders.items()})}


def datasets(*subsets: dict[str, Any], **fields: Any) -> dict[str, str]:
    return {"ss_datasets": json.dumps([{"subsets": subsets, **fields}])}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"modelspec.trigger_phrase": "a, b"}, ["a, b"]),
        ({"modelspec.trigger_phrase": " , "}, []),
        ({"modelspec.trigger_phrase": "x" * 3000}, []),
        (datasets({"class_tokens": "ohwx man"}, {"class_tokens": None}), ["ohwx man"]),
        (datasets({"class_tokens": "ohwx man"}, {"class_tokens": "OHWX_man"}), ["ohwx man"]),
        (datasets({"class_tokens": "man", "is_reg": True}, {"class_tokens": "img"}), []),
        (datasets({"class_tokens": "b"}) | {"modelspec.trigger_phrase": "a"}, ["a", "b"]),
        ({"modelspec.usage_hint": "ohwx man, red dress"}, ["ohwx man, red dress"]),
        ({"modelspec.usage_hint": "Trigger words: ohwx, (red dress:1.2)"}, ["ohwx, (red dress:1.2)"]),
        ({"modelspec.usage_hint": "Use keyword 'example'"}, []),
        ({"modelspec.usage_hint": "Works best at a strength of 0.8."}, []),
        ({"modelspec.usage_hint": "see https://example.org"}, []),
        ({"ss_datasets": '{"not": "a list"}'}, []),
        ({"ss_datasets": '[{"subsets": 7}, 8, {"subsets": [9]}]'}, []),
        (frequency(**{"10_exusiai": {"red hair": 9}}), []),
        ({}, []),
    ],
)
def test_words_are_what_somebody_declared(metadata: dict[str, str], expected: list[str]) -> None:
    assert Training(metadata).words() == expected


DIRS = {"ss_dataset_dirs": json.dumps({"10_exusiai": {"n_repeats": 10, "img_count": 20}})}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (
            frequency(**{"10_exusiai": {"red hair": 20, "halo": 18, "smile": 20, "hat": 17}}),
            ["exusiai", "red hair", "halo"],
        ),
        (frequency(**{"10_exusiai": {"red hair": 9, "hat": 10}}) | DIRS, ["exusiai"]),
        (frequency(**{"5_a": {"x": 5}, "1_b": {"x": 15}}) | DIRS, ["a", "b", "x"]),
        (frequency(**{"10_img": {"ohwx": 20, "1girl": 20, "solo": 20}}), ["ohwx"]),
        (frequency(**{"10_ada__wong": {"Ada_Wong": 20}}), ["ada wong"]),
        (frequency(**{r"1_x": {r"exusiai \(arknights\)": 20}}), ["x", r"exusiai \(arknights\)"]),
        (frequency(**{"1_512": {}, "dataset": {}, "30": {}, "2_1024x1024": {}, "1_1girl": {}, "9_": {}}), []),
        (frequency(**{"1_trigger": {"trigger": 1}}), ["trigger"]),
        (frequency(**{"1_a": {f"tag{number}": 5 for number in range(50)}}), ["a", *(f"tag{n}" for n in range(11))]),
        (frequency(**{"1_a": {"x": "many", "y": -4, "z": True, "w": 10**30}}), ["a"]),
        ({"ss_tag_frequency": "broken {"}, []),
        ({"ss_tag_frequency": "[" * 100_000}, []),
        ({"ss_tag_frequency": "[1, 2]"}, []),
        ({}, []),
    ],
)
def test_suggestions_are_folders_then_what_nearly_all_pictures_have(
    metadata: dict[str, str], expected: list[str]
) -> None:
    assert Training(metadata).suggestions() == expected


def test_tags_are_added_up_over_folders_most_frequent_first() -> None:
    metadata = frequency(**{"1_a": {"x": 1, " y": 5}, "2_b": {"x": 9}})

    assert Training(metadata).tags() == [("x", 10), ("y", 5)]


@pytest.mark.parametrize(
    ("metadata", "images"),
    [
        (DIRS, 20),
        (datasets({"img_count": 7}, {"img_count": 8}, {"img_count": 100, "is_reg": True}), 15),
        ({"ss_num_train_images": "400"}, 400),
        ({"ss_num_train_images": "-1"}, 0),
        ({"ss_num_train_images": "9" * 5000}, 0),
        ({}, 0),
    ],
)
def test_pictures_are_counted_once_each(metadata: dict[str, str], images: int) -> None:
    assert Training(metadata).images == images


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"modelspec.resolution": "1024x768", "ss_resolution": "(512, 512)"}, "1024x768"),
        ({"ss_resolution": "(512, 768)"}, "512x768"),
        ({"ss_resolution": "512"}, "512x512"),
        (datasets(resolution=[832, 1216]), "832x1216"),
        ({"ss_resolution": "None"}, None),
        ({}, None),
    ],
)
def test_the_resolution_is_said_in_one_way(metadata: dict[str, str], expected: str | None) -> None:
    assert Training(metadata).resolution() == expected


def test_embedded_hashes_are_hexadecimal_or_left_out() -> None:
    stated = {"sshs_model_hash": "AB" * 32, "modelspec.hash_sha256": "0x" + "cd" * 32, "sshs_legacy_hash": "12345678"}

    assert embedded_hashes(stated) == {
        "sshs_model_hash": "ab" * 32,
        "modelspec.hash_sha256": "cd" * 32,
        "sshs_legacy_hash": "12345678",
    }
    assert embedded_hashes({"sshs_model_hash": "'; drop table", "sshs_legacy_hash": "123", "sha256": "ab" * 32}) == {}


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0", "", "x", "1e400", "None"])
def test_an_alpha_that_is_no_number_is_none(text: str) -> None:
    assert stated_alpha({"ss_network_alpha": text}) is None


@given(st.text(max_size=20))
def test_a_stated_rank_is_a_rank_or_none(text: str) -> None:
    rank = stated_rank({"ss_network_dim": text})

    assert rank is None or 0 < rank <= 100_000
