"""How the exponent of repeated sampling moves with k at fixed training sizes, exactly.

    python examples/artificial_tail.py --out artificial_tail.png

prints a table and draws the figure of docs/artificial-tail.md.
"""

from __future__ import annotations

import argparse

import numpy as np

import lidfast
from lidfast.plot import artificial_tail_figure


def main() -> None:
    """Print the table, and draw the figure where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 4000, 8000, 32000], metavar="N")
    parser.add_argument("--beta", type=float, default=2.5, help="intrinsic tail exponent, > 2")
    parser.add_argument("--features", type=int, default=100, help="number of features d")
    parser.add_argument("--sigma", type=float, default=0.1, help="scale of the label noise")
    parser.add_argument("--delta", type=float, default=0.01, help="tolerance of the verifier")
    parser.add_argument("--largest", type=float, default=1e9, help="largest k")
    parser.add_argument("--out", help="file of the figure: png, pdf or svg")
    given = parser.parse_args()

    model = lidfast.LIDModel(given.features, given.beta, sigma=given.sigma, delta=given.delta)
    tau = given.beta / 2  # its mean
    shown = 10.0 ** np.arange(1, np.log10(given.largest) + 0.5, 2)
    print("local exponent at k:".ljust(46), *(f"{k:8.0e}" for k in shown))
    laws = {}
    for N in given.sizes:
        law = model.difficulty(N)
        ratio = law.V / given.sigma**2
        laws[f"N = {N}: V = {ratio:.3g} $\\sigma^2$"] = law
        print(f"N = {N}, V / sigma^2 = {ratio:.4f}, crossover_k = {law.crossover_k():.2g}")
        for name, exponent in (
            ("exact", law.exponent(shown)),
            ("min(beta, gamma), marginal", law.asymptotic_exponent(shown)),
            (f"min(beta, gamma), fixed tau = {tau:g}", law.asymptotic_exponent(shown, tau=tau)),
        ):
            print(f"    {name}".ljust(46), *(f"{value:8.3f}" for value in exponent))
    if given.out:
        k = np.geomspace(1, given.largest, 181)
        artificial_tail_figure(laws, k, tau=tau).savefig(given.out)
        print(f"Figure: {given.out}")


if __name__ == "__main__":
    main()
