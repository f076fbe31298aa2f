"""The engine's raw words before batteries of tests of uniform words.

    python bench/battery.py smallcrush --order stream blocks --bits low high reversed
    python bench/battery.py crush --minutes 40 --out crush.txt
    python bench/battery.py dieharder --order blocks

smallcrush, crush and bigcrush are those of TestU01 (P. L'Ecuyer and R. Simard, ACM TOMS 33, 2007);
its headers and libraries are looked for under --prefix (Debian, non-free: libtestu01-0-dev).
dieharder is the program of that name, with -k 2 (its exact Kolmogorov-Smirnov p-values) and -Y 1
(it goes on with tests called weak until they pass or fail).

The words come as bench/battery.c says: as one long stream, or as the package uses them, in
blocks of 2048 words, those of 16 calls in turn. A test of TestU01 whose p-value is outside of
[0.001, 0.999], as its authors report them, runs again on words of two other seeds; one below 1e-10 or
above 1 - 1e-10 is a failure, and so is one that is suspect three times. The exit status is 1 then.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
TESTS = {"smallcrush": 10, "crush": 96, "bigcrush": 106}
SUSPECT, FAILED = 1e-3, 1e-10


def build(folder, prefix):
    """Compile battery.c: with TestU01 if a prefix is given."""
    program = folder / "battery"
    command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O3", "-march=native", f"-I{HERE.parent / 'src'}"]
    libraries = []
    if prefix:
        command += ["-DTESTU01", f"-I{prefix}/include"]
        command += [f"-I{path}" for path in Path(prefix).glob("include/*-linux-gnu")]
        places = [Path(prefix) / "lib", *Path(prefix).glob("lib/*-linux-gnu")]
        for place in places:  # by name, not -l: a copy outside of the system's folders runs too
            libraries += sorted(str(p) for p in place.glob("libtestu01*.a"))
        libraries *= 2  # they need one another
        libraries.append("-lgmp")
    command += [str(HERE / "battery.c"), "-o", str(program), *libraries, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return program


def words(program, order, bits, seed):
    """The command that makes the words of a seed."""
    key = np.random.SeedSequence(seed).generate_state(4, np.uint64)
    return [str(program), order, bits, *(format(int(word), "x") for word in key)]


def crush(program, battery, order, bits, seed, tests, deadline):
    """Yield (test, name, p) of each statistic, until the deadline."""
    process = subprocess.Popen(
        [*words(program, order, bits, seed), battery, *map(str, tests)], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("p "):
            _, test, p, name = line.rstrip().split(" ", 3)
            yield int(test), name, float(p)
            if perf_counter() > deadline:
                process.kill()
                break
    if process.wait() > 0:
        sys.exit(f"{battery} ended with {process.returncode}")


def suspect(p):
    return not SUSPECT <= p <= 1 - SUSPECT


def run_crush(program, arguments, say, deadline):
    failures = 0
    tests = arguments.tests or range(1, TESTS[arguments.battery] + 1)
    for order in arguments.order:
        for bits in arguments.bits:
            say(f"\n{arguments.battery}, order {order}, bits {bits}, seed {arguments.seed}")
            seen, ps, again = set(), [], {}
            results = crush(program, arguments.battery, order, bits, arguments.seed, tests, deadline)
            for test, name, p in results:
                seen.add(test)
                ps.append(p)
                say(f"  {test:3}  {name:32} p = {p:.4g}{'  SUSPECT' if suspect(p) else ''}")
                if suspect(p):
                    again.setdefault(test, []).append((name, p))
            for test, first in again.items():
                later = {}
                for seed in (arguments.seed + 1000, arguments.seed + 2000):
                    for _, name, p in crush(
                        program, arguments.battery, order, bits, seed, [test], float("inf")
                    ):
                        later.setdefault(name, []).append(p)
                for name, p in first:
                    say(
                        f"  again {test:3}  {name}: p = {p:.4g}, then "
                        + ", ".join(f"{q:.4g}" for q in later[name])
                    )
                    extreme = min(p, 1 - p) < FAILED
                    failures += extreme or all(suspect(q) for q in later[name])
            say(
                f"  {len(seen)} of {TESTS[arguments.battery]} tests, {len(ps)} p-values, "
                f"{sum(map(suspect, ps))} outside of [{SUSPECT:g}, {1 - SUSPECT:g}] "
                f"({2 * SUSPECT * len(ps):.1f} expected)"
            )
    return failures


def run_dieharder(program, arguments, say):
    if not shutil.which("dieharder"):
        sys.exit("dieharder is not installed")
    failures = 0
    for order in arguments.order:
        for bits in arguments.bits:
            say(f"\ndieharder, order {order}, bits {bits}, seed {arguments.seed}")
            source = subprocess.Popen(
                [*words(program, order, bits, arguments.seed), "raw"], stdout=subprocess.PIPE
            )
            chosen = [["-d", str(test)] for test in arguments.tests or []] or [["-a"]]
            counts = {"PASSED": 0, "WEAK": 0, "FAILED": 0}
            for which in chosen:
                tester = subprocess.Popen(
                    ["dieharder", *which, "-g", "200", "-k", "2", "-Y", "1"],
                    stdin=source.stdout,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for line in tester.stdout:
                    if line.count("|") == 5 and "test_name" not in line:
                        say("  " + line.rstrip())
                        for word in counts:
                            counts[word] += word in line
                tester.wait()
            source.kill()
            source.wait()
            say("  " + ", ".join(f"{number} {word}" for word, number in counts.items()))
            failures += counts["FAILED"]
    return failures


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("battery", choices=[*TESTS, "dieharder"])
    parser.add_argument("--order", nargs="+", choices=["stream", "blocks"], default=["stream", "blocks"])
    parser.add_argument("--bits", nargs="+", choices=["low", "high", "reversed"], default=["low"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", type=int, nargs="+", help="numbers of tests; default all")
    parser.add_argument("--minutes", type=float, help="TestU01: start no test after as many")
    parser.add_argument("--prefix", type=Path, default=Path("/usr"), help="where TestU01 is")
    parser.add_argument("--out", type=Path, metavar="FILE", help="save the report here too")
    arguments = parser.parse_args()
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = arguments.out.open("w") if arguments.out else None

        def say(line):
            print(line, flush=True)
            if report:
                print(line, file=report, flush=True)

        program = build(Path(folder), None if arguments.battery == "dieharder" else arguments.prefix)
        if arguments.battery == "dieharder":
            failures = run_dieharder(program, arguments, say)
        else:
            deadline = start + 60 * arguments.minutes if arguments.minutes else float("inf")
            failures = run_crush(program, arguments, say, deadline)
        say(f"\n{(perf_counter() - start) / 60:.1f} minutes; {failures or 'none'} failed.")
        if report:
            report.close()
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
