"""What is held back stays findable, and nothing on the way to it is lost."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from lorakeeper.py.security import Quarantine

SHA256 = "ab" * 32
NEWER = {"folder", "version_id"}


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "home" / "quarantine")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "models" / ".lorakeeper-1-2.part"
    path.parent.mkdir()
    path.write_bytes(b"bad")
    return path


def take(quarantine: Quarantine, part: Path, sha256: str = SHA256) -> Path:
    return quarantine.take(
        part, name="trap.pt", sha256=sha256, reason="It imports os.system.", source="https://civitai.example/7"
    )


def test_file_is_moved_under_a_name_no_loader_lists(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)

    assert path.name == f"{SHA256}.quarantined"
    assert path.read_bytes() == b"bad"
    assert not part.exists()


def test_record_says_what_it_was_and_why(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)
    (entry,) = quarantine.list()

    assert (entry.name, entry.reason, entry.source) == ("trap.pt", "It imports os.system.", "https://civitai.example/7")
    assert (entry.sha256, entry.size, entry.path) == (SHA256, 3, str(path))
    assert entry.quarantined_at.endswith("+00:00")
    assert quarantine.find(SHA256.upper()) == entry


def test_empty_and_missing_are_just_empty(quarantine: Quarantine) -> None:
    assert quarantine.list() == []
    assert quarantine.find(SHA256) is None


def test_move_to_another_file_system_keeps_the_bytes(
    quarantine: Quarantine, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == part:
            raise OSError(errno.EXDEV, "another file system")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    path = take(quarantine, part)

    assert path.read_bytes() == b"bad"
    assert not part.exists()
    assert {each.name for each in path.parent.iterdir()} == {path.name, f"{SHA256}.json"}


def test_full_disk_keeps_the_part_and_lists_nothing(
    quarantine: Quarantine, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == part:
            raise OSError(errno.EXDEV, "another file system")
        return rename(self, target)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="full"):
        take(quarantine, part)

    assert part.read_bytes() == b"bad"
    assert quarantine.list() == []
    assert quarantine.find(SHA256) is None


def test_lost_record_still_lists_the_file(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)
    path.with_suffix(".json").write_text("{")
    (entry,) = quarantine.list()

    assert entry.sha256 == SHA256
    assert entry.reason == "Its record is lost."


def test_record_names_the_folder_it_lies_in_now(quarantine: Quarantine, part: Path, tmp_path: Path) -> None:
    take(quarantine, part)
    (tmp_path / "home").rename(tmp_path / "moved")
    (entry,) = Quarantine(tmp_path / "moved" / "quarantine").list()

    assert Path(entry.path).is_file()
    assert json.loads(Path(entry.path).with_suffix(".json").read_text())["name"] == "trap.pt"


def test_record_keeps_where_the_file_was_to_go(quarantine: Quarantine, part: Path) -> None:
    quarantine.take(part, name="a.pt", sha256=SHA256, reason="Bad.", source="s", folder="/m/loras", version_id=7)
    (entry,) = quarantine.list()

    assert (entry.folder, entry.version_id) == ("/m/loras", 7)


def test_record_of_an_older_version_still_reads(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)
    record = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({key: record[key] for key in record if key not in NEWER}))

    (entry,) = quarantine.list()

    assert (entry.name, entry.reason, entry.folder, entry.version_id) == ("trap.pt", "It imports os.system.", "", 0)


@pytest.mark.parametrize("change", [{"name": 5}, {"reason": None}, {"size": "3"}, {"folder": ["/m"]}, {"more": 1}])
def test_record_of_other_types_counts_as_lost(quarantine: Quarantine, part: Path, change: dict[str, object]) -> None:
    path = take(quarantine, part)
    record = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**record, **change}))

    assert [entry.reason for entry in quarantine.list()] == ["Its record is lost."]


def test_record_can_not_claim_to_be_another_file_s(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)
    record = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**record, "sha256": "../../x", "path": "/etc/passwd"}))
    (entry,) = quarantine.list()

    assert (entry.sha256, entry.path) == (SHA256, str(path))


def test_reason_from_a_hostile_file_can_be_kept_and_shown(quarantine: Quarantine, part: Path) -> None:
    reason = f"It imports \ud800{'x' * 100_000}."
    quarantine.take(part, name="\udfffa.pt", sha256=SHA256, reason=reason, source="s")
    (entry,) = quarantine.list()

    assert len(entry.reason) <= 2000
    assert f"{entry.name} {entry.reason}".encode()


def test_discarded_file_leaves_nothing(quarantine: Quarantine, part: Path) -> None:
    path = take(quarantine, part)
    quarantine.discard(SHA256.upper())
    quarantine.discard(SHA256)

    assert list(path.parent.iterdir()) == []
    assert quarantine.find(SHA256) is None
