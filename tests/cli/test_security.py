"""`quarantine` and `security` on the command line: what was held back, let go, deleted and counted."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.security import Quarantine

REASON = "It imports os.system. It holds a pickle that can't be read to its end."
BAD = b"a bad file"
SHA256 = hashlib.sha256(BAD).hexdigest()


class Terminal(io.StringIO):
    """A keyboard at which something was typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "data" / "quarantine")


@pytest.fixture
def held(quarantine: Quarantine, models: Path, tmp_path: Path) -> str:
    (tmp_path / "x.part").write_bytes(BAD)
    quarantine.take(
        tmp_path / "x.part",
        name="trap.pt",
        sha256=SHA256,
        reason=REASON,
        source="https://civitai.example/7",
        folder=str(models / "loras"),
    )
    return SHA256


async def test_list_says_what_is_held_and_why(run: Any, held: str) -> None:
    told = await run("quarantine", "list")
    said = await run("quarantine", "list", "--json")

    assert (told.code, said.code) == (0, 0)
    assert told.out.startswith(f"{held[:12]}\ttrap.pt\t10 B\t")
    assert REASON in told.out
    assert [(entry["sha256"], entry["reason"]) for entry in said.json] == [(held, REASON)]


async def test_empty_quarantine_is_a_sentence_and_no_json(run: Any) -> None:
    assert (await run("quarantine", "list")).out == "Nothing is in quarantine.\n"
    assert (await run("quarantine", "list", "--json")).out == ""


async def test_release_by_the_beginning_of_the_hash(run: Any, held: str, models: Path) -> None:
    said = await run("quarantine", "release", held[:8].upper(), "--reason", "it imports os.system", "--json")

    assert said.code == 0
    assert said.json[0]["path"] == str(models / "loras" / "trap.pt")
    assert (models / "loras" / "trap.pt").read_bytes() == BAD
    assert (await run("library", "search", "trap", "--json")).json[0]["sha256"] == held


async def test_wrong_reason_is_wrong_use(run: Any, held: str, models: Path, quarantine: Quarantine) -> None:
    said = await run("quarantine", "release", held, "--reason", "because")

    assert said.code == 2
    assert "It imports os.system." in said.sentence
    assert not models.exists()
    assert quarantine.find(held)


async def test_without_a_terminal_the_reason_must_be_given(run: Any, held: str, quarantine: Quarantine) -> None:
    said = await run("quarantine", "release", held)

    assert said.code == 2
    assert "--reason" in said.sentence
    assert quarantine.find(held)


async def test_on_a_terminal_the_reason_is_shown_and_asked_for(
    run: Any, held: str, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("it imports os system\n"))

    said = await run("quarantine", "release", held, "--kind", "vae")

    assert said.code == 0
    assert REASON in said.err
    assert said.out.endswith(f"{models / 'vae' / 'trap.pt'}\n")
    assert (models / "vae" / "trap.pt").is_file()


async def test_delete_wants_a_yes(run: Any, held: str, quarantine: Quarantine) -> None:
    refused = await run("quarantine", "delete", held)
    kept = quarantine.find(held)
    done = await run("quarantine", "delete", held, "--yes", "--json")

    assert (refused.code, done.code) == (2, 0)
    assert "--yes" in refused.sentence
    assert kept
    assert done.json == [{"sha256": held, "name": "trap.pt"}]
    assert quarantine.list() == []


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
async def test_on_a_terminal_deletion_is_asked_for(
    run: Any, held: str, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))

    said = await run("quarantine", "delete", held)

    assert said.code == 0
    assert len(quarantine.list()) == left


@pytest.mark.parametrize(("sha256", "code"), [("abcdabcd", 1), ("abc", 2), ("../../xyz", 2), ("", 2)])
async def test_hash_that_names_nothing_is_refused(run: Any, held: str, sha256: str, code: int) -> None:
    said = await run("quarantine", "delete", sha256, "--yes")

    assert said.code == code
    assert said.sentence


async def test_ambiguous_beginning_is_refused(run: Any, quarantine: Quarantine, tmp_path: Path) -> None:
    for number in "12":
        (tmp_path / "x.part").write_bytes(BAD)
        sha256 = "ab" * 31 + f"0{number}"
        quarantine.take(tmp_path / "x.part", name="a.pt", sha256=sha256, reason=REASON, source="s")

    said = await run("quarantine", "delete", "abababab", "--yes")

    assert said.code == 2
    assert "more digits" in said.sentence
    assert len(quarantine.list()) == 2


async def test_report_counts_by_source_and_day(run: Any, held: str) -> None:
    told = await run("security")
    (report,) = (await run("security", "--json")).json
    (later,) = (await run("security", "--since", "2999-01-01", "--json")).json

    day = report["by_day"][0]["day"]
    counted = "1\t0\t0\t1\t0\t0"
    assert told.out.splitlines()[:4] == [
        f"all\t{counted}",
        f"civitai.example\t{counted}",
        f"{day}\t{counted}",
        "1 in quarantine now:",
    ]
    assert (report["total"]["quarantined"], report["held"]) == (1, 1)
    assert (later["total"]["quarantined"], later["held"]) == (0, 1)


async def test_report_knows_what_was_deleted(run: Any, held: str) -> None:
    await run("quarantine", "delete", held, "--yes")

    said = await run("security")

    assert said.out.splitlines()[0] == "all\t1\t0\t0\t1\t0\t1"
    assert said.out.splitlines()[-1] == "Nothing is in quarantine."


async def test_day_that_is_none_is_wrong_use(run: Any) -> None:
    assert (await run("security", "--since", "yesterday")).code == 2
