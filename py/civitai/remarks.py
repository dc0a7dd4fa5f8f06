"""What there is to know of a file before it is fetched, from what the site says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from .resolve import ResolvedFile
from .schemas import ModelVersion

_PLAIN = {"SafeTensor", "GGUF"}


def remarks_on(
    source: ResolvedFile, nsfw_bits: int, versions: Iterable[ModelVersion] = ()
) -> Iterator[tuple[str, str]]:
    """``(a word for programs, a sentence)`` for each thing. ``versions`` are those of the model as a list has them:
    only lists tell when early access ends."""
    version, model, file = source.version, source.version.model, source.file
    listed = next((each for each in versions if each.id == version.id), version)
    paid = listed.paid_access
    deadline = listed.early_access_deadline or (paid.ends_at if paid else None)
    if deadline and deadline > datetime.now(timezone.utc):
        yield "early access", f"It is in early access until {deadline:%Y-%m-%d}."
    elif paid and paid.permanent:
        yield "paid", "It has to be bought on the site."
    if version.usage_control not in (None, "", "Download"):
        yield "site only", "Its creator lets it be used on the site only."
    if model and model.mode:
        yield model.mode.lower(), f"The site lists it as {model.mode}."
    if "Danger" in (file.pickle_scan_result, file.virus_scan_result):
        yield "dangerous", "The site's own scan calls this file dangerous."
    if file.metadata.format and file.metadata.format not in _PLAIN:
        yield "pickle", "This kind of file can hold programs: it is scanned before it is installed."
    if source.sha256 is None:
        yield "hash", "The site gives no SHA256, so there is nothing to verify the download by."
    if model and model.nsfw_level and not model.nsfw_level & nsfw_bits:
        yield "nsfw", "It is more explicit than the limit in the settings."
