"""Asking the site about a whole library: few requests, nothing lost, and nothing asked twice."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import func, select

from lorakeeper.py.events import Event
from lorakeeper.py.library import rows
from lorakeeper.py.storage.tables import site
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Delay, Drop, Html, Status

from .site_rig import Rig, digest, listed

DAY = 24 * 3600.0
BATCH = "model-versions/by-hash"


# -- Few requests -----------------------------------------------------------------------------------------------------


async def test_ten_thousand_hashes_are_a_hundred_requests(rig: Rig) -> None:
    for number in range(0, 10_000, 25):
        rig.civitai.add(listed(number))
    await rig.add_contents([digest(number) for number in range(10_000)])

    asked = await rig.knowledge.ask()

    assert (asked.asked, asked.found, asked.missed, asked.errors) == (10_000, 400, 9_600, [])
    assert (asked.requests, rig.asked(BATCH), len(rig.civitai.site.requests)) == (100, 100, 100)
    # What is known, a miss too, is not asked again.
    assert (await rig.knowledge.ask()).requests == 0
    query = select(func.count(), func.count(site.c.version_id))
    assert (await rig.database.read(lambda c: c.execute(query).one())) == (10_000, 400)


async def test_doubled_and_empty_entries_of_an_answer_do_no_harm(rig: Rig) -> None:
    rig.civitai.quirks.untidy_batches = True
    ids = [rig.civitai.add(listed(number)) for number in range(5)]
    known = [await rig.add(each.sha256) for each in ids]

    asked = await rig.knowledge.ask()

    assert (asked.found, asked.missed) == (5, 0)
    assert [await rig.version_id(content) for content in known] == [each.version_id for each in ids]


async def test_only_what_is_asked_for_is_asked(rig: Rig) -> None:
    first, second = [await rig.add(rig.civitai.add(listed(number)).sha256) for number in range(2)]

    asked = await rig.knowledge.ask([second, second, 987_654])

    assert (asked.asked, asked.found) == (1, 1)
    assert await rig.site(first) is None
    body = json.loads(rig.civitai.site.requests[0].body)
    assert body == [digest(1).upper()]


async def test_what_has_no_hash_yet_waits(rig: Rig) -> None:
    content = await rig.add(digest("read"))
    place = rows.Place("/models/new.safetensors", "loras", "new.safetensors", "")
    await rig.database.write(lambda c: rows.add_files(c, [(place, (1, 1, 1), None, None)]))

    assert (await rig.knowledge.ask()).asked == 1
    assert await rig.site(content) is not None


# -- Remembered -------------------------------------------------------------------------------------------------------


async def test_a_miss_is_remembered_for_a_week(rig: Rig) -> None:
    content = await rig.add(digest("late"))
    await rig.knowledge.ask()
    ids = rig.civitai.add(listed("late"))

    rig.later = 6.9 * DAY
    assert (await rig.knowledge.ask()).asked == 0
    rig.later = 7.1 * DAY
    assert (await rig.knowledge.ask()).found == 1
    assert await rig.version_id(content) == ids.version_id


async def test_an_answer_is_renewed_after_a_week_unless_it_will_do(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink"))
    await rig.add(ids.sha256)
    await rig.knowledge.ask()

    rig.later = 7.1 * DAY
    assert (await rig.knowledge.ask(refresh=False)).asked == 0
    assert (await rig.knowledge.ask()).found == 1
    assert (await rig.knowledge.ask()).asked == 0
    assert (await rig.knowledge.ask(again=True)).found == 1


async def test_a_miss_never_takes_the_place_of_what_was_learned(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink"))
    content = await rig.add(ids.sha256)
    await rig.knowledge.ask()
    rig.civitai.replace(ids.file_id, listed("other"))

    asked = await rig.knowledge.ask(again=True)

    assert (asked.found, asked.missed) == (0, 1)
    assert await rig.version_id(content) == ids.version_id
    assert (await rig.knowledge.ask()).asked == 0


async def test_the_answer_is_kept_without_the_prompts_of_its_pictures(rig: Rig) -> None:
    sample = listed("ink", trigger_words=["ink"], previews=[samples.preview(1)])
    content = await rig.add(rig.civitai.add(sample).sha256)

    await rig.knowledge.ask()

    row = await rig.site(content)
    assert row
    assert row.version["images"][0]["url"]
    assert "meta" not in row.version["images"][0]
    assert row.version["baseModelType"] == "Standard"
    assert "undefined" not in json.dumps(row.version)


async def test_the_list_says_at_once_what_was_learned(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink", creator="hana", base_model="Pony", nsfw_level=4))
    content = await rig.add(ids.sha256)

    await rig.knowledge.ask()
    assert ((await rig.item(content)).base_model, (await rig.item(content)).creator) == ("Pony", None)
    await rig.knowledge.models()

    item = await rig.item(content)
    assert (item.creator, item.model_id, item.nsfw_level) == ("hana", ids.model_id, 4)
    assert item.rating == pytest.approx(10 / 11)
    assert Event("library", "all", {"id": None, "count": 1}) in rig.events


async def test_two_contents_that_become_one_meanwhile_are_no_trouble(rig: Rig) -> None:
    rig.civitai.add(listed("one"))
    rig.civitai.faults.site.append(Delay(0.2))
    one, other = await rig.add(digest("one")), await rig.add(digest("other"))
    asking = asyncio.create_task(rig.knowledge.ask())
    while not rig.civitai.site.requests:
        await asyncio.sleep(0.005)

    await rig.database.write(lambda c: rows.absorb(c, one, into=other))

    assert (await asking).errors == []
    assert await rig.site(one) is None


async def test_pictures_are_fetched_for_what_was_found(rig: Rig) -> None:
    content = await rig.add(rig.civitai.add(listed("ink", previews=[samples.preview(1)])).sha256)

    await rig.knowledge.ask(pictures=False)
    assert rig.civitai.storage.requests == []
    assert await rig.knowledge.pictures() == 1
    assert await rig.knowledge.pictures() == 0

    detail = await rig.database.read(lambda c: rig.view.detail(c, rows.files_of(c, content)[0].id))
    assert detail
    assert detail.has_preview


async def test_asking_about_all_is_told_once_with_what_it_took(rig: Rig) -> None:
    for name in ("ink", "oil"):
        await rig.add(rig.civitai.add(listed(name)).sha256)

    await rig.knowledge.ask()

    (end,) = [event.data for event in rig.events if event.topic == "scan" and event.final]
    assert (end["files"], end["found"]) == (2, 2)
    assert end["seconds"] > 0


# -- Trouble ----------------------------------------------------------------------------------------------------------


def break_after_the_first(rig: Rig, fault: Drop | Status) -> None:
    """The site works for as long as the first few batches take."""
    take = rig.events.append

    def watch(event: Event) -> None:
        if event.topic == "scan" and fault not in rig.civitai.faults.site and not event.final:
            rig.civitai.faults.site.append(fault)
        take(event)

    rig.knowledge._events.subscribe(watch)


@pytest.mark.parametrize(("fault", "sentence"), [(Drop(0, times=None), "broke"), (Status(429, times=None), "too many")])
async def test_a_stop_midway_keeps_what_was_learned_and_the_next_call_goes_on(
    rig: Rig, fault: Drop | Status, sentence: str
) -> None:
    for number in range(0, 1_000, 10):
        rig.civitai.add(listed(number))
    await rig.add_contents([digest(number) for number in range(1_000)])
    break_after_the_first(rig, fault)

    stopped = await rig.knowledge.ask()

    assert (stopped.asked, stopped.found, stopped.missed) == (100, 10, 90)
    assert len(stopped.errors) == 1
    assert sentence in stopped.errors[0]
    # The second batch fails after all tries, and no others are sent.
    assert len(rig.civitai.site.requests) == 1 + 2
    rig.civitai.faults.site.clear()
    rig.knowledge._events._subscribers = ()
    rest = await rig.knowledge.ask()
    assert (rest.asked, rest.found, rest.requests, rest.errors) == (900, 90, 9, [])


async def test_one_batch_that_fails_does_not_keep_the_others_from_being_asked(rig: Rig) -> None:
    await rig.add_contents([digest(number) for number in range(1_000)])
    # As often as one batch is tried.
    rig.civitai.faults.site.append(Html(times=1))

    asked = await rig.knowledge.ask()

    assert (asked.asked, len(asked.errors)) == (900, 1)
    assert (await rig.knowledge.ask()).asked == 100


async def test_a_site_in_trouble_is_left_alone(rig: Rig) -> None:
    await rig.add_contents([digest(number) for number in range(5_000)])
    rig.civitai.faults.site.append(Html(times=None))

    asked = await rig.knowledge.ask()

    assert asked.asked == 0
    assert len(rig.civitai.site.requests) == 3


async def test_a_cancelled_call_has_kept_what_it_learned(rig: Rig) -> None:
    await rig.add_contents([digest(number) for number in range(1_000)])
    rig.civitai.faults.site.append(Delay(0.1))
    asking = asyncio.create_task(rig.knowledge.ask())
    while len(rig.civitai.site.requests) < 4:
        await asyncio.sleep(0.005)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert asking.cancelled()
    rig.civitai.faults.site.clear()
    assert (await rig.knowledge.ask()).asked == 700


# -- Models -----------------------------------------------------------------------------------------------------------


async def test_models_are_asked_a_hundred_at_once_and_once_a_day(rig: Rig) -> None:
    for number in range(120):
        rig.civitai.add(listed(number))
    await rig.add_contents([digest(number) for number in range(120)])
    await rig.knowledge.ask()

    asked = await rig.knowledge.models()

    assert (asked.asked, asked.found, asked.requests, rig.asked("models")) == (120, 120, 2, 2)
    assert (await rig.knowledge.models()).requests == 0
    rig.later = 1.1 * DAY
    assert (await rig.knowledge.models()).requests == 2
    assert (await rig.knowledge.models([1001], again=True)).asked == 1


async def test_archived_and_nsfw_models_are_found_too_however_the_pages_come(rig: Rig) -> None:
    rig.civitai.quirks.empty_pages = True
    ids = [
        rig.civitai.add(listed("old", archived=True)),
        rig.civitai.add(listed("hot", nsfw_level=16)),
        rig.civitai.add(listed("mild")),
    ]
    for each in ids:
        await rig.add(each.sha256)
    await rig.knowledge.ask()

    assert (await rig.knowledge.models()).found == 3


async def test_a_version_can_outlive_its_model(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink", tags=["ink"]))
    content = await rig.add(ids.sha256)
    rig.civitai.quirks.lost_models.add(ids.model_id)

    await rig.knowledge.ask()
    asked = await rig.knowledge.models()

    assert (asked.found, asked.missed) == (0, 1)
    assert await rig.version_id(content) == ids.version_id
    # A miss is remembered for a day like any answer.
    assert (await rig.knowledge.models()).requests == 0


async def test_a_model_taken_down_stays_known(rig: Rig) -> None:
    ids = rig.civitai.add(listed("ink", tags=["ink"]))
    await rig.add(ids.sha256)
    await rig.knowledge.ask()
    await rig.knowledge.models()
    rig.civitai.quirks.lost_models.add(ids.model_id)

    assert (await rig.knowledge.models(again=True)).missed == 1

    row = await rig.model(ids.model_id)
    assert row
    assert (row.document["tags"], row.newest) == (["ink"], ids.version_id)


async def test_models_can_not_be_asked_without_the_site(rig: Rig) -> None:
    await rig.add(rig.civitai.add(listed("ink")).sha256)
    await rig.knowledge.ask()
    rig.civitai.faults.site.append(Status(503, times=None))

    asked = await rig.knowledge.models()

    assert (asked.asked, len(asked.errors)) == (0, 1)
    rig.civitai.faults.site.clear()
    assert (await rig.knowledge.models()).found == 1
