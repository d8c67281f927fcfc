"""A YOLO data set of grey pictures with coloured objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIZE = (240, 160)
GREY = 90
COLOURS = ((20, 20, 240), (240, 20, 20), (20, 220, 20), (230, 20, 230), (20, 230, 230))  # one per object


def paint(boxes: Any) -> Any:
    """A grey picture with one coloured rectangle per box; class i has colour i."""
    image = np.full((SIZE[1], SIZE[0], 3), GREY, np.uint8)
    for i, (x1, y1, x2, y2) in enumerate(np.asarray(boxes).astype(int).tolist()):
        image[y1:y2, x1:x2] = COLOURS[i]
    return image


# --- data sets -------------------------------------------------------------------------------------------------------


def make_set(root: Path, count: int = 4, suffix: str = ".jpg") -> Path:
    """Pictures of two clips in train (folders) and one in val; each has two coloured objects."""
    import cv2

    boxes = np.array([[20, 20, 50, 90], [120, 30, 150, 100]], float)
    shares = (boxes / np.tile(SIZE, 2)).tolist()
    label = "".join(
        f"{kind} {(a + c) / 2:.6f} {(b + d) / 2:.6f} {c - a:.6f} {d - b:.6f}\n"
        for kind, (a, b, c, d) in enumerate(shares)
    )
    for folder in ("train/a", "train/b", "val/c"):
        (root / "images" / folder).mkdir(parents=True)
        (root / "labels" / folder).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(root / f"images/{folder}/{i}{suffix}"), paint(boxes))
            (root / f"labels/{folder}/{i}.txt").write_text(label)
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [player, ball]\n")
    return root
