"""Kills a download at random moments and looks for wrong files: ``python bench/kills.py --count 50 [--seed 0]``.

Prints one JSON object; exit code 1 if a wrong file was ever in a model folder, or nothing was resumed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from lorakeeper.testing.kill_runner import kill_downloads


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(kill_downloads(Path(folder), given.count, seed=given.seed))
    print(json.dumps(result.to_json(), indent=2))
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
