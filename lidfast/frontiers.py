r"""Effective frontiers of a Zipf law [EF] (arXiv 2602.02593): scaling laws of data, capacity and time.

Patterns k = 1, 2, ... occur with probability p_k = k^-a / zeta(a), a > 1. The reducible loss is the mass of
what is not learned, sum_k p_k q_k, with q_k the unlearned share of pattern k:

* capacity N: q_k = 0 up to rank floor(N^g), and 1 beyond;
* data D: q_k = (1 - p_k)^D, the chance that k is not among D tokens;
* optimization time t: q_k = h(t p_k^b), h falling from 1 to 0.

With several of them a pattern counts as learned only where each has learned it, q = 1 - prod_i (1 - q_i).
Each resource alone puts a frontier k* between learned and unlearned, such that the loss is that of a
sharp cut,

.. math:: L \sim \frac{k_*^{1-a}}{(a-1)\,\zeta(a)},

and the max-bottleneck law says that of several resources the least frontier counts alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from . import _check, _zipf_fit
from ._check import FloatArray, IntArray
from ._zipf_sums import Factor, Zipf
from .random import Generator, Seed, default_rng

__all__ = [
    "DataOptimum",
    "Exponents",
    "Frontier",
    "Simulation",
    "TimeOptimum",
    "ZipfFit",
    "fit_zipf",
]

_EXPONENT = _check.Range(1, low_open=True, high_open=True)
_RESOURCES = ("capacity", "data", "optimization")
_TINY = 1e-17  # what no sum of shares near 1 sees
_CERTAIN = 60.0  # expected tokens of a pattern from which it counts as seen: e^-60 = 1e-26
_RANKS = 1 << 24  # whose tokens are counted rank by rank
_TOKENS = 1 << 23  # that are drawn one by one
_BLOCK = 1 << 18
_WHOLE = math.log(2.0**53)  # ln of the ranks up to which doubles tell neighbors apart


class Exponents(NamedTuple):
    """Exponents of the loss in each resource, L ~ N^-capacity, D^-data, t^-optimization.

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> Frontier(2.0, capacity=0.5, optimization=2.0).exponents
    Exponents(capacity=0.5, data=0.5, optimization=0.25)
    """

    capacity: float
    data: float
    optimization: float


class DataOptimum(NamedTuple):
    """The best split of C = 6 N D, of `Frontier.compute_optimal`.

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> best = Frontier(1.5).compute_optimal(6e9, exact=False)
    >>> round(best.N), round(best.D)
    (3106, 321976)
    """

    N: Any
    D: Any
    loss: Any


class TimeOptimum(NamedTuple):
    """The best split of C = 6 N t, of `Frontier.compute_optimal`.

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> best = Frontier(1.5).compute_optimal(6e9, "optimization", exact=False)
    >>> round(best.N), round(best.t)
    (3106, 321976)
    """

    N: Any
    t: Any
    loss: Any


class Simulation(NamedTuple):
    """What `Frontier.simulate` found, floats or arrays as D is.

    Attributes
    ----------
    D : float or ndarray
        Tokens.
    unseen_mass, unseen_mass_stderr : float or ndarray
        Probability of the patterns that are not among the tokens: mean and standard error over runs.
    distinct, distinct_stderr : float or ndarray
        Number of patterns among the tokens.
    unseen_mass_exact, distinct_exact : float or ndarray
        Exact expectations; the first is the loss of data alone.

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> found = Frontier(2.0).simulate(1000, runs=4, rng=0)
    >>> abs(found.distinct / found.distinct_exact - 1) < 0.2
    True
    """

    D: Any
    unseen_mass: Any
    unseen_mass_stderr: Any
    distinct: Any
    distinct_stderr: Any
    unseen_mass_exact: Any
    distinct_exact: Any


@dataclass(frozen=True)
class Frontier:
    r"""Patterns that follow Zipf's law, and how each resource learns them.

    Parameters
    ----------
    zipf : float, > 1
        Exponent a of p_k = k^-a / zeta(a).
    capacity : float, > 0
        Exponent g: a model of size N holds the first floor(N^g) patterns.
    optimization : float, > 0
        Exponent b: pattern k is learned at the rate p_k^b.
    kernel : {"exponential"} or callable
        Share h(x) of a pattern that is unlearned at x = t p_k^b: e^-x, or a function of arrays that falls
        from h(0) = 1 to 0. It must be smooth in ln x (no steps); the sums are as accurate as h.

    Raises
    ------
    ValueError, TypeError
        Names the argument that is out of range.

    Notes
    -----
    The closed forms, with s = (a - 1)/(a b) and M(s) the integral of h(x) x^(s-1), which is Gamma(s) of e^-x:

    .. math:: L_N = \frac{N^{-g(a-1)}}{(a-1)\zeta(a)}, \quad
              L_D = \frac{\Gamma(1-1/a)}{a}\,\zeta(a)^{-1/a} D^{-(a-1)/a}, \quad
              L_t = \frac{M(s)}{a b\,\zeta(a)} \bigl(t\,\zeta(a)^{-b}\bigr)^{-s}

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> frontier = Frontier(1.5)
    >>> round(frontier.loss(D=1e3), 12), round(frontier.loss(D=1e3, exact=False), 12)
    (0.094135035172, 0.094155950583)
    >>> frontier.bottleneck(N=1e3, D=1e6)
    'capacity'
    """

    zipf: float
    capacity: float = 1.0
    optimization: float = 1.0
    kernel: str | Callable[[FloatArray], Any] = field(default="exponential", kw_only=True)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "zipf", _check.scalar("zipf", self.zipf, _EXPONENT))
        put(self, "capacity", _check.scalar("capacity", self.capacity, _check.POSITIVE))
        put(self, "optimization", _check.scalar("optimization", self.optimization, _check.POSITIVE))
        kernel = self.kernel
        if not callable(kernel):
            _check.choice("kernel", kernel, ("exponential",))
            return
        x = np.concatenate([[0.0], np.geomspace(1e-12, 1e12, 97)])
        h = np.asarray(kernel(x))
        if h.shape != x.shape:
            raise ValueError(f"kernel gives shape {h.shape} for an argument of shape {x.shape}")
        if h[0] != 1 or not (np.diff(h) <= 1e-12).all() or not (h >= 0).all():
            raise ValueError("kernel must fall from h(0) = 1 to 0")

    # ------------------------------------------------------------ losses

    @property
    def exponents(self) -> Exponents:
        """Exponents of the loss: g (a - 1), (a - 1)/a and (a - 1)/(a b).

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> Frontier(1.5, capacity=1.0).exponents.capacity
        0.5
        """
        a = self.zipf
        return Exponents(self.capacity * (a - 1), (a - 1) / a, (a - 1) / (a * self.optimization))

    def compute_exponent(self, pair: str = "data") -> float:
        """Exponent of N ~ C^x on the compute-optimal path: 1/(1 + a g), or 1/(1 + a b g).

        Parameters
        ----------
        pair : {"data", "optimization"}
            The resource beside capacity: "data" is Chinchilla's case, 1/2 at a g = 1; "optimization"
            Kaplan's, 0.73 at a b g = 0.37.

        Returns
        -------
        float

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> Frontier(1.25, capacity=0.8).compute_exponent()
        0.5
        """
        _check.choice("pair", pair, ("data", "optimization"))
        steps = self.zipf if pair == "data" else self.zipf * self.optimization
        return 1 / (1 + steps * self.capacity)

    def loss(
        self,
        N: ArrayLike | None = None,
        D: ArrayLike | None = None,
        t: ArrayLike | None = None,
        *,
        exact: bool = True,
    ) -> Any:
        """Reducible loss; a resource that is not given is unlimited.

        Parameters
        ----------
        N, D, t : array_like, > 0, optional
            Model size, tokens (whole or not), and time; they broadcast, and one of them must be given.
        exact : bool
            Whether to sum over all patterns, to a relative error below 1e-12. Otherwise closed forms,
            which are asymptotic: of one resource its power law, of several the largest of theirs (the
            max-bottleneck law).

        Returns
        -------
        float or ndarray

        Raises
        ------
        ValueError
            Names the argument and the first bad index; or says that h falls too slowly for a power law of t.

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> frontier = Frontier(1.5)
        >>> frontier.loss(N=[100, 1e6], D=1e5).round(5)
        array([0.07637, 0.02029])
        >>> frontier.loss(N=[100, 1e6], D=1e5, exact=False).round(5)
        array([0.07656, 0.02029])
        """
        given, shape = self._given(N, D, t)
        if exact:
            patterns = self._patterns(given["N"]) if "N" in given else None
            out = self._exact(patterns, given.get("D"), given.get("t"))
        else:
            out = self._law.mass_beyond(np.min(self._log_ranks(given), axis=0))
        return out.reshape(shape)[()] if shape else float(out[0])

    def rank(self, N: ArrayLike | None = None, D: ArrayLike | None = None, t: ArrayLike | None = None) -> Any:
        """Effective frontier k*: the least of those of the resources that are given.

        That of one resource is the rank at which a sharp cut has the loss of its closed form: N^g,
        proportional to D^(1/a), and to t^(1/(a b)).

        Parameters
        ----------
        N, D, t : array_like, > 0, optional
            As in `loss`.

        Returns
        -------
        float or ndarray

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> Frontier(2.0).rank(N=[10, 1000], D=1e4).round(2)
        array([10.  , 87.98])
        """
        given, shape = self._given(N, D, t)
        with np.errstate(over="ignore"):  # beyond the largest double it is inf
            out = np.exp(np.min(self._log_ranks(given), axis=0))
        return out.reshape(shape)[()] if shape else float(out[0])

    def bottleneck(
        self, N: ArrayLike | None = None, D: ArrayLike | None = None, t: ArrayLike | None = None
    ) -> Any:
        """Which resource has the least frontier: "capacity", "data" or "optimization".

        Parameters
        ----------
        N, D, t : array_like, > 0, optional
            As in `loss`.

        Returns
        -------
        str or ndarray of str
            The first of them where several are equal.

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> Frontier(2.0).bottleneck(N=[10, 1000], D=1e4).tolist()
        ['capacity', 'data']
        """
        given, shape = self._given(N, D, t)
        names = np.array([_RESOURCES["NDt".index(name)] for name in given])
        out = names[np.argmin(self._log_ranks(given), axis=0)]
        return out.reshape(shape) if shape else str(out[0])

    def _given(
        self, N: ArrayLike | None, D: ArrayLike | None, t: ArrayLike | None
    ) -> tuple[dict[str, FloatArray], tuple[int, ...]]:
        """Check the resources that are given, and make them vectors of one size."""
        given = {
            name: _check.array(name, x, _check.POSITIVE)
            for name, x in zip("NDt", (N, D, t), strict=True)
            if x is not None
        }
        if not given:
            raise ValueError("none of N, D and t is given")
        arrays = _check.broadcast(**given)
        return {name: np.ravel(x) for name, x in zip(given, arrays, strict=True)}, arrays[0].shape

    @cached_property
    def _law(self) -> Zipf:
        steps = self.zipf * max(1.0, self.optimization)
        return Zipf(self.zipf, steps if self.kernel == "exponential" else 4 * steps)

    def _h(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.kernel(x)) if callable(self.kernel) else np.exp(-x)

    @cached_property
    def _flat(self) -> float:
        """Ln x below which h is 1 to all digits."""
        if not callable(self.kernel):
            return math.log(_TINY)
        log_x = -0.5 * np.log(10) * np.arange(24, 615)
        flat = 1 - self._h(np.exp(log_x)) <= 0
        return float(log_x[np.argmax(flat)]) - 5 if flat.any() else float(log_x[-1])

    @cached_property
    def _mellin(self) -> float:
        """Integral of h(x) x^(s-1), s = (a - 1)/(a b)."""
        s = self.exponents.optimization
        if not callable(self.kernel):
            return float(special.gamma(s))
        x, w = (0.125 * y for y in np.polynomial.legendre.leggauss(16))
        log_x, total, before = self._flat, math.exp(s * self._flat) / s, math.inf
        while log_x < 690 and s * log_x < 690:
            y = log_x + 0.125 + x
            part = float((w * self._h(np.exp(y))) @ np.exp(s * y))
            total += part
            if log_x > 1 and part <= 1e-17 * total:
                if before > 1e-6 * total:  # it has not converged: h has underflowed
                    break
                return total
            log_x, before = log_x + 0.25, part
        raise ValueError(
            f"kernel falls too slowly: the integral of h(x) x^(s-1) at s = {s:.4g} has no limit below 1e300"
        )

    def _log_ranks(self, given: dict[str, FloatArray]) -> list[FloatArray]:
        """Ln of the frontier of each resource, by its closed form."""
        a, g, b, law = self.zipf, self.capacity, self.optimization, self._law
        out = []
        for name, x in given.items():
            if name == "N":
                out.append(g * np.log(x))
                continue
            # s M(s), where M is Gamma and s = (a-1)/a for data.
            data = name == "D"
            b_, s = (1.0, (a - 1) / a) if data else (b, self.exponents.optimization)
            factor = float(special.gamma(1 + s)) if data else s * self._mellin
            log_z = np.log(x) - b_ * law.log_zeta
            out.append(log_z / (a * b_) - math.log(factor) / (a - 1))
        return out

    def _patterns(self, N: FloatArray) -> FloatArray:
        """floor(N^g), of powers that are whole but for rounding themselves."""
        with np.errstate(over="ignore"):
            power = N**self.capacity
            near = np.rint(power)
            return np.where(np.abs(power - near) <= 1e-14 * power, near, np.floor(power))

    def _exact(self, patterns: FloatArray | None, D: FloatArray | None, t: FloatArray | None) -> FloatArray:
        """Sum the loss; patterns are those that the capacity holds."""
        a, b, law = self.zipf, self.optimization, self._law
        total = np.zeros(()) if patterns is None else law.mass_from(patterns + 1)
        if D is None and t is None:
            return np.asarray(total)
        log_t = None if t is None else np.log(t)

        def unlearned(log_p: FloatArray, log_miss: FloatArray, some: slice) -> FloatArray:
            share: Any = 0.0
            if D is not None:
                share = np.exp(D[some, None] * log_miss)
            if log_t is not None:
                h = self._h(np.exp(np.minimum(log_t[some, None] + b * log_p, 700)))
                share = share + h - share * h
            return np.asarray(share)

        # Where the frontiers lie, and where all beyond is unlearned or of no weight.
        rows: list[tuple[FloatArray, float, float]] = []
        if D is not None:
            rows.append((np.log(D), 1.0, math.log(_TINY)))
        if log_t is not None:
            rows.append((log_t, b, self._flat))
        frontiers = [(x - c * law.log_zeta) / (a * c) for x, c, _ in rows]
        flat = [(x - c * law.log_zeta - low) / (a * c) for x, c, low in rows]
        start = math.log(law.head[0].size)
        least = np.maximum(np.max(frontiers, axis=0), start) + 40 / (a - 1)
        reach = np.minimum(np.max(flat, axis=0), least)
        return total + law.sum(unlearned, reach, law.mass_beyond, power=1, last=patterns)

    # ------------------------------------------------------------ compute

    @overload
    def compute_optimal(
        self, C: ArrayLike, pair: Literal["data"] = ..., *, exact: bool = ...
    ) -> DataOptimum: ...
    @overload
    def compute_optimal(
        self, C: ArrayLike, pair: Literal["optimization"], *, exact: bool = ...
    ) -> TimeOptimum: ...
    def compute_optimal(
        self, C: ArrayLike, pair: str = "data", *, exact: bool = True
    ) -> DataOptimum | TimeOptimum:
        """Best split of compute C = 6 N D, or 6 N t, between capacity and another resource.

        Parameters
        ----------
        C : array_like, >= 6
            Compute, in FLOPs where D are tokens.
        pair : {"data", "optimization"}
            The resource beside capacity.
        exact : bool
            Whether to minimize the exact joint loss, over N, D >= 1. As only floor(N^g) counts, the best N
            is the least of some number of patterns; where those are many the minimum is flat, and N known
            to about 1e-6. Otherwise the two frontiers are balanced, by the max-bottleneck law, whose N
            follows C^x exactly, x of `compute_exponent`.

        Returns
        -------
        DataOptimum (N, D, loss) or TimeOptimum (N, t, loss)
            Floats, or arrays of the shape of C.

        Raises
        ------
        ValueError
            Names the argument and the first bad index.

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> N, D, loss = Frontier(1.25, capacity=0.8).compute_optimal([6e10, 6e12])
        >>> float(N[1] / N[0]).__round__(1)
        10.0
        """
        budget = _check.array("C", C, _check.Range(6, high_open=True))
        exponent = self.compute_exponent(pair)
        shape, amount = budget.shape, np.ravel(budget) / 6
        data = pair == "data"
        if exact:
            N, loss = self._best(amount, data)
        else:
            # N^g = c (A/N)^(1/e), with c the other frontier at 1
            log_one = self._log_ranks({"D" if data else "t": np.ones(1)})[0][0]
            steps = self.zipf * (1.0 if data else self.optimization)
            N = np.exp(exponent * (steps * log_one + np.log(amount)))
            loss = self._law.mass_beyond(self.capacity * np.log(N))
        found = [x.reshape(shape)[()] if shape else float(x[0]) for x in (N, amount / N, loss)]
        return DataOptimum(*found) if data else TimeOptimum(*found)

    def _best(self, amount: FloatArray, data: bool) -> tuple[FloatArray, FloatArray]:
        """Minimize the exact loss over the number of patterns; (N, loss)."""

        def losses(patterns: FloatArray) -> FloatArray:
            """Of patterns (n, m), in each row some for one amount."""
            other = (amount[:, None] / patterns ** (1 / self.capacity)).ravel()
            pair = (other, None) if data else (None, other)
            return self._exact(patterns.ravel(), *pair).reshape(patterns.shape)

        every = np.arange(amount.size)
        low, high = np.zeros(amount.size), self.capacity * np.log(amount)
        points = 33
        for _ in range(40):
            at = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, points)
            patterns = np.maximum(np.rint(np.exp(at)), 1)
            # Rounding may pass the end, where N D would exceed the budget.
            patterns = np.minimum(patterns, np.maximum(self._patterns(amount)[:, None], 1))
            found = losses(patterns)
            best = np.argmin(found, axis=1)
            low, high = at[every, np.maximum(best - 1, 0)], at[every, np.minimum(best + 1, points - 1)]
            if ((np.exp(high) - np.exp(low) < 1) | (high - low < 1e-7)).all():
                break
            points = 17
        return patterns[every, best] ** (1 / self.capacity), found[every, best]

    # ------------------------------------------------------------ simulation

    def simulate(self, D: ArrayLike, *, runs: int = 16, rng: Seed | Generator = None) -> Simulation:
        """Draw D tokens, and count the patterns among them and the mass of those that are not.

        Tokens are counted, not drawn one at a time: among a random number of tokens, of mean D - 8 sqrt(D),
        those of each pattern are an independent Poisson variate, and the tokens that are then missing are
        drawn one by one. Of patterns that are expected 60 times only the sum is drawn, as all are seen;
        tokens of patterns expected less than about once are drawn one by one, too. The law is exact to
        1e-14 in probability, up to 2^24 ranks and 2^23 tokens beyond them (D = 10^10 for zipf >= 1.45).
        Where there would be more, the patterns beyond rank 2^24 are taken together, their number and mass
        drawn from the normal law with the exact mean given their tokens, and the covariance of the central
        limit theorem.

        Parameters
        ----------
        D : array_like of int, >= 1
            Up to 2^53.
        runs : int, >= 2
        rng : None, int, SeedSequence or Generator
            The result does not depend on the number of threads.

        Returns
        -------
        Simulation

        Raises
        ------
        ValueError, TypeError
            Names the argument and the first bad index.

        Examples
        --------
        >>> from lidfast.frontiers import Frontier
        >>> found = Frontier(1.5).simulate([100, 10_000], runs=8, rng=0)
        >>> z = (found.unseen_mass - found.unseen_mass_exact) / found.unseen_mass_stderr
        >>> bool((abs(z) < 6).all())
        True
        """
        tokens = _check.integers("D", D, 1)
        runs = _check.integer("runs", runs, 2)
        rng = default_rng(rng)
        flat = np.ravel(tokens)
        drawn = np.array([[self._draw(int(each), rng) for _ in range(runs)] for each in flat])
        drawn = drawn.reshape(flat.size, runs, 2)
        mean, error = drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / math.sqrt(runs)
        count = flat.astype(np.float64)
        exact = self._exact(None, count, None), self._seen(count, 0.0)[0]
        columns = (count, mean[:, 0], error[:, 0], mean[:, 1], error[:, 1], *exact)
        return Simulation(*(x.reshape(tokens.shape)[()] if tokens.ndim else float(x[0]) for x in columns))

    def _seen(self, D: FloatArray, start: float) -> tuple[FloatArray, ...]:
        """Of D tokens of ranks > start: patterns among them.

        Returns
        -------
        number, mass : ndarray
            Exact means; the mass only with start > 0, as all below.
        var_number, covariance, var_mass : ndarray
            By the central limit theorem.
        """
        law, a = self._law, self.zipf
        share = float(law.mass_from(start + 1))
        log_share, rate = math.log(share), D / share
        reach = (np.log(rate) - law.log_zeta - math.log(_TINY)) / a

        def summed(f: Factor, power: int) -> FloatArray:
            """Where f is rate * p in the end."""
            n = a * (1 + power) - 1
            return law.sum(
                f,
                reach,
                lambda x: rate * np.exp(-n * x - (1 + power) * law.log_zeta) / n,
                power=power,
                start=start,
            )

        def seen(log_p: FloatArray, log_miss: FloatArray, some: slice) -> FloatArray:
            if start:
                log_miss = np.log1p(-np.exp(log_p - log_share))
            return np.asarray(-np.expm1(D[some, None] * log_miss))

        # Of Poisson counts of means x the patterns seen vary by e^-x (1 - e^-x); as their sum is given, the
        # part that moves with it, by x e^-x, is taken off.
        def spread(log_p: FloatArray, _: FloatArray, some: slice) -> FloatArray:
            x = rate[some, None] * np.exp(log_p)
            return np.asarray(-np.exp(-x) * np.expm1(-x))

        def moving(log_p: FloatArray, _: FloatArray, some: slice) -> FloatArray:
            x = rate[some, None] * np.exp(log_p)
            return np.asarray(x * np.exp(-x))

        if not start:
            return (summed(seen, 0),)
        move = summed(moving, 0), summed(moving, 1)
        return (
            summed(seen, 0),
            summed(seen, 1),
            *(summed(spread, i + j) - move[i] * move[j] / D for i, j in ((0, 0), (0, 1), (1, 1))),
        )

    def _draw(self, D: int, rng: Generator) -> tuple[float, float]:
        """One run: unseen mass and the number of patterns."""
        a, law = self.zipf, self._law
        mean = max(0.0, D - 8 * math.sqrt(D))
        # All patterns up to `sure` are seen; those up to `cut` are counted, those beyond drawn.
        sure = min(math.floor(math.exp((math.log(max(mean, 1) / _CERTAIN) - law.log_zeta) / a)), _RANKS)
        cut = math.floor(math.exp(min((math.log(D) - law.log_zeta) / a, math.log(_RANKS))))
        cut = min(max(cut, sure, 16), _RANKS)
        together = D * law.mass_from(cut + 1) > _TOKENS
        if together:
            cut = _RANKS
            together = D * law.mass_from(cut + 1) > _TOKENS
        while True:
            found = self._counts(D, mean, sure, cut, rng)
            if found is not None:
                break
        seen, missing, beyond = found
        rest = float(law.mass_from(cut + 1))
        # The tokens that are missing, where they matter.
        more = int(rng.binomial(missing, float(law.mass_from(sure + 1))))
        outside: list[FloatArray] = []
        if together and sure == cut:
            beyond, more = beyond + more, 0
        for size in _portions(more):
            ranks, log_ranks = self._beyond(sure, size, rng)
            inside = ranks <= cut
            seen[ranks[inside].astype(np.int64) - sure - 1] = True
            outside.append(_keys(ranks[~inside], log_ranks[~inside]))
        number, mass = float(sure + np.count_nonzero(seen)), rest
        for i in range(0, seen.size, _BLOCK):
            unseen = np.flatnonzero(~seen[i : i + _BLOCK]) + (sure + i + 1.0)
            mass += float(np.exp(law.log_p(np.log(unseen))).sum())
        if together:
            beyond += sum(part.size for part in outside)
            n, m, nn, nm, mm = (float(x[0]) for x in self._seen(np.array([float(beyond)]), float(cut)))
            z = rng.standard_normal(2)
            # Rounding may leave nothing of a variance where hardly any two tokens agree.
            spread = math.sqrt(max(nn, 0.0))
            slope = nm / spread if spread else 0.0
            number += min(round(n + spread * z[0]), beyond)
            return mass - (m + slope * z[0] + math.sqrt(max(mm - slope * slope, 0.0)) * z[1]), number
        parts = [*outside, *(_keys(*self._beyond(cut, size, rng)) for size in _portions(beyond))]
        keys = np.concatenate(parts) if parts else np.empty(0)
        parts.clear()
        keys.sort()
        keys = keys[np.diff(keys, prepend=np.nan) != 0]
        for i in range(0, keys.size, _BLOCK):
            some = keys[i : i + _BLOCK]
            log_k = np.where(some > 0, np.log(np.abs(some)), -some)
            mass -= float(np.exp(law.log_p(log_k)).sum())
        return mass, number + keys.size

    def _counts(
        self, D: int, mean: float, sure: int, cut: int, rng: Generator
    ) -> tuple[Any, int, int] | None:
        """Poisson counts: which ranks in (sure, cut] are seen, how many tokens are missing, how many beyond.

        None where there are more than D tokens, which happens once in 10^15 times.
        """
        law = self._law
        seen = np.zeros(cut - sure, dtype=bool)
        first, last = float(law.mass_from(sure + 1)), float(law.mass_from(cut + 1))
        total = int(rng.poisson(mean * (1 - first))) if sure else 0
        for i in range(0, seen.size, _BLOCK):
            k = np.arange(sure + 1.0 + i, sure + 1 + min(i + _BLOCK, seen.size))
            counts: IntArray = rng.poisson(mean * np.exp(law.log_p(np.log(k))))
            total += int(counts.sum())
            seen[i : i + _BLOCK] = counts > 0
        beyond = int(rng.poisson(mean * last))
        missing = D - total - beyond
        return None if missing < 0 else (seen, missing, beyond)

    def _beyond(self, cut: int, size: int, rng: Generator) -> tuple[FloatArray, FloatArray]:
        """Draw tokens of ranks > cut: the ranks, and their logarithms.

        By rejection from the whole part of a continuous power law (Devroye, 1986): of it k has
        the probability k^(1-a) - (k+1)^(1-a), over which k^-a is largest at the first rank.
        """
        a = self.zipf
        low = cut + 1.0

        def ratio(k: FloatArray) -> FloatArray:
            return 1 / (-k * np.expm1((1 - a) * np.log1p(1 / k)))

        most = float(ratio(np.array([low]))[0])
        ranks, logs = np.empty(size), np.empty(size)
        done = 0
        while done < size:
            log_k = math.log(low) + rng.standard_exponential(size - done) / (a - 1)
            k = np.maximum(np.floor(np.exp(np.minimum(log_k, 700))), low)
            kept = rng.random(k.size) * most <= ratio(k)
            n = int(np.count_nonzero(kept))
            ranks[done : done + n], logs[done : done + n] = k[kept], log_k[kept]
            done += n
        return ranks, logs


def _portions(n: int) -> list[int]:
    return [min(_BLOCK, n - i) for i in range(0, n, _BLOCK)]


def _keys(ranks: FloatArray, log_ranks: FloatArray) -> FloatArray:
    """Ranks; beyond 2^53, where doubles would merge neighbors, less their logarithms before rounding."""
    return np.where(log_ranks < _WHOLE, ranks, -log_ranks)


# ---------------------------------------------------------------- fits


@dataclass(frozen=True)
class ZipfFit:
    """A power law fitted to the values x >= xmin.

    Attributes
    ----------
    exponent, stderr : float
        Maximum-likelihood exponent, and its standard error from the Fisher information.
    xmin : int
        Lower cut.
    ks : float
        Distance of Kolmogorov and Smirnov between the values from xmin on and the law.
    n : int
        How many values they are.
    loglik : float
        Their log-likelihood.

    Examples
    --------
    >>> from lidfast.frontiers import ZipfFit
    >>> ZipfFit(exponent=1.8, xmin=1, stderr=0.01, ks=0.01, n=1000, loglik=-2000.0).rank_exponent
    1.25
    """

    exponent: float
    xmin: int
    stderr: float
    ks: float
    n: int
    loglik: float

    @property
    def rank_exponent(self) -> float:
        """Exponent a of p_k ~ k^-a where the values are the tokens of each pattern: 1/(exponent - 1)."""
        return 1 / (self.exponent - 1)


def fit_zipf(
    counts: ArrayLike,
    *,
    xmin: int | None = None,
    repeats: ArrayLike | None = None,
    distance: str = "integers",
) -> ZipfFit:
    r"""Fit a discrete power law by maximum likelihood (Clauset, Shalizi and Newman, arXiv 0706.1062).

    .. math:: P(x) = x^{-a} / \zeta(a, x_{min}), \quad x = x_{min}, x_{min} + 1, \ldots

    Without xmin the cut is that of the distinct values, but for the two largest, from which on the values are
    least far from the law fitted to them (the first of equal ones).

    Parameters
    ----------
    counts : array_like of int, shape (n,), >= 1
        Values: ranks that were drawn, whose exponent is that of p_k; or the number of tokens of each pattern,
        see `ZipfFit.rank_exponent`.
    xmin : int, >= 1, optional
        Lower cut; values below are left out.
    repeats : array_like of int, shape (n,), >= 0, optional
        How often each value occurs, in place of repeating it.
    distance : {"integers", "observed"}
        The distance is the largest difference of the distribution functions over all integers; or, as in the
        package powerlaw, over P(X < x) at the values that occur, alone.

    Returns
    -------
    ZipfFit

    Raises
    ------
    ValueError, TypeError
        Names the argument and the first bad index; or says that there are too few distinct values.

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.frontiers import fit_zipf
    >>> x = lidfast.random.default_rng(0).zipf(2.0, 100_000)
    >>> fit = fit_zipf(x, xmin=1)
    >>> abs(fit.exponent - 2) < 5 * fit.stderr
    True
    """
    x = _check.integer_vector("counts", counts, 1, 2**63 - 1)
    _check.choice("distance", distance, ("integers", "observed"))
    if xmin is not None:
        xmin = _check.integer("xmin", xmin, 1, 2**63 - 1)
    times = None
    if repeats is not None:
        times = _check.integer_vector("repeats", repeats)
        _check.same_size("repeats", times, "counts", x.size)
    values, number = _distinct(x, times)
    kept = values >= (xmin or 1)
    values, number = values[kept], number[kept]
    if values.size < 2:
        raise ValueError(
            f"counts holds {values.size} distinct values{'' if xmin is None else ' from xmin on'}: "
            "a fit needs two"
        )
    real = values.astype(np.float64)
    above = np.append(np.cumsum(number[::-1])[::-1], 0)
    log_sums = np.cumsum((number * np.log(real))[::-1])[::-1]
    cuts = np.arange(1 if xmin is not None else max(1, values.size - 2))
    q = real[cuts] if xmin is None else np.array([float(xmin)])
    mean_log = log_sums[cuts] / above[cuts] - np.log(q)
    a = _zipf_fit.exponents(q, mean_log)
    distances = _zipf_fit.Distances(real, above, distance == "integers")
    at, ks = distances.least(cuts, q, a)
    log_z, _, variance = (float(y[0]) for y in _zipf_fit.log_moments(a[[at]], q[[at]]))
    n = int(above[at])
    return ZipfFit(
        exponent=float(a[at]),
        xmin=int(values[at]) if xmin is None else xmin,
        stderr=1 / math.sqrt(n * variance),
        ks=ks,
        n=n,
        loglik=-n * (float(a[at] * mean_log[at]) + log_z),
    )


def _distinct(x: IntArray, times: IntArray | None) -> tuple[IntArray, IntArray]:
    """Distinct values that occur, ascending, and how often: small ones by counting, the rest by sorting."""
    small = x < max(1024, x.size)
    low = x[small] if not small.all() else x
    weights = None if times is None else times[small]
    if weights is None:
        number = np.bincount(low)
    else:
        number = np.zeros(int(low.max()) + 1 if low.size else 0, dtype=np.int64)
        np.add.at(number, low, weights)
    values = np.flatnonzero(number)
    counts = number[values]
    if low.size < x.size:
        if times is None:
            large, more = np.unique(x[~small], return_counts=True)
        else:
            large, where = np.unique(x[~small], return_inverse=True)
            more = np.zeros(large.size, dtype=np.int64)
            np.add.at(more, where, times[~small])
            large, more = large[more > 0], more[more > 0]
        values, counts = np.concatenate([values, large]), np.concatenate([counts, more])
    return values, counts
