r"""
Which bottleneck is active
==========================

Patterns with Zipf probabilities :math:`p_k \sim k^{-a}`, a = 1.5, are learned up to a frontier that data
D, capacity N or optimization time t set (arXiv 2602.02593). The map shows the exact loss over N and D
and which resource is the bottleneck; along the border both are spent well, and the white line is the
compute-optimal path for C = 6 N D. On the right the exact loss of that path is beside the closed form of
the max-bottleneck law.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from lidfast.frontiers import Frontier

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build

frontier = Frontier(1.5, capacity=2 / 3)
side = 21 if quick else 61
N, D = np.geomspace(1e1, 1e9, side), np.geomspace(1e2, 1e12, side)
loss = frontier.loss(N[None, :], D[:, None])
active = frontier.bottleneck(N[None, :], D[:, None]) == "capacity"

figure, (panel, path) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
mesh = panel.pcolormesh(N, D, np.log10(loss), cmap="viridis", shading="gouraud")
figure.colorbar(mesh, ax=panel, label="log10 of the loss")
panel.contour(N, D, active, [0.5], colors="k", linestyles="--", linewidths=1)
panel.text(1e8, 1e4, "data", ha="center", color="k")
panel.text(1e2, 1e10, "capacity", ha="center", color="w")
C = np.geomspace(1e5, 1e20, 7 if quick else 31)
best = frontier.compute_optimal(C)
inside = (N[-1] >= best.N) & (D[-1] >= best.D)
panel.plot(best.N[inside], best.D[inside], "w-", lw=2)
panel.set(xscale="log", yscale="log", xlabel="capacity N", ylabel="tokens D")

path.plot(C, best.loss, "-", color="#006ba4", label="exact, at the best split")
closed = frontier.compute_optimal(C, exact=False)
path.plot(C, closed.loss, "--", color="#c85200", label="closed form, max-bottleneck")
path.set(xscale="log", yscale="log", xlabel="compute C = 6 N D", ylabel="loss")
path.legend()
path.grid(alpha=0.25)
plt.show()
