"""scikit-learn estimators on lidfast's kernels: one ridge regression, or one for each group of a table.

They need scikit-learn 1.6 or newer (the extra ``sklearn``) and work where its own regressors do: pipelines,
grid searches, `clone`, `pickle`, `set_output`.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._check import IntArray
from .ridge import ridge_solve, ridge_solve_ragged

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"scikit-learn 1.6 or newer is needed ({error}): pip install 'lidfast[sklearn]'"
    ) from error

__all__ = ["GroupedRidge", "Ridge"]

_DTYPES = [np.float64, np.float32]
_UNSEEN = ("pooled", "nan", "error")


class Ridge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Ridge regression, as `sklearn.linear_model.Ridge` has it, solved by `lidfast.ridge_solve`.

    .. math:: \min_w \; \|y - X w\|^2 + \alpha \|w\|^2

    Parameters
    ----------
    alpha : float or array_like, shape (t,), >= 0
        Penalty, of all targets or of each.
    fit_intercept : bool
        Whether there is an intercept, which is not penalized.
    method : {"auto", "cholesky", "svd"}
        As for `lidfast.ridge_solve`.

    Attributes
    ----------
    coef_ : ndarray, shape (d,) or (t, d)
    intercept_ : float or ndarray, shape (t,)
        0.0 without an intercept.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Where X had names.

    Examples
    --------
    >>> from lidfast.sklearn import Ridge
    >>> model = Ridge(alpha=1.0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.coef_.round(3), round(float(model.intercept_), 3), model.predict([[3.0]]).round(3)
    (array([1.333]), 1.667, array([5.667]))
    """

    def __init__(self, alpha: ArrayLike = 1.0, *, fit_intercept: bool = True, method: str = "auto") -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.method = method

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : array_like, shape (n,) or (n, t)
            A column, shape (n, 1), counts as (n,).
        sample_weight : float or array_like, shape (n,), >= 0, optional

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Names the argument.
        """
        X, y = validate_data(self, X, y, dtype=_DTYPES, multi_output=True, y_numeric=True)
        weight = _weights(sample_weight, X)
        self.coef_, self.intercept_ = _one(
            X, _targets(y), self.alpha, weight, self.fit_intercept, self.method
        )
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the targets of rows.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n,) or (n, t)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_DTYPES, reset=False)
        return np.asarray(X @ self.coef_.T + self.intercept_)


class GroupedRidge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """One ridge regression for each group of rows, all fitted in one call of `lidfast.ridge_solve_ragged`.

    The label of the group is a column of X, so that it stays with its row through splits and pipelines; it
    is no feature.

    Parameters
    ----------
    alpha : float, >= 0
        Penalty, of each group's regression.
    group : int or str
        Column of X that holds the labels: numbers or text, without NaN. A name needs a data frame.
    fit_intercept : bool
        Whether each group has an intercept, which is not penalized.
    unseen : {"pooled", "nan", "error"}
        What is predicted for rows of a group that was not there in `fit`: what one regression on all rows
        says (it is then fitted too), NaN, or nothing but a ValueError.
    method : {"auto", "cholesky", "svd"}
        As for `lidfast.ridge_solve`.

    Attributes
    ----------
    groups_ : ndarray, shape (groups,)
        Labels, rising.
    coef_ : ndarray, shape (groups, d) or (groups, t, d)
        Of the d columns of X that are left, in their order.
    intercept_ : ndarray, shape (groups,) or (groups, t)
    pooled_coef_, pooled_intercept_ : ndarray, shape (d,) or (t, d), and float or (t,)
        Of the regression on all rows; only with ``unseen="pooled"``.
    n_features_in_, feature_names_in_
        Of X, the column of labels among them.

    Examples
    --------
    >>> from lidfast.sklearn import GroupedRidge
    >>> X = [[7, 0.0], [7, 1.0], [9, 0.0], [9, 1.0]]  # the group, and one feature
    >>> model = GroupedRidge(alpha=0.0).fit(X, [0.0, 1.0, 5.0, 3.0])
    >>> model.groups_.tolist(), model.coef_.round(6).tolist(), model.intercept_.round(6).tolist()
    ([7.0, 9.0], [[1.0], [-2.0]], [0.0, 5.0])
    >>> model.predict([[9, 2.0], [8, 2.0]]).round(6)  # there is no group 8: from all rows
    array([1. , 1.5])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        group: int | str = 0,
        fit_intercept: bool = True,
        unseen: str = "pooled",
        method: str = "auto",
    ) -> None:
        self.alpha = alpha
        self.group = group
        self.fit_intercept = fit_intercept
        self.unseen = unseen
        self.method = method

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the coefficients of every group.

        Parameters
        ----------
        X : array_like or data frame, shape (n, 1 + d)
            Fastest with the rows of each group together and the groups rising; other orders take a copy.
        y : array_like, shape (n,) or (n, t)
        sample_weight : float or array_like, shape (n,), >= 0, optional
            Groups all of whose weights are 0 count as not there.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Names the argument.
        """
        _check.choice("unseen", self.unseen, _UNSEEN)
        if y is None:
            raise ValueError("GroupedRidge requires y to be passed, but the target y is None")
        labels, X = self._split(X, reset=True)
        y = check_array(y, ensure_2d=False, dtype=_DTYPES, input_name="y")
        if y.ndim > 2 or len(y) != len(X):
            raise ValueError(f"y has shape {y.shape}: it must be ({len(X)},) or ({len(X)}, t), as X has rows")
        y, weight = _targets(y), _weights(sample_weight, X)
        if weight is not None and not weight.all():
            there = weight > 0
            labels, X, y, weight = labels[there], X[there], y[there], weight[there]
        order, self.groups_, offsets = _sorted(labels)
        if self.unseen == "pooled":
            self.pooled_coef_, self.pooled_intercept_ = _one(
                X, y, self.alpha, weight, self.fit_intercept, self.method
            )
        if order is not None:
            X, y = (np.take(rows, order, axis=0) for rows in (X, y))
            weight = None if weight is None else weight[order]
        options: dict[str, Any] = {"sample_weight": weight, "method": self.method, "check_finite": False}
        found = ridge_solve_ragged(
            X, y, offsets, self.alpha, fit_intercept=bool(self.fit_intercept), **options
        )
        if isinstance(found, tuple):
            coef, self.intercept_ = found
        else:
            coef, self.intercept_ = found, np.zeros((self.groups_.size, *y.shape[1:]), dtype=found.dtype)
        self.coef_ = coef if y.ndim == 1 else np.ascontiguousarray(np.swapaxes(coef, 1, 2))
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict each row's targets by its group.

        Parameters
        ----------
        X : array_like or data frame, shape (n, 1 + d)

        Returns
        -------
        ndarray, shape (n,) or (n, t)

        Raises
        ------
        ValueError
            With ``unseen="error"``: names the first row of a group that was not there.
        """
        check_is_fitted(self)
        labels, X = self._split(X, reset=False)
        place = np.minimum(np.searchsorted(self.groups_, labels), self.groups_.size - 1)
        unknown = self.groups_[place] != labels
        out = np.einsum("n...d,nd->n...", self.coef_[place], X) + self.intercept_[place]
        if unknown.any():
            if self.unseen == "error":
                first = int(np.argmax(unknown))
                raise ValueError(
                    f"X: row {first} is of the group {labels[first]!r}, which was not there in fit"
                )
            if self.unseen == "nan":
                out[unknown] = np.nan
            else:
                out[unknown] = X[unknown] @ self.pooled_coef_.T + self.pooled_intercept_
        return np.asarray(out)

    def _split(self, X: Any, *, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take the labels out of X."""
        framed = hasattr(X, "columns") and hasattr(X, "drop")
        if not framed:  # of text or objects it holds numbers besides the labels: converted below
            X = check_array(X, dtype=None, ensure_all_finite=False)
        validate_data(self, X, skip_check_array=True, reset=reset)
        if framed:
            names = list(X.columns)
            name = self.group if isinstance(self.group, str) else names[self._column(len(names))]
            if name not in names:
                raise ValueError(f"group is {name!r}: the columns of X are {', '.join(map(str, names))}")
            labels, rest = np.asarray(X[name]), X[[other for other in names if other != name]]
        else:
            if isinstance(self.group, str):
                raise ValueError(
                    f"group is {self.group!r}, a name, and X has none: give the number of the column"
                )
            column = self._column(X.shape[1])
            labels = X[:, column]
            rest = X[:, 1:] if column == 0 else np.delete(X, column, axis=1)
        return _labels(labels), check_array(rest, dtype=_DTYPES, ensure_min_features=0, input_name="X")

    def _column(self, columns: int) -> int:
        column = _check.integer("group", self.group, -columns, columns - 1)
        return column % columns


def _labels(labels: NDArray[Any]) -> NDArray[Any]:
    """Make text or finite numbers of what a column holds."""
    if labels.dtype.kind == "O":
        text = all(isinstance(label, str) for label in labels)
        try:
            labels = labels.astype(str if text else np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"X: a group's argument must be a string or a number, all alike: {error}"
            ) from None
    if labels.dtype.kind == "f":
        bad = ~np.isfinite(labels)
        if bad.any():
            raise ValueError(f"X: the group of row {int(np.argmax(bad))} is NaN or infinite")
    return labels


def _targets(y: NDArray[Any]) -> NDArray[Any]:
    """Take one target in a column for one target, as scikit-learn does."""
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _weights(sample_weight: ArrayLike | None, X: NDArray[Any]) -> NDArray[Any] | None:
    if sample_weight is None:
        return None
    return np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))


def _one(
    X: NDArray[Any], y: NDArray[Any], alpha: ArrayLike, weight: Any, fit_intercept: bool, method: str
) -> tuple[NDArray[Any], Any]:
    """Coefficients and intercept of all rows, targets first."""
    options: dict[str, Any] = {"sample_weight": weight, "method": method, "check_finite": False}
    if not fit_intercept:
        return np.asarray(ridge_solve(X, y, alpha, **options)).T, 0.0
    coef, intercept = ridge_solve(X, y, alpha, fit_intercept=True, **options)
    return coef.T, intercept[()]


def _sorted(labels: NDArray[Any]) -> tuple[IntArray | None, NDArray[Any], IntArray]:
    """Order that brings groups together (None if they are), their labels, and where each begins."""
    order = None
    if (labels[1:] < labels[:-1]).any():
        codes = _codes(labels)
        order = np.argsort(labels, kind="stable") if codes is None else _radix_order(codes)
        labels = np.take(labels, order)
    begins = np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1, [labels.size]])
    return order, labels[begins[:-1]], begins.astype(np.int64)


def _codes(labels: NDArray[Any]) -> NDArray[np.uint32] | None:
    """Write labels that are whole numbers in 32 bits, if they fit: those are sorted sooner."""
    if labels.dtype.kind not in "iuf":
        return None
    least, most = labels.min(), labels.max()
    if float(most) - float(least) >= 2**32 or (
        labels.dtype.kind == "f" and (labels != np.floor(labels)).any()
    ):
        return None
    return np.asarray(labels - least, dtype=np.uint32)


def _radix_order(codes: NDArray[np.uint32]) -> IntArray:
    """Sort by 16 bits and 16 bits, which NumPy does in linear time."""
    order = np.argsort(codes.astype(np.uint16), kind="stable")
    high = (codes >> 16).astype(np.uint16)
    return order if not high.any() else order[np.argsort(np.take(high, order), kind="stable")]
