"""ridge_solve against LAPACK, NumPy's lstsq, rational arithmetic and formulas written out."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import scipy.linalg
import threadpoolctl
from hypothesis import given, settings
from hypothesis import strategies as st

import lidfast
from lidfast import _ridge, ridge_solve

pytestmark = pytest.mark.kernel

METHODS = ("auto", "cholesky", "svd")


def reference(X, y, alpha, weight=None, intercept=False):
    """One problem as least squares on rows for the penalty; smallest norm. y is (n,) or (n, t)."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    n, d = X.shape
    root = np.ones(n) if weight is None else np.sqrt(weight)
    columns = y.reshape(n, -1)
    penalties = np.broadcast_to(alpha, columns.shape[1])
    coefs, constants = [], []
    for column, penalty in zip(columns.T, penalties, strict=True):
        x_mean, y_mean = np.zeros(d), 0.0
        if intercept:
            x_mean, y_mean = np.average(X, axis=0, weights=root**2), np.average(column, weights=root**2)
        rows = np.vstack([(X - x_mean) * root[:, None], np.sqrt(penalty) * np.eye(d)])
        right = np.concatenate([(column - y_mean) * root, np.zeros(d)])
        coefs.append(np.linalg.lstsq(rows, right, rcond=None)[0])
        constants.append(y_mean - x_mean @ coefs[-1])
    coef = np.array(coefs).T.reshape(d, *y.shape[1:])
    return (coef, np.array(constants).reshape(y.shape[1:])) if intercept else coef


def close(got, wanted, tolerance):
    scale = np.abs(wanted).max(initial=0)
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max(initial=0) <= tolerance * scale


def well_conditioned(rng, n, d):
    """A random matrix of condition 10."""
    u, _, v = np.linalg.svd(rng.standard_normal((n, d)), full_matrices=False)
    return u * np.geomspace(1, 10, min(n, d)) @ v


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "d"), [(1, 1), (30, 7), (7, 30), (20, 20), (150, 60), (60, 150)])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 1e4])
def test_agrees_with_the_normal_equations(n, d, alpha, method):
    rng = np.random.default_rng([n, d])
    X, y = well_conditioned(rng, n, d), rng.standard_normal((n, 2))
    wanted = scipy.linalg.solve(X.T @ X + alpha * np.eye(d), X.T @ y, assume_a="pos")
    close(ridge_solve(X, y, alpha, method=method), wanted, 1e-10)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "d"), [(30, 7), (20, 20), (7, 30), (1, 5), (5, 1)])
def test_without_penalty_it_is_least_squares_of_smallest_norm(n, d, method):
    rng = np.random.default_rng([n, d])
    X, y = well_conditioned(rng, n, d), rng.standard_normal(n)
    close(ridge_solve(X, y, 0, method=method), np.linalg.lstsq(X, y, rcond=None)[0], 1e-12)


@pytest.mark.parametrize(("n", "d"), [(30, 7), (20, 20), (7, 30)])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_svd_of_deficient_rank(n, d, alpha):
    rng = np.random.default_rng([n, d])
    X = rng.standard_normal((n, 3)) @ rng.standard_normal((3, d))
    y = rng.standard_normal((n, 2))
    close(ridge_solve(X, y, alpha, method="svd"), reference(X, y, alpha), 1e-12)
    close(ridge_solve(np.zeros((n, d)), y, alpha, method="svd"), np.zeros((d, 2)), 0)


def test_svd_holds_where_the_gram_matrix_has_lost_all():
    """Singular values 1 and 1e-10: their squares are 1e-20 apart; exact by construction."""
    rng = np.random.default_rng(1)
    u = np.linalg.qr(rng.standard_normal((8, 2)))[0]
    v = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    s, alpha = np.array([1.0, 1e-10]), 1e-20
    X, y = u * s @ v.T, rng.standard_normal(8)
    wanted = v @ (s / (s**2 + alpha) * (u.T @ y))
    close(ridge_solve(X, y, alpha, method="svd"), wanted, 1e-4)
    with pytest.raises(np.linalg.LinAlgError):
        ridge_solve(X, y, alpha, method="cholesky")


