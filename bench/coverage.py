"""How often the 95% intervals of lidfast hold the truth, on data sets shaped like real ones.

    python bench/coverage.py --sets 2000                                   everything: hours
    python bench/coverage.py --sets 200 --families beta --groups "12B MATH" --studies self

The data sets have as many problems as a group of the data (a model on a benchmark). Three studies:

* self: from the law that a family is fitted to the group with, analysed by the same family;
* beta: from the fitted Beta, analysed by the other families, which is fair to those that contain
  it (scaled_beta, zero_inflated_beta) and shows what the others lose;
* rows: the group's rows, resampled. The truth is the fit, or the unbiased estimate, on all of them.

Where attempts were fixed in advance each problem gets the n of a problem drawn from the group. In
bon_jailbreaking_text.csv they came in blocks of 60 until one held a success, or up to 10020, and so
they come here. Every set has its own seed, whatever else is run.

Each cell of the table is coverage in percent, its binomial standard error, and in parentheses the
median width of the interval (a mean would be inf where one interval is not bounded). It is bold where
even the exact 95% interval of the coverage is outside of 93 to 97.
"""

import argparse
import csv
import json
import math
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy import special

import lidfast
from lidfast.difficulty import fit
from lidfast.random import default_rng

FAMILIES = ("beta", "scaled_beta", "kumaraswamy", "scaled_kumaraswamy", "zero_inflated_beta", "lid")
FILES = {"monkeys_pythia.csv": ("model", "benchmark"), "bon_jailbreaking_text.csv": ("model",)}
BLOCK, CAP = 60, 10020  # of the attacks
FORECASTS = (10, 100, 1000)
AT = 100  # where pass_at_k_curve is looked at: below the least n, 128
ENOUGH = 30  # solved problems from which on the bootstrap is to be trusted
CHUNK = 25


@dataclass(frozen=True)
class Group:
    name: str
    n: np.ndarray
    c: np.ndarray
    blocks: bool


@dataclass(frozen=True)
class Task:
    """A part of one line of the table: sets [first, last) of a group, a truth and a family."""

    study: str
    group: Group
    family: str
    seed: int
    first: int
    last: int
    resamples: int  # of each bootstrap
    boot: int  # the fit is bootstrapped in sets below this

    @property
    def line(self):
        return self.study, self.group.name, self.family

    def __len__(self):
        return self.last - self.first


def groups(folder, names):
    for file, keys in FILES.items():
        rows = {}
        with (folder / file).open(newline="") as stream:
            for row in csv.DictReader(stream):
                name = " ".join(row[key] for key in keys)
                rows.setdefault(name, []).append((int(row["n"]), int(row["c"])))
        for name, pairs in rows.items():
            n, c = np.array(pairs).T
            if c.any() and (not names or any(part in name for part in names)):
                yield Group(name, n, c, file.startswith("bon"))


