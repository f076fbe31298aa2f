"""Figures. They are made with matplotlib's objects, so no window and no global state is involved."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from . import _check, frontiers
from ._check import FloatArray
from .allocation import Frontier
from .coverage import Coverage
from .lid import agreement
from .passk import Comparison, Curve

if TYPE_CHECKING:
    import xarray

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


@dataclass(frozen=True)
class Exponent:
    """A fitted exponent with its interval, of a model; solved: problems with a success.

    Examples
    --------
    >>> from lidfast.plot import Exponent
    >>> Exponent("tiny 70M", 0.3, 0.2, 0.5, solved=41).label
    'tiny 70M'
    """

    label: str
    exponent: float
    lower: float
    upper: float
    solved: int

    @property
    def size(self) -> float | None:
        """Parameters that the label tells of, as in 70M or 1.4B.

        Examples
        --------
        >>> from lidfast.plot import Exponent
        >>> Exponent("tiny 70M", 0.3, 0.2, 0.5, solved=41).size
        70000000.0
        """
        found = re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([KMBT])(?![a-z])", self.label, re.IGNORECASE)
        if not found:
            return None
        number, unit = found[-1]
        return max(1e3, float(number) * {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}[unit.lower()])


class _Tails(_Difficulty, Protocol):
    def exponent(self, k: FloatArray) -> FloatArray: ...
    def asymptotic_exponent(self, k: FloatArray, *, tau: float | None = None) -> FloatArray: ...
    def crossover_k(self) -> float: ...


def artificial_tail_figure(laws: Mapping[str, _Tails], k: ArrayLike, *, tau: float) -> Figure:
    """Draw the exact local exponent of LID difficulties against k, with both forms of min(beta, gamma).

    Parameters
    ----------
    laws : mapping of str to lidfast.difficulty.LID
        A panel for each; where V > 0 a vertical line marks its crossover_k.
    k : array_like, shape (K,), > 0
    tau : float
        Precision of the law at a fixed one.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from lidfast.difficulty import LID
    >>> from lidfast.plot import artificial_tail_figure
    >>> figure = artificial_tail_figure({"a trained head": LID(0.1, 2.5, 1.0, 0.1)}, [1, 100, 1e4], tau=1.25)
    >>> figure.axes[0].get_title()
    'a trained head'
    """
    k = np.asarray(k, np.float64)
    across = 1 if len(laws) < 2 else 2
    down = math.ceil(len(laws) / across)
    figure = Figure(figsize=(0.6 + 4.7 * across, 1.0 + 3.1 * down), layout="constrained", dpi=150)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes, (title, law) in zip(grid.ravel(), laws.items(), strict=False):
        axes.plot(k, law.exponent(k), color="C0", lw=2.2, label="exact")
        marginal = law.asymptotic_exponent(k)
        axes.plot(
            k,
            marginal,
            color="C1",
            ls="--",
            lw=1.4,
            label=r"min($\beta$, $\sigma / \sqrt{V \ln k}$), marginal",
        )
        fixed = law.asymptotic_exponent(k, tau=tau)
        label = rf"min($\beta$, $\sigma^2 / \tau V$) at $\tau$ = {tau:g}"
        axes.plot(k, fixed, color="C2", ls=":", lw=1.8, label=label)
        crossing = law.crossover_k()
        if k.min() < crossing < k.max():
            axes.axvline(crossing, color="C7", lw=1, label="crossover_k: S(k; V) = 2 S(k; 0)")
        axes.set_title(title, fontsize="medium")
        axes.set(xscale="log")
        axes.grid(alpha=0.25)
    for axes in grid.ravel()[len(laws) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("attempts k")
    for axes in grid[:, 0]:
        axes.set_ylabel(r"local exponent $-d\,\ln S / d\,\ln k$")
        axes.set_ylim(bottom=0)
    named: dict[str, Any] = {}
    for axes in grid.ravel():
        named |= {label: line for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=2, fontsize="small")
    return figure


_ENOUGH = 30  # problems solved, below which an exponent is drawn hollow


def exponents_figure(panels: Mapping[str, Sequence[Exponent]], level: float = 0.95) -> Figure:
    """Draw exponents with their intervals against the models' sizes, a panel for each group.

    Where some label names no size, the models stand side by side in their order.

    Parameters
    ----------
    panels : mapping of str to sequence of Exponent
        Of fewer than 30 problems solved the point is hollow. Intervals end at the axes.
    level : float
        Coverage of the intervals, for the legend.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from lidfast.plot import Exponent, exponents_figure
    >>> points = [Exponent("70M", 0.3, 0.2, 0.5, 41), Exponent("1B", 0.5, 0.4, 0.7, 99)]
    >>> exponents_figure({"MATH": points}).axes[0].get_xlabel()
    'parameters of the model'
    """
    sized = all(point.size for points in panels.values() for point in points)
    order = list(dict.fromkeys(point.label for points in panels.values() for point in points))
    across = min(max(len(panels), 1), 3)
    down = math.ceil(max(len(panels), 1) / across)
    figure = Figure(figsize=(1.5 + 4.5 * across, 0.6 + 3.8 * down), layout="constrained", dpi=150)
    grid = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    points = [point for group in panels.values() for point in group]
    ends = [point.upper if math.isfinite(point.upper) else point.exponent for point in points]
    top = 1.15 * min(max((end for end in ends if math.isfinite(end)), default=1.0), 5 * _median(points))
    for axes, (title, group) in zip(grid, panels.items(), strict=False):
        for point in group:
            x = point.size if sized else order.index(point.label)
            exponent = min(point.exponent, 2 * top)  # beyond the axes where it is infinite
            bars = [[exponent - min(point.lower, exponent)], [max(min(point.upper, 2 * top) - exponent, 0)]]
            face = "none" if point.solved < _ENOUGH else "C0"
            axes.errorbar(x, exponent, bars, fmt="o", color="C0", ms=6, mfc=face, capsize=3, lw=1.2)
        axes.set(title=title, ylim=(0, top or 1))
        if sized:
            axes.set(xscale="log", xlabel="parameters of the model")
            sizes = sorted({point.size or 0 for point in group})
            axes.set_xticks(sizes, [_short(size) for size in sizes], rotation=45)
            axes.set_xticks([], minor=True)
        else:
            axes.set_xticks(range(len(order)), order, rotation=30, ha="right", fontsize=8)
        axes.grid(alpha=0.3)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[::across]:
        axes.set_ylabel("exponent of S(k) = 1 - pass@k")
    for face, text in (
        ("C0", f"fit [{100 * level:g}% interval]"),
        ("none", f"fewer than {_ENOUGH} problems solved"),
    ):
        grid[0].plot([], [], "o", color="C0", mfc=face, label=text)
    grid[0].legend(fontsize="small", loc="upper left")
    return figure


def _short(size: float) -> str:
    unit, letter = next(pair for pair in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")) if size >= pair[0])
    return f"{size / unit:g}{letter}"


def _median(points: Sequence[Exponent]) -> float:
    finite = [point.exponent for point in points if 0 < point.exponent < math.inf]
    return float(np.median(finite)) if finite else 1.0


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
    >>> [axes.get_ylabel() for axes in simulate_figure(result.numbers(10)).axes][-1]
    'training labels N'
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
    d, variance = int(numbers["d"]), float(numbers["noise_variance"])
    if N.min() <= d <= N.max():
        risk.axvline(d, color="k", lw=1, ls=":", label=f"N = d = {d}")
    large = numbers["N_line"] >= 2 * d
    if large.sum() > 1 and math.isfinite(variance):
        line = numbers["N_line"][large]
        risk.plot(line, variance * d / line, color="C3", ls="--", lw=1, label="label noise alone: v d / N")
    risk.set(
        xscale="log",
        yscale="log",
        xlabel="training labels N",
        ylabel=r"excess risk $L_\mathrm{gen}(N)$",
        title="Training lowers the excess risk",
    )

    scale = LogNorm(N.min(), max(N.max(), N.min() + 1))
    shades = colormaps["viridis"](0.92 * scale(N))
    for i in range(N.size):
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
    failure.set(
        xscale="log",
        yscale="log",
        xlabel="attempts k",
        ylabel=r"failure rate $S(k; N) = 1 -$ pass@k",
        title="The hard tail shrinks: lines exact, points simulated",
    )
    if not numbers["resolved"].all():
        failure.plot([], [], "o", color="C7", mfc="none", ms=3.5, label="relative standard error above 3%")
        failure.legend(fontsize=8, loc="lower left")
    colors = ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, 256)))
    figure.colorbar(ScalarMappable(scale, colors), ax=failure, label="training labels N", pad=0.02)

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


def allocation_figure(found: Frontier) -> Figure:
    """Draw the share of training, N and k, and the exponent against the budget.

    Parameters
    ----------
    found : lidfast.allocation.Frontier
        Its saturation point is marked.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.allocation import Frontier
    >>> from lidfast.plot import allocation_figure
    >>> two = np.array([1.0, 2.0])
    >>> found = Frontier(two, two, 1 / two, two / 4, 2 * two, 1 / two, 1 / two, 2 * two, two, two)
    >>> [axes.get_xlabel() for axes in allocation_figure(found).axes]
    ['budget C', 'budget C', 'budget C']
    """
    figure = Figure(figsize=(14, 4.6), layout="constrained", dpi=150)
    share, sizes, exponent = figure.subplots(1, 3)
    order = np.argsort(found.budget)
    budget = found.budget[order]
    style = {"marker": "o", "ms": 3.5, "lw": 1.3}

    share.plot(budget, 100 * found.train_share[order], color="C0", **style)
    share.set(ylim=(0, 103), ylabel="share of training, %", title="Where the budget goes")
    sizes.plot(budget, found.N[order], color="C0", label="training labels N", **style)
    sizes.plot(budget, found.k[order], color="C1", label="attempts k", **(style | {"marker": "s"}))
    sizes.set(yscale="log", ylabel="number bought", title="What it buys")
    exponent.plot(
        budget,
        found.beta_eff_limit[order],
        color="C7",
        ls="--",
        lw=1.3,
        label="without excess risk, at the same k",
    )
    exponent.plot(budget, found.beta_eff[order], color="C2", label="at the best N and k", **style)
    exponent.set(
        ylim=(0, 1.1 * max(found.beta_eff_limit.max(), found.beta_eff.max())),
        ylabel=r"$\beta_\mathrm{eff} = -d\,\ln S/d\,\ln k$",
        title="The exponent rises and saturates",
    )
    at = found.saturation
    for axes in (share, sizes, exponent):
        axes.set(xscale="log", xlabel="budget C")
        axes.grid(alpha=0.25)
        if at is not None:
            axes.axvline(found.budget[at], color="k", lw=1, ls=":")
    if at is not None:
        share.plot(
            found.budget[at],
            100 * found.train_share[at],
            "D",
            ms=8,
            mfc="none",
            color="k",
            label=f"training has saturated: C = {found.budget[at]:.3g}, N = {found.N[at]:.3g}",
        )
    for axes in (share, sizes, exponent) if at is not None else (sizes, exponent):
        axes.legend(fontsize=8)
    return figure


def coverage_figure(
    groups: Mapping[str, tuple[int, Mapping[str, Coverage], Mapping[str, Coverage]]], unit: str = "attempts"
) -> Figure:
    """Draw coverage against cost, a panel a group and a color a policy.

    Parameters
    ----------
    groups : mapping of str to (int, mapping of str to Coverage, mapping of str to Coverage)
        For each group its number of problems, the coverage of each policy, drawn as lines with bands of two
        standard errors, and that on problems of a fitted law, drawn as broken lines.
    unit : str
        Of the cost.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from lidfast.coverage import replay
    >>> from lidfast.plot import coverage_figure
    >>> found = replay(([10, 10], [1, 9]), [1, 5, 20], rng=1)
    >>> figure = coverage_figure({"all problems": (2, {"Reset-and-Discard": found}, {})})
    >>> figure.axes[0].get_ylabel()
    'problems solved, %'
    """
    across = min(4, math.ceil(math.sqrt(len(groups))))
    down = math.ceil(len(groups) / across)
    figure = Figure(figsize=(max(6.4, 3.9 * across), 0.6 + 3.3 * down), layout="constrained", dpi=150)
    panels = figure.subplots(down, across, squeeze=False, sharey=True)
    for axes in panels.flat[len(groups) :]:
        axes.set_visible(False)
    names = list(dict.fromkeys(name for _, found, _ in groups.values() for name in found))
    for axes, (label, (problems, found, laws)) in zip(panels.flat, groups.items(), strict=False):
        for i, name in enumerate(names):
            color = colormaps["tab10"](i % 10)
            for curves, style in ((found, "-"), (laws, "--")):
                if name not in curves:
                    continue
                curve = curves[name]
                share, error = 100 * curve.coverage / problems, 200 * curve.stderr / problems
                # The first policy is on top: those that leave a problem soon are almost the same.
                axes.plot(
                    curve.t,
                    share,
                    style,
                    color=color,
                    lw=1.4 if style == "-" else 1,
                    zorder=3 - i / len(names),
                )
                if style == "-":
                    axes.fill_between(curve.t, share - error, share + error, color=color, alpha=0.2, lw=0)
        axes.set(xscale="log", ylim=(0, 102), xlabel=f"cost, {unit}")
        axes.set_title(label, fontsize="medium")
        axes.grid(alpha=0.3)
    for axes in panels[:, 0]:
        axes.set_ylabel("problems solved, %")
    lines = [Line2D([], [], color=colormaps["tab10"](i % 10), label=name) for i, name in enumerate(names)]
    if any(laws for _, _, laws in groups.values()):
        lines.append(Line2D([], [], color="0.3", ls="--", label="on problems of the fitted law"))
    figure.legend(handles=lines, loc="outside lower center", ncols=min(4, len(lines)), fontsize="small")
    return figure


_BOTTLENECKS = {"capacity": "#fdd9b5", "data": "#c6dcef", "optimization": "#cfe8c9"}
_RESOURCES = {"N": "model size N", "D": "tokens D", "t": "optimization time t"}


def frontiers_figure(frontier: frontiers.Frontier, N: ArrayLike, D: ArrayLike, t: ArrayLike) -> Figure:
    """Draw which bottleneck is active, for each two resources, with contours of the exact loss.

    Parameters
    ----------
    frontier : lidfast.frontiers.Frontier
    N, D, t : array_like, shape (2,), > 0
        Ends of the axes. In the panels of N the third resource is unlimited, and a line is the
        compute-optimal path; in that of D and t the size is at the middle of N.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from lidfast.frontiers import Frontier
    >>> from lidfast.plot import frontiers_figure
    >>> figure = frontiers_figure(Frontier(1.5), [1e2, 1e6], [1e2, 1e8], [1e2, 1e8])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['tokens D', 'optimization time t', 'optimization time t']
    """
    ends = {name: np.asarray(pair, np.float64) for name, pair in (("N", N), ("D", D), ("t", t))}
    middle = float(np.sqrt(ends["N"].prod()))
    figure = Figure(figsize=(15, 5.6), layout="constrained", dpi=150)
    handles: dict[str, Any] = {}
    pairs = ("N", "D"), ("N", "t"), ("D", "t")
    for axes, (across, up) in zip(figure.subplots(1, 3), pairs, strict=True):
        title = "no other limit" if across == "N" else f"N = {_power_of_ten(middle)}"
        axes.set(xscale="log", yscale="log", xlim=ends[across], ylim=ends[up])
        axes.set(xlabel=_RESOURCES[across], ylabel=_RESOURCES[up])
        axes.set_title(f"{_RESOURCES[across]} and {_RESOURCES[up]}: {title}", fontsize="medium")
        held = {} if across == "N" else {"N": middle}

        x, y = _grid(ends[across], ends[up], 241)
        given = {across: x, up: y, **held}
        active = frontier.bottleneck(**given)
        names = [name for name in _BOTTLENECKS if (active == name).any()]
        colors = [_BOTTLENECKS[name] for name in sorted(names)]
        index = np.searchsorted(sorted(names), active)
        axes.pcolormesh(x, y, index, cmap=ListedColormap(colors), shading="nearest", rasterized=True)
        ranks = {name: np.log(frontier.rank(**{name: value + 0 * x})) for name, value in given.items()}
        for name, rank in ranks.items():
            others = np.min([other for key, other in ranks.items() if key != name], axis=0)
            axes.contour(x, y, rank - others, levels=[0], colors="0.35", linewidths=1)
        for name in names:
            where = active == name
            if where.mean() > 0.02:
                at = (np.exp(np.log(z[where]).mean()) for z in (x, y))
                box = {"facecolor": _BOTTLENECKS[name], "edgecolor": "none", "pad": 2}
                axes.text(*at, name, ha="center", va="center", fontsize="large", bbox=box)

        x, y = _grid(ends[across], ends[up], 45)
        loss = frontier.loss(**{across: x, up: y, **held})
        low, high = math.log10(loss.min()), math.log10(loss.max())
        powers = low + (high - low) * (np.arange(9) + 0.5) / 9
        contours = axes.contour(x, y, loss, levels=10**powers, colors="C3", linewidths=0.9)
        # Labels stand in a column, of the contours that are level there.
        heights, before = (
            np.interp(-powers, -np.log10(loss[:, column]), np.log(y[:, column]), np.nan, np.nan)
            for column in (-4, -9)
        )
        level = np.abs(heights - before) < 0.2  # not where either is NaN
        places = [(x[0, -4], height) for height in np.exp(heights[level])]
        axes.clabel(contours, fmt=_two_digits, fontsize=8, manual=places)
        (handles["exact loss"],) = axes.plot([], [], color="C3", lw=0.9)
        (handles["boundary of the max-bottleneck law"],) = axes.plot([], [], color="0.35", lw=1)
        if across == "N":
            budget = 6 * np.geomspace(max(1.0, x.min() * y.min()), x.max() * y.max(), 41)
            if up == "D":
                best, power = frontier.compute_optimal(budget)[:2], frontier.compute_exponent()
            else:
                best = frontier.compute_optimal(budget, "optimization")[:2]
                power = frontier.compute_exponent("optimization")
            label = rf"compute-optimal, C = 6 N {up}: N ~ $C^{{{power:.3g}}}$"
            (handles[label],) = axes.plot(*best, "k--" if up == "D" else "k:", lw=1.6)
    a, g, b = frontier.zipf, frontier.capacity, frontier.optimization
    figure.suptitle(
        f"Active bottleneck: Zipf exponent a = {a:.3g}, capacity g = {g:.3g}, optimization b = {b:.3g}"
    )
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=4, fontsize="small"
    )
    return figure


def _grid(across: FloatArray, up: FloatArray, points: int) -> Any:
    """Coordinates (points, points) at equal steps of the logarithms."""
    return np.meshgrid(np.geomspace(across[0], across[1], points), np.geomspace(up[0], up[1], points))


def _two_digits(x: float) -> str:
    return f"{x:.2g}"


def _power_of_ten(x: float) -> str:
    return f"$10^{{{math.log10(x):.3g}}}$"


_LABELS = {  # of what sweeps of a model have
    "N": "training labels N",
    "k": "attempts k",
    "d": "features d",
    "beta": r"tail exponent $\beta$",
    "spectrum_exponent": r"spectrum exponent $\alpha_s$",
    "sigma": r"scale of the noise $\sigma$",
    "delta": r"tolerance $\delta$",
    "ridge": "ridge penalty",
    "generalization_error": r"excess risk $L_\mathrm{gen}$",
    "failure_rate": "failure rate $S(k)$",
    "beta_eff": r"$\beta_\mathrm{eff} = -d\,\ln S/d\,\ln k$",
    "beta_eff_exact": r"exact $\beta_\mathrm{eff}$ of the same runs",
    "beta_eff_median": r"$\beta_\mathrm{eff} = -d\,\ln S/d\,\ln k$ of the median run",
    "beta_eff_median_exact": r"exact $\beta_\mathrm{eff}$ of the median run",
    "beta_eff_plugin": r"exact $\beta_\mathrm{eff}$ at the mean excess risk",
    "crossover_k": "crossover k",
}
_FAILED: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "0.55", "hatch": "////"}


def phase_diagram(
    found: xarray.Dataset,
    x: str,
    y: str,
    value: str,
    *,
    contours: str | None = None,
    levels: ArrayLike | None = None,
    log: tuple[bool, bool, bool] = (True, False, False),
) -> Figure:
    """Draw a variable of a sweep as a map over two of its axes, with contours of another one.

    Parameters
    ----------
    found : xarray.Dataset
        Of a sweep over a product of names (`lidfast.sweep`, `LIDModel.sweep`).
    x, y : str
        Names of the axes of the map, of numbers. Those of `value` besides them have one element.
    value : str
        Variable to draw. Points without a finite value, such as failed ones, are hatched.
    contours : str, optional
        Variable whose contours are drawn over the map, such as the exact one beside a simulated one. The map
        changes its color at the same levels: where the two agree, its bands end on the lines.
    levels : array_like, shape (n,), increasing, optional
        Of the contours, or of the colors; the default is about ten of round numbers.
    log : (bool, bool, bool)
        Whether x, y and the colors are logarithmic.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Names the argument: what is not in the dataset, or has other axes; or says that nothing is finite.

    Examples
    --------
    >>> import lidfast
    >>> from lidfast.plot import phase_diagram
    >>> model = lidfast.LIDModel(10, 3.0, sigma=0.3, delta=0.1, ridge=1e-3)
    >>> found = model.sweep({"N": [16, 64, 256], "beta": [2.5, 4.0]}, 1000, seed=0, exact=True)
    >>> figure = phase_diagram(found, "N", "beta", "beta_eff", contours="beta_eff")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['training labels N', '']
    """
    if x == y:
        raise ValueError(f"y is {y!r}, as x is: a map has two axes")
    across, up = (
        _map_axis(found, name, axis, axis_log)
        for name, axis, axis_log in (("x", x, log[0]), ("y", y, log[1]))
    )
    values = _map_values(found, x, y, "value", value)
    lines = None if contours is None else _map_values(found, x, y, "contours", contours)
    shown = values[np.isfinite(values) & (values > 0 if log[2] else True)]
    if not shown.size:
        raise ValueError(f"value: {value} is nowhere finite{' and > 0' if log[2] else ''}")

    least, most = float(shown.min()), float(shown.max())
    norm: Any
    if levels is not None or lines is not None:
        if levels is not None:
            bounds = _check.vector("levels", levels)
            if not bounds.size or (np.diff(bounds) <= 0).any():
                raise ValueError("levels must be increasing, and one at least")
        else:
            locator: Any = LogLocator(subs=(1.0,)) if log[2] else MaxNLocator(10)
            bounds = np.asarray(locator.tick_values(least, most))
            bounds = bounds[(least < bounds) & (bounds < most)]
        # A band beyond each end, unless no level is between the values.
        norm = BoundaryNorm(bounds, 256, extend="both") if bounds.size > 1 else Normalize(least, most)
    else:
        bounds = np.empty(0)
        norm = LogNorm(least, most) if log[2] else Normalize(least, most)

    figure = Figure(figsize=(8, 5.6), layout="constrained", dpi=150)
    axes = figure.subplots()
    axes.patch.set(**_FAILED)
    drawn = np.ma.masked_invalid(np.where(values > 0, values, np.nan) if log[2] else values)
    mesh = axes.pcolormesh(
        _edges(across, log[0]), _edges(up, log[1]), drawn, norm=norm, cmap="viridis", rasterized=True
    )
    axes.set(xlabel=_LABELS.get(x, x), ylabel=_LABELS.get(y, y))
    axes.set(xscale="log" if log[0] else "linear", yscale="log" if log[1] else "linear")
    bar = figure.colorbar(mesh, ax=axes, label=_LABELS.get(value, value), pad=0.02)
    handles: list[Any] = []
    if np.ma.is_masked(drawn):
        handles.append(Patch(**_FAILED, label="failed, or not finite"))
    if lines is not None:
        finite = lines[np.isfinite(lines)]
        inside = bounds[(finite.min() < bounds) & (bounds < finite.max())] if finite.size else bounds[:0]
        if inside.size:
            drawn_lines = axes.contour(
                across, up, np.ma.masked_invalid(lines), levels=inside, colors="w", linewidths=1.3
            )
            axes.clabel(drawn_lines, fmt=_two_digits, fontsize=9)
            if bounds.size > 1:
                bar.set_ticks(bounds.tolist(), labels=[_two_digits(level) for level in bounds])
        handles.append(Line2D([], [], color="w", label=f"contours: {_LABELS.get(str(contours), contours)}"))
    if handles:
        style: dict[str, Any] = {"facecolor": "0.35", "labelcolor": "w", "fontsize": "small", "ncols": 2}
        figure.legend(handles=handles, loc="outside lower center", **style)
    held = [
        f"{name} = {at.item():g}"
        for name, at in found[value].coords.items()
        if name not in (x, y) and at.size == 1 and at.dtype.kind in "iuf"
    ]
    if held:
        axes.set_title(", ".join(held), fontsize="medium")
    return figure


def _map_axis(found: xarray.Dataset, argument: str, name: str, log: bool) -> FloatArray:
    """Values of an axis; the map needs two, and no negative ones on a logarithmic axis."""
    if name not in found.dims or name not in found.coords:
        raise ValueError(f"{argument} is {name!r}: the axes are {', '.join(map(str, found.dims))}")
    values = found[name].values
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{argument}: {name} holds no numbers")
    values = np.sort(values.astype(np.float64))
    if values.size < 2:
        raise ValueError(f"{argument}: {name} has one value, a map needs two")
    if log and values[0] <= 0:
        raise ValueError(f"log: {name} is {values[0]:g} at least, which has no place on a logarithmic axis")
    return values


def _map_values(found: xarray.Dataset, x: str, y: str, argument: str, name: str) -> FloatArray:
    """Values of a variable over (y, x), ascending."""
    if name not in found.data_vars:
        raise ValueError(f"{argument} is {name!r}: the variables are {', '.join(map(str, found.data_vars))}")
    variable = found[name]
    for axis in (x, y):
        if axis not in variable.dims:
            raise ValueError(f"{argument}: {name} has no axis {axis}")
    for other, size in variable.sizes.items():
        if other not in (x, y) and size != 1:
            raise ValueError(
                f"{argument}: {name} has {size} values of {other}: choose one, as found.isel({other}=0) does"
            )
    if variable.dtype.kind != "f":
        raise ValueError(f"{argument}: {name} holds no real numbers")
    inner = variable.squeeze([axis for axis in variable.dims if axis not in (x, y)])
    return np.asarray(inner.sortby([x, y]).transpose(y, x).values, dtype=np.float64)


def _edges(centers: FloatArray, log: bool) -> FloatArray:
    """Return the ends of the cells around given points: halfway between them."""
    at = np.log(centers) if log else centers
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(edges) if log else edges
