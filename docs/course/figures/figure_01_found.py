"""The picture of chapter 1: what the page's own detector finds in a match that it has not seen.

python docs/course/figures/figure_01_found.py
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from run_page import IMAGES, run_page

YELLOW, WHITE = (60, 220, 255), (255, 255, 255)


def main() -> None:
    """Draw it: above, how sure each cell is; below, the boxes."""
    names = run_page("01-detectors.md")
    picture, _ = names["test"][3]
    with torch.no_grad():
        score = torch.sigmoid(names["net"](names["pixels"](picture))[0, 0]).numpy()
    large = cv2.resize(score, (score.shape[1] * 8, score.shape[0] * 8), interpolation=cv2.INTER_NEAREST)
    weight = large[: picture.shape[0], : picture.shape[1], None]
    sure = (picture * (0.45 * (1 - weight)) + np.array(YELLOW) * weight).astype(np.uint8)
    found = picture.copy()
    for box, value in zip(*names["detect"](picture), strict=True):
        x1, y1, x2, y2 = box.round().astype(int).tolist()
        cv2.rectangle(found, (x1, y1), (x2, y2), YELLOW, 1, cv2.LINE_AA)
        cv2.putText(found, f"{value:.2f}", (x1 - 4, y1 - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.35, WHITE, 1, cv2.LINE_AA)
    cv2.imwrite(str(IMAGES / "01-found.jpg"), np.vstack((sure[80:], found[80:])), [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
