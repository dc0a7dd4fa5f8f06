"""The words and figures of the reports: what they name is there, and numbers are written as the sidebar has them.

Whether the catalogues are whole is seen in `tests/web/test_strings.py`.
"""

from __future__ import annotations

import inspect
import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py import errors
from lorakeeper.py.analytics.sections import SECTIONS
from lorakeeper.py.analytics.words import Words

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "web" / "app" / "words"
# What ends no download, and is no error a user meets in the figures: mistakes in what a program asked for.
NEVER_COUNTED = {
    "BatchProcessingError",
    "ForbiddenError",
    "InstructionNotFoundError",
    "InvalidOperationError",
    "LorakeeperError",
}


def catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return words


def test_every_key_that_the_reports_name_is_there() -> None:
    english = catalogue("en")
    code = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "py" / "analytics").glob("*.py")))
    whole = set(re.findall(r'"(analytics\.[\w.]+)"', code))
    begun = set(re.findall(r'f"(analytics\.[\w.]*)\{', code))

    assert {key for key in whole if key not in english} == set()
    assert {key for key in begun if not any(known.startswith(key) for known in english)} == set()
    assert {f"analytics.section.{name}" for name in SECTIONS} <= set(english)


def test_every_error_that_is_counted_has_a_label_and_a_help() -> None:
    english = catalogue("en")
    kinds = {
        name
        for name, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, errors.LorakeeperError) and name not in NEVER_COUNTED
    } | {errors.cause_of(ValueError()), "other"}

    assert {kind for kind in kinds for part in ("cause", "hint") if f"analytics.{part}.{kind}" not in english} == set()


# -- Sentences -------------------------------------------------------------------------------------------------------


def test_one_has_a_form_of_its_own_where_there_is_such() -> None:
    words = Words("en")

    assert words("analytics.days", count=1) == "1 day"
    assert words("analytics.days", count=1200) == "1,200 days"
    assert Words("ja")("analytics.days", count=1) == "1 日間"


def test_what_is_put_in_is_not_looked_through_again() -> None:
    said = Words("en")("analytics.period", since="{until}", until="{since}")

    assert said == "{until} to {since}"


def test_english_falls_in_and_a_key_that_nobody_has_is_an_error() -> None:
    korean = Words("ko")

    assert "analytics.days.one" not in catalogue("ko")
    assert korean("analytics.days.one") == catalogue("en")["analytics.days.one"]
    assert korean.has("analytics.days.one")
    assert not korean.has("analytics.nothing")
    with pytest.raises(KeyError):
        korean("analytics.nothing")


# -- Figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (10 * 1024 + 100, "10 KB"),
        (1024**2 - 1, "1 MB"),
        (9.96 * 1024**3, "10 GB"),
        (5000 * 1024**4, "5,000 TB"),
        (float("nan"), "–"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert Words("en").bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.2, "1 s"), (59.4, "59 s"), (59.6, "1 min"), (3599, "1 h"), (3900, "1 h 5 min"), (-1, "0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert Words("ja").duration(seconds) == text


def test_dollars_shares_numbers_rates_and_days() -> None:
    words = Words("zh")

    assert [words.dollars(value) for value in (0, 0.004, 0.039, 1234.5)] == ["$0.00", "$0.0040", "$0.04", "$1,234.50"]
    assert [words.percent(share) for share in (0, 0.004, 0.125, 1)] == ["0 %", "<1 %", "13 %", "100 %"]
    assert [words.number(value, 1) for value in (0.25, -0.04, 1234.0, float("inf"))] == ["0.3", "0", "1,234", "–"]
    assert words.rate(2.5 * 1024**2) == "2.5 MB/s"
    assert words.day(date(2026, 11, 3)) == "2026-11-03"
    assert words.value(0.5, "share") == "50 %"


@given(st.floats(min_value=0, max_value=1e18))
def test_a_size_is_less_than_1024_of_its_unit_and_nearly_what_it_was(count: float) -> None:
    number, unit = Words("en").bytes(count).split()
    value, power = float(number.replace(",", "")), ["B", "KB", "MB", "GB", "TB"].index(unit)

    assert value < 1024 or unit == "TB"
    assert abs(value * 1024**power - count) <= max(0.5 * 1024**power, count * 0.051)
