"""Batched ridge against NumPy, torch and a loop over scikit-learn."""

import numpy as np
import pytest

import lidfast

# problems, n, d
CASES = [(20_000, 32, 8), (5_000, 128, 32), (2_000, 256, 64), (200, 1024, 256), (20_000, 16, 32)]


@pytest.mark.parametrize(("problems", "n", "d"), CASES)
def bench_ridge_solve(problems, n, d, compare, peers):
    rng = np.random.default_rng(0)
    X, y, alpha = rng.standard_normal((problems, n, d)), rng.standard_normal((problems, n)), 1.0

    def batched(linalg, X, y, eye):
        """The smaller of the two normal systems, as a user of the library writes it."""
        Xt = X.swapaxes(-1, -2)
        if n >= d:
            return linalg.solve(Xt @ X + alpha * eye, Xt @ y[..., None])
        return Xt @ linalg.solve(X @ Xt + alpha * eye, y[..., None])

    calls = {"numpy": lambda: batched(np.linalg, X, y, np.eye(min(n, d)))}
    if torch := peers("torch"):
        tensors = torch.from_numpy(X), torch.from_numpy(y), torch.eye(min(n, d), dtype=torch.float64)
        calls["torch"] = lambda: batched(torch.linalg, *tensors)
    if linear_model := peers("sklearn.linear_model"):
        head = linear_model.Ridge(alpha, fit_intercept=False)
        few = min(problems, 50)  # each costs the same: the first ones stand for all
        calls["scikit-learn"] = lambda: [head.fit(X[i], y[i]) for i in range(few)], few
    compare(lambda: lidfast.ridge_solve(X, y, alpha), calls, problems, rounds=5)
