"""Summaries to make reports of: one of a busy year, with names as strangers write them, and one of nothing at all.

The same on every machine and at every time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone

from ..py.analytics.summary import (
    Action,
    Downloads,
    Duplicates,
    Failure,
    Finding,
    Language,
    Pair,
    Recommendation,
    Security,
    Series,
    Share,
    Span,
    Storage,
    Summary,
    Total,
    Unit,
    Unused,
    Usage,
    Variations,
)
from ..py.analytics.words import Words

GB = 1 << 30
UNTIL = date(2026, 11, 20)
MADE = datetime(2026, 11, 20, 18, 30, tzinfo=timezone(timedelta(hours=9)))
# What would be markup, a formula, a template, another direction, or too long, if it were taken for more than a name.
HOSTILE = (
    "<script>window.hacked = 1</script>",
    "<b>bold</b> <img src=x onerror='window.hacked = 2'>",
    "$E = mc^2$ %{x} %{customdata[0]}",
    "\"quoted\" & 'single' </title>",
    "\u202eevil \u2066right to left\u2069",
    "long " * 60,
)
NAMES = ("Détail Tweaker XL", "リアル系 画風 LoRA", "수채화 스타일", "中国风水墨", "Чёрно-белый", "Łódź ő — ﷽ 🎨")


def rich_summary(language: Language = "en", days: int = 365) -> Summary:
    """Of a daily step whatever the number of days is: the most that a chart has to hold."""
    words, rng = Words(language), random.Random(6)
    starts = [UNTIL - timedelta(days=number) for number in reversed(range(days))]

    def course(mean: float, *, rising: float = 0.0) -> list[float]:
        weekly = [0.6, 0.7, 0.7, 0.8, 1.0, 1.7, 1.5]
        return [
            float(max(0, round(mean * weekly[day.weekday()] * (1 + rising * i / days) * rng.uniform(0.3, 1.7))))
            for i, day in enumerate(starts)
        ]

    downloads, failed = course(4, rising=0.5), [float(rng.random() < 0.12) for _ in starts]
    sizes = [count * rng.uniform(0.2, 3) * GB for count in downloads]
    prompts = course(30, rising=0.8)
    accepted, rejected = course(6), course(3)
    cost = [round(0.039 * (one + other), 4) for one, other in zip(accepted, rejected, strict=True)]
    values: dict[str, tuple[Unit, list[float]]] = {
        "prompts": ("count", prompts),
        "downloads": ("count", downloads),
        "downloaded": ("bytes", sizes),
        "rate": ("rate", [rng.uniform(8, 40) * 2**20 if count else 0.0 for count in downloads]),
        "failed": ("count", failed),
        "accepted": ("count", accepted),
        "rejected": ("count", rejected),
        "cost": ("dollars", cost),
    }
    models = action(words, "models", query="name")
    return Summary(
        version=1,
        language=language,
        zone="UTC+09:00",
        generated_at=MADE,
        period=Span(since=starts[0], until=UNTIL),
        before=Span(since=starts[0] - timedelta(days=days), until=starts[0] - timedelta(days=1)),
        recorded_since=starts[0] - timedelta(days=days),
        step="day",
        starts=starts,
        totals=[
            total(words, "prompts", "count", sum(prompts), 0.88),
            total(words, "downloads", "count", sum(downloads), 1.2),
            total(words, "downloaded", "bytes", sum(sizes), 0.7),
            total(words, "failed", "count", sum(failed), 1.6),
            total(words, "searches", "count", 214, 1.0),
            total(words, "variations", "count", sum(accepted), 0.02),
            total(words, "cost", "dollars", sum(cost), 0.5),
            total(words, "errors", "count", 9, 3 / 9),
        ],
        series=[
            Series(name=name, label=words(f"analytics.series.{name}"), unit=unit, values=each)
            for name, (unit, each) in values.items()
        ],
        findings=findings(words),
        downloads=Downloads(
            files=int(sum(downloads)),
            owned=31,
            quarantined=4,
            failed=int(sum(failed)),
            cancelled=12,
            bytes=int(sum(sizes)),
            seconds=86_400 * 1.3,
            rate=sum(sizes) / (86_400 * 1.3),
            hosts=shares(["civitai.com", "huggingface.co", "b2.civitai.com"], [800, 300, 40], scale=GB),
            failures=[
                Failure(
                    **{**dict(share), "label": words(f"analytics.cause.{share.key}")},
                    hint=words(f"analytics.hint.{share.key}"),
                )
                for share in shares(["NetworkError", "SpaceError", "VerificationError", "other"], [21, 9, 4, 2])
            ],
            held=[
                share.model_copy(update={"label": words(f"analytics.held.{share.key}")})
                for share in shares(["network", "disk", "site", "cpu"], [72_000, 21_000, 12_000, 7_000])
            ],
            bottleneck=words("analytics.bottleneck.network", share="64 %"),
        ),
        usage=Usage(
            prompts=int(sum(prompts)),
            searches=214,
            rhythm=[
                [
                    round(20 * math.exp(-(((hour - 21) % 24 - 1) ** 2) / 18) * (1 + day / 4) * rng.uniform(0.5, 1.3))
                    for hour in range(24)
                ]
                for day in range(7)
            ],
            base_models=shares(
                ["SDXL 1.0", "Flux.1 D", *HOSTILE, NAMES[5], "SD 1.5"],
                [5200, 3100, 2100, 1900, 1700, 1500, 900, 400, 80, 12],
                models,
            ),
            families=shares(["sdxl", "flux", "sd1"], [8200, 3100, 12], models),
            creators=shares([HOSTILE[0], NAMES[1], "somebody", *NAMES[2:5]], [900, 800, 620, 300, 200, 100], models),
            models=shares(
                [*NAMES[:2], *HOSTILE, *NAMES[2:]], [900, 850, 700, 650, 600, 420, 400, 380, 200, 80, 60, 1], models
            ),
            together=[
                Pair(labels=(NAMES[0], HOSTILE[1]), times=320, days=41, expected=124.0),
                Pair(labels=(NAMES[1], HOSTILE[5]), times=120, days=22, expected=None),
            ],
        ),
        storage=Storage(
            files=1234,
            bytes=int(2.4 * 1024 * GB),
            missing=3,
            broken=1,
            kinds=[
                share.model_copy(update={"label": words(f"kind.{share.key}")})
                for share in shares(
                    ["checkpoints", "loras", "vae", "controlnet"], [1600, 700, 60, 40], models, scale=GB
                )
            ],
            base_models=shares(["SDXL 1.0", "Flux.1 D", "SD 1.5"], [1200, 900, 300], models, scale=GB),
            unused=Unused(
                days=180,
                watched=400,
                files=41,
                bytes=32 * GB,
                kinds=[
                    share.model_copy(update={"label": words(f"kind.{share.key}")})
                    for share in shares(["checkpoints", "loras"], [20, 12], models, scale=GB)
                ],
            ),
            duplicates=Duplicates(contents=5, files=6, bytes=14 * GB),
            freed=44 * GB,
        ),
        variations=Variations(
            runs=190,
            accepted=int(sum(accepted)),
            rejected=int(sum(rejected)),
            from_cache=25,
            cost=sum(cost),
            each=sum(cost) / sum(accepted),
            models=shares(["gemini-3-pro-image", "gemini-2.5-flash-image"], [80, 40]),
        ),
        security=Security(scanned=1460, safe=1410, unverifiable=46, dangerous=4, sources=shares([HOSTILE[3]], [4])),
        errors=[
            share.model_copy(update={"label": words(f"analytics.cause.{share.key}")})
            for share in shares(["ApiError", "SettingsError"], [7, 2])
        ],
        recommendations=recommendations(words),
        notes=[words("analytics.note.since", day="2025-12-01")],
    )


def empty_summary(language: Language = "en") -> Summary:
    """Of a new installation: nothing recorded, no model."""
    since = UNTIL - timedelta(days=29)
    return Summary(
        version=1,
        language=language,
        zone="UTC+00:00",
        generated_at=MADE,
        period=Span(since=since, until=UNTIL),
        before=Span(since=since - timedelta(days=30), until=since - timedelta(days=1)),
        step="day",
        starts=[since + timedelta(days=number) for number in range(30)],
        storage=Storage(unused=Unused(days=180, watched=0)),
        notes=[Words(language)("analytics.note.none")],
    )


def findings(words: Words) -> list[Finding]:
    up = words(
        "analytics.finding.trend.up", what=words("analytics.series.prompts"), change="24 %", low="9 %", high="41 %"
    )
    together = words("analytics.finding.together", one=NAMES[0], other=HOSTILE[1], times=320, expected="124")
    return [
        Finding(id="trend.prompts", kind="trend", text=up, direction="up", value=0.24, low=0.09, high=0.41, p=0.002),
        Finding(id="together.0", kind="together", text=together, p=0.01),
    ]


def recommendations(words: Words) -> list[Recommendation]:
    def told(name: str, label: str, **shown: str | int) -> Recommendation:
        text = words(f"analytics.advice.{name}", **shown)
        return Recommendation(id=name, text=text, data={}, action=action(words, label))

    return [
        told("quarantine", "quarantine", count=4),
        told("broken", "broken", count=1),
        told("unused", "models", size="32 GB", count=41, days=180),
        told("duplicates", "duplicates", size="14 GB", count=6),
        told("cost", "settings", cost="$80.00", model=HOSTILE[1], share="67 %"),
    ]


def action(words: Words, label: str, **query: str) -> Action:
    return Action(label=words(f"analytics.action.show_{label}"), view="library", query=dict(query))


def total(words: Words, name: str, unit: Unit, value: float, before: float) -> Total:
    label = words(f"analytics.total.{name}")
    return Total(name=name, label=label, unit=unit, value=value, before=float(round(value * before)))


def shares(
    labels: Sequence[str],
    values: Sequence[float],
    action: Action | None = None,
    *,
    scale: int = 1,
) -> list[Share]:
    whole = sum(values)
    before = [values[-1 - number] / whole for number in range(len(values))] if action and scale == 1 else None
    return [
        Share(
            key=label,
            label=label,
            value=float(value * scale),
            share=value / whole,
            before=before[number] if before else None,
            action=action,
        )
        for number, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
