"""The machinery under the kernels: threads, forks, signals, levels, symbols."""

import math
import os
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import threadpoolctl

import lidfast
from lidfast import _core, _threads

openmp = pytest.mark.skipif(not _core.openmp, reason="built without OpenMP")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def python(code, **environment):
    """Run code in a new interpreter, away from the checkout."""
    env = {key: value for key, value in os.environ.items() if key not in ("OMP_NUM_THREADS", "LIDFAST_ISA")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=env | environment,
        cwd=Path(sys.executable).parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


def printed(code, **environment):
    done = python(code, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---------------------------------------------------------------- thread counts


@pytest.fixture
def restored_threads():
    before = lidfast.get_num_threads()
    yield
    lidfast.set_num_threads(before)


@openmp
@pytest.mark.usefixtures("restored_threads")
def test_thread_counts_nest():
    lidfast.set_num_threads(5)
    assert lidfast.get_num_threads() == 5
    with lidfast.num_threads(2):
        assert lidfast.get_num_threads() == 2
        with lidfast.num_threads(7):
            assert lidfast.get_num_threads() == 7
            lidfast.set_num_threads(6)
            assert lidfast.get_num_threads() == 7
        assert lidfast.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="leave"), lidfast.num_threads(3):
            raise RuntimeError("leave")
        assert lidfast.get_num_threads() == 2
    assert lidfast.get_num_threads() == 6


@openmp
@pytest.mark.usefixtures("restored_threads")
def test_the_context_is_per_python_thread():
    lidfast.set_num_threads(4)
    seen = []

    def look():
        seen.append(lidfast.get_num_threads())
        with lidfast.num_threads(3):
            seen.append(lidfast.get_num_threads())
            inside.set()
            leave.wait(60)

    inside, leave = threading.Event(), threading.Event()
    with lidfast.num_threads(2):
        thread = threading.Thread(target=look)
        thread.start()
        assert inside.wait(60)
        assert lidfast.get_num_threads() == 2
        leave.set()
        thread.join()
    assert seen == [4, 3]


@pytest.mark.parametrize("function", [lidfast.set_num_threads, lambda n: lidfast.num_threads(n).__enter__()])
def test_wrong_thread_counts(function):
    before = lidfast.get_num_threads()
    for n in (0, -1, 4097, 2**40):
        with pytest.raises(ValueError, match=f"n is {n}: it must be an integer in \\[1, 4096\\]"):
            function(n)
    for n in (1.5, "2", None):
        with pytest.raises(TypeError, match="n must be an integer"):
            function(n)
    assert lidfast.get_num_threads() == before


COUNT = "import lidfast; print(lidfast.get_num_threads())"


@openmp
@pytest.mark.parametrize(
    ("asked", "given"), [("3", 3), (" 5 ", 5), ("6,2", 6), ("70000", 4096), ("9" * 30, 4096)]
)
def test_omp_num_threads(asked, given):
    assert printed(COUNT, OMP_NUM_THREADS=asked) == str(given)


@openmp
@linux
def test_default_respects_affinity_and_ignores_nonsense():
    one = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert printed(one + COUNT) == "1"
    assert printed(one + COUNT, OMP_NUM_THREADS="none") == "1"
    assert printed(one + COUNT, OMP_NUM_THREADS="0") == "1"
    available = min(len(os.sched_getaffinity(0)), math.ceil(min(_threads._cgroup_limit(), 1e6)))
    assert printed(COUNT) == str(available)


def tree(tmp_path, own, **files):
    """Build a fake /proc/self/cgroup and /sys/fs/cgroup; in the keys, __ is / and _dot_ a dot."""
    (tmp_path / "own").write_text(own)
    root = tmp_path / "cgroup"
    root.mkdir()
    for name, text in files.items():
        file = root / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return _threads._cgroup_limit(root, tmp_path / "own")


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        # version 2
        ("0::/a/b\n", {"a__b__cpu_dot_max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a__b__cpu_dot_max": "max 100000\n"}, math.inf),
        ("0::/a/b\n", {"a__b__cpu_dot_max": "max 100000\n", "a__cpu_dot_max": "50000 100000\n"}, 0.5),
        ("0::/a/b\n", {"a__b__cpu_dot_max": "400000 100000\n", "a__cpu_dot_max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu_dot_max": "300000 100000\n"}, 3),
        ("0::/gone/in/container\n", {"cpu_dot_max": "300000 100000\n"}, 3),
        ("0::/../other\n", {"cpu_dot_max": "300000 100000\n"}, 3),
        ("0::/a:b\n", {"a:b__cpu_dot_max": "100000 50000\n"}, 2),
        ("0::/a\n", {"a__cpu_dot_max": "many 100000\n"}, math.inf),
        ("0::/a\n", {"a__cpu_dot_max": ""}, math.inf),
        ("0::/a\n", {"a__cpu_dot_max": "1 0\n"}, math.inf),
        # version 1
        (
            "5:cpu,cpuacct:/a\n1:name=systemd:/b\n3:cpuset:/c\n",
            {
                "cpu__a__cpu_dot_cfs_quota_us": "250000\n",
                "cpu__a__cpu_dot_cfs_period_us": "100000\n",
                "cpu__b__cpu_dot_cfs_quota_us": "1\n",
                "cpu__b__cpu_dot_cfs_period_us": "1\n",
                "cpu__c__cpu_dot_cfs_quota_us": "1\n",
                "cpu__c__cpu_dot_cfs_period_us": "1\n",
            },
            2.5,
        ),
        (
            "5:cpuacct,cpu:/a\n",
            {"cpu__a__cpu_dot_cfs_quota_us": "-1\n", "cpu__a__cpu_dot_cfs_period_us": "100000\n"},
            math.inf,
        ),
        (
            "5:cpu:/docker/x\n",
            {"cpu__cpu_dot_cfs_quota_us": "100000\n", "cpu__cpu_dot_cfs_period_us": "100000\n"},
            1,
        ),
        # both at once
        (
            "5:cpu:/a\n0::/a\n",
            {
                "cpu__a__cpu_dot_cfs_quota_us": "200000\n",
                "cpu__a__cpu_dot_cfs_period_us": "100000\n",
                "a__cpu_dot_max": "100000 100000\n",
            },
            1,
        ),
        ("", {}, math.inf),
    ],
)
def test_cgroup_limit(tmp_path, own, files, limit):
    assert tree(tmp_path, own, **files) == limit


