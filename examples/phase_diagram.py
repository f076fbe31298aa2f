"""The phase diagram of the exponent of repeated sampling over training size and tail exponent.

    python examples/phase_diagram.py --store phase.zarr --out docs/phase-diagram.png

simulates each of 420 points on two worker processes, and draws the figure of docs/phase-diagram.md.
Stopped, it goes on from its store.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray

import lidfast
from lidfast.plot import phase_diagram


@contextlib.contextmanager
def workers(number: int) -> Iterator[Any]:
    """Start processes of this machine, of one thread each; None for none, so that all is computed here."""
    if not number:
        yield None
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=number, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def main(arguments: Sequence[str] | None = None) -> xarray.Dataset:
    """Sweep, say how well simulation and theory agree, and draw the figure where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, default=21, help="number of N, from 8 to 4096")
    parser.add_argument("--betas", type=int, default=20, help="number of beta, from 2.1 to 5")
    parser.add_argument("--features", type=int, default=40, help="number of features d")
    parser.add_argument("--attempts", type=float, default=1000.0, help="attempts k")
    parser.add_argument("--runs", type=int, default=64, help="training runs of a point")
    parser.add_argument("--instances", type=int, default=20_000, help="instances of a run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes; 0 computes in this one")
    parser.add_argument("--store", help="Zarr store, in which points stay and from which a run goes on")
    parser.add_argument("--out", help="file of the figure: png, pdf or svg")
    given = parser.parse_args(arguments)

    model = lidfast.LIDModel(given.features, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    grid = {
        "N": np.unique(np.geomspace(8, 4096, given.sizes).round().astype(int)),
        "beta": np.linspace(2.1, 5.0, given.betas).round(6),
    }
    begun = time.perf_counter()
    with workers(given.workers) as client:
        found = model.sweep(
            grid,
            given.attempts,
            seed=given.seed,
            runs=given.runs,
            instances=given.instances,
            store=given.store,
            client=client,
        )
    print(f"{found.attrs['points']} points in {time.perf_counter() - begun:.1f} s")
    z = found["z"].values[np.isfinite(found["z"].values)]
    agreement = f"largest |z| {abs(z).max():.2f} of {z.size}, mean z^2 {(z**2).mean():.2f}"
    print(f"simulated against exact S(k): {agreement}")
    if given.out:
        phase_diagram(found, "N", "beta", "beta_eff_median", contours="beta_eff_plugin").savefig(given.out)
        print(f"Figure: {given.out}")
    return found


if __name__ == "__main__":
    main()
