"""Curves over problems: the estimators, and what resampling problems does to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import ndtr, ndtri

from . import _check, _passk
from ._check import FloatArray, IntArray
from ._threads import single_threaded_blas

# Elements of the largest temporary arrays.
BUDGET = 2**23

# Values of k that the kernel of the means takes at a time.
_KS = 2**12

# Means of squares below the square of this would lose digits.
_SQUARES = 1e-120

# Numbers of attempts below this have a cell for each number of successes in the kernels.
SMALL = 256


# ---------------------------------------------------------------- cells


@dataclass(frozen=True, eq=False)
class Cells:
    """Distinct (n, c), sorted, and how many problems share each."""

    n: IntArray
    c: IntArray
    problems: FloatArray

    @property
    def total(self) -> int:
        return int(self.problems.sum())


def histogram(n: IntArray, c: IntArray, weights: IntArray | None) -> Cells:
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
    return Cells(np.ascontiguousarray(n_cells), np.ascontiguousarray(c_cells), problems.astype(np.float64))


def plain(x: NDArray[Any]) -> bool:
    """Whether a kernel can read the counts as they stand."""
    return x.dtype == np.int64 and x.flags.c_contiguous and x.flags.aligned


def tally(n: ArrayLike, c: ArrayLike) -> Cells | None:
    """Cells of checked counts in one reading; None unless few distinct n and whole numbers allow it."""
    attempts, successes = np.asarray(n), np.asarray(c)
    if not (plain(attempts) and plain(successes) and successes.ndim == 1):
        return None
    if attempts.ndim > 1 or attempts.size not in (1, successes.size):
        return None
    own = int(attempts.flat[0]) if attempts.size else -1
    if not (0 <= own < 2**22 and successes.size < 2**32):
        return None
    cells = np.empty((3, SMALL**2 + own + 1), dtype=np.int64)
    found = _passk.count_tally(attempts.ravel(), successes, cells)
    return Cells(cells[0, :found], cells[1, :found], cells[2, :found].astype(float)) if found else None


def counts(n: ArrayLike, c: ArrayLike) -> tuple[IntArray, IntArray]:
    """Check and broadcast attempts and successes: 0 <= c <= n."""
    attempts, successes = _check.broadcast(n=_check.integers("n", n), c=_check.integers("c", c))
    _check.reject("c", successes, successes > attempts, "at most n")
    return attempts, successes


def both_rates(n: IntArray, c: IntArray, k: IntArray) -> tuple[FloatArray, FloatArray]:
    fail, success = np.empty((2, n.size, k.size))
    _passk.count_rates(n, c, k, fail, success)
    return fail, success


# ---------------------------------------------------------------- means without resampling


def means(cells: Cells, k: IntArray) -> FloatArray:
    """Means over problems of pass@k and of the failure rate, and the deviation of both, (3, K)."""
    out, order = np.empty((3, k.size)), np.argsort(k, kind="stable")
    for i in range(0, k.size, _KS):
        some = order[i : i + _KS]
        part = np.empty((3, some.size))
        _passk.count_means(cells.n, cells.c, cells.problems, k[some], part)
        out[:, some] = part
    return out


def quick_means(n: ArrayLike, c: ArrayLike, k: IntArray) -> FloatArray | None:
    """Read each row of counts once for its `means`, (..., 3, K); None where the kernel cannot."""
    attempts, successes = np.asarray(n), np.asarray(c)
    if not (plain(attempts) and plain(successes) and successes.size and k.size <= _KS):
        return None
    if successes.ndim == 0 or successes.shape[-1] >= 2**32 or attempts.ndim > successes.ndim:
        return None
    rows = successes.reshape(-1, successes.shape[-1])
    if attempts.shape == successes.shape:
        attempts = attempts.reshape(rows.shape)
    elif attempts.ndim > 1 or attempts.size not in (1, rows.shape[1]):
        return None
    order = np.argsort(k, kind="stable")
    found = np.empty((rows.shape[0], 3, k.size))
    if _passk.count_curves(np.broadcast_to(attempts, rows.shape), rows, k[order], found) < rows.shape[0]:
        return None
    out = np.empty_like(found)
    out[..., order] = found
    return out.reshape(*successes.shape[:-1], 3, k.size)


def normal_curve(found: FloatArray, total: int, level: float) -> tuple[FloatArray, ...] | None:
    """Every field of a Curve but k, from `means` (..., 3, K); None where their squares lost digits."""
    estimate, failure, deviation = np.moveaxis(found, -2, 0)
    if np.minimum(estimate, failure).min() <= _SQUARES and deviation.any():
        return None
    stderr = deviation / math.sqrt(total - 1) if total > 1 else np.full(deviation.shape, np.nan)
    z = ndtri(0.5 + 0.5 * level)
    lower, upper = (np.clip(estimate + side * z * stderr, 0, 1) for side in (-1, 1))
    return estimate, failure, stderr, lower, upper


# ---------------------------------------------------------------- estimators


@dataclass(frozen=True, eq=False)
class Estimator:
    """An estimator of pass@k as a function of the number of problems in each cell.

    estimate and failure (K,) are its values; influence (cells, K) is its derivative in the weight of
    one problem of a cell, of either sign; resample takes numbers of problems (b, cells) to pass@k (b, K).
    """

    estimate: FloatArray
    failure: FloatArray
    influence: FloatArray
    resample: Callable[[FloatArray], FloatArray]


def average(values: FloatArray, complements: FloatArray, problems: FloatArray) -> Estimator:
    """Mean over problems of values (cells, K), of which the complements have their own accuracy."""
    total = problems.sum()
    estimate, failure = problems @ values / total, problems @ complements / total
    # From the side that is near 0, where differences keep their digits.
    influence = np.where(failure < estimate, failure - complements, values - estimate) / total

    def resample(drawn: FloatArray) -> FloatArray:
        return np.asarray(estimate + drawn @ influence * (total / drawn.sum(axis=1, keepdims=True)))

    return Estimator(estimate, failure, influence, resample)


def fixed(cells: Cells, k: IntArray) -> Estimator:
    """Means over problems of the unbiased estimates."""
    fail, success = both_rates(cells.n, cells.c, k)
    return average(success, fail, cells.problems)


def first_success(cells: Cells, k: IntArray, block: int) -> Estimator:
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
        both_rates(np.full(cells.c[own].size, block), cells.c[own], attempt[j : j + 1])
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
    return Estimator(estimate[0], failure[0], influence(), lambda problems: evaluate(problems)[0])


def check_first_success(n: IntArray, c: IntArray, block: int) -> None:
    _check.reject("c", c, c > block, f"at most block = {block} where sampling stops at the first success")
    _check.reject("n", n, (c > 0) & (n % block != 0), f"a multiple of block = {block} where c > 0")


# ---------------------------------------------------------------- resampling


@dataclass(frozen=True, eq=False)
class Units:
    """What is resampled: kinds of units, how many there are of each, and the problems of one of them.

    problems (kinds, cells) is None where a unit is a problem, and its kind the cell.
    """

    times: FloatArray
    problems: sparse.csr_array | None = None

    @property
    def total(self) -> int:
        return int(self.times.sum())

    def influence(self, of_cells: FloatArray) -> FloatArray:
        return of_cells if self.problems is None else np.asarray(self.problems @ of_cells)

    def draw(self, size: int, generator: np.random.Generator) -> FloatArray:
        """Numbers of problems in each cell of `size` resamples, (size, cells)."""
        kinds = self.times.size
        if self.total <= 8 * kinds:  # as many draws as units are quicker than a number for each kind
            unit = np.repeat(np.arange(kinds), self.times.astype(np.int64))
            drawn = unit[generator.integers(0, unit.size, size=(size, unit.size))]
            drawn += kinds * np.arange(size)[:, None]
            times = np.bincount(drawn.ravel(), minlength=size * kinds).reshape(size, kinds)
        else:
            times = generator.multinomial(self.total, self.times / self.total, size=size)
        if self.problems is None:
            return times.astype(np.float64)
        return np.asarray((self.problems.T @ times.T).T, dtype=np.float64)


def clustered(cell: IntArray, cells: int, clusters: ArrayLike) -> Units:
    """Clusters of problems, of which the cells are known, as units."""
    labels = np.asarray(clusters)
    if labels.shape != cell.shape:
        raise ValueError(f"clusters has shape {labels.shape} and the problems {cell.shape}: they must agree")
    label, which = np.unique(labels, return_inverse=True)
    if label.size < 2:
        raise ValueError("clusters holds one label: an error needs at least two")
    one = np.ones(cell.size)
    return Units(np.ones(label.size), sparse.csr_array((one, (which, cell)), (label.size, cells)))


def place(cells: Cells, n: IntArray, c: IntArray) -> IntArray:
    """Return the cell of each problem."""
    base = int(cells.c.max()) + 1
    rows = cells.n.astype(object) * base + cells.c if int(cells.n.max()) >= 2**63 // base else None
    if rows is not None:
        return np.searchsorted(rows, n.astype(object) * base + c)
    return np.searchsorted(cells.n * base + cells.c, n * base + c)


def bootstrap(estimator: Estimator, units: Units, n_boot: int, generator: np.random.Generator) -> FloatArray:
    """pass@k of n_boot resamples of the units, (n_boot, K)."""
    out = np.empty((n_boot, estimator.estimate.size))
    width = max(estimator.influence.shape[0], units.total if units.total <= 8 * units.times.size else 0)
    step = max(1, BUDGET // (8 * width))
    for i in range(0, n_boot, step):
        out[i : i + step] = estimator.resample(units.draw(min(step, n_boot - i), generator))
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


@dataclass(frozen=True, eq=False)
class Interval:
    """How an estimate is to be given its interval; n_boot = 0 asks for a normal one."""

    level: float
    kind: str
    n_boot: int


def intervals(
    estimator: Estimator, units: Units, how: Interval, generator: np.random.Generator | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Give the standard error (K,), bounds (2, K), and sorted replicates (n_boot, K) if there are any."""
    influence = units.influence(estimator.influence)
    # In units of the largest influence: its squares and cubes do not underflow.
    unit = np.maximum(np.abs(influence).max(axis=0), np.finfo(float).tiny)
    relative = influence / unit
    second, third = units.times @ relative**2, units.times @ relative**3
    deviation = unit * np.sqrt(second)
    many = units.total > 1
    stderr = deviation * np.sqrt(units.total / (units.total - 1)) if many else np.full(unit.size, np.nan)
    levels = np.array([[(1 - how.level) / 2], [(1 + how.level) / 2]])
    if generator is None:
        return stderr, estimator.estimate + ndtri(levels) * stderr, None
    replicates = bootstrap(estimator, units, how.n_boot, generator)
    if how.kind == "bca":
        acceleration = third / (6 * np.maximum(second, 1) ** 1.5)  # second is 0 or at least 1
        levels = _bca_levels(levels, replicates, estimator.estimate, deviation, acceleration)
    replicates.sort(axis=0)
    return stderr, _quantiles(replicates, levels), replicates


