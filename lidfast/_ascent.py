"""Maximization within bounds, and the ends of profile-likelihood intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ._check import FloatArray


class Function(Protocol):
    """What is maximized: its bounds, its value with gradient, and its second derivatives."""

    low: FloatArray
    high: FloatArray

    def slopes(self, theta: FloatArray) -> tuple[float, FloatArray]: ...

    def curvature(self, theta: FloatArray) -> FloatArray: ...


@dataclass(frozen=True)
class Climb:
    """Where a climb ended: theta, value, gradient, and whether it could not go on for good reason."""

    theta: FloatArray
    value: float
    slope: FloatArray
    converged: bool


def climb(
    function: Function, start: FloatArray, free: Sequence[int] | None = None, tolerance: float = 1e-11
) -> Climb:
    """Newton's method in some of the coordinates, uphill always, within the bounds.

    It ends with the step that promises less than `tolerance` relative to 1 + |value|.
    """
    among = np.arange(start.size) if free is None else np.array(free)
    low, high = function.low, function.high
    theta = np.clip(start, low, high)
    value, slope = function.slopes(theta)
    for _ in range(200):
        # a coordinate at a bound that it would cross stays
        held = ((theta <= low) & (slope < 0)) | ((theta >= high) & (slope > 0))
        index = among[~held[among]]
        if index.size == 0:
            return Climb(theta, value, slope, True)
        curve = function.curvature(theta)[np.ix_(index, index)]
        sizes, axes = np.linalg.eigh(curve)
        # Away from a maximum a direction may curve upwards: its size is taken, its sign is not.
        step = axes @ ((axes.T @ slope[index]) / np.maximum(np.abs(sizes), 1e-12))
        longest = float(np.abs(step).max())
        gain = float((step * slope[index]).sum())
        if gain < tolerance * (1 + abs(value)):
            last = theta.copy()
            last[index] += step * (1e-2 / max(longest, 1e-2))
            last = np.clip(last, low, high)
            last_value, last_slope = function.slopes(last)
            if last_value < value - 1e-12 * (1 + abs(value)):
                return Climb(theta, value, slope, True)
            return Climb(last, last_value, last_slope, True)
        step *= 2.0 / max(longest, 2.0)
        for _ in range(40):
            trial = theta.copy()
            trial[index] += step
            # near a bound is on it: with other coordinates along a ridge it would be halved towards for ever
            trial = np.where(trial < low + 1e-9, low, np.where(trial > high - 1e-9, high, trial))
            trial_value, trial_slope = function.slopes(trial)
            if trial_value > value:
                break
            step /= 2
        else:
            return Climb(theta, value, slope, gain < 1e-6)  # rounding hides what is left
        theta, value, slope = trial, trial_value, trial_slope
    return Climb(theta, value, slope, False)


def profile_end(
    function: Function, top: Climb, drop: float, sign: int, limits: tuple[float, float], spread: float
) -> tuple[float, Climb | None]:
    """Find where the maximum over the other coordinates is `drop` below the top's, on one side of theta[0].

    Newton's method on r(x) = sqrt(2 (top - profile(x))), nearly linear in x; the slope of the profile
    is that of the function in theta[0]. `spread` is a first guess of dx / dr. The end is -inf
    or inf where the profile does not fall so low before the limit. Second, a climb above the top.
    """
    goal = math.sqrt(2 * drop)
    above = top.value + 1e-7 * (1 + abs(top.value))
    limit = limits[sign > 0]
    others = range(1, top.theta.size)
    start = float(top.theta[0])
    here, inside, outside = top, start, None
    x = start + sign * min(goal * spread, 3.0)
    for _ in range(100):
        x = sign * min(sign * x, sign * limit)
        here = climb(function, _moved(function, here, x), others, 1e-8)
        if here.value > above:
            return x, here
        deficit = top.value - here.value
        root = math.sqrt(2 * max(deficit, 0.0))
        if abs(root - goal) < 1e-7 * goal:
            return x, None
        if root < goal:
            if x == limit:
                return sign * math.inf, None
            inside = x
        else:
            outside = x
        slope = -sign * float(here.slope[0]) / root if root > 0 else 0.0  # of r, outwards
        reach = 2 * abs(inside - start) + 0.5  # beyond this r is not trusted to be linear
        step = (goal - root) / slope if slope > 0 else reach
        if outside is None:
            x = inside + sign * min(step, reach)
            continue
        x = x + sign * step
        if not sign * inside < sign * x < sign * outside:
            x = 0.5 * (inside + outside)
        if abs(outside - inside) < 1e-9 * (1 + abs(inside)):
            return x, None
    return x, None


def _moved(function: Function, here: Climb, x: float) -> FloatArray:
    """Carry theta to theta[0] = x along the ridge of the others, to first order."""
    theta = here.theta.copy()
    shift = x - float(theta[0])
    theta[0] = x
    inner = np.flatnonzero((theta[1:] > function.low[1:]) & (theta[1:] < function.high[1:])) + 1
    if inner.size and shift:
        curve = function.curvature(here.theta)
        ridge = curve[np.ix_(inner, inner)]
        if np.linalg.eigvalsh(ridge).max() < 0:
            theta[inner] -= np.linalg.solve(ridge, curve[inner, 0]) * shift
    return theta
