"""A pytest plugin for runs that must leave nothing out: with LORAKEEPER_SKIPS_FAIL set, a skipped test has failed.

Tests marked ``comfyui`` are the exception: they need a real ComfyUI, which COMFYUI_DIR names where there is one.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

VARIABLE = "LORAKEEPER_SKIPS_FAIL"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("comfyui"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not os.environ.get(VARIABLE):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason} (this run has {VARIABLE} set, so a skip is a failure)"
