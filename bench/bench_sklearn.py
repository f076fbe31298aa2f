"""The estimators against scikit-learn's: one regression, and one for each of many groups."""

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn.linear_model", reason="the peer")

from lidfast.sklearn import GroupedRidge, Ridge  # noqa: E402

GROUPS, ROWS, FEATURES = 100_000, 20, 5
LOOPED = 1000  # groups of the loop, whose time is per group


def groups(shuffled):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(GROUPS), ROWS)
    table = np.column_stack([labels, rng.standard_normal((labels.size, FEATURES))])
    y = rng.standard_normal(labels.size)
    order = rng.permutation(labels.size) if shuffled else slice(None)
    return table[order], y[order]


@pytest.mark.parametrize("shuffled", [False, True], ids=["sorted", "shuffled"])
@pytest.mark.parametrize("unseen", ["nan", "pooled"])
def bench_grouped_ridge(compare, shuffled, unseen):
    """Per group; the loop is of 1000 groups in order, and finds their rows at no cost."""
    table, y = groups(shuffled)
    in_order, targets = groups(shuffled=False)

    def loop():
        model = sklearn.Ridge()
        for i in range(0, LOOPED * ROWS, ROWS):
            model.fit(in_order[i : i + ROWS, 1:], targets[i : i + ROWS])

    model = GroupedRidge(unseen=unseen)
    compare(lambda: model.fit(table, y), {"scikit-learn": (loop, LOOPED)}, GROUPS, rounds=5)


@pytest.mark.parametrize(("n", "d"), [(100, 5), (10_000, 50)])
def bench_ridge(compare, n, d):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    compare(lambda: Ridge().fit(X, y), {"scikit-learn": lambda: sklearn.Ridge().fit(X, y)}, 1, rounds=15)
