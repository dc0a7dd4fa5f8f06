"""``filter``: which pictures are good, which are copies, and what is copied where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing import pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good pictures, a smaller copy of one of them, a blurred one, a file that is none, and one of another kind."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    hills = pictures.photograph(1)
    hills.save(folder / "a-hills.png")
    pictures.drawing(2).save(folder / "b-drawing.png")
    pictures.recompressed(hills, 3).save(folder / "c-copy.JPG")
    pictures.blurred(pictures.photograph(5)).save(folder / "d-blurred.webp")
    (folder / "e-broken.png").write_bytes(b"no picture at all")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def by_name(said: Any) -> dict[str, Any]:
    return {Path(each["path"]).name: each for each in said.json[:-1]}


async def test_good_spoilt_copied_and_broken_are_told_apart(run: Any, folder: Path) -> None:
    said = await run("filter", folder, "--json")

    found = by_name(said)
    assert said.code == 0
    assert {name: each["status"] for name, each in found.items()} == {
        "a-hills.png": "good",
        "b-drawing.png": "good",
        "c-copy.JPG": "duplicate",
        "d-blurred.webp": "rejected",
        "e-broken.png": "unreadable",
    }
    assert "It is blurred." in found["d-blurred.webp"]["reasons"]
    assert found["c-copy.JPG"]["same_as"] == str(folder / "a-hills.png")
    assert found["c-copy.JPG"]["likeness"] > 0.95
    assert found["a-hills.png"]["scores"]["aesthetic"] > 0.6
    assert said.json[-1] == {
        "files": 5,
        "good": 2,
        "rejected": 1,
        "duplicate": 1,
        "unreadable": 1,
        "groups": [[str(folder / "a-hills.png"), str(folder / "c-copy.JPG")]],
    }
    assert said.sentence.startswith(f"{folder / 'e-broken.png'}: ")


async def test_it_is_told_in_words(run: Any, folder: Path) -> None:
    said = await run("filter", folder)

    lines = said.out.splitlines()
    assert [line.split("\t")[0] for line in lines[:4]] == ["good", "good", "duplicate", "rejected"]
    assert lines[3].endswith("wanted 0.50 or more.")
    assert lines[4] == f"The same: {folder / 'a-hills.png'}, {folder / 'c-copy.JPG'}"
    assert lines[5] == "5 files: 2 good, 1 rejected, 1 showing the same as others, 1 unreadable"


async def test_duplicates_are_looked_for_only_if_wanted(run: Any, folder: Path) -> None:
    said = await run("filter", folder, "--no-duplicates", "--json")

    assert by_name(said)["c-copy.JPG"]["status"] == "good"
    assert said.json[-1]["groups"] == []


async def test_mirror_images_are_copies_only_if_wanted(run: Any, tmp_path: Path) -> None:
    hills = pictures.photograph(1)
    hills.save(tmp_path / "a.png")
    pictures.mirrored(hills).save(tmp_path / "b.png")

    told = await run("filter", tmp_path / "a.png", tmp_path / "b.png", "--json")
    mirrored = await run("filter", tmp_path / "a.png", tmp_path / "b.png", "--mirrored", "--json")

    assert by_name(told)["b.png"]["status"] == "good"
    assert by_name(mirrored)["b.png"]["status"] == "duplicate"
    assert by_name(mirrored)["b.png"]["mirrored"] is True


async def test_scope_ever_remembers_from_run_to_run(run: Any, folder: Path, tmp_path: Path) -> None:
    pictures.resized(pictures.photograph(1), 4).save(tmp_path / "later.png")
    await run("filter", folder, "--scope", "ever")

    batch = await run("filter", tmp_path / "later.png", "--json")
    ever = await run("filter", tmp_path / "later.png", "--scope", "ever", "--json")

    assert by_name(batch)["later.png"]["status"] == "good"
    assert (by_name(ever)["later.png"]["status"], by_name(ever)["later.png"]["same_as"]) == ("duplicate", None)


async def test_copies_have_the_same_bytes_and_the_originals_stay(run: Any, folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    target = tmp_path / "good"

    said = await run("filter", folder, "--copy-to", target, "--json")

    copied = {path.name: path.read_bytes() for path in target.iterdir()}
    assert copied == {name: before[name] for name in ("a-hills.png", "b-drawing.png")}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert by_name(said)["a-hills.png"]["copied_to"] == str(target / "a-hills.png")
    assert by_name(said)["c-copy.JPG"]["copied_to"] is None


async def test_copies_never_overwrite(run: Any, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "good"
    target.mkdir()
    (target / "a-hills.png").write_bytes(b"somebody's own")

    first = await run("filter", folder, "--copy-to", target, "--json")
    after = {path.name: path.read_bytes() for path in target.iterdir()}
    again = await run("filter", folder, "--copy-to", target, "--json")

    assert (first.code, again.code) == (0, 0)
    assert after["a-hills.png"] == b"somebody's own"
    assert after["a-hills-002.png"] == (folder / "a-hills.png").read_bytes()
    assert {path.name: path.read_bytes() for path in target.iterdir()} == after


async def test_folders_inside_are_looked_into_only_if_wanted(run: Any, folder: Path) -> None:
    (folder / "more").mkdir()
    pictures.night(3).save(folder / "more" / "a-hills.png")
    (folder / "more" / ".hidden.png").write_bytes(b"a system's own")
    target = folder / "good"

    flat = await run("filter", folder, "--json")
    deep = await run("filter", folder, "--recursive", "--copy-to", target, "--json")
    again = await run("filter", folder, "--recursive", "--copy-to", target, "--json")

    assert (flat.json[-1]["files"], deep.json[-1]["files"], again.json[-1]["files"]) == (5, 6, 6)
    assert sorted(path.name for path in target.iterdir()) == ["a-hills-002.png", "a-hills.png", "b-drawing.png"]


async def test_named_file_is_looked_at_whatever_its_name_and_once(run: Any, folder: Path) -> None:
    (folder / "a-hills.png").rename(folder / "picture.data")

    said = await run("filter", folder / "picture.data", folder / "picture.data", "--json")

    assert [each["status"] for each in said.json[:-1]] == ["good"]


async def test_reference_is_what_they_are_compared_with(run: Any, folder: Path) -> None:
    hills = folder / "a-hills.png"

    said = await run("filter", hills, folder / "b-drawing.png", "--reference", hills, "--json")

    found = by_name(said)["a-hills.png"]
    assert found["scores"]["similarity"] == pytest.approx(1, abs=0.001)
    assert found["status"] == "rejected"
    assert "nearly its original" in found["reasons"][0]


async def test_thresholds_and_profile_can_be_chosen(run: Any, folder: Path) -> None:
    lax = await run("filter", folder, "--min-aesthetic", 0, "--min-overall", 0, "--min-integrity", 0, "--json")
    classic = await run("filter", folder, "--profile", "classic", "--json")

    assert by_name(lax)["d-blurred.webp"]["status"] == "good"
    assert by_name(classic)["a-hills.png"]["status"] == "rejected"


async def test_where_nothing_can_be_read_it_failed(run: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    broken = await run("filter", folder / "e-broken.png", "--json")
    empty = await run("filter", tmp_path / "empty")

    assert (broken.code, empty.code) == (1, 1)
    assert broken.json[0]["status"] == "unreadable"
    assert broken.err.splitlines()[-1] == "None of the files could be read."
    assert empty.sentence.startswith("There is no picture here")


async def test_huge_picture_is_not_decoded(run: Any, tmp_path: Path) -> None:
    from lorakeeper.testing.fake_gemini.images import bomb

    (tmp_path / "bomb.png").write_bytes(bomb(8192))

    said = await run("filter", tmp_path / "bomb.png", "--json")

    assert said.code == 1
    assert "million pixels" in said.json[0]["reasons"][0]


@pytest.mark.parametrize(
    "arguments",
    [[], ["nowhere"], [".", "--scope", "session"], [".", "--similarity", "2"], [".", "--min-overall", "nan"]],
)
async def test_wrong_use_is_2(run: Any, arguments: list[str]) -> None:
    said = await run("filter", *arguments)

    assert said.code == 2
    assert said.sentence


async def test_reference_that_is_no_picture_is_wrong_use(run: Any, folder: Path) -> None:
    said = await run("filter", folder, "--reference", folder / "e-broken.png")

    assert said.code == 2
    assert said.sentence.startswith("e-broken.png is no picture")
