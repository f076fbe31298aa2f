"""Figures: what is drawn are the numbers given, and every shape of input draws without a warning."""

import dataclasses
import io
import math

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra plot")

from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer

from lidfast import difficulty, frontiers, pass_at_k_curve
from lidfast.allocation import Frontier
from lidfast.plot import (
    Exponent,
    allocation_figure,
    artificial_tail_figure,
    exponents_figure,
    frontiers_figure,
    passk_figure,
)

KS = [1, 2, 5, 10]


def estimates(seed=0, problems=40, n=10, fitted=True):
    c = np.random.default_rng(seed).binomial(n, np.random.default_rng(seed).beta(0.5, 2, problems))
    curve = pass_at_k_curve(n, c, KS, n_boot=100, rng=0)
    return curve, difficulty.fit(n, c).difficulty if fitted else None


def saved(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def test_points_bars_and_lines_are_the_numbers():
    curve, law = estimates()
    figure = passk_figure({"one": (curve, law)})
    passing, failing = figure.axes
    np.testing.assert_array_equal(passing.lines[0].get_xydata(), np.column_stack([KS, curve.estimate]))
    band = passing.collections[0].get_paths()[0].vertices
    assert {(k, x) for k, x in band} >= {
        *zip(KS, curve.lower, strict=True),
        *zip(KS, curve.upper, strict=True),
    }
    (bars,) = (c for c in failing.containers if isinstance(c, ErrorbarContainer))
    np.testing.assert_array_equal(bars[0].get_xydata(), np.column_stack([KS, curve.failure]))
    ends = np.array([segment[:, 1] for segment in bars[2][0].get_segments()])
    np.testing.assert_allclose(ends, np.column_stack([1 - curve.upper, 1 - curve.lower]), rtol=1e-12)
    (line,) = (line for line in failing.lines if len(line.get_xdata()) > len(KS))
    k, failure = line.get_data()
    assert (k[0], k[-1]) == (1, pytest.approx(10))
    np.testing.assert_allclose(failure, law.failure_rate(k))
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "log"]
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log"]
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)
    assert saved(figure).startswith(b"\x89PNG")


def test_groups_differ_and_are_named():
    for groups in (8, 30):
        figure = passk_figure({f"group {i}": estimates(i, fitted=False) for i in range(groups)})
        lines = figure.axes[0].lines
        assert len({(to_hex(line.get_color()), line.get_marker()) for line in lines}) == groups
        (legend,) = figure.legends or [figure.axes[0].get_legend()]
        assert [text.get_text() for text in legend.get_texts()] == [f"group {i}" for i in range(groups)]
        assert bool(figure.legends) == (groups > 8)
        saved(figure)


@pytest.mark.parametrize("c", [[0, 0], [10, 10], [4]], ids=["none", "all", "one problem"])
def test_edges(c):
    law = difficulty.fit(10, c).difficulty
    for resamples in (0, 50):
        figure = passk_figure({"edge": (pass_at_k_curve(10, c, KS, n_boot=resamples, rng=0), law)})
        saved(figure)
        low, high = figure.axes[1].get_ylim()
        assert 0 < low < 1 < high


def test_a_bar_that_reaches_zero_does_not_stretch_the_axis():
    curve = pass_at_k_curve(10, [0, *[9] * 6], [1, 2, 5], n_boot=300, rng=0)
    assert curve.upper[-1] > 0.99
    low, _ = passk_figure({"one": (curve, None)}).axes[1].get_ylim()
    assert low > 0.5 * curve.failure.min()


def test_exponents_against_sizes():
    points = [
        Exponent("m 70M", 0.3, 0.2, 0.5, 41),
        Exponent("m-1.4b-chat", math.inf, 0.4, math.inf, 3),
        Exponent("m 12B", 0.0, 0.0, math.inf, 0),
    ]
    assert [point.size for point in points] == [70e6, 1.4e9, 12e9]
    assert Exponent("gpt 4o mini", 1, 1, 1, 1).size is None
    figure = exponents_figure({"a": points, "b": points[:1]}, 0.9)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["70M", "1.4B", "12B"]
    faces = [line.get_markerfacecolor() for line in axes.get_lines() if line.get_marker() == "o"][:3]
    assert faces == ["C0", "none", "none"]
    assert axes.get_ylim()[1] < 10
    figure.canvas.draw()
    named = exponents_figure({"": [Exponent("one", 0.1, 0, 0.2, 50), Exponent("two", 0.3, 0.1, 0.9, 50)]})
    assert [label.get_text() for label in named.axes[0].get_xticklabels()] == ["one", "two"]
    exponents_figure({"": [Exponent("all fail", 0.0, 0.0, math.inf, 0)]}).canvas.draw()


