"""Sweeps: the same numbers however they are made, and nothing lost."""

import errno
import functools
import hashlib
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytest.importorskip("xarray", reason="needs the extra cluster")
pytest.importorskip("zarr", reason="needs the extra cluster")
distributed = pytest.importorskip("distributed", reason="needs the extra cluster")

import dask  # noqa: E402
import sweep_functions as functions  # noqa: E402
import xarray  # noqa: E402

import lidfast  # noqa: E402
from lidfast import _sweep_grid, _sweep_store, sweeps  # noqa: E402
from lidfast.sweeps import status, sweep  # noqa: E402

GRID = {"a": [0.3, 1, 2.5], "k": [1, 10, 100, 1000]}


@pytest.fixture(scope="module")
def reference():
    return sweep(functions.draws, GRID, seed=7)


# ---------------------------------------------------------------- numbers


def test_values_are_the_functions_at_the_points_seeds(reference):
    assert dict(reference.sizes) == {"a": 3, "k": 4, "draw": 3}
    for a in GRID["a"]:
        for k in GRID["k"]:
            seeds = _sweep_grid.Seeds(np.random.SeedSequence(7), ["a", "k"], ["a", "k"])
            expected = functions.draws(a, k, seeds((a, k)))
            point = reference.sel(a=a, k=k)
            assert point["x"].item() == expected["x"]
            assert point["v"].values.tolist() == expected["v"][1].tolist()
            assert point["s"].item() == expected["s"]
    assert len(set(reference["x"].values.ravel())) == 12


def test_a_points_numbers_do_not_depend_on_the_grid_around_it(reference):
    other = sweep(functions.draws, [("k", [10, 5, 1]), ("a", [7.0, 1.0])], seed=7)
    assert dict(other.sizes) == {"k": 3, "a": 2, "draw": 3}
    for k in (1, 10):
        assert other.sel(a=1, k=k)["x"].item() == reference.sel(a=1, k=k)["x"].item()
    table = sweep(functions.draws, [{"k": 10, "a": 1.0}, {"a": 2.5, "k": 1}], seed=7)
    assert table.sizes["point"] == 2
    assert table["x"].values.tolist() == [
        reference.sel(a=1, k=10)["x"].item(),
        reference.sel(a=2.5, k=1)["x"].item(),
    ]
    assert table["a"].values.tolist() == [1.0, 2.5]
    assert sweep(functions.draws, GRID, seed=8)["x"].values[0, 0] != reference["x"].values[0, 0]


def test_axes_left_out_of_the_seed_share_random_numbers():
    found = sweep(functions.draws, GRID, seed=7, seed_axes=["a"])
    assert (found["x"] == found["x"].isel(k=0)).all()
    assert len(set(found["x"].values[:, 0])) == 3


def test_values_are_written_in_bytes_once_for_all():
    """The layout is a promise: another one would be another random number."""
    assert _sweep_grid.canonical(1) == _sweep_grid.canonical(1.0) == b"i" + (1).to_bytes(8, "little")
    assert _sweep_grid.canonical(-0.0) == _sweep_grid.canonical(0)
    assert _sweep_grid.canonical(0.5) == b"f\0\0\0\0\0\0\xe0?"
    assert _sweep_grid.canonical(1e300) != _sweep_grid.canonical(2**62)
    assert _sweep_grid.canonical("é") == b"s" + (2).to_bytes(8, "little") + "é".encode()
    seed = _sweep_grid.Seeds(np.random.SeedSequence(7), ["k", "a"], ["a", "k"])((10, 1.0))
    raw = b"".join(map(_sweep_grid.canonical, ("a", 1, "k", 10)))
    assert seed.entropy == [7, *np.frombuffer(hashlib.sha256(raw).digest(), dtype="<u4").tolist()]


