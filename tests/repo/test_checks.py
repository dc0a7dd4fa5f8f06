"""``run.py test``: what its steps find, how it ends, and that a skip is a failure where nothing may be left out."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SOME_TESTS = """
import pytest

def test_passes():
    pass

@pytest.mark.skip(reason="no browser")
def test_is_skipped():
    pass

@pytest.mark.comfyui
@pytest.mark.skip(reason="no ComfyUI")
def test_of_comfyui_is_skipped():
    pass

@pytest.mark.xfail
def test_fails_as_expected():
    assert False
"""


def outcomes(folder: Path, tests: str, **env: str) -> str:
    """What pytest says of ``tests`` at its end, such as ``1 failed, 2 passed in 0.1s``, with the plugin loaded."""
    (folder / "test_some.py").write_text(tests, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = comfyui: needs ComfyUI", "utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "LORAKEEPER_SKIPS_FAIL"}
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "pytest", "-p", "lorakeeper.testing.pytest_reports", "-p", "no:cacheprovider"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, **env},
    )
    return ended.stdout.strip().splitlines()[-1]


def test_skips_are_failures_where_nothing_may_be_left_out(tmp_path: Path) -> None:
    assert "1 passed, 1 skipped, 1 xfailed, 1 error" in outcomes(tmp_path, SOME_TESTS, LORAKEEPER_SKIPS_FAIL="1")


def test_skips_are_skips_elsewhere(tmp_path: Path) -> None:
    assert "1 passed, 2 skipped, 1 xfailed" in outcomes(tmp_path, SOME_TESTS)


def test_a_file_that_skips_itself_is_a_failure_too(tmp_path: Path) -> None:
    tests = "import pytest\npytest.importorskip('no_such_module')\ndef test(): pass\n"

    assert "1 error" in outcomes(tmp_path, tests, LORAKEEPER_SKIPS_FAIL="1")


def test_every_check_runs_whatever_became_of_those_before(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LORAKEEPER_SKIPS_FAIL", raising=False)

    def lacks() -> bool:
        raise checks.MissingError("there is no Node here.")

    results = [
        checks.carry_out(checks.Check(name, run))
        for name, run in [("types", lambda: False), ("scripts", lacks), ("tests", lambda: True)]
    ]

    assert [result.state for result in results] == ["failed", "skipped", "passed"]
    assert checks.conclude(results) == 1
    assert checks.conclude(results[1:]) == 0
    assert "there is no Node here." in capsys.readouterr().out


def test_a_check_that_was_left_out_is_a_failure_where_nothing_may_be(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORAKEEPER_SKIPS_FAIL", "1")

    assert checks.conclude([checks.Result("scripts", "skipped", 0.0)]) == 1


def test_mypys_link_is_made_and_a_stale_one_replaced(checks: ModuleType, tmp_path: Path) -> None:
    link = tmp_path / "typed" / "lorakeeper"

    checks.link_for_mypy(link)
    assert link.samefile(checks.ROOT)

    if os.name != "nt":
        link.unlink()
        link.symlink_to(tmp_path / "gone", target_is_directory=True)
    checks.link_for_mypy(link)
    assert link.samefile(checks.ROOT)


@pytest.mark.skipif(os.name == "nt", reason="a browser there can't be asked for its version")
def test_a_wrapper_that_starts_no_browser_is_not_taken_for_one(checks: ModuleType, tmp_path: Path) -> None:
    wrapper, browser = tmp_path / "chromium-browser", tmp_path / "chromium"
    wrapper.write_text("#!/bin/sh\necho 'requires the chromium snap' >&2\nexit 1\n", "utf-8")
    browser.write_text("#!/bin/sh\necho 'Chromium 156.0.1'\n", "utf-8")
    for program in (wrapper, browser):
        program.chmod(0o755)

    assert (checks.starts(wrapper), checks.starts(browser)) == (False, True)


def test_node_of_the_wheel_is_found_where_there_is_none_on_the_path(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    tools = checks.find_node()

    assert tools
    node, npm = tools
    assert checks.output_of(str(node), "--version").startswith("v")
    assert checks.output_of(*npm, "--version")


def make_front_end(folder: Path, version: str) -> None:
    """A wheel that pip takes for ComfyUI's front end."""
    folder.mkdir(exist_ok=True)
    info = f"comfyui_frontend_package-{version}.dist-info"
    with zipfile.ZipFile(folder / f"comfyui_frontend_package-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("comfyui_frontend_package/static/index.html", version)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: comfyui-frontend-package\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_front_ends_are_fetched_once_and_those_that_are_not_listed_go(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wheels, folder = tmp_path / "wheels", tmp_path / "front-ends"
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())
    for version in ("1.0", "2.0"):
        make_front_end(wheels, version)

    def fetched(*versions: str) -> list[str]:
        checks.fetch_front_ends(list(versions), folder)
        return sorted(path.name for path in folder.iterdir())

    assert fetched("1.0") == ["1.0"]
    assert (folder / "1.0" / "comfyui_frontend_package" / "static" / "index.html").read_text("utf-8") == "1.0"
    assert fetched("2.0") == ["2.0"]
    said = capsys.readouterr().out
    assert (fetched("2.0"), capsys.readouterr().out) == (["2.0"], "")
    assert fetched("2.0", "3.0") == ["2.0"]
    assert "1.0 could not be" not in said
    assert "3.0 could not be fetched: the tests in it are skipped." in capsys.readouterr().out


def test_without_a_browser_the_tests_run_and_it_is_said(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[dict[str, str]] = []
    monkeypatch.setenv("LORAKEEPER_CHROMIUM", "gone")
    monkeypatch.setattr(checks, "find_chromium", lambda: None)
    monkeypatch.setattr(checks, "fetch_chromium", lambda: None)
    monkeypatch.setattr(checks, "fetch_front_ends", lambda *_: None)

    def passes(*_: str, env: dict[str, str]) -> bool:
        started.append(env)
        return True

    monkeypatch.setattr(checks, "passes", passes)

    assert checks.run_tests([])

    assert "the browser tests are skipped" in capsys.readouterr().out
    assert "LORAKEEPER_CHROMIUM" not in started[0]
