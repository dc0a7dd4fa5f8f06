"""Actions that are killed at any moment leave every file whole, once, and rows that fit."""

from __future__ import annotations

from pathlib import Path

from lorakeeper.testing.action_kill_runner import kill_actions


async def test_killed_actions_leave_every_file_whole_and_recover_settles_the_rows(tmp_path: Path) -> None:
    """``python bench/action_kills.py`` does the same for longer."""
    result = await kill_actions(tmp_path, 6, seed=3)

    assert result.wrong == []
    assert result.kills == 6
    assert result.interrupted > 0
