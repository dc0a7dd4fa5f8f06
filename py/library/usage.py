"""Which models took part in prompts that really ran."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection, select

from ..errors import LorakeeperError
from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import contents, files, items
from . import rows
from .lookup import Lookup
from .paths import stored
from .prompt_loras import parse
from .view import View
from .walk import EXTENSIONS

_OURS = "Lorakeeper_"
_IN_TEXT = "Lorakeeper_PromptLoras"
_SHA256 = re.compile(r"\b[0-9A-Fa-f]{64}\b")
# What loaders call the input that names a file of a kind. Other names may mean any kind.
_KINDS = {
    "lora_name": "loras",
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "clip_name": "text_encoders",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "hypernetwork_name": "hypernetworks",
}
_DEEP = 4
_TOLD = 50


class Usage:
    """Counts uses. A content counts once a prompt, however often the prompt names it."""

    def __init__(self, database: Database, view: View, lookup: Lookup, events: Events) -> None:
        self._database = database
        self._view = view
        self._lookup = lookup
        self._events = events

    async def ran(self, prompt: Mapping[str, Any], at: float | None = None) -> int:
        """A prompt, in ComfyUI's API format, has run at ``at`` (now); returns how many models took part in it."""
        named = set(_named(prompt))
        hashes = set(_remembered(prompt))
        paths = {stored(str(path)) for path in await self._in_texts(prompt)}
        moment = time.time() if at is None else at

        def work(connection: Connection) -> tuple[int, list[dict[str, Any]]]:
            used = {rows.content_by_hash(connection, each) for each in hashes}
            spelled = {form for _, name in named for form in _spellings(name)}
            for chunk in rows.chunks(spelled):
                for row in connection.execute(
                    select(files).where(files.c.name.in_(chunk), files.c.missing.is_(False))
                ).all():
                    forms = _spellings(row.name)
                    if any((None, form) in named or (row.kind, form) in named for form in forms):
                        used.add(row.content)
            for chunk in rows.chunks(path for path in paths if path):
                used.update(connection.execute(select(files.c.content).where(files.c.path.in_(chunk))).scalars())
            known = {content for content in used if content is not None}
            rows.add_uses(connection, known, moment)
            self._view.refresh_contents(connection, known)
            return len(known), _facts(connection, known)

        if named or hashes or paths:
            count, told = await self._database.write(work)
        else:
            count, told = 0, []
        self._events.publish(Event("use", "prompt", {"contents": told}, final=True))
        if count:
            self._events.publish(Event("library", "all", {"id": None, "count": count}))
        return count

    async def _in_texts(self, prompt: Mapping[str, Any]) -> list[PurePath]:
        """The files of ``<lora:…>`` in texts of the node that loads them."""
        found: list[PurePath] = []
        for node in _nodes(prompt):
            if node.get("class_type") == _IN_TEXT:
                for text in node["inputs"].values():
                    for mention in parse(text)[1] if isinstance(text, str) else ():
                        try:
                            found.append((await self._lookup.find(mention.name)).path)
                        except LorakeeperError:
                            continue  # it was fetched and is gone again: nothing to count
        return found


def _facts(connection: Connection, used: Collection[int]) -> list[dict[str, Any]]:
    """What the list knows of these contents, of the first ones; of several files the one that is here."""
    query = (
        select(
            contents.c.id,
            contents.c.sha256,
            files.c.name,
            *(items.c[name] for name in ("kind", "base_model", "family", "creator")),
        )
        .outerjoin(files, files.c.content == contents.c.id)
        .outerjoin(items, items.c.file == files.c.id)
        .where(contents.c.id.in_(sorted(used)[:_TOLD]))
        .order_by(files.c.missing, files.c.id)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(query).mappings().all():
        found.setdefault(row["id"], {name: value for name, value in row.items() if name != "id"})
    return [*found.values()]


def _nodes(prompt: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (node for node in prompt.values() if isinstance(node, dict) and isinstance(node.get("inputs"), dict))


def _named(prompt: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """``(kind, name)`` of every input that is called like a model file, the kind None where it may be any."""
    for node in _nodes(prompt):
        for key, value in node["inputs"].items():
            kind = _KINDS.get(re.sub(r"_?\d+$", "", str(key)))
            for name in _names(value, _DEEP):
                yield kind, name


def _remembered(prompt: Mapping[str, Any]) -> Iterator[str]:
    """The contents that inputs of our own nodes remember."""
    for node in _nodes(prompt):
        if str(node.get("class_type", "")).startswith(_OURS):
            for key in ("content", "contents"):
                yield from _SHA256.findall(str(node["inputs"].get(key, "")))


def _names(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) < 1000 and PurePath(value).suffix.casefold() in EXTENSIONS:
            yield value
    elif depth and isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _names(each, depth - 1)


def _spellings(name: str) -> set[str]:
    """The name with either slash: a workflow may come from another system."""
    return {name, name.replace("/", "\\"), name.replace("\\", "/")}
