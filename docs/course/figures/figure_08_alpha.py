"""The figure of chapter 8: HOTA and identity switches against the weight of motion.

python docs/course/figures/figure_08_alpha.py
"""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
from run_page import IMAGES, run_page

LOOKS = {"good": "#2a9d55", "fair": "#1b6ca8", "bad": "#d1495b"}


def main() -> None:
    """Draw it."""
    names = run_page("08-appearance.md", before="## What a track remembers")
    mpl.rcParams["svg.hashsalt"] = "course"
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for ax, column, label in zip(axes, (0, 1), ("HOTA", "identity switches"), strict=True):
        for name, colour in LOOKS.items():
            ax.plot(names["ALPHAS"], names["curves"][name][:, column], "o-", color=colour, label=f"{name} looks", ms=4)
        ax.set(xlabel="α: 0 looks alone, 1 motion alone", ylabel=label)
        ax.spines[["top", "right"]].set_visible(False)
    axes[1].set_yscale("log")
    axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(IMAGES / "08-alpha.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
