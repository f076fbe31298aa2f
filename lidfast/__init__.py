"""Fast CPU numerics for the theory that links training to repeated sampling."""

from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

try:
    from . import _core  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        "lidfast's compiled modules are not beside this source: this is a checkout, not an installed "
        "lidfast. Install it (pip install .) and run Python from another folder."
    ) from error

from . import allocation, coverage, difficulty, frontiers, memorization, planning, random, spectrum
from ._threads import get_num_threads, num_threads, set_num_threads, show_config
from .lid import LIDModel, LIDResult
from .passk import (
    Comparison,
    Curve,
    PowerLaw,
    compare,
    fail_at_k,
    failure_curve,
    fit_power_law,
    local_exponent,
    pass_at_k,
    pass_at_k_curve,
    pass_hat_k,
)
from .ridge import ridge_loo, ridge_path, ridge_risk, ridge_solve, ridge_solve_gram, ridge_solve_ragged

if TYPE_CHECKING:
    from .sweeps import sweep as sweep

__version__ = _version("lidfast")


def __getattr__(name: str) -> Any:
    """Import what needs the extra "cluster" when it is asked for."""
    if name == "sweep":
        from .sweeps import sweep

        return sweep
    raise AttributeError(f"module 'lidfast' has no attribute {name!r}")


__all__ = [
    "Comparison",
    "Curve",
    "LIDModel",
    "LIDResult",
    "PowerLaw",
    "__version__",
    "allocation",
    "compare",
    "coverage",
    "difficulty",
    "fail_at_k",
    "failure_curve",
    "fit_power_law",
    "frontiers",
    "get_num_threads",
    "local_exponent",
    "memorization",
    "num_threads",
    "pass_at_k",
    "pass_at_k_curve",
    "pass_hat_k",
    "planning",
    "random",
    "ridge_loo",
    "ridge_path",
    "ridge_risk",
    "ridge_solve",
    "ridge_solve_gram",
    "ridge_solve_ragged",
    "set_num_threads",
    "show_config",
    "spectrum",
]
