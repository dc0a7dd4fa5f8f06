"""The log: a rotating file in the data folder, one line an event, with every key masked."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from .credentials import mask

APPLICATION = __name__.rpartition(".")[0]

_PATTERNS = (
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",}]+"),
    re.compile(r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)([?&](?:token|key|api_key|x-amz-[a-z]+|signature|sig)=)[^&\s'\"]+"),
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),
)


class MaskKeys(logging.Filter):
    """Masks the keys known now, and whatever looks like one, in a record's message and traceback."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._secrets = secrets
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(record.getMessage()), None
        if record.exc_info:
            # A formatter uses this text where there is one, so that the traceback is masked for every handler.
            record.exc_text = self.clean(record.exc_text or self._formatter.formatException(record.exc_info))
        return True

    def clean(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, mask(secret))
        for pattern in _PATTERNS:
            text = pattern.sub(r"\g<1>…", text)
        return text


class _OneLine(logging.Formatter):
    """Time, level, module, message. What would break the line is shown as spaces, but for a traceback's own lines."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(shortname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.shortname = record.name.removeprefix(f"{APPLICATION}.")
        record.msg = " ".join(str(record.msg).splitlines())
        return super().format(record)


class _Rotating(RotatingFileHandler):
    def rotate(self, source: str, dest: str) -> None:
        # Windows can't rename a file that another process, such as the command line, has open: it grows until it can.
        with suppress(PermissionError):
            super().rotate(source, dest)


class _ToHost(logging.Handler):
    """Hands what matters to the host's own log, so that its console isn't filled with our requests."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger().handle(record)


class LogFile:
    """The log from now on, in a folder that exists. :meth:`close` takes its handlers away again."""

    def __init__(self, folder: Path, secrets: Callable[[], Iterable[str]], *, level: int = logging.INFO) -> None:
        self.path = folder / "lorakeeper.log"
        file = _Rotating(self.path, maxBytes=5_000_000, backupCount=3, encoding="utf-8", delay=True)
        file.setFormatter(_OneLine())
        host = _ToHost(logging.WARNING)
        self._handlers: tuple[logging.Handler, ...] = (file, host)
        self._logger = logging.getLogger(APPLICATION)
        self._logger.setLevel(level)
        self._logger.propagate = False
        masking = MaskKeys(secrets)
        for handler in self._handlers:
            handler.addFilter(masking)
            self._logger.addHandler(handler)

    def close(self) -> None:
        for handler in self._handlers:
            self._logger.removeHandler(handler)
            handler.close()
        # Of two applications in one process the one that was begun first may end first.
        if not any(isinstance(handler, _ToHost) for handler in self._logger.handlers):
            self._logger.setLevel(logging.NOTSET)
            self._logger.propagate = True
