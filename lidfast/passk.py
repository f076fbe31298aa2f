"""Estimators of pass@k from counts and from success probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import _passk
from ._check import FloatArray


@dataclass(frozen=True)
class Curve:
    """pass@k with its uncertainty, fields of shape (K,)."""

    k: FloatArray
    estimate: FloatArray
    failure: FloatArray
    stderr: FloatArray
    lower: FloatArray
    upper: FloatArray


def _curve_sums(
    log_fail: FloatArray, weights: FloatArray | None, k: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sum w exp(k L) and w L exp(k L) over i, L = log_fail[i]; each of shape (K,)."""
    part, out = np.empty((_passk.STRIPES, 2, k.size)), np.empty((2, k.size))
    _passk.failure_curve(log_fail, True, weights, k, part, out)
    return out[0], out[1]
