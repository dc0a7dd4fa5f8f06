"""What the user can do to model files: planned first, journalled, and undone where that is still possible."""

from .actions import Actions
from .duplicates import DuplicatePage
from .integrity import IntegrityReport
from .requests import ActionRequest, Done, HistoryEntry, HistoryPage, Plan, Step, read_request

__all__ = [
    "ActionRequest",
    "Actions",
    "Done",
    "DuplicatePage",
    "HistoryEntry",
    "HistoryPage",
    "IntegrityReport",
    "Plan",
    "Step",
    "read_request",
]
