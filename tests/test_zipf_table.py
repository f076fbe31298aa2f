"""The table of Zipf's law against Hurwitz's zeta function in high precision."""

import itertools
import math

import mpmath
import numpy as np
import pytest

from lidfast import _quantiles

pytestmark = pytest.mark.kernel

ALL = 2.0**63  # n for every rank that int64 holds
WORDS = 2**64
GRID = (
    [(a, ALL) for a in (1.25, 1.5, 1.74, 2.0, 3.0, 5.0, 20.0)]
    + [(a, n) for a in (0.0, 0.5, 1.0, 1.5, 2.0, 12.0) for n in (3.0, 10.0, 1e3, 1e6)]
    + [(1.0, 2.0), (1 + 1e-9, 1e6), (1 - 1e-12, 1e6), (0.9, 1e9), (1.1, 1e6)]
)


def ranks(table, words):
    """Return the floors of the table's values at a few words, as integers."""
    padded = np.zeros(-(-len(words) // 8) * 8, dtype=np.uint64)
    padded[: len(words)] = words
    values = np.empty(padded.size)
    table.quantiles(padded, values)
    return [math.floor(x) for x in values[: len(words)]]


def built(a, n):
    table = _quantiles.table("zipf", (a, n))
    assert table is not None
    return table


def mass(a, x, end):
    """Sum k^-a over k = x, ..., end - 1."""
    if a == 0:
        return mpmath.mpf(end - x)
    if a == 1:
        return mpmath.digamma(end) - mpmath.digamma(x)
    return mpmath.zeta(mpmath.mpf(a), x) - mpmath.zeta(mpmath.mpf(a), end)


@pytest.mark.parametrize(("a", "n"), GRID)
def test_jumps(a, n):
    """The rank passes from m to m + 1 at the word of P(X > m), to 1e-9 of the smaller probability."""
    table = built(a, n)
    end = int(n) + (n < ALL)
    tested = {m for k in range(0, 16, 2) for m in (10**k, 2 * 10**k, 31 * 10**k)}
    tested |= {end - j for j in (2, 3, 11, 1001)}
    with mpmath.workdps(32):
        whole = mass(a, 1, end)
        words, jumps = [], []
        for m in sorted(tested):
            # next to a large n the doubles themselves are too coarse
            if not 1 <= m < end - 1 or (n < ALL and (end - m) * 1e6 < end):
                continue
            beyond = mass(a, m + 1, end) / whole
            v = min(beyond, 1 - beyond)
            f, slack = v * WORDS - 0.5, v * WORDS * mpmath.mpf("1e-9") + 1
            if f - slack < 0 or f + slack >= WORDS // 2:
                continue
            near, far = int(mpmath.floor(f - slack)), int(mpmath.ceil(f + slack))
            words += [near, far] if v < beyond else [WORDS - 1 - far, WORDS - 1 - near]
            jumps.append(m)
    assert jumps
    found = ranks(table, words)
    below, above = found[::2], found[1::2]
    for m, low, high in zip(jumps, below, above, strict=True):
        assert low <= m < high
        if m < 100:  # no other jump is as near
            assert (low, high) == (m, m + 1)


@pytest.mark.parametrize(("a", "n"), GRID)
def test_order_and_range(a, n):
    rng = np.random.default_rng(1)
    ends = [2**j for j in range(64)] + list(range(1000)) + [WORDS // 2 - 1]
    words = sorted(ends + [WORDS - 1 - f for f in ends] + rng.integers(0, WORDS, 20000, np.uint64).tolist())
    found = ranks(built(a, n), words)
    assert all(low <= high for low, high in itertools.pairwise(found))
    assert found[0] == 1
    assert found[-1] <= n
    assert found[-1] < 2**63
    if n <= 1e9 and n**a < 2.0**30:
        assert found[-1] == n


@pytest.mark.parametrize("a", [0.0, 1.0, 2.5, 60.0, 1e300])
def test_one_rank(a):
    assert set(ranks(built(a, 1.0), [0, 1, WORDS // 2 - 1, WORDS // 2, WORDS - 1])) == {1}


@pytest.mark.parametrize("n", [2.0**53, 2.0**60, 1e18])
@pytest.mark.parametrize("a", [0.0, 0.5, 1.5])
def test_no_rank_above_a_large_n(a, n):
    table = built(a, n)
    words = [WORDS - 1 - (2**j + k) for j in range(63) for k in range(8)]
    found = ranks(table, words)
    assert max(found) <= n
    assert min(found) >= 1


def test_heavy_tails_are_left_to_rejection():
    assert _quantiles.table("zipf", (1.05, ALL)) is None
