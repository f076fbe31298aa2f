"""Simulation of the LID model against exact integrals, plain loops and itself."""

import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import threadpoolctl
from plain_streams import block_words
from scipy import special

import lidfast
from lidfast import LIDModel, _passk, _precision, _simulation
from lidfast._lid_nodes import success
from lidfast.difficulty import LID
from lidfast.random import default_rng

SMALL = LIDModel(12, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)


@pytest.fixture(scope="module")
def result():
    return SMALL.simulate([8, 32, 256], [1, 10, 100, 1000, 1e4], runs=32, instances=16_000, rng=1)


def test_result_is_complete(result):
    nN, runs, nk = 3, 32, 5
    shapes = {name: array.shape for name, array in result.arrays().items()}
    assert shapes == {
        "N": (nN,),
        "k": (nk,),
        "risk": (nN, runs),
        "generalization_error": (nN,),
        "generalization_error_stderr": (nN,),
        "failure_rate_runs": (nN, runs, nk),
        "failure_rate_exact_runs": (nN, runs, nk),
        **dict.fromkeys(
            ["failure_rate", "failure_rate_stderr", "failure_rate_exact", "z", "resolved"], (nN, nk)
        ),
        **dict.fromkeys(["beta_eff", "beta_eff_stderr", "beta_eff_exact"], (nN, nk)),
        **dict.fromkeys(["beta_eff_runs", "beta_eff_exact_runs"], (nN, runs, nk)),
    }
    np.testing.assert_allclose(result.failure_rate, result.failure_rate_runs.mean(1))
    np.testing.assert_allclose(result.failure_rate_exact, result.failure_rate_exact_runs.mean(1))
    difference = result.failure_rate_runs - result.failure_rate_exact_runs
    np.testing.assert_allclose(
        result.z, difference.mean(1) / (difference.std(1, ddof=1) / math.sqrt(runs)), rtol=1e-9
    )


# ---------------------------------------------------------------- against the exact integrals


def test_simulation_agrees_with_the_integral(result):
    """15 paired t-scores of 31 degrees: the largest beyond 5 has a probability below 4e-4."""
    assert result.resolved.all()
    assert np.abs(result.z).max() < 5
    assert (np.abs(result.beta_eff - result.beta_eff_exact) < 0.1).all()


@pytest.mark.parametrize(("V", "sigma", "delta"), [(1.01, 1, 1), (1, 1.01, 1), (1, 1, 1.01)])
def test_scores_see_one_per_cent(V, sigma, delta):
    """A factor that is wrong by 1 % in the integral, or the kernel, is far off: the test above can fail."""
    runs = 32
    risk = np.full(runs, 0.05)
    plan = _simulation.Plan(SMALL, np.array([1]), np.geomspace(1, 1e5, 6), runs, 100_000, None, False)
    rate, _ = _simulation._curves(plan, risk, None, default_rng(0).spawn(runs))
    wrong = LID(0.05 * V, 2.5, 0.3 * sigma, 0.1 * delta).failure_rate(plan.k)
    right = LID(0.05, 2.5, 0.3, 0.1).failure_rate(plan.k)
    noise = rate.std(axis=0, ddof=1) / math.sqrt(runs)
    assert np.abs((rate.mean(axis=0) - right) / noise).max() < 5
    assert np.abs((rate.mean(axis=0) - wrong) / noise).max() > 15


def test_far_tail_is_resolved():
    """S down to 1e-14, from 10^5 instances a run: relative standard errors below 3 %."""
    plan = _simulation.Plan(SMALL, np.array([1]), np.geomspace(1e3, 3e7, 5), 16, 100_000, None, False)
    for V in (0.0, 1e-3, 0.004):
        rate, _ = _simulation._curves(plan, np.full(16, V), None, default_rng(1).spawn(16))
        exact = LID(V, 2.5, 0.3, 0.1).failure_rate(plan.k)
        error = rate.std(axis=0, ddof=1) / 4
        assert (error < 0.03 * exact).all()
        # 5 t-scores of 15 degrees, three times: one beyond 7 has a probability of 6e-5
        assert (np.abs(rate.mean(axis=0) - exact) < 7 * error).all()
    assert exact[-1] < 1e-14


