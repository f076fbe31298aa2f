"""Fitting difficulties to counts by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from . import _check
from ._check import FloatArray
from ._counts import Counts, checked, tally
from ._gamma import digamma_difference, log_beta_ratio, log_rising, trigamma_difference
from ._laws import Beta, Difficulty
from .passk import Curve
from .random import Generator, Seed, default_rng

_TINY = 1e-100  # stands for a parameter whose likelihood rises towards 0
_FLAT = 1e6  # a + b above this many times the largest n: the law is binomial to all digits that count

_ALL_FAIL = "no attempt succeeded: the likelihood rises as a -> 0, exponent 0; the data do not bound it"
_ALL_PASS = "every attempt succeeded: the likelihood rises as b -> 0, exponent inf; the data do not bound it"
_SINGLE = "one attempt a problem (n = 1): only the mean a / (a + b) is determined, a itself is not"
_TWO_KINDS = "every problem is solved always or never: the likelihood rises as a, b -> 0, exponent 0"
_BINOMIAL = "problems vary no more than one binomial law: the likelihood rises as a, b -> inf, exponent inf"
_STUCK = "the maximization did not converge"


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
        where the data do not determine them.
    exponent : float
        Tail exponent of S(k): 0 or inf where the likelihood rises towards such a limit.
    exponent_ci : tuple of two floats
        Its confidence interval, in [0, inf].
    loglik, aic, bic : float
        Maximum of the log-likelihood, binomial coefficients included; 2 p - 2 loglik and
        p ln(problems) - 2 loglik.
    converged : bool
        Whether the likelihood determines the law, if only as a limit.
    message : str
        What to know about the fit; empty for an ordinary one.
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
    _level: float = field(repr=False)
    # Covariance of (ln a, ln b), None where the data do not bound it.
    _covariance: tuple[tuple[float, float], tuple[float, float]] | None = field(repr=False)

    def forecast(self, k: ArrayLike) -> Curve:
        """pass@k under the fitted law, at any k, with a pointwise band by the delta method.

        The covariance of (ln a, ln b) is carried to ln(-ln S(k)), in which the band is symmetric, so
        it stays within (0, 1). It holds the uncertainty of the parameters, not of the family: far
        above the largest n it is as good as the power law. Where the data bound nothing the band is
        [0, 1] and the standard error inf.

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
        failure, estimate = np.exp(log_s), -np.expm1(log_s)
        if self._covariance is None:
            none = np.zeros(k.size)
            return Curve(k, estimate, failure, none + math.inf, none, none + 1)
        a, b = self.params["a"], self.params["b"]
        shared = digamma_difference(a + b, k)
        slopes = np.stack([a * shared, b * (shared - digamma_difference(b, k))])  # of -ln S
        spread = np.sqrt(np.maximum(0, np.einsum("ik,ij,jk->k", slopes, np.array(self._covariance), slopes)))
        relative = special.ndtri(0.5 + 0.5 * self._level) * spread / np.maximum(-log_s, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            lower, upper = (-np.expm1(log_s * np.exp(sign * relative)) for sign in (-1, 1))
        return Curve(k, estimate, failure, failure * spread, lower, upper)


@dataclass(frozen=True)
class _Optimum:
    a: float
    b: float
    exponent: float
    loglik: float
    message: str = ""


class _BetaBinomial:
    """Likelihood of (ln a, ln b).

    It is a sum over successes, one over failures and one over attempts, each taken over the distinct
    numbers: far fewer than the distinct pairs where n varies.
    """

    def __init__(self, data: Counts) -> None:
        self.data = data
        self.c, self.f, self.w, self.n = data.c, data.f, data.w, data.c + data.f
        self.successes, self.failures, self.attempts = (tally(x, data.w) for x in (self.c, self.f, self.n))
        self.log_ways = float(data.w @ data.log_ways)
        self.mean = float((self.w @ self.c) / (self.w @ self.n))
        self.flat = _FLAT * float(self.n.max())

    def loglik(self, theta: FloatArray) -> float:
        a, b = np.exp(theta).tolist()
        scale = a + b + self.attempts[0][-1]
        c, f, n = (
            weights @ log_rising(x, values, scale)
            for x, (values, weights) in ((a, self.successes), (b, self.failures), (a + b, self.attempts))
        )
        return float(self.log_ways + (c + f - n))

    def derivatives(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        a, b = np.exp(theta).tolist()
        (c, w_c), (f, w_f), (n, w_n) = self.successes, self.failures, self.attempts
        both = w_n @ digamma_difference(a + b, n)
        slope_a = a * (w_c @ digamma_difference(a, c) - both)
        slope_b = b * (w_f @ digamma_difference(b, f) - both)
        both = w_n @ trigamma_difference(a + b, n)
        curve_a = a * a * (w_c @ trigamma_difference(a, c) - both) + slope_a
        curve_b = b * b * (w_f @ trigamma_difference(b, f) - both) + slope_b
        cross = -a * b * both
        return np.array([slope_a, slope_b]), np.array([[curve_a, cross], [cross, curve_b]])

    def binomial_loglik(self) -> float:
        """Return the limit for a, b -> inf at the mean."""
        log_p = special.xlogy(self.c, self.mean) + special.xlog1py(self.f, -self.mean)
        return float(self.w @ (self.data.log_ways + log_p))

    def extreme(self) -> _Optimum | None:
        """Return the supremum where it is known to be no maximum."""
        if not self.c.any():
            return _Optimum(_TINY, 1.0, 0.0, 0.0, _ALL_FAIL)
        if not self.f.any():
            return _Optimum(1.0, _TINY, math.inf, 0.0, _ALL_PASS)
        if self.n.max() == 1:
            # Any a + b serves; 2 is that of the uniform law.
            m = self.mean
            return _Optimum(2 * m, 2 - 2 * m, 2 * m, self.binomial_loglik(), _SINGLE)
        if not (self.c * self.f).any():
            solved = float(self.w @ (self.c > 0) / self.w.sum())
            loglik = float(self.w.sum()) * -float(special.entr([solved, 1 - solved]).sum())
            return _Optimum(_TINY * solved, _TINY * (1 - solved), 0.0, loglik, _TWO_KINDS)
        return None

    def ascend(self, theta: FloatArray, free: tuple[int, ...] = (0, 1)) -> tuple[FloatArray, float, bool]:
        """Newton's method in some of the two coordinates, uphill always: theta, loglik, converged."""
        index = list(free)
        theta, value = theta.copy(), self.loglik(theta)
        for _ in range(200):
            slope, curve = self.derivatives(theta)
            sizes, axes = np.linalg.eigh(curve[np.ix_(index, index)])
            # Away from a maximum a direction may curve upwards: its size is taken, its sign is not.
            step = axes @ ((axes.T @ slope[index]) / np.maximum(np.abs(sizes), 1e-12))
            gain = float(step @ slope[index])
            if gain < 1e-14 * max(1.0, abs(value)) or theta.max() > math.log(self.flat):
                return theta, value, True
            step *= min(1.0, 2.0 / float(np.abs(step).max()))
            for _ in range(40):
                trial = theta.copy()
                trial[index] += step
                trial_value = self.loglik(trial)
                if trial_value > value:
                    break
                step /= 2
            else:
                return theta, value, gain < 1e-6  # rounding hides what is left
            theta, value = trial, trial_value
        return theta, value, False

    def maximize(self, start: FloatArray | None = None) -> _Optimum:
        found = self.extreme()
        if found is not None:
            return found
        if start is None:
            # Pairs solved by mean and a + b, on a grid; the best two are climbed from.
            means = (self.mean, float(self.w @ ((self.c + 0.5) / (self.n + 1)) / self.w.sum()))
            grid = [np.log([m * s, (1 - m) * s]) for m in means for s in np.geomspace(1e-3, 1e6, 10)]
            starts = sorted(grid, key=self.loglik)[-2:]
        else:
            starts = [start]
        theta, value, converged = max((self.ascend(s) for s in starts), key=lambda climb: climb[1])
        limit = self.binomial_loglik()
        if np.exp(theta).sum() > self.flat or value <= limit + 1e-12 * abs(limit):
            s = self.flat
            return _Optimum(s * self.mean, s * (1 - self.mean), math.inf, limit, _BINOMIAL)
        a, b = np.exp(theta).tolist()
        # once more, with the pairs' terms added before they are summed
        value = float(self.w @ (self.data.log_ways + log_beta_ratio(a, b, self.c, self.f)))
        return _Optimum(a, b, a, value, "" if converged else _STUCK)

    def covariance(self, best: _Optimum) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Return that of (ln a, ln b); in the limits where only the mean is left, of the mean alone."""
        if best.message in (_BINOMIAL, _TWO_KINDS):
            trials = float(self.w @ self.n) if best.message == _BINOMIAL else float(self.w.sum())
            m = best.a / (best.a + best.b)
            variance = 1 / (trials * m * (1 - m))  # of the mean's log-odds
            return (
                ((1 - m) ** 2 * variance, -m * (1 - m) * variance),
                (-m * (1 - m) * variance, m * m * variance),
            )
        if best.message in (_ALL_FAIL, _ALL_PASS, _SINGLE):
            return None
        _, curve = self.derivatives(np.log([best.a, best.b]))
        if np.linalg.eigvalsh(curve).max() >= 0:
            return None
        (aa, ab), (ba, bb) = np.linalg.inv(-curve).tolist()
        return (aa, ab), (ba, bb)

    def profile_interval(self, best: _Optimum, drop: float) -> tuple[float, float]:
        """Find where the likelihood, maximized over b, is `drop` below its maximum."""
        if best.message in (_ALL_FAIL, _ALL_PASS, _SINGLE):
            return 0.0, math.inf
        theta = np.log([best.a, best.b])

        def deficit(log_a: float) -> float:
            # b follows a, from where it was
            theta[:] = self.ascend(np.array([log_a, theta[1] + log_a - theta[0]]), free=(1,))[0]
            return best.loglik - drop - self.loglik(theta)

        ends = []
        for sign, limit in ((-1, -230.0), (1, math.log(self.flat))):
            theta[:] = np.log([best.a, best.b])
            inner, step = float(theta[0]), 0.5
            outer = inner + sign * step
            while deficit(outer) < 0 and outer != limit:
                step *= 2
                inner, outer = outer, sign * min(sign * (outer + sign * step), sign * limit)
            if outer == limit and deficit(outer) < 0:
                ends.append(0.0 if sign < 0 else math.inf)
            elif deficit(inner) >= 0:  # an interval narrower than the search sees
                ends.append(math.exp(inner))
            else:
                ends.append(math.exp(optimize.brentq(deficit, *sorted((inner, outer)), xtol=1e-6)))
        return ends[0], ends[1]


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
    family : {"beta"}
    level : float, in (0, 1)
        Confidence level of the exponent's interval and of forecasts.
    interval : {"profile", "wald", "bootstrap"}
        Of the exponent: from the profile likelihood; normal in ln a; or percentiles over resampled
        problems.
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
    _check.choice("family", family, ("beta",))
    _check.choice("interval", interval, ("profile", "wald", "bootstrap"))
    level = _check.scalar("level", level, _check.LEVEL)
    n_boot = _check.integer("n_boot", n_boot, 1 if interval == "bootstrap" else 0)
    whole_n, whole_c = checked(n, c, low=1)
    w = np.ones(1, dtype=np.int64) if weights is None else _check.integers("weights", weights)
    whole_n, whole_c, w = (x.ravel() for x in _check.broadcast(n=whole_n, c=whole_c, weights=w))
    if not w.any():
        raise ValueError("weights are all 0" if w.size else "n is empty")
    data = Counts.of(whole_n[w > 0], whole_c[w > 0], w[w > 0].astype(np.float64))
    likelihood = _BetaBinomial(data)
    best = likelihood.maximize()
    covariance = likelihood.covariance(best)

    quantile = float(special.ndtri(0.5 + 0.5 * level))
    if interval == "profile":
        ends = likelihood.profile_interval(best, 0.5 * quantile**2)
    elif interval == "bootstrap":
        ends = _bootstrap(data, best, level, n_boot, default_rng(rng))
    else:
        ends = 0.0, math.inf
        if covariance is not None and 0 < best.exponent < math.inf:
            spread = quantile * math.sqrt(covariance[0][0])
            ends = best.a * math.exp(-spread), best.a * math.exp(min(spread, 700))

    determined = covariance is not None and best.message in ("", _STUCK)
    stderr = {"a": math.inf, "b": math.inf}
    if covariance is not None and determined:
        stderr = {"a": best.a * math.sqrt(covariance[0][0]), "b": best.b * math.sqrt(covariance[1][1])}
    return Fit(
        difficulty=Beta(best.a, best.b),
        family=family,
        params={"a": best.a, "b": best.b},
        stderr=stderr,
        exponent=best.exponent,
        exponent_ci=ends,
        loglik=best.loglik,
        aic=4 - 2 * best.loglik,
        bic=2 * math.log(data.w.sum()) - 2 * best.loglik,
        converged=best.message not in (_STUCK, _SINGLE),
        message=best.message,
        _level=level,
        _covariance=covariance,
    )


def _bootstrap(
    data: Counts, best: _Optimum, level: float, n_boot: int, rng: Generator
) -> tuple[float, float]:
    """Percentiles of the exponent over resampled problems; 0 and inf are among its values."""
    if best.message in (_ALL_FAIL, _ALL_PASS, _SINGLE):
        return 0.0, math.inf
    problems = data.w.sum()
    resamples = rng.numpy().multinomial(int(problems), data.w / problems, size=n_boot)
    start = np.log([best.a, best.b]) if best.message == "" else None
    exponents = []
    for counts in resamples:
        drawn = counts > 0
        again = Counts(data.c[drawn], data.f[drawn], counts[drawn].astype(np.float64))
        exponents.append(_BetaBinomial(again).maximize(start).exponent)
    # An order statistic, not a mean of two: inf - inf does not arise.
    low, high = np.quantile(exponents, [0.5 - 0.5 * level, 0.5 + 0.5 * level], method="inverted_cdf")
    return float(low), float(high)
