"""Stands in for ``comfy.utils``: a progress bar that remembers, and a loader of plain bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import model_management

reads: list[str] = []


class ProgressBar:
    shown: list[tuple[float, float]] = []  # noqa: RUF012 - a test reads and clears it

    def __init__(self, total: float, node_id: Any = None) -> None:
        self.total = total

    def update_absolute(self, value: float, total: float | None = None, preview: Any = None) -> None:
        self.total = self.total if total is None else total
        model_management.throw_exception_if_processing_interrupted()
        self.shown.append((value, self.total))


def load_torch_file(ckpt: str, safe_load: bool = False, device: Any = None, return_metadata: bool = False) -> Any:
    reads.append(ckpt)
    content = Path(ckpt).read_bytes()
    if not content:
        raise ValueError("no tensors")
    return ({"content": content}, {"from": Path(ckpt).name}) if return_metadata else {"content": content}
