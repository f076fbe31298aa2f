"""What a worker of a sweep does: call the function at points, and bring what it returns into columns.

It imports neither xarray nor Zarr, so that workers start soon.
"""

from __future__ import annotations

import functools
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from . import _core
from ._check import IntArray
from ._sweep_grid import Seeds, Value
from ._threads import num_threads
from .lid import LIDResult

TOPIC = "lidfast-sweep"  # of messages about points that take too long

_GRACE = 0.5  # seconds in which a worker's last message leaves it
_RESULT_DIMS = {  # of an LIDResult
    "N": ("size",),
    "k": ("attempts",),
    "risk": ("size", "run"),
    "generalization_error": ("size",),
    "generalization_error_stderr": ("size",),
    "generalization_error_exact": ("size",),
    "failure_rate_runs": ("size", "run", "attempts"),
    "failure_rate_exact_runs": ("size", "run", "attempts"),
    "beta_eff_runs": ("size", "run", "attempts"),
    "beta_eff_exact_runs": ("size", "run", "attempts"),
}


@dataclass(frozen=True)
class Batch:
    """Points that are computed together."""

    ids: IntArray
    columns: list[list[Value]]
    seconds: float  # after which no further point is begun
    alone: bool = False  # with nothing else in flight: who dies then has died of it


@dataclass
class Found:
    """What came of a batch."""

    ids: IntArray
    columns: dict[str, tuple[tuple[str, ...], NDArray[Any]]]
    errors: dict[int, str]
    seconds: float
    left: IntArray  # not reached in the time given
    machine: dict[str, str] = field(default_factory=dict)


def nothing_but(errors: dict[int, str]) -> Found:
    """Make what comes of points that failed."""
    none = np.array([], dtype=np.int64)
    return Found(none, {}, errors, 0.0, none)


@functools.cache
def this_machine() -> dict[str, str]:
    """Name what bits are promised for: the instruction-set level, the BLAS and the type of core."""
    import scipy.linalg.cython_blas  # noqa: F401  # the kernels' BLAS, to be listed, must be loaded

    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    own = [p for p in pools if "scipy" in Path(p["filepath"]).parent.name] or pools
    blas = own[0] if own else {}
    name = f"{blas.get('internal_api', 'unknown')} {blas.get('version', '')}".strip()
    return {"level": _core.level, "blas": name, "core": str(blas.get("architecture", "unknown"))}


@dataclass(frozen=True)
class Work:
    """All that a worker needs besides the points."""

    function: Callable[..., Any]
    names: list[str]
    seeds: Seeds
    passes: str | None  # name under which the function takes the seed
    threads: int | None
    timeout: float | None
    sweep: str

    def __call__(self, batch: Batch) -> Found:
        limit: Any = nullcontext() if self.threads is None else num_threads(self.threads)
        with limit, self._watched() as at:
            return self._run(batch, at)

    def _run(self, batch: Batch, at: list[Any]) -> Found:
        function, names, passes, timed = self.function, self.names, self.passes, self.timeout is not None
        rows: list[Row] = []
        values_alone: list[float] = []  # of a function that returns one number, the quick way
        done: list[int] = []
        errors: dict[int, str] = {}
        begun = time.monotonic()
        stop = begun + batch.seconds
        for point, values in zip(batch.ids.tolist(), zip(*batch.columns, strict=True), strict=True):
            now = time.monotonic()
            if now > stop and (done or errors):
                break
            if timed:
                at[0], at[1] = point, now
            given = dict(zip(names, values, strict=True))
            if passes is not None:
                given[passes] = self.seeds(values)
            try:
                result = function(**given)
                if not rows and type(result) in _SCALARS:
                    values_alone.append(float(result))
                else:
                    row = _named(result, names)
                    if rows or values_alone:
                        _same(row, rows[0] if rows else {"value": ((), 0.0)})
                    rows.append(row)
            except Exception as error:
                errors[point] = described(error)
            else:
                done.append(point)
        at[0] = None
        rows += [{"value": ((), value)} for value in values_alone[:1]]
        columns = {
            name: (dims, np.array(values_alone or [row[name][1] for row in rows], dtype=_dtype(first)))
            for name, (dims, first) in (rows[0] if rows else {}).items()
        }
        seconds = time.monotonic() - begun
        left = batch.ids[len(done) + len(errors) :]
        return Found(np.array(done, dtype=np.int64), columns, errors, seconds, left, this_machine())

    @contextmanager
    def _watched(self) -> Iterator[list[Any]]:
        """Share what is being computed with a thread that ends this process where it takes too long."""
        at: list[Any] = [None, 0.0]
        if self.timeout is None:
            yield at
            return
        over = threading.Event()
        limit = self.timeout
        from distributed import get_worker

        worker = get_worker()

        def watch() -> None:
            while not over.wait(min(limit / 10, 0.5)):
                point, since = at
                if point is not None and time.monotonic() - since > limit:
                    try:  # to say which; else it is found by trying points alone
                        worker.log_event(TOPIC, {"sweep": self.sweep, "point": point})
                        time.sleep(_GRACE)
                    finally:
                        os._exit(1)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield at
        finally:
            over.set()