def test_exact_exponents_are_derivatives(result):
    k, step = 100.0, 1e-5
    mean = [
        np.mean([LID(float(V), 2.5, 0.3, 0.1).failure_rate(k * factor) for V in result.risk[1]])
        for factor in (1 - step, 1 + step)
    ]
    assert result.beta_eff_exact[1, 2] == pytest.approx(
        -(math.log(mean[1]) - math.log(mean[0])) / (2 * step), rel=1e-6
    )


def test_infinite_noise():
    model = LIDModel(5, 1.5, sigma=0.3, delta=0.1, ridge=1e-3)
    result = model.simulate([50], [1, 100], runs=8, instances=2000, rng=0)
    assert np.isfinite(result.risk).all()
    # 2 t-scores of 7 degrees: one beyond 9 has a probability of 1e-4
    assert (abs(result.z) < 9).all()


def test_peak_is_left_out_of_the_scores():
    result = SMALL.simulate([11, 12, 13, 14], [10], runs=4, instances=400, rng=0)
    np.testing.assert_array_equal(np.isnan(result.z[:, 0]), [True, True, True, False])


# ---------------------------------------------------------------- the kernel against a plain loop


@pytest.mark.kernel
@pytest.mark.parametrize("biases", [0, 7])
@pytest.mark.parametrize("instances", [5, 300, 5003])
def test_kernel_is_its_plain_sum(biases, instances):
    rng = np.random.default_rng(0)
    curves, count = 3, min(5, instances)
    root = 10 ** rng.uniform(-4, 1, (curves, count))
    weight = rng.random((curves, count))
    scale = rng.random(curves)
    bias = np.sort(rng.exponential(1, (curves, biases))) if biases else None
    key = rng.integers(0, 2**64, (curves, 4), dtype=np.uint64)
    k = np.array([0, 1, 7.5, 1e3, 1e6, 1e12])
    out = np.empty((curves, 2, k.size))
    _passk.lid_curves(root, weight, None if biases else scale, bias, instances, 12.0, 0.1, key, k, out)
    ends = instances * np.arange(count + 1) // count
    for c in range(curves):
        stream = iter(block_words([int(word) for word in key[c]], 0, 0, 8 * instances))
        rate, slope = np.zeros(k.size), np.zeros(k.size)
        for t in range(count):
            n = ends[t + 1] - ends[t]
            for first in range(0, n, 1024):
                some = min(1024, n - first)
                drawn = [next(stream) for _ in range(-(-some // 8) * 8)][:some]
                u = np.array([word >> 12 for word in drawn]) / 2.0**52
                x = (first + np.arange(some) + u) / n
                if bias is None:
                    z = 12 * x * x
                    b, w = scale[c] * z, 24 * x * math.sqrt(2 / math.pi) * np.exp(-0.5 * z * z)
                else:
                    b, w = bias[c][(x * biases).astype(int)], np.ones(some)
                log_fail = success(b * root[c, t], np.full(some, 0.1 * root[c, t]))[1]
                terms = weight[c, t] / n * w * np.exp(k[:, None] * log_fail)
                rate += terms.sum(axis=1)
                slope += (terms * np.maximum(log_fail, -1e300)).sum(axis=1)
        np.testing.assert_allclose(out[c, 0], rate, rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(out[c, 1], slope, rtol=1e-8, atol=1e-300)


LAWS = [
    _precision.Gamma(0.3),
    _precision.Gamma(2.5),
    _precision.Gamma(30.0),
    _precision.Weibull(2.5),
    _precision.Pareto(2.5),
    _precision.LogNormal(2.5),
    _precision.precision(np.random.default_rng(0).gamma(1.25, size=700), 2.5),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{type(law).__name__}{law.tail_exponent:.3g}")
@pytest.mark.parametrize("hopeless", [-30.0, -3.0])
def test_strata_restore_the_law(law, hopeless):
    """Means over strata of 1 and of tau <= t are the law's, within 6 standard errors of 200 draws."""
    draws = [_simulation.strata(law, hopeless, 300, rng) for rng in default_rng(0).spawn(200)]
    below = math.exp(law.log_cdf(hopeless))
    for t in (np.inf, 0.2, 1.1):
        seen = np.array([(weight * (tau <= t)).sum() for tau, weight in draws]) + below
        expected = math.exp(law.log_cdf(math.log(t))) if t < np.inf else 1.0
        assert abs(seen.mean() - expected) < 6 * seen.std() / math.sqrt(200) + 1e-9


# ---------------------------------------------------------------- other ways


def test_first_successes_agree_with_the_integral():
    """10 paired t-scores of 31 degrees: the largest beyond 5 has a probability below 3e-4."""
    k = [1, 3, 10, 30, 100]
    result = SMALL.simulate([8, 256], k, runs=32, instances=70_000, rng=1, geometric=True)
    shares = result.failure_rate_runs * 70_000
    np.testing.assert_allclose(shares, np.round(shares), atol=1e-6)
    assert (np.diff(result.failure_rate_runs) <= 0).all()
    assert np.abs(result.z).max() < 5
    assert np.abs(result.beta_eff - result.beta_eff_exact)[:, 1:-1].max() < 0.15
    assert not np.allclose(result.failure_rate_runs, result.failure_rate_exact_runs, rtol=1e-4)


@pytest.mark.parametrize("prior", ["weibull", "pareto", "lognormal", tuple(np.linspace(0.05, 3, 40))])
def test_other_priors_agree_with_their_integrals(prior):
    """6 paired t-scores of 15 degrees: the largest beyond 7 has a probability below 3e-5."""
    model = LIDModel(8, 2.5, sigma=0.3, delta=0.1, ridge=1e-3, prior=prior)
    result = model.simulate([6, 60], [1, 10, 100], runs=16, instances=20_000, rng=0)
    assert np.abs(result.z).max() < 7
    # the mean over 16 runs is within a factor of 3 of its equivalent
    assert np.abs(np.log(result.generalization_error / model.generalization_error([6, 60]))).max() < math.log(
        3
    )


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    return rng.standard_t(4, (150, 8)) @ rng.standard_normal((8, 8)) / 5


@pytest.mark.parametrize("geometric", [False, True])
def test_given_features(features, geometric):
    """6 paired t-scores of 15 degrees: the largest beyond 7 has a probability below 3e-5."""
    model = LIDModel(8, 2.5, sigma=0.3, delta=0.1, ridge=1e-3, theta=np.arange(8))
    result = model.simulate(
        [6, 200], [1, 10, 100], X=features, runs=16, instances=20_000, rng=0, geometric=geometric
    )
    assert np.abs(result.z).max() < 7


def test_given_features_and_many_labels(features):
    """Without a penalty the risk is that of least squares, v d / N: 400 runs see it within 15 %."""
    model = LIDModel(8, 20.0, sigma=0.3, delta=0.1, ridge=0.0, theta=np.arange(8))
    plan = _simulation.Plan(model, np.array([2000]), np.array([1.0]), 400, 1, features, False)
    risk, _ = _simulation._train(plan, 2000, default_rng(0))
    assert risk.mean() == pytest.approx(model.noise_variance * 8 / 2000, rel=0.15)


def test_given_features_train_as_a_plain_loop_does(features):
    model = LIDModel(8, 2.5, sigma=0.3, delta=0.1, ridge=1e-2, theta=np.arange(8))
    plan = _simulation.Plan(model, np.array([20]), np.array([1.0]), 5, 10, features, False)
    risk, error = _simulation._train(plan, 20, default_rng(3))
    for r, rng in enumerate(default_rng(3).spawn(5)):
        X = features[(rng.random(20) * 150).astype(int)]
        tau = rng.standard_gamma(1.25, 20)
        y = X @ np.arange(8) + 0.3 * rng.standard_normal(20) / np.sqrt(tau)
        w = np.linalg.solve(X.T @ X / 20 + 1e-2 * np.eye(8), X.T @ y / 20)
        np.testing.assert_allclose(error[r], w - np.arange(8), rtol=1e-9)
        assert risk[r] == pytest.approx(np.mean((features @ (w - np.arange(8))) ** 2), rel=1e-9)


# ---------------------------------------------------------------- reproducible, interruptible


def test_same_seed_same_numbers_for_any_threads_and_neighbors():
    runs = []
    for threads in (1, 3):
        with lidfast.num_threads(threads):
            runs.append(SMALL.simulate([8, 32], [1, 100], runs=3, instances=40_000, rng=7))
    for name, array in runs[0].arrays().items():
        np.testing.assert_array_equal(array, runs[1].arrays()[name])
    alone = SMALL.simulate([8], [1, 100], runs=2, instances=40_000, rng=7)
    for name in ("risk", "failure_rate_runs", "failure_rate_exact_runs"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(runs[0], name)[:1, :2])


@pytest.mark.parametrize("threads", [2, 3])
def test_same_numbers_for_any_threads_of_the_blas(threads):
    """With a small delta, where S is near 1, every sum counts."""
    model, results = LIDModel(12, 2.5, sigma=0.3, delta=5e-4, ridge=1e-3), []
    for count in (1, threads):
        with threadpoolctl.threadpool_limits(count):
            results.append(model.simulate([8, 300], [1, 10, 100], runs=3, instances=200, rng=0))
    for name, array in results[0].arrays().items():
        np.testing.assert_array_equal(array, results[1].arrays()[name])


def test_progress_is_told():
    seen = []
    SMALL.simulate([8, 9], [1], runs=2, instances=4, rng=0, progress=lambda *at: seen.append(at))
    assert seen == [(2, 4), (4, 4)]


class Stop(Exception):
    pass


def stopped_after(count):
    def advance(done, total):
        if done >= count:
            raise Stop

    return advance


ARGUMENTS = {"N": [8, 9, 32], "k": [1, 10.5], "runs": 4, "instances": 500, "rng": 3}


@pytest.mark.parametrize("X", [False, True])
def test_checkpoints_resume_with_the_same_numbers(tmp_path, features, X):
    path = tmp_path / "run.npz"
    model = LIDModel(8, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    arguments = ARGUMENTS | {"X": features if X else None}
    whole = model.simulate(**arguments)
    for done in (4, 8):
        with pytest.raises(Stop):
            model.simulate(**arguments, checkpoint=path, progress=stopped_after(done))
        with np.load(path) as file:
            assert np.isfinite(file["exact"]).all(axis=(1, 2)).sum() == done // 4
    again = model.simulate(**arguments, checkpoint=path)
    arguments["rng"] = None  # that of the file
    for result in (again, model.simulate(**arguments, checkpoint=path)):
        for name, array in whole.arrays().items():
            np.testing.assert_array_equal(array, result.arrays()[name])


def test_checkpoints_are_used_not_only_written(tmp_path):
    path = tmp_path / "run.npz"
    SMALL.simulate(**ARGUMENTS, checkpoint=path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["risk"][0, 0] = 123.0
    np.savez(path, **arrays)
    assert SMALL.simulate(**ARGUMENTS, checkpoint=path).risk[0, 0] == 123


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"N": [8, 9]}, "another N"),
        ({"k": [1, 10]}, "another k"),
        ({"runs": 5}, "another runs"),
        ({"instances": 501}, "another instances"),
        ({"rng": 4}, "another seed"),
        ({"geometric": True}, "another geometric"),
        ({"X": np.ones((3, 12))}, "another X"),
    ],
)
def test_checkpoints_of_other_runs_are_refused(tmp_path, changed, message):
    path = tmp_path / "run.npz"
    SMALL.simulate(**ARGUMENTS, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        SMALL.simulate(**ARGUMENTS | changed, checkpoint=path)
    with pytest.raises(ValueError, match="another model"):
        LIDModel(12, 2.5, sigma=0.3, delta=0.2, ridge=1e-3).simulate(**ARGUMENTS, checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_files_that_are_no_checkpoints_are_kept(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint"):
        SMALL.simulate(**ARGUMENTS, checkpoint=path)
    assert path.read_bytes() == content


def test_a_killed_run_goes_on(tmp_path):
    path = tmp_path / "run.npz"
    program = f"""
import time
from lidfast import LIDModel, _checkpoint
_checkpoint._SECONDS = 0.0
model = LIDModel(12, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
model.simulate(**{ARGUMENTS!r}, checkpoint={str(path)!r},
               progress=lambda done, _: time.sleep(20 * (done >= 8)))
"""
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if path.exists():
                with np.load(path) as file:
                    if np.isfinite(file["exact"]).all(axis=(1, 2)).sum() == 2:
                        break
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    resumed, whole = SMALL.simulate(**ARGUMENTS, checkpoint=path), SMALL.simulate(**ARGUMENTS)
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(array, resumed.arrays()[name])


@pytest.mark.parametrize(
    ("N", "k", "options", "message"),
    [
        ([0], [1], {}, r"N\[0\] is 0"),
        ([2.5], [1], {}, r"N\[0\] is 2.5"),
        ([4], [-1], {}, r"k\[0\] is -1"),
        ([[4, 8]], [1], {}, "N has shape"),
        ([], [1], {}, "N is empty"),
        ([4], [], {}, "k is empty"),
        ([4], [1], {"runs": 1}, "runs is 1"),
        ([4], [1], {"instances": 0}, "instances is 0"),
        ([4], [1], {"X": np.ones(12)}, r"X has shape \(12,\)"),
        ([4], [1], {"X": np.ones((3, 11))}, r"X has shape \(3, 11\)"),
        ([4], [1], {"X": np.ones((0, 12))}, "X has shape"),
        ([4], [1], {"X": np.full((2, 12), np.nan)}, r"X\[0, 0\] is nan"),
    ],
)
def test_bad_arguments_of_simulate(N, k, options, message):
    with pytest.raises(ValueError, match=message):
        SMALL.simulate(N, k, **options)


def test_the_law_of_the_sums():
    """E[(1-s)^k] of |B| alone, at one precision, against Gauss-Hermite; 64 runs of 4000 instances."""
    runs, tau = 64, 3.0
    out = np.empty((runs, 2, 3))
    key = np.array([rng._take(1)[:4] for rng in default_rng(0).spawn(runs)], np.uint64)
    k = np.array([1.0, 4.0, 16.0])
    _passk.lid_curves(
        np.full((runs, 1), math.sqrt(tau)),
        np.ones((runs, 1)),
        np.full(runs, 0.4),
        None,
        4000,
        12.0,
        0.2,
        key,
        k,
        out,
    )
    z, w = np.polynomial.hermite_e.hermegauss(100)
    s = special.ndtr((0.2 - 0.4 * z) * math.sqrt(tau)) - special.ndtr((-0.2 - 0.4 * z) * math.sqrt(tau))
    exact = (w[:, None] * (1 - s[:, None]) ** k).sum(axis=0) / w.sum()
    noise = out[:, 0].std(axis=0, ddof=1) / 8
    # 3 t-scores of 63 degrees: one beyond 5 has a probability of 2e-5
    assert (np.abs(out[:, 0].mean(axis=0) - exact) < 5 * noise).all()
    assert (noise < 1e-5).all()
