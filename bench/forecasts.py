"""Forecasts of pass@1000 from 100 attempts, scored on real counts.

    python bench/forecasts.py                                all families: about ten minutes
    python bench/forecasts.py --subsets 50 --families beta

Of monkeys_pythia.csv the problems with n > 5000 are used, where the unbiased pass@1000 of all attempts
is known well. Of each, 100 attempts are drawn without replacement (hypergeometric), and pass@1000 of
the same problems is forecast from them by the fit of each family, and by straight lines through
pass@k for k from 1 to 100, 25 points evenly spaced in ln k and rounded:

* line, -log pass@k: ln(-ln pass@k) on ln k, as in arXiv 2502.17578;
* line, S(k): ln(1 - pass@k) on ln k;
* line, last decade: the first with k from 10 to 100 only.

The error is that of -ln pass@1000, relative to its value from all attempts; inf where no attempt
drawn succeeded. "covered" is the share of subsets in which the 95% band of Fit.forecast holds the
value from all attempts. "by chance" is the median error that the standard errors of the best family's
forecasts lead to expect, if its law were the true one.
"""

import argparse
import csv
import math
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from time import perf_counter

import numpy as np

import lidfast
from lidfast.difficulty import fit
from lidfast.random import default_rng

FAMILIES = ("beta", "scaled_beta", "kumaraswamy", "scaled_kumaraswamy", "zero_inflated_beta", "lid")
LINES = ("line, -log pass@k", "line, S(k)", "line, last decade")
DRAWN, TARGET, ENOUGH = 100, 1000, 5000
K = np.unique(np.geomspace(1, DRAWN, 25).round().astype(int))


def groups(file, names):
    rows = {}
    with file.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if int(row["n"]) > ENOUGH:
                name = f"{row['model']} {row['benchmark']}"
                rows.setdefault(name, []).append((int(row["n"]), int(row["c"])))
    for name, pairs in rows.items():
        n, c = np.array(pairs).T
        if c.any() and (not names or any(part in name for part in names)):
            yield name, n, c


def nll(chance):
    return -math.log(chance) if chance > 0 else math.inf


def lines(c):
    """-ln pass@1000 by straight lines through the estimates of pass@k."""
    curve = lidfast.pass_at_k_curve(DRAWN, c, K)
    if not c.any():
        return dict.fromkeys(LINES, math.inf)
    first, second, last = LINES
    losses = -np.log(curve.estimate)
    whole = lidfast.fit_power_law(K, losses)
    decade = lidfast.fit_power_law(K, losses, window=(10, DRAWN))
    failure = lidfast.fit_power_law(K, curve.failure)
    return {
        first: whole.amplitude * TARGET**-whole.exponent,
        second: nll(1 - failure.amplitude * TARGET**-failure.exponent),
        last: decade.amplitude * TARGET**-decade.exponent,
    }


def examine(name, n, c, families, seed, subsets):
    """Relative errors and whether the band covers, for each method, and how much was solved."""
    lidfast.set_num_threads(1)
    truth = float(lidfast.pass_at_k_curve(n, c, [TARGET]).estimate[0])
    errors, covered = {method: [] for method in (*families, *LINES)}, {family: [] for family in families}
    solved, chance = [], {family: [] for family in families}
    for i in range(subsets):
        draws = default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode()), i]))
        some = draws.numpy().hypergeometric(c, n - c, DRAWN)
        solved.append(int((some > 0).sum()))
        for family in families:
            band = fit(DRAWN, some, family, interval="wald").forecast([TARGET])
            errors[family].append(nll(band.estimate[0]) / nll(truth) - 1)
            chance[family].append(0.6745 * band.stderr[0] / max(band.estimate[0], 1e-300) / nll(truth))
            covered[family].append(bool(band.lower[0] <= truth <= band.upper[0]))
        for method, found in lines(some).items():
            errors[method].append(found / nll(truth) - 1)
    return name, n.size, truth, solved, errors, covered, chance


def report(results, families):
    methods = (*families, *LINES)
    print("Median relative error of -ln pass@1000:\n")
    head = ["group", "problems", "solved", "pass@1000", *methods, "by chance", "best / line"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for name, size, truth, solved, errors, _, chance in results:
        middle = {method: float(np.median(np.abs(errors[method]))) for method in methods}
        best = min(families, key=middle.get)
        row = [name, size, f"{np.mean(solved):.0f}", f"{truth:.3f}"]
        row += [f"**{middle[m]:.3f}**" if m == best else f"{middle[m]:.3f}" for m in methods]
        row.append(f"{np.median(chance[best]):.3f}")
        print(f"| {' | '.join(map(str, row))} | {middle[best] / middle[LINES[0]]:.2f} |")
    print("\nMedian of the signed error, and covered in percent:\n")
    head = ["group", *families, LINES[0]]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for name, _, _, _, errors, covered, _ in results:
        row = [f"{np.median(errors[f]):+.3f}, {100 * np.mean(covered[f]):.1f}" for f in families]
        print(f"| {name} | {' | '.join(row)} | {np.median(errors[LINES[0]]):+.3f} |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subsets", type=int, default=200, help="of each group")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--groups", nargs="+", metavar="NAME", help="groups whose name contains one of these")
    parser.add_argument("--seed", type=int, default=20260101)
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data", metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    chosen = list(groups(arguments.data / "monkeys_pythia.csv", arguments.groups))
    if not chosen:
        sys.exit("no group of that name has a success")
    start, results = perf_counter(), {}
    with ProcessPoolExecutor(arguments.workers) as pool:
        how = arguments.families, arguments.seed, arguments.subsets
        running = [pool.submit(examine, *group, *how) for group in chosen]
        for future in as_completed(running):
            found = future.result()
            results[found[0]] = found
            minutes = (perf_counter() - start) / 60
            print(f"{found[0]}: {minutes:.1f} min", file=sys.stderr, flush=True)
    report([results[name] for name, _, _ in chosen], arguments.families)
    minutes = (perf_counter() - start) / 60
    print(f"\n{arguments.subsets} subsets a group, seed {arguments.seed}, {minutes:.1f} minutes.")


if __name__ == "__main__":
    main()
