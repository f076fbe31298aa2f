"""Simulation of the LID model: training runs, instances that their heads attempt, and what is seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from . import _passk
from ._check import FloatArray, IntArray
from ._checkpoint import Checkpoint
from ._lid_nodes import log_fail
from ._precision import Sampled, Smooth
from ._progress import Advance
from ._threads import get_num_threads, num_threads
from .random import Generator
from .ridge import ridge_risk, ridge_solve

if TYPE_CHECKING:
    from .lid import LIDModel

# |B| is drawn up to this many standard deviations: P(|z| > 12) = 4e-33.
_REACH = 12.0
# Instances so hard that k attempts hardly ever succeed are one mass: what that adds to S is e^-18 of it.
_HOPELESS = 18.0
_DEPTH = 45.0  # nats of probability that the highest precisions may lose
# A call of the kernel takes about a second for so many instances.
_INSTANCES_AT_A_TIME = 1 << 27
_TRAINING_DATA = 1 << 23  # numbers of a batch of training sets
# Points whose relative standard error exceeds this are not called resolved.
_RESOLVED = 0.03


@dataclass(frozen=True)
class Plan:
    """Checked arguments of LIDModel.simulate."""

    model: LIDModel
    N: IntArray
    k: FloatArray
    runs: int
    instances: int
    X: FloatArray | None
    geometric: bool

    def settings(self) -> dict[str, str]:
        """Return what the numbers depend on, besides the seed, in the words of the arguments."""
        data = "none" if self.X is None else f"{self.X.shape} sha256 {sha256(self.X.tobytes()).hexdigest()}"
        return {
            "model": repr(self.model),
            "N": json.dumps(self.N.tolist()),
            "k": json.dumps(self.k.tolist()),
            "runs": str(self.runs),
            "instances": str(self.instances),
            "X": data,
            "geometric": str(self.geometric),
        }


def run(plan: Plan, rng: Generator, checkpoint: Checkpoint, advance: Advance) -> LIDResult:
    """Carry out a plan, from where its checkpoint stands."""
    sizes, runs = plan.N.size, plan.runs
    shape = (sizes, runs, plan.k.size)
    risk = checkpoint.array("risk", shape[:2])
    rates = {
        name: checkpoint.array(name, shape)
        for name in ("simulated", "simulated_slope", "exact", "exact_slope")
    }
    # Gaussian features are simulated by the law of their bias, given ones need the bias itself.
    coef = None if plan.X is None else checkpoint.array("coef", (*shape[:2], plan.X.shape[1]))
    trainer, examiner = rng.spawn(2)
    trainers, examiners = trainer.spawn(sizes), examiner.spawn(sizes)
    at_a_time = max(get_num_threads(), _INSTANCES_AT_A_TIME // plan.instances)
    for i in range(sizes):
        if np.isnan(risk[i]).any():
            trained = _train(plan, int(plan.N[i]), trainers[i])
            risk[i] = trained[0]
            if coef is not None:
                coef[i] = trained[1]
            checkpoint.save()
        generators = examiners[i].spawn(runs)
        for first in range(0, runs, at_a_time):
            some = slice(first, min(runs, first + at_a_time))
            if np.isnan(rates["exact"][i, some]).any():
                bias = None if coef is None or plan.X is None else _biases(plan, coef[i, some])
                seen = _examine(plan, risk[i, some], bias, generators[some])
                for name, values in zip(rates, seen, strict=True):
                    rates[name][i, some] = values
                checkpoint.save()
            advance(i * runs + some.stop, sizes * runs)
    return _summarize(plan, risk, **rates)


# ---------------------------------------------------------------- training


def _train(plan: Plan, N: int, rng: Generator) -> tuple[FloatArray, FloatArray | None]:
    """Excess risks (runs,) of heads trained on N labels, and for given features their errors (runs, d)."""
    model = plan.model
    if plan.X is None and model.prior == "gamma":
        risk = ridge_risk(
            model.spectrum,
            model.coefficients,
            N,
            runs=plan.runs,
            # sigma xi / sqrt(tau) is a scaled Student t (theory: section 1 of [LID])
            noise_scale=model.sigma * np.sqrt(2 / model.beta),
            noise_df=model.beta,
            ridge=model.ridge,
            rng=rng,
        )
        return risk, None
    X, roots = plan.X, np.sqrt(model.spectrum)
    error = np.empty((plan.runs, model.d))
    generators = rng.spawn(plan.runs)
    at_a_time = max(1, _TRAINING_DATA // (N * model.d))
    for first in range(0, plan.runs, at_a_time):
        some = generators[first : first + at_a_time]
        features = np.empty((len(some), N, model.d))
        noise = np.empty((len(some), N))
        for features_of_run, noise_of_run, generator in zip(features, noise, some, strict=True):
            if X is None:
                features_of_run[:] = generator.standard_normal((N, model.d)) * roots
            else:
                features_of_run[:] = X[(generator.random(N) * X.shape[0]).astype(np.int64)]
            tau = model.precision.sample(N, generator)
            noise_of_run[:] = model.sigma * generator.standard_normal(N) / np.sqrt(tau)
        labels = features @ model.coefficients + noise
        with np.errstate(over="ignore"):
            solved = ridge_solve(features, labels, N * model.ridge, method="cholesky")
        error[first : first + at_a_time] = solved - model.coefficients
    if X is None:
        return (error**2 * model.spectrum).sum(axis=1), None
    return np.array([np.mean((X @ one) ** 2) for one in error]), error


def _biases(plan: Plan, error: FloatArray) -> FloatArray:
    """Magnitudes |B| of the predictions' errors at the given features, ascending, (runs, n)."""
    assert plan.X is not None
    return np.sort(np.abs(error @ plan.X.T), axis=1)


