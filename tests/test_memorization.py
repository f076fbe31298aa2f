"""The memorization ansatz against mpmath, its costs against arithmetic, its fits against their input."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lidfast.memorization
from lidfast import fail_at_k
from lidfast.difficulty import Beta, Empirical, fit
from lidfast.memorization import (
    Memorization,
    Model,
    attempts,
    best_models,
    fit_counts,
    fit_curve,
    inference_flops,
)

K = np.unique(np.geomspace(1, 1000, 25).round())


# ---------------------------------------------------------------- curves


def exact(a, b, q, k):
    with mpmath.workdps(60):
        effective = mpmath.mpf(k) ** mpmath.mpf(q)
        return mpmath.beta(a, b + effective) / mpmath.beta(a, b)


@settings(max_examples=60, deadline=None)
@given(
    a=st.floats(1e-2, 50),
    b=st.floats(1e-2, 1e3),
    q=st.floats(0.05, 1),
    k=st.one_of(st.just(0.0), st.floats(1e-3, 1e9)),
)
def test_curves_against_mpmath(a, b, q, k):
    curve = Memorization(a, b, q)
    expected = exact(a, b, q, k)
    assert curve.log_failure_rate(k) == pytest.approx(float(mpmath.log(expected)), rel=1e-10, abs=1e-13)
    assert curve.failure_rate(k) == pytest.approx(float(expected), rel=1e-10)
    assert curve.pass_at_k(k) == pytest.approx(float(1 - expected), rel=1e-9, abs=1e-13)
    if k > 0:
        step = mpmath.mpf("1e-10")
        with mpmath.workdps(60):
            up, down = (mpmath.log(exact(a, b, q, k * (1 + sign * step))) for sign in (1, -1))
            slope = -(up - down) / (mpmath.log(1 + step) - mpmath.log(1 - step))
        assert curve.exponent(k) == pytest.approx(float(slope), rel=1e-8, abs=1e-12)


def test_independent_attempts_are_the_beta_law_itself():
    curve, law = Memorization(0.3, 2), Beta(0.3, 2)
    for name in ("failure_rate", "log_failure_rate", "pass_at_k", "exponent"):
        np.testing.assert_array_equal(getattr(curve, name)(K), getattr(law, name)(K))
    np.testing.assert_array_equal(curve.exponent(K, loss="nll"), law.exponent(K, loss="nll"))
    assert Memorization(0.3, 2, 0.5).tail_exponent == 0.15
    assert isinstance(curve.failure_rate(3), float)
    assert curve.failure_rate(np.ones((2, 3))).shape == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, 1), "a is 0"), ((1, -1), "b is -1"), ((1, 1, 0), "q is 0"), ((1, 1, 1.5), "q is 1.5")],
)
def test_parameters_out_of_range(arguments, words):
    with pytest.raises(ValueError, match=words):
        Memorization(*arguments)


@pytest.mark.parametrize("k", [0.5, 3.0, 1e4])
def test_exponent_of_the_other_loss(k):
    a, b, q = 0.4, 2.0, 0.6
    with mpmath.workdps(60):
        step = mpmath.mpf("1e-10")
        up, down = (mpmath.log(-mpmath.log(1 - exact(a, b, q, k * (1 + h)))) for h in (step, -step))
        slope = -(up - down) / (mpmath.log(1 + step) - mpmath.log(1 - step))
    assert Memorization(a, b, q).exponent(k, loss="nll") == pytest.approx(float(slope), rel=1e-10)


def test_negative_attempts():
    with pytest.raises(ValueError, match=r"k\[1\] is -1"):
        Memorization(1, 1).failure_rate([1, -1])


# ---------------------------------------------------------------- cost


def test_costs_and_attempts_are_each_other_s_inverse():
    assert inference_flops(3, 10, 7) == 420
    k = np.array([[1.0, 10.0], [0.0, 2.5]])
    flops = inference_flops(k, [10, 20], 1e9)
    np.testing.assert_allclose(flops, 2e9 * k * [10, 20])
    np.testing.assert_allclose(attempts(flops, [10, 20], 1e9), k)
    with pytest.raises(ValueError, match=r"tokens\[0\] is 0"):
        inference_flops(1, [0], 1)


SMALL = Model("small", 1e8, 500, Memorization(0.3, 5))
LARGE = Model("large", 1e10, 500, Memorization(0.9, 2))
MIDDLE = Model("middle", 1e9, 500, Beta(0.6, 3))


@pytest.mark.parametrize("integer", [False, True])
def test_the_best_model_is_the_best_of_all(integer):
    budgets = np.geomspace(1e11, 1e17, 61)
    models = [SMALL, LARGE, MIDDLE]
    found = best_models(models, budgets, integer=integer)
    for i, budget in enumerate(budgets):
        rates = {}
        for model in models:
            k = budget / (2 * model.tokens * model.parameters)
            k = math.floor(k * (1 + 1e-15)) if integer else k
            if k >= 1:
                rates[model.name] = (model.curve.failure_rate(k), k)
        assert found.failure_rate[i] == pytest.approx(min(rates.values())[0], rel=1e-12)
        assert rates[found.names[i]] == (
            pytest.approx(found.failure_rate[i]),
            pytest.approx(found.k[i], rel=1e-14),
        )
    np.testing.assert_allclose(found.pass_at_k, 1 - found.failure_rate)
    assert np.isnan(found.every_failure_rate[0, 1])


def test_changes_are_where_two_models_are_as_good():
    found = best_models([SMALL, LARGE, MIDDLE], [1e17, 1e11])
    names = [change[1:] for change in found.changes]
    assert names == [("small", "middle"), ("middle", "large")]
    by_name = {model.name: model for model in (SMALL, MIDDLE, LARGE)}
    for budget, was, now in found.changes:
        before, after = (
            by_name[name].curve.failure_rate(by_name[name].attempts(budget)) for name in (was, now)
        )
        assert before == pytest.approx(after, rel=1e-7)
    assert best_models([SMALL], 1e11).changes == []


class Other:
    """A curve that has a failure rate alone."""

    def __init__(self, rate):
        self.rate = rate

    def failure_rate(self, k):
        return self.rate(np.asarray(k))


@pytest.mark.parametrize("budgets", [[1e11, 1e18], np.geomspace(1e11, 1e18, 50)])
def test_changes_are_seen_between_budgets_that_agree(budgets):
    """A model that is best in between: where its first attempt can be bought, and up to a crossing."""
    steep = Model("steep", 1e8, 500, Memorization(0.9, 300))
    flat = Model("flat", 1e9, 500, Memorization(0.25, 0.6))
    (start, *names), (end, *back) = best_models([steep, flat], budgets).changes
    assert (names, back) == (["steep", "flat"], ["flat", "steep"])
    assert start == pytest.approx(1e12, rel=1e-8)
    rates = [model.curve.failure_rate(model.attempts(end)) for model in (steep, flat)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-7)


def test_changes_of_whole_attempts():
    """Two attempts of a model against three of one that is cheaper, by hand."""
    dear = Model("dear", 1.5, 1, Empirical([0.6]))  # an attempt costs 3
    cheap = Model("cheap", 1, 1, Empirical([0.45]))  # and 2
    found = best_models([dear, cheap], [2, 7], integer=True)
    # budgets 2, 3, 4, 6: S = 0.55; 0.4; 0.3025; 0.166 against 0.16
    assert [names for _, *names in found.changes] == [["cheap", "dear"], ["dear", "cheap"], ["cheap", "dear"]]
    np.testing.assert_allclose([budget for budget, *_ in found.changes], [3, 4, 6], rtol=1e-8)


def test_rates_near_0_and_1_are_told_apart():
    good, better = (Model(f"{s}", 1, 1, Empirical([s])) for s in (0.5, 0.9))
    found = best_models([good, better], 1e5)
    assert found.names == ["0.9"]  # both rates are below the smallest double
    assert found.failure_rate[0] == 0
    bad, worse = (Model(f"{s}", 1, 1, Empirical([s])) for s in (2e-18, 1e-18))
    found = best_models([worse, bad], 20)
    assert found.names == ["2e-18"]
    assert found.pass_at_k[0] == pytest.approx(2e-17, rel=1e-12)


def test_curves_of_others():
    theirs = Model("theirs", 1e8, 500, Other(lambda k: 0.5**k))
    found = best_models([theirs, Model("never", 1e8, 500, Other(np.ones_like))], [1e11, 1e12, 1e15])
    assert found.names == ["theirs"] * 3
    np.testing.assert_allclose(found.every_failure_rate, [[0.5, 1], [0.5**10, 1], [0, 1]])
    assert found.changes == []


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (lambda k: k * np.nan, r"models\[1\].curve has a failure rate of nan at k = 10.0"),
        (lambda k: -0.5 + 0 * k, r"models\[1\].curve has a failure rate of -0.5 at k = 10.0"),
        (lambda k: 1.5 + 0 * k, r"models\[1\].curve has a failure rate of 1.5"),
        (lambda k: np.ones(k.size + 6), r"models\[1\].curve gives shape \(7,\) for k of shape \(1,\)"),
    ],
)
def test_curves_that_are_none(rate, words):
    with pytest.raises(ValueError, match=words):
        best_models([SMALL, Model("other", 1e8, 500, Other(rate))], 1e12)


@pytest.mark.parametrize(
    ("models", "budgets", "words"),
    [
        ([], 1e12, "models is empty"),
        ([SMALL, SMALL], 1e12, r"models\[1\] has the name 'small', as models\[0\] has"),
        ([SMALL], [1e12, 9e10], r"budgets\[1\] is 90000000000.0: it must be at least 1e\+11"),
        ([SMALL], [1e12, np.nan], r"budgets\[1\] is nan"),
    ],
)
def test_choices_that_cannot_be_made(models, budgets, words):
    with pytest.raises(ValueError, match=words):
        best_models(models, budgets)


def test_models_without_a_curve():
    with pytest.raises(TypeError, match="curve must have a method failure_rate: float has none"):
        Model("x", 1, 1, 0.5)


# ---------------------------------------------------------------- fits


@pytest.mark.parametrize(("a", "b", "q"), [(0.3, 2, 0.5), (1.5, 1, 0.7), (0.05, 0.5, 0.9), (0.8, 40, 1.0)])
def test_what_was_put_into_a_curve_is_found(a, b, q):
    rates = Memorization(a, b, q).failure_rate(K)
    found = fit_curve(K, rates, q=q)
    assert found.curve.a == pytest.approx(a, rel=1e-6)
    assert found.curve.b == pytest.approx(b, rel=1e-6)
    assert found.residual < 1e-8
    assert np.isnan(found.correlation)
    free = fit_curve(K, rates, q=None)
    assert free.exponent == pytest.approx(q * a, rel=1e-3)
    assert free.curve.q == pytest.approx(q, rel=1e-3)


def test_q_and_a_cannot_be_told_apart_and_that_is_said():
    """The correlation follows from the derivatives alone: here of the curve, by differences."""
    a, b, q = 0.3, 2.0, 0.5
    rates = Memorization(a, b, q).failure_rate(K)
    found = fit_curve(K, rates, q=None, stderr=0.01 * rates)
    x = np.log([a, b, q])
    step = 1e-5 * np.eye(3)
    slopes = [
        Memorization(*np.exp(x + h)).log_failure_rate(K) - Memorization(*np.exp(x - h)).log_failure_rate(K)
        for h in step
    ]
    covariance = np.linalg.inv(np.array(slopes) @ np.array(slopes).T / 2e-5**2) * 0.01**2
    errors = np.sqrt(np.diagonal(covariance))
    assert found.correlation == pytest.approx(covariance[0, 2] / (errors[0] * errors[2]), rel=1e-3)
    assert found.correlation < -0.98
    assert "q and a cannot be told apart" in found.message
    np.testing.assert_allclose(list(found.stderr.values()), errors, rtol=1e-3)
    together = math.sqrt(covariance[0, 0] + covariance[2, 2] + 2 * covariance[0, 2])
    low, high = found.interval["exponent"]
    assert math.log(high / low) == pytest.approx(2 * 1.959964 * together, rel=1e-3)
    assert together < errors[0] / 2


def test_intervals_hold_what_was_put_in():
    """90% intervals of a in 100 sets of 300 problems: below 80 with probability 8e-4, above 98 with 3e-4."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        c = rng.binomial(100, rng.beta(0.5, 3, 300))
        low, high = fit_counts(100, c, level=0.9).interval["a"]
        held += low < 0.5 < high
    assert 80 <= held <= 98


