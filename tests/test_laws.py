"""Difficulties on [0, m] and their integrals, against mpmath, closed forms and each other."""

import math
import pickle

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from lidfast import _mixture, difficulty, num_threads
from lidfast._gamma import digamma_difference, log_beta_ratio, stirling_rest
from lidfast.difficulty import LID, Beta, Empirical, Kumaraswamy, ScaledBeta, ZeroInflated

pytestmark = pytest.mark.kernel


def exact(kind, a, b, m, power, more=None, weights=()):
    """Ln E[s^c (1-s)^f more(ln(1-s))] for power = (c, f), and means of the weights under it.

    The trapezoidal rule in y, ln(v / (1-v)) = center + scale sinh(y), with 40 digits. Weights take
    ln v, ln(1-v), ln w, ln(1-w), v and 1-s, where w = v^a.
    """
    a, b, m, c, f = (mp.mpf(y) for y in (a, b, m, *power))
    norm = mp.log(mp.beta(a, b)) if kind == "beta" else -mp.log(a) - mp.log(b)

    def point(x):
        t = mp.exp(-abs(x))
        log_v, log_u = sorted((-mp.log1p(t), -abs(x) - mp.log1p(t)), reverse=x > 0)
        v, log_w = mp.exp(log_v), a * log_v
        log_w_rest = mp.log(-mp.expm1(log_w))
        fail = (1 - m) + m * mp.exp(log_u)
        log_fail = mp.log1p(-m * v) if m * v < 0.5 else mp.log(fail)
        prior = a * log_v + (b * log_u if kind == "beta" else log_u + (b - 1) * log_w_rest) - norm
        level = prior + f * log_fail + (c * (mp.log(m) + log_v) if c else 0)
        if more:
            level += mp.log(more(log_fail))
        return level, (log_v, log_u, log_w, log_w_rest, v, fail)

    with mp.workdps(20):
        ends = [mp.mpf(y) for y in np.geomspace(1e-2, 3e3 / min(float(a), 1) + 100, 60)]
        grid = [-y for y in reversed(ends)] + ends
        best = max(range(1, len(grid) - 1), key=lambda i: point(grid[i])[0])
        low, high = grid[best - 1], grid[best + 1]
        while high - low > 1e-9 * max(1, abs(low)):
            left, right = low + (high - low) * mp.mpf("0.382"), low + (high - low) * mp.mpf("0.618")
            low, high = (low, right) if point(left)[0] > point(right)[0] else (left, high)
        center, top, scale = low, point(low)[0], mp.mpf(1)
        while min(top - point(center + scale)[0], top - point(center - scale)[0]) > 1:
            scale /= 2
    with mp.workdps(40):
        step, sums = mp.mpf("0.012"), [mp.mpf(0)] * (1 + len(weights))
        for sign in (1, -1):
            for j in range(sign < 0, 1500):
                y = sign * j * step
                level, values = point(center + scale * mp.sinh(y))
                term = mp.exp(level - top) * mp.cosh(y)
                terms = [term, *(term * weight(*values) for weight in weights)]
                sums = [old + new for old, new in zip(sums, terms, strict=True)]
                if level < top - 75 and all(
                    abs(t) <= 1e-30 * abs(s) for t, s in zip(terms, sums, strict=True)
                ):
                    break
        return float(top + mp.log(scale * step * sums[0])), [total / sums[0] for total in sums[1:]]


def exact_mixture(kind, a, b, m, c, f):
    """Ln E[s^c (1-s)^f] and its derivatives in ln a, ln b and ln m."""
    ratio = lambda *values: values[4] / values[5]  # noqa: E731
    if kind == "beta":
        value, (log_v, log_u, over) = exact(
            kind, a, b, m, (c, f), None, (lambda *y: y[0], lambda *y: y[1], ratio)
        )
        with mp.workdps(40):
            both = mp.digamma(mp.mpf(a) + mp.mpf(b))
            slopes = a * (log_v - mp.digamma(a) + both), b * (log_u - mp.digamma(b) + both)
    else:
        weight = lambda *y: y[2] * (1 - (b - 1) * mp.exp(y[2]) / -mp.expm1(y[2]))  # noqa: E731
        value, (bent, log_w_rest, over) = exact(kind, a, b, m, (c, f), None, (weight, lambda *y: y[3], ratio))
        slopes = 1 + bent, 1 + b * log_w_rest
    return value, [float(y) for y in (*slopes, c - f * m * over)]


