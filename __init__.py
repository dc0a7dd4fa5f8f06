"""Lorakeeper's entry into ComfyUI: the nodes, and the folder of the one script that the front end imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .nodes import LorakeeperExtension

WEB_DIRECTORY = "./web/comfyui"
__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]


async def comfy_entrypoint() -> LorakeeperExtension:
    # Imported here, because the same package also serves the command line, where there is no ComfyUI.
    from .nodes import LorakeeperExtension

    return LorakeeperExtension()