def test_what_a_function_may_return():
    def one(i):
        return {"number": 1, "truth": np.bool_(True), "array": np.arange(2), "named": ("t", [1.0, 2.0 + i])}

    found = sweep(one, {"i": [0, 1]}, seed=0)
    assert {name: x.dims for name, x in found.data_vars.items()} == {
        "number": ("i",),
        "truth": ("i",),
        "array": ("i", "array_0"),
        "named": ("i", "t"),
    }
    assert all(x.dtype == np.float64 for x in found.data_vars.values())
    assert found["named"].values.tolist() == [[1, 2], [1, 3]]
    assert sweep(lambda i: 1j * i, {"i": [0, 1]}, seed=0)["value"].dtype == np.complex128
    plain = lidfast.LIDModel(6, 3.0, ridge=1e-3)
    found = sweep(
        lambda N, rng: plain.simulate([N], [1, 10], runs=3, instances=500, rng=rng), {"N": [8, 16]}, seed=0
    )
    assert found["risk"].dims == ("N", "size", "run")
    assert found["failure_rate"].dims == ("N", "size", "attempts")
    assert found["failure_rate_runs"].shape == (2, 1, 3, 2)
    power = sweep(lambda i: lidfast.fit_power_law([1, 2, 4], [1, 0.5, 0.3 * i]), {"i": [1, 2]}, seed=0)
    assert set(power.data_vars) == {"exponent", "amplitude", "stderr"}
    nested = sweep(lambda i: xarray.Dataset({"y": ("t", [1.0, i])}), {"i": [1, 2]}, seed=0)
    assert nested["y"].dims == ("i", "t")


def test_points_that_are_unlike_the_others_have_failed():
    found = sweep(functions.shapes, {"a": [2, 2.0 + 1, 4]}, seed=0)
    assert found["x"].shape == (3, 2)
    assert "returned x as float64[3], and as float64[2] at another point" in found["error"].values[1]
    mixed = sweep(lambda i: 1.0 if i else {"other": 2.0}, {"i": [0, 1]}, seed=0)
    assert "returned" in mixed["error"].values[1]


def test_real_points_that_fail_are_recorded_and_tried_again(tmp_path):
    function = functools.partial(functions.fails_once, folder=str(tmp_path))
    call = functools.partial(sweep, function, {"a": [1, 2, 3]}, seed=0, store=tmp_path / "run.zarr")
    for _ in range(2):
        found = call()
        assert found["value"].values.tolist()[::2] == [1, 3]
        assert np.isnan(found["value"].values[1])
        assert found["error"].values.tolist()[::2] == ["", ""]
        assert found["error"].values[1].startswith("ValueError: not yet (sweep_functions.py:")
        assert found.attrs["failed"] == 1
    assert (status(tmp_path / "run.zarr").done, status(tmp_path / "run.zarr").failed) == (2, 1)
    assert "not yet" in status(tmp_path / "run.zarr").first_error
    (tmp_path / "mended").touch()
    assert "error" in call()
    mended = call(retry_failed=True)
    assert mended["value"].values.tolist() == [1, 2, 3]
    assert "error" not in mended


# ---------------------------------------------------------------- the store


def calls(folder):
    path = folder / "calls"
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def test_a_store_is_gone_on_with(tmp_path):
    function = functools.partial(functions.counted, folder=str(tmp_path))
    store = tmp_path / "run.zarr"
    first = sweep(function, {"a": [1, 3]}, seed=0, store=store)
    assert sweep(function, {"a": [1, 3]}, seed=0, store=store).identical(first)
    assert calls(tmp_path) == [1, 3]
    with pytest.raises(ValueError, match="another grid: of 3 points 1 are not among its 2"):
        sweep(function, {"a": [1, 2, 3]}, seed=0, store=store)
    with pytest.raises(ValueError, match="another grid"):
        sweep(function, {"a": [3]}, seed=0, store=store)
    more = sweep(function, {"a": [1, 2.5, 3]}, seed=0, store=store, extend=True)
    assert more["value"].values.tolist() == [2, 5, 6]
    assert calls(tmp_path) == [1, 3, 2.5]
    flat = xarray.open_zarr(store, consolidated=False)
    assert flat["a"].values.tolist() == [1, 3, 2.5]
    assert flat["value"].values.tolist() == [2, 6, 5]
    assert json.loads(json.dumps(flat.attrs["grid"])) == {"a": [1, 2.5, 3]}
    assert {"lidfast", "level", "blas", "core", "seed", "seconds", "function"} <= set(flat.attrs)


