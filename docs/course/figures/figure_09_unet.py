"""The figure of chapter 9: true masks, and those of the page's two networks.

python docs/course/figures/figure_09_unet.py
"""

from __future__ import annotations

import cv2
import numpy as np
from run_page import IMAGES, run_page

SCALE = 3
SHOWN = (3, 22, 44, 71)
NAMES = ("picture", "truth", "skip connections", "without")


def main() -> None:
    """Draw four squares in rows, with the masks beside them."""
    names = run_page("09-segmentation.md")
    pictures = ((names["test"][0].permute(0, 2, 3, 1).numpy() + 0.4) * 255).round().astype(np.uint8)
    true = names["test"][1][:, 0].numpy() > 0
    masks = [true, *(names["found"](net) for net in names["nets"].values())]
    rows = [
        np.hstack([bordered(pictures[k])] + [bordered(marked(pictures[k], m[k], true[k])) for m in masks])
        for k in SHOWN
    ]
    head = np.full((26, rows[0].shape[1], 3), 255, np.uint8)
    for column, name in enumerate(NAMES):
        place = (column * rows[0].shape[1] // 4 + 6, 18)
        cv2.putText(head, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    cv2.imwrite(str(IMAGES / "09-unet.png"), np.vstack((head, *rows)), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def marked(picture: np.ndarray, mask: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the picture in grey with the mask in yellow, and what is wrong in red."""
    grey = np.repeat(picture.mean(-1, keepdims=True) * 0.6, 3, -1)
    grey[mask & true] = (60, 220, 255)
    grey[mask != true] = (60, 60, 230)
    return grey.astype(np.uint8)


def bordered(image: np.ndarray) -> np.ndarray:
    """Return the picture enlarged, with a white edge."""
    large = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)
    return cv2.copyMakeBorder(large, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


if __name__ == "__main__":
    main()
