"""lidfast.lid against the reference tables of the theory."""

import math

import numpy as np
import pytest

from lidfast import LIDModel
from lidfast.difficulty import LID

SMALL = LIDModel(12, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)


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
    risks = model.simulate([N], [1], runs=40, instances=1, rng=0).risk[0]
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
