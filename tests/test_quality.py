"""A short run of the tests of `bench/quality.py` and `bench/proof.py`.

Fixed seeds. Each law fails a right sampler at one seed in 10,000 (Bonferroni over its tests and
both ways of drawing); the comparison with mpmath is no matter of chance.
"""

import dataclasses
import math

import exact_laws
import exact_quantiles
import numpy as np
import pytest
import scipy.special
import scipy.stats

from lidfast import random
from lidfast.random import Generator, default_rng

FALSE_ALARM = 1e-4
DRAWS = 100_000
LAWS = [law for law in exact_laws.LAWS if hasattr(Generator, law.method)]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_law(law):
    results = exact_laws.examine(law, 1, DRAWS, default_rng)
    worst = min(results, key=lambda r: r.p)
    assert worst.p > FALSE_ALARM / len(results), worst


@pytest.mark.parametrize("law", ["standard_normal()", "standard_gamma(0.3)", "geometric(0.001)"])
def test_a_wrong_law_is_seen(law):
    """The tests have teeth: 10 percent more of everything fails."""
    law = next(each for each in exact_laws.LAWS if str(each) == law)
    grid = exact_laws.Grid(law, DRAWS)
    count = exact_laws.Count(grid)
    x = law.draw(default_rng(1), DRAWS, arrays=False) * 1.1
    count.add(np.floor(x) if law.integer else x)
    assert min(r.p for r in count.results(arrays=False)) < 1e-9


def test_a_wrong_tail_is_seen():
    law = next(each for each in exact_laws.LAWS if str(each) == "pareto(2.5)")
    count = exact_laws.Count(exact_laws.Grid(law, DRAWS))
    x = law.draw(default_rng(1), DRAWS, arrays=False)
    count.add(np.minimum(x, np.quantile(x, 0.9995)))  # the largest 50 are cut off
    by_test = {r.test[:5]: r.p for r in count.results(arrays=False)}
    assert by_test["upper"] < 1e-7
    assert by_test["Kolmo"] > 1e-3  # which cannot see it


# ---------------------------------------------------------------- the references themselves


def test_tails_agree_with_mpmath():
    for law in exact_laws.LAWS:
        if law.integer or law.method in ("random", "uniform", "lognormal", "levy_stable"):
            continue
        p = np.array([1e-6, 0.3, 0.5, -0.2, -1e-6])
        x = np.clip(law.quantiles(p), law.low, law.high)
        for value, below, above in zip(x, *law.tails(x), strict=True):
            with exact_quantiles.mpmath.workdps(30):
                for upper, ours in ((False, below), (True, above)):
                    if law.parameters == (1e6,):  # whose series are long in mpmath
                        continue
                    exact = exact_quantiles.tail(law.method, law.parameters, value, upper)
                    assert abs(ours - float(exact)) <= 1e-9 * float(exact) + 1e-15, (law, value, upper)


def test_stable_tails_in_closed_form():
    """Alpha = 1/2, beta = 1 is Lévy's law; near alpha = 2 is the normal, near beta = 0 Cauchy's."""
    x = np.array([1e-2, 0.3, 1.0, 50.0, 1e6, 1e12])
    lower, upper = exact_laws.stable_tails(0.5, 1.0, x)
    np.testing.assert_allclose(lower, scipy.special.erfc(1 / np.sqrt(2 * x)), rtol=1e-8)
    np.testing.assert_allclose(upper, scipy.special.erf(1 / np.sqrt(2 * x)), rtol=3e-7)
    np.testing.assert_array_equal(exact_laws.stable_tails(0.5, -1.0, -x), [upper, lower])
    x = np.array([-3.0, -0.4, 0.2, 2.0])
    np.testing.assert_allclose(
        exact_laws.stable_tails(2 - 1e-7, 0.0, x)[0], scipy.stats.norm.cdf(x / math.sqrt(2)), rtol=1e-5
    )
    np.testing.assert_allclose(exact_laws.stable_tails(1.0, 1e-3, x)[0], scipy.stats.cauchy.cdf(x), rtol=2e-3)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.0), (1.0, 1.0), (1.5, -1.0), (1.5, 0.5)])
