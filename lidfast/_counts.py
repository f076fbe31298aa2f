"""Counts of attempts and successes: what fits and likelihoods work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import FloatArray, IntArray
from ._gamma import log_gamma_cross


@dataclass(frozen=True)
class Counts:
    """Distinct pairs of successes c and failures f, w times each; fields (H,)."""

    c: FloatArray
    f: FloatArray
    w: FloatArray

    @staticmethod
    def of(n: IntArray, c: IntArray, w: FloatArray) -> Counts:
        order = np.lexsort((c, n))
        n, c, w = n[order], c[order], w[order]
        new = np.flatnonzero(np.append(True, (np.diff(n) != 0) | (np.diff(c) != 0))[: n.size])
        total = np.add.reduceat(w, new) if n.size else w
        n, c = n[new], c[new]
        return Counts(c.astype(np.float64), (n - c).astype(np.float64), total)

    @property
    def log_ways(self) -> FloatArray:
        """Ln C(n, c)."""
        return log_gamma_cross(1.0, self.c, self.f)


def tally(x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distinct values, ascending, and their weights."""
    values, where = np.unique(x, return_inverse=True)
    return values, np.bincount(where, weights=w).astype(np.float64, copy=False)


def checked(n: ArrayLike, c: ArrayLike, low: int) -> tuple[IntArray, IntArray]:
    whole_n = _check.integers("n", n, low)
    whole_c = _check.integers("c", c)
    whole_n, whole_c = _check.broadcast(n=whole_n, c=whole_c)
    _check.reject("c", whole_c, whole_c > whole_n, "at most n")
    return whole_n, whole_c
