"""Starts Lorakeeper with nothing but Python: `python run.py` serves the page, `python run.py search …` is the command
line, `python run.py --demo` shows the main job without a network, `python run.py test` runs every check.

It makes a private environment in `.venv` beside itself. Inside a ComfyUI installation it takes ComfyUI's own Python
where that has the requirements. It imports nothing of the application, but starts it as another process: with this
folder on `sys.path`, our `py` would hide the package of that name.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

OLDEST_PYTHON = (3, 10)
WINDOWS = os.name == "nt"


class SetupError(Exception):
    """The environment can't be made. The text is one sentence for the user."""


def say(text: str) -> None:
    # The standard output belongs to the command's own answer, which may be JSON.
    print(text, file=sys.stderr, flush=True)


def pack_folder() -> Path:
    """The folder of this file as the user named it: a pack that is linked into `custom_nodes` lies in there."""
    # A relative name was made absolute by way of the resolved working directory; the shell's own PWD keeps the link.
    typed = Path(os.environ.get("PWD", ""), sys.argv[0])
    try:
        if typed.is_absolute() and typed.samefile(__file__):
            return Path(os.path.normpath(typed)).parent
    except OSError:
        pass
    return Path(os.path.abspath(__file__)).parent  # noqa: PTH100 - it must not resolve links


# -- Requirements ----------------------------------------------------------------------------------------------------


