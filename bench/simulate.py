"""The simulation of the LID model against a straightforward NumPy script, and what its time goes to.

    python bench/simulate.py [--share 0.02] [--threads 2]

The job is d = 256, 12 training sizes from 16 to 8192, 64 runs, 10^6 instances a run and size, and 17
numbers of attempts. The script does a share of it (all sizes, fewer runs), and its time is scaled.
"""

import argparse
import resource
import time

import numpy as np
from scipy import special

import lidfast
from lidfast import _simulation

D, BETA, SIGMA, DELTA, RIDGE = 256, 2.5, 0.1, 0.01, 1e-9
N = np.unique(np.round(np.geomspace(16, 8192, 12)).astype(int))
K = np.unique(np.round(np.geomspace(1, 1e6, 17)))
RUNS, INSTANCES = 64, 1_000_000
MODEL = lidfast.LIDModel(D, BETA, sigma=SIGMA, delta=DELTA, ridge=RIDGE)


def straightforward(runs, instances):
    """Excess risks and failure rates, (sizes, runs) and (sizes, runs, nk), as one would first write them."""
    rng = np.random.default_rng(0)
    roots = np.sqrt(MODEL.spectrum)
    risk, rate = np.empty((N.size, runs)), np.empty((N.size, runs, K.size))
    for i, size in enumerate(N):
        for r in range(runs):
            X = rng.standard_normal((size, D)) * roots
            y = X.sum(axis=1) + SIGMA * rng.standard_normal(size) / np.sqrt(rng.gamma(BETA / 2, size=size))
            w = np.linalg.solve(X.T @ X / size + RIDGE * np.eye(D), X.T @ y / size)
            risk[i, r] = np.sum(MODEL.spectrum * (w - 1) ** 2)
            tau = rng.gamma(BETA / 2, size=instances)
            bias = np.sqrt(risk[i, r]) * rng.standard_normal(instances)
            root = np.sqrt(tau) / SIGMA
            s = special.ndtr((DELTA - bias) * root) - special.ndtr((-DELTA - bias) * root)
            for j, k in enumerate(K):
                rate[i, r, j] = np.mean((1 - s) ** k)
    return risk, rate


def timed(times, module, name):
    """Let a function of the module add its time to times[name]."""
    function = getattr(module, name)

    def wrapped(*arguments):
        start = time.perf_counter()
        result = function(*arguments)
        times[name] = times.get(name, 0.0) + time.perf_counter() - start
        return result

    setattr(module, name, wrapped)


def parts_of_training():
    """Seconds that the same features take to draw, and the same systems to solve, alone."""
    start = time.perf_counter()
    rng, room = lidfast.random.default_rng(0), np.empty(1 << 22)
    for size in N:
        for _ in range(-(-size * D * RUNS // room.size)):
            rng.standard_normal(out=room)
    drawing = time.perf_counter() - start
    start = time.perf_counter()
    for size in N:
        p = min(size, D)
        gram = np.broadcast_to(np.eye(p), (RUNS, p, p))
        lidfast.ridge_solve_gram(gram, np.ones((RUNS, p)), 1.0)
    return drawing, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1 / 64, help="of the runs that the script does")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    lidfast.set_num_threads(options.threads)

    times = {}
    for name in ("_train", "_curves", "_examine"):
        timed(times, _simulation, name)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    result = MODEL.simulate(N, K, runs=RUNS, instances=INSTANCES, rng=0)
    ours = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drawing, solving = parts_of_training()

    runs = max(1, round(options.share * RUNS))
    start = time.perf_counter()
    _, rate = straightforward(runs, INSTANCES)
    theirs = (time.perf_counter() - start) * RUNS / runs

    print(
        f"lidfast {ours:.1f} s on {options.threads} threads, NumPy {theirs:.0f} s: {theirs / ours:.0f} times"
    )
    print(f"peak memory {peak / 1024:.0f} MB, {base / 1024:.0f} MB of it before")
    rows = {
        "training": times["_train"],
        "  of it drawing features, alone": drawing,
        "  of it solving, alone": solving,
        "  the rest: Gram matrices": times["_train"] - drawing - solving,
        "attempts: draws, success probabilities, curves": times["_curves"],
        "exact integrals at the runs' risks": times["_examine"] - times["_curves"],
        "all else": ours - times["_train"] - times["_examine"],
    }
    for name, seconds in rows.items():
        print(f"{name:48} {seconds:6.2f} s {100 * seconds / ours:5.1f} %")
    print(f"an instance: {times['_curves'] / (N.size * RUNS * INSTANCES) * 1e9:.1f} ns for {K.size} k")
    print(lidfast.lid.agreement(result.arrays()))
    # The script cannot see S below 1/instances; where it can, it agrees.
    seen = rate.mean(axis=1) > 1e-3
    ratio = np.log(rate.mean(axis=1)[seen] / result.failure_rate[seen])
    print(f"median |ln| of NumPy's S over ours, where above 1e-3: {np.median(np.abs(ratio)):.3f}")


if __name__ == "__main__":
    main()
