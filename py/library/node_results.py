"""What nodes hand to each other and show: search results as plain data, and one line about a download under way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..civitai.schemas import Model, ModelVersion
from ..errors import UsageError
from .items import LibraryDetail
from .trigger_words import best_words

# What a workflow's picture need not carry: whole answers of the site and of the file's header.
_LEFT_OUT = {"header", "site", "user"}


def result_of(model: Model) -> dict[str, Any]:
    """One search result. ``target`` is what the download node takes: the newest version, None where there is none."""
    versions = [_version(version) for version in model.versions]
    return {
        "id": model.id,
        "name": model.name,
        "type": model.type,
        "creator": model.creator.username if model.creator else None,
        "nsfw": model.nsfw,
        "downloads": model.stats.download_count if model.stats else None,
        "target": f"{model.id}@{versions[0]['id']}" if versions else None,
        "versions": versions,
    }


def _version(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "name": version.name,
        "base_model": version.base_model,
        "trigger_words": version.trained_words,
    }


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


def words_text(detail: LibraryDetail) -> str:
    """The trigger words that go into a prompt by themselves, comma-joined."""
    return ", ".join(best_words(detail.trigger_words))


def as_json(detail: LibraryDetail) -> str:
    return json.dumps(detail.model_dump(mode="json", exclude=_LEFT_OUT), indent=2, ensure_ascii=False)


def progress_line(job: Mapping[str, Any]) -> str:
    """Such as ``Downloading 12.3 of 54.8 MB · 8.1 MB/s · 0:05 left``, from a job as JSON."""
    if job["state"] != "downloading":
        return f"{str(job['state']).capitalize()}…"
    parts = [f"Downloading {_mega(job['received'])}" + (f" of {_mega(job['total'])}" if job["total"] else "") + " MB"]
    if job["rate"] > 0:
        parts.append(f"{_mega(job['rate'])} MB/s")
    if job["eta"] is not None:
        parts.append(f"{_clock(job['eta'])} left")
    return " · ".join(parts)


def _mega(size: float) -> str:
    return f"{size / 1e6:,.1f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
