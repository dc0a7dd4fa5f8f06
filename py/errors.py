"""The one tree of errors: each carries a sentence for the user and the HTTP status that a route answers with."""

from __future__ import annotations

from datetime import datetime


class LorakeeperError(Exception):
    """Anything that went wrong in a way the user can be told. ``str(error)`` is the sentence, made to be acted on."""

    status = 500

    @property
    def kind(self) -> str:
        """The error's name in answers and logs, such as ``NotFoundError``."""
        return type(self).__name__


def cause_of(error: BaseException) -> str:
    """What is counted of an error: its kind, and ``unexpected`` for what nobody foresaw."""
    return error.kind if isinstance(error, LorakeeperError) else "unexpected"


class UsageError(LorakeeperError):
    """The caller asked for something that makes no sense: a bad target, an unknown folder, a wrong value."""

    status = 400


class ForbiddenError(LorakeeperError):
    """A request from another origin, or with the wrong content type."""

    status = 403


class MissingError(LorakeeperError):
    """No such row, file or resource here."""

    status = 404


class ConflictError(LorakeeperError):
    """The thing asked for does not fit the state that it meets, such as resuming a finished job."""

    status = 409


class InstructionNotFoundError(MissingError):
    """No such instruction."""


class InvalidOperationError(ConflictError):
    """An instruction is not in the state that the operation needs, or there is no such operation."""


class BatchProcessingError(LorakeeperError):
    """A batch of instructions can't be begun, or one of them failed in a way that nobody foresaw."""

    status = 400


class BusyError(ConflictError):
    """Another process is at it: later it will be free, or done."""


class SettingsError(LorakeeperError):
    """The settings file, a setting or a credential can't be used."""

    status = 422


class StorageError(LorakeeperError):
    """The database can't be opened or used."""


class DatabaseTooNewError(StorageError):
    """The database was written by a newer Lorakeeper."""


# -- Civitai ---------------------------------------------------------------------------------------------------------


class CivitaiError(LorakeeperError):
    """The site could not give what was asked."""

    status = 502


class NetworkError(CivitaiError):
    """The site could not be reached, or the connection broke."""


class ApiError(CivitaiError):
    """The site answered with an error. ``site_status`` is its HTTP status."""

    def __init__(self, message: str, site_status: int) -> None:
        super().__init__(message)
        self.site_status = site_status


class RateLimitError(ApiError):
    """Too many requests. ``retry_after`` is in seconds, None where the site didn't say."""

    status = 429

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, 429)
        self.retry_after = retry_after


class NotFoundError(ApiError):
    """The site knows no such thing, or has it no more (404, 410)."""

    status = 404


class AuthError(ApiError):
    """The site wants a key, or refuses the one it got (401, 403)."""

    status = 401


class EarlyAccessError(AuthError):
    """The version is in early access. ``deadline`` is when it becomes free, None where unknown."""

    status = 403

    def __init__(self, message: str, deadline: datetime | None = None) -> None:
        super().__init__(message, 403)
        self.deadline = deadline


class ValidationError(CivitaiError):
    """The site's answer is not of any shape that is known, such as an HTML page."""


# -- Downloads -------------------------------------------------------------------------------------------------------


class DownloadError(LorakeeperError):
    """A file could not be fetched."""

    status = 502


class VerificationError(DownloadError):
    """What arrived is not what was promised: wrong size or wrong hash."""


class SpaceError(DownloadError):
    """Not enough room on the disk."""

    status = 507


class PlacementError(DownloadError):
    """No folder is known for this kind of file, or the path would lie outside the model folders."""

    status = 422


# -- Variations ------------------------------------------------------------------------------------------------------


class VariationError(LorakeeperError):
    """Gemini gave no picture at all; the sentence is its reason."""

    status = 502


# -- Files -----------------------------------------------------------------------------------------------------------


class BrokenFileError(LorakeeperError):
    """A model file whose structure is wrong."""

    status = 422


class ScanError(LorakeeperError):
    """A file could not be scanned, so it counts as dangerous."""

    status = 422
