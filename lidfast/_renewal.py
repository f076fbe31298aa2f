"""Attempts that solved problems take: sums of S(j), renewal functions and what a pool comes to.

A problem is solved at its attempt T, P(T > j) = S(j). The generating function of S is Q(z) = sum_j S(j) z^j,
and that of T is 1 - (1 - z) Q(z).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ._check import FloatArray, IntArray

if TYPE_CHECKING:
    from .difficulty import Difficulty

ComplexArray = NDArray[np.complex128]

#: Renewal functions are formed exactly up to so many attempts.
EXACT = 2**20

_SUMMED = 2**12  # terms that are added one by one; beyond, the sum is an integral
_PANEL = 0.5  # width of its panels in ln j
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_STEHFEST = 6  # half the points of an inverse transform; more would lose to roundings what they gain
_BLOCK = 2**13  # points of the circle at a time: what is held stays in the cache
_DAMPED = 2.5  # decades by which coefficient t is damped on the circle
_ROOM = 6  # length of the circle over t: coefficient t + 6 t is folded onto t, 10^-15 of it


def failure_rates(law: Difficulty, count: int) -> FloatArray:
    """S(0), ..., S(count - 1); what is below 1e-40, as nothing beside S(0) = 1, may be left out."""
    rates = np.zeros(count)
    first, last = 0, min(count, _SUMMED)
    while first < count and (first == 0 or rates[first - 1] > 1e-40):
        rates[first:last] = law.failure_rate(np.arange(float(first), last))
        first, last = last, min(count, 4 * last)
    return rates


# ---------------------------------------------------------------- sums


def _panels(low: float, high: float, inner: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (panels, 16) of integrals over [low, high], Gauss-Legendre in ln x."""
    panels = max(1, math.ceil(math.log(high / low) / _PANEL))
    edges = np.linspace(math.log(low), math.log(high), panels + 1)
    if inner is not None:
        edges = np.union1d(edges, np.log(inner))
    half = np.diff(edges)[:, None] / 2
    x = np.exp(edges[:-1, None] + half * (1 + _POINTS))
    return x, half * _WEIGHTS * x


def _edge(x: float, value: float, exponent: float) -> float:
    """Sum of g(j) over j >= x less its integral, for smooth g ~ x^-exponent there (Euler and Maclaurin)."""
    if value == 0:
        return 0.0
    slope = value * exponent / x
    return value / 2 + slope / 12 - slope * (exponent + 1) * (exponent + 2) / x**2 / 720


def attempts(law: Difficulty, n: IntArray) -> FloatArray:
    """Mean attempts on a problem that is given up after n failures: sum of S(j), j < n, for n (K,)."""
    direct = np.concatenate([[0.0], np.cumsum(failure_rates(law, int(min(n.max(initial=0), _SUMMED))))])
    out: FloatArray = direct[np.minimum(n, direct.size - 1)]
    far = n > _SUMMED
    if far.any():
        ends = np.unique(n[far]).astype(float)
        x, w = _panels(_SUMMED, ends[-1], ends)
        upto = np.concatenate([[0.0], np.cumsum((w * law.failure_rate(x)).sum(axis=1))])
        # The last edge of each end's panels, which the rounding of logarithms may not hide.
        at = np.searchsorted(x[:, 0], ends)
        at_ends = np.array([float(_SUMMED), *ends])
        edges = [
            _edge(place, rate, exponent)
            for place, rate, exponent in zip(
                at_ends, law.failure_rate(at_ends), law.exponent(at_ends), strict=True
            )
        ]
        sums = upto[at] + edges[0] - np.array(edges[1:])
        out[far] += sums[np.searchsorted(ends, n[far])]
    return out


def mean_attempts(law: Difficulty) -> float:
    """E[T], the sum of all S(j); inf where the tail is too heavy or some problems are never solved."""
    if law.tail_exponent <= 1:
        return math.inf
    last = 2**53
    total = float(attempts(law, np.array([last]))[0])
    rest = float(law.failure_rate(last)) * last
    return total + (rest / (float(law.exponent(last)) - 1) if rest > 0 else 0.0)


# ---------------------------------------------------------------- infinite supply


def _product(x: FloatArray, y: FloatArray) -> FloatArray:
    size = x.size + y.size - 1
    length = fft.next_fast_len(size, real=True)
    out: FloatArray = fft.irfft(fft.rfft(x, length) * fft.rfft(y, length), length)[:size]
    return out


def _reciprocal(series: FloatArray) -> FloatArray:
    """Coefficients of 1 / sum_j series[j] z^j, as many, by Newton's iteration; series[0] is 1."""
    out = np.ones(1)
    while out.size < series.size:
        half = out.size
        size = min(2 * half, series.size)
        excess = _product(series[:size], out)[half:size]
        out = np.concatenate([out, -_product(excess, out)[: size - half]])
    return out


