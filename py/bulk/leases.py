"""Which process runs a job: each holds a lock file as long as it lives.

The operating system gives the lock up with the process, however that ends, and no clock has a say in it. So the jobs of
one that died can be told from those of one that works.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_NAME = re.compile(r"[0-9a-f]{16}\.lock")
_YOUNG = 600.0  # seconds in which a process may be about to take the file that it has just made


class Leases:
    """This process's name among those that share a data folder. Every method blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self.owner = secrets.token_hex(8)
        self._folder = folder
        self._lock: FileLock | None = None

    def hold(self) -> None:
        """From now on this process lives. Files of those that died without a job go: nobody asks for them."""
        self._lock = self._take(self.owner)
        for path in [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]:
            with suppress(OSError):  # gone meanwhile
                if time.time() - path.stat().st_mtime > _YOUNG:
                    self.is_free(path.stem)

    def release(self) -> None:
        if self._lock:
            self._let_go(self._lock)
            self._lock = None

    def is_free(self, owner: str) -> bool:
        """Whether a job of ``owner`` may be taken over: it has none, or a dead one."""
        if owner == self.owner:
            return False
        if not owner:
            return True
        try:
            self._let_go(self._take(owner))
        except Timeout:
            return False
        return True

    def _take(self, owner: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / f"{owner}.lock", timeout=0, thread_local=False)
        lock.acquire()
        return lock

    @staticmethod
    def _let_go(lock: FileLock) -> None:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
