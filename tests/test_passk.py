"""pass@k against exact fractions, curves against plain loops, failure curves against mpmath."""

import contextlib
import csv
import importlib
import signal
import time
import tracemalloc
from fractions import Fraction
from math import comb, inf, isnan, nan
from statistics import NormalDist

import mpmath as mp
import numpy as np
import pytest
import scipy.stats
import threadpoolctl
from hypothesis import given, settings
from hypothesis import strategies as st

import lidfast
from lidfast import (
    _curves,
    compare,
    fail_at_k,
    failure_curve,
    fit_power_law,
    local_exponent,
    pass_at_k,
    pass_at_k_curve,
    pass_hat_k,
    passk,
)

pytestmark = pytest.mark.kernel

RELATIVE = 1e-13
TINY = Fraction(1, 2**1074)  # the smallest subnormal
FIELDS = ("estimate", "failure", "stderr", "lower", "upper")


def exact_failure(n, c, k):
    return Fraction(comb(n - c, k), comb(n, k))


def floats(fractions):
    return np.array(fractions, dtype=object).astype(float)


# ---------------------------------------------------------------- single estimates


def test_every_small_count_against_fractions():
    for n in range(61):
        counts = range(n + 1)
        exact = np.array([[exact_failure(n, c, k) for k in counts] for c in counts], dtype=object)
        np.testing.assert_allclose(fail_at_k(n, counts, counts), floats(exact), rtol=RELATIVE, atol=0)
        np.testing.assert_allclose(pass_at_k(n, counts, counts), floats(1 - exact), rtol=RELATIVE, atol=0)


def log_binomial(n, k):
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def random_counts(case, rng):
    n = int(10 ** rng.uniform(0, 6))
    if case % 4 == 0:  # any: failure rates far below the smallest double
        return n, *(int(x) for x in rng.integers(0, n + 1, 2))
    if case % 4 == 1:  # c + k about n
        c = int(rng.integers(0, n + 1))
        return n, c, min(n, max(0, n - c + int(rng.integers(-3, 2))))
    return n, *(int(n ** rng.random()) for _ in range(2))  # few of either


def test_random_large_counts():
    rng = np.random.default_rng(7)
    with mp.workdps(60):
        for case in range(1000):
            n, c, k = random_counts(case, rng)
            exact = mp.mpf(0)
            if c + k <= n:
                exact = mp.exp(log_binomial(n - c, k) - log_binomial(n, k)) if min(c, k) else mp.mpf(1)
            fail, success = mp.mpf(fail_at_k(n, c, k)), mp.mpf(pass_at_k(n, c, k))
            assert abs(fail - exact) <= max(RELATIVE * exact, mp.mpf(2) ** -1074), (n, c, k)
            assert abs(success - (1 - exact)) <= RELATIVE * (1 - exact), (n, c, k)


@pytest.mark.parametrize(
    ("n", "c", "k"),
    [(2**53, 1, 1), (2**53, 1, 2**52), (2**53, 2**53 - 1, 1), (2**53, 1000, 1000), (2**53, 2**52, 1000)],
)
def test_the_largest_counts(n, c, k):
    exact = Fraction(1)
    for i in range(min(c, k)):
        exact *= Fraction(n - max(c, k) - i, n - i)
    assert abs(Fraction(fail_at_k(n, c, k)) - exact) <= RELATIVE * exact
    assert abs(Fraction(pass_at_k(n, c, k)) - (1 - exact)) <= RELATIVE * (1 - exact)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.integers(0, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_any_count(counts):
    n, c, k = counts
    exact, all_pass = exact_failure(n, c, k), Fraction(comb(c, k), comb(n, k))
    assert abs(Fraction(fail_at_k(n, c, k)) - exact) <= max(RELATIVE * exact, TINY)
    assert abs(Fraction(pass_at_k(n, c, k)) - (1 - exact)) <= RELATIVE * (1 - exact)
    assert abs(Fraction(pass_hat_k(n, c, k)) - all_pass) <= max(RELATIVE * all_pass, TINY)


def test_the_ends_are_exact():
    assert pass_at_k(10, 0, [0, 5, 10]).tolist() == [0, 0, 0]
    assert pass_at_k(10, [0, 3, 10], 0).tolist() == [0, 0, 0]
    assert pass_at_k(10, [6, 10], 5).tolist() == [1, 1]
    assert pass_hat_k(10, [0, 10], 0).tolist() == [1, 1]
    assert pass_hat_k(10, [0, 10], 10).tolist() == [0, 1]
    assert pass_at_k(0, 0, 0) == 0


def test_failure_rates_below_the_normal_numbers():
    for k in range(520, 538):  # from normal to subnormal to none
        exact = exact_failure(1075, 537, k)
        assert abs(Fraction(fail_at_k(1075, 537, k)) - exact) <= TINY / 2 + Fraction(RELATIVE) * exact
    assert 0 < fail_at_k(1075, 537, 533) < 2.3e-308
    assert fail_at_k(2**40, 2**39, 2**39) == 0
    assert pass_at_k(2**40, 2**39, 2**39) == 1


def test_it_is_unbiased():
    n, s = 12, Fraction(3, 10)
    law = floats([comb(n, c) * s**c * (1 - s) ** (n - c) for c in range(n + 1)])
    ks = np.arange(n + 1)
    np.testing.assert_allclose(law @ pass_at_k(n, ks, ks), 1 - 0.7**ks, rtol=1e-13)
    np.testing.assert_allclose(law @ pass_hat_k(n, ks, ks), 0.3**ks, rtol=1e-13)


@pytest.mark.parametrize("function", [pass_at_k, fail_at_k, pass_hat_k])
def test_shapes(function):
    assert type(function(10, 3, 2)) is float
    assert type(function(np.int64(10), 3.0, np.float32(2))) is float
    assert function([10, 11], 3, 2).shape == (2,)
    assert function(np.zeros(0, int), 0, [1, 2]).shape == (0, 2)
    assert function(3, 1, []).shape == (0,)
    both = function([[10], [11]], [1, 2, 3], [[4, 5]])
    assert both.shape == (2, 3, 1, 2)
    assert both[1, 2, 0, 0] == function(11, 3, 4)
    assert function(np.arange(20)[10::2], np.arange(10)[::2], 3)[1] == function(12, 2, 3)


@pytest.mark.parametrize(
    ("n", "c", "k", "words"),
    [
        ([5, 5, 5], [1, 7, 8], 1, r"c\[1\] is 7.*at most n"),
        ([5, -2], 0, 1, r"n\[1\] is -2"),
        (5, [1, -1], 1, r"c\[1\] is -1"),
        (5, 1, [1, 6, 7], r"k\[1\] is 6: it must be at most n = 5"),
        ([9, 5, 6], [9, 5, 6], 6, r"k is 6: it must be at most n\[1\] = 5"),
        (5, 1, -1, r"k is -1"),
        ([5, nan], 1, 1, r"n\[1\] is nan"),
        (5, 1.5, 1, r"c is 1.5: it must be an integer"),
        (2**53 + 2, 1, 1, r"n is 9007199254740994"),
        ([1, 2], [1, 2, 3], 1, r"do not broadcast: n \(2,\), c \(3,\)"),
    ],
)
@pytest.mark.parametrize("function", [pass_at_k, fail_at_k, pass_hat_k])
def test_bad_counts(function, n, c, k, words):
    with pytest.raises(ValueError, match=words):
        function(n, c, k)


def test_bad_types():
    with pytest.raises(TypeError, match="n must hold real numbers"):
        pass_at_k(["a"], 1, 1)


@pytest.mark.parametrize("cells", [1, 100])
def test_a_long_product_can_be_interrupted(cells):
    class Rang(Exception):
        pass

    def ring(*_):
        raise Rang

    before = signal.signal(signal.SIGALRM, ring)
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(Rang):
            pass_at_k(2**53, [2**31] * cells, [2**31])  # more than 10 s a product
        assert time.monotonic() - start < 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def assert_same_bits_at_any_thread_count(function):
    results = []
    for threads in (1, 2, 3, 8):
        with lidfast.num_threads(threads):
            results.append(function())
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_bits_do_not_depend_on_the_threads():
    rng = np.random.default_rng(0)
    n = rng.integers(50, 3000, 500)
    c = (n * rng.random(500) ** 3).astype(int)
    s, w = rng.random(200_000) ** 4, rng.random(200_000)

    def curve(successes, stopping):
        result = pass_at_k_curve(n, successes, [1, 7, 50], n_boot=300, rng=1, stopping=stopping)
        return [getattr(result, field) for field in FIELDS]

    assert_same_bits_at_any_thread_count(lambda: pass_at_k(n, c, [1, 10, 50]))
    assert_same_bits_at_any_thread_count(lambda: failure_curve(s, [0.5, 10, 1000], weights=w))
    assert_same_bits_at_any_thread_count(lambda: curve(c, "fixed"))
    assert_same_bits_at_any_thread_count(lambda: curve(np.minimum(c, 1), "first_success"))


def test_bits_do_not_depend_on_the_threads_of_the_blas():
    rng = np.random.default_rng(0)
    n = np.full(40_000, 10**5)
    c = rng.binomial(n, rng.beta(0.4, 2, n.size))
    curves = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            curves.append(pass_at_k_curve(n, c, np.arange(1, 9), n_boot=60, rng=0))
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(curves[0], field), getattr(curves[1], field))


