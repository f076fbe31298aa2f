"""Difficulties: laws of the single-attempt success probability over instances."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from . import _check, _mixture, _precision
from ._check import FloatArray
from ._counts import Counts, checked
from ._gamma import digamma_difference, log_beta_ratio, log_gamma_cross
from ._lid_nodes import log_fail as _log_fail
from ._lid_nodes import nodes as _nodes
from ._lid_nodes import nodes_of_biases as _nodes_of_biases
from .passk import _curve_sums, _weights
from .random import Generator, Seed, Size, default_rng

#: What an exponent is of.
Loss = Literal["failure", "nll"]
LOSSES: tuple[str, ...] = get_args(Loss)

# Relative errors of sums over nodes, which are good to 1e-11 themselves.
_EXACT = 1e-13
_LOW = 1e-250  # sums below it are formed anew


class Difficulty(ABC):
    r"""Law of the success probability s of one attempt, over instances.

    Every difficulty has the methods of this class. Methods that take k accept a scalar or an array
    of real numbers >= 0 of any shape, and answer in that shape.

    Examples
    --------
    >>> from lidfast.difficulty import Beta, Difficulty
    >>> isinstance(Beta(0.3, 2), Difficulty)
    True
    """

    @property
    @abstractmethod
    def tail_exponent(self) -> float:
        r"""Limit of -d ln S / d ln k as k grows.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> Beta(0.3, 2).tail_exponent
        0.3
        """

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

    def exponent(self, k: ArrayLike, *, loss: Loss = "failure") -> Any:
        r"""Local exponent of the failure rate, by differentiation of S.

        .. math:: \beta_{eff}(k) = -d \ln S / d \ln k

        Parameters
        ----------
        k : array_like, real, >= 0
        loss : "failure" or "nll"
            What the exponent is of: S(k), or -ln pass@k as in [MK], arXiv 2502.17578. The second is
            the first times S / ((1-S) (-ln(1-S))), which tends to 1 as S falls. At k = 0 both are 0.

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
        >>> round(Beta(0.3, 2).exponent(1e4), 6), round(Beta(0.3, 2).exponent(1e4, loss="nll"), 6)
        (0.299951, 0.311716)
        """
        if _check.choice("loss", loss, LOSSES) == "failure":
            return self._at(self._exponent, k)

        def of_nll(k: FloatArray) -> FloatArray:
            log_s = self._log_failure(k)
            s = np.exp(log_s)
            with np.errstate(divide="ignore", invalid="ignore"):
                nll = np.where(s < 0.5, -np.log1p(-np.minimum(s, 0.5)), -np.log(-np.expm1(log_s)))
                factor = s / -np.expm1(log_s) / nll
            # S is 0 to a rounding, or 1: k so small that nothing passes
            factor = np.where(s < 1e-17, 1.0, np.where(log_s == 0, 0.0, factor))
            return np.asarray(self._exponent(k) * factor)

        return self._at(of_nll, k)

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
        >>> import math
        >>> from lidfast.difficulty import Beta
        >>> round(Beta(1, 1).loglik([4, 9], [0, 3]), 12) == round(-math.log(5 * 10), 12)
        True
        """
        whole_n, whole_c = checked(n, c, low=0)
        w = np.ones(1) if weights is None else _check.array("weights", weights, _check.NON_NEGATIVE)
        whole_n, whole_c, w = _check.broadcast(n=whole_n, c=whole_c, weights=w)
        some = w > 0  # of impossible counts too
        data = Counts.of(whole_n[some], whole_c[some], w[some])
        return float(data.w @ (data.log_ways + self._log_likelihood(data.c, data.f)))


def _check_parameters(law: Difficulty, **within: _check.Range) -> None:
    """Replace the named parameters of a frozen law by floats in range."""
    for name, allowed in within.items():
        object.__setattr__(law, name, _check.scalar(name, getattr(law, name), allowed))


