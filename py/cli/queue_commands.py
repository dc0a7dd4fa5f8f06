"""``lorakeeper queue …``, as it is said. The work is imported when it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
job = click.argument("job", metavar="JOB")
files = click.argument("files", nargs=-1, metavar="[FILE...]")


@click.group()
def queue() -> None:
    """See the downloads, add many at once, stop them and let them go on.

    A running ComfyUI or Lorakeeper server does what is said here; without one, `queue run` does. JOB and FILE are ids
    as the lists show them, and may be shortened. A running server's own queue is the same one.
    """


@queue.command("list")
@click.option("--all", "everything", is_flag=True, help="Also jobs that are over.")
@as_json
def list_(everything: bool, as_json: bool) -> int:
    """List the jobs that wait, run or are paused."""
    from .queue import jobs

    return asyncio.run(jobs(everything=everything, as_json=as_json))


@queue.command()
@job
@as_json
def show(job: str, as_json: bool) -> int:
    """Show a job, file by file."""
    from .queue import show

    return asyncio.run(show(job, as_json=as_json))


@queue.command()
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option(
    "--list", "lists", type=click.File(encoding="utf-8"), multiple=True, help="A file of targets, one a line."
)
@click.option("--name", default="", help="What to call the job.")
@click.option("--kind", help="The kind of model folder, such as loras, where the site names none.")
@click.option("--priority", type=click.Choice(["high", "normal", "low"]), default="normal", show_default=True)
@click.option("--strategy", type=click.Choice(["sequential", "parallel", "adaptive"]), default="adaptive")
@click.option("--concurrency", type=click.IntRange(1, 16), help="Files of this job at once, at most.")
@click.option("--batch-size", type=click.IntRange(1, 50), default=5, help="Files looked up ahead of being fetched.")
@click.option(
    "--boost", "priority_boost", type=click.IntRange(0, 10_080), default=30, help="Minutes to wait for a rise."
)
@click.option("--folder", help="Sub-folder such as {base_model}/{creator}.")
@click.option("--wait", is_flag=True, help="Download here and now, and report on each file.")
@as_json
@click.pass_obj
def add(
    choices: Any, /, targets: tuple[str, ...], lists: tuple[Any, ...], wait: bool, as_json: bool, **how: Any
) -> int:
    """Add a job of many models: links, AIRs, ids, hashes, or lists of them."""
    from .queue import add

    choices.stopped = "Stopped: what has arrived is kept, and `queue run` goes on from there."
    texts = [each.read() for each in lists]
    return asyncio.run(add(targets, texts, how, wait=wait, as_json=as_json))


def _act(name: str, text: str) -> None:
    @queue.command(name, help=text)
    @job
    @files
    @as_json
    def act(job: str, files: tuple[str, ...], as_json: bool) -> int:
        from .queue import act

        return asyncio.run(act(name, job, files, as_json=as_json))


_act("pause", "Stop a job, or single files of it, and keep what has arrived.")
_act("resume", "Go on with a paused job, or with paused files of it.")
_act("cancel", "End a job, or single files of it, and remove what has arrived of them.")
_act("retry", "Try again the files of a job that failed, or those named.")


@queue.command()
@job
@click.argument("file", required=False)
@click.option("--before", metavar="JOB|FILE", help="What to put it before; without it it goes to the end.")
@as_json
def move(job: str, file: str | None, before: str | None, as_json: bool) -> int:
    """Put a job, or one of its files, before another one or at the end."""
    from .queue import move

    return asyncio.run(move(job, file, before, as_json=as_json))


@queue.command()
@job
@click.argument("priority", type=click.Choice(["high", "normal", "low"]))
@as_json
def priority(job: str, priority: str, as_json: bool) -> int:
    """Give a job another priority."""
    from .queue import set_priority

    return asyncio.run(set_priority(job, priority, as_json=as_json))


@queue.command()
@click.argument("jobs", nargs=-1, metavar="[JOB...]")
@click.option("--over", is_flag=True, help="All jobs that are over.")
def remove(jobs: tuple[str, ...], over: bool) -> int:
    """Forget jobs that are over; the files that they brought stay."""
    from .queue import remove

    return asyncio.run(remove(jobs, over=over))


@queue.command()
@as_json
@click.pass_obj
def run(choices: Any, as_json: bool) -> int:
    """Do all that waits and that nobody else does, until it is done."""
    from .queue import run

    choices.stopped = "Stopped: what has arrived is kept, and the same command goes on from there."
    return asyncio.run(run(as_json=as_json))


@queue.command()
@as_json
def speed(as_json: bool) -> int:
    """Tell how fast downloads are, what was changed for that and why."""
    from .queue import speed

    return asyncio.run(speed(as_json=as_json))


@click.group()
def instruct() -> None:
    """Plan first: see what many downloads would do, approve them, have them done.

    ID may be shortened.
    """


ids = click.argument("ids", nargs=-1, required=True, metavar="ID...")


@instruct.command()
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option("--title", default="", help="What to call it.")
@click.option(
    "--kind", type=click.Choice(["download", "metadata", "scan", "report"]), default="download", show_default=True
)
@click.option("--path", "paths", multiple=True, help="For metadata and scan: only this folder (may be repeated).")
@click.option("--whole", is_flag=True, help="For scan: also read every new file whole, for its hashes.")
@click.option("--priority", type=click.Choice(["high", "normal", "low"]))
@click.option("--strategy", type=click.Choice(["sequential", "parallel", "adaptive"]))
@click.option("--folder", help="Sub-folder such as {base_model}/{creator}.")
@click.option("--period", help="For report: 30d, last-week, last-month, 2026-03 … (see `report`).")
@click.option("--format", type=click.Choice(["html", "pdf", "json"]), help="For report.")
@click.option("--language", type=click.Choice(["en", "ja", "ko", "zh"]), help="For report.")
@click.option("--every", type=click.Choice(["day", "week", "month"]), help="Do it again and again, but for downloads.")
@click.option("--at", help="The hour for that, such as 06:00.")
@as_json
def new(as_json: bool, **fields: Any) -> int:
    """Write an instruction. Nothing is done."""
    from .instruct import new

    paths = [str(Path(each).absolute()) for each in fields.pop("paths")]
    return asyncio.run(new(fields, paths, as_json=as_json))


@instruct.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--title", default="", help="What to call it, if it is a list of targets.")
@as_json
def import_(file: Any, title: str, as_json: bool) -> int:
    """Take in a file of instructions, or a list of targets, one a line. - is the standard input."""
    from .instruct import take_in

    return asyncio.run(take_in(file.read(), title or Path(file.name).stem.strip("<>"), as_json=as_json))


@instruct.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="WORKFLOW|PICTURE")
@as_json
def missing(file: Path, as_json: bool) -> int:
    """Find the models of a workflow that are not here, and write an instruction that fetches them."""
    from .instruct import missing, read

    return asyncio.run(missing(read(file), file.name, as_json=as_json))


@instruct.command("list")
@click.option("--status", type=click.Choice(["draft", "validated", "approved", "executed", "failed", "rejected"]))
@as_json
def list_instructions(status: str | None, as_json: bool) -> int:
    """List the instructions, newest first."""
    from .instruct import instructions

    return asyncio.run(instructions(status, as_json=as_json))


@instruct.command("show")
@click.argument("id")
@as_json
def show_instruction(id: str, as_json: bool) -> int:  # noqa: A002
    """Show an instruction, and what it would do, line by line."""
    from .instruct import show

    return asyncio.run(show(id, as_json=as_json))


def _operation(name: str, text: str) -> None:
    @instruct.command(name, help=text)
    @ids
    @click.option("--sequential", is_flag=True, help="One after the other.")
    @as_json
    def operate(ids: tuple[str, ...], sequential: bool, as_json: bool) -> int:
        from .instruct import process

        return asyncio.run(process(name, ids, sequential=sequential, as_json=as_json))


_operation("validate", "Look what carrying instructions out would do.")
_operation("approve", "Say yes to what the validation has shown.")


@instruct.command()
@ids
@click.option("--sequential", is_flag=True, help="One after the other.")
@click.option("--wait", is_flag=True, help="Download here and now, and report on each file.")
@as_json
@click.pass_obj
def execute(choices: Any, ids: tuple[str, ...], sequential: bool, wait: bool, as_json: bool) -> int:
    """Carry out what was approved."""
    from .instruct import process

    choices.stopped = "Stopped: what has arrived is kept, and `queue run` goes on from there."
    return asyncio.run(process("execute", ids, sequential=sequential, wait=wait, as_json=as_json))


@instruct.command()
@ids
def reject(ids: tuple[str, ...]) -> int:
    """Say that instructions shall not be done."""
    from .instruct import end

    return asyncio.run(end("reject", ids))


@instruct.command("remove")
@ids
def remove_instructions(ids: tuple[str, ...]) -> int:
    """Forget instructions; what they have done stays done."""
    from .instruct import end

    return asyncio.run(end("remove", ids))


@instruct.command()
@ids
@click.option("--list", "as_list", is_flag=True, help="As a list of targets, one a line, instead of JSON.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def export(ids: tuple[str, ...], as_list: bool, output: Path | None) -> int:
    """Write instructions to a file for others; without --output to the standard output."""
    from .console import say
    from .instruct import export

    text = asyncio.run(export(ids, as_list=as_list))
    if output:
        output.write_text(text, encoding="utf-8")
        say(f"Written to {output}")
    else:
        for line in text.splitlines():
            say(line)
    return 0
