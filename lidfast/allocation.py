r"""Splitting a budget between training and attempts [LID] (arXiv 2601.03764).

A model is trained on N labels at a cost c_N each and makes k attempts at a cost c_k each. What is
minimized on the budget line N c_N + k c_k = C, N, k >= 1, is

.. math:: R\, L_{gen}(N) + S(k; L_{gen}(N)),

with R the weight of the excess risk and S the exact plug-in curve of `LIDModel.failure_rate`. The rule
that comes out where failures alone count (R = 0): train until the exponent beta_eff of S stops rising,
then buy attempts: N then grows like ln k only. With R > 0 the excess risk, which falls more slowly
than S, is in the end what is left, and the share of training rises to 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, optimize, special

from . import _check
from ._check import FloatArray
from ._progress import Advance, shown
from .difficulty import LID
from .lid import LIDModel

__all__ = ["Allocation", "Frontier", "cheapest", "frontier", "optimal", "power_law_optimum"]

_K_MAX = 1e15  # up to which failure rates are computed
_SATURATED = 0.01
_TOLERANCE = 1e-4  # of ln S and ln L_gen in the tables that a search looks through
_MARGIN = 1e-3  # within which of the least of a table the exact functions decide
_FINE = 1e-11  # tolerance of the tables where integers are told apart
_STEP = 0.02  # of the search, in ln (N c_N / k c_k)
_SLACK = 4e-15  # relative: sums of costs such as 0.1 are not exact


@dataclass(frozen=True)
class Allocation:
    """A split of a budget.

    Attributes
    ----------
    N, k : float or int
        Training labels and attempts.
    loss : float
        What was minimized, R L_gen(N) + S(k; N); of `cheapest` the failure rate alone.
    train_share : float
        Share of the cost that goes to training.
    cost : float
        N c_N + k c_k.
    generalization_error, failure_rate : float
        L_gen(N) and S(k; N).

    Examples
    --------
    >>> from lidfast.allocation import power_law_optimum
    >>> split = power_law_optimum(
    ...     90, 1, 2, risk_amplitude=1, risk_exponent=1, failure_amplitude=1, failure_exponent=1
    ... )
    >>> round(split.N, 1), round(split.k, 1), round(split.train_share, 3)
    (37.3, 26.4, 0.414)
    """

    N: float
    k: float
    loss: float
    train_share: float
    cost: float
    generalization_error: float
    failure_rate: float


@dataclass(frozen=True)
class Frontier:
    """The best split of each budget, in the order given.

    Attributes
    ----------
    N, k, loss, train_share, cost, generalization_error, failure_rate : ndarray, shape (budgets,)
        As in `Allocation`.
    budget : ndarray, shape (budgets,)
    beta_eff : ndarray, shape (budgets,)
        Local exponent of the failure rate at (N, k).
    beta_eff_limit : ndarray, shape (budgets,)
        The same at k attempts without excess risk, V = 0: what training can raise it to.

    Examples
    --------
    >>> import numpy as np
    >>> from lidfast.allocation import Frontier
    >>> N, k, loss = np.array([[5.0, 8.0], [5.0, 12.0], [0.3, 0.1]])
    >>> found = Frontier(N, k, loss, N / (N + k), N + k, loss / 2, loss / 2, N + k, 2 - loss, 2 - 0 * loss)
    >>> found.saturated.tolist(), found.saturation
    ([False, False], None)
    >>> found[1].train_share
    0.4
    """

    N: NDArray[Any]
    k: NDArray[Any]
    loss: FloatArray
    train_share: FloatArray
    cost: FloatArray
    generalization_error: FloatArray
    failure_rate: FloatArray
    budget: FloatArray
    beta_eff: FloatArray
    beta_eff_limit: FloatArray

    @property
    def saturated(self) -> NDArray[np.bool_]:
        """Whether beta_eff is within 1% of its limit: more training would hardly raise it."""
        return np.asarray(self.beta_eff >= (1 - _SATURATED) * self.beta_eff_limit)

    @property
    def saturation(self) -> int | None:
        """Index of the saturation point; None where the largest budget is not saturated.

        It is the smallest of the budgets such that it and all larger ones are saturated.
        """
        order = np.argsort(self.budget, kind="stable")
        tail = np.logical_and.accumulate(self.saturated[order][::-1])[::-1]
        return int(order[np.argmax(tail)]) if tail.any() else None

    def numbers(self) -> dict[str, NDArray[Any]]:
        """All columns by name, `saturated` among them.

        Returns
        -------
        dict of str to ndarray

        Examples
        --------
        >>> import lidfast
        >>> model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
        >>> found = lidfast.allocation.frontier(model, [100.0, 1000.0], 1.0, 1.0)
        >>> sorted(found.numbers())[:4]
        ['N', 'beta_eff', 'beta_eff_limit', 'budget']
        """
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "saturated": self.saturated}

    def __len__(self) -> int:
        return self.budget.size

    def __getitem__(self, i: int) -> Allocation:
        """Split of one budget."""
        return Allocation(
            self.N[i].item(),
            self.k[i].item(),
            *(
                float(column[i])
                for column in (
                    self.loss,
                    self.train_share,
                    self.cost,
                    self.generalization_error,
                    self.failure_rate,
                )
            ),
        )


def optimal(
    model: LIDModel,
    budget: float,
    train_cost: float,
    attempt_cost: float,
    risk_weight: float = 1.0,
    *,
    integer: bool = False,
) -> Allocation:
    r"""Find the split of a budget that minimizes R L_gen(N) + S(k; N).

    Double descent makes several local minima: tables of L_gen and of the exact S, with an error below
    1e-4, are searched over the whole budget line in steps of 2%, and wherever the table is within its
    error of the least, the exact functions are minimized.

    Parameters
    ----------
    model : LIDModel
        With beta > 2.
    budget : float, >= train_cost + attempt_cost
    train_cost, attempt_cost : float, > 0
        Of a label and of an attempt, in the unit of the budget.
    risk_weight : float, >= 0
        R.
    integer : bool
        Whether N and k are to be integers: the best pair with N c_N + k c_k at most the budget (to
        rounding), not the rounded continuous one. Pairs whose losses agree to 1e-11 count as equal.

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        Names the argument. A budget below train_cost + attempt_cost buys nothing; one of more than
        1e15 attempts is beyond the range of the failure rates; beta <= 2 has no finite L_gen.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    >>> split = lidfast.allocation.optimal(model, 50, train_cost=1, attempt_cost=0.5, integer=True)
    >>> split.N, split.k, split.cost
    (40, 20, 50.0)
    """
    return frontier(model, [budget], train_cost, attempt_cost, risk_weight, integer=integer)[0]


def frontier(
    model: LIDModel,
    budgets: ArrayLike,
    train_cost: float,
    attempt_cost: float,
    risk_weight: float = 1.0,
    *,
    integer: bool = False,
    progress: bool | Advance = False,
) -> Frontier:
    """Find the best split of each of several budgets, which share the tables of `optimal`.

    Parameters
    ----------
    model : LIDModel
    budgets : array_like, shape (budgets,), >= train_cost + attempt_cost
    train_cost, attempt_cost, risk_weight, integer
        As for `optimal`.
    progress : bool or callable
        True draws a bar on a terminal (with rich, of the extra cli); a callable is called as
        progress(done, total) at first, with done = 0, and after each budget.

    Returns
    -------
    Frontier

    Raises
    ------
    ValueError
        As for `optimal`.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    >>> lidfast.allocation.frontier(model, [30, 60], 1, 1).train_share.round(2)
    array([0.23, 0.73])
    """
    _check_model(model)
    sizes = _check.vector("budgets", budgets, _check.POSITIVE)
    costs = _costs(train_cost, attempt_cost)
    weight = _check.scalar("risk_weight", risk_weight, _check.NON_NEGATIVE)
    _check.reject(
        "budgets",
        sizes,
        sizes < sum(costs) * (1 - _SLACK),
        f"at least train_cost + attempt_cost = {sum(costs):.15g}",
    )
    too_many = sizes / costs[1] > _K_MAX
    _check.reject("budgets", sizes, too_many, f"at most {_K_MAX:g} attempt_cost: S(k) is known that far")
    ends = float(sizes.min()), float(sizes.max())
    search = _Search(model, ends[1] / costs[0], ends[1] / costs[1], weight, np.inf)
    # Some split of the smallest budget: no best one of any is worse.
    for share in (0.5, 0.9):
        N = max(1, _affordable(ends[0], max(share * ends[0], costs[1]), costs[0]))
        k = max(1, _affordable(ends[0], N * costs[0], costs[1]))
        search.worst = min(search.worst, search.loss(N, k, weight))
    pick: Callable[..., tuple[float, float]] = _best_integers if integer else _best
    rows = []
    with shown(progress, "budgets") as advance:
        advance(0, sizes.size)
        for done, size in enumerate(sizes, 1):
            N, k = pick(search, float(size), costs, weight)
            split = _allocation(search, N, k, costs, weight)
            slopes = (search.exponent(split.N, split.k), model._difficulty_at(0.0).exponent(split.k))
            rows.append((*astuple(split), float(size), *slopes))
            advance(done, sizes.size)
    return Frontier(*map(np.array, zip(*rows, strict=True)))


def cheapest(
    model: LIDModel,
    target_failure: float,
    train_cost: float,
    attempt_cost: float,
) -> Allocation:
    """Find the cheapest (N, k) whose failure rate S(k; N) is at most a target.

    Parameters
    ----------
    model : LIDModel
        With beta > 2.
    target_failure : float, in (0, 1]
    train_cost, attempt_cost : float, > 0

    Returns
    -------
    Allocation
        Its loss is the failure rate.

    Raises
    ------
    ValueError
        Names the argument; where no N reaches the target within 1e15 attempts, as the ridge penalty
        leaves a risk that training does not remove, that is said.

    Examples
    --------
    >>> import lidfast
    >>> model = lidfast.LIDModel(20, 2.5, sigma=0.3, delta=0.1, ridge=1e-3)
    >>> goal = lidfast.allocation.cheapest(model, 0.3, train_cost=1, attempt_cost=1)
    >>> round(goal.N), round(goal.k), round(goal.failure_rate, 6)
    (33, 20, 0.3)
    """
    _check_model(model)
    target = _check.scalar("target_failure", target_failure, _check.POSITIVE_PROBABILITY)
    costs = _costs(train_cost, attempt_cost)
    return _cheapest(model, math.log(target), costs)


def power_law_optimum(
    budget: float,
    train_cost: float,
    attempt_cost: float,
    risk_weight: float = 1.0,
    *,
    risk_amplitude: float,
    risk_exponent: float,
    failure_amplitude: float,
    failure_exponent: float,
) -> Allocation:
    r"""Best split where both losses are power laws: L = A N^-a, and S = P k^-beta whatever N is [LID].

    .. math:: R A a N^{-a-1} / c_N = P \beta k^{-\beta-1} / c_k, \qquad N c_N + k c_k = C

    has one root, as the left side falls and the right side rises with N on the budget line. It is what
    `optimal` tends to where training has saturated.

    Parameters
    ----------
    budget, train_cost, attempt_cost : float, > 0
    risk_weight : float, >= 0
        R.
    risk_amplitude, risk_exponent : float, > 0
        A and a.
    failure_amplitude, failure_exponent : float, > 0
        P and beta.

    Returns
    -------
    Allocation
        With N, k >= 1.

    Raises
    ------
    ValueError
        Names the argument.

    Examples
    --------
    >>> from lidfast.allocation import power_law_optimum
    >>> split = power_law_optimum(
    ...     30, 1, 1, risk_amplitude=1, risk_exponent=1, failure_amplitude=2, failure_exponent=2
    ... )
    >>> round(split.N**-2 / (4 * split.k**-3), 9)
    1.0
    """
    total = _check.scalar("budget", budget, _check.POSITIVE)
    train, attempt = _costs(train_cost, attempt_cost)
    weight = _check.scalar("risk_weight", risk_weight, _check.NON_NEGATIVE)
    if total < (train + attempt) * (1 - _SLACK):
        raise ValueError(
            f"budget is {total:.15g}: it must be at least train_cost + attempt_cost = {train + attempt:.15g}"
        )
    A, a, P, beta = (
        _check.scalar(name, value, _check.POSITIVE)
        for name, value in (
            ("risk_amplitude", risk_amplitude),
            ("risk_exponent", risk_exponent),
            ("failure_amplitude", failure_amplitude),
            ("failure_exponent", failure_exponent),
        )
    )

    def excess(x: float) -> float:
        """Logarithm of the left side over the right one; falls with x = ln (N c_N / k c_k)."""
        log_n, log_k = _logs(x, total, train, attempt)
        left = math.log(weight) + math.log(A) + math.log(a) - (a + 1) * log_n - math.log(train)
        right = math.log(P) + math.log(beta) - (beta + 1) * log_k - math.log(attempt)
        return float(left - right)

    low, high = _ends(total, train, attempt)
    if weight == 0 or excess(low) <= 0:
        x = low
    elif excess(high) >= 0:
        x = high
    else:
        x = optimize.brentq(excess, low, high, xtol=1e-14)
    N, k = _point(x, total, train, attempt)
    risk, failure = A * N**-a, P * k**-beta
    cost = N * train + k * attempt
    return Allocation(N, k, weight * risk + failure, N * train / cost, cost, risk, failure)


# ---------------------------------------------------------------- arguments


def _check_model(model: LIDModel) -> None:
    if not isinstance(model, LIDModel):
        raise TypeError(f"model must be an LIDModel, not {type(model).__name__}")
    if not np.isfinite(model.noise_variance):
        model.difficulty(1)  # raises, and says why


def _costs(train_cost: float, attempt_cost: float) -> tuple[float, float]:
    return (
        _check.scalar("train_cost", train_cost, _check.POSITIVE),
        _check.scalar("attempt_cost", attempt_cost, _check.POSITIVE),
    )


# ---------------------------------------------------------------- the budget line

# Its points are numbered by x = ln (N c_N / k c_k), which resolves both ends.


def _logs(x: Any, budget: float, train: float, attempt: float) -> tuple[Any, Any]:
    """Logarithms of N and k at x."""
    log_n = np.log(budget) - np.log(train) + special.log_expit(x)
    return log_n, np.log(budget) - np.log(attempt) + special.log_expit(-np.asarray(x))


def _point(x: float, budget: float, train: float, attempt: float) -> tuple[float, float]:
    """N and k at x; the ends are met to the digit."""
    log_n, log_k = _logs(x, budget, train, attempt)
    low, high = _ends(budget, train, attempt)
    if x <= low:
        return 1.0, max(1.0, (budget - train) / attempt)
    if x >= high:
        return max(1.0, (budget - attempt) / train), 1.0
    return max(1.0, math.exp(log_n)), max(1.0, math.exp(log_k))


def _ends(budget: float, train: float, attempt: float) -> tuple[float, float]:
    """Return x at N = 1 and at k = 1; where the budget buys just both, they agree."""
    low = math.log(train) - math.log(max(budget - train, attempt))
    return low, max(low, math.log(max(budget - attempt, train)) - math.log(attempt))


# ---------------------------------------------------------------- tables of L_gen and S


class _Surface:
    """ln S(k; V) over a rectangle in (ln V, ln k), as a spline through exact values.

    Intervals of ln V are halved until the exact values in their middle differ from the spline by
    less than the tolerance; the steps in ln k likewise, all at once.
    """

    def __init__(
        self,
        model: LIDModel,
        log_risk: tuple[float, float],
        log_k: tuple[float, float],
        tolerance: float,
    ):
        (low, high), (k_low, k_high) = (_widened(*pair) for pair in (log_risk, log_k))
        rows: dict[float, FloatArray] = {}
        steps = max(8, math.ceil((k_high - k_low) / 0.6))
        u = np.linspace(low, high, max(6, math.ceil((high - low) / 0.8) + 1))

        def curve(u: float, log_k: FloatArray) -> FloatArray:
            law = model._difficulty_at(math.exp(u))
            return np.asarray(law.log_failure_rate(np.exp(log_k)))

        while True:  # of k, at a few of the risks
            self.log_k = np.linspace(k_low, k_high, steps + 1)
            between = 0.5 * (self.log_k[1:] + self.log_k[:-1])
            worst = 0.0
            for at in u[:: max(1, (u.size - 1) // 3)]:
                values = curve(at, np.append(self.log_k, between))
                spline = interpolate.make_interp_spline(self.log_k, values[: steps + 1], k=5)
                worst = max(worst, float(np.abs(spline(between) - values[steps + 1 :]).max()))
            if worst <= tolerance or steps > 1000:
                break
            steps *= 2

        for at in u:
            rows[float(at)] = curve(at, self.log_k)
        pending = list(itertools.pairwise(u))
        while pending:
            self._fit(rows)
            failing = []
            for a, b in pending:
                middle = 0.5 * (a + b)
                values = curve(middle, self.log_k)
                error = np.abs(self(np.full(values.size, middle), self.log_k) - values).max()
                rows[float(middle)] = values
                if error > tolerance and b - a > 1e-3 * max(1.0, high - low):
                    failing += [(a, middle), (middle, b)]
            pending = failing
        self._fit(rows)

    def _fit(self, rows: dict[float, FloatArray]) -> None:
        u = np.array(sorted(rows))
        self.low, self.high = u[0], u[-1]
        values = np.array([rows[float(at)] for at in u])
        self._spline = interpolate.RectBivariateSpline(u, self.log_k, values, kx=5, ky=5)

    def __call__(self, log_risk: FloatArray, log_k: FloatArray) -> FloatArray:
        """Ln S; risks outside count as the end, as S hardly depends on them there."""
        return np.asarray(self._spline.ev(np.clip(log_risk, self.low, self.high), log_k))

    def attempts(self, log_risk: FloatArray, log_target: float) -> FloatArray:
        """Find ln k at which S is the target; inf where no k of the table reaches it."""
        low, high = (np.full(log_risk.shape, end) for end in (self.log_k[0], self.log_k[-1]))
        reached = self(log_risk, high) <= log_target
        for _ in range(50):
            middle = 0.5 * (low + high)
            above = self(log_risk, middle) > log_target
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(reached, high, np.inf)


def _widened(low: float, high: float) -> tuple[float, float]:
    """Make an interval wide enough for a spline."""
    extra = max(0.0, 1e-2 - (high - low)) / 2
    return low - extra, high + extra


class _Search:
    """The landscape of a model up to N_max labels and k_max attempts.

    Excess risks whose R V + S(k_max; V) is above `worst` are too large to matter; of them the tables
    know that only.
    """

    def __init__(self, model: LIDModel, N_max: float, k_max: float, weight: float, worst: float):
        self.model, self.k_max, self.weight, self.worst = model, max(k_max, 1.0), weight, worst
        self.log_n, self.log_risks = self._risks(math.log(max(N_max, 1.0)))

    def _risks(self, log_n_max: float) -> tuple[FloatArray, FloatArray]:
        """Tabulate ln L_gen over ln N, at steps that keep the interpolation's error below the tolerance."""
        _, end = _widened(0.0, log_n_max)
        x = np.linspace(0.0, end, max(9, math.ceil(end / 0.02) + 1))
        y = self._log_risk(x)
        pending = np.ones(x.size - 1, dtype=bool)
        for _ in range(12):
            middle = 0.5 * (x[1:] + x[:-1])[pending]
            values = self._log_risk(middle)
            bad = np.abs(interpolate.PchipInterpolator(x, y)(middle) - values) > _TOLERANCE
            x, order = np.unique(np.append(x, middle), return_index=True)
            y = np.append(y, values)[order]
            pending = np.isin(x[:-1], middle[bad]) | np.isin(x[1:], middle[bad])
            if not bad.any():
                break
        return x, y

    def _log_risk(self, log_n: FloatArray) -> FloatArray:
        # An infinite peak, and a risk of 0, have no place in a table.
        with np.errstate(divide="ignore"):
            return np.asarray(np.clip(np.log(self.model.generalization_error(np.exp(log_n))), -700, 700))

    @cached_property
    def _risk_curve(self) -> Any:
        return interpolate.PchipInterpolator(self.log_n, self.log_risks)

    def log_risk(self, log_n: FloatArray) -> FloatArray:
        """Interpolate ln L_gen."""
        return np.asarray(self._risk_curve(np.clip(log_n, self.log_n[0], self.log_n[-1])))

    @cached_property
    def surface(self) -> _Surface:
        """Table of ln S over all risks that occur; where sigma dwarfs them, S is that of no risk."""
        unit = 2 * math.log(self.model.sigma)
        low, high = np.clip([self.log_risks.min(), self.log_risks.max()], unit - 40, unit + 25)
        least = low
        while high - least > 0.3:
            middle = 0.5 * (least + high)
            risk = math.exp(middle)
            failure = self.model._difficulty_at(risk).failure_rate(self.k_max)
            if self.weight * risk + failure > self.worst * (1 + 10 * _MARGIN):
                high = middle
            else:
                least = middle
        return _Surface(self.model, (low, high), (0.0, math.log(self.k_max)), _TOLERANCE)

    def fine_log_risk(self, log_n: FloatArray) -> FloatArray:
        """Compute ln L_gen to all digits, of many sizes by a polynomial where one serves."""
        if log_n.size > 500:
            low, high = _widened(float(log_n.min()), float(log_n.max()))
            angles = np.cos(np.pi * np.arange(40) / 39)
            points = 0.5 * (low + high) + 0.5 * (high - low) * angles
            between = 0.5 * (points[1:] + points[:-1])
            curve = interpolate.BarycentricInterpolator(points, self._log_risk(points))
            if np.abs(curve(between) - self._log_risk(between)).max() < _FINE:
                return np.asarray(curve(log_n))
        return self._log_risk(log_n)

    @cached_property
    def minima(self) -> FloatArray:
        """Integers about the local minima of L_gen."""
        y = self.log_risks
        inner = np.flatnonzero((y[1:-1] <= y[:-2]) & (y[1:-1] <= y[2:])) + 1
        found = [1.0]
        for i in inner[:100]:
            low, high = self.log_n[i - 1], self.log_n[i + 1]
            low, high = math.floor(math.exp(low)), math.ceil(math.exp(high))
            if high - low > 100:
                low, high = (
                    round(
                        optimize.minimize_scalar(
                            self.model.generalization_error, bounds=(low, high), method="bounded"
                        ).x
                    )
                    + shift
                    for shift in (-2, 2)
                )
            found.extend(range(max(low, 1), high + 1))
        return np.array(found, dtype=np.float64)

    def exact(self, N: float, k: float) -> tuple[float, float]:
        """L_gen(N) and S(k; N)."""
        risk = self.model.generalization_error(N)
        if not np.isfinite(risk):
            return np.inf, 1.0
        return float(risk), float(self.model._difficulty_at(risk).failure_rate(k))

    def exponent(self, N: float, k: float) -> float:
        """beta_eff(N, k)."""
        risk = self.model.generalization_error(N)
        return float(self.model._difficulty_at(risk).exponent(k)) if np.isfinite(risk) else 0.0

    def loss(self, N: float, k: float, weight: float) -> float:
        """Exact R L_gen + S."""
        risk, failure = self.exact(N, k)
        return (weight * risk if weight else 0.0) + failure


