"""Peak memory of ridge_solve and ridge_solve_gram beyond their inputs and outputs (Linux only).

    python bench/ridge_memory.py

Each case runs in a process of its own: the kernel's high-water mark of resident memory is reset after a
call on a tiny problem and read after the call in question. The exit status is 1 if a case exceeds 64 MB.
"""

import re
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import lidfast

MB = 10**6
LIMIT = 64 * MB

# function, layout, problems, n, d
CASES = [
    ("ridge_solve", "contiguous", 20_000, 32, 8),
    ("ridge_solve", "contiguous", 20_000, 64, 16),
    ("ridge_solve", "contiguous", 5_000, 128, 32),
    ("ridge_solve", "contiguous", 2_000, 256, 64),
    ("ridge_solve", "contiguous", 200, 1024, 256),
    ("ridge_solve", "contiguous", 20_000, 16, 32),
    ("ridge_solve", "contiguous", 2_000, 64, 256),
    ("ridge_solve", "contiguous", 1_000_000, 32, 8),
    ("ridge_solve", "transposed", 20_000, 64, 16),
    ("ridge_solve", "transposed", 200, 1024, 256),
    ("ridge_solve", "transposed", 2_000, 64, 256),
    ("ridge_solve", "strided", 20_000, 64, 16),
    ("ridge_solve", "strided", 200, 1024, 256),
    ("ridge_solve", "strided", 2_000, 64, 256),
    ("ridge_solve", "batch last", 20_000, 64, 16),
    ("ridge_solve_gram", "contiguous", 1_000_000, 3, 3),
    ("ridge_solve_gram", "contiguous", 1_000_000, 8, 8),
]


def numbers(layout, problems, n, d):
    """An array (problems, n, d) of normal variates that lies in memory as the layout says."""
    normal = np.random.default_rng(0).standard_normal
    if layout == "transposed":
        return normal((problems, d, n)).swapaxes(1, 2)
    if layout == "strided":
        return normal((problems, 2 * n, 2 * d))[:, ::2, ::2]
    if layout == "batch last":
        return np.moveaxis(normal((n, d, problems)), -1, 0)
    return normal((problems, n, d))


def high_water():
    """Peak of resident memory in bytes."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def beyond(function, layout, problems, n, d):
    """Bytes at the peak of a call, less its inputs and outputs."""
    solve = getattr(lidfast, function)
    X, y = numbers(layout, problems, n, d), numbers(layout, problems, n, 1)[..., 0]
    if function == "ridge_solve_gram":
        X += 4 * n * np.eye(n)  # only the lower triangle is read; with this it is positive definite
    solve(np.eye(2), np.ones(2), 1.0)
    Path("/proc/self/clear_refs").write_text("5")
    before = high_water()
    coef = solve(X, y, 1.0)
    return high_water() - before - coef.nbytes


def main():
    print(f"{'function':<18}{'layout':<12}{'problems':>10}{'n':>6}{'d':>6}{'X, MB':>9}{'beyond, MB':>12}")
    worst = 0
    for function, layout, problems, n, d in CASES:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            extra = fresh.submit(beyond, function, layout, problems, n, d).result()
        worst = max(worst, extra)
        size = 8 * problems * n * d
        print(
            f"{function:<18}{layout:<12}{problems:>10}{n:>6}{d:>6}{size / MB:>9.0f}{extra / MB:>12.1f}"
            f"{'  too much' if extra > LIMIT else ''}",
            flush=True,
        )
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
