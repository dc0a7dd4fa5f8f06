"""Lists and searches of a library of 10,000 and of 100,000 files, as the routes ask for them, cards included: p50 and
p95 of all pages and of all searches against a limit, and of each kind of question; then what the database weighs, and
what writing the search's texts takes.

A search that was just asked for is remembered, so second pages count for themselves alone.

The library is made up: words as common as in a language, names, tags and descriptions as people write them.
"""

from __future__ import annotations

import asyncio
import json
import random
import string
import sys
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from lorakeeper.py.library import search
from lorakeeper.py.library.catalog import Catalog
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import cards, contents, files, items

LIMITS = {10_000: 5.0, 100_000: 15.0}
ROUNDS, BATCH = 60, 1_000
KINDS = {
    "loras": 75,
    "checkpoints": 12,
    "embeddings": 6,
    "vae": 2,
    "controlnet": 3,
    "upscale_models": 1,
    "text_encoders": 1,
}
BASES = {
    "SD 1.5": 30,
    "SDXL 1.0": 18,
    "Pony": 18,
    "Illustrious": 20,
    "Flux.1 D": 9,
    "Wan Video 14B t2v": 2,
    "Qwen": 1,
    "SD 3.5": 2,
}
COMMON = ("style", "anime", "realistic", "portrait", "girl", "concept", "character", "clothing", "background", "poses")
SHARES = (0.40, 0.35, 0.28, 0.22, 0.30, 0.25, 0.33, 0.15, 0.12, 0.10)
EASTERN = (
    "初音ミク",
    "東京",
    "少女",
    "水彩",
    "风格",
    "中国风",
    "山水",
    "한복",
    "소녀",
    "애니메이션",
    "ガンダム",
    "さくら",
)


def main() -> bool:
    kept = [asyncio.run(_measure(size)) for size in LIMITS]
    return all(kept)


async def _measure(size: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder, "library.db"))
        await database.open()
        try:
            seconds = await _fill(database, size)
            while await database.write(search.tidy):
                pass
            catalog = Catalog()
            kept = await _ask(database, catalog, size)
            await _facets(database, catalog)
        finally:
            await database.close()
        weight = database.path.stat().st_size / 1e6
    print(f"{size:>9,} files   {weight:6.0f} MB   {seconds:5.2f} s for 1,000 documents at the end\n")
    return kept


# -- Questions -------------------------------------------------------------------------------------------------------