MIXTURES = [  # a, b, m, c, f
    (0.3, 2.0, 0.8, 0, 100),
    (1e-3, 1e-3, 0.5, 0, 7),  # long tails on both sides
    (1e-3, 1e4, 1.0, 1, 9_999),
    (1e4, 1e-3, 0.9, 0, 12),
    (1e4, 1e4, 0.99, 300, 700),
    (2.5, 0.4, 1 - 1e-12, 3, 1),  # steep, then flat, on the right
    (1.26, 10.2, 0.5, 1533, 1534),  # c/n at m: flat at the end
    (30.0, 0.02, 0.25, 260_000, 740_000),
    (0.7, 5.0, 1.0, 1_000_000, 0),
    (0.05, 0.3, 1e-6, 1, 999_999),
    (0.9, 20.0, 0.6, 500_000, 500_000),  # c/n far below m
    (12.0, 700.0, 1.0, 1, 1),
]


@pytest.mark.parametrize("kind", ["beta", "kumaraswamy"])
@pytest.mark.parametrize(("a", "b", "m", "c", "f"), MIXTURES)
def test_mixture_against_mpmath(kind, a, b, m, c, f):
    value, slopes = _mixture.log_mixture(kind, a, b, m, np.array([float(c)]), np.array([float(f)]))
    expected, expected_slopes = exact_mixture(kind, a, b, m, c, f)
    # to a rounding of c + f
    assert value[0] == pytest.approx(expected, rel=2e-15, abs=3e-13 + 2e-15 * (c + f))
    assert slopes[:, 0] == pytest.approx(expected_slopes, rel=3e-13, abs=3e-13 + 1e-14 * (c + f))


def random_pairs(rng, size):
    n = np.floor(10 ** rng.uniform(0, 6, size))
    c = np.floor(n * rng.choice([0, 1e-4, 0.1, 0.5, 0.9999, 1], size))
    return c, n - c


def test_mixture_of_beta_against_closed_forms():
    rng = np.random.default_rng(1)
    for _ in range(60):
        a, b = np.exp(rng.uniform(math.log(1e-3), math.log(1e4), 2)).tolist()
        c, f = random_pairs(rng, 40)
        value, slopes = _mixture.log_mixture("beta", a, b, 1.0, c, f)
        loss = 2e-15 * (c + f) + 2e-12
        assert (np.abs(value - log_beta_ratio(a, b, c, f)) <= loss).all()
        both = digamma_difference(a + b, c + f)
        assert (np.abs(slopes[0] - a * (digamma_difference(a, c) - both)) <= 2 * loss).all()
        assert (np.abs(slopes[1] - b * (digamma_difference(b, f) - both)) <= 2 * loss).all()


@pytest.mark.parametrize("kind", ["beta", "kumaraswamy"])
def test_mixture_slopes_are_those_of_its_values(kind):
    rng = np.random.default_rng(2)
    for _ in range(10):
        theta = np.log([*np.exp(rng.uniform(-4, 4, 2)), rng.uniform(0.05, 0.95)])
        c, f = random_pairs(rng, 30)
        some = c + f < 1000
        slopes = _mixture.log_mixture(kind, *np.exp(theta).tolist(), c[some], f[some])[1]
        for i in range(3):
            ends = []
            for sign in (-1, 1):
                moved = theta.copy()
                moved[i] += sign * 1e-4
                ends.append(_mixture.log_mixture(kind, *np.exp(moved).tolist(), c[some], f[some])[0])
            difference = (ends[1] - ends[0]) / 2e-4
            np.testing.assert_allclose(slopes[i], difference, rtol=1e-5, atol=1e-5 * (1 + c[some].max()))


@pytest.mark.parametrize("kind", ["beta", "kumaraswamy"])
def test_mixture_is_finite_and_consistent(kind):
    for a, b, m in ((1e-3, 1e-3, 1.0), (1e-3, 1e4, 0.3), (1e4, 1e-3, 1.0), (1e4, 1e4, 1e-9), (1.0, 1.0, 1.0)):
        n = 60
        c = np.arange(n + 1.0)
        value, slopes = _mixture.log_mixture(kind, a, b, m, c, n - c)
        assert np.isfinite(value).all()
        assert np.isfinite(slopes).all()
        log_ways = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in c])
        share = np.exp(value + log_ways)
        assert share.sum() == pytest.approx(1, rel=1e-11)  # some count it must be
        assert np.abs(slopes @ share).max() < 1e-9  # for all parameters
    value, slopes = _mixture.log_mixture(kind, 0.5, 2.0, 0.7, np.zeros(2), np.zeros(2))
    assert not value.any()
    assert not slopes.any()
    assert _mixture.log_mixture(kind, 0.5, 2.0, 0.7, np.empty(0), np.empty(0))[1].shape == (3, 0)


