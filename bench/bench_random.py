"""Samplers against NumPy, SciPy and mkl_random: 10 million variates, ours into a warm array.

Peers write to a warm array too where they have an `out`; mkl_random's time is its best engine's.
"""

import numpy as np
import pytest

from lidfast.random import default_rng

N = 10_000_000
MKL_ENGINES = ("SFMT19937", "PHILOX4X32X10", "MCG59")

# a method and fixed parameters
FIXED = [
    ("random", ()),
    ("standard_normal", ()),
    ("standard_exponential", ()),
    ("standard_gamma", (1.25,)),
    ("standard_gamma", (0.3,)),
    ("pareto", (2.5,)),
    ("standard_t", (3.0,)),
    ("beta", (0.3, 2.0)),
    ("zipf", (1.5,)),
    ("inverse_gamma", (1.25,)),
    ("chisquare", (2.5,)),
    ("weibull", (0.5,)),
    ("lognormal", (0.0, 1.0)),
    ("geometric", (0.01,)),
    ("binomial", (200, 0.3)),
    ("poisson", (20.0,)),
]
FLOAT32 = [("random", ()), ("standard_normal", ()), ("standard_exponential", ()), ("standard_gamma", (1.25,))]
# a method and the range of each parameter, one value for each variate
ARRAYS = [
    ("standard_gamma", ((0.3, 0.9),)),
    ("standard_gamma", ((1.0, 5.0),)),
    ("standard_t", ((1.0, 5.0),)),
    ("beta", ((0.3, 3.0), (0.3, 3.0))),
    ("pareto", ((0.5, 5.0),)),
    ("weibull", ((0.5, 5.0),)),
    ("chisquare", ((0.5, 5.0),)),
    ("geometric", ((0.01, 0.9),)),
    ("binomial", (200, (0.0, 1.0))),
    ("poisson", ((0.0, 50.0),)),
    ("zipf", ((1.2, 4.0),)),
]


def warm(law):
    return np.ones(N, np.int64 if law in ("zipf", "geometric", "binomial", "poisson") else np.float64)


def name(value):
    return str(value).replace(" ", "")


@pytest.mark.parametrize(("law", "parameters"), FIXED, ids=name)
def bench_fixed(law, parameters, compare, peers):
    ours, numpy, out = default_rng(0), np.random.default_rng(0), warm(law)
    if law == "inverse_gamma":

        def peer():
            np.reciprocal(numpy.standard_gamma(*parameters, out=out), out=out)

    else:
        takes_out = law in ("random", "standard_normal", "standard_exponential", "standard_gamma")
        size = {"out": out} if takes_out else {"size": N}

        def peer():
            getattr(numpy, law)(*parameters, **size)

    calls = {"numpy": peer}
    if module := peers("mkl_random"):
        for engine in MKL_ENGINES:
            method = getattr(
                module.MKLRandomState(0, brng=engine), "random_sample" if law == "random" else law, None
            )
            if method:
                calls[f"mkl_random {engine}"] = lambda method=method: method(*parameters, size=N)
    compare(lambda: getattr(ours, law)(*parameters, out=out), calls, N, rounds=5)


@pytest.mark.parametrize(("law", "parameters"), ARRAYS, ids=name)
def bench_arrays(law, parameters, compare):
    ours, numpy, out = default_rng(0), np.random.default_rng(0), warm(law)
    spread = np.random.default_rng(1)
    arrays = [spread.uniform(*p, N) if isinstance(p, tuple) else p for p in parameters]
    compare(
        lambda: getattr(ours, law)(*arrays, out=out),
        {"numpy": lambda: getattr(numpy, law)(*arrays)},
        N,
        rounds=5,
    )


@pytest.mark.parametrize(("law", "parameters"), FLOAT32, ids=name)
def bench_float32(law, parameters, compare):
    """The peers are our own float64, and NumPy's float32."""
    ours, numpy = default_rng(0), np.random.default_rng(0)
    single, double = np.ones(N, np.float32), np.ones(N)
    calls = {
        "float64": lambda: getattr(ours, law)(*parameters, out=double),
        "numpy": lambda: getattr(numpy, law)(*parameters, dtype=np.float32, out=single),
    }
    compare(lambda: getattr(ours, law)(*parameters, dtype=np.float32, out=single), calls, N, rounds=7)


@pytest.mark.parametrize(("alpha", "beta"), [(1.5, 0.0), (0.5, 1.0), (1.0, 0.0)], ids=name)
def bench_levy_stable(alpha, beta, compare, peers):
    ours, out = default_rng(0), warm("levy_stable")
    scipy = peers("scipy.stats").levy_stable
    few = N // 10
    calls = {"scipy": (lambda: scipy.rvs(alpha, beta, size=few, random_state=0), few)}
    compare(lambda: ours.levy_stable(alpha, beta, out=out), calls, N, rounds=5)


@pytest.mark.parametrize("size", [None, 10], ids=["scalar", "ten"])
@pytest.mark.parametrize(("law", "parameters"), [c for c in FIXED if c[0] != "inverse_gamma"], ids=name)
def bench_small(law, parameters, size, compare):
    """A thousand calls; the table is made before the first."""
    ours, numpy = getattr(default_rng(0), law), getattr(np.random.default_rng(0), law)

    def thousand(method):
        for _ in range(1000):
            method(*parameters, size=size)

    compare(lambda: thousand(ours), {"numpy": lambda: thousand(numpy)}, 1000)
