"""What trainers and authors left in a header: trigger words, tags, pictures, hashes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from . import generic

_MAX_JSON = 4_000_000  # characters that are parsed at one go
_MAX_WORDS = 40
_MAX_SET = 2000
_MAX_TAG = 200
_MAX_TAGS = 100
_MAX_SUGGESTIONS = 12
_NEARLY_ALL = 0.9

_HASHES = ("sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256")

_LABEL = re.compile(
    r"(?i)\s*(?:trigger(?:\s*(?:word|phrase|token)s?)?|activation(?:\s*(?:word|text|token)s?)?|keywords?|tokens?)\s*:\s*"
)


class Training:
    """What one header's metadata tells of the training."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._metadata = metadata
        folders = _json(metadata.get("ss_tag_frequency"))
        self._folders = _objects(folders.items()) if isinstance(folders, dict) else []
        places = _json(metadata.get("ss_dataset_dirs"))
        self._places = _objects(places.items()) if isinstance(places, dict) else []
        sets = _json(metadata.get("ss_datasets"))
        self._sets = [each for each in sets if isinstance(each, dict)] if isinstance(sets, list) else []
        subsets = [each.get("subsets") for each in self._sets]
        self._subsets = [
            subset
            for each in subsets
            if isinstance(each, list)
            for subset in each
            if isinstance(subset, dict) and not subset.get("is_reg")
        ]
        self.images = self._images()
        self._frequencies = self._counted()

    def words(self) -> list[str]:
        """The trigger words that somebody declared, each entry one comma-joined set, the surest first."""
        said = [
            self._metadata.get("modelspec.trigger_phrase", ""),
            _hint(self._metadata.get("modelspec.usage_hint", "")),
        ]
        tokens = [each.get("class_tokens") for each in self._subsets]
        said += [each for each in tokens if isinstance(each, str) and not _is_generic_folder(each)]
        return _distinct(_clean(each) for each in said if each.strip(" ,") and len(each) <= _MAX_SET)[:_MAX_WORDS]

    def tags(self) -> list[tuple[str, int]]:
        """The tags of the training pictures, most frequent first."""
        return self._frequencies.most_common(_MAX_TAGS)

    def suggestions(self) -> list[str]:
        """Guesses at trigger words, best first: the folders' names, then what nearly all pictures are tagged with and
        that says something about them."""
        names = [_folder_name(folder) for folder, _ in self._folders]
        tags = self._frequencies.most_common(_MAX_TAGS)
        total = self.images or max((count for _, count in tags), default=0)
        common = [tag for tag, count in tags if count >= total * _NEARLY_ALL]
        special = (tag for tag in common if _plain(tag) not in generic.TAGS)
        found = [each for each in names if each and not _is_generic_folder(each)][:_MAX_SUGGESTIONS]
        return _distinct([*found, *special])[:_MAX_SUGGESTIONS]

    def resolution(self) -> str | None:
        """The resolution of the training, such as ``1024x1024``."""
        said = [self._metadata.get("modelspec.resolution"), self._metadata.get("ss_resolution")]
        said += [str(each.get("resolution") or "") for each in self._sets[:1]]
        for text in said:
            if sides := re.findall(r"\d{2,5}", (text or "")[:100])[:2]:
                return f"{sides[0]}x{sides[-1]}"
        return None

    def _images(self) -> int:
        """How many pictures it was trained on, each counted once; 0 where nothing tells."""
        for entries in ([place for _, place in self._places], self._subsets):
            if total := sum(_count(each.get("img_count")) for each in entries):
                return total
        return _count(self._metadata.get("ss_num_train_images") or self._metadata.get("ss_num_train_items"))

    def _counted(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for _, tags in self._folders:
            for tag, count in tags.items():
                if (times := _count(count)) and len(tag) <= _MAX_TAG and (name := _clean(tag)):
                    counts[name] += times
        return counts


def embedded_hashes(metadata: Mapping[str, str]) -> dict[str, str]:
    """The hashes that the header states, in small letters. What isn't hexadecimal is left out."""
    stated = {key: metadata.get(key, "").strip().lower().removeprefix("0x") for key in _HASHES}
    return {key: value for key, value in stated.items() if re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", value)}


def stated_rank(metadata: Mapping[str, str]) -> int | None:
    rank = _count(metadata.get("ss_network_dim"))
    return rank if 0 < rank <= 100_000 else None


def stated_alpha(metadata: Mapping[str, str]) -> float | None:
    try:
        alpha = float(metadata.get("ss_network_alpha", ""))
    except ValueError:
        return None
    return alpha if 0 < abs(alpha) < 1e6 else None


def _hint(text: str) -> str:
    """A usage hint, if it is a list of words and not a sentence."""
    if len(text) > _MAX_TAG:
        return ""
    label = _LABEL.match(text)
    hint = text[label.end() if label else 0 :].strip()
    if re.search(r"[!?;\n\"]|\.(?!\d)|://|:\s", hint):
        return ""
    parts = [part.lower().split() for part in hint.split(",")]
    return hint if all(len(part) <= 4 and generic.ADVICE.isdisjoint(part) for part in parts) else ""


def _folder_name(folder: str) -> str:
    """By habit of the trainers, a folder is named with its repeats: ``10_exusiai``."""
    return _clean(re.sub(r"^\d+_", "", folder[: _MAX_TAG + 20]))[:_MAX_TAG].strip()


def _is_generic_folder(name: str) -> bool:
    plain = _plain(name[:_MAX_TAG])
    return plain in generic.FOLDERS or not re.search(r"[^\W\d]", re.sub(r"^\d+\s*(?:x\s*\d+|px|p|k)$", "", plain))


def _objects(items: Iterable[tuple[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, each) for name, each in items if isinstance(each, dict)]


def _distinct(words: Iterable[str]) -> list[str]:
    """The words, each once, whatever its case and whether it is spelled with spaces or underscores."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(_plain(word), word)
    return list(found.values())


def _plain(word: str) -> str:
    return " ".join(word.casefold().replace("_", " ").split())


def _clean(text: str) -> str:
    """Trimmed, and without halves of pairs of surrogates, which no answer could carry."""
    return text.strip() if text.isascii() else text.strip().encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int:
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"[0-9]{1,12}", value.strip()) else 0
    return value if type(value) is int and 0 < value < 1 << 40 else 0


def _json(text: str | None) -> Any:
    if not text or len(text) > _MAX_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
