r"""
Failure rate against attempts
=============================

S(k; N) is the probability that k fresh attempts of a head trained on N labels all fail. It steepens with
N until it falls like :math:`k^{-\beta}`, the law of the hard instances. Points are simulated (each
instance has its precision, each run its head), lines are the exact two-dimensional integral averaged
over the excess risks of the same runs. S far below one over the number of instances is seen because
instances are drawn in strata.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast.difficulty import LID

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build

model = lidfast.LIDModel(20, beta=2.5, sigma=0.3, delta=0.1, ridge=1e-3)
N = 16 * 4 ** np.arange(5)
k = np.unique(np.geomspace(1, 1e5, 21).astype(int))
found = model.simulate(N, k, runs=16 if quick else 64, instances=5_000 if quick else 100_000, rng=0)

# %%
# The largest of the paired z-scores, simulated against exact run by run, is a sharp test of both.

print(f"largest |z| {np.abs(found.z[found.resolved]).max():.2f} of {found.resolved.sum()} points")

# %%
# The dashed line is the intrinsic tail, :math:`P k^{-\beta}` with its amplitude in closed form.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
colors = plt.colormaps["viridis"](np.linspace(0.05, 0.9, N.size))
for i, color in enumerate(colors):
    axes.plot(k, found.failure_rate_exact[i], color=color, label=f"N = {N[i]}")
    difference = found.failure_rate_runs[i] - found.failure_rate_exact_runs[i]
    bars = 2 * difference.std(axis=0, ddof=1) / np.sqrt(len(difference))  # of the instances alone
    axes.errorbar(k, found.failure_rate[i], bars, fmt="o", ms=3, color=color, capsize=2)
tail, intrinsic = k[k >= 30], LID(0.0, model.beta, model.sigma, model.delta)
axes.plot(tail, intrinsic.amplitude * tail**-model.beta, "k--", lw=1, label="P k^-beta")
axes.set(xscale="log", yscale="log", xlabel="attempts k", ylabel="failure rate S(k; N) = 1 - pass@k")
axes.set_title("lines: exact; points: simulated ± 2 standard errors", fontsize="medium")
axes.legend()
axes.grid(alpha=0.25)
plt.show()
