"""What of a summary is shown: what is wanted, in order, plain, compared, a sentence for what there is nothing of."""

from __future__ import annotations

import pytest

from lorakeeper.py.analytics.layout import plain, sections
from lorakeeper.py.analytics.sections import SECTIONS, Section, Tile
from lorakeeper.py.analytics.summary import LANGUAGES, Language, Share, Summary, Total
from lorakeeper.py.analytics.words import Words
from lorakeeper.testing.summaries import HOSTILE, empty_summary, rich_summary

EN = Words("en")


@pytest.fixture
def rich() -> Summary:
    return rich_summary(days=30)


def shown(summary: Summary) -> dict[str, Section]:
    return {section.name: section for section in sections(summary, EN)}


def tile(section: Section, label: str) -> Tile:
    return next(tile for tile in section.tiles if tile.label == label)


def test_wanted_sections_come_in_the_order_of_all(rich: Summary) -> None:
    assert [each.name for each in sections(rich, EN)] == list(SECTIONS)
    assert [each.name for each in sections(rich, EN, ["storage", "overview"])] == ["overview", "storage"]


def test_figures_are_compared_with_those_before(rich: Summary) -> None:
    rich.totals = [
        Total(name="prompts", label="Prompts", unit="count", value=120, before=100),
        Total(name="downloads", label="Downloads", unit="count", value=3, before=2),
        Total(name="failed", label="Failed", unit="count", value=30, before=20),
        Total(name="errors", label="Errors", unit="count", value=5, before=10),
        Total(name="cost", label="Cost", unit="dollars", value=2, before=2),
        Total(name="searches", label="Searches", unit="count", value=7, before=None),
        Total(name="variations", label="Variations", unit="count", value=0, before=0),
    ]
    overview = shown(rich)["overview"]

    assert {each.label: (each.change, each.good) for each in overview.tiles} == {
        "Prompts": ("+20 %", None),
        "Downloads": ("before: 2", None),
        "Failed": ("+50 %", False),
        "Errors": ("−50 %", True),
        "Cost": ("±0 %", None),
        "Searches": (None, None),
    }


def test_a_section_without_anything_is_one_kind_sentence(rich: Summary) -> None:
    nothing = empty_summary().model_copy(update={"recorded_since": rich.recorded_since})

    for section in sections(nothing, EN)[1:]:
        assert len(section.sentences) == 1
        assert [section.tiles, section.charts, section.tables, section.advice] == [[], [], [], []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_history_says_what_will_be_here(language: Language) -> None:
    words = Words(language)
    (only,) = sections(empty_summary(language), words, ["security"])

    assert only.title == words("analytics.empty.title")
    assert only.sentences == [words("analytics.empty.what"), words("analytics.empty.how")]


def test_an_empty_history_still_tells_of_the_library(rich: Summary) -> None:
    rich.recorded_since = None

    assert [each.name for each in sections(rich, EN)] == ["overview", "recommendations", "storage"]


def test_names_stay_what_they_are_but_for_what_is_not_seen(rich: Summary) -> None:
    names = [row.cells[0] for table in shown(rich)["usage"].tables for row in table.rows]

    assert HOSTILE[0] in names
    assert HOSTILE[1] in names
    assert "evil right to left" in names


@pytest.mark.parametrize(
    ("name", "text"),
    [("a\nb\t c", "a b c"), ("\u202eevil\u2069\x00", "evil"), ("\u200fשלום", "שלום"), ("  ", ""), ("👩‍🎨", "👩‍🎨")],
)
def test_plain(name: str, text: str) -> None:
    assert plain(name) == text


def test_charts_have_a_value_for_each_place_and_say_what_is_to_be_seen(rich: Summary) -> None:
    charts = [chart for section in sections(rich, EN) for chart in section.charts]

    assert {chart.kind for chart in charts} == {"lines", "bars", "rows", "heat"}
    for chart in charts:
        assert all(len(series.values) == len(chart.x) for series in chart.series)
        assert chart.text


def test_months_are_named_without_a_day(rich: Summary) -> None:
    rich.step = "month"
    chart = shown(rich)["overview"].charts[0]

    assert chart.x[0] == "2026-10"
    assert chart.text.startswith("Prompts: most in 2026-1")


def test_rows_are_cut_and_it_is_said_how_many_there_are_more(rich: Summary) -> None:
    rich.usage.creators = [Share(key=f"c{number}", label=f"c{number}", value=1, share=1 / 18) for number in range(18)]
    table = next(table for table in shown(rich)["usage"].tables if table.title == "Creators")

    assert len(table.rows) == 16
    assert table.rows[-1].cells == ["and 3 more", "", ""]
    assert {row.bar for row in table.rows[:-1]} == {1.0}


def test_shares_before_are_shown_where_any_is_known(rich: Summary) -> None:
    usage = shown(rich)["usage"]
    models = next(table for table in usage.tables if table.title == "Most used models")
    hosts = next(table for table in shown(rich)["downloads"].tables if table.title == "Where files came from")

    assert models.columns == ["Model", "Prompts", "Share", "Before"]
    assert hosts.columns == ["Host", "Size", "Share"]


def test_pairs_say_what_chance_would_have_made_of_them_where_it_is_known(rich: Summary) -> None:
    together = next(table for table in shown(rich)["usage"].tables if table.title == "Used together")

    assert together.columns == ["Models", "Prompts", "Days with both", "Prompts by chance"]
    assert [row.cells[1:] for row in together.rows] == [["320", "41", "124"], ["120", "22", "–"]]


def test_too_short_a_record_is_no_ground_for_unused(rich: Summary) -> None:
    rich.storage.unused.watched = 30

    assert shown(rich)["storage"].sentences[0] == (
        "Uses are known for 30 days, too few to tell what is unused for 180 days."
    )


def test_advice_keeps_its_order_and_its_actions(rich: Summary) -> None:
    advice = shown(rich)["recommendations"].advice

    assert [each.action for each in advice] == [each.action for each in rich.recommendations]
    assert advice[2].text == "32 GB in 41 models not used for 180 days."


def test_a_section_compares_its_own_figures(rich: Summary) -> None:
    downloads = shown(rich)["downloads"]

    assert tile(downloads, "Files").change == tile(shown(rich)["overview"], "Downloads").change
    assert tile(downloads, "Average speed").change is None
