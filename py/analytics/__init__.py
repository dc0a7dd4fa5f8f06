"""What was done: recorded from the event stream, summed up, judged and reported. Nobody calls analytics."""

from __future__ import annotations

from .analyzer import AnalyticsAnalyzer
from .collector import AnalyticsCollector
from .report import ReportConfig, ReportGenerator

__all__ = ["AnalyticsAnalyzer", "AnalyticsCollector", "ReportConfig", "ReportGenerator"]
