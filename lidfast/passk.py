"""pass@k, failure rates and their exponents, from counts and from success probabilities.

Sources: [LID] arXiv 2601.03764, [MK] arXiv 2502.17578; the unbiased estimator is that of arXiv 2107.03374.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check, _curves, _passk
from ._check import FloatArray, IntArray
from .random import Generator, Seed, default_rng

# From so many problems on a table of all counts is worth its making.
_MANY = 2**12


# ---------------------------------------------------------------- from counts


def _reject_long(k: IntArray, limit: int, what: str) -> None:
    if k.size:
        _check.reject("k", k, k > limit, f"at most {what} = {limit}")


def _rates(n: ArrayLike, c: ArrayLike, k: ArrayLike, *, fail: bool, hat: bool = False) -> Any:
    """Failure rates, or success rates, of all (n, c) at all k; with hat of (n, n - c)."""
    trials = _check.integers("k", k)
    found = _looked_up(n, c, trials.ravel(), fail=fail, hat=hat)
    if found is not None:
        return found.reshape((-1, *trials.shape))
    attempts, successes = _curves.counts(n, c)
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
    if not (_curves.plain(attempts) and _curves.plain(successes) and successes.ndim == 1 and k.size):
        return None
    if attempts.ndim > 1 or attempts.size not in (1, successes.size) or successes.size < _MANY:
        return None
    out = np.empty((successes.size, k.size))
    done, own, most = 0, int(attempts.flat[0]), int(k.max())
    if most <= own < successes.size // 8:
        done = _passk.count_lookup(
            attempts.ravel(), successes, hat, own, _table(range(own, own + 1), k, fail), out
        )
    if done < out.shape[0] and attempts.size > 1 and most < _curves.SMALL <= successes.size // 256:
        rest = attempts[done:], successes[done:]
        done += _passk.count_lookup(*rest, hat, most, _table(range(most, _curves.SMALL), k, fail), out[done:])
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
    """pass@k against k; every field has shape (K,), or (..., K) of several models but for k.

    Parameters
    ----------
    k : ndarray, shape (K,)
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
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rng: Seed | Generator = None,
) -> Curve:
    r"""Mean of pass@k over problems, with error bars for a sample of problems.

    Ask how the attempts were made: the default takes n as fixed in advance. For sampling that stops
    once it has succeeded, that estimator is biased upwards, and stopping="first_success" is right.

    Parameters
    ----------
    n, c : array_like of int, shape (M,) or (..., M)
        Attempts and successes of each problem; they broadcast. With more dimensions, of the problems of
        several models: each gets its own curve.
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
    clusters : array_like, shape (M,), optional
        Labels of families of problems (variants, one source): two problems of a family are not
        independent. Families, not problems, are then what was sampled.
    weights : array_like of int, shape (M,), >= 0, optional
        How many problems have this (n, c), for counts that are already a histogram. Not with clusters.
    rng : None, int, SeedSequence or Generator
        Source of the resamples; the same seed gives the same intervals.

    Returns
    -------
    Curve
        Fields (K,), or (..., K). With one problem stderr is NaN, and so are the normal intervals.

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

    With G clusters stderr is the root of G / (G-1) times the sum over clusters of the square of what
    their problems contribute together to the estimate's deviation; resamples draw G clusters, whose
    sizes may differ.

    The bootstrap resamples problems; everything works on the histogram of distinct (n, c), so its cost
    does not grow with M but with the number of distinct pairs. The acceleration of BCa is taken from
    the same influence of each pair as stderr. Models are resampled one after the other.

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
    how = _curves.Interval(level, interval, n_boot)
    generator = default_rng(rng).numpy() if n_boot else None
    if stopping == "fixed" and generator is None and weights is None and clusters is None:
        found = _curves.quick_means(n, c, ks)
        fields = None if found is None else _curves.normal_curve(found, np.shape(c)[-1], level)
        if fields is not None:
            return Curve(ks, *fields)

    attempts, successes = (np.atleast_1d(x) for x in _curves.counts(n, c))
    if not successes.size:
        raise ValueError("n is empty")
    if weights is not None and clusters is not None:
        raise ValueError("weights do not go with clusters: repeat the problems instead")
    if stopping == "fixed":
        what = f"at least the largest k = {ks.max()} where n was fixed in advance"
        _check.reject("n", attempts, attempts < ks.max(), what)
    else:
        _curves.check_first_success(attempts, successes, block)
    multiplicity = None
    if weights is not None:
        multiplicity = _check.integer_vector("weights", weights)
        _check.same_size("weights", multiplicity, "the problems", attempts.shape[-1])

    def one(n: IntArray, c: IntArray) -> tuple[FloatArray, ...]:
        cells = _curves.tally(n, c) if multiplicity is None else None
        cells = cells or _curves.histogram(n, c, multiplicity)
        if stopping == "first_success":
            _reject_long(ks, int(cells.n.max()) // block * block, "the largest n in whole blocks")
        if stopping == "fixed" and generator is None and clusters is None:
            fields = _curves.normal_curve(_curves.means(cells, ks), cells.total, level)
            if fields is not None:
                return fields
        units = _curves.Units(cells.problems)
        if clusters is not None:
            units = _curves.clustered(_curves.place(cells, n, c), cells.n.size, clusters)

        def make(k: IntArray) -> _curves.Estimator:
            return _curves.fixed(cells, k) if stopping == "fixed" else _curves.first_success(cells, k, block)

        return _curves.curve(make, ks, cells.n.size, units, how, generator)

    models = attempts.shape[:-1]
    rows = (np.ascontiguousarray(x).reshape(-1, attempts.shape[-1]) for x in (attempts, successes))
    curves = [one(*row) for row in zip(*rows, strict=True)]
    return Curve(ks, *(np.reshape(field, (*models, ks.size)) for field in zip(*curves, strict=True)))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Difference of two models' pass@k on the same problems; every field has shape (K,).

    Parameters
    ----------
    k : ndarray
        Numbers of attempts.
    difference : ndarray
        pass@k of the first model less that of the second.
    lower, upper : ndarray
        Confidence interval of the difference.
    p_value : ndarray
        Of the hypothesis that there is no difference, two-sided, one k at a time.

    Examples
    --------
    >>> import lidfast
    >>> found = lidfast.compare(9, [0, 3, 6, 9] * 20, 9, [0, 1, 2, 9] * 20, [1, 3], rng=0)
    >>> bool((found.lower > 0).all() and (found.p_value < 0.05).all())
    True
    """

    k: IntArray
    difference: FloatArray
    lower: FloatArray
    upper: FloatArray
    p_value: FloatArray


