"""The Latent Instance Difficulty model: training size to excess risk to difficulty to failure curves.

Source: [LID] arXiv 2601.03764.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from . import _check, spectrum
from ._check import FloatArray, IntArray
from ._lid_nodes import log_fail
from ._progress import Advance, shown
from ._threads import get_num_threads, num_threads
from .difficulty import LID
from .passk import _curve_sums
from .random import Generator, Seed, default_rng
from .ridge import ridge_risk

# Instances whose failure rates are summed at a time; they stay in the second-level cache.
_INSTANCES_AT_A_TIME = 1 << 14
# The proposal of the simulation: standard normals reach _Z_MAX (P(|z| > 12) = 4e-33), and a share
# _BELOW of the instances lies under the range of ln tau that matters.
_Z_MAX = 12.0
_BELOW = 0.02
_GOLDEN = (np.sqrt(5) - 1) / 2
# Points whose relative standard error exceeds this are not called resolved.
_RESOLVED = 0.03


@dataclass(frozen=True)
class LIDModel:
    r"""Ridge regression on labels of latent difficulty, then repeated attempts on fresh targets.

    Features x are Gaussian with covariance eigenvalues lambda_j; an instance has a latent precision
    tau ~ Gamma(beta/2, rate 1) and targets Y ~ Normal(x.theta, sigma^2 / tau). A ridge head trained
    on N labels has the excess risk L_gen(N); an attempt succeeds when a fresh target lies within
    delta of its prediction, so the failure rate of k attempts is S(k; V) with V = L_gen(N).

    Parameters
    ----------
    d : int, >= 1
        Number of features.
    beta : float, > 0
        Tail exponent of the difficulty: P(tau <= t) ~ t^(beta/2). The label noise has a finite
        variance, and L_gen a finite value, for beta > 2 only.
    spectrum_exponent : float, > 0
        alpha_s of the eigenvalues lambda_j ~ j^-(1+alpha_s), normalized to sum 1.
    eigenvalues : array_like, shape (d,), > 0, optional
        Given eigenvalues, taken as they are, in place of the power law.
    theta : array_like, shape (d,), optional
        Coefficients in the eigenbasis; the default is `signal` in all of them (their signs do not
        matter, because the features are symmetric).
    sigma : float, > 0
        Scale of the noise.
    delta : float, > 0
        Tolerance of the verifier.
    ridge : float, >= 0
        Penalty of the mean squared error; scikit-learn's alpha is N * ridge.
    signal : float

    Notes
    -----
    Models are compared and hashed by value. Source: [LID] arXiv 2601.03764, sections 2 and 3.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(40, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    >>> model.beta_eff([16, 4096], [1000.0]).round(2)
    array([[0.17],
           [2.49]])
    """

    d: int
    beta: float
    spectrum_exponent: float = field(default=0.5, kw_only=True)
    eigenvalues: ArrayLike | None = field(default=None, kw_only=True)
    theta: ArrayLike | None = field(default=None, kw_only=True)
    sigma: float = field(default=0.1, kw_only=True)
    delta: float = field(default=0.01, kw_only=True)
    ridge: float = field(default=1e-9, kw_only=True)
    signal: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        def keep(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        keep("d", _check.integer("d", self.d, 1))
        for name, within in _FIELDS.items():
            keep(name, _check.scalar(name, getattr(self, name), within))
        for name, within in (("eigenvalues", _check.POSITIVE), ("theta", _check.REAL)):
            if getattr(self, name) is not None:
                given = _check.vector(name, getattr(self, name), within)
                if given.size != self.d:
                    raise ValueError(f"{name} has {given.size} elements: it must have d = {self.d}")
                keep(name, tuple(given.tolist()))  # hashable

    # ------------------------------------------------------------ training

    @cached_property
    def spectrum(self) -> FloatArray:
        """Eigenvalues of the feature covariance, shape (d,)."""
        if self.eigenvalues is None:
            return _read_only(spectrum.power_law(self.d, self.spectrum_exponent))
        return _read_only(np.asarray(self.eigenvalues, dtype=np.float64))

    @cached_property
    def coefficients(self) -> FloatArray:
        """Coefficients theta in the eigenbasis of the features, shape (d,)."""
        if self.theta is None:
            return _read_only(np.full(self.d, self.signal))
        return _read_only(np.asarray(self.theta, dtype=np.float64))

    @property
    def noise_variance(self) -> float:
        """Variance of the label noise, 2 sigma^2 / (beta - 2); inf for beta <= 2."""
        return 2 * self.sigma**2 / (self.beta - 2) if self.beta > 2 else np.inf

    def generalization_error(self, N: ArrayLike) -> Any:
        """Mean excess risk L_gen(N) of the ridge head, by its deterministic equivalent.

        Parameters
        ----------
        N : array_like, > 0
            Number of training labels.

        Returns
        -------
        float or ndarray, shape of N
            inf for beta <= 2.

        Examples
        --------
        >>> import lidfast
        >>> round(lidfast.LIDModel(100, 2.5).generalization_error(200), 7)
        0.0399997
        """
        sizes = _check.array("N", N, _check.POSITIVE)
        if self.beta <= 2:
            risk: Any = np.full(sizes.shape, np.inf)
        else:
            risk = spectrum.generalization_error(
                self.spectrum, self.coefficients, sizes, self.ridge, self.noise_variance
            )
        return float(risk) if np.ndim(risk) == 0 else risk

    # ------------------------------------------------------------ inference

    def difficulty(self, N: float) -> LID:
        """Law of the single-attempt success probability after training on N labels.

        Parameters
        ----------
        N : float, > 0

        Raises
        ------
        ValueError
            For beta <= 2, where L_gen is infinite.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(100, 2.5).difficulty(1000).beta
        2.5
        """
        size = _check.scalar("N", N, _check.POSITIVE)
        if self.beta <= 2:
            raise ValueError(
                f"beta is {self.beta}: the excess risk after training is finite for beta > 2 only "
                "(difficulty.LID takes a risk that you know)"
            )
        risk = self.generalization_error(size)
        if not np.isfinite(risk):
            raise ValueError(f"N is {size:g}: at N = d without a ridge penalty the excess risk is infinite")
        return self._difficulty_at(risk)

    def _difficulty_at(self, risk: float) -> LID:
        return LID(float(risk), self.beta, self.sigma, self.delta)

    def _over_sizes(self, N: ArrayLike, value: Callable[[LID], Any]) -> Any:
        sizes = _check.array("N", N, _check.POSITIVE)
        values = np.array([value(self.difficulty(size)) for size in sizes.ravel()])
        result = values.reshape(sizes.shape + values.shape[1:])
        return result.item() if result.ndim == 0 else result

    def failure_rate(self, N: ArrayLike, k: ArrayLike) -> Any:
        """Failure rate S(k) of k attempts at the mean excess risk: the plug-in curve S(k; L_gen(N)).

        It is not the mean over training sets, because S is not linear in the risk; a simulation
        compares with `LIDResult.failure_rate_exact`.

        Parameters
        ----------
        N : array_like, > 0
        k : array_like, >= 0

        Returns
        -------
        float or ndarray, shape(N) + shape(k)

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(100, 2.5).failure_rate([100, 1000], [1, 10, 100]).shape
        (2, 3)
        """
        return self._over_sizes(N, lambda difficulty: difficulty.failure_rate(k))

    def beta_eff(self, N: ArrayLike, k: ArrayLike) -> Any:
        """Local exponent -d ln S / d ln k of the plug-in curve, differentiated exactly.

        Parameters
        ----------
        N : array_like, > 0
        k : array_like, >= 0

        Returns
        -------
        float or ndarray, shape(N) + shape(k)

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(40, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
        >>> bool(model.beta_eff(4096, 1000) > model.beta_eff(64, 1000))
        True
        """
        return self._over_sizes(N, lambda difficulty: difficulty.exponent(k))

    def crossover_k(self, N: ArrayLike) -> Any:
        """Find the k at which the intrinsic law ends: S(k; L_gen(N)) = 2 S(k; 0); inf beyond 1e15.

        Parameters
        ----------
        N : array_like, > 0

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(40, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
        >>> bool(model.crossover_k(4096) > model.crossover_k(512))
        True
        """
        return self._over_sizes(N, lambda difficulty: difficulty.crossover_k())

    # ------------------------------------------------------------ simulation

    def simulate(
        self,
        N: ArrayLike,
        k: ArrayLike,
        *,
        runs: int = 64,
        instances: int = 1_000_000,
        rng: Seed | Generator = None,
        progress: bool | Advance = False,
    ) -> LIDResult:
        """Train `runs` heads on each N and attempt `instances` fresh instances with each of them.

        A run draws N labelled features, solves the ridge problem, computes the excess risk V_r of
        the solution exactly (`ridge_risk`, for all runs at first), draws instances (tau, B) with
        B ~ Normal(0, V_r), the law of x.(theta_hat - theta) for a fresh x, and averages (1 - s)^k over
        them. The instances are a randomly shifted lattice over ln tau and |B|, weighted by their law,
        so that failure rates far below 1/instances are seen; the shift makes the averages unbiased and
        the runs independent.

        Parameters
        ----------
        N : array_like of int, shape (nN,), >= 1
        k : array_like, shape (nk,), >= 0
        runs : int, >= 2
        instances : int, >= 1
            Instances of each run.
        rng : None, int, SeedSequence or Generator
            The result does not depend on the number of threads, nor a run on the other runs.
        progress : bool or callable
            True draws a bar on a terminal (with rich, of the extra cli); a callable is called as
            progress(done, total) after each run.

        Returns
        -------
        LIDResult

        Raises
        ------
        numpy.linalg.LinAlgError
            Names an N and a run whose ridge problem is singular, which takes a ridge of (nearly) 0.

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(10, 3.0, ridge=1e-3)
        >>> result = model.simulate([32], [1, 10], runs=4, instances=2000, rng=0)
        >>> result.failure_rate.shape
        (1, 2)
        """
        sizes = _check.integer_vector("N", N, 1, 2**31 - 1)
        ks = _check.vector("k", k, _check.NON_NEGATIVE)
        runs = _check.integer("runs", runs, 2)
        instances = _check.integer("instances", instances, 1)
        shape = (sizes.size, runs, ks.size)
        simulated, simulated_slope, exact, exact_slope = (np.empty(shape) for _ in range(4))

        stopped = threading.Event()

        def run(at: tuple[int, int], generator: Generator) -> None:
            with num_threads(1):  # the runs are what is shared out
                simulated[at], simulated_slope[at] = self._attempt(
                    risk[at], ks, instances, generator, stopped
                )
                exact[at], exact_slope[at] = self._exact(risk[at], ks)

        trainer, examiner = default_rng(rng).spawn(2)
        with shown(progress, "training runs") as advance, ThreadPoolExecutor(get_num_threads()) as pool:
            risk = self._train(sizes, runs, trainer)
            waiting = [
                pool.submit(run, (i, r), generator)
                for i, generators in enumerate(examiner.spawn(sizes.size))
                for r, generator in enumerate(generators.spawn(runs))
            ]
            try:
                for done, future in enumerate(as_completed(waiting), 1):
                    future.result()
                    advance(done, len(waiting))
            finally:  # after Ctrl-C the threads stop at their next chunk of instances
                stopped.set()
                for future in waiting:
                    future.cancel()
        return _summarize(self, sizes, ks, instances, risk, simulated, simulated_slope, exact, exact_slope)

    def _exact(self, risk: float, k: FloatArray) -> tuple[FloatArray, FloatArray]:
        """S(k; risk) and its derivative in k, which is left at 0 for k = 0: nobody asks for it there."""
        rate, slope, positive = np.ones(k.size), np.zeros(k.size), k > 0
        if positive.any():
            log_rate, exponent = self._difficulty_at(risk)._curve(k[positive])
            rate[positive] = np.exp(log_rate)
            slope[positive] = -exponent * rate[positive] / k[positive]
        return rate, slope

    def _train(self, N: IntArray, runs: int, rng: Generator) -> FloatArray:
        """Excess risks (nN, runs) of heads trained on N labels."""
        return ridge_risk(
            self.spectrum,
            self.coefficients,
            N,
            runs=runs,
            # sigma xi / sqrt(tau) is a scaled Student t (theory: section 1 of [LID])
            noise_scale=self.sigma * np.sqrt(2 / self.beta),
            noise_df=self.beta,
            ridge=self.ridge,
            rng=rng,
        )

    def _attempt(
        self, risk: float, k: FloatArray, instances: int, rng: Generator, stopped: threading.Event
    ) -> tuple[FloatArray, FloatArray]:
        """Failure rates and their derivatives in k, over weighted instances (tau, |B|)."""
        total = np.zeros((2, k.size))
        shift = rng.random(2)
        for start in range(0, instances, _INSTANCES_AT_A_TIME):
            if stopped.is_set():
                break
            index = np.arange(start, min(instances, start + _INSTANCES_AT_A_TIME))
            # A lattice in the unit square; the shift makes each of its points uniform there.
            x, y = np.mod([index / instances, index * _GOLDEN] + shift[:, None], 1.0)
            tau, z, weight = self._instances(x, y, float(k.max()))
            log_failure = log_fail(np.sqrt(risk) * z, tau, self.sigma, self.delta)
            total += _curve_sums(log_failure, weight, k)
        total /= instances
        return total[0], total[1]

    def _instances(
        self, x: FloatArray, y: FloatArray, k_max: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """tau, |B| / sqrt(V) and the weight, law over proposal, of points of the unit square.

        The proposal is uniform in |z| up to _Z_MAX, and in ln tau from where even k_max attempts
        mostly fail up to where the law ends; a share _BELOW lies under that, spread as the law is there.
        What lies above has a probability below 1e-32.
        """
        shape = self.beta / 2
        high = np.log(shape + np.sqrt(150 * shape) + 75)
        c = np.sqrt(2 / np.pi) * self.delta / self.sigma
        low = min(-2 * np.log(max(k_max, 1.0) * c) - 7, high - 10)
        below = x < _BELOW
        with np.errstate(divide="ignore"):  # x = 0 is tau = 0
            log_tau = np.where(
                below,
                low + np.log(x / _BELOW) / shape,
                low + (high - low) * (x - _BELOW) / (1 - _BELOW),
            )
        tau, z = np.exp(log_tau), _Z_MAX * y
        log_weight = (
            -tau
            - 0.5 * z * z
            + np.where(
                below,
                shape * low - np.log(_BELOW) - scipy.special.gammaln(shape + 1),
                shape * np.maximum(log_tau, low)
                + np.log((high - low) / (1 - _BELOW))
                - scipy.special.gammaln(shape),
            )
        )
        return tau, z, _Z_MAX * np.sqrt(2 / np.pi) * np.exp(log_weight)


def _read_only(x: FloatArray) -> FloatArray:
    x.setflags(write=False)
    return x


_FIELDS = {
    "beta": _check.POSITIVE,
    "spectrum_exponent": _check.POSITIVE,
    "sigma": _check.POSITIVE,
    "delta": _check.POSITIVE,
    "ridge": _check.NON_NEGATIVE,
    "signal": _check.REAL,
}


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
        z = mean D_r / (sd D_r / sqrt(runs)). NaN where |N - d| <= 1 and where all D_r vanish.
    resolved : ndarray of bool, shape (nN, nk)
        Whether the instance noise leaves a relative standard error of at most 3%.
    beta_eff, beta_eff_stderr, beta_eff_exact : ndarray, shape (nN, nk)
        Local exponents -d ln S / d ln k of the two mean curves, differentiated exactly, and the
        standard error of the first over runs.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(10, 3.0, ridge=1e-3)
    >>> result = model.simulate([32], [1, 10], runs=4, instances=2000, rng=0)
    >>> sorted(result.arrays())[:4]
    ['N', 'beta_eff', 'beta_eff_exact', 'beta_eff_stderr']
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

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """All arrays by name."""
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
            `arrays`, and: beta, k_ref; generalization_error_exact and crossover_k, shape (nN,);
            generalization_error_line and beta_eff_line over the finer N_line, at the mean excess
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
        return self.arrays() | {
            "beta": np.array(model.beta),
            "k_ref": np.array(float(k_ref)),
            "generalization_error_exact": model.generalization_error(self.N),
            "crossover_k": model.crossover_k(self.N),
            "N_line": line,
            "generalization_error_line": model.generalization_error(line),
            "beta_eff_line": model.beta_eff(line, k_ref),
            "beta_eff_limit": np.array(model._difficulty_at(0.0).exponent(k_ref)),
        }


def agreement(numbers: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """Say in one line how simulation and exact integral agree, by the paired z-scores.

    Parameters
    ----------
    numbers : mapping
        Arrays of an `LIDResult` by name.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.lid import agreement
    >>> agreement({"z": np.array([[1.0, -2.0]]), "resolved": np.array([[True, True]])})[:65]
    'Simulated against exact S(k), run by run: largest |z| 2.00, mean '
    """
    z = numbers["z"][numbers["resolved"] & np.isfinite(numbers["z"])]
    told = f"largest |z| {np.abs(z).max():.2f}, mean z^2 {np.mean(z**2):.2f}" if z.size else "no z-scores"
    return (
        f"Simulated against exact S(k), run by run: {told} over {z.size} points (N, k); "
        f"{int((~numbers['resolved']).sum())} unresolved (relative standard error above 3%)."
    )


def _summarize(
    model: LIDModel,
    N: IntArray,
    k: FloatArray,
    instances: int,
    risk: FloatArray,
    simulated: FloatArray,
    simulated_slope: FloatArray,
    exact: FloatArray,
    exact_slope: FloatArray,
) -> LIDResult:
    root = np.sqrt(risk.shape[1])

    def stderr(x: FloatArray) -> FloatArray:
        return np.asarray(x.std(axis=1, ddof=1) / root)

    mean, mean_exact = simulated.mean(1), exact.mean(1)
    difference, noise = (simulated - exact).mean(1), stderr(simulated - exact)
    compared = (noise > 0) & (np.abs(N - model.d) > 1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(compared, difference / noise, np.nan)
        resolved = noise <= _RESOLVED * mean_exact
        beta_eff = -k * simulated_slope.mean(1) / mean
        beta_eff_exact = -k * exact_slope.mean(1) / mean_exact
        # the delta method for a ratio of means
        residual = (-k * simulated_slope - beta_eff[:, None, :] * simulated) / mean[:, None, :]
    return LIDResult(
        model=model,
        instances=instances,
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
    )
