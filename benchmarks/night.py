"""What bad light costs a detector, and what `enhance` and training for it give back.

    python benchmarks/night.py WORK                 # the demo's detector, which learnt by day: the first table
    python benchmarks/night.py WORK --train         # and two that learn on, with and without --augment: the second one

WORK is a folder for renders and runs; what is there is kept. Everything is rendered (data_prep.synthetic), with seeds
that were used for nothing else: training 20000 to 20039, tests 21000 to 21009. Both trainings begin with the demo's
weights and see the same squares of 320 pixels, rendered by day, equally often; one of them changes the light of half
of them (data_prep.augment.NIGHT). AP50 is that of all people as one class, at imgsz 1280.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import yaml

from data_prep.augment import NIGHT
from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence, write_yolo
from sportstrack import judge_detectors, train_detector

DEMO = Path(__file__).resolve().parents[1] / "weights" / "sportstrack-demo-yolov8n.pt"
LIGHTS = ("even", "dusk", "floodlight", "night")
ENHANCE = ("none", "auto", "gamma", "clahe", "denoise")
CROP = 320  # pixels; the network is fully convolutional, and runs on whole frames afterwards
PER_FRAME = 4  # squares
TRAIN_SEEDS, CHECK_SEEDS, TEST_SEEDS = range(20000, 20040), range(20900, 20902), range(21000, 21010)
PEOPLE = {"player": ["goalkeeper", "referee"]}
RECIPE = {
    "weights": str(DEMO), "imgsz": CROP, "batch": 16, "epochs": 4, "lr0": 0.0004, "optimizer": "AdamW", "patience": 0,
    "more": {
        "mosaic": 0.0, "hsv_h": 0.0, "hsv_s": 0.1, "hsv_v": 0.15, "translate": 0.05, "scale": 0.1, "cos_lr": True,
        "nbs": 16, "plots": False,
    },
}  # fmt: skip


def scene(seed: int, lighting: str = "even", frames: int = 121) -> Settings:
    """A sequence with its settings drawn from the seed."""
    rng = np.random.default_rng(seed)
    crowding, speed = float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.5, 1.8))
    return Settings(seed=seed, frames=frames, crowding=crowding, camera_speed=speed, lighting=lighting)


def render_training(work: Path) -> Path:
    """Return the data.yaml of squares cut out of day pictures, having made what is missing."""
    import cv2

    folder = work.resolve() / "crops"
    for split, seeds in {"train": TRAIN_SEEDS, "val": CHECK_SEEDS}.items():
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            if list((folder / "labels" / split).glob(f"{seed}_*_9.txt")):  # the last one of a sequence
                continue
            rng = np.random.default_rng([seed, 1])
            for i, (image, truth) in enumerate(render_sequence(scene(seed), every=60)):
                for k in range(PER_FRAME):
                    name = f"{seed}_{i}_{9 if (i, k) == (2, PER_FRAME - 1) else k}"
                    x, y = corner(truth, rng)
                    cv2.imwrite(str(folder / "images" / split / f"{name}.png"), image[y : y + CROP, x : x + CROP])
                    (folder / "labels" / split / f"{name}.txt").write_text(labels(truth, x, y), encoding="utf-8")
    described = {"path": str(folder), "train": "images/train", "val": "images/val", "names": dict(enumerate(CLASSES))}
    (folder / "data.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder / "data.yaml"


def corner(truth: FrameTruth, rng: np.random.Generator) -> tuple[int, int]:
    """Top left corner of a square near a person, or anywhere."""
    aim = rng.uniform(0, (1280, 720))
    if len(truth.xyxy):
        box = truth.xyxy[rng.integers(len(truth.xyxy))]
        aim = (box[:2] + box[2:]) / 2
    x, y = np.clip(aim - CROP / 2 + rng.uniform(-0.3, 0.3, 2) * CROP, 0, (1280 - CROP, 720 - CROP)).astype(int)
    return int(x), int(y)


def labels(truth: FrameTruth, x: int, y: int) -> str:
    """YOLO lines of what is seen within a square."""
    lines = []
    for class_id, box, visible in zip(truth.class_id, truth.xyxy, truth.visibility, strict=True):
        inside = np.clip(box - (x, y, x, y), 0, CROP)
        size = inside[2:] - inside[:2]
        kept = size.prod() / (box[2:] - box[:2]).prod()
        if kept >= 0.3 and kept * visible >= 0.1:
            middle = (inside[:2] + inside[2:]) / 2
            lines.append(" ".join([str(class_id), *(f"{v / CROP:.6f}" for v in (*middle, *size))]) + "\n")
    return "".join(lines)


def render_tests(work: Path) -> dict[str, Path]:
    """Return light → data set of whole frames, having made what is missing."""
    found = {}
    for light in LIGHTS:
        folder = work / f"test-{light}"
        if not folder.exists():
            write_yolo([scene(seed, light, 81) for seed in TEST_SEEDS], folder, every=40, val_share=0.9)
        found[light] = folder
    return found


def train(work: Path, name: str, **more: object) -> Path:
    """Return the last weights of a training, which is done if it is not there."""
    run = train_detector(render_training(work), work / name, resume=True, progress=True, **RECIPE, **more)
    return run.last


def judge(weights: Path, tests: dict[str, Path], enhance: tuple[str, ...]) -> list[str]:
    """Return table rows: a row per way to enhance, a column per light."""
    rows = []
    for way in enhance:
        cells = []
        for folder in tests.values():
            judged = judge_detectors([weights], folder, imgsz=1280, same=PEOPLE, enhance=way)[0]
            accuracy = judged.accuracy
            person = next(i for i, name in accuracy.classes.items() if name == "player")
            cells.append(f"{100 * accuracy.ap(person, overlap=0.5):.1f} / {100 * accuracy.ap(person):.1f}")
        rows.append(f"| {way} | " + " | ".join(cells) + " |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for renders and runs")
    parser.add_argument("--train", action="store_true", help="train twice, then judge these weights as well")
    parser.add_argument("--only-train", action="store_true", help="train and stop")
    options = parser.parse_args()
    runs: dict[str, Path] = {}
    if options.train or options.only_train:
        started = time.process_time()
        runs["learnt on with --augment"] = train(options.work, "night", augment=NIGHT)
        runs["learnt on by day"] = train(options.work, "day")
        print(f"trained in {(time.process_time() - started) / 60:.0f} minutes of processor time", flush=True)
    if options.only_train:
        return
    tests = render_tests(options.work)
    print("AP50 / AP50-95 of people, per cent\n")
    head = "| enhance | " + " | ".join(LIGHTS) + " |\n|---" + "|---:" * len(LIGHTS) + "|"
    print(f"The demo's weights\n\n{head}")
    judge(DEMO, tests, ENHANCE)
    for name, weights in runs.items():
        print(f"\n{name}\n\n{head}")
        judge(weights, tests, ("none", "auto"))


if __name__ == "__main__":
    main()
