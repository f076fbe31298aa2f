"""Scaling laws of data, capacity and time from one Zipf law: exact, by closed forms, and simulated.

    python examples/frontiers.py --phases phases.png --losses losses.png

prints tables and draws the figures of docs/frontiers.md.
"""

from __future__ import annotations

import argparse

import numpy as np
from matplotlib.figure import Figure

import lidfast
from lidfast.frontiers import Frontier, Simulation, fit_zipf
from lidfast.plot import frontiers_figure


def losses_figure(frontier: Frontier, found: Simulation) -> Figure:
    """Draw the loss of data against D with its simulation, and the optimal loss against compute."""
    figure = Figure(figsize=(10.5, 4.4), layout="constrained", dpi=150)
    data, compute = figure.subplots(1, 2)
    D = np.geomspace(1, 1e12, 121)
    data.plot(D, frontier.loss(D=D), color="C0", label="exact")
    data.plot(D, frontier.loss(D=D, exact=False), color="C1", ls="--", label="closed form")
    for N in (1e2, 1e4):
        data.plot(D, frontier.loss(N, D), color="C0", lw=1, alpha=0.6)
        data.annotate(f"N = {N:g}", (D[-1], frontier.loss(N, D[-1])), ha="right", va="bottom", fontsize=8)
    bars = 2 * found.unseen_mass_stderr
    data.errorbar(
        found.D,
        found.unseen_mass,
        bars,
        fmt="o",
        ms=4,
        color="k",
        capsize=2,
        label="simulated unseen mass ± 2 s.e.",
    )
    data.set(xlabel="tokens D", ylabel="loss", title="Data, and data with capacity")
    C = np.geomspace(1e3, 1e21, 55)
    best = frontier.compute_optimal(C), frontier.compute_optimal(C, "optimization")
    for split, name, color in zip(best, "Dt", ("C0", "C2"), strict=True):
        pair = "data" if name == "D" else "optimization"
        power = frontier.compute_exponent(pair)
        compute.plot(C, split.loss, color=color, label=rf"C = 6 N {name}: N ~ $C^{{{power:.3g}}}$")
        compute.plot(C, frontier.compute_optimal(C, pair, exact=False).loss, color=color, ls="--", lw=1)
    compute.set(xlabel="compute C", ylabel="loss at the best split", title="Dashed: the max-bottleneck law")
    for axes in (data, compute):
        axes.set(xscale="log", yscale="log")
        axes.grid(alpha=0.25)
        axes.legend(fontsize="small")
    data.set_ylim(bottom=0.5 * frontier.loss(D=1e12))
    return figure


def main(arguments: list[str] | None = None) -> Simulation:
    """Print the tables, and draw figures where files are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zipf", type=float, default=1.5, help="exponent a of p_k ~ k^-a, > 1")
    parser.add_argument("--capacity", type=float, default=2 / 3, help="exponent g: N holds N^g patterns")
    parser.add_argument("--optimization", type=float, default=1.5, help="exponent b: the rate is p_k^b")
    parser.add_argument("--largest", type=float, default=1e9, help="largest D of the simulation")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--phases", help="file of the phase diagram: png, pdf or svg")
    parser.add_argument("--losses", help="file of the losses: png, pdf or svg")
    given = parser.parse_args(arguments)

    frontier = Frontier(given.zipf, given.capacity, given.optimization)
    rng = lidfast.random.default_rng(given.seed)
    D = 10 ** np.arange(1, np.log10(given.largest) + 0.5).astype(np.int64)
    found = frontier.simulate(D, runs=given.runs, rng=rng)
    closed = frontier.loss(D=D, exact=False)
    print("         D   exact loss  closed form    simulated      z     distinct        exact      z")
    for i, tokens in enumerate(D):
        z = (found.unseen_mass - found.unseen_mass_exact)[i] / found.unseen_mass_stderr[i]
        z_distinct = (found.distinct - found.distinct_exact)[i] / found.distinct_stderr[i]
        print(
            f"{tokens:10.0e} {found.unseen_mass_exact[i]:12.5e} {closed[i]:12.5e}"
            f" {found.unseen_mass[i]:12.5e} {z:6.2f} {found.distinct[i]:12.1f}"
            f" {found.distinct_exact[i]:12.1f} {z_distinct:6.2f}"
        )

    print("\n         C    best N    best D      loss  slope of N |   best N    best t      loss  slope of N")
    C = 10.0 ** np.arange(6, 25, 3)
    columns = []
    for best in (frontier.compute_optimal(C), frontier.compute_optimal(C, "optimization")):
        slopes = np.diff(np.log(best.N), prepend=np.nan) / np.log(1e3)
        columns.append((*best, slopes))
    for i, budget in enumerate(C):
        halves = (" ".join(f"{x[i]:9.3g}" for x in half[:3]) + f"   {half[3][i]:9.4f}" for half in columns)
        print(f"{budget:10.0e} " + " | ".join(halves))
    limits = frontier.compute_exponent(), frontier.compute_exponent("optimization")
    print(f"Slopes in the limit: {limits[0]:.4f} and {limits[1]:.4f}")

    ranks = rng.zipf(given.zipf, 1_000_000)
    fit = fit_zipf(ranks)
    print(
        f"\nZipf's exponent from 10^6 tokens: {fit.exponent:.5f} ± {fit.stderr:.5f} from rank {fit.xmin} on"
    )
    counts = fit_zipf(np.unique(ranks, return_counts=True)[1])
    print(f"and from how often patterns occur: {counts.rank_exponent:.4f} (at {counts.xmin} times and more)")
    if given.phases:
        frontiers_figure(frontier, [1e2, 1e9], [1e2, 1e12], [1e2, 1e14]).savefig(given.phases)
        print(f"Figure: {given.phases}")
    if given.losses:
        losses_figure(frontier, found).savefig(given.losses)
        print(f"Figure: {given.losses}")
    return found


if __name__ == "__main__":
    main()
