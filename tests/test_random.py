"""lidfast.random against NumPy's rules, the text of docs/streams.md and exact laws.

The statistical tests use fixed seeds; each states its false-alarm rate, the chance that a right
sampler fails at a seed drawn at random.
"""

import functools
import itertools
import math
import pickle
import threading

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from plain_streams import MASK, block_words, engine, threefry

import lidfast
from lidfast import _random
from lidfast.random import Generator, default_rng

pytestmark = pytest.mark.kernel

FALSE_ALARM = 1e-4

# law, parameters and the exact distribution
CONTINUOUS = [
    ("random", (), scipy.stats.uniform()),
    ("standard_normal", (), scipy.stats.norm()),
    ("standard_exponential", (), scipy.stats.expon()),
    ("standard_gamma", (0.05,), scipy.stats.gamma(0.05)),
    ("standard_gamma", (0.3,), scipy.stats.gamma(0.3)),
    ("standard_gamma", (1.0,), scipy.stats.gamma(1.0)),
    ("standard_gamma", (1.25,), scipy.stats.gamma(1.25)),
    ("standard_gamma", (1e4,), scipy.stats.gamma(1e4)),
    ("standard_t", (0.5,), scipy.stats.t(0.5)),
    ("standard_t", (2.5,), scipy.stats.t(2.5)),
    ("standard_t", (math.inf,), scipy.stats.norm()),
    ("pareto", (2.5,), scipy.stats.lomax(2.5)),
    ("pareto", (0.1,), scipy.stats.lomax(0.1)),
    ("beta", (0.3, 2.0), scipy.stats.beta(0.3, 2.0)),
    ("beta", (30.0, 0.5), scipy.stats.beta(30.0, 0.5)),
    ("inverse_gamma", (1.25,), scipy.stats.invgamma(1.25)),
    ("inverse_gamma", (0.1,), scipy.stats.invgamma(0.1)),
    ("weibull", (0.5,), scipy.stats.weibull_min(0.5)),
    ("weibull", (0.05,), scipy.stats.weibull_min(0.05)),
    ("lognormal", (1.0, 2.0), scipy.stats.lognorm(2.0, scale=math.e)),
    ("normal", (-3.0, 0.5), scipy.stats.norm(-3.0, 0.5)),
    ("uniform", (-1.0, 3.0), scipy.stats.uniform(-1.0, 4.0)),
    ("exponential", (3.0,), scipy.stats.expon(scale=3.0)),
    ("gamma", (0.7, 3.0), scipy.stats.gamma(0.7, scale=3.0)),
    ("chisquare", (2.5,), scipy.stats.chi2(2.5)),
]
DISCRETE = [
    ("geometric", (0.3,), scipy.stats.geom(0.3)),
    ("geometric", (1e-3,), scipy.stats.geom(1e-3)),
    ("binomial", (1, 0.3), scipy.stats.binom(1, 0.3)),
    ("binomial", (10, 0.7), scipy.stats.binom(10, 0.7)),
    ("binomial", (40, 0.5), scipy.stats.binom(40, 0.5)),
    ("binomial", (200, 0.05), scipy.stats.binom(200, 0.05)),
    ("binomial", (200, 0.93), scipy.stats.binom(200, 0.93)),
    ("binomial", (10**6, 0.3), scipy.stats.binom(10**6, 0.3)),
    ("binomial", (10**9, 1e-9), scipy.stats.binom(10**9, 1e-9)),
]
LAWS = [case[:2] for case in CONTINUOUS + DISCRETE]
LAWS += [
    ("levy_stable", (1.5, 0.5)),
    ("zipf", (1.5,)),
    ("zipf", (1.01,)),
    ("poisson", (3.0,)),
    ("poisson", (50.0,)),
]
INTEGER = ("geometric", "binomial", "poisson", "zipf")


# ---------------------------------------------------------------- the words, from the text


@functools.cache
def words_of(seed, call, block, count):
    return block_words(key_of(seed), call, block, count)


def key_of(seed):
    return [int(word) for word in np.random.SeedSequence(seed).generate_state(4, np.uint64)]


def test_threefry_known_answer():
    """The published answer of Random123 for key 0 and counter 0: the text is the real Threefry."""
    assert threefry([0] * 4, [0] * 4) == [
        0x09218EBDE6C85537,
        0x55941F5266D86105,
        0x4BD25E16282434DC,
        0xEE29EC846BD2E40B,
    ]


