"""Fitting difficulties to counts by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from . import _check
from ._ascent import Climb, climb, profile_end
from ._check import FloatArray
from ._counts import Counts, checked
from ._curves import both_rates
from ._laws import Difficulty
from ._likelihoods import (
    ALL_FAIL,
    ALL_PASS,
    BINOMIAL,
    FAMILIES,
    SINGLE,
    TWO_KINDS,
    Facts,
    Likelihood,
)
from .passk import Curve
from .random import Generator, Seed, default_rng

_STUCK = "the maximization did not converge"
_EDGE = "the likelihood rises towards a limit of the family: {}"
_ENOUGH = 30  # solved problems; with fewer, resampling misses what the unsolved ones leave open
_FEW = (
    "{} problems have c > 0: with fewer than 30, bootstrap intervals at 95% covered in 92% of simulations; "
    'interval="profile" does not need them'
)
_CLOSED = ("beta", "scaled_beta", "kumaraswamy", "scaled_kumaraswamy", "zero_inflated_beta")
_UNDETERMINED = (ALL_FAIL, ALL_PASS, SINGLE)


@dataclass(frozen=True)
class Fit:
    """A difficulty fitted to counts.

    Attributes
    ----------
    difficulty : Difficulty
        The fitted law; where the likelihood has no maximum, one near its limit.
    family : str
    params, stderr : dict of str to float
        Maximum-likelihood parameters and their standard errors from the observed information; inf
        where the data do not determine them, as on the edge of their range.
    exponent : float
        Tail exponent of S(k), that of the base law for zero_inflated_beta and that of V = 0 for lid:
        0 or inf where the likelihood rises towards such a limit.
    exponent_ci : tuple of two floats
        Its confidence interval, in [0, inf].
    loglik, aic, bic : float
        Maximum of the log-likelihood, binomial coefficients included; 2 p - 2 loglik and
        p ln(problems) - 2 loglik.
    converged : bool
        Whether the likelihood determines the law, if only as a limit.
    message : str
        What to know about the fit; empty for an ordinary one.
    plain_p_value : float or None
        Of the family without its last parameter (m = 1, p0 = 0, V = 0) by likelihood ratio. The plain
        law is on the boundary, where the statistic is 0 or chi-square with one degree of freedom, half
        the time each (Self and Liang 1987). None for families that extend none.
    candidates : tuple of Fit
        What "auto" chose from, least AIC first; else empty.

    Examples
    --------
    >>> from lidfast import difficulty
    >>> found = difficulty.fit([10] * 6, [0, 0, 0, 1, 3, 9])
    >>> found.family, round(found.exponent, 3), found.converged
    ('beta', 0.211, True)
    """

    difficulty: Difficulty
    family: str
    params: dict[str, float]
    stderr: dict[str, float]
    exponent: float
    exponent_ci: tuple[float, float]
    loglik: float
    aic: float
    bic: float
    converged: bool
    message: str
    plain_p_value: float | None = None
    candidates: tuple[Fit, ...] = field(default=(), repr=False)
    _level: float = field(default=0.95, repr=False)
    _data: Counts | None = field(default=None, repr=False, compare=False)
    _theta: FloatArray | None = field(default=None, repr=False, compare=False)
    # Covariance of theta, None where the data do not bound it.
    _covariance: FloatArray | None = field(default=None, repr=False, compare=False)

    def summary(self) -> str:
        """One line: the exponent with its interval, then how well the family fits.

        Returns
        -------
        str

        Examples
        --------
        >>> from lidfast import difficulty
        >>> print(difficulty.fit([10] * 6, [0, 0, 0, 1, 3, 9]).summary())
        beta: exponent 0.211 [0.0361, 0.929] (95%), loglik -10.55, AIC 25.11
        """
        low, high = self.exponent_ci
        text = (
            f"{self.family}: exponent {self.exponent:.3g} [{low:.3g}, {high:.3g}] "
            f"({100 * self._level:.6g}%), loglik {self.loglik:.2f}, AIC {self.aic:.2f}"
        )
        return f"{text}; {self.message}" if self.message else text

    def forecast(self, k: ArrayLike) -> Curve:
        r"""pass@k under the fitted law, at any k, with a pointwise band.

        By the delta method the covariance of the parameters' logarithms is carried to ln(-ln S(k)), in
        which the band is symmetric, so it stays within (0, 1). Where that is too narrow, in families
        of three parameters and in limits of a family, the band has all that laws reach whose
        likelihood is within the quantile of its maximum (the profile likelihood of S(k), nearly): at
        exponents on a grid the best of the others is sought, and what is left of the likelihood is
        spent on their spread. The band holds the uncertainty of the parameters, not of the family: far
        above the largest n it is as good as the power law. Where the data bound nothing the band is
        [0, 1] and the standard error inf.

        Where no attempt succeeded the upper end bounds pass@k over these very problems, whatever their
        difficulties, with confidence `level`: the largest mean of 1 - (1-s_i)^k for which the data,
        of probability prod_i (1-s_i)^n_i, are not rarer than 1 - level. With n attempts at each of
        M problems it is 1 - (1 - level)^(k / (n M)), about 3 k / (n M) at 95%.

        Parameters
        ----------
        k : array_like, shape (K,), real, >= 0

        Returns
        -------
        Curve
            Fields of shape (K,); lower and upper bound the estimate at the fit's level.

        Raises
        ------
        ValueError
            Names the first k that is negative or not finite.

        Examples
        --------
        >>> from lidfast import difficulty
        >>> fit = difficulty.fit([10, 10, 10, 10, 10], [0, 0, 1, 4, 9])
        >>> curve = fit.forecast([1, 100])
        >>> bool((curve.lower < curve.estimate).all() and (curve.estimate < curve.upper).all())
        True
        """
        k = _check.vector("k", k, _check.NON_NEGATIVE)
        log_s = self.difficulty.log_failure_rate(k)
        failure, estimate = np.exp(log_s), 0 - np.expm1(log_s)
        none = np.zeros(k.size)
        if self.message == ALL_FAIL and self._data is not None:
            upper = _bound_of_failures(self._data.f, self._data.w, k, self._level)
            return Curve(k, none, none + 1, none + math.inf, none, upper)
        if self._covariance is None or self._theta is None or self._data is None:
            return Curve(k, estimate, failure, none + math.inf, none, none + 1)
        likelihood = FAMILIES[self.family](Facts(self._data))
        slopes = np.zeros((self._theta.size, k.size))  # of ln S
        for i in np.flatnonzero(np.diagonal(self._covariance) > 0):
            ends = np.array([self._theta, self._theta])
            ends[:, i] += (-1e-4, 1e-4)
            if likelihood.extended:
                ends[:, 2] = np.minimum(ends[:, 2], likelihood.high[2])
            low, high = (likelihood.law(theta).log_failure_rate(k) for theta in ends)
            slopes[i] = (high - low) / (ends[1, i] - ends[0, i])
        spread = np.sqrt(np.maximum(0, np.einsum("ik,ij,jk->k", slopes, self._covariance, slopes)))
        quantile = float(special.ndtri(0.5 + 0.5 * self._level))
        relative = quantile * spread / np.maximum(-log_s, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            lower, upper = (0 - np.expm1(log_s * np.exp(sign * relative)) for sign in (-1, 1))
            limit = not 0 < self.exponent < math.inf
            if likelihood.extended or limit:
                spread_of_a = math.inf if limit else math.sqrt(self._covariance[0, 0])
                reach = _reach(likelihood, self._theta, self.loglik, spread_of_a, k, quantile)
                least, most = 0 - np.expm1(-np.exp(reach))
                # a limit is no law of the grid, and its own band is added to what that finds
                lower = np.minimum(least, lower if limit else estimate)
                upper = np.maximum(most, upper if limit else estimate)
        return Curve(k, estimate, failure, failure * spread, lower, upper)

    def gof(self, n_boot: int = 200, rng: Seed | Generator = None) -> float:
        r"""P-value of goodness of fit, by parametric bootstrap.

        The statistic is the gap between the unbiased failure rates and those of the fitted law at
        k = 1, 2, 4, ..., over the problems with n >= k, in units of the largest standard error that
        a failure rate can have:

        .. math:: T = \sum_k M_k (\hat S(k) - S(k))^2 / (S(k) (1 - S(k)))

        Data with the same attempts n are drawn from the fitted law, fitted again, and compared:
        p = (1 + #{T* >= T}) / (1 + n_boot). Where sampling stopped on success n depends on c, which
        data drawn with n fixed do not follow: the p-value is then without meaning.

        Parameters
        ----------
        n_boot : int, >= 1
            Data sets drawn; 1 / (n_boot + 1) is the least p-value.
        rng : None, int, SeedSequence or Generator

        Returns
        -------
        float
            In (0, 1]; 1 where the law is a limit that the data do not determine.

        Examples
        --------
        >>> from lidfast import difficulty
        >>> difficulty.fit([10] * 40, [0] * 20 + [5] * 20).gof(99, rng=0) < 0.05
        True
        """
        n_boot = _check.integer("n_boot", n_boot, 1)
        if self._data is None or self._theta is None or self.message in _UNDETERMINED:
            return 1.0
        draws = default_rng(rng)
        numpy = draws.numpy()
        problems = np.repeat(self._data.c + self._data.f, self._data.w.astype(np.int64)).astype(np.int64)
        family = FAMILIES[self.family]
        observed = _gap(self._data, self.difficulty)
        beyond = 0
        for _ in range(n_boot):
            c = numpy.binomial(problems, self.difficulty.sample(problems.size, draws))
            data = Counts.of(problems, c, np.ones(1))
            again = family(Facts(data))
            beyond += _gap(data, again.law(_maximize(again, self._theta).theta)) >= observed
        return (1 + beyond) / (1 + n_boot)


def _reach(
    likelihood: Likelihood, top: FloatArray, loglik: float, spread: float, k: FloatArray, quantile: float
) -> FloatArray:
    """Least and largest ln(-ln S(k)) of laws with log-likelihoods within quantile^2 / 2 of the top's, (2, K).

    theta[0] takes steps of half its spread. In each slice the function of the others is taken for a
    parabola about its maximum, and ln(-ln S) for linear.
    """
    found = np.array([np.full(k.size, math.inf), np.full(k.size, -math.inf)])
    if spread < 1:
        step, start = 0.5 * spread, float(top[0])
    else:
        step, start = 0.4, min(max(float(top[0]), math.log(0.01)), math.log(30.0))
    # of the family, and of the plain one: in limits a climb may not find from one to the other
    for others in ((1, 2), (1,)) if likelihood.extended else ((1,),):
        for sign in (-1, 1):
            theta = top.copy()
            theta[0] = start
            if 2 not in others:
                theta[2:] = 0.0
            theta = np.clip(theta, likelihood.low, likelihood.high)
            here = climb(likelihood, theta, others, 1e-7)
            for i in range(40):
                x = start + sign * step * i
                if not likelihood.low[0] <= x <= likelihood.high[0]:
                    break
                moved = here.theta.copy()
                moved[0] = x
                here = climb(likelihood, moved, others, 1e-7)
                left = quantile**2 - 2 * max(loglik - here.value, 0.0)
                if left > 0:
                    middle, wide = _slice(likelihood, here.theta, others, k)
                    found[0] = np.minimum(found[0], middle - math.sqrt(left) * wide)
                    found[1] = np.maximum(found[1], middle + math.sqrt(left) * wide)
                elif spread < 1 or np.isfinite(found).all():
                    break
    return found


def _slice(
    likelihood: Likelihood, theta: FloatArray, others: tuple[int, ...], k: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """ln(-ln S(k)) at theta, and its standard deviation where only the others vary."""

    def value(theta: FloatArray) -> FloatArray:
        return np.asarray(np.log(np.maximum(-likelihood.law(theta).log_failure_rate(k), 1e-300)))

    middle = value(theta)
    free = [i for i in others if likelihood.low[i] < theta[i] < likelihood.high[i]]
    curve = likelihood.curvature(theta)[np.ix_(free, free)]
    if not free or np.linalg.eigvalsh(curve).max() >= 0:
        return middle, np.zeros(k.size)
    slopes = []
    for i in free:
        other = theta.copy()
        other[i] -= 1e-4
        slopes.append((middle - value(other)) / 1e-4)
    slope = np.array(slopes)
    return middle, np.sqrt(np.maximum(0, np.einsum("ik,ij,jk->k", slope, np.linalg.inv(-curve), slope)))


def _bound_of_failures(n: FloatArray, w: FloatArray, k: FloatArray, level: float) -> FloatArray:
    """Largest mean of 1 - e^(-k x) with sum w n x <= -ln(1 - level), x >= 0: the few n are filled first.

    Where x > 0 the slopes k e^(-k x) / n agree, so k x = depth - ln n.
    """
    order = np.argsort(n)
    log_n, n, w = np.log(n[order]), n[order], w[order]
    attempts, entropy = np.cumsum(w * n), np.cumsum(w * n * log_n)
    depths = (entropy - k[:, None] * math.log1p(-level)) / attempts  # were only the first j filled
    # the right j is the first whose depth is below the next n
    filled = np.argmax(depths <= np.append(log_n[1:], np.inf), axis=1)
    depth = np.take_along_axis(depths, filled[:, None], axis=1)
    solved: FloatArray = (w * (0 - np.expm1(np.minimum(0, log_n - depth)))).sum(axis=1) / w.sum()
    return solved


def _gap(data: Counts, law: Difficulty) -> float:
    n, c = (data.c + data.f).astype(np.int64), data.c.astype(np.int64)
    total = 0.0
    k = 2 ** np.arange(int(n.max()).bit_length())
    expected = np.clip(law.failure_rate(k), 1e-300, 1 - 1e-16)
    for j, at in zip(k, expected, strict=True):
        enough = n >= j
        w = data.w[enough]
        found = (w * both_rates(n[enough], c[enough], np.array([j]))[0][:, 0]).sum() / w.sum()
        total += w.sum() * (found - at) ** 2 / (at * (1 - at))
    return float(total)


@dataclass(frozen=True)
class _Optimum:
    theta: FloatArray
    loglik: float
    exponent: float
    message: str
    top: Climb | None  # where the family's maximum is, None for limits outside of it
    plain: float | None  # log-likelihood of the plain law that the family extends


def _maximize(likelihood: Likelihood, start: FloatArray | None = None) -> _Optimum:
    facts = likelihood.facts
    if facts.extreme is not None:
        message, loglik, exponent = facts.extreme
        theta = likelihood.limit(message, facts.solved if message == TWO_KINDS else facts.mean)
        exponent = math.exp(theta[0]) if message == SINGLE else exponent
        return _Optimum(theta, loglik, exponent, message, None, loglik if likelihood.extended else None)
    starts = likelihood.plain_starts() if start is None else [start[:2]]
    if likelihood.extended:
        starts = [np.append(s, 0.0) for s in starts]
    top = _highest(likelihood, starts, (0, 1))
    plain = None
    if likelihood.extended:
        plain = top.value
        again = likelihood.starts(top.theta) if start is None else [top.theta, start]
        best = _highest(likelihood, again, (0, 1, 2))
        top = best if best.value > plain + 1e-6 else top
    return _judge(likelihood, top, plain)


def _highest(likelihood: Likelihood, starts: list[FloatArray], free: tuple[int, ...]) -> Climb:
    """Climb from each start to within a hundredth or so, and on from the best."""
    tops = [climb(likelihood, start, free, 1e-5) for start in starts]
    return climb(likelihood, max(tops, key=lambda top: top.value).theta, free)


def _judge(likelihood: Likelihood, top: Climb, plain: float | None) -> _Optimum:
    """Say what kind of supremum a climb has found."""
    facts, theta = likelihood.facts, top.theta
    if top.value <= facts.binomial + 1e-12 * abs(facts.binomial):
        limit = likelihood.limit(BINOMIAL, facts.mean)
        return _Optimum(limit, facts.binomial, math.inf, BINOMIAL, None, plain)
    low, high = theta <= likelihood.low, theta >= likelihood.high
    high[:2] |= likelihood.flat(theta)
    exponent = 0.0 if low[0] else math.inf if high[0] else math.exp(theta[0])
    edges = [
        f"{name} -> {'0' if low[i] else 'inf'}" for i, name in enumerate(likelihood.logs) if low[i] or high[i]
    ]
    message = ""
    # where a law is as good as binomial, a and b rising together changes nothing but rounding errors
    still = np.abs(top.slope[theta < likelihood.high]).max(initial=0.0) < 1e-5 * (1 + abs(top.value))
    if not (top.converged or (likelihood.flat(theta) and still)):
        message = _STUCK
    elif edges:
        message = _EDGE.format(", ".join(edges))
    elif likelihood.extended and high[2]:
        message = likelihood.plain_message
    return _Optimum(theta, likelihood.final(top), exponent, message, top, plain)


def _covariance(likelihood: Likelihood, best: _Optimum) -> FloatArray | None:
    """Return that of theta, 0 for what is held; in limits that leave only the mean, that of the mean."""
    size = best.theta.size
    if best.message in (BINOMIAL, TWO_KINDS):
        m = likelihood.facts.mean if best.message == BINOMIAL else likelihood.facts.solved
        trials = float((likelihood.facts.w * likelihood.facts.n).sum())
        trials = trials if best.message == BINOMIAL else likelihood.facts.problems
        # the limit moves with the log-odds of m, whose variance is 1 / (trials m (1 - m))
        step = 1e-4 * m * (1 - m)
        slopes = (likelihood.limit(best.message, m + step) - likelihood.limit(best.message, m - step)) / 2e-4
        return np.outer(slopes, slopes) / (trials * m * (1 - m))
    if best.top is None:
        return None
    inner = np.flatnonzero((best.theta > likelihood.low) & (best.theta < likelihood.high))
    if inner.size == 0:
        return None
    curve = likelihood.curvature(best.theta)[np.ix_(inner, inner)]
    if np.linalg.eigvalsh(curve).max() >= 0:
        return None
    covariance = np.zeros((size, size))
    covariance[np.ix_(inner, inner)] = np.linalg.inv(-curve)
    return covariance


def _profile(likelihood: Likelihood, best: _Optimum, drop: float) -> tuple[tuple[float, float], Climb | None]:
    """Interval of the exponent where the profile likelihood is within `drop` of its maximum.

    Also a climb that got above the maximum, if one did: then that was none.
    """
    if best.message in (*_UNDETERMINED, *likelihood.unbounded):
        return (0.0, math.inf), None
    theta = np.clip(best.theta, likelihood.low, likelihood.high)
    top = best.top or Climb(theta, best.loglik, np.zeros(theta.size), True)
    covariance = _covariance(likelihood, best) if best.top else None
    spread = math.inf if covariance is None else math.sqrt(covariance[0, 0])
    limits = float(likelihood.low[0]), float(likelihood.high[0])
    ends = [best.exponent, best.exponent]
    for start in (top, *_other_tops(likelihood, top, drop)):
        for side in (0, 1):
            if ends[side] != (0.0, math.inf)[side]:
                from_here = replace(start, value=top.value)
                end, higher = profile_end(likelihood, from_here, drop, 2 * side - 1, limits, spread)
                if higher is not None:
                    return (0.0, math.inf), higher
                exponent = math.exp(end) if end < math.inf else math.inf
                ends[side] = (min, max)[side](ends[side], exponent)
    return (ends[0], ends[1]), None


def _other_tops(likelihood: Likelihood, top: Climb, drop: float) -> list[Climb]:
    """Local maxima within `drop` of the top: the interval has all that lies between their ends."""
    if not likelihood.several_tops:
        return []
    climbs = [climb(likelihood, start, None, 1e-6) for start in likelihood.starts(top.theta)]
    plain = np.append(top.theta[:2], 0.0)
    climbs += [climb(likelihood, start, (0, 1), 1e-6) for start in (plain, plain + [0.7, 0.0, 0.0])]
    found = [top]
    for other in climbs:
        apart = all(abs(other.theta[0] - one.theta[0]) > 0.02 for one in found)
        if apart and other.value > top.value - drop:
            found.append(other)
    return found[1:]


def _fit(data: Counts, family: str, level: float, interval: str, n_boot: int, rng: Generator | None) -> Fit:
    likelihood = FAMILIES[family](Facts(data))
    best = _maximize(likelihood)
    quantile = float(special.ndtri(0.5 + 0.5 * level))
    ends = 0.0, math.inf
    if interval == "profile":
        for _ in range(5):
            ends, higher = _profile(likelihood, best, 0.5 * quantile**2)
            if higher is None:
                break
            best = _judge(likelihood, climb(likelihood, higher.theta), best.plain)
    covariance = _covariance(likelihood, best)
    if interval == "bootstrap" and rng is not None:
        ends = _bootstrap(data, family, best, level, n_boot, rng)
    elif interval == "wald" and covariance is not None and 0 < best.exponent < math.inf:
        spread = min(quantile * math.sqrt(covariance[0, 0]), 700.0)
        ends = best.exponent * math.exp(-spread), best.exponent * math.exp(spread)

    stderr = dict.fromkeys(likelihood.names, math.inf)
    if covariance is not None and best.top is not None:
        for name, (i, scale) in likelihood.scales(best.theta).items():
            if covariance[i, i] > 0:
                stderr[name] = scale * math.sqrt(covariance[i, i])
    p_value = None
    if best.plain is not None:
        gain = best.loglik - best.plain
        p_value = 0.5 * float(special.chdtrc(1, 2 * gain)) if gain > 1e-9 else 1.0
    message, solved = best.message, int(data.w[data.c > 0].sum())
    if interval == "bootstrap" and solved < _ENOUGH and message not in _UNDETERMINED:
        message = "; ".join(filter(None, (message, _FEW.format(solved))))
    size = len(likelihood.names)
    return Fit(
        difficulty=likelihood.law(best.theta),
        family=family,
        params=likelihood.params(best.theta),
        stderr=stderr,
        exponent=best.exponent,
        exponent_ci=ends,
        loglik=best.loglik,
        aic=2 * size - 2 * best.loglik,
        bic=size * math.log(data.w.sum()) - 2 * best.loglik,
        converged=best.message != _STUCK and best.message not in _UNDETERMINED,
        message=message,
        plain_p_value=p_value,
        _level=level,
        _data=data,
        _theta=best.theta,
        _covariance=covariance,
    )


def fit(
    n: ArrayLike,
    c: ArrayLike,
    family: str = "beta",
    *,
    level: float = 0.95,
    interval: str = "profile",
    n_boot: int = 0,
    rng: Seed | Generator = None,
    weights: ArrayLike | None = None,
) -> Fit:
    r"""Fit a difficulty to counts by maximum likelihood [MK] (arXiv 2502.17578).

    The likelihood of a problem, s^c (1-s)^(n-c) up to a constant, is the same whether n was fixed or
    sampling stopped on success, so the stopping rule does not enter.

    Parameters
    ----------
    n : array_like of int, >= 1
        Attempts at each problem.
    c : array_like of int, in [0, n]
        Successes; broadcast with n.
    family : str
        "beta", "scaled_beta" (on [0, m], m <= 1), "kumaraswamy", "scaled_kumaraswamy",
        "zero_inflated_beta" (a share p0 has s = 0), "lid" (V, beta and delta at sigma = 1), or "auto":
        the one of the first five with the least AIC, the others in ``candidates``.
    level : float, in (0, 1)
        Confidence level of the exponent's interval and of forecasts.
    interval : {"profile", "wald", "bootstrap"}
        Of the exponent: from the profile likelihood; normal in its logarithm; or percentiles over
        resampled problems, with a message where fewer than 30 have c > 0, for too few to rely on.
    n_boot : int, >= 0
        Resamples of the bootstrap.
    rng : None, int, SeedSequence or Generator
        For the bootstrap.
    weights : array_like of int, >= 0, optional
        How many problems each pair stands for; broadcast with n.

    Returns
    -------
    Fit
        Where the likelihood has no maximum (no success, no failure, no more spread than one binomial
        law, n = 1 everywhere) the limit it rises to, and a message that says so.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast import difficulty
    >>> n = [10] * 6
    >>> fit = difficulty.fit(n, [0, 0, 0, 1, 3, 9])
    >>> 0 < fit.exponent_ci[0] < fit.exponent < fit.exponent_ci[1]
    True
    """
    _check.choice("family", family, (*FAMILIES, "auto"))
    _check.choice("interval", interval, ("profile", "wald", "bootstrap"))
    level = _check.scalar("level", level, _check.LEVEL)
    n_boot = _check.integer("n_boot", n_boot, 1 if interval == "bootstrap" else 0)
    whole_n, whole_c = checked(n, c, low=1)
    w = np.ones(1)
    if weights is None:
        whole_n, whole_c = whole_n.ravel(), whole_c.ravel()
    else:
        times = _check.integers("weights", weights)
        whole_n, whole_c, times = (x.ravel() for x in _check.broadcast(n=whole_n, c=whole_c, weights=times))
        if times.size and not times.any():
            raise ValueError("weights are all 0")
        whole_n, whole_c = whole_n[times > 0], whole_c[times > 0]
        w = times[times > 0].astype(np.float64)
    if whole_n.size == 0:
        raise ValueError("n is empty")
    data = Counts.of(whole_n, whole_c, w)
    seeded = default_rng(rng) if interval == "bootstrap" else None
    if family != "auto":
        return _fit(data, family, level, interval, n_boot, seeded)
    fits = [_fit(data, name, level, interval, n_boot, seeded) for name in _CLOSED]
    fits.sort(key=lambda found: found.aic)
    return replace(fits[0], candidates=tuple(fits))


def _bootstrap(
    data: Counts, family: str, best: _Optimum, level: float, n_boot: int, rng: Generator
) -> tuple[float, float]:
    """Percentiles of the exponent over resampled problems; 0 and inf are among its values."""
    if best.message in _UNDETERMINED:
        return 0.0, math.inf
    problems = data.w.sum()
    resamples = rng.numpy().multinomial(int(problems), data.w / problems, size=n_boot)
    start = best.theta if best.top is not None else None
    exponents = []
    for counts in resamples:
        drawn = counts > 0
        again = Counts(data.c[drawn], data.f[drawn], counts[drawn].astype(np.float64))
        exponents.append(_maximize(FAMILIES[family](Facts(again)), start).exponent)
    # An order statistic, not a mean of two: inf - inf does not arise.
    low, high = np.quantile(exponents, [0.5 - 0.5 * level, 0.5 + 0.5 * level], method="inverted_cdf")
    return float(low), float(high)
