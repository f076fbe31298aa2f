"""The two-dimensional law of ln(1 - s) in the LID model as a weighted sum over nodes.

In units of sigma the law has the parameters v = V / sigma^2 and r = delta / sigma, and that of tau. With
u = ln tau, h = r sqrt(tau) and x = |B| sqrt(tau) / sigma, an attempt succeeds with probability
s = Q(x - h) - Q(x + h), Q the upper tail of the normal law; given u, x is |normal| times
g = sqrt(v tau), and tau has a law of its own.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from . import _passk
from ._check import FloatArray
from ._precision import Sampled, Smooth

_POINTS, _WEIGHTS = (0.5 * y for y in np.polynomial.legendre.leggauss(16))  # on [-1/2, 1/2], sum 1
_HERMITE_POINTS, _HERMITE_WEIGHTS = (y[12:] for y in np.polynomial.hermite_e.hermegauss(24))
_NEGLIGIBLE = 45.0  # e^-45 of the result may be lost
_LOST_BELOW = 32.0  # and e^-32 of it at the lowest precisions, where S is not 1
_MAX_PANELS = 60_000  # a million nodes; beyond, panels are widened and digits given up


def log_fail(bias: ArrayLike, tau: ArrayLike, sigma: float, delta: float) -> FloatArray:
    """ln(1 - s) for instances of the given bias B and precision tau, broadcast."""
    root = np.sqrt(tau) / sigma
    return success(np.abs(bias) * root, delta * root)[1]


def success(x: ArrayLike, h: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Probability s of success, and ln(1 - s), each accurate to a few roundings at both ends."""
    x, h = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(h, dtype=np.float64))
    s, log_q = np.empty(x.shape), np.empty(x.shape)
    if x.size:
        x, h = np.ascontiguousarray(x).ravel(), np.ascontiguousarray(h).ravel()
        _passk.attempts(x, h, s.reshape(-1), log_q.reshape(-1))
    return s, log_q


def _log_sum(x: FloatArray) -> float:
    return float(special.logsumexp(x)) if x.size else -math.inf


def _composite(low: float, high: float, width: float) -> tuple[FloatArray, FloatArray]:
    """Composite Gauss-Legendre rule: points and logarithms of weights."""
    panels = max(1, math.ceil((high - low) / width))
    width = (high - low) / panels
    centers = low + width * (np.arange(panels) + 0.5)
    points = (centers[:, None] + width * _POINTS).ravel()
    return points, np.tile(np.log(width * _WEIGHTS), panels)


def _tau_line(
    precision: Sampled | Smooth, r: float, high: float, depth: float, width: float
) -> tuple[FloatArray, FloatArray, float]:
    """Points u, ln weights of the law of u, and ln of the mass below them, where no attempt succeeds.

    k s is e^((u - u*)/2), u* = -2 ln(k c); of sampled precisions the points are the samples.
    """
    if isinstance(precision, Sampled):
        u = precision.log_tau
        return u, np.full(u.size, -math.log(u.size)), -math.inf
    bend = -2 * (math.log(high) + 0.5 * math.log(2 / math.pi) + math.log(r))
    low = precision.floor(bend, _LOST_BELOW)
    u, log_weight = _composite(low, precision.top(depth), width)
    return u, log_weight + precision.log_density(u), float(precision.log_cdf(low))


