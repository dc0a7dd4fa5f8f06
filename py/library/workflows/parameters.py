"""The text that A1111 and its kin write under a picture: the prompts, then a line of settings with names and hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import bounds
from .merge import Mentions
from .named import Mention, clean_name, is_file_name, kind_of_type
from .nodes import tags
from .resources import read_resources

_MAX_SETTINGS = 4 << 20
_MAX_PAIRS = 1_000
_MAX_BROKEN = 20
_BEGIN = re.compile(r"Steps: *[0-9]")
_BETWEEN = re.compile(r"[\s,]*")
_KEY = re.compile(r"([A-Za-z][\w /().+-]{0,60}):[ \t]*")
_PLAIN = re.compile(r"[^,\n]*")
_WITH_HASH = re.compile(r"(.{1,400}?) *\[([0-9A-Fa-f]{8,64})\]")
_DIGITS = re.compile("[0-9A-Fa-f]{8,64}")
_CONTROLNET = re.compile(r"(?i)\bmodel: *([^,\[\]]{1,400}?) *(?:\[([0-9A-F]{8,64})\])?(?:,|$)")
_LISTS = {"lora hashes": "loras", "ti hashes": "embeddings", "lyco hashes": "loras"}
# A setting with a name, the one with its hash, and the kind.
_PAIRS = (
    ("model", "model hash", "checkpoints"),
    ("vae", "vae hash", "vae"),
    ("hypernet", "hypernet hash", "hypernetworks"),
    ("refiner", "refiner hash", "checkpoints"),
)


def read_parameters(text: str, mentions: Mentions) -> bool:
    """Adds what ``text`` names; whether it is a text of this form."""
    begin = _begin(text)
    if begin is None:
        return False
    settings = dict(_settings(text[begin : begin + _MAX_SETTINGS]))
    for mention in tags(text[:begin], "prompt"):
        mentions.add(mention)
    hashes = _hashes(settings.get("hashes"))
    for name_key, hash_key, kind in _PAIRS:
        _add_pair(settings, name_key, hash_key, kind, hashes.pop(name_key, None), mentions)
    for key, kind in _LISTS.items():
        for name, value in _hash_list(settings.get(key)):
            _add(mentions, name, kind, key.capitalize().replace("Ti ", "TI "), value)
    for key, value in hashes.items():
        prefix, colon, name = key.partition(":")
        _add(mentions, name if colon else key, kind_of_type(prefix), "Hashes", value)
    for key, found in settings.items():
        if isinstance(found, dict | list) and key != "hashes":
            read_resources(found, mentions, key[:1].upper() + key[1:])
        elif isinstance(found, str) and key not in {each for pair in _PAIRS for each in pair[:2]} | set(_LISTS):
            _read_other(key, found, mentions)
    return True


def _begin(text: str) -> int | None:
    """Where the settings begin: at the last line that starts as they do, since a prompt may have such a line."""
    end = len(text)
    for _ in range(_MAX_PAIRS):
        end = text.rfind("Steps:", 0, end)
        if end < 0:
            return None
        if _BEGIN.match(text, end) and not text[text.rfind("\n", 0, end) + 1 : end].strip():
            return end
    return None


def _settings(text: str) -> Iterator[tuple[str, Any]]:
    """The settings with their keys in small letters. Values in quotes are texts, in braces or brackets JSON."""
    bounds.check_parts(text)
    place = broken = 0
    for _ in range(_MAX_PAIRS):
        between = _BETWEEN.match(text, place)
        place = between.end() if between else place
        key = _KEY.match(text, place)
        if not key:
            plain = _PLAIN.match(text, place)
            if not plain or plain.end() >= len(text):
                return
            place = plain.end()
            continue
        value, place = None, key.end()
        if text[place : place + 1] in ('"', "{", "[") and broken < _MAX_BROKEN:
            try:
                value, place = bounds.DECODER.raw_decode(text, place)
            except (ValueError, RecursionError):
                broken += 1
        if value is None:
            plain = _PLAIN.match(text, place)
            value, place = (plain[0].strip(), plain.end()) if plain else ("", place)
        name = key[1].strip().casefold()
        if isinstance(value, str) and value.startswith(("{", "[")):
            value = bounds.loads(value) or value
        yield name, value


def _add_pair(
    settings: dict[str, Any], name_key: str, hash_key: str, kind: str, more: object, mentions: Mentions
) -> None:
    name, value = settings.get(name_key), settings.get(hash_key)
    name, value = (each if isinstance(each, str) else "" for each in (name, value))
    if found := _WITH_HASH.fullmatch(name):
        name, value = found[1], value or found[2]
    if not clean_name(name):  # called by its hash, since there is nothing else
        name = next((each for each in (value, more) if isinstance(each, str) and _DIGITS.fullmatch(each)), "")
    _add(mentions, name, kind, "VAE" if name_key == "vae" else name_key.capitalize(), value, more)


def _add(mentions: Mentions, name: str, kind: str | None, where: str, *hashes: object) -> None:
    mention = Mention(clean_name(name), kind, where)
    for value in hashes:
        mention.add_hash(value)
    if mention.name and (mention.hashes or not _DIGITS.fullmatch(mention.name)):
        mentions.add(mention)


def _hashes(value: object) -> dict[str, Any]:
    return {key.strip(): each for key, each in value.items()} if isinstance(value, dict) else {}


def _hash_list(value: object) -> Iterator[tuple[str, str]]:
    """``a: 1234, b: 5678`` as pairs."""
    for part in value.split(",")[:_MAX_PAIRS] if isinstance(value, str) else ():
        name, colon, digits = part.rpartition(":")
        if colon:
            yield name.strip(), digits.strip()


def _read_other(key: str, text: str, mentions: Mentions) -> None:
    """A setting of an extension: one that is a model file, or ControlNet's with a model and its hash inside."""
    where = key[:1].upper() + key[1:]
    if is_file_name(text):
        _add(mentions, text, None, where)
    elif key.startswith("controlnet") and (model := _CONTROLNET.search(text[:4000])):
        _add(mentions, model[1], "controlnet", where, model[2])
