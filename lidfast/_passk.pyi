import numpy as np
from numpy.typing import NDArray

def failure_curve(
    s: NDArray[np.float64],
    is_log: bool,
    w: NDArray[np.float64] | None,
    k: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
def count_rates(
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    k: NDArray[np.int64],
    fail: NDArray[np.float64] | None,
    success: NDArray[np.float64] | None,
) -> None: ...
