"""The report as a PDF, read and rendered by another program: nothing is cut, nothing is a picture, names are text."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pypdfium2  # type: ignore[import-untyped, unused-ignore]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdfium2 import raw

from lorakeeper.py.analytics.pdf_charts import evenly, ticks
from lorakeeper.py.analytics.pdf_type import Type
from lorakeeper.py.analytics.report import ReportConfig, ReportGenerator
from lorakeeper.py.analytics.summary import LANGUAGES, Language, Summary, Unit
from lorakeeper.py.analytics.words import Words
from lorakeeper.testing.summaries import HOSTILE, NAMES, empty_summary, rich_summary

A4 = (595, 842)
MARGIN = 15 * 72 / 25.4


def opened(summary: Summary, **config: Any) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(ReportGenerator().generate(summary, ReportConfig(format="pdf", **config)))


def texts(document: pypdfium2.PdfDocument) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def things(document: pypdfium2.PdfDocument, kind: int) -> list[tuple[float, float, float, float]]:
    return [thing.get_bounds() for page in document for thing in page.get_objects(filter=[kind], max_depth=5)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_leaves_the_margins_and_nothing_is_a_picture(language: Language) -> None:
    document = opened(rich_summary(language, days=60), language=language)

    assert [round(side) for side in document[0].get_size()] == list(A4)
    boxes = things(document, raw.FPDF_PAGEOBJ_TEXT)
    assert len(boxes) > 300
    assert min(box[0] for box in boxes) >= MARGIN - 2
    assert max(box[2] for box in boxes) <= A4[0] - MARGIN + 2
    assert min(box[1] for box in boxes) >= 20
    assert max(box[3] for box in boxes) <= A4[1] - 20
    assert things(document, raw.FPDF_PAGEOBJ_IMAGE) == []
    assert len(things(document, raw.FPDF_PAGEOBJ_PATH)) > 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_headings_and_page_numbers_can_be_read_out(language: Language) -> None:
    summary, words = rich_summary(language, days=60), Words(language)
    document = opened(summary, language=language)
    text = texts(document)

    for total in summary.totals:
        assert words.value(total.value, total.unit) in text
    for name in ("overview", "downloads", "usage", "storage", "variations", "security"):
        assert words(f"analytics.section.{name}") in text
    for number, page in enumerate(document, 1):
        assert words("analytics.page", page=number, pages=len(document)) in page.get_textpage().get_text_bounded()
    assert 5 <= len(document) <= 9


def test_names_of_strangers_are_text() -> None:
    text = texts(opened(rich_summary(days=60))).replace("\r\n", "\n")

    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], *NAMES[:5]):
        assert name in text
    # What no font has is shown without its marks, or as a box.
    assert "ódz o — □ □" in text


def test_a_heading_of_a_table_stands_on_each_of_its_pages() -> None:
    summary = rich_summary(days=60)
    share = summary.usage.creators[0]
    summary.usage.creators = [share.model_copy(update={"label": f"{HOSTILE[5]} {number}"}) for number in range(15)]
    summary.usage.models = [share.model_copy(update={"label": f"{HOSTILE[5]} {number}"}) for number in range(15)]
    document = opened(summary, sections=["usage"])
    pages = [page.get_textpage().get_text_bounded() for page in document]
    with_rows = [page for page in pages if page.count("long long") > 5]

    assert len(with_rows) > 1
    assert all(head in page for page in with_rows for head in ("Prompts", "Share", "Before"))


def test_metadata_name_the_title_and_the_language() -> None:
    data = ReportGenerator().generate(
        empty_summary("ja"), ReportConfig(format="pdf", language="ja", title="一年 & <b>")
    )
    document = pypdfium2.PdfDocument(data)

    assert document.get_metadata_value("Title") == "一年 & <b>"
    assert document.get_metadata_value("Author") == "Lorakeeper"
    assert b"/Lang" in data
    assert "一年 & <b>" in texts(document)


@pytest.mark.parametrize(
    ("theme", "ground"), [("light", (255, 255, 255)), ("auto", (255, 255, 255)), ("dark", (24, 24, 27))]
)
def test_every_page_has_the_themes_ground(theme: str, ground: tuple[int, int, int]) -> None:
    for page in opened(rich_summary(days=30), theme=theme):
        assert page.render(scale=0.2).to_pil().convert("RGB").getpixel((1, 1)) == ground


def test_an_empty_history_is_one_kind_page() -> None:
    document = opened(empty_summary())

    assert len(document) == 1
    assert "Nothing is recorded yet" in texts(document)


def test_a_title_of_200_letters_stays_on_the_page() -> None:
    document = opened(rich_summary(days=30), title="W" * 200)

    assert max(box[2] for box in things(document, raw.FPDF_PAGEOBJ_TEXT)) <= A4[0] - MARGIN + 2


def test_a_year_takes_less_than_two_seconds() -> None:
    summary = rich_summary(days=365)
    opened(summary)  # what is imported once
    began = time.process_time()
    opened(summary)

    assert time.process_time() - began < 2


# -- Type and scales -------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.text(max_size=120), st.sampled_from(LANGUAGES), st.floats(min_value=30, max_value=500))
def test_no_line_is_wider_than_its_room(text: str, language: Language, room: float) -> None:
    letters = Type(language)

    for lines in (letters.lines(text, 10, room), letters.lines(text, 10, room, most=2), [letters.cut(text, 10, room)]):
        for line in lines:
            assert sum(run.width for run in line) <= room + 10  # a blank at the end takes no room
            assert sum(run.width for run in line if run.text.strip()) <= room + 3
    assert len(letters.lines(text, 10, room, most=2)) <= 2


def test_lines_part_at_words_and_between_characters_that_have_no_blanks() -> None:
    letters = Type("ja")

    def lines(text: str, room: float) -> list[str]:
        return ["".join(run.text for run in line).strip() for line in letters.lines(text, 10, room)]

    assert lines("one two three", 45) == ["one two", "three"]
    assert lines("日本語の文章、です。", 62) == ["日本語の文", "章、です。"]
    assert all(not line.startswith(("、", "。")) for line in lines("あいうえおか、きくけこさ。しす", 60))


def test_a_cut_name_keeps_its_beginning_and_its_end() -> None:
    runs = Type("en").cut("a very long name of a model, version 3.safetensors", 10, 150)
    text = "".join(run.text for run in runs)

    assert text.startswith("a very")
    assert text.endswith("tensors")
    assert "…" in text


@given(
    st.floats(min_value=0, max_value=1e15), st.sampled_from(["count", "bytes", "seconds", "rate", "dollars", "share"])
)
def test_a_scale_has_few_marks_from_nothing_to_the_most(most: float, unit: Unit) -> None:
    marks = ticks(most, unit)

    assert marks[0] == 0
    assert marks[-1] >= most * (1 - 1e-6)
    assert 2 <= len(marks) <= 6
    assert all(one < other for one, other in pairwise(marks))


@given(st.integers(1, 4000), st.integers(-3, 40))
def test_places_are_few_and_evenly_apart(count: int, most: int) -> None:
    places = list(evenly(count, most))

    assert 1 <= len(places) <= max(1, most)
    assert 0 <= places[0] <= places[-1] < count
