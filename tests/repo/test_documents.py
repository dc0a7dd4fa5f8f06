"""The documents: what they point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def slug(heading: str) -> str:
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)}


def broken_links(path: Path, root: Path) -> list[str]:
    broken = []
    for found in LINK.finditer(without_code(path.read_text("utf-8"))):
        target = found[1] or found[2]
        if re.match(r"(https?|mailto):", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        inside = root.resolve() in file.resolve().parents
        if not inside or not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    return broken


def test_links_lead_to_files_and_headings_that_exist(root: Path, files: list[Path]) -> None:
    documents = [path for path in files if path.suffix == ".md"]

    assert root / "README.md" in documents
    assert {str(path.relative_to(root)): broken for path in documents if (broken := broken_links(path, root))} == {}


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[a](#a-heading) [b](#another) [c](gone.md) [d](https://example.com) `[e](code.md)`", "utf-8"
    )

    assert broken_links(page, tmp_path) == ["#another", "gone.md"]


@pytest.mark.parametrize("command", ["python run.py\n", "python run.py test\n", "python run.py --demo\n"])
def test_readme_shows_the_commands_that_matter(root: Path, command: str) -> None:
    assert command in (root / "README.md").read_text("utf-8")