def release(text: str) -> tuple[int, ...]:
    """The numbers of a version: `2.1.0rc1` is (2, 1)."""
    found = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", text)
    numbers = [int(number) for number in found.group(1).split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def unmet_requirements(file: str) -> list[str]:
    """The lines of a requirements file, each `name>=version`, that the running Python does not meet."""
    if sys.version_info < OLDEST_PYTHON:
        return ["Python>={}.{}".format(*OLDEST_PYTHON)]
    from importlib.metadata import PackageNotFoundError, version

    unmet = []
    for line in Path(file).read_text("utf-8").split():
        name, _, floor = line.partition(">=")
        try:
            met = release(version(name)) >= release(floor)
        except PackageNotFoundError:
            met = False
        if not met:
            unmet.append(line)
    return unmet


def meets_requirements(python: Path, root: Path) -> bool:
    """Whether an interpreter is there, runs, and has what the application needs."""
    requirements = str(root / "requirements.txt")
    if same_file(python, Path(sys.executable)):
        return not unmet_requirements(requirements)
    check = "import runpy, sys; sys.exit(bool(runpy.run_path(sys.argv[1])['unmet_requirements'](sys.argv[2])))"
    command = [str(python), "-I", "-c", check, str(root / "run.py"), requirements]
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def same_file(one: Path, other: Path) -> bool:
    # Not `samefile`: the interpreter of a virtual environment is a link to the one that it must not be taken for.
    return os.path.normcase(one) == os.path.normcase(other)


# -- The choice of interpreter ---------------------------------------------------------------------------------------


def python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def comfyui_base(root: Path) -> Path | None:
    """The folder that holds `custom_nodes`, when the pack lies in it."""
    return root.parent.parent if root.parent.name == "custom_nodes" else None


def comfyui_pythons(base: Path) -> list[Path]:
    """Where ComfyUI's own interpreter may be, likeliest first."""
    embedded = base.parent / "python_embeded" / "python.exe"
    return [Path(sys.executable), embedded, python_in(base / "venv"), python_in(base / ".venv")]


def choose_python(root: Path) -> Path:
    """The interpreter that runs the application: ComfyUI's own where it can, else that of the private environment."""
    base = comfyui_base(root)
    for python in comfyui_pythons(base) if base else []:
        if meets_requirements(python, root):
            return python
    return Environment(root).prepare(for_tests=False)


# -- The private environment -----------------------------------------------------------------------------------------


class Environment:
    """`.venv` beside this file. Its state file says for what it was made, and is gone from it while it changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = python_in(self.folder)
        self._state = self.folder / "lorakeeper.json"
        self._lock = self.folder / "lorakeeper.lock"

    def prepare(self, *, for_tests: bool) -> Path:
        """Makes or mends the environment where it doesn't fit, and returns its interpreter. Raises SetupError."""
        if self._fits(for_tests):
            return self.python
        try:
            self.folder.mkdir(exist_ok=True)
            with only_one_at_a_time(self._lock):
                if not self._fits(for_tests):
                    self._make(for_tests)
        except OSError as error:
            raise SetupError(f"{self.folder} can't be written: {error}.") from error
        return self.python

    def _wanted(self) -> str:
        """What an environment must have been made for: another place, or other requirements, is another environment."""
        digest = hashlib.sha256(str(self.root.resolve()).encode())
        for name in ("pyproject.toml", "requirements.txt"):
            digest.update((self.root / name).read_bytes())
        return digest.hexdigest()

    def _read_state(self) -> dict[str, object]:
        try:
            state = json.loads(self._state.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _write_state(self, state: dict[str, object]) -> None:
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(state), "utf-8")
        new.replace(self._state)

    def _fits(self, for_tests: bool) -> bool:
        state = self._read_state()
        enough = bool(state.get("tests")) or not for_tests
        return enough and state.get("made_for") == self._wanted() and self._runs()

    def _runs(self) -> bool:
        """Whether the interpreter is there, and the Python that it was made from."""
        try:
            found = re.search(r"^home *= *(.+)$", (self.folder / "pyvenv.cfg").read_text("utf-8"), re.MULTILINE)
        except OSError:
            return False
        return self.python.exists() and found is not None and Path(found.group(1).strip()).is_dir()

    def _make(self, for_tests: bool) -> None:
        before = self._read_state()
        for_tests = for_tests or bool(before.get("tests"))
        # Half-made where its maker was killed: not to be trusted. One that somebody else made is good enough.
        if before.get("changing") or not self._runs():
            self._make_empty()
        self._write_state({"changing": True})
        say(f"Installing what Lorakeeper needs into {self.folder}: once, and it takes a minute or so.")
        what = ["-e", ".[dev]"] if for_tests else ["-r", "requirements.txt"]
        # Most of what is installed is never imported; Python compiles what is.
        quietly = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
        installed = self._run([str(self.python), "-I", "-m", "pip", "install", *quietly, *what])
        self._write_state({"made_for": self._wanted(), "tests": for_tests} if installed else {})
        if not installed:
            raise SetupError("The requirements could not be installed: mend what pip says above, then start again.")

    def _make_empty(self) -> None:
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            raise SetupError(advice_without_venv(self.root))
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != self._lock:
                entry.unlink()
        self._write_state({"changing": True})
        # We may be running in the very environment that was just emptied.
        python = getattr(sys, "_base_executable", None) or sys.executable
        if not self._run([python, "-I", "-m", "venv", str(self.folder)]):
            raise SetupError(advice_without_venv(self.root))

    def _run(self, command: list[str]) -> bool:
        # It inherits the lock, so that it stays taken while this runs, even where we are killed.
        ended = subprocess.run(
            command, check=False, cwd=self.root, stdin=subprocess.DEVNULL, stdout=sys.stderr, close_fds=False
        )
        return ended.returncode == 0


def advice_without_venv(root: Path) -> str:
    if comfyui_base(root):
        requirements = root / "requirements.txt"
        return (
            "ComfyUI's Python lacks some of the requirements, and this one can't make an environment of its own. "
            f'Install them into ComfyUI\'s: "{sys.executable}" -m pip install -r "{requirements}"'
        )
    package = "python{}.{}-venv".format(*sys.version_info)
    return (
        f"This Python ({sys.executable}) can't make a virtual environment: its venv or ensurepip module is missing. "
        f"On Debian and Ubuntu, install it with: apt install {package}"
    )


@contextlib.contextmanager
def only_one_at_a_time(path: Path) -> Iterator[None]:
    """Holds a lock that the system lets go of when the process ends, however it ends."""
    with path.open("a+b") as file:
        if not lock(file):
            say("Another start is preparing the environment: waiting for it.")
            while not lock(file):
                time.sleep(0.3)
        yield


def lock(file: BinaryIO) -> bool:
    """Takes the lock unless another has it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.set_inheritable(file.fileno(), True)
    return True


# -- The start -------------------------------------------------------------------------------------------------------


def start(command: list[str]) -> NoReturn:
    """Becomes ``command``; on Windows, which has no such thing, waits for it and ends as it ended."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not WINDOWS:
        os.execv(command[0], command)  # noqa: S606 - a shell would read the arguments anew
    process = subprocess.Popen(command)
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            # Ctrl-C reaches the process too, and how to end is its business.
            continue


def command_for(arguments: list[str], root: Path) -> list[str]:
    if arguments[:1] == ["test"]:
        python = Environment(root).prepare(for_tests=True)
        return [str(python), "-I", str(root / "testing" / "checks.py"), *arguments[1:]]
    if not arguments or (arguments[0].startswith("-") and "--demo" in arguments):
        arguments = ["serve", *arguments]
    return [str(choose_python(root)), str(root / "py" / "__main__.py"), *arguments]


def main() -> NoReturn:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit("Lorakeeper needs Python {}.{} or later; this is {}.{}.".format(*OLDEST_PYTHON, *sys.version_info))
    try:
        start(command_for(sys.argv[1:], pack_folder()))
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
