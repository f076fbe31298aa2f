import numpy as np
from numpy.typing import NDArray

BLOCK: int

def fill(
    law: int,
    dtype: int,
    key: NDArray[np.uint64],
    call: int,
    n: int,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    out: NDArray[np.uint8],
) -> None: ...
def vecmath(function: int, x: NDArray[np.float64], out: NDArray[np.float64]) -> None: ...
