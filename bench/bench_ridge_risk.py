"""Excess risks of simulated training against a loop over NumPy, draws included."""

import numpy as np
import pytest

import lidfast

RUNS, RIDGE = 64, 1e-3


@pytest.mark.parametrize("N", [50, 200, 1000])
def bench_ridge_risk(N, compare, d=100):
    spectrum, theta = lidfast.spectrum.power_law(d, 0.5), np.ones(d)
    rng, root = np.random.default_rng(0), np.sqrt(spectrum)

    def one():
        X = rng.standard_normal((N, d)) * root
        y = X @ theta + 0.1 * rng.standard_t(2.5, N)
        if d <= N:
            coef = np.linalg.solve(X.T @ X + N * RIDGE * np.eye(d), X.T @ y)
        else:
            coef = X.T @ np.linalg.solve(X @ X.T + N * RIDGE * np.eye(N), y)
        return np.sum(spectrum * (coef - theta) ** 2)

    compare(
        lambda: lidfast.ridge_risk(
            spectrum, theta, N, runs=RUNS, noise_scale=0.1, noise_df=2.5, ridge=RIDGE, rng=0
        ),
        {"numpy": lambda: [one() for _ in range(RUNS)]},
        RUNS,
    )
