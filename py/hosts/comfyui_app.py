"""The application as ComfyUI has it: with ComfyUI's model folders, in ComfyUI's place for what users don't touch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import folder_paths

from .comfyui_pictures import picture_folders
from .comfyui_prompts import Prompts

if TYPE_CHECKING:
    from ..app import App

# Folders that ComfyUI lists beside those of models; nothing may ever be downloaded into the first.
_NO_MODELS = frozenset({"custom_nodes", "configs", "datasets"})


class ComfyRoots:
    """The model folders that ComfyUI knows, other packs' included."""

    def kinds(self) -> list[str]:
        return [kind for kind in folder_paths.folder_names_and_paths if kind not in _NO_MODELS]

    def folders(self, kind: str) -> list[Path]:
        return [Path(folder) for folder in folder_paths.get_folder_paths(kind)] if kind in self.kinds() else []


def load() -> None:
    """Imports all that a host needs, off the loop: it takes a tenth of a second. Nodes wait for it, and import nothing
    of ours before: of two threads that import the parts of one package at once, one may see the other's halves."""
    from ... import server_routes  # noqa: F401
    from .. import app  # noqa: F401
    from . import bulk_work, lora_work, node_work, picture_work  # noqa: F401


async def begin(prompts: Prompts) -> App:
    """Builds the application and starts it."""
    from ..app import HOME_VARIABLE, App, data_folder

    private = Path(folder_paths.get_system_user_directory("lorakeeper"))
    home = data_folder() if os.environ.get(HOME_VARIABLE) else private
    app = App(home, lambda settings: ComfyRoots(), busy=prompts.busy, pictures=picture_folders)
    return await app.__aenter__()  # which closes again what it could open
