"""Difficulties and their fits, against mpmath, brute force and simulation."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from lidfast import _gamma, _laws, _lid_nodes
from lidfast._gamma import digamma_difference, log_beta_ratio, log_gamma_cross, trigamma_difference
from lidfast._lid_nodes import log_fail, success
from lidfast.difficulty import LID, Beta

logs = st.floats(math.log(1e-3), math.log(1e4)).map(math.exp)
attempts = st.one_of(st.floats(0, 30).map(math.exp), st.integers(1, 10**12), st.floats(1e-3, 1))


# ---------------------------------------------------------------- differences of ln Gamma


@settings(max_examples=150, deadline=None, derandomize=True)
@given(x=logs, p=logs, k=attempts)
def test_gamma_differences_against_mpmath(x, p, k):
    with mp.workdps(60):
        mx, mpp, mk = mp.mpf(x), mp.mpf(p), mp.mpf(k)
        cross = mp.loggamma(mx) - mp.loggamma(mx + mpp) - mp.loggamma(mx + mk) + mp.loggamma(mx + mpp + mk)
        first = mp.digamma(mx + mk) - mp.digamma(mx)
        second = mp.psi(1, mx + mk) - mp.psi(1, mx)
    assert float(log_gamma_cross(x, p, k)) == pytest.approx(float(cross), rel=4e-15)
    assert float(digamma_difference(x, k)) == pytest.approx(float(first), rel=4e-15)
    assert float(trigamma_difference(x, k)) == pytest.approx(float(second), rel=1e-13)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    a=st.floats(-12, 25).map(math.exp),
    b=st.floats(-12, 25).map(math.exp),
    n=st.floats(0, math.log(1e6)).map(math.exp).map(int),
    share=st.floats(0, 1),
)
def test_log_beta_ratio_against_mpmath(a, b, n, share):
    c = round(n * share)
    with mp.workdps(60):
        ma, mb = mp.mpf(a), mp.mpf(b)
        parts = mp.loggamma(ma + c) - mp.loggamma(ma), mp.loggamma(mb + n - c) - mp.loggamma(mb)
        expected = float(sum(parts) - mp.loggamma(ma + mb + n) + mp.loggamma(ma + mb))
    value = log_beta_ratio(a, b, np.array([float(c)]), np.array([float(n - c)]))[0]
    assert value == pytest.approx(expected, rel=1e-14, abs=1e-14 + 4e-16 * n)


def test_stirling_coefficients_are_exact():
    for j, coefficient in enumerate(_gamma._STIRLING, start=1):
        numerator, denominator = mp.bernfrac(2 * j)
        assert coefficient == pytest.approx(numerator / (denominator * 2 * j * (2 * j - 1)), rel=1e-15)


# ---------------------------------------------------------------- Beta


@settings(max_examples=150, deadline=None, derandomize=True)
@given(a=logs, b=logs, k=attempts)
def test_beta_against_mpmath(a, b, k):
    with mp.workdps(60):
        ma, mb, mk = mp.mpf(a), mp.mpf(b), mp.mpf(k)
        log_s = mp.loggamma(mb + mk) - mp.loggamma(mb) - mp.loggamma(ma + mb + mk) + mp.loggamma(ma + mb)
        s, passed = mp.exp(log_s), -mp.expm1(log_s)
        exponent = mk * (mp.digamma(ma + mb + mk) - mp.digamma(mb + mk))
    law = Beta(a, b)
    assert law.log_failure_rate(k) == pytest.approx(float(log_s), rel=4e-15)
    assert law.pass_at_k(k) == pytest.approx(float(passed), rel=1e-13)
    assert law.exponent(k) == pytest.approx(float(exponent), rel=1e-14)
    if s >= 1e-300:
        assert law.failure_rate(k) == pytest.approx(float(s), rel=1e-12)


def test_beta_reference_values_and_limits():
    law = Beta(0.3, 2)
    expected = [1, 0.8695652173913044, 0.5585081285877576, 0.1468076970220057]  # last: mpmath
    np.testing.assert_allclose(law.failure_rate([0, 1, 10, 1000]), expected, rtol=3e-15)
    assert law.failure_rate(1e12) * 1e12**0.3 == pytest.approx(1.1667119051981603, rel=1e-11)
    assert law.exponent([0, 1e12]).tolist() == pytest.approx([0, 0.3])
    assert law.tail_exponent == 0.3
    assert law.pass_at_k(0) == 0
    assert math.copysign(1, law.pass_at_k(0)) == 1
    assert isinstance(law.failure_rate(3), float)
    assert law.failure_rate(np.ones((2, 3))).shape == (2, 3)
    assert law.failure_rate([]).shape == (0,)
    assert Beta(1e4, 1).log_failure_rate(1e12) < -1e5


def test_beta_binomial_likelihood():
    n, c = np.array([10, 25, 25, 0, 3]), np.array([3, 0, 25, 0, 1])
    law = Beta(0.7, 3.1)
    expected = stats.betabinom(n, 0.7, 3.1).logpmf(c)
    assert law.loglik(n, c) == pytest.approx(expected.sum(), rel=1e-13)
    weights = [1, 2, 0, 5, 0.5]
    assert law.loglik(n, c, weights=weights) == pytest.approx(expected @ weights, rel=1e-13)
    total = sum(math.exp(law.loglik(12, j)) for j in range(13))
    assert total == pytest.approx(1, rel=1e-13)
    assert law.loglik([], []) == 0


def test_samples_follow_the_failure_rate():
    # Means of 20000 draws within 4.5 standard errors: false alarm 7e-6 for each of 8.
    for law in (Beta(0.3, 2), LID(0.1, 2.5, 1.0, 0.1)):
        s = law.sample(20_000, rng=3)
        assert s.shape == (20_000,)
        for k in (1, 10, 100, 1000):
            fails = (1 - s) ** k
            assert abs(fails.mean() - law.failure_rate(k)) < 4.5 * fails.std() / math.sqrt(s.size)
        assert law.sample((2, 3), rng=0).shape == (2, 3)
        assert isinstance(law.sample(rng=0), float)
        np.testing.assert_array_equal(law.sample(5, rng=7), law.sample(5, rng=7))


# ---------------------------------------------------------------- LID: one instance


@settings(max_examples=150, deadline=None, derandomize=True)
@given(x=st.floats(0, 37), log_h=st.floats(-40, 3))
def test_success_against_mpmath(x, log_h):
    h = math.exp(log_h)
    with mp.workdps(60):
        upper = [mp.erfc((mp.mpf(x) + sign * mp.mpf(h)) / mp.sqrt(2)) / 2 for sign in (-1, 1)]
        s = upper[0] - upper[1]
        below = mp.erfc((mp.mpf(h) - x) / mp.sqrt(2)) / 2  # the other tail, with all its digits
        log_q = mp.log1p(-s) if s < 0.5 else mp.log(below + upper[1])
    value, log_value = success(x, h)
    # x - h is exact to a rounding of x, which the tail amplifies by its slope
    slope = 1 + abs(x - h) * max(x, h)
    if s > 1e-300:
        assert float(value) == pytest.approx(float(s), rel=4e-16 * slope + 2e-15)
        assert float(log_value) == pytest.approx(float(log_q), rel=4e-16 * slope + 2e-15)


def test_log_fail_of_instances():
    bias, tau = np.array([0.0, -0.3, 0.3, 1.0]), np.array([[0.5], [2.0]])
    root = np.sqrt(tau) / 0.7
    s = special.ndtr((0.2 - bias) * root) - special.ndtr((-0.2 - bias) * root)
    np.testing.assert_allclose(log_fail(bias, tau, 0.7, 0.2), np.log1p(-s), rtol=1e-13)
    assert log_fail(1.0, 0.0, 1.0, 0.1) == 0
    assert log_fail(0.0, 1e6, 1.0, 10.0) < -1e7


# ---------------------------------------------------------------- LID: the integral


TABLE = {  # V: S(1), S(10), S(1e3), S(1e6); beta_eff at 1e2, 1e4, 1e6, 1e8 (theory.md, 1.2)
    0: (
        ("9.193321075473e-01", "4.620715003202e-01", "5.128729614651e-05", "1.63114683342e-12"),
        (2.255007, 2.499535, 2.499996, 2.500000),
    ),
    0.01: (
        ("9.200166281232e-01", "4.643158160088e-01", "5.128886351075e-05", "1.63114683347e-12"),
        (2.258045, 2.499536, 2.499996, 2.500000),
    ),
    0.1: (
        ("9.252127934927e-01", "4.847059341404e-01", "5.222378023130e-05", "2.680003904571e-10"),
        (2.298559, 2.264310, 0.957884, 0.800265),
    ),
    1.0: (
        ("9.475215231523e-01", "6.111289451993e-01", "1.596744079141e-02", "1.364802787444e-03"),
        (1.080008, 0.374365, 0.288207, 0.244094),
    ),
}


@pytest.mark.parametrize("V", TABLE)
def test_lid_table_of_the_theory(V):
    rates, exponents = TABLE[V]
    law = LID(V, 2.5, 1.0, 0.1)
    for k, printed in zip((1, 10, 1e3, 1e6), rates, strict=True):
        assert law.failure_rate(k) == pytest.approx(float(printed), rel=4e-12)
    np.testing.assert_allclose(law.exponent([1e2, 1e4, 1e6, 1e8]), exponents, atol=5.1e-7)


def plain_quadrature(v, beta, r, k):
    """S and its derivative by the trapezoidal rule, everything on one fine grid of u and z."""
    u = np.arange(-4 * math.log(k) / min(beta, 2) - 75 / (1 + beta), 6, 0.02)
    z = np.arange(0, 20, 0.01)
    weight = np.full(z.size, 0.01 * math.sqrt(2 / math.pi)) * np.exp(-0.5 * z * z)
    weight[0] /= 2
    total = slope = 0.0
    for ui in u:
        h, x = r * math.exp(0.5 * ui), math.sqrt(v) * z * math.exp(0.5 * ui)
        log_q = success(x, h)[1]
        terms = weight * np.exp(k * log_q)
        mass = 0.02 * math.exp(0.5 * beta * ui - math.exp(ui) - math.lgamma(0.5 * beta))
        total += mass * terms.sum()
        slope += mass * (terms @ log_q)
    below = special.gammainc(0.5 * beta, math.exp(u[0] - 0.01))
    return total + below, -k * slope / (total + below)


@pytest.mark.parametrize(
    ("v", "beta", "r", "k"),
    [
        (1e-3, 1.5, 0.1, 1e3),
        (0.01, 6.0, 1.0, 30.0),
        (0.3, 3.0, 0.01, 1e9),
        (2.0, 0.5, 0.1, 1e4),
        (0.05, 2.5, 0.03, 1e12),
        (0.2, 20.0, 5.0, 2.0),
    ],
)
def test_lid_against_a_plain_grid(v, beta, r, k):
    rate, exponent = plain_quadrature(v, beta, r, k)
    law = LID(v * 0.49, beta, 0.7, r * 0.7)
    assert law.failure_rate(k) == pytest.approx(rate, rel=1e-10)
    assert law.exponent(k) == pytest.approx(exponent, rel=1e-9, abs=1e-11)


PINNED = [
    (2.0, 6.0, 1.0, 1e3, 0.043224112793383864),
    (1.0, 1.5, 0.1, 1e6, 0.00049830721228980001),
    (0.1, 6.0, 0.1, 1e12, 4.7590859514702929e-13),
    (0.5, 0.5, 1.0, 1e9, 3.4615145034723208e-5),
    (1e-4, 0.5, 1e-3, 1e12, 3.4614162343392046e-5),
]


@pytest.mark.parametrize(("v", "beta", "r", "k", "rate"), PINNED)
def test_lid_against_mpmath(v, beta, r, k, rate):
    # 22 digits (34 where s < 1e-4, as a difference of erfc): composite Gauss-Legendre of 16 points in
    # u = ln tau up to 4.5, on panels of width 1/2 where the bias counts and 2 below, and of 10 points in z
    # on panels of width 0.1 to 0.5; the incomplete gamma function below the lowest u.
    assert LID(v, beta, 1.0, r).failure_rate(k) == pytest.approx(rate, rel=1e-11)


@pytest.mark.parametrize(
    ("beta", "r", "k"),
    [(0.05, 1e-6, 1e15), (0.5, 1e-3, 1e12), (2.5, 1.0, 10.0), (6.0, 10.0, 3.0), (50.0, 0.1, 1e4)],
)
def test_lid_without_bias_against_mpmath(beta, r, k):
    with mp.workdps(30):
        a, center = mp.mpf(beta) / 2, -2 * mp.log(k * r)

        def integrand(u):
            s = mp.erf(r * mp.exp(u / 2) / mp.sqrt(2))
            return mp.exp(a * u - mp.exp(u) - mp.loggamma(a) + k * mp.log1p(-s))

        low, high = min(center, 0) - 75 / (1 + beta), max(0, mp.log(a)) + 5
        points = mp.linspace(low, high, int(3 * (high - low)))
        expected = mp.quad(integrand, points, method="gauss-legendre", maxdegree=4)
        expected += mp.gammainc(a, 0, mp.exp(low), regularized=True)
        log_expected = float(mp.log(expected))
    assert LID(0, beta, 1.0, r).log_failure_rate(k) == pytest.approx(log_expected, abs=1e-11, rel=1e-13)


def test_lid_nodes_converged(monkeypatch):
    """Finer panels of a higher order, and wider reach, change little, over the region asked for."""
    rng = np.random.default_rng(5)
    nodes, leggauss = _laws._nodes, np.polynomial.legendre.leggauss(24)
    laws = [
        (
            math.exp(rng.uniform(-3, 2.3)),
            10 ** rng.uniform(-6, 1),
            10 ** rng.uniform(-4, 6),
            rng.uniform(1, 15),
        )
        for _ in range(6)
    ]
    laws.append((4.35, 0.059, 0.0111, 13.85))  # a deep artificial tail: S = 1e-45
    for beta, r, v, log_k in laws:
        k = np.geomspace(1, 10**log_k, 5)
        law = LID(v, beta, 1.0, r)
        usual, exponent = law.log_failure_rate(k), law.exponent(k)
        with monkeypatch.context() as patch:
            patch.setattr(_lid_nodes, "_POINTS", leggauss[0] / 2)
            patch.setattr(_lid_nodes, "_WEIGHTS", leggauss[1] / 2)
            patch.setattr(_lid_nodes, "_NEGLIGIBLE", 55.0)
            patch.setattr(_laws, "_nodes", lambda *law, **_: nodes(*law, sharpness=1.5))
            np.testing.assert_allclose(usual, law.log_failure_rate(k), atol=1e-10, rtol=1e-11)
            np.testing.assert_allclose(exponent, law.exponent(k), atol=1e-8)


@pytest.mark.parametrize(
    ("V", "beta"),
    [*itertools.product([0, 1e-300, 1, 1e300], [1e-3, 0.05, 2.5, 50, 300]), (1e-6, 0.05), (1e-6, 2.5)],
)
@pytest.mark.parametrize("delta", [1e-6, 10])
def test_lid_is_finite_everywhere(V, beta, delta):
    law = LID(V, beta, 1.0, delta)
    k = np.array([0, 1e-300, 1e-3, 1, 1e3, 1e15])
    log_s, exponent, passed = law.log_failure_rate(k), law.exponent(k), law.pass_at_k(k)
    assert np.isfinite(log_s).all()
    assert (np.diff(log_s) <= 1e-12 * (1 - log_s[1:])).all()
    assert np.isfinite(exponent).all()
    assert (exponent >= 0).all()
    assert ((passed >= 0) & (passed <= 1)).all()
    assert log_s[0] == 0


def test_lid_deep_tails():
    """Far below the smallest double: the power law, also where V > 0 is too small to matter."""
    k = np.array([1.0, 1e6, 1.3e6, 1e9, 1e15])
    for law in (LID(0, 50, 1.0, 0.1), LID(1e-300, 50, 1.0, 0.1)):
        expected = math.log(law.amplitude) - 50 * np.log(k)
        np.testing.assert_allclose(law.log_failure_rate(k)[-2:], expected[-2:], rtol=1e-8)
        one_by_one = [law.log_failure_rate(x) for x in k]
        np.testing.assert_allclose(law.log_failure_rate(k), one_by_one, rtol=1e-12)
        np.testing.assert_allclose(law.exponent(k), [law.exponent(x) for x in k], rtol=1e-10)
    clean, faint = (LID(V, 20, 1.0, 0.1).log_failure_rate(1e6) for V in (0, 1e-6))
    assert clean < -150
    assert faint == pytest.approx(clean, abs=1e-5)


def test_lid_few_nodes_give_up_digits_not_sense(monkeypatch):
    law, k = LID(0.1, 2.5, 1.0, 0.1), np.geomspace(1, 1e8, 9)
    usual = law.log_failure_rate(k)
    monkeypatch.setattr(_lid_nodes, "_MAX_PANELS", 1500)
    np.testing.assert_allclose(law.log_failure_rate(k), usual, atol=1e-4)
    assert sum(log_w.size for _, (log_w, _, _) in law._law(k)) < 40_000


def test_lid_depends_on_ratios_and_grows_with_the_risk():
    k = np.geomspace(1, 1e9, 7)
    one, other = LID(0.3, 2.5, 1.0, 0.1), LID(0.3 * 25, 2.5, 5.0, 0.5)
    np.testing.assert_allclose(one.failure_rate(k), other.failure_rate(k), rtol=1e-11)
    rates = np.array([LID(V, 2.5, 1.0, 0.1).failure_rate(k) for V in (0, 1e-9, 1e-3, 0.1, 1, 10, 1e4)])
    assert (np.diff(rates, axis=0) >= -1e-12 * rates[1:]).all()


def test_lid_small_pass_keeps_its_digits():
    # k s for every instance is far below 1: 1 - S(k) is k E[s] to a relative k^2 E[s^2] / 2k E[s].
    law = LID(0.5, 2.5, 1.0, 1e-9)
    u, z = (y.ravel() for y in np.meshgrid(np.arange(-40, 5, 0.05), np.arange(-12, 12, 0.05)))
    weight = 0.05**2 * np.exp(1.25 * u - np.exp(u) - math.lgamma(1.25) - z * z / 2) / math.sqrt(2 * math.pi)
    mean = weight @ success(math.sqrt(0.5) * np.abs(z) * np.exp(u / 2), 1e-9 * np.exp(u / 2))[0]
    assert law.pass_at_k(2) == pytest.approx(2 * mean, rel=1e-8)
    assert law.pass_at_k(1e-5) == pytest.approx(1e-5 * mean, rel=1e-11)


def test_lid_small_pass_from_sure_instances():
    # B is flat where s is not 0, and the integral of s over B is 2 delta whatever tau: so
    # 1 - S(1) = E[s] = 2 delta phi(0) / sqrt(V), less a share of order (delta^2 + sigma^2 / tau) / V.
    expected = 20 / 1e5 / math.sqrt(2 * math.pi)
    assert LID(1e10, 2.5, 1.0, 10.0).pass_at_k(1) == pytest.approx(expected, rel=1e-7)


def test_lid_tails_amplitude_and_crossover():
    clean = LID(0, 2.5, 1.0, 0.1)
    assert clean.tail_exponent == 2.5
    assert clean.amplitude == pytest.approx(1631.1539719230807, rel=1e-14)
    assert clean.failure_rate(1e12) * 1e12**2.5 == pytest.approx(clean.amplitude, rel=1e-10)
    assert clean.crossover_k() == math.inf
    assert LID(0.1, 2.5, 1.0, 0.1).tail_exponent == 0
    for V, log_k in ((0.1, 10.3), (0.05, 17.4), (0.03, 27.0)):
        law = LID(V, 2.5, 1.0, 0.1)
        crossing = law.crossover_k()
        assert round(math.log(crossing), 1) == log_k
        assert law.failure_rate(crossing) == pytest.approx(2 * clean.failure_rate(crossing), rel=1e-7)
    assert LID(1e-6, 2.5, 1.0, 0.1).crossover_k() == math.inf
    assert LID(1e6, 2.5, 1.0, 10.0).crossover_k() < 10
    assert LID(0.1, 300, 1.0, 1e-6).amplitude == math.inf


@pytest.mark.parametrize(("V", "sigma"), [(0.0, 1.0), (0.1, 1.0), (2.0, 0.5)])
def test_lid_likelihood(V, sigma):
    law = LID(V, 2.5, sigma, 0.3)
    n = 9
    each = np.array([law.loglik(n, c) for c in range(n + 1)])
    assert np.exp(each).sum() == pytest.approx(1, rel=1e-11)
    assert math.exp(each[0]) == pytest.approx(law.failure_rate(n), rel=1e-11)
    mean = np.arange(n + 1) @ np.exp(each) / n
    assert mean == pytest.approx(law.pass_at_k(1), rel=1e-11)
    assert law.loglik([n, n], [2, 5]) == pytest.approx(each[2] + each[5], rel=1e-10)
    # a sharp peak: E[s^300 (1-s)^99700] on a plain grid
    u, z = np.arange(-30, 5, 0.01), np.arange(0.005, 10, 0.01)
    x = math.sqrt(V) / sigma * z * np.exp(0.5 * u[:, None])
    s, log_q = success(x, 0.3 / sigma * np.exp(0.5 * u[:, None]))
    with np.errstate(divide="ignore"):
        terms = 300 * np.log(s) + 99_700 * log_q + (1.25 * u - np.exp(u))[:, None] - 0.5 * z * z
    expected = special.logsumexp(terms) + math.log(0.01**2 * math.sqrt(2 / math.pi)) - math.lgamma(1.25)
    ways = log_gamma_cross(1.0, 300, 99_700)
    assert law.loglik(100_000, 300) == pytest.approx(expected + ways, abs=1e-8)


def test_lid_at_the_far_end_of_k():
    law = LID(0, 2.5, 1, 0.1)
    assert law.exponent(1e100) == pytest.approx(2.5, rel=1e-9)
    assert law.exponent([1.0, 1e100])[0] == pytest.approx(law.exponent(1.0), rel=1e-9)
    assert LID(1e30, 2.5, 1.0, 1e10).crossover_k() == pytest.approx(1e-6)


# ---------------------------------------------------------------- arguments


def test_errors_name_the_argument():
    for make, name in (
        (lambda: Beta(0, 1), "a is 0"),
        (lambda: Beta(1, np.inf), "b is inf"),
        (lambda: LID(-1, 2, 1, 1), "V is"),
        (lambda: LID(1, 0, 1, 1), "beta is"),
        (lambda: LID(1, 2, np.nan, 1), "sigma is"),
        (lambda: LID(1, 2, 1, 0), "delta is"),
        (lambda: Beta(1, 1).failure_rate([1, -1]), r"k\[1\] is -1"),
        (lambda: Beta(1, 1).exponent(np.nan), "k is nan"),
        (lambda: Beta(1, 1).loglik([5, 5], [1, 6]), r"c\[1\] is 6"),
        (lambda: Beta(1, 1).loglik(5, 1, weights=[1, -1]), r"weights\[1\]"),
    ):
        with pytest.raises(ValueError, match=name):
            make()
