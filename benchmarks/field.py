"""People off the field: how many are left out, how many players are lost, and how long does it take?

    python benchmarks/field.py                         # rendered scenes on all floors
    python benchmarks/field.py --seeds 301 341 --stress hue

Renders know who plays and who does not. Every other scene is grass, the others take all floors in turn, and the five
viewpoints follow one another; boxes jitter by 3 % of their size. ``--stress hue`` turns all hues by up to 40 degrees
and scales brightness by 0.55 to 1.35; ``shade`` darkens a part of the picture to 0.42. No player should be lost.

Time is processor time of one thread at 1280 x 720, beside that of the search for shot changes in the same frames.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any

import numpy as np

from data_prep.synthetic import Settings, render_sequence
from sportstrack import FieldFinder, ShotDetector
from sportstrack.images.opencv import require_cv2

FLOORS = ("grass", "parquet", "ice", "sand")
VIEWS = ("main", "side", "reverse", "goal", "close")
COLUMNS = ("frames", "with field", "players", "lost", "bystanders", "left out")


def main() -> None:
    """Print one row for each floor, and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(301, 331), metavar=("FROM", "TO"))
    parser.add_argument("--stress", choices=("none", "hue", "shade"), default="none")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    counts: dict[str, Any] = defaultdict(lambda: np.zeros(len(COLUMNS), np.int64))
    for seed in range(*options.seeds):
        floor = FLOORS[seed // 2 % 4] if seed % 2 else "grass"
        found = judge(seed, floor, options.stress)
        for name in (floor, "all"):
            counts[name] += found
    print(f"{'floor':<9}" + "".join(f"{name:>12}" for name in COLUMNS))
    for name, row in counts.items():
        print(f"{name:<9}" + "".join(f"{value:>12,}" for value in row.tolist()))
    field, shots = timed(options.seeds[0])
    print(f"field {field:.2f} ms a frame, shot changes {shots:.2f} ms: {field / shots:.2f} of it")


def judge(seed: int, floor: str, stress: str) -> Any:
    """Return the counts of a scene's frames."""
    rng, finder = np.random.default_rng(seed), FieldFinder()
    counts = np.zeros(len(COLUMNS), np.int64)
    scene = Settings(seed=seed, frames=41, surface=floor, bystanders=80, view=VIEWS[seed % 5])
    for picture, truth in render_sequence(scene, every=20):
        image = strained(picture, stress, seed)
        players = truth.xyxy[(truth.class_id < 3) & (truth.visibility >= 0.2)]
        boxes = np.vstack([players, truth.bystander_xyxy])
        boxes = boxes + rng.normal(0, 0.03, boxes.shape) * (boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True)
        field = finder.update(image, boxes)
        held = np.ones(len(boxes), np.bool_) if field is None else field.holds(boxes)
        on, off = held[: len(players)], held[len(players) :]
        counts += (1, field is not None, len(on), int((~on).sum()), len(off), int((~off).sum()))
    return counts


def timed(seed: int, rounds: int = 5) -> tuple[float, float]:
    """Return milliseconds a frame of finding the field and of shot changes, the best of some rounds each."""
    scene = Settings(seed=seed, frames=24, bystanders=40)
    frames = [(image, np.vstack([truth.xyxy, truth.bystander_xyxy])) for image, truth in render_sequence(scene)]
    finder, shots = FieldFinder(), ShotDetector()
    best = [np.inf, np.inf]
    for _ in range(rounds):
        started = time.thread_time()
        for image, boxes in frames:
            if (field := finder.update(image, boxes)) is not None:
                field.holds(boxes)
        between = time.thread_time()
        for image, _boxes in frames:
            shots.update(image)
        for k, spent in enumerate((between - started, time.thread_time() - between)):
            best[k] = min(best[k], 1000 * spent / len(frames))
    return best[0], best[1]


def strained(image: Any, stress: str, seed: int) -> Any:
    """Return a picture in another light."""
    cv2 = require_cv2()
    if stress == "hue":
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.int64)
        hsv[..., 0] = (hsv[..., 0] + seed * 37 % 40 - 20) % 180
        hsv[..., 2] = np.clip(hsv[..., 2] * (0.55 + 0.02 * (seed % 40)), 0, 255)
        return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
    if stress == "shade":
        x, y = np.linspace(0, 1, image.shape[1]), np.linspace(0, 0.6, image.shape[0])[:, None]
        lit = x + y > 0.3 + 0.07 * (seed * 7 % 10)
        return (image * np.where(lit, 1.0, 0.42)[..., None]).astype(np.uint8)
    return image


if __name__ == "__main__":
    main()
