"""The metadata of single files, of many and of folders: from the site, from another tool or from the file itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from lorakeeper.py.errors import BrokenFileError, MissingError
from lorakeeper.py.library import rows
from lorakeeper.py.library.metadata import FileMetadata
from lorakeeper.py.storage.tables import files
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Drop

from .site_rig import Rig, digest, put

BATCH = "model-versions/by-hash"


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
