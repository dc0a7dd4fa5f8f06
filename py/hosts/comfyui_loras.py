"""Loading a LoRA as ComfyUI does: through the same functions, so that the result is the same to the bit."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import comfy.sd
import comfy.utils

from ..errors import BrokenFileError

_KEPT = 4


class LoraFiles:
    """The LoRAs read last, so that another strength reads nothing. A file that changed is read again."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, int, int], tuple[Any, Any]] = OrderedDict()

    def apply(
        self, model: Any, clip: Any, path: Path, strength_model: float, strength_clip: float, *, keep: int = _KEPT
    ) -> tuple[Any, Any]:
        """``model`` and ``clip``, patched; None stays None. ``keep`` is how many LoRAs one node uses, so that it reads
        none of them twice. Raises BrokenFileError for what is no LoRA file."""
        if model is None and clip is None:
            return None, None
        weights, metadata = self._load(path, keep)
        patched: tuple[Any, Any] = comfy.sd.load_lora_for_models(
            model, clip, weights, strength_model, strength_clip, lora_metadata=metadata
        )
        return patched

    def _load(self, path: Path, keep: int) -> tuple[Any, Any]:
        facts = path.stat()
        key = (str(path), facts.st_mtime_ns, facts.st_size)
        if key not in self._read:
            try:
                self._read[key] = comfy.utils.load_torch_file(str(path), safe_load=True, return_metadata=True)
            except Exception as error:
                raise BrokenFileError(f"{path.name} can't be read as a LoRA: download it again.") from error
        self._read.move_to_end(key)
        while len(self._read) > max(_KEPT, keep):
            self._read.popitem(last=False)
        return self._read[key]
