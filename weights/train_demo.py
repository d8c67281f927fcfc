"""Make the demo detector: render football, cut it into squares, `sportstrack train`, `sportstrack val`.

    python weights/train_demo.py WORK                      # render, train, judge: an hour or so on two cores
    python weights/train_demo.py WORK --judge FILE.pt      # only judge a file

WORK is a folder for the data sets and the run. What is there already is kept: renders are not made again, and an
interrupted training goes on. Nothing is downloaded: the network starts from random weights (``yolov8n.yaml``, four
classes) and sees only renders of data_prep.synthetic.

Most of a football picture is grass, and what matters in it is small. So training sees squares of 320 pixels cut at
native scale round the ball, keepers, referee and crowded spots (some at random, for crowd and boards), never resized;
the network is fully convolutional, and runs on whole frames at imgsz 1280 afterwards.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import yaml

from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence, write_yolo
from data_prep.synthetic.settings import BALL, GOALKEEPER, REFEREE
from sportstrack.cli.progress import ProgressBar
from sportstrack.train import train_detector
from sportstrack.train.command import show_epoch
from sportstrack.val import judge_detectors
from sportstrack.val.table import to_markdown

CROP = 320  # pixels
SEQUENCE = {"frames": 240, "cuts": 2}
EVERY = 60  # one frame of so many is cut into crops
CROPS_PER_FRAME = 6
TRAIN_SEEDS = range(1000, 1300)
CHECK_SEEDS = range(8000, 8010)  # looked at after each epoch
TEST_SEEDS = range(9000, 9010)  # the scores in README.md; never looked at before
RECIPE = {
    "weights": "yolov8n.yaml", "imgsz": CROP, "batch": 32, "optimizer": "AdamW", "lr0": 0.002, "patience": 0,
    "more": {
        "cos_lr": True, "warmup_epochs": 0.9, "nbs": 32,
        # hue and size mean something in these pictures and stay nearly as they are
        "mosaic": 0.0, "hsv_h": 0.0, "hsv_s": 0.1, "hsv_v": 0.15, "translate": 0.05, "scale": 0.1,
    },
}  # fmt: skip


def scene(seed: int) -> Settings:
    """A sequence with its settings drawn from the seed too."""
    rng = np.random.default_rng(seed)
    return Settings(
        seed=seed,
        crowding=float(rng.uniform(0.1, 0.8)),
        camera_speed=float(rng.uniform(0.5, 1.8)),
        light_change=float(rng.uniform(0, 0.8)),
        noise=float(rng.uniform(1, 4)),
        **SEQUENCE,
    )


# --- data -----------------------------------------------------------------------------------------------------------


def crop_corners(truth: FrameTruth, settings: Settings, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Top left corners of one frame's crops: the ball, rare roles, the tightest group, anything."""
    centre = (truth.xyxy[:, :2] + truth.xyxy[:, 2:]) / 2
    room = np.array([settings.width - CROP, settings.height - CROP])
    aims = [rng.uniform(0, (settings.width, settings.height))]
    people = np.flatnonzero(truth.class_id != BALL)
    if len(people):
        weight = np.where(np.isin(truth.class_id[people], (GOALKEEPER, REFEREE)), 4.0, 1.0)
        aims += [centre[i] for i in rng.choice(people, CROPS_PER_FRAME - 3, p=weight / weight.sum())]
        gap = np.linalg.norm(centre[people][:, None] - centre[people][None], axis=2)
        aims.append(centre[people[np.argmin(np.sort(gap, axis=1)[:, : min(3, len(people))].sum(axis=1))]])
    aims += [centre[i] for i in np.flatnonzero((truth.class_id == BALL) & (truth.visibility >= 0.1))]
    corners = []
    for aim in aims:
        corner = np.clip(aim - CROP / 2 + rng.uniform(-0.4, 0.4, 2) * CROP, 0, room).astype(int)
        corners.append((int(corner[0]), int(corner[1])))
    return corners


def crop_labels(truth: FrameTruth, x: int, y: int) -> list[str]:
    """YOLO lines of a crop: what is visible, as far as it lies within."""
    lines = []
    for class_id, box, visible in zip(truth.class_id, truth.xyxy, truth.visibility, strict=True):
        inside = np.clip(box - (x, y, x, y), 0, CROP)
        width, height = inside[2] - inside[0], inside[3] - inside[1]
        kept = width * height / ((box[2] - box[0]) * (box[3] - box[1]))
        if kept < (0.5 if class_id == BALL else 0.2) or kept * visible < 0.1:
            continue
        middle = (inside[:2] + inside[2:]) / 2 / CROP
        lines.append(f"{class_id} {middle[0]:.6f} {middle[1]:.6f} {width / CROP:.6f} {height / CROP:.6f}\n")
    return lines