def _allocation(search: _Search, N: float, k: float, costs: tuple[float, float], weight: float) -> Allocation:
    risk, failure = search.exact(N, k)
    loss = (weight * risk if weight else 0.0) + failure
    cost = N * costs[0] + k * costs[1]
    return Allocation(N, k, loss, N * costs[0] / cost, cost, risk, failure)


def _polished(f: Callable[[float], float], x: FloatArray, near: NDArray[np.bool_]) -> tuple[float, float]:
    """Minimize f, exact, over each run of grid points that are near the least of a table; (x, f)."""
    best = (math.nan, math.inf)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], near, [0]]).astype(int)))
    for start, stop in edges.reshape(-1, 2):
        ends = [float(x[max(start - 1, 0)]), float(x[min(stop, x.size - 1)])]
        tried = [(end, f(end)) for end in ends if end in (x[0], x[-1])]
        if ends[1] > ends[0]:
            found = optimize.minimize_scalar(f, bounds=ends, method="bounded", options={"xatol": 1e-7})
            tried.append((float(found.x), float(found.fun)))
        best = min([best, *tried], key=lambda pair: pair[1])
    return best


def _grid(budget: float, costs: tuple[float, float]) -> FloatArray:
    low, high = _ends(budget, *costs)
    return np.linspace(low, high, max(2, math.ceil((high - low) / _STEP) + 1))


