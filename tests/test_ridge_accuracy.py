"""The backward error of ridge_solve: at most 10 times LAPACK's, by the same method, on the same problem.

A solution's backward error is the least change of the data, relative to their norm, of which it is the
exact solution: what the algorithm adds to what the condition of the problem makes inevitable. Below eps
all errors are equal, as rounding the solution alone can cost that.
"""

import numpy as np
import pytest
import scipy.linalg
import threadpoolctl

import lidfast
from lidfast import ridge_solve

FACTOR = 10
SIZES = [
    size
    for d in (1, 3, 8, 20, 64, 65, 100, 256)
    for size in sorted({(2 * d + 3, d), (d, d), ((d + 1) // 2, d)})
] + [(1000, 20), (20, 1000)]
COLLINEAR = {f"collinear 1e{digits}": 10.0**digits for digits in (2, 4, 6, 9, 12)}
KINDS = ("random", "graded", "deficient", "clustered", *COLLINEAR)
TARGETS = 2

# In which residuals are computed. Where long double is double, they carry rounding of the size of
# what they measure, in LAPACK's as in ours.
FINER = {np.float32: np.float64, np.float64: np.longdouble}


def problem(kind, n, d, dtype):
    """X (n, d), and y (n, TARGETS) with noise."""
    rng, k = np.random.default_rng([n, d, KINDS.index(kind)]), min(n, d)
    X = rng.standard_normal((n, d))
    if kind == "graded":
        X *= rng.permutation(np.geomspace(1e-6, 1e6, d))
    elif kind == "deficient":
        rank = (k + 1) // 2
        X = X[:, :rank] @ rng.standard_normal((rank, d))
    elif kind == "clustered":  # singular values of 1, and one of 1e-4
        u, _, v = np.linalg.svd(X, full_matrices=False)
        X = u * np.append(np.ones(k - 1), 1e-4) @ v
    elif kind in COLLINEAR:  # one direction is nearly a combination of the others
        u, s, v = np.linalg.svd(X, full_matrices=False)
        X = u * np.append(s[:-1], s[0] / COLLINEAR[kind]) @ v
    X = X.astype(dtype)
    Y = X @ (rng.standard_normal((d, TARGETS)) / np.abs(X).max(axis=0)[:, None])
    Y += 0.1 * np.abs(Y).max() * rng.standard_normal((n, TARGETS))
    return X, Y.astype(dtype)


def penalty(kind, X, norm):
    """0 where Cholesky is safe without, otherwise a power of 4 well above what rounds X'X."""
    n, d = X.shape
    rounding = max(n, d) * np.finfo(X.dtype).eps
    condition = {"clustered": 1e4, **COLLINEAR}
    if kind in condition:
        safe = condition[kind] ** 2 * rounding < 0.01
    else:  # the scale of columns is no matter to X'X, but is to XX'
        safe = n != d if kind == "random" else n > d and kind == "graded"
    return 0.0 if safe else 4.0 ** np.ceil(np.log(100 * rounding * norm**2) / np.log(4))


def norms(*matrices):
    return (np.linalg.norm(np.asarray(x, float), axis=0) for x in matrices)


def normal_equations_error(X, Y, alpha, W, svd):
    """Of W by Cholesky, normwise; the worst of the targets.

    For n >= d that of (X'X + alpha) W = X'Y. For n < d the method is W = X'A of (XX' + alpha) A = Y, and
    A may be far larger than W: the sizes are then those of X'A, without cancellation, and of Y.
    """
    x, y, w = (m.astype(FINER[X.dtype.type]) for m in (X, Y, W))
    (residual,) = norms(x.T @ (x @ w - y) + alpha * w)
    u, s, _ = svd
    if X.shape[0] < X.shape[1]:
        size, right = (s[0] * length for length in norms(u.T @ Y / (s[:, None] ** 2 + alpha), Y))
    else:
        size, right = norms(W, x.T @ y)
    return np.max(residual / ((s[0] ** 2 + alpha) * size + right))


def least_squares_errors(X, Y, W, cutoff, svd):
    """Of W as the solution of smallest norm of min |X W - Y|; the worst of the targets.

    First, Karlson and Waldén's estimate of the optimal backward error, within a factor 2 of it (Grcar,
    Saunders and Su 2007): |(X'X + p^2)^(-1/2) X'r| / |w| with r the residual and p = |r| / |w|. Then
    how far W is from combinations of rows: |w - X'a| / (|X| |a| + |w|), with the best a.
    """
    x, y, w = (m.astype(FINER[X.dtype.type]) for m in (X, Y, W))
    u, s, v = svd
    residual = y - x @ w
    size, length = norms(w, residual)
    components = v @ (x.T @ residual).astype(float) / np.hypot(s[:, None], length / size)
    rank = np.count_nonzero(s > cutoff * s[0])
    inverse = u[:, :rank] / s[:rank] @ v[:rank]  # of X'
    a = inverse @ W
    a = a + inverse @ (w - x.T @ a).astype(float)
    rest, multiplier = norms(w - x.T @ a, a)
    return (
        np.max(np.linalg.norm(components, axis=0) / (size * s[0])),
        np.max(rest / (s[0] * multiplier + size)),
    )


def lapack_cholesky(X, Y, alpha):
    dual = X.shape[0] < X.shape[1]
    gram = X @ X.T if dual else X.T @ X
    gram.flat[:: len(gram) + 1] += X.dtype.type(alpha)
    (posv,) = scipy.linalg.get_lapack_funcs(("posv",), (gram,))
    _, solution, info = posv(gram, Y if dual else X.T @ Y, lower=True)
    assert info == 0
    return X.T @ solution if dual else solution


def cholesky_errors(kind, n, d, dtype):
    """Pairs of our error and LAPACK's: of targets together, and one by one."""
    X, Y = problem(kind, n, d, dtype)
    svd = np.linalg.svd(X.astype(float), full_matrices=False)
    alpha = penalty(kind, X, svd[1][0])
    together = ridge_solve(X, Y, alpha, method="cholesky")
    alone = np.stack([ridge_solve(X, y, alpha, method="cholesky") for y in Y.T], axis=-1)
    first, second, wanted = (
        normal_equations_error(X, Y, alpha, W, svd) for W in (together, alone, lapack_cholesky(X, Y, alpha))
    )
    return [(first, wanted), (second, wanted)]


def svd_errors(kind, n, d, dtype):
    """Pairs of our error and LAPACK's: of the optimum, and of the smallest norm."""
    X, Y = problem(kind, n, d, dtype)
    svd = np.linalg.svd(X.astype(float), full_matrices=False)
    cutoff = max(n, d) * np.finfo(dtype).eps
    lapacks = scipy.linalg.lstsq(X, Y, cond=cutoff, lapack_driver="gelsd")[0]
    both = [least_squares_errors(X, Y, W, cutoff, svd) for W in (ridge_solve(X, Y, 0, method="svd"), lapacks)]
    return list(zip(*both, strict=True))


@pytest.mark.parametrize("dtype", FINER)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("errors", [cholesky_errors, svd_errors])
def test_backward_error_is_at_most_ten_times_that_of_lapack(errors, kind, dtype):
    eps = float(np.finfo(dtype).eps)
    with lidfast.num_threads(1), threadpoolctl.threadpool_limits(1):  # small problems: threads only wait
        for n, d in SIZES:
            for ours, lapacks in errors(kind, n, d, dtype):
                assert ours <= FACTOR * max(lapacks, eps), (n, d)
