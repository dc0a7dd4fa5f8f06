"""A library of any size, written straight into the database: files that are nowhere, for what looks at lists only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from ..py.app import App
from ..py.library import search
from ..py.library.items import LibraryItem
from ..py.library.trigger_words import Word
from ..py.storage.tables import cards, contents, files, items

_BATCH = 2_000
_KINDS = ("loras", "loras", "loras", "checkpoints", "embeddings")
_BASES = ("SD 1.5", "SDXL 1.0", "Pony", "Illustrious", "Flux.1 D")
_SUBJECTS = ("Ink", "Harbour", "Lantern", "Fox", "Garden", "Dune", "Neon", "Glass", "Winter", "Paper", "Moss")
_STYLES = ("wash", "light", "portrait", "city", "mountains", "study", "flat", "bloom", "grain")
_SINCE = 1_700_000_000.0


async def fill_library(app: App, size: int, *, pictures: list[bytes] | None = None, found: bool = False) -> None:
    """Adds ``size`` files, the last ones newest, each with one of the WebP ``pictures``; with ``found`` they can be
    searched for. The app's own scan has to be over: it knows that there are no such files."""
    rows = _rows(size, has_preview=bool(pictures))
    while batch := list(islice(rows, _BATCH)):
        await app.database.write(partial(_write, batch=batch, found=found))
    if pictures:
        _hang(app.home / "previews", size, pictures)


def _rows(size: int, *, has_preview: bool) -> Iterator[tuple[LibraryItem, dict[str, Any]]]:
    for number in range(1, size + 1):
        base = _BASES[number // 7 % len(_BASES)]
        subject, style = _SUBJECTS[number % len(_SUBJECTS)], _STYLES[number // 3 % len(_STYLES)]
        title, folder = f"{subject} {style} {number:06}", ("", "styles", "styles/ink", "people")[number % 4]
        name, added = f"{folder}/{title}.safetensors".lstrip("/"), _SINCE + number * 60.0
        item = LibraryItem(
            id=number,
            kind=_KINDS[number % len(_KINDS)],
            name=name,
            folder=folder,
            file_name=f"{title}.safetensors",
            title=title,
            version_name="v1.0",
            base_model=base,
            family=base.split()[0].lower(),
            sha256=_sha256(number),
            size=18_000_000 + number * 10,
            trigger_words=[Word(text=subject.lower(), source="header", group=0)],
            favourite=number % 50 == 0,
            creator=f"creator{number % 300}",
            nsfw_level=1,
            has_preview=has_preview,
            has_update=number % 10 == 0,
            added_at=datetime.fromtimestamp(added, timezone.utc),
            copies=1,
        )
        yield item, {"added_at": added, "tags": style}


def _write(connection: Connection, batch: list[tuple[LibraryItem, dict[str, Any]]], *, found: bool) -> None:
    # Behind what is there.
    pairs = [(item.model_dump(), more) for item, more in batch]
    connection.execute(insert(contents), [{key: each[key] for key in ("id", "sha256", "size")} for each, _ in pairs])
    facts = [
        {
            "path": f"/nowhere/{each['kind']}/{each['name']}",
            "content": each["id"],
            "mtime_ns": int(more["added_at"] * 1e9),
            "inode": each["id"],
            "stale": False,
            "missing": False,
            "added_at": more["added_at"],
        }
        | {key: each[key] for key in ("id", "kind", "name", "folder", "size")}
        for each, more in pairs
    ]
    connection.execute(insert(files), facts)
    listed = [
        {
            "file": each["id"],
            "content": each["id"],
            "name_key": search.fold(each["title"]),
            "added_at": more["added_at"],
            "changed_at": more["added_at"],
            "last_used": 0.0,
            "uses": 0,
            "rating": -1.0,
            "model_id": each["id"],
            "has_words": True,
            "missing": False,
            "broken": False,
            "trashed": False,
            "tags": more["tags"],
        }
        | {
            key: each[key]
            for key in (
                "kind",
                "folder",
                "size",
                "base_model",
                "family",
                "creator",
                "nsfw_level",
                "copies",
                "favourite",
                "has_update",
            )
        }
        for each, more in pairs
    ]
    connection.execute(insert(items), listed)
    connection.execute(insert(cards), [{"file": item.id, "card": item.model_dump_json()} for item, _ in batch])
    if found:
        search.put(
            connection, [(item.id or 0, f"{item.title}\n{item.base_model}\n{item.creator}") for item, _ in batch]
        )


def _sha256(number: int) -> str:
    return f"{number:064x}"


def _hang(folder: Path, size: int, pictures: list[bytes]) -> None:
    """Each picture once on the disk, under all its names: few disks take a name more for one of 60,000."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, size + 1):
        path, first = folder / f"{_sha256(number)}.webp", 1 + (number - 1) % len(pictures)
        if number <= len(pictures):
            path.write_bytes(pictures[number - 1])
        else:
            os.link(folder / f"{_sha256(first)}.webp", path)
