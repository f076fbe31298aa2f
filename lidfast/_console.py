"""What the commands share: errors in one line, tables, progress, figures."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from . import io

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Refused(Exception):
    """What was asked cannot be done; the message is one line for the user."""


@contextmanager
def refusals(prefix: str = "") -> Iterator[None]:
    """Turn the error of a library call about its arguments into a refusal, with a prefix."""
    try:
        yield
    except (ValueError, OverflowError, MemoryError) as error:
        raise Refused(f"{prefix}{error}") from error


@contextmanager
def reported(debug: bool) -> Iterator[None]:
    """Report refusals and failures of the system in one line, with debug as tracebacks; exit code 2."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (Refused, OSError) as error:
        if debug:
            traceback.print_exc()
        else:
            complain(str(error))
        raise typer.Exit(2) from error


@contextmanager
def panics_held() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, for good if this ends in an exception.

    On some damaged files polars panics, which is an exception to us, but its Rust half has written
    its own report by then.
    """
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
        held.seek(0)
        os.write(2, held.read())


def complain(message: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"lidfast: {printable(' '.join(message.split()))}\n")


def printable(text: str) -> str:
    """Replace line ends and what else steers a terminal: names and values come from files."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def word(value: Any) -> str:
    """Print a value of a group's key."""
    return "null" if value is None else printable(str(value))


def group_seed(seed: int, key: Mapping[str, Any]) -> np.random.SeedSequence:
    """Seed of a group: of its name and the user's seed, whatever other groups there are."""
    name = json.dumps({name: word(value) for name, value in key.items()}, sort_keys=True)
    return np.random.SeedSequence([seed, int.from_bytes(hashlib.sha256(name.encode()).digest())])


def default_ks(limit: int) -> list[int]:
    """1, 2, 5, 10, 20, 50, ... up to the limit."""
    steps = (digit * 10**power for power in range(len(str(limit))) for digit in (1, 2, 5))
    return [k for k in steps if k <= limit]


def console() -> Console:
    """Open standard output: as wide as the terminal, and into a pipe as wide as the text."""
    plain = Console(markup=False, emoji=False, highlight=False)
    if not plain.is_terminal:
        plain.width = 100_000
    return plain


def progress(items: Sequence[Any], what: str) -> Iterator[Any]:
    """Iterate with a bar on standard error, if that is a terminal."""
    errors = Console(stderr=True)
    yield from track(items, what, console=errors, transient=True, disable=not errors.is_terminal)


def print_folded(out: Console, keys: int, columns: Mapping[str, Sequence[str]]) -> None:
    """Print columns side by side, as many tables as the width asks for, each with the key columns."""
    widths = {name: max(map(len, (name, *cells))) + 2 for name, cells in columns.items()}
    names = list(columns)
    room = out.width - sum(widths[name] for name in names[:keys])
    rest = names[keys:]
    while rest:
        taken, used = 1, widths[rest[0]]
        while taken < len(rest) and used + widths[rest[taken]] <= room:
            used += widths[rest[taken]]
            taken += 1
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        shown = names[:keys] + rest[:taken]
        for i, name in enumerate(shown):
            table.add_column(name, justify="left" if i < keys else "right", no_wrap=True, overflow="fold")
        for row in zip(*(columns[name] for name in shown), strict=True):
            table.add_row(*row)
        out.print(table)
        out.print()
        rest = rest[taken:]


def check_figure(option: str, path: Path) -> None:
    """Refuse a figure that could not be drawn or written, before the work."""
    try:
        from . import plot
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise Refused(f"{option} needs matplotlib: pip install 'lidfast[plot]'") from error
    with refusals():
        io.check_output(option, path, plot.ENDINGS)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the ending, whole or not at all."""
    with io.atomically(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def number(x: float | None) -> str:
    """Format one number, as `with_interval` does."""
    return "-" if x is None else with_interval(x)


def with_interval(x: float, low: float = math.nan, high: float = math.nan) -> str:
    """Format an estimate, and its interval to the same decimals.

    They are three, or as many as show two digits of the estimate, or of its distance to 1 from below.
    Without an interval (NaN) it is left out.
    """
    scale = 1 - x if 0.5 < x < 1 else abs(x)
    tiny = 0 < scale < 1e-6
    decimals = max(3, 1 - math.floor(math.log10(scale))) if 0 < scale < math.inf and not tiny else 3

    def one(y: float) -> str:
        if math.isnan(y):
            return "-"
        return f"{y:.1e}" if tiny and x < 0.5 and 0 < abs(y) < math.inf else f"{y:z.{decimals}f}"

    return one(x) if math.isnan(low) or math.isnan(high) else f"{one(x)} [{one(low)}, {one(high)}]"
