"""Downloads: one file, as a transaction."""

from __future__ import annotations

from .downloads import Downloads, Outcome
from .progress import Progress
from .space import DiskSpace
from .transfer import RetryPolicy

__all__ = ["DiskSpace", "Downloads", "Outcome", "Progress", "RetryPolicy"]
