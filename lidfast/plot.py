"""Figures. They are made with matplotlib's objects, so no window and no global state is involved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ._check import FloatArray
from .lid import agreement
from .passk import Comparison, Curve

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


def compare_figure(
    comparisons: Mapping[str, Comparison], first: str, second: str, level: float = 0.95
) -> Figure:
    """Draw the difference of two models' pass@k against k, a panel for each group.

    Parameters
    ----------
    comparisons : mapping of str to Comparison
        For each group what `lidfast.compare` found.
    first, second : str
        Names of the models: the difference is that of the first less the second.
    level : float
        Coverage of the intervals, for the legend.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.plot import compare_figure
    >>> found = lidfast.compare(9, [0, 3, 6, 9], 9, [0, 1, 2, 9], [1, 3], n_boot=50, rng=0)
    >>> len(compare_figure({"all problems": found}, "A", "B").axes)
    1
    """
    across = min(len(comparisons), 3)
    down = math.ceil(len(comparisons) / across)
    figure = Figure(figsize=(1.5 + 4.5 * across, 0.6 + 3.6 * down), layout="constrained", dpi=150)
    panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes, (label, found) in zip(panels, comparisons.items(), strict=False):
        axes.axhline(0, color="k", lw=0.8)
        axes.fill_between(
            found.k, found.lower, found.upper, color="C0", alpha=0.2, lw=0, label=f"{100 * level:g}% interval"
        )
        axes.plot(found.k, found.difference, "o-", color="C0", ms=4, lw=1.2, label="difference")
        axes.set(xscale="log", xlabel="attempts k", title=label)
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))
        axes.grid(alpha=0.3)
    for axes in panels[len(comparisons) :]:
        axes.set_visible(False)
    panels[0].legend(fontsize="small")
    for axes in panels[::across]:
        axes.set_ylabel(f"pass@k: {first} less {second}")
    return figure


def _plain(value: float, _position: int) -> str:
    return f"{value:g}"


def _two_and_five(value: float, _position: int) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def _nothing(_value: float, _position: int) -> str:
    return ""


def simulate_figure(numbers: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw L_gen against N, S(k; N) against k and beta_eff against N, simulation beside theory.

    Parameters
    ----------
    numbers : mapping
        What `LIDResult.numbers` gives, and `lidfast simulate --out` stores.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.plot import simulate_figure
    >>> model = lidfast.LIDModel(10, 3.0, ridge=1e-3)
    >>> result = model.simulate([32, 64], [1, 10], runs=4, instances=2000, rng=0)
    >>> len(simulate_figure(result.numbers(10)).axes)
    3
    """
    figure = Figure(figsize=(15, 5.2), layout="constrained")
    risk, failure, exponent = figure.subplots(1, 3)
    N, k, beta = numbers["N"], numbers["k"], float(numbers["beta"])
    at = int(np.flatnonzero(k == numbers["k_ref"])[0])

    risk.plot(
        numbers["N_line"], numbers["generalization_error_line"], color="C0", label="deterministic equivalent"
    )
    risk.errorbar(
        N,
        numbers["generalization_error"],
        numbers["generalization_error_stderr"],
        fmt="o",
        color="C0",
        capsize=3,
        label="simulation: mean ± s.e.",
    )
    risk.plot(N, np.median(numbers["risk"], axis=1), "D", mfc="none", color="C7", label="simulation: median")
    risk.set(
        xscale="log",
        yscale="log",
        xlabel="training labels N",
        ylabel=r"excess risk $L_\mathrm{gen}(N)$",
        title="Training lowers the excess risk",
    )

    shades = colormaps["viridis"](np.linspace(0, 0.92, N.size))
    for i, size in enumerate(N):
        resolved = numbers["resolved"][i]
        failure.plot(k, numbers["failure_rate_exact"][i], color=shades[i], lw=1.2)
        for mask, face in ((resolved, shades[i]), (~resolved, "none")):
            failure.errorbar(
                k[mask],
                numbers["failure_rate"][i][mask],
                numbers["failure_rate_stderr"][i][mask],
                fmt="o",
                ms=3.5,
                color=shades[i],
                mfc=face,
                capsize=2,
            )
        failure.plot([], [], "o-", color=shades[i], ms=3.5, label=f"N = {size}")
    failure.set(
        xscale="log",
        yscale="log",
        xlabel="attempts k",
        ylabel=r"failure rate $S(k; N) = 1 -$ pass@k",
        title="The hard tail shrinks: lines exact, points simulated",
    )
    failure.legend(fontsize=8, loc="lower left")

    exponent.axhline(beta, color="k", lw=1, ls=":", label=rf"tail exponent $\beta$ = {beta:g}")
    limit = float(numbers["beta_eff_limit"])
    exponent.axhline(
        limit, color="C7", lw=1, ls="-.", label=f"limit at this k as the risk falls: {limit:.2f}"
    )
    exponent.plot(
        numbers["N_line"],
        numbers["beta_eff_line"],
        color="C1",
        ls="--",
        lw=1.2,
        label=r"exact, at mean $L_\mathrm{gen}(N)$",
    )
    exponent.plot(N, numbers["beta_eff_exact"][:, at], color="C0", label="exact, over the runs' risks")
    exponent.errorbar(
        N,
        numbers["beta_eff"][:, at],
        numbers["beta_eff_stderr"][:, at],
        fmt="o",
        color="C0",
        capsize=3,
        label="simulation ± s.e.",
    )
    exponent.set(
        xscale="log",
        ylim=(0, 1.12 * beta),
        xlabel="training labels N",
        ylabel=rf"$\beta_\mathrm{{eff}} = -d\,\ln S/d\,\ln k$ at k = {k[at]:g}",
        title="The exponent rises and saturates",
    )
    for axes in (risk, exponent):
        axes.legend(fontsize=8)
    for axes in (risk, failure, exponent):
        axes.grid(alpha=0.25)
    figure.supxlabel(agreement(numbers), fontsize=9)
    return figure
