r"""Sums over the ranks of a Zipf law, p_k = k^-a / zeta(a), to near machine precision.

Ranks up to a few thousand are added one by one. Beyond them, with x = ln k, the summand f is smooth, and

.. math:: \sum_{k=m}^M f_k = \int_{m-1/2}^{M+1/2} f - \Bigl[\frac{\delta}{24} - \frac{17\,\delta^3}{5760}
          + \frac{367\,\delta^5}{967680}\Bigr]_{m-1/2}^{M+1/2}

(Euler and Maclaurin's formula, with central differences in place of derivatives); the integral is
Gauss and Legendre's rule in panels of x.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from ._check import FloatArray

_POINTS, _WEIGHTS = (0.5 * y for y in np.polynomial.legendre.leggauss(16))  # on [-1/2, 1/2]
_AT_A_TIME = 1 << 18  # evaluations
_NEAR = np.arange(-2.5, 3.0)  # where f is taken about a half-integer
_STENCIL = (
    np.array([0, 0, -1, 1, 0, 0]) / 24
    - 17 / 5760 * np.array([0, -1, 3, -3, 1, 0])
    + 367 / 967680 * np.array([-1, 5, -10, 10, -5, 1])
)

#: ln p, ln(1 - p), each (1 or rows, points), and the rows -> a factor of a power of p, (rows, points).
Factor = Callable[[FloatArray, FloatArray, slice], FloatArray]


@dataclass(frozen=True)
class Zipf:
    """The law of ranks: a > 1, and into how many steps a nat of ln k is to be cut at least."""

    a: float
    steepness: float

    @cached_property
    def zeta(self) -> float:
        """zeta(a)."""
        return float(special.zeta(self.a))

    @cached_property
    def log_zeta(self) -> float:
        """Ln zeta(a)."""
        return math.log1p(float(special.zetac(self.a)))

    @cached_property
    def head(self) -> tuple[FloatArray, FloatArray]:
        """Ln p and ln(1 - p) of the ranks that are added one by one."""
        # About 100 for each step: the summands' seventh differences then vanish.
        log_p = self.log_p(np.log(np.arange(1.0, max(512, math.ceil(128 * self.steepness)) + 1)))
        log_miss = np.log1p(-np.exp(log_p))
        # Of the first rank 1 - p cancels where a is large.
        log_miss[0] = math.log(float(special.zetac(self.a))) - self.log_zeta
        return log_p, log_miss

    def log_p(self, log_k: FloatArray) -> FloatArray:
        """Ln p at real ranks."""
        return np.asarray(-self.a * log_k - self.log_zeta)

    def mass_from(self, first: FloatArray | float) -> Any:
        """Probability of the ranks >= first >= 1."""
        return np.minimum(special.zeta(self.a, first) / self.zeta, 1.0)

    def mass_beyond(self, log_k: FloatArray) -> FloatArray:
        """Compute the integral of p from k to infinity."""
        return np.asarray(np.exp((1 - self.a) * log_k - self.log_zeta) / (self.a - 1))

    def sum(
        self,
        f: Factor,
        reach: FloatArray,
        rest: Callable[[FloatArray], FloatArray],
        *,
        power: int,
        last: FloatArray | None = None,
        start: float = 0.0,
    ) -> FloatArray:
        """Sum p^power f over the ranks in (start, last].

        Parameters
        ----------
        f : callable
        reach : ndarray, shape (rows,)
            ln k up to which the sum is integrated where last is beyond it.
        rest : callable
            From ln k, (rows,), to the integral from there on, (rows,).
        power : int, >= 0
        last : ndarray, shape (rows,), optional
            Whole. Rows with a last rank beyond reach are summed to infinity.
        start : float
            Whole. If above 0 it must be large: no rank is then added one by one.
        """
        rows = reach.size
        total = np.zeros(rows)
        begin = start
        last = np.full(rows, np.inf) if last is None else last
        if not start:
            log_p, log_miss = self.head
            begin = float(log_p.size)
            k = np.arange(1.0, begin + 1)
            step = max(1, _AT_A_TIME // log_p.size)
            for i in range(0, rows, step):
                some = slice(i, i + step)
                values = f(log_p[None], log_miss[None], some) * np.exp(power * log_p)
                total[some] = np.where(k <= last[some, None], values, 0).sum(axis=1)
        low = math.log(begin + 0.5)
        reach = np.maximum(reach, low + 1)
        with np.errstate(over="ignore"):
            cut = np.log(last + 0.5) < reach
        high = np.where(cut, np.log(np.maximum(last, begin) + 0.5), reach)
        beyond = last > begin
        if not beyond.any():
            return total
        panels = max(1, math.ceil(float((high - low)[beyond].max()) * self.steepness))
        at = ((np.arange(panels)[:, None] + 0.5 + _POINTS) / panels).ravel()
        weights = np.tile(_WEIGHTS, panels) / panels
        step = max(1, _AT_A_TIME // at.size)
        ends = np.where(cut & beyond, last, begin) + 0.5
        for i in range(0, rows, step):
            some = slice(i, i + step)
            width = (high[some] - low)[:, None]
            log_k = low + width * at
            integral = (self._at(f, power, log_k, some, log_k) * weights).sum(axis=1) * width[:, 0]
            near = np.log(np.full((width.shape[0], 1), begin + 0.5) + _NEAR)
            integral += self._at(f, power, near, some) @ _STENCIL
            near = np.log(ends[some, None] + _NEAR)
            integral -= np.where(cut[some], self._at(f, power, near, some) @ _STENCIL, 0)
            total[some] += np.where(beyond[some], integral, 0)
        return total + np.where(beyond & ~cut, rest(high), 0)

    def _at(
        self, f: Factor, power: int, log_k: FloatArray, some: slice, log_factor: FloatArray | float = 0.0
    ) -> FloatArray:
        log_p = self.log_p(log_k)
        # One exponential: the ranks may be beyond the largest double.
        return f(log_p, np.log1p(-np.exp(log_p)), some) * np.exp(power * log_p + log_factor)
