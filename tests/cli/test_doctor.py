"""``doctor``: each thing that can be broken is found, and what to do is said."""

from __future__ import annotations

import os
import sys
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


def install(folder: Path, name: str, version: str) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize("other", ["opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"])
async def test_two_opencvs_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    install(tmp_path, "opencv-python-headless", "4.10.0")
    install(tmp_path, other, "4.10.0")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    check = doctor.opencv()

    assert check.ok is None
    assert " and ".join(sorted(("opencv-python-headless", other))) in check.detail
    assert check.action.startswith("Uninstall all of them")


async def test_one_opencv_of_whatever_kind_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "opencv-contrib-python", "4.10.0")
    (tmp_path / "requirements.txt").write_text("opencv-python-headless>=4.8\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    assert doctor.dependencies().ok is True
    assert (doctor.opencv().ok, doctor.opencv().detail) == (True, "opencv-contrib-python 4.10.0")


async def test_missing_and_old_opencv_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("opencv-python-headless>=4.8\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    missing = doctor.dependencies(), doctor.opencv()
    install(tmp_path, "opencv-python", "4.5.0")
    old = doctor.dependencies()

    assert "opencv-python-headless is missing" in missing[0].detail
    assert missing[1].ok is None
    assert "opencv-python 4.5.0 is older than 4.8" in old.detail


async def test_gemini_key_is_shown_masked_or_missed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    without = await run("doctor", "--offline", "--json")
    monkeypatch.setenv("GEMINI_API_KEY", "abcd-the-secret-middle-wxyz")
    said = await run("doctor", "--offline", "--json")

    assert found(without, "gemini key")["detail"] == "none, without which there are no variations"
    assert found(said, "gemini key")["detail"] == "abcd…wxyz, from the environment"
    assert "secret" not in said.out
