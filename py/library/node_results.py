"""What nodes hand to each other and show: a result to choose, words and JSON text, one line about a download."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .trigger_words import best_words, insert_trigger_words

if TYPE_CHECKING:
    from .items import LibraryDetail

# What a workflow's picture need not carry: whole answers of the site and of the file's header.
_LEFT_OUT = {"header", "site", "user"}


def choose(target: str, results: Sequence[Any] | None, index: int) -> str:
    """``target``, or that of the result at ``index``, counted from 0. Raises UsageError where there is none."""
    if target.strip():
        return target.strip()
    if results is None:
        raise UsageError("Say what to download: give a target, or connect search results.")
    if not results:
        raise UsageError("The search found nothing to download.")
    if not 0 <= index < len(results):
        raise UsageError(f"There is no result {index}: the search found {len(results)}, counted from 0.")
    found = results[index].get("target") if isinstance(results[index], dict) else None
    if not found:
        raise UsageError(f"Result {index} has no version that could be downloaded.")
    return str(found)


def words_text(detail: LibraryDetail, off: str = "") -> str:
    """The trigger words that go into a prompt by themselves, comma-joined, but for those that are switched ``off``."""
    words = best_words(detail.trigger_words)
    return insert_trigger_words("", words, off=[off]) if off else ", ".join(words)


def as_json(detail: LibraryDetail) -> str:
    return json.dumps(detail.model_dump(mode="json", exclude=_LEFT_OUT), indent=2, ensure_ascii=False)


def progress_line(job: Mapping[str, Any]) -> str:
    """Such as ``Downloading 12.3 of 54.8 MB · 8.1 MB/s · 0:05 left``, from a job as JSON."""
    if job["state"] != "downloading":
        return f"{str(job['state']).capitalize()}…"
    parts = [f"Downloading {_mega(job['received'])}" + (f" of {_mega(job['total'])}" if job["total"] else "") + " MB"]
    return " · ".join(parts + _pace(job))


def job_line(job: Mapping[str, Any]) -> str:
    """Such as ``3 of 10 files · 120.0 of 540.0 MB · 8.1 MB/s · 0:52 left``, from a job of many files as JSON."""
    parts = [f"{job['downloaded_files']} of {job['total_files']} files"]
    if job["failed_files"]:
        parts.append(f"{job['failed_files']} failed")
    if job["state"] in ("completed", "failed", "cancelled", "paused"):
        return " · ".join([*parts, str(job["state"])])
    parts.append(_mega(job["received"]) + (f" of {_mega(job['total'])}" if job["total"] else "") + " MB")
    return " · ".join(parts + _pace(job))


def _mega(size: float) -> str:
    return f"{size / 1e6:,.1f}"


def _pace(job: Mapping[str, Any]) -> list[str]:
    rate = [f"{_mega(job['rate'])} MB/s"] if job["rate"] > 0 else []
    return rate + ([f"{_clock(job['eta'])} left"] if job["eta"] is not None else [])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
