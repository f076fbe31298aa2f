"""Ridge regression for batches of problems."""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check, _ridge, random
from ._check import FloatArray, IntArray
from ._threads import single_threaded_blas
from .random import Generator, Seed

Array = NDArray[Any]

# In the order of src/ridge/ridge.h.
METHODS = ("auto", "cholesky", "svd")
_AUTO, _CHOLESKY, _SVD = range(3)

_REALS = (np.dtype(np.float64), np.dtype(np.float32))

# LAPACK counts in 32 bits; gesdd's work space holds some 4 min(n, d)^2 numbers.
_LARGEST = 2**31 - 1
_LARGEST_SIDE = 20_000


@overload
def ridge_solve(
    X: ArrayLike,
    y: ArrayLike,
    alpha: ArrayLike = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    fit_intercept: Literal[False] = ...,
    method: str = ...,
    check_finite: bool = ...,
    out: Array | None = ...,
) -> Array: ...
@overload
def ridge_solve(
    X: ArrayLike,
    y: ArrayLike,
    alpha: ArrayLike = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    fit_intercept: Literal[True],
    method: str = ...,
    check_finite: bool = ...,
    out: Array | None = ...,
) -> tuple[Array, Array]: ...
@overload
def ridge_solve(
    X: ArrayLike,
    y: ArrayLike,
    alpha: ArrayLike = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    fit_intercept: bool,
    method: str = ...,
    check_finite: bool = ...,
    out: Array | None = ...,
) -> Array | tuple[Array, Array]: ...
def ridge_solve(
    X: ArrayLike,
    y: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    method: str = "auto",
    check_finite: bool = True,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    r"""Solve a batch of ridge regressions.

    .. math:: \hat w = \arg\min_w \sum_i s_i (y_i - x_i^\top w)^2 + \alpha \|w\|^2

    With alpha = 0 it is least squares; ``"svd"`` then takes the solution of smallest norm. In [LID]
    (arXiv 2601.03764) alpha is N times its ridge.

    Parameters
    ----------
    X : array_like, shape (..., n, d)
        One matrix for each problem, in any order and with any steps. n and d may be 0.
    y : array_like, shape (..., n) or (..., n, t)
        (..., n) where it has one dimension less than X, otherwise t targets for each problem. Its
        leading dimensions, the batch, broadcast with those of X; nothing is copied for that.
    alpha : array_like, >= 0
        With at most the batch's dimensions it is per problem, and broadcasts; with one more, of
        length t or 1, per target.
    sample_weight : array_like, shape (..., n), >= 0, optional
        Weights s of the rows. Each problem needs one that is not 0.
    fit_intercept : bool
        Add a constant, which is not penalized, to each target.
    method : {"auto", "cholesky", "svd"}
        Cholesky factorizes X'X + alpha I, or XX' + alpha I where n < d. SVD drops singular values
        up to max(n, d) * eps times the largest. Auto is SVD where alpha is 0, otherwise Cholesky; it
        never looks at the condition of X (see Notes).
    check_finite : bool
        Whether NaN and infinity in X and y are an error. Without it only the answer of the problem
        that has them is NaN. Looking costs next to nothing.
    out : ndarray, optional
        Where to write the coefficients: C-contiguous, of their shape and dtype. It may overlap X or y.

    Returns
    -------
    coef : ndarray, shape (..., d) or (..., d, t)
        float32 if X and y are both float32, otherwise float64.
    intercept : ndarray, shape (...) or (..., t)
        Only with fit_intercept.

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names the first problem that is singular to working precision (only Cholesky) or overflows.

    Notes
    -----
    With s the singular values of X, Cholesky sees those of X'X: its relative error is about
    eps (s_max^2 + alpha) / (s_min^2 + alpha), that of SVD with alpha = 0 about eps s_max / s_min
    while the residual is small. So Cholesky serves while alpha, or s_min^2, is well above
    eps s_max^2 (1e-16 in float64, 1e-7 in float32); below that ask for ``"svd"``, which costs
    20 to 100 times as much.

    The bits of a problem's solution depend on the problem and on which of its alphas are 0: not on
    the batch it came in, nor on the number of threads.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.ridge_solve([[1.0], [1.0]], [1.0, 3.0], alpha=2.0)
    array([1.])
    >>> coef, intercept = lidfast.ridge_solve([[0.0], [2.0]], [1.0, 3.0], alpha=2.0, fit_intercept=True)
    >>> coef, intercept
    (array([0.5]), array(1.5))
    """
    code = METHODS.index(_check.choice("method", method, METHODS))
    X, Y, vector = _operands(X, y)
    dims, (n, d), t = max(X.ndim, Y.ndim) - 2, X.shape[-2:], Y.shape[-1]
    penalty = _penalty(alpha, dims, t)
    weight = None if sample_weight is None else _weight(sample_weight, dims, n)
    batch = _batch(X=X, y=Y, alpha=penalty, sample_weight=weight) if dims else ()
    targets = () if vector else (t,)
    if out is not None:
        _check.output("out", out, (*batch, d, *targets), X.dtype)
        X, Y, penalty = (a.copy() if np.may_share_memory(a, out) else a for a in (X, Y, penalty))
    coef = np.empty((*batch, d, *targets), X.dtype) if out is None else out
    intercept = np.empty((*batch, *targets), X.dtype) if fit_intercept else None
    _solve(
        code, X, Y, penalty, batch, coef, intercept, weight=weight, check_finite=check_finite, vector=vector
    )
    return coef if intercept is None else (coef, intercept)


def ridge_path(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    method: str = "auto",
    check_finite: bool = True,
) -> Array:
    r"""Solve a batch of ridge regressions for many penalties each.

    The solutions are those of `ridge_solve`, to the bit, but what does not depend on the penalty
    (the Gram matrix, or the SVD) is made once.

    Parameters
    ----------
    X : array_like, shape (..., n, d)
    y : array_like, shape (..., n) or (..., n, t)
    alphas : array_like, shape (L,), >= 0
        Penalties, in any order.
    sample_weight, method, check_finite
        As for `ridge_solve`.

    Returns
    -------
    ndarray, shape (..., L, d) or (..., L, d, t)

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names the first problem that is singular to working precision for one of its penalties.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.ridge_path([[1.0], [1.0]], [1.0, 3.0], [0.0, 2.0])
    array([[2.],
           [1.]])
    """
    code = METHODS.index(_check.choice("method", method, METHODS))
    X, Y, vector = _operands(X, y)
    penalty = _check.vector("alphas", alphas, _check.NON_NEGATIVE)[:, None]
    weight = None if sample_weight is None else _weight(sample_weight, max(X.ndim, Y.ndim) - 2, X.shape[-2])
    batch = _batch(X=X, y=Y, sample_weight=weight)
    targets = () if vector else Y.shape[-1:]
    coef = np.empty((*batch, penalty.size, X.shape[-1], *targets), X.dtype)
    _solve(code, X, Y, penalty, batch, coef, None, weight=weight, check_finite=check_finite, vector=vector)
    return coef


def ridge_loo(X: ArrayLike, y: ArrayLike, alphas: ArrayLike, *, check_finite: bool = True) -> Array:
    r"""Leave-one-out mean squared errors of a batch of ridge regressions, for many penalties each.

    .. math:: \frac{1}{n} \sum_i \Bigl(\frac{y_i - x_i^\top \hat w}{1 - h_i}\Bigr)^2, \qquad
        h_i = x_i^\top (X^\top X + \alpha I)^{-1} x_i

    This is what refitting without row i and predicting it gives, averaged over i (PRESS: Allen 1974; Golub,
    Heath and Wahba 1979). For n <= d the same comes from XX'.

    Parameters
    ----------
    X : array_like, shape (..., n, d)
        n >= 1.
    y : array_like, shape (..., n) or (..., n, t)
    alphas : array_like, shape (L,), >= 0
        Penalties, in any order. 0 needs X of full rank.
    check_finite : bool
        As for `ridge_solve`.

    Returns
    -------
    ndarray, shape (..., L) or (..., L, t)

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names the first problem that is singular to working precision for one of its penalties.

    Notes
    -----
    The smaller of X'X and XX' is brought to tridiagonal form once; a penalty then costs a few operations for
    each of its rows and columns. For n > d digits are lost where h_i is close to 1: alpha should be well
    above eps s_max^2, with s_max the largest singular value of X.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.ridge_loo([[1.0], [1.0], [1.0]], [1.0, 2.0, 3.0], [0.0, 1.0])
    array([1.5       , 1.62962963])
    """
    X, Y, vector = _operands(X, y)
    penalty = _check.vector("alphas", alphas, _check.NON_NEGATIVE)[:, None]
    if not X.shape[-2]:
        raise ValueError("X has no rows: ridge_loo needs one")
    errors = np.empty((*_batch(X=X, y=Y), penalty.size, *(() if vector else Y.shape[-1:])), X.dtype)
    batch = errors.shape[: errors.ndim - (1 if vector else 2)]
    _solve(_CHOLESKY, X, Y, penalty, batch, errors, None, check_finite=check_finite, vector=vector, loo=True)
    return errors


def ridge_solve_gram(
    gram: ArrayLike, rhs: ArrayLike, alpha: ArrayLike = 0.0, *, check_finite: bool = True
) -> Array:
    r"""Solve a batch of symmetric positive definite systems, as those of ridge regressions.

    .. math:: \hat w = (G + \alpha I)^{-1} b

    Parameters
    ----------
    gram : array_like, shape (..., d, d)
        Symmetric, like X'X: only its lower triangle is read.
    rhs : array_like, shape (..., d) or (..., d, t)
        (..., d) where it has one dimension less than gram, otherwise t targets for each problem. The
        leading dimensions broadcast.
    alpha : array_like, >= 0
        As for `ridge_solve`: per problem, or per target.
    check_finite : bool
        As for `ridge_solve`.

    Returns
    -------
    ndarray, shape (..., d) or (..., d, t)
        float32 if gram and rhs both are, otherwise float64.

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names the first problem that is not positive definite to working precision.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.ridge_solve_gram([[2.0, 0.0], [0.0, 3.0]], [4.0, 8.0], alpha=1.0)
    array([1.33333333, 2.        ])
    """
    G, Y, vector = _operands(gram, rhs, ("gram", "rhs"))
    d, t = G.shape[-1], Y.shape[-1]
    if G.shape[-2] != d:
        raise ValueError(f"gram has shape {G.shape}: its matrices must be square")
    penalty = _penalty(alpha, max(G.ndim, Y.ndim) - 2, t)
    batch = _batch(gram=G, rhs=Y, alpha=penalty)
    coef = np.empty((*batch, d) if vector else (*batch, d, t), G.dtype)
    _solve(
        _CHOLESKY,
        G,
        Y,
        penalty,
        batch,
        coef,
        None,
        check_finite=check_finite,
        names=("gram", "rhs"),
        vector=vector,
    )
    return coef


def ridge_solve_ragged(
    X: ArrayLike,
    y: ArrayLike,
    offsets: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    method: str = "auto",
    check_finite: bool = True,
) -> Array | tuple[Array, Array]:
    """Solve ridge regressions with different numbers of rows, such as one for each group of a table.

    Each is that of `ridge_solve`, to the bit.

    Parameters
    ----------
    X : array_like, shape (rows, d)
        The rows of all problems, one problem after the other.
    y : array_like, shape (rows,) or (rows, t)
    offsets : array_like of int, shape (B + 1,)
        Problem b has rows offsets[b] to offsets[b + 1] - 1. They rise from 0 to the number of rows.
    alpha : array_like, shape (), (B,) or (B, t), >= 0
        Penalty: the same for all, per problem, or per target.
    sample_weight : array_like, shape (rows,), >= 0, optional
    fit_intercept, method, check_finite
        As for `ridge_solve`.

    Returns
    -------
    coef : ndarray, shape (B, d) or (B, d, t)
        0 for problems without rows.
    intercept : ndarray, shape (B,) or (B, t)
        Only with fit_intercept. 0 for problems without rows.

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names the first problem that is singular to working precision, or overflows, or whose
        weights are all 0 while it has an intercept.

    Examples
    --------
    >>> import lidfast
    >>> X, y = [[1.0], [1.0], [2.0]], [1.0, 3.0, 4.0]
    >>> lidfast.ridge_solve_ragged(X, y, [0, 2, 3], alpha=0.0)
    array([[2.],
           [2.]])
    """
    code = METHODS.index(_check.choice("method", method, METHODS))
    X, Y, vector = _operands(X, y)
    rows, d = X.shape[-2:]
    if X.ndim != 2 or Y.ndim != 2:
        raise ValueError(
            f"X has shape {X.shape} and y {np.shape(y)}: they must be (rows, d), and (rows,) or (rows, t)"
        )
    starts = _check.integer_vector("offsets", offsets)
    falling = np.diff(starts) < 0
    if starts[0] != 0 or starts[-1] != rows or falling.any():
        where = (
            f"offsets[{int(np.argmax(falling)) + 1}] is below the one before it"
            if falling.any()
            else (f"offsets begin with {starts[0]} and end with {starts[-1]}")
        )
        raise ValueError(f"{where}: they must rise from 0 to the {rows} rows")
    penalty = _penalty(alpha, 1, Y.shape[-1])
    batch = (starts.size - 1,)
    if penalty.ndim == 3 and penalty.shape[0] not in (1, *batch):
        raise ValueError(f"alpha has shape {np.shape(alpha)}: its first axis must be of {batch[0]} problems")
    weight = None
    if sample_weight is not None:
        weight = _check.array("sample_weight", sample_weight, _check.NON_NEGATIVE)[..., None]
        if weight.shape != (rows, 1):
            raise ValueError(f"sample_weight has shape {weight.shape[:-1]}: it must be ({rows},)")
    targets = () if vector else Y.shape[-1:]
    coef = np.empty((*batch, d, *targets), X.dtype)
    intercept = np.empty((*batch, *targets), X.dtype) if fit_intercept else None
    _solve(
        code,
        X,
        Y,
        penalty,
        batch,
        coef,
        intercept,
        weight=weight,
        offsets=starts,
        check_finite=check_finite,
        vector=vector,
    )
    return coef if intercept is None else (coef, intercept)


@overload
def ridge_risk(
    spectrum: ArrayLike,
    theta: ArrayLike,
    N: ArrayLike,
    *,
    runs: int,
    noise_scale: float,
    noise_df: float,
    ridge: float,
    rng: Seed | Generator = ...,
    nested: bool = ...,
    return_coef: Literal[False] = ...,
) -> FloatArray: ...
@overload
def ridge_risk(
    spectrum: ArrayLike,
    theta: ArrayLike,
    N: ArrayLike,
    *,
    runs: int,
    noise_scale: float,
    noise_df: float,
    ridge: float,
    rng: Seed | Generator = ...,
    nested: bool = ...,
    return_coef: Literal[True],
) -> tuple[FloatArray, FloatArray]: ...
def ridge_risk(
    spectrum: ArrayLike,
    theta: ArrayLike,
    N: ArrayLike,
    *,
    runs: int,
    noise_scale: float,
    noise_df: float,
    ridge: float,
    rng: Seed | Generator = None,
    nested: bool = False,
    return_coef: bool = False,
) -> FloatArray | tuple[FloatArray, FloatArray]:
    r"""Simulate the excess risk of ridge regression on Gaussian features with Student-t noise.

    .. math:: x_j = \sqrt{\lambda_j}\, z_j, \quad y = x^\top \theta + c\, t_\nu, \quad
        \hat\theta = (X^\top X / N + \rho I)^{-1} X^\top y / N, \quad
        V = \sum_j \lambda_j (\hat\theta_j - \theta_j)^2

    Data are drawn as they are needed, and none are kept: a thread uses memory for one or two matrices of
    min(N, d) rows and columns, and for 128 of their rows more, whatever N is.

    Parameters
    ----------
    spectrum : array_like, shape (d,), >= 0
        Variances lambda of the features.
    theta : array_like, shape (d,)
        True coefficients.
    N : int or array_like of int, shape (nN,), >= 1
        Training sizes, in any order.
    runs : int, >= 1
        Data sets for each N.
    noise_scale : float, >= 0
        c. In [LID] it is sigma sqrt(2 / beta).
    noise_df : float, > 0
        Degrees of freedom nu, beta in [LID]; inf is normal noise.
    ridge : float, >= 0
        rho; the penalty alpha of `ridge_solve` is N times it.
    rng : None, int, SeedSequence or Generator
        A child of it is spawned for each N, or one where they are nested. Risk (i, r) depends on the seed,
        i, r and N[i] alone: not on the other sizes, the number of runs or the threads.
    nested : bool
        Whether the sizes of a run are the first rows of one data set, as in a learning curve that is
        measured while data come in; this is also faster. Otherwise they are independent.
    return_coef : bool
        Whether to return the coefficients, too.

    Returns
    -------
    risk : ndarray, shape (nN, runs), or (runs,) for one N
        V.
    coef : ndarray, shape (nN, runs, d) or (runs, d)
        Only with return_coef.

    Raises
    ------
    ValueError, TypeError
        Names the argument, and the first bad index.
    numpy.linalg.LinAlgError
        Names an N and a run whose problem is singular to working precision, which takes a ridge of
        (nearly) 0, or overflows.

    Notes
    -----
    The solution is that of `ridge_solve` with method "cholesky". For N >= d the error of the coefficients is
    solved for, so that small risks keep their digits. For noise_df <= 4 the risk has no variance, for
    noise_df <= 2 no mean. Runs are what the threads share out. Source: [LID] arXiv 2601.03764, section 3.

    Examples
    --------
    >>> import lidfast
    >>> spectrum = lidfast.spectrum.power_law(100, 0.5)
    >>> risk = lidfast.ridge_risk(
    ...     spectrum, [1.0] * 100, [200, 2000], runs=64, noise_scale=0.1, noise_df=10, ridge=1e-9, rng=0
    ... )
    >>> risk.shape
    (2, 64)
    >>> variance, N = 0.1**2 * 10 / (10 - 2), 2000
    >>> bool(abs(risk[1].mean() / (variance * 100 / (N - 100 - 1)) - 1) < 0.1)
    True
    """
    variances = _check.vector("spectrum", spectrum, _check.NON_NEGATIVE)
    truth = _check.vector("theta", theta)
    _check.same_size("theta", truth, "spectrum", variances.size)
    sizes = _check.integer_vector("N", N, 1)
    runs = _check.integer("runs", runs, 1)
    scale = _check.scalar("noise_scale", noise_scale, _check.NON_NEGATIVE)
    df = _check.scalar("noise_df", noise_df, _check.POSITIVE_OR_INF)
    penalty = _check.scalar("ridge", ridge, _check.NON_NEGATIVE)
    # Curves are taken in order: dearest first. A nested one has its sizes ascending.
    if nested:
        size, place = np.unique(sizes, return_inverse=True)
        first = np.array([0, size.size])
    else:
        order = np.argsort(-sizes, kind="stable")
        size, place, first = sizes[order], np.argsort(order), np.arange(sizes.size + 1)
    children = random.default_rng(rng).spawn(first.size - 1)
    key = np.array([child._take(2 * runs)[:4] for child in children], np.uint64)
    if not nested:
        key = key[order]
    risk = np.empty((size.size, runs))
    coef = np.empty((size.size, runs, variances.size)) if return_coef else None
    normal = random._fixed("standard_normal")
    noise = random._plan("standard_t", (df, None, 0.0, scale))
    status = _ridge.risk(np.sqrt(variances), truth, first, size, key, penalty, normal, noise, risk, coef)
    if status:
        index, at = divmod(status - 1, size.size)
        raise np.linalg.LinAlgError(
            f"N = {size[at]}, run {index % runs}: the problem is singular to working precision, "
            "or its numbers overflow"
        )
    chosen = place if np.ndim(N) else place[0]
    return risk[chosen] if coef is None else (risk[chosen], coef[chosen])


def _operands(X: ArrayLike, y: ArrayLike, names: tuple[str, str] = ("X", "y")) -> tuple[Array, Array, bool]:
    """X (..., n, d), y (..., n, t), both of one precision, and whether y came without its last axis."""
    first, second = names
    X, y = _matrix(first, X), _matrix(second, y)
    if X.dtype != y.dtype:
        X, y = X.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
    if X.ndim < 2:
        raise ValueError(f"{first} has shape {X.shape}: it must be (..., n, d)")
    vector = y.ndim == X.ndim - 1
    Y = y[..., None] if vector else y
    n = X.shape[-2]
    if Y.ndim < 2 or Y.shape[-2] != n:
        raise ValueError(
            f"{second} has shape {y.shape}: with {first} {X.shape} it must be (..., {n}) or (..., {n}, t)"
        )
    return X, Y, vector


def _matrix(name: str, x: ArrayLike) -> Array:
    """As _check.real, with steps between its numbers that are multiples of their size."""
    if not (type(x) is np.ndarray and x.dtype in _REALS):
        x = _check.real(name, x, finite=False)
    if x.flags.aligned and (x.flags.c_contiguous or not any(step % x.itemsize for step in x.strides)):
        return x
    return x.copy()


def _batch(**operands: Array | None) -> tuple[int, ...]:
    """Broadcast operands (..., a, b), but for their last two axes."""
    shapes = {name: x.shape[:-2] for name, x in operands.items() if x is not None}
    return _check.broadcast_shapes("the batch", **shapes)


def _penalty(alpha: ArrayLike | float, dims: int, t: int) -> FloatArray:
    """Alpha as (..., 1, targets): of length t, or of length 1 where they share it."""
    if isinstance(alpha, float) and 0 <= alpha < math.inf:  # soon told
        return np.array([[alpha]])
    penalty = _check.array("alpha", alpha, _check.NON_NEGATIVE)
    if penalty.ndim <= dims:
        return penalty[..., None, None]
    if penalty.ndim > dims + 1 or penalty.shape[-1] not in (1, t):
        raise ValueError(
            f"alpha has shape {penalty.shape}: it may have {dims} batch dimensions, then one for {t} targets"
        )
    return penalty[..., None, :]


def _weight(sample_weight: ArrayLike, dims: int, n: int) -> FloatArray:
    """Weights as (..., n, 1)."""
    weight = _check.array("sample_weight", sample_weight, _check.NON_NEGATIVE)
    if not 1 <= weight.ndim <= dims + 1 or weight.shape[-1] != n:
        raise ValueError(f"sample_weight has shape {weight.shape}: it must be (..., {n}) like y's rows")
    nothing = np.asarray(~weight.any(-1))
    if nothing.any():
        raise ValueError(
            f"{_check.place('sample_weight', _check.first(nothing))} is 0 throughout: "
            "a problem needs a row that counts"
        )
    return weight[..., None]


def _solve(
    code: int,
    X: Array,
    Y: Array,
    penalty: FloatArray,
    batch: tuple[int, ...],
    coef: Array,
    intercept: Array | None,
    *,
    weight: FloatArray | None = None,
    offsets: IntArray | None = None,
    check_finite: bool = True,
    names: tuple[str, str] = ("X", "y"),
    vector: bool = False,
    loo: bool = False,
) -> None:
    """Write coef and intercept, as the kernel takes them, or raise.

    With `vector`, y came without its last axis; with `loo`, coef gets leave-one-out errors.
    """
    gram = names[0] == "gram"
    n = X.shape[-2] if offsets is None else int(np.diff(offsets).max(initial=0))
    d, t = X.shape[-1], Y.shape[-1]
    if intercept is not None and n == 0 and offsets is None:
        raise ValueError("X has no rows: fit_intercept needs one")
    if check_finite and not coef.size:  # nothing is solved that would show it
        _check.real(names[0], X)
        _check.real(names[1], Y[..., 0] if vector else Y)
    if not n:
        coef[...] = 0
        if intercept is not None:
            intercept[...] = 0
    if not n or 0 in batch or not (coef.size or intercept is not None):
        return
    svd = d > 0 and (code == _SVD or (code == _AUTO and not _all(penalty)))
    code = code if svd else _CHOLESKY
    arguments = (loo, code, gram, check_finite, batch, X, Y, penalty, weight, offsets, n, coef, intercept)
    if svd or loo:
        _check_lapack(n, d, t)
        with single_threaded_blas:
            status = _ridge.solve(*arguments)
    else:
        status = _ridge.solve(*arguments)
    if not status:
        return
    problem = (status - 1) // 2
    index = tuple(int(i) for i in np.unravel_index(problem, batch)) if batch else ()
    if check_finite:
        place = () if offsets is not None else index
        rows = slice(None) if offsets is None else slice(*offsets[problem : problem + 2])
        _reject_not_finite(names[0], X, place, rows, 2)
        _reject_not_finite(names[1], Y[..., 0] if vector else Y, place, rows, 1 if vector else 2)
    raise np.linalg.LinAlgError(
        f"{_check.place('problem', index)} is singular to working precision, or its numbers overflow"
    )


def _reject_not_finite(name: str, x: Array, index: tuple[int, ...], rows: slice, tail: int) -> None:
    """Raise ValueError for the first number of a problem that is not finite, if any.

    The last `tail` axes of x are the problem's, of which it has those rows; the others broadcast.
    """
    lead = x.shape[: x.ndim - tail]
    own = tuple(0 if size == 1 else i for i, size in zip(index[len(index) - len(lead) :], lead, strict=True))
    part = x[own][rows]
    bad = ~np.isfinite(part)
    if bad.any():
        row, *column = _check.first(bad)
        where = _check.place(name, (*own, row + (rows.start or 0), *column))
        raise ValueError(f"{where} is {part[(row, *column)]}: it must be {_check.REAL}")


def _all(x: FloatArray) -> bool:
    """x.all(), which takes as long as a small problem, of one element at once."""
    return bool(x.item() if x.size == 1 else x.all())


def _check_lapack(n: int, d: int, t: int) -> None:
    if max(n * d, n * t, d * t) > _LARGEST:
        raise ValueError(
            f"X and y are too large for LAPACK: n = {n}, d = {d}, t = {t}, a product exceeds 2^31 - 1"
        )
    if min(n, d) > _LARGEST_SIDE:
        raise ValueError(f"X is too large for LAPACK: n = {n}, d = {d}, and both exceed {_LARGEST_SIDE}")
