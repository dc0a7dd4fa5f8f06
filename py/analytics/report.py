"""A summary as a file to keep or to give away: a page, a PDF, or JSON for programs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from . import layout
from .sections import SECTIONS, SectionName
from .summary import Language, Summary
from .words import Words

Format = Literal["html", "json", "pdf"]
Theme = Literal["light", "dark", "auto"]

MEDIA_TYPES: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}


class ReportConfig(BaseModel):
    """What a report is to be. ``theme`` is of pages and PDFs, where ``auto`` is the reader's choice and light on paper;
    an empty ``title`` is the usual one."""

    model_config = ConfigDict(extra="forbid")

    format: Format = "html"
    period: str = "30d"
    theme: Theme = "auto"
    sections: list[SectionName] = Field(default_factory=lambda: list(SECTIONS))
    title: str = Field("", max_length=200)
    language: Language = "en"


class ReportDocument(Summary):
    """A report as JSON: the whole summary, and what was asked for. Its schema is ``docs/report.schema.json``."""

    title: str
    sections: list[SectionName] = Field(description="What the reader asked to see, in the order of a page.")


class ReportGenerator:
    """Makes the file, in pure work that takes up to seconds: not to be called on the event loop."""

    def generate(self, summary: Summary, config: ReportConfig) -> bytes:
        words = Words(config.language)
        title = layout.plain(config.title) or words("analytics.title")
        wanted = [name for name in SECTIONS if name in config.sections]
        if config.format == "json":
            document = ReportDocument(**{**dict(summary), "title": title, "sections": wanted})
            return document.model_dump_json(indent=2).encode()
        sections = layout.sections(summary, words, wanted)
        if config.format == "html":
            from .page import page

            return page(summary, sections, words, title=title, theme=config.theme)
        from .pdf import pdf

        return pdf(summary, sections, words, title=title, theme=config.theme)

    def file_name(self, summary: Summary, config: ReportConfig) -> str:
        """Of plain ASCII, and in the order of time where several lie in a folder."""
        return f"lorakeeper-{summary.period.since}-{summary.period.until}.{config.format}"

    def media_type(self, config: ReportConfig) -> str:
        return MEDIA_TYPES[config.format]


def document_schema() -> dict[str, object]:
    """What is published as ``docs/report.schema.json``."""
    schema = ReportDocument.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Lorakeeper report"}
