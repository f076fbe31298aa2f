"""Shared by all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are the same in every run: a red test is a defect, not luck.
settings.register_profile("lidfast", derandomize=True, deadline=None)
settings.load_profile("lidfast")


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """Path of a file of real counts beside the checkout, by name; skips where there is none."""

    def path(name: str) -> Path:
        file = Path(__file__).resolve().parents[2] / "shared" / "data" / name
        if not file.exists():
            pytest.skip(f"shared/data/{name} is not beside this checkout")
        return file

    return path
