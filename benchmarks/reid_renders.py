"""Make the rendered matches on which `sportstrack train-reid` is measured: twelve that teach, three that judge.

    python benchmarks/reid_renders.py renders
    sportstrack train-reid renders --backbone mobilenet_v2 --per-person 25 --epochs 10 --workers 1

OUT gets SportsMOT folders in train/ and val/; what is there is kept. The matches in val/ also have det/det.txt: what a
simulated detector finds of the people (`rendered.py`: edges off by 2 % of the height, the hidden more often missed, a
false box in every fourth frame).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rendered import detect

from data_prep.synthetic import CLASSES, Settings, write_mot
from sportstrack import Detections, read_mot

TEACH, JUDGE = range(200, 212), range(1000, 1003)  # seeds; those from 1000 on are never trained on
BALL = CLASSES.index("ball") + 1


def detections(folder: Path, seed: int, size: tuple[int, int]) -> str:
    """Return MOT text of what a simulated detector finds in a rendered sequence."""
    truth, rng, lines = read_mot(folder / "gt" / "gt.txt"), np.random.default_rng([seed, 1]), []
    for frame in np.unique(truth.frame).tolist():
        rows = truth[(truth.frame == frame) & (truth.class_id != BALL) & (truth.visibility > 0)]
        lines += line_of(frame, detect(rows.xyxy, rows.visibility, size, rng))
    return "".join(lines)


def line_of(frame: int, found: Detections) -> list[str]:
    """Return a line for each box."""
    boxes = np.hstack([found.xyxy[:, :2], found.xyxy[:, 2:] - found.xyxy[:, :2]])
    return [
        f"{frame + 1},-1,{x:.2f},{y:.2f},{w:.2f},{h:.2f},{score:.3f},-1,-1,-1\n"
        for (x, y, w, h), score in zip(boxes.tolist(), found.score.tolist(), strict=True)
    ]


def main() -> None:
    """Render what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the sequences")
    parser.add_argument("--frames", type=int, nargs=2, default=(250, 300), help="of those that teach, and that judge")
    options = parser.parse_args()
    for split, seeds, frames in zip(("train", "val"), (TEACH, JUDGE), options.frames, strict=True):
        for seed in seeds:
            plan = Settings(seed=seed, frames=frames, kits="varied", lighting="varied", crowding=0.6)
            folder = write_mot(plan, options.out / split)
            if split == "val":
                (folder / "det").mkdir(exist_ok=True)
                text = detections(folder, seed, (plan.width, plan.height))
                (folder / "det" / "det.txt").write_text(text, encoding="utf-8")
            print(f"{folder} is there", flush=True)


if __name__ == "__main__":
    main()
