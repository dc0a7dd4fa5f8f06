"""Descriptions are HTML of strangers, and come out as text."""

from __future__ import annotations

import time

import pytest

from lorakeeper.py.civitai.descriptions import MAX_DESCRIPTION, described, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        ("<p>a &lt; b &amp; c</p>", "a < b & c"),
        ("<p>1 < 2</p>", "1 < 2"),
        ("  <ul><li>x</li>\n<li><a href='http://h'>y</a></li></ul>", "x\ny"),
        ("<IMG src=x onerror=alert(1)>safe", "safe"),
        ("", ""),
        ("<<<<", "<<<<"),
    ],
)
def test_a_description_becomes_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_a_hostile_description_takes_no_time() -> None:
    for hostile in (
        "<" * 1_000_000,
        "<a" * 500_000,
        "<a " * 300_000,
        "</p" * 300_000,
        "&#" * 500_000,
        "<!--" * 200_000,
    ):
        begun = time.monotonic()
        plain_text(hostile)
        assert time.monotonic() - begun < 0.5


def test_a_long_description_is_cut() -> None:
    assert len(described("<p>word</p>" * 5_000)) == MAX_DESCRIPTION
    assert described(None) == ""