def test_text_and_tables_in_a_store(tmp_path):
    def f(name, i):
        return len(name) + i

    store = tmp_path / "run.zarr"
    points = [{"name": "b", "i": 1}, {"name": "longer é", "i": 2}]
    found = sweep(f, points, seed=0, store=store)
    assert found["value"].values.tolist() == [2, 10]
    assert sweep(f, points, seed=0, store=store).identical(found)
    more = sweep(f, [*points, {"name": "much longer than before", "i": 0}], seed=0, store=store, extend=True)
    assert more["value"].values.tolist() == [2, 10, 23]
    assert more["name"].values.tolist()[1:] == ["longer é", "much longer than before"]


def test_a_store_made_otherwise_is_refused(tmp_path, monkeypatch):
    store = tmp_path / "run.zarr"
    grid = {"a": [1, 2], "k": [1]}
    sweep(functions.product, grid, seed=0, store=store, version="one")
    again = functools.partial(sweep, functions.product, grid, seed=0, store=store, version="one")
    for change, words in (
        ({"version": "two"}, "another version: one, not two"),
        ({"seed": 1}, "another seed: 0, not 1"),
        ({"seed_axes": ["a"]}, "another seed_axes"),
    ):
        with pytest.raises(ValueError, match=words):
            again(**change)
    with pytest.raises(ValueError, match="another function"):
        sweep(lambda a, k: a + k, grid, seed=0, store=store, version="one")
    with pytest.raises(ValueError, match="another parameters"):
        sweep(functools.partial(functions.product, scale=2), grid, seed=0, store=store, version="one")
    for name, value in (("level", "x86-64-v9"), ("blas", "other 1"), ("core", "Z80")):
        with monkeypatch.context() as patch:
            machine = {**sweeps.this_machine(), name: value}
            patch.setattr(sweeps, "this_machine", lambda machine=machine: machine)
            with pytest.raises(ValueError, match=f"another {name}"):
                again()
            assert again(extend=True)["value"].values.ravel().tolist() == [1, 2]
        assert again(extend=True)["value"].values.ravel().tolist() == [1, 2]
    with pytest.raises(ValueError, match="another seed"):
        again(seed=3, extend=True)


def test_what_is_no_store(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    for path in (tmp_path / "folder", tmp_path / "file"):
        with pytest.raises(ValueError, match="is not the store of a sweep"):
            sweep(functions.product, GRID, seed=0, store=path)
        with pytest.raises(ValueError, match="is not the store of a sweep"):
            status(path)
    with pytest.raises(ValueError, match="is not the store of a sweep"):
        status(tmp_path / "nothing")


def test_two_processes_do_not_write_one_store(tmp_path):
    store = tmp_path / "run.zarr"
    with _sweep_store.locked(store), pytest.raises(ValueError, match="being written by another process"):
        sweep(functions.product, GRID, seed=0, store=store)
    sweep(functions.product, GRID, seed=0, store=store)


@pytest.mark.parametrize("full_after", [0, 1, 3])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, full_after):
    store = tmp_path / "run.zarr"
    function = functools.partial(functions.counted, folder=str(tmp_path))
    call = functools.partial(sweep, function, {"a": list(range(6))}, seed=0, store=store, batch=1)
    monkeypatch.setattr(sweeps, "_FLUSH", 0.0)
    put, writes = _sweep_store._put, []

    def full(*args):
        writes.append(args)
        if len(writes) > full_after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        put(*args)

    with monkeypatch.context() as patch:
        patch.setattr(_sweep_store, "_put", full)
        with pytest.raises(OSError, match=r"store: .* cannot be written \(No space left"):
            call()
    there = status(store).done
    assert there == full_after // 2  # values, then status
    before = len(calls(tmp_path))
    assert call()["value"].values.tolist() == [0, 2, 4, 6, 8, 10]
    assert len(calls(tmp_path)) == before + 6 - there


