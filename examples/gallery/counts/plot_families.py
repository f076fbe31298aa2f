r"""
Laws of difficulty that agree on the data
=========================================

Five laws of the single-attempt success probability s, each fitted to the same counts (100 attempts at
400 problems). Up to k = 100 their curves are one; beyond, each has the exponent of its own hard end:
:math:`a` for Beta and Kumaraswamy and their forms on [0, m], zero where a share of problems is never
solved. Which law is right decides what a million attempts buy, and the counts do not tell: the Akaike
information criteria in the legend differ by little.
"""

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast import difficulty

plt.style.use("tableau-colorblind10")

n = 100
s = difficulty.Beta(0.4, 3).sample(400, rng=3)
c = lidfast.random.default_rng(4).binomial(n, s)
best = difficulty.fit(n, c, "auto")  # compares all five

# %%

k = np.geomspace(1, 1e6, 121)
curve = lidfast.pass_at_k_curve(n, c, [1, 2, 5, 10, 20, 50, 100], n_boot=2000, rng=0)
figure, (density, axes) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
for i, (fit, style) in enumerate(zip(sorted(best.candidates, key=lambda fit: fit.aic), styles, strict=True)):
    label = f"{fit.family.replace('_', ' ')}, AIC {fit.aic - best.aic:+.1f}"
    axes.plot(k, fit.difficulty.failure_rate(k), color=f"C{i}", ls=style, label=label)
    density.plot(k, fit.difficulty.exponent(k), color=f"C{i}", ls=style)
bars = curve.failure - (1 - curve.upper), (1 - curve.lower) - curve.failure
axes.errorbar(
    curve.k, curve.failure, bars, fmt="ko", ms=4, capsize=3, label="counts, 95% intervals", zorder=3
)
density.axhline(0.4, color="0.6", lw=1)
density.annotate("truth, a = 0.4", (1, 0.4), xytext=(4, 4), textcoords="offset points", color="0.4")
density.set(xscale="log", xlabel="attempts k", ylabel="local exponent -d ln S / d ln k")
axes.set(xscale="log", yscale="log", xlabel="attempts k", ylabel="failure rate S(k) = 1 - pass@k")
for each in (density, axes):
    each.axvspan(1, n, color="0.93", zorder=0)
    each.grid(alpha=0.25)
density.set_title("shaded: where there are data", fontsize="medium")
axes.legend(fontsize="small")
plt.show()
