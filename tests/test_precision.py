"""Laws of the latent precision, against mpmath, integrals of their densities and their own draws."""

import itertools
import math
import pickle

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate, stats

from lidfast._precision import Gamma, LogNormal, Pareto, Sampled, Weibull, precision
from lidfast.random import default_rng

NAMES = ("gamma", "weibull", "pareto", "lognormal")
BETAS = (0.05, 1.0, 2.5, 7.3, 50.0)


def exact_log_cdf(name, beta, u):
    with mp.workdps(40):
        a, u = mp.mpf(beta) / 2, mp.mpf(u)
        if name == "gamma":
            t = mp.exp(u)
            if t < a:  # the series of the lower incomplete gamma function
                return float(a * u - t - mp.loggamma(a + 1) + mp.log(mp.hyp1f1(1, a + 1, t)))
            return float(mp.log(mp.gammainc(a, 0, t, regularized=True)))
        if name == "weibull":
            return float(mp.log(-mp.expm1(-mp.exp(a * u))))
        if name == "pareto":
            return float(min(a * u, mp.mpf(0)))
        z = (u - mp.digamma(a)) / mp.sqrt(mp.polygamma(1, a))
        return float(mp.log(mp.ncdf(z)) if z > -30 else mp.log(mp.erfc(-z / mp.sqrt(2)) / 2))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beta", BETAS)
