"""Reading counts: every format against the same rows, every error against its message."""

import io
import json
import os
import stat
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pl = pytest.importorskip("polars", reason="needs the extra cli")

from lidfast.io import CountsError, atomically, check_output, read_counts, write_table  # noqa: E402

ROWS = [("b", 5, 2), ("a", 5, 0), ("b", 5, 2), ("b", 3, 0), ("a", 7, 7)]
# (n, c, problems, first row), of all rows
BINS = [(3, 0, 1, 4), (5, 0, 1, 2), (5, 2, 2, 1), (7, 7, 1, 5)]


def frame(n="n", c="c"):
    model, attempts, successes = zip(*ROWS, strict=True)
    return pl.DataFrame({"model": model, n: attempts, c: successes, "note": ["x"] * len(ROWS)})


def save(table, path):
    if path.suffix == ".csv":
        table.write_csv(path)
    elif path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        table.write_ndjson(path)
    return path


def attempts_of_each(rows):
    """human-eval's results: an attempt a row, the tasks interleaved."""
    attempts = []
    for i in range(max(n for _, n, _ in rows)):
        for task, (model, n, c) in enumerate(rows):
            if i < n:
                attempts.append({"task_id": f"T/{task}", "model": model, "passed": i < c, "completion": "\n"})
    return attempts


@pytest.fixture(params=["counts.csv", "counts.parquet", "counts.jsonl", "counts.ndjson"])
def table_path(request, tmp_path):
    return tmp_path / request.param


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("names", [("n", "c"), ("num_samples", "num_correct"), ("attempts", "correct")])
def test_a_table_is_its_histogram(table_path, names):
    save(frame(*names), table_path)
    assert read_counts(table_path).rows() == BINS


def test_groups_keep_the_order_of_the_file_and_pairs_ascend(table_path):
    save(frame(), table_path)
    read = read_counts(str(table_path), by=["model"])
    assert read.columns == ["model", "n", "c", "problems", "row"]
    assert read.rows() == [("b", 3, 0, 1, 4), ("b", 5, 2, 2, 1), ("a", 5, 0, 1, 2), ("a", 7, 7, 1, 5)]


def test_outer_groups_stay_together(table_path):
    table = pl.DataFrame({"x": list("qppq"), "y": list("bcab"), "n": [1, 1, 1, 1], "c": [0, 0, 0, 0]})
    table = pl.concat([table, table.with_columns(x=pl.lit("p"))])
    save(table, table_path)
    assert [row[:2] for row in read_counts(table_path, by=["x", "y"]).rows()] == [
        ("q", "b"),
        ("p", "c"),
        ("p", "a"),
        ("p", "b"),
    ]
    assert read_counts(table_path, by=["y", "y"]).columns[:2] == ["y", "n"]


