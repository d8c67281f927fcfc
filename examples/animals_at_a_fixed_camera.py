"""Not only sport: animals before a fixed heat camera in a forest, tracked, drawn, and watched by alerts.

python examples/animals_at_a_fixed_camera.py [FOLDER]

No footage of animals comes with this project, so the scene is drawn here: 12-bit heat pictures in 16-bit PNG files, as
such cameras write them, with deer and a fox who walk behind trees. The detector is a plug-in of a few lines: what is
warm.
For a camera of your own take a network instead, for example COCO's animals:

    sportstrack track forest.mp4 --weights yolov8n.pt --classes bird,cat,dog,horse,sheep,cow,bear --enhance auto \
        --set preset=pedestrian --on-pitch off --teams off --embedder none --no-shots --ball none

The pipeline is the one for sports. What changes are the settings below, and nothing but presets is about sport.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from sportstrack import AlertWatch, Detections, track

FRAMES, RATE, SIZE = 150, 10, (480, 270)  # frames, frames per second, width and height
ANIMALS = {  # name: (length in pixels, first x, row of the feet, pixels per frame, first frame)
    "deer one": (46, 30, 186, 2.1, 0),
    "deer two": (52, 530, 234, -2.3, 10),
    "deer three": (40, -40, 166, 1.9, 30),
    "fox": (24, 500, 264, -4.6, 60),
}
RULES = """
rules:
  - name: at the feeding place
    when: enter
    class: deer
    zone: [[0.4, 0.5], [0.6, 0.5], [0.6, 1.0], [0.4, 1.0]]
    for: 0.5
  - name: a herd
    when: count
    class: deer
    above: 2          # three deer or more ...
    for: 1            # ... for a second
    clear: 1
  - name: predator
    when: count
    class: fox
    above: 0
    for: 0.3
"""
SETTINGS = {
    "tracker_settings": {"preset": "pedestrian"},  # steady walkers; who leaves does not come back as the same one
    "on_pitch": "off",  # there is no field
    "teams": "off",  # nobody wears a kit
    "embedder": "none",  # nor has heat any colour
    "shots": False,  # a fixed camera does not cut
    "ball": ["none"],
    "frame_rate": RATE,
}


def draw_scene(folder: Path) -> None:
    """Write the pictures: cold ground with grain, warm animals, cold trees before them."""
    rng = np.random.default_rng(4)
    width, height = SIZE
    rows = np.linspace(900, 1300, height)[:, None]
    ground = cv2.GaussianBlur(rng.normal(0, 220, (height, width)), (0, 0), 6) + rows
    trees = [(int(x), int(w)) for x, w in zip(rng.uniform(0, width, 7), rng.uniform(5, 11, 7), strict=True)]
    for number in range(FRAMES):
        heat = ground.copy()
        for length, x, feet, speed, first in ANIMALS.values():
            if number >= first:
                draw_animal(heat, length, x + speed * (number - first), feet, number, ahead=1 if speed > 0 else -1)
        for x, thick in trees:
            cv2.rectangle(heat, (x, 0), (x + thick, height - 60), 820.0, -1)
        heat = cv2.GaussianBlur(heat, (0, 0), 1.2) + rng.normal(0, 25, heat.shape)
        heat *= 1 + 0.06 * np.sin(number)  # the sensor flickers
        cv2.imwrite(str(folder / f"{number:06}.png"), heat.clip(0, 4095).astype(np.uint16))


def draw_animal(heat: np.ndarray, length: float, x: float, feet: float, number: int, ahead: int) -> None:
    """Draw one from the side: body, neck, head and four legs that swing."""
    tall, warm = 0.72 * length, 2600.0
    body = (round(x), round(feet - 0.62 * tall))
    cv2.ellipse(heat, body, (round(0.42 * length), round(0.2 * length)), 0, 0, 360, warm, -1)
    head = (round(x + ahead * 0.5 * length), round(feet - tall))
    cv2.line(heat, body, head, warm, max(3, round(0.15 * length)))
    cv2.ellipse(heat, head, (round(0.13 * length), round(0.1 * length)), 0, 0, 360, warm, -1)
    for k, hip in enumerate((-0.3, -0.2, 0.22, 0.32)):
        swing = 0.1 * length * np.sin(0.9 * number + k * np.pi / 2)
        start = (round(x + hip * length), round(feet - 0.5 * tall))
        cv2.line(heat, start, (round(x + hip * length + swing), round(feet)), warm, max(1, round(0.06 * length)))


class WarmBodies:
    """A detector of one's own: warm spots, told apart by their height."""

    def __init__(self) -> None:
        self.names = {0: "deer", 1: "fox"}

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Return one table per (H, W, 3) frame."""
        tables = []
        for frame in frames:
            mask = (cv2.GaussianBlur(frame[..., 0], (3, 3), 0) > 150).astype(np.uint8)
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 19), np.uint8))  # a tree hides a part of a body
            found = cv2.connectedComponentsWithStats(mask)[2][1:]  # the first one is the ground
            x, y, wide, tall, area = found[found[:, 4] >= 80].T
            boxes = np.stack([x, y, x + wide, y + tall], axis=1).astype(float)
            score = np.clip(area / 200, 0.3, 0.95)
            tables.append(Detections.from_arrays(boxes, score, (tall < 24).astype(int)))
        return tables


def main(folder: Path) -> None:
    """Draw the scene if it is not there, track it, and print alerts and tracks."""
    pictures = folder / "forest"
    if not pictures.is_dir():
        pictures.mkdir(parents=True)
        draw_scene(pictures)
    watch = AlertWatch(RULES)
    frames = track(pictures, folder / "tracked", detector=WarmBodies(), overwrite=True, **SETTINGS)
    for frame in frames:
        for alert in watch(frame):
            print(f"{alert.time:5.1f} s  {alert.rule}: {alert.message}")
    print(frames.summary)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/animals"))
