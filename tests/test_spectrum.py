"""Feature spectra and the deterministic equivalent, against theory, mpmath and limits."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lidfast.spectrum import generalization_error, power_law

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
