"""Kills jobs of many files at random moments and looks at all that is left: ``python bench/bulk_kills.py --count 200
[--seed 0]``.

Prints one JSON object; exit code 1 if a file was ever wrong, twice or lost, or nothing was resumed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from lorakeeper.testing.bulk_kill_runner import kill_jobs


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(kill_jobs(Path(folder), given.count, seed=given.seed))
    print(json.dumps(result.to_json(), indent=2))
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
