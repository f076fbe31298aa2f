"""Feature spectra, their effective dimensions, and the excess risk of ridge regression that follows.

Symbols: lambda_j are the eigenvalues of the feature covariance, N is the number of labels, rho the
penalty on the mean squared error, v the variance of the labels' noise; kappa, the implicit ridge, solves

    N = df1(kappa) + N rho / kappa,    df1(kappa) = sum_j lambda_j / (lambda_j + kappa).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import FloatArray, IntArray

__all__ = [
    "degrees_of_freedom",
    "effective_ranks",
    "from_features",
    "generalization_error",
    "implicit_ridge",
    "ols_risk",
    "optimal_ridge",
    "participation_ratio",
    "power_law",
]

# Blocks of (points, eigenvalues) that stay in the second-level cache.
_EIGENVALUES_AT_A_TIME = 1 << 12
_AT_A_TIME = 1 << 15
# Many eigenvalues are summed in bins of this width in ln lambda until kappa is known to 1e-4.
_BIN = 0.02
_MANY = 4096


# ---------------------------------------------------------------- spectra


def power_law(d: int, exponent: float) -> FloatArray:
    r"""Eigenvalues of a feature covariance with a power-law spectrum [LID] (arXiv 2601.03764).

    .. math:: \lambda_j = C j^{-(1+\alpha_s)}, \quad \sum_j \lambda_j = 1

    Parameters
    ----------
    d : int, >= 1
        Dimension.
    exponent : float, > -1
        alpha_s: the model's is above 0; -1 is white, all eigenvalues equal.

    Returns
    -------
    ndarray, shape (d,)
        Descending.

    Raises
    ------
    ValueError
        Names the argument that is out of range.

    Examples
    --------
    >>> from lidfast.spectrum import power_law
    >>> power_law(3, 0.0).round(3)
    array([0.545, 0.273, 0.182])
    """
    d = _check.integer("d", d, 1)
    exponent = _check.scalar("exponent", exponent, _check.Range(-1, high_open=True))
    # From the logarithms, less the largest (j = 1): no power overflows.
    eigenvalues: FloatArray = np.exp(-(1 + exponent) * np.log(np.arange(1, d + 1)))
    eigenvalues /= eigenvalues.sum()
    return eigenvalues


def from_features(X: ArrayLike, *, center: bool = True, method: str = "gram") -> FloatArray:
    r"""Eigenvalues of the covariance of given features.

    .. math:: \Sigma = \frac1n \sum_i (x_i - \bar x)(x_i - \bar x)^T

    Parameters
    ----------
    X : array_like, shape (n, d)
        A row for each instance.
    center : bool
        Whether to subtract the mean of each feature, as regression with an intercept does. Without,
        they are the eigenvalues of X'X / n, which regression without an intercept sees.
    method : {"gram", "svd"}
        "gram" takes the eigenvalues of X'X or XX', the smaller of the two, which leaves those below
        about 1e-16 max(n, d) of the largest undetermined; "svd" takes the squares of singular values,
        slower, and determines those down to the square of that.

    Returns
    -------
    ndarray, shape (d,), >= 0
        Descending. Those that rounding leaves undetermined are 0, as are all beyond the rank.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.spectrum import from_features
    >>> from_features([[1.0, 0.0], [3.0, 0.0], [2.0, 1.5], [2.0, -1.5]]).tolist()
    [1.125, 0.5]
    """
    rows = _check.array("X", X)
    if rows.ndim != 2 or rows.size == 0:
        raise ValueError(f"X has shape {rows.shape}: it must have two dimensions, and elements")
    method = _check.choice("method", method, ("gram", "svd"))
    if center:
        rows = rows - rows.mean(axis=0)
    n, d = rows.shape
    # By a power of two, so that squares neither overflow nor vanish.
    scale = 2.0 ** np.clip(np.frexp(np.abs(rows).max())[1], -1000, 1000)
    rows = rows / scale
    lost = max(n, d) * np.finfo(float).eps
    if method == "svd":
        values = np.linalg.svd(rows, compute_uv=False) ** 2
        lost *= lost
    else:
        values = np.linalg.eigvalsh(rows @ rows.T if n < d else rows.T @ rows)[::-1]
    out = np.zeros(d)
    out[: values.size] = np.where(values > lost * values[0], values, 0) / n * scale * scale
    return out


# ---------------------------------------------------------------- effective dimensions


def degrees_of_freedom(eigenvalues: ArrayLike, kappa: ArrayLike, order: int = 1) -> Any:
    r"""Effective dimension of ridge regression, its degrees of freedom.

    .. math:: df_m(\kappa) = \sum_j \Bigl(\frac{\lambda_j}{\lambda_j+\kappa}\Bigr)^m

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0
    kappa : array_like, >= 0
        Such as `implicit_ridge` gives; may be inf.
    order : {1, 2}
        df1 is the trace of the hat matrix, df2 that of its square.

    Returns
    -------
    float or ndarray of kappa's shape
        In [0, rank]; at kappa = 0 the number of eigenvalues above 0.

    Examples
    --------
    >>> from lidfast.spectrum import degrees_of_freedom
    >>> degrees_of_freedom([3.0, 1.0], [0.0, 1.0]).tolist()
    [2.0, 1.25]
    """
    eigenvalues = _positive(_check.vector("eigenvalues", eigenvalues, _check.NON_NEGATIVE))
    kappa = _check.array("kappa", kappa, _check.Range(0))
    order = _check.integer("order", order, 1, 2)
    out = np.zeros(kappa.size)
    finite = np.isfinite(kappa.ravel())
    out[finite] = _sums(
        lambda share, _rest, *_: (share if order == 1 else share * share,), kappa.ravel()[finite], eigenvalues
    )[0]
    return _shaped(out, kappa.shape)


def participation_ratio(eigenvalues: ArrayLike) -> float:
    """Participation ratio (sum lambda)^2 / sum lambda^2: how many equal eigenvalues would give it.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0

    Returns
    -------
    float
        In [1, rank]; 0 where all eigenvalues are 0.

    Examples
    --------
    >>> from lidfast.spectrum import participation_ratio
    >>> participation_ratio([1.0, 1.0, 1.0, 0.0])
    3.0
    """
    return float(effective_ranks(eigenvalues, 0)[1])


def effective_ranks(eigenvalues: ArrayLike, k: ArrayLike = 0) -> tuple[Any, Any]:
    r"""Effective ranks of the tail of a spectrum, after its k largest eigenvalues.

    .. math:: r_k = \frac{\sum_{j>k} \lambda_j}{\lambda_{k+1}}, \qquad
              R_k = \frac{(\sum_{j>k} \lambda_j)^2}{\sum_{j>k} \lambda_j^2}

    They say when interpolation is benign (Bartlett, Long, Lugosi and Tsigler, 2020); r_0 is the
    intrinsic dimension, R_0 the participation ratio.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0
        In any order.
    k : array_like of int, in [0, d]

    Returns
    -------
    r, R : float or ndarray of k's shape
        0 where nothing is left.

    Examples
    --------
    >>> from lidfast.spectrum import effective_ranks
    >>> r, R = effective_ranks([8.0, 1.0, 1.0, 1.0], [0, 1])
    >>> r.tolist(), R.round(3).tolist()
    ([1.375, 3.0], [1.806, 3.0])
    """
    values = np.sort(_check.vector("eigenvalues", eigenvalues, _check.NON_NEGATIVE))
    k = _check.integers("k", k, 0, values.size)
    scale = values[-1] or 1.0
    values = np.append(0, values / scale)  # ascending, after a 0 for the empty tail
    at = values.size - 1 - k
    first, total, square = values[at], np.cumsum(values)[at], np.cumsum(values**2)[at]
    # Where squares vanish the tail is measured in units of its largest.
    left = first > 0
    r = np.divide(total, first, out=np.zeros(k.shape), where=left)
    R = np.divide(total**2, square, out=np.zeros(k.shape), where=left & (square > 0))
    return _shaped(r, k.shape), _shaped(R, k.shape)


# ---------------------------------------------------------------- the deterministic equivalent


def implicit_ridge(eigenvalues: ArrayLike, N: ArrayLike, ridge: ArrayLike = 0.0) -> Any:
    r"""Implicit ridge kappa of ridge regression on N labels, its effective regularization.

    .. math:: N = \sum_j \frac{\lambda_j}{\lambda_j+\kappa} + \frac{N \rho}{\kappa}

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0
    N : array_like, real, > 0
    ridge : array_like, >= 0
        rho, broadcast with N; may be inf.

    Returns
    -------
    float or ndarray
        At least rho. 0 for rho = 0 and N >= d, d counting the eigenvalues that are not 0.

    Examples
    --------
    >>> from lidfast.spectrum import implicit_ridge
    >>> implicit_ridge([0.5, 0.5], [1, 2, 4]).round(12).tolist()
    [0.5, 0.0, 0.0]
    """
    eigenvalues = _check.vector("eigenvalues", eigenvalues, _check.NON_NEGATIVE)
    sizes, ridges, where, shape = _points(N, ridge)
    return _shaped(_implicit(_positive(eigenvalues), sizes, ridges)[where], shape)


def generalization_error(
    eigenvalues: ArrayLike,
    theta: ArrayLike,
    N: ArrayLike,
    ridge: ArrayLike = 0.0,
    noise_variance: float = 0.0,
) -> Any:
    r"""Excess risk of ridge regression by its deterministic equivalent [LID] (arXiv 2601.03764).

    With kappa > 0 the root of the first line (`implicit_ridge`),

    .. math::
        N &= \sum_j \frac{\lambda_j}{\lambda_j+\kappa} + \frac{N \rho}{\kappa}, \qquad
        g = \frac1N \sum_j \frac{\lambda_j^2}{(\lambda_j+\kappa)^2} \\
        L_{gen} &= \frac{\kappa^2 \sum_j \theta_j^2 \lambda_j/(\lambda_j+\kappa)^2 + g v}{1-g}

    Without a ridge (rho = 0) kappa falls to 0 at N = d, where L_gen is infinite, and beyond it
    L_gen = v d / (N - d), d counting the eigenvalues that are not 0.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0
        Of the feature covariance.
    theta : array_like, shape (d,)
        Target coefficients in its eigenvectors.
    N : array_like, real, > 0
        Training sizes.
    ridge : array_like, >= 0
        rho, the penalty on the mean squared error (scikit-learn's alpha is N rho), broadcast with N;
        inf predicts 0.
    noise_variance : float, >= 0
        v, of the labels; may be inf.

    Returns
    -------
    float or ndarray of the broadcast shape, >= 0
        A million eigenvalues take about 0.04 s for each point.

    Raises
    ------
    ValueError
        Names the argument and the first bad index.

    Examples
    --------
    >>> from lidfast.spectrum import generalization_error, power_law
    >>> round(generalization_error(power_law(100, 0.5), [1] * 100, 200, 0.0, 0.04), 9)
    0.04
    """
    eigenvalues, theta = _spectrum(eigenvalues, theta)
    sizes, ridges, where, shape = _points(N, ridge)
    noise = _check.scalar("noise_variance", noise_variance, _check.Range(0))
    return _shaped(_risk(eigenvalues, theta, sizes, ridges, noise)[where], shape)


def ols_risk(d: int, N: ArrayLike, v: float) -> Any:
    r"""Exact mean excess risk of least squares on Gaussian features, without a penalty.

    .. math:: E\, L_{gen} = \frac{v d}{N - d - 1}, \qquad N > d + 1

    It does not depend on the spectrum or the target. The deterministic equivalent has N - d in place
    of N - d - 1.

    Parameters
    ----------
    d : int, >= 1
    N : array_like, > 0
    v : float, >= 0
        Variance of the noise; may be inf.

    Returns
    -------
    float or ndarray of N's shape
        inf for d <= N <= d + 1, where the risk has no mean; 0 there too for v = 0. NaN for N < d, where
        least squares has many solutions, and the risk of the smallest depends on the spectrum:
        `generalization_error` with a ridge of 0 is its deterministic equivalent.

    Examples
    --------
    >>> from lidfast.spectrum import ols_risk
    >>> ols_risk(100, [50, 100, 200], 0.04).round(6).tolist()
    [nan, inf, 0.040404]
    """
    d = _check.integer("d", d, 1)
    N = _check.array("N", N, _check.POSITIVE)
    v = _check.scalar("v", v, _check.Range(0))
    if v == 0:
        out = np.zeros(N.shape)
    else:
        with np.errstate(divide="ignore", over="ignore"):
            out = v * (d / np.maximum(N - d - 1, 0))
    return _shaped(np.where(d > N, np.nan, out), N.shape)


def optimal_ridge(eigenvalues: ArrayLike, theta: ArrayLike, N: ArrayLike, noise_variance: float) -> Any:
    r"""Ridge penalty that minimizes `generalization_error`, over all rho in [0, inf].

    As a function of kappa the risk is explicit, and so are its stationary points,

    .. math:: (N - df_2) \sum_j \theta_j^2 \lambda_j r_j^2 s_j = (B + v) \sum_j s_j^2 r_j, \qquad
        s_j = 1 - r_j = \frac{\lambda_j}{\lambda_j+\kappa}, \quad B = \sum_j \theta_j^2 \lambda_j r_j^2 .

    Every minimum on a grid of step 1/4 in ln kappa, over a range that provably holds them all, is
    polished; the best is returned. Where all theta_j^2 agree, on random targets, it is
    v / (N theta_j^2) whatever the spectrum.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,), >= 0
    theta : array_like, shape (d,)
    N : array_like, > 0
    noise_variance : float, >= 0
        v; may be inf.

    Returns
    -------
    float or ndarray of N's shape
        rho, to about 1e-15 kappa; inf where there is nothing to learn, or infinite noise. Where the
        best would be negative, which some signals have for N < d, it is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.spectrum import optimal_ridge, power_law
    >>> optimal_ridge(power_law(100, 0.5), np.full(100, 2.0), [50, 200], 0.04).round(9).tolist()
    [0.0002, 5e-05]
    """
    eigenvalues, theta = _spectrum(eigenvalues, theta)
    sizes = _check.array("N", N, _check.POSITIVE)
    noise = _check.scalar("noise_variance", noise_variance, _check.Range(0))
    distinct, where = np.unique(sizes, return_inverse=True)
    return _shaped(_optimal(eigenvalues, theta, distinct, noise)[where.ravel()], sizes.shape)


# ---------------------------------------------------------------- arguments


def _spectrum(eigenvalues: ArrayLike, theta: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues above 0 and their coefficients: directions without variance bear no risk."""
    values = _check.vector("eigenvalues", eigenvalues, _check.NON_NEGATIVE)
    coefficients = _check.vector("theta", theta)
    if coefficients.shape != values.shape:
        raise ValueError(f"theta has shape {coefficients.shape}: eigenvalues have {values.shape}")
    return values[values > 0], coefficients[values > 0]


