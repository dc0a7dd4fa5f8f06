"""The walk: what is listed, under which name, what is left out and why, and how paths are spelled."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lorakeeper.py.library.paths import real
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.walk import Entry, Walk

from .trees import entries, link, loras, make, names, reasons

linux = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux'")


# -- What is listed --------------------------------------------------------------------------------------------------


def test_a_model_file_is_listed_with_what_the_disk_says_of_it(tmp_path: Path) -> None:
    make(tmp_path, "style/ink/a.safetensors")

    walk = Walk(loras(tmp_path))

    file = tmp_path / "style" / "ink" / "a.safetensors"
    status = file.stat()
    assert entries(walk) == [
        Entry(
            str(file),
            "loras",
            str(Path("style", "ink", "a.safetensors")),
            "style/ink",
            5,
            status.st_mtime_ns,
            status.st_ino,
            None,
        )
    ]
    assert (walk.report.files, walk.report.folders, walk.report.findings) == (1, 3, [])
    assert walk.listed == {str(tmp_path), str(tmp_path / "style"), str(tmp_path / "style" / "ink")}


def test_at_the_root_the_folder_is_empty(tmp_path: Path) -> None:
    assert [entry.folder for entry in entries(Walk(loras(make(tmp_path, "a.pt"))))] == [""]


def test_only_model_files_are_listed_whatever_the_case_of_their_extension(tmp_path: Path) -> None:
    make(tmp_path, "a.SafeTensors", "b.png", "c.ckpt.json", "d.gguf", "safetensors", "e.", ".f.pt", "g.part")
    make(tmp_path, ".lorakeeper-1-2.part", ".lorakeeper-trash/h.pt", ".cache/huggingface/i.pt", ".git/j.bin")

    assert [name for _, name in names(Walk(loras(tmp_path)))] == ["a.SafeTensors", "d.gguf"]


def test_batches_are_as_long_as_asked_for(tmp_path: Path) -> None:
    make(tmp_path, *(f"{number % 3}/{number}.pt" for number in range(25)))

    walk = Walk(loras(tmp_path), batch=10)

    assert [len(batch) for batch in walk] == [10, 10, 5]
    assert walk.report.files == 25


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    make(tmp_path, "a.pt")
    os.link(tmp_path / "a.pt", tmp_path / "b.pt")

    first, second = entries(Walk(loras(tmp_path)))

    assert first.inode == second.inode


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
def test_what_is_no_file_is_named_and_not_gone_into(tmp_path: Path) -> None:
    make(tmp_path, "loras/folder.safetensors/inside.pt", "disk/a.pt")
    root = tmp_path / "loras"
    os.mkfifo(root / "pipe.pt")
    (root / "linked.pt").symlink_to(tmp_path / "disk")
    short = Path(tempfile.mkdtemp())  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(short / "s.pt"))
        (short / "s.pt").rename(root / "s.pt")
    short.rmdir()

    assert [(entry.name, entry.problem) for entry in entries(Walk(loras(root)))] == [
        ("folder.safetensors", "folder.safetensors is a folder, not a file."),
        ("linked.pt", "linked.pt is a folder, not a file."),
        ("pipe.pt", "pipe.pt is a pipe, not a file."),
        ("s.pt", "s.pt is a socket, not a file."),
    ]


def test_a_time_that_no_database_holds_is_brought_into_its_range(tmp_path: Path) -> None:
    make(tmp_path, "a.pt")
    os.utime(tmp_path / "a.pt", (10_000_000_000, 10_000_000_000))
    if (tmp_path / "a.pt").stat().st_mtime_ns < 1 << 63:
        pytest.skip("this file system has no such times")

    assert entries(Walk(loras(tmp_path)))[0].mtime_ns == (1 << 63) - 1


# -- Roots -----------------------------------------------------------------------------------------------------------


def test_the_innermost_root_owns_its_files(tmp_path: Path) -> None:
    make(tmp_path, "a.pt", "inner/b.pt", "inner/deep/c.pt")

    walk = Walk(loras(tmp_path, vae=tmp_path / "inner", clip=tmp_path / "inner" / "deep"))

    assert names(walk) == [("clip", "c.pt"), ("loras", "a.pt"), ("vae", "b.pt")]
    assert walk.report.findings == []


def test_of_two_kinds_with_one_folder_the_first_has_it(tmp_path: Path) -> None:
    make(tmp_path / "x", "a.pt")
    link(tmp_path / "same", tmp_path / "x")

    walk = Walk(FolderRoots({"unet": [tmp_path / "x"], "clip": [tmp_path / "x"], "vae": [tmp_path / "same"]}))

    assert names(walk) == [("unet", "a.pt")]
    assert walk.report.findings == []


def test_a_root_that_is_a_link_keeps_its_name(tmp_path: Path) -> None:
    make(tmp_path / "disk", "a.pt")
    link(tmp_path / "loras", tmp_path / "disk")

    assert [entry.path for entry in entries(Walk(loras(tmp_path / "loras")))] == [str(tmp_path / "loras" / "a.pt")]


def test_a_root_that_is_not_there_is_empty(tmp_path: Path) -> None:
    make(tmp_path, "file")

    walk = Walk(loras(tmp_path / "none", vae=tmp_path / "file"))

    assert entries(walk) == []
    assert walk.report.unreadable == []
    assert walk.listed == {str(tmp_path / "none"), str(tmp_path / "file")}


@pytest.mark.skipif(os.name == "nt", reason="Windows says that there is no such file")
def test_a_root_that_the_system_refuses_is_unreadable(tmp_path: Path) -> None:
    walk = Walk(loras(tmp_path / ("x" * 300)))

    assert entries(walk) == []
    assert (walk.report.unreadable, walk.listed) == ([str(tmp_path / ("x" * 300))], set())


_AS_ANOTHER_USER = """
import os, sys, tempfile
from pathlib import Path
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.walk import Walk
root = Path(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)
walk = Walk(FolderRoots({"loras": [root]}))
print(sorted(entry.name for batch in walk for entry in batch))
print(sorted(path[len(str(root)):] for path in walk.report.unreadable))
print(sorted(path[len(str(root)):] for path in walk.listed))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_folder_without_permission_is_unreadable_and_the_rest_is_listed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = make(Path(folder), "a.pt", "shut/b.pt", "blind/c.pt", "open/d.pt")
        (root / "outside").symlink_to(root / "shut" / "x")
        root.chmod(0o755)
        (root / "shut").chmod(0o000)
        (root / "blind").chmod(0o744)  # its names can be listed, but nothing can be learned about them
        run = subprocess.run(  # noqa: S603 - another user needs another process
            [sys.executable, "-c", _AS_ANOTHER_USER, folder], capture_output=True, text=True, timeout=60, check=True
        )
        (root / "shut").chmod(0o700)
        (root / "blind").chmod(0o700)

    assert run.stdout.splitlines() == [
        "['a.pt', 'open/d.pt']",
        "['/blind', '/outside', '/shut']",
        "['', '/open']",
    ]


