"""Attempts at remembering: autoencoders of several widths decode noisy codes of digits.

    python examples/memorization.py --out memorization.png

trains scikit-learn autoencoders on its bundled images of digits, decodes each image's code with noise, and
calls an attempt a success where the reconstruction is near enough. It draws the failure rate 1 - pass@k
beside the Beta form of arXiv 2410.16377, for attempts with fresh noise and with noise that remembers, and
the best width for a budget of floating-point operations. It needs scikit-learn and lidfast[plot].
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPRegressor

import lidfast
from lidfast.memorization import BestModels, MemorizationFit, Model, best_models, fit_counts, fit_curve

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # told apart by all eyes


@dataclass
class Width:
    """What was seen of one autoencoder."""

    width: int
    parameters: int  # of the decoder, which is what an attempt runs
    successes: np.ndarray  # (images, attempts)
    fit: MemorizationFit
    free: MemorizationFit  # with q
    likelihood: Any  # the beta-binomial fit


def attempts(
    coder: MLPRegressor, images: np.ndarray, n: int, noise: float, near: float, memory: float, seed: int
) -> np.ndarray:
    """Decode each image's code n times with noise, which keeps a share `memory` from one to the next."""
    rng = np.random.default_rng(seed)
    (encoder, decoder), (hidden, visible) = coder.coefs_, coder.intercepts_
    codes = np.tanh(images @ encoder + hidden)
    out = np.empty((len(images), n), dtype=bool)
    shift = rng.standard_normal(codes.shape)
    for i in range(n):
        decoded = np.clip((codes + noise * shift) @ decoder + visible, 0, 1)
        out[:, i] = ((decoded - images) ** 2).mean(axis=1) < near
        shift = memory * shift + np.sqrt(1 - memory**2) * rng.standard_normal(codes.shape)
    return out


def in_order(successes: np.ndarray, q: float | None) -> tuple[np.ndarray, np.ndarray, MemorizationFit, float]:
    """Failure rate of the first k attempts as they were made, its fit, and chi squared."""
    k = np.unique(np.geomspace(1, successes.shape[1], 25).round().astype(int))
    failed = ~np.logical_or.accumulate(successes, axis=1)[:, k - 1]
    k, failed = k[failed.any(axis=0)], failed[:, failed.any(axis=0)]
    covariance = np.cov(failed, rowvar=False) / len(failed)
    rates = failed.mean(axis=0)
    found = fit_curve(k, rates, q=q, covariance=covariance)
    apart = rates - found.curve.failure_rate(k)
    return k, rates, found, float(apart @ np.linalg.pinv(covariance, hermitian=True) @ apart)


