"""Estimators: scikit-learn's own checks of them, and its ridge regression as what they are compared with."""

import pickle

import numpy as np
import pytest

linear_model = pytest.importorskip("sklearn.linear_model", reason="needs the extra sklearn")
pd = pytest.importorskip("pandas", reason="a data frame")

from sklearn.base import clone  # noqa: E402
from sklearn.compose import make_column_transformer  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from lidfast.sklearn import GroupedRidge, Ridge, _sorted  # noqa: E402


@parametrize_with_checks([Ridge(), GroupedRidge(), GroupedRidge(group=-1, unseen="nan")])
@pytest.mark.filterwarnings("ignore::Warning")  # checks warn on purpose, or of options that are not set
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def data(n=60, d=4, t=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    shape = (d,) if t is None else (d, t)
    y = X @ rng.standard_normal(shape) + 3 + 0.1 * rng.standard_normal((n, *shape[1:]))
    return X, y, rng.integers(0, 7, n), rng.exponential(size=n)


# ---------------------------------------------------------------- one


@pytest.mark.parametrize("t", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_ridge_is_scikit_learn_s(t, fit_intercept, weighted):
    X, y, _, weight = data(t=t)
    options = {"alpha": 2.5 if t is None else np.linspace(0.5, 2, t), "fit_intercept": fit_intercept}
    weight = weight if weighted else None
    ours = Ridge(**options).fit(X, y, weight)
    theirs = linear_model.Ridge(**options).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    if t is not None and t > 1 and fit_intercept:
        assert ours.intercept_.shape == theirs.intercept_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-9)


def test_single_precision_stays():
    X, y, _, _ = data()
    assert Ridge().fit(X.astype("f4"), y.astype("f4")).coef_.dtype == np.float32
    assert GroupedRidge().fit(X.astype("f4"), y.astype("f4")).coef_.dtype == np.float32


# ---------------------------------------------------------------- groups


def table(labels, X):
    return np.column_stack([labels, X])


@pytest.mark.parametrize("t", [None, 2])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("in_order", [True, False])
def test_groups_are_each_a_ridge(t, fit_intercept, weighted, in_order):
    X, y, labels, weight = data(t=t)
    if in_order:
        labels = np.sort(labels)
    weight = weight if weighted else None
    options = {"alpha": 0.7, "fit_intercept": fit_intercept}
    model = GroupedRidge(**options).fit(table(labels, X), y, weight)
    assert model.groups_.tolist() == sorted(set(labels.tolist()))
    expected = np.empty_like(y)
    for i, label in enumerate(model.groups_):
        rows = labels == label
        one = linear_model.Ridge(**options).fit(X[rows], y[rows], None if weight is None else weight[rows])
        np.testing.assert_allclose(model.coef_[i], one.coef_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(model.intercept_[i], one.intercept_, rtol=1e-8, atol=1e-10)
        expected[rows] = one.predict(X[rows])
    np.testing.assert_allclose(model.predict(table(labels, X)), expected, rtol=1e-8)


@pytest.mark.parametrize("t", [None, 2])
def test_rows_of_groups_that_were_not_there(t):
    X, y, labels, _ = data(t=t)
    fit = table(labels, X)
    new = table(np.where(np.arange(60) % 2, labels, 99), X)
    unseen = np.arange(60) % 2 == 0
    known = GroupedRidge().fit(fit, y).predict(fit)
    pooled = linear_model.Ridge().fit(X, y).predict(X)
    found = GroupedRidge().fit(fit, y).predict(new)
    np.testing.assert_allclose(found[unseen], pooled[unseen], rtol=1e-9)
    np.testing.assert_array_equal(found[~unseen], known[~unseen])
    model = GroupedRidge(unseen="nan").fit(fit, y)
    assert not hasattr(model, "pooled_coef_")
    assert np.isnan(model.predict(new)[unseen]).all()
    with pytest.raises(ValueError, match=r"row 0 is of the group np.float64\(99.0\), which was not there"):
        GroupedRidge(unseen="error").fit(fit, y).predict(new)


def test_rows_without_weight_are_not_there():
    X, y, labels, weight = data()
    weight[labels == 3] = 0
    model = GroupedRidge().fit(table(labels, X), y, weight)
    there = weight > 0
    other = GroupedRidge().fit(table(labels, X)[there], y[there], weight[there])
    assert 3 not in model.groups_
    np.testing.assert_array_equal(model.coef_, other.coef_)
    np.testing.assert_array_equal(model.pooled_coef_, other.pooled_coef_)
    with pytest.raises(ValueError, match="at least one non-zero"):
        GroupedRidge().fit(table(labels, X), y, np.zeros(60))


def frame(labels, X):
    return pd.DataFrame(X, columns=list("abcd")).assign(model=[f"model {label}" for label in labels])


def test_data_frames_and_text():
    X, y, labels, _ = data()
    plain = GroupedRidge().fit(table(labels, X), y)
    for name in ("model", 4, -1):
        model = GroupedRidge(group=name).fit(frame(labels, X), y)
        assert model.groups_.tolist() == [f"model {label}" for label in plain.groups_.astype(int)]
        assert model.feature_names_in_.tolist() == [*"abcd", "model"]
        np.testing.assert_array_equal(model.coef_, plain.coef_)
        np.testing.assert_allclose(
            model.predict(frame(labels, X)), plain.predict(table(labels, X)), rtol=1e-13
        )
    objects = GroupedRidge(group=-1).fit(frame(labels, X).to_numpy(), y)
    np.testing.assert_array_equal(objects.coef_, plain.coef_)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame(labels, X).rename(columns={"a": "z"}))


@pytest.mark.parametrize(
    "labels",
    [
        [3, -1, 3, 2**40, -1],
        [70_000.0, 0, 65_536, 0, 70_000],
        [0.5, 0.25, 0.5, 0.5, -7],
        ["b", "a", "b", "ab", ""],
        [2**63 - 1, -(2**63), 0, 0, 2**63 - 1],
    ],
)
def test_labels_of_all_kinds_are_sorted(labels):
    rng = np.random.default_rng(0)
    for column in (np.array(labels), rng.choice(labels, 3000)):
        order, groups, begins = _sorted(column)
        np.testing.assert_array_equal(order, np.argsort(column, kind="stable"))
        expected, counts = np.unique(column, return_counts=True)
        np.testing.assert_array_equal(groups, expected)
        np.testing.assert_array_equal(np.diff(begins), counts)
        assert _sorted(np.sort(column))[0] is None


def test_pipelines_grids_clones_and_pickles():
    X, y, labels, _ = data(n=200)
    rows = frame(labels, X)
    scaled = make_column_transformer(
        (StandardScaler(), list("abcd")), ("passthrough", ["model"]), verbose_feature_names_out=False
    ).set_output(transform="pandas")
    pipe = make_pipeline(scaled, GroupedRidge(group="model"))
    search = GridSearchCV(pipe, {"groupedridge__alpha": [0.01, 1.0, 1000.0]}, cv=4).fit(rows, y)
    assert search.best_params_ == {"groupedridge__alpha": 0.01}
    assert search.best_score_ > 0.98
    again = clone(search.best_estimator_).fit(rows, y)
    np.testing.assert_array_equal(again.predict(rows), search.predict(rows))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(search)).predict(rows), search.predict(rows))
    assert GridSearchCV(Ridge(), {"alpha": [0.1, 1e4]}, cv=3).fit(X, y).best_params_ == {"alpha": 0.1}


