"""Figures. They are made with matplotlib's objects, so no window and no global state is involved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ._check import FloatArray
from .passk import Curve

#: Endings that a figure may have.
ENDINGS = (".png", ".pdf", ".svg")

_MARKERS = "os^Dv<>phX*"
_FEW = 8  # curves whose colors can be told apart in any order, and whose legend fits into the axes


class _Difficulty(Protocol):
    def failure_rate(self, k: FloatArray) -> FloatArray: ...


def passk_figure(curves: Mapping[str, tuple[Curve, _Difficulty | None]]) -> Figure:
    """Draw pass@k, and 1 - pass@k on logarithmic axes, against k.

    Parameters
    ----------
    curves : mapping of str to (Curve, difficulty or None)
        For each group its estimates, drawn as points with bars, and a fitted difficulty, whose
        failure rate is drawn as a line.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.plot import passk_figure
    >>> curve = lidfast.pass_at_k_curve(10, [0, 1, 5, 10], [1, 2, 5])
    >>> figure = passk_figure({"all problems": (curve, None)})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['pass@k', 'S(k) = 1 - pass@k']
    """
    many = len(curves) > _FEW
    legend_columns = math.ceil(len(curves) / 25)
    figure = Figure(figsize=(10 + 2.5 * many * legend_columns, 4.6), layout="constrained", dpi=150)
    passing, failing = figure.subplots(1, 2)
    colors = (
        colormaps["turbo"](np.linspace(0.03, 0.97, len(curves))) if many else colormaps["tab10"](range(_FEW))
    )
    lowest = 1.0
    for i, (label, (curve, fitted)) in enumerate(curves.items()):
        color = colors[i]
        style = {"color": color, "marker": _MARKERS[i % len(_MARKERS)], "markersize": 4, "label": label}
        passing.plot(curve.k, curve.estimate, linewidth=1.2, **style)
        passing.fill_between(curve.k, curve.lower, curve.upper, color=color, alpha=0.15, linewidth=0)
        positive = curve.failure > 0  # zero has no place on a logarithmic axis
        if not positive.any():
            continue
        k, failure = curve.k[positive], curve.failure[positive]
        bars = [
            curve.upper[positive] - curve.estimate[positive],
            curve.estimate[positive] - curve.lower[positive],
        ]
        failing.errorbar(
            k, failure, np.maximum(bars, 0), linestyle="none", elinewidth=0.8, capsize=2, **style
        )
        lowest = min(lowest, failure.min())
        if fitted is not None:
            fine = np.geomspace(k[0], k[-1], 200)
            line = fitted.failure_rate(fine)
            failing.plot(fine, line, color=color, linewidth=1.2)
            lowest = min(lowest, line[-1])
    # A bar may reach down to zero: the axis follows the points and lines, and such a bar leaves it.
    failing.set(xscale="log", yscale="log", xlabel="attempts k", ylabel="S(k) = 1 - pass@k")
    failing.set_ylim(max(0.6 * lowest, 1e-300), 1.3)
    failing.yaxis.set_major_formatter(FuncFormatter(_plain))
    failing.yaxis.set_minor_formatter(FuncFormatter(_two_and_five if lowest > 0.02 else _nothing))
    failing.set_title("points: estimates; lines: fitted difficulty", fontsize="medium")
    passing.set(xscale="log", xlabel="attempts k", ylabel="pass@k")
    passing.set_title("lines: estimates; shaded: intervals", fontsize="medium")
    for axes in (passing, failing):
        axes.grid(which="major", alpha=0.3)
    if many:
        figure.legend(
            *passing.get_legend_handles_labels(),
            loc="outside right upper",
            ncols=legend_columns,
            fontsize="small",
        )
    else:
        passing.legend(loc="best", fontsize="small")
    return figure


def _plain(value: float, _position: int) -> str:
    return f"{value:g}"


def _two_and_five(value: float, _position: int) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def _nothing(_value: float, _position: int) -> str:
    return ""
