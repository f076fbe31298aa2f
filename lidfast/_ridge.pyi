from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)

def solve(
    method: int,
    X: NDArray[Real],
    y: NDArray[Real],
    alpha: NDArray[np.float64],
    x_at: NDArray[np.int64],
    y_at: NDArray[np.int64],
    alpha_at: NDArray[np.int64],
    alpha_step: int,
    out: NDArray[Real],
) -> int: ...
