"""Integrals against laws of s = m v on [0, m], v of a Beta or of a Kumaraswamy law, by a kernel."""

from __future__ import annotations

import math

import numpy as np

from . import _passk
from ._check import FloatArray
from ._gamma import digamma_difference, stirling_rest

_KINDS = ("beta", "kumaraswamy")
_LIKELIHOOD, _MEAN, _PASS, _SLOPE, _FAIL = range(5)  # as the kernel numbers them


def _kernel(what: int, kind: str, a: float, b: float, m: float, c: FloatArray, f: FloatArray) -> FloatArray:
    law = np.array([a, b, m, 1 - m, 0, 0, 0])
    if kind == "beta":
        # ln of v^a (1-v)^b / B(a, b) at v = a / (a + b), E ln v and E ln(1 - v)
        low, high = min(a, b), max(a, b)
        rest = stirling_rest(low) + (stirling_rest(high) - stirling_rest(a + b))
        law[4] = 0.5 * math.log(low / (1 + low / high) / (2 * math.pi)) - rest
        law[5:] = -digamma_difference(a, b), -digamma_difference(b, a)
    out = np.empty((4, c.size))
    if c.size:
        _passk.mixture(_KINDS.index(kind), what, law, c, f, out)
    return out


def _long_tailed(kind: str, a: float) -> bool:
    """Whether (1-s)^k is to be integrated by parts."""
    return kind == "kumaraswamy" and a <= 1


def log_mixture(
    kind: str, a: float, b: float, m: float, c: FloatArray, f: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Ln E[s^c (1-s)^f] for each pair, and its derivatives in ln a, ln b and ln m.

    kind is "beta" or "kumaraswamy"; a, b > 0, 0 < m <= 1. c and f (H,) are whole and >= 0,
    C-contiguous float64. Returns arrays (H,) and (3, H).

    The logarithm is good to a few roundings of c + f, the derivatives too.
    """
    out = np.zeros((4, c.size))
    bare = (c == 0) & (f > 0) if _long_tailed(kind, a) else np.zeros(c.size, dtype=bool)
    for some, what in ((bare, _FAIL), (~bare & (c + f > 0), _LIKELIHOOD)):
        if some.any():
            out[:, some] = _kernel(what, kind, a, b, m, c[some], f[some])
    return out[0], out[1:]


def log_failure(kind: str, a: float, b: float, m: float, k: FloatArray) -> FloatArray:
    """Ln E[(1-s)^k] for k (K,), real, > 0; where it is near 0 from 1 - E[(1-s)^k], which it keeps."""
    what = _FAIL if _long_tailed(kind, a) else _LIKELIHOOD
    log_s: FloatArray = _kernel(what, kind, a, b, m, np.zeros(k.size), k)[0]
    near = log_s > -0.5
    passed = _kernel(_PASS, kind, a, b, m, np.zeros(int(near.sum())), k[near])[0]
    log_s[near] = np.log1p(-np.exp(passed))
    return log_s


def exponent(kind: str, a: float, b: float, m: float, k: FloatArray) -> FloatArray:
    """Local exponents k E[-ln(1-s) (1-s)^k] / E[(1-s)^k] for k (K,), real, > 0."""
    none = np.zeros(k.size)
    mean: FloatArray
    if _long_tailed(kind, a):
        slope = _kernel(_SLOPE, kind, a, b, m, none, k)[0]
        mean = np.exp(slope - log_failure(kind, a, b, m, k))
    else:
        mean = _kernel(_MEAN, kind, a, b, m, none, k)[1]
    return k * mean
