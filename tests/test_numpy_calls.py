"""Calls of lidfast.random.Generator beside the same calls of numpy.random.Generator.

The outcome of a call is its exception's type, or its result's type, dtype and shape: the variates are
other tests' concern.
"""

import inspect
from fractions import Fraction

import numpy as np
import pytest

import lidfast.random

pytestmark = pytest.mark.kernel  # empty, transposed and read-only arrays reach the kernels

PARAMETERS = {
    "random": (),
    "standard_normal": (),
    "standard_exponential": (),
    "standard_gamma": (2.0,),
    "normal": (0.0, 1.0),
    "uniform": (0.0, 1.0),
    "exponential": (2.0,),
    "gamma": (2.0, 2.0),
    "chisquare": (2.0,),
    "standard_t": (2.0,),
    "beta": (2.0, 2.0),
    "pareto": (2.0,),
    "weibull": (2.0,),
    "lognormal": (0.0, 1.0),
    "geometric": (0.5,),
    "binomial": (5, 0.5),
    "poisson": (2.0,),
    "zipf": (2.0,),
}
INTEGER = ("geometric", "binomial", "poisson", "zipf")
WITH_DTYPE = ("random", "standard_normal", "standard_exponential", "standard_gamma")
POSITIONS = [(method, i) for method, p in PARAMETERS.items() for i in range(len(p))]


class Subclass(np.ndarray):
    pass


class NoFloat(np.ndarray):
    def __float__(self):
        raise TypeError


def outcome(rng, method, *args, out=None, **kwargs):
    out = out() if callable(out) else out  # an array of its own for each generator
    if out is not None:
        kwargs["out"] = out
    try:
        result = getattr(rng, method)(*args, **kwargs)
    except (TypeError, ValueError, OverflowError) as error:
        return type(error)
    assert out is None or result is out
    return (type(result), result.dtype, result.shape) if isinstance(result, np.ndarray) else type(result)


def agree(method, *args, **kwargs):
    ours = outcome(lidfast.random.default_rng(0), method, *args, **kwargs)
    assert ours == outcome(np.random.default_rng(0), method, *args, **kwargs)
    return ours


# ---------------------------------------------------------------- signatures


def test_every_shared_method_is_here():
    public = {name for name in vars(lidfast.random.Generator) if name[0] != "_" and name != "spawn"}
    assert {name for name in public if hasattr(np.random.Generator, name)} == set(PARAMETERS)


@pytest.mark.parametrize("method", PARAMETERS)
def test_names_order_and_defaults(method):
    ours = inspect.signature(getattr(lidfast.random.Generator, method)).parameters
    theirs = inspect.signature(getattr(np.random.Generator, method)).parameters
    shared = [(p.name, p.kind, p.default) for p in ours.values() if p.kind is not p.KEYWORD_ONLY]
    assert shared == [(p.name, p.kind, p.default) for p in theirs.values()]


# ---------------------------------------------------------------- size, dtype, out

SIZES = [
    *(None, (), 0, 5, (2, 3), [2, 3], range(3), [], (0,), (2, 0), True, np.int64(3), np.array(3)),
    *(np.array([2, 3]), (np.int32(2), 3), -1, (2, -1), 2.0, np.float64(3), (2, 2.5), "3", {"a": 2}),
]


@pytest.mark.parametrize("method", PARAMETERS)
def test_size(method):
    for size in SIZES:
        agree(method, *PARAMETERS[method], size=size)


@pytest.mark.parametrize("method", PARAMETERS)
def test_scalars_are_python_numbers(method):
    assert agree(method, *PARAMETERS[method]) is (int if method in INTEGER else float)
    assert agree(method, *map(np.array, PARAMETERS[method])) is (int if method in INTEGER else float)


@pytest.mark.parametrize("method", WITH_DTYPE)
def test_dtype(method):
    names = ["d", "f", "f8", ">f4", ">f8", "float", "single", "int32", "bogus", complex, bool, object, int]
    types = [float, np.float32, np.float64, np.float16, np.longdouble, np.dtype("f4"), None]
    for dtype in names + types:
        for size in (None, 3):
            agree(method, *PARAMETERS[method], size=size, dtype=dtype)


