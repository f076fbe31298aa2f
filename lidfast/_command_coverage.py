"""lidfast coverage: problems solved within a budget of attempts, by policy, from recorded counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from . import _check, coverage, difficulty, io
from ._check import FloatArray
from ._command_passk import Stopping, check_stopping
from ._console import (
    Refused,
    check_figure,
    console,
    group_seed,
    panics_held,
    print_folded,
    progress,
    refusals,
    reported,
    save_figure,
    word,
)
from .coverage import Coverage
from .random import Generator

_POINTS = 200
_LEVELS = (50, 80, 90)
_ALL = ("reset", "reset:20", "solve_to_completion")
_TITLES = {
    "reset": "Reset-and-Discard",
    "solve_to_completion": "solve to completion",
    "index": "success by cost",
}


@dataclass(frozen=True)
class _Result:
    """What the policies come to on one group; laws are on problems drawn from the fitted difficulty."""

    key: dict[str, Any]
    problems: int
    solvable: int
    fit: difficulty.Fit | None
    found: dict[str, Coverage]
    laws: dict[str, Coverage]

    @property
    def label(self) -> str:
        return ", ".join(map(word, self.key.values())) or "all problems"


def coverage_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="Counts as .csv, .parquet or .jsonl; human-eval's results or samples of "
            "lm-evaluation-harness as .jsonl; Inspect's logs as .eval or .json; a success matrix (problems "
            "by attempts) as .npy or .csv without a header; or - for standard input.",
        ),
    ],
    by: Annotated[str, typer.Option(help="Columns that make the groups, as in model,benchmark.")] = "",
    budget: Annotated[
        float | None,
        typer.Option(help="Largest budget, in units of cost.", show_default="all that is recorded"),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            help="Policies, with commas between: reset, reset:R (after R failures), solve_to_completion, "
            "index (largest posterior success probability by cost, of the fitted law); or all."
        ),
    ] = "all",
    cost_column: Annotated[
        str, typer.Option(help="Column of the cost of an attempt on a problem.", show_default="costs are 1")
    ] = "",
    n_column: Annotated[
        str, typer.Option(help="Column of attempts.", show_default="n, num_samples or attempts")
    ] = "",
    c_column: Annotated[
        str, typer.Option(help="Column of successes.", show_default="c, num_correct or correct")
    ] = "",
    stopping: Annotated[
        Stopping | None,
        typer.Option(
            help="Whether n was fixed in advance or attempts stopped at the first success (with --block: "
            "after the first block with one).",
            show_default="fixed, unless the counts look otherwise",
        ),
    ] = None,
    block: Annotated[int, typer.Option(min=1, help="Attempts in a block, with first_success.")] = 1,
    shuffles: Annotated[int, typer.Option(min=2, help="Random orders of problems and attempts.")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the shuffles.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw coverage against cost into this file.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the curves to this file: .csv, .parquet or .json.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Replay policies on recorded attempts: how many problems a budget solves.

    Prints for each group and policy what it costs to solve 50, 80 and 90% of the problems, and how many
    times less that is than to work on each problem until it is solved. Beside the replay stand the
    costs on problems drawn from a Beta difficulty fitted to the counts, which have no end.
    """
    with reported(debug):
        names = list(dict.fromkeys(name.strip() for name in by.split(","))) if by else []
        clash = [name for name in names if name in _COLUMNS]
        if clash:
            raise Refused(f"--by {by}: the results have a column {clash[0]!r} of their own, rename yours")
        if cost_column in names:
            raise Refused(f"--cost-column {cost_column}: it makes the groups already (--by)")
        policies = _policies(policy, bool(cost_column))
        with refusals():
            if budget is not None:
                _check.scalar("--budget", budget, _check.POSITIVE)
            if out is not None:
                io.check_output("--out", out, io.TABLE_ENDINGS)
        if plot is not None:
            check_figure("--plot", plot)
        for path in (out, plot):
            if path is not None and file != "-" and path.resolve() == Path(file).resolve():
                raise Refused(f"{path}: this would write over the counts")
        with refusals(), panics_held():
            keys = [*names, *([cost_column] if cost_column else [])]
            counts = io.read_counts(file, by=keys, n_column=n_column or None, c_column=c_column or None)
        source = "standard input" if file == "-" else file
        if cost_column:
            counts = _with_costs(source, counts, cost_column)
        parts = counts.partition_by(names, maintain_order=True) if names else [counts]
        if stopping is None:
            for part in parts:
                check_stopping(f"{source}: {_key_of(part, names)}", part)
        rule = {"stopping": (stopping or Stopping.fixed).value, "block": block}
        work = partial(_replay, names, cost_column, policies, budget, shuffles, seed, rule)
        results = []
        for part in progress(parts, "groups"):
            with refusals(f"{source}: {_key_of(part, names)}"):
                results.append(work(part))
        if out is not None:
            io.write_table(_long_table(results, names), out)
        if plot is not None:
            from .plot import coverage_figure

            shown = {r.label: (r.problems, _titled(r.found), _titled(r.laws)) for r in results}
            save_figure(coverage_figure(shown, cost_column or "attempts"), plot)
        _print(source, results, names, shuffles, seed, cost_column or "attempts")


