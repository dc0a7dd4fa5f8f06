"""The quarantine and the security report from outside: what is listed, let go, deleted and counted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.security.records import ScanRecord
from lorakeeper.testing import samples

REASON = "It imports os.system."
TRAP = samples.bad_pickle("trap").content()
SHA256 = hashlib.sha256(TRAP).hexdigest()


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    return tmp_path / "models" / "loras"


@pytest.fixture
async def held(app: App, loras: Path, tmp_path: Path) -> str:
    """A file in quarantine that was to go to the LoRAs, with its record; its hash."""
    part = tmp_path / "x.part"
    part.write_bytes(TRAP)
    source = "https://civitai.example/api/download/models/7"
    app.quarantine.take(part, name="trap.pt", sha256=SHA256, reason=REASON, source=source, folder=str(loras))
    findings = (REASON,)
    await app.custody.note(
        ScanRecord(
            SHA256, "trap.pt", "civitai.example", "torch", "dangerous", findings, "Success", "quarantined", REASON
        )
    )
    return SHA256


async def test_file_held_back_is_listed_with_its_place(door: Any, held: str, loras: Path) -> None:
    (entry,) = (await door("GET", "quarantine")).json["items"]

    assert (entry["sha256"], entry["name"], entry["reason"]) == (held, "trap.pt", REASON)
    assert entry["folder"] == str(loras)


async def test_wrong_reason_moves_nothing(door: Any, held: str, loras: Path) -> None:
    answer = await door("POST", f"quarantine/{held}/release", {"reason": "because"})

    assert answer.status == 400
    assert REASON in answer.message
    assert not loras.exists()
    assert len((await door("GET", "quarantine")).json["items"]) == 1


async def test_release_puts_the_file_into_its_folder_and_into_the_library(door: Any, held: str, loras: Path) -> None:
    answer = await door("POST", f"quarantine/{held}/release", {"reason": "it imports os.system"})

    assert (answer.status, answer.json["path"], answer.json["listed"]) == (200, str(loras / "trap.pt"), True)
    assert (loras / "trap.pt").read_bytes() == TRAP
    assert (await door("GET", "quarantine")).json["items"] == []
    (item,) = (await door("GET", "library")).json["items"]
    assert (item["file_name"], item["sha256"]) == ("trap.pt", held)


async def test_release_to_another_kind(door: Any, held: str, loras: Path) -> None:
    wrong = await door("POST", f"quarantine/{held}/release", {"reason": REASON, "kind": "nothing"})
    answer = await door("POST", f"quarantine/{held}/release", {"reason": REASON, "kind": "vae"})

    assert (wrong.status, answer.status) == (400, 200)
    assert answer.json["path"] == str(loras.parent / "vae" / "trap.pt")


async def test_folder_that_is_no_model_folder_any_more_is_refused(door: Any, app: App, held: str) -> None:
    note = app.home / "quarantine" / f"{held}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "folder": str(app.home)}))

    answer = await door("POST", f"quarantine/{held}/release", {"reason": REASON})

    assert answer.status == 422
    assert "kind" in answer.message
    assert not (app.home / "trap.pt").exists()


async def test_changed_file_is_not_let_go(door: Any, app: App, held: str, loras: Path) -> None:
    (app.home / "quarantine" / f"{held}.quarantined").write_bytes(b"something else")

    answer = await door("POST", f"quarantine/{held}/release", {"reason": REASON})

    assert answer.json["error"]["kind"] == "VerificationError"
    assert not (loras / "trap.pt").exists()


async def test_deleted_file_is_gone(door: Any, app: App, held: str) -> None:
    answer = await door("DELETE", f"quarantine/{held}")

    assert (answer.status, answer.json) == (200, {"sha256": held, "name": "trap.pt"})
    assert list((app.home / "quarantine").iterdir()) == []
    assert (await door("DELETE", f"quarantine/{held}")).status == 404


@pytest.mark.parametrize("sha256", ["ab" * 32, "ab", quote("../../secret", safe=""), "%00" * 64])
async def test_unknown_and_ill_formed_hashes_are_404(door: Any, held: str, sha256: str) -> None:
    released = await door("POST", f"quarantine/{sha256}/release", {"reason": REASON})
    deleted = await door("DELETE", f"quarantine/{sha256}")

    assert (released.status, deleted.status) == (404, 404)
    assert len((await door("GET", "quarantine")).json["items"]) == 1


@pytest.mark.parametrize("body", [{}, {"reason": 1}, {"reason": "x" * 5001}, {"reason": REASON, "force": True}])
async def test_ill_formed_release_is_refused(door: Any, held: str, body: dict[str, Any]) -> None:
    assert (await door("POST", f"quarantine/{held}/release", body)).status == 422
    assert len((await door("GET", "quarantine")).json["items"]) == 1


async def test_another_site_s_page_can_not_let_anything_go(door: Any, held: str) -> None:
    foreign = {"Origin": "https://evil.example"}

    released = await door("POST", f"quarantine/{held}/release", {"reason": REASON}, headers=foreign)
    deleted = await door("DELETE", f"quarantine/{held}", headers=foreign)

    assert (released.status, deleted.status) == (403, 403)
    assert len((await door("GET", "quarantine")).json["items"]) == 1


async def test_report_counts_and_lists(door: Any, held: str) -> None:
    report = (await door("GET", "security/report")).json
    later = (await door("GET", "security/report", since="2999-01-01")).json

    assert report["total"] == {
        "scanned": 1,
        "safe": 0,
        "unverifiable": 0,
        "quarantined": 1,
        "released": 0,
        "deleted": 0,
    }
    assert [each["source"] for each in report["by_source"]] == ["civitai.example"]
    assert [entry["sha256"] for entry in report["entries"]] == [held]
    assert (later["total"]["scanned"], later["held"], later["since"]) == (0, 1, "2999-01-01")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"since": "yesterday"}, 422),
        ({"until": "2026-13-01"}, 422),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 400),
    ],
)
async def test_report_of_impossible_days_is_refused(door: Any, query: dict[str, str], status: int) -> None:
    assert (await door("GET", "security/report", **query)).status == status


async def test_scans_are_paged_and_filtered(door: Any, app: App, held: str) -> None:
    for number in range(3):
        await app.custody.note(
            ScanRecord(f"{number:064x}", f"{number}.st", "b.example", "safetensors", "safe", (), "", "installed", "")
        )

    first = (await door("GET", "security/scans", limit=2)).json
    rest = (await door("GET", "security/scans", limit=2, cursor=first["next_cursor"])).json
    dangerous = (await door("GET", "security/scans", verdict="dangerous")).json

    assert [item["name"] for item in first["items"] + rest["items"]] == ["2.st", "1.st", "0.st", "trap.pt"]
    assert rest["next_cursor"] is None
    assert [(item["sha256"], item["site"]) for item in dangerous["items"]] == [(held, "Success")]


@pytest.mark.parametrize(
    ("query", "status"),
    [({"cursor": "x"}, 400), ({"limit": 0}, 422), ({"verdict": "nice"}, 422), ({"became": "x"}, 422)],
)
async def test_ill_formed_list_is_refused(door: Any, query: dict[str, Any], status: int) -> None:
    assert (await door("GET", "security/scans", **query)).status == status
