"""Bytes on their way: every break is taken up where it was, and nothing false is ever spliced in or kept."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lorakeeper.py.civitai.schemas import VersionFile
from lorakeeper.py.errors import (
    ApiError,
    AuthError,
    EarlyAccessError,
    LorakeeperError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    ValidationError,
    VerificationError,
)
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import (
    ChangedEtag,
    Corrupt,
    Drop,
    Html,
    NoEtag,
    NoRange,
    Pace,
    Stall,
    Status,
    Truncate,
    WrongLength,
)

SIZE = 2_000_000  # enough that a break loses what lay in buffers only


@pytest.fixture
def sample() -> samples.Sample:
    return samples.lora("cat", size=SIZE)


async def test_file_arrives_whole_under_its_name_and_nothing_else_stays(rig: Any, sample: samples.Sample) -> None:
    outcome = await rig.fetch(rig.add(sample))

    assert (outcome.status, outcome.path) == ("installed", rig.folder / "cat.safetensors")
    assert outcome.path.read_bytes() == sample.content()
    assert (outcome.sha256, outcome.size) == (hashlib.sha256(sample.content()).hexdigest(), SIZE)
    assert outcome.reason is None
    assert rig.files() == {"cat.safetensors"}


@pytest.mark.parametrize(
    "sample",
    [samples.upscaler(size=200_000), samples.gguf_model(size=200_000), samples.lora(size=200_000), samples.vae()],
    ids=lambda sample: sample.file_name,
)
async def test_every_format_arrives_byte_identical(rig: Any, sample: samples.Sample) -> None:
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.status == "installed"
    assert outcome.path.read_bytes() == sample.content()


async def test_break_is_taken_up_where_it_was(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Drop(1_000_000), Drop(500_000)]
    outcome = await rig.fetch(rig.add(sample))

    first, second, third = rig.ranges()
    assert first is None
    assert 0 < int(second[6:-1]) <= 1_000_000
    assert int(second[6:-1]) <= int(third[6:-1]) <= 1_500_000
    assert outcome.path.read_bytes() == sample.content()


async def test_every_break_is_survived_as_long_as_bytes_come(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Pace(10_000_000), *(Drop(250_000) for _ in range(20))]
    outcome = await rig.fetch(rig.add(sample))

    assert len(rig.ranges()) > 6
    assert outcome.path.read_bytes() == sample.content()


async def test_breaks_that_bring_nothing_end_in_an_error_and_keep_the_part(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage += [Drop(1_000_000), *(Drop(0) for _ in range(20))]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    assert "cat.safetensors" not in rig.files()

    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    assert (await rig.fetch(source)).path.read_bytes() == sample.content()
    assert rig.ranges()[0].startswith("bytes=")


async def test_stalled_answer_is_given_up_and_resumed(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Stall(1_000_000, seconds=30))
    outcome = await rig.fetch(rig.add(sample))

    assert [each and each[:6] for each in rig.ranges()] == [None, "bytes="]
    assert outcome.path.read_bytes() == sample.content()


async def test_range_is_bound_to_the_tag_of_the_first_answer(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Drop(1_000_000))
    await rig.fetch(rig.add(sample))

    assert rig.civitai.storage.requests[-1].headers["If-Range"].startswith('"')


async def test_changed_tag_starts_again(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [ChangedEtag(), Drop(1_000_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()
    assert not rig.refreshed


async def test_changed_tag_on_a_partial_answer_is_not_spliced(rig: Any, sample: samples.Sample) -> None:
    """A server that ignores If-Range and sends a part of what may be another file."""
    source = rig.add(sample)
    rig.civitai.faults.storage += [Drop(1_000_000), *(Drop(0) for _ in range(20))]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    journal = next(rig.folder.glob("*.json"))
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "etag": 'W/"another"'}))
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    outcome = await rig.fetch(source)

    assert [each and each[:6] for each in rig.ranges()] == ["bytes=", None]
    assert "If-Range" not in rig.civitai.storage.requests[0].headers
    assert outcome.path.read_bytes() == sample.content()


async def test_missing_tag_resumes_all_the_same(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [NoEtag(), Drop(1_000_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert rig.ranges()[1].startswith("bytes=")
    assert "If-Range" not in rig.civitai.storage.requests[1].headers
    assert outcome.path.read_bytes() == sample.content()


async def test_server_without_ranges_starts_again(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [NoRange(), Drop(1_000_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()


async def test_server_without_ranges_that_always_breaks_is_given_up(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [NoRange(), *(Drop(1_000_000) for _ in range(50))]
    with pytest.raises(NetworkError):
        await rig.fetch(rig.add(sample))

    assert len(rig.ranges()) < 15


async def test_range_beyond_the_end_starts_again(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Drop(1_000_000), Truncate(at=300_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert [each and each[:6] for each in rig.ranges()] == [None, "bytes=", None]
    assert outcome.path.read_bytes() == sample.content()


@pytest.mark.parametrize(
    "answer",
    [
        {"Content-Range": "bytes 0-1999999/2000000"},
        {"Content-Range": "bytes 7-1999999/2000000"},
        {"Content-Range": "bytes 1000000-1999999/2000001"},
        {"Content-Range": "bytes */2000000"},
        {"Content-Range": "kittens"},
        {},
    ],
    ids=str,
)
async def test_partial_answer_of_other_bytes_is_refused(
    rig: Any, sample: samples.Sample, answer: dict[str, str]
) -> None:
    binary = {"Content-Type": "binary/octet-stream", **answer}
    rig.civitai.faults.storage += [Drop(1_000_000), Status(206, binary, body=b"x" * 200_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert rig.ranges()[-1] is None
    assert outcome.path.read_bytes() == sample.content()


async def test_partial_answer_to_a_request_for_all_is_refused(rig: Any, sample: samples.Sample) -> None:
    answer = {"Content-Type": "binary/octet-stream", "Content-Range": "bytes 5-9/2000000"}
    rig.civitai.faults.storage.append(Status(206, answer, body=b"x" * 5))

    assert (await rig.fetch(rig.add(sample))).path.read_bytes() == sample.content()


async def test_expired_link_is_resolved_again_and_keeps_the_bytes(rig: Any, sample: samples.Sample) -> None:
    expired = Status(403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>")
    rig.civitai.faults.storage += [Drop(1_000_000), expired]
    outcome = await rig.fetch(rig.add(sample))

    assert len(rig.civitai.site.requests) == 3
    assert rig.ranges()[2] == rig.ranges()[1] != None  # noqa: E711
    assert outcome.path.read_bytes() == sample.content()


async def test_link_that_is_always_expired_is_given_up(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.link_lifetime = -1.0
    with pytest.raises(ApiError, match="link"):
        await rig.fetch(rig.add(sample))

    assert rig.files() == set()


@pytest.mark.parametrize("times", [1, 3])
async def test_web_page_is_never_saved(rig: Any, sample: samples.Sample, times: int) -> None:
    rig.civitai.faults.storage.append(Html(times=times))

    assert (await rig.fetch(rig.add(sample))).path.read_bytes() == sample.content()


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<html></html>", b"\n\n <HTML><head>", b"\xef\xbb\xbf<html>"])
async def test_web_page_of_another_type_is_never_saved(rig: Any, sample: samples.Sample, page: bytes) -> None:
    page = page.ljust(SIZE)
    rig.civitai.faults.storage.append(Status(200, {"Content-Type": "application/octet-stream"}, page, times=None))
    with pytest.raises(ValidationError, match="web page"):
        await rig.fetch(rig.add(sample, size=None, sha256=None))

    assert rig.files() == set()


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthError), (403, AuthError), (404, NotFoundError), (410, NotFoundError), (451, ApiError), (400, ApiError)],
)
async def test_refusal_is_not_tried_again(
    rig: Any, sample: samples.Sample, status: int, error: type[LorakeeperError]
) -> None:
    rig.civitai.faults.site.append(Status(status, times=None))
    with pytest.raises(error):
        await rig.fetch(rig.add(sample))

    assert len(rig.civitai.site.requests) == 1
    assert rig.files() == set()


async def test_early_access_is_said_as_such(rig: Any) -> None:
    with pytest.raises(EarlyAccessError):
        await rig.fetch(rig.add(samples.lora("early", early_access=timedelta(days=3650))))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 520, 524])
async def test_passing_trouble_is_tried_again(rig: Any, sample: samples.Sample, status: int) -> None:
    rig.civitai.faults.site += [Status(status), Status(status)]
    rig.civitai.faults.storage.append(Status(status))

    assert (await rig.fetch(rig.add(sample))).path.read_bytes() == sample.content()


async def test_too_many_requests_end_in_their_own_error(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.site.append(Status(429, times=None))
    with pytest.raises(RateLimitError):
        await rig.fetch(rig.add(sample))

    assert len(rig.civitai.site.requests) == 4


async def test_wait_that_is_too_long_is_not_waited_for(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.site.append(Status(429, {"Retry-After": "3600"}, times=None))
    with pytest.raises(RateLimitError):
        await rig.fetch(rig.add(sample))

    assert len(rig.civitai.site.requests) == 1


async def test_key_goes_to_the_site_only(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.require_key = {"secret-key-0123456789"}
    rig.civitai.faults.storage += [Drop(1000), Drop(1000)]
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.status == "installed"
    assert {each.headers.get("Authorization") for each in rig.civitai.site.requests} == {"Bearer secret-key-0123456789"}
    assert all("Authorization" not in each.headers for each in rig.civitai.storage.requests)
    assert all("secret" not in str(each.headers) + str(each.query) for each in rig.civitai.storage.requests)


async def test_mirror_helps_where_the_site_has_the_file_no_more(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.site.append(Status(410, times=None))
    source = rig.add(sample)
    gone = f"{rig.civitai.storage.url}/public/gone"
    mirror = rig.civitai.publish(sample.content(), "cat.safetensors")
    outcome = await rig.fetch(rig.add(sample, urls=(*source.urls, gone, mirror)))

    assert outcome.path.read_bytes() == sample.content()


async def test_mirror_takes_up_what_the_site_began(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage += [Drop(1_000_000), *(Drop(0) for _ in range(20))]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    rig.civitai.faults.storage.clear()
    rig.civitai.faults.site.append(Status(404, times=None))
    mirror = rig.civitai.publish(sample.content(), "cat.safetensors")
    outcome = await rig.fetch(replace(source, urls=(*source.urls, mirror)))

    assert rig.ranges()[-1].startswith("bytes=")
    assert "If-Range" not in rig.civitai.storage.requests[-1].headers  # the tag was another server's
    assert outcome.path.read_bytes() == sample.content()


async def test_mirror_never_hides_that_a_key_is_missing(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.site.append(Status(401, times=None))
    source = rig.add(sample)
    with pytest.raises(AuthError):
        await rig.fetch(rig.add(sample, urls=(*source.urls, rig.civitai.publish(sample.content(), "x"))))

    assert not rig.civitai.storage.requests


async def test_error_is_the_first_address_s_own(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.site.append(Status(410, times=None))
    source = rig.add(sample)
    with pytest.raises(NotFoundError) as caught:
        await rig.fetch(rig.add(sample, urls=(*source.urls, f"{rig.civitai.storage.url}/public/none")))

    assert caught.value.site_status == 410


async def test_truncated_file_is_not_kept(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Truncate(at=1_200_000, times=None))
    with pytest.raises(VerificationError, match="not kept"):
        await rig.fetch(rig.add(sample))

    assert rig.files() == set()


async def test_truncated_file_without_a_known_size_is_not_kept(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Truncate(at=1_200_000, times=None))
    with pytest.raises(VerificationError, match="SHA256"):
        await rig.fetch(rig.add(sample, size=None))

    assert rig.files() == set()


async def test_corrupted_once_is_fetched_again(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Corrupt(at=123_456))
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()
    assert len(rig.refreshed) == 1


async def test_corrupted_for_good_is_an_error_and_leaves_nothing(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Corrupt(at=123_456, times=None))
    with pytest.raises(VerificationError, match="SHA256"):
        await rig.fetch(rig.add(sample))

    assert rig.files() == set()
    assert len(rig.refreshed) == 1
    assert len(rig.ranges()) == 2


async def test_other_file_of_the_same_size_is_not_kept(rig: Any, sample: samples.Sample) -> None:
    other = samples.lora("other", size=SIZE)
    source = rig.add(sample, urls=(rig.civitai.publish(other.content(), "other.safetensors"),))
    with pytest.raises(VerificationError):
        await rig.fetch(source)

    assert rig.files() == set()


async def test_more_bytes_than_the_file_has_are_stopped(rig: Any, sample: samples.Sample) -> None:
    """A compressed answer says no length that counts."""
    packed = {"Content-Type": "binary/octet-stream", "Content-Encoding": "gzip"}
    rig.civitai.faults.storage.append(Status(200, packed, gzip.compress(bytes(50 * SIZE)), times=None))
    with pytest.raises(VerificationError, match="more than its"):
        await rig.fetch(rig.add(sample, sha256=None, file=VersionFile(id=1)))

    assert rig.files() == set()
    assert max(progress.received for progress in rig.seen) < 10 * SIZE


async def test_wrong_content_length_of_the_right_bytes_is_survived(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(WrongLength())
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()


async def test_wrong_size_on_the_site_loses_against_the_right_hash(rig: Any, sample: samples.Sample) -> None:
    outcome = await rig.fetch(rig.add(sample, size=SIZE - 8))

    assert outcome.path.read_bytes() == sample.content()


async def test_wrong_size_without_a_hash_is_an_error(rig: Any, sample: samples.Sample) -> None:
    with pytest.raises(VerificationError):
        await rig.fetch(rig.add(sample, size=SIZE - 8, sha256=None, file=VersionFile(id=1)))

    assert rig.files() == set()


async def test_damaged_part_is_replaced_by_a_clean_one(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage += [Drop(1_000_000), *(Drop(0) for _ in range(20))]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    part = next(rig.folder.glob("*.part"))
    part.write_bytes(b"\xff" + part.read_bytes()[1:])
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    outcome = await rig.fetch(source)

    assert [each and each[:6] for each in rig.ranges()] == ["bytes=", None]
    assert outcome.path.read_bytes() == sample.content()
    assert not rig.refreshed


async def test_damaged_piece_is_not_blamed_on_the_site(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Drop(1_000_000), Corrupt(at=1_900_000)]
    outcome = await rig.fetch(rig.add(sample))

    assert [each and each[:6] for each in rig.ranges()] == [None, "bytes=", None]
    assert outcome.path.read_bytes() == sample.content()
    assert not rig.refreshed


async def test_file_that_the_author_replaced_is_taken_by_its_new_hash(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    newer = samples.lora("newer", size=SIZE + 800)
    rig.civitai.replace(source.file.id, newer)
    sha256 = hashlib.sha256(newer.content()).hexdigest()
    rig.fresh[source.version.id] = replace(source, sha256=sha256, size=newer.size)
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == newer.content()
    assert outcome.sha256 == sha256
    assert len(rig.ranges()) == 2


async def test_bytes_that_fit_the_new_hash_are_not_fetched_twice(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.fresh[source.version.id] = source
    outcome = await rig.fetch(replace(source, sha256="0" * 64))

    assert outcome.path.read_bytes() == sample.content()
    assert len(rig.ranges()) == 1


async def test_name_in_content_disposition_is_ignored(rig: Any, sample: samples.Sample) -> None:
    """The fake's storage calls every file ``../../name``."""
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.parent == rig.folder
    assert {path.name for path in rig.folder.parent.iterdir()} <= {"loras", "quarantine"}


async def test_file_without_addresses_is_an_error(rig: Any, sample: samples.Sample) -> None:
    with pytest.raises(LorakeeperError, match="address"):
        await rig.fetch(rig.add(sample, urls=()))
