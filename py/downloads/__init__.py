"""Downloads: one file, as a transaction."""

from __future__ import annotations

from .downloads import Downloads, Outcome
from .optimizer import NetworkCondition, OptimizationMode, PerformanceMetrics, PerformanceOptimizer
from .progress import Progress
from .space import DiskSpace
from .transfer import RetryPolicy

__all__ = [
    "DiskSpace",
    "Downloads",
    "NetworkCondition",
    "OptimizationMode",
    "Outcome",
    "PerformanceMetrics",
    "PerformanceOptimizer",
    "Progress",
    "RetryPolicy",
]
