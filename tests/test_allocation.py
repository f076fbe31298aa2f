"""Splitting a budget: brute force over all pairs, derivatives taken independently, closed forms, limits.

Searches run on a model whose failure rate is a simple formula, so that all pairs can be tried; a few
on the exact curves.
"""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from lidfast import LIDModel, allocation
from lidfast.allocation import cheapest, frontier, optimal, power_law_optimum

MODEL = LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)


class Rule:
    """S(k; V) = (1 + k q)^-2.5 with q = e^(-20 V) / 10: a law of failure that costs nothing."""

    def __init__(self, V):
        self.q = 0.1 * math.exp(-min(20 * V, 600))

    def _curve(self, k):
        return -2.5 * np.log1p(k * self.q), 2.5 * k * self.q / (1 + k * self.q)

    def log_failure_rate(self, k):
        return self._curve(np.asarray(k))[0]

    def failure_rate(self, k):
        return np.exp(self.log_failure_rate(k))

    def exponent(self, k):
        return self._curve(k)[1]


class Simple(LIDModel):
    """Ridge regression with its double descent, and the simple rule."""

    def _difficulty_at(self, risk):
        return Rule(risk)


SIMPLE = Simple(12, 3.0, sigma=0.2, ridge=1e-6)
LIMIT = 60
RISKS = SIMPLE.generalization_error(np.arange(1.0, LIMIT + 1))
FAILURES = np.array([Rule(risk).failure_rate(np.arange(1.0, LIMIT + 1)) for risk in RISKS])
COSTS = st.sampled_from([1.0, 0.1, 0.3, 1 / 3, 2.5, 7.0, math.pi])


def pairs(budget, train, attempt):
    """Whether the budget buys N and k, for all of them."""
    n = np.arange(1, LIMIT + 1)
    return n[:, None] * train + n * attempt <= budget * (1 + 4e-15)


@settings(max_examples=7)
@given(
    share=st.floats(0, 1),
    train=COSTS,
    attempt=COSTS,
    weight=st.sampled_from([0.0, 1e-3, 1.0, 20.0]),
)
def test_against_all_pairs(share, train, attempt, weight):
    # so that neither N nor k passes the limit
    least = train + attempt
    budget = max(least, least + share * (LIMIT * min(train, attempt) - least))
    bought = pairs(budget, train, attempt)
    losses = np.where(bought, weight * RISKS[:, None] + FAILURES, np.inf)
    whole = optimal(SIMPLE, budget, train, attempt, weight, integer=True)
    assert whole.loss == pytest.approx(losses.min(), rel=1e-10)
    assert losses[whole.N - 1, whole.k - 1] == pytest.approx(whole.loss, rel=1e-12)
    real = optimal(SIMPLE, budget, train, attempt, weight)
    assert real.loss <= whole.loss * (1 + 1e-10)
    assert real.N >= 1
    assert real.k >= 1
    assert real.cost == pytest.approx(budget, rel=1e-12)
    # a fine grid of the budget line
    fine = np.linspace(1, max(1, (budget - attempt) / train), 500)
    with np.errstate(over="ignore"):
        risk = SIMPLE.generalization_error(fine)
    rate = [
        Rule(v).failure_rate(max(1, (budget - n * train) / attempt)) for v, n in zip(risk, fine, strict=True)
    ]
    assert real.loss <= (weight * risk + rate).min() * (1 + 1e-9)


