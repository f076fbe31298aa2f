"""lidfast sweep: a grid of runs that a file describes, here or on a cluster."""

from __future__ import annotations

import importlib
import math
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
import typer

from . import io
from ._console import (
    Refused,
    check_figure,
    complain,
    console,
    print_folded,
    printable,
    refusals,
    reported,
    save_figure,
)

if TYPE_CHECKING:
    import xarray

_READY = ("lid", "lid_exact", "allocation", "coverage", "frontier")
_KEYS = ("function", "seed", "seed_axes", "version", "batch", "timeout", "threads", "points")
_TABLES = ("parameters", "grid", "plot")
_SPACINGS = ("linspace", "geomspace", "range")
_PLOT_KEYS = ("x", "y", "value", "contours", "levels", "log")
_SHOWN = 5  # of the points that failed
_DECADES = 1.5  # from which on the axis of a map is logarithmic


def sweep(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE.toml", show_default=False, help="The function, its grid and seed."),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Zarr group that holds the finished points; the same command goes on with it."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes here, of one thread each.", show_default="none"),
    ] = None,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A Dask scheduler's, as in tcp://host:8786.")
    ] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Seed in place of the file's.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Compute points again that failed.")
    ] = False,
    extend: Annotated[
        bool,
        typer.Option(
            "--extend", help="Go on with a store made with another grid, function, version or machine."
        ),
    ] = False,
    status: Annotated[
        Path | None,
        typer.Option(metavar="STORE", help="Say how far the sweep of a store is, and nothing else."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the map of [plot] into this file.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the points and what they have as a table: .csv, .parquet or .json."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Call a function at each point of a grid, here or on a Dask cluster.

    A point's numbers depend on the seed and the point alone. Points that fail are recorded, the others go
    on, and the exit code is 1. Stopped by Ctrl-C or killed, the same command goes on from its store.
    """
    with reported(debug):
        _need_extra()
        if status is not None:
            if file is not None or store is not None:
                raise Refused("--status takes the store alone, without FILE.toml and --store")
            with refusals():
                _print_status(status)
            return
        if file is None:
            raise Refused("FILE.toml is missing (or --status STORE)")
        if workers is not None and scheduler:
            raise Refused("--workers and --scheduler exclude each other")
        plan = _read(file)
        with refusals():
            if out is not None:
                io.check_output("--out", out, io.TABLE_ENDINGS)
        if plot is not None:
            check_figure("--plot", plot)
            _check_map(plan)
        if seed is not None:
            plan.options["seed"] = seed
        elif "seed" not in plan.options:
            raise Refused(f"{file}: it has no seed")
        found = _computed(plan, store, workers, scheduler, retry_failed=retry_failed, extend=extend)
        if out is not None:
            io.write_table(_long_table(found), out)
        if plot is not None:
            from .plot import phase_diagram

            with refusals("[plot] "):
                figure = phase_diagram(found, **_map(plan, found))
            save_figure(figure, plot)
        _print(found)
    if found.attrs["failed"]:
        raise typer.Exit(1)


def _need_extra() -> None:
    try:
        from . import sweeps  # noqa: F401
    except ModuleNotFoundError as error:
        raise Refused(str(error)) from error


# ---------------------------------------------------------------- the file


@dataclass(frozen=True)
class _Plan:
    """What a file asks for."""

    file: Path
    function: Callable[..., Any]
    parameters: dict[str, Any]
    grid: Any
    options: dict[str, Any]
    plot: dict[str, Any]


def _read(file: Path) -> _Plan:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: {error}") from error
    for name, value in content.items():
        if name not in (*_KEYS, *_TABLES):
            raise Refused(f"{file}: it has {name!r}: known are {', '.join((*_KEYS, *_TABLES))}")
        if (name in _TABLES) != isinstance(value, dict):
            raise Refused(f"{file}: {name} must {'be a table' if name in _TABLES else 'not be a table'}")
    function = content.get("function")
    if not isinstance(function, str):
        raise Refused(
            f"{file}: function must be text: one of {', '.join(_READY)}, or as in 'package.module:name'"
        )
    if ("points" in content) == ("grid" in content):
        raise Refused(f"{file}: it must have either [grid] or points")
    parameters = content.get("parameters", {})
    grid: Any
    if "grid" in content:
        grid = {name: _axis(f"{file}: [grid] {name}", axis) for name, axis in content["grid"].items()}
    else:
        grid = _points(file, content["points"])
    for name in grid.columns if isinstance(grid, pl.DataFrame) else grid:
        if name in parameters:
            raise Refused(f"{file}: {name} is among the points and in [parameters]")
    plot = content.get("plot", {})
    for name in plot:
        if name not in _PLOT_KEYS:
            raise Refused(f"{file}: [plot] has {name!r}: known are {', '.join(_PLOT_KEYS)}")
    options = {name: content[name] for name in _KEYS[1:-1] if name in content}
    return _Plan(file, _function(file, function), parameters, grid, options, plot)


def _axis(place: str, given: Any) -> Any:
    """Read values: a list of them, one, or a spacing such as {geomspace = [1, 1000, 4], integer = true}."""
    if not isinstance(given, dict):
        return given
    integer = given.get("integer", False)
    kinds = [name for name in given if name != "integer"]
    if len(kinds) != 1 or kinds[0] not in _SPACINGS or not isinstance(integer, bool):
        raise Refused(f"{place}: it must be values, or one of {', '.join(_SPACINGS)}, with integer or not")
    kind, ends = kinds[0], given[kinds[0]]
    numbers = isinstance(ends, list) and all(
        type(x) in (int, float) and math.isfinite(x) and abs(x) < 2**53 for x in ends
    )
    if kind == "range":
        if not numbers or len(ends) not in (2, 3) or any(type(x) is float for x in ends) or 0 in ends[2:]:
            raise Refused(f"{place}: range must be [start, stop] or [start, stop, step], of integers")
        return list(range(*ends))
    if not numbers or len(ends) != 3 or type(ends[2]) is not int or not 1 <= ends[2] <= 10**7:
        raise Refused(f"{place}: {kind} must be [first, last, number of values]")
    if kind == "geomspace" and not (ends[0] > 0 and ends[1] > 0):
        raise Refused(f"{place}: geomspace must go from a number above 0 to another")
    values = getattr(np, kind)(*ends)
    return np.unique(values.round().astype(np.int64)) if integer else values


def _points(file: Path, name: Any) -> pl.DataFrame:
    if not isinstance(name, str) or not name.endswith((".csv", ".parquet")):
        raise Refused(f"{file}: points must name a file, .csv or .parquet, with a column for each name")
    path = file.parent / name
    try:
        return pl.read_csv(path) if name.endswith(".csv") else pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise Refused(f"{path}: {error}") from error


def _function(file: Path, name: str) -> Callable[..., Any]:
    if name in _READY:
        from . import _ready_sweeps

        found: Callable[..., Any] = getattr(_ready_sweeps, name)
        return found
    module, colon, attribute = name.partition(":")
    if not (colon and module and attribute.isidentifier()):
        raise Refused(
            f"{file}: function is {name!r}: it must be one of {', '.join(_READY)}, or as in "
            "'package.module:name'"
        )
    # Beside the file is where it would be looked for; processes that are started here look there too.
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise Refused(
            f"{file}: function {name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return found


# ---------------------------------------------------------------- computing


def _computed(
    plan: _Plan, store: Path | None, workers: int | None, scheduler: str, *, retry_failed: bool, extend: bool
) -> xarray.Dataset:
    from .sweeps import sweep as run

    function = partial(plan.function, **plan.parameters) if plan.parameters else plan.function
    with _client(workers, scheduler) as client:
        try:
            found = run(
                function,
                plan.grid,
                store=store,
                client=client,
                retry_failed=retry_failed,
                extend=extend,
                **plan.options,
            )
        except KeyboardInterrupt:
            complain("stopped" if store is None else f"stopped: the same command goes on with {store}")
            raise
        except (ValueError, TypeError, RuntimeError, MemoryError) as error:
            raise Refused(str(error)) from error
    # What is computed at several values of a parameter has a dimension of its name.
    known = {
        name: values
        for name, values in plan.parameters.items()
        if name in found.dims and isinstance(values, list) and len(values) == found.sizes[name]
    }
    return found.assign_coords(known)


@contextmanager
def _client(workers: int | None, scheduler: str) -> Iterator[Any]:
    """Connect to a scheduler, or start processes of our own, or None."""
    if workers is None and not scheduler:
        yield None
        return
    import dask
    import distributed

    from .sweeps import QUIET

    if scheduler:
        try:
            client = distributed.Client(scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise Refused(f"--scheduler {scheduler}: nothing answers there ({error})") from error
        with client:
            yield client
        return
    # Ctrl-C goes to all processes of the terminal: it is ours alone, what we start inherits that.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with dask.config.set(QUIET):
            cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
            )
    finally:
        signal.signal(signal.SIGINT, handler)
    with cluster, distributed.Client(cluster) as client:
        yield client


# ---------------------------------------------------------------- what is shown


def _print_status(store: Path) -> None:
    from .sweeps import status

    found = status(store)
    out = console()
    out.print(
        f"{store}: {found.points} points: {found.done} done, {found.failed} failed, {found.left} left; "
        f"{_duration(found.seconds)} of computing"
    )
    if found.first_error:
        out.print(f"first error: {printable(found.first_error)}")


def _print(found: xarray.Dataset) -> None:
    out = console()
    axes = [name for name in found.coords if found.coords[name].ndim and found.coords[name].dims[0] == name]
    shape = " x ".join(f"{found.sizes[name]} {name}" for name in axes if name in _grid_dims(found))
    out.print(
        f"{found.attrs['function'].removeprefix('lidfast._ready_sweeps:')}: {found.attrs['points']} points"
        + (f" ({shape})" if " x " in shape else "")
        + f", {found.attrs['failed']} failed, seed {found.attrs['seed']}"
    )
    out.print()
    numbers = {name: x for name, x in found.data_vars.items() if name != "error"}
    if numbers:
        rows = [_summary(str(name), x) for name, x in numbers.items()]
        print_folded(out, 1, {column: [row[column] for row in rows] for column in rows[0]})
    if "error" in found:
        texts = found["error"].stack(all_points=_grid_dims(found), create_index=False)
        failed = texts[texts != ""]
        for i in range(min(_SHOWN, failed.size)):
            one = failed[i]
            point = ", ".join(f"{name} = {one[name].item()}" for name in one.coords)
            out.print(f"failed at {printable(point)}: {printable(one.item())}")
        if failed.size > _SHOWN:
            out.print(f"... and {failed.size - _SHOWN} more")


def _summary(name: str, values: xarray.DataArray) -> dict[str, str]:
    magnitude = np.abs(values.values) if np.iscomplexobj(values.values) else values.values
    finite = magnitude[np.isfinite(magnitude)]
    least, middle, most = np.quantile(finite, [0, 0.5, 1]) if finite.size else [math.nan] * 3
    return {
        "variable": printable(name),
        "over": printable(", ".join(map(str, values.dims))),
        "least": f"{least:.6g}",
        "median": f"{middle:.6g}",
        "largest": f"{most:.6g}",
        "not finite": str(magnitude.size - finite.size),
    }


def _grid_dims(found: xarray.Dataset) -> list[Any]:
    """Dimensions of the points; what a point has of its own comes after them."""
    if "error" in found:
        return list(found["error"].dims)
    first = next(iter(found.data_vars.values()), None)
    named = {name for axis in found.coords.values() for name in axis.dims}
    return [] if first is None else [name for name in first.dims if name in named]


def _long_table(found: xarray.Dataset) -> pl.DataFrame:
    """Make a row of each point, and of each element of the arrays that it has."""
    frame = found.to_dataframe().reset_index()
    return pl.DataFrame({str(name): frame[name].to_numpy() for name in frame if name != "point"})


def _check_map(plan: _Plan) -> None:
    if not isinstance(plan.grid, Mapping) or sum(np.size(axis) > 1 for axis in plan.grid.values()) < 2:
        raise Refused("--plot needs a [grid] of two names at least: it draws a map over them")


def _map(plan: _Plan, found: xarray.Dataset) -> dict[str, Any]:
    """Fill in what [plot] leaves open: the first two axes, the first variable, the exact one's contours."""
    axes = [name for name, axis in plan.grid.items() if np.size(axis) > 1]
    names = [str(name) for name in found.data_vars if name != "error"]
    value = plan.plot.get("value", "beta_eff" if "beta_eff" in names else names[0])
    chosen = {"x": axes[0], "y": axes[1], "value": value} | plan.plot
    if "contours" not in chosen and f"{value}_exact" in names:
        chosen["contours"] = f"{value}_exact"
    if "log" not in chosen:
        chosen["log"] = (*(_is_long(found, chosen[name]) for name in ("x", "y")), False)
    return chosen


def _is_long(found: xarray.Dataset, name: str) -> bool:
    values = found[name].values if name in found.coords else np.array([])
    return bool(
        values.size
        and values.dtype.kind in "iuf"
        and values.min() > 0
        and math.log10(values.max() / values.min()) > _DECADES
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest:.3g} s"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest:.0f} s"
