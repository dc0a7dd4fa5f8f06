"""The log: one line an event, in a real file, without a key in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorakeeper.py.logs import APPLICATION, LogFile

KEY = "abcd0123456789wxyz"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    opened = LogFile(tmp_path, lambda: [KEY])
    yield opened
    opened.close()


def said(log: LogFile) -> str:
    return log.path.read_text("utf-8")


@pytest.mark.parametrize(
    "message",
    [
        f"the key is {KEY}",
        "headers: {'Authorization': 'Bearer some-other-secret-0000'}",
        "Authorization: Bearer some-other-secret-0000",
        "GET https://civitai.com/api/download/models/1?token=some-other-secret-0000&x=1",
        "GET https://store/x?X-Amz-Signature=some-other-secret-0000",
        "proxy http://user:some-other-secret-0000@proxy:3128",
    ],
)
def test_no_key_reaches_the_file(log: LogFile, message: str) -> None:
    logging.getLogger(f"{APPLICATION}.civitai").warning("%s", message)

    assert KEY not in said(log)
    assert "some-other-secret" not in said(log)
    assert message[:6] in said(log)


def test_no_key_reaches_the_file_in_a_traceback(log: LogFile) -> None:
    try:
        raise ValueError(f"bad key {KEY}")
    except ValueError:
        logging.getLogger(f"{APPLICATION}.x").exception("failed")

    assert "ValueError: bad key abcd…wxyz" in said(log)
    assert KEY not in said(log)


def test_a_traceback_that_another_handler_has_written_out_is_masked_too(log: LogFile) -> None:
    try:
        raise ValueError(f"bad key {KEY}")
    except ValueError:
        record = logging.LogRecord(f"{APPLICATION}.x", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    logging.Formatter().format(record)
    logging.getLogger(record.name).handle(record)

    assert "ValueError: bad key abcd…wxyz" in said(log)


def test_the_hosts_log_gets_warnings_alone_and_masked(log: LogFile) -> None:
    heard: list[str] = []
    host = logging.Handler()
    host.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(host)
    try:
        logging.getLogger(f"{APPLICATION}.x").info("request")
        logging.getLogger(f"{APPLICATION}.x").warning("trouble with %s", KEY)
    finally:
        logging.getLogger().removeHandler(host)

    assert heard == ["trouble with abcd…wxyz"]


def test_a_message_stays_on_one_line(log: LogFile) -> None:
    logging.getLogger(f"{APPLICATION}.x").info("a\nforged line")

    assert len(said(log).splitlines()) == 1


def test_closing_gives_the_logger_back_as_it_was(tmp_path: Path) -> None:
    before = logging.getLogger(APPLICATION).handlers[:], logging.getLogger(APPLICATION).propagate
    LogFile(tmp_path, list).close()

    assert (logging.getLogger(APPLICATION).handlers, logging.getLogger(APPLICATION).propagate) == before


def test_of_two_logs_either_may_close_first(tmp_path: Path) -> None:
    logger = logging.getLogger(APPLICATION)
    first, second = LogFile(tmp_path, list), LogFile(tmp_path, list)
    first.close()
    assert not logger.propagate
    second.close()

    assert (logger.level, logger.propagate) == (logging.NOTSET, True)
