"""The watcher: what the disk's changes are told as, how soon, and what happens where the system gives no notices."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lorakeeper.py.library.roots import ChangingRoots, FolderRoots, Roots
from lorakeeper.py.library.watch import Watcher

PATIENCE = 10.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux' own")


class News:
    """What a watcher has told."""

    def __init__(self) -> None:
        self.calls: list[tuple[set[Path], set[Path]]] = []
        self.began: tuple[set[Path], set[Path]] = (set(), set())
        self.task: asyncio.Task[None] | None = None

    async def changed(self, folders: set[Path], whole: set[Path]) -> None:
        self.calls.append((folders, whole))

    @property
    def folders(self) -> set[Path]:
        return {folder for folders, _ in self.calls for folder in folders}

    @property
    def whole(self) -> set[Path]:
        return {root for _, whole in self.calls for root in whole}

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> float:
        """Waits until ``holds``; returns how long it took."""
        begun = time.monotonic()
        while not holds():
            assert self.task is None or not self.task.done(), "the watcher ended"
            assert time.monotonic() - begun < seconds, self.calls
            await asyncio.sleep(0.01)
        return time.monotonic() - begun


@asynccontextmanager
async def watching(
    roots: Roots, *, links: dict[str, str] | None = None, poll_every: float = 30.0, settle: float = 0.05
) -> AsyncIterator[News]:
    """A watcher that is at work, what it told at its beginning forgotten."""
    news = News()
    watcher = Watcher(roots, news.changed, links=lambda: links or {}, poll_every=poll_every, settle=settle)
    news.task = asyncio.create_task(watcher.run())
    try:
        await news.until(lambda: bool(news.calls))
        news.began = news.calls[0]
        news.calls.clear()
        yield news
    finally:
        news.task.cancel()
        await asyncio.gather(news.task, return_exceptions=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "loras" / "sub").mkdir(parents=True)
    return tmp_path / "loras"


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "lorakeeper-watch"] == []


def loras(*roots: Path) -> FolderRoots:
    return FolderRoots({"loras": roots})


async def test_at_its_beginning_each_root_is_to_be_looked_through(root: Path, tmp_path: Path) -> None:
    async with watching(loras(root, tmp_path / "none")) as news:
        assert news.began == (set(), {root})


async def test_a_dropped_file_is_told_soon(root: Path) -> None:
    async with watching(loras(root), settle=0.3) as news:
        (root / "sub" / "a.safetensors").write_bytes(b"model")

        assert await news.until(lambda: bool(news.calls)) < 2
        assert news.calls == [({root / "sub"}, set())]


async def test_a_changed_a_renamed_and_a_removed_file_are_told(root: Path) -> None:
    (root / "a.pt").touch()
    (root / "b.pt").touch()
    (root / "sub" / "c.pt").touch()
    async with watching(loras(root)) as news:
        (root / "a.pt").write_bytes(b"more")
        await news.until(lambda: root in news.folders)
        news.calls.clear()
        (root / "b.pt").unlink()
        await news.until(lambda: root in news.folders)
        news.calls.clear()
        (root / "sub" / "c.pt").rename(root / "c.pt")
        await news.until(lambda: {root, root / "sub"} <= news.folders)


async def test_many_files_are_told_in_few_calls(root: Path) -> None:
    async with watching(loras(root), settle=0.3) as news:
        for number in range(1000):
            (root / f"{number}.pt").write_bytes(b"model")
        await news.until(lambda: bool(news.calls))
        await asyncio.sleep(0.8)

        assert news.folders | news.whole == {root}
        assert len(news.calls) <= 3


async def test_what_is_no_model_is_not_told(root: Path) -> None:
    async with watching(loras(root)) as news:
        (root / ".lorakeeper-1-2.part").write_bytes(b"half")
        (root / ".lorakeeper-1-2.json").write_bytes(b"{}")
        (root / ".hidden.pt").touch()
        (root / "a.png").touch()
        (root / "a.png").unlink()
        (root / ".git").mkdir()
        (root / ".git" / "b.pt").touch()
        await asyncio.sleep(0.4)
        assert news.calls == []

        (root / "b.pt").touch()  # it does hear
        await news.until(lambda: news.calls == [({root}, set())])


async def test_a_finished_download_is_told(root: Path) -> None:
    (root / ".lorakeeper-1-2.part").write_bytes(b"whole")
    async with watching(loras(root)) as news:
        (root / ".lorakeeper-1-2.part").rename(root / "a.safetensors")

        await news.until(lambda: news.calls == [({root}, set())])


async def test_a_folder_that_came_is_told_with_those_below(root: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / "x" / "y").mkdir(parents=True)
    (tmp_path / "new" / "x" / "y" / "a.pt").touch()
    (tmp_path / "new" / ".cache").mkdir()
    async with watching(loras(root)) as news:
        (tmp_path / "new").rename(root / "new")
        await news.until(lambda: bool(news.calls))

        assert news.folders == {root, root / "new", root / "new" / "x", root / "new" / "x" / "y"}
        (root / "new" / "x" / "b.pt").touch()
        await news.until(lambda: len(news.calls) == 2)
        assert news.calls[1] == ({root / "new" / "x"}, set())


async def test_folders_made_one_in_the_other_lose_no_file(root: Path) -> None:
    async with watching(loras(root)) as news:
        for number in range(5):
            deep = root / f"n{number}" / "x" / "y"
            deep.mkdir(parents=True)
            (deep / "a.pt").touch()

        await news.until(lambda: {root / f"n{number}" / "x" / "y" for number in range(5)} <= news.folders)


async def test_a_moved_folder_is_told_under_both_names(root: Path) -> None:
    (root / "sub" / "deep").mkdir()
    async with watching(loras(root)) as news:
        (root / "sub").rename(root / "v1.0")

        await news.until(lambda: {root, root / "sub", root / "v1.0", root / "v1.0" / "deep"} <= news.folders)


async def test_a_folder_that_left_is_told(root: Path, tmp_path: Path) -> None:
    async with watching(loras(root)) as news:
        (root / "sub").rename(tmp_path / "elsewhere")

        await news.until(lambda: {root, root / "sub"} <= news.folders)


async def test_a_root_that_went_and_came_back_is_taken_up(root: Path) -> None:
    async with watching(loras(root), poll_every=0.2) as news:
        shutil.rmtree(root)
        await news.until(lambda: root in news.whole)
        news.calls.clear()
        root.mkdir()
        await news.until(lambda: root in news.whole)
        news.calls.clear()
        (root / "a.pt").touch()
        await news.until(lambda: root in news.folders)


async def test_a_root_that_is_replaced_at_once_is_still_watched(root: Path) -> None:
    async with watching(loras(root)) as news:
        shutil.rmtree(root)
        root.mkdir()
        await news.until(lambda: root in news.whole)
        await asyncio.sleep(0.3)
        news.calls.clear()
        (root / "a.pt").touch()
        await news.until(lambda: root in news.folders)


async def test_roots_that_are_added_are_taken_up(root: Path, tmp_path: Path) -> None:
    roots = [root]
    (tmp_path / "more").mkdir()
    async with watching(ChangingRoots(lambda now: loras(*now), lambda: tuple(roots)), poll_every=0.3) as news:
        roots.append(tmp_path / "more")
        await news.until(lambda: bool(news.calls))
        assert news.calls == [(set(), {tmp_path / "more"})]
        (tmp_path / "more" / "a.pt").touch()
        (root / "b.pt").touch()
        await news.until(lambda: {root, tmp_path / "more"} <= news.folders)


async def test_a_root_inside_another_one_is_told_as_itself(root: Path) -> None:
    (root / "vae" / "sub").mkdir(parents=True)
    async with watching(FolderRoots({"loras": [root], "vae": [root / "vae"]})) as news:
        (root / "vae" / "sub" / "a.pt").touch()

        await news.until(lambda: news.calls == [({root / "vae" / "sub"}, set())])


async def test_what_a_link_leads_to_is_told_under_the_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "disk" / "x").mkdir(parents=True)
    link(root / "more", tmp_path / "disk")
    links = {str(root / "more"): str(tmp_path / "disk")}
    async with watching(loras(root), links=links) as news:
        (tmp_path / "disk" / "x" / "a.pt").touch()
        await news.until(lambda: root / "more" / "x" in news.folders)

        assert news.folders == {root / "more" / "x"}


async def test_a_root_that_is_a_link_is_told_by_its_name(root: Path, tmp_path: Path) -> None:
    link(tmp_path / "linked", root)
    async with watching(loras(tmp_path / "linked")) as news:
        (root / "sub" / "a.pt").touch()

        await news.until(lambda: news.calls == [({tmp_path / "linked" / "sub"}, set())])


async def test_a_link_that_came_or_went_has_its_root_looked_through(root: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    links: dict[str, str] = {}
    news = News()
    watcher = Watcher(loras(root), news.changed, links=lambda: links, settle=0.05)
    news.task = asyncio.create_task(watcher.run())
    try:
        await news.until(lambda: bool(news.calls))
        news.calls.clear()
        link(root / "more", tmp_path / "disk")
        await news.until(lambda: root in news.whole)
        news.calls.clear()
        # The caller's walk has followed it: from now on the folder it leads to is watched, too.
        links[str(root / "more")] = str(tmp_path / "disk")
        (root / "b.pt").touch()
        await news.until(lambda: root / "more" in news.whole)
        (tmp_path / "disk" / "a.pt").touch()
        await news.until(lambda: root / "more" in news.folders)
        news.calls.clear()
        (root / "more").unlink()
        await news.until(lambda: root in news.whole)
    finally:
        news.task.cancel()
        await asyncio.gather(news.task, return_exceptions=True)


@linux
async def test_a_name_that_is_no_text_loses_nothing(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(loras(root), poll_every=0.2) as news:
        Path(os.fsdecode(os.fsencode(root) + b"/\xff.pt")).touch()
        await news.until(lambda: root in news.whole)
        await asyncio.sleep(0.3)
        news.calls.clear()
        (root / "sub" / "a.pt").touch()
        await news.until(lambda: root / "sub" in news.folders | news.whole or root in news.whole)
    assert len(caplog.records) == 1


@linux
async def test_a_root_that_holds_a_link_to_its_parent_is_polled(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    link(root / "up", tmp_path)
    other = tmp_path / "vae"
    other.mkdir()
    async with watching(loras(root, other), poll_every=0.1) as news:
        await news.until(lambda: len(news.calls) >= 3)
        assert news.calls[0] == (set(), {root})
        (other / "a.pt").touch()
        await news.until(lambda: other in news.folders)
    assert [record.getMessage() for record in caplog.records] == [
        f"{root} is looked through every 0 seconds, as it can't be watched: "
        f"{root / 'up'} leads to a folder that it lies in."
    ]


async def test_it_goes_on_after_a_call_that_failed(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    news = News()

    async def changed(folders: set[Path], whole: set[Path]) -> None:
        await news.changed(folders, whole)
        raise OSError("the disk is full")

    task = asyncio.create_task(Watcher(loras(root), changed, settle=0.05).run())
    await news.until(lambda: bool(news.calls))
    (root / "a.pt").touch()
    await news.until(lambda: root in news.folders)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


async def test_it_ends_at_once_and_can_begin_again(root: Path) -> None:
    watcher = Watcher(loras(root), News().changed)
    for _ in range(2):
        task = asyncio.create_task(watcher.run())
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - begun < 1


def test_a_process_that_ends_without_a_word_is_not_held_up(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from lorakeeper.py.library.roots import FolderRoots\n"
        "from lorakeeper.py.library.watch import Watcher\n"
        "async def changed(folders, whole):\n"
        "    loop.stop()\n"
        "loop = asyncio.new_event_loop()\n"
        "loop.set_exception_handler(lambda loop, context: None)  # a task is left over: that is the point\n"
        "task = loop.create_task(Watcher(FolderRoots({'x': [Path(sys.argv[1])]}), changed).run())\n"
        "loop.run_forever()\n"
    )

    run = subprocess.run(  # noqa: S603 - its end is the point
        [sys.executable, str(script), str(root)], capture_output=True, text=True, timeout=30, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")


def link(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("no right to make links here")
