"""A pytest plugin for what `python run.py test` tells of tests.

With LORAKEEPER_SKIPS_FAIL set, a skipped test has failed. Tests marked ``comfyui`` are the exception: they need a real
ComfyUI, which COMFYUI_DIR names where there is one. And reports can go from one process to another, whatever a test has
printed: hostile file names are no valid UTF-8.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

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


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    data = yield
    return _printable(data) if data else data


def _printable(data: Any) -> Any:
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace").decode()
    if isinstance(data, dict):
        return {_printable(name): _printable(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_printable(each) for each in data)
    return data


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not os.environ.get(VARIABLE):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason} (this run has {VARIABLE} set, so a skip is a failure)"
