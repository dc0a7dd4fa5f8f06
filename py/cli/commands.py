"""What can be said on the command line. Each command imports its work when it is called, so that help is instant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click

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
@click.option("--offline", is_flag=True, help="Don't ask whether Civitai can be reached.")
@as_json
def doctor(offline: bool, as_json: bool) -> int:
    """Check that everything Lorakeeper needs is in order."""
    from .doctor import examine

    return asyncio.run(examine(offline=offline, as_json=as_json))
