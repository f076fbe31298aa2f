"""Heads trained on N single human labels: the LID model's quantities on real images and real disagreement.

    python examples/human_labels.py --data cifar10h_resnet20.npz --out human_labels.png    (about two minutes)

The data are the first 846 test images of CIFAR-10 (Krizhevsky 2009) as the 64 penultimate features of a
frozen ResNet-20, and the counts of the labels that some 51 people gave to each: CIFAR-10H (Peterson,
Battleday, Griffiths and Russakovsky, ICCV 2019). Arrays: features (images, d), counts (images, classes);
docs/proxies.md says what is known of their making.

A split holds 300 images out. Each of the others gets one label, drawn from its people's labels, and ridge
heads are trained on the first N (targets one-hot less 0.1, the intercept not penalized).

S(k; N): an attempt is the label of one more person, and succeeds if it is the class that the head predicts.
Its probability s is the share of the people who chose that class, and S(k) is the mean of (1 - s)^k over
the images held out.

L_gen(N): the mean over those images of the squared distance, summed over the classes, of the head's outputs
to those of the least-squares head for the label distributions of all images. That is the best linear head
for this population of images, theta* of the LID model, so L_gen is the excess of the squared error over the
least that a linear head can have. The distance to the label distributions themselves would add that least, a
constant.
"""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter
from rich.console import Console
from rich.progress import track

import lidfast
from lidfast import difficulty
from lidfast.io import check_output
from lidfast.plot import ENDINGS

SHA256 = "8cba938fddaa95ca8d9bc371fb744557057b4a035fe2b2fefc1a181f70f5de88"
HELD_OUT = 300
SIZES = (10, 20, 40, 52, 64, 80, 100, 200, 400, 546)
PENALTIES = (10.0, 1e-3)  # the second is next to none: it shows the interpolation peak at N = d
K = 2 ** np.arange(7)
FAMILIES = ("zero_inflated_beta", "scaled_beta")
SHOWN = (10, 40, 100, 546)
GOF_DRAWS = 99
COMPARED = 20  # splits in which the second family is fitted too: it takes a quarter of a second
WINDOW = (2, 64)
# Slopes that came with the data, at penalty 10: means over 20 splits.
GIVEN = {10: 0.064, 20: 0.086, 40: 0.124, 64: 0.146, 100: 0.162, 200: 0.181, 400: 0.195, 546: 0.200}


@dataclass(frozen=True)
class Heads:
    """What the heads of one size and penalty do on the images held out, for each split."""

    risk: np.ndarray  # L_gen, (splits,)
    people: np.ndarray  # n, (splits, held out)
    agree: np.ndarray  # of them chose the predicted class

    def failure(self):
        """S(k) of each split, (splits, k)."""
        shares = self.agree / self.people
        return np.array([lidfast.failure_curve(s, K) for s in shares])

    def slopes(self):
        """Slope of -ln S on ln k of each split."""
        return np.array([lidfast.fit_power_law(K, s, window=WINDOW).exponent for s in self.failure()])


def train(features, counts, held_out, sizes, penalties, splits, seed):
    """Train a head for each split, size and penalty; a mapping of (penalty, size) to Heads."""
    draws = np.random.default_rng(seed)
    images, classes = counts.shape
    people = counts.sum(axis=1)
    order = np.array([draws.permutation(images) for _ in range(splits)])
    # one person's label for each image and split: the person's number falls into a class
    person = draws.integers(people[order])
    labels = (person[..., None] >= counts.cumsum(axis=1)[order]).sum(axis=-1)
    targets = np.eye(classes)[labels] - 0.1
    best, best_intercept = lidfast.ridge_solve(
        features, counts / people[:, None] - 0.1, alpha=0.0, fit_intercept=True
    )
    out, train_on = order[:, :held_out], order[:, held_out:]
    limit = features[out] @ best + best_intercept
    heads = {}
    for size in sizes:
        X, y = features[train_on[:, :size]], targets[:, held_out : held_out + size]
        for penalty in penalties:
            coef, intercept = lidfast.ridge_solve(X, y, penalty, fit_intercept=True)
            outputs = features[out] @ coef + intercept[:, None]
            predicted = outputs.argmax(axis=-1)
            risk = ((outputs - limit) ** 2).sum(axis=-1).mean(axis=-1)
            heads[penalty, size] = Heads(risk, people[out], counts[out, predicted])
    return heads


