"""How long drawing takes: 25 people at 1280x720 under a panning camera, for each preset and item.

    python benchmarks/draw.py

Prints milliseconds per frame: the median of the wall clock, and the mean of the processor's time, which other work on
the machine hardly disturbs. The target is under 8 ms for each preset.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from sportstrack import Annotator, Tracks

WIDTH, HEIGHT, PAN = 1280, 720, 3


def pitch(frames: int) -> np.ndarray:
    """Turf wide enough for the pan, with structure that a camera's motion can be followed by."""
    import cv2

    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (HEIGHT // 4, (WIDTH + PAN * frames) // 4 + 1), np.uint8)
    grey = cv2.resize(noise, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    return np.stack([grey // 4, 80 + grey // 4, grey // 4], axis=2).astype(np.uint8)


def people(count: int, frames: int) -> list[Tracks]:
    """Boxes of players that run about, often close to one another."""
    rng = np.random.default_rng(2)
    place = np.column_stack([rng.uniform(200, 1000, count), rng.uniform(200, 600, count)])
    speed = rng.normal(0, 2, (count, 2))
    tables = []
    for _ in range(frames):
        speed += rng.normal(0, 0.3, (count, 2)) - 0.0005 * (place - (640, 400))
        place = place + speed
        size = np.column_stack([0.4 * (place[:, 1] / 8), place[:, 1] / 8])
        boxes = np.hstack([place - (0.5, 1) * size, place + (0.5, 0) * size])
        rows = np.arange(count)
        tables.append(Tracks(boxes, np.full(count, 0.9), np.zeros(count, np.int64), rows + 1, rows).rounded())
    return tables


def measure(draw: str, images: list[np.ndarray], tables: list[Tracks]) -> tuple[float, float]:
    """Return the median of wall milliseconds and the mean of processor milliseconds per frame."""
    annotator = Annotator({0: "player"}, draw=draw)
    wall, used = [], 0.0
    for number, (image, tracks) in enumerate(zip(images, tables, strict=True)):
        canvas = image.copy()
        begin, before = time.perf_counter(), time.process_time()
        annotator.draw(canvas, tracks)
        if number >= 10:  # letters and OpenCV's threads are made by then
            wall.append(time.perf_counter() - begin)
            used += time.process_time() - before
    return 1000 * float(np.median(wall)), 1000 * used / len(wall)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=150, help="frames per preset (150)")
    parser.add_argument("--people", type=int, default=25, help="people in each frame (25)")
    options = parser.parse_args()
    ground = pitch(options.frames)
    images = [ground[:HEIGHT, PAN * i : PAN * i + WIDTH] for i in range(options.frames)]
    tables = people(options.people, options.frames)
    print(f"{'what':<16} {'wall ms':>8} {'processor ms':>13}")
    for draw in ("broadcast", "analyst", "debug", "box", "corner", "ellipse", "trace", "id", "label", "clock"):
        wall, used = measure(draw, images, tables)
        print(f"{draw:<16} {wall:8.2f} {used:13.2f}")


if __name__ == "__main__":
    main()
