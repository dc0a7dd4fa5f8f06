"""Civitai: what the site is asked, what it answers, and where its files go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import CivitaiClient

__all__ = ["CivitaiClient"]


def __getattr__(name: str) -> Any:
    # Found at first use, so that the small modules of this room can be had without the client.
    if name == "CivitaiClient":
        from .client import CivitaiClient

        return CivitaiClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
