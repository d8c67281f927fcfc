"""Slices of 4K frames: do they find more than a larger input, and at what price?

    python benchmarks/slices.py
    python benchmarks/slices.py --seeds 7 8 --runs 1280:none 1280:2x1 640:3x2

Rendered football at 3840 x 2160 and the demo's weights. Recall counts objects of which half is seen, at an overlap of
0.5 (the ball: 0.3) and a score of 0.25; doubles are further boxes on an object that has one. Time is processor time.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from data_prep.synthetic import Settings, render_sequence
from sportstrack import assets_folder, load_detector
from sportstrack.boxes import iou
from sportstrack.detect.slices import sliced

SIZE = (3840, 2160)
SCORE = 0.25
RUNS = ("640:none", "1280:none", "1920:none", "2272:none", "640:3x2", "960:2x1", "1280:2x1", "960:3x2")
BALL = 3


def main() -> None:
    """Print one row for each input size with its slices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=(401, 402, 403, 404))
    parser.add_argument("--frames", type=int, default=3, help="frames of each seed, one second apart (3)")
    parser.add_argument("--runs", nargs="+", default=RUNS, metavar="IMGSZ:SLICES")
    options = parser.parse_args()
    scenes = [scene for seed in options.seeds for scene in rendered(seed, options.frames)]
    print(" imgsz slices  players   ball  doubles  false     ms")
    for run in options.runs:
        imgsz, _, slices = run.partition(":")
        weights = assets_folder() / "sportstrack-demo-yolov8n.pt"
        detector = load_detector(weights, imgsz=int(imgsz), score=SCORE, classes="all")
        row = judge(sliced(detector, slices or "none", SIZE, int(imgsz)), scenes)
        print("{:>6} {:>6} {:>8.3f} {:>6.3f} {:>8.2f} {:>6.2f} {:>6.0f}".format(imgsz, slices, *row), flush=True)


def rendered(seed: int, frames: int) -> Any:
    """Yield frames, one a second, and their truth."""
    view = "main" if seed % 2 else "side"
    yield from render_sequence(
        Settings(seed=seed, frames=25 * frames, width=SIZE[0], height=SIZE[1], view=view), every=25
    )


def judge(detector: Any, scenes: Any) -> tuple[float, ...]:
    """Return recall of players and of the ball, doubles and false boxes a frame, and milliseconds a frame."""
    hits, objects, doubles, false = np.zeros(2), np.zeros(2), 0, 0
    detector([scenes[0][0]])
    started = time.process_time()
    tables = [detector([image])[0] for image, _ in scenes]
    seconds = time.process_time() - started
    for (_, truth), table in zip(scenes, tables, strict=True):
        ball = truth.class_id == BALL
        overlap = iou(truth.xyxy, table.xyxy) * (ball[:, None] == (table.class_id == BALL))
        found = (overlap >= np.where(ball, 0.3, 0.5)[:, None]).any(axis=1)
        for kind, rows in enumerate((~ball, ball)):
            seen = rows & (truth.visibility >= 0.5)
            hits[kind] += found[seen].sum()
            objects[kind] += seen.sum()
        owner = np.where(overlap.max(axis=0, initial=0) > 0.15, overlap.argmax(axis=0), -1)
        doubles += int(np.maximum(np.bincount(owner[owner >= 0]) - 1, 0).sum())
        false += int((owner < 0).sum())
    recall = hits / np.maximum(objects, 1)
    return (*recall.tolist(), doubles / len(scenes), false / len(scenes), 1000 * seconds / len(scenes))


if __name__ == "__main__":
    main()
