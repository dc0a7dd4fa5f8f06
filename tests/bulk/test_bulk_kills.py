"""A job of many files that is killed at any moment comes whole, once, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from lorakeeper.testing.bulk_kill_runner import kill_jobs


async def test_killed_jobs_go_on_and_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    """``python bench/bulk_kills.py`` does the same for longer."""
    result = await kill_jobs(tmp_path, 3, seed=4, longest=0.4)

    assert result.wrong == []
    assert result.kills >= 3
    assert result.moments["downloading"] > 0
