"""The errors of nodes, as ComfyUI shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LorakeeperError
from ..failures import failure

if TYPE_CHECKING:
    from ..app import App


class NodeError(Exception):
    """What a node shows in red: one sentence."""

    # ComfyUI shows an error's module, which for a custom node is a path on the user's disk.
    __module__ = "lorakeeper"


def node_error(error: LorakeeperError, app: App | None) -> NodeError:
    """``error`` as a node shows it, told to those who listen to ``app``."""
    if app is not None:
        app.events.publish(failure("node", error))
    return NodeError(str(error))
