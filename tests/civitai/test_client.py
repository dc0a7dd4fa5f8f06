"""Every question to the site, with every quirk that its answers are known to have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from pydantic import ValidationError as Unfit

from lorakeeper.py.civitai.client import CivitaiClient
from lorakeeper.py.civitai.http import Http
from lorakeeper.py.civitai.memory import Memory
from lorakeeper.py.civitai.query import SearchQuery
from lorakeeper.py.civitai.schemas import ModelPage
from lorakeeper.py.errors import ApiError, AuthError, NotFoundError, RateLimitError, UsageError, ValidationError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Delay, FakeCivitai, Html, Ids, Status

from .conftest import FAST


def fill(civitai: FakeCivitai, count: int) -> list[Ids]:
    return [civitai.add(samples.lora(f"model{number:03}", downloads=1000 - number)) for number in range(count)]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


async def names(client: CivitaiClient, query: SearchQuery) -> list[str]:
    """Of all pages, in their order."""
    found: list[str] = []
    for _ in range(50):
        page = await client.models(query)
        found += [model.name for model in page.items]
        if page.next_cursor is None:
            return found
        query = query.model_copy(update={"cursor": page.next_cursor})
    raise AssertionError("the pages have no end")


# -- Searching --------------------------------------------------------------------------------------------------------


async def test_a_search_finds_by_all_its_criteria(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.add(samples.lora("ink", base_model="Pony", tags=["style"], creator="hana", nsfw_level=4))
    civitai.add(samples.lora("ink2", base_model="SDXL 1.0"))
    civitai.add(samples.vae("ink3", base_model="Pony"))
    query = SearchQuery(
        query="ink", types=("lora",), base_models=("Pony",), sort="Newest", period="AllTime", tag="Style",
        username="hana", nsfw=True, limit=5,
    )  # fmt: skip
    page = await client.models(query)
    assert [model.name for model in page.items] == ["ink"]
    sent = civitai.site.requests[0].query
    assert sorted(sent.items()) == [
        ("baseModels", "Pony"), ("limit", "5"), ("nsfw", "true"), ("period", "AllTime"), ("query", "ink"),
        ("sort", "Newest"), ("tag", "Style"), ("types", "LORA"), ("username", "hana"),
    ]  # fmt: skip


async def test_lists_are_sent_as_repeated_keys_however_they_are_given(
    civitai: FakeCivitai, client: CivitaiClient
) -> None:
    fill(civitai, 1)
    await client.models(
        SearchQuery.model_validate({"types": "lora, Textual Inversion", "base_models": ["Pony,SDXL 1.0"]})
    )
    sent = civitai.site.requests[0].query
    assert sent.getall("types") == ["LORA", "TextualInversion"]
    assert sent.getall("baseModels") == ["Pony", "SDXL 1.0"]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 101}, {"sort": "Best"}, {"period": "Hour"}, {"page": 2}])
def test_a_search_that_the_site_would_refuse_is_refused_here(wrong: dict[str, object]) -> None:
    with pytest.raises(Unfit):
        SearchQuery.model_validate(wrong)


async def test_nsfw_models_come_only_when_asked_for(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.add(samples.lora("mild"))
    civitai.add(samples.lora("spicy", nsfw_level=8))
    assert await names(client, SearchQuery()) == ["mild"]
    assert sorted(await names(client, SearchQuery(nsfw=True))) == ["mild", "spicy"]


@pytest.mark.parametrize("query", ["", "model"])
async def test_pages_are_followed_by_their_cursor_to_the_end(
    civitai: FakeCivitai, client: CivitaiClient, query: str
) -> None:
    civitai.quirks.page_repeats = True
    fill(civitai, 7)
    assert await names(client, SearchQuery(query=query, limit=3)) == [f"model{number:03}" for number in range(7)]


async def test_empty_pages_are_passed_over(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.quirks.empty_pages = True
    fill(civitai, 5)
    page = await client.models(SearchQuery(limit=2))
    assert page.items
    assert set(await names(client, SearchQuery(limit=2))) == {f"model{number:03}" for number in range(5)}


async def test_short_pages_do_not_end_the_list(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.quirks.newest_skips = True
    fill(civitai, 9)
    page = await client.models(SearchQuery(sort="Newest", limit=3))
    assert len(page.items) == 2
    assert page.next_cursor is not None
    assert len(await names(client, SearchQuery(sort="Newest", limit=3))) == 7


async def test_a_cursor_that_leads_to_itself_is_the_end(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Status(200, body=b'{"items":[{"id":1}],"metadata":{"nextCursor":"3|1|1"}}', times=None))
    page = await client.models(SearchQuery(cursor="3|1|1"))
    assert page.next_cursor is None


async def test_an_unknown_tag_finds_nothing_though_the_site_answers_with_everything(
    civitai: FakeCivitai, client: CivitaiClient
) -> None:
    fill(civitai, 3)
    assert (await client.models(SearchQuery(tag="style"))).items
    assert (await client.models(SearchQuery(tag="nosuch"))).items == []


async def test_a_malformed_cursor_is_an_error(client: CivitaiClient) -> None:
    with pytest.raises(ApiError, match="Invalid cursor"):
        await client.models(SearchQuery(cursor="x"))


async def test_many_searches_at_once_share_what_is_equal_and_fail_alone(
    civitai: FakeCivitai, client: CivitaiClient
) -> None:
    fill(civitai, 2)
    ink, all_of_them, bad = SearchQuery(query="model001"), SearchQuery(), SearchQuery(cursor="x")
    results = await client.search_batch([ink, all_of_them, ink, bad, SearchQuery(query="model001")])
    found = [[model.name for model in result.items] if isinstance(result, ModelPage) else result for result in results]
    assert found[:3] == [["model001"], ["model000", "model001"], ["model001"]]
    assert isinstance(found[3], ApiError)
    assert found[4] == ["model001"]
    assert len(civitai.site.requests) == 3


# -- Models and versions ----------------------------------------------------------------------------------------------


async def test_a_model_has_its_versions_newest_first(civitai: FakeCivitai, client: CivitaiClient) -> None:
    old = civitai.add(samples.lora("cat", version_name="v1"))
    new = civitai.add(samples.lora("cat", version_name="v2", size=70000), model_id=old.model_id)
    model = await client.model(old.model_id)
    assert [version.id for version in model.versions] == [new.version_id, old.version_id]
    assert model.creator is not None
    assert model.creator.username == "alice"


async def test_what_the_site_leaves_out_is_empty(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.quirks.drop_empty = True
    bare = {"creator": ..., "tags": [], "description": None}
    ids = civitai.add(samples.lora("cat", model_fields=bare, version_fields={"files": [], "images": []}))
    model = await client.model(ids.model_id)
    assert (model.creator, model.tags, model.description) == (None, [], None)
    assert (model.versions[0].files, model.versions[0].images, model.versions[0].trained_words) == ([], [], [])


async def test_a_file_without_hashes_or_metadata_is_taken(civitai: FakeCivitai, client: CivitaiClient) -> None:
    nothing = {"metadata": {"format": None, "size": None, "fp": None}, "hashes": ..., "primary": ...}
    ids = civitai.add(samples.lora("cat", file_fields=nothing))
    file = (await client.version(ids.version_id)).files[0]
    assert (file.hashes.by_kind(), file.metadata.format, file.primary) == ({}, "", False)


async def test_what_the_site_does_not_know_is_not_found(client: CivitaiClient) -> None:
    for question in (client.model(9), client.version(9), client.by_hash("A" * 64)):
        with pytest.raises(NotFoundError):
            await question


@pytest.mark.parametrize("kind", ["SHA256", "AutoV1", "AutoV2", "AutoV3", "CRC32", "BLAKE3"])
async def test_a_version_is_found_by_each_kind_of_hash_in_any_case(
    civitai: FakeCivitai, client: CivitaiClient, kind: str
) -> None:
    ids = civitai.add(samples.lora("cat", size=3_000_000))
    known = (await client.version(ids.version_id)).files[0].hashes.by_kind()[kind]
    assert (await client.by_hash(known.lower())).id == ids.version_id
    assert civitai.site.requests[-1].path.endswith(known)


async def test_what_is_no_hash_never_becomes_a_path(civitai: FakeCivitai, client: CivitaiClient) -> None:
    with pytest.raises(UsageError):
        await client.by_hash("../../models")
    assert civitai.site.requests == []


async def test_a_version_s_model_knows_its_id(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat"))
    model = (await client.version(ids.version_id)).model
    assert model is not None
    assert model.id == ids.model_id


# -- Many hashes ------------------------------------------------------------------------------------------------------


async def test_hashes_are_looked_up_a_hundred_at_once_whatever_the_answer_looks_like(
    civitai: FakeCivitai, client: CivitaiClient
) -> None:
    known = [civitai.add(samples.lora(f"m{number}", size=None)) for number in range(30)]
    unknown = [f"{number:064x}" for number in range(220)]
    asked = [ids.sha256 for ids in known] + unknown + [known[0].sha256.upper()]
    found = await client.by_hashes(asked)
    assert {sha256: version.id for sha256, version in found.items()} == {ids.sha256: ids.version_id for ids in known}
    assert [len(request.body) for request in civitai.site.requests] == [100 * 68, 100 * 68, 50 * 68]


async def test_links_to_undefined_are_rebuilt(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat"))
    version = (await client.by_hashes([ids.sha256]))[ids.sha256]
    assert version.download_url == f"{civitai.url}/api/download/models/{ids.version_id}"
    assert version.files[0].download_url == f"{civitai.url}/api/download/models/{ids.version_id}?fileId={ids.file_id}"


async def test_a_linked_file_s_hash_leads_to_its_own_version(civitai: FakeCivitai, client: CivitaiClient) -> None:
    vae = civitai.add(samples.vae("vae"))
    base = civitai.add(samples.checkpoint("base", linked_vae=vae.version_id))
    for asked in ([vae.sha256, base.sha256], [base.sha256, vae.sha256]):
        found = await client.by_hashes(asked)
        assert (found[vae.sha256].id, found[base.sha256].id) == (vae.version_id, base.version_id)


async def test_a_version_without_hashes_is_matched_by_its_id(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat", file_fields={"hashes": {}}))
    assert (await client.by_hashes([ids.sha256, "B" * 64]))[ids.sha256].id == ids.version_id


async def test_nothing_asked_is_nothing_sent(civitai: FakeCivitai, client: CivitaiClient) -> None:
    assert await client.by_hashes([]) == {}
    assert civitai.site.requests == []


async def test_only_sha256_can_be_looked_up_many_at_once(client: CivitaiClient) -> None:
    with pytest.raises(UsageError):
        await client.by_hashes(["7C819B6D13"])


async def test_hash_ids_are_asked_ten_thousand_at_once(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat"))
    found = await client.hash_ids([ids.sha256, *(f"{number:064x}" for number in range(10_000))])
    assert [(each.model_version_id, each.model_id, each.hash) for each in found] == [
        (ids.version_id, ids.model_id, ids.sha256.upper())
    ]
    assert len(civitai.site.requests) == 2


# -- Other lists ------------------------------------------------------------------------------------------------------


async def test_images_come_in_pages(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat", previews=[samples.preview(1), samples.preview(2)], nsfw_level=2))
    civitai.add(samples.lora("dog", previews=[samples.preview(3)]))
    page = await client.images(version_id=ids.version_id, limit=1, with_meta=True, nsfw="Soft")
    assert (len(page.items), page.items[0].nsfw_level, page.items[0].meta) == (1, 2, {"prompt": ""})
    rest = await client.images(version_id=ids.version_id, limit=1, cursor=page.next_cursor)
    assert rest.items[0].id != page.items[0].id
    assert rest.next_cursor is None
    assert len((await client.images()).items) == 3


async def test_tags_creators_and_enums_are_listed(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.add(samples.lora("cat", tags=["style", "ink"], creator="hana", base_model="Pony"))
    assert [tag.name for tag in (await client.tags("ink")).items] == ["ink"]
    creators = await client.creators()
    assert ([each.name for each in creators.items], creators.metadata.total_items) == (["hana"], 1)
    enums = await client.enums()
    assert "LORA" in enums.model_types
    assert enums.base_models == ["Pony"]


async def test_me_is_who_the_key_belongs_to(civitai: FakeCivitai, client: CivitaiClient) -> None:
    account = await client.me()
    assert (account.username, account.tier, account.status) == ("alice", "free", "active")
    civitai.keys.clear()
    with pytest.raises(AuthError, match="refuses your key"):
        await client.me()


async def test_a_blocked_region_is_said(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.quirks.region_blocked = True
    with pytest.raises(ApiError, match="not available in your region"):
        await client.enums()


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"7"])
async def test_an_answer_of_another_shape_is_no_answer(
    civitai: FakeCivitai, client: CivitaiClient, body: bytes
) -> None:
    civitai.faults.site.append(Status(200, body=body, times=None))
    for question in (client.models(SearchQuery()), client.version(1), client.enums()):
        with pytest.raises(ValidationError):
            await question
    assert await client.by_hashes(["A" * 64]) == {}


async def test_a_version_without_an_id_is_no_answer(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Status(200, body=b'{"name":"x"}'))
    with pytest.raises(ValidationError):
        await client.version(1)


async def test_a_challenge_page_is_not_remembered(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Html())
    with pytest.raises(ValidationError):
        await client.enums()
    assert await client.enums()


async def test_the_edge_s_own_errors_are_passing(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Status(522, {"Content-Type": "text/html"}, b"<html>", times=2))
    assert await client.enums()


async def test_too_many_requests_are_told_after_all_tries(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Status(429, times=None))
    with pytest.raises(RateLimitError, match="try again in a minute"):
        await client.enums()
    assert len(civitai.site.requests) == FAST.busy_attempts


# -- Remembering ------------------------------------------------------------------------------------------------------


async def test_a_hundred_lookups_of_ten_hashes_are_ten_requests(civitai: FakeCivitai, client: CivitaiClient) -> None:
    known = [civitai.add(samples.lora(f"m{number}", size=None)).sha256 for number in range(10)]
    versions = await asyncio.gather(*(client.by_hash(known[number % 10]) for number in range(100)))
    assert len({version.id for version in versions}) == 10
    for sha256 in known:
        await client.by_hash(sha256.upper())
    assert len(civitai.site.requests) == 10


async def test_equal_questions_share_one_request_even_without_the_cache(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat"))
    client = CivitaiClient(http, cache=False)
    await asyncio.gather(*(client.version(ids.version_id) for _ in range(20)))
    assert len(civitai.site.requests) == 1
    await client.version(ids.version_id)
    assert len(civitai.site.requests) == 2


async def test_the_cache_can_be_turned_off_at_any_time(civitai: FakeCivitai, http: Http) -> None:
    enabled = [True]
    client = CivitaiClient(http, cache=lambda: enabled[0])
    await client.enums()
    await client.enums()
    enabled[0] = False
    await client.enums()
    assert len(civitai.site.requests) == 2


async def test_fresh_asks_again_and_what_it_learns_is_remembered(civitai: FakeCivitai, client: CivitaiClient) -> None:
    ids = civitai.add(samples.lora("cat"))
    await client.version(ids.version_id)
    civitai.replace(ids.file_id, samples.lora("cat", size=70_000))
    assert (await client.version(ids.version_id)).files[0].size == 65536
    assert (await client.version(ids.version_id, fresh=True)).files[0].size == 70_000
    assert (await client.version(ids.version_id)).files[0].size == 70_000


async def test_errors_are_shared_but_not_remembered(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Status(404))
    results = await asyncio.gather(*(client.version(2001) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, NotFoundError) for result in results)
    civitai.add(samples.lora("cat"))
    assert (await client.version(2001)).id == 2001
    assert len(civitai.site.requests) == 2


async def test_one_who_stops_waiting_does_not_stop_the_others(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Delay(0.1))
    first, second = (asyncio.create_task(client.enums()) for _ in range(2))
    await until(lambda: bool(civitai.site.requests))
    first.cancel()
    assert (await second).model_types
    assert first.cancelled()
    assert len(civitai.site.requests) == 1


async def test_a_request_that_nobody_waits_for_ends(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Delay(30, times=1))
    only = asyncio.create_task(client.enums())
    await until(lambda: bool(civitai.site.requests))
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    assert (await client.enums()).model_types
    assert len(civitai.site.requests) == 2


async def test_closing_ends_what_is_being_asked(civitai: FakeCivitai, client: CivitaiClient) -> None:
    civitai.faults.site.append(Delay(30))
    asking = asyncio.create_task(client.enums())
    await until(lambda: bool(civitai.site.requests))
    await client.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_two_sites_have_two_memories(civitai: FakeCivitai, http: Http) -> None:
    async with FakeCivitai([samples.lora("cat")]) as other:
        where = [civitai.url]
        moving = Http(base_url=lambda: where[0], key_for=lambda url: None, retry=FAST)
        client = CivitaiClient(moving)
        with pytest.raises(NotFoundError):
            await client.version(2001)
        where[0] = other.url
        assert (await client.version(2001)).id == 2001
        where[0] = civitai.url
        with pytest.raises(NotFoundError):
            await client.version(2001)
        await moving.close()


async def test_answers_are_forgotten_after_their_time_and_when_there_are_too_many() -> None:
    now, asked = [0.0], list[str]()

    async def ask(name: str) -> str:
        asked.append(name)
        return name

    memory = Memory(lambda: True, size=2, seconds=300, timer=lambda: now[0])

    async def get(*keys: str) -> Sequence[str]:
        asked.clear()
        for key in keys:
            assert await memory.get(key, partial(ask, key)) == key
        return list(asked)

    assert await get("a", "a") == ["a"]
    now[0] = 299.0
    assert await get("a") == []
    now[0] = 301.0
    assert await get("a") == ["a"]
    assert await get("b", "c", "a") == ["b", "c", "a"]
