"""Standard errors of planned studies, beside enumeration in mpmath, and plans beside all pairs."""

import math

import mpmath
import numpy as np
import pytest

import lidfast
from lidfast.difficulty import LID, Beta, Empirical, Kumaraswamy, ZeroInflated
from lidfast.planning import pass_at_k_stderr, plan

INF = float("inf")


def enumerated(moment, n, k):
    """Variance of C(n-c, k) / C(n, k), c from 0 to n, moment(c, f) = E[s^c (1-s)^f], in 60 digits."""
    with mpmath.workdps(60):
        total, mean = mpmath.mpf(0), mpmath.mpf(0)
        for c in range(n - k + 1):
            estimate = mpmath.mpf(math.comb(n - c, k)) / math.comb(n, k)
            p = math.comb(n, c) * moment(c, n - c)
            total, mean = total + p * estimate**2, mean + p * estimate
        return total - mean**2


def beta_moment(a, b):
    a, b = mpmath.mpf(a), mpmath.mpf(b)
    with mpmath.workdps(60):
        scale = mpmath.beta(a, b)
    return lambda c, f: mpmath.beta(a + c, b + f) / scale


@pytest.mark.parametrize(
    ("a", "b", "n", "k"),
    [
        (0.3, 2, 1, 1),
        (0.3, 2, 7, 3),
        (0.3, 2, 30, 30),
        (0.3, 2, 200, 10),
        (1e-3, 1e3, 40, 7),  # hardly anything passes
        (3, 1e8, 50, 2),
        (300, 2, 41, 20),  # hardly anything fails
        (1e-2, 1e-2, 25, 24),
        (50, 5, 300, 150),
    ],
)
def test_stderr_is_that_of_all_outcomes(a, b, n, k):
    want = mpmath.sqrt(enumerated(beta_moment(a, b), n, k) / 10)
    got = pass_at_k_stderr(Beta(a, b), n, k, 10)
    assert got == pytest.approx(float(want), rel=1e-12 * n / k, abs=0)


@pytest.mark.parametrize(
    ("s", "n", "k"), [([0.5], 12, 4), ([0.2, 0.9, 0.0], 9, 2), ([1e-9, 2e-9], 6, 3), ([0.0, 1.0], 8, 3)]
)
def test_stderr_of_given_probabilities(s, n, k):
    values = [mpmath.mpf(x) for x in s]

    def moment(c, f):
        return sum(x**c * (1 - x) ** f for x in values) / len(values)

    want = mpmath.sqrt(enumerated(moment, n, k))
    assert pass_at_k_stderr(Empirical(s), n, k, 1) == pytest.approx(float(want), rel=1e-11, abs=0)


@pytest.mark.parametrize(
    "law",
    [
        Beta(0.3, 2),
        Beta(0.3, 2, m=0.5),
        Kumaraswamy(0.4, 3),
        ZeroInflated(Beta(1, 2), 0.2),
        LID(0.05, 2.5, 1.0, 0.1),
    ],
)
def test_ends_of_the_formula(law):
    k = np.array([1, 10, 500])
    once, twice = law.failure_rate(k), law.failure_rate(2 * k)
    np.testing.assert_allclose(pass_at_k_stderr(law, k, k, 1), np.sqrt(once * (1 - once)), rtol=1e-9)
    np.testing.assert_allclose(pass_at_k_stderr(law, INF, k, 1), np.sqrt(twice - once**2), rtol=1e-9)
    np.testing.assert_allclose(
        pass_at_k_stderr(law, 2.0**53, k, 1), pass_at_k_stderr(law, INF, k, 1), rtol=1e-9
    )


def test_far_tails_keep_their_digits():
    """S(k) is 2e-158 here, whose square is no normal double."""
    law = Beta(3e4, 2)
    assert pass_at_k_stderr(law, 100, 50, 1) == pytest.approx(
        math.exp(law.log_failure_rate(50) / 2), rel=1e-9
    )
    narrow = pass_at_k_stderr(Beta(3, 3e12), INF, 1, 1)  # the standard deviation of s
    assert narrow == pytest.approx(math.sqrt(3) / 3e12, rel=1e-3)


def test_stderr_falls_with_n():
    n = np.append(np.arange(5, 400), [1e6, INF])
    for law in (Beta(0.3, 2), Empirical([0.5]), LID(1.0, 2.5, 1.0, 0.1)):
        assert (np.diff(pass_at_k_stderr(law, n, 5, 10)) < 0).all()


