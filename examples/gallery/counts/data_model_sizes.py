"""
Exponent against model size
===========================

.. image:: /gallery-model-sizes.png

Pythia models on two benchmarks (arXiv 2407.21787, 10,000 attempts at 128 problems; the counts are those
of arXiv 2502.17578): the exponent of S(k) = 1 - pass@k by a Beta fit with its 95% profile interval,
against the number of parameters. Groups in which fewer than 30 problems are solved are hollow. On MATH
the exponent rises with size and flattens, as beta_eff does with training.

The counts are no part of lidfast; the script reads ``monkeys_pythia.csv`` from the folder that
``LIDFAST_DATA`` names.
"""
# sphinx_gallery_thumbnail_path = 'gallery-model-sizes.png'

import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from lidfast import difficulty

plt.style.use("tableau-colorblind10")

counts = pl.read_csv(Path(os.environ.get("LIDFAST_DATA", ".")) / "monkeys_pythia.csv")
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
for axes, (benchmark, rows) in zip(panels, sorted(counts.group_by("benchmark")), strict=True):
    for (model,), group in rows.group_by("model"):
        number, unit = re.search(r"([\d.]+)([MB])", model).groups()
        size = float(number) * {"M": 1e6, "B": 1e9}[unit]
        fit = difficulty.fit(group["n"], group["c"])
        if not fit.converged:  # no problem is solved: the exponent is 0, without an interval
            axes.plot(size, 0, "kx", ms=6)
            continue
        low, high = fit.exponent_ci
        bars = [[fit.exponent - low], [high - fit.exponent]]
        many = np.count_nonzero(group["c"]) >= 30
        axes.errorbar(size, fit.exponent, bars, fmt="o", color="C0", mfc="C0" if many else "w", capsize=3)
    axes.set(xscale="log", xlabel="parameters", title=benchmark[0])
    axes.grid(alpha=0.25)
panels[0].set(ylabel="exponent of S(k), 95% interval", ylim=(-0.02, None))
plt.show()
