"""The report as JSON: what its published schema says, and nothing that a reader could not read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from lorakeeper.py.analytics.report import ReportConfig, ReportDocument, ReportGenerator, document_schema
from lorakeeper.py.analytics.summary import Summary
from lorakeeper.testing.summaries import empty_summary, rich_summary

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent.parent.parent / "docs" / "report.schema.json").read_text("utf-8")
)


def test_the_published_schema_is_that_of_the_reports() -> None:
    assert document_schema() == SCHEMA


@pytest.mark.parametrize("summary", [rich_summary(days=30), empty_summary()], ids=["rich", "empty"])
def test_a_report_is_what_the_schema_says(summary: Summary) -> None:
    data = ReportGenerator().generate(
        summary, ReportConfig(format="json", sections=["usage", "overview"], title=" My  year\n")
    )
    document = json.loads(data)

    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    assert (document["title"], document["sections"]) == ("My year", ["overview", "usage"])
    assert ReportDocument.model_validate(document).usage == summary.usage


def test_the_schema_refuses_what_is_no_report() -> None:
    document = json.loads(ReportGenerator().generate(empty_summary(), ReportConfig(format="json")))
    del document["storage"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    "given",
    [
        {"format": "docx"},
        {"theme": "pink"},
        {"sections": ["all"]},
        {"title": "x" * 201},
        {"language": "fr"},
        {"more": 1},
    ],
)
def test_what_is_not_known_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReportConfig.model_validate(given)


@pytest.mark.parametrize("kind", ["html", "json", "pdf"])
def test_files_are_named_by_their_period(kind: str) -> None:
    config = ReportConfig.model_validate({"format": kind})
    generator = ReportGenerator()

    assert generator.file_name(empty_summary(), config) == f"lorakeeper-2026-10-22-2026-11-20.{kind}"
    assert kind in generator.media_type(config)
