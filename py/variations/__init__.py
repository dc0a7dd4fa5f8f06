"""Variations of images with Gemini, and filters for pictures of any origin."""

from __future__ import annotations

from .adaptive import AdaptiveQualityManager
from .cache import VariationCache
from .duplicates import DuplicationPreventer
from .memory import MemoryOptimizer
from .processor import ImageVariationProcessor
from .quality import VariationQualityAnalyzer
from .requests import VariationReport, VariationRequest, VariationResult
from .retry import RetryManager

__all__ = [
    "AdaptiveQualityManager",
    "DuplicationPreventer",
    "ImageVariationProcessor",
    "MemoryOptimizer",
    "RetryManager",
    "VariationCache",
    "VariationQualityAnalyzer",
    "VariationReport",
    "VariationRequest",
    "VariationResult",
]
