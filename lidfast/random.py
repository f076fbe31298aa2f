"""Random variates with NumPy's method names, from streams that do not depend on the threads.

Output i of call j of a generator is a pure function of (seed, j, i): docs/streams.md says which.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import copysign
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _check, _quantiles, _random
from ._check import FloatArray, Range

Size = SupportsIndex | Sequence[SupportsIndex] | None
Seed = int | Sequence[int] | np.random.SeedSequence | np.random.Generator | None

# The laws in the order of src/random/random.h.
LAWS = (
    "uniform",
    "quantile",
    "quantile_floor",
    "pareto",
    "weibull",
    "lognormal",
    "gamma",
    "chisquare",
    "inverse_gamma",
    "student_t",
    "beta",
    "stable",
    "geometric",
    "binomial",
    "poisson",
    "zipf",
)
_CODE = {law: code for code, law in enumerate(LAWS)}
_FLOAT64 = np.float64
_DTYPES = {np.dtype(np.float64): 0, np.dtype(np.float32): 1, np.dtype(np.int64): 2}
_NUMBERS = frozenset((float, int, np.float64, np.int64))  # parameters that need no look for their shape
_LARGEST = 2.0**63  # what zipf's kernels take for all that int64 holds

_POSITIVE = _check.POSITIVE
_NON_NEGATIVE = Range(0, high_open=True, signed_zero=False)  # as in NumPy: -0.0 is negative

# A parameter as kernels take it: none, a number, or an array of one value or a value for each variate.
_Value = float | FloatArray | None
_Values = tuple[_Value, _Value, _Value, _Value]  # the law's a and b, then loc and scale


def _as_given(a: _Value = None, b: _Value = None) -> _Values:
    return a, b, None, None


@dataclass(frozen=True)
class _Method:
    """How a method draws: what its parameters may be, and which law they give."""

    law: str
    parameters: tuple[tuple[str, Range], ...] = ()
    values: Callable[..., _Values] = _as_given
    integer: bool = False
    table: bool = False  # whether fixed parameters of the law may go by a table
    whole: tuple[str, ...] = ()  # parameters that are integers


_METHODS = {
    "random": _Method("uniform"),
    "standard_normal": _Method("normal", table=True),
    "standard_exponential": _Method("exponential", table=True),
    "standard_gamma": _Method("gamma", (("shape", _NON_NEGATIVE),), table=True),
    "normal": _Method(
        "normal",
        (("loc", _check.REAL), ("scale", _NON_NEGATIVE)),
        lambda loc, scale: (None, None, loc, scale),
        table=True,
    ),
    "uniform": _Method(
        "uniform",
        (("low", Range()), ("high", Range())),  # an infinity: see _uniform_range
        lambda low, high: (None, None, low, high - low),
    ),
    "exponential": _Method(
        "exponential",
        (("scale", _NON_NEGATIVE),),
        lambda scale: (None, None, 0.0, scale),
        table=True,
    ),
    "gamma": _Method(
        "gamma",
        (("shape", _NON_NEGATIVE), ("scale", _NON_NEGATIVE)),
        lambda shape, scale: (shape, None, 0.0, scale),
        table=True,
    ),
    "inverse_gamma": _Method(
        "inverse_gamma",
        (("shape", _POSITIVE), ("scale", _NON_NEGATIVE)),
        lambda shape, scale: (shape, None, 0.0, scale),
        table=True,
    ),
    "chisquare": _Method("chisquare", (("df", _POSITIVE),), table=True),
    "standard_t": _Method("student_t", (("df", _check.POSITIVE_OR_INF),), table=True),
    "beta": _Method("beta", (("a", _POSITIVE), ("b", _POSITIVE)), table=True),
    "pareto": _Method("pareto", (("a", _POSITIVE),), table=True),
    "weibull": _Method("weibull", (("a", _NON_NEGATIVE),), table=True),
    "lognormal": _Method("lognormal", (("mean", _check.REAL), ("sigma", _NON_NEGATIVE))),
    "levy_stable": _Method("stable", (("alpha", Range(0, 2, low_open=True)), ("beta", Range(-1, 1)))),
    "geometric": _Method("geometric", (("p", _check.POSITIVE_PROBABILITY),), integer=True),
    "binomial": _Method(
        "binomial", (("n", Range(0, 2**53)), ("p", _check.PROBABILITY)), integer=True, whole=("n",)
    ),
    "poisson": _Method("poisson", (("lam", Range(0, 2.0**63 - 10 * 2.0**31.5)),), integer=True),
    "zipf": _Method(
        "zipf",
        (("a", _check.NON_NEGATIVE), ("n", Range(1))),
        lambda a, n: (a, np.minimum(n, _LARGEST), None, None),
        integer=True,
        table=True,
    ),
}


def _plan(method: str, values: _Values) -> _random.Plan:
    """Choose the kernel: a table where the law's parameters are numbers, and it has one."""
    m = _METHODS[method]
    a, b, loc, scale = values
    if isinstance(loc, float) and loc == 0 and isinstance(scale, float) and scale == 1:
        loc = scale = None
    law, table = m.law, None
    if m.table and not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
        table = _table(law, tuple(p for p in (a, b) if p is not None))
    if table is not None:
        law = "quantile_floor" if m.integer else "quantile"
    return _random.Plan(_CODE[law], m.integer, table, a, b, loc, scale)


