"""Grids of a sweep: points, what they are called, and the seed of each."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._check import IntArray

Value = int | float | str

_LISTED = 1000  # values of an axis that the attributes list


@dataclass(frozen=True)
class Grid:
    """Points of a sweep, in the order of their ids: the last axis of a product varies fastest.

    Attributes
    ----------
    names : list of str
    axes : list of list
        Of a product the values of each axis, of a table the column of each name.
    product : bool
    """

    names: list[str]
    axes: list[list[Value]]
    product: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions of what is returned."""
        return tuple(len(axis) for axis in self.axes) if self.product else (len(self.axes[0]),)

    @property
    def dims(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.names) if self.product else ("point",)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    def described(self) -> Any:
        """Describe it for people: axes that are not too long for that, or what it is."""
        if not self.product:
            return f"a table of {self.size} points"
        return {
            name: axis if len(axis) <= _LISTED else f"{len(axis)} values from {axis[0]} to {axis[-1]}"
            for name, axis in zip(self.names, self.axes, strict=True)
        }

    def columns(self, ids: IntArray) -> list[list[Value]]:
        """Values of some points, by name."""
        if not self.product:
            return [[axis[i] for i in ids] for axis in self.axes]
        where = np.unravel_index(ids, self.shape)
        return [[axis[i] for i in index] for axis, index in zip(self.axes, where, strict=True)]

    def coordinates(self, ids: IntArray) -> dict[str, NDArray[Any]]:
        """Return them as arrays of one type for each name."""
        where = np.unravel_index(ids, self.shape) if self.product else [ids] * len(self.names)
        return {
            name: as_array(axis)[index]
            for name, axis, index in zip(self.names, self.axes, where, strict=True)
        }


def as_array(values: Sequence[Value]) -> NDArray[Any]:
    """Put an axis in an array: int64, float64, or text."""
    if isinstance(values[0], str):
        return np.array(values, dtype=str)
    return np.array(values, dtype=np.int64 if set(map(type, values)) == {int} else np.float64)


def read(grid: Any) -> Grid:
    """Check a grid: a mapping of names to values, pairs of them, or a table of points."""
    frame = getattr(grid, "columns", None)
    if frame is not None:  # of pandas or polars
        _distinct(list(frame))
        names = [_name(name) for name in frame]
        axes = [_values(name, list(grid[name])) for name in names]
        return _table(names, axes)
    if isinstance(grid, Mapping):
        grid = list(grid.items())
    if not isinstance(grid, Iterable) or isinstance(grid, str):
        raise TypeError(f"grid must map names to values or be a table of points, not {type(grid).__name__}")
    entries = list(grid)
    if not entries:
        raise ValueError("grid is empty: it has no names")
    if all(isinstance(point, Mapping) for point in entries):
        names = [_name(name) for name in entries[0]]
        for i, point in enumerate(entries):
            if list(point) != names and set(point) != set(names):
                raise ValueError(f"grid[{i}] has the names {sorted(map(str, point))}, not {sorted(names)}")
        return _table(names, [_values(name, [point[name] for point in entries]) for name in names])
    if not all(isinstance(entry, tuple) and len(entry) == 2 for entry in entries):
        raise TypeError(
            "grid must map names to values, or be a table: a data frame or a sequence of mappings"
        )
    _distinct([name for name, _ in entries])
    names = [_name(name) for name, _ in entries]
    axes = [_axis(name, values) for name, values in entries]
    for name, axis in zip(names, axes, strict=True):
        _no_repeats(f"grid[{name!r}]", axis)
    return Grid(names, axes, product=True)


def _table(names: list[str], axes: list[list[Value]]) -> Grid:
    if not names:
        raise ValueError("grid is empty: it has no names")
    _no_repeats("grid", list(zip(*axes, strict=True)))
    return Grid(names, axes, product=False)


def _distinct(names: list[Any]) -> None:
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ValueError(f"grid has the name {name!r} twice")


_TAKEN = ("rng", "seed", "point", "status", "error", "byte")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier() or name in _TAKEN:
        raise ValueError(
            f"grid has the name {name!r}: it must be an identifier, and none of {', '.join(_TAKEN)}"
        )
    return name


def _axis(name: str, values: Any) -> list[Value]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        values = [values]
    return _values(name, values.tolist() if isinstance(values, np.ndarray) else list(values))


def _values(name: str, values: list[Any]) -> list[Value]:
    if not values:
        raise ValueError(f"grid[{name!r}] has no values: 0 points")
    kinds = set(map(type, values))
    if kinds <= {int} and -(2**63) <= min(values) <= max(values) < 2**63:
        return values
    out = [_value(f"grid[{name!r}][{i}]", value) for i, value in enumerate(values)]
    if len({isinstance(value, str) for value in out}) > 1:
        raise TypeError(f"grid[{name!r}] mixes numbers and text")
    return out


def _value(place: str, value: Any) -> Value:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        whole = int(value)
        if not -(2**63) <= whole < 2**63:
            raise ValueError(f"{place} is {value}: it must be within 64 bits")
        return whole
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise ValueError(f"{place} is {value}: it must be finite")
        return float(value)
    raise TypeError(f"{place} must be a number or text, not {type(value).__name__}")


def _no_repeats(what: str, points: Sequence[Any]) -> None:
    if len(set(points)) == len(points):
        return
    seen: dict[Any, int] = {}
    for i, point in enumerate(points):
        if (first := seen.setdefault(point, i)) != i:  # 1 == 1.0 here, too
            raise ValueError(f"{what}[{i}] repeats {what}[{first}]")


def canonical(value: Value) -> bytes:
    """Write a value in bytes: equal numbers alike, whatever their type."""
    if isinstance(value, str):
        raw = value.encode()
        return b"s" + struct.pack("<q", len(raw)) + raw
    if isinstance(value, int) or (value.is_integer() and -(2**63) <= value < 2**63):
        return b"i" + struct.pack("<q", int(value))
    return b"f" + struct.pack("<d", value)


class Seeds:
    """SeedSequence of each point: of the sweep's seed and the point's values on some axes."""

    def __init__(self, seed: np.random.SeedSequence, names: Sequence[str], axes: Iterable[str]) -> None:
        self._entropy = np.atleast_1d(np.asarray(seed.entropy, dtype=object)).tolist()
        self._spawn_key = seed.spawn_key
        chosen = set(axes)
        self._used = sorted((name, i) for i, name in enumerate(names) if name in chosen)

    def __call__(self, point: Sequence[Value]) -> np.random.SeedSequence:
        """Seed of a point, given its values by name."""
        raw = b"".join(canonical(name) + canonical(point[i]) for name, i in self._used)
        words = np.frombuffer(hashlib.sha256(raw).digest(), dtype="<u4").tolist()
        return np.random.SeedSequence([*self._entropy, *words], spawn_key=self._spawn_key)


def keys(columns: Sequence[Sequence[Value]]) -> list[bytes]:
    """Write each point in bytes; columns by sorted name."""
    written = [[canonical(value) for value in column] for column in columns]
    return [b"".join(parts) for parts in zip(*written, strict=True)]