def test_intervals_hold_with_q_free():
    """90% intervals in 40 sets of 500 first successes at q = 0.6: below 29 with probability 4e-4 each."""
    rng = np.random.default_rng(3)
    held = dict.fromkeys(("a", "q", "exponent"), 0)
    for _ in range(40):
        first = (rng.standard_exponential(500) / -np.log1p(-rng.beta(0.8, 2, 500))) ** (1 / 0.6)
        failed = first[:, None] > K
        covariance = np.cov(failed, rowvar=False) / 500
        found = fit_curve(K, failed.mean(axis=0), q=None, covariance=covariance, level=0.9)
        for name, true in (("a", 0.8), ("q", 0.6), ("exponent", 0.48)):
            held[name] += found.interval[name][0] < true < found.interval[name][1]
    assert min(held.values()) >= 29


def test_equal_counts_are_counted_once():
    """The fit from distinct counts is the one from the curve of every problem, its errors included."""
    rng = np.random.default_rng(4)
    n = rng.integers(20, 40, 300)
    c = rng.binomial(n, rng.beta(0.5, 2, 300))
    k = [1, 2, 4, 8, 16, 20]
    rates = fail_at_k(n, c, k)
    expected = fit_curve(k, rates.mean(axis=0), covariance=np.cov(rates, rowvar=False) / 300)
    found = fit_counts(n, c, k)
    assert found.curve.a == pytest.approx(expected.curve.a, rel=1e-7)
    assert found.curve.b == pytest.approx(expected.curve.b, rel=1e-7)
    assert found.stderr == pytest.approx(expected.stderr, rel=1e-5)
    many = fit_counts(np.repeat(n, 1000), np.repeat(c, 1000), k)
    assert many.curve.a == pytest.approx(found.curve.a, rel=1e-7)
    assert many.stderr["a"] == pytest.approx(found.stderr["a"] * math.sqrt(299 / 299_999), rel=1e-5)


