"""The door for Cython authors: tests/door is built against the installed lidfast, then used."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import lidfast
from lidfast.cython_random import Sampler

SOURCE = Path(__file__).parent / "door"
ROOT = SOURCE.parents[1]
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
DRAWS = [
    ("random", ()),
    ("standard_normal", ()),
    ("standard_exponential", ()),
    ("standard_gamma", (0.3,)),
    ("normal", (1.0, 2.0)),
    ("uniform", (-1.0, 1.0)),
    ("gamma", (0.7, 3.0)),
    ("inverse_gamma", (1.25, 2.0)),
    ("chisquare", (3.0,)),
    ("standard_t", (2.5,)),
    ("beta", (0.3, 2)),
    ("pareto", (1.5,)),
    ("weibull", (0.8,)),
    ("lognormal", (0.0, 1.0)),
    ("levy_stable", (1.5, 0.5)),
    ("geometric", (0.01,)),
    ("binomial", (200, 0.3)),
    ("poisson", (20.0,)),
    ("zipf", (1.5,)),
]


def run(arguments, folder):
    """Run Python in a folder; its output is the message of a failure."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "CFLAGS": "-O0"},  # for a build: it takes half the time
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def load(name, folder):
    """Import an extension module from a folder."""
    file = folder / (name + sysconfig.get_config_var("EXT_SUFFIX"))
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Folder of the built package."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"no C compiler {COMPILER[0]}")
    folder = tmp_path_factory.mktemp("door")
    for file in SOURCE.iterdir():
        if file.suffix in (".pyx", ".py", ".toml"):
            shutil.copy(file, folder)
    run(["setup.py", "-q", "build_ext", "--inplace", "-j2"], folder)
    return folder


@pytest.fixture(scope="session")
def cases(built):
    return load("cases", built)


def rng():
    return lidfast.random.default_rng(7)


# ---------------------------------------------------------------- the sampler, from Python


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("standard_t", -1.0), ValueError, "df is -1.0: it must be > 0"),
        (("geometric", 1.5), ValueError, r"p is 1.5: it must be in \(0, 1\]"),
        (("uniform", 2.0, 1.0), ValueError, "high is 1.0: it must be at least low"),
        (("binomial", 2.5, 0.5), ValueError, "n is 2.5: it must be an integer"),
        (("zipf", 0.5), ValueError, "a is 0.5"),
        (("standard_t", [1.0, 2.0]), TypeError, r"df must be one number, not an array of shape \(2,\)"),
        (("standard_t", "x"), TypeError, "df"),
        (("standard_t",), TypeError, "df"),
        (("standard_t", 1.0, 5), TypeError, "the law's parameters only"),
        (("standard_normal", 5), TypeError, "the law's parameters only"),
        (("standard_normal", None, np.float32), TypeError, "the law's parameters only"),
        (("spawn", 5), ValueError, "method is 'spawn': it must be one of random, "),
        ((None,), TypeError, "method"),
    ],
)
def test_wrong_parameters_raise(arguments, error, message):
    with pytest.raises(error, match=message):
        Sampler(*arguments)


def test_defaults_and_names_are_those_of_the_method():
    assert Sampler("normal").parameters == (0.0, 1.0)
    assert Sampler("gamma", shape=2, scale=3).parameters == (2, 3)
    assert Sampler("zipf", 2.0, n=10).parameters == (2.0, 10)
    assert repr(Sampler("standard_t", 3)) == "Sampler('standard_t', 3)"
    assert Sampler("standard_t", np.array(3.0)).method == "standard_t"


# ---------------------------------------------------------------- bits


@pytest.mark.kernel
@pytest.mark.parametrize("n", [1, 5, 10_000])
@pytest.mark.parametrize(("method", "parameters"), DRAWS)
def test_fills_have_the_generators_bits(cases, method, parameters, n):
    ours, theirs = rng(), rng()
    sampler = Sampler(method, *parameters)
    for threads in (0, 1, 3):
        expected = getattr(theirs, method)(*parameters, size=n)
        out = cases.fill(ours, sampler, np.empty(n, expected.dtype), threads)
        np.testing.assert_array_equal(out, expected)
    assert ours.state == theirs.state


@pytest.mark.kernel
@pytest.mark.parametrize(("method", "parameters"), DRAWS)
def test_floats_where_the_method_has_them(cases, method, parameters):
    sampler, out = Sampler(method, *parameters), np.empty(5000, np.float32)
    if method in ("random", "standard_normal", "standard_exponential", "standard_gamma"):
        expected = getattr(rng(), method)(*parameters, size=5000, dtype=np.float32)
        np.testing.assert_array_equal(cases.fill(rng(), sampler, out), expected)
    else:
        with pytest.raises(ValueError, match="a type that the sampler's law does not give"):
            cases.fill(rng(), sampler, out)


def test_a_negative_zero_is_itself(cases):
    cases.fill(rng(), Sampler("normal", 0.0, 0.0), np.empty(3))
    out = cases.fill(rng(), Sampler("normal", -0.0, 0.0), np.empty(3))
    np.testing.assert_array_equal(out, 0.0)


def test_calls_are_taken_in_order(cases):
    generator = rng()
    key, first = cases.next_call(generator, 3)
    again, second = cases.next_call(generator, 1)
    assert (key, first, second) == (again, 0, 3)
    assert generator.state["calls"] == 4
    assert key == np.random.SeedSequence(7).generate_state(4, np.uint64).tolist()
    for wrong in (np.random.default_rng(0), None):
        with pytest.raises(TypeError, match=r"generator must be a lidfast\.random\.Generator"):
            cases.next_call(wrong, 1)


