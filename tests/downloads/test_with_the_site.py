"""From what a user pastes to the file in its folder: the real client and resolver in front of the transaction."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lorakeeper.py.civitai.client import CivitaiClient
from lorakeeper.py.civitai.names import safe_file_name
from lorakeeper.py.civitai.resolve import Resolver
from lorakeeper.py.downloads import DiskSpace, Downloads, Outcome, RetryPolicy
from lorakeeper.py.downloads.placement import check_name
from lorakeeper.py.errors import AuthError, EarlyAccessError, NotFoundError
from lorakeeper.py.security import ModelScanner
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Status

SIZE = 100_000


class Site:
    """The way from a target to the file."""

    def __init__(self, rig: Any) -> None:
        self.rig = rig
        self.resolver = Resolver(CivitaiClient(rig.http), lambda: SimpleNamespace(path_template=""))

        async def nothing(_: str) -> Path | None:
            return None

        self.downloads = Downloads(
            rig.http,
            DiskSpace(),
            ModelScanner(),
            rig.quarantine,
            nothing,
            self.resolver.refresh,
            retry=RetryPolicy(attempts=3, wait_initial=0.001, wait_max=0.01, wait_jitter=0),
        )

    async def get(self, target: str) -> Outcome:
        return await self.downloads.fetch(await self.resolver.resolve(target), self.rig.folder)


@pytest.fixture
def site(rig: Any) -> Site:
    return Site(rig)


async def test_pasted_link_becomes_the_file(site: Site, rig: Any) -> None:
    sample = samples.lora("cat", size=SIZE)
    ids = rig.civitai.add(sample)
    outcome = await site.get(f"{rig.civitai.url}/models/{ids.model_id}?modelVersionId={ids.version_id}")

    assert outcome.path == rig.folder / "cat.safetensors"
    assert outcome.path.read_bytes() == sample.content()


async def test_file_replaced_after_it_was_resolved_is_taken_as_it_is_now(site: Site, rig: Any) -> None:
    ids = rig.civitai.add(samples.lora("cat", size=SIZE))
    source = await site.resolver.resolve(f"{rig.civitai.url}/models/{ids.model_id}")
    newer = samples.lora("cat", size=SIZE + 4000, trigger_words=["new"])
    rig.civitai.replace(ids.file_id, newer)
    outcome = await site.downloads.fetch(source, rig.folder)

    assert outcome.path.read_bytes() == newer.content()
    assert outcome.sha256 == hashlib.sha256(newer.content()).hexdigest() != source.sha256
    assert rig.files() == {"cat.safetensors"}


async def test_locked_file_comes_with_the_key_which_the_storage_never_sees(site: Site, rig: Any) -> None:
    rig.civitai.keys.add("secret-key-0123456789")
    sample = samples.lora("locked", size=SIZE, needs_key=True)
    ids = rig.civitai.add(sample)

    assert (await site.get(f"{rig.civitai.url}/models/{ids.model_id}")).path.read_bytes() == sample.content()
    assert all("Authorization" not in request.headers for request in rig.civitai.storage.requests)


async def test_locked_file_with_a_wrong_key_is_one_sentence(site: Site, rig: Any) -> None:
    ids = rig.civitai.add(samples.lora("locked", size=SIZE, needs_key=True))
    with pytest.raises(AuthError):
        await site.get(f"{rig.civitai.url}/models/{ids.model_id}")

    assert rig.files() == set()


async def test_early_access_tells_until_when(site: Site, rig: Any) -> None:
    ids = rig.civitai.add(samples.lora("early", size=SIZE, early_access=timedelta(days=3650)))
    with pytest.raises(EarlyAccessError) as caught:
        await site.get(f"{rig.civitai.url}/models/{ids.model_id}")

    assert caught.value.deadline is not None


async def test_file_that_is_gone_comes_from_a_living_mirror(site: Site, rig: Any) -> None:
    sample = samples.lora("old", size=SIZE)
    mirror = rig.civitai.publish(sample.content(), "old.safetensors")
    dead = {"url": "http://127.0.0.1:9/dead", "deletedAt": "2025-01-01T00:00:00Z"}
    ids = rig.civitai.add(sample.but(mirrors=[dead, {"url": mirror}]))
    rig.civitai.faults.site.append(Status(410, path="/api/download/", times=None))

    assert (await site.get(f"{rig.civitai.url}/models/{ids.model_id}")).path.read_bytes() == sample.content()


async def test_archived_file_without_a_mirror_is_an_error(site: Site, rig: Any) -> None:
    ids = rig.civitai.add(samples.lora("old", size=SIZE, archived=True))
    with pytest.raises(NotFoundError):
        await site.get(f"{rig.civitai.url}/models/{ids.model_id}")


async def test_name_from_the_site_never_leaves_the_folder(site: Site, rig: Any) -> None:
    sample = samples.lora("cat", size=SIZE).but(file_name="../../../etc/cron.d/cat.safetensors")
    ids = rig.civitai.add(sample)
    outcome = await site.get(f"{rig.civitai.url}/models/{ids.model_id}")

    assert outcome.path.parent == rig.folder
    assert outcome.path.read_bytes() == sample.content()


@pytest.mark.parametrize(
    "name",
    ["../a", "C:\\x.pt", "con", "NUL.safetensors", "a/b\\c", " . ", "..", "a\0b", "x" * 400, "ok.safetensors", "夢?"],
)
def test_every_name_that_the_client_makes_is_accepted(name: str) -> None:
    check_name(safe_file_name(name, otherwise="model-1"))


async def test_passing_404_of_the_link_ends_in_not_found(site: Site, rig: Any) -> None:
    ids = rig.civitai.add(samples.lora("cat", size=SIZE))
    rig.civitai.faults.storage.append(Status(404, times=None))
    with pytest.raises(NotFoundError):
        await site.get(f"{rig.civitai.url}/models/{ids.model_id}")

    assert rig.files() == set()
