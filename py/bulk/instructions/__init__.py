"""Plans before deeds: instructions are looked through, approved, and then carried out."""

from __future__ import annotations

from .documents import (
    BatchResult,
    Instruction,
    InstructionKind,
    InstructionPage,
    InstructionStatus,
    NewInstruction,
    Validation,
)
from .downloads import DownloadKind, DownloadPayload, DownloadTarget
from .kinds import Kind, MetadataKind, ScanKind
from .service import Instructions
from .variations import VariationsKind, VariationsPayload

__all__ = [
    "BatchResult",
    "DownloadKind",
    "DownloadPayload",
    "DownloadTarget",
    "Instruction",
    "InstructionKind",
    "InstructionPage",
    "InstructionStatus",
    "Instructions",
    "Kind",
    "MetadataKind",
    "NewInstruction",
    "ScanKind",
    "Validation",
    "VariationsKind",
    "VariationsPayload",
]
