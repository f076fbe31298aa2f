"""Tables of quantile functions against mpmath; `bench/proof.py` goes through them at length.

10^8 draws cannot see an error of the distribution function below 1e-4. So a table is also held
to its promise word by word: with v the distance of a word's probability from the nearer end, the
tail beyond the variate, on that side, is within 1e-9 v of v.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

BOUND = 1e-9  # of v
CELL_BITS = 7  # a cell: v of one floating exponent and these first bits of its mantissa
DIGITS = 40
HALF = 1 << 63
# Places in a cell of width 2: its borders, just inside; its center; the other extrema of the
# Chebyshev polynomial of degree 4, where a cubic through its zeros is worst; and those zeros, where
# only the interpolated values' own errors are left.
PLACES = (-1.0, -0.92387953, -0.70710678, -0.38268343, 0.0, 0.38268343, 0.70710678, 0.92387953, 1.0)

INFINITE = float(2**63)  # zipf's n where none is given


@dataclass(frozen=True)
class Worst:
    """The largest error of one side of one table."""

    law: str
    parameters: tuple[float, ...]
    upper: bool
    points: int
    error: float  # of the tail, relative
    word: int

    def __str__(self) -> str:
        given = ", ".join(f"{p:g}" for p in self.parameters)
        return f"{self.law}({given}) {'upper' if self.upper else 'lower'}"


def folded(octaves: Iterable[int], cells: int, seed: int = 0) -> list[int]:
    """Folded words f, v = (f + 1/2) 2^-64, at the places of some cells of v in [2^e, 2^(e+1)), e an octave.

    The first and the last cell of an octave are always among them.
    """
    rng = np.random.default_rng(seed)
    found = set()
    for e in octaves:
        chosen = {0, (1 << CELL_BITS) - 1, *rng.integers(0, 1 << CELL_BITS, max(cells - 2, 0)).tolist()}
        for cell in chosen:
            for place in PLACES:
                # v 2^64 less a half, in integers where that has more bits than a double
                across = round((2 * cell + 1 + place) * 2**40)
                f = (1 << 64 + e) + ((across << 64 + e) >> CELL_BITS + 41) if e >= -64 else 0
                found.add(min(max(f - (place == 1.0), 0), HALF - 1))
    return sorted(found)


def tail(law: str, parameters: tuple[float, ...], x: float, upper: bool) -> Any:
    """P(X > x) if upper, else P(X <= x), in mpmath's precision and small ones as exact as large ones."""
    m = mpmath
    x = m.mpf(x)
    p = [m.mpf(value) for value in parameters]
    if law in ("standard_exponential", "exponential", "weibull", "pareto"):
        scale = p[0] if law == "exponential" else 1
        hazard = {
            "weibull": lambda: x ** p[0],
            "pareto": lambda: p[0] * m.log1p(x),
        }.get(law, lambda: x / scale)()
        return m.exp(-hazard) if upper else -m.expm1(-hazard)
    if law in ("standard_normal", "normal"):
        z = (x - p[0]) / p[1] if p else x
        return m.ncdf(-z) if upper else m.ncdf(z)
    if law in ("standard_gamma", "gamma", "chisquare"):
        shape, scale = (p[0] / 2, 2) if law == "chisquare" else (p[0], p[1] if len(p) > 1 else 1)
        return _gamma(shape, x / scale, upper)
    if law == "inverse_gamma":
        return _gamma(p[0], (p[1] if len(p) > 1 else 1) / x, not upper)
    if law == "standard_t":
        if (x > 0) != upper:
            return 1 - tail(law, parameters, float(x), not upper)
        if m.isinf(p[0]):
            return m.ncdf(-abs(x))
        return m.betainc(p[0] / 2, 0.5, 0, p[0] / (p[0] + x * x), regularized=True) / 2
    if law == "beta":
        if upper and x > 0.5:
            return m.betainc(p[1], p[0], 0, 1 - x, regularized=True)
        if upper:
            return 1 - m.betainc(p[0], p[1], 0, x, regularized=True)
        return m.betainc(p[0], p[1], 0, x, regularized=True)
    raise LookupError(law)