# ---------------------------------------------------------------- attempts


_Pair = tuple[FloatArray, FloatArray]


def _examine(
    plan: Plan, risk: FloatArray, bias: FloatArray | None, generators: list[Generator]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Failure rates of some runs and their derivatives in k, simulated and exact, each (runs, nk)."""
    threads = get_num_threads()

    def of_runs(one: Callable[[int, threading.Event], tuple[FloatArray, FloatArray]]) -> _Pair:
        stopped = threading.Event()

        def alone(r: int) -> tuple[FloatArray, FloatArray]:
            with num_threads(1):  # the runs are what is shared out
                return one(r, stopped)

        with ThreadPoolExecutor(threads) as pool:
            waiting = [pool.submit(alone, r) for r in range(risk.size)]
            try:
                pairs = [future.result() for future in waiting]
            finally:  # after Ctrl-C the threads stop at their next instances
                stopped.set()
                for future in waiting:
                    future.cancel()
        rates, slopes = zip(*pairs, strict=True)
        return np.array(rates), np.array(slopes)

    def bias_of(r: int) -> FloatArray | None:
        return None if bias is None else bias[r]

    if plan.geometric:
        simulated = of_runs(
            lambda r, stopped: _draw_first_successes(plan, risk[r], bias_of(r), generators[r], stopped)
        )
    else:
        simulated = _curves(plan, risk, bias, generators)
    exact = of_runs(lambda r, _: _exact(plan, risk[r], bias_of(r)))
    return *simulated, *exact


def _exact(plan: Plan, risk: float, bias: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """S(k) and its derivative in k, which is left at 0 for k = 0: nobody asks for it there."""
    k = plan.k
    rate, slope, positive = np.ones(k.size), np.zeros(k.size), k > 0
    if positive.any():
        log_rate, exponent = plan.model._difficulty_at(risk, bias)._curve(k[positive])
        rate[positive] = np.exp(log_rate)
        slope[positive] = -exponent * rate[positive] / k[positive]
    return rate, slope


def strata(
    precision: Sampled | Smooth, hopeless: float, count: int, rng: Generator
) -> tuple[FloatArray, FloatArray]:
    """Precisions tau, one drawn from each of `count` strata or fewer, and the weights of the strata.

    They are equal steps of u = ln tau above `hopeless`, in which u is uniform; of sampled precisions the
    samples themselves, or one from each of equal shares of them. The sum over strata of weight f(tau)
    is unbiased for E[f(tau); u > hopeless].
    """
    if isinstance(precision, Sampled):
        tau = np.exp(precision.log_tau)
        if count < tau.size:
            tau = tau[(tau.size / count * (np.arange(count) + rng.random(count))).astype(np.int64)]
        return tau, (np.log(tau) > hopeless) / tau.size
    width = (max(precision.top(_DEPTH), hopeless + 1.0) - hopeless) / count
    u = hopeless + width * (np.arange(count) + rng.random(count))
    return np.exp(u), width * np.exp(precision.log_density(u))


def _curves(
    plan: Plan, risk: FloatArray, bias: FloatArray | None, generators: list[Generator]
) -> tuple[FloatArray, FloatArray]:
    """Means of (1-s)^k and their derivatives over instances drawn in strata of tau and |B|."""
    model, k = plan.model, plan.k
    ease = np.sqrt(2 / np.pi) * model.delta / model.sigma * max(1.0, float(k.max()))
    # Below u* = -2 ln(k c) both k s ~ e^((u - u*)/2) and the share of S, e^((u - u*) beta/2), fall.
    tail = min(model.precision.tail_exponent, 50.0)
    hopeless = -2 * np.log(ease) - 2 * _HOPELESS / (1 + tail)
    # Strata of tau bring the noise down further than as many steps in |B|.
    steps = max(1, round(np.sqrt(plan.instances) / 4))
    drawn = [strata(model.precision, hopeless, plan.instances // steps, rng) for rng in generators]
    tau, weight = (np.array(values) for values in zip(*drawn, strict=True))
    key = np.array([rng._take(1)[:4] for rng in generators], np.uint64)
    out = np.empty((risk.size, 2, k.size))
    scale = np.sqrt(risk) / model.sigma if bias is None else None
    _passk.lid_curves(
        np.sqrt(tau),
        weight,
        scale,
        None if bias is None else bias / model.sigma,
        plan.instances,
        _REACH,
        model.delta / model.sigma,
        key,
        k,
        out,
    )
    return out[:, 0] + np.exp(model.precision.log_cdf(hopeless)), out[:, 1]


_DRAWN_AT_A_TIME = 1 << 16  # instances, whose arrays stay in the cache


def _draw_first_successes(
    plan: Plan, risk: float, bias: FloatArray | None, rng: Generator, stopped: threading.Event
) -> tuple[FloatArray, FloatArray]:
    """Shares of plainly drawn instances whose first success comes after k attempts.

    The first success T is geometric: T > k where a standard exponential exceeds -k ln(1 - s). Such a share
    has no derivative in k, the second array.
    """
    model = plan.model
    whole, place = np.unique(np.floor(plan.k), return_inverse=True)
    later = np.zeros(whole.size)
    for first in range(0, plan.instances, _DRAWN_AT_A_TIME):
        if stopped.is_set():
            break
        n = min(_DRAWN_AT_A_TIME, plan.instances - first)
        tau = model.precision.sample(n, rng)
        if bias is None:
            off = np.sqrt(risk) * rng.standard_normal(n)
        else:
            off = bias[(rng.random(n) * bias.size).astype(np.int64)]
        with np.errstate(divide="ignore", over="ignore"):
            last_failure = rng.standard_exponential(n) / -log_fail(off, tau, model.sigma, model.delta)
        after = np.searchsorted(whole, last_failure)  # whole[:after] < last_failure
        later += np.bincount(after, minlength=whole.size + 1)[:0:-1].cumsum()[::-1]
    rate = (later / plan.instances)[place]
    return rate, np.full(rate.size, np.nan)


# ---------------------------------------------------------------- what was seen


@dataclass(frozen=True)
class LIDResult:
    """What a simulation saw, beside what the theory says of the same runs.

    Attributes
    ----------
    model : LIDModel
    instances : int
    N : ndarray of int, shape (nN,)
    k : ndarray, shape (nk,)
    risk : ndarray, shape (nN, runs)
        Excess risk V_r of each run.
    generalization_error, generalization_error_stderr : ndarray, shape (nN,)
        Mean of the risks, and its standard error. The noise has no fourth moment for beta <= 4: the
        mean converges slowly and sits above the median.
    failure_rate_runs, failure_rate_exact_runs : ndarray, shape (nN, runs, nk)
        S of each run, simulated, and exact at its V_r.
    failure_rate, failure_rate_stderr, failure_rate_exact : ndarray, shape (nN, nk)
        Means over runs, and the standard error of the first over runs. The exact one is the mean
        of S(k; V_r), not S at the mean risk.
    z : ndarray, shape (nN, nk)
        Paired z-scores: the differences D_r between simulated and exact carry instance noise only,
        z = mean D_r / (sd D_r / sqrt(runs)). NaN where abs(N - d) <= 1 and where all D_r vanish.
    resolved : ndarray of bool, shape (nN, nk)
        Whether the instance noise leaves a relative standard error of at most 3%.
    beta_eff, beta_eff_stderr, beta_eff_exact : ndarray, shape (nN, nk)
        Local exponents -d ln S / d ln k of the two mean curves, differentiated exactly, and the
        standard error of the first over runs.
    beta_eff_runs, beta_eff_exact_runs : ndarray, shape (nN, runs, nk)
        Local exponents of each run's curves. Their medians tell of the typical run where the mean curves
        are those of a few bad ones. NaN where S is 0.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(10, 3.0, ridge=1e-3)
    >>> result = model.simulate([32], [1, 10], runs=4, instances=2000, rng=0)
    >>> sorted(result.arrays())[:4]
    ['N', 'beta_eff', 'beta_eff_exact', 'beta_eff_exact_runs']
    """

    model: LIDModel
    instances: int
    N: IntArray
    k: FloatArray
    risk: FloatArray
    generalization_error: FloatArray
    generalization_error_stderr: FloatArray
    failure_rate_runs: FloatArray
    failure_rate_exact_runs: FloatArray
    failure_rate: FloatArray
    failure_rate_stderr: FloatArray
    failure_rate_exact: FloatArray
    z: FloatArray
    resolved: np.ndarray[Any, np.dtype[np.bool_]]
    beta_eff: FloatArray
    beta_eff_stderr: FloatArray
    beta_eff_exact: FloatArray
    beta_eff_runs: FloatArray
    beta_eff_exact_runs: FloatArray

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """All arrays by name.

        Returns
        -------
        dict of str to ndarray
        """
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def numbers(self, k_ref: float) -> dict[str, np.ndarray[Any, Any]]:
        """Every number that `lidfast simulate` shows and stores: the arrays, and theory without a run.

        Parameters
        ----------
        k_ref : float, one of k
            Attempts at which beta_eff is shown against N.

        Returns
        -------
        dict of ndarray
            `arrays`, and: beta, d, noise_variance, k_ref; generalization_error_exact and crossover_k,
            shape (nN,); generalization_error_line and beta_eff_line over the finer N_line, at the mean excess
            risk; beta_eff_limit, the exponent at k_ref where the risk vanishes.

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(10, 3.0, ridge=1e-3)
        >>> result = model.simulate([32], [1, 10], runs=4, instances=2000, rng=0)
        >>> float(result.numbers(10)["beta_eff_limit"].round(3))
        0.794
        """
        if k_ref not in self.k:
            raise ValueError(f"k_ref is {k_ref}: it must be one of k")
        model = self.model
        line = np.geomspace(self.N.min(), self.N.max(), 65)
        finite = np.isfinite(model.noise_variance)  # where not, no training size has a mean excess risk
        nowhere = np.full(self.N.size, np.nan)
        return self.arrays() | {
            "beta": np.array(model.beta),
            "d": np.array(model.d),
            "noise_variance": np.array(model.noise_variance),
            "k_ref": np.array(float(k_ref)),
            "generalization_error_exact": model.generalization_error(self.N),
            "crossover_k": model.crossover_k(self.N) if finite else nowhere,
            "N_line": line,
            "generalization_error_line": model.generalization_error(line),
            "beta_eff_line": model.beta_eff(line, k_ref) if finite else np.full(line.size, np.nan),
            "beta_eff_limit": np.array(model._difficulty_at(0.0).exponent(k_ref)),
        }


def agreement(numbers: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """Say in one line how simulation and exact integral agree, by the paired z-scores.

    The scores of one N at several k are of the same instances; so the mean of z^2 is that of one k for
    each N, the first, second, ... in turn. As t-scores of runs - 1 degrees they are mapped to normal
    ones, whose mean square has a chi-square law: its 99.9 % band is named.

    Parameters
    ----------
    numbers : mapping
        Arrays of an `LIDResult` by name.

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.lid import agreement
    >>> numbers = {"z": np.array([[1.0, -2.0]]), "resolved": np.ones((1, 2), bool), "risk": np.ones((1, 64))}
    >>> agreement(numbers)[:74]
    'Simulated against exact S(k), run by run: largest |z| 2.00 of 2 points (N,'
    """
    compared = numbers["resolved"] & np.isfinite(numbers["z"])
    unresolved = f"{int((~numbers['resolved']).sum())} unresolved (relative standard error above 3%)"
    z = numbers["z"]
    cells = [z[i, np.flatnonzero(some)[i % some.sum()]] for i, some in enumerate(compared) if some.any()]
    if not cells:
        return f"Simulated against exact S(k), run by run: no z-scores; {unresolved}."
    freedom = numbers["risk"].shape[1] - 1
    normal = special.ndtri(special.stdtr(freedom, -np.abs(cells)))
    low, high = special.chdtri(len(cells), [0.9995, 0.0005]) / len(cells)
    return (
        f"Simulated against exact S(k), run by run: largest |z| {np.abs(z[compared]).max():.2f} of "
        f"{int(compared.sum())} points (N, k); mean z^2 {np.mean(normal**2):.2f} over {len(cells)} "
        f"independent cells (99.9% band {low:.2f} to {high:.2f}); {unresolved}."
    )


def _log_slope(k: FloatArray, values: FloatArray) -> FloatArray:
    """Differentiate in ln k by differences between neighbors; NaN for k = 0 and where one k is alone."""
    distinct, first, place = np.unique(k, return_index=True, return_inverse=True)
    slope = np.full((*values.shape[:-1], distinct.size), np.nan)
    positive = distinct > 0
    if positive.sum() > 1:
        slope[..., positive] = np.gradient(values[..., first[positive]], np.log(distinct[positive]), axis=-1)
    return slope[..., place]


def _summarize(
    plan: Plan,
    risk: FloatArray,
    simulated: FloatArray,
    simulated_slope: FloatArray,
    exact: FloatArray,
    exact_slope: FloatArray,
) -> LIDResult:
    N, k, root = plan.N, plan.k, np.sqrt(plan.runs)

    def stderr(x: FloatArray) -> FloatArray:
        return np.asarray(x.std(axis=1, ddof=1) / root)

    mean, mean_exact = simulated.mean(1), exact.mean(1)
    difference, noise = (simulated - exact).mean(1), stderr(simulated - exact)
    compared = (noise > 0) & (np.abs(N - plan.model.d) > 1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(compared, difference / noise, np.nan)
        resolved = noise <= _RESOLVED * mean_exact
        beta_eff = -k * simulated_slope.mean(1) / mean
        beta_eff_exact = -k * exact_slope.mean(1) / mean_exact
        beta_eff_runs = -k * simulated_slope / simulated
        beta_eff_exact_runs = -k * exact_slope / exact
        # the delta method for a ratio of means
        residual = (-k * simulated_slope - beta_eff[:, None, :] * simulated) / mean[:, None, :]
        if plan.geometric:
            beta_eff = -_log_slope(k, np.log(mean))
            residual = -_log_slope(k, simulated / mean[:, None, :])
            beta_eff_runs = -_log_slope(k, np.log(simulated))
    return LIDResult(
        model=plan.model,
        instances=plan.instances,
        N=N,
        k=k,
        risk=risk,
        generalization_error=risk.mean(1),
        generalization_error_stderr=stderr(risk),
        failure_rate_runs=simulated,
        failure_rate_exact_runs=exact,
        failure_rate=mean,
        failure_rate_stderr=stderr(simulated),
        failure_rate_exact=mean_exact,
        z=z,
        resolved=resolved,
        beta_eff=beta_eff,
        beta_eff_stderr=stderr(residual),
        beta_eff_exact=beta_eff_exact,
        beta_eff_runs=beta_eff_runs,
        beta_eff_exact_runs=beta_eff_exact_runs,
    )