OUTS = {
    "double": lambda: np.empty(3),
    "single": lambda: np.empty(3, "f4"),
    "integer": lambda: np.empty(3, int),
    "other byte order": lambda: np.empty(3, np.dtype("f8").newbyteorder()),
    "zero dimensions": lambda: np.empty(()),
    "empty": lambda: np.empty(0),
    "two dimensions": lambda: np.empty((2, 3)),
    "broadcast": lambda: np.empty((2, 1, 3)),
    "Fortran": lambda: np.empty((2, 3), order="F"),
    "transposed": lambda: np.empty((4, 4)).T,
    "columns": lambda: np.empty((4, 4))[:, ::2],
    "rows": lambda: np.empty((4, 4))[::2],
    "read-only": lambda: np.frombuffer(bytes(24)),
    "unaligned": lambda: np.frombuffer(bytearray(33), "u1")[1:25].view("f8"),
    "masked": lambda: np.ma.zeros(3),
    "subclass": lambda: np.zeros(3).view(Subclass),
}


@pytest.mark.parametrize("method", WITH_DTYPE)
@pytest.mark.parametrize("out", OUTS)
def test_out(method, out):
    sizes = [{"size": size} for size in (3, (3,), np.int64(3), (2, 3), [2, 3], 4, ())]
    for kwargs in [{}, {"dtype": "f4"}, {"dtype": "d"}, {"dtype": int}, *sizes]:
        agree(method, *PARAMETERS[method], out=OUTS[out], **kwargs)


@pytest.mark.parametrize("out", ["double", "zero dimensions", "two dimensions", "broadcast", "Fortran"])
@pytest.mark.parametrize("shape", [2.0, [2.0], [1, 2, 3], [[1], [2]], []], ids=str)
def test_out_and_parameters(out, shape):
    for size in (None, (2, 3), 3):
        agree("standard_gamma", shape, out=OUTS[out], size=size)


@pytest.mark.parametrize("method", WITH_DTYPE[:3])
def test_fortran_out_is_filled_as_it_lies(method):
    out = np.empty((20, 300), order="F")
    getattr(lidfast.random.default_rng(0), method)(out=out)
    flat = getattr(lidfast.random.default_rng(0), method)(out.size)
    np.testing.assert_array_equal(out.ravel(order="K"), flat)


@pytest.mark.parametrize("method", sorted(set(PARAMETERS) - set(WITH_DTYPE)))
def test_out_by_keyword_where_numpy_has_none(method):
    out = np.empty((2, 3), np.int64 if method in INTEGER else np.float64)
    rng = lidfast.random.default_rng(0)
    assert getattr(rng, method)(*PARAMETERS[method], out=out) is out
    flat = getattr(lidfast.random.default_rng(0), method)(*PARAMETERS[method], 6)
    np.testing.assert_array_equal(out.ravel(), flat)
    with pytest.raises(ValueError, match="C-contiguous"):
        getattr(rng, method)(*PARAMETERS[method], out=np.asfortranarray(out))
    with pytest.raises(TypeError):
        getattr(rng, method)(*PARAMETERS[method], None, out)


# ---------------------------------------------------------------- parameters

VALUES = [
    *(True, np.True_, 0, 1, -1, 1.0, np.float32(1), np.int8(1), np.uint64(1), np.array(1)),
    *(1j, [1j], None, slice(1), np.datetime64(1, "s"), {1: 2}),
    *([1.0], [[1.0, 1.0]], (1, 1), range(1, 3), [1, -1], [0.0], [], [[], []], [True, False], [[1], [1, 2]]),
    *(np.array([1.0], object), np.array(1.0, object), Fraction(1), [Fraction(1)]),
    *(np.array([1, 1], "i2"), np.array([1, 1], ">i4"), np.ones((2, 2), int, order="F"), np.ones(4, int)[::2]),
    *(np.ma.array([1, 1], mask=[0, 1]), np.ones(2, int).view(Subclass), np.array(1).view(Subclass)),
    *(np.ones((3, 1), int), np.ones((0, 2), int)),
]
REALS = [  # not for the n of binomial
    *(0.5, 1.5, 1e-320, -1e-300, 10**400),
    *(np.array([0.5, 1.0], ">f8"), np.array([1.0], "f2"), np.ones((0, 3))),
    *(np.matrix([[1.0, 1.0]]), np.array(0.5), np.array(0.5).view(NoFloat)),
]
# Not for the zipf of NumPy before 2.2, which does not come back.
LARGE = [1e300, 9.2e18, 2.0**63, 2**62, 2**70, [1, 2**70], np.array([2**63], "u8")]
# Not for uniform, where NumPy takes high = -0.0 to be below low = 0.0.
NEGATIVE_ZEROS = [-0.0, np.float64(-0.0), np.float32(-0.0), [-0.0], np.array([1, -0.0])]


