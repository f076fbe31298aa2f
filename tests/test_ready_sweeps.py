"""Ready sweeps against the calls that they are made of, and maps of them."""

import numpy as np
import pytest

pytest.importorskip("xarray", reason="needs the extra cluster")
pytest.importorskip("zarr", reason="needs the extra cluster")
pytest.importorskip("matplotlib", reason="needs the extra plot")

import xarray
from matplotlib.colors import BoundaryNorm, LogNorm

import lidfast
from lidfast import LIDModel, _ready_sweeps, _sweep_grid, allocation, coverage, difficulty
from lidfast.frontiers import Frontier
from lidfast.plot import phase_diagram

MODEL = LIDModel(10, 3.0, sigma=0.3, delta=0.1, ridge=1e-3)
SMALL = {"runs": 4, "instances": 1000}


# ---------------------------------------------------------------- points


def test_a_sweep_of_a_model_is_its_simulations():
    found = MODEL.sweep({"N": [16, 64], "beta": [1.5, 4.0]}, [10, 100], seed=5, **SMALL)
    assert found["beta_eff"].dims == ("N", "beta", "k")
    assert found["k"].values.tolist() == [10, 100]
    for N in (16, 64):
        for beta in (1.5, 4.0):
            seed = _sweep_grid.Seeds(np.random.SeedSequence(5), ["N", "beta"], ["N", "beta"])((N, beta))
            model = LIDModel(10, beta, sigma=0.3, delta=0.1, ridge=1e-3)
            expected = model.simulate([N], [10, 100], rng=seed, **SMALL)
            point = found.sel(N=N, beta=beta)
            for name in ("failure_rate", "beta_eff"):
                for kind in ("", "_stderr", "_exact"):
                    np.testing.assert_array_equal(point[name + kind], getattr(expected, name + kind)[0])
            np.testing.assert_array_equal(point["z"], expected.z[0])
            assert point["generalization_error"].item() == expected.generalization_error[0]
            assert point["generalization_error_exact"].item() == model.generalization_error(N)
            runs = np.sort(expected.beta_eff_runs[0], axis=0)
            np.testing.assert_array_equal(point["beta_eff_median"], runs[1:3].mean(axis=0))
            plugin = np.full(2, np.nan) if beta <= 2 else model.beta_eff(N, [10, 100])
            np.testing.assert_array_equal(point["beta_eff_plugin"], plugin)


def test_exponents_of_runs_are_those_of_their_exact_curves():
    result = MODEL.simulate([8, 64], [1, 30, 1000], runs=3, instances=500, rng=1)
    for i in range(2):
        for r in range(3):
            law = difficulty.LID(result.risk[i, r], 3.0, 0.3, 0.1)
            np.testing.assert_allclose(
                result.beta_eff_exact_runs[i, r], law.exponent(result.k), rtol=1e-6, atol=1e-9
            )
    mean = (result.beta_eff_runs * result.failure_rate_runs).mean(1) / result.failure_rate
    np.testing.assert_allclose(mean, result.beta_eff, rtol=1e-12)


def test_an_exact_sweep_of_a_model_is_its_curves():
    found = MODEL.sweep({"N": [16, 64.0], "ridge": [1e-3, 1.0]}, 100, seed=0, exact=True)
    assert found["beta_eff"].dims == ("N", "ridge")
    assert found["k"].item() == 100
    for ridge in (1e-3, 1.0):
        model = LIDModel(10, 3.0, sigma=0.3, delta=0.1, ridge=ridge)
        for N in (16, 64):
            point = found.sel(N=N, ridge=ridge)
            assert point["beta_eff"].item() == pytest.approx(model.beta_eff(N, 100), rel=1e-12)
            assert point["failure_rate"].item() == pytest.approx(model.failure_rate(N, 100), rel=1e-12)
            assert point["generalization_error"].item() == pytest.approx(model.generalization_error(N))
            assert point["crossover_k"].item() == pytest.approx(model.crossover_k(N))


def test_given_spectra_go_along():
    model = LIDModel(3, 4.0, eigenvalues=[0.6, 0.3, 0.1], theta=[1.0, -1.0, 2.0], ridge=0.1)
    found = model.sweep({"N": [8], "sigma": [0.1, 0.2]}, 10, seed=0, exact=True)
    other = LIDModel(3, 4.0, eigenvalues=[0.6, 0.3, 0.1], theta=[1.0, -1.0, 2.0], ridge=0.1, sigma=0.2)
    assert found["failure_rate"].sel(sigma=0.2).item() == pytest.approx(other.failure_rate(8, 10))
    with pytest.raises(ValueError, match="grid has the name 'd', but the model has eigenvalues given"):
        model.sweep({"N": [8], "d": [3]}, 10, seed=0)


