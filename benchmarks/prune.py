"""What pruning costs a detector, and what a teacher gives back, after a training of minutes.

    python benchmarks/prune.py WORK                                # a share of 0.3, eight epochs
    python benchmarks/prune.py WORK --prune 0.25 --sequences 40 --epochs 12

WORK is a folder for renders and runs; what is there is kept. The demo's weights lose the least important channels of
every layer and learn on, on squares of 320 pixels that are cut out of rendered matches: once without a teacher, once
with the demo's own weights as the teacher. All are judged on squares of matches that nothing was trained on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from night import CROP, DEMO, PER_FRAME, corner, labels, scene

from data_prep.synthetic import CLASSES, render_sequence
from sportstrack import judge_detectors, train_detector

TRAIN_SEED, TEST_SEED, TESTS = 22000, 22900, 8
RECIPE: dict[str, Any] = {
    "weights": str(DEMO), "imgsz": CROP, "batch": 16, "lr0": 0.001, "optimizer": "AdamW", "patience": 0, "seed": 1,
    "more": {"mosaic": 0.0, "hsv_h": 0.0, "translate": 0.05, "scale": 0.1, "cos_lr": True, "nbs": 16, "plots": False},
}  # fmt: skip


def squares(folder: Path, sequences: int) -> Path:
    """Return the data.yaml of squares cut out of rendered matches, having made what is missing."""
    for split, first, count in (("train", TRAIN_SEED, sequences), ("val", TEST_SEED, TESTS)):
        pictures, texts = folder / "images" / split, folder / "labels" / split
        pictures.mkdir(parents=True, exist_ok=True)
        texts.mkdir(parents=True, exist_ok=True)
        for seed in range(first, first + count):
            if (texts / f"{seed}_2_{PER_FRAME - 1}.txt").exists():  # the last one of a match
                continue
            rng = np.random.default_rng([seed, 1])
            for i, (image, truth) in enumerate(render_sequence(scene(seed), every=60)):
                for k in range(PER_FRAME):
                    x, y = corner(truth, rng)
                    cv2.imwrite(str(pictures / f"{seed}_{i}_{k}.png"), image[y : y + CROP, x : x + CROP])
                    (texts / f"{seed}_{i}_{k}.txt").write_text(labels(truth, x, y), encoding="utf-8")
            print(f"rendered the squares of seed {seed}", flush=True)
    described = {"path": str(folder.resolve()), "train": "images/train", "val": "images/val"}
    (folder / "data.yaml").write_text(yaml.safe_dump(described | {"names": dict(enumerate(CLASSES))}), encoding="utf-8")
    return folder / "data.yaml"


def main() -> None:
    """Train twice and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for renders and runs")
    parser.add_argument("--prune", type=float, default=0.3, help="share of the channels (%(default)s)")
    parser.add_argument("--epochs", type=int, default=8, help="of each training (%(default)s)")
    parser.add_argument("--sequences", type=int, default=15, help="matches of 12 squares to train on (%(default)s)")
    options = parser.parse_args()
    data = squares(options.work / f"squares-{options.sequences}", options.sequences)
    weights, minutes = {"the demo's, whole": DEMO}, {"the demo's, whole": 0.0}
    for name, teacher in {"pruned, no teacher": None, "pruned, the demo teaches": str(DEMO)}.items():
        run = options.work / f"{options.prune}-{options.epochs}-{options.sequences}-{'teacher' if teacher else 'alone'}"
        started = time.process_time()
        result = train_detector(
            data, run, resume=True, progress=True, epochs=options.epochs, prune=options.prune, distil=teacher, **RECIPE
        )
        weights[name], minutes[name] = result.last, (time.process_time() - started) / 60
    print("| weights | file MB | AP50 | AP | training, minutes of processor time |\n|---|---:|---:|---:|---:|")
    for name, path in weights.items():
        accuracy = judge_detectors([path], data, imgsz=CROP)[0].accuracy
        figures = f"{100 * accuracy.ap(overlap=0.5):.1f} | {100 * accuracy.ap():.1f}"
        print(f"| {name} | {path.stat().st_size / 1e6:.1f} | {figures} | {minutes[name]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
