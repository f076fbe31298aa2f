"""The Latent Instance Difficulty model: training size to excess risk to difficulty to failure curves.

Source: [LID] arXiv 2601.03764.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from . import _check, _checkpoint, _precision, _simulation, spectrum
from ._check import FloatArray
from ._precision import Sampled, Smooth
from ._progress import Advance, shown
from ._simulation import LIDResult, agreement
from .difficulty import LID
from .random import Generator, Seed

if TYPE_CHECKING:
    import xarray

__all__ = ["LIDModel", "LIDResult", "agreement"]


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
    prior : "gamma", "weibull", "pareto", "lognormal", or array_like of tau > 0
        Law of the latent precision. The first three have P(tau <= t) ~ t^(beta/2), which is all that the
        intrinsic tail of S knows of them: 1 - exp(-t^(beta/2)) of Weibull; t^(beta/2) up to t = 1 of Pareto
        (the law of 1 / tau). The logarithm of a log-normal tau has the mean and variance that it has under
        the gamma law; it has no power tail. Of given values each is as likely.

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
    prior: str | ArrayLike = field(default="gamma", kw_only=True)

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
        keep("prior", _precision.checked_prior(self.prior))

    # ------------------------------------------------------------ training

    @cached_property
    def spectrum(self) -> FloatArray:
        """Eigenvalues of the feature covariance, shape (d,).

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(3, 2.5)
        >>> model.spectrum.round(3), model.coefficients
        (array([0.647, 0.229, 0.124]), array([1., 1., 1.]))
        """
        if self.eigenvalues is None:
            return _read_only(spectrum.power_law(self.d, self.spectrum_exponent))
        return _read_only(np.asarray(self.eigenvalues, dtype=np.float64))

    @cached_property
    def coefficients(self) -> FloatArray:
        """Coefficients theta in the eigenbasis of the features, shape (d,)."""
        if self.theta is None:
            return _read_only(np.full(self.d, self.signal))
        return _read_only(np.asarray(self.theta, dtype=np.float64))

    @cached_property
    def precision(self) -> Sampled | Smooth:
        """Law of the latent precision tau.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(3, 2.5).precision.tail_exponent
        2.5
        """
        return _precision.precision(self.prior, self.beta)

    @property
    def noise_variance(self) -> float:
        """Variance of the label noise, sigma^2 E[1/tau]: 2 sigma^2 / (beta - 2), inf for beta <= 2.

        Examples
        --------
        >>> import lidfast
        >>> round(lidfast.LIDModel(3, 2.5, sigma=0.1).noise_variance, 12)
        0.04
        """
        return self.sigma**2 * self.precision.inverse_mean

    def generalization_error(self, N: ArrayLike) -> Any:
        """Mean excess risk L_gen(N) of the ridge head, by its deterministic equivalent.

        Parameters
        ----------
        N : array_like, > 0
            Number of training labels.

        Returns
        -------
        float or ndarray, shape of N
            inf where the noise has no variance, as for beta <= 2.

        Examples
        --------
        >>> import lidfast
        >>> round(lidfast.LIDModel(100, 2.5).generalization_error(200), 7)
        0.0399997
        """
        sizes = _check.array("N", N, _check.POSITIVE)
        if not np.isfinite(self.noise_variance):
            risk: Any = np.full(sizes.shape, np.inf)
        else:
            risk = spectrum.generalization_error(
                self.spectrum, self.coefficients, sizes, self.ridge, self.noise_variance
            )
        return float(risk) if np.ndim(risk) == 0 else risk

    def effective_dimension(self, N: ArrayLike) -> Any:
        """Degrees of freedom df1 of the ridge head, at its implicit ridge for N labels.

        Parameters
        ----------
        N : array_like, > 0

        Returns
        -------
        float or ndarray, shape of N

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(100, 2.5, ridge=0.01).effective_dimension([10, 1000]).round(1)
        array([ 7.9, 20.1])
        """
        kappa = spectrum.implicit_ridge(self.spectrum, N, self.ridge)
        return spectrum.degrees_of_freedom(self.spectrum, kappa)

    def optimal_ridge(self, N: ArrayLike) -> Any:
        """Ridge penalty that minimizes the mean excess risk for N labels (`spectrum.optimal_ridge`).

        Parameters
        ----------
        N : array_like, > 0

        Returns
        -------
        float or ndarray, shape of N

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(100, 2.5).optimal_ridge([10, 1000]).round(9)
        array([4.e-03, 4.e-05])
        """
        return spectrum.optimal_ridge(self.spectrum, self.coefficients, N, self.noise_variance)

    # ------------------------------------------------------------ inference

    def difficulty(self, N: float) -> LID:
        """Law of the single-attempt success probability after training on N labels.

        Parameters
        ----------
        N : float, > 0

        Returns
        -------
        LID

        Raises
        ------
        ValueError
            Where the noise has no variance, as for beta <= 2, so that L_gen is infinite.

        Examples
        --------
        >>> import lidfast
        >>> lidfast.LIDModel(100, 2.5).difficulty(1000).beta
        2.5
        """
        size = _check.scalar("N", N, _check.POSITIVE)
        if not np.isfinite(self.noise_variance):
            raise ValueError(
                f"beta is {self.beta} and prior {self.prior!r}: the label noise has no finite variance, "
                "nor the excess risk after training (difficulty.LID takes a risk that you know)"
            )
        risk = self.generalization_error(size)
        if not np.isfinite(risk):
            raise ValueError(f"N is {size:g}: at N = d without a ridge penalty the excess risk is infinite")
        return self._difficulty_at(risk)

    def _difficulty_at(self, risk: float, bias: FloatArray | None = None) -> LID:
        """Law at a risk, or at given magnitudes of B whose mean square it is."""
        return LID(float(risk), self.beta, self.sigma, self.delta, prior=self.prior, bias=bias)

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

        Returns
        -------
        float or ndarray, shape of N

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
        X: ArrayLike | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: bool | Advance = False,
        geometric: bool = False,
    ) -> LIDResult:
        """Train `runs` heads on each N and attempt `instances` fresh instances with each of them.

        A run draws N labelled features, solves the ridge problem, computes the excess risk V_r of
        the solution exactly (`ridge_risk`), draws instances (tau, B) with B ~ Normal(0, V_r), the law of
        x.(theta_hat - theta) for a fresh x, and averages (1 - s)^k over them. The instances are drawn
        in strata of ln tau and of abs(B), weighted by their law, so that failure rates far below
        1/instances are seen; the averages are unbiased and the runs independent.

        Parameters
        ----------
        N : array_like of int, shape (nN,), >= 1
        k : array_like, shape (nk,), >= 0
        runs : int, >= 2
        instances : int, >= 1
            Instances of each run.
        rng : None, int, SeedSequence or Generator
            The result does not depend on the number of threads, nor a run on the other runs.
        X : array_like, shape (n, d), optional
            Real features in place of Gaussian ones: a run draws N of the rows (with replacement) and labels
            x.theta plus noise, theta in the columns of X; instances are rows, too, and V_r = mean B^2. The
            model's eigenvalues do not matter. With it, and with a prior other than "gamma", the training
            set of a run is held in memory, N x d.
        checkpoint : path, optional
            An .npz file in which everything found is kept every few seconds, at the end, and at Ctrl-C or
            an error. A call with the same arguments goes on from there, after a kill too, with the same
            numbers; without an rng it takes the file's. Without the file's name nothing is written.
        progress : bool or callable
            True draws a bar on a terminal (with rich, of the extra cli); a callable is called as
            progress(done, total) after each batch of runs.
        geometric : bool
            Whether to draw instances plainly, and the attempt of the first success of each, in place of
            the mean (1 - s)^k over strata: what an experiment would see, with its noise. beta_eff is then
            the slope between neighboring k.

        Returns
        -------
        LIDResult

        Raises
        ------
        ValueError, TypeError
            Names the argument and the first bad index; or what a checkpoint was made with.
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
        features = None
        if X is not None:
            features = np.ascontiguousarray(_check.array("X", X), dtype=np.float64)
            if features.ndim != 2 or features.shape[1] != self.d or not features.size:
                raise ValueError(f"X has shape {features.shape}: it must be (n, d), n > 0 and d = {self.d}")
        plan = _simulation.Plan(
            model=self,
            N=_check.integer_vector("N", N, 1, 2**31 - 1),
            k=_check.vector("k", k, _check.NON_NEGATIVE),
            runs=_check.integer("runs", runs, 2),
            instances=_check.integer("instances", instances, 1),
            X=features,
            geometric=bool(geometric),
        )
        with (
            shown(progress, "training runs") as advance,
            _checkpoint.opened(checkpoint, plan.settings(), rng) as kept,
        ):
            return _simulation.run(plan, kept.rng, kept, advance)

    def sweep(
        self,
        grid: Any,
        k: ArrayLike,
        *,
        seed: int | np.random.SeedSequence,
        runs: int = 64,
        instances: int = 100_000,
        exact: bool = False,
        **options: Any,
    ) -> xarray.Dataset:
        """Simulate over a grid of training sizes and of the model's fields, here or on a cluster.

        Parameters
        ----------
        grid : mapping, pairs or table
            As for `lidfast.sweep`, of N, which must be there, and any of d, beta, spectrum_exponent, sigma,
            delta, ridge and signal. Other fields are the model's.
        k : float or array_like, shape (nk,), >= 0
            Attempts. An array is a dimension "k" of what is returned.
        seed : int or SeedSequence
            A point's simulation does not depend on the rest of the grid, nor on who computes it.
        runs, instances : int
            As for `simulate`, of each point.
        exact : bool
            Whether to compute the plug-in curves alone, at the mean excess risk; they need beta > 2.
        **options
            Of `lidfast.sweep`: store, client, seed_axes and the others.

        Returns
        -------
        xarray.Dataset
            generalization_error, failure_rate and beta_eff, each with _stderr and _exact, and z, as in
            `LIDResult`.
            With `exact` these three without, and crossover_k.

        Raises
        ------
        ValueError, TypeError
            Names the argument, or the name in the grid.

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(10, 3.0, sigma=0.3, delta=0.1, ridge=1e-3)
        >>> grid = {"N": [16, 256], "beta": [2.5, 4.0]}
        >>> found = model.sweep(grid, [10, 100], seed=0, runs=4, instances=2000, progress=False)
        >>> found["beta_eff"].dims
        ('N', 'beta', 'k')
        >>> model.sweep(grid, 1000, seed=0, exact=True)["beta_eff"].values.round(2)
        array([[0.19, 0.34],
               [2.05, 3.99]])
        """
        # A sweep stands above the models it is made of: only when it is asked for is it imported here.
        from . import _ready_sweeps, _sweep_grid, sweeps

        attempts = _check.array("k", k, _check.NON_NEGATIVE)
        if attempts.ndim > 1 or not attempts.size:
            raise ValueError(
                f"k has shape {attempts.shape}: it must be a number or a vector that is not empty"
            )
        names = _sweep_grid.read(grid).names
        if "N" not in names:
            raise ValueError(f"grid has no N: it has {', '.join(names)}")
        for name in names:
            if name not in ("N", "d", *_FIELDS):
                raise ValueError(f"grid has the name {name!r}: it must be one of N, d, {', '.join(_FIELDS)}")
        for given, instead in (("eigenvalues", ("d", "spectrum_exponent")), ("theta", ("d", "signal"))):
            if getattr(self, given) is not None and (clash := [name for name in instead if name in names]):
                raise ValueError(f"grid has the name {clash[0]!r}, but the model has {given} given")
        fixed: dict[str, Any] = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name not in names
        }
        fixed["k"] = attempts.tolist()
        if not exact:
            fixed["runs"] = _check.integer("runs", runs, 2)
            fixed["instances"] = _check.integer("instances", instances, 1)
        function = partial(_ready_sweeps.lid_exact if exact else _ready_sweeps.lid, **fixed)
        found = sweeps.sweep(function, grid, seed=seed, **options)
        return found.assign_coords(k=("k", attempts) if attempts.ndim else float(attempts))


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
