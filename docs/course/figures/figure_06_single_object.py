"""The figures of chapter 6: what MOSSE computes, and three challenges with the boxes of two trackers.

python docs/course/figures/figure_06_single_object.py
"""

from __future__ import annotations

from typing import Any

import cv2
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from run_page import IMAGES, run_page

SHOWN = {"occlusion": (14, 20, 29), "scale": (5, 20, 38), "light": (11, 20, 38)}
LINES = {"truth": "#ffffff", "CSRT": "#ff7a00", "ours": "#3ad2ff"}
WIDTHS = {"truth": 1.2, "CSRT": 2.6, "ours": 1.2}


def main() -> None:
    """Draw both."""
    names = run_page("06-single-object.md", before="## Siamese")
    mpl.rcParams["font.size"] = 8
    draw_mosse(names)
    draw_challenges(names)


def draw_mosse(names: dict[str, Any]) -> None:
    """Draw patch, bump, filter and answer side by side."""
    frames, boxes = names["frames"], names["boxes"]
    mosse = names["Mosse"](frames[0], boxes[0])
    patch = np.fft.ifft2(mosse.look(frames[0])).real
    for image in frames[1:12]:
        mosse.update(image)
    kernel = np.fft.fftshift(np.fft.ifft2(mosse.A / (mosse.B + 0.01)).real)
    pictures = {
        "patch, faded at its edges": patch,
        "wanted: a bump": np.fft.ifft2(mosse.G).real,
        "the filter after 12 frames": kernel[::-1, ::-1],
        "its answer in frame 11": mosse.answer,
    }
    figure, axes = plt.subplots(1, 4, figsize=(8, 2.3), layout="constrained")
    for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
        ax.imshow(picture, cmap="gray")
        ax.set_title(title)
        ax.axis("off")
    figure.savefig(IMAGES / "06-mosse.png", dpi=90, metadata={"Software": None})


def draw_challenges(names: dict[str, Any]) -> None:
    """Draw three frames of each challenge with boxes."""
    figure, axes = plt.subplots(3, 3, figsize=(8, 5.4), layout="constrained")
    for row, (challenge, shown) in zip(axes, SHOWN.items(), strict=True):
        images, true = names["CHALLENGES"][challenge]
        for ax, frame in zip(row, shown, strict=True):
            centre = (names["boxes"][frame, :2] + names["boxes"][frame, 2:]) / 2
            x, y = (int(np.clip(c - h, 0, m - 2 * h)) for c, h, m in zip(centre, (120, 75), (640, 360), strict=True))
            ax.imshow(cv2.cvtColor(images[frame], cv2.COLOR_BGR2RGB)[y : y + 150, x : x + 240])
            for who, colour in LINES.items():
                box = true[frame] if who == "truth" else names["tracked"][challenge][who][frame]
                if np.isfinite(box).all():
                    guess = who == "ours" and names["states"][challenge][frame] == "o"
                    at, size = (box[0] - x, box[1] - y), box[2:] - box[:2]
                    style = {"ec": colour, "fc": "none", "lw": WIDTHS[who], "ls": "--" if guess else "-"}
                    ax.add_patch(plt.Rectangle(at, size[0], size[1], **style))
            ax.set(xlim=(0, 239), ylim=(149, 0), xticks=[], yticks=[])
            ax.set_title(f"{challenge}, frame {frame}")
    label = "white: truth    orange: CSRT alone    blue: ours, dashed where it is a guess"
    figure.supxlabel(label, fontsize=9)
    target = IMAGES / "06-challenges.png"
    figure.savefig(target, dpi=80, metadata={"Software": None})
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(160, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


if __name__ == "__main__":
    main()
