"""Watching: which folders have changed, by the system's own notices where there are any, and by the clock elsewhere."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import stat
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import LorakeeperError
from .mounts import Mounts
from .notices import News, Place
from .roots import Roots
from .sentry import Changes, Sentry
from .walk import is_inside

# Paths are texts here, as the system spells them.
# ruff: noqa: PTH116

log = logging.getLogger(__name__)

_LONGEST = 10  # times ``settle``: what never settles is told of then
# From here on the system may have dropped notices, and a look at all costs less than one at each.
_MANY_CHANGES = 4000
_MANY_FOLDERS = 500

_LATE = 0.3
_REFUSALS = (OSError, RuntimeError, ValueError, ImportError)

Changed = Callable[[set[Path], set[Path]], Awaitable[None]]


class Watcher:
    """Calls ``changed(folders, whole)`` when something is different on the disk.

    ``folders`` are those whose direct content changed, came or went. ``whole`` are roots, or linked folders, to be
    looked
    through with all below: each once when watching it begins or its folder came or went, so that nothing falls between
    a scan and its watching; and every ``poll_every`` seconds where the system gives no notices. ``links`` are the
    linked folders that the walks follow, each with its real folder. Changes are held for ``settle`` seconds, so that
    many at once are told together.
    """

    def __init__(
        self,
        roots: Roots,
        changed: Changed,
        *,
        links: Callable[[], Mapping[str, str]] = dict,
        poll_every: float = 30.0,
        settle: float = 0.3,
    ) -> None:
        self._roots = roots
        self._changed = changed
        self._links = links
        self._poll_every = poll_every
        self._settle = settle
        self._places: dict[str, Place] = {}
        self._followed: dict[str, str] = {}
        self._refused: set[tuple[str | None, tuple[int, int] | None]] = set()
        self._said: set[str] = set()
        self._sentry: Sentry | None = None
        self._watched: tuple[str, ...] = ()
        self._lost: set[str] = set()  # real folders of which no notices come any more
        self._new: str | None = None
        self._folders: set[str] = set()
        self._whole: set[str] = set()
        self._due = self._latest = math.inf
        self._look_at = self._opened_at = 0.0

    async def run(self) -> None:
        """Watches until it is cancelled. Trouble with a file system is logged, and its folders are polled."""
        self._loop = loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._look_at = loop.time()
        try:
            while True:
                if self._look_at <= loop.time() or self._followed != dict(self._links()):
                    self._look_at = loop.time() + self._poll_every
                    await self._look()
                if self._due <= loop.time():
                    await self._tell()
                    await self._check_new()
                    continue
                self._wake.clear()
                timer = loop.call_at(min(self._look_at, self._due), self._wake.set)
                await self._wake.wait()
                timer.cancel()
        except asyncio.CancelledError:
            await self._replace(None)
            raise
        finally:
            # A loop that ends without cancelling lets nobody wait.
            if self._sentry:
                self._sentry.stop()

    # -- Telling -----------------------------------------------------------------------------------------------------

    def _note(self, folders: Collection[str], whole: Collection[str], *, at_once: bool = False) -> None:
        if folders or whole:
            now = self._loop.time()
            self._folders.update(folders)
            self._whole.update(whole)
            self._latest = min(self._latest, now + _LONGEST * self._settle)
            self._due = now if at_once else min(now + self._settle, self._latest)
        self._wake.set()

    async def _tell(self) -> None:
        folders, whole = set(map(Path, self._folders)), set(map(Path, self._whole))
        self._folders, self._whole, self._due, self._latest = set(), set(), math.inf, math.inf
        try:
            await self._changed(folders, whole)
        except Exception:
            log.exception("A change in the model folders could not be taken in")

    # -- What is watched ---------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Takes up roots and links that came, drops those that went, and tells of those that are polled."""
        self._followed = dict(self._links())
        try:
            folders = [folder for kind in self._roots.kinds() for folder in self._roots.folders(kind)]
        except LorakeeperError as error:
            self._say(f"The model folders stay those they were: {error}")
            return
        paths = dict.fromkeys([*map(os.path.abspath, folders), *self._followed])
        before, self._places = self._places, await asyncio.to_thread(_survey, list(paths), self._places)
        here = [place for place in self._places.values() if place.real is not None]
        self._refused &= {(place.real, place.key) for place in here}
        told = {
            path for path in before.keys() | self._places.keys() if _differs(before.get(path), self._places.get(path))
        }
        targets = self._targets(here)
        if targets != self._watched or self._lost:
            told |= await self._open(targets, here)
        told |= {place.path for place in here if self._is_polled(place)}
        self._note((), told, at_once=True)

    def _targets(self, here: Iterable[Place]) -> tuple[str, ...]:
        """The real folders to be watched, none inside another one."""
        found: list[str] = []
        for real in sorted({place.real or "" for place in here if not self._is_polled(place)}, key=len):
            if not any(is_inside(real, each) for each in found):
                found.append(real)
        return tuple(sorted(found))

    def _is_polled(self, place: Place) -> bool:
        return place.remote or any(real and is_inside(place.real or "", real) for real, _ in self._refused)

    async def _open(self, targets: tuple[str, ...], here: list[Place]) -> set[str]:
        """Watches ``targets`` from now on, or those of them that the system allows. Returns the places that were not
        watched until now."""
        old = {each for each in self._watched if each not in self._lost}
        mounts = await asyncio.to_thread(Mounts.now)
        for target in targets:
            if target not in old and (obstacle := await asyncio.to_thread(_obstacle, target, mounts)):
                self._refuse(target, here, obstacle)
        self._lost.clear()
        targets = self._targets(here)
        try:
            await self._replace(await self._begin(targets))
        except _REFUSALS:
            # Two at a time may have been too much for the system, and some of the folders may be.
            await self._replace(None)
            old, targets = set(), await self._allowed(targets, here)
        self._watched = targets
        self._opened_at = self._loop.time()
        return {
            place.path
            for place in here
            if any(is_inside(place.real or "", each) for each in targets)
            and not any(is_inside(place.real or "", each) for each in old)
        }

    async def _allowed(self, targets: tuple[str, ...], here: list[Place]) -> tuple[str, ...]:
        """Watches as many of ``targets`` as the system allows, and returns them; the others are polled."""
        allowed: list[str] = []
        for target in targets:
            try:
                await self._replace(await self._begin_late((target,)))
            except FileNotFoundError:
                continue  # it went away meanwhile, and the next look sees that
            except _REFUSALS as error:
                self._refuse(target, here, _reason(error))
            else:
                allowed.append(target)
            await self._replace(None)
        while allowed:
            try:
                await self._replace(await self._begin_late(tuple(allowed)))
                break
            except FileNotFoundError:
                allowed.pop()  # the next look puts it right
            except _REFUSALS as error:
                self._refuse(allowed.pop(), here, _reason(error))
        return tuple(allowed)

    async def _begin_late(self, targets: tuple[str, ...]) -> Sentry | None:
        """_begin, tried twice: the system takes a moment to take back what another sentry had."""
        try:
            return await self._begin(targets)
        except FileNotFoundError:
            raise
        except _REFUSALS:
            await asyncio.sleep(_LATE)
            return await self._begin(targets)

    async def _begin(self, targets: tuple[str, ...]) -> Sentry | None:
        if not targets:
            return None
        sentry = Sentry(targets, self._hear, self._interrupted)
        try:
            await sentry.opened
        except (Exception, asyncio.CancelledError):
            await sentry.close()
            raise
        except BaseException:  # the loop has ended
            sentry.stop()
            raise
        return sentry

    async def _check_new(self) -> None:
        """Linux doesn't say when it has no watch left for a folder that came: whether it has one more tells."""
        new, self._new = self._new, None
        if new and sys.platform == "linux":
            try:
                if sentry := await self._begin((new,)):
                    await sentry.close()
            except FileNotFoundError:
                return
            except _REFUSALS:
                self._lost.update(self._watched)
                await self._look()

    async def _replace(self, sentry: Sentry | None) -> None:
        before, self._sentry = self._sentry, sentry
        if before:
            await before.close()

    def _refuse(self, target: str, here: Iterable[Place], reason: str) -> None:
        self._refused |= {(place.real, place.key) for place in here if place.real == target}
        self._say(f"{target} is looked through every {self._poll_every:.0f} seconds, as it can't be watched: {reason}.")

    def _interrupted(self, error: Exception) -> None:
        """The notices ended. All is watched anew, though not over and over where that ends the same way."""
        self._say(f"The watching of the model folders begins anew, as it was interrupted: {_reason(error)}.")
        self._lost.update(self._watched)
        self._look_at = max(self._loop.time(), self._opened_at + self._poll_every)
        self._wake.set()

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            log.warning(sentence)

    # -- Notices, in the sentry's thread -----------------------------------------------------------------------------

    def _hear(self, changes: Changes) -> None:
        news = News(self._places.values(), self._followed)
        for change, path in changes:
            news.add(change, path)
        if len(changes) > _MANY_CHANGES or len(news.folders) > _MANY_FOLDERS:
            news.folders, news.whole = set(), news.whole | news.touched
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._heard, news)

    def _heard(self, news: News) -> None:
        if news.lost:
            self._lost |= news.lost
            self._look_at = self._loop.time()
        self._new = news.new or self._new
        self._note(news.folders, news.whole)


