"""What each ingredient of SportsTrack gives: every one switched off by itself, and what that changes.

    python benchmarks/ablation.py --output ablation                    # all sets; takes about ten minutes
    python benchmarks/ablation.py --output ablation --sets sportsmot-oracle --sequences 6
    python benchmarks/ablation.py --output ablation --part held-out --jobs 4
    python benchmarks/ablation.py --output ablation --only "camera*" border

Runs over the sets of sets.py, MOT17 and MOT15 with the preset ``pedestrian``; all rows are causal and saw no pixels.
Each row is the whole tracker without one thing, so rows do not add up: one ingredient often does the work of another
that is missing. A change of less than 0.5 HOTA on SportsMOT, or of less than 1 on the small pedestrian sets, is noise.
Writes ablation.md and ablation.csv into --output, and prints the table.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import csv
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sets import SETS, Set, choose, data_folder, held_out, match_of

from sportstrack import MotTable, Scores, SportsTrack, SportsTrackConfig, SportstrackError, score_tracks
from sportstrack.trackers.sports import Tuning

FIGURES = ("HOTA", "AssA", "DetA", "IDSW")
HELD, TUNED = "HOTA held out", "HOTA tuned on"
WHOLE = "all ingredients"

INGREDIENTS: dict[str, dict[str, Any]] = {
    WHOLE: {},
    "no check for neighbours at births": {"spawn_overlap": 1.0},
    "no second hit before a report": {"confirm_hits": 1},
    "no camera shift from boxes": {"camera_shift": False},
    "camera shift without velocity": {"camera_gain": 0.0},
    "camera shift by any three pairs": {"camera_pairs": 3, "camera_doubt": 0.0},
    "velocity as at the start": {"velocity_noise": 0.0, "first_velocity_noise": 0.0, "camera_gain": 0.0},
    "no size in the affinity": {"size_tolerance": 1e6},
    "no price for uncertainty": {"uncertainty_weight": 0.0},
    "no bonus for overlap": {"overlap_bonus": 0.0},
    "no low-score detections (stage b)": {"second_overlap": 1.0},
    "no leftovers (stage c)": {"third_overlap": 1.0},
    "same noise for all scores": {"noise_gain": 1.0, "noise_floor": 1.0},
    "pedestrians as restless as players": {"position_noise": 0.05, "velocity_noise": 0.0125},
    "memory of 0.6 s": {"memory": 0.6},
    "no border memory": {"border_memory": 0.0},
    "border memory of 3 s": {"border_memory": 3.0},
    "borders without the camera's path": {"border_path": 0.0},
    "no smoothed boxes": {"box_blend": 0.0},
}
"""Row → the settings, or fields of `Tuning`, that make it."""

Work = tuple[str, Path, dict[str, Any]]  # set, sequence, settings


def run(work: Work) -> Scores:
    """Track and score one sequence."""
    name, folder, settings = work
    clip = SETS[name].read(folder)
    preset = "sports" if clip.benchmark is None else "pedestrian"
    constants = {field.name for field in fields(Tuning)}
    tuning = Tuning(**{key: value for key, value in settings.items() if key in constants})
    config = SportsTrackConfig(preset, **{key: value for key, value in settings.items() if key not in constants})
    tracker = SportsTrack(config, frame_rate=clip.frame_rate, frame_size=clip.size, tuning=tuning)
    found = MotTable.from_tracks([tracker.update(frame) for frame in clip.detections])
    return score_tracks(
        clip.truth, found, frames=len(clip.detections), benchmark=clip.benchmark, name=f"{name}/{clip.name}"
    )


def compare(names: list[str], sequences: dict[str, list[Path]], rows: list[str], jobs: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each ingredient and set, the whole tracker first."""
    pool = ProcessPoolExecutor(jobs) if jobs > 1 else nullcontext()
    with pool:
        mapped: Callable[..., Iterable[Scores]] = pool.map if isinstance(pool, ProcessPoolExecutor) else map
        whole: dict[str, Scores] = {}
        for row in rows:
            for name in names:
                work = [(name, folder, INGREDIENTS[row]) for folder in sequences[name]]
                found = _figures(sequences[name], list(mapped(run, work)), SETS[name])
                first = whole.setdefault(name, found)
                changes = {f"Δ{figure}": value - first[figure] for figure, value in found.items()}
                yield {"ingredient": row, "set": name, **found, **changes}