def test_columns_by_option(table_path):
    save(frame("tries", "wins"), table_path)
    assert read_counts(table_path, n_column="tries", c_column="wins").rows() == BINS
    save(frame("n", "wins").with_columns(correct=pl.lit("?")), table_path)
    assert read_counts(table_path, c_column="wins").rows() == BINS


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_human_eval_results(tmp_path, ending):
    path = save(pl.DataFrame(attempts_of_each(ROWS)), tmp_path / f"results{ending}")
    assert [row[:3] for row in read_counts(path).rows()] == [row[:3] for row in BINS]
    by_model = read_counts(path, by=["model"])
    assert [row[:4] for row in by_model.rows()] == [
        ("b", 3, 0, 1),
        ("b", 5, 2, 2),
        ("a", 5, 0, 1),
        ("a", 7, 7, 1),
    ]
    assert by_model["row"].to_list() == [4, 1, 2, 5]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_success_matrix(tmp_path, dtype, order, monkeypatch):
    monkeypatch.setattr("lidfast.io._BLOCK", 10)  # several blocks
    matrix = np.random.default_rng(0).integers(0, 2, (23, 4))
    np.save(tmp_path / "m.npy", np.asarray(matrix, dtype=dtype, order=order))
    read = read_counts(tmp_path / "m.npy")
    assert {(n, c): m for n, c, m, _ in read.rows()} == Counter((4, int(c)) for c in matrix.sum(axis=1))
    for _, c, _, row in read.rows():
        assert matrix.sum(axis=1).tolist().index(c) == row - 1


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "npy", "human-eval", "bom"])
def test_standard_input_is_told_by_its_first_bytes(tmp_path, monkeypatch, kind):
    path = tmp_path / "data"
    if kind == "npy":
        with path.open("wb") as file:
            np.save(file, np.array([[True, False]]))
    elif kind == "human-eval":
        pl.DataFrame(attempts_of_each(ROWS)).write_ndjson(path)
    else:
        named = save(frame(), tmp_path / f"counts.{kind.replace('bom', 'csv')}")
        path.write_bytes(b"\xef\xbb\xbf" * (kind == "bom") + named.read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    read = [row[:3] for row in read_counts("-").rows()]
    assert read == ([(2, 1, 1)] if kind == "npy" else [row[:3] for row in BINS])


def test_odd_spellings_of_whole_numbers(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text('n,c\r\n"10", 3\r\n10.0,3.0\r\n1e1,+3\r\n')
    assert read_counts(path).rows() == [(10, 3, 3, 1)]
    path = tmp_path / "counts.jsonl"
    path.write_text('\n{"n": 10, "c": 3.0}\n\n{"c": "3", "n": 1e1}\n')
    assert read_counts(path).rows() == [(10, 3, 2, 1)]
    pl.DataFrame({"n": [10.0], "c": ["3"]}).write_parquet(tmp_path / "counts.parquet")
    assert read_counts(tmp_path / "counts.parquet").rows() == [(10, 3, 1, 1)]


def test_blank_lines_of_csv_are_no_rows_but_empty_values_are(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("n,c\n5,2\n\n4,1\n\n\n")
    assert [row[:3] for row in read_counts(path).rows()] == [(4, 1, 1), (5, 2, 1)]
    path.write_text("n,c\n5,2\n\n,\n")
    with pytest.raises(CountsError, match="missing"):
        read_counts(path)


def test_names_that_look_like_patterns(tmp_path):
    for ending in ("csv", "jsonl", "parquet"):
        path = save(frame(), tmp_path / f"a[1]*?.{ending}")
        assert read_counts(path).rows() == BINS


def test_group_values_are_integers_where_they_print_as_such(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("step,code,n,c\n100,007,3,1\n20,008,3,1\n,009,3,1\n")
    assert read_counts(path, by=["step"])["step"].to_list() == [100, 20, None]
    assert read_counts(path, by=["code"])["code"].to_list() == ["007", "008", "009"]


@settings(max_examples=30, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "x", "y,", 'z"', "é"]), st.integers(0, 2**53), st.fractions(0, 1)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["csv", "parquet", "jsonl"]),
)
def test_any_counts_come_back(tmp_path_factory, rows, kind):
    rows = [(group or None, n, int(n * Fraction(share))) for group, n, share in rows]
    table = pl.DataFrame(rows, schema={"group": pl.String, "n": pl.Int64, "c": pl.Int64}, orient="row")
    path = save(table, tmp_path_factory.mktemp("any") / f"counts.{kind}")
    read = read_counts(path, by=["group"])
    assert {row[:3]: row[3] for row in read.rows()} == Counter(rows)
    assert all(rows.index(row[:3]) == row[4] - 1 for row in read.rows())


# ---------------------------------------------------------------- what is refused


HINT = " (data rows count from 1)"
BAD_TEXT = {
    "n;c\n5;2\n": "no column 'n' or 'num_samples' or 'attempts': it has 'n;c'",
    "n,k\n5,2\n": "no column 'c' or 'num_correct' or 'correct': it has 'n', 'k'",
    "n,attempts,c\n5,5,2\n": "columns 'n' and 'attempts' both may be meant: choose with n_column",
    "n,c\n": "has no data rows",
    "\n\n": "is empty",
    'n,c\n5,"2\n': "cannot be read as CSV",
    "n,c\n5,2\n5,6\n4,5\n": "row 2, column 'c': 6 is more than the 5 attempts" + HINT,
    "n,c\n5,2\n5,-1\n": "row 2, column 'c': -1 is negative" + HINT,
    "n,c\n5,2\n-5,0\n": "row 2, column 'n': -5 is negative" + HINT,
    "n,c\n5,2\n5,nan\n": "row 2, column 'c': nan is not a count" + HINT,
    "n,c\n5,2\ninf,1\n": "row 2, column 'n': inf is not a count" + HINT,
    "n,c\n5,2\n5,\n": "row 2, column 'c': the value is missing" + HINT,
    "n,c\n5,2\n5\n": "row 2, column 'c': the value is missing" + HINT,
    "n,c\n5,2\n5,2.5\n": "row 2, column 'c': 2.5 is not an integer" + HINT,
    "n,c\n5,2\n5,two\n5,x\n": "row 2, column 'c': two is not a number" + HINT,
    "n,c\n5,2\n99999999999999999999,2\n": "row 2, column 'n': 99999999999999999999 is above 2^53" + HINT,
    "n,c\n5,2\n5,2,1\n": "row 2: 3 fields under a header of 2" + HINT,
    "n,c\n5,2\n5,\xff\n": "row 2: not UTF-8 text" + HINT,
    '{"n": 5, "c": 2}\n{"n": 5, "c": 2\n': "row 2: not a line of JSON: Expecting ',' delimiter" + HINT,
    '{"n": 5, "c": 2}\n\n{"n": 5, "c": NaN}\n': "row 2, column 'c': NaN is no JSON number" + HINT,
    '{"n": 5, "c": 2}\n[5, 2]\n': "row 2: not a JSON object but list" + HINT,
    '{"n": 5, "c": 2}\n{"n": 5}\n': "row 2, column 'c': the value is missing" + HINT,
    '{"n": 5, "c": 2}\n{"n": 5, "c": "x"}\n': "row 2, column 'c': x is not a number" + HINT,
    '{"n": 5, "c": 2}\n{"n": 5, "c": [1]}\n': "row 2, column 'c': [1] is not a number" + HINT,
    '{"n": 5, "c": 2}\n{"n": 5, "c": true}\n': "row 2, column 'c': true is not a number" + HINT,
    '{"task_id": 1, "passed": true}\n{"task_id": 1, "passed": "maybe"}\n': (
        "row 2, column 'passed': maybe is neither true nor false" + HINT
    ),
    '{"task_id": 1, "passed": true}\n{"task_id": 1}\n': "row 2, column 'passed': the value is missing" + HINT,
    '{"task_id": 1, "passed": true}\n{"passed": true}\n': "row 2, column 'task_id': the value is missing"
    + HINT,
}


@pytest.mark.parametrize("text", BAD_TEXT)
@pytest.mark.parametrize("standard_input", [False, True])
def test_bad_text(tmp_path, monkeypatch, text, standard_input):
    path = tmp_path / f"bad.{'jsonl' if text.startswith('{') else 'csv'}"
    path.write_bytes(text.encode("latin-1"))
    if standard_input:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    with pytest.raises(CountsError) as caught:
        read_counts("-" if standard_input else path)
    message = f"{'standard input' if standard_input else path}: {BAD_TEXT[text]}"
    assert str(caught.value) == message if ")" in message else str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_error_far_down_is_found(tmp_path):
    n = np.full(300_000, 100)
    c = np.zeros(300_000, dtype=np.int64)
    c[234_566] = 101
    c[270_000] = -1
    pl.DataFrame({"n": n, "c": c}).write_parquet(tmp_path / "big.parquet")
    with pytest.raises(CountsError, match=r"row 270001, column 'c': -1 is negative"):
        read_counts(tmp_path / "big.parquet")
    c[270_000] = 0
    pl.DataFrame({"n": n, "c": c}).write_csv(tmp_path / "big.csv")
    with pytest.raises(CountsError, match=r"row 234567, column 'c': 101 is more"):
        read_counts(tmp_path / "big.csv")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1, None], "row 2, column 'c': the value is missing"),
        ([1.0, float("nan")], "row 2, column 'c': nan is not a count"),
        ([1.0, 1.5], "row 2, column 'c': 1.5 is not an integer"),
        ([True, False], "row 1, column 'c': True is not a number"),
        ([[1], [1]], "row 1, column 'c': [1] is not a number"),
        ([None, None], "row 1, column 'c': the value is missing"),
    ],
)
def test_bad_columns_of_parquet(tmp_path, column, message):
    pl.DataFrame({"n": [5, 5], "c": column}).write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(CountsError) as caught:
        read_counts(tmp_path / "bad.parquet")
    assert str(caught.value) == f"{tmp_path / 'bad.parquet'}: {message}{HINT}"


