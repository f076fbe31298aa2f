r"""Discrete power laws p(x) = x^-a / zeta(a, q), x >= q, fitted for many cuts q at once, and distances.

With r_k = 1 + k/q all sums are scaled by q^a, so nothing underflows:

.. math:: q^a \zeta(a, q) = \sum_k r_k^{-a} = \sum_{k<K} r_k^{-a}
          + R^{-a} \Bigl(\frac{Q}{a-1} + \frac12 + \sum_m \frac{B_{2m}}{(2m)!} (a)_{2m-1} Q^{1-2m}\Bigr),
          \quad Q = q + K, R = Q/q

(Euler and Maclaurin), and the sums with powers of ln r_k follow by differentiation in a.
"""

from __future__ import annotations

import heapq

import numpy as np

from ._check import FloatArray, IntArray

_FROM = 20.0  # Q is at least this, and a
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
_AT_A_TIME = 1 << 16  # pairs of a cut and a value, so that blocks stay in the cache
_PROBES = 40, 640  # values, about, at which a distance is bounded from below, in turn
_BATCH = 64  # cuts looked at again at once


def _remainder(a: FloatArray, q: FloatArray, derivatives: int = 0) -> list[FloatArray]:
    """Sum R^-a (...) above at K = 0, and its derivatives in a, for q >= _FROM and a; they broadcast."""
    # Coefficients of q^(1-2m), with the derivatives of the product (a)_{2m-1}.
    p = [a, np.ones_like(a), np.zeros_like(a)]
    terms = []
    for m, b in enumerate(_BERNOULLI):
        for i in (2 * m - 1, 2 * m) if m else ():
            p = [p[0] * (a + i), p[1] * (a + i) + p[0], p[2] * (a + i) + 2 * p[1]]
        terms.append([b * x for x in p])
    inverse = 1 / q
    square = inverse * inverse
    out = []
    for j, (factor, constant) in enumerate([(1.0, 0.5), (-1.0, 0.0), (2.0, 0.0)][: derivatives + 1]):
        total = terms[-1][j] * square
        for term in terms[-2:0:-1]:
            total += term[j]
            total *= square
        total += terms[0][j]
        total *= inverse
        total += q * (factor / (a - 1) ** (j + 1))
        total += constant
        out.append(total)
    return out


