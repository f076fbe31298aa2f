r"""Laws of the latent precision tau of an instance, in the variable u = ln tau.

Small tau is a hard instance. The tail exponent beta says how many there are, P(tau <= t) ~ t^(beta/2) up to
a factor; the laws differ in that factor and in everything else.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from . import _check
from ._check import FloatArray
from .random import Generator, Size

#: A name of a law, or samples of tau.
Prior = str | ArrayLike


class Precision(ABC):
    """Law of tau > 0."""

    @property
    @abstractmethod
    def tail_exponent(self) -> float:
        """Limit of 2 ln P(tau <= t) / ln t as t falls to 0."""

    @property
    @abstractmethod
    def inverse_mean(self) -> float:
        """E[1/tau], which may be infinite."""

    @abstractmethod
    def log_cdf(self, u: ArrayLike) -> FloatArray:
        """Ln P(ln tau <= u), to a few roundings of itself and of u far down the lower tail."""

    @abstractmethod
    def top(self, nats: float) -> float:
        """Return a u beyond which the probability is at most e^-nats, nats >= 0."""

    @property
    @abstractmethod
    def decay(self) -> float:
        """Limit of -ln P(tau > t) / t as t grows."""

    @abstractmethod
    def balance(self, cost: FloatArray) -> FloatArray:
        """Return u = ln tau where cost / tau - ln P(> tau) is least, for large costs: by its leading term."""

    @abstractmethod
    def sample(self, size: Size, rng: Generator) -> Any:
        """Draw tau: a float where size is None."""


class Smooth(Precision):
    """A law that has a density up to `edge`, without a bend on the way."""

    edge: float = math.inf
    """The largest u there is."""

    @property
    @abstractmethod
    def width(self) -> float:
        """Length in u at which the logarithm of the density is plain: panels need not be shorter."""

    @abstractmethod
    def log_density(self, u: ArrayLike) -> FloatArray:
        """Ln of the density of u = ln tau."""

    @property
    def log_coefficient(self) -> float:
        """Ln A where the density of u is A e^(beta u / 2) far down; NaN where the exponent is infinite."""
        return math.nan

    def floor(self, bend: float, nats: float, slope: float = 0.5) -> float:
        """Return a u below which density times e^(slope (u - bend)) is less than e^-nats of S.

        S is about the mass below the bend, or below the mode of the density. The logarithm of the product
        is concave in u; where it is nats + 4 under its top it falls by half a nat a unit at least.
        """
        high = min(bend, self.top(1e3))

        def height(u: float) -> float:
            return float(self.log_density(u)) + slope * (u - high)

        low, step = high, 1.0
        while height(low - step) > height(low):
            low, step = low - step, 2 * step
        top = optimize.minimize_scalar(lambda u: -height(u), bounds=(low - step, high), method="bounded").x
        least, step = height(top) - nats - 4, 1.0
        while height(top - step) > least:
            step *= 2
        return float(optimize.brentq(lambda u: height(u) - least, top - step, top, xtol=1e-3))


@dataclass(frozen=True)
class Gamma(Smooth):
    """Tau ~ Gamma(beta/2, rate 1)."""

    beta: float

    @property
    def tail_exponent(self) -> float:
        return self.beta

    @property
    def decay(self) -> float:
        return 1.0

    @property
    def inverse_mean(self) -> float:
        return 2 / (self.beta - 2) if self.beta > 2 else math.inf

    @property
    def width(self) -> float:
        return min(1.0, 30 / self.beta)

    @property
    def log_coefficient(self) -> float:
        return -math.lgamma(0.5 * self.beta)

    def log_density(self, u: ArrayLike) -> FloatArray:
        u, a = np.asarray(u, np.float64), 0.5 * self.beta
        with np.errstate(over="ignore"):
            return np.asarray(a * u - np.exp(u) - math.lgamma(a))

    def log_cdf(self, u: ArrayLike) -> FloatArray:
        u, a = np.asarray(u, np.float64), 0.5 * self.beta
        with np.errstate(over="ignore"):
            t = np.exp(u)
        above = special.gammaincc(a, t)
        # t^a e^-t / Gamma(a+1) times 1 + t/(a+1) + t^2/(a+1)(a+2) + ..., as the probability may underflow
        low = np.minimum(t, a + 1)
        below = a * u - t - math.lgamma(a + 1) + np.log(special.hyp1f1(1.0, a + 1, low))
        return np.asarray(np.where(above > 0.5, below, np.log1p(-np.minimum(above, 0.5))))

    def top(self, nats: float) -> float:
        a = 0.5 * self.beta
        return math.log(a + math.sqrt(2 * a * nats) + nats)

    def floor(self, bend: float, nats: float, slope: float = 0.5) -> float:
        # With A = beta / 2 + slope a distance d under min(bend, ln A) costs at least A (d - 1 + e^-d), and
        # x = nats / A, d = x + sqrt(2 x) makes that nats.
        a = 0.5 * self.beta + slope
        x = nats / a
        return min(bend, math.log(a)) - x - math.sqrt(2 * x)

    def balance(self, cost: FloatArray) -> FloatArray:
        return 0.5 * np.log(cost)  # the tail is e^-tau

    def sample(self, size: Size, rng: Generator) -> Any:
        return rng.standard_gamma(0.5 * self.beta, size)


@dataclass(frozen=True)
class Weibull(Smooth):
    """P(tau <= t) = 1 - exp(-t^(beta/2))."""

    beta: float

    @property
    def tail_exponent(self) -> float:
        return self.beta

    @property
    def decay(self) -> float:
        return (0.0, 1.0, math.inf)[1 + (self.beta > 2) - (self.beta < 2)]

    @property
    def inverse_mean(self) -> float:
        return math.gamma(1 - 2 / self.beta) if self.beta > 2 else math.inf

    @property
    def width(self) -> float:
        return min(1.0, 2 / self.beta)

    @property
    def log_coefficient(self) -> float:
        return math.log(0.5 * self.beta)

    def _hazard(self, u: ArrayLike) -> tuple[FloatArray, FloatArray]:
        log_hazard = 0.5 * self.beta * np.asarray(u, np.float64)
        with np.errstate(over="ignore"):
            return log_hazard, np.exp(log_hazard)

    def log_density(self, u: ArrayLike) -> FloatArray:
        log_hazard, hazard = self._hazard(u)
        return np.asarray(math.log(0.5 * self.beta) + log_hazard - hazard)

    def log_cdf(self, u: ArrayLike) -> FloatArray:
        log_hazard, hazard = self._hazard(u)
        small = hazard < 1e-8
        below = np.log(-np.expm1(-np.where(small, 1.0, np.minimum(hazard, 1.0))))
        above = np.log1p(-np.exp(-np.maximum(hazard, 0.5)))
        return np.where(small, log_hazard - 0.5 * hazard, np.where(hazard < 1, below, above))

    def top(self, nats: float) -> float:
        return 2 / self.beta * math.log(max(nats, 1e-300))

    def balance(self, cost: FloatArray) -> FloatArray:
        a = 0.5 * self.beta
        return (np.log(cost) - math.log(a)) / (a + 1)

    def sample(self, size: Size, rng: Generator) -> Any:
        return rng.weibull(0.5 * self.beta, size)


@dataclass(frozen=True)
class Pareto(Smooth):
    """P(tau <= t) = t^(beta/2) for t <= 1, so that 1/tau has a Pareto law."""

    beta: float
    edge = 0.0

    @property
    def tail_exponent(self) -> float:
        return self.beta

    @property
    def decay(self) -> float:
        return math.inf

    @property
    def inverse_mean(self) -> float:
        return self.beta / (self.beta - 2) if self.beta > 2 else math.inf

    @property
    def width(self) -> float:
        return min(1.0, 30 / self.beta)

    @property
    def log_coefficient(self) -> float:
        return math.log(0.5 * self.beta)

    def log_density(self, u: ArrayLike) -> FloatArray:
        u = np.asarray(u, np.float64)
        return np.where(u <= 0, math.log(0.5 * self.beta) + 0.5 * self.beta * u, -math.inf)

    def log_cdf(self, u: ArrayLike) -> FloatArray:
        return np.asarray(np.minimum(0.5 * self.beta * np.asarray(u, np.float64), 0.0))

    def top(self, nats: float) -> float:  # noqa: ARG002
        return 0.0

    def balance(self, cost: FloatArray) -> FloatArray:
        return np.zeros_like(cost)

    def sample(self, size: Size, rng: Generator) -> Any:
        tau = np.exp(rng.standard_exponential(size) * (-2 / self.beta))
        return tau.item() if size is None else tau


@dataclass(frozen=True)
class LogNormal(Smooth):
    """ln tau is normal, with the mean and the variance that it has where tau ~ Gamma(beta/2)."""

    beta: float

    @cached_property
    def mean(self) -> float:
        return float(special.psi(0.5 * self.beta))

    @cached_property
    def deviation(self) -> float:
        return math.sqrt(special.polygamma(1, 0.5 * self.beta))

    @property
    def tail_exponent(self) -> float:
        """Infinite: few instances are hard."""
        return math.inf

    @property
    def decay(self) -> float:
        return 0.0

    @property
    def inverse_mean(self) -> float:
        log_mean = 0.5 * self.deviation**2 - self.mean
        return math.exp(log_mean) if log_mean < 709 else math.inf

    @property
    def width(self) -> float:
        return min(1.0, 3 * self.deviation)

    def log_density(self, u: ArrayLike) -> FloatArray:
        z = (np.asarray(u, np.float64) - self.mean) / self.deviation
        return np.asarray(-0.5 * z * z - 0.5 * math.log(2 * math.pi) - math.log(self.deviation))

    def log_cdf(self, u: ArrayLike) -> FloatArray:
        return np.asarray(special.log_ndtr((np.asarray(u, np.float64) - self.mean) / self.deviation))

    def top(self, nats: float) -> float:
        return self.mean + self.deviation * math.sqrt(2 * nats)

    def balance(self, cost: FloatArray) -> FloatArray:
        # (u - mean) e^u = deviation^2 cost
        log_product = 2 * math.log(self.deviation) + np.log(cost) - self.mean
        return self.mean + np.asarray(special.wrightomega(log_product), np.float64)

    def sample(self, size: Size, rng: Generator) -> Any:
        return rng.lognormal(self.mean, self.deviation, size)


@dataclass(frozen=True)
class Sampled(Precision):
    """Each of the given tau with the same probability."""

    tau: tuple[float, ...]

    @cached_property
    def log_tau(self) -> FloatArray:
        """Ascending, shape (n,)."""
        u: FloatArray = np.log(np.sort(np.asarray(self.tau, np.float64)))
        u.flags.writeable = False
        return u

    @property
    def tail_exponent(self) -> float:
        """Infinite: there is a hardest instance."""
        return math.inf

    @property
    def decay(self) -> float:
        return math.inf

    @property
    def inverse_mean(self) -> float:
        with np.errstate(over="ignore"):
            return float(np.mean(np.exp(-self.log_tau)))

    def log_cdf(self, u: ArrayLike) -> FloatArray:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.searchsorted(self.log_tau, u, side="right") / self.log_tau.size))

    def top(self, nats: float) -> float:  # noqa: ARG002
        return float(self.log_tau[-1])

    def balance(self, cost: FloatArray) -> FloatArray:
        return np.full_like(cost, self.log_tau[-1])

    def sample(self, size: Size, rng: Generator) -> Any:
        at = np.floor(rng.random(size) * len(self.tau)).astype(np.int64)
        drawn = np.asarray(self.tau)[at]
        return drawn.item() if size is None else drawn


_LAWS: dict[str, type[Gamma | Weibull | Pareto | LogNormal]] = {
    "gamma": Gamma,
    "weibull": Weibull,
    "pareto": Pareto,
    "lognormal": LogNormal,
}


def checked_prior(prior: Prior) -> str | tuple[float, ...]:
    """Return a prior in a form that is hashed and compared by value."""
    if isinstance(prior, str):
        return _check.choice("prior", prior, tuple(_LAWS))
    if prior is None or callable(prior):
        raise TypeError(
            f"prior must be {', '.join(map(repr, _LAWS))} or samples of tau, not {type(prior).__name__}"
        )
    return tuple(_check.vector("prior", prior, _check.POSITIVE).tolist())


def precision(prior: Prior, beta: float) -> Sampled | Smooth:
    """Law of tau of the given name and tail exponent, or that of given samples, which know no beta."""
    prior = checked_prior(prior)
    if isinstance(prior, str):
        return _LAWS[prior](_check.scalar("beta", beta, _check.POSITIVE))
    return Sampled(prior)
