"""The kernel tests again, at each instruction-set level that this machine has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lidfast import _core

TESTS = Path(__file__).parent
INSIDE = "LIDFAST_TEST_LEVEL" in os.environ
OTHERS = [level for level in _core.levels() if level != _core.level]


@pytest.mark.kernel
@pytest.mark.skipif(not INSIDE, reason="for the runs started here")
def test_the_level_is_the_one_asked_for():
    assert _core.level == os.environ["LIDFAST_TEST_LEVEL"]


@pytest.mark.skipif(INSIDE, reason="a run started here starts no others")
@pytest.mark.skipif(not OTHERS, reason="this machine has one level")
@pytest.mark.parametrize("level", OTHERS)
def test_kernels_at_level(level):
    command = [sys.executable, "-m", "pytest", "-q", "-m", "kernel", "-p", "no:cacheprovider"]
    command += ["--rootdir", TESTS.parent, "-c", TESTS.parent / "pyproject.toml", TESTS]
    done = subprocess.run(
        command,
        env=os.environ | {"LIDFAST_ISA": level, "LIDFAST_TEST_LEVEL": level},
        cwd=Path(sys.executable).parent,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 1
