"""
Samplers beside NumPy
=====================

Nanoseconds a variate, on all threads and on one, and how many times as long NumPy's generator takes for
the same call. Each is the median of rounds in which the calls take turns in one process, on the machine
that built this page: on a busy one read the ratios. Blocks of a draw are keyed by counters, so the
threads change no bit of it.
"""

import os
import platform
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import lidfast

quick = os.environ.get("LIDFAST_GALLERY") == "quick"  # the size of the documentation's everyday build
plt.style.use("tableau-colorblind10")

laws = {
    "random": (),
    "standard_normal": (),
    "standard_exponential": (),
    "pareto": (2.5,),
    "standard_gamma": (1.25,),
    "standard_t": (2.5,),
    "beta": (0.3, 2.0),
    "zipf": (1.5,),
}
size, rounds = (10**5, 5) if quick else (5 * 10**6, 9)
ours, theirs = lidfast.random.default_rng(0), np.random.default_rng(0)
times = np.empty((len(laws), 3, rounds))
for i, (law, parameters) in enumerate(laws.items()):
    for j in range(rounds):
        for which, (rng, threads) in enumerate(((ours, None), (ours, 1), (theirs, None))):
            with lidfast.num_threads(threads or lidfast.get_num_threads()):
                start = perf_counter()
                getattr(rng, law)(*parameters, size=size)
                times[i, which, j] = perf_counter() - start
many, one, numpy = np.median(times, axis=2).T / size * 1e9

# %%

figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
y = np.arange(len(laws))
axes.barh(y - 0.27, numpy, 0.25, color="C2", label="NumPy")
axes.barh(y, one, 0.25, color="C1", label="lidfast, one thread")
axes.barh(y + 0.27, many, 0.25, color="C0", label=f"lidfast, {lidfast.get_num_threads()} threads")
for i in y:
    axes.annotate(
        f"{numpy[i] / many[i]:.3g} times",
        (many[i], i + 0.27),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
    )
names = [f"{law}({', '.join(map(str, parameters))})" for law, parameters in laws.items()]
axes.set_yticks(y, names)
axes.invert_yaxis()
axes.set(xscale="log", xlabel="ns a float64 variate (int64 for zipf)", xlim=(0.2, 2.5 * numpy.max()))
axes.set_title(f"{size:,} variates a call, {platform.machine()}, {rounds} rounds", fontsize="medium")
axes.legend(loc="upper right")
axes.grid(axis="x", alpha=0.25)
plt.show()
