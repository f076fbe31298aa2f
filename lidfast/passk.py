"""pass@k, failure rates and their exponents, from counts and from success probabilities.

Sources: [LID] arXiv 2601.03764, [MK] arXiv 2502.17578; the unbiased estimator is that of arXiv 2107.03374.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from . import _check, _passk
from ._check import FloatArray, IntArray
from ._threads import single_threaded_blas
from .random import Generator, Seed, default_rng

# Elements of the largest temporary arrays.
_BUDGET = 2**23

# Values of k that the kernel of the means takes at a time.
_KS = 2**12

# Means of squares below the square of this would lose digits.
_SQUARES = 1e-120

# From so many problems on a table of all counts is worth its making.
_MANY = 2**12

# Numbers of attempts below this have a cell for each number of successes in the kernels.
_SMALL = 256


# ---------------------------------------------------------------- from counts


def _counts(n: ArrayLike, c: ArrayLike) -> tuple[IntArray, IntArray]:
    """Check and broadcast attempts and successes: 0 <= c <= n."""
    attempts, successes = _check.broadcast(n=_check.integers("n", n), c=_check.integers("c", c))
    _check.reject("c", successes, successes > attempts, "at most n")
    return attempts, successes


def _reject_long(k: IntArray, limit: int, what: str) -> None:
    if k.size:
        _check.reject("k", k, k > limit, f"at most {what} = {limit}")


def _rates(n: ArrayLike, c: ArrayLike, k: ArrayLike, *, fail: bool, hat: bool = False) -> Any:
    """Failure rates, or success rates, of all (n, c) at all k; with hat of (n, n - c)."""
    trials = _check.integers("k", k)
    found = _looked_up(n, c, trials.ravel(), fail=fail, hat=hat)
    if found is not None:
        return found.reshape((-1, *trials.shape))
    attempts, successes = _counts(n, c)
    if attempts.size:
        shortest = np.unravel_index(int(np.argmin(attempts)), attempts.shape)
        _reject_long(trials, int(attempts[shortest]), _check.place("n", shortest))
    out = np.empty(attempts.shape + trials.shape)
    if out.size:
        flat = out.reshape(attempts.size, trials.size)
        solved = attempts - successes if hat else successes
        counts = np.ascontiguousarray(attempts).ravel(), np.ascontiguousarray(solved).ravel(), trials.ravel()
        _passk.count_rates(*counts, flat if fail else None, None if fail else flat)
    return out if out.ndim else float(out)


def _plain(x: NDArray[Any]) -> bool:
    """Whether a kernel can read the counts as they stand."""
    return x.dtype == np.int64 and x.flags.carray


def _table(n: range, k: IntArray, fail: bool) -> FloatArray:
    """Rates of all counts of such n at all k, (len(n), max n + 1, K); 0 where c > n."""
    table = np.zeros((len(n), n[-1] + 1, k.size))
    for row, attempts in zip(table, n, strict=True):
        c = np.arange(attempts + 1)
        some = row[: c.size]
        _passk.count_rates(np.full(c.size, attempts), c, k, some if fail else None, None if fail else some)
    return table


def _looked_up(n: ArrayLike, c: ArrayLike, k: IntArray, *, fail: bool, hat: bool) -> FloatArray | None:
    """Look up the rates of many whole counts in one dimension, of few different n; None where not so."""
    attempts, successes = np.asarray(n), np.asarray(c)
    if not (_plain(attempts) and _plain(successes) and successes.ndim == 1 and k.size):
        return None
    if attempts.ndim > 1 or attempts.size not in (1, successes.size) or successes.size < _MANY:
        return None
    out = np.empty((successes.size, k.size))
    done, own, most = 0, int(attempts.flat[0]), int(k.max())
    if most <= own < successes.size // 8:
        done = _passk.count_lookup(
            attempts.ravel(), successes, hat, own, _table(range(own, own + 1), k, fail), out
        )
    if done < out.shape[0] and attempts.size > 1 and most < _SMALL <= successes.size // 256:
        rest = attempts[done:], successes[done:]
        done += _passk.count_lookup(*rest, hat, most, _table(range(most, _SMALL), k, fail), out[done:])
    return out if done == out.shape[0] else None


def pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Any:
    r"""Probability that some of k attempts succeed, estimated without bias from c successes in n.

    .. math:: 1 - \binom{n-c}{k} \Big/ \binom{n}{k}

    Parameters
    ----------
    n : array_like of int, in [0, 2^53]
        Attempts, a number fixed in advance: see `pass_at_k_curve` where sampling stopped on success.
    c : array_like of int, in [0, n]
        Successes; broadcast with n.
    k : array_like of int, in [0, min n]

    Returns
    -------
    ndarray, shape broadcast(n, c).shape + shape(k), or float where all three are scalars
        Exact to a few units in the last place at both ends: 0 for c = 0 or k = 0, 1 for n - c < k.

    Raises
    ------
    ValueError
        Names the argument and the first bad index: negative counts, c > n, k > n (c = n included:
        nothing is extrapolated).

    See Also
    --------
    fail_at_k : 1 less this, with its own relative accuracy.

    Notes
    -----
    arXiv 2107.03374. One result takes time proportional to min(c, k).

    Examples
    --------
    >>> import lidfast
    >>> lidfast.pass_at_k(10, 3, 1)
    0.3
    >>> lidfast.pass_at_k([4, 4, 4], [0, 2, 4], [1, 2])
    array([[0.        , 0.        ],
           [0.5       , 0.83333333],
           [1.        , 1.        ]])
    """
    return _rates(n, c, k, fail=False)


def fail_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Any:
    r"""Probability that k attempts all fail, estimated without bias from c successes in n.

    .. math:: \binom{n-c}{k} \Big/ \binom{n}{k}

    Parameters
    ----------
    n : array_like of int, in [0, 2^53]
        Attempts, a number fixed in advance.
    c : array_like of int, in [0, n]
        Successes; broadcast with n.
    k : array_like of int, in [0, min n]

    Returns
    -------
    ndarray, shape broadcast(n, c).shape + shape(k), or float where all three are scalars
        Exact to a few units in the last place down to the smallest normal double, 2e-308, and to half
        of the smallest subnormal below.

    Raises
    ------
    ValueError
        Names the argument and the first bad index, as in `pass_at_k`.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.fail_at_k(1000, 500, [1, 100])
    array([5.00000000e-01, 3.19761608e-33])
    """
    return _rates(n, c, k, fail=True)


def pass_hat_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Any:
    r"""Probability that k attempts all succeed (pass^k), estimated without bias from c successes in n.

    .. math:: \binom{c}{k} \Big/ \binom{n}{k}

    Parameters
    ----------
    n : array_like of int, in [0, 2^53]
        Attempts, a number fixed in advance.
    c : array_like of int, in [0, n]
        Successes; broadcast with n.
    k : array_like of int, in [0, min n]

    Returns
    -------
    ndarray, shape broadcast(n, c).shape + shape(k), or float where all three are scalars
        1 for k = 0; as exact as `fail_at_k`.

    Raises
    ------
    ValueError
        Names the argument and the first bad index, as in `pass_at_k`.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.pass_hat_k(4, 3, [0, 1, 2, 4])
    array([1.  , 0.75, 0.5 , 0.  ])
    """
    return _rates(n, c, k, fail=True, hat=True)


# ---------------------------------------------------------------- curves over problems


@dataclass(frozen=True, eq=False)
class Curve:
    """pass@k against k; every field has shape (K,).

    Parameters
    ----------
    k : ndarray
        Numbers of attempts.
    estimate, failure : ndarray
        pass@k and 1 - pass@k, each with its own relative accuracy.
    stderr : ndarray
        Standard error of both.
    lower, upper : ndarray
        Confidence interval of pass@k; that of the failure rate is [1 - upper, 1 - lower].

    Examples
    --------
    >>> import lidfast
    >>> lidfast.pass_at_k_curve([4, 4], [0, 2], [1, 2]).estimate
    array([0.25      , 0.41666667])
    """

    k: NDArray[Any]
    estimate: FloatArray
    failure: FloatArray
    stderr: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, eq=False)
class _Cells:
    """Distinct (n, c), sorted, and how many problems share each."""

    n: IntArray
    c: IntArray
    problems: FloatArray

    @property
    def total(self) -> int:
        return int(self.problems.sum())


@dataclass(frozen=True, eq=False)
class _Estimator:
    """An estimator of pass@k as a function of the number of problems in each cell.

    estimate and failure (K,) are its values; influence (cells, K) is its derivative in the weight of
    one problem of a cell, of either sign; resample takes numbers of problems (b, cells) to pass@k (b, K).
    """

    estimate: FloatArray
    failure: FloatArray
    influence: FloatArray
    resample: Callable[[FloatArray], FloatArray]


def _histogram(n: IntArray, c: IntArray, weights: IntArray | None) -> _Cells:
    base = int(c.max()) + 1
    if int(n.max()) < np.iinfo(np.int64).max // base:
        rows, axis = n * base + c, None
    else:
        rows, axis = np.stack((n, c), axis=1), 0
    if weights is None:
        cells, problems = np.unique(rows, return_counts=True, axis=axis)
    else:
        total = weights.sum(dtype=np.float64)
        if not 0 < total <= 2**53:
            raise ValueError(f"weights sum to {total:g}: they must sum to an integer in [1, 2^53]")
        cells, inverse = np.unique(rows, return_inverse=True, axis=axis)
        problems = np.bincount(inverse.ravel(), weights)
        cells, problems = cells[problems > 0], problems[problems > 0]
    n_cells, c_cells = divmod(cells, base) if axis is None else cells.T
    return _Cells(np.ascontiguousarray(n_cells), np.ascontiguousarray(c_cells), problems.astype(np.float64))


def _tally(n: ArrayLike, c: ArrayLike) -> _Cells | None:
    """Cells of checked counts in one reading; None unless few distinct n and whole numbers allow it."""
    attempts, successes = np.asarray(n), np.asarray(c)
    if not (_plain(attempts) and _plain(successes) and successes.ndim == 1):
        return None
    if attempts.ndim > 1 or attempts.size not in (1, successes.size):
        return None
    own = int(attempts.flat[0]) if attempts.size else -1
    if not (0 <= own < 2**22 and successes.size < 2**32):
        return None
    cells = np.empty((3, _SMALL**2 + own + 1), dtype=np.int64)
    found = _passk.count_tally(attempts.ravel(), successes, cells)
    return _Cells(cells[0, :found], cells[1, :found], cells[2, :found].astype(float)) if found else None


def _checked_cells(
    n: ArrayLike, c: ArrayLike, k: IntArray, weights: ArrayLike | None, stopping: str, block: int
) -> _Cells:
    attempts, successes = _counts(_check.integer_vector("n", n), _check.integer_vector("c", c))
    multiplicity = None
    if weights is not None:
        multiplicity = _check.integer_vector("weights", weights)
        _check.same_size("weights", multiplicity, "n and c", attempts.size)
    if stopping == "fixed":
        short = attempts < k.max()
        _check.reject(
            "n", attempts, short, f"at least the largest k = {k.max()} where n was fixed in advance"
        )
    else:
        _check_first_success(attempts, successes, block)
    return _histogram(attempts, successes, multiplicity)


def _both_rates(n: IntArray, c: IntArray, k: IntArray) -> tuple[FloatArray, FloatArray]:
    fail, success = np.empty((2, n.size, k.size))
    _passk.count_rates(n, c, k, fail, success)
    return fail, success


def _fixed(cells: _Cells, k: IntArray) -> _Estimator:
    """Means over problems of the unbiased estimates."""
    fail, success = _both_rates(cells.n, cells.c, k)
    failure, estimate = cells.problems @ fail / cells.total, cells.problems @ success / cells.total
    # From the side that is near 0, where differences keep their digits.
    influence = np.where(failure < estimate, failure - fail, success - estimate) / cells.total
    return _Estimator(estimate, failure, influence, lambda problems: estimate + problems @ influence)


def _means(cells: _Cells, k: IntArray) -> FloatArray:
    """Means over problems of pass@k and of the failure rate, and the standard deviation of both, (3, K)."""
    # Deviations are taken from the rates of the most frequent counts, which cannot be far from the
    # mean, so that nothing cancels; and on the side that is near 0.
    often = np.argmax(cells.problems, keepdims=True)
    out, order = np.empty((3, k.size)), np.argsort(k, kind="stable")
    for i in range(0, k.size, _KS):
        some = order[i : i + _KS]
        fail, success = _both_rates(cells.n[often], cells.c[often], k[some])
        of_pass = fail[0] > 0.5
        origin = np.where(of_pass, success[0], fail[0])
        sums = np.empty((3, some.size))
        _passk.count_means(cells.n, cells.c, cells.problems, k[some], origin, of_pass.astype(np.int8), sums)
        mean_success, mean_fail, square = sums / cells.total
        shift = np.where(of_pass, mean_success, mean_fail) - origin
        out[:, some] = mean_success, mean_fail, np.sqrt(np.maximum(square - shift**2, 0))
    return out


def _first_success(cells: _Cells, k: IntArray, block: int) -> _Estimator:
    """Kaplan and Meier's estimator in blocks of attempts.

    Among the r problems that attempted a block, d ended in it: the failure rate S takes a factor
    1 - d/r, and u attempts into the block 1 - e/r, e the sum over the problems that ended in it of
    the pass@u of their b attempts there.
    """
    blocks, solved = cells.n // block, cells.c > 0
    times, start = np.unique(blocks, return_index=True)
    stop = np.append(start[1:], blocks.size)
    current = -(-k // block)  # the block of attempt k, counted from 1; 0 for k = 0
    attempt = np.where(current > 0, k - (current - 1) * block, 0)
    # Index of the first time not before the current block, and the cells that ended in that block.
    place = np.searchsorted(times, current)
    last = [
        slice(start[t], stop[t] if times[t] == q else start[t]) for t, q in zip(place, current, strict=True)
    ]
    shares = [
        _both_rates(np.full(cells.c[own].size, block), cells.c[own], attempt[j : j + 1])
        if own.stop > own.start
        else (np.zeros((0, 1)), np.zeros((0, 1)))
        for j, own in enumerate(last)
    ]

    def tables(problems: FloatArray) -> tuple[FloatArray, ...]:
        """At risk, ended, S before and 1 - S before each time, (b, times)."""
        ended = np.add.reduceat(problems * solved, start, axis=1)
        at_risk = np.add.reduceat(problems, start, axis=1)[:, ::-1].cumsum(axis=1)[:, ::-1]
        # Where a resample holds nobody any more, S stays what it was.
        someone = np.maximum(at_risk, 1)
        before = np.ones_like(at_risk)
        np.cumprod((someone - ended)[:, :-1] / someone[:, :-1], axis=1, out=before[:, 1:])
        solved_before = np.zeros_like(at_risk)
        np.cumsum((before * ended / someone)[:, :-1], axis=1, out=solved_before[:, 1:])
        return someone, ended, before, solved_before

    def evaluate(problems: FloatArray) -> tuple[FloatArray, FloatArray]:
        """pass@k and failure rates, (b, K)."""
        at_risk, _, before, solved_before = tables(problems)
        estimate, failure = np.empty((2, len(problems), k.size))
        for j, (t, own, (fail, success)) in enumerate(zip(place, last, shares, strict=True)):
            r, s = at_risk[:, t], before[:, t]
            inside = problems[:, own]
            estimate[:, j] = solved_before[:, t] + s * (inside @ success)[:, 0] / r
            failure[:, j] = s * (r - inside.sum(axis=1) + (inside @ fail)[:, 0]) / r
        return estimate, failure

    def influence() -> FloatArray:
        """-dS/dw for one more problem of weight w in a cell: the chain rule on ln S, (cells, K)."""
        at_risk, ended, before, _ = (row[0] for row in tables(cells.problems[None]))
        left = np.maximum(at_risk - ended, 1)  # 0 at the last time only, where no later k asks for it
        gain = np.append(0.0, np.cumsum(ended / (at_risk * left)))
        own_time = np.searchsorted(times, blocks)
        out = np.empty((blocks.size, k.size))
        for j, (t, own, (_, success)) in enumerate(zip(place, last, shares, strict=True)):
            r = at_risk[t]
            share = cells.problems[own] @ success[:, 0] / r
            earlier = gain[np.minimum(own_time + 1, t)] - np.where(
                solved & (own_time < t), 1 / left[own_time], 0
            )
            now = np.where(own_time >= t, share / r, 0)
            now[own] -= success[:, 0] / r
            out[:, j] = -before[t] * ((1 - share) * earlier + now)
        return out

    estimate, failure = evaluate(cells.problems[None])
    return _Estimator(estimate[0], failure[0], influence(), lambda problems: evaluate(problems)[0])


def _check_first_success(n: IntArray, c: IntArray, block: int) -> None:
    _check.reject("c", c, c > block, f"at most block = {block} where sampling stops at the first success")
    _check.reject("n", n, (c > 0) & (n % block != 0), f"a multiple of block = {block} where c > 0")


def _bootstrap(
    estimator: _Estimator, cells: _Cells, n_boot: int, generator: np.random.Generator
) -> FloatArray:
    """pass@k of n_boot resamples of the problems, (n_boot, K)."""
    out = np.empty((n_boot, estimator.estimate.size))
    share = cells.problems / cells.total
    step = max(1, _BUDGET // (8 * share.size))
    for i in range(0, n_boot, step):
        problems = generator.multinomial(cells.total, share, size=min(step, n_boot - i))
        out[i : i + step] = estimator.resample(problems.astype(np.float64))
    return out


def _bca_levels(
    levels: FloatArray,
    replicates: FloatArray,
    estimate: FloatArray,
    deviation: FloatArray,
    acceleration: FloatArray,
) -> FloatArray:
    """Levels of the bias-corrected and accelerated interval (Efron, JASA 82 (1987) 171), (2, K)."""
    # Replicates that differ from the estimate by rounding alone are ties: they count by half.
    distance = replicates - estimate
    tied = np.abs(distance) <= 1e-9 * deviation
    below = np.mean(np.where(tied, 0.5, distance < 0), axis=0)
    bias = ndtri(np.clip(below, 0.5 / len(replicates), 1 - 0.5 / len(replicates)))
    z = bias + ndtri(levels)
    return np.asarray(ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-9)))


def _quantiles(ordered: FloatArray, levels: FloatArray) -> FloatArray:
    """Quantiles of each column of (B, K), by linear interpolation, at levels (2, K) or (2, 1)."""
    position = np.broadcast_to(levels * (len(ordered) - 1), (len(levels), ordered.shape[1]))
    low = position.astype(np.intp)
    high = np.minimum(low + 1, len(ordered) - 1)
    at_low, at_high = (np.take_along_axis(ordered, i, axis=0) for i in (low, high))
    return np.asarray(at_low + (position - low) * (at_high - at_low))


def _curve(
    estimator: _Estimator,
    cells: _Cells,
    level: float,
    interval: str,
    n_boot: int,
    generator: np.random.Generator | None,
) -> tuple[FloatArray, ...]:
    """Every field of a Curve but k."""
    # In units of the largest influence: its squares and cubes do not underflow.
    unit = np.maximum(np.abs(estimator.influence).max(axis=0), np.finfo(float).tiny)
    relative = estimator.influence / unit
    second, third = cells.problems @ relative**2, cells.problems @ relative**3
    deviation = unit * np.sqrt(second)
    many = cells.total > 1
    stderr = deviation * np.sqrt(cells.total / (cells.total - 1)) if many else np.full(unit.size, np.nan)
    levels = np.array([[(1 - level) / 2], [(1 + level) / 2]])
    if generator is None:
        bounds = estimator.estimate + ndtri(levels) * stderr
    else:
        replicates = _bootstrap(estimator, cells, n_boot, generator)
        if interval == "bca":
            acceleration = third / (6 * np.maximum(second, 1) ** 1.5)  # second is 0 or at least 1
            levels = _bca_levels(levels, replicates, estimator.estimate, deviation, acceleration)
        replicates.sort(axis=0)
        bounds = _quantiles(replicates, levels)
    lower, upper = np.clip(bounds, 0, 1)
    return estimator.estimate, estimator.failure, stderr, lower, upper


def pass_at_k_curve(
    n: ArrayLike,
    c: ArrayLike,
    k: ArrayLike,
    *,
    stopping: str = "fixed",
    block: int = 1,
    n_boot: int = 0,
    interval: str = "bca",
    level: float = 0.95,
    weights: ArrayLike | None = None,
    rng: Seed | Generator = None,
) -> Curve:
    r"""Mean of pass@k over problems, with error bars for a sample of problems.

    Ask how the attempts were made: the default takes n as fixed in advance. For sampling that stops
    once it has succeeded, that estimator is biased upwards, and stopping="first_success" is right.

    Parameters
    ----------
    n, c : array_like of int, shape (M,)
        Attempts and successes of each problem; they broadcast.
    k : array_like of int, shape (K,)
        In [0, min n], or for "first_success" in [0, max n] (n in whole blocks).
    stopping : "fixed" or "first_success"
        "first_success": attempts came in blocks and stopped after the first block with a success, or
        without any (c = 0) at a number n that does not depend on the problem.
    block : int, >= 1
        Attempts in a block; 1 stops at the first success. For "first_success" only.
    n_boot : int, >= 0
        Resamples of the problems. With 0 the intervals are normal: estimate -+ quantile * stderr.
    interval : "bca" or "percentile"
        Which bootstrap interval.
    level : float, in (0, 1)
        Coverage of the intervals, one k at a time.
    weights : array_like of int, shape (M,), >= 0, optional
        How many problems have this (n, c), for counts that are already a histogram.
    rng : None, int, SeedSequence or Generator
        Source of the resamples; the same seed gives the same intervals.

    Returns
    -------
    Curve
        Fields (K,). With one problem stderr is NaN, and so are the normal intervals.

    Raises
    ------
    ValueError
        Names the argument and the first bad index: c > n, n < k, a (c, n) that the stopping rule
        cannot produce, a word or a number out of range.

    Notes
    -----
    "fixed" averages `pass_at_k`; stderr is the standard deviation over problems (with M - 1) over
    sqrt(M). "first_success" averages over problems the probability, given its record, that a problem
    outlasts k attempts: 1 for k <= n - b, C(b-c, k-n+b) / C(b, k-n+b) in the last block, 0 beyond,
    with the weights of Kaplan and Meier (JASA 53 (1958) 457) for the problems given up at c = 0. Of
    such a problem whole blocks count. The estimator is defined up to the largest n; its stderr is the
    infinitesimal jackknife's times sqrt(M / (M-1)), which is the "fixed" one where nothing was given
    up. A resample that holds nobody beyond some n keeps its failure rate from there on.

    The bootstrap resamples problems; everything works on the histogram of distinct (n, c), so its cost
    does not grow with M but with the number of distinct pairs. The acceleration of BCa is taken from
    the same influence of each pair as stderr.

    Sources: arXiv 2107.03374, [MK] arXiv 2502.17578.

    Examples
    --------
    >>> import lidfast
    >>> curve = lidfast.pass_at_k_curve(10, [0, 1, 5, 10], [1, 5], n_boot=200, rng=0)
    >>> curve.estimate
    array([0.4       , 0.62400794])
    >>> curve.stderr
    array([0.22730303, 0.23884019])
    >>> bool((curve.lower < curve.estimate).all() and (curve.estimate < curve.upper).all())
    True
    """
    _check.choice("stopping", stopping, ("fixed", "first_success"))
    _check.choice("interval", interval, ("bca", "percentile"))
    block = _check.integer("block", block, 1)
    if stopping == "fixed" and block != 1:
        raise ValueError(f"block is {block}: it goes with stopping='first_success'")
    n_boot = _check.integer("n_boot", n_boot)
    level = _check.scalar("level", level, _check.LEVEL)
    ks = _check.integer_vector("k", k)
    cells = None
    if stopping == "fixed" and weights is None:
        cells = _tally(n, c)
    if cells is None or cells.n.min() < ks.max():
        cells = _checked_cells(n, c, ks, weights, stopping, block)
    if stopping == "first_success":
        _reject_long(ks, int(cells.n.max()) // block * block, "the largest n in whole blocks")

    if stopping == "fixed" and not n_boot:
        estimate, failure, deviation = _means(cells, ks)
        if np.minimum(estimate, failure).min() > _SQUARES or not deviation.any():
            many = cells.total > 1
            stderr = deviation / math.sqrt(cells.total - 1) if many else np.full(ks.size, np.nan)
            z = ndtri(0.5 + 0.5 * level)
            lower, upper = (np.clip(estimate + side * z * stderr, 0, 1) for side in (-1, 1))
            return Curve(ks, estimate, failure, stderr, lower, upper)

    generator = default_rng(rng).numpy() if n_boot else None
    step = max(1, _BUDGET // max(cells.n.size, n_boot))
    parts = []
    with single_threaded_blas:  # sums that do not depend on the threads
        for i in range(0, ks.size, step):
            some = ks[i : i + step]
            estimator = _fixed(cells, some) if stopping == "fixed" else _first_success(cells, some, block)
            # A copy: the resamples are the same for every k.
            parts.append(_curve(estimator, cells, level, interval, n_boot, deepcopy(generator)))
    return Curve(ks, *(np.concatenate(field) for field in zip(*parts, strict=True)))


# ---------------------------------------------------------------- from success probabilities


def _weights(name: str, weights: ArrayLike | None, other: str, size: int) -> FloatArray | None:
    """Non-negative weights, or None, of a finite positive sum."""
    if weights is None:
        return None
    w = _check.vector(name, weights, _check.NON_NEGATIVE)
    _check.same_size(name, w, other, size)
    with np.errstate(over="ignore"):
        total = w.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"{name} sum to {total:g}: the sum must be positive and finite")
    return w


def _curve_sums(
    log_fail: FloatArray, weights: FloatArray | None, k: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sum w (1-s)^k and its derivative in k, w (1-s)^k ln(1-s), from ln(1-s).

    log_fail and weights (n,), k (K,): float64, C-contiguous, not empty, in range; two arrays (K,).
    """
    return _kernel_sums(log_fail, True, weights, k)