@pytest.mark.parametrize(
    ("options", "X", "error", "words"),
    [
        ({"unseen": "x"}, [[1, 2.0]], ValueError, "unseen"),
        ({"group": 2}, [[1, 2.0]], ValueError, "group is 2"),
        ({"group": "a"}, [[1, 2.0]], ValueError, "group is 'a', a name, and X has none"),
        ({}, [[1, 2.0], [np.nan, 1]], ValueError, "the group of row 1 is NaN"),
        ({}, [[1, np.inf]], ValueError, "infinity"),
        ({}, [["a", 2.0], [1, 2.0]], TypeError, "a group's argument must be a string or a number"),
        ({"alpha": -1.0}, [[1, 2.0]], ValueError, "alpha is -1"),
    ],
)
def test_refusals(options, X, error, words):
    with pytest.raises(error, match=words):
        GroupedRidge(**options).fit(np.array(X, dtype=object), np.ones(len(X)))


def test_more_refusals():
    X, y, labels, _ = data()
    with pytest.raises(ValueError, match="group is 'z': the columns of X are a, b, c, d, model"):
        GroupedRidge(group="z").fit(frame(labels, X), y)
    with pytest.raises(ValueError, match=r"y has shape \(59,\): it must be \(60,\)"):
        GroupedRidge().fit(table(labels, X), y[:-1])
