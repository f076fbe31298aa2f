"""Feature spectra, and the excess risk of ridge regression that follows from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from . import _check
from ._check import FloatArray

__all__ = ["generalization_error", "power_law"]


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


def generalization_error(
    eigenvalues: ArrayLike,
    theta: ArrayLike,
    N: ArrayLike,
    ridge: float = 0.0,
    noise_variance: float = 0.0,
) -> Any:
    r"""Excess risk of ridge regression by its deterministic equivalent [LID] (arXiv 2601.03764).

    With kappa > 0 the root of the first line,

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
        Training sizes, of any shape.
    ridge : float, >= 0
        rho, the penalty on the mean squared error (scikit-learn's alpha is N rho).
    noise_variance : float, >= 0
        v, of the labels; may be inf.

    Returns
    -------
    float or ndarray of N's shape, >= 0

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
    eigenvalues = _check.vector("eigenvalues", eigenvalues, _check.NON_NEGATIVE)
    theta = _check.vector("theta", theta)
    if theta.shape != eigenvalues.shape:
        raise ValueError(f"theta has shape {theta.shape}: eigenvalues have {eigenvalues.shape}")
    N = _check.array("N", N, _check.POSITIVE)
    ridge = _check.scalar("ridge", ridge, _check.NON_NEGATIVE)
    noise_variance = _check.scalar("noise_variance", noise_variance, _check.Range(0))
    # Directions without variance bear no risk.
    theta, eigenvalues = theta[eigenvalues > 0], eigenvalues[eigenvalues > 0]
    distinct, where = np.unique(N, return_inverse=True)
    risks = np.array([_risk(eigenvalues, theta, n, ridge, noise_variance) for n in distinct])
    out = risks[where].reshape(N.shape)
    return out if N.ndim else out.item()


def _risk(eigenvalues: FloatArray, theta: FloatArray, n: float, ridge: float, noise_variance: float) -> float:
    d = eigenvalues.size
    if d == 0:
        return 0.0
    if ridge == 0 and n >= d:
        if noise_variance == 0:
            return 0.0
        return noise_variance * d / (n - d) if n > d else math.inf

    def excess(log_kappa: float) -> float:
        # ln of the right side over N: falls from above 0 to below it, close to a line.
        kappa = math.exp(log_kappa)
        return math.log((eigenvalues / (eigenvalues + kappa)).sum() / n + ridge / kappa)

    # Shares are at most lambda / kappa, and at least those of the smallest eigenvalue.
    high = math.log(eigenvalues.sum() / n + ridge) + 1e-3
    low = math.log(max(ridge, eigenvalues.min() * (d - n) / n)) - 1e-3
    kappa = math.exp(optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-15))
    share, rest = eigenvalues / (eigenvalues + kappa), kappa / (eigenvalues + kappa)
    g = (share**2).sum() / n
    complement = (share * rest).sum() / n + ridge / kappa  # 1 - g, by the equation for kappa
    bias = (theta**2 * eigenvalues * rest**2).sum()
    return float((bias + g * noise_variance) / complement)
