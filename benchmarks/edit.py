"""How much work it takes to make tracks perfect: a simulated annotator with `sportstrack.edits`.

    python benchmarks/edit.py --data SportsMOT/train                      table and curve, matches held out
    python benchmarks/edit.py --calibrate --data SportsMOT/train          the weights of sportstrack/edits/weights.py

The annotator sees moments in the order of `find_moments`, answers from truth, and we count moments looked at (a look
shows two seconds) and keys pressed: one for each answer that is offered, three for a track that is not, two to go to
another frame. When the moments end before the tracks are right, it plays through. Four ways:

* linked: a correction holds from there on, and what follows from it is linked again between the anchors (`propagate`);
* onward: it holds from there on;
* piece: it holds to the next moment of its tracks, as in tools that relabel one piece at a time;
* playing: no moments; every track is played through, two seconds at a look, and corrected as in "onward".

Perfect: no track changes its person and no person its track, flickers of less than ten frames aside. Boxes that the
detector missed stay missing: IDF1 ends where perfect identities of the boxes that there are end.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy is imported

import argparse
import sys
from pathlib import Path

import numpy as np
from edit_annotator import Annotator, Work
from edit_calibrate import calibrate
from edit_world import matches

GOAL = 0.99  # of IDF1
WAYS = ("linked", "onward", "piece", "playing")


def work_through(data: Path, only: str) -> dict[str, list[Work]]:
    """Return what each way takes on each sequence that was held out."""
    done: dict[str, list[Work]] = {way: [] for way in WAYS}
    for match in matches(data, held=True):
        if only not in match.name:
            continue
        for way in WAYS:
            annotator = Annotator(match, way)
            work = annotator.by_playing() if way == "playing" else annotator.by_moments()
            done[way].append(work)
            first, last = work.curve[0], work.curve[-1]
            goal = reached(work)
            print(
                f"{match.name} {way}: IDF1 {first[2]:.3f} → {last[2]:.3f}, errors {first[3]} → {last[3]}, "
                f"looks {goal[0]} to {GOAL}, {work.looks} to the end, keys {goal[1]}, {work.keys}",
                flush=True,
            )
    return done


def reached(work: Work) -> tuple[int, int]:
    """Return looks and keys until IDF1 is reached for good; all of them if it never is."""
    low = [i for i, (*_, idf1, _errors) in enumerate(work.curve) if idf1 < GOAL]
    if not low:
        return 0, 0
    if low[-1] + 1 == len(work.curve):
        return work.looks, work.keys
    return work.curve[low[-1] + 1][:2]


def table(done: dict[str, list[Work]]) -> str:
    """Return the table of all sequences together."""
    lines = [
        f"| way | looks until IDF1 {GOAL} | keys | looks until perfect | keys | errors left | IDF1 at the end |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for way, works in done.items():
        goal = np.array([reached(work) for work in works]).sum(axis=0)
        looks, keys = sum(work.looks for work in works), sum(work.keys for work in works)
        left, idf1 = sum(work.curve[-1][3] for work in works), np.mean([work.curve[-1][2] for work in works])
        lines.append(f"| {way} | {goal[0]} | {goal[1]} | {looks} | {keys} | {left} | {idf1:.4f} |")
    return "\n".join(lines)


def curve(done: dict[str, list[Work]], path: Path) -> None:
    """Draw the mean IDF1 over the looks of all sequences, which are worked on side by side."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    for way, works in done.items():
        most = max(work.looks for work in works)
        at = np.arange(most + 1)
        idf1 = np.mean([_over(work, at) for work in works], axis=0)
        axes.plot([np.minimum(at[i], [w.looks for w in works]).sum() for i in at], 100 * idf1, label=way)
    axes.axhline(100 * GOAL, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("looks of two seconds, all sequences together")
    axes.set_ylabel("IDF1, mean of the sequences (%)")
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    figure.savefig(path, dpi=110)


def _over(work: Work, at: np.ndarray) -> np.ndarray:
    looks = np.array([point[0] for point in work.curve])
    values = np.array([point[2] for point in work.curve])
    return values[np.searchsorted(looks, at, side="right") - 1]


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sportsmot/train"), help="SportsMOT sequences")
    parser.add_argument("--calibrate", action="store_true", help="fit the weights of moments instead")
    parser.add_argument("--only", default="", help="sequences whose name has this text")
    parser.add_argument("--curve", type=Path, default=Path("runs/edit-curve.png"), help="where the curve is drawn")
    args = parser.parse_args()
    if not args.data.is_dir():
        parser.error(f"--data: no folder {args.data}")
    if args.calibrate:
        calibrate(args.data)
        return 0
    done = work_through(args.data, args.only)
    print(table(done))
    args.curve.parent.mkdir(parents=True, exist_ok=True)
    curve(done, args.curve)
    return 0


if __name__ == "__main__":
    sys.exit(main())
