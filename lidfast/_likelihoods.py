"""Log-likelihoods of counts under each family, in coordinates fit for Newton's method."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

import numpy as np
from scipy import special

from ._ascent import Climb, climb
from ._check import FloatArray
from ._counts import Counts, tally
from ._gamma import RisingSums, digamma_difference, log_beta_ratio, log_rising, trigamma_difference
from ._laws import LID, Beta, Difficulty, Kumaraswamy, ZeroInflated
from ._lid_counts import LIDCounts
from ._mixture import log_mixture

TINY = 1e-100  # stands for a parameter whose likelihood rises towards 0
FLAT = 1e6  # a + b above this many times the largest n: the law is binomial to all digits that count
_FEW = 20_000  # so many pairs may be looked at one by one

ALL_FAIL = "no attempt succeeded: the likelihood rises as s -> 0, exponent 0; the data do not bound it"
ALL_PASS = "every attempt succeeded: the likelihood rises as s -> 1, exponent inf; the data do not bound it"
SINGLE = "one attempt a problem (n = 1): only the mean of s is determined, the exponent is not"
TWO_KINDS = "every problem is solved always or never: the likelihood rises as a, b -> 0, exponent 0"
BINOMIAL = "problems vary no more than one binomial law: the likelihood rises as a, b -> inf, exponent inf"


class Facts:
    """What every family asks of the counts."""

    def __init__(self, data: Counts) -> None:
        self.data = data
        self.c, self.f, self.w, self.n = data.c, data.f, data.w, data.c + data.f
        self.problems = float(self.w.sum())
        self.mean = float((self.w * self.c).sum() / (self.w * self.n).sum())
        self.solved = float((self.w * (self.c > 0)).sum()) / self.problems
        self.most = float(self.n.max())
        self.few = data.w.size <= _FEW

    @cached_property
    def rising(self) -> RisingSums:
        """Sums over successes, failures and attempts: over distinct numbers, not distinct pairs."""
        return RisingSums(*(tally(x, self.w) for x in (self.c, self.f, self.n)))

    @cached_property
    def log_ways(self) -> float:
        """Ln of the product of all C(n, c)."""
        if self.few:
            return float((self.w * self.data.log_ways).sum())
        return self.rising(np.ones(3), -SIGNS)[0]

    @cached_property
    def beta(self) -> FloatArray:
        """(ln a, ln b) of the Beta's optimum, where other families start."""
        beta = BetaBinomial(self)
        return max((climb(beta, start) for start in beta.plain_starts()), key=lambda top: top.value).theta

    @cached_property
    def binomial(self) -> float:
        """Log-likelihood of one binomial law, a limit of every family."""
        log_p = special.xlogy(self.c, self.mean) + special.xlog1py(self.f, -self.mean)
        if self.few:
            return float((self.w * (self.data.log_ways + log_p)).sum())
        return self.log_ways + float((self.w * log_p).sum())

    @cached_property
    def extreme(self) -> tuple[str, float, float] | None:
        """Message, log-likelihood and exponent of the supremum where it is known to be no maximum."""
        if not self.c.any():
            return ALL_FAIL, 0.0, 0.0
        if not self.f.any():
            return ALL_PASS, 0.0, math.inf
        if self.most == 1:
            return SINGLE, self.binomial, math.nan
        if not (self.c * self.f).any():
            loglik = -self.problems * float(special.entr([self.solved, 1 - self.solved]).sum())
            return TWO_KINDS, loglik, 0.0
        if self._one_point_is_best():
            return BINOMIAL, self.binomial, math.inf
        return None

    def _one_point_is_best(self) -> bool:
        """Whether no law of s is more likely than all s = mean.

        It is so where to move a little of the mass to any s loses: sum w L(s) / L(mean) <= sum w, for
        L(s) = s^c (1-s)^f of each problem (Lindsay 1983).
        """
        m = self.mean
        bend = (self.c / m - self.f / (1 - m)) ** 2 - self.c / m**2 - self.f / (1 - m) ** 2
        if float((self.w * bend).sum()) > 0 or not self.few:
            return False
        shift = np.geomspace(1e-3, 40, 200)
        for logit in special.logit(m) + np.append(-shift, shift):
            terms = self.c * (-np.logaddexp(0, -logit) - math.log(m))
            terms += self.f * (-np.logaddexp(0, logit) - math.log1p(-m))
            if float((self.w * np.exp(np.minimum(terms, 700))).sum()) > self.problems * (1 + 1e-12):
                return False
        return True


