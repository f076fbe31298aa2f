"""Ridge regression for batches of problems."""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check, _ridge
from ._check import FloatArray, IntArray
from ._threads import single_threaded_blas

Array = NDArray[Any]

# In the order of src/ridge/ridge.h.
METHODS = ("auto", "cholesky", "svd")

# BLAS and LAPACK count in 32 bits; gesdd's work space holds some 4 min(n, d)^2 numbers.
_LARGEST = 2**31 - 1
_LARGEST_SVD = 20_000


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
        One matrix for each problem. n and d may be 0; n * d < 2^31.
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
        never looks at the condition of X.
    check_finite : bool
        Whether to look for NaN and infinity in X and y first. Without it they raise LinAlgError.
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
    X, y = _check.real("X", X, check_finite), _check.real("y", y, check_finite)
    dtype = np.dtype(np.float32 if X.itemsize == y.itemsize == 4 else np.float64)
    if X.ndim < 2:
        raise ValueError(f"X has shape {X.shape}: it must be (..., n, d)")
    n, d = X.shape[-2:]
    vector = y.ndim == X.ndim - 1
    Y = y[..., None] if vector else y
    if Y.ndim < 2 or Y.shape[-2] != n:
        raise ValueError(f"y has shape {y.shape}: with X {X.shape} it must be (..., {n}) or (..., {n}, t)")
    dims, t = max(X.ndim, Y.ndim) - 2, Y.shape[-1]
    penalty = _penalty(alpha, dims, t)
    shapes = {"X": X.shape[:-2], "y": Y.shape[:-2], "alpha": penalty.shape[:-1]}
    weight = None
    if sample_weight is not None:
        weight = _weight(sample_weight, dims, n)
        shapes["sample_weight"] = weight.shape[:-1]
    batch = _check.broadcast_shapes("the batch", **shapes)
    if fit_intercept and not n:
        raise ValueError("X has no rows: fit_intercept needs one")
    _check_size(n, d, t, code == 2 or (code == 0 and not penalty.all()))
    coef = np.empty((*batch, d, t), dtype)
    if out is not None:
        _check.output("out", out, (*batch, d) if vector else coef.shape, dtype)
        coef = out.reshape(coef.shape)
        X, Y, penalty = (a.copy() if np.may_share_memory(a, out) else a for a in (X, Y, penalty))

    with np.errstate(over="ignore", invalid="ignore"):  # the kernel looks for what overflowed
        if fit_intercept:
            x_mean, y_mean = _mean(X, weight), _mean(Y, weight)
            X, Y = X - x_mean[..., None, :], Y - y_mean[..., None, :]
        if weight is not None:
            root = np.sqrt(weight)[..., None]
            X, Y = X * root, Y * root
        X, x_at = _stack(X, batch, dtype)
        Y, y_at = _stack(Y, batch, dtype)
    if n == 0:
        coef[...] = 0
    elif coef.size:
        alphas, alpha_at = _stack(penalty[..., None, :], batch, np.dtype(np.float64))
        stacked = coef.reshape(-1, d, t)
        with single_threaded_blas:
            failed = _ridge.solve(
                code, X, Y, alphas.ravel(), x_at, y_at, alpha_at, penalty.shape[-1] > 1, stacked
            )
        if failed:
            raise _failure(failed - 1, batch)
    result = coef[..., 0] if vector else coef
    if out is not None:
        result = out
    if not fit_intercept:
        return result
    with np.errstate(over="ignore", invalid="ignore"):
        rows = np.multiply(coef.swapaxes(-1, -2), x_mean[..., None, :], order="C")
        intercept = (y_mean - rows.sum(-1)).astype(dtype)
    lost = ~np.isfinite(intercept).all(-1)
    if lost.any():
        raise _failure(int(np.argmax(lost)), batch)
    return result, intercept[..., 0] if vector else intercept


def _penalty(alpha: ArrayLike, dims: int, t: int) -> FloatArray:
    """Alpha with an axis of targets: of length t, or of length 1 where they share it."""
    penalty = _check.array("alpha", alpha, _check.NON_NEGATIVE)
    if penalty.ndim <= dims:
        return penalty[..., None]
    if penalty.ndim > dims + 1 or penalty.shape[-1] not in (1, t):
        raise ValueError(
            f"alpha has shape {penalty.shape}: it may have {dims} batch dimensions, then one for {t} targets"
        )
    return penalty


def _weight(sample_weight: ArrayLike, dims: int, n: int) -> FloatArray:
    weight = _check.array("sample_weight", sample_weight, _check.NON_NEGATIVE)
    if not 1 <= weight.ndim <= dims + 1 or weight.shape[-1] != n:
        raise ValueError(f"sample_weight has shape {weight.shape}: it must be (..., {n}) like y's rows")
    nothing = np.asarray(~weight.any(-1))
    if nothing.any():
        raise ValueError(
            f"{_check.place('sample_weight', _check.first(nothing))} is 0 throughout: "
            "a problem needs a row that counts"
        )
    return weight


def _check_size(n: int, d: int, t: int, svd: bool) -> None:
    if max(n * d, n * t, d * t) > _LARGEST:
        raise ValueError(
            f"X and y are too large for BLAS: n = {n}, d = {d}, t = {t}, a product exceeds 2^31 - 1"
        )
    if svd and min(n, d) > _LARGEST_SVD:
        raise ValueError(f"X is too large for an SVD: n = {n}, d = {d}, and both exceed {_LARGEST_SVD}")


def _mean(x: Array, weight: FloatArray | None) -> FloatArray:
    """Weighted mean over the rows of x (..., n, m), in float64.

    The rows are laid along the last axis, whose sums depend on n alone: not on the batch.
    """
    share = np.ones(x.shape[-2]) if weight is None else weight / weight.max(-1, keepdims=True)
    terms = np.multiply(x.swapaxes(-1, -2), share[..., None, :], dtype=np.float64, order="C")
    mean: FloatArray = terms.sum(-1) / share.sum(-1)[..., None]
    return mean


def _stack(x: Array, batch: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, IntArray]:
    """Lay out the matrices x (..., a, b) one by one, those that repeat once.

    Returns them, shape (m, a, b), and for each problem of the batch where its own starts.
    """
    once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in x.strides[:-2])
    x = np.ascontiguousarray(x[once], dtype)
    head, shape = x.shape[:-2], x.shape[-2:]
    at = np.arange(math.prod(head), dtype=np.int64).reshape(head) * math.prod(shape)
    return x.reshape(math.prod(head), *shape), np.broadcast_to(at, batch).ravel()


def _failure(problem: int, batch: tuple[int, ...]) -> np.linalg.LinAlgError:
    name = _check.place("problem", np.unravel_index(problem, batch))
    return np.linalg.LinAlgError(f"{name} is singular to working precision, or its numbers overflow")
