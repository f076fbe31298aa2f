"""lidfast passk --compare: two models on the same problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from . import io
from ._check import FloatArray
from ._console import (
    Refused,
    console,
    default_ks,
    group_seed,
    print_folded,
    progress,
    refusals,
    save_figure,
    with_interval,
    word,
)
from .passk import Comparison, compare, pass_at_k


@dataclass(frozen=True)
class Request:
    """What is to be compared, and how."""

    source: str
    models: tuple[str, str]
    by: list[str]  # the first of these columns holds the models
    problem: str
    clusters: str | None  # the column of families of problems
    ks: list[int] | None
    n_boot: int
    level: float
    seed: int


@dataclass(frozen=True)
class _Pairs:
    """Problems of one group that both models have attempted."""

    key: dict[str, Any]
    n: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    c: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    families: np.ndarray[Any, Any] | None

    @property
    def label(self) -> str:
        return ", ".join(map(word, self.key.values())) or "all problems"


@dataclass(frozen=True)
class _Result:
    pairs: _Pairs
    rates: tuple[FloatArray, FloatArray]  # pass@k of both
    comparison: Comparison


def run(request: Request, counts: pl.DataFrame, out: Path | None, plot: Path | None) -> None:
    """Compare, print, and write what is asked for. counts: grouped by request.by and the problem."""
    groups, notes = _groups(request, counts)
    results = [_compared(request, pairs) for pairs in progress(groups, "groups")]
    if out is not None:
        io.write_table(_long_table(request, results), out)
    if plot is not None:
        from .plot import compare_figure

        figure = compare_figure(
            {result.pairs.label: result.comparison for result in results}, *request.models, request.level
        )
        save_figure(figure, plot)
    _print(request, results, notes)


def _groups(request: Request, counts: pl.DataFrame) -> tuple[list[_Pairs], list[str]]:
    model, *others = request.by
    named = counts.with_columns(pl.col(model).cast(pl.String))
    for name in request.models:
        if named.filter(pl.col(model) == name).is_empty():
            have = ", ".join(map(repr, named[model].unique(maintain_order=True).drop_nulls()))
            raise Refused(f"{request.source}: no {model} {name!r}: it has {have}")
    sides = []
    for name in request.models:
        side = named.filter(pl.col(model) == name)
        twice = side.filter((pl.len().over(*others, request.problem) > 1) | (pl.col("problems") > 1))
        if not twice.is_empty():
            row = twice.sort("row").row(0, named=True)
            raise Refused(
                f"{request.source}: row {row['row']}: {name} has {request.problem} "
                f"{word(row[request.problem])} more than once: does --by lack a column?"
            )
        sides.append(side.drop(model, "problems"))
    keys = [*others, request.problem]
    both = sides[0].join(sides[1], on=keys, suffix="_other", nulls_equal=True).sort("row")
    if both.is_empty():
        raise Refused(f"{request.source}: no {request.problem} was attempted by both models")
    if request.clusters and request.clusters not in keys:
        name = request.clusters
        moved = both.filter(pl.col(name).ne_missing(pl.col(f"{name}_other")))
        if not moved.is_empty():
            row = moved.row(0, named=True)
            raise Refused(
                f"{request.source}: row {row['row']}: {request.problem} {word(row[request.problem])} is in "
                f"{name} {word(row[name])} for {request.models[0]} and {word(row[f'{name}_other'])} for "
                f"{request.models[1]}"
            )
    notes = []
    alone = sum(len(side) for side in sides) - 2 * len(both)
    if alone:
        notes.append(f"Left out: {alone} problems that one of the models did not attempt.")
    parts = both.partition_by(others, maintain_order=True) if others else [both]
    groups = []
    for part in parts:
        n1, n2, c1, c2 = (part[name].to_numpy() for name in ("n", "n_other", "c", "c_other"))
        key = part.select(others).row(0, named=True) if others else {}
        families = None
        if request.clusters:
            families = part[request.clusters].rank("dense").fill_null(0).to_numpy()
        groups.append(_Pairs(key, (n1, n2), (c1, c2), families))
    return groups, notes


def _compared(request: Request, pairs: _Pairs) -> _Result:
    limit = int(min(n.min() for n in pairs.n))
    ks = request.ks or default_ks(max(limit, 1))
    if limit < max(ks):
        raise Refused(
            f"{request.source}: {pairs.label}: n is {limit} somewhere, fewer attempts than k = {max(ks)}: "
            f"ask for smaller --k, or drop such problems with --min-n {max(ks)}"
        )
    (n1, n2), (c1, c2) = pairs.n, pairs.c
    with refusals(f"{request.source}: {pairs.label}: "):
        comparison = compare(
            n1,
            c1,
            n2,
            c2,
            ks,
            n_boot=request.n_boot,
            level=request.level,
            clusters=pairs.families,
            rng=group_seed(request.seed, pairs.key),
        )
        rates = tuple(pass_at_k(n, c, ks).mean(axis=0) for n, c in ((n1, c1), (n2, c2)))
    return _Result(pairs, (rates[0], rates[1]), comparison)


def _long_table(request: Request, results: Sequence[_Result]) -> pl.DataFrame:
    tables = []
    for result in results:
        found = result.comparison
        values = {
            **{name: [value] * found.k.size for name, value in result.pairs.key.items()},
            "first": request.models[0],
            "second": request.models[1],
            "problems": result.pairs.n[0].size,
            "k": found.k,
            "pass_at_k_first": result.rates[0],
            "pass_at_k_second": result.rates[1],
            "difference": found.difference,
            "lower": found.lower,
            "upper": found.upper,
            "p_value": found.p_value,
            "n_boot": request.n_boot,
            "level": request.level,
            "clusters": request.clusters,
            "seed": request.seed,
        }
        tables.append(pl.DataFrame(values))
    return pl.concat(tables, how="vertical_relaxed")


def _print(request: Request, results: Sequence[_Result], notes: Sequence[str]) -> None:
    out = console()
    first, second = map(word, request.models)
    out.print(f"{request.source}: {first} less {second}, problem by problem; seed {request.seed}")
    out.print()
    for result in results:
        found = result.comparison
        size = result.pairs.n[0].size
        out.print(f"{result.pairs.label}: {size} problem{'s' * (size > 1)}")
        out.print()
        columns = {
            "k": [str(k) for k in found.k],
            f"pass@k {first}": [with_interval(x) for x in result.rates[0]],
            f"pass@k {second}": [with_interval(x) for x in result.rates[1]],
            "difference": [
                with_interval(*row) for row in zip(found.difference, found.lower, found.upper, strict=True)
            ],
            "p-value": ["-" if np.isnan(p) else f"{p:.4f}" for p in found.p_value],
        }
        print_folded(out, 1, columns)
    over = f"families of problems ({request.clusters})" if request.clusters else "problems"
    out.print(
        f"difference: [{100 * request.level:g}% interval: BCa bootstrap over {over}, {request.n_boot} "
        "resamples]."
    )
    out.print("p-value: two-sided, of no difference, by the same resamples; each k by itself.")
    for note in notes:
        out.print(note)
