"""Random variates with NumPy's method names, from streams that do not depend on the threads.

Output i of call j of a generator is a pure function of (seed, j, i): docs/streams.md says which.
"""

from __future__ import annotations

import threading
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _check, _random
from ._check import FloatArray, Range

Size = int | tuple[int, ...] | None
Seed = int | np.random.SeedSequence | np.random.Generator | None

# The laws in the order of src/random/random.h.
LAWS = (
    "uniform",
    "uniform_float",
    "normal",
    "exponential",
    "gamma",
    "student_t",
    "pareto",
    "beta",
    "geometric",
    "binomial",
)
_CODE = {law: code for code, law in enumerate(LAWS)}
_DTYPES = {np.dtype(np.float64): 0, np.dtype(np.float32): 1, np.dtype(np.int64): 2}
_INTEGER_LAWS = ("geometric", "binomial")
_NONE = np.zeros(1)

_SHAPE = _check.NON_NEGATIVE
_COUNT = Range(0, 2**53)


class Generator:
    """Random variates from counter-keyed streams.

    Parameters
    ----------
    seed : None, int or numpy.random.SeedSequence
        None takes entropy from the system.

    Notes
    -----
    Methods have the names, parameters and laws of :class:`numpy.random.Generator`, other bits, and
    these promises: the result does not depend on the number of threads; the first m variates of a
    draw of n are those of a draw of m (with array parameters: of their first m values); each call
    takes one number of the generator's call counter, atomically, so threads may share it.
    Bits are promised for one instruction-set level.

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

    def __init__(self, seed: int | np.random.SeedSequence | None = None) -> None:
        sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        self._lock = threading.Lock()
        self._restore(sequence, 0)

    def _restore(self, sequence: np.random.SeedSequence, calls: int) -> None:
        self._sequence = sequence
        self._key: NDArray[np.uint64] = np.asarray(sequence.generate_state(4, np.uint64), np.uint64)
        self._calls = calls

    def __repr__(self) -> str:
        return f"lidfast.random.Generator(entropy={self._sequence.entropy}, calls={self._calls})"

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
                "calls": self._calls,
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

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).numpy().permutation(3).shape
        (3,)
        """
        words = self._fill("uniform", (4,), np.dtype(np.float64), _NONE, _NONE)
        entropy = [int(word) for word in (words * 2.0**53).astype(np.uint64)]
        return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy)))

    # ------------------------------------------------------------ the one way to a kernel

    def _fill(
        self,
        law: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        a: FloatArray,
        b: FloatArray,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        if out is None:
            out = np.empty(shape, dtype)
        with self._lock:
            call = self._calls
            self._calls += 1
        code = _CODE["uniform_float" if law == "uniform" and dtype.char == "f" else law]
        flat = out.reshape(-1).view(np.uint8)
        _random.fill(code, _DTYPES[dtype], self._key, call, out.size, a, b, flat)
        return out

    def _draw(
        self,
        law: str,
        size: Size,
        dtype: DTypeLike = np.float64,
        out: NDArray[Any] | None = None,
        a: FloatArray | None = None,
        b: FloatArray | None = None,
    ) -> Any:
        """Apply NumPy's rules of size, dtype, out and broadcasting, then fill."""
        kind = np.dtype(dtype)
        if kind not in _DTYPES or (kind.kind == "i") != (law in _INTEGER_LAWS):
            raise TypeError(f"dtype is {kind}: it must be float64 or float32")
        parameters = [p for p in (a, b) if p is not None]
        wanted = np.broadcast_shapes(*(p.shape for p in parameters))
        if out is not None:
            shape = np.shape(out) if size is None else _shape(size)
            _check.output("out", out, shape, kind)
        elif size is None:
            shape = wanted
        else:
            shape = _shape(size)
        if not _fits(wanted, shape):
            raise ValueError(f"size {shape} does not hold the parameters' shape {wanted}")
        if out is not None:  # a parameter that the kernel is about to overwrite is copied
            parameters = [p.copy() if np.may_share_memory(p, out) else p for p in parameters]
        spread = [_NONE, _NONE]
        for i, p in enumerate(parameters):
            # One value serves all; anything else is laid out, a value for each variate.
            spread[i] = (
                p.reshape(1) if p.size == 1 else np.ascontiguousarray(np.broadcast_to(p, shape)).ravel()
            )
        result = self._fill(law, shape, kind, spread[0], spread[1], out)
        if size is None and out is None and not shape:
            return result.item()
        return result

    # ------------------------------------------------------------ the laws

    def random(
        self, size: Size = None, dtype: DTypeLike = np.float64, out: NDArray[Any] | None = None
    ) -> Any:
        """Uniform on [0, 1): multiples of 2^-53 (float32: of 2^-24).

        Parameters
        ----------
        size : int or tuple of int, optional
            None gives a scalar.
        dtype : float64 or float32
        out : ndarray, optional
            Filled and returned; C-contiguous, of the dtype.

        Examples
        --------
        >>> import lidfast
        >>> 0 <= lidfast.random.default_rng(0).random() < 1
        True
        """
        return self._draw("uniform", size, dtype, out)

    def standard_normal(
        self, size: Size = None, dtype: DTypeLike = np.float64, out: NDArray[Any] | None = None
    ) -> Any:
        """Draw normals of mean 0 and variance 1, by Box and Muller, exact to |x| = 9.4.

        Parameters
        ----------
        size, dtype, out
            As in `random`.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_normal((2, 3), dtype="float32").dtype
        dtype('float32')
        """
        return self._draw("normal", size, dtype, out)

    def standard_exponential(
        self,
        size: Size = None,
        dtype: DTypeLike = np.float64,
        method: str = "inv",
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Exponential of mean 1, by inversion, to 45 (a tail of 2^-65).

        Parameters
        ----------
        size, dtype, out
            As in `random`.
        method : {"zig", "inv"}
            Taken for NumPy's sake: the variates are the same.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_exponential() >= 0
        True
        """
        _check.choice("method", method, ("zig", "inv"))
        return self._draw("exponential", size, dtype, out)

    def standard_gamma(
        self,
        shape: ArrayLike,
        size: Size = None,
        dtype: DTypeLike = np.float64,
        out: NDArray[Any] | None = None,
    ) -> Any:
        """Gamma of the given shape and scale 1: density x^(shape-1) e^-x / Gamma(shape).

        Parameters
        ----------
        shape : array_like, >= 0
            A shape of 0 gives 0.
        size, dtype, out
            As in `random`; broadcast with the shape.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_gamma([0.5, 2.0], size=(4, 2)).shape
        (4, 2)
        """
        return self._draw("gamma", size, dtype, out, _check.array("shape", shape, _SHAPE))

    def standard_t(self, df: ArrayLike, size: Size = None) -> Any:
        """Student's t with df degrees of freedom: P(|X| > x) ~ x^-df.

        Parameters
        ----------
        df : array_like, > 0
            Infinity gives the normal.
        size : int or tuple of int, optional

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).standard_t(3, size=5).shape
        (5,)
        """
        return self._draw("student_t", size, a=_check.array("df", df, _check.POSITIVE_OR_INF))

    def pareto(self, a: ArrayLike, size: Size = None) -> Any:
        """Pareto II (Lomax), as in NumPy: P(X > x) = (1 + x)^-a, x >= 0. Add 1 for the classical law.

        Parameters
        ----------
        a : array_like, > 0
            Tail exponent.
        size : int or tuple of int, optional

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).pareto(2.5) >= 0
        True
        """
        return self._draw("pareto", size, a=_check.array("a", a, _check.POSITIVE))

    def beta(self, a: ArrayLike, b: ArrayLike, size: Size = None) -> Any:
        """Beta on [0, 1]: density proportional to x^(a-1) (1-x)^(b-1).

        Parameters
        ----------
        a, b : array_like, > 0
        size : int or tuple of int, optional

        Examples
        --------
        >>> import lidfast
        >>> 0 <= lidfast.random.default_rng(0).beta(0.3, 2) <= 1
        True
        """
        return self._draw(
            "beta", size, a=_check.array("a", a, _check.POSITIVE), b=_check.array("b", b, _check.POSITIVE)
        )

    def geometric(self, p: ArrayLike, size: Size = None) -> Any:
        """Geometric: attempts up to and with the first success, P(T > k) = (1-p)^k, int64.

        What int64 cannot hold comes back as 2^63 - 1.

        Parameters
        ----------
        p : array_like, in (0, 1]
            Probability of success of one attempt.
        size : int or tuple of int, optional

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).geometric(1.0)
        1
        """
        return self._draw("geometric", size, np.int64, a=_check.array("p", p, _check.POSITIVE_PROBABILITY))

    def binomial(self, n: ArrayLike, p: ArrayLike, size: Size = None) -> Any:
        """Successes in n attempts of probability p, int64.

        Parameters
        ----------
        n : array_like of int, in [0, 2^53]
        p : array_like, in [0, 1]
        size : int or tuple of int, optional

        Examples
        --------
        >>> import lidfast
        >>> lidfast.random.default_rng(0).binomial(5, [0.0, 1.0])
        array([0, 5])
        """
        whole = _check.integers("n", n).astype(np.float64)
        return self._draw("binomial", size, np.int64, a=whole, b=_check.array("p", p, _check.PROBABILITY))


def _plain(entropy: Any) -> Any:
    """Entropy of a SeedSequence as None, an int or a list of ints."""
    if entropy is None or np.ndim(entropy) == 0:
        return entropy if entropy is None else int(entropy)
    return [int(word) for word in np.ravel(entropy)]


def _shape(size: Any) -> tuple[int, ...]:
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
    seed : None, int, numpy.random.SeedSequence, Generator or numpy.random.Generator
        A lidfast Generator is returned as it is; a NumPy one gives the seed (four of its words).

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
    return Generator(_check.integer("seed", seed, 0, 2**4096))
