from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._random import Plan

def solve(
    loo: bool,
    method: int,
    gram: bool,
    finite: bool,
    batch: tuple[int, ...],
    X: NDArray[Any],
    y: NDArray[Any],
    alpha: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    offsets: NDArray[np.int64] | None,
    n: int,
    coef: NDArray[Any],
    intercept: NDArray[Any] | None,
) -> int: ...
def risk(
    root: NDArray[np.float64],
    theta: NDArray[np.float64],
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    key: NDArray[np.uint64],
    ridge: float,
    normal: Plan,
    noise: Plan,
    risk: NDArray[np.float64],
    coef: NDArray[np.float64] | None,
) -> int: ...