def test_xoshiro_known_answer():
    """Its first outputs from the state (1, 2, 3, 4)."""
    assert list(itertools.islice(engine((1, 2, 3, 4)), 3)) == [41943041, 58720359, 3588806011781223]


@pytest.mark.parametrize("seed", [0, 12345678901234567890])
def test_words_follow_the_text(seed):
    rng = default_rng(seed)
    for call in range(2):
        drawn = rng.random(_random.BLOCK + 100)
        words = words_of(seed, call, 0, 50), words_of(seed, call, 1, 50)
        for block, expected in enumerate(words):
            start = block * _random.BLOCK
            np.testing.assert_array_equal(
                drawn[start : start + 50], [(word >> 11) * 2.0**-53 for word in expected]
            )


def fold(words):
    """The distance from the nearer end, and whether that is the upper one."""
    upper = [word >= 2**63 for word in words]
    folded = [MASK - word if high else word for word, high in zip(words, upper, strict=True)]
    return np.array([(float(f) + 0.5) * 2.0**-64 for f in folded]), np.array(upper)


def quantile(exact, words):
    v, upper = fold(words)
    return np.where(upper, exact.isf(v), exact.ppf(v))


def normal(word):
    v, upper = min(word, MASK - word), word >= 2**63
    x = float(scipy.special.ndtri((float(v) + 0.5) * 2.0**-64))
    return -x if upper else x


def exponential(word):
    v = (float(min(word, MASK - word)) + 0.5) * 2.0**-64
    return -math.log(v) if word >= 2**63 else -math.log1p(-v)


# Beside a table's error of 1e-9, SciPy's quantile functions have theirs.
TABLE = 1e-8


@pytest.mark.parametrize(
    ("law", "parameters", "exact"),
    [
        ("standard_normal", (), scipy.stats.norm()),
        ("normal", (-3.0, 0.5), scipy.stats.norm(-3, 0.5)),
        ("standard_exponential", (), scipy.stats.expon()),
        ("exponential", (4.0,), scipy.stats.expon(scale=4)),
        ("standard_gamma", (0.3,), scipy.stats.gamma(0.3)),
        ("standard_gamma", (1e6,), scipy.stats.gamma(1e6)),
        ("gamma", (2.5, 3.0), scipy.stats.gamma(2.5, scale=3)),
        ("inverse_gamma", (1.25, 2.0), scipy.stats.invgamma(1.25, scale=2)),
        ("chisquare", (2.5,), scipy.stats.chi2(2.5)),
        ("standard_t", (3.0,), scipy.stats.t(3)),
        ("beta", (0.3, 2.0), scipy.stats.beta(0.3, 2)),
        ("beta", (40.0, 7.0), scipy.stats.beta(40, 7)),
        ("pareto", (2.5,), scipy.stats.lomax(2.5)),
        ("weibull", (0.5,), scipy.stats.weibull_min(0.5)),
    ],
)
def test_fixed_parameters_follow_the_text(law, parameters, exact):
    words = words_of(7, 0, 0, 800)
    expected = quantile(exact, words)
    drawn = getattr(default_rng(7), law)(*parameters, size=800)
    # relative in the probability of the nearer tail, which an error in x changes by f(x) / tail
    sensitivity = exact.pdf(expected) / np.minimum(exact.cdf(expected), exact.sf(expected))
    np.testing.assert_array_less(abs(drawn - expected) * sensitivity, TABLE)


def test_words_become_numbers_as_the_text_says():
    words = words_of(7, 0, 0, 32)
    e = quantile(scipy.stats.expon(), words)
    np.testing.assert_array_equal(
        default_rng(7).geometric(0.2, 32), 1 + np.floor(e / -math.log1p(-0.2)).astype(int)
    )
    n = quantile(scipy.stats.norm(), words)
    np.testing.assert_allclose(default_rng(7).lognormal(1.0, 0.5, 32), np.exp(1 + 0.5 * n), rtol=TABLE)
    np.testing.assert_array_equal(
        default_rng(7).uniform(2, 5, 32), [2 + 3 * ((w >> 11) * 2.0**-53) for w in words]
    )
    halves = [half for w in words[:16] for half in (w & 0xFFFFFFFF, w >> 32)]
    np.testing.assert_array_equal(
        default_rng(7).random(32, np.float32), np.array([(h >> 8) * 2.0**-24 for h in halves], np.float32)
    )
    folded = [min(h, 2**32 - 1 - h) for h in halves]
    v = np.array([(f + 0.5) * 2.0**-32 for f in folded])
    expected = np.where(np.array(halves) >= 2**31, -1, 1) * scipy.stats.norm.ppf(v)
    np.testing.assert_allclose(default_rng(7).standard_normal(32, np.float32), expected, rtol=1e-5, atol=1e-6)


