"""Samplers against NumPy and mkl_random: float64, 4 million variates into a warm array."""

import numpy as np
import pytest

from lidfast.random import default_rng

N = 4_000_000

# our method and parameters, and mkl_random's name for the law where it has one
CASES = [
    ("random", (), "random_sample"),
    ("standard_normal", (), "standard_normal"),
    ("standard_exponential", (), "standard_exponential"),
    ("standard_gamma", (1.25,), "standard_gamma"),
    ("standard_gamma", (0.3,), "standard_gamma"),
    ("standard_t", (3.0,), "standard_t"),
    ("pareto", (2.5,), "pareto"),
    ("beta", (0.3, 2.0), "beta"),
    ("geometric", (0.1,), "geometric"),
    ("binomial", (200, 0.3), "binomial"),
]


@pytest.mark.parametrize(("law", "parameters", "mkl_law"), CASES, ids=lambda v: str(v))
def bench_law(law, parameters, mkl_law, compare, peers):
    ours, numpy = default_rng(0), np.random.default_rng(0)
    takes_out = law in ("random", "standard_normal", "standard_exponential", "standard_gamma")
    warm = {"out": np.zeros(N)} if takes_out else {"size": N}
    calls = {"numpy": lambda: getattr(numpy, law)(*parameters, **warm)}
    if module := peers("mkl_random"):
        state = module.MKLRandomState(0, brng="SFMT19937")
        calls["mkl_random"] = lambda: getattr(state, mkl_law)(*parameters, size=N)
    compare(lambda: getattr(ours, law)(*parameters, **warm), calls, N)
