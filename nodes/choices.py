"""What the LoRA nodes have in common: the input that remembers contents, and the checks before a graph runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import folder_paths
from comfy_api.latest import io

from ..py.errors import LorakeeperError
from ..py.hosts.comfyui import host
from ..py.library.wishes import NOTHING, Wish

Stack = list[tuple[str, float, float]]
LoraStack = io.Custom("LORA_STACK")

STRENGTH = {"default": 1.0, "min": -100.0, "max": 100.0, "step": 0.01}


def content_input(name: str = "content") -> Any:
    """The widget that remembers what was in the files that a node names. The front end fills it."""
    return io.String.Input(
        name,
        default="",
        optional=True,
        advanced=True,
        tooltip="Remembers what was in the file when it was chosen, so that it is found again after it was renamed or "
        "moved. Filled by itself.",
    )


def off_input() -> Any:
    """The widget that the switches on a node write."""
    return io.String.Input(
        "words_off",
        default="",
        optional=True,
        advanced=True,
        tooltip="Trigger words to leave out, comma-separated. The switches on the node write it.",
    )


async def check(wish: Wish | None) -> bool | str:
    """True for a LoRA that is here, by its name or by what the workflow remembers; else the sentence that says so."""
    if wish and not folder_paths.get_full_path("loras", wish.name):
        try:
            await host().locate([wish], exact=True)
        except LorakeeperError as error:
            return str(error)
    return True


async def fingerprint(wishes: Sequence[Wish], *, exact: bool = True) -> Any:
    """Another value whenever another file is meant, or a file was replaced; NaN, so that it runs, where one is gone."""
    try:
        found = await host().locate(wishes, exact=exact)
        facts = [(str(match.path), match.path.stat()) for match in found]
    except (LorakeeperError, OSError):
        return float("nan")
    return [(path, status.st_size, status.st_mtime_ns) for path, status in facts]


def kept(lora_stack: Stack | None) -> Stack:
    """What a list that came in names."""
    return [entry for entry in lora_stack or () if not entry or entry[0] != NOTHING]
