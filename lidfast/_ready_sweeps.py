"""Points of the sweeps that are asked for most, for `lidfast.sweep` and `LIDModel.sweep`.

They are functions of a point's values by name, in a module that workers import soon. An array of attempts or
budgets gives arrays along a dimension of its name. Those that take any field of a model take an rng too,
though the exact ones draw nothing: a sweep gives one to functions of any names.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import FloatArray
from .allocation import optimal
from .coverage import reset_and_discard, solve_to_completion
from .difficulty import Beta
from .frontiers import Frontier
from .lid import LIDModel
from .random import Generator, Seed

#: What a point has: by name a number, or the dimensions and an array.
Values = dict[str, Any]

FIELDS = tuple(field.name for field in fields(LIDModel))


def lid(
    rng: Seed | Generator,
    *,
    N: int,
    k: ArrayLike,
    runs: int = 64,
    instances: int = 100_000,
    **model_fields: Any,
) -> Values:
    """Simulate the LID model at one training size.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator
    N : int, >= 1
    k : float or array_like, shape (nk,), >= 0
    runs, instances : int
        As for `LIDModel.simulate`.
    **model_fields
        Of `LIDModel`.

    Returns
    -------
    dict
        generalization_error, failure_rate and beta_eff, the means over runs; each with _stderr, its
        standard error, and _exact: the deterministic equivalent, and the exact curves averaged over the
        risks of the runs; z, the paired scores of the failure rate (`LIDResult`). Of the typical run,
        beta_eff_median with _exact: medians over runs of each run's exponent; and beta_eff_plugin, the
        exponent at the mean excess risk, NaN for beta <= 2 where there is none.

    Raises
    ------
    ValueError, TypeError
        Names the argument.

    Examples
    --------
    >>> from lidfast.sweeps import lid
    >>> found = lid(0, N=32, k=10, runs=4, instances=2000, d=10, beta=3.0, ridge=1e-3)
    >>> abs(found["failure_rate"] / found["failure_rate_exact"] - 1) < 0.05
    True
    """
    model = _model(model_fields)
    size = _check.integer("N", N, 1, 2**31 - 1)
    found = model.simulate([size], np.atleast_1d(k), runs=runs, instances=instances, rng=rng).arrays()
    risk = "generalization_error"
    out: Values = {name: float(found[name][0]) for name in (risk, f"{risk}_stderr")}
    out[f"{risk}_exact"] = model.generalization_error(size)
    for name in ("failure_rate", "beta_eff"):
        for kind in ("", "_stderr", "_exact"):
            out[name + kind] = _along("k", k, found[name + kind][0])
    out["z"] = _along("k", k, found["z"][0])
    for name, of in (("beta_eff_median", "beta_eff_runs"), ("beta_eff_median_exact", "beta_eff_exact_runs")):
        out[name] = _along("k", k, _median(found[of][0]))
    attempts = np.atleast_1d(np.asarray(k, dtype=np.float64))
    plugin = np.full(attempts.size, np.nan)
    if np.isfinite(model.noise_variance):
        plugin = np.asarray(model.beta_eff(size, attempts))
    out["beta_eff_plugin"] = _along("k", k, plugin)
    return out


def lid_exact(*, N: float, k: ArrayLike, rng: object = None, **model_fields: Any) -> Values:  # noqa: ARG001
    """Compute the plug-in curves of the LID model at one training size: at the mean excess risk.

    Parameters
    ----------
    N : float, > 0
    k : float or array_like, shape (nk,), >= 0
    rng : object
        Not used.
    **model_fields
        Of `LIDModel`.

    Returns
    -------
    dict
        generalization_error, failure_rate, beta_eff and crossover_k.

    Raises
    ------
    ValueError, TypeError
        Names the argument; of them beta, where the excess risk is infinite.

    Examples
    --------
    >>> from lidfast.sweeps import lid_exact
    >>> round(lid_exact(N=4096, k=1000, d=40, beta=2.5, sigma=0.3, delta=0.1, ridge=1e-3)["beta_eff"], 2)
    2.49
    """
    law = _model(model_fields).difficulty(N)
    attempts = np.atleast_1d(k)
    return {
        "generalization_error": law.V,
        "failure_rate": _along("k", k, law.failure_rate(attempts)),
        "beta_eff": _along("k", k, law.exponent(attempts)),
        "crossover_k": law.crossover_k(),
    }


def allocation(
    *,
    budget: float,
    train_cost: float,
    attempt_cost: float,
    risk_weight: float = 1.0,
    rng: object = None,  # noqa: ARG001
    **model_fields: Any,
) -> Values:
    """Split a budget between training and attempts in the best way (`lidfast.allocation.optimal`).

    Parameters
    ----------
    budget : float, >= train_cost + attempt_cost
    train_cost, attempt_cost : float, > 0
    risk_weight : float, >= 0
    rng : object
        Not used.
    **model_fields
        Of `LIDModel`.

    Returns
    -------
    dict
        N, k, loss, train_share and failure_rate.

    Raises
    ------
    ValueError, TypeError
        Names the argument.

    Examples
    --------
    >>> from lidfast.sweeps import allocation
    >>> model = {"d": 20, "beta": 2.5, "sigma": 0.3, "delta": 0.1, "ridge": 1e-3}
    >>> round(allocation(budget=60, train_cost=1, attempt_cost=1, **model)["train_share"], 2)
    0.73
    """
    split = optimal(_model(model_fields), budget, train_cost, attempt_cost, risk_weight)
    return {name: getattr(split, name) for name in ("N", "k", "loss", "train_share", "failure_rate")}


def coverage(*, t: ArrayLike, r: int = 1, pool: int | None = None, a: float, b: float) -> Values:
    """Compute the expected number of problems that t attempts solve, of a Beta difficulty.

    Parameters
    ----------
    t : int or array_like of int, shape (nt,), >= 0
    r : int, >= 1
        Failures after which a problem is left.
    pool : int, >= 1, optional
        Number of problems; None is an endless supply.
    a, b : float, > 0
        Of `lidfast.difficulty.Beta`.

    Returns
    -------
    dict
        reset_and_discard and solve_to_completion, after the functions of `lidfast.coverage`.

    Raises
    ------
    ValueError, TypeError
        Names the argument.

    Examples
    --------
    >>> from lidfast.sweeps import coverage
    >>> {name: round(x, 2) for name, x in coverage(t=10**5, a=0.3, b=2).items()}
    {'reset_and_discard': 13043.48, 'solve_to_completion': 22.27}
    """
    law = Beta(a, b)
    attempts = np.atleast_1d(t)
    return {
        "reset_and_discard": _along("t", t, reset_and_discard(law, attempts, r=r, pool=pool)),
        "solve_to_completion": _along("t", t, solve_to_completion(law, attempts, pool=pool)),
    }


def frontier(
    *,
    zipf: float,
    capacity: float = 1.0,
    optimization: float = 1.0,
    N: float | None = None,
    D: float | None = None,
    t: float | None = None,
) -> Values:
    """Loss and effective frontier of a Zipf law (`lidfast.frontiers.Frontier`).

    Parameters
    ----------
    zipf : float, > 1
    capacity, optimization : float, > 0
    N, D, t : float, > 0, optional
        Size, tokens and time; what is not given is unlimited.

    Returns
    -------
    dict
        loss, which is exact, and rank.

    Raises
    ------
    ValueError, TypeError
        Names the argument.

    Examples
    --------
    >>> from lidfast.sweeps import frontier
    >>> {name: round(x, 4) for name, x in frontier(zipf=1.5, N=100, D=1e5).items()}
    {'loss': 0.0764, 'rank': 100.0}
    """
    law = Frontier(zipf, capacity, optimization)
    return {"loss": law.loss(N, D, t), "rank": law.rank(N, D, t)}


def _model(model_fields: dict[str, Any]) -> LIDModel:
    for name in model_fields:
        if name not in FIELDS:
            raise ValueError(f"{name} is no field of LIDModel: it has {', '.join(FIELDS)}")
    for name in ("d", "beta"):
        if name not in model_fields:
            raise ValueError(f"{name} is not given: LIDModel needs it")
    return LIDModel(**model_fields)


def _median(runs: FloatArray) -> FloatArray:
    """Median over the first axis, of what is not NaN."""
    kept = np.isfinite(runs)
    return np.array([np.median(x[ok]) if ok.any() else np.nan for x, ok in zip(runs.T, kept.T, strict=True)])


def _along(dim: str, of: ArrayLike, values: Any) -> Any:
    """Values at an array, with the name of its dimension; or at a number, as one."""
    return (dim, values) if np.ndim(of) else float(values[0])