def _middle(widths: list[Any]) -> Any:
    """Choose the width whose attempts are made with noise that remembers."""
    return widths[(len(widths) + 1) // 2]


def draw(widths: list[Width], remembering: np.ndarray, best: BestModels) -> Figure:
    """Draw S(k) of each width, and pass@k against cost."""
    figure = Figure(figsize=(11, 4.6), layout="constrained", dpi=150)
    curves, costs = figure.subplots(1, 2)
    n = widths[0].successes.shape[1]
    k = np.unique(np.geomspace(1, n, 25).round().astype(int))
    line = np.geomspace(1, 10 * n, 200)
    for seen, color in zip(widths, COLORS, strict=False):
        found = lidfast.pass_at_k_curve(n, seen.successes.sum(axis=1), k, n_boot=1000, rng=0)
        curves.fill_between(k, 1 - found.upper, 1 - found.lower, color=color, alpha=0.25, lw=0)
        curves.plot(
            k,
            found.failure,
            "o",
            ms=3.5,
            color=color,
            label=f"width {seen.width}: a = {seen.fit.curve.a:.2g}",
        )
        rates = seen.fit.curve.failure_rate(line)
        curves.plot(line, rates, color=color, lw=1.2)
        bought = best.budgets / (2 * seen.parameters)
        costs.plot(
            best.budgets[bought >= 1],
            seen.fit.curve.pass_at_k(bought[bought >= 1]),
            color=color,
            label=f"width {seen.width}",
        )
    k, rates, free, _ = in_order(remembering, None)
    curves.plot(
        k, rates, "^", ms=4, color="k", mfc="w", label=f"width {_middle(widths).width}, noise remembers"
    )
    curves.plot(line, free.curve.failure_rate(line), color="k", lw=1.2, ls="--")
    curves.set(
        xscale="log",
        yscale="log",
        xlabel="attempts k",
        ylabel="failure rate $S(k) = 1 -$ pass@k",
        title=f"points: decoded (bands: 95%); lines: fitted Beta form\n(dashed: with q = {free.curve.q:.2f})",
        ylim=(3e-2, 1.2),
    )
    costs.plot(best.budgets, best.pass_at_k, color="k", lw=4, alpha=0.25, label="best")
    for budget, _, now in best.changes:
        costs.axvline(budget, color="0.5", lw=0.8, ls=":")
        costs.annotate(f"{now} ", (budget, 0.97), rotation=90, ha="right", va="top", fontsize=8)
    costs.set(
        xscale="log",
        xlabel="floating-point operations an image",
        ylabel="pass@k",
        ylim=(0, 1),
        title="which width for a budget: the fitted forms",
    )
    for axes in (curves, costs):
        axes.grid(alpha=0.25)
        axes.legend(fontsize="small")
    return figure


def main(arguments: list[str] | None = None) -> tuple[list[Width], BestModels]:
    """Train, decode, fit, print a table, and draw the figure where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 8, 16, 32])
    parser.add_argument("--images", type=int, default=1797)
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--noise", type=float, default=0.3, help="standard deviation in the code")
    parser.add_argument("--near", type=float, default=0.02, help="mean squared error of a success")
    parser.add_argument("--memory", type=float, default=0.95, help="of the noise that remembers, per attempt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="file of the figure: png, pdf or svg")
    given = parser.parse_args(arguments)

    images = load_digits().data[: given.images] / 16
    widths, coders = [], []
    print("width parameters pass@1     a, b (curve)        q a with q free   a, b (likelihood)")
    for width in given.widths:
        coder = MLPRegressor(
            hidden_layer_sizes=(width,), activation="tanh", learning_rate_init=3e-3, max_iter=150,
            random_state=given.seed, tol=0,
        ).fit(images, images)  # fmt: skip
        coders.append(coder)
        successes = attempts(coder, images, given.attempts, given.noise, given.near, 0.0, given.seed)
        c = successes.sum(axis=1)
        parameters = coder.coefs_[1].size + coder.intercepts_[1].size
        fit, free = (fit_counts(given.attempts, c, q=q) for q in (1.0, None))
        likelihood = lidfast.difficulty.fit(given.attempts, c)
        widths.append(Width(width, parameters, successes, fit, free, likelihood))
        low, high = fit.interval["a"]
        print(
            f"{width:5d} {parameters:10d} {successes.mean():.4f} {fit.curve.a:.3f} [{low:.3f}, {high:.3f}], "
            f"{fit.curve.b:.1f}   {free.curve.q:.3f} x {free.curve.a:.3f}     "
            f"{likelihood.params['a']:.3f}, {likelihood.params['b']:.1f}"
        )
    remembering = attempts(
        _middle(coders), images, given.attempts, given.noise, given.near, given.memory, given.seed + 1
    )
    for q in (1.0, None):
        k, _, found, misfit = in_order(remembering, q)
        name = "q = 1" if q else "q free"
        print(
            f"noise that remembers, {name}: a {found.curve.a:.3f}, q {found.curve.q:.3f}, q a "
            f"{found.exponent:.3f}, chi squared {misfit:.0f} for {len(k)} points. {found.message}"
        )
    models = [Model(f"width {each.width}", each.parameters, 1, each.fit.curve) for each in widths]
    cheapest = 2.0 * min(model.parameters for model in models)
    best = best_models(models, np.geomspace(cheapest, 1e5 * cheapest, 200))
    for budget, was, now in best.changes:
        print(f"from {budget:.3g} floating-point operations an image on: {now}, no longer {was}")
    if given.out:
        draw(widths, remembering, best).savefig(given.out)
        print(f"Figure: {given.out}")
    return widths, best


if __name__ == "__main__":
    main()
