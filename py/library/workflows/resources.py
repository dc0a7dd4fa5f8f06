"""What Civitai writes into what it makes: lists of the versions that were used, and AIRs."""

from __future__ import annotations

from typing import Any

from . import bounds
from .merge import Mentions
from .named import Mention, clean_name, is_air, kind_of_air, kind_of_type, version_target

# Where the site's own generator leaves such lists in a document of ComfyUI's.
_PLACES = ("extraMetadata", "extra", "resources", "additionalResources", "civitaiResources")
_WHERE = "Civitai resources"


def read_site(document: dict[str, Any], mentions: Mentions) -> bool:
    """Adds what the site's parts of a document name; whether there was anything."""
    found = False
    for place in _PLACES:
        value = document.get(place)
        if isinstance(value, str):
            value = bounds.loads(value)
        found = read_resources(value, mentions, f"Civitai {place}") or found
    return found


def read_resources(value: Any, mentions: Mentions, where: str = _WHERE, depth: int = 6) -> bool:
    """Adds each resource in ``value``, however deep in lists and objects; whether there was one."""
    if isinstance(value, str):
        return _add(Mention(value.strip(), kind_of_air(value), where), value, mentions) if is_air(value) else False
    if not depth or not isinstance(value, dict | list):
        return False
    if isinstance(value, dict) and (mention := _resource(value, where)):
        mentions.add(mention)
        return True
    found = False
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list | str):
            found = read_resources(each, mentions, where, depth - 1) or found
    return found


def _resource(entry: dict[str, Any], where: str) -> Mention | None:
    mention = Mention("", kind_of_type(entry.get("type")) or kind_of_type(entry.get("modelType")), where)
    version = entry.get("modelVersionId", entry.get("versionId"))
    if target := version_target(version, entry.get("modelId")):
        mention.add_target(target)
    air = entry.get("air")
    if isinstance(air, str) and is_air(air):
        mention.add_address(air)
        mention.kind = mention.kind or kind_of_air(air)
    hashes = entry.get("hashes")
    for kind, value in hashes.items() if isinstance(hashes, dict) else (("", entry.get("hash")),):
        mention.add_hash(value, kind)
    if not mention.targets and not mention.hashes:
        return None
    names = [entry.get("modelName", entry.get("name")), entry.get("modelVersionName", entry.get("versionName"))]
    title = clean_name(" - ".join(name.strip() for name in names if isinstance(name, str) and name.strip()))
    mention.name = title or (air.strip() if isinstance(air, str) and is_air(air) else "") or _called(mention)
    # The version's own number is less than model and version together.
    mention.targets.sort(key=lambda text: "@" not in text)
    return mention


def _called(mention: Mention) -> str:
    return next(iter(mention.targets), "") or next(iter(mention.hashes))


def _add(mention: Mention, air: str, mentions: Mentions) -> bool:
    mention.add_address(air)
    mentions.add(mention)
    return True
