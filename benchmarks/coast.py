"""How far the predicted place of a hidden walker scatters, with each preset of SportsTrack.

    python benchmarks/coast.py
    python benchmarks/coast.py --jitter 0.02 --hidden 0.5 --walkers 500

Each walker goes straight on at one speed; the edges of its boxes tremble. After three seconds it is hidden. Printed is
the standard deviation of predicted minus true x, in box heights, over the walkers. A steady offset does not count.
"""

from __future__ import annotations

import argparse

import numpy as np

from sportstrack import Detections, create_tracker

RATE, HEIGHT, SEEN = 25, 120.0, 75  # frames/s, pixels, frames before it is hidden
SPEED = 0.8 / RATE  # heights per frame: 1.4 m/s at 1.75 m


def errors(preset: str, options: argparse.Namespace) -> list[float]:
    """Return predicted minus true x of each walker, when it has been hidden for so long, in heights."""
    rng, found = np.random.default_rng(options.seed), []
    for _ in range(options.walkers):
        tracker = create_tracker("sports", preset=preset, frame_rate=RATE, frame_size=(4000, 2000), coasting=True)
        for frame in range(SEEN + round(options.hidden * RATE)):
            centre = 1000 + HEIGHT * SPEED * frame
            box = np.array([centre - 0.2 * HEIGHT, 900, centre + 0.2 * HEIGHT, 900 + HEIGHT])
            box = box + rng.normal(0, options.jitter * HEIGHT, 4)
            boxes = box[None] if frame < SEEN else np.empty((0, 4))
            tracks = tracker.update(Detections.from_arrays(boxes, np.full(len(boxes), 0.9)))
        if len(tracks):
            found.append(float(tracks.xyxy[0, [0, 2]].mean() - centre) / HEIGHT)
    return found


def main() -> None:
    """Print the scatter for each preset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jitter", type=float, default=0.04, help="of each edge, in heights (0.04)")
    parser.add_argument("--hidden", type=float, default=1.0, help="seconds (1)")
    parser.add_argument("--walkers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| preset | scatter of the predicted x, heights | walkers still followed |\n|---|---:|---:|")
    for preset in ("sports", "pedestrian"):
        found = errors(preset, options)
        print(f"| {preset} | {np.std(found):.3f} | {len(found)} |", flush=True)


if __name__ == "__main__":
    main()