# ---------------------------------------------------------------- many problems at once


def many_counts(kind, size=9000):
    """Counts that the kernels for many problems take in different ways."""
    rng = np.random.default_rng(5)
    n = {
        "one small n": np.full(size, 200),
        "one n": np.full(size, 700),
        "small n": rng.integers(90, 256, size),
        "one n among small": np.where(np.arange(size) < 5000, 1000, rng.integers(90, 256, size)),
        "any n": rng.integers(90, 3000, size),
        "large n": rng.integers(10**6, 2 * 10**6, size),
    }[kind]
    return n, rng.binomial(n, rng.beta(0.3, 2, size))


KINDS = ("one small n", "one n", "small n", "one n among small", "any n", "large n")


@pytest.mark.parametrize("function", [pass_at_k, fail_at_k, pass_hat_k])
@pytest.mark.parametrize("kind", KINDS)
def test_many_problems_are_as_one(kind, function):
    n, c = many_counts(kind)
    k = np.array([[1, 7], [0, 64]])
    many = function(n, c, k)
    assert many.shape == (n.size, 2, 2)
    for i in range(0, n.size, 250):
        np.testing.assert_array_equal(many[i], function(n[i], c[i], k))
    np.testing.assert_array_equal(function(n, c, 7), many[:, 0, 1])
    if "one" in kind and "among" not in kind:
        np.testing.assert_array_equal(function(n[0], c, 7), many[:, 0, 1])


@pytest.mark.parametrize("function", [pass_at_k, lambda n, c, k: pass_at_k_curve(n, c, k).estimate])
@pytest.mark.parametrize(
    ("n", "c", "words"),
    [
        (200, 201, r"c\[8000\] is 201: it must be at most n"),
        (200, -1, r"c\[8000\] is -1"),
        (-5, 0, r"n\[8000\] is -5"),
        (np.iinfo(np.int64).min, 1, r"n\[8000\] is -9223372036854775808"),
        (np.iinfo(np.int64).max, 1, r"n\[8000\] is 9223372036854775807"),
        (9, 3, r"n\[8000\] (= 9|is 9: it must be at least the largest k = 10)|c\[8500\]"),
    ],
)
@pytest.mark.parametrize("kind", ["one small n", "small n", "any n"])
def test_one_bad_count_among_many_is_named(function, n, c, words, kind):
    ns, cs = many_counts(kind)
    ns[8000], cs[8000] = n, c
    cs[8500] = ns[8500] + 1  # not the first
    with pytest.raises(ValueError, match=words):
        function(ns, cs, 10)


def slow_curve(n, c, k):
    """Means and standard errors of the rates, each problem and k by itself."""
    once, times = np.unique(np.stack((n, c)), axis=1, return_counts=True)
    fail, success = (function(*once, k) for function in (fail_at_k, pass_at_k))
    estimate, failure = times @ success / n.size, times @ fail / n.size
    near = np.where(failure < estimate, fail - failure, success - estimate)
    return estimate, failure, np.sqrt(times @ near**2 / n.size / (n.size - 1))


