"""Make the documentation in full: every stored figure anew, then the site with its gallery at full size.

    python docs/remake.py --data folder [--only tour.png] [--site site]

takes about half an hour on two cores; needs pip install '.[docs]'. The folder holds the two data
files that docs/proxies.md names; without it the figures that need them stay as they are.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from command import words

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# Figure, and the command that writes it as {out}. {data} is the folder of the data files.
FIGURES = {
    "lid.png": "lidfast simulate --plot {out}",
    "tour.png": "lidfast passk counts.csv --by model --k 1,10,100 --forecast 10000 --plot {out}",
    "figure-1.png": "lidfast simulate --d 64 --sigma 0.001 --delta 0.0003 --ridge 1e-9 --signal 0.01"
    " --n-min 8 --n-max 32768 --per-octave 2 --k-max 100000 --k-ref 1000 --runs 256 --instances 50000"
    " --plot {out}",
    "artificial-tail.png": "python examples/artificial_tail.py --out {out}",
    "frontiers-losses.png": "python examples/frontiers.py --losses {out}",
    "frontiers-phases.png": "python examples/frontiers.py --phases {out}",
    "memorization.png": "python examples/memorization.py --out {out}",
    "phase-diagram.png": "python examples/phase_diagram.py --store phase.zarr --out {out}",
    "distillation.png": "python examples/distillation.py --out {out}",
    "coverage.png": "lidfast coverage {data}/bon_jailbreaking_text.csv --by model --stopping first_success"
    " --block 60 --plot {out}",
    "human_labels.png": "python examples/human_labels.py --data {data}/cifar10h_resnet20.npz --out {out}",
    "pythia.png": "python examples/pythia_progress.py --data {data}/monkeys_pythia.csv --out {out}",
    "gallery-human-labels.png": "python docs/remake.py --script counts/data_human_labels.py {data} {out}",
    "gallery-model-sizes.png": "python docs/remake.py --script counts/data_model_sizes.py {data} {out}",
}


def script(name: str, data: str, out: str) -> None:
    """Run a script of the gallery that needs data, and write its figure."""
    import runpy

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    os.environ["LIDFAST_DATA"] = data
    plt.ion()  # so that show() does not warn of a canvas without a window
    runpy.run_path(str(ROOT / "examples" / "gallery" / name))
    plt.savefig(out, dpi=150)


def main() -> None:
    """Remake what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the data files")
    parser.add_argument("--only", nargs="+", choices=FIGURES, help="these figures, and no site")
    parser.add_argument("--site", type=Path, default=ROOT / "site")
    parser.add_argument("--script", nargs=3, metavar=("NAME", "DATA", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.script:
        script(*given.script)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("examples", "docs"):
            (folder / part).symlink_to(ROOT / part)
        subprocess.run(words("python examples/counts.py"), cwd=folder, check=True)
        for figure, command in FIGURES.items():
            if (given.only and figure not in given.only) or ("{data}" in command and not given.data):
                continue
            print(f"{figure}: {command}", flush=True)
            full = command.format(out=folder / figure, data=given.data and given.data.resolve())
            subprocess.run(words(full), cwd=folder, check=True)
            shutil.move(folder / figure, DOCS / figure)
    if not given.only:
        os.environ["LIDFAST_GALLERY"] = "full"
        subprocess.run([sys.executable, "-m", "sphinx", "-W", "-a", "-E", DOCS, given.site], check=True)


if __name__ == "__main__":
    main()
