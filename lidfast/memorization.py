"""The memorization ansatz of inference scaling [MEM] (arXiv 2410.16377), and what attempts cost.

Problems have success probabilities of a Beta law; k attempts that are correlated count as k^q, q <= 1. An
attempt of a model with P parameters takes 2 P floating-point operations for each of its tokens, so a budget
buys many attempts of a small model or few of a large one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from . import _check, _curves
from ._check import FloatArray, IntArray
from ._laws import Loss
from ._threads import single_threaded_blas
from .difficulty import Beta
from .random import Generator, Seed, default_rng

__all__ = [
    "BestModels",
    "Memorization",
    "MemorizationFit",
    "Model",
    "attempts",
    "best_models",
    "fit_counts",
    "fit_curve",
    "inference_flops",
]

_TINIEST, _LARGEST = 1e-6, 1e6  # of a and b in fits
_TOLD_APART = 0.98  # of the correlation between the estimates of ln a and ln q
_POINTS = 30  # of the curve that counts are fitted by
_FOUND = 1e-9  # relative width at which the search for a crossing ends
_STEP = 1.08  # ratio of the budgets between which crossings are looked for: 30 in a decade


@dataclass(frozen=True)
class Memorization:
    r"""Failure rates where attempts at a problem are correlated [MEM].

    .. math:: S(k) = B(a, b + k^q) / B(a, b) \sim \Gamma(a+b)/\Gamma(b) \, k^{-q a}

    With q = 1 this is `lidfast.difficulty.Beta`, to whose accuracy it is computed.

    Parameters
    ----------
    a, b : float, > 0
        Of the Beta law of the success probability of an attempt (the failure probability is Beta(b, a)).
    q : float, in (0, 1]
        k attempts count as k^q independent ones.

    Raises
    ------
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.memorization import Memorization
    >>> curve = Memorization(0.3, 2, q=0.5)
    >>> curve.failure_rate([1, 100]).round(4), round(curve.exponent(1e9), 4)
    (array([0.8696, 0.5585]), 0.15)
    """

    a: float
    b: float
    q: float = 1.0

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            object.__setattr__(self, name, _check.scalar(name, getattr(self, name), _check.POSITIVE))
        object.__setattr__(self, "q", _check.scalar("q", self.q, _check.POSITIVE_PROBABILITY))

    @property
    def tail_exponent(self) -> float:
        """The exponent of S at large k, q a.

        Examples
        --------
        >>> from lidfast.memorization import Memorization
        >>> Memorization(0.3, 2, q=0.5).tail_exponent
        0.15
        """
        return self.q * self.a

    def failure_rate(self, k: ArrayLike) -> Any:
        """Failure rate S(k) after k >= 0 attempts; real k of any shape.

        Parameters
        ----------
        k : array_like, >= 0
            Real, of any shape.

        Returns
        -------
        float or ndarray, shape of k
        """
        return Beta(self.a, self.b).failure_rate(self._effective(k))

    def log_failure_rate(self, k: ArrayLike) -> Any:
        """Its logarithm, where S is below the smallest double.

        Parameters
        ----------
        k : array_like, >= 0
            Real, of any shape.

        Returns
        -------
        float or ndarray, shape of k

        Examples
        --------
        >>> from lidfast.memorization import Memorization
        >>> round(Memorization(50, 2).log_failure_rate(1e12), 3)
        -1229.141
        """
        return Beta(self.a, self.b).log_failure_rate(self._effective(k))

    def pass_at_k(self, k: ArrayLike) -> Any:
        """1 - S(k), accurate where it is small.

        Parameters
        ----------
        k : array_like, >= 0
            Real, of any shape.

        Returns
        -------
        float or ndarray, shape of k

        Examples
        --------
        >>> from lidfast.memorization import Memorization
        >>> Memorization(0.3, 2, q=0.5).pass_at_k([1, 100]).round(4)
        array([0.1304, 0.4415])
        """
        return Beta(self.a, self.b).pass_at_k(self._effective(k))

    def exponent(self, k: ArrayLike, *, loss: Loss = "failure") -> Any:
        """Local exponent -d ln S / d ln k, or of -ln pass@k where loss is "nll".

        Parameters
        ----------
        k : array_like, >= 0
        loss : {"failure", "nll"}

        Returns
        -------
        float or ndarray, shape of k
        """
        return self.q * Beta(self.a, self.b).exponent(self._effective(k), loss=loss)

    def _effective(self, k: ArrayLike) -> FloatArray:
        return np.asarray(_check.array("k", k, _check.NON_NEGATIVE) ** self.q)


# ---------------------------------------------------------------- cost


class _HasFailureRate(Protocol):
    """A curve: `Memorization`, a difficulty, or another with this method.

    Where it has log_failure_rate(k) too, that is used: models are then told apart where S is near 1, and
    where it is below the smallest double.
    """

    def failure_rate(self, k: ArrayLike) -> Any:
        """Failure rate after k attempts."""
        ...


def inference_flops(k: ArrayLike, tokens: ArrayLike, parameters: ArrayLike) -> Any:
    """Floating-point operations of k attempts, 2 k tokens parameters [MEM].

    Parameters
    ----------
    k : float or array_like, >= 0
    tokens : float or array_like, > 0
        Of an attempt, prompt and answer.
    parameters : float or array_like, > 0
        That a token passes.

    Returns
    -------
    float or ndarray
        Of the broadcast shape.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.memorization import inference_flops
    >>> inference_flops([1, 100], tokens=500, parameters=7e9).tolist()
    [7000000000000.0, 700000000000000.0]
    """
    k = _check.array("k", k, _check.NON_NEGATIVE)
    return (2.0 * k * _an_attempt(tokens, parameters))[()]


def attempts(flops: ArrayLike, tokens: ArrayLike, parameters: ArrayLike) -> Any:
    """Return the attempts that a budget buys, flops / (2 tokens parameters); real.

    Parameters
    ----------
    flops : float or array_like, >= 0
    tokens, parameters : float or array_like, > 0

    Returns
    -------
    float or ndarray
        Of the broadcast shape.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.memorization import attempts
    >>> attempts([1e15, 2e15], tokens=500, parameters=7e9).round(1)
    array([142.9, 285.7])
    """
    flops = _check.array("flops", flops, _check.NON_NEGATIVE)
    return (flops / (2.0 * _an_attempt(tokens, parameters)))[()]


def _an_attempt(tokens: ArrayLike, parameters: ArrayLike) -> FloatArray:
    tokens = _check.array("tokens", tokens, _check.POSITIVE)
    return np.asarray(tokens * _check.array("parameters", parameters, _check.POSITIVE))


@dataclass(frozen=True)
class Model:
    """A model that attempts can be bought of.

    Parameters
    ----------
    name : str
    parameters : float, > 0
    tokens : float, > 0
        Of an attempt.
    curve : Memorization or difficulty
        Anything with failure_rate(k), which must not rise.

    Raises
    ------
    ValueError, TypeError
        Names the parameter.

    Examples
    --------
    >>> from lidfast.memorization import Memorization, Model
    >>> float(Model("small", 1e8, 500, Memorization(0.3, 2)).attempts(1e13))
    100.0
    """

    name: str
    parameters: float
    tokens: float
    curve: _HasFailureRate

    def __post_init__(self) -> None:
        for name in ("parameters", "tokens"):
            object.__setattr__(self, name, _check.scalar(name, getattr(self, name), _check.POSITIVE))
        if not callable(getattr(self.curve, "failure_rate", None)):
            raise TypeError(f"curve must have a method failure_rate: {type(self.curve).__name__} has none")

    def attempts(self, flops: ArrayLike) -> Any:
        """Return the attempts that a budget buys.

        Parameters
        ----------
        flops : array_like, >= 0

        Returns
        -------
        float or ndarray, shape of flops
        """
        return attempts(flops, self.tokens, self.parameters)


@dataclass(frozen=True)
class BestModels:
    """For each budget the model with the least failure rate, and how many attempts of it.

    Attributes
    ----------
    budgets : ndarray, shape (nB,)
    best : ndarray of int, shape (nB,)
        Index of the model.
    names : list of str, length nB
        Its name.
    k : ndarray, shape (nB,)
        Attempts that the budget buys of it.
    failure_rate, pass_at_k : ndarray, shape (nB,)
    every_failure_rate : ndarray, shape (nB, models)
        NaN where a budget buys no attempt.
    changes : list of (float, str, str)
        Every budget from the least to the greatest, rising, at which another model becomes the best: from,
        to. Two that undo each other within 8% of the budget may be missed.

    Examples
    --------
    >>> from lidfast.memorization import Memorization, Model, best_models
    >>> small = Model("small", 1e8, 500, Memorization(0.3, 5))
    >>> large = Model("large", 1e10, 500, Memorization(0.9, 2))
    >>> found = best_models([small, large], [1e12, 1e13, 1e14, 1e15])
    >>> found.names, found.k.tolist()
    (['small', 'small', 'large', 'large'], [10.0, 100.0, 10.0, 100.0])
    >>> [(f"{budget:.3g}", was, now) for budget, was, now in found.changes]
    [('9.62e+13', 'small', 'large')]
    """

    budgets: FloatArray
    best: IntArray
    names: list[str]
    k: FloatArray
    failure_rate: FloatArray
    pass_at_k: FloatArray
    every_failure_rate: FloatArray
    changes: list[tuple[float, str, str]]


def best_models(models: Sequence[Model], budgets: ArrayLike, *, integer: bool = False) -> BestModels:
    """Choose the model, and the number of attempts, that solves most on each budget.

    Parameters
    ----------
    models : sequence of Model
        Of different names. Where two are as good, the earlier one is chosen.
    budgets : float or array_like, shape (nB,), > 0
        In floating-point operations.
    integer : bool
        Whether attempts are whole; otherwise k >= 1 is real.

    Returns
    -------
    BestModels

    Raises
    ------
    ValueError, TypeError
        Names the argument: a budget that buys no attempt of any model among them, with its index.

    Examples
    --------
    >>> from lidfast.memorization import Memorization, Model, best_models
    >>> small = Model("small", 1e8, 500, Memorization(0.3, 5))
    >>> large = Model("large", 1e10, 500, Memorization(0.9, 2))
    >>> found = best_models([small, large], [1.25e12, 1e15], integer=True)
    >>> found.names, found.k.tolist(), found.failure_rate.round(3).tolist()
    (['small', 'large'], [12.0, 100.0], [0.682, 0.028])
    """
    if not models:
        raise ValueError("models is empty")
    names = [model.name for model in models]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ValueError(f"models[{i}] has the name {name!r}, as models[{names.index(name)}] has")
    budgets = _check.vector("budgets", budgets, _check.POSITIVE)
    cheapest = 2.0 * min(model.tokens * model.parameters for model in models)
    _check.reject(
        "budgets", budgets, budgets < cheapest, f"at least {cheapest:g}, what the cheapest attempt costs"
    )
    k, every = _log_rates(models, budgets, integer)
    best = np.argmin(every, axis=1)
    rows = np.arange(budgets.size)
    chosen = every[rows, best]
    return BestModels(
        budgets=budgets,
        best=best,
        names=[names[i] for i in best],
        k=k[rows, best],
        failure_rate=np.exp(chosen),
        pass_at_k=0 - np.expm1(chosen),
        every_failure_rate=np.where(every > 0, np.nan, np.exp(np.minimum(every, 0))),
        changes=[(budget, names[was], names[now]) for budget, was, now in _changes(models, budgets, integer)],
    )


def _log_rates(models: Sequence[Model], budgets: FloatArray, integer: bool) -> tuple[FloatArray, FloatArray]:
    """Return attempts, and ln S of each model on each budget: inf where no attempt can be bought."""
    k = np.stack([np.asarray(model.attempts(budgets)) for model in models], axis=1)
    if integer:
        k = np.floor(k * (1 + 4 * np.finfo(float).eps))  # what is whole but for rounding is whole
    every = np.full(k.shape, np.inf)
    for i, model in enumerate(models):
        bought = k[:, i] >= 1
        if bought.any():
            every[bought, i] = _log_rate(f"models[{i}].curve", model.curve, k[bought, i])
    return k, every


def _log_rate(name: str, curve: _HasFailureRate, k: FloatArray) -> FloatArray:
    """Ln S of a curve that may be another's."""
    own = getattr(curve, "log_failure_rate", None)
    if own is not None:
        log_rate = np.asarray(own(k), dtype=np.float64)
        rate = np.exp(log_rate)
    else:
        rate = np.asarray(curve.failure_rate(k), dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 gives -inf; what is below is refused
            log_rate = np.log(rate)
    if log_rate.shape != k.shape:
        raise ValueError(f"{name} gives shape {log_rate.shape} for k of shape {k.shape}")
    if (bad := ~(log_rate <= 1e-12)).any():  # 1 but for roundings is 1
        at = int(np.argmax(bad))
        raise ValueError(f"{name} has a failure rate of {rate[at]} at k = {k[at]}, not in [0, 1]")
    return np.minimum(log_rate, 0)


def _changes(models: Sequence[Model], budgets: FloatArray, integer: bool) -> list[tuple[float, int, int]]:
    """Budgets at which the best model changes, from that to this: bisected between those of a fine grid."""
    low, high = budgets.min(), budgets.max()
    firsts = np.array([2.0 * model.tokens * model.parameters for model in models])  # steps of what is best
    steps = 1 + math.ceil((math.log(high) - math.log(low)) / math.log(_STEP))
    inner = np.concatenate([np.geomspace(low, high, steps + 1)[1:-1], firsts])
    grid = np.unique(np.concatenate([budgets, inner[(inner > low) & (inner < high)]]))

    def best(at: FloatArray) -> IntArray:
        return np.asarray(np.argmin(_log_rates(models, at, integer)[1], axis=1))

    found: list[tuple[float, int, int]] = []
    ends = zip(grid.tolist(), best(grid).tolist(), strict=True)
    todo = [pair for pair in pairwise(ends) if pair[0][1] != pair[1][1]][::-1]
    while todo:
        (left, was), (right, now) = todo.pop()
        if right - left <= _FOUND * right:
            found.append((right, was, now))
            continue
        middle = math.sqrt(left) * math.sqrt(right)
        between = middle, int(best(np.array([middle]))[0])
        halves = ((left, was), between), (between, (right, now))
        todo += [half for half in reversed(halves) if half[0][1] != half[1][1]]
    return found


# ---------------------------------------------------------------- fits


@dataclass(frozen=True)
class MemorizationFit:
    """A fitted curve.

    Attributes
    ----------
    curve : Memorization
    stderr : dict
        Of ln a, ln b and, if it was free, ln q, by "a", "b" and "q": relative standard errors.
    interval : dict
        By the same names, and "exponent", the interval of each at `level`.
    exponent : float
        The tail exponent q a, which the data tell of better than of either alone.
    correlation : float
        Between the estimates of ln a and ln q; NaN where q was given. Near -1 they cannot be told apart.
    residual : float
        Root mean square of the differences in ln S.
    level : float
    message : str
        What to be wary of; empty if nothing.

    Examples
    --------
    >>> from lidfast.memorization import Memorization, fit_curve
    >>> k = [1, 3, 10, 30, 100, 300, 1000]
    >>> fit = fit_curve(k, Memorization(0.4, 3, q=0.8).failure_rate(k), q=None)
    >>> round(fit.curve.a, 4), round(fit.curve.b, 3), round(fit.curve.q, 4), round(fit.exponent, 4)
    (0.4, 3.0, 0.8, 0.32)
    """

    curve: Memorization
    stderr: dict[str, float]
    interval: dict[str, tuple[float, float]]
    exponent: float
    correlation: float
    residual: float
    level: float
    message: str


def fit_curve(
    k: ArrayLike,
    failure_rate: ArrayLike,
    *,
    q: float | None = 1.0,
    stderr: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
    level: float = 0.95,
) -> MemorizationFit:
    """Fit a, b and if asked q to an observed curve, by least squares of ln S.

    The points of one curve come from the same problems, so their errors go together: least squares weigh
    each point by its own standard error, and the errors of the estimates follow from the whole `covariance`
    (the sandwich formula). Without it the points count as independent, without `stderr` as equally
    uncertain by as much as they scatter.

    Parameters
    ----------
    k : array_like, shape (K,), > 0
        At least as many different values as there are free parameters.
    failure_rate : array_like, shape (K,), in (0, 1]
        S = 1 - pass@k. Leave out points at which all problems are solved.
    q : float, in (0, 1], or None
        Given, as 1 is, or to be fitted. A Beta law bends a curve much as a q below 1 does: one curve tells
        the product q a, its slope at large k, well, and q and a apart badly (see `correlation`).
    stderr : array_like, shape (K,), > 0, optional
        Of the failure rates.
    covariance : array_like, shape (K, K), optional
        Of the failure rates; its diagonal is in place of `stderr`.
    level : float
        Of the intervals, which are those of the normal law for the logarithms.

    Returns
    -------
    MemorizationFit

    Raises
    ------
    ValueError, TypeError
        Names the argument and the first bad index.

    Notes
    -----
    Where counts are at hand, `fit_counts` is better than this, and for q = 1 `lidfast.difficulty.fit`, the
    maximum of the likelihood, better still.

    Examples
    --------
    >>> from lidfast.memorization import Memorization, fit_curve
    >>> fit = fit_curve([1, 10, 100], Memorization(0.4, 3).failure_rate([1, 10, 100]), stderr=[0.01] * 3)
    >>> round(fit.curve.a, 3), [round(x, 2) for x in fit.interval["a"]], fit.message
    (0.4, [0.36, 0.45], '')
    """
    k = _check.vector("k", k, _check.POSITIVE)
    rates = _check.vector("failure_rate", failure_rate, _check.POSITIVE_PROBABILITY)
    if rates.size != k.size:
        raise ValueError(f"failure_rate has {rates.size} elements and k has {k.size}")
    if q is not None:
        q = _check.scalar("q", q, _check.POSITIVE_PROBABILITY)
    level = _check.scalar("level", level, _check.LEVEL)
    free = 3 if q is None else 2
    if np.unique(k).size < free:
        raise ValueError(f"k has {np.unique(k).size} different values: {free} parameters need as many")
    of_log: FloatArray | None = None
    if covariance is not None:
        if stderr is not None:
            raise ValueError(
                "covariance and stderr are both given: the diagonal of covariance is in its place"
            )
        of_rates = _check.array("covariance", covariance)
        if of_rates.shape != (k.size, k.size):
            raise ValueError(f"covariance has shape {of_rates.shape}: it must be ({k.size}, {k.size})")
        _check.reject("covariance", of_rates, np.diag(np.diagonal(of_rates) <= 0), "> 0")
        of_rates = _covariance(of_rates)
        of_log = of_rates / np.outer(rates, rates)
    elif stderr is not None:
        errors = _check.vector("stderr", stderr, _check.POSITIVE)
        if errors.size != k.size:
            raise ValueError(f"stderr has {errors.size} elements and k has {k.size}")
        of_log = np.diag((errors / rates) ** 2)
    return _fitted(k, np.log(rates), q, of_log, level)


def _covariance(x: FloatArray) -> FloatArray:
    """Return it symmetric to the bit, if it is one but for roundings."""
    deviation = np.sqrt(np.diagonal(x))
    correlation = x / deviation / deviation[:, None]
    _check.reject("covariance", x, np.abs(correlation - correlation.T) > 1e-8, "as its mirror image is")
    least = float(np.linalg.eigvalsh(correlation)[0])
    if least < -1e-8 * len(x):
        raise ValueError(f"covariance is none: its correlations have the eigenvalue {least:.3g}, below 0")
    return (x + x.T) / 2


def fit_counts(
    n: ArrayLike,
    c: ArrayLike,
    k: ArrayLike | None = None,
    *,
    q: float | None = 1.0,
    n_boot: int = 0,
    level: float = 0.95,
    rng: Seed | Generator = None,
) -> MemorizationFit:
    """Fit a, b and if asked q to the mean curve of counts, with the covariance over problems.

    Cost and memory grow with the number of distinct (n, c), not with that of problems.

    Parameters
    ----------
    n, c : array_like of int, broadcast to one dimension
        Attempts, and how many of them were correct; at least two problems.
    k : array_like of int, shape (K,), optional
        Points of the curve, from 1 to the smallest n; the default is up to 30 of them, evenly in ln k.
        Those at which no problem has failed are left out.
    q, level
        As for `fit_curve`.
    n_boot : int, >= 0
        Resamples of problems, whose quantiles are the intervals; 0 gives normal ones.
    rng : None, int, SeedSequence or Generator
        Of the resamples.

    Returns
    -------
    MemorizationFit

    Raises
    ------
    ValueError, TypeError
        Names the argument and the first bad index.

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.memorization import fit_counts
    >>> rng = lidfast.random.default_rng(0)
    >>> c = rng.binomial(200, lidfast.difficulty.Beta(0.4, 3).sample(2000, rng))
    >>> fit = fit_counts(200, c)
    >>> round(fit.curve.a, 2), [round(x, 2) for x in fit.interval["a"]]
    (0.42, [0.39, 0.44])
    """
    n, c = (np.atleast_1d(x) for x in _curves.counts(n, c))
    if n.ndim != 1 or n.size < 2:
        raise ValueError(
            f"n has the shape {n.shape} with c: one dimension is needed, of two problems at least"
        )
    n_boot = _check.integer("n_boot", n_boot, 0)
    free = 3 if q is None else 2
    if k is None:
        k = np.unique(np.geomspace(1, max(int(n.min()), 1), _POINTS).round().astype(np.int64))
    at = _check.integer_vector("k", k, 1)
    _check.reject("n", n, n < at.max(), f"at least the largest k = {at.max()}")
    cells = _curves.histogram(n, c, None)
    problems, rates = cells.problems, _curves.both_rates(cells.n, cells.c, at)[0]
    kept = rates.any(axis=0)
    at, rates = at[kept], np.ascontiguousarray(rates[:, kept])
    if np.unique(at).size < free:
        raise ValueError("c: too few k have a problem that failed, so that there is no curve to fit")
    with single_threaded_blas:  # sums that do not depend on the threads
        mean = problems @ rates / n.size
        apart = rates - mean
        covariance = (problems[:, None] * apart).T @ apart / ((n.size - 1) * n.size)
        alike = n.size * np.diagonal(covariance) <= 1e-28 * mean**2  # roundings
        if alike.any():
            raise ValueError(
                f"c: at k = {at[np.argmax(alike)]} all problems have the same failure rate, so that the "
                "curve has no errors to weigh it by"
            )
        found = fit_curve(at, mean, q=q, covariance=covariance, level=level)
        if not n_boot:
            return found
        units, generator = _curves.Units(problems), default_rng(rng).numpy()
        curves = np.array([units.draw(1, generator)[0] @ rates / n.size for _ in range(n_boot)])
    start = [math.log(found.curve.a), math.log(found.curve.b), math.log(found.curve.q)][:free]
    estimates = []
    for curve in curves:
        there = curve > 0
        if np.unique(at[there]).size >= free:
            part = covariance[np.ix_(there, there)] / np.outer(curve[there], curve[there])
            x = _solve(at[there], np.log(curve[there]), q, part, start)[0].x
            estimates.append([*x, x[0] + (math.log(q) if q is not None else x[2])])
    names, message = [*found.stderr, "exponent"], found.message
    if lost := n_boot - len(estimates):
        lost_ones = f"{lost} of {n_boot} resamples had too few failures to be fitted"
        message = "; ".join(filter(None, (message, lost_ones)))
    tails = (1 - found.level) / 2
    ends = np.full((2, len(names)), math.nan)
    if estimates:
        ends = np.quantile(np.exp(estimates), [tails, 1 - tails], axis=0)
    interval = {name: (float(low), float(high)) for name, low, high in zip(names, *ends, strict=True)}
    return replace(found, interval=interval, message=message)


def _solve(
    k: FloatArray,
    log_rates: FloatArray,
    q: float | None,
    covariance: FloatArray | None,
    start: Sequence[float] | None = None,
) -> tuple[optimize.OptimizeResult, FloatArray]:
    """Find ln a, ln b (and ln q) with the least weighted squares; also the weights."""
    weights = np.ones(k.size) if covariance is None else 1 / np.sqrt(np.diagonal(covariance))

    def differences(x: FloatArray) -> FloatArray:
        curve = Memorization(math.exp(x[0]), math.exp(x[1]), math.exp(x[2]) if q is None else q)
        return np.asarray(weights * (curve.log_failure_rate(k) - log_rates))

    low = np.log([_TINIEST, _TINIEST, _TINIEST][: 3 if q is None else 2])
    high = np.log([_LARGEST, _LARGEST, 1.0][: low.size])
    starts = [] if start is None else [np.clip(start, low, high)]
    if start is None:
        # The slope of the whole curve is something like q a, for q a rough half or one.
        slope = max(-np.polyfit(np.log(k), log_rates, 1)[0], 1e-3)
        for share in (1.0, 0.5) if q is None else (q,):
            a = min(max(slope / share, 1e-3), 10.0)
            starts.append(np.log([a, 3 * a, share][: low.size]))
    fits = [
        optimize.least_squares(differences, x, bounds=(low, high), x_scale="jac", xtol=1e-12, ftol=1e-12)
        for x in starts
    ]
    return min(fits, key=lambda fit: float(fit.cost)), weights


def _fitted(
    k: FloatArray, log_rates: FloatArray, q: float | None, covariance: FloatArray | None, level: float
) -> MemorizationFit:
    best, weights = _solve(k, log_rates, q, covariance)
    x, jacobian = best.x, best.jac
    curve = Memorization(math.exp(x[0]), math.exp(x[1]), min(1.0, math.exp(x[2])) if q is None else q)
    differences = np.asarray(curve.log_failure_rate(k) - log_rates)
    inverse = np.linalg.pinv(jacobian.T @ jacobian)
    if covariance is None:
        spare = k.size - x.size
        middle = (
            float(differences @ differences) / spare * np.eye(k.size) if spare else np.zeros((k.size,) * 2)
        )
    else:
        middle = covariance * np.outer(weights, weights)
    of_estimates = inverse @ jacobian.T @ middle @ jacobian @ inverse
    names = ["a", "b", "q"][: x.size]
    errors = np.sqrt(np.maximum(np.diagonal(of_estimates), 0))
    reach = float(special.ndtri(0.5 + level / 2))

    def around(log_value: float, error: float) -> tuple[float, float]:
        with np.errstate(over="ignore"):
            low, high = np.exp([log_value - reach * error, log_value + reach * error])
        return float(low), float(high)

    interval = {name: around(at, error) for name, at, error in zip(names, x, errors, strict=True)}
    exponent_error, correlation = float(errors[0]), math.nan
    if q is None:
        interval["q"] = interval["q"][0], min(1.0, interval["q"][1])
        exponent_error = math.sqrt(max(of_estimates[0, 0] + of_estimates[2, 2] + 2 * of_estimates[0, 2], 0))
        if errors[0] > 0 and errors[2] > 0:
            correlation = float(of_estimates[0, 2] / (errors[0] * errors[2]))
    interval["exponent"] = around(math.log(curve.tail_exponent), exponent_error)
    return MemorizationFit(
        curve=curve,
        stderr=dict(zip(names, errors.tolist(), strict=True)),
        interval=interval,
        exponent=curve.tail_exponent,
        correlation=correlation,
        residual=float(np.sqrt(np.mean(differences**2))),
        level=level,
        message=_wary(curve, dict(zip(names, errors.tolist(), strict=True)), correlation, best.success),
    )


def _wary(curve: Memorization, errors: dict[str, float], correlation: float, converged: bool) -> str:
    told = [] if converged else ["the search for the least squares did not end"]
    for name in ("a", "b"):
        value = getattr(curve, name)
        if not 1.01 * _TINIEST < value < 0.99 * _LARGEST:
            told.append(f"{name} is at the end of its range, {value:.3g}: the curve does not tell it")
        elif errors[name] > 1:
            told.append(f"the curve hardly tells {name}: its relative standard error is {errors[name]:.2g}")
    if "q" in errors and curve.q > 1 - 1e-6:
        told.append("q is 1, the end of its range: its interval does not hold there")
    elif abs(correlation) > _TOLD_APART:
        told.append(
            f"q and a cannot be told apart (correlation {correlation:.3f} of their estimates): trust q a"
        )
    return "; ".join(told)
