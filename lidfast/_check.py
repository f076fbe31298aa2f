"""Checking of arguments: once, here, with errors that name the argument and the first bad index.

A constraint is data (a Range), and goes with the name of the argument to one routine.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """The values an argument may take; NaN is never among them."""

    low: float = -np.inf
    high: float = np.inf
    low_open: bool = False
    high_open: bool = False
    signed_zero: bool = True  # whether -0.0 counts as 0

    def __str__(self) -> str:
        if self.low == -np.inf and self.high == np.inf:
            return "finite" if self.low_open and self.high_open else "a number"
        if self.high == np.inf:
            sign = "" if self.signed_zero else "+"
            bound = f"{'>' if self.low_open else '>='} {sign}{self.low:.15g}"
            return f"finite and {bound}" if self.high_open else bound
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"in {left}{self.low:.15g}, {self.high:.15g}{right}"

    def first_bad(self, x: FloatArray) -> int:
        """Index of the first element outside, in C order, of a C-contiguous x; x.size if there is none."""
        flat = x.reshape(-1)
        return _core.first_outside(flat, self.low, self.high, self.low_open, self.high_open, self.signed_zero)


REAL = Range(low_open=True, high_open=True)
POSITIVE = Range(0, low_open=True, high_open=True)
POSITIVE_OR_INF = Range(0, low_open=True)
NON_NEGATIVE = Range(0, high_open=True)
PROBABILITY = Range(0, 1)
POSITIVE_PROBABILITY = Range(0, 1, low_open=True)
LEVEL = Range(1e-12, 0.999999999999)  # of confidence


def place(name: str, index: tuple[np.integer[Any] | int, ...]) -> str:
    """Name an element: s, s[3] or s[1, 2]."""
    return f"{name}[{', '.join(str(int(i)) for i in index)}]" if index else name


def first(bad: NDArray[np.bool_]) -> tuple[int, ...]:
    """Index of the first true element."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))


def reject(name: str, x: NDArray[Any], bad: NDArray[np.bool_], what: str) -> None:
    """Raise ValueError for the first element of x that is bad, if any: '<name>[i] is <x>: <what>'."""
    if bad.any():
        raise _outside(name, x, first(bad), what)


def _outside(name: str, x: NDArray[Any], index: tuple[np.integer[Any] | int, ...], what: str) -> ValueError:
    return ValueError(f"{place(name, index)} is {x[index]}: it must be {what}")


def _numbers(name: str, x: ArrayLike, kinds: str) -> NDArray[Any]:
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} is ragged: its rows differ in length") from None
    if array.dtype.kind not in kinds and not (array.size == 0 and array.dtype.kind == "f"):
        raise TypeError(f"{name} must hold real numbers, not {array.dtype}")
    return array


def array(name: str, x: ArrayLike, within: Range = REAL) -> FloatArray:
    """float64 array of any shape, C-contiguous."""
    numbers = np.require(_numbers(name, x, "biuf"), dtype=np.float64, requirements=["C", "A"])
    bad = within.first_bad(numbers)
    if bad < numbers.size:
        raise _outside(name, numbers, np.unravel_index(bad, numbers.shape), str(within))
    return numbers


def real(name: str, x: ArrayLike, finite: bool = True) -> NDArray[Any]:
    """Array of any shape and strides: float32 stays float32, all else becomes float64."""
    numbers = _numbers(name, x, "biuf")
    single = numbers.dtype.kind == "f" and numbers.itemsize == 4
    numbers = numbers.astype(np.float32 if single else np.float64, copy=False)
    if finite:
        reject(name, numbers, ~np.isfinite(numbers), str(REAL))
    return numbers


def vector(name: str, x: ArrayLike, within: Range = REAL) -> FloatArray:
    """float64 array of one dimension, not empty; a scalar counts as one element."""
    return _one_dimension(name, array(name, x, within))


def _one_dimension(name: str, x: NDArray[Any]) -> NDArray[Any]:
    numbers = np.atleast_1d(x)
    if numbers.ndim != 1:
        raise ValueError(f"{name} has shape {numbers.shape}: it must have one dimension")
    if numbers.size == 0:
        raise ValueError(f"{name} is empty")
    return numbers


def scalar(name: str, x: Any, within: Range = REAL) -> float:
    """One float."""
    number = array(name, x, within)
    if number.ndim:
        raise TypeError(f"{name} must be one number, not an array of shape {number.shape}")
    return float(number)


def integers(name: str, x: ArrayLike, low: int = 0, high: int = 2**53) -> IntArray:
    """int64 array of any shape, C-contiguous, in [low, high]; floats must be whole."""
    numbers = _numbers(name, x, "biuf")
    reject(name, numbers, ~((numbers >= low) & (numbers <= high)), f"an integer in [{low}, {high}]")
    whole = np.require(numbers, dtype=np.int64, requirements="C")
    if numbers.dtype.kind == "f":
        reject(name, numbers, whole != numbers, "an integer")
    return whole


def integer_vector(name: str, x: ArrayLike, low: int = 0, high: int = 2**53) -> IntArray:
    """int64 array of one dimension, not empty, in [low, high]; a scalar counts as one element."""
    return _one_dimension(name, integers(name, x, low, high))


def integer(name: str, x: Any, low: int = 0, high: int = 2**53) -> int:
    """One int in [low, high]."""
    try:
        number = operator.index(x)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {type(x).__name__}") from None
    if not low <= number <= high:
        raise ValueError(f"{name} is {number}: it must be an integer in [{low}, {high}]")
    return number


def same_size(name: str, x: NDArray[Any], other: str, size: int) -> None:
    """Raise ValueError where a vector is not as long as another argument."""
    if x.size != size:
        raise ValueError(f"{name} has {x.size} elements and {other} {size}: they must agree")


def choice(name: str, x: str, among: tuple[str, ...]) -> str:
    """One of a few words."""
    if x not in among:
        raise ValueError(f"{name} is {x!r}: it must be one of {', '.join(map(repr, among))}")
    return x


def broadcast(**arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Arrays broadcast against each other; the error names them and their shapes."""
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(f"shapes do not broadcast: {shapes}") from None


def broadcast_shapes(what: str, **shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Broadcast shapes against each other; the error names them."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{what} does not broadcast: {listed}") from None


def output(
    name: str, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], *, any_order: bool = False
) -> None:
    """Look at an array that a kernel is to write; any_order lets Fortran's through."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} must be an array, not {type(out).__name__}")
    contiguous = out.flags.c_contiguous or (any_order and out.flags.f_contiguous)
    if not (contiguous and out.flags.writeable and out.flags.aligned and out.dtype.isnative):
        order = "contiguous" if any_order else "C-contiguous"
        raise ValueError(f"{name} must be {order}, aligned, writable and of the machine's byte order")
    if out.dtype != dtype:
        raise TypeError(f"{name} has dtype {out.dtype}: it must be {dtype}")
    if out.shape != shape:
        raise ValueError(f"{name} has shape {out.shape}: it must be {shape}")