def test_resamples_without_failures_are_told_of():
    """Of 8 problems 2 fail at all: a resample lacks both with probability (3/4)^8 = 0.1."""
    found = fit_counts(6, [1, 3, *[6] * 6], n_boot=100, rng=0)
    lost = int(found.message.split("; ")[-1].split(" of 100 resamples had too few failures")[0])
    assert 1 <= lost <= 25  # fails with probability 3e-5
    assert found.interval["a"][0] < found.curve.a < found.interval["a"][1]


def test_a_search_that_does_not_end_is_told_of(monkeypatch):
    search = lidfast.memorization.optimize.least_squares
    monkeypatch.setattr(
        lidfast.memorization.optimize,
        "least_squares",
        lambda *args, **named: search(*args, max_nfev=1, **named),
    )
    found = fit_curve(K, Memorization(0.3, 2).failure_rate(K))
    assert "the search for the least squares did not end" in found.message


def test_counts_are_fitted_as_the_likelihood_does():
    """Of the same counts: the two estimates of a differ by less than 0.3 of the standard error."""
    rng = np.random.default_rng(1)
    c = rng.binomial(200, rng.beta(0.4, 3, 2000))
    found, best = fit_counts(200, c), fit(200, c)
    assert abs(math.log(found.curve.a / best.params["a"])) < 0.3 * found.stderr["a"]
    resampled = fit_counts(200, c, n_boot=60, rng=0)
    assert resampled.curve == found.curve
    for name in ("a", "b", "exponent"):
        normal, boot = (math.log(x.interval[name][1] / x.interval[name][0]) for x in (found, resampled))
        assert boot == pytest.approx(normal, rel=0.5)
    assert fit_counts(200, c, n_boot=5, rng=0) == fit_counts(200, c, n_boot=5, rng=0)