def _kernel_sums(
    s: FloatArray, is_log: bool, weights: FloatArray | None, k: FloatArray
) -> tuple[FloatArray, FloatArray]:
    out = np.empty((2, k.size))
    _passk.failure_curve(s, is_log, weights, k, out)
    return out[0], out[1]


def failure_curve(s: ArrayLike, k: ArrayLike, *, weights: ArrayLike | None = None) -> Any:
    r"""Mean probability that k attempts all fail, over instances of known success probability.

    .. math:: S(k) = \sum_i w_i (1 - s_i)^k \Big/ \sum_i w_i

    Parameters
    ----------
    s : array_like, shape (n,), in [0, 1]
        Success probability of one attempt.
    k : array_like, shape (K,), >= 0
        Numbers of attempts, not necessarily whole.
    weights : array_like, shape (n,), >= 0, optional

    Returns
    -------
    ndarray, shape (K,), or float where k is a scalar
        The relative error is below 4e-15 (1 - ln S), that is 3e-12 where S is 1e-300.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Notes
    -----
    S is the inference loss of [LID], arXiv 2601.03764; 1 - S is pass@k.

    Many s are read once for all k: of -ln(1 - s) the first 16 moments within eighths of octaves give the
    sum for every k at which they suffice, to rounding; the others take an exponential for each s.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.failure_curve([0.5, 1.0], [0, 1, 2])
    array([1.   , 0.25 , 0.125])
    """
    rates = _check.vector("s", s, _check.PROBABILITY)
    ks = _check.vector("k", k, _check.NON_NEGATIVE)
    w = _weights("weights", weights, "s", rates.size)
    total, _ = _kernel_sums(rates, False, w, ks)
    mean = total / (rates.size if w is None else w.sum())
    return mean if np.ndim(k) else float(mean[0])