def test_mixture_does_not_depend_on_the_threads():
    c, f = random_pairs(np.random.default_rng(8), 200)
    for kind in ("beta", "kumaraswamy"):
        with num_threads(1):
            one = _mixture.log_mixture(kind, 0.4, 3.0, 0.9, c, f)
        with num_threads(3):
            three = _mixture.log_mixture(kind, 0.4, 3.0, 0.9, c, f)
        for some, other in zip(one, three, strict=True):
            np.testing.assert_array_equal(some, other)


def test_stirling_rest_against_mpmath():
    for x in (1e-30, 1e-3, 0.7, 9.99, 10.0, 1e4, 1e30):
        with mp.workdps(80):
            y = mp.mpf(x)
            expected = mp.loggamma(y) - (y - 0.5) * mp.log(y) + y - mp.log(2 * mp.pi) / 2
        assert stirling_rest(x) == pytest.approx(float(expected), rel=4e-15, abs=1e-16)


# ---------------------------------------------------------------- failure rates


def check_rates(law, k, log_s, log_passed, exponent):
    """log_s of S(k), log_passed of 1 - S(k)."""
    assert law.log_failure_rate(k) == pytest.approx(log_s, rel=1e-12)
    assert law.exponent(k) == pytest.approx(exponent, rel=1e-12)
    assert law.pass_at_k(k) == pytest.approx(math.exp(log_passed), rel=1e-12)
    if log_s > -690:
        assert law.failure_rate(k) == pytest.approx(math.exp(log_s), rel=1e-12)


RATES = [  # a, b, m, k
    (0.3, 2.0, 0.8, 1e6),
    (1e-3, 1e-3, 0.5, 1e12),
    (1e-3, 1e4, 0.7, 1e12),
    (1e4, 1e-3, 0.9, 0.5),
    (1e4, 1e4, 0.3, 123.4),
    (40.0, 700.0, 0.99, 1e7),  # S = 1e-248
    (9e3, 0.4, 1 - 1e-9, 1e12),  # ln S = -2e5
    (0.9, 50.0, 1e-7, 3.0),  # 1 - S = 1e-9
    (0.5, 1e-3, 1.0, 2e-3),  # 1 - S(k) is not yet 1 far beyond v = 1/2
    (5.0, 0.01, 1 - 1e-13, 1e-4),
]


@pytest.mark.parametrize("kind", ["beta", "kumaraswamy"])
@pytest.mark.parametrize(("a", "b", "m", "k"), RATES)
def test_rates_against_mpmath(kind, a, b, m, k):
    law = (Beta if kind == "beta" else Kumaraswamy)(a, b, m)
    log_fail = lambda *y: mp.log1p(-m * y[4]) if m * y[4] < 0.5 else mp.log(y[5])  # noqa: E731
    log_s, (mean,) = exact(kind, a, b, m, (0, k), None, [log_fail])
    log_passed = math.log(-math.expm1(log_s)) if log_s < -0.1 else math.nan
    if log_s >= -0.1:
        log_passed = exact(kind, a, b, m, (0, 0), lambda log_q: -mp.expm1(k * log_q))[0]
        log_s = math.log1p(-math.exp(log_passed))
    check_rates(law, k, log_s, log_passed, float(-k * mean))


def test_scaled_beta_is_a_hypergeometric_function():
    rng = np.random.default_rng(3)
    for _ in range(60):
        a, b = np.exp(rng.uniform(math.log(1e-3), math.log(1e4), 2)).tolist()
        m, k = rng.uniform(0, 1) ** 3, 10 ** rng.uniform(-3, 2)
        with mp.workdps(60):
            rate = mp.hyp2f1(-mp.mpf(k), a, mp.mpf(a) + b, m)
            log_s, log_passed = float(mp.log(rate)), float(mp.log(1 - rate))
        law = ScaledBeta(a, b, m)
        assert law.log_failure_rate(k) == pytest.approx(log_s, rel=1e-12)
        assert law.pass_at_k(k) == pytest.approx(math.exp(log_passed), rel=1e-12)


