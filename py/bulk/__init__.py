"""Downloads as jobs of one file or many: rows that outlive the process, and who runs the next one."""

from __future__ import annotations

from .dispatch import Dispatcher, LocalDispatcher
from .jobs import BatchStrategy, BulkOptions, BulkStatus, Item, ItemState, Job, Priority, Wanted
from .leases import Leases
from .manager import BulkDownloadManager
from .runner import Runner
from .turns import Limits

__all__ = [
    "BatchStrategy",
    "BulkDownloadManager",
    "BulkOptions",
    "BulkStatus",
    "Dispatcher",
    "Item",
    "ItemState",
    "Job",
    "Leases",
    "Limits",
    "LocalDispatcher",
    "Priority",
    "Runner",
    "Wanted",
]
