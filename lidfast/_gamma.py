"""Differences of ln Gamma and of its derivatives, formed without cancellation.

Each is split in the terms of a recurrence that carries its arguments above 10, and the differences
of Stirling's series there, written so that no two large numbers are subtracted. Arguments broadcast.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _passk
from ._check import FloatArray

Real = Any  # float or float64 array; a float takes the fast way through Python's arithmetic

_FROM = 10.0  # Stirling's series is used from here on: its first term left out is below 4e-17

# ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + sum_j _STIRLING[j] / x^(2j + 1)
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
# of its derivatives, without sign: psi(x) = ln x - 1/(2x) - sum_j _DIGAMMA[j] / x^(2j + 2), ...
_DIGAMMA = tuple((2 * j + 1) * term for j, term in enumerate(_STIRLING))
_TRIGAMMA = tuple((2 * j + 2) * term for j, term in enumerate(_DIGAMMA))


def _steps(*x: Real) -> int:
    """Return how many steps of the recurrence carry every x to _FROM."""
    return max(0, math.ceil(_FROM - min(float(np.min(y)) for y in x)))


def _up(x: Real, steps: int) -> Real:
    """Return x, x + 1, ... along a new last axis."""
    return np.asarray(x)[..., None] + np.arange(steps)


def _polynomial(coefficients: tuple[float, ...], z: Real) -> Real:
    total = coefficients[-1] * z + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total = total * z + coefficient
    return total


def _inverse_square(x: Real) -> Real:
    inverse = 1 / x  # which underflows silently, where x * x would overflow
    return inverse * inverse


def _series(x: Real) -> Real:
    return _polynomial(_STIRLING, _inverse_square(x)) / x


def _series_from_cube(x: Real) -> Real:
    z = _inverse_square(x)
    return _polynomial(_STIRLING[1:], z) * (z / x)


def _log_cross(x: Real, p: Real, q: Real) -> Real:
    """Compute ln of x (x+p+q) / ((x+p) (x+q)), which is 1 - p q / ((x+p) (x+q))."""
    product = p / (x + p) * (q / (x + q))
    with np.errstate(divide="ignore"):  # the branch not taken
        return np.where(
            product < 0.5, np.log1p(-product), np.log(x / (x + p)) + np.log((x + p + q) / (x + q))
        )


def log_gamma_cross(x: Real, p: Real, q: Real) -> FloatArray:
    """Compute ln Gamma(x) - ln Gamma(x+p) - ln Gamma(x+q) + ln Gamma(x+p+q), x > 0 and p, q >= 0.

    It is -ln S(k) of Beta(a, b) at (b, a, k), and ln C(n, c) at (1, c, n - c).
    """
    x, p, q = (np.asarray(y, dtype=np.float64) for y in (x, p, q))
    steps = _steps(x)
    total: FloatArray = -_log_cross(_up(x, steps), p[..., None], q[..., None]).sum(axis=-1)
    x = x + steps
    xp, xq, xpq = x + p, x + q, x + p + q
    total = total + (x - 0.5) * _log_cross(x, p, q) + p * np.log1p(q / xp) + q * np.log1p(p / xq)
    # 1/x - 1/(x+p) - 1/(x+q) + 1/(x+p+q)
    total += _STIRLING[0] * (p / xp) * (q / xq) * (1 / x + 1 / xpq)
    cubes = [_series_from_cube(y) for y in (x, xp, xq, xpq)]
    total += (cubes[0] - cubes[1]) - (cubes[2] - cubes[3])
    return total


def log_rising(x: Real, k: Real, scale: Real) -> FloatArray:
    """Compute ln Gamma(x+k) - ln Gamma(x) - k (ln(scale) - 1), for x > 0 and k >= 0.

    With scale the largest of the x + k in a sum whose k cancel, the sum is good to a rounding of the
    largest k, also where the x are far above the k.
    """
    steps = _steps(x)
    total: FloatArray = np.log(_up(x, steps) / _up(x + k, steps)).sum(axis=-1)
    x = x + steps
    y = x + k
    total += k * np.log(y / scale) + (x - 0.5) * np.log1p(k / x) + (_series(y) - _series(x))
    return total


def stirling_rest(x: float) -> float:
    """Compute ln Gamma(x) - (x - 1/2) ln x + x - ln(2 pi) / 2, for x > 0."""
    steps = _steps(x)
    # what (x + 1/2) ln x - x gains in a step of the recurrence
    total = sum((y + 0.5) * math.log1p(1 / y) - 1 for y in (x + j for j in range(steps)))
    return total + float(_series(x + steps))


def log_beta_ratio(a: float, b: float, c: FloatArray, f: FloatArray) -> FloatArray:
    """Compute ln B(a+c, b+f) - ln B(a, b), a, b > 0 and c, f >= 0, to a rounding of c + f."""
    s, n = a + b, c + f
    return log_rising(a, c, s + n) + log_rising(b, f, s + n) - log_rising(s, n, s + n)


def digamma_difference(x: Real, k: Real) -> FloatArray:
    """Compute psi(x+k) - psi(x), for x > 0 and k >= 0."""
    steps = _steps(x)
    total: FloatArray = k * (1 / _up(x, steps) / _up(x + k, steps)).sum(axis=-1)
    x = x + steps
    y = x + k
    total = total + np.log1p(k / x) + 0.5 * k / x / y
    zx, zy = _inverse_square(x), _inverse_square(y)
    total += _polynomial(_DIGAMMA, zx) * zx - _polynomial(_DIGAMMA, zy) * zy
    return total


def trigamma_difference(x: Real, k: Real) -> FloatArray:
    """Compute psi'(x+k) - psi'(x), for x > 0 and k >= 0."""
    steps = _steps(x)
    u, v = 1 / _up(x, steps), 1 / _up(x + k, steps)
    total: FloatArray = -k * (u * v * (u + v)).sum(axis=-1)
    x = x + steps
    y = x + k
    total = total - k / x / y * (1 + 0.5 * (1 / x + 1 / y))
    zx, zy = _inverse_square(x), _inverse_square(y)
    total += _polynomial(_TRIGAMMA, zy) * (zy / y) - _polynomial(_TRIGAMMA, zx) * (zx / x)
    return total


class RisingSums:
    """Sums over counts k, with weights w, of ln Gamma(x+k) - ln Gamma(x) and its derivatives in x.

    Tallies (k, w), whole k >= 0, each with an x of its own, are summed in one pass. The first _SHARED
    factors of the rising products are common to all k; what is above them is a difference of
    Stirling's series.
    """

    _SHARED = 16

    def __init__(self, *tallies: tuple[FloatArray, FloatArray]) -> None:
        self._low = np.empty((len(tallies), self._SHARED))
        rest, weights = [], []
        for i, (k, w) in enumerate(tallies):
            # the weight of the factor x + j is that of all k above j
            heaps = np.bincount(np.minimum(k, self._SHARED).astype(np.int64), w, self._SHARED + 1)
            self._low[i] = heaps[:0:-1].cumsum()[::-1]
            above = k > self._SHARED
            rest.append(k[above] - self._SHARED)
            weights.append(w[above])
        self._rest, self._weights = np.concatenate(rest), np.concatenate(weights)
        self._start = np.cumsum([0, *(k.size for k in rest)])
        self._top = max((float(k.max()) for k, _ in tallies if k.size), default=1.0)
        self._part = np.empty((_passk.STRIPES, 3, len(tallies)))

    def __call__(self, x: FloatArray, signs: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the signed sum, and the first and second derivative of each; x and signs (tallies,).

        Under the signs the k must cancel, sum_i sign_i sum w k = 0: then k ln(scale) - k, with scale the
        largest x + k, is left out of each term, and no large number has to cancel.
        """
        sums = np.empty((3, x.size))
        scale = float(x.max()) + self._top
        _passk.rising(self._start, self._rest, self._weights, self._low, x, scale, self._part, sums)
        return float((signs * sums[0]).sum()), sums[1], sums[2]
