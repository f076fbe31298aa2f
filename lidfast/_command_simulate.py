"""lidfast simulate: the LID model, simulated beside its theory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from . import io
from ._console import (
    Refused,
    check_figure,
    console,
    print_folded,
    refusals,
    reported,
    save_figure,
)
from .lid import LIDModel, agreement


def simulate(
    d: Annotated[int, typer.Option("--d", min=1, max=10_000, help="Number of features.")] = 20,
    beta: Annotated[float, typer.Option(max=100, help="Tail exponent of the difficulty law.")] = 2.5,
    sigma: Annotated[float, typer.Option(max=1e6, help="Scale of the label noise.")] = 0.3,
    delta: Annotated[float, typer.Option(max=1e6, help="Tolerance of the verifier.")] = 0.1,
    ridge: Annotated[float, typer.Option(max=1e6, help="Ridge penalty, of the mean squared error.")] = 1e-3,
    spectrum_exponent: Annotated[
        float, typer.Option(help="alpha_s: eigenvalues fall as j^-(1+alpha_s).")
    ] = 0.5,
    signal: Annotated[float, typer.Option(max=1e6, help="Size of the coefficients to be learned.")] = 1.0,
    prior: Annotated[
        str, typer.Option(help="Law of the latent precision: gamma, weibull, pareto or lognormal.")
    ] = "gamma",
    n_min: Annotated[int, typer.Option(min=1, help="Smallest training size.")] = 16,
    n_max: Annotated[int, typer.Option(min=1, max=10**7, help="Largest training size.")] = 4096,
    per_octave: Annotated[int, typer.Option(min=1, max=100, help="Training sizes for each doubling.")] = 1,
    k_max: Annotated[int, typer.Option(min=1, max=10**15, help="Largest number of attempts.")] = 10_000,
    k_ref: Annotated[int, typer.Option(min=1, help="Attempts at which beta_eff is tabulated.")] = 100,
    runs: Annotated[int, typer.Option(min=2, help="Training runs of each size.")] = 64,
    instances: Annotated[int, typer.Option(min=1, max=10**9, help="Fresh instances of each run.")] = 20_000,
    geometric: Annotated[
        bool, typer.Option("--geometric", help="Draw first successes, as an experiment would see them.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Keep what is found in this .npz file; the same command goes on from there."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the table and the curves into this file.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write every number to this .npz file, parameters and seed to .json beside it."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Simulate training and repeated attempts beside the exact theory.

    The exponent beta_eff = -d ln S / d ln k of the failure rate S(k) = 1 - pass@k rises with the
    training size N and saturates at the tail exponent beta of the difficulty law.
    """
    with reported(debug):
        if n_max < n_min:
            raise Refused(f"--n-max {n_max} is below --n-min {n_min}")
        if k_ref > k_max:
            raise Refused(f"--k-ref {k_ref} is above --k-max {k_max}")
        with refusals():
            model = LIDModel(
                d,
                beta,
                spectrum_exponent=spectrum_exponent,
                sigma=sigma,
                delta=delta,
                ridge=ridge,
                signal=signal,
                prior=prior,
            )
            if checkpoint is not None:
                io.check_output("--checkpoint", checkpoint, (".npz",))
            if out is not None:
                io.check_output("--out", out, (".npz",))
                io.check_output("--out", out.with_suffix(".json"), (".json",))
        if plot is not None:
            check_figure("--plot", plot)
        steps = range(int(per_octave * np.log2(n_max / n_min) + 1e-9) + 1)
        N = sorted({round(n_min * 2 ** (i / per_octave)) for i in steps})
        k = sorted({*_attempts(k_max), k_ref})
        with refusals():
            if d in N and ridge == 0 and np.isfinite(model.noise_variance):
                raise ValueError(f"--ridge 0: at N = d = {d} the excess risk is infinite without a penalty")
            result = model.simulate(
                N,
                k,
                runs=runs,
                instances=instances,
                rng=seed,
                checkpoint=checkpoint,
                progress=True,
                geometric=geometric,
            )
            numbers = result.numbers(k_ref)
        settings = {"lidfast": version("lidfast"), **asdict(model)}
        settings |= {"runs": runs, "instances": result.instances, "seed": seed, "k_ref": k_ref}
        if out is not None:
            with io.atomically(out) as file:
                np.savez(file, allow_pickle=False, **numbers)
            with io.atomically(out.with_suffix(".json")) as file:
                file.write(json.dumps(settings, indent=2).encode() + b"\n")
        if plot is not None:
            from .plot import simulate_figure

            save_figure(simulate_figure(numbers), plot)
        _print_simulation(numbers, settings)


def _attempts(k_max: int) -> list[int]:
    """1, 2, 3, 5, 10, ... up to k_max."""
    steps = (digit * 10**power for power in range(len(str(k_max))) for digit in (1, 2, 3, 5))
    return [k for k in steps if k <= k_max]


def _print_simulation(numbers: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]) -> None:
    k_ref = int(numbers["k_ref"])
    at = int(np.searchsorted(numbers["k"], k_ref))

    columns = {
        "N": [str(N) for N in numbers["N"]],
        "L_gen simulated": [
            f"{mean:.4g} ± {error:.2g}"
            for mean, error in zip(
                numbers["generalization_error"], numbers["generalization_error_stderr"], strict=True
            )
        ],
        "median": [f"{x:.4g}" for x in np.median(numbers["risk"], axis=1)],
        "predicted": [f"{x:.4g}" for x in numbers["generalization_error_exact"]],
        f"beta_eff({k_ref}) simulated": [
            f"{mean:.3f} ± {error:.3f}"
            for mean, error in zip(numbers["beta_eff"][:, at], numbers["beta_eff_stderr"][:, at], strict=True)
        ],
        "exact": [f"{x:.3f}" for x in numbers["beta_eff_exact"][:, at]],
        "crossover k": [f"{x:.3g}" for x in numbers["crossover_k"]],
    }
    out = console()
    shown = {name: value for name, value in settings.items() if value is not None and name != "lidfast"}
    out.print("LID model: " + ", ".join(f"{name} {value}" for name, value in shown.items()))
    out.print()
    print_folded(out, 1, columns)
    out.print(agreement(numbers))
    out.print(
        "L_gen: mean over runs ± standard error. Its noise has no fourth moment for beta <= 4 (median)."
    )
    out.print("exact: S averaged over the excess risks of the same runs.")
    out.print(
        f"beta_eff({k_ref}) tends to {numbers['beta_eff_limit']:.3f} as L_gen falls, and with k to beta."
    )
    if np.isfinite(numbers["generalization_error_exact"]).any():
        out.print("crossover k: where S(k), at the predicted L_gen, is twice the intrinsic law's.")
    else:
        out.print("The noise has no variance, and the mean excess risk is infinite (median).")
