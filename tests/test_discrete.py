"""The kernels of binomial, poisson, zipf and levy_stable against the text of docs/streams.md and exact laws.

The statistical tests use fixed seeds; each states its false-alarm rate, the chance that a right
sampler fails at a seed drawn at random.
"""

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
from plain_streams import MASK, block_words, threefry

from lidfast import _core, _quantiles, _random
from lidfast.random import LAWS as CODES

pytestmark = pytest.mark.kernel

FALSE_ALARM = 1e-4
UNBOUNDED = 2.0**63
LARGEST = 2**63 - 1
EXPONENTIAL = _quantiles.table("exponential")


def draw(law, a, b, n, key=(1, 2, 3, 4), call=0):
    """The first n variates of a call: by the kernel itself, as a table would serve some zipfs."""
    out = np.empty(n, np.float64 if law == "stable" else np.int64)
    streams = _random.Streams()
    streams._rekey(np.array(key, np.uint64), call)
    plan = _random.Plan(CODES.index(law), law != "stable", None, a, b, None, None)
    streams._fill(plan, 0 if law == "stable" else 2, out, n)
    return out


# ---------------------------------------------------------------- the words, from the text


def variate_words(key, call, block, per_variate, count):
    """The words of the first variates of a block, `per_variate` each."""
    words = block_words(key, call, block, 8 * per_variate * -(-count // 8))
    return [
        [words[8 * (per_variate * (i // 8) + j) + i % 8] for j in range(per_variate)] for i in range(count)
    ]


def tries(key, call, block, i, first):
    """The words of try after try of a variate."""
    yield first
    for retry in itertools.count():
        yield threefry(key, (block, call, 8 + i, retry))


def unit(word):
    return (word + 0.5) * 2.0**-64


def position(word):
    """The distance from the nearer end of [0, 1], and the place less 1/2."""
    if word < 2**63:
        return unit(word), unit(word) - 0.5
    return unit(MASK - word), 0.5 - unit(MASK - word)


# ---------------------------------------------------------------- the laws, from the text


def inversion(u, pmf):
    """Terms while the uniform exceeds them, and the next one is above 2^-64."""
    k = 0
    while True:
        u -= pmf(k)
        if not (u > 0 and pmf(k + 1) > 2.0**-64):
            return k
        k += 1


def transformed(attempts, mean, spread, p, log_ratio, largest):
    """Try until accepted: log_ratio is that of a probability over the bound."""
    width = 1.15 + 2.53 * spread
    tail = -0.0873 + 0.0248 * width + 0.01 * p
    for words in attempts:
        distance, u = position(words[0])
        v = unit(words[1])
        k = math.floor((2 * tail / distance + width) * u + (mean + 0.5))
        if not 0 <= k <= largest:
            continue
        if distance >= 0.07 and v <= 0.92 - 4.2 / width:
            return k
        hat = (tail / distance**2 + width) / ((2.83 + 5.1 / width) * spread)
        if math.log(v / hat) <= log_ratio(k):
            return k
    raise AssertionError


def log_binomial(k, n, p):
    choose = scipy.special.gammaln(n + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1)
    return choose + scipy.special.xlogy(k, p) + scipy.special.xlog1py(n - k, -p)


def stirling_rest(n):
    return 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5) - 1 / (1680 * n**7)


def binomial(attempts, n, p):
    if p > 0.5:
        return n - binomial(attempts, n, 1 - p)
    if n * p < 10:
        return inversion(
            unit(next(attempts)[0]), lambda k: math.exp(log_binomial(k, n, p)) if k <= n else 0.0
        )
    npq = (n + 1) * p * (1 - p)
    bound = stirling_rest(n + 1) + 1 / (24 * npq) - 0.5 * math.log(2 * math.pi * npq)
    spread = math.sqrt(n * p * (1 - p))
    return transformed(attempts, n * p, spread, p, lambda k: log_binomial(k, n, p) - bound, n)


def log_poisson(k, mean):
    return scipy.special.xlogy(k, mean) - mean - math.lgamma(k + 1)


def poisson(attempts, mean, _):
    if mean < 10:
        return inversion(unit(next(attempts)[0]), lambda k: math.exp(log_poisson(k, mean)))
    bound = 1 / (24 * mean) - 0.5 * math.log(2 * math.pi * mean)
    return transformed(attempts, mean, math.sqrt(mean), 0.0, lambda k: log_poisson(k, mean) - bound, 2**63)


def zipf(attempts, a, n):
    with mpmath.workdps(60):
        a, n = mpmath.mpf(a), mpmath.mpf(n)
        c = 1 - a

        def area(x):
            return (x**c - 1) / c if c else mpmath.log(x)

        low, high = area(mpmath.mpf(1.5)) - 1, area(n + 0.5)
        for words in attempts:
            u = high - (words[0] + mpmath.mpf(0.5)) / 2**64 * (high - low)
            x = (1 + c * u) ** (1 / c) if c else mpmath.exp(u)
            k = min(max(mpmath.floor(x + 0.5), 1), n)
            if k - x <= max(0, 0.5 - 0.0215 * a) or area(k + 0.5) - u <= k**-a:
                return min(int(k), LARGEST)
    raise AssertionError


def stable(words, alpha, beta):
    e = np.empty(8)
    EXPONENTIAL.quantiles(np.full(8, words[1], np.uint64), e)
    with mpmath.workdps(60):
        alpha, beta, e = mpmath.mpf(alpha), mpmath.mpf(beta), mpmath.mpf(float(e[0]))
        angle = mpmath.pi * ((words[0] + mpmath.mpf(0.5)) / 2**64 - mpmath.mpf(0.5))
        half = mpmath.pi / 2
        if alpha == 1:
            slope = half + beta * angle
            x = (slope * mpmath.tan(angle) - beta * mpmath.log(half * e * mpmath.cos(angle) / slope)) / half
        else:
            t = beta * mpmath.tan(half * alpha)
            turned = alpha * angle + mpmath.atan(t)
            x = (1 + t * t) ** (1 / (2 * alpha)) * mpmath.sin(turned) / mpmath.cos(angle) ** (1 / alpha)
            x *= (mpmath.cos(angle - turned) / e) ** ((1 - alpha) / alpha)
        return x


INTEGER_CASES = [
    ("binomial", 200.0, 0.3),
    ("binomial", 200.0, 0.93),
    ("binomial", 20.0, 0.5),
    ("binomial", 19.0, 0.5),
    ("binomial", 40.0, 0.02),
    ("binomial", 1e6, 0.4),
    ("binomial", 1e9, 1e-7),
    ("poisson", 0.3, 0.0),
    ("poisson", 9.9999, 0.0),
    ("poisson", 10.0, 0.0),
    ("poisson", 37.5, 0.0),
    ("poisson", 1e4, 0.0),
    ("zipf", 0.0, 10.0),
    ("zipf", 0.5, 1000.0),
    ("zipf", 1.0, 1e6),
    ("zipf", 1.0 + 1e-9, 1e6),
    ("zipf", 1.0 - 1e-9, 1e4),
    ("zipf", 1.5, UNBOUNDED),
    ("zipf", 2.0, UNBOUNDED),
    ("zipf", 6.0, UNBOUNDED),
    ("zipf", 40.0, UNBOUNDED),
]


@pytest.mark.parametrize(("law", "a", "b"), INTEGER_CASES)
def test_integers_follow_the_text(law, a, b):
    key, call, n = (11, 12, 13, 14), 5, 2048 + 300
    from_text = {"binomial": binomial, "poisson": poisson, "zipf": zipf}[law]
    per_variate = 1 if law == "zipf" else 2
    got = draw(law, a, b, n, key, call)
    for block, count in (0, 600), (1, 300):
        for i, words in enumerate(variate_words(key, call, block, per_variate, count)):
            expected = from_text(tries(key, call, block, i, words), a, b)
            # of large zipf variates the text's rounding counts
            assert abs(int(got[2048 * block + i]) - expected) <= 2e-14 * expected, (block, i)


STABLE_CASES = [
    (1.5, 0.0),
    (1.5, 0.7),
    (1.5, 1.0),
    (1.9999, -1.0),
    (2.0, 0.3),
    (1.0, 0.0),
    (1.0, 0.5),
    (1.0, 1.0),
    (1.0, -1.0),
    (1 + 1e-9, 0.5),
    (1 - 1e-9, -1.0),
    (1 + 1e-15, -0.3),
    (1 - 1e-3, 1.0),
    (0.5, 0.0),
    (0.5, 1.0),
    (0.5, -1.0),
    (0.3, 0.99),
    (0.01, 0.0),
    (0.01, 1.0),
    (0.01, -0.5),
]


@pytest.mark.parametrize(("alpha", "beta"), STABLE_CASES)
def test_stable_follows_the_text(alpha, beta):
    key, call, n = (11, 12, 13, 14), 5, 400
    got = draw("stable", alpha, beta, n, key, call)
    assert not np.isnan(got).any()
    for x, words in zip(got, variate_words(key, call, 0, 2, n), strict=True):
        expected = stable(words, alpha, beta)
        if abs(expected) > 1e300 or 0 < abs(expected) < 1e-300:
            assert abs(x) > 1e299 or abs(x) < 1e-299
        else:
            # where sin(alpha (V + B)) is 0 the bits of the angle limit it
            assert abs(x - expected) <= 1e-13 * abs(expected) / min(alpha, 1) + 4e-15, (x, expected)


# ---------------------------------------------------------------- the exact laws


def chi_square(counts, probabilities, total):
    """The p-value, cells with few expected counts joined."""
    joined, observed, expected = [], 0, 0.0
    for count, p in zip(counts, probabilities, strict=True):
        observed, expected = observed + count, expected + p * total
        if expected >= 10:
            joined.append([observed, expected])
            observed, expected = 0, 0.0
    joined[-1][0] += observed
    joined[-1][1] += expected
    seen, wanted = np.array(joined).T
    if len(seen) == 1:
        return 1.0
    return scipy.stats.chi2.sf(((seen - wanted) ** 2 / wanted).sum(), len(seen) - 1)


def cdf_binomial(k, n, p):
    return scipy.stats.binom.cdf(k, n, p)


def cdf_poisson(k, mean, _):
    return scipy.stats.poisson.cdf(k, mean)


def cdf_zipf(k, a, n):
    if n <= 1e6:
        weights = np.cumsum(np.arange(1, int(n) + 1, dtype=float) ** -a)
        return weights[np.clip(k, 1, int(n)).astype(int) - 1] * (k >= 1) / weights[-1]
    whole = scipy.special.zeta(a, 1) - scipy.special.zeta(a, n)
    return (scipy.special.zeta(a, 1) - scipy.special.zeta(a, k + 1)) / whole


CHI_SQUARES = [
    *(("binomial", n, p) for n in (1.0, 10.0, 40.0, 200.0, 5000.0) for p in (0.01, 0.25, 0.5, 0.6, 0.95)),
    ("binomial", 20.0, 0.4999),
    ("binomial", 20.0, 0.5001),
    ("binomial", 1e6, 0.3),
    ("binomial", 1e9, 1e-9),
    ("binomial", 1e9, 1.2e-8),
    ("binomial", 2.0**53, 0.5),
    *(("poisson", mean, 0.0) for mean in (0.01, 1.0, 9.99, 10.01, 11.6, 13.2, 30.0, 1e3, 1e6)),
    *(("zipf", a, n) for a in (0.0, 0.5, 0.999, 1.0, 1.001, 2.0, 5.0) for n in (2.0, 10.0, 1000.0)),
    *(("zipf", a, UNBOUNDED) for a in (1.2, 1.5, 2.0, 3.5, 8.0, 15.0)),
]


@pytest.mark.parametrize(("law", "a", "b"), CHI_SQUARES)
def test_law(law, a, b):
    """The false-alarm rate of each case is 1e-4."""
    n = 1_000_000
    values = draw(law, a, b, n, key=(21, 22, 23, 24))
    if law == "zipf":
        edges = np.unique(np.floor(np.geomspace(1, min(b, 1e15), 200)))
    else:
        mean, variance = (a * b, a * b * (1 - b)) if law == "binomial" else (a, a)
        edges = np.unique(np.floor(mean + math.sqrt(variance) * np.linspace(-6, 6, 200)))
        edges = edges[(edges >= 0) & (edges <= (a if law == "binomial" else math.inf))]
    cdf = {"binomial": cdf_binomial, "poisson": cdf_poisson, "zipf": cdf_zipf}[law](edges, a, b)
    probabilities = np.diff(np.concatenate([[0.0], cdf, [1.0]]))
    cells = np.searchsorted(edges, values, side="left")
    counts = np.bincount(cells, minlength=len(edges) + 1)
    assert chi_square(counts, probabilities, n) > FALSE_ALARM


@pytest.mark.parametrize("law", ["binomial", "poisson", "zipf"])
def test_law_of_changing_parameters(law):
    """Sums over many parameters within 4.5 standard deviations: false-alarm rate 7e-6."""
    n = 1_000_000
    rng = np.random.default_rng(7)
    if law == "binomial":
        a, b = rng.integers(0, 400, n).astype(float), rng.random(n)
        mean, variance = a * b, a * b * (1 - b)
    elif law == "poisson":
        a, b = rng.random(n) * 40, None
        mean = variance = a
    else:
        a, b = rng.random(n) * 2, np.full(n, 3.0)
        w = np.arange(1, 4)[:, None] ** -a
        mean = (np.arange(1, 4)[:, None] * w).sum(0) / w.sum(0)
        variance = (np.arange(1, 4)[:, None] ** 2 * w).sum(0) / w.sum(0) - mean**2
    x = draw(law, a, b, n)
    assert abs((x - mean).sum()) < 4.5 * math.sqrt(variance.sum())


@pytest.mark.parametrize(
    ("alpha", "beta"),
    [(0.5, 0.5), (0.8, -1.0), (1.0, 0.0), (1.0, 0.7), (1.3, 1.0), (1.5, 0.0), (1.9, -0.4), (2.0, 0.9)],
)
def test_stable_characteristic_function(alpha, beta):
    """Real and imaginary parts at four points, 4.5 standard deviations: false-alarm rate 6e-5."""
    n = 1_000_000
    x = draw("stable", alpha, beta, n, key=(31, 32, 33, 34))
    for t in 0.1, 0.5, 1.0, 2.0:
        skew = -2 / math.pi * math.log(t) if alpha == 1 else math.tan(math.pi * alpha / 2)
        exact = np.exp(-(t**alpha) * (1 - 1j * beta * skew))
        for part, expected in (np.cos(t * x), exact.real), (np.sin(t * x), exact.imag):
            assert abs(part.mean() - expected) < 4.5 * part.std() / math.sqrt(n)


# ---------------------------------------------------------------- rules of all laws

SHAPES = [("binomial", 200.0, 0.4), ("poisson", 12.0, 0.0), ("zipf", 1.3, UNBOUNDED), ("stable", 1.2, 0.5)]


@pytest.mark.parametrize(("law", "a", "b"), SHAPES)
def test_prefixes_threads_and_arrays(law, a, b):
    n = 10_000
    whole = draw(law, a, b, n)
    for m in 1, 7, 8, 255, 256, 257, 2047, 2049, 9999:
        assert np.array_equal(draw(law, a, b, m), whole[:m])
    assert np.array_equal(draw(law, np.full(n, a), np.full(n, b), n), whole)
    assert np.array_equal(draw(law, np.full(n, a), b, n), whole)
    assert np.array_equal(draw(law, a, np.full(n, b), n), whole)
    # a variate does not depend on the parameters of the others
    mixed = np.where(np.arange(n) % 3, a, {"binomial": 8.0, "poisson": 2.0, "zipf": 3.0, "stable": 1.0}[law])
    assert np.array_equal(draw(law, mixed, b, n)[mixed == a], whole[mixed == a])
    before = _core.get_threads()
    try:
        for threads in 1, 2, 3:
            _core.set_threads(threads)
            assert np.array_equal(draw(law, a, b, n), whole)
    finally:
        _core.set_threads(before)


def test_binomial_extremes():
    n = 5000
    for trials in 0.0, 1.0, 33.0, 2.0**53:
        assert (draw("binomial", trials, 0.0, n) == 0).all()
        assert (draw("binomial", trials, 1.0, n) == int(trials)).all()
        assert (draw("binomial", trials, 1e-300, n) == 0).all()
        x = draw("binomial", trials, 0.5, n)
        assert x.min() >= 0
        assert x.max() <= trials
    assert (draw("binomial", 0.0, 0.7, n) == 0).all()
    x = draw("binomial", 2.0**53, 1 - 2.0**-53, n)  # one failure in the mean
    failures = 2**53 - x
    assert failures.min() == 0
    assert abs(failures.mean() - 1) < 4.5 / math.sqrt(n)


def test_poisson_extremes():
    n = 5000
    for mean in 0.0, 5e-324, 1e-300:
        assert (draw("poisson", mean, 0.0, n) == 0).all()
    for mean in 1e12, 1e18, 9.223372006484771e18:
        x = draw("poisson", mean, 0.0, n)
        z = (x.astype(float) - mean) / math.sqrt(mean)
        assert abs(z.mean()) < 4.5 / math.sqrt(n)
        assert abs((z**2).mean() - 1) < 4.5 * math.sqrt(2 / n)


def test_zipf_extremes():
    n = 5000
    for a in 0.0, 0.5, 1.0, 1.01, 2.0, 50.0, 1e5, 1e300:
        assert (draw("zipf", a, 1.0, n) == 1).all()
        for largest in 2.0, 1e3, 2.0**53, UNBOUNDED:
            x = draw("zipf", a, largest, n)
            assert x.min() >= 1
            assert x.max() <= min(int(largest), LARGEST)
    assert (draw("zipf", 100.0, UNBOUNDED, n) == 1).all()
    # a = 1: ln X is uniform but for its lower end; a = 0: X is
    x = np.log(draw("zipf", 1.0, UNBOUNDED, n).astype(float))
    assert scipy.stats.kstest(x[x > 5], scipy.stats.uniform(5, 63 * math.log(2) - 5).cdf).pvalue > FALSE_ALARM
    x = draw("zipf", 0.0, UNBOUNDED, n) / 2.0**63
    assert scipy.stats.kstest(x, scipy.stats.uniform().cdf).pvalue > FALSE_ALARM


def test_stable_extremes():
    n = 5000
    for alpha in 1e-300, 1e-3, 0.01, 0.5, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1.5, 2.0:
        for beta in -1.0, -0.5, 0.0, 1e-300, 0.5, 1.0:
            x = draw("stable", alpha, beta, n)
            assert not np.isnan(x).any()
            if alpha < 1 and abs(beta) == 1:
                assert (x * beta >= 0).all()
    # the tail, P(|X| > x) ~ x^-alpha 2 sin(pi alpha / 2) Gamma(alpha) / pi: false-alarm rate 1e-4
    n = 1_000_000
    beyond = int((abs(draw("stable", 1.5, 0.0, n)) > 1e3).sum())
    p = 2 * math.sin(math.pi * 0.75) * math.gamma(1.5) / math.pi * 1e3**-1.5
    assert scipy.stats.binomtest(beyond, n, p).pvalue > FALSE_ALARM