class Arrays:
    """The laws of docs/streams.md for arrays of parameters, one variate at a time."""

    def __init__(self, seed, per_variate, more=0, block=0):
        """`more` rows of 256 words stand behind each chunk's own."""
        self.more = more
        self.key = key_of(seed)
        self.per_variate, self.block = per_variate, block
        self.words = words_of(seed, 0, block, _random.BLOCK * (per_variate + more))

    def first(self, i):
        start = 256 * (i // 256) * (self.per_variate + self.more)
        g, lane = divmod(i % 256, 8)
        return [self.words[start + 8 * (self.per_variate * g + j) + lane] for j in range(self.per_variate)]

    def retry(self, tag, i, t):
        return threefry(self.key, (self.block, 0, 8 + 2048 * tag + i, t))

    def further(self, i, behind):
        """Variate i's word in a row of 256 behind the chunk's own and `behind` other rows."""
        start = 256 * (i // 256 * (self.per_variate + self.more) + self.per_variate + behind)
        return self.words[start + i % 256]

    def gamma(self, i, a, words, tag=0, behind=0):
        """The variate's logarithm."""
        boost = -exponential(self.further(i, behind)) / a if a < 1 else 0.0
        d = (a + 1 if a < 1 else a) - 1 / 3
        for t in range(100):
            n = normal(words[0])
            x = 1 + n / math.sqrt(9 * d)
            u = (float(words[1]) + 0.5) * 2.0**-64
            if x > 0 and math.log(u) < n * n / 2 + d * (1 - x**3 + 3 * math.log(x)):
                return math.log(d * x**3) + boost
            words = self.retry(tag, i, t)
        raise AssertionError("a hundred tries")


def arrays_standard_gamma(i, a):
    source = Arrays(3, 2, more=int(a < 1))
    return math.exp(source.gamma(i, a, source.first(i)))


def arrays_inverse_gamma(i, a):
    return 1 / arrays_standard_gamma(i, a)


def arrays_beta(i, a, b):
    source = Arrays(3, 4, more=(a < 1) + (b < 1))
    words = source.first(i)
    first, second = source.gamma(i, a, words[:2]), source.gamma(i, b, words[2:], 1, int(a < 1))
    return 1 / (1 + math.exp(second - first))


def arrays_standard_t(i, df):
    e, angle = Arrays(3, 2).first(i)
    return math.sqrt(df * math.expm1(2 * exponential(e) / df)) * math.cos(
        2 * math.pi * ((angle >> 11) * 2.0**-53)
    )


def arrays_pareto(i, a):
    return math.expm1(exponential(Arrays(3, 1).first(i)[0]) / a)


def arrays_weibull(i, a):
    return exponential(Arrays(3, 1).first(i)[0]) ** (1 / a)


@pytest.mark.parametrize(
    ("law", "parameters"),
    [
        ("standard_gamma", (0.4,)),
        ("standard_gamma", (1.1,)),
        ("inverse_gamma", (3.5,)),
        ("standard_t", (2.5,)),
        ("standard_t", (0.05,)),
        ("beta", (0.3, 2.0)),
        ("beta", (0.3, 0.6)),
        ("beta", (1.5, 2.5)),
        ("pareto", (2.5,)),
        ("weibull", (0.5,)),
    ],
)
def test_arrays_of_parameters_follow_the_text(law, parameters):
    """Enough variates that some gammas take two retries: a few of a hundred tries fail."""
    size = 600
    drawn = getattr(default_rng(3), law)(*(np.full(size, p) for p in parameters))
    expected = [globals()[f"arrays_{law}"](i, *parameters) for i in range(size)]
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)


# ---------------------------------------------------------------- the promises


@pytest.mark.parametrize(("law", "parameters"), LAWS)
def test_bits_do_not_depend_on_threads(law, parameters):
    draws = []
    for threads in (1, 2, 3, 8):
        with lidfast.num_threads(threads):
            draws.append(getattr(default_rng(5), law)(*parameters, size=20_001))
    for other in draws[1:]:
        np.testing.assert_array_equal(draws[0], other)


@pytest.mark.parametrize(("law", "parameters"), LAWS)
@pytest.mark.parametrize("m", [1, 7, 2048, 2049])
def test_prefix_rule(law, parameters, m):
    whole = getattr(default_rng(5), law)(*parameters, size=5000)
    np.testing.assert_array_equal(getattr(default_rng(5), law)(*parameters, size=m), whole[:m])
    least = 1.0 if law in ("binomial", "zipf") else 0.7
    arrays = [np.linspace(least, 1, 5000) * p for p in parameters]
    if arrays and np.isfinite(parameters).all():
        whole = getattr(default_rng(5), law)(*arrays)
        first = getattr(default_rng(5), law)(*(a[:m] for a in arrays))
        np.testing.assert_array_equal(first, whole[:m])


@pytest.mark.parametrize(("law", "parameters"), LAWS)
def test_scalars_arrays_and_sizes_agree(law, parameters):
    def draw(*args, **kwargs):
        return getattr(default_rng(9), law)(*args, **kwargs)

    scalar = draw(*parameters)
    assert type(scalar) is (int if law in INTEGER else float)
    assert draw(*parameters, size=1)[0] == scalar
    assert draw(*parameters, size=(2, 3)).shape == (2, 3)
    assert draw(*parameters, size=(0,)).shape == (0,)
    if parameters:
        arrays = [np.full((3, 1), parameters[0]), *parameters[1:]]
        long = [np.full(12, p) for p in parameters]
        np.testing.assert_array_equal(draw(*arrays, size=(3, 4)).ravel(), draw(*long))
        assert draw(*arrays).shape == (3, 1)
        numbers = [np.asarray(p) for p in parameters]
        np.testing.assert_array_equal(draw(*numbers, size=12), draw(*parameters, size=12))


def test_calls_differ_and_state_restores_them():
    rng = default_rng(11)
    state = rng.state
    a, b = rng.random(4), rng.random(4)
    assert not np.array_equal(a, b)
    rng.state = state
    np.testing.assert_array_equal(rng.random(4), a)
    copy = pickle.loads(pickle.dumps(rng))
    np.testing.assert_array_equal(copy.random(4), b)
    assert [g.random() for g in copy.spawn(2)] == [g.random() for g in rng.spawn(2)]
    with pytest.raises(ValueError, match="state"):
        rng.state = {"calls": 3}
    spelled = Generator(np.random.SeedSequence(np.array([1, 2])))
    assert spelled.state["entropy"] == [1, 2]
    assert pickle.loads(pickle.dumps(spelled)).random() == spelled.random()


def test_spawned_generators_are_all_different():
    rng = default_rng(0)
    generators = [rng, *rng.spawn(3), *rng.spawn(2)]
    generators += generators[1].spawn(2)
    assert len({g.random() for g in generators}) == len(generators)


def test_calls_are_counted_atomically():
    """A call number taken twice would give two threads the same draws."""
    rng = default_rng(1)
    drawn = []

    def work():
        drawn.extend([rng.random() for _ in range(2000)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 8000
    assert rng.state["calls"] == 8000


def test_default_rng_takes_every_kind_of_seed():
    rng = default_rng(5)
    assert default_rng(rng) is rng
    assert default_rng(np.random.SeedSequence(5)).random() == default_rng(5).random()
    assert default_rng(np.random.default_rng(5)).random() == default_rng(np.random.default_rng(5)).random()
    assert default_rng().random() != default_rng().random()
    assert rng.numpy().random() != rng.numpy().random()
    assert default_rng(5).numpy().random() == default_rng(5).numpy().random()
    assert default_rng(2**200).random() != default_rng(2**199).random()
    with pytest.raises(ValueError, match="seed is -1"):
        default_rng(-1)
    with pytest.raises(TypeError, match="seed"):
        default_rng(1.5)


# ---------------------------------------------------------------- NumPy's argument rules


@pytest.mark.parametrize("law", ["random", "standard_normal", "standard_exponential", "standard_gamma"])
def test_dtype_and_out(law):
    parameters = (0.7,) if law == "standard_gamma" else ()

    def draw(**kwargs):
        return getattr(default_rng(2), law)(*parameters, **kwargs)

    single = draw(size=3000, dtype=np.float32)
    assert single.dtype == np.float32
    # whether it is the same law: 1e-4 by Kolmogorov and Smirnov
    assert scipy.stats.ks_2samp(single, draw(size=3000)).pvalue > FALSE_ALARM
    for dtype in (np.float64, np.float32):
        out = np.empty((30, 100), dtype)
        assert draw(out=out, dtype=dtype) is out
        np.testing.assert_array_equal(out.ravel(), draw(size=3000, dtype=dtype))
    for wrong in (np.int32, np.int64):
        with pytest.raises(TypeError, match="dtype"):
            draw(size=3, dtype=wrong)
    with pytest.raises(TypeError, match="out has dtype"):
        draw(out=np.empty(3, np.float32))
    with pytest.raises(TypeError, match="out must be"):
        draw(out=[0.0])
    with pytest.raises(ValueError, match="contiguous"):
        draw(out=np.empty((4, 4))[:, ::2])
    with pytest.raises(ValueError, match="out has shape"):
        draw(out=np.empty(4), size=5)
    locked = np.empty(3)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        draw(out=locked)


@pytest.mark.parametrize(
    ("law", "parameters", "message"),
    [
        ("standard_gamma", ([1, -1],), r"shape\[1\] is -1"),
        ("standard_gamma", (math.nan,), "shape is nan"),
        ("standard_t", (0,), "df is 0"),
        ("pareto", ([[1, 2], [0, 1]],), r"a\[1, 0\] is 0"),
        ("beta", (1, -0.5), "b is -0.5"),
        ("geometric", (0,), "p is 0"),
        ("geometric", (1.5,), "p is 1.5"),
        ("binomial", (-1, 0.5), "n is -1"),
        ("binomial", (1.5, 0.5), "n is 1.5"),
        ("binomial", (3, [0.5, 1.1]), r"p\[1\] is 1.1"),
        ("binomial", ([1, 2], [0.5, 0.1, 0.2]), "broadcast"),
        ("pareto", ([1, 2], (3,)), "size"),
        ("pareto", (1, -1), "size is -1"),
    ],
)
def test_bad_parameters_are_named(law, parameters, message):
    with pytest.raises(ValueError, match=message):
        getattr(default_rng(0), law)(*parameters)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1.0, -0.0])
@pytest.mark.parametrize("place", [0, 8191, 8192, 39_998])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_bad_parameter_of_a_long_array_is_named(wrong, place, threads):
    """Threads look for it in blocks of 8192."""
    shape, out = np.full(40_001, 1.5), np.full(40_001, 7.0)
    shape[1] = 0.0  # at the end of the range, and allowed
    default_rng(0).standard_gamma(shape)
    shape[[place, place + 1, 40_000]] = wrong
    with lidfast.num_threads(threads), pytest.raises(ValueError) as error:
        default_rng(0).standard_gamma(shape, out=out)
    assert str(error.value) == f"shape[{place}] is {wrong}: it must be finite and >= +0"
    assert (out == 7.0).all()


def test_out_may_hold_its_own_parameters():
    x = np.full(5000, 5.0)
    expected = default_rng(0).standard_gamma(np.full(5000, 5.0))
    np.testing.assert_array_equal(default_rng(0).standard_gamma(x[:1], out=x), expected)
    x = np.full(5000, 5.0)
    np.testing.assert_array_equal(default_rng(0).standard_gamma(x, out=x), expected)


def test_parameters_that_are_no_numbers():
    with pytest.raises(TypeError, match="shape"):
        default_rng(0).standard_gamma("a")
    with pytest.raises(TypeError, match="size"):
        default_rng(0).random(2.5)
    with pytest.raises(ValueError, match="shape is ragged"):
        default_rng(0).standard_gamma([[1], [1, 2]])


# ---------------------------------------------------------------- the laws


@pytest.mark.parametrize(("law", "parameters", "exact"), CONTINUOUS)
def test_continuous_laws(law, parameters, exact):
    """Kolmogorov-Smirnov on 200,000 variates: fails a right sampler once in 10,000 seeds."""
    x = getattr(default_rng(101), law)(*parameters, size=200_000)
    assert scipy.stats.kstest(x, exact.cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("law", "parameters", "exact"), CONTINUOUS)
def test_tails_of_continuous_laws(law, parameters, exact):
    """Counts beyond the 1e-4 quantiles of 2 million, two-sided binomial test: 1 in 10,000 seeds each."""
    x = getattr(default_rng(102), law)(*parameters, size=2_000_000)
    for count in ((x < exact.ppf(1e-4)).sum(), (x > exact.isf(1e-4)).sum()):
        assert scipy.stats.binomtest(int(count), x.size, 1e-4).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("law", "parameters", "exact"), DISCRETE)