SIGNS = np.array([1.0, 1.0, -1.0])


Evaluation = tuple[float, FloatArray, FloatArray | None]


class Likelihood(ABC):
    """Log-likelihood of theta: the logarithms of two parameters, and where the family extends a plain one t.

    t <= 0 is 0 for the plain law. The exponent is that of theta[0].
    """

    names: tuple[str, ...]
    logs = ("a", "b")
    extended = False
    plain_message = ""
    several_tops = False
    unbounded: tuple[str, ...] = ()  # limits that are reached with any exponent
    _seen: tuple[bytes, Evaluation] | None = None

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.low = np.full(2, -230.0)
        self.high = np.full(2, math.log(FLAT * facts.most))
        if self.extended:
            self.low, self.high = np.append(self.low, -50.0), np.append(self.high, 0.0)

    @abstractmethod
    def _evaluate(self, theta: FloatArray) -> Evaluation:
        """Value, gradient and, where they are known in closed form, second derivatives."""

    def _at(self, theta: FloatArray) -> Evaluation:
        # the last is remembered: second derivatives are asked for where the gradient was taken
        key = theta.tobytes()
        if self._seen is None or self._seen[0] != key:
            self._seen = key, self._evaluate(theta)
        return self._seen[1]

    def slopes(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient."""
        return self._at(theta)[:2]

    def curvature(self, theta: FloatArray) -> FloatArray:
        """Second derivatives, if need be by differences of the gradient."""
        _, slope, curve = self._at(theta)
        if curve is not None:
            return curve
        rows = []
        for i in range(theta.size):
            other = theta.copy()
            other[i] -= 1e-4
            rows.append((slope - self._at(other)[1]) / 1e-4)
        curve = np.array(rows)
        return 0.5 * (curve + curve.T)

    @abstractmethod
    def law(self, theta: FloatArray) -> Difficulty: ...

    @abstractmethod
    def params(self, theta: FloatArray) -> dict[str, float]: ...

    @abstractmethod
    def scales(self, theta: FloatArray) -> dict[str, tuple[int, float]]:
        """Of each parameter: its coordinate and d parameter / d coordinate."""

    @abstractmethod
    def plain_starts(self) -> list[FloatArray]:
        """Return starts for the first two coordinates."""

    @abstractmethod
    def limit(self, message: str, m: float) -> FloatArray:
        """Return a theta near the supremum that a message tells of; m is the mean, or the share solved."""

    def flat(self, theta: FloatArray) -> bool:
        """Whether the law (of zero_inflated_beta, the base law) is as good as binomial."""
        return bool(np.exp(theta[:2]).sum() >= 0.99 * FLAT * self.facts.most)

    def starts(self, plain: FloatArray) -> list[FloatArray]:
        """Return starts for all coordinates, given the plain optimum."""
        return [plain]

    def final(self, top: Climb) -> float:
        """Return the value at the maximum, where rounding errors count."""
        return top.value


def _beta_sums(rising: RisingSums, theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Sum ln B(a+c, b+f) / B(a, b), with its derivatives in ln a and ln b."""
    a, b = np.exp(theta[:2]).tolist()
    value, first, second = rising(np.array([a, b, a + b]), SIGNS)
    slope = np.array([a * (first[0] - first[2]), b * (first[1] - first[2])])
    cross = -a * b * second[2]
    curve = np.array([[a * a * (second[0] - second[2]), cross], [cross, b * b * (second[1] - second[2])]])
    return value, slope, curve + np.diag(slope)


class Shapes(Likelihood):
    """What the families with Beta's two parameters share."""

    names: tuple[str, ...] = ("a", "b")

    def law(self, theta: FloatArray) -> Difficulty:
        return Beta(*np.exp(theta).tolist())

    def params(self, theta: FloatArray) -> dict[str, float]:
        return dict(zip(self.names, np.exp(theta).tolist(), strict=True))

    def scales(self, theta: FloatArray) -> dict[str, tuple[int, float]]:
        return {name: (i, math.exp(theta[i])) for i, name in enumerate(self.names)}

    def plain_starts(self) -> list[FloatArray]:
        return [self.facts.beta]

    def limit(self, message: str, m: float) -> FloatArray:
        flat = FLAT * self.facts.most
        theta = np.log(
            {
                ALL_FAIL: (TINY, 1.0),
                ALL_PASS: (1.0, TINY),
                SINGLE: (2 * m, 2 - 2 * m),  # any a + b serves; 2 is that of the uniform law
                TWO_KINDS: (TINY * m, TINY * (1 - m)),
                BINOMIAL: (flat * m, flat * (1 - m)),
            }[message]
        )
        return np.append(theta, 0.0) if self.extended else theta


class BetaBinomial(Shapes):
    def _evaluate(self, theta: FloatArray) -> Evaluation:
        value, slope, curve = _beta_sums(self.facts.rising, theta)
        return self.facts.log_ways + value, slope, curve

    def plain_starts(self) -> list[FloatArray]:
        # Pairs solved by mean and a + b, on a grid; the best two are climbed from.
        facts = self.facts
        means = (facts.mean, float((facts.w * ((facts.c + 0.5) / (facts.n + 1))).sum() / facts.problems))
        grid = [np.log([m * s, (1 - m) * s]) for m in means for s in np.geomspace(1e-2, 1e6, 9)]
        return sorted(grid, key=lambda theta: self.slopes(theta)[0])[-2:]

    def final(self, top: Climb) -> float:
        # the pairs' terms are added before they are summed
        facts = self.facts
        if not facts.few:
            return top.value
        a, b = np.exp(top.theta).tolist()
        terms = facts.data.log_ways + log_beta_ratio(a, b, facts.c, facts.f)
        return float((facts.w * terms).sum())


class ScaledBeta(Shapes):
    """Beta on [0, m]; t = ln m."""

    names: tuple[str, ...] = ("a", "b", "m")
    extended = True
    plain_message = "m = 1: the plain family is the most likely"
    unbounded: tuple[str, ...] = (BINOMIAL,)  # as b -> 0
    kind = "beta"

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.low[:2], self.high[0] = math.log(1e-4), math.log(1e4)

    def _evaluate(self, theta: FloatArray) -> Evaluation:
        facts = self.facts
        a, b = np.exp(theta[:2]).tolist()
        m = math.exp(theta[2]) if self.extended else 1.0
        values, slopes = log_mixture(self.kind, a, b, m, facts.c, facts.f)
        value = facts.log_ways + float((facts.w * values).sum())
        return value, (facts.w * slopes[: theta.size]).sum(axis=1), None

    def starts(self, plain: FloatArray) -> list[FloatArray]:
        # A support just above the largest share solved, with the plain optimum's mean.
        facts = self.facts
        m = min(0.9, 1.2 * float(((facts.c + 0.5) / (facts.n + 1)).max()))
        b = max(1.0, math.exp(min(plain[1], 600)) * m - 1)
        return [plain, np.array([plain[0], math.log(b), math.log(m)])]


class Kuma(ScaledBeta):
    names: tuple[str, ...] = ("a", "b")
    extended = False
    unbounded: tuple[str, ...] = ()
    kind = "kumaraswamy"

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.high[1] = 690.0

    def law(self, theta: FloatArray) -> Difficulty:
        return Kumaraswamy(*np.exp(theta).tolist())

    def plain_starts(self) -> list[FloatArray]:
        # Of the Beta's optimum, the tail of small s: b s^a.
        a, b = np.minimum(np.exp(self.facts.beta), [50, 1e300]).tolist()
        return [np.array([math.log(a), -math.log(a) - float(special.betaln(a, b))])]

    def limit(self, message: str, m: float) -> FloatArray:
        if message == SINGLE:
            theta = [0.0, math.log(1 / m - 1)]
        elif message == TWO_KINDS:  # P(s > x) = (1 - x^a)^b ~ (a ln 1/x)^b
            theta = [math.log(TINY), math.log(math.log(m) / math.log(TINY))]
        elif message == BINOMIAL:  # s is about b^(-1/a)
            a = min(FLAT * self.facts.most, 690 / -math.log(m))
            theta = [math.log(a), -a * math.log(m)]
        else:
            theta = [math.log(TINY), 0.0] if message == ALL_FAIL else [0.0, math.log(TINY)]
        return np.array(theta + [0.0] * self.extended)


class ScaledKuma(Kuma):
    names: tuple[str, ...] = ("a", "b", "m")
    extended = True
    unbounded: tuple[str, ...] = (BINOMIAL,)


class ZeroInflatedBeta(Shapes):
    """A share p0 that nobody solves; t = ln(1 - p0)."""

    names = ("a", "b", "p0")
    extended = True
    plain_message = "p0 = 0: the plain family is the most likely"

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        c, f, n, w = facts.c, facts.f, facts.n, facts.w
        some = c > 0
        self.solved = float(w[some].sum())
        self.rising = RisingSums(*(tally(x[some], w[some]) for x in (c, f, n)))
        self.unsolved = tally(n[~some], w[~some])

    def _evaluate(self, theta: FloatArray) -> Evaluation:
        a, b = np.exp(theta[:2]).tolist()
        t, s = float(theta[2]), a + b
        n, w = self.unsolved
        # ln q = ln E (1-s)^n under the base law, and its derivatives in ln a, ln b
        log_q = log_rising(b, n, s + n) - log_rising(s, n, s + n)
        psi_b, psi_s = digamma_difference(b, n), digamma_difference(s, n)
        tri_b, tri_s = trigamma_difference(b, n), trigamma_difference(s, n)
        q_slopes = np.array([-a * psi_s, b * (psi_b - psi_s)])
        q_curves = np.array(
            [
                [q_slopes[0] - a * a * tri_s, -a * b * tri_s],
                [-a * b * tri_s, q_slopes[1] + b * b * (tri_b - tri_s)],
            ]
        )
        with np.errstate(divide="ignore"):
            log_p = np.logaddexp(np.log(-np.expm1(t)), t + log_q)  # of no success
        base = np.exp(t + log_q - log_p)  # the share of the base law in it
        out = np.expm1(np.minimum(-log_p, 600))
        slope, curve = np.empty(3), np.empty((3, 3))
        value, slope[:2], curve[:2, :2] = _beta_sums(self.rising, theta)
        slope[:2] += (w * base * q_slopes).sum(axis=1)
        slope[2] = self.solved - (w * out).sum()
        q_curves += (1 - base) * q_slopes[:, None] * q_slopes
        curve[:2, :2] += (w * base * q_curves).sum(axis=2)
        curve[:2, 2] = curve[2, :2] = (w * base * (1 + out) * q_slopes).sum(axis=1)
        curve[2, 2] = -(w * out * (1 + out)).sum()
        value += self.facts.log_ways + self.solved * t + float((w * log_p).sum())
        return value, slope, curve

    def law(self, theta: FloatArray) -> Difficulty:
        return ZeroInflated(Beta(*np.exp(theta[:2]).tolist()), -math.expm1(theta[2]))

    def params(self, theta: FloatArray) -> dict[str, float]:
        return {**super().params(theta), "p0": 0.0 - math.expm1(theta[2])}

    def scales(self, theta: FloatArray) -> dict[str, tuple[int, float]]:
        return {**super().scales(theta), "p0": (2, math.exp(theta[2]))}

    def starts(self, plain: FloatArray) -> list[FloatArray]:
        # half of the unsolved, and a base law without very hard problems
        t = math.log1p(-0.5 * min(1 - self.facts.solved, 0.999))
        return [plain, np.array([max(plain[0], 0.0), max(plain[1], plain[1] - plain[0]), t])]


class LIDModel(Likelihood):
    """LID(V, beta, 1, delta); t = -ln(1 + V)."""

    names = ("V", "beta", "delta")
    logs = ("beta", "delta")
    extended = True
    several_tops = True  # one with V near 0, one where V makes the tail and beta is large
    plain_message = "V = 0: no artificial tail is the most likely"
    unbounded: tuple[str, ...] = (TWO_KINDS,)  # as delta -> inf

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.low[:2] = math.log(0.01), math.log(1e-12)
        self.high[:2] = math.log(30.0), math.log(3.0)
        self.counts = LIDCounts(facts.c, facts.f)

    def _evaluate(self, theta: FloatArray) -> Evaluation:
        facts, v = self.facts, math.expm1(-theta[2])
        values, slopes = self.counts(v, *np.exp(theta[:2]).tolist())
        slope = (facts.w * slopes).sum(axis=1)
        slope[2] *= -(1 + v) / v if v > 0 else 0.0
        return facts.log_ways + float((facts.w * values).sum()), slope, None

    def law(self, theta: FloatArray) -> Difficulty:
        beta, delta = np.exp(theta[:2]).tolist()
        return LID(math.expm1(-theta[2]) + 0.0, beta, 1.0, delta)

    def params(self, theta: FloatArray) -> dict[str, float]:
        beta, delta = np.exp(theta[:2]).tolist()
        return {"V": math.expm1(-theta[2]) + 0.0, "beta": beta, "delta": delta}

    def scales(self, theta: FloatArray) -> dict[str, tuple[int, float]]:
        beta, delta = np.exp(theta[:2]).tolist()
        return {"V": (2, math.exp(-theta[2])), "beta": (0, beta), "delta": (1, delta)}

    def plain_starts(self) -> list[FloatArray]:
        return [self._with_mean(beta) for beta in (math.exp(min(self.facts.beta[0], 2.0)), 1.0, 3.0)]

    def _with_mean(self, beta: float, v: float = 0.0) -> FloatArray:
        # of small s: E s = sqrt(2/pi) delta E sqrt(tau / (1 + v tau)), nearly
        root = math.exp(math.lgamma(0.5 * beta + 0.5) - math.lgamma(0.5 * beta))
        delta = min(self.facts.mean / (0.8 * root) * math.sqrt(1 + v * 0.5 * beta), 1.5)
        return np.array([math.log(beta), math.log(delta)])

    def starts(self, plain: FloatArray) -> list[FloatArray]:
        return [
            np.append(self._with_mean(max(2 * math.exp(plain[0]), 1.0), v), -math.log1p(v))
            for v in (0.1, 1.0, 10.0)
        ]

    def limit(self, message: str, m: float) -> FloatArray:
        delta, beta, v = 1.0, 1.0, 0.0
        if message == ALL_FAIL:
            delta = TINY
        elif message == ALL_PASS:
            delta = 1 / TINY
        elif message == SINGLE:  # the noise is Cauchy's law times sqrt(2)
            delta = math.sqrt(2) * math.tan(0.5 * math.pi * m)
        elif message == TWO_KINDS:  # |B| is above or below delta
            delta, beta = 1e3, 50.0
            v = (delta / float(special.ndtri(0.5 + 0.5 * m))) ** 2
        else:  # tau is beta / 2, as nearly as LID can
            beta = 1e3
            delta = float(special.ndtri(0.5 + 0.5 * m)) * math.sqrt(2 / beta)
        return np.array([math.log(beta), math.log(delta), -math.log1p(v)])


FAMILIES: dict[str, Callable[[Facts], Likelihood]] = {
    "beta": BetaBinomial,
    "scaled_beta": ScaledBeta,
    "kumaraswamy": Kuma,
    "scaled_kumaraswamy": ScaledKuma,
    "zero_inflated_beta": ZeroInflatedBeta,
    "lid": LIDModel,
}
