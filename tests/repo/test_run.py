"""``run.py``, started as users start it, in small trees with an application that only says what it was started with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NEED = "lorakeeper_need>=2.0"
APPLICATION = """
import json, os, sys
print(json.dumps({"python": os.path.dirname(os.path.dirname(sys.executable)), "arguments": sys.argv[1:]}))
sys.exit(int(os.environ.get("ENDS_WITH", "0")))
"""
Answer = dict[str, object]


def make_pack(folder: Path, *, needs: str) -> Path:
    """A pack with the real run.py and an application that answers with what it was started with."""
    (folder / "py").mkdir(parents=True)
    (folder / "py" / "__main__.py").write_text(APPLICATION, "utf-8")
    (folder / "run.py").write_bytes((ROOT / "run.py").read_bytes())
    (folder / "pyproject.toml").write_text(f"# {needs}\n", "utf-8")
    (folder / "requirements.txt").write_text(f"{needs}\n", "utf-8")
    return folder


def make_wheel(folder: Path, version: str) -> None:
    """The one package that the packs here may need, for pip to find."""
    folder.mkdir(exist_ok=True)
    info = f"lorakeeper_need-{version}.dist-info"
    with zipfile.ZipFile(folder / f"lorakeeper_need-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("lorakeeper_need.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: lorakeeper_need\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def make_environment(folder: Path, installed: str) -> None:
    """ComfyUI's own environment, with ``lorakeeper_need`` in the version given."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    packages = next(folder.glob("Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"))
    info = packages / f"lorakeeper_need-{installed}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lorakeeper_need\nVersion: {installed}\n", "utf-8")


def environment_for_pip(wheels: Path) -> dict[str, str]:
    """pip takes packages from ``wheels`` alone: nothing of the user's configuration, nothing of the network."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return {**ours, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri()}


def begin(pack: Path, *arguments: str, cwd: Path | None = None, script: str = "", **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - starting it is the point
        [sys.executable, script or str(pack / "run.py"), *arguments],
        cwd=cwd,
        env={**environment_for_pip(pack.parent / "wheels"), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer_of(process: subprocess.Popen[str]) -> tuple[Answer, str]:
    """The application's answer, which must be all there is on the standard output, and the messages beside it."""
    out, messages = process.communicate(timeout=120)
    assert process.returncode == 0, messages
    answer: Answer = json.loads(out)
    return answer, messages


def run(pack: Path, *arguments: str, cwd: Path | None = None, script: str = "", **env: str) -> Answer:
    return answer_of(begin(pack, *arguments, cwd=cwd, script=script, **env))[0]


def is_of(answer: Answer, environment: Path) -> bool:
    return Path(str(answer["python"])).samefile(environment)


# -- Inside ComfyUI --------------------------------------------------------------------------------------------------


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    folder = tmp_path / "ComfyUI"
    (folder / "custom_nodes").mkdir(parents=True)
    return folder


def test_the_running_python_is_used_inside_comfyui_where_it_has_the_requirements(comfyui: Path) -> None:
    pack = make_pack(comfyui / "custom_nodes" / "Lora-Keeper", needs="pytest>=1")

    answer = run(pack, "search", "a b", "--json")

    assert is_of(answer, Path(sys.executable).parent.parent)
    assert answer["arguments"] == ["search", "a b", "--json"]
    assert not (pack / ".venv").exists()


def test_comfyuis_environment_is_used_where_the_running_python_lacks_something(comfyui: Path) -> None:
    pack = make_pack(comfyui / "custom_nodes" / "lorakeeper", needs=NEED)
    make_environment(comfyui / "venv", "1.9")
    make_environment(comfyui / ".venv", "2.0.1")

    assert is_of(run(pack), comfyui / ".venv")


@pytest.mark.skipif(os.name == "nt", reason="links need a right there that a user seldom has")
def test_a_pack_linked_into_comfyui_is_inside_it(comfyui: Path, tmp_path: Path) -> None:
    pack = make_pack(tmp_path / "source", needs=NEED)
    make_environment(comfyui / "venv", "2.0")
    link = comfyui / "custom_nodes" / "lorakeeper"
    link.symlink_to(pack, target_is_directory=True)

    assert is_of(run(link), comfyui / "venv")
    # As from a shell that stands in the link: the system's own idea of the place is the resolved one.
    assert is_of(run(link, cwd=link, script="run.py", PWD=str(link)), comfyui / "venv")


