"""Distillation in small: a student of N samples of a noisy teacher of addition, and its pass@k.

    python examples/distillation.py --out distillation.png    (about a minute)

The task, in characters: "417+086=", behind a number of distracting words, "well, so, hm, 417+086=". An answer
is a decimal number, and the verifier accepts it if it rounds to the sum.

The teacher answers with the sum plus Gaussian noise. Each distracting word multiplies the variance of its
noise by 1.5; the number of words T is geometric, so tau = 1.5^-T has the law P(tau <= t) ~ t^(beta/2),
beta = 2.5: most problems are easy, and a heavy tail is hard.

The student sees one sample of the teacher for each of N problems. It reads the six digits one-hot (54
features) and the number of words, and has two ridge heads: the mean of the answer from the digits, and the
logarithm of the squared training error from the number of words, which gives the spread of its own samples.
Its k attempts at a new problem are k samples. A second student is given the teacher's spread, as the LID
model (arXiv 2601.03764) assumes; it differs from the teacher by the bias B of its mean alone.

What stands for what: tau is 1.5^-T; B is the student's mean answer less the sum; V = L_gen(N) is the mean of
B^2; the tolerance delta is 1/2. The saturation is the teacher itself: as N grows the student's samples become
the teacher's, and so does the exponent of S(k) = 1 - pass@k. For the second student S(k) is also computed
exactly, over all problems, with a normal bias of the V that each seed came to.

All students and the teacher attempt the same problems. Intervals: bootstrap over the seeds (each one training
set and its attempts) and over the problems, both resampled at once, the same resamples for all N.
"""

import argparse
import math
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter
from rich.console import Console
from rich.progress import track
from scipy.stats import norm

import lidfast
from lidfast.io import check_output
from lidfast.plot import ENDINGS

BETA = 2.5
FACTOR = 1.5  # of the variance for each distracting word
MORE = FACTOR ** (-BETA / 2)  # probability of one more word
SIGMA = 1.0  # standard deviation of the teacher's noise without distraction
PLACES = np.array([100, 10, 1, 100, 10, 1])
LOG_CHI2 = -1.2703628454614782  # E ln(xi^2) for a standard normal xi
SIZES = (64, 90, 128, 181, 256, 362, 512, 724, 1024, 2048, 4096, 8192)
SHOWN = (64, 128, 256, 512, 1024, 8192)
K = np.array([1, 2, 4, 8, 11, 16, 23, 32, 45, 64])
WINDOW = (8, 64)
STUDENTS = {"learned": "spread learned", "given": "spread given"}
LEVEL = 0.95


def problems(shape, rng):
    """Digits of the operands, shape + (6,), and numbers of distracting words."""
    digits = (10 * rng.random((*shape, PLACES.size))).astype(np.int64)
    return digits, rng.geometric(1 - MORE, shape) - 1


def read(digits):
    """One-hot characters; 0 is none of them, so the intercept is determined."""
    return (digits[..., None] == np.arange(1, 10)).reshape(*digits.shape[:-1], -1).astype(float)


def teacher_spread(words):
    """Give the standard deviation of the teacher's noise."""
    return SIGMA * FACTOR ** (words / 2)


def failures(mean, spread, answer, attempts, rng):
    """Unbiased S(k) of each problem from attempts that the verifier checks, (problems, k)."""
    samples = np.rint(mean[:, None] + spread[:, None] * rng.standard_normal((answer.size, attempts)))
    correct = np.count_nonzero(samples == answer[:, None], axis=1)
    return lidfast.fail_at_k(attempts, np.arange(attempts + 1), K)[correct]


def study(size, seeds, rng):
    """Train the students of each seed; the head of the mean, and that of the log spread."""
    digits, words = problems((seeds, size), rng)
    samples = digits @ PLACES + teacher_spread(words) * rng.standard_normal((seeds, size))
    X = read(digits)
    coef, intercept = lidfast.ridge_solve(X, samples, 1e-6, fit_intercept=True)
    errors = samples - np.einsum("rij,rj->ri", X, coef) - intercept[:, None]
    target = 0.5 * (np.log(errors**2 + 1e-12) - LOG_CHI2)  # a fit may be exact
    slope, level = lidfast.ridge_solve(words[..., None].astype(float), target, 1e-6, fit_intercept=True)
    return coef, intercept, slope[:, 0], level


class Bootstrap:
    """Resamples of seeds and problems, the same for every curve."""

    def __init__(self, seeds, tasks, n_boot, rng):
        self.seeds, self.tasks = (
            np.concatenate([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), size=n_boot)]) / n
            for n in (seeds, tasks)
        )

    def curves(self, failed):
        """Mean S(k), then that of each resample, (1 + n_boot, k), from (seeds, problems, k)."""
        seeds, tasks, k = failed.shape
        over_tasks = self.tasks @ failed.transpose(1, 0, 2).reshape(tasks, -1)
        return np.einsum("bs,bsk->bk", self.seeds, over_tasks.reshape(-1, seeds, k))


