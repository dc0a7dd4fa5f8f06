"""Which folders lie on another machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lorakeeper.py.library.mounts import Mounts, linux_points, mac_points

LINUX = r"""
/dev/sda1 / ext4 rw 0 0
nas:/models /mnt/nas\040share nfs4 rw 0 0
/dev/sdb1 /mnt/nas\040share/local xfs rw 0 0
user@host: /srv/far fuse.sshfs rw 0 0
/dev/sdc1 /mnt/ntfs fuseblk rw 0 0
pool /mnt/pool fuse.mergerfs rw 0 0
"""
MAC = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//user@nas/models on /Volumes/My models (x) (smbfs, nodev, nosuid, mounted by user)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has drives")
@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/models", False),
        ("/mnt/nas share", True),
        ("/mnt/nas share/loras", True),
        ("/mnt/nas share/local/x", False),
        ("/mnt/nas shared", False),
        ("/srv/far/x", True),
        ("/mnt/ntfs/x", False),
        ("/mnt/pool/x", False),
    ],
)
def test_linux_mounts_tell_what_lies_on_another_machine(path: str, remote: bool) -> None:
    assert Mounts(linux_points(LINUX)).is_remote(path) is remote


@pytest.mark.skipif(os.name == "nt", reason="Windows has drives")
def test_mounts_below_a_folder_are_seen() -> None:
    mounts = Mounts(linux_points(LINUX))

    assert mounts.has_remote_below("/mnt")
    assert mounts.has_remote_below("/")
    assert not mounts.has_remote_below("/mnt/nas share")
    assert not mounts.has_remote_below("/mnt/pool")


@pytest.mark.skipif(os.name == "nt", reason="Windows has drives")
def test_mac_mounts_tell_what_lies_on_another_machine() -> None:
    mounts = Mounts(mac_points(MAC))

    assert mounts.is_remote("/Volumes/My models (x)/loras")
    assert not mounts.is_remote("/Applications/models")


def test_this_system_s_mounts_can_be_read(tmp_path: Path) -> None:
    assert Mounts.now().is_remote(os.path.realpath(tmp_path)) is False
