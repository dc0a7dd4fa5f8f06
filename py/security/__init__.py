"""What may be loaded and what may not: the scanner and the quarantine."""

from __future__ import annotations

from .quarantine import Quarantine, QuarantineEntry
from .scanner import ModelScanner, Verdict

__all__ = ["ModelScanner", "Quarantine", "QuarantineEntry", "Verdict"]