def fitted(heads, family, splits, what):
    """Fit the counts of the first splits."""
    pairs = list(zip(heads.people[:splits], heads.agree[:splits], strict=True))
    errors = Console(stderr=True)
    pairs = track(pairs, what, console=errors, transient=True, disable=not errors.is_terminal)
    return [difficulty.fit(n, c, family, interval="wald") for n, c in pairs]


def spread(values, digits=3):
    """Mean, and where the middle 95% of the splits lie."""
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{np.mean(values):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def report(heads, fits, sizes, penalties, seed):
    """Print the tables."""
    first = penalties[0]
    print(
        f"Penalty {first:g}: mean [middle 95% of the splits]; (z) is the difference to the slope given with\n"
        "the data in units of our sd over splits / sqrt(20); p0 and exponent are of the zero-inflated Beta\n"
    )
    print(
        f"{'N':>4}  {'L_gen':<22}{'S(1)':<22}{'slope':<22}{'sd':<7}{'given (z)':<14}"
        f"{'p0':<22}{'exponent':<19}p(p0 = 0) < 5%"
    )
    for size in sizes:
        found, laws = heads[first, size], fits[FAMILIES[0], size]
        slopes, given = found.slopes(), GIVEN.get(size)
        z = "" if given is None else f"{given:.3f} ({(slopes.mean() - given) / slopes.std() * 20**0.5:+.1f})"
        print(
            f"{size:>4}  {spread(found.risk):<22}{spread(found.failure()[:, 0]):<22}{spread(slopes):<22}"
            f"{slopes.std():<7.3f}{z:<14}{spread([law.params['p0'] for law in laws]):<22}"
            f"{spread([law.exponent for law in laws], 2):<19}"
            f"{np.mean([law.plain_p_value < 0.05 for law in laws]):>4.0%} of splits"
        )
    print(f"\nBeside it a Beta on [0, m], in the first {COMPARED} splits\n")
    print(f"{'N':>4}  {'m':<22}{'exponent':<22}AIC less the zero-inflated one's")
    for size in shown(sizes):
        inflated, scaled = (fits[family, size] for family in FAMILIES)
        less = [two.aic - one.aic for one, two in zip(inflated, scaled, strict=False)]
        print(
            f"{size:>4}  {spread([law.params['m'] for law in scaled]):<22}"
            f"{spread([law.exponent for law in scaled]):<22}{spread(less, 0)}"
        )
    gof = [fits[family, size][0].gof(GOF_DRAWS, seed) for family in FAMILIES]
    print(
        f"\nGoodness of fit at N = {size}, first split, p-values of at least {1 / (1 + GOF_DRAWS):.2f}: "
        f"zero-inflated {gof[0]:.2f}, on [0, m] {gof[1]:.2f}"
    )
    for penalty in penalties[1:]:
        print(f"\nPenalty {penalty:g}\n\n{'N':>4}  {'L_gen':<24}{'S(1)':<22}slope")
        for size in sizes:
            found = heads[penalty, size]
            cells = f"{spread(found.risk):<24}{spread(found.failure()[:, 0]):<22}{spread(found.slopes())}"
            print(f"{size:>4}  {cells}")


def shown(sizes):
    """Sizes whose curves are drawn."""
    return [size for size in SHOWN if size in sizes] or list(sizes)


def band(axes, sizes, values, color, marker, label):
    """Draw means over splits, and a band for the middle 95% of them."""
    low, high = np.quantile(values, [0.025, 0.975], axis=1)
    axes.fill_between(sizes, low, high, color=color, alpha=0.18, lw=0)
    axes.plot(sizes, values.mean(axis=1), marker=marker, ms=4.5, lw=1.3, color=color, label=label)


def draw(heads, fits, sizes, penalties, d):
    """Draw L_gen and the slope against N, and S(k)."""
    figure = Figure(figsize=(14, 4.8), layout="constrained", dpi=150)
    risk, failure, slope = figure.subplots(1, 3)
    for color, marker, penalty in zip(("C0", "C3"), "os", penalties, strict=False):
        of = [heads[penalty, size] for size in sizes]
        band(risk, sizes, np.array([h.risk for h in of]), color, marker, f"penalty {penalty:g}")
        band(slope, sizes, np.array([h.slopes() for h in of]), color, marker, f"penalty {penalty:g}")
    for axes in (risk, slope):
        axes.axvline(d, color="k", lw=0.9, ls=":", label=f"N = d = {d}")
        axes.set(xscale="log", xlabel="training labels N (one person's label for each image)")
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks([10, 20, 50, 100, 200, 500])
    risk.set(yscale="log", ylabel=r"$L_\mathrm{gen}(N)$: squared distance to the best head")
    risk.set_title("Excess risk; bands: middle 95% of the splits", fontsize="medium")
    given = [size for size in sizes if size in GIVEN]
    slope.plot(given, [GIVEN[size] for size in given], "kx", ms=7, label="given with the data, penalty 10")
    slope.set(ylim=(0, 0.37), ylabel=f"slope of -ln S on ln k, k = {WINDOW[0]} to {WINDOW[1]}")
    slope.set_title("The curve steepens with training", fontsize="medium")

    some = shown(sizes)
    fine = np.geomspace(1, K[-1], 60)
    for color, size in zip(colormaps["viridis"](np.linspace(0, 0.88, len(some))), some, strict=True):
        found = heads[penalties[0], size].failure()
        low, high = np.quantile(found, [0.025, 0.975], axis=0)
        failure.fill_between(K, low, high, color=color, alpha=0.12, lw=0)
        failure.plot(K, found.mean(axis=0), "o", ms=4.5, color=color, label=f"N = {size}")
        for family, style in zip(FAMILIES, ("-", ":"), strict=True):
            laws = [law.difficulty.failure_rate(fine) for law in fits[family, size]]
            failure.plot(fine, np.mean(laws, axis=0), color=color, lw=1.3, ls=style)
    failure.plot([], [], "k-", lw=1.3, label="zero-inflated Beta")
    failure.plot([], [], "k:", lw=1.3, label="Beta on [0, m]")
    failure.set(xscale="log", yscale="log", xlabel="attempts k (people asked)", ylabel="S(k; N)")
    failure.set_xticks(K, [f"{k}" for k in K])
    failure.xaxis.set_minor_formatter(NullFormatter())
    failure.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
    failure.yaxis.set_minor_formatter(NullFormatter())
    failure.set_title(f"Penalty {penalties[0]:g}; lines: means of the fits", fontsize="medium")
    for axes in (risk, failure, slope):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    return figure


def main(arguments=None):
    """Train, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="an .npz file with features and counts")
    parser.add_argument("--out", type=Path, default=Path("human_labels.png"), help="figure: .png, .pdf, .svg")
    parser.add_argument("--splits", type=int, default=200, help="runs for each N and penalty")
    parser.add_argument("--held-out", type=int, default=HELD_OUT, help="images held out in each split")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        check_output("--out", asked.out, ENDINGS)
    except ValueError as error:
        parser.error(str(error))

    content = asked.data.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        print(f"Note: {asked.data} is not the file whose figures docs/proxies.md reports.\n")
    with np.load(asked.data) as arrays:
        features, counts = arrays["features"].astype(float), arrays["counts"].astype(np.int64)
    sizes = sorted(asked.sizes)
    if sizes[-1] > len(features) - asked.held_out:
        parser.error(f"--sizes: only {len(features) - asked.held_out} images are left to train on")
    heads = train(features, counts, asked.held_out, sizes, PENALTIES, asked.splits, asked.seed)
    fits = {
        (family, size): fitted(heads[PENALTIES[0], size], family, splits, f"{family} at N = {size}")
        for family, splits, some in zip(
            FAMILIES, (asked.splits, COMPARED), (sizes, shown(sizes)), strict=True
        )
        for size in some
    }
    report(heads, fits, sizes, PENALTIES, asked.seed)
    draw(heads, fits, sizes, PENALTIES, features.shape[1]).savefig(asked.out)
    print(f"\n{asked.splits} splits, seed {asked.seed}; figure: {asked.out}")
    return heads, fits


if __name__ == "__main__":
    main()
