"""Functions that sweeps call in tests; workers import them from here."""

import os
import signal
import time
from pathlib import Path

import numpy as np

import lidfast


def draws(a, k, rng):
    generator = np.random.default_rng(rng)
    return {
        "x": generator.standard_normal(),
        "v": ("draw", generator.random(3)),
        "s": lidfast.difficulty.Beta(a, 2).failure_rate(k),
    }


def product(a, k, scale=1):
    return a * k * scale


def threads(a):
    return lidfast.get_num_threads() + 0 * a


def counted(a, folder):
    with (Path(folder) / "calls").open("a") as file:
        file.write(f"{a}\n")
    return 2.0 * a


def fails_once(a, folder):
    if a == 2 and not (Path(folder) / "mended").exists():
        raise ValueError("not\nyet")
    return a


def kills_its_worker_once(a, folder, rng):
    marker = Path(folder) / "killed"
    if a == 5 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return np.random.default_rng(rng).random()


def dies_or_hangs(a):
    if a == 1:
        os._exit(1)
    if a == 2:
        time.sleep(1000)
    if a == 3:
        raise RuntimeError("three")
    return a


def shapes(a):
    return {"x": np.zeros(int(a))}