def _best(search: _Search, budget: float, costs: tuple[float, float], weight: float) -> tuple[float, float]:
    """Continuous N and k."""
    x = _grid(budget, costs)
    log_n, log_k = _logs(x, budget, *costs)
    log_risk = search.log_risk(log_n)
    rough = weight * np.exp(log_risk) + np.exp(search.surface(log_risk, log_k))
    near = rough <= rough.min() * (1 + _MARGIN)
    at, _ = _polished(lambda x: search.loss(*_point(x, budget, *costs), weight), x, near)
    return _point(at, budget, *costs)


# ---------------------------------------------------------------- integers

_FEW = 12  # pairs whose exact losses are compared one by one
_MANY = 1_000_000  # pairs that are compared by tables


def _affordable(budget: float, spent: Any, price: float) -> Any:
    """How many of a price the rest of a budget buys."""
    return np.floor((budget * (1 + _SLACK) - spent) / price)


def _best_integers(
    search: _Search, budget: float, costs: tuple[float, float], weight: float
) -> tuple[int, int]:
    """Find the best pair of integers.

    The loss of the best k for N is bounded from below by that of the real k, so only those N count at
    which the latter is below the loss of some pair. The best pair has, for its k, either the largest N
    that can be paid or one at which L_gen has a local minimum: so one runs through the integers N, or
    through the integers k, whichever are fewer.
    """
    train, attempt = costs

    def paired(N: FloatArray) -> tuple[FloatArray, FloatArray]:
        N = np.unique(np.clip(N, 1, max(1, _affordable(budget, attempt, train))))
        return N, np.maximum(_affordable(budget, N * train, attempt), 1)

    def exact(N: FloatArray, k: FloatArray) -> tuple[float, int, int]:
        return min((search.loss(n, m, weight), int(n), int(m)) for n, m in zip(N, k, strict=True))

    N, k = _best(search, budget, costs, weight)
    about = np.floor(k) + np.arange(-1, 3)
    around = _affordable(budget, np.maximum(about, 1) * attempt, train)
    best = exact(*paired(np.concatenate([np.floor(N) + np.arange(-1, 3), around])))

    def rough(N: FloatArray, k: FloatArray) -> FloatArray:
        log_risk = search.log_risk(np.log(N))
        return weight * np.exp(log_risk) + np.exp(search.surface(log_risk, np.log(k)))

    log_n, log_k = _logs(_grid(budget, costs), budget, *costs)
    near = rough(np.exp(log_n), np.exp(log_k)) <= best[0] * (1 + _MARGIN)
    near[1:] |= near[:-1].copy()
    near[:-1] |= near[1:].copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], near, [0]]).astype(int))).reshape(-1, 2)
    candidates = []
    for start, stop in edges:
        low_n, high_n = np.exp(log_n[[start, stop - 1]])
        high_k, low_k = np.exp(log_k[[start, stop - 1]])
        if high_n - low_n <= high_k - low_k:
            candidates.append(_integers(low_n, high_n, N))
        else:
            ks = np.maximum(_integers(low_k, high_k, k), 1)
            candidates.append(_affordable(budget, ks * attempt, train))
    candidates.append(search.minima)
    sizes, attempts = paired(np.concatenate(candidates))
    values = rough(sizes, attempts)
    left = values <= min(values.min(), best[0]) * (1 + _MARGIN)
    sizes, attempts = sizes[left], attempts[left]
    if sizes.size > _FEW:
        log_risk = search.fine_log_risk(np.log(sizes))
        log_k = np.log(attempts)
        table = _Surface(search.model, (log_risk.min(), log_risk.max()), (log_k.min(), log_k.max()), _FINE)
        values = weight * np.exp(log_risk) + np.exp(table(log_risk, log_k))
        order = np.argsort(values, kind="stable")[:3]
        sizes, attempts = sizes[order], attempts[order]
    if sizes.size:
        best = min(best, exact(sizes, attempts))
    return best[1], best[2]


