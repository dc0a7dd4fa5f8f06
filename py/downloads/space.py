"""Room on the disks: looked for before a download, and kept for it while it runs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import SpaceError

_MARGIN = 64 << 20


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Reservation:
    """Bytes that one download still has to write on one disk. ``written`` tells how many it has."""

    def __init__(self, space: DiskSpace, folder: Path, written: Callable[[], int]) -> None:
        self._space = space
        self._folder = folder
        self._written = written
        self._total = 0
        self._disk = 0

    async def need(self, total: int) -> None:
        """Reserves what is missing of ``total`` bytes, instead of what was reserved. Raises SpaceError if it can't."""
        self._total = 0
        self._disk, free = await asyncio.to_thread(self._look)
        free -= self._space.reserved(self._disk) + _MARGIN
        if (left := total - self._written()) > free:
            raise SpaceError(
                f"Not enough room in {self._folder}: {_readable(left)} are needed, {_readable(max(0, free))} are free. "
                "Free some space, then try again."
            )
        self._total = total

    def on(self, disk: int) -> int:
        return max(0, self._total - self._written()) if disk == self._disk else 0

    def _look(self) -> tuple[int, int]:
        return self._folder.stat().st_dev, self._space.free(self._folder)


class DiskSpace:
    """Knows what every running download still needs. ``free`` tells the free bytes of the disk that holds a folder."""

    def __init__(self, free: Callable[[Path], int] = _free) -> None:
        self.free = free
        self._reservations: list[Reservation] = []

    @contextmanager
    def reservation(self, folder: Path, written: Callable[[], int]) -> Iterator[Reservation]:
        """A reservation of nothing yet, given back at the end."""
        reservation = Reservation(self, folder, written)
        self._reservations.append(reservation)
        try:
            yield reservation
        finally:
            self._reservations.remove(reservation)

    def reserved(self, disk: int) -> int:
        """Bytes reserved on the disk with that device number."""
        return sum(reservation.on(disk) for reservation in self._reservations)


def _readable(count: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
