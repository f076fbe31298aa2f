"""Thread counts of the kernels and of the BLAS inside them, and what this build runs on."""

from __future__ import annotations

import math
import os
import platform
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import threadpoolctl

from . import _check, _core

_MOST_THREADS = 4096


def _cgroup_limit(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float:
    """CPUs that the control groups of this process allow; inf without a limit."""
    limits = [math.inf]
    try:
        lines = own.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # The limits of all groups above hold too; inside a container the path may not be there.
        base = root if not controllers else root / "cpu"
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            try:
                if controllers:
                    quota = (folder / "cpu.cfs_quota_us").read_text().strip()
                    period = (folder / "cpu.cfs_period_us").read_text()
                else:
                    quota, period = (folder / "cpu.max").read_text().split()
                if quota not in ("max", "-1"):
                    limits.append(int(quota) / int(period))
            except (OSError, ValueError, ZeroDivisionError):
                pass  # no such file, or not one of numbers: no limit known
            if folder == root:
                break
    return min(limits)


def _default_threads() -> int:
    # As in OpenMP the first of a list is for the outermost level, and an explicit number is the
    # user's word: it may exceed the processors.
    asked = re.match(r"\s*(\d+)", os.environ.get("OMP_NUM_THREADS", ""))
    if asked and int(asked[1]) > 0:
        return min(int(asked[1]), _MOST_THREADS)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(available, _cgroup_limit())))


_core.set_threads(_default_threads())


def set_num_threads(n: int) -> None:
    """Set the number of threads that kernels use, for the whole process.

    The default is OMP_NUM_THREADS where it is set, else the processors that the affinity mask and
    the control group allow. Results do not depend on it.

    Parameters
    ----------
    n : int, >= 1

    Examples
    --------
    >>> import lidfast
    >>> before = lidfast.get_num_threads()
    >>> lidfast.set_num_threads(1)
    >>> lidfast.get_num_threads()
    1
    >>> lidfast.set_num_threads(before)
    """
    _core.set_threads(_check.integer("n", n, 1, _MOST_THREADS))


def get_num_threads() -> int:
    """Return the number of threads that a kernel called from this Python thread uses.

    It is 1 in a child made by ``fork``, because an OpenMP pool does not survive one.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.get_num_threads() >= 1
    True
    """
    return _core.get_threads()


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Use n threads in the kernels that this Python thread calls inside the ``with`` block.

    Parameters
    ----------
    n : int, >= 1

    Examples
    --------
    >>> import lidfast
    >>> with lidfast.num_threads(1):
    ...     lidfast.get_num_threads()
    1
    """
    before = _core.set_local_threads(_check.integer("n", n, 1, _MOST_THREADS))
    try:
        yield
    finally:
        _core.set_local_threads(before)


class _SingleThreadedBlas:
    """Holds the BLAS at one thread while any kernel that calls it runs.

    Most limits are process-wide and kernels may overlap, so the first one in sets them and the last
    one out takes them back. An OpenBLAS on OpenMP counts for each thread by itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._shared: list[Any] | None = None  # pools, not looked for before the first use
        self._own: list[Any] = []
        self._shared_before: list[int] = []
        self._local = threading.local()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        # Another thread may have held the lock; its kernel is not running in the child.
        self._lock = threading.Lock()
        if self._users and self._shared is not None:
            _set_pools(self._shared, self._shared_before)
        self._users = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._shared is None:
                pools = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
                self._own = [pool for pool in pools if _is_per_thread(pool)]
                self._shared = [pool for pool in pools if not _is_per_thread(pool)]
            if self._users == 0:
                self._shared_before = _set_pools(self._shared, [1] * len(self._shared))
            self._users += 1
        self._local.before = [
            *getattr(self._local, "before", []),
            _set_pools(self._own, [1] * len(self._own)),
        ]

    def __exit__(self, *error: object) -> None:
        _set_pools(self._own, self._local.before.pop())
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._shared is not None:
                _set_pools(self._shared, self._shared_before)


def _is_per_thread(pool: Any) -> bool:
    return bool(pool.internal_api == "openblas" and pool.threading_layer == "openmp")


def _set_pools(pools: list[Any], counts: list[int]) -> list[int]:
    """Set the threads of each pool and return what they were."""
    before = [pool.num_threads for pool in pools]
    for pool, count in zip(pools, counts, strict=True):
        # Since 3.8 threadpoolctl heeds only the Python thread that set a limit first, until cleared.
        if hasattr(pool, "clear_controlling_thread"):
            pool.clear_controlling_thread(force=True)
        pool.set_num_threads(count)
        if hasattr(pool, "clear_controlling_thread"):
            pool.clear_controlling_thread(force=True)
    return before


single_threaded_blas = _SingleThreadedBlas()


def show_config() -> None:
    """Print the instruction-set level in use, OpenMP, threads, BLAS and versions.

    ``LIDFAST_ISA`` in the environment chooses the level at import. Bits are promised for one level
    and, where a BLAS is used, one build of it and one type of core.

    Examples
    --------
    >>> import lidfast
    >>> lidfast.show_config()  # doctest: +ELLIPSIS
    lidfast ...
    """
    openmp = f"yes ({_core.openmp})" if _core.openmp else "no: kernels run on one thread"
    rows = {
        f"lidfast {version('lidfast')}": f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}",
        "instruction set": f"{_core.level} (this machine runs: {', '.join(_core.levels())})",
        "OpenMP": openmp,
        "threads": str(get_num_threads()),
    }
    import_module("scipy.linalg.cython_blas")  # the kernels' BLAS, to be listed, must be loaded

    for pool in threadpoolctl.threadpool_info():
        if pool["user_api"] == "blas":
            name = "scipy" if "scipy" in Path(pool["filepath"]).parent.name else "other"
            rows[f"BLAS ({name})"] = (
                f"{pool['internal_api']} {pool['version']}, {pool.get('architecture', 'unknown core')}, "
                f"{pool['num_threads']} threads"
            )
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{key:<{width}}  {value}\n" for key, value in rows.items()))
