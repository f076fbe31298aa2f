r"""
How many attempts, how many problems
====================================

The width of the 95% interval of mean pass@10 for problems from Beta(0.3, 2), against all attempts made,
n at each of M problems (:func:`lidfast.planning.pass_at_k_stderr`, exact for every n). More problems
help as the root of their number; more attempts at the same problems soon do not, since the spread
between problems remains. The circle is the cheapest study of width 0.1 where a problem costs as much as
100 attempts.
"""

import matplotlib.pyplot as plt
import numpy as np

from lidfast.difficulty import Beta
from lidfast.planning import pass_at_k_stderr, plan

law, k = Beta(0.3, 2), 10
n = np.unique(np.geomspace(k, 3000, 60).astype(int))
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
problems = [30, 100, 300, 1000, 3000]
for M, color in zip(problems, plt.colormaps["viridis"](np.linspace(0.05, 0.85, 5)), strict=True):
    width = 2 * 1.96 * pass_at_k_stderr(law, n, k, M)
    axes.plot(n * M, width, color=color, label=f"{M} problems")
best = plan(law, k, 0.1, problem_cost=100)
axes.plot(best.attempts, best.width, "o", ms=9, mfc="none", color="k")
label = f"n = {best.n}, {best.problems} problems"
axes.annotate(label, (best.attempts, best.width), xytext=(-4, -16), textcoords="offset points", ha="right")
axes.set(
    xscale="log", yscale="log", xlabel="attempts n M in all", ylabel="width of the 95% interval of pass@10"
)
axes.set_yticks([0.02, 0.05, 0.1, 0.2, 0.4], ["0.02", "0.05", "0.1", "0.2", "0.4"])
axes.minorticks_off()
axes.legend()
axes.grid(alpha=0.25)
plt.show()
