r"""
How long an exponent lasts
==========================

At finite N the failure rate has a second tail, of instances that the head is confidently wrong about.
Where the precision is drawn from a Gamma law it falls like :math:`\exp(-2 \sigma \sqrt{\ln k / V})`,
slower than any power, so the local exponent drifts down without end: here up to :math:`10^9` attempts,
for heads of four sizes. A power law fitted before the crossover (circles: where S(k; V) = 2 S(k; 0), on
the exact integral) promises failure rates that are too small by orders of magnitude.
:doc:`/artificial-tail` has the numbers.
"""

import matplotlib.pyplot as plt
import numpy as np

import lidfast

model = lidfast.LIDModel(100, beta=2.5, sigma=0.1, delta=0.01)
k = np.geomspace(1, 1e9, 181)
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
sizes = (1000, 4000, 8000, 32_000)
for N, color in zip(sizes, plt.colormaps["viridis"](np.linspace(0.05, 0.85, 4)), strict=True):
    law = model.difficulty(N)
    axes.plot(k, law.exponent(k), color=color, label=f"N = {N}")
    late = k[k > 100]
    axes.plot(late, law.asymptotic_exponent(late), color=color, ls="--", lw=1)
    crossover = law.crossover_k()
    if crossover < k[-1]:
        axes.plot(crossover, law.exponent(crossover), "o", ms=8, mfc="none", color=color)
axes.axhline(2.5, color="0.4", ls=":", lw=1)
axes.annotate("beta", (1.5, 2.5), xytext=(0, 4), textcoords="offset points", color="0.4")
axes.set(xscale="log", ylim=(0, 2.8), xlabel="attempts k", ylabel="local exponent -d ln S / d ln k")
axes.set_title("full: exact; dashed: min(beta, sigma / sqrt(V ln k)); circles: crossover", fontsize="medium")
axes.legend(loc="center left")
axes.grid(alpha=0.25)
plt.show()