def exponents(curves):
    """Slopes of -ln S on ln k over the window, as fit_power_law's, for each curve; NaN where S is 0."""
    low, high = WINDOW
    used = (low <= K) & (high >= K)
    x = np.log(K[used]) - np.log(K[used]).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = -(np.log(curves[:, used]) @ x) / (x @ x)
    return np.where(np.isfinite(slopes), slopes, np.nan)


def ends(values):
    """Interval from the resamples, which are all values but the first."""
    return np.nanquantile(values[1:], [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)


def cell(values, digits=2):
    """Estimate and interval as text."""
    low, high = ends(values)
    return f"{values[0]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def experiment(sizes, seeds, tasks, attempts, n_boot, seed):
    """Curves of the teacher and, for each size, of the students.

    Also, both (sizes, seeds): the mean of B^2, and the factor of the variance for each word that is learned.
    """
    rng = lidfast.random.default_rng(seed)
    digits, words = problems((tasks,), rng)
    answer, X, spread = digits @ PLACES, read(digits), teacher_spread(words)
    bootstrap = Bootstrap(seeds, tasks, n_boot, rng.numpy())
    teacher = bootstrap.curves(
        np.array([failures(answer, spread, answer, attempts, rng) for _ in range(seeds)])
    )
    curves, risk, factors = {name: [] for name in STUDENTS}, [], []
    errors = Console(stderr=True)
    for size in track(sizes, "students", console=errors, transient=True, disable=not errors.is_terminal):
        coef, intercept, slope, level = study(size, seeds, rng)
        means = coef @ X.T + intercept[:, None]
        spreads = {"learned": np.exp(level[:, None] + slope[:, None] * words), "given": [spread] * seeds}
        for name in STUDENTS:
            failed = [
                failures(*head, answer, attempts, rng) for head in zip(means, spreads[name], strict=True)
            ]
            curves[name].append(bootstrap.curves(np.array(failed)))
        risk.append(((means - answer) ** 2).mean(axis=1))
        factors.append(np.exp(2 * slope))
    curves = {name: np.array(found) for name, found in curves.items()}
    return teacher, curves, np.array(risk), np.array(factors)


def exact(risk):
    """S(k) over all problems at a spread that is given, the bias normal: (..., k) from variances (...)."""
    words, z = np.arange(40), np.linspace(-8, 8, 401)
    weights = np.exp(-0.5 * z[:, None] ** 2) * MORE**words
    spread, curves = teacher_spread(words), []
    for v in risk.ravel():
        bias = math.sqrt(v) * z[:, None]
        s = norm.cdf((0.5 - bias) / spread) - norm.cdf((-0.5 - bias) / spread)
        curves.append(lidfast.failure_curve(s.ravel(), K, weights=weights.ravel()))
    return np.array(curves).reshape(*risk.shape, K.size)


def report(sizes, teacher, curves, risk, factors):
    """Print the table; return the exponents of the teacher, of the students by size, and the exact ones."""
    limit, exactly = exponents(teacher), exponents(exact(risk).mean(axis=1))
    found = {name: np.array([exponents(curve) for curve in curves[name]]) for name in STUDENTS}
    print(f"Exponents over k = {WINDOW[0]} to {WINDOW[1]}; {LEVEL:.0%} intervals over seeds and problems\n")
    print(
        f"{'N':>6}  {'median V':>9}  {'factor':>6}  {'pass@1':<21}{f'pass@{K[-1]}':<24}{'exponent':<21}"
        f"{'less the teacher':<23}{'spread given':<20}exact"
    )
    for i, size in enumerate(sizes):
        passed = 1 - curves["learned"][i]
        print(
            f"{size:>6}  {np.median(risk[i]):>9.4f}  {np.median(factors[i]):>6.3f}  "
            f"{cell(passed[:, 0], 3):<21}{cell(passed[:, -1], 4):<24}{cell(found['learned'][i]):<21}"
            f"{cell(found['learned'][i] - limit):<23}{cell(found['given'][i]):<20}{exactly[i]:.2f}"
        )
    passed, without = 1 - teacher, exponents(exact(np.zeros(1)))[0]
    print(
        f"{'teacher':>7} {'0':>9}  {FACTOR:>6.3f}  {cell(passed[:, 0], 3):<21}{cell(passed[:, -1], 4):<24}"
        f"{cell(limit):<64}{without:.2f}"
    )
    rise = found["learned"][-1] - found["learned"][0]
    print(f"\nRise of the exponent from N = {sizes[0]} to {sizes[-1]}: {cell(rise)}")
    for name, text in STUDENTS.items():
        apart = np.array([not low <= 0 <= high for low, high in (ends(e - limit) for e in found[name])])
        first = np.flatnonzero(apart).max(initial=-1) + 1
        where = f"from N = {sizes[first]} on" if first < len(sizes) else "nowhere"
        print(f"The interval of the difference to the teacher holds 0, {text}: {where}")
    return limit, found, exactly


def draw(sizes, teacher, curves, limit, found, exactly):
    """Draw pass@k and the exponent against N, and S(k)."""
    figure = Figure(figsize=(14.5, 4.8), layout="constrained", dpi=150)
    passing, failing, slope = figure.subplots(1, 3)
    for color, k in zip(("C0", "C1", "C2"), (1, 8, 64), strict=True):
        at = int(np.flatnonzero(k == K)[0])
        values = 1 - curves["learned"][:, :, at].T
        passing.fill_between(sizes, *ends(values), color=color, alpha=0.2, lw=0)
        passing.plot(sizes, values[0], "o-", ms=4, lw=1.3, color=color, label=f"pass@{k}")
        passing.axhline(1 - teacher[0, at], color=color, lw=1, ls=":")
    passing.plot([], [], "k:", lw=1, label="teacher")
    passing.set(ylim=(0, 1.02), ylabel="pass@k of the student")
    passing.set_title("Spread learned; bands: 95% intervals", fontsize="medium")

    shown = [i for i, size in enumerate(sizes) if size in SHOWN] or range(len(sizes))
    for i, color in zip(shown, colormaps["viridis"](np.linspace(0, 0.9, len(shown))), strict=True):
        positive = curves["learned"][i][0] > 0
        low, high = ends(curves["learned"][i])
        failing.fill_between(K, np.maximum(low, 1e-9), high, color=color, alpha=0.18, lw=0)
        failing.plot(
            K[positive], curves["learned"][i][0][positive], "o-", ms=3.5, lw=1.2, color=color,
            label=f"N = {sizes[i]}",
        )  # fmt: skip
    failing.plot(K, teacher[0], "k:", lw=1.4, label="teacher")
    lowest = teacher[0][teacher[0] > 0].min()
    failing.set(
        xscale="log", yscale="log", ylim=(0.4 * lowest, 1.3), xlabel="attempts k", ylabel="S(k) = 1 - pass@k"
    )
    failing.xaxis.set_major_locator(FixedLocator(2 ** np.arange(7)))
    failing.xaxis.set_major_formatter(ScalarFormatter())
    failing.xaxis.set_minor_formatter(NullFormatter())
    failing.axvspan(*WINDOW, color="k", alpha=0.05, lw=0)
    failing.set_title("Spread learned; gray: where the slope is taken", fontsize="medium")

    for (name, text), color, marker in zip(STUDENTS.items(), ("C0", "C3"), "os", strict=True):
        slope.fill_between(sizes, *ends(found[name].T), color=color, alpha=0.18, lw=0)
        slope.plot(sizes, found[name][:, 0], marker=marker, ms=4.5, lw=1.3, color=color, label=text)
    slope.plot(sizes, exactly, color="C3", lw=1, ls="--", label="spread given, exact at the V of each seed")
    slope.axhspan(*ends(limit), color="k", alpha=0.12, lw=0)
    slope.axhline(limit[0], color="k", lw=1.2, ls=":", label="the teacher")
    slope.axhline(BETA, color="C7", lw=1, ls="-.", label=rf"tail exponent $\beta$ = {BETA:g}")
    slope.set(ylim=(0, None), ylabel=f"exponent of S(k), k = {WINDOW[0]} to {WINDOW[1]}")
    slope.set_title("The exponent rises with N and saturates", fontsize="medium")
    for axes in (passing, slope):
        axes.set(xscale="log", xlabel="training samples N, one for each problem")
        axes.xaxis.set_major_locator(FixedLocator([size for size in sizes if size & (size - 1) == 0]))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", labelrotation=45)
    for axes in (passing, failing, slope):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    return figure


def main(arguments=None):
    """Train, let all attempt, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("distillation.png"), help="figure: .png, .pdf, .svg")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--seeds", type=int, default=48, help="training sets for each N")
    parser.add_argument("--problems", type=int, default=8000, help="that all attempt")
    parser.add_argument("--attempts", type=int, default=128, help=f"at each problem, at least {K[-1]}")
    parser.add_argument("--n-boot", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        check_output("--out", asked.out, ENDINGS)
    except ValueError as error:
        parser.error(str(error))
    if asked.attempts < K[-1]:
        parser.error(f"--attempts: pass@{K[-1]} needs {K[-1]}")
    start, sizes = perf_counter(), sorted(asked.sizes)
    teacher, curves, risk, factors = experiment(
        sizes, asked.seeds, asked.problems, asked.attempts, asked.n_boot, asked.seed
    )
    limit, found, exactly = report(sizes, teacher, curves, risk, factors)
    draw(sizes, teacher, curves, limit, found, exactly).savefig(asked.out)
    print(
        f"{asked.seeds} seeds, {asked.problems} problems, {asked.attempts} attempts each, seed {asked.seed}; "
        f"{perf_counter() - start:.0f} s; figure: {asked.out}"
    )
    return teacher, curves, risk, limit, found


if __name__ == "__main__":
    main()
