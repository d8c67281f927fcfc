"""Build wheel and sdist, install them in clean environments of every Python, and track the demo away from the clone.

    python benchmarks/install.py                          # python3.10 to python3.13, as far as they are installed
    python benchmarks/install.py --pythons python3.12 --keep dist

Each Python gets a new environment: the wheel is installed with all that it needs and tracks the demo, then the sdist
takes its place and tracks it again. An environment takes minutes and several gigabytes, and is removed again. A table
is printed; the exit status is 1 if one fails or if the boxes differ.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("python3.10", "python3.11", "python3.12", "python3.13")


def main() -> int:
    """Return 1 if an installation fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pythons", nargs="+", default=[one for one in PYTHONS if works(one)])
    parser.add_argument("--keep", type=Path, help="keep wheel and sdist in this folder")
    options = parser.parse_args()
    if not options.pythons:
        parser.error(f"none of {', '.join(PYTHONS)} is installed; name one with --pythons")
    boxes: set[int] = set()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        made = options.keep or Path(folder) / "dist"
        run([sys.executable, "-m", "build", "-o", str(made), str(ROOT)], ROOT)
        files = [next(made.glob("*.whl")), next(made.glob("*.tar.gz"))]
        print("| Python | file | install | demo | boxes |\n|---|---|---:|---:|---:|", flush=True)
        for python in options.pythons:
            try:
                boxes |= check(python, files, Path(folder) / "env")
            except subprocess.CalledProcessError as error:
                failed += 1
                print(f"| {python} | failed: {(error.stderr or error.stdout)[-2000:]} |", flush=True)
            finally:
                shutil.rmtree(Path(folder) / "env", ignore_errors=True)
    if len(boxes) > 1:
        print(f"The demo has different numbers of boxes: {sorted(boxes)}", flush=True)
    return 1 if failed or len(boxes) > 1 else 0


def check(python: str, files: list[Path], folder: Path) -> set[int]:
    """Install each file in one clean environment and track the demo; print a row each, return the numbers of boxes."""
    inside = folder / ("Scripts" if os.name == "nt" else "bin")
    run([python, "-m", "venv", str(folder)], folder.parent)
    found = set()
    for file in files:
        wheel = file.suffix == ".whl"
        began = time.perf_counter()
        # The sdist needs what the wheel has brought already, so only the project itself is built and replaced.
        again = [] if wheel else ["--force-reinstall", "--no-deps"]
        run([str(inside / "python"), "-m", "pip", "install", "-q", *again, str(file)], folder)
        ready = time.perf_counter()
        shutil.rmtree(folder / "runs", ignore_errors=True)
        run([str(inside / "sportstrack"), "track", "--demo", "--quiet"], folder)
        ended = time.perf_counter()
        boxes = len((folder / "runs" / "track" / "demo.txt").read_text(encoding="utf-8").splitlines())
        kind = "wheel" if wheel else "sdist"
        print(f"| {python} | {kind} | {ready - began:.0f} s | {ended - ready:.0f} s | {boxes} |", flush=True)
        found.add(boxes)
    return found


def works(python: str) -> bool:
    """Return whether this Python starts."""
    found = shutil.which(python)
    return found is not None and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


def run(command: list[str], folder: Path) -> None:
    """Run a command away from the clone's packages; raise CalledProcessError with what it printed."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=folder, env=clean, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
