"""The stand-in for ComfyUI has no name, parameter or value that the real one has not."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import lorakeeper.testing

STAND_IN = Path(lorakeeper.testing.__file__).parent / "comfy_api_stub"
# What only tests look at, and what the real one has on instances alone.
OWN = {
    "comfy.utils.reads",
    "comfy.utils.ProgressBar.shown",
    "comfy_api.latest.io.ComfyNode.RELATIVE_PYTHON_MODULE",
    "comfy_api.latest.io.HiddenHolder.__init__",
    "comfy_api.latest.io.Input.io_type",
    "comfy_api.latest.io.Output.io_type",
    "server.PromptServer.instance",
}

# Run by ComfyUI's Python: prints the promises that the real modules don't keep.
CHECK = """
import enum, functools, importlib, inspect, json, sys
import comfy.options
promises = json.loads(sys.stdin.read())
comfy.options.enable_args_parsing()

def find(module, names):
    if module == "comfy_api.latest.io":
        module, names = "comfy_api.latest", ["io", *names]
    return functools.reduce(getattr, names, importlib.import_module(module))

def kept(module, names, parameter, value):
    try:
        # A socket asks the type that it belongs to.
        found = find(module, [*names[:-1], "Parent", "io_type"] if names[-1] == "io_type" else names)
    except AttributeError:
        return False
    if parameter is None:
        return value is None or (found.value if isinstance(found, enum.Enum) else found) == value
    known = inspect.signature(found).parameters.get(parameter)
    return known is not None and (value is None or known.default == value)

print("BROKEN" + json.dumps([each for each in promises if not kept(*each)]))
"""

# Module, names that lead to a thing in it, one parameter of that thing or None, the value or default or None.
Promise = tuple[str, list[str], "str | None", object]


def promises() -> Iterator[Promise]:
    for path in sorted(STAND_IN.rglob("*.py")):
        parts = path.relative_to(STAND_IN).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        yield from ((module, *rest) for rest in body(ast.parse(path.read_text("utf-8")).body, module, []))


def body(statements: list[ast.stmt], module: str, names: list[str]) -> Iterator[tuple[list[str], str | None, object]]:
    for statement in statements:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = statement.name
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
        else:
            continue
        path = [*names, name]
        if (name.startswith("_") and name != "__init__") or ".".join([module, *path]) in OWN:
            continue
        if isinstance(statement, ast.ClassDef):
            yield path, None, None
            # The fields of a dataclass are parameters.
            fields = [each for each in statement.body if statement.decorator_list and isinstance(each, ast.AnnAssign)]
            yield from ((path, ast.unparse(each.target), literal(each.value)) for each in fields)
            yield from body([each for each in statement.body if each not in fields], module, path)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield path, None, None
            arguments = statement.args
            positional = [*arguments.posonlyargs, *arguments.args]
            defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
            for each, default in [
                *zip(positional, defaults, strict=True),
                *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
            ]:
                if each.arg not in {"self", "cls"}:
                    yield path, each.arg, literal(default)
        else:
            yield path, None, literal(statement.value) if names else None


def literal(value: ast.expr | None) -> object:
    return value.value if isinstance(value, ast.Constant) else None


@pytest.mark.comfyui
@pytest.mark.skipif("COMFYUI_DIR" not in os.environ, reason="COMFYUI_DIR names no ComfyUI")
def test_stand_in_promises_nothing_that_comfyui_does_not_keep() -> None:
    ours = list(promises())

    checked = subprocess.run(  # noqa: S603 - ComfyUI's own interpreter is the point
        [os.environ["COMFYUI_PY"], "-c", CHECK, "--cpu"],
        input=json.dumps(ours),
        capture_output=True,
        check=True,
        text=True,
        cwd=os.environ["COMFYUI_DIR"],
        env={**os.environ, "PYTHONPATH": os.environ.get("COMFYUI_STUBS", "")},
    )

    assert json.loads(checked.stdout.rpartition("BROKEN")[2]) == []
    assert len(ours) > 100
