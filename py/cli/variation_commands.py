"""``lorakeeper vary`` and ``lorakeeper filter``, as they are said. Their work is imported when they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from .commands import Choices

_Command = TypeVar("_Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
_picture = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)
_share = click.FloatRange(0, 1)
_PROFILES = ("calibrated", "classic")
_THRESHOLDS = {
    "similarity_min": ("--min-similarity", click.FloatRange(-1, 1), "The least likeness to the original."),
    "similarity_max": ("--max-similarity", click.FloatRange(-1, 1), "The most likeness to the original."),
    "diversity": ("--min-diversity", _share, "How much it must differ from the other variations."),
    "aesthetic": ("--min-aesthetic", _share, "The least aesthetic score."),
    "object_integrity": ("--min-integrity", _share, "The least object integrity."),
    "overall": ("--min-overall", _share, "The least overall quality."),
}


def _thresholds(*names: str) -> Callable[[_Command], _Command]:
    """The options of a profile and of those thresholds, which are the profile's where they are not given."""

    def add(command: _Command) -> _Command:
        for name in reversed(names):
            option, kind, text = _THRESHOLDS[name]
            command = click.option(option, name, type=kind, help=text)(command)
        return click.option(
            "--profile", type=click.Choice(_PROFILES), default="calibrated", show_default=True, help="How to judge."
        )(command)

    return add


def _same(text: str) -> Callable[[_Command], _Command]:
    return click.option("--similarity", "same", type=_share, default=0.95, show_default=True, help=text)


@click.command()
@click.argument("images", nargs=-1, type=_picture, metavar="[IMAGE...]")
@click.option("--prompt", default="", help="What to make; without it, variations of the image.")
@click.option("-n", "--count", type=click.IntRange(1), default=4, show_default=True, help="How many are wanted.")
@click.option("--model", metavar="NAME", help="The model; --list-models tells which there are.")
@click.option("--fallback", multiple=True, metavar="NAME", help="Ask this one where the model can't (may be repeated).")
@click.option("--size", help="512, 1K, 2K or 4K, as far as the model has it.")
@click.option("--aspect-ratio", metavar="W:H", help="1:1, 16:9 …; without it the model decides.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="How freely the model chooses.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Where the model's chance begins.")
@click.option("--system", metavar="TEXT", help="What to tell the model before the prompt.")
@_thresholds(*_THRESHOLDS)
@_same("From which likeness on two pictures are one.")
@click.option("--attempts", type=click.IntRange(1), default=3, show_default=True, help="For each variation, at most.")
@click.option("--budget", type=float, metavar="USD", help="The most that may be spent, in US dollars.")
@click.option("--adaptive", is_flag=True, help="Ask for less where little succeeds.")
@click.option("--no-cache", "anew", is_flag=True, help="Use nothing that was made before, and keep nothing for later.")
@click.option("--out", type=_folder, default=Path(), help="The folder for the pictures; without it, the current one.")
@click.option("--keep-rejected", is_flag=True, help="Write the others too, into the folder rejected inside.")
@click.option("--dry-run", "dry", is_flag=True, help="Only tell how many requests and dollars it would take.")
@click.option("--list-models", "listing", is_flag=True, help="List the models, their sizes and prices.")
@as_json
@click.pass_obj
def vary(
    choices: Choices, /, images: tuple[Path, ...], out: Path, dry: bool, listing: bool, as_json: bool, **how: Any
) -> int:
    """Make variations of pictures with Gemini, by your own key.

    IMAGE is what to vary; more of them are references. Each picture is written as soon as it was found good, as
    IMAGE-variation-001.png and so on, in no other file's place. The exit code is 1 where there are fewer than wanted.

    What was made before for the same request comes first and costs nothing. Ctrl-C keeps what has arrived.
    """
    from .vary import foretell, models, vary

    if listing:
        return asyncio.run(models(as_json=as_json))
    if dry:
        return asyncio.run(foretell(images, how, as_json=as_json))
    goes_on = "." if how["anew"] else ", and the same command goes on from there."
    choices.stopped = f"Stopped: what has arrived is kept{goes_on}"
    return asyncio.run(vary(images, how, out, as_json=as_json))


@click.command("filter")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="DIR|FILE...")
@click.option("--reference", type=_picture, metavar="IMAGE", help="The original that all are to be like, but not too.")
@_thresholds("similarity_min", "similarity_max", "aesthetic", "object_integrity", "overall")
@click.option("--duplicates/--no-duplicates", default=True, show_default=True, help="Look for copies among the good.")
@click.option(
    "--scope",
    type=click.Choice(["batch", "ever"]),
    default="batch",
    show_default=True,
    help="Copies of one another, or also of every good picture that was seen in the scope ever before.",
)
@_same("From which likeness on two pictures are one.")
@click.option("--mirrored", is_flag=True, help="Take mirror images for copies.")
@click.option("--copy-to", type=_folder, metavar="DIR", help="Copy the good ones there, one of each.")
@click.option("--recursive", is_flag=True, help="Also look into the folders inside DIR.")
@as_json
def filter_(paths: tuple[Path, ...], recursive: bool, as_json: bool, **how: Any) -> int:
    """Tell which pictures are good, why others aren't, and which show the same.

    DIR stands for the PNG, JPEG, WebP, BMP, TIFF and GIF files in it. Nothing is sent anywhere, and no picture is
    changed; a file that can't be read is reported, and the others are judged.
    """
    from .filter import sift

    return asyncio.run(sift(paths, how, recursive=recursive, as_json=as_json))
