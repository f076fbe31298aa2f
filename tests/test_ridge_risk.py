"""ridge_risk against the same variates solved by NumPy, theory's table, and its promises."""

import math
import signal
import time

import numpy as np
import pytest

import lidfast
from lidfast import ridge_risk
from lidfast.random import default_rng

pytestmark = pytest.mark.kernel

ROWS, COLUMNS = 128, 16  # of a tile, which is a block of the features' stream
NOISE = {"noise_scale": 0.3, "noise_df": 3.0}


def remade(spectrum, theta, N, *, runs, noise_scale, noise_df, ridge, seed, nested=False):
    """Risks (nN, runs) and coefficients (nN, runs, d) from whole data sets: docs/streams.md."""
    d = len(spectrum)
    children = default_rng(seed).spawn(1 if nested else len(N))
    risk, coef = np.empty((len(N), runs)), np.empty((len(N), runs, d))
    for curve, child in enumerate(children):
        sizes = range(len(N)) if nested else [curve]
        longest = max(N[i] for i in sizes)
        down, across = -(-longest // ROWS), -(-d // COLUMNS)
        for r in range(runs):
            tiles = child.standard_normal((down, across, ROWS, COLUMNS))
            z = tiles.swapaxes(1, 2).reshape(down * ROWS, across * COLUMNS)[:longest, :d]
            X = z * np.sqrt(spectrum)
            y = X @ theta + noise_scale * child.standard_t(noise_df, longest)
            for i in sizes:
                A, b = X[: N[i]], y[: N[i]]
                if N[i] >= d:
                    coef[i, r] = np.linalg.solve(A.T @ A / N[i] + ridge * np.eye(d), A.T @ b / N[i])
                else:
                    coef[i, r] = A.T @ np.linalg.solve(A @ A.T + N[i] * ridge * np.eye(N[i]), b)
                risk[i, r] = np.sum(spectrum * (coef[i, r] - theta) ** 2)
    return risk, coef


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("d", "N"),
    [
        (1, [1, 2, 200]),
        (7, [3, 6, 7, 8, 128, 129, 500]),
        (16, [200, 15, 16, 17, 15]),
        (20, [1, 2300, 19]),
        (100, [50, 200, 100, 99]),
        (130, [129, 5, 128, 131, 300]),
        (300, [140, 299, 260, 301]),
    ],
)
def test_agrees_with_the_same_variates_solved_by_numpy(d, N, nested):
    spectrum = lidfast.spectrum.power_law(d, 0.5)
    theta = np.random.default_rng(d).standard_normal(d)
    options = {"runs": 3, "ridge": 1e-2, "nested": nested} | NOISE
    wanted = remade(spectrum, theta, N, seed=d, **options)
    risk, coef = ridge_risk(spectrum, theta, N, rng=d, return_coef=True, **options)
    np.testing.assert_allclose(risk, wanted[0], rtol=1e-9)
    np.testing.assert_allclose(coef, wanted[1], rtol=1e-9, atol=1e-9 * np.abs(wanted[1]).max())
    np.testing.assert_array_equal(ridge_risk(spectrum, theta, N, rng=d, **options), risk)


@pytest.mark.parametrize("ridge", [0.0, 1e-9])
@pytest.mark.parametrize("N", [30, 90, 400])
def test_agrees_without_a_penalty(N, ridge):
    """Far from N = d, where the condition of X is small."""
    spectrum, theta = np.geomspace(1, 0.1, 60), np.ones(60)
    options = {"runs": 4, "ridge": ridge} | NOISE
    wanted, _ = remade(spectrum, theta, [N], seed=5, **options)
    np.testing.assert_allclose(ridge_risk(spectrum, theta, N, rng=5, **options), wanted[0], rtol=1e-9)


def test_small_risks_keep_their_digits():
    """The error is solved for: it scales with the noise, to rounding, though theta does not."""
    spectrum = lidfast.spectrum.power_law(30, 0.5)
    options = {"runs": 5, "noise_df": 4.0, "ridge": 0.0, "rng": 3}
    large = ridge_risk(spectrum, np.zeros(30), [100], noise_scale=1.0, **options)
    small = ridge_risk(spectrum, np.full(30, 1e3), [100], noise_scale=1e-12, **options)
    np.testing.assert_allclose(small, large * 1e-24, rtol=1e-12)


