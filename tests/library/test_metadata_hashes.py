"""Files that the site does not list by their SHA256: which other hashes it is asked about, and what they prove."""

from __future__ import annotations

import pytest

from lorakeeper.testing.fake_civitai import Drop

from .site_rig import Rig, digest, listed

DAY = 24 * 3600.0
SINGLE = "model-versions/by-hash/"
OWN, STATED = "A" * 12, "B" * 12


def header(**embedded: str) -> dict[str, object]:
    return {"format": "safetensors", "embedded": embedded}


async def test_a_file_is_known_by_its_tensors_where_its_header_was_rewritten(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink", hashes={"AutoV3": OWN}))
    content = await rig.add(digest("rewritten"), others={"AutoV3": OWN, "CRC32": "12345678"})

    asked = await rig.knowledge.ask()

    assert (asked.asked, asked.found, asked.missed, asked.requests) == (1, 1, 0, 2)
    assert await rig.version_id(content) == ids.version_id
    assert rig.singles == [OWN]


@pytest.mark.parametrize(
    "embedded",
    [{"sshs_model_hash": STATED.lower() + "0" * 52}, {"modelspec.hash_sha256": "0x" + STATED + "1" * 52}],
)
async def test_a_file_is_known_by_the_hash_in_its_header(rig: Rig, embedded: dict[str, str]) -> None:
    ids = rig.civitai.add(listed("ink", hashes={"AutoV3": STATED}))
    content = await rig.add(digest("pruned"), others={"AutoV3": OWN}, header=header(**embedded))

    assert (await rig.knowledge.ask()).found == 1
    assert await rig.version_id(content) == ids.version_id
    assert rig.singles == [OWN, STATED]


async def test_a_file_s_own_hash_goes_before_what_its_header_states(rig: Rig) -> None:
    rig.civitai.add(listed("stated", hashes={"AutoV3": STATED}))
    ids = rig.civitai.add(listed("own", hashes={"AutoV3": OWN}))
    content = await rig.add(digest("x"), others={"AutoV3": OWN}, header=header(sshs_model_hash=STATED + "0" * 52))

    await rig.knowledge.ask()

    assert await rig.version_id(content) == ids.version_id


async def test_a_header_that_states_two_models_states_none(rig: Rig) -> None:
    rig.civitai.add(listed("one", hashes={"AutoV3": STATED}))
    rig.civitai.add(listed("two", hashes={"AutoV3": "C" * 12}))
    both = {"sshs_model_hash": STATED + "0" * 52, "modelspec.hash_sha256": "C" * 64}
    content = await rig.add(digest("x"), header=header(**both))

    assert (await rig.knowledge.ask()).missed == 1
    assert await rig.version_id(content) is None


@pytest.mark.parametrize(
    "embedded",
    [
        {"sshs_model_hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"sshs_model_hash": "not a hash"},
        {"sshs_legacy_hash": "AAAAAAAA"},
        # That of the model it was trained on.
        {"ss_sd_model_hash": STATED},
    ],
)
async def test_hashes_that_say_nothing_of_the_file_are_not_asked(rig: Rig, embedded: dict[str, str]) -> None:
    rig.civitai.add(listed("base", hashes={"AutoV3": STATED, "AutoV1": "AAAAAAAA"}))
    await rig.add(digest("x"), header=header(**embedded))

    assert (await rig.knowledge.ask()).missed == 1
    assert rig.singles == []


async def test_a_linked_file_s_hash_is_no_match_for_the_version_that_lists_it(rig: Rig) -> None:
    vae = listed("vae", file_type="VAE", primary=False, hashes={"AutoV3": OWN})
    rig.civitai.add(listed("base", type="Checkpoint", files=[vae]))
    content = await rig.add(digest("x"), others={"AutoV3": OWN})

    assert (await rig.knowledge.ask()).missed == 1
    assert await rig.version_id(content) is None


async def test_a_file_known_as_one_version_does_not_become_another_by_its_tensors(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink"))
    content = await rig.add(ids.sha256, others={"AutoV3": OWN})
    await rig.knowledge.ask()
    rig.civitai.replace(ids.file_id, listed("gone"))
    rig.civitai.add(listed("upload of another", hashes={"AutoV3": OWN}))

    await rig.knowledge.ask(again=True)

    assert await rig.version_id(content) == ids.version_id


async def test_other_hashes_that_could_not_be_asked_are_asked_a_day_later(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink", hashes={"AutoV3": OWN}))
    content = await rig.add(digest("rewritten"), others={"AutoV3": OWN})
    rig.civitai.faults.site.append(Drop(0, times=None, path=SINGLE))
    assert (await rig.knowledge.ask()).errors
    rig.civitai.faults.site.clear()

    rig.later = 0.9 * DAY
    assert (await rig.knowledge.ask()).asked == 0
    rig.later = 1.1 * DAY
    assert (await rig.knowledge.ask()).found == 1
    assert await rig.version_id(content) == ids.version_id


async def test_single_questions_end_where_the_site_can_not_be_reached(rig: Rig) -> None:
    for number in range(20):
        await rig.add(digest(number), others={"AutoV3": f"{number:012X}"})
    rig.civitai.faults.site.append(Drop(0, times=None, path=SINGLE))

    await rig.knowledge.ask()

    assert len(rig.singles) <= 2 * 3