def test_kernel_rates_of_beta_against_closed_forms():
    rng, k = np.random.default_rng(4), 10.0 ** np.arange(-3, 13)
    for _ in range(40):
        a, b = np.exp(rng.uniform(math.log(1e-3), math.log(1e4), 2)).tolist()
        law = Beta(a, b)
        log_s = law.log_failure_rate(k)
        np.testing.assert_allclose(_mixture.log_failure("beta", a, b, 1.0, k), log_s, rtol=1e-12)
        np.testing.assert_allclose(_mixture.exponent("beta", a, b, 1.0, k), law.exponent(k), rtol=1e-12)


def test_kumaraswamy_special_cases():
    k = np.array([1e-6, 0.3, 1, 7.5, 1e3, 1e12])
    np.testing.assert_allclose(Kumaraswamy(1, 1).failure_rate(k), 1 / (1 + k), rtol=1e-13)
    np.testing.assert_allclose(Kumaraswamy(1, 1).exponent(k), k / (1 + k), rtol=1e-12)
    np.testing.assert_allclose(Kumaraswamy(1, 1).pass_at_k(k), k / (1 + k), rtol=1e-13)
    for other, law in ((Beta(0.3, 1), Kumaraswamy(0.3, 1)), (Beta(1, 9), Kumaraswamy(1, 9))):
        np.testing.assert_allclose(law.failure_rate(k), other.failure_rate(k), rtol=1e-12)
        n, c = [10, 10, 1000, 5], [0, 10, 30, 2]
        assert law.loglik(n, c) == pytest.approx(other.loglik(n, c), rel=1e-13)
    for a in (1.0, np.nextafter(1, 2)):  # the variable changes here
        np.testing.assert_allclose(Kumaraswamy(a, 3, 0.4).failure_rate(k), Beta(1, 3, 0.4).failure_rate(k))


@pytest.mark.parametrize("law", [Beta(0.3, 2, 0.6), Kumaraswamy(0.3, 2, 0.6), Kumaraswamy(2.5, 4)])
def test_rates_follow_the_tail(law):
    amplitude = law.b * math.gamma(1 + law.a)
    if isinstance(law, Beta):
        amplitude = math.gamma(law.a + law.b) / math.gamma(law.b)
    assert law.failure_rate(1e12) == pytest.approx(amplitude * (law.m * 1e12) ** -law.a, rel=1e-10 + 1e-3)
    assert law.exponent(1e12) == pytest.approx(law.tail_exponent, rel=1e-3)
    assert law.tail_exponent == law.a
    assert law.failure_rate(np.ones((2, 3))).shape == (2, 3)
    assert law.failure_rate(0) == 1


def test_any_number_of_attempts():
    """The power law to the end, and no warning on the way."""
    k = 10.0 ** np.arange(100, 301, 25)
    for law in (Beta(0.3, 2), Beta(30, 2, 0.5), Kumaraswamy(0.3, 2), Kumaraswamy(3, 2, 0.5)):
        power = law.log_failure_rate(k) + law.a * np.log(k)
        np.testing.assert_allclose(power, power[0], rtol=1e-11)
        np.testing.assert_allclose(law.exponent(k), law.a, rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.3, 2.0), (3.0, 0.01), (1e-3, 5.0), (9.0, 2.0)])
@pytest.mark.parametrize("k", [1e-6, 0.5, 1.0, 30.0, 1e6])
def test_exponents_of_nll_are_derivatives(a, b, k):
    with mp.workdps(120):
        log_s = lambda y: (  # noqa: E731
            mp.loggamma(b + mp.exp(y)) + mp.loggamma(a + b) - mp.loggamma(a + b + mp.exp(y)) - mp.loggamma(b)
        )
        expected = -mp.diff(lambda y: mp.log(-mp.log(-mp.expm1(log_s(y)))), mp.log(k))
    assert Beta(a, b).exponent(k, loss="nll") == pytest.approx(float(expected), rel=1e-9)


