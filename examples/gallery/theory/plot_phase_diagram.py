r"""
Phase diagram of the exponent
=============================

The exponent at k = 1000 over training size N and tail exponent beta, at the mean excess risk. To the
left, where labels are few, errors of the head make the tail; to the right the exponent has reached that
of the instances. Contours are its share of what it is without excess risk. :func:`lidfast.sweep` calls a
function at each point of a grid; with a store and a Dask client the same call runs on a cluster and goes
on where it was stopped (:doc:`/sweeps`), and :meth:`lidfast.LIDModel.sweep` simulates each point.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast.difficulty import LID

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build


def exponent(N, beta):
    model = lidfast.LIDModel(20, beta, sigma=0.3, delta=0.1, ridge=1e-3)
    intrinsic = LID(0.0, beta, model.sigma, model.delta).exponent(1000)
    found = model.beta_eff(N, 1000)
    return {"beta_eff": found, "share": found / intrinsic}


side = 16 if quick else 48
grid = {"N": np.unique(np.geomspace(32, 32_768, side).astype(int)), "beta": np.linspace(2.1, 5, side)}
found = lidfast.sweep(exponent, grid, seed=0, progress=False).transpose("beta", "N")

# %%

figure, axes = plt.subplots(figsize=(7, 4.8), layout="constrained")
mesh = axes.pcolormesh(
    grid["N"], grid["beta"], found["beta_eff"], cmap="viridis", vmin=0, vmax=5, shading="gouraud"
)
lines = axes.contour(
    grid["N"], grid["beta"], found["share"], [0.25, 0.5, 0.75, 0.95], colors="w", linewidths=1
)
axes.clabel(lines, fmt=lambda share: f"{100 * share:g}%")
figure.colorbar(mesh, label="exponent beta_eff at k = 1000")
axes.set(xscale="log", xlabel="training labels N", ylabel="tail exponent beta")
axes.set_title("contours: share of the exponent without excess risk", fontsize="medium")
plt.show()