def renewals(law: Difficulty, last: int, r: int | None = None) -> FloatArray:
    """Form the expected number of problems solved within 0, 1, ..., last attempts, of an endless supply.

    A problem is given up after r failures, or never. With F the law of the attempts spent on a problem
    and G the part of it that ends in success, attempt t solves a problem with the probability that
    G / (1 - F) has at z^t.
    """
    spent = min(r or last, last)
    rates = failure_rates(law, spent + 1)
    first = np.zeros(last + 1)
    first[1 : spent + 1] = rates[:-1] - rates[1:]
    renewal = -first
    renewal[0] = 1
    if r is not None and r <= last:
        renewal[r] -= rates[r]
    starts = _reciprocal(renewal)  # probability that a new problem is begun after t attempts
    if r is None or r >= last:
        starts[0] = 0
        return np.cumsum(starts)
    return np.cumsum(_product(first[: r + 1], starts)[: last + 1])


def transform(law: Difficulty, rate: FloatArray) -> FloatArray:
    """Q(z) at z = e^-rate, for rates far below 1 / 4096."""
    low = float(_SUMMED)
    x, w = _panels(low, 60 / rate.min())
    w = w * law.failure_rate(x)
    near = failure_rates(law, _SUMMED)
    value, exponent = float(law.failure_rate(low)), float(law.exponent(low))
    out = np.empty(rate.size)
    for i, speed in enumerate(rate):
        sums = near @ np.exp(-speed * np.arange(_SUMMED)) + (w * np.exp(-speed * x)).sum()
        out[i] = sums + _edge(low, value * math.exp(-speed * low), exponent + speed * low)
    return out


def renewals_far(law: Difficulty, t: IntArray) -> FloatArray:
    """Solve-to-completion beyond EXACT attempts, by the inverse Laplace transform of Gaver and Stehfest.

    1 / ((1-z)^2 Q(z)) at real z = e^-lambda is enough: the renewal function of a mixture of geometric
    laws is smooth in ln t, as its increments are the moments of a measure on [0, 1].
    """
    i = np.arange(1, 2 * _STEHFEST + 1)
    weights = np.array([_stehfest(int(j)) for j in i])
    time = t[:, None] + 0.5  # where the step function has its mean
    rate = i * math.log(2) / time
    q = transform(law, rate.ravel()).reshape(rate.shape)
    return np.asarray(math.log(2) / time[:, 0] * ((1 / (rate * -np.expm1(-rate) * q)) @ weights) - 1)