def _survey(paths: Iterable[str], before: Mapping[str, Place]) -> dict[str, Place]:
    """What the places are now. Blocking."""
    found: dict[str, Place] = {}
    mounts: Mounts | None = None
    for path in paths:
        found[path] = Place(path)
        with suppress(OSError):  # a folder that can't be asked for is as good as none
            status = os.stat(path)
            if stat.S_ISDIR(status.st_mode):
                key, real = (status.st_dev, status.st_ino), os.path.realpath(path)
                old = before.get(path)
                if old and (old.real, old.key) == (real, key):
                    found[path] = old
                else:
                    mounts = mounts or Mounts.now()
                    found[path] = Place(path, real, key, mounts.is_remote(real))
    return found


def _differs(before: Place | None, after: Place | None) -> bool:
    """Whether a place came, went, or is another folder now."""
    old, new = (each and each.key and (each.real, each.key) for each in (before, after))
    return old != new


def _obstacle(target: str, mounts: Mounts) -> str | None:
    """Why ``target`` is better not watched, though it may be possible. Blocking.

    Linux needs a watch for each folder, and watchfiles follows links to find them; it lets nothing else run meanwhile,
    which is short only where the folders have just been read, as they are here.
    """
    if mounts.has_remote_below(target):
        return "a network drive is mounted in it"
    waiting = [target] if sys.platform == "linux" else []
    while waiting:
        with (
            suppress(OSError),
            os.scandir(waiting.pop()) as entries,
        ):  # what can't be read, watchfiles refuses by itself
            for entry in entries:
                if entry.is_symlink():
                    if entry.is_dir():
                        real = os.path.realpath(entry.path)
                        if mounts.is_remote(real) or mounts.has_remote_below(real):
                            return f"{entry.path} leads to a network drive"
                        if real != target and is_inside(target, real):
                            return f"{entry.path} leads to a folder that it lies in"
                elif entry.is_dir():
                    waiting.append(entry.path)
    return None


def _reason(error: Exception) -> str:
    """What watchfiles, which passes on no error numbers, wants to say."""
    text = str(error)
    if "MaxFilesWatch" in text or "os error 28" in text:
        return "Linux has no more watches to give, raise fs.inotify.max_user_watches"
    if "os error 24" in text:
        return "Linux has no more watchers to give, raise fs.inotify.max_user_instances"
    return text.rstrip(".") or type(error).__name__
