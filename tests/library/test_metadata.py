"""Asking the site about a whole library: few requests, nothing lost, nothing asked twice, and one answer a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from lorakeeper.py.errors import BrokenFileError, MissingError
from lorakeeper.py.events import Event
from lorakeeper.py.library import rows
from lorakeeper.py.library.metadata import FileMetadata
from lorakeeper.py.storage.tables import files, site
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Delay, Drop, FakeCivitai, Html, Status

from .site_rig import Rig, digest, empty_library, listed, put, site_rig

DAY = 24 * 3600.0
BATCH, SINGLE = "model-versions/by-hash", "model-versions/by-hash/"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_library(tmp_path_factory.mktemp("empty"))


@pytest.fixture
async def rig(civitai: FakeCivitai, empty: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    async with site_rig(civitai, empty, tmp_path) as rig:
        yield rig


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


# -- Other hashes -----------------------------------------------------------------------------------------------------

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


# -- File by file -----------------------------------------------------------------------------------------------------


async def test_a_file_s_metadata_has_all_that_the_site_says(rig: Rig, tmp_path: Path) -> None:
    living, dead = "https://mirror.example/ink", "https://mirror.example/gone"
    sample = samples.lora(
        "ink", trigger_words=["ink, wash", " , "], base_model="Pony", nsfw_level=4, fp="fp16", version_name="v2"
    ).but(
        mirrors=[
            {"url": living, "deletedAt": None},
            {"url": dead, "deletedAt": "2025-01-01T00:00:00Z"},
            {"url": "ftp://mirror.example/ink"},
        ],
        version_fields={"description": "<p>second</p>"},
    )
    ids = rig.civitai.add(sample.but(files=[samples.lora("other", size=70_000, primary=False)]))
    path = put(tmp_path / "anywhere", sample, "renamed.safetensors")

    found = await rig.extractor.process_single_file(path)

    link = f"{rig.civitai.url}/api/download/models/{ids.version_id}"
    assert found.created_at == samples.Sample.published_at
    assert found.updated_at
    assert found.created_at - found.updated_at < timedelta(seconds=1)
    assert found.file_info
    assert found.file_info.hashes.pop("SHA256") == ids.sha256.upper()
    assert set(found.file_info.hashes) == {"AutoV2", "AutoV3", "BLAKE3", "CRC32"}
    assert found.model_dump(exclude={"created_at", "updated_at", "file_info"}) == {
        "file_path": path,
        "model_hash": ids.sha256,
        "model_id": ids.model_id,
        "version_id": ids.version_id,
        "name": "ink",
        "version_name": "v2",
        "description": "<p>second</p>",
        "nsfw_level": 4,
        "trained_words": ["ink, wash"],
        "base_model": "Pony",
        "base_model_type": "Standard",
        "download_urls": [link, f"{link}?fileId={ids.file_id}", living],
        "source": "site",
    }
    assert found.file_info.model_dump(exclude={"hashes"}) == {
        "id": ids.file_id,
        "name": "ink.safetensors",
        "size": 65_536,
        "type": "Model",
        "format": "SafeTensor",
        "fp": "fp16",
    }
    assert FileMetadata.model_validate_json(found.model_dump_json()) == found


async def test_what_the_site_does_not_know_is_told_by_the_file(rig: Rig, tmp_path: Path) -> None:
    said = {
        "modelspec.title": "My ink",
        "modelspec.trigger_phrase": "inkstyle",
        "modelspec.description": "Of my own",
        "ss_base_model_version": "sdxl_base_v1-0",
    }
    path = put(tmp_path, samples.lora("mine", metadata=said))

    found = await rig.extractor.process_single_file(path)

    assert (found.source, found.model_id, found.file_info, found.download_urls) == ("header", None, None, [])
    assert (found.name, found.description, found.trained_words) == ("My ink", "Of my own", ["inkstyle"])
    assert found.base_model == "SDXL 1.0"
    assert found.model_hash


async def test_what_another_tool_kept_of_the_site_says_so(rig: Rig, tmp_path: Path) -> None:
    content = await rig.learn(path := put(tmp_path, samples.lora("mine")))
    link = "https://undefined/api/download/models/7"
    kept = {"id": 7, "modelId": 5, "name": "v1", "adopted": True, "downloadUrl": link}
    await rig.database.write(lambda c: rows.put_site(c, content, kept))

    found = await rig.extractor.process_single_file(path)

    assert (found.source, found.model_id, found.version_id, found.name) == ("sidecar", 5, 7, "v1")
    assert (found.download_urls, found.file_info) == ([], None)


async def test_without_the_site_the_file_speaks_and_the_site_later(rig: Rig, tmp_path: Path) -> None:
    sample = samples.lora("ink")
    ids = rig.civitai.add(sample)
    path = put(tmp_path, sample)
    fault = Drop(0, times=None)
    rig.civitai.faults.site.append(fault)
    assert (await rig.extractor.process_single_file(path)).source == "header"

    rig.civitai.faults.site.remove(fault)

    assert (await rig.extractor.process_single_file(path)).version_id == ids.version_id


async def test_many_files_are_asked_a_hundred_at_once_and_read_once(rig: Rig, tmp_path: Path) -> None:
    paths = []
    for number in range(120):
        sample = samples.Sample(f"{number}.pt", str(number).encode(), hashes={"SHA256": digest(number).upper()})
        if number % 10 == 0:
            rig.civitai.add(sample)
        paths.append(put(tmp_path, sample))

    found = await rig.extractor.extract_batch(paths)

    assert [each.file_path for each in found if isinstance(each, FileMetadata)] == paths
    assert [each.model_hash for each in found if isinstance(each, FileMetadata)] == [digest(n) for n in range(120)]
    assert [each.source == "site" for each in found if isinstance(each, FileMetadata)] == [
        n % 10 == 0 for n in range(120)
    ]
    assert rig.asked(BATCH) == 2
    assert len(rig.learned) == 120
    assert await rig.extractor.extract_batch(paths) == found
    assert (len(rig.learned), rig.asked(BATCH)) == (120, 2)


async def test_each_path_has_its_answer_in_the_order_given(rig: Rig, tmp_path: Path) -> None:
    first, second = (put(tmp_path, samples.lora(stem)) for stem in ("first", "second"))
    gone, folder = tmp_path / "gone.safetensors", tmp_path / "folder.safetensors"
    folder.mkdir()

    found = await rig.extractor.extract_batch([second, gone, str(first), folder, second])

    assert [type(each) for each in found] == [FileMetadata, MissingError, FileMetadata, BrokenFileError, FileMetadata]
    assert str(found[1]) == f"There is no file at {gone}."
    assert [each.file_path for each in found if isinstance(each, FileMetadata)] == [second, first, second]
    with pytest.raises(MissingError):
        await rig.extractor.process_single_file(gone)


async def test_a_changed_file_is_read_again(rig: Rig, tmp_path: Path) -> None:
    path = put(tmp_path, samples.lora("old"))
    before = await rig.extractor.process_single_file(path)

    put(tmp_path, samples.lora("new", size=70_000), "old.safetensors")
    after = await rig.extractor.process_single_file(path)

    assert before.model_hash != after.model_hash
    assert rig.learned == [path, path]
    # So is one of which a scan has seen that it changed.
    await rig.database.write(lambda c: c.execute(update(files).values(stale=True)))
    assert await rig.extractor.process_single_file(path) == after
    assert rig.learned == [path, path, path]


async def test_a_folder_has_its_models_and_those_below_with_progress(rig: Rig, tmp_path: Path) -> None:
    names = ["b.safetensors", "a.ckpt", "notes.txt", ".hidden.safetensors", "sub/c.gguf", "sub/deeper/d.pt"]
    for name in names:
        put(tmp_path / "models", samples.lora(name), name)
    steps: list[tuple[int, int]] = []

    every = await rig.extractor.process_directory(
        tmp_path / "models", progress=lambda done, total: steps.append((done, total))
    )
    here = await rig.extractor.process_directory(tmp_path / "models", recursive=False)

    def named(found: object) -> list[str]:
        assert isinstance(found, list)
        return [each.file_path.relative_to(tmp_path / "models").as_posix() for each in found]

    assert named(every) == ["a.ckpt", "b.safetensors", "sub/c.gguf", "sub/deeper/d.pt"]
    assert named(here) == ["a.ckpt", "b.safetensors"]
    assert steps[-1] == (4, 4)
    with pytest.raises(MissingError, match="no folder"):
        await rig.extractor.process_directory(tmp_path / "nowhere")