def test_allocation_coverage_and_frontiers():
    costs = {"train_cost": 1.0, "attempt_cost": 0.1}
    fields = {"d": 10, "beta": 3.0, "sigma": 0.3, "delta": 0.1, "ridge": 1e-3}
    split = allocation.optimal(MODEL, 100, **costs)
    point = _ready_sweeps.allocation(budget=100, **costs, **fields)
    assert point == {name: getattr(split, name) for name in ("N", "k", "loss", "train_share", "failure_rate")}
    point = _ready_sweeps.coverage(t=[10, 100], r=2, pool=5, a=0.3, b=2.0)
    law = difficulty.Beta(0.3, 2)
    assert point["reset_and_discard"][0] == "t"
    np.testing.assert_array_equal(
        point["reset_and_discard"][1], coverage.reset_and_discard(law, [10, 100], r=2, pool=5)
    )
    assert _ready_sweeps.coverage(t=10, a=0.3, b=2)["solve_to_completion"] == pytest.approx(
        coverage.solve_to_completion(law, 10)
    )
    frontier = lidfast.sweep(_ready_sweeps.frontier, {"zipf": [1.5, 2.0], "D": [100.0]}, seed=0)
    assert frontier["loss"].sel(zipf=2.0).item() == Frontier(2.0).loss(D=100.0)


@pytest.mark.parametrize(
    ("grid", "k", "words"),
    [
        ({"beta": [3.0]}, 1, "grid has no N: it has beta"),
        ({"N": [8], "prior": ["gamma"]}, 1, "grid has the name 'prior'"),
        ({"N": [8]}, [[1.0]], r"k has shape \(1, 1\)"),
        ({"N": [8]}, [], r"k has shape \(0,\)"),
        ({"N": [8]}, [1, -1], r"k\[1\]"),
    ],
)
def test_refusals(grid, k, words):
    with pytest.raises(ValueError, match=words):
        MODEL.sweep(grid, k, seed=0)


def test_models_that_are_not_given_whole():
    with pytest.raises(ValueError, match="beta is not given"):
        _ready_sweeps.lid_exact(N=8, k=1, d=3)
    with pytest.raises(ValueError, match="gamma is no field of LIDModel"):
        _ready_sweeps.lid_exact(N=8, k=1, d=3, beta=3.0, gamma=1)


# ---------------------------------------------------------------- maps


@pytest.fixture(scope="module")
def plane():
    y, x = [3.0, 1.0, 2.0], [1.0, 10.0, 100.0, 1000.0]
    values = np.log10(x) + 10 * np.array(y)[:, None]
    data = {"v": (("y", "x"), values), "w": (("y", "x", "one"), values[..., None])}
    return xarray.Dataset(data, {"x": x, "y": y, "one": [0.5]})


def test_a_map_shows_each_value_in_its_place(plane):
    figure = phase_diagram(plane, "x", "y", "v")
    mesh = figure.axes[0].collections[0]
    np.testing.assert_array_equal(mesh.get_array(), [[10, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]])
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0], 10.0 ** np.arange(-0.5, 4))
    np.testing.assert_allclose(corners[:, 0, 1], [0.5, 1.5, 2.5, 3.5])
    assert (mesh.norm.vmin, mesh.norm.vmax) == (10, 33)
    turned = phase_diagram(plane, "y", "x", "w", log=(False, True, True))
    np.testing.assert_array_equal(turned.axes[0].collections[0].get_array(), mesh.get_array().T)
    assert isinstance(turned.axes[0].collections[0].norm, LogNorm)
    assert turned.axes[0].get_title() == "one = 0.5"


def test_bands_of_a_map_end_at_the_levels_of_its_contours(plane):
    figure = phase_diagram(plane, "x", "y", "v", contours="w", levels=[15, 25])
    mesh, lines = figure.axes[0].collections
    assert isinstance(mesh.norm, BoundaryNorm)
    assert mesh.norm.boundaries.tolist() == [15, 25]
    assert lines.levels.tolist() == [15, 25]
    # linear in y between its points, at log x = 1: v = 1 + 10 y
    path = lines.get_paths()[0].vertices
    np.testing.assert_allclose(np.log10(path[:, 0]) + 10 * path[:, 1], 15, atol=0.2)


def test_what_is_not_finite_is_hatched(plane):
    holed = plane.copy(deep=True)
    holed["v"][0, 0] = np.nan
    figure = phase_diagram(holed, "x", "y", "v")
    assert figure.legends[0].get_texts()[0].get_text() == "failed, or not finite"
    assert np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).sum() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "x", "v"), "y is 'x', as x is"),
        (("z", "y", "v"), "x is 'z': the axes are y, x, one"),
        (("x", "y", "u"), "value is 'u': the variables are v, w"),
        (("one", "y", "w"), "x: one has one value"),
        (("x", "y", "many"), "value: many has 2 values of run: choose one"),
        (("x", "y", "nothing"), "value: nothing is nowhere finite"),
        (("x", "y", "flat"), "value: flat has no axis y"),
    ],
)
def test_maps_that_cannot_be_drawn(plane, arguments, words):
    values = plane["v"].values
    plane = plane.assign(
        many=(("y", "x", "run"), np.stack([values, values], axis=-1)),
        nothing=(("y", "x"), values * np.nan),
        flat=("x", values[0]),
    )
    with pytest.raises(ValueError, match=words):
        phase_diagram(plane, *arguments)


def test_levels_that_do_not_rise(plane):
    with pytest.raises(ValueError, match="levels must be increasing"):
        phase_diagram(plane, "x", "y", "v", levels=[2, 1])
    with pytest.raises(ValueError, match="no place on a logarithmic axis"):
        phase_diagram(plane.assign_coords(x=[-1.0, 0, 1, 2]), "x", "y", "v")