@pytest.mark.parametrize(
    "k",
    [
        [0],
        [1],
        [1, 2, 3, 4, 5, 10, 20, 50, 90],
        [60, 5, 5, 0, 60, 7],
        [1, 10, 89, 300, 301, 512, 513, 640],
        list(range(200, 690, 7)),
        [3, 20_000],
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_curves_of_many_problems(kind, k):
    n, c = many_counts(kind)
    k = np.array([j for j in k if j <= n.min()] or [2])
    curve = pass_at_k_curve(n, c, k)
    for found, exact in zip((curve.estimate, curve.failure, curve.stderr), slow_curve(n, c, k), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=0)
    assert_same_bits_at_any_thread_count(lambda: pass_at_k_curve(n, c, k).stderr)


def test_more_problems_of_one_count_than_16_bits_hold():
    n = np.where(np.arange(300_000) % 3, 5, 9)
    c = np.where(np.arange(300_000) % 100, 1, 4)
    curve = pass_at_k_curve(n, c, [1, 2, 5])
    for found, exact in zip(
        (curve.estimate, curve.failure, curve.stderr), slow_curve(n, c, np.array([1, 2, 5])), strict=True
    ):
        np.testing.assert_allclose(found, exact, rtol=1e-12)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data())
def test_any_curve(data):
    n = np.array(data.draw(st.lists(st.integers(3, 400), min_size=2, max_size=40)))
    c = np.array([data.draw(st.integers(0, j)) for j in n.tolist()])
    k = data.draw(st.lists(st.integers(0, int(n.min())), min_size=1, max_size=6))
    rates = floats([[exact_failure(i, j, m) for m in k] for i, j in zip(n.tolist(), c.tolist(), strict=True)])
    curve = pass_at_k_curve(n, c, k)
    np.testing.assert_allclose(curve.failure, rates.mean(0), rtol=1e-13)
    np.testing.assert_allclose(curve.estimate, (1 - rates).mean(0), rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(curve.stderr, scipy.stats.sem(rates, axis=0), rtol=1e-9, atol=1e-17)


def test_equal_problems_have_no_spread():
    for n, c in ((200, 60), (10**6, 3), (50, 0), (50, 50)):
        for k in ([1, 3, 40], [50]):
            assert (pass_at_k_curve(n, np.full(5000, c), k).stderr == 0).all()


def test_a_curve_of_failure_rates_far_below_one():
    curve = pass_at_k_curve(np.full(5000, 1000), np.full(5000, 600), [10, 380, 400])
    exact = floats([exact_failure(1000, 600, k) for k in (10, 380, 400)])
    np.testing.assert_allclose(curve.failure, exact, rtol=1e-13)
    assert (curve.stderr == 0).all()
    c = np.tile([600, 590], 2500)
    exact = floats([[exact_failure(1000, j, k) for k in (10, 380)] for j in (600, 590)])
    curve = pass_at_k_curve(np.full(5000, 1000), c, [10, 380])
    np.testing.assert_allclose(curve.failure, exact.mean(0), rtol=1e-13)
    np.testing.assert_allclose(curve.stderr, np.ptp(exact, axis=0) / 2 / np.sqrt(4999), rtol=1e-12)


# ---------------------------------------------------------------- several models, clusters, comparisons


@pytest.mark.parametrize("kind", ["one small n", "small n", "any n"])
@pytest.mark.parametrize("options", [{}, {"n_boot": 20, "rng": 0}])
def test_models_get_a_curve_each(kind, options):
    n, c = (x[:8000].reshape(2, 4, 1000) for x in many_counts(kind))
    curve = pass_at_k_curve(n, c, [5, 1, 60], **options)
    assert curve.estimate.shape == curve.upper.shape == (2, 4, 3)
    for i in np.ndindex(2, 4):
        alone = pass_at_k_curve(n[i], c[i], [5, 1, 60], **options)
        for field in FIELDS[:3] if options else FIELDS:
            np.testing.assert_array_equal(getattr(curve, field)[i], getattr(alone, field))
    if kind == "one small n":
        shared = pass_at_k_curve(n[0, 0], c, [5, 1, 60], **options)
        np.testing.assert_array_equal(curve.stderr, shared.stderr)


def test_one_bad_model_is_named():
    n, c = np.full((5, 2000), 100), np.full((5, 2000), 10)
    c[3, 7] = 101
    with pytest.raises(ValueError, match=r"c\[3, 7\] is 101"):
        pass_at_k_curve(n, c, 5)
    c[3, 7], n[4, 0] = 10, 4
    with pytest.raises(ValueError, match=r"c\[4, 0\] is 10|n\[4, 0\] is 4"):
        pass_at_k_curve(n, c, 5)


def families(seed=0, size=80):
    """Problems in families whose members have nearly one difficulty."""
    rng = np.random.default_rng(seed)
    family = rng.integers(0, 12, size)
    s = np.clip(rng.beta(0.4, 2, 12)[family] + 0.02 * rng.random(size), 0, 1)
    return np.full(size, 40), rng.binomial(40, s), family


def test_clusters_against_a_plain_formula():
    n, c, family = families()
    values = pass_at_k(n, c, KS)
    deviations = values - values.mean(0)
    of_family = np.array([deviations[family == f].sum(0) for f in np.unique(family)])
    exact = np.sqrt((of_family**2).sum(0) * len(of_family) / (len(of_family) - 1)) / n.size
    curve = pass_at_k_curve(n, c, KS, clusters=family)
    np.testing.assert_allclose(curve.estimate, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(curve.stderr, exact, rtol=1e-12)
    names = np.array([f"family {f}" for f in family])
    np.testing.assert_allclose(pass_at_k_curve(n, c, KS, clusters=names).stderr, curve.stderr, rtol=1e-13)
    alone = pass_at_k_curve(n, c, KS, clusters=np.arange(n.size))
    np.testing.assert_allclose(alone.stderr, pass_at_k_curve(n, c, KS).stderr, rtol=1e-12)


@pytest.mark.parametrize("stopping", ["fixed", "first_success"])
def test_resampled_clusters(monkeypatch, stopping):
    """Replicates are the curves of the families drawn, and spread as the standard error says."""
    n, c, family = families(1)
    c = np.minimum(c, 1) if stopping == "first_success" else c
    kept = []
    monkeypatch.setattr(
        _curves.Units, "draw", lambda self, *a, f=_curves.Units.draw: kept.append(f(self, *a)) or kept[-1]
    )
    curve = pass_at_k_curve(
        n, c, KS, n_boot=4000, rng=0, clusters=family, interval="percentile", stopping=stopping
    )
    drawn = np.concatenate(kept)
    cells = histogram(n, c)
    members = np.stack(
        [
            [((n == i) & (c == j) & (family == f)).sum() for f in range(12)]
            for i, j in zip(cells.n, cells.c, strict=True)
        ]
    )
    # each row is a sum of twelve columns of families
    for row in drawn[:50]:
        weights, *_ = np.linalg.lstsq(members, row, rcond=None)
        np.testing.assert_allclose(members @ weights, row, atol=1e-9)
    replicates = [
        pass_at_k_curve(cells.n, cells.c, KS, weights=row.astype(int), stopping=stopping).estimate
        for row in drawn[:30]
    ]
    make = _curves.fixed(cells, KS) if stopping == "fixed" else _curves.first_success(cells, KS, 1)
    np.testing.assert_allclose(make.resample(drawn[:30]), replicates, rtol=1e-12)
    # a 95 % interval is about 3.92 errors wide; of 12 families within a quarter
    np.testing.assert_allclose((curve.upper - curve.lower) / 3.92, curve.stderr, rtol=0.25)


def test_compare_against_plain_loops():
    rng = np.random.default_rng(3)
    s = rng.beta(0.4, 2, 150)
    n1, n2 = rng.integers(30, 40, 150), np.full(150, 50)
    c1, c2 = rng.binomial(n1, s), rng.binomial(n2, np.minimum(1, 1.3 * s))
    found = compare(n1, c1, n2, c2, KS, rng=0)
    values = pass_at_k(n1, c1, KS) - pass_at_k(n2, c2, KS)
    np.testing.assert_allclose(found.difference, values.mean(0), rtol=1e-12)
    index = rng.integers(0, 150, (20_000, 150))
    plain = values[index].mean(axis=1)
    center = (plain.mean(0), plain.std(0))
    # two bootstraps of 10^4: quantiles agree within 0.2 of a deviation, p-values within 0.02
    for i, z in ((found.lower, -1.96), (found.upper, 1.96)):
        assert (np.abs((i - center[0]) / center[1] - z) < 0.2).all()
    p = np.mean(np.abs(plain - values.mean(0)) >= np.abs(values.mean(0)), axis=0)
    np.testing.assert_allclose(found.p_value, p, atol=0.02)
    swapped = compare(n2, c2, n1, c1, KS, rng=0)
    np.testing.assert_allclose(swapped.difference, -found.difference, rtol=1e-12)
    same = compare(n1, c1, n1, c1, KS, rng=0)
    assert (same.difference == same.lower).all()
    assert (same.p_value == 1).all()


def test_compare_pairs_the_problems():
    """What is common to both models does not widen the interval; families do."""
    n, c, _ = families(2, 200)
    better = np.minimum(c + 1, 40)
    found = compare(n, better, n, c, [1], rng=0, n_boot=2000)
    width = pass_at_k_curve(n, c, [1]).stderr[0] * 3.92
    assert found.upper[0] - found.lower[0] < width / 5
    assert found.p_value[0] < 1e-3
    other = compare(n, c[::-1], n, c, [1], rng=0, n_boot=2000)
    wide = compare(n, c[::-1], n, c, [1], rng=0, n_boot=2000, clusters=np.arange(200) // 20)
    assert wide.upper[0] - wide.lower[0] > 0
    assert other.p_value[0] > 0.001


def test_one_problem_compares_nothing():
    found = compare(50, [3], 50, [4], [1, 2], rng=0)
    np.testing.assert_allclose(found.difference[0], -0.02)
    assert np.isnan([found.lower, found.upper, found.p_value]).all()


def test_p_values_of_equal_models_are_uniform():
    """K-S over 300 pairs of equal models: right code fails for fewer than one seed in 1000."""
    rng = np.random.default_rng(4)
    p = []
    for _ in range(300):
        s = rng.beta(0.5, 2, 60)
        c1, c2 = rng.binomial(30, s), rng.binomial(30, s)
        p.append(compare(30, c1, 30, c2, [3], n_boot=400, rng=rng.integers(2**40)).p_value[0])
    assert scipy.stats.kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"c1": [1, 11]}, r"c1\[1\] is 11: it must be at most n1"),
        ({"c2": [11, 1]}, r"c2\[0\] is 11: it must be at most n2"),
        ({"n2": [10, 4]}, r"n2\[1\] is 4: it must be at least the largest k = 5"),
        ({"c1": [1, 2, 3]}, "do not broadcast"),
        ({"n_boot": 0}, "n_boot is 0"),
        ({"level": 0}, "level is 0"),
        ({"clusters": [1, 2, 3]}, "clusters has shape"),
        ({"c1": []}, "c1 is empty"),
    ],
)
def test_bad_arguments_of_compare(arguments, words):
    with pytest.raises(ValueError, match=words):
        compare(**({"n1": [10, 10], "c1": [1, 1], "n2": [10, 10], "c2": [1, 1], "k": 5} | arguments))


