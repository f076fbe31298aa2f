"""The laws of lidfast.random against their distributions, at length.

    python bench/quality.py                     all laws, 10^8 draws each way
    python bench/quality.py --draws 1e6 --law gamma --law "zipf(1.5)"

Each law is drawn with its parameters as numbers and as arrays of one value a variate, which are
different algorithms. The tests (tests/exact_laws.py) look at counts in cells:

* chi-square, on up to 10,000 cells of nearly equal probability; of integer laws the atoms, those
  that expect less than 20 joined;
* Kolmogorov-Smirnov and Anderson-Darling, of continuous laws, at 80,000 points and at the tails: for
  the former a lower bound of the statistic, so that the p-value is an upper bound;
* counts beyond the 10^-6 quantiles (with fewer than 2 10^7 draws: where 20 are expected), by the
  exact two-sided binomial test.

The verdict is Bonferroni's over all tests of the run: a run on right samplers fails with a
probability of at most 10^-3 over the seeds. The exit status is 1 if it fails.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import exact_laws

from lidfast.random import Generator, default_rng

FAMILY = 1e-3  # false alarms of a run


def chosen(names):
    laws = exact_laws.LAWS
    if names:
        laws = [law for law in laws if any(name in str(law) for name in names)]
    for method in sorted({law.method for law in laws if not hasattr(Generator, law.method)}):
        print(f"this build has no {method}", file=sys.stderr)
    return [law for law in laws if hasattr(Generator, law.method)]


def table(results, markdown):
    """Print a line for each law and way: the p-values."""
    kinds = {"chi": "chi-square", "Kol": "K-S", "And": "A-D", "low": "lower tail", "upp": "upper tail"}
    rows = {}
    for r in results:
        rows.setdefault((r.law, "array" if r.arrays else "scalar"), {})[r.test[:3]] = r
    head = ["law", "parameter", "cells", *kinds.values()]
    lines = []
    for (law, way), tests in rows.items():
        cells = tests["chi"].test.split()[1] if "chi" in tests else ""
        lines.append([law, way, cells, *(f"{tests[k].p:.3g}" if k in tests else "" for k in kinds)])
    if markdown:
        for line in (head, ["---"] * len(head), *lines):
            print("| " + " | ".join(line) + " |")
        return
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
    for line in (head, *lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=float, default=1e8, help="of each law, each way")
    parser.add_argument("--law", action="append", help="laws whose name contains this; may be repeated")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results here")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    arguments = parser.parse_args()
    results, start = [], perf_counter()
    for law in chosen(arguments.law):
        begun = perf_counter()
        found = exact_laws.examine(law, arguments.seed, int(arguments.draws), default_rng)
        results += found
        worst = min(found, key=lambda r: r.p)
        seconds = perf_counter() - begun
        print(
            f"{law}: least p {worst.p:.3g} of {len(found)} ({worst.test}), {seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if arguments.json:  # after each law: a run that is cut short leaves what it has
            arguments.json.write_text(json.dumps([asdict(r) for r in results], indent=1))
    if not results:
        sys.exit("no law of that name")
    table(results, arguments.markdown)
    threshold = FAMILY / len(results)
    failures = [r for r in results if not r.p > threshold]
    print(
        f"\n{len(results)} tests, {arguments.draws:.3g} draws each way, seed {arguments.seed}, "
        f"{(perf_counter() - start) / 60:.1f} minutes."
    )
    print(f"A test fails below p = {threshold:.2g}: at most {FAMILY:g} of all runs on right samplers.")
    for r in failures:
        print(f"FAILED {r.law} {'array' if r.arrays else 'scalar'}: {r.test}, {r.statistic:g}, p = {r.p:.3g}")
    print(f"{len(failures)} failed." if failures else "All passed.")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
