from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK: int
kernel_table: object

_Values = float | NDArray[np.float64] | None

class Table:
    error: float
    def __init__(self, lower: tuple[float, ...], upper: tuple[float, ...]) -> None: ...
    def quantiles(self, words: NDArray[np.uint64], out: NDArray[np.float64]) -> None: ...

class Plan:
    integer: bool
    def __init__(
        self,
        law: int,
        integer: bool,
        table: Table | None,
        a: _Values,
        b: _Values,
        loc: _Values,
        scale: _Values,
    ) -> None: ...
    def capsule(self) -> object: ...

class Streams:
    def _rekey(self, key: NDArray[np.uint64], calls: int) -> None: ...
    def _count(self) -> int: ...
    def _take(self, count: int = 1) -> tuple[int, int, int, int, int]: ...
    def _one(self, plan: Plan) -> float | int: ...
    def _fill(self, plan: Plan, dtype: int, out: NDArray[Any], n: int) -> None: ...

def set_basis(the_normal: Table | None, the_exponential: Table | None) -> None: ...
def vecmath(function: int, x: NDArray[np.float64], out: NDArray[np.float64]) -> None: ...
