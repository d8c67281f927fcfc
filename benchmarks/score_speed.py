"""How long CLEAR + Identity + HOTA take, from two MOT text files to the figures, against other evaluators.

    python benchmarks/score_speed.py                      # 750 frames of 10, 25, 100 and 500 players
    python benchmarks/score_speed.py --objects 25 --rounds 9
    python benchmarks/score_speed.py --crowd              # all players in one 1280 × 720 picture, however many
    python benchmarks/score_speed.py --csv score_speed.csv
    python benchmarks/score_speed.py --read SportsMOT/train   # the time of reading its truth alone

CPU seconds of one process and one thread; the contenders take turns, and the median of the rounds counts. Imports are
not timed. Every contender's HOTA, MOTA and IDF1 are checked against ours in the same run. motmetrics has its distances
from us, because its own fail on numpy 2, and counts CLEAR and Identity alone.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy is imported

import argparse
import contextlib
import csv
import io
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from sportstrack import read_mot, score_tracks

FRAMES = 750
SEQUENCE = "benchmark"
Figures = dict[str, float]


def simulate(folder: Path, objects: int, frames: int, crowd: bool, seed: int = 0) -> tuple[Path, Path]:
    """Write players that run about (25 per 1280 × 720 pixels unless crowded) and an imperfect tracker's output."""
    rng = np.random.default_rng(seed)
    field = np.array([1280.0, 720.0]) * (1.0 if crowd else max(1.0, (objects / 25) ** 0.5))
    place, velocity = rng.uniform(0, field, (objects, 2)), np.zeros((objects, 2))
    labels, fresh = np.arange(1, objects + 1), objects + 1
    truth, result = [], []
    for frame in range(1, frames + 1):
        velocity = 0.96 * velocity + rng.normal(0, 0.84, (objects, 2))
        place = np.clip(place + velocity, 0, field)
        height = 50 + 60 * place[:, 1] / field[1]
        box = np.stack([place[:, 0], place[:, 1], 0.4 * height, height], axis=1)
        truth += [(frame, i + 1, *row, 1, 1, 1) for i, row in enumerate(box.round(1).tolist())]
        for i in np.flatnonzero(rng.random(objects) < 0.01):  # lost and found under a new id, or swapped with another
            other = int(rng.integers(objects))
            labels[i], labels[other] = labels[other], labels[i]
            if rng.random() < 0.3:
                labels[i], fresh = fresh, fresh + 1
        seen = rng.random(objects) > 0.08
        noisy = box + rng.normal(0, 0.04, box.shape) * height[:, None]
        false_box = np.hstack([rng.uniform(0, field, (objects // 20, 2)), rng.uniform(20, 90, (objects // 20, 2))])
        rows = np.vstack([noisy[seen], false_box]).round(1)
        rows[:, 2:] = np.maximum(rows[:, 2:], 1)
        ids = [*labels[seen].tolist(), *range(10**6, 10**6 + len(false_box))]
        result += [(frame, i, *row, 0.9, -1, -1, -1) for i, row in zip(ids, rows.tolist(), strict=True)]
    return _write(folder / "gt" / SEQUENCE / "gt" / "gt.txt", truth), _write(
        folder / "trackers" / "peer" / "data" / f"{SEQUENCE}.txt", result
    )


def _write(path: Path, rows: list[tuple[float, ...]]) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def sportstrack(truth: Path, result: Path) -> Figures:
    """Score with this project."""
    scores = score_tracks(truth, result, frames=FRAMES)
    return {name: scores[name] for name in ("HOTA", "MOTA", "IDF1")}


def trackeval_end_to_end(truth: Path, _result: Path) -> Figures:
    """Score with TrackEval's own Evaluator, files in, without plots."""
    import trackeval

    folder = truth.parents[3]
    quiet = {"PRINT_CONFIG": False}
    evaluator = trackeval.Evaluator(
        {
            **quiet,
            "PRINT_RESULTS": False,
            "TIME_PROGRESS": False,
            "OUTPUT_SUMMARY": False,
            "OUTPUT_DETAILED": False,
            "PLOT_CURVES": False,
            "LOG_ON_ERROR": None,
        }
    )
    data = trackeval.datasets.MotChallenge2DBox(
        {
            **quiet,
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "SKIP_SPLIT_FOL": True,
            "SEQ_INFO": {SEQUENCE: FRAMES},
            "DO_PREPROC": False,
        }
    )
    threshold = {**quiet, "THRESHOLD": 0.5}
    metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(threshold), trackeval.metrics.Identity(threshold)]
    with contextlib.redirect_stdout(io.StringIO()):
        found = evaluator.evaluate([data], metrics)[0]["MotChallenge2DBox"]["peer"][SEQUENCE]["pedestrian"]
    return {
        "HOTA": float(found["HOTA"]["HOTA"].mean()),
        "MOTA": found["CLEAR"]["MOTA"],
        "IDF1": found["Identity"]["IDF1"],
    }


def trackers_evaluator(truth: Path, result: Path) -> Figures:
    """Score with the package ``trackers``."""
    from trackers.eval import evaluate_mot_sequence

    found = evaluate_mot_sequence(truth, result, metrics=["CLEAR", "HOTA", "Identity"])
    return {"HOTA": found.HOTA.HOTA, "MOTA": found.CLEAR.MOTA, "IDF1": found.Identity.IDF1}


def motmetrics_with_our_distances(truth: Path, result: Path) -> Figures:
    """Score with motmetrics."""
    from sportstrack.evaluate.second_opinion import score_with_motmetrics
    from sportstrack.score.run import Job

    figures = score_with_motmetrics([Job(SEQUENCE, truth, result, FRAMES)])[0][1]
    return {name: figures[name] for name in ("MOTA", "IDF1")}


CONTENDERS: dict[str, Callable[[Path, Path], Figures]] = {
    "sportstrack": sportstrack,
    "trackeval": trackeval_end_to_end,
    "trackers": trackers_evaluator,
    "motmetrics": motmetrics_with_our_distances,
}


def usable() -> dict[str, Callable[[Path, Path], Figures]]:
    """Return the contenders that are installed, warmed up on a tiny sequence."""
    for name, kind in (("float", float), ("int", int), ("bool", bool)):
        if name not in np.__dict__:
            setattr(np, name, kind)  # TrackEval 1.3.0 was written for numpy 1
    good = {}
    with tempfile.TemporaryDirectory() as folder:
        pair = simulate(Path(folder), 3, 5, crowd=False)
        for name, contender in CONTENDERS.items():
            try:
                global FRAMES
                whole, FRAMES = FRAMES, 5
                contender(*pair)
                good[name] = contender
            except ImportError as error:
                print(f"{name}: not installed ({error})")
            finally:
                FRAMES = whole
    return good


def measure(
    contenders: dict[str, Callable[[Path, Path], Figures]], pair: tuple[Path, Path], rounds: int
) -> dict[str, float]:
    """Return each contender's median CPU seconds; their figures must agree."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    reference: Figures = {}
    for _ in range(rounds):
        for name, contender in contenders.items():
            start = time.process_time()
            figures = contender(*pair)
            seconds[name].append(time.process_time() - start)
            reference = reference or figures
            for figure, value in figures.items():
                # motmetrics counts switches over gaps otherwise, which moves MOTA a little.
                if abs(value - reference[figure]) > (0.01 if name == "motmetrics" else 1e-9):
                    print(f"  {name} disagrees: {figure} {value} against {reference[figure]}")
    return {name: median(values) for name, values in seconds.items()}


def report_reading(folder: Path, rounds: int) -> None:
    """Print the CPU seconds of reading every gt/gt.txt of a folder."""
    files, seconds, rows = sorted(folder.glob("*/gt/gt.txt")), [], 0
    for _ in range(rounds):
        start = time.process_time()
        rows = sum(len(read_mot(file)) for file in files)
        seconds.append(time.process_time() - start)
    print(f"{len(files)} files, {rows:,} boxes: {median(seconds):.2f} s")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[10, 25, 100, 500])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crowd", action="store_true")
    parser.add_argument("--only", nargs="+", choices=sorted(CONTENDERS), help="leave the other contenders out")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--read", type=Path, metavar="DIR", help="time the reading of DIR/*/gt/gt.txt, and stop")
    options = parser.parse_args()
    if options.read:
        report_reading(options.read, options.rounds)
        return
    contenders = {k: v for k, v in usable().items() if not options.only or k in options.only or k == "sportstrack"}
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}; {FRAMES} frames\n")
    print("| objects | " + " | ".join(contenders) + " |\n|---:|" + "---:|" * len(contenders))
    rows = []
    for objects in options.objects:
        with tempfile.TemporaryDirectory() as folder:
            seconds = measure(contenders, simulate(Path(folder), objects, FRAMES, options.crowd), options.rounds)
        own = seconds["sportstrack"]
        cells = [f"{value:.3f} s" + (f" ({value / own:.1f} ×)" if value != own else "") for value in seconds.values()]
        print(f"| {objects} | " + " | ".join(cells) + " |", flush=True)
        rows += [(objects, name, value, value / own) for name, value in seconds.items()]
    if options.csv:
        with options.csv.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("objects", "evaluator", "cpu_seconds", "times_ours"))
            writer.writerows(rows)


if __name__ == "__main__":
    main()