def nodes(
    v: float,
    precision: Sampled | Smooth,
    r: float,
    low: float,
    high: float,
    *,
    sharpness: float = 1.0,
    depth: float = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes for E[(1-s)^k], k in [low, high]: ln weights, ln(1-s) and s.

    The panels follow the integrand: `depth`, the nats below 1 at which a contribution is lost,
    is found from lower bounds of S(high), and sets how far u and z = B / sqrt(V) reach and how fine
    the panels are (a peak that is `depth` nats high has a width of the order depth^-1/2 in u).
    `sharpness` > 1 makes them finer, for integrands sharper than (1-s)^k.
    """
    coarse = (1.0 if isinstance(precision, Sampled) else precision.width) / sharpness
    u, log_weight, below = _tau_line(precision, r, high, max(depth, _NEGLIGIBLE), coarse)
    s, log_q = success(0.0, r * np.exp(0.5 * u))
    if v == 0:
        return np.append(log_weight, below), np.append(log_q, 0.0), np.append(s, 0.0)

    # S grows with V, so S(high; 0) is a lower bound; and so is the mass of (tau > t, x > cut(t)).
    with np.errstate(over="ignore"):
        bound = max(_log_sum(log_weight + high * log_q), below)
    root = np.exp(0.5 * u)
    above = np.logaddexp.accumulate(log_weight[::-1])[::-1]
    unlucky = special.log_ndtr(-_cut(r * root, high) / (math.sqrt(v) * root))
    bound = max(bound, float(np.max(above + unlucky)))
    least = min(bound, -depth) - _NEGLIGIBLE  # ln of the weight that nodes must exceed
    depth = max(depth, _NEGLIGIBLE - bound)

    widen = 1.0
    while True:
        u, log_weight, below = _tau_line(precision, r, high, depth, widen * min(coarse, 5 / math.sqrt(depth)))
        h, g = r * np.exp(0.5 * u), math.sqrt(v) * np.exp(0.5 * u)
        z_end = math.sqrt(2 * depth)
        end = np.minimum(_cut(h, high), g * z_end)
        # Below start (1-s)^k is lost for every k: ln(1-s) < -(h-x)^2 / 2.
        start = np.clip(h - math.sqrt(2 * depth / low) if low else 0 * h, 0, end)
        # Where V hardly moves s, as |normal| times g is small, Gauss-Hermite serves.
        flat = g * g < 0.05 / (1 + high * np.minimum(1, h))
        # In x the slope of ln s is below 12, in z that of ln phi below z_end.
        width = widen * np.minimum(0.45 / sharpness, 30 / z_end * g)
        with np.errstate(divide="ignore", invalid="ignore"):
            panels = np.where(flat, 0, np.ceil((end - start) / width)).astype(np.int64)
        if panels.sum() <= _MAX_PANELS:
            break
        widen *= 1.01 * math.sqrt(panels.sum() / _MAX_PANELS)

    # Panels of which no node matters are left out: z beyond `far` costs more than the line has to lose.
    far = g * np.sqrt(2 * np.maximum(0, log_weight + 4 - least))
    size = (end - start) / np.maximum(panels, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.ceil((np.minimum(end, far) - start) / size)
    seen = np.where(flat, -1, np.where(panels, np.clip(seen, 0, panels), 0)).astype(np.int64)
    kept = (log_weight + 4 > least) & (seen != 0)
    counts = np.where(seen[kept] < 0, _HERMITE_POINTS.size, seen[kept] * _POINTS.size)
    first = np.append(0, np.cumsum(counts))
    out = np.empty((3, first[-1] + 2))
    if first[-1]:
        _passk.lid_nodes(
            np.ascontiguousarray([y[kept] for y in (log_weight, h, g, start, size)]),
            seen[kept],
            first,
            np.array([_POINTS, np.log(_WEIGHTS)]),
            np.array([_HERMITE_POINTS, np.log(_HERMITE_WEIGHTS * math.sqrt(2 / math.pi))]),
            out,
        )
    # The mass beyond the cut of each line, and below all lines: no attempt succeeds.
    steep = ~flat
    cuts = steep & (end < g * z_end)
    beyond = log_weight[cuts] + math.log(2) + special.log_ndtr(-end[cuts] / g[cuts])
    rest = np.logaddexp(_log_sum(beyond), below)
    # The mass before the start: every attempt succeeds (it matters to 1 - S only).
    with np.errstate(divide="ignore"):
        sure = _log_sum(log_weight[steep] + np.log(special.erf(start[steep] / g[steep] / math.sqrt(2))))
    out[:, -2:] = [[rest, sure], [0.0, -np.finfo(float).max], [0.0, 1.0]]
    return out[0], out[1], out[2]


def nodes_of_biases(
    bias: FloatArray,
    precision: Sampled | Smooth,
    r: float,
    high: float,
    *,
    sharpness: float = 1.0,
    depth: float = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes as those of `nodes`, for equally likely magnitudes of B / sigma, which share those of u."""
    width = 1.0 if isinstance(precision, Sampled) else min(precision.width, 0.5)
    u, log_weight, below = _tau_line(precision, r, high, max(depth, 2 * _NEGLIGIBLE), width / sharpness)
    root = np.exp(0.5 * u)
    s, log_q = success(bias[:, None] * root, np.broadcast_to(r * root, (bias.size, u.size)))
    log_w = np.broadcast_to(log_weight - math.log(bias.size), s.shape)
    return np.append(log_w, below), np.append(log_q, 0.0), np.append(s, 0.0)


def _cut(h: FloatArray, k: float) -> FloatArray:
    """Return x beyond which k s < e^-37: s < min(1, 2 h phi(0)) exp(-(x-h)^2 / 2)."""
    with np.errstate(divide="ignore"):
        nats = math.log(max(k, 1.0)) + 37 + np.minimum(0, np.log(math.sqrt(2 / math.pi) * h))
    cut: FloatArray = h + np.sqrt(2 * np.maximum(0, nats))
    return cut
