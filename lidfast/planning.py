r"""How many attempts at how many problems an interval of a given width takes.

Mean pass@k by the unbiased formula, of n attempts at each of M problems from one law: the estimate of a
problem's fail@k is the share of all sets of k of its attempts in which all failed. Two sets that share j
attempts have both failed with probability S(2k - j), and two chosen at random share j with the
hypergeometric probability P(j), so

.. math::
    M \, Var = \sum_j P(j) S(2k-j) - S(k)^2
             = [S(2k) - S(k)^2] + \sum_j P(j) [S(2k-j) - S(2k)].

The first bracket is the spread over problems, which attempts do not lessen; the sum, in which no term is
negative, is the noise of n attempts. Nothing of a difficulty is needed but its failure rate S.
What the exponent of a difficulty takes is `lidfast.coverage.exponent_cost`.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from . import _check
from ._check import FloatArray
from .difficulty import Difficulty

__all__ = ["Plan", "pass_at_k_stderr", "plan"]

_K_MOST = 2**20  # S is needed from k to 2k
_N_MOST = 2**53
_WIDTH = _check.Range(0, 1, low_open=True, high_open=True)


@dataclass(frozen=True)
class Plan:
    """Attempts and problems of a study.

    Attributes
    ----------
    n : int
        Attempts at each problem.
    problems : int
    width : float
        Width of the interval that they are expected to give, at most what was asked for.
    attempts : int
        All of them, n times problems.
    cost : float

    Examples
    --------
    >>> from lidfast.planning import Plan
    >>> Plan(n=10, problems=200, width=0.1, attempts=2000, cost=2000.0).attempts
    2000
    """

    n: int
    problems: int
    width: float
    attempts: int
    cost: float


def pass_at_k_stderr(difficulty: Difficulty, n: ArrayLike, k: ArrayLike, problems: ArrayLike) -> Any:
    r"""Compute the standard error of mean pass@k, unbiased, from n attempts at each of some problems.

    .. math:: \sqrt{\Big( \sum_j P(j) S(2k-j) - S(k)^2 \Big) / M},
        \quad P(j) = \binom{k}{j} \binom{n-k}{k-j} \Big/ \binom{n}{k}

    Under the root, n = k gives S(k) (1 - S(k)) / M, and n = inf the spread over problems alone,
    (S(2k) - S(k)^2) / M. Digits are not lost where S is near 1 or 0: the relative error is that of ln S,
    times n / k at most; only n = inf loses the more, the narrower the law.

    Parameters
    ----------
    difficulty : Difficulty
        The law that problems are drawn from, such as `Fit.difficulty` of a pilot study.
    n : array_like of int, >= k, or inf
        Attempts at each problem.
    k : array_like of int, in [1, 2^20]
    problems : array_like of int, >= 1
        M.

    Returns
    -------
    float or ndarray of the broadcast shape

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.difficulty import Beta
    >>> from lidfast.planning import pass_at_k_stderr
    >>> pass_at_k_stderr(Beta(0.3, 2), [10, 20, 100, float("inf")], 10, 100).round(5)
    array([0.04966, 0.04363, 0.03983, 0.03897])
    """
    raw = np.asarray(n)
    endless = np.isposinf(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, dtype=bool)
    finite = _check.integers("n", np.where(endless, _N_MOST, raw) if endless.any() else raw, 1, _N_MOST)
    whole, subsets = finite.astype(float), _check.integers("k", k, 1, _K_MOST)
    whole[endless] = math.inf
    count = _check.integers("problems", problems, 1)
    whole, subsets, count = _check.broadcast(n=whole, k=subsets, problems=count)
    _check.reject("n", whole, whole < subsets, "at least k")
    out = np.empty(whole.shape)
    for one in np.unique(subsets):
        spread = _Spread(difficulty, int(one))
        here = subsets == one
        attempts, which = np.unique(whole[here], return_inverse=True)
        out[here] = np.array([spread(x) for x in attempts])[which.ravel()]
    out /= np.sqrt(count)
    return out if out.ndim else out.item()


def plan(
    difficulty: Difficulty,
    k: int,
    width: float,
    *,
    level: float = 0.95,
    problem_cost: float = 0.0,
    attempt_cost: float = 1.0,
    n: int | None = None,
    min_problems: int = 30,
) -> Plan:
    r"""Find the cheapest study whose normal interval of mean pass@k has a given width.

    It minimizes :math:`M (c_p + n c_a)` over integers n >= k and M, with :math:`2 z \, stderr(n, M)` at
    most the width. The variance falls with n, so that whole ranges of n are ruled out by a bound: what is
    found is the least of all pairs.

    Parameters
    ----------
    difficulty : Difficulty
        The law that problems are drawn from, such as `Fit.difficulty` of a pilot study.
    k : int, in [1, 2^20]
    width : float, in (0, 1)
        From the lower to the upper end of the interval.
    level : float
        Coverage of the interval.
    problem_cost : float, >= 0
        Of a problem, however many attempts are made at it: to write, to check, to grade it.
    attempt_cost : float, > 0
    n : int, >= k, optional
        Attempts at each problem, where they are fixed.
    min_problems : int, >= 1
        With very few problems the interval is not normal, however narrow it is.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        Names the argument.

    Examples
    --------
    >>> from lidfast.difficulty import Beta
    >>> from lidfast.planning import plan
    >>> found = plan(Beta(0.3, 2), 10, 0.1)
    >>> found.n, found.problems, round(found.width, 4)
    (10, 379, 0.1)
    >>> found = plan(Beta(0.3, 2), 10, 0.1, problem_cost=100)
    >>> found.n, found.problems, found.attempts, found.cost
    (23, 284, 6532, 34932.0)
    """
    k = _check.integer("k", k, 1, _K_MOST)
    width = _check.scalar("width", width, _WIDTH)
    z = float(special.ndtri((1 + _check.scalar("level", level, _check.LEVEL)) / 2))
    fixed = _check.scalar("problem_cost", problem_cost, _check.NON_NEGATIVE)
    each = _check.scalar("attempt_cost", attempt_cost, _check.POSITIVE)
    if n is not None:
        n = _check.integer("n", n, k, _N_MOST)
    few = _check.integer("min_problems", min_problems, 1)
    spread = _Spread(difficulty, k)

    def problems_at(n: float) -> int:
        return max(few, math.ceil((2 * z / width * spread(n)) ** 2))

    best = n if n is not None else _cheapest(problems_at, k, fixed, each)
    count = problems_at(best)
    return Plan(
        best, count, 2 * z * spread(best) / math.sqrt(count), best * count, count * (fixed + best * each)
    )


class _Spread:
    """Standard deviation of a problem's estimate of fail@k, by n."""

    def __init__(self, difficulty: Difficulty, k: int) -> None:
        self.k = k
        log_s: FloatArray = difficulty.log_failure_rate(np.arange(2.0 * k, k - 1, -1))  # of 2k - j
        self.root = math.exp(log_s[-1] / 2)  # all is in units of S(k): a far tail does not underflow
        self.between, self.noise = 0.0, np.zeros(k + 1)
        if self.root == 0:
            return
        shares = np.exp(log_s - log_s[-1])
        # A rounding must not make the law of a single s spread by less than nothing.
        self.between = -float(shares[0]) * math.expm1(min(0.0, 2 * log_s[-1] - log_s[0]))
        self.noise = -shares * np.expm1(log_s[0] - log_s)

    def __call__(self, n: float) -> float:
        return self.root * math.sqrt(self.between + float(np.sum(_shared(n, self.k) * self.noise)))