def _questions(tags: list[str], words: list[str]) -> dict[str, Callable[[random.Random], dict[str, Any]]]:
    """Each kind of question, as the fields of a query drawn anew for each round."""
    rare = words[len(words) // 4 :]
    return {
        "page, any sort": lambda r: {"sort": r.choice(SORTS), "descending": r.random() < 0.5},
        "page of a kind": lambda r: {
            "kind": [_drawn(r, KINDS)],
            "sort": r.choice(SORTS),
            "descending": r.random() < 0.5,
        },
        "page of a base model": lambda r: {"base_model": [_drawn(r, BASES)], "sort": r.choice(SORTS)},
        "kind and base model": lambda r: {"kind": ["loras"], "base_model": [_drawn(r, BASES)], "sort": r.choice(SORTS)},
        "tag": lambda r: {"tag": [r.choice(tags)], "sort": r.choice(SORTS)},
        "folder": lambda r: {"kind": ["loras"], "folder": f"{r.choice(COMMON)}", "sort": r.choice(SORTS)},
        "flags": lambda r: {r.choice(FLAGS): r.random() < 0.5, "nsfw": 4, "sort": r.choice(SORTS)},
        "rare word": lambda r: {"query": r.choice(rare)},
        "common word": lambda r: {"query": r.choice(COMMON), "sort": r.choice(SORTS)},
        "part of a word": lambda r: {"query": _part(r, r.choice(rare))},
        "three letters": lambda r: {"query": r.choice(("gir", "sty", "ani", "red", "por", "cha", "ing", "ess"))},
        "one or two letters": lambda r: {"query": r.choice(("g", "re", "st", "1", "xl", "v"))},
        "two words": lambda r: {"query": f"{r.choice(COMMON)} {r.choice(COMMON)}", "sort": r.choice(SORTS)},
        "common and rare": lambda r: {"query": f"{r.choice(COMMON)} {r.choice(words[50:3000])}"},
        "word without": lambda r: {"query": f"{r.choice(COMMON)} -{r.choice(COMMON)}"},
        "eastern": lambda r: {"query": r.choice(EASTERN)[: r.choice((1, 2, 9))]},
        "slip": lambda r: {"query": _slip(r, r.choice(words[:5000]))},
        "word and kind": lambda r: {"query": r.choice(COMMON), "kind": [_drawn(r, KINDS)], "sort": r.choice(SORTS)},
        "word and base model": lambda r: {"query": r.choice(COMMON), "base_model": [_drawn(r, BASES)]},
        "word and tag": lambda r: {"query": r.choice(COMMON), "tag": [r.choice(tags)]},
    }


SORTS = ("name", "added", "changed", "size", "last_used", "uses", "rating")
FLAGS = ("favourite", "has_words", "has_update", "missing", "broken", "duplicate", "unused")


async def _ask(database: Database, catalog: Catalog, size: int) -> bool:
    maker = _Library()
    pages, searches = list[float](), list[float]()
    for name, question in _questions(maker.tags[:60], maker.words).items():
        r = random.Random(name)
        times, deeper, totals = list[float](), list[float](), []
        for number in range(ROUNDS):
            query = LibraryQuery(**question(r))
            begin = time.perf_counter()
            page = await database.read(partial(catalog.page, query=query))
            times.append(time.perf_counter() - begin)
            totals.append(page.total)
            if number % 3 == 0 and page.next_cursor:
                further = query.model_copy(update={"cursor": page.next_cursor})
                begin = time.perf_counter()
                await database.read(partial(catalog.page, query=further))
                deeper.append(time.perf_counter() - begin)
        (searches if query.query else pages).extend(times if query.query else [*times, *deeper])
        _said(name, times, f"hits {min(totals):>6,} to {max(totals):>7,}")
    limit = LIMITS[size]
    kept = [
        _said(name, times, f"limit {limit:.0f} ms") <= limit
        for name, times in (("ALL PAGES", pages), ("ALL SEARCHES", searches))
    ]
    return all(kept)


async def _facets(database: Database, catalog: Catalog) -> None:
    asked = {
        "facets": LibraryQuery(),
        "facets of a kind": LibraryQuery(kind=["loras"]),
        "facets of a word": LibraryQuery(query="anime"),
    }
    for name, query in asked.items():
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            await database.read(partial(catalog.facets, query=query))
            times.append(time.perf_counter() - begin)
        _said(name, times)


def _said(name: str, times: list[float], more: str = "") -> float:
    """Says the times of a kind of question; returns their p95, in ms."""
    ordered = sorted(each * 1000 for each in times)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"{name:24} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   {more}", flush=True)
    return p95


def _drawn(r: random.Random, shares: dict[str, int]) -> str:
    return r.choices(list(shares), list(shares.values()))[0]


def _part(r: random.Random, word: str) -> str:
    begin = r.randrange(max(1, len(word) - 5))
    return word[begin : begin + 5]


def _slip(r: random.Random, word: str) -> str:
    """The word with two neighbours swapped, behind its first letter."""
    at = r.randrange(1, max(2, len(word) - 1))
    return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


# -- A library -------------------------------------------------------------------------------------------------------