def _moments(a: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sum r_k^-a times 1, ln r_k and its square."""
    # Up to where the series serves, or nothing is left.
    steps = int(max(0.0, np.ceil(np.minimum(np.maximum(_FROM, a) - q, q * np.expm1(45 / a))).max()))
    shifted = q + steps
    log_r = np.log1p(steps / q)
    w = np.where(shifted < a, 0, np.exp(-a * log_r))
    r0, r1, r2 = _remainder(a, shifted, 2)
    # d/da of R^-a r(a), signs turned
    z0, z1, z2 = w * r0, w * (log_r * r0 - r1), w * (log_r * log_r * r0 - 2 * log_r * r1 + r2)
    for k in range(steps):
        log_r = np.log1p(k / q)
        w = np.exp(-a * log_r)
        z0, z1, z2 = z0 + w, z1 + w * log_r, z2 + w * log_r * log_r
    return z0, z1, z2


def log_moments(a: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ln(q^a zeta(a, q)), and mean and variance of ln(X / q); arguments (n,), q >= 1."""
    z0, z1, z2 = (np.empty(q.size) for _ in range(3))
    small = q < np.maximum(_FROM, a)
    for some in (small, ~small):
        if some.any():
            z0[some], z1[some], z2[some] = _moments(a[some], q[some])
    mean = z1 / z0
    return np.log(z0), mean, z2 / z0 - mean * mean


def exponents(q: FloatArray, mean_log: FloatArray) -> FloatArray:
    """Maximum-likelihood exponents for cuts q and means of ln(x / q), all > 0; (n,).

    Newton's steps in v = ln(a - 1) for the logarithm of the mean, which is -v for small v.
    """
    v = -np.log(mean_log + np.log1p(0.5 / (q - 0.5)))  # of a continuous law from q - 1/2
    target = np.log(mean_log)
    moving = np.arange(q.size)
    for _ in range(60):
        a = 1 + np.exp(v[moving])
        _, mean, variance = log_moments(a, q[moving])
        step = (np.log(mean) - target[moving]) * mean / (variance * (a - 1))
        v[moving] += np.clip(step, -1, 1)
        moving = moving[np.abs(step) > 1e-14 * np.maximum(1, np.abs(v[moving]))]
        if not moving.size:
            break
    return np.asarray(1 + np.exp(v))


class Distances:
    """Distances of Kolmogorov and Smirnov between the values x >= q and the laws fitted to them.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Distinct, ascending.
    above : ndarray, shape (n + 1,)
        How many values there are at least as large as each, and 0.
    every : bool
        Whether the distance is the largest over all integers, or over P(X < x) at the values alone.
    """

    def __init__(self, values: FloatArray, above: IntArray, every: bool):
        self.values, self.above, self.every = values, above.astype(np.float64), every
        self.log_values = np.log(values)

    def _at(
        self, cuts: IntArray, q: FloatArray, a: FloatArray, log_z: FloatArray, at: IntArray
    ) -> FloatArray:
        """Largest differences at the values of index at, (cuts, points), each >= its cut; (cuts,)."""
        x, log_q, total = self.values[at], np.log(q)[:, None], self.above[cuts][:, None]
        a, log_z = a[:, None], log_z[:, None]
        density = np.exp(-a * (self.log_values[at] - log_q) - log_z)
        series = np.maximum(_FROM, a)
        survival = density * _remainder(a, np.maximum(x, series))[0]
        small = x < series
        if small.any():
            each = np.broadcast_to(a, at.shape)[small]
            survival[small] = density[small] * np.exp(log_moments(each, x[small])[0])
        difference = np.abs(survival - self.above[at] / total)
        if self.every:
            # An empty stretch of integers begins after one value and ends before the next.
            np.maximum(difference, np.abs(survival - density - self.above[at + 1] / total), out=difference)
        return np.asarray(difference.max(axis=1))

    def least(self, cuts: IntArray, q: FloatArray, a: FloatArray) -> tuple[int, float]:
        """Index into cuts of the least distance, the first of equal ones, and the distance.

        The values of index cuts and above are compared with the law of cut q and exponent a; q lies
        above the value before. Differences at few values bound each distance from below; the cut of the
        least bound is looked at again, at more values and then at all, until it is one whose distance is
        known.
        """
        log_z = log_moments(a, q)[0]
        left = [(bound, i, 0) for i, bound in enumerate(self._bounds(cuts, q, a, log_z, _PROBES[0]))]
        heapq.heapify(left)
        while True:
            bound, i, stage = heapq.heappop(left)
            if stage == len(_PROBES):
                return i, float(bound)
            stage += 1
            if stage == len(_PROBES):
                bound = self._one(cuts[[i]], q[[i]], a[[i]], log_z[[i]])
                heapq.heappush(left, (bound, i, stage))
                continue
            batch = [i]
            while len(batch) < _BATCH and left and left[0][2] < stage:
                batch.append(heapq.heappop(left)[1])
            closer = self._bounds(cuts[batch], q[batch], a[batch], log_z[batch], _PROBES[stage])
            for bound, i in zip(closer, batch, strict=True):
                heapq.heappush(left, (bound, i, stage))

    def _bounds(
        self, cuts: IntArray, q: FloatArray, a: FloatArray, log_z: FloatArray, probes: int
    ) -> FloatArray:
        """Bound distances from below, by differences at few values."""
        end = self.values.size - 1
        steps = np.unique(np.geomspace(1, max(2, end), probes).astype(np.int64)) - 1
        bounds = np.empty(cuts.size)
        rows = max(1, _AT_A_TIME // steps.size)
        for i in range(0, cuts.size, rows):
            some = slice(i, i + rows)
            at = np.minimum(cuts[some, None] + steps, end)
            bounds[some] = self._at(cuts[some], q[some], a[some], log_z[some], at)
        return bounds

    def _one(self, cut: IntArray, q: FloatArray, a: FloatArray, log_z: FloatArray) -> float:
        """Distance for one cut."""
        worst = 0.0
        for i in range(int(cut[0]), self.values.size, _AT_A_TIME):
            at = np.arange(i, min(i + _AT_A_TIME, self.values.size))[None]
            worst = max(worst, float(self._at(cut, q, a, log_z, at)[0]))
        return worst
