"""lidfast.random against NumPy's rules, the text of docs/streams.md and exact laws.

The statistical tests use fixed seeds; each states its false-alarm rate, the chance that a right
sampler fails at a seed drawn at random.
"""

import math
import pickle
import threading

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import lidfast
from lidfast import _random
from lidfast.random import Generator, default_rng

pytestmark = pytest.mark.kernel

MASK = 2**64 - 1
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


# ---------------------------------------------------------------- the words, from the text


def rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK


def threefry(key, counter):
    rotations = [(14, 16), (52, 57), (23, 40), (5, 37), (25, 33), (46, 12), (58, 22), (32, 32)]
    k = [*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + word) & MASK for c, word in zip(counter, k, strict=False)]
    for r in range(20):
        p, q = (1, 3) if r % 2 == 0 else (3, 1)
        x[0] = (x[0] + x[p]) & MASK
        x[p] = rotl(x[p], rotations[r % 8][0]) ^ x[0]
        x[2] = (x[2] + x[q]) & MASK
        x[q] = rotl(x[q], rotations[r % 8][1]) ^ x[2]
        if r % 4 == 3:
            m = r // 4 + 1
            x = [(x[w] + k[(m + w) % 5] + (m if w == 3 else 0)) & MASK for w in range(4)]
    return x