def compare(
    n1: ArrayLike,
    c1: ArrayLike,
    n2: ArrayLike,
    c2: ArrayLike,
    k: ArrayLike,
    *,
    n_boot: int = 10_000,
    level: float = 0.95,
    clusters: ArrayLike | None = None,
    rng: Seed | Generator = None,
) -> Comparison:
    r"""Compare pass@k of two models on the same problems.

    Problem i counts with the difference of its two unbiased estimates, so what makes a problem easy or
    hard for both does not widen the interval.

    Parameters
    ----------
    n1, c1, n2, c2 : array_like of int, shape (M,)
        Attempts, fixed in advance, and successes of the first and of the second model; they broadcast.
    k : array_like of int, shape (K,)
        In [0, min of n1 and n2].
    n_boot : int, >= 1
        Resamples of the problems.
    level : float, in (0, 1)
        Coverage of the intervals, one k at a time.
    clusters : array_like, shape (M,), optional
        Labels of families of problems, which are then resampled whole.
    rng : None, int, SeedSequence or Generator
        Source of the resamples.

    Returns
    -------
    Comparison
        Fields (K,). With one problem the interval and the p-value are NaN.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Notes
    -----
    The interval is the BCa bootstrap's (Efron, JASA 82 (1987) 171). The p-value is that of the
    differences of B resamples about 0 instead of their mean: (1 + #{abs(d* - d) >= abs(d)}) / (1 + B)
    (Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 16). It is not corrected for
    the number of k.

    Examples
    --------
    >>> import lidfast
    >>> found = lidfast.compare(10, [0, 2, 5, 9, 3], 10, [0, 1, 5, 10, 1], [1, 5], rng=0)
    >>> found.difference.round(12)
    array([0.04      , 0.13888889])
    """
    n_boot = _check.integer("n_boot", n_boot, 1)
    level = _check.scalar("level", level, _check.LEVEL)
    ks = _check.integer_vector("k", k)
    given = {"n1": n1, "c1": c1, "n2": n2, "c2": c2}
    counts = _check.broadcast(**{name: _check.integer_vector(name, x) for name, x in given.items()})
    for i in (0, 2):
        names = list(given)[i : i + 2]
        _check.reject(names[1], counts[i + 1], counts[i + 1] > counts[i], f"at most {names[0]}")
        _check.reject(names[0], counts[i], counts[i] < ks.max(), f"at least the largest k = {ks.max()}")
    return Comparison(ks, *_curves.compared(counts, ks, level, n_boot, clusters, default_rng(rng).numpy()))


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


# What the cut-off of the kernel's series may lose: as much as roundings do.
_ROUNDING = 1e-15


def _curve_sums(
    log_fail: FloatArray,
    weights: FloatArray | None,
    k: FloatArray,
    most_lost: float = _ROUNDING,
    least: float = 0.0,
) -> FloatArray:
    """Sum w (1-s)^k, its derivative in k, and w (1 - (1-s)^k), from ln(1-s); (3, K).

    log_fail and weights (n,), k (K,): float64, C-contiguous, not empty, in range. Columns may be wrong where
    the first sum is below `least`.
    """
    out = np.empty((3, k.size))
    _passk.failure_curve(log_fail, True, weights, k, most_lost, least, out)
    return out


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
    out = np.empty((2, ks.size))
    _passk.failure_curve(rates, False, w, ks, _ROUNDING, 0.0, out)
    total = out[0]
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
