"""Downloads by themselves, without a library or a site to ask again: for children that are killed, and for benches."""

from __future__ import annotations

from pathlib import Path

from ..py.civitai.http import Http
from ..py.civitai.resolve import ResolvedFile
from ..py.civitai.schemas import ModelVersion, VersionFile
from ..py.downloads import DiskSpace, Downloads, OptimizationMode, PerformanceOptimizer
from ..py.downloads.segments import Cut
from ..py.security import ModelScanner, Quarantine


def fixed(connections: int) -> PerformanceOptimizer:
    """So many connections, whatever they bring."""
    return PerformanceOptimizer(mode=lambda: OptimizationMode.SPEED, most=lambda: connections)


def bare_downloads(http: Http, folder: Path, optimizer: PerformanceOptimizer, cut: Cut | None = None) -> Downloads:
    """Nothing is owned, and the site has nothing new to say of a file. ``folder`` has the quarantine."""

    async def nothing(_: str) -> None:
        return None

    async def same(source: ResolvedFile) -> ResolvedFile:
        return source

    return Downloads(
        http,
        DiskSpace(),
        ModelScanner(),
        Quarantine(folder / "quarantine"),
        nothing,
        same,
        optimizer=optimizer,
        cut=cut or Cut(),
    )


def bare_source(
    url: str, size: int, sha256: str, *, name: str = "model.safetensors", version: int = 1, file: int = 2
) -> ResolvedFile:
    """A LoRA that lies at ``url``."""
    return ResolvedFile(
        version=ModelVersion(id=version),
        file=VersionFile(id=file),
        name=name,
        size=size,
        sha256=sha256,
        urls=(url,),
        kind="loras",
        folder="",
    )