def test_what_vanishes_while_it_is_looked_at_is_no_trouble(tmp_path: Path) -> None:
    make(tmp_path, "1.pt", "2.pt", "3.pt", "below/4.pt")
    walk = Walk(loras(tmp_path), batch=1)
    stream = iter(walk)

    seen = [entry.name for entry in next(stream)]
    for name in {"1.pt", "2.pt", "3.pt"} - set(seen):
        (tmp_path / name).unlink()
    (tmp_path / "below" / "4.pt").unlink()
    (tmp_path / "below").rmdir()

    assert list(stream) == []
    assert (walk.report.unreadable, walk.report.findings, walk.listed) == ([], [], {str(tmp_path)})


# -- Links -----------------------------------------------------------------------------------------------------------


def test_a_linked_folder_is_walked_under_its_link(tmp_path: Path) -> None:
    make(tmp_path / "disk", "sub/a.pt")
    link(tmp_path / "loras" / "more", tmp_path / "disk")

    walk = Walk(loras(tmp_path / "loras"))

    assert names(walk) == [("loras", "more/sub/a.pt")]
    assert walk.report.links == {str(tmp_path / "loras" / "more"): os.path.realpath(tmp_path / "disk")}


@pytest.mark.parametrize("name", ["0", "zzz"])
def test_a_real_folder_goes_before_a_link_to_it(tmp_path: Path, name: str) -> None:
    make(tmp_path / "a", "real/x.pt")
    make(tmp_path / "b", "y.pt")
    link(tmp_path / "a" / name, tmp_path / "a" / "real")
    link(tmp_path / "a" / f"{name}b", tmp_path / "b")

    walk = Walk(loras(tmp_path / "a", vae=tmp_path / "b"))

    assert names(walk) == [("loras", "real/x.pt"), ("vae", "y.pt")]
    assert {path: reason.partition(",")[0] for path, reason in reasons(walk).items()} == {
        str(tmp_path / "a" / name): f"It is the same folder as {tmp_path / 'a' / 'real'}",
        str(tmp_path / "a" / f"{name}b"): f"It is the same folder as {tmp_path / 'b'}",
    }


def test_the_outermost_of_linked_folders_goes_first(tmp_path: Path) -> None:
    make(tmp_path / "disk", "inner/a.pt")
    link(tmp_path / "loras" / "0", tmp_path / "disk" / "inner")
    link(tmp_path / "loras" / "1", tmp_path / "disk")

    walk = Walk(loras(tmp_path / "loras"))

    assert names(walk) == [("loras", "1/inner/a.pt")]
    assert list(reasons(walk)) == [str(tmp_path / "loras" / "0")]


