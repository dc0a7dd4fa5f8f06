"""What one node names, whichever form of workflow it stands in: its inputs or widgets with their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...civitai.targets import HashTarget, is_sha256, parse_target
from ...errors import UsageError
from .. import prompt_loras
from . import bounds, kinds
from .merge import Mentions
from .named import Mention, clean_name, is_air, is_file_name

_OURS = "Lorakeeper_"
_DOWNLOAD = "Lorakeeper_CivitaiDownload"
_NOTES = frozenset(("Note", "MarkdownNote"))
_TAG = re.compile(r"<(?i:lora|lyco):[^<>\r\n]{1,600}>")
_EMBEDDING = re.compile(r"(?<![\w:])embedding:([^\s,:()<>\[\]{}\"']{1,300})")
_MAX_ESCAPES = 100
_NUMBERS = re.compile(r"[1-9][0-9]{0,16}@[1-9][0-9]{0,16}(\+[1-9][0-9]{0,16})?")
_OLD_FOLDERS = {"unet": "diffusion_models", "clip": "text_encoders"}
_OFF = frozenset(("off", "false", "no", "disable", "disabled"))
_SWITCHES = ("switch", "enabled", "enable", "on", "active")
_STRENGTHS = frozenset(("strength", "active", "clipStrength", "strength_model", "strengthTwo"))
_ON = ("on", "active", "enabled")

# An input's name, None where it isn't known, and its value.
Value = tuple[str | None, Any]


@dataclass(frozen=True)
class Node:
    """``label`` is how it is called in a sentence; ``models`` is what core keeps in a node's properties."""

    class_type: str
    label: str
    values: Sequence[Value]
    models: Any = None


def read_node(node: Node, mentions: Mentions) -> None:
    """Adds what ``node`` names. Raises UsageError where that is too much."""
    if node.class_type in _NOTES:
        return
    found: list[Mention] = []
    off: set[str] = set()
    for mention in _Reader(node, off).read():
        found.append(mention)
        if len(found) > bounds.MAX_MENTIONS:
            raise bounds.too_many()
    if node.class_type.startswith(_OURS):
        known = _memory(value for _, value in node.values if isinstance(value, str))
        for mention in found:
            mention.add_hash(known.get(mention.name) or known.get(""))
    named = {mention.name.rpartition("/")[2].casefold() for mention in found}
    for mention in found:
        mentions.add(mention)
    for mention in core_models(node.models, node.label):
        # What a node was made with says nothing of another file that was chosen since.
        if not named or mention.name.rpartition("/")[2].casefold() in named:
            mentions.add(mention)


def core_models(models: Any, where: str) -> Iterator[Mention]:
    """Core's list of what a node or a workflow needs: ``[{"name", "url", "hash", "hash_type", "directory"}]``."""
    for each in models if isinstance(models, list) else ():
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            continue
        if name := clean_name(each["name"]):
            directory = each.get("directory")
            if not isinstance(directory, str) or not re.fullmatch(r"[\w-]{1,64}", directory):
                directory = None
            mention = Mention(name, directory and _OLD_FOLDERS.get(directory, directory), where)
            kind = each.get("hash_type")
            mention.add_hash(each.get("hash"), kind if isinstance(kind, str) else "")
            mention.add_address(each.get("url"))
            yield mention


def tags(text: str, where: str) -> Iterator[Mention]:
    """The LoRAs and embeddings that a prompt names."""
    for found in _TAG.finditer(text) if "<" in text else ():
        before = found.start()
        while before and text[before - 1] == "\\" and found.start() - before < _MAX_ESCAPES:
            before -= 1
        if (found.start() - before) % 2 == 0:
            for mention in prompt_loras.parse(found[0])[1]:
                yield from _named(mention.name, "loras", where)
    for found in _EMBEDDING.finditer(text) if "embedding:" in text else ():
        yield from _named(found[1].rstrip(".;!?"), "embeddings", where)


