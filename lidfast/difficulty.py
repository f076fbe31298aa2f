"""Distributions of the single-attempt success probability over instances, and fitting them.

A difficulty answers what sampling needs: S(k) = E[(1-s)^k] is the share of instances that k
attempts leave unsolved.
"""

from ._fit import Fit, fit
from ._laws import LID, Beta, Difficulty, Empirical, Kumaraswamy, ScaledBeta, ZeroInflated

__all__ = [
    "LID",
    "Beta",
    "Difficulty",
    "Empirical",
    "Fit",
    "Kumaraswamy",
    "ScaledBeta",
    "ZeroInflated",
    "fit",
]

for _name in __all__:  # where users meet them, and where pickles will look for them
    globals()[_name].__module__ = __name__