def test_discrete_laws(law, parameters, exact):
    """Chi-square over cells of at least 20 expected: fails a right sampler once in 10,000 seeds."""
    x = getattr(default_rng(103), law)(*parameters, size=200_000)
    assert x.dtype == np.int64
    edges = np.unique(exact.ppf(np.linspace(0.001, 0.999, 60)))
    expected = np.diff(np.concatenate([[0], exact.cdf(edges), [1]])) * x.size
    observed = np.bincount(np.searchsorted(edges, x), minlength=expected.size)
    keep = expected > 20
    chi2 = ((observed - expected)[keep] ** 2 / expected[keep]).sum()
    assert keep.sum() >= 2
    assert scipy.stats.chi2.sf(chi2, keep.sum()) > FALSE_ALARM


def test_arrays_of_parameters_reach_their_variates():
    """Mean of each row within 5 standard errors: false alarm below 1e-5."""
    shapes = np.array([[0.1], [1.0], [50.0]])
    x = default_rng(3).standard_gamma(shapes, size=(3, 40_000))
    np.testing.assert_array_less(abs(x.mean(1) - shapes[:, 0]), 5 * np.sqrt(shapes[:, 0] / 40_000))
    n, p = np.array([[5], [100], [1000]]), np.array([[0.9], [0.5], [0.003]])
    k = default_rng(3).binomial(n, p, size=(3, 40_000))
    error = np.sqrt(n * p * (1 - p) / 40_000)
    np.testing.assert_array_less(abs(k.mean(1, keepdims=True) - n * p), 5 * error)