# ---------------------------------------------------------------- curves, n fixed

KS = np.array([1, 2, 5, 20])


def problems(seed, size=60):
    rng = np.random.default_rng(seed)
    n = rng.integers(20, 40, size)
    return n, rng.binomial(n, rng.beta(0.4, 2, size))


def histogram(n, c):
    return _curves.histogram(np.asarray(n), np.asarray(c), None)


def test_the_curve_is_a_mean_over_problems():
    n, c = problems(0)
    rows = zip(n.tolist(), c.tolist(), strict=True)
    values = floats([[1 - exact_failure(i, j, k) for k in KS.tolist()] for i, j in rows])
    curve = pass_at_k_curve(n, c, KS)
    np.testing.assert_array_equal(curve.k, KS)
    np.testing.assert_allclose(curve.estimate, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(curve.failure, 1 - values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(curve.stderr, scipy.stats.sem(values, axis=0), rtol=1e-13)
    z = NormalDist().inv_cdf(0.95)
    narrow = pass_at_k_curve(n, c, KS, level=0.9)
    np.testing.assert_allclose(narrow.lower, curve.estimate - z * curve.stderr, rtol=1e-13)
    np.testing.assert_allclose(narrow.upper, curve.estimate + z * curve.stderr, rtol=1e-13)


def test_both_ends_keep_their_relative_accuracy():
    exact = float(exact_failure(1000, 900, 100)) / 2  # the other problem cannot fail 100 times
    curve = pass_at_k_curve(1000, [900, 990], 100)
    np.testing.assert_allclose([curve.failure[0], curve.stderr[0]], exact, rtol=1e-13)
    tiny = pass_at_k_curve(2**53, [0, 1], 1)
    np.testing.assert_allclose([tiny.estimate[0], tiny.stderr[0]], 2.0**-54, rtol=1e-13)


def test_weights_stand_for_repeated_problems():
    n, c = problems(1)
    times = np.random.default_rng(2).integers(0, 4, n.size)
    once = pass_at_k_curve(np.repeat(n, times), np.repeat(c, times), KS, n_boot=50, rng=3)
    weighted = pass_at_k_curve(n, c, KS, n_boot=50, rng=3, weights=times)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(once, field), getattr(weighted, field))


def test_the_order_of_the_problems_does_not_matter():
    n, c = problems(1)
    order = np.random.default_rng(0).permutation(n.size)
    first = pass_at_k_curve(n, c, KS, n_boot=50, rng=3)
    second = pass_at_k_curve(n[order], c[order], KS, n_boot=50, rng=3)
    np.testing.assert_array_equal(first.lower, second.lower)


@pytest.mark.parametrize("weights", [None, [1, 1, 1, 1]])
def test_counts_too_large_to_pack_into_one_key(weights):
    n, c = [2**53, 2**53, 2**53, 2**52], [2**53, 2**52, 2**52, 2**50]
    np.testing.assert_allclose(pass_at_k_curve(n, c, 1, weights=weights).estimate, 2.25 / 4, rtol=1e-15)
    assert histogram(n, c).problems.tolist() == [1, 2, 1]


@pytest.mark.parametrize("stopping", ["fixed", "first_success"])
def test_small_memory_gives_the_same_curve(monkeypatch, stopping):
    n, c = problems(4)
    c = np.minimum(c, 1)
    whole = pass_at_k_curve(n, c, KS, n_boot=99, rng=5, stopping=stopping)
    monkeypatch.setattr(_curves, "BUDGET", 150)
    parts = pass_at_k_curve(n, c, KS, n_boot=99, rng=5, stopping=stopping)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(whole, field), getattr(parts, field), rtol=1e-12)


def test_a_seed_fixes_the_intervals():
    n, c = problems(6)
    rng = lidfast.random.default_rng(8)
    first, same, other, third, later = (
        pass_at_k_curve(n, c, KS, n_boot=100, rng=r).lower for r in (8, 8, 9, rng, rng)
    )
    assert (first == same).all()
    assert (first == third).all()
    assert (first != other).any()
    assert (first != later).any()


