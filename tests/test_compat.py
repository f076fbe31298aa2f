"""Drop-in functions against what they stand in for, written out in rational numbers."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lidfast.compat import estimate_pass_at_k


def plain(n, c, k):
    if n - c < k:
        return 1.0
    return float(1 - prod((1 - Fraction(k, i) for i in range(n - c + 1, n + 1)), start=Fraction(1)))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=1),
    st.integers(0, 80),
)
def test_same_results(pairs, k):
    n, c = zip(*pairs, strict=True)
    expected = [plain(*pair, k) for pair in pairs]
    found = estimate_pass_at_k(np.array(n), list(c), k)
    assert found.shape == (len(pairs),)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(
        estimate_pass_at_k(max(n), c, k), [plain(max(n), each, k) for each in c], rtol=1e-13, atol=1e-300
    )


def test_more_attempts_than_were_made_count_as_solved():
    assert estimate_pass_at_k([3, 10], [0, 2], 5).tolist() == [1.0, plain(10, 2, 5)]
    assert estimate_pass_at_k(3, [0, 3], 4).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([3, 3], [1], 1), r"num_samples has shape \(2,\) and num_correct \(1,\)"),
        ((3, [1, 4], 1), r"c\[1\] is 4"),
        ((3, [1, -1], 5), r"c\[1\] is -1"),
        ((3, [1], -1), "k is -1"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ValueError, match=words):
        estimate_pass_at_k(*arguments)
