"""A walk of some folders only: what a full walk would have found in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorakeeper.py.library.walk import Walk

from .trees import entries, link, loras, make, names, reasons


def test_only_the_given_folders_are_listed(tmp_path: Path) -> None:
    make(tmp_path, "a.pt", "x/b.pt", "x/y/c.pt", "x/y/z/d.pt")

    walk = Walk(loras(tmp_path), only={tmp_path / "x", tmp_path / "x" / "y" / "z"})

    assert names(walk) == [("loras", "x/b.pt"), ("loras", "x/y/z/d.pt")]
    assert walk.listed == {str(tmp_path / "x"), str(tmp_path / "x" / "y" / "z")}


def test_a_given_folder_that_is_gone_counts_as_listed(tmp_path: Path) -> None:
    walk = Walk(loras(tmp_path), only={tmp_path / "gone"})

    assert entries(walk) == []
    assert walk.listed == {str(tmp_path / "gone")}


def test_folders_that_no_walk_comes_by_are_left_alone(tmp_path: Path) -> None:
    make(tmp_path, "loras/.git/a.pt", "loras/x.pt/b.pt", "elsewhere/c.pt", "loras/vae/d.pt")

    walk = Walk(
        loras(tmp_path / "loras", vae=tmp_path / "loras" / "vae"),
        only={tmp_path / "loras" / ".git", tmp_path / "loras" / "x.pt", tmp_path / "elsewhere"},
    )

    assert entries(walk) == []
    assert walk.listed == set()


def test_a_given_folder_belongs_to_its_innermost_root(tmp_path: Path) -> None:
    make(tmp_path, "vae/sub/a.pt")

    assert names(Walk(loras(tmp_path, vae=tmp_path / "vae"), only={tmp_path / "vae" / "sub"})) == [("vae", "sub/a.pt")]


def test_a_whole_root_leaves_the_others_alone(tmp_path: Path) -> None:
    make(tmp_path, "loras/sub/a.pt", "loras/inner/b.pt", "vae/c.pt")
    link(tmp_path / "loras" / "again", tmp_path / "vae")

    walk = Walk(
        loras(tmp_path / "loras", vae=tmp_path / "vae", clip=tmp_path / "loras" / "inner"),
        whole={tmp_path / "loras"},
    )

    assert names(walk) == [("loras", "sub/a.pt")]
    assert list(reasons(walk)) == [str(tmp_path / "loras" / "again")]


@pytest.mark.parametrize("known", [True, False])
def test_a_folder_below_a_link_keeps_the_link_s_name(tmp_path: Path, known: bool) -> None:
    make(tmp_path / "disk", "sub/a.pt")
    link(tmp_path / "loras" / "more", tmp_path / "disk")
    links = {str(tmp_path / "loras" / "more"): str(tmp_path / "disk")} if known else {}

    walk = Walk(loras(tmp_path / "loras"), only={tmp_path / "loras" / "more" / "sub"}, links=links)

    assert names(walk) == [("loras", "more/sub/a.pt")]


def test_a_second_link_to_a_followed_folder_adds_nothing(tmp_path: Path) -> None:
    make(tmp_path / "disk", "a.pt")
    link(tmp_path / "loras" / "first", tmp_path / "disk")
    link(tmp_path / "loras" / "a second", tmp_path / "disk")
    known = {str(tmp_path / "loras" / "first"): str(tmp_path / "disk")}

    walk = Walk(loras(tmp_path / "loras"), only={tmp_path / "loras" / "a second"}, links=known)

    assert entries(walk) == []
    assert list(reasons(walk)) == [str(tmp_path / "loras" / "a second")]
