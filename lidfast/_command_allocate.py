"""lidfast allocate: what to train and what to attempt with a budget."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray

from . import allocation, io
from ._check import FloatArray
from ._console import Refused, check_figure, console, print_folded, refusals, reported, save_figure
from .lid import LIDModel

_POINTS_PER_DECADE = 4
_MOST_POINTS = 200


def allocate(
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
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="C | C:C[:POINTS]",
            help="Budget, or the range and number of several. [default: 30:100000]",
        ),
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="In place of a budget, the failure rate to reach at the least cost.")
    ] = None,
    train_cost: Annotated[float, typer.Option(help="Cost of a training label.")] = 1.0,
    attempt_cost: Annotated[float, typer.Option(help="Cost of an attempt.")] = 1.0,
    risk_weight: Annotated[
        float | None, typer.Option(help="Weight of the excess risk beside the failure rate. [default: 1]")
    ] = None,
    integer: Annotated[bool, typer.Option("--integer", help="Whole labels and attempts only.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the splits of all budgets into this file.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the table to this file (.csv, .json, .parquet, .npz), parameters to .settings.json "
            "beside it."
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Split a budget between training labels and attempts at the least loss.

    The loss is the excess risk, weighted, plus the failure rate S(k) = 1 - pass@k, exact. Training is
    saturated where the exponent beta_eff of S is within 1% of what no excess risk would give.
    """
    with reported(debug):
        given = {"--budget": budget, "--risk-weight": risk_weight, "--integer": integer, "--plot": plot}
        if target is not None:
            for option, value in given.items():
                if value not in (None, False):
                    raise Refused(f"{option} is of no use with --target")
        budgets = _budgets("30:100000" if budget is None else budget)
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
            beside = None
            if out is not None:
                beside = out.with_suffix(".settings.json")
                io.check_output("--out", out, (*io.TABLE_ENDINGS, ".npz"))
                io.check_output("--out", beside, (".json",))
        if plot is not None:
            if budgets.size == 1:
                raise Refused("--plot needs a range of budgets")
            check_figure("--plot", plot)
        settings = {"lidfast": version("lidfast"), **asdict(model)}
        settings |= {"train_cost": train_cost, "attempt_cost": attempt_cost}
        saturation = None
        with refusals():
            if target is not None:
                split = allocation.cheapest(model, target, train_cost, attempt_cost)
                settings |= {"target": target}
                numbers = {name: np.array([value]) for name, value in asdict(split).items()}
            else:
                weight = 1.0 if risk_weight is None else risk_weight
                settings |= {"risk_weight": weight, "integer": integer}
                found = allocation.frontier(
                    model, budgets, train_cost, attempt_cost, weight, integer=integer, progress=True
                )
                numbers, saturation = found.numbers(), found.saturation
        if out is not None and beside is not None:
            _write(out, numbers)
            with io.atomically(beside) as file:
                file.write(json.dumps(settings, indent=2).encode() + b"\n")
        if plot is not None:
            from .plot import allocation_figure

            save_figure(allocation_figure(found), plot)
        _print_splits(numbers, settings, saturation)


def _budgets(text: str) -> FloatArray:
    """Read C, or C:C, or C:C:POINTS, spaced evenly in their logarithms."""
    parts = text.split(":")
    try:
        ends = [float(part) for part in parts[:2]]
        count = int(parts[2]) if len(parts) > 2 else None
    except ValueError:
        raise Refused(
            f"--budget {text}: it must be a number, or a range such as 30:1e5 or 30:1e5:20"
        ) from None
    if len(parts) > 3 or not all(math.isfinite(end) and end > 0 for end in ends):
        raise Refused(f"--budget {text}: it must be a number above 0, or a range such as 30:1e5 or 30:1e5:20")
    if len(ends) == 1:
        return np.array(ends)
    low, high = ends
    if not low < high:
        raise Refused(f"--budget {text}: the range must rise")
    if count is None:
        count = min(_MOST_POINTS, max(2, math.ceil(_POINTS_PER_DECADE * math.log10(high / low)) + 1))
    if not 2 <= count <= _MOST_POINTS:
        raise Refused(f"--budget {text}: the number of points must be from 2 to {_MOST_POINTS}")
    return np.geomspace(low, high, count)


def _write(out: Path, numbers: Mapping[str, NDArray[Any]]) -> None:
    if out.suffix.lower() == ".npz":
        with io.atomically(out) as file:
            np.savez(file, allow_pickle=False, **numbers)
    else:
        io.write_table(pl.DataFrame(dict(numbers)), out)


def _print_splits(
    numbers: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], saturation: int | None
) -> None:
    whole = numbers["N"].dtype.kind == "i"

    def count(x: Any) -> str:
        return str(x) if whole else f"{x:.6g}" if x < 1e6 else f"{x:.4g}"

    columns = {}
    if "budget" in numbers:
        columns["budget"] = [f"{x:.6g}" for x in numbers["budget"]]
    columns |= {name: [count(x) for x in numbers[name]] for name in ("N", "k")}
    if "budget" not in numbers or whole:
        columns["cost"] = [f"{x:.6g}" for x in numbers["cost"]]
    columns["training"] = [f"{100 * x:.1f}%" for x in numbers["train_share"]]
    columns["L_gen"] = [f"{x:.4g}" for x in numbers["generalization_error"]]
    columns["S(k)"] = [f"{x:.4g}" for x in numbers["failure_rate"]]
    if "budget" in numbers:
        columns["loss"] = [f"{x:.4g}" for x in numbers["loss"]]
        columns["beta_eff"] = [
            f"{x:.3f}{'*' if done else ' '}"
            for x, done in zip(numbers["beta_eff"], numbers["saturated"], strict=True)
        ]
        columns["limit"] = [f"{x:.3f}" for x in numbers["beta_eff_limit"]]
    out = console()
    shown = {name: value for name, value in settings.items() if value is not None and name != "lidfast"}
    out.print("LID model: " + ", ".join(f"{name} {value}" for name, value in shown.items()))
    out.print()
    print_folded(out, 1, columns)
    if "budget" not in numbers:
        out.print("The cheapest N and k whose failure rate S(k) = 1 - pass@k is the target.")
        return
    out.print("loss: risk_weight L_gen + S(k), the least on the budget; training: its share of the cost.")
    out.print(
        "beta_eff: exponent of S at k; limit: without excess risk; *: within 1%, training has saturated."
    )
    if saturation is None:
        out.print("At the largest budget training has not saturated.")
    elif numbers["budget"].size > 1:
        N, share = numbers["N"][saturation], numbers["train_share"][saturation]
        out.print(
            f"Saturated from budget {numbers['budget'][saturation]:.6g} on: N = {count(N)}, "
            f"{100 * share:.1f}% to training."
        )