def test_stable_tails_agree_with_scipy(alpha, beta):
    x = np.array([-4.0, -0.5, 0.3, 5.0])
    lower, upper = exact_laws.stable_tails(alpha, beta, x)
    np.testing.assert_allclose(lower, scipy.stats.levy_stable.cdf(x, alpha, beta), atol=1e-7)
    np.testing.assert_allclose(lower + upper, 1, rtol=1e-13)


def test_power_sums():
    for a, n in ((1.01, 2**63), (1.0001, 10**6), (1.0, 10**6), (0.5, 10**6), (0.9, 10**12), (5.0, 40)):
        for m in (0, 1, 30, 64, 65, 10**5):
            if m < n:
                exact = float(exact_quantiles.power_sum(a, m, float(n)))
                ours = float(exact_laws.power_sum(a, np.array(float(m)), float(n)))
                assert ours == pytest.approx(exact, rel=1e-11)


def test_anderson_darling_quantiles():
    """Quantiles of G. Marsaglia and J. Marsaglia, J. Stat. Softw. 9 (2004), 2."""
    for level, z in ((0.10, 1.933), (0.05, 2.4924), (0.01, 3.8781)):
        assert exact_laws.anderson_darling_sf(z) == pytest.approx(level, rel=1e-3)


# ---------------------------------------------------------------- tables of quantiles

TABLES = [
    ("standard_normal", ()),
    ("standard_exponential", ()),
    ("standard_gamma", (0.3,)),
    ("standard_gamma", (50.0,)),
    ("inverse_gamma", (2.5, 1.0)),
    ("chisquare", (2.5,)),
    ("standard_t", (3.0,)),
    ("beta", (2.0, 0.3)),
    ("pareto", (0.3,)),
    ("weibull", (0.5,)),
    ("zipf", (1.5, exact_quantiles.INFINITE)),
    ("zipf", (1.0, 1e6)),
]


@pytest.mark.skipif(not hasattr(random, "_quantile"), reason="this build draws nothing from tables")
@pytest.mark.parametrize(("law", "parameters"), TABLES)
def test_table(law, parameters):
    """A word's variate has the word's probability, to 1e-9 of the nearer tail."""
    try:
        if law == "zipf":
            found = [exact_quantiles.jumps(random._quantile, parameters, [1, 2, 3, 7, 50, 1000, 10**5])]
        else:
            found = exact_quantiles.continuous(random._quantile, law, parameters, range(-65, -1, 7), 2)
    except LookupError:
        pytest.skip("no table serves this law")
    for worst in found:
        assert worst.error <= exact_quantiles.BOUND, worst


def uniform_ranks(law, parameters, words):
    """A table of zipf(0, n): every rank alike, with an exponent for an error."""
    error, n = parameters
    u = (words.astype(float) + 0.5) * 2.0**-64
    return 1 + np.floor(n * u ** (1 + error))


def test_jumps_are_found():
    good = exact_quantiles.jumps(uniform_ranks, (0.0, 1000.0), range(1, 1000, 37))
    assert good.error < 1e-12
    bad = exact_quantiles.jumps(
        lambda law, p, words: uniform_ranks(law, (1e-8, p[1]), words), (0.0, 1000.0), range(1, 1000, 37)
    )
    assert dataclasses.asdict(bad)["error"] > 1e-9


@pytest.mark.skipif(not hasattr(Generator, "zipf"), reason="this build has no zipf")
def test_zipf_where_halves_are_rounded():
    """Ranks in [2^50, 2^53), where k + 1/2 has few bits or none left: false alarm 1 in 10,000 seeds."""
    law = next(each for each in exact_laws.LAWS if str(each) == "zipf(1.01)")
    x = default_rng(1).zipf(1.01, 1_000_000)
    _, (from_low, from_high) = law.tails(np.array([2.0**50 - 1, 2.0**53 - 1]))
    inside = int(((x >= 2**50) & (x < 2**53)).sum())
    assert scipy.stats.binomtest(inside, x.size, from_low - from_high).pvalue > FALSE_ALARM
