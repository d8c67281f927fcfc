"""The figure of chapter 11: one frame with boxes that were read rightly and wrongly.

python docs/course/figures/figure_11_traps.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from data_prep.synthetic import CLASSES, Settings, render_sequence

TARGET = Path(__file__).resolve().parents[2] / "images" / "course" / "11-traps.png"
COLORS = ("#ffd23f", "#ff4d8d", "#ffffff", "#4de1ff", "#000000")
NAMES = (*CLASSES, "?")
WIDTH, HEIGHT = 480, 270


def main() -> None:
    """Draw it."""
    frame, truth = next(iter(render_sequence(Settings(seed=4, frames=1, width=WIDTH, height=HEIGHT))))
    boxes, classes = truth.xyxy, truth.class_id
    square = boxes * np.tile([1.0, WIDTH / HEIGHT], 2) / WIDTH  # shares of a square that the frame was stretched to
    panels = {
        "right": (boxes, classes),
        "y before x": (boxes[:, [1, 0, 3, 2]], classes),
        "class one too high": (boxes, classes + 1),
        "square not scaled back": (square * HEIGHT, classes),
    }
    figure, grid = plt.subplots(2, 2, figsize=(8, 5), layout="constrained")
    for axes, (title, (xyxy, kinds)) in zip(grid.flat, panels.items(), strict=True):
        axes.imshow(frame[:, :, ::-1])
        for (x1, y1, x2, y2), kind in zip(xyxy, kinds, strict=True):
            axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec=COLORS[kind], lw=1.3))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), xticks=[], yticks=[])
        axes.set_title(title, fontsize=10)
    handles = [Rectangle((0, 0), 1, 1, fc=color, ec="#888888") for color in COLORS]
    figure.legend(handles, NAMES, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    figure.savefig(TARGET, dpi=74, metadata={"Software": None})


if __name__ == "__main__":
    main()