def test_splits_and_their_saturation_point_are_the_numbers():
    budget = np.array([1e3, 10.0, 100.0])  # in any order
    found = Frontier(
        N=budget / 2,
        k=budget / 3,
        loss=1 / budget,
        train_share=np.array([0.3, 0.9, 0.5]),
        cost=budget,
        generalization_error=1 / budget,
        failure_rate=1 / budget,
        budget=budget,
        beta_eff=np.array([2.0, 0.5, 1.99]),
        beta_eff_limit=np.full(3, 2.0),
    )
    figure = allocation_figure(found)
    share, sizes, exponent = figure.axes
    np.testing.assert_allclose(share.lines[0].get_xydata(), [[10, 90], [100, 50], [1e3, 30]])
    np.testing.assert_allclose(sizes.lines[1].get_ydata(), np.sort(budget) / 3)
    np.testing.assert_allclose(exponent.lines[1].get_ydata(), [0.5, 1.99, 2])
    for axes in figure.axes:
        assert 100 in [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
        assert axes.get_xlabel() == "budget C"
        assert axes.get_ylabel()
    assert "C = 100, N = 50" in share.get_legend_handles_labels()[1][0]
    never = allocation_figure(dataclasses.replace(found, beta_eff=np.ones(3)))
    assert not any(line.get_linestyle() == ":" for line in never.axes[0].lines)


def test_tails_are_the_numbers_of_the_laws():
    k, law = np.geomspace(1, 1e6, 13), difficulty.LID(0.1, 2.5, 1.0, 0.1)
    clean = difficulty.LID(0, 2.5, 1.0, 0.1)
    figure = artificial_tail_figure({"biased": law, "clean": clean, "third": law}, k, tau=2.0)
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.lines[0].get_ydata(), law.exponent(k))
    np.testing.assert_array_equal(first.lines[1].get_ydata(), law.asymptotic_exponent(k))
    np.testing.assert_array_equal(first.lines[2].get_ydata(), law.asymptotic_exponent(k, tau=2.0))
    assert first.lines[3].get_xdata()[0] == law.crossover_k()
    assert len(second.lines) == 3  # no crossover
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "attempts k", "attempts k"]
    assert "exponent" in first.get_ylabel()
    assert saved(figure)


def test_phases_are_those_of_the_frontier():
    frontier = frontiers.Frontier(1.5, 2 / 3, 1.5)
    ends = {"N": (1e2, 1e6), "D": (1e2, 1e8), "t": (1e2, 1e10)}
    figure = frontiers_figure(frontier, **ends)
    for axes, (across, up) in zip(figure.axes, (("N", "D"), ("N", "t"), ("D", "t")), strict=True):
        assert axes.get_xlim() == ends[across]
        assert axes.get_ylim() == ends[up]
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert axes.get_xlabel().endswith(across)
        assert axes.get_ylabel().endswith(up)
        held = {"N": 1e4} if across == "D" else {}
        shown = {text.get_text() for text in axes.texts} & {"capacity", "data", "optimization"}
        assert len(shown) == (3 if held else 2)
        mesh = axes.collections[0]
        x, y = mesh.get_coordinates()[10, 20]
        active = frontier.bottleneck(**{across: x, up: y}, **held)
        order = sorted(shown)
        assert order[int(mesh.get_array()[10, 20])] == active
    best = figure.axes[0].lines[-1].get_xydata()
    split = frontier.compute_optimal(6 * best.prod(axis=1))
    np.testing.assert_allclose(best[:, 0], split.N, rtol=1e-3)
    np.testing.assert_allclose(best[:, 1], split.D, rtol=1e-3)
