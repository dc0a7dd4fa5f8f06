"""Plans before deeds: instructions are looked through, approved, and then carried out."""

from __future__ import annotations

from .documents import (
    BatchResult,
    Every,
    Instruction,
    InstructionKind,
    InstructionPage,
    InstructionStatus,
    NewInstruction,
    Validation,
)
from .downloads import DownloadKind, DownloadPayload, DownloadTarget
from .kinds import Kind, MetadataKind, ScanKind
from .reports import ReportKind
from .service import Instructions
from .timetable import Timetable
from .variations import VariationsKind, VariationsPayload

__all__ = [
    "BatchResult",
    "DownloadKind",
    "DownloadPayload",
    "DownloadTarget",
    "Every",
    "Instruction",
    "InstructionKind",
    "InstructionPage",
    "InstructionStatus",
    "Instructions",
    "Kind",
    "MetadataKind",
    "NewInstruction",
    "ReportKind",
    "ScanKind",
    "Timetable",
    "Validation",
    "VariationsKind",
    "VariationsPayload",
]