def _points(N: ArrayLike, ridge: ArrayLike) -> tuple[FloatArray, FloatArray, IntArray, tuple[int, ...]]:
    """Distinct (N, ridge), the index of each point among them, and the broadcast shape."""
    sizes, ridges = _check.broadcast(
        N=_check.array("N", N, _check.POSITIVE), ridge=_check.array("ridge", ridge, _check.Range(0))
    )
    pairs = np.column_stack([sizes.ravel(), ridges.ravel()])
    distinct, where = np.unique(pairs, axis=0, return_inverse=True)
    return distinct[:, 0], distinct[:, 1], where.ravel(), sizes.shape


def _positive(eigenvalues: FloatArray) -> FloatArray:
    return eigenvalues[eigenvalues > 0]


def _shaped(x: FloatArray, shape: tuple[int, ...]) -> Any:
    return np.asarray(x).reshape(shape) if shape else float(np.asarray(x).item())


# ---------------------------------------------------------------- sums over the spectrum

_Terms = Callable[..., tuple[FloatArray, ...]]


def _sums(terms: _Terms, kappa: FloatArray, eigenvalues: FloatArray, *columns: FloatArray) -> FloatArray:
    """Sum what terms(share, rest, *columns) gives, each (points, eigenvalues), over the eigenvalues.

    The share is lambda / (lambda + kappa) and the rest kappa / (lambda + kappa). Sums are taken in
    blocks that do not depend on the points, so a point's sums do not depend on the others.
    """
    out: FloatArray | None = None
    points = _AT_A_TIME // min(max(eigenvalues.size, 1), _EIGENVALUES_AT_A_TIME)
    for i in range(0, max(kappa.size, 1), points):
        at = slice(i, i + points)
        k = kappa[at, None]
        for j in range(0, max(eigenvalues.size, 1), _EIGENVALUES_AT_A_TIME):
            block = slice(j, j + _EIGENVALUES_AT_A_TIME)
            values = eigenvalues[block]
            whole = values + k
            parts = terms(values / whole, k / whole, *(column[block] for column in columns))
            if out is None:
                out = np.zeros((len(parts), kappa.size))
            for total, part in zip(out, parts, strict=True):
                total[at] += part.sum(axis=1)
    assert out is not None
    return out


