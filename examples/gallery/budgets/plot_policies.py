r"""
Coverage against cost, by policy
================================

How many of 1000 problems, with success probabilities from Beta(0.3, 2), do t attempts solve?
Reset-and-Discard (arXiv 2601.21522) leaves a problem after r failures and comes back to it in the next
round; with r = 1 no policy does better, where problems cannot be told apart and a verifier is perfect.
To work on each problem until it is solved gets stuck at the hard ones. Lines are exact, points simulated
with two standard errors.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from lidfast import coverage
from lidfast.difficulty import Beta

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

law, pool, runs = Beta(0.3, 2), 1000, 64 if quick else 400
t = np.unique(np.geomspace(10, 10_000 if quick else 30_000, 25).astype(int))
some = t[2::3]

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for i, (r, marker) in enumerate(((1, "o"), (20, "s"), (100, "^"))):
    exact = coverage.reset_and_discard(law, t, r=r, pool=pool)
    found = coverage.simulate(law, some, policy="reset", r=r, pool=pool, runs=runs, rng=i)
    axes.plot(t, exact, color=f"C{i}", label=f"leave after {r} failure{'s' * (r > 1)}")
    axes.errorbar(some, found.coverage, 2 * found.stderr, fmt=marker, ms=4, color=f"C{i}", capsize=2)
found = coverage.simulate(law, some, policy="solve_to_completion", pool=pool, runs=runs, rng=9)
axes.plot(t, coverage.solve_to_completion(law, t, pool=pool), color="C3", label="until it is solved")
axes.errorbar(some, found.coverage, 2 * found.stderr, fmt="D", ms=4, color="C3", capsize=2)
axes.set(xscale="log", yscale="log", xlabel="attempts t in all", ylabel=f"problems solved, of {pool}")
axes.set_title("lines: exact; points: simulated ± 2 standard errors", fontsize="medium")
axes.legend()
axes.grid(alpha=0.25)
plt.show()
