"""The command line without an installation: ``python <root>/py/__main__.py ARGS``, or ``python -m lorakeeper.py ARGS``.

The root folder may have any name and need not be importable: it is loaded as the package ``lorakeeper``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = "lorakeeper"


def load_package(root: Path) -> None:
    """Makes the folder ``root`` importable as ``lorakeeper``, whatever its name."""
    spec = importlib.util.spec_from_file_location(PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} is no folder of Lorakeeper.")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)


def run() -> int:
    if not __package__:
        # Not resolved: where a link to this folder lies in custom_nodes, that is the ComfyUI we belong to.
        own = Path(os.path.abspath(__file__)).parent  # noqa: PTH100
        # Python put this folder in front of everything, where our events.py or settings.py would hide others'.
        sys.path[:] = [entry for entry in sys.path if Path(os.path.abspath(entry)) != own]  # noqa: PTH100
        load_package(own.parent)
    name = f"{PACKAGE if not __package__ else __package__.rpartition('.')[0]}.py.cli"
    return int(importlib.import_module(name).main())


if __name__ == "__main__":
    sys.exit(run())
