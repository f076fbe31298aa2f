"""The law of ln(1 - s) in the LID model as a weighted sum over nodes.

In units of sigma the law has the parameters v = V / sigma^2 and r = delta / sigma, and that of tau. With
u = ln tau, h = r sqrt(tau) and x = |B| sqrt(tau) / sigma, an attempt succeeds with probability
s = Q(x - h) - Q(x + h), Q the upper tail of the normal law; given u, x is |normal| times
g = sqrt(v tau), and tau has a law of its own.

The plane of u and x is tiled. A strip is a stretch of u, and its Gauss-Legendre points are lines along x;
the lines of a strip are cut in as many panels. Such a tile gets nodes where they give some k more than
e^-45 of its S(k).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from . import _passk
from ._check import FloatArray, IntArray
from ._precision import Sampled, Smooth

_POINTS, _WEIGHTS = (0.5 * y for y in np.polynomial.legendre.leggauss(16))  # on [-1/2, 1/2], sum 1
_HERMITE_POINTS, _HERMITE_WEIGHTS = (y[12:] for y in np.polynomial.hermite_e.hermegauss(24))
_NEGLIGIBLE = 45.0  # e^-45 of the result may be lost
_MAX_PANELS = 60_000  # a million nodes; beyond, panels are widened and digits given up
_WIDEST = 3.0  # strips, times the width of the law
_LONGEST = 0.6  # panels
_BEND = 5.0  # standard deviations of a Gaussian that a strip or a panel may hold
_TOGETHER = 256  # biases that share lines, at most
_COLUMNS = 64  # k, or neighboring k together, that tiles are held against
_LUMPS = 8  # at most
_CERTAIN = -np.finfo(float).max  # ln(1 - s) where s is 1: 0 times it is 0
_LN_C = 0.5 * math.log(2 / math.pi)  # s < e^_LN_C h

Nodes = tuple[FloatArray, FloatArray, FloatArray]
"""ln weights, ln(1-s) and s"""


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


@dataclass(frozen=True)
class _Lines:
    """Points u and ln weights (lines,), ascending, in strips that begin at `first` and end at `ends`, in u.

    Under them lies a mass with a mean ln(1 - s) of its own, above them one that is as good as at tau = inf.
    """

    u: FloatArray
    log_weight: FloatArray
    first: IntArray  # (strips + 1,), the last one lines
    ends: FloatArray  # (2, strips)
    log_below: float = -math.inf
    log_q_below: float = 0.0
    log_far: float = -math.inf

    @property
    def count(self) -> IntArray:
        """How many each strip has."""
        return np.diff(self.first)


def _density(law: Smooth, low: float, high: float, depth: float) -> tuple[FloatArray, FloatArray]:
    """Points from low to high, and how many strips a unit of u needs there.

    Where ln p has the slope -b, what raises S there bends by b (a Gaussian tail in z), and where it is
    b by b/2 (an exponential of sqrt(tau)): no peak is sharper. At an edge of p it may have any slope up to
    depth.
    """
    u = np.linspace(low, high, max(512, min(8192, int(64 * (high - low)))))
    slope = np.gradient(law.log_density(u), u)
    bend = np.abs(np.gradient(slope, u)) + np.where(slope < 0, -slope, 0.5 * slope)
    density = np.maximum(np.sqrt(bend) / _BEND, 1 / (_WIDEST * law.width))
    if high == law.edge:
        distance = np.maximum(high - u, 1e-300)
        density = np.maximum(density, np.minimum(depth / 16, 3 / distance))
    return u, density


def _edges(u: FloatArray, density: FloatArray) -> FloatArray:
    """Cut a stretch of u in strips of that density."""
    count = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(u) * (density[1:] + density[:-1]))])
    return np.interp(np.linspace(0, count[-1], math.ceil(count[-1]) + 1), count, u)


def _composite(law: Smooth, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    width = np.diff(edges)[:, None]
    u = 0.5 * (edges[1:] + edges[:-1])[:, None] + width * _POINTS
    return u.ravel(), (np.log(width * _WEIGHTS) + law.log_density(u)).ravel()


def _lines(
    law: Sampled | Smooth,
    v: float,
    r: float,
    k: FloatArray,
    depth: float,
    finer: float,
    bias: FloatArray | None = None,
) -> _Lines:
    """Lines for some k, with what is e^-depth of all or more; for B ~ Normal(0, v), or for given B.

    k s is at most e^((u - u*)/2), u* = -2 ln(k c). Where it is so small that its square is lost,
    far under u*, the mean of s serves in place of its law; h is tiny there, and s = c h e^(-x^2/2).
    """
    # From `far` on an attempt succeeds where |B| < delta, but for a share of 1e-16.
    far = 600 - 2 * math.log(max(math.sqrt(v) + r, 1))
    if v:
        far = min(far, 2 * (37 + math.log(math.sqrt(v) + r) - math.log(v)))
    if isinstance(law, Sampled):
        u = np.minimum(law.log_tau, far)
        first = np.flatnonzero(np.diff(np.floor(u), prepend=-math.inf))
        ends = np.array([u[first], u[np.append(first[1:], u.size) - 1]])
        return _Lines(u, np.full(u.size, -math.log(u.size)), np.append(first, u.size), ends)
    low = law.floor(-2 * (math.log(k.max()) + _LN_C + math.log(r)), 36.0, slope=1.0)
    top, far = law.top(depth), max(far, low + 1)
    u, density = _density(law, low, min(top, far), depth)
    if bias is not None:
        # Outside delta, along u, s passes from one to where k s is lost.
        beyond = np.exp(0.5 * u) * max(bias.max() - r, 0.0)
        lost = np.exp(0.5 * u) * (bias.min() - r) > _cut(np.ones(1), k.max(), 37.0)
        density = np.maximum(density, np.where(lost | (beyond == 0), 0, 1 + beyond))
    edges = _edges(u, density * finer)
    u, log_weight = _composite(law, edges)
    log_far = -math.inf
    if far < top:
        log_far = _log_sum(_composite(law, _edges(*_density(law, far, top, 0.0)))[1])
    log_below = float(law.log_cdf(low))
    lower, weight = _composite(law, np.linspace(law.floor(low, 36.0), low, 33))
    share = -0.5 * np.log1p(v * np.exp(lower))
    if bias is not None:
        share = np.log(np.exp(-0.5 * np.exp(lower)[:, None] * bias**2).mean(axis=1) + 1e-300)
    log_rate = -math.inf
    if log_below > -math.inf:
        log_rate = min(_log_sum(weight + share + _LN_C + math.log(r) + 0.5 * lower) - log_below, 0.0)
    first = np.arange(0, u.size + 1, _POINTS.size)
    ends = np.array([edges[:-1], edges[1:]])
    return _Lines(u, log_weight, first, ends, log_below, -math.exp(log_rate), log_far)


def _log_least(lines: _Lines, v: float, r: float, k: FloatArray) -> FloatArray:
    """Ln of lower bounds of S(k): the largest line of S(k; 0), or of what lies beyond x with k s <= 1."""
    some = slice(None, None, 1 + lines.u.size // 256)
    log_weight, root = lines.log_weight[some, None], np.exp(0.5 * lines.u[some, None])
    with np.errstate(over="ignore"):
        clean = (log_weight - k * _rate(0.0, r * root)).max(axis=0)
    unlucky = special.log_ndtr(-_cut(r * root, k, 0.0) / (math.sqrt(v) * root))
    bias = (log_weight + unlucky).max(axis=0) - 1.5
    least: FloatArray = np.maximum(np.maximum(clean, bias), lines.log_below - 1)
    return least


@dataclass(frozen=True)
class _Strips:
    """How each strip (strips,) is cut along x; names in _end are for its two ends in u (2, strips).

    Panels begin at `start`, are `panels` many in all, and `scale` times as long as in the middle.
    """

    start_end: FloatArray
    scale_end: FloatArray
    h_end: FloatArray
    g_end: FloatArray
    length: FloatArray
    panels: FloatArray
    flat: NDArray[np.bool_]  # Gauss-Hermite serves
    steep: NDArray[np.bool_]
    behind: FloatArray  # from h to start
    by_z: NDArray[np.bool_]


def _strips(
    lines: _Lines,
    v: float,
    r: float,
    lowest: float,
    highest: float,
    k: FloatArray,
    nats: FloatArray,
    finer: float,
) -> _Strips:
    """Look at strips, of which `nats` (strips, k) tells how much of itself a contribution may lose."""
    root_v, root_end = math.sqrt(v), np.exp(0.5 * lines.ends)
    h_end, g_end = r * root_end, root_v * root_end
    room = np.maximum(nats.max(axis=1), 0)
    z_end = np.sqrt(2 * np.maximum(room, 1e-300))

    # Where V hardly moves s, as |normal| times g is small, for every k that is not lost.
    reach = np.sqrt(2 * np.maximum(nats, 0)) * g_end[1][:, None]
    with np.errstate(over="ignore"):
        power = k * _rate(0.0, h_end[1])[:, None]
        power[k * _rate(reach, h_end[0][:, None]) > nats] = 0
        if not k.all():
            power = (highest * np.minimum(1, h_end[1]))[:, None]
        flat = (g_end[1] ** 2 < 0.05 / (1 + power.max(axis=1))) & (room > 0)

    # Below start (1-s)^k is lost for every k, as ln(1-s) < -(h-x)^2 / 2; beyond length k s < e^-37, or z is
    # lost, and then panels widen as sqrt(tau).
    with np.errstate(divide="ignore", over="ignore"):
        behind = np.sqrt(2 * room / lowest) if lowest else np.full(room.size, math.inf)
    start_end = np.maximum(h_end - behind, 0)
    cut = np.maximum(_cut(h_end, highest, 37.0) - start_end, 0).max(axis=0)
    by_z = g_end[1] * z_end < cut
    middle = 0.5 * lines.ends.sum(axis=0)
    g_middle = root_v * np.exp(0.5 * middle)
    length = np.where(by_z, g_middle * z_end, cut)
    steep = ~flat & (room > 0) & (length > 0)
    # In x the slope of ln s is below 12, and peaks bend by z^2; in z the slope of ln phi is below z_end.
    panels, g_least = np.zeros(room.size), np.where(by_z, g_middle, g_end[0])
    bend = np.sqrt(2 * np.maximum(room - _NEGLIGIBLE, _NEGLIGIBLE))
    width = np.minimum(np.minimum(_LONGEST, _BEND / bend), (30 / z_end) * g_least)
    panels[steep] = np.ceil(length / width * finer)[steep]
    scale_end = np.where(by_z, np.exp(0.5 * (lines.ends - middle)), 1.0)
    return _Strips(start_end, scale_end, h_end, g_end, length, panels, flat, steep, behind, by_z)


@dataclass(frozen=True)
class _Tiles:
    strip: IntArray  # (tiles,)
    near: FloatArray  # from start, in the middle of the strip
    size: FloatArray
    kept: NDArray[np.bool_]
    weighty: NDArray[np.bool_]  # not lost from 1


def _tiles(strips: _Strips, widen: float, k: FloatArray, nats: FloatArray, tallest: FloatArray) -> _Tiles:
    """Cut the strips in panels, and keep those that some k needs."""
    panels = np.ceil(strips.panels / widen)
    count = panels.astype(np.int64)
    strip = np.repeat(np.arange(count.size), count)
    size = (strips.length / np.maximum(panels, 1))[strip]
    near = size * (np.arange(strip.size) - np.repeat(np.cumsum(count) - count, count))
    start, scale = strips.start_end[:, strip], strips.scale_end[:, strip]
    z = ((start + scale * near) / strips.g_end[:, strip]).min(axis=0)
    rate = _rate(start + scale * (near + size), strips.h_end[:, strip]).min(axis=0)
    lost, kept = 0.5 * z * z, np.zeros(strip.size, dtype=bool)
    left = np.flatnonzero(lost <= nats.max(axis=1)[strip])
    with np.errstate(over="ignore"):
        for k_j, nats_j in zip(k, nats.T, strict=True):
            needed = lost[left] + k_j * rate[left] <= nats_j[strip[left]]
            kept[left[needed]] = True
            left = left[~needed]
    return _Tiles(strip, near, size, kept, tallest[strip] - lost > -_NEGLIGIBLE)


class _Work:
    """Room for nodes, written once, and for a few lumps of mass."""

    def __init__(self, size: int) -> None:
        self.size, self.used = size, 0
        self.x, self.h = np.empty((2, size))
        self.log_w, self.log_q, self.s = np.empty((3, size + _LUMPS))

    def add(self, h: FloatArray, points: int) -> tuple[FloatArray, FloatArray]:
        """Take so many points on each of some lines; returned are their x and ln weights, to be written."""
        part = slice(self.used, self.used + points * h.size)
        self.used = part.stop
        self.h[part].reshape(-1, points)[:] = h[:, None]
        return self.x[part].reshape(-1, points), self.log_w[part].reshape(-1, points)

    def nodes(self, lumps: list[tuple[float, float, float]]) -> Nodes:
        """All of them, and lumps of given ln weight, ln(1-s) and s."""
        end = self.size + len(lumps)
        _passk.attempts(self.x, self.h, self.s[: self.size], self.log_q[: self.size])
        self.log_w[self.size : end], self.log_q[self.size : end], self.s[self.size : end] = np.transpose(
            lumps
        )
        log_q = self.log_q[:end]
        return self.log_w[:end], np.maximum(log_q, _CERTAIN, out=log_q), self.s[:end]


def _rate(x: ArrayLike, h: ArrayLike) -> FloatArray:
    """-ln(1-s), finite."""
    return np.minimum(-success(x, h)[1], -_CERTAIN)


def _deep(law: Sampled | Smooth, r: float, k: FloatArray) -> float:
    """-ln S(k) for the largest k without a bias, which makes S larger, or more."""
    bend = -2 * (math.log(k.max()) + _LN_C + math.log(r))
    return min(3 - float(law.log_cdf(bend)), 1e6)


def nodes(
    v: float,
    law: Sampled | Smooth,
    r: float,
    k: FloatArray,
    *,
    sharpness: float = 1.0,
    depth: float | None = None,
) -> Nodes:
    """Nodes for E[(1-s)^k] of the given k, all > 0.

    With a depth they serve other integrands, too: everything is kept that is not lost e^-depth under 1,
    and `sharpness` > 1 makes panels finer, for integrands sharper than (1-s)^k.
    """
    k = np.unique(k)
    deep = max(depth or 0.0, _deep(law, r, k))
    lines = _lines(law, v, r, k, _NEGLIGIBLE + deep, sharpness)
    log_weight, root = lines.log_weight, np.exp(0.5 * lines.u)
    h, g = r * root, math.sqrt(v) * root
    hit, miss = (special.erf(r / math.sqrt(2 * v)), special.erfc(r / math.sqrt(2 * v))) if v else (1.0, 0.0)
    with np.errstate(divide="ignore"):
        lumps = [(lines.log_below, lines.log_q_below, -math.expm1(lines.log_q_below))]
        lumps += [(lines.log_far + np.log(hit), _CERTAIN, 1.0), (lines.log_far + np.log(miss), 0.0, 0.0)]
    if v == 0:
        work = _Work(h.size)
        x, height = work.add(h, 1)
        x[:], height[:] = 0, log_weight[:, None]
        return work.nodes(lumps)

    # Columns: k, or the lowest of some k with the lowest of their S.
    groups = np.array_split(k, min(_COLUMNS, k.size))
    column = np.array([group[0] for group in groups])
    least = _log_least(lines, v, r, np.array([group[-1] for group in groups]))
    if depth is not None:
        column, least = np.zeros(1), np.array([min(least.min(), -depth)])
    tallest = np.maximum.reduceat(log_weight, lines.first[:-1]) + 3
    nats = tallest[:, None] - least + _NEGLIGIBLE
    strips = _strips(lines, v, r, k[0] if depth is None else 0.0, k[-1], column, nats, sharpness)
    widen = max(1.0, strips.panels.sum() / (4 * _MAX_PANELS))
    while True:
        tiles = _tiles(strips, widen, column, nats, tallest)
        panels = lines.count[tiles.strip[tiles.kept]].sum()
        if panels <= _MAX_PANELS:
            break
        widen *= 1.01 * panels / _MAX_PANELS

    # ------------------------------------------------ nodes of tiles, and of strips that have none
    strip = np.repeat(np.arange(lines.count.size), lines.count)
    start = np.maximum(h - strips.behind[strip], 0)
    scale = np.where(strips.by_z, np.exp(-0.25 * lines.ends.sum(axis=0)), 1.0)[strip]
    scale *= np.where(strips.by_z[strip], root, 1.0)
    line, near, size = _of_lines(lines, tiles, tiles.kept, start, scale)
    flat = np.flatnonzero(strips.flat[strip])
    work = _Work(_POINTS.size * line.size + _HERMITE_POINTS.size * flat.size)
    norm = 0.5 * math.log(2 / math.pi)
    x, height = work.add(h[line], _POINTS.size)
    np.multiply(size[:, None], _POINTS, out=x)
    x += (near + 0.5 * size)[:, None]
    np.divide(x, (math.sqrt(2) * g[line])[:, None], out=height)
    np.square(height, out=height)
    np.subtract((np.log(size / g[line]) + log_weight[line] + norm)[:, None], height, out=height)
    height += np.log(_WEIGHTS)
    x, height = work.add(h[flat], _HERMITE_POINTS.size)
    np.multiply(g[flat][:, None], _HERMITE_POINTS, out=x)
    np.add(log_weight[flat][:, None], np.log(_HERMITE_WEIGHTS) + norm, out=height)

    # ------------------------------------------------ the mass elsewhere
    steep = strips.steep[strip]
    cuts = steep & ~strips.by_z[strip]
    end = (start + strips.length[strip])[cuts] / g[cuts]
    lumps.append((_log_sum(log_weight[cuts] + math.log(2) + special.log_ndtr(-end)), 0.0, 0.0))
    # Where every attempt succeeds, which matters to 1 - S only: before the start, and in tiles left out.
    sure = [np.zeros(0), log_weight[steep] + _log_between(np.zeros(steep.sum()), start[steep] / g[steep])]
    if least.max() > -8:
        line, near, size = _of_lines(lines, tiles, ~tiles.kept & tiles.weighty, start, scale)
        sure.append(log_weight[line] + _log_between(near / g[line], (near + size) / g[line]))
    lumps.append((_log_sum(np.concatenate(sure)), _CERTAIN, 1.0))
    return work.nodes(lumps)


def _of_lines(
    lines: _Lines, tiles: _Tiles, some: NDArray[np.bool_], start: FloatArray, scale: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Lines through some tiles, and where x enters there and for how long."""
    tile = np.flatnonzero(some)
    count = lines.count[tiles.strip[tile]]
    line = np.arange(count.sum()) + np.repeat(
        lines.first[tiles.strip[tile]] - np.cumsum(count) + count, count
    )
    tile = np.repeat(tile, count)
    return line, start[line] + scale[line] * tiles.near[tile], scale[line] * tiles.size[tile]


