"""Made-up histories of what somebody did, as the collector would have recorded them, for tests and benches."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..py.analytics import store
from ..py.analytics.records import HASH, Part, Record

BASE_MODELS = ("SDXL 1.0", "Pony", "Flux.1 D", "Illustrious", "SD 1.5", "Wan Video 2.2")
CAUSES = ("NetworkError", "RateLimitError", "VerificationError", "SpaceError")
GEMINI = ("gemini-2.5-flash-image", "gemini-3-pro-image-preview")
_HOURS = (19, 20, 20, 21, 21, 21, 22, 22, 23, 12)


class Person:
    """Somebody with a few hundred models, who works some evenings, in sessions. Everything follows from ``seed``."""

    def __init__(self, seed: int = 1, *, models: int = 300, creators: int = 60) -> None:
        self.random = random.Random(seed)
        self.models = [
            (
                f"{self.random.getrandbits(256):064x}",
                BASE_MODELS[number % len(BASE_MODELS)],
                f"creator{number % creators}",
            )
            for number in range(models)
        ]

    def year(self, first: datetime, days: int, events: int) -> Iterator[Record]:
        """About ``events`` events over so many days from ``first`` on. Whoever runs very many prompts has queued them:
        a day has at most 16 sessions."""
        for number in range(days):
            day = first + timedelta(number)
            yield from self.day(day, events // days, session=max(25, events // days // 16))

    def day(
        self, day: datetime, events: int, hours: Callable[[], int] | None = None, *, session: int = 25
    ) -> Iterator[Record]:
        """Prompts of one session after the other, each with the same models; now and then something else."""
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        choose = self.random.choice
        used = self._session()
        for number in range(events):
            if number % session == 0:
                used, hour = self._session(), hours() if hours else choose(_HOURS)
            at = (midnight + timedelta(hours=hour, seconds=self.random.random() * 3600)).timestamp()
            yield self._event(at, used)

    def _session(self) -> tuple[int, int, str]:
        # Few favourites, and many that are tried now and then.
        some = {int(len(self.models) * self.random.random() ** 3) for _ in range(self.random.choice((1, 2, 2, 3, 4)))}
        chosen = [self.models[number] for number in sorted(some)]
        names = sorted(sha256[:HASH] for sha256, _, _ in chosen)
        labels = [["model", name] for name in names]
        pairs = [["pair", f"{one} {other}"] for place, one in enumerate(names) for other in names[place + 1 :]]
        labels += pairs
        labels += [["family", name] for name in sorted({base.split()[0].lower() for _, base, _ in chosen})]
        labels += [["base_model", name] for name in sorted({base for _, base, _ in chosen})]
        labels += [["creator", name] for name in sorted({creator for _, _, creator in chosen})]
        return len(chosen), len(pairs), _json(labels)

    def _event(self, at: float, used: tuple[int, int, str]) -> Record:
        dice, pick = self.random.random(), self.random
        if dice < 0.6:
            return Record(at, "use", "ran", used[1], 0.0, used[0], used[2])
        if dice < 0.75:
            return Record(
                at, "search", "ok", 0, pick.random(), 20, _json([["source", pick.choice(("civitai", "library"))]])
            )
        if dice < 0.85:
            return self._download(at)
        if dice < 0.9:
            labels = _json([["source", "civitai.com"], ["format", "safetensors"], ["became", "installed"]])
            return Record(at, "security", "safe", labels=labels)
        if dice < 0.94:
            labels = _json([["mode", "adaptive"], ["why", pick.choice(("more", "nothing", "refused"))]])
            return Record(at, "performance", pick.choice(("good", "fair")), amount=8, labels=labels)
        if dice < 0.97:
            return Record(at, "scan", "scan", 0, 0.4, 1200)
        accepted, rejected = pick.randint(1, 6), pick.randint(0, 3)
        cost, model = 0.039 * (accepted + rejected), pick.choice(GEMINI)
        parts = (
            Part("verdict", "accepted", accepted),
            Part("verdict", "rejected", rejected),
            Part("gemini", model, 1, 0, 0.0, cost),
        )
        return Record(at, "variation", "done", 0, 9.5, cost, "[]", parts)

    def _download(self, at: float) -> Record:
        pick = self.random
        _, base, _ = pick.choice(self.models)
        labels = [["host", "civitai.com"], ["model_kind", "loras"], ["base_model", base]]
        if pick.random() < 0.08:
            return Record(at, "download", "failed", 0, 3.0, 0.0, _json([*labels, ["cause", pick.choice(CAUSES)]]))
        size = pick.randint(20, 400) << 20
        seconds = size / 25e6
        held = (Part("held", "network", seconds=seconds * 0.8), Part("held", "disk", seconds=seconds * 0.2))
        return Record(at, "download", "installed", size, seconds, 0.0, _json(labels), held)


def keep(connection: Connection, records: Iterator[Record]) -> None:
    """Records them as the collector does."""
    calendar = store.Calendar()
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == 20_000:
            store.add(connection, batch, calendar)
            batch = []
    store.add(connection, batch, calendar)


def _json(labels: list[list[str]]) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))