# ---------------------------------------------------------------- exponents


@dataclass(frozen=True)
class PowerLaw:
    """The power law loss = amplitude * k^-exponent.

    Parameters
    ----------
    exponent : float
        Positive where the loss falls.
    amplitude : float
    stderr : float
        Standard error of the exponent from the scatter about the line; NaN for two points.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.PowerLaw(exponent=0.5, amplitude=2.0, stderr=0.1).exponent
    0.5
    """

    exponent: float
    amplitude: float
    stderr: float


def fit_power_law(
    k: ArrayLike,
    loss: ArrayLike,
    *,
    window: tuple[float, float] | None = None,
    weights: ArrayLike | None = None,
) -> PowerLaw:
    r"""Fit a power law by least squares of ln loss on ln k.

    .. math:: \min_{\beta, P} \sum_j w_j (\ln L_j - \ln P + \beta \ln k_j)^2

    Parameters
    ----------
    k : array_like, shape (K,), > 0
    loss : array_like, shape (K,)
        For an exponent of [LID] the failure rate S(k) = 1 - pass@k. Positive wherever it is used.
    window : (kmin, kmax), optional
        Only kmin <= k <= kmax is used.
    weights : array_like, shape (K,), >= 0, optional
        Of the squares, up to a factor; points of weight 0 are not used.

    Returns
    -------
    PowerLaw

    Raises
    ------
    ValueError
        Names the argument and the first bad index; also where fewer than two different k are used.

    Notes
    -----
    On a finite window the exponent is biased ([MK], arXiv 2502.17578): where counts are at hand, a
    difficulty fitted by maximum likelihood is the estimator to take first.

    Examples
    --------
    >>> import lidfast
    >>> law = lidfast.fit_power_law([1, 10, 100], [3.0, 0.3, 0.03])
    >>> round(law.exponent, 12), round(law.amplitude, 12)
    (1.0, 3.0)
    """
    ks = _check.vector("k", k, _check.POSITIVE)
    losses = _check.vector("loss", loss)
    _check.same_size("loss", losses, "k", ks.size)
    given = _weights("weights", weights, "k", ks.size)
    w = np.ones(ks.size) if given is None else given / given.max()
    used = w > 0
    if window is not None:
        limits = _check.vector("window", window, _check.Range(0))
        if limits.size != 2 or limits[0] > limits[1]:
            raise ValueError(f"window is {window}: it must be (kmin, kmax) with kmin <= kmax")
        used &= (ks >= limits[0]) & (ks <= limits[1])
    _check.reject("loss", losses, used & ~(losses > 0), "> 0")
    x, y, w = np.log(ks[used]), np.log(losses[used]), w[used]
    if x.size < 2 or x.min() == x.max():
        where = "" if window is None else f" in the window {window}"
        raise ValueError(f"k has fewer than two different values{where}: a power law needs two")
    w = w / w.sum()
    x_mean, y_mean = w @ x, w @ y
    moment = w @ (x - x_mean) ** 2
    slope = w @ ((x - x_mean) * (y - y_mean)) / moment
    rest = w @ (y - y_mean - slope * (x - x_mean)) ** 2
    stderr = np.sqrt(rest / ((x.size - 2) * moment)) if x.size > 2 else np.nan
    with np.errstate(over="ignore"):
        amplitude = np.exp(y_mean - slope * x_mean)
    return PowerLaw(float(-slope), float(amplitude), float(stderr))


def local_exponent(k: ArrayLike, loss: ArrayLike) -> FloatArray:
    r"""Estimate -d ln loss / d ln k at each k by differences.

    Parameters
    ----------
    k : array_like, shape (K,), > 0, increasing
        At least two.
    loss : array_like, shape (K,), > 0
        The failure rate S(k), for beta_eff(k) of [LID], arXiv 2601.03764.

    Returns
    -------
    ndarray, shape (K,)
        Of second order in the spacing of ln k inside, of first order at the two ends; exact for a
        power law.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.local_exponent([1, 10, 100], [1.0, 0.1, 0.001]).round(12)
    array([1. , 1.5, 2. ])
    """
    ks = _check.vector("k", k, _check.POSITIVE)
    losses = _check.vector("loss", loss, _check.POSITIVE)
    _check.same_size("loss", losses, "k", ks.size)
    if ks.size < 2:
        raise ValueError("k has one element: differences need two")
    x = np.log(ks)
    _check.reject("k", ks, np.append(False, np.diff(x) <= 0), "above the one before")
    return np.asarray(-np.gradient(np.log(losses), x))
