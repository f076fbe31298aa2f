r"""Coverage at a cost: how many distinct problems a budget of attempts solves, and by which policy [ReD].

Source: arXiv 2601.21522, Reset-and-Discard. A problem is solved at its attempt T,
:math:`P(T > j) = S(j)`, S the failure rate of a difficulty.

What is a theorem, for problems drawn from one law that cannot be told apart before they are tried, a
perfect verifier and equal costs: a problem's posterior success probability falls with every failure, so
to attempt a problem with the fewest failures is best in expectation at every budget. With endless supply
that is one attempt a problem, whose coverage is (1 - S(1)) t exactly, and the cost of a solved problem
does not fall as r, the attempts before a reset, rises. What is computed exactly: renewal functions to
t = 2^20, pools where `reset_and_discard` says so. What is approximate: renewal functions beyond, and
the fluid limit of large pools. With unequal costs the policy to compare with attempts the largest
posterior success probability by unit of cost (`posterior_index`).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from . import _check, _policies, _renewal
from ._check import FloatArray, IntArray
from ._counts import checked
from ._curves import check_first_success
from ._gamma import log_gamma_cross
from ._policies import NEVER, Index, Problems
from .difficulty import Beta, Difficulty, Fit, Kumaraswamy, fit
from .random import Generator, Seed, default_rng

__all__ = [
    "Coverage",
    "ExponentCost",
    "cost_per_solved",
    "exponent_cost",
    "exponent_from_rounds",
    "posterior_index",
    "replay",
    "reset_and_discard",
    "savings",
    "simulate",
    "solve_to_completion",
]

_POLICIES = ("solve_to_completion", "reset")
_ERROR = _check.Range(0, 1, high_open=True)
_SECONDS = 10.0  # that an exact pool may take
_FAR = 100  # resets this often within t: the coverage is a line
_EXACT_MOST = 2**24
_POOL_MOST = 2**18  # attempts; more take too long on any pool
_CHUNK = 2**20  # problems that are drawn at a time
_VISITS = 2**18  # visits to problems of an endless supply, at a time


@dataclass(frozen=True)
class Coverage:
    """Problems solved within each budget.

    Attributes
    ----------
    t : ndarray, shape (K,)
        Budgets, in units of cost (attempts, where they cost 1).
    coverage : ndarray, shape (K,)
        Mean number of distinct problems solved.
    stderr : ndarray, shape (K,)
        Its standard error, over runs or shuffles.
    accepted : ndarray, shape (K,)
        Mean number of problems taken for solved: more, where the verifier lets wrong answers through.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.coverage import Coverage
    >>> found = Coverage(np.array([10.0, 20.0]), np.array([3.0, 5.0]), np.zeros(2), np.array([3.0, 5.0]))
    >>> found.cost([4, 6])
    array([15., nan])
    """

    t: FloatArray
    coverage: FloatArray
    stderr: FloatArray
    accepted: FloatArray

    def cost(self, coverage: ArrayLike) -> Any:
        """Budget at which a coverage is reached, by linear interpolation from (0, 0).

        Parameters
        ----------
        coverage : array_like, > 0

        Returns
        -------
        float or ndarray of coverage's shape
            NaN where the largest budget does not reach it.
        """
        level = _check.array("coverage", coverage, _check.POSITIVE)
        order = np.argsort(self.t)
        t = np.concatenate([[0.0], self.t[order]])
        solved = np.concatenate([[0.0], np.maximum.accumulate(self.coverage[order])])
        at = np.minimum(np.searchsorted(solved, level), t.size - 1)  # the first budget that reaches it
        low = np.maximum(at - 1, 0)
        rise = solved[at] - solved[low]
        part = np.divide(level - solved[low], rise, out=np.ones(level.shape), where=rise > 0)
        out = np.where(level <= solved[-1], t[low] + part * (t[at] - t[low]), np.nan)
        return out if level.ndim else out.item()


# ---------------------------------------------------------------- theory


def cost_per_solved(difficulty: Difficulty, r: ArrayLike = 1) -> Any:
    r"""Mean attempts for each solved problem, endless supply, where a problem is given up after r failures.

    .. math:: E[T_r] = \frac{\sum_{j<r} S(j)}{1 - S(r)}

    It does not fall with r, for any difficulty [ReD] (arXiv 2601.21522): r = 1 is best.

    Parameters
    ----------
    difficulty : Difficulty
    r : array_like of int, >= 1, or inf
        inf never gives up: E[T], infinite where the tail exponent is at most 1.

    Returns
    -------
    float or ndarray of r's shape

    Raises
    ------
    ValueError
        Names the first bad r.

    Examples
    --------
    >>> from lidfast.coverage import cost_per_solved
    >>> from lidfast.difficulty import Beta
    >>> cost_per_solved(Beta(0.3, 2), [1, 2, 5, 20, 100]).round(6)
    array([ 7.666667,  8.924528, 12.05189 , 22.854856, 56.955706])
    >>> round(cost_per_solved(Beta(3, 2), float("inf")), 9)
    2.0
    """
    raw = np.asarray(r)
    never = np.isposinf(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, dtype=bool)
    finite = _check.integers("r", np.where(never, 1, raw) if never.any() else raw, 1)
    flat = finite.ravel()
    with np.errstate(divide="ignore"):
        out = _renewal.attempts(difficulty, flat) / difficulty.pass_at_k(flat)
    if never.any():
        out[never.ravel()] = _renewal.mean_attempts(difficulty)
    return out.reshape(finite.shape) if finite.ndim else out.item()


def solve_to_completion(difficulty: Difficulty, t: ArrayLike, *, pool: int | None = None) -> Any:
    r"""Compute the expected number of problems solved, each worked on until it is solved.

    With endless supply this is a renewal process, of generating function :math:`1 / ((1-z)^2 Q(z))` less the
    renewal at 0, with :math:`Q(z) = \sum_j S(j) z^j`. It grows like

    .. math:: \frac{\sin \pi a}{\pi a} \frac{t^a}{A} - 1, \quad S(j) \sim A j^{-a}, \, a < 1

    and like t / E[T] where that mean is finite. Up to t = 2^20 it is exact (to 1e-11), by a transform of the
    whole sequence. Beyond, the generating function is inverted numerically (Gaver and Stehfest), to
    2e-6 relative, whatever the tail.

    Parameters
    ----------
    difficulty : Difficulty
    t : array_like of int, >= 0
        Attempts in all.
    pool : int, >= 1, optional
        Number of problems; exact, or as with endless supply where they hardly ever run out.

    Returns
    -------
    float or ndarray of t's shape

    Raises
    ------
    ValueError
        Names the first bad t; where a pool is neither small enough nor large enough.

    Examples
    --------
    >>> from lidfast.coverage import solve_to_completion
    >>> from lidfast.difficulty import Beta
    >>> solve_to_completion(Beta(0.3, 2), [10**5, 10**6]).round(4)
    array([22.2715, 45.4241])
    >>> round(solve_to_completion(Beta(0.3, 2), 10**9), 2)
    367.74
    """
    return _coverage(difficulty, t, None, pool)


def reset_and_discard(difficulty: Difficulty, t: ArrayLike, *, r: int = 1, pool: int | None = None) -> Any:
    r"""Compute the expected number of problems solved, each left after r failures, or discarded when solved.

    With endless supply r = 1 solves :math:`(1 - S(1)) t`. For r > 1 the number is exact to t = 2^20 (2^24
    where r > t / 100), and beyond it is the line that it tends to.

    The M problems of a pool are taken up in turn for r attempts at a time, until they are solved. The
    expected coverage at every t, inside a round too, is exact (to 1e-12) where that takes less than about
    10 s: for Beta(0.3, 2) and r = 1 to t of 10^4 for M = 100, 10^5 for 1000, 2.6 10^5 for 10^4 and more.
    Above, it is the fluid limit, in which passes spend and solve what they do in the mean, after n rounds
    :math:`M (1 - S(n))` at a cost of :math:`M \sum_{j<n} S(j)`; where both can be had it was high by
    0.2 problems at most.

    Parameters
    ----------
    difficulty : Difficulty
    t : array_like of int, >= 0
    r : int, >= 1
    pool : int, >= 1, optional
        Number of problems M; None is an endless supply.

    Returns
    -------
    float or ndarray of t's shape

    Raises
    ------
    ValueError
        Names the first bad t; where r is so large that neither way serves.

    Examples
    --------
    >>> from lidfast.coverage import reset_and_discard
    >>> from lidfast.difficulty import Beta
    >>> round(reset_and_discard(Beta(0.3, 2), 10**5), 1)
    13043.5
    >>> reset_and_discard(Beta(0.3, 2), [10**4, 40892], pool=10**4).round(0)
    array([1304., 3393.])
    >>> round(reset_and_discard(Beta(0.3, 2), 100, pool=20), 6)
    7.495553
    """
    return _coverage(difficulty, t, _check.integer("r", r, 1), pool)


def _coverage(law: Difficulty, t: ArrayLike, r: int | None, pool: int | None) -> Any:
    attempts = _check.integers("t", t)
    if pool is not None:
        pool = _check.integer("pool", pool, 1)
    flat = attempts.ravel()
    out = np.zeros(flat.size)
    if flat.size and flat.max() > 0:
        out[:] = _endless(law, flat, r) if pool is None else _pool(law, flat, r, pool)
    return out.reshape(attempts.shape) if attempts.ndim else out.item()


def _endless(law: Difficulty, t: IntArray, r: int | None) -> FloatArray:
    last = int(t.max())
    if r == 1:
        return np.asarray(t * float(law.pass_at_k(1)))
    if r is None or r >= last:
        near = t <= _renewal.EXACT
        out = np.empty(t.size)
        if near.any():
            out[near] = _renewal.renewals(law, int(t[near].max()))[t[near]]
        if not near.all():
            out[~near] = _renewal.renewals_far(law, t[~near])
        return out
    if last <= _renewal.EXACT:
        return _renewal.renewals(law, last, r)[t]
    line = t >= _FAR * r
    out = np.empty(t.size)
    if line.any():
        out[line] = _renewal.resets_far(law, t[line], r)
    if not line.all():
        longest = int(t[~line].max())
        if longest > _EXACT_MOST:
            raise ValueError(
                f"r is {r}: for t above {_EXACT_MOST} it must be at most t / {_FAR}, or not below t"
            )
        out[~line] = _renewal.renewals(law, longest, r)[t[~line]]
    return out


def _pool(law: Difficulty, t: IntArray, r: int | None, problems: int) -> FloatArray:
    lengths = np.unique(t[t <= (_POOL_MOST if r is not None else _renewal.EXACT)]).tolist()

    def pool(length: int) -> _renewal.Pool:
        return _renewal.Pool(law, problems, min(r or length, length), length)

    # The longest that is quick enough serves all below it.
    quick = bisect.bisect_left(lengths, True, key=lambda t: t > 0 and pool(t).seconds > _SECONDS)
    out = np.empty(t.size)
    done = t <= (lengths[quick - 1] if quick else -1)
    if done.any():
        out[done] = pool(max(1, lengths[quick - 1])).exact()[t[done]]
    if done.all():
        return out
    last = int(t.max())
    if r is not None and r < last:
        out[~done] = _renewal.pool_fluid(law, t[~done], r, problems)
    elif _renewal.endless(law, last, problems):
        out[~done] = _endless(law, t[~done], None)
    else:
        raise ValueError(f"t is {last}: a pool of {problems} solved to completion takes too long up to there")
    return out


def posterior_index(difficulty: Difficulty) -> Index:
    r"""Index of the policy that attempts the largest posterior success probability by unit of cost.

    .. math:: \left(1 - \frac{S(n+1)}{S(n)}\right) / c

    after n failures, at a cost of c an attempt. With equal costs it is the round robin of r = 1.

    Parameters
    ----------
    difficulty : Difficulty
        Law of the problems, such as a fitted one.

    Returns
    -------
    callable
        A policy for `simulate` and `replay`.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.coverage import posterior_index
    >>> from lidfast.difficulty import Beta
    >>> posterior_index(Beta(1, 1))(np.array([0, 1, 2]), np.array([1.0, 1.0, 2.0])).round(6)
    array([0.5     , 0.333333, 0.125   ])
    """

    def index(failures: IntArray, cost: FloatArray) -> FloatArray:
        n, place = np.unique(failures, return_inverse=True)
        log_s = difficulty.log_failure_rate(np.stack([n, n + 1]))
        return np.asarray(-np.expm1(log_s[1] - log_s[0])[place] / cost)

    return index


# ---------------------------------------------------------------- simulation


def simulate(
    difficulty: Difficulty,
    t: ArrayLike,
    *,
    policy: str | Index = "reset",
    r: int = 1,
    pool: int | None = None,
    cost: float | ArrayLike | Callable[[FloatArray, Generator], ArrayLike] = 1.0,
    cost_spread: float = 0.0,
    false_positive: float = 0.0,
    false_negative: float = 0.0,
    runs: int = 64,
    rng: Seed | Generator = None,
) -> Coverage:
    r"""Simulate a policy on problems of a difficulty, with costs and with a verifier that may err.

    A problem is drawn once, with the attempt at which it is accepted (a geometric draw); a policy then only
    decides the order. The same seed gives the same problems to all policies on a pool.

    Parameters
    ----------
    difficulty : Difficulty
    t : array_like, >= 0
        Budgets, in units of cost. An attempt counts where it is paid for in full.
    policy : "reset", "solve_to_completion" or callable
        Reset: leave a problem after r failures, and on a pool come back to it in the next pass; r = 1 is
        round robin, and fewest failures first. A callable index(failures, cost) gets, for possible
        attempts on problems of a pool, the failures so far (int) and the cost of an attempt, (A,) each,
        and returns the priority of each, (A,): the largest is made next, of equals the first problem's.
    r : int, >= 1
    pool : int, >= 1, optional
        Number of problems, up to 10^8; None is an endless supply, for which the policy must be named.
    cost : float, array_like of shape (pool,), or callable
        Cost of an attempt, > 0: one for all, one for each problem of the pool, or cost(s, rng) which
        returns that of problems of given success probabilities, (P,) -> (P,): tokens, USD.
    cost_spread : float, >= 0
        Coefficient of variation of the cost of single attempts about that, by a gamma law.
    false_positive, false_negative : float, in [0, 1)
        Probabilities that the verifier accepts a wrong attempt, and rejects a right one. A problem is
        discarded when an attempt is accepted, and counts as solved if that was right.
    runs : int, >= 1
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    Coverage
        In the order of t; stderr is over runs (NaN for one run).

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Notes
    -----
    A pool in rounds (r = 1 at one cost) holds only how many problems end in which round, and inside a round
    takes the mean over their order. Other policies hold the pool, those with an index or a spread of
    costs every attempt too.

    Examples
    --------
    >>> from lidfast.coverage import reset_and_discard, simulate
    >>> from lidfast.difficulty import Beta
    >>> law = Beta(0.3, 2)
    >>> found = simulate(law, [1000, 5000], pool=1000, rng=1)
    >>> found.coverage.round(1), reset_and_discard(law, [1000, 5000], pool=1000).round(1)
    (array([130.2, 375.6]), array([130.4, 375.5]))
    >>> simulate(law, 5000, policy="solve_to_completion", pool=1000, rng=1).coverage.round(1)
    array([9.6])
    """
    budget = _check.vector("t", t, _check.NON_NEGATIVE)
    runs = _check.integer("runs", runs, 1)
    r, index = _order(policy, r)
    spread = _check.scalar("cost_spread", cost_spread, _check.NON_NEGATIVE)
    verifier = tuple(
        _check.scalar(name, rate, _ERROR)
        for name, rate in (("false_positive", false_positive), ("false_negative", false_negative))
    )
    if pool is not None:
        pool = _check.integer("pool", pool, 1, 2**40)
    elif index is not None:
        raise ValueError("policy is an index: it needs a pool")
    given: FloatArray | None = None
    if not callable(cost):
        given = _check.array("cost", cost, _check.POSITIVE)
        if given.ndim and given.shape != (pool,):
            raise ValueError(f"cost has shape {given.shape}: it must be one number, or (pool,)")
    source = _Source(difficulty, given, cost if callable(cost) else None, *verifier)
    order = np.argsort(budget)
    seen = [
        _run(source, budget[order], r, index, pool, spread, generator)
        for generator in default_rng(rng).spawn(runs)
    ]
    return _averaged(budget, order, np.array(seen))


@dataclass(frozen=True)
class _Source:
    """What problems are drawn from."""

    difficulty: Difficulty
    cost: FloatArray | None
    cost_of: Callable[[FloatArray, Generator], ArrayLike] | None
    false_positive: float
    false_negative: float

    @property
    def one_cost(self) -> float | None:
        return float(self.cost) if self.cost is not None and self.cost.ndim == 0 else None

    def ends(self, count: int, rng: Generator) -> tuple[FloatArray, IntArray, NDArray[np.bool_]]:
        """Success probabilities, the attempt that is accepted of each, and whether that is right."""
        s = self.difficulty.sample(count, rng)
        right = s * (1 - self.false_negative)
        accept = right + (1 - s) * self.false_positive
        ever = accept > 0
        if ever.all():
            ends = np.minimum(rng.geometric(accept), NEVER)
        else:
            ends = np.full(count, NEVER)
            ends[ever] = np.minimum(rng.geometric(accept[ever]), NEVER)
        solved = ends < NEVER
        if self.false_positive:
            solved &= rng.random(count) * accept < right
        return s, ends, solved

    def problems(self, count: int, rng: Generator) -> Problems:
        parts = [self.ends(some, rng) for some in _chunks(count)]
        s, ends, solved = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        if self.cost_of is not None:
            cost = _check.array("cost(s, rng)", self.cost_of(s, rng), _check.POSITIVE)
            if cost.shape != (count,):
                raise ValueError(f"cost(s, rng) has shape {cost.shape}: it must be {(count,)}")
        else:
            cost = np.broadcast_to(1.0 if self.cost is None else self.cost, count)
        return Problems(ends, ends < NEVER, solved, cost)


def _chunks(count: int) -> list[int]:
    full, rest = divmod(count, _CHUNK)
    return [_CHUNK] * full + [rest] * (rest > 0)


def _order(policy: str | Index, r: int) -> tuple[int, Index | None]:
    """Read a policy: attempts before a problem is left, and its index where it is one."""
    r = _check.integer("r", r, 1)
    if callable(policy):
        return r, policy
    return (NEVER if _check.choice("policy", policy, _POLICIES) == "solve_to_completion" else r), None


def _run(
    source: _Source,
    budget: FloatArray,
    r: int,
    index: Index | None,
    pool: int | None,
    spread: float,
    rng: Generator,
) -> FloatArray:
    if pool is None:
        count = _VISITS
        if source.one_cost is not None:
            count = int(min(count, 100 + budget[-1] / source.one_cost))
        return _policies.endless(
            lambda: source.problems(count, rng), budget, r, partial(_spread_cost, spread, rng)
        )
    if r == 1 and index is None and not spread and source.one_cost is not None:
        draws = (source.ends(count, rng)[1:] for count in _chunks(pool))
        return _policies.in_rounds(draws, np.floor(budget / source.one_cost * (1 + 1e-12)))
    problems = source.problems(pool, rng)
    if index is None and not spread:
        return _policies.in_passes(problems, budget, r)

    def price(owner: IntArray, number: IntArray) -> FloatArray:
        return _spread_cost(spread, rng, np.ones_like(number), problems.cost[owner])

    return _policies.by_index(problems, budget, index or partial(_by_pass, r), price)


def _by_pass(r: int, failures: IntArray, _cost: FloatArray) -> FloatArray:
    """Put attempts in passes of r."""
    return -(failures // r).astype(float)


def _spread_cost(spread: float, rng: Generator, attempts: IntArray, cost: FloatArray) -> FloatArray:
    """Cost of some attempts together: sums of gamma variates are gamma variates."""
    if not spread:
        return attempts * cost
    return np.asarray(rng.gamma(attempts / spread**2, cost * spread**2))


def _averaged(budget: FloatArray, order: IntArray, seen: FloatArray) -> Coverage:
    """Means over runs (runs, 2, K), of budgets in order."""
    mean = np.empty((2, budget.size))
    mean[:, order] = seen.mean(axis=0)
    stderr = np.full(budget.size, np.nan)
    if len(seen) > 1:
        stderr[order] = seen[:, 0].std(axis=0, ddof=1) / math.sqrt(len(seen))
    return Coverage(budget, mean[0], stderr, mean[1])


# ---------------------------------------------------------------- recorded outcomes


def replay(
    outcomes: ArrayLike | tuple[ArrayLike, ArrayLike],
    t: ArrayLike,
    *,
    policy: str | Index = "reset",
    r: int = 1,
    cost: float | ArrayLike = 1.0,
    shuffles: int = 100,
    stopping: str = "fixed",
    block: int = 1,
    rng: Seed | Generator = None,
) -> Coverage:
    """Carry out a policy on recorded outcomes, in random order, as [ReD] (arXiv 2601.21522) does.

    Each shuffle puts the problems in random order, and the outcomes of each. A problem whose record ends
    before a success is left for good: beyond that a replay knows nothing.

    Parameters
    ----------
    outcomes : array_like of bool, shape (M, n), or tuple (n, c)
        Whether each attempt on each problem succeeded; or for each problem its attempts and its
        successes, (M,) each.
    t : array_like, >= 0
        Budgets, in units of cost.
    policy, r
        As for `simulate`. Of an attempt's own cost an index gets the mean of its problem.
    cost : float, or array_like of shape (M,) or (M, n)
        Cost of an attempt, > 0: of all, of those on a problem, or of each recorded attempt.
    shuffles : int, >= 1
    stopping : "fixed" or "first_success"
        Whether the attempts (n, c) of a problem were fixed in advance, or stopped after the first block
        with a success. Then the first success is in the last block, and its place there is drawn.
    block : int, >= 1
        Attempts in a block, with first_success.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    Coverage
        Means over shuffles. Their standard error is that of the shuffles alone: another set of
        problems would differ by more.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.coverage import replay
    >>> counts = ([10, 10, 10, 10], [0, 1, 5, 10])
    >>> replay(counts, [4, 8, 40], rng=1).coverage
    array([1.44, 1.99, 3.  ])
    >>> replay(counts, [4, 8, 40], policy="solve_to_completion", rng=1).coverage
    array([0.8 , 1.11, 3.  ])
    """
    budget = _check.vector("t", t, _check.NON_NEGATIVE)
    shuffles = _check.integer("shuffles", shuffles, 1)
    r, index = _order(policy, r)
    record = _Record.of(outcomes, cost)
    block = _check.integer("block", block, 1)
    if _check.choice("stopping", stopping, ("fixed", "first_success")) == "first_success":
        if record.matrix is not None or not isinstance(outcomes, tuple):
            raise ValueError("stopping is first_success: outcomes must be (n, c)")
        check_first_success(record.n, record.c, block)
        record = replace(record, known_failures=np.where(record.c > 0, record.n - block, 0))
    elif block > 1:
        raise ValueError(f"block is {block}: it goes with stopping='first_success'")
    order = np.argsort(budget)
    seen = [
        _replayed(record, budget[order], r, index, generator)
        for generator in default_rng(rng).spawn(shuffles)
    ]
    return _averaged(budget, order, np.array(seen))


@dataclass(frozen=True)
class _Record:
    """Recorded attempts on problems that have any."""

    n: IntArray
    c: IntArray
    cost: FloatArray  # (M,)
    matrix: NDArray[np.bool_] | None  # (M, n), with
    costs: FloatArray | None  # (M, n), where attempts cost differently
    known_failures: IntArray | None = None  # (M,) attempts that came before the block of the first success

    @classmethod
    def of(cls, outcomes: ArrayLike | tuple[ArrayLike, ArrayLike], cost: ArrayLike) -> _Record:
        price = _check.array("cost", cost, _check.POSITIVE)
        if isinstance(outcomes, tuple):
            if len(outcomes) != 2:
                raise ValueError(f"outcomes has {len(outcomes)} parts: they must be (n, c)")
            n, c = checked(*outcomes, low=0)
            shapes: tuple[tuple[int, ...], ...] = ((), n.shape)
            matrix = None
        else:
            raw = np.asarray(outcomes)
            if raw.ndim != 2:
                raise ValueError(f"outcomes has shape {raw.shape}: it must be (problems, attempts)")
            _check.reject("outcomes", raw, (raw != 0) & (raw != 1), "0 or 1")
            matrix = raw.astype(bool)
            n, c = np.full(len(raw), raw.shape[1]), matrix.sum(axis=1)
            shapes = ((), n.shape, raw.shape)
        if n.ndim != 1 or not n.any():
            raise ValueError("outcomes has no attempts" if n.ndim == 1 else "outcomes: n and c must be (M,)")
        if price.shape not in shapes:
            raise ValueError(f"cost has shape {price.shape}: it must be one of {shapes}")
        tried = n > 0
        if price.ndim == 2 and matrix is not None:
            return cls(n[tried], c[tried], price.mean(axis=1)[tried], matrix[tried], price[tried])
        return cls(n[tried], c[tried], np.broadcast_to(price, n.shape)[tried], None, None)


def _replayed(record: _Record, budget: FloatArray, r: int, index: Index | None, rng: Generator) -> FloatArray:
    order = np.argsort(rng.random(record.n.size))
    n, c, cost = record.n[order], record.c[order], record.cost[order]
    costs = None
    if record.matrix is None or record.costs is None:
        # Each failure is before the first of c successes with probability p ~ Beta(1, c), given p by itself.
        p = -np.expm1(np.log(1 - rng.random(n.size)) / np.maximum(c, 1))
        before = 0 if record.known_failures is None else record.known_failures[order]
        first = 1 + before + rng.binomial(n - before - c, p)
    else:
        places = np.argsort(rng.random(record.matrix.shape), axis=1)
        first = 1 + np.argmax(np.take_along_axis(record.matrix[order], places, axis=1), axis=1)
        costs = np.take_along_axis(record.costs[order], places, axis=1)
    found = c > 0
    problems = Problems(np.where(found, first, n), found, found, cost)
    if index is None and costs is None:
        return _policies.in_passes(problems, budget, r)

    def price(owner: IntArray, number: IntArray) -> FloatArray:
        return cost[owner] if costs is None else costs[owner, number]

    return _policies.by_index(problems, budget, index or partial(_by_pass, r), price)


def savings(first: Coverage, second: Coverage, coverage: ArrayLike) -> Any:
    """Cost of one policy over that of another, for equal coverage.

    Parameters
    ----------
    first, second : Coverage
    coverage : array_like, > 0

    Returns
    -------
    float or ndarray of coverage's shape
        Cost of first divided by cost of second: above 1 where the second is cheaper. NaN where one
        of them does not reach the coverage.

    Examples
    --------
    >>> from lidfast.coverage import savings, simulate
    >>> from lidfast.difficulty import Beta
    >>> t = [100, 300, 1000, 3000, 10000, 30000]
    >>> kept, left = (
    ...     simulate(Beta(0.3, 2), t, policy=policy, pool=1000, rng=1)
    ...     for policy in ("solve_to_completion", "reset")
    ... )
    >>> round(savings(kept, left, 10), 1)
    77.0
    """
    return first.cost(coverage) / second.cost(coverage)


# ---------------------------------------------------------------- the exponent


def exponent_from_rounds(solved: ArrayLike, pool: int, *, family: str = "beta", level: float = 0.95) -> Fit:
    """Estimate the tail exponent from how many of a pool each round of Reset-and-Discard solves [ReD].

    After n rounds a share S(n) is left, which falls with the exponent. Problem by problem the rounds are
    attempts until the first success, cut off at the last round; the likelihood of these is that of counts,
    and loses nothing that the rounds tell. Source: arXiv 2601.21522.

    Parameters
    ----------
    solved : array_like of int, shape (R,), >= 0
        Problems solved in round 1, 2, ..., R; each round attempts once what is left.
    pool : int, >= 1
        Problems in all.
    family, level
        As for `difficulty.fit`.

    Returns
    -------
    difficulty.Fit
        With exponent and exponent_ci.

    Raises
    ------
    ValueError
        Where more is solved than there is.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.coverage import exponent_from_rounds
    >>> from lidfast.difficulty import Beta
    >>> left = 10**5 * Beta(0.3, 2).failure_rate(np.arange(101))
    >>> found = exponent_from_rounds(np.round(-np.diff(left)).astype(int), 10**5)
    >>> round(found.exponent, 2), [round(x, 2) for x in found.exponent_ci]
    (0.3, [0.3, 0.3])
    """
    each = _check.integer_vector("solved", solved)
    pool = _check.integer("pool", pool, 1)
    if each.sum() > pool:
        raise ValueError(f"solved adds up to {each.sum()}: the pool has {pool}")
    n = np.append(np.arange(1, each.size + 1), each.size)
    c = np.append(np.ones_like(each), 0)
    return fit(n, c, family=family, level=level, weights=np.append(each, pool - each.sum()))


@dataclass(frozen=True)
class ExponentCost:
    """What an interval of the exponent of a given width costs, by two protocols.

    Attributes
    ----------
    problems_reset, problems_full : float
        Problems that it takes.
    cost_reset, cost_full : float
        Attempts on them in all.

    Examples
    --------
    >>> from lidfast.coverage import ExponentCost
    >>> ExponentCost(10.0, 5.0, 200.0, 500.0).ratio
    2.5
    """

    problems_reset: float
    problems_full: float
    cost_reset: float
    cost_full: float

    @property
    def ratio(self) -> float:
        """Cost of full sampling over that of Reset-and-Discard."""
        return self.cost_full / self.cost_reset


def exponent_cost(
    difficulty: Beta | Kumaraswamy, width: float, *, rounds: int, samples: int, level: float = 0.95
) -> ExponentCost:
    r"""Compare Reset-and-Discard with full sampling as ways to measure the exponent to the same width.

    Reset-and-Discard attempts each problem until its first success, in at most `rounds` rounds, which costs
    :math:`\sum_{j<R} S(j)` attempts a problem; full sampling makes `samples` attempts at each. The
    width of the interval is :math:`2 z \sqrt{v / M}`, v the element of the inverse Fisher information of one
    problem that belongs to a, the other parameters unknown.

    Parameters
    ----------
    difficulty : Beta or Kumaraswamy
        Where m < 1, it is taken as unknown too.
    width : float, > 0
        Of the interval of a.
    rounds, samples : int, >= 2
        Rounds of Reset-and-Discard; attempts at a problem of full sampling.
    level : float
        Coverage of the interval.

    Returns
    -------
    ExponentCost

    Raises
    ------
    ValueError
        Where the outcomes do not determine the parameters.

    Examples
    --------
    >>> from lidfast.coverage import exponent_cost
    >>> from lidfast.difficulty import Beta
    >>> cost = exponent_cost(Beta(0.3, 2), 0.1, rounds=100, samples=100)
    >>> round(cost.problems_reset), round(cost.problems_full), round(cost.ratio, 2)
    (471, 301, 1.59)
    """
    width = _check.scalar("width", width, _check.POSITIVE)
    level = _check.scalar("level", level, _check.LEVEL)
    rounds, samples = _check.integer("rounds", rounds, 2), _check.integer("samples", samples, 2)
    z = float(special.ndtri((1 + level) / 2))
    failures = np.arange(rounds, dtype=float)
    # Outcomes of a problem: its first success, or none; and the number of its successes.
    first = np.append(np.ones(rounds), 0), np.append(failures, rounds), np.zeros(rounds + 1)
    c = np.arange(samples + 1.0)
    counted = c, samples - c, log_gamma_cross(1.0, c, samples - c)
    problems = [(2 * z / width) ** 2 * _variance(difficulty, *outcomes) for outcomes in (first, counted)]
    attempts = float(_renewal.attempts(difficulty, np.array([rounds]))[0])
    return ExponentCost(problems[0], problems[1], problems[0] * attempts, problems[1] * samples)


def _variance(law: Beta | Kumaraswamy, c: FloatArray, f: FloatArray, log_ways: FloatArray) -> float:
    """Inverse Fisher information of one problem about a."""
    names = ("a", "b") if law.m == 1 else ("a", "b", "m")
    scores = []
    for name in names:
        value = getattr(law, name)
        step = 1e-4 * min(value, 1 - value if name == "m" else value)
        high, low = (replace(law, **{name: value + sign * step})._log_likelihood(c, f) for sign in (1, -1))
        scores.append((high - low) / (2 * step))
    probability = np.exp(law._log_likelihood(c, f) + log_ways)
    information = (np.array(scores) * probability) @ np.array(scores).T
    if np.linalg.cond(information) > 1e12:
        raise ValueError("rounds or samples are too few: they do not determine the parameters")
    return float(np.linalg.inv(information)[0, 0])
