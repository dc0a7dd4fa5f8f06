"""What the pack adds to ComfyUI's start: wall time of its imports, and whether a heavy library came along.

With COMFYUI_DIR and COMFYUI_PY set, a real ComfyUI starts with the pack linked in and ``-X importtime`` on; otherwise a
fresh interpreter first imports what ComfyUI has loaded by then, and ``comfy_api`` is the stand-in of ``testing/``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MS = 60
HEAVY = ("cv2", "skimage", "scipy.ndimage", "google.genai", "plotly", "reportlab", "picklescan", "rich", "click")
# What ComfyUI 0.33 itself has imported before it comes to custom nodes, as far as the pack uses it.
LOADED = (
    "aiohttp.web pydantic pydantic_settings sqlalchemy alembic.command yaml filelock PIL.Image numpy requests psutil"
)

_CHILD = """
import importlib, importlib.util, json, pathlib, sys, time
root, stand_in, loaded, heavy = sys.argv[1:5]
sys.path[:1] = [stand_in]
for name in loaded.split():
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"not installed here: {name} ({error})", file=sys.stderr)
import comfy_api.latest, folder_paths, server
from comfy import model_management
before = set(sys.modules)
begin = time.perf_counter()
spec = importlib.util.spec_from_file_location("pack", root + "/__init__.py", submodule_search_locations=[root])
pack = importlib.util.module_from_spec(spec)
sys.modules["pack"] = pack
spec.loader.exec_module(pack)
importlib.import_module("pack.nodes")
wall = (time.perf_counter() - begin) * 1000
begin = time.perf_counter()
importlib.import_module("pack.py.app")
importlib.import_module("pack.server_routes")
rest = (time.perf_counter() - begin) * 1000
came = sorted(name for name in heavy.split() if name in set(sys.modules) - before)
print(json.dumps({"ms": wall, "rest": rest, "heavy": came}))
"""


def stand_in(runs: int = 7) -> tuple[float, float, list[str]]:
    """Median milliseconds while packs are loaded and beside the running server; heavy libraries that came along."""
    walls, rests, heavy = [], [], set[str]()
    # As on a user's machine, the compiled modules are there; the first run, which makes them, doesn't count.
    cache = tempfile.TemporaryDirectory()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache.name}
    for number in range(runs + 1):
        words = [
            sys.executable,
            "-c",
            _CHILD,
            str(ROOT),
            str(ROOT / "testing" / "comfy_api_stub"),
            LOADED,
            " ".join(HEAVY),
        ]
        ended = subprocess.run(
            words, check=True, capture_output=True, text=True, cwd=tempfile.gettempdir(), env=environment
        )
        if number == 0:
            continue
        found = json.loads(ended.stdout.splitlines()[-1])
        walls.append(found["ms"])
        rests.append(found["rest"])
        heavy |= set(found["heavy"])
    cache.cleanup()
    return median(walls), median(rests), sorted(heavy)


def in_comfyui() -> float:
    """Milliseconds that a real ComfyUI spends on the pack's own modules and what they alone import."""
    folder, python = Path(os.environ["COMFYUI_DIR"]), os.environ.get("COMFYUI_PY", sys.executable)
    with tempfile.TemporaryDirectory() as base:
        nodes = Path(base, "custom_nodes")
        nodes.mkdir()
        (nodes / "ComfyUI-Lorakeeper").symlink_to(ROOT)
        words = [python, "-X", "importtime", "main.py", "--cpu", "--quick-test-for-ci", "--base-directory", base]
        environment = {**os.environ, "PYTHONPATH": os.environ.get("COMFYUI_STUBS", "")}
        ended = subprocess.run(
            words, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        log = ended.stderr
    # A line reads «import time: self | cumulative | name»; the entry's one import is of the pack's nodes.
    lines = [line.split("|") for line in log.splitlines() if line.startswith("import time:")]
    found = [
        int(parts[1]) for parts in lines if len(parts) == 3 and parts[2].strip().endswith("ComfyUI-Lorakeeper.nodes")
    ]
    if not found:
        raise SystemExit(f"ComfyUI did not load the pack:\n{log[-2000:]}")
    return found[0] / 1000


def main() -> bool:
    wall, rest, heavy = stand_in()
    good = wall <= LIMIT_MS and not heavy
    print(f"import beside ComfyUI's own libraries   {wall:6.1f} ms   limit {LIMIT_MS} ms   heavy: {heavy or 'none'}")
    print(f"the rest, while the server runs already {rest:6.1f} ms   in a thread, waited for by nobody")
    if "COMFYUI_DIR" in os.environ:
        real = in_comfyui()
        good = good and real <= LIMIT_MS
        print(f"import in a real ComfyUI                {real:6.1f} ms   limit {LIMIT_MS} ms   (-X importtime)")
    return good


if __name__ == "__main__":
    sys.exit(not main())
