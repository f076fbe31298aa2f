"""The exact laws of lidfast.random, and tests of draws against them; `bench/quality.py` runs them at length.

A law is the pair of its tails, P(X <= x) and P(X > x), each with a small relative error. Draws are
counted in cells between edges. The edges lie near equal steps of probability, and what a cell
should hold comes from the tails at the edges themselves, so no quantile needs to be exact.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import integrate, special, stats

TINY, HUGE = 1e-300, 1e300  # beyond these a variate may underflow or overflow: one cell each
CELLS = 10_000  # of chi-square, at most
FINE = (
    8  # as many times more, 80,000, for the statistics of Kolmogorov and Smirnov and of Anderson and Darling
)
CHUNK = 1 << 20  # draws of a call
TAIL = 1e-6
EXPECTED = 20.0  # least expected number in a cell of chi-square, and in a tail

Tails = Callable[[Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Law:
    """A method with parameters, and the distribution it should have."""

    method: str
    parameters: tuple[float, ...]
    tails: Tails  # x -> P(X <= x), P(X > x)
    low: float = -HUGE  # edges stay in [low, high]
    high: float = HUGE
    integer: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"{p:g}" for p in self.parameters] + [f"{k}={v:g}" for k, v in self.keywords.items()]
        return f"{self.method}({', '.join(given)})"

    def quantiles(self, p: np.ndarray) -> np.ndarray:
        """Quantiles by bisection: of doubles in the order of their bits, which takes all magnitudes alike.

        A negative p counts from the upper end: it is minus the probability beyond.
        """

        def double(order: np.ndarray) -> np.ndarray:
            magnitude = np.where(order < 0, -order, order).view(np.float64)
            return np.where(order < 0, -magnitude, magnitude)

        def order(x: float) -> int:
            bits = int(np.float64(abs(x)).view(np.int64))
            return -bits if x < 0 else bits

        below, above = np.full(p.shape, order(self.low)), np.full(p.shape, order(self.high))
        for _ in range(32):  # to 1e-6 or better: edges need no more
            between = (below >> 1) + (above >> 1) + (below & above & 1)
            x = double(between)
            cdf, sf = self.tails(x)
            too_low = np.where(p > 0, cdf < p, sf > -p)
            below, above = np.where(too_low, between, below), np.where(too_low, above, between)
        return double(above)

    def edges(self, p: np.ndarray) -> np.ndarray:
        """Points near the quantiles of p, negative p as in `quantiles`; increasing, the middle between."""
        tail = np.geomspace(1e-12, 0.5, 60)
        x = np.concatenate([self.quantiles(tail), self.quantiles(-tail[-2::-1])])
        place = special.logit(tail)
        place = np.concatenate([place, -place[-2::-1]])
        bend, unbend = (np.log, np.exp) if self.low > 0 else (np.arcsinh, np.sinh)
        at = np.where(p > 0, special.logit(np.abs(p)), -special.logit(np.abs(p)))
        edges = np.clip(unbend(np.interp(at, place, bend(x))), self.low, self.high)
        return np.floor(edges) if self.integer else edges

    def draw(self, rng: Any, size: int, arrays: bool) -> np.ndarray:
        """Draws with the parameters as numbers, or each as an array of one value a variate."""
        if arrays:
            given = [np.full(size, p) for p in self.parameters]
            named = {name: np.full(size, value) for name, value in self.keywords.items()}
            return getattr(rng, self.method)(*given, **named)
        return getattr(rng, self.method)(*self.parameters, size=size, **self.keywords)


# ---------------------------------------------------------------- the laws


def _normal(method: str = "standard_normal", loc: float = 0.0, scale: float = 1.0) -> Law:
    parameters = () if method == "standard_normal" else (loc, scale)
    return Law(
        method, parameters, lambda x: (special.ndtr((x - loc) / scale), special.ndtr((loc - x) / scale))
    )


def _uniform(method: str = "random", low: float = 0.0, high: float = 1.0) -> Law:
    parameters = () if method == "random" else (low, high)
    width = high - low
    return Law(
        method,
        parameters,
        lambda x: (np.clip((x - low) / width, 0, 1), np.clip((high - x) / width, 0, 1)),
        low,
        high,
    )


def _gamma(method: str, parameters: tuple[float, ...], shape: float, scale: float = 1.0) -> Law:
    return Law(
        method,
        parameters,
        lambda x: (special.gammainc(shape, x / scale), special.gammaincc(shape, x / scale)),
        TINY,
    )


def _inverse_gamma(shape: float, scale: float = 1.0) -> Law:
    return Law(
        "inverse_gamma",
        (shape, scale),
        lambda x: (special.gammaincc(shape, scale / x), special.gammainc(shape, scale / x)),
        TINY,
    )


def _student(df: float) -> Law:
    def beyond(x: np.ndarray) -> np.ndarray:
        square = np.square(np.abs(x))
        # the smaller of the two arguments keeps its digits
        far = special.betainc(df / 2, 0.5, df / (df + square))
        near = 1 - special.betainc(0.5, df / 2, square / (df + square))
        return 0.5 * np.where(square > df, far, near)

    def tails(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        away = beyond(x)
        return np.where(x < 0, away, 1 - away), np.where(x < 0, 1 - away, away)

    return Law("standard_t", (df,), tails, -1e150, 1e150)  # whose squares are finite


def _beta(a: float, b: float) -> Law:
    def sf(x: np.ndarray) -> np.ndarray:  # 1 - x is exact from 1/2 on
        return np.where(x < 0.5, 1 - special.betainc(a, b, x), special.betainc(b, a, 1 - x))

    # Near 1 doubles are 1e-16 apart: variates closer to it than 1e-10 are one cell.
    return Law("beta", (a, b), lambda x: (special.betainc(a, b, x), sf(x)), TINY, 1 - 1e-10)


def _from_exponential(method: str, parameters: tuple[float, ...], hazard: Callable[[Any], Any]) -> Law:
    """The law of P(X > x) = e^-hazard(x)."""
    return Law(method, parameters, lambda x: (-np.expm1(-hazard(x)), np.exp(-hazard(x))), TINY)


def _lognormal(mean: float, sigma: float) -> Law:
    def z(x: np.ndarray) -> np.ndarray:
        return (np.log(x) - mean) / sigma

    return Law("lognormal", (mean, sigma), lambda x: (special.ndtr(z(x)), special.ndtr(-z(x))), TINY)


def _geometric(p: float) -> Law:
    rate = -math.log1p(-p)
    return Law(
        "geometric",
        (p,),
        lambda k: (-np.expm1(-rate * np.floor(k)), np.exp(-rate * np.floor(k))),
        0.5,
        2.0**63,
        True,
    )


def _binomial(n: int, p: float) -> Law:
    def at(k: np.ndarray) -> np.ndarray:
        return np.clip(np.floor(k), 0, n - 1)

    def cdf(k: np.ndarray) -> np.ndarray:
        return np.where(k < 0, 0, np.where(k >= n, 1, special.betainc(n - at(k), at(k) + 1, 1 - p)))

    def sf(k: np.ndarray) -> np.ndarray:
        return np.where(k < 0, 1, np.where(k >= n, 0, special.betainc(at(k) + 1, n - at(k), p)))

    return Law("binomial", (n, p), lambda k: (cdf(k), sf(k)), -1, n, True)


def _poisson(lam: float) -> Law:
    def cdf(k: np.ndarray) -> np.ndarray:
        return np.where(k < 0, 0, special.gammaincc(np.maximum(np.floor(k), 0) + 1, lam))

    def sf(k: np.ndarray) -> np.ndarray:
        return np.where(k < 0, 1, special.gammainc(np.maximum(np.floor(k), 0) + 1, lam))

    return Law("poisson", (lam,), lambda k: (cdf(k), sf(k)), -1, 2.0**63, True)


_DIRECT = 64  # terms of a power sum that are added one by one


def power_sum(a: float, m: np.ndarray, n: float) -> np.ndarray:
    """Sum of k^-a for m < k <= n, m and n integers: Euler and Maclaurin's formula from 64 on."""
    direct = np.arange(1, _DIRECT + 1, dtype=np.float64) ** -a
    from_here = np.concatenate([np.cumsum(direct[::-1])[::-1], [0.0]])  # k = m+1 .. 64
    m = np.asarray(m, np.float64)
    if n <= _DIRECT:
        few = np.concatenate([np.cumsum(direct[: int(n)][::-1])[::-1], [0.0]])
        return few[np.clip(m, 0, n).astype(int)]
    start = np.clip(m, _DIRECT, n)
    ratio = np.log(n / start)
    smooth = start ** (1 - a) * (special.exprel((1 - a) * ratio) * ratio)  # the integral of x^-a

    def corrections(x: Any) -> Any:
        third, fifth = a * (a + 1) * (a + 2), a * (a + 1) * (a + 2) * (a + 3) * (a + 4)
        return (
            x**-a / 2 - a * x ** (-a - 1) / 12 + third * x ** (-a - 3) / 720 - fifth * x ** (-a - 5) / 30240
        )

    rest = smooth + corrections(n) - corrections(start)
    return rest + from_here[np.clip(m, 0, _DIRECT).astype(int)]


