r"""
Into the far tail
=================

This field reads exponents in the far tail, so samplers must be right there. Of many variates of four
heavy-tailed laws: the share above x, beside the exact survival function; below, the difference in
standard errors, which 99.9% of the time stays within 3.3 at a point. Bits that a 53-bit uniform does not
have are drawn where they count: the distance from the nearer end has full relative precision.
"""

import os

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import lidfast

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

draws, size = (4, 500_000) if quick else (200, 5_000_000)
laws = {
    "pareto(1.5)": (lambda rng: 1 + rng.pareto(1.5, size), stats.pareto(1.5)),
    "standard_t(2.5)": (lambda rng: rng.standard_t(2.5, size), stats.t(2.5)),
    "inverse_gamma(1.25)": (lambda rng: rng.inverse_gamma(1.25, size=size), stats.invgamma(1.25)),
    "levy_stable(0.5, 1)": (lambda rng: rng.levy_stable(0.5, 1.0, size=size), stats.levy),
}
rng = lidfast.random.default_rng(0)
figure, (tail, error) = plt.subplots(
    2, 1, figsize=(7, 6), sharex=True, height_ratios=(2, 1), layout="constrained"
)
x = np.geomspace(3, 1e5 if quick else 1e6, 22)
for i, (name, (draw, law)) in enumerate(laws.items()):
    above = np.zeros(x.size)
    for _ in range(draws):
        above += size - np.searchsorted(np.sort(draw(rng)), x)
    exact, total = law.sf(x), draws * size
    seen = exact * total > 10
    z = (above - exact * total)[seen] / np.sqrt(exact * total)[seen]
    tail.plot(x, exact, color=f"C{i}", label=name)
    tail.plot(x[above > 0], above[above > 0] / total, "os^D"[i], ms=4, color=f"C{i}", mfc="none")
    error.plot(x[seen], z, "os^D"[i], ms=4, color=f"C{i}", mfc="none")
error.axhspan(-3.3, 3.3, color="0.93", zorder=0)
tail.set(xscale="log", yscale="log", ylabel="share of variates above x", ylim=(0.3 / total, 1))
tail.set_title(f"lines: exact; points: of {total:,} variates each", fontsize="medium")
error.set(xlabel="x", ylabel="difference,\nstandard errors", ylim=(-4.5, 4.5))
tail.legend()
for axes in (tail, error):
    axes.grid(alpha=0.25)
plt.show()