@pytest.mark.parametrize(("train", "attempt"), [(1.0, 1.0), (0.7, 31.0), (57.0, 0.3)])
def test_large_budgets_in_integers(train, attempt):
    """Against all N, each with the k that the rest buys."""
    budget = 123_456.7
    split = optimal(SIMPLE, budget, train, attempt, 1e-3, integer=True)
    N = np.arange(1, (budget - attempt) // train + 1)
    near = np.abs(N / split.N - 1) < 0.05
    N = N[near]
    k = np.floor((budget * (1 + 4e-15) - N * train) / attempt)
    risk = SIMPLE.generalization_error(N)
    q = 0.1 * np.exp(-20 * risk)
    losses = 1e-3 * risk + np.exp(-2.5 * np.log1p(k * q))
    assert split.loss == pytest.approx(losses.min(), rel=1e-11)
    assert split.cost <= budget


def test_both_sides_of_the_peak():
    """The best N jumps over the peak at N = d as the budget grows; it is the best of all each time."""
    found = frontier(SIMPLE, [14, 18], 1, 1, 0.0)
    assert found.N[0] < 9
    assert found.N[1] > 15
    for budget, loss in zip(found.budget, found.loss, strict=True):
        N = np.linspace(1, budget - 1, 500)
        risks = SIMPLE.generalization_error(N)
        least = min(Rule(risk).failure_rate(budget - n) for risk, n in zip(risks, N, strict=True))
        assert least * (1 - 1e-5) < loss <= least


def test_monotone_in_the_budget():
    budgets = np.geomspace(2.1, 1e4, 9)
    found = frontier(SIMPLE, budgets, 1, 1)
    assert (np.diff(found.loss) <= 0).all()
    assert found.N[0] < 2
    for i in (0, 5):
        alone = optimal(SIMPLE, budgets[i], 1, 1)
        np.testing.assert_allclose(astuple(found[i])[2], alone.loss, rtol=1e-11)
        np.testing.assert_allclose(astuple(found[i]), astuple(alone), rtol=1e-4)
    # order and shape of what is given do not matter
    again = frontier(SIMPLE, budgets[[7, 3]], 1, 1)
    np.testing.assert_allclose(again.loss, found.loss[[7, 3]], rtol=1e-11)


def test_saturation():
    found = frontier(SIMPLE, np.geomspace(20, 1e5, 6)[::-1], 1, 1, 0.0)
    assert found.saturation == found.saturated.sum() - 1  # budgets fall
    assert 0 < found.saturation < 5
    np.testing.assert_array_equal(found.saturated, found.beta_eff >= 0.99 * found.beta_eff_limit)
    law = Rule(0)
    np.testing.assert_allclose(found.beta_eff_limit, [law.exponent(k) for k in found.k])
    assert frontier(SIMPLE, [20, 30], 1, 1).saturation is None
    assert len(found) == 6
    calls = []
    frontier(SIMPLE, [20, 30], 1, 1, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 2), (1, 2), (2, 2)]


@settings(max_examples=4)
@given(log_target=st.floats(-30, 0), train=COSTS, attempt=COSTS)
def test_cheapest_against_a_grid(log_target, train, attempt):
    target = math.exp(log_target)
    split = cheapest(SIMPLE, target, train, attempt)
    assert split.failure_rate <= target * (1 + 1e-10)
    assert split.loss == split.failure_rate
    sizes = np.geomspace(1, 1e5, 1000)
    risk = SIMPLE.generalization_error(sizes)
    with np.errstate(over="ignore"):
        k = np.maximum(1, np.expm1(-log_target / 2.5) * 10 * np.exp(20 * risk))
    least = (sizes * train + k * attempt).min()
    assert split.cost == pytest.approx(split.N * train + split.k * attempt)
    assert least * (1 - 1e-3) <= split.cost <= least * (1 + 1e-9)


def test_cheapest_at_the_ends():
    certain = cheapest(SIMPLE, 1.0, 2.0, 3.0)
    assert (certain.N, certain.k, certain.cost) == (1.0, 1.0, 5.0)
    with pytest.raises(ValueError, match="target_failure is 1e-100"):
        cheapest(SIMPLE, 1e-100, 1, 1)


# ---------------------------------------------------------------- the exact curves


def test_at_the_optimum_the_last_cent_buys_the_same():
    """-[R L' + dS/dN] / c_N = -[dS/dk] / c_k, by central differences."""
    train, attempt, weight = 2.0, 0.5, 0.1
    split = optimal(MODEL, 150.0, train, attempt, weight)

    def loss(N, k):
        return weight * MODEL.generalization_error(N) + MODEL.failure_rate(N, k)

    h = 1e-4
    by_n = (loss(split.N * (1 + h), split.k) - loss(split.N * (1 - h), split.k)) / (2 * h * split.N)
    by_k = (loss(split.N, split.k * (1 + h)) - loss(split.N, split.k * (1 - h))) / (2 * h * split.k)
    assert by_n / train == pytest.approx(by_k / attempt, rel=1e-4)
    assert split.loss == pytest.approx(loss(split.N, split.k), rel=1e-12)
    assert split.train_share == pytest.approx(split.N * train / 150, rel=1e-12)


def test_exact_curves_the_cheapest():
    split = cheapest(MODEL, 0.2, 1.0, 2.0)
    assert MODEL.failure_rate(split.N, split.k) == pytest.approx(0.2, rel=1e-10)
    for shift in (0.97, 1.03):
        k = (split.cost - shift * split.N) / 2  # what is left buys too few attempts
        assert MODEL.failure_rate(shift * split.N, k) > 0.2


