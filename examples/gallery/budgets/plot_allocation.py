r"""
Train first, then buy attempts
==============================

A budget C buys N training labels and k attempts, N + k = C. The best split
(:func:`lidfast.allocation.frontier`), for the loss :math:`R\,L_\mathrm{gen}(N) + S(k; N)`, puts nearly
everything into training until the exponent of attempts stops rising; from there on the number of
attempts grows too. The thick lines are the best N and k, the dashed one what both buy.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import lidfast

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

model = lidfast.LIDModel(20, beta=2.5, sigma=0.3, delta=0.1, ridge=1e-3)
budgets = np.geomspace(50, 1e5, 9 if quick else 30)
found = lidfast.allocation.frontier(model, budgets, train_cost=1.0, attempt_cost=1.0)

figure, (bought, exponent) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
bought.plot(found.budget, found.N, "o-", ms=4, lw=2, label="training labels N")
bought.plot(found.budget, found.k, "s-", ms=4, lw=2, label="attempts k")
bought.plot(found.budget, found.loss, "k--", label="loss R L_gen(N) + S(k; N), R = 1")
bought.set(xscale="log", yscale="log", xlabel="budget C, in labels", ylabel="number, or loss")
exponent.plot(found.budget, found.beta_eff, "o-", ms=4, label="exponent at the best N and k")
exponent.plot(found.budget, found.beta_eff_limit, "k:", label="without excess risk, at the same k")
exponent.set(xscale="log", ylim=(0, 2.7), xlabel="budget C, in labels", ylabel="exponent beta_eff")
if found.saturation is not None:
    at = found.budget[found.saturation]
    for axes in (bought, exponent):
        axes.axvline(at, color="0.5", lw=1, ls="-.")
    exponent.annotate("training has saturated", (at, 0.2), xytext=(5, 0), textcoords="offset points")
for axes in (bought, exponent):
    axes.legend(loc="center right", fontsize="small")
    axes.grid(alpha=0.25)
plt.show()