def test_exponents_of_nll_at_the_ends():
    law = Beta(0.3, 2)
    assert law.exponent(0, loss="nll") == 0
    assert Beta(300, 2).exponent(1e300, loss="nll") == Beta(300, 2).exponent(1e300)
    np.testing.assert_array_equal(law.exponent([1, 10], loss="failure"), law.exponent([1, 10]))
    with pytest.raises(ValueError, match="loss is 'loss': it must be one of 'failure', 'nll'"):
        law.exponent(1, loss="loss")


@pytest.mark.parametrize("make", [Beta, Kumaraswamy])
def test_rates_are_sensible_everywhere(make):
    k = np.array([0, 1e-300, 1e-3, 1, 1e3, 1e12, 1e100])
    for a in (1e-12, 1e-3, 0.7, 30, 1e4, 1e8):
        for b in (1e-12, 1e-3, 0.7, 30, 1e4, 1e8):
            for m in (1, 1 - 1e-16, 0.4, 1e-12):
                law = make(a, b, m)
                log_s, exponent, passed = law.log_failure_rate(k), law.exponent(k), law.pass_at_k(k)
                assert np.isfinite(log_s).all()
                assert (np.diff(log_s) <= 1e-9 * (1e-3 - log_s[1:])).all()
                assert np.isfinite(exponent).all()
                assert (exponent >= 0).all()
                assert ((passed >= 0) & (passed <= 1)).all()
                assert np.isfinite(law.loglik([9, 9, 9, 1_000_000], [0, 4, 9, 10]))


# ---------------------------------------------------------------- counts


def test_likelihoods_are_of_probabilities():
    n = 12
    for law in (
        Beta(0.3, 2, 0.6),
        Kumaraswamy(0.3, 2, 0.6),
        Kumaraswamy(7, 0.3),
        ZeroInflated(Beta(0.3, 2), 0.25),
        Empirical([0.0, 0.3, 1.0], [1, 2, 0.5]),
    ):
        each = np.array([law.loglik(n, c) for c in range(n + 1)])
        assert np.exp(each).sum() == pytest.approx(1, rel=1e-12)
        assert math.exp(each[0]) == pytest.approx(law.failure_rate(n), rel=1e-12)
        assert np.arange(n + 1) @ np.exp(each) / n == pytest.approx(law.pass_at_k(1), rel=1e-12)
        weighted = law.loglik([n, n, 5], [2, 5, 1], weights=[2, 0, 1.5])
        assert weighted == pytest.approx(2 * each[2] + 1.5 * law.loglik(5, 1), rel=1e-13)
        assert law.loglik([], []) == 0
    assert Beta(0.7, 3, 1.0).loglik(10, 3) == Beta(0.7, 3).loglik(10, 3)
    near = Beta(0.7, 3, 1 - 1e-15).loglik([10, 1000, 7], [3, 999, 0])
    assert near == pytest.approx(Beta(0.7, 3).loglik([10, 1000, 7], [3, 999, 0]), rel=1e-10)


# ---------------------------------------------------------------- zero-inflated


def test_zero_inflated_is_a_mixture():
    base, k = Beta(0.3, 2, 0.9), np.array([1e-9, 1, 30, 1e6, 1e12])
    law = ZeroInflated(base, 0.2)
    rate = base.failure_rate(k)
    np.testing.assert_allclose(law.failure_rate(k), 0.2 + 0.8 * rate, rtol=1e-15)
    np.testing.assert_allclose(law.pass_at_k(k), 0.8 * base.pass_at_k(k), rtol=1e-14)
    np.testing.assert_allclose(
        law.exponent(k), base.exponent(k) * 0.8 * rate / (0.2 + 0.8 * rate), rtol=1e-13
    )
    n, c = np.array([9, 9, 0]), np.array([0, 4, 0])
    parts = [math.exp(base.loglik(i, j)) for i, j in zip(n, c, strict=True)]
    expected = math.log(0.2 + 0.8 * parts[0]) + math.log(0.8 * parts[1]) + math.log(parts[2])
    assert law.loglik(n, c) == pytest.approx(expected, rel=1e-13)
    assert law.tail_exponent == 0


