"""Pictures by name: from the host's folders, to its output folder, and from and to nowhere else."""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from lorakeeper.py.errors import MissingError, UsageError
from lorakeeper.py.variations.outcomes import Picture
from lorakeeper.py.variations.places import Places, decoded, read, save
from lorakeeper.py.variations.requests import Variation
from lorakeeper.testing.fake_gemini.images import bomb


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folders = {name: tmp_path / name for name in ("input", "output")}
    for folder in folders.values():
        (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(tmp_path / "input" / "sub" / "a.png")
    (tmp_path / "secret.png").write_bytes(b"secret")
    return Places(lambda: folders)


def variation(content: bytes = b"picture", mime: str = "image/png") -> Variation:
    return Variation(0, Picture(content, mime), None, (), "m", from_cache=False)


def test_a_name_leads_to_its_file_and_back(places: Places) -> None:
    path = places.path("input/sub/a.png")

    assert read(path).size == (40, 30)
    assert places.name(path) == "input/sub/a.png"
    assert places.path("input\\sub\\a.png") == path


@pytest.mark.parametrize(
    "name",
    ["", "input", "a.png", "/etc/passwd", "secret/x", "input/../secret.png", "input\\..\\secret.png", "../secret.png"],
)
def test_no_name_leads_out(places: Places, name: str) -> None:
    with pytest.raises(UsageError):
        places.path(name)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_no_link_leads_out(places: Places, tmp_path: Path) -> None:
    (tmp_path / "input" / "link.png").symlink_to(tmp_path / "secret.png")

    with pytest.raises(UsageError, match="leads out"):
        places.path("input/link.png")


def test_a_missing_file_and_a_folder_are_no_pictures(places: Places) -> None:
    for name in ("input/none.png", "input/sub"):
        with pytest.raises(MissingError):
            places.path(name)


def test_a_file_elsewhere_has_no_name(places: Places, tmp_path: Path) -> None:
    assert places.name(tmp_path / "secret.png") is None


@pytest.mark.parametrize("title", ["../..", "a/b", "CON", "x" * 400, "\x00", ""])
def test_results_stay_in_the_output_folder(places: Places, tmp_path: Path, title: str) -> None:
    folder = places.results(title)

    assert folder.parent == tmp_path / "output" / "lorakeeper"
    folder.mkdir(parents=True)


@pytest.mark.parametrize(("content", "what"), [(b"no picture", "no picture"), (bomb(9000), "million pixels")])
def test_what_can_not_be_read_is_refused_by_name(content: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=f"cat.png.*{what}"):
        decoded(content, "cat.png")


def test_a_photograph_is_turned_as_its_camera_was_held() -> None:
    image = Image.new("RGB", (40, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)

    assert decoded(out.getvalue(), "x.jpg").size == (30, 40)


def test_pictures_are_saved_as_they_came_and_never_in_another_s_place(tmp_path: Path) -> None:
    (tmp_path / "cat-001.png").write_bytes(b"mine")

    paths = [save(variation(each), tmp_path, "cat") for each in (b"one", b"two")]
    jpeg = save(variation(mime="image/jpeg"), tmp_path, "../cat")

    assert [path.name for path in paths] == ["cat-002.png", "cat-003.png"]
    assert [path.read_bytes() for path in paths] == [b"one", b"two"]
    assert (tmp_path / "cat-001.png").read_bytes() == b"mine"
    assert jpeg.parent == tmp_path
    assert jpeg.suffix == ".jpg"


def test_what_a_kill_left_behind_goes_with_the_next_one(tmp_path: Path) -> None:
    old, new = (tmp_path / f".lorakeeper-new-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    hours_ago = time.time() - 10_000
    os.utime(old, (hours_ago, hours_ago))

    save(variation(), tmp_path, "cat")

    assert not old.exists()
    assert new.exists()