def efron(replicates, estimate, leave_one_out, level):
    """BCa of one statistic, by the book (Efron and Tibshirani 1993, section 14.3)."""
    normal = NormalDist()
    share = (np.mean(replicates < estimate - 1e-12) + np.mean(replicates <= estimate + 1e-12)) / 2
    bias = normal.inv_cdf(share)
    gap = leave_one_out.mean() - leave_one_out
    acceleration = (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    tails = [bias + normal.inv_cdf(tail) for tail in ((1 - level) / 2, (1 + level) / 2)]
    return [np.quantile(replicates, normal.cdf(bias + z / (1 - acceleration * z))) for z in tails]


@pytest.fixture
def drawn(monkeypatch):
    """The replicates of the curves made in this test."""
    kept, original = [], _curves.bootstrap

    def keep(*arguments):
        kept.append(original(*arguments))
        return kept[-1].copy()

    monkeypatch.setattr(_curves, "bootstrap", keep)
    return kept


@pytest.mark.parametrize("size", [3, 25])
def test_intervals_are_those_of_the_book(drawn, size):
    n, c = problems(10, size=size)
    c[0] = 0
    bca = pass_at_k_curve(n, c, KS, n_boot=500, rng=0, level=0.8)
    percentile = pass_at_k_curve(n, c, KS, n_boot=500, rng=0, level=0.8, interval="percentile")
    values = pass_at_k(n, c, KS)
    for j in range(KS.size):
        replicates = drawn[0][:, j]
        leave_one_out = np.array([np.delete(values[:, j], i).mean() for i in range(n.size)])
        expected = efron(replicates, values[:, j].mean(), leave_one_out, 0.8)
        np.testing.assert_allclose([bca.lower[j], bca.upper[j]], expected, rtol=1e-9)
        expected = np.quantile(replicates, [0.1, 0.9])
        np.testing.assert_allclose([percentile.lower[j], percentile.upper[j]], expected, rtol=1e-12)


@pytest.mark.parametrize("interval", ["bca", "percentile"])
def test_intervals_agree_with_scipy(interval):
    # Bounds from 10^4 replicates: two of them differ by about 0.04 stderr (one standard deviation),
    # so that right code fails for fewer than one seed in 10^8.
    n, c = problems(11, size=40)
    curve = pass_at_k_curve(n, c, [5], n_boot=10_000, rng=0, interval=interval)
    peer = scipy.stats.bootstrap(
        (pass_at_k(n, c, 5),), np.mean, n_resamples=10_000, method=interval, rng=np.random.default_rng(1)
    )
    bounds = [curve.lower[0], curve.upper[0]]
    np.testing.assert_allclose(bounds, peer.confidence_interval, rtol=0, atol=0.25 * curve.stderr[0])


@pytest.mark.parametrize("size", [60, 9000])  # an index for each problem, and a number for each cell
def test_resamples_have_the_right_moments(size):
    # Means and variances of 20000 replicates within 5 standard deviations: right code fails for fewer
    # than one seed in 10^5.
    n, c = problems(12, size)
    cells = histogram(n, c)
    estimator = _curves.fixed(cells, KS)
    draws = _curves.bootstrap(estimator, _curves.Units(cells.problems), 20_000, np.random.default_rng(0))
    variance = pass_at_k(n, c, KS).var(axis=0) / n.size
    z = (draws.mean(axis=0) - estimator.estimate) / np.sqrt(variance / 20_000)
    assert (np.abs(z) < 5).all()
    spread = np.sqrt((scipy.stats.kurtosis(draws, axis=0) + 2) / 20_000)
    assert (np.abs(draws.var(axis=0) / variance - 1) < 5 * spread).all()


@pytest.mark.parametrize("stopping", ["fixed", "first_success"])
@pytest.mark.parametrize("interval", ["bca", "percentile"])
@pytest.mark.parametrize("n_boot", [1, 2, 100])
@pytest.mark.parametrize(
    ("n", "c"),
    [
        ([10], [3]),
        ([10] * 5, [0] * 5),
        ([10] * 5, [10] * 5),
        ([10] * 5, [3] * 5),
        ([10] * 50, [0] * 49 + [10]),
        ([10] * 50, [10] * 49 + [0]),
        ([10, 20], [0, 0]),  # two cells, one value
        ([10, 10], [0, 10]),
    ],
)
def test_degenerate_problems_have_finite_intervals(n, c, n_boot, interval, stopping):
    block = 10 if stopping == "first_success" else 1
    for level in (0.95, 1 - 1e-12):
        curve = pass_at_k_curve(
            n,
            c,
            [0, 1, 3, 10],
            n_boot=n_boot,
            interval=interval,
            level=level,
            rng=0,
            stopping=stopping,
            block=block,
        )
        for field in (curve.estimate, curve.failure, curve.lower, curve.upper):
            assert ((field >= 0) & (field <= 1)).all()
        assert (curve.lower <= curve.upper).all()
        if len(set(c)) == 1:
            np.testing.assert_allclose(curve.lower, curve.estimate, rtol=1e-15)
            np.testing.assert_allclose(curve.upper, curve.estimate, rtol=1e-15)


def test_one_problem_has_no_standard_error():
    curve = pass_at_k_curve(10, 3, [1, 2])
    assert np.isnan([curve.stderr, curve.lower, curve.upper]).all()
    assert (pass_at_k_curve(10, 3, [1, 2], weights=[2]).stderr == 0).all()


def test_normal_intervals_stay_in_the_unit_interval():
    assert (pass_at_k_curve(10, [0, 0, 0, 5], [1, 10], level=0.999).lower == 0).all()
    assert (pass_at_k_curve(10, [10, 10, 10, 5], [1, 2], level=0.999).upper == 1).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": [20, 5, 4], "c": 1, "k": [1, 6]}, r"n\[1\] is 5: it must be at least the largest k = 6"),
        ({"c": [1, 11]}, r"c\[1\] is 11: it must be at most n"),
        ({"k": [[1]]}, r"k has shape \(1, 1\)"),
        ({"k": []}, "k is empty"),
        ({"n": [], "c": []}, "n is empty"),
        ({"n": [[5]], "k": 6}, r"n\[0, 0\] is 5: it must be at least the largest k"),
        ({"clusters": [1]}, r"clusters has shape \(1,\) and the problems \(2,\)"),
        ({"clusters": [1, 1]}, "clusters holds one label"),
        ({"clusters": [1, 2], "weights": [1, 1]}, "weights do not go with clusters"),
        ({"k": [1, -1]}, r"k\[1\] is -1"),
        ({"stopping": "never"}, "stopping is 'never'"),
        ({"interval": "basic"}, "interval is 'basic'"),
        ({"block": 2}, "block is 2: it goes with stopping='first_success'"),
        ({"block": 0, "stopping": "first_success"}, "block is 0"),
        ({"level": 1.0}, "level is 1.0"),
        ({"n_boot": -1}, "n_boot is -1"),
        ({"weights": [1, -1]}, r"weights\[1\] is -1"),
        ({"weights": [1, 0.5]}, r"weights\[1\] is 0.5"),
        ({"weights": [1]}, "weights has 1 elements and the problems 2"),
        ({"weights": [0, 0]}, "weights sum to 0"),
        ({"weights": [2**53, 2**53]}, "weights sum to"),
        ({"stopping": "first_success", "c": [2, 1]}, r"c\[0\] is 2: it must be at most block = 1"),
        ({"stopping": "first_success", "c": [0, 3], "block": 3}, r"n\[1\] is 10.*a multiple of block = 3"),
        ({"stopping": "first_success", "c": 0, "block": 3, "k": [9, 10]}, r"k\[1\] is 10.*whole blocks = 9"),
        ({"stopping": "first_success", "c": [0, 1], "n": [8, 5], "k": 9}, r"k\[0\] is 9: it must be at most"),
    ],
)
def test_bad_arguments_of_the_curve(arguments, words):
    with pytest.raises(ValueError, match=words):
        pass_at_k_curve(**({"n": [10, 10], "c": [1, 1], "k": 1} | arguments))


