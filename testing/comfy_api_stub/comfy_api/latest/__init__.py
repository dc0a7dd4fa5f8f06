"""Stands in for ComfyUI's ``comfy_api.latest``: the names that Lorakeeper's nodes use."""

from __future__ import annotations

from . import io as io


class ComfyExtension:
    async def on_load(self) -> None: ...

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        raise NotImplementedError
