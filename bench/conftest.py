"""A benchmark case: our call and its peers, run in turn in one process; the ratios are printed last.

pytest bench                                   all cases
pytest bench -k gamma                          some
pytest bench --tables docs/_benchmarks.md      the tables of the documentation
"""

import datetime
import platform
import re
import statistics
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from time import perf_counter, sleep

import pytest

import lidfast


@dataclass(frozen=True)
class Peer:
    """Seconds an item, and quartiles of peer / lidfast over the rounds."""

    time: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Row:
    """A case: of which suite, seconds an item on all threads and on one, work of an item, peers by name."""

    suite: str
    case: str
    ours: float
    one: float
    flops: float
    read: float
    unit: str
    peers: dict[str, Peer]


ROWS = pytest.StashKey[list[Row]]()
PAUSE = 0.02  # threads of one library that look out for more work take the cores from the next call
UNITS = {"ns": (1e9, 2), "us": (1e6, 4)}  # a second in it, digits shown


def installed(name):
    """Return the peer's module, or None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def pytest_addoption(parser):
    parser.addoption("--tables", type=Path, help="file that the results are written to, as Markdown")


def pytest_configure(config):
    config.stash[ROWS] = []


@pytest.fixture
def peers():
    return installed


@pytest.fixture
def compare(benchmark, request):
    """compare(ours, {peer: call or (call, its items)}, items): time them in turn and keep the ratios.

    The operations and the bytes read of an item, where given, are shown as rates.
    """

    def run(ours, calls, items, rounds=11, *, flops=0, read=0, unit="ns"):
        calls = {name: call if isinstance(call, tuple) else (call, items) for name, call in calls.items()}
        times = {name: [] for name in calls}
        one_thread = []

        def peers_first():
            with lidfast.num_threads(1):
                start = perf_counter()
                ours()
                one_thread.append((perf_counter() - start) / items)
            sleep(PAUSE)
            for name, (call, its_items) in calls.items():
                start = perf_counter()
                call()
                times[name].append((perf_counter() - start) / its_items)
                sleep(PAUSE)

        benchmark.pedantic(ours, setup=peers_first, rounds=rounds, warmup_rounds=1)
        own = [time / items for time in benchmark.stats.stats.data]
        found = {}
        for name, series in times.items():
            ratios = sorted(a / b for a, b in zip(series[1:], own, strict=True))
            quarter = len(ratios) // 4
            found[name] = Peer(
                statistics.median(series[1:]),
                ratios[quarter],
                statistics.median(ratios),
                ratios[-1 - quarter],
            )
            benchmark.extra_info[name] = vars(found[name])
        request.config.stash[ROWS].append(
            Row(
                request.module.__doc__,
                request.node.name,
                statistics.median(own),
                statistics.median(one_thread[1:]),
                flops,
                read,
                unit,
                found,
            )
        )

    return run


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash[ROWS]
    if not rows:
        return
    write = terminalreporter.write_line
    terminalreporter.section("lidfast beside its peers")
    write(f"Times per item, medians. Ratio: peer / lidfast on {lidfast.get_num_threads()} threads")
    write("[quartiles of the rounds], and on one.")
    for row in rows:
        scale, digits = UNITS[row.unit]
        rates = ""
        if row.flops:
            rates = f"; {row.flops / row.ours / 1e9:.1f} GFLOP/s, {row.read / row.ours / 1e9:.1f} GB/s"
        write(
            f"{row.case}: lidfast {row.ours * scale:.{digits}f} {row.unit}, "
            f"on one thread {row.one * scale:.{digits}f}{rates}"
        )
        for name, peer in row.peers.items():
            verdict = "" if peer.low > 1 or peer.high < 1 else " (not told apart)"
            ratios = f"{peer.middle:8.2f} [{peer.low:.2f}, {peer.high:.2f}]{verdict}"
            ratios += f", one thread {peer.time / row.one:.2f}"
            write(f"    {name:<24} {peer.time * scale:12.{digits}f}   ratio {ratios}")
    if path := config.getoption("tables"):
        path.write_text(tables(rows))
        write(f"written: {path}")


def machine():
    """Say where the times were taken, and with what."""
    model = platform.processor() or platform.machine()
    if (cpus := Path("/proc/cpuinfo")).exists():
        model = re.search(r"model name\s*: (.*)", cpus.read_text())[1]
    names = "numpy", "scipy", "scikit-learn", "numba", "torch", "mkl_random", "powerlaw"
    peers = [
        f"{name} {version(name)}" for name in names if installed(name.replace("scikit-learn", "sklearn"))
    ]
    return (
        f"{model}, {lidfast.get_num_threads()} threads, {platform.system()}, "
        f"Python {platform.python_version()}, {datetime.date.today()}; "
        f"lidfast {lidfast.__version__} at {lidfast._core.level}, {', '.join(peers)}"
    )


def digits(x):
    """Write three significant digits, without an exponent."""
    return f"{float(f'{x:.3g}'):,.15g}"


def span(seconds):
    """Write seconds with a unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-9)} ns"


def tables(rows):
    """Return a table for each suite, ratios first."""
    head = "| case | beside | times as fast | quartiles | on one thread | lidfast, an item | it, an item |"
    lines = [f"Measured on {machine()}.", ""]
    for suite, members in groupby(rows, lambda row: row.suite):
        title, _, notes = suite.partition("\n")
        lines += [f"## {title.rstrip('.')}", "", *([notes.strip(), ""] if notes.strip() else [])]
        lines += [head, "|---|---|---:|---|---:|---:|---:|"]
        for row in members:
            case = re.sub(r"^bench_(\w+)(?:\[(.*)\])?$", r"\1 \2", row.case).strip()
            for name, peer in row.peers.items():
                cells = [
                    case,
                    name,
                    f"**{digits(peer.middle)}**",
                    f"{digits(peer.low)} to {digits(peer.high)}",
                    digits(peer.time / row.one),
                    span(row.ours),
                    span(peer.time),
                ]
                lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)
