"""Simulated against exact failure curves, run by run, over tail exponents and training sizes.

    python bench/paired.py [--runs 64] [--instances 200000] [--wrong delta]

Prints for each tail exponent and size the largest paired |z| and the exponents; for each tail exponent
the mean of z^2 over independent cells with its 99.9 % band. With --wrong the exact side takes V, sigma or
delta 1 % too large: the test has to fail. Exit status 1 if a score exceeds 4.5 or a mean leaves its band.
"""

import argparse
import re
import sys
from unittest import mock

import numpy as np

import lidfast
from lidfast.difficulty import LID

BETAS = (0.5, 1.0, 1.5, 2.5, 4.0)
D, SIGMA, DELTA, RIDGE = 64, 0.3, 0.1, 1e-6
N = np.array([16, 32, 128, 512, 2048, 8192])
K = np.array([1, 10, 100, 1e3, 1e4, 1e5, 1e6])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--instances", type=int, default=200_000)
    parser.add_argument("--wrong", choices=("V", "sigma", "delta"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    def difficulty(self, risk, *rest):
        law = {"V": risk, "sigma": self.sigma, "delta": self.delta}
        if options.wrong:
            law[options.wrong] *= 1.01
        return LID(law["V"], self.beta, law["sigma"], law["delta"])

    failed = False
    print("| beta | N | median V | largest abs(z) of 7 k | unresolved | beta_eff at k = 1e4 | exact |")
    print("|---|---|---|---|---|---|---|")
    told = []
    for beta in BETAS:
        model = lidfast.LIDModel(D, beta, sigma=SIGMA, delta=DELTA, ridge=RIDGE)
        with mock.patch.object(lidfast.LIDModel, "_difficulty_at", difficulty):
            result = model.simulate(N, K, runs=options.runs, instances=options.instances, rng=options.seed)
        for i, size in enumerate(N):
            z = np.abs(result.z[i])[result.resolved[i]].max(initial=0)
            failed |= z > 4.5
            print(
                f"| {beta} | {size} | {np.median(result.risk[i]):.3g} | {z:.2f} "
                f"| {(~result.resolved[i]).sum()} "
                f"| {result.beta_eff[i, 4]:.3f} ± {result.beta_eff_stderr[i, 4]:.3f} "
                f"| {result.beta_eff_exact[i, 4]:.3f} |"
            )
        agreement = lidfast.lid.agreement(result.arrays())
        mean, low, high = map(
            float, re.search(r"mean z\^2 ([\d.]+) .*band ([\d.]+) to ([\d.]+)", agreement).groups()
        )
        failed |= not low <= mean <= high
        told.append(f"beta {beta}: mean z^2 {mean} (99.9 % band {low} to {high})")
    print("\n" + "\n".join(told))
    print("FAILED" if failed else "passed")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
