"""From what was pasted to the very file, its addresses and its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lorakeeper.py.civitai.http import Http
from lorakeeper.py.civitai.resolve import Resolver
from lorakeeper.py.errors import NotFoundError, UsageError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

from .conftest import Placement


async def test_everything_that_a_download_needs_is_told(
    civitai: FakeCivitai, resolver: Resolver, placement: Placement
) -> None:
    placement.path_template = "{base_model}/{creator}"
    ids = civitai.add(samples.lora("cat", trigger_words=["cat"], tags=["animal"], creator="al:ice"))
    source = await resolver.resolve(str(ids.model_id))
    assert (source.name, source.size, source.sha256) == ("cat.safetensors", 65536, ids.sha256)
    assert source.urls == (f"{civitai.url}/api/download/models/{ids.version_id}?fileId={ids.file_id}",)
    assert (source.kind, source.folder) == ("loras", "SDXL 1.0/al_ice")
    assert (source.version.id, source.version.model_id, source.version.trained_words) == (
        ids.version_id,
        ids.model_id,
        ["cat"],
    )
    model = source.version.model
    assert model is not None
    assert (model.id, model.name, model.type, model.nsfw, model.tags) == (
        ids.model_id,
        "cat",
        "LORA",
        False,
        ["animal"],
    )
    assert source.version.air == f"urn:air:sdxl:lora:civitai:{ids.model_id}@{ids.version_id}"


async def test_each_kind_of_target_leads_to_the_file(civitai: FakeCivitai, resolver: Resolver, tmp_path: Path) -> None:
    sample = samples.lora("cat")
    ids = civitai.add(sample)
    local = tmp_path / "renamed.safetensors"
    local.write_bytes(sample.content())
    targets = [
        f"{ids.model_id}",
        f"{ids.model_id}@{ids.version_id}",
        f"urn:air:sdxl:lora:civitai:{ids.model_id}@{ids.version_id}",
        f"https://civitai.com/models/{ids.model_id}/cat?modelVersionId={ids.version_id}",
        f"https://civitai.red/api/download/models/{ids.version_id}",
        f"{civitai.url}/models/{ids.model_id}",
        ids.sha256,
        ids.sha256[:10],
        str(local),
    ]
    assert {(await resolver.resolve(target)).sha256 for target in targets} == {ids.sha256}
    assert {(await resolver.version(target)).id for target in targets} == {ids.version_id}
    origins = {request.headers["Host"] for request in civitai.site.requests}
    assert origins == {civitai.url.removeprefix("http://")}


async def test_a_model_means_its_newest_version(civitai: FakeCivitai, resolver: Resolver) -> None:
    old = civitai.add(samples.lora("cat"))
    new = civitai.add(samples.lora("cat", size=70_000), model_id=old.model_id)
    assert (await resolver.version(str(old.model_id))).id == new.version_id


async def test_a_file_may_be_named_by_its_id(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", files=(samples.lora("cat", size=70_000, primary=False),)))
    second = ids.file_ids[1]
    for source in (
        await resolver.resolve(str(ids.model_id), file_id=second),
        await resolver.resolve(f"{ids.model_id}@{ids.version_id}+{second}"),
        await resolver.resolve(f"https://civitai.com/api/download/models/{ids.version_id}?fileId={second}"),
    ):
        assert (source.file.id, source.size) == (second, 70_000)
        assert source.urls[0].endswith(f"?fileId={second}")
    with pytest.raises(UsageError):
        await resolver.resolve(str(ids.model_id), file_id=1)


async def test_a_download_link_s_choices_are_kept(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", files=(samples.lora("cat", size=70_000, primary=False, fp="fp32"),)))
    link = f"https://civitai.com/api/download/models/{ids.version_id}?type=Model&format=SafeTensor&fp=fp32"
    assert (await resolver.resolve(link)).file.id == ids.file_ids[1]


async def test_a_hash_leads_to_the_file_that_has_it(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", files=(samples.lora("cat", size=70_000, primary=False),)))
    version = await resolver.version(str(ids.model_id))
    blake3 = version.files[1].hashes.blake3
    assert blake3 is not None
    assert (await resolver.resolve(f"blake3:{blake3}")).file.id == ids.file_ids[1]


async def test_a_version_of_another_model_is_refused(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat"))
    with pytest.raises(UsageError, match=f"belongs to model {ids.model_id}, not 7"):
        await resolver.resolve(f"7@{ids.version_id}")


async def test_a_version_outlives_its_model_s_page(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat"))
    civitai.quirks.lost_models.add(ids.model_id)
    source = await resolver.resolve(ids.sha256)
    assert source.version.model is not None
    assert (source.version.model.name, source.version.model.creator, source.kind) == ("cat", None, "loras")


async def test_a_model_without_versions_says_what_to_do(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat"))
    civitai.quirks.bare_models.add(ids.model_id)
    with pytest.raises(NotFoundError, match="paste a link to one of its versions"):
        await resolver.resolve(str(ids.model_id))
    assert (await resolver.resolve(f"{ids.model_id}@{ids.version_id}")).sha256 == ids.sha256


async def test_an_archived_model_has_no_file(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", archived=True))
    with pytest.raises(NotFoundError, match="no file to download"):
        await resolver.resolve(str(ids.model_id))


async def test_a_link_that_only_works_with_the_file_s_id_works(
    civitai: FakeCivitai, resolver: Resolver, http: Http
) -> None:
    civitai.quirks.link_needs_file_id = True
    sample = samples.lora("cat")
    ids = civitai.add(sample)
    source = await resolver.resolve(str(ids.model_id))
    async with http.open(source.urls[0], {}) as response:
        assert await response.read() == sample.content()


async def test_a_linked_vae_is_not_taken_for_the_model_and_leads_to_its_own_version(
    civitai: FakeCivitai, resolver: Resolver
) -> None:
    vae = civitai.add(samples.vae("water"))
    ids = civitai.add(samples.checkpoint("base", linked_vae=vae.version_id, primary=False))
    assert (await resolver.resolve(str(ids.model_id))).file.id == ids.file_id
    linked = await resolver.resolve(str(ids.model_id), file_id=vae.file_id)
    assert (linked.version.id, linked.kind) == (vae.version_id, "vae")
    assert linked.urls[0] == f"{civitai.url}/api/download/models/{vae.version_id}?fileId={vae.file_id}"


async def test_a_linked_vae_of_nobody_is_asked_for_in_both_ways(civitai: FakeCivitai, resolver: Resolver) -> None:
    vae = civitai.add(samples.vae("water", hashes={}))
    ids = civitai.add(samples.checkpoint("base", linked_vae=vae.version_id))
    linked = await resolver.resolve(str(ids.model_id), file_id=vae.file_id)
    link = f"{civitai.url}/api/download/models/{ids.version_id}"
    assert linked.urls == (f"{link}?fileId={vae.file_id}", f"{link}?type=VAE&format=SafeTensor")
    assert linked.sha256 is None


async def test_living_mirrors_come_after_the_site(civitai: FakeCivitai, resolver: Resolver) -> None:
    mirrors = [
        {"url": "https://mirror.example/a", "deletedAt": None},
        {"url": "https://mirror.example/dead", "deletedAt": "2024-01-01T00:00:00Z"},
        {"url": "file:///etc/passwd"},
        {"nothing": 1},
        {"url": "https://mirror.example/b"},
    ]
    ids = civitai.add(samples.lora("cat", mirrors=mirrors))
    source = await resolver.resolve(str(ids.model_id))
    assert source.urls[1:] == ("https://mirror.example/a", "https://mirror.example/b")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../../evil.safetensors", "_.._.._evil.safetensors"),
        ("sub/dir\\cat.safetensors", "sub_dir_cat.safetensors"),
        ("aux.safetensors", "_aux.safetensors"),
        ("", "cat.safetensors"),
        ("run.bat", "run.bat.safetensors"),
    ],
)
async def test_a_name_from_the_site_is_never_a_path(
    civitai: FakeCivitai, resolver: Resolver, said: str, name: str
) -> None:
    ids = civitai.add(samples.lora("cat", file_fields={"name": said}))
    assert (await resolver.resolve(str(ids.model_id))).name == name


async def test_the_author_s_own_name_for_a_file_goes_first(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", file_fields={"overrideName": "kitten.safetensors"}))
    assert (await resolver.resolve(str(ids.model_id))).name == "kitten.safetensors"


async def test_names_may_differ_between_endpoints(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat"))
    source = await resolver.resolve(str(ids.model_id))
    civitai.replace(ids.file_id, samples.lora("cat").but(file_name="other.safetensors"))
    assert (await resolver.refresh(source)).file.id == source.file.id


async def test_refreshing_finds_what_the_author_put_in_its_place(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat"))
    source = await resolver.resolve(str(ids.model_id))
    new = samples.lora("cat", size=70_000)
    civitai.replace(ids.file_id, new)
    again = await resolver.refresh(source)
    assert (again.file.id, again.size) == (source.file.id, 70_000)
    assert again.sha256 != source.sha256


async def test_a_file_that_the_site_does_not_know_is_not_found(resolver: Resolver, tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    path.write_bytes(b"mine")
    with pytest.raises(NotFoundError):
        await resolver.version(str(path))


async def test_early_access_can_be_looked_at(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", early_access=timedelta(days=7)))
    assert (await resolver.resolve(str(ids.model_id))).sha256 == ids.sha256


async def test_a_sizes_that_was_rounded_is_not_trusted(civitai: FakeCivitai, resolver: Resolver) -> None:
    ids = civitai.add(samples.lora("cat", size=65_537, file_fields={"sizeKB": 64.0009}))
    assert (await resolver.resolve(str(ids.model_id))).size is None
