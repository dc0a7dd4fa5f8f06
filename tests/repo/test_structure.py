"""The rooms keep to themselves: who may import what, how long a file may be, what a node must have."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMFYUI = {"comfy", "comfy_api", "comfy_execution", "execution", "folder_paths", "nodes", "server"}
HEAVY = {
    *("PIL", "alembic", "blake3", "cv2", "google", "imagehash", "numpy", "picklescan", "plotly", "reportlab", "rich"),
    *("scipy", "skimage", "torch", "yaml"),
}
LONGEST = 420


def imports(tree: ast.AST, *, inside_functions: bool) -> Iterator[str]:
    """The outermost names of the packages that are imported absolutely; what only a type checker sees is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        elif inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports(node, inside_functions=inside_functions)


def imported_by(path: Path, *, inside_functions: bool) -> set[str]:
    return set(imports(ast.parse(path.read_text("utf-8")), inside_functions=inside_functions))


def test_entry_holds_nothing_but_the_entry(root: Path) -> None:
    assert len((root / "__init__.py").read_text("utf-8").splitlines()) < 40


def test_application_knows_no_comfyui_outside_its_host(root: Path, modules: list[Path]) -> None:
    """The modules of the host are ``py/hosts/comfyui*.py``."""
    found = {
        str(path.relative_to(root)): names
        for path in modules
        if path.relative_to(root).parts[0] in {"py", "server_routes"}
        and not (path.parent == root / "py" / "hosts" and path.name.startswith("comfyui"))
        and (names := imported_by(path, inside_functions=True) & COMFYUI)
    }

    assert not found


def test_inside_the_pack_every_import_is_relative(root: Path, modules: list[Path]) -> None:
    """In ComfyUI the package has the name of its folder, whatever that is."""
    found = [
        str(path.relative_to(root)) for path in modules if "lorakeeper" in imported_by(path, inside_functions=True)
    ]

    assert not found


def test_heavy_libraries_are_imported_at_first_use(root: Path, modules: list[Path]) -> None:
    # The migrations' modules are imported by alembic itself, the columns by the first question about the list, and what
    # judges figures by the first summary.
    migrations = root / "py" / "storage" / "migrations"
    judging = ("evidence", "findings", "figures", "history", "meetings", "rhythms", "trends")
    arrays = {root / "py" / "library" / "columns.py", *(root / "py" / "analytics" / f"{name}.py" for name in judging)}
    found = {
        str(path.relative_to(root)): names
        for path in modules
        if (names := imported_by(path, inside_functions=False) & HEAVY)
        and not (names == {"alembic"} and migrations in path.parents)
        and not (names == {"numpy"} and path in arrays)
    }

    assert not found


@pytest.mark.parametrize(
    "module",
    [
        "lorakeeper",
        "lorakeeper.py.app",
        "lorakeeper.server_routes",
        "lorakeeper.py.cli",
        "lorakeeper.py.hosts.standalone",
    ],
)
def test_importing_the_application_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    code = f"import {module}, sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run(  # noqa: S603 - a fresh interpreter is the point
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )

    assert loaded.stdout.split() == []


def test_rows_are_fetched_at_once(root: Path, modules: list[Path]) -> None:
    """One by one with work between, each step to the next row would let the interpreter's lock go too shortly for the
    event loop to take it, and make the loop begin to wait anew."""
    loops = (ast.For, ast.comprehension)
    found = [
        f"{path.relative_to(root)}: {ast.unparse(node.iter)}"
        for path in modules
        if path.relative_to(root).parts[0] == "py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, loops) and re.search(r"\.(execute|exec_driver_sql)\(", text := ast.unparse(node.iter))
        if not text.endswith((".all()", ".scalar() or '')"))
    ]

    assert not found


@pytest.mark.parametrize("program", ["run.py", "testing/checks.py"])
def test_programs_that_make_the_environment_need_only_python(root: Path, program: str) -> None:
    assert imported_by(root / program, inside_functions=True) <= sys.stdlib_module_names


def test_run_py_is_read_by_older_pythons_so_that_it_can_refuse_them(root: Path) -> None:
    assert ast.parse((root / "run.py").read_text("utf-8"), feature_version=(3, 7))


def test_files_are_short(root: Path, files: list[Path]) -> None:
    rooms = {"py", "nodes", "server_routes", "testing", "web", "run.py"}
    long = {
        str(path.relative_to(root)): lines
        for path in files
        if path.suffix in {".py", ".js"}
        and path.relative_to(root).parts[0] in rooms
        and (lines := len(path.read_text("utf-8").splitlines())) > LONGEST
    }

    assert not long


def test_no_file_names_a_place_on_somebodys_machine(root: Path, files: list[Path]) -> None:
    pattern = re.compile(rb"(?<![\w.:/}-])/(?:" + b"|".join([b"work", b"home", b"root", b"Users"]) + rb")/\w")
    found = {
        str(path.relative_to(root)): match[0]
        for path in files
        if path.suffix not in {".png", ".jpg"} and (match := pattern.search(path.read_bytes()))
    }

    assert not found


# -- Nodes -----------------------------------------------------------------------------------------------------------


def node_ids(root: Path) -> dict[str, str | None]:
    """Each node class with the id that its schema gives as a literal."""
    found: dict[str, str | None] = {}
    for path in (root / "nodes").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and any("ComfyNode" in ast.unparse(base) for base in node.bases):
                keywords = [each for each in ast.walk(node) if isinstance(each, ast.keyword) and each.arg == "node_id"]
                literal = keywords[0].value if keywords else None
                value = literal.value if isinstance(literal, ast.Constant) else None
                found[node.name] = value if isinstance(value, str) else None
    return found


def test_node_ids_are_literals_with_the_packs_prefix(root: Path) -> None:
    """The registry reads them from the source, and saved workflows hold them for ever."""
    ids = node_ids(root)

    assert ids
    assert {name: id_ for name, id_ in ids.items() if not (id_ and id_.startswith("Lorakeeper_"))} == {}


def test_every_node_has_a_help_page_and_no_page_is_left_over(root: Path) -> None:
    pages = {path.stem for path in (root / "web" / "comfyui" / "docs").glob("*.md")}

    assert pages == set(node_ids(root).values())


def test_every_node_is_in_the_readme(root: Path) -> None:
    readme = (root / "README.md").read_text("utf-8")

    assert [id_ for id_ in node_ids(root).values() if f"`{id_}`" not in readme] == []