def test_a_store_that_cannot_be_made(tmp_path):
    for path in (tmp_path / "absent" / "run.zarr", "/proc/run.zarr"):
        with pytest.raises(OSError, match=r"store: .*run\.zarr cannot be written"):
            sweep(functions.product, GRID, seed=0, store=path)


def test_a_process_killed_three_times(tmp_path, reference):
    """SIGKILL at the fourth point that is computed, and twice more; then the rest."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        import sweep_functions as functions
        from lidfast import sweeps

        sweeps._FLUSH = 0.0
        left = [4]

        def draws(a, k, rng):
            left[0] -= 1
            if not left[0] and sys.argv[2] == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            return functions.draws(a, k, rng)

        grid = {"a": [0.3, 1, 2.5], "k": [1, 10, 100, 1000]}
        found = sweeps.sweep(draws, grid, seed=7, store=sys.argv[1], batch=1)
        found.drop_attrs().to_zarr(sys.argv[1] + ".result", zarr_format=2)
        """
    )
    path = tmp_path / "run.py"
    path.write_text(script)
    store = tmp_path / "store.zarr"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}

    def run(what):
        return subprocess.run(
            [sys.executable, path, store, what], env=environment, capture_output=True, text=True, cwd=tmp_path
        )

    for i in range(3):
        assert run("kill").returncode == -9
        assert status(store).done == 3 * (i + 1)
    done = run("finish")
    assert done.returncode == 0, done.stderr
    with xarray.open_zarr(f"{store}.result") as found:
        for name in ("x", "v", "s"):
            assert found[name].values.tolist() == reference[name].values.tolist()


# ---------------------------------------------------------------- a cluster


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    quick = {"distributed.scheduler.allowed-failures": 1}  # 3 processes die of a point by default
    with (
        dask.config.set(quick),
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("batch", [1, 5, None])
def test_workers_find_the_same_bits(client, reference, batch, tmp_path):
    store = tmp_path / "run.zarr"
    for _ in range(2):
        found = sweep(functions.draws, GRID, seed=7, client=client, batch=batch, store=store)
        assert found.identical(reference)


def test_workers_run_kernels_on_one_thread(client):
    assert (
        sweep(functions.threads, {"a": [0, 1, 2]}, seed=0, client=client)["value"].values.tolist() == [1] * 3
    )
    assert sweep(functions.threads, {"a": [0]}, seed=0, client=client, threads=3)["value"].item() == 3


def test_a_worker_killed_in_the_middle(client, tmp_path):
    function = functools.partial(functions.kills_its_worker_once, folder=str(tmp_path))
    found = sweep(function, {"a": range(12)}, seed=1, client=client, batch=3)
    assert (tmp_path / "killed").exists()
    assert found["value"].identical(sweep(function, {"a": range(12)}, seed=1)["value"])


def test_points_that_die_hang_or_raise_do_not_stop_the_others(client):
    found = sweep(functions.dies_or_hangs, {"a": range(6)}, seed=1, client=client, timeout=1.5)
    np.testing.assert_array_equal(found["value"], [0, np.nan, np.nan, np.nan, 4, 5])
    died, hung, raised = found["error"].values[1:4]
    assert died == "the worker process died of it, each time it was tried"
    assert hung == "TimeoutError: the point took longer than 1.5 s"
    assert raised.startswith("RuntimeError: three (sweep_functions.py:")


def test_what_cannot_be_sent(client):
    with pytest.raises(TypeError, match="function cannot be sent to workers"):
        sweep(lambda a: (a, client), {"a": [1]}, seed=0, client=client)


def test_threads_cannot_be_ended():
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0", "processes": False}
    with (
        distributed.LocalCluster(**options, silence_logs=50) as cluster,
        distributed.Client(cluster) as threads,
        pytest.raises(ValueError, match="timeout needs worker processes"),
    ):
        sweep(functions.product, GRID, seed=0, client=threads, timeout=1)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("grid", "error", "words"),
    [
        ({}, ValueError, "grid is empty"),
        ([], ValueError, "grid is empty"),
        ({"a": []}, ValueError, r"grid\['a'\] has no values: 0 points"),
        ({"a": [1, 2, 1.0]}, ValueError, r"grid\['a'\]\[2\] repeats grid\['a'\]\[0\]"),
        ({"a": [1, np.nan]}, ValueError, r"grid\['a'\]\[1\] is nan"),
        ({"a": [1, 2**64]}, ValueError, r"grid\['a'\]\[1\] is 18446744073709551616"),
        ({"a": [1, "x"]}, TypeError, "mixes numbers and text"),
        ({"a": [1, None]}, TypeError, r"grid\['a'\]\[1\] must be a number or text"),
        ({"rng": [1]}, ValueError, "grid has the name 'rng'"),
        ({"not a name": [1]}, ValueError, "must be an identifier"),
        ([("a", [1]), ("a", [2])], ValueError, "grid has the name 'a' twice"),
        ([{"a": 1}, {"k": 1}], ValueError, r"grid\[1\] has the names \['k'\], not \['a'\]"),
        ([{"a": 1}, {"a": 1.0}], ValueError, r"grid\[1\] repeats grid\[0\]"),
        (5, TypeError, "grid must map names"),
        ([1, 2], TypeError, "grid must map names"),
    ],
)
def test_grids_that_are_none(grid, error, words):
    with pytest.raises(error, match=words):
        sweep(lambda **_: 1, grid, seed=0)


