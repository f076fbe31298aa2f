"""Distributions of the single-attempt success probability over instances, and fitting them.

A difficulty answers what sampling needs: S(k) = E[(1-s)^k] is the share of instances that k
attempts leave unsolved.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from . import _check
from ._check import FloatArray, IntArray
from ._gamma import (
    digamma_difference,
    log_beta_ratio,
    log_gamma_cross,
    log_rising,
    trigamma_difference,
)
from ._lid_nodes import log_fail as _log_fail
from ._lid_nodes import nodes as _nodes
from .passk import Curve, _curve_sums
from .random import Generator, Seed, Size, default_rng

__all__ = ["LID", "Beta", "Difficulty", "Fit", "fit"]


class Difficulty(ABC):
    r"""Law of the success probability s of one attempt, over instances.

    Every difficulty has the methods of this class. Methods that take k accept a scalar or an array
    of real numbers >= 0 of any shape, and answer in that shape.
    """

    @property
    @abstractmethod
    def tail_exponent(self) -> float:
        r"""Limit of -d ln S / d ln k as k grows."""

    @abstractmethod
    def _draw(self, size: Size, rng: Generator) -> Any: ...

    @abstractmethod
    def _log_failure(self, k: FloatArray) -> FloatArray:
        """Ln S(k) for k (K,), all > 0."""

    @abstractmethod
    def _exponent(self, k: FloatArray) -> FloatArray:
        """-d ln S / d ln k for k (K,), all > 0."""

    @abstractmethod
    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        """Ln E[s^c (1-s)^f] for each pair."""

    def _at(self, what: Any, k: ArrayLike) -> Any:
        # k = 0 is certain failure under every law; what is left is positive.
        k = _check.array("k", k, _check.NON_NEGATIVE)
        out = np.zeros(k.shape)
        if np.any(positive := k > 0):
            out[positive] = what(k[positive])
        return out if k.ndim else out.item()

    def sample(self, size: Size = None, rng: Seed | Generator = None) -> Any:
        """Draw success probabilities of random instances.

        Parameters
        ----------
        size : int or tuple of int, optional
            None gives a float.
        rng : None, int, SeedSequence or Generator

        Returns
        -------
        float or ndarray of shape size, in [0, 1]

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> Beta(0.3, 2).sample((2, 3), rng=0).shape
        (2, 3)
        """
        return self._draw(size, default_rng(rng))

    def log_failure_rate(self, k: ArrayLike) -> Any:
        """Logarithm of the failure rate: it stays finite where S(k) is below the smallest double.

        Parameters
        ----------
        k : array_like, real, >= 0

        Returns
        -------
        float or ndarray of k's shape, <= 0

        Raises
        ------
        ValueError
            Names the first k that is negative or not finite.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> round(Beta(300, 2).log_failure_rate(1e6), 6)
        -2724.085653
        """
        return self._at(self._log_failure, k)

    def failure_rate(self, k: ArrayLike) -> Any:
        r"""Probability S(k) that k attempts on a random instance all fail.

        .. math:: S(k) = E[(1-s)^k]

        Parameters
        ----------
        k : array_like, real, >= 0

        Returns
        -------
        float or ndarray of k's shape, in [0, 1]

        Raises
        ------
        ValueError
            Names the first k that is negative or not finite.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> Beta(0.5, 0.5).failure_rate([0, 1, 2])
        array([1.   , 0.5  , 0.375])
        """
        rate = np.exp(self.log_failure_rate(k))
        return rate if rate.ndim else rate.item()

    def pass_at_k(self, k: ArrayLike) -> Any:
        """Probability 1 - S(k) that one of k attempts succeeds, with all its digits where it is small.

        Parameters
        ----------
        k : array_like, real, >= 0

        Returns
        -------
        float or ndarray of k's shape, in [0, 1]

        Raises
        ------
        ValueError
            Names the first k that is negative or not finite.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> Beta(0.5, 0.5).pass_at_k(2)
        0.625
        """
        passed = 0 - np.expm1(self.log_failure_rate(k))  # 0 - 0 is not negative
        return passed if passed.ndim else passed.item()

    def exponent(self, k: ArrayLike) -> Any:
        r"""Local exponent of the failure rate, by differentiation of S.

        .. math:: \beta_{eff}(k) = -d \ln S / d \ln k

        Parameters
        ----------
        k : array_like, real, >= 0

        Returns
        -------
        float or ndarray of k's shape, >= 0

        Raises
        ------
        ValueError
            Names the first k that is negative or not finite.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> round(Beta(0.3, 2).exponent(1e4), 6)
        0.299951
        """
        return self._at(self._exponent, k)

    def loglik(self, n: ArrayLike, c: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""Log-probability of counts: c successes in n attempts at each of some instances.

        .. math:: \sum_i w_i \ln \left[ \binom{n_i}{c_i} E[s^{c_i} (1-s)^{n_i-c_i}] \right]

        The binomial coefficients are included.

        Parameters
        ----------
        n : array_like of int, >= 0
            Attempts.
        c : array_like of int, in [0, n]
            Successes; broadcast with n.
        weights : array_like, >= 0, optional
            How many times each pair counts; broadcast with n.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            Names the argument and the first bad index.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> round(Beta(1, 1).loglik([4, 9], [0, 3]), 12) == round(-math.log(5 * 10), 12)
        True
        """
        whole_n, whole_c = _counts(n, c, low=0)
        w = np.ones(1) if weights is None else _check.array("weights", weights, _check.NON_NEGATIVE)
        whole_n, whole_c, w = _check.broadcast(n=whole_n, c=whole_c, weights=w)
        data = _Counts.of(whole_n.ravel(), whole_c.ravel(), w.ravel())
        return float(data.w @ (data.log_ways + self._log_likelihood(data.c, data.f)))