def _log_curve(log_w: FloatArray, log_q: FloatArray, k: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ln S and -d ln S / d ln k for k (K,), all > 0, of weights that sum to 1 and ln(1-s), finite."""
    log_s, exponent = np.empty(k.size), np.empty(k.size)
    order = np.argsort(k)
    base, scale = 0.0, 0.0
    while order.size:
        # S(k) = e^scale sum w' (1-s)^(k - base), w' = w (1-s)^base e^-scale: no sum underflows
        # for the lowest k left, and most are done in one pass.
        here = k[order]
        with np.errstate(over="ignore"):  # no failure: e^-inf
            w = np.exp(log_w + base * log_q - scale if base else log_w)
        some = w > 0
        if 2 * np.count_nonzero(some) > some.size:
            rate, slope, passed = _curve_sums(log_q, w, here - base, _EXACT, _LOW)
        else:  # most underflow
            rate, slope, passed = _curve_sums(log_q[some], w[some], here - base, _EXACT, _LOW)
        # rate / k, about the slope, must not underflow either
        done = rate > _LOW * np.maximum(here, 1)
        done[0] |= base > 0
        log_s[order[done]] = scale + np.log(rate[done])
        exponent[order[done]] = here[done] * np.abs(slope[done] / rate[done])
        if not base:  # near 1, where S has lost digits of 1 - S
            near = rate > 0.99
            log_s[order[near]] = np.log1p(-passed[near])
        order = order[~done]
        if order.size:
            base = k[order[0]]
            with np.errstate(over="ignore"):
                scale = float(np.max(log_w + base * log_q))
    return log_s, exponent


@dataclass(frozen=True)
class Beta(Difficulty):
    r"""Success probabilities of m times a Beta law [MEM] (arXiv 2410.16377), [MK] (arXiv 2502.17578).

    .. math:: S(k) = {}_2F_1(-k, a; a+b; m)

    which for m = 1 is

    .. math:: S(k) = B(a, b+k) / B(a, b) \sim \Gamma(a+b)/\Gamma(b) \, k^{-a}

    and then counts are beta-binomial. The failure rate is accurate to 1e-12 relative for a and b
    from 1e-3 to 1e4 and k to 1e12, the log-likelihood of a pair to a few roundings of n.
    ``ScaledBeta`` is another name of this class.

    Parameters
    ----------
    a : float, > 0
        The tail exponent: instances with s < t have a share of order t^a.
    b : float, > 0
    m : float, in (0, 1]
        The largest success probability.

    Raises
    ------
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.difficulty import Beta
    >>> round(Beta(0.3, 2).failure_rate(10), 12)
    0.558508128588
    >>> round(Beta(0.3, 2, m=0.5).failure_rate(10), 12)
    0.668853942084
    """

    a: float
    b: float
    m: float = 1.0

    def __post_init__(self) -> None:
        _check_parameters(self, a=_check.POSITIVE, b=_check.POSITIVE, m=_check.POSITIVE_PROBABILITY)

    @property
    def tail_exponent(self) -> float:
        """The parameter a.

        Examples
        --------
        >>> from lidfast.difficulty import Beta
        >>> Beta(0.3, 2).tail_exponent
        0.3
        """
        return self.a

    def _draw(self, size: Size, rng: Generator) -> Any:
        return self.m * rng.beta(self.a, self.b, size)

    def _log_failure(self, k: FloatArray) -> FloatArray:
        if self.m == 1:
            return -log_gamma_cross(self.b, self.a, k)
        return _mixture.log_failure("beta", self.a, self.b, self.m, k)

    def _exponent(self, k: FloatArray) -> FloatArray:
        if self.m == 1:
            return k * digamma_difference(self.b + k, self.a)
        return _mixture.exponent("beta", self.a, self.b, self.m, k)

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        if self.m == 1:
            return log_beta_ratio(self.a, self.b, c, f)
        return _mixture.log_mixture("beta", self.a, self.b, self.m, c, f)[0]


ScaledBeta = Beta


@dataclass(frozen=True)
class Kumaraswamy(Difficulty):
    r"""Success probabilities of a Kumaraswamy law on [0, m] [MK] (arXiv 2502.17578).

    .. math:: P(s \le t) = 1 - (1 - (t/m)^a)^b,
              \quad S(k) = \int_0^1 b (1-w)^{b-1} (1 - m w^{1/a})^k \, dw
                          \sim b \Gamma(1+a) (m k)^{-a}

    S is computed by quadrature, to 1e-12 relative for a and b from 1e-3 to 1e4 and k to 1e12, the
    log-likelihood of a pair to a few roundings of n.

    Parameters
    ----------
    a : float, > 0
        The tail exponent: instances with s < t have a share of order t^a.
    b : float, > 0
    m : float, in (0, 1]
        The largest success probability.

    Raises
    ------
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.difficulty import Kumaraswamy
    >>> round(Kumaraswamy(1, 1).failure_rate(9), 12)  # the uniform law
    0.1
    >>> Kumaraswamy(0.3, 2, m=0.5).tail_exponent
    0.3
    """

    a: float
    b: float
    m: float = 1.0

    def __post_init__(self) -> None:
        _check_parameters(self, a=_check.POSITIVE, b=_check.POSITIVE, m=_check.POSITIVE_PROBABILITY)

    @property
    def tail_exponent(self) -> float:
        """The parameter a.

        Examples
        --------
        >>> from lidfast.difficulty import Kumaraswamy
        >>> Kumaraswamy(0.3, 2).tail_exponent
        0.3
        """
        return self.a

    def _draw(self, size: Size, rng: Generator) -> Any:
        # -ln of the share above is exponential
        w = -np.expm1(-rng.standard_exponential(size) / self.b)
        s = self.m * w ** (1 / self.a)
        return s.item() if size is None else s

    def _log_failure(self, k: FloatArray) -> FloatArray:
        return _mixture.log_failure("kumaraswamy", self.a, self.b, self.m, k)

    def _exponent(self, k: FloatArray) -> FloatArray:
        return _mixture.exponent("kumaraswamy", self.a, self.b, self.m, k)

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        return _mixture.log_mixture("kumaraswamy", self.a, self.b, self.m, c, f)[0]


@dataclass(frozen=True)
class ZeroInflated(Difficulty):
    r"""A law of which a share p0 of the instances can never be solved, s = 0 [MK] (arXiv 2502.17578).

    .. math:: S(k) = p_0 + (1 - p_0) S_{base}(k)

    Parameters
    ----------
    base : Difficulty
        Law of the others.
    p0 : float, in [0, 1]

    Raises
    ------
    TypeError
        Where base is no difficulty.
    ValueError
        Names the parameter that is out of range.

    Examples
    --------
    >>> from lidfast.difficulty import Beta, ZeroInflated
    >>> ZeroInflated(Beta(0.5, 0.5), 0.2).failure_rate([0, 1, 1e12]).round(5)
    array([1. , 0.6, 0.2])
    """

    base: Difficulty
    p0: float

    def __post_init__(self) -> None:
        if not isinstance(self.base, Difficulty):
            raise TypeError(f"base must be a Difficulty, not {type(self.base).__name__}")
        _check_parameters(self, p0=_check.PROBABILITY)

    @property
    def tail_exponent(self) -> float:
        """0, as S(k) -> p0; that of base where p0 is 0.

        Examples
        --------
        >>> from lidfast.difficulty import Beta, ZeroInflated
        >>> ZeroInflated(Beta(0.3, 2), 0.1).tail_exponent, ZeroInflated(Beta(0.3, 2), 0.0).tail_exponent
        (0.0, 0.3)
        """
        return 0.0 if self.p0 else self.base.tail_exponent

    @property
    def _log_shares(self) -> tuple[float, float]:
        """Ln p0 and ln(1 - p0)."""
        log_p0 = math.log(self.p0) if self.p0 else -math.inf
        return log_p0, math.log1p(-self.p0) if self.p0 < 1 else -math.inf

    def _draw(self, size: Size, rng: Generator) -> Any:
        s = self.base._draw(size, rng) * (rng.random(size) >= self.p0)
        return float(s) if size is None else s

    def _log_failure(self, k: FloatArray) -> FloatArray:
        log_base = self.base._log_failure(k)
        log_p0, log_rest = self._log_shares
        log_s = np.logaddexp(log_p0, log_rest + log_base)
        passed = (1 - self.p0) * -np.expm1(log_base)
        near = passed < 0.5  # there 1 - S has the digits
        log_s[near] = np.log1p(-passed[near])
        return log_s

    def _exponent(self, k: FloatArray) -> FloatArray:
        if self.p0 == 0:
            return self.base._exponent(k)
        # of those that failed k attempts, the share that can be solved
        log_p0, log_rest = self._log_shares
        share = special.expit(log_rest + self.base._log_failure(k) - log_p0)
        exponent = np.zeros(k.size)
        np.multiply(self.base._exponent(k), share, out=exponent, where=share > 0)
        return exponent

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        log_p0, log_rest = self._log_shares
        return np.logaddexp(np.where(c == 0, log_p0, -np.inf), log_rest + self.base._log_likelihood(c, f))


@dataclass(frozen=True, eq=False)
class Empirical(Difficulty):
    r"""Given success probabilities, each with its share of the instances.

    .. math:: S(k) = \sum_i w_i (1 - s_i)^k \Big/ \sum_i w_i

    Parameters
    ----------
    s : array_like, shape (n,), in [0, 1]
        Success probability of one attempt; kept as a copy that cannot be written.
    weights : array_like, shape (n,), >= 0, optional
        How many instances each stands for.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.difficulty import Empirical
    >>> Empirical([0.5, 1.0]).failure_rate([0, 1, 2])
    array([1.   , 0.25 , 0.125])
    """

    s: FloatArray
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        s = _check.vector("s", self.s, _check.PROBABILITY).copy()
        weights = _weights("weights", self.weights, "s", s.size)
        if weights is not None:
            weights = weights.copy()
            weights.flags.writeable = False
        s.flags.writeable = False
        object.__setattr__(self, "s", s)
        object.__setattr__(self, "weights", weights)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Empirical):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __reduce__(self) -> tuple[Any, ...]:
        return Empirical, (self.s, self.weights)

    @property
    def _key(self) -> tuple[bytes, bytes | None]:
        # 0 + -0 is 0: equal numbers have equal bytes
        return (self.s + 0).tobytes(), None if self.weights is None else (self.weights + 0).tobytes()

    @property
    def tail_exponent(self) -> float:
        """Infinite where every instance can be solved, else 0.

        Examples
        --------
        >>> from lidfast.difficulty import Empirical
        >>> Empirical([0.1, 0.5]).tail_exponent, Empirical([0.0, 0.5]).tail_exponent
        (inf, 0.0)
        """
        return math.inf if self._law[0].min() > 0 else 0.0

    @property
    def _law(self) -> tuple[FloatArray, FloatArray]:
        """Success probabilities that occur, and their shares."""
        if self.weights is None:
            return self.s, np.full(self.s.size, 1 / self.s.size)
        some = self.weights > 0
        w = self.weights[some] / self.weights.max()  # their sum may not overflow
        return self.s[some], w / w.sum()

    def _draw(self, size: Size, rng: Generator) -> Any:
        s, w = self._law
        below = np.cumsum(w)
        drawn = s[np.searchsorted(below / below[-1], rng.random(size), side="right")]
        return drawn.item() if size is None else drawn

    def _curve(self, k: FloatArray) -> tuple[FloatArray, FloatArray]:
        s, w = self._law
        if s.min() == 1:
            return np.full(k.size, -np.inf), np.full(k.size, np.inf)
        with np.errstate(divide="ignore"):
            log_q = np.maximum(np.log1p(-s), -np.finfo(float).max)
        return _log_curve(np.log(w), log_q, k)

    def _log_failure(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[0]

    def _exponent(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[1]

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        s, w = self._law
        log_w, out = np.log(w), np.full(c.size, -np.inf)
        for i, (ci, fi) in enumerate(zip(c, f, strict=True)):
            terms = log_w + special.xlogy(ci, s) + special.xlog1py(fi, -s)
            if (top := terms.max()) > -np.inf:
                out[i] = top + math.log(np.exp(terms - top).sum())
        return out


@dataclass(frozen=True)
class LID(Difficulty):
    r"""Success probabilities of the LID model [LID] (arXiv 2601.03764) at excess risk V.

    A target is Normal(x.theta, sigma^2 / tau) with tau ~ Gamma(beta/2) of rate 1; the prediction is
    off by B ~ Normal(0, V); an attempt, a fresh target, succeeds within delta of the prediction:

    .. math:: s = \Phi((\delta-B)\sqrt\tau/\sigma) - \Phi((-\delta-B)\sqrt\tau/\sigma)

    S(k) is that two-dimensional integral, by quadrature whose nodes follow the parameters and the k
    asked for. It depends on V / sigma^2, beta and delta / sigma alone. The quadrature is accurate to
    1e-10 relative where S >= 1e-300, and to 1e-10 of ln S below, for beta in [0.05, 50], delta / sigma in
    [1e-6, 10], any V and k to 1e15; ``loglik`` to 1e-8 for c (n-c) / n to 300, and to 1e-2 for 20000.

    Of the law of tau only P(tau <= t) at small t matters for the intrinsic tail, S(k) ~ P k^-beta of V = 0;
    with V > 0 the artificial tail ends it, at `crossover_k`.

    Parameters
    ----------
    V : float, >= 0
        Excess risk.
    beta : float, > 0
        Tail exponent of the instances' latent difficulty.
    sigma : float, > 0
    delta : float, > 0
        Tolerance.
    prior : "gamma", "weibull", "pareto", "lognormal", or array_like of tau > 0
        Law of tau, as for `lidfast.LIDModel`.
    bias : array_like, shape (n,), optional
        Samples of B in place of the normal law, as of features that are not Gaussian; V is then their mean
        square, and may be given as None. The law of tau is integrated for each: S takes about 50
        microseconds for each of them.

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

    Without a bias, laws of tau that agree near 0 have one exponent, and a log-normal one has none:

    >>> laws = (LID(0, 2.5, 1.0, 0.1, prior=prior) for prior in ("gamma", "weibull", "pareto", "lognormal"))
    >>> [law.exponent([1e6, 1e9]).round(2).tolist() for law in laws]
    [[2.5, 2.5], [2.5, 2.5], [2.5, 2.5], [26.44, 47.54]]
    """

    V: float | None
    beta: float
    sigma: float
    delta: float
    prior: str | ArrayLike = field(default="gamma", kw_only=True)
    bias: ArrayLike | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.bias is not None:
            bias = np.abs(_check.vector("bias", self.bias))
            square = float(np.mean(bias**2))
            if self.V is not None and not math.isclose(self.V, square, rel_tol=1e-6):
                raise ValueError(f"V is {self.V}: it must be None, or the mean square of bias, {square}")
            object.__setattr__(self, "V", square)
            object.__setattr__(self, "bias", tuple(np.sort(bias).tolist()))
        object.__setattr__(self, "prior", _precision.checked_prior(self.prior))
        _check_parameters(
            self, V=_check.NON_NEGATIVE, beta=_check.POSITIVE, sigma=_check.POSITIVE, delta=_check.POSITIVE
        )

    @cached_property
    def precision(self) -> _precision.Sampled | _precision.Smooth:
        """Law of the latent precision tau.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> LID(0.1, 2.5, 1.0, 0.1).precision.tail_exponent
        2.5
        """
        return _precision.precision(self.prior, self.beta)

    @property
    def tail_exponent(self) -> float:
        """Beta where V is 0, inf where the law of tau has no power tail; else 0.

        With V > 0 confidently wrong instances fall slower than any power. Of given biases b, those above
        delta are missed by instances of high precision: of P(tau > t) ~ e^-t it is 2 sigma^2 / (b - delta)^2
        for the largest, if that is below beta.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> LID(0.0, 2.5, 1.0, 0.1).tail_exponent, LID(0.1, 2.5, 1.0, 0.1).tail_exponent
        (2.5, 0.0)
        """
        if self.bias is None:
            return 0.0 if self.V else self.precision.tail_exponent
        beyond = max(cast(tuple[float, ...], self.bias)) - self.delta
        if beyond <= 0:
            return self.precision.tail_exponent
        return min(self.precision.tail_exponent, self.precision.decay * 2 * (self.sigma / beyond) ** 2)

    @property
    def amplitude(self) -> float:
        r"""Amplitude P of the intrinsic law S(k) ~ P k^-beta, that of V = 0 [LID].

        .. math:: P = 2 A \Gamma(\beta) c^{-\beta}, \quad c = \sqrt{2/\pi} \, \delta/\sigma

        where the density of u = ln tau tends to :math:`A e^{\beta u/2}`: :math:`1 / \Gamma(\beta/2)` for the
        gamma law, :math:`\beta/2` for those of Weibull and Pareto. Infinite where it is above the largest
        double, NaN where the law of tau has no power tail.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> round(LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1).amplitude, 9)
        1631.153971923
        """
        log_c = 0.5 * math.log(2 / math.pi) + math.log(self.delta) - math.log(self.sigma)
        coefficient = getattr(self.precision, "log_coefficient", math.nan)
        log_p = math.log(2) + coefficient + math.lgamma(self.beta) - self.beta * log_c
        if math.isnan(log_p):
            return math.nan
        return math.exp(log_p) if log_p < 709 else math.inf

    def artificial_exponent(self, k: ArrayLike, *, tau: float | None = None) -> Any:
        r"""Local exponent of the artificial tail: confidently wrong instances, \|B\| > delta at a large tau.

        Two laws of it, for large k and B ~ Normal(0, V):

        * at a fixed precision tau, exactly a power, as in [LID]:
          :math:`\gamma = \sigma^2 / (\tau V)`;
        * marginal, over the law of tau: that of the precision that most failures have after k attempts,
          where :math:`\sigma^2 \ln k / (\tau V) - \ln P(> \tau)` is least. For the gamma law

          .. math:: \gamma(k) = \sigma / \sqrt{V \ln k}, \quad S(k) \sim e^{-2 \sigma \sqrt{\ln k / V}}

          which falls as k grows: the tail is slower than every power.

        Parameters
        ----------
        k : array_like, real, >= 0
        tau : float, > 0, optional
            A fixed precision; None is the marginal law.

        Returns
        -------
        float or ndarray of k's shape
            inf for V = 0, and for k <= 1 by the marginal law, which has no meaning there.

        Raises
        ------
        ValueError
            Where bias is given: the laws are of normal biases.

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> law = LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1)
        >>> law.artificial_exponent([1e4, 1e8]).round(3)  # marginal
        array([1.042, 0.737])
        >>> law.exponent([1e4, 1e8]).round(3)  # exact: the intrinsic tail still counts at 1e4
        array([2.264, 0.8  ])
        >>> round(law.artificial_exponent(1e8, tau=2.0), 12)
        5.0
        """
        if self.bias is not None:
            raise ValueError("bias is given: the artificial tail has these laws for normal biases only")
        k = _check.array("k", k, _check.NON_NEGATIVE)
        if tau is not None:
            tau = _check.scalar("tau", tau, _check.POSITIVE)
        out = np.full(k.shape, np.inf)
        if self._V > 0:
            log_ratio = 2 * math.log(self.sigma) - math.log(self._V)
            some = k > (1 if tau is None else -1)
            with np.errstate(over="ignore"):
                if tau is not None:
                    out[some] = np.exp(log_ratio - math.log(tau))
                else:
                    cost = np.exp(np.clip(log_ratio, -690, 690) + np.log(np.log(k[some])))
                    out[some] = np.exp(log_ratio - self.precision.balance(cost))
        return out if k.ndim else out.item()

    def asymptotic_exponent(self, k: ArrayLike, *, tau: float | None = None) -> Any:
        r"""Exponent of the slower of the two tails, :math:`\min(\beta, \gamma)`, beside the exact `exponent`.

        Beta is the exponent of the intrinsic tail, of hard instances, and gamma that of the
        artificial one in either form of `artificial_exponent`.

        Parameters
        ----------
        k : array_like, real, >= 0
        tau : float, > 0, optional
            A fixed precision for gamma; None is the marginal law.

        Returns
        -------
        float or ndarray of k's shape

        Examples
        --------
        >>> from lidfast.difficulty import LID
        >>> law = LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1)
        >>> law.asymptotic_exponent([3.0, 1e8]).round(3)
        array([2.5  , 0.737])
        >>> law.asymptotic_exponent(1e8, tau=2.0)
        2.5
        """
        least = np.minimum(self.artificial_exponent(k, tau=tau), self.precision.tail_exponent)
        return least if least.ndim else least.item()

    def crossover_k(self) -> float:
        """Return the attempts at which the intrinsic law ends: S(k; V) = 2 S(k; 0).

        Returns
        -------
        float
            inf for V = 0 and where the crossover is beyond 1e15; 1e-6 where it is below that.

        Examples
        --------
        >>> import math
        >>> from lidfast.difficulty import LID
        >>> round(math.log(LID(V=0.1, beta=2.5, sigma=1.0, delta=0.1).crossover_k()), 1)
        10.3
        """
        if self.V == 0:
            return math.inf
        clean = LID(0.0, self.beta, self.sigma, self.delta, prior=self.prior)

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
        tau = self.precision.sample(size, rng)
        if self.bias is None:
            off = math.sqrt(self._V) * rng.standard_normal(size)
        else:
            bias = np.array(self.bias)
            off = bias[np.asarray(rng.random(size) * bias.size).astype(np.int64)]
        s = -np.expm1(_log_fail(off, tau, self.sigma, self.delta))
        return s.item() if size is None else s

    @property
    def _V(self) -> float:
        return cast(float, self.V)  # not None after the checks

    def _law(
        self, k: FloatArray, *, sharpness: float = 1.0, depth: float | None = None
    ) -> Iterable[tuple[float, tuple[FloatArray, FloatArray, FloatArray]]]:
        """Parts of the law of s: the share of each, and its nodes."""
        r = min(max(self.delta / self.sigma, 1e-140), 1e140)
        if self.bias is not None:
            bias = np.minimum(np.array(self.bias) / self.sigma, 1e140)
            return _nodes_of_biases(bias, self.precision, r, k, sharpness=sharpness, depth=depth)
        v = min(math.sqrt(self._V) / self.sigma, 1e140) ** 2
        return [(1.0, _nodes(v, self.precision, r, k, sharpness=sharpness, depth=depth))]

    def _curve(self, k: FloatArray) -> tuple[FloatArray, FloatArray]:
        parts = [(share, *_log_curve(log_w, log_q, k)) for share, (log_w, log_q, _) in self._law(k)]
        if len(parts) == 1:
            return parts[0][1:]
        weight, log_s, exponent = (np.array(y) for y in zip(*parts, strict=True))
        weight = weight[:, None]
        total: FloatArray = special.logsumexp(log_s, axis=0, b=weight)
        near = total > -0.01
        total[near] = np.log1p((weight * np.expm1(log_s[:, near])).sum(axis=0))
        return total, (weight * np.exp(log_s - total) * exponent).sum(axis=0)

    def _log_failure(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[0]

    def _exponent(self, k: FloatArray) -> FloatArray:
        return self._curve(k)[1]

    def _log_likelihood(self, c: FloatArray, f: FloatArray) -> FloatArray:
        # s^c (1-s)^f is a peak of width (c f / n)^-1/2 in ln s / (1-s): 1e-8 up to c f / n = 300, then
        # fewer digits, as the panels cannot follow it.
        width = np.sqrt(np.max(c * f / np.maximum(c + f, 1)))
        attempts = np.array([max(1.0, float((c + f).max()))])
        total = np.full(c.size, -np.inf)
        sharpness = min(max(1.0, width / 4), 8.0)
        for share, (log_w, log_q, s) in self._law(attempts, sharpness=sharpness, depth=250.0):
            log_s = np.log(np.maximum(s, np.finfo(float).tiny))
            with np.errstate(over="ignore"):  # no failure: e^-inf
                terms = (log_w + ci * log_s + fi * log_q for ci, fi in zip(c, f, strict=True))
                part = np.array([special.logsumexp(term) for term in terms])
            total = np.logaddexp(total, math.log(share) + part)
        return total
