"""Feature spectra and the deterministic equivalent, against theory, mpmath and limits."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lidfast.random import default_rng
from lidfast.ridge import ridge_risk
from lidfast.spectrum import (
    degrees_of_freedom,
    effective_ranks,
    from_features,
    generalization_error,
    implicit_ridge,
    ols_risk,
    optimal_ridge,
    participation_ratio,
    power_law,
)

POWERS = power_law(100, 0.5)
NOISE = 2 * 0.1**2 / (2.5 - 2)


def reference(eigenvalues, theta, n, ridge, noise):
    """Bisect for kappa in 60 digits, then evaluate the formula as it is printed."""
    with mp.workdps(60):
        lam, th = [mp.mpf(float(x)) for x in eigenvalues], [mp.mpf(float(x)) for x in theta]
        n, ridge, noise = mp.mpf(float(n)), mp.mpf(float(ridge)), mp.mpf(float(noise))

        def excess(t):
            kappa = mp.e**t
            return sum(x / (x + kappa) for x in lam) + n * ridge / kappa - n

        low, high = mp.mpf(-800), mp.mpf(100)
        for _ in range(230):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        kappa = mp.e**low
        g = sum((x / (x + kappa)) ** 2 for x in lam) / n
        bias = kappa**2 * sum(t**2 * x / (x + kappa) ** 2 for x, t in zip(lam, th, strict=True))
        return float((bias + g * noise) / (1 - g))


def test_power_law():
    spectrum = power_law(5, 0.5)
    np.testing.assert_allclose(spectrum / spectrum[0], np.arange(1, 6) ** -1.5, rtol=1e-15)
    assert spectrum.sum() == pytest.approx(1, rel=1e-15)
    assert power_law(1, 3.0) == [1.0]
    assert np.isfinite(power_law(1000, 1e6)).all()


@pytest.mark.parametrize(
    ("ridge", "n", "risk"),
    [
        (1e-9, 20, "0.23725"),
        (1e-9, 200, "0.0399997"),
        (1e-9, 1000, "0.00444443"),
        (1e-2, 90, "0.142291"),
        (1e-2, 1000, "0.114699"),
    ],
)
def test_table_of_the_theory(ridge, n, risk):
    digits = len(risk.lstrip("0.")) if risk.startswith("0.0") else len(risk) - 2
    value = generalization_error(POWERS, np.ones(100), n, ridge, NOISE)
    assert f"{value:.{digits}g}" == f"{float(risk):.{digits}g}"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    d=st.integers(1, 12),
    alpha=st.floats(-0.5, 3),
    n=st.floats(0.05, 300),
    log_ridge=st.one_of(st.just(-math.inf), st.floats(-60, 5)),
    noise=st.floats(0, 10),
)
def test_against_mpmath(d, alpha, n, log_ridge, noise):
    ridge = math.exp(log_ridge)
    if abs(n - d) < 1e-3 or (ridge == 0 and n > d):
        return
    eigenvalues = power_law(d, alpha)
    theta = np.cos(np.arange(d))
    expected = reference(eigenvalues, theta, n, ridge, noise)
    assert generalization_error(eigenvalues, theta, n, ridge, noise) == pytest.approx(expected, rel=1e-10)


def test_limits_without_a_ridge():
    theta = np.ones(100)
    above = np.array([101.0, 100.5, 1e9])
    np.testing.assert_array_equal(generalization_error(POWERS, theta, above, 0, 0.04), 4 / (above - 100))
    assert generalization_error(POWERS, theta, 100, 0, 0.04) == math.inf
    assert generalization_error(POWERS, theta, [100, 200]).tolist() == [0, 0]
    # a vanishing ridge changes nothing, on both sides of the peak
    for n in (20, 99.9, 200):
        bare, ridged = (generalization_error(POWERS, theta, n, ridge, 0.04) for ridge in (0, 1e-30))
        assert ridged == pytest.approx(bare, rel=1e-12)
    # directions without variance count for nothing
    padded = np.append(POWERS, [0, 0])
    assert generalization_error(padded, np.ones(102), 200, 0, 0.04) == generalization_error(
        POWERS, theta, 200, 0, 0.04
    )
    assert generalization_error([0, 0], [1, 1], 5, 0.1, 1.0) == 0
    # almost no data, almost no weight: the whole signal is left
    assert generalization_error(POWERS, theta, 1e-9, 0, 0) == pytest.approx(1, rel=1e-8)
    assert generalization_error(POWERS, theta, 50, 1e12, 0) == pytest.approx(1, rel=1e-8)


@settings(max_examples=15)
@given(data=st.data())
def test_any_spectrum_against_mpmath(data):
    """Clusters, gaps of 30 decades, sizes that are the size of a cluster; an array of points in one call."""
    logs = data.draw(st.lists(st.sampled_from([-30.0, -8.0, -1.0, 0.0, 0.3, 4.0]), min_size=1, max_size=8))
    eigenvalues = 10.0 ** np.array(logs)
    theta = np.sin(1 + np.arange(eigenvalues.size))
    sizes = np.array([0.5, 1, 2, 3, 7.5, 40.0])
    ridges = np.array([1e-40, 1e-12, 1e-3, 10.0])[:, None]
    found = generalization_error(eigenvalues, theta, sizes, ridges, 0.3)
    i, j = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 5))
    expected = reference(eigenvalues, theta, sizes[j], ridges[i, 0], 0.3)
    assert found[i, j] == pytest.approx(expected, rel=1e-10)
    assert found[i, j] == generalization_error(eigenvalues, theta, sizes[j], ridges[i, 0], 0.3)


def test_near_the_peak_without_a_ridge():
    eigenvalues, theta = power_law(10, 0.5), np.ones(10)
    for gap in (1e-3, 1e-7, 1e-11):
        n = 10 - gap
        assert generalization_error(eigenvalues, theta, n, 0, 0.1) == pytest.approx(
            reference(eigenvalues, theta, n, 0, 0.1), rel=1e-10
        )
        n = 10 + gap
        assert generalization_error(eigenvalues, theta, n, 0, 0.1) == pytest.approx(1 / (n - 10), rel=1e-14)


def test_many_eigenvalues_are_summed_as_few_are():
    """Their bins are for the search only: here 8 values 1000 times each, which have the risk of 8."""
    values, theta = power_law(8, 0.5), np.cos(np.arange(8))
    sizes, ridges = np.array([1.0, 3, 8, 9, 1e4]), [[1e-20], [1e-4]]
    np.testing.assert_allclose(
        generalization_error(np.repeat(values, 1000), np.repeat(theta, 1000), 1000 * sizes, ridges, 0),
        1000 * generalization_error(values, theta, sizes, ridges, 0),
        rtol=1e-10,
    )
    # bins that hold different values
    eigenvalues = np.exp(np.linspace(-6, 0, 20_000))
    found = optimal_ridge(eigenvalues, np.full(20_000, 0.1), [100, 30_000], 0.3)
    np.testing.assert_allclose(found, 30 / np.array([100, 30_000]), rtol=1e-9)
    kappa = implicit_ridge(eigenvalues, [100, 19_000, 30_000], 1e-3)
    rest = np.array([(1e-3 / k) * n for k, n in zip(kappa, (100, 19_000, 30_000), strict=True)])
    np.testing.assert_allclose(
        degrees_of_freedom(eigenvalues, kappa) + rest, [100, 19_000, 30_000], rtol=1e-12
    )


def test_infinite_ridge():
    assert generalization_error(POWERS, np.full(100, 2.0), 50, np.inf, 0.1) == pytest.approx(4, rel=1e-14)
    assert implicit_ridge(POWERS, 50, np.inf) == math.inf
    assert degrees_of_freedom(POWERS, math.inf) == 0
    risks = generalization_error(POWERS, np.ones(100), [20, 200], [[0], [1e9], [np.inf]], 0.1)
    np.testing.assert_allclose(risks[1], risks[2], rtol=1e-6)


def test_implicit_ridge_and_dimensions():
    eigenvalues = np.full(7, 0.2)
    for n, rho in ((3, 0.0), (3, 0.5), (12, 0.5)):
        # 7 l / (l + k) + n rho / k = n is a quadratic equation
        root = max(np.roots([n, n * 0.2 - 7 * 0.2 - n * rho, -n * rho * 0.2]))
        assert implicit_ridge(eigenvalues, n, rho) == pytest.approx(root, rel=1e-14)
    assert implicit_ridge([1.0, 0.0], [1, 2]).tolist() == [0, 0]
    assert degrees_of_freedom(eigenvalues, 0.2, 2) == pytest.approx(7 / 4)
    assert degrees_of_freedom([4.0, 0.0], [[0.0], [4.0]]).tolist() == [[1.0], [0.5]]
    r, R = effective_ranks([1.0, 4.0, 1.0, 0.0], [0, 1, 2, 3, 4])
    np.testing.assert_allclose(r, [1.5, 2, 1, 0, 0])
    np.testing.assert_allclose(R, [2, 2, 1, 0, 0])
    assert participation_ratio(POWERS) == pytest.approx(1 / (POWERS**2).sum())
    assert effective_ranks([1e-300, 2e-300], 0) == (1.5, pytest.approx(1.8))
    assert participation_ratio([0.0, 0.0]) == 0


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (6, 6), (1, 3)])
def test_from_features(shape, center):
    X = np.random.default_rng(0).normal(1, 1, shape) * np.geomspace(1, 1e-2, shape[1])
    whole = (X - X.mean(0) if center else X).T @ (X - X.mean(0) if center else X) / shape[0]
    expected = np.maximum(np.linalg.eigvalsh(whole)[::-1], 0)
    rank = min(shape[0] - center, shape[1])
    for method in ("gram", "svd"):
        found = from_features(X, center=center, method=method)
        np.testing.assert_allclose(found[:rank], expected[:rank], rtol=1e-9)
        assert found[rank:].tolist() == [0] * (shape[1] - rank)
        assert (np.diff(found) <= 0).all()
        for scale in (1e-160, 1e150):
            scaled = from_features(scale * X, center=center, method=method)
            np.testing.assert_allclose(scaled, found * scale * scale, rtol=1e-6, atol=1e-322)


def test_small_singular_values_are_seen():
    q = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 3)))[0]
    X = q * [1, 1e-5, 1e-10]
    found = from_features(X, center=False, method="svd")
    np.testing.assert_allclose(found * 30, [1, 1e-10, 1e-20], rtol=1e-4)
    assert from_features(X, center=False)[2] == 0
    assert from_features(np.zeros((4, 2))).tolist() == [0, 0]


def test_ols():
    assert ols_risk(100, 200, 0.04) == pytest.approx(0.0404040404)
    assert ols_risk(100, [101, 100], 0.04).tolist() == [np.inf, np.inf]
    assert np.isnan(ols_risk(100, 99, 0.04))
    assert ols_risk(100, [100, 200], 0).tolist() == [0, 0]
    assert ols_risk(100, 200, np.inf) == np.inf


@pytest.mark.parametrize(
    "spectrum", [power_law(30, 0.5), power_law(30, -1), np.array([5.0] * 6 + [1e-6] * 50)]
)
@pytest.mark.parametrize("noise", [1e-8, 0.04, 1e3])
def test_optimal_ridge_of_a_random_signal(spectrum, noise):
    """Where all theta^2 agree it is v / (N theta^2) = v d / (N |theta|^2), for every spectrum."""
    sizes = np.array([1, 6, 30.0, 31, 1000])
    found = optimal_ridge(spectrum, np.full(spectrum.size, 0.7), sizes, noise)
    resolution = 1e-14 * implicit_ridge(spectrum, sizes)
    np.testing.assert_array_less(
        np.abs(found - noise / (sizes * 0.49)), 1e-9 * noise / (sizes * 0.49) + resolution
    )


@settings(max_examples=12)
@given(data=st.data())
def test_optimal_ridge_against_a_grid(data):
    d = data.draw(st.integers(1, 8))
    eigenvalues = 10.0 ** data.draw(arrays(float, d, elements=st.floats(-8, 2)))
    theta = data.draw(arrays(float, d, elements=st.sampled_from([0.0, 1e-3, 1.0, 30.0])))
    n, noise = data.draw(st.floats(0.5, 60)), data.draw(st.sampled_from([0.0, 1e-6, 0.1, 10.0]))
    rho = optimal_ridge(eigenvalues, theta, n, noise)
    least = generalization_error(eigenvalues, theta, n, rho, noise)
    grid = np.append(np.geomspace(1e-14, 1e8, 700), [0, np.inf])
    assert least <= generalization_error(eigenvalues, theta, n, grid, noise).min() * (1 + 1e-9)


def test_optimal_ridge_at_the_ends():
    for noise, ridge in ((0.0, 0.0), (np.inf, np.inf)):
        assert optimal_ridge(POWERS, np.ones(100), [50, 200], noise).tolist() == [ridge] * 2
    assert optimal_ridge(POWERS, np.zeros(100), 50, 0.1) == math.inf
    assert optimal_ridge([0.0, 0.0], [1, 1], 50, 0.1) == math.inf
    # a signal in the leading directions alone: smaller than what the others' shrinkage already gives
    theta = np.zeros(1000)
    theta[0] = 1
    assert optimal_ridge(np.append(100.0, np.full(999, 0.1)), theta, 50, 1e-4) == 0


def test_mean_of_a_simulation():
    """Fixed seed. |z| < 4.5 in eight cells fails a right formula in 1 of 18,000 seeds.

    At d = 40 the equivalent is off by less than 1/20 of a standard error where N > 2 d or the ridge
    is large; without a ridge the exact mean of least squares stands beside it.
    """
    eigenvalues, theta = power_law(40, 0.5), np.ones(40)
    sizes = [100, 400]
    for i, ridge in enumerate((0.0, 1e-3, 1e-2, 1e-1)):
        risk = ridge_risk(
            eigenvalues,
            theta,
            sizes,
            runs=400,
            noise_scale=0.3,
            noise_df=9.0,
            ridge=ridge,
            rng=default_rng(i),
        )
        variance = 0.09 * 9 / 7
        expected = (
            ols_risk(40, sizes, variance)
            if ridge == 0
            else generalization_error(eigenvalues, theta, sizes, ridge, variance)
        )
        z = (risk.mean(1) - expected) / (risk.std(1, ddof=1) / 20)
        assert np.abs(z).max() < 4.5


def test_shapes_and_infinite_noise():
    sizes = np.array([[20, 200], [1000, 20]])
    risks = generalization_error(POWERS, np.ones(100), sizes, 1e-3, 0.1)
    assert risks.shape == (2, 2)
    assert risks[0, 0] == risks[1, 1] == generalization_error(POWERS, np.ones(100), 20, 1e-3, 0.1)
    assert isinstance(generalization_error(POWERS, np.ones(100), 20), float)
    assert generalization_error(POWERS, np.ones(100), [20, 200], 1e-3, np.inf).tolist() == [np.inf] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, -1], [1, 1], 5), r"eigenvalues\[1\]"),
        (([1, 1], [1, np.nan], 5), r"theta\[1\]"),
        (([1, 1], [1], 5), "theta has shape"),
        (([1, 1], [1, 1], [5, 0]), r"N\[1\]"),
        (([1, 1], [1, 1], 5, -1), "ridge"),
        (([1, 1], [1, 1], 5, 0, -1), "noise_variance"),
        (([1, 1], [1, 1], [5, 6], [0, 1, 2]), "do not broadcast"),
        (([1, 1], [1, 1], [5, 6], [0, np.nan]), r"ridge\[1\]"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=words):
        generalization_error(*arguments)


def test_power_law_errors():
    with pytest.raises(ValueError, match="d is 0"):
        power_law(0, 0.5)
    with pytest.raises(ValueError, match="exponent"):
        power_law(3, -2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: from_features([1.0, 2.0]), "two dimensions"),
        (lambda: from_features([[1.0, np.nan]]), r"X\[0, 1\]"),
        (lambda: from_features([[1.0]], method="qr"), "method"),
        (lambda: degrees_of_freedom([1.0], -1.0), "kappa"),
        (lambda: degrees_of_freedom([1.0], 1.0, 3), "order"),
        (lambda: effective_ranks([1.0], 2), "k is 2"),
        (lambda: implicit_ridge([1.0], 0), "N is 0"),
        (lambda: ols_risk(0, 1, 1.0), "d is 0"),
        (lambda: optimal_ridge([1.0], [1.0], 5, -1), "noise_variance"),
    ],
)
def test_other_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
