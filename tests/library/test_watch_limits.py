"""The watcher on a Linux that has few watches to give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux' own")

_WITH_FEW_WATCHES = """
import asyncio, logging, sys
from pathlib import Path
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.watch import Watcher

logging.basicConfig(format="%(message)s", stream=sys.stdout)
folder = Path(sys.argv[1])
roots = [folder / name for name in sys.argv[3:]]

async def main():
    calls = []
    async def changed(folders, whole):
        calls.append((folders, whole))
    task = asyncio.create_task(Watcher(FolderRoots({"x": roots}), changed, poll_every=0.4, settle=0.05).run())
    while not calls:
        await asyncio.sleep(0.05)
    for number in range(int(sys.argv[2])):
        (roots[0] / f"new {number}").mkdir()
    await asyncio.sleep(1.5 if sys.argv[2] != "0" else 0)
    calls.clear()
    for root in roots:
        (root / "a.pt").touch()
    await asyncio.sleep(0.6)
    task.cancel()
    print(*sorted(root.name for root in set().union(*(whole for _, whole in calls))))
    print(*sorted({root.name for root in set().union(*(folders for folders, _ in calls))}))

asyncio.run(main())
"""


def run_with_few_watches(tmp_path: Path, limit: int, new: int, *names: str) -> list[str]:
    """What the watcher logs, then the roots it polls, then those it hears of, where Linux gives only ``limit`` watches;
    ``new`` folders are made in the first root."""
    script = tmp_path / "script.py"
    script.write_text(_WITH_FEW_WATCHES)
    shell = f'echo {limit} > /proc/sys/user/max_inotify_watches || exit 77; exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh", sys.executable, str(script)]
    try:
        run = subprocess.run(  # noqa: S603 - the limit is for that process alone
            [*command, str(tmp_path), str(new), *names], capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if run.returncode and not run.stdout:
        pytest.skip(f"no limit can be set here: {run.stderr}")
    return run.stdout.splitlines()


def refusal(root: Path) -> str:
    return (
        f"{root} is looked through every 0 seconds, as it can't be watched: "
        "Linux has no more watches to give, raise fs.inotify.max_user_watches."
    )


def test_where_watches_run_out_roots_are_polled_and_the_log_says_what_to_raise(tmp_path: Path) -> None:
    for name, count in (("big", 30), ("a", 14), ("b", 14)):
        for number in range(count):
            (tmp_path / name / str(number)).mkdir(parents=True)

    assert run_with_few_watches(tmp_path, 20, 0, "big", "a", "b") == [
        refusal(tmp_path / "big"),
        refusal(tmp_path / "b"),
        "b big",
        "a",
    ]


def test_where_watches_run_out_later_a_root_is_polled_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    assert run_with_few_watches(tmp_path, 8, 20, "a") == [refusal(tmp_path / "a"), "a", ""]
