"""A download that is killed at any moment is whole in the end, and never wrong in between."""

from __future__ import annotations

from pathlib import Path

from lorakeeper.testing.kill_runner import kill_downloads


async def test_killed_downloads_are_resumed_and_never_wrong(tmp_path: Path) -> None:
    """``python bench/kills.py`` does the same for longer."""
    # This seed kills several times in the middle of a transfer, its journal written, and at each of the last steps.
    result = await kill_downloads(tmp_path, 6, seed=150363)

    assert result.kills == 6
    assert result.wrong == []
    assert result.resumed > 0
    assert result.filled > 0