@lru_cache(maxsize=32)
def _table(law: str, parameters: tuple[float, ...]) -> _random.Table | None:
    return _quantiles.table(law, parameters)


@lru_cache(maxsize=32)
def _fixed(method: str, *parameters: Any) -> _random.Plan:
    """Check numbers, and plan for them: once for each value."""
    return _plan(method, _values(method, parameters, ())[0])


def _values(
    method: str, parameters: tuple[ArrayLike, ...], shape: tuple[int, ...] | None
) -> tuple[_Values, tuple[int, ...]]:
    """Check the parameters: their values, spread to a shape (None: their own), and that shape."""
    m = _METHODS[method]
    arrays = []
    for (name, within), given in zip(m.parameters, parameters, strict=True):
        value = _numbers(given)
        if name in m.whole:
            arrays.append(_check.integers(name, value, int(within.low), int(within.high)).astype(float))
        else:
            arrays.append(_check.array(name, value, within))
    if method in _RELATIONS:
        _RELATIONS[method](*arrays)
    try:
        own = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        listed = ", ".join(f"{name} {a.shape}" for (name, _), a in zip(m.parameters, arrays, strict=True))
        raise ValueError(f"shapes do not broadcast: {listed}") from None
    if shape is None:
        shape = own
    elif not _fits(own, shape):
        raise ValueError(f"size {shape} does not hold the parameters' shape {own}")
    # One value serves all; anything else is laid out, a value for each variate. What comes in an array
    # stays one, even alone: the first variates of an array's draw do not depend on its length.
    spread = [
        float(a)
        if a.ndim == 0
        else a.reshape(1)
        if a.size == 1
        else np.ascontiguousarray(np.broadcast_to(a, shape)).ravel()
        for a in arrays
    ]
    return m.values(*spread), shape


def _numbers(x: ArrayLike) -> ArrayLike:
    """Turn what only Python knows as a number (a fraction, an int beyond 64 bits) into floats.

    What is no number comes back as it is: the check of the argument names it.
    """
    if isinstance(x, np.ndarray):
        # a scalar of a subclass (masked, with a unit) may refuse to be a float, or be NaN
        return x if x.ndim or type(x) is np.ndarray else float(x)
    try:
        array = np.asarray(x)
        if array.dtype.kind != "O":
            return array
        return np.array([float(value) for value in array.flat]).reshape(array.shape)
    except (TypeError, ValueError):
        return x


def _uniform_range(low: FloatArray, high: FloatArray) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.broadcast_arrays(low, high)
        width = high - low
    if not np.isfinite(width).all():
        raise OverflowError("high - low is beyond the largest double")
    _check.reject("high", high, width < 0, "at least low")


