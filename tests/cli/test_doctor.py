"""``doctor``: each thing that can be broken is found, and what to do is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.cli import doctor
from lorakeeper.testing.fake_civitai import FakeCivitai


def found(said: Any, name: str) -> dict[str, Any]:
    return next(check for check in said.json if check["name"] == name)


async def test_all_is_well(run: Any, civitai: FakeCivitai, tmp_path: Path) -> None:
    said = await run("doctor")

    assert (said.code, said.err) == (0, "")
    assert "✗" not in said.out
    for name in ("Python", "dependencies", "data folder", "civitai key", "database", "model folders", "Civitai"):
        assert f"✓ {name}: " in said.out or f"! {name}: " in said.out
    assert str(tmp_path / "data") in said.out


async def test_json_is_a_check_a_line(run: Any) -> None:
    said = await run("doctor", "--json", "--offline")

    assert said.code == 0
    assert all(set(check) == {"name", "ok", "detail", "action"} for check in said.json)
    assert "Civitai" not in {check["name"] for check in said.json}


async def test_site_out_of_reach_is_broken_unless_left_out(run: Any, civitai: FakeCivitai) -> None:
    await civitai.stop()

    said = await run("doctor")

    assert said.code == 1
    assert "✗ Civitai: " in said.out
    assert "--offline" in said.out
    assert "1 of the checks failed" in said.sentence


async def test_key_is_shown_masked_only(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_API_KEY", "abcd-the-secret-middle-wxyz")

    said = await run("doctor", "--offline")

    assert "abcd…wxyz, from the environment" in said.out
    assert "secret" not in said.out


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
async def test_keys_that_others_can_read_are_found(run: Any, tmp_path: Path) -> None:
    keys = tmp_path / "data" / "credentials.json"
    keys.parent.mkdir()
    keys.write_text("{}")
    keys.chmod(0o644)

    said = await run("doctor", "--offline", "--json")

    assert said.code == 1
    assert found(said, "data folder")["action"] == f"chmod 600 {keys}"


async def test_broken_settings_are_found(run: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.json").write_text("{")

    said = await run("doctor", "--offline", "--json")

    assert said.code == 1
    assert found(said, "settings")["ok"] is False


async def test_corrupt_database_is_set_aside_and_said(run: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lorakeeper.db").write_bytes(b"no database" * 1000)

    said = await run("doctor", "--offline", "--json")

    assert found(said, "database")["ok"] is None
    assert "corrupt" in found(said, "database")["detail"]


async def test_database_of_a_newer_version_is_broken(run: Any, tmp_path: Path) -> None:
    import sqlite3

    await run("doctor", "--offline")
    with sqlite3.connect(tmp_path / "data" / "lorakeeper.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from the future'")
    connection.close()

    said = await run("doctor", "--offline", "--json")

    assert (said.code, found(said, "database")["ok"]) == (1, False)


async def test_data_folder_that_is_a_file_is_broken(run: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    said = await run("doctor", "--offline", "--json")

    assert said.code == 1
    assert "LORAKEEPER_HOME" in found(said, "data folder")["action"]


async def test_missing_and_old_dependencies_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("click>=999\nno-such-thing>=1\naiohttp>=3\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)

    check = doctor.dependencies()

    assert check.ok is False
    assert "older than 999" in check.detail
    assert "no-such-thing is missing" in check.detail
    assert "aiohttp" not in check.detail


async def test_two_opencvs_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opencv_python", "opencv_python_headless"):
        folder = tmp_path / f"{name}-4.10.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 4.10.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    check = doctor.opencv()

    assert check.ok is None
    assert "opencv-python and opencv-python-headless" in check.detail
