"""The command line: each command prints a table, and writes what it is asked to.

Tables go to standard output, progress and errors to standard error. What the user can put right is
one line and exit code 2.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated, cast

_missing = ""
try:
    import typer

    from ._command_allocate import allocate
    from ._command_coverage import coverage_
    from ._command_passk import passk
    from ._command_simulate import simulate
    from ._command_sweep import sweep
    from ._console import complain
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("polars", "rich", "typer"):
        raise
    _missing = str(error.name)  # main() says so


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"lidfast {version('lidfast')}\n")
        raise typer.Exit


def _top(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Numerics for the theory that links training to repeated sampling."""


def _app() -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_top)
    app.command()(simulate)
    app.command()(passk)
    app.command("coverage")(coverage_)
    app.command()(allocate)
    app.command()(sweep)
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        The default is those of the process.

    Returns
    -------
    int
        Exit code: 0; 1 where the extra that this needs is not installed, nobody reads the output
        any more, or points of a sweep failed; 2 for what the user can put right; 130 after Ctrl-C.

    Examples
    --------
    >>> from lidfast.cli import main
    >>> main(["passk", "absent.csv"])
    2
    """
    if _missing:
        sys.stderr.write(f"lidfast: {_missing} is not installed: pip install 'lidfast[cli]'\n")
        return 1
    arguments = sys.argv[1:] if arguments is None else arguments
    # ClickException, of click or of typer's copy of it
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
    try:
        status = _app()(arguments or ["--help"], prog_name="lidfast", standalone_mode=False)
        sys.stdout.flush()
    except usage_error as error:
        complain(error.format_message())
        return 2
    except BrokenPipeError:
        # What is still buffered must not raise again when the interpreter flushes it.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:
        return 130
    return int(status or 0)
