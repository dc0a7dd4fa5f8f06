"""Newer versions: what counts as newer, what is kept of a model, and how little it takes to find out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from lorakeeper.py.civitai.schemas import Model, ModelVersion
from lorakeeper.py.library.updates import newer_versions, newest_of, short_model
from lorakeeper.py.storage.tables import files
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Ids

from .site_rig import Rig, listed

DAY_ONE = datetime(2026, 1, 1, tzinfo=timezone.utc)


async def own(rig: Rig, *ids: Ids) -> list[int]:
    """Files of those versions, and the site asked about them; returns their contents."""
    found = await rig.add_files([each.sha256 for each in ids])
    await rig.knowledge.ask(found)
    return found


async def has_update(rig: Rig, content: int) -> bool:
    return bool((await rig.item(content)).has_update)


def version(stem: str, day: int, **more: Any) -> samples.Sample:
    sample = samples.lora(stem, size=None, metadata={"ss_output_name": f"{stem}{day}"}, version_name=f"v{day}")
    return sample.but(name=stem, published_at=DAY_ONE + timedelta(days=day), **more)


# -- Against the site -------------------------------------------------------------------------------------------------


async def test_a_newer_version_on_the_site_is_found_and_marked_in_the_list(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1, base_model="SDXL 1.0"))
    (file,) = await own(rig, old)
    assert (await rig.updates.check()).newer == []
    assert not await has_update(rig, file)

    new = rig.civitai.add(version("ink", 5, base_model="Pony"), model_id=old.model_id)
    report = await rig.updates.check()

    assert report.models == 1
    assert [each.model_dump() for each in report.newer] == [
        {
            "model_id": old.model_id,
            "model_name": "ink",
            "version_id": new.version_id,
            "version_name": "v5",
            "base_model": "Pony",
            "published_at": DAY_ONE + timedelta(days=5),
            "early_access_until": None,
            "owned_version_ids": [old.version_id],
        }
    ]
    assert await has_update(rig, file)


async def test_who_gets_the_newest_version_has_no_update_left(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    new = rig.civitai.add(version("ink", 5), model_id=old.model_id)
    (first,) = await own(rig, old)
    await rig.updates.check()
    assert await has_update(rig, first)

    (second,) = await own(rig, new)

    assert not await has_update(rig, first)
    assert not await has_update(rig, second)
    assert (await rig.updates.check()).newer == []


async def test_a_version_that_the_site_lists_no_more_is_no_older_than_those_it_does(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    new = rig.civitai.add(version("ink", 5), model_id=old.model_id)
    (file,) = await own(rig, new)
    del rig.civitai._catalogue.models[old.model_id].versions[0]

    assert (await rig.updates.check()).newer == []
    assert not await has_update(rig, file)


async def test_what_is_here_can_change_without_the_site_being_asked(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    new = rig.civitai.add(version("ink", 5), model_id=old.model_id)
    first, second = await own(rig, old, new)
    await rig.updates.check()
    requests = rig.asked("models")

    await rig.database.write(lambda c: c.execute(update(files).where(files.c.content == second).values(missing=True)))
    report = await rig.updates.check(again=False)

    assert [each.version_id for each in report.newer] == [new.version_id]
    assert rig.asked("models") == requests
    await rig.database.write(lambda c: rig.view.refresh_contents(c, [first]))
    assert await has_update(rig, first)


async def test_a_version_that_was_only_here_is_no_update_once_it_is_gone(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    new = rig.civitai.add(version("ink", 5), model_id=old.model_id)
    first, second = await own(rig, old, new)
    del rig.civitai._catalogue.models[old.model_id].versions[0]
    await rig.updates.check()
    await rig.database.write(lambda c: c.execute(update(files).where(files.c.content == second).values(missing=True)))

    await rig.updates.check(again=False)

    assert not await has_update(rig, first)
    row = await rig.model(old.model_id)
    assert row
    assert row.newest == old.version_id


async def test_an_early_version_says_until_when(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    rig.civitai.add(version("ink", 5, early_access=timedelta(days=36_500)), model_id=old.model_id)
    await own(rig, old)

    (found,) = (await rig.updates.check()).newer

    assert found.early_access_until == DAY_ONE + timedelta(days=5 + 36_500)


async def test_a_hundred_models_are_one_request(rig: Rig) -> None:
    await own(rig, *(rig.civitai.add(listed(number)) for number in range(120)))
    rig.civitai.site.requests.clear()

    report = await rig.updates.check()

    assert (report.models, rig.asked("models"), len(rig.civitai.site.requests)) == (120, 2, 2)
    await rig.updates.check(again=False)
    assert len(rig.civitai.site.requests) == 2


async def test_only_the_models_asked_about_are_looked_at(rig: Rig) -> None:
    first, second = (rig.civitai.add(version(stem, 1)) for stem in ("ink", "wash"))
    for old in (first, second):
        await own(rig, old)
        rig.civitai.add(version("newer", 3), model_id=old.model_id)

    report = await rig.updates.check([second.model_id, 987_654])

    assert (report.models, [each.model_id for each in report.newer]) == (1, [second.model_id])


async def test_without_the_site_what_it_said_before_counts(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    rig.civitai.add(version("ink", 5), model_id=old.model_id)
    await own(rig, old)
    await rig.updates.check()
    await rig.civitai.site.stop()

    report = await rig.updates.check()

    assert len(report.newer) == 1
    assert "can't be reached" in report.errors[0]


async def test_what_is_kept_of_a_model_is_small_and_says_what_a_version_does_not(rig: Rig) -> None:
    text = "<h2>Ink &amp; wash</h2><p>First <b>line</b></p>" + "<p>word</p>" * 5_000
    old = rig.civitai.add(version("ink", 1, tags=["style", "ink"], creator="hana", description=text, downloads=900))
    await own(rig, old)

    await rig.knowledge.models()
    row = await rig.model(old.model_id)

    assert row
    kept = Model.model_validate(row.document)
    assert (kept.tags, kept.creator and kept.creator.username) == (["style", "ink"], "hana")
    assert kept.stats
    assert (kept.stats.thumbs_up_count, kept.stats.thumbs_down_count) == (90, 1)
    assert kept.description
    assert kept.description.startswith("Ink & wash\nFirst line\nword\n")
    assert len(kept.description) == 4_000
    assert [(each.id, each.name, each.base_model) for each in kept.versions] == [(old.version_id, "v1", "SDXL 1.0")]
    assert kept.versions[0].published_at == DAY_ONE + timedelta(days=1)
    assert ([file.name for file in kept.versions[0].files], kept.versions[0].images) == ([""], [])
    assert kept.versions[0].files[0].size


# -- By themselves ----------------------------------------------------------------------------------------------------


def model(*days: int | None) -> Model:
    """A model whose versions have their days as ids; None: one that isn't published."""
    listed = [
        ModelVersion(
            id=1000 if day is None else day, published_at=None if day is None else DAY_ONE + timedelta(days=day)
        )
        for day in days
    ]
    return Model(id=1, versions=listed)