def test_data_frames_are_tables():
    polars = pytest.importorskip("polars", reason="needs the extra cli")
    frame = polars.DataFrame({"a": [1.5, 2.5], "k": [1, 2]})
    assert sweep(functions.product, frame, seed=0)["value"].values.tolist() == [1.5, 5]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sweep(1, GRID, seed=0), TypeError, "function must be callable"),
        (lambda: sweep(functions.product, {"a": [1], "b": [1]}, seed=0), TypeError, "cannot be called with"),
        (lambda: sweep(functions.product, GRID, seed=None), TypeError, "seed must be an integer"),
        (lambda: sweep(functions.product, GRID, seed=-1), ValueError, "seed is -1"),
        (lambda: sweep(functions.product, GRID, seed=0, seed_axes=["b"]), ValueError, "seed_axes has 'b'"),
        (lambda: sweep(functions.product, GRID, seed=0, seed_axes="a"), TypeError, "seed_axes must be"),
        (lambda: sweep(functions.product, GRID, seed=0, batch=0), ValueError, "batch is 0"),
        (lambda: sweep(functions.product, GRID, seed=0, timeout=1), ValueError, "give a client"),
        (lambda: sweep(lambda a, k: {"a": a * k}, GRID, seed=0), ValueError, "returned the name 'a'"),
        (lambda: sweep(lambda a, k: {"x": ("a", [a * k])}, GRID, seed=0), ValueError, "the dimension 'a'"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_what_functions_return_must_be_numbers():
    for result, words in (
        ({}, "returned nothing"),
        ({1: 2.0}, "names must be text"),
        ({"x": "text"}, "must be numbers"),
        ({"x": ("t", [[1.0]])}, "named"),
    ):
        found = sweep(lambda i, result=result: result if i else 0, {"i": [1]}, seed=0)
        assert words in found["error"].item()


def test_progress_is_told(reference):
    told = []
    sweep(functions.draws, GRID, seed=7, progress=lambda done, total: told.append((done, total)), batch=5)
    assert told == [(0, 12), (5, 12), (10, 12), (12, 12)]
