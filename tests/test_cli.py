"""The command: what it prints against exact formulas, what it refuses in one line."""

import csv
import json
import math
import os
import re
import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from math import comb

import numpy as np
import pytest

pl = pytest.importorskip("polars", reason="needs the extra cli")
pytest.importorskip("typer", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

import lidfast  # noqa: E402
from lidfast import _command_passk, _console, _likelihoods, cli, difficulty, io  # noqa: E402

# Two models with n varying in the second, where not every shorter row has a success.
SMALL = [("small", 20, c) for c in (0, 0, 0, 1, 2, 0, 5, 1)]
LARGE = [("large", n, c) for n, c in ((20, 9), (20, 0), (30, 30), (25, 3), (30, 1), (20, 11))]


def write(path, rows, header=("model", "n", "c")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """A coarser goodness of fit where a test does not ask for one: those take most of the time."""
    monkeypatch.setattr(_command_passk, "_GOF_RESAMPLES", 9)


@pytest.fixture
def counts(tmp_path):
    return write(tmp_path / "counts.csv", SMALL + LARGE)


@pytest.fixture
def run(capfd):
    """Run the command in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return run


def refused(run, *arguments):
    """Standard error of a command that must be refused: one line."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("lidfast: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.removeprefix("lidfast: ").rstrip("\n")


def table_of(run, tmp_path, *arguments):
    """Rows of --out, with n_boot small."""
    path = tmp_path / "out.json"
    code, _, err = run(
        "passk", *arguments, "--out", path, *(() if "--n-boot" in arguments else ("--n-boot", 50))
    )
    assert (code, err) == (0, "")
    return json.loads(path.read_text())


# ---------------------------------------------------------------- numbers


def test_estimates_are_exact_and_fits_are_the_library_s(run, tmp_path, counts):
    rows = table_of(run, tmp_path, counts, "--by", "model", "--k", "1,2,5,20")
    assert [(row["model"], row["k"]) for row in rows] == [
        (model, k) for model in ("small", "large") for k in (1, 2, 5, 20)
    ]
    for row in rows:
        problems = [(n, c) for model, n, c in SMALL + LARGE if model == row["model"]]
        k = row["k"]
        failure = sum(Fraction(comb(n - c, k), comb(n, k)) for n, c in problems) / len(problems)
        assert row["failure"] == pytest.approx(float(failure), rel=1e-13)
        assert row["pass_at_k"] == pytest.approx(float(1 - failure), rel=1e-13)
        assert row["lower"] <= row["pass_at_k"] <= row["upper"]
        assert (row["problems"], row["n_min"]) == (len(problems), 20)
        assert row["n_max"] == (20 if row["model"] == "small" else 30)
        fit = difficulty.fit(*zip(*problems, strict=True))
        assert row["exponent"] == pytest.approx(fit.exponent, rel=1e-6)
        assert [row["exponent_lower"], row["exponent_upper"]] == pytest.approx(fit.exponent_ci, rel=1e-4)
        same = [other for other in rows if other["model"] == row["model"]]
        used = [(math.log(other["k"]), math.log(other["failure"])) for other in same if other["failure"] > 0]
        assert row["slope"] == pytest.approx(-np.polyfit(*zip(*used, strict=True), 1)[0], rel=1e-9)
        assert (row["window_min"], row["window_max"]) == (1, 20)
        assert (row["stopping"], row["block"], row["n_boot"], row["level"], row["seed"]) == (
            "fixed",
            1,
            50,
            0.95,
            0,
        )


def test_groups_with_all_or_no_successes_or_one_problem(run, tmp_path):
    path = write(
        tmp_path / "odd.csv",
        [("none", 10, 0), ("none", 10, 0), ("all", 10, 10), ("one", 10, 3), ("first", 1, 1), ("first", 1, 0)],
    )
    rows = table_of(run, tmp_path, path, "--by", "model", "--plot", tmp_path / "odd.png")
    by_model = {
        model: [row for row in rows if row["model"] == model] for model in ("none", "all", "one", "first")
    }
    assert {row["pass_at_k"] for row in by_model["none"]} == {0}
    assert {row["slope"] for row in by_model["none"]} == {0}
    assert {(row["pass_at_k"], row["slope"]) for row in by_model["all"]} == {(1, None)}
    assert [row["k"] for row in by_model["first"]] == [1]
    code, out, _ = run("passk", path, "--by", "model")
    assert code == 0
    assert "none: Beta fit: no attempt succeeded" in out
    single = write(tmp_path / "single.csv", [("m", 10, 3)])
    for resamples in (0, 20):
        assert run("passk", single, "--n-boot", resamples, "--plot", tmp_path / "odd.pdf")[0] == 0


def test_default_ks_end_at_the_smallest_n_of_each_group(run, tmp_path):
    path = write(tmp_path / "n.csv", [("a", 100, 3), ("a", 300, 0), ("b", 9, 1)])
    rows = table_of(run, tmp_path, path, "--by", "model", "--stopping", "fixed")
    assert [row["k"] for row in rows if row["model"] == "a"] == [1, 2, 5, 10, 20, 50, 100]
    assert [row["k"] for row in rows if row["model"] == "b"] == [1, 2, 5]


def test_stopping_at_the_first_success(run, tmp_path):
    # Blocks of 2: S(1) by hand is the mean over problems of the share of the failed first attempts.
    path = write(tmp_path / "b.csv", [("a", 2, 1), ("a", 2, 2), ("a", 4, 1), ("a", 6, 0)])
    rows = table_of(run, tmp_path, path, "--stopping", "first_success", "--block", 2)
    assert [row["k"] for row in rows] == [1, 2, 5]
    assert [row["failure"] for row in rows] == pytest.approx([(0.5 + 0 + 1 + 1) / 4, 0.5, 0.25])
    assert {(row["stopping"], row["block"]) for row in rows} == {("first_success", 2)}
    # The last block of a problem given up at 10 is not whole.
    path = write(path, [("a", 3, 1), ("a", 10, 0)])
    rows = table_of(run, tmp_path, path, "--stopping", "first_success", "--block", 3)
    assert [row["k"] for row in rows] == [1, 2, 5]


def test_a_group_does_not_depend_on_others_nor_on_the_order(run, tmp_path, counts):
    both = table_of(run, tmp_path, counts, "--by", "model")
    alone = table_of(run, tmp_path, write(tmp_path / "l.csv", LARGE[::-1]), "--by", "model")
    assert alone == [row for row in both if row["model"] == "large"]
    named = write(tmp_path / "x.csv", [("x", *row) for row in SMALL + LARGE], ("run", "model", "n", "c"))
    one, other = (table_of(run, tmp_path, named, "--by", by) for by in ("run,model", "model,run"))
    assert one == other
    reseeded = table_of(run, tmp_path, counts, "--by", "model", "--seed", 1)
    assert [row["pass_at_k"] for row in reseeded] == [row["pass_at_k"] for row in both]
    assert [row["lower"] for row in reseeded] != [row["lower"] for row in both]
    # Two groups of the same counts do not share their resamples.
    twins = write(tmp_path / "t.csv", [*SMALL, *(("twin", n, c) for _, n, c in SMALL)])
    rows = table_of(run, tmp_path, twins, "--by", "model", "--k", "1")
    assert rows[0]["lower"] != rows[1]["lower"]


def test_min_n_drops_and_says_how_many(run, tmp_path, counts):
    rows = table_of(run, tmp_path, counts, "--by", "model", "--min-n", 25)
    assert {(row["model"], row["problems"], row["n_min"]) for row in rows} == {("large", 3, 25)}
    _, out, _ = run("passk", counts, "--by", "model", "--min-n", 25)
    assert "Dropped 11 problems with n < 25 (--min-n).\n" in out
    assert "No problem of small has n >= 25: left out.\n" in out
    assert "Dropped 0 problems" in run("passk", counts, "--min-n", 20)[1]


def test_many_pairs_get_normal_intervals_and_a_note(run, tmp_path, counts, monkeypatch):
    monkeypatch.setattr(_command_passk, "_MANY_PAIRS", 5)
    path = tmp_path / "out.csv"
    _, out, _ = run("passk", counts, "--by", "model", "--out", path)
    assert "large: normal intervals: 2000 resamples of 6 distinct" in out
    assert set(pl.read_csv(path).select("model", "n_boot").rows()) == {("small", 2000), ("large", 0)}
    run("passk", counts, "--by", "model", "--n-boot", 7, "--out", path)
    assert set(pl.read_csv(path)["n_boot"]) == {7}


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_the_same_seed_gives_the_same_file(run, tmp_path, counts, ending):
    once, again = tmp_path / f"1.{ending}", tmp_path / f"2.{ending}"
    prints = [run("passk", counts, "--seed", 3, "--out", path) for path in (once, again)]
    assert prints[0] == prints[1]
    assert once.read_bytes() == again.read_bytes()
    assert "seed 3\n" in prints[0][1]


def test_human_eval_and_matrix(run, tmp_path):
    outcomes = np.random.default_rng(0).random((12, 10)) < 0.3
    np.save(tmp_path / "m.npy", outcomes)
    with (tmp_path / "results.jsonl").open("w") as file:
        for task, row in enumerate(outcomes):
            for passed in row:
                file.write(json.dumps({"task_id": f"HumanEval/{task}", "passed": bool(passed)}) + "\n")
    rows = table_of(run, tmp_path, tmp_path / "m.npy")
    assert rows == table_of(run, tmp_path, tmp_path / "results.jsonl")
    assert rows[0]["pass_at_k"] == pytest.approx(outcomes.mean(), rel=1e-13)


# ---------------------------------------------------------------- layout


def test_piped_output_has_a_line_for_each_group(run, counts):
    code, out, err = run("passk", counts, "--by", "model")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert lines[0] == f"{counts}: 14 problems, 2 groups; n fixed in advance; seed 0"
    (header,) = (line for line in lines if line.startswith("model"))
    assert header.split()[:3] == ["model", "problems", "n"]
    assert header.split()[-5:] == ["pass@1", "pass@2", "pass@5", "pass@10", "pass@20"]
    (large,) = (line for line in lines if line.startswith("large"))
    assert large.split()[1:3] == ["6", "20-30"]
    assert large.count("[") == 6  # the exponent and five k


def test_a_narrow_terminal_folds_the_table(run, counts, monkeypatch):
    def narrow():
        console = _console.Console(markup=False, width=70)
        console.width = 70
        return console

    wide = run("passk", counts, "--by", "model")[1]
    monkeypatch.setattr(_command_passk, "console", narrow)
    out = run("passk", counts, "--by", "model")[1]
    tables = [line for line in out.splitlines() if line.startswith("small")]
    assert len(tables) == 4
    assert max(map(len, out.split("\npass@k:")[0].splitlines()[1:])) <= 70
    (line,) = (line for line in wide.splitlines() if line.startswith("small"))
    cells = [part for part in line.split("  ") if part.strip()]
    folded = [part for table in tables for part in table.split("  ")[1:] if part.strip()]
    assert [cell.strip() for cell in cells[1:]] == [cell.strip() for cell in folded]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.12345,), "0.123"),
        ((0.12345, 0.1, 0.15), "0.123 [0.100, 0.150]"),
        ((0.00012345, 0.0001, 0.0002), "0.00012 [0.00010, 0.00020]"),
        ((0.99987, 0.9991, 1.0), "0.99987 [0.99910, 1.00000]"),
        ((1.0, 0.9, 1.0), "1.000 [0.900, 1.000]"),
        ((0.0, 0.0, 0.1), "0.000 [0.000, 0.100]"),
        ((-0.0001, -0.0004, 0.0), "-0.00010 [-0.00040, 0.00000]"),
        ((-0.0,), "0.000"),
        ((3e-9, 0.0, 7e-9), "3.0e-09 [0.000, 7.0e-09]"),
        ((math.inf, 0.5, math.inf), "inf [0.500, inf]"),
        ((math.nan,), "-"),
        ((0.5, math.nan, math.nan), "0.500"),
    ],
)
def test_numbers_show_two_digits(numbers, text):
    assert _console.with_interval(*numbers) == text


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("m", 5, 6)], "row 1, column 'c': 6 is more than the 5 attempts (data rows count from 1)"),
        ([("m", 5, 1), ("m", 5, -1)], "row 2, column 'c': -1 is negative (data rows count from 1)"),
        ([("m", 5, "nan")], "row 1, column 'c': nan is not a count (data rows count from 1)"),
        ([("m", "five", 1)], "row 1, column 'n': five is not a number (data rows count from 1)"),
    ],
)
def test_bad_counts(run, tmp_path, rows, message):
    path = write(tmp_path / "bad.csv", rows)
    assert refused(run, "passk", path) == f"{path}: {message}"


