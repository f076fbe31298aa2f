"""Frontiers of Zipf's law: fits against powerlaw, and simulations and losses against NumPy."""

import warnings

import numpy as np
import pytest
from scipy import special

import lidfast
from lidfast.frontiers import Frontier, fit_zipf

VALUES = 10**6
SPOILED = VALUES // 5  # values that follow no power law


def values(a, spoiled):
    x = lidfast.random.default_rng(0).zipf(a, VALUES)
    x[:spoiled] = np.random.default_rng(0).integers(1, 7, spoiled)
    return x


@pytest.mark.parametrize("spoiled", [0, SPOILED], ids=["pure", "spoiled"])
def bench_fit_zipf(compare, peers, spoiled):
    """The same cut as powerlaw's, whose search for the exponent stops at 1e-4."""
    x, calls = values(2.5, spoiled), {}
    if powerlaw := peers("powerlaw"):
        found = {}

        def fit(**options):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                peer = powerlaw.Fit(x, discrete=True, verbose=0, **options)
            found[bool(options)] = peer.xmin, peer.alpha, peer.D

        calls = {"powerlaw": lambda: fit(estimate_discrete=False), "powerlaw, default": fit}
    compare(lambda: fit_zipf(x, distance="observed"), calls, VALUES, rounds=3)
    if calls:
        own = fit_zipf(x, distance="observed")
        assert own.xmin == found[True][0]
        np.testing.assert_allclose(found[True][1:], (own.exponent, own.ks), atol=1e-4)


@pytest.mark.parametrize("a", [1.2, 1.5, 2.5])
def bench_simulate(compare, a):
    """Per token; two runs."""
    D = 10**7
    rng, frontier, slow = np.random.default_rng(0), Frontier(a), 10**6

    def one_by_one():
        p = np.unique(rng.zipf(a, slow)).astype(float) ** -a / special.zeta(a)
        return 1 - p.sum(), p.size

    compare(lambda: frontier.simulate(D, runs=2, rng=0), {"numpy": (one_by_one, slow)}, 2 * D, rounds=5)


def bench_exact_loss(compare):
    """Of joint losses on a grid; the plain sum to 10^5 ranks leaves out 2e-3 of the mass."""
    N, D = np.geomspace(1e2, 1e12, 30)[:, None], np.geomspace(1e2, 1e12, 30)
    frontier, k = Frontier(1.5), np.arange(1.0, 1e5)
    p = k**-1.5 / special.zeta(1.5)
    log_miss = np.log1p(-p)

    def plain():
        for n, d in ((1e3, 1e6), (1e6, 1e3)):
            (p * np.where(k <= n, np.exp(d * log_miss), 1)).sum()

    compare(lambda: frontier.loss(N, D), {"numpy": (plain, 2)}, N.size * D.size, unit="us", rounds=5)
