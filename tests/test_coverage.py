"""Coverage at a cost against enumeration, direct recursions and attempt-by-attempt loops."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lidfast
from lidfast import _policies, _renewal, coverage
from lidfast._policies import NEVER, Problems
from lidfast.coverage import (
    Coverage,
    cost_per_solved,
    exponent_cost,
    exponent_from_rounds,
    posterior_index,
    replay,
    reset_and_discard,
    savings,
    simulate,
    solve_to_completion,
)
from lidfast.difficulty import LID, Beta, Empirical, Kumaraswamy, ZeroInflated, fit

REFERENCE = Beta(0.3, 2)
LAWS = {
    "beta": REFERENCE,
    "finite mean": Beta(3, 2),
    "uniform": Beta(1, 1),
    "kumaraswamy": Kumaraswamy(0.5, 3, m=0.8),
    "unsolvable share": ZeroInflated(Beta(0.5, 0.5), 0.2),
    "lid": LID(0.1, 2.5, 1.0, 0.1),
    "three values": Empirical([0.1, 0.3, 1.0]),
    "certain": Empirical([1.0]),
    "hopeless": Empirical([0.0]),
}


# ---------------------------------------------------------------- theory


def test_reference_values_of_the_theory():
    expected = [
        7.666666666666667,
        8.924528301886792,
        12.051890465388956,
        22.85485612187009,
        56.955706011485354,
    ]
    np.testing.assert_allclose(cost_per_solved(REFERENCE, [1, 2, 5, 20, 100]), expected, rtol=1e-13)
    near, far = solve_to_completion(REFERENCE, [10**5, 10**6])
    assert near == pytest.approx(22.271454, abs=5e-7)
    assert far == pytest.approx(45.4241, abs=5e-5)
    assert reset_and_discard(REFERENCE, 10**5) == pytest.approx(13043.478260869566, rel=1e-13)
    large = 10**6
    cost = np.array([1, 4.0892, 12.2551, 40.3458])
    found = reset_and_discard(REFERENCE, np.round(cost * large).astype(int), pool=large) / large
    np.testing.assert_allclose(found, [0.1304, 0.3393, 0.5362, 0.7084], atol=5e-5)


@pytest.mark.parametrize("r", [None, 1, 2, 7, 300, 600])
@pytest.mark.parametrize("name", LAWS)
def test_renewals_against_the_recursion(name, r):
    last = 500
    rates = LAWS[name].failure_rate(np.arange(last + 2.0))
    solved, spent = np.zeros(last + 1), np.zeros(last + 1)
    until = min(r or last, last)
    solved[1 : until + 1] = rates[:until] - rates[1 : until + 1]
    spent[:] = solved
    if r is not None and r <= last:
        spent[r] += rates[r]
    starts = np.zeros(last + 1)
    starts[0] = 1
    for t in range(1, last + 1):
        starts[t] = spent[1 : t + 1] @ starts[t - 1 :: -1][:t]
    expected = np.cumsum(np.convolve(solved, starts)[: last + 1])
    t = np.arange(last + 1)
    found = solve_to_completion(LAWS[name], t) if r is None else reset_and_discard(LAWS[name], t, r=r)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * max(1, expected[-1]))


@pytest.mark.parametrize("name", ["beta", "finite mean", "uniform", "kumaraswamy", "unsolvable share", "lid"])
def test_the_inverse_transform_where_the_renewals_are_known(name):
    t = np.array([2**16, 100_000, 2**17])
    exact = _renewal.renewals(LAWS[name], 2**17)[t]
    np.testing.assert_allclose(_renewal.renewals_far(LAWS[name], t), exact, rtol=2e-6, atol=0)


def test_far_renewals_have_their_asymptotes():
    amplitude = math.gamma(2.3) / math.gamma(2)
    t = 10**12
    law = math.sin(0.3 * math.pi) / (0.3 * math.pi) * t**0.3 / amplitude - 1
    assert solve_to_completion(REFERENCE, t) == pytest.approx(law, rel=3e-6)
    assert solve_to_completion(Beta(3, 2), t) == pytest.approx(t / 2, rel=3e-6)
    assert solve_to_completion(LAWS["unsolvable share"], t) == pytest.approx(4, rel=1e-5)
    # resets often within t: a line
    near, far = reset_and_discard(REFERENCE, [10**6, 10**7], r=20)
    assert near == pytest.approx(_renewal.renewals(REFERENCE, 10**6, 20)[-1], rel=1e-11)
    assert far - near == pytest.approx((10**7 - 10**6) / cost_per_solved(REFERENCE, 20), rel=1e-9)


@pytest.mark.parametrize("name", ["beta", "finite mean", "kumaraswamy", "lid", "three values"])
def test_sums_of_failure_rates(name):
    n = np.array([0, 1, 5, 4095, 4096, 4097, 5000, 20_000, 20_001, 50_000])
    sums = np.concatenate([[0], np.cumsum(LAWS[name].failure_rate(np.arange(50_000.0)))])
    np.testing.assert_allclose(_renewal.attempts(LAWS[name], n), sums[n], rtol=1e-12)


def test_long_sums_of_failure_rates():
    with mpmath.workdps(40):
        a, b = mpmath.mpf("0.3"), mpmath.mpf(2)
        exact = [
            (mpmath.beta(a - 1, b) - mpmath.gammaprod([a - 1, b + n], [a + b - 1 + n])) / mpmath.beta(a, b)
            for n in (10**7, 10**12, 10**15)
        ]
    found = _renewal.attempts(Beta(0.3, 2), np.array([10**7, 10**12, 10**15]))
    np.testing.assert_allclose(found, [float(x) for x in exact], rtol=1e-12)


def test_mean_attempts():
    assert cost_per_solved(Beta(1.05, 2), math.inf) == pytest.approx(2.05 / 0.05, rel=1e-10)
    assert cost_per_solved(LAWS["three values"], math.inf) == pytest.approx(43 / 9, rel=1e-12)
    assert cost_per_solved(LAWS["certain"], math.inf) == 1
    for name in ("beta", "uniform", "lid", "hopeless", "unsolvable share"):
        assert cost_per_solved(LAWS[name], math.inf) == math.inf
    np.testing.assert_allclose(cost_per_solved(Beta(3, 2), [[1, math.inf]]), [[5 / 3, 2]])


@settings(deadline=None, max_examples=40)
@given(a=st.floats(0.05, 5), b=st.floats(0.05, 50), m=st.sampled_from([1.0, 0.4]))
def test_the_cost_of_a_solved_problem_does_not_fall_with_r(a, b, m):
    costs = cost_per_solved(Beta(a, b, m), [1, 2, 3, 10, 100, 5000, 10**6])
    assert np.all(np.diff(costs) >= -1e-11 * costs[1:])


def enumerated(rates, problems, r, last):
    """Expected coverage of a pool, by the law of all states (place, attempts there, failures of each)."""
    found, states = [Fraction(0)], {(0, 0, (0,) * problems): Fraction(1)}
    for _ in range(last):
        solved, following = Fraction(0), {}
        for (place, visit, failures), p in states.items():
            if max(failures) < 0:
                continue
            while failures[place] < 0:  # solved
                place, visit = (place + 1) % problems, 0
            n = failures[place]
            success = 1 - rates[n + 1] / rates[n]
            solved += p * success
            for after, share in ((-1, success), (n + 1, 1 - success)):
                state = (*failures[:place], after, *failures[place + 1 :])
                stays = after >= 0 and visit + 1 < r
                key = (place, visit + 1, state) if stays else ((place + 1) % problems, 0, state)
                following[key] = following.get(key, 0) + p * share
        states = following
        found.append(found[-1] + solved)
    return [float(x) for x in found]


@pytest.mark.parametrize("r", [1, 2, 3, 50])
@pytest.mark.parametrize("problems", [1, 2, 3, 4])
def test_small_pools_against_full_enumeration(problems, r):
    last = 12 if problems < 4 else 10
    t = np.arange(last + 1)
    # S(j) = 1 / (1 + j), and (1/2 + 1/2^j / 2): a law with hopeless problems
    for law, rates in (
        (Beta(1, 1), [Fraction(1, 1 + j) for j in range(last + 2)]),
        (Empirical([0.0, 0.5]), [(1 + Fraction(1, 2**j)) / 2 for j in range(last + 2)]),
    ):
        expected = enumerated(rates, problems, r, last)
        np.testing.assert_allclose(
            reset_and_discard(law, t, r=r, pool=problems), expected, rtol=1e-12, atol=1e-12
        )
        if r > last:
            found = solve_to_completion(law, t, pool=problems)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_pool_against_convolutions():
    """Attempt t succeeds with the hazard of the round it is in: E C(t) = sum_n h_n E[attempts of round n]."""
    problems, last = 9, 60
    rates = REFERENCE.failure_rate(np.arange(last + 2.0))
    t, before, expected = np.arange(last + 1), np.zeros(last + 1), np.zeros(last + 1)
    for n in range(1, last + 1):
        spent = np.append(np.append(0, rates[: n - 1] - rates[1:n]), rates[n - 1])
        total = np.ones(1)
        for _ in range(problems):
            total = np.convolve(total, spent)
        within = np.array([total @ np.minimum(np.arange(total.size), limit) for limit in t])
        expected += (1 - rates[n] / rates[n - 1]) * (within - before)
        before = within
    np.testing.assert_allclose(
        reset_and_discard(REFERENCE, t, pool=problems), expected, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("r", [1, 7])
def test_the_fluid_limit_beside_the_exact_pool(r):
    t = np.array([100, 1000, 3000, 9000])
    exact = _renewal.Pool(REFERENCE, 1000, r, 9000).exact()[t]
    fluid = _renewal.pool_fluid(REFERENCE, t, r, 1000)
    assert np.all(np.abs(fluid - exact) < 0.2)
    assert _renewal.pool_fluid(LAWS["certain"], np.array([5, 10, 20]), r, 10).tolist() == [5, 10, 10]


def test_pools_too_large_for_exactness():
    """Above, the fluid limit; to completion a pool that hardly ever runs out is endless."""
    rounds = np.array([1, 1000, 10**6])
    t = np.round(10**6 * _renewal.attempts(REFERENCE, rounds)).astype(int)
    found = reset_and_discard(REFERENCE, t, pool=10**6)
    np.testing.assert_allclose(found, 10**6 * REFERENCE.pass_at_k(rounds), rtol=1e-6)
    assert solve_to_completion(REFERENCE, 10**8, pool=10**4) == solve_to_completion(REFERENCE, 10**8)
    with pytest.raises(ValueError, match="t is 100000000: a pool of 100"):
        solve_to_completion(REFERENCE, 10**8, pool=100)


def test_the_posterior_index_is_the_hazard():
    index = posterior_index(Beta(1, 1))
    failures, cost = np.array([4, 0, 4, 9]), np.array([1.0, 2.0, 4.0, 1.0])
    np.testing.assert_allclose(index(failures, cost), 1 / (failures + 2) / cost, rtol=1e-13)


# ---------------------------------------------------------------- the policies, one attempt at a time


def walked(problems, budget, policy, r=1):
    """Carry out a policy attempt by attempt; what it is said to do, with no thought of speed."""
    size = problems.ends.size
    tried, over = np.zeros(size, dtype=int), np.zeros(size, dtype=bool)
    spent, events = 0.0, []
    place = visit = 0
    while not over.all() and spent <= budget.max():
        if callable(policy):
            index = np.array(policy(tried, problems.cost), dtype=float)
            index[over] = -np.inf
            place = int(np.flatnonzero(~over & (index == index[~over].max()))[0])
        else:
            while over[place]:
                place, visit = (place + 1) % size, 0
        spent += problems.cost[place]
        tried[place] += 1
        visit += 1
        if tried[place] == problems.ends[place]:
            over[place] = True
            events.append((spent, problems.solved[place], problems.accepted[place]))
        if policy == "reset" and visit == r:
            place, visit = (place + 1) % size, 0
    return np.array([[sum(e[i] for e in events if e[0] <= b) for b in budget] for i in (1, 2)], dtype=float)


def free(owner, number):
    raise AssertionError


@st.composite
def pools(draw):
    size = draw(st.integers(1, 6))
    ends = draw(st.lists(st.one_of(st.integers(1, 9), st.just(NEVER)), min_size=size, max_size=size))
    cost = draw(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=size, max_size=size))
    accepted = np.array(ends) < NEVER
    solved = accepted & np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    budget = np.sort(draw(st.lists(st.integers(0, 60), min_size=1, max_size=4)).copy()).astype(float)
    return Problems(np.array(ends), accepted, solved, np.array(cost)), budget


@settings(deadline=None, max_examples=150)
@given(pools(), st.sampled_from([1, 2, 3, NEVER]))
def test_passes_are_what_they_say(pool, r):
    problems, budget = pool
    expected = walked(problems, budget, "reset", r)
    np.testing.assert_array_equal(_policies.in_passes(problems, budget, r), expected)

    def price(owner, _number):
        return problems.cost[owner]

    by_index = _policies.by_index(problems, budget, lambda n, _: -(n // r), price)
    np.testing.assert_array_equal(by_index, expected)


@settings(deadline=None, max_examples=150)
@given(pools(), st.lists(st.integers(0, 5), min_size=12, max_size=12), st.booleans())
def test_an_index_of_any_shape_is_followed(pool, values, of_cost):
    """Indices that rise and fall with failures, with ties."""
    problems, budget = pool
    table = np.array(values, dtype=float)

    def index(failures, cost):
        return table[failures % 12] / (cost if of_cost else 1)

    expected = walked(problems, budget, index)
    found = _policies.by_index(problems, budget, index, lambda owner, _: problems.cost[owner])
    np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=60)
@given(pools())
def test_rounds_are_passes_in_every_order(pool):
    """At the ends of rounds, where the order does not matter."""
    problems, _ = pool
    equal = Problems(problems.ends, problems.accepted, problems.solved, np.ones(problems.ends.size))
    for n in (0, 1, 2, 5, 8):
        spent = np.minimum(equal.ends, n).sum()
        found = _policies.in_rounds([(equal.ends, equal.solved)], np.array([float(spent)]))
        ended = equal.ends <= n
        np.testing.assert_allclose(
            found[:, 0], [(equal.solved & ended).sum(), (equal.accepted & ended).sum()]
        )


def test_rounds_with_few_and_many_attempts():
    ends = np.array([1, 3, 3, 10**5, 10**7, NEVER])
    everything = ends < NEVER
    problems = Problems(ends, everything, everything, np.ones(6))
    budget = np.array([1.0, 6, 11, 16, 4 * 10**5, 10**6, 10**7, 10**8])
    # At the ends of rounds, and inside those that solve nothing, orders agree.
    ordered = _policies.in_passes(problems, budget, 1)[0]
    found = _policies.in_rounds([(ends[:2], everything[:2]), (ends[2:], everything[2:])], budget)[0]
    assert found[[1, 3, 4, 5, 6, 7]].tolist() == ordered[[1, 3, 4, 5, 6, 7]].tolist()
    assert found[0] == pytest.approx(1 / 6)


# ---------------------------------------------------------------- simulation

# A z-score of a mean over 100 runs and more is close to normal: |z| > 4.5 has probability 7e-6, of some 200
# here 1.4e-3 in all.
LIMIT = 4.5


def z_scores(found, expected):
    spread = np.where(found.stderr > 0, found.stderr, np.inf)
    return (found.coverage - expected) / spread


@pytest.mark.parametrize("policy", ["r = 1", "r = 2", "r = 20", "to completion"])
@pytest.mark.parametrize("name", ["beta", "kumaraswamy", "unsolvable share", "lid"])
def test_simulation_against_theory(name, policy):
    law, t = LAWS[name], [10, 50, 200, 600]
    if policy == "to completion":
        how, theory = {"policy": "solve_to_completion"}, solve_to_completion
    else:
        how, theory = {"r": int(policy[4:])}, reset_and_discard
    options = {"r": how["r"]} if "r" in how else {}
    for pool in (None, 30):
        found = simulate(law, t, pool=pool, runs=150, rng=11, **how)
        expected = theory(law, t, pool=pool, **options)
        assert np.abs(z_scores(found, expected)).max() < LIMIT
        assert found.coverage[-1] == pytest.approx(expected[-1], rel=0.2)


def test_simulation_against_theory_of_a_fitted_difficulty():
    rng = np.random.default_rng(5)
    c = rng.binomial(50, rng.beta(0.4, 1.5, 200))
    law = fit(np.full(200, 50), c).difficulty
    t = np.array([100, 1000, 5000])
    found = simulate(law, t, pool=500, runs=200, rng=3)
    assert np.abs(z_scores(found, reset_and_discard(law, t, pool=500))).max() < LIMIT


def test_costs_spread_about_their_mean():
    """Endless supply, one attempt a visit: attempts within t are a renewal process of mean about t / cost."""
    t, cost, spread = np.array([500.0]), 2.0, 0.5
    found = simulate(REFERENCE, t, cost=cost, cost_spread=spread, runs=300, rng=1)
    attempts = t / cost + (spread**2 - 1) / 2  # the renewal theorem
    assert np.abs(z_scores(found, attempts * REFERENCE.pass_at_k(1))).max() < LIMIT
    # On a pool that is all reached, costs only move when problems are solved.
    pool = simulate(Beta(3, 2), [10**6], pool=50, cost_spread=spread, runs=2, rng=1)
    assert pool.coverage == 50


def test_costs_of_problems():
    """By problem, or by success probability: hard problems that cost more make coverage dearer."""
    costs = np.where(np.arange(100) % 2, 1.0, 3.0)
    by_problem = simulate(REFERENCE, [100, 200, 4000], pool=100, cost=costs, runs=200, rng=2)
    whole_round = reset_and_discard(REFERENCE, 100, pool=100)
    assert abs((by_problem.coverage[1] - whole_round) / by_problem.stderr[1]) < LIMIT

    def tokens(s, _rng):
        return 1 + 4 * (s < 0.1)

    dear = simulate(REFERENCE, [300, 3000], pool=100, cost=tokens, runs=50, rng=2)
    cheap = simulate(REFERENCE, [300, 3000], pool=100, runs=50, rng=2)
    assert np.all(dear.coverage < cheap.coverage)
    endless = simulate(REFERENCE, [300, 3000], cost=tokens, runs=20, rng=2)
    assert np.all(endless.coverage < reset_and_discard(REFERENCE, [300, 3000]))


def test_a_verifier_that_errs():
    """Of a pool that is exhausted E[right / accepted] is solved, and all that is ever accepted is."""
    law = Empirical([0.05, 0.2, 0.6])
    right = law.s * 0.8
    accept = right + (1 - law.s) * 0.03
    for r in (1, 3):
        found = simulate(
            law, [10**5], pool=300, r=r, false_positive=0.03, false_negative=0.2, runs=200, rng=4
        )
        assert found.accepted == 300
        assert abs(z_scores(found, 300 * np.mean(right / accept))).max() < LIMIT
    # Endless supply, one attempt each.
    found = simulate(law, [1000], false_positive=0.03, false_negative=0.2, runs=200, rng=4)
    assert abs(z_scores(found, 1000 * right.mean())).max() < LIMIT
    assert found.accepted == pytest.approx(1000 * accept.mean(), rel=0.02)
    # A verifier that rejects what is right only makes problems harder.
    found = simulate(Beta(1, 1), [50], pool=20, false_negative=0.5, runs=300, rng=4)
    assert abs(z_scores(found, reset_and_discard(Beta(1, 1, m=0.5), 50, pool=20))).max() < LIMIT


def random_index(failures, _cost):
    return np.random.default_rng(failures.size).random(failures.size)


@pytest.mark.parametrize("name", ["beta", "kumaraswamy", "lid"])
def test_fewest_failures_first_is_never_beaten_at_equal_costs(name):
    """On the same problems. Where policies are equal, three standard errors have probability 1.3e-3."""
    law, t = LAWS[name], np.array([50, 100, 200, 400, 800, 1600])
    others = [{"r": 2}, {"r": 5}, {"r": 20}, {"policy": "solve_to_completion"}, {"policy": random_index}]
    runs = 40
    best = [simulate(law, t, pool=100, runs=1, rng=seed).coverage for seed in range(runs)]
    for other in others:
        lead = np.array(best) - [
            simulate(law, t, pool=100, runs=1, rng=seed, **other).coverage for seed in range(runs)
        ]
        error = lead.std(axis=0, ddof=1) / math.sqrt(runs)
        assert np.all(lead.mean(axis=0) >= -3 * error - 1e-9)
    assert lead.mean() > 0.2  # over random order


def test_at_unequal_costs_success_by_cost_beats_the_round():
    costs = np.where(np.arange(200) % 2, 1.0, 10.0)
    t = np.array([200, 400, 1000, 2000])
    runs = {"pool": 200, "cost": costs, "runs": 60, "rng": 8}
    by_round = simulate(REFERENCE, t, **runs)
    by_index = simulate(REFERENCE, t, policy=posterior_index(REFERENCE), **runs)
    lead = (by_index.coverage - by_round.coverage) / np.hypot(by_index.stderr, by_round.stderr)
    assert np.all(lead > 5)
    assert savings(by_round, by_index, 40) > 1.5


def test_the_same_numbers_on_any_number_of_threads():
    def numbers(**options):
        return simulate(REFERENCE, [10, 5000, 10**5], runs=3, rng=9, **options).coverage.tolist()

    for options in ({}, {"pool": 10**4}, {"pool": 2000, "r": 3}, {"pool": 100, "policy": random_index}):
        with lidfast.num_threads(1):
            alone = numbers(**options)
        assert numbers(**options) == alone


def test_budgets_come_back_in_their_order():
    found = simulate(REFERENCE, [500, 10, 100], pool=50, runs=4, rng=1)
    again = simulate(REFERENCE, [10, 100, 500], pool=50, runs=4, rng=1)
    assert found.t.tolist() == [500, 10, 100]
    assert found.coverage[[1, 2, 0]].tolist() == again.coverage.tolist()
    assert np.isnan(simulate(REFERENCE, 10, runs=1, rng=1).stderr).all()


# ---------------------------------------------------------------- recorded outcomes


@pytest.mark.parametrize("form", ["counts", "matrix", "costs"])
@pytest.mark.parametrize("policy", ["r = 1", "r = 3", "to completion"])
def test_replay_against_shuffles_by_hand(form, policy):
    n, c = 8, np.array([0, 1, 4, 8, 2])
    matrix = np.arange(n) < c[:, None]
    rng = np.random.default_rng(1)
    t, r = np.arange(0.0, 31.0), {"r = 1": 1, "r = 3": 3, "to completion": NEVER}[policy]
    by_hand = []
    for _ in range(600):
        shuffled = rng.permuted(matrix, axis=1)[rng.permutation(5)]
        found = shuffled.any(axis=1)
        ends = np.where(found, 1 + shuffled.argmax(axis=1), n)
        by_hand.append(walked(Problems(ends, found, found, np.ones(5)), t, "reset", r)[0])
    outcomes, cost = {
        "counts": (([n] * 5, c), 1.0),
        "matrix": (matrix.astype(int), 1.0),
        "costs": (matrix, np.ones((5, n))),
    }[form]
    how = {"policy": "solve_to_completion"} if r == NEVER else {"r": r}
    found = replay(outcomes, t, cost=cost, shuffles=600, rng=2, **how)
    error = np.sqrt(found.stderr**2 + np.var(by_hand, axis=0) / 600)
    difference = np.abs(found.coverage - np.mean(by_hand, axis=0))
    assert np.all(difference <= LIMIT * error + 1e-12)
    assert found.coverage[-1] <= 4


def test_replay_pays_for_each_attempt():
    """Attempts that succeed cost 1, those that fail 10."""
    matrix = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    cost = np.where(matrix, 1.0, 10.0)
    found = replay(matrix, [0, 0.5, 63], cost=cost, shuffles=50, rng=3)
    assert found.coverage.tolist() == [0, 0, 3]
    # the dearest order: a success after two failures, two after one, one at once, and three failures
    assert replay(matrix, [3 + 30 + 30], cost=cost, policy="solve_to_completion", rng=3).coverage == 3
    one = replay(matrix[:1], [0.9, 1.0], cost=cost[:1], shuffles=5, rng=3)
    assert one.coverage.tolist() == [0, 1]


def test_replay_by_an_index():
    n, c = np.full(40, 20), np.tile([0, 2, 10, 20], 10)
    costs = np.tile([5.0, 1.0], 20)
    by_round = replay((n, c), [50, 100], cost=costs, rng=1)
    by_cost = replay((n, c), [50, 100], cost=costs, policy=lambda _n, cost: 1 / cost, rng=1)
    assert by_cost.coverage.shape == by_round.coverage.shape
    assert by_cost.coverage[0] != by_round.coverage[0]
    everything = replay((n, c), [10**5], cost=costs, policy=lambda _n, cost: 1 / cost, rng=1)
    assert everything.coverage == 30


def test_savings_are_ratios_of_cost():
    t = np.array([0.0, 10, 20])
    zero = np.zeros(3)
    slow = Coverage(t, np.array([0.0, 1, 4]), zero, zero)
    fast = Coverage(t[::-1], np.array([0.0, 4, 8])[::-1], zero, zero)
    np.testing.assert_allclose(savings(slow, fast, [1, 2.5, 4, 5]), [4, 15 / 6.25, 2, np.nan])
    assert savings(slow, fast, 1) == 4
    assert slow.cost(4) == 20
    assert Coverage(t, np.array([0.0, 4, 4]), zero, zero).cost(4) == 10  # the least that reaches it


# ---------------------------------------------------------------- the exponent


def test_the_exponent_from_rounds_is_the_fit_of_first_successes():
    law, rng = Beta(0.4, 1.5), np.random.default_rng(7)
    ends = rng.geometric(rng.beta(law.a, law.b, 300))
    rounds = np.array([np.count_nonzero(ends == n) for n in range(1, 31)])
    found = exponent_from_rounds(rounds, 300)
    direct = fit(np.minimum(ends, 30), (ends <= 30).astype(int))
    assert found.exponent == pytest.approx(direct.exponent, rel=1e-9)
    assert found.exponent_ci[0] < 0.4 < found.exponent_ci[1]


def test_exponent_cost_against_the_spread_of_fits():
    """Standard deviations of 120 fits: 6.5% each; a factor beyond 1.3 has probability below 1e-4."""
    law, rng, problems = Beta(0.4, 1.5), np.random.default_rng(3), 600
    by_rounds, by_counts = [], []
    for _ in range(120):
        s = rng.beta(law.a, law.b, problems)
        ends = rng.geometric(np.maximum(s, 1e-300))
        rounds = np.bincount(np.minimum(ends, 31), minlength=32)[1:31]
        by_rounds.append(exponent_from_rounds(rounds, problems).exponent)
        by_counts.append(fit(np.full(problems, 30), rng.binomial(30, s), interval="wald").exponent)
    cost = exponent_cost(law, 0.1, rounds=30, samples=30)
    for fits, needed in ((by_rounds, cost.problems_reset), (by_counts, cost.problems_full)):
        expected = 0.1 / (2 * 1.959964) * math.sqrt(needed / problems)
        assert 1 / 1.3 < np.std(fits) / expected < 1.3
    assert cost.cost_full == cost.problems_full * 30
    assert cost.cost_reset == pytest.approx(cost.problems_reset * law.failure_rate(np.arange(30)).sum())
    assert exponent_cost(Beta(0.4, 1.5, 0.5), 0.1, rounds=30, samples=30).problems_full > cost.problems_full


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cost_per_solved(REFERENCE, [1, 0]), r"r\[1\] is 0"),
        (lambda: solve_to_completion(REFERENCE, [3, -1]), r"t\[1\] is -1"),
        (lambda: reset_and_discard(REFERENCE, 5, r=0), "r is 0"),
        (lambda: reset_and_discard(REFERENCE, 5, pool=0), "pool is 0"),
        (lambda: reset_and_discard(REFERENCE, 10**9, r=10**8), "r is 100000000"),
        (lambda: simulate(REFERENCE, [1.0, np.nan]), r"t\[1\] is nan"),
        (lambda: simulate(REFERENCE, 1, policy="best"), "policy"),
        (lambda: simulate(REFERENCE, 1, policy=random_index), "needs a pool"),
        (lambda: simulate(REFERENCE, 1, pool=3, cost=[1.0, 2.0]), r"cost has shape \(2,\)"),
        (lambda: simulate(REFERENCE, 1, pool=3, cost=[1.0, 2.0, 0.0]), r"cost\[2\] is 0"),
        (lambda: simulate(REFERENCE, 1, pool=3, cost=lambda s, _: -s), r"cost\(s, rng\)\[0\]"),
        (lambda: simulate(REFERENCE, 1, pool=3, cost=lambda s, _: s[:2]), r"shape \(2,\)"),
        (lambda: simulate(REFERENCE, 1, false_positive=1.0), "false_positive is 1"),
        (lambda: simulate(REFERENCE, 1, cost_spread=-1), "cost_spread is -1"),
        (lambda: simulate(REFERENCE, 9, pool=3, policy=lambda n, _: np.full(n.shape, np.nan)), "NaN"),
        (lambda: simulate(REFERENCE, 9, pool=3, policy=lambda _n, _c: 1.0), "number for each"),
        (lambda: replay(([3, 4], [1, 5]), 1), r"c\[1\] is 5"),
        (lambda: replay([[0, 2]], 1), r"outcomes\[0, 1\] is 2"),
        (lambda: replay([0, 1], 1), "outcomes has shape"),
        (lambda: replay(([0], [0]), 1), "no attempts"),
        (lambda: replay(([3], [1]), 1, cost=[[1.0, 1.0, 1.0]]), "cost has shape"),
        (lambda: exponent_from_rounds([5, 6], 10), "adds up to 11"),
        (lambda: exponent_cost(Beta(0.3, 2, 0.5), 0.1, rounds=2, samples=2), "too few"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_module_is_in_the_package():
    assert lidfast.coverage is coverage
