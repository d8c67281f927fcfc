"""The figure of chapter 4: a filtered path with a gap.

python docs/course/figures/figure_04_gap.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

TARGET = Path(__file__).resolve().parents[2] / "images" / "course" / "04-gap.svg"
STEP = np.array([[1.0, 1.0], [0.0, 1.0]])


def main() -> None:
    """Draw it."""
    mpl.rcParams["svg.hashsalt"] = "course"
    rng = np.random.default_rng(4)
    frames = np.arange(40)
    true = 100 + 6 * frames + 0.06 * frames**2
    found = true + rng.normal(0, 3, len(frames))
    hidden = (frames >= 18) & (frames < 30)
    x, P = np.array([found[0], 0.0]), np.diag([9.0, 100.0])
    place, wide = [x[0]], [3.0]
    for frame in frames[1:]:
        x, P = STEP @ x, STEP @ P @ STEP.T + 0.3 * np.eye(2)
        if not hidden[frame]:
            s = P[0, 0] + 9
            gain = P[:, 0] / s
            x, P = x + gain * (found[frame] - x[0]), P - np.outer(gain, gain) * s
        place.append(x[0])
        wide.append(P[0, 0] ** 0.5)
    middle, half = np.array(place), 2 * np.array(wide)
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    axes.fill_between(frames, middle - half, middle + half, color="#9cc7e8", label="two standard deviations", lw=0)
    axes.plot(frames, middle, color="#1b6ca8", label="filter")
    axes.plot(frames, true, "--", color="#444444", lw=1, label="truth")
    axes.plot(frames[~hidden], found[~hidden], "o", color="#d1495b", ms=3.5, label="detections")
    axes.axvspan(17.5, 29.5, color="#000000", alpha=0.05, lw=0)
    axes.text(23.5, 120, "hidden", ha="center", color="#555555")
    axes.set(xlabel="frame", ylabel="x in pixels")
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(TARGET, metadata={"Date": None})


if __name__ == "__main__":
    main()
