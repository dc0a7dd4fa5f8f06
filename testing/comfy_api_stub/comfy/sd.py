"""Stands in for ``comfy.sd``: patching is writing down what was patched."""

from __future__ import annotations

from typing import Any


def load_lora_for_models(
    model: Any, clip: Any, lora: Any, strength_model: float, strength_clip: float, lora_metadata: Any = None
) -> tuple[Any, Any]:
    def patched(whole: Any, strength: float) -> Any:
        return None if whole is None else [*whole, (lora["content"], strength, lora_metadata)]

    return patched(model, strength_model), patched(clip, strength_clip)