# ---------------------------------------------------------------- curves, stopping on success


def redistributed(n, c, b, k):
    """S(k) by redistribution to the right (Efron 1967), in fractions, problem by problem."""
    order = sorted(range(len(n)), key=lambda i: (n[i] // b, c[i] == 0))
    mass = {i: Fraction(1, len(n)) for i in order}
    total = Fraction(0)
    for at, i in enumerate(order):
        if c[i]:
            u = k - (n[i] - b)
            outlasts = 1 if u <= 0 else exact_failure(b, c[i], u) if u <= b else 0
            total += mass[i] * outlasts
            continue
        later = [j for j in order[at + 1 :] if n[j] // b > n[i] // b]
        for j in later:
            mass[j] += mass[i] / len(later)
        if not later:
            total += mass[i]
    return total


def stopped(seed, b, size=40, longest=6):
    """Problems sampled in blocks until a success, or given up at a random or the largest length."""
    rng = np.random.default_rng(seed)
    n, c = [], []
    for s in rng.beta(0.5, 1, size):
        cap = int(rng.integers(1, longest * b + 1)) if rng.random() < 0.5 else longest * b
        hits = rng.binomial(b, s, size=cap // b)
        first = int(np.argmax(hits > 0)) if hits.any() else None
        n.append(cap if first is None else (first + 1) * b)
        c.append(0 if first is None else int(hits[first]))
    return n, c


def test_first_success_by_hand():
    # Solved at 1, given up at 1, solved at 2: S(1) = 2/3, and S(2) = 2/3 * 0.
    curve = pass_at_k_curve([1, 1, 2], [1, 0, 1], [0, 1, 2], stopping="first_success")
    np.testing.assert_allclose(curve.failure, [1, 2 / 3, 0], rtol=1e-15)
    np.testing.assert_allclose(curve.estimate, [0, 1 / 3, 1], rtol=1e-15)


def assert_redistributed(n, c, b, **options):
    ks = np.arange(max(n) // b * b + 1)
    curve = pass_at_k_curve(n, c, ks, stopping="first_success", block=b, **options)
    exact = np.array([redistributed(n, c, b, k) for k in ks.tolist()], dtype=object)
    np.testing.assert_allclose(curve.failure, floats(exact), rtol=1e-13, atol=0)
    np.testing.assert_allclose(curve.estimate, floats(1 - exact), rtol=1e-13, atol=0)
    return curve


@pytest.mark.parametrize("b", [1, 2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_first_success_against_redistribution(b, seed):
    assert_redistributed(*stopped(seed, b), b)


ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=12)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.integers(1, 4), ROWS)
def test_any_first_success(b, rows):
    c = [min(hits, b) if blocks else 0 for blocks, hits, _ in rows]
    n = [r[0] * b + (0 if successes else min(r[2], b - 1)) for r, successes in zip(rows, c, strict=True)]
    curve = assert_redistributed(n, c, b, n_boot=5, rng=0)
    assert np.isfinite([curve.lower, curve.upper]).all()


def test_first_success_is_unbiased():
    """The law of (n, c) itself, as weights, gives (1-s)^k."""
    b, s = 4, 0.3
    n, c = (x.ravel() for x in np.meshgrid(b * np.arange(1, 40), np.arange(1, b + 1)))
    law = 0.7 ** (n - b) * scipy.stats.binom.pmf(c, b, s)
    ks = np.arange(1, 17)
    weights = np.rint(law * 2**52).astype(int)
    curve = pass_at_k_curve(n, c, ks, stopping="first_success", block=b, weights=weights)
    np.testing.assert_allclose(curve.failure, 0.7**ks, rtol=1e-12)


def test_without_censoring_it_is_a_mean():
    """Estimate and stderr are those of the problems' conditional probabilities."""
    b, n, c = 3, [3, 3, 6, 9, 9, 12, 6], [1, 3, 2, 1, 1, 2, 1]
    ks = np.arange(13)
    outlasts = floats(
        [
            [exact_failure(b, j, min(max(k - i + b, 0), b)) for k in ks.tolist()]
            for i, j in zip(n, c, strict=True)
        ]
    )
    curve = pass_at_k_curve(n, c, ks, stopping="first_success", block=b)
    np.testing.assert_allclose(curve.failure, outlasts.mean(0), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(curve.stderr, scipy.stats.sem(outlasts, axis=0), rtol=1e-12, atol=1e-16)


def test_its_standard_error_is_greenwoods():
    n, c = (np.array(x) for x in stopped(3, 1, size=80, longest=12))
    ks = np.arange(1, 13)
    curve = pass_at_k_curve(n, c, ks, stopping="first_success")
    at_risk = np.array([(n >= t).sum() for t in ks])
    ended = np.array([((n == t) & (c > 0)).sum() for t in ks])
    greenwood = curve.failure * np.sqrt(np.cumsum(ended / (at_risk * (at_risk - ended))))
    np.testing.assert_allclose(curve.stderr, greenwood * np.sqrt(n.size / (n.size - 1)), rtol=1e-12)


@pytest.mark.parametrize("b", [1, 3])
def test_influence_is_the_derivative(b):
    """Against differences: one problem more and one less among 10^6 copies of all."""
    n, c = stopped(5, b, size=30)
    cells = histogram(n, c)
    ks = np.arange(max(n) // b * b + 1)
    influence = _curves.first_success(cells, ks, b).influence

    def estimate(problems):
        return _curves.first_success(_curves.Cells(cells.n, cells.c, problems), ks, b).estimate

    for i, step in enumerate(np.eye(cells.n.size)):
        slope = (estimate(1e6 * cells.problems + step) - estimate(1e6 * cells.problems - step)) / 2 * 1e6
        np.testing.assert_allclose(influence[i], slope, atol=1e-8)


def test_resamples_are_the_estimator_of_the_resampled_problems():
    b = 2
    n, c = stopped(9, b, size=50)
    cells = histogram(n, c)
    ks = np.arange(max(n) // b * b + 1)
    draws = np.random.default_rng(0).multinomial(50, cells.problems / 50, size=20)
    draws[0, cells.n > 6] = 0  # a resample that ends early
    values = _curves.first_success(cells, ks, b).resample(draws.astype(float))
    for problems_drawn, value in zip(draws, values, strict=True):
        defined = ks <= cells.n[problems_drawn > 0].max() // b * b
        plain = pass_at_k_curve(
            cells.n, cells.c, ks[defined], stopping="first_success", block=b, weights=problems_drawn
        )
        np.testing.assert_allclose(value[defined], plain.estimate, rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(value[~defined], plain.estimate[-1], rtol=1e-13)


def test_attacks_that_came_in_blocks(shared_data):
    """Best of N up to 10020 in blocks of 60: the product of the hazards of the blocks."""
    with shared_data("bon_jailbreaking_text.csv").open() as file:
        rows = list(csv.DictReader(file))
    n, c = (np.array([int(row[x]) for row in rows if row["model"] == rows[0]["model"]]) for x in "nc")
    curve = pass_at_k_curve(
        n, c, [60, 600, 6000, 10020], stopping="first_success", block=60, n_boot=200, rng=0
    )
    for k, failure in zip(curve.k, curve.failure, strict=True):
        factors = [1 - ((n == t) & (c > 0)).sum() / (n >= t).sum() for t in range(60, k + 1, 60)]
        np.testing.assert_allclose(failure, np.prod(factors), rtol=1e-12)
    assert (curve.lower <= curve.estimate).all()
    assert (curve.estimate <= curve.upper).all()


# ---------------------------------------------------------------- failure curves

HARD = [1e-300, 1e-10, 0.5, 1 - 1e-16, 1.0, 0.0]
TIMES = [0.0, 1e-3, 1.0, 2.5, 10.0, 1e3, 1e6, 1e10, 1e12]


@pytest.mark.parametrize("s", HARD)
def test_failure_of_one_instance(s):
    with mp.workdps(350):
        for k in TIMES:
            exact = (1 - mp.mpf(s)) ** mp.mpf(k)
            allowed = 4e-16 * (1 - mp.log(exact)) * exact if exact else 0
            error = abs(mp.mpf(failure_curve([s], k)) - exact)
            assert error <= max(allowed, mp.mpf(2) ** -1073), (s, k)


@pytest.mark.parametrize("weighted", [False, True])
def test_failure_of_many_instances(weighted):
    rng = np.random.default_rng(0)
    s = np.concatenate([HARD, rng.random(3000) ** 6])
    w = rng.random(s.size) if weighted else np.ones(s.size)
    with mp.workdps(40):
        exact = [
            float(
                mp.fsum(mp.mpf(u) * (1 - mp.mpf(x)) ** k for u, x in zip(w.tolist(), s.tolist(), strict=True))
            )
            for k in TIMES
        ]
        total = float(mp.fsum(w.tolist()))
    rates = failure_curve(s, TIMES, weights=w if weighted else None)
    np.testing.assert_allclose(rates, np.array(exact) / total, rtol=3e-15)


@pytest.mark.parametrize("weighted", [False, True])
def test_curve_sums_and_their_slopes(weighted):
    rng = np.random.default_rng(1)
    size = 150_000  # several blocks in each stripe of the kernel
    log_fail = np.log1p(-(rng.random(size) ** 8))
    log_fail[:3] = [0, -inf, -800]
    w = rng.random(size) if weighted else None
    k = np.array([0.5, 3.0, 1e4])
    rate, slope, passed = passk._curve_sums(log_fail, w, k)
    terms = np.exp(log_fail[:, None] * k) * (1 if w is None else w[:, None])
    finite = np.maximum(log_fail, -1e300)[:, None]
    np.testing.assert_allclose(rate, terms.sum(0), rtol=1e-12)
    np.testing.assert_allclose(slope, (terms * finite).sum(0), rtol=1e-12)
    passes = -np.expm1(finite * k) * (1 if w is None else w[:, None])
    np.testing.assert_allclose(passed, passes.sum(0), rtol=1e-12)


def test_many_ks_at_once():
    s, k = np.random.default_rng(2).random(100), np.linspace(0, 50, 9000)
    np.testing.assert_allclose(failure_curve(s, k), ((1 - s[:, None]) ** k).mean(0), rtol=1e-13)
    np.testing.assert_array_equal(failure_curve(s, k[::100]), failure_curve(s, k)[::100])


def long_curve_sums(log_fail, w, k):
    """As _curve_sums, in 80 bits."""
    x = np.asarray(log_fail, dtype=np.longdouble)
    rate, slope, passed = np.empty((3, k.size))
    for j, kj in enumerate(k.astype(np.longdouble)):
        terms = np.exp(kj * x) * w if kj else w
        rate[j], slope[j] = terms.sum(), (terms * np.maximum(x, -1e300)).sum()
        passed[j] = (-np.expm1(kj * x) * w).sum()
    return rate, slope, passed


MANY_S = 5000  # above it, and for several k, the kernel sums by moments
SAMPLES = {
    "power tail": lambda rng: rng.beta(0.3, 2, MANY_S),
    "no small s": lambda rng: rng.beta(60, 40, MANY_S),
    "one value": lambda _: np.full(MANY_S, 0.3),
    "all magnitudes": lambda rng: 10 ** rng.uniform(-300, 0, MANY_S),
    "around the least cell": lambda rng: 2.0 ** rng.uniform(-66, -62, MANY_S),
    "near 1": lambda rng: 1 - 10 ** rng.uniform(-16, -1, MANY_S),
    "0 and 1": lambda rng: np.r_[np.zeros(MANY_S), np.ones(MANY_S), rng.random(3)],
    "0": lambda _: np.zeros(MANY_S),
    "1": lambda _: np.ones(MANY_S),
}


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double has no more digits here")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_curve_sums_by_moments(kind, weighted):
    rng = np.random.default_rng(3)
    s = SAMPLES[kind](rng)
    w = rng.random(s.size) if weighted else np.ones(s.size)
    k = np.sort(np.r_[1e-300, 10 ** rng.uniform(-3, 15, 60), 1, 2, 3, 7, 50, 300, 1e18, 1e21])
    with np.errstate(divide="ignore"):
        log_fail = np.log1p(-np.longdouble(s)).astype(float)
    sums = passk._curve_sums(log_fail, w if weighted else None, k)
    for found, exact in zip(sums, long_curve_sums(log_fail, w, k), strict=True):
        # k ln(1-s) is rounded before its exponential: where that is 1e-300, by 690 roundings
        size = np.maximum(1, -np.log(np.maximum(np.abs(exact), 1e-300)))
        assert np.all(np.abs(found - exact) <= 4e-15 * size * np.abs(exact) + 1e-305)
    rates = failure_curve(s, np.r_[k, 0], weights=w if weighted else None)
    np.testing.assert_allclose(rates, np.r_[sums[0] / w.sum(), 1], rtol=1e-12, atol=1e-305)


@pytest.mark.parametrize("kind", ["power tail", "all magnitudes", "near 1"])
def test_curve_sums_by_moments_do_not_depend_on_threads(kind):
    s, k = SAMPLES[kind](np.random.default_rng(4)), np.geomspace(0.1, 1e9, 30)
    with lidfast.num_threads(1):
        alone = failure_curve(s, k)
    with lidfast.num_threads(3):
        np.testing.assert_array_equal(failure_curve(s, k), alone)


def test_failure_curve_shapes():
    assert type(failure_curve([0.5], 1)) is float
    assert failure_curve(0.5, [1]).shape == (1,)
    assert failure_curve([0.0, 1.0], 2, weights=[3, 1]) == 0.75


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"s": [0.5, 1.5]}, r"s\[1\] is 1.5: it must be in \[0, 1\]"),
        ({"s": [nan]}, r"s\[0\] is nan"),
        ({"s": []}, "s is empty"),
        ({"s": [[0.5]]}, "s has shape"),
        ({"k": [0, -1]}, r"k\[1\] is -1.0"),
        ({"k": inf}, "k is inf"),
        ({"weights": [1]}, "weights has 1 elements and s 2"),
        ({"weights": [1, -2]}, r"weights\[1\] is -2.0"),
        ({"weights": [0, 0]}, "weights sum to 0"),
        ({"weights": [1e308, 1e308]}, "weights sum to inf"),
    ],
)
def test_bad_arguments_of_the_failure_curve(arguments, words):
    with pytest.raises(ValueError, match=words):
        failure_curve(**({"s": [0.5, 0.25], "k": [1]} | arguments))


# ---------------------------------------------------------------- exponents


def noisy():
    rng = np.random.default_rng(0)
    k = np.sort(rng.uniform(1, 1000, 20))
    return k, 3 * k**-0.7 * np.exp(0.1 * rng.standard_normal(20)), rng.random(20)


def test_power_law_against_polyfit():
    k, loss, w = noisy()
    law = fit_power_law(k, loss, weights=w)
    (slope, level), covariance = np.polyfit(np.log(k), np.log(loss), 1, w=np.sqrt(w), cov=True)
    expected = [-slope, np.exp(level), np.sqrt(covariance[0, 0])]
    np.testing.assert_allclose([law.exponent, law.amplitude, law.stderr], expected, rtol=1e-10)
    small = fit_power_law(k, loss, weights=1e-200 * w)
    np.testing.assert_allclose([small.exponent, small.stderr], [law.exponent, law.stderr], rtol=1e-12)
    plain, line = fit_power_law(k, loss), scipy.stats.linregress(np.log(k), np.log(loss))
    np.testing.assert_allclose([plain.exponent, plain.stderr], [-line.slope, line.stderr], rtol=1e-10)


def test_power_law_window():
    k, loss, _ = noisy()
    inside = slice(3, 12)
    law = fit_power_law(k, loss, window=(k[3], k[11]))
    assert law == fit_power_law(k[inside], loss[inside])
    loss[0] = 0  # outside: not looked at
    assert law == fit_power_law(k, loss, window=(k[3], k[11]))
    masked = np.zeros(k.size)
    masked[inside] = 1
    np.testing.assert_allclose(fit_power_law(k, loss, weights=masked).stderr, law.stderr, rtol=1e-12)
    assert fit_power_law(k, loss, window=(k[3], inf)).exponent > 0


def test_power_law_of_two_points():
    law = fit_power_law([1, 4], [8.0, 2.0])
    np.testing.assert_allclose([law.exponent, law.amplitude], [1, 8], rtol=1e-14)
    assert isnan(law.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": [1.0, 0.0, 0.5]}, r"loss\[1\] is 0.0: it must be > 0"),
        ({"loss": [1.0, 1.0, nan]}, r"loss\[2\] is nan"),
        ({"loss": [1.0, 1.0]}, "loss has 2 elements and k 3"),
        ({"k": [0, 1, 2]}, r"k\[0\] is 0.0"),
        ({"k": [2, 2, 2]}, "k has fewer than two different values"),
        ({"window": (2, 3)}, r"k has fewer than two different values in the window \(2, 3\)"),
        ({"window": (3, 2)}, r"window is \(3, 2\)"),
        ({"window": (1, 2, 3)}, "window is"),
        ({"window": (nan, 2)}, r"window\[0\] is nan"),
        ({"weights": [1, 0, 0]}, "k has fewer than two"),
        ({"weights": [0, 0, 0]}, "weights sum to 0"),
    ],
)
def test_bad_arguments_of_the_power_law(arguments, words):
    with pytest.raises(ValueError, match=words):
        fit_power_law(**({"k": [1, 2, 4], "loss": [1.0, 0.5, 0.25]} | arguments))


def test_local_exponent():
    k = np.array([1, 2, 3, 10, 50, 51.0])
    np.testing.assert_allclose(local_exponent(k, 5 * k**-0.3), 0.3, rtol=1e-10)
    # of second order inside: exact for a parabola in ln k
    parabola = np.exp(-0.2 * np.log(k) ** 2)
    np.testing.assert_allclose(local_exponent(k, parabola)[1:-1], 0.4 * np.log(k)[1:-1], rtol=1e-10)
    assert local_exponent([1, 2], [1, 0.5]).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("k", "loss", "words"),
    [
        ([1], [1], "k has one element"),
        ([1, 3, 3], [1, 1, 1], r"k\[2\] is 3.0: it must be above the one before"),
        ([1, 2], [1, 0], r"loss\[1\] is 0.0"),
        ([1, 2], [1], "loss has 1 elements and k 2"),
    ],
)
def test_bad_arguments_of_the_local_exponent(k, loss, words):
    with pytest.raises(ValueError, match=words):
        local_exponent(k, loss)


# ---------------------------------------------------------------- columns of tables


def tables(n, c):
    """Columns of the kinds of table that are installed."""
    for name in ("polars", "pandas", "pyarrow"):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(name)
            make = module.table if name == "pyarrow" else module.DataFrame
            yield name, make({"n": n, "c": c})


def test_columns_of_tables_are_counts_without_a_copy():
    n, c = np.full(200_000, 200), np.arange(200_000) % 201
    expected = lidfast.pass_at_k_curve(n, c, [1, 10])
    kinds = []
    for kind, table in tables(n, c):
        kinds.append(kind)
        tracemalloc.start()
        try:
            found = lidfast.pass_at_k_curve(table["n"], table["c"], [1, 10])
            used = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        np.testing.assert_array_equal(found.estimate, expected.estimate)
        np.testing.assert_array_equal(
            lidfast.pass_at_k(table["n"], table["c"], 5), lidfast.pass_at_k(n, c, 5)
        )
        assert used < c.nbytes / 4, kind
    if not kinds:
        pytest.skip("needs polars, pandas or pyarrow")


def test_missing_values_of_tables_are_named():
    for _, table in tables([10, None, 7], [1, 2, 3]):
        with pytest.raises(ValueError, match=r"n\[1\] is nan"):
            lidfast.pass_at_k(table["n"], table["c"], 1)