def test_zero_inflated_limits():
    base, k = Kumaraswamy(300, 2), np.array([0, 1, 1e3, 1e12])
    none, all_ = ZeroInflated(base, 0), ZeroInflated(base, 1)
    np.testing.assert_allclose(none.log_failure_rate(k), base.log_failure_rate(k), rtol=1e-14)
    np.testing.assert_array_equal(none.exponent(k), base.exponent(k))
    assert none.tail_exponent == 300
    assert none.loglik(10, 3) == base.loglik(10, 3)
    np.testing.assert_array_equal(all_.failure_rate(k), 1)
    assert not all_.exponent(k).any()
    assert all_.loglik(10, 0) == 0
    assert all_.loglik([10, 10], [0, 1]) == -math.inf
    assert all_.loglik([10, 10], [0, 1], weights=[1, 0]) == 0
    tiny = ZeroInflated(base, 1e-300)
    assert tiny.log_failure_rate(1e12) == pytest.approx(math.log(1e-300), rel=1e-13)
    assert tiny.log_failure_rate(10) == pytest.approx(base.log_failure_rate(10), rel=1e-13)
    sure = ZeroInflated(Empirical([1.0]), 0.25)
    assert sure.failure_rate([0, 1, 9]).tolist() == [1, 0.25, 0.25]
    assert sure.exponent([0, 1]).tolist() == [0, 0]
    assert ZeroInflated(Empirical([1.0]), 0).tail_exponent == math.inf
    twice = ZeroInflated(ZeroInflated(base, 0.5), 0.5)
    np.testing.assert_allclose(twice.failure_rate(k), ZeroInflated(base, 0.75).failure_rate(k), rtol=1e-15)


# ---------------------------------------------------------------- empirical


def test_empirical_against_plain_sums():
    s = np.array([1e-12, 0.02, 0.3, 0.9, 1.0])
    w = np.array([1.0, 3.0, 0.0, 0.5, 2.0])
    k = np.array([1e-9, 1, 20, 1e4, 1e12, 1e15])
    law = Empirical(s, w)
    with mp.workdps(60):
        shares = [mp.mpf(x) / mp.mpf(w.sum()) for x in w]
        for x in k:
            terms = [p * (1 - mp.mpf(y)) ** x for p, y in zip(shares, s, strict=True)]
            rate = sum(terms)
            slope = sum(t * mp.log1p(-mp.mpf(y)) for t, y in zip(terms, s, strict=True) if y < 1)
            check_rates(law, x, float(mp.log(rate)), float(mp.log(1 - rate)), float(-x * slope / rate))
    n, c = [7, 7, 0, 40], [0, 7, 0, 12]
    chances = [np.sum(w / w.sum() * stats.binom.pmf(j, i, s)) for i, j in zip(n, c, strict=True)]
    assert law.loglik(n, c) == pytest.approx(np.log(chances).sum(), rel=1e-13)
    np.testing.assert_allclose(
        Empirical(s, 1e305 * w).failure_rate(k), Empirical(s, w).failure_rate(k), rtol=1e-14
    )


def test_empirical_limits():
    assert Empirical([0.1, 0.0]).tail_exponent == 0
    assert Empirical([0.1, 0.0], [1, 0]).tail_exponent == math.inf
    assert Empirical([0.0]).failure_rate([1, 1e300]).tolist() == [1, 1]
    assert Empirical([0.0]).exponent(5) == 0
    sure = Empirical([1.0, 1.0])
    assert sure.failure_rate([0, 1e-3, 5]).tolist() == [1, 0, 0]
    assert sure.log_failure_rate(1) == -math.inf
    assert sure.exponent([0, 1]).tolist() == [0, math.inf]
    assert sure.pass_at_k(1) == 1
    assert sure.loglik([5, 5], [5, 5]) == 0
    assert sure.loglik(5, 4) == -math.inf
    deep = Empirical([0.5, 0.6])
    assert deep.log_failure_rate(1e9) == pytest.approx(-1e9 * math.log(2) - math.log(2), rel=1e-14)
    assert deep.exponent(1e9) == pytest.approx(1e9 * math.log(2), rel=1e-13)


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("law", [Beta(0.3, 2, 0.6), Kumaraswamy(0.3, 2, 0.6), Kumaraswamy(5, 0.4)])
def test_samples_follow_the_law(law):
    # Kolmogorov-Smirnov on 20000 draws: false alarm 1e-5 for each of 3.
    s = law.sample(20_000, rng=5)
    below = stats.beta(law.a, law.b).cdf
    if isinstance(law, Kumaraswamy):
        below = lambda v: -np.expm1(law.b * np.log1p(-(v**law.a)))  # noqa: E731
    assert ((s >= 0) & (s <= law.m)).all()
    assert stats.kstest(s / law.m, below).pvalue > 1e-5


