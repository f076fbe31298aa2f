r"""
Two curves that must not be confused
====================================

The plug-in curve S(k; L_gen(N)) takes the mean excess risk for all training sets; the run average E[S(k;
V_run)] is what an experiment with many training sets estimates. S is not linear in V, so they differ:
after many attempts a few unlucky training sets, thin lines at the top, hold the average up, while most
do better than the plug-in curve.
"""

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast.difficulty import LID

model = lidfast.LIDModel(20, beta=2.5, sigma=0.3, delta=0.1, ridge=1e-3)
N, k, runs = 256, np.geomspace(1, 1e6, 61), 200
scale = model.sigma * np.sqrt(2 / model.beta)
(risk,) = lidfast.ridge_risk(
    model.spectrum, np.ones(20), [N], runs=runs, noise_scale=scale, noise_df=2.5, ridge=model.ridge, rng=0
)
curves = np.array([LID(V, model.beta, model.sigma, model.delta).failure_rate(k) for V in risk])

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
axes.plot(k, curves[:40].T, color="0.75", lw=0.6)
mean, error = curves.mean(axis=0), curves.std(axis=0, ddof=1) / np.sqrt(runs)
axes.plot(k, mean, color="#006ba4", lw=2, label=f"run average, {runs} training sets")
axes.fill_between(k, np.maximum(mean - 2 * error, 1e-12), mean + 2 * error, color="#006ba4", alpha=0.25, lw=0)
axes.plot(
    k, model.failure_rate(N, k), color="#c85200", lw=2, ls="--", label="plug-in, at the mean excess risk"
)
axes.plot(k, np.median(curves, axis=0), color="k", lw=1.2, ls=":", label="median training set")
axes.set(
    xscale="log", yscale="log", ylim=(1e-11, 1.5), xlabel="attempts k", ylabel=f"failure rate S(k), N = {N}"
)
axes.set_title("band: ± 2 standard errors over training sets", fontsize="medium")
axes.legend(loc="lower left")
axes.grid(alpha=0.25)
plt.show()
