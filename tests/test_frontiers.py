"""Sums against mpmath, splits against all splits, draws and fits against slow ones."""

import doctest
import math
import warnings
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from scipy import optimize, special

from lidfast import _zipf_fit, frontiers
from lidfast.frontiers import Frontier, fit_zipf
from lidfast.random import default_rng

DIGITS = 25


def rational(x):
    """A kernel with a power tail: 1 - h falls as slowly as x, h as x^-3."""
    return (1 + x) ** -3.0


def rooted(x):
    """A kernel that leaves 1 as slowly as the square root of x."""
    return np.exp(-np.sqrt(x))


def test_documentation_runs():
    page = Path(__file__).resolve().parents[1] / "docs" / "frontiers.md"
    if not page.exists():
        pytest.skip("not a checkout")
    results = doctest.testfile(str(page), module_relative=False)
    assert results.failed == 0
    assert results.attempted > 15


# ---------------------------------------------------------------- exact sums


def summed(f, last, begin=500):
    """Sum f over k = 1..last by Euler and Maclaurin's formula from begin on, its integral over ln k."""
    total = mp.fsum(f(mp.mpf(k)) for k in range(1, int(min(last, begin - 1)) + 1))
    if last < begin:
        return total

    def scaled(u):
        return f(mp.exp(u)) * mp.exp(u)

    low, high = mp.log(begin), mp.log(last) if last < mp.inf else mp.log(begin) + 150
    panels = mp.linspace(low, high, int(high - low) // 2 + 2)
    total += mp.quad(scaled, panels, method="gauss-legendre", maxdegree=4)
    ends = [(mp.mpf(begin), -1)]
    if last < mp.inf:
        ends.append((mp.mpf(last), 1))
    else:  # f is a power of k there
        total -= scaled(high) / mp.log(scaled(high + 1) / scaled(high))
    for x, sign in ends:
        total += f(x) / 2
        for j in (1, 2, 3):
            total += sign * mp.bernoulli(2 * j) / mp.factorial(2 * j) * mp.diff(f, x, 2 * j - 1)
    return total


def exact_loss(a, patterns=mp.inf, D=None, t=None, b=1.0, h=lambda x: mp.exp(-x)):
    with mp.workdps(DIGITS):
        a, zeta = mp.mpf(a), mp.zeta(mp.mpf(a))

        def mass(k):
            p = k**-a / zeta
            learned = mp.mpf(1)
            if D is not None:
                learned *= -mp.expm1(D * mp.log1p(-p))
            if t is not None:
                learned *= 1 - h(t * p ** mp.mpf(b))
            return p * (1 - learned)

        inside = 0 if D is None and t is None else summed(mass, patterns)
        return inside + (mp.zeta(a, patterns + 1) / zeta if patterns < mp.inf else 0)


CASES = [
    {"a": 1.01, "D": 1e18},
    {"a": 1.5, "D": 1e5},
    {"a": 6.0, "D": 1e18},
    {"a": 30.0, "D": 50.0},
    {"a": 1.01, "t": 1e18, "b": 2.0},
    {"a": 2.0, "t": 1e12, "b": 0.3},
    {"a": 1.3, "patterns": 12},
    {"a": 1.3, "patterns": 10**15},
    {"a": 1.2, "D": 1e7, "patterns": 10**15},
    {"a": 1.01, "D": 1e3, "patterns": 3000},
    {"a": 4.0, "D": 10.0, "t": 3.0, "patterns": 2},
    {"a": 1.5, "D": 1e9, "t": 1e8, "b": 0.7, "patterns": 10**6},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses_against_mpmath(case):
    frontier = Frontier(case["a"], optimization=case.get("b", 1.0))
    patterns = case.get("patterns")
    found = frontier.loss(patterns and float(patterns), case.get("D"), case.get("t"))
    assert found == pytest.approx(float(exact_loss(**case)), rel=1e-13)


@pytest.mark.parametrize(
    ("h", "reference"), [(rational, lambda x: (1 + x) ** -3), (rooted, lambda x: mp.exp(-mp.sqrt(x)))]
)
def test_kernels_against_mpmath(h, reference):
    found = Frontier(1.5, optimization=1.5, kernel=h).loss(t=1e9)
    assert found == pytest.approx(float(exact_loss(1.5, t=1e9, b=1.5, h=reference)), rel=1e-12)


def test_ranks_beyond_doubles():
    """k* is 10^400 here; the closed form has no visible error."""
    frontier = Frontier(1.05, optimization=0.1)
    t = math.exp(0.105 * 400 * math.log(10))
    assert frontier.loss(t=t) == pytest.approx(frontier.loss(t=t, exact=False), rel=1e-12)


def test_reference_values():
    frontier = Frontier(1.5)
    assert frontier.loss(D=1e3) == pytest.approx(9.4135035172e-02, rel=1e-10)
    assert frontier.loss(D=[1e3, 1e5], exact=False) == pytest.approx([9.4155950583e-02, 2.0285284621e-02])
    # Term by term to 10^6; beyond, (1 - p)^D = 1 - D p + ...
    zeta = special.zeta(1.5)
    p = np.arange(1.0, 1e6 + 1) ** -1.5 / zeta
    powers = [(-1) ** j * special.binom(1e5, j) / zeta ** (j + 1) for j in range(9)]
    rest = sum(power * special.zeta(1.5 * (j + 1), 1e6 + 1) for j, power in enumerate(powers))
    assert frontier.loss(D=1e5) == pytest.approx((p * (1 - p) ** 1e5).sum() + rest, rel=1e-12)


def test_arrays_and_scalars():
    frontier = Frontier(1.7, 0.6, 1.3)
    N, D = np.array([[10.0], [1e4], [1e9]]), np.array([10.0, 1e6])
    loss = frontier.loss(N, D, 1e7)
    assert loss.shape == frontier.rank(N, D).shape == frontier.bottleneck(N, D).shape == (3, 2)
    each = [[frontier.loss(float(n), float(d), 1e7) for d in D] for n in N[:, 0]]
    np.testing.assert_allclose(loss, each, rtol=1e-14)
    assert isinstance(frontier.loss(D=3), float)
    assert isinstance(frontier.rank(D=3), float)
    assert frontier.bottleneck(1e9, 10.0) == "data"
    many = frontier.loss(D=np.full(1000, 1e6))  # in several portions
    np.testing.assert_array_equal(many, frontier.loss(D=1e6))


def test_capacity_is_a_whole_number_of_patterns():
    frontier = Frontier(2.0, 1 / 3)
    for N, patterns in ((999.0, 9), (1000.0, 10), (1330.9, 10), (0.5, 0)):
        assert frontier.loss(N) == pytest.approx(
            special.zeta(2.0, patterns + 1) / special.zeta(2.0), rel=1e-14
        )


def test_closed_forms_are_the_limits_and_the_largest_of_them_bounds():
    frontier = Frontier(1.4, 0.8, 1.6)
    x = np.array([1e6, 1e12])
    for name, exponent in zip("NDt", frontier.exponents, strict=True):
        exact, closed = frontier.loss(**{name: x}), frontier.loss(**{name: x}, exact=False)
        assert abs(exact[1] / closed[1] - 1) < 0.1 * abs(exact[0] / closed[0] - 1) + 1e-12
        assert math.log(closed[0] / closed[1]) == pytest.approx(exponent * 6 * math.log(10))
        rank = frontier.rank(**{name: x})
        np.testing.assert_allclose(rank**-0.4 / 0.4 / special.zeta(1.4), closed, rtol=1e-12)
    three = {"N": 1e7, "D": 1e9, "t": 1e13}
    alone = [frontier.loss(**{name: value}, exact=False) for name, value in three.items()]
    assert frontier.loss(**three, exact=False) == max(alone)
    assert max(alone) * 0.99 < frontier.loss(**three) < sum(alone)
    assert frontier.bottleneck(**three) == ("capacity", "data", "optimization")[int(np.argmax(alone))]


def test_closed_form_of_a_kernel():
    """Of (1 + x)^-3 the Mellin transform is B(s, 3 - s), of e^-sqrt(x) 2 Gamma(2 s)."""
    for h, mellin in (
        (rational, lambda s: special.beta(s, 3 - s)),
        (rooted, lambda s: 2 * special.gamma(2 * s)),
        (lambda x: np.exp(-x), special.gamma),
    ):
        for a, b in ((1.01, 1.0), (1.5, 0.5), (3.0, 1.3)):
            frontier = Frontier(a, optimization=b, kernel=h)
            s = (a - 1) / (a * b)
            assert frontier._mellin == pytest.approx(mellin(s), rel=1e-12)
    with pytest.raises(ValueError, match="kernel falls too slowly"):
        Frontier(3.0, optimization=0.2, kernel=rational).loss(t=1e5, exact=False)
    assert 0 < Frontier(3.0, optimization=0.2, kernel=rational).loss(t=1e5) < 1


def test_arguments():
    for arguments in ({"zipf": 1.0}, {"zipf": 2.0, "capacity": 0.0}, {"zipf": 2.0, "optimization": math.inf}):
        with pytest.raises(ValueError, match=list(arguments)[-1]):
            Frontier(**arguments)
    with pytest.raises(ValueError, match="kernel is 'step'"):
        Frontier(2.0, kernel="step")
    for h in (lambda x: x, lambda x: 0.5 * np.exp(-x), lambda _: 1.0):
        with pytest.raises(ValueError, match="kernel"):
            Frontier(2.0, kernel=h)
    frontier = Frontier(2)
    assert frontier == Frontier(2.0, 1.0, 1.0)
    assert hash(frontier) == hash(Frontier(2.0))
    for call, message in (
        (lambda: frontier.loss(), "none of N, D and t"),
        (lambda: frontier.loss(D=[1.0, 0.0]), r"D\[1\]"),
        (lambda: frontier.loss([1.0, 2.0], [1.0, 2.0, 3.0]), "broadcast"),
        (lambda: frontier.compute_optimal(5.0), "C is 5"),
        (lambda: frontier.compute_optimal(60.0, "time"), "pair"),
        (lambda: frontier.simulate(0), "D"),
        (lambda: frontier.simulate(10, runs=1), "runs"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


# ---------------------------------------------------------------- compute


@pytest.mark.parametrize(
    ("frontier", "pair"),
    [
        (Frontier(1.25, 0.8), "data"),
        (Frontier(1.5, 0.25), "optimization"),
        (Frontier(2.0, 1.4, 0.5, kernel=rational), "optimization"),
    ],
)
def test_compute_optimal_against_all_splits_and_its_exponent(frontier, pair):
    other = "D" if pair == "data" else "t"
    for amount in (1.0, 37.0, 120.0):
        N = np.arange(1.0, max(1, math.floor(amount**frontier.capacity)) + 1) ** (1 / frontier.capacity)
        losses = frontier.loss(N, **{other: amount / N})
        best = frontier.compute_optimal(6 * amount, pair)
        assert best[0] * best[1] == pytest.approx(amount)
        assert best.loss == pytest.approx(losses.min(), rel=1e-13)
        assert pytest.approx(N[losses.argmin()]) == best.N
    C = np.geomspace(1e18, 1e24, 5)
    best = frontier.compute_optimal(C, pair)
    exponent = frontier.compute_exponent(pair)
    steps = frontier.zipf * frontier.capacity * (1.0 if pair == "data" else frontier.optimization)
    assert exponent == 1 / (1 + steps)
    assert np.polyfit(np.log(C), np.log(best.N), 1)[0] == pytest.approx(exponent, abs=2e-3)
    balanced = frontier.compute_optimal(C, pair, exact=False)
    np.testing.assert_allclose(np.diff(np.log(balanced.N)), exponent * np.diff(np.log(C)), rtol=1e-10)
    np.testing.assert_allclose(frontier.rank(balanced.N), frontier.rank(**{other: balanced[1]}), rtol=1e-10)
    np.testing.assert_allclose(balanced.N * balanced[1], C / 6, rtol=1e-12)
    assert (best.loss <= frontier.loss(balanced.N, **{other: balanced[1]}) * (1 + 1e-12)).all()


def test_chinchilla_and_kaplan():
    assert Frontier(1.25, 0.8).compute_exponent() == 0.5
    assert Frontier(1.85, 0.2).compute_exponent("optimization") == pytest.approx(0.73, abs=1e-3)


# ---------------------------------------------------------------- simulation


@pytest.mark.parametrize(("a", "D"), [(1.05, 3000), (2.5, 10**7), (6.0, 1)])
def test_expected_number_of_patterns(a, D):
    """The sum of 1 - (1 - p)^D."""
    with mp.workdps(DIGITS):
        zeta = mp.zeta(mp.mpf(a))
        expected = summed(lambda k: -mp.expm1(D * mp.log1p(-(k ** -mp.mpf(a)) / zeta)), mp.inf)
    found = Frontier(a)._seen(np.array([float(D)]), 0.0)[0][0]
    assert found == pytest.approx(float(expected), rel=1e-11)


def test_draws_against_exact_expectations():
    """18 z-scores of 48 runs (Student's t of 47): one beyond 5 in 7e3 fixed seeds."""
    rng = default_rng(20)
    z = []
    for a, D in ((1.05, [1, 50, 20_000]), (1.5, [10, 1000, 1_000_000]), (3.0, [100, 10**5, 10**12])):
        found = Frontier(a).simulate(D, runs=48, rng=rng)
        assert found.D.tolist() == D
        np.testing.assert_allclose(found.unseen_mass_exact, Frontier(a).loss(D=D), rtol=1e-14)
        for name in ("unseen_mass", "distinct"):
            difference = getattr(found, name) - getattr(found, name + "_exact")
            error = getattr(found, name + "_stderr")
            z += [*(difference[error > 0] / error[error > 0])]
            assert (abs(difference[error == 0]) < 1e-9).all()
    assert np.abs(z).max() < 5


def test_draws_against_tokens_one_by_one():
    """Spread of the runs, too: of 600 runs a ratio has sd 0.041. 4 differences, 5 sd: once in 10^6."""
    a, D, runs = 1.6, 300, 600
    slow = np.empty((runs, 2))
    for i, row in enumerate(np.random.default_rng(0).zipf(a, (runs, D))):
        patterns = np.unique(row).astype(float)
        slow[i] = 1 - (patterns**-a).sum() / special.zeta(a), patterns.size
    rng = default_rng(4)
    fast = np.array([Frontier(a)._draw(D, rng) for _ in range(runs)])
    error = np.sqrt((slow.var(axis=0) + fast.var(axis=0)) / runs)
    assert (np.abs(slow.mean(axis=0) - fast.mean(axis=0)) < 5 * error).all()
    assert (np.abs(np.log(fast.std(axis=0) / slow.std(axis=0))) < 0.2).all()


def test_patterns_taken_together(monkeypatch):
    """The normal law beyond few ranks against counting all; 5 differences of 300 runs, 5 sd: once in 10^6."""
    a, D, runs = 1.3, 10_000, 300
    rng, frontier = default_rng(2), Frontier(a)
    counted = np.array([frontier._draw(D, rng) for _ in range(runs)])
    monkeypatch.setattr(frontiers, "_RANKS", 600)
    monkeypatch.setattr(frontiers, "_TOKENS", 0)
    together = np.array([frontier._draw(D, rng) for _ in range(runs)])
    error = np.sqrt((counted.var(axis=0) + together.var(axis=0)) / runs)
    assert (np.abs(counted.mean(axis=0) - together.mean(axis=0)) < 5 * error).all()
    assert (np.abs(np.log(together.std(axis=0) / counted.std(axis=0))) < 5 / math.sqrt(runs)).all()
    z = [np.arctanh(np.corrcoef(x.T)[0, 1]) for x in (counted, together)]
    assert abs(z[0] - z[1]) < 5 * math.sqrt(2 / runs)


def test_more_tokens_than_can_be_drawn():
    found = Frontier(1.5).simulate(10**15, runs=4, rng=0)
    assert abs(found.unseen_mass / found.unseen_mass_exact - 1) < 1e-3
    again = Frontier(1.5).simulate(10**15, runs=4, rng=0)
    assert found == again


# ---------------------------------------------------------------- fits


def slow_fit(x, every):
    """Each cut by itself, with scipy's zeta and a search."""
    best = (math.inf,)
    values = np.unique(x)
    for q in values[: max(1, values.size - 2)]:
        kept = x[x >= q].astype(float)
        mean = np.log(kept / q).mean()

        def cost(a, q=q, mean=mean):
            return a * (mean + math.log(q)) + math.log(special.zeta(a, q))

        a = optimize.minimize_scalar(cost, bounds=(1.001, 40), method="bounded", options={"xatol": 1e-11}).x
        at = values[values >= q]
        if every:
            at = np.union1d(at, at + 1)
        model = special.zeta(a, at) / special.zeta(a, q)
        ks = np.abs(model - (kept >= at[:, None]).mean(axis=1)).max()
        best = min(best, (ks, int(q), a, -kept.size * cost(a)))
    return best


@pytest.mark.parametrize("a", [1.6, 2.2, 4.0])
@pytest.mark.parametrize("spoiled", [0, 400])
def test_fits_against_each_cut_by_itself(a, spoiled):
    x = default_rng(5).zipf(a, 1500)
    x[:spoiled] = np.random.default_rng(0).integers(1, 9, spoiled)
    for distance in ("integers", "observed"):
        ks, xmin, exponent, loglik = slow_fit(x, distance == "integers")
        fit = fit_zipf(x, distance=distance)
        assert fit.xmin == xmin
        assert fit.exponent == pytest.approx(exponent, abs=3e-6)
        assert fit.ks == pytest.approx(ks, abs=1e-6)
        assert fit.loglik == pytest.approx(loglik, rel=1e-9)
        assert fit.n == (x >= xmin).sum()


def test_bounds_leave_out_no_cut():
    x = default_rng(6).zipf(1.5, 30_000)
    x[:20_000] = x[:20_000] // 3 + 1
    values, number = np.unique(x, return_counts=True)
    above = np.append(np.cumsum(number[::-1])[::-1], 0)
    log_sums = np.cumsum((number * np.log(values))[::-1])[::-1]
    q = values[:-2].astype(float)
    cuts = np.arange(q.size)
    a = _zipf_fit.exponents(q, log_sums[cuts] / above[cuts] - np.log(q))
    log_z = _zipf_fit.log_moments(a, q)[0]
    distances = _zipf_fit.Distances(values.astype(float), above, True)
    every = [distances._one(cuts[[i]], q[[i]], a[[i]], log_z[[i]]) for i in cuts]
    fit = fit_zipf(x)
    assert fit.ks == min(every)
    assert fit.xmin == q[int(np.argmin(every))]
    assert q.size > 500


def test_moments_against_mpmath():
    for a, q in ((1.02, 1), (2.5, 1), (2.5, 19), (3.0, 20), (1.5, 10**9), (60.0, 25), (9.0, 2**62)):
        with mp.workdps(40):
            s = [mp.zeta(mp.mpf(a), q, j) for j in range(3)]  # of k^-a (-ln k)^j
            mean = -s[1] / s[0] - mp.log(q)
            variance = s[2] / s[0] - (s[1] / s[0]) ** 2
            log_z = mp.log(s[0]) + a * mp.log(q)
        found = _zipf_fit.log_moments(np.array([a]), np.array([float(q)]))
        for value, expected in zip(found, (log_z, mean, variance), strict=True):
            assert value[0] == pytest.approx(float(expected), rel=2e-12)


def test_exponents_solve_the_equation():
    """From means near 0, where all but a few values are the least, to those of exponents near 1."""
    for mean in (1e-7, 1e-3, 0.3, 5.0, 500.0):
        q = np.array([1.0, 3.0, 50.0, 1e6, 1e12])
        a = _zipf_fit.exponents(q, np.full(q.size, mean))
        np.testing.assert_allclose(_zipf_fit.log_moments(a, q)[1], mean, rtol=1e-10)


def test_fit_covers():
    """Of 100 fits (xmin given) 95 or so hold a within 1.96 standard errors: below 85 once in 10^4."""
    rng = default_rng(7)
    fits = [fit_zipf(rng.zipf(1.8, 400), xmin=1) for _ in range(100)]
    assert sum(abs(fit.exponent - 1.8) < 1.96 * fit.stderr for fit in fits) >= 85


def test_repeats_large_values_and_a_given_cut():
    x = default_rng(8).zipf(1.4, 5000)
    values, number = np.unique(x, return_counts=True)
    plain = fit_zipf(x)
    order = np.random.default_rng(1).permutation(values.size)
    assert fit_zipf(values[order], repeats=number[order]) == plain
    assert fit_zipf(np.append(values, [7, 2**62]), repeats=np.append(number, [0, 0])) == plain
    assert fit_zipf(x[x < 2**53].astype(float), xmin=2).n == ((x >= 2) & (x < 2**53)).sum()
    # A cut between values counts from the cut.
    fit = fit_zipf([5, 5, 8, 30], xmin=3)

    def cost(a):
        return a * np.log([5, 5, 8, 30]).sum() + 4 * math.log(special.zeta(a, 3))

    a = fit.exponent
    assert cost(a) <= min(cost(a - 1e-4), cost(a + 1e-4))
    assert fit.loglik == pytest.approx(-cost(a))
    assert fit.ks == pytest.approx(1 - special.zeta(a, 5) / special.zeta(a, 3))
    assert fit.xmin == 3
    assert fit.rank_exponent == 1 / (a - 1)


def test_fit_arguments():
    for arguments, message in (
        ({"counts": [3, 3, 3]}, "1 distinct values: a fit needs two"),
        ({"counts": [3, 4, 9], "xmin": 5}, "from xmin on"),
        ({"counts": [3, 0]}, r"counts\[1\]"),
        ({"counts": [3, 4], "repeats": [1]}, "repeats"),
        ({"counts": [3, 4], "distance": "D"}, "distance"),
        ({"counts": [3, 4], "xmin": 0}, "xmin"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_zipf(**arguments)


@pytest.mark.parametrize(("a", "spoiled"), [(1.7, 0), (2.3, 0), (2.5, 1500)])
def test_same_answers_as_powerlaw(a, spoiled):
    """It stops its search for the exponent at 1e-4."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        powerlaw = pytest.importorskip("powerlaw", reason="needs the extra bench")
        x = default_rng(9).zipf(a, 3000)
        x[:spoiled] = np.random.default_rng(0).integers(1, 7, spoiled)
        peer = powerlaw.Fit(x, discrete=True, estimate_discrete=False, verbose=0)
    fit = fit_zipf(x, distance="observed")
    assert fit.xmin == peer.xmin
    assert fit.exponent == pytest.approx(peer.alpha, abs=1e-4)
    assert fit.ks == pytest.approx(peer.D, abs=1e-4)
