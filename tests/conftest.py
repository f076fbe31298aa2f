"""Shared by all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

# Examples are the same in every run: a red test is a defect, not luck.
settings.register_profile("lidfast", derandomize=True, deadline=None)
settings.load_profile("lidfast")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real counts beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not beside this checkout")
    return folder
