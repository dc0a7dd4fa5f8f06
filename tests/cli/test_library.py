"""`scan` and `library` on the command line: what they find, what they change, and that it can be taken back."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import samples


@pytest.fixture
def loras(models: Path) -> Path:
    folder = models / "loras"
    folder.mkdir(parents=True)
    for name in ("red dress", "blue hat"):
        path = folder / f"{name}.safetensors"
        path.write_bytes(samples.lora(name, trigger_words=[name]).content())
        os.utime(path, (1e9, 1e9))
    return folder


def counts(document: dict[str, Any]) -> dict[str, int]:
    return {name: document[name] for name in ("files", "new", "changed", "moved", "missing", "broken")}


async def test_scan_ends_with_its_counts(run: Any, loras: Path) -> None:
    (loras / "broken.safetensors").write_bytes(b"\xff" * 100)

    first = await run("scan", "--json")
    (loras / "red dress.safetensors").rename(loras / "dress.safetensors")
    (loras / "broken.safetensors").unlink()
    second = await run("scan", "--json")

    assert (first.code, second.code) == (0, 0)
    assert counts(first.json[-1]) == {"files": 3, "new": 3, "changed": 0, "moved": 0, "missing": 0, "broken": 1}
    assert counts(second.json[-1]) == {"files": 2, "new": 0, "changed": 0, "moved": 1, "missing": 1, "broken": 0}
    assert first.json[-1]["seconds"] >= 0


async def test_scan_for_people_is_a_sentence(run: Any, loras: Path) -> None:
    said = await run("scan")

    assert said.code == 0
    assert "2 files in" in said.out
    assert "2 new" in said.out


async def test_scan_with_hash_knows_every_file_whole(run: Any, loras: Path) -> None:
    await run("scan", "--hash")

    said = await run("library", "search", "red", "--json")

    (item,) = said.json
    assert item["sha256"] == hashlib.sha256((loras / "red dress.safetensors").read_bytes()).hexdigest()
    assert item["hashed"]


async def test_scan_of_a_place_of_its_own(run: Any, tmp_path: Path, loras: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.safetensors").write_bytes(samples.lora("x").content())

    said = await run("scan", tmp_path / "elsewhere", "--json")

    assert counts(said.json[-1])["files"] == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("dress",), ["red dress"]),
        (("DRESS red",), ["red dress"]),
        (("drses",), ["red dress"]),
        (("", "--kind", "loras", "--sort", "name"), ["blue hat", "red dress"]),
        (("", "--sort", "name", "--descending"), ["red dress", "blue hat"]),
        (("", "--favourite"), []),
        (("", "--not-missing", "--limit", "1", "--sort", "name"), ["blue hat"]),
    ],
)
async def test_search_finds_what_is_asked_for(run: Any, loras: Path, words: tuple[str, ...], found: list[str]) -> None:
    await run("scan")

    said = await run("library", "search", *words, "--json")

    assert said.code == 0, said.err
    assert [item["file_name"].removesuffix(".safetensors") for item in said.json] == found


async def test_search_refuses_an_unknown_sort(run: Any, loras: Path) -> None:
    said = await run("library", "search", "x", "--sort", "colour")

    assert said.code == 2
    assert "--sort" in said.sentence


async def test_rename_asks_shows_does_and_is_undone(run: Any, loras: Path) -> None:
    await run("scan")

    planned = await run("library", "rename", "red dress.safetensors", "gown", "--dry-run")
    here_still = (loras / "red dress.safetensors").is_file()
    done = await run("library", "rename", "red dress.safetensors", "gown", "--yes", "--json")
    renamed = (loras / "gown.safetensors").is_file()
    undone = await run("library", "undo", str(done.json[-1]["action_id"]))

    assert "gown.safetensors" in planned.out
    assert here_still
    assert renamed
    assert undone.code == 0, undone.err
    assert (loras / "red dress.safetensors").is_file()


async def test_without_a_terminal_nothing_is_done_unasked(run: Any, loras: Path) -> None:
    await run("scan")

    said = await run("library", "trash", "red dress.safetensors")

    assert said.code == 0
    assert (loras / "red dress.safetensors").is_file()


async def test_trash_and_restore(run: Any, loras: Path) -> None:
    await run("scan")
    content = (loras / "red dress.safetensors").read_bytes()

    await run("library", "trash", "red dress.safetensors", "--yes")
    gone = not (loras / "red dress.safetensors").exists()
    await run("scan")
    others = await run("library", "search", "red dress", "--json")
    listed = await run("library", "search", "red dress", "--trashed", "--json")
    said = await run("library", "restore", str(listed.json[0]["id"]), "--yes")

    assert gone
    assert others.json == []
    assert said.code == 0, said.err
    assert (loras / "red dress.safetensors").read_bytes() == content


async def test_organise_moves_what_it_knows(run: Any, loras: Path) -> None:
    header = {"ss_base_model_version": "sdxl_base_v1-0"}
    (loras / "unknown.pt").write_bytes(b"of no known base model")
    (loras / "known.safetensors").write_bytes(samples.lora("known", metadata=header).content())
    await run("scan")

    said = await run("library", "organise", "{base_model}", "--kind", "loras", "--yes")

    assert said.code == 0, said.err
    assert (loras / "SDXL 1.0" / "known.safetensors").is_file()
    assert (loras / "unknown.pt").is_file()


async def test_duplicates_are_listed_and_linked(run: Any, loras: Path) -> None:
    (loras / "copy.safetensors").write_bytes((loras / "red dress.safetensors").read_bytes())
    os.utime(loras / "copy.safetensors", (1e9, 1e9))
    await run("scan", "--hash")

    (group,) = (await run("library", "duplicates", "--json")).json
    said = await run("library", "link", group["sha256"], "--yes")

    assert said.code == 0, said.err
    assert (loras / "copy.safetensors").stat().st_ino == (loras / "red dress.safetensors").stat().st_ino
    assert (await run("library", "duplicates", "--json")).json == []


async def test_verify_says_what_has_rotted(run: Any, loras: Path) -> None:
    await run("scan", "--hash")
    path = loras / "red dress.safetensors"
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    said = await run("library", "verify", "--json")

    assert said.code == 1
    assert [problem["verdict"] for problem in said.json[-1]["problems"]] == ["rotted"]


async def test_tags_are_searched_for(run: Any, loras: Path) -> None:
    await run("scan")
    await run("library", "tag", "red dress.safetensors", "--add", "cloth", "--yes")

    said = await run("library", "search", "", "--tag", "Cloth", "--json")

    assert [item["file_name"] for item in said.json] == ["red dress.safetensors"]


async def test_an_unknown_file_is_a_sentence(run: Any, loras: Path) -> None:
    said = await run("library", "trash", "nobody.safetensors", "--yes")

    assert said.code == 1
    assert "nobody.safetensors" in said.sentence
