"""Counts of attempts and successes: what fits and likelihoods work on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
        """Sort pairs by n, then c, and merge the equal ones; w (1,) stands for one weight of all."""
        span = int(n.max()) + 1 if n.size else 1
        if span < 2**31:
            keys, total = tally(n * span + c, w)
            n, c = np.divmod(keys.astype(np.int64), span)
        else:
            order = np.lexsort((c, n))
            n, c, w = n[order], c[order], np.broadcast_to(w, n.shape)[order]
            new = np.flatnonzero(np.append(True, (np.diff(n) != 0) | (np.diff(c) != 0))[: n.size])
            total = np.add.reduceat(w, new)
            n, c = n[new], c[new]
        return Counts(c.astype(np.float64), (n - c).astype(np.float64), total)

    @cached_property
    def log_ways(self) -> FloatArray:
        """Ln C(n, c)."""
        return log_gamma_cross(1.0, self.c, self.f)


def tally(x: NDArray[Any], w: FloatArray) -> tuple[NDArray[Any], FloatArray]:
    """Distinct values of whole numbers, ascending, and their weights; w (1,) is the weight of each."""
    if x.size and x.max() < 4 * x.size + 1000:
        heaps = np.bincount(x.astype(np.int64, copy=False), None if w.size == 1 else w)
        # a value is there also where its weight is 0
        there = np.flatnonzero(heaps if w.size == 1 else np.bincount(x.astype(np.int64, copy=False)))
        return there.astype(x.dtype), heaps[there] * (w[0] if w.size == 1 else 1.0)
    if w.size == 1:
        ordered = np.sort(x)
        new = np.flatnonzero(np.append(True, np.diff(ordered) != 0)[: x.size])
        return ordered[new], np.diff(np.append(new, x.size)) * w[0]
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    new = np.flatnonzero(np.append(True, np.diff(ordered) != 0)[: x.size])
    return ordered[new], np.add.reduceat(w[order], new)


def checked(n: ArrayLike, c: ArrayLike, low: int) -> tuple[IntArray, IntArray]:
    whole_n = _check.integers("n", n, low)
    whole_c = _check.integers("c", c)
    whole_n, whole_c = _check.broadcast(n=whole_n, c=whole_c)
    _check.reject("c", whole_c, whole_c > whole_n, "at most n")
    return whole_n, whole_c