def test_cut_parquet(tmp_path):
    whole = save(frame(), tmp_path / "counts.parquet").read_bytes()
    cut = tmp_path / "cut.parquet"
    for size in {*range(0, len(whole), 97), len(whole) - 1}:
        cut.write_bytes(whole[:size])
        with pytest.raises(CountsError, match="is empty" if size == 0 else r"cannot be read as Parquet"):
            read_counts(cut)
    cut.write_text("n,c\n5,2\n")
    with pytest.raises(CountsError, match="cannot be read as Parquet"):
        read_counts(cut)


def test_unsuitable_paths(tmp_path):
    def message(path, **options):
        with pytest.raises(CountsError) as caught:
            read_counts(path, **options)
        text = str(caught.value)
        assert text.startswith(f"{path}: ")
        assert "\n" not in text
        return text.removeprefix(f"{path}: ")

    assert message(tmp_path / "absent.csv") == "no such file"
    assert message(tmp_path) == "is not a file"
    (tmp_path / "empty.csv").touch()
    assert message(tmp_path / "empty.csv") == "is empty"
    (tmp_path / "counts.xlsx").write_text("n,c\n1,1\n")
    assert message(tmp_path / "counts.xlsx").startswith("unknown ending '.xlsx'")
    path = save(frame(), tmp_path / "counts.csv")
    columns = "it has 'model', 'n', 'c', 'note'"
    assert message(path, by=["size"]) == f"no column 'size' to group by: {columns}"
    assert message(path, n_column="N") == f"no column 'N': {columns}"
    assert "results have a column of that name" in message(path, by=["n"])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([True]), r"has shape \(1,\)"),
        (np.zeros((2, 3, 4), dtype=bool), r"has shape \(2, 3, 4\)"),
        (np.zeros((0, 3), dtype=bool), r"has shape \(0, 3\)"),
        (np.zeros((2, 0), dtype=bool), r"has shape \(2, 0\)"),
        (np.array([[0.0, 1.0]]), r"holds float64"),
        (np.array([[0, 1], [1, 2]]), r"row 2, column '2': 2 is neither 0 nor 1"),
        (np.array([[0, 1], [-1, 0]]), r"row 2, column '1': -1 is neither 0 nor 1"),
        (np.array([["a"]]), r"holds <U1"),
        (np.array([[None]]), r"cannot be read as a NumPy array: .*Python objects"),
    ],
)
def test_bad_matrices(tmp_path, array, message, monkeypatch):
    monkeypatch.setattr("lidfast.io._BLOCK", 2)  # a row at a time
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(CountsError, match=rf"^{tmp_path / 'm.npy'}: {message}"):
        read_counts(tmp_path / "m.npy")