def is_link(value: Any) -> bool:
    """Whether an input's value is another node's output."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and type(value[1]) is int


class _Reader:
    def __init__(self, node: Node, off: set[str]) -> None:
        self._node = node
        self._off = off  # what a list of the node says is switched off, which its text may still name

    def read(self) -> Iterator[Mention]:
        node = self._node
        lists = [each for each in node.values if isinstance(each[1], dict | list)]
        for name, value in lists:  # a first time for what is off, which a text before them may name
            for _ in self._entries(name, value, bounds.MAX_DEPTH):
                pass
        switches = {name: value for name, value in node.values if name is not None and not isinstance(value, list)}
        for place, (name, value) in enumerate(node.values):
            if isinstance(value, str):
                if not _is_off(name, switches):
                    yield from self._text(name, value, place)
            elif isinstance(value, dict | list):
                yield from self._entries(name, value, bounds.MAX_DEPTH)

    def _text(self, name: str | None, text: str, place: int) -> Iterator[Mention]:
        node = self._node
        if node.class_type == _DOWNLOAD:
            if place == 0 or name == "target":
                yield from _downloaded(text, node)
            return
        kind = kinds.kind_of_input(node.class_type, name, place)
        if is_file_name(text) or is_air(text):
            yield from _named(text, kind, node.label)
        elif kinds.names_lora(node.class_type, name, place):
            yield from _named(text, "loras", node.label)
        else:
            for mention in tags(text, node.label):
                if mention.kind != "loras" or mention.name.casefold() not in self._off:
                    yield mention

    def _entries(self, name: str | None, value: Any, depth: int) -> Iterator[Mention]:
        """LoRAs in lists and objects, as packs with one widget for many keep them."""
        if depth == 0 or is_link(value):
            return
        if isinstance(value, list):
            for each in value:
                if isinstance(each, dict | list):
                    yield from self._entries(None, each, depth - 1)
                elif isinstance(each, str) and is_file_name(each):
                    yield from _named(each, kinds.kind_of_input(self._node.class_type, name), self._node.label)
        elif isinstance(value, dict):
            yield from self._entry(value, depth)

    def _entry(self, entry: dict[str, Any], depth: int) -> Iterator[Mention]:
        lora = entry.get("lora") if isinstance(entry.get("lora"), str) else None
        if lora is None and isinstance(entry.get("name"), str) and not _STRENGTHS.isdisjoint(entry):
            lora = entry["name"]
        is_on = not any(entry.get(key) is False for key in _ON)
        if lora is not None:
            if is_on:
                yield from _named(lora, "loras", self._node.label)
            else:
                self._off.add(clean_name(lora).casefold())
        elif is_on:
            for key, value in entry.items():
                if isinstance(value, str) and is_file_name(value):
                    yield from _named(value, kinds.kind_of_input(self._node.class_type, key), self._node.label)
                elif isinstance(value, dict | list):
                    yield from self._entries(key, value, depth - 1)


def _downloaded(text: str, node: Node) -> Iterator[Mention]:
    """What a node of ours is to fetch."""
    try:
        target = parse_target(text[:2000], files=False)
    except (UsageError, ValueError):
        return
    kind = next((value for name, value in node.values if name == "kind" and isinstance(value, str)), None)
    mention = Mention(str(target), kind if kind and kind != "auto" else None, node.label)
    if not mention.add_address(text):
        if isinstance(target, HashTarget):
            mention.add_hash(target.hash, target.kind)
        else:
            mention.add_target(str(target))
    yield mention


def _named(text: str, kind: str | None, where: str) -> Iterator[Mention]:
    """The model that a text is the name, the AIR or the address of."""
    mention = Mention("", kind, where)
    if mention.add_address(text):
        address = text.strip().partition("?")[0].rpartition("/")[2] if "://" in text else text.strip()
        mention.name = clean_name(address) if "://" in text else address
    else:
        mention.name = clean_name(text)
        if _NUMBERS.fullmatch(mention.name):
            mention.add_target(mention.name)
    if mention.name:
        yield mention


def _is_off(name: str | None, values: dict[str, Any]) -> bool:
    """Whether a switch with the same number, such as ``enabled_2`` for ``lora_2``, is off."""
    number = re.search(r"_?([0-9]{1,3})$", name or "")
    if not number:
        return False
    for switch in _SWITCHES:
        value = values.get(f"{switch}_{number[1]}")
        if value is False or (isinstance(value, str) and value.casefold() in _OFF):
            return True
    return False


def _memory(texts: Iterable[str]) -> dict[str, str]:
    """What a node of ours remembers: SHA256 by name, one under "" for whatever its file is called."""
    known: dict[str, str] = {}
    for text in texts:
        if is_sha256(text.strip()):
            known[""] = text.strip()
        elif isinstance(memory := bounds.loads(text), dict):
            known |= {
                clean_name(name): value
                for name, value in memory.items()
                if clean_name(name) and isinstance(value, str) and is_sha256(value.strip())
            }
    return known
