"""What can be said on the command line. Each command imports its work when it is called, so that help is instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from .analytics_commands import analytics, report
from .queue_commands import instruct, queue
from .security_commands import quarantine, security
from .variation_commands import filter_, vary

_Command = TypeVar("_Command", bound=Callable[..., Any])

TYPES = "LORA, Checkpoint, TextualInversion, LoCon, DoRA, Controlnet, VAE, Upscaler …"
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


@dataclass
class Choices:
    """What holds for every command. ``stopped`` is what Ctrl-C is answered with."""

    debug: bool = False
    stopped: str = "Stopped."


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def cli(choices: Choices, debug: bool) -> None:
    """Find a model on Civitai, get it safely, and know the ones you have."""
    choices.debug = debug


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every network.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; without it 8199, or the next one that is free.")
@click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A ComfyUI models folder to use instead of the configured ones.",
)
@click.option("--demo", is_flag=True, help="Show it with a made-up Civitai; nothing is kept.")
@click.option("--open", "browser", is_flag=True, help="Open the page in the browser.")
@as_json
def serve(host: str, port: int | None, models: Path | None, demo: bool, browser: bool, as_json: bool) -> int:
    """Start Lorakeeper's own server and page."""
    from .serving import run

    return run(host=host, port=port, models=models, demo=demo, browser=browser, as_json=as_json)


@cli.command()
@click.argument("query", required=False, default="")
@click.option("--type", "types", multiple=True, help=f"Only this type (may be repeated): {TYPES}")
@click.option("--base-model", "base_models", multiple=True, help="Only for this base model (may be repeated).")
@click.option("--sort", help="Highest Rated, Most Downloaded, Newest …")
@click.option("--period", help="Day, Week, Month, Year or AllTime.")
@click.option("--tag", help="Only with this tag.")
@click.option("--username", help="Only by this creator.")
@click.option("--nsfw", is_flag=True, help="Also what is not safe for work, up to the limit in the settings.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@as_json
def search(as_json: bool, **fields: object) -> int:
    """Search Civitai."""
    from .models import search

    return asyncio.run(search(fields, as_json=as_json))


@cli.command()
@click.argument("target")
@click.option("--file-id", type=int, help="Another file of the version than its primary one.")
@as_json
def show(target: str, file_id: int | None, as_json: bool) -> int:
    """Show a version: its files, its trigger words, where it would go.

    TARGET is a Civitai link, an AIR, a model id, model@version, or a hash.
    """
    from .models import show

    return asyncio.run(show(target, file_id, as_json=as_json))


@cli.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--kind", help="The kind of model folder, such as loras, where the site names none.")
@click.option("--file-id", type=int, help="Another file of the version than its primary one.")
@as_json
@click.pass_obj
def download(choices: Choices, targets: tuple[str, ...], kind: str | None, file_id: int | None, as_json: bool) -> int:
    """Download models into the model folders.

    Ctrl-C stops and keeps what has arrived; the same command goes on from there.
    """
    from .downloading import download

    choices.stopped = "Stopped: what has arrived is kept, and the same command goes on from there."
    return asyncio.run(download(targets, kind, file_id, as_json=as_json))


@cli.command()
@click.argument("what", metavar="FILE|HASH|NAME")
@as_json
def info(what: str, as_json: bool) -> int:
    """Tell all about a model file, by its path, any of its hashes, or its name."""
    from .models import info

    return asyncio.run(info(what, as_json=as_json))


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="[PATH...]")
@click.option("--hash", "whole", is_flag=True, help="Also read every new file whole, for its hashes.")
@as_json
def scan(paths: tuple[Path, ...], whole: bool, as_json: bool) -> int:
    """Look through the model folders, or through PATH, for what is new, changed, moved or missing."""
    from .library import scan

    return asyncio.run(scan(paths, whole=whole, as_json=as_json))


@cli.group()
def library() -> None:
    """Search your models, and put them in order."""


sure = click.option("--yes", "sure", is_flag=True, help="Do it without asking.")
dry = click.option("--dry-run", "dry", is_flag=True, help="Only show what would happen.")
which = click.argument("which", nargs=-1, required=True, metavar="FILE|NAME|ID...")


def _flag(name: str, text: str) -> Callable[[_Command], _Command]:
    return click.option(f"--{name}/--not-{name}", default=None, help=text)


@library.command("search")
@click.argument("query", required=False, default="")
@click.option("--kind", multiple=True, help="Only this kind of model folder (may be repeated).")
@click.option("--base-model", multiple=True, help="Only for this base model (may be repeated).")
@click.option("--family", multiple=True, help="Only for this family, such as sdxl or flux (may be repeated).")
@click.option("--folder", help="Only in this folder and below.")
@click.option("--tag", multiple=True, help="Only with this tag (may be repeated).")
@click.option("--without-tag", multiple=True, help="Only without this tag (may be repeated).")
@click.option("--creator", multiple=True, help="Only by this creator (may be repeated).")
@_flag("favourite", "Only favourites, or only others.")
@_flag("has-words", "Only with trigger words, or without.")
@_flag("has-update", "Only where a newer version is to be had, or where none is.")
@_flag("missing", "Only files that are gone, or that are here.")
@_flag("broken", "Only broken files, or sound ones.")
@click.option("--trashed", is_flag=True, help="The files in the trash, instead of all others.")
@_flag("duplicate", "Only files of which there are copies, or single ones.")
@_flag("unused", "Only files that no prompt ever used, or used ones.")
@click.option("--unused-days", type=click.IntRange(1, 36_500), help="Only files unused for so many days.")
@click.option("--sort", help="name, added, changed, size, last_used, uses or rating.")
@click.option("--descending/--ascending", default=None)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Where to go on, as the page before has said.")
@as_json
def library_search(as_json: bool, **fields: object) -> int:
    """Search your models: by name, file name, tags, trigger words, creator, notes and description."""
    from .library import search

    return asyncio.run(search(fields, as_json=as_json))