def _stehfest(i: int) -> float:
    half, total = _STEHFEST, 0
    for j in range((i + 1) // 2, min(i, half) + 1):
        ways = math.comb(2 * j, j) * math.comb(j, i - j) * math.comb(half, j)
        total += ways * j ** (half + 1)
    return float((-1) ** (i + half) * total) / math.factorial(half)


def endless(law: Difficulty, t: int, problems: int) -> bool:
    """Whether so many problems are hardly ever all solved within t attempts: with probability below 1e-12.

    P(T_1 + ... + T_M <= t) <= e^(rate t) E[e^(-rate T)]^M for every rate (Chernoff).
    """
    if problems > t:
        return True
    rate = np.geomspace(0.1, 1e4, 60) / t
    rate = rate[rate < 0.1 / _SUMMED] if t > _SUMMED else rate
    left = -np.expm1(-rate) * transform(law, rate)
    return bool((rate * t + problems * np.log1p(-np.minimum(left, 1))).min() < math.log(1e-12))


def resets_far(law: Difficulty, t: IntArray, r: int) -> FloatArray:
    """Coverage with resets after r failures, for t far above r: the line that it tends to.

    With H(z) = G(z) / Q_r(z) the coefficients of H(z) / (1-z)^2 tend to (t + 1) H(1) - H'(1).
    """
    j = np.arange(float(r))
    rates = failure_rates(law, r + 1)
    q, q_slope = rates[:-1].sum(), (j * rates[:-1]).sum()
    solved = law.pass_at_k(r)
    slope = (q - r * rates[-1]) / q - solved * q_slope / q**2
    line: FloatArray = (t + 1) * (solved / q) - slope
    return line


# ---------------------------------------------------------------- a pool


@dataclass(frozen=True)
class Pool:
    """M problems, taken up in turn for r attempts at a time, until t attempts are spent in all."""

    law: Difficulty
    problems: int
    r: int
    t: int

    @cached_property
    def rates(self) -> FloatArray:
        """S(0), ..., S(t)."""
        return failure_rates(self.law, self.t + 1)

    @cached_property
    def passes(self) -> int:
        """Passes after which what is left adds less than 1e-15 to the coverage.

        Whatever pass m + 1 and later ones solve is at most their attempts, below t, times the rate of success
        of pass m, times the probability that attempts and problems are left. The last is bounded by
        E[x^(A - t); U > 0], A attempts and U problems left after pass m, for any x < 1 (Chernoff).
        """
        ends = np.minimum(np.arange(self.r, self.t + self.r, self.r), self.t)
        solved = -np.diff(self.rates)
        log_left = np.zeros(ends.size)
        for log_x in -math.log(10) / self.t * np.geomspace(0.1, 300, 40):
            powers = np.exp(log_x * np.arange(1, self.t + 1))
            going_on = self.rates[ends] * powers[ends - 1]
            finished = np.cumsum(solved * powers)[ends - 1] + going_on
            with np.errstate(divide="ignore", invalid="ignore"):
                # X^M - (X - S x^n)^M is at most M S x^n X^(M-1)
                joint = np.log(np.minimum(self.problems * going_on, finished))
                joint += (self.problems - 1) * np.log(finished) - self.t * log_x
            log_left = np.fmin(log_left, joint)
        hazard = 1 - self.rates[ends] / self.rates[ends - self.r if self.r < self.t else 0]
        done = np.flatnonzero(np.exp(log_left) * hazard * self.t < 1e-15)
        return int(done[0]) + 1 if done.size else ends.size

    @property
    def seconds(self) -> float:
        """About how long `exact` takes."""
        points = _ROOM * self.t / 2
        if self.r >= self.t:
            return 1e-6 * points
        each = 1e-8 * min(self.passes * self.r, self.t)
        return points * (each + 2e-9 * self.passes * (2 + self.problems.bit_length()))

    def exact(self) -> FloatArray:
        """Form the expected coverage within 0, ..., t attempts.

        The attempts made before a given problem's pass m are a sum of independent terms: those of earlier
        problems through pass m, those of later ones through pass m - 1. Summed over the problems this
        gives the probability that attempt t succeeds as the coefficient at z^t of

            sum_m P_m(z) / Q_m(z) (X_{m-1}^M - X_m^M) / (1 - z)

        with X_m the generating function of min(T, m r), P_m and Q_m the parts of those of T and of S that
        pass m has. Q_m has no zero inside the unit circle, as S falls. The coefficients come from a
        circle just inside.
        """
        length = fft.next_fast_len(math.ceil(_ROOM * (self.t + 1)), real=True)
        radius = 10.0 ** (-_DAMPED / (self.t + 1))
        z = radius * np.exp(-2j * np.pi / length * np.arange(length // 2 + 1))
        if self.r >= self.t:  # one pass
            damped = self.rates * radius ** np.arange(self.t + 1.0)
            tried = fft.rfft(damped[:-1], length)
            finished = 1 - (1 - z) * tried
            solved = finished - fft.rfft(np.append(np.zeros(self.t), damped[-1]), length)
            values = solved / tried * (1 - _power(finished, self.problems)) / (1 - z)
        else:
            blocks = (z[first : first + _BLOCK] for first in range(0, z.size, _BLOCK))
            values = np.concatenate([self._at(block) for block in blocks])
        solves = fft.irfft(values, length)[: self.t + 1] * radius ** -np.arange(self.t + 1.0)
        return np.cumsum(solves)

    def _at(self, z: ComplexArray) -> ComplexArray:
        total = np.zeros_like(z)
        power, finished, before = np.ones_like(z), np.ones_like(z), np.ones_like(z)
        n = 0
        for _ in range(self.passes):
            if self.rates[n] == 0:
                break
            tried, solved = np.zeros_like(z), np.zeros_like(z)
            for _ in range(min(self.r, self.t - n)):
                tried += self.rates[n] * power
                power *= z
                n += 1
                solved += (self.rates[n - 1] - self.rates[n]) * power
            finished -= (1 - z) * tried
            after = _power(finished, self.problems)
            total += solved / tried * (before - after)
            before = after
        return total / (1 - z)


def _power(x: ComplexArray, n: int) -> ComplexArray:
    out = x.copy() if n % 2 else np.ones_like(x)
    while n := n // 2:
        x = x * x
        if n % 2:
            out = out * x
    return out


def pool_fluid(law: Difficulty, t: IntArray, r: int, problems: int) -> FloatArray:
    """Coverage of a large pool: what is spent and solved are their means, passes go on evenly."""
    low = np.zeros(t.size, dtype=np.int64)  # passes that are complete
    high = np.full(t.size, 2**53 // r)
    while (high - low > 1).any():
        middle = (low + high) // 2
        within = problems * attempts(law, middle * r) <= t
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    spent, solved = (
        problems * np.array([y(low * r), y((low + 1) * r)])
        for y in (lambda n: attempts(law, n), law.pass_at_k)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.minimum((t - spent[0]) / (spent[1] - spent[0]), 1)
    return np.asarray(solved[0] + np.nan_to_num(part) * (solved[1] - solved[0]))