def test_bad_files(run, tmp_path, counts):
    assert refused(run, "passk", tmp_path / "no.csv") == f"{tmp_path / 'no.csv'}: no such file"
    assert "no column 'size' to group by: it has 'model', 'n', 'c'" in refused(
        run, "passk", counts, "--by", "size"
    )
    pl.read_csv(counts).write_parquet(tmp_path / "counts.parquet")
    whole = (tmp_path / "counts.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as Parquet" in refused(run, "passk", tmp_path / "cut.parquet")


def test_the_report_of_a_panic_is_held_back(run, monkeypatch, counts):
    """Polars panics on some damaged files: an exception, after a report on file descriptor 2."""

    def panic(*_):
        os.write(2, b"thread panicked\nstack backtrace\n")
        raise pl.exceptions.PanicException("unwrap")

    with monkeypatch.context() as patch:
        patch.setattr("lidfast.io._Reader.columns", panic)
        assert refused(run, "passk", counts) == (
            f"{counts}: cannot be read as CSV (truncated or damaged?): unwrap"
        )

    read = io.read_counts

    def warn(*arguments, **options):
        os.write(2, b"a warning\n")
        return read(*arguments, **options)

    monkeypatch.setattr(io, "read_counts", warn)
    code, _, err = run("passk", counts)
    assert (code, err) == (0, "a warning\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--k", "1,x"], "--k 1,x: it must be integers between commas"),
        (["--k", "0,1"], "--k 0,1: 0 is below 1"),
        (["--level", "1"], "--level is 1.0: it must be in [1e-12, 0.999999999999]"),
        (["--out", "a.txt"], "--out a.txt: the ending must be one of .csv, .parquet, .json"),
        (["--out", "no/a.csv"], "--out no/a.csv: no such folder as "),
        (["--plot", "a.csv"], "--plot a.csv: the ending must be one of .png, .pdf, .svg"),
        (["--by", "k"], "--by k: the results have a column 'k' of their own"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--stopping", "late"], "Invalid value for '--stopping'"),
        (["--bogus"], "No such option"),
    ],
)
def test_bad_options_are_refused_before_any_work(run, monkeypatch, arguments, message):
    monkeypatch.setattr(io, "read_counts", lambda *_, **__: pytest.fail("it was read"))
    assert refused(run, "passk", "counts.csv", *arguments).startswith(message)


