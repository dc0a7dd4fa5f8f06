"""What an instruction of each kind can do: look ahead, and carry out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ...errors import LorakeeperError
from ...library.metadata import MetadataExtractor
from ...library.roots import FolderRoots
from ...library.upkeep import Upkeep
from ..jobs import now
from .documents import Line, Remark, Validation

Progress = Callable[[dict[str, Any]], None]


class Kind(Protocol):
    """A kind of instruction. ``payload`` is the shape of what it works on."""

    @property
    def payload(self) -> type[BaseModel]: ...

    def tidied(self, payload: Any) -> BaseModel:
        """The payload as it may be kept: without the keys that pasted links can hold."""
        ...

    async def validate(self, payload: Any) -> Validation:
        """What :meth:`execute` would do; nothing changes. ``at`` and ``took`` are the caller's to fill in."""
        ...

    async def execute(self, payload: Any, validation: Validation, key: str, progress: Progress) -> dict[str, JsonValue]:
        """Does what ``validation`` has shown, and returns what came of it. ``key`` is the same each time that one
        instruction is carried out, as after a crash. Raises a LorakeeperError where nothing could be done."""
        ...


class FolderPayload(BaseModel):
    """Folders to look through; none means all model folders."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str] = Field([], max_length=1000)


class ScanPayload(FolderPayload):
    whole: bool = Field(False, description="Also read every new file whole, for its hashes.")


class ScanKind:
    """Looks through model folders for what is new, changed, moved or missing."""

    payload = ScanPayload

    def __init__(self, upkeep: Upkeep, folders: Callable[[], list[Path]]) -> None:
        self._upkeep = upkeep
        self._folders = folders

    def tidied(self, payload: ScanPayload) -> ScanPayload:
        return payload

    async def validate(self, payload: ScanPayload) -> Validation:
        return await asyncio.to_thread(_look, payload, self._folders())

    async def execute(
        self, payload: ScanPayload, validation: Validation, key: str, progress: Progress
    ) -> dict[str, JsonValue]:
        folders = await asyncio.to_thread(_allowed, payload, self._folders())
        roots = FolderRoots({"": folders}) if payload.paths else None
        report = await self._upkeep.scan(roots, progress=lambda seen: progress({"files": seen.files}))
        await self._upkeep.learn(whole=payload.whole)
        return (await self._upkeep.with_broken(report)).model_dump(mode="json")


class MetadataKind:
    """Finds out what the files in model folders are: from themselves, and from the site by their hashes."""

    payload = FolderPayload

    def __init__(self, metadata: MetadataExtractor, folders: Callable[[], list[Path]]) -> None:
        self._metadata = metadata
        self._folders = folders

    def tidied(self, payload: FolderPayload) -> FolderPayload:
        return payload

    async def validate(self, payload: FolderPayload) -> Validation:
        return await asyncio.to_thread(_look, payload, self._folders())

    async def execute(
        self, payload: FolderPayload, validation: Validation, key: str, progress: Progress
    ) -> dict[str, JsonValue]:
        files = failed = 0
        for folder in await asyncio.to_thread(_allowed, payload, self._folders()):
            answers = await self._metadata.process_directory(
                folder, progress=lambda done, of: progress({"files": done, "of": of})
            )
            files += len(answers)
            failed += sum(isinstance(answer, LorakeeperError) for answer in answers)
        return {"files": files, "failed": failed}


def _look(payload: FolderPayload, all_folders: list[Path]) -> Validation:
    """Blocking."""
    lines = []
    for number, folder in enumerate(_wanted(payload, all_folders), 1):
        problem = _problem(folder, all_folders)
        outcome: Literal["do", "refused"] = "refused" if problem else "do"
        lines.append(Line(number=number, text=str(folder), outcome=outcome, remarks=[problem] if problem else []))
    refused = sum(line.outcome == "refused" for line in lines)
    return Validation(at=now(), took=0, lines=lines, files=len(lines) - refused, refused=refused)


def _allowed(payload: FolderPayload, all_folders: list[Path]) -> list[Path]:
    """Blocking."""
    return [folder for folder in _wanted(payload, all_folders) if not _problem(folder, all_folders)]


def _wanted(payload: FolderPayload, all_folders: list[Path]) -> list[Path]:
    return [Path(os.path.abspath(path)) for path in payload.paths] or all_folders  # noqa: PTH100 - takes ".." out


def _problem(folder: Path, all_folders: list[Path]) -> Remark | None:
    if not any(folder.is_relative_to(os.path.abspath(each)) for each in all_folders):  # noqa: PTH100
        return Remark(kind="outside", text="It lies in none of the model folders.")
    return None if folder.is_dir() else Remark(kind="missing", text="There is no such folder.")
