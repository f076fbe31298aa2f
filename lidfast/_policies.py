"""Policies carried out: which problem gets the next attempt, until the budget is spent.

What a problem does is drawn beforehand: at which attempt it ends (is accepted as solved, or has no more
recorded outcomes), and whether it then counts. A policy only decides the order, so policies compare on
the same problems, and no attempt is looked at by itself where only its number matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._check import FloatArray, IntArray

#: Priority of a problem's next attempt, from its failures so far and the cost of an attempt.
Index = Callable[[IntArray, FloatArray], Any]

#: Attempts after which problems that never end are said to: sums of costs stay finite.
NEVER = 2**62

_SLACK = 1e-12  # relative: sums of costs such as 0.1 are not exact
_COUNTED = 2**16  # ends up to which they are counted in an array
_TABLE = 2**18  # elements of tables of budgets by problems


@dataclass(frozen=True)
class Problems:
    """Problems in the order in which they are taken up.

    Attributes
    ----------
    ends : ndarray of int, shape (M,)
        Attempts that each takes in all, at most NEVER.
    accepted : ndarray of bool, shape (M,)
        Whether it is then taken for solved: not where it never is, or its record ends.
    solved : ndarray of bool, shape (M,)
        Whether it then is solved: not where a wrong answer was accepted.
    cost : ndarray, shape (M,)
        Of an attempt.
    """

    ends: IntArray
    accepted: NDArray[np.bool_]
    solved: NDArray[np.bool_]
    cost: FloatArray


# Whatever carries out a policy returns what is solved and what is accepted within each budget, (2, budgets).


def _tally(budget: FloatArray, spent: FloatArray, *flags: NDArray[np.bool_]) -> FloatArray:
    """Count flags of what ends within each budget; spent rises."""
    at = np.searchsorted(spent, budget * (1 + _SLACK), side="right")
    return np.array([_upto(flag)[at] for flag in flags])


def _upto(x: NDArray[Any]) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(x, dtype=float)])


def endless(
    draw: Callable[[], Problems],
    budget: FloatArray,
    r: int,
    price: Callable[[IntArray, FloatArray], FloatArray],
) -> FloatArray:
    """Take a new problem after a success or r failures.

    draw() gives more problems, price(attempts, cost) the cost of so many attempts on one.
    """
    found, before = np.zeros((2, budget.size)), 0.0
    while before <= budget.max():
        some = draw()
        attempts = np.minimum(some.ends, r)
        spent = before + np.cumsum(price(attempts, some.cost))
        within = some.ends <= r
        found += _tally(budget, spent, some.solved & within, some.accepted & within)
        before = spent[-1]
    return found


def in_rounds(draws: Iterable[tuple[IntArray, NDArray[np.bool_]]], attempts: FloatArray) -> FloatArray:
    """Go round a pool, one attempt a problem: only how many end in which round matters.

    draws gives ends, NEVER where there is none, and which are solved, of some problems after others. Inside
    a round ends come in random order; what a part of it holds is replaced by its mean.
    """
    few = np.zeros((2, _COUNTED + 2), dtype=np.int64)
    many: list[tuple[IntArray, NDArray[np.bool_]]] = []
    problems = 0
    for ends, solved in draws:
        at = np.minimum(ends, _COUNTED + 1)
        ended = np.bincount(at, minlength=few.shape[1])
        few[0] += ended
        few[1] += ended if solved.all() else np.bincount(at[solved], minlength=few.shape[1])
        far = np.flatnonzero(ends > _COUNTED)
        many.append((ends[far], solved[far]))
        problems += ends.size
    rounds = np.flatnonzero(few[0, : _COUNTED + 1])
    late, place = np.unique(np.concatenate([ends for ends, _ in many]), return_inverse=True)
    right = np.bincount(place, np.concatenate([solved for _, solved in many]), late.size)
    totals = np.array(
        [
            np.concatenate([few[1, rounds], right]),
            np.concatenate([few[0, rounds], np.bincount(place, minlength=late.size)]),
        ]
    )
    rounds = np.concatenate([rounds, late])
    # Problems of round i, which all rounds since the one before with an end have had.
    tried = problems - _upto(totals[1])[:-1]
    last = np.cumsum(np.diff(rounds, prepend=0) * tried)  # attempts through round i
    at = np.minimum(np.searchsorted(last, attempts, side="right"), rounds.size - 1)
    part = np.clip((attempts - (last - tried)[at]) / tried[at], 0, 1)
    totals[:, rounds == NEVER] = 0
    before = np.array([_upto(total)[at] for total in totals])
    return np.asarray(before + part * totals[:, at])


def in_passes(problems: Problems, budget: FloatArray, r: int) -> FloatArray:
    """Go round a pool, a success or r attempts a problem, at fixed costs.

    How many passes a budget pays for, and what they come to, follows from sums over the problems in
    the order of their ends; only the pass in which it is used up is walked through.
    """
    order = np.argsort(problems.ends, kind="stable")
    ends, cost = problems.ends[order], problems.cost[order]
    of_ended = _upto(cost * ends)
    of_others = np.maximum(cost.sum() - _upto(cost), 0)
    of_others[-1] = 0
    limit = budget * (1 + _SLACK)

    def spent_by(attempts: IntArray) -> FloatArray:
        ended = np.searchsorted(ends, attempts, side="right")
        return np.asarray(of_ended[ended] + attempts * of_others[ended])

    ended = np.searchsorted(of_ended[1:] + ends * of_others[1:], limit, side="right")
    with np.errstate(divide="ignore", invalid="ignore"):
        attempts = np.where(ended < ends.size, (limit - of_ended[ended]) / of_others[ended], ends[-1])
    done = np.clip(attempts // r, 0, NEVER // r).astype(np.int64) * r
    done = np.where(spent_by(done) > limit, done - r, done)  # roundings
    done = np.where((spent_by(done + r) <= limit) & (done < NEVER - r), done + r, done)
    base = np.searchsorted(ends, done, side="right")
    flags = problems.solved, problems.accepted
    found = np.array([_upto(flag[order])[base] for flag in flags])
    left = limit - spent_by(done)
    at_a_time = max(1, _TABLE // ends.size)
    for first in range(0, budget.size, at_a_time):
        some = slice(first, first + at_a_time)
        later = problems.ends - done[some, None]
        spent = np.cumsum(np.clip(later, 0, r) * problems.cost, axis=1)
        paid = (later > 0) & (later <= r) & (spent <= left[some, None])
        found[:, some] += [np.count_nonzero(paid & flag, axis=1) for flag in flags]
    return found


def by_index(
    problems: Problems,
    budget: FloatArray,
    index: Index,
    price: Callable[[IntArray, IntArray], FloatArray],
) -> FloatArray:
    """Attempt the problem of a pool with the largest index, the first of equals; budgets rise.

    price(problems, attempts) gives the cost of the attempts of given numbers, from 0. An attempt is made once
    its index, and with it the least so far of its problem, is the largest: so attempts in the order of
    that least are in the order of the policy. No more of them are listed than the budget turns out
    to need, twice as many for each problem each time.
    """
    size = problems.ends.size
    have = np.zeros(size, dtype=np.int64)
    lowest = np.full(size, np.inf)
    pieces: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []
    more, limit = np.arange(size), budget[-1] * (1 + _SLACK)
    while True:
        want = np.minimum(problems.ends[more], np.maximum(2 * have[more], 4))
        count = want - have[more]
        owner = np.repeat(more, count)
        first = np.cumsum(count) - count
        number = np.arange(owner.size) - np.repeat(first - have[more], count)
        key = np.array(index(number, problems.cost[owner]), dtype=float)
        if key.shape != number.shape or np.isnan(key).any():
            raise ValueError(
                f"policy must return a number for each of {number.shape} problems: it gave "
                + ("NaN" if key.shape == number.shape else f"shape {key.shape}")
            )
        key[first] = np.minimum(key[first], lowest[more])
        _least_so_far(key, number - have[owner])
        pieces.append((owner, number, key, price(owner, number)))
        lowest[more] = key[first + count - 1]
        have[more] = want
        owner, number, key, paid = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        unfinished = np.flatnonzero(have < problems.ends)
        if not unfinished.size:
            break
        # What is listed before the next unlisted attempt is certain to come first.
        next_up = unfinished[np.argmax(lowest[unfinished])]
        level = lowest[next_up]
        if paid[(key > level) | ((key == level) & (owner <= next_up))].sum() > limit:
            break
        ranked = unfinished[np.argsort(-lowest[unfinished], kind="stable")]
        more = ranked[: 1 + np.searchsorted(np.cumsum(have[ranked]), owner.size)]
    order = np.lexsort((number, owner, -key))
    owner, number = owner[order], number[order]
    ending = number == problems.ends[owner] - 1
    flags = (problems.solved[owner] & ending, problems.accepted[owner] & ending)
    return _tally(budget, np.cumsum(paid[order]), *flags)


def _least_so_far(x: FloatArray, place: IntArray) -> None:
    """Replace each run of x by its least so far, in steps that double; place is that in the run."""
    step = 1
    while step <= place.max(initial=0):
        some = np.flatnonzero(place >= step)
        x[some] = np.minimum(x[some], x[some - step])
        step *= 2