def attempt(group, law, draws, numpy):
    """Counts of as many problems as the group has, drawn from a law."""
    s = law.sample(group.n.size, draws)
    if not group.blocks:
        n = numpy.choice(group.n, group.n.size)
        return n, numpy.binomial(n, s)
    # the attempt that succeeds first, and then the rest of its block
    with np.errstate(divide="ignore"):
        first = 1 + np.floor(np.log(1 - numpy.random(s.size)) / np.log1p(-np.minimum(s, 1 - 1e-16)))
    solved = first <= CAP
    n = np.where(solved, -(-np.minimum(first, CAP) // BLOCK) * BLOCK, CAP).astype(np.int64)
    rest = np.where(solved, n - first, 0).astype(np.int64)
    return n, np.where(solved, 1 + numpy.binomial(rest, s), 0)


def curve(group, n, c, n_boot=0, rng=None):
    how = {"stopping": "first_success", "block": BLOCK} if group.blocks else {}
    return lidfast.pass_at_k_curve(n, c, [AT], n_boot=n_boot, rng=rng, **how)


def examine(task):
    """Intervals of each set: quantity -> [(covered, width)], and numbers of sets of some kinds."""
    lidfast.set_num_threads(1)
    group = task.group
    model = fit(group.n, group.c, "beta" if task.study == "beta" else task.family)
    law, exponent = model.difficulty, model.exponent
    chances = law.pass_at_k(FORECASTS)
    chance = curve(group, group.n, group.c).estimate[0] if task.study == "rows" else law.pass_at_k(AT)
    found = {}
    counts = {"sets": 0, "solved": 0, "unconverged": 0, "limits": 0}

    def note(quantity, truth, low, high):
        slack = 1e-9 * abs(truth)  # a resample of a limit may be the truth itself
        covered, width = low - slack <= truth <= high + slack, high - low if high < math.inf else math.inf
        found.setdefault(quantity, []).append((bool(covered), float(width)))

    for i in range(task.first, task.last):
        label = zlib.crc32(" ".join(task.line).encode())
        draws = default_rng(np.random.SeedSequence([task.seed, label, i]))
        numpy = draws.numpy()
        if task.study == "rows":
            drawn = numpy.integers(0, group.n.size, group.n.size)
            n, c = group.n[drawn], group.c[drawn]
        else:
            n, c = attempt(group, law, draws, numpy)
        again = fit(n, c, task.family)
        counts["sets"] += 1
        counts["solved"] += int((c > 0).sum())
        counts["unconverged"] += not again.converged
        counts["limits"] += not 0 < again.exponent < math.inf
        note("profile", exponent, *again.exponent_ci)
        note("wald", exponent, *fit(n, c, task.family, interval="wald").exponent_ci)
        band = again.forecast(FORECASTS)
        for k, truth, low, high in zip(FORECASTS, chances, band.lower, band.upper, strict=True):
            note(f"pass@{k}", truth, low, high)
        if i < task.boot:
            boot = fit(n, c, task.family, interval="bootstrap", n_boot=task.resamples, rng=draws)
            few = (c > 0).sum() < ENOUGH
            note("bootstrap, few" if few else "bootstrap", exponent, *boot.exponent_ci)
        if task.study == "self" or task.family == "beta":
            for name, n_boot in (("normal", 0), ("BCa", 1000)):
                ends = curve(group, n, c, n_boot, draws)
                note(name, chance, ends.lower[0], ends.upper[0])
    return found, counts


def tasks(arguments, chosen):
    for study in arguments.studies:
        for family in arguments.families:
            if study == "beta" and family == "beta":
                continue
            boot = arguments.boot if family in arguments.bootstrap and study != "beta" else 0
            for group in chosen:
                for first in range(0, arguments.sets, CHUNK):
                    last = min(first + CHUNK, arguments.sets)
                    yield Task(study, group, family, arguments.seed, first, last, arguments.resamples, boot)


@dataclass
class Cell:
    study: str
    group: str
    family: str
    quantity: str
    sets: int
    covered: int
    width: float

    @property
    def share(self):
        return self.covered / self.sets

    @property
    def error(self):
        return math.sqrt(self.share * (1 - self.share) / self.sets)

    @property
    def off(self):
        """Whether coverage is outside of 93 to 97 percent, and whether beyond doubt."""
        most = special.betaincinv(self.covered + 1, self.sets - self.covered, 0.975) if self.share < 1 else 1
        least = special.betaincinv(self.covered, self.sets - self.covered + 1, 0.025) if self.covered else 0
        return not 0.93 <= self.share <= 0.97, bool(most < 0.93 or least > 0.97)

    def __str__(self):
        text = f"{100 * self.share:.1f} ± {100 * self.error:.1f}"
        width = "∞" if math.isinf(self.width) else f"{self.width:.3g}"
        return f"**{text}** ({width})" if self.off[1] else f"{text} ({width})"


QUANTITIES = (
    "profile",
    "wald",
    "bootstrap",
    "bootstrap, few",
    *(f"pass@{k}" for k in FORECASTS),
    "normal",
    "BCa",
)


def table(cells, counts):
    head = ["group", "family", "sets", "solved", *QUANTITIES]
    for study in dict.fromkeys(line[0] for line in counts):
        shown = [q for q in QUANTITIES if any(line[0] == study and q in cells[line] for line in cells)]
        head = ["group", "family", "sets", "solved", *shown]
        print(f"\n### {study}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
        for line, number in counts.items():
            if line[0] == study:
                row = [*line[1:], number["sets"], round(number["solved"] / number["sets"])]
                row += [cells[line].get(q, "") for q in shown]
                print("| " + " | ".join(map(str, row)) + " |")
    every = [cell for line in cells.values() for cell in line.values()]
    outside = [cell for cell in every if cell.off[0]]
    sure = sum(cell.off[1] for cell in every)
    print(f"\n{len(outside)} of {len(every)} are outside of 93 to 97%, {sure} beyond doubt:")
    for cell in outside:
        if cell.off[1]:
            print(f"* {cell.study}, {cell.group}, {cell.family}, {cell.quantity}: {cell} of {cell.sets}")
    for line, number in counts.items():
        if number["unconverged"] or number["limits"]:
            print(
                f"{', '.join(line)}: {number['unconverged']} not converged, "
                f"{number['limits']} of exponent 0 or inf"
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=2000, help="for each line of the table")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--groups", nargs="+", metavar="NAME", help="groups whose name contains one of these")
    parser.add_argument(
        "--studies", nargs="+", choices=("self", "beta", "rows"), default=("self", "beta", "rows")
    )
    parser.add_argument(
        "--bootstrap",
        nargs="*",
        choices=FAMILIES,
        default=("beta",),
        metavar="FAMILY",
        help="fits to bootstrap",
    )
    parser.add_argument("--boot", type=int, default=200, metavar="SETS", help="bootstrap in so many sets")
    parser.add_argument("--resamples", type=int, default=400, help="of each bootstrap of a fit")
    parser.add_argument("--seed", type=int, default=20260101)
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data", metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results here")
    arguments = parser.parse_args()
    chosen = list(groups(arguments.data, arguments.groups))
    if not chosen:
        sys.exit("no group of that name has a success")
    every, start = list(tasks(arguments, chosen)), perf_counter()
    found, counts = {task.line: {} for task in every}, {task.line: {} for task in every}
    with ProcessPoolExecutor(arguments.workers) as pool:
        running = {pool.submit(examine, task): task for task in every}
        for done, future in enumerate(as_completed(running), 1):
            task, (some, numbers) = running[future], future.result()
            for quantity, values in some.items():
                found[task.line].setdefault(quantity, []).extend(values)
            for name, number in numbers.items():
                counts[task.line][name] = counts[task.line].get(name, 0) + number
            minutes = (perf_counter() - start) / 60
            print(
                f"{done} of {len(every)}, {minutes:.1f} min: {', '.join(task.line)}",
                file=sys.stderr,
                flush=True,
            )
    cells = {}
    for line, quantities in found.items():
        cells[line] = {}
        for quantity, values in quantities.items():
            covered, widths = zip(*values, strict=True)
            cells[line][quantity] = Cell(*line, quantity, len(values), sum(covered), float(np.median(widths)))
    if arguments.json:
        arguments.json.write_text(
            json.dumps([asdict(c) for line in cells.values() for c in line.values()], indent=1)
        )
    table(cells, counts)
    print(f"\nSeed {arguments.seed}, {(perf_counter() - start) / 60:.1f} minutes.")


if __name__ == "__main__":
    main()