def _zipf(a: float, n: int | None = None) -> Law:
    largest = 2.0**63 if n is None else float(n)  # without n: conditioned on what int64 holds
    total = float(power_sum(a, np.array(0.0), largest))

    def sf(k: np.ndarray) -> np.ndarray:
        return power_sum(a, np.clip(np.floor(k), 0, largest), largest) / total

    def cdf(k: np.ndarray) -> np.ndarray:
        first = np.minimum(np.floor(np.maximum(k, 0)), _DIRECT)
        few = np.where(k < 1, 0, power_sum(a, np.array(0.0), _DIRECT) - power_sum(a, first, _DIRECT))
        return np.where(k <= _DIRECT, np.minimum(few / total, 1), 1 - sf(k))

    keywords = {} if n is None else {"n": n}
    return Law("zipf", (a,), lambda k: (cdf(k), sf(k)), 0.5, largest, True, keywords)


# ---------------------------------------------------------------- stable laws

_STEPS = np.linspace(-3.5, 3.5, 321)[1:-1]  # of the double exponential rule: 1e-7 in the farthest tails
_EXPONENT = np.pi * np.sinh(_STEPS)
_LEFT, _RIGHT = special.expit(_EXPONENT), special.expit(-_EXPONENT)  # distances from the ends of (0, 1)
_WEIGHT = np.pi * np.cosh(_STEPS) * _LEFT * _RIGHT * (_STEPS[1] - _STEPS[0])