@pytest.mark.parametrize(("method", "position"), POSITIONS)
def test_parameters(method, position):
    values = VALUES + (REALS if (method, position) != ("binomial", 0) else [])
    values += LARGE if method not in ("zipf", "binomial") else []
    values += NEGATIVE_ZEROS if method not in ("uniform", "binomial") else []
    for value in values:
        parameters = list(PARAMETERS[method])
        parameters[position] = value
        for size in (None, 2, (3, 2), ()):
            agree(method, *parameters, size=size)


@pytest.mark.parametrize(("method", "position"), POSITIONS)
def test_nan_and_infinity_are_refused(method, position):
    rng = lidfast.random.default_rng(0)
    for value in (np.nan, [1.0, np.nan], np.inf, -np.inf, [np.inf]):
        if method == "standard_t" and np.ravel(value)[0] == np.inf:
            continue
        parameters = list(PARAMETERS[method])
        parameters[position] = value
        with pytest.raises((ValueError, OverflowError)):
            getattr(rng, method)(*parameters)
    state = rng.state
    assert state["calls"] == 0  # what is refused draws nothing


def test_ranges():
    largest = np.finfo(float).max
    for low, high in [(-np.inf, 0), (0, np.inf), (np.inf, np.inf), (-largest, largest), ([-np.inf], [0])]:
        assert agree("uniform", low, high) is OverflowError
    for low, high in [(2, 1), ([1, 2], [1, 1]), ([[0, 1], [2, 3]], 2)]:
        assert agree("uniform", low, high) is ValueError
    for a in (1, 0, -1, np.nan, [2, 1]):
        assert agree("zipf", a) is ValueError
    for p in (0, -0.1, 1.1, np.nan, [0.5, 0]):
        assert agree("geometric", p) is ValueError
    for lam in (-1, np.nan, 2**63 - 1, np.random.default_rng()._poisson_lam_max * (1 + 1e-15)):
        assert agree("poisson", lam) is ValueError
    for p in (-0.1, 1.1, np.nan, [0.5, 1.1]):
        assert agree("binomial", 5, p) is ValueError
    assert agree("binomial", 5.0, 0.5) is int
    with pytest.raises(ValueError, match=r"n is 9007199254740993: it must be an integer in \[0, "):
        lidfast.random.default_rng(0).binomial(2**53 + 1, 0.5)
    with pytest.raises(ValueError, match="n is nan"):
        lidfast.random.default_rng(0).zipf(2.0, n=np.nan)


def test_negative_zero_is_no_scale_even_where_zero_was():
    """The two are one key of a cache."""
    rng = lidfast.random.default_rng(0)
    assert rng.normal(1.0, 0.0) == 1.0
    with pytest.raises(ValueError, match=r"scale is -0.0: it must be finite and >= \+0"):
        rng.normal(1.0, -0.0)
    assert rng.normal(-0.0, 0.0) == 0.0


def test_masked_is_refused():
    with pytest.warns(UserWarning, match="masked"), pytest.raises(ValueError, match="loc is nan"):
        lidfast.random.default_rng(0).normal(np.ma.masked)


@pytest.mark.parametrize("method", [m for m, p in PARAMETERS.items() if len(p) == 2])
def test_two_parameters_broadcast(method):
    first, second = PARAMETERS[method]
    for a, b in [((3,), ()), ((), (3,)), ((2, 1), (3,)), ((2,), (3,)), ((0, 1), (1, 3)), ((1,), (1, 1))]:
        for size in (None, 3, (2, 3), (4, 2, 3), (2, 1), (0, 3), 1):
            agree(method, np.full(a, first), np.full(b, second), size=size)


def test_unknown_and_missing_arguments():
    for method, parameters in PARAMETERS.items():
        assert agree(method, *parameters, bogus=1) is TypeError
        agree(method)
        assert agree(method, *parameters, None, np.float64, *[None] * 4) is TypeError
    agree("standard_exponential", 3, "f", "inv")
    agree("standard_exponential", 3, "f", "zig", np.empty(3, "f"))
    with pytest.raises(ValueError, match="method is 'bad'"):
        lidfast.random.default_rng(0).standard_exponential(method="bad")


# ---------------------------------------------------------------- seeds


def test_seeds():
    seeds = [0, 2**100, np.int64(3), [1, 2], (1, 2), np.array([1, 2]), range(3), [2**70, 1], []]
    for seed in [*seeds, -1, [1, -1], 1.5, "a", [0.5]]:
        kinds = []
        for new in (lidfast.random.default_rng, np.random.default_rng):
            try:
                kinds.append(type(new(seed).random()))
            except (TypeError, ValueError) as error:
                kinds.append(type(error))
        assert kinds[0] is kinds[1], seed
    same = lidfast.random.default_rng([1, 2]).random()
    assert same == lidfast.random.default_rng(np.array([1, 2])).random()
