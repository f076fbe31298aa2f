"""Where the tables of quantile functions start: each law's far tails.

`src/random/build.c` carries a table from v = 2^-65 to the middle. It needs, on either side, the
quantile x0 there and q0 = v / f, with f the density of ln x (gamma), of logit x (beta) or of x (Student's t).
Zipf's law it inverts by itself: its table is of a continuous variate, of which the rank is the integer part.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ._random import Table

V0 = 2.0**-65  # probability beyond the end of a table: what word 0 stands for
TOLERANCE = 5e-10  # of v, at the centers of cells; the promise is 1e-9

_GAMMA, _BETA, _STUDENT, _ZIPF = range(4)
_NONE, _RECIPROCAL, _POWER, _EXPM1 = range(4)

Side = tuple[float, ...]


def _stirling(x: float) -> float:
    """Return ln Gamma(x) less (x - 1/2) ln x - x + ln(2 pi)/2, for x >= 10."""
    z = 1 / (x * x)
    return (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / x


def _log_gamma_density(a: float, x: float) -> float:
    """Compute ln of x f(x), the density of ln x."""
    if a < 10:
        return a * math.log(x) - x - math.lgamma(a)
    d = (x - a) / a  # without cancellation of numbers as large as a ln a
    return 0.5 * math.log(a / (2 * math.pi)) - a * (d - math.log1p(d)) - _stirling(a)


def _gamma_side(a: float, sign: float, transform: int = _NONE, c: float = 1.0, scale: float = 1.0) -> Side:
    """One tail of a gamma variate, the lower (sign 1) or the upper one (-1)."""
    if sign > 0:
        # F(x) = x^a / Gamma(a + 1) near 0, where the inverse function may underflow
        x = math.exp((math.log(V0) + math.lgamma(a + 1)) / a) if a < 1 else float(special.gammaincinv(a, V0))
        cdf = special.gammainc
    else:
        x = float(special.gammainccinv(a, V0))
        cdf = special.gammaincc
    for _ in range(2):
        q = V0 / math.exp(_log_gamma_density(a, x))
        if not math.isfinite(q) or x < 1e-290:
            break
        x *= 1 - sign * (float(cdf(a, x)) / V0 - 1) * q
    q = V0 / math.exp(_log_gamma_density(a, x))
    return (_GAMMA, transform, a, 0.0, c, sign, x, q, 0.0, scale)


def _log_beta_density(a: float, b: float, x: float) -> float:
    """Compute ln of x (1-x) f(x), the density of logit x."""
    if min(a, b) < 10:
        return a * math.log(x) + b * math.log1p(-x) - float(special.betaln(a, b))
    n = a + b
    p, q = a / n, b / n
    deviance = a * math.log1p((x - p) / p) + b * math.log1p((p - x) / q)
    return deviance + 0.5 * math.log(n * p * q / (2 * math.pi)) + _stirling(n) - _stirling(a) - _stirling(b)


def _beta_side(a: float, b: float, complement: bool) -> Side:
    """Return the lower tail of a beta variate or, of 1 less it (a, b exchanged), an upper tail."""
    if a < 1:
        x = math.exp((math.log(V0) + math.log(a) + float(special.betaln(a, b))) / a)
    else:
        x = float(special.betaincinv(a, b, V0))
    for _ in range(2):
        q = V0 / math.exp(_log_beta_density(a, b, x))
        x *= 1 - (float(special.betainc(a, b, x)) / V0 - 1) * q * (1 - x)
    q = V0 / math.exp(_log_beta_density(a, b, x))
    shift, scale = (1.0, -1.0) if complement else (0.0, 1.0)
    return (_BETA, _NONE, a, b, 1.0, 1.0, x, q, shift, scale)


def _student_sides(df: float) -> tuple[Side, Side]:
    """Both tails, the upper one the other's mirror image."""
    if df > 1e10:  # the normal, to 1e-9
        x, inverse = float(special.ndtri(V0)), 0.0
        log_density = -0.5 * x * x - 0.5 * math.log(2 * math.pi)
    else:
        x, inverse = float(special.stdtrit(df, V0)), 1 / df
        for _ in range(3):
            z = 0.5 * df
            if z > 20:  # ln Gamma(z + 1/2) - ln Gamma(z) - ln(z) / 2
                w = 1 / (z * z)
                ratio = (-1 / 8 + w * (1 / 192 - w * (1 / 640 - w * 17 / 14336))) / z
            else:
                ratio = math.lgamma(z + 0.5) - math.lgamma(z) - 0.5 * math.log(z)
            log_density = ratio - 0.5 * math.log(2 * math.pi) - (z + 0.5) * math.log1p(x * x / df)
            tail = 0.5 * float(special.betainc(z, 0.5, df / (df + x * x)))
            x -= (tail / V0 - 1) * V0 / math.exp(log_density)
    q = V0 / math.exp(log_density)
    side = (_STUDENT, _NONE, inverse, 0.0, 1.0, 1.0, x, q)
    return (*side, 0.0, 1.0), (*side, 0.0, -1.0)


def _zipf_side(a: float, n: float, sign: float) -> Side:
    """One side of Zipf's law on 1, ..., n; the kernel itself finds where it starts."""
    # above 100 a second rank is as impossible as at 100: below 2^-65
    return (_ZIPF, _NONE, min(a, 100.0), n, 1.0, sign, 0.0, 0.0, 0.0, 1.0)


def _sides(law: str, parameters: tuple[float, ...]) -> tuple[Side, Side] | None:
    """Both sides of a law's table, or None where its parameters are outside what a table can do."""
    if law == "normal":
        return _student_sides(math.inf)
    a = parameters[0] if parameters else 1.0
    if law == "exponential":
        return _gamma_side(1.0, 1), _gamma_side(1.0, -1)
    if law == "pareto" and a >= 0.12:
        return _gamma_side(1.0, 1, _EXPM1, 1 / a), _gamma_side(1.0, -1, _EXPM1, 1 / a)
    if law == "weibull" and 0.1 <= a <= 1e3:
        return _gamma_side(1.0, 1, _POWER, 1 / a), _gamma_side(1.0, -1, _POWER, 1 / a)
    if law == "gamma" and 0.09 <= a <= 1e8:
        return _gamma_side(a, 1), _gamma_side(a, -1)
    if law == "chisquare" and 0.18 <= a <= 2e8:
        return _gamma_side(0.5 * a, 1, scale=2.0), _gamma_side(0.5 * a, -1, scale=2.0)
    if law == "inverse_gamma" and 0.12 <= a <= 1e8:
        return _gamma_side(a, -1, _RECIPROCAL), _gamma_side(a, 1, _RECIPROCAL)
    if law == "student_t" and a >= 0.12:
        return _student_sides(a)
    if law == "beta":
        b = parameters[1]
        if min(a, b) >= 0.09 and max(a, b) <= 1e8:
            return _beta_side(a, b, False), _beta_side(b, a, True)
    if law == "zipf" and a >= 0:
        return _zipf_side(a, parameters[1], 1.0), _zipf_side(a, parameters[1], -1.0)
    return None


def table(law: str, parameters: tuple[float, ...] = ()) -> Table | None:
    """Build the table of a law, or return None where it would miss the tolerance."""
    try:
        with np.errstate(all="ignore"):
            sides = _sides(law, parameters)
    except (OverflowError, ZeroDivisionError, ValueError):
        return None
    if sides is None:
        return None
    built = Table(*sides)
    return built if built.error <= TOLERANCE else None
