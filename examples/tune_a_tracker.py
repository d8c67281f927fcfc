"""Search a tracker's settings on matches with truth, and judge them on a match that took no part.

python examples/tune_a_tracker.py [FOLDER] [TRIALS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sportstrack import TuneSettings, tune_tracker


def make_match(folder: Path, seed: int, frames: int = 60) -> None:
    """Write a sequence: six players who walk, and a detector that misses some and is never sure."""
    rng = np.random.default_rng(seed)
    place, speed, truth, found = rng.uniform((100, 150), (1100, 550), (6, 2)), rng.normal(0, 6, (6, 2)), [], []
    for frame in range(1, frames + 1):
        speed += rng.normal(0, 1, speed.shape)
        place = np.clip(place + speed, (60, 160), (1200, 700))
        for player, (x, y) in enumerate(place):
            truth.append(f"{frame},{player + 1},{x - 20:.1f},{y - 100:.1f},40,100,1,1,1")
            if rng.random() < 0.85:
                left, top = x - 20 + rng.normal(0, 3), y - 100 + rng.normal(0, 3)
                found.append(f"{frame},-1,{left:.1f},{top:.1f},40,100,{rng.uniform(0.1, 0.95):.2f},-1,-1,-1")
    about = f"[Sequence]\nname={folder.name}\nframeRate=25\nseqLength={frames}\nimWidth=1280\nimHeight=720\n"
    for name, text in (("gt/gt.txt", "\n".join(truth)), ("det/det.txt", "\n".join(found)), ("seqinfo.ini", about)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/tune_example")
    for seed, name in enumerate(("v_one_c001", "v_two_c001", "v_three_c001", "v_four_c001")):
        make_match(folder / "matches" / name, seed)
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    tuned = tune_tracker(
        [folder / "matches"], folder / "tuned", tracker="bytetrack", tune=TuneSettings(trials=trials), overwrite=True
    )
    print(tuned.as_text())
