"""Model size as training progress: exponents of the Pythia models, and the bias V that the LID law sees.

    python examples/pythia_progress.py --data monkeys_pythia.csv --out pythia.png    (a few minutes)

The data are counts of attempts and successes of seven Pythia models (70M to 12B parameters, all trained on
the same text) on 128 problems each of GSM8K and MATH, derived from the data of arXiv 2407.21787 and
2502.17578. Columns: model, benchmark, problem, n (attempts), c (correct); docs/proxies.md says what is known
of their making.

For each model and benchmark two difficulties are fitted by maximum likelihood: a Beta, whose exponent is that
of S(k) = 1 - pass@k, and the LID law, whose exponent beta is that of the tail without bias and whose V is the
variance of the bias in units of sigma^2. If larger models were only better trained students of one set of
problems, V would fall with size and beta would stay. Exponents have profile-likelihood intervals, V has
percentiles over resampled problems (the same for all models), and p(V = 0) is the likelihood-ratio test of no
bias.
"""

import argparse
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from scipy.stats import kendalltau

from lidfast import difficulty
from lidfast.io import check_output
from lidfast.plot import ENDINGS, Exponent

SHA256 = "1b25dfad4651f2ec96855268055c772f19c6836d71b57ca60328c5bb04f02acf"
LEVEL = 0.95


@dataclass(frozen=True)
class Model:
    """Counts of one model on one benchmark, and what is fitted to them."""

    name: str
    problems: list[str]
    n: np.ndarray
    c: np.ndarray

    @property
    def size(self):
        """Parameters that the name tells of."""
        return Exponent(self.name, 0, 0, 0, 0).size

    def fit(self, family, **options):
        """Fit a family."""
        return difficulty.fit(self.n, self.c, family, level=LEVEL, **options)


def read(text):
    """Models of each benchmark, the smallest first."""
    rows = {}
    for row in csv.DictReader(text.splitlines()):
        at = rows.setdefault(row["benchmark"], {}).setdefault(row["model"], {})
        at[row["problem"]] = int(row["n"]), int(row["c"])
    benchmarks = {}
    for benchmark, models in rows.items():
        found = []
        for name, counts in models.items():
            problems = sorted(counts)
            found.append(Model(name, problems, *np.array([counts[p] for p in problems]).T))
        if any(model.problems != found[0].problems for model in found):
            raise ValueError(
                f"{benchmark}: the models have different problems, which cannot be resampled together"
            )
        benchmarks[benchmark] = sorted(found, key=lambda model: model.size)
    return benchmarks


def resampled(models, n_boot, seed, what):
    """V of the models with a success for each set of resampled problems, (n_boot, models)."""
    draws = np.random.default_rng(seed)
    problems = len(models[0].problems)
    weights = draws.multinomial(problems, np.full(problems, 1 / problems), size=n_boot)
    errors = Console(stderr=True)
    shown = track(weights, what, console=errors, transient=True, disable=not errors.is_terminal)
    return np.array(
        [[model.fit("lid", interval="wald", weights=w).params["V"] for model in models] for w in shown]
    )


def order(models, v):
    """Kendall's rank correlation of V with size."""
    return float(kendalltau([model.size for model in models], v).statistic)


