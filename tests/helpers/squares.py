"""A small data set of bright squares to train on, and settings that train in seconds."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

TINY: dict[str, Any] = {"weights": "yolov8n.yaml", "imgsz": 64, "batch": 4, "device": "cpu", "more": {"plots": False}}


def make_set(root: Path, train: int = 8, val: int = 4) -> Path:
    """Pictures of 64 × 64 with a bright square each, and their data.yaml."""
    import cv2

    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("val", val)):
        for folder in ("images", "labels"):
            (root / folder / split).mkdir(parents=True)
        for i in range(count):
            x, y = rng.integers(4, 30, 2)
            image = np.full((64, 64, 3), 40, np.uint8)
            image[y : y + 24, x : x + 24] = 220
            cv2.imwrite(str(root / "images" / split / f"{i}.png"), image)
            label = f"0 {(x + 12) / 64} {(y + 12) / 64} {24 / 64} {24 / 64}\n"
            (root / "labels" / split / f"{i}.txt").write_text(label if i else "", encoding="utf-8")  # one negative
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [square, ball]\n", encoding="utf-8")
    return root / "data.yaml"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