def _shared(n: float, k: int) -> FloatArray:
    """Probability that two of the sets of k among n share j = 0, ..., k."""
    j = np.arange(float(k))
    out = np.zeros(k + 1)
    if math.isinf(n):
        out[0] = 1.0
        return out
    least = max(0, 2 * k - int(n))
    j = j[least:]
    # P(j+1) / P(j); the sum of their logarithms may be off by a factor that all share.
    log_p = np.append(0.0, np.cumsum(2 * np.log(k - j) - np.log((j + 1) * (n - 2 * k + j + 1))))
    out[least:] = np.exp(log_p - log_p.max())
    return np.asarray(out / out.sum())


def _cheapest(problems: Callable[[float], int], k: int, fixed: float, each: float) -> int:
    """Find the n >= k of the least problems(n) (fixed + n each), where problems(n) does not rise with n."""
    most, least = problems(k), problems(math.inf)
    # Beyond `last` even as few problems as endless attempts take cost more than those of n = k.
    last = max(k, min(_N_MOST, math.ceil((most * (fixed + k * each) / least - fixed) / each)))
    best, cost = k, most * (fixed + k * each)
    intervals: list[tuple[float, int, int, int, int]] = []  # by the least that an n inside may cost

    def split(low: int, high: int, before: int, after: int) -> None:
        # Where they take as many problems, low is the best of them all.
        if high - low > 1 and before > after:
            heapq.heappush(intervals, (after * (fixed + (low + 1) * each), low, high, before, after))

    def look(n: int, count: int) -> None:
        nonlocal best, cost
        if (here := count * (fixed + n * each)) < cost:
            best, cost = n, here

    after = problems(last)
    look(last, after)
    split(k, last, most, after)
    while intervals and intervals[0][0] < cost:
        _, low, high, before, after = heapq.heappop(intervals)
        middle = min(max(math.isqrt(low * high), low + 1), high - 1)  # costs vary with ln n
        count = problems(middle)
        look(middle, count)
        split(low, middle, before, count)
        split(middle, high, count, after)
    return best
