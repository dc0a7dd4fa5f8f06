"""Model files that are nothing but a header: the tensors behind it are a hole in the file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Shapes = Mapping[str, "tuple[int, ...]"]
WIDTHS = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1, "I32": 4}


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """``model(shapes, metadata, dtype=..., name=...)`` writes a safetensors file with tensors of those shapes."""

    def write(
        shapes: Shapes, metadata: Mapping[str, str] | None = None, *, dtype: str = "F16", name: str = "x.safetensors"
    ) -> Path:
        entries: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata is not None else {}
        end = 0
        for key, shape in shapes.items():
            begin, end = end, end + math.prod(shape) * WIDTHS[dtype]
            entries[key] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        raw = json.dumps(entries, separators=(",", ":")).encode()
        raw += b" " * (-len(raw) % 8)
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(len(raw).to_bytes(8, "little") + raw)
            file.truncate(8 + len(raw) + end)
        return path

    return write
