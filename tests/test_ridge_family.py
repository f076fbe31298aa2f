"""ridge_path, ridge_solve_gram, ridge_solve_ragged and ridge_loo: against ridge_solve and brute force."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import lidfast
from lidfast import ridge_loo, ridge_path, ridge_solve, ridge_solve_gram, ridge_solve_ragged

pytestmark = pytest.mark.kernel

SHAPES = [(1, 1), (30, 7), (7, 30), (20, 20), (150, 64), (150, 65), (70, 200), (300, 130)]


def data(n, d, batch=(2, 3), t=2, dtype=np.float64):
    rng = np.random.default_rng([n, d])
    return rng.standard_normal((*batch, n, d)).astype(dtype), rng.standard_normal((*batch, n, t)).astype(
        dtype
    )


# ---------------------------------------------------------------- path


@pytest.mark.parametrize("method", ["auto", "cholesky", "svd"])
@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_path_is_its_solutions(n, d, method, dtype):
    X, y = data(n, d, dtype=dtype)
    alphas = [2.0, 0.5, 0.5, 1e3] if method == "cholesky" else [2.0, 0.0, 0.5, 1e3, 0.0]
    weight = np.random.default_rng(1).random((3, n))
    path = ridge_path(X, y, alphas, method=method, sample_weight=weight)
    assert path.dtype == dtype
    assert path.shape == (2, 3, len(alphas), d, 2)
    for i, alpha in enumerate(alphas):
        assert (path[:, :, i] == ridge_solve(X, y, alpha, method=method, sample_weight=weight)).all()
    assert (
        ridge_path(X, y[..., :1], alphas, method=method)[..., 0]
        == ridge_path(X, y[..., 0], alphas, method=method)
    ).all()


# ---------------------------------------------------------------- gram


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 64, 65, 130])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_given_systems(d, dtype):
    X, y = data(2 * d + 3, d, batch=(5,), dtype=dtype)
    gram, rhs = X.mT @ X, X.mT @ y
    alpha = np.array([[0.5, 2.0]])
    got = ridge_solve_gram(gram, rhs, alpha)
    assert got.dtype == dtype
    for j in range(2):
        wanted = np.linalg.solve(
            gram.astype(float) + alpha[0, j] * np.eye(d), rhs[..., j, None].astype(float)
        )
        tolerance = 1e-12 if dtype == np.float64 else 2e-4
        np.testing.assert_allclose(got[..., j], wanted[..., 0], rtol=0, atol=tolerance * np.abs(wanted).max())
    lower = gram.copy()
    lower[:, ~np.tri(d, dtype=bool)] = np.nan  # is not read
    assert (ridge_solve_gram(lower, rhs, alpha) == got).all()
    assert (ridge_solve_gram(gram.mT.copy().mT, rhs[:, ::-1][:, ::-1], alpha) == got).all()
    for b in range(5):
        assert (ridge_solve_gram(gram[b], rhs[b, :, 1], 2.0) == got[b, :, 1]).all()
    for threads in (1, 2, 3):
        with lidfast.num_threads(threads):
            assert (ridge_solve_gram(gram, rhs, alpha) == got).all()


def test_given_systems_broadcast():
    X, y = data(9, 4)
    gram, rhs = X.mT @ X, X.mT @ y
    one = ridge_solve_gram(gram[0, 0], rhs, 1.0)
    assert (one == ridge_solve_gram(np.broadcast_to(gram[0, 0], gram.shape), rhs, 1.0)).all()
    per_problem = ridge_solve_gram(gram, rhs, np.arange(1.0, 7.0).reshape(2, 3))
    assert (per_problem[1, 0] == ridge_solve_gram(gram[1, 0], rhs[1, 0], 4.0)).all()
    assert ridge_solve_gram(np.ones((0, 3, 3)), np.ones((0, 3))).shape == (0, 3)
    assert ridge_solve_gram(np.ones((2, 0, 0)), np.ones((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("d", [3, 70])
def test_given_systems_that_are_wrong(d):
    gram, rhs = np.tile(np.eye(d), (6, 1, 1)), np.ones((6, d))
    gram[4, 1, 1] = 0.0
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[4\] is singular"):
        ridge_solve_gram(gram, rhs)
    gram[2, 2, 2] = np.nan
    with pytest.raises(ValueError, match=r"gram\[2, 2, 2\] is nan"):
        ridge_solve_gram(gram, rhs, 1.0)
    got = ridge_solve_gram(gram, rhs, 1.0, check_finite=False)
    assert np.isnan(got[2]).all()
    assert np.isfinite(np.delete(got, 2, 0)).all()
    gram[2, 2, 2] = 1.0
    rhs[1, 0] = -np.inf
    with pytest.raises(ValueError, match=r"rhs\[1, 0\] is -inf"):
        ridge_solve_gram(gram, rhs, 1.0)
    with pytest.raises(ValueError, match=r"gram has shape \(6, 2, 3\): its matrices must be square"):
        ridge_solve_gram(np.ones((6, 2, 3)), np.ones((6, 2)))
    with pytest.raises(ValueError, match=r"rhs has shape \(6, 5\)"):
        ridge_solve_gram(np.ones((6, 3, 3)), np.ones((6, 5)))


# ---------------------------------------------------------------- ragged


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 2, 5, 9, 64, 65, 80, 200]), min_size=1, max_size=12),
    d=st.sampled_from([1, 3, 8, 66, 90]),
    intercept=st.booleans(),
    weighted=st.booleans(),
    zero=st.booleans(),
    single=st.booleans(),
)
def test_groups_are_their_own_problems(sizes, d, intercept, weighted, zero, single):
    rng = np.random.default_rng([d, *sizes])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    dtype = np.float32 if single else np.float64
    X = rng.standard_normal((offsets[-1], d)).astype(dtype)
    y = rng.standard_normal((offsets[-1], 2)).astype(dtype)
    alpha = rng.uniform(0.5, 2, (len(sizes), 2))
    if zero:
        alpha[0, 1] = 0
    options = {"fit_intercept": True} if intercept else {}
    weight = rng.uniform(0.1, 1, offsets[-1]) if weighted else None
    results = []
    for threads in (1, 3):
        with lidfast.num_threads(threads):
            got = ridge_solve_ragged(X, y, offsets, alpha, sample_weight=weight, **options)
        results.append(got if intercept else (got,))
    assert all((a == b).all() for a, b in zip(*results, strict=True))
    for b, n in enumerate(sizes):
        rows = slice(offsets[b], offsets[b + 1])
        if n == 0:
            assert all((part[b] == 0).all() for part in results[0])
            continue
        own = None if weight is None else weight[rows]
        alone = ridge_solve(X[rows], y[rows], alpha[b], sample_weight=own, **options)
        alone = alone if intercept else (alone,)
        assert all((part[b] == a).all() for part, a in zip(results[0], alone, strict=True))


def test_groups_take_vectors_and_steps():
    X, y = data(12, 3, batch=())
    got = ridge_solve_ragged(X, y[:, 0], [0, 5, 12], [1.0, 2.0])
    assert got.shape == (2, 3)
    assert (got[1] == ridge_solve(X[5:], y[5:, 0], 2.0)).all()
    assert (ridge_solve_ragged(np.asfortranarray(X), y[:, 0], [0, 5, 12], [1.0, 2.0]) == got).all()
    assert ridge_solve_ragged(np.ones((0, 3)), np.ones(0), [0]).shape == (0, 3)
    assert (ridge_solve_ragged(np.ones((0, 3)), np.ones(0), [0, 0]) == 0).all()


def test_groups_that_are_wrong():
    X, y = np.ones((6, 2)), np.arange(6.0)
    for offsets, message in (
        ([0, 4, 3, 6], r"offsets\[2\] is below the one before it"),
        ([1, 6], "offsets begin with 1 and end with 6"),
        ([0, 5], "offsets begin with 0 and end with 5"),
        ([[0, 6]], r"offsets has shape \(1, 2\)"),
        ([0, 2.5, 6], r"offsets\[1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            ridge_solve_ragged(X, y, offsets)
    with pytest.raises(ValueError, match=r"alpha has shape \(3, 1\): its first axis"):
        ridge_solve_ragged(X, y, [0, 3, 6], np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"alpha has shape \(3,\): its first axis must be of 2"):
        ridge_solve_ragged(X, y, [0, 3, 6], np.ones(3))
    with pytest.raises(ValueError, match="sample_weight has shape"):
        ridge_solve_ragged(X, y, [0, 6], sample_weight=np.ones(5))
    with pytest.raises(ValueError, match=r"X has shape \(1, 6, 2\)"):
        ridge_solve_ragged(X[None], y[None], [0, 6])
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[1\] is singular"):
        ridge_solve_ragged(X, y, [0, 0, 6], 0.0, method="cholesky")
    X[4, 1] = np.nan
    with pytest.raises(ValueError, match=r"X\[4, 1\] is nan"):
        ridge_solve_ragged(X, y, [0, 3, 6])
    y[1] = np.inf
    with pytest.raises(ValueError, match=r"y\[1\] is inf"):
        ridge_solve_ragged(X, y, [0, 3, 6])
    got = ridge_solve_ragged(X, y, [0, 3, 3, 6], check_finite=False)
    assert np.isnan(got[[0, 2]]).all()
    assert (got[1] == 0).all()


@pytest.mark.parametrize(("n", "d"), [(50_000, 8), (6, 30_000), (3000, 100), (100, 3000)])
def test_threads_inside_one_problem_change_no_bits(n, d):
    X, y = data(n, d, batch=(), t=2)
    results = []
    for threads in (1, 2, 3):
        with lidfast.num_threads(threads):
            results.append(ridge_solve(X, y, 3.0))
    assert all((result == results[0]).all() for result in results)
    assert (ridge_solve(np.stack([X] * 3), np.stack([y] * 3), 3.0)[2] == results[0]).all()
    if n >= d:
        wanted = np.linalg.solve(X.T @ X + 3 * np.eye(d), X.T @ y)
    else:
        wanted = X.T @ np.linalg.solve(X @ X.T + 3 * np.eye(n), y)
    np.testing.assert_allclose(results[0], wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


# ---------------------------------------------------------------- leave one out


def left_out(X, y, alpha):
    """Mean over the rows of the squared error of a fit to the others."""
    n, d = X.shape
    errors = []
    for i in range(n):
        rows = np.delete(np.arange(n), i)
        stacked = np.vstack([X[rows], np.sqrt(alpha) * np.eye(d)])
        right = np.concatenate([y[rows], np.zeros((d, *y.shape[1:]))])
        errors.append((y[i] - X[i] @ scipy.linalg.lstsq(stacked, right, lapack_driver="gelsy")[0]) ** 2)
    return np.mean(errors, 0)


@pytest.mark.parametrize(
    ("n", "d"), [(1, 1), (1, 5), (6, 1), (12, 5), (5, 12), (9, 9), (40, 20), (140, 30), (20, 140), (150, 129)]
)
def test_left_out_rows(n, d):
    X, y = data(n, d, batch=(2,), t=3)
    alphas = [1e-3, 1.0, 1e8, 10.0]
    got = ridge_loo(X, y, alphas)
    assert got.shape == (2, 4, 3)
    some = range(2 if n * d < 10_000 else 1)  # a solution for each row takes its time
    wanted = np.array([[left_out(X[b], y[b], alpha) for alpha in alphas] for b in some])
    np.testing.assert_allclose(got[some], wanted, rtol=1e-10)
    single = ridge_loo(X.astype(np.float32), y.astype(np.float32), alphas)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[some], wanted, rtol=2e-4)
    np.testing.assert_allclose(ridge_loo(X[1], y[1, :, 2], alphas), got[1, :, 2], rtol=1e-11)
    assert (ridge_loo(X[1], y[1], alphas) == got[1]).all()
    assert (ridge_loo(X.swapaxes(1, 2).copy().swapaxes(1, 2), y[:, ::-1][:, ::-1], alphas) == got).all()
    for threads in (1, 2, 3):
        with lidfast.num_threads(threads):
            assert (ridge_loo(X, y, alphas) == got).all()


def test_left_out_rows_without_penalty():
    X, y = data(12, 5, batch=(), t=1)
    np.testing.assert_allclose(ridge_loo(X, y, [0.0]), [left_out(X, y, 0.0)], rtol=1e-12)
    # fewer rows than columns: the solution of smallest norm
    np.testing.assert_allclose(ridge_loo(X[:4], y[:4], [0.0]), [left_out(X[:4], y[:4], 0.0)], rtol=1e-10)
    np.testing.assert_allclose(ridge_loo(np.ones((4, 0)), [1.0, 2.0, 3.0, 4.0], [1.0]), [7.5])
    assert ridge_loo(np.ones((0, 3, 2)), np.ones((0, 3)), [1.0]).shape == (0, 1)


def test_left_out_rows_that_are_wrong():
    X, y = data(12, 5, batch=(4,), t=1)
    X[2, :, 1] = X[2, :, 0]
    with pytest.raises(np.linalg.LinAlgError, match=r"problem\[2\] is singular"):
        ridge_loo(X, y, [1.0, 0.0])
    X[1, 3, 2] = np.nan
    with pytest.raises(ValueError, match=r"X\[1, 3, 2\] is nan"):
        ridge_loo(X, y, [1.0])
    got = ridge_loo(X, y, [1.0, 2.0], check_finite=False)
    assert np.isnan(got[1]).all()
    assert np.isfinite(np.delete(got, 1, 0)).all()
    with pytest.raises(ValueError, match="X has no rows"):
        ridge_loo(np.ones((0, 2)), np.ones(0), [1.0])
    with pytest.raises(ValueError, match=r"alphas\[1\] is -1"):
        ridge_loo(X, y, [1.0, -1.0])
    with pytest.raises(ValueError, match=r"alphas has shape \(1, 1\)"):
        ridge_path(X, y, [[1.0]])