def _log_between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Ln P(low < |normal| < high)."""
    with np.errstate(divide="ignore"):
        near = special.erf(high / math.sqrt(2)) - special.erf(low / math.sqrt(2))
        far = special.erfc(low / math.sqrt(2)) - special.erfc(high / math.sqrt(2))
        between: FloatArray = np.log(np.where(low < 1, near, far))
    return between


def nodes_of_biases(
    bias: FloatArray,
    law: Sampled | Smooth,
    r: float,
    k: FloatArray,
    *,
    sharpness: float = 1.0,
    depth: float | None = None,
) -> Iterator[tuple[float, Nodes]]:
    """Nodes as those of `nodes` for equally likely magnitudes of B / sigma, ascending: some with their share.

    For each of them the integral over u has panels of its own, or of neighbors.
    """
    deep = _NEGLIGIBLE + max(depth or 0.0, _deep(law, r, k))
    first = 0
    while first < bias.size:
        # of neighbors beyond delta alike, and of all within, which do not ask for more
        last = int(np.searchsorted(bias, max(r, r + 1.2 * (bias[first] - r)), side="right"))
        some = bias[first : min(last, first + _TOGETHER)]
        lines = _lines(law, 0.0, r, k, deep, sharpness, some)
        root = np.exp(0.5 * lines.u)
        work = _Work(some.size * root.size)
        x, height = work.add(r * root, some.size)
        np.multiply(root[:, None], some, out=x)
        height[:] = (lines.log_weight - math.log(some.size))[:, None]
        lumps = [(lines.log_below, lines.log_q_below, -math.expm1(lines.log_q_below))]
        if lines.log_far > -math.inf:
            hit = float(np.mean(some < r))
            with np.errstate(divide="ignore"):
                lumps += [(lines.log_far + np.log(hit), _CERTAIN, 1.0)]
                lumps += [(lines.log_far + np.log1p(-hit), 0.0, 0.0)]
        yield some.size / bias.size, work.nodes(lumps)
        first += some.size


def _cut(h: FloatArray, k: float | FloatArray, nats: float) -> FloatArray:
    """Return x beyond which k s < e^-nats: s < min(1, 2 h phi(0)) exp(-(x-h)^2 / 2)."""
    with np.errstate(divide="ignore"):
        most = np.log(np.maximum(k, 1.0)) + nats + np.minimum(0, np.log(h) + _LN_C)
    cut: FloatArray = h + np.sqrt(2 * np.maximum(0, most))
    return cut