def block_words(seed, call, block, count):
    key = [int(word) for word in np.random.SeedSequence(seed).generate_state(4, np.uint64)]
    lanes = [threefry(key, (block, call, lane, 0)) for lane in range(8)]
    words = []
    while len(words) < count:
        for s in lanes:
            words.append((rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK)
            t = (s[1] << 17) & MASK
            s[2] ^= s[0]
            s[3] ^= s[1]
            s[1] ^= s[2]
            s[0] ^= s[3]
            s[2] ^= t
            s[3] = rotl(s[3], 45)
    return words[:count]


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
    s, outputs = [1, 2, 3, 4], []
    for _ in range(3):
        outputs.append((rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK)
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
    assert outputs == [41943041, 58720359, 3588806011781223]


@pytest.mark.parametrize("seed", [0, 12345678901234567890])
def test_words_follow_the_text(seed):
    rng = default_rng(seed)
    for call in range(2):
        drawn = rng.random(_random.BLOCK + 100)
        words = block_words(seed, call, 0, 50), block_words(seed, call, 1, 50)
        for block, expected in enumerate(words):
            start = block * _random.BLOCK
            np.testing.assert_array_equal(
                drawn[start : start + 50], [(word >> 11) * 2.0**-53 for word in expected]
            )


def test_variates_follow_the_text():
    words = block_words(7, 0, 0, 32)
    open_unit = [(float(word) + 0.5) * 2.0**-64 for word in words]
    e = -np.log(open_unit)
    np.testing.assert_allclose(default_rng(7).standard_exponential(32), e, rtol=1e-14)
    np.testing.assert_allclose(default_rng(7).pareto(2.5, 32), np.expm1(e / 2.5), rtol=1e-13)
    np.testing.assert_array_equal(
        default_rng(7).geometric(0.2, 32), 1 + np.floor(e / -math.log1p(-0.2)).astype(int)
    )
    np.testing.assert_array_equal(
        default_rng(7).random(32, np.float32), np.array([(w >> 40) * 2.0**-24 for w in words], np.float32)
    )
    normals = []
    for g in range(0, 32, 16):
        radius = [math.sqrt(-2 * math.log(u)) for u in open_unit[g : g + 8]]
        angle = [2 * math.pi * ((w >> 11) * 2.0**-53) for w in words[g + 8 : g + 16]]
        normals += [r * math.cos(a) for r, a in zip(radius, angle, strict=True)]
        normals += [r * math.sin(a) for r, a in zip(radius, angle, strict=True)]
    np.testing.assert_allclose(default_rng(7).standard_normal(32), normals, rtol=1e-13, atol=1e-15)


class Source:
    """The source of docs/streams.md: normals and exponentials of one block, one by one."""

    def __init__(self, seed, block=0, words=8192):
        self.words = iter(block_words(seed, 0, block, words))
        self.queues = {"normal": [], "exponential": []}

    def take(self, kind):
        queue = self.queues[kind]
        if not queue:
            words = [next(self.words) for _ in range(64)]
            e = [-math.log((float(word) + 0.5) * 2.0**-64) for word in words]
            if kind == "exponential":
                queue += e
            else:
                for g in range(0, 64, 16):
                    polar = [
                        (math.sqrt(2 * e[g + lane]), 2 * math.pi * ((words[g + 8 + lane] >> 11) * 2.0**-53))
                        for lane in range(8)
                    ]
                    queue += [r * math.cos(angle) for r, angle in polar]
                    queue += [r * math.sin(angle) for r, angle in polar]
        return queue.pop(0)

    def gamma(self, a):
        if a < 1:
            larger = self.gamma(a + 1)
            return larger * math.exp(-self.take("exponential") / a)
        d = a - 1 / 3
        while True:
            x = self.take("normal")
            v = (1 + x / math.sqrt(9 * d)) ** 3
            if v > 0 and self.take("exponential") > -(x * x / 2 + d * (1 - v + math.log(v))):
                return d * v

    def student_t(self, df):
        x = self.take("normal")
        return x * math.sqrt(df / 2 / self.gamma(df / 2))

    def beta(self, a, b):
        g = self.gamma(a)
        return g / (g + self.gamma(b))

    def binomial(self, n, p):
        if p > 0.5:
            return n - self.binomial(n, 1 - p)
        if n * p < 10:
            u, k = math.exp(-self.take("exponential")), 0
            while u > (probability := math.comb(n, k) * p**k * (1 - p) ** (n - k)):
                u, k = u - probability, k + 1
            return k

        def log_probability(k):
            ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            return ways + k * math.log(p) + (n - k) * math.log1p(-p)

        root = math.sqrt(n * p * (1 - p))
        b = 1.15 + 2.53 * root
        a = -0.0873 + 0.0248 * b + 0.01 * p
        alpha, mode = (2.83 + 5.1 / b) * root, math.floor((n + 1) * p)
        while True:
            u, e = math.exp(-self.take("exponential")) - 0.5, self.take("exponential")
            us = 0.5 - abs(u)
            k = math.floor((2 * a / us + b) * u + n * p + 0.5)
            if us >= 0.07 and math.exp(-e) <= 0.92 - 4.2 / b:
                return k
            if 0 <= k <= n and math.log(alpha / (a / us**2 + b)) - e <= log_probability(k) - log_probability(
                mode
            ):
                return k


@pytest.mark.parametrize(
    ("law", "parameters"),
    [("standard_gamma", (0.4,)), ("standard_gamma", (3.5,)), ("standard_t", (2.5,)), ("beta", (0.3, 2.0))],
)
def test_laws_by_rejection_follow_the_text(law, parameters):
    source, method = Source(3), {"standard_gamma": "gamma", "standard_t": "student_t"}.get(law, law)
    expected = [getattr(source, method)(*parameters) for _ in range(100)]
    np.testing.assert_allclose(getattr(default_rng(3), law)(*parameters, 100), expected, rtol=1e-11)


@pytest.mark.parametrize(("n", "p"), [(10, 0.3), (40, 0.25), (40, 0.75), (1000, 0.4)])
def test_binomial_follows_the_text(n, p):
    """Enough variates that a test probability wrong in its third digit would decide one otherwise."""
    drawn = default_rng(3).binomial(n, p, 4 * _random.BLOCK)
    for block in range(4):
        source = Source(3, block, 16_384)
        expected = [source.binomial(n, p) for _ in range(_random.BLOCK)]
        np.testing.assert_array_equal(drawn[block * _random.BLOCK :][: _random.BLOCK], expected)


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
    arrays = [np.linspace(0.7, 1, 5000) * p if law != "binomial" else np.full(5000, p) for p in parameters]
    if arrays and np.isfinite(parameters).all():
        whole = getattr(default_rng(5), law)(*arrays)
        first = getattr(default_rng(5), law)(*(a[:m] for a in arrays))
        np.testing.assert_array_equal(first, whole[:m])


@pytest.mark.parametrize(("law", "parameters"), LAWS)
def test_scalars_arrays_and_sizes_agree(law, parameters):
    def draw(*args, **kwargs):
        return getattr(default_rng(9), law)(*args, **kwargs)

    scalar = draw(*parameters)
    assert type(scalar) is (int if law in ("geometric", "binomial") else float)
    assert draw(*parameters, size=1)[0] == scalar
    assert draw(*parameters, size=(2, 3)).shape == (2, 3)
    assert draw(*parameters, size=(0,)).shape == (0,)
    if parameters:
        arrays = [np.full((3, 1), parameters[0]), *parameters[1:]]
        np.testing.assert_array_equal(draw(*arrays, size=(3, 4)).ravel(), draw(*parameters, size=12))
        assert draw(*arrays).shape == (3, 1)


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
    if law != "random":  # whose float32 has bits of its own
        np.testing.assert_array_equal(single, draw(size=3000).astype(np.float32))
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


def test_out_may_hold_its_own_parameters():
    x = np.full(5000, 5.0)
    expected = default_rng(0).standard_gamma(5.0, 5000)
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