def test_log_cdf_against_mpmath(name, beta):
    u = [-900.0, -200.0, -30.0, -1.0, 0.0, 0.7, 2.2, 3.0, 4.5]
    expected = [exact_log_cdf(name, beta, x) for x in u]
    found = precision(name, beta).log_cdf(u)
    np.testing.assert_allclose(found, expected, rtol=2e-14, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beta", BETAS)
def test_density_is_that_of_the_law(name, beta):
    law = precision(name, beta)
    if beta == 0.05:
        cuts = np.linspace(law.top(40) - 400, law.top(40), 6)
    else:
        cuts = np.linspace(law.top(40) - 20 / math.sqrt(beta), law.top(40), 6)
    for low, high in itertools.pairwise(cuts):
        mass, _ = integrate.quad(lambda u: math.exp(law.log_density(u)), low, high, epsabs=0, limit=200)
        difference = math.exp(law.log_cdf(high)) - math.exp(law.log_cdf(low))
        assert mass == pytest.approx(difference, rel=1e-9, abs=1e-15)
    if law.tail_exponent == beta:  # the density far down is that of the power law
        u = -2000 / beta
        assert law.log_density(u) == pytest.approx(law.log_coefficient + beta / 2 * u, rel=1e-13)
        assert law.log_cdf(u) == pytest.approx(
            law.log_coefficient + beta / 2 * u - math.log(beta / 2), rel=1e-13
        )
    else:
        assert law.tail_exponent == math.inf
        assert math.isnan(law.log_coefficient)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beta", BETAS)
def test_nothing_beyond_the_top(name, beta):
    law, a = precision(name, beta), beta / 2
    for nats in (0.0, 1.0, 36.0, 400.0):
        with mp.workdps(30):
            t = mp.exp(law.top(nats))
            above = {
                "gamma": lambda t=t: mp.gammainc(a, t, regularized=True),
                "weibull": lambda t=t: mp.exp(-(t**a)),
                "pareto": lambda t=t: mp.mpf(max(0, 1 - t**a)),
                "lognormal": lambda t=t: mp.erfc((mp.log(t) - law.mean) / law.deviation / mp.sqrt(2)) / 2,
            }[name]()
            assert above <= mp.exp(-nats) * (1 + mp.mpf(1e-12))  # roundings of nats


def test_inverse_means():
    for law in (Gamma(2.5), Weibull(3.0), Pareto(2.2), LogNormal(1.0), LogNormal(7.0)):
        expected, _ = integrate.quad(
            lambda u, law=law: math.exp(law.log_density(u) - u), -250, law.top(60), limit=500, points=[-20, 0]
        )
        assert law.inverse_mean == pytest.approx(expected, rel=1e-7)
    for law in (Gamma(2.0), Weibull(1.0), Pareto(2.0), LogNormal(0.05)):  # the last is beyond doubles
        assert law.inverse_mean == math.inf
    assert Gamma(2.5).inverse_mean == 4.0
    assert Sampled((0.5, 2.0)).inverse_mean == pytest.approx(1.25)


def test_moments_of_the_lognormal_are_those_of_the_gamma():
    gamma, lognormal = stats.loggamma(1.25), LogNormal(2.5)
    assert lognormal.mean == pytest.approx(gamma.mean(), rel=1e-12)
    assert lognormal.deviation == pytest.approx(gamma.std(), rel=1e-12)


def test_draws_follow_the_law():
    # 20 tests of Kolmogorov and Smirnov at 1e-5: a false alarm in 5000 runs, with the seed fixed
    rng = default_rng(6)
    for name in NAMES:
        for beta in BETAS:
            law = precision(name, beta)
            tau = law.sample(2000, rng)
            u, below = np.log(tau[tau > 1e-300]), np.exp(law.log_cdf(math.log(1e-300)))  # some underflow
            share = lambda x, law=law, below=below: (np.exp(law.log_cdf(x)) - below) / (1 - below)  # noqa: E731
            assert stats.kstest(u, share).pvalue > 1e-5
    for name in NAMES:
        assert isinstance(precision(name, 2.0).sample(None, rng), float)
        assert precision(name, 2.0).sample((2, 3), rng).shape == (2, 3)


def test_given_samples():
    law = precision([4.0, 1.0, 1.0, 0.25], beta=2.5)
    assert law == Sampled((4.0, 1.0, 1.0, 0.25))
    np.testing.assert_allclose(
        np.exp(law.log_cdf(np.log([0.2, 0.25, 0.9, 1.0, 3.9, 5]))) * 4, [0, 1, 1, 3, 3, 4]
    )
    assert law.top(3.0) == math.log(4)
    assert law.tail_exponent == math.inf
    rng = default_rng(1)
    # 4 counts within 5 standard deviations: a false alarm in 400,000
    drawn = law.sample(4000, rng)
    for tau, share in ((0.25, 0.25), (1.0, 0.5), (4.0, 0.25)):
        assert abs((drawn == tau).mean() - share) < 5 * math.sqrt(share * (1 - share) / 4000)
    assert isinstance(law.sample(None, rng), float)


def test_laws_are_values():
    for prior in (*NAMES, (0.5, 1.5)):
        law = precision(prior, 2.5)
        assert law == precision(prior, 2.5)
        assert hash(law) == hash(precision(prior, 2.5))
        assert pickle.loads(pickle.dumps(law)) == law
    assert precision("gamma", 2.5) != precision("weibull", 2.5)
    assert precision(np.array([0.5, 1.5]), 1.0) == precision([0.5, 1.5], 9.0)


def test_errors_name_the_prior():
    for make, error, message in (
        (lambda: precision("beta", 1.0), ValueError, "prior is 'beta': it must be one of 'gamma', 'weibull'"),
        (lambda: precision([1.0, 0.0], 1.0), ValueError, r"prior\[1\] is 0.0"),
        (lambda: precision([1.0, math.inf], 1.0), ValueError, r"prior\[1\] is inf"),
        (lambda: precision([], 1.0), ValueError, "prior is empty"),
        (lambda: precision([[1.0]], 1.0), ValueError, r"prior has shape \(1, 1\)"),
        (
            lambda: precision(None, 1.0),
            TypeError,
            "prior must be 'gamma', .* or samples of tau, not NoneType",
        ),
        (lambda: precision(stats.norm, 1.0), TypeError, "prior must be"),
        (lambda: precision("gamma", 0.0), ValueError, "beta is 0"),
    ):
        with pytest.raises(error, match=message):
            make()
