"""What a setting of a tracker is worth: HOTA with it changed, beside HOTA as it is.

    python benchmarks/changed.py sort max_age=30
    python benchmarks/changed.py bytetrack match_thresh=0.9 --sequences 15
    python benchmarks/changed.py ocsort det_thresh=0.6 --sets mot17-dpm mot17-frcnn
    python benchmarks/changed.py sports memory=0.9,border_memory=3 memory=3.6    # two rows, the first changes two
    python benchmarks/changed.py sports --around memory border_memory --part rest   # half and double of each

Runs over the sets of sets.py; nothing sees pixels, every row is causal. SportsTrack has its preset `pedestrian` on
MOT17 and MOT15. On few sequences a change of one point is chance.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
from pathlib import Path
from typing import Any

from sets import SETS, Clip, choose, data_folder

from sportstrack import TRACKERS, MotTable, Scores, SportstrackError, create_tracker, score_tracks
from sportstrack.track.assignments import parse_assignments
from sportstrack.trackers import config_class

FIGURES = ("HOTA", "AssA", "DetA", "IDSW")


def run(tracker: str, settings: dict[str, Any], clip: Clip) -> Scores:
    """Track and score one sequence."""
    own = dict(settings)
    if tracker == "sports" and clip.benchmark is not None:
        own.setdefault("preset", "pedestrian")
    made = create_tracker(tracker, frame_rate=clip.frame_rate, frame_size=clip.size, **own)
    found = MotTable.from_tracks([made.update(frame).with_boxes() for frame in clip.detections])
    return score_tracks(clip.truth, found, frames=len(clip.detections), benchmark=clip.benchmark, name=clip.name)


def rows_of(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return the rows of the table: what was changed → the settings."""
    rows: dict[str, dict[str, Any]] = {"as it is": {}}
    for text in options.changes:
        rows[text.replace(",", ", ")] = parse_assignments(options.tracker, text.split(","))
    default = config_class(options.tracker)()
    for name in options.around:
        value = getattr(default, name, None)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SportstrackError(f"--around {name}: {options.tracker} has no number of this name")
        for factor in (0.5, 2):
            changed = type(value)(value * factor)
            rows[f"{name}={changed:g}"] = {name: changed}
    return rows


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracker", choices=sorted(TRACKERS))
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE[,…]", help="each makes a row")
    parser.add_argument("--around", nargs="+", default=[], metavar="KEY", help="each to half and to double its default")
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["sportsmot-simulated", "sportsmot-oracle"])
    parser.add_argument("--part", choices=("all", "held-out", "rest"), default="all", help="which matches (all)")
    parser.add_argument("--sequences", type=int, help="at most so many of each set")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print a table of what the changes are worth, set by set."""
    options = parse(argv)
    rows, data = rows_of(options), data_folder(options.data)
    for name in options.sets:
        one = SETS[name]
        clips = [one.read(folder) for folder in choose(one.sequences(data), options.part, options.sequences)]
        if not clips:
            raise SportstrackError(f"{data}: no sequence of {name}")
        print(f"\n{options.tracker}, {one.title}: {len(clips)} sequences ({options.part})\n")
        print(f"| {options.tracker} | change of HOTA | {' | '.join(FIGURES)} |\n|---|---:|---:|---:|---:|---:|")
        first = None
        for row, settings in rows.items():
            scores = Scores.pool([run(options.tracker, settings, clip) for clip in clips])
            first = first or scores
            cells = [f"{100 * (scores.HOTA - first.HOTA):+.1f}" if row != "as it is" else ""]
            cells += [f"{100 * scores[f]:.1f}" for f in FIGURES[:3]] + [f"{scores['IDSW']:.0f}"]
            print(f"| {row} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SportstrackError as error:
        sys.exit(f"changed.py: {error}")
