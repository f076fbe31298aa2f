"""Grids of runs, here or on a cluster: the same numbers on one core and on a thousand, and resumable.

A sweep calls a function at each point of a grid. What it draws follows from the sweep's seed and the point
alone, so that the numbers do not depend on the rest of the grid, on the order, on threads, workers or
retries. `lid`, `lid_exact`, `allocation`, `coverage` and `frontier` are functions that are often swept. The
engine is dask.distributed's, the arrays are xarray's, the store is Zarr's: the extra ``cluster`` installs
them.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import math
import os
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np

from . import _check, _sweep_grid
from ._check import IntArray
from ._progress import Advance, shown
from ._ready_sweeps import allocation, coverage, frontier, lid, lid_exact
from ._sweep_grid import Grid, Seeds
from ._sweep_work import TOPIC, Batch, Found, Work, described, form, nothing_but, this_machine, unlike

try:
    import xarray

    from ._sweep_store import DONE, FAILED, MISSING, Columns, Store, locked
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("xarray", "zarr"):
        raise
    raise ModuleNotFoundError(f"{error.name} is not installed: pip install 'lidfast[cluster]'") from None

with suppress(ImportError):
    import dask.array  # noqa: F401  # as xarray does with the first dataset: not while a sweep waits

__all__ = ["QUIET", "Status", "allocation", "coverage", "frontier", "lid", "lid_exact", "status", "sweep"]

# Settings for dask.config.set() around the making of a cluster, for sweeps of short points: without them
# Dask's own watching takes 5% of a core of the scheduler and of each worker.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.scheduler.work-stealing-interval": "1s",
    "distributed.scheduler.active-memory-manager.start": False,
}

_TARGET = 1.0  # seconds of work of a batch at least, after which a worker gives back what is left of it
_RATE = 30.0  # batches a second that scheduler and client serve with ease: each takes them 8 ms
_LEAST = 0.05  # times the target at the end, when batches shrink so that all workers end together
_FIRST = 1000  # points of the first batches, of which nothing is known
_FLUSH = 2.0  # seconds between two writes
_IN_FLIGHT = 2  # batches for each worker thread: one to work at, one at hand
_PATIENCE = 5.0  # seconds after which an answer that does not come is asked after
_LARGEST = 20_000  # points of a batch


# ---------------------------------------------------------------- what a sweep is


def sweep(
    function: Callable[..., Any],
    grid: Any,
    *,
    seed: int | np.random.SeedSequence,
    seed_axes: Sequence[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    client: Any = None,
    batch: int | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    extend: bool = False,
    version: str = "",
    progress: bool | Advance = True,
    threads: int | None = None,
) -> xarray.Dataset:
    """Call a function at each point of a grid, here or on a cluster, and return labelled arrays.

    Parameters
    ----------
    function : callable
        Called as ``function(**point)`` with a point's values by name, and rng=SeedSequence (or seed=, by the
        name that it takes) of the point, if it takes one. It returns numbers or arrays of them: a mapping of
        names, a named tuple or dataclass, an `LIDResult`, an xarray.Dataset, or one value, which is named
        "value". An array's dimensions are named by (dims, array), or else after the variable. All points
        return the same names and shapes. For a client, of a module that workers import.
    grid : mapping, pairs or table
        Names to values, int, float or text: the full product of them. Or points: a data frame, or a
        sequence of mappings; those have the one dimension "point".
    seed : int or SeedSequence
        Of all points. That of a point follows from it and from the point's values on `seed_axes`,
        1 and 1.0 being the same: not from the rest of the grid, the order, or who computes it.
    seed_axes : sequence of str, optional
        Axes left out share random numbers. The default is all.
    store : path, optional
        A Zarr group, which is made, or gone on with: points that are in it are not computed again. Points
        are written every two seconds, whole or not at all. It holds one dimension "point"; a second call
        with the same arguments returns the labelled arrays.
    client : distributed.Client, optional
        Whose workers compute; None computes here.
    batch : int, >= 1, optional
        Points of a task; the default is what takes a second, or a thirtieth of one for each worker thread
        where that is longer.
    timeout : float, > 0, optional
        Seconds that a point may take before its worker process is ended and the point has failed.
    retry_failed : bool
        Whether to compute again the points of the store that failed.
    extend : bool
        Whether a store may be gone on with although it was made with another grid, function, version or
        machine: points that are in it stay as they are.
    version : str
        Of your own choice: another one than the store's is refused.
    progress : bool or callable
        True draws a bar on a terminal, with rich; a callable is called as progress(done, total).
    threads : int, >= 1, optional
        Kernel threads of a point: by default one on workers, and here what lidfast is set to.

    Returns
    -------
    xarray.Dataset
        Over the grid; NaN where a point failed, and then with a variable "error". Real numbers are float64.
        The attributes say how it was made, how many points failed, and how long they took.

    Raises
    ------
    ValueError, TypeError
        Names the argument and the first bad value; or says in what a store differs.
    OSError
        Where the store cannot be written: what was written before stays.

    Examples
    --------
    >>> import lidfast
    >>> def tail(a, k):
    ...     return lidfast.difficulty.Beta(a, 2).failure_rate(k)
    >>> found = lidfast.sweep(tail, {"a": [0.3, 1.0], "k": [1, 10, 100]}, seed=0)
    >>> found["value"].sel(a=0.3).values.round(4)
    array([0.8696, 0.5585, 0.2916])
    """
    points = _sweep_grid.read(grid)
    axes = _seed_axes(seed_axes, points.names)
    sequence = seed if isinstance(seed, np.random.SeedSequence) else _sequence(seed)
    passes = _seed_parameter(function, points.names)
    if batch is not None:
        batch = _check.integer("batch", batch, 1)
    if threads is not None:
        threads = _check.integer("threads", threads, 1)
    if timeout is not None:
        timeout = _check.scalar("timeout", timeout, _check.POSITIVE)
        if client is None:
            raise ValueError("timeout needs worker processes, which can be ended: give a client")
    machine = _machine_of(client, function, timeout is not None, any_machine=extend)
    about = _about(function, points, sequence, axes, version) | machine
    path = None if store is None else Path(store)
    name = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()[:12]
    work = Work(
        function,
        points.names,
        Seeds(sequence, points.names, axes),
        passes,
        threads if client is None or threads is not None else 1,
        timeout,
        f"{name}-{os.urandom(4).hex()}",
    )
    with ExitStack() as stack:
        with _writing(path):
            stack.enter_context(locked(path))
            kept, slots = _opened(path, points, about, extend)
        wanted = (MISSING, FAILED) if retry_failed else (MISSING,)
        left = np.flatnonzero(np.isin(kept.status[slots], wanted))
        writer = _Writer(path, kept, slots, None if extend else machine)
        bar = progress if progress is not True or _has_rich() else False
        with shown(bar, "points") as advance:
            advance(points.size - left.size, points.size)
            sizes = _Sizes(batch, left.size, 1 if client is None else _threads_of(client))
            batches = _Batches(points, left, sizes)
            advanced = functools.partial(_tell, advance, points.size - left.size, points.size)
            try:
                if client is None:
                    while waiting := batches.next():
                        found = work(waiting)
                        batches.learn(found)
                        advanced(writer.add(found))
                else:
                    _on_cluster(client, work, batches, writer, advanced)
            finally:
                writer.flush()
    return _dataset(points, kept, slots)


def _tell(advance: Advance, before: int, total: int, done: int) -> None:
    advance(before + done, total)


def _has_rich() -> bool:
    try:
        import rich  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def _seed_axes(axes: Sequence[str] | None, names: list[str]) -> list[str]:
    if axes is None:
        return sorted(names)
    if isinstance(axes, str):
        raise TypeError(f"seed_axes must be a sequence of names, not the text {axes!r}")
    for axis in axes:
        if axis not in names:
            raise ValueError(f"seed_axes has {axis!r}: the grid has {', '.join(names)}")
    return sorted(set(axes))


def _sequence(seed: Any) -> np.random.SeedSequence:
    if seed is None:
        raise TypeError("seed must be an integer or a SeedSequence, so that the sweep can be made again")
    return np.random.SeedSequence(_check.integer("seed", seed, 0, 2**128))


def _seed_parameter(function: Callable[..., Any], names: list[str]) -> str | None:
    """Name under which the function takes a point's seed; refuses one that does not take the point."""
    if not callable(function):
        raise TypeError(f"function must be callable, not {type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None  # a builtin that does not tell
    bound = function.keywords if isinstance(function, functools.partial) else {}
    kinds = {name: parameter.kind for name, parameter in signature.parameters.items()}
    anything = inspect.Parameter.VAR_KEYWORD in kinds.values()
    takes = next((x for x in ("rng", "seed") if x in kinds and x not in bound), None)
    takes = takes or ("rng" if anything and "rng" not in bound else None)
    try:
        signature.bind(**dict.fromkeys(names), **({takes: None} if takes else {}))
    except TypeError as error:
        raise TypeError(f"function cannot be called with the names of the grid: {error}") from None
    return takes


def _about(
    function: Callable[..., Any],
    points: Grid,
    seed: np.random.SeedSequence,
    axes: list[str],
    version: str,
) -> dict[str, Any]:
    """Say what the numbers depend on."""
    parameters: dict[str, str] = {}
    inner = function
    while isinstance(inner, functools.partial):
        parameters = {
            **{str(i): repr(value) for i, value in enumerate(inner.args)},
            **{name: repr(value) for name, value in inner.keywords.items()},
            **parameters,
        }
        inner = inner.func
    try:
        source = hashlib.sha256(inspect.getsource(inner).encode()).hexdigest()
    except (OSError, TypeError):
        source = ""
    name = getattr(inner, "__qualname__", type(inner).__name__)
    return {
        "function": f"{getattr(inner, '__module__', '')}:{name}",
        "source": source,
        "parameters": parameters,
        "names": points.names,
        "grid": points.described(),
        "seed": f"{seed.entropy}" + (f" {list(seed.spawn_key)}" if seed.spawn_key else ""),
        "seed_axes": axes,
        "version": version,
        "lidfast": installed_version("lidfast"),
    }


def _machine_of(
    client: Any, function: Callable[..., Any], processes: bool, *, any_machine: bool
) -> dict[str, str]:
    """Say what computes; refuse workers that differ, and a function that they cannot be sent."""
    if client is None:
        return this_machine()
    import cloudpickle

    try:
        cloudpickle.dumps(function)
    except Exception as error:
        raise TypeError(f"function cannot be sent to workers: {described(error)}") from None
    client.wait_for_workers(1)
    if processes and any(address.startswith("inproc") for address in client.nthreads()):
        raise ValueError("timeout needs worker processes, which can be ended: these workers are threads")
    try:
        machines = client.run(this_machine)
    except Exception as error:
        raise RuntimeError(f"client: its workers cannot import lidfast: {described(error)}") from error
    first = next(iter(machines.values()))
    for address, machine in machines.items():
        if machine != first and not any_machine:
            raise ValueError(f"client: worker {address} has {_differences(machine, first)}, unlike another")
    return dict(first)


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {one[name]} ({other[name]})" for name in one if one[name] != other.get(name))


@contextmanager
def _writing(path: Path | None) -> Iterator[None]:
    """Say which store could not be made."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"store: {path} cannot be written ({error.strerror or error})") from error


_FIXED = ("names", "seed", "seed_axes")  # without which points would not belong together


def _opened(path: Path | None, points: Grid, about: dict[str, Any], extend: bool) -> tuple[Store, IntArray]:
    """Open or make the store, and find the place of each point in it."""
    every = np.arange(points.size)
    if path is None or not path.exists():
        return Store.create(path, points.coordinates(every), about), every
    kept = Store.open(path)
    known = kept.attributes
    for name, value in about.items():
        if known.get(name) == value or name == "grid":
            continue
        was, now = (x if len(x) < 60 else x[:57] + "..." for x in (str(known.get(name)), str(value)))
        message = f"store: {path} was made with another {name}: {was}, not {now}"
        if name in _FIXED:
            raise ValueError(message)
        if not extend:
            raise ValueError(f"{message} (extend=True goes on with it all the same)")
    by_name = [points.names.index(name) for name in sorted(points.names)]
    columns = points.columns(every)
    keys = _sweep_grid.keys([columns[i] for i in by_name])
    stored = kept.coordinates(sorted(points.names))
    place = {key: slot for slot, key in enumerate(_sweep_grid.keys([x.tolist() for x in stored.values()]))}
    new = np.array([i for i, key in enumerate(keys) if key not in place], dtype=np.int64)
    if not extend and (new.size or len(place) > len(keys)):
        raise ValueError(
            f"store: {path} was made with another grid: of {points.size} points {new.size} are not among its "
            f"{len(place)} (extend=True adds them)"
        )
    if new.size:
        place |= {keys[i]: len(place) + j for j, i in enumerate(new)}
        kept.append(points.coordinates(new))
    if extend:
        kept.note(**about)
    return kept, np.array([place[key] for key in keys], dtype=np.int64)


class _Writer:
    """Brings what was found to the store, every now and then."""

    def __init__(
        self, path: Path | None, kept: Store, slots: IntArray, machine: dict[str, str] | None
    ) -> None:
        self._seconds = float(kept.attributes.get("seconds", 0.0))
        self._path, self._kept, self._slots, self._machine = path, kept, slots, machine
        self._shapes = kept.shapes()
        self._waiting: list[Found] = []
        self._added = 0
        self._flushed = time.monotonic()

    def add(self, found: Found) -> int:
        """Take what a batch came to; the number of points so far."""
        if self._machine is not None and found.machine and found.machine != self._machine:
            raise ValueError(
                f"client: a worker has {_differences(found.machine, self._machine)}: bits would differ "
                "(extend=True goes on all the same)"
            )
        self._seconds += found.seconds
        if found.ids.size:
            if not self._shapes:
                self._first(found.columns)
            if wrong := self._misfit(found.columns):
                found = nothing_but(found.errors | dict.fromkeys(found.ids.tolist(), wrong))
        self._waiting.append(found)
        self._added += found.ids.size + len(found.errors)
        if time.monotonic() - self._flushed > _FLUSH:
            self.flush()
        return self._added

    def _first(self, columns: Columns) -> None:
        names = self._kept.attributes["names"]
        sizes: dict[str, int] = {}
        for name, (dims, values) in columns.items():
            for label, size in zip(dims, values.shape[1:], strict=True):
                if label in names or sizes.setdefault(label, size) != size:
                    raise ValueError(
                        f"the function returned {name} with the dimension {label!r}: it is another's"
                    )
            if name in (*names, "status", "error"):
                raise ValueError(f"the function returned the name {name!r}, which the sweep has already")
        with _writing(self._path):
            self._kept.create_variables(columns)
        self._shapes = self._kept.shapes()

    def _misfit(self, columns: Columns) -> str:
        for name in {**self._shapes, **columns}:
            mine, theirs = "nothing", "nothing"
            if name in columns:
                values = columns[name][1]
                mine = form(values.dtype, values.shape[1:])
            if name in self._shapes:
                theirs = form(self._shapes[name][2], self._shapes[name][1])
            if mine != theirs:
                return f"ValueError: {unlike(name, mine, theirs)}"
        return ""

    def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            ids = np.concatenate([found.ids for found in waiting])
            some = [found.columns for found in waiting if found.ids.size]
            columns = {
                name: (dims, np.concatenate([columns[name][1] for columns in some]))
                for name, (dims, _) in (some[0] if some else {}).items()
            }
            errors = {int(self._slots[i]): text for found in waiting for i, text in found.errors.items()}
            with _writing(self._path):
                self._kept.write(self._slots[ids], columns, errors)
                self._kept.note(seconds=round(self._seconds, 3))
        self._flushed = time.monotonic()


class _Sizes:
    """How many points the next batch has, and for how long it may be worked at."""

    def __init__(self, fixed: int | None, left: int, workers: int) -> None:
        self._fixed, self._left, self.workers = fixed, left, workers
        self._mean: float | None = None

    @property
    def seconds(self) -> float:
        """Time after which no further point of a batch is begun."""
        return math.inf if self._fixed else max(_TARGET, self.workers / _RATE)

    def learn(self, found: Found) -> None:
        """Take note of how long points take."""
        count = found.ids.size + len(found.errors)
        if count:
            mean = found.seconds / count
            self._mean = mean if self._mean is None else 0.5 * (self._mean + mean)

    def next(self) -> int:
        """Choose the number of points: fewer near the end, so that all workers end together."""
        if self._fixed is not None:
            size = self._fixed
        else:
            target = _FIRST if not self._mean else int(min(self.seconds / self._mean, _LARGEST))
            least = int(_LEAST * self.seconds / self._mean) if self._mean else 1
            size = min(target, max(least, self._left // (_IN_FLIGHT * self.workers)))
        size = max(1, min(size, self._left))
        self._left -= size
        return size

    def give_back(self, count: int) -> None:
        """Take back points that are to be tried again."""
        self._left += count


class _Batches:
    """Points that are left, in batches."""

    def __init__(self, points: Grid, left: IntArray, sizes: _Sizes) -> None:
        self.sizes = sizes
        self._points = points
        self._left = deque([left] if left.size else [])
        self._alone: deque[int] = deque()

    def next(self) -> Batch | None:
        """Form the next batch of points that are not suspect."""
        if not self._left:
            return None
        wanted = self.sizes.next()
        parts = []
        while wanted and self._left:
            some = self._left.popleft()
            parts.append(some[:wanted])
            if some.size > wanted:
                self._left.appendleft(some[wanted:])
            wanted -= parts[-1].size
        return self._batch(np.concatenate(parts))

    def next_alone(self) -> Batch | None:
        """Form a batch of one suspect point."""
        return self._batch(np.array([self._alone.popleft()]), alone=True) if self._alone else None

    def _batch(self, ids: IntArray, *, alone: bool = False) -> Batch:
        return Batch(ids, self._points.columns(ids), self.sizes.seconds, alone)

    def learn(self, found: Found) -> None:
        """Take note of how long points take, and put back those that were not reached."""
        self.sizes.learn(found)
        self.again(found.left)

    def again(self, ids: IntArray) -> None:
        """Put points back."""
        if ids.size:
            self._left.append(ids)
            self.sizes.give_back(ids.size)

    def suspect(self, ids: IntArray) -> None:
        """Put back points of which one may have ended its worker: in parts, single ones for the end."""
        if ids.size == 1:
            self._alone.append(int(ids[0]))
            return
        for part in np.array_split(ids, min(8, ids.size)):
            if part.size == 1:
                self._alone.append(int(part[0]))
            else:
                self.again(part)


# ---------------------------------------------------------------- on a cluster


def _on_cluster(
    client: Any, work: Work, batches: _Batches, writer: _Writer, advanced: Callable[[int], None]
) -> None:
    """Keep all workers busy; whatever happens comes as an event to this thread."""
    events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    active: dict[str, tuple[Any, Batch]] = {}
    count = 0
    workers = len(client.nthreads())

    def submit(batch: Batch) -> None:
        nonlocal count
        count += 1
        future = client.submit(work, batch, key=f"{work.sweep}-{count}", pure=False)
        active[future.key] = future, batch
        future.add_done_callback(lambda future: events.put(("done", future.key)))

    def hung(event: tuple[float, Mapping[str, Any]]) -> None:
        if event[1].get("sweep") == work.sweep:
            events.put(("hung", event[1]["point"]))

    if work.timeout is not None:
        client.subscribe_topic(TOPIC, hung)
    try:
        asked, room = -math.inf, 0
        while True:
            if time.monotonic() - asked > _PATIENCE:  # workers come and go
                asked, batches.sizes.workers = time.monotonic(), _threads_of(client)
                room = _IN_FLIGHT * batches.sizes.workers
            while len(active) < room and (batch := batches.next()):
                submit(batch)
            if not active:
                if (batch := batches.next_alone()) is None:
                    return
                submit(batch)
            try:
                what, which = events.get(timeout=_PATIENCE)
            except queue.Empty:
                _revive(client, workers)
            else:
                _handle(what, which, client, work, active, batches, writer, advanced)
    finally:
        if work.timeout is not None:
            client.unsubscribe_topic(TOPIC)
        if active:
            client.cancel([future for future, _ in active.values()], force=True)


def _threads_of(client: Any) -> int:
    threads: int = sum(client.nthreads().values())
    return max(1, threads)


def _revive(client: Any, workers: int) -> None:
    """Start workers anew where the client's own cluster has given all of them up.

    It does so with processes that die too often in a row; elsewhere workers come when they come.
    """
    if not client.nthreads() and hasattr(client.cluster, "scale"):
        client.cluster.scale(workers)


def _handle(
    what: str,
    which: Any,
    client: Any,
    work: Work,
    active: dict[str, tuple[Any, Batch]],
    batches: _Batches,
    writer: _Writer,
    advanced: Callable[[int], None],
) -> None:
    from distributed.scheduler import KilledWorker

    if what == "hung":
        owner = [key for key, (_, batch) in active.items() if which in batch.ids]
        for key in owner:
            future, batch = active.pop(key)
            client.cancel([future], force=True)
            text = f"TimeoutError: the point took longer than {work.timeout:g} s"
            advanced(writer.add(nothing_but({int(which): text})))
            batches.again(batch.ids[batch.ids != which])
        return
    if which not in active:
        return  # cancelled
    future, batch = active.pop(which)
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        if batch.alone:
            text = "the worker process died of it, each time it was tried"
            advanced(writer.add(nothing_but({int(batch.ids[0]): text})))
        else:
            batches.suspect(batch.ids)
    elif error is not None:
        raise RuntimeError(f"client: its workers cannot run the function: {described(error)}") from error
    elif (found := _gathered(client, future)) is not None:
        batches.learn(found)
        advanced(writer.add(found))
    elif client.status == "running":
        batches.again(batch.ids)  # the worker died before its answer was fetched
    else:
        raise RuntimeError(f"client: it is {client.status}: is the scheduler still there?")
    future.release()


def _gathered(client: Any, future: Any) -> Found | None:
    """Fetch a result, if it is still there."""
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    while future.status == "finished":
        try:
            found: Found = future.result(timeout=_PATIENCE)
        except TimeoutError:  # an OSError
            # The worker may have died with it meanwhile, which the client does not always learn.
            if not any(client.who_has([future]).values()):
                return None
        except (FutureCancelledError, KilledWorker, OSError):
            return None
        else:
            return found
    return None


# ---------------------------------------------------------------- what is returned


def _dataset(points: Grid, kept: Store, slots: IntArray) -> xarray.Dataset:
    data: dict[str, Any] = {}
    for name, dims in kept.variables().items():
        values = kept.read(name, slots)
        data[name] = (*points.dims, *dims), values.reshape(*points.shape, *values.shape[1:])
    failed = int(np.count_nonzero(kept.status[slots] == FAILED))
    if failed:
        data["error"] = points.dims, np.array(kept.errors(slots)).reshape(points.shape)
    coordinates = {
        name: (name if points.product else "point", _sweep_grid.as_array(axis))
        for name, axis in zip(points.names, points.axes, strict=True)
    }
    attributes = {
        name: value if isinstance(value, (str, int, float)) else json.dumps(value)
        for name, value in kept.attributes.items()
        if name not in ("variables", "grid", "seconds")
    }
    return xarray.Dataset(data, coordinates, attributes | {"points": points.size, "failed": failed})


@dataclass(frozen=True)
class Status:
    """How far the sweep of a store is.

    Attributes
    ----------
    points, done, failed, left : int
    seconds : float
        That its points took, in all.
    first_error : str
        Of the first point that failed.

    Examples
    --------
    >>> from lidfast.sweeps import Status
    >>> Status(points=4, done=2, failed=1, left=1, seconds=3.0, first_error="ValueError: no").left
    1
    """

    points: int
    done: int
    failed: int
    left: int
    seconds: float
    first_error: str


def status(store: str | os.PathLike[str]) -> Status:
    """Look at the store of a sweep, which may be going on.

    Parameters
    ----------
    store : path

    Returns
    -------
    Status

    Raises
    ------
    ValueError
        Where there is no store of a sweep.

    Examples
    --------
    >>> import tempfile, lidfast
    >>> from lidfast.sweeps import status
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = f"{folder}/run.zarr"
    ...     _ = lidfast.sweep(lambda x: 1 / x, {"x": [0, 1, 2]}, seed=0, store=store)
    ...     found = status(store)
    >>> found.done, found.failed, found.first_error  # doctest: +ELLIPSIS
    (2, 1, 'ZeroDivisionError: division by zero (...)')
    """
    kept = Store.open(Path(store), reading=True)
    failed = np.flatnonzero(kept.status == FAILED)
    done = int(np.count_nonzero(kept.status == DONE))
    first = kept.errors(failed[:1])[0] if failed.size else ""
    seconds = float(kept.attributes.get("seconds", 0.0))
    return Status(kept.status.size, done, failed.size, kept.status.size - done - failed.size, seconds, first)
