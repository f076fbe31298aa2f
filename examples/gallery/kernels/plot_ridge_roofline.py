r"""
Batched ridge against the roofline
==================================

What a core can do is bounded by its arithmetic and by the memory's bandwidth. For a ridge problem of n
rows and d columns in float64, the Gram matrix and its Cholesky factor take :math:`n d^2 + d^3 / 3`
operations (the symmetric half only) on 8 n d bytes, so d / 8 operations a byte: small d is bound by
memory. The roof is measured here, by a large matrix product and by the sum of a large array; NumPy
solves the same normal equations through LAPACK, one problem after another.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import lidfast

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")
rng = np.random.default_rng(0)


def least(call, rounds=3 if quick else 9):
    """Seconds of the quickest of some calls."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


threads = lidfast.get_num_threads()
square, columns = rng.standard_normal((1000, 1000)), np.ones((threads, 4 * 10**7 // threads))
peak = 2 * 1000**3 / least(lambda: square @ square)
with ThreadPoolExecutor(threads) as pool:  # NumPy's sum lets go of the interpreter
    bandwidth = columns.nbytes / least(lambda: list(pool.map(np.sum, columns)))

# %%

cases = [(64, 8), (64, 16), (128, 32), (256, 64), (512, 128), (1024, 256)]
rates = {"lidfast": [], "NumPy": []}
for n, d in cases:
    problems = max(1, (2 if quick else 20) * 10**6 // (n * d))
    X, y = rng.standard_normal((problems, n, d)), rng.standard_normal((problems, n))
    flops = problems * (n * d**2 + d**3 / 3)

    def numpy(X=X, y=y):
        Xt = X.swapaxes(1, 2)
        return np.linalg.solve(Xt @ X + np.eye(X.shape[2]), Xt @ y[..., None])

    rates["lidfast"].append(flops / least(lambda X=X, y=y: lidfast.ridge_solve(X, y, 1.0)))
    rates["NumPy"].append(flops / least(numpy))

intensity = np.array([(n * d**2 + d**3 / 3) / (8 * n * d) for n, d in cases])
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
line = np.geomspace(0.4, 60, 100)
axes.plot(line, np.minimum(line * bandwidth, peak) / 1e9, "k-", lw=1.5, label="roof, measured")
for (name, found), marker in zip(rates.items(), "os", strict=True):
    axes.plot(intensity, np.array(found) / 1e9, marker + "-", ms=5, label=name)
for (n, d), x, found in zip(cases, intensity, rates["lidfast"], strict=True):
    axes.annotate(
        f"{n} x {d}", (x, found / 1e9), xytext=(4, -11), textcoords="offset points", fontsize="small"
    )
axes.set(xscale="log", yscale="log", xlabel="operations a byte of X", ylabel="GFLOP/s, float64")
axes.tick_params(which="minor", labelleft=False)
axes.set_title(f"{threads} threads; n x d of each problem", fontsize="medium")
axes.legend()
axes.grid(alpha=0.25)
plt.show()