@library.command()
@as_json
def duplicates(as_json: bool) -> int:
    """List files with exactly the same content, and the space that they take."""
    from .library import duplicates

    return asyncio.run(duplicates(as_json=as_json))


@library.command()
@as_json
def verify(as_json: bool) -> int:
    """Read every file again and say what has rotted, or was cut off."""
    from .library import verify

    return asyncio.run(verify(as_json=as_json))


@library.command()
@as_json
def updates(as_json: bool) -> int:
    """Ask Civitai which of your models have newer versions."""
    from .library import updates

    return asyncio.run(updates(as_json=as_json))


def _act(document: dict[str, Any], which: tuple[str, ...], how: dict[str, bool]) -> int:
    from .library import act

    return asyncio.run(act(document, which, **how))


@library.command()
@which
@click.option("--add", multiple=True, metavar="TAG")
@click.option("--remove", multiple=True, metavar="TAG")
@sure
@dry
@as_json
def tag(which: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...], **how: bool) -> int:
    """Give files tags of your own, or take them away."""
    return _act({"action": "tag", "add": list(add), "remove": list(remove)}, which, how)


@library.command()
@which
@click.option("--off", is_flag=True, help="No favourite any more.")
@sure
@dry
@as_json
def favourite(which: tuple[str, ...], off: bool, **how: bool) -> int:
    """Make files favourites."""
    return _act({"action": "favourite", "value": not off}, which, how)


@library.command()
@click.argument("file", metavar="FILE|NAME|ID")
@click.argument("name")
@sure
@dry
@as_json
def rename(file: str, name: str, **how: bool) -> int:
    """Give a file another name; what lies beside it goes along."""
    return _act({"action": "rename", "name": name}, (file,), how)


@library.command()
@which
@click.option("--kind", required=True, help="The kind of model folder, such as loras.")
@click.option("--folder", default="", help="The folder inside it.")
@sure
@dry
@as_json
def move(which: tuple[str, ...], kind: str, folder: str, **how: bool) -> int:
    """Move files into another folder of the model folders."""
    return _act({"action": "move", "kind": kind, "folder": folder}, which, how)


@library.command()
@click.argument("template")
@click.option("--kind", help="All files of this kind of model folder.")
@click.argument("files", nargs=-1, metavar="[FILE|NAME|ID...]")
@sure
@dry
@as_json
def organise(template: str, kind: str | None, files: tuple[str, ...], **how: bool) -> int:
    """Move files into folders by a TEMPLATE such as {base_model}/{creator}."""
    return _act({"action": "organise", "template": template, **({"kind": kind} if kind else {})}, files, how)


@library.command()
@which
@sure
@dry
@as_json
def trash(which: tuple[str, ...], **how: bool) -> int:
    """Put files into Lorakeeper's trash, from where they can be restored."""
    return _act({"action": "trash"}, which, how)


@library.command()
@which
@sure
@dry
@as_json
def restore(which: tuple[str, ...], **how: bool) -> int:
    """Take files out of the trash."""
    return _act({"action": "restore"}, which, how)


@library.command()
@click.argument("actions", nargs=-1, type=int, required=True, metavar="ACTION...")
@sure
@dry
@as_json
def purge(actions: tuple[int, ...], **how: bool) -> int:
    """Delete for good what these actions put into the trash. This can't be undone."""
    return _act({"action": "purge", "actions": list(actions), "confirm": True}, (), how)


@library.command()
@click.argument("sha256", nargs=-1, required=True, metavar="SHA256...")
@sure
@dry
@as_json
def link(sha256: tuple[str, ...], **how: bool) -> int:
    """Make exact duplicates hard links to one file, after comparing them once more."""
    return _act({"action": "link", "sha256": list(sha256)}, (), how)


@library.command()
@click.argument("action", type=int)
@as_json
def undo(action: int, as_json: bool) -> int:
    """Take an action back, by the number that it or the history gave."""
    from .library import undo

    return asyncio.run(undo(action, as_json=as_json))


@library.command()
@as_json
def history(as_json: bool) -> int:
    """List what was done to files."""
    from .library import history

    return asyncio.run(history(as_json=as_json))


@cli.command()
@click.option("--offline", is_flag=True, help="Don't ask whether Civitai can be reached.")
@as_json
def doctor(offline: bool, as_json: bool) -> int:
    """Check that everything Lorakeeper needs is in order."""
    from .doctor import examine

    return asyncio.run(examine(offline=offline, as_json=as_json))


cli.add_command(queue)
cli.add_command(instruct)
cli.add_command(quarantine)
cli.add_command(security)
cli.add_command(vary)
cli.add_command(filter_)
cli.add_command(report)
cli.add_command(analytics)