def _zipf_range(a: FloatArray, n: FloatArray) -> None:
    a, n = np.broadcast_arrays(a, n)
    _check.reject("a", a, (a <= 1) & (n == math.inf), "> 1 where n is not given")


_RELATIONS: dict[str, Callable[..., None]] = {"uniform": _uniform_range, "zipf": _zipf_range}


def _quantile(method: str, parameters: tuple[float, ...], words: NDArray[np.uint64]) -> FloatArray:
    """Return the variates of scale 1 that words give by the method's table; LookupError without one."""
    law = _METHODS[method]
    ones = (1.0,) * (len(law.parameters) - len(parameters))
    (a, b, _, scale), _ = _values(method, (*parameters, *ones), ())
    table = _table(law.law, tuple(float(p) for p in (a, b) if p is not None)) if law.table else None
    if table is None:
        raise LookupError(f"{method}{parameters} is not drawn from a table")
    padded = np.zeros(-(-words.size // 8) * 8, np.uint64)
    padded[: words.size] = words
    out = np.empty(padded.size)
    table.quantiles(padded, out)
    out = out[: words.size]
    return np.floor(out) if law.integer else out * (1.0 if scale is None else scale)


_random.set_basis(_table("normal", ()), _table("exponential", ()))


class Generator(_random.Streams):
    """Random variates from counter-keyed streams.

    Parameters
    ----------
    seed : None, int, sequence of int or numpy.random.SeedSequence
        None takes entropy from the system.

    Notes
    -----
    Methods have the names, parameters and laws of :class:`numpy.random.Generator`, other bits, and
    these promises: the result does not depend on the number of threads; the first m variates of a
    draw of n are those of a draw of m (with array parameters: of their first m values); each call
    takes one number of the generator's call counter, atomically, so threads may share it. Two draws
    of 5 are two calls: they are not one draw of 10.
    Bits are promised for one instruction-set level.

    A law with fixed parameters is drawn by its quantile function, from a table that is made at the
    first call with these parameters (below a millisecond) and kept for later ones, and whose error is at most
    1e-9 of the probability of the nearer tail; parameters in arrays, and those
    that no table serves, by exact methods.

    Differences from NumPy, besides the bits:

    * Every method takes ``out=``, by keyword where NumPy's has none; `inverse_gamma`, `levy_stable` and
      the ``n`` of `zipf` are new. There is no ``bit_generator``: see `state` and `numpy`.
    * Parameters that are NaN or infinite raise ValueError, where NumPy draws NaN from most of them;
      only the df of `standard_t` may be infinite, which gives the normal.
    * The n of `binomial` is whole and at most 2^53, in arrays of any numeric dtype: NumPy truncates
      numbers and refuses float arrays.
    * Errors name the argument and its first bad index. Text in place of numbers, and an ``out`` that
      is no array, raise TypeError (NumPy: ValueError); a method of `standard_exponential` that is
      neither "zig" nor "inv" raises ValueError (NumPy: nothing).
    * Arrays of long doubles are rounded to double precision, where NumPy refuses them.

    Examples
    --------
    >>> import lidfast
    >>> rng = lidfast.random.default_rng(0)
    >>> rng.standard_normal(3).shape
    (3,)
    >>> again = lidfast.random.default_rng(0)
    >>> bool((again.random(5)[:2] == lidfast.random.default_rng(0).random(2)).all())
    True
    """

    def __init__(self, seed: int | Sequence[int] | np.random.SeedSequence | None = None) -> None:
        sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        self._lock = threading.Lock()  # of the sequence; calls are counted atomically by Streams
        self._restore(sequence, 0)

    def _restore(self, sequence: np.random.SeedSequence, calls: int) -> None:
        self._sequence = sequence
        self._rekey(np.asarray(sequence.generate_state(4, np.uint64), np.uint64), calls)

    def __repr__(self) -> str:
        return f"lidfast.random.Generator(entropy={self._sequence.entropy}, calls={self._count()})"

    # ------------------------------------------------------------ state

    @property
    def state(self) -> dict[str, Any]:
        """Everything the generator's future depends on, in plain Python numbers.

        Examples
        --------
        >>> import lidfast
        >>> rng = lidfast.random.default_rng(1)
        >>> state = rng.state
        >>> first = rng.random()
        >>> rng.state = state
        >>> rng.random() == first
        True
        """
        with self._lock:
            return {
                "entropy": _plain(self._sequence.entropy),
                "spawn_key": tuple(int(key) for key in self._sequence.spawn_key),
                "pool_size": self._sequence.pool_size,
                "children": self._sequence.n_children_spawned,
                "calls": self._count(),
            }

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        try:
            sequence = np.random.SeedSequence(
                state["entropy"],
                spawn_key=state["spawn_key"],
                pool_size=state["pool_size"],
                n_children_spawned=state["children"],
            )
            calls = _check.integer("state['calls']", state["calls"], 0, 2**64 - 1)
        except (KeyError, TypeError) as error:
            raise ValueError(f"state is not one of a lidfast Generator: {error!r}") from None
        with self._lock:
            self._restore(sequence, calls)

    def __getstate__(self) -> dict[str, Any]:
        return self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._lock = threading.Lock()
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (0,), self.__getstate__()

    def spawn(self, k: int) -> list[Self]:
        """Return k new generators, independent of this one, of each other and of later spawns.

        Parameters
        ----------
        k : int, >= 0

        Returns
        -------
        list of Generator

        Examples
        --------
        >>> import lidfast
        >>> a, b = lidfast.random.default_rng(0).spawn(2)
        >>> a.random() != b.random()
        True
        """
        with self._lock:
            children = self._sequence.spawn(_check.integer("k", k))
        return [type(self)(child) for child in children]

    def numpy(self) -> np.random.Generator:
        """Return a NumPy generator seeded from this one, for the methods that are not here.

        It takes one call of the counter, so two of them differ.

        Returns
        -------
        numpy.random.Generator

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).numpy().permutation(3).shape
        (3,)
        """
        words = self.random(4)
        entropy = [int(word) for word in (words * 2.0**53).astype(np.uint64)]
        return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy)))

    # ------------------------------------------------------------ the one way to a kernel

    def _draw(
        self,
        method: str,
        size: Size,
        dtype: DTypeLike = _FLOAT64,
        out: NDArray[Any] | None = None,
        parameters: tuple[Any, ...] = (),
    ) -> Any:
        """Apply NumPy's rules of size, dtype, out and broadcasting, then fill."""
        if out is None and dtype is _FLOAT64:  # the short way of small draws
            for parameter in parameters:
                if type(parameter) not in _NUMBERS or (not parameter and copysign(1.0, parameter) < 0):
                    break  # -0.0 is the same key of the cache as 0.0
            else:
                if size is None:
                    return self._one(_fixed(method, *parameters))
                if type(size) is int and size >= 0:
                    plan = _fixed(method, *parameters)
                    result = np.empty(size, np.int64 if plan.integer else np.float64)
                    self._fill(plan, 2 if plan.integer else 0, result, size)
                    return result
        integer = _METHODS[method].integer
        kind = np.dtype(np.int64) if integer else np.dtype(dtype)
        if kind not in _DTYPES or (kind.kind == "i") != integer:
            raise TypeError(f"dtype is {kind}: it must be float64 or float32")
        shape = None if size is None else _shape(size)
        if out is not None:
            shape = np.shape(out) if shape is None else shape
            _check.output("out", out, shape, kind, any_order=not parameters)
            # a parameter that the kernel is about to overwrite is copied
            parameters = tuple(np.array(p) if np.may_share_memory(p, out) else p for p in parameters)
        values, shape = _values(method, parameters, shape)
        plan = _plan(method, values)
        result = np.empty(shape, kind) if out is None else out
        rows = result if result.flags.c_contiguous else result.T  # Fortran's order: as it lies in memory
        self._fill(plan, _DTYPES[kind], rows, result.size)
        return result.item() if size is None and out is None and not shape else result

    # ------------------------------------------------------------ the laws

    def random(self, size: Size = None, dtype: DTypeLike = _FLOAT64, out: NDArray[Any] | None = None) -> Any:
        """Uniform on [0, 1): multiples of 2^-53 (float32: of 2^-24).

        Parameters
        ----------
        size : int or tuple of int, optional
            None gives a scalar.
        dtype : float64 or float32
        out : ndarray, optional
            Filled and returned: contiguous (C-contiguous where there are parameters), of the dtype.

        Returns
        -------
        float, or ndarray of shape size and of the dtype

        Examples
        --------
        >>> import lidfast
        >>> 0 <= lidfast.random.default_rng(0).random() < 1
        True
        """
        return self._draw("random", size, dtype, out)

    def standard_normal(
        self, size: Size = None, dtype: DTypeLike = _FLOAT64, out: NDArray[Any] | None = None
    ) -> Any:
        """Draw normals of mean 0 and variance 1; the tails reach 2^-65, to x = 9.2.

        Parameters
        ----------
        size, dtype, out
            As in `random`.

        Returns
        -------
        float, or ndarray of shape size and of the dtype

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_normal((2, 3), dtype="float32").dtype
        dtype('float32')
        """
        return self._draw("standard_normal", size, dtype, out)

    def standard_exponential(
        self,
        size: Size = None,
        dtype: DTypeLike = _FLOAT64,
        method: str = "zig",
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Exponential of mean 1; the tail reaches 2^-65, x = 45.

        Parameters
        ----------
        size, dtype, out
            As in `random`.
        method : {"zig", "inv"}
            Taken for NumPy's sake: the variates are the same.

        Returns
        -------
        float, or ndarray of shape size and of the dtype

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_exponential() >= 0
        True
        """
        _check.choice("method", method, ("zig", "inv"))
        return self._draw("standard_exponential", size, dtype, out)

    def standard_gamma(
        self,
        shape: ArrayLike,
        size: Size = None,
        dtype: DTypeLike = _FLOAT64,
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Gamma of the given shape and scale 1: density x^(shape-1) e^-x / Gamma(shape).

        Parameters
        ----------
        shape : array_like, >= 0
            A shape of 0 gives 0.
        size, dtype, out
            As in `random`.

        Returns
        -------
        float, or ndarray of shape size and of the dtype

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_gamma([0.5, 2.0], size=(4, 2)).shape
        (4, 2)
        """
        return self._draw("standard_gamma", size, dtype, out, (shape,))

    def normal(
        self,
        loc: ArrayLike = 0.0,
        scale: ArrayLike = 1.0,
        size: Size = None,
        *,
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Draw normals of mean loc and standard deviation scale.

        Parameters
        ----------
        loc : array_like
        scale : array_like, >= 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).normal(3.0, 0.0)
        3.0
        """
        return self._draw(
            "normal",
            size,
            out=out,
            parameters=(
                loc,
                scale,
            ),
        )

    def uniform(
        self,
        low: ArrayLike = 0.0,
        high: ArrayLike = 1.0,
        size: Size = None,
        *,
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Uniform on [low, high): low + (high - low) U.

        Parameters
        ----------
        low, high : array_like
            low <= high, and their difference a double.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> 2 <= lidfast.random.default_rng(0).uniform(2, 3) < 3
        True
        """
        return self._draw(
            "uniform",
            size,
            out=out,
            parameters=(
                low,
                high,
            ),
        )

    def exponential(
        self, scale: ArrayLike = 1.0, size: Size = None, *, out: NDArray[Any] | None = None
    ) -> Any:
        """Exponential of mean scale.

        Parameters
        ----------
        scale : array_like, >= 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).exponential([1.0, 10.0]).shape
        (2,)
        """
        return self._draw("exponential", size, out=out, parameters=(scale,))

    def gamma(
        self, shape: ArrayLike, scale: ArrayLike = 1.0, size: Size = None, *, out: NDArray[Any] | None = None
    ) -> Any:
        """Gamma: scale times `standard_gamma`.

        Parameters
        ----------
        shape : array_like, >= 0
        scale : array_like, >= 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).gamma(2.0, 3.0, size=4).shape
        (4,)
        """
        return self._draw(
            "gamma",
            size,
            out=out,
            parameters=(
                shape,
                scale,
            ),
        )

    def inverse_gamma(
        self, shape: ArrayLike, scale: ArrayLike = 1.0, size: Size = None, *, out: NDArray[Any] | None = None
    ) -> Any:
        """Inverse gamma: scale / G with G of `standard_gamma`, so P(X > x) ~ x^-shape.

        Parameters
        ----------
        shape : array_like, > 0
            Tail exponent.
        scale : array_like, >= 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).inverse_gamma(1.25) > 0
        True
        """
        return self._draw(
            "inverse_gamma",
            size,
            out=out,
            parameters=(
                shape,
                scale,
            ),
        )

    def chisquare(self, df: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Chi-square with df degrees of freedom: twice a gamma of shape df/2.

        Parameters
        ----------
        df : array_like, > 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).chisquare(2.5) > 0
        True
        """
        return self._draw("chisquare", size, out=out, parameters=(df,))

    def standard_t(self, df: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Student's t with df degrees of freedom: P(abs(X) > x) ~ x^-df.

        Parameters
        ----------
        df : array_like, > 0
            Infinity gives the normal.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_t(3, size=5).shape
        (5,)
        """
        return self._draw("standard_t", size, out=out, parameters=(df,))

    def beta(self, a: ArrayLike, b: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Beta on [0, 1]: density proportional to x^(a-1) (1-x)^(b-1).

        Parameters
        ----------
        a, b : array_like, > 0
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> 0 <= lidfast.random.default_rng(0).beta(0.3, 2) <= 1
        True
        """
        return self._draw(
            "beta",
            size,
            out=out,
            parameters=(
                a,
                b,
            ),
        )

    def pareto(self, a: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Pareto II (Lomax), as in NumPy: P(X > x) = (1 + x)^-a, x >= 0. Add 1 for the classical law.

        Parameters
        ----------
        a : array_like, > 0
            Tail exponent.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).pareto(2.5) >= 0
        True
        """
        return self._draw("pareto", size, out=out, parameters=(a,))

    def weibull(self, a: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Weibull of scale 1: P(X > x) = exp(-x^a), x >= 0.

        Parameters
        ----------
        a : array_like, >= 0
            A shape of 0 gives 0, as in NumPy.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).weibull(0.5) >= 0
        True
        """
        return self._draw("weibull", size, out=out, parameters=(a,))

    def lognormal(
        self,
        mean: ArrayLike = 0.0,
        sigma: ArrayLike = 1.0,
        size: Size = None,
        *,
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Log-normal: exp(mean + sigma N).

        Parameters
        ----------
        mean : array_like
            Of the logarithm.
        sigma : array_like, >= 0
            Standard deviation of the logarithm.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).lognormal(0.0, 0.0)
        1.0
        """
        return self._draw(
            "lognormal",
            size,
            out=out,
            parameters=(
                mean,
                sigma,
            ),
        )

    def levy_stable(
        self, alpha: ArrayLike, beta: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None
    ) -> Any:
        """Stable of scale 1 and location 0, SciPy's S1: P(abs(X) > x) ~ x^-alpha for alpha < 2.

        Parameters
        ----------
        alpha : array_like, in (0, 2]
            Stability; 2 is a normal of variance 2.
        beta : array_like, in [-1, 1]
            Skewness.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        float, or ndarray of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).levy_stable(1.5, 0.0, size=3).shape
        (3,)
        """
        return self._draw(
            "levy_stable",
            size,
            out=out,
            parameters=(
                alpha,
                beta,
            ),
        )

    def geometric(self, p: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Geometric: attempts up to and with the first success, P(T > k) = (1-p)^k, int64.

        What int64 cannot hold comes back as 2^63 - 1.

        Parameters
        ----------
        p : array_like, in (0, 1]
            Probability of success of one attempt.
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        int, or ndarray of int64 of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).geometric(1.0)
        1
        """
        return self._draw("geometric", size, out=out, parameters=(p,))

    def binomial(
        self, n: ArrayLike, p: ArrayLike, size: Size = None, *, out: NDArray[Any] | None = None
    ) -> Any:
        """Successes in n attempts of probability p, int64.

        Parameters
        ----------
        n : array_like of int, in [0, 2^53]
        p : array_like, in [0, 1]
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        int, or ndarray of int64 of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).binomial(5, [0.0, 1.0])
        array([0, 5])
        """
        return self._draw(
            "binomial",
            size,
            out=out,
            parameters=(
                n,
                p,
            ),
        )

    def poisson(self, lam: ArrayLike = 1.0, size: Size = None, *, out: NDArray[Any] | None = None) -> Any:
        """Poisson of mean lam, int64.

        Parameters
        ----------
        lam : array_like, in [0, 9.2e18]
        size, out
            As in `random`; broadcast with the parameters.

        Returns
        -------
        int, or ndarray of int64 of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).poisson(0.0)
        0
        """
        return self._draw("poisson", size, out=out, parameters=(lam,))

    def zipf(
        self, a: ArrayLike, size: Size = None, *, n: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> Any:
        """Zipf: ranks k = 1, 2, ..., n with P(k) proportional to k^-a, int64.

        Parameters
        ----------
        a : array_like, >= 0
            Exponent; without n it must be above 1.
        size, out
            As in `random`; broadcast with the parameters.
        n : array_like of int, in [1, 2^63 - 1], optional
            Largest rank. Without it the law is conditioned on what int64 holds, as in NumPy.

        Returns
        -------
        int, or ndarray of int64 of shape size, or of the parameters' broadcast shape

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).zipf(1.0, n=1)
        1
        """
        largest: Any = math.inf
        if n is not None:
            quick = type(n) is int and 1 <= n < 2**63
            largest = n if quick else _check.integers("n", n, 1, 2**63 - 1).astype(np.float64)
        return self._draw("zipf", size, out=out, parameters=(a, largest))


def _plain(entropy: Any) -> Any:
    """Entropy of a SeedSequence as None, an int or a list of ints."""
    if entropy is None or np.ndim(entropy) == 0:
        return entropy if entropy is None else int(entropy)
    return [int(word) for word in np.ravel(entropy)]


def _shape(size: Any) -> tuple[int, ...]:
    if isinstance(size, bool | np.bool):
        raise TypeError("size must be an integer or a tuple of them, not a bool")
    lengths = (size,) if np.ndim(size) == 0 else tuple(size)
    return tuple(_check.integer("size", length) for length in lengths)


def _fits(inner: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(inner, outer) == outer
    except ValueError:
        return False


def default_rng(seed: Seed | Generator = None) -> Generator:
    """Return a Generator: the one given, or a new one from a seed.

    Parameters
    ----------
    seed : None, int, sequence of int, numpy.random.SeedSequence, Generator or numpy.random.Generator
        A lidfast Generator is returned as it is; a NumPy one gives the seed (four of its words).

    Returns
    -------
    Generator

    Examples
    --------
    >>> import lidfast
    >>> rng = lidfast.random.default_rng(42)
    >>> lidfast.random.default_rng(rng) is rng
    True
    """
    if isinstance(seed, Generator):
        return seed
    if isinstance(seed, np.random.Generator):
        words = seed.integers(0, 2**64, size=4, dtype=np.uint64)
        return Generator(np.random.SeedSequence([int(word) for word in words]))
    if seed is None or isinstance(seed, np.random.SeedSequence):
        return Generator(seed)
    if isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str | bytes):
        return Generator(np.random.SeedSequence(seed))
    return Generator(_check.integer("seed", seed, 0, 2**4096))
