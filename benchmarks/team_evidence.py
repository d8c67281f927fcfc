"""What teams and kits are worth to SportsTrack and to the refinement, on real motion with kits that are made up.

    python benchmarks/team_evidence.py                                    # held-out half, both detectors; some minutes
    python benchmarks/team_evidence.py --part tuned --sequences 6 --detectors doubled
    python benchmarks/team_evidence.py --evidence kit team --rows whole "no teams in the refinement"

`team_world.py` says how detections, kits and team evidence are made. A row is one kind of evidence and one variant: the
whole, or one thing switched off. Half of SportsMOT's matches were tuned on, the other half is held out. With so few
sequences, differences under a point may be chance. Prints a table in Markdown.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import team_world
from sets import SETS, Clip, data_folder

from sportstrack import MotTable, Scores, SportsTrack, SportsTrackConfig, SportstrackError, score_tracks
from sportstrack.refine import RefineSettings, TrackTable, refine

ROWS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "whole": ({}, {}),
    "no teams in the tracker": ({"team_weight": 0.0}, {}),
    "no embeddings in the tracker": ({"appearance_weight": 0.0}, {}),
    "no teams in the refinement": ({}, {"who_weight": 0.0, "split_team": 0.0}),
    "no split at a change of team": ({}, {"split_team": 0.0}),
    "cosines by a fixed line": ({}, {"appearance_measured": 0.0}),
    "no embeddings in link": ({}, {"appearance_weight": 0.0}),
}
"""Variant → settings of the tracker, and of the refinement."""


def run(clip: Clip, tracker: dict[str, Any], settings: dict[str, Any]) -> tuple[Scores, Scores, float]:
    """Return the causal and the refined scores of a sequence, and milliseconds of the tracker for a frame."""
    made = SportsTrack(SportsTrackConfig(**tracker), frame_rate=clip.frame_rate, frame_size=clip.size)
    began = time.process_time()
    tracks = [made.update(frame) for frame in clip.detections]
    spent = 1e3 * (time.process_time() - began) / len(tracks)
    table = TrackTable.from_tracks(tracks, clip.detections)
    width, height = clip.size
    better = refine(
        table,
        frame_rate=clip.frame_rate,
        width=width,
        height=height,
        frames=len(tracks),
        settings=RefineSettings(**settings),
    )
    causal, offline = (
        score_tracks(clip.truth, found, frames=len(tracks)) for found in (MotTable.from_tracks(tracks), better.to_mot())
    )
    return causal, offline, spent


def matters(row: str, evidence: str) -> bool:
    """Return whether a variant can change anything with this evidence."""
    has_team, has_embedding = "team" in evidence, evidence in ("kit", "kit + team", "oracle person")
    return row == "whole" or ("team" in row and has_team) or (("embed" in row or "cosine" in row) and has_embedding)


def main(argv: list[str] | None = None) -> int:
    """Track, refine and score; print the table."""
    options = parse(argv)
    try:
        data = data_folder(options.data)
    except SportstrackError as error:
        sys.exit(f"team_evidence.py: {error}")
    folders = SETS["sportsmot-simulated"].sequences(data)
    folders = [f for f in folders if team_world.tuned_on(f.name) == (options.part == "tuned")]
    if options.sequences and options.sequences < len(folders):
        folders = [folders[i * len(folders) // options.sequences] for i in range(options.sequences)]
    print("| detector | evidence | variant | causal HOTA | AssA | IDSW | refined HOTA | AssA | IDSW | ms a frame |")
    print("|---|---|---|" + "---:|" * 7)
    for detector in options.detectors:
        found: dict[tuple[str, str], list[tuple[Scores, Scores, float]]] = defaultdict(list)
        for folder in folders:
            clips = team_world.read(folder, detector)
            for evidence in options.evidence:
                for row in (row for row in options.rows if matters(row, evidence)):
                    found[evidence, row].append(run(clips[evidence], *ROWS[row]))
            sys.stderr.write(f"{detector} {folder.name}\n")
        for (evidence, row), parts in found.items():
            causal, offline = Scores.pool([p[0] for p in parts]), Scores.pool([p[1] for p in parts])
            cells = [f"{100 * s['HOTA']:.1f} | {100 * s['AssA']:.1f} | {s['IDSW']:.0f}" for s in (causal, offline)]
            spent = sum(p[2] for p in parts) / len(parts)
            print(f"| {detector} | {evidence} | {row} | {cells[0]} | {cells[1]} | {spent:.2f} |", flush=True)
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/ (SPORTSTRACK_DATA)")
    parser.add_argument("--part", choices=("tuned", "held-out"), default="held-out", help="half of the matches")
    parser.add_argument("--sequences", type=int, help="at most so many, spread evenly")
    parser.add_argument("--detectors", nargs="+", choices=team_world.DETECTORS, default=list(team_world.DETECTORS))
    parser.add_argument("--evidence", nargs="+", choices=team_world.EVIDENCE, default=list(team_world.EVIDENCE))
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=["whole"], help="variants (whole)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