def _binned(eigenvalues: FloatArray, *columns: FloatArray) -> tuple[FloatArray, ...]:
    """Means of the eigenvalues in bins, their numbers, and the columns' sums; as they are if they are few."""
    if eigenvalues.size > _MANY:
        bins = np.floor(np.log(eigenvalues) / _BIN)
        _, where, count = np.unique(bins, return_inverse=True, return_counts=True)
        if count.size < eigenvalues.size // 4:
            means = np.bincount(where, eigenvalues) / count
            sums = [np.asarray(np.bincount(where, column), dtype=np.float64) for column in columns]
            return means, count.astype(np.float64), *sums
    return eigenvalues, np.ones(eigenvalues.size), *columns


def _balance(
    kappa: FloatArray, N: FloatArray, ridge: FloatArray, eigenvalues: FloatArray, count: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Left and right side of the equation for kappa, arranged so that neither cancels, and sum s r.

    With m eigenvalues above kappa it reads N rho / kappa + (m - N) + sum_{small} s = sum_{large} r; m - N
    goes to the side where it is positive.
    """

    def terms(share: FloatArray, rest: FloatArray, count: FloatArray) -> tuple[FloatArray, ...]:
        large = share > rest
        return (
            large * count,
            np.where(large, rest, 0) * count,
            np.where(large, 0, share) * count,
            share * rest * count,
        )

    m, rest, share, both = _sums(terms, kappa, eigenvalues, count)
    left = N * (ridge / kappa) + np.maximum(m - N, 0) + share
    return left, np.maximum(N - m, 0) + rest, both


def _root(f: Callable[..., FloatArray], low: FloatArray, high: FloatArray, tolerance: float) -> FloatArray:
    """Find roots of functions that fall from above 0 at low to below it at high.

    f(t, index) gives the values of the functions of that index. Secants by the rule of Illinois; where
    a bracket has not halved in three steps, it is halved.
    """
    low, high = low.copy(), high.copy()
    index = np.arange(low.size)
    above, below = f(low, index), f(high, index)
    root = np.where(above <= 0, low, high)  # for brackets that a rounding has emptied
    index = index[(above > 0) & (below < 0)]
    side, width = np.zeros(low.size), high - low
    for step in range(400):
        if not index.size:
            break
        a, b, fa, fb = low[index], high[index], above[index], below[index]
        with np.errstate(invalid="ignore", over="ignore"):
            t = (a * fb - b * fa) / (fb - fa)
        middle = 0.5 * (a + b)
        if step % 3 == 2:
            slow = b - a > 0.5 * width[index]
            t = np.where(slow, middle, t)
            width[index] = b - a
        t = np.where((t > a) & (t < b), t, middle)
        value = f(t, index)
        up = value > 0
        low[index[up]], above[index[up]] = t[up], value[up]
        high[index[~up]], below[index[~up]] = t[~up], value[~up]
        # The end that stayed twice weighs half.
        again = side[index] == np.where(up, 1, -1)
        below[index[up & again]] *= 0.5
        above[index[~up & again]] *= 0.5
        side[index] = np.where(up, 1, -1)
        moved = np.minimum(t - a, b - t)
        done = (value == 0) | (moved <= tolerance) | (high[index] - low[index] <= tolerance)
        root[index] = t
        index = index[~done]
    return root


def _implicit(eigenvalues: FloatArray, N: FloatArray, ridge: FloatArray) -> FloatArray:
    """Find kappa of all points (N, ridge); the eigenvalues are above 0."""
    d, kappa = eigenvalues.size, ridge.copy()
    if d == 0:
        return kappa
    search = np.isfinite(ridge) & ((ridge > 0) | (d > N))
    kappa[np.isfinite(ridge) & ~search] = 0
    N, ridge = N[search], ridge[search]
    # Shares are at most lambda / kappa, and at least those of the smallest eigenvalue.
    with np.errstate(divide="ignore"):
        least = np.log(eigenvalues.min()) + np.log(np.maximum(d - N, 0)) - np.log(N)
        low = np.maximum(np.log(ridge), least) - 1e-3
        high = np.logaddexp(np.log(eigenvalues.sum()) - np.log(N), np.log(ridge)) + 1e-3

    def solve(values: FloatArray, count: FloatArray, points: IntArray) -> FloatArray:
        def excess(t: FloatArray, index: IntArray) -> FloatArray:
            at = points[index]
            left, right, _ = _balance(np.exp(t), N[at], ridge[at], values, count)
            with np.errstate(divide="ignore"):
                return np.log(left) - np.log(right)

        return np.exp(_root(excess, low[points], high[points], 1e-7))

    every, ones = np.arange(N.size), np.ones(d)
    values, count = _binned(eigenvalues)
    found = solve(values, count, every)

    def polish(points: IntArray) -> IntArray:
        """Newton's steps, in ln kappa; returns the points that they do not settle."""
        for _ in range(4):
            if not points.size:
                break
            left, right, both = _balance(found[points], N[points], ridge[points], eigenvalues, ones)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = (left - right) / (N[points] * (ridge[points] / found[points]) + both)
            near = np.abs(step) < 0.1
            found[points[near]] *= np.exp(step[near])
            points = points[~(np.abs(step) < 1e-7)]
        return points

    astray = polish(every)
    if values.size < d and astray.size:
        found[astray] = solve(eigenvalues, ones, astray)
        polish(astray)
    kappa[search] = np.maximum(found, ridge)
    return kappa


# ---------------------------------------------------------------- risks


def _risk(
    eigenvalues: FloatArray, theta: FloatArray, N: FloatArray, ridge: FloatArray, noise: float
) -> FloatArray:
    d, energy = eigenvalues.size, theta**2 * eigenvalues
    risk = np.zeros(N.size)
    if d == 0:
        return risk
    risk[np.isinf(ridge)] = energy.sum()
    bare = (ridge == 0) & (d <= N)
    if noise > 0:
        with np.errstate(divide="ignore"):
            risk[bare] = noise * (d / (N[bare] - d))
    rest = np.isfinite(ridge) & ~bare
    N, ridge = N[rest], ridge[rest]
    kappa = _implicit(eigenvalues, N, ridge)
    square, both, bias = _sums(
        lambda share, rest, energy: (share * share, share * rest, rest * rest * energy),
        kappa,
        eigenvalues,
        energy,
    )
    complement = both / N + ridge / kappa  # 1 - g, by the equation for kappa
    risk[rest] = (bias + square / N * noise) / complement if np.isfinite(noise) else np.inf
    return risk


def _optimal(eigenvalues: FloatArray, theta: FloatArray, N: FloatArray, noise: float) -> FloatArray:
    energy = theta**2 * eigenvalues
    strength = (energy * eigenvalues).sum()
    if strength == 0 or np.isinf(noise):
        return np.full(N.size, np.inf if noise > 0 else 0.0)
    kappa = _implicit(eigenvalues, N, np.zeros(N.size))  # the least there is
    best, least = np.zeros(N.size), np.full(N.size, np.inf)

    whole, binned = (eigenvalues, np.ones(eigenvalues.size), energy), _binned(eigenvalues, energy)

    def sums(kappa: FloatArray, columns: tuple[FloatArray, ...]) -> FloatArray:
        def terms(
            share: FloatArray, rest: FloatArray, count: FloatArray, energy: FloatArray
        ) -> tuple[FloatArray, ...]:
            square, bias = share * share * count, rest * rest * energy
            return square, bias, bias * share, square * rest

        return _sums(terms, kappa, *columns)

    def fall(N: FloatArray, totals: FloatArray) -> FloatArray:
        """Above 0 where the risk falls with kappa, below 0 where it rises."""
        square, bias, signal, shares = totals
        with np.errstate(divide="ignore"):
            left = np.log(np.maximum(N - square, np.finfo(float).tiny)) + np.log(signal)
            out: FloatArray = np.log(bias + noise) + np.log(shares) - left
        return out

    def risk(N: FloatArray, totals: FloatArray) -> FloatArray:
        square, bias = totals[:2]
        return np.asarray((bias * N + square * noise) / (N - square))

    # The risk falls while kappa < v / (N max theta^2), as lambda r = kappa s, and rises where both
    # kappa > 3 max lambda and kappa > 4 (v + sum theta^2 lambda) sum lambda^2 / (N strength).
    with np.errstate(divide="ignore"):
        low = np.log(np.maximum(kappa, (1 - 1e-6) * noise / (N * (theta**2).max())))
    searched = np.isfinite(low)
    if not searched.any():
        return best
    bound = 4 * (noise + energy.sum()) * ((eigenvalues**2).sum() / strength)
    high = np.log(np.maximum(3 * eigenvalues.max(), bound / N[searched]).max())
    high = max(high, low[searched].max())
    grid = np.arange(low[searched].min(), high + 0.5, 0.25)
    table = sums(np.exp(grid), binned)
    ends = sums(np.exp(low[searched]), whole)
    owner: list[int] = []
    brackets: list[tuple[float, float]] = []
    for i, end in zip(np.flatnonzero(searched), ends.T, strict=True):
        inside = grid > low[i]
        t = np.append(low[i], grid[inside])
        falls = fall(N[i], np.column_stack([end, table[:, inside]])) > 0
        if not falls[0]:  # a minimum at no ridge
            least[i] = risk(N[i], end)
        for j in np.flatnonzero(falls[:-1] & ~falls[1:]):
            owner.append(int(i))
            brackets.append((t[j], t[j + 1]))
    if not owner:
        return best
    owners, (left, right) = np.array(owner), np.array(brackets).T

    def falls_by(columns: tuple[FloatArray, ...]) -> Callable[..., FloatArray]:
        return lambda t, index: fall(N[owners[index]], sums(np.exp(t), columns))

    if binned[0].size < whole[0].size:  # the bins tell the root to a few digits
        every = np.arange(owners.size)
        rough = _root(falls_by(binned), left, right, 1e-6)
        near = np.maximum(rough - 1e-3, left), np.minimum(rough + 1e-3, right)
        held = (falls_by(whole)(near[0], every) > 0) & (falls_by(whole)(near[1], every) < 0)
        left, right = np.where(held, near[0], left), np.where(held, near[1], right)
    found = np.exp(_root(falls_by(whole), left, right, 1e-15))
    ones = np.ones(eigenvalues.size)
    small, large, _ = _balance(found, N[owners], np.zeros(found.size), eigenvalues, ones)
    ridge = np.maximum(found * ((large - small) / N[owners]), 0)  # kappa (N - df1) / N
    for i, rho, value in zip(owners, ridge, risk(N[owners], sums(found, whole)), strict=True):
        if value < least[i]:
            best[i], least[i] = rho, value
    return best
