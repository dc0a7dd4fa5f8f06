"""Stands in for ComfyUI's ``folder_paths``. A test fills :data:`folder_names_and_paths` and sets the user folder."""

from __future__ import annotations

import os
from pathlib import Path

folder_names_and_paths: dict[str, tuple[list[str], set[str]]] = {}
filename_list_cache: dict[str, tuple[list[str], dict[str, float], float]] = {}
user_directory = ""


def get_system_user_directory(name: str = "system") -> str:
    return str(Path(user_directory) / f"__{name}")


def get_input_directory() -> str:
    return str(Path(user_directory) / "input")


def get_output_directory() -> str:
    return str(Path(user_directory) / "output")


def get_temp_directory() -> str:
    return str(Path(user_directory) / "temp")


def get_folder_paths(folder_name: str) -> list[str]:
    return folder_names_and_paths[folder_name][0][:]


def get_filename_list(folder_name: str) -> list[str]:
    names = {
        os.path.relpath(file, folder)
        for folder in get_folder_paths(folder_name)
        for file in Path(folder).rglob("*")
        if file.suffix in folder_names_and_paths[folder_name][1]
    }
    return sorted(names)


def get_full_path(folder_name: str, filename: str) -> str | None:
    for folder in get_folder_paths(folder_name):
        # As the real one: a name can't lead out of its folder.
        path = Path(folder) / os.path.relpath(Path(os.sep) / filename, os.sep)
        if path.is_file():
            return str(path)
    return None