def _figures(folders: list[Path], scores: list[Scores], one: Set) -> dict[str, float]:
    """Return the pooled figures, in per cent where they are shares; also HOTA on held-out matches and the rest."""
    pooled = Scores.pool(scores)
    found = {figure: (1 if figure == "IDSW" else 100) * pooled[figure] for figure in FIGURES}
    for figure, kept in ((HELD, True), (TUNED, False)):
        part = [s for s, folder in zip(scores, folders, strict=True) if held_out(match_of(folder.name)) == kept]
        found[figure] = 100 * Scores.pool(part).HOTA if part and one.benchmark is None else float("nan")
    return found


def markdown(table: list[dict[str, Any]], names: list[str]) -> str:
    """Return one line per ingredient: of the whole tracker the figures, of the others what they change."""
    shown = {name: [f for f in ("HOTA", HELD, TUNED, "AssA", "IDSW") if _is_known(table, name, f)] for name in names}
    lines = ["| | " + " | ".join(f"{SETS[n].title}: {' | '.join(shown[n])}" for n in names) + " |"]
    lines.append("|---|" + "---:|" * sum(map(len, shown.values())))
    cells: dict[str, list[str]] = {}
    for row in table:
        cells.setdefault(row["ingredient"], []).extend(_cell(row, figure) for figure in shown[row["set"]])
    lines += [f"| {ingredient} | " + " | ".join(found) + " |" for ingredient, found in cells.items()]
    return "\n".join(lines) + "\n"


def _is_known(table: list[dict[str, Any]], name: str, figure: str) -> bool:
    return not any(math.isnan(row[figure]) for row in table if row["set"] == name)


def _cell(row: dict[str, Any], figure: str) -> str:
    digits = 0 if figure == "IDSW" else 1
    if row["ingredient"] == WHOLE:
        text = f"{row[figure]:.{digits}f}"
        return f"**{text}**" if figure == "HOTA" else text
    return f"{row[f'Δ{figure}']:+.{digits}f}"


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--output", type=Path, required=True, help="folder for ablation.md and ablation.csv")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--part", choices=("all", "held-out", "rest"), default="all", help="which matches (all)")
    parser.add_argument("--sequences", type=int, help="at most so many of each set")
    parser.add_argument(
        "--only", nargs="+", metavar="PATTERN", default=["*"], help="only these rows, such as '*camera*'"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the ablation, write and print its table."""
    args = parse(argv)
    try:
        data = data_folder(args.data)
    except SportstrackError as error:
        sys.exit(f"ablation.py: {error}")
    sequences = {name: choose(SETS[name].sequences(data), args.part, args.sequences) for name in args.sets}
    names = [name for name in args.sets if sequences[name]]
    if not names:
        sys.exit(f"ablation.py: {data}: none of the sets has a sequence in this part")
    rows = [row for row in INGREDIENTS if row == WHOLE or any(fnmatch(row, f"*{p}*") for p in args.only)]
    table = []
    for row in compare(names, sequences, rows, args.jobs):
        table.append(row)
        sys.stderr.write(f"{row['set']}: {row['ingredient']}: HOTA {row['HOTA']:.2f} ({row['ΔHOTA']:+.2f})\n")
    args.output.mkdir(parents=True, exist_ok=True)
    text = markdown(table, names)
    (args.output / "ablation.md").write_text(text, encoding="utf-8")
    with (args.output / "ablation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
