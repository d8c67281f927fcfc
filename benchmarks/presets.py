"""What the preset ``sports`` of each tracker is worth: defaults against preset, on matches that no search has seen.

    python benchmarks/presets.py                                   # all trackers with the preset, all held-out matches
    python benchmarks/presets.py --trackers bytetrack sort --peers "trackers ByteTrack"

The searches saw the SportsMOT training matches in SEEN; the others judge. Peers run with their libraries' own settings
on the same boxes, and their tracks get the detections' boxes. Prints a table in Markdown.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from compare_contenders import peer_contenders
from sets import SETS, Clip, data_folder, match_of

from sportstrack import MotTable, Scores, SportstrackError, Tracks, create_tracker, score_tracks
from sportstrack.trackers.presets import PRESETS

SEEN = {"v_1LwtoLPw2TU", "v_2j7kLB-vEEk", "v_HdiyOtliFiw", "v_gQNyhv8y0QY"}
KINDS = {"simulated": "sportsmot-simulated", "true boxes": "sportsmot-oracle"}
FIGURES = ("HOTA", "AssA", "IDF1")

Run = Callable[[Clip], MotTable]


def ours(name: str, settings: dict[str, Any]) -> Run:
    """Return a run of one of our trackers."""

    def run(clip: Clip) -> MotTable:
        tracker = create_tracker(name, frame_rate=clip.frame_rate, frame_size=clip.size, **settings)
        return MotTable.from_tracks([tracker.update(one) for one in clip.detections])

    return run


def peer(contender: Any) -> Run:
    """Return a run of a peer's tracker."""

    def run(clip: Clip) -> MotTable:
        one = contender.prepare(clip)
        tracks = []
        for frame in clip.detections:
            xyxy, ids = one.read(frame, one.update(one.convert(frame)))
            zeros = np.zeros(len(ids), np.int64)
            tracks.append(
                Tracks(np.asarray(xyxy).reshape(-1, 4), zeros + 1.0, zeros, np.asarray(ids, np.int64), zeros - 1)
            )
        return MotTable.from_tracks(tracks)

    return run


def judged(run: Run, clips: list[Clip]) -> Scores:
    """Return the pooled scores of a run on some sequences."""
    scores = (score_tracks(clip.truth, run(clip), frames=len(clip.detections), name=clip.name) for clip in clips)
    return Scores.pool(scores)


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/ (SPORTSTRACK_DATA, ../shared/data)")
    parser.add_argument("--trackers", nargs="*", default=list(PRESETS), metavar="NAME")
    parser.add_argument("--peers", nargs="*", default=[], metavar="NAME", help='such as "trackers ByteTrack"')
    parser.add_argument("--seen", action="store_true", help="the matches of the search instead")
    options = parser.parse_args()
    folders = SETS[KINDS["simulated"]].sequences(data_folder(options.data))
    folders = [folder for folder in folders if (match_of(folder.name) in SEEN) == options.seen]
    clips = {kind: [SETS[name].read(folder) for folder in folders] for kind, name in KINDS.items()}
    runs: dict[str, Run] = {}
    for name in options.trackers:
        runs[name] = ours(name, {})
        runs[f"{name}, preset sports"] = ours(name, {"preset": "sports"})
    contenders, missing = peer_contenders(options.peers, own_boxes=False) if options.peers else ([], [])
    runs |= {one.name: peer(one) for one in contenders}
    sys.stderr.write("".join(f"{line}\n" for line in missing))
    print("| tracker | " + " | ".join(f"{figure}, {kind}" for kind in KINDS for figure in FIGURES) + " |")
    print("|---|" + "---:|" * (len(KINDS) * len(FIGURES)))
    for name, run in runs.items():
        scores = [judged(run, clips[kind]) for kind in KINDS]
        print(f"| {name} | " + " | ".join(f"{100 * one[f]:.1f}" for one in scores for f in FIGURES) + " |", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SportstrackError as error:
        sys.exit(f"presets.py: error: {error}")
