r"""
The exponent rises and saturates
================================

The exponent of repeated sampling, :math:`\beta_\mathrm{eff} = -d \ln S / d \ln k` at k = 100, against
the number N of training labels, for three tails of the law of difficulty. Training shrinks the part of
the tail that its own errors make; what is left is the tail of the instances, which no training reaches.
Points are simulated, with standard errors over training sets; full lines are exact, averaged over the
excess risks of the same runs, and dashed ones at the predicted mean excess risk.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast.difficulty import LID

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

N = 2 ** np.arange(4, 14)
fine = np.unique(np.geomspace(16, 8192, 60).astype(int))
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for i, (beta, marker) in enumerate(zip((2.5, 3.5, 5.0), "os^", strict=True)):
    model = lidfast.LIDModel(20, beta, sigma=0.3, delta=0.1, ridge=1e-3)
    found = model.simulate(N, 100, runs=16 if quick else 128, instances=5_000 if quick else 50_000, rng=i)
    axes.plot(N, found.beta_eff_exact[:, 0], color=f"C{i}", label=f"beta = {beta:g}")
    axes.plot(fine, model.beta_eff(fine, 100), color=f"C{i}", ls="--", lw=1)
    axes.errorbar(
        N, found.beta_eff[:, 0], found.beta_eff_stderr[:, 0], fmt=marker, ms=4, color=f"C{i}", capsize=2
    )
    axes.axhline(LID(0.0, beta, model.sigma, model.delta).exponent(100), color=f"C{i}", ls=":", lw=1)
axes.set(xscale="log", ylim=(0, 5.2), xlabel="training labels N", ylabel="exponent beta_eff at k = 100")
axes.set_title("dotted: without excess risk, at the same k", fontsize="medium")
axes.legend(loc="upper left")
axes.grid(alpha=0.25)
plt.show()
