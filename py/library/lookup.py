"""From what people and workflows call a file to the file: a loader's name, Civitai's name, a hash, a content."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from ..civitai.targets import ModelTarget, VersionTarget, parse_target
from ..errors import MissingError, UsageError
from ..storage.database import Database
from ..storage.tables import cards, contents, files, hashes, items, site
from . import rows, search
from .items import LibraryItem
from .paths import real, stored
from .roots import Roots
from .view import natural_key
from .walk import EXTENSIONS

# The kinds in which a graph's base model may lie.
BASES = ("checkpoints", "diffusion_models", "unet_gguf")
# What a file is called where a sentence speaks of one.
_WORDS = {"loras": "LoRA", "checkpoints": "checkpoint", "embeddings": "embedding"}
_NAMED_AT_MOST = 5
_FEW = 200
_ROWS = select(files, contents.c.sha256).join_from(files, contents, files.c.content == contents.c.id)


@dataclass(frozen=True)
class Match:
    """A file that is here. ``name`` is what loaders call it, ``sha256`` None where it isn't known yet; ``note`` is a
    sentence about a file that isn't what was asked for to the letter, "" for none."""

    path: Path
    kind: str
    name: str
    sha256: str | None
    note: str = ""


class Lookup:
    """Finds files by name and content. Answers are of this moment: only what the disk has now is found."""

    def __init__(self, database: Database, roots: Roots) -> None:
        self._database = database
        self._roots = roots

    async def find(self, name: str, *, kind: str = "loras", content: str = "", exact: bool = False) -> Match:
        """The file of ``kind`` called ``name``, or that of the content which a workflow remembers, a SHA256.

        A content that is here goes before the name, because another file may have it. Names are a loader's, with or
        without folder, extension and case; then Civitai's, of a model, a version or ``model - version``; then the
        beginning of a hash, at least 8 digits; then ``model@version`` and AIR. With ``exact`` no more than a loader's
        whole name counts. Raises UsageError for what fits several files, MissingError for what fits none.
        """
        return await self._database.read(lambda c: self._find(c, name.strip(), kind, content.lower(), exact=exact))

    async def contents(self, named: Sequence[tuple[str, str]]) -> list[str | None]:
        """The SHA256 of the file of each ``(kind, whole name)``; None where it isn't here or isn't known yet."""

        return [
            match.sha256 if match else None for match in await self.whole([((kind,), name) for kind, name in named])
        ]

    async def whole(self, named: Sequence[tuple[Sequence[str], str]]) -> list[Match | None]:
        """The file of each ``(kinds, whole name)``, of the first kind that has one; None where it isn't here."""

        def work(connection: Connection) -> list[Match | None]:
            return [
                next((match for kind in kinds if (match := self._exact(connection, kind, name))), None)
                for kinds, name in named
            ]

        return await self._database.read(work)

    async def families(self, named: Sequence[tuple[Sequence[str], str]]) -> list[str | None]:
        """The family of the file of each ``(kinds, whole name)``, as ``headers.family_of`` says it; None if unknown."""

        def work(connection: Connection) -> list[str | None]:
            return [_family(connection, kinds, name) for kinds, name in named]

        return await self._database.read(work)

    # -- Steps -------------------------------------------------------------------------------------------------------

    def _find(self, connection: Connection, name: str, kind: str, content: str, *, exact: bool) -> Match:
        here = self._exact(connection, kind, name)
        if here and (not content or here.sha256 == content):
            return here
        if content and (same := self._by_content(connection, kind, content, name)):
            return same
        if here is None:
            here = self._loose(connection, kind, name) if not exact else None
        if here is None:
            raise MissingError(_missing(kind, name, content))
        if content and here.sha256 not in (None, content):
            note = f"{name} is not the file that this workflow was made with, so the result may differ."
            return replace(here, note=note)
        return here

    def _exact(self, connection: Connection, kind: str, name: str) -> Match | None:
        """The file that loaders call ``name``: the disk says whether there is one, the database what it holds."""
        for spelled in dict.fromkeys((name, name.replace("\\", "/"))):
            if not spelled or _leads_out(spelled):
                continue
            for folder in self._roots.folders(kind):
                path = os.path.join(os.path.abspath(folder), spelled)  # noqa: PTH100, PTH118 - links stay as they are
                if _is_file(path):
                    spelling = stored(path)
                    row = connection.execute(_ROWS.where(files.c.path == spelling)).first() if spelling else None
                    return Match(Path(path), kind, os.path.normpath(spelled), _trusted(row))
        return None

    def _by_content(self, connection: Connection, kind: str, content: str, name: str) -> Match | None:
        query = _ROWS.where(contents.c.sha256 == content, files.c.kind == kind).order_by(files.c.name)
        found = [
            match for row in connection.execute(query).all() if (match := _present(row)) and match.sha256 == content
        ]
        # Of copies, the one that is called nearly the same.
        found.sort(key=lambda match: (_last(match.name) != _last(name), match.name))
        if not found:
            return None
        return replace(found[0], note=f"{name} was found by its content: it is {found[0].name} here.")

    def _loose(self, connection: Connection, kind: str, name: str) -> Match | None:
        # The disk first: it knows a file that has just come.
        if whole := [match for each in sorted(EXTENSIONS) if (match := self._exact(connection, kind, name + each))]:
            return _only(whole, name, kind)
        for step in (_by_name, _by_title, _by_hash, _by_number):
            found = [match for row in step(connection, kind, name) if (match := _present(row))]
            if found:
                return _only(found, name, kind)
        return None