def dates(*days: int) -> dict[int, datetime | None]:
    return {day: DAY_ONE + timedelta(days=day) for day in days}


@pytest.mark.parametrize(
    ("listed", "owned", "newer", "newest"),
    [
        ((3, 2, 1), (1,), [3, 2], 3),
        ((3, 2, 1), (2,), [3], 3),
        ((3, 2, 1), (1, 3), [], 3),
        # The author's order is not that of time.
        ((1, 3, 2), (2,), [3], 3),
        ((None, 1), (1,), [], 1),
        ((2, 1), (9,), [], 9),
        ((), (4,), [], 4),
        ((2, 1), (), [2, 1], 2),
        ((), (), [], None),
    ],
)
def test_newer_is_what_was_published_after_all_that_is_here(
    listed: tuple[int | None, ...], owned: tuple[int, ...], newer: list[int], newest: int | None
) -> None:
    assert [each.id for each in newer_versions(model(*listed), dates(*owned))] == newer
    assert newest_of(model(*listed), dates(*owned)) == newest


def test_where_a_date_is_missing_the_list_s_own_counts_or_else_the_ids() -> None:
    assert [each.id for each in newer_versions(model(3, 2, 1), {2: None})] == [3]
    assert [each.id for each in newer_versions(model(30, 10), {20: None})] == [30]


@given(st.sets(st.integers(1, 30), max_size=8), st.sets(st.integers(1, 30), max_size=8))
def test_there_is_an_update_exactly_where_something_newer_is_listed(listed: set[int], owned: set[int]) -> None:
    known, here = model(*listed), dates(*owned)

    newest = newest_of(known, here)

    if owned:
        assert (newest not in owned) == bool(newer_versions(known, here)) == bool(listed and max(listed) > max(owned))


def test_a_kept_model_of_nothing_is_still_a_model() -> None:
    assert Model.model_validate(short_model(Model(id=7))).id == 7


async def test_a_content_without_a_file_is_nothing_that_is_here(rig: Rig) -> None:
    old = rig.civitai.add(version("ink", 1))
    rig.civitai.add(version("ink", 5), model_id=old.model_id)
    await rig.add_contents([old.sha256])
    await rig.knowledge.ask()

    assert (await rig.updates.check()).models == 0
