"""``vary``: files as they arrive, what is kept, what it costs, and what stands in the way."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.cli import variation_commands
from lorakeeper.py.variations.filters import SCOPES
from lorakeeper.py.variations.quality import PROFILES
from lorakeeper.testing import pictures
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults

# What the fake makes is different each time, and good enough by these.
ANYTHING = (
    *("--min-similarity", "-1", "--max-similarity", "1", "--min-diversity", "0"),
    *("--min-aesthetic", "0", "--min-integrity", "0", "--min-overall", "0"),
)
NOTHING = ("--min-overall", "1")


@pytest.fixture
async def gemini() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=96) as gemini:
        yield gemini


@pytest.fixture(autouse=True)
def key(gemini: FakeGemini, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORAKEEPER_GEMINI_URL", gemini.url)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "hills.png"
    pictures.photograph(1, (160, 160)).save(path)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_accepted_pictures_are_files_and_told_in_a_table(
    run: Any, gemini: FakeGemini, image: Path, out: Path
) -> None:
    said = await run("vary", image, "--prompt", "in winter", "-n", 2, "--out", out, *ANYTHING)

    assert (said.code, said.err) == (0, "")
    written = files(out)
    assert sorted(written) == ["hills-variation-001.png", "hills-variation-002.png"]
    for content in written.values():
        with Image.open(io.BytesIO(content)) as made:
            made.load()
    lines = said.out.splitlines()
    assert [line.split("\t")[:2] for line in lines[:2]] == [["accepted", str(out / name)] for name in sorted(written)]
    assert lines[2].startswith("2 of 2 accepted, 0 rejected, 0 failed; 2 requests sent, 0 pictures from the cache; ")
    assert len(gemini.requests) == 2
    assert gemini.requests[0].headers["x-goog-api-key"] == KEY


async def test_without_out_they_go_into_the_current_folder(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    said = await run("vary", "--prompt", "a cat", "-n", 1, *ANYTHING)

    assert said.code == 0
    assert list(files(tmp_path / "here")) == ["variation-001.png"]


async def test_second_run_sends_nothing_and_writes_nothing_twice(
    run: Any, gemini: FakeGemini, image: Path, out: Path
) -> None:
    asked = ("vary", image, "-n", 2, "--out", out, *ANYTHING)
    await run(*asked)
    before, sent = files(out), len(gemini.requests)

    said = await run(*asked, "--json")

    assert said.code == 0
    assert len(gemini.requests) == sent
    assert files(out) == before
    assert sorted(Path(each["path"]).name for each in said.json[:-1]) == sorted(before)
    assert all(each["from_cache"] for each in said.json[:-1])
    report = said.json[-1]["report"]
    assert (report["attempts"], report["from_cache"], report["estimated_cost"]) == (0, 2, 0.0)


async def test_no_cache_asks_anew_and_takes_no_other_files_place(
    run: Any, gemini: FakeGemini, image: Path, out: Path
) -> None:
    asked = ("vary", image, "-n", 1, "--out", out, *ANYTHING)
    await run(*asked)
    before = files(out)

    said = await run(*asked, "--no-cache")

    assert (said.code, len(gemini.requests)) == (0, 2)
    assert sorted(files(out)) == ["hills-variation-001.png", "hills-variation-002.png"]
    assert files(out)["hills-variation-001.png"] == before["hills-variation-001.png"]


async def test_each_line_of_json_is_an_object_and_the_report_comes_last(run: Any, image: Path, out: Path) -> None:
    said = await run("vary", image, "-n", 2, "--out", out, "--json", *ANYTHING)

    *made, last = said.json
    assert [(each["number"], each["accepted"]) for each in made] == [(0, True), (1, True)]
    assert all(Path(each["path"]).is_file() and 0 <= each["scores"]["overall_quality"] <= 1 for each in made)
    assert list(last) == ["report"]
    assert last["report"]["successful"] == 2


async def test_rejected_ones_are_told_and_not_written(run: Any, image: Path, out: Path) -> None:
    said = await run("vary", image, "-n", 1, "--attempts", 2, "--out", out, *NOTHING)

    assert said.code == 1
    assert said.sentence == "0 of 1 variations were accepted: All 2 attempts were used up."
    assert files(out) == {}
    told = [line.split("\t") for line in said.out.splitlines()[:2]]
    assert all(verdict == "rejected" and path == "" for verdict, path, *_ in told)
    assert all("overall quality" in line[-1] for line in told)


async def test_keep_rejected_writes_them_into_a_folder_of_their_own(run: Any, image: Path, out: Path) -> None:
    said = await run("vary", image, "-n", 1, "--attempts", 2, "--out", out, "--keep-rejected", "--json", *NOTHING)

    assert said.code == 1
    names = ["rejected/hills-variation-001.png", "rejected/hills-variation-002.png"]
    assert sorted(files(out)) == names
    assert [each["path"] for each in said.json[:-1]] == [str(out / name) for name in names]


async def test_budget_ends_it_and_the_exit_code_says_so(run: Any, gemini: FakeGemini, image: Path, out: Path) -> None:
    said = await run("vary", image, "-n", 3, "--budget", "0.10", "--out", out, *ANYTHING)

    assert said.code == 1
    assert said.sentence == "1 of 3 variations were accepted: The budget of 0.10 US dollars allows no more."
    assert len(gemini.requests) == len(files(out)) == 1


async def test_dry_run_tells_the_price_and_sends_nothing(run: Any, gemini: FakeGemini, image: Path, out: Path) -> None:
    said = await run("vary", image, "-n", 2, "--dry-run", "--out", out)
    (document,) = (await run("vary", image, "-n", 2, "--dry-run", "--budget", "0.2", "--json")).json

    assert said.code == 0
    assert said.out.splitlines() == ["2 to 6 requests would be sent.", "They would cost 0.14 to 0.41 US dollars."]
    assert (document["kept"], document["fewest"], document["most"], document["most_cost"]) == (0, 2, 6, 0.2)
    assert gemini.requests == []
    assert not out.exists()


async def test_dry_run_counts_what_is_kept(run: Any, image: Path, out: Path) -> None:
    await run("vary", image, "-n", 1, "--out", out, *ANYTHING)

    said = await run("vary", image, "-n", 1, "--dry-run")

    assert said.out.splitlines()[0] == "1 picture would come from the cache, at no cost."


async def test_dry_run_of_an_unknown_model_knows_no_price(run: Any, image: Path) -> None:
    said = await run("vary", image, "--model", "gemini-99-image", "--dry-run")

    assert (said.code, said.out.splitlines()[1]) == (0, "No price is known for gemini-99-image.")


async def test_without_a_key_it_says_which_is_missing(
    run: Any, gemini: FakeGemini, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")

    said = await run("vary", image, "--out", out)

    assert said.code == 1
    assert "key" in said.sentence
    assert gemini.requests == []


async def test_bad_key_is_never_shown(run: Any, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "not-the-key-that-was-given")

    said = await run("--debug", "vary", image, "--out", out, "--json")

    assert said.code == 1
    assert "not-the-key-that-was-given" not in said.out + said.err


async def test_blocked_prompt_is_one_sentence(run: Any, gemini: FakeGemini, image: Path, out: Path) -> None:
    gemini.faults.append(faults.BlockedPrompt(times=None))

    said = await run("vary", image, "-n", 1, "--out", out)

    assert said.code == 1
    assert said.sentence.startswith("Gemini's rules forbid the prompt")
    assert len(gemini.requests) == 1
    assert files(out) == {}


async def test_fallback_gets_the_parameters_that_it_has(run: Any, gemini: FakeGemini, image: Path, out: Path) -> None:
    gemini.models.remove("gemini-3-pro-image")
    shape = ("--model", "gemini-3-pro-image", "--size", "2K", "--aspect-ratio", "16:9", "--seed", 7)

    said = await run("vary", image, "-n", 1, "--out", out, *shape, "--fallback", "gemini-2.5-flash-image", *ANYTHING)

    assert said.code == 0
    last = gemini.requests[-1]
    assert "gemini-2.5-flash-image" in last.path
    config = json.loads(last.body)["generationConfig"]
    assert config["imageConfig"] == {"aspectRatio": "16:9"}
    assert config["seed"] == 7


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-file.png"],
        ["--prompt", "x", "-n", "0"],
        ["--prompt", "x", "-n", "101"],
        ["--prompt", "x", "--budget", "-1"],
        ["--prompt", "x", "--budget", "nan"],
        ["--prompt", "x", "--temperature", "nan"],
        ["--prompt", "x", "--min-overall", "nan"],
        ["--prompt", "x", "--min-similarity", "0.9", "--max-similarity", "0.1"],
        ["--prompt", "x", "--profile", "best"],
        ["--prompt", "x", "--attempts", "11"],
        ["--prompt", "x", "--model", "gemini-99-image", "--budget", "1"],
    ],
)
async def test_wrong_use_is_2_and_sends_nothing(run: Any, gemini: FakeGemini, out: Path, arguments: list[str]) -> None:
    said = await run("vary", "--out", out, *arguments)

    assert said.code == 2
    assert said.sentence
    assert gemini.requests == []


async def test_file_that_is_no_picture_is_named(run: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")

    said = await run("vary", tmp_path / "notes.png", "--dry-run")

    assert said.code == 2
    assert said.sentence.startswith("notes.png is no picture")


async def test_folder_that_cannot_be_made_is_found_before_anything_is_paid(
    run: Any, gemini: FakeGemini, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    said = await run("vary", image, "--out", tmp_path / "file" / "out")

    assert said.code == 2
    assert "--out" in said.sentence
    assert gemini.requests == []


async def test_picture_that_cannot_be_written_is_a_sentence_and_not_paid_for_twice(
    run: Any, gemini: FakeGemini, image: Path, out: Path
) -> None:
    out.mkdir()
    (out / "rejected").write_text("in the way")
    asked = ("vary", image, "-n", 1, "--attempts", 1, "--out", out, "--keep-rejected", *NOTHING)

    said = await run(*asked)
    (out / "rejected").unlink()
    again = await run(*asked)

    assert (said.code, again.code) == (1, 1)
    assert str(out / "rejected") in said.sentence
    assert len(gemini.requests) == 1
    assert list(files(out)) == ["rejected/hills-variation-001.png"]


async def test_models_are_listed_with_prices_and_what_the_key_has(run: Any, gemini: FakeGemini) -> None:
    gemini.models.remove("gemini-3-pro-image")
    gemini.models.append("gemini-4-image")

    said = await run("vary", "--list-models", "--json")

    found = {each["name"]: each for each in said.json}
    assert said.code == 0
    assert found["gemini-2.5-flash-image"]["prices"] == {"1K": 0.039}
    assert found["gemini-3.1-flash-image"]["default"]
    assert not found["gemini-3-pro-image"]["available"]
    assert (found["gemini-4-image"]["available"], found["gemini-4-image"]["prices"]) == (True, {})


async def test_models_are_listed_without_a_key(run: Any, gemini: FakeGemini, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")

    said = await run("vary", "--list-models")

    assert said.code == 0
    assert "gemini-3.1-flash-image (default)\t" in said.out
    assert gemini.requests == []


async def test_models_are_listed_although_the_site_is_out_of_reach(run: Any, gemini: FakeGemini) -> None:
    await gemini.stop()

    said = await run("vary", "--list-models")

    assert said.code == 1
    assert said.sentence
    assert "gemini-2.5-flash-image\t" in said.out


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to one process")
async def test_ctrl_c_keeps_what_has_arrived_and_the_same_command_goes_on(
    run: Any, start: Any, gemini: FakeGemini, image: Path, out: Path
) -> None:
    gemini.faults.append(slow := faults.Delay(1.0))
    asked = ("vary", image, "-n", 3, "--out", out, *ANYTHING)
    process = await start(*asked, LORAKEEPER_GEMINI_CONCURRENCY="1")
    while not list(out.glob("*.png")):
        assert process.returncode is None
        await asyncio.sleep(0.02)

    process.send_signal(signal.SIGINT)
    told, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 130
    assert err.decode().strip() == "Stopped: what has arrived is kept, and the same command goes on from there."
    assert f"accepted\t{out / 'hills-variation-001.png'}" in told.decode()
    before = files(out)
    assert list(before) == ["hills-variation-001.png"]
    gemini.faults.remove(slow)
    said = await run(*asked, "--json")
    assert said.code == 0
    assert said.json[0]["from_cache"]
    assert len(files(out)) == 3
    assert files(out)["hills-variation-001.png"] == before["hills-variation-001.png"]


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
async def test_bar_goes_to_the_terminal_and_never_between_the_json(start: Any, image: Path, out: Path) -> None:
    ours, theirs = os.openpty()
    process = await start("vary", image, "-n", 2, "--out", out, "--json", *ANYTHING, stderr=theirs, TERM="xterm")
    os.close(theirs)
    drawn = asyncio.create_task(asyncio.to_thread(read_all, ours))
    told, _ = await asyncio.wait_for(process.communicate(), 60)

    assert [list(json.loads(line)) for line in told.splitlines()][-1] == ["report"]
    assert b"Variations" in await drawn


def read_all(descriptor: int) -> bytes:
    content = b""
    try:
        while piece := os.read(descriptor, 65536):
            content += piece
    except OSError:  # how Linux says that the other end is gone
        pass
    os.close(descriptor)
    return content


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    heavy = {"PIL", "numpy", "cv2", "google.genai", "pydantic", "sqlalchemy"}
    asked = "import sys; from lorakeeper.py.cli import main; main(['vary', '--help']); main(['filter', '--help'])"
    code = f"{asked}; print(sorted({heavy!r} & sys.modules.keys()))"
    told = subprocess.run(  # noqa: S603 - a fresh interpreter is the point
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )

    assert told.stdout.splitlines()[-1] == "[]"
    assert "--keep-rejected" in told.stdout


def test_choices_are_those_of_the_application() -> None:
    """They are written down twice, so that help needs neither."""
    (scope,) = (each for each in variation_commands.filter_.params if each.name == "scope")

    assert variation_commands._PROFILES == PROFILES
    assert set(scope.type.choices) == set(SCOPES) - {"session"}  # type: ignore[attr-defined]
