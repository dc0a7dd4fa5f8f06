"""The places of a file that name models, put together so that each model is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..walk import EXTENSIONS
from . import bounds
from .named import Mention, NamedModel, is_air, version_target

_MAX_ALIKE = 20  # models of one name that are compared with a further mention of it

# A hash or a version, or a name without its extension and with its folder, None for any.
_Place = str | tuple[str, str | None]


class Mentions:
    """All the places of one file that name a model, in their order."""

    def __init__(self) -> None:
        self._found: list[Mention] = []

    def add(self, mention: Mention) -> None:
        """Raises UsageError for one too many."""
        if len(self._found) >= bounds.MAX_MENTIONS:
            raise bounds.too_many()
        self._found.append(mention)

    def models(self) -> list[NamedModel]:
        """Each model once, where it is named first. Raises UsageError where they are too many."""
        merge = _Merge()
        for mention in self._found:
            merge.take(mention)
        return merge.models()


@dataclass(frozen=True)
class _Key:
    """A name in its parts, without regard to case; "" for a part that it doesn't have."""

    folder: str
    stem: str
    extension: str


def _key(name: str) -> _Key:
    folder, _, last = name.casefold().rpartition("/")
    dot = last.rfind(".")
    has_extension = dot > 0 and last[dot:] in EXTENSIONS
    return _Key(folder, last[:dot] if has_extension else last, last[dot:] if has_extension else "")


class _Merge:
    """Puts mentions of the same file together. One that has a name of a model and the hash of another joins these."""

    def __init__(self) -> None:
        self._models: list[Mention] = []
        self._joined: dict[int, Mention] = {}  # by identity of one that was joined to another: that one
        # By hashes and versions; by name without extension, with its folder and with None for any folder.
        self._index: dict[_Place, list[Mention]] = {}

    def take(self, mention: Mention) -> None:
        marked, named = self._marked(mention), self._named(mention)
        known = marked or named
        if marked and named and marked is not named and _kinds_agree(marked, named) and _hashes_agree(marked, named):
            order = [each for each in self._models if each is marked or each is named]
            known = order[0]
            _absorb(known, order[1])
            self._joined[id(order[1])] = known
            self._models = [each for each in self._models if each is not order[1]]
        if known is None:
            if len(self._models) >= bounds.MAX_MODELS:
                raise bounds.too_many()
            self._models.append(mention)
            known = mention
        else:
            _absorb(known, mention)
        name = _key(mention.name)
        keys: list[_Place] = [*_marks(mention), (name.stem, name.folder), (name.stem, None)]
        for key in keys:
            there = self._index.setdefault(key, [])
            if len(there) < _MAX_ALIKE and not any(each is known for each in there):
                there.append(known)

    def models(self) -> list[NamedModel]:
        return [
            NamedModel(
                each.name,
                each.kind,
                tuple(sorted(each.hashes, key=lambda value: each.hashes[value])),
                _best_first(each.targets),
                each.url,
                each.where,
            )
            for each in self._models
        ]

    def _there(self, key: _Place) -> Iterator[Mention]:
        for each in self._index.get(key, ()):
            while id(each) in self._joined:
                each = self._joined[id(each)]
            yield each

    def _marked(self, mention: Mention) -> Mention | None:
        found = (each for mark in _marks(mention) for each in self._there(mark))
        return next((each for each in found if _kinds_agree(each, mention) and _hashes_agree(each, mention)), None)

    def _named(self, mention: Mention) -> Mention | None:
        wanted = _key(mention.name)
        for folder in (wanted.folder, "" if wanted.folder else None):
            for each in self._there((wanted.stem, folder)):
                have = _key(each.name)
                is_other = have.extension and wanted.extension and have.extension != wanted.extension
                if not is_other and _kinds_agree(each, mention) and _hashes_agree(each, mention):
                    return each
        return None


def _best_first(targets: list[str]) -> tuple[str, ...]:
    """A file, a version of a model, a version, a model; a version's number alone only where nothing says its model."""
    versions = {version_target(target.partition("@")[2]) for target in targets}
    kept = [target for target in targets if target not in versions]
    return tuple(sorted(kept, key=lambda target: (target.isdecimal(), "@" not in target, "+" not in target)))


def _marks(mention: Mention) -> Iterable[str]:
    """What tells a file for certain: its hashes, and versions of Civitai's."""
    for value, rank in mention.hashes.items():
        yield value
        if rank == 0:  # other tools write no more than the beginning of a SHA256
            yield value[:10]
            yield value[:12]
    for target in mention.targets:
        if not target.isdecimal():
            yield re.sub(r"^[0-9]+@|^https://civitai\.com/api/download/models/", "version ", target)


def _kinds_agree(one: Mention, other: Mention) -> bool:
    return one.kind is None or other.kind is None or one.kind == other.kind


def _hashes_agree(one: Mention, other: Mention) -> bool:
    """Whether no SHA256 says that these are two files."""
    first, second = ({value for value, rank in each.hashes.items() if rank == 0} for each in (one, other))
    return not first or not second or bool(first & second)


def _completeness(name: str) -> tuple[bool, bool, bool]:
    """The more a name has of what a loader's has, the better."""
    key = _key(name)
    return bool(key.extension), not is_air(name) and "://" not in name, bool(key.folder)


def _absorb(known: Mention, more: Mention) -> None:
    if _completeness(more.name) > _completeness(known.name):
        known.name = more.name
    known.kind = known.kind or more.kind
    known.url = known.url or more.url
    for target in more.targets:
        known.add_target(target)
    for value, rank in more.hashes.items():
        known.hashes[value] = min(rank, known.hashes.get(value, rank))