def test_cutoff_is_that_of_lstsq():
    """Just above and below max(n, d) eps times the largest singular value."""
    for ratio, kept in ((1.01, 1), (0.99, 0)):
        small = ratio * 5 * np.finfo(float).eps
        X = np.zeros((5, 2))
        X[0, 0], X[1, 1] = 1, small
        np.testing.assert_allclose(ridge_solve(X, np.ones(5), 0), [1, kept / small], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_svd_neither_overflows_nor_underflows(scale):
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((9, 4)), rng.standard_normal(9)
    close(ridge_solve(X * scale**2, y, 0) * scale**2, ridge_solve(X, y, 0), 1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_small_integers_exactly(method):
    """Against Cramer's rule in rational arithmetic."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        X, y, alpha = rng.integers(-5, 6, (4, 2)), rng.integers(-5, 6, 4), int(rng.integers(1, 5))
        (a, b), (_, c) = [[Fraction(int(v)) for v in row] for row in X.T @ X + alpha * np.eye(2, dtype=int)]
        p, q = (Fraction(int(v)) for v in X.T @ y)
        wanted = [float((c * p - b * q) / (a * c - b * b)), float((a * q - b * p) / (a * c - b * b))]
        np.testing.assert_allclose(ridge_solve(X, y, alpha, method=method), wanted, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "d"), [(60, 20), (20, 60)])
def test_float32(n, d, method):
    rng = np.random.default_rng([n, d])
    X = well_conditioned(rng, n, d).astype(np.float32)
    y = rng.standard_normal(n).astype(np.float32)
    got = ridge_solve(X, y, 0.3, method=method)
    assert got.dtype == np.float32
    close(got, reference(X, y, 0.3), 1e-5)
    coef, intercept = ridge_solve(X, y, 0.3, method=method, fit_intercept=True)
    assert coef.dtype == intercept.dtype == np.float32
    close(coef, reference(X, y, 0.3, intercept=True)[0], 1e-5)


def test_many_panels_of_a_sum():
    """n large enough that X'X is summed in several calls of BLAS."""
    rng = np.random.default_rng(6)
    X = rng.standard_normal((9000, 600), dtype=np.float32)
    y = X[:, 0] + 2 * X[:, 599]
    got = ridge_solve(X, y, 1e-3)
    wanted = np.zeros(600)
    wanted[[0, 599]] = 1, 2
    np.testing.assert_allclose(got, wanted, atol=1e-4)
    tall = ridge_solve(X.T, np.ones(600, np.float32), 2.0)
    gram = X.T.astype(float) @ X
    close(tall, X @ scipy.linalg.solve(gram + 2 * np.eye(600), np.ones(600), assume_a="pos"), 1e-4)


@settings(derandomize=True, deadline=None, database=None, max_examples=150)
@given(
    n=st.integers(1, 9),
    d=st.integers(1, 9),
    t=st.integers(1, 4),
    batch=st.lists(st.integers(1, 3), max_size=2),
    alphas=st.sampled_from(["scalar", "problem", "target"]),
    zeros=st.booleans(),
    method=st.sampled_from(METHODS),
    intercept=st.booleans(),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_any_shape(n, d, t, batch, alphas, zeros, method, intercept, weighted, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((*batch, n, d)), rng.standard_normal((*batch, n, t))
    shape = {"scalar": (), "problem": tuple(batch), "target": (*batch, t)}[alphas]
    alpha = rng.uniform(0.1, 2, shape)
    if zeros and method != "cholesky":
        alpha = np.where(rng.random(shape) < 0.5, 0.0, alpha)
    weight = rng.uniform(0.5, 2, (*batch, n)) if weighted else None
    got = ridge_solve(X, y, alpha, method=method, fit_intercept=intercept, sample_weight=weight)
    each = np.broadcast_to(alpha if alphas == "target" else alpha[..., None], (*batch, t))
    for problem in np.ndindex(*batch):
        w = None if weight is None else weight[problem]
        wanted = reference(X[problem], y[problem], each[problem], w, intercept)
        for part, expected in zip(
            got if intercept else (got,), wanted if intercept else (wanted,), strict=True
        ):
            # Least squares of random small matrices: the condition may be 1e4.
            np.testing.assert_allclose(
                part[problem], expected, rtol=1e-6, atol=1e-7 * (1 + abs(expected).max())
            )


# ---------------------------------------------------------------- weights and intercept


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "d"), [(40, 6), (6, 40)])
def test_whole_weights_are_repeated_rows(n, d, method):
    rng = np.random.default_rng([n, d])
    X, y, weight = rng.standard_normal((n, d)), rng.standard_normal(n), rng.integers(0, 4, n)
    rows = np.repeat(np.arange(n), weight)
    for intercept in (False, True):
        one = ridge_solve(X, y, 0.7, sample_weight=weight, method=method, fit_intercept=intercept)
        two = ridge_solve(X[rows], y[rows], 0.7, method=method, fit_intercept=intercept)
        for a, b in zip(one, two, strict=True) if intercept else [(one, two)]:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_intercept_is_a_column_of_ones_without_penalty(method):
    rng = np.random.default_rng(7)
    X, y, weight = rng.standard_normal((30, 5)) + 10, rng.standard_normal((30, 2)) - 5, rng.random(30)
    ones = np.column_stack([X, np.ones(30)])
    penalty = 0.4 * np.diag([1.0] * 5 + [0])
    wanted = scipy.linalg.solve(ones.T * weight @ ones + penalty, ones.T * weight @ y)
    coef, intercept = ridge_solve(X, y, 0.4, sample_weight=weight, fit_intercept=True, method=method)
    np.testing.assert_allclose(coef, wanted[:5], rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(intercept, wanted[5], rtol=1e-10, atol=1e-10)


def test_weights_of_any_size():
    """Scaling all weights and alpha changes nothing, at the ends of the range too."""
    rng = np.random.default_rng(8)
    X, y, weight = rng.standard_normal((12, 3)), rng.standard_normal(12), rng.uniform(0.5, 1, 12)
    wanted = ridge_solve(X, y, 0.5, sample_weight=weight, fit_intercept=True)
    for scale in (2.0**-500, 2.0**500, 2.0**1023):
        got = ridge_solve(X, y, 0.5 * scale, sample_weight=weight * scale, fit_intercept=True, method="svd")
        np.testing.assert_allclose(got[0], wanted[0], rtol=1e-11)
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-11)


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("x_batch", "y_batch", "batch"),
    [
        ((), (4,), (4,)),
        ((4,), (1,), (4,)),
        ((3, 1), (1, 4), (3, 4)),
        ((3, 1), (4,), (3, 4)),
        ((4,), (3, 4), (3, 4)),
        ((1,), (1,), (1,)),
    ],
)
def test_batches_broadcast(x_batch, y_batch, batch):
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((*x_batch, 6, 3)), rng.standard_normal((*y_batch, 6, 2))
    if y.ndim == X.ndim - 1:
        y = y[None]
    weight = rng.uniform(0.5, 1, 6)
    got = ridge_solve(X, y, 0.3)
    weighted, intercept = ridge_solve(X, y, 0.3, fit_intercept=True, sample_weight=weight)
    assert got.shape == weighted.shape == (*batch, 3, 2)
    assert intercept.shape == (*batch, 2)
    X_all, y_all = np.broadcast_to(X, (*batch, 6, 3)), np.broadcast_to(y, (*batch, 6, 2))
    assert (ridge_solve(X_all, y_all, 0.3) == got).all()
    assert (ridge_solve(X_all.copy(), y_all.copy(), 0.3) == got).all()
    for problem in np.ndindex(*batch):
        close(got[problem], reference(X_all[problem], y_all[problem], 0.3), 1e-12)
        wanted = reference(X_all[problem], y_all[problem], 0.3, weight, True)
        close(weighted[problem], wanted[0], 1e-12)
        np.testing.assert_allclose(intercept[problem], wanted[1], atol=1e-12)


def test_nothing_is_copied_for_steps_or_repeats(monkeypatch):
    """As arrays these would be 8 GB."""
    X, y = np.broadcast_to(np.eye(1000), (1000, 1000, 1000)), np.broadcast_to(np.arange(1000.0), (1000, 1000))
    seen = []

    def solve(*arguments):
        seen.extend(argument.strides for argument in arguments if isinstance(argument, np.ndarray))
        return 0

    monkeypatch.setattr(_ridge, "solve", solve)
    ridge_solve(X[::2, ::-1].mT, y[::2], np.broadcast_to(1.0, 500))
    assert seen[:2] == [(0, 8, -8000), (0, 8, 0)]


def test_the_blas_inside_has_one_thread(monkeypatch):
    def solve(*arguments):
        pools = threadpoolctl.threadpool_info()
        seen.append({pool["num_threads"] for pool in pools if pool["user_api"] == "blas"})
        return 0

    seen = []
    monkeypatch.setattr(_ridge, "solve", solve)
    with threadpoolctl.threadpool_limits(2, "blas"):
        ridge_solve(np.eye(2), [1, 1], 0.0)
        ridge_solve(np.eye(2), [1, 1], 1.0, method="svd")
    assert seen == [{1}, {1}]


def test_alpha_per_problem_and_per_target():
    rng = np.random.default_rng(10)
    X, y = rng.standard_normal((3, 8, 4)), rng.standard_normal((3, 8, 2))
    per_problem, per_target = np.array([0.0, 1.0, 2.0]), np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
    got = ridge_solve(X, y, per_problem)
    for b in range(3):
        close(got[b], reference(X[b], y[b], per_problem[b]), 1e-12)
    got = ridge_solve(X, y, per_target)
    for b in range(3):
        close(got[b], reference(X[b], y[b], per_target[b]), 1e-12)
    assert (ridge_solve(X, y, per_problem[:, None]) == ridge_solve(X, y, per_problem)).all()
    assert (ridge_solve(X[0], y[0], per_target[0])[:, 1] == ridge_solve(X, y, per_target)[0, :, 1]).all()
    # Alpha alone may make the batch.
    path = ridge_solve(X[:1], y[:1], per_problem)
    assert path.shape == (3, 4, 2)
    for b in range(3):
        close(path[b], reference(X[0], y[0], per_problem[b]), 1e-12)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_empty(method, intercept):
    def solve(X, y, alpha=1.0):
        got = ridge_solve(np.ones(X), np.ones(y), alpha, method=method, fit_intercept=intercept)
        return got if intercept else (got, None)

    coef, constant = solve((0, 5, 3), (0, 5))
    assert coef.shape == (0, 3)
    assert constant is None or constant.shape == (0,)
    coef, constant = solve((2, 5, 0), (2, 5, 4))
    assert coef.shape == (2, 0, 4)
    assert constant is None or (constant == 1).all()
    coef, constant = solve((2, 5, 3), (2, 5, 0), np.ones((2, 1)))
    assert coef.shape == (2, 3, 0)
    assert constant is None or constant.shape == (2, 0)
    if not intercept:
        for alpha in (0.0, 1.0):
            coef, _ = solve((2, 0, 3), (2, 0), alpha)
            assert coef.shape == (2, 3)
            assert (coef == 0).all()


def test_layouts_and_dtypes():
    rng = np.random.default_rng(11)
    X, y = rng.standard_normal((4, 40, 5)), rng.standard_normal((4, 40, 2))
    wanted = ridge_solve(X, y, 0.2)
    centered = ridge_solve(X, y, 0.2, fit_intercept=True)
    for layout in (
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: a[:, ::-1][:, ::-1],
    ):
        assert (ridge_solve(layout(X), layout(y), 0.2) == wanted).all()
        got = ridge_solve(layout(X), layout(y), 0.2, fit_intercept=True)
        assert all((one == two).all() for one, two in zip(got, centered, strict=True))
    assert (ridge_solve(X[::-1], y[::-1], 0.2)[::-1] == wanted).all()
    assert (ridge_solve(X.astype(">f8"), y.tolist(), 0.2) == wanted).all()
    X.flags.writeable = False
    assert (ridge_solve(X, y, 0.2) == wanted).all()
    single = X.astype(np.float32)
    assert ridge_solve(single, y).dtype == np.float64
    assert ridge_solve(single, y.astype(np.float32)).dtype == np.float32
    assert ridge_solve(single, y.astype(">f4")).dtype == np.float32
    for dtype in (bool, np.int8, np.uint64, np.float16):
        assert ridge_solve(single, np.ones(y.shape, dtype)).dtype == np.float64


def test_inputs_are_left_alone():
    rng = np.random.default_rng(12)
    X, y, weight = rng.standard_normal((9, 5)), rng.standard_normal(9), rng.random(9)
    before = [a.copy() for a in (X, y, weight)]
    for method, intercept in product(METHODS, (False, True)):
        ridge_solve(X, y, 0.1, method=method, fit_intercept=intercept, sample_weight=weight)
        ridge_solve(X, y, 0.1, method=method)
    for a, b in zip((X, y, weight), before, strict=True):
        assert (a == b).all()


def test_out():
    rng = np.random.default_rng(13)
    X, y = rng.standard_normal((4, 5, 5)), rng.standard_normal((4, 5))
    wanted = ridge_solve(X, y)
    out = np.empty((4, 5))
    assert ridge_solve(X, y, out=out) is out
    assert (out == wanted).all()
    coef, _ = ridge_solve(X, y, out=out, fit_intercept=True)
    assert coef is out
    assert (out == ridge_solve(X, y, fit_intercept=True)[0]).all()
    assert ridge_solve(X, y.copy()[..., None], out=np.empty((4, 5, 1))).shape == (4, 5, 1)
    overlapping = y.copy()
    assert (ridge_solve(X, overlapping, out=overlapping) == wanted).all()
    square = X.copy()
    assert (ridge_solve(square, y, out=square.reshape(-1)[-20:].reshape(4, 5)) == wanted).all()
    with pytest.raises(ValueError, match=r"out has shape \(5, 4\): it must be \(4, 5\)"):
        ridge_solve(X, y, out=np.empty((5, 4)))
    with pytest.raises(TypeError, match="out has dtype float32: it must be float64"):
        ridge_solve(X, y, out=np.empty((4, 5), np.float32))
    with pytest.raises(TypeError, match="out must be an array, not list"):
        ridge_solve(X, y, out=[])
    with pytest.raises(ValueError, match="C-contiguous"):
        ridge_solve(X, y, out=np.empty((5, 4)).T)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        ridge_solve(X, y, out=out)


# ---------------------------------------------------------------- bits


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "d"), [(33, 9), (9, 33), (130, 70), (5, 1), (1, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_bits_for_any_threads_and_batch(n, d, dtype, method):
    rng = np.random.default_rng([n, d])
    X = rng.standard_normal((23, n, d)).astype(dtype)
    y = rng.standard_normal((23, n, 2)).astype(dtype)
    alpha = rng.uniform(0.5, 1, (23, 2))
    alpha[3, 0] = 0 if method != "cholesky" else 0.5
    alpha[5] = alpha[5, 0]
    weight = rng.random((23, n))
    options = [{}, {"fit_intercept": True}, {"fit_intercept": True, "sample_weight": weight}]
    for option in options:
        results = []
        for threads in (1, 2, 3, 8):
            with lidfast.num_threads(threads):
                got = ridge_solve(X, y, alpha, method=method, **option)
            results.append(np.concatenate([got[0], got[1][:, None]], 1) if option else got)
        assert all((result == results[0]).all() for result in results)
        for b in range(23):
            alone = dict(option)
            if "sample_weight" in alone:
                alone["sample_weight"] = weight[b]
            got = ridge_solve(X[b].copy(), y[b].copy(), alpha[b], method=method, **alone)
            flat = np.concatenate([got[0], got[1][None]]) if option else got
            assert (flat == results[0][b]).all()
    # Whether the targets share a penalty in one number or in several is no difference either.
    one = ridge_solve(X, y, alpha[:, 0], method=method)
    assert (one[5] == ridge_solve(X, y, alpha, method=method)[5]).all()


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_a_singular_problem_is_named_by_the_lowest_index(threads):
    rng = np.random.default_rng(14)
    X, y = rng.standard_normal((6, 50, 8, 4)), rng.standard_normal((6, 50, 8))
    for bad in ((1, 30), (1, 31), (4, 2)):
        X[(*bad, slice(None), 2)] = 0
    with (
        lidfast.num_threads(threads),
        pytest.raises(np.linalg.LinAlgError, match=r"problem\[1, 30\] is singular"),
    ):
        ridge_solve(X, y, 0, method="cholesky")
    assert ridge_solve(X, y, 0).shape == (6, 50, 4)
    with pytest.raises(np.linalg.LinAlgError, match=r"^problem is singular"):
        ridge_solve(X[1, 30], y[1, 30], 0, method="cholesky")


def test_a_gram_matrix_that_is_singular_but_for_rounding_raises():
    rng = np.random.default_rng(15)
    for trial in range(50):
        X = rng.standard_normal((20, 5))
        X[:, 4] = X[:, :4] @ rng.standard_normal(4) if trial % 2 else X[:, 1]
        for matrix in (X, X.T):
            with pytest.raises(np.linalg.LinAlgError):
                ridge_solve(matrix, np.ones(len(matrix)), 0, method="cholesky")
            with pytest.raises(np.linalg.LinAlgError):
                ridge_solve(matrix.astype(np.float32), np.ones(len(matrix), np.float32), 1e-9)
            assert np.isfinite(ridge_solve(matrix, np.ones(len(matrix)), 1e-9)).all()


def test_a_small_alpha_is_enough_for_cholesky():
    """Alpha is 84 eps of the diagonal: the gram matrix is far from well conditioned, and usable."""
    X = np.ones((100_000, 3), np.float32)
    np.testing.assert_allclose(ridge_solve(X, X[:, 0], 1.0), 1 / 3, rtol=0.05)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize(("n", "d"), [(40, 20), (20, 40), (1, 1), (73, 66), (66, 73)])
def test_nan_and_infinity_are_named_or_spoil_their_problem_alone(n, d, value, method):
    rng = np.random.default_rng(16)
    for which in (0, 1):
        good = [rng.standard_normal((6, n, d)), rng.standard_normal((6, n, 2))]
        for place in ((4, 0, 0), (4, n - 1, (d if which == 0 else 2) - 1)):
            arrays = [x.copy() for x in good]
            arrays[which][place] = value
            name = rf"{'Xy'[which]}\[{place[0]}, {place[1]}, {place[2]}\] is {value}: it must be finite"
            for alpha, intercept in product((0.0, 1.0), (False, True)):
                if (method, alpha) == ("cholesky", 0.0):
                    continue  # singular in any case
                with pytest.raises(ValueError, match=name):
                    ridge_solve(*arrays, alpha, method=method, fit_intercept=intercept)
                options = {"method": method, "fit_intercept": intercept, "check_finite": False}
                got, wanted = ridge_solve(*arrays, alpha, **options), ridge_solve(*good, alpha, **options)
                if not intercept:
                    got, wanted = (got,), (wanted,)
                for a, b in zip(got, wanted, strict=True):
                    assert np.isnan(a[4]).all()
                    assert (np.delete(a, 4, 0) == np.delete(b, 4, 0)).all()


def test_arrays_without_results_are_looked_at():
    with pytest.raises(ValueError, match=r"y\[1, 2\] is nan"):
        ridge_solve(np.ones((2, 3, 0)), [[1, 1, 1], [1, 1, np.nan]])
    with pytest.raises(ValueError, match=r"X\[2, 1\] is inf"):
        ridge_solve([[1, 1], [1, 1], [1, np.inf]], np.ones((3, 0)))


def test_overflow_raises():
    X = np.ones((2, 3, 2))
    X[1] *= 1e200
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[1\]"):
        ridge_solve(X, np.ones((2, 3)), 1.0)
    y = np.full((2, 3), 1e308)
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[0\]"):
        ridge_solve(np.ones((2, 3, 2)), y, 1.0)
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[1\]"):
        ridge_solve(np.ones((2, 3, 1), np.float32), np.ones((2, 3), np.float32), [1.0, 1e300])
    with pytest.raises(np.linalg.LinAlgError, match="problem"):
        ridge_solve([[1e308], [1.1e308]], [1.0, 2.0], fit_intercept=True)
    X, y = np.array([[1000], [1001]], np.float32), np.array([[0, 0], [0, 3e38]], np.float32)
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[1\]"):
        ridge_solve(X[None], y, 0, fit_intercept=True)


X0, Y0 = np.ones((4, 3, 2)), np.ones((4, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"X": np.ones(3)}, ValueError, r"X has shape \(3,\): it must be \(\.\.\., n, d\)"),
        ({"X": 1.0}, ValueError, "X has shape"),
        ({"y": np.ones((4, 5))}, ValueError, r"y has shape \(4, 5\).*\(\.\.\., 3\) or \(\.\.\., 3, t\)"),
        ({"y": np.ones(3)}, ValueError, r"y has shape \(3,\)"),
        ({"y": np.ones((4, 5, 2))}, ValueError, r"y has shape \(4, 5, 2\)"),
        ({"y": np.ones((5, 3))}, ValueError, r"the batch does not broadcast: X \(4,\), y \(5,\), alpha \(\)"),
        ({"X": np.full((4, 3, 2), 1j)}, TypeError, "X must hold real numbers, not complex128"),
        ({"y": [["a"] * 3] * 4}, TypeError, "y must hold real numbers"),
        ({"alpha": -1}, ValueError, r"alpha is -1.0: it must be finite and >= 0"),
        ({"alpha": [1, 1, -2, 1]}, ValueError, r"alpha\[2\] is -2.0"),
        ({"alpha": np.nan}, ValueError, "alpha is nan"),
        ({"alpha": np.inf}, ValueError, "alpha is inf"),
        (
            {"alpha": np.ones((4, 2))},
            ValueError,
            r"alpha has shape \(4, 2\): it may have 1 batch dimensions, then",
        ),
        ({"y": np.ones((4, 3, 5)), "alpha": np.ones((4, 2))}, ValueError, "then one for 5 targets"),
        ({"alpha": np.ones((1, 1, 1))}, ValueError, "alpha has shape"),
        ({"alpha": np.ones(3)}, ValueError, r"X \(4,\), y \(4,\), alpha \(3,\)"),
        ({"sample_weight": [1.0, -1.0, 1.0]}, ValueError, r"sample_weight\[1\] is -1.0"),
        ({"sample_weight": np.ones(4)}, ValueError, r"sample_weight has shape \(4,\)"),
        ({"sample_weight": 1.0}, ValueError, r"sample_weight has shape \(\)"),
        ({"sample_weight": np.ones((1, 1, 3))}, ValueError, r"sample_weight has shape \(1, 1, 3\)"),
        ({"sample_weight": np.ones((5, 3))}, ValueError, r"does not broadcast: .* sample_weight \(5,\)"),
        ({"sample_weight": np.zeros(3)}, ValueError, "sample_weight is 0 throughout"),
        ({"sample_weight": [[1, 1, 1], [0, 0, 0]] * 2}, ValueError, r"sample_weight\[1\] is 0 throughout"),
        (
            {"X": np.ones((4, 0, 2)), "y": np.ones((4, 0)), "sample_weight": np.ones(0)},
            ValueError,
            "sample_weight is 0",
        ),
        ({"X": np.ones((4, 0, 2)), "y": np.ones((4, 0)), "fit_intercept": True}, ValueError, "X has no rows"),
        ({"method": "qr"}, ValueError, "method is 'qr': it must be one of 'auto', 'cholesky', 'svd'"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        ridge_solve(**{"X": X0, "y": Y0, **arguments})


def test_first_bad_index():
    X, y = np.ones((4, 3, 2)), np.ones((4, 3))
    X[2, 1, 0] = np.inf
    y[1, 2] = y[2, 0] = np.nan
    with pytest.raises(ValueError, match=r"y\[1, 2\] is nan: it must be finite"):
        ridge_solve(X, y)
    with pytest.raises(ValueError, match=r"X\[1, 0\] is inf: it must be finite"):
        ridge_solve(X[2], y[2])
    with pytest.raises(ValueError, match=r"X\[2, 1, 0\] is inf: it must be finite"):
        ridge_solve(X, y[:, None, :, None])


def test_sizes_beyond_32_bits_are_refused():
    one = np.broadcast_to(np.float32(1), (2**17, 2**15))
    for X, y in ((one, one[:, 0]), (one[:, :4], np.broadcast_to(1.0, (2**17, 2**15)))):
        with pytest.raises(ValueError, match="too large for LAPACK: n = 131072"):
            ridge_solve(X, y, 0)
    wide = np.broadcast_to(np.float32(1), (30000, 30000))
    with pytest.raises(ValueError, match="too large for LAPACK"):
        ridge_solve(wide, wide[0], 0)


def test_out_may_hold_the_penalties():
    X, y = np.ones((4, 6, 1)), np.full((4, 6), 1000.0)
    shared = np.array([[1.0], [0.0], [0.0], [0.0]])
    np.testing.assert_allclose(ridge_solve(X, y, shared[0], out=shared), 6000 / 7)
