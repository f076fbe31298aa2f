import numpy as np
from numpy.typing import NDArray

STRIPES: int

def failure_curve(
    s: NDArray[np.float64],
    is_log: bool,
    w: NDArray[np.float64] | None,
    k: NDArray[np.float64],
    most_lost: float,
    least: float,
    out: NDArray[np.float64],
) -> None: ...
def count_rates(
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    k: NDArray[np.int64],
    fail: NDArray[np.float64] | None,
    success: NDArray[np.float64] | None,
) -> None: ...
def count_lookup(
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    failures: bool,
    least: int,
    table: NDArray[np.float64],
    out: NDArray[np.float64],
) -> int: ...
def count_tally(n: NDArray[np.int64], c: NDArray[np.int64], cells: NDArray[np.int64]) -> int: ...
def count_means(
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    w: NDArray[np.float64],
    k: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None: ...
def count_curves(
    n: NDArray[np.int64], c: NDArray[np.int64], k: NDArray[np.int64], out: NDArray[np.float64]
) -> int: ...
def rising(
    start: NDArray[np.int64],
    k: NDArray[np.float64],
    w: NDArray[np.float64],
    low: NDArray[np.float64],
    x: NDArray[np.float64],
    scale: float,
    part: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
def mixture(
    kind: int,
    what: int,
    law: NDArray[np.float64],
    c: NDArray[np.float64],
    f: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
def attempts(
    x: NDArray[np.float64], h: NDArray[np.float64], s: NDArray[np.float64], log_fail: NDArray[np.float64]
) -> None: ...
def lid_curves(
    root: NDArray[np.float64],
    weight: NDArray[np.float64],
    scale: NDArray[np.float64] | None,
    bias: NDArray[np.float64] | None,
    instances: int,
    reach: float,
    delta: float,
    key: NDArray[np.uint64],
    k: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
