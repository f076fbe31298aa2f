"""LID difficulties at hard corners, with every law of tau and given biases, and the laws of their tails."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import special

from lidfast._lid_nodes import success
from lidfast.difficulty import LID

SMOOTH = ("gamma", "weibull", "pareto", "lognormal")


def line(law, low, high, step):
    """u = ln tau and weights of the trapezoidal rule, with all that lies below in the first."""
    t = np.arange(low, high, step)
    u, slope = t, 1.0
    if law.prior == "pareto":  # the edge at 0 goes to infinity
        u, slope = -np.logaddexp(0, -t), special.expit(-t)
    weight = step * slope * np.exp(law.precision.log_density(u))
    if law.prior != "lognormal":  # where the density is A e^(beta u / 2) the rest is a geometric series
        weight[0] += weight[0] / math.expm1(0.5 * law.beta * step)
    return u, weight


def plain(law, k, step=0.1, points=1500):
    """Ln S, exponent and 1 - S by trapezoidal rules in u and x, without tiles or bounds.

    Each row of u has its own x, up to where k attempts never succeed or the normal law ends. In the first
    case, what the rule would sum of the normal law beyond follows from its integral by Euler and Maclaurin.
    """
    v, r = law.V / law.sigma**2, law.delta / law.sigma
    low = -2 * math.log(max(k * r, 1e-3)) - 20 - 70 / (1 + law.beta)
    high = {"gamma": 7.5, "weibull": 2 / law.beta * math.log(1500), "pareto": 42.0}.get(law.prior, 0.0)
    if law.prior == "lognormal":
        low = min(low, law.precision.mean - 12 * law.precision.deviation)
        high = law.precision.mean + 12 * law.precision.deviation
    u, weight = line(law, low, high, step)
    root = np.exp(0.5 * u)
    h, g = r * root, math.sqrt(v) * root
    reach = h + 14.0
    end = np.minimum(60 * g, reach)
    x = end[:, None] * np.linspace(0, 1, points)
    log_q = np.maximum(success(x, h[:, None])[1], -1e300)
    z, size = x / g[:, None], end / g / (points - 1)
    mass = math.sqrt(2 / math.pi) * size[:, None] * np.exp(-0.5 * z * z)
    last = z[:, -1]
    bend = size * last / 12 - size**3 * (last**3 - 3 * last) / 720
    bend += size**5 * (last**5 - 10 * last**3 + 15 * last) / 30240
    beyond = np.where(60 * g > reach, special.erfc(last / math.sqrt(2)) + mass[:, -1] * bend, 0)
    mass[:, [0, -1]] /= 2
    power = np.exp(k * log_q)
    rate = weight @ ((mass * power).sum(axis=1) + beyond)
    slope = -k * (weight @ (mass * power * log_q).sum(axis=1))
    return math.log(rate), slope / rate, weight @ (mass * -np.expm1(k * log_q)).sum(axis=1)


CORNERS = [  # v, beta, r, k, step of u
    (1e24, 0.05, 1e-6, 1e15, 0.15),
    (1e24, 2.5, 10.0, 1e9, 0.1),
    (1e3, 0.05, 1.0, 7.0, 0.15),
    (3.0, 50.0, 10.0, 1e15, 0.05),
    (3.0, 2.5, 1e-6, 1e15, 0.1),
    (0.3, 0.5, 0.1, 1e15, 0.1),
    (0.3, 10.0, 3.0, 1.0, 0.05),
    (0.02, 4.0, 1e-3, 1e15, 0.04),
    (1e-3, 0.05, 10.0, 1e12, 0.15),
    (1e-6, 2.5, 0.1, 1e6, 0.1),
]


@pytest.mark.parametrize(("v", "beta", "r", "k", "step"), CORNERS)
def test_corners_against_a_plain_rule(v, beta, r, k, step):
    law = LID(v * 0.09, beta, 0.3, r * 0.3)
    log_s, exponent, passed = plain(law, k, step)
    assert law.log_failure_rate(k) == pytest.approx(log_s, abs=1e-10)
    assert law.exponent(k) == pytest.approx(exponent, rel=1e-8)
    assert law.pass_at_k(k) == pytest.approx(passed if passed < 0.01 else -math.expm1(log_s), rel=1e-10)


@pytest.mark.parametrize("prior", SMOOTH[1:])
@pytest.mark.parametrize(
    ("v", "beta", "r", "k"),
    [(1e12, 1.0, 0.1, 1e6), (0.3, 2.5, 0.1, 1e9), (8.5, 30.0, 0.0078, 1e10)],
)
def test_priors_against_a_plain_rule(prior, v, beta, r, k):
    law = LID(v, beta, 1.0, r, prior=prior)
    step = 0.5 / max(math.sqrt(20 + beta), 1.5 * beta if prior == "weibull" else 0)
    log_s, exponent, _ = plain(law, k, step)
    assert law.log_failure_rate(k) == pytest.approx(log_s, abs=1e-10)
    assert law.exponent(k) == pytest.approx(exponent, rel=1e-8)


def test_deep_tails_without_a_bias_for_every_prior():
    for prior, k in (("weibull", 1e9), ("pareto", 1e4), ("lognormal", 1e5)):
        law = LID(0, 20.0, 1.0, 0.1, prior=prior)
        u, weight = line(law, -70.0, {"pareto": 40.0}.get(prior, 5.0), 0.02)
        log_q = success(0.0, 0.1 * np.exp(u / 2))[1]
        log_s = float(special.logsumexp(k * np.maximum(log_q, -1e300), b=weight))
        assert log_s < -80
        assert law.log_failure_rate(k) == pytest.approx(log_s, rel=1e-12)


def test_many_k_are_as_good_as_each_alone():
    k = np.geomspace(0.5, 1e14, 150)  # more than columns
    for law in (LID(0.03, 2.5, 1.0, 0.1), LID(1e10, 2.5, 1.0, 0.1), LID(1e-3, 20.0, 1.0, 0.1)):
        some = [0, 20, 77, 149]
        alone = np.array([law.log_failure_rate(x) for x in k[some]])
        np.testing.assert_allclose(law.log_failure_rate(k)[some], alone, rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(law.pass_at_k(k)[some], -np.expm1(alone), rtol=1e-10)


def test_given_precisions_are_a_sum():
    tau = np.array([0.01, 0.3, 0.3, 7.0])
    law, k = LID(0.2, 2.5, 1.0, 0.1, prior=tau), np.array([1.0, 1e3, 1e6])
    z = np.arange(-14, 14, 0.002)
    phi = 0.002 * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    x, h = math.sqrt(0.2) * np.abs(z) * np.sqrt(tau)[:, None], 0.1 * np.sqrt(tau)[:, None]
    terms = np.exp(k[:, None, None] * success(x, h)[1]) * phi / 4
    np.testing.assert_allclose(law.failure_rate(k), terms.sum(axis=(1, 2)), rtol=1e-10)
    assert law.tail_exponent == 0
    assert LID(0, 2.5, 1.0, 0.1, prior=tau).tail_exponent == math.inf


@pytest.mark.parametrize("prior", SMOOTH)
def test_biases_are_a_mean(prior):
    bias = np.array([0.7, -0.02, 0.1, 0.0, -2.0, 0.11, 30.0])
    law = LID(None, 2.0, 1.0, 0.1, prior=prior, bias=bias)
    assert pytest.approx(np.mean(bias**2)) == law.V
    assert law == LID(law.V, 2.0, 1.0, 0.1, prior=prior, bias=-bias[::-1])
    for k in (1.0, 1e4, 1e11):
        low, high = -2 * math.log(0.1 * k) - 75, {"pareto": 40.0}.get(prior, law.precision.top(75))
        u, weight = line(law, low, high, 0.01)
        log_q = success(np.abs(bias)[:, None] * np.exp(u / 2), 0.1 * np.exp(u / 2))[1]
        power = np.exp(k * log_q)
        rate = (power @ weight).mean()
        assert law.failure_rate(k) == pytest.approx(rate, rel=1e-10)
        assert law.exponent(k) == pytest.approx(-k * ((power * log_q) @ weight).mean() / rate, rel=1e-8)


def test_many_biases_are_those_of_the_normal_law():
    # midpoints of 4000 equal shares; at k = 1000 failures are those of the last few
    bias = special.ndtri((np.arange(4000) + 0.5) / 4000) * 0.3
    k = np.array([1.0, 30.0, 1e3])
    given = LID(None, 2.5, 1.0, 0.1, bias=bias).failure_rate(k)
    np.testing.assert_allclose(given, LID(0.09, 2.5, 1.0, 0.1).failure_rate(k), rtol=1e-2)


# ---------------------------------------------------------------- tails


def test_only_the_tail_near_zero_matters():
    """Without a bias, laws of tau with the same beta have the same exponent; a log-normal one has none."""
    k = np.array([1e6, 1e9, 1e12, 1e15])
    for beta in (0.5, 2.5, 6.0):
        clean = {prior: LID(0, beta, 1.0, 0.1, prior=prior) for prior in SMOOTH}
        for prior in SMOOTH[:3]:
            np.testing.assert_allclose(clean[prior].exponent(k[1:]), beta, rtol=1e-4)
            # the amplitude follows from the density at 0
            power = clean[prior].amplitude * k[-1] ** -beta
            assert clean[prior].failure_rate(k[-1]) == pytest.approx(power, rel=1e-5)
            assert clean[prior].tail_exponent == beta
        rising = clean["lognormal"].exponent(k)
        assert (np.diff(rising) > 0.5 * beta).all()
        assert clean["lognormal"].tail_exponent == math.inf
        assert math.isnan(clean["lognormal"].amplitude)
    # but for tau far from 0, they differ
    rates = [LID(0, 2.5, 1.0, 0.1, prior=prior).failure_rate(10) for prior in SMOOTH]
    assert np.ptp(rates) > 0.05


def test_artificial_exponents():
    law, k = LID(0.1, 2.5, 0.5, 0.1), np.array([2.0, 1e4, 1e9])
    np.testing.assert_allclose(law.artificial_exponent(k), 0.5 / np.sqrt(0.1 * np.log(k)), rtol=1e-13)
    np.testing.assert_allclose(law.artificial_exponent(k, tau=3.0), np.full(3, 0.25 / 0.3), rtol=1e-13)
    assert law.artificial_exponent(1e4) == pytest.approx(0.5 / math.sqrt(0.1 * math.log(1e4)))
    assert law.artificial_exponent([0.0, 1.0]).tolist() == [math.inf, math.inf]
    np.testing.assert_array_equal(law.asymptotic_exponent(k), np.minimum(2.5, law.artificial_exponent(k)))
    assert law.asymptotic_exponent(1e4, tau=1e-3) == 2.5
    assert LID(0, 2.5, 1.0, 0.1).asymptotic_exponent(1e9) == 2.5
    assert LID(0, 2.5, 1.0, 0.1).artificial_exponent(1e9, tau=1.0) == math.inf
    assert LID(0.1, 2.5, 1.0, 0.1, prior="lognormal").asymptotic_exponent(1.0) == math.inf
    assert LID(1e300, 2.5, 1e-150, 0.1).artificial_exponent(1e9) >= 0


@pytest.mark.parametrize("prior", [*SMOOTH, (0.2, 2.0)])
def test_artificial_exponents_are_where_exact_ones_go(prior):
    law = LID(2.0, 2.5, 1.0, 0.1, prior=prior)
    k = np.array([1e12, 1e100])
    first, last = np.abs(law.exponent(k) / law.artificial_exponent(k) - 1)
    assert last < min(first, 0.08)


def test_the_marginal_law_is_the_fixed_one_at_the_tau_of_most_failures():
    v, log_k = 0.3, math.log(1e9)
    for prior, tail in (
        ("gamma", lambda u: mp.exp(u)),
        ("weibull", lambda u: mp.exp(1.25 * u)),
        ("lognormal", lambda u: (u - mp.digamma(1.25)) ** 2 / 2 / mp.polygamma(1, 1.25)),
    ):
        law = LID(v, 2.5, 1.0, 0.1, prior=prior)
        u = mp.findroot(lambda u, tail=tail: mp.diff(lambda w: log_k / v * mp.exp(-w) + tail(w), u), 1.5)
        assert law.artificial_exponent(1e9) == pytest.approx(float(mp.exp(-u) / v), rel=1e-9)
    for prior, largest in (("pareto", 1.0), ((0.5, 4.0), 4.0)):
        law = LID(v, 2.5, 1.0, 0.1, prior=prior)
        assert law.artificial_exponent(1e9) == pytest.approx(1 / (v * largest), rel=1e-12)
        assert law.artificial_exponent(1e9) == pytest.approx(law.artificial_exponent(1e9, tau=largest))


def test_errors_of_the_tails():
    law = LID(0.1, 2.5, 1.0, 0.1)
    for make, message in (
        (lambda: law.artificial_exponent(-1.0), "k is -1"),
        (lambda: law.asymptotic_exponent(2.0, tau=0.0), "tau is 0"),
        (lambda: LID(None, 2.5, 1.0, 0.1, bias=[0.1]).artificial_exponent(2.0), "bias is given"),
        (lambda: LID(0.5, 2.5, 1.0, 0.1, bias=[0.1]), "V is 0.5: it must be None, or the mean square"),
        (lambda: LID(None, 2.5, 1.0, 0.1, bias=[0.1, math.inf]), r"bias\[1\] is inf"),
        (lambda: LID(0.1, 2.5, 1.0, 0.1, prior="cauchy"), "prior is 'cauchy'"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