@dataclass(frozen=True)
class Beta(Difficulty):
    r"""Success probabilities from a Beta law [MEM] (arXiv 2410.16377).

    .. math:: S(k) = B(a, b+k) / B(a, b) \sim \Gamma(a+b)/\Gamma(b) \, k^{-a}

    Counts are beta-binomial. The failure rate is accurate to 1e-12 relative.

    Parameters
    ----------
    a : float, > 0
        The tail exponent: instances with s < t have a share of order t^a.
    b : float, > 0

    Raises
    ------
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.difficulty import Beta
    >>> round(Beta(0.3, 2).failure_rate(10), 12)
    0.558508128588
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            object.__setattr__(self, name, _check.scalar(name, getattr(self, name), _check.POSITIVE))

    @property
    def tail_exponent(self) -> float:
        """The parameter a."""
        return self.a

    def _draw(self, size: Size, rng: Generator) -> Any:
        return rng.beta(self.a, self.b, size)

    def _log_failure(self, k: FloatArray) -> FloatArray:
        return -log_gamma_cross(self.b, self.a, k)

    def _exponent(self, k: FloatArray) -> FloatArray:
        return k * digamma_difference(self.b + k, self.a)

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        return log_beta_ratio(self.a, self.b, c, f)


@dataclass(frozen=True)
class LID(Difficulty):
    r"""Success probabilities of the LID model [LID] (arXiv 2601.03764) at excess risk V.

    A target is Normal(x.theta, sigma^2 / tau) with tau ~ Gamma(beta/2) of rate 1; the prediction is
    off by B ~ Normal(0, V); an attempt, a fresh target, succeeds within delta of the prediction:

    .. math:: s = \Phi((\delta-B)\sqrt\tau/\sigma) - \Phi((-\delta-B)\sqrt\tau/\sigma)

    S(k) is that two-dimensional integral, by quadrature whose nodes follow the parameters and the
    range of k. It depends on V / sigma^2, beta and delta / sigma alone. The quadrature is accurate to
    1e-10 relative for beta in [0.05, 50], delta / sigma in [1e-6, 10], any V and k to 1e15; ``loglik``
    to 1e-8 for c (n-c) / n to 300, and to 1e-2 for 20000.

    Parameters
    ----------
    V : float, >= 0
        Excess risk.
    beta : float, > 0
        Tail exponent of the instances' latent difficulty.
    sigma : float, > 0
    delta : float, > 0
        Tolerance.

    Raises
    ------
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.difficulty import LID
    >>> law = LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1)
    >>> round(law.failure_rate(10), 10)
    0.4847059341
    >>> round(law.exponent(1e4), 6)
    2.26431
    """

    V: float
    beta: float
    sigma: float
    delta: float

    def __post_init__(self) -> None:
        for name, within in (
            ("V", _check.NON_NEGATIVE),
            ("beta", _check.POSITIVE),
            ("sigma", _check.POSITIVE),
            ("delta", _check.POSITIVE),
        ):
            object.__setattr__(self, name, _check.scalar(name, getattr(self, name), within))

    @property
    def tail_exponent(self) -> float:
        """Beta where V is 0; else 0, as confidently wrong instances fall slower than any power."""
        return 0.0 if self.V else self.beta

    @property
    def amplitude(self) -> float:
        r"""Amplitude P of the intrinsic law S(k) ~ P k^-beta, that of V = 0 [LID].

        .. math:: P = 2 \Gamma(\beta) / \Gamma(\beta/2) \, c^{-\beta},
                  \quad c = \sqrt{2/\pi} \, \delta/\sigma

        Infinite where it is above the largest double.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> round(LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1).amplitude, 9)
        1631.153971923
        """
        log_c = 0.5 * math.log(2 / math.pi) + math.log(self.delta) - math.log(self.sigma)
        log_p = math.log(2) + math.lgamma(self.beta) - math.lgamma(0.5 * self.beta) - self.beta * log_c
        return math.exp(log_p) if log_p < 709 else math.inf

    def crossover_k(self) -> float:
        """Return the attempts at which the intrinsic law ends: S(k; V) = 2 S(k; 0).

        Returns
        -------
        float
            inf for V = 0 and where the crossover is beyond 1e15; 1e-6 where it is below that.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> round(math.log(LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1).crossover_k()), 1)
        10.3
        """
        if self.V == 0:
            return math.inf
        clean = LID(0.0, self.beta, self.sigma, self.delta)

        def excess(log_k: Any) -> Any:
            k = np.exp(log_k)
            return self.log_failure_rate(k) - clean.log_failure_rate(k) - math.log(2)

        log_k = np.linspace(math.log(1e-6), math.log(1e15), 64)
        above = np.flatnonzero(excess(log_k) >= 0)
        if not above.size:
            return math.inf
        i = int(above[0])
        if i == 0:
            return float(np.exp(log_k[0]))
        return math.exp(optimize.brentq(excess, log_k[i - 1], log_k[i], xtol=1e-10))

    def _draw(self, size: Size, rng: Generator) -> Any:
        tau = rng.standard_gamma(0.5 * self.beta, size)
        bias = math.sqrt(self.V) * rng.standard_normal(size)
        s = -np.expm1(_log_fail(bias, tau, self.sigma, self.delta))
        return s.item() if size is None else s

    def _law(
        self, low: float, high: float, *, sharpness: float = 1.0, depth: float = 0.0
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        v = min(math.sqrt(self.V) / self.sigma, 1e140) ** 2
        r = min(max(self.delta / self.sigma, 1e-140), 1e140)
        return _nodes(v, self.beta, r, low, high, sharpness=sharpness, depth=depth)

    def _curve(self, k: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ln S and -d ln S / d ln k."""
        log_w, log_q, _ = self._law(k.min(), k.max())
        log_s, exponent = np.empty(k.size), np.empty(k.size)
        order = np.argsort(k)
        base, scale = 0.0, 0.0
        while order.size:
            # S(k) = e^scale sum w' (1-s)^(k - base), w' = w (1-s)^base e^-scale: no sum underflows
            # for the lowest k left, and most are done in one pass.
            here = k[order]
            with np.errstate(over="ignore"):  # no failure: e^-inf
                w = np.exp(log_w + base * log_q - scale)
            rate, slope = _curve_sums(log_q, w, here - base)
            # rate / k, about the slope, must not underflow either
            done = rate > 1e-250 * np.maximum(here, 1)
            done[0] |= base > 0
            log_s[order[done]] = scale + np.log(rate[done])
            exponent[order[done]] = here[done] * np.abs(slope[done] / rate[done])
            order = order[~done]
            if order.size:
                base = k[order[0]]
                with np.errstate(over="ignore"):
                    scale = float(np.max(log_w + base * log_q))
        # Near 1, where S has lost digits of 1 - S, that is summed instead.
        w = np.exp(log_w)
        for j in np.flatnonzero(log_s > -0.01):
            with np.errstate(over="ignore"):
                # no BLAS, whose order of summation depends on its threads
                log_s[j] = np.log1p((w * np.expm1(k[j] * log_q)).sum())
        return log_s, exponent

    def _log_failure(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[0]

    def _exponent(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[1]

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        # s^c (1-s)^f is a peak of width (c f / n)^-1/2 in ln s / (1-s): 1e-8 up to c f / n = 300, then
        # fewer digits, as the panels cannot follow it.
        width = np.sqrt(np.max(c * f / np.maximum(c + f, 1)))
        log_w, log_q, s = self._law(
            0.0, max(1.0, float((c + f).max())), sharpness=min(max(1.0, width / 4), 8.0), depth=250.0
        )
        log_s = np.log(np.maximum(s, np.finfo(float).tiny))
        with np.errstate(over="ignore"):  # no failure: e^-inf
            terms = (log_w + ci * log_s + fi * log_q for ci, fi in zip(c, f, strict=True))
            return np.array([special.logsumexp(term) for term in terms])


# ---------------------------------------------------------------- counts


@dataclass(frozen=True)
class _Counts:
    """Distinct pairs of successes c and failures f, w times each; fields (H,)."""

    c: FloatArray
    f: FloatArray
    w: FloatArray

    @staticmethod
    def of(n: IntArray, c: IntArray, w: FloatArray) -> _Counts:
        order = np.lexsort((c, n))
        n, c, w = n[order], c[order], w[order]
        new = np.flatnonzero(np.append(True, (np.diff(n) != 0) | (np.diff(c) != 0))[: n.size])
        total = np.add.reduceat(w, new) if n.size else w
        n, c = n[new], c[new]
        return _Counts(c.astype(np.float64), (n - c).astype(np.float64), total)

    @property
    def log_ways(self) -> FloatArray:
        """Ln C(n, c)."""
        return log_gamma_cross(1.0, self.c, self.f)


def _tally(x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distinct values, ascending, and their weights."""
    values, where = np.unique(x, return_inverse=True)
    return values, np.bincount(where, weights=w).astype(np.float64, copy=False)


def _counts(n: ArrayLike, c: ArrayLike, low: int) -> tuple[IntArray, IntArray]:
    whole_n = _check.integers("n", n, low)
    whole_c = _check.integers("c", c)
    whole_n, whole_c = _check.broadcast(n=whole_n, c=whole_c)
    _check.reject("c", whole_c, whole_c > whole_n, "at most n")
    return whole_n, whole_c


# ---------------------------------------------------------------- fitting

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

    def __init__(self, data: _Counts) -> None:
        self.data = data
        self.c, self.f, self.w, self.n = data.c, data.f, data.w, data.c + data.f
        self.successes, self.failures, self.attempts = (_tally(x, data.w) for x in (self.c, self.f, self.n))
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
    whole_n, whole_c = _counts(n, c, low=1)
    w = np.ones(1, dtype=np.int64) if weights is None else _check.integers("weights", weights)
    whole_n, whole_c, w = (x.ravel() for x in _check.broadcast(n=whole_n, c=whole_c, weights=w))
    if not w.any():
        raise ValueError("weights are all 0" if w.size else "n is empty")
    data = _Counts.of(whole_n[w > 0], whole_c[w > 0], w[w > 0].astype(np.float64))
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
    data: _Counts, best: _Optimum, level: float, n_boot: int, rng: Generator
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
        again = _Counts(data.c[drawn], data.f[drawn], counts[drawn].astype(np.float64))
        exponents.append(_BetaBinomial(again).maximize(start).exponent)
    # An order statistic, not a mean of two: inf - inf does not arise.
    low, high = np.quantile(exponents, [0.5 - 0.5 * level, 0.5 + 0.5 * level], method="inverted_cdf")
    return float(low), float(high)
