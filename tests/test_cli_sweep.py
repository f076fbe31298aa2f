"""`lidfast sweep`: what a file asks for, what is printed and stored, what is refused in one line."""

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("polars", reason="needs the extra cli")
pytest.importorskip("typer", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")
pytest.importorskip("xarray", reason="needs the extra cluster")
pytest.importorskip("zarr", reason="needs the extra cluster")

import lidfast
from lidfast import cli, sweeps

FUNCTIONS = """
import os
import time

import numpy as np


def product(a, k, scale=1.0):
    return {"x": a * k * scale, "v": ("part", [a, k])}


def drawn(a, rng):
    return np.random.default_rng(rng).random() + 0 * a


def fails(a):
    if a == 2:
        raise ValueError("two")
    return a


def slow(a):
    if os.path.exists("hold"):
        time.sleep(0.05)
    return a
"""


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Run the command in this process: (exit code, standard output, standard error)."""
    (tmp_path / "own_functions.py").write_text(FUNCTIONS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "own_functions", raising=False)

    def run(text, *arguments):
        (tmp_path / "run.toml").write_text(text)
        code = cli.main(["sweep", "run.toml", *map(str, arguments)])
        return code, *capfd.readouterr()

    return run


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


PRODUCT = """
function = "own_functions:product"
seed = 1
[parameters]
scale = 2.0
[grid]
a = [1, 2]
k = { geomspace = [1, 100, 3], integer = true }
"""


def test_a_grid_of_an_own_function(run):
    code, out, err = run(PRODUCT, "--store", "run.zarr", "--out", "out.csv", "--plot", "map.png")
    assert (code, err) == (0, "")
    assert "own_functions:product: 6 points (2 a x 3 k), 0 failed, seed 1" in out
    line = next(line for line in out.splitlines() if line.startswith("x "))
    assert line.split() == ["x", "a,", "k", "2", "30", "400", "0"]
    table = rows("out.csv")
    assert len(table) == 12
    for row in table:
        assert float(row["x"]) == 2 * float(row["a"]) * float(row["k"])
        assert float(row["v"]) == float(row[("a", "k")[int(row["part"])]])
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")


def test_status_says_how_far(run, capfd):
    assert (
        run('function = "own_functions:fails"\nseed = 0\n[grid]\na = { range = [0, 4] }', "--store", "s")[0]
        == 1
    )
    assert cli.main(["sweep", "--status", "s"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("s: 4 points: 3 done, 1 failed, 0 left; ")
    assert "first error: ValueError: two (own_functions.py:" in out


def test_points_that_fail_are_told_and_give_exit_code_1(run):
    code, out, err = run('function = "own_functions:fails"\nseed = 0\n[grid]\na = [1, 2, 3]')
    assert (code, err) == (1, "")
    assert "3 points, 1 failed" in out
    assert "failed at a = 2: ValueError: two (own_functions.py:" in out


def test_seeds_of_the_file_and_of_the_option(run):
    text = 'function = "own_functions:drawn"\nseed = 3\n[grid]\na = { linspace = [0, 1, 3] }'
    assert run(text, "--out", "one.csv")[0] == 0
    assert run(text, "--out", "two.csv", "--seed", 4)[0] == 0
    assert run(text.replace("seed = 3", "seed = 4"), "--out", "three.csv")[0] == 0
    assert rows("two.csv") == rows("three.csv")
    assert rows("one.csv") != rows("two.csv")
    assert [float(row["a"]) for row in rows("one.csv")] == [0, 0.5, 1]


def test_a_table_of_points(run, tmp_path):
    (tmp_path / "points.csv").write_text("a,k\n1,5\n2,7\n")
    text = 'function = "own_functions:product"\nseed = 0\npoints = "points.csv"'
    assert run(text, "--out", "out.csv")[0] == 0
    assert [float(row["x"]) for row in rows("out.csv")] == [5, 5, 14, 14]


LID = """
function = "lid"
seed = 0
[parameters]
k = [10, 100]
d = 5
sigma = 0.3
ridge = 1e-3
runs = 3
instances = 300
[grid]
N = [8, 64]
beta = [2.5, 4]
"""


def test_a_ready_sweep_is_the_models(run):
    code, out, _ = run(LID, "--out", "out.csv")
    assert code == 0
    assert out.startswith("lid: 4 points (2 N x 2 beta), 0 failed")
    model = lidfast.LIDModel(5, 2.5, sigma=0.3, ridge=1e-3)
    grid = {"N": [8, 64], "beta": [2.5, 4]}
    found = model.sweep(grid, [10, 100], seed=0, runs=3, instances=300)
    for row in rows("out.csv"):
        point = {name: float(row[name]) for name in ("N", "beta", "k")}
        assert float(row["beta_eff"]) == pytest.approx(found["beta_eff"].sel(point).item(), rel=1e-12)


def test_workers_find_the_same(run):
    pytest.importorskip("distributed")
    assert run(LID, "--out", "one.csv")[0] == 0
    code, _, err = run(LID, "--out", "two.csv", "--workers", 2, "--store", "run.zarr")
    assert (code, err) == (0, "")
    assert rows("one.csv") == rows("two.csv")


def test_what_is_stopped_goes_on(tmp_path, run):
    text = 'function = "own_functions:slow"\nseed = 0\n[grid]\na = { range = [0, 400] }\n'
    (tmp_path / "run.toml").write_text(text)
    (tmp_path / "hold").touch()
    command = [sys.executable, "-c", "import sys, lidfast.cli; sys.exit(lidfast.cli.main())"]
    command += ["sweep", "run.toml", "--store", "run.zarr"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run.zarr" / "value").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert told == "lidfast: stopped: the same command goes on with run.zarr\n"
    done = sweeps.status("run.zarr").done
    assert 0 < done < 400
    (tmp_path / "hold").unlink()
    assert run(text, "--store", "run.zarr", "--out", "out.csv")[0] == 0
    assert [float(row["value"]) for row in rows("out.csv")] == list(range(400))


GRID = 'function = "lid_exact"\nseed = 0\n'


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("function = ", (), "run.toml: Invalid value"),
        ("[grid]\na = [1]", (), "run.toml: function must be text: one of lid, lid_exact"),
        ('function = "lid"\nseed = 0', (), "it must have either [grid] or points"),
        ('function = "lide"\n[grid]\na = 1', (), "function is 'lide': it must be one of lid, lid_exact"),
        (
            'function = "absent:f"\n[grid]\na = 1',
            (),
            "function absent:f cannot be imported: ModuleNotFoundError",
        ),
        ('function = "own_functions:f"\n[grid]\na = 1', (), "cannot be imported: AttributeError"),
        (GRID + "sed = 1", (), "it has 'sed': known are function, seed"),
        (GRID + "grid = 1", (), "grid must be a table"),
        (GRID + "[version]", (), "version must not be a table"),
        (GRID + "[grid]\nN = 8\n[plot]\nz = 1", (), "[plot] has 'z': known are x, y"),
        (
            GRID + "[grid]\nN = { logspace = [1, 2, 3] }",
            (),
            "[grid] N: it must be values, or one of linspace",
        ),
        (GRID + "[grid]\nN = { linspace = [1, 2] }", (), "linspace must be [first, last, number of values]"),
        (GRID + "[grid]\nN = { geomspace = [0, 2, 3] }", (), "geomspace must go from a number above 0"),
        (GRID + "[grid]\nN = { range = [0, 2.5] }", (), "range must be [start, stop]"),
        (GRID + "[grid]\nN = { range = [0, 0] }", (), "grid['N'] has no values: 0 points"),
        (GRID + "[grid]\nN = [8, 8]", (), "grid['N'][1] repeats grid['N'][0]"),
        (GRID + "[parameters]\nN = 8\n[grid]\nN = 8", (), "N is among the points and in [parameters]"),
        (GRID + 'points = "points.txt"', (), "points must name a file, .csv or .parquet"),
        (GRID + 'points = "absent.csv"', (), "absent.csv"),
        ('function = "lid_exact"\n[grid]\nN = 8', (), "it has no seed"),
        (GRID + "[grid]\nN = 8", ("--plot", "map.png"), "--plot needs a [grid] of two names at least"),
        (GRID + "[grid]\nN = 8", ("--plot", "map.txt"), "--plot"),
        (GRID + "[grid]\nN = 8", ("--out", "map.txt"), "--out"),
        (GRID + "[grid]\nN = 8", ("--workers", 2, "--scheduler", "tcp://x:1"), "exclude each other"),
        (GRID + "[grid]\nN = 8", ("--status", "run.zarr"), "--status takes the store alone"),
        ('function = "own_functions:product"\nseed = 0\n[grid]\na = 1', (), "function cannot be called with"),
        (GRID + "[grid]\nN = 8\nk = 1", ("--store", "absent/run.zarr"), "run.zarr cannot be written"),
    ],
)
def test_refusals(run, text, arguments, words):
    code, out, err = run(text, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("lidfast: ")
    assert err.count("\n") == 1
    assert words in err


def test_what_there_is_not(capfd, tmp_path):
    for arguments, words in (
        (["absent.toml"], "absent.toml"),
        ([], "FILE.toml is missing"),
        (["--status", str(tmp_path)], "is not the store of a sweep"),
    ):
        assert cli.main(["sweep", *arguments]) == 2
        assert words in capfd.readouterr().err


def test_nobody_at_the_scheduler(run):
    pytest.importorskip("distributed")
    code, _, err = run(GRID + "[grid]\nN = 8", "--scheduler", "nonsense://127.0.0.1:1")
    assert code == 2
    assert "--scheduler nonsense://127.0.0.1:1: nothing answers there" in err


def test_complex_values_are_told_by_their_magnitude(run, tmp_path):
    (tmp_path / "other_functions.py").write_text("def f(a):\n    return {'z': 3j * a}\n")
    code, out, _ = run('function = "other_functions:f"\nseed = 0\n[grid]\na = [1, 2]')
    assert code == 0
    assert next(line for line in out.splitlines() if line.startswith("z ")).split()[2:] == [
        "3",
        "4.5",
        "6",
        "0",
    ]