def curve(
    make: Callable[[IntArray], Estimator],
    k: IntArray,
    cells: int,
    units: Units,
    how: Interval,
    generator: np.random.Generator | None,
) -> tuple[FloatArray, ...]:
    """Every field of a Curve but k, of the estimator that `make` gives for some k."""
    step = max(1, BUDGET // max(cells, how.n_boot))
    parts = []
    with single_threaded_blas:  # sums that do not depend on the threads
        for i in range(0, k.size, step):
            estimator = make(k[i : i + step])
            # A copy: the resamples are the same for every k.
            stderr, bounds, _ = intervals(estimator, units, how, deepcopy(generator))
            lower, upper = np.clip(bounds, 0, 1)
            parts.append((estimator.estimate, estimator.failure, stderr, lower, upper))
    return tuple(np.concatenate(field) for field in zip(*parts, strict=True))


def compared(
    counts: tuple[IntArray, ...],
    k: IntArray,
    level: float,
    n_boot: int,
    clusters: ArrayLike | None,
    generator: np.random.Generator,
) -> tuple[FloatArray, ...]:
    """Every field of a Comparison but k, of counts n1, c1, n2, c2 (M,)."""
    cells, cell, times = np.unique(np.stack(counts), axis=1, return_inverse=True, return_counts=True)
    cells = np.ascontiguousarray(cells)
    problems, how = times.astype(np.float64), Interval(level, "bca", n_boot)
    units = Units(problems) if clusters is None else clustered(cell.ravel(), problems.size, clusters)
    step = max(1, BUDGET // max(problems.size, n_boot))
    parts = []
    with single_threaded_blas:
        for i in range(0, k.size, step):
            some = k[i : i + step]
            fail1, success1 = both_rates(cells[0], cells[1], some)
            fail2, success2 = both_rates(cells[2], cells[3], some)
            # Each difference from the side that is near 0.
            high = success1 + success2 > 1
            values = np.where(high, fail2 - fail1, success1 - success2)
            estimator = average(values, 1 - values, problems)
            _, bounds, replicates = intervals(estimator, units, how, deepcopy(generator))
            difference = estimator.estimate
            assert replicates is not None  # as there is a generator
            beyond = np.abs(replicates - difference) >= np.abs(difference) * (1 - 1e-9)
            p_value = (1 + beyond.sum(axis=0)) / (1 + n_boot)
            if units.total == 1:  # nothing is known of its spread
                bounds, p_value = np.full_like(bounds, np.nan), np.full_like(p_value, np.nan)
            parts.append((difference, *np.clip(bounds, -1, 1), p_value))
    return tuple(np.concatenate(field) for field in zip(*parts, strict=True))
