"""How paths are spelled where only text can be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.library.paths import real, shown, stored


@given(st.binary(max_size=30))
def test_each_name_of_bytes_has_one_spelling(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")

    spelled = stored(path)

    if spelled is None:
        assert any("\uef80" <= each <= "\uefff" for each in path)
    else:
        spelled.encode()
        assert real(spelled) == path
        assert len(spelled) == len(path)


@given(st.text(st.characters(codec=None), max_size=20))
def test_any_text_is_spelled_or_refused(path: str) -> None:
    spelled = stored(path)

    shown(path).encode()
    if spelled is None:
        assert any(
            "\uef80" <= each <= "\uefff" or "\ud800" <= each < "\udc80" or "\udcff" < each <= "\udfff" for each in path
        )
    else:
        spelled.encode()
        assert real(spelled) == path


@pytest.mark.parametrize("path", ["/models/a.pt", "/models/Größe/模型.pt"])
def test_ordinary_names_are_kept_as_they_are(path: str) -> None:
    assert stored(path) is path
    assert real(path) is path
