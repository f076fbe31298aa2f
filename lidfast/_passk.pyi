import numpy as np
from numpy.typing import NDArray

STRIPES: int

def failure_curve(
    s: NDArray[np.float64],
    is_log: bool,
    w: NDArray[np.float64] | None,
    k: NDArray[np.float64],
    part: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