def described(error: BaseException) -> str:
    """Say in one line what was raised, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if len(frames) > 1 else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


#: What a point has: by name the dimensions, and a Python number or an array.
Row = dict[str, tuple[tuple[str, ...], Any]]


def _named(result: Any, names: list[str]) -> Row:
    """Read what a function returned."""
    entries: dict[Any, Any]
    if type(result) is dict:
        entries = result
    elif isinstance(result, LIDResult):
        return {
            name: (_RESULT_DIMS.get(name, ("size", "attempts")), _numbers(name, values))
            for name, values in result.arrays().items()
            if name not in names
        }
    elif type(result).__module__.startswith("xarray.") and hasattr(result, "variables"):
        entries = {str(name): (tuple(map(str, x.dims)), x.values) for name, x in result.variables.items()}
    elif isinstance(result, Mapping):
        entries = dict(result)
    elif hasattr(result, "_asdict"):
        entries = result._asdict()
    elif is_dataclass(result) and not isinstance(result, type):
        entries = {item.name: getattr(result, item.name) for item in fields(result)}
    else:
        entries = {"value": result}
    row: Row = {}
    for name, value in entries.items():
        if not isinstance(name, str):
            raise TypeError(f"the function returned the name {name!r}: names must be text")
        if type(value) in _SCALARS:
            row[name] = (), float(value)
            continue
        if isinstance(value, tuple) and len(value) == 2 and _is_dims(value[0]):
            dims = (value[0],) if isinstance(value[0], str) else tuple(value[0])
            values = _numbers(name, value[1])
            if len(dims) != np.ndim(values):
                raise ValueError(f"the function returned {name} of shape {np.shape(values)}, named {dims}")
        else:
            values = _numbers(name, value)
            dims = tuple(f"{name}_{i}" for i in range(np.ndim(values)))
        row[name] = dims, values
    if not row:
        raise ValueError("the function returned nothing")
    return row


_SCALARS = (float, int, bool, np.float64, np.int64)


def _is_dims(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, tuple) and all(isinstance(x, str) for x in value))


def _numbers(name: str, value: Any) -> Any:
    """Make real numbers of all kinds float64, so that NaN can stand for a missing one; or complex."""
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"the function returned {name} of type {array.dtype}: it must be numbers")
    array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array if array.ndim else array.item()


def _dtype(value: Any) -> Any:
    return np.dtype(np.complex128 if np.iscomplexobj(value) else np.float64)


def _same(row: Row, first: Row) -> None:
    """Refuse a point whose variables are not those of the others."""
    if row.keys() == first.keys() and all(
        type(x[1]) is float is type(first[name][1]) for name, x in row.items()
    ):
        return
    for name in {**first, **row}:
        mine, theirs = (
            form(_dtype(x[name][1]), np.shape(x[name][1])) if name in x else "nothing" for x in (row, first)
        )
        if mine != theirs:
            raise ValueError(unlike(name, mine, theirs))


def form(dtype: Any, shape: tuple[int, ...]) -> str:
    """Name the kind of a variable."""
    return f"{dtype}{list(shape)}"


def unlike(name: str, mine: str, theirs: str) -> str:
    """Say that a variable is not what it was at another point."""
    return f"the function returned {name} as {mine}, and as {theirs} at another point"
