"""Here every database is made by the migrations."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def databases_are_made_already() -> None:
    """As it isn't elsewhere."""
