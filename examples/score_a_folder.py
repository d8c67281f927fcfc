"""Score results against the truth, and say which errors are most frequent.

python examples/score_a_folder.py [TRUTH RESULTS]      # such as SportsMOT/val runs/track
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sportstrack import (
    Detections,
    assets_folder,
    create_tracker,
    diagnose_job,
    find_jobs,
    read_mot,
    score_tracks,
    write_mot,
)


def score(truth: str | Path, results: str | Path) -> None:
    """Print a table with a row for each sequence, and the causes of switches and misses."""
    print(score_tracks(truth, results))
    found = [diagnose_job(job) for job in find_jobs(truth, results)]
    print("switches:", dict(Counter(one.cause for sequence in found for one in sequence.switches)))


def make_example(folder: Path) -> None:
    """Track the truth of the demo with SORT, one box in ten missing."""
    truth, rng = read_mot(assets_folder() / "demo_gt.txt"), np.random.default_rng(2)
    tracker = create_tracker("sort", frame_rate=25)
    frames = [truth[(truth.frame == frame) & (rng.random(len(truth)) > 0.1)] for frame in range(200)]
    (folder / "results").mkdir()
    write_mot(folder / "results" / "demo.txt", [tracker.update(Detections.from_arrays(one.xyxy)) for one in frames])
    (folder / "truth").mkdir()
    write_mot(folder / "truth" / "demo.txt", truth)


if len(sys.argv) > 2:
    score(sys.argv[1], sys.argv[2])
else:
    with TemporaryDirectory() as made:
        make_example(Path(made))
        score(Path(made) / "truth", Path(made) / "results")