def render_crops(job: tuple[int, Path, str]) -> None:
    """Cut one sequence into crops of a split; a sequence that is already there is left alone."""
    import cv2

    seed, folder, split = job
    cv2.setNumThreads(1)
    done = folder / "done" / str(seed)
    if done.exists():
        return
    images, labels = folder / "images" / split, folder / "labels" / split
    settings, rng = scene(seed), np.random.default_rng([seed, 99])
    for image, truth in render_sequence(settings, EVERY):
        for i, (x, y) in enumerate(crop_corners(truth, settings, rng)):
            stem = f"{seed}_{truth.frame:04d}_{i}"
            crop = image[y : y + CROP, x : x + CROP]
            coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
            (images / f"{stem}.jpg").write_bytes(bytes(coded))
            (labels / f"{stem}.txt").write_text("".join(crop_labels(truth, x, y)), encoding="utf-8")
    done.touch()


def render_training(work: Path, workers: int) -> Path:
    """Return the data.yaml of all crops, having made what is missing."""
    folder = work.resolve() / "crops"
    splits = {"train": TRAIN_SEEDS, "val": CHECK_SEEDS}
    for part in ("done", *(f"{kind}/{split}" for kind in ("images", "labels") for split in splits)):
        (folder / part).mkdir(parents=True, exist_ok=True)
    jobs = [(seed, folder, split) for split, seeds in splits.items() for seed in seeds]
    with ProcessPoolExecutor(workers) as pool:
        for n, _ in enumerate(pool.map(render_crops, jobs), 1):
            if n % 10 == 0:
                print(f"rendered {n}/{len(jobs)} sequences", flush=True)
    return describe(folder / "data.yaml", {split: [f"images/{split}"] for split in splits})


def render_test(work: Path) -> Path:
    """Return the data.yaml of the whole frames to judge on, having made them if they are missing."""
    folder = work.resolve() / "test"
    if not folder.exists():
        write_yolo([scene(seed) for seed in TEST_SEEDS], folder, every=20, val_share=0.5)
    return describe(folder / "all.yaml", {"test": ["images/train", "images/val"]})


def describe(path: Path, splits: dict[str, list[str]]) -> Path:
    """Write a data.yaml."""
    described = {"path": str(path.parent), **splits, "names": dict(enumerate(CLASSES))}
    path.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    return path


def publish(weights: Path, path: Path) -> Path:
    """Save the run's weights without the paths and dates of the machine that made them."""
    import torch
    from ultralytics.nn.tasks import torch_safe_load

    content, _ = torch_safe_load(str(weights))
    settings = content["train_args"] | {"data": "data_prep.synthetic", "imgsz": 1280}  # what it is to be used at
    settings = {key: value for key, value in settings.items() if key not in ("save_dir", "project", "name")}
    content["model"].args = settings
    left = ("date", "git", "docs")
    part = path.with_suffix(".part")
    torch.save({key: value for key, value in content.items() if key not in left} | {"train_args": settings}, part)
    part.rename(path)
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for crops, the run and test frames")
    parser.add_argument("--judge", metavar="FILE.pt", help="judge this file on the test seeds and stop")
    parser.add_argument("--epochs", type=int, default=7, help="passes over the crops (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the order (default: 1)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int, default=2, help="processes that render (default: 2)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where the processor has it")
    options = parser.parse_args()
    weights = options.judge
    if weights is None:
        data = render_training(options.work, options.workers)
        chosen = {name: getattr(options, name) for name in ("epochs", "seed", "device", "bf16")}
        run = train_detector(
            data,
            options.work / "run",
            resume=True,
            report=show_epoch,
            progress=ProgressBar("training", "step"),
            **RECIPE,
            **chosen,
        )
        # The last epoch's, because the schedule ends there; a best one would be chosen by 200 crops.
        weights = str(publish(run.last, options.work / "sportstrack-demo-yolov8n.pt"))
    people = {"player": ["goalkeeper", "referee"]}
    for same in ({}, people):
        judged = judge_detectors([weights], render_test(options.work), split="test", imgsz=1280, same=same)
        print(to_markdown(judged), flush=True)


if __name__ == "__main__":
    main()