@pytest.mark.parametrize(
    "law", [ZeroInflated(Beta(2, 3), 0.3), Empirical([0.1, 0.2, 0.7], [1, 0, 3]), Empirical([0.1, 0.2, 0.7])]
)
def test_samples_follow_the_shares(law):
    # Means of 20000 draws within 4.5 standard errors: false alarm 7e-6 for each of 6.
    s = law.sample(20_000, rng=6)
    for k in (1, 5):
        fails = (1 - s) ** k
        assert abs(fails.mean() - law.failure_rate(k)) < 4.5 * fails.std() / math.sqrt(s.size)
    if isinstance(law, Empirical):
        assert set(s) == {0.1, 0.7} | (set() if law.weights is not None else {0.2})


LAWS = [
    Beta(0.3, 2, 0.6),
    Kumaraswamy(0.3, 2),
    ZeroInflated(Beta(2, 3), 0.3),
    ZeroInflated(Empirical([0.5]), 0.3),
    Empirical([0.1, 0.2], [1, 3]),
    Empirical(np.array([0.1, 0.2])),
]


@pytest.mark.parametrize("law", LAWS)
def test_laws_are_values(law):
    again = pickle.loads(pickle.dumps(law))
    assert again == law
    assert hash(again) == hash(law)
    assert repr(again) == repr(law)
    assert type(law).__name__ in repr(law)
    assert law != Beta(1, 1)
    assert sum(law == other for other in LAWS) == 1
    with pytest.raises(AttributeError):
        law.a = law.s = law.p0 = 1
    assert law.sample((2, 3), rng=0).shape == (2, 3)
    assert isinstance(law.sample(rng=0), float)
    assert law.sample(0, rng=0).shape == (0,)
    np.testing.assert_array_equal(law.sample(5, rng=7), again.sample(5, rng=7))
    assert isinstance(law.failure_rate(3), float)
    assert law.failure_rate([]).shape == (0,)


def test_laws_keep_what_they_were_given():
    s = np.array([0.1, 0.2])
    law = Empirical(s)
    s[:] = 1
    assert law.s.tolist() == [0.1, 0.2]
    for given in (law, pickle.loads(pickle.dumps(law))):
        with pytest.raises(ValueError, match="read-only"):
            given.s[0] = 1
    assert Empirical([0.0]) == Empirical([-0.0])
    assert hash(Empirical([0.0])) == hash(Empirical([-0.0]))
    assert Empirical([0.1]) != Empirical([0.1], [1])
    assert ScaledBeta is Beta
    assert repr(Beta(1, 2)) == "Beta(a=1.0, b=2.0, m=1.0)"
    assert {"Empirical", "Kumaraswamy", "ScaledBeta", "ZeroInflated"} <= set(difficulty.__all__)


def test_errors_name_the_parameter():
    for make, name in (
        (lambda: Beta(1, 1, 0), "m is 0"),
        (lambda: Beta(1, 1, 1.1), "m is 1.1"),
        (lambda: Kumaraswamy(0, 1), "a is 0"),
        (lambda: Kumaraswamy(1, -1), "b is -1"),
        (lambda: Kumaraswamy(1, 1, math.nan), "m is nan"),
        (lambda: ZeroInflated(Beta(1, 1), -0.1), "p0 is -0.1"),
        (lambda: Empirical([0.1, 1.1]), r"s\[1\] is 1.1"),
        (lambda: Empirical([]), "s is empty"),
        (lambda: Empirical([0.1, 0.2], [1, -1]), r"weights\[1\] is -1"),
        (lambda: Empirical([0.1, 0.2], [1]), "weights has 1 elements"),
        (lambda: Empirical([0.1], [0]), "weights sum to 0"),
        (lambda: Kumaraswamy(1, 1).failure_rate([1, -1]), r"k\[1\] is -1"),
    ):
        with pytest.raises(ValueError, match=name):
            make()
    with pytest.raises(TypeError, match="base must be a Difficulty, not float"):
        ZeroInflated(0.5, 0.5)
    assert ZeroInflated(LID(0.1, 2.5, 1.0, 0.1), 0.1).failure_rate(1e12) == pytest.approx(0.1, rel=1e-3)
