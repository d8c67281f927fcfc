"""A whole round of training at real size: render, train, judge on matches that were never seen, fill in a card.

    python benchmarks/train.py WORK                          # 5,000 frames, 60 epochs at 1280 pixels; meant for a GPU
    python benchmarks/train.py WORK --judge FILE.pt          # only measure a file
    python benchmarks/train.py WORK --small                  # the same steps in minutes, to see that they work
    python benchmarks/train.py WORK --weights yolov8n.pt --epochs 1 --batch 4 --bf16      # an hour on two cores

WORK is a folder for renders and checkpoints. What is there already is kept: renders are not made again, and an
interrupted training goes on. The network starts from random weights (``yolov8n.yaml``) or those that --weights names,
and sees nothing but renders of ``data_prep.synthetic``; training, looking and judging use different seeds. The card
goes to WORK/card.md and says whether players reach an AP50 of 0.97 and the ball 0.7.
"""

from __future__ import annotations

import os
from importlib import import_module

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import argparse
import json
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sportstrack.cli.progress import ProgressBar
from sportstrack.train import train_detector
from sportstrack.train.command import show_epoch
from sportstrack.val import Judgement, judge_detectors
from sportstrack.val.table import to_markdown

synthetic = import_module("data_prep.synthetic")

GOALS = {"player": 0.97, "ball": 0.7}  # AP50
SEQUENCE = {"frames": 200, "cuts": 2}
EVERY = 10  # 20 pictures a sequence
TRAIN_SEEDS = range(20_000, 20_250)  # 5,000 pictures
CHECK_SEEDS = range(30_000, 30_010)  # looked at after each epoch
TEST_SEEDS = range(40_000, 40_020)  # the card's figures
CHUNK = 10  # sequences that one process renders
RECIPE = {  # hue and size mean something in these pictures: colours give the roles, and the ball is a few pixels wide
    "cos_lr": True, "hsv_h": 0.0, "scale": 0.1,
}  # fmt: skip
CHOSEN = ("weights", "epochs", "imgsz", "batch", "seed", "device", "bf16")  # on the command line


def scene(seed: int, size: dict[str, int]) -> Any:
    """A sequence with its settings drawn from the seed too."""
    rng = np.random.default_rng(seed)
    return synthetic.Settings(
        seed=seed,
        crowding=float(rng.uniform(0.1, 0.8)),
        camera_speed=float(rng.uniform(0.5, 1.8)),
        light_change=float(rng.uniform(0, 0.8)),
        noise=float(rng.uniform(1, 4)),
        **SEQUENCE,
        **size,
    )


def render(job: tuple[list[int], Path, dict[str, int]]) -> Path:
    """Render some sequences into a data set of their own, unless it is there."""
    import cv2

    seeds, folder, size = job
    cv2.setNumThreads(1)
    if not folder.exists():
        synthetic.write_yolo([scene(seed, size) for seed in seeds], folder, every=EVERY, val_share=0.5)
    return folder


def render_set(seeds: range, folder: Path, workers: int, size: dict[str, int]) -> list[Path]:
    """Render all sequences; return the folders of their pictures."""
    parts = [list(seeds[i : i + CHUNK]) for i in range(0, len(seeds), CHUNK)]
    jobs = [(part, folder / f"{part[0]}-{part[-1]}", size) for part in parts]
    with ProcessPoolExecutor(workers) as pool:
        made = list(pool.map(render, jobs))
    return [(part / "images" / split).resolve() for part in made for split in ("train", "val")]


def prepare(work: Path, options: argparse.Namespace) -> tuple[Path, Path]:
    """Render what is missing; return the data.yaml to train with and the one to judge with."""
    seeds = {"train": TRAIN_SEEDS, "val": CHECK_SEEDS, "test": TEST_SEEDS}
    if options.judge:
        seeds = {"test": TEST_SEEDS}
    size = {"width": 640, "height": 360} if options.small else {}
    if options.small:
        seeds = {split: part[:2] for split, part in seeds.items()}
    root = work / ("renders-small" if options.small else "renders")
    places = {split: render_set(part, root, options.workers, size) for split, part in seeds.items()}
    names = {"names": dict(enumerate(synthetic.CLASSES))}
    described = {split: [str(place) for place in folders] for split, folders in places.items()}
    for name, splits in (("train", ("train", "val")), ("test", ("test",))):
        text = yaml.safe_dump({split: described.get(split) for split in splits} | names, sort_keys=False)
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root / "train.yaml", root / "test.yaml"


def card(found: Judgement, minutes: float | None, options: argparse.Namespace) -> str:
    """Return the results card."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    ap50 = {name: found.accuracy.ap(class_id, overlap=0.5) for class_id, name in found.accuracy.classes.items()}
    goals = [
        f"| {name} | {ap50[name]:.3f} | {goal} | {'reached' if ap50[name] >= goal else 'missed'} |\n"
        for name, goal in GOALS.items()
    ]
    if minutes is None:
        training = f"not here; {Path(options.judge).name} was judged"
    else:
        rounds = "1 epoch" if options.epochs == 1 else f"{options.epochs} epochs"
        training = (
            f"{'small trial' if options.small else '5,000 frames'}, from {Path(options.weights).name}, {rounds}, "
        )
        training += f"imgsz {options.imgsz}, batch {options.batch}, seed {options.seed}{', bfloat16' * options.bf16}; "
        training += f"{minutes:.0f} minutes in this run"
    return (
        "# Results card: YOLOv8n on rendered football\n\n"
        f"* machine: {platform.machine()}, {gpu}, torch {torch.__version__}, Python {platform.python_version()}\n"
        f"* training: {training}\n"
        f"* judged on {found.pictures} frames of matches that were never seen, imgsz {options.imgsz}\n\n"
        f"| class | AP50 | goal | |\n|---|---:|---:|---|\n{''.join(goals)}\n" + to_markdown([found])
    )


def main() -> int:
    """Render, train, judge; exit status 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--judge", metavar="FILE.pt", help="only measure this file")
    parser.add_argument("--small", action="store_true", help="6 sequences at 640 × 360, 2 epochs at 320")
    parser.add_argument("--weights", default="yolov8n.yaml", help="where to start (default: %(default)s, random)")
    parser.add_argument("--epochs", type=int, help="60")
    parser.add_argument("--imgsz", type=int, help="1280")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where the processor has it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that render")
    options = parser.parse_args()
    options.epochs = options.epochs or (2 if options.small else 60)
    options.imgsz = options.imgsz or (320 if options.small else 1280)
    data, test = prepare(options.work, options)
    weights, minutes = options.judge, None
    if weights is None:
        started = time.monotonic()
        result = train_detector(
            data,
            options.work / ("run-small" if options.small else "run"),
            resume=True,
            patience=0,
            report=show_epoch,
            progress=ProgressBar("training", "step"),
            # few epochs want many small steps, and mosaics nearly to the end
            more=RECIPE | {"nbs": min(64, 2 * options.batch), "close_mosaic": options.epochs // 5},
            **{name: getattr(options, name) for name in CHOSEN},
        )
        weights, minutes = str(result.best), (time.monotonic() - started) / 60
    found = judge_detectors([weights], test, split="test", imgsz=options.imgsz, device=options.device)[0]
    text = card(found, minutes, options)
    (options.work / "card.md").write_text(text, encoding="utf-8")
    (options.work / "card.json").write_text(json.dumps(found.to_dict(), indent=1), encoding="utf-8")
    print(text)
    ids = {name: i for i, name in found.accuracy.classes.items()}
    return 0 if all(found.accuracy.ap(ids[name], overlap=0.5) >= goal for name, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
