"""The figures of chapter 2: changed copies of a picture, and what labels of more matches bring.

python docs/course/figures/figure_02_data.py
"""

from __future__ import annotations

import cv2
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from run_page import IMAGES, run_page

from data_prep.augment import augment_image
from data_prep.synthetic import Settings, render_sequence

COPIES = ("flip", "rotate", "motion_blur", "copy_paste", "fog")


def draw_copies() -> None:
    """Draw a picture and five copies, in two columns."""
    picture, truth = next(iter(render_sequence(Settings(seed=21, frames=1, width=960, height=540))))
    seen = truth.visibility > 0.3
    given = (picture, truth.xyxy[seen], truth.class_id[seen])
    tiles = [("as it is", *given[:2])]
    for operation in COPIES:
        image, boxes, _, _ = augment_image(*given, [operation], 5)
        tiles.append((operation, image, boxes))
    drawn = [tile(*one) for one in tiles]
    rows = [np.hstack(drawn[k : k + 2]) for k in range(0, len(drawn), 2)]
    cv2.imwrite(str(IMAGES / "02-augment.jpg"), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 80])


def tile(name: str, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the middle of a picture with its boxes and its name."""
    image = image.copy()
    for x1, y1, x2, y2 in boxes.round().astype(int).tolist():
        cv2.rectangle(image, (x1, y1), (x2, y2), (60, 220, 255), 1, cv2.LINE_AA)
    image = image[160:440, 250:670].copy()
    cv2.rectangle(image, (0, 0), (150, 26), (30, 30, 30), -1)
    cv2.putText(image, name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def draw_curve() -> None:
    """Draw errors over labels, for one and for five frames of each match."""
    learned = run_page("02-data.md")["learned"]
    mpl.rcParams["svg.hashsalt"] = "course"
    figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for frames, color in ((5, "#d1495b"), (1, "#1b6ca8")):
        counts = (1, 2, 4, 8, 11)
        labels, wrong = np.array([learned(matches, frames) for matches in counts]).T
        axes.plot(labels, 100 * wrong, "o-", color=color, label=f"{frames} frame{'s' * (frames > 1)} of each match")
        for count, x, y in zip(counts, labels, wrong, strict=True):
            axes.annotate(f"{count}", (x, 100 * y), textcoords="offset points", xytext=(5, 5), fontsize=8, color=color)
    axes.set(xscale="log", xlabel="labels (small numbers: matches)", ylabel="% wrong on other matches", ylim=(0, None))
    axes.set_xticks([30, 100, 300, 1000], ["30", "100", "300", "1000"])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "02-curve.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw_copies()
    draw_curve()
