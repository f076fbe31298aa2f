"""The elementary functions of src/core/vecmath.h against mpmath, in units in the last place."""

import mpmath as mp
import numpy as np
import pytest

from lidfast import _random

pytestmark = pytest.mark.kernel

BOUND = 2.0  # what the header promises
SMALLEST = -1074  # exponent of the smallest subnormal
COUNT = 400
INF, NAN = np.inf, np.nan


def evaluate(function, x):
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty_like(x)
    _random.vecmath(function, x, out)
    return out


def between(low, high):
    return np.random.default_rng(1).uniform(low, high, COUNT)


def powers(low, high):
    """Numbers whose exponents are spread evenly."""
    return 2.0 ** np.random.default_rng(2).uniform(low, high, COUNT)


EXP_POINTS = [
    between(-746, 710),
    between(-745.2, -708),  # subnormal results
    between(709, 709.79),  # up to overflow
    powers(SMALLEST, 9),
    -powers(SMALLEST, 9),
    between(-1, 1),
]
LOG_POINTS = [
    powers(SMALLEST, 1023.9),
    between(0.70, 0.715),  # where the octave changes
    between(1.41, 1.42),
    1 + powers(-52, -1),
    1 - powers(-53, -1),
]
LOG1P_POINTS = [
    powers(SMALLEST, 1023.9),
    -powers(SMALLEST, 0),
    -1 + powers(-53, 0),
    between(-0.32, 0.45),
    powers(-54, -51),  # where 1 + x is rounded the most against its logarithm
    -powers(-54, -51),
]
QUARTERS = [x + sign * powers(-53, -3) for x in (0.25, 0.5, 0.75) for sign in (1, -1)]
TURN_POINTS = [between(0, 1), powers(SMALLEST, 0), 1 - powers(-53, -1), np.arange(9) / 8, *QUARTERS]
CASES = {
    "exp": (0, mp.exp, EXP_POINTS),
    "log": (1, mp.log, LOG_POINTS),
    "log1p": (2, lambda x: mp.log(1 + x), LOG1P_POINTS),
    "expm1": (3, lambda x: mp.exp(x) - 1, [*EXP_POINTS, between(0.69, 0.75), between(-0.75, -0.69)]),
    "sin 2 pi x": (4, lambda x: mp.sinpi(2 * x), TURN_POINTS),
    "cos 2 pi x": (5, lambda x: mp.cospi(2 * x), TURN_POINTS),
}


def error_in_ulps(y, exact):
    if exact >= mp.mpf(2) ** 1024 * (1 - mp.mpf(2) ** -54):  # rounds to infinity
        return 0.0 if y == INF else INF
    if not np.isfinite(y):
        return INF
    exponent = int(mp.frexp(exact)[1]) if exact else SMALLEST
    return float(abs(mp.mpf(y) - exact) / mp.ldexp(1, max(exponent - 53, SMALLEST)))


@pytest.mark.parametrize("name", CASES)
def test_error_is_within_the_bound(name):
    function, reference, points = CASES[name]
    x = np.concatenate(points)
    with mp.workprec(1200):  # 1 + x and e^x - 1 keep the smallest x
        errors = [
            error_in_ulps(float(y), reference(mp.mpf(float(v))))
            for v, y in zip(x, evaluate(function, x), strict=True)
        ]
    worst = int(np.argmax(errors))
    assert errors[worst] < BOUND, f"{name} at {float(x[worst]).hex()} is off by {errors[worst]} ulp"


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (0, [0.0, -0.0, INF, -INF, NAN, 709.8, -746.0, 1e308], [1, 1, INF, 0, NAN, INF, 0, INF]),
        (1, [0.0, -0.0, INF, -INF, NAN, -1.0, -5e-324, 1.0], [-INF, -INF, INF, NAN, NAN, NAN, NAN, 0]),
        (2, [0.0, -0.0, INF, -INF, NAN, -1.0, -1.5, 5e-324], [0, 0, INF, NAN, NAN, -INF, NAN, 5e-324]),
        (3, [0.0, -0.0, INF, -INF, NAN, 709.8, -746.0, 5e-324], [0, 0, INF, -1, NAN, INF, -1, 5e-324]),
        (4, [0.0, 0.25, 0.5, 0.75, 1.0], [0, 1, 0, -1, 0]),
        (5, [0.0, 0.25, 0.5, 0.75, 1.0], [1, 0, -1, 0, 1]),
    ],
)
def test_special_values(function, x, expected):
    np.testing.assert_array_equal(evaluate(function, x), np.array(expected, dtype=float))


@pytest.mark.parametrize("function", range(6))
def test_every_lane_gives_the_same_bits(function):
    x = np.random.default_rng(3).uniform(0, 1, 67)
    one_by_one = [evaluate(function, x[i : i + 1])[0] for i in range(x.size)]
    np.testing.assert_array_equal(evaluate(function, x), one_by_one)