def report(benchmark, models, beta, lid, drawn):
    """Print a benchmark's table, and return the intervals of V."""
    ends = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0).T
    print(
        f"\n{benchmark}: {len(models[0].problems)} problems, intervals at {LEVEL:.0%}; "
        "AIC: that of LID less that of the Beta\n"
    )
    print(
        f"{'model':<13}{'solved':>6}  {'Beta exponent':<24}{'LID beta':<24}{'LID V / sigma^2':<26}"
        f"{'p(V = 0)':<10}AIC"
    )
    for model, one, two, (low, high) in zip(models, beta, lid, ends, strict=True):
        cells = [f"{f.exponent:.3f} [{f.exponent_ci[0]:.3f}, {f.exponent_ci[1]:.3f}]" for f in (one, two)]
        cells.append(f"{two.params['V']:.3g} [{low:.3g}, {high:.3g}]")
        print(
            f"{model.name:<13}{(model.c > 0).sum():>6}  {cells[0]:<24}{cells[1]:<24}{cells[2]:<26}"
            f"{two.plain_p_value:<10.2g}{two.aic - one.aic:+.1f}"
        )
    if len(models) > 2:
        at = order(models, [f.params["V"] for f in lid])
        several = [order(models, v) for v in drawn]
        low, high = np.nanquantile(several, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
        print(f"Kendall's tau of V with size: {at:+.2f} [{low:+.2f}, {high:+.2f}]")
    return ends


def draw(results):
    """Draw exponents and V against size, a column for each benchmark."""
    figure = Figure(figsize=(1.2 + 5.2 * len(results), 8.2), layout="constrained", dpi=150)
    grid = figure.subplots(2, len(results), squeeze=False, sharey="row", sharex=True)
    top = 1.3
    ticks = {model.size: model.name.split()[-1] for models, *_ in results.values() for model in models}
    for (exponent, bias), (benchmark, (models, beta, lid, ends)) in zip(grid.T, results.items(), strict=True):
        sizes = np.array([model.size for model in models])
        for fits, shift, color, marker, label in (
            (beta, 0.95, "C0", "o", "Beta exponent"),
            (lid, 1.05, "C1", "s", "LID beta (the tail without bias)"),
        ):
            at = np.array([min(f.exponent, 2 * top) for f in fits])
            low, high = np.array([f.exponent_ci for f in fits]).T
            bars = [at - np.minimum(low, at), np.maximum(np.minimum(high, 2 * top) - at, 0)]
            exponent.errorbar(
                sizes * shift, at, bars, fmt=marker, ms=5, color=color, capsize=3, lw=1.2, label=label
            )
            for x, f in zip(sizes * shift, fits, strict=True):
                if f.exponent > top:  # the point is above the axes: its value beside the bar
                    exponent.annotate(
                        f"{f.exponent:.1f} ",
                        (x, top),
                        (0, -12),
                        textcoords="offset points",
                        ha="right",
                        fontsize=8,
                    )
        v = np.array([f.params["V"] for f in lid])
        bars = [np.maximum(v - ends[:, 0], 0), np.maximum(ends[:, 1] - v, 0)]
        bias.errorbar(sizes, v, bars, fmt="D", ms=5, color="C2", capsize=3, lw=1.2, label="LID V")
        for x, y, f in zip(sizes, ends[:, 1], lid, strict=True):
            bias.annotate(
                f"{f.plain_p_value:.1g}", (x, y), (0, 4), textcoords="offset points", ha="center", fontsize=8
            )
        exponent.set(title=benchmark, ylim=(0, top))
        bias.set_yscale("symlog", linthresh=0.01)
        bias.set(ylim=(-0.002, 1e5), xscale="log", xlabel="parameters of the model")
        bias.set_xticks(list(ticks), list(ticks.values()), rotation=45)
        bias.set_xticks([], minor=True)
        for axes in (exponent, bias):
            axes.grid(alpha=0.3)
    grid[0, 0].set_ylabel("exponent of S(k) = 1 - pass@k")
    grid[0, -1].legend(
        fontsize="small", loc="upper right", title=f"{LEVEL:.0%} intervals", title_fontsize="small"
    )
    grid[1, 0].set_ylabel(r"variance of the bias V / $\sigma^2$ (linear below 0.01)")
    grid[1, 0].legend(fontsize="small", loc="upper right", title="numbers: p(V = 0)", title_fontsize="small")
    return figure


def main(arguments=None):
    """Fit, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a .csv file of counts")
    parser.add_argument("--out", type=Path, default=Path("pythia.png"), help="figure: .png, .pdf or .svg")
    parser.add_argument("--n-boot", type=int, default=100, help="resamples for the intervals of V")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        check_output("--out", asked.out, ENDINGS)
    except ValueError as error:
        parser.error(str(error))

    content = asked.data.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        print(f"Note: {asked.data} is not the file whose figures docs/proxies.md reports.")
    results = {}
    for benchmark, all_models in read(content.decode()).items():
        models = [model for model in all_models if model.c.any()]
        if not models:
            print(f"\n{benchmark}: no model solved anything.")
            continue
        beta, lid = ([model.fit(family) for model in models] for family in ("beta", "lid"))
        drawn = resampled(models, asked.n_boot, asked.seed, benchmark)
        ends = report(benchmark, models, beta, lid, drawn)
        for model in all_models:
            if not model.c.any():
                print(f"{model.name} solved nothing: left out.")
        results[benchmark] = models, beta, lid, ends
    if not results:
        parser.error(f"{asked.data}: no model solved anything")
    draw(results).savefig(asked.out)
    print(f"\n{asked.n_boot} resamples, seed {asked.seed}; figure: {asked.out}")
    return results


if __name__ == "__main__":
    main()