def test_normal_noise_and_none():
    spectrum, theta = np.full(5, 0.2), np.arange(5.0)
    options = {"runs": 2, "ridge": 0.1, "noise_df": math.inf}
    for scale in (0.0, 2.0):
        wanted, _ = remade(spectrum, theta, [3, 50], seed=1, noise_scale=scale, **options)
        got = ridge_risk(spectrum, theta, [3, 50], rng=1, noise_scale=scale, **options)
        np.testing.assert_allclose(got, wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("ridge", "N", "simulated", "stderr"),
    [
        (1e-9, 20, 0.2436, 0.0072),
        (1e-9, 200, 0.0403, 0.0035),
        (1e-9, 1000, 0.00424, 0.00022),
        (1e-2, 90, 0.14127, 0.00078),
        (1e-2, 1000, 0.11495, 0.00026),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_table_of_the_theory(ridge, N, simulated, stderr, nested):
    """d = 100, beta = 2.5, sigma = 0.1: within 5 errors of simulations by others.

    False alarm in all: below 1e-3 (the noise has no fourth moment).
    """
    risk = ridge_risk(
        lidfast.spectrum.power_law(100, 0.5),
        np.ones(100),
        [N],
        runs=200,
        noise_scale=0.1 * math.sqrt(2 / 2.5),
        noise_df=2.5,
        ridge=ridge,
        rng=11,
        nested=nested,
    )
    ours = risk.std(ddof=1) / math.sqrt(risk.size)
    assert abs(risk.mean() - simulated) < 5 * math.hypot(ours, stderr)


def test_exact_mean_of_least_squares():
    """Normal noise of variance v: the mean is v d / (N - d - 1). 5 errors: a false alarm of 1e-6."""
    risk = ridge_risk(
        np.ones(20), np.ones(20), 60, runs=4000, noise_scale=2, noise_df=math.inf, ridge=0, rng=2
    )
    assert abs(risk.mean() - 4 * 20 / 39) < 5 * risk.std() / math.sqrt(4000)


# ---------------------------------------------------------------- promises


@pytest.mark.parametrize("nested", [False, True])
def test_threads_do_not_change_the_bits(nested):
    spectrum, theta, N = lidfast.spectrum.power_law(70, 0.5), np.ones(70), [300, 20, 64, 70, 1000]
    results = []
    for threads in (1, 2, 3):
        with lidfast.num_threads(threads):
            results.append(
                ridge_risk(
                    spectrum, theta, N, runs=5, ridge=1e-3, rng=4, nested=nested, return_coef=True, **NOISE
                )
            )
    for risk, coef in results[1:]:
        np.testing.assert_array_equal(risk, results[0][0])
        np.testing.assert_array_equal(coef, results[0][1])


@pytest.mark.parametrize("nested", [False, True])
def test_a_risk_does_not_depend_on_its_neighbors(nested):
    """To the bit. Of nested sizes all share a stream, so that each alone is the first one."""
    spectrum, theta, N = lidfast.spectrum.power_law(50, 0.5), np.ones(50), [10, 49, 50, 127, 300, 300, 2050]
    options = {"ridge": 1e-6, "rng": 9, "nested": nested} | NOISE
    risk = ridge_risk(spectrum, theta, N, runs=6, **options)
    np.testing.assert_array_equal(ridge_risk(spectrum, theta, N[:3], runs=4, **options), risk[:3, :4])
    if nested:
        for i, size in enumerate(N):
            np.testing.assert_array_equal(ridge_risk(spectrum, theta, size, runs=6, **options), risk[i])
        np.testing.assert_array_equal(ridge_risk(spectrum, theta, N[::-1], runs=6, **options), risk[::-1])
        np.testing.assert_array_equal(risk[4], risk[5])
    else:
        assert (risk[4] != risk[5]).all()


def test_first_nested_size_is_the_first_of_independent_ones():
    spectrum, theta = np.ones(9), np.ones(9)
    options = {"runs": 3, "ridge": 0.1, "rng": 0} | NOISE
    np.testing.assert_array_equal(
        ridge_risk(spectrum, theta, [40], nested=True, **options)[0],
        ridge_risk(spectrum, theta, [40, 50], **options)[0],
    )


def test_shapes_and_generators():
    options = {"runs": 3, "ridge": 0.1} | NOISE
    assert ridge_risk(np.ones(4), np.ones(4), 10, **options).shape == (3,)
    assert ridge_risk(np.ones(4), np.ones(4), [10], **options).shape == (1, 3)
    risk, coef = ridge_risk(np.ones(4), np.ones(4), 10, return_coef=True, **options)
    assert (risk.shape, coef.shape) == ((3,), (3, 4))
    generator = default_rng(1)
    first, second = (ridge_risk(np.ones(4), np.ones(4), 10, rng=generator, **options) for _ in range(2))
    assert (first != second).all()
    np.testing.assert_array_equal(ridge_risk(np.ones(4), np.ones(4), 10, rng=1, **options), first)


def test_directions_of_no_variance_need_a_penalty():
    spectrum, theta = np.array([1.0, 0.0, 2.0]), np.ones(3)
    for N in (2, 30):
        wanted, _ = remade(spectrum, theta, [N], runs=2, ridge=0.1, seed=3, **NOISE)
        np.testing.assert_allclose(
            ridge_risk(spectrum, theta, [N], runs=2, ridge=0.1, rng=3, **NOISE), wanted, rtol=1e-9
        )
    with pytest.raises(np.linalg.LinAlgError, match="N = 30, run 0: the problem is singular"):
        ridge_risk(spectrum, theta, [2, 30], runs=2, ridge=0, **NOISE)


@pytest.mark.parametrize("nested", [False, True])
def test_first_failure_is_named_for_all_threads(nested):
    """Below d = 4 one direction carries all: two samples are collinear."""
    spectrum, theta = np.array([1.0, 0, 0, 0]), np.ones(4)
    for threads in (1, 3):
        with (
            lidfast.num_threads(threads),
            pytest.raises(np.linalg.LinAlgError, match=f"N = {2 if nested else 3}, run 0"),
        ):
            ridge_risk(spectrum, theta, [1, 2, 3], runs=20, ridge=0, nested=nested, **NOISE)


def test_overflow_raises():
    with pytest.raises(np.linalg.LinAlgError, match="overflow"):
        ridge_risk([1.0], [1e200], [5], runs=1, ridge=1.0, **NOISE)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"spectrum": [1, -1]}, ValueError, r"spectrum\[1\] is -1.0: it must be finite and >= 0"),
        ({"spectrum": []}, ValueError, "spectrum is empty"),
        ({"spectrum": [[1, 1]]}, ValueError, "spectrum has shape"),
        ({"theta": [1, math.nan]}, ValueError, r"theta\[1\] is nan"),
        ({"theta": [1, 1, 1]}, ValueError, "theta has 3 elements and spectrum 2"),
        ({"N": [4, 0]}, ValueError, r"N\[1\] is 0"),
        ({"N": 2.5}, ValueError, "N is 2.5"),
        ({"N": []}, ValueError, "N is empty"),
        ({"runs": 0}, ValueError, "runs is 0"),
        ({"runs": 1.5}, TypeError, "runs must be an integer"),
        ({"noise_scale": -1}, ValueError, "noise_scale is -1"),
        ({"noise_scale": math.inf}, ValueError, "noise_scale is inf"),
        ({"noise_df": 0}, ValueError, "noise_df is 0"),
        ({"noise_df": [1, 2]}, TypeError, "noise_df must be one number"),
        ({"ridge": -1e-9}, ValueError, "ridge is -1e-09"),
        ({"rng": "seed"}, TypeError, "seed must be an integer"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    given = {"spectrum": [1, 1], "theta": [1, 1], "N": [4], "runs": 2, "ridge": 0.1} | NOISE | arguments
    with pytest.raises(error, match=message):
        ridge_risk(given.pop("spectrum"), given.pop("theta"), given.pop("N"), **given)


def test_interrupt():
    """Ctrl-C ends what would take minutes."""
    spectrum = np.ones(200)
    start = time.monotonic()
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            ridge_risk(spectrum, spectrum, 10**8, runs=2, ridge=0.1, **NOISE)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - start < 60
