"""The first values of every sampler, kept: a change of the streams is seen, and goes into the changelog.

python tests/test_golden.py     writes the file anew
"""

import json
from pathlib import Path

import numpy as np
import pytest

from lidfast.random import Generator, default_rng

pytestmark = pytest.mark.kernel

FILE = Path(__file__).with_name("golden_streams.json")
SEED = 20260103
CALLS = {
    "random": [()],
    "standard_normal": [()],
    "standard_exponential": [()],
    "standard_gamma": [(0.3,), (1.25,), (1e-3,), (1e6,)],
    "normal": [(1.0, 2.0)],
    "uniform": [(-1.0, 1.0)],
    "exponential": [(2.0,)],
    "gamma": [(2.5, 3.0)],
    "inverse_gamma": [(1.25, 2.0)],
    "chisquare": [(2.5,)],
    "standard_t": [(3.0,), (0.1,)],
    "beta": [(0.3, 2.0), (0.01, 0.01)],
    "pareto": [(2.5,), (0.05,)],
    "weibull": [(0.5,)],
    "lognormal": [(0.5, 1.5)],
    "levy_stable": [(1.5, 0.5), (1.0, 1.0), (2.0, 0.0)],
    "geometric": [(0.01,)],
    "binomial": [(200, 0.3), (5, 0.7)],
    "poisson": [(3.0,), (1e4,)],
    "zipf": [(1.5,), (1.01,), (0.5, 1000)],
}
FLOAT32 = ("random", "standard_normal", "standard_exponential", "standard_gamma")
COUNT = 6


def draws():
    """Yield a name and the first values of each call, with numbers and with arrays as parameters."""
    for method, cases in CALLS.items():
        for case in cases:
            ways = {"numbers": case}
            if case:
                ways["arrays"] = tuple(np.full(COUNT, p) for p in case)
            for way, parameters in ways.items():
                more = {"n": parameters[1]} if method == "zipf" and len(parameters) > 1 else {}
                positional = parameters[:1] if more else parameters
                x = getattr(default_rng(SEED), method)(*positional, size=COUNT, **more)
                yield f"{method}{case} {way}", x.tolist()
            if method in FLOAT32:
                x = getattr(default_rng(SEED), method)(*case, size=COUNT, dtype=np.float32)
                yield f"{method}{case} float32", x.tolist()


def test_every_sampler_has_golden_values():
    own = {name for name, member in vars(Generator).items() if callable(member) and not name.startswith("_")}
    assert own - {"spawn", "numpy"} == set(CALLS)


def test_first_values():
    """To 1e-10: levels differ in the last bits."""
    golden, drawn = json.loads(FILE.read_text()), dict(draws())
    assert drawn.keys() == golden.keys()
    for name, values in drawn.items():
        np.testing.assert_allclose(values, golden[name], rtol=1e-10, atol=0, err_msg=name)


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(values)}" for name, values in draws())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
