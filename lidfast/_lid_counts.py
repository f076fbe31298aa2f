"""The LID model's likelihood of counts, fast enough to be maximized.

With sigma = 1, h = delta sqrt(tau) and x = |B| sqrt(tau), an attempt succeeds with probability
s(h, x) = Q(x - h) - Q(x + h), which knows no parameter. So the density of l = ln(s / (1-s)),

    p(l) = integral over x of p_h(h) p_x(x | h) dh/dl,   h = h(l, x),

is a sum over fixed nodes (l, x) with weights that are elementary in V, beta and delta, and so are
its derivatives; and E[s^c (1-s)^f] is a fixed linear form in p for each pair of counts.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import interpolate, special

from ._check import FloatArray
from ._lid_nodes import success

_STEP_L = 0.2  # the trapezoidal rule's error is e^(-pi^2 / step) and less for what is this smooth
_STEP_Y = 0.5
_L_MAX = 37.0  # beyond 1 - s is below a rounding
_FAR = 20.0  # |ln| beyond which all or nothing of x is below the first node
_SURE = 1e-3  # E[(1-s)^f] above which it is 1 less its complement
_WIDEST = 20.0  # c f / n beyond which s^c (1-s)^f is too sharp for the step


class _Table(NamedTuple):
    """Fixed nodes: x = x[0] = 0 stands for all below x[1]; fields (X, L) but for logit (L,) and below."""

    logit: FloatArray
    log_h: FloatArray
    square: FloatArray  # h^2
    pull: FloatArray  # x^2 / (2 h^2)
    log_weight: FloatArray  # of dx dh/dl / h
    below: interpolate.CubicSpline  # mass below x[1], where x counts as 0, in ln(x[1] / scale of x)


def _logit(h: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """l(h, x), and dl / d ln h."""
    s, log_q = success(x, h)
    with np.errstate(divide="ignore"):
        log_s = np.where(s > 0, np.log(s), -np.inf)
    slope = h * (np.exp(-0.5 * (h - x) ** 2) + np.exp(-0.5 * (h + x) ** 2)) / math.sqrt(2 * math.pi)
    with np.errstate(over="ignore", invalid="ignore"):
        return log_s - log_q, slope * np.exp(-log_s - log_q)


@lru_cache(maxsize=8)
def _table(low: int, finer: int, reach: float) -> _Table:
    """Nodes for l >= low and x^2 / 2 <= reach, with steps `finer` times finer."""
    step_l, step_y = _STEP_L / finer, _STEP_Y / finer
    logit = np.arange(low, _L_MAX, step_l)
    # q = x^2 / 2 = ln(1 + e^y): the integrand in l and x is smooth on the scale of 1 in ln x below
    # x = 1, in q above
    y = np.arange(-16.0, reach, step_y)
    q = np.logaddexp(0, y)
    x = np.append(0.0, np.sqrt(2 * q))[:, None]
    # ln h from a table of l, which rises with h, then Newton
    grid = np.linspace(low - 1.0, math.log(x[-1, 0] + 10.0), 1500)
    above, _ = _logit(np.exp(grid), x)
    log_h = np.array([np.interp(logit, row, grid) for row in above])
    for _ in range(4):
        here, slope = _logit(np.exp(log_h), x)
        log_h += np.clip((logit - here) / slope, -0.05, 0.05)
    h = np.exp(log_h)
    log_weight = -np.log(_logit(h, x)[1])
    # dx = (dx / dq) (dq / dy) dy = expit(y) / x dy, of the density 2 phi(x / g) / g, g = kappa h
    log_weight[1:] += (np.log(special.expit(y) * step_y) - np.log(x[1:, 0]))[:, None]
    log_weight[1:] += 0.5 * math.log(2 / math.pi) - log_h[1:]
    # Below the first x the sum would go on, dx ~ e^(y/2) dy, over values of l that no longer change.
    ratio = np.linspace(-_FAR, _FAR, 600)
    u = np.exp(ratio[:, None] - 0.5 * step_y * np.arange(1, int(80 / step_y)))
    below = (u * np.exp(-0.5 * u * u)).sum(axis=1) * 0.5 * step_y * math.sqrt(2 / math.pi)
    spline = interpolate.CubicSpline(ratio, below)
    return _Table(logit, log_h, h * h, 0.5 * (x / h) ** 2, log_weight, spline)


class LIDCounts:
    """ln E[s^c (1-s)^f] of each pair under LID(V, beta, 1, delta), and its derivatives.

    It holds about 250 numbers for each pair. Good to 1e-7 for beta up to 8, c f / n up to 1e6 and
    delta up to 3 (beyond, tables would have to be larger).
    """

    def __init__(self, c: FloatArray, f: FloatArray) -> None:
        self._low = -5 * math.ceil((math.log(float((c + f).max())) + 22) / 5)
        self._c, self._f = c, f
        self._none, self._all = c == 0, f == 0
        self._forms: dict[int, tuple[FloatArray, FloatArray, FloatArray]] = {}

    def _form(self, finer: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Linear forms in p (H, L), and logarithms of the factors left out of them (H,).

        For c = 0 there is one for E, without what p holds below the table, and one for 1 - E.
        """
        if finer not in self._forms:
            logit = np.arange(self._low, _L_MAX, _STEP_L / finer)
            step = float(logit[1] - logit[0])
            c, f = self._c[:, None], self._f[:, None]
            terms = _log_power(c, f, logit)
            scale = terms.max(axis=1)
            form = step * np.exp(terms - scale[:, None])
            scale[self._none] = 0
            form[self._none] = step * np.exp(terms[self._none])
            rest = -step * np.expm1(terms[self._none])
            sharp = np.flatnonzero(self._c * self._f > _WIDEST / finer**2 * (self._c + self._f))
            if sharp.size:
                basis = interpolate.make_interp_spline(logit, np.eye(logit.size), k=7)
                c, f = c[sharp], f[sharp]
                width = np.sqrt((c + f) / (c * f))
                at = np.log(c / f) + width * np.linspace(-9, 9, 49)
                terms = _log_power(c, f, at)
                scale[sharp] = terms.max(axis=1)
                weights = np.exp(terms - scale[sharp, None]) * width * (18 / 48)
                inside = np.clip(at, logit[0], logit[-1])
                form[sharp] = [w @ basis(y) for w, y in zip(weights, inside, strict=True)]
            self._forms[finer] = form, rest, scale
        return self._forms[finer]

    def __call__(self, v: float, beta: float, delta: float) -> tuple[FloatArray, FloatArray]:
        """Logarithms (H,), and derivatives (3, H) in ln beta, ln delta and ln V (0 for V = 0)."""
        finer = max(1, 2 ** math.ceil(math.log2(max(1.0, beta / 8)) / 2))
        a, log_delta = 0.5 * beta, math.log(delta)
        # tau exceeds this with probability e^-15, and x - h that with s < e^low
        x = delta * math.sqrt(a + math.sqrt(30 * a) + 15) + math.sqrt(-2 * self._low)
        base = 12.0 - self._low
        table = _table(self._low, finer, base * 2 ** max(0, math.ceil(math.log2((0.5 * x * x + 4) / base))))
        # h is least at x = 0: from this column on tau is above what it has ever been, but for e^-90
        end = int(np.searchsorted(table.log_h[0], log_delta + 0.5 * math.log(a + math.sqrt(180 * a) + 90)))
        psi, constant = float(special.psi(a)), math.log(2) - math.lgamma(a)
        sums = np.zeros((4, table.logit.size))  # p and its derivatives
        part = sums[:, :end]
        share, slope = np.ones(end), np.zeros(end)
        if v > 0:
            # tau^a e^-tau times the normal density of x, tau = h^2 / delta^2
            log_h, square, pull = table.log_h[1:, :end], table.square[1:, :end], table.pull[1:, :end]
            spread = delta**2 / v
            terms = log_h * (2 * a)
            terms += table.log_weight[1:, :end]
            terms -= square * (1 / delta**2)
            terms -= pull * spread
            terms += constant + (1 - 2 * a) * log_delta - 0.5 * math.log(v)
            np.exp(terms, out=terms)
            part[0] = terms.sum(axis=0)
            by_h, by_square, by_pull = (np.einsum("xl,xl->l", terms, y) for y in (log_h, square, pull))
            part[1] = a * (2 * by_h - (2 * log_delta + psi) * part[0])
            part[2] = (1 - 2 * a) * part[0] + 2 * (by_square / delta**2 - spread * by_pull)
            part[3] = spread * by_pull - 0.5 * part[0]
            ratio = np.clip(0.5 * np.log(2 * spread * pull[0]), -_FAR, _FAR)
            share, slope = table.below(ratio), table.below(ratio, 1)
        log_tau = 2 * (table.log_h[0, :end] - log_delta)
        tau = np.exp(log_tau)
        first = np.exp(table.log_weight[0, :end] + a * log_tau - tau + constant)
        part[0] += first * share
        part[1] += first * share * a * (log_tau - psi)
        part[2] += first * (share * 2 * (tau - a) + slope)
        part[3] -= 0.5 * first * slope

        form, rest, scale = self._form(finer)
        values = np.einsum("hl,dl->dh", form, sums)
        step = float(table.logit[1] - table.logit[0])
        # p goes on below the table as it begins
        below = np.zeros(4)
        if 1e-290 < sums[0, 0] < 0.999 * sums[0, 1]:
            ratio = sums[0, 0] / sums[0, 1]
            below = step * ratio / (1 - ratio) * sums[:, 0]
            below[1:] += below[0] / (1 - ratio) * (sums[1:, 0] / sums[0, 0] - sums[1:, 1] / sums[0, 1])
        above = _certain(v, a, delta)
        sure = -np.einsum("hl,dl->dh", rest, sums) - above[:, None]
        sure[0] += 1
        # c = 0: where much is below the table, 1 - E is exact
        values[:, self._none] = np.where(sure[0] > _SURE, sure, values[:, self._none] + below[:, None])
        values[:, self._all] += above[:, None] * np.exp(-scale[self._all])
        lost = values[0] < 1e-300
        values[0, lost], values[1:, lost] = 1e-300, 0
        return np.log(values[0]) + scale, values[1:] / values[0]