def test_cgroup_limit_where_there_is_none(tmp_path):
    assert _threads._cgroup_limit(tmp_path, tmp_path / "missing") == math.inf
    (tmp_path / "own").write_bytes(b"0::/\xff\xfe\n")
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    assert _threads._cgroup_limit(tmp_path, tmp_path / "own") == 2


@openmp
@pytest.mark.usefixtures("restored_threads")
def test_default_is_the_ceiling_of_the_group_and_at_least_one(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for limit, threads in ((math.inf, 8), (2.5, 3), (0.1, 1), (100.0, 8)):
        monkeypatch.setattr(_threads, "_cgroup_limit", lambda limit=limit: limit)
        assert _threads._default_threads() == threads


# ---------------------------------------------------------------- the BLAS inside


def blas_threads():
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_one_thread_while_any_kernel_runs():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        first_in, first_out, second_in, second_out = (threading.Event() for _ in range(4))

        def hold(entered, leave):
            with _threads.single_threaded_blas:
                entered.set()
                assert leave.wait(60)

        first = threading.Thread(target=hold, args=(first_in, first_out))
        second = threading.Thread(target=hold, args=(second_in, second_out))
        first.start()
        assert first_in.wait(60)
        assert blas_threads() == {1}
        second.start()
        assert second_in.wait(60)
        first_out.set()
        first.join()
        assert blas_threads() == {1}
        second_out.set()
        second.join()
        assert blas_threads() == before
        with pytest.raises(np.linalg.LinAlgError):
            lidfast.ridge_solve(np.zeros((2, 2)), [1, 1], 0, method="cholesky")
        assert blas_threads() == before


def test_other_threads_may_limit_the_blas_after_a_kernel():
    def limit():
        with threadpoolctl.threadpool_limits(1, "blas"):
            seen.append(blas_threads())

    seen = []
    with _threads.single_threaded_blas:
        pass
    if blas_threads() == {1}:
        pytest.skip("one processor: nothing to limit")
    thread = threading.Thread(target=limit)
    thread.start()
    thread.join()
    assert seen == [{1}]


# ---------------------------------------------------------------- forks

FORK = """
    import hashlib, multiprocessing, os, signal
    import numpy as np
    import threadpoolctl
    import lidfast
    from lidfast._threads import single_threaded_blas

    def work():
        draws = lidfast.random.default_rng(1).standard_gamma(0.5, size=(200, 40, 8))
        coef = lidfast.ridge_solve(draws, draws[..., 0], 0.1)
        return hashlib.sha256(draws.tobytes() + coef.tobytes()).hexdigest()

    def child(_=None):
        signal.alarm(60)  # a child that hangs dies, and the test fails
        with single_threaded_blas:
            pools = threadpoolctl.threadpool_info()
            assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}
        return f"{lidfast.get_num_threads()} {work()}"

    lidfast.set_num_threads(3)
    print(lidfast.get_num_threads(), work(), flush=True)
"""


def fork_lines(code):
    lines = printed(textwrap.dedent(FORK) + textwrap.dedent(code)).splitlines()
    parent = lines[0].split()
    assert parent[0] == ("3" if _core.openmp else "1")
    children = [line.split() for line in lines[1:]]
    assert children
    for threads, bits in children:
        assert threads == "1"
        assert bits == parent[1]
    return children


@linux
def test_a_forked_child_runs_on_one_thread_with_the_same_bits():
    code = """
        for round in range(2):
            pid = os.fork()
            if not pid:
                lidfast.set_num_threads(4)  # of no effect here
                print(child(), flush=True)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            assert lidfast.get_num_threads() == (3 if lidfast._core.openmp else 1)
            work()
    """
    assert len(fork_lines(code)) == 2


@linux
def test_multiprocessing_by_fork():
    code = """
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(*pool.map_async(child, range(4)).get(60), sep="\\n")
    """
    assert len(fork_lines(code)) == 4


@linux
def test_a_fork_inside_the_blas_lock():
    code = """
        with single_threaded_blas, single_threaded_blas._lock:
            pid = os.fork()
            if not pid:
                print(child(), flush=True)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
    """
    assert len(fork_lines(code)) == 1


# ---------------------------------------------------------------- Ctrl-C and the GIL

LONG = {  # what to make first, and the call
    "random": ("out = np.empty(2 * 10**8)", "lidfast.random.default_rng(0).standard_gamma(0.3, out=out)"),
    "passk": (
        "log_fail, k, out = np.full(10**7, -70.0), np.ones(2000), np.empty((2, 2000))",
        "_passk.failure_curve(log_fail, True, None, k, 1e-15, 0.0, out)",  # one by one: no moments there
    ),
    "ridge": (
        "X = np.broadcast_to(np.eye(200), (10**6, 200, 200)); y = np.ones((1, 200))",
        "lidfast.ridge_solve(X, y, check_finite=False)",
    ),
    "ridge in parts": (
        "X, y = np.zeros((60_000, 4000), np.float32), np.zeros(60_000, np.float32)",
        "lidfast.ridge_solve(X, y, check_finite=False)",
    ),
}


@pytest.mark.parametrize("kernel", LONG)
def test_ctrl_c_leaves_a_long_kernel(kernel, record_property):
    """Within half a second on an idle machine; the bound leaves room for a loaded one."""
    code = f"""
        import os, signal, threading, time
        import numpy as np
        import lidfast
        from lidfast import _passk

        def press():
            global pressed
            pressed = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)

        signal.signal(signal.SIGINT, signal.default_int_handler)
        lidfast.set_num_threads(2)
        {LONG[kernel][0]}
        threading.Timer(0.5, press).start()
        try:
            {LONG[kernel][1]}
        except KeyboardInterrupt:
            print(time.monotonic() - pressed)
    """
    latency = float(printed(code))
    record_property("latency", latency)
    assert latency < 5


def test_python_threads_overlap_kernels():
    """Small kernels start and end in one Python thread while a long one runs in another."""
    span = []

    def long():
        out = np.empty(10**7)
        start = time.monotonic()
        with lidfast.num_threads(1):
            lidfast.random.default_rng(0).standard_gamma(0.3, out=out)
        span.extend([start, time.monotonic()])

    small = lidfast.random.default_rng(1)
    ticks = []
    thread = threading.Thread(target=long)
    thread.start()
    while thread.is_alive():
        start = time.monotonic()
        small.random(10)
        ticks.append((start, time.monotonic()))
        time.sleep(0.001)
    begin, end = span
    slack = 0.1 * (end - begin)
    inside = [tick for tick in ticks if begin + slack < tick[0] and tick[1] < end - slack]
    assert len(inside) >= 5


@linux
def test_memory_that_cannot_be_had():
    code = """
        import resource
        import numpy as np
        import lidfast
        X = np.zeros((8000, 8000))
        pages = int(open("/proc/self/statm").read().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**28, -1))
        for alpha in (0, 1):
            try:
                lidfast.ridge_solve(X, X[0], alpha, check_finite=False)
            except MemoryError:
                print("refused")
    """
    assert printed(code).split() == ["refused", "refused"]


# ---------------------------------------------------------------- levels and symbols


@pytest.mark.parametrize("level", _core.levels())
def test_each_level_loads(level):
    for name in (level, level.removeprefix("x86-64-")):
        shown = printed("import lidfast; lidfast.show_config()", LIDFAST_ISA=name)
        row = next(line for line in shown.splitlines() if line.startswith("instruction set"))
        assert row.split()[2] == level
        assert level in row.split("runs:")[1]


def test_the_default_level_is_the_newest_but_never_v4():
    levels = [level for level in _core.levels() if level != "x86-64-v4"]
    assert printed("from lidfast import _core; print(_core.level)") == levels[-1]
    assert printed("from lidfast import _core; print(_core.level)", LIDFAST_ISA="") == levels[-1]


def test_a_wrong_level_is_one_clear_line():
    wrong = ["x86-64-v9", "avx2", "V2"]
    wrong += [
        level for level in ("x86-64-v4", "v2", "baseline") if not any(level in one for one in _core.levels())
    ]
    for name in wrong:
        done = python("import lidfast", LIDFAST_ISA=name)
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert (
            last
            == f"ImportError: LIDFAST_ISA={name}: this build on this machine runs {', '.join(_core.levels())}"
        )


def test_show_config(capsys):
    with lidfast.num_threads(1):
        lidfast.show_config()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"lidfast {lidfast.__version__} ")
    table = {line[:16].strip(): line[16:].strip() for line in lines[1:]}
    assert table["instruction set"].startswith(_core.level)
    assert table["threads"] == "1"
    assert any(line.startswith("BLAS (scipy)") for line in lines)


@linux
@pytest.mark.skipif(which("nm") is None, reason="no nm")
def test_modules_export_their_init_alone():
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    modules = sorted(Path(_core.__file__).parent.glob(f"*{suffix}"))
    assert len(modules) >= 4
    for module in modules:
        listed = subprocess.run(
            ["nm", "-D", "--defined-only", module], capture_output=True, text=True, check=True
        ).stdout
        names = [line.split()[-1] for line in listed.splitlines()]
        assert names == [f"PyInit_{module.name.removesuffix(suffix)}"]