def test_stderr_of_simulated_studies():
    """One z-score, at 4.5: false alarms are below 1e-5."""
    law, rng = Beta(0.3, 2), lidfast.random.default_rng(3)
    n, k, sets = 20, 5, 200_000
    c = rng.binomial(n, law.sample(sets, rng))
    squares = (lidfast.pass_at_k(n, c, k) - law.pass_at_k(k)) ** 2
    z = (squares.mean() - pass_at_k_stderr(law, n, k, 1) ** 2) / (squares.std() / math.sqrt(sets))
    assert abs(z) < 4.5


def test_arguments_broadcast():
    law = Beta(0.3, 2)
    found = pass_at_k_stderr(law, [[20], [50]], [5, 10, 20], 100)
    assert found.shape == (2, 3)
    assert found[1, 2] == pass_at_k_stderr(law, 50, 20, 100)
    assert isinstance(pass_at_k_stderr(law, 50, 20, 100), float)
    np.testing.assert_allclose(pass_at_k_stderr(law, 50, 20, [1, 4, 100]) / found[1, 2], [10, 5, 1])


def cheapest_of_all(law, k, width, fixed, each, few):
    """Cost of the best of all n, as far as any could be best."""
    z = 1.959963984540054
    n = np.append(np.arange(k, 3000.0), INF)
    problems = np.maximum(few, np.ceil((2 * z / width * pass_at_k_stderr(law, n, k, 1)) ** 2))
    cost = problems[:-1] * (fixed + n[:-1] * each)
    assert problems[-1] * (fixed + n[-2] * each) > cost.min()
    return cost.min()


@pytest.mark.parametrize(
    ("law", "k", "width", "fixed", "each", "few"),
    [
        (Beta(0.3, 2), 1, 0.05, 0, 1, 1),
        (Beta(0.3, 2), 10, 0.1, 30, 1, 30),
        (Beta(2, 30), 4, 0.02, 7, 0.1, 30),
        (Beta(2, 30), 4, 0.2, 7, 0.1, 2),
        (Empirical([0.5]), 1, 0.1, 0, 1, 1),  # all n cost about the same
        (Empirical([0.1, 0.9]), 3, 0.03, 1000, 1, 1),
        (Empirical([1.0]), 3, 0.03, 10, 1, 1),  # nothing varies
    ],
)
def test_plan_is_the_cheapest_of_all(law, k, width, fixed, each, few):
    found = plan(law, k, width, problem_cost=fixed, attempt_cost=each, min_problems=few)
    assert found.cost == pytest.approx(cheapest_of_all(law, k, width, fixed, each, few), rel=1e-13)
    assert found.cost == pytest.approx(found.problems * (fixed + found.n * each))
    assert found.attempts == found.n * found.problems
    assert found.width <= width * (1 + 1e-12)
    assert found.width == pytest.approx(
        2 * 1.959963984540054 * pass_at_k_stderr(law, found.n, k, found.problems), rel=1e-12
    )


def test_plan_with_attempts_given():
    found = plan(Beta(0.3, 2), 10, 0.1, n=50)
    assert (found.n, found.problems) == (50, 255)
    half = plan(Beta(0.3, 2), 10, 0.05, n=50, level=0.95)
    assert half.problems == pytest.approx(4 * 255, abs=4)


def test_planned_study_has_the_width():
    """Of the normal interval of the curve, in a study that is drawn; its own error is about 3%."""
    law, rng = Beta(0.3, 2), lidfast.random.default_rng(5)
    found = plan(law, 10, 0.1, problem_cost=100)
    c = rng.binomial(found.n, law.sample(found.problems, rng))
    curve = lidfast.pass_at_k_curve(np.full(found.problems, found.n), c, [10])
    assert curve.upper[0] - curve.lower[0] == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pass_at_k_stderr(Beta(1, 1), [5, 3], 4, 10), r"n\[1\] is 3.*at least k"),
        (lambda: pass_at_k_stderr(Beta(1, 1), 5, [1, 0], 10), r"k\[1\] is 0"),
        (lambda: pass_at_k_stderr(Beta(1, 1), 5, 1, 0), "problems is 0"),
        (lambda: pass_at_k_stderr(Beta(1, 1), [5, 6], [1, 2, 3], 1), "do not broadcast"),
        (lambda: plan(Beta(1, 1), 0, 0.1), "k is 0"),
        (lambda: plan(Beta(1, 1), 5, 1.5), "width is 1.5"),
        (lambda: plan(Beta(1, 1), 5, 0.1, n=4), "n is 4"),
        (lambda: plan(Beta(1, 1), 5, 0.1, level=1.0), "level is 1"),
        (lambda: plan(Beta(1, 1), 5, 0.1, attempt_cost=0), "attempt_cost is 0"),
        (lambda: plan(Beta(1, 1), 5, 0.1, problem_cost=-1), "problem_cost is -1"),
        (lambda: plan(Beta(1, 1), 5, 0.1, min_problems=0), "min_problems is 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