def _gamma(shape: Any, x: Any, upper: bool) -> Any:
    if upper:
        return mpmath.gammainc(shape, x, mpmath.inf, regularized=True)
    return mpmath.gammainc(shape, 0, x, regularized=True)


def continuous(
    quantile: Any, law: str, parameters: tuple[float, ...], octaves: Iterable[int], cells: int
) -> list[Worst]:
    """Worst errors of both sides of a table; quantile(law, parameters, words) gives the variates.

    A double may be too coarse for the bound (a beta variate near 1): v may be the tail of any
    number between x's neighbors.
    """
    f = folded(octaves, cells)
    results = []
    with mpmath.workdps(DIGITS):
        for upper in (False, True):
            words = np.array([2**64 - 1 - i if upper else i for i in f], np.uint64)
            variates = quantile(law, parameters, words)
            worst, where = 0.0, 0
            for i, x, word in zip(f, variates, words, strict=True):
                v = mpmath.ldexp(2 * i + 1, -65)
                error = abs(tail(law, parameters, x, upper) / v - 1)
                if error > BOUND / 10:
                    error = min(error, _apart(law, parameters, x, upper, v))
                if not error <= worst:
                    worst, where = float(error), int(word)
            results.append(Worst(law, parameters, upper, len(f), worst, where))
    return results


def _apart(law: str, parameters: tuple[float, ...], x: float, upper: bool, v: Any) -> Any:
    """How far v is, relative, from the tails at the doubles on either side of x."""
    largest = 1.0 if law == "beta" else np.inf
    ends = [tail(law, parameters, min(np.nextafter(x, to), largest), upper) for to in (-np.inf, np.inf)]
    return max(min(ends) - v, v - max(ends), mpmath.mpf(0)) / v


def jumps(quantile: Any, parameters: tuple[float, ...], ranks: Iterable[int]) -> Worst:
    """Worst error of zipf(a, n)'s table: at the words where the variate leaves each rank.

    The first word w with a variate above m stands for the probabilities from w 2^-64 on; half a
    word, what words can tell apart, is taken off the error.
    """
    a, n = parameters
    with mpmath.workdps(DIGITS):
        whole = power_sum(a, 0, n)
        above = {m: power_sum(a, m, n) / whole for m in ranks if m < n}
    above = {m: p for m, p in above.items() if p > 2.0**-60}  # words reach no further
    ranks = np.array(list(above), np.float64)
    low, high = np.zeros(ranks.size, np.uint64), np.full(ranks.size, 2**64 - 1, np.uint64)
    for _ in range(64):
        middle = low + (high - low) // 2
        beyond = quantile("zipf", parameters, middle) > ranks
        low, high = np.where(beyond, low, middle + 1), np.where(beyond, middle, high)
    worst, where = 0.0, 0
    with mpmath.workdps(DIGITS):
        for beyond, word in zip(above.values(), high, strict=True):
            below = 1 - beyond
            v = min(beyond, below)
            table = mpmath.ldexp(int(word), -64) if below < beyond else 1 - mpmath.ldexp(int(word), -64)
            error = max(abs(table - v) - mpmath.ldexp(1, -65), 0) / v
            if not error <= worst:
                worst, where = float(error), int(word)
    return Worst("zipf", parameters, True, ranks.size, worst, where)


def power_sum(a: float, m: int, n: float) -> Any:
    """Sum of k^-a for m < k <= n, by zeta functions of mpmath, or one by one."""
    a, last = mpmath.mpf(a), int(n)
    if last - m <= 20_000:
        return mpmath.fsum(mpmath.mpf(k) ** -a for k in range(m + 1, last + 1))
    if a == 1:
        return mpmath.digamma(last + 1) - mpmath.digamma(m + 1)
    return mpmath.zeta(a, m + 1) - mpmath.zeta(a, last + 1)