def test_correlated_attempts_are_seen():
    """First successes that come as if k attempts were k^0.6, found within 4 standard errors (6e-5)."""
    rng = np.random.default_rng(2)
    s = rng.beta(0.8, 2, 20_000)
    effective = rng.standard_exponential(s.size) / -np.log1p(-s)  # P(T > k) = (1 - s)^k
    first = effective ** (1 / 0.6)
    failed = first[:, None] > K
    found = fit_curve(K, failed.mean(axis=0), q=None, covariance=np.cov(failed, rowvar=False) / s.size)
    assert abs(math.log(found.curve.q / 0.6)) < 4 * found.stderr["q"]
    assert found.interval["exponent"][0] < 0.48 < found.interval["exponent"][1]
    assert found.stderr["q"] < 0.2


def test_what_a_curve_does_not_tell():
    flat = fit_curve([1, 2, 4, 8], np.full(4, 0.7), stderr=np.full(4, 0.01))
    assert "it" in flat.message
    assert flat.curve.a < 1e-3 or flat.stderr["a"] > 1
    straight = fit_curve(K, Memorization(0.4, 3).failure_rate(K), q=None)
    assert straight.interval["q"][1] <= 1


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([1, 2], [0.5]), {}, "failure_rate has 1 elements and k has 2"),
        (([1, 2], [0.5, 0.0]), {}, r"failure_rate\[1\] is 0.0"),
        (([0, 2], [0.5, 0.4]), {}, r"k\[0\] is 0.0"),
        (([1, 1, 2], [0.5, 0.5, 0.4]), {"q": None}, "k has 2 different values: 3 parameters"),
        (([1, 2], [0.5, 0.4]), {"q": 2}, "q is 2"),
        (([1, 2], [0.5, 0.4]), {"stderr": [1, 0]}, r"stderr\[1\] is 0.0"),
        (([1, 2], [0.5, 0.4]), {"stderr": [1]}, "stderr has 1 elements"),
        (([1, 2], [0.5, 0.4]), {"covariance": np.eye(3)}, r"covariance has shape \(3, 3\)"),
        (([1, 2], [0.5, 0.4]), {"covariance": -np.eye(2)}, r"covariance\[0, 0\] is -1.0"),
        (([1, 2], [0.5, 0.4]), {"covariance": [[1, 0.5], [0, 1]]}, r"covariance\[0, 1\] is 0.5"),
        (([1, 2], [0.5, 0.4]), {"covariance": [[1, 2], [2, 1]]}, "eigenvalue -1, below 0"),
        (([1, 2], [0.5, 0.4]), {"covariance": np.eye(2), "stderr": [1, 1]}, "both given"),
    ],
)
def test_curves_that_cannot_be_fitted(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        fit_curve(*arguments, **options)


@pytest.mark.parametrize(
    ("n", "c", "words"),
    [
        (10, [1], "two problems at least"),
        (10, [10, 10], "c: too few k have a problem that failed"),
        (10, [3, 3, 3], "c: at k = 1 all problems have the same failure rate"),
        ([10, 20], [1, 2], "c: at k = 1 all problems have the same failure rate"),
        ([10, 3], [1, 5], r"c\[1\]"),
        ([10, np.nan], [1, 5], r"n\[1\] is nan"),
    ],
)
def test_counts_that_cannot_be_fitted(n, c, words):
    with pytest.raises(ValueError, match=words):
        fit_counts(n, c)


def test_points_beyond_the_counts():
    with pytest.raises(ValueError, match=r"n\[1\] is 3: it must be at least the largest k = 5"):
        fit_counts([10, 3], [1, 2], k=[1, 5])
    with pytest.raises(ValueError, match=r"k is 0|k\[0\] is 0"):
        fit_counts(10, [1, 2], k=[0, 5])