def test_where_no_environment_can_be_made_comfyuis_users_are_told_how_to_install(
    run_py: ModuleType, comfyui: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = make_pack(comfyui / "custom_nodes" / "lorakeeper", needs=NEED)
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(run_py.SetupError, match=r"-m pip install -r .*requirements\.txt"):
        run_py.choose_python(pack)


# -- On its own ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack whose environment is made by the first test that starts it, and used by those after it."""
    folder = tmp_path_factory.mktemp("own")
    make_wheel(folder / "wheels", "2.0")
    return make_pack(folder / "a-pack with spaces", needs=NEED)


def test_two_first_starts_at_once_make_one_environment(pack: Path) -> None:
    both = [begin(pack, "show", str(number)) for number in (1, 2)]

    answers = [answer_of(process) for process in both]

    assert [answer["arguments"] for answer, _ in answers] == [["show", "1"], ["show", "2"]]
    assert all(is_of(answer, pack / ".venv") for answer, _ in answers)
    assert sum(messages.count("Installing") for _, messages in answers) == 1


def test_the_environment_is_used_again(pack: Path) -> None:
    run(pack)
    before = (pack / ".venv" / "lorakeeper.json").stat()

    _, messages = answer_of(begin(pack, PIP_FIND_LINKS=""))

    assert messages == ""
    assert (pack / ".venv" / "lorakeeper.json").stat().st_mtime_ns == before.st_mtime_ns


def test_new_requirements_are_installed_into_it(pack: Path) -> None:
    run(pack)
    make_wheel(pack.parent / "wheels", "2.1")
    kept = pack / ".venv" / "kept"
    kept.touch()
    (pack / "requirements.txt").write_text("lorakeeper_need>=2.1\n", "utf-8")

    run(pack)

    assert list(pack.glob(".venv/**/lorakeeper_need-2.1.dist-info"))
    assert kept.exists()


def test_a_half_made_environment_is_made_anew(pack: Path) -> None:
    run(pack)
    (pack / ".venv" / "lorakeeper.json").write_text('{"changing": true}', "utf-8")
    module = next(pack.glob(".venv/**/lorakeeper_need.py"))
    module.unlink()

    run(pack)

    assert module.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(pack: Path) -> None:
    run(pack)
    (pack / ".venv" / "pyvenv.cfg").write_text(f"home = {pack / 'gone'}\n", "utf-8")

    assert is_of(run(pack), pack / ".venv")


def test_a_failed_installation_is_said_in_a_sentence_and_tried_again_next_time(pack: Path) -> None:
    run(pack)
    was = (pack / "requirements.txt").read_text("utf-8")
    (pack / "requirements.txt").write_text("lorakeeper_need>=99\n", "utf-8")

    process = begin(pack)
    out, messages = process.communicate(timeout=120)

    assert (process.returncode, out) == (1, "")
    assert "could not be installed" in messages
    assert "Traceback" not in messages
    (pack / "requirements.txt").write_text(was, "utf-8")
    assert is_of(run(pack), pack / ".venv")


def test_no_arguments_serve_and_demo_serves_the_demo(pack: Path) -> None:
    assert run(pack)["arguments"] == ["serve"]
    assert run(pack, "--demo")["arguments"] == ["serve", "--demo"]
    assert run(pack, "--port", "9", "--demo")["arguments"] == ["serve", "--port", "9", "--demo"]
    assert run(pack, "--help")["arguments"] == ["--help"]


def test_the_exit_code_is_the_applications(pack: Path) -> None:
    process = begin(pack, "doctor", ENDS_WITH="2")
    process.communicate(timeout=120)

    assert process.returncode == 2


# -- What is told when it can't work ---------------------------------------------------------------------------------


def test_a_python_without_ensurepip_is_told_what_to_install(
    run_py: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = make_pack(tmp_path / "pack", needs=NEED)
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(run_py.SetupError, match=r"apt install python3\.\d+-venv"):
        run_py.choose_python(pack)


def test_an_old_python_is_refused_with_a_sentence(run_py: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))

    with pytest.raises(SystemExit, match=r"needs Python 3\.10 or later; this is 3\.8"):
        run_py.main()


@pytest.mark.parametrize(
    ("version", "floor", "meets"),
    [
        ("2.0", "2", True),
        ("2.10", "2.9", True),
        ("2.9.0", "2.9", True),
        ("24.2rc1", "24.2", True),
        ("1.26.4+local", "1.27", False),
        ("1!0.1", "2", False),
        ("unknown", "0.1", False),
    ],
)
def test_versions_compare_by_their_numbers(run_py: ModuleType, version: str, floor: str, meets: bool) -> None:
    assert (run_py.release(version) >= run_py.release(floor)) is meets