def test_neighboring_streams_are_independent():
    """Correlations between lanes, blocks, calls and seeds, 5 sigma of 1/sqrt(n): below 1e-4 in all."""
    a = default_rng(0).standard_normal(2**17)
    rng = default_rng(0)
    rng.random()
    others = [default_rng(1).standard_normal(2**17), rng.standard_normal(2**17)]
    others += [np.roll(a, -shift) for shift in (1, 7, 8, 16, 2048)]
    for other in others:
        assert abs(np.corrcoef(a, other)[0, 1]) < 5 / math.sqrt(a.size)


def test_extremes():
    rng = default_rng(0)
    assert (rng.geometric(1.0, 1000) == 1).all()
    assert (rng.geometric(1e-300, 100) == 2**63 - 1).all()
    near = rng.geometric(1e-19, 1000)  # about 1e19, some of which int64 holds
    assert (near > 1e12).all()
    assert 0 < (near == 2**63 - 1).sum() < 1000
    assert (rng.standard_gamma(0.0, 10) == 0).all()
    tiny = rng.beta(1e-5, 1e-5, 1000)
    assert np.isfinite(tiny).all()
    # 0 and 1 with half the probability each, in effect: 5 sigma, false alarm below 1e-6
    assert abs((tiny > 0.5).sum() - 500) < 5 * math.sqrt(250)
    assert set(rng.beta(1e-309, 1e-309, 100)) == {0.0, 1.0}  # one of them alone: 2^-99
    assert np.isfinite(rng.standard_gamma(1e-5, 1000)).all()
    assert not np.isnan(rng.standard_t(0.01, 1000)).any()
    assert (rng.binomial(0, 0.5, 10) == 0).all()
    assert (rng.binomial(10, [0.0, 1.0]) == [0, 10]).all()
    big = rng.binomial(2**53, 0.5, 1000) - 2.0**52
    # mean of 1000: 6 sigma, false alarm below 1e-8
    assert abs(big.mean()) < 6 * math.sqrt(2.0**51 / 1000)
    assert np.isinf(rng.inverse_gamma(1e-3, 1.0, 1000)).any()
    assert (rng.inverse_gamma(1e-3, 0.0, 1000) == 0).all()
    with np.errstate(over="ignore"):
        assert rng.standard_normal(10, np.float32).dtype == np.float32


@given(
    n=st.integers(0, 10_000),
    p=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_binomial_stays_in_range(n, p, seed):
    k = default_rng(seed).binomial(n, p, 20)
    assert ((k >= 0) & (k <= n)).all()
    # Chebyshev on the mean of 20 at 30 sigma: a gross error, not luck
    assert abs(k.mean() - n * p) <= 30 * math.sqrt(n * p * (1 - p) / 20) + 1e-9


@given(a=st.floats(1e-3, 1e3), b=st.floats(1e-3, 1e3), seed=st.integers(0, 2**32))
def test_beta_stays_in_range(a, b, seed):
    x = default_rng(seed).beta(a, b, 20)
    assert ((x >= 0) & (x <= 1)).all()


def test_repr_names_the_generator():
    assert "entropy=3" in repr(Generator(3))