def _integers(low: float, high: float, center: float) -> FloatArray:
    """All integers about an interval, or the _MANY of them that are nearest to the center."""
    low, high = max(1.0, math.floor(low)), math.ceil(high)
    if high - low > _MANY:
        low = min(max(low, math.floor(center) - _MANY // 2), high - _MANY)
        high = low + _MANY
    return low + np.arange(high - low + 1)


# ---------------------------------------------------------------- the cheapest


def _cheapest(model: LIDModel, log_target: float, costs: tuple[float, float]) -> Allocation:
    train, attempt = costs
    unbiased = model._difficulty_at(0.0)
    reach = np.linspace(0, math.log(_K_MAX), 48)
    reached = unbiased.log_failure_rate(np.exp(reach)) <= log_target
    fewest = math.exp(reach[max(int(np.argmax(reached)) - 1, 0)])  # or a little less

    # An upper bound of the cost, from sizes that double; few attempts are tried first, they are quick.
    bound = np.inf
    for most in (min(1e3 * fewest, _K_MAX), _K_MAX):
        reach, N = np.linspace(math.log(fewest), math.log(most), 32), 1.0
        while reached.any() and N * train + fewest * attempt < bound and N < 1e18:
            risk = model.generalization_error(N)
            if np.isfinite(risk):
                enough = model._difficulty_at(risk).log_failure_rate(np.exp(reach)) <= log_target
                if enough.any():
                    bound = min(bound, N * train + math.exp(reach[np.argmax(enough)]) * attempt)
            N *= 2
        if np.isfinite(bound):
            break
    if not np.isfinite(bound):
        raise ValueError(
            f"target_failure is {math.exp(log_target):g}: no training reaches it within {_K_MAX:g} attempts"
        )

    size, most = (bound - fewest * attempt) / train, min(bound / attempt, _K_MAX)
    search = _Search(model, size, most, 0.0, math.exp(log_target))
    log_n = np.union1d(search.log_n, np.linspace(0, search.log_n[-1], 500))
    log_k = search.surface.attempts(search.log_risk(log_n), log_target)

    def attempts(log_n: float) -> float:
        risk = model.generalization_error(math.exp(log_n))
        if not np.isfinite(risk):
            return np.inf
        guess = search.surface.attempts(np.log([max(risk, 1e-300)]), log_target)[0]
        return _attempts(model._difficulty_at(risk), log_target, guess)

    rough = np.exp(log_n) * train + np.exp(log_k) * attempt
    near = rough <= rough.min() * (1 + 3 * _MARGIN)
    at, _ = _polished(lambda x: math.exp(x) * train + attempts(x) * attempt, log_n, near)
    return _allocation(search, math.exp(at), attempts(at), costs, 0.0)


def _attempts(law: LID, log_target: float, log_k: float) -> float:
    """Find the least real k >= 1 whose failure rate is the target, from a guess, by Newton's steps."""
    log_k = min(log_k, math.log(_K_MAX))
    for _ in range(30):
        log_failure, exponent = (float(x[0]) for x in law._curve(np.exp([log_k])))
        step = (log_failure - log_target) / exponent
        before, log_k = log_k, min(max(log_k + step, 0.0), math.log(_K_MAX))
        if abs(log_k - before) <= 1e-13 * max(1.0, log_k):
            break
    at_end = log_k == math.log(_K_MAX) and log_failure > log_target
    return math.inf if at_end else math.exp(log_k)
