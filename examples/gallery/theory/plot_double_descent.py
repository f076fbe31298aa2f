r"""
Double descent of the excess risk
=================================

A ridge head trained on N labels of d = 50 features. Without a penalty its excess risk has a peak at N =
d, where the training set can just be interpolated; a penalty near the best one takes it away. Lines are
the deterministic equivalent (:func:`lidfast.spectrum.generalization_error`), points are means over
simulated training sets with two standard errors, and the dotted line is what least squares does on
average, :math:`v\,d / (N - d - 1)`, for N > d + 1.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast.spectrum import ols_risk

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

d, beta, runs = 50, 6.0, 200 if quick else 2000
N = np.unique(np.geomspace(8, 1600, 22).astype(int))
N = N[abs(N - d) > 1]  # as the penalty vanishes the mean is infinite there
fine = np.unique(np.geomspace(8, 1600, 400).astype(int))

# %%
# ``ridge_risk`` draws the features and the labels, with Student-t noise of ``beta`` degrees of freedom,
# solves, and returns the excess risk of each run, without ever holding the features.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for i, ridge in enumerate((1e-9, 1e-4, 1e-2)):
    model = lidfast.LIDModel(d, beta, sigma=0.2, ridge=ridge)
    risk = lidfast.ridge_risk(
        model.spectrum,
        np.ones(d),
        N,
        runs=runs,
        noise_scale=model.sigma * np.sqrt(2 / beta),
        noise_df=beta,
        ridge=ridge,
        rng=i,
    )
    mean, error = risk.mean(axis=1), risk.std(axis=1, ddof=1) / np.sqrt(runs)
    label = "no penalty to speak of" if ridge < 1e-8 else f"ridge {ridge:g}"
    theory = np.where(abs(fine - d) > 1, model.generalization_error(fine), np.nan)
    axes.plot(fine, theory, color=f"C{i}", label=label)
    axes.errorbar(N, mean, 2 * error, fmt="o", ms=3.5, color=f"C{i}", capsize=2)
above = fine[fine > d + 3]
axes.plot(above, ols_risk(d, above, model.noise_variance), "k:", label="least squares, exact")
axes.axvline(d, color="0.7", lw=1, zorder=0)
axes.annotate("N = d", (d, 1.7), xytext=(4, 0), textcoords="offset points", color="0.4")
axes.set(xscale="log", yscale="log", ylim=(5e-4, 3))
axes.set(xlabel="training labels N", ylabel="excess risk L_gen(N)")
axes.set_title("lines: theory; points: mean of simulated runs ± 2 standard errors", fontsize="medium")
axes.legend()
axes.grid(alpha=0.25)
plt.show()
