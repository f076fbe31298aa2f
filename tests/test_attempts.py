"""Success probabilities of instances of the LID model, against 60-digit arithmetic."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lidfast import _passk

pytestmark = pytest.mark.kernel


def exact(x, h):
    """s and ln(1 - s) from the normal law's tails."""
    with mp.workdps(60):
        x, h = mp.mpf(x), mp.mpf(h)

        def tail(t):
            return mp.erfc(t / mp.sqrt(2)) / 2

        # x^2 / 2 / ln 10 digits are lost of a difference of tails near 1/2
        with mp.workdps(60 + int(x * x / 4) if x < h + 40 else 60):
            s, outside = tail(x - h) - tail(x + h), tail(h - x) + tail(x + h)
            return s, mp.log1p(-s) if s < 0.5 else mp.log(outside)


def attempts(x, h):
    x, h = (np.ascontiguousarray(y, dtype=float) for y in np.broadcast_arrays(x, h))
    s, log_fail = np.empty(x.size), np.empty(x.size)
    _passk.attempts(x, h, s, log_fail)
    return s, log_fail


@settings(deadline=None)
@given(
    st.floats(0, 36),
    st.one_of(st.floats(0, 36), st.floats(-9, 0).map(lambda e: 10**e), st.floats(0.15, 0.25)),
)
def test_attempts_are_exact(x, h):
    s, log_fail = (y[0] for y in attempts([x], [h]))
    exact_s, exact_log = exact(x, h)
    # e^(-x^2/2) has the rounding of its exponent
    bound = 2e-15 + 2.3e-16 * (x * x / 2 + abs(x - h) ** 2 / 2)
    if exact_s > 1e-290:
        assert abs(s - exact_s) <= bound * exact_s
    if exact_log < -1e-290:
        assert abs(log_fail - exact_log) <= bound * -exact_log


def test_attempts_at_the_ends():
    s, log_fail = attempts([0, 50, 1e200, 0, 0, 1e3], [0, 1e-3, 1e200, 50, 1e200, 2e3])
    assert s == pytest.approx([0, 0, 0.5, 1, 1, 1], rel=1e-15)
    assert log_fail[:2].tolist() == [0, 0]
    assert log_fail[2] == pytest.approx(np.log(0.5), rel=1e-15)
    # ln(2 Q(50)) and ln Q(1000), by Q's asymptotic series
    assert log_fail[3] == pytest.approx(float(mp.log(mp.erfc(50 / mp.sqrt(2)))), rel=1e-14)
    assert log_fail[4] == -np.inf
    assert log_fail[5] == pytest.approx(float(mp.log(mp.erfc(1000 / mp.sqrt(2)) / 2)), rel=1e-14)


def test_attempts_do_not_depend_on_their_neighbors():
    rng = np.random.default_rng(0)
    x, h = rng.exponential(2, 5000), 10 ** rng.uniform(-3, 1, 5000)
    s, log_fail = attempts(x, h)
    alone = np.array([attempts([a], [b]) for a, b in zip(x, h, strict=True)])[:, :, 0]
    assert np.array_equal(alone, np.stack([s, log_fail], axis=1))