def _certain(v: float, a: float, delta: float) -> FloatArray:
    """P(l > _L_MAX), where s counts as 1, and its derivatives: about x < h - z with Q(z) = e^-_L_MAX."""
    z = -float(special.ndtri(math.exp(-_L_MAX)))
    top = delta * math.sqrt(a + math.sqrt(80 * a) + 40)
    if top <= z:
        return np.zeros(4)
    points, weights = np.polynomial.legendre.leggauss(48)
    width = math.log(top / z)
    log_h = math.log(z) + 0.5 * width * (points + 1)
    log_tau = 2 * (log_h - math.log(delta))
    tau = np.exp(log_tau)
    mass = width * weights * np.exp(a * log_tau - tau - math.lgamma(a))
    share, slope = np.ones(tau.size), np.zeros(tau.size)
    if v > 0:
        u = (np.exp(log_h) - z) / np.sqrt(2 * v * tau)
        share, slope = special.erf(u), 2 / math.sqrt(math.pi) * u * np.exp(-u * u)
    inner = share * a * (log_tau - special.psi(a)), 2 * share * (tau - a) + slope, -0.5 * slope
    total: FloatArray = (mass * np.array([share, *inner])).sum(axis=1)
    return total


def _log_power(c: FloatArray, f: FloatArray, logit: FloatArray) -> FloatArray:
    """Ln of s^c (1-s)^f at logit = ln(s / (1-s))."""
    return -c * np.logaddexp(0, -logit) - f * np.logaddexp(0, logit)
