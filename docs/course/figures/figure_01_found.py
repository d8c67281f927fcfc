"""The picture of chapter 1: what the page's own detector finds in a match that it has not seen.

python docs/course/figures/figure_01_found.py      # runs the page's blocks first
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

DOCS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(DOCS))
from make_notebooks import cells  # noqa: E402

TARGET = DOCS / "images" / "course" / "01-found.jpg"


def run_page() -> dict[str, Any]:
    """Return the names that the page's blocks have made."""
    names: dict[str, Any] = {"__name__": "chapter"}
    for cell in cells((DOCS / "course" / "01-detectors.md").read_text(encoding="utf-8")):
        if cell.kind == "python" and "assert low" not in cell.content:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(cell.content, names)
    return names


def main() -> None:
    """Draw it."""
    names = run_page()
    picture, _ = names["test"][3]
    with torch.no_grad():
        score = torch.sigmoid(names["net"](names["pixels"](picture))[0, 0]).numpy()
    large = cv2.resize(score, (score.shape[1] * 8, score.shape[0] * 8), interpolation=cv2.INTER_NEAREST)
    weight = large[: picture.shape[0], : picture.shape[1], None]
    sure = (picture * (0.45 * (1 - weight)) + np.array([60, 220, 255]) * weight).astype(np.uint8)
    found = picture.copy()
    for box, value in zip(*names["detect"](picture), strict=True):
        x1, y1, x2, y2 = box.round().astype(int).tolist()
        cv2.rectangle(found, (x1, y1), (x2, y2), (60, 220, 255), 1, cv2.LINE_AA)
        cv2.putText(
            found, f"{value:.2f}", (x1 - 4, y1 - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (255, 255, 255), 1, cv2.LINE_AA
        )
    cv2.imwrite(str(TARGET), np.vstack((sure[80:], found[80:])), [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