class _Library:
    """Made-up rows, the same for the same seed."""

    def __init__(self) -> None:
        self._random = r = random.Random(3)
        onsets = (
            "b",
            "br",
            "c",
            "ch",
            "d",
            "dr",
            "f",
            "fl",
            "g",
            "gr",
            "h",
            "j",
            "k",
            "l",
            "m",
            "n",
            "p",
            "pl",
            "r",
            "s",
            "sh",
            "st",
            "t",
            "tr",
            "v",
            "w",
            "y",
            "z",
            "",
        )
        rests = (
            "a",
            "e",
            "i",
            "o",
            "u",
            "ai",
            "ea",
            "ou",
            "an",
            "en",
            "in",
            "on",
            "ar",
            "er",
            "or",
            "al",
            "el",
            "ing",
            "ess",
            "ed",
            "ight",
            "ust",
        )
        self.words = list(
            dict.fromkeys(
                "".join(r.choice(onsets) + r.choice(rests) for _ in range(r.randint(1, 4))) for _ in range(60_000)
            )
        )
        self.words = [word for word in self.words if len(word) > 2]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(self.words))))
        self.tags = [r.choice(self.words[:2000]) for _ in range(1_500)]
        self._tag_weights = list(accumulate(1 / (rank + 5) for rank in range(len(self.tags))))
        self._creators = [f"{r.choice(self.words)}{r.choice(('', '_art', 'AI', '42', '_xyz'))}" for _ in range(4_000)]

    def draw(self, count: int) -> list[str]:
        top = self._weights[-1]
        return [self.words[bisect(self._weights, self._random.random() * top)] for _ in range(count)]

    def rows(self, size: int) -> Iterator[dict[str, Any]]:
        r = self._random
        for number in range(1, size + 1):
            title = [word.capitalize() for word in self.draw(r.randint(1, 4))]
            if r.random() < 0.06:
                title.append(r.choice(EASTERN))
            common = [word for word, share in zip(COMMON, SHARES, strict=True) if r.random() < share]
            stem = r.choice(("_", "", "-", " ")).join(title)
            version = r.choice(("", "XL", "_v1", "V2.1", "-000008", "_" + "".join(r.choices(string.hexdigits, k=6))))
            name = f"{stem}{version}.safetensors"
            folder = r.choice(("", r.choice(COMMON), f"{r.choice(COMMON)}/{r.choice(self.words[:40])}"))
            tags = {
                self.tags[bisect(self._tag_weights, r.random() * self._tag_weights[-1])] for _ in range(r.randint(2, 9))
            }
            kind, base = _drawn(r, KINDS), _drawn(r, BASES)
            creator = r.choice(self._creators)
            words = self.draw(r.randint(0, 12))
            text = " ".join([*self.draw(r.choice((0, 20, 60, 120, 250))), *common])
            used = r.random() < 0.2
            yield {
                "text": "\n".join(
                    (" ".join(title), f"{folder}/{name}", "v1.0", base, creator, *tags, ", ".join(words), text)
                ),
                "name": name,
                "card": json.dumps(
                    {"id": number, "title": " ".join(title), "name": name, "words": words, "rest": "x" * 900}
                ),
                "item": {
                    "file": number,
                    "content": number,
                    "kind": kind,
                    "folder": folder,
                    "name_key": search.fold(" ".join(title)),
                    "added_at": 1.7e9 + (number // 50) * 3600.0,
                    "changed_at": 1.6e9 + r.random() * 1e8,
                    "size": int(r.lognormvariate({"embeddings": 9, "checkpoints": 22}.get(kind, 18.5), 0.6)),
                    "last_used": 1.75e9 + r.random() * 1e7 if used else 0.0,
                    "uses": int(r.paretovariate(1)) if used else 0,
                    "rating": round(r.betavariate(8, 1), 3) if r.random() < 0.8 else -1.0,
                    "base_model": base if r.random() < 0.95 else None,
                    "family": base.split()[0].lower(),
                    "creator": creator,
                    "model_id": number // 2,
                    "nsfw_level": r.choice((1, 1, 1, 3, 4, 7, 15, 28, 31, 60)),
                    "copies": 2 if r.random() < 0.03 else 1,
                    "favourite": r.random() < 0.02,
                    "has_words": bool(words),
                    "has_update": r.random() < 0.1,
                    "missing": r.random() < 0.01,
                    "broken": r.random() < 0.003,
                    "tags": "\n".join(tags),
                },
            }


async def _fill(database: Database, size: int) -> float:
    """Writes the library in batches; gives the seconds that the documents of a batch took at the end."""
    rows, times = _Library().rows(size), list[float]()
    while batch := list(islice(rows, BATCH)):
        times.append(await database.write(partial(_write, batch=batch)))
    return sum(times[-10:]) / len(times[-10:])


def _write(connection: Connection, batch: list[dict[str, Any]]) -> float:
    facts = [
        {
            "id": row["item"]["file"],
            "path": f"/models/{row['item']['file']}/{row['name']}",
            "name": row["name"],
            "content": row["item"]["file"],
        }
        | {key: row["item"][key] for key in ("kind", "folder", "size", "missing", "added_at")}
        | {"mtime_ns": 1, "inode": row["item"]["file"], "stale": False}
        for row in batch
    ]
    connection.execute(insert(contents), [{"id": each["id"], "size": each["size"]} for each in facts])
    connection.execute(insert(files), facts)
    connection.execute(insert(items), [row["item"] for row in batch])
    connection.execute(insert(cards), [{"file": row["item"]["file"], "card": row["card"]} for row in batch])
    begin = time.perf_counter()
    search.put(connection, [(row["item"]["file"], row["text"]) for row in batch])
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(not main())