# -- What a name may be ------------------------------------------------------------------------------------------------


def _by_name(connection: Connection, kind: str, name: str) -> Sequence[Row[Any]]:
    """A loader's name without its folder, its extension or its case: the fewest of these that have to be left out."""
    wanted = _spelled(name)

    def ends(each: str, part: str) -> bool:
        return each == part or each.endswith(f"/{part}")

    folded = _folded(wanted)
    tests: tuple[Callable[[str], bool], ...] = (
        lambda each: folded in (_folded(each), _folded(_bare(each))),
        lambda each: ends(each, wanted) or ends(_bare(each), wanted),
        lambda each: ends(_folded(each), folded) or ends(_folded(_bare(each)), folded),
    )
    names = [(file, _spelled(each)) for file, each in _candidates(connection, kind, _last(name))]
    for test in tests:
        if ids := [file for file, each in names if test(each)]:
            return connection.execute(_ROWS.where(files.c.id.in_(ids[: rows.CHUNK]))).all()
    return []


def _by_title(connection: Connection, kind: str, name: str) -> Sequence[Row[Any]]:
    """Civitai's name of a model, of a version, or of both with a dash between them."""
    wanted = search.fold(name)

    def named(query: Select[Any], test: Callable[[LibraryItem], bool]) -> list[int]:
        found = connection.execute(query.join(cards, cards.c.file == items.c.file).add_columns(cards.c.card))
        return [row.file for row in found if test(LibraryItem.model_validate_json(row.card))]

    def titled(title: str, version: str | None = None) -> list[int]:
        query = select(items.c.file).where(items.c.name_key == natural_key(title), items.c.kind == kind)
        return named(
            query,
            lambda item: (
                search.fold(item.title) == search.fold(title)
                and (version is None or search.fold(item.version_name or "") == search.fold(version))
            ),
        )

    ids = titled(name)
    parts = name.split(" - ")
    for cut in range(1, len(parts)):
        ids = ids or titled(" - ".join(parts[:cut]).strip(), " - ".join(parts[cut:]).strip())
    if not ids and (expression := search.matching(connection, _phrase(name))):
        found = connection.execute(search.found(expression).limit(_FEW + 1)).scalars().all()
        if len(found) <= _FEW:  # words that many files have are no name of a version to go by
            query = select(items.c.file).where(items.c.file.in_(found), items.c.kind == kind)
            ids = named(query, lambda item: search.fold(item.version_name or "") == wanted)
    return [row for chunk in rows.chunks(ids) for row in connection.execute(_ROWS.where(files.c.id.in_(chunk))).all()]


def _by_hash(connection: Connection, kind: str, name: str) -> Sequence[Row[Any]]:
    if not re.fullmatch("[0-9A-Fa-f]{8,64}", name):
        return []
    low, high = name.lower(), name.upper()
    # As ranges, because only those use an index everywhere: g comes after all digits of a hash.
    whole = and_(contents.c.sha256 >= low, contents.c.sha256 < f"{low}g")
    other = select(hashes.c.content).where(hashes.c.value >= high, hashes.c.value < f"{high}G")
    ids = {*connection.execute(select(contents.c.id).where(whole)).scalars(), *connection.execute(other).scalars()}
    return connection.execute(_ROWS.where(files.c.content.in_(ids), files.c.kind == kind)).all() if ids else []