# ---------------------------------------------------------------- power laws


@pytest.mark.parametrize("weight", [1e-6, 1.0, 1e4])
def test_power_laws_against_a_search(weight):
    powers = {"risk_amplitude": 3.0, "risk_exponent": 1.0, "failure_amplitude": 40.0, "failure_exponent": 2.5}
    split = power_law_optimum(1000, 2, 0.7, weight, **powers)
    found = optimize.minimize_scalar(
        lambda n: weight * 3 / n + 40 * ((1000 - 2 * n) / 0.7) ** -2.5,
        bounds=(1, (1000 - 0.7) / 2),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert split.loss == pytest.approx(found.fun, rel=1e-9)
    assert 2 * split.N + 0.7 * split.k == pytest.approx(1000, rel=1e-13)
    if weight == 1:
        left, right = 3 * split.N**-2 / 2, 40 * 2.5 * split.k**-3.5 / 0.7
        assert left == pytest.approx(right, rel=1e-10)


def test_power_laws_at_the_ends():
    powers = {"risk_amplitude": 1, "risk_exponent": 1, "failure_amplitude": 1, "failure_exponent": 2}
    assert power_law_optimum(10, 1, 1, 0.0, **powers).N == 1
    assert power_law_optimum(10, 1, 1, 1e9, **powers).k == 1
    only = power_law_optimum(2, 1, 1, **powers)
    assert (only.N, only.k, only.loss) == (1, 1, 2)


def test_a_budget_of_one_each():
    """Costs that are not exact do not refuse it: 0.1 + 0.2 is a little more than 0.3."""
    for integer in (True, False):
        split = optimal(SIMPLE, 0.3, 0.1, 0.2, integer=integer)
        assert (split.N, split.k) == (1, pytest.approx(1))
    split = optimal(SIMPLE, 1.0, 0.1, 0.1, integer=True)
    assert split.N + split.k == 10


def test_large_budgets_follow_the_power_laws():
    """Without a ridge L tends to v d / N, and S to P k^-beta where training has saturated."""
    model = LIDModel(5, 2.5, sigma=0.1, delta=0.05, ridge=0.0)
    split = optimal(model, 1e7, 1, 1)
    powers = {
        "risk_amplitude": model.noise_variance * 5,
        "risk_exponent": 1,
        "failure_amplitude": model.difficulty(1e9).amplitude,
        "failure_exponent": 2.5,
    }
    closed = power_law_optimum(1e7, 1, 1, **powers)
    np.testing.assert_allclose([split.N, split.loss], [closed.N, closed.loss], rtol=1e-4)
    assert split.k == pytest.approx(closed.k, rel=1e-2)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optimal(MODEL, 1.9, 1, 1), r"budgets\[0\] is 1.9: .*train_cost \+ attempt_cost = 2"),
        (lambda: optimal(MODEL, 1e9, 1, 1e-7), "attempt_cost"),
        (lambda: optimal(MODEL, 100, 0, 1), "train_cost"),
        (lambda: optimal(MODEL, 100, 1, -1), "attempt_cost"),
        (lambda: optimal(MODEL, 100, 1, 1, -1), "risk_weight"),
        (lambda: optimal(MODEL, math.nan, 1, 1), "budget"),
        (lambda: optimal(LIDModel(20, 2.0), 100, 1, 1), "beta is 2"),
        (lambda: cheapest(LIDModel(20, 1.5), 0.5, 1, 1), "beta is 1.5"),
        (lambda: cheapest(MODEL, 0, 1, 1), "target_failure"),
        (lambda: frontier(MODEL, [[10, 20]], 1, 1), "one dimension"),
        (
            lambda: power_law_optimum(
                1, 1, 1, risk_amplitude=1, risk_exponent=1, failure_amplitude=1, failure_exponent=1
            ),
            "budget is 1",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_model_must_be_one():
    with pytest.raises(TypeError, match="LIDModel"):
        optimal(object(), 100, 1, 1)


def test_a_peak_without_a_ridge():
    """At N = d the risk is infinite; the search walks around it, and whole pairs never take it."""
    model = Simple(12, 3.0, sigma=0.2, ridge=0.0)
    split = optimal(model, 24.0, 1, 1, integer=True)
    assert split.N != 12
    assert np.isfinite(split.loss)
    assert optimal(model, 24.0, 1, 1).loss <= split.loss
    assert allocation.optimal is optimal
