"""The command line: ``lorakeeper serve · search · show · download · queue · instruct · library · vary · filter …``.

Exit code 0 is good, 1 failed, 2 wrong use, 130 stopped by Ctrl-C. Whatever goes wrong is one sentence on stderr, with a
traceback before it only after ``--debug``. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

GOOD, FAILED, WRONG_USE, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    import click

    from .commands import Choices, cli
    from .console import complain, speak_utf8

    speak_utf8()
    choices = Choices()
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        # Without the standalone mode click returns what the command does, and leaves the errors to us.
        return int(cli.main(given, prog_name="lorakeeper", obj=choices, standalone_mode=False) or GOOD)
    except click.ClickException as error:
        complain(error.format_message())
        return WRONG_USE if isinstance(error, click.UsageError) else FAILED
    except (click.Abort, KeyboardInterrupt):
        complain(choices.stopped)
        return STOPPED
    except Exception as error:  # noqa: BLE001 - the outermost place, where every failure becomes one sentence
        return _explain(error, debug=choices.debug)


def _explain(error: Exception, *, debug: bool) -> int:
    from ..errors import LorakeeperError, UsageError
    from .console import complain

    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        # The reader, such as ``head``, has had enough. Nothing more may be written, not even at exit.
        sys.stdout = None
        return FAILED
    if isinstance(error, LorakeeperError):
        complain(error)
        return WRONG_USE if isinstance(error, UsageError) else FAILED
    if isinstance(error, OSError) and error.filename and error.strerror:
        complain(f"{error.filename} can't be used: {error.strerror}.")
        return FAILED
    complain(f"Something unforeseen went wrong ({type(error).__name__}): run it with --debug to see where.")
    return FAILED