def test_mistakes_return_a_status(cases):
    for what, (status, expected) in cases.statuses(Sampler("standard_t", 3)).items():
        assert status == expected, what
    raised = [(-1, KeyboardInterrupt), (-2, MemoryError), (-4, ValueError), (-2 | -4, MemoryError)]
    for status, error in raised:
        with pytest.raises(error):
            cases.raise_status(status)
    cases.raise_status(0)


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_a_team_of_the_caller(cases, threads):
    sampler, out, theirs = Sampler("standard_gamma", 0.3), np.empty((16, 20_000)), rng()
    with lidfast.num_threads(3):
        cases.rows(rng(), sampler, out, threads)
        assert lidfast.get_num_threads() == (3 if lidfast._core.openmp else 1)
    for row in out:
        np.testing.assert_array_equal(row, theirs.standard_gamma(0.3, 20_000))


def test_a_team_of_the_caller_under_the_gil(built):
    """A thread of the team must not wait for the GIL: nobody would give it."""
    code = """
        import numpy as np, lidfast, cases
        from lidfast.cython_random import Sampler
        out = np.empty((16, 200_000))
        cases.rows_under_the_gil(lidfast.random.default_rng(7), Sampler("random"), out)
        theirs = lidfast.random.default_rng(7)
        assert all((row == theirs.random(200_000)).all() for row in out)
    """
    run(["-c", textwrap.dedent(code)], built)


def test_python_threads_share_a_sampler_and_a_generator(cases):
    """Each call number is taken once, so the set of the draws is that of one thread."""
    ours, theirs, sampler = rng(), rng(), Sampler("standard_t", 3.0)
    with ThreadPoolExecutor(4) as pool:
        draws = list(pool.map(lambda _: cases.fill(ours, sampler, np.empty(10_000)), range(64)))
    expected = [theirs.standard_t(3.0, 10_000) for _ in range(64)]
    assert sorted(x.tobytes() for x in draws) == sorted(x.tobytes() for x in expected)


def test_ctrl_c_arrives_as_a_status(built):
    code = """
        import os, signal, threading
        import numpy as np, cases
        from lidfast.cython_random import Sampler
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            cases.fill_for_ever(Sampler("standard_t", 3.0), np.empty(10**6))
        except KeyboardInterrupt:
            print("left")
    """
    assert run(["-c", textwrap.dedent(code)], built) == "left\n"


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_a_forked_child(built):
    code = """
        import os
        import numpy as np, lidfast, cases
        from lidfast.cython_random import Sampler
        sampler = Sampler("standard_t", 3.0)
        def draw():
            return cases.fill(lidfast.random.default_rng(7), sampler, np.empty(10**5), 2)
        first = draw()
        pid = os.fork()
        if not pid:
            os._exit(int((draw() != first).any()))
        assert os.waitpid(pid, 0)[1] == 0
    """
    run(["-W", "ignore", "-c", textwrap.dedent(code)], built)


# ---------------------------------------------------------------- the page, and other versions


def test_the_example_of_the_page(built):
    tails, out, theirs = load("tails", built), np.empty(20), rng()
    tails.means(rng(), 3.0, 5000, out)
    np.testing.assert_allclose(out, [theirs.standard_t(3.0, 5000).mean() for _ in out], rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="df is -1"):
        tails.means(rng(), -1.0, 5000, out)


def test_the_page_shows_what_is_built_here():
    page = ROOT / "docs" / "cython.md"
    if not page.exists():
        pytest.skip("not a checkout")
    blocks = re.findall(r"```cython\n(.*?)```", page.read_text(), flags=re.DOTALL)
    assert (SOURCE / "tails.pyx").read_text() in blocks
    declared = Path(lidfast.__file__).with_name("cython_random.pxd").read_text()
    functions = re.findall(r"cdef int (\w+)\(", declared)
    assert len(functions) == 5
    assert all(f"`{name}(" in page.read_text() for name in functions)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("int64_t n, double *out", "int n, double *out", "has wrong signature"),
        ("    cdef int types", "    cdef int types\n    cdef double more", "size changed"),
    ],
)
def test_another_version_is_refused_at_import(built, tmp_path, old, new, message):
    declared = Path(lidfast.__file__).with_name("cython_random.pxd").read_text()
    assert declared.count(old) == 1
    package = tmp_path / "include" / "lidfast"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cython_random.pxd").write_text(declared.replace(old, new))
    (tmp_path / "other.pyx").write_text(
        "# cython: language_level=3, freethreading_compatible=True\n"
        "from lidfast.cython_random cimport Sampler, fill_double\n"
        "def nothing(Sampler sampler):\n    fill_double(sampler, NULL, 0, 0, NULL, 1)\n"
    )
    run(["-m", "cython", "-I", "include", "other.pyx"], tmp_path)
    target = tmp_path / ("other" + sysconfig.get_config_var("EXT_SUFFIX"))
    shared = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    include = sysconfig.get_path("include")
    subprocess.run(
        [*COMPILER, *shared, "-fPIC", "-O0", "-w", f"-I{include}", "other.c", "-o", str(target)],
        cwd=tmp_path,
        check=True,
    )
    with pytest.raises((TypeError, ValueError), match=message):
        load("other", tmp_path)