def _log_kernel(alpha: float, beta: float, theta0: float, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Ln V of Nolan (1997, 3.2), at the distances left and right from the ends -theta0 and pi/2."""
    if alpha == 1:
        angle = np.pi / 2 + beta * (np.pi / 2 - right)
        if beta == 1:
            angle = left
        tangent = np.cos(right) / np.sin(right)
        tangent = np.where(left < right, -np.cos(left) / np.sin(left), tangent)
        return np.log(2 / np.pi * angle / np.sin(np.minimum(left, right))) + angle * tangent / beta
    c = 1 / (alpha - 1)
    cosine = np.where(left < right, np.cos(left - theta0), np.sin(right))
    sine, third = np.sin(alpha * left), np.cos(theta0 + (alpha - 1) * left)
    if abs(abs(beta) - 1) < 1e-15:
        # A totally skewed law: at one end two factors are zero, which rounding must not move.
        if alpha < 1 and beta > 0:
            third = np.sin((1 - alpha) * left)
            cosine = np.where(left < right, np.sin(left), np.sin(right))
        elif alpha > 1 and beta < 0:
            sine = np.where(left < right, sine, np.sin(alpha * right))
            third = np.sin((alpha - 1) * right)
    scale = c * np.log(np.cos(alpha * theta0))
    return scale + alpha * c * np.log(cosine / sine) + np.log(third / cosine)


def _stable_integrals(alpha: float, beta: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integrals over theta / pi of e^-g and of 1 - e^-g, x > 0 (alpha = 1: any x, beta > 0).

    J. P. Nolan, Stochastic Models 13 (1997), 759, theorem 1, written for scipy's S1: the law is a
    mean of e^-g, g = x^(alpha/(alpha-1)) V(theta), which is monotone in theta. It is cut where g = 1,
    and both parts go by the double exponential rule, which is dense at all the ends.
    """
    if alpha == 1:
        theta0, shift = np.pi / 2, -np.pi * x / (2 * beta)
    else:
        theta0 = math.atan(beta * math.tan(np.pi * alpha / 2)) / alpha
        if alpha < 1 and beta == 1:
            theta0 = np.pi / 2
        shift = alpha / (alpha - 1) * np.log(x)
    width = theta0 + np.pi / 2
    shift = shift[:, None]
    below, above = np.full(shift.shape, -600.0), np.full(shift.shape, 600.0)  # logit of the place of g = 1
    falls = alpha < 1
    for _ in range(60):
        z = (below + above) / 2
        g = shift + _log_kernel(alpha, beta, theta0, width * special.expit(z), width * special.expit(-z))
        later = (g > 0) == falls
        below, above = np.where(later, z, below), np.where(later, above, z)
    cut, rest = width * special.expit(z), width * special.expit(-z)
    inside = outside = 0.0
    for left, right, length in (
        (cut * _LEFT, rest + cut * _RIGHT, cut),
        (cut + rest * _LEFT, rest * _RIGHT, rest),
    ):
        log_g = shift + _log_kernel(alpha, beta, theta0, left, right)
        g = np.exp(np.minimum(log_g, 700.0))
        inside = inside + (np.exp(-g) * _WEIGHT * length).sum(1) / np.pi
        outside = outside + (-np.expm1(-g) * _WEIGHT * length).sum(1) / np.pi
    return inside, outside


def stable_tails(alpha: float, beta: float, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """P(X <= x) and P(X > x) of the stable law in scipy's parametrization S1."""
    x = np.asarray(x, np.float64)
    flat = x.ravel()
    if flat.size > 2000:  # the nodes of as many integrals as the cache holds
        parts = [stable_tails(alpha, beta, flat[i : i + 2000]) for i in range(0, flat.size, 2000)]
        lower, upper = (np.concatenate(side).reshape(x.shape) for side in zip(*parts, strict=True))
        return lower, upper
    if alpha == 2:
        return special.ndtr(x / math.sqrt(2)), special.ndtr(-x / math.sqrt(2))
    if alpha == 1 and beta == 0:
        away = np.arctan2(1, np.abs(x)) / np.pi
        return np.where(x < 0, away, 1 - away), np.where(x < 0, 1 - away, away)
    cdf, sf = np.empty(flat.shape), np.empty(flat.shape)
    if alpha == 1:
        lower, upper = _stable_integrals(1.0, abs(beta), flat if beta > 0 else -flat)
        cdf, sf = (lower, upper) if beta > 0 else (upper, lower)
        return cdf.reshape(x.shape), sf.reshape(x.shape)
    theta0 = math.atan(beta * math.tan(np.pi * alpha / 2)) / alpha
    not_above = 0.5 - theta0 / np.pi  # P(X <= 0)
    if alpha < 1 and abs(beta) == 1:
        not_above = 0.0 if beta > 0 else 1.0
    for sign in (1, -1):
        at = (flat > 0) if sign > 0 else (flat < 0)
        on_side = 1 - not_above if sign > 0 else not_above
        if not at.any():
            continue
        if on_side == 0:
            near, far = np.zeros(at.sum()), np.zeros(at.sum())
        else:
            inside, outside = _stable_integrals(alpha, sign * beta, np.abs(flat[at]))
            near, far = (inside, outside) if alpha < 1 else (on_side - inside, inside)
        this, other = (sf, cdf) if sign > 0 else (cdf, sf)
        this[at] = far
        other[at] = (1 - on_side) + near
    cdf[flat == 0], sf[flat == 0] = not_above, 1 - not_above
    return cdf.reshape(x.shape), sf.reshape(x.shape)


def _stable(alpha: float, beta: float) -> Law:
    low = TINY if alpha < 1 and beta == 1 else -HUGE
    high = -TINY if alpha < 1 and beta == -1 else HUGE
    return Law(
        "levy_stable",
        (alpha, beta),
        lambda x: stable_tails(alpha, beta, x),
        low,
        high,
    )


LAWS: list[Law] = [
    _uniform(),
    _uniform("uniform", -1.0, 3.0),
    _normal(),
    _normal("normal", 1.0, 2.0),
    _from_exponential("standard_exponential", (), lambda x: x),
    _from_exponential("exponential", (2.0,), lambda x: x / 2),
    *(_gamma("standard_gamma", (shape,), shape) for shape in (1e-3, 0.05, 0.3, 1.0, 1.25, 1e6)),
    _gamma("gamma", (0.7, 3.0), 0.7, 3.0),
    _inverse_gamma(0.3),
    _inverse_gamma(2.5, 2.0),
    _gamma("chisquare", (2.5,), 1.25, 2.0),
    *(_student(df) for df in (0.5, 1.0, 3.0, 100.0)),
    _beta(1e-2, 1e-2),
    _beta(0.3, 2.0),
    _beta(2.0, 5.0),
    _from_exponential("pareto", (0.3,), lambda x: 0.3 * np.log1p(x)),
    _from_exponential("pareto", (2.5,), lambda x: 2.5 * np.log1p(x)),
    _from_exponential("weibull", (0.5,), np.sqrt),
    _lognormal(0.5, 1.5),
    *(_stable(alpha, beta) for alpha in (0.5, 1.0, 1.5, 2.0) for beta in (-1.0, 0.0, 1.0)),
    _geometric(1e-3),
    _geometric(0.3),
    *(_binomial(200, p) for p in (0.01, 0.3, 0.5, 0.99)),
    _binomial(10**9, 0.3),
    *(_poisson(lam) for lam in (0.5, 5.0, 30.0, 1e6)),
    _zipf(1.01),
    _zipf(1.5),
    _zipf(5.0),
    _zipf(1.0001, 10**6),
    _zipf(0.5, 10**6),
    _zipf(1.0, 10**6),
    _zipf(0.9, 10**12),
    _zipf(2.0, 10),
]


# ---------------------------------------------------------------- the tests


def anderson_darling_sf(z: float) -> float:
    """P(A^2 > z) for many draws: Anderson and Darling, Ann. Math. Stat. 23 (1952), 193, equation 4.35."""
    if z > 30:
        return 2 * math.exp(-z)  # the largest of the weighted squares alone has this order
    total = 0.0
    for j in range(20):
        c = (4 * j + 1) ** 2 * math.pi**2 / (8 * z)
        if c > 700:
            break
        area = integrate.quad(
            lambda w, c=c: math.exp(z / (8 * (w * w + 1)) - c * w * w), 0, 40 / math.sqrt(c), limit=200
        )[0]
        total += float(special.binom(-0.5, j)) * (4 * j + 1) * math.exp(-c) * area
    return min(max(1 - math.sqrt(2 * math.pi) / z * total, 0.0), 1.0)


@dataclass(frozen=True)
class Result:
    """One test of one way of drawing a law."""

    law: str
    arrays: bool
    test: str
    draws: int
    statistic: float
    p: float


class Grid:
    """The edges for a number of draws, and the tails there."""

    def __init__(self, law: Law, draws: int) -> None:
        self.law = law
        cells = int(min(CELLS, max(draws / 100, 20)))
        fine = cells * (FINE if cells == CELLS else 2)
        u = np.arange(1, fine // 2 + 1) / fine
        far = np.geomspace(1e-10, u[0], 60)[:-1]  # for Anderson and Darling, and the counts of tails
        u = np.concatenate([far, u])
        p = np.concatenate([u, -u[-2::-1]])
        self.edges, where = np.unique(law.edges(p), return_index=True)
        self.cdf, self.sf = law.tails(self.edges)
        # Cells of chi-square end at every so many steps; of integers at each, or at some of many.
        steps = np.abs(p[where]) * cells
        self.coarse = np.abs(steps - np.round(steps)) < 1e-6
        if law.integer:
            self.coarse = np.zeros(self.edges.size, bool)
            self.coarse[np.linspace(0, self.edges.size - 1, min(cells, self.edges.size)).astype(int)] = True
        self.tail = max(TAIL, EXPECTED / draws)


class Count:
    """Numbers of draws between the edges of a grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.below = np.zeros(grid.edges.size, np.int64)  # or equal to the edge
        self.draws = 0
        self.bad = 0

    def add(self, x: np.ndarray) -> None:
        x = np.sort(x)
        self.below += np.searchsorted(x, self.grid.edges, side="right")
        self.draws += x.size
        self.bad += int(np.isnan(x).sum())
        if self.grid.law.integer:
            self.bad += int(((x < self.grid.law.low) | (x > self.grid.law.high)).sum())

    def results(self, arrays: bool) -> list[Result]:
        """Chi-square, both tails, and for continuous laws Kolmogorov-Smirnov and Anderson-Darling."""
        grid, n, found = self.grid, self.draws, []

        def report(test: str, statistic: float, p: float) -> None:
            found.append(Result(str(grid.law), arrays, test, n, float(statistic), float(p)))

        observed, expected = self._cells()
        if observed.size > 1:
            chi2 = ((observed - expected) ** 2 / expected).sum()
            report(f"chi-square, {observed.size} cells", chi2, stats.chi2.sf(chi2, observed.size - 1))
        if not grid.law.integer:
            # the error of the distribution function, from the end where it has more digits
            gap = np.where(grid.cdf < 0.5, self.below / n - grid.cdf, grid.sf - (n - self.below) / n)
            report("Kolmogorov-Smirnov", abs(gap).max(), stats.kstwo.sf(abs(gap).max(), n))
            u, sf, gap = (v[(grid.cdf > 0) & (grid.sf > 0)] for v in (grid.cdf, grid.sf, gap))
            if u[0] < 1e-6 and sf[-1] < 1e-6:  # else an end is one cell, and the integral not all there
                width = np.gradient(u)  # half of either neighboring cell
                squared = n * (width * gap**2 / (u * sf)).sum()
                report("Anderson-Darling", squared, anderson_darling_sf(squared))
        for name, tail, count in (("lower", grid.cdf, self.below), ("upper", grid.sf, n - self.below)):
            there = np.flatnonzero((tail <= grid.tail * 1.0001) & (tail * n >= 1))
            if there.size:
                i = there[np.argmax(tail[there])]
                p = stats.binomtest(int(count[i]), n, float(tail[i])).pvalue
                report(f"{name} tail, {tail[i] * n:.1f} expected", count[i], p)
        report("outside of the support", self.bad, 0.0 if self.bad else 1.0)
        return found

    def _cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers observed and expected, by differences of the smaller tail; neighbors joined if few."""
        grid = self.grid
        below, cdf, sf = (v[grid.coarse] for v in (self.below, grid.cdf, grid.sf))
        observed = np.diff(np.concatenate([[0], below, [self.draws]]))
        low = np.diff(np.concatenate([[0.0], cdf, [1.0]]))
        high = -np.diff(np.concatenate([[1.0], sf, [0.0]]))
        expected = np.where(np.concatenate([cdf, [1.0]]) > 0.5, high, low) * self.draws
        group, held, index = np.empty(expected.size, np.int64), 0.0, 0
        for i, number in enumerate(expected):
            group[i] = index
            held += number
            if held >= EXPECTED:
                held, index = 0.0, index + 1
        if index:  # what is left over goes to the last
            group[group == index] = index - 1
        return np.bincount(group, observed), np.bincount(group, expected)


def examine(law: Law, seed: int, draws: int, make: Callable[[int], Any]) -> list[Result]:
    """Test both ways of drawing a law: make(seed) gives the generator."""
    grid, results = Grid(law, draws), []
    for arrays in (False, True) if law.parameters else (False,):
        own = zlib.crc32(f"{law} {arrays}".encode())  # other words for each
        rng, count = make((seed << 32) + own), Count(grid)
        while count.draws < draws:
            count.add(law.draw(rng, min(CHUNK, draws - count.draws), arrays))
        results += count.results(arrays)
    return results
