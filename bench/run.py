"""Every bench, one after the other: `python bench/run.py`, or with the names of some. Ends with 1 if one misses.

Each is a program of its own in this folder and says its figures as ratios against a peer, or against a limit, from one
run. They need the `dev` extra; the benches of downloads also nginx, curl and aria2.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ORDER = (
    "imports",
    "memory",
    "lookups",
    "library",
    "catalog",
    "metadata",
    "hashing",
    "download",
    "adaptive",
    "bulk",
    "quality",
    "duplicates",
    "analytics",
    "panel",
    "page_load",
    "evidence",
    "kills",
    "bulk_kills",
)


def main(names: list[str]) -> int:
    missed = []
    for name in names or ORDER:
        print(f"\n== {name} ==", flush=True)
        # `-I` keeps the repository's own `py` out of the way of the package of that name.
        if subprocess.run([sys.executable, "-I", str(FOLDER / f"{name}.py")], check=False).returncode:
            missed.append(name)
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery limit was kept")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
