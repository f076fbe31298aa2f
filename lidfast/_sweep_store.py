"""The store of a sweep: a Zarr group of arrays over points, in which a point is there or not.

Chunks are files that are written whole or not at all. Of the points of a write the values come first and
their status last, so what is cut off in between is as if it had never been begun. One process writes
at a time: the lock is the operating system's, and ends with the process.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from ._check import IntArray

MISSING, DONE, FAILED = 0, 1, 2

_ERROR_BYTES = 1000  # of UTF-8 that are kept of an error's text
_CHUNK = 4096  # points of a chunk
_CHUNK_NUMBERS = 2**18  # of a chunk, at most

#: What a point has by the name of a variable: its own dimensions, and the values of some points.
Columns = Mapping[str, tuple[tuple[str, ...], NDArray[Any]]]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings that fixed-length text has no final specification yet in Zarr 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Store:
    """Points of a sweep; in a directory they may be more than a call asks for."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self.status: NDArray[np.int8] = group["status"][:]

    @classmethod
    def create(
        cls, path: Path | None, coordinates: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any]
    ) -> Store:
        """Make a store none of whose points is there; a directory takes its name when it is whole."""
        points = next(iter(coordinates.values())).size
        if path is None:
            return cls(
                _fill(zarr.open_group(zarr.storage.MemoryStore(), mode="w"), coordinates, attributes, points)
            )
        building = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with _quiet():
                _fill(zarr.open_group(building, mode="w"), coordinates, attributes, points)
            building.rename(path)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, reading: bool = False) -> Store:
        """Open a store to go on with, or to look at."""
        try:
            with _quiet():
                store = cls(zarr.open_group(path, mode="r" if reading else "r+"))
            return store if "function" in store.attributes else _refuse(path, "it has no attributes of one")
        except (FileNotFoundError, FileExistsError, NotADirectoryError, KeyError, ValueError) as error:
            return _refuse(path, str(error))

    @property
    def attributes(self) -> dict[str, Any]:
        """What the store was made with."""
        return dict(self._group.attrs)

    def note(self, **attributes: Any) -> None:
        """Replace some attributes."""
        self._group.attrs.update(attributes)

    def coordinates(self, names: list[str]) -> dict[str, NDArray[Any]]:
        """Coordinates of all points."""
        with _quiet():
            return {name: self._group[name][: self.status.size] for name in names}

    def append(self, coordinates: Mapping[str, NDArray[Any]]) -> None:
        """Add points, which are not there yet."""
        old = self.status.size
        new = old + next(iter(coordinates.values())).size
        with _quiet():
            for name, values in coordinates.items():
                array = self._group[name]
                if np.result_type(array.dtype, values.dtype) != array.dtype:
                    known = array[:old]
                    array = _array(self._group, name, ("point",), (new,), np.result_type(known, values), 0)
                    array[:old] = known
                array.resize((new,))
                array[old:] = values
            for name in ("error", *self.variables()):
                array = self._group[name]
                array.resize((new, *array.shape[1:]))
            self._group["status"].resize((new,))  # last: it says how many points there are
        self.status = self._group["status"][:]

    def variables(self) -> dict[str, tuple[str, ...]]:
        """Own dimensions of each variable, known from the first point that was computed."""
        return {name: tuple(dims) for name, dims in self._group.attrs.get("variables", {}).items()}

    def shapes(self) -> dict[str, tuple[tuple[str, ...], tuple[int, ...], Any]]:
        """Dimensions, shape and dtype of what a point has of each variable."""
        with _quiet():
            arrays = {name: (dims, self._group[name]) for name, dims in self.variables().items()}
            return {name: (dims, array.shape[1:], array.dtype) for name, (dims, array) in arrays.items()}

    def create_variables(self, columns: Columns) -> None:
        """Make room for the variables that a first point has."""
        with _quiet():
            for name, (dims, values) in columns.items():
                shape = (self.status.size, *values.shape[1:])
                fill = "" if values.dtype.kind == "U" else np.nan
                _array(self._group, name, ("point", *dims), shape, values.dtype, fill)
        self.note(variables={name: list(dims) for name, (dims, _) in columns.items()})

    def write(self, slots: IntArray, columns: Columns, errors: Mapping[int, str]) -> None:
        """Put computed points, and what went wrong with others, in their places."""
        with _quiet():
            for name, (_, values) in columns.items():
                _put(self._group[name], slots, values)
            if errors:
                text = np.zeros((len(errors), _ERROR_BYTES), dtype=np.uint8)
                for row, message in zip(text, errors.values(), strict=True):
                    raw = message.encode()[:_ERROR_BYTES]
                    row[: len(raw)] = np.frombuffer(raw, dtype=np.uint8)
                _put(self._group["error"], np.array(list(errors)), text)
            self.status[slots], self.status[list(errors)] = DONE, FAILED
            every = np.concatenate([slots, np.array(list(errors), dtype=np.int64)])
            _put(self._group["status"], every, self.status[every])

    def read(self, name: str, slots: IntArray) -> NDArray[Any]:
        """Values that points have of a variable."""
        with _quiet():
            values: NDArray[Any] = self._group[name][: self.status.size]
        return values[slots]

    def errors(self, slots: IntArray) -> list[str]:
        """Say what went wrong with each of some points, if anything."""
        failed = np.flatnonzero(self.status[slots] == FAILED)
        out = [""] * slots.size
        for i in failed:
            out[i] = bytes(self._group["error"][int(slots[i])]).rstrip(b"\0").decode(errors="ignore")
        return out


def _refuse(path: Path, why: str) -> Store:
    raise ValueError(f"store: {path} is not the store of a sweep ({why})")


def _fill(
    group: Any, coordinates: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any], points: int
) -> Any:
    with _quiet():
        for name, values in coordinates.items():
            _array(group, name, ("point",), (points,), values.dtype, 0)[:] = values
        _array(group, "status", ("point",), (points,), np.dtype(np.int8), MISSING)
        _array(group, "error", ("point", "byte"), (points, _ERROR_BYTES), np.dtype(np.uint8), 0)
        group.attrs.update(attributes)
    return group


def _array(
    group: Any, name: str, dims: tuple[str, ...], shape: tuple[int, ...], dtype: Any, fill: Any
) -> Any:
    own = int(np.prod(shape[1:], dtype=np.int64))
    along = max(1, min(_CHUNK, _CHUNK_NUMBERS // max(own, 1)))
    if np.dtype(dtype).kind == "U":
        fill = ""
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        chunks=(along, *(max(1, n) for n in shape[1:])),
        dimension_names=dims,
        fill_value=fill,
        overwrite=True,
    )


def _put(array: Any, slots: IntArray, values: NDArray[Any]) -> None:
    """Write each chunk once, whatever slots of it there are."""
    order = np.argsort(slots)
    slots, values = slots[order], values[order]
    for part in np.split(np.arange(slots.size), np.flatnonzero(np.diff(slots // array.chunks[0])) + 1):
        if part.size:
            first, end = int(slots[part[0]]), int(slots[part[-1]]) + 1
            block = values[part]
            if part.size < end - first:
                block = array[first:end]
                block[slots[part] - first] = values[part]
            array[first:end] = block


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Hold the lock of a store, which another process may hold."""
    if path is None:
        with nullcontext():
            yield
        return
    import fcntl

    beside = path.with_name(f".{path.name}.lock")
    with beside.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"store: {path} is being written by another process") from None
        yield
