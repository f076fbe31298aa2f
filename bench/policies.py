"""Coverage at a cost: simulation against theory, policies against each other, and what an exponent costs.

    python bench/policies.py [--runs 400]

prints z-scores of simulated coverage against the exact one, the lead of round robin over other policies on
the same problems, a case of unequal costs in which it is beaten, and the cost of measuring the exponent by
Reset-and-Discard beside full sampling. Exits with 1 where a z-score of the first part exceeds 4.5, which
has probability 7e-6 each, or round robin is behind by more than three standard errors at equal costs.
"""

import argparse
import sys

import numpy as np

from lidfast.coverage import (
    exponent_cost,
    posterior_index,
    reset_and_discard,
    savings,
    simulate,
    solve_to_completion,
)
from lidfast.difficulty import LID, Beta, fit

POOL = 1000
BUDGETS = np.array([300, 1000, 3000, 10_000])  # beyond, whether LID leaves any of a pool is a rare event
OTHERS = {"r = 2": {"r": 2}, "r = 5": {"r": 5}, "r = 20": {"r": 20}}
OTHERS |= {"to completion": {"policy": "solve_to_completion"}}


def laws():
    rng = np.random.default_rng(0)
    fitted = fit(100, rng.binomial(100, rng.beta(0.4, 3, 150))).difficulty
    lid = LID(0.1, 2.5, 1.0, 0.1)
    return {"Beta(0.3, 2)": Beta(0.3, 2), "LID(0.1, 2.5, 1, 0.1)": lid, "fitted Beta": fitted}


def random_index(seed):
    rng = np.random.default_rng(seed)
    return lambda failures, _cost: rng.random(failures.size)


def against_theory(runs):
    print(f"z-scores of simulated coverage at t = {BUDGETS.tolist()}, {runs} runs")
    worst = 0.0
    for name, law in laws().items():
        for pool in (None, POOL):
            for policy, how in {"r = 1": {"r": 1}, **OTHERS}.items():
                t = BUDGETS
                found = simulate(law, t, pool=pool, runs=runs, rng=1, **how)
                if "r" in how:
                    exact = reset_and_discard(law, t, pool=pool, **how)
                else:
                    exact = solve_to_completion(law, t, pool=pool)
                z = (found.coverage - exact) / found.stderr
                worst = max(worst, np.abs(z).max())
                where = f"pool of {pool}" if pool else "endless"
                print(f"  {name:22} {where:12} {policy:14}", " ".join(f"{x:6.2f}" for x in z))
    print(f"  largest |z|: {worst:.2f}\n")
    return worst < 4.5


def against_each_other(runs):
    print(f"lead of round robin, pool of {POOL}, {runs} runs of the same problems: mean (over its s.e.)")
    never_behind = True
    for name, law in laws().items():
        best = [simulate(law, BUDGETS, pool=POOL, runs=1, rng=run).coverage for run in range(runs)]
        for policy, how in {**OTHERS, "random index": None}.items():
            lead = np.array(best) - [
                simulate(
                    law, BUDGETS, pool=POOL, runs=1, rng=run, **(how or {"policy": random_index(run)})
                ).coverage
                for run in range(runs)
            ]
            mean, error = lead.mean(axis=0), lead.std(axis=0, ddof=1) / np.sqrt(runs)
            never_behind &= bool(np.all(mean >= -3 * error))
            cells = (f"{m:8.2f} ({m / max(e, 1e-12):5.1f})" for m, e in zip(mean, error, strict=True))
            print(f"  {name:22} {policy:14}", " ".join(cells))
    print()
    return never_behind


def unequal_costs(runs):
    law, cost = Beta(0.3, 2), np.where(np.arange(POOL) % 2, 1.0, 10.0)
    t = np.geomspace(100, 2e6, 120)
    found = {
        "round robin": simulate(law, t, pool=POOL, cost=cost, runs=runs, rng=1),
        "success by cost": simulate(law, t, pool=POOL, cost=cost, policy=posterior_index(law), runs=8, rng=1),
    }
    first, second = found.values()
    print(f"Beta(0.3, 2), pool of {POOL}, every other problem costs 10 an attempt, the others 1")
    for share in (0.2, 0.4, 0.5, 0.6, 0.7):
        level = share * POOL
        ratio = savings(first, second, level)
        costs = ", ".join(f"{name} {curve.cost(level):9.0f}" for name, curve in found.items())
        print(f"  {share:4.0%} solved: {costs}, ratio {ratio:5.2f}")
    print()


def exponents():
    law, width = Beta(0.3, 2), 0.1
    print(f"attempts for a 95% interval of the exponent of Beta(0.3, 2) of width {width}")
    depths = (10, 30, 100, 300, 1000)
    for depth in depths:
        cost = exponent_cost(law, width, rounds=depth, samples=depth)
        print(
            f"  depth {depth:5}: "
            f"Reset-and-Discard {cost.cost_reset:8.0f} on {cost.problems_reset:5.0f} problems, "
            f"full {cost.cost_full:8.0f} on {cost.problems_full:4.0f}, ratio {cost.ratio:5.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    agrees = against_theory(runs)
    leads = against_each_other(min(runs, 60))
    unequal_costs(min(runs, 60))
    exponents()
    return 0 if agrees and leads else 1


if __name__ == "__main__":
    sys.exit(main())
