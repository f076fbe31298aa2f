from typing import Any

import numpy as np
from numpy.typing import NDArray

def solve(
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