def _policies(text: str, costs: bool) -> dict[str, int | None]:
    """Read policies: attempts before a problem is left, None for the index."""
    asked = [*_ALL, *(["index"] if costs else [])] if text == "all" else text.split(",")
    found: dict[str, int | None] = {}
    for name in (part.strip() for part in asked):
        kind, colon, number = name.partition(":")
        if kind == "reset" and (not colon or (number.isdecimal() and 1 <= int(number) <= 2**53)):
            r = int(number) if colon else 1
            found["reset" if r == 1 else f"reset:{r}"] = r
        elif name == "solve_to_completion":
            found[name] = 1
        elif name == "index":
            found[name] = None
        else:
            raise Refused(
                f"--policy {text}: {name!r} is none of reset, reset:R, solve_to_completion, index, all"
            )
    return found


def _with_costs(source: str, counts: pl.DataFrame, column: str) -> pl.DataFrame:
    costs = counts[column].cast(pl.Float64, strict=False)
    bad = ~(costs.is_finite() & (costs > 0)).fill_null(value=False)
    if bad.any():
        first = counts.filter(bad).sort("row").row(0, named=True)
        raise Refused(
            f"{source}: row {first['row']}: {column} is {word(first[column])}: it must be a number above 0"
        )
    return counts.with_columns(costs.alias(column))


def _replay(
    names: list[str],
    cost_column: str,
    policies: dict[str, int | None],
    budget: float | None,
    shuffles: int,
    seed: int,
    rule: dict[str, Any],
    part: pl.DataFrame,
) -> _Result:
    key = part.select(names).row(0, named=True) if names else {}
    part = part.filter(pl.col("n") > 0)
    if part.is_empty():
        raise ValueError("no problem has an attempt")
    weights = part["problems"].to_numpy()
    n, c = (np.repeat(part[name].to_numpy(), weights) for name in ("n", "c"))
    cost = np.repeat(part[cost_column].to_numpy(), weights) if cost_column else np.ones(n.size)
    last = float(n @ cost) if budget is None else budget
    t = np.geomspace(min(float(cost.min()), last), last, _POINTS)
    try:
        fit = difficulty.fit(part["n"].to_numpy(), part["c"].to_numpy(), weights=weights)
    except ValueError:
        fit = None
    law = fit.difficulty if fit is not None and fit.converged else None
    found, laws = {}, {}
    for name, r in policies.items():
        how: dict[str, Any] = {"policy": "reset", "r": r}
        if name == "solve_to_completion":
            how = {"policy": name}
        elif r is None:
            if law is None:
                continue
            how = {"policy": coverage.posterior_index(law)}
        generator = group_seed(seed, key)
        how["rng"] = generator
        found[name] = coverage.replay((n, c), t, cost=cost, shuffles=shuffles, **rule, **how)
        if law is not None:
            costs = partial(_shuffled, cost) if cost_column else 1.0
            laws[name] = coverage.simulate(law, t, pool=n.size, cost=costs, runs=shuffles, **how)
    return _Result(key, n.size, int(np.count_nonzero(c)), fit if law is not None else None, found, laws)


