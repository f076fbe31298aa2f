"""Write counts.csv: 100 attempts at each of 200 problems by two made-up models.

    python examples/counts.py

The larger model's success probabilities are drawn from Beta(0.5, 2), the smaller one's from Beta(0.3, 4);
a problem has the same rank for both.
"""

import csv

import numpy as np
from scipy.special import betaincinv

import lidfast

LAWS = {"small": (0.3, 4.0), "large": (0.5, 2.0)}

rng = lidfast.random.default_rng(2)
rank = rng.random(200)
with open("counts.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(("model", "problem", "n", "c"))
    for model, (a, b) in LAWS.items():
        solved = rng.binomial(100, betaincinv(a, b, rank))
        table.writerows((model, problem, 100, c) for problem, c in enumerate(np.asarray(solved)))
