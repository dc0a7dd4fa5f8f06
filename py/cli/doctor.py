"""``lorakeeper doctor``: is everything in order, and if not, what to do."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import text

from ..app import App, data_folder
from ..errors import LorakeeperError, SettingsError
from . import FAILED, GOOD
from .console import complain, say, say_json, size
from .session import ROOT, comfyui_around

OLDEST_PYTHON = (3, 10)
LITTLE_SPACE = 5_000_000_000
OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
MARKS = {True: "✓", False: "✗", None: "!"}


class Check(BaseModel):
    """One thing looked at. ``ok`` is None for what works but deserves a look; ``action`` is what to do about it."""

    name: str
    ok: bool | None
    detail: str
    action: str = ""


async def examine(*, offline: bool, as_json: bool) -> int:
    """Prints every check as it is made; FAILED if something is broken."""
    broken = 0
    async for check in _checks(offline=offline):
        broken += check.ok is False
        if as_json:
            say_json(check)
        else:
            say(f"{MARKS[check.ok]} {check.name}: {check.detail}", *([f"→ {check.action}"] if check.action else []))
    if broken:
        complain(f"{broken} of the checks failed: do what stands behind their arrows.")
    return FAILED if broken else GOOD


async def _checks(*, offline: bool) -> AsyncIterator[Check]:
    yield python()
    yield dependencies()
    yield opencv()
    comfyui = comfyui_around()
    yield Check(name="ComfyUI", ok=True, detail=str(comfyui) if comfyui else "not around us: standing alone")
    home = data_folder(comfyui)
    yield await asyncio.to_thread(folder_check, "data folder", home)
    try:
        app = App.standalone(comfyui=comfyui)
    except SettingsError as error:
        where = f"Look at {home / 'settings.json'} and at the variables LORAKEEPER_…."
        yield Check(name="settings", ok=False, detail=str(error), action=where)
        return
    for service in ("civitai", "gemini"):
        yield await asyncio.to_thread(credential, app, service)
    yield await database(app)
    yield await asyncio.to_thread(model_folders, app)
    if not offline:
        yield await civitai(app)


def python() -> Check:
    shown = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= OLDEST_PYTHON
    return Check(name="Python", ok=good, detail=shown, action="" if good else "Use Python 3.10 or newer.")


def dependencies() -> Check:
    """Whether all that we need is installed and new enough."""
    listed = ROOT / "requirements.txt"
    wanted = listed.read_text("utf-8").splitlines() if listed.is_file() else metadata.requires("lorakeeper") or []
    problems = []
    for line in wanted:
        if not (found := re.fullmatch(r"([\w.-]+)>=([\d.]+)", line.strip())):
            continue  # an extra, or a remark
        name, floor = found.groups()
        # Any of OpenCV's distributions will do, and a second one would lie over the first.
        installed = {each: version for each in (OPENCV if name in OPENCV else (name,)) if (version := _installed(each))}
        if not installed:
            problems.append(f"{name} is missing")
        for each, version in installed.items():
            if _numbers(version) < _numbers(floor):
                problems.append(f"{each} {version} is older than {floor}")
    action = f"Run: {sys.executable} -m pip install -r {listed}" if problems else ""
    return Check(name="dependencies", ok=not problems, detail=", ".join(problems) or "all here", action=action)


def opencv() -> Check:
    """Several OpenCV distributions write over each other's files."""
    found = sorted(name for name in OPENCV if _installed(name))
    if len(found) > 1:
        action = f"Uninstall all of them, then install one: pip uninstall {' '.join(found)}"
        return Check(name="OpenCV", ok=None, detail=f"{' and '.join(found)} lie over each other", action=action)
    if not found:
        action = f"Install one, which judging pictures needs: pip install {OPENCV[1]}"
        return Check(name="OpenCV", ok=None, detail="not installed by pip", action=action)
    return Check(name="OpenCV", ok=True, detail=f"{found[0]} {_installed(found[0])}")


def folder_check(name: str, folder: Path) -> Check:
    """Whether files can be made in ``folder``, and that no one else can change them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        action = f"Make it writable, or choose another place with LORAKEEPER_HOME ({error.strerror})."
        return Check(name=name, ok=False, detail=f"{folder} can't be written", action=action)
    if os.name == "posix":
        if folder.stat().st_mode & stat.S_IWOTH:
            return Check(name=name, ok=False, detail=f"{folder} can be changed by anyone", action=f"chmod o-w {folder}")
        keys = folder / "credentials.json"
        if keys.exists() and keys.stat().st_mode & 0o077:
            return Check(name=name, ok=False, detail=f"{keys} can be read by others", action=f"chmod 600 {keys}")
    return Check(name=name, ok=True, detail=str(folder))


def credential(app: App, service: str) -> Check:
    name = f"{service} key"
    try:
        status = app.credentials.status(service)
    except SettingsError as error:
        return Check(name=name, ok=False, detail=str(error), action=f"Delete {app.credentials.path}.")
    without = "none, without which there are no variations" if service == "gemini" else "none, fine for most things"
    shown = f"{status.masked}, from the {status.source}" if status.configured else without
    return Check(name=name, ok=True, detail=shown)


async def database(app: App) -> Check:
    path = app.database.path
    try:
        await app.database.open()
        try:
            problem = await app.database.read(lambda c: c.execute(text("PRAGMA integrity_check(1)")).scalar_one())
        finally:
            await app.database.close()
    except LorakeeperError as error:
        return Check(name="database", ok=False, detail=str(error), action=f"Look at {path}.")
    if app.database.notices:
        action = "Nothing to do: downloads and scans fill it again."
        return Check(name="database", ok=None, detail=" ".join(app.database.notices), action=action)
    if problem != "ok":
        action = f"Move {path} away; a new one is made at the next start."
        return Check(name="database", ok=False, detail=f"{path} is damaged: {problem}", action=action)
    return Check(name="database", ok=True, detail=str(path))


def model_folders(app: App) -> Check:
    """Where new files go must be writable, or such that it can be made; and there must be room."""
    try:
        places = {kind: folders[0] for kind in app.roots.kinds() if (folders := app.roots.folders(kind))}
    except SettingsError as error:
        return Check(name="model folders", ok=False, detail=str(error), action="Mend the setting models.")
    present = {kind: folder for kind, folder in places.items() if folder.is_dir()}
    closed = [str(folder) for folder in present.values() if not os.access(folder, os.W_OK)]
    if closed:
        return Check(
            name="model folders", ok=False, detail=f"not writable: {', '.join(closed)}", action="Allow writing."
        )
    loras = places.get("loras") or next(iter(places.values()))
    existing = next(each for each in (loras, *loras.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{len(present)} of {len(places)} exist, {size(free)} free, LoRAs in {loras}"
    if not os.access(existing, os.W_OK):
        return Check(name="model folders", ok=False, detail=detail, action=f"{loras} can't be made: allow writing.")
    if free < LITTLE_SPACE:
        return Check(name="model folders", ok=None, detail=detail, action="Make room: models are large.")
    return Check(name="model folders", ok=True, detail=detail)


async def civitai(app: App) -> Check:
    url = app.settings.civitai_url
    try:
        await app.civitai.enums()
    except LorakeeperError as error:
        action = "Check the network, the setting proxy, or leave this out with --offline."
        return Check(name="Civitai", ok=False, detail=str(error), action=action)
    finally:
        await app.civitai.close()
        await app.http.close()
    return Check(name="Civitai", ok=True, detail=f"{url} answers")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])
