"""NumPy's own tests of its Generator, run against ours: python bench/numpy_conformance.py [-v]

The modules are those of the installed NumPy. While they are imported and run, numpy.random holds an
adapter in place of Generator and default_rng: our generator for the methods it has, NumPy's for the
others, seeded from the bit generator it is given. Tests that compare with recorded variates keep
their calls, shapes and exceptions, and lose the comparison of values; so do the words of messages.
With -v each test is listed, and failures with their traceback.
"""

import inspect
import re
import sys
from collections import Counter

import numpy as np
import pytest

import lidfast.random

MODULES = ("test_generator_mt19937", "test_generator_mt19937_regressions", "test_smoke")
METHODS = [name for name in vars(lidfast.random.Generator) if hasattr(np.random.Generator, name)]
METHODS = [name for name in METHODS if name[0] != "_" and name not in ("spawn", "bit_generator")]
CALL = re.compile(rf"(?<!\bnp)\.({'|'.join(METHODS)})\b|\bdefault_rng\(")  # np.random is a module

# What cannot hold here, by the end of a test's name (parameters left off), and why.
BIT_GENERATOR = "needs the state, jumps or pickles of NumPy's bit generators"
LEFT_OUT = {
    "TestSetState::test_gaussian_reset": BIT_GENERATOR,
    "TestSetState::test_gaussian_reset_in_media_res": BIT_GENERATOR,
    "::test_jump": BIT_GENERATOR,
    "TestMT19937::test_numpy_state": BIT_GENERATOR,
    "::test_generator_ctor_old_style_pickle": BIT_GENERATOR,
    "::test_pickle_preserves_seed_sequence": BIT_GENERATOR,
    "TestRandomDist::test_binomial": "draws with n = 100.123, which NumPy truncates and we refuse",
}

NumPy, numpy_rng = np.random.Generator, np.random.default_rng


class State:
    """What the tests ask of a bit generator: its state, which is our generator's."""

    def __init__(self, generator):
        self.generator = generator

    @property
    def state(self):
        return self.generator.state

    @state.setter
    def state(self, state):
        self.generator.state = state


class Adapter(lidfast.random.Generator):
    """Our generator where it has the method, NumPy's elsewhere."""

    def __init__(self, source=None):
        if isinstance(source, np.random.BitGenerator):
            self.others, source = NumPy(source), source.seed_seq
        elif isinstance(source, type):
            raise ValueError("a bit generator must be an instance")
        else:
            self.others = numpy_rng(source)
        super().__init__(source)

    @property
    def bit_generator(self):
        return State(self)

    def __getattr__(self, name):
        return getattr(self.__dict__["others"], name)


def adapted_rng(seed=None):
    return seed if isinstance(seed, Adapter) else Adapter(seed)


def same_shape(actual, desired, *_, **__):
    """In place of a comparison with recorded variates."""
    actual, desired = np.asarray(actual), np.asarray(desired)
    assert actual.size == 1 or actual.shape == desired.shape
    assert actual.dtype.kind == desired.dtype.kind or actual.size == 1


class AnyWords:
    """pytest whose raises() asks for the exception and not for its words."""

    def __getattr__(self, name):
        return getattr(pytest, name)

    @staticmethod
    def raises(expected, *args, match=None, **kwargs):  # noqa: ARG004
        return pytest.raises(expected, *args, **kwargs)


class Conformance:
    """Chooses the tests, relaxes those of recorded variates, and keeps the results."""

    def __init__(self):
        self.skipped, self.results, self.recorded, self.reasons = {}, {}, set(), {}

    def pytest_collection_modifyitems(self, items):
        chosen = []
        for item in items:
            name = item.nodeid.split("/")[-1]
            source = inspect.getsource(item.function)  # with its parametrization
            reason = next((why for end, why in LEFT_OUT.items() if name.split("[")[0].endswith(end)), None)
            if "test_smoke.py" in name and "::TestDefaultRNG::" not in name:
                reason = "is TestDefaultRNG's with another bit generator, which ours would replace"
            if not CALL.search(source):
                reason = "calls none of our methods"
            if reason:
                self.skipped[name] = reason
                continue
            chosen.append(item)
            if re.search(r"\bdesired\b", source):
                self.recorded.add(name)
        items[:] = chosen

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(item.module, "pytest", AnyWords())
            if item.nodeid.split("/")[-1] in self.recorded:
                for name in ("assert_array_almost_equal", "assert_array_equal"):
                    patch.setattr(item.module, name, same_shape, raising=False)
                patch.setattr(np.testing, "assert_array_almost_equal_nulp", same_shape)
            yield

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.split("/")[-1]
            self.results[name] = report.outcome
            if report.outcome == "failed":
                self.reasons[name] = str(report.longrepr.reprcrash.message).splitlines()[0]
            elif report.outcome == "skipped":
                self.skipped[name] = report.longrepr[2]


def main(verbose):
    conformance = Conformance()
    np.random.Generator, np.random.default_rng = Adapter, adapted_rng
    try:
        pytest.main(
            ["--pyargs", *(f"numpy.random.tests.{module}" for module in MODULES)]
            + ["-q", "-c", "/dev/null", "-p", "no:cacheprovider", "--no-header", "--no-summary"]
            + (["-vv", "--tb=short"] if verbose else ["--tb=no"]),
            plugins=[conformance],
        )
    finally:
        np.random.Generator, np.random.default_rng = NumPy, numpy_rng
    results = Counter(conformance.results.values())
    full = sum(
        outcome == "passed" and name not in conformance.recorded
        for name, outcome in conformance.results.items()
    )
    print(f"\nNumPy {np.__version__}, methods: {' '.join(METHODS)}")
    print(f"passed {results['passed']}: {full} as they are, ", end="")
    print(f"{results['passed'] - full} without the comparison with recorded variates")
    print(f"failed {results['failed']}")
    for name, why in conformance.reasons.items():
        print(f"  {name}: {why}")
    print(f"left out {len(conformance.skipped)}")
    for why, count in Counter(conformance.skipped.values()).most_common():
        print(f"  {count:4d} {why}")
        if verbose or count < 10:
            print(
                "".join(f"         {name}\n" for name, w in conformance.skipped.items() if w == why), end=""
            )
    return results["failed"] > 0


if __name__ == "__main__":
    sys.exit(main("-v" in sys.argv[1:]))