def test_the_counts_are_not_written_over(run, counts):
    before = counts.read_bytes()
    assert "would write over the counts" in refused(run, "passk", counts, "--out", counts)
    assert counts.read_bytes() == before


def test_no_command_and_unknown_commands(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "passk" in out
    assert "No such command" in refused(run, "nosuch")
    assert "Missing argument" in refused(run, "passk")


def test_k_above_the_smallest_n(run, tmp_path, counts):
    assert refused(run, "passk", counts, "--by", "model", "--k", "1,21") == (
        f"{counts}: row 1: model=small: n is 20, fewer attempts than k = 21: ask for smaller --k, or drop "
        "such rows with --min-n 21 (data rows count from 1)"
    )
    assert run("passk", counts, "--by", "model", "--k", "1,21", "--min-n", 21)[0] == 0
    assert refused(run, "passk", counts, "--min-n", 31) == f"{counts}: no problem has n >= 31 (--min-n)"
    path = write(tmp_path / "zero.csv", [("m", 0, 0), ("m", 2, 0)])
    assert "row 1: n is 0, fewer attempts than k = 1" in refused(run, "passk", path)


def test_sampling_that_stopped_on_success_is_asked_about(run, tmp_path):
    rows = [("a", 3, 1), ("a", 9, 0), ("a", 9, 2), ("b", 9, 0)]
    path = write(tmp_path / "s.csv", rows)
    message = refused(run, "passk", path, "--by", "model", "--min-n", 9)
    assert message.startswith(
        f"{path}: model=a: n varies and every problem with fewer than 9 attempts has a success"
    )
    assert "--stopping first_success" in message
    assert run("passk", path, "--by", "model", "--stopping", "fixed")[0] == 0
    # One shorter problem without a success: not how such sampling ends.
    assert run("passk", write(path, [*rows, ("a", 4, 0)]), "--by", "model")[0] == 0


def test_first_success_is_checked(run, tmp_path):
    path = write(tmp_path / "s.csv", [("a", 9, 0), ("a", 3, 1), ("a", 5, 2)])
    first = ("--stopping", "first_success")
    assert refused(run, "passk", path, "--by", "model", *first).startswith(f"{path}: model=a: row 3: c is 2")
    path = write(tmp_path / "t.csv", [("a", 9, 0), ("a", 3, 1)])
    assert refused(run, "passk", path, *first, "--min-n", 5).startswith(f"{path}: --min-n 5 would drop")
    assert refused(run, "passk", path, *first, "--k", 10).startswith(f"{path}: k[0] is 10")
    assert refused(run, "passk", path, "--stopping", "fixed", "--block", 3).startswith(f"{path}: block is 3")


def test_debug_shows_the_traceback(run, tmp_path):
    code, _, err = run("passk", tmp_path / "no.csv", "--debug")
    assert code == 2
    assert "Traceback" in err
    assert "no such file" in err.splitlines()[-1]


def test_nothing_is_half_written(run, tmp_path, counts, monkeypatch):
    old = tmp_path / "out.csv"
    old.write_text("old")

    def fail(table, path):
        with io.atomically(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(io, "write_table", fail)
    assert "No space left" in refused(run, "passk", counts, "--out", old)
    assert old.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["counts.csv", "out.csv"]


# ---------------------------------------------------------------- as a process


def process(before=""):
    """Arguments that run the command in a process of its own, after some code."""
    program = f"{before}\nimport sys\nfrom lidfast.cli import main\nsys.exit(main())"
    return [sys.executable, "-W", "error", "-c", program]


def test_a_missing_extra_is_one_line(tmp_path):
    for module in ("polars", "typer"):
        command = process(f"import sys; sys.modules[{module!r}] = None")
        done = subprocess.run([*command, "passk", "x.csv"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr == f"lidfast: {module} is not installed: pip install 'lidfast[cli]'\n"


def test_a_missing_matplotlib_is_one_line(tmp_path):
    command = process("import sys; sys.modules['matplotlib'] = None")
    done = subprocess.run(
        [*command, "passk", "x.csv", "--plot", "x.png"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (
        2,
        "lidfast: --plot needs matplotlib: pip install 'lidfast[plot]'\n",
    )


def test_standard_input_and_a_reader_that_leaves(tmp_path, counts):
    command = process()
    arguments = [*command, "passk", "-", "--by", "model", "--n-boot", "20"]
    with counts.open() as file:
        done = subprocess.run(arguments, stdin=file, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("standard input: 14 problems, 2 groups")
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for arguments in (["passk", counts, "--n-boot", "20"], ["--version"]):
        with subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=buffered,
        ) as running:
            running.stdout.close()
            assert running.stderr.read() == ""
            assert running.wait() == 1


# ---------------------------------------------------------------- real counts


def test_exponents_rise_with_the_model_on_math(run, tmp_path, shared_data):
    path = tmp_path / "out.csv"
    code, _, err = run(
        "passk", shared_data("monkeys_pythia.csv"), "--by", "benchmark,model", "--n-boot", 20, "--out", path
    )
    assert (code, err) == (0, "")
    exponents = dict(
        pl.read_csv(path).filter(pl.col("benchmark") == "MATH").select("model", "exponent").unique().rows()
    )
    sizes = [f"Pythia {size}" for size in ("70M", "160M", "410M", "1B", "2.8B")]
    rising = [exponents[size] for size in sizes]
    assert rising == sorted(rising)
    assert rising[0] == 0
    assert min(exponents["Pythia 6.9B"], exponents["Pythia 12B"]) > 0.3


def test_best_of_n_counts_ask_for_the_stopping_rule(run, shared_data):
    path = shared_data("bon_jailbreaking_text.csv")
    assert "model=Claude 3.5 Opus: n varies" in refused(run, "passk", path, "--by", "model")
    code, out, err = run(
        *("passk", path, "--by", "model", "--stopping", "first_success", "--block", 60, "--n-boot", 20)
    )
    assert (code, err) == (0, "")
    assert "stopped after the first block of 60 with a success" in out
    assert "pass@10000" in out


def test_control_characters_of_a_file_do_not_reach_the_terminal(run, tmp_path):
    path = write(tmp_path / "counts.csv", [("\x1b[31mred", 5, 2), ("\x1b[31mred", 5, 0)])
    code, out, err = run("passk", path, "--by", "model", "--n-boot", 0)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "\N{REPLACEMENT CHARACTER}[31mred" in out


def test_an_error_names_the_first_bad_row_of_the_file(run, tmp_path):
    path = write(tmp_path / "counts.csv", [("a", 60, 1), ("a", 90, 1), ("a", 70, 2)])
    told = refused(run, "passk", path, "--stopping", "first_success", "--block", 60)
    assert "row 2" in told


# ---------------------------------------------------------------- lidfast simulate

QUICK = ["simulate", "--n-max", "64", "--runs", "4", "--instances", "500", "--k-max", "100", "--k-ref", "10"]


def test_simulate_prints_and_writes_what_it_shows(tmp_path, capsys):
    out, figure = tmp_path / "result.npz", tmp_path / "lid.png"
    assert cli.main([*QUICK, "--out", str(out), "--plot", str(figure), "--seed", "3"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "seed 3" in printed.out
    assert "largest |z|" in printed.out
    rows = [line.split() for line in printed.out.splitlines() if re.match(r"\d+ ", line)]
    assert [row[0] for row in rows] == ["16", "32", "64"]
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lid.png", "result.json", "result.npz"]
    with np.load(out) as numbers:
        arrays = dict(numbers)
    for row, N, mean in zip(rows, arrays["N"], arrays["generalization_error"], strict=True):
        assert int(row[0]) == N
        assert float(row[1]) == pytest.approx(mean, rel=1e-3)
    settings = json.loads((tmp_path / "result.json").read_text())
    model = lidfast.LIDModel(
        settings["d"], settings["beta"], **{k: settings[k] for k in ("sigma", "delta", "ridge")}
    )
    again = model.simulate(arrays["N"], arrays["k"], runs=4, instances=500, rng=settings["seed"])
    for name, array in again.arrays().items():
        np.testing.assert_array_equal(arrays[name], array)
    np.testing.assert_array_equal(
        arrays["beta_eff_line"], model.beta_eff(arrays["N_line"], settings["k_ref"])
    )


def test_same_seed_same_file_for_any_threads(tmp_path, capsys):
    files = []
    for threads in (1, 3):
        with lidfast.num_threads(threads):
            assert cli.main([*QUICK, "--out", str(tmp_path / f"{threads}.npz")]) == 0
        files.append([(tmp_path / f"{threads}{ending}").read_bytes() for ending in (".npz", ".json")])
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beta", "nan"], "beta"),
        (["--sigma", "0"], "sigma is 0"),
        (["--n-min", "64", "--n-max", "16"], "--n-max 16 is below"),
        (["--k-ref", "1000"], "--k-ref 1000 is above"),
        (["--out", "result.csv"], ".npz"),
        (["--out", "absent/result.npz"], "no such folder"),
        (["--plot", "lid.txt"], ".png"),
        (["--plot", "absent/lid.png"], "no such folder"),
        (["--ridge", "0", "--d", "16"], "--ridge 0: at N = d = 16"),
        (["--n-max", "3000000000"], "--n-max"),
        (["--k-max", "1" + 23 * "0"], "--k-max"),
        (["--beta", "1e300"], "--beta"),
        (["--sigma", "1e200"], "--sigma"),
        (["--runs", "1"], "runs"),
        (["--seed", "-1"], "seed"),
        (["--prior", "beta"], "prior is 'beta'"),
        (["--checkpoint", "run.txt"], ".npz"),
    ],
)
def test_simulate_refuses_in_one_line(options, message, capsys):
    assert cli.main([*QUICK, *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err


# ---------------------------------------------------------------- lidfast allocate


def test_allocate_prints_and_writes_what_it_shows(run, tmp_path):
    out, figure = tmp_path / "splits.csv", tmp_path / "splits.png"
    code, text, err = run(
        "allocate", "--budget", "30:33:2", "--train-cost", "2", "--integer", "--out", out, "--plot", figure
    )
    assert (code, err) == (0, "")
    assert figure.read_bytes().startswith(b"\x89PNG")
    model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    table = pl.read_csv(out)
    assert table["budget"].to_list() == pytest.approx([30, 33])
    assert table["saturated"].to_list() == [False, False]
    rows = [line.split() for line in text.splitlines() if re.match(r"\d+ ", line)]
    for row, split in zip(rows, table.iter_rows(named=True), strict=True):
        N, k = split["N"], split["k"]
        assert row[1:4] == [str(N), str(k), f"{2 * N + k}"]
        loss = model.generalization_error(N) + model.failure_rate(N, k)
        assert split["loss"] == pytest.approx(loss, rel=1e-10)
        assert split["beta_eff"] == pytest.approx(model.beta_eff(N, k), rel=1e-10)
    assert "At the largest budget training has not saturated." in text
    told = json.loads((tmp_path / "splits.settings.json").read_text())
    assert (told["d"], told["train_cost"], told["integer"]) == (20, 2.0, True)


def test_allocate_takes_another_law_of_the_precision(run, tmp_path):
    out = tmp_path / "split.json"
    code, text, err = run("allocate", "--budget", "60", "--prior", "weibull", "--beta", "3", "--out", out)
    assert (code, err) == (0, "")
    assert "prior weibull" in text
    model = lidfast.LIDModel(20, 3.0, sigma=0.3, delta=0.1, ridge=1e-3, prior="weibull")
    split = lidfast.allocation.optimal(model, 60, 1, 1)
    assert json.loads(out.read_text())[0]["N"] == pytest.approx(split.N, rel=1e-6)
    assert json.loads(out.with_suffix(".settings.json").read_text())["prior"] == "weibull"


def test_allocate_finds_the_cheapest(run, tmp_path):
    out = tmp_path / "split.npz"
    code, text, _ = run("allocate", "--target", "0.2", "--signal", "0.5", "--attempt-cost", "3", "--out", out)
    assert code == 0
    with np.load(out) as numbers:
        (N,), (k,), (cost,) = (numbers[name] for name in ("N", "k", "cost"))
    model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3, signal=0.5)
    assert model.failure_rate(N, k) == pytest.approx(0.2, rel=1e-9)
    assert cost == pytest.approx(N + 3 * k)
    assert f"{N:.6g}" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beta", "2"], "beta is 2"),
        (["--budget", "1.5"], "budgets[0] is 1.5"),
        (["--budget", "a"], "--budget a"),
        (["--budget", "9:5"], "must rise"),
        (["--budget", "5:9:1"], "points"),
        (["--budget", "5:9:3:1"], "--budget"),
        (["--budget", "-5"], "above 0"),
        (["--budget", "50", "--plot", "a.png"], "range"),
        (["--attempt-cost", "0"], "attempt_cost"),
        (["--risk-weight", "nan"], "risk_weight"),
        (["--target", "2"], "target_failure"),
        (["--target", "0.5", "--budget", "30"], "--budget"),
        (["--target", "0.5", "--integer"], "--integer"),
        (["--target", "0.5", "--risk-weight", "1"], "--risk-weight"),
        (["--out", "splits.txt"], ".csv"),
        (["--plot", "absent/a.png"], "no such folder"),
    ],
)
def test_allocate_refuses_in_one_line(options, message, capsys):
    assert cli.main(["allocate", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_simulate_goes_on_from_a_checkpoint(run, tmp_path):
    path = tmp_path / "run.npz"
    options = (*QUICK, "--checkpoint", path, "--beta", "1.5", "--prior", "weibull", "--per-octave", "2")
    code, text, _ = run(*options)
    assert code == 0
    assert "the mean excess risk is infinite" in text
    assert "23 " in text  # between 16 and 32
    written = path.read_bytes()
    assert run(*options)[1] == text
    with np.load(path) as again, np.load(BytesIO(written)) as first:
        for name in first.files:
            np.testing.assert_array_equal(again[name], first[name])
    assert "made with another seed" in refused(run, *options, "--seed", "5")


def test_simulate_draws_first_successes(run):
    code, text, _ = run(*QUICK, "--geometric")
    assert code == 0
    assert text != run(*QUICK)[1]


# ---------------------------------------------------------------- passk: laws and forecasts


def test_the_families_are_the_library_s():
    assert {family.value for family in _command_passk.Family} == {*_likelihoods.FAMILIES, "auto"}


@pytest.mark.parametrize("family", ["beta", "kumaraswamy", "auto"])
def test_forecasts_are_the_library_s(run, counts, tmp_path, family):
    out = tmp_path / "out.csv"
    options = ("--by", "model", "--k", "1,5", "--forecast", "100,1000000", "--family", family, "--gof", "29")
    code, text, _ = run("passk", counts, *options, "--out", out)
    assert code == 0
    table = pl.read_csv(out)
    assert table["k"].to_list() == [1, 5, 100, 1000000] * 2
    assert table["pass_at_k"].is_null().to_list() == [False, False, True, True] * 2
    for model, rows in (("small", SMALL), ("large", LARGE)):
        n, c = np.array(rows)[:, 1:].astype(int).T
        fit = difficulty.fit(n, c, family)
        law = fit.forecast([1, 5, 100, 10**6])
        own = table.filter(pl.col("model") == model)
        for column, field in (("law", "estimate"), ("law_lower", "lower"), ("law_upper", "upper")):
            np.testing.assert_allclose(own[column], getattr(law, field), rtol=1e-9)
        assert set(own["fitted"]) == {fit.family}
        assert set(own["family"]) == {family}
        np.testing.assert_allclose(own["exponent"], fit.exponent, rtol=1e-6)
        assert 0 < own["gof"][0] <= 1
        assert round(own["gof"][0] * 30, 9) == round(own["gof"][0] * 30)
        assert f"{law.estimate[2]:.3f}" in text
    assert "forecast pass@1000000" in text
    assert {"beta": "Beta exponent", "kumaraswamy": "kumaraswamy exponent", "auto": "fitted exponent"}[
        family
    ] in text


def test_a_law_that_does_not_fit_is_warned_of(run, tmp_path):
    """Half the problems are never solved and half in every second attempt: no Beta law is like that."""
    file = write(tmp_path / "halves.csv", [("m", 40, c) for c in [0] * 60 + [18, 20, 22] * 20])
    code, text, _ = run("passk", file, "--gof", "199", "--k", "1,2")
    assert code == 0
    assert "all problems: the Beta law does not fit (p = 0.005): do not rely on its exponent" in text
    _, text, _ = run("passk", file, "--gof", "0", "--k", "1,2")
    assert "does not fit" not in text
    assert "gof p" not in text


def test_no_goodness_of_fit_where_sampling_stopped_on_success(run, tmp_path):
    file = write(tmp_path / "stopped.csv", [("m", n, c) for n, c in ((1, 1), (3, 1), (9, 0), (2, 1), (9, 0))])
    code, text, _ = run("passk", file, "--stopping", "first_success", "--k", "1,2")
    assert code == 0
    assert "gof p" not in text
    assert "--gof needs attempts" in refused(run, "passk", file, "--stopping", "first_success", "--gof", "9")


def test_exponents_are_drawn(run, tmp_path):
    rows = [
        (f"tiny {size}", task, n, c)
        for size in ("70M", "1.4B")
        for task in "ab"
        for n, c in ((9, 0), (9, 2), (9, 7))
    ]
    file = write(tmp_path / "sizes.csv", rows, ("model", "task", "n", "c"))
    figure = tmp_path / "exponents.svg"
    assert run("passk", file, "--by", "model,task", "--exponents", figure)[0] == 0
    assert "parameters of the model" in figure.read_text() or figure.stat().st_size > 10_000
    assert "--exponents needs --by" in refused(run, "passk", file, "--exponents", figure)
    assert "--exponents" in refused(run, "passk", file, "--by", "model", "--exponents", tmp_path / "x.txt")
    assert "--forecast x: it must be integers" in refused(run, "passk", file, "--forecast", "x")


def test_slopes_of_nll(run, counts, tmp_path):
    out = tmp_path / "out.csv"
    code, text, _ = run("passk", counts, "--k", "1,2,5", "--loss", "nll", "--out", out)
    assert code == 0
    assert "slope of -ln pass@k" in text
    table = pl.read_csv(out)
    assert set(table["loss"]) == {"nll"}
    expected = lidfast.fit_power_law(table["k"], -np.log(table["pass_at_k"])).exponent
    np.testing.assert_allclose(table["slope"], expected, rtol=1e-9)


@pytest.fixture
def families(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for p in range(40):
        ease = rng.beta(0.5, 2)
        for model in ("new", "old"):
            rows += [(model, f"p{p}v{v}", f"f{p}", 30, rng.binomial(30, ease)) for v in range(3)]
    return write(tmp_path / "families.csv", rows, ("model", "problem", "topic", "n", "c"))


def test_families_are_resampled_whole(run, families, tmp_path):
    out = tmp_path / "out.csv"
    options = ("--by", "model", "--clusters", "topic", "--k", "1,5", "--n-boot", "0", "--out", out)
    code, text, _ = run("passk", families, *options)
    assert code == 0
    assert "over families of problems (topic)" in text
    table = pl.read_csv(families)
    for name in ("new", "old"):
        own = table.filter(pl.col("model") == name)
        n, c = own["n"].to_numpy(), own["c"].to_numpy()
        curve = lidfast.pass_at_k_curve(n, c, [1, 5], clusters=own["topic"].to_numpy())
        found = pl.read_csv(out).filter(pl.col("model") == name)
        np.testing.assert_allclose(found["stderr"], curve.stderr, rtol=1e-12)
        assert (curve.stderr > 1.3 * lidfast.pass_at_k_curve(n, c, [1, 5]).stderr).all()
    assert "no column 'kind'" in refused(run, "passk", families, "--clusters", "kind")
    assert "--clusters model" in refused(run, "passk", families, "--by", "model", "--clusters", "model")


def test_families_are_compared_whole(run, families, tmp_path):
    out = tmp_path / "out.csv"
    options = (
        "--clusters",
        "topic",
        "--compare",
        "new",
        "old",
        "--k",
        "1,5",
        "--n-boot",
        "500",
        "--out",
        out,
    )
    code, text, _ = run("passk", families, *options)
    assert code == 0
    assert "bootstrap over families of problems (topic)" in text
    table = pl.read_csv(families)
    (n1, c1, topics), (n2, c2, _) = (
        [own[column].to_numpy() for column in ("n", "c", "topic")]
        for own in (table.filter(pl.col("model") == name) for name in ("new", "old"))
    )
    wide = lidfast.compare(n1, c1, n2, c2, [1, 5], n_boot=4000, clusters=topics, rng=0)
    found = pl.read_csv(out)
    np.testing.assert_allclose(found["difference"], wide.difference, rtol=1e-12)
    np.testing.assert_allclose(found["upper"] - found["lower"], wide.upper - wide.lower, rtol=0.3)
    text = families.read_text().replace("old,p3v1,f3", "old,p3v1,f4")
    families.write_text(text)
    message = refused(run, "passk", families, "--clusters", "topic", "--compare", "new", "old")
    assert "problem p3v1 is in topic f3 for new and f4 for old" in message


# ---------------------------------------------------------------- passk --compare


@pytest.fixture
def paired(tmp_path):
    """Two models and a third on the problems of two sets; one problem is known to one model only."""
    rng = np.random.default_rng(0)
    rows = []
    for task in ("easy", "hard"):
        s = rng.beta(0.5, 1 if task == "easy" else 4, 40)
        for model, lift in (("old", 0), ("new", 0.2), ("third", 0.1)):
            rows += [
                (model, task, f"p{i}", 30, rng.binomial(30, min(1, x + lift)))
                for i, x in enumerate(s.tolist())
            ]
    return write(
        tmp_path / "paired.csv",
        [*rows, ("old", "easy", "alone", 30, 1)],
        ("model", "task", "problem", "n", "c"),
    )


def test_comparisons_are_the_library_s(run, paired, tmp_path):
    out, figure = tmp_path / "out.csv", tmp_path / "out.png"
    code, text, _ = run(
        "passk",
        paired,
        "--by",
        "model,task",
        "--compare",
        "new",
        "old",
        "--k",
        "1,10",
        "--out",
        out,
        "--plot",
        figure,
    )
    assert code == 0
    table = pl.read_csv(out)
    assert table["task"].to_list() == ["easy", "easy", "hard", "hard"]
    assert table["problems"].to_list() == [40] * 4
    rows = pl.read_csv(paired)
    for task in ("easy", "hard"):
        new, old = (
            rows.filter((pl.col("model") == m) & (pl.col("task") == task) & (pl.col("problem") != "alone"))
            for m in ("new", "old")
        )
        found = lidfast.compare(new["n"], new["c"], old["n"], old["c"], [1, 10], n_boot=1)
        own = table.filter(pl.col("task") == task)
        np.testing.assert_allclose(own["difference"], found.difference, rtol=1e-12)
        rates = own["pass_at_k_first"] - own["pass_at_k_second"]
        np.testing.assert_allclose(rates, found.difference, rtol=1e-12)
        assert (own["lower"] < own["difference"]).all()
        assert (own["difference"] < own["upper"]).all()
        assert (own["p_value"] < 0.01).all()
    assert "Left out: 1 problems that one of the models did not attempt." in text
    assert "new less old" in text
    assert figure.stat().st_size > 10_000
    _, again, _ = run("passk", paired, "--by", "model,task", "--compare", "new", "old", "--k", "1,10")
    assert again == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--compare", "new", "missing"], "no model 'missing': it has 'old', 'new', 'third'"),
        (["--compare", "new", "old"], "new has problem p0 more than once: does --by lack a column?"),
        (
            ["--compare", "new", "old", "--by", "model,task", "--k", "31"],
            "n is 30 somewhere, fewer attempts than k = 31",
        ),
        (["--compare", "new", "old", "--problem-column", "item"], "no column 'item'"),
        (["--compare", "new", "old", "--stopping", "first_success"], "--compare takes attempts whose number"),
        (["--compare", "new"], "--compare"),
    ],
)
def test_what_cannot_be_compared(run, paired, arguments, message):
    assert message in refused(run, "passk", paired, *arguments)


# ---------------------------------------------------------------- coverage


COSTS = [("a", 10, c, cost) for c, cost in ((0, 1), (1, 4), (3, 2), (9, 1))]
COSTS += [("b", 5, c, cost) for c, cost in ((5, 1.5), (2, 1), (2, 1))]


@pytest.fixture
def costly(tmp_path):
    return write(tmp_path / "costs.csv", COSTS, ("model", "n", "c", "tokens"))


def test_coverage_is_the_library_s_replay(run, tmp_path, costly):
    out = tmp_path / "out.json"
    arguments = ("coverage", costly, "--by", "model", "--cost-column", "tokens", "--shuffles", 20)
    code, printed, err = run(*arguments, "--seed", 4, "--out", out)
    assert (code, err) == (0, "")
    table = pl.DataFrame(json.loads(out.read_text()))
    assert table["policy"].unique(maintain_order=True).to_list() == [
        "reset",
        "reset:20",
        "solve_to_completion",
        "index",
    ]
    rows = table.filter(model="a", policy="solve_to_completion")
    counts = io.read_counts(costly, by=["model", "tokens"]).filter(model="a")
    n, c, cost = (counts[name].cast(float).to_numpy() for name in ("n", "c", "tokens"))
    found = lidfast.coverage.replay(
        (n, c),
        rows["t"].to_numpy(),
        policy="solve_to_completion",
        cost=cost,
        shuffles=20,
        rng=_console.group_seed(4, {"model": "a"}),
    )
    np.testing.assert_allclose(rows["coverage"], found.coverage, rtol=1e-12)
    np.testing.assert_allclose(rows["stderr"], found.stderr, rtol=1e-12, atol=1e-15)
    assert rows["t"][-1] == pytest.approx(n @ cost)
    assert rows["law"].is_not_null().all()
    at = f"{found.cost(2):.3g}"
    (line,) = (
        line for line in printed.splitlines() if line.startswith("a") and "solve to completion" in line
    )
    assert line.split()[4:6] == ["4", "3.0"]
    assert line.split()[6] == at
    assert "success by cost" in printed


def test_coverage_of_attempts_that_stopped(run, tmp_path):
    """The first success is the last attempt: the costs of the round robin are known."""
    rows = [("m", n, int(n < 9)) for n in (1, 3, 3, 9)]
    file = write(tmp_path / "counts.csv", rows)
    assert "give --stopping first_success" in refused(run, "coverage", file, "--by", "model")
    out = tmp_path / "out.csv"
    options = ("--stopping", "first_success", "--policy", "reset", "--shuffles", 2)
    code, printed, _ = run("coverage", file, *options, "--out", out, "--budget", 16)
    assert code == 0
    table = pl.read_csv(out)
    assert table["coverage"][-1] == 3
    # 4 + 3 attempts in two rounds, 1 or 2 more for the first of the others, and 3 for all
    assert table.filter(pl.col("t") < 4)["coverage"].max() <= 1
    assert table.filter(pl.col("t") >= 10)["coverage"].min() == 3
    assert "A replay leaves a problem for good" in printed


def test_coverage_draws_and_refuses(run, tmp_path, costly):
    figure = tmp_path / "figure.svg"
    few = ("--shuffles", 5)
    assert run("coverage", costly, "--by", "model", "--plot", figure, *few)[0] == 0
    assert b"problems solved, %" in figure.read_bytes() or figure.stat().st_size > 10_000
    assert "'rest' is none of" in refused(run, "coverage", costly, "--policy", "rest")
    assert "'reset:0'" in refused(run, "coverage", costly, "--policy", "reset,reset:0")
    assert "already" in refused(run, "coverage", costly, "--by", "tokens", "--cost-column", "tokens")
    assert "rename yours" in refused(run, "coverage", costly, "--by", "policy")
    assert "--budget" in refused(run, "coverage", costly, "--budget", -1)
    assert "write over" in refused(run, "coverage", costly, "--out", costly)
    for bad, shown in (("-1", "-1"), ("", "null"), ("much", "much")):
        file = write(tmp_path / "bad.csv", [("a", 5, 1, 2), ("a", 5, 2, bad)], ("model", "n", "c", "tokens"))
        message = refused(run, "coverage", file, "--cost-column", "tokens")
        assert f"row 2: tokens is {shown}: it must be a number above 0" in message
    nothing = write(tmp_path / "none.csv", [("a", 0, 0), ("a", 0, 0)])
    assert "no problem has an attempt" in refused(run, "coverage", nothing)
    hopeless = write(tmp_path / "hopeless.csv", [("a", 5, 0), ("a", 5, 0)])
    code, printed, _ = run("coverage", hopeless, *few)
    assert code == 0
    assert "no Beta law could be fitted" in printed
    assert "- (-)" in printed
