"""What is said in several places is the same in all of them: requirements, packages, version, entry."""

from __future__ import annotations

import re
from importlib.metadata import metadata, packages_distributions
from pathlib import Path

import pytest

# Nothing that ComfyUI's users have in a build of their own, chosen for their hardware.
LEFT_TO_THE_USER = {"torch", "torchvision", "torchaudio", "opencv-python", "xformers"}
# What ComfyUI asks for itself, in the first version that this pack runs in: pip finds it there and leaves it alone.
AT_MOST = {"numpy": (1, 25)}


def listed(root: Path, name: str) -> list[str]:
    """The strings of a list in pyproject.toml (Python 3.10 has no reader for it)."""
    found = re.search(
        rf"^{name} = \[\n(.*?)^\]", (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, name
    return re.findall(r'"([^"]+)"', found[1])


def test_requirements_are_the_same_in_both_files(root: Path) -> None:
    assert (root / "requirements.txt").read_text("utf-8").split() == listed(root, "dependencies")


def test_requirements_are_floors_only(root: Path) -> None:
    wrong = [line for line in listed(root, "dependencies") if not re.fullmatch(r"[A-Za-z0-9._-]+>=\d+(\.\d+)*", line)]

    assert not wrong


def test_requirements_leave_torch_and_its_like_to_the_user(root: Path) -> None:
    names = {line.partition(">=")[0].lower() for line in listed(root, "dependencies")}

    assert not names & LEFT_TO_THE_USER


def test_what_comfyui_brings_is_never_exchanged_for_a_newer_one(root: Path) -> None:
    floors = dict(line.split(">=") for line in listed(root, "dependencies"))

    assert all(tuple(map(int, floors[name].split("."))) <= most for name, most in AT_MOST.items())


def test_every_requirement_is_used(root: Path, modules: list[Path]) -> None:
    imported = {
        name
        for path in modules
        for name in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    installed = packages_distributions()
    used = {re.sub(r"[-_.]+", "-", name).lower() for each in imported for name in installed.get(each, [])}

    assert {line.partition(">=")[0].lower() for line in listed(root, "dependencies")} <= used


def test_every_folder_of_modules_is_listed_and_no_other(root: Path, files: list[Path]) -> None:
    """What isn't listed is missing once the package is installed. The migrations' folder has no ``__init__.py``."""
    on_disk = {
        ".".join(["lorakeeper", *path.parent.relative_to(root).parts])
        for path in files
        if path.suffix == ".py"
        and path.relative_to(root).parts[0] not in {"tests", "bench"}
        # These stand in for packages of ComfyUI, and are put on the path by those who want them.
        and "comfy_api_stub" not in path.parts
    }

    assert sorted(on_disk) == sorted(listed(root, "packages"))


def test_version_is_the_newest_of_the_changelog(root: Path) -> None:
    version = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    newest = re.search(r"^## (\d+\.\d+\.\d+)", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert version
    assert newest
    assert version[1] == newest[1]


def test_installed_package_is_this_one(root: Path) -> None:
    pytest.importorskip("lorakeeper")
    import lorakeeper

    assert lorakeeper.__file__
    assert Path(lorakeeper.__file__).samefile(root / "__init__.py")
    assert metadata("lorakeeper")["License-Expression"] == "MIT"


def test_archive_for_the_registry_keeps_what_runs(root: Path) -> None:
    """The demo needs ``testing``; everything else that a user starts must be there too."""
    left_out = (root / ".comfyignore").read_text("utf-8").splitlines()

    kept = {
        "py",
        "nodes",
        "server_routes",
        "web",
        "locales",
        "testing",
        "example_workflows",
        "run.py",
        "pyproject.toml",
    }
    assert not kept & {line.strip("/") for line in left_out}
    assert {"tests/", "bench/"} <= set(left_out)