def test_loops_end(tmp_path: Path) -> None:
    make(tmp_path / "loras", "a.pt")
    link(tmp_path / "loras" / "self", tmp_path / "loras" / "self")
    link(tmp_path / "loras" / "up", tmp_path / "loras")
    link(tmp_path / "loras" / "above", tmp_path)
    make(tmp_path / "disk", "b.pt")
    link(tmp_path / "disk" / "again", tmp_path / "disk")
    link(tmp_path / "loras" / "disk", tmp_path / "disk")

    walk = Walk(loras(tmp_path / "loras"))

    assert names(walk) == [("loras", "a.pt"), ("loras", "disk/b.pt")]
    assert sorted(Path(path).name for path in reasons(walk)) == ["above", "again", "self", "up"]


def test_a_link_that_leads_nowhere_is_a_finding(tmp_path: Path) -> None:
    link(tmp_path / "a.pt", tmp_path / "none")
    link(tmp_path / "folder", tmp_path / "none")

    walk = Walk(loras(tmp_path))

    assert entries(walk) == []
    assert set(reasons(walk)) == {str(tmp_path / "a.pt"), str(tmp_path / "folder")}


def test_a_linked_file_is_listed_unless_its_target_is(tmp_path: Path) -> None:
    make(tmp_path / "loras", "real.pt", ".hidden/cached.pt")
    make(tmp_path / "disk", "blob", "other.pt")
    link(tmp_path / "loras" / "again.pt", tmp_path / "loras" / "real.pt")
    link(tmp_path / "loras" / "blob.pt", tmp_path / "disk" / "blob")
    link(tmp_path / "loras" / "cached.pt", tmp_path / "loras" / ".hidden" / "cached.pt")
    link(tmp_path / "loras" / "sub" / "other.pt", tmp_path / "disk" / "other.pt")

    walk = Walk(loras(tmp_path / "loras"))

    assert names(walk) == [("loras", name) for name in ("blob.pt", "cached.pt", "real.pt", "sub/other.pt")]
    assert list(reasons(walk)) == [str(tmp_path / "loras" / "again.pt")]


if sys.platform == "win32":

    def test_a_junction_is_a_link(tmp_path: Path) -> None:
        make(tmp_path / "loras", "real/a.pt")
        junction = tmp_path / "loras" / "0"
        subprocess.run(["cmd", "/c", "mklink", "/J", str(junction), str(tmp_path / "loras" / "real")], check=True)  # noqa: S603, S607

        walk = Walk(loras(tmp_path / "loras"))

        assert names(walk) == [("loras", "real/a.pt")]
        assert list(reasons(walk)) == [str(junction)]


@pytest.mark.parametrize("seed", range(15))
def test_in_any_tangle_each_file_is_listed_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folders = [tmp_path / "loras", tmp_path / "vae", tmp_path / "disk"]
    for _ in range(12):
        folders.append(chance.choice(folders) / f"f{chance.randrange(100)}")
    for number, folder in enumerate(folders):
        make(folder, f"{number}.pt")
    for number in range(8):
        link(chance.choice(folders) / f"l{number}", chance.choice([*folders, tmp_path]))
    roots = loras(tmp_path / "loras", vae=tmp_path / "vae", clip=chance.choice(folders))

    walk = Walk(roots)
    found = entries(walk)

    reached = set()
    for kind in roots.kinds():
        for above, _, files in os.walk(roots.folders(kind)[0]):
            reached |= {os.path.realpath(Path(above, name)) for name in files}
    assert len({entry.inode for entry in found}) == len(found)
    assert reached <= {os.path.realpath(entry.path) for entry in found}
    assert entries(Walk(roots)) == found
    # Each folder by itself, told which links are followed, gives the same.
    folders_of = {Path(path) for path in walk.listed}
    assert entries(Walk(roots, only=folders_of, links=walk.report.links)) == found


# -- Spelling --------------------------------------------------------------------------------------------------------


@linux
def test_a_name_that_is_no_text_is_spelled_so_that_it_can_be_found(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\xe9"
    Path(os.fsdecode(raw)).mkdir()
    Path(os.fsdecode(raw + b"/\xfe.pt")).write_bytes(b"model")
    Path(os.fsdecode(raw + "/Größe.pt".encode())).write_bytes(b"model")

    found = entries(Walk(loras(tmp_path)))

    assert [entry.name.encode() for entry in found] == [
        "\uefff\uefe9/Größe.pt".encode(),
        "\uefff\uefe9/\ueffe.pt".encode(),
    ]
    assert [Path(real(entry.path)).stat().st_ino for entry in found] == [entry.inode for entry in found]
    again = Walk(loras(tmp_path), only={Path(os.fsdecode(raw))})
    assert entries(again) == found


@linux
def test_a_name_that_can_t_be_kept_is_a_finding(tmp_path: Path) -> None:
    make(tmp_path, "\uefff.pt", "\uef80/a.pt", "b.pt")

    walk = Walk(loras(tmp_path))

    assert names(walk) == [("loras", "b.pt")]
    assert len(walk.report.findings) == 2
