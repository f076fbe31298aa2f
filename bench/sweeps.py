"""Sweeps on worker processes of this machine: what they cost over the work itself.

    python bench/sweeps.py [--workers 2] [--quiet]

checks that 1, 2 and 4 workers and several batch sizes find the bits that this process finds (exits with 1
if not); then prints, for points of 20 ms and of 50 microseconds, how near a sweep comes to its work divided
among the workers, twice in one process (the first call connects); batches a second and what each takes
of the client's and scheduler's processor; sweeps of the LID model with more and fewer kernel threads; bytes,
files and time of a store; and the client's memory. --quiet stops Dask's own watching of workers,
as `lidfast sweep --workers` does.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import dask
import numpy as np
from distributed import Client, LocalCluster

import lidfast
from lidfast import sweeps


class Timed:
    """A point of so many seconds of a processor."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self, i):
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass
        return 2.0 * i


def drawn(a, k, rng):
    generator = np.random.default_rng(rng)
    law = lidfast.difficulty.Beta(a, 2)
    return {"x": generator.normal(), "v": ("draw", generator.random(3)), "s": law.failure_rate(k)}


def same_bits(options):
    grid = {"a": [0.3, 1, 2.5], "k": [1, 3, 10, 30, 100, 300, 1000]}
    here = lidfast.sweep(drawn, grid, seed=7, progress=False)
    for workers in (1, 2, 4):
        with LocalCluster(**options | {"n_workers": workers}) as cluster, Client(cluster) as client:
            for batch in (1, 17, None):
                there = lidfast.sweep(drawn, grid, seed=7, client=client, batch=batch, progress=False)
                if not there.identical(here):
                    print(f"{workers} workers, batch {batch}: other values than in process")
                    return False
    print("1, 2 and 4 workers, batches of 1, 17 and by time: the same bits as in process")
    return True


def trivial(i):
    return 2.0 * i


def wide(i, rng):
    return {f"x{j}": x for j, x in enumerate(np.random.default_rng(rng).standard_normal(13))}


def timed(function, points, **options):
    """Seconds, and processor seconds of this process, client and scheduler."""
    begun, used = time.perf_counter(), time.process_time()
    lidfast.sweep(function, {"i": np.arange(points)}, seed=1, progress=False, **options)
    return time.perf_counter() - begun, time.process_time() - used


def efficiency(client, workers):
    print("points        work     ideal s   measured s (first, second call)   efficiency")
    for points, seconds, least in ((2000, 20e-3, 0.90), (100_000, 50e-6, 0.80)):
        ideal = points * seconds / workers
        both = [timed(Timed(seconds), points, client=client)[0] for _ in range(2)]
        shares = ", ".join(f"{ideal / x:.3f}" for x in both)
        measured = ", ".join(f"{x:.2f}" for x in both)
        print(
            f"{points:7d} {1e6 * seconds:8.0f} us  {ideal:7.2f}   {measured}   {shares} (asked {least:.2f})"
        )


def batches(client):
    for batch in (1, 10):
        seconds, used = timed(trivial, 2000 * batch, client=client, batch=batch)
        print(
            f"batches of {batch:2d}: {2000 / seconds:.0f} a second, {1e3 * used / 2000:.1f} ms of client and "
            "scheduler each"
        )


def threads(client):
    model = lidfast.LIDModel(40, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    grid = {"N": [64, 256, 1024], "beta": np.linspace(2.2, 5, 8)}
    found = {}
    for _ in range(3):
        for each in (1, 2, 4):
            begun = time.perf_counter()
            model.sweep(
                grid, 1000, seed=0, runs=32, instances=20_000, client=client, threads=each, progress=False
            )
            found.setdefault(each, []).append(time.perf_counter() - begun)
    for each, seconds in found.items():
        ratio = np.median(seconds) / np.median(found[1])
        print(
            f"{each} kernel threads on each worker: {np.median(seconds):.2f} s, {ratio:.2f} of one thread's"
        )


def store(client, folder):
    path = folder / "busy.zarr"
    for points in (1000, 100_000):
        shutil.rmtree(path, ignore_errors=True)
        seconds, _ = timed(Timed(50e-6), points, client=client, store=path)
    print(f"100000 points of 50 us into a store: {seconds:.2f} s, {path_size(path)}")
    print(f"peak memory of client and scheduler: {peak():.0f} MB (asked < 300)")
    path = folder / "wide.zarr"
    seconds, _ = timed(wide, 100_000, store=path)
    print(f"100000 points of 13 variables, in process: {seconds:.1f} s, {path_size(path)}")
    begun = time.perf_counter()
    lidfast.sweep(wide, {"i": np.arange(100_000)}, seed=1, store=path, progress=False)
    print(f"looked up in it again: {time.perf_counter() - begun:.2f} s")


def path_size(path):
    files = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return f"{sum(file.stat().st_size for file in files) / 1e5:.1f} bytes a point, {len(files)} files"


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args()
    options = {"n_workers": given.workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    quiet = sweeps.QUIET if given.quiet else {}
    if not same_bits(options):
        return 1
    with (
        dask.config.set(quiet),
        LocalCluster(**options) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        efficiency(client, given.workers)
        batches(client)
        threads(client)
        store(client, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
