"""A benchmark case: our call and its peers, run in turn in one process; the ratios are printed last.

pytest bench            all cases
pytest bench -k gamma   some
"""

import statistics
from importlib import import_module
from time import perf_counter, sleep

import pytest

import lidfast

ROWS = pytest.StashKey[list]()
PAUSE = 0.02  # threads of one library that look out for more work take the cores from the next call
UNITS = {"ns": (1e9, 2), "us": (1e6, 4)}  # a second in it, digits shown


def installed(name):
    """Return the peer's module, or None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


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
        row = {
            "case": request.node.name,
            "ours": statistics.median(own),
            "one": statistics.median(one_thread[1:]),
            "work": (flops, read),
            "unit": unit,
        }
        for name, series in times.items():
            ratios = sorted(a / b for a, b in zip(series[1:], own, strict=True))
            quarter = len(ratios) // 4
            row[name] = (
                statistics.median(series[1:]),
                ratios[quarter],
                statistics.median(ratios),
                ratios[-1 - quarter],
            )
            benchmark.extra_info[name] = row[name]
        request.config.stash[ROWS].append(row)

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
        ours, one, (flops, read), unit = (row.pop(key) for key in ("ours", "one", "work", "unit"))
        scale, digits = UNITS[unit]
        rates = f"; {flops / ours / 1e9:.1f} GFLOP/s, {read / ours / 1e9:.1f} GB/s" if flops else ""
        write(
            f"{row.pop('case')}: lidfast {ours * scale:.{digits}f} {unit}, "
            f"on one thread {one * scale:.{digits}f}{rates}"
        )
        for name, (time, low, middle, high) in row.items():
            verdict = "" if low > 1 or high < 1 else " (not told apart)"
            ratios = f"{middle:8.2f} [{low:.2f}, {high:.2f}]{verdict}, one thread {time / one:.2f}"
            write(f"    {name:<24} {time * scale:12.{digits}f}   ratio {ratios}")
