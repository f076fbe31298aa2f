"""Batched ridge against NumPy, torch, numba and scikit-learn, X warm in memory.

The rates are to be read against those of the two cores that the targets are for: 95 GFLOP/s in float64
and 30 GB/s of reading.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

import lidfast

ALPHA = 1.0

# problems, n, d, dtype
CASES = [
    (20_000, 32, 8, "float64"),
    (20_000, 64, 16, "float64"),
    (5_000, 128, 32, "float64"),
    (2_000, 256, 64, "float64"),
    (200, 1024, 256, "float64"),
    (20_000, 16, 32, "float64"),
    (2_000, 64, 256, "float64"),
    (20_000, 32, 8, "float32"),
    (2_000, 256, 64, "float32"),
    (20_000, 16, 32, "float32"),
]


def data(problems, n, d, dtype="float64"):
    rng = np.random.default_rng(0)
    return rng.standard_normal((problems, n, d), dtype), rng.standard_normal((problems, n), dtype)


def cost(n, d, itemsize=8):
    """Operations of the smaller normal system, the symmetric half only, and bytes of X."""
    m = min(n, d)
    return {"flops": n * d * m + m**3 / 3, "read": n * d * itemsize, "unit": "us"}


def normal_equations(linalg, X, y, eye):
    """The smaller of the two systems of each problem, as a user of NumPy or torch writes it."""
    Xt = X.swapaxes(-1, -2)
    if X.shape[-2] >= X.shape[-1]:
        return linalg.solve(Xt @ X + ALPHA * eye, Xt @ y[..., None])
    return Xt @ linalg.solve(X @ Xt + ALPHA * eye, y[..., None])


@cache
def numba_loop(numba):
    @numba.njit(parallel=True)
    def solve(X, y):
        coef = np.empty((X.shape[0], X.shape[2]), X.dtype)
        for i in numba.prange(X.shape[0]):
            gram = X[i].T @ X[i]
            for j in range(len(gram)):
                gram[j, j] += ALPHA
            coef[i] = np.linalg.solve(gram, X[i].T @ y[i])
        return coef

    return solve


@pytest.mark.parametrize(("problems", "n", "d", "dtype"), CASES)
def bench_ridge_solve(problems, n, d, dtype, compare, peers):
    X, y = data(problems, n, d, dtype)
    eye = np.eye(min(n, d), dtype=dtype)
    calls = {"numpy": lambda: normal_equations(np.linalg, X, y, eye)}
    if torch := peers("torch"):
        tensors = [torch.from_numpy(a) for a in (X, y, eye)]
        calls["torch"] = lambda: normal_equations(torch.linalg, *tensors)
    if numba := peers("numba"):
        loop, libraries = numba_loop(numba), peers("threadpoolctl").ThreadpoolController()

        def one_thread_of_blas_each():
            with libraries.limit(limits=1, user_api="blas"):
                return loop(X, y)

        calls["numba"] = one_thread_of_blas_each
    if linear_model := peers("sklearn.linear_model"):
        head = linear_model.Ridge(ALPHA, fit_intercept=False)
        few = min(problems, 20)  # each costs the same: the first ones stand for all
        calls["scikit-learn"] = lambda: [head.fit(X[i], y[i]) for i in range(few)], few
    compare(lambda: lidfast.ridge_solve(X, y, ALPHA), calls, problems, rounds=5, **cost(n, d, X.itemsize))


@pytest.mark.parametrize("d", [3, 8])
def bench_ridge_solve_gram(d, compare):
    problems = 1_000_000
    X, rhs = data(problems, d, d)
    gram, eye = X.swapaxes(-1, -2) @ X, np.eye(d)
    compare(
        lambda: lidfast.ridge_solve_gram(gram, rhs, ALPHA),
        {"numpy": lambda: np.linalg.solve(gram + ALPHA * eye, rhs[..., None])},
        problems,
        rounds=5,
        flops=d**3 / 3,
        read=8 * d * (d + 1),
        unit="us",
    )


@pytest.mark.parametrize("method", ["ridge_path", "ridge_loo"])
def bench_penalties(method, compare):
    """20 penalties as a multiple of ridge_solve with one: the ratio."""
    problems, n, d = 2_000, 256, 64
    X, y = data(problems, n, d)
    alphas = np.logspace(-3, 3, 20)
    call = getattr(lidfast, method)
    compare(
        lambda: lidfast.ridge_solve(X, y, ALPHA),
        {method: lambda: call(X, y, alphas)},
        problems,
        rounds=5,
        **cost(n, d),
    )


def bench_one_off(compare):
    """100,000 calls with a problem each, Python included."""
    X, y = data(1_000, 50, 5)
    pairs, eye = list(zip(X, y, strict=True)), np.eye(5)

    def ours():
        for _ in range(100):
            for x, v in pairs:
                lidfast.ridge_solve(x, v, ALPHA)

    def numpy():
        for x, v in pairs:
            np.linalg.solve(x.T @ x + ALPHA * eye, x.T @ v)

    compare(ours, {"numpy": (numpy, len(pairs))}, 100 * len(pairs), rounds=5, **cost(50, 5))


def bench_ridge_solve_ragged(compare):
    groups, n, d, few = 100_000, 20, 5, 1_000
    X, y = data(groups, n, d)
    X, y = X.reshape(-1, d), y.ravel()
    offsets, eye = np.arange(groups + 1) * n, np.eye(d)

    def numpy():
        for start, end in pairwise(offsets[: few + 1]):
            x = X[start:end]
            np.linalg.solve(x.T @ x + ALPHA * eye, x.T @ y[start:end])

    compare(
        lambda: lidfast.ridge_solve_ragged(X, y, offsets, ALPHA),
        {"numpy": (numpy, few)},
        groups,
        rounds=5,
        **cost(n, d),
    )
