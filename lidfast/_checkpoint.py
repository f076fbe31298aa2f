"""A file in which a long calculation keeps what it has found, so that a second call goes on from there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from . import _core
from ._atomic import atomically
from ._check import FloatArray
from .random import Generator, Seed, default_rng

_SECONDS = 5.0  # between two writes


class Checkpoint:
    """Arrays by name, NaN where nothing was found so far, and the generator that they came from."""

    def __init__(self, path: Path | None, settings: dict[str, str], rng: Generator) -> None:
        self.rng = rng
        self._path, self._settings = path, settings
        self._arrays: dict[str, FloatArray] = {}
        self._stored: Mapping[str, FloatArray] = {}
        self._written = time.monotonic()

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Return the array of this name, as it was stored or new; what is written to it is kept."""
        array = self._stored.get(name)
        if array is None:
            array = np.full(shape, np.nan)
        elif array.shape != shape:
            raise ValueError(f"checkpoint: {self._path} holds {name} of shape {array.shape}, not {shape}")
        self._arrays[name] = array
        return array

    def save(self, *, now: bool = False) -> None:
        """Write the file, whole or not at all; unless `now`, not more often than every few seconds."""
        if self._path is None or not (now or time.monotonic() - self._written > _SECONDS):
            return
        with atomically(self._path) as file:
            np.savez(file, allow_pickle=False, settings=np.array(json.dumps(self._settings)), **self._arrays)
        self._written = time.monotonic()

    def _load(self, path: Path, seeded: bool) -> None:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                stored = dict(archive)
            settings = json.loads(str(stored.pop("settings")))
            state = json.loads(settings["seed"])
        except (OSError, BadZipFile, ValueError, KeyError, EOFError, TypeError) as error:
            raise ValueError(f"checkpoint: {path} is not a checkpoint of lidfast ({error})") from None
        if not seeded:
            self.rng.state = state
            self._settings["seed"] = settings["seed"]
        for name, value in self._settings.items():
            if settings.get(name) != value:
                raise ValueError(
                    f"checkpoint: {path} was made with another {name}: {settings.get(name)}, not {value}"
                )
        self._stored = stored


@contextmanager
def opened(
    path: str | os.PathLike[str] | None, settings: Mapping[str, str], rng: Seed | Generator
) -> Iterator[Checkpoint]:
    """Open the checkpoint at a path, which need not exist; None keeps nothing.

    Another seed, other settings, another version of lidfast or another instruction set than those of
    the file raise ValueError. It is written at the end, also where that is an exception. Without a
    seed a file goes on with its own.
    """
    generator = default_rng(rng)
    every: dict[str, Any] = dict(settings)
    every |= {"seed": json.dumps(generator.state), "lidfast": version("lidfast"), "level": _core.level}
    checkpoint = Checkpoint(None if path is None else Path(path), every, generator)
    if path is not None and Path(path).exists():
        checkpoint._load(Path(path), seeded=rng is not None)
    try:
        yield checkpoint
    finally:
        checkpoint.save(now=True)
