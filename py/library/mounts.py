"""Which folders lie on another machine: a network share changes without this system being told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_REMOTE = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fakeowner", "ftp", "fuse", "glusterfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
    "vmhgfs", "webdav",
})  # fmt: skip
# Drivers in a program of their own may reach anywhere; these are known to stay on this machine's disks.
_LOCAL_DRIVERS = frozenset(
    {"bindfs", "cryfs", "encfs", "fuse-overlayfs", "gocryptfs", "mergerfs", "ntfs-3g", "unionfs"}
)
_ESCAPE = re.compile(r"\\([0-7]{3})")
_MAC = re.compile(r"^.* on (/.*) \((\w+)[,)]", re.MULTILINE)
_DRIVE_REMOTE = 4


class Mounts:
    """What is mounted where, at one moment: ``points`` are mount points, each with its file system's name."""

    def __init__(self, points: Iterable[tuple[str, str]] = ()) -> None:
        self._remote = {os.path.join(point, ""): _is_remote(name) for point, name in points}  # noqa: PTH118

    @classmethod
    def now(cls) -> Mounts:
        """Those of this system; none where it doesn't tell. Blocking."""
        if sys.platform == "darwin":
            with suppress(OSError, subprocess.SubprocessError):
                done = subprocess.run(["/sbin/mount"], capture_output=True, timeout=10, check=True)
                return cls(mac_points(os.fsdecode(done.stdout)))
        with suppress(OSError):
            return cls(linux_points(os.fsdecode(Path("/proc/self/mounts").read_bytes())))
        return cls()

    def is_remote(self, path: str) -> bool:
        """Whether the real ``path`` lies on another machine."""
        if sys.platform == "win32":
            return _is_remote_drive(path)
        inside = os.path.join(path, "")  # noqa: PTH118
        around = max((each for each in self._remote if inside.startswith(each)), key=len, default="")
        return self._remote.get(around, False)

    def has_remote_below(self, path: str) -> bool:
        """Whether another machine's folders are mounted somewhere below the real ``path``."""
        inside = os.path.join(path, "")  # noqa: PTH118
        return any(remote and each.startswith(inside) and each != inside for each, remote in self._remote.items())


def linux_points(table: str) -> Iterator[tuple[str, str]]:
    """The points in the text of ``/proc/mounts``; of several on one place the last is the one that counts."""
    for line in table.splitlines():
        if len(fields := line.split(" ")) > 2:
            raw = _ESCAPE.sub(lambda code: chr(int(code[1], 8)), fields[1])
            yield raw, fields[2]


def mac_points(table: str) -> Iterator[tuple[str, str]]:
    """The points in what ``mount`` says on macOS."""
    yield from _MAC.findall(table)


def _is_remote(name: str) -> bool:
    if name.startswith("fuse.") or name in ("macfuse", "osxfuse"):
        return name.partition(".")[2] not in _LOCAL_DRIVERS
    return name in _REMOTE


def _is_remote_drive(path: str) -> bool:
    drive = os.path.splitdrive(path)[0]
    if drive.startswith("\\\\"):
        return not drive.startswith("\\\\?\\") or drive.upper().startswith("\\\\?\\UNC\\")
    import ctypes

    kind: int = getattr(ctypes, "windll").kernel32.GetDriveTypeW(drive + "\\")  # noqa: B009 - Windows' alone
    return kind == _DRIVE_REMOTE