def _shuffled(cost: FloatArray, s: FloatArray, rng: Generator) -> FloatArray:
    """Give the problems of a law the costs of those in the file, in random order."""
    return cost[np.argsort(rng.random(s.size))]


def _key_of(part: pl.DataFrame, names: list[str]) -> str:
    """For errors: which group."""
    key = part.select(names).row(0, named=True) if names else {}
    return "".join(f"{name}={word(value)}: " for name, value in key.items())


# Columns of --out, after those of --by; a row is one budget of one policy of one group.
_COLUMNS = {
    "problems": pl.Int64,
    "policy": pl.String,
    "t": pl.Float64,
    "coverage": pl.Float64,
    "stderr": pl.Float64,
    "law": pl.Float64,
    "law_stderr": pl.Float64,
}


def _long_table(results: Sequence[_Result], names: list[str]) -> pl.DataFrame:
    tables = []
    for result in results:
        for policy, curve in result.found.items():
            law = result.laws.get(policy)
            values = {
                "problems": result.problems,
                "policy": policy,
                "t": curve.t,
                "coverage": curve.coverage,
                "stderr": curve.stderr,
                "law": law.coverage if law else None,
                "law_stderr": law.stderr if law else None,
            }
            table = pl.DataFrame(values, schema=_COLUMNS)
            keys = [pl.lit(result.key[name]).alias(name) for name in names]
            tables.append(table.select(*keys, *_COLUMNS))
    return pl.concat(tables, how="vertical_relaxed")


def _titled(curves: dict[str, Coverage]) -> dict[str, Coverage]:
    return {_title(name): curve for name, curve in curves.items()}


def _title(policy: str) -> str:
    return _TITLES.get(policy) or f"reset after {policy.partition(':')[2]}"


def _print(
    source: str, results: Sequence[_Result], names: list[str], shuffles: int, seed: int, unit: str
) -> None:
    out = console()
    groups = f"{len(results)} groups" if len(results) > 1 else "1 group"
    problems = sum(result.problems for result in results)
    out.print(f"{source}: {problems} problems, {groups}; {shuffles} shuffles; seed {seed}")
    out.print()
    rows = [(result, policy) for result in results for policy in result.found]
    columns: dict[str, list[str]] = {name: [word(result.key[name]) for result, _ in rows] for name in names}
    columns["policy"] = [_title(policy) for _, policy in rows]
    columns["problems"] = [str(result.problems) for result, _ in rows]
    columns["solved"] = [f"{result.found[policy].coverage[-1]:.1f}" for result, policy in rows]
    for level in _LEVELS:
        columns[f"cost of {level}%"] = [
            _with_law(result, policy, lambda curves, policy, at: curves[policy].cost(at), level)
            for result, policy in rows
        ]
    if any("solve_to_completion" in result.found for result in results):
        for level in _LEVELS:
            columns[f"savings at {level}%"] = [
                _with_law(result, policy, _saved, level) for result, policy in rows
            ]
    print_folded(out, len(names) + 1, columns)
    out.print(
        f"cost: in {unit}, to solve so many of all problems, by replay (on problems of the fitted law)."
    )
    out.print(
        "savings: cost of solve to completion over that of the policy. -: not reached within the budget."
    )
    if any(result.solvable < result.problems for result in results):
        out.print(
            "A replay leaves a problem for good where its record ends without a success: what solve to "
            "completion costs is more than it says."
        )
    for result in results:
        if result.fit is None:
            out.print(f"{result.label}: no Beta law could be fitted.")


def _saved(curves: dict[str, Coverage], policy: str, at: float) -> float:
    if "solve_to_completion" not in curves:
        return float("nan")
    return float(coverage.savings(curves["solve_to_completion"], curves[policy], at))


def _with_law(
    result: _Result, policy: str, what: Callable[[dict[str, Coverage], str, float], float], level: int
) -> str:
    at = level / 100 * result.problems

    def one(curves: dict[str, Coverage]) -> str:
        value = what(curves, policy, at) if policy in curves else float("nan")
        return "-" if np.isnan(value) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"

    return f"{one(result.found)} ({one(result.laws)})"
