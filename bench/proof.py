"""The tables of quantile functions against mpmath, word by word.

    python bench/proof.py             the whole grid of parameters
    python bench/proof.py --quick     a few cells of every fourth octave

What draws cannot see is proved here: for words in all octaves of v, the distance from the nearer
end, on both sides, the tail beyond the variate is within 1e-9 v of v. In each chosen cell it is
looked at at the borders, the center, and the extrema and zeros of the Chebyshev polynomial that
the cell's cubic is made with (tests/exact_quantiles.py). Zipf's table is compared where the rank
changes. Errors are in units of the bound, 1e-9 v: the exit status is 1 if one is above 1.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import exact_quantiles

from lidfast import random

GRID = [
    ("standard_normal", ()),
    ("standard_exponential", ()),
    *(("standard_gamma", (a,)) for a in (0.1, 0.3, 0.5, 0.99, 1.0, 1.25, 2.0, 7.5, 50.0, 1e3, 1e4)),
    *(("inverse_gamma", (a, 1.0)) for a in (0.15, 0.3, 1.0, 2.5, 40.0)),
    *(("chisquare", (a,)) for a in (0.5, 2.5, 30.0)),
    *(("standard_t", (a,)) for a in (0.15, 0.5, 1.0, 2.0, 3.0, 7.5, 100.0, 1e5)),
    *(
        ("beta", p)
        for p in ((0.1, 0.1), (0.3, 2.0), (2.0, 0.3), (1.0, 1.0), (2.0, 5.0), (30.0, 0.5), (100.0, 300.0))
    ),
    *(("pareto", (a,)) for a in (0.15, 0.3, 1.0, 2.5, 20.0)),
    *(("weibull", (a,)) for a in (0.1, 0.5, 1.0, 3.0, 100.0)),
    *(("zipf", (a, exact_quantiles.INFINITE)) for a in (1.01, 1.1, 1.5, 2.0, 3.0, 5.0)),
    *(("zipf", p) for p in ((0.0, 10.0), (0.5, 1e6), (1.0, 1e6), (1.5, 1e3), (1.0001, 1e6))),
]
RANKS = sorted({*range(1, 65), *(round(2**e * f) for e in range(6, 62) for f in (1, 1.3, 1.7))})


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--law", action="append", help="only laws of this name; may be repeated")
    parser.add_argument("--cells", type=int, default=8, help="of each octave")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    arguments = parser.parse_args()
    if not hasattr(random, "_quantile"):
        sys.exit("this build draws nothing from tables")
    cells = 2 if arguments.quick else arguments.cells
    octaves = range(-65, -1, 4 if arguments.quick else 1)
    results, start = [], perf_counter()
    row = "| {} | {} | {:.3f} | {:#x} |" if arguments.markdown else "{:44} {:6} {:8.3f}  {:#x}"
    if arguments.markdown:
        print("| table | points | error / bound | at the word |\n| --- | --- | --- | --- |")
    else:
        print("{:44} {:6} {:8}  {}".format("table", "points", "error", "at the word"))
    for law, parameters in GRID:
        if arguments.law and law not in arguments.law:
            continue
        try:
            if law == "zipf":
                found = [exact_quantiles.jumps(random._quantile, parameters, RANKS)]
            else:
                found = exact_quantiles.continuous(random._quantile, law, parameters, octaves, cells)
        except LookupError:
            print(f"{law}{parameters}: no table", file=sys.stderr)
            continue
        results += found
        for worst in found:
            print(
                row.format(str(worst), worst.points, worst.error / exact_quantiles.BOUND, worst.word),
                flush=True,
            )
        if arguments.json:
            arguments.json.write_text(json.dumps([asdict(w) for w in results], indent=1))
    if not results:
        sys.exit("no table was checked")
    worst = max(results, key=lambda w: w.error)
    points = sum(w.points for w in results)
    print(f"\n{points} points of {len(results)} sides in {(perf_counter() - start) / 60:.1f} minutes.")
    print(f"Worst: {worst}, {worst.error / exact_quantiles.BOUND:.3f} of the bound.")
    sys.exit(not worst.error <= exact_quantiles.BOUND)


if __name__ == "__main__":
    main()
