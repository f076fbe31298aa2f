"""Coverage of a large pool, beside the straightforward NumPy simulation of the same thing.

One geometric draw a problem is about 3 ns on two threads, the count of the rounds in which they end 8.
"""

import numpy as np

from lidfast import _renewal
from lidfast.coverage import simulate
from lidfast.difficulty import Beta

POOL = 10**7
ROUNDS = 3601  # after which Beta(0.3, 2) has 90% solved


def in_numpy(problems, t, rng):
    """Ends of all problems, sorted: coverage at each budget from what is spent by each of them."""
    ends = np.sort(rng.geometric(rng.beta(0.3, 2, problems)))
    spent = np.cumsum(ends, dtype=float) + ends.astype(float) * np.arange(problems - 1, -1, -1)
    return np.searchsorted(spent, t, side="right")


def bench_pool_to_90_percent(compare):
    law = Beta(0.3, 2)
    last = POOL * _renewal.attempts(law, np.array([ROUNDS]))[0]
    t = np.geomspace(POOL / 10, last, 30)
    rng = np.random.default_rng(0)
    few = POOL // 10
    calls = {"numpy": (lambda: in_numpy(few, t / 10, rng), few)}
    compare(lambda: simulate(law, t, pool=POOL, runs=1, rng=0), calls, POOL, rounds=5)