def test_cut_matrix_and_columns_of_a_matrix(tmp_path):
    path = tmp_path / "m.npy"
    np.save(path, np.zeros((20, 30), dtype=bool))
    with pytest.raises(CountsError, match="a success matrix has no column 'model'"):
        read_counts(path, by=["model"])
    whole = path.read_bytes()
    for size in (3, 20, 200):
        path.write_bytes(whole[:size])
        with pytest.raises(CountsError, match="cannot be read as a NumPy array"):
            read_counts(path)


# ---------------------------------------------------------------- what is written


def test_atomically_replaces_or_leaves_alone(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("before")
    link = tmp_path / "link.txt"
    link.symlink_to(path)

    def half():
        with atomically(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    reader = path.open()
    assert path.read_text() == "before"
    with atomically(link) as file:
        file.write(b"after")
    assert path.read_text() == "after"
    with reader:
        assert reader.read() == "before"  # another file: nobody sees half of this one
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link.txt", "out.txt"]
    fresh = tmp_path / "fresh"
    fresh.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(fresh.stat().st_mode)


def test_tables(tmp_path):
    table = pl.DataFrame({"k": [1, 2], "x": [0.1, float("inf")], "word": ["a", None]})
    write_table(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "k,x,word\n1,0.1,a\n2,inf,\n"
    write_table(table, tmp_path / "t.parquet")
    assert pl.read_parquet(tmp_path / "t.parquet").equals(table)
    write_table(table, tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == [
        {"k": 1, "x": 0.1, "word": "a"},
        {"k": 2, "x": None, "word": None},
    ]


def test_outputs_are_checked_before_they_are_made(tmp_path):
    for path, what in {
        "t.txt": "the ending must be one of .csv, .png",
        "no/t.csv": "no such folder",
        "folder.csv": "is a folder",
    }.items():
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
        with pytest.raises(ValueError, match=what):
            check_output("--out", tmp_path / path, (".csv", ".png"))
    check_output("--out", Path(tmp_path / "t.CSV"), (".csv", ".png"))


def test_json_lines_with_a_byte_order_mark_and_blank_files(tmp_path):
    marked, blank = tmp_path / "marked.jsonl", tmp_path / "blank.csv"
    marked.write_bytes(b'\xef\xbb\xbf{"n": 5, "c": 2}\n')
    assert read_counts(marked).rows() == [(5, 2, 1, 1)]
    blank.write_text("\n \n")
    with pytest.raises(CountsError, match="is empty"):
        read_counts(blank)


# ---------------------------------------------------------------- success matrices as text


@pytest.mark.parametrize("text", ["0,1,1\n0,0,0\n1,1,1\n0,0,0", "0, 1,1\r\n0,0,0\r\n1,1,1\r\n0,0,0\r\n"])
def test_a_table_of_outcomes_without_a_header_is_a_success_matrix(tmp_path, text):
    path = tmp_path / "matrix.csv"
    path.write_bytes(text.encode())
    assert read_counts(path).rows() == [(3, 0, 2, 2), (3, 2, 1, 1), (3, 3, 1, 3)]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("0,1\n1,2\n", {}, r"row 2, column '2': 2 is neither 0 nor 1"),
        ("0,1\n1\n", {}, r"row 2, column '2': the value is missing"),
        ("0,1\n1,0,1\n", {}, r"matrix\.csv"),
        ("0,1\n1,0\n", {"by": ["model"]}, "a success matrix has no column 'model'"),
    ],
)
def test_text_that_is_no_success_matrix(tmp_path, text, options, words):
    path = tmp_path / "matrix.csv"
    path.write_text(text)
    with pytest.raises(CountsError, match=words):
        read_counts(path, **options)