def _by_number(connection: Connection, kind: str, name: str) -> Sequence[Row[Any]]:
    """``model@version`` and AIR."""
    if not re.search("[@:]", name):
        return []
    try:
        target = parse_target(name, files=False)
    except UsageError:
        return []
    if isinstance(target, VersionTarget) and target.model_id:
        known = and_(site.c.model_id == target.model_id, site.c.version_id == target.version_id)
    elif isinstance(target, ModelTarget):
        known = site.c.model_id == target.model_id
    else:
        return []
    query = _ROWS.join(site, site.c.content == files.c.content).where(known, files.c.kind == kind)
    return connection.execute(query).all()


def _candidates(connection: Connection, kind: str, part: str) -> Sequence[tuple[int, str]]:
    """Id and name of the files of which ``part`` may be the name without folder and extension, and of others."""
    # What isn't ASCII may be written in more ways than one, and is compared by whoever gets the rows.
    ends = re.sub(r"[^\x00-\x7f]+", "%", re.sub(r"([%_!])", r"!\1", part))
    named = or_(*(files.c.name.ilike(f"%{ends}{more}", escape="!") for more in ("", ".%")))
    query = select(files.c.id, files.c.name).where(files.c.kind == kind, files.c.missing.is_(False), named)
    expression = search.matching(connection, _phrase(part))
    if expression is not None:  # but for a name of signs alone, words that stand side by side
        query = query.where(files.c.id.in_(search.found(expression)))
    return [(row.id, row.name) for row in connection.execute(query).all()]


def _family(connection: Connection, kinds: Iterable[str], name: str) -> str | None:
    query = (
        select(items.c.family)
        .join(files, files.c.id == items.c.file)
        .where(
            or_(*(files.c.kind == kind for kind in kinds)),
            files.c.name.in_(_spellings(name)),
            files.c.missing.is_(False),
        )
    )
    found = set(connection.execute(query).scalars())
    return found.pop() if len(found) == 1 else None


# -- One of several ----------------------------------------------------------------------------------------------------


def _only(found: list[Match], name: str, kind: str) -> Match:
    """The one file, or any of equal ones. Raises UsageError where they differ."""
    found = sorted(found, key=lambda match: match.name)
    if len(found) == 1 or (found[0].sha256 and len({match.sha256 for match in found}) == 1):
        return found[0]
    shown = [match.name for match in found[:_NAMED_AT_MOST]]
    rest = len(found) - len(shown)
    several = f"{', '.join(shown)} and {rest} more" if rest else f"{', '.join(shown[:-1])} and {shown[-1]}"
    raise UsageError(f"{name} may be any of {several}: write the whole name of the {_WORDS.get(kind, 'file')}.")


def _missing(kind: str, name: str, content: str) -> str:
    what = _WORDS.get(kind, "file")
    if content:
        return (
            f"There is no {what} {name} in your {kind} folders, and none with the content that this workflow was made "
            f"with: choose another, or download the one with the hash {content[:12].upper()}."
        )
    return f"There is no {what} {name} in your {kind} folders: choose another, or download it."


def _present(row: Row[Any]) -> Match | None:
    """The file of a row, if it is on the disk."""
    path = real(row.path)
    return Match(Path(path), row.kind, real(row.name), _trusted(row)) if _is_file(path) else None


def _trusted(row: Row[Any] | None) -> str | None:
    """The hash of a file while it is the one that was read."""
    if row is None or row.stale or not row.sha256:
        return None
    try:
        return str(row.sha256) if rows.stamp(real(row.path)) == rows.facts_of(row) else None
    except OSError:
        return None


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)  # noqa: PTH113 - a text will do
    except (OSError, ValueError):  # a name too long, or one with a NUL
        return False


def _leads_out(name: str) -> bool:
    """Whether a name is none inside a folder: a graph may come from anywhere."""
    return os.path.isabs(name) or bool(os.path.splitdrive(name)[0]) or ".." in re.split(r"[\\/]", name)  # noqa: PTH117


def _spelled(name: str) -> str:
    return name.replace("\\", "/").strip("/")


def _spellings(name: str) -> set[str]:
    return {name, name.replace("\\", "/"), name.replace("/", "\\")}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _bare(name: str) -> str:
    """Without a model file's extension."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122
    return stem if extension.casefold() in EXTENSIONS else name


def _last(name: str) -> str:
    return _bare(_spelled(name).rpartition("/")[2])


def _phrase(text: str) -> str:
    """A query of the search for these words side by side."""
    return '"' + text.replace('"', " ") + '"'
