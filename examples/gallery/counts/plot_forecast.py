r"""
Forecast against truth
======================

Thirty attempts at each of 400 problems, and what they forecast up to k = 10,000, beside the truth: the
law that the problems were drawn from. The band of the fitted Beta (:meth:`Fit.forecast`) holds it. The
straight line through the log-log plot takes a curve that still bends for a power law, so its slope is
too small in every such study. :doc:`/forecasts` scores forecasts on real counts.
"""

import matplotlib.pyplot as plt
import numpy as np

import lidfast
from lidfast import difficulty

plt.style.use("tableau-colorblind10")

truth, n = difficulty.Beta(0.35, 2.0), 30
c = lidfast.random.default_rng(2).binomial(n, truth.sample(400, rng=102))
fit = difficulty.fit(n, c)
print(fit.summary())

# %%

seen = np.array([1, 2, 5, 10, 20, 30])
curve = lidfast.pass_at_k_curve(n, c, seen, n_boot=2000, rng=0)
line = lidfast.fit_power_law(seen, curve.failure)
k = np.geomspace(1, 1e4, 81)
forecast = fit.forecast(k)

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
axes.plot(k, truth.failure_rate(k), "k--", lw=1.2, label="truth: Beta(0.35, 2)")
axes.plot(k, forecast.failure, color="C0", label=f"fitted Beta: exponent {fit.exponent:.2f}")
axes.fill_between(k, 1 - forecast.upper, 1 - forecast.lower, color="C0", alpha=0.2, lw=0)
axes.plot(
    k, line.amplitude * k**-line.exponent, color="C1", ls="-.", label=f"line: slope {line.exponent:.2f}"
)
bars = curve.failure - (1 - curve.upper), (1 - curve.lower) - curve.failure
axes.errorbar(seen, curve.failure, bars, fmt="ko", ms=4, capsize=3, label="counts, 95% intervals")
axes.axvspan(1, n, color="0.93", zorder=0)
axes.set(xscale="log", yscale="log", xlabel="attempts k", ylabel="failure rate S(k) = 1 - pass@k")
axes.set_title("shaded: where there are data; band: 95% of the forecast", fontsize="medium")
axes.legend()
axes.grid(alpha=0.25)
plt.show()
