"""lidfast.lid against the reference tables of the theory, and simulation against exact integrals."""

import math

import numpy as np
import pytest
import scipy.special
import threadpoolctl

import lidfast
from lidfast import LIDModel
from lidfast.difficulty import LID
from lidfast.random import default_rng

SMALL = LIDModel(12, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)


@pytest.fixture(scope="module")
def result():
    return SMALL.simulate([8, 32, 256], [1, 10, 100, 1000, 1e4], runs=32, instances=16_000, rng=1)


# ---------------------------------------------------------------- the model


def test_models_are_values():
    again = LIDModel(12, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    assert again == SMALL
    assert hash(again) == hash(SMALL)
    assert LIDModel(12, 2.5) != SMALL
    given = LIDModel(2, 3, eigenvalues=np.array([0.7, 0.3]), theta=[1, -1])
    assert given == LIDModel(2, 3, eigenvalues=[0.7, 0.3], theta=(1.0, -1.0))
    assert hash(given) == hash(LIDModel(2, 3, eigenvalues=[0.7, 0.3], theta=(1.0, -1.0)))
    np.testing.assert_array_equal(given.spectrum, [0.7, 0.3])
    with pytest.raises(AttributeError):
        given.d = 3
    with pytest.raises(ValueError, match="read-only"):
        given.spectrum[0] = 1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 2.5), {}, "d is 0"),
        ((3, -1), {}, "beta is -1"),
        ((3, math.nan), {}, "beta is nan"),
        ((3, 2.5), {"sigma": 0}, "sigma is 0"),
        ((3, 2.5), {"delta": math.inf}, "delta is inf"),
        ((3, 2.5), {"ridge": -1e-9}, "ridge is -1e-09"),
        ((3, 2.5), {"spectrum_exponent": 0}, "spectrum_exponent is 0"),
        ((3, 2.5), {"eigenvalues": [1, 2]}, "eigenvalues has 2 elements"),
        ((3, 2.5), {"eigenvalues": [1, 0, 2]}, r"eigenvalues\[1\] is 0"),
        ((3, 2.5), {"theta": [1, 2, math.nan]}, r"theta\[2\] is nan"),
    ],
)
def test_bad_parameters_are_named(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        LIDModel(*arguments, **options)


@pytest.mark.parametrize(
    ("ridge", "N", "simulated", "stderr", "equivalent"),
    [
        (1e-9, 20, 0.2436, 0.0072, 0.23725),
        (1e-9, 200, 0.0403, 0.0035, 0.0399997),
        (1e-9, 1000, 0.00424, 0.00022, 0.00444443),
        (1e-2, 90, 0.14127, 0.00078, 0.142291),
        (1e-2, 1000, 0.11495, 0.00026, 0.114699),
    ],
)
def test_generalization_error_table(ridge, N, simulated, stderr, equivalent):
    """The theory's table: its deterministic equivalent to the digits shown, its simulation within 5 errors.

    False alarm of the second, with 40 runs of ours: below 1e-4 (the noise has no fourth moment).
    """
    model = LIDModel(100, 2.5, sigma=0.1, ridge=ridge)
    assert model.generalization_error(N) == pytest.approx(equivalent, rel=5e-6)
    risks = model._train(np.array([N]), 40, default_rng(0))
    ours = np.std(risks) / math.sqrt(40)
    assert abs(np.mean(risks) - simulated) < 5 * math.hypot(ours, stderr)


def test_shapes_and_scalars():
    N, k = [8, 32], [[1.0, 10.0, 100.0]]
    assert SMALL.failure_rate(N, k).shape == (2, 1, 3)
    assert SMALL.beta_eff(N, k).shape == (2, 1, 3)
    assert type(SMALL.failure_rate(8, 10)) is float
    assert type(SMALL.generalization_error(8)) is float
    assert type(SMALL.crossover_k(256)) is float
    assert SMALL.generalization_error(N).shape == (2,)
    one = LID(SMALL.generalization_error(32), 2.5, 0.3, 0.1)
    assert SMALL.difficulty(32) == one
    assert SMALL.failure_rate(32, 10) == one.failure_rate(10)
    assert SMALL.failure_rate(32, one.crossover_k()) == pytest.approx(
        2 * LID(0, 2.5, 0.3, 0.1).failure_rate(one.crossover_k()), rel=1e-9
    )


def test_the_effect():
    """beta_eff rises with N and saturates at beta."""
    model = LIDModel(40, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    exponent = model.beta_eff(2 ** np.arange(4, 17), 1000)
    assert (np.diff(exponent)[:-2] > 0).all()
    assert exponent[0] < 0.3
    assert exponent[-1] == pytest.approx(2.5, abs=0.01)


def test_infinite_noise():
    model = LIDModel(5, 1.5, sigma=0.3, delta=0.1, ridge=1e-3)
    assert model.noise_variance == math.inf
    assert model.generalization_error(100) == math.inf
    with pytest.raises(ValueError, match=r"beta is 1\.5"):
        model.difficulty(100)
    with pytest.raises(ValueError, match="N is 5: at N = d"):
        LIDModel(5, 2.5, ridge=0).failure_rate([4, 5], 10)
    result = model.simulate([50], [1, 100], runs=8, instances=2000, rng=0)
    assert np.isfinite(result.risk).all()
    # 16 t-scores of 7 degrees: one beyond 8 has a probability of 1e-3 in all
    assert (abs(result.z) < 8).all()


# ---------------------------------------------------------------- the simulation


def test_result_is_complete(result):
    nN, runs, nk = 3, 32, 5
    shapes = {name: array.shape for name, array in result.arrays().items()}
    assert shapes == {
        "N": (nN,),
        "k": (nk,),
        "risk": (nN, runs),
        "generalization_error": (nN,),
        "generalization_error_stderr": (nN,),
        "failure_rate_runs": (nN, runs, nk),
        "failure_rate_exact_runs": (nN, runs, nk),
        **dict.fromkeys(
            ["failure_rate", "failure_rate_stderr", "failure_rate_exact", "z", "resolved"], (nN, nk)
        ),
        **dict.fromkeys(["beta_eff", "beta_eff_stderr", "beta_eff_exact"], (nN, nk)),
    }
    np.testing.assert_allclose(result.failure_rate, result.failure_rate_runs.mean(1))
    np.testing.assert_allclose(result.failure_rate_exact, result.failure_rate_exact_runs.mean(1))
    difference = result.failure_rate_runs - result.failure_rate_exact_runs
    np.testing.assert_allclose(
        result.z, difference.mean(1) / (difference.std(1, ddof=1) / math.sqrt(runs)), rtol=1e-9
    )


def test_simulation_agrees_with_the_integral(result):
    """15 paired t-scores of 31 degrees: the largest beyond 5 has a probability below 4e-4."""
    assert result.resolved.mean() > 0.8
    assert np.abs(result.z[result.resolved]).max() < 5
    error = np.abs(result.beta_eff - result.beta_eff_exact)
    assert (error[result.resolved] < 0.1).all()


def test_z_scores_see_a_wrong_kernel(result):
    """A tolerance wrong by 0.2% shifts them far: the test above can fail."""
    wrong = LID(float(np.median(result.risk[2])), 2.5, 0.3, 0.1 * 1.002)
    right = LID(float(np.median(result.risk[2])), 2.5, 0.3, 0.1)
    shift = right.failure_rate(result.k) - wrong.failure_rate(result.k)
    difference = result.failure_rate_runs[2] - result.failure_rate_exact_runs[2]
    assert np.abs(shift / (difference.std(0, ddof=1) / math.sqrt(32))).max() > 6


def test_exact_exponents_are_derivatives(result):
    k, step = 100.0, 1e-5
    mean = [
        np.mean([LID(float(V), 2.5, 0.3, 0.1).failure_rate(k * factor) for V in result.risk[1]])
        for factor in (1 - step, 1 + step)
    ]
    assert result.beta_eff_exact[1, 2] == pytest.approx(
        -(math.log(mean[1]) - math.log(mean[0])) / (2 * step), rel=1e-6
    )


def test_same_seed_same_numbers_for_any_threads_and_neighbors():
    runs = []
    for threads in (1, 3):
        with lidfast.num_threads(threads):
            runs.append(SMALL.simulate([8, 32], [1, 100], runs=3, instances=40_000, rng=7))
    for name, array in runs[0].arrays().items():
        np.testing.assert_array_equal(array, runs[1].arrays()[name])
    alone = SMALL.simulate([8], [1, 100], runs=2, instances=40_000, rng=7)
    np.testing.assert_array_equal(alone.risk, runs[0].risk[:1, :2])


@pytest.mark.parametrize("threads", [2, 3])
def test_same_numbers_for_any_threads_of_the_blas(threads):
    """With a small delta, where S is near 1, every sum counts."""
    model, results = LIDModel(12, 2.5, sigma=0.3, delta=5e-4, ridge=1e-3), []
    for count in (1, threads):
        with threadpoolctl.threadpool_limits(count):
            results.append(model.simulate([8, 300], [1, 10, 100], runs=3, instances=200, rng=0))
    for name, array in results[0].arrays().items():
        np.testing.assert_array_equal(array, results[1].arrays()[name])


def test_peak_is_left_out_of_the_scores():
    result = SMALL.simulate([11, 12, 13, 14], [10], runs=4, instances=400, rng=0)
    np.testing.assert_array_equal(np.isnan(result.z[:, 0]), [True, True, True, False])


def test_progress_is_told():
    seen = []
    SMALL.simulate([8, 9], [1], runs=2, instances=4, rng=0, progress=lambda *at: seen.append(at))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("k_max", [1.0, 1e6])
@pytest.mark.parametrize("beta", [0.05, 2.5, 40.0])
def test_weights_restore_the_law(beta, k_max):
    """Integrals over the unit square by a fine midpoint rule: tau is Gamma(beta/2), z half-normal."""
    model = LIDModel(3, beta, sigma=1.0, delta=0.1)
    middle = (np.arange(20_000) + 0.5) / 20_000
    tau, _, weight = model._instances(middle, np.full(middle.size, 0.0), k_max)
    weight /= 12 * math.sqrt(2 / math.pi)  # that of z = 0
    half = beta / 2
    assert weight.mean() == pytest.approx(1, rel=1e-4)
    assert (weight * np.exp(-tau)).mean() == pytest.approx(2.0**-half, rel=1e-4)
    below = scipy.special.gammainc(half, 0.1)
    assert (weight * (tau < 0.1)).mean() == pytest.approx(below, rel=5e-3)
    _, z, weight = model._instances(np.full(middle.size, 0.5), middle, k_max)
    weight /= weight[0] * math.sqrt(math.pi / 2) / 12
    assert weight.mean() == pytest.approx(1, rel=1e-6)
    assert (weight * z**2).mean() == pytest.approx(1, rel=1e-6)
    assert (weight * (z > 4)).mean() == pytest.approx(2 * scipy.special.ndtr(-4.0), rel=2e-2)


@pytest.mark.parametrize(
    ("N", "k", "options", "message"),
    [
        ([0], [1], {}, r"N\[0\] is 0"),
        ([2.5], [1], {}, r"N\[0\] is 2.5"),
        ([4], [-1], {}, r"k\[0\] is -1"),
        ([[4, 8]], [1], {}, "N has shape"),
        ([], [1], {}, "N is empty"),
        ([4], [], {}, "k is empty"),
        ([4], [1], {"runs": 1}, "runs is 1"),
        ([4], [1], {"instances": 0}, "instances is 0"),
    ],
)
def test_bad_arguments_of_simulate(N, k, options, message):
    with pytest.raises(ValueError, match=message):
        SMALL.simulate(N, k, **options)
